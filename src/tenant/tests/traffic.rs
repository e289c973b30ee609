//! How much goes through the door, and how fast.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::IntoResponse;
use http::StatusCode;

use super::*;

/// A tenant that answers 204, but 429 to the n-th request, and counts who knocks.
fn tenant(
    throttled: Option<(u64, &'static str)>,
    allowance: Allowance,
) -> (Tenant, Arc<AtomicU64>) {
    let knocks = Arc::new(AtomicU64::new(0));
    let heard = knocks.clone();
    let router = Router::new().fallback(move || {
        let nth = heard.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            match throttled.filter(|(place, _)| *place == nth) {
                Some((_, wait)) => {
                    (StatusCode::TOO_MANY_REQUESTS, [("retry-after", wait)]).into_response()
                }
                None => StatusCode::NO_CONTENT.into_response(),
            }
        }
    });
    let tenant = tenant_at("http://localhost/scim", Transport::InProcess(router));
    tenant.allow(allowance);
    (tenant, knocks)
}

fn budget(requests: u64) -> Allowance {
    Allowance { requests_max: Some(requests), ..Allowance::default() }
}

fn rate(per_second: f64) -> Allowance {
    Allowance { per_second_max: Some(per_second), ..Allowance::default() }
}

/// Sends so many reads at the same time and says how long all of them took.
async fn at_once(tenant: &Tenant, count: usize) -> Duration {
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..count {
        let tenant = tenant.clone();
        running.spawn(async move { send(&tenant, Request::get("/Users/1")).await });
    }
    while running.join_next().await.is_some() {}
    began.elapsed()
}

#[tokio::test]
async fn a_budget_holds_for_all_clones_and_leaves_the_clean_up_alone() {
    let (tenant, knocks) = tenant(None, budget(7));
    at_once(&tenant, 20).await;
    assert_eq!(knocks.load(Ordering::SeqCst), 7);
    assert!(tenant.is_held_back());
    let refused = send(&tenant, Request::get("/Users/1")).await;
    assert_eq!(refused.told(), "not sent: the budget of 7 requests is used up");
    tenant
        .send(Operation::CleanUp, Request::delete("/Users/facade00-0000-4000-8000-000000000000"))
        .await;
    let sent = tenant.sent();
    assert_eq!((sent.requests, sent.clean_up, sent.held_back), (8, 1, 14));
    assert_eq!(knocks.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn a_budget_that_is_just_enough_holds_nothing_back() {
    let (tenant, _) = tenant(None, budget(3));
    at_once(&tenant, 3).await;
    assert!(!tenant.is_held_back());
    assert_eq!(tenant.budget_used_up().as_deref(), Some("the budget of 3 requests is used up"));
}

#[tokio::test]
async fn what_the_door_refuses_costs_nothing() {
    let (tenant, knocks) = tenant(None, budget(1));
    let refused = send(&tenant, Request::delete("/Users/a-stranger")).await;
    assert_eq!(refused.status(), 0);
    send(&tenant, Request::get("/Users/1")).await;
    assert_eq!((knocks.load(Ordering::SeqCst), tenant.is_held_back()), (1, false));
}

#[tokio::test]
async fn a_rate_caps_what_many_send_at_once_and_saves_nothing_up() {
    let (tenant, _) = tenant(None, rate(100.0));
    assert!(at_once(&tenant, 21).await >= Duration::from_millis(200));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(at_once(&tenant, 6).await >= Duration::from_millis(50));
}

#[tokio::test]
async fn nobody_knocks_before_the_time_that_a_retry_after_names() {
    let (tenant, _) = tenant(Some((1, "1")), Allowance::default());
    let throttled = send(&tenant, Request::get("/Users/1")).await;
    assert!(throttled.is_throttled());
    let (one, other) = (tenant.clone(), tenant.clone());
    let (one, other) = tokio::join!(
        send(&one, Request::get("/Users/1")),
        other.send(Operation::CleanUp, Request::get("/Users/1")),
    );
    for next in [one, other] {
        let pause = next.sent - throttled.answered;
        assert!(pause >= Duration::from_millis(990), "{pause:?}");
    }
    let sent = tenant.sent();
    assert_eq!((sent.throttled, sent.throttled_for.as_millis()), (1, 1_000));
}

#[tokio::test]
async fn a_retry_after_of_hours_is_not_waited_for_to_its_end() {
    let (tenant, _) = tenant(Some((1, "86400")), Allowance::default());
    send(&tenant, Request::get("/Users/1")).await;
    let waited = tenant.sent().throttled_for;
    assert!(waited <= Duration::from_mins(1), "{waited:?}");
}
