//! Properties: what holds of any history of requests, not only of one request.
//!
//! Whoever plays a random history tells each step as an [`Episode`]; the judges here compare what
//! the tenant shows with what the model allows. Ids begin with `prop-`.

mod passing;
mod queries;
mod races;
mod trials;
mod writes;

use super::check::*;

/// The properties, topic by topic, in the order of reports.
pub(super) const WRITES: &[Check] = writes::CHECKS;
/// See [`WRITES`].
pub(super) const TRIALS: &[Check] = trials::CHECKS;
/// See [`WRITES`].
pub(super) const QUERIES: &[Check] = queries::CHECKS;
/// See [`WRITES`].
pub(super) const RACES: &[Check] = races::CHECKS;
/// See [`WRITES`].
pub(super) const PASSING: &[Check] = passing::CHECKS;

/// A resource shows one of the states that are right, or is gone where it should be.
pub(super) fn as_it_should_be(shown: &Shown) -> Verdict {
    let subject = &shown.subject;
    match (&shown.actual, shown.allowed.first()) {
        (Err(told), None) if told.starts_with("404") || told.starts_with("410") => Verdict::Pass,
        (Err(told), None) => fail(format!("{subject} gone: status 404"), told),
        (Ok(state), None) => fail(format!("{subject} gone: status 404"), in_words(state)),
        (Err(told), Some(_)) => fail(format!("{subject} readable"), told),
        (Ok(state), Some(_)) if shown.allowed.contains(state) => Verdict::Pass,
        (Ok(state), Some(_)) if shown.may_keep && keeps_more(shown, state) => Verdict::Remark(
            format!("a PUT leaves what it does not name as it was: {subject} (A33)"),
        ),
        (Ok(state), Some(_)) => {
            let closest =
                shown.allowed.iter().min_by_key(|allowed| differing(allowed, state).len());
            let (expected, actual) = sides(closest.unwrap_or(state), state);
            fail(format!("{subject}: {expected}"), format!("{subject}: {actual}"))
        }
    }
}

/// Whether all that is asked for is there and the rest is as it was before.
fn keeps_more(shown: &Shown, state: &State) -> bool {
    let before = shown.before.as_ref();
    shown.allowed.iter().any(|allowed| {
        differing(allowed, state).into_iter().all(|path| {
            let held = state.get(path);
            !allowed.contains_key(path)
                && held.is_some()
                && before.and_then(|before| before.get(path)) == held
        })
    })
}

/// The attributes that two states do not show alike.
fn differing<'a>(one: &'a State, other: &'a State) -> Vec<&'a str> {
    let paths = one.keys().chain(other.keys().filter(|path| !one.contains_key(*path)));
    paths.filter(|path| one.get(*path) != other.get(*path)).map(String::as_str).collect()
}

/// What two states show of the attributes in which they differ, side by side.
fn sides(expected: &State, actual: &State) -> (String, String) {
    let paths = differing(expected, actual);
    let of = |state: &State| {
        let shown = paths.iter().map(|path| match state.get(*path) {
            Some(value) => format!("`{path}` {value}"),
            None => format!("no `{path}`"),
        });
        shown.collect::<Vec<_>>().join(", ")
    };
    (of(expected), of(actual))
}

fn in_words(state: &State) -> String {
    let names = ["userName", "displayName"];
    let name = names.iter().find_map(|name| state.get(*name));
    name.map_or_else(|| "a resource".to_owned(), ToString::to_string)
}

/// Every resource that was read shows one of the states that are right.
pub(super) fn all_as_they_should_be(it: &Episode) -> Verdict {
    worst(it.shown.iter().map(as_it_should_be))
}

/// The write was done or refused as the model lets it. What is neither says nothing.
pub(super) fn answered_as_allowed(it: &Episode) -> Verdict {
    let Some(seen) = it.exchanges.last() else { return Verdict::NotApplicable };
    if it.is_done() {
        return require(it.may_succeed, "a refusal, status 4xx", seen.told());
    }
    if it.is_refused() {
        return require(it.may_refuse, "status 2xx", seen.told());
    }
    Verdict::CannotTell(format!("the step is answered {}", seen.told()))
}

