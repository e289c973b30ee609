//! Reading one resource: what is shown, and what else a GET or HEAD may ask.

use http::Method;
use serde_json::{Map, Value};

use super::check::*;
use super::steps::of_meta;
use crate::scim;
use crate::scim::schema;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "get-default-set",
        Rfc7644("3.9"),
        "a read shows what is returned always or by default, and nothing that must be asked for",
        Probe(
            |its| {
                let user = its.user();
                let names: Vec<&str> = user
                    .sent
                    .as_object()
                    .into_iter()
                    .flat_map(Map::keys)
                    .map(String::as_str)
                    .collect();
                let plain: Vec<&str> =
                    names.into_iter().filter(|it| !it.contains(':') && *it != "schemas").collect();
                let core = schema::user().attributes.iter().map(|attribute| attribute.name);
                let core: Vec<&str> = core.filter(|name| *name != "password").collect();
                let only = |names: &[&str]| {
                    Request::get(format!("{}?attributes={}", user.path(), names.join(",")))
                };
                vec![Request::get("/Schemas"), get(user), only(&plain), only(&core)]
            },
            |said| {
                let against = |named: usize| default_set(&said[0], &said[1], &said[named]);
                all_of([against(2), against(3)])
            },
        ),
    )
    .on(Setting::Corpus),
    may(
        "get-location",
        Rfc7644("3.4.1"),
        "Location of a read, where there is one, is that of the resource's meta",
        Every(ANY, |seen| {
            if !is_read(seen) {
                return Verdict::NotApplicable;
            }
            let location = seen.body().and_then(|body| of_meta(body, "location")?.as_str());
            match (seen.header("location"), location) {
                (Some(header), Some(location)) => {
                    // One of them may leave out the host.
                    let same = header.ends_with(location) || location.ends_with(header);
                    let told = format!("Location {header}");
                    let right = require(same, &format!("Location {location}"), told.as_str());
                    all_of([right, A47.read_as("given", told)])
                }
                (None, Some(_)) => A47.read_as("left-out", "no Location"),
                _ => Verdict::NotApplicable,
            }
        }),
    )
    .reads(&[A47]),
    must(
        "get-etag",
        Rfc7644("3.14"),
        "a read carries the ETag of the resource",
        Probe(
            |its| vec![get(its.user())],
            |said| require(said[0].header("etag").is_some(), "an ETag header", "none"),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Etag]),
    implied(
        "get-trailing-slash",
        Rfc7644("3.2"),
        "a slash at the end of the path means the same, or nothing",
        Probe(|_| vec![Request::get("/Users/?count=1")], |said| expect_clean(&said[0])),
    )
    .on(Setting::Nothing),
    may(
        "get-head",
        Http("RFC 9110 §9.3.2"),
        "HEAD answers as GET does, without the body",
        Probe(
            |its| vec![Request::new(Method::HEAD, its.user().path())],
            |said| {
                let bare = require(said[0].bytes().is_empty(), "no body", "a body");
                all_of([expect_one_of(&[200, 405, 501], &said[0]), bare])
            },
        ),
    )
    .on(Setting::Corpus),
    implied(
        "get-read-your-write",
        Rfc7644("3.1"),
        "a read right after a write shows it",
        Probe(
            |its| {
                let name = format!("New {}", its.marker);
                let change = patch(its.user(), [op("replace", "displayName", name)]);
                // A copy that lags behind may not be asked every time.
                [vec![change], vec![get(its.user()); READS]].concat()
            },
            |said| match said[0].is_success() {
                true => worst(said.exchanges.iter().skip(1).map(|read| {
                    expect_at("displayName", format!("New {}", said.its.marker), read)
                })),
                false => Verdict::CannotTell(format!("the change was {}", said[0].told())),
            },
        ),
    )
    .needs(&[Patch, Attribute("displayName")]),
    should(
        "get-unknown-param",
        Rfc7644("3.4.2"),
        "a parameter that nobody defined is passed over by a read",
        Probe(
            |its| vec![Request::get(format!("{}?harness=1", its.user().path()))],
            |said| expect_status(200, &said[0]),
        ),
    )
    .on(Setting::Corpus),
];

/// How often a user is read after a change.
const READS: usize = 10;

