//! Projection: `attributes` and `excludedAttributes`.

use serde_json::{Map, Value};

use super::check::*;
use crate::scim;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "proj-attributes",
        Rfc7644("3.9"),
        "only what is named is shown, and what is always returned",
        Probe(|its| vec![only(its, "userName")], |said| only_these(&said[0], &["userName"])),
    )
    .on(Setting::Corpus),
    must(
        "proj-attributes-list",
        Rfc7644("3.9"),
        "several attributes are named with commas between them",
        Probe(
            |its| vec![only(its, "userName,emails"), only(its, "userName,%20emails")],
            |said| {
                let both = ["userName", "emails"];
                match only_these(&said[1], &both) {
                    Verdict::Fail { .. } => all_of([
                        only_these(&said[0], &both),
                        Verdict::Remark("a space after the comma hides the attribute".to_owned()),
                    ]),
                    _ => only_these(&said[0], &both),
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Attribute("emails")]),
    must(
        "proj-always-kept",
        Rfc7644("3.9"),
        "the id is shown whatever is named",
        Probe(
            |its| vec![only(its, "userName")],
            |said| expect_at("id", said.its.user().id.as_str(), &said[0]),
        ),
    )
    .on(Setting::Corpus),
    must(
        "proj-subattr",
        Rfc7644("3.9"),
        "a sub-attribute can be named",
        Probe(
            |its| vec![only(its, "name.givenName")],
            |said| {
                let user = &said.its.user().sent;
                let given =
                    expect_at("name.givenName", user["name"]["givenName"].clone(), &said[0]);
                all_of([given, left_out("name.familyName", &said[0])])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Attribute("name")]),
    must(
        "proj-mv-subattr",
        Rfc7644("3.9"),
        "a sub-attribute of a multi-valued attribute can be named",
        Probe(
            |its| vec![only(its, "emails.value")],
            |said| {
                let (Some(body), true) = (said[0].json(), said[0].is_success()) else {
                    return fail("status 200", said[0].told());
                };
                let emails = body["emails"].as_array().cloned().unwrap_or_default();
                match () {
                    () if emails.is_empty() || emails.iter().any(|it| !it["value"].is_string()) => {
                        fail("the value of each e-mail", shown(&body["emails"]))
                    }
                    () if emails.iter().any(|it| it.get("type").is_some()) => {
                        Verdict::Remark("`type` is shown beside emails.value".to_owned())
                    }
                    () => Verdict::Pass,
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Attribute("emails")]),
    implied(
        "proj-parent-gives-all",
        Rfc7644("3.9"),
        "to name an attribute is to name its parts",
        Probe(
            |its| vec![only(its, "name")],
            |said| {
                let name = &said.its.user().sent["name"];
                let part =
                    |part: &str| expect_at(&format!("name.{part}"), name[part].clone(), &said[0]);
                all_of([part("givenName"), part("familyName")])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Attribute("name")]),
    must(
        "proj-ci",
        Rfc7644("3.10"),
        "names in a projection ignore letter case",
        Probe(|its| vec![only(its, "USERNAME")], shows_user_name),
    )
    .on(Setting::Corpus),
    must(
        "proj-urn",
        Rfc7644("3.10"),
        "names in a projection may carry the URN of their schema",
        Probe(|its| vec![only(its, &format!("{}:userName", scim::USER))], shows_user_name),
    )
    .on(Setting::Corpus),
    implied(
        "proj-extension-whole",
        Rfc7644("3.10"),
        "the URN of an extension names all of it",
        Probe(
            |its| vec![only(its, scim::ENTERPRISE_USER)],
            |said| match said[0].json() {
                Some(_) if !has(&said.its.user().sent, "enterprise.department") => {
                    Verdict::NotApplicable
                }
                Some(body) if said[0].is_success() && !has(&body, "enterprise.department") => {
                    A31.read_as("nothing", "the URN of an extension alone shows nothing of it")
                }
                _ => expect_status(200, &said[0]),
            },
        ),
    )
    .reads(&[A31])
    .on(Setting::Corpus)
    .needs(&[Enterprise]),
    implied(
        "proj-unknown",
        Rfc7644("3.9"),
        "a name that nobody defined is passed over",
        Probe(
            |its| vec![only(its, "harnessNope")],
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("an unknown name is {}", said[0].told())),
                _ => only_these(&said[0], &[]),
            },
        ),
    )
    .on(Setting::Corpus),
    must(
        "proj-never",
        Rfc7643("7"),
        "a password is not shown, not even when it is named",
        Dialogue(
            |its, said| match said {
                [] => {
                    let mut body = its.new_user(0);
                    body["password"] = "Tr0ub4dor&3-correct-horse".into();
                    Some(create_user(&body))
                }
                [made] => {
                    let read = by_id("/Users", made)?;
                    Some(Request::get(format!("{}?attributes=password", read.target)))
                }
                _ => None,
            },
            |said| match said.exchanges.get(1) {
                None => Verdict::NotApplicable,
                Some(seen) => {
                    let shown = seen.at("/password").is_some_and(|value| !is_unassigned(&value));
                    require(!shown, "no `password`", "`password` in the answer")
                }
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "proj-request",
        Rfc7643("7"),
        "what is returned on request alone is shown only when it is named",
        Probe(
            |its| vec![Request::get("/Schemas"), get(its.user())],
            |said| {
                let (names, body) = (on_request(&said[0]), said[1].json().unwrap_or_default());
                let held = |name: &&String| body.get(name.as_str()).is_some();
                match names.iter().find(held) {
                    _ if names.is_empty() || !said[1].is_success() => Verdict::NotApplicable,
                    Some(name) => fail(format!("`{name}` left out"), shown(&body[name.as_str()])),
                    None => Verdict::Pass,
                }
            },
        ),
    )
    .on(Setting::Corpus),
    must(
        "proj-excluded",
        Rfc7644("3.9"),
        "what is excluded is left out, and all else stays",
        Probe(
            |its| vec![without(its, "emails"), get(its.user())],
            |said| all_of([left_out_whole("emails", &said[0]), rest_kept(said, "emails")]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Attribute("emails")]),
    must(
        "proj-excluded-always",
        Rfc7644("3.4.2.5"),
        "what is always returned cannot be excluded",
        Probe(
            |its| vec![without(its, "id")],
            |said| expect_at("id", said.its.user().id.as_str(), &said[0]),
        ),
    )
    .on(Setting::Corpus),
    must(
        "proj-excluded-subattr",
        Rfc7644("3.9"),
        "a sub-attribute can be excluded",
        Probe(
            |its| vec![without(its, "name.familyName")],
            |said| {
                let given = said.its.user().sent["name"]["givenName"].clone();
                let gone = expect_unassigned("name.familyName", &said[0]);
                all_of([expect_at("name.givenName", given, &said[0]), gone])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Attribute("name")]),
    must(
        "proj-excluded-ci",
        Rfc7644("3.10"),
        "names of what is excluded ignore letter case",
        Probe(|its| vec![without(its, "EMAILS")], |said| left_out_whole("emails", &said[0])),
    )
    .on(Setting::Corpus)
    .needs(&[Attribute("emails")]),
    implied(
        "proj-both",
        Rfc7644("3.9"),
        "attributes together with excludedAttributes get a clean answer",
        Probe(
            |its| vec![only(its, "userName&excludedAttributes=emails")],
            |said| {
                let reading = if said[0].is_success() { "one-rule" } else { "refuses" };
                all_of([expect_clean(&said[0]), A32.read_as(reading, said[0].told())])
            },
        ),
    )
    .reads(&[A32])
    .on(Setting::Corpus),
    must(
        "proj-list",
        Rfc7644("3.4.2.5"),
        "a list shows of each resource only what is named",
        Probe(
            |its| {
                let filter = encoded(&equals("userName", its.user().text("userName")));
                vec![Request::get(format!("/Users?filter={filter}&attributes=userName"))]
            },
            |said| match only_hit(&said[0]) {
                Some(entry) => only_members(&entry, &["userName"]),
                None => fail("one hit", said[0].told()),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    must(
        "proj-put",
        Rfc7644("3.9"),
        "the answer to a PUT shows only what is named",
        Probe(
            |its| {
                let target = format!("{}?attributes=userName", its.user().path());
                vec![Request::put(target, &its.user().sent)]
            },
            |said| match only_these(&said[0], &["userName"]) {
                _ if matches!(said[0].status(), 204 | 404 | 405 | 501) => Verdict::NotApplicable,
                Verdict::Fail { .. }
                    if said[0].is_success() && said[0].at("/userName").is_some() =>
                {
                    Verdict::Remark("the answer to a PUT shows more than was named".to_owned())
                }
                verdict => verdict,
            },
        ),
    ),
    implied(
        "proj-does-not-filter-storage",
        Rfc7644("3.9"),
        "a projection chooses what is shown and changes nothing that is kept",
        Probe(
            |its| {
                let target = format!("{}?attributes=userName", its.user().path());
                let change = patch(its.user(), [op("replace", "active", true)]);
                vec![get(its.user()), Request { target, ..change }, get(its.user())]
            },
            |said| match said[1].is_success() {
                true => expect_unchanged(&said[0], &said[2]),
                false => Verdict::CannotTell(format!("the change was {}", said[1].told())),
            },
        ),
    )
    .needs(&[Patch, Attribute("active")]),
    implied(
        "proj-filter-on-unreturned",
        Rfc7644("3.4.2.2"),
        "a filter may ask for what the projection leaves out",
        Probe(
            |its| {
                let filter = encoded(&equals("userName", its.user().text("userName")));
                vec![Request::get(format!("/Users?filter={filter}&attributes=id"))]
            },
            |said| expect_hit(&said.its.user().id, &said[0]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
];

fn only(its: &Fixture, names: &str) -> Request {
    Request::get(format!("{}?attributes={names}", its.user().path()))
}

fn without(its: &Fixture, names: &str) -> Request {
    Request::get(format!("{}?excludedAttributes={names}", its.user().path()))
}

/// A body shows these attributes and none besides what is always returned.
fn only_these(seen: &Exchange, names: &[&str]) -> Verdict {
    match seen.json() {
        Some(body) if seen.is_success() => only_members(&body, names),
        _ => fail("status 200 and a body", seen.told()),
    }
}

/// `schemas` may be shown or not; `meta` is returned by default and so should go, which is worth a
/// remark.
pub(super) fn only_members(body: &Value, names: &[&str]) -> Verdict {
    let held: Vec<&str> =
        body.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
    let expected = format!("{} and what is always returned", names.join(", "));
    let allowed = |name: &&&str| names.contains(*name) || ["id", "schemas", "meta"].contains(*name);
    match () {
        () if !names.iter().all(|name| held.contains(name)) => fail(expected, held.join(", ")),
        () if held.iter().filter(allowed).count() < held.len() => fail(expected, held.join(", ")),
        () if held.contains(&"meta") => Verdict::Remark("`meta` is shown unasked".to_owned()),
        () if held.contains(&"schemas") => A05.read_as("shown", "`schemas` is shown unasked"),
        () => A05.read_as("left-out", "`schemas` is left out"),
    }
}

fn shows_user_name(said: &Said) -> Verdict {
    expect_at("userName", said.its.user().text("userName"), &said[0])
}

/// A part that was not named; that it is shown all the same is worth a remark.
fn left_out(path: &str, seen: &Exchange) -> Verdict {
    match expect_unassigned(path, seen) {
        Verdict::Fail { .. } if seen.is_success() => {
            Verdict::Remark(format!("`{path}` is shown unasked"))
        }
        verdict => verdict,
    }
}

fn left_out_whole(name: &str, seen: &Exchange) -> Verdict {
    let held = seen.at(&format!("/{name}"));
    all_of([
        expect_status(200, seen),
        require(held.is_none(), &format!("no `{name}`"), shown(&held.unwrap_or_default())),
    ])
}

/// The first answer holds what the second does, but for one attribute.
fn rest_kept(said: &Said, but: &str) -> Verdict {
    let (some, all) = (said[0].json().unwrap_or_default(), said[1].json().unwrap_or_default());
    let mut names = all.as_object().into_iter().flat_map(Map::keys);
    match names.find(|name| *name != but && some.get(name.as_str()).is_none()) {
        Some(name) => fail(format!("`{name}` as in a full read"), "left out as well"),
        None => Verdict::Pass,
    }
}

/// The attributes of a user that are returned on request alone.
fn on_request(schemas: &Exchange) -> Vec<String> {
    let schemas = schemas.list().map(|list| list.resources).unwrap_or_default();
    let user = schemas.iter().find(|schema| schema["id"] == scim::USER);
    let attributes = user.and_then(|schema| schema["attributes"].as_array());
    let asked = attributes.into_iter().flatten().filter(|it| it["returned"] == "request");
    asked.filter_map(|it| it["name"].as_str().map(str::to_owned)).collect()
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

    fn user(body: Value) -> Answer {
        let mut body = body;
        body["id"] = json!("user-0");
        answer(200, &body)
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let (name, full) =
            ("m.kim@example.com", json!({"givenName": "Delta", "familyName": "Grant"}));
        let emails = json!([{"type": "work", "value": "a"}]);
        let named = || user(json!({"userName": name}));
        let more = || user(json!({"userName": name, "title": "a", "emails": emails}));
        let given = || user(json!({"name": {"givenName": "Delta"}}));
        let whole = || user(json!({"name": full}));
        let bare = || user(json!({}));
        let schemas = json!([{"name": "secret", "returned": "request"}]);
        let schemas = || list(&[json!({"id": scim::USER, "attributes": schemas})]);
        let made = || answer(201, &json!({"id": "user-0"}));
        let both = || user(json!({"userName": name, "emails": emails}));
        vec![
            canary("proj-attributes", [named()], [more()]),
            canary("proj-attributes-list", [both()], [named()]),
            canary("proj-always-kept", [named()], [answer(200, &json!({"userName": name}))]),
            canary("proj-subattr", [given()], [bare()]),
            canary("proj-mv-subattr", [both()], [bare()]),
            canary("proj-parent-gives-all", [whole()], [bare()]),
            canary("proj-ci", [named()], [bare()]),
            canary("proj-urn", [named()], [bare()]),
            canary("proj-extension-whole", [bare()], [error(500, "")]),
            canary("proj-unknown", [bare()], [more()]),
            canary("proj-never", [made(), bare()], [made(), user(json!({"password": "x"}))]),
            canary("proj-request", [schemas(), bare()], [schemas(), user(json!({"secret": 1}))]),
            canary("proj-excluded", [named(), both()], [bare(), both()]),
            canary("proj-excluded-always", [named()], [answer(200, &json!({"userName": name}))]),
            canary("proj-excluded-subattr", [given()], [whole()]),
            canary("proj-excluded-ci", [named()], [both()]),
            canary("proj-both", [error(400, "")], [error(500, "")]),
            canary("proj-list", [list(&[json!({"id": "user-0", "userName": name})])], [of([0])]),
            canary("proj-put", [more()], [bare()]),
            canary(
                "proj-does-not-filter-storage",
                [both(), named(), both()],
                [both(), named(), named()],
            ),
            canary("proj-filter-on-unreturned", [of([0])], [of([])]),
        ]
    }
}
