//! Several values under one name (RFC 7643 §2.4): lists, labels, and at most one primary.

use serde_json::{Value, json};

use crate::checks::answers::each_resource;
use crate::checks::check::*;
use crate::checks::steps::*;

const EMAILS: &[Capability] = &[Attribute("emails")];

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "type-mv-array",
        Rfc7643("2.4"),
        "what may have several values is a list, also with one",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                worst(lists(resource).map(|(name, value)| match value {
                    Value::Null => Verdict::NotApplicable,
                    value => {
                        require(value.is_array(), "a list", || format!("`{name}` {}", shown(value)))
                    }
                }))
            })
        }),
    ),
    implied(
        "type-mv-object-in",
        Rfc7643("2.4"),
        "an object where a list is due is refused, or taken as a list of one",
        Dialogue(
            |its, said| {
                let one = json!({"emails": {"type": "work", "value": its.user_name(0)}});
                create_then_read(&user_with(its, &one), said)
            },
            |said| {
                made_or_refused(said, Verdict::Pass, |read| {
                    match read.json().unwrap_or_default()["emails"].clone() {
                        Value::Array(emails) => expect("e-mails:", 1, emails.len()),
                        Value::Null => Verdict::Remark("the value is dropped in silence".into()),
                        other => fail("a list of one", shown(&other)),
                    }
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(EMAILS),
    must(
        "mv-primary-max-one",
        Rfc7643("2.4"),
        "of the values under one name at most one is primary",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                worst(lists(resource).filter_map(|(_, value)| value.as_array()).map(|list| {
                    let primary = list.iter().filter(|entry| is_primary(entry)).count();
                    require(primary < 2, "one primary value", || format!("{primary} of them"))
                }))
            })
        }),
    ),
    implied(
        "mv-primary-two-in",
        Rfc7643("2.4"),
        "two primary values in one request are refused or reduced to one",
        Dialogue(
            |its, said| create_then_read(&two_emails(its, &json!({"primary": true}), true), said),
            |said| {
                made_or_refused(said, Verdict::Pass, |read| {
                    let emails = read.at("/emails").unwrap_or_default();
                    let primary = |entry: &&Value| entry["primary"] == true;
                    let count = emails.as_array().into_iter().flatten().filter(primary).count();
                    require(count < 2, "one primary value", format!("{count} of them"))
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(EMAILS),
    must(
        "mv-primary-absent-false",
        Rfc7643("2.4"),
        "a value that says nothing of primary is not primary beside one that is",
        Dialogue(
            |its, said| create_then_read(&two_emails(its, &json!({}), true), said),
            |said| {
                only_if(said.exchanges.len() > 1, || {
                    let home = said[1].json().and_then(|body| at(&body, "emails[home].primary"));
                    require(home != Some(json!(true)), "primary false or absent", "primary true")
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(EMAILS),
    should(
        "mv-no-dup-pair",
        Rfc7643("2.4"),
        "the same value under the same label is returned once",
        Dialogue(
            |its, said| {
                let phone = json!({"type": "work", "value": "+1-555-0100"});
                create_then_read(&user_with(its, &json!({"phoneNumbers": [phone, phone]})), said)
            },
            |said| {
                made_or_refused(said, Verdict::Pass, |read| {
                    let mut held = texts(&read.json().unwrap_or_default(), "phoneNumbers", "value");
                    // A number of the tenant's own may stand beside it.
                    held.retain(|number| number.ends_with("0100"));
                    require(held.len() < 2, "one number", format!("{} of them", held.len()))
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("phoneNumbers")]),
    may(
        "mv-same-value-two-types",
        Rfc7643("2.4"),
        "one value may stand under two labels",
        Dialogue(
            |its, said| {
                let name = its.user_name(0);
                let emails = json!([{"type": "work", "value": name, "primary": true},
                                    {"type": "home", "value": name}]);
                create_then_read(&user_with(its, &json!({"emails": emails})), said)
            },
            |said| {
                when_made(said, |read| {
                    match texts(&read.json().unwrap_or_default(), "emails", "type").len() {
                        0 | 1 => Verdict::Remark("the two are made one".to_owned()),
                        _ => Verdict::Pass,
                    }
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(EMAILS),
    should(
        "mv-type-canonicalised",
        Rfc7643("2.4"),
        "a value's label comes back with it",
        Probe(
            |its| vec![get(its.user())],
            |said| {
                let emails = said[0].at("/emails").unwrap_or_default();
                match &emails[0]["type"] {
                    Value::Null => Verdict::Remark("an e-mail comes back without type".to_owned()),
                    Value::String(label) if label.eq_ignore_ascii_case("work") => Verdict::Pass,
                    other => fail("type work", shown(other)),
                }
            },
        ),
    )
    .needs(EMAILS),
    implied(
        "mv-order-irrelevant",
        Rfc7643("2.4"),
        "two values that are sent are two that come back, in any order",
        Dialogue(
            |its, said| create_then_read(&two_emails(its, &json!({}), true), said),
            |said| {
                when_made(said, |read| {
                    let sent = texts(&two_emails(&said.its, &json!({}), true), "emails", "value");
                    let held = texts(&read.json().unwrap_or_default(), "emails", "value");
                    let lower = |texts: &[String]| texts.join(", ").to_lowercase();
                    expect("e-mails", lower(&sent), lower(&held))
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(EMAILS),
];

/// What a resource shows under the names of [`LISTS`].
fn lists(resource: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let members = resource.as_object().into_iter().flatten();
    members.filter(|(name, _)| LISTS.contains(&name.as_str()))
}

/// Attributes of the core schemas that may have several values.
const LISTS: &[&str] = &[
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "groups",
    "entitlements",
    "roles",
    "x509Certificates",
    "members",
];

/// A user with a work and a home address, the second with these members besides.
fn two_emails(its: &Fixture, second: &Value, primary: bool) -> Value {
    let work = json!({"type": "work", "value": its.user_name(0), "primary": primary});
    let home = changed(json!({"type": "home", "value": its.user_name(6)}), second);
    user_with(its, &json!({"emails": [work, home]}))
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
        let made = || alice(201, &json!({}));
        let its = Fixture::example(Setting::Nothing, "m");
        let emails = |emails: Value| alice(200, &json!({"emails": emails}));
        let two = |second: &Value| emails(two_emails(&its, second, true)["emails"].clone());
        let both = || two(&json!({"primary": true}));
        let right = || alice(200, &json!({}));
        let number = json!({"type": "work", "value": "+1-555-0100"});
        vec![
            heard("type-mv-array", read(&json!({"emails": []})), read(&json!({"emails": {}}))),
            canary("type-mv-object-in", [made(), right()], [made(), emails(json!({"value": "a"}))]),
            heard(
                "mv-primary-max-one",
                read(&json!({"emails": [{"primary": true}, {"primary": false}]})),
                read(&json!({"emails": [{"primary": true}, {"primary": true}]})),
            ),
            canary("mv-primary-two-in", [made(), right()], [made(), both()]),
            canary("mv-primary-absent-false", [made(), two(&json!({}))], [made(), both()]),
            canary(
                "mv-no-dup-pair",
                [made(), alice(200, &json!({"phoneNumbers": [number]}))],
                [made(), alice(200, &json!({"phoneNumbers": [number, number]}))],
            ),
            canary("mv-same-value-two-types", [made(), both()], [error(400, "invalidValue")]),
            canary("mv-type-canonicalised", [right()], [emails(json!([{"type": "fax"}]))]),
            canary("mv-order-irrelevant", [made(), both()], [made(), right()]),
        ]
    }
}
