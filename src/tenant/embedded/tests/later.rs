//! Requests that are answered before they are done.

use super::*;

const LATER: (&str, &str) = ("prefer", "respond-async");

fn rename(name: &str) -> Value {
    let operation = json!({"op": "replace", "path": "displayName", "value": name});
    json!({"schemas": [scim::PATCH_OP], "Operations": [operation]})
}

/// Lets others go on until a read shows what is wanted.
async fn seen_in_the_end(
    tenant: &EmbeddedTenant,
    target: &str,
    holds: impl Fn(&Seen) -> bool,
) -> bool {
    for _ in 0..100 {
        if holds(&tenant.get(target).await) {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn a_change_is_taken_and_done_afterwards() {
    let tenant = tenant();
    let target = format!("/Users/{}", tenant.new_user("anna").await);
    let taken = tenant.call("PATCH", &target, &[LATER], &rename("Anna Later")).await.is(202);
    assert!(taken.bytes.is_empty());
    let header = |seen: &Seen, name| seen.header(HeaderName::from_static(name)).to_owned();
    assert_eq!(header(&taken, "preference-applied"), "respond-async");
    assert_eq!(header(&taken, "location"), format!("http://tenant.example/scim{target}"));
    assert_eq!(header(&taken, "set-txn").len(), 32);
    let renamed = |seen: &Seen| seen.body["displayName"] == "Anna Later";
    assert!(seen_in_the_end(&tenant, &target, renamed).await);
    let gone = tenant.call("DELETE", &target, &[LATER], &Value::Null).await.is(202);
    assert_ne!(header(&gone, "set-txn"), header(&taken, "set-txn"));
    assert!(seen_in_the_end(&tenant, &target, |seen| seen.status == 404).await);
}

#[tokio::test]
async fn who_waits_gets_the_outcome() {
    let tenant = tenant();
    let target = format!("/Users/{}", tenant.new_user("anna").await);
    let waiting = ("prefer", "respond-async, wait=10");
    let done = tenant.call("PATCH", &target, &[waiting], &rename("Anna")).await.is(200);
    assert_eq!(done.body["displayName"], "Anna");
    let refused = tenant.call("PUT", &target, &[waiting], &json!([])).await;
    refused.refused(400, Some("invalidSyntax"));
}

#[tokio::test]
async fn creates_reads_and_strangers_are_answered_at_once() {
    let tenant = tenant();
    tenant.call("POST", "/Users", &[LATER], &user("anna")).await.is(201);
    tenant.call("GET", "/Users", &[LATER], &Value::Null).await.is(200);
    let id = tenant.new_user("bert").await;
    let target = format!("/scim/Users/{id}");
    let stranger = Request::delete(target).header(LATER.0, LATER.1).body(Body::empty()).unwrap();
    tenant.send(stranger).await.is(401);
    tenant.get(&format!("/Users/{id}")).await.is(200);
}
