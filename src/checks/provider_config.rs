//! `/ServiceProviderConfig`: what a provider says it can do, and whether that is true.
//!
//! Entra never reads it; a tenant without it loses one row here and is spared the rest.

use http::Method;
use serde_json::{Value, json};

use super::check::*;
use crate::scim;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "spc-get",
        Rfc7644("4"),
        "GET /ServiceProviderConfig answers one object, no list",
        Probe(the_config, |said| {
            let object = said[0].json().is_some_and(|body| {
                body.is_object() && body.get("Resources").is_none() && said[0].is_success()
            });
            require(object, "200 with the configuration", said[0].told())
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    on_config(
        "spc-schemas",
        "4",
        "the configuration names its own schema",
        Probe(the_config, |said| {
            let schemas = config(said)["schemas"].clone();
            match schemas.as_array().map_or(&[][..], Vec::as_slice) {
                [urn] if urn == scim::SERVICE_PROVIDER_CONFIG => Verdict::Pass,
                urns if urns.contains(&json!(scim::SERVICE_PROVIDER_CONFIG)) => {
                    Verdict::Remark("`schemas` names others besides".to_owned())
                }
                _ => fail(scim::SERVICE_PROVIDER_CONFIG, shown(&schemas)),
            }
        }),
    ),
    on_config(
        "spc-patch-member",
        "5",
        "the configuration says whether PATCH is supported",
        Probe(the_config, |said| expect_flag(said, "patch")),
    ),
    on_config(
        "spc-bulk-members",
        "5",
        "the configuration says whether bulk is supported, and its limits in any case",
        Probe(the_config, |said| {
            all_of([
                expect_flag(said, "bulk"),
                expect_number(said, "bulk", "maxOperations"),
                expect_number(said, "bulk", "maxPayloadSize"),
            ])
        }),
    ),
    on_config(
        "spc-filter-members",
        "5",
        "the configuration says whether filters are supported, and for how many results",
        Probe(the_config, |said| {
            all_of([expect_flag(said, "filter"), expect_number(said, "filter", "maxResults")])
        }),
    ),
    on_config(
        "spc-changepassword-member",
        "5",
        "the configuration says whether a password can be changed",
        Probe(the_config, |said| expect_flag(said, "changePassword")),
    ),
    on_config(
        "spc-sort-member",
        "5",
        "the configuration says whether sorting is supported",
        Probe(the_config, |said| expect_flag(said, "sort")),
    ),
    on_config(
        "spc-etag-member",
        "5",
        "the configuration says whether ETags are supported",
        Probe(the_config, |said| expect_flag(said, "etag")),
    ),
    on_config(
        "spc-auth-schemes",
        "5",
        "the configuration lists one authentication scheme or more",
        Probe(the_config, |said| {
            let given = shown(&config(said)["authenticationSchemes"]);
            require(!schemes(said).is_empty(), "an array with a scheme", given)
        }),
    ),
    on_config(
        "spc-auth-scheme-shape",
        "5",
        "each authentication scheme has type, name and description",
        Probe(the_config, |said| {
            let lacking = |scheme: &Value| {
                ["type", "name", "description"]
                    .into_iter()
                    .find(|name| scheme[*name].as_str().is_none_or(str::is_empty))
            };
            worst(schemes(said).iter().map(|scheme| match lacking(scheme) {
                None => Verdict::Pass,
                Some(name) => fail(format!("a `{name}` that is not empty"), shown(&scheme[name])),
            }))
        }),
    ),
    implied(
        "spc-auth-scheme-type",
        Rfc7643("5"),
        "the type of an authentication scheme is one of the five that are defined",
        Probe(the_config, |said| {
            worst(
                schemes(said)
                    .iter()
                    .filter_map(|scheme| scheme["type"].as_str())
                    .map(|kind| require(SCHEMES.contains(&kind), &SCHEMES.join(", "), kind)),
            )
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    must(
        "spc-auth-scheme-primary",
        Rfc7643("2.4"),
        "one authentication scheme at most is primary",
        Probe(the_config, |said| {
            let primary = schemes(said).iter().filter(|it| it["primary"] == true).count();
            require(primary <= 1, "one primary scheme at most", primary.to_string())
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    implied(
        "spc-uris",
        Rfc7643("5"),
        "the URIs of the configuration are web addresses",
        Probe(the_config, |said| {
            let config = config(said);
            let places = schemes(said).into_iter().chain([config]);
            let uris = places
                .flat_map(|place| ["documentationUri", "specUri"].map(|name| place[name].clone()));
            worst(uris.filter(|uri| !is_unassigned(uri)).map(|uri| {
                let parsed = uri.as_str().and_then(|text| url::Url::parse(text).ok());
                let web = parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https"));
                require(web, "an http or https URL", shown(&uri))
            }))
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    must(
        "spc-types-json",
        Rfc7643("2.3"),
        "flags and numbers of the configuration are JSON booleans and numbers",
        Probe(the_config, |said| {
            mistyped(&config(said)).map_or(Verdict::Pass, |(right, wrong)| fail(right, wrong))
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    implied(
        "spc-meta",
        Rfc7643("3.1"),
        "`meta` of the configuration does not contradict it",
        Probe(the_config, |said| {
            let meta = config(said)["meta"].clone();
            let right = |name: &str, holds: fn(&str) -> bool| match meta[name].as_str() {
                None => Verdict::NotApplicable,
                Some(given) => require(holds(given), &format!("its own {name}"), given),
            };
            all_of([
                right("resourceType", |given| given == "ServiceProviderConfig"),
                right("location", |given| given.ends_with("/ServiceProviderConfig")),
            ])
        }),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    on_config(
        "spc-readonly",
        "5",
        "the configuration cannot be changed through SCIM",
        Dialogue(
            |its, said| try_to_change("/ServiceProviderConfig", "documentationUri", its, said),
            |said| expect_kept("documentationUri", said),
        ),
    )
    .risk(Risk::TenantData),
    must(
        "spc-query-ignored",
        Rfc7644("4"),
        "parameters of sorting and paging mean nothing to the configuration",
        Probe(
            |_| {
                let bent = "/ServiceProviderConfig?startIndex=5&count=0&sortBy=patch";
                vec![Request::get("/ServiceProviderConfig"), Request::get(bent)]
            },
            |said| all_of([expect_status(200, &said[1]), expect_unchanged(&said[0], &said[1])]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
];

/// A MUST of the configuration itself, from RFC 7643 §5 or where else it stands.
const fn on_config(
    id: &'static str,
    section: &'static str,
    sentence: &'static str,
    judge: Judge,
) -> Check {
    must(id, Rfc7643(section), sentence, judge).on(Setting::Nothing).needs(&[Config])
}

/// The types of authentication schemes that RFC 7643 §5 names.
const SCHEMES: [&str; 5] = ["oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"];

fn the_config(_: &Fixture) -> Vec<Request> {
    vec![Request::get("/ServiceProviderConfig")]
}

fn config(said: &Said) -> Value {
    said[0].json().unwrap_or_default()
}

fn schemes(said: &Said) -> Vec<Value> {
    config(said)["authenticationSchemes"].as_array().cloned().unwrap_or_default()
}

fn expect_flag(said: &Said, name: &str) -> Verdict {
    let given = config(said)[name]["supported"].clone();
    let expected = format!("`{name}.supported` true or false");
    require(given.is_boolean(), &expected, format!("`{name}.supported` {}", shown(&given)))
}

fn expect_number(said: &Said, name: &str, limit: &str) -> Verdict {
    let given = config(said)[name][limit].clone();
    let expected = format!("`{name}.{limit}` a whole number");
    require(given.is_u64(), &expected, format!("`{name}.{limit}` {}", shown(&given)))
}

/// The first flag or number of the configuration that is neither, with what it should be.
fn mistyped(config: &Value) -> Option<(String, String)> {
    config.as_object()?.iter().find_map(|(name, place)| match place {
        Value::Array(entries) => entries.iter().find_map(|entry| {
            let primary = entry.get("primary").filter(|it| !it.is_boolean())?;
            Some((format!("`{name}.primary` a boolean"), shown(primary)))
        }),
        Value::Object(members) => members.iter().find_map(|(member, value)| {
            let (right, kind) = match member.as_str() {
                "supported" => (value.is_boolean(), "a boolean"),
                "maxOperations" | "maxPayloadSize" | "maxResults" => {
                    (value.is_i64() || value.is_u64(), "a whole number")
                }
                _ => return None,
            };
            let wrong = || (format!("`{name}.{member}` {kind}"), shown(value));
            (!right).then(wrong)
        }),
        _ => None,
    })
}

/// Reads what discovery shows at `target`, tries to change one text of it by PATCH and by PUT,
/// reads it again, and puts it right where it did change.
pub(super) fn try_to_change(
    target: &str,
    attribute: &str,
    its: &Fixture,
    said: &[Exchange],
) -> Option<Request> {
    let new = json!(format!("https://example.com/{}", its.marker));
    let operation = op("replace", attribute, new.clone());
    let replaced = |value: Value| {
        let mut body = said[0].json()?;
        body.as_object_mut()?.insert(attribute.to_owned(), value);
        Some(Request::put(target, &body))
    };
    match said.len() {
        0 | 3 => Some(Request::get(target)),
        1 => Some(Request::patch(target, &scim::message::patch_body(&[operation]))),
        2 => replaced(new),
        4 if said[3].at(&format!("/{attribute}")) == Some(new) => {
            replaced(said[0].at(&format!("/{attribute}")).unwrap_or_default())
        }
        _ => None,
    }
}

/// Wants both attempts of [`try_to_change`] refused, and the text as it was.
pub(super) fn expect_kept(attribute: &str, said: &Said) -> Verdict {
    let text = |seen: &Exchange| seen.at(&format!("/{attribute}")).unwrap_or_default();
    let (Some(before), Some(after)) = (said.exchanges.first(), said.exchanges.get(3)) else {
        return Verdict::NotApplicable;
    };
    let refused = |seen: &Exchange| match seen.status() {
        400..=499 | 501 => Verdict::Pass,
        200..=299 => Verdict::Remark(format!("{} is answered {}", method(seen), seen.told())),
        _ => fail("status 4xx or 501", seen.told()),
    };
    let kept = expect_value(attribute, &text(before), Some(&text(after)));
    all_of([kept, refused(&said[1]), refused(&said[2])])
}

fn method(seen: &Exchange) -> &Method {
    &seen.request.method
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
            "schemas": [scim::SERVICE_PROVIDER_CONFIG],
            "documentationUri": "https://example.com/help",
            "patch": {"supported": true},
            "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": true, "maxResults": 100},
            "changePassword": {"supported": false},
            "sort": {"supported": false},
            "etag": {"supported": false},
            "authenticationSchemes": [
                {"type": "oauthbearertoken", "name": "a", "description": "b", "primary": true}],
            "meta": {"resourceType": "ServiceProviderConfig",
                     "location": "https://example.com/scim/ServiceProviderConfig"},
        })
    }

    /// The configuration with another value at that pointer.
    fn bent(pointer: &str, value: Value) -> Answer {
        let mut body = whole();
        *body.pointer_mut(pointer).unwrap() = value;
        answer(200, &body)
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let right = || answer(200, &whole());
        let scheme = whole()["authenticationSchemes"][0].clone();
        let wrong = |id, pointer: &str, value| canary(id, [right()], [bent(pointer, value)]);
        let changed = || bent("/documentationUri", json!("https://example.com/m"));
        vec![
            canary("spc-get", [right()], [list(&[whole()])]),
            wrong("spc-schemas", "/schemas", json!([scim::USER])),
            wrong("spc-patch-member", "/patch", json!({})),
            wrong("spc-bulk-members", "/bulk/maxOperations", json!("1000")),
            wrong("spc-filter-members", "/filter/maxResults", Value::Null),
            wrong("spc-changepassword-member", "/changePassword", Value::Null),
            wrong("spc-sort-member", "/sort/supported", json!("true")),
            wrong("spc-etag-member", "/etag", json!(true)),
            wrong("spc-auth-schemes", "/authenticationSchemes", json!([])),
            wrong("spc-auth-scheme-shape", "/authenticationSchemes/0/description", json!("")),
            wrong("spc-auth-scheme-type", "/authenticationSchemes/0/type", json!("Bearer")),
            wrong("spc-auth-scheme-primary", "/authenticationSchemes", json!([scheme, scheme])),
            wrong("spc-uris", "/documentationUri", json!("see the manual")),
            wrong("spc-types-json", "/filter/maxResults", json!("100")),
            wrong("spc-meta", "/meta/resourceType", json!("Config")),
            canary(
                "spc-readonly",
                [right(), error(405, ""), error(405, ""), right()],
                [right(), right(), right(), changed(), right()],
            ),
            canary("spc-query-ignored", [right()], [right(), bent("/patch", json!({}))]),
        ]
    }

    #[test]
    fn a_change_that_is_answered_and_not_made_is_a_remark() {
        let check = super::super::find("spc-readonly").unwrap();
        let verdict = judged(check, &Evidence::Answers(vec![answer(200, &whole())]));
        assert!(matches!(verdict, Verdict::Remark(_)), "{verdict:?}");
    }
}
