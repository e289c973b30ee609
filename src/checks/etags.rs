//! Versions of a resource as entity tags (RFC 7644 §3.14), and of the protocol in a URL (§3.13).
//! Other URLs of the host are not asked: a version of the protocol goes behind the Tenant URL.
//!
//! Entra sends no conditional headers; a tenant that has tags must not insist on them.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use serde_json::json;

use super::check::*;
use super::common::meta::is_entity_tag;
use super::steps::*;

const NEEDS: &[Capability] = &[Etag];
const PATCHED: &[Capability] = &[Etag, Patch];

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "etag-header",
        Rfc7644("3.14"),
        "a read and a PATCH that shows the resource answer with an ETag",
        Probe(
            |its| vec![get(its.user()), patch(its.user(), [renamed()])],
            |said| {
                worst(said.exchanges.iter().map(|seen| {
                    only_if(seen.is_success() && seen.id().is_some(), || {
                        require(seen.header("etag").is_some(), "an ETag", "none")
                    })
                }))
            },
        ),
    )
    .needs(NEEDS),
    should(
        "etag-meta-version",
        Rfc7644("3.14"),
        "meta.version says what the ETag says",
        Probe(
            |its| vec![get(its.user())],
            |said| match (said[0].header("etag"), said[0].at("/meta/version")) {
                (Some(tag), Some(version)) => expect("version", json!(tag), version),
                (Some(_), None) => Verdict::Remark("meta has no version".to_owned()),
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .needs(NEEDS),
    must(
        "etag-syntax",
        Http("RFC 9110 §8.8.3"),
        "an ETag is quoted, with W/ before it where it is weak",
        Every(ANY, |seen| match seen.header("etag") {
            Some(tag) => require(is_entity_tag(tag), "\"…\" or W/\"…\"", tag),
            None => Verdict::NotApplicable,
        }),
    ),
    implied(
        "etag-changes",
        Rfc7644("3.14"),
        "a change brings another ETag",
        Probe(
            |its| vec![get(its.user()), patch(its.user(), [renamed()]), get(its.user())],
            |said| tags_differ(said, 0, 2),
        ),
    )
    .needs(PATCHED),
    implied(
        "etag-stable",
        Rfc7644("3.14"),
        "without a change the ETag stays",
        Probe(
            |its| vec![get(its.user()), get(its.user())],
            |said| match (said[0].header("etag"), said[1].header("etag")) {
                (Some(one), Some(other)) => expect("ETag", one, other),
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .needs(NEEDS),
    implied(
        "etag-if-none-match-304",
        Rfc7644("3.14"),
        "a read of what is known already is answered 304 without a body",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.user())),
                [read] => Some(get(its.user()).header(IF_NONE_MATCH, read.header("etag")?)),
                _ => None,
            },
            unchanged_is_304,
        ),
    )
    .needs(NEEDS),
    implied(
        "etag-if-none-match-changed",
        Rfc7644("3.14"),
        "a read of what has changed is answered in full",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.user())),
                [_] => Some(patch(its.user(), [renamed()])),
                [read, _] => Some(get(its.user()).header(IF_NONE_MATCH, read.header("etag")?)),
                _ => None,
            },
            |said| {
                only_if(said.exchanges.len() > 2 && said[1].is_success(), || {
                    expect_status(200, &said[2])
                })
            },
        ),
    )
    .needs(PATCHED),
    must(
        "etag-if-none-match-star-list",
        Http("RFC 9110 §13.1.2"),
        "If-None-Match may be a list",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.user())),
                [read] => {
                    let list = format!("\"scimrig\", {}", read.header("etag")?);
                    Some(get(its.user()).header(IF_NONE_MATCH, &list))
                }
                [read, _] => Some(get(its.user()).header(IF_NONE_MATCH, read.header("etag")?)),
                _ => None,
            },
            // Who does not look at the header at all is the subject of another row.
            |said| {
                only_if(said.exchanges.len() > 2 && said[2].status() == 304, || {
                    unchanged_is_304(said)
                })
            },
        ),
    )
    .needs(NEEDS),
    must(
        "etag-if-match-ok",
        Rfc7644("3.14"),
        "a write that names the current ETag passes, a weak one too",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.user())),
                [read] => {
                    Some(patch(its.user(), [renamed()]).header(IF_MATCH, read.header("etag")?))
                }
                _ => None,
            },
            |said| only_if(said.exchanges.len() > 1, || expect_success(&said[1])),
        ),
    )
    .needs(PATCHED),
    must(
        "etag-if-match-stale",
        Rfc7644("3.14"),
        "a write that names an old ETag is stopped and changes nothing",
        Dialogue(
            |its, said| match said {
                [] | [_, _, _] => Some(get(its.user())),
                [_] => Some(patch(its.user(), [renamed()])),
                [read, _] => {
                    let late = op("replace", "displayName", "Too Late");
                    Some(patch(its.user(), [late]).header(IF_MATCH, read.header("etag")?))
                }
                _ => None,
            },
            |said| {
                if said.exchanges.len() < 4 || tags_differ(said, 0, 3) != Verdict::Pass {
                    return Verdict::NotApplicable;
                }
                let stopped = match said[2].status() {
                    409 => A41.read_as("conflict", "a stale ETag is answered 409"),
                    _ => expect_status(412, &said[2]),
                };
                let held = said[3].at("/displayName").unwrap_or_default();
                all_of([stopped, require(held != "Too Late", "nothing changed", "the change")])
            },
        ),
    )
    .reads(&[A41])
    .needs(PATCHED),
    must(
        "etag-if-match-star",
        Http("RFC 9110 §13.1.1"),
        "If-Match with a star lets a write of what exists pass",
        Probe(
            |its| vec![patch(its.user(), [renamed()]).header(IF_MATCH, "*")],
            |said| expect_success(&said[0]),
        ),
    )
    .needs(PATCHED),
    may(
        "etag-if-match-missing",
        Rfc7644("3.14"),
        "a write without If-Match passes, as Entra sends it",
        Probe(
            |its| vec![patch(its.user(), [renamed()])],
            |said| require(said[0].status() != 428, "no 428", said[0].told()),
        ),
    )
    .needs(PATCHED),
    implied(
        "etag-unsupported-ignored",
        Rfc7644("3.14"),
        "a conditional header does no harm where there are no ETags",
        Probe(
            |its| vec![patch(its.user(), [renamed()]).header(IF_MATCH, "\"scimrig\"")],
            |said| match said[0].status() {
                412 => Verdict::Pass,
                _ => expect_success(&said[0]),
            },
        ),
    )
    .needs(&[Patch]),
    must(
        "etag-not-reused",
        Http("RFC 9110 §8.8.1"),
        "two states that follow quickly have two ETags",
        Probe(
            |its| {
                let back = op("replace", "displayName", its.user().text("displayName"));
                vec![
                    get(its.user()),
                    patch(its.user(), [renamed()]),
                    get(its.user()),
                    patch(its.user(), [back]),
                    get(its.user()),
                ]
            },
            |said| tags_differ(said, 2, 4),
        ),
    )
    .needs(PATCHED),
    implied(
        "etag-members",
        Rfc7644("3.14"),
        "a new member brings a group another ETag",
        Probe(
            |its| {
                let joined = op("add", "members", json!([member(&its.user().id)]));
                vec![get(its.group()), patch(its.group(), [joined]), get(its.group())]
            },
            |said| tags_differ(said, 0, 2),
        ),
    )
    .on(Setting::Group { users: 1, members: 0 })
    .needs(&[Etag, Patch, Group]),
    may(
        "vers-v2-segment",
        Rfc7644("3.13"),
        "a segment `v2` behind the base URL is understood, or unknown",
        Probe(
            |_| vec![Request::get("/v2/Users?count=1")],
            |said| match said[0].status() {
                400..=499 | 501 => Verdict::Pass,
                _ => require(said[0].list().is_ok(), "a list, or 404", said[0].told()),
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "vers-unknown",
        Rfc7644("3.13"),
        "a version that there is not is refused as invalidVers, or unknown",
        Probe(
            |_| vec![Request::get("/v9/Users?count=1")],
            |said| {
                let given = said[0].scim_error().and_then(|error| error.scim_type);
                match (said[0].status(), given.as_deref()) {
                    (404, _) | (400, Some("invalidVers")) => Verdict::Pass,
                    (400..=499 | 501, _) => Verdict::Remark(format!("refused: {}", said[0].told())),
                    _ => fail("400 invalidVers, or 404", said[0].told()),
                }
            },
        ),
    )
    .on(Setting::Nothing),
];

fn renamed() -> serde_json::Value {
    op("replace", "displayName", "Alice Brown")
}

/// Two reads between which a change was answered with success show two tags.
fn tags_differ(said: &Said, before: usize, after: usize) -> Verdict {
    let [one, other] = [before, after].map(|place| said[place].header("etag"));
    let shown = |place: usize| said[place].json().map(|body| without(body, &["meta"]));
    only_if(one.is_some() && other.is_some() && shown(before) != shown(after), || {
        require(one != other, "another ETag", format!("{} again", one.unwrap_or_default()))
    })
}

fn unchanged_is_304(said: &Said) -> Verdict {
    only_if(said.exchanges.len() > 1, || {
        all_of([
            expect_status(304, &said[1]),
            require(said[1].bytes().is_empty(), "no body", "a body"),
        ])
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn tagged(tag: &str, name: &str) -> Answer {
        let meta = json!({"version": "W/\"1\""});
        let mut answer = alice(200, &json!({"displayName": name, "meta": meta}));
        answer.headers.insert("etag", tag.parse().unwrap());
        answer
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let one = || tagged("W/\"1\"", "Alice Adams");
        let same = || tagged("W/\"1\"", "Alice Brown");
        let two = || tagged("W/\"2\"", "Alice Brown");
        let late = || tagged("W/\"2\"", "Too Late");
        let done = || empty(204);
        let known = || empty(304);
        let stopped = || error(412, "");
        let read = |tag: &str| {
            exchange(Operation::ReadUser, Request::get("/Users/1"), tagged(tag, "Alice"))
        };
        vec![
            canary("etag-header", [one(), done()], [alice(200, &json!({})), done()]),
            canary("etag-meta-version", [one()], [two()]),
            heard("etag-syntax", read("W/\"1\""), read("1")),
            canary("etag-changes", [one(), done(), two()], [one(), done(), same()]),
            canary("etag-stable", [one(), one()], [one(), two()]),
            canary("etag-if-none-match-304", [one(), known()], [one(), one()]),
            canary("etag-if-none-match-changed", [one(), done(), two()], [one(), done(), known()]),
            canary(
                "etag-if-none-match-star-list",
                [one(), known(), known()],
                [one(), one(), known()],
            ),
            canary("etag-if-match-ok", [one(), done()], [one(), stopped()]),
            canary(
                "etag-if-match-stale",
                [one(), done(), stopped(), two()],
                [one(), done(), done(), late()],
            ),
            canary("etag-if-match-star", [done()], [stopped()]),
            canary("etag-if-match-missing", [done()], [error(428, "")]),
            canary("etag-unsupported-ignored", [stopped()], [error(500, "")]),
            canary(
                "etag-not-reused",
                [one(), done(), one(), done(), two()],
                [one(), done(), one(), done(), same()],
            ),
            canary("etag-members", [one(), done(), two()], [one(), done(), same()]),
            canary("vers-v2-segment", [list(&[])], [error(500, "")]),
            canary("vers-unknown", [error(400, "invalidVers")], [list(&[])]),
        ]
    }
}
