//! What the door lets out in a bulk request, and what it makes of the results.

use std::fs;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request as Incoming;
use axum::response::IntoResponse;
use http::{Method, StatusCode};

use super::*;
use crate::scim::bulk::bulk_body;

/// A tenant that creates the user `7` and answers each bulk request with what is laid there.
fn tenant() -> (Tenant, Arc<Mutex<(StatusCode, Value)>>) {
    let next = Arc::new(Mutex::new((StatusCode::OK, json!({}))));
    let answer = next.clone();
    let router = Router::new().fallback(move |request: Incoming| {
        let response = match (request.method(), request.uri().path()) {
            (_, "/scim/Bulk") => {
                let (status, body) = answer.lock().unwrap().clone();
                (status, body.to_string()).into_response()
            }
            (&Method::POST, _) => {
                (StatusCode::CREATED, json!({"id": "7"}).to_string()).into_response()
            }
            _ => StatusCode::NO_CONTENT.into_response(),
        };
        async move { response }
    });
    (tenant_at("http://localhost/scim", Transport::InProcess(router)), next)
}

/// Sends operations and lays results under them.
async fn bulk(operations: &[Value], results: &[Value]) -> Tenant {
    let (tenant, next) = tenant();
    let said = json!({"schemas": [crate::scim::BULK_RESPONSE], "Operations": results});
    *next.lock().unwrap() = (StatusCode::OK, said);
    send(&tenant, user("anna")).await;
    let seen = send(&tenant, Request::post("/Bulk", &bulk_body(operations))).await;
    assert!(seen.result.is_ok(), "{:?}", seen.result);
    tenant
}

fn create(bulk_id: &str, name: &str) -> Value {
    let data = json!({"userName": name, "externalId": format!("{name}-id")});
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data})
}

fn created(bulk_id: &str, id: &str) -> Value {
    json!({"method": "POST", "bulkId": bulk_id, "status": "201",
           "location": format!("http://localhost/scim/Users/{id}")})
}

fn ids(tenant: &Tenant) -> Vec<String> {
    tenant.owned().into_iter().map(|owned| owned.id).collect()
}

#[tokio::test]
async fn a_bulk_request_holds_the_runs_own_what_it_makes_and_what_nobody_has() {
    let (tenant, _) = tenant();
    send(&tenant, user("anna")).await;
    let absent = Tenant::fabricated_id(3);
    let op = |method: &str, path: &str| json!({"method": method, "path": path});
    let nested = |path: &str| json!({"method": "POST", "path": "/Bulk", "data": bulk_body(&[op("DELETE", path)])});
    let absent = |parent: &str| format!("{parent}/{absent}");
    for passing in [
        op("DELETE", "/Users/7"),
        op("GET", "/Users/7"),
        op("DELETE", &absent("/Users")),
        op("DELETE", &absent("/Nowhere")),
        op("PUT", &absent("https://example.com/Users")),
        op("PATCH", "/Users/bulkId:b"),
        json!({"method": "POST", "path": "/Users/7", "data": {}}),
        nested(&absent("/Users")),
    ] {
        let all = [passing.clone(), create("b", "bert")];
        let seen = send(&tenant, Request::post("/Bulk", &bulk_body(&all))).await;
        assert!(seen.result.is_ok(), "{passing} {:?}", seen.result);
    }
    for refused in [
        op("DELETE", "/Users/8"),
        op("DELETE", "/Users"),
        op("DELETE", "/Users/"),
        op("DELETE", "/Groups/7"),
        op("delete", "/Users/7"),
        op("HARNESS", "/Users/7"),
        op("DELETE", "/Users/bulkId:c"),
        op("DELETE", "/Groups/bulkId:b"),
        op("DELETE", "/Users/bulkId:b/../8"),
        op("DELETE", &absent("/Users/8")),
        op("DELETE", &absent("/Users/8?x=")),
        op("DELETE", &absent("https://scim.example/Users")),
        op("DELETE", "/Bulk"),
        json!({"method": "DELETE", "path": "/Users/7", "Path": "/Users/8"}),
        json!({"method": "POST", "path": "/Users/8", "data": {}}),
        json!({"path": "/Users/8"}),
        nested("/Users/7"),
        nested("/Users"),
        json!(7),
    ] {
        let all = [create("b", "bert"), refused.clone()];
        let seen = send(&tenant, Request::post("/Bulk", &bulk_body(&all))).await;
        assert!(matches!(seen.result, Err(Failure::Refused(_))), "{refused}");
    }
}

