//! The only file that knows goose.
//!
//! Each goose user is one of Entra's workers: one transaction, run once, which holds conversations
//! until the queue is dry or the word to stop comes; so an attack ends by itself, and goose's kill
//! switch, which is the whole process's, is left alone. Latencies, due times and counts are ours:
//! goose would time headers only.

use std::sync::Arc;

use ::goose::GooseAttack;
use ::goose::client::GooseClientBuilder;
use ::goose::config::GooseConfiguration;
use ::goose::goose::{Scenario, Transaction, TransactionFunction};

use super::LoadError;
use super::drive::Worker;
use crate::tenant::Tenant;

/// Keeps Ctrl-C from goose. Its handler is the process's, silences every `tokio::signal` listener
/// that was there before, and ends the process at the second signal; there can be only one, so one
/// that does nothing is put in its place. Call it before listening for signals: listeners that come
/// after it hear all. A second call does nothing.
pub fn keep_signals() {
    // An error says that there is a handler already.
    let _ = ctrlc::set_handler(|| {});
}

/// Runs the workers as goose users and returns when the last one has ended.
pub(super) async fn attack(
    tenant: &Tenant,
    client: &reqwest::Client,
    concurrency: usize,
    worker: Worker,
) -> Result<(), LoadError> {
    let driver = |error: ::goose::GooseError| LoadError::Driver(error.to_string());
    let attack = prepare(tenant, client, concurrency, worker).map_err(driver)?;
    // goose keeps over 20 KB in its future.
    Box::pin(attack.execute()).await.map(|_| ()).map_err(driver)
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
