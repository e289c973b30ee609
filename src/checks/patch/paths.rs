//! The paths of a PATCH: plain, dotted, with a filter in brackets, qualified by a URN, and wrong
//! ones (RFC 7644 §3.5.2, §3.10).

use serde_json::json;

use super::*;
use crate::scim;

const MALFORMED: &[&str] = &["invalidPath", "invalidFilter"];
/// Keywords that may refuse a path which names no attribute, and the readings they are.
const KEYWORDS: [(&str, &str); 3] =
    [("invalidPath", "invalid-path"), ("noTarget", "no-target"), ("invalidValue", "invalid-value")];
const WORK: &str = "emails[type eq \"work\"].value";

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "patch-path-simple",
        Rfc7644("3.5.2"),
        "a path of an attribute's name reaches the attribute",
        Probe(|its| patched(its, [op("replace", "displayName", "Alice Brown")]), renamed),
    )
    .needs(DISPLAY_NAME),
    must(
        "patch-path-subattr",
        Rfc7644("3.5.2"),
        "a dotted path reaches one sub-attribute and leaves its siblings alone",
        Probe(
            |its| patched(its, [op("replace", "name.familyName", "Brown")]),
            |said| {
                applied(
                    said,
                    &[("name.familyName", json!("Brown")), ("name.givenName", json!("Alice"))],
                )
            },
        ),
    )
    .needs(NAME),
    implied(
        "patch-path-subattr-absent-parent",
        Rfc7644("3.5.2.1"),
        "adding a sub-attribute makes the complex attribute around it",
        Probe(
            |its| patched(its, [op("add", "name.givenName", "Alicia")]),
            |said| applied(said, &[("name.givenName", json!("Alicia"))]),
        ),
    )
    .on(Setting::BareUsers(1))
    .needs(NAME),
    must(
        "patch-path-valuepath",
        Rfc7644("3.5.2"),
        "a filter in brackets selects the value that is replaced, and no other",
        Probe(
            |its| {
                let value = json!({"type": "work", "value": "+1-555-0109"});
                patched(its, [op("replace", "phoneNumbers[type eq \"work\"]", value)])
            },
            |said| {
                applied(
                    said,
                    &[
                        ("phoneNumbers[work].value", json!("+1-555-0109")),
                        ("phoneNumbers[mobile].value", json!("+1-555-0101")),
                    ],
                )
            },
        ),
    )
    .needs(PHONES),
    must(
        "patch-path-valuepath-subattr",
        Rfc7644("3.5.2"),
        "a sub-attribute behind the brackets changes alone: type and primary stay",
        Probe(
            |its| patched_with_home(its, [op("replace", WORK, its.user_name(6))]),
            |said| {
                let mail = |number| json!(said.its.user_name(number));
                let primary = said[1].json().and_then(|user| at(&user, "emails[work].primary"));
                with_home(said, || {
                    applied(
                        said,
                        &[
                            ("emails[work].value", mail(6)),
                            ("emails[work].primary", json!(primary)),
                            ("emails[home].value", mail(4)),
                        ],
                    )
                })
            },
        ),
    )
    .needs(EMAILS),
    must(
        "patch-path-valuepath-complex",
        Rfc7644("3.5.2.2"),
        "of a filter with `and` in brackets both halves count",
        Probe(
            |its| {
                let both = |number| {
                    let name = its.user_name(number);
                    let path = format!("emails[type eq \"home\" and value eq \"{name}\"]");
                    patch(its.user(), [remove(&path)])
                };
                let add = patch(its.user(), [op("add", "emails", json!([home(its)]))]);
                let read = || get(its.user());
                vec![add, read(), both(6), read(), both(4), read()]
            },
            |said| {
                with_home(said, || {
                    all_of([
                        expect_at("emails[home].value", said.its.user_name(4), &said[3]),
                        expect_success(&said[4]),
                        expect_unassigned("emails[home]", &said[5]),
                        expect_at("emails[work].value", said.its.user_name(0), &said[5]),
                    ])
                })
            },
        ),
    )
    .needs(EMAILS),
    must(
        "patch-path-ci",
        Rfc7644("3.10"),
        "names in a path are read without regard to case",
        Probe(
            |its| patched(its, [op("replace", "DISPLAYNAME", "Alice Brown")]),
            |said| all_of([renamed(said), no_literal_key("DISPLAYNAME", &said[1])]),
        ),
    )
    .needs(DISPLAY_NAME),
    must(
        "patch-path-urn",
        Rfc7644("3.10"),
        "a path may begin with the URN of the core schema",
        Probe(
            |its| patched(its, [op("replace", &qualified(), "Alice Brown")]),
            |said| all_of([renamed(said), no_literal_key(&qualified(), &said[1])]),
        ),
    )
    .needs(DISPLAY_NAME),
    must(
        "patch-path-urn-ci",
        Rfc7644("3.10"),
        "the URN before a path is read without regard to case",
        Probe(
            |its| {
                let path = qualified().to_ascii_uppercase();
                patched(its, [op("replace", &path, "Alice Brown")])
            },
            |said| match said[0].status() {
                400 => remark(&said[0]),
                _ => renamed(said),
            },
        ),
    )
    .needs(DISPLAY_NAME),
    should(
        "patch-path-invalid",
        Rfc7644("3.12"),
        "a malformed path is refused with invalidPath",
        Probe(
            |its| {
                let paths = ["emails[", "a..b", ".x", "emails[type eq]", "a b", ""];
                let ask = |path: &&str| patch(its.user(), [op("replace", path, "x")]);
                paths.iter().map(ask).chain([get(its.user())]).collect()
            },
            |said| refused(said, MALFORMED),
        ),
    )
    .needs(TITLE),
    must(
        "patch-path-unknown-attr",
        Rfc7644("3.5.2"),
        "an attribute that no schema defines cannot be written",
        Probe(
            |its| patched(its, [op("replace", "harnessNope", "x")]),
            |said| match said[0].status() {
                200..=299 => all_of([no_literal_key("harnessNope", &said[1]), remark(&said[0])]),
                _ => {
                    let error = said[0].scim_error().and_then(|error| error.scim_type);
                    let keyword = error
                        .and_then(|given| KEYWORDS.iter().find(|(keyword, _)| *keyword == given));
                    let read = keyword.map(|(_, reading)| A35.read_as(reading, said[0].told()));
                    let keywords = KEYWORDS.map(|(keyword, _)| keyword);
                    all_of([expect_refused(&keywords, &said[0]), read.unwrap_or(Verdict::Pass)])
                }
            },
        ),
    )
    .reads(&[A35])
    .needs(&[Patch]),
    implied(
        "patch-path-filter-on-simple",
        Rfc7644("3.5.2"),
        "a filter on values that are not complex works, or is refused cleanly",
        Probe(
            |its| {
                let path = format!("schemas[value eq \"{}\"]", scim::ENTERPRISE_USER);
                vec![patch(its.user(), [remove(&path)])]
            },
            |said| require(said[0].status() < 500, "no server error", said[0].told()),
        ),
    )
    .needs(&[Patch]),
    implied(
        "patch-path-array-index",
        Rfc7644("3.5.2"),
        "positions of an array are no path",
        Probe(
            |its| {
                let ask = |path| patch(its.user(), [op("replace", path, its.user_name(6))]);
                vec![ask("emails[0].value"), ask("/emails/0")]
            },
            |said| worst(said.exchanges.iter().map(|seen| expect_refused(MALFORMED, seen))),
        ),
    )
    .needs(EMAILS),
    implied(
        "patch-path-leading-slash",
        Rfc7644("3.5.2"),
        "a JSON Pointer is no path",
        Probe(
            |its| patched(its, [op("replace", "/displayName", "Alice Brown")]),
            |said| match said[0].status() {
                200..=299 => all_of([no_literal_key("/displayName", &said[1]), remark(&said[0])]),
                _ => expect_refused(MALFORMED, &said[0]),
            },
        ),
    )
    .needs(DISPLAY_NAME),
    implied(
        "patch-path-readonly-filter",
        Rfc7644("3.5.2"),
        "a member can be selected by its value, though the value cannot be changed",
        Probe(
            |its| {
                let path = format!("members[value eq \"{}\"]", its.user().id);
                vec![patch(its.group(), [remove(&path)]), get(its.group())]
            },
            |said| {
                let left = [&said.its.users[1]];
                all_of([expect_success(&said[0]), expect_members(&left, &said[1])])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 2 })
    .needs(&[Group, Patch]),
];