#[tokio::test]
async fn a_bulk_request_that_can_be_read_in_two_ways_stays_here() {
    let (tenant, _) = tenant();
    let stranger = r#"[{"method":"DELETE","path":"/Users/8"}]"#;
    for body in [
        format!(r#"{{"Operations":{stranger},"Operations":[]}}"#),
        format!(r#"{{"operations":{stranger}}}"#),
        format!(r#"{{"Operations":[],"OPERATIONS":{stranger}}}"#),
        " {\"Operations\":[]}".to_owned(),
        format!(r#"{{"Operations":{stranger}"#),
        "[]".to_owned(),
    ] {
        let request = Request::new(Method::POST, "/Bulk").raw("application/json", body.clone());
        let seen = send(&tenant, request).await;
        assert!(matches!(seen.result, Err(Failure::Refused(_))), "{body}");
    }
    assert!(send(&tenant, Request::post("/Bulk", &json!({}))).await.result.is_ok());
}

#[tokio::test]
async fn what_a_bulk_request_makes_is_the_runs_own_by_its_location() {
    let operations = [create("b", "bert"), create("c", "cleo"), create("d", "dora")];
    let refused = json!({"method": "POST", "bulkId": "c", "status": "409"});
    let tenant = bulk(&operations, &[refused, created("b", "8")]).await;
    assert_eq!(ids(&tenant), ["7", "8"]);
    assert_eq!(tenant.made_by(2).len(), 1);
    let lost = tenant.unresolved();
    let names: Vec<_> = lost.iter().filter_map(|it| it.name.as_deref()).collect();
    assert_eq!(names, ["dora"], "nothing was said of it");
    for lost in &lost {
        tenant.settle(lost);
    }
    assert_eq!(tenant.unresolved(), []);
    assert!(send(&tenant, Request::delete("/Users/8")).await.result.is_ok());
    assert_eq!(ids(&tenant), ["7"]);
}

#[tokio::test]
async fn an_odd_result_makes_nobody_ours_and_leaves_the_doubt() {
    let body = json!({"userName": "somebody else"});
    for odd in [
        json!({"bulkId": "b", "status": "201"}),
        json!({"bulkId": "b", "status": "201", "location": "/Groups/8"}),
        json!({"bulkId": "b", "status": "201", "location": "/Users/"}),
        json!({"bulkId": "b", "status": "201", "location": "/Users/.."}),
        json!({"bulkId": "b", "status": "201", "location": "/Users/bulkId:b"}),
        json!({"bulkId": "b", "status": "201", "location": "/Users/8", "response": body}),
        json!({"bulkId": "b", "status": "500", "location": "/Users/8"}),
        json!({"bulkId": "b", "location": "/Users/8"}),
        json!(7),
    ] {
        let tenant = bulk(&[create("b", "bert")], std::slice::from_ref(&odd)).await;
        assert_eq!(ids(&tenant), ["7"], "{odd}");
        assert_eq!(tenant.unresolved().len(), 1, "{odd}");
    }
}

#[tokio::test]
async fn only_a_request_that_was_surely_not_begun_leaves_no_doubt() {
    for (status, doubts) in [(401, 0), (404, 0), (413, 0), (400, 1), (409, 1), (500, 1), (204, 1)] {
        let (tenant, next) = tenant();
        *next.lock().unwrap() = (StatusCode::from_u16(status).unwrap(), json!({}));
        send(&tenant, Request::post("/Bulk", &bulk_body(&[create("b", "bert")]))).await;
        assert_eq!(tenant.unresolved().len(), doubts, "{status}");
    }
}

#[tokio::test]
async fn a_deletion_in_bulk_is_believed_where_its_result_names_the_resource() {
    let own = json!({"method": "DELETE", "path": "/Users/7"});
    let of_new = json!({"method": "DELETE", "path": "/Users/bulkId:b"});
    let operations = [own, create("b", "bert"), of_new];
    let gone = |id: &str, status: &str| json!({"method": "DELETE", "status": status, "location": format!("/Users/{id}")});
    let results = |first, last| [first, created("b", "8"), last];
    let tenant = bulk(&operations, &results(gone("7", "204"), gone("8", "204"))).await;
    assert_eq!((ids(&tenant), tenant.deleted()), (vec![], 2));
    let bare = json!({"method": "DELETE", "status": "204"});
    let tenant = bulk(&operations, &results(bare, gone("8", "404"))).await;
    assert_eq!(ids(&tenant), ["7", "8"]);
}

#[tokio::test]
async fn the_manifest_keeps_the_creates_of_one_request_apart() {
    let path = scratch("bulk");
    let (tenant, next) = tenant();
    tenant.keep_manifest(&path).unwrap();
    let said = json!({"schemas": [crate::scim::BULK_RESPONSE], "Operations": [created("c", "9")]});
    *next.lock().unwrap() = (StatusCode::OK, said);
    let operations = [create("b", "bert"), create("c", "cleo")];
    send(&tenant, Request::post("/Bulk", &bulk_body(&operations))).await;
    let kept = Manifest::read(&path).unwrap();
    assert_eq!(kept.owned, [Owned { collection: Collection::Users, id: "9".to_owned() }]);
    assert_eq!(kept.unresolved, tenant.unresolved());
    assert_eq!(kept.unresolved[0].name.as_deref(), Some("bert"));
    fs::remove_file(&path).unwrap();
}
