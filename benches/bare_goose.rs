//! A goose attack that sends what an initial cycle sends for users and judges nothing: what goose
//! itself costs, for `benches/beside_load_generators`.
//!
//! `bare_goose URL USERS WORKERS`, with the Secret Token in `SCIM_SECRET_TOKEN`. Prints how many
//! requests were sent and the seconds from the first request to the last answer: goose itself
//! looks twice a second whether all have ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{GooseMethod, GooseRequest, Scenario, Transaction, TransactionFunction};

/// What `run.py` gives to all generators alike; `NAME` stands for the user's name.
const BODY: &str = include_str!("beside_load_generators/user.json");

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|text| !text.starts_with("--"));
    let (Some(url), Some(users), Some(workers)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        // `cargo bench` and `cargo test --benches` call it without arguments.
        eprintln!("usage: bare_goose URL USERS WORKERS");
        return;
    };
    let users: usize = users.parse().expect("USERS is a number");
    let workers: usize = workers.parse().expect("WORKERS is a number");
    let token = std::env::var("SCIM_SECRET_TOKEN").expect("SCIM_SECRET_TOKEN is set");
    let next = Arc::new(AtomicUsize::new(0));
    let (source, base) = (next.clone(), url.trim_end_matches('/').to_owned());
    let (began, ended) = (Arc::new(OnceLock::new()), Arc::new(Mutex::new(None)));
    let (first, last) = (began.clone(), ended.clone());
    let work: TransactionFunction = Arc::new(move |user| {
        let (next, token, base) = (source.clone(), token.clone(), base.clone());
        let (first, last) = (first.clone(), last.clone());
        Box::pin(async move {
            first.get_or_init(Instant::now);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= users {
                    *last.lock().expect("nobody panics with it") = Some(Instant::now());
                    return Ok(());
                }
                let name = format!("bare.{number}@goose.example");
                let filter = format!("{base}/Users?filter=userName+eq+%22{name}%22");
                let look_up = user.client.get(filter).bearer_auth(&token);
                let create = user
                    .client
                    .post(format!("{base}/Users"))
                    .bearer_auth(&token)
                    .header("content-type", "application/scim+json")
                    .body(BODY.replace("NAME", &name));
                for (method, request) in [(GooseMethod::Get, look_up), (GooseMethod::Post, create)]
                {
                    let request = GooseRequest::builder()
                        .method(method)
                        .set_request_builder(request)
                        .name("users")
                        .build();
                    if let Ok(answer) = user.request(request).await?.response {
                        let _ = answer.bytes().await;
                    }
                }
            }
        })
    });
    let scenario = Scenario::new("users").register_transaction(Transaction::new(work));
    let mut configuration = GooseConfiguration::default();
    configuration.users = Some(workers);
    configuration.host = Some(url);
    configuration.iterations = Some(1);
    configuration.increase_rate = Some("100000".to_owned());
    configuration.quiet = 3;
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    let attack = GooseAttack::initialize_with_config(configuration)
        .expect("the configuration is one of goose's")
        .register_scenario(scenario);
    Box::pin(attack.execute()).await.expect("the attack runs");
    let ended = ended.lock().expect("nobody panics with it").expect("a worker has ended");
    let began = began.get().expect("a worker has begun");
    println!("{} {:.3}", users * 2, ended.duration_since(*began).as_secs_f64());
}
