//! Many clients at once: nothing is lost, nothing is there twice.

use tokio::task::JoinSet;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_equal_creates_one_wins() {
    let tenant = tenant();
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let tenant = tenant.clone();
        let name = if number % 2 == 0 { "anna" } else { "ANNA" };
        tasks.spawn(async move { tenant.post("/Users", &user(name)).await.status });
    }
    let statuses = tasks.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 99);
    assert_eq!(tenant.counts(), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_members_added_at_once_are_all_there() {
    let tenant = tenant();
    let group = tenant.new_group("team", &[]).await;
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        let tenant = tenant.clone();
        let target = format!("/Groups/{group}");
        tasks.spawn(async move {
            let id = tenant.new_user(&format!("u{number}")).await;
            // Every other request takes the way that rewrites the whole group.
            let mut operations =
                json!([{"op": "Add", "path": "members", "value": [{"value": id}]}]);
            if number % 2 == 0 {
                let more = json!({"op": "Replace", "path": "externalId", "value": id});
                operations.as_array_mut().unwrap().push(more);
            }
            tenant.patch(&target, operations).await.is(204);
        });
    }
    tasks.join_all().await;
    let seen = tenant.get(&format!("/Groups/{group}")).await;
    let members: std::collections::BTreeSet<&str> = members_of(&seen).into_iter().collect();
    assert_eq!(members.len(), 200);
    assert_eq!(seen.body["members"].as_array().unwrap().len(), 200);
    assert_eq!(seen.body["meta"]["version"], "W/\"201\"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_of_different_attributes_of_one_user_all_stay() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let mut tasks = JoinSet::new();
    let names = ["title", "nickName", "userType", "locale", "timezone", "displayName"];
    for name in names {
        let (tenant, target) = (tenant.clone(), format!("/Users/{id}"));
        tasks.spawn(async move {
            let operations = json!([{"op": "replace", "path": name, "value": name}]);
            tenant.patch(&target, operations).await.is(200);
        });
    }
    tasks.join_all().await;
    let seen = tenant.get(&format!("/Users/{id}")).await.body;
    assert!(names.iter().all(|name| seen[*name] == *name), "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_deletes_one_finds_the_user() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (tenant, target) = (tenant.clone(), format!("/Users/{id}"));
        tasks.spawn(async move { tenant.delete(&target).await.status });
    }
    let statuses = tasks.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 19);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deleting_users_while_their_group_changes_leaves_no_trace_of_them() {
    let tenant = tenant();
    let mut ids = Vec::new();
    for number in 0..40 {
        ids.push(tenant.new_user(&format!("u{number}")).await);
    }
    let members: Vec<&str> = ids.iter().map(String::as_str).collect();
    let group = tenant.new_group("team", &members).await;
    let mut tasks = JoinSet::new();
    for (number, id) in ids.iter().cloned().enumerate() {
        let (tenant, target) = (tenant.clone(), format!("/Groups/{group}"));
        tasks.spawn(async move {
            let name = format!("team {number}");
            let rename = json!([{"op": "replace", "path": "displayName", "value": name}]);
            let deleted = format!("/Users/{id}");
            let (renamed, gone) =
                tokio::join!(tenant.patch(&target, rename), tenant.delete(&deleted));
            assert_eq!((renamed.status, gone.status), (204, 204));
        });
    }
    tasks.join_all().await;
    assert!(members_of(&tenant.get(&format!("/Groups/{group}")).await).is_empty());
}
