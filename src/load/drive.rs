//! Runs the workers: with goose over HTTP, as plain tasks where the tenant is in this process.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::LoadError;
use super::goose;
use crate::tenant::Tenant;

/// One worker: gets its own way to the tenant and works until nothing is left.
pub(super) type Worker = Arc<dyn Fn(Tenant) -> Working + Send + Sync>;
/// A worker at work.
pub(super) type Working = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs so many workers until all have ended.
pub(super) async fn drive(
    tenant: &Tenant,
    concurrency: usize,
    worker: Worker,
) -> Result<(), LoadError> {
    let concurrency = concurrency.max(1);
    if let Some(client) = tenant.client() {
        return goose::attack(tenant, client, concurrency, worker).await;
    }
    let mut workers: JoinSet<()> = (0..concurrency).map(|_| worker(tenant.clone())).collect();
    while workers.join_next().await.is_some() {}
    Ok(())
}
