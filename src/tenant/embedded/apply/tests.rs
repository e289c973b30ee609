//! Tests of the PATCH engine: the decision table row by row, then what Entra sends, then new
//! resources and memberships.

use serde_json::{Value, json};

use super::*;
use crate::scim::{ENTERPRISE_USER, GROUP, PATCH_OP, USER};

mod entra;
mod new;
mod properties;
mod table;

fn user() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE_USER],
        "id": "u1",
        "userName": "bob",
        "title": "Engineer",
        "active": true,
        "name": {"givenName": "Bob", "familyName": "Smith"},
        "emails": [
            {"type": "work", "value": "w@example.com", "primary": true},
            {"type": "home", "value": "h@example.com", "display": "H"}
        ],
        ENTERPRISE_USER: {"department": "R&D", "manager": {"value": "m1", "$ref": "../Users/m1"}},
        "meta": {"resourceType": "User"}
    })
}

fn group() -> Value {
    json!({
        "schemas": [GROUP],
        "id": "g1",
        "displayName": "Sales",
        "members": [
            {"value": "u1", "type": "User", "$ref": "../Users/u1"},
            {"value": "u2", "type": "User"}
        ]
    })
}

fn body(operations: &Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

fn kind_of(resource: &Value) -> ResourceKind {
    if resource["schemas"][0] == USER { ResourceKind::User } else { ResourceKind::Group }
}

fn patched(resource: &Value, operations: &Value, tolerance: Tolerance) -> Value {
    apply(&body(operations), resource, kind_of(resource), tolerance)
        .unwrap_or_else(|problem| panic!("{operations}: {problem}"))
}

/// The keyword with which the operations are refused.
fn refused(resource: &Value, operations: &Value, tolerance: Tolerance) -> &'static str {
    let answer = apply(&body(operations), resource, kind_of(resource), tolerance);
    match answer {
        Ok(resource) => panic!("{operations} should be refused, but gives {resource}"),
        Err(problem) => {
            assert_eq!(problem.status, 400, "{problem}");
            problem.scim_type.expect("every refusal of a PATCH has a keyword")
        }
    }
}

/// The resource with one member set, or taken away by null.
fn with(mut resource: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = resource.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Value::Null => parent.shift_remove(name),
        value => parent.insert(name.to_owned(), value),
    };
    resource
}

const BOTH: [Tolerance; 2] = [Tolerance::STRICT, Tolerance::ENTRA];
