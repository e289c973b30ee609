//! The only file that knows goose.
//!
//! Each goose user is one of Entra's workers: one transaction, run once, which holds conversations
//! until the queue is dry; so the attack ends by itself and the process-wide kill switch is left
//! alone. Latencies, due times and counts are ours: goose would time headers only. Its handler of
//! Ctrl-C belongs to the whole process and would end it at the second signal, so the switch is
//! watched, told on as the word to stop, and set back.

use std::sync::Arc;
use std::time::Duration;

use ::goose::GooseAttack;
use ::goose::client::GooseClientBuilder;
use ::goose::config::GooseConfiguration;
use ::goose::goose::{Scenario, Transaction, TransactionFunction};
use tokio::sync::watch;

use super::LoadError;
use super::drive::Worker;
use crate::tenant::Tenant;

/// How often the kill switch is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Runs the workers as goose users and returns when the last one has ended.
pub(super) async fn attack(
    tenant: &Tenant,
    client: &reqwest::Client,
    concurrency: usize,
    worker: Worker,
    stop: &watch::Sender<bool>,
) -> Result<(), LoadError> {
    let attack = prepare(tenant, client, concurrency, worker)
        .map_err(|error| LoadError::Driver(error.to_string()))?;
    let attacking = attack.execute();
    tokio::pin!(attacking);
    loop {
        tokio::select! {
            ended = &mut attacking => {
                pass_on_interrupt(stop);
                return match ended {
                    Ok(_) => Ok(()),
                    Err(error) => Err(LoadError::Driver(error.to_string())),
                };
            }
            () = tokio::time::sleep(LOOK) => pass_on_interrupt(stop),
        }
    }
}

fn prepare(
    tenant: &Tenant,
    client: &reqwest::Client,
    concurrency: usize,
    worker: Worker,
) -> Result<GooseAttack, ::goose::GooseError> {
    let client = client.clone();
    let own_client: TransactionFunction = Arc::new(move |user| {
        let client = client.clone();
        Box::pin(async move {
            user.client = client;
            Ok(())
        })
    });
    let tenant_of_users = tenant.clone();
    let work: TransactionFunction = Arc::new(move |user| {
        let working = worker(tenant_of_users.with_client(user.client.clone()));
        Box::pin(async move {
            // As a task of its own: goose would wait for ever for a user that panicked.
            let _ = tokio::spawn(working).await;
            Ok(())
        })
    });
    let scenario = Scenario::new("initial cycle")
        .register_transaction(Transaction::new(own_client).set_name("client").set_on_start())
        .register_transaction(Transaction::new(work).set_name("worker"));
    GooseAttack::initialize_with_config(configuration(tenant, concurrency))?
        .set_client_builder_without_cookies(GooseClientBuilder::new().without_cookies())
        .map(|attack| attack.register_scenario(scenario))
}

/// Silent but for one line about launched users on stdout, which goose has no switch for.
fn configuration(tenant: &Tenant, concurrency: usize) -> GooseConfiguration {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(tenant.url().to_string());
    configuration.users = Some(concurrency);
    configuration.iterations = Some(1);
    configuration.increase_rate = Some("100000".to_owned());
    // Its controller would listen on a port of its own.
    configuration.no_telnet = true;
    configuration.quiet = 3;
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_error_summary = true;
    configuration
}

fn pass_on_interrupt(stop: &watch::Sender<bool>) {
    if ::goose::is_killswitch_triggered() {
        ::goose::reset_killswitch();
        stop.send_replace(true);
    }
}
