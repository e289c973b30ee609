//! Types of values, as every answer shows them and as a write meets them (RFC 7643 §2.3).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Value, json};

use crate::checks::answers::each_resource;
use crate::checks::check::*;
use crate::checks::common::meta::dates_of;
use crate::checks::steps::*;
use crate::scim::message::json_member;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    should(
        "type-boolean-bad",
        Rfc7644("3.12"),
        "a text that is no boolean is refused for `active`",
        Probe(
            |its| vec![create_user(&user_with(its, &json!({"active": "banana"})))],
            |said| expect_error(400, &["invalidValue", "invalidSyntax"], &said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("active")]),
    must(
        "type-integer",
        Rfc7643("2.3.4"),
        "integers are written without fraction and exponent",
        Every(ANY, |seen| {
            let (true, Some(body)) = (seen.is_success(), seen.body()) else {
                return Verdict::NotApplicable;
            };
            worst(body.as_object().into_iter().flatten().map(|(name, value)| {
                match name.as_str() {
                    "totalResults" | "itemsPerPage" | "startIndex" => integer(name, Some(value)),
                    "filter" => integer("filter.maxResults", json_member(value, "maxResults")),
                    "bulk" => all_of(
                        ["maxOperations", "maxPayloadSize"]
                            .map(|name| integer(&format!("bulk.{name}"), json_member(value, name))),
                    ),
                    _ => Verdict::NotApplicable,
                }
            }))
        }),
    ),
    must(
        "type-datetime",
        Rfc7643("2.3.5"),
        "dates in discovery and in resources have a time",
        Every(ANY, |seen| {
            let (true, Some(body)) = (seen.is_success(), seen.body()) else {
                return Verdict::NotApplicable;
            };
            json_member(body, "meta").map_or(Verdict::NotApplicable, dates_of)
        }),
    ),
    must(
        "type-binary",
        Rfc7643("2.3.6"),
        "certificates come back in base64",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let each = text_of_each(resource, "x509Certificates", "value");
                worst(each.map(|value| require(is_base64(value), "base64", value)))
            })
        }),
    ),
    must(
        "type-reference",
        Rfc7643("2.3.7"),
        "the value of a reference is a URI",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let single = [of_meta(resource, "location"), json_member(resource, "profileUrl")];
                let mut links = text_of_each(resource, "members", "$ref")
                    .chain(text_of_each(resource, "groups", "$ref"))
                    .chain(single.into_iter().flatten().filter_map(Value::as_str))
                    .peekable();
                let has_any = links.peek().is_some();
                match links.find(|link| !is_uri(link)) {
                    Some(link) => fail("a URI", link),
                    None => only_if(has_any, || Verdict::Pass),
                }
            })
        }),
    ),
    must(
        "type-reference-deref",
        Rfc7643("2.3.7"),
        "a reference leads to what it names",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.group())),
                [read] => {
                    let link = read.at("/members/0/$ref")?.as_str()?.to_owned();
                    Some(Request::get(target_of(&link)?))
                }
                _ => None,
            },
            |said| {
                only_if(said.exchanges.len() > 1, || match said[1].status() {
                    200 => expect_at("id", said.its.user().id.as_str(), &said[1]),
                    _ => expect_one_of(&[200, 403, 404, 410], &said[1]),
                })
            },
        ),
    )
    .on(Setting::Group { users: 1, members: 1 })
    .needs(&[Group]),
    must(
        "ref-version-comparable",
        Rfc7643("2.4"),
        "a reference with and one without a version name the same resource",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.group())),
                [read] => {
                    let link = read.at("/members/0/$ref")?.as_str()?.to_owned();
                    let bare = link.contains("/v2/").then(|| link.replace("/v2/", "/"))?;
                    let again = json!([{"value": its.user().id, "$ref": bare}]);
                    Some(patch(its.group(), [op("add", "members", again)]))
                }
                [_, _] => Some(get(its.group())),
                _ => None,
            },
            |said| {
                only_if(said.exchanges.len() > 1 && said[1].is_success(), || {
                    expect_members(&[said.its.user()], said.last())
                })
            },
        ),
    )
    .on(Setting::Group { users: 1, members: 1 })
    .needs(&[Group, Patch]),
    must(
        "type-complex-object",
        Rfc7643("2.3.8"),
        "a complex value is an object of simple ones: no object stands in it",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let members = resource.as_object().into_iter().flatten();
                worst(members.map(|(name, value)| match value.as_object() {
                    Some(inner) if name.starts_with("urn:") => {
                        worst(inner.iter().map(|(name, value)| object(name, value)))
                    }
                    _ => object(name, value),
                }))
            })
        }),
    ),
    should(
        "type-wrong-in",
        Rfc7644("3.12"),
        "a value of the wrong type is refused",
        Probe(
            |its| {
                let wrong = [json!({"name": "Alice Adams"}), json!({"userName": 5})];
                wrong.iter().map(|wrong| create_user(&user_with(its, wrong))).collect()
            },
            |said| {
                let types = ["invalidValue", "invalidSyntax"];
                worst(said.exchanges.iter().map(|seen| expect_error(400, &types, seen)))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("name")]),
    may(
        "type-canonical-restrict",
        Rfc7643("7"),
        "a label that is not among the canonical ones is kept or refused",
        Probe(
            |its| {
                let odd = json!([{"type": "scimrig", "value": its.user_name(0), "primary": true}]);
                vec![create_user(&user_with(its, &json!({"emails": odd})))]
            },
            |said| match said[0].status() {
                400 => Verdict::Pass,
                _ => expect_created(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("emails")]),
    must(
        "type-case-preserved",
        Rfc7643("7"),
        "a text whose case counts keeps it, and others had better",
        Dialogue(
            |its, said| {
                let mixed = json!({"externalId": loud(its), "displayName": "aLICE aDAMS"});
                create_then_read(&user_with(its, &mixed), said)
            },
            |said| {
                only_if(said.exchanges.len() > 1, || {
                    let held = said[1].at("/externalId").unwrap_or_default();
                    let exact = require(
                        held.is_null() || held == loud(&said.its),
                        &loud(&said.its),
                        shown(&held),
                    );
                    all_of([exact, lenient("displayName", &json!("aLICE aDAMS"), &said[1])])
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("externalId")]),
];

fn integer(place: &str, value: Option<&Value>) -> Verdict {
    match value {
        None | Some(Value::Null) => Verdict::NotApplicable,
        Some(value) => {
            let is_whole = value.is_i64() || value.is_u64();
            require(is_whole, "an integer", || format!("{place} {}", shown(value)))
        }
    }
}

fn loud(its: &Fixture) -> String {
    format!("LOUD-quiet-{}", its.marker)
}

/// Base64 in the standard alphabet, with its padding or without (RFC 4648 §4).
fn is_base64(text: &str) -> bool {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config).decode(text).is_ok()
}

/// Whether a text has only letters that a URI may have (RFC 3986 §2).
fn is_uri(text: &str) -> bool {
    let is_legal = |byte| match byte {
        b'a'..=b'z' | b'?'..=b'[' | b'#'..=b';' => true,
        other => matches!(other, b'!' | b'=' | b']' | b'_' | b'~'),
    };
    !text.is_empty() && text.bytes().all(is_legal)
}

/// The value of an attribute is flat, and an object where it is one of the single complex ones.
fn object(name: &str, value: &Value) -> Verdict {
    let is_complex = ["name", "meta", "manager"].contains(&name);
    if is_complex && !value.is_object() && !is_unassigned(value) {
        return fail("an object", format!("`{name}` {}", shown(value)));
    }
    flat(value)
}

fn flat(value: &Value) -> Verdict {
    let entries = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let inner = entries.iter().filter_map(Value::as_object).flatten();
    let deep = inner.into_iter().find(|(_, value)| value.is_object());
    match deep {
        Some((name, _)) => fail("simple sub-attributes", format!("an object under `{name}`")),
        None => Verdict::Pass,
    }
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

    #[test]
    fn base64_may_lack_its_padding_and_a_uri_holds_no_space() {
        assert!(is_base64("QUI=") && is_base64("QUI") && !is_base64("Q-_!"));
        assert!(is_uri("../Users/1") && !is_uri("no uri") && !is_uri(""));
        let legal: String =
            (0..=u8::MAX).map(char::from).filter(|it| is_uri(&it.to_string())).collect();
        let other = "!#$%&'()*+,-./:;=?@[]_~";
        assert!(
            legal.chars().all(|it| it.is_ascii_alphanumeric() || other.contains(it)),
            "{legal}"
        );
        assert_eq!(legal.len(), 62 + other.len());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let refused = || error(400, "invalidValue");
        let versioned = || {
            answer(
                200,
                &json!({"id": "group-0", "members":
                [{"value": "user-0", "$ref": "http://localhost/v2/Users/user-0"}]}),
            )
        };
        let user = || alice(200, &json!({}));
        let loud = |id: &str| alice(200, &json!({"externalId": id, "displayName": "aLICE aDAMS"}));
        vec![
            canary("type-boolean-bad", [refused()], [made()]),
            heard(
                "type-integer",
                read(&json!({"totalResults": 1})),
                read(&json!({"totalResults": 1.0})),
            ),
            heard(
                "type-datetime",
                read(&json!({"meta": {"created": "2026-01-02T03:04:05Z"}})),
                read(&json!({"meta": {"created": 1_767_322_000}})),
            ),
            heard(
                "type-binary",
                read(&json!({"x509Certificates": [{"value": "QUI="}]})),
                read(&json!({"x509Certificates": [{"value": "-----BEGIN"}]})),
            ),
            heard(
                "type-reference",
                read(&json!({"profileUrl": "https://example.com/a"})),
                read(&json!({"profileUrl": "no uri"})),
            ),
            canary("type-reference-deref", [versioned(), user()], [versioned(), error(500, "")]),
            canary(
                "ref-version-comparable",
                [versioned(), empty(204), group_of(&["user-0"])],
                [versioned(), empty(204), group_of(&["user-0", "user-0"])],
            ),
            heard(
                "type-complex-object",
                read(&json!({"urn:x": {"manager": {"value": "1"}}})),
                read(&json!({"name": {"parts": {"first": "Alice"}}})),
            ),
            canary("type-wrong-in", [refused()], [made()]),
            canary("type-canonical-restrict", [refused()], [error(500, "")]),
            canary(
                "type-case-preserved",
                [made(), loud("LOUD-quiet-m")],
                [made(), loud("loud-quiet-m")],
            ),
        ]
    }
}
