//! Removes from a tenant what a run created, and nothing else.
//!
//! Groups go before users and the newest first, so that nothing that is left refers to what is
//! gone. A create whose answer was lost is looked up by name and taken over only where `externalId`
//! proves it. Every wait has a limit; what stays is named.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::CleanUpResult;
use crate::entra::pace::in_flight;
use crate::entra::wire::{Wire, group_target, user_target};
use crate::exchange::{Exchange, Operation, Request};
use crate::profile::{EntraSettings, PatchDialect};
use crate::scim::message::ListResponse;
use crate::tenant::{Collection, Owned, Tenant, Unresolved};

/// How long a clean-up takes at most, whatever there is to delete, and how much longer for each
/// resource.
const BASE: Duration = Duration::from_mins(1);
const EACH: Duration = Duration::from_millis(500);
/// How long one DELETE or look-up may take.
const ONE: Duration = Duration::from_secs(20);
/// How often a resource is tried, and the pause where the tenant names none.
const PASSES: usize = 4;
const PAUSE: Duration = Duration::from_millis(250);
/// The longest `Retry-After` that is waited for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15);
/// After so many requests in a row without an answer the tenant is taken for gone.
const SILENT_MAX: usize = 50;
/// How many leftovers are named.
const NAMED: usize = 100;

/// Deletes everything that this run created and has not deleted yet.
pub async fn clean_up(tenant: &Tenant, concurrency: usize) -> CleanUpResult {
    let mut created = tenant.owned().len() as u64;
    let each = EACH * u32::try_from(created).unwrap_or(u32::MAX);
    let deadline = Instant::now() + BASE + each.min(Duration::from_hours(6));
    // What was lost is looked for twice: a tenant may still have been at it the first time.
    for is_last in [false, true] {
        created += resolve(tenant, concurrency, is_last, deadline).await;
        delete_owned(tenant, concurrency, deadline).await;
    }
    let (owned, unresolved) = (tenant.owned(), tenant.unresolved());
    let left = owned.iter().map(target).chain(unresolved.iter().map(perhaps));
    CleanUpResult {
        created,
        deleted: created.saturating_sub(owned.len() as u64),
        left: left.take(NAMED).collect(),
    }
}

/// Groups first, newest first; what fails is tried again, each time after a pause.
async fn delete_owned(tenant: &Tenant, concurrency: usize, deadline: Instant) {
    for collection in [Collection::Groups, Collection::Users] {
        for pass in 0..PASSES {
            let mut owned = tenant.owned();
            owned.retain(|owned| owned.collection == collection);
            if owned.is_empty() || Instant::now() >= deadline {
                break;
            }
            let before = owned.len();
            let mut pause = PAUSE;
            let silent = AtomicUsize::new(0);
            let goes_on =
                || Instant::now() < deadline && silent.load(Ordering::Relaxed) < SILENT_MAX;
            let tasks = owned.into_iter().rev().take_while(|_| goes_on());
            let tasks = tasks.map(|owned| {
                let tenant = tenant.clone();
                async move { send(&tenant, Request::delete(target(&owned))).await }
            });
            in_flight(concurrency, tasks, |answer| {
                match answer.as_ref().map_or(0, Exchange::status) {
                    0 => silent.fetch_add(1, Ordering::Relaxed),
                    _ => silent.swap(0, Ordering::Relaxed),
                };
                pause = pause.max(answer.map_or(PAUSE, |answer| retry_after(&answer)));
            })
            .await;
            if !goes_on() {
                return;
            }
            let left = tenant.owned().iter().filter(|it| it.collection == collection).count();
            if left == 0 || (left == before && pass > 0) {
                break;
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// Looks for what creates without an answer may have left, and says how much there was. Nothing
/// found is believed the last time.
async fn resolve(tenant: &Tenant, concurrency: usize, is_last: bool, deadline: Instant) -> u64 {
    let lost = tenant.unresolved().into_iter().take_while(|_| Instant::now() < deadline);
    let tasks = lost.map(|lost| {
        let tenant = tenant.clone();
        async move {
            let found = look_up(&tenant, &lost).await;
            (lost, found)
        }
    });
    let mut adopted = 0;
    in_flight(concurrency, tasks, |(lost, found)| {
        let Some(found) = found else { return };
        if found.resources.iter().any(|resource| tenant.recognise(resource)) {
            adopted += 1;
        } else if is_last && found.resources.is_empty() && found.total_results == 0 {
            // A stranger of that name, or ours without proof, is not touched and stays in doubt.
            tenant.settle(&lost);
        }
    })
    .await;
    adopted
}

/// Who bears the name of a lost create; none where the tenant gives no sensible answer.
async fn look_up(tenant: &Tenant, lost: &Unresolved) -> Option<ListResponse> {
    let wire = Wire::new(PatchDialect::Default, EntraSettings::default());
    let name = lost.name.as_ref()?;
    let request = match lost.collection {
        Collection::Users => wire.find_user("userName", name),
        Collection::Groups => wire.find_group("displayName", name),
    };
    for _ in 0..PASSES {
        let answer = send(tenant, request.clone()).await?;
        if answer.is_success() {
            return answer.list().ok();
        }
        tokio::time::sleep(retry_after(&answer).max(PAUSE)).await;
    }
    None
}

async fn send(tenant: &Tenant, request: Request) -> Option<Exchange> {
    tokio::time::timeout(ONE, tenant.send(Operation::CleanUp, request)).await.ok()
}

fn retry_after(answer: &Exchange) -> Duration {
    let seconds = answer.header("retry-after").and_then(|text| text.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0)).min(RETRY_AFTER_MAX)
}

fn target(owned: &Owned) -> String {
    match owned.collection {
        Collection::Users => user_target(&owned.id),
        Collection::Groups => group_target(&owned.id),
    }
}

/// How a create that may have happened is named among the leftovers.
fn perhaps(lost: &Unresolved) -> String {
    format!("{} (perhaps) {}", lost.collection.path(), lost.name.as_deref().unwrap_or("unnamed"))
}

#[cfg(test)]
mod tests;
