//! One user's life: create, read, replace, modify, delete, and the versions in between.

use super::*;

#[tokio::test]
async fn a_new_user_is_answered_whole_and_found_at_its_location() {
    let tenant = tenant();
    let seen = tenant.post("/Users", &user("anna")).await.is(201);
    let location = seen.header(header::LOCATION).to_owned();
    assert_eq!(location, format!("http://tenant.example/scim/Users/{}", seen.id()));
    assert_eq!(seen.body["meta"]["location"], location.as_str());
    assert_eq!(seen.body["meta"]["resourceType"], "User");
    assert_eq!(seen.body["meta"]["created"], seen.body["meta"]["lastModified"]);
    assert_eq!(seen.body["meta"]["version"], seen.header(header::ETAG));
    let sent = user("anna");
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&seen.body[name], value, "{name}");
    }
    let read = tenant.get(&format!("/Users/{}", seen.id())).await.is(200);
    assert_eq!(read.body, seen.body);
    assert_eq!(read.header(header::ETAG), seen.header(header::ETAG));
}

#[tokio::test]
async fn what_the_server_assigns_cannot_be_sent_and_a_password_never_returns() {
    let tenant = tenant();
    let mut sent = user("anna");
    sent["id"] = "mine".into();
    sent["meta"] = json!({"created": "1999-01-01T00:00:00Z", "resourceType": "User"});
    sent["groups"] = json!([{"value": "x"}]);
    sent["password"] = "secret".into();
    let seen = tenant.post("/Users", &sent).await.is(201);
    assert_ne!(seen.id(), "mine");
    assert!(!seen.body["meta"]["created"].as_str().unwrap().starts_with("1999"));
    assert!(seen.body.get("groups").is_none());
    let target = format!("/Users/{}?attributes=password,userName", seen.id());
    let read = tenant.get(&target).await.body;
    assert_eq!((read.get("password"), &read["userName"]), (None, &json!("anna")));
    assert!(!String::from_utf8_lossy(&seen.bytes).contains("secret"));
}

#[tokio::test]
async fn one_user_name_belongs_to_one_user_whatever_its_case() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let before = tenant.get(&format!("/Users/{id}")).await.body;
    for name in ["anna", "ANNA", "\u{ff21}nna"] {
        tenant.post("/Users", &user(name)).await.refused(409, Some("uniqueness"));
    }
    let other = tenant.new_user("bert").await;
    tenant.put(&format!("/Users/{other}"), &user("Anna")).await.refused(409, Some("uniqueness"));
    let rename = json!([{"op": "replace", "path": "userName", "value": "aNNa"}]);
    tenant.patch(&format!("/Users/{other}"), rename.clone()).await.refused(409, Some("uniqueness"));
    assert_eq!(tenant.get(&format!("/Users/{id}")).await.body, before);
    tenant.patch(&format!("/Users/{id}"), rename).await.is(200);
    tenant.delete(&format!("/Users/{id}")).await.is(204);
    assert_ne!(tenant.new_user("anna").await, id, "ids are not used twice");
}

#[tokio::test]
async fn put_replaces_all_that_clients_write() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let body = json!({"schemas": [scim::USER], "userName": "anna", "title": "Boss", "id": "other"});
    let seen = tenant.put(&format!("/Users/{id}"), &body).await.is(200);
    assert_eq!((seen.id(), &seen.body["title"]), (id.clone(), &json!("Boss")));
    assert!(seen.body.get("displayName").is_none() && seen.body.get("emails").is_none());
    assert_eq!(tenant.get(&format!("/Users/{id}")).await.body, seen.body);
    assert_eq!(tenant.filter("/Users", "emails.value eq \"anna@work.example\"").await.total(), 0);
    let unknown = "/Users/00000000-0000-4000-8000-000000000000";
    tenant.put(unknown, &body).await.refused(404, None);
    assert_eq!(tenant.counts(), (1, 0), "PUT never creates");
}

#[tokio::test]
async fn a_patch_in_entras_words_is_applied_and_answered_with_the_new_state() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let target = format!("/Users/{id}");
    let operations = json!([
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": "phoneNumbers[type eq \"work\"].value", "value": "1"},
        {"op": "Replace", "path": format!("{}:department", scim::ENTERPRISE_USER), "value": "IT"},
    ]);
    let seen = tenant.patch(&target, operations).await.is(200);
    assert_eq!(seen.body["active"], false);
    assert_eq!(seen.body["phoneNumbers"][0], json!({"type": "work", "value": "1"}));
    assert_eq!(seen.body[scim::ENTERPRISE_USER]["department"], "IT");
    assert_eq!(tenant.get(&target).await.body, seen.body);
    assert_eq!(seen.header(header::ETAG), "W/\"2\"");
}

