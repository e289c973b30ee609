//! Whatever a client sends, the tenant neither panics nor calls it the server's fault.

use std::string::FromUtf8Error;

use proptest::prelude::*;

use super::*;

/// A request of arbitrary bytes, or of bytes that look a little like SCIM.
#[derive(Debug)]
struct Strange {
    method: &'static str,
    target: String,
    body: Vec<u8>,
}

fn strange() -> impl Strategy<Value = Strange> {
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]);
    let place = prop_oneof![
        Just("/scim/Users".to_owned()),
        Just("/scim/Users/ID".to_owned()),
        Just("/scim/Groups/GROUP".to_owned()),
        Just("/scim/Groups".to_owned()),
        Just("/scim/Bulk".to_owned()),
        Just("/scim/Users/.search".to_owned()),
        Just("/scim/Schemas".to_owned()),
        "/(scim/)?[ -~]{0,20}",
        prop::collection::vec(any::<u8>(), 0..12)
            .prop_map(|bytes| format!("/scim/Users/{}", percent(&bytes))),
    ];
    let name = "filter|count|startIndex|sortBy|sortOrder|attributes|excludedAttributes|[a-z]{1,3}";
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        concat!(
            "(userName|emails|active|name|members|meta.created) (eq|co|gt|pr|[a-z]{2}) ",
            "(true|null|\"[a-z]\"|[0-9]{1,25}|\\[|\\()",
        )
        .prop_map(String::into_bytes),
    ];
    let query = prop::collection::vec((name, value), 0..3);
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        json_text(),
        json_text().prop_map(|value| {
            let value: Value = serde_json::from_slice(&value).unwrap();
            let schemas = [scim::PATCH_OP, scim::BULK_REQUEST];
            json!({"schemas": schemas, "Operations": [value]}).to_string().into_bytes()
        }),
    ];
    (method, place, query, body).prop_map(|(method, place, query, body)| {
        let pairs: Vec<String> =
            query.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        Strange { method, target: format!("{place}?{}", pairs.join("&")), body }
    })
}

/// JSON that has names a SCIM server looks for, with values it does not expect.
fn json_text() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\[\\]. ]{0,12}".prop_map(Value::from),
        Just(json!("add")),
        Just(json!("Remove")),
        Just(json!("replace")),
        Just(json!("members")),
        Just(json!("emails[type eq \"work\"].value")),
        Just(json!(scim::USER)),
        Just(json!("POST")),
        Just(json!("/Users")),
        Just(json!("bulkId:GROUP")),
        Just(json!("GROUP")),
    ];
    let name = prop::sample::select(vec![
        "op",
        "path",
        "value",
        "schemas",
        "userName",
        "displayName",
        "members",
        "emails",
        "name",
        "active",
        "externalId",
        "id",
        "meta",
        "name.givenName",
        "filter",
        "count",
        "Operations",
        "method",
        "bulkId",
        "data",
        scim::ENTERPRISE_USER,
    ]);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
    .prop_map(|value: Value| value.to_string().into_bytes())
}

fn percent(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_make_the_tenant_fail(requests in prop::collection::vec(strange(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let tenant = tenant();
            let user = tenant.new_user("anna").await;
            let group = tenant.new_group("team", &[&user]).await;
            for strange in requests {
                let target = strange.target.replace("ID", &user).replace("GROUP", &group);
                let body = String::from_utf8(strange.body)
                    .map_or_else(FromUtf8Error::into_bytes, |text| {
                        text.replace("GROUP", &group).into_bytes()
                    });
                let Ok(request) = Request::builder()
                    .method(strange.method)
                    .uri(&target)
                    .header(header::AUTHORIZATION, format!("Bearer {SECRET}"))
                    .header(header::CONTENT_TYPE, "application/scim+json")
                    .body(Body::from(body.clone()))
                else { continue };
                let seen = tenant.send(request).await;
                let text = String::from_utf8_lossy(&body);
                let said = format!("{} {target} {text}", strange.method);
                assert!(seen.status < 500 || seen.status == 501, "{said}: {}", seen.status);
                if seen.status >= 400 && strange.method != "HEAD" {
                    assert!(scim::message::ScimError::read(&seen.body).is_some(), "{target}");
                }
            }
            let users = tenant.get("/Users").await.is(200);
            assert_eq!(users.total(), tenant.counts().0 as u64, "the store is whole");
        });
    }
}

#[tokio::test]
async fn deeply_nested_bodies_and_filters_are_refused() {
    let tenant = tenant();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let request = Request::post("/scim/Users")
        .header(header::AUTHORIZATION, format!("Bearer {SECRET}"))
        .body(Body::from(deep))
        .unwrap();
    tenant.send(request).await.refused(400, Some("invalidSyntax"));
    let brackets = "(".repeat(5_000);
    tenant.filter("/Users", &brackets).await.refused(400, Some("invalidFilter"));
}

#[tokio::test]
async fn a_strange_host_does_not_get_into_locations() {
    let tenant = tenant();
    let request = Request::post("/scim/Users")
        .header(header::AUTHORIZATION, format!("Bearer {SECRET}"))
        .header(header::HOST, "a b\"<c>/../")
        .body(Body::from(user("anna").to_string()))
        .unwrap();
    let seen = tenant.send(request).await.is(201);
    assert!(seen.header(header::LOCATION).starts_with("http://localhost/scim/Users/"));
}
