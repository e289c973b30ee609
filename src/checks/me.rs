//! `/Me`, the alias of who is asking (RFC 7644 §3.11). A service token mostly is nobody.

use serde_json::Value;

use super::check::*;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    should(
        "me-unsupported-501",
        Rfc7644("3.11"),
        "/Me is answered 501 where it is not supported",
        Probe(me, |said| match said[0].status() {
            200 | 308 | 501 => Verdict::Pass,
            ..=499 => Verdict::Remark(format!("/Me is answered {}", said[0].told())),
            _ => fail("status 200, 308 or 501", said[0].told()),
        }),
    )
    .on(Setting::Nothing),
    may(
        "me-redirect",
        Rfc7644("3.11"),
        "/Me redirects with 308 to where the resource is",
        Probe(me, |said| match said[0].status() {
            308 => require(said[0].header("location").is_some(), "a Location", "none"),
            300..=399 => fail("status 308", said[0].told()),
            _ => Verdict::NotApplicable,
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Me]),
    must(
        "me-direct-location",
        Rfc7644("3.11"),
        "an answer of /Me says in Location where the resource is",
        Probe(me, |said| {
            if said[0].status() != 200 {
                return Verdict::NotApplicable;
            }
            let named = said[0].at("/meta/location");
            let location = said[0].header("location").map(str::to_owned).map(Value::String);
            expect(
                "Location",
                shown(&named.unwrap_or_default()),
                shown(&location.unwrap_or_default()),
            )
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Me]),
    implied(
        "me-same-as-resource",
        Rfc7644("3.11"),
        "/Me shows what the resource itself shows",
        Dialogue(
            |_, said| match said {
                [] => Some(Request::get("/Me")),
                [direct] => Some(Request::get(format!("/Users/{}", encoded(&direct.id()?)))),
                _ => None,
            },
            |said| match said.exchanges.get(1) {
                Some(own) => expect_unchanged(&said[0], own),
                None => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Me]),
    implied(
        "me-projection",
        Rfc7644("3.9"),
        "/Me can be asked for single attributes",
        Probe(
            |_| vec![Request::get("/Me?attributes=userName")],
            |said| match said[0].status() {
                200 => {
                    let more = said[0].at("/emails").or(said[0].at("/name"));
                    require(more.is_none(), "userName alone", "more than that")
                }
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Me]),
    may(
        "me-write",
        Rfc7644("3.11"),
        "a change through /Me changes the resource",
        Probe(me, |said| expect_success(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[Me, OperatorGives("an account of its own that may be changed")])
    .risk(Risk::TenantData),
];

fn me(_: &Fixture) -> Vec<Request> {
    vec![Request::get("/Me")]
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn located(mut answer: Answer, location: &'static str) -> Answer {
        answer.headers.insert("location", location.parse().unwrap());
        answer
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let own = "https://example.com/scim/Users/7";
        let user = |name: &str| {
            answer(200, &json!({"id": "7", "userName": name, "meta": {"location": own}}))
        };
        let full = answer(200, &json!({"userName": "a", "emails": [{"value": "a"}]}));
        vec![
            canary("me-unsupported-501", [error(501, "")], [error(500, "")]),
            canary("me-redirect", [located(empty(308), own)], [located(empty(302), own)]),
            canary(
                "me-direct-location",
                [located(user("a"), own)],
                [located(user("a"), "https://example.com/scim/Me")],
            ),
            canary("me-same-as-resource", [user("a")], [user("a"), user("b")]),
            canary("me-projection", [user("a")], [full]),
            canary("me-write", [user("a")], [error(403, "")]),
        ]
    }
}
