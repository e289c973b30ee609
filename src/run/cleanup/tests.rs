//! Clean-ups against the embedded tenant.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::*;
use crate::exchange::Listener;
use crate::scim;
use crate::tenant::embedded::{
    ConnectionDropped, Defect, EmbeddedSettings, EmbeddedTenant, Faults, Keys,
};
use crate::tenant::{
    Allowance, Dress, HttpSettings, Limits, Manifest, SecretToken, TenantUrl, Transport,
};

const TOKEN: &str = "a-token-of-tests";

fn embedded(faults: Faults, defects: Vec<Defect>) -> EmbeddedTenant {
    let mut keys = Keys::new();
    keys.add("clean-up", TOKEN, None, true);
    EmbeddedTenant::new(EmbeddedSettings { defects, faults, keys, ..EmbeddedSettings::default() })
}

fn tenant(transport: Transport, url: &str) -> Tenant {
    let token = SecretToken::parse(TOKEN, "the test").unwrap();
    let url = TenantUrl::parse(url).unwrap();
    Tenant::new(url, Some(token), transport, Limits::default(), Dress::default())
}

fn in_process(router: axum::Router) -> Tenant {
    tenant(Transport::InProcess(router), "http://localhost/scim")
}

fn user(name: &str) -> Request {
    Request::post(
        "/Users",
        &json!({"schemas": [scim::USER], "userName": name, "externalId": format!("{name}-id")}),
    )
}

fn group(name: &str) -> Request {
    let body = json!({"schemas": [scim::GROUP], "displayName": name, "externalId": name});
    Request::post("/Groups", &body)
}

async fn create(tenant: &Tenant, request: Request) -> Exchange {
    tenant.send(Operation::CreateUser, request).await
}

#[derive(Default)]
struct Deleted(Mutex<Vec<String>>);

impl Listener for Deleted {
    fn heard(&self, exchange: &Exchange) {
        if exchange.request.method == http::Method::DELETE {
            self.0.lock().unwrap().push(exchange.request.target.clone());
        }
    }
}

#[tokio::test]
async fn groups_go_before_users_and_the_newest_first() {
    let deleted = Arc::new(Deleted::default());
    let embedded = embedded(Faults::default(), Vec::new());
    let tenant = in_process(embedded.router()).with_listener(deleted.clone());
    let mut created = Vec::new();
    for request in [user("a"), group("b"), user("c"), group("d")] {
        let path = request.target.clone();
        created.push(format!("{path}/{}", create(&tenant, request).await.id().unwrap()));
    }
    let result = clean_up(&tenant, 1).await;
    assert_eq!(result, CleanUpResult { created: 4, deleted: 4, left: Vec::new() });
    let expected = [3, 1, 2, 0].map(|nth: usize| created[nth].clone());
    assert_eq!(*deleted.0.lock().unwrap(), expected);
    assert_eq!(embedded.counts(), (0, 0));
}

/// Answers the first creation by breaking the connection after it took effect.
fn losing(embedded: &EmbeddedTenant) -> axum::Router {
    let (inner, is_first) = (embedded.router(), Arc::new(AtomicBool::new(true)));
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (inner, is_first) = (inner.clone(), is_first.clone());
        async move {
            let is_create = request.method() == http::Method::POST;
            let mut response = tower::ServiceExt::oneshot(inner, request).await.unwrap();
            if is_create && is_first.swap(false, Ordering::Relaxed) {
                response.extensions_mut().insert(ConnectionDropped);
            }
            response
        }
    })
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_and_deleted() {
    let embedded = embedded(Faults::default(), Vec::new());
    let tenant = in_process(losing(&embedded));
    assert_eq!(create(&tenant, user("lost")).await.status(), 0);
    create(&tenant, user("kept")).await;
    assert_eq!(embedded.counts().0, 2);
    let result = clean_up(&tenant, 2).await;
    assert_eq!(result, CleanUpResult { created: 2, deleted: 2, left: Vec::new() });
    assert_eq!((embedded.counts().0, tenant.unresolved().len()), (0, 0));
}

