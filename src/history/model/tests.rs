//! What the model expects of short histories.

use super::super::norm::state_of;
use super::*;

fn step(line: &str) -> Step {
    line.parse().unwrap()
}

/// A model after these steps, each done as the model first allows it.
fn after(lines: &[&str]) -> Model {
    let mut model = Model::default();
    for line in lines {
        let expected = model.expect(&step(line)).unwrap_or_else(|| panic!("{line} does not apply"));
        let states: Vec<State> = expected.allowed.states.into_iter().take(1).collect();
        match expected.method {
            Method::POST => model.created(expected.slot, states.clone(), &states[0]),
            Method::DELETE => model.deleted(expected.slot),
            _ => model.changed(expected.slot, states),
        }
    }
    model
}

const ADA: &str = r#"create user 0 {"userName":"<name 0>","title":"Lead"}"#;
const BOB: &str = r#"create user 1 {"userName":"<name 1>"}"#;
const TEAM: &str = concat!(
    r#"create group 0 {"displayName":"<team 0>","#,
    r#""members":[{"value":"<user 0>"},{"value":"<user 1>"}]}"#
);

#[test]
fn a_step_on_what_never_was_does_not_apply_and_one_on_what_is_gone_must_find_nothing() {
    let model = after(&[ADA, "delete user 0"]);
    assert!(model.expect(&step("get user 1")).is_none());
    let expected = model.expect(&step("get user 0")).unwrap();
    assert!(expected.is_empty && expected.allowed == Allowed::refusal());
    assert!(model.expect(&step("get user nobody")).unwrap().is_empty);
    assert!(model.expect(&step("add-members group 0 [0]")).is_none());
}

#[test]
fn a_name_is_taken_in_any_case_and_free_again_after_its_bearer_is_gone() {
    let twin = step(r#"create user 2 {"userName":"<NAME 0>"}"#);
    let taken = after(&[ADA, BOB]).expect(&twin).unwrap();
    assert_eq!((taken.clash.as_deref(), taken.allowed), (Some("<NAME 0>"), Allowed::refusal()));
    let freed = after(&[ADA, "delete user 0"]).expect(&twin).unwrap();
    assert!(freed.clash.is_none() && freed.is_freed && !freed.allowed.may_refuse);
    let renamed = after(&[ADA, BOB, r#"rename user 0 "<name 7>""#]);
    assert!(renamed.expect(&twin).unwrap().clash.is_none());
    let clash = renamed.expect(&step(r#"rename user 1 "<name 7>""#)).unwrap();
    assert!(clash.clash.is_some());
    let own = renamed.expect(&step(r#"rename user 0 "<NAME 7>""#)).unwrap();
    assert!(own.clash.is_none(), "a resource does not clash with itself");
}

#[test]
fn a_deleted_member_may_leave_the_group_or_dangle_and_a_read_settles_it() {
    let mut model = after(&[ADA, BOB, TEAM, "delete user 0"]);
    let group = Slot::group(0);
    assert_eq!(model.states(group).len(), 2);
    assert_eq!(model.groups_of(Slot::user(1)), None, "not settled yet");
    let left: Vec<State> = model.states(group).to_vec();
    let gone = left.iter().find(|state| members_of(state).count() == 1).unwrap();
    model.settle(group, gone);
    assert_eq!(model.state(group), Some(gone));
    assert_eq!(model.groups_of(Slot::user(1)), Some(BTreeSet::from(["<group 0>".to_owned()])));
    let again = step(r#"create user 0 {"userName":"<name 0>"}"#);
    assert!(model.expect(&again).unwrap().is_freed);
}

#[test]
fn a_documented_limitation_lets_a_group_keep_its_name() {
    let rename = step(r#"rename group 0 "<team 9>""#);
    for (manner, may_refuse) in [(Manner::Ignored, false), (Manner::IgnoredOrRefused, true)] {
        let mut model = after(&[ADA, BOB, TEAM]);
        model.group_rename = Some(manner);
        let expected = model.expect(&rename).unwrap();
        let names: Vec<&Value> =
            expected.allowed.states.iter().map(|state| &state["displayName"]).collect();
        assert_eq!(names, [&json!("<team 9>"), &json!("<team 0>")]);
        assert_eq!(expected.allowed.may_refuse, may_refuse);
    }
    assert_eq!(after(&[ADA, BOB, TEAM]).expect(&rename).unwrap().allowed.states.len(), 1);
}

#[test]
fn what_the_provider_adds_is_no_difference() {
    let sent = state_of(Kind::User, &json!({"userName": "<name 0>"}));
    let mut shown = sent.clone();
    shown.insert("phoneNumbers".to_owned(), json!([{"type": "own", "value": "1"}]));
    let mut usual = sent.clone();
    usual.insert("phoneNumbers".to_owned(), json!([{"type": "own", "value": "2"}]));
    let plain = |usual: Option<&State>| {
        let mut model = Model::default();
        if let Some(usual) = usual {
            model.learn_defaults(Kind::User, usual);
        }
        model.created(Slot::user(0), vec![sent.clone()], &shown);
        model.plain(Slot::user(0), shown.clone())
    };
    assert_eq!(plain(Some(&usual)), sent);
    assert_eq!(plain(None), shown, "what no other user was given is no addition of the provider's");
}

#[test]
fn a_put_names_everything_and_what_it_leaves_out_may_stay() {
    let model = after(&[ADA]);
    let put = model.expect(&step(r#"put user 0 {"userName":"<name 0>"}"#)).unwrap();
    assert!(put.may_keep && put.touched.contains("title"));
    assert_eq!(put.allowed.states[0].keys().collect::<Vec<_>>(), ["userName"]);
    let patch = model.expect(&step(r#"patch user 0 [{"op":"remove","path":"TITLE"}]"#)).unwrap();
    assert_eq!(patch.touched, BTreeSet::from(["title".to_owned()]));
}
