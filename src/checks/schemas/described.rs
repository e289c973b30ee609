//! Single attributes whose characteristics the RFC fixes, and a comparison with its own tables.
//!
//! A provider may describe itself otherwise than the tables of RFC 7643 §8.7 do: where the text of
//! §4 asks for nothing, a difference is a note.

use serde_json::{Value, json};

use super::{Defined, attributes, the_schemas};
use crate::checks::check::*;
use crate::scim;
use crate::scim::schema::{self, Attribute as Known};

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    implied(
        "schema-username-chars",
        Rfc7643("4.1.1"),
        "userName is required, unique, and pays no regard to case",
        Probe(the_schemas, |said| {
            on_attribute(said, "userName", |it| {
                all_of([
                    characteristic(it, "required", json!(false), &json!(true)),
                    characteristic(it, "caseExact", json!(false), &json!(false)),
                    characteristic(it, "mutability", json!("readWrite"), &json!("readWrite")),
                    characteristic(it, "uniqueness", json!("none"), &json!("server")),
                ])
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    must(
        "schema-password-chars",
        Rfc7643("4.1.1"),
        "a password can be written and is never returned",
        Probe(the_schemas, |said| {
            on_attribute(said, "password", |it| {
                all_of([
                    characteristic(it, "mutability", json!("readWrite"), &json!("writeOnly")),
                    characteristic(it, "returned", json!("default"), &json!("never")),
                ])
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    must(
        "schema-groups-readonly",
        Rfc7643("4.1.2"),
        "the groups of a user are readOnly, with all their parts",
        Probe(the_schemas, |said| {
            let all = attributes(&said[0]);
            let own = all.iter().filter(|it| is_of(it, "groups"));
            worst(
                own.map(|it| {
                    characteristic(it, "mutability", json!("readWrite"), &json!("readOnly"))
                }),
            )
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    must(
        "schema-group-displayname-required",
        Rfc7643("4.2"),
        "displayName of a group is required",
        Probe(the_schemas, |said| {
            worst(of_groups(said, "displayName").iter().map(|it| match &it.value["required"] {
                // The sample of RFC 7643 says false, and erratum 5368 mends it.
                Value::Bool(true) => Verdict::Pass,
                Value::Bool(false) | Value::Null => {
                    Verdict::Remark("displayName of a group is not called required".to_owned())
                }
                other => fail("`required` true", shown(other)),
            }))
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas, Group]),
    must(
        "schema-members-immutable",
        Rfc7643("4.2"),
        "the parts of a member are immutable",
        Probe(the_schemas, |said| {
            let parts = of_groups(said, "members").into_iter().filter(|it| it.depth == 1);
            worst(parts.map(|it| match it.value["mutability"].as_str() {
                Some("immutable") => Verdict::Pass,
                Some("readWrite") | None => Verdict::Remark(it.with_place("is called readWrite")),
                // What the provider fills in by itself nobody changes either.
                Some("readOnly") if it.value["name"] != "value" => Verdict::Pass,
                Some(other) => fail("`mutability` immutable", it.with_place(other)),
            }))
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas, Group]),
    may(
        "schema-drift-report",
        Rfc7643("8.7.1"),
        "the published schemas are those of the RFC's tables",
        Probe(the_schemas, |said| {
            let differences: Vec<String> = attributes(&said[0]).iter().flat_map(drift).collect();
            require(
                differences.is_empty(),
                "the tables of RFC 7643 with their errata",
                format!("{} differences: {}", differences.len(), differences.join("; ")),
            )
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
];

/// Whether a definition is the User's attribute of that name, or below it.
fn is_of(it: &Defined, name: &str) -> bool {
    let whole = format!("{}:{name}", scim::USER);
    it.place.eq_ignore_ascii_case(&whole)
        || it.place.to_ascii_lowercase().starts_with(&format!("{whole}.").to_ascii_lowercase())
}

/// Judges the User's attribute of that name, where the schema has it.
fn on_attribute(said: &Said, name: &str, judge: impl Fn(&Defined) -> Verdict) -> Verdict {
    let all = attributes(&said[0]);
    worst(all.iter().filter(|it| it.depth == 0 && is_of(it, name)).map(judge))
}

/// The Group's attribute of that name and what is below it.
fn of_groups(said: &Said, name: &str) -> Vec<Defined> {
    let whole = format!("{}:{name}", scim::GROUP);
    let own = |it: &Defined| it.place == whole || it.place.starts_with(&format!("{whole}."));
    attributes(&said[0]).into_iter().filter(own).collect()
}

/// Compares a characteristic; an absent one has its default (RFC 7643 §2.2).
fn characteristic(it: &Defined, name: &str, default: Value, expected: &Value) -> Verdict {
    let given = match &it.value[name] {
        Value::Null => default,
        given => given.clone(),
    };
    let text = |value: &Value| format!("{} `{name}` {}", it.place, shown(value));
    require(given == *expected, &text(expected), text(&given))
}

/// Where a definition differs from the RFC's table of its schema.
fn drift(it: &Defined) -> Vec<String> {
    let Some(known) = table(it) else { return vec![it.with_place("is not in the RFC")] };
    let published = known.to_json();
    // `caseExact` means nothing at a boolean or a complex attribute, `uniqueness` neither.
    let names = ["type", "multiValued", "required", "mutability", "returned"];
    let differs = |name: &&str| {
        let given = &it.value[*name];
        !given.is_null() && *given != published[*name]
    };
    let told = |name: &str| it.with_place(&format!("`{name}` {}", shown(&it.value[name])));
    names.into_iter().filter(differs).map(told).collect()
}

/// The RFC's own definition; those of other schemas count as the same.
fn table(it: &Defined) -> Option<&'static Known> {
    let schemas = [schema::user(), schema::group(), schema::enterprise_user()];
    let path = it.place.strip_prefix(&format!("{}:", it.schema))?;
    let known = schemas.into_iter().find(|schema| schema.id == it.schema);
    let known = known.or_else(|| {
        let service =
            [schema::service_provider_config(), schema::resource_type(), schema::schema()];
        service.into_iter().find(|schema| schema.id == it.schema)
    })?;
    let (first, below) = path.split_once('.').map_or((path, None), |(a, b)| (a, Some(b)));
    let mut here = known.find(first)?;
    for name in below.into_iter().flat_map(|below| below.split('.')) {
        here = here.find(name)?;
    }
    Some(here)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::canary::*;
    use super::super::tests::schemas;
    use super::*;

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let user = |attribute: Value| schemas(scim::USER, &json!([attribute]));
        let group = |attribute: Value| schemas(scim::GROUP, &json!([attribute]));
        let user_name = |case: bool| {
            user(json!({"name": "userName", "type": "string", "required": true,
                        "caseExact": case, "uniqueness": "server"}))
        };
        let password = |returned: &str| {
            user(json!({"name": "password", "mutability": "writeOnly", "returned": returned}))
        };
        let groups = |part: &str| {
            user(json!({"name": "groups", "mutability": "readOnly",
                        "subAttributes": [{"name": "value", "mutability": part}]}))
        };
        let name = |required: Value| group(json!({"name": "displayName", "required": required}));
        let members = |part: &str| {
            group(json!({"name": "members",
                         "subAttributes": [{"name": "value", "mutability": part}]}))
        };
        vec![
            canary("schema-username-chars", [user_name(false)], [user_name(true)]),
            canary("schema-password-chars", [password("never")], [password("default")]),
            canary("schema-groups-readonly", [groups("readOnly")], [groups("readWrite")]),
            canary("schema-group-displayname-required", [name(json!(true))], [name(json!("yes"))]),
            canary("schema-members-immutable", [members("immutable")], [members("writeOnly")]),
            canary(
                "schema-drift-report",
                [user(json!({"name": "title", "type": "string", "multiValued": false}))],
                [user(json!({"name": "title", "type": "string", "multiValued": true}))],
            ),
        ]
    }
}
