//! Removes from a tenant what a run created, and nothing else.
//!
//! Groups go before users and the newest first, so that nothing that is left refers to what is
//! gone. A create whose answer was lost is looked up by name and taken over only where `externalId`
//! proves it. Every wait has a limit; what stays is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::CleanUpResult;
use crate::entra::pace::in_flight;
use crate::entra::wire::{Wire, group_target, user_target};
use crate::exchange::{Exchange, Operation, Request};
use crate::profile::{EntraSettings, PatchDialect};
use crate::tenant::{Collection, Manifest, Owned, Tenant, Unresolved};

/// How long a clean-up takes at most, whatever there is to delete, and how much longer for each
/// resource.
const BASE: Duration = Duration::from_mins(1);
const EACH: Duration = Duration::from_millis(500);
/// How long one DELETE or look-up may take.
const ONE: Duration = Duration::from_secs(20);
/// How often a resource is tried, and the pause between; the door waits for a `Retry-After`.
const PASSES: usize = 4;
const PAUSE: Duration = Duration::from_millis(250);
/// After so many requests in a row without an answer the tenant is taken for gone.
const SILENT_MAX: usize = 12;
/// How many leftovers are named.
const NAMED: usize = 100;

/// Deletes everything that this run created and has not deleted yet.
pub async fn clean_up(tenant: &Tenant, concurrency: usize) -> CleanUpResult {
    let count = tenant.owned().len() + tenant.unresolved().len();
    let each = EACH * u32::try_from(count).unwrap_or(u32::MAX);
    let tenant = &tenant.with_timeout_max(ONE);
    let patience = Arc::new(Patience {
        tenant: tenant.clone(),
        began: Instant::now(),
        limit: BASE + each.min(Duration::from_hours(6)),
        waited: tenant.waited(),
        silent: AtomicUsize::new(0),
    });
    // What was lost is looked for twice: a tenant may still have been at it the first time.
    for is_last in [false, true] {
        resolve(tenant, concurrency, is_last, &patience).await;
        delete_owned(tenant, concurrency, &patience).await;
    }
    balance(tenant)
}

/// What a run has created so far, what of it is gone, and what is left.
pub fn balance(tenant: &Tenant) -> CleanUpResult {
    let owned = tenant.owned();
    let unresolved = tenant.unresolved();
    let deleted = tenant.deleted();
    let left = owned.iter().map(target).chain(unresolved.iter().map(perhaps));
    CleanUpResult {
        created: deleted + owned.len() as u64,
        deleted,
        left: left.take(NAMED).collect(),
    }
}

/// How long to go on: until the deadline, or until the tenant is taken for gone.
struct Patience {
    tenant: Tenant,
    began: Instant,
    limit: Duration,
    /// How long requests had waited at the door when it began: that time is nobody's fault.
    waited: Duration,
    /// Requests in a row without an answer.
    silent: AtomicUsize,
}

impl Patience {
    fn goes_on(&self) -> bool {
        let waited = self.tenant.waited().saturating_sub(self.waited);
        self.began.elapsed() < self.limit + waited
            && self.silent.load(Ordering::Relaxed) < SILENT_MAX
    }

    fn note(&self, answer: &Exchange) {
        match answer.status() {
            0 => self.silent.fetch_add(1, Ordering::Relaxed),
            _ => self.silent.swap(0, Ordering::Relaxed),
        };
    }
}

/// Deletes what the manifest of an earlier run lists and the tenant still holds.
pub async fn clean_up_manifest(
    tenant: &Tenant,
    manifest: Manifest,
    concurrency: usize,
) -> CleanUpResult {
    manifest.owned.into_iter().for_each(|owned| tenant.adopt(owned));
    manifest.unresolved.into_iter().for_each(|lost| tenant.adopt_unresolved(lost));
    clean_up(tenant, concurrency).await
}

/// Groups first, newest first; what fails is tried again, each time after a pause.
async fn delete_owned(tenant: &Tenant, concurrency: usize, patience: &Patience) {
    for collection in [Collection::Groups, Collection::Users] {
        for pass in 0..PASSES {
            let mut owned = tenant.owned();
            owned.retain(|owned| owned.collection == collection);
            if owned.is_empty() || !patience.goes_on() {
                break;
            }
            let before = owned.len();
            let tasks = owned.into_iter().rev().take_while(|_| patience.goes_on());
            let tasks = tasks.map(|owned| {
                let tenant = tenant.clone();
                async move { send(&tenant, Request::delete(target(&owned))).await }
            });
            in_flight(concurrency, tasks, |answer| patience.note(&answer)).await;
            if !patience.goes_on() {
                return;
            }
            let left = tenant.owned().iter().filter(|it| it.collection == collection).count();
            if left == 0 || (left == before && pass > 0) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Looks for what creates without an answer may have left. Nothing found is believed the last time.
async fn resolve(tenant: &Tenant, concurrency: usize, is_last: bool, patience: &Arc<Patience>) {
    let lost = tenant.unresolved().into_iter().take_while(|_| patience.goes_on());
    let tasks = lost.map(|lost| {
        let (tenant, patience) = (tenant.clone(), Arc::clone(patience));
        async move {
            let found = look_up(&tenant, &lost, &patience).await;
            (lost, found)
        }
    });
    in_flight(concurrency, tasks, |(lost, found)| {
        let found = found.as_ref().and_then(|answer| answer.list().ok());
        let Some(found) = found else { return };
        match found.resources.iter().find_map(|resource| proven(resource, &lost)) {
            Some(id) => {
                tenant.adopt(Owned { collection: lost.collection, id });
                tenant.settle(&lost);
            }
            // A stranger of that name, or ours without proof: either way it is not touched.
            None if !found.resources.is_empty() || found.total_results > 0 => {}
            None if is_last => tenant.settle(&lost),
            None => {}
        }
    })
    .await;
}

/// Who bears the name of a lost create; none where the tenant gives no sensible answer.
async fn look_up(tenant: &Tenant, lost: &Unresolved, patience: &Patience) -> Option<Exchange> {
    let wire = Wire::new(PatchDialect::Default, EntraSettings::default());
    let name = lost.name.as_ref()?;
    let request = match lost.collection {
        Collection::Users => wire.find_user("userName", name),
        Collection::Groups => wire.find_group("displayName", name),
    };
    for _ in 0..PASSES {
        if !patience.goes_on() {
            return None;
        }
        let answer = send(tenant, request.clone()).await;
        patience.note(&answer);
        if answer.is_success() {
            return Some(answer);
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

/// The id of a resource that the lost create made: same name, and same `externalId`.
fn proven(resource: &Value, lost: &Unresolved) -> Option<String> {
    let text = |name: &str| resource.get(name).and_then(Value::as_str);
    let name = match lost.collection {
        Collection::Users => text("userName"),
        Collection::Groups => text("displayName"),
    };
    let same_name = name?.eq_ignore_ascii_case(lost.name.as_deref()?);
    let same_id = lost.external_id.is_some() && text("externalId") == lost.external_id.as_deref();
    (same_name && same_id).then(|| text("id").map(str::to_owned))?
}

async fn send(tenant: &Tenant, request: Request) -> Exchange {
    tenant.send(Operation::CleanUp, request).await
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