#[tokio::test]
async fn a_patch_that_fails_changes_nothing_at_all() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let target = format!("/Users/{id}");
    let before = tenant.get(&target).await.body;
    let operations = json!([
        {"op": "replace", "path": "title", "value": "Boss"},
        {"op": "replace", "path": "id", "value": "other"},
    ]);
    tenant.patch(&target, operations).await.refused(400, Some("mutability"));
    assert_eq!(tenant.get(&target).await.body, before);
}

#[tokio::test]
async fn a_write_without_effect_keeps_version_and_time() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let target = format!("/Users/{id}");
    let before = tenant.get(&target).await.body;
    let same = json!([{"op": "replace", "path": "displayName", "value": "User anna"}]);
    assert_eq!(tenant.patch(&target, same).await.is(200).body, before);
    assert_eq!(tenant.put(&target, &user("anna")).await.is(200).body, before);
    let other = json!([{"op": "replace", "path": "displayName", "value": "Other"}]);
    let after = tenant.patch(&target, other).await.is(200).body;
    assert_ne!(after["meta"]["version"], before["meta"]["version"]);
    let time = |body: &Value| body["meta"]["lastModified"].as_str().unwrap().to_owned();
    assert!(time(&after) > time(&before), "{after}");
    assert_eq!(after["meta"]["created"], before["meta"]["created"]);
}

#[tokio::test]
async fn a_stale_version_stops_every_write() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let target = format!("/Users/{id}");
    let patch = json!({"schemas": [scim::PATCH_OP],
        "Operations": [{"op": "replace", "path": "title", "value": "x"}]});
    let stale = [("if-match", "W/\"9\"")];
    for (method, body) in [("PATCH", &patch), ("PUT", &user("other")), ("DELETE", &Value::Null)] {
        tenant.call(method, &target, &stale, body).await.refused(412, None);
    }
    assert_eq!(tenant.get(&target).await.is(200).header(header::ETAG), "W/\"1\"");
    let current = [("if-match", "W/\"1\"")];
    let seen = tenant.call("PATCH", &target, &current, &patch).await.is(200);
    assert_eq!(seen.header(header::ETAG), "W/\"2\"");
    let known = [("if-none-match", "W/\"2\"")];
    let seen = tenant.call("GET", &target, &known, &Value::Null).await.is(304);
    assert!(seen.bytes.is_empty());
    tenant
        .call("GET", &target, &current.map(|(_, tag)| ("if-none-match", tag)), &Value::Null)
        .await
        .is(200);
    tenant.call("DELETE", &target, &[("if-match", "*")], &Value::Null).await.is(204);
}

#[tokio::test]
async fn a_deleted_user_is_gone_everywhere() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let target = format!("/Users/{id}");
    tenant.delete(&target).await.is(204);
    tenant.get(&target).await.refused(404, None);
    tenant.delete(&target).await.refused(404, None);
    tenant.put(&target, &user("anna")).await.refused(404, None);
    tenant
        .patch(&target, json!([{"op": "add", "path": "title", "value": "x"}]))
        .await
        .refused(404, None);
    for filter in ["userName eq \"anna\"", "externalId eq \"ext-anna\"", "title pr or userName pr"]
    {
        assert_eq!(tenant.filter("/Users", filter).await.is(200).total(), 0, "{filter}");
    }
    assert_eq!(tenant.get("/Users").await.total(), 0);
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let tenant = tenant();
    let group = tenant.new_group("g", &[]).await;
    let user = tenant.new_user("u").await;
    let long = "x".repeat(300);
    for id in [group.as_str(), "abc", "%00", "'", "..%2fGroups", &long, &user.to_uppercase()] {
        tenant.get(&format!("/Users/{id}")).await.refused(404, None);
    }
}

#[tokio::test]
async fn every_answer_with_a_resource_can_be_projected() {
    let tenant = tenant();
    let keys = |seen: &Seen| {
        let body = seen.body.as_object().unwrap();
        body.keys().filter(|name| *name != "schemas").cloned().collect::<Vec<_>>()
    };
    let made = tenant.post("/Users?attributes=userName", &user("anna")).await.is(201);
    assert_eq!(keys(&made), ["id", "userName"]);
    let target = format!("/Users/{}", made.id());
    let chosen = format!("{target}?attributes=userName");
    assert_eq!(keys(&tenant.get(&chosen).await), ["id", "userName"]);
    assert_eq!(keys(&tenant.put(&chosen, &user("anna")).await.is(200)), ["id", "userName"]);
    let seen = tenant.patch(&chosen, json!([{"op": "add", "path": "title", "value": "x"}])).await;
    assert_eq!(keys(&seen.is(200)), ["id", "userName"]);
    let whole = tenant.get(&target).await.body;
    assert_eq!((&whole["title"], &whole["active"]), (&json!("x"), &json!(true)));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids() {
    let (one, other) = (tenant(), tenant());
    assert_eq!(one.new_user("a").await, other.new_user("b").await);
    assert_ne!(one.new_user("c").await, one.new_group("c", &[]).await);
}
