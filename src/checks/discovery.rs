//! `/Schemas`, which Entra reads for some applications to fill its mapping editor.
//!
//! Provisioning works without any discovery, so a tenant without it is not judged here.

use serde_json::Value;

use super::check::*;
use super::resource_types::expect_all;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "schema-list",
        Rfc7644("4"),
        "GET /Schemas answers all schemas as a ListResponse",
        Probe(|_| vec![Request::get("/Schemas")], |said| expect_all(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    must(
        "schema-bools-not-null",
        Entra("Develop a SCIM endpoint, schema discovery"),
        "no member of a schema is null, and its flags are booleans",
        Probe(
            |_| vec![Request::get("/Schemas")],
            |said| match said[0].json() {
                Some(body) => flaw(&body, "").map_or(Verdict::Pass, |flaw| {
                    fail("no nulls, and booleans where flags stand", flaw)
                }),
                None => fail("a JSON body", said[0].told()),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    should(
        "entra-schema-has-attrs",
        Entra("gallery validator, Schema_Discoverability_Test"),
        "the attributes that users keep stand in /Schemas",
        Probe(
            |its| vec![Request::get("/Schemas"), get(its.user())],
            |said| {
                let known = attribute_names(&said[0].json().unwrap_or_default());
                let sent = said.its.user().sent.as_object();
                let kept = said[1].json().unwrap_or_default();
                let common = ["schemas", "externalId"];
                let missing: Vec<&str> = sent
                    .into_iter()
                    .flat_map(|sent| sent.keys())
                    .filter(|name| kept.get(name.as_str()).is_some() && !name.starts_with("urn:"))
                    .filter(|name| !common.contains(&name.as_str()))
                    .filter(|name| !known.contains(&name.to_ascii_lowercase()))
                    .map(String::as_str)
                    .collect();
                require(
                    missing.is_empty(),
                    "every kept attribute in /Schemas",
                    format!("missing: {}", missing.join(", ")),
                )
            },
        ),
    )
    .needs(&[Schemas]),
];

/// The first null or mistyped flag in an answer of `/Schemas`, with its place.
fn flaw(value: &Value, place: &str) -> Option<String> {
    match value {
        Value::Null => Some(format!("{place} is null")),
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .find_map(|(number, entry)| flaw(entry, &format!("{place}/{number}"))),
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let place = format!("{place}/{name}");
            let is_flag = matches!(name.as_str(), "multiValued" | "required" | "caseExact");
            if is_flag && !value.is_boolean() {
                return Some(format!("{place} is {value}"));
            }
            flaw(value, &place)
        }),
        _ => None,
    }
}

/// The names of all attributes in an answer of `/Schemas`, in lower case.
fn attribute_names(body: &Value) -> Vec<String> {
    let schemas = body["Resources"].as_array().map_or(&[][..], Vec::as_slice);
    let attributes = schemas.iter().filter_map(|schema| schema["attributes"].as_array()).flatten();
    let names = attributes.filter_map(|attribute| attribute["name"].as_str());
    names.map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let attribute = |name: &str| json!({"name": name, "multiValued": false});
        let all = [
            "userName",
            "active",
            "displayName",
            "emails",
            "name",
            "title",
            "preferredLanguage",
            "addresses",
            "phoneNumbers",
        ]
        .map(attribute);
        let schemas = |attributes: Value| list(&[json!({"attributes": attributes})]);
        let user = answer(200, &json!({"userName": "a", "title": "b"}));
        vec![
            canary("schema-list", [list(&[])], [answer(200, &json!([]))]),
            canary(
                "schema-bools-not-null",
                [schemas(json!(all))],
                [schemas(json!([{"name": "a", "multiValued": "false"}]))],
            ),
            canary(
                "entra-schema-has-attrs",
                [schemas(json!(all)), user.clone()],
                [schemas(json!([{"name": "userName"}])), user],
            ),
        ]
    }

    #[test]
    fn a_null_is_a_flaw_with_its_place() {
        let body = json!({"Resources": [{"description": null}]});
        assert_eq!(flaw(&body, "").unwrap(), "/Resources/0/description is null");
    }
}