#[tokio::test]
async fn a_stranger_of_the_same_name_is_not_touched_and_the_doubt_is_told() {
    let embedded = embedded(Faults::default(), Vec::new());
    create(&in_process(embedded.router()), user("twin")).await;
    let tenant = in_process(embedded.router());
    let lost = |number, name: &str| Unresolved {
        number,
        collection: Collection::Users,
        name: Some(name.to_owned()),
        external_id: Some("another".to_owned()),
    };
    tenant.adopt_unresolved(lost(1, "twin"));
    tenant.adopt_unresolved(lost(2, "nobody"));
    let result = clean_up(&tenant, 2).await;
    assert_eq!(result.left, ["/Users (perhaps) twin"]);
    assert_eq!(embedded.counts().0, 1);
}

#[tokio::test]
async fn a_manifest_is_enough_to_clean_up_after_a_run() {
    let embedded = embedded(Faults::default(), Vec::new());
    let path = std::env::temp_dir().join(format!("scimrig-cleanup-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let before = in_process(losing(&embedded));
    before.keep_manifest(&path).unwrap();
    for request in [user("a"), user("b"), group("c")] {
        create(&before, request).await;
    }
    let manifest = Manifest::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((manifest.owned.len(), manifest.unresolved.len()), (2, 1));
    let tenant = in_process(embedded.router());
    manifest.owned.into_iter().for_each(|owned| tenant.adopt(owned));
    manifest.unresolved.into_iter().for_each(|lost| tenant.adopt_unresolved(lost));
    let result = clean_up(&tenant, 2).await;
    assert_eq!(result, CleanUpResult { created: 3, deleted: 3, left: Vec::new() });
    assert_eq!(embedded.counts(), (0, 0));
}

#[tokio::test]
async fn throttled_and_broken_deletions_are_tried_again() {
    let faults = Faults { throttle_every: Some(3), ..Faults::default() };
    let embedded = embedded(faults, Vec::new());
    let tenant = in_process(embedded.router());
    for nth in 0..30 {
        create(&tenant, user(&format!("user-{nth}"))).await;
    }
    let owned = tenant.owned().len() as u64;
    let result = clean_up(&tenant, 4).await;
    assert_eq!(result, CleanUpResult { created: owned, deleted: owned, left: Vec::new() });
}

#[tokio::test]
async fn what_cannot_be_deleted_is_named() {
    let embedded = embedded(Faults::default(), vec![Defect::GROUP_DELETE_REFUSED]);
    let tenant = in_process(embedded.router());
    let id = create(&tenant, group("stays")).await.id().unwrap();
    create(&tenant, user("goes")).await;
    let result = clean_up(&tenant, 2).await;
    let left = vec![format!("/Groups/{id}")];
    assert_eq!(result, CleanUpResult { created: 2, deleted: 1, left });
}

#[tokio::test]
async fn a_tenant_that_is_gone_does_not_hold_the_clean_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/scim", listener.local_addr().unwrap());
    drop(listener);
    let http = Transport::http(&HttpSettings { ca_file: None, loopback: true }).unwrap();
    let tenant = tenant(http, &url);
    for nth in 0..500 {
        tenant.adopt(Owned { collection: Collection::Users, id: format!("user-{nth}") });
    }
    let result = clean_up(&tenant, 4).await;
    assert_eq!((result.created, result.deleted, result.left.len()), (500, 0, NAMED));
    assert!(tenant.sent().requests < 500, "{:?}", tenant.sent());
}

#[tokio::test]
async fn a_clean_up_waits_for_a_retry_after_and_is_outside_the_budget() {
    let faults =
        Faults { throttle_every: Some(15), retry_after_seconds: Some(1), ..Faults::default() };
    let embedded = embedded(faults, Vec::new());
    let tenant = in_process(embedded.router());
    tenant.allow(Allowance { requests_max: Some(10), per_second_max: Some(500.0) });
    for nth in 0..11 {
        create(&tenant, user(&format!("user-{nth}"))).await;
    }
    let result = clean_up(&tenant, 4).await;
    assert_eq!(result, CleanUpResult { created: 10, deleted: 10, left: Vec::new() });
    let sent = tenant.sent();
    assert_eq!((sent.requests, sent.clean_up, sent.throttled, sent.held_back), (21, 11, 1, 1));
    assert!(sent.throttled_for >= Duration::from_secs(1), "{sent:?}");
}
