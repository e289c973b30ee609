//! Resources that nobody stands behind: a look-up found nothing, and another one was made.

use std::collections::HashSet;

use super::read;
use crate::difference::{Difference, DifferenceKind};
use crate::entra::connector::{Connector, Kind};
use crate::entra::job::ProvisioningJob;
use crate::entra::projection::Projection;
use crate::entra::state::Member;
use crate::entra::wire::{group_target, user_target};
use crate::tenant::Collection;

/// Resources that this run created in the scenario and that no object stands behind any more: a
/// match found nothing and a second one was made.
pub(super) async fn strays(
    connector: &Connector,
    job: &ProvisioningJob,
    projection: &Projection,
) -> Vec<Difference> {
    let links = job.links();
    let linked: HashSet<&str> = links
        .users
        .values()
        .map(|link| link.id.as_str())
        .chain(links.groups.values().map(|link| link.id.as_str()))
        .collect();
    let mut found = Vec::new();
    for owned in connector.tenant.owned() {
        let known = linked.contains(owned.id.as_str()) || is_let_go(job, projection, &owned.id);
        if known {
            continue;
        }
        let (kind, target) = match owned.collection {
            Collection::Users => (DifferenceKind::SecondUser, user_target(&owned.id)),
            Collection::Groups => (DifferenceKind::SecondGroup, group_target(&owned.id)),
        };
        let seen = read(connector, target.clone()).await;
        if seen.status() == 404 {
            continue;
        }
        let name = seen
            .at("/displayName")
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default();
        found.push(Difference {
            kind,
            subject: target,
            attribute: None,
            expected: "one resource for each object".to_owned(),
            actual: format!("{name:?} is left behind, and another one stands for its object"),
            exchange: Some(seen.number),
        });
    }
    found
}

/// Whether the resource is nobody's and should be: its object has none any more, or Entra itself
/// was bound to make it another.
fn is_let_go(job: &ProvisioningJob, projection: &Projection, id: &str) -> bool {
    let Some(key) = job.released().get(id) else { return false };
    let (member, is_linked) = match key.kind {
        Kind::User => (Member::User(key.index), job.links().users.contains_key(&key.index)),
        Kind::Group => (Member::Group(key.index), job.links().groups.contains_key(&key.index)),
    };
    !is_linked || projection.abandoned().contains(&member)
}
