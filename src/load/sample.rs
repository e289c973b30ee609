//! The sampled comparison after a load: projected values beside what the tenant shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::LoadPlan;
use super::tally::{DIFFERENCES_KEPT, Differences};
use super::worker::Load;
use crate::entra::connector::{Connector, Kind};
use crate::entra::pace::in_flight;
use crate::entra::projection::{ProjectedGroup, ProjectedUser};
use crate::entra::state::ObjectKey;
use crate::run::compare::Comparer;

/// How long, over the whole sample, what differs is read again before it is believed.
const WINDOW: Duration = Duration::from_secs(5);

/// Compares about `plan.sample` users and as many groups, evenly spread, and says how many. It ends
/// early when it has found as many differences as are kept.
pub(super) async fn compare(
    load: &Arc<Load>,
    connector: &Connector,
    plan: &LoadPlan,
    differences: &mut Differences,
) -> u64 {
    let users: Vec<usize> = load.users.iter().map(|(index, _)| index).collect();
    let groups: Vec<usize> = load.groups.iter().map(|(index, _)| index).collect();
    let chosen: Vec<(Kind, usize)> = thinned(&users, plan.sample)
        .map(|index| (Kind::User, index))
        .chain(thinned(&groups, plan.sample).map(|index| (Kind::Group, index)))
        .filter(|(kind, index)| {
            !differences.told.contains(&ObjectKey { kind: *kind, index: *index })
        })
        .collect();
    let comparer = Arc::new(Comparer::new(connector.clone(), WINDOW));
    let mut count = 0;
    let stop = load.stop.clone();
    let differing = AtomicUsize::new(0);
    let goes_on = || !*stop.borrow() && differing.load(Ordering::Relaxed) < DIFFERENCES_KEPT;
    let tasks = chosen.into_iter().take_while(|_| goes_on()).map(|(kind, index)| {
        let (load, comparer) = (load.clone(), comparer.clone());
        async move { one(&load, &comparer, kind, index).await }
    });
    in_flight(plan.concurrency, tasks, |found| {
        count += 1;
        differing.fetch_add(found.len(), Ordering::Relaxed);
        differences.extend(found);
    })
    .await;
    count
}

async fn one(
    load: &Load,
    comparer: &Comparer,
    kind: Kind,
    index: usize,
) -> Vec<crate::difference::Difference> {
    let Some(values) = load.planned(load.directory(), kind, index).task.map(|task| task.creation)
    else {
        return Vec::new();
    };
    match (kind, load.users.id(index), load.groups.id(index)) {
        (Kind::User, Some(id), _) => {
            let maps_manager = load.set_up.user_mapping.maps_manager();
            let manager = maps_manager.then(|| load.manager_of(index)).flatten();
            comparer.user(index, id, ProjectedUser::created(values), manager.as_deref()).await
        }
        (Kind::Group, _, Some(id)) => {
            let group = load.directory().group(index);
            let mapped = load.set_up.group_mapping.maps_members();
            let members = group.members.iter().filter(|_| mapped);
            let members = members.filter_map(|member| load.known_id(*member)).collect();
            let expected = ProjectedGroup::created(values, group.object_id);
            comparer.group(index, id, expected, members).await
        }
        _ => Vec::new(),
    }
}

/// About `count` of them, evenly spread.
fn thinned(all: &[usize], count: usize) -> impl Iterator<Item = usize> {
    let step = all.len().div_ceil(count.max(1)).max(1);
    all.iter().copied().step_by(step).take(count)
}
