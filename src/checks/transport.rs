//! Who is let in, and over what: TLS, and what is said to those who bring no good token.
//!
//! TLS itself is the HTTP client's: a handshake that does not come about ends a run before any
//! check, and handshakes bent on purpose are a scanner's business.

use serde_json::json;

use super::check::*;
use crate::exchange::Credential;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "tls-required",
        Rfc7644("7.2"),
        "nothing is served without TLS",
        Probe(a_look_up, |said| expect_one_of(&[301, 302, 307, 308, 400, 403, 404], &said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[Tls, OperatorGives("a request over plain http to the same host: try it with curl")]),
    must(
        "tls-1-2-supported",
        Rfc7644("7.2"),
        "TLS 1.2 can be negotiated",
        Probe(a_look_up, |said| expect_status(200, &said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[Tls, OperatorGives("a handshake that offers TLS 1.2 alone: use a TLS scanner")]),
    should(
        "tls-legacy-refused",
        Rfc7644("7.2"),
        "TLS 1.1 and what came before it are not negotiated",
        Probe(a_look_up, |said| require(!said[0].is_success(), "no answer", said[0].told())),
    )
    .on(Setting::Nothing)
    .needs(&[Tls, OperatorGives("handshakes that offer old versions alone: use a TLS scanner")]),
    should(
        "auth-invalid-401",
        Rfc7644("3.12"),
        "a token that cannot be right is answered 401",
        Probe(
            |its| {
                let wrong = |value: String| {
                    find("/Users", &equals("userName", &its.absent))
                        .credential(Credential::Literal(value))
                };
                vec![
                    wrong(format!("Bearer {}", its.absent)),
                    wrong("Bearer".to_owned()),
                    wrong(format!("Harness {}", its.marker)),
                ]
            },
            |said| {
                // A malformed credential may as well be called a bad request (RFC 6750 §3.1).
                let malformed = |seen: &Exchange| match seen.status() {
                    400 => Verdict::Remark("a malformed credential is answered 400".to_owned()),
                    _ => turned_down(seen),
                };
                all_of([turned_down(&said[0]), malformed(&said[1]), malformed(&said[2])])
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "auth-expired-401",
        Rfc7644("7.4"),
        "a token that has expired is answered 401",
        Probe(a_look_up, |said| expect_status(401, &said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[OperatorGives("a token that has expired")]),
    must(
        "auth-401-error-body",
        Rfc7644("3.12"),
        "a 401 has a SCIM error in its body",
        Probe(anonymous, |said| match said[0].status() {
            401 => {
                let status = said[0].scim_error().map_or("none".to_owned(), |error| error.status);
                expect("an error body with status", "401", status)
            }
            _ => Verdict::NotApplicable,
        }),
    )
    .on(Setting::Nothing),
    must(
        "auth-scheme-name-case",
        Http("RFC 9110 §11.1"),
        "the scheme of a credential may be written `bearer`",
        Probe(
            |its| a_look_up(its).into_iter().map(|it| it.credential(LOWER_CASE)).collect(),
            |said| unless_declined(&said[0], expect_status(200, &said[0])),
        ),
    )
    .on(Setting::Nothing),
    implied(
        "auth-token-in-query-refused",
        Rfc7644("7.5.2"),
        "something named access_token in the query lets nobody in",
        Probe(
            |its| {
                let target = format!("/Users?access_token={}&count=1", its.marker);
                vec![Request::get(target).credential(Credential::None)]
            },
            |said| match said[0].status() {
                401 => Verdict::Pass,
                400..=499 => Verdict::Remark(format!("answered {}", said[0].told())),
                _ => fail("status 401", said[0].told()),
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "auth-write-protected",
        Rfc7644("2"),
        "nobody without credentials creates a user",
        Probe(
            |its| {
                let create = create_user(&its.new_user(0)).credential(Credential::None);
                vec![create, find("/Users", &equals("userName", &its.user_name(0)))]
            },
            |said| {
                let made = said[1].list().is_ok_and(|list| list.total_results == 1);
                if made || said[0].is_success() {
                    return fail("nothing created", said[0].told());
                }
                turned_down(&said[0])
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User]),
    should(
        "auth-403-insufficient",
        Rfc7644("3.12"),
        "a token without the right to write is answered 403",
        Probe(
            |its| vec![create_user(&its.new_user(0))],
            |said| match said[0].status() {
                404 => Verdict::Remark("answers 404 where RFC 7644 §3.12 names 403".to_owned()),
                _ => expect_status(403, &said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[OperatorGives("a second token, without the right to write")]),
    should(
        "auth-discovery-public",
        Rfc7643("5"),
        "the authentication schemes can be read before one has authenticated",
        Probe(
            |_| vec![Request::get("/ServiceProviderConfig").credential(Credential::None)],
            |said| match said[0].status() {
                200 => A01.read_as("open", said[0].told()),
                401 | 403 => A01.read_as("closed", "/ServiceProviderConfig needs credentials"),
                _ => fail("status 200", said[0].told()),
            },
        ),
    )
    .reads(&[A01])
    .on(Setting::Nothing)
    .needs(&[Config]),
    implied(
        "auth-tenant-isolation",
        Rfc7644("6"),
        "another tenant's token reaches none of this tenant's users",
        Probe(
            |its| {
                let operation = op("replace", "displayName", "A stranger");
                vec![get(its.user()), patch(its.user(), [operation]), delete(its.user())]
            },
            |said| worst(said.exchanges.iter().map(|seen| expect_one_of(&[403, 404], seen))),
        ),
    )
    .needs(&[OTHER_TENANT]),
    implied(
        "auth-tenant-uniqueness-scope",
        Rfc7644("6.2"),
        "a userName that another tenant has is free in this one",
        Probe(|its| vec![create_user(&json!(its.new_user(0)))], |said| expect_created(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[OTHER_TENANT]),
];

const OTHER_TENANT: Capability = OperatorGives("a second token, of another tenant");
const LOWER_CASE: Credential = Credential::LowerCaseScheme;

fn a_look_up(its: &Fixture) -> Vec<Request> {
    vec![find("/Users", &equals("userName", &its.absent))]
}

fn anonymous(its: &Fixture) -> Vec<Request> {
    a_look_up(its).into_iter().map(|it| it.credential(Credential::None)).collect()
}

fn turned_down(seen: &Exchange) -> Verdict {
    match seen.status() {
        401 => Verdict::Pass,
        403 | 404 => Verdict::Remark(format!("answers {} instead of 401", seen.status())),
        _ => fail("status 401", seen.told()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let user = || answer(201, &json!({"id": "user-0"}));
        let no = || error(401, "");
        vec![
            canary("tls-required", [empty(301)], [list(&[])]),
            canary("tls-1-2-supported", [list(&[])], [error(500, "")]),
            canary("tls-legacy-refused", [error(400, "")], [list(&[])]),
            canary("auth-invalid-401", [no(), error(400, ""), no()], [no(), list(&[])]),
            canary("auth-expired-401", [no()], [list(&[])]),
            canary("auth-401-error-body", [no()], [empty(401)]),
            canary("auth-scheme-name-case", [list(&[])], [no()]),
            canary("auth-token-in-query-refused", [no()], [list(&[])]),
            canary("auth-write-protected", [no(), list(&[])], [user(), list(&[])]),
            canary("auth-403-insufficient", [error(403, "")], [user()]),
            canary("auth-discovery-public", [answer(200, &json!({}))], [error(500, "")]),
            canary("auth-tenant-isolation", [error(404, "")], [error(404, ""), empty(200)]),
            canary("auth-tenant-uniqueness-scope", [user()], [error(409, "uniqueness")]),
        ]
    }

    #[test]
    fn a_user_made_behind_a_401_is_found() {
        let check = super::super::find("auth-write-protected").unwrap();
        let made = Evidence::Answers(vec![no_entry(), list(&[json!({"id": "user-0"})])]);
        assert!(matches!(judged(check, &made), Verdict::Fail { .. }));
    }

    fn no_entry() -> crate::exchange::Answer {
        error(401, "")
    }
}
