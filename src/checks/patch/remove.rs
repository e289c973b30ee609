//! `remove`: takes away what its path names and nothing else (RFC 7644 §3.5.2.2).
//!
//! A tenant may require an attribute that the RFC leaves optional; it says so with the keyword
//! mutability, and that is worth a remark and no more.

use serde_json::json;

use super::*;

const MUTABILITY: &[&str] = &["mutability"];

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "patch-remove-no-path",
        Rfc7644("3.5.2.2"),
        "a removal without a path is refused with noTarget",
        Probe(
            |its| vec![patch(its.user(), [json!({"op": "remove"})])],
            |said| expect_refused(&["noTarget"], &said[0]),
        ),
    )
    .needs(&[Patch]),
    must(
        "patch-remove-single",
        Rfc7644("3.5.2.2"),
        "a removed attribute is unassigned",
        Probe(|its| patched(its, [remove("title")]), |said| gone(said, "title")),
    )
    .needs(TITLE),
    must(
        "patch-remove-subattr",
        Rfc7644("3.5.2.2"),
        "removing a sub-attribute leaves its siblings alone",
        Probe(
            |its| {
                let add = patch(its.user(), [op("add", "name.middleName", "Quinn")]);
                let take = patch(its.user(), [remove("name.middleName")]);
                vec![add, get(its.user()), take, get(its.user())]
            },
            |said| {
                if said[1].at("/name/middleName") != Some(json!("Quinn")) {
                    return Verdict::NotApplicable;
                }
                all_of([
                    expect_success(&said[2]),
                    expect_unassigned("name.middleName", &said[3]),
                    expect_at("name.familyName", "Adams", &said[3]),
                ])
            },
        ),
    )
    .needs(NAME),
    must(
        "patch-remove-complex",
        Rfc7644("3.5.2.2"),
        "a complex attribute is removed whole",
        Probe(
            |its| patched(its, [remove("name")]),
            |said| {
                // A tenant may make `formatted` of whatever else it knows (RFC 7643 §4.1.1).
                let rest = said[1].at("/name").filter(|name| !is_unassigned(name));
                let parts = ["name.givenName", "name.familyName"].map(|part| gone(said, part));
                all_of([all_of(parts), rest.map_or(Verdict::Pass, |_| remark(&said[0]))])
            },
        ),
    )
    .needs(NAME),
    must(
        "patch-remove-multi-all",
        Rfc7644("3.5.2.2"),
        "a multi-valued attribute is removed with all its values",
        Probe(
            |its| patched_with_home(its, [remove("emails")]),
            |said| with_home(said, || gone(said, "emails")),
        ),
    )
    .needs(EMAILS),
    must(
        "patch-remove-valuepath",
        Rfc7644("3.5.2.2"),
        "a filter in brackets selects the value that is removed, and no other",
        Probe(
            |its| patched_with_home(its, [remove("emails[type eq \"home\"]")]),
            |said| {
                let mail = said.its.user_name(0);
                let kept = expect_at("emails[work].value", mail, said.last());
                with_home(said, || all_of([gone(said, "emails[home]"), kept]))
            },
        ),
    )
    .needs(EMAILS),
    must(
        "patch-remove-valuepath-many",
        Rfc7644("3.5.2.2"),
        "every value that the filter selects is removed",
        Probe(
            |its| {
                let homes = json!([{"type": "home", "value": "+1-555-0107"},
                                   {"type": "home", "value": "+1-555-0108"}]);
                let add = patch(its.user(), [op("add", "phoneNumbers", homes)]);
                let take = patch(its.user(), [remove("phoneNumbers[type eq \"home\"]")]);
                vec![add, take, get(its.user())]
            },
            |said| {
                let kept = expect_at("phoneNumbers[work].value", "+1-555-0100", said.last());
                prepared(said, 1, || all_of([gone(said, "phoneNumbers[home]"), kept]))
            },
        ),
    )
    .needs(PHONES),
    must(
        "patch-remove-valuepath-subattr",
        Rfc7644("3.5.2.2"),
        "a sub-attribute behind the brackets is removed alone",
        Probe(
            |its| patched(its, [remove("addresses[type eq \"work\"].region")]),
            |said| {
                all_of([
                    gone(said, "addresses[work].region"),
                    expect_at("addresses[work].locality", "Seattle", &said[1]),
                ])
            },
        ),
    )
    .needs(ADDRESSES),
    must(
        "patch-remove-last-unassigned",
        Rfc7644("3.5.2.2"),
        "when its last value is removed an attribute is unassigned: no empty value stays",
        Probe(
            |its| patched(its, [remove("emails[type eq \"work\"]")]),
            |said| {
                let left = values("emails", &said[1]);
                all_of([gone(said, "emails"), expect("e-mails left:", 0, left.len())])
            },
        ),
    )
    .needs(EMAILS),
    must(
        "patch-remove-required",
        Rfc7644("3.5.2.2"),
        "a required attribute cannot be removed",
        Probe(
            |its| vec![patch(its.user(), [remove("userName")])],
            |said| expect_refused(MUTABILITY, &said[0]),
        ),
    )
    .needs(&[Patch]),
    must(
        "patch-remove-readonly",
        Rfc7644("3.5.2.2"),
        "readOnly attributes cannot be removed",
        Probe(
            |its| ["meta", "id"].map(|path| patch(its.user(), [remove(path)])).into(),
            |said| worst(said.exchanges.iter().map(|seen| expect_refused(MUTABILITY, seen))),
        ),
    )
    .needs(&[Patch]),
    implied(
        "patch-remove-absent",
        Rfc7644("3.5.2.2"),
        "removing what is not there is a success, or noTarget",
        Probe(|its| patched(its, [remove("title")]), |said| taken_or_no_target(&said[0])),
    )
    .reads(&[A15])
    .on(Setting::BareUsers(1))
    .needs(TITLE),
    implied(
        "patch-remove-nomatch",
        Rfc7644("3.5.2.2"),
        "removing a value that no filter finds loses nothing",
        Probe(
            |its| patched(its, [remove("emails[type eq \"home\"]")]),
            |said| {
                let mail = said.its.user_name(0);
                let kept = expect_at("emails[work].value", mail, &said[1]);
                all_of([taken_or_no_target(&said[0]), kept])
            },
        ),
    )
    .reads(&[A15])
    .needs(EMAILS),
    implied(
        "patch-remove-with-value",
        Rfc7644("3.5.2.2"),
        "a value in a removal is passed over, or names what is to go",
        Probe(
            |its| {
                let listed = op("remove", "emails", json!([home(its)]));
                patched_with_home(its, [listed])
            },
            |said| {
                let has = |kind| !of_type("emails", kind, said.last()).is_empty();
                with_home(said, || match (said[2].status(), has("work"), has("home")) {
                    (200..=299, true, false) => A16.read_as("listed", said[2].told()),
                    (200..=299, false, false) => {
                        A16.read_as("all", "a removal with a value removes all values")
                    }
                    (400..=499, true, true) => A16.read_as("refuses", said[2].told()),
                    _ => fail("all values gone, or the listed one", said[2].told()),
                })
            },
        ),
    )
    .reads(&[A16])
    .needs(EMAILS),
    may(
        "patch-remove-primary-leaves",
        Rfc7643("2.4"),
        "when the primary value is removed none or one other is primary",
        Probe(
            |its| patched_with_home(its, [remove("emails[primary eq true]")]),
            |said| with_home(said, || one_primary_at_most(said.last())),
        ),
    )
    .needs(EMAILS),
];

