//! `replace`: sets what is given and leaves the rest (RFC 7644 §3.5.2.3).

use serde_json::{Value, json};

use super::add::scalar_for_complex;
use super::*;

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "patch-replace-single",
        Rfc7644("3.5.2.3"),
        "a single-valued attribute takes the new value",
        Probe(|its| patched(its, [op("replace", "title", "Lead")]), promoted),
    )
    .needs(TITLE),
    must(
        "patch-replace-absent-is-add",
        Rfc7644("3.5.2.3"),
        "replacing what is not there adds it",
        Probe(|its| patched(its, [op("replace", "title", "Lead")]), promoted),
    )
    .on(Setting::BareUsers(1))
    .needs(TITLE),
    must(
        "patch-replace-multi-all",
        Rfc7644("3.5.2.3"),
        "without a filter all values of a multi-valued attribute are replaced",
        Probe(
            |its| patched(its, [op("replace", "emails", json!([home(its)]))]),
            |said| all_of([applied(said, &[]), only_home_left(said)]),
        ),
    )
    .needs(EMAILS),
    implied(
        "patch-replace-multi-empty",
        Rfc7643("2.5"),
        "replacing a multi-valued attribute by an empty array clears it",
        Probe(
            |its| patched(its, [op("replace", "emails", json!([]))]),
            |said| all_of([applied(said, &[]), expect_unassigned("emails", &said[1])]),
        ),
    )
    .needs(EMAILS),
    must(
        "patch-replace-complex-merge",
        Rfc7644("3.5.2.3"),
        "of a complex attribute the sub-attributes given are replaced, the others stay",
        Probe(
            |its| patched(its, [op("replace", "name", json!({"givenName": "Alicia"}))]),
            |said| {
                let kept = match expect_at("name.familyName", "Adams", &said[1]) {
                    // Said of a replacement, but not of an addition, in so many words.
                    Verdict::Fail { actual, .. } => A36.read_against("replaces", actual),
                    kept => all_of([kept, A36.read_as("merges", said[0].told())]),
                };
                all_of([applied(said, &[("name.givenName", json!("Alicia"))]), kept])
            },
        ),
    )
    .reads(&[A36])
    .needs(NAME),
    should(
        "patch-replace-complex-scalar",
        Rfc7644("3.5.2.3"),
        "a complex attribute cannot be replaced by a text",
        Probe(|its| patched(its, [op("replace", "name", "Alicia Brown")]), scalar_for_complex),
    )
    .needs(NAME),
    must(
        "patch-replace-nopath",
        Rfc7644("3.5.2.3"),
        "a replacement without a path replaces the attributes named and no others",
        Probe(
            |its| {
                let value = json!({"displayName": "Alice Brown", "emails": [home(its)]});
                patched(its, [merge("replace", value)])
            },
            |said| {
                let name = said.its.user().text("userName");
                all_of([
                    applied(
                        said,
                        &[("displayName", json!("Alice Brown")), ("userName", json!(name))],
                    ),
                    only_home_left(said),
                ])
            },
        ),
    )
    .needs(&[Patch, Attribute("displayName"), Attribute("emails")]),
    must(
        "patch-replace-valuepath-all-matches",
        Rfc7644("3.5.2.3"),
        "every value that the filter selects is changed",
        Probe(
            |its| {
                let homes = json!([
                    {"type": "home", "value": "+1-555-0107", "display": "old"},
                    {"type": "home", "value": "+1-555-0108", "display": "old"},
                ]);
                let add = patch(its.user(), [op("add", "phoneNumbers", homes)]);
                let change = op("replace", "phoneNumbers[type eq \"home\"].display", "new");
                vec![add, get(its.user()), patch(its.user(), [change]), get(its.user())]
            },
            |said| {
                let shown = |seen| {
                    let homes = of_type("phoneNumbers", "home", seen);
                    homes.iter().map(|it| it["display"].clone()).collect::<Vec<Value>>()
                };
                if shown(&said[1]) != ["old", "old"] {
                    return Verdict::NotApplicable;
                }
                let displays = json!(shown(&said[3]));
                all_of([
                    expect_success(&said[2]),
                    expect("display of both:", json!(["new", "new"]), displays),
                ])
            },
        ),
    )
    .needs(PHONES),
    must(
        "patch-replace-valuepath-whole",
        Rfc7644("3.5.2.3"),
        "a value that the filter selects is replaced, and no other",
        Probe(
            |its| {
                let other = json!([{"type": "other", "locality": "Oslo"}]);
                let add = patch(its.user(), [op("add", "addresses", other)]);
                let value = json!({"type": "work", "locality": "Redmond"});
                let change = op("replace", "addresses[type eq \"work\"]", value);
                [add, get(its.user())].into_iter().chain(patched(its, [change])).collect()
            },
            |said| {
                let merged = "the selected value is merged with the new one";
                let whole = expect_unassigned("addresses[work].streetAddress", said.last());
                let whole = match whole {
                    Verdict::Pass => A38.read_as("whole", said.last().told()),
                    _ => A38.read_as("merges", merged),
                };
                let expected = [
                    ("addresses[work].locality", json!("Redmond")),
                    ("addresses[other].locality", json!("Oslo")),
                ];
                if of_type("addresses", "other", &said[1]).is_empty() {
                    return Verdict::NotApplicable;
                }
                all_of([applied(said, &expected), whole])
            },
        ),
    )
    .reads(&[A38])
    .needs(ADDRESSES),
    must(
        "patch-replace-valuepath-subattr",
        Rfc7644("3.5.2.3"),
        "a sub-attribute behind the brackets is replaced alone",
        Probe(
            |its| {
                let change = op("replace", "addresses[type eq \"work\"].locality", "Redmond");
                [get(its.user())].into_iter().chain(patched(its, [change])).collect()
            },
            |said| {
                let street = |user| at(&user, "addresses[work].streetAddress");
                let street = said[0].json().and_then(street);
                applied(
                    said,
                    &[
                        ("addresses[work].locality", json!("Redmond")),
                        ("addresses[work].streetAddress", json!(street)),
                    ],
                )
            },
        ),
    )
    .needs(ADDRESSES),
    must(
        "patch-replace-valuepath-nomatch",
        Rfc7644("3.5.2.3"),
        "a replacement whose filter finds nothing is refused with noTarget, never passed over",
        Probe(
            |its| {
                let path = "phoneNumbers[type eq \"fax\"].value";
                patched(its, [op("replace", path, "+1-555-0102")])
            },
            |said| {
                if !said[0].is_success() {
                    let refused = A37.read_as("refuses", said[0].told());
                    return all_of([expect_refused(&["noTarget"], &said[0]), refused]);
                }
                let made = A37.read_as("creates", "the value is made, as Entra needs it");
                let fax = expect_at("phoneNumbers[fax].value", "+1-555-0102", &said[1]);
                all_of([fax, made])
            },
        ),
    )
    .reads(&[A37])
    .needs(PHONES),
    implied(
        "patch-replace-same",
        Rfc7644("3.5.2.3"),
        "replacing a value by itself is a success",
        Probe(
            |its| patched(its, [op("replace", "title", its.user().text("title"))]),
            |said| applied(said, &[("title", json!(said.its.user().text("title")))]),
        ),
    )
    .needs(TITLE),
    implied(
        "patch-replace-missing-value",
        Rfc7644("3.5.2.3"),
        "a replacement without a value is refused, or clears",
        Probe(
            |its| patched(its, [json!({"op": "replace", "path": "title"})]),
            |said| match said[0].status() {
                200..=299 => remark(&said[0]),
                _ => expect_refused(&[], &said[0]),
            },
        ),
    )
    .needs(TITLE),
    implied(
        "patch-replace-null",
        Rfc7643("2.5"),
        "replacing an attribute by null leaves it unassigned",
        Probe(
            |its| patched(its, [op("replace", "title", Value::Null)]),
            |said| match said[0].status() {
                400 => A10.read_as("refuses", said[0].told()),
                _ => all_of([expect_success(&said[0]), expect_unassigned("title", &said[1])]),
            },
        ),
    )
    .reads(&[A10])
    .needs(TITLE),
    implied(
        "patch-replace-required-null",
        Rfc7644("3.5.2.2"),
        "a required attribute cannot be replaced by null or by an empty text",
        Probe(
            |its| {
                let ask = |value| patch(its.user(), [op("replace", "userName", value)]);
                vec![ask(Value::Null), ask(json!(""))]
            },
            |said| {
                let asked = said.exchanges.iter();
                worst(asked.map(|seen| expect_refused(&["mutability", "invalidValue"], seen)))
            },
        ),
    )
    .needs(&[Patch]),
    implied(
        "patch-replace-active-nopath",
        Rfc7644("3.5.2.3"),
        "`active` can be replaced without a path, as other directories do",
        Probe(
            |its| patched(its, [merge("replace", json!({"active": false}))]),
            |said| applied(said, &[("active", json!(false))]),
        ),
    )
    .needs(&[Patch, Attribute("active")]),
];

