//! How many conversations are held at once.

use std::future::Future;

use tokio::task::JoinSet;

/// Runs tasks, at most `limit` at once, and hands over each result as it ends. One at a time keeps
/// the order of the plan, to the last request.
pub async fn in_flight<T: Send + 'static>(
    limit: usize,
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
    mut ended: impl FnMut(T),
) {
    if limit <= 1 {
        for task in tasks {
            ended(task.await);
        }
        return;
    }
    let mut running = JoinSet::new();
    for task in tasks {
        if running.len() >= limit
            && let Some(Ok(result)) = running.join_next().await
        {
            ended(result);
        }
        running.spawn(task);
    }
    while let Some(joined) = running.join_next().await {
        if let Ok(result) = joined {
            ended(result);
        }
    }
}
