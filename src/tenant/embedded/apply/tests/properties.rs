//! What must hold whatever is sent: the engine over drawn operations, and the two ways of changing
//! a group's members against each other.

use proptest::prelude::*;

use super::*;
use crate::scim::schema::Attribute;

fn any_value() -> impl Strategy<Value = Value> {
    let work = |address: &str| json!({"value": address, "type": "work"});
    let email = |address: &str, primary: bool| {
        let mut email = work(address);
        email["primary"] = json!(primary);
        email
    };
    prop::sample::select(vec![
        json!(null),
        json!([]),
        json!({}),
        json!(""),
        json!("False"),
        json!(true),
        json!(7),
        json!("text"),
        json!(["a", "b"]),
        json!([[["a"]]]),
        json!({"value": "x"}),
        json!({"value": ""}),
        json!({"value": {"value": "x"}}),
        json!({"value": "{\"value\":\"{\\\"value\\\":1}\"}"}),
        json!([email("a", true), email("b", false)]),
        email("w@example.com", true),
        json!({"givenName": null, "familyName": "x"}),
        json!({"title": "t", "emails": [email("c", true)], "name.givenName": "g"}),
        json!({"emails[type eq \"work\"].value": "v", ENTERPRISE_USER: {"manager": "m"}}),
        json!([USER, ENTERPRISE_USER]),
    ])
}

fn any_operation() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "title",
        "active",
        "userName",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "emails.primary",
        "emails[type eq \"work\"]",
        "emails[type eq \"work\"].value",
        "emails[primary eq \"True\"].primary",
        "emails[value pr].type",
        "emails[type eq \"fax\"].value",
        "roles",
        "roles[primary eq true].display",
        "manager",
        "manager.value",
        "schemas",
        "id",
        "nope",
        "members",
        "displayName",
        "password",
        "x509Certificates",
        ENTERPRISE_USER,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "emails[",
        "",
    ]);
    let op = prop::sample::select(vec!["add", "Remove", "replace", "Replace"]);
    (op, prop::option::weighted(0.6, path), prop::option::weighted(0.95, any_value())).prop_map(
        |(op, path, value)| {
            let mut operation = json!({"op": op});
            if let Some(path) = path {
                operation["path"] = path.into();
            }
            if let Some(value) = value {
                operation["value"] = value;
            }
            operation
        },
    )
}

fn any_member_operation() -> impl Strategy<Value = Value> {
    let ids = prop::collection::vec(prop::sample::select(vec!["u1", "u2", "u3", "u4"]), 0..4);
    (0..7usize, ids).prop_map(|(form, ids)| {
        let listed: Vec<_> = ids.iter().map(|id| json!({"value": id, "$ref": null})).collect();
        match form {
            0 => json!({"op": "Add", "path": "members", "value": listed}),
            1 => json!({"op": "add", "value": {"members": listed}}),
            2 => json!({"op": "Remove", "path": "members", "value": listed}),
            3 => json!({"op": "replace", "path": "members", "value": listed}),
            4 => json!({"op": "remove", "path": "members"}),
            5 => json!({"op": "add", "path": "members", "value": "u5"}),
            _ => {
                let id = ids.first().unwrap_or(&"u9");
                json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")})
            }
        }
    })
}

/// What is wrong with a resource that should be canonical.
fn faults(resource: &Value, kind: ResourceKind) -> Vec<String> {
    let mut faults = Vec::new();
    let extension = kind.extension();
    for (name, value) in resource.as_object().unwrap() {
        if let Some(extension) = extension.filter(|it| it.id == name) {
            for (name, value) in value.as_object().unwrap() {
                check_value(extension.find(name), name, value, &mut faults);
            }
        } else {
            check_value(kind.find(name), name, value, &mut faults);
        }
    }
    if resource["schemas"][0] != kind.schema().id {
        faults.push("the base schema is missing".to_owned());
    }
    faults
}

fn check_value(
    attribute: Option<&'static Attribute>,
    name: &str,
    value: &Value,
    faults: &mut Vec<String>,
) {
    let Some(attribute) = attribute.filter(|attribute| attribute.name == name) else {
        faults.push(format!("`{name}` is undeclared"));
        return;
    };
    if attribute.multi_valued != value.is_array() {
        faults.push(format!("`{name}` is an array or not, wrongly"));
    }
    let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let empty =
        |it: &Value| it.is_null() || it.as_object().is_some_and(Map::is_empty) || it == &json!([]);
    if values.is_empty() || values.iter().any(empty) {
        faults.push(format!("`{name}` holds nothing"));
    }
    if values.iter().filter(|it| it["primary"] == true).count() > 1 {
        faults.push(format!("`{name}` has two primaries"));
    }
    for (name, value) in values.iter().filter_map(Value::as_object).flatten() {
        check_value(attribute.find(name), name, value, faults);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3_000, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_operations_leave_a_canonical_resource_or_a_problem(
        operations in prop::collection::vec(any_operation(), 1..5),
        entra in any::<bool>(),
        on_user in any::<bool>(),
    ) {
        let resource = if on_user { user() } else { group() };
        let kind = kind_of(&resource);
        let answer = apply(&body(&json!(operations)), &resource, kind, Tolerance { entra });
        if let Ok(changed) = answer {
            prop_assert_eq!(faults(&changed, kind), Vec::<String>::new(), "{}", changed);
        }
    }

    #[test]
    fn members_change_alike_apart_from_the_group_and_inside_it(
        operations in prop::collection::vec(any_member_operation(), 1..5),
        entra in any::<bool>(),
    ) {
        let (tolerance, body) = (Tolerance { entra }, body(&json!(operations)));
        let Some(changes) = member_changes(&body, tolerance) else {
            prop_assert!(!entra, "everything drawn here is recognised for Entra");
            return Ok(());
        };
        let mut ids = vec!["u1".to_owned(), "u2".to_owned()];
        for change in changes {
            match change {
                MemberChange::Add(member) if !ids.contains(&member.id) => ids.push(member.id),
                MemberChange::Add(_) => {}
                MemberChange::Remove(id) => ids.retain(|it| *it != id),
                MemberChange::RemoveAll => ids.clear(),
                MemberChange::ReplaceAll(members) => {
                    ids = members.into_iter().map(|member| member.id).collect();
                }
            }
        }
        let changed = apply(&body, &group(), ResourceKind::Group, tolerance).unwrap();
        let members = changed.get("members").and_then(Value::as_array);
        let inside: Vec<_> = members.into_iter().flatten().map(|it| it["value"].as_str()).collect();
        prop_assert_eq!(inside, ids.iter().map(|id| Some(id.as_str())).collect::<Vec<_>>());
    }

    #[test]
    fn saying_what_is_there_changes_nothing(name in prop::sample::select(vec![
        "userName", "title", "active", "name", "emails", ENTERPRISE_USER, "schemas",
    ]), op in prop::sample::select(vec!["add", "replace"]), entra in any::<bool>()) {
        let value = user()[name].clone();
        for operation in [
            json!({"op": op, "path": name, "value": value}),
            json!({"op": op, "value": {name: value}}),
        ] {
            prop_assert_eq!(patched(&user(), &json!([operation]), Tolerance { entra }), user());
        }
    }
}
