//! Groups and who is in them.

use super::*;

#[tokio::test]
async fn members_are_shown_with_type_name_and_reference_and_users_show_their_groups() {
    let tenant = tenant();
    let user = tenant.new_user("anna").await;
    let inner = tenant.new_group("inner", &[]).await;
    let outer = tenant.new_group("outer", &[&user, &inner]).await;
    let seen = tenant.get(&format!("/Groups/{outer}")).await.is(200);
    assert_eq!(
        seen.body["members"],
        json!([
            {"value": user, "$ref": format!("http://tenant.example/scim/Users/{user}"),
             "type": "User", "display": "User anna"},
            {"value": inner, "$ref": format!("http://tenant.example/scim/Groups/{inner}"),
             "type": "Group", "display": "inner"},
        ])
    );
    let seen = tenant.get(&format!("/Users/{user}")).await.is(200);
    assert_eq!(seen.body["groups"][0]["value"], outer.as_str());
    assert_eq!(seen.body["groups"][0]["display"], "outer");
    for (endpoint, filter, id) in [
        ("/Groups", format!("members.value eq \"{user}\""), &outer),
        ("/Groups", format!("members[value eq \"{inner}\"]"), &outer),
        ("/Users", format!("groups.value eq \"{outer}\""), &user),
    ] {
        assert_eq!(tenant.filter(endpoint, &filter).await.is(200).column("/id"), [id], "{filter}");
    }
}

#[tokio::test]
async fn members_come_and_go_in_every_form_entra_sends() {
    let tenant = tenant();
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(tenant.new_user(name).await);
    }
    let group = tenant.new_group("g", &[]).await;
    let target = format!("/Groups/{group}");
    let value = |at: usize| json!([{"$ref": null, "value": ids[at]}]);
    for (operation, expected) in [
        (json!({"op": "Add", "path": "members", "value": value(0)}), &[0][..]),
        (json!({"op": "Add", "path": "members", "value": value(0)}), &[0]),
        (json!({"op": "add", "value": {"members": value(1)}}), &[0, 1]),
        (json!({"op": "add", "path": "members", "value": [{"value": ids[2]}]}), &[0, 1, 2]),
        (json!({"op": "Remove", "path": "members", "value": value(1)}), &[0, 2]),
        (json!({"op": "Remove", "path": "members", "value": value(1)}), &[0, 2]),
        (json!({"op": "remove", "path": format!("members[value eq \"{}\"]", ids[0])}), &[2]),
        (
            json!({"op": "replace", "path": "members",
                "value": [{"value": ids[1]}, {"value": ids[0]}]}),
            &[1, 0],
        ),
        (json!({"op": "remove", "path": "members"}), &[]),
    ] {
        let said = operation.to_string();
        let seen = tenant.patch(&target, json!([operation])).await.is(204);
        assert!(seen.bytes.is_empty(), "{said}");
        let read = tenant.get(&target).await;
        let expected: Vec<&str> = expected.iter().map(|at| ids[*at].as_str()).collect();
        assert_eq!(members_of(&read), expected, "{said}");
        assert_eq!(seen.header(header::ETAG), read.header(header::ETAG), "{said}");
        for id in &ids {
            let groups = tenant.get(&format!("/Users/{id}")).await.body.get("groups").is_some();
            assert_eq!(groups, expected.contains(&id.as_str()), "{said}");
        }
    }
}

#[tokio::test]
async fn only_a_change_gives_a_group_a_new_version() {
    let tenant = tenant();
    let user = tenant.new_user("a").await;
    let target = format!("/Groups/{}", tenant.new_group("g", &[]).await);
    let add = json!([{"op": "Add", "path": "members", "value": [{"value": user}]}]);
    let first = tenant.patch(&target, add.clone()).await.is(204);
    assert_eq!(first.header(header::ETAG), "W/\"2\"");
    assert_eq!(tenant.patch(&target, add.clone()).await.is(204).header(header::ETAG), "W/\"2\"");
    let body = json!({"schemas": [scim::PATCH_OP], "Operations": add});
    tenant.call("PATCH", &target, &[("if-match", "W/\"1\"")], &body).await.refused(412, None);
    let seen = tenant.patch(&format!("{target}?attributes=displayName"), add).await.is(200);
    assert_eq!(seen.body["displayName"], "g");
}

