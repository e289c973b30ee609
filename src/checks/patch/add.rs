//! `add`: sets what is single, appends to what is many, and changes nothing that is there already
//! (RFC 7644 §3.5.2.1).

use serde_json::json;

use super::*;
use crate::scim;

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    should(
        "patch-add-value-required",
        Rfc7644("3.5.2.1"),
        "an addition without a value is refused",
        Probe(
            |its| patched(its, [json!({"op": "add", "path": "title"})]),
            |said| refused(said, &["invalidValue", "invalidSyntax"]),
        ),
    )
    .needs(TITLE),
    must(
        "patch-add-single-absent",
        Rfc7644("3.5.2.1"),
        "an addition sets a single-valued attribute that was not there",
        Probe(|its| patched(its, [op("add", "title", "Lead")]), promoted),
    )
    .on(Setting::BareUsers(1))
    .needs(TITLE),
    must(
        "patch-add-single-present",
        Rfc7644("3.5.2.1"),
        "an addition replaces the value of a single-valued attribute",
        Probe(|its| patched(its, [op("add", "title", "Lead")]), promoted),
    )
    .needs(TITLE),
    should(
        "patch-add-same",
        Rfc7644("3.5.2.1"),
        "adding the value that is there already is a success without effect",
        Probe(add_what_is_there, |said| {
            all_of([expect_success(&said[1]), expect_unchanged(&said[0], &said[2])])
        }),
    )
    .needs(TITLE),
    must(
        "patch-add-same-lastmod",
        Rfc7644("3.5.2.1"),
        "adding the value that is there already leaves meta.lastModified as it was",
        Probe(add_what_is_there, |said| {
            let Some(before) = said[0].at("/meta/lastModified") else {
                return Verdict::NotApplicable;
            };
            prepared(said, 2, || {
                let version = |seen: &Exchange| seen.at("/meta/version").unwrap_or_default();
                let moved = Verdict::Remark("`meta.version` moves where nothing changed".into());
                let kept = version(&said[0]) == version(&said[2]);
                let after = said[2].at("/meta/lastModified");
                all_of([
                    expect("meta.lastModified", shown(&before), shown(&after.unwrap_or_default())),
                    if kept { Verdict::Pass } else { moved },
                ])
            })
        }),
    )
    .needs(TITLE),
    must(
        "patch-add-multi-append",
        Rfc7644("3.5.2.1"),
        "an addition to a multi-valued attribute appends",
        Probe(|its| patched(its, [op("add", "emails", json!([home(its)]))]), has_both_mails),
    )
    .needs(EMAILS),
    implied(
        "patch-add-multi-object",
        Rfc7644("3.5.2.1"),
        "an object without an array around it is added as one value",
        Probe(
            |its| patched(its, [op("add", "emails", home(its))]),
            |said| match said[0].status() {
                400 => remark(&said[0]),
                _ => has_both_mails(said),
            },
        ),
    )
    .needs(EMAILS),
    should(
        "patch-add-multi-existing",
        Rfc7644("3.5.2.1"),
        "a value that is there already is not added twice",
        Probe(
            |its| patched(its, [op("add", "emails", its.user().sent["emails"].clone())]),
            |said| {
                if !said[0].is_success() {
                    return remark(&said[0]);
                }
                let name = json!(said.its.user_name(0));
                let held = values("emails", &said[1]);
                let twins = held.iter().filter(|mail| mail["value"] == name).count();
                all_of([expect_success(&said[1]), expect("times the e-mail is held:", 1, twins)])
            },
        ),
    )
    .needs(EMAILS),
    implied(
        "patch-add-multi-mixed",
        Rfc7644("3.5.2.1"),
        "of known and new members in one value the new ones are added",
        Probe(
            |its| {
                let mixed = json!([{"value": its.user().id}, {"value": its.users[1].id}]);
                vec![patch(its.group(), [op("add", "members", mixed)]), get(its.group())]
            },
            |said| {
                let both = [&said.its.users[0], &said.its.users[1]];
                all_of([expect_success(&said[0]), expect_members(&both, &said[1])])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 1 })
    .needs(&[Group, Patch]),
    implied(
        "patch-add-complex-merge",
        Rfc7644("3.5.2.1"),
        "an addition to a complex attribute sets the sub-attributes given and keeps the others",
        Probe(
            |its| patched(its, [op("add", "name", json!({"givenName": "Alicia"}))]),
            |said| {
                let lost = "sub-attributes that were not named are lost";
                let kept = expect_at("name.familyName", "Adams", &said[1]);
                let kept = match kept {
                    Verdict::Fail { .. } => A36.read_as("replaces", lost),
                    kept => all_of([kept, A36.read_as("merges", said[0].told())]),
                };
                all_of([applied(said, &[("name.givenName", json!("Alicia"))]), kept])
            },
        ),
    )
    .reads(&[A36])
    .needs(NAME),
    should(
        "patch-add-complex-scalar",
        Rfc7644("3.5.2.1"),
        "a text cannot be added to a complex attribute",
        Probe(|its| patched(its, [op("add", "name", "Alicia Brown")]), scalar_for_complex),
    )
    .needs(NAME),
    must(
        "patch-add-nopath",
        Rfc7644("3.5.2.1"),
        "an addition without a path sets what is single and appends to what is many",
        Probe(
            |its| {
                let value = json!({"displayName": "Alice Brown", "emails": [home(its)]});
                patched(its, [merge("add", value)])
            },
            |said| {
                let name = [("displayName", json!("Alice Brown"))];
                all_of([applied(said, &name), has_both_mails(said)])
            },
        ),
    )
    .needs(&[Patch, Attribute("displayName"), Attribute("emails")]),
    implied(
        "patch-add-nopath-scalar",
        Rfc7644("3.5.2.1"),
        "without a path the value must be an object",
        Probe(
            |its| vec![patch(its.user(), [merge("add", "Lead")])],
            |said| expect_refused(&[], &said[0]),
        ),
    )
    .needs(&[Patch]),
    implied(
        "patch-add-valuepath-match",
        Rfc7644("3.5.2.1"),
        "adding to a value that the path selects changes that value and makes no second one",
        Probe(
            |its| patched(its, [op("add", "emails[type eq \"work\"].value", its.user_name(6))]),
            |said| {
                let work = of_type("emails", "work", &said[1]).len();
                all_of([
                    applied(said, &[("emails[work].value", json!(said.its.user_name(6)))]),
                    expect("e-mails of type work:", 1, work),
                ])
            },
        ),
    )
    .needs(EMAILS),
    may(
        "patch-add-schemas",
        Rfc7644("3.5.2"),
        "a schema may be added to `schemas`, and to try it does no harm",
        Probe(
            |its| vec![patch(its.user(), [op("add", "schemas", json!([scim::ENTERPRISE_USER]))])],
            |said| match said[0].status() {
                200..=299 => A48.read_as("extensions-only", said[0].told()),
                400..=499 => A48.read_as("refuses", said[0].told()),
                _ => fail("no server error", said[0].told()),
            },
        ),
    )
    .reads(&[A48])
    .on(Setting::BareUsers(1))
    .needs(&[Patch, Enterprise]),
    must(
        "patch-add-wrong-type",
        Rfc7644("3.5.2"),
        "an object cannot be added where a text belongs",
        Probe(
            |its| patched(its, [op("add", "name.familyName", json!({"a": 1}))]),
            |said| {
                all_of([
                    expect_refused(&["invalidValue"], &said[0]),
                    expect_at("name.familyName", "Adams", &said[1]),
                ])
            },
        ),
    )
    .needs(NAME),
];

