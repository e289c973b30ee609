//! Rows of the RFCs that no other topic here covers, through the router.

use super::*;

#[tokio::test]
async fn a_put_of_what_a_get_showed_changes_nothing() {
    let tenant = tenant();
    let boss = tenant.new_user("boss").await;
    let mut full = user("anna");
    full[scim::ENTERPRISE_USER]["manager"] = json!({ "value": boss });
    full["roles"] = json!([{"value": "a", "primary": true}, {"value": "b"}]);
    let anna = tenant.post("/Users", &full).await.is(201).id();
    let group = tenant.new_group("Sales", &[&anna, &boss]).await;
    for target in [format!("/Users/{anna}"), format!("/Groups/{group}")] {
        let seen = tenant.get(&target).await;
        let put = tenant.put(&target, &seen.body).await.is(200);
        assert_eq!(put.body, seen.body);
        assert_eq!(put.header(header::ETAG), seen.header(header::ETAG));
    }
}

#[tokio::test]
async fn a_method_that_has_no_meaning_is_405_with_what_has_one() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let resource = format!("/Users/{id}");
    for (target, methods, allowed) in [
        ("/Users", &["PUT", "PATCH", "DELETE", "OPTIONS", "FOO", "get"][..], "GET, HEAD, POST"),
        (&resource, &["POST", "OPTIONS", "FOO"], "GET, HEAD, PUT, PATCH, DELETE"),
        ("/Users/.search", &["GET", "PUT", "DELETE"], "POST"),
        ("/ServiceProviderConfig", &["POST", "PUT", "PATCH", "DELETE"], "GET, HEAD"),
        ("/Schemas", &["POST", "PUT", "PATCH", "DELETE"], "GET, HEAD"),
        ("/ResourceTypes/User", &["POST", "PUT", "PATCH", "DELETE"], "GET, HEAD"),
    ] {
        for method in methods {
            let seen = tenant.call(method, target, &[], &json!({})).await;
            assert_eq!(seen.header(header::ALLOW), allowed, "{method} {target}");
            seen.refused(405, None);
        }
    }
    assert_eq!(tenant.counts(), (1, 0));
}

#[tokio::test]
async fn head_says_what_get_says_without_a_body() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    for target in ["/Users".to_owned(), format!("/Users/{id}"), "/Users/none".to_owned()] {
        let (head, get) =
            (tenant.call("HEAD", &target, &[], &Value::Null).await, tenant.get(&target).await);
        assert_eq!((head.status, head.bytes.len()), (get.status, 0));
        for name in [header::CONTENT_TYPE, header::ETAG] {
            assert_eq!(head.header(name.clone()), get.header(name), "{target}");
        }
    }
}

#[tokio::test]
async fn members_of_messages_are_read_in_any_case() {
    let tenant = tenant();
    let created = json!({"SCHEMAS": [scim::USER], "USERNAME": "anna", "Name": {"GIVENNAME": "A"}});
    let id = tenant.post("/Users", &created).await.is(201).id();
    let target = format!("/Users/{id}");
    let change = json!({
        "SCHEMAS": [scim::PATCH_OP],
        "operations": [{"OP": "Replace", "Path": "TITLE", "VALUE": "Lead"}],
    });
    let seen = tenant.call("PATCH", &target, &[], &change).await.is(200);
    assert_eq!(
        (&seen.body["title"], &seen.body["name"]["givenName"]),
        (&json!("Lead"), &json!("A"))
    );
}

