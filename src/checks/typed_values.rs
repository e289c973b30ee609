//! PATCH of values that a path selects by type: the work e-mail, the mobile phone, an address.
//!
//! Entra writes every typed value this way, and expects a value that is not there yet to be
//! made, where RFC 7644 §3.5.2.3 would have a replacement refused.

use serde_json::json;

use super::check::*;
use super::patches::{changed, changed_unless};

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "entra-update-sequence",
        Entra("Develop a SCIM endpoint, Update User, multi-valued properties"),
        "one PATCH replaces the work e-mail and the family name",
        Probe(
            |its| {
                let operations = [
                    op("Replace", "emails[type eq \"work\"].value", its.user_name(6)),
                    op("Replace", "name.familyName", "Brown"),
                ];
                vec![patch(its.user(), operations), get(its.user())]
            },
            |said| {
                let mail = json!(said.its.user_name(6));
                changed(said, &[("emails[work].value", mail), ("name.familyName", json!("Brown"))])
            },
        ),
    )
    .needs(&[Patch, Attribute("emails"), Attribute("name")]),
    must(
        "patch-add-valuepath-nomatch",
        Entra("erratum 8097; first value of a typed attribute"),
        "adding or replacing a typed value that is not there yet creates it with its type",
        Probe(
            |its| {
                let operations = [
                    op("add", "phoneNumbers[type eq \"fax\"].value", "+1-555-0102"),
                    op("replace", "phoneNumbers[type eq \"home\"].value", "+1-555-0103"),
                ];
                vec![patch(its.user(), operations), get(its.user())]
            },
            |said| {
                let made = [
                    ("phoneNumbers[fax].value", json!("+1-555-0102")),
                    ("phoneNumbers[home].value", json!("+1-555-0103")),
                    ("phoneNumbers[work].value", json!("+1-555-0100")),
                ];
                changed_unless(A37, "refuses", said, &made)
            },
        ),
    )
    .reads(&[A37])
    .needs(&[Patch, Attribute("phoneNumbers")]),
    must(
        "patch-add-valuepath-nomatch-two-attrs",
        Entra("first values of a typed address"),
        "two additions with the same selector build one value",
        Probe(
            |its| {
                let operations = [
                    op("add", "addresses[type eq \"other\"].locality", "Redmond"),
                    op("add", "addresses[type eq \"other\"].region", "WA"),
                ];
                vec![patch(its.user(), operations), get(its.user())]
            },
            |said| {
                let held = said.last().at("/addresses").unwrap_or_default();
                let others = held.as_array().map_or(0, |entries| {
                    entries.iter().filter(|entry| entry["type"] == "other").count()
                });
                let made = [
                    ("addresses[other].locality", json!("Redmond")),
                    ("addresses[other].region", json!("WA")),
                ];
                match changed_unless(A37, "refuses", said, &made) {
                    Verdict::Pass => expect("addresses of type other:", 1, others),
                    verdict => verdict,
                }
            },
        ),
    )
    .reads(&[A37])
    .needs(&[Patch, Attribute("addresses")]),
    must(
        "entra-valuepath-siblings",
        Rfc7644("3.5.2.3"),
        "replacing one typed value leaves the others alone",
        Probe(
            |its| {
                let change = op("replace", "phoneNumbers[type eq \"work\"].value", "+1-555-0109");
                vec![patch(its.user(), [change]), get(its.user())]
            },
            |said| {
                changed(
                    said,
                    &[
                        ("phoneNumbers[work].value", json!("+1-555-0109")),
                        ("phoneNumbers[mobile].value", json!("+1-555-0101")),
                    ],
                )
            },
        ),
    )
    .needs(&[Patch, Attribute("phoneNumbers")]),
    must(
        "entra-email-siblings",
        Rfc7644("3.5.2.3"),
        "replacing the work e-mail leaves another e-mail alone",
        Probe(
            |its| {
                let home = json!([{"type": "home", "value": its.user_name(4)}]);
                let change = op("replace", "emails[type eq \"work\"].value", its.user_name(6));
                let add = patch(its.user(), [op("add", "emails", home)]);
                vec![add, get(its.user()), patch(its.user(), [change]), get(its.user())]
            },
            |said| {
                let home = said.its.user_name(4);
                let kept = expect_at("emails[home].value", home.as_str(), &said[1]);
                if !said[0].is_success() || matches!(kept, Verdict::Fail { .. }) {
                    return Verdict::CannotTell("a second e-mail is not kept".to_owned());
                }
                all_of([
                    expect_success(&said[2]),
                    expect_at("emails[home].value", home, &said[3]),
                    expect_at("emails[work].value", said.its.user_name(6), &said[3]),
                ])
            },
        ),
    )
    .needs(&[Patch, Attribute("emails")]),
    must(
        "patch-path-valuepath-primary",
        Entra("Customize attribute mappings, roles[primary eq \"True\"]"),
        "a value can be selected by primary eq true",
        Probe(
            |its| {
                let change = |literal: &str, number| {
                    let path = format!("emails[primary eq {literal}].value");
                    patch(its.user(), [op("replace", &path, its.user_name(number))])
                };
                vec![change("true", 6), get(its.user()), change("\"True\"", 7), get(its.user())]
            },
            |said| {
                let bare = all_of([
                    expect_success(&said[0]),
                    expect_at("emails[work].value", said.its.user_name(6), &said[1]),
                ]);
                let mail = json!(said.its.user_name(7));
                let quoted = expect_at("emails[work].value", mail, &said[3]);
                let remark = Verdict::Remark("the quoted form \"True\" is not taken".to_owned());
                let taken = said[2].is_success() && !matches!(quoted, Verdict::Fail { .. });
                all_of([bare, if taken { Verdict::Pass } else { remark }])
            },
        ),
    )
    .needs(&[Patch, Attribute("emails")]),
];

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::super::canary::*;
    use super::super::patches::tests::{its, then, user};
    use super::*;
    use crate::exchange::Answer;

    fn phones(entries: &[(&str, &str)]) -> Answer {
        let entries: Vec<Value> =
            entries.iter().map(|(kind, value)| json!({"type": kind, "value": value})).collect();
        user(json!({"phoneNumbers": entries}))
    }

    fn mails(work: usize, home: Option<usize>) -> Answer {
        let mut entries = vec![json!({"type": "work", "value": its().user_name(work)})];
        entries.extend(home.map(|it| json!({"type": "home", "value": its().user_name(it)})));
        user(json!({"emails": entries}))
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let old = || user(json!({}));
        let brown = || {
            user(json!({"name": {"familyName": "Brown"},
                        "emails": [{"type": "work", "value": its().user_name(6)}]}))
        };
        let addresses = |entries: Value| then(user(json!({"addresses": entries})));
        let other = json!({"type": "other", "locality": "Redmond", "region": "WA"});
        vec![
            canary(
                "patch-add-valuepath-nomatch",
                then(phones(&[
                    ("work", "+1-555-0100"),
                    ("fax", "+1-555-0102"),
                    ("home", "+1-555-0103"),
                ])),
                [error(400, "noTarget"), old()],
            ),
            canary(
                "patch-add-valuepath-nomatch-two-attrs",
                addresses(json!([other])),
                addresses(json!([{"type": "other", "locality": "Redmond"},
                                 {"type": "other", "region": "WA"}])),
            ),
            canary(
                "entra-valuepath-siblings",
                then(phones(&[("work", "+1-555-0109"), ("mobile", "+1-555-0101")])),
                then(phones(&[("work", "+1-555-0109")])),
            ),
            canary(
                "entra-email-siblings",
                [empty(204), mails(0, Some(4)), empty(204), mails(6, Some(4))],
                [empty(204), mails(0, Some(4)), empty(204), mails(6, None)],
            ),
            canary(
                "patch-path-valuepath-primary",
                [empty(204), mails(6, None), empty(204), mails(7, None)],
                [error(400, "invalidPath"), old(), error(400, ""), old()],
            ),
            canary("entra-update-sequence", then(brown()), then(old())),
        ]
    }
}
