//! Whole loads against the embedded tenant, in process and over loopback.

mod troubles;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::middleware::{self, Next};
use axum::response::IntoResponse as _;
use http::{Method, StatusCode};
use tokio::sync::watch;

use super::*;
use crate::difference::DifferenceKind;
use crate::entra::mapping::ObjectMapping;
use crate::entra::scope::Scope;
use crate::exchange::{Exchange, Listener, Operation};
use crate::profile::EntraSettings;
use crate::run::cleanup::clean_up;
use crate::run::{CleanUpResult, OperationMetrics, Silent};
use crate::tenant::embedded::{Defect, EmbeddedSettings, EmbeddedTenant, Faults, Keys};
use crate::tenant::{
    Allowance, Dress, HttpSettings, Limits, Manifest, SecretToken, TenantUrl, Transport,
};

fn plan(users: usize, groups: usize) -> LoadPlan {
    let population =
        Population { seed: 5, users, groups, members_per_group: 5, ..Population::default() };
    LoadPlan {
        population,
        concurrency: 4,
        pace: LoadPace::Closed,
        increments: Increments::default(),
        capacity: None,
        shard: Shard::WHOLE,
        progress: None,
        sample: 20,
        expectations: PerformanceExpectations::default(),
    }
}

fn set_up() -> JobSetUp {
    JobSetUp {
        settings: EntraSettings::default(),
        user_mapping: ObjectMapping::default_user(),
        group_mapping: ObjectMapping::default_group(),
        scope: Scope::default(),
        seed: 5,
    }
}

/// goose's kill switch is the process's, so its loads take turns.
static GOOSE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const TOKEN: &str = "a-token-of-tests";

fn embedded(faults: Faults) -> EmbeddedTenant {
    with(faults, &[])
}

fn with(faults: Faults, defects: &[Defect]) -> EmbeddedTenant {
    let mut keys = Keys::new();
    keys.add("load", TOKEN, None, true);
    EmbeddedTenant::new(EmbeddedSettings {
        faults,
        keys,
        defects: defects.to_vec(),
        ..EmbeddedSettings::default()
    })
}

fn token() -> SecretToken {
    SecretToken::parse(TOKEN, "the test").unwrap()
}

fn in_process(router: axum::Router) -> Tenant {
    let url = TenantUrl::parse("http://localhost/scim").unwrap();
    let transport = Transport::InProcess(router);
    Tenant::new(url, Some(token()), transport, Limits::default(), Dress::default())
}

fn over_http(address: SocketAddr) -> Tenant {
    keep_signals();
    let url = TenantUrl::parse(&format!("http://{address}/scim")).unwrap();
    let transport = Transport::http(&HttpSettings { ca_file: None, loopback: true }).unwrap();
    Tenant::new(url, Some(token()), transport, Limits::default(), Dress::default())
}

/// An embedded tenant on a port of its own, for as long as the test runs.
async fn on_loopback(embedded: &EmbeddedTenant) -> Tenant {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(embedded.clone().serve(listener, std::future::pending()));
    over_http(address)
}

async fn run(tenant: &Tenant, plan: &LoadPlan) -> LoadResult {
    run_until(tenant, plan, &watch::channel(false).1).await
}

async fn run_until(tenant: &Tenant, plan: &LoadPlan, stop: &watch::Receiver<bool>) -> LoadResult {
    run_load(tenant, &set_up(), plan, stop, &Silent).await.unwrap()
}

fn requests_of(result: &LoadResult, operation: Operation) -> u64 {
    let row = result.operations.iter().find(|row| row.operation == operation.name());
    row.map_or(0, |row| row.count)
}

