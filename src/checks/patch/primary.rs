//! Primary values, and attributes that a PATCH must not change, may change once, or may change
//! unseen (RFC 7644 §3.5.2, RFC 7643 §2.4 and §7); and PATCH requests at the same time.

use serde_json::json;

use super::*;

const MUTABILITY: &[&str] = &["mutability"];

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "patch-primary-demotes",
        Rfc7644("3.5.2"),
        "adding a primary value takes the mark from the value that had it",
        Probe(
            |its| {
                let mut home = home(its);
                home["primary"] = json!(true);
                patched(its, [op("add", "emails", json!([home]))])
            },
            |said| only_home_is_primary(&said[0], &said[1]),
        ),
    )
    .needs(EMAILS),
    must(
        "patch-primary-subattr",
        Rfc7644("3.5.2"),
        "marking a selected value as primary takes the mark from the other",
        Probe(
            |its| patched_with_home(its, [op("replace", "emails[type eq \"home\"].primary", true)]),
            |said| with_home(said, || only_home_is_primary(&said[2], &said[3])),
        ),
    )
    .needs(EMAILS),
    implied(
        "patch-primary-two-in-one",
        Rfc7643("2.4"),
        "of two primary values in one array at most one stays primary, or all are refused",
        Probe(
            |its| {
                let entry = |kind, number| {
                    json!({"type": kind, "value": its.user_name(number), "primary": true})
                };
                let both = json!([entry("work", 0), entry("home", 4)]);
                patched(its, [op("replace", "emails", both)])
            },
            |said| match said[0].status() {
                400..=499 => Verdict::Pass,
                _ => all_of([expect_success(&said[0]), one_primary_at_most(&said[1])]),
            },
        ),
    )
    .needs(EMAILS),
    implied(
        "patch-primary-false",
        Rfc7643("2.4"),
        "taking the mark from the primary value leaves one primary value at most",
        Probe(
            |its| {
                patched_with_home(its, [op("replace", "emails[type eq \"work\"].primary", false)])
            },
            |said| {
                let judge = || all_of([expect_success(&said[2]), one_primary_at_most(&said[3])]);
                with_home(said, judge)
            },
        ),
    )
    .needs(EMAILS),
    must(
        "patch-readonly-refused",
        Rfc7644("3.5.2"),
        "an explicit change of a readOnly attribute is refused",
        Probe(
            |its| {
                let change = |operation| patch(its.user(), [operation]);
                vec![
                    get(its.user()),
                    change(op("replace", "id", its.absent.as_str())),
                    change(op("replace", "meta.created", "2001-01-01T00:00:00Z")),
                    change(op("add", "groups", json!([{"value": its.absent}]))),
                    get(its.user()),
                ]
            },
            |said| {
                let refused = |seen: &Exchange| match seen.status() {
                    200..=299 => remark(seen),
                    _ => expect_refused(MUTABILITY, seen),
                };
                all_of([
                    worst(said.exchanges[1..4].iter().map(refused)),
                    expect_read_only_kept(&said[0], &said[4]),
                ])
            },
        ),
    )
    .needs(&[Patch]),
    implied(
        "patch-readonly-in-nopath",
        Rfc7644("3.5.2"),
        "a readOnly attribute in a value without a path is passed over, or all is refused",
        Probe(
            |its| {
                let value = json!({"id": its.absent, "title": "Lead"});
                vec![get(its.user()), patch(its.user(), [merge("replace", value)]), get(its.user())]
            },
            |said| {
                let old = said.its.user().text("title");
                let taken = said[1].is_success();
                let (title, reading) =
                    if taken { ("Lead", "passes-over") } else { (old, "refuses") };
                all_of([
                    require(said[1].status() < 500, "status 2xx or 400", said[1].told()),
                    A39.read_as(reading, said[1].told()),
                    expect_read_only_kept(&said[0], &said[2]),
                    expect_at("title", title, &said[2]),
                ])
            },
        ),
    )
    .reads(&[A39])
    .needs(TITLE),
    must(
        "patch-writeonly",
        Rfc7643("7"),
        "a password that a PATCH sets is shown by no answer",
        Probe(
            |its| patched(its, [op("replace", "password", "Tr0ub4dor&3-correct-horse")]),
            |said| {
                let is_shown =
                    |seen: &Exchange| seen.at("/password").is_some_and(|it| !is_unassigned(&it));
                let echoed = said.exchanges.iter().any(is_shown);
                let judge = || require(!echoed, "no `password`", "`password` in an answer");
                prepared(said, 1, judge)
            },
        ),
    )
    .needs(&[Patch]),
    should(
        "patch-unique-conflict",
        Rfc7644("3.12"),
        "a userName that another user has is refused with uniqueness",
        Probe(
            |its| patched(its, [op("replace", "userName", its.user_name(1))]),
            |said| {
                let kept = expect_at("userName", said.its.user_name(0), &said[1]);
                all_of([expect_conflict(&said[0]), kept])
            },
        ),
    )
    .reads(&[A12])
    .on(Setting::Users(2))
    .needs(&[Patch]),
    implied(
        "patch-concurrent-disjoint",
        Rfc7644("3.5.2"),
        "of PATCH requests at the same time on different attributes none is lost",
        Race(
            |its| {
                let change = |(path, value)| patch(its.user(), [op("replace", path, value)]);
                DISJOINT.map(change).into()
            },
            |its| vec![get(its.user())],
            |said| {
                if said.exchanges.iter().any(|seen| matches!(seen.status(), 409 | 412 | 423)) {
                    return Verdict::Remark("some of them are refused as conflicts".to_owned());
                }
                let held = DISJOINT.map(|(path, value)| expect_at(path, value, said.last()));
                worst(said.exchanges.iter().map(expect_success).chain(held))
            },
        ),
    )
    .needs(&[Patch, Attribute("title"), Attribute("name"), Attribute("preferredLanguage")])
    .risk(Risk::Heavy),
    implied(
        "patch-concurrent-members",
        Rfc7644("3.5.2"),
        "sixteen members added at the same time are all there afterwards",
        Race(
            |its| {
                let add = |user: &Known| op("add", "members", json!([{"value": user.id}]));
                its.users.iter().map(|user| patch(its.group(), [add(user)])).collect()
            },
            |its| vec![get(its.group())],
            |said| {
                let all: Vec<&Known> = said.its.users.iter().collect();
                all_of([
                    worst(said.exchanges.iter().map(expect_success)),
                    expect_members(&all, said.last()),
                ])
            },
        ),
    )
    .on(Setting::Group { users: 16, members: 0 })
    .needs(&[Group, Patch])
    .risk(Risk::Heavy),
];

