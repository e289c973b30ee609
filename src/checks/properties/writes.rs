//! Properties of single writes in any order: what each makes of its resource and leaves of others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::check::*;
use super::{agree, all_as_they_should_be, as_it_should_be, went_as_modelled};

/// Verbs that are a PATCH on the wire.
const PATCHES: &[Verb] = &[
    Verb::Patch,
    Verb::AddMembers,
    Verb::RemoveMembers,
    Verb::SetManager,
    Verb::Deactivate,
    Verb::Reactivate,
    Verb::Rename,
];

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "prop-create-get",
        Rfc7644("3.3"),
        "at any time a resource is created as sent, and a read shows what the answer showed",
        Steps(&[Verb::Create], |it| match it.clash {
            Some(_) => Verdict::NotApplicable,
            None => went_as_modelled(it),
        }),
    ),
    must(
        "prop-get-repeatable",
        Rfc7644("3.14"),
        "two reads in a row show the same, and what the history left there",
        Steps(&[Verb::Get], |it| match it.is_absent {
            true => Verdict::NotApplicable,
            false => all_of([all_as_they_should_be(it), agree(&it.pairs)]),
        }),
    ),
    must(
        "prop-put-total",
        Rfc7644("3.5.1"),
        "after a PUT a resource is what was sent, whatever it was before",
        Steps(&[Verb::Put], |it| match it.clash {
            Some(_) => Verdict::NotApplicable,
            None => went_as_modelled(it),
        }),
    ),
    must(
        "prop-patch-model",
        Rfc7644("3.5.2"),
        "after a PATCH a resource is what its operations make of what it was",
        Steps(PATCHES, |it| match it.clash {
            Some(_) => Verdict::NotApplicable,
            None => went_as_modelled(it),
        }),
    ),
    must(
        "prop-patch-frame",
        Rfc7644("3.5.2"),
        "a PATCH changes no attribute that it does not name",
        Steps(PATCHES, |it| match it.is_done() {
            true => worst(it.shown.iter().map(frame)),
            false => Verdict::NotApplicable,
        }),
    ),
    must(
        "prop-reject-no-effect",
        Rfc7644("3.12"),
        "what was refused has changed nothing",
        Steps(ALL_VERBS, |it| match it.is_refused() {
            true => all_as_they_should_be(it),
            false => Verdict::NotApplicable,
        }),
    ),
    must(
        "prop-replay-idempotent",
        Http("RFC 9110 §9.2.2"),
        "the same request once more leaves what the first one made, and never a twin",
        Steps(&[Verb::Repeat], went_as_modelled),
    ),
    must(
        "prop-delete-final",
        Rfc7644("3.6"),
        "a deleted resource stays gone: every later request to it is answered 404",
        Steps(ALL_VERBS, |it| match it.exchanges.last() {
            Some(seen) if it.is_absent => expect_gone(seen),
            Some(_) if it.verb == Verb::Delete && it.is_done() => {
                it.named().map_or(Verdict::NotApplicable, as_it_should_be)
            }
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "prop-delete-isolated",
        Rfc7644("3.6"),
        "deleting a resource changes no other, but for references to it",
        Steps(&[Verb::Delete], |it| {
            let others = it.shown.iter().filter(|shown| !shown.is_named && it.is_done());
            worst(others.map(as_it_should_be))
        }),
    ),
    should(
        "prop-delete-frees-name",
        Rfc7644("3.6"),
        "the name of a deleted resource can be used again, and nothing of the old one comes back",
        Steps(&[Verb::Create], |it| match it.is_freed {
            true => went_as_modelled(it),
            false => Verdict::NotApplicable,
        }),
    ),
    must(
        "prop-unique-username",
        Rfc7643("4.1.1"),
        "at no time two users have one userName, whatever its case: the second is answered 409",
        Steps(ALL_VERBS, |it| match (&it.clash, it.exchanges.last()) {
            (Some(name), Some(_)) if it.is_done() => {
                fail(format!("status 409: {name} is taken"), "the name twice")
            }
            (Some(_), Some(seen)) if it.verb == Verb::Create && !is_throttled(seen) => {
                expect_status(409, seen)
            }
            (Some(_), Some(seen)) if it.is_refused() => expect_conflict(seen),
            _ => Verdict::NotApplicable,
        }),
    ),
    must(
        "prop-membership-set",
        Rfc7643("4.2"),
        "a group has exactly the members that were added and not removed since",
        Steps(ALL_VERBS, |it| worst(it.shown.iter().map(same_members))),
    ),
    must(
        "prop-membership-dual",
        Rfc7643("4.1.2"),
        "a user's groups are the groups that have it as a member",
        Steps(ALL_VERBS, |it| agree(&it.memberships)),
    ),
    must(
        "prop-deactivate-invisible-else",
        Rfc7643("4.1.1"),
        "switching a user off and on changes nothing else, memberships included",
        Steps(&[Verb::Deactivate, Verb::Reactivate], |it| match it.is_done() {
            true => worst(it.shown.iter().map(|shown| match shown.is_named {
                true => frame(shown),
                false => as_it_should_be(shown),
            })),
            false => Verdict::NotApplicable,
        }),
    ),
];

/// What the step does not name is as it was before.
fn frame(shown: &Shown) -> Verdict {
    let (Some(before), Ok(after)) = (&shown.before, &shown.actual) else {
        return Verdict::NotApplicable;
    };
    let paths = before.keys().chain(after.keys()).filter(|path| !shown.touched.contains(*path));
    worst(paths.collect::<BTreeSet<_>>().into_iter().map(|path| {
        let at = format!("{}: `{path}`", shown.subject);
        let of = |state: &State| state.get(path).map_or("absent".to_owned(), Value::to_string);
        require(
            before.get(path) == after.get(path),
            &format!("{at} as before: {}", of(before)),
            format!("{at} {}", of(after)),
        )
    }))
}

/// The members are those of a state that is right.
fn same_members(shown: &Shown) -> Verdict {
    let Ok(actual) = &shown.actual else { return Verdict::NotApplicable };
    if !shown.subject.starts_with("group") || shown.allowed.is_empty() {
        return Verdict::NotApplicable;
    }
    let of = |state: &State| state.get("members").map_or("none".to_owned(), Value::to_string);
    let is_right =
        shown.allowed.iter().any(|allowed| allowed.get("members") == actual.get("members"));
    let expected = shown.allowed.first().map(of).unwrap_or_default();
    require(
        is_right,
        &format!("members of {}: {expected}", shown.subject),
        format!("members of {}: {}", shown.subject, of(actual)),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::super::canary::*;
    use super::super::tests::{episode, user};
    use super::*;

    /// Steps that leave one user right and wrong.
    fn either(id: &'static str, verb: Verb, status: u16) -> Canary {
        let should = json!({"userName": "a", "title": "Boss"});
        let right = episode(verb, status, user(&should, &should));
        let wrong =
            episode(verb, status, user(&should, &json!({"userName": "a", "nickName": "x"})));
        step(id, right, wrong)
    }

    fn group(members: &Value) -> Shown {
        let of = |members: &Value| json!({"displayName": "g", "members": members});
        let mut shown = user(&of(&json!([{"value": "<user 0>"}])), &of(members));
        shown.subject = "group 0".to_owned();
        shown
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let state = json!({"userName": "a"});
        let shown = || user(&state, &state);
        let get = |actual: Value| {
            let mut it = episode(Verb::Get, 200, shown());
            let what = "user 0, read twice".to_owned();
            it.pairs.push(Pair { what, expected: json!({"title": "Lead"}), actual });
            it
        };
        let gone = |status| {
            let mut it = episode(Verb::Patch, status, shown());
            (it.is_absent, it.shown) = (true, Vec::new());
            it
        };
        let bystander = |actual: Value| {
            let mut it = episode(Verb::Delete, 204, user(&state, &actual));
            it.shown[0].is_named = false;
            it
        };
        let freed = |actual: Value| {
            let mut it = episode(Verb::Create, 201, user(&state, &actual));
            it.is_freed = true;
            it
        };
        let clash = |status| {
            let mut it = episode(Verb::Create, status, shown());
            it.clash = Some("<name 0>".to_owned());
            it
        };
        let groups = |actual: Value| {
            let mut it = episode(Verb::AddMembers, 204, shown());
            let what = "groups of user 0".to_owned();
            it.memberships.push(Pair { what, expected: json!(["<group 0>"]), actual });
            it
        };
        vec![
            either("prop-create-get", Verb::Create, 201),
            either("prop-put-total", Verb::Put, 200),
            either("prop-patch-model", Verb::Patch, 200),
            either("prop-patch-frame", Verb::Patch, 200),
            either("prop-reject-no-effect", Verb::Patch, 400),
            either("prop-replay-idempotent", Verb::Repeat, 200),
            either("prop-deactivate-invisible-else", Verb::Deactivate, 200),
            step("prop-get-repeatable", get(json!({"title": "Lead"})), get(json!({}))),
            step("prop-delete-final", gone(404), gone(200)),
            step("prop-delete-isolated", bystander(state.clone()), bystander(json!({}))),
            step("prop-delete-frees-name", freed(state.clone()), freed(json!({"userName": "b"}))),
            step("prop-unique-username", clash(409), clash(201)),
            step(
                "prop-membership-set",
                episode(Verb::AddMembers, 204, group(&json!([{"value": "<user 0>"}]))),
                episode(Verb::AddMembers, 204, group(&json!([]))),
            ),
            step("prop-membership-dual", groups(json!(["<group 0>"])), groups(json!([]))),
        ]
    }

    #[test]
    fn a_refusal_that_nothing_allows_and_a_success_that_nothing_allows_are_failures() {
        let state = json!({"userName": "a"});
        let mut refused = episode(Verb::Patch, 400, user(&state, &state));
        assert!(matches!(went_as_modelled(&refused), Verdict::Fail { .. }));
        refused.may_refuse = true;
        assert_eq!(went_as_modelled(&refused), Verdict::Pass);
        let mut done = episode(Verb::Patch, 200, user(&state, &state));
        done.may_succeed = false;
        assert!(matches!(went_as_modelled(&done), Verdict::Fail { .. }));
        let crashed = episode(Verb::Patch, 500, user(&state, &state));
        assert!(matches!(went_as_modelled(&crashed), Verdict::CannotTell(_)));
    }

    #[test]
    fn an_answer_that_shows_another_state_than_a_read_is_a_failure() {
        let state = json!({"userName": "a"});
        let mut done = episode(Verb::Patch, 200, user(&state, &state));
        done.shown[0].answered = Some(State::new());
        assert!(matches!(went_as_modelled(&done), Verdict::Fail { .. }));
    }
}