/// Reads the user, adds the title it has, reads again.
fn add_what_is_there(its: &Fixture) -> Vec<Request> {
    let title = op("add", "title", its.user().text("title"));
    vec![get(its.user()), patch(its.user(), [title]), get(its.user())]
}

fn promoted(said: &Said) -> Verdict {
    applied(said, &[("title", json!("Lead"))])
}

/// The e-mail for work is still there, and the one for home has come.
fn has_both_mails(said: &Said) -> Verdict {
    let mail = |number| json!(said.its.user_name(number));
    applied(said, &[("emails[work].value", mail(0)), ("emails[home].value", mail(4))])
}

/// A text where sub-attributes belong must be refused; to pass over it is worth a remark.
pub(super) fn scalar_for_complex(said: &Said) -> Verdict {
    if !said[0].is_success() {
        return expect_refused(&["invalidValue"], &said[0]);
    }
    let kept = expect_at("name.familyName", "Adams", &said[1]);
    all_of([kept, remark(&said[0])])
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::canary::*;
    use super::super::super::patches::tests::{then, user};
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
        let both = || mails(&[("work", 0, true), ("home", 4, false)]);
        let home = || mails(&[("home", 4, false)]);
        let named = |name| then(user(json!({"name": name})));
        let at = |time: &str| user(json!({"meta": {"lastModified": time}}));
        let mut all = both();
        let body = String::from_utf8(all.body.to_vec()).unwrap();
        all.body = body.replace("Alice Adams", "Alice Brown").into();
        vec![
            canary("patch-add-value-required", [no(), old()], then(old())),
            canary("patch-add-single-absent", then(lead()), then(old())),
            canary("patch-add-single-present", then(lead()), then(old())),
            canary("patch-add-same", [old(), empty(204), old()], [old(), no(), old()]),
            canary(
                "patch-add-same-lastmod",
                [at("2026-01-01T00:00:00Z"), empty(204), at("2026-01-01T00:00:00Z")],
                [at("2026-01-01T00:00:00Z"), empty(204), at("2026-01-01T00:00:01Z")],
            ),
            canary("patch-add-multi-append", then(both()), then(home())),
            canary("patch-add-multi-object", then(both()), then(home())),
            canary(
                "patch-add-multi-existing",
                then(old()),
                then(mails(&[("work", 0, true), ("work", 0, false)])),
            ),
            canary(
                "patch-add-multi-mixed",
                then(group_of(&["user-0", "user-1"])),
                then(group_of(&["user-0", "user-0", "user-1"])),
            ),
            canary(
                "patch-add-complex-merge",
                named(json!({"givenName": "Alicia", "familyName": "Adams"})),
                then(old()),
            ),
            canary("patch-add-complex-scalar", [no(), old()], named(json!("Alicia Brown"))),
            canary("patch-add-nopath", then(all), then(home())),
            canary("patch-add-nopath-scalar", [no()], [empty(204)]),
            canary(
                "patch-add-valuepath-match",
                then(mails(&[("work", 6, true)])),
                then(mails(&[("work", 6, true), ("work", 0, false)])),
            ),
            canary("patch-add-schemas", [empty(204)], [error(500, "")]),
            canary("patch-add-wrong-type", [no(), old()], then(old())),
        ]
    }
}
