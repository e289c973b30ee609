//! Who gets in, and how the others are turned down.

use super::*;

async fn knock(authorization: Option<&str>, target: &str) -> Seen {
    let mut keys = Keys::new();
    keys.add("admin", SECRET, None, true);
    keys.add("reader", "weak", None, false);
    keys.add("old", "late", Some(jiff::Timestamp::UNIX_EPOCH), true);
    let tenant = EmbeddedTenant::new(EmbeddedSettings { keys, ..settings() });
    let mut request = Request::builder().uri(format!("/scim{target}"));
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    tenant.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn only_a_valid_key_of_an_administrator_opens() {
    assert_eq!(knock(Some("Bearer open sesame"), "/Users").await.status, 200);
    assert_eq!(knock(Some("bearer open sesame"), "/Users").await.status, 200);
    knock(Some("Bearer weak"), "/Users").await.refused(403, None);
    for (authorization, word) in [
        (None, "Bearer realm"),
        (Some("Basic open sesame"), "Bearer realm"),
        (Some("Bearer wrong"), "invalid_token"),
        (Some("Bearer late"), "invalid_token"),
    ] {
        let seen = knock(authorization, "/Users").await.refused(401, None);
        let challenge = seen.header(header::WWW_AUTHENTICATE);
        assert!(challenge.starts_with("Bearer ") && challenge.contains(word), "{challenge}");
    }
    knock(None, "/Users?access_token=open+sesame").await.refused(401, None);
}

#[tokio::test]
async fn the_service_provider_configuration_is_public_and_nothing_else() {
    knock(None, "/ServiceProviderConfig").await.is(200);
    for target in ["/Schemas", "/ResourceTypes", "/Nope", "/Me", "/Users/1"] {
        knock(None, target).await.refused(401, None);
    }
}

#[tokio::test]
async fn a_tenant_without_keys_lets_nobody_in() {
    let tenant = EmbeddedTenant::new(EmbeddedSettings::default());
    let request = Request::get("/scim/Users").header(header::AUTHORIZATION, "Bearer ");
    tenant.send(request.body(Body::empty()).unwrap()).await.refused(401, None);
}