fn promoted(said: &Said) -> Verdict {
    applied(said, &[("title", json!("Lead"))])
}

/// The one e-mail left is the new one.
fn only_home_left(said: &Said) -> Verdict {
    let held = values("emails", said.last()).len();
    let name = said.its.user_name(4);
    all_of([
        expect_at("emails[home].value", name, said.last()),
        expect("number of e-mails:", 1, held),
    ])
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::canary::*;
    use super::super::super::patches::tests::{its, then, user};
    use super::super::tests::mails;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let old = || user(json!({}));
        let lead = || user(json!({"title": "Lead"}));
        let no = || error(400, "invalidValue");
        let named = |name| then(user(json!({"name": name})));
        let home = || mails(&[("home", 4, false)]);
        let appended = || mails(&[("work", 0, true), ("home", 4, false)]);
        let address = |entries: Value| user(json!({"addresses": entries}));
        let displays = |[one, other]: [&str; 2]| {
            user(json!({"phoneNumbers": [{"type": "home", "display": one},
                                         {"type": "home", "display": other}]}))
        };
        let moved = |street: &str| {
            address(json!([{"type": "work", "locality": "Redmond", "streetAddress": street}]))
        };
        let fax = json!([{"type": "fax", "value": "+1-555-0102"}]);
        let nopath = |emails: Value| {
            then(user(json!({"displayName": "Alice Brown",
                                                      "emails": emails})))
        };
        let [work, other] = ["Redmond", "Oslo"].map(|place| json!({"locality": place}));
        let typed = |kind: &str, value: &Value| {
            let mut value = value.clone();
            value["type"] = json!(kind);
            value
        };
        let (work, other) = (typed("work", &work), typed("other", &other));
        let both = || address(json!([work, other]));
        vec![
            canary("patch-replace-single", then(lead()), then(old())),
            canary("patch-replace-absent-is-add", then(lead()), [error(400, "noTarget"), old()]),
            canary("patch-replace-multi-all", then(home()), then(appended())),
            canary("patch-replace-multi-empty", then(user(json!({"emails": []}))), then(old())),
            canary(
                "patch-replace-complex-merge",
                named(json!({"givenName": "Alicia", "familyName": "Adams"})),
                named(json!({"givenName": "Alicia"})),
            ),
            canary("patch-replace-complex-scalar", [no(), old()], named(json!("Alicia Brown"))),
            canary(
                "patch-replace-nopath",
                nopath(json!([{"type": "home", "value": its().user_name(4)}])),
                nopath(its().user().sent["emails"].clone()),
            ),
            canary(
                "patch-replace-valuepath-all-matches",
                [empty(204), displays(["old", "old"]), empty(204), displays(["new", "new"])],
                [empty(204), displays(["old", "old"]), empty(204), displays(["new", "old"])],
            ),
            canary(
                "patch-replace-valuepath-whole",
                [empty(204), both(), empty(204), both()],
                [empty(204), both(), empty(204), address(json!([work]))],
            ),
            canary(
                "patch-replace-valuepath-subattr",
                [old(), empty(204), moved("1 Main St")],
                [old(), empty(204), moved("")],
            ),
            canary(
                "patch-replace-valuepath-nomatch",
                then(user(json!({"phoneNumbers": fax}))),
                then(old()),
            ),
            canary("patch-replace-same", then(old()), [error(409, ""), old()]),
            canary("patch-replace-missing-value", [no(), old()], [error(500, ""), old()]),
            canary(
                "patch-replace-null",
                then(user(json!({"title": null}))),
                then(user(json!({"title": "null"}))),
            ),
            canary("patch-replace-required-null", [no(), no()], [no(), empty(204)]),
            canary(
                "patch-replace-active-nopath",
                then(user(json!({"active": false}))),
                then(old()),
            ),
        ]
    }
}
