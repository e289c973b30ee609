//! Measures what drawn sequences of changes cost: the whole loop (drawing, directory, job,
//! projection, read-back, comparison, clean-up) beside the bare tenant, in one run.
//!
//! Each sequence is played once to learn its requests; then the loop and the bare router answer the
//! same requests in turns, on one thread. At last as many sequences are played as there are cores.
//! `cargo bench --bench histories -- 200` takes another number of sequences than 300.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use mimalloc::MiMalloc;
use scimrig::checks::listen::EveryJudge;
use scimrig::entra::job::JobSetUp;
use scimrig::entra::mapping::ObjectMapping;
use scimrig::exchange::{Body as Sent, Exchange, Listener, Request};
use scimrig::metrics::Metrics;
use scimrig::profile::{EntraSettings, ServerProfile};
use scimrig::run::sequence::Player;
use scimrig::scenario::Scenario;
use scimrig::tenant::embedded::{EmbeddedSettings, EmbeddedTenant, Keys};
use scimrig::tenant::{Dress, Limits, SecretToken, Tenant, TenantUrl, Transport};
use tokio::sync::watch;
use tower::ServiceExt;

/// The program's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SECRET: &str = "bench";
const URL: &str = "http://localhost/scim";
const SEQUENCES: u32 = 300;
const SCENARIO: &str = "properties/assignments";

fn main() {
    let count = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(SEQUENCES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("the system has room for a runtime");
    let listeners = listeners();
    let (mut loops, mut bare, mut requests) = (Vec::new(), Vec::new(), 0);
    for seed in 0..u64::from(count) {
        let player = player(seed, &listeners);
        let sent = runtime.block_on(learn(&player));
        requests += sent.len();
        // In turns, so that whatever else the machine does hits both alike.
        loops.push(timed(|| runtime.block_on(play(&player))));
        bare.push(timed(|| runtime.block_on(answer(&player, &sent))));
    }
    let (loops, bare): (Duration, Duration) = (loops.iter().sum(), bare.iter().sum());
    let per_second = |time: Duration| requests as f64 / time.as_secs_f64();
    println!("{count} sequences, {} requests each", requests / count as usize);
    println!("bare router  {:>9.0} requests a second", per_second(bare));
    println!("whole loop   {:>9.0} requests a second", per_second(loops));
    println!("ratio        {:>9.2}", bare.as_secs_f64() / loops.as_secs_f64());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let took = timed(|| at_once(count, cores, &listeners));
    let each = took.as_secs_f64() / f64::from(count);
    println!(
        "{cores} at once    {:>9.1} sequences a second; 2000 take {:.1} s",
        1.0 / each,
        2000.0 * each
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// Plays sequences on so many threads.
fn at_once(count: u32, threads: usize, listeners: &Listeners) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.expect("the system has room for a runtime");
                for seed in (thread as u64..u64::from(count)).step_by(threads) {
                    runtime.block_on(play(&player(seed, listeners)));
                }
            });
        }
    });
}

async fn play(player: &Player) {
    let sequence = player.play(0, 0, false).await;
    assert!(!sequence.has_failed(), "{:#?}", sequence.comparisons);
}

fn embedded() -> EmbeddedSettings {
    let mut keys = Keys::new();
    keys.add("bench", SECRET, None, true);
    EmbeddedSettings {
        seed: 1,
        keys,
        base_url: Some(URL.to_owned()),
        ..EmbeddedSettings::default()
    }
}

/// Who measures and judges all sequences, as in a run.
type Listeners = [Arc<dyn Listener>; 2];

fn listeners() -> Listeners {
    let profile = ServerProfile::built_in("strict").expect("it is built in");
    [Arc::new(Metrics::new()), Arc::new(EveryJudge::new(URL, &profile))]
}

/// Plays the scenario with that seed, judged and measured as a run does it.
fn player(seed: u64, [metrics, judge]: &Listeners) -> Player {
    let mut scenario = Scenario::built_in(SCENARIO).expect("it is built in");
    (scenario.seed, scenario.population.seed) = (seed, seed);
    let settings = EntraSettings { concurrency: 1, ..EntraSettings::default() };
    let set_up = JobSetUp {
        settings,
        user_mapping: ObjectMapping::default_user(),
        group_mapping: ObjectMapping::default_group(),
        scope: scenario.scope.clone(),
        seed,
    };
    let tenant = Tenant::new(
        TenantUrl::parse(URL).expect("it is a URL"),
        Some(SecretToken::parse(SECRET, "the bench").expect("it is a token")),
        Transport::InProcess(EmbeddedTenant::new(embedded()).router()),
        Limits::default(),
        Dress { adscimversion: true, activity: "bench".to_owned(), ..Dress::default() },
    );
    let profile = ServerProfile::built_in("strict").expect("it is built in");
    Player {
        stops_early: scenario.is_drawn(),
        scenario: Arc::new(scenario),
        set_up: Arc::new(set_up),
        tenant: tenant.with_listener(metrics.clone()).with_listener(judge.clone()),
        embedded: Some(Arc::new(embedded())),
        profile: Arc::new(profile),
        known_failures: Arc::default(),
        stop: watch::channel(false).1,
        notify_command: None,
    }
}

/// The requests of one sequence, in order, with the status of each answer.
async fn learn(player: &Player) -> Vec<(Request, u16)> {
    let heard = Arc::new(Heard::default());
    play(&player.with_listener(heard.clone())).await;
    let exchanges = heard.0.lock().expect("nobody panics with it");
    exchanges.iter().map(|it| (it.request.clone(), it.status())).collect()
}

#[derive(Default)]
struct Heard(Mutex<Vec<Exchange>>);

impl Listener for Heard {
    fn heard(&self, exchange: &Exchange) {
        self.0.lock().expect("nobody panics with it").push(exchange.clone());
    }
}

/// Has a fresh tenant answer the requests: the same seed gives the same ids, so they mean the same.
async fn answer(player: &Player, requests: &[(Request, u16)]) {
    let settings = player.embedded_for(0, 0).expect("the tenant is the built-in one");
    let router = EmbeddedTenant::new(settings).router();
    for (request, status) in requests {
        let mut builder = http::Request::builder()
            .method(request.method.clone())
            .uri(format!("/scim{}", request.target))
            .header("authorization", format!("Bearer {SECRET}"))
            .header("host", "localhost");
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let sent = request.body.as_ref().map(Sent::bytes).unwrap_or_default();
        let body = Body::from(sent);
        let asked = builder.body(body).expect("it was sent before");
        let response = router.clone().oneshot(asked).await.expect("a router cannot fail");
        assert_eq!(response.status(), *status, "{} {}", request.method, request.target);
        to_bytes(response.into_body(), usize::MAX).await.expect("no fault is switched on");
    }
}
