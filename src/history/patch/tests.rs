//! The decision table of the model, row by row, and what each reading allows.

use serde_json::json;

use super::super::norm::{body_of, state_of};
use super::*;
use crate::scim;

fn user() -> State {
    state_of(
        Kind::User,
        &json!({
            "userName": "a", "title": "Lead", "active": true,
            "name": {"givenName": "G", "familyName": "F"},
            "emails": [
                {"type": "work", "value": "w", "primary": true}, {"type": "home", "value": "h"},
            ],
            scim::ENTERPRISE_USER: {"department": "D", "division": "V"},
        }),
    )
}

/// The states allowed, each as the attribute at `path` shows it, and whether a refusal is.
fn allowed(operations: &Value, path: &str) -> (Vec<Value>, bool) {
    let allowed = apply(Kind::User, operations.as_array().unwrap(), &user());
    let shown = |state: &State| state.get(path).cloned().unwrap_or_default();
    (allowed.states.iter().map(shown).collect(), allowed.may_refuse)
}

#[track_caller]
fn one(operation: &Value, path: &str, expected: &Value) {
    assert_eq!(allowed(&json!([operation]), path), (vec![expected.clone()], false), "{operation}");
}

#[track_caller]
fn refused(operation: &Value) {
    assert_eq!(apply(Kind::User, std::slice::from_ref(operation), &user()), Allowed::refusal());
}

#[test]
fn plain_writes_and_removals_allow_one_state() {
    let department = format!("{}:department", scim::ENTERPRISE_USER);
    one(&json!({"op": "add", "path": "title", "value": "x"}), "title", &json!("x"));
    one(&json!({"op": "replace", "path": "NICKNAME", "value": "x"}), "nickName", &json!("x"));
    one(&json!({"op": "remove", "path": "title"}), "title", &Value::Null);
    one(
        &json!({"op": "replace", "path": department, "value": "x"}),
        "enterprise.department",
        &json!("x"),
    );
    one(&json!({"op": "remove", "path": "name.givenName"}), "name", &json!({"familyName": "F"}));
    one(
        &json!({"op": "replace", "value": {"name": {"givenName": "N"}}}),
        "name",
        &json!({"familyName": "F", "givenName": "N"}),
    );
    one(
        &json!({"op": "replace", "path": "emails", "value": [{"value": "x", "type": "other"}]}),
        "emails",
        &json!([{"type": "other", "value": "x"}]),
    );
    one(
        &json!({"op": "remove", "path": "emails[type eq \"WORK\"]"}),
        "emails",
        &json!([{"type": "home", "value": "h"}]),
    );
}

#[test]
fn a_new_primary_takes_the_mark_from_the_others() {
    let home =
        json!([{"primary": true, "type": "home", "value": "h"}, {"type": "work", "value": "w"}]);
    one(
        &json!({"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}),
        "emails",
        &home,
    );
    one(
        &json!({
            "op": "add", "path": "emails",
            "value": [{"type": "other", "value": "o", "primary": true}],
        }),
        "emails",
        &json!([{"primary": true, "type": "other", "value": "o"}, {"type": "home", "value": "h"},
                {"type": "work", "value": "w"}]),
    );
}

#[test]
fn what_is_there_is_not_added_again() {
    let same = json!({"op": "add", "path": "emails", "value": [{"value": "h", "type": "home"}]});
    one(&same, "emails", &user()["emails"]);
    let (states, may_refuse) = allowed(
        &json!([{"op": "add", "path": "emails",
                 "value": [{"value": "h", "type": "home", "display": "H"}]}]),
        "emails",
    );
    assert_eq!((states.len(), may_refuse), (2, false), "merged, or beside the one that is there");
}

#[test]
fn what_the_rfc_leaves_open_allows_more_than_one_answer() {
    let add_name = json!([{"op": "add", "path": "name", "value": {"givenName": "N"}}]);
    assert_eq!(allowed(&add_name, "name").0.len(), 2, "A36");
    let absent = json!([{"op": "remove", "path": "nickName"}]);
    assert_eq!(allowed(&absent, "nickName"), (vec![Value::Null], true), "A15");
    let adding =
        json!([{"op": "add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "1"}]);
    let made = json!([{"type": "fax", "value": "1"}]);
    assert_eq!(allowed(&adding, "phoneNumbers"), (vec![made], true), "A37");
    let null = json!([{"op": "replace", "path": "title", "value": null}]);
    assert_eq!(allowed(&null, "title"), (vec![Value::Null], true), "A10");
    let whole =
        json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "x"}}]);
    assert_eq!(allowed(&whole, "emails").0.len(), 2, "A38");
    let unknown = json!([{"op": "add", "value": {"shoeSize": 44}}]);
    assert_eq!(allowed(&unknown, "title"), (vec![json!("Lead")], true), "A06");
    let text = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    assert_eq!(allowed(&text, "active"), (vec![json!(false)], true), "A07");
    let container = json!([{"op": "add", "value": {scim::ENTERPRISE_USER: {"division": "x"}}}]);
    assert_eq!(allowed(&container, "enterprise.department").0, [json!("D"), Value::Null], "A13");
}

#[test]
fn what_cannot_be_done_must_be_refused_and_takes_the_whole_with_it() {
    for operation in [
        json!({"op": "remove"}),
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "replace", "path": "id", "value": "x"}),
        json!({"op": "add", "path": "groups", "value": []}),
        json!({"op": "replace", "path": "shoeSize", "value": 1}),
        json!({"op": "replace", "path": "emails[type eq", "value": 1}),
        json!({"op": "jump", "path": "title"}),
        json!({"op": "replace", "path": "active", "value": "maybe"}),
        json!({"op": "replace", "path": "title"}),
        json!({"op": "replace", "path": "userName", "value": null}),
        json!("no object"),
    ] {
        refused(&operation);
        let second = json!([{"op": "remove", "path": "title"}, operation]);
        assert_eq!(apply(Kind::User, second.as_array().unwrap(), &user()), Allowed::refusal());
    }
}

#[test]
fn members_go_as_listed_and_come_once() {
    let group = json!({"displayName": "G", "members": [{"value": "a"}, {"value": "b"}]});
    let group = state_of(Kind::Group, &group);
    let of = |operation: Value| {
        let allowed = apply(Kind::Group, &[operation], &group);
        (body_of(Kind::Group, &allowed.states[0])["members"].clone(), allowed.may_refuse)
    };
    let listed =
        json!({"op": "remove", "path": "members", "value": [{"value": "a"}, {"value": "z"}]});
    assert_eq!(of(listed), (json!([{"value": "b"}]), false));
    let again = json!({"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "c"}]});
    assert_eq!(of(again), (json!([{"value": "a"}, {"value": "b"}, {"value": "c"}]), false));
    let all = json!({"op": "remove", "path": "members"});
    assert_eq!(of(all), (Value::Null, false));
}

#[test]
fn operations_see_what_the_earlier_ones_did() {
    let operations = json!([
        {"op": "replace", "path": "title", "value": "x"},
        {"op": "add", "path": "name", "value": {"givenName": "N"}},
        {"op": "remove", "path": "name.familyName"},
        {"op": "remove", "path": "title"},
    ]);
    assert_eq!(allowed(&operations, "title").0, [Value::Null]);
    assert_eq!(allowed(&operations, "name").0, [json!({"givenName": "N"})]);
}
