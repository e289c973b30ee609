//! The envelope of a PATCH: its message, its answers, its order, and that it applies whole or not
//! at all (RFC 7644 §3.5.2).
//!
//! That a message names its schema and its operations is asked of clients; a tenant that takes a
//! message without them earns a remark, and only a crash counts against it.

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::scim;
use crate::scim::message::patch_body;

const SYNTAX: &[&str] = &["invalidSyntax", "invalidValue"];

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "patch-attributes-200",
        Rfc7644("3.5.2"),
        "a PATCH that chooses attributes of its answer is answered 200 with them",
        Probe(
            |its| {
                let mut request = patch(its.user(), [op("replace", "displayName", "Alice Brown")]);
                request.target.push_str("?attributes=userName");
                vec![request]
            },
            |said| {
                let body = said[0].json().unwrap_or_default();
                let chosen = body.get("userName").is_some() && body.get("displayName").is_none();
                let whole = "the answer is not cut down to the chosen attributes".to_owned();
                let cut = if chosen { Verdict::Pass } else { Verdict::Remark(whole) };
                all_of([expect_status(200, &said[0]), cut])
            },
        ),
    )
    .needs(DISPLAY_NAME),
    should(
        "patch-schemas-required",
        Rfc7644("3.5.2"),
        "a PATCH without `schemas` is refused",
        Probe(
            |its| vec![message(its, &json!({"Operations": [lead()]}))],
            |said| refused_or_taken(&said[0]),
        ),
    )
    .needs(TITLE),
    should(
        "patch-wrong-schemas",
        Rfc7644("3.5.2"),
        "a PATCH whose `schemas` names something else is refused",
        Probe(
            |its| {
                let body = json!({"schemas": [scim::USER], "Operations": [lead()]});
                vec![message(its, &body)]
            },
            |said| refused_or_taken(&said[0]),
        ),
    )
    .needs(TITLE),
    should(
        "patch-op-required",
        Rfc7644("3.5.2"),
        "an operation without `op` is refused",
        Probe(
            |its| patched(its, [json!({"path": "title", "value": "Lead"})]),
            |said| refused(said, SYNTAX),
        ),
    )
    .needs(TITLE),
    should(
        "patch-op-unknown",
        Rfc7644("3.5.2"),
        "an `op` other than add, remove and replace is refused",
        Probe(
            |its| {
                let words = ["move", "copy", "test", ""];
                let ask = |word: &&str| patch(its.user(), [op(word, "title", "Lead")]);
                words.iter().map(ask).chain([get(its.user())]).collect()
            },
            |said| refused(said, SYNTAX),
        ),
    )
    .needs(TITLE),
    implied(
        "patch-operations-key-case",
        Rfc7643("2.1"),
        "member names of the message in another case are taken, or refused cleanly",
        Probe(
            |its| {
                let change = json!({"OP": "replace", "Path": "title", "VALUE": "Lead"});
                let body = json!({"schemas": [scim::PATCH_OP], "operations": [change]});
                vec![message(its, &body), get(its.user())]
            },
            |said| match said[0].status() {
                400 => A45.read_as("counts", said[0].told()),
                _ => all_of([
                    applied(said, &[("title", json!("Lead"))]),
                    A45.read_as("ignored", said[0].told()),
                ]),
            },
        ),
    )
    .reads(&[A45])
    .needs(TITLE),
    should(
        "patch-unknown-resource",
        Rfc7644("3.12"),
        "a PATCH of a user that never was answers 404",
        Probe(
            |its| {
                let body = patch_body(&[op("replace", "displayName", "Nobody")]);
                vec![Request::patch(format!("/Users/{}", its.absent), &body)]
            },
            |said| match said[0].status() {
                400 => remark(&said[0]),
                _ => expect_gone(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Patch]),
    must(
        "patch-atomic-late-failure",
        Rfc7644("3.5.2"),
        "nine operations are undone when the tenth fails",
        Probe(
            |its| {
                let mut operations = [(); 10].map(|()| lead());
                operations[3] = op("replace", "displayName", "Alice Brown");
                operations[9] = remove("userName");
                patched(its, operations)
            },
            |said| {
                if said[0].is_success() {
                    return Verdict::NotApplicable;
                }
                expect_all_kept(said)
            },
        ),
    )
    .needs(&[Patch, Attribute("title"), Attribute("displayName")]),
    must(
        "patch-atomic-meta",
        Rfc7644("3.5.2"),
        "a PATCH that fails leaves `meta` and the entity tag as they were",
        Probe(
            |its| {
                let failing = [lead(), op("replace", "id", "mine")];
                vec![get(its.user()), patch(its.user(), failing), get(its.user())]
            },
            |said| {
                if said[1].is_success() || !said[0].is_success() {
                    return Verdict::NotApplicable;
                }
                let (before, after) = (said[0].at("/meta"), said[2].at("/meta"));
                let tag = |seen: &Exchange| seen.header("etag").unwrap_or("absent").to_owned();
                all_of([
                    expect_value("meta", &before.unwrap_or_default(), after.as_ref()),
                    expect("ETag", tag(&said[0]), tag(&said[2])),
                ])
            },
        ),
    )
    .needs(TITLE),
    must(
        "patch-error-body",
        Rfc7644("3.5.2"),
        "a PATCH that fails is answered with an Error message",
        Probe(
            |its| vec![patch(its.user(), [json!({"op": "remove"})])],
            |said| match said[0].status() {
                400..=599 => require(
                    said[0].scim_error().is_some(),
                    "a body with the Error URN and `status`",
                    format!("{} with another body", said[0].status()),
                ),
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .needs(&[Patch]),
    should(
        "patch-malformed",
        Rfc7644("3.12"),
        "a PATCH whose body is no JSON is refused with 400",
        Probe(
            |its| {
                let request = Request::new(Method::PATCH, its.user().path());
                vec![request.raw(scim::MEDIA_TYPE, "{"), get(its.user())]
            },
            |said| refused(said, &["invalidSyntax"]),
        ),
    )
    .needs(TITLE),
    implied(
        "patch-content-type",
        Rfc7644("3.1"),
        "a PATCH is taken as application/scim+json; as application/json it may be",
        Probe(
            |its| {
                let body = patch_body(&[lead()]).to_string();
                let typed = |media_type| {
                    Request::new(Method::PATCH, its.user().path()).raw(media_type, body.clone())
                };
                vec![typed(scim::MEDIA_TYPE), typed("application/json")]
            },
            |said| match said[1].status() {
                200..=299 => expect_success(&said[0]),
                _ => all_of([expect_success(&said[0]), remark(&said[1])]),
            },
        ),
    )
    .needs(TITLE),
    implied(
        "patch-etag-new",
        Rfc7644("3.14"),
        "the answer to a PATCH carries the new entity tag",
        Probe(
            |its| patched(its, [lead()]),
            |said| match (said[0].header("etag"), said[1].header("etag")) {
                (Some(told), Some(held)) if said[0].is_success() => expect("ETag", held, told),
                (None, Some(_)) if said[0].is_success() => {
                    Verdict::Remark("the answer to a PATCH carries no ETag".to_owned())
                }
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .needs(&[Patch, Etag, Attribute("title")]),
    implied(
        "patch-many-ops",
        Rfc7644("3.5.2"),
        "a hundred operations in one PATCH all apply, or none does",
        Probe(
            |its| {
                let operation = |number| {
                    let path = if number % 2 == 0 { "title" } else { "displayName" };
                    op("replace", path, format!("Number {number}"))
                };
                let all: Vec<Value> = (0..100).map(operation).collect();
                vec![message(its, &patch_body(&all)), get(its.user())]
            },
            |said| match said[0].status() {
                400..=499 => expect_all_kept(said),
                _ => applied(
                    said,
                    &[("title", json!("Number 98")), ("displayName", json!("Number 99"))],
                ),
            },
        ),
    )
    .needs(&[Patch, Attribute("title"), Attribute("displayName")])
    .risk(Risk::Heavy),
];

/// A change that is easily seen.
fn lead() -> Value {
    op("replace", "title", "Lead")
}

/// A PATCH with a message of any kind.
fn message(its: &Fixture, body: &Value) -> Request {
    Request::patch(its.user().path(), body)
}

/// A refusal is asked for; to be generous instead is worth a remark, to crash is a failure.
fn refused_or_taken(seen: &Exchange) -> Verdict {
    match seen.status() {
        200..=299 => remark(seen),
        _ => expect_refused(SYNTAX, seen),
    }
}

/// Title and name are as they were sent.
fn expect_all_kept(said: &Said) -> Verdict {
    let kept = |name| expect_at(name, said.its.user().text(name), said.last());
    all_of([kept("title"), kept("displayName")])
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::canary::*;
    use super::super::super::patches::tests::{then, user};
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn tagged(mut answer: Answer, tag: &str) -> Answer {
        answer.headers.insert("etag", tag.parse().unwrap());
        answer
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let old = || user(json!({}));
        let lead = || user(json!({"title": "Lead"}));
        let no = || error(400, "invalidSyntax");
        let version = |version: &str| user(json!({"meta": {"version": version}}));
        let many = user(json!({"title": "Number 98", "displayName": "Number 99"}));
        vec![
            canary(
                "patch-attributes-200",
                [answer(200, &json!({"id": "user-0", "userName": "a"}))],
                [empty(204)],
            ),
            canary("patch-schemas-required", [no()], [error(500, "")]),
            canary("patch-wrong-schemas", [no()], [error(500, "")]),
            canary("patch-op-required", [no(), old()], then(lead())),
            canary(
                "patch-op-unknown",
                [no(), no(), no(), no(), old()],
                [no(), no(), no(), empty(204), old()],
            ),
            canary("patch-operations-key-case", then(lead()), [error(500, ""), old()]),
            canary("patch-unknown-resource", [error(404, "")], [empty(204)]),
            canary("patch-atomic-late-failure", [no(), old()], [no(), lead()]),
            canary("patch-atomic-meta", [old(), no(), old()], [version("1"), no(), version("2")]),
            canary("patch-error-body", [no()], [empty(400)]),
            canary("patch-malformed", [no(), old()], [error(500, ""), old()]),
            canary("patch-content-type", [empty(204), error(415, "")], [error(415, "")]),
            canary(
                "patch-etag-new",
                [tagged(empty(204), "2"), tagged(lead(), "2")],
                [tagged(empty(204), "1"), tagged(lead(), "2")],
            ),
            canary("patch-many-ops", then(many), then(lead())),
        ]
    }
}
