//! The enterprise extension of a user (RFC 7643 §4.3): its attributes, and paths that name it.
//!
//! How Entra writes the manager stands in `managers.rs`.

use serde_json::{Value, json};

use super::check::*;
use super::steps::*;
use crate::scim;

const NEEDS: &[Capability] = &[Enterprise];
const PATCHED: &[Capability] = &[Patch, Enterprise];
const MANAGED: &[Capability] = &[Patch, Enterprise, Manager];
const DEPARTMENT: &str = "enterprise.department";
const MANAGER: &str = "enterprise.manager.value";

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    implied(
        "ent-roundtrip",
        Rfc7643("4.3"),
        "all five texts of the extension come back",
        Dialogue(
            |its, said| {
                create_then_read(&user_with(its, &json!({scim::ENTERPRISE_USER: five()})), said)
            },
            |said| {
                when_made(said, |read| {
                    let held = read.json().unwrap_or_default()[scim::ENTERPRISE_USER].clone();
                    let sent = five();
                    let members = sent.as_object().into_iter().flatten();
                    worst(members.map(|(name, value)| expect_value(name, value, held.get(name))))
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "ent-omit-ok",
        Rfc7643("6"),
        "a user without the extension is taken, where the type does not require it",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/ResourceTypes")),
                [_] => {
                    let core = without(its.new_user(0), &[scim::ENTERPRISE_USER]);
                    Some(create_user(&changed(core, &json!({"schemas": [scim::USER]}))))
                }
                [_, made] => by_id("/Users", made),
                _ => None,
            },
            |said| {
                let kinds = said[0].list().map(|list| list.resources).unwrap_or_default();
                let mut extensions =
                    kinds.iter().filter_map(|kind| kind["schemaExtensions"].as_array());
                if extensions.any(|list| list.iter().any(|entry| entry["required"] == true)) {
                    return Verdict::NotApplicable;
                }
                expect_created(&said[1])
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "ent-listed-but-empty",
        Rfc7643("3"),
        "a user that names the extension and brings none of it is taken",
        Probe(
            |its| vec![create_user(&without(its.new_user(0), &[scim::ENTERPRISE_USER]))],
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("refused: {}", said[0].told())),
                _ => expect_created(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    implied(
        "ent-manager-value",
        Rfc7643("4.3"),
        "a manager given at creation is kept",
        Dialogue(
            |its, said| create_then_read(&managed(its, json!({"value": its.user().id})), said),
            |said| when_made(said, |read| expect_at(MANAGER, said.its.user().id.as_str(), read)),
        ),
    )
    .needs(&[Enterprise, Manager]),
    should(
        "ent-manager-ref",
        Rfc7643("4.3"),
        "the manager's $ref, where there is one, leads to the manager",
        Dialogue(
            |its, said| match said {
                [_, read] => {
                    let link =
                        at(&read.json()?, "enterprise.manager")?["$ref"].as_str()?.to_owned();
                    Some(Request::get(target_of(&link)?))
                }
                _ => create_then_read(&managed(its, json!({"value": its.user().id})), said),
            },
            |said| {
                only_if(said.exchanges.len() > 2, || {
                    let id = said.its.user().id.as_str();
                    all_of([expect_status(200, &said[2]), expect_at("id", id, &said[2])])
                })
            },
        ),
    )
    .needs(&[Enterprise, Manager]),
    must(
        "ent-manager-displayname-ro",
        Rfc7643("4.3"),
        "the manager's displayName is the tenant's to say: a client's text is not kept",
        Dialogue(
            |its, said| {
                let manager = json!({"value": its.user().id, "displayName": "Client's Text"});
                create_then_read(&managed(its, manager), said)
            },
            |said| {
                let refused = Verdict::Remark(format!("refused: {}", said[0].told()));
                made_or_refused(said, refused, |read| {
                    let body = read.json().unwrap_or_default();
                    let held = at(&body, "enterprise.manager.displayName").unwrap_or_default();
                    require(held != "Client's Text", "the tenant's own text", shown(&held))
                })
            },
        ),
    )
    .needs(&[Enterprise, Manager]),
    may(
        "ent-manager-unknown",
        Rfc7643("2.3.7"),
        "a manager that does not exist is kept or refused, not stumbled over",
        Probe(
            |its| vec![create_user(&managed(its, json!({"value": its.absent})))],
            |said| match said[0].status() {
                400 | 404 => Verdict::Pass,
                _ => expect_created(&said[0]),
            },
        ),
    )
    .needs(&[Enterprise, Manager]),
    implied(
        "ent-manager-remove",
        Rfc7644("3.5.2.2"),
        "a manager can be removed",
        Probe(
            |its| {
                let manager = json!({"value": its.users[1].id});
                vec![
                    patch(its.user(), [op("add", &enterprise("manager"), manager)]),
                    patch(its.user(), [remove(&enterprise("manager"))]),
                    get(its.user()),
                ]
            },
            |said| {
                only_if(said[0].is_success(), || {
                    all_of([expect_success(&said[1]), expect_unassigned(MANAGER, &said[2])])
                })
            },
        ),
    )
    .on(Setting::Users(2))
    .needs(MANAGED),
    must(
        "ent-path-urn-sub",
        Rfc7644("3.10"),
        "a path with the URN reaches a sub-attribute",
        Probe(
            |its| {
                let path = enterprise("manager.value");
                let boss = its.users[1].id.as_str();
                vec![patch(its.user(), [op("replace", &path, boss)]), get(its.user())]
            },
            |said| {
                let boss = said.its.users[1].id.as_str();
                all_of([expect_success(&said[0]), expect_at(MANAGER, boss, &said[1])])
            },
        ),
    )
    .on(Setting::Users(2))
    .needs(MANAGED),
    may(
        "ent-path-implicit-schemas",
        Rfc7644("3.5.2"),
        "the first attribute of the extension brings its URN into schemas",
        Dialogue(
            |its, said| match said {
                [] => {
                    let core = without(its.new_user(0), &[scim::ENTERPRISE_USER]);
                    Some(create_user(&changed(core, &json!({"schemas": [scim::USER]}))))
                }
                [made] => {
                    let read = by_id("/Users", made)?;
                    let change = [op("add", &enterprise("department"), "Sales")];
                    let body = scim::message::patch_body(&change);
                    Some(Request::patch(read.target, &body))
                }
                [made, _] => by_id("/Users", made),
                _ => None,
            },
            |said| {
                only_if(said.exchanges.len() > 2 && said[1].is_success(), || {
                    let schemas = said[2].at("/schemas").unwrap_or_default();
                    let listed = schemas
                        .as_array()
                        .is_some_and(|urns| urns.iter().any(|urn| urn == scim::ENTERPRISE_USER));
                    require(listed, "the extension's URN", shown(&schemas))
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(PATCHED),
    implied(
        "ent-nopath-container",
        Rfc7644("3.5.2.1"),
        "a value without a path that holds part of the extension leaves the rest as it was",
        Probe(
            |its| {
                let part = json!({scim::ENTERPRISE_USER: {"department": "Sales"}});
                vec![patch(its.user(), [merge("add", part)]), get(its.user())]
            },
            |said| {
                let body = said[1].json().unwrap_or_default();
                let lost = at(&body, "enterprise.employeeNumber").is_none();
                let lost = match lost {
                    true => A13.read_as("replaces", "the rest of the extension is gone"),
                    false => A13.read_as("merges", "the rest of the extension is there"),
                };
                all_of([expect_success(&said[0]), expect_at(DEPARTMENT, "Sales", &said[1]), lost])
            },
        ),
    )
    .reads(&[A13])
    .needs(PATCHED),
    implied(
        "ent-filter-urn",
        Rfc7644("3.4.2.2"),
        "a filter may name an attribute of the extension",
        Probe(
            |its| {
                let number = at(&its.user().sent, "enterprise.employeeNumber").unwrap_or_default();
                let number = number.as_str().unwrap_or("none").to_owned();
                vec![find("/Users", &equals(&enterprise("employeeNumber"), &number))]
            },
            |said| {
                if said[0].status() == 400 {
                    return Verdict::Remark(format!("refused: {}", said[0].told()));
                }
                let hits = said[0].list().map(|list| list.resources).unwrap_or_default();
                let found = hits.iter().any(|hit| hit["id"] == said.its.user().id.as_str());
                require(found, "the user among the hits", said[0].told())
            },
        ),
    )
    .needs(&[Filter, Enterprise]),
    must(
        "ent-attributes-urn",
        Rfc7644("3.10"),
        "a projection by a full name shows that attribute and not the others",
        Probe(
            |its| {
                let name = encoded(&enterprise("department"));
                vec![Request::get(format!("{}?attributes={name}", its.user().path()))]
            },
            |said| {
                let rest = said[0].json().and_then(|body| at(&body, "enterprise.employeeNumber"));
                all_of([
                    expect_at(DEPARTMENT, "Research", &said[0]),
                    require(rest.is_none(), "department alone", "employeeNumber beside it"),
                ])
            },
        ),
    )
    .needs(NEEDS),
    implied(
        "ent-clear-last",
        Rfc7643("3"),
        "an extension whose values are all removed is empty",
        Probe(
            |its| {
                let nothing =
                    [remove(&enterprise("department")), remove(&enterprise("employeeNumber"))];
                vec![patch(its.user(), nothing), get(its.user())]
            },
            |said| {
                let urns = said[1].at("/schemas").unwrap_or_default();
                let stays =
                    urns.as_array().is_some_and(|it| it.contains(&scim::ENTERPRISE_USER.into()));
                let reading = if stays { "stays" } else { "goes" };
                all_of([
                    expect_success(&said[0]),
                    expect_unassigned("enterprise", &said[1]),
                    A14.read_as(reading, format!("`schemas` {}", shown(&urns))),
                ])
            },
        ),
    )
    .reads(&[A14])
    .needs(PATCHED),
];

fn five() -> Value {
    json!({"employeeNumber": "701984", "costCenter": "4130", "organization": "Universal",
           "division": "Theme Park", "department": "Tour Operations"})
}

/// A second user with that manager.
fn managed(its: &Fixture, manager: Value) -> Value {
    let mut body = its.new_user(1);
    body[scim::ENTERPRISE_USER]["manager"] = manager;
    body
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn extended(extension: &Value) -> Answer {
        alice(200, &json!({scim::ENTERPRISE_USER: extension}))
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let refused = || error(400, "invalidValue");
        let right = || alice(200, &json!({}));
        let under =
            |id: &str| extended(&json!({"manager": {"value": id, "$ref": "../Users/user-0"}}));
        let named =
            extended(&json!({"manager": {"value": "user-0", "displayName": "Client's Text"}}));
        let sales = || extended(&json!({"department": "Sales", "employeeNumber": "1"}));
        let research = extended(&json!({"department": "Research"}));
        let hit = list(&[json!({"id": "user-0"})]);
        vec![
            canary("ent-roundtrip", [made(), extended(&five())], [made(), right()]),
            canary("ent-omit-ok", [list(&[]), made(), right()], [list(&[]), refused()]),
            canary("ent-listed-but-empty", [made()], [error(500, "")]),
            canary("ent-manager-value", [made(), under("user-0")], [made(), right()]),
            canary(
                "ent-manager-ref",
                [made(), under("user-0"), right()],
                [made(), under("user-0"), error(404, "")],
            ),
            canary("ent-manager-displayname-ro", [made(), under("user-0")], [made(), named]),
            canary("ent-manager-unknown", [refused()], [error(500, "")]),
            canary(
                "ent-manager-remove",
                [empty(204), empty(204), right()],
                [empty(204), empty(204), under("user-1")],
            ),
            canary("ent-path-urn-sub", [empty(204), under("user-1")], [refused(), right()]),
            canary(
                "ent-path-implicit-schemas",
                [made(), empty(204), right()],
                [made(), empty(204), alice(200, &json!({"schemas": [scim::USER]}))],
            ),
            canary("ent-nopath-container", [empty(204), sales()], [empty(204), right()]),
            canary("ent-filter-urn", [hit], [list(&[])]),
            canary("ent-attributes-urn", [research], [right()]),
            canary("ent-clear-last", [empty(204), extended(&Value::Null)], [empty(204), right()]),
        ]
    }
}
