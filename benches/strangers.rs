//! Proves that the catalogue touches nobody else's data, however much of it there is.
//!
//! Fills the built-in tenant in process with a million users of somebody else, notes what a read of
//! each shows, runs the catalogue, heavy checks included, and looks at every one of them again.
//! Prints seconds, requests and whatever came out otherwise than on an empty tenant.
//! `cargo bench --bench strangers -- 100000` takes another size than a million.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use scimrig::checks::Selection;
use scimrig::checks::check::{Fixture, Outcome, Setting, create_user};
use scimrig::checks::listen::EveryJudge;
use scimrig::exchange::{Operation, Request};
use scimrig::profile::ServerProfile;
use scimrig::run::checks::{ProbeSettings, fold, run_probes};
use scimrig::tenant::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use scimrig::tenant::{Dress, Limits, SecretToken, Tenant, TenantUrl, Transport};

const URL: &str = "http://localhost/scim";
const SECRET: &str = "a-token-of-benches";
const STRANGERS: usize = 1_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let size = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(STRANGERS);
    let (alone, ..) = judged(&empty()).await;
    let router = empty();
    let began = Instant::now();
    let ids = settle(&router, size).await;
    println!("{size} strangers made in {:.1} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let before = look(&router, &ids).await;
    println!("each read in {:.1} s", began.elapsed().as_secs_f64());
    let (among, requests, took) = judged(&router).await;
    let changed: Vec<_> = alone.iter().filter(|(id, it)| among.get(*id) != Some(it)).collect();
    println!(
        "{} checks, {requests} requests, {:.1} s; otherwise than on an empty tenant: {changed:?}",
        among.len(),
        took.as_secs_f64()
    );
    let after = look(&router, &ids).await;
    let touched = before.iter().zip(&after).filter(|(one, other)| one != other).count();
    println!("strangers that are not byte for byte what they were: {touched}");
}

fn empty() -> Router {
    let mut keys = Keys::new();
    keys.add("bench", SECRET, None, true);
    EmbeddedTenant::new(EmbeddedSettings { keys, ..EmbeddedSettings::default() }).router()
}

fn door(router: &Router) -> Tenant {
    Tenant::new(
        TenantUrl::parse(URL).expect("the URL is one"),
        Some(SecretToken::parse(SECRET, "the bench").expect("the token is one")),
        Transport::InProcess(router.clone()),
        Limits::default(),
        Dress::default(),
    )
}

/// Users as like the harness's own as can be but for their names.
async fn settle(router: &Router, users: usize) -> Vec<String> {
    let stranger = door(router);
    let mut ids = Vec::with_capacity(users);
    for number in 0..users {
        let its = Fixture::example(Setting::Nothing, &format!("stranger{number}"));
        let body = if number % 2 == 0 { its.corpus_user(number % 8) } else { its.new_user(0) };
        let made = stranger.send(Operation::CreateUser, create_user(&body)).await;
        ids.push(made.id().expect("the tenant takes a stranger"));
    }
    ids
}

/// A hash of every byte that a read of each shows.
async fn look(router: &Router, ids: &[String]) -> Vec<u64> {
    let door = door(router);
    let mut seen = Vec::with_capacity(ids.len());
    for id in ids {
        let read = door.send(Operation::ReadBack, Request::get(format!("/Users/{id}"))).await;
        let mut hasher = DefaultHasher::new();
        (read.status(), read.bytes(), read.header("etag")).hash(&mut hasher);
        seen.push(hasher.finish());
    }
    seen
}

/// How each check comes out, how many requests that took and how long.
async fn judged(router: &Router) -> (BTreeMap<String, Outcome>, u64, Duration) {
    let profile = ServerProfile::built_in("strict").expect("the profile is built in");
    let judge = Arc::new(EveryJudge::new(URL, &profile));
    let tenant = door(router).with_listener(judge.clone());
    let selection = Selection { heavy: true, ..Selection::default() };
    let settings =
        ProbeSettings { concurrency: 1, visibility: Duration::ZERO, ..ProbeSettings::new(7) };
    let began = Instant::now();
    let mut results = run_probes(&tenant, &profile, &selection, &settings, &|_, _, _| ()).await;
    let took = began.elapsed();
    results.extend(fold(&selection, &profile, &judge));
    let outcomes = results.into_iter().map(|result| (result.id, result.outcome)).collect();
    (outcomes, tenant.sent().requests, took)
}
