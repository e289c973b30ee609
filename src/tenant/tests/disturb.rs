//! Requests that are made to go wrong, and doors apart.

use super::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use super::*;
use crate::exchange::Disturbance;

fn embedded() -> (Tenant, EmbeddedTenant) {
    let mut keys = Keys::new();
    keys.add("test", TOKEN, None, true);
    let embedded = EmbeddedTenant::new(EmbeddedSettings { keys, ..EmbeddedSettings::default() });
    (tenant_at("http://localhost/scim", Transport::InProcess(embedded.router())), embedded)
}

#[tokio::test]
async fn a_disturbed_request_goes_wrong_and_says_so() {
    let (tenant, embedded) = embedded();
    let disturbed = tenant.with_disturbances([
        (1, Disturbance::Throttle),
        (2, Disturbance::Fail),
        (3, Disturbance::LoseAnswer),
    ]);
    let mut seen = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let exchange = send(&disturbed, user(name)).await;
        seen.push((exchange.status(), exchange.disturbance.is_some()));
    }
    assert_eq!(seen, [(429, true), (503, true), (0, true), (201, false)]);
    assert_eq!(embedded.counts().0, 2, "the first two were never sent");
    let lost: Vec<_> = tenant.unresolved().into_iter().filter_map(|it| it.name).collect();
    assert_eq!((tenant.owned().len(), lost), (1, vec!["c".to_owned()]));
    assert_eq!(tenant.sent().throttled, 0, "the tenant throttled nothing");
}

#[tokio::test]
async fn the_answer_to_a_groups_deletion_is_not_lost() {
    let (tenant, embedded) = embedded();
    let body = json!({"schemas": [crate::scim::GROUP], "displayName": "A"});
    let id = send(&tenant, Request::post("/Groups", &body)).await.id().unwrap();
    let disturbed = tenant.with_disturbances([(1, Disturbance::LoseAnswer)]);
    let exchange = send(&disturbed, Request::delete(format!("/Groups/{id}"))).await;
    assert_eq!((exchange.status(), exchange.disturbance), (204, None));
    assert_eq!(embedded.counts(), (0, 0));
}

#[tokio::test]
async fn a_door_apart_owns_what_went_through_it_and_hands_it_back() {
    let (tenant, _) = embedded();
    let (left, right) = (tenant.apart(), tenant.apart());
    let id = send(&left, user("a")).await.id().unwrap();
    let other = send(&right, user("b")).await;
    assert_eq!((left.owns(&id), right.owns(&id), tenant.owns(&id)), (true, false, false));
    assert_eq!((other.number, left.passed(), tenant.sent().requests), (2, 1, 2));
    let refused = send(&right, Request::delete(format!("/Users/{id}"))).await;
    assert!(refused.result.is_err(), "it is not this door's");
    let mine = Request::delete(format!("/Users/{}", other.id().unwrap()));
    assert_eq!(send(&right, mine).await.status(), 204);
    tenant.take_back(&left);
    tenant.take_back(&right);
    assert_eq!((tenant.owns(&id), tenant.owned().len(), tenant.deleted()), (true, 1, 1));
}
