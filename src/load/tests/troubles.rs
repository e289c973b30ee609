//! Loads in trouble: refused, unanswered, throttled, and what comes of trying again.

use super::*;
use crate::difference::Difference;
use crate::directory::AttributeValue;

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_gone_ends_the_load_early() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _alone = GOOSE.lock().await;
    let tenant = over_http(listener.local_addr().unwrap());
    drop(listener);
    let result = run(&tenant, &plan(100_000, 0)).await;
    assert!(result.requests < 1_000, "{}", result.requests);
    assert!(result.remarks[0].starts_with("the load ended early"), "{:?}", result.remarks);
    assert!(!result.arrived());
}

#[tokio::test]
async fn a_load_that_is_throttled_waits_as_it_is_told() {
    let faults =
        Faults { throttle_every: Some(60), retry_after_seconds: Some(1), ..Faults::default() };
    let tenant = in_process(embedded(faults).router());
    run(&tenant, &plan(25, 1)).await;
    let sent = tenant.sent();
    assert!(sent.throttled > 0 && sent.throttled_for >= Duration::from_secs(1), "{sent:?}");
}

/// The names of the phases in which something was tried again.
fn retries(result: &LoadResult) -> Vec<&str> {
    let names = result.phases.iter().map(|phase| phase.phase.as_str());
    names.filter(|name| name.contains("retry")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_in_passing_arrives_when_it_is_tried_again() {
    let faults =
        Faults { lost_answer_probability: 0.05, error_every: Some(20), ..Faults::default() };
    let embedded = embedded(faults);
    let tenant = in_process(embedded.router());
    let result = run(&tenant, &plan(100, 5)).await;
    assert!(result.escrowed > 0 && !retries(&result).is_empty(), "{:?}", result.phases);
    assert_eq!((embedded.counts(), result.memberships), ((100, 5), 25));
    assert_eq!((result.users, result.users_found, result.groups_found), (100, 100, 5));
    let only_reading = |it: &&Difference| it.kind == DifferenceKind::Unreadable;
    assert_eq!(result.differences.iter().filter(|it| !only_reading(it)).count(), 0);
    let cleaned = clean_up(&tenant, 4).await;
    assert_eq!((cleaned.left, embedded.counts()), (Vec::new(), (0, 0)));
}

/// A router that does what it is asked to and answers otherwise, as the test has it.
fn bent(
    embedded: &EmbeddedTenant,
    answer: impl Fn(&Method, &str, &str) -> Option<(bool, StatusCode, &'static str)>
    + Clone
    + Send
    + Sync
    + 'static,
) -> axum::Router {
    let inner = embedded.router();
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (inner, answer) = (inner.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 100_000).await.unwrap();
            let target = parts.uri.path_and_query().map_or("", |it| it.as_str());
            let bent = answer(&parts.method, target, &String::from_utf8_lossy(&body));
            let request = http::Request::from_parts(parts, Body::from(body));
            let Some((is_done, status, text)) = bent else {
                return tower::ServiceExt::oneshot(inner, request).await.unwrap();
            };
            if is_done {
                tower::ServiceExt::oneshot(inner, request).await.unwrap();
            }
            http::Response::builder().status(status).body(Body::from(text)).unwrap()
        }
    })
}

#[tokio::test]
async fn who_keeps_failing_is_tried_three_times_and_then_told_once() {
    let embedded = embedded(Faults::default());
    let plan = plan(30, 6);
    let never = mark_of(&plan, 3);
    let router = bent(&embedded, move |method, target, body| {
        let is_it = *method == Method::POST && target == "/scim/Users" && body.contains(&never);
        is_it.then_some((false, StatusCode::SERVICE_UNAVAILABLE, ""))
    });
    let tenant = in_process(router);
    let result = run(&tenant, &plan).await;
    assert_eq!(embedded.counts(), (29, 6));
    assert_eq!((result.users, result.users_found, result.escrowed), (30, 29, 4));
    let missing = result.differences.iter().filter(|it| it.kind == DifferenceKind::MissingUser);
    assert_eq!(missing.count(), 1, "{:?}", result.differences);
    assert!(retries(&result).contains(&"users, retry 3"), "{:?}", result.phases);
    assert_eq!(result.differences_total, 1, "{:?}", result.differences);
}

/// What only the create of that user holds.
fn mark_of(plan: &LoadPlan, user: usize) -> String {
    match &plan.population.user(user).attributes["userPrincipalName"] {
        AttributeValue::Text(name) => format!("\"{name}\""),
        other => panic!("a name is a text, not {other:?}"),
    }
}

#[tokio::test]
async fn who_came_late_gets_manager_and_groups_all_the_same() {
    let embedded = embedded(Faults::default());
    let plan = LoadPlan { sample: 100, ..plan(30, 6) };
    let late = mark_of(&plan, 3);
    let tries = Arc::new(AtomicU64::new(0));
    let router = bent(&embedded, move |method, target, body| {
        let is_it = *method == Method::POST && target == "/scim/Users" && body.contains(&late);
        let fails = is_it && tries.fetch_add(1, Relaxed) < 2;
        fails.then_some((false, StatusCode::BAD_GATEWAY, ""))
    });
    let tenant = in_process(router);
    let result = run(&tenant, &plan).await;
    assert_eq!((&result.differences, result.compared), (&Vec::new(), 36));
    assert_eq!((result.memberships, result.escrowed), (30, 2));
    assert_eq!(
        retries(&result),
        ["users, retry 1", "references, retry 1", "users, retry 2", "references, retry 2"]
    );
}

/// The look-up that should find the first one does not.
#[tokio::test]
async fn users_that_a_second_try_doubles_are_noticed() {
    let embedded = with(Faults::default(), &[Defect::DUPLICATE_USER_ACCEPTED]);
    let creates = Arc::new(AtomicU64::new(0));
    let router = bent(&embedded, move |method, target, _| {
        let is_create = *method == Method::POST && target == "/scim/Users";
        if target.contains("filter=userName") {
            return Some((false, StatusCode::OK, EMPTY_LIST));
        }
        let loses = is_create && creates.fetch_add(1, Relaxed) < 10;
        loses.then_some((true, StatusCode::GATEWAY_TIMEOUT, ""))
    });
    let tenant = in_process(router);
    let result = run(&tenant, &LoadPlan { concurrency: 1, ..plan(30, 0) }).await;
    assert_eq!(embedded.counts().0, 40);
    let doubled = result.differences.iter().filter(|it| it.kind == DifferenceKind::SecondUser);
    assert_eq!(doubled.count(), 10, "{:?}", result.differences);
}

const EMPTY_LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    "totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#;