/// Changes of attributes that have nothing to do with each other.
const DISJOINT: [(&str, &str); 5] = [
    ("title", "Lead"),
    ("displayName", "Alice Brown"),
    ("name.givenName", "Alicia"),
    ("name.familyName", "Brown"),
    ("preferredLanguage", "de-DE"),
];

/// The home e-mail alone has the mark. A refusal is worth a remark, and so is a lost mark.
fn only_home_is_primary(write: &Exchange, read: &Exchange) -> Verdict {
    let marked = json!(primaries(read));
    match write.status() {
        400..=499 => remark(write),
        _ if marked == json!([]) => Verdict::Remark("no e-mail is primary".to_owned()),
        _ => all_of([expect_success(write), expect("primary:", json!(["home"]), marked)]),
    }
}

/// The user is still itself: id, time of creation and groups are what they were.
fn expect_read_only_kept(before: &Exchange, after: &Exchange) -> Verdict {
    if after.status() == 404 {
        return fail("the user under its id", after.told());
    }
    let same = |path: &str| {
        let [held, now] = [before, after].map(|seen| seen.at(path).unwrap_or_default());
        let nothing = is_unassigned(&held) && is_unassigned(&now);
        if nothing { Verdict::Pass } else { expect_value(path, &held, Some(&now)) }
    };
    all_of([same("/id"), same("/meta/created"), same("/groups")])
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::canary::*;
    use super::super::super::patches::tests::{its, then, user};
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
        let two = || mails(&[("work", 0, true), ("home", 4, true)]);
        let home = || mails(&[("work", 0, false), ("home", 4, true)]);
        let stranger = || user(json!({"id": its().absent}));
        let race = |read: Answer| -> [Answer; 17] {
            std::array::from_fn(|place| if place == 16 { read.clone() } else { empty(204) })
        };
        let five = |read: Answer| [204; 5].map(empty).into_iter().chain([read]);
        let five = |read: Answer| -> [Answer; 6] {
            five(read).collect::<Vec<_>>().try_into().expect("five and one are six")
        };
        let written = user(json!({"title": "Lead", "displayName": "Alice Brown",
                                  "name": {"givenName": "Alicia", "familyName": "Brown"},
                                  "preferredLanguage": "de-DE"}));
        let ids: Vec<String> = (0..16).map(|number| format!("user-{number}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        vec![
            canary("patch-primary-demotes", then(home()), then(two())),
            canary("patch-primary-subattr", with_home(home()), with_home(two())),
            canary("patch-primary-two-in-one", then(home()), then(two())),
            canary("patch-primary-false", with_home(home()), with_home(two())),
            canary(
                "patch-readonly-refused",
                [old(), no(), no(), no(), old()],
                [old(), empty(204), no(), no(), stranger()],
            ),
            canary(
                "patch-readonly-in-nopath",
                [old(), empty(204), user(json!({"title": "Lead"}))],
                [old(), empty(204), stranger()],
            ),
            canary("patch-writeonly", then(old()), then(user(json!({"password": "x"})))),
            canary(
                "patch-unique-conflict",
                [error(409, "uniqueness"), old()],
                then(user(json!({"userName": its().user_name(1)}))),
            ),
            canary("patch-concurrent-disjoint", five(written), five(old())),
            canary("patch-concurrent-members", race(group_of(&ids)), race(group_of(&ids[1..]))),
        ]
    }
}
