//! Creates that are wrong, in their body or in their place (RFC 7644 §3.12): refused, and nothing
//! made.

use serde_json::json;

use crate::checks::check::*;
use crate::checks::steps::*;
use crate::scim;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    should(
        "create-required-missing",
        Rfc7644("3.12"),
        "a create that lacks what is required is answered 400 invalidValue",
        Probe(
            |its| vec![create_user(&without(its.new_user(0), &["userName"]))],
            |said| expect_error(400, &["invalidValue"], &said[0]),
        ),
    )
    .on(Setting::Nothing),
    implied(
        "create-schemas-missing",
        Rfc7643("3"),
        "a body without schemas is refused, or taken with good will",
        Probe(
            |its| vec![create_user(&without(its.new_user(0), &["schemas"]))],
            |said| refused_or_taken(&said[0]),
        ),
    )
    .on(Setting::Nothing),
    implied(
        "create-schemas-empty",
        Rfc7643("3"),
        "a body with empty schemas is refused, or taken with good will",
        Probe(
            |its| vec![create_user(&user_with(its, &json!({"schemas": []})))],
            |said| refused_or_taken(&said[0]),
        ),
    )
    .on(Setting::Nothing),
    should(
        "create-malformed-json",
        Rfc7644("3.12"),
        "a body that is no JSON is answered 400 invalidSyntax",
        Probe(
            |_| vec![raw("{\"userName\":")],
            |said| expect_error(400, &["invalidSyntax"], &said[0]),
        ),
    )
    .on(Setting::Nothing),
    should(
        "create-empty-body",
        Rfc7644("3.12"),
        "a create without a body is refused",
        Probe(|_| vec![raw("")], |said| expect_status(400, &said[0])),
    )
    .on(Setting::Nothing),
    should(
        "create-json-not-object",
        Rfc7644("3.12"),
        "a body that is JSON and no object is refused",
        Probe(
            |_| vec![raw("[]"), raw("\"x\""), raw("null")],
            |said| worst(said.exchanges.iter().map(|seen| expect_status(400, seen))),
        ),
    )
    .on(Setting::Nothing),
    should(
        "create-unknown-endpoint",
        Rfc7644("3.12"),
        "a POST to an endpoint that is none is answered 404",
        Probe(
            // An empty object at an endpoint named like nobody's id: no tenant makes anything of it.
            |its| vec![Request::post(format!("/{}", its.absent), &json!({}))],
            |said| match said[0].status() {
                400..=499 | 501 if said[0].status() != 404 => {
                    Verdict::Remark(format!("answered {} instead of 404", said[0].told()))
                }
                _ => expect_status(404, &said[0]),
            },
        ),
    )
    .on(Setting::Nothing),
    implied(
        "create-on-resource-url",
        Rfc7644("3.2"),
        "a POST to the URL of a user creates nothing",
        Probe(
            // The body is the user's own, so that who obeys has to refuse a second userName.
            |its| {
                let user = its.user();
                let name = equals("userName", user.text("userName"));
                vec![Request::post(user.path(), &user.sent), query(&name)]
            },
            |said| {
                let refused = match said[0].status() {
                    404 | 405 | 501 => Verdict::Pass,
                    400..=499 => Verdict::Remark(format!("answered {}", said[0].told())),
                    _ => fail("status 404, 405 or 501", said[0].told()),
                };
                all_of([refused, expect_hit(&said.its.user().id, &said[1])])
            },
        ),
    )
    .needs(&[Filter]),
];

fn raw(body: &'static str) -> Request {
    Request::new(http::Method::POST, "/Users").raw(scim::MEDIA_TYPE, body)
}

fn refused_or_taken(seen: &Exchange) -> Verdict {
    match seen.status() {
        400 => expect_error(400, &["invalidSyntax", "invalidValue"], seen),
        200..=299 => Verdict::Remark("taken all the same".to_owned()),
        _ => fail("status 400", seen.told()),
    }
}

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
        let refused = || error(400, "invalidSyntax");
        let fault = || error(500, "");
        vec![
            canary("create-required-missing", [error(400, "invalidValue")], [made()]),
            canary("create-schemas-missing", [refused()], [fault()]),
            canary("create-schemas-empty", [refused()], [fault()]),
            canary("create-malformed-json", [refused()], [fault()]),
            canary("create-empty-body", [refused()], [fault()]),
            canary("create-json-not-object", [refused()], [refused(), fault()]),
            canary("create-unknown-endpoint", [error(404, "")], [made()]),
            canary("create-on-resource-url", [error(405, ""), of([0])], [made(), of([0, 1])]),
        ]
    }
}
