//! Bodies of POST and PUT.

use super::*;
use crate::scim::MICROSOFT_GROUP;

fn made(body: &Value, kind: ResourceKind) -> Value {
    validate_new(body, kind, Tolerance::ENTRA).unwrap_or_else(|problem| panic!("{body}: {problem}"))
}

fn keyword(body: &Value, tolerance: Tolerance) -> &'static str {
    let problem = validate_new(body, ResourceKind::User, tolerance).unwrap_err();
    assert_eq!(problem.status, 400);
    problem.scim_type.unwrap()
}

#[test]
fn entras_create_is_stored_without_meta_and_empty_values() {
    let body = json!({
        "schemas": [USER, ENTERPRISE_USER],
        "externalId": "0a21", "userName": "Test_User", "active": true,
        "emails": [{"primary": true, "type": "work", "value": "t@testuser.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "g f", "familyName": "f", "givenName": "g"},
        "roles": [], "addresses": null, "title": null, "manager": null
    });
    let expected = json!({
        "schemas": [USER, ENTERPRISE_USER],
        "externalId": "0a21", "userName": "Test_User", "active": true,
        "emails": [{"primary": true, "type": "work", "value": "t@testuser.com"}],
        "name": {"formatted": "g f", "familyName": "f", "givenName": "g"}
    });
    assert_eq!(made(&body, ResourceKind::User), expected);
    assert_eq!(made(&expected, ResourceKind::User), expected);
}

#[test]
fn entras_group_create_loses_microsofts_urn() {
    let body = json!({
        "schemas": [GROUP, MICROSOFT_GROUP], "externalId": "8aa1", "displayName": "d",
        "meta": {"resourceType": "Group"}, "members": []
    });
    let expected = json!({"schemas": [GROUP], "externalId": "8aa1", "displayName": "d"});
    assert_eq!(made(&body, ResourceKind::Group), expected);
}

#[test]
fn names_get_the_schemas_spelling_and_unknown_or_read_only_ones_go_away() {
    let body = json!({
        "Schemas": [USER.to_uppercase()], "USERNAME": "bob", "ID": "mine", "nope": {"a": 1},
        "groups": [{"value": "g"}], "urn:x:own:2.0:User": {"tag": "x"}, "password": "secret",
        "Emails": {"VALUE": "x", "Type": "work", "nope": 1, "display": null},
        ENTERPRISE_USER.to_lowercase(): {
            "Department": "R&D", "manager": {"value": "m", "displayName": "M"}, "nope": 1}
    });
    let expected = json!({
        "schemas": [USER, ENTERPRISE_USER], "userName": "bob",
        "emails": [{"value": "x", "type": "work"}],
        ENTERPRISE_USER: {"department": "R&D", "manager": {"value": "m"}}
    });
    assert_eq!(made(&body, ResourceKind::User), expected);
    assert_eq!(validate_new(&body, ResourceKind::User, Tolerance::STRICT).unwrap(), expected);
}

#[test]
fn what_makes_no_user_is_refused() {
    let wrong = |name: &str, value: Value| {
        with(json!({"schemas": [USER], "userName": "bob"}), &format!("/{name}"), value)
    };
    let two = json!([{"value": "a", "primary": true}, {"value": "b", "primary": true}]);
    for tolerance in BOTH {
        for (body, expected) in [
            (json!([]), "invalidSyntax"),
            (json!("x"), "invalidSyntax"),
            (json!(null), "invalidSyntax"),
            (wrong("schemas", Value::Null), "invalidSyntax"),
            (wrong("schemas", json!([])), "invalidSyntax"),
            (wrong("schemas", json!(USER)), "invalidSyntax"),
            (wrong("schemas", json!([5])), "invalidSyntax"),
            (wrong("schemas", json!([GROUP])), "invalidSyntax"),
            (wrong("schemas", json!([ENTERPRISE_USER])), "invalidSyntax"),
            (wrong("userName", Value::Null), "invalidValue"),
            (wrong("userName", json!(" ")), "invalidValue"),
            (wrong("userName", json!(5)), "invalidValue"),
            (wrong("active", json!("banana")), "invalidValue"),
            (wrong("name", json!("text")), "invalidValue"),
            (wrong("emails", two.clone()), "invalidValue"),
            (wrong(ENTERPRISE_USER, json!("x")), "invalidValue"),
        ] {
            assert_eq!(keyword(&body, tolerance), expected, "{body}");
        }
    }
    let no_name = json!({"schemas": [GROUP], "members": []});
    let problem = validate_new(&no_name, ResourceKind::Group, Tolerance::ENTRA).unwrap_err();
    assert_eq!(problem.scim_type, Some("invalidValue"));
}

#[test]
fn booleans_as_text_are_taken_from_entra_only() {
    let body = json!({
        "schemas": [USER], "userName": "bob", "active": "True",
        "roles": [{"value": "a", "primary": "True"}]
    });
    let stored = made(&body, ResourceKind::User);
    assert_eq!((&stored["active"], &stored["roles"][0]["primary"]), (&json!(true), &json!(true)));
    assert_eq!(keyword(&body, Tolerance::STRICT), "invalidValue");
}

#[test]
fn the_same_value_is_stored_once_and_one_value_under_two_types_twice() {
    let body = json!({
        "schemas": [USER], "userName": "bob",
        "emails": [
            {"value": "a", "type": "work"}, {"value": "A", "type": "Work"},
            {"value": "a", "type": "home"}
        ]
    });
    let expected = json!([{"value": "a", "type": "work"}, {"value": "a", "type": "home"}]);
    assert_eq!(made(&body, ResourceKind::User)["emails"], expected);
}
