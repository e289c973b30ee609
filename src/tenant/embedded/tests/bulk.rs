//! Bulk requests: order, references, errors, limits, and who may send them.

use super::super::bulk::{OPERATIONS_MAX, PAYLOAD_MAX};
use super::*;
use crate::scim::bulk::bulk_body;

const MANAGER: &str = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/value";

impl EmbeddedTenant {
    /// The results of a bulk request.
    async fn bulk(&self, operations: &[Value]) -> Vec<Value> {
        let seen = self.post("/Bulk", &bulk_body(operations)).await.is(200);
        assert_eq!(seen.body["schemas"], json!([scim::BULK_RESPONSE]));
        seen.body["Operations"].as_array().unwrap().clone()
    }

    /// The resource that a result's location leads to.
    async fn at(&self, result: &Value) -> Seen {
        let location = result["location"].as_str().expect("the result has a location");
        self.get(location.strip_prefix("http://tenant.example/scim").unwrap()).await
    }
}

fn post(collection: &str, bulk_id: &str, data: &Value) -> Value {
    json!({"method": "POST", "path": collection, "bulkId": bulk_id, "data": data})
}

fn deletion(path: &str) -> Value {
    json!({"method": "DELETE", "path": path})
}

fn renamed(path: &str) -> Value {
    let operation = json!({"op": "replace", "path": "displayName", "value": "New"});
    let data = json!({"schemas": [scim::PATCH_OP], "Operations": [operation]});
    json!({"method": "PATCH", "path": path, "data": data})
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().expect("a text")).collect()
}

fn member(result: &Value) -> &str {
    result["location"].as_str().unwrap().rsplit('/').next().unwrap()
}

#[tokio::test]
async fn each_operation_does_what_it_does_alone_and_says_so() {
    let tenant = tenant();
    let (anna, bert) = (tenant.new_user("anna").await, tenant.new_user("bert").await);
    let put = json!({"method": "PUT", "path": format!("/Users/{anna}"), "data": user("anne")});
    let results = tenant
        .bulk(&[
            post("/Users", "cleo", &user("cleo")),
            put,
            renamed(&format!("/Users/{anna}")),
            deletion(&format!("/Users/{bert}")),
            deletion(&format!("/Users/{bert}")),
            post("/Users", "again", &user("cleo")),
        ])
        .await;
    assert_eq!(statuses(&results), ["201", "200", "200", "204", "404", "409"]);
    assert_eq!(
        (&results[0]["bulkId"], &results[0]["version"]),
        (&json!("cleo"), &json!("W/\"1\""))
    );
    assert_eq!(tenant.at(&results[0]).await.is(200).body["userName"], "cleo");
    let held = tenant.at(&results[2]).await.is(200);
    assert_eq!(held.body["displayName"], "New");
    assert_eq!(results[2]["version"], held.header(header::ETAG));
    assert_eq!(results[4]["location"], format!("http://tenant.example/scim/Users/{bert}"));
    assert_eq!(results[4]["response"]["status"], "404");
    assert_eq!(results[5]["response"]["scimType"], "uniqueness");
    assert_eq!(results[5].get("location"), None);
    assert!(results[..4].iter().all(|result| result.get("response").is_none()));
}

#[tokio::test]
async fn references_are_resolved_wherever_they_point() {
    let tenant = tenant();
    let mut managed = user("bert");
    managed[scim::ENTERPRISE_USER]["manager"] = json!({"value": "bulkId:anna"});
    let results = tenant
        .bulk(&[
            post("/Groups", "team", &group("team", &["bulkId:anna", "bulkId:bert"])),
            renamed("/Users/bulkId:anna"),
            post("/Users", "bert", &managed),
            post("/Users", "anna", &user("anna")),
        ])
        .await;
    assert_eq!(statuses(&results), ["201", "200", "201", "201"]);
    let (anna, bert) = (member(&results[3]), member(&results[2]));
    assert_eq!(members_of(&tenant.at(&results[0]).await), [anna, bert]);
    assert_eq!(tenant.at(&results[2]).await.body.pointer(MANAGER), Some(&json!(anna)));
    assert_eq!(tenant.at(&results[1]).await.body["displayName"], "New");
}

