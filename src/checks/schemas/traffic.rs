//! Whether resources are what the published schemas say: their URNs, their attributes, their types.
//!
//! Judged on a user and a group that were just made, with every attribute the tenant takes.

use serde_json::Value;

use super::types;
use crate::checks::check::*;
use crate::checks::resource_types::resolvable;
use crate::scim;
use crate::scim::schema;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "schema-covers-types",
        Rfc7643("7"),
        "every URN that a resource names in `schemas` stands in /Schemas",
        Probe(schemas_and_user, |said| {
            worst(resources(said).iter().flat_map(urns).map(|urn| resolvable(&urn, &said[0])))
        }),
    )
    .needs(&[Schemas, User]),
    implied(
        "schema-matches-traffic",
        Rfc7643("7"),
        "resources show no attribute that their schemas do not define",
        Probe(schemas_and_user, |said| {
            each_value(said, |it| match it.definition {
                Some(_) => Verdict::Pass,
                None => fail("declared attributes alone", format!("`{}`", it.place)),
            })
        }),
    )
    .needs(&[Schemas, User]),
    must(
        "schema-matches-types",
        Rfc7643("2.3"),
        "values have the JSON type that their definition says",
        Probe(schemas_and_user, |said| {
            each_value(said, |it| match it.definition {
                Some(definition) => expect_type(&it.place, definition, it.value),
                None => Verdict::NotApplicable,
            })
        }),
    )
    .needs(&[Schemas, User]),
    implied(
        "type-decimal",
        Rfc7643("2.3.3"),
        "where a schema has decimals, their values are JSON numbers",
        Probe(schemas_and_user, |said| {
            each_value(said, |it| match it.definition {
                Some(definition) if definition["type"] == "decimal" => {
                    expect_type(&it.place, definition, it.value)
                }
                _ => Verdict::NotApplicable,
            })
        }),
    )
    .needs(&[Schemas, User]),
];

fn schemas_and_user(its: &Fixture) -> Vec<Request> {
    vec![Request::get("/Schemas"), get(its.user()), create_group(&its.new_group(0))]
}

/// The user, and a group where there are any.
fn resources(said: &Said) -> Vec<Value> {
    let made = [&said[1], &said[2]].into_iter().filter(|seen| seen.is_success());
    made.filter_map(Exchange::json).collect()
}

fn urns(resource: &Value) -> Vec<String> {
    let named = resource["schemas"].as_array().into_iter().flatten();
    let urns = named.filter_map(|urn| urn.as_str().map(str::to_owned));
    // A URN that Microsoft's sample puts there, and some servers keep.
    urns.filter(|urn| urn != scim::MICROSOFT_GROUP).collect()
}

/// A value of a resource with its definition, where it has one.
struct Held<'a> {
    place: String,
    definition: Option<&'a Value>,
    value: &'a Value,
}

/// Judges every assigned value of the resources, one level of sub-attributes included. Common
/// attributes belong to no schema and are left out.
fn each_value(said: &Said, judge: impl Fn(&Held<'_>) -> Verdict) -> Verdict {
    let schemas = types(&said[0]);
    let mut verdicts = Vec::new();
    for resource in resources(said) {
        let Some(base) = base_of(&schemas, &resource) else { continue };
        for (name, value) in resource.as_object().into_iter().flatten() {
            if is_unassigned(value) || schema::find(schema::common(), name).is_some() {
                continue;
            }
            if let Some(extension) = extension_of(&schemas, name) {
                verdicts.extend(each_member(name, &extension["attributes"], value, &judge));
                continue;
            }
            let definition = defined(&base["attributes"], name);
            verdicts.push(judge(&Held { place: name.clone(), definition, value }));
            let parts = definition.map_or(&Value::Null, |it| &it["subAttributes"]);
            verdicts.extend(each_member(name, parts, value, &judge));
        }
    }
    worst(verdicts)
}

/// The members of a complex value, or of each of several, against their definitions.
fn each_member(
    above: &str,
    definitions: &Value,
    value: &Value,
    judge: &impl Fn(&Held<'_>) -> Verdict,
) -> Vec<Verdict> {
    if definitions.as_array().is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    let entries: Vec<&Value> = match value {
        Value::Array(entries) => entries.iter().collect(),
        one => vec![one],
    };
    let members = entries.into_iter().filter_map(Value::as_object).flatten();
    let assigned = members.filter(|(_, value)| !is_unassigned(value));
    let judged = assigned.map(|(name, value)| {
        let definition = defined(definitions, name).or(usual(name));
        judge(&Held { place: format!("{above}.{name}"), definition, value })
    });
    judged.collect()
}

/// The sub-attributes that every multi-valued attribute may have (RFC 7643 §2.4) count as declared.
fn usual(name: &str) -> Option<&'static Value> {
    const NO_MORE_SAID: &Value = &Value::Null;
    matches!(name, "type" | "primary" | "display" | "value" | "$ref").then_some(NO_MORE_SAID)
}

/// The schema of a resource: the first that it names and that is no extension of it.
fn base_of<'a>(schemas: &'a [Value], resource: &Value) -> Option<&'a Value> {
    let bases = [scim::USER, scim::GROUP];
    let urn = urns(resource).into_iter().find(|urn| bases.contains(&urn.as_str()))?;
    schemas.iter().find(|schema| schema["id"] == urn.as_str())
}

