//! Measures what hearing one exchange costs: judging, measuring and recording it, by the kind of
//! exchange; and which judges cost most of it.
//!
//! The exchanges are those of a small load on the built-in tenant; their bodies are read once,
//! before anything is measured, as in a run. `cargo bench --bench listeners -- 20` names the twenty
//! dearest judges instead of ten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use mimalloc::MiMalloc;
use scimrig::checks;
use scimrig::checks::check::{Judge, Seen};
use scimrig::checks::listen::EveryJudge;
use scimrig::directory::Population;
use scimrig::entra::job::JobSetUp;
use scimrig::entra::mapping::ObjectMapping;
use scimrig::entra::scope::Scope;
use scimrig::exchange::{Exchange, Listener};
use scimrig::load::{Increments, LoadPace, LoadPlan, Shard, run_load};
use scimrig::metrics::{Metrics, PerformanceExpectations};
use scimrig::profile::{EntraSettings, ServerProfile};
use scimrig::recording::{BodyPolicy, Recorder};
use scimrig::run::Silent;
use scimrig::tenant::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use scimrig::tenant::{Dress, Limits, SecretToken, Tenant, TenantUrl, Transport};
use serde_json::Value;
use tokio::sync::watch;

/// The program's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SECRET: &str = "bench";
const URL: &str = "http://localhost/scim";
const ROUNDS: u32 = 20_000;

fn main() {
    let dearest = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let exchanges = runtime.expect("the system has room for a runtime").block_on(exchanges());
    let folder = std::env::temp_dir().join(format!("scimrig-listeners-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the system has a place for files");
    let recorder = |name: &str, bodies| {
        Recorder::create(&folder.join(name), bodies, Arc::new(str::to_owned)).expect("it is a file")
    };
    let profile = ServerProfile::built_in("strict").expect("it is built in");
    let listeners: [(&str, Box<dyn Listener>); 4] = [
        ("judged", Box::new(EveryJudge::new(URL, &profile))),
        ("measured", Box::new(Metrics::new())),
        ("recorded", Box::new(recorder("whole.jsonl", BodyPolicy::All))),
        ("without bodies", Box::new(recorder("lines.jsonl", BodyPolicy::First(0)))),
    ];
    print!("{:<16} {:>10}", "microseconds", "JSON read");
    for (name, _) in &listeners {
        print!(" {name:>14}");
    }
    println!();
    for (name, exchange) in &exchanges {
        let mut read = || drop(serde_json::from_slice::<Value>(exchange.bytes()));
        print!("{name:<16} {:>10.2}", micros(&mut read));
        for (_, listener) in &listeners {
            print!(" {:>14.2}", micros(&mut || listener.heard(exchange)));
        }
        println!();
    }
    for (name, exchange) in &exchanges {
        println!("\n{name}: the dearest judges, microseconds");
        judges(exchange, dearest);
    }
    drop(listeners);
    std::fs::remove_dir_all(&folder).expect("it was made here");
}

fn micros(work: &mut dyn FnMut()) -> f64 {
    let began = Instant::now();
    (0..ROUNDS).for_each(|_| work());
    began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
}

/// Each judge by itself, on a body that is parsed already.
fn judges(exchange: &Exchange, dearest: usize) {
    let seen = Seen::new(exchange, true);
    let mut costs: Vec<(f64, &str)> = Vec::new();
    for check in checks::all() {
        let Judge::Every(operations, judge) = check.judge else { continue };
        if operations.is_empty() || operations.contains(&exchange.operation) {
            costs.push((micros(&mut || drop(judge(&seen))), check.id));
        }
    }
    costs.sort_by(|one, other| other.0.total_cmp(&one.0));
    let all: f64 = costs.iter().map(|(cost, _)| cost).sum();
    println!("{all:>8.2} {} judges", costs.len());
    for (cost, id) in costs.iter().take(dearest) {
        println!("{cost:>8.2} {id}");
    }
}

/// One exchange of each operation.
async fn exchanges() -> BTreeMap<String, Exchange> {
    let mut keys = Keys::new();
    keys.add("bench", SECRET, None, true);
    let embedded = EmbeddedSettings { keys, ..EmbeddedSettings::default() };
    let heard = Arc::new(Heard::default());
    let tenant = Tenant::new(
        TenantUrl::parse(URL).expect("it is a URL"),
        Some(SecretToken::parse(SECRET, "the bench").expect("it is a token")),
        Transport::InProcess(EmbeddedTenant::new(embedded).router()),
        Limits::default(),
        Dress::default(),
    );
    let set_up = JobSetUp {
        settings: EntraSettings::default(),
        user_mapping: ObjectMapping::default_user(),
        group_mapping: ObjectMapping::default_group(),
        scope: Scope::default(),
        seed: 1,
    };
    let (users, groups) = (20, 2);
    let plan = LoadPlan {
        population: Population { seed: 1, users, groups, ..Population::default() },
        concurrency: 1,
        pace: LoadPace::Closed,
        increments: Increments { cycles: 1, changed_percent: 50.0 },
        capacity: None,
        shard: Shard::WHOLE,
        progress: None,
        sample: users,
        expectations: PerformanceExpectations::default(),
    };
    let listened = tenant.with_listener(heard.clone());
    let never = watch::channel(false).1;
    let load = run_load(&listened, &set_up, &plan, &never, &Silent).await;
    load.expect("nothing but goose can refuse");
    let heard = heard.0.lock().expect("nobody panics with it");
    heard.iter().map(|it| (it.operation.name(), it.clone())).collect()
}

#[derive(Default)]
struct Heard(Mutex<Vec<Exchange>>);

impl Listener for Heard {
    fn heard(&self, exchange: &Exchange) {
        self.0.lock().expect("nobody panics with it").push(exchange.clone());
    }
}
