//! What the service as a whole owes: who is let in, and what it bears.
//!
//! The heavy rows run only when asked for. Rows that need something scimrig has no way to get say
//! so in their needs and are skipped by name, never passed.

use super::check::*;
use crate::exchange::Credential;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "tls-cipher-floor",
        Entra("Develop a SCIM endpoint, TLS protocol versions and cipher suites"),
        "an ECDHE suite with AES-GCM is accepted",
        Probe(
            |its| vec![find("/Users", &equals("userName", &its.absent))],
            |said| expect_status(200, &said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Tls, OperatorGives("one handshake a cipher suite: use a TLS scanner")]),
    must(
        "entra-oauth-client-credentials",
        Entra("gallery validator, Validate_Credentials_Test"),
        "a token of the client credentials grant is issued and taken",
        Probe(
            |_| vec![Request::get("/Users?startIndex=1&count=1")],
            |said| expect_status(200, &said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[OperatorGives("a token endpoint with client credentials")]),
    should(
        "auth-missing-401",
        Rfc7644("2"),
        "a request without credentials is turned down with 401",
        Probe(
            |its| {
                let request = find("/Users", &equals("userName", &its.absent));
                vec![request.credential(Credential::None)]
            },
            |said| turned_down(&said[0]),
        ),
    )
    .on(Setting::Nothing),
    must(
        "entra-bad-token-401",
        Entra("Test Connection with a wrong Secret Token"),
        "a request with a wrong token is turned down",
        Probe(
            |its| {
                let request = find("/Users", &equals("userName", &its.absent));
                let wrong = format!("Bearer wrong-{}", its.marker);
                vec![request.credential(Credential::Literal(wrong))]
            },
            |said| turned_down(&said[0]),
        ),
    )
    .on(Setting::Nothing),
    must(
        "entra-rate-25rps",
        Entra("gallery requirements: 25 requests a second without throttling"),
        "a second's worth of requests, 25 at the same time, is borne without throttling",
        Race(
            |its| (0..RATE).map(|_| get(its.user())).collect(),
            |its| vec![get(its.user())],
            |said| worst(said.exchanges.iter().map(|seen| expect_status(200, seen))),
        ),
    )
    .risk(Risk::Heavy),
    must(
        "err-429-retry-after",
        Http("RFC 6585 §4"),
        "a tenant that has enough answers 429 with Retry-After",
        Race(
            |its| (0..BURST).map(|_| get(its.user())).collect(),
            |_| Vec::new(),
            |said| {
                let turned_away: Vec<&Exchange> =
                    said.exchanges.iter().filter(|seen| !seen.is_success()).collect();
                if turned_away.is_empty() {
                    return Verdict::NotApplicable;
                }
                worst(turned_away.into_iter().map(|seen| {
                    let after = seen.header("retry-after").is_some();
                    require(
                        seen.status() == 429 && after,
                        "429 with Retry-After",
                        format!(
                            "{}, Retry-After {}",
                            seen.told(),
                            if after { "given" } else { "absent" }
                        ),
                    )
                }))
            },
        ),
    )
    .risk(Risk::Heavy),
];

/// What the gallery asks for, in requests a second.
const RATE: usize = 25;
/// Requests at the same time that make most limiters speak.
const BURST: usize = 200;

fn turned_down(seen: &Exchange) -> Verdict {
    match seen.status() {
        401 => Verdict::Pass,
        403 => Verdict::Remark("answers 403 where RFC 7644 §2 names 401".to_owned()),
        _ => fail("status 401", seen.told()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let user = || answer(200, &json!({"id": "user-0"}));
        let mut slow_down = error(429, "");
        slow_down.headers.insert("retry-after", "1".parse().unwrap());
        vec![
            canary("tls-cipher-floor", [list(&[])], [error(500, "")]),
            canary("entra-oauth-client-credentials", [list(&[])], [error(401, "")]),
            canary("auth-missing-401", [error(401, "")], [list(&[])]),
            canary("entra-bad-token-401", [error(401, "")], [list(&[])]),
            canary("entra-rate-25rps", [user()], [user(), user(), error(429, "")]),
            canary("err-429-retry-after", [user(), slow_down], [user(), error(503, "")]),
        ]
    }
}
