//! How a resource names its schemas, and where what belongs to an extension stands (RFC 7643 §3).
//!
//! Names of attributes and their order are free for a client; what comes back is not. Answers to
//! a projection are not judged (register A05).

use serde_json::{Value, json};

use crate::checks::answers::each_resource;
use crate::checks::check::*;
use crate::checks::steps::*;
use crate::scim;
use crate::scim::message::json_member;

const DEPARTMENT: &str = "enterprise.department";
/// A schema that no tenant knows.
const FOREIGN: &str = "urn:example:params:scim:schemas:scimrig:1.0:Nothing";

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "repr-schemas-base",
        Rfc7643("3.3"),
        "a resource's schemas hold the base schema of its type",
        Every(ANY, |seen| {
            let by_path = if type_of(seen) == "Group" { scim::GROUP } else { scim::USER };
            each_resource(seen, |resource| {
                // A group that is shown among the users is the subject of `id-wrong-type-404`.
                let base = match of_meta(resource, "resourceType").and_then(Value::as_str) {
                    Some("Group") => scim::GROUP,
                    Some("User") => scim::USER,
                    _ => by_path,
                };
                match urns(resource) {
                    Some(urns) => require(urns.contains(&base), base, || format!("{urns:?}")),
                    None => Verdict::NotApplicable,
                }
            })
        }),
    ),
    must(
        "repr-schemas-no-dup",
        Rfc7643("3"),
        "no URN stands twice in schemas",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let Some(mut urns) = urns(resource) else { return Verdict::NotApplicable };
                let all = urns.len();
                urns.sort_unstable();
                urns.dedup();
                let differing = urns.len();
                require(differing == all, "URNs that differ", || format!("{differing} of {all}"))
            })
        }),
    ),
    must(
        "repr-schemas-only-known",
        Rfc7643("3"),
        "schemas hold what the resource type declares, whatever a client put there",
        Dialogue(
            |its, said| match said {
                [] => {
                    let mut body = its.new_user(1);
                    body["schemas"].as_array_mut()?.push(json!(FOREIGN));
                    Some(create_user(&body))
                }
                [_] => Some(Request::get("/ResourceTypes")),
                [_, _] => Some(get(its.user())),
                [made, _, _] => by_id("/Users", made),
                _ => None,
            },
            |said| {
                let known = declared(&said[1]);
                let unknown = |seen: &Exchange| {
                    let body = seen.json().unwrap_or_default();
                    let urns = urns(&body).unwrap_or_default();
                    let stranger = urns.iter().find(|urn| match &known {
                        Some(known) => !known.iter().any(|known| known == *urn),
                        None => **urn == FOREIGN,
                    });
                    stranger.map_or(Verdict::Pass, |urn| {
                        fail("URNs that the resource type declares", *urn)
                    })
                };
                worst(said.exchanges[2..].iter().map(unknown))
            },
        ),
    ),
    must(
        "repr-schemas-order-free",
        Rfc7643("3"),
        "the order of the URNs in schemas has no effect",
        Dialogue(
            |its, said| {
                let urns = json!([scim::ENTERPRISE_USER, scim::USER]);
                create_then_read(&user_with(its, &json!({"schemas": urns})), said)
            },
            |said| when_made(said, |read| expect_at(DEPARTMENT, "Research", read)),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Enterprise]),
    must(
        "repr-ext-listed",
        Rfc7643("3"),
        "an extension whose attributes are returned stands in schemas",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let Some(urns) = urns(resource) else { return Verdict::NotApplicable };
                let members = resource.as_object().into_iter().flatten();
                let unlisted = members
                    .filter(|(name, value)| name.starts_with("urn:") && !is_unassigned(value))
                    .find(|(name, _)| !urns.contains(&name.as_str()));
                match unlisted {
                    Some((name, _)) => fail(format!("{name} in schemas"), format!("{urns:?}")),
                    None => Verdict::Pass,
                }
            })
        }),
    ),
    must(
        "repr-ext-container",
        Rfc7643("3.3"),
        "attributes of an extension stand under its URN and not beside the core ones",
        Probe(
            |its| vec![get(its.user())],
            |said| {
                let body = said[0].json().unwrap_or_default();
                let flat = ["department", "employeeNumber"]
                    .into_iter()
                    .find(|name| body.get(*name).is_some_and(|value| !is_unassigned(value)));
                match (flat, body.get(scim::ENTERPRISE_USER)) {
                    (Some(name), _) => fail("it under the URN", format!("`{name}` at top level")),
                    (None, Some(_)) => Verdict::Pass,
                    (None, None) => Verdict::NotApplicable,
                }
            },
        ),
    ),
    implied(
        "repr-ext-not-in-schemas-in",
        Rfc7643("3"),
        "an extension sent without its URN in schemas is refused, or taken and then listed",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"schemas": [scim::USER]})), said),
            |said| {
                let refused = Verdict::Remark(format!("refused: {}", said[0].told()));
                made_or_refused(said, refused, |read| {
                    let body = read.json().unwrap_or_default();
                    match at(&body, DEPARTMENT) {
                        None => Verdict::Remark("the extension is dropped in silence".to_owned()),
                        Some(_) => require(
                            urns(&body).is_some_and(|urns| urns.contains(&scim::ENTERPRISE_USER)),
                            "the extension's URN in schemas",
                            shown(&body["schemas"]),
                        ),
                    }
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Enterprise]),
    must(
        "repr-attr-names-ci-in",
        Rfc7643("2.1"),
        "names of attributes in a body are read without regard to case",
        Dialogue(
            |its, said| create_then_read(&loud(its), said),
            |said| {
                when_made(said, |read| {
                    all_of([
                        expect_at("userName", said.its.user_name(0), read),
                        expect_at("name.givenName", "Alice", read),
                    ])
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("name")]),
    must(
        "repr-member-order-free",
        Rfc7643("2.3.8"),
        "the order of the members of a body is of no account: schemas may come last",
        Probe(
            |its| {
                let mut body = without(its.new_user(0), &["schemas"]);
                body["schemas"] = its.new_user(0)["schemas"].clone();
                vec![create_user(&body)]
            },
            |said| expect_created(&said[0]),
        ),
    )
    .on(Setting::Nothing),
    implied(
        "repr-unknown-attr",
        Rfc7644("3.1"),
        "an attribute that no schema has is ignored or refused, and never ends in a fault",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"scimrigUnknown": "x"})), said),
            |said| {
                let refused = A06.read_as("refuses", said[0].told());
                made_or_refused(said, refused, |read| match read.at("/scimrigUnknown") {
                    Some(_) => Verdict::Remark("an undeclared attribute is kept".to_owned()),
                    None => all_of([expect_success(read), A06.read_as("passes-over", read.told())]),
                })
            },
        ),
    )
    .reads(&[A06])
    .on(Setting::Nothing),
];

