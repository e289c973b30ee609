//! The manager: what clients write of it, and what follows from it.

use super::*;

const MANAGER: &str = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager";

fn path(rest: &str) -> String {
    format!("{}:manager{rest}", scim::ENTERPRISE_USER)
}

async fn led_by_bert(tenant: &EmbeddedTenant) -> (String, String) {
    let bert = tenant.new_user("bert").await;
    let mut anna = user("anna");
    anna[scim::ENTERPRISE_USER]["manager"] =
        json!({"value": bert, "$ref": "../Users/nobody", "displayName": "Mallory"});
    let anna = tenant.post("/Users", &anna).await.is(201);
    assert_eq!(anna.body.pointer(MANAGER).unwrap(), &described(&bert, "User bert"));
    (anna.id(), bert)
}

fn described(id: &str, name: &str) -> Value {
    let location = format!("http://tenant.example/scim/Users/{id}");
    json!({"value": id, "$ref": location, "displayName": name})
}

#[tokio::test]
async fn ref_and_name_of_a_manager_follow_from_its_id() {
    let tenant = tenant();
    let (anna, bert) = led_by_bert(&tenant).await;
    let read = tenant.get(&format!("/Users/{anna}")).await;
    assert_eq!(read.body.pointer(MANAGER).unwrap(), &described(&bert, "User bert"));
    let renamed = json!([{"op": "replace", "path": "displayName", "value": "Bertha"}]);
    tenant.patch(&format!("/Users/{bert}"), renamed).await.is(200);
    let filter = format!("{} eq \"bertha\"", path(".displayName"));
    let found = tenant.filter("/Users", &filter).await;
    assert_eq!(found.column(&format!("{MANAGER}/displayName")), ["Bertha"]);
    let location = read.body.pointer(&format!("{MANAGER}/$ref")).unwrap().as_str().unwrap();
    tenant.get(location.strip_prefix("http://tenant.example/scim").unwrap()).await.is(200);
}

#[tokio::test]
async fn a_managers_name_is_read_only_and_a_new_manager_takes_the_old_ones_place() {
    let tenant = tenant();
    let (anna, _) = led_by_bert(&tenant).await;
    let target = format!("/Users/{anna}");
    let before = tenant.get(&target).await;
    let named = json!([{"op": "replace", "path": path(".displayName"), "value": "Mallory"}]);
    tenant.patch(&target, named).await.refused(400, Some("mutability"));
    assert_eq!(tenant.get(&target).await.body, before.body);
    let carla = tenant.new_user("carla").await;
    for value in [json!(carla), json!({"value": carla}), json!([{"value": carla}])] {
        let change = json!([{"op": "replace", "path": path(""), "value": value}]);
        let seen = tenant.patch(&target, change).await.is(200);
        assert_eq!(seen.body.pointer(MANAGER).unwrap(), &described(&carla, "User carla"));
    }
}

#[tokio::test]
async fn of_a_deleted_or_unknown_manager_the_id_alone_is_shown() {
    let tenant = tenant();
    let (anna, bert) = led_by_bert(&tenant).await;
    let target = format!("/Users/{anna}");
    let before = tenant.get(&target).await;
    tenant.delete(&format!("/Users/{bert}")).await.is(204);
    let after = tenant.get(&target).await.is(200);
    assert_eq!(after.body.pointer(MANAGER).unwrap(), &json!({"value": bert}));
    assert_eq!(after.header(header::ETAG), before.header(header::ETAG));
    let group = tenant.new_group("Sales", &[]).await;
    for id in ["nobody", group.as_str()] {
        let change = json!([{"op": "replace", "path": path(".value"), "value": id}]);
        let seen = tenant.patch(&target, change).await.is(200);
        assert_eq!(seen.body.pointer(MANAGER).unwrap(), &json!({"value": id}));
    }
    let cleared = json!([{"op": "remove", "path": path("")}]);
    let seen = tenant.patch(&target, cleared).await.is(200);
    assert_eq!(seen.body.pointer(MANAGER), None);
}
