//! Discovery, media types, unknown places and methods.

use super::*;

#[tokio::test]
async fn every_body_is_scim_json_errors_included() {
    let tenant = tenant();
    for target in ["/Users", "/Users/1", "/Nope", "/Me", "/Schemas", "/Users?count=x"] {
        let seen = tenant.get(target).await;
        assert_eq!(
            seen.header(header::CONTENT_TYPE),
            "application/scim+json; charset=utf-8",
            "{target}"
        );
    }
}

#[tokio::test]
async fn the_tenant_describes_itself() {
    let tenant = tenant();
    let config = tenant.get("/ServiceProviderConfig?startIndex=5&count=0").await.is(200).body;
    assert_eq!(config["filter"], json!({"supported": true, "maxResults": 1000}));
    let types = tenant.get("/ResourceTypes?count=1").await.is(200);
    assert_eq!(types.column("/endpoint"), ["/Users", "/Groups"]);
    let schemas = tenant.get("/Schemas").await.is(200);
    let ids = schemas.column("/id");
    assert!([scim::USER, scim::GROUP, scim::ENTERPRISE_USER].iter().all(|id| ids.contains(id)));
    for (list, all) in [("/ResourceTypes", &types), ("/Schemas", &schemas)] {
        for one in all.body["Resources"].as_array().unwrap() {
            let location = one["meta"]["location"].as_str().unwrap();
            let target = location.strip_prefix("http://tenant.example/scim").unwrap();
            assert_eq!(&tenant.get(target).await.is(200).body, one, "{list}");
        }
    }
    let encoded = format!("/Schemas/{}", scim::USER.replace(':', "%3A"));
    assert_eq!(tenant.get(&encoded).await.is(200).body["id"], scim::USER);
}

#[tokio::test]
async fn discovery_is_neither_filtered_nor_changed_nor_invented() {
    let tenant = tenant();
    for target in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        tenant.get(&format!("{target}?filter=id+pr")).await.refused(403, None);
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let seen = tenant.call(method, target, &[], &json!({})).await.refused(405, None);
            assert_eq!(seen.header(header::ALLOW), "GET, HEAD");
        }
    }
    tenant.get("/Schemas/urn:x:none").await.refused(404, None);
    tenant.get("/ResourceTypes/Nope").await.refused(404, None);
}

#[tokio::test]
async fn what_is_not_there_or_not_supported_says_so() {
    let tenant = tenant();
    for target in ["/Nope", "/Users/1/2", "/v9/Users"] {
        tenant.get(target).await.refused(404, None);
    }
    tenant.get("/Me").await.refused(501, None);
    for (method, target) in [
        ("PUT", "/Users"),
        ("DELETE", "/Users/"),
        ("POST", "/Users/1"),
        ("FOO", "/Users"),
        ("GET", "/Users/.search"),
    ] {
        tenant.call(method, target, &[], &json!({})).await.refused(405, None);
    }
}

#[tokio::test]
async fn a_body_must_be_json_by_name_and_by_nature() {
    let tenant = tenant();
    let send = async |media_type: Option<&str>, body: &'static [u8]| {
        let mut request =
            Request::post("/scim/Users").header(header::AUTHORIZATION, format!("Bearer {SECRET}"));
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        tenant.send(request.body(Body::from(body)).unwrap()).await
    };
    for odd in ["text/plain", "application/xml", "", "application/scim+jsonx"] {
        send(Some(odd), b"{}").await.refused(415, None);
    }
    for broken in [&b"{\"userName\":"[..], b"", b"\xff", b"{} {}"] {
        send(Some("application/json"), broken).await.refused(400, Some("invalidSyntax"));
    }
    assert_eq!(send(Some("Application/JSON"), b"[]").await.status, 400);
    assert_eq!(send(None, b"null").await.status, 400);
    assert_eq!(tenant.counts(), (0, 0), "nothing was created");
}

#[tokio::test]
async fn too_large_a_body_is_413_and_nothing_happens() {
    let tenant = tenant();
    let mut large = user("a");
    large["title"] = "x".repeat(11 << 20).into();
    tenant.post("/Users", &large).await.refused(413, None);
    assert_eq!(tenant.counts(), (0, 0));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let tenant = tenant();
    let id = tenant.new_user("a").await;
    let seen = tenant.call("HEAD", &format!("/Users/{id}"), &[], &Value::Null).await.is(200);
    assert!(seen.bytes.is_empty());
    assert_eq!(seen.header(header::ETAG), "W/\"1\"");
}

#[tokio::test]
async fn an_accept_that_cannot_be_met_is_ignored() {
    let seen = tenant().call("GET", "/Users", &[("accept", "application/xml")], &Value::Null).await;
    assert_eq!(seen.is(200).header(header::CONTENT_TYPE), "application/scim+json; charset=utf-8");
}