fn extension_of<'a>(schemas: &'a [Value], name: &str) -> Option<&'a Value> {
    schemas
        .iter()
        .find(|schema| schema["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(name)))
}

fn defined<'a>(definitions: &'a Value, name: &str) -> Option<&'a Value> {
    let same = |it: &&Value| it["name"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name));
    definitions.as_array()?.iter().find(same)
}

/// Compares the JSON type of a value with the one that its definition gives.
fn expect_type(place: &str, definition: &Value, value: &Value) -> Verdict {
    let many = definition["multiValued"] == true;
    let entries: Vec<&Value> = match value {
        Value::Array(entries) if many => entries.iter().collect(),
        other if many => return fail(format!("`{place}` an array"), shown(other)),
        one => vec![one],
    };
    let kind = definition["type"].as_str().unwrap_or_default();
    worst(entries.into_iter().map(|entry| {
        let right = match kind {
            "string" | "reference" | "dateTime" | "binary" => entry.is_string(),
            "boolean" => entry.is_boolean(),
            "integer" => entry.is_i64() || entry.is_u64(),
            "decimal" => entry.is_number(),
            "complex" => entry.is_object(),
            _ => true,
        };
        require(right, &format!("`{place}` a {kind}"), shown(entry))
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::super::canary::*;
    use super::super::tests::schemas;
    use super::*;

    fn user(change: &Value) -> crate::exchange::Answer {
        let mut body = json!({"schemas": [scim::USER], "id": "user-0", "userName": "a"});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        answer(200, &body)
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let published = || {
            schemas(
                scim::USER,
                &json!([{"name": "userName", "type": "string", "multiValued": false},
                        {"name": "emails", "type": "complex", "multiValued": true,
                         "subAttributes": [{"name": "value", "type": "string"}]},
                        {"name": "share", "type": "decimal", "multiValued": false}]),
            )
        };
        let against = |id, right: Value, wrong: Value| {
            let none = || error(404, "");
            canary(id, [published(), user(&right), none()], [published(), user(&wrong), none()])
        };
        vec![
            against("schema-covers-types", json!({}), json!({"schemas": ["urn:x:other"]})),
            against(
                "schema-matches-traffic",
                json!({"emails": [{"value": "a", "primary": true}]}),
                json!({"emails": [{"value": "a", "verified": true}]}),
            ),
            against(
                "schema-matches-types",
                json!({"emails": [{"value": "a"}]}),
                json!({"emails": [{"value": 7}]}),
            ),
            against("type-decimal", json!({"share": 0.5}), json!({"share": "0.5"})),
        ]
    }

    #[test]
    fn a_single_value_where_an_array_is_due_is_of_another_type() {
        let definition = json!({"type": "string", "multiValued": true});
        let verdict = expect_type("nick", &definition, &json!("a"));
        assert!(matches!(verdict, Verdict::Fail { .. }));
        assert_eq!(expect_type("nick", &definition, &json!(["a", "b"])), Verdict::Pass);
    }
}
