//! `/ResourceTypes`: which kinds of resources there are, and where; and filters on discovery.

use serde_json::{Value, json};

use super::check::*;
use super::provider_config::{expect_kept, try_to_change};
use crate::scim;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "rt-list",
        Rfc7644("4"),
        "GET /ResourceTypes answers all types as a ListResponse",
        Probe(the_types, |said| expect_all(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    implied(
        "rt-user-present",
        Rfc7644("3.2"),
        "the User type is listed where users can be created",
        Probe(the_types, |said| {
            let listed = types(&said[0]).iter().any(|it| it["schema"] == scim::USER);
            require(listed, &format!("a type of schema {}", scim::USER), "none")
        }),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes, User]),
    on_types(
        "rt-required-members",
        "6",
        "each resource type has name, endpoint and schema",
        Probe(the_types, |said| {
            each(said, |one| {
                let lacking = ["name", "endpoint", "schema"]
                    .into_iter()
                    .find(|name| one[*name].as_str().is_none_or(str::is_empty));
                match lacking {
                    None => Verdict::Pass,
                    Some(name) => fail(format!("a `{name}`"), shown(&one[name])),
                }
            })
        }),
    ),
    on_types(
        "rt-schemas-urn",
        "6",
        "each resource type names its own schema",
        Probe(the_types, |said| {
            each(said, |one| {
                let urns = one["schemas"].as_array().map_or(&[][..], Vec::as_slice);
                let named = urns.iter().any(|urn| urn == scim::RESOURCE_TYPE);
                require(named, scim::RESOURCE_TYPE, shown(&one["schemas"]))
            })
        }),
    ),
    implied(
        "rt-endpoint-relative",
        Rfc7643("6"),
        "the endpoint of a resource type is relative to the base URL",
        Probe(the_types, |said| {
            each(said, |one| {
                let endpoint = one["endpoint"].as_str().unwrap_or_default();
                let reading = if endpoint.starts_with('/') { "slash" } else { "bare" };
                let relative = require(!endpoint.contains("://"), "such as /Users", endpoint);
                all_of([relative, A03.read_as(reading, endpoint)])
            })
        }),
    )
    .reads(&[A03])
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    implied(
        "rt-endpoint-live",
        Rfc7643("6"),
        "the endpoint of every resource type answers",
        Dialogue(
            |_, said| match said {
                [] => Some(Request::get("/ResourceTypes")),
                [listed, asked @ ..] => {
                    let endpoint = endpoints(listed).into_iter().nth(asked.len())?;
                    Some(Request::get(format!("{endpoint}?count=1")))
                }
            },
            |said| {
                worst(said.exchanges.iter().skip(1).map(|seen| match seen.status() {
                    200 => Verdict::Pass,
                    400..=403 => Verdict::Remark(format!("answered {}", seen.told())),
                    _ => fail("status 200", seen.told()),
                }))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    // A plural may be irregular, which the RFC says itself: a note, although it says SHOULD.
    implied(
        "rt-endpoint-plural",
        Rfc7644("3.2"),
        "the endpoint of a resource type is its name with an s",
        Probe(the_types, |said| {
            each(said, |one| {
                let plural = format!("{}s", one["name"].as_str().unwrap_or_default());
                let endpoint = one["endpoint"].as_str().unwrap_or_default();
                expect("endpoint", plural, endpoint.trim_matches('/'))
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    must(
        "rt-get-one",
        Rfc7644("4"),
        "a resource type can be read by itself and is the one that the list shows",
        Dialogue(
            |_, said| match said {
                [] => Some(Request::get("/ResourceTypes")),
                [listed, asked @ ..] => {
                    let one = types(listed).into_iter().take(TYPES_MAX).nth(asked.len())?;
                    let key = one["id"].as_str().or(one["name"].as_str())?.to_owned();
                    Some(Request::get(format!("/ResourceTypes/{}", encoded(&key))))
                }
            },
            |said| {
                let pairs = types(&said[0]).into_iter().zip(said.exchanges.iter().skip(1));
                worst(pairs.map(|(one, seen)| {
                    let body = seen.json().unwrap_or_default();
                    if !seen.is_success() || body["name"] != one["name"] {
                        return fail(format!("the type {}", shown(&one["name"])), seen.told());
                    }
                    match body == one {
                        true => Verdict::Pass,
                        false => Verdict::Remark("a type by itself differs from the list's".into()),
                    }
                }))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    should(
        "rt-get-unknown",
        Rfc7644("3.12"),
        "an unknown resource type is answered 404",
        Probe(|_| vec![Request::get("/ResourceTypes/HarnessNope")], |said| unknown(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    must(
        "rt-schema-resolvable",
        Rfc7643("6"),
        "the schema of a resource type stands in /Schemas",
        Probe(types_and_schemas, |said| {
            each(said, |one| resolvable(one["schema"].as_str().unwrap_or_default(), &said[1]))
        }),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes, Schemas]),
    must(
        "rt-extension-resolvable",
        Rfc7643("6"),
        "every extension of a resource type stands in /Schemas",
        Probe(types_and_schemas, |said| {
            each(said, |one| match &one["schemaExtensions"] {
                Value::Null => Verdict::NotApplicable,
                Value::Array(extensions) => worst(extensions.iter().map(|extension| {
                    resolvable(extension["schema"].as_str().unwrap_or_default(), &said[1])
                })),
                other => fail("`schemaExtensions` an array", shown(other)),
            })
        }),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes, Schemas]),
    on_types(
        "rt-extension-required-flag",
        "6",
        "every extension of a resource type says whether it is required",
        Probe(the_types, |said| {
            each(said, |one| {
                worst(extensions(one).iter().map(|extension| {
                    let flag = &extension["required"];
                    require(flag.is_boolean(), "`required` true or false", shown(flag))
                }))
            })
        }),
    ),
    must(
        "rt-extension-required-enforced",
        Rfc7643("6"),
        "a user without an extension that its type requires is refused",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/ResourceTypes")),
                [listed] if !required_of_users(listed).is_empty() => {
                    Some(create_user(&its.bare_user(0)))
                }
                _ => None,
            },
            |said| {
                let required = required_of_users(&said[0]);
                match said.exchanges.get(1) {
                    None => Verdict::NotApplicable,
                    Some(made) if !made.is_success() => Verdict::Pass,
                    // The sample of RFC 7643 marks it as required, and many copied the sample.
                    Some(_) if required == [scim::ENTERPRISE_USER] => Verdict::Remark(
                        "the enterprise extension is called required and is not".to_owned(),
                    ),
                    Some(made) => fail(format!("{} wanted", required.join(", ")), made.told()),
                }
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes, User]),
    must(
        "rt-name-equals-meta",
        Rfc7643("6"),
        "`meta.resourceType` of a resource is its type's name",
        Probe(
            |its| {
                let group = create_group(&its.new_group(0));
                vec![Request::get("/ResourceTypes"), get(its.user()), group]
            },
            |said| {
                let user = said[1].json().unwrap_or_default();
                let group = said[2].json().filter(|_| said[2].is_success());
                all_of([
                    expect_type(scim::USER, &user, &said[0]),
                    expect_type(scim::GROUP, &group.unwrap_or_default(), &said[0]),
                ])
            },
        ),
    )
    .needs(&[ResourceTypes, User]),
    must(
        "rt-page-ignored",
        Rfc7644("4"),
        "parameters of paging and sorting mean nothing to /ResourceTypes",
        Probe(|_| unpaged("/ResourceTypes"), expect_unpaged),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    must(
        "rt-readonly",
        Rfc7643("6"),
        "a resource type cannot be changed",
        Dialogue(
            |its, said| try_to_change("/ResourceTypes/User", "description", its, said),
            |said| match said[0].is_success() {
                true => expect_kept("description", said),
                false => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes])
    .risk(Risk::TenantData),
    implied(
        "rt-meta",
        Rfc7643("3.1"),
        "`meta` of a resource type leads back to it",
        Dialogue(
            |_, said| match said {
                [] => Some(Request::get("/ResourceTypes")),
                [listed, asked @ ..] => {
                    let one = types(listed).into_iter().take(TYPES_MAX).nth(asked.len())?;
                    Some(Request::get(location_of(&one).unwrap_or("/ResourceTypes/unnamed".into())))
                }
            },
            |said| {
                let pairs = types(&said[0]).into_iter().zip(said.exchanges.iter().skip(1));
                worst(pairs.filter(|(one, _)| one.get("meta").is_some()).map(|(one, seen)| {
                    let resolves = seen.at("/name").as_ref() == one.get("name");
                    let kind = one["meta"]["resourceType"].as_str().unwrap_or("ResourceType");
                    all_of([
                        expect("meta.resourceType", "ResourceType", kind),
                        require(resolves, "its location to lead to it", shown(&one["meta"])),
                    ])
                }))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[ResourceTypes]),
    should(
        "disc-filter-403",
        Rfc7644("4"),
        "a filter on discovery is refused with 403, so that nobody trusts it",
        Probe(
            |_| vec![find("/Schemas", &equals("id", "urn:x:none"))],
            |said| match said[0].status() {
                403 => A04.read_as("refuses", said[0].told()),
                // The same passage says that filters are ignored.
                200..=499 => {
                    let told = format!("a filter on /Schemas is answered {}", said[0].status());
                    A04.read_as("passes-over", told)
                }
                _ => fail("status 403", said[0].told()),
            },
        ),
    )
    .reads(&[A04])
    .on(Setting::Nothing)
    .needs(&[Schemas]),
];

/// A MUST of the resource types themselves, from RFC 7643.
const fn on_types(
    id: &'static str,
    section: &'static str,
    sentence: &'static str,
    judge: Judge,
) -> Check {
    must(id, Rfc7643(section), sentence, judge).on(Setting::Nothing).needs(&[ResourceTypes])
}

/// Most types that are read one by one.
const TYPES_MAX: usize = 10;

fn the_types(_: &Fixture) -> Vec<Request> {
    vec![Request::get("/ResourceTypes")]
}

fn types_and_schemas(_: &Fixture) -> Vec<Request> {
    vec![Request::get("/ResourceTypes"), Request::get("/Schemas")]
}

/// The entries of a list, also of a bare array, which `rt-list` and `schema-list` tell.
pub(super) fn types(seen: &Exchange) -> Vec<Value> {
    match seen.json() {
        Some(Value::Array(entries)) => entries,
        Some(mut body) => match body["Resources"].take() {
            Value::Array(entries) => entries,
            _ => Vec::new(),
        },
        None => Vec::new(),
    }
}

fn each(said: &Said, judge: impl Fn(&Value) -> Verdict) -> Verdict {
    worst(types(&said[0]).iter().map(judge))
}

fn extensions(one: &Value) -> &[Value] {
    one["schemaExtensions"].as_array().map_or(&[][..], Vec::as_slice)
}

/// A list that holds all that it counts.
pub(super) fn expect_all(seen: &Exchange) -> Verdict {
    match seen.list() {
        _ if !seen.is_success() => fail("status 200", seen.told()),
        Err(why) => fail("a ListResponse", why),
        Ok(list) => {
            let total = list.total_results;
            expect("entries in Resources:", total, list.resources.len())
        }
    }
}

/// The endpoints as targets, whether or not they begin with a slash.
fn endpoints(listed: &Exchange) -> Vec<String> {
    let text = |one: &Value| Some(one["endpoint"].as_str()?.trim_matches('/').to_owned());
    let relative = |endpoint: &String| !endpoint.is_empty() && !endpoint.contains(['?', ':']);
    let all = types(listed);
    let all = all.iter().filter_map(text).filter(relative).take(TYPES_MAX);
    all.map(|endpoint| format!("/{endpoint}")).collect()
}

fn required_of_users(listed: &Exchange) -> Vec<String> {
    let all = types(listed);
    let users = all.iter().filter(|it| it["schema"] == scim::USER);
    let required = users.flat_map(extensions).filter(|it| it["required"] == true);
    required.filter_map(|it| it["schema"].as_str().map(str::to_owned)).collect()
}

/// Whether an URN is the id of a schema; another case of letters is worth a remark.
pub(super) fn resolvable(urn: &str, schemas: &Exchange) -> Verdict {
    let listed = types(schemas);
    let ids: Vec<&str> = listed.iter().filter_map(|schema| schema["id"].as_str()).collect();
    if ids.contains(&urn) {
        Verdict::Pass
    } else if ids.iter().any(|id| id.eq_ignore_ascii_case(urn)) {
        Verdict::Remark(format!("/Schemas spells {urn} in another case"))
    } else {
        fail(format!("{urn} in /Schemas"), format!("{}", json!(ids)))
    }
}

/// Expects `meta.resourceType` of a resource to be the name of the type of that schema.
fn expect_type(urn: &str, resource: &Value, listed: &Exchange) -> Verdict {
    let all = types(listed);
    let named = all.iter().find(|it| it["schema"] == urn).and_then(|it| it["name"].as_str());
    match (named, resource["meta"]["resourceType"].as_str()) {
        (Some(name), Some(given)) => expect("meta.resourceType", name, given),
        _ => Verdict::NotApplicable,
    }
}

/// A target as it is and with parameters of a page.
pub(super) fn unpaged(target: &str) -> Vec<Request> {
    let bent = format!("{target}?startIndex=2&count=1&sortBy=name");
    vec![Request::get(target), Request::get(bent)]
}

pub(super) fn expect_unpaged(said: &Said) -> Verdict {
    let (all, bent) = (types(&said[0]).len(), types(&said[1]).len());
    all_of([expect_status(200, &said[1]), expect("entries in Resources:", all, bent)])
}

/// 404 for what discovery does not know.
pub(super) fn unknown(seen: &Exchange) -> Verdict {
    match seen.status() {
        404 => Verdict::Pass,
        400..=499 => Verdict::Remark(format!("answered {} instead of 404", seen.status())),
        _ => fail("status 404", seen.told()),
    }
}

/// The target below the Tenant URL that `meta.location` of a type names.
fn location_of(one: &Value) -> Option<String> {
    let (_, key) = one["meta"]["location"].as_str()?.rsplit_once("/ResourceTypes/")?;
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._~%:".contains(c);
    key.chars().all(harmless).then(|| format!("/ResourceTypes/{key}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn whole() -> Value {
        json!({
            "schemas": [scim::RESOURCE_TYPE],
            "id": "User",
            "name": "User",
            "description": "people",
            "endpoint": "/Users",
            "schema": scim::USER,
            "schemaExtensions": [{"schema": scim::ENTERPRISE_USER, "required": false}],
            "meta": {"resourceType": "ResourceType",
                     "location": "https://example.com/scim/ResourceTypes/User"},
        })
    }

    /// The list of one type, with another value at that pointer.
    fn bent(pointer: &str, value: Value) -> Answer {
        let mut body = whole();
        *body.pointer_mut(pointer).unwrap() = value;
        list(&[body])
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let right = || list(&[whole()]);
        let one = || answer(200, &whole());
        let wrong = |id, pointer: &str, value| canary(id, [right()], [bent(pointer, value)]);
        let urns =
            |urns: &[&str]| list(&urns.iter().map(|urn| json!({"id": urn})).collect::<Vec<_>>());
        let both = || urns(&[scim::USER, scim::ENTERPRISE_USER]);
        let flag = "/schemaExtensions/0/required";
        let extended =
            || bent("/schemaExtensions", json!([{"schema": "urn:x:badge", "required": true}]));
        let user = |kind: &str| answer(201, &json!({"id": "1", "meta": {"resourceType": kind}}));
        let described = |text: &str| answer(200, &json!({"description": text}));
        let two = || list(&[whole(), whole()]);
        let cut = answer(
            200,
            &json!({"schemas": [scim::LIST_RESPONSE], "totalResults": 2, "Resources": [{}]}),
        );
        let no = || error(405, "");
        vec![
            canary("rt-list", [right()], [cut]),
            wrong("rt-user-present", "/schema", json!("urn:x:person")),
            wrong("rt-required-members", "/endpoint", json!("")),
            wrong("rt-schemas-urn", "/schemas", json!([scim::USER])),
            wrong("rt-endpoint-relative", "/endpoint", json!("https://elsewhere/Users")),
            canary("rt-endpoint-live", [right(), list(&[])], [right(), error(404, "")]),
            wrong("rt-endpoint-plural", "/endpoint", json!("/People")),
            canary("rt-get-one", [right(), one()], [right(), right()]),
            canary("rt-get-unknown", [error(404, "")], [one()]),
            canary("rt-schema-resolvable", [right(), both()], [right(), urns(&[])]),
            canary("rt-extension-resolvable", [right(), both()], [right(), urns(&[scim::USER])]),
            wrong("rt-extension-required-flag", flag, Value::Null),
            canary(
                "rt-extension-required-enforced",
                [extended(), error(400, "invalidValue")],
                [extended(), user("User")],
            ),
            canary(
                "rt-name-equals-meta",
                [right(), user("User"), error(404, "")],
                [right(), user("Users"), error(404, "")],
            ),
            canary("rt-page-ignored", [two()], [two(), right()]),
            canary(
                "rt-readonly",
                [described("people"), no(), no(), described("people")],
                [described("people"), no(), no(), described("https://example.com/m")],
            ),
            canary("rt-meta", [right(), one()], [right(), error(404, "")]),
            canary("disc-filter-403", [error(403, "")], [error(500, "")]),
        ]
    }

    #[test]
    fn a_location_leads_nowhere_but_to_a_resource_type() {
        let at = |url: &str| location_of(&json!({"meta": {"location": url}}));
        assert_eq!(at("https://a/scim/ResourceTypes/User").unwrap(), "/ResourceTypes/User");
        assert_eq!(at("/scim/ResourceTypes/User").unwrap(), "/ResourceTypes/User");
        assert_eq!(at("https://a/scim/ResourceTypes/../Users"), None);
        assert_eq!(at("https://a/scim/Users"), None);
    }
}
