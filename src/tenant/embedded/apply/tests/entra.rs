//! The bodies that Entra sends, as documented and as captured, in both PATCH dialects.

use super::*;

#[track_caller]
fn entra(resource: &Value, operations: &Value, expected: &Value) {
    assert_eq!(&patched(resource, operations, Tolerance::ENTRA), expected, "{operations}");
}

fn work(user: &Value, value: &str) -> Value {
    let mut user = user.clone();
    user["emails"][0]["value"] = value.into();
    user
}

#[test]
fn a_disable_in_any_of_its_spellings_gives_a_boolean() {
    let disabled = with(user(), "/active", json!(false));
    for operation in [
        json!({"op": "Replace", "path": "active", "value": "False"}),
        json!({"op": "Replace", "path": "active", "value": false}),
        json!({"op": "replace", "path": "active", "value": "false"}),
        json!({"op": "replace", "path": "active", "value": false}),
        json!({"op": "replace", "value": {"active": false}}),
        json!({"op": "REPLACE", "value": {"active": "FALSE"}}),
    ] {
        entra(&user(), &json!([operation]), &disabled);
    }
    entra(&disabled, &json!([{"op": "Add", "path": "active", "value": "True"}]), &user());
    let operations = json!([{"op": "replace", "path": "active", "value": "False"}]);
    assert_eq!(refused(&user(), &operations, Tolerance::STRICT), "invalidValue");
}

#[test]
fn an_update_of_several_attributes_reads_the_same_in_both_dialects() {
    let expected = with(work(&user(), "n@example.com"), "/displayName", json!("Pvlo"));
    let expected = with(expected, "/name", json!({"givenName": "Gtfd", "familyName": "Pkqf"}));
    let expected = with(expected, &format!("/{ENTERPRISE_USER}/employeeNumber"), json!("Eqpj"));
    let default = json!([
        {"op": "Replace", "path": "displayName", "value": "Pvlo"},
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "n@example.com"},
        {"op": "Replace", "path": "name.givenName", "value": "Gtfd"},
        {"op": "Replace", "path": "name.familyName", "value": "Pkqf"},
        {"op": "Replace", "path": format!("{ENTERPRISE_USER}:employeeNumber"), "value": "Eqpj"}
    ]);
    entra(&user(), &default, &expected);
    let compliant = json!([
        {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@example.com"},
        {"op": "replace", "value": {
            "displayName": "Pvlo", "name.givenName": "Gtfd", "name.familyName": "Pkqf",
            format!("{ENTERPRISE_USER}:employeeNumber"): "Eqpj"
        }}
    ]);
    entra(&user(), &compliant, &expected);
    assert_eq!(refused(&user(), &compliant, Tolerance::STRICT), "invalidPath");
    let nested = json!([{"op": "replace", "value": {ENTERPRISE_USER: {"employeeNumber": "Eqpj"}}}]);
    let changed = patched(&user(), &nested, Tolerance::ENTRA);
    assert_eq!(changed[ENTERPRISE_USER]["employeeNumber"], "Eqpj");
    assert_eq!(changed[ENTERPRISE_USER]["department"], "R&D");
}

#[test]
fn other_documented_updates_work() {
    entra(
        &user(),
        &json!([
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "u@m.com"},
            {"op": "Replace", "path": "name.familyName", "value": "New"}
        ]),
        &with(work(&user(), "u@m.com"), "/name/familyName", json!("New")),
    );
    entra(
        &user(),
        &json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "s@contoso.com"},
            {"op": "replace", "path": "emails[type eq \"work\"].primary", "value": true},
            {"op": "replace", "value": {"active": false, "userName": "someone"}}
        ]),
        &with(
            with(work(&user(), "s@contoso.com"), "/active", json!(false)),
            "/userName",
            json!("someone"),
        ),
    );
    for op in ["Add", "add"] {
        let operations = json!([{"op": op, "path": "nickName", "value": "Babs"}]);
        entra(&user(), &operations, &with(user(), "/nickName", json!("Babs")));
    }
    let mixed = json!([
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "x"},
        {"op": "Replace", "path": "addresses[type eq \"work\"].formatted", "value": "HQ"},
        {"op": "Add", "path": format!("{ENTERPRISE_USER}:department"), "value": "Retail"}
    ]);
    let changed = patched(&user(), &mixed, Tolerance::ENTRA);
    assert_eq!(changed["addresses"], json!([{"type": "work", "formatted": "HQ"}]));
    assert_eq!(changed[ENTERPRISE_USER]["department"], "Retail");
}

