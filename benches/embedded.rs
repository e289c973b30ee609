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
    let (mut small, mut large) = (Filled::new(SMALL).await, Filled::new(large).await);
    // Round by round in turns, so that whatever else the machine does hits both alike.
    for round in 0..ROUNDS {
        small.measure(round).await;
        large.measure(round).await;
    }
    println!(
        "\n{:<24} {:>12} {:>12} {:>7}",
        "median, microseconds",
        small.ids.len(),
        large.ids.len(),
        "ratio"
    );
    for ((name, few), (_, many)) in small.times.into_iter().zip(large.times) {
        let (few, many) = (median_micros(few), median_micros(many));
        println!("{name:<24} {few:>12.1} {many:>12.1} {:>7.2}", many / few);
    }
}

/// A tenant with that many users, all of them in one group, and what was measured there.
struct Filled {
    router: Router,
    ids: Vec<String>,
    group: String,
    times: [(&'static str, Vec<Duration>); 7],
}

impl Filled {
    async fn new(users: usize) -> Self {
        let mut keys = Keys::new();
        keys.add("bench", SECRET, None, true);
        let settings = EmbeddedSettings { seed: 1, keys, ..EmbeddedSettings::default() };
        let router = EmbeddedTenant::new(settings).router();
        let memory_before = resident_mebibytes();
        let began = Instant::now();
        let mut ids = Vec::with_capacity(users);
        for number in 0..users {
            ids.push(created(&router, "/Users", &user(number)).await);
        }
        let took = began.elapsed().as_secs_f64();
        println!(
            "{users} users in {took:.1} s ({:.0} a second), {:.0} MiB more resident memory",
            users as f64 / took,
            resident_mebibytes() - memory_before,
        );
        let group = filled_group(&router, &ids).await;
        let grown = resident_mebibytes() - memory_before;
        println!("with a group that has all of them as members: {grown:.0} MiB");
        let times = [
            "look-up by userName",
            "GET by id",
            "GET of a deep page",
            "PATCH of a user",
            "POST of a user",
            "PATCH adding a member",
            "PATCH removing a member",
        ]
        .map(|name| (name, Vec::with_capacity(ROUNDS)));
        Self { router, ids, group, times }
    }

    /// Sends each request once and keeps how long it took.
    async fn measure(&mut self, round: usize) {
        let (router, users) = (&self.router, self.ids.len());
        let any = round * 7_919 % users;
        let name = user_name(any).replace('@', "%40");
        let look_up = format!("/Users?filter=userName+eq+%22{name}%22");
        let one = format!("/Users/{}", self.ids[any]);
        let deep = format!("/Users?startIndex={}&count=1", users - any / 2);
        let title =
            message(&json!({"op": "Replace", "path": "title", "value": format!("Title {round}")}));
        let mut taken = vec![
            timed(router, "GET", &look_up, None).await,
            timed(router, "GET", &one, None).await,
            timed(router, "GET", &deep, None).await,
            timed(router, "PATCH", &one, Some(&title)).await,
        ];
        let body = user(users + round);
        let began = Instant::now();
        let id = created(router, "/Users", &body).await;
        taken.push(began.elapsed());
        let group = format!("/Groups/{}", self.group);
        for word in ["Add", "Remove"] {
            let members = json!([{ "value": id }]);
            let step = message(&json!({"op": word, "path": "members", "value": members}));
            taken.push(timed(router, "PATCH", &group, Some(&step)).await);
        }
        for ((_, times), taken) in self.times.iter_mut().zip(taken) {
            times.push(taken);
        }
    }
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

fn median_micros(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// The memory of this process, where Linux tells; else 0.
fn resident_mebibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
    kibibytes / 1024.0
}
