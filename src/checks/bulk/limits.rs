//! Where a bulk request ends: its limits (RFC 7644 §3.7.4), its form, and where its paths may lead.
//!
//! Nothing here names a resource that is not the run's own: what must be refused is asked of an id
//! that nobody has.

use serde_json::json;

use super::*;

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "bulk-maxoperations",
        Rfc7644("3.7.4"),
        "more operations than maxOperations are answered 413, and the limit is named",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/ServiceProviderConfig")),
                [config] => {
                    let most = limit(config, "maxOperations").filter(|it| *it <= ASKED_MAX)?;
                    fitting(config, job(vec![bad(its); most + 1]))
                }
                _ => None,
            },
            |said| too_large(said, "maxOperations"),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Bulk, Config])
    .risk(Risk::Heavy),
    must(
        "bulk-maxpayload",
        Rfc7644("3.7.4"),
        "more bytes than maxPayloadSize are answered 413, and the limit is named",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/ServiceProviderConfig")),
                [config] => {
                    let most = limit(config, "maxPayloadSize").filter(|it| *it <= PADDED_MAX)?;
                    let mut operation = bad(its);
                    operation["data"] = json!({"displayName": "x".repeat(most)});
                    Some(job([operation]))
                }
                _ => None,
            },
            |said| too_large(said, "maxPayloadSize"),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Bulk, Config])
    .risk(Risk::Heavy),
    implied(
        "bulk-at-limit",
        Rfc7644("3.7.4"),
        "as many operations as maxOperations are taken",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/ServiceProviderConfig")),
                [config] => {
                    let most = limit(config, "maxOperations").filter(|it| *it <= TAKEN_MAX)?;
                    fitting(config, job(vec![bad(its); most]))
                }
                _ => None,
            },
            |said| match said.exchanges.get(1) {
                Some(seen) => judge_results(seen, |response| {
                    expect("results:", operations(seen).len(), response.results.len())
                }),
                None => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Bulk, Config])
    .risk(Risk::Heavy),
    implied(
        "bulk-schemas-required",
        Rfc7644("3.7"),
        "a bulk request must name its URN",
        Probe(
            |its| {
                let mut body = bulk_body(&[bad(its)]);
                body["schemas"] = json!([crate::scim::PATCH_OP]);
                vec![bulk(&body)]
            },
            |said| match said[0].status() {
                200..=299 => Verdict::Remark("another URN is taken".to_owned()),
                _ => expect_refused(&[], &said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "bulk-empty",
        Rfc7644("3.7"),
        "a bulk request without operations is refused, or answered without results",
        Probe(
            |_| vec![job([]), bulk(&json!({"schemas": [crate::scim::BULK_REQUEST]}))],
            |said| {
                worst(said.exchanges.iter().map(|seen| match seen.status() {
                    200 => judge_results(seen, |response| {
                        require(response.results.is_empty(), "no results", "results")
                    }),
                    _ => expect_refused(&[], seen),
                }))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "bulk-method-invalid",
        Rfc7644("3.7"),
        "an operation with a method other than POST, PUT, PATCH and DELETE is refused",
        Probe(
            |its| vec![job([json!({"method": "GET", "path": its.user().path()})])],
            |said| expect_refusal(&[400], &said[0], 0),
        ),
    )
    .needs(NEEDS),
    implied(
        "bulk-path-invalid",
        Rfc7644("3.7"),
        "a path that the method does not go with, or that leads nowhere, is refused",
        Probe(
            |its| {
                let nowhere = format!("/Nowhere/{}", its.absent);
                vec![job([
                    post(&its.user().path(), "user-1", &its.new_user(1)),
                    json!({"method": "DELETE", "path": nowhere}),
                ])]
            },
            |said| {
                let refused = |place| expect_refusal(&[400, 404, 405], &said[0], place);
                all_of([refused(0), refused(1)])
            },
        ),
    )
    .needs(NEEDS),
    implied(
        "bulk-path-absolute",
        Rfc7644("3.7"),
        "a path that leads to another server is refused",
        Probe(
            |its| {
                let path = format!("https://example.com/Users/{}", its.absent);
                vec![job([json!({"method": "DELETE", "path": path})])]
            },
            |said| expect_refusal(&[400], &said[0], 0),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "bulk-nested",
        Rfc7644("3.7"),
        "a bulk request inside a bulk request is refused",
        Probe(
            |its| vec![job([post("/Bulk", "inner", &bulk_body(&[bad(its)]))])],
            |said| expect_refusal(&[400, 403, 404, 405], &said[0], 0),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
];

/// So many operations are sent to find the limit, and so many to find that they are taken.
const ASKED_MAX: usize = 10_000;
const TAKEN_MAX: usize = 1_000;
/// So many bytes are sent to find the limit.
const PADDED_MAX: usize = 16 * 1024 * 1024;

/// A limit of bulk requests that the configuration names.
fn limit(config: &Exchange, name: &str) -> Option<usize> {
    let limit = config.at(&format!("/bulk/{name}"))?.as_u64()?;
    usize::try_from(limit).ok().filter(|limit| *limit > 0)
}

/// The request, where the tenant's limit of bytes leaves room for it.
fn fitting(config: &Exchange, request: Request) -> Option<Request> {
    let most = limit(config, "maxPayloadSize").unwrap_or(usize::MAX);
    let length = request.body.as_ref().map_or(0, |body| body.len());
    (length <= most).then_some(request)
}

/// 413, with the limit in the error's words. Another refusal is worth a remark.
fn too_large(said: &Said, name: &str) -> Verdict {
    let Some(seen) = said.exchanges.get(1) else { return Verdict::NotApplicable };
    let most = limit(&said[0], name).unwrap_or_default().to_string();
    let detail = seen.scim_error().and_then(|error| error.detail).unwrap_or_default();
    match seen.status() {
        413 if detail.contains(&most) => Verdict::Pass,
        413 => Verdict::Remark(format!("413 does not name the limit, {most}")),
        400..=499 => Verdict::Remark(format!("refused: {}", seen.told())),
        _ => fail("status 413", seen.told()),
    }
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::super::super::canary::*;
    use super::super::tests::*;
    use super::*;
    use crate::exchange::Answer;
    use crate::scim;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn config() -> Answer {
        let bulk = json!({"supported": true, "maxOperations": 2, "maxPayloadSize": 600});
        answer(200, &json!({"bulk": bulk}))
    }

    fn naming(limit: &str) -> Answer {
        let detail = format!("{limit} at most");
        answer(413, &json!({"schemas": [scim::ERROR], "status": "413", "detail": detail}))
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let (two, three) = (vec![not_found(); 2], vec![not_found(); 3]);
        let user = || done("GET", "/Users/user-0", 200);
        let nowhere = || failed("DELETE", &format!("/Nowhere/{}", its().absent), 404);
        let elsewhere = |status: u16| {
            let location = format!("https://example.com/Users/{}", its().absent);
            json!({"method": "DELETE", "location": location, "status": status.to_string()})
        };
        let inner = || json!({"method": "POST", "bulkId": "inner", "status": "200"});
        vec![
            canary(
                "bulk-maxoperations",
                [config(), naming("2")],
                [config(), bulk_response(&three)],
            ),
            canary(
                "bulk-maxpayload",
                [config(), naming("600")],
                [config(), bulk_response(&two[..1])],
            ),
            canary("bulk-at-limit", [config(), bulk_response(&two)], [config(), naming("2")]),
            canary("bulk-schemas-required", [error(400, "invalidSyntax")], [error(500, "")]),
            canary(
                "bulk-empty",
                [bulk_response(&[]), error(400, "invalidSyntax")],
                [error(500, "")],
            ),
            canary("bulk-method-invalid", [error(400, "invalidValue")], [bulk_response(&[user()])]),
            canary(
                "bulk-path-invalid",
                [bulk_response(&[refused("user-1", 405), nowhere()])],
                [bulk_response(&[made("user-1", "/Users/1"), nowhere()])],
            ),
            canary(
                "bulk-path-absolute",
                [bulk_response(&[elsewhere(400)])],
                [bulk_response(&[elsewhere(204)])],
            ),
            canary(
                "bulk-nested",
                [bulk_response(&[refused("inner", 400)])],
                [bulk_response(&[inner()])],
            ),
        ]
    }

    #[test]
    fn a_limit_that_is_not_named_is_a_remark() {
        let check = crate::checks::find("bulk-maxoperations").unwrap();
        let verdict = judged(check, &Evidence::Answers(vec![config(), naming("many")]));
        assert!(matches!(verdict, Verdict::Remark(_)), "{verdict:?}");
    }
}