/// The URNs a resource names.
fn urns(resource: &Value) -> Option<Vec<&str>> {
    Some(json_member(resource, "schemas")?.as_array()?.iter().filter_map(Value::as_str).collect())
}

/// The URNs that the resource type of users declares; none where it cannot be read.
fn declared(seen: &Exchange) -> Option<Vec<String>> {
    let list = seen.list().ok()?;
    let users = list.resources.iter().find(|kind| kind["schema"] == scim::USER)?;
    let extensions = users["schemaExtensions"].as_array().cloned().unwrap_or_default();
    let urns = extensions.iter().filter_map(|entry| entry["schema"].as_str());
    Some(urns.chain([scim::USER]).map(str::to_owned).collect())
}

/// A new user whose names of attributes are written in other cases.
fn loud(its: &Fixture) -> Value {
    let body = its.new_user(0);
    let name = json!({"GivenName": "Alice", "FAMILYNAME": "Adams", "Formatted": "Alice Adams"});
    let loud = json!({"USERNAME": body["userName"], "Name": name});
    changed(without(body, &["userName", "name"]), &loud)
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::*;
    use crate::checks::canary::*;

    fn read(body: &Value) -> Exchange {
        exchange(Operation::ReadUser, Request::get("/Users/1"), answer(200, body))
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let user = read(&json!({"schemas": [scim::USER]}));
        let none = || alice(200, &json!({scim::ENTERPRISE_USER: null}));
        let types = || {
            list(&[json!({"schema": scim::USER, "schemaExtensions":
                [{"schema": scim::ENTERPRISE_USER, "required": false}]})])
        };
        let right = || alice(200, &json!({}));
        let made = || alice(201, &json!({}));
        let foreign = || alice(200, &json!({"schemas": [scim::USER, FOREIGN]}));
        let unlisted = || alice(200, &json!({"schemas": [scim::USER]}));
        let bare = read(&json!({"schemas": [scim::USER], scim::ENTERPRISE_USER: {"a": 1}}));
        vec![
            heard(
                "repr-schemas-base",
                user.clone(),
                read(&json!({"schemas": [scim::ENTERPRISE_USER]})),
            ),
            heard(
                "repr-schemas-no-dup",
                user.clone(),
                read(&json!({"schemas": [scim::USER, scim::USER]})),
            ),
            canary(
                "repr-schemas-only-known",
                [made(), types(), right(), right()],
                [made(), types(), right(), foreign()],
            ),
            canary("repr-schemas-order-free", [made(), right()], [made(), none()]),
            heard("repr-ext-listed", user, bare),
            canary("repr-ext-container", [right()], [alice(200, &json!({"department": "R"}))]),
            canary("repr-ext-not-in-schemas-in", [made(), right()], [made(), unlisted()]),
            canary("repr-attr-names-ci-in", [made(), right()], [error(400, "invalidValue")]),
            canary("repr-member-order-free", [made()], [error(400, "invalidSyntax")]),
            canary("repr-unknown-attr", [error(400, "invalidSyntax")], [error(500, "")]),
        ]
    }
}