fn assert_all_arrived(result: &LoadResult, embedded: &EmbeddedTenant, plan: &LoadPlan) {
    let (users, groups) = (plan.population.users, plan.population.groups);
    assert_eq!(result.differences, Vec::new());
    assert_eq!(embedded.counts(), (users, groups));
    assert_eq!((result.users_found, result.groups_found), (users as u64, groups as u64));
    assert!(result.arrived());
    assert_eq!(result.objects, (users + groups + 5 * groups) as u64);
    let managers = (0..users).filter(|user| plan.population.user(*user).manager.is_some()).count();
    assert_eq!(requests_of(result, Operation::SetManager), managers as u64);
    for phase in &result.phases {
        let totals = OperationMetrics::totals(&phase.operations);
        assert_eq!((totals.requests, totals.errors), (phase.requests, 0), "{}", phase.phase);
    }
    let by_phase = result.phases.iter().flat_map(|phase| &phase.operations);
    assert_eq!(OperationMetrics::merged(by_phase), result.operations);
    let requests: Vec<u64> = result.phases.iter().map(|phase| phase.requests).collect();
    let references = managers + 5 * groups;
    assert_eq!(requests, [2 * users, 2 * groups, references].map(|count| count as u64));
    assert_eq!(result.requests, requests.iter().sum::<u64>());
    assert!(result.compared >= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_in_process_and_leaves_again() {
    let embedded = embedded(Faults::default());
    let tenant = in_process(embedded.router());
    let plan = plan(300, 10);
    let result = run(&tenant, &plan).await;
    assert_all_arrived(&result, &embedded, &plan);
    let cleaned = clean_up(&tenant, 4).await;
    assert_eq!(cleaned, CleanUpResult { created: 310, deleted: 310, left: Vec::new() });
    assert_eq!(embedded.counts(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn goose_drives_two_loads_one_after_another_over_loopback() {
    let embedded = embedded(Faults::default());
    let _alone = GOOSE.lock().await;
    let tenant = on_loopback(&embedded).await;
    for users in [300, 60] {
        let plan = plan(users, 10);
        let result = run(&tenant, &plan).await;
        assert_all_arrived(&result, &embedded, &plan);
        assert!(clean_up(&tenant, 4).await.left.is_empty());
        assert_eq!(embedded.counts(), (0, 0));
    }
}

/// A router that answers every third creation of a user as if it had been kept.
fn forgetful(embedded: &EmbeddedTenant) -> axum::Router {
    let count = Arc::new(AtomicU64::new(0));
    let inner = embedded.router();
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (inner, count) = (inner.clone(), count.clone());
        async move {
            let is_create =
                request.method() == Method::POST && request.uri().path() == "/scim/Users";
            let nth = count.fetch_add(u64::from(is_create), Relaxed);
            if !is_create || nth % 3 != 0 {
                return tower::ServiceExt::oneshot(inner, request).await.unwrap();
            }
            let body = format!(r#"{{"id":"lost-{nth}"}}"#);
            http::Response::builder().status(StatusCode::CREATED).body(Body::from(body)).unwrap()
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn creations_that_a_tenant_forgets_are_noticed() {
    let embedded = embedded(Faults::default());
    let tenant = in_process(forgetful(&embedded));
    let result = run(&tenant, &plan(30, 0)).await;
    assert_eq!(embedded.counts().0, 20);
    assert_eq!((result.users, result.users_found), (30, 20));
    assert!(!result.arrived());
    let lost = result.differences.iter().filter(|it| it.actual.starts_with("404"));
    assert_eq!(lost.filter(|it| it.kind == DifferenceKind::MissingUser).count(), 10);
    assert!(clean_up(&tenant, 4).await.left.is_empty());
}

/// A router that keeps every creation of a user twice.
fn doubling(embedded: &EmbeddedTenant) -> axum::Router {
    let inner = embedded.router();
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let inner = inner.clone();
        async move {
            let is_create = request.method() == Method::POST;
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 100_000).await.unwrap();
            let again = || http::Request::from_parts(parts.clone(), Body::from(body.clone()));
            if is_create {
                tower::ServiceExt::oneshot(inner.clone(), again()).await.unwrap();
            }
            tower::ServiceExt::oneshot(inner, again()).await.unwrap()
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_a_tenant_keeps_twice_are_noticed() {
    let embedded = with(Faults::default(), &[Defect::DUPLICATE_USER_ACCEPTED]);
    let tenant = in_process(doubling(&embedded));
    let result = run(&tenant, &LoadPlan { sample: 0, ..plan(30, 0) }).await;
    assert_eq!((embedded.counts().0, result.compared), (60, 0));
    let doubled = result.differences.iter().filter(|it| it.kind == DifferenceKind::SecondUser);
    assert_eq!(doubled.count(), 30);
    assert!(!result.arrived());
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_a_tenant_swallows_show_in_the_sample() {
    let embedded = embedded(Faults::default());
    let tenant = in_process(memberless(&embedded));
    let result = run(&tenant, &plan(30, 4)).await;
    let missing = result.differences.iter().filter(|it| it.kind == DifferenceKind::MissingMember);
    assert_eq!((missing.count(), result.users_found, result.groups_found), (20, 30, 4));
    assert!(!result.arrived());
}

/// A router that answers a PATCH of a group as if it had taken effect.
fn memberless(embedded: &EmbeddedTenant) -> axum::Router {
    let inner = embedded.router();
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let inner = inner.clone();
        async move {
            let path = request.uri().path();
            if request.method() == Method::PATCH && path.starts_with("/scim/Groups/") {
                return http::Response::builder().status(204).body(Body::empty()).unwrap();
            }
            tower::ServiceExt::oneshot(inner, request).await.unwrap()
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_end_too_early_do_not_make_users_lost() {
    let embedded = with(Faults::default(), &[Defect::TOTAL_IS_PAGE_SIZE]);
    let result = run(&in_process(embedded.router()), &plan(250, 0)).await;
    assert!(result.arrived(), "{:?}", result.differences);
    assert!(result.remarks[0].contains("150 of them by reading it"), "{:?}", result.remarks);
}

#[tokio::test(flavor = "multi_thread")]
async fn among_many_strangers_each_user_is_read() {
    let embedded = embedded(Faults::default());
    let others = in_process(embedded.router());
    for nth in 0..1_100 {
        let body = serde_json::json!({
            "schemas": [crate::scim::USER],
            "userName": format!("stranger-{nth}"),
        });
        let request = crate::exchange::Request::post("/Users", &body);
        assert_eq!(others.send(Operation::CreateUser, request).await.status(), 201);
    }
    let tenant = in_process(embedded.router());
    let result = run(&tenant, &plan(20, 0)).await;
    assert!(result.arrived(), "{:?}", result.differences);
    assert!(result.remarks[0].contains("20 of them by reading it"), "{:?}", result.remarks);
    clean_up(&tenant, 4).await;
    assert_eq!(embedded.counts().0, 1_100);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watcher_hears_each_phase_with_its_steps() {
    #[derive(Default)]
    struct Told(Mutex<(Vec<String>, u64)>);
    impl Telling for Told {
        fn stage(&self, name: &str, _total: Option<u64>) {
            self.0.lock().unwrap().0.push(name.to_owned());
        }
        fn step(&self, _text: &str) {
            self.0.lock().unwrap().1 += 1;
        }
        fn done(&self, line: &str) {
            self.0.lock().unwrap().0.push(line.split(' ').next().unwrap().to_owned());
        }
    }
    let told = Told::default();
    let embedded = embedded(Faults::default());
    let tenant = in_process(embedded.router());
    let stop = watch::channel(false).1;
    run_load(&tenant, &set_up(), &plan(300, 10), &stop, &told).await.unwrap();
    let (lines, steps) = told.0.into_inner().unwrap();
    let phases = ["users", "users:", "groups", "groups:", "references", "references:"];
    assert_eq!(lines[..6], phases);
    assert_eq!(lines[6..], ["count", "counted:", "compare a sample", "compared:"]);
    assert!(steps <= 300 + 10 + 300 + 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_expectations_are_told() {
    let embedded = embedded(Faults::default());
    let expectations = PerformanceExpectations {
        requests_per_second_min: Some(1e9),
        latency_p99_ms_max: Some(1e9),
        ..PerformanceExpectations::default()
    };
    let tenant = in_process(embedded.router());
    let result = run(&tenant, &LoadPlan { expectations, ..plan(10, 0) }).await;
    let held: Vec<bool> = result.expectations.iter().map(|it| it.held).collect();
    assert_eq!(held, [false, true]);
}

#[derive(Default)]
struct Times(Mutex<Vec<(Duration, Duration)>>);

impl Listener for Times {
    fn heard(&self, exchange: &Exchange) {
        if exchange.operation != Operation::ReadBack {
            self.0.lock().unwrap().push((exchange.due, exchange.sent));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_kept_by_count_whatever_the_answers_take() {
    let embedded = embedded(Faults::default());
    let times = Arc::new(Times::default());
    let tenant = in_process(embedded.router()).with_listener(times.clone());
    let result = run(&tenant, &LoadPlan { pace: LoadPace::Rate(200.0), ..plan(60, 0) }).await;
    let mut times = std::mem::take(&mut *times.0.lock().unwrap());
    times.sort_unstable();
    let users = &times[..120];
    for (nth, (due, sent)) in users.iter().enumerate() {
        let expected = Duration::from_secs_f64(nth as f64 / 200.0);
        let away = due.saturating_sub(users[0].0).abs_diff(expected);
        assert!(away < Duration::from_micros(1), "request {nth} was due at {due:?}");
        assert!(sent >= due, "request {nth} went out before it was due");
    }
    assert!(result.requests_per_second <= 210.0, "{}", result.requests_per_second);
    assert!(result.operations.iter().all(|row| row.latency_from_due_ms.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_stopped_in_the_middle_leaves_nothing_behind() {
    let _alone = GOOSE.lock().await;
    let faults = Faults { latency_ms_min: 5, latency_ms_max: 10, ..Faults::default() };
    for goose in [false, true] {
        let embedded = embedded(faults.clone());
        let tenant =
            if goose { on_loopback(&embedded).await } else { in_process(embedded.router()) };
        let (stopper, stop) = watch::channel(false);
        let counted = embedded.clone();
        tokio::spawn(async move {
            while counted.counts().0 < 20 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stopper.send_replace(true);
        });
        let result = run_until(&tenant, &plan(2_000, 10), &stop).await;
        assert!((20..2_000).contains(&result.users_found), "{}", result.users_found);
        assert!(result.remarks[0].contains("interrupted"), "{:?}", result.remarks);
        let cleaned = clean_up(&tenant, 4).await;
        assert_eq!((cleaned.left, embedded.counts()), (Vec::new(), (0, 0)));
    }
}

/// A load over HTTP goes on, since nobody here stops it, and whoever listens hears the signal.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn goose_does_not_take_the_interrupt_from_who_listens_for_it() {
    let _alone = GOOSE.lock().await;
    let embedded = embedded(Faults::default());
    let tenant = on_loopback(&embedded).await;
    let counted = embedded.clone();
    let mut signal = Box::pin(tokio::signal::ctrl_c());
    assert!(tokio::time::timeout(Duration::ZERO, &mut signal).await.is_err());
    let interrupter = tokio::spawn(async move {
        while counted.counts().0 < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let kill = format!("kill -INT {}", std::process::id());
        tokio::process::Command::new("sh").args(["-c", &kill]).status().await.unwrap()
    });
    let plan = plan(300, 10);
    let result = run(&tenant, &plan).await;
    assert!(interrupter.await.unwrap().success());
    tokio::time::timeout(Duration::from_secs(10), signal).await.unwrap().unwrap();
    assert_all_arrived(&result, &embedded, &plan);
}

#[tokio::test]
async fn a_load_keeps_to_its_budget_and_says_how_far_it_came() {
    let embedded = embedded(Faults::default());
    let tenant = in_process(embedded.router());
    tenant.allow(Allowance { requests_max: Some(50), ..Allowance::default() });
    let result = run(&tenant, &plan(100, 4)).await;
    assert_eq!(tenant.sent().requests, 50);
    assert!(result.users < 100 && result.users_found == result.users, "{result:?}");
    assert!(result.arrived(), "what was not sent is no fault: {:?}", result.differences);
    assert!(result.remarks.iter().any(|it| it.contains("budget")), "{:?}", result.remarks);
    clean_up(&tenant, 4).await;
    assert_eq!(embedded.counts(), (0, 0));
}

#[tokio::test]
async fn incremental_cycles_change_a_share_and_the_tenant_follows() {
    let embedded = embedded(Faults::default());
    let tenant = in_process(embedded.router());
    let increments = Increments { cycles: 2, changed_percent: 20.0 };
    let plan = LoadPlan { increments, sample: 200, ..plan(60, 10) };
    let result = run(&tenant, &plan).await;
    assert_eq!((&result.differences, result.arrived()), (&Vec::new(), true));
    assert_eq!(result.compared, 70);
    let names: Vec<_> = result.phases.iter().map(|phase| phase.phase.as_str()).collect();
    let later =
        ["users of cycle 1", "members of cycle 1", "users of cycle 2", "members of cycle 2"];
    assert_eq!(names[3..], later);
    let updates = requests_of(&result, Operation::UpdateUser);
    assert!((10..50).contains(&updates), "{updates}");
    assert_eq!(requests_of(&result, Operation::ReadUser), updates);
    assert!(requests_of(&result, Operation::RemoveMembers) > 0);
    assert_eq!(result.memberships, 50);
}

#[tokio::test]
async fn a_change_that_a_tenant_refuses_is_noticed() {
    let embedded = with(Faults::default(), &[Defect::CAPITALISED_OP_REFUSED]);
    let tenant = in_process(embedded.router());
    let increments = Increments { cycles: 1, changed_percent: 100.0 };
    let mut plan = LoadPlan { increments, sample: 200, ..plan(20, 0) };
    plan.population.managers_percent = 0;
    let result = run(&tenant, &plan).await;
    assert!(!result.arrived());
    assert_eq!((result.escrowed, result.differences_total >= 20), (20, true));
}

#[tokio::test]
async fn large_groups_get_all_their_members() {
    let embedded = embedded(Faults::default());
    let tenant = in_process(embedded.router());
    let mut plan = plan(200, 6);
    plan.population.large_groups = 1;
    plan.population.members_per_large_group = 150;
    let result = run(&tenant, &plan).await;
    assert!(result.arrived(), "{:?}", result.differences);
    assert_eq!(result.memberships, 150 + 5 * 5);
    assert_eq!(requests_of(&result, Operation::AddMembers), 175);
    let references = result.phases.iter().find(|phase| phase.phase == "references").unwrap();
    assert!(references.requests >= 175);
}

/// Lets fifty creates a second through, twenty of them at once, and refuses the others: whatever
/// the machine does, two hundred requests a second are too many, half of them look-ups.
fn bears_fifty_creates_a_second(router: axum::Router) -> axum::Router {
    let left = Arc::new(Mutex::new((std::time::Instant::now(), 20.0)));
    let takes = move || {
        let mut left = left.lock().unwrap();
        let more = left.0.elapsed().as_secs_f64() * 50.0;
        let now = f64::min(left.1 + more, 20.0);
        let takes = now >= 1.0;
        *left = (std::time::Instant::now(), if takes { now - 1.0 } else { now });
        takes
    };
    router.layer(middleware::from_fn(move |request: axum::extract::Request, next: Next| {
        let is_taken = request.method() != Method::POST || takes();
        async move {
            match is_taken {
                true => next.run(request).await,
                false => StatusCode::BAD_REQUEST.into_response(),
            }
        }
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_capacity_is_what_a_tenant_bears() {
    let embedded = embedded(Faults::default());
    let tenant = in_process(bears_fifty_creates_a_second(embedded.router()));
    let search = CapacityPlan {
        from: 40.0,
        step_seconds: 0.5,
        latency_p99_ms_max: 1_000.0,
        ..CapacityPlan::default()
    };
    let plan = LoadPlan { capacity: Some(search), ..plan(20_000, 0) };
    let result = run(&tenant, &plan).await;
    let capacity = result.capacity.as_ref().unwrap();
    let (held, broke) = (capacity.held.unwrap(), capacity.broke.unwrap());
    assert!(held < broke && broke <= 200.0, "{capacity:?}");
    assert!(result.users > 0 && result.users < 20_000, "only what was tried is counted");
}

#[tokio::test]
async fn two_shares_at_once_make_the_whole_and_find_each_others_users() {
    let embedded = embedded(Faults::default());
    let (one, other) = (in_process(embedded.router()), in_process(embedded.router()));
    let of = |shard: &str| LoadPlan { shard: shard.parse().unwrap(), ..plan(41, 8) };
    let (first, second) = (of("1/2"), of("2/2"));
    let (first, second) = tokio::join!(run(&one, &first), run(&other, &second));
    for result in [&first, &second] {
        assert!(result.arrived(), "{:?}", result.differences);
    }
    assert_eq!(embedded.counts(), (41, 8));
    assert_eq!((first.users, second.users), (21, 20));
    assert_eq!(first.memberships + second.memberships, 8 * 5);
    assert!(one.owned().len() + other.owned().len() == 49, "nobody takes over what others made");
}

#[tokio::test]
async fn a_load_that_was_cut_off_goes_on_where_it_was() {
    let embedded = embedded(Faults::default());
    let folder = std::env::temp_dir().join(format!("scimrig-resume-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let journal = folder.join("journal.jsonl");
    let whole = plan(120, 12);
    let (mut creates, mut cut) = (0, 0);
    for budget in [40, 90, 200, 10_000] {
        let earlier = Manifest::read(&journal).unwrap_or_default().of_earlier_run();
        let tenant = in_process(embedded.router());
        tenant.allow(Allowance { requests_max: Some(budget), ..Allowance::default() });
        earlier.owned.iter().cloned().for_each(|owned| tenant.adopt(owned));
        earlier.unresolved.iter().cloned().for_each(|lost| tenant.adopt_unresolved(lost));
        tenant.keep_manifest(&journal).unwrap();
        let plan = LoadPlan { progress: Some(earlier.progress), ..whole.clone() };
        let result = run(&tenant, &plan).await;
        creates += requests_of(&result, Operation::CreateUser);
        cut += u64::from(!result.remarks.iter().all(|it| it.starts_with("every")));
        if budget == 10_000 {
            assert!(result.arrived(), "{:?}", result.differences);
            assert_eq!((result.users, result.groups, result.memberships), (120, 12, 60));
        }
    }
    assert_eq!(embedded.counts(), (120, 12));
    assert_eq!((creates, cut), (120, 3), "nothing was created twice");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn without_a_journal_the_manifest_holds_what_the_clean_up_needs_and_no_more() {
    let folder = std::env::temp_dir().join(format!("scimrig-plain-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let manifest = folder.join("manifest.jsonl");
    for progress in [None, Some(Progress::default())] {
        let tenant = in_process(embedded(Faults::default()).router());
        tenant.keep_manifest(&manifest).unwrap();
        let keeps_journal = progress.is_some();
        run(&tenant, &LoadPlan { progress, ..plan(20, 2) }).await;
        let kept = Manifest::read(&manifest).unwrap();
        assert_eq!(kept.owned.len(), 22);
        assert_eq!(!kept.progress.links.is_empty(), keeps_journal, "{:?}", kept.progress);
        assert_eq!(!kept.progress.done.is_empty(), keeps_journal, "{:?}", kept.progress);
        assert_eq!(kept.progress.is_finished, keeps_journal);
        std::fs::remove_file(&manifest).unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
