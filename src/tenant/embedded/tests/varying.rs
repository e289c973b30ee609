//! Legal variations: each shows when it is switched on, and never otherwise.

use super::*;

fn varied(variation: Variation) -> EmbeddedTenant {
    EmbeddedTenant::new(EmbeddedSettings { variations: vec![variation], ..settings() })
}

fn retitle() -> Value {
    json!([{"op": "replace", "path": "externalId", "value": "x"}])
}

#[tokio::test]
async fn a_patch_is_answered_with_the_state_or_with_nothing() {
    for (variation, status) in
        [(Variation::PATCH_ANSWERS_204, 204), (Variation::PATCH_ANSWERS_200, 200)]
    {
        let tenant = varied(variation);
        let user = format!("/Users/{}", tenant.new_user("anna").await);
        let group = format!("/Groups/{}", tenant.new_group("crew", &[]).await);
        for target in [user, group] {
            let seen = tenant.patch(&target, retitle()).await.is(status);
            assert_eq!(seen.body.is_null(), status == 204, "{}", seen.body);
            assert_eq!(tenant.get(&target).await.body["externalId"], "x");
            let chosen = format!("{target}?attributes=externalId");
            tenant.patch(&chosen, retitle()).await.is(200);
        }
    }
}

#[tokio::test]
async fn versions_may_be_shown_in_the_header_alone_or_not_at_all() {
    for (variation, tagged) in [(Variation::NO_META_VERSION, true), (Variation::NO_ETAG, false)] {
        let tenant = varied(variation);
        let target = format!("/Users/{}", tenant.new_user("anna").await);
        let seen = tenant.get(&target).await;
        assert_eq!(!seen.header(header::ETAG).is_empty(), tagged);
        assert!(seen.body["meta"].get("version").is_none(), "{}", seen.body);
        let stale = [("if-match", "\"stale\"")];
        let seen = tenant.call("DELETE", &target, &stale, &Value::Null).await;
        seen.is(if tagged { 412 } else { 204 });
    }
}

#[tokio::test]
async fn small_pages_can_be_walked() {
    let tenant = varied(Variation::SMALL_PAGES);
    for number in 0..7 {
        tenant.new_user(&format!("user-{number}")).await;
    }
    let mut seen = Vec::new();
    for start in [1, 6] {
        let page = tenant.get(&format!("/Users?startIndex={start}&count=100")).await;
        assert_eq!(page.total(), 7);
        seen.extend(page.column("/id").into_iter().map(str::to_owned));
    }
    assert_eq!(seen.len(), 7);
    let config = tenant.get("/ServiceProviderConfig").await;
    assert_eq!(config.body["filter"]["maxResults"], 5);
}

#[tokio::test]
async fn what_is_not_supported_says_so() {
    for (variation, feature, target) in [
        (Variation::NO_FILTER, "filter", "/Users?filter=active+eq+true"),
        (Variation::NO_SORT, "sort", "/Users?sortBy=userName"),
    ] {
        let tenant = varied(variation);
        tenant.get(target).await.refused(501, None);
        let config = tenant.get("/ServiceProviderConfig").await;
        assert_eq!(config.body[feature]["supported"], false);
    }
    let tenant = varied(Variation::NO_PATCH);
    let target = format!("/Users/{}", tenant.new_user("anna").await);
    tenant.patch(&target, retitle()).await.refused(501, None);
    let tenant = varied(Variation::NO_DISCOVERY);
    for target in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        tenant.get(target).await.refused(404, None);
    }
}

#[tokio::test]
async fn an_empty_list_and_a_deleted_user_may_look_otherwise() {
    let tenant = varied(Variation::EMPTY_LIST_LEFT_OUT);
    let none = tenant.filter("/Users", "userName eq \"nobody\"").await;
    assert_eq!((none.total(), none.body.get("Resources")), (0, None));
    let tenant = varied(Variation::GONE_FOR_GOOD);
    let target = format!("/Users/{}", tenant.new_user("anna").await);
    tenant.delete(&target).await.is(204);
    tenant.get(&target).await.refused(410, None);
    tenant.get("/Users/never-was").await.refused(404, None);
}