#[tokio::test]
async fn a_circle_is_closed_or_taken_back_whole() {
    let tenant = tenant();
    let circle = |last: &str| {
        [
            post("/Groups", "one", &group("one", &["bulkId:two"])),
            post("/Groups", "two", &group("two", &["bulkId:three"])),
            post("/Groups", "three", &group(last, &["bulkId:one"])),
        ]
    };
    let results = tenant.bulk(&circle("three")).await;
    assert_eq!(statuses(&results), ["201", "201", "201"]);
    for (from, to) in [(0, 1), (1, 2), (2, 0)] {
        let held = tenant.at(&results[from]).await;
        assert_eq!(members_of(&held), [member(&results[to])]);
        assert_eq!(results[from]["version"], held.header(header::ETAG));
    }
    for result in &results {
        tenant.delete(&format!("/Groups/{}", member(result))).await.is(204);
    }
    tenant.new_group("taken", &[]).await;
    assert_eq!(statuses(&tenant.bulk(&circle("taken")).await), ["409", "409", "409"]);
    assert_eq!(tenant.counts(), (0, 1), "nothing of the circle is left");

    let oneself = [post("/Groups", "own", &group("own", &["bulkId:own"]))];
    let results = tenant.bulk(&oneself).await;
    assert_eq!(members_of(&tenant.at(&results[0]).await), [member(&results[0])]);
    let mut body = bulk_body(&[circle("three").as_slice(), &[deletion("/Users/7")]].concat());
    body["failOnErrors"] = json!(1);
    let seen = tenant.post("/Bulk", &body).await.is(200);
    assert_eq!(statuses(seen.body["Operations"].as_array().unwrap()), ["404"]);
    assert_eq!(tenant.counts(), (0, 2), "a circle is not begun before what comes after it");
}

#[tokio::test]
async fn a_reference_to_nothing_fails_alone() {
    let tenant = tenant();
    let earlier = tenant.bulk(&[post("/Users", "anna", &user("anna"))]).await;
    let results = tenant
        .bulk(&[
            post("/Groups", "team", &group("team", &["bulkId:anna"])),
            post("/Users", "twice", &user("anna")),
            post("/Groups", "other", &group("other", &["bulkId:twice"])),
            post("/Users", "bert", &user("bert")),
            post("/Users", "bert", &user("cleo")),
            renamed("/Users/bulkId:nobody"),
            json!({"method": "POST", "path": "/Users", "data": user("dora")}),
        ])
        .await;
    assert_eq!(statuses(&earlier), ["201"]);
    assert_eq!(statuses(&results), ["400", "409", "409", "201", "400", "400", "400"]);
    assert_eq!(tenant.counts(), (2, 0));
}

#[tokio::test]
async fn an_error_ends_a_request_only_where_it_is_asked_to() {
    for (errors, expected) in [(None, 4), (Some(1), 1), (Some(2), 3), (Some(9), 4)] {
        let tenant = tenant();
        let mut body = bulk_body(&[
            deletion("/Users/1"),
            post("/Users", "a", &user("a")),
            deletion("/Users/2"),
            post("/Users", "b", &user("b")),
        ]);
        if let Some(errors) = errors {
            body["failOnErrors"] = json!(errors);
        }
        let seen = tenant.post("/Bulk", &body).await.is(200);
        assert_eq!(seen.body["Operations"].as_array().unwrap().len(), expected, "{errors:?}");
        assert_eq!(tenant.counts().0, expected / 2, "{errors:?}");
    }
}

#[tokio::test]
async fn a_version_is_a_precondition_of_its_operation_alone() {
    let tenant = tenant();
    let path = format!("/Users/{}", tenant.new_user("anna").await);
    let mut versioned = renamed(&path);
    versioned["version"] = json!("W/\"1\"");
    let results = tenant.bulk(&[versioned.clone(), versioned, deletion(&path)]).await;
    assert_eq!(statuses(&results), ["200", "412", "204"]);
}