#[tokio::test]
async fn an_unknown_member_is_refused_and_nobody_joins() {
    let tenant = tenant();
    let user = tenant.new_user("a").await;
    let target = format!("/Groups/{}", tenant.new_group("g", &[]).await);
    let unknown = "00000000-0000-4000-8000-000000000000";
    let both = json!([{"value": user}, {"value": unknown}]);
    let add = json!([{"op": "Add", "path": "members", "value": both}]);
    tenant.patch(&target, add).await.refused(400, Some("invalidValue"));
    tenant.post("/Groups", &group("h", &[unknown])).await.refused(400, Some("invalidValue"));
    tenant.put(&target, &group("g", &[unknown])).await.refused(400, Some("invalidValue"));
    assert!(members_of(&tenant.get(&target).await).is_empty());
    let remove = json!([{"op": "Remove", "path": "members", "value": [{"value": unknown}]}]);
    tenant.patch(&target, remove).await.is(204);
}

#[tokio::test]
async fn a_deleted_user_leaves_its_groups_and_a_deleted_group_its_users() {
    let tenant = tenant();
    let (a, b) = (tenant.new_user("a").await, tenant.new_user("b").await);
    let group = tenant.new_group("g", &[&a, &b]).await;
    tenant.delete(&format!("/Users/{a}")).await.is(204);
    let seen = tenant.get(&format!("/Groups/{group}")).await;
    assert_eq!(members_of(&seen), [b.as_str()]);
    assert_eq!(seen.body["meta"]["version"], "W/\"2\"");
    tenant.delete(&format!("/Groups/{group}")).await.is(204);
    assert!(tenant.get(&format!("/Users/{b}")).await.is(200).body.get("groups").is_none());
}

#[tokio::test]
async fn a_group_name_is_needed_and_taken_once() {
    let tenant = tenant();
    tenant.new_group("Sales", &[]).await;
    tenant.post("/Groups", &group("sales", &[])).await.refused(409, Some("uniqueness"));
    let nameless = json!({"schemas": [scim::GROUP]});
    tenant.post("/Groups", &nameless).await.refused(400, Some("invalidValue"));
    tenant.new_user("Sales").await;
    assert_eq!(tenant.filter("/Groups", "displayName eq \"SALES\"").await.total(), 1);
}

#[tokio::test]
async fn a_renamed_group_keeps_its_members_and_is_found_by_its_new_name() {
    let tenant = tenant();
    let user = tenant.new_user("a").await;
    let group = tenant.new_group("old", &[&user]).await;
    let rename = json!([{"op": "Replace", "path": "displayName", "value": "new"}]);
    tenant.patch(&format!("/Groups/{group}"), rename).await.is(204);
    assert_eq!(tenant.filter("/Groups", "displayName eq \"new\"").await.column("/id"), [&group]);
    assert_eq!(tenant.filter("/Groups", "displayName eq \"old\"").await.total(), 0);
    assert_eq!(members_of(&tenant.get(&format!("/Groups/{group}")).await), [user.as_str()]);
}

#[tokio::test]
async fn put_sets_exactly_the_members_it_lists() {
    let tenant = tenant();
    let (a, b) = (tenant.new_user("a").await, tenant.new_user("b").await);
    let id = tenant.new_group("g", &[&a]).await;
    let seen = tenant.put(&format!("/Groups/{id}"), &group("g", &[&b, &b])).await.is(200);
    assert_eq!(members_of(&seen), [b.as_str()]);
}
