//! The password: set, never shown, and found out by no filter (RFC 7643 §4.1.1 and §7).

use serde_json::json;

use crate::checks::check::*;
use crate::checks::steps::*;

const PASSWORD: &str = "Tr0ub4dor&3-correct-horse";
const SECOND: &str = "n3w-Battery-staple-77";
const NEEDS: &[Capability] = &[Attribute("password")];

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "user-password-hidden",
        Rfc7643("7"),
        "no answer to anything shows a password, also when it is asked for by name",
        Dialogue(
            |its, said| match said {
                [] => Some(create_user(&user_with(its, &json!({"password": PASSWORD})))),
                [made] => by_id("/Users", made),
                [_, read] => {
                    Some(Request::get(format!("{}?attributes=password", read.request.target)))
                }
                [_, read, _] => {
                    let change = [op("replace", "password", SECOND)];
                    let body = crate::scim::message::patch_body(&change);
                    Some(Request::patch(read.request.target.clone(), &body))
                }
                [_, _, _, _] => {
                    let found = find("/Users", &equals("userName", &its.user_name(0)));
                    Some(Request::get(format!("{}&attributes=password", found.target)))
                }
                _ => None,
            },
            |said| {
                worst(said.exchanges.iter().map(|seen| {
                    let text = String::from_utf8_lossy(seen.bytes());
                    let shows = text.contains(PASSWORD) || text.contains(SECOND);
                    let has = text.contains("\"password\":") && !text.contains("\"password\":null");
                    require(!shows && !has, "no password", format!("a password in {}", seen.told()))
                }))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "user-password-excluded-effects",
        Rfc7643("4.1.1"),
        "a new password shows in nothing but meta",
        Probe(
            |its| {
                let change = op("replace", "password", SECOND);
                vec![get(its.user()), patch(its.user(), [change]), get(its.user())]
            },
            |said| only_if(said[1].is_success(), || expect_unchanged(&said[0], &said[2])),
        ),
    )
    .needs(&[Patch, Attribute("password")]),
    may(
        "user-password-policy",
        Rfc7643("4.1.1"),
        "a weak password is taken or refused with a SCIM error",
        Probe(
            |its| vec![create_user(&user_with(its, &json!({"password": "a"})))],
            |said| match said[0].status() {
                400 => require(said[0].scim_error().is_some(), "a SCIM error", said[0].told()),
                _ => expect_created(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    may(
        "user-password-filter-eq",
        Rfc7643("4.1.1"),
        "a filter on password is answered or refused, not stumbled over",
        Probe(
            |_| vec![find("/Users", &equals("password", PASSWORD))],
            |said| expect_no_fault(&said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter, Attribute("password")]),
    must(
        "user-password-filter-partial",
        Rfc7643("4.1.1"),
        "no filter on a part of the password tells a right guess from a wrong one",
        Dialogue(
            |its, said| {
                let guess = |text: &str, operator: &str| {
                    let own = equals("userName", &its.user_name(0));
                    find("/Users", &format!("{own} and password {operator} {}", json!(text)))
                };
                match said {
                    [] => Some(create_user(&user_with(its, &json!({"password": PASSWORD})))),
                    [made] if !made.is_success() => None,
                    [_] => Some(guess("Tr0ub", "sw")),
                    [_, _] => Some(guess("zzzzz", "sw")),
                    [_, _, _] => Some(guess("correct", "co")),
                    [_, _, _, _] => Some(guess("zzzzz", "co")),
                    _ => None,
                }
            },
            |said| {
                let hits = |place: usize| {
                    let list = said.exchanges.get(place)?.list().ok()?;
                    (list.total_results < 2).then_some(list.total_results)
                };
                worst([(1, 2), (3, 4)].map(|(right, wrong)| match (hits(right), hits(wrong)) {
                    (Some(right), Some(wrong)) => expect("hits of a right guess:", wrong, right),
                    _ => Verdict::Pass,
                }))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter, Attribute("password")]),
    should(
        "sec-sensitive-filter",
        Rfc7644("7.5.2"),
        "a password in a GET's filter is refused with 403 or 400, or answered",
        Probe(
            |_| vec![find("/Users", &equals("password", PASSWORD))],
            |said| expect_one_of(&[200, 400, 403], &said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    should(
        "sec-password-get-uri",
        Rfc7644("7.5.2"),
        "a password in a URL is refused",
        Probe(
            |_| vec![find("/Users", &equals("password", PASSWORD))],
            |said| match said[0].status() {
                200 => Verdict::Remark("a password in a URL is answered with a list".to_owned()),
                _ => expect_one_of(&[400, 403], &said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter, Attribute("password")]),
];

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::*;
    use crate::checks::canary::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let right = || alice(200, &json!({}));
        let refused = || error(403, "sensitive");
        let hit = || list(&[json!({"id": "user-0"})]);
        vec![
            canary(
                "user-password-hidden",
                [made(), right()],
                [made(), alice(200, &json!({"password": "$2b$10$hash"}))],
            ),
            canary(
                "user-password-excluded-effects",
                [right(), empty(204), right()],
                [right(), empty(204), alice(200, &json!({"title": "Changed"}))],
            ),
            canary("user-password-policy", [error(400, "invalidValue")], [error(500, "")]),
            canary("user-password-filter-eq", [refused()], [error(500, "")]),
            canary("user-password-filter-partial", [made(), list(&[])], [made(), hit(), list(&[])]),
            canary("sec-sensitive-filter", [refused()], [error(500, "")]),
            canary("sec-password-get-uri", [refused()], [error(500, "")]),
        ]
    }
}