#[test]
fn odd_forms_of_simple_and_typed_values_are_understood() {
    let single =
        json!([{"op": "Replace", "path": "title", "value": [{"$ref": null, "value": "User x"}]}]);
    entra(&user(), &single, &with(user(), "/title", json!("User x")));
    let bare = json!({"schemas": [USER], "userName": "bob"});
    let dotted = json!([{"op": "replace", "value": {"emails.value": "x@y"}}]);
    assert_eq!(patched(&bare, &dotted, Tolerance::ENTRA)["emails"], json!([{"value": "x@y"}]));
    let capital =
        json!([{"op": "Replace", "path": "emails[type eq \"work\"].Value", "value": "x"}]);
    entra(&user(), &capital, &work(&user(), "x"));
    let again = json!([
        {"op": "Remove", "path": "title"}, {"op": "Add", "path": "title", "value": "a"},
        {"op": "Replace", "path": "title", "value": "b"}
    ]);
    entra(&user(), &again, &with(user(), "/title", json!("b")));
    entra(&user(), &json!([]), &user());
}

#[test]
fn a_manager_is_set_and_cleared_in_every_form() {
    let long = format!("{ENTERPRISE_USER}:manager");
    let pointer = format!("/{ENTERPRISE_USER}/manager");
    let set = |value: Value| with(user(), &pointer, value);
    for value in [json!("271"), json!({"value": "271"}), json!([{"value": "271"}])] {
        for op in ["Add", "Replace"] {
            let operations = json!([{"op": op, "path": long, "value": value}]);
            entra(&user(), &operations, &set(json!({"value": "271"})));
        }
    }
    let operations = json!([{"op": "replace", "value": {&long: "271"}}]);
    entra(&user(), &operations, &set(json!({"value": "271"})));
    let full = json!({"$ref": "http://x/Users/271", "value": "271"});
    let operations = json!([{"op": "Add", "path": "manager", "value": [full]}]);
    entra(&user(), &operations, &set(full));
    for value in [json!(""), json!({"value": ""}), json!(null), json!([])] {
        let operations = json!([{"op": "replace", "path": long, "value": value}]);
        entra(&user(), &operations, &set(Value::Null));
    }
    entra(&user(), &json!([{"op": "Remove", "path": long}]), &set(Value::Null));
    let same = json!([{"op": "Add", "path": long, "value": "m1"}]);
    entra(&user(), &same, &user());
    let bare = json!([{"op": "add", "path": long, "value": "271"}]);
    assert_eq!(refused(&user(), &bare, Tolerance::STRICT), "invalidValue");
}

#[test]
fn roles_come_in_pieces_whole_or_as_json_in_text() {
    let pieces = json!([
        {"op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin"},
        {"op": "Add", "path": "roles[primary eq \"True\"].display", "value": "Admins"},
        {"op": "Add", "path": "roles[primary eq true].type", "value": "AD"}
    ]);
    let whole = json!([{"primary": true, "value": "Admin", "display": "Admins", "type": "AD"}]);
    entra(&user(), &pieces, &with(user(), "/roles", whole));
    let text = "{\"id\":\"06b07648\",\"value\":\"25\",\"displayName\":\"Role1234\"}";
    let role = json!([{"value": "25", "display": "Role1234"}]);
    for value in [json!([{"value": text}]), json!([text]), json!(text)] {
        let operations = json!([{"op": "Add", "path": "roles", "value": value}]);
        entra(&user(), &operations, &with(user(), "/roles", role.clone()));
    }
    let given = json!([
        {"primary": "False", "type": "AD", "displayName": "A", "value": "a"},
        {"primary": false, "type": "AD", "display": "B", "value": "b"}
    ]);
    let stored = json!([
        {"primary": false, "type": "AD", "display": "A", "value": "a"},
        {"primary": false, "type": "AD", "display": "B", "value": "b"}
    ]);
    let operations = json!([{"op": "replace", "path": "roles", "value": given}]);
    entra(&user(), &operations, &with(user(), "/roles", stored));
}

#[test]
fn a_quoted_boolean_in_a_selector_is_refused_by_the_letter_of_the_rfc() {
    let operations =
        json!([{"op": "add", "path": "emails[primary eq \"True\"].value", "value": "x"}]);
    assert_eq!(refused(&user(), &operations, Tolerance::STRICT), "invalidFilter");
    entra(&user(), &operations, &work(&user(), "x"));
}

