//! `/Schemas`: the list, each schema by itself, and whether what it holds is a schema at all.
//!
//! Three more rows of discovery stand in `discovery.rs`, with what Entra makes of it; the rows
//! about single attributes and about the resources that the schemas describe are in the folder.

mod described;
mod traffic;

use std::collections::BTreeSet;

use serde_json::Value;

use super::check::*;
use super::provider_config::{expect_kept, try_to_change};
use super::resource_types::{expect_unpaged, types, unknown, unpaged};
use crate::scim;

/// What a Schema resource is.
pub(super) const CHECKS: &[Check] = &[
    must(
        "schema-page-ignored",
        Rfc7644("4"),
        "parameters of paging and sorting mean nothing to /Schemas",
        Probe(|_| unpaged("/Schemas"), expect_unpaged),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    must(
        "schema-get-one",
        Rfc7644("4"),
        "a schema can be read by its URN",
        Dialogue(
            |_, said| match said {
                [] => Some(Request::get("/Schemas")),
                [listed, asked @ ..] => {
                    let urns = urns(listed);
                    let urn = urns.get(asked.len() / 2)?;
                    let raw = asked.len() % 2 == 0;
                    let segment = if raw { with_colons(urn) } else { encoded(urn) };
                    Some(Request::get(format!("/Schemas/{segment}")))
                }
            },
            |said| {
                let urns = urns(&said[0]);
                let asked = said.exchanges.get(1..).unwrap_or_default();
                worst(urns.iter().zip(asked.chunks(2)).map(|(urn, asked)| read_both(urn, asked)))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    should(
        "schema-get-unknown",
        Rfc7644("3.12"),
        "an unknown schema is answered 404",
        Probe(|_| vec![Request::get("/Schemas/urn:x:none")], |said| unknown(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    on_schemas(
        "schema-resource-shape",
        "every schema has an id, which is a URI, and attributes",
        Probe(the_schemas, |said| {
            worst(types(&said[0]).iter().map(|schema| {
                let id = schema["id"].as_str().unwrap_or_default();
                let attributes = &schema["attributes"];
                let named = schema["schemas"].as_array().map_or(&[][..], Vec::as_slice);
                all_of([
                    require(id.contains(':'), "an `id` that is a URI", shown(&schema["id"])),
                    require(attributes.is_array(), "`attributes` an array", shown(attributes)),
                    // The RFC's own samples forget it (erratum 8417).
                    remark_unless(named.iter().any(|urn| urn == scim::SCHEMA), || {
                        format!("{id} does not name the URN of schemas in `schemas`")
                    }),
                ])
            }))
        }),
    ),
    must(
        "schema-no-message-urns",
        Rfc7644("3.1"),
        "URNs of messages are not listed as schemas",
        Probe(the_schemas, |said| {
            let listed = types(&said[0]);
            let ids = listed.iter().filter_map(|schema| schema["id"].as_str());
            worst(ids.map(|id| {
                require(!id.starts_with("urn:ietf:params:scim:api:"), "schemas alone", id)
            }))
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    on_schemas(
        "schema-attr-members",
        "every attribute says its name, its type and whether it has several values",
        Probe(the_schemas, |said| {
            each_attribute(said, |it| {
                let text =
                    |name: &str| it.value[name].as_str().is_some_and(|text| !text.is_empty());
                let whole = text("name") && text("type") && it.value["multiValued"].is_boolean();
                require(whole, "name, type and multiValued", it.with_place(""))
            })
        }),
    ),
    on_schemas(
        "schema-attr-type-values",
        "the type of an attribute is one of the eight that there are",
        Probe(the_schemas, |said| each_attribute(said, |it| one_of(it, "type", &TYPES))),
    ),
    on_schemas(
        "schema-keyword-values",
        "mutability, returned and uniqueness are spelled as the RFC spells them",
        Probe(the_schemas, |said| {
            each_attribute(said, |it| {
                all_of([
                    one_of(it, "mutability", &["readOnly", "readWrite", "immutable", "writeOnly"]),
                    one_of(it, "returned", &["always", "never", "default", "request"]),
                    one_of(it, "uniqueness", &["none", "server", "global"]),
                ])
            })
        }),
    ),
    must(
        "schema-attr-name-abnf",
        Rfc7643("2.1"),
        "the name of an attribute begins with a letter, and letters, digits, - and _ follow",
        Probe(the_schemas, |said| {
            each_attribute(said, |it| {
                let name = it.value["name"].as_str().unwrap_or_default();
                require(name.is_empty() || is_name(name), "such a name", it.with_place(""))
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    implied(
        "schema-attr-names-distinct",
        Rfc7643("2.1"),
        "no two names of one schema differ in case alone",
        Probe(the_schemas, |said| {
            let mut known = BTreeSet::new();
            worst(attributes(&said[0]).iter().map(|it| {
                let new = known.insert(it.place.to_ascii_lowercase());
                require(new, "names that differ", it.with_place("again"))
            }))
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    should(
        "schema-complex-subattrs",
        Rfc7643("7"),
        "a complex attribute lists its sub-attributes",
        Probe(the_schemas, |said| {
            each_attribute(said, |it| match it.value["type"].as_str() {
                Some("complex") => {
                    let listed = it.value["subAttributes"].as_array();
                    let some = listed.is_some_and(|listed| !listed.is_empty());
                    // The schema of schemas ends its own recursion somewhere.
                    require(some || it.is_of_schemas(), "subAttributes", it.with_place("none"))
                }
                _ => Verdict::NotApplicable,
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    must(
        "schema-no-nested-complex",
        Rfc7643("2.3.8"),
        "no sub-attribute is complex",
        Probe(the_schemas, |said| {
            each_attribute(said, |it| {
                let nested = it.depth > 0 && it.value["type"] == "complex" && !it.is_of_schemas();
                require(!nested, "a simple sub-attribute", it.with_place("complex"))
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    implied(
        "schema-subattrs-only-complex",
        Rfc7643("7"),
        "none but complex attributes have sub-attributes",
        Probe(the_schemas, |said| {
            each_attribute(said, |it| {
                let parts = !is_unassigned(&it.value["subAttributes"]);
                let complex = it.value["type"] == "complex";
                require(complex || !parts, "no subAttributes", it.with_place("has some"))
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    implied(
        "schema-reftypes",
        Rfc7643("7"),
        "referenceTypes stand at references alone",
        Probe(the_schemas, |said| {
            each_attribute(said, |it| match &it.value["referenceTypes"] {
                kinds if is_unassigned(kinds) => Verdict::NotApplicable,
                kinds => {
                    let texts = kinds.as_array().is_some_and(|it| it.iter().all(Value::is_string));
                    let right = texts && it.value["type"] == "reference";
                    require(right, "an array of texts at a reference", it.with_place(&shown(kinds)))
                }
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Schemas]),
    on_schemas(
        "schema-readonly",
        "a schema cannot be changed",
        Dialogue(
            |its, said| {
                try_to_change(&format!("/Schemas/{}", scim::USER), "description", its, said)
            },
            |said| match said[0].is_success() {
                true => expect_kept("description", said),
                false => Verdict::NotApplicable,
            },
        ),
    )
    .risk(Risk::TenantData),
];

/// What single attributes must be.
pub(super) const DESCRIBED: &[Check] = described::CHECKS;
/// Whether resources are what their schemas say.
pub(super) const TRAFFIC: &[Check] = traffic::CHECKS;

/// A MUST of the schemas themselves.
const fn on_schemas(id: &'static str, sentence: &'static str, judge: Judge) -> Check {
    must(id, Rfc7643("7"), sentence, judge).on(Setting::Nothing).needs(&[Schemas])
}

/// The data types of RFC 7643 §2.3.
const TYPES: [&str; 8] =
    ["string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex"];
/// Most schemas that are read one by one, and how deep definitions are looked into.
const SCHEMAS_MAX: usize = 12;
const DEPTH_MAX: usize = 4;

fn the_schemas(_: &Fixture) -> Vec<Request> {
    vec![Request::get("/Schemas")]
}

/// One definition of an attribute, and where it stands.
struct Defined {
    /// The schema's URN, then the names, with dots.
    place: String,
    schema: String,
    depth: usize,
    value: Value,
}

impl Defined {
    fn with_place(&self, what: &str) -> String {
        format!("{} {what}", self.place).trim_end().to_owned()
    }

    /// Whether it belongs to the schema that describes schemas, which bends its own rules.
    fn is_of_schemas(&self) -> bool {
        self.schema.eq_ignore_ascii_case(scim::SCHEMA)
    }
}

/// Every attribute and sub-attribute of every schema in a list.
fn attributes(seen: &Exchange) -> Vec<Defined> {
    let mut found = Vec::new();
    for schema in types(seen) {
        let id = schema["id"].as_str().unwrap_or("a schema without an id");
        gather(id, id, &schema["attributes"], 0, &mut found);
    }
    found
}

fn gather(schema: &str, above: &str, list: &Value, depth: usize, found: &mut Vec<Defined>) {
    for value in list.as_array().into_iter().flatten() {
        let name = value["name"].as_str().unwrap_or("(no name)");
        let place = format!("{above}{}{name}", if depth == 0 { ":" } else { "." });
        if depth < DEPTH_MAX {
            gather(schema, &place, &value["subAttributes"], depth + 1, found);
        }
        found.push(Defined { place, schema: schema.to_owned(), depth, value: value.clone() });
    }
}

fn each_attribute(said: &Said, judge: impl Fn(&Defined) -> Verdict) -> Verdict {
    worst(attributes(&said[0]).iter().map(judge))
}

/// Where the keyword is given, it is one of these.
fn one_of(it: &Defined, keyword: &str, words: &[&str]) -> Verdict {
    match &it.value[keyword] {
        Value::Null => Verdict::NotApplicable,
        given => {
            let known = given.as_str().is_some_and(|word| words.contains(&word));
            let expected = format!("`{keyword}` one of {}", words.join(", "));
            require(known, &expected, it.with_place(&shown(given)))
        }
    }
}

/// ATTRNAME of RFC 7643 §2.1, with `$ref`, which the grammar forgets (erratum 8924).
fn is_name(name: &str) -> bool {
    let follows = |c: char| c.is_ascii_alphanumeric() || "$-_".contains(c);
    name == "$ref"
        || (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(follows))
}

fn remark_unless(holds: bool, what: impl Fn() -> String) -> Verdict {
    if holds { Verdict::Pass } else { Verdict::Remark(what()) }
}

fn urns(listed: &Exchange) -> Vec<String> {
    let listed = types(listed);
    let urns = listed.iter().filter_map(|schema| schema["id"].as_str().map(str::to_owned));
    urns.take(SCHEMAS_MAX).collect()
}

/// An URN as a path segment that keeps its colons, as RFC 3986 §3.3 allows.
fn with_colons(urn: &str) -> String {
    encoded(urn).replace("%3A", ":")
}

/// The schema of that URN under both spellings; only the encoded one may fail, with a remark.
fn read_both(urn: &str, asked: &[Exchange]) -> Verdict {
    let mut verdicts = asked.iter().map(|seen| {
        let given = seen.at("/id").unwrap_or_default();
        let same = given.as_str().is_some_and(|id| id.eq_ignore_ascii_case(urn));
        require(seen.is_success() && same, &format!("the schema {urn}"), seen.told())
    });
    let raw = verdicts.next().unwrap_or(Verdict::NotApplicable);
    match verdicts.next() {
        Some(Verdict::Fail { .. }) => {
            let why = "a schema is not found when the colons of its URN are encoded";
            all_of([raw, Verdict::Remark(why.to_owned())])
        }
        _ => raw,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &own());
        sing(DESCRIBED, &described::tests::canaries());
        sing(TRAFFIC, &traffic::tests::canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let mut all = own();
        all.extend(described::tests::canaries());
        all.extend(traffic::tests::canaries());
        all
    }

    /// A list of one schema with these attributes.
    pub(super) fn schemas(urn: &str, attributes: &Value) -> Answer {
        list(&[json!({"schemas": [scim::SCHEMA], "id": urn, "attributes": attributes})])
    }

    fn one(change: &Value) -> Answer {
        let mut attribute = json!({"name": "title", "type": "string", "multiValued": false,
                                   "mutability": "readWrite"});
        for (name, value) in change.as_object().unwrap() {
            attribute[name] = value.clone();
        }
        schemas(scim::USER, &json!([attribute]))
    }

    fn own() -> Vec<Canary> {
        let right = || one(&json!({}));
        let wrong = |id, change: Value| canary(id, [right()], [one(&change)]);
        let part = |kind: &str| json!({"name": "a", "type": kind, "multiValued": false});
        let complex = |parts: Value| one(&json!({"type": "complex", "subAttributes": parts}));
        let alone = || answer(200, &json!({"id": scim::USER, "description": "people"}));
        let twice = schemas(
            scim::USER,
            &json!([{"name": "title", "type": "string"}, {"name": "Title", "type": "string"}]),
        );
        let two = || list(&[json!({}), json!({})]);
        let no = || error(405, "");
        vec![
            canary("schema-page-ignored", [two()], [two(), right()]),
            canary("schema-get-one", [right(), alone()], [right(), error(404, "")]),
            canary("schema-get-unknown", [error(404, "")], [right()]),
            canary("schema-resource-shape", [right()], [list(&[json!({"id": scim::USER})])]),
            canary("schema-no-message-urns", [right()], [schemas(scim::LIST_RESPONSE, &json!([]))]),
            wrong("schema-attr-members", json!({"multiValued": null})),
            wrong("schema-attr-type-values", json!({"type": "text"})),
            wrong("schema-keyword-values", json!({"mutability": "readwrite"})),
            wrong("schema-attr-name-abnf", json!({"name": "2nd name"})),
            canary("schema-attr-names-distinct", [right()], [twice]),
            canary(
                "schema-complex-subattrs",
                [complex(json!([part("string")]))],
                [complex(json!([]))],
            ),
            canary(
                "schema-no-nested-complex",
                [complex(json!([part("string")]))],
                [complex(json!([part("complex")]))],
            ),
            wrong("schema-subattrs-only-complex", json!({"subAttributes": [part("string")]})),
            canary(
                "schema-reftypes",
                [one(&json!({"type": "reference", "referenceTypes": ["User"]}))],
                [one(&json!({"referenceTypes": ["User"]}))],
            ),
            canary(
                "schema-readonly",
                [alone(), no(), no(), alone()],
                [alone(), no(), no(), answer(200, &json!({"description": "changed"}))],
            ),
        ]
    }

    #[test]
    fn encoded_colons_that_are_not_understood_are_a_remark() {
        let check = super::super::find("schema-get-one").unwrap();
        let alone = answer(200, &json!({"id": scim::USER}));
        let said = Evidence::Answers(vec![one(&json!({})), alone, error(404, "")]);
        assert!(matches!(judged(check, &said), Verdict::Remark(_)));
    }
}