#[tokio::test]
async fn what_is_no_operation_is_refused_and_the_rest_is_done() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let path = format!("/Users/{id}");
    let operations = [
        json!({"method": "GET", "path": path}),
        json!({"method": "delete", "path": path}),
        json!({"method": "PATCH", "path": path}),
        json!({"method": "DELETE", "path": 7}),
        deletion("https://example.com/Users/7"),
        deletion(&format!("{path}?x=y")),
        deletion("/Users"),
        deletion("/Users/../Users"),
        deletion("/Schemas/7"),
        post(&path, "b", &user("bert")),
        post("/Bulk", "c", &bulk_body(&[deletion(&path)])),
        post("/Users/.search", "d", &json!({"schemas": [scim::SEARCH_REQUEST]})),
        json!(7),
    ];
    let results = tenant.bulk(&operations).await;
    let expected: Vec<&str> =
        "400 400 400 400 400 400 405 404 405 405 405 405 400".split(' ').collect();
    assert_eq!(statuses(&results), expected);
    tenant.get(&path).await.is(200);
    assert_eq!(tenant.counts(), (1, 0));
}

#[tokio::test]
async fn a_request_that_is_none_or_too_large_is_refused_whole() {
    let tenant = tenant();
    let created = || post("/Users", "a", &user("a"));
    for body in [
        json!({}),
        json!([]),
        json!({"schemas": [scim::BULK_REQUEST]}),
        bulk_body(&[]),
        json!({"schemas": [scim::PATCH_OP], "Operations": [created()]}),
    ] {
        tenant.post("/Bulk", &body).await.refused(400, Some("invalidSyntax"));
    }
    for errors in [json!(0), json!(-1), json!("1"), json!(1.5)] {
        let mut body = bulk_body(&[created()]);
        body["failOnErrors"] = errors;
        tenant.post("/Bulk", &body).await.refused(400, Some("invalidValue"));
    }
    let many = |count: usize| vec![deletion("/Users/7"); count];
    assert_eq!(tenant.bulk(&many(OPERATIONS_MAX)).await.len(), OPERATIONS_MAX);
    let mut over = many(OPERATIONS_MAX);
    over.push(created());
    let seen = tenant.post("/Bulk", &bulk_body(&over)).await.refused(413, None);
    assert!(seen.body["detail"].as_str().unwrap().contains(&OPERATIONS_MAX.to_string()));
    let mut long = created();
    long["data"]["title"] = "x".repeat(PAYLOAD_MAX).into();
    let seen = tenant.post("/Bulk", &bulk_body(&[long])).await.refused(413, None);
    assert!(seen.body["detail"].as_str().unwrap().contains(&PAYLOAD_MAX.to_string()));
    let config = tenant.get("/ServiceProviderConfig").await.body;
    let said = json!({"supported": true, "maxOperations": OPERATIONS_MAX,
                      "maxPayloadSize": PAYLOAD_MAX});
    assert_eq!(config["bulk"], said);
    assert_eq!(tenant.counts(), (0, 0));
    let seen = tenant.get("/Bulk").await.refused(405, None);
    assert_eq!(seen.header(header::ALLOW), "POST");
}

#[tokio::test]
async fn rights_are_asked_for_operation_by_operation() {
    let mut keys = Keys::new();
    keys.add("tests", SECRET, None, true);
    keys.add("reader", "look only", None, false);
    let tenant = EmbeddedTenant::new(EmbeddedSettings { keys, ..settings() });
    let id = tenant.new_user("anna").await;
    let body = bulk_body(&[post("/Users", "b", &user("bert")), deletion(&format!("/Users/{id}"))]);
    let send = async |key: &str| {
        let authorization = format!("Bearer {key}");
        let request = Request::post("/scim/Bulk").header(header::AUTHORIZATION, authorization);
        tenant.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let seen = send("look only").await.is(200);
    assert_eq!(statuses(seen.body["Operations"].as_array().unwrap()), ["403", "403"]);
    send("nonsense").await.refused(401, None);
    assert_eq!(tenant.counts(), (1, 0));
}
