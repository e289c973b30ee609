//! Removes from the tenant what the run created, and nothing else.
//!
//! Groups go first and the newest first, so that no group loses its members one by one. Creates
//! whose answer was lost are looked up by name; what carries the run's own externalId is theirs.

use std::time::Duration;

use serde_json::Value;

use super::CleanUpResult;
use crate::entra::pace::in_flight;
use crate::entra::wire::{Wire, group_target, user_target};
use crate::exchange::{Operation, Request};
use crate::profile::{EntraSettings, PatchDialect};
use crate::tenant::{Collection, Owned, Tenant, Unresolved};

/// How often what could not be deleted is tried again.
const PASSES: u32 = 4;
/// Pause before trying again.
const PAUSE: Duration = Duration::from_millis(500);
/// Left-overs named in a report.
const NAMED_MAX: usize = 100;

/// Deletes everything the run owns on the tenant. Bounded by the time limit of each request and a
/// few passes; what is left is said.
pub async fn clean_up(tenant: &Tenant, concurrency: usize) -> CleanUpResult {
    for unresolved in tenant.unresolved() {
        look_up(tenant, &unresolved).await;
    }
    let created = tenant.owned().len() as u64;
    for pass in 0..PASSES {
        let mut left = tenant.owned();
        if left.is_empty() {
            break;
        }
        if pass > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        left.reverse();
        left.sort_by_key(|owned| owned.collection == Collection::Users);
        let before = left.len();
        let tasks = left.into_iter().map(|owned| {
            let tenant = tenant.clone();
            async move {
                tenant.send(Operation::CleanUp, Request::delete(target(&owned))).await.status()
            }
        });
        let mut unanswered = 0;
        in_flight(concurrency, tasks, |status| unanswered += usize::from(status == 0)).await;
        if unanswered == before {
            break;
        }
    }
    let left = tenant.owned();
    CleanUpResult {
        created,
        deleted: created.saturating_sub(left.len() as u64),
        left: left.iter().take(NAMED_MAX).map(target).collect(),
    }
}

fn target(owned: &Owned) -> String {
    match owned.collection {
        Collection::Users => user_target(&owned.id),
        Collection::Groups => group_target(&owned.id),
    }
}

/// Finds out whether a create with a lost answer made something.
async fn look_up(tenant: &Tenant, unresolved: &Unresolved) {
    let Some(name) = &unresolved.name else { return };
    let wire = Wire::new(PatchDialect::Default, EntraSettings::default());
    let request = match unresolved.collection {
        Collection::Users => wire.find_user("userName", name),
        Collection::Groups => wire.find_group("displayName", name),
    };
    let seen = tenant.send(Operation::CleanUp, request).await;
    let Ok(list) = seen.list() else { return };
    let made = list.resources.iter().any(|resource: &Value| tenant.recognise(resource));
    if !made && list.resources.is_empty() {
        tenant.settle(unresolved);
    }
}