/// The path of `displayName` behind the URN of its schema.
fn qualified() -> String {
    format!("{}:displayName", scim::USER)
}

fn renamed(said: &Said) -> Verdict {
    applied(said, &[("displayName", json!("Alice Brown"))])
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::canary::*;
    use super::super::super::patches::tests::{then, user};
    use super::super::tests::{mails, with_home};
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let old = || user(json!({}));
        let brown = || user(json!({"displayName": "Alice Brown"}));
        let name = |name| then(user(json!({"name": name})));
        let phone = |phones| then(user(json!({"phoneNumbers": phones})));
        let both = || mails(&[("work", 0, true), ("home", 4, false)]);
        let no = || error(400, "invalidPath");
        let stored = |key: &str| then(user(json!({(key): "x"})));
        let [work, mobile] = [("work", "+1-555-0109"), ("mobile", "+1-555-0101")]
            .map(|(kind, value)| json!({"type": kind, "value": value}));
        vec![
            canary("patch-path-simple", then(brown()), then(old())),
            canary(
                "patch-path-subattr",
                name(json!({"givenName": "Alice", "familyName": "Brown"})),
                name(json!({"familyName": "Brown"})),
            ),
            canary(
                "patch-path-subattr-absent-parent",
                name(json!({"givenName": "Alicia"})),
                [no(), old()],
            ),
            canary("patch-path-valuepath", phone(json!([work, mobile])), phone(json!([work]))),
            canary(
                "patch-path-valuepath-subattr",
                with_home(mails(&[("work", 6, true), ("home", 4, false)])),
                with_home(mails(&[("work", 6, false), ("home", 4, false)])),
            ),
            canary(
                "patch-path-valuepath-complex",
                [empty(204), both(), no(), both(), empty(204), mails(&[("work", 0, true)])],
                with_home(mails(&[("work", 0, true)])),
            ),
            canary("patch-path-ci", then(brown()), stored("DISPLAYNAME")),
            canary("patch-path-urn", then(brown()), stored(&qualified())),
            canary("patch-path-urn-ci", then(brown()), then(old())),
            canary(
                "patch-path-invalid",
                [no(), no(), no(), no(), no(), no(), old()],
                [no(), no(), no(), no(), empty(204), no(), old()],
            ),
            canary("patch-path-unknown-attr", [no(), old()], stored("harnessNope")),
            canary("patch-path-filter-on-simple", [no()], [error(500, "")]),
            canary("patch-path-array-index", [no(), no()], [empty(204), no()]),
            canary("patch-path-leading-slash", [no(), old()], stored("/displayName")),
            canary(
                "patch-path-readonly-filter",
                then(group_of(&["user-1"])),
                [no(), group_of(&["user-0", "user-1"])],
            ),
        ]
    }
}