/// Whether one user or group was read.
fn is_read(seen: &Exchange) -> bool {
    let path = seen.request.path();
    let resource = path.strip_prefix("/Users/").or_else(|| path.strip_prefix("/Groups/"));
    seen.request.method == Method::GET && seen.is_success() && resource.is_some()
}

/// What the schemas say is never returned, or on request only, is missing in a plain read; what a
/// read shows when it is named is there, unless the schemas say it must be named.
fn default_set(schemas: &Exchange, plain: &Exchange, named: &Exchange) -> Verdict {
    let Some(shown) = plain.json().filter(|_| plain.is_success()) else {
        return fail("status 200", plain.told());
    };
    let schemas = schemas.list().map(|list| list.resources).unwrap_or_default();
    let user = schemas.iter().find(|schema| schema["id"] == scim::USER);
    let attributes = user.and_then(|schema| schema["attributes"].as_array());
    let attributes = attributes.map_or(&[][..], Vec::as_slice);
    let returned = |name: &str| {
        attributes.iter().find(|it| it["name"] == name).and_then(|it| it["returned"].as_str())
    };
    let held = |name: &str, body: &Value| body.get(name).is_some_and(|it| !is_unassigned(it));
    let hidden = |name: &&str| matches!(returned(name), Some("never" | "request"));
    let mut all = attributes.iter().filter_map(|it| it["name"].as_str());
    if let Some(name) = all.find(|name| hidden(name) && held(name, &shown)) {
        return fail(format!("`{name}` left out"), format!("`{name}` {}", shown_at(name, &shown)));
    }
    let asked = named.json().filter(|_| named.is_success()).unwrap_or_default();
    let mut asked_names = asked.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
    let lost = asked_names.find(|name| {
        held(name, &asked) && !held(name, &shown) && returned(name).is_none_or(|it| it == "default")
    });
    match lost {
        Some(name) => fail(format!("`{name}` by default"), format!("`{name}` only when named")),
        None => Verdict::Pass,
    }
}

fn shown_at(name: &str, body: &Value) -> String {
    shown(body.get(name).unwrap_or(&Value::Null))
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

    fn with_header(name: &'static str, value: &str) -> Answer {
        let body = json!({"id": "1", "meta": {"location": "https://example.com/Users/1"}});
        let mut answer = answer(200, &body);
        answer.headers.insert(name, value.parse().unwrap());
        answer
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let user = |body: Value| answer(200, &body);
        let attributes = json!([{"name": "title", "returned": "default"},
                                {"name": "secret", "returned": "request"}]);
        let schemas = || list(&[json!({"id": scim::USER, "attributes": attributes})]);
        let whole = || user(json!({"id": "1", "title": "a"}));
        let read = |location: &str| {
            let seen = with_header("location", location);
            exchange(Operation::ReadUser, Request::get("/Users/1"), seen)
        };
        vec![
            canary(
                "get-default-set",
                [schemas(), whole(), whole()],
                [schemas(), user(json!({"id": "1"})), whole()],
            ),
            heard("get-location", read("/Users/1"), read("/Users/2")),
            canary("get-etag", [with_header("etag", "W/\"1\"")], [whole()]),
            canary("get-trailing-slash", [error(404, "")], [error(500, "")]),
            canary("get-head", [empty(200)], [whole()]),
            canary(
                "get-read-your-write",
                [empty(204), user(json!({"displayName": "New m"}))],
                [
                    empty(204),
                    user(json!({"displayName": "New m"})),
                    user(json!({"displayName": "Old"})),
                ],
            ),
            canary("get-unknown-param", [whole()], [error(400, "")]),
        ]
    }

    #[test]
    fn what_must_be_asked_for_is_not_shown_unasked() {
        let schemas = json!([{"name": "secret", "returned": "request"}]);
        let schemas = list(&[json!({"id": scim::USER, "attributes": schemas})]);
        let shown = || answer(200, &json!({"id": "1", "secret": "x"}));
        let evidence = Evidence::Answers(vec![schemas, shown(), shown()]);
        let check = super::super::find("get-default-set").unwrap();
        assert!(matches!(judged(check, &evidence), Verdict::Fail { .. }));
    }
}
