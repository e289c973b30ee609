//! Proves that a request to the embedded tenant costs the same whatever the tenant holds.
//!
//! Fills the tenant in process with a thousand users and then with a million, one POST each, and
//! one group with all of them; measures the requests Entra sends, and prints both medians with
//! their ratio. `cargo bench --bench embedded -- 100000` takes another size than a million.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Request, StatusCode, header};
use scimrig::tenant::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use serde_json::{Value, json};
use tower::ServiceExt;

const SECRET: &str = "bench";
const SMALL: usize = 1_000;
const LARGE: usize = 1_000_000;
/// How often each request is measured.
const ROUNDS: usize = 2_000;
/// How many members one PATCH adds while the group is filled.
const MEMBERS_PER_PATCH: usize = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let large = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(LARGE);
    let small = measure(SMALL).await;
    let large = measure(large).await;
    println!(
        "\n{:<24} {:>12} {:>12} {:>7}",
        "median, microseconds", small.users, large.users, "ratio"
    );
    for ((name, few), (_, many)) in small.medians.iter().zip(&large.medians) {
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        println!("{name:<24} {:>12.1} {:>12.1} {ratio:>7.2}", micros(*few), micros(*many));
    }
}

/// The medians at one size.
struct Measured {
    users: usize,
    medians: Vec<(&'static str, Duration)>,
}

async fn measure(users: usize) -> Measured {
    let mut keys = Keys::new();
    keys.add("bench", SECRET, None, true);
    let settings = EmbeddedSettings { seed: 1, keys, ..EmbeddedSettings::default() };
    let tenant = EmbeddedTenant::new(settings);
    let router = tenant.router();
    let memory_before = resident_mebibytes();
    let began = Instant::now();
    let mut ids = Vec::with_capacity(users);
    for number in 0..users {
        ids.push(created(&router, "/Users", &user(number)).await);
    }
    let took = began.elapsed().as_secs_f64();
    let memory = resident_mebibytes() - memory_before;
    println!(
        "{users} users in {took:.1} s ({:.0} a second), {memory:.0} MiB more resident memory",
        users as f64 / took,
    );
    let group = filled_group(&router, &ids).await;
    println!("the group with all of them: {:.0} MiB in all", resident_mebibytes() - memory_before);
    Measured { users, medians: medians(&router, users, &ids, &group).await }
}

async fn medians(
    router: &Router,
    users: usize,
    ids: &[String],
    group: &str,
) -> Vec<(&'static str, Duration)> {
    let any = |round: usize| (round * 7_919) % users;
    let mut look_up = Vec::new();
    let mut read = Vec::new();
    let mut page = Vec::new();
    let mut post = Vec::new();
    let mut patch = Vec::new();
    let mut join = Vec::new();
    let mut leave = Vec::new();
    for round in 0..ROUNDS {
        let name = user_name(any(round)).replace('@', "%40");
        let target = format!("/Users?filter=userName+eq+%22{name}%22");
        look_up.push(timed(router, "GET", &target, None).await);
        let target = format!("/Users/{}", ids[any(round)]);
        read.push(timed(router, "GET", &target, None).await);
        let deep = format!("/Users?startIndex={}&count=1", users - any(round) / 2);
        page.push(timed(router, "GET", &deep, None).await);
        let title = json!({"op": "Replace", "path": "title", "value": format!("Title {round}")});
        patch.push(timed(router, "PATCH", &target, Some(&message(&title))).await);
        let began = Instant::now();
        let id = created(router, "/Users", &user(users + round)).await;
        post.push(began.elapsed());
        let target = format!("/Groups/{group}");
        let step =
            |word: &str| message(&json!({"op": word, "path": "members", "value": [{"value": id}]}));
        join.push(timed(router, "PATCH", &target, Some(&step("Add"))).await);
        if round % 2 == 0 {
            leave.push(timed(router, "PATCH", &target, Some(&step("Remove"))).await);
        }
    }
    vec![
        ("look-up by userName", median(look_up)),
        ("GET by id", median(read)),
        ("GET of a deep page", median(page)),
        ("POST of a user", median(post)),
        ("PATCH of a user", median(patch)),
        ("PATCH adding a member", median(join)),
        ("PATCH removing a member", median(leave)),
    ]
}

/// A group whose members are all of these.
async fn filled_group(router: &Router, ids: &[String]) -> String {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Everybody",
    });
    let group = created(router, "/Groups", &body).await;
    for ids in ids.chunks(MEMBERS_PER_PATCH) {
        let values: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        let add = json!({"op": "Add", "path": "members", "value": values});
        timed(router, "PATCH", &format!("/Groups/{group}"), Some(&message(&add))).await;
    }
    group
}

fn message(operation: &Value) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [operation],
    })
}

fn user_name(number: usize) -> String {
    format!("user.{number}@contoso.example")
}

/// A user as Entra's default mapping creates one.
fn user(number: usize) -> Value {
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "externalId": format!("user.{number}"),
        "userName": user_name(number),
        "active": true,
        "displayName": format!("Given Family {number}"),
        "emails": [{"primary": true, "type": "work", "value": user_name(number)}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Given Family", "familyName": "Family", "givenName": "Given"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": number.to_string(),
            "department": "Sales",
        },
    })
}

async fn created(router: &Router, endpoint: &str, body: &Value) -> String {
    let (status, answer) = send(router, "POST", endpoint, Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer["id"].as_str().expect("a new resource has an id").to_owned()
}

/// How long one request takes, answer read and parsed.
async fn timed(router: &Router, method: &str, target: &str, body: Option<&Value>) -> Duration {
    let began = Instant::now();
    let (status, answer) = send(router, method, target, body).await;
    let took = began.elapsed();
    assert!(status.is_success(), "{method} {target}: {status} {answer}");
    assert_ne!(answer["totalResults"], 0, "{target}");
    took
}

async fn send(
    router: &Router,
    method: &str,
    target: &str,
    body: Option<&Value>,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("/scim{target}"))
        .header(header::AUTHORIZATION, format!("Bearer {SECRET}"))
        .header(header::HOST, "bench.example")
        .header(header::CONTENT_TYPE, "application/scim+json; charset=utf-8")
        .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
        .expect("the request is well formed");
    let response = router.clone().oneshot(request).await.expect("a router cannot fail");
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("no fault is switched on");
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The memory of this process, where Linux tells; else 0.
fn resident_mebibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
    kibibytes / 1024.0
}