/// What the write answered shows the resource as a read does.
pub(super) fn answered_as_read(it: &Episode) -> Verdict {
    let Some(shown) = it.named() else { return Verdict::NotApplicable };
    match (&shown.answered, &shown.actual) {
        (Some(answered), Ok(read)) if answered != read => {
            let (expected, actual) = sides(read, answered);
            fail(format!("the answer shows what a read shows: {expected}"), actual)
        }
        _ => Verdict::Pass,
    }
}

/// All of a write: answered as allowed, answered truly, and its effect.
pub(super) fn went_as_modelled(it: &Episode) -> Verdict {
    if it.is_absent {
        return Verdict::NotApplicable;
    }
    match answered_as_allowed(it) {
        Verdict::Pass if it.is_done() => all_of([all_as_they_should_be(it), answered_as_read(it)]),
        other => other,
    }
}

/// Each two things that must be the same are.
pub(super) fn agree(pairs: &[Pair]) -> Verdict {
    worst(pairs.iter().map(|pair| {
        let (expected, actual) = (shown(&pair.expected), shown(&pair.actual));
        require(
            pair.expected == pair.actual,
            &format!("{}: {expected}", pair.what),
            format!("{}: {actual}", pair.what),
        )
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::canary::*;
    use super::*;

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let topics = [
            writes::tests::canaries(),
            trials::tests::canaries(),
            queries::tests::canaries(),
            races::tests::canaries(),
            passing::tests::canaries(),
        ];
        topics.into_iter().flatten().collect()
    }

    #[test]
    fn every_judge_passes_the_right_and_fails_the_wrong() {
        let all = [WRITES, TRIALS, QUERIES, RACES, PASSING].concat();
        sing(&all, &canaries());
    }

    pub(super) fn state(value: &Value) -> State {
        value.as_object().unwrap().iter().map(|(name, it)| (name.clone(), it.clone())).collect()
    }

    /// A resource that should show `expected` and shows `actual`; it had a title before.
    pub(super) fn user(expected: &Value, actual: &Value) -> Shown {
        Shown {
            subject: "user 0".to_owned(),
            is_named: true,
            before: Some(state(&json!({"userName": "a", "title": "Lead"}))),
            allowed: vec![state(expected)],
            may_keep: false,
            touched: ["title".to_owned()].into(),
            answered: None,
            actual: Ok(state(actual)),
        }
    }

    /// A step that was answered with this status and shows this resource afterwards.
    pub(super) fn episode(verb: Verb, status: u16, shown: Shown) -> Episode {
        let request = match verb {
            Verb::Create => Request::post("/Users", &json!({})),
            Verb::Delete => Request::delete("/Users/1"),
            Verb::Get => Request::get("/Users/1"),
            _ => Request::patch("/Users/1", &json!({})),
        };
        let answer = if status < 400 { answer(status, &json!({})) } else { error(status, "") };
        Episode {
            exchanges: vec![exchange(Operation::Probe("history"), request, answer)],
            may_refuse: false,
            shown: vec![shown],
            ..Episode::of(verb, verb.word().to_owned())
        }
    }

    #[test]
    fn a_difference_is_told_side_by_side_and_a_kept_attribute_is_a_remark() {
        let mut shown = user(&json!({"userName": "a"}), &json!({"userName": "a", "title": "Lead"}));
        let Verdict::Fail { expected, actual, .. } = as_it_should_be(&shown) else { panic!() };
        assert_eq!(
            (expected.as_str(), actual.as_str()),
            ("user 0: no `title`", "user 0: `title` \"Lead\"")
        );
        shown.may_keep = true;
        assert!(matches!(as_it_should_be(&shown), Verdict::Remark(_)));
        shown.actual = Ok(state(&json!({"userName": "a", "title": "Boss"})));
        assert!(matches!(as_it_should_be(&shown), Verdict::Fail { .. }));
        shown.allowed.clear();
        shown.actual = Err("404".to_owned());
        assert_eq!(as_it_should_be(&shown), Verdict::Pass);
    }
}