#[tokio::test]
async fn a_name_given_twice_never_ends_in_a_server_error() {
    let tenant = tenant();
    let twice = |body: &str| {
        Request::post("/scim/Users")
            .header(header::AUTHORIZATION, format!("Bearer {SECRET}"))
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let schemas = json!([scim::USER]);
    let exact = format!(r#"{{"schemas":{schemas},"userName":"a","userName":"b"}}"#);
    assert_eq!(tenant.send(twice(&exact)).await.is(201).body["userName"], "b");
    let cases = format!(r#"{{"schemas":{schemas},"userName":"c","USERNAME":"d"}}"#);
    assert_eq!(tenant.send(twice(&cases)).await.is(201).body["userName"], "d");
}

#[tokio::test]
async fn schemas_must_name_the_type_and_may_name_its_extension_alone_or_first() {
    let tenant = tenant();
    for (number, (schemas, status)) in [
        (json!([scim::ENTERPRISE_USER, scim::USER]), 201),
        (json!([scim::USER, scim::USER]), 201),
        (json!([scim::USER, "urn:of:a:stranger"]), 201),
        (json!([scim::ENTERPRISE_USER]), 400),
        (json!([scim::GROUP]), 400),
        (json!([]), 400),
        (json!(scim::USER), 400),
        (json!([5]), 400),
        (Value::Null, 400),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"schemas": schemas, "userName": format!("user-{number}")});
        let seen = tenant.post("/Users", &body).await.is(status);
        if status == 201 {
            let shown = seen.body["schemas"].as_array().unwrap();
            assert_eq!(shown[0], scim::USER, "{schemas}");
            let mut once = shown.clone();
            once.dedup();
            assert_eq!(&once, shown);
            assert!(!seen.body["schemas"].to_string().contains("stranger"));
        }
    }
}

#[tokio::test]
async fn a_password_is_taken_and_seen_nowhere() {
    let tenant = tenant();
    let mut body = user("anna");
    body["password"] = json!("Tr0ub4dor&3");
    let made = tenant.post("/Users", &body).await.is(201);
    let target = format!("/Users/{}", made.id());
    let change = json!([{"op": "replace", "path": "password", "value": "n3w-Tr0ub4dor"}]);
    let patched = tenant.patch(&target, change).await.is(200);
    let put = tenant.put(&target, &body).await.is(200);
    let read = tenant.get(&format!("{target}?attributes=password")).await;
    let listed = tenant.get("/Users?attributes=password,userName").await;
    for seen in [made, patched, put, read, listed] {
        let text = String::from_utf8_lossy(&seen.bytes).into_owned();
        assert!(!text.contains("Tr0ub4dor") && !text.contains("password"), "{text}");
    }
    for filter in ["password pr", "password eq \"Tr0ub4dor&3\"", "password sw \"T\""] {
        assert_eq!(tenant.filter("/Users", filter).await.total(), 0, "{filter}");
    }
    let config = tenant.get("/ServiceProviderConfig").await.body;
    assert_eq!(config["changePassword"]["supported"], false, "nobody can log in with one");
}

#[tokio::test]
async fn of_several_primaries_none_is_stored_and_a_new_one_takes_the_mark() {
    let tenant = tenant();
    let two = json!([{"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}]);
    let mut body = user("anna");
    body["emails"] = two.clone();
    tenant.post("/Users", &body).await.refused(400, Some("invalidValue"));
    let target = format!("/Users/{}", tenant.new_user("anna").await);
    tenant.put(&target, &body).await.refused(400, Some("invalidValue"));
    let change = json!([{"op": "replace", "path": "emails", "value": two}]);
    tenant.patch(&target, change).await.refused(400, Some("invalidValue"));
    let home = json!([{"type": "home", "value": "h@x", "primary": true}]);
    let change = json!([{"op": "add", "path": "emails", "value": home}]);
    let seen = tenant.patch(&target, change).await.is(200);
    let primary: Vec<_> = seen.body["emails"].as_array().unwrap().iter().collect();
    let marked: Vec<_> = primary.iter().filter(|it| it["primary"] == true).collect();
    assert_eq!((marked.len(), &marked[0]["value"]), (1, &json!("h@x")));
}

#[tokio::test]
async fn odd_paths_are_the_same_resource_or_none_at_all() {
    let tenant = tenant();
    let id = tenant.new_user("anna").await;
    let encoded: String =
        id.bytes().map(percent_encoding::percent_encode_byte).collect::<Vec<_>>().concat();
    for same in
        [format!("/Users/{encoded}"), format!("//Users//{id}/"), format!("/%55sers/{id}?x=1")]
    {
        assert_eq!(tenant.get(&same).await.is(200).id(), id, "{same}");
    }
    for none in
        ["/Users/%00", "/Users/..%2fUsers", "/Users/%ff", "/Users/%", "/Users/%zz", "/Users/'"]
    {
        tenant.get(none).await.refused(404, None);
    }
    tenant.get(&format!("/Users/{}", "x".repeat(60_000))).await.refused(404, None);
    let shout = id.to_uppercase();
    tenant.get(&format!("/Users/{shout}")).await.refused(404, None);
}

#[tokio::test]
async fn no_accept_of_any_kind_is_turned_down() {
    let tenant = tenant();
    let weighed = "application/json;q=0.5, application/scim+json";
    for accept in
        ["application/scim+json", "application/json", "*/*", weighed, "application/xml", ","]
    {
        let seen = tenant.call("GET", "/Users", &[("accept", accept)], &Value::Null).await.is(200);
        assert!(seen.header(header::CONTENT_TYPE).starts_with("application/scim+json"), "{accept}");
    }
}

#[tokio::test]
async fn the_version_asked_for_guards_every_write_and_a_star_any() {
    let tenant = tenant();
    let target = format!("/Users/{}", tenant.new_user("anna").await);
    let fresh = tenant.get(&target).await.header(header::ETAG).to_owned();
    let change = json!({"schemas": [scim::PATCH_OP],
        "Operations": [{"op": "replace", "path": "title", "value": "Lead"}]});
    let stale = [("if-match", "W/\"99\"")];
    for (method, body) in [("PUT", &user("anna")), ("PATCH", &change), ("DELETE", &Value::Null)] {
        tenant.call(method, &target, &stale, body).await.refused(412, None);
    }
    tenant.call("PATCH", &target, &[("if-match", &fresh)], &change).await.is(200);
    tenant.call("PUT", &target, &[("if-match", &fresh)], &user("anna")).await.refused(412, None);
    tenant.call("PUT", &target, &[("if-match", "*")], &user("anna")).await.is(200);
    let now = tenant.get(&target).await.header(header::ETAG).to_owned();
    tenant.call("GET", &target, &[("if-none-match", &now)], &Value::Null).await.is(304);
    tenant.call("GET", &target, &[("if-none-match", &fresh)], &Value::Null).await.is(200);
    tenant.call("DELETE", &target, &[("if-match", &now)], &Value::Null).await.is(204);
    tenant.call("DELETE", &target, &[("if-match", "*")], &Value::Null).await.refused(404, None);
}

#[tokio::test]
async fn totals_alone_and_pages_beyond_the_end_are_empty_and_right() {
    let tenant = tenant();
    for number in 0..3 {
        tenant.new_user(&format!("user-{number}")).await;
    }
    for query in
        ["count=0", "count=-3", "startIndex=4", "startIndex=1000000", "startIndex=3&count=0"]
    {
        for filter in ["", "&filter=userName+pr", "&sortBy=userName"] {
            let seen = tenant.get(&format!("/Users?{query}{filter}")).await.is(200);
            assert_eq!((seen.total(), seen.column("/id").len()), (3, 0), "{query}{filter}");
            assert_eq!(seen.body["itemsPerPage"], 0);
        }
    }
    let third = tenant.get("/Users?startIndex=3&count=1").await;
    assert_eq!((third.column("/userName"), &third.body["startIndex"]), (vec!["user-2"], &json!(3)));
}