/// The removal was taken and nothing is left at the path.
fn gone(said: &Said, path: &str) -> Verdict {
    let removal = &said.exchanges[said.exchanges.len() - 2];
    if expect_refused(MUTABILITY, removal) == Verdict::Pass {
        return Verdict::Remark(format!("`{path}` is required here: {}", removal.told()));
    }
    all_of([expect_success(removal), expect_unassigned(path, said.last())])
}

/// Success without a change, or 400 as another reading has it.
fn taken_or_no_target(seen: &Exchange) -> Verdict {
    match seen.status() {
        400 => A15.read_as("no-target", seen.told()),
        _ => all_of([expect_success(seen), A15.read_as("succeeds", seen.told())]),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::canary::*;
    use super::super::super::patches::tests::{then, user};
    use super::super::tests::{mails, with_home};
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let old = || user(json!({}));
        let no = || error(400, "mutability");
        let without = |name: &str| user(json!({(name): null}));
        let named = |middle: &str| {
            user(json!({"name": {"middleName": middle, "givenName": "Alice",
                                 "familyName": "Adams"}}))
        };
        let phones = |entries: Value| user(json!({"phoneNumbers": entries}));
        let work = json!({"type": "work", "value": "+1-555-0100"});
        let homes = json!([work, {"type": "home", "value": "+1-555-0108"}]);
        let address = |entry: Value| user(json!({"addresses": [entry]}));
        let prepared = |read: Answer| [empty(204), empty(204), read];
        let both = || mails(&[("work", 0, true), ("home", 4, false)]);
        vec![
            canary("patch-remove-no-path", [error(400, "noTarget")], [empty(204)]),
            canary("patch-remove-single", then(without("title")), then(old())),
            canary(
                "patch-remove-subattr",
                [empty(204), named("Quinn"), empty(204), named("")],
                [empty(204), named("Quinn"), empty(204), without("name")],
            ),
            canary("patch-remove-complex", then(without("name")), then(named(""))),
            canary("patch-remove-multi-all", with_home(without("emails")), with_home(old())),
            canary("patch-remove-valuepath", with_home(old()), with_home(without("emails"))),
            canary(
                "patch-remove-valuepath-many",
                prepared(phones(json!([work]))),
                prepared(phones(homes)),
            ),
            canary(
                "patch-remove-valuepath-subattr",
                then(address(json!({"type": "work", "locality": "Seattle"}))),
                then(address(json!({"type": "work"}))),
            ),
            canary(
                "patch-remove-last-unassigned",
                then(without("emails")),
                then(user(json!({"emails": [{}]}))),
            ),
            canary("patch-remove-required", [no()], [empty(204)]),
            canary("patch-remove-readonly", [no(), no()], [no(), empty(204)]),
            canary("patch-remove-absent", then(old()), [error(404, ""), old()]),
            canary("patch-remove-nomatch", then(old()), then(without("emails"))),
            canary("patch-remove-with-value", with_home(old()), with_home(both())),
            canary(
                "patch-remove-primary-leaves",
                with_home(mails(&[("home", 4, false)])),
                with_home(mails(&[("home", 4, true), ("other", 5, true)])),
            ),
        ]
    }
}
