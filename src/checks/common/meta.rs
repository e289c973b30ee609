//! `meta`: what the tenant says of a resource's life and place (RFC 7643 §3.1).
//!
//! The client reads it and never sets it, although Entra sends `meta.resourceType`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::checks::answers::each_resource;
use crate::checks::check::*;
use crate::checks::steps::*;
use crate::scim::message::json_member;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "meta-present",
        Rfc7643("3.1"),
        "a resource has meta with resourceType, created, lastModified and location",
        Probe(
            |its| vec![get(its.user())],
            |said| {
                let body = said[0].json().unwrap_or_default();
                let missing: Vec<&str> = ["resourceType", "created", "lastModified", "location"]
                    .into_iter()
                    .filter(|name| is_unassigned(&body["meta"][name]))
                    .collect();
                require(missing.is_empty(), "all four", format!("no {}", missing.join(", ")))
            },
        ),
    ),
    must(
        "meta-resourcetype",
        Rfc7644("3.3.1"),
        "meta.resourceType is the type of the endpoint that a create went to: User or Group",
        Every(ANY, |seen| {
            if seen.request.method != http::Method::POST {
                return Verdict::NotApplicable;
            }
            each_resource(seen, |resource| match of_meta(resource, "resourceType") {
                None | Some(Value::Null) => Verdict::NotApplicable,
                Some(held) if held == type_of(seen) => Verdict::Pass,
                Some(held) => expect("resourceType", json!(type_of(seen)), held),
            })
        }),
    ),
    must(
        "meta-created-datetime",
        Rfc7643("2.3.5"),
        "created and lastModified are dates with a time, as XML Schema writes them",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                json_member(resource, "meta").map_or(Verdict::NotApplicable, dates_of)
            })
        }),
    ),
    implied(
        "meta-created-constant",
        Rfc7643("3.1"),
        "meta.created stays as it was set at the beginning",
        Probe(
            |its| {
                let change = op("replace", "displayName", "Alice Brown");
                vec![get(its.user()), patch(its.user(), [change]), get(its.user())]
            },
            |said| {
                let [before, after] = [instant(&said[0], "created"), instant(&said[2], "created")];
                only_if(said[1].is_success() && before.is_some(), || {
                    require(before == after, "the same created", "another one")
                })
            },
        ),
    )
    .needs(&[Patch]),
    must(
        "meta-lastmod-initial",
        Rfc7643("3.1"),
        "lastModified equals created until the first change",
        Probe(
            |its| vec![get(its.user())],
            |said| {
                let (Some(created), Some(modified)) =
                    (instant(&said[0], "created"), instant(&said[0], "lastModified"))
                else {
                    return Verdict::NotApplicable;
                };
                let apart = modified.duration_since(created).abs();
                match apart {
                    _ if apart.is_zero() => Verdict::Pass,
                    _ if apart < SignedDuration::from_secs(1) => {
                        Verdict::Remark(format!("created and lastModified are {apart:#} apart"))
                    }
                    _ => fail("the same instant", format!("{apart:#} apart")),
                }
            },
        ),
    ),
    implied(
        "meta-lastmod-advances",
        Rfc7643("3.1"),
        "a change moves lastModified on",
        Dialogue(
            |its, said| match said.len() {
                step if step % 2 == 1 && step >= 3 && (step >= READS_MAX || has_ticked(said)) => {
                    None
                }
                step if step % 2 == 1 => {
                    Some(patch(its.user(), [op("replace", "displayName", name_at(step))]))
                }
                _ => Some(get(its.user())),
            },
            |said| {
                let [before, after] =
                    [&said[0], said.last()].map(|seen| instant(seen, "lastModified"));
                let (Some(before), Some(after)) = (before, after) else {
                    return Verdict::NotApplicable;
                };
                let name = name_at(said.exchanges.len() - 2);
                let changed = expect_at("displayName", name, said.last());
                if changed != Verdict::Pass || !has_ticked(&said.exchanges) {
                    return Verdict::NotApplicable;
                }
                require(after > before, "a later lastModified", format!("{after} after {before}"))
            },
        ),
    )
    .needs(&[Patch, Attribute("displayName")]),
    implied(
        "meta-location-url",
        Rfc7643("3.1"),
        "meta.location leads to the resource itself",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.user())),
                [read] => Some(Request::get(target_of(read.at("/meta/location")?.as_str()?)?)),
                _ => None,
            },
            |said| {
                let Some(given) = said[0].at("/meta/location") else {
                    return Verdict::NotApplicable;
                };
                if said.exchanges.len() < 2 {
                    return fail("a URL of the resource", shown(&given));
                }
                let whole = given.as_str().is_some_and(|url| url.starts_with("http"));
                let remark = Verdict::Remark(format!("a relative location: {}", shown(&given)));
                all_of([
                    expect_status(200, &said[1]),
                    expect_at("id", said.its.user().id.as_str(), &said[1]),
                    if whole { Verdict::Pass } else { remark },
                ])
            },
        ),
    ),
    must(
        "meta-content-location",
        Rfc7643("3.1"),
        "a Content-Location, where one is sent, equals meta.location",
        Every(ANY, |seen| match (seen.header("content-location"), seen.body()) {
            (Some(header), Some(body)) if seen.is_success() => match body.pointer("/meta/location")
            {
                Some(Value::String(location)) => expect("location", header, location),
                _ => Verdict::NotApplicable,
            },
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "meta-client-ignored",
        Rfc7643("3.1"),
        "meta in a create is ignored, not refused and not kept",
        Dialogue(
            |its, said| {
                let meta = json!({"resourceType": "X", "created": "1999-01-01T00:00:00Z"});
                create_then_read(&user_with(its, &json!({"meta": meta})), said)
            },
            |said| {
                when_made(said, |read| {
                    let meta = read.at("/meta").unwrap_or_default();
                    let old = meta["created"].as_str().is_some_and(|at| at.starts_with("1999"));
                    let kept = old || meta["resourceType"] == "X";
                    require(!kept, "meta of the server's", shown(&meta))
                })
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "meta-version-etag",
        Rfc7643("3.1"),
        "meta.version equals the ETag, marks included",
        Probe(
            |its| vec![get(its.user())],
            |said| match (said[0].header("etag"), said[0].at("/meta/version")) {
                (Some(tag), Some(version)) => expect("version", json!(tag), version),
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .needs(&[Etag]),
    must(
        "meta-version-weak",
        Rfc7643("3.1"),
        "meta.version is a quoted tag, with W/ before it where it is weak",
        Probe(
            |its| vec![get(its.user())],
            |said| match said[0].at("/meta/version") {
                None | Some(Value::Null) => Verdict::NotApplicable,
                Some(version) => {
                    let tag = version.as_str().is_some_and(is_entity_tag);
                    require(tag, "\"…\" or W/\"…\"", shown(&version))
                }
            },
        ),
    )
    .needs(&[Etag]),
    implied(
        "meta-in-lists",
        Rfc7643("3.1"),
        "the entries of a list have id and meta as a read shows them",
        Probe(
            |its| vec![find("/Users", &equals("userName", its.user().text("userName")))],
            |said| match only_hit(&said[0]) {
                Some(hit) => require(
                    !is_unassigned(&hit["id"]) && !is_unassigned(&hit["meta"]),
                    "id and meta",
                    "an entry without",
                ),
                None => Verdict::NotApplicable,
            },
        ),
    )
    .needs(&[Filter]),
];

/// Whether a text is an entity tag (RFC 9110 §8.8.3).
pub(in crate::checks) fn is_entity_tag(text: &str) -> bool {
    let quoted = text.strip_prefix("W/").unwrap_or(text);
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.contains('"'))
}

/// Judges the dates of a `meta`.
pub(in crate::checks) fn dates_of(meta: &Value) -> Verdict {
    let dates = ["created", "lastModified"];
    worst(dates.into_iter().filter_map(|name| json_member(meta, name)).map(date_time))
}

/// Judges a date and time: text, with a `T` and a time; a missing zone is worth a remark.
fn date_time(value: &Value) -> Verdict {
    let text = match value {
        Value::Null => return Verdict::NotApplicable,
        Value::String(text) => text.as_str(),
        other => return fail("a date with a time", shown(other)),
    };
    if text.parse::<Timestamp>().is_ok() && text.contains('T') {
        return Verdict::Pass;
    }
    match text.parse::<jiff::civil::DateTime>() {
        Ok(_) if text.contains('T') => Verdict::Remark(format!("{text:?} names no time zone")),
        _ => fail("a date with a time", text),
    }
}

/// A moment of `meta`; one without a zone is read as UTC.
fn instant(seen: &Exchange, name: &str) -> Option<Timestamp> {
    let text = seen.json()?.pointer(&format!("/meta/{name}"))?.as_str()?.to_owned();
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// How many reads and changes wait for a clock that may be read in whole seconds.
const READS_MAX: usize = 99;

/// The name that the change at that step of the dialogue sets.
fn name_at(step: usize) -> &'static str {
    if step % 4 == 1 { "Alice Brown" } else { "Alice Green" }
}

/// Whether lastModified has moved, or had as much time for it as its digits need.
fn has_ticked(said: &[Exchange]) -> bool {
    let [first, .., written, last] = said else { return false };
    let text = last.at("/meta/lastModified").unwrap_or_default();
    if first.at("/meta/lastModified").as_ref() != Some(&text) {
        return true;
    }
    let fraction = text.as_str().and_then(|text| text.split_once('.')).map_or("", |it| it.1);
    let digits = fraction.chars().take_while(char::is_ascii_digit).count();
    let step = 10_f64.powi(-i32::try_from(digits.min(9)).unwrap_or(9));
    let between = written.answered.saturating_sub(first.sent);
    between.as_secs_f64() >= step.max(0.02)
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::checks::canary::*;
    use crate::exchange::Answer;

    fn with_meta(meta: &Value) -> Answer {
        alice(200, &json!({"meta": meta, "displayName": "Alice Brown"}))
    }

    fn times(created: &str, modified: &str) -> Answer {
        with_meta(&json!({"resourceType": "User", "created": created, "lastModified": modified,
                          "location": "http://localhost/scim/Users/user-0"}))
    }

    fn read(answer: Answer) -> Exchange {
        exchange(Operation::ReadUser, Request::get("/Users/user-0"), answer)
    }

    fn tagged(version: &str) -> Answer {
        let mut answer = with_meta(&json!({"version": version}));
        answer.headers.insert("etag", "W/\"1\"".parse().unwrap());
        answer.headers.insert("content-location", "http://localhost/Users/1".parse().unwrap());
        answer
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    #[test]
    fn a_change_within_one_tick_of_the_clock_shows_nothing() {
        let mut exchanges = vec![read(times(EARLY, EARLY)); 3];
        exchanges[1].answered = Duration::from_millis(500);
        assert!(!has_ticked(&exchanges));
        exchanges[1].answered = Duration::from_millis(1500);
        assert!(has_ticked(&exchanges));
    }

    const EARLY: &str = "2026-01-02T03:04:05Z";
    const LATE: &str = "2026-01-02T03:04:09Z";

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let early = || times(EARLY, EARLY);
        let late = || times(EARLY, LATE);
        let made = || alice(201, &json!({}));
        let posted =
            |answer: Answer| exchange(Operation::CreateUser, create_user(&json!({})), answer);
        let hit = |hit: Value| list(&[hit]);
        let locate = |at: &str| {
            let mut answer = with_meta(&json!({"location": at}));
            answer.headers.insert("content-location", "http://localhost/Users/1".parse().unwrap());
            read(answer)
        };
        vec![
            canary("meta-present", [early()], [tagged("1")]),
            heard(
                "meta-resourcetype",
                posted(early()),
                posted(with_meta(&json!({"resourceType": "Group"}))),
            ),
            heard("meta-created-datetime", read(early()), read(times("2026-01-02", EARLY))),
            canary(
                "meta-created-constant",
                [early(), empty(204), late()],
                [early(), empty(204), times(LATE, LATE)],
            ),
            canary("meta-lastmod-initial", [early()], [late()]),
            canary(
                "meta-lastmod-advances",
                [early(), empty(204), late()],
                [late(), empty(204), early()],
            ),
            canary("meta-location-url", [early(), early()], [early(), error(404, "")]),
            heard(
                "meta-content-location",
                locate("http://localhost/Users/1"),
                locate("http://localhost/Users/2"),
            ),
            canary(
                "meta-client-ignored",
                [made(), early()],
                [made(), with_meta(&json!({"resourceType": "X"}))],
            ),
            canary("meta-version-etag", [tagged("W/\"1\"")], [tagged("1")]),
            canary("meta-version-weak", [tagged("W/\"1\"")], [tagged("w/\"1\"")]),
            canary(
                "meta-in-lists",
                [hit(json!({"id": "1", "meta": {"resourceType": "User"}}))],
                [hit(json!({"id": "1"}))],
            ),
        ]
    }
}