#[test]
fn members_are_added_removed_and_replaced_in_both_dialects() {
    let third = |extra: Value| {
        let mut members = group()["members"].as_array().unwrap().clone();
        members.push(extra);
        with(group(), "/members", members.into())
    };
    for value in [
        json!([{"$ref": null, "value": "u3"}]),
        json!([{"value": "u3"}]),
        json!("u3"),
        json!(["u3"]),
    ] {
        let operations = json!([{"op": "Add", "path": "members", "value": value}]);
        entra(&group(), &operations, &third(json!({"value": "u3"})));
    }
    let operations = json!([{"op": "Add", "path": "members", "value": [{"value": "u1"}]}]);
    entra(&group(), &operations, &group());
    let without_u1 = with(group(), "/members", json!([{"value": "u2", "type": "User"}]));
    for operation in [
        json!({"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "u1"}]}),
        json!({"op": "Remove", "path": "members", "value": [{"value": "u1"}, {"value": "u9"}]}),
        json!({"op": "remove", "path": "members", "value": "u1"}),
        json!({"op": "remove", "path": "members[value eq \"u1\"]"}),
    ] {
        entra(&group(), &json!([operation]), &without_u1);
    }
    let replaced = json!([{"value": "u5"}]);
    let operations = json!([{"op": "replace", "path": "members", "value": replaced}]);
    entra(&group(), &operations, &with(group(), "/members", replaced));
    let both = json!([
        {"op": "Add", "path": "members", "value": [{"value": "u3"}]},
        {"op": "Remove", "path": "members", "value": [{"value": "u3"}]}
    ]);
    entra(&group(), &both, &group());
}

#[test]
fn a_group_is_renamed_in_both_dialects_with_or_without_its_members_at_hand() {
    for resource in [group(), with(group(), "/members", Value::Null)] {
        for operation in [
            json!({"op": "Replace", "path": "displayName", "value": "New"}),
            json!({"op": "replace", "value": {"displayName": "New"}}),
        ] {
            let renamed = with(resource.clone(), "/displayName", json!("New"));
            entra(&resource, &json!([operation]), &renamed);
        }
    }
}

fn changes(operations: &Value, tolerance: Tolerance) -> Option<Vec<MemberChange>> {
    member_changes(&body(operations), tolerance)
}

fn member(id: &str) -> Member {
    Member { id: id.to_owned(), resource_type: None }
}

#[test]
fn a_patch_of_members_alone_is_recognised_in_both_dialects() {
    let operations = json!([
        {"op": "Add", "path": "members", "value": [
            {"$ref": null, "value": "a"}, {"value": "b", "type": "Group"}]},
        {"op": "add", "path": format!("{GROUP}:Members"), "value": "c"},
        {"op": "Remove", "path": "members", "value": [{"value": "a"}]},
        {"op": "remove", "path": "members[value eq \"b\" or value eq \"c\"]"},
        {"op": "replace", "value": {"members": [{"value": "d"}]}},
        {"op": "remove", "path": "members"},
        {"op": "replace", "path": "members", "value": []}
    ]);
    let group = Member { id: "b".to_owned(), resource_type: Some("Group".to_owned()) };
    let expected = vec![
        MemberChange::Add(member("a")),
        MemberChange::Add(group),
        MemberChange::Add(member("c")),
        MemberChange::Remove("a".to_owned()),
        MemberChange::Remove("b".to_owned()),
        MemberChange::Remove("c".to_owned()),
        MemberChange::ReplaceAll(vec![member("d")]),
        MemberChange::RemoveAll,
        MemberChange::ReplaceAll(Vec::new()),
    ];
    assert_eq!(changes(&operations, Tolerance::ENTRA), Some(expected));
    let removal = json!([{"op": "remove", "path": "members", "value": [{"value": "a"}]}]);
    assert_eq!(changes(&removal, Tolerance::STRICT), Some(vec![MemberChange::RemoveAll]));
}

#[test]
fn a_patch_of_anything_else_is_left_to_the_engine() {
    for operations in [
        json!([]),
        json!([
            {"op": "add", "path": "members", "value": ["a"]},
            {"op": "replace", "path": "displayName", "value": "x"}
        ]),
        json!([{"op": "replace", "value": {"members": [], "displayName": "x"}}]),
        json!([{"op": "remove", "value": {"members": []}}]),
        json!([{"op": "remove", "path": "members[type eq \"User\"]"}]),
        json!([{"op": "remove", "path": "members[value sw \"a\"]"}]),
        json!([{"op": "remove", "path": "members[value eq \"a\"].display"}]),
        json!([{"op": "replace", "path": "members[value eq \"a\"]", "value": {"value": "b"}}]),
        json!([{"op": "add", "path": "members"}]),
        json!([{"op": "add", "path": "members", "value": [{"type": "User"}]}]),
        json!([{"op": "add", "path": "members", "value": 5}]),
        json!([{"op": "move", "path": "members", "value": "a"}]),
    ] {
        assert_eq!(changes(&operations, Tolerance::ENTRA), None, "{operations}");
    }
    assert_eq!(member_changes(&json!({"Operations": []}), Tolerance::ENTRA), None);
    let bare = json!([{"op": "add", "path": "members", "value": "a"}]);
    assert_eq!(changes(&bare, Tolerance::STRICT), None);
}
