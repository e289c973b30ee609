//! The incremental cycles of a load: a drawn share of users and groups changes before each.
//!
//! What changes follows from the seed alone, so every cycle's directory is known before the first
//! request. A changed user gets another display name; a changed group loses one member and gets
//! another.

use std::sync::Arc;

use super::phases::{Phase, Step};
use super::shard::Shard;
use crate::directory::{AttributeValue, Change, Directory, GroupIndex, UserIndex, mix_both};
use crate::entra::job::JobSetUp;
use crate::entra::wire::MemberVerb;

/// How many incremental cycles follow the initial one, and how much changes before each.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Increments {
    /// How many cycles.
    pub cycles: u32,
    /// The share of users, and of groups, that change before each, in percent.
    pub changed_percent: f64,
}

/// Appends the phases of the incremental cycles, and says what the directory holds after each.
pub(super) fn append(
    phases: &mut Vec<Phase>,
    first: &Arc<Directory>,
    set_up: &JobSetUp,
    increments: Increments,
    shard: Shard,
) -> Vec<Arc<Directory>> {
    let mut directories = vec![first.clone()];
    for cycle in 1..=increments.cycles {
        let mut directory = (*directories[directories.len() - 1]).clone();
        let (mut users, mut members) = change(&mut directory, cycle, increments.changed_percent);
        users.retain(|user| shard.has(*user));
        members.retain(|step| matches!(step, Step::Members(group, ..) if shard.has(*group)));
        let wants_members = set_up.group_mapping.maps_members() && set_up.settings.provision_groups;
        let members = if wants_members { members } else { Vec::new() };
        directories.push(Arc::new(directory));
        let place = directories.len() - 1;
        let name = format!("users of cycle {cycle}");
        let (count, steps) = (users.len(), users.into_iter());
        let updates = steps.map(move |user| Step::Update(place, user));
        phases.push(Phase::new(phases.len(), name, count, updates));
        let name = format!("members of cycle {cycle}");
        let (count, steps) = (members.len(), members.into_iter());
        phases.push(Phase::new(phases.len(), name, count, steps).ending_cycle());
    }
    directories
}

/// Changes a drawn share of users and groups, and says who is to be looked at.
fn change(directory: &mut Directory, cycle: u32, percent: f64) -> (Vec<UserIndex>, Vec<Step>) {
    let seed = directory.population().seed;
    let users: Vec<UserIndex> = drawn(seed, cycle, b'u', directory.user_count(), percent);
    for user in &users {
        let before = match directory.user(*user).attributes.get("displayName") {
            Some(AttributeValue::Text(name)) => name.clone(),
            _ => String::new(),
        };
        let value = AttributeValue::Text(format!("{before} {cycle}"));
        let attribute = "displayName".to_owned();
        directory.apply(&Change::UpdateUser { user: *user, attribute, value });
    }
    let groups = drawn(seed, cycle, b'g', directory.group_count(), percent);
    let steps = groups.into_iter().flat_map(|group| swap(directory, group)).collect();
    (users, steps)
}

/// One member leaves the group, and who is not in it yet joins.
fn swap(directory: &mut Directory, group: GroupIndex) -> Vec<Step> {
    let members = directory.group(group).members;
    let leaves = members.first().copied();
    let joins = (0..directory.user_count()).find(|user| !members.contains(user));
    let mut steps = Vec::new();
    if let Some(user) = leaves
        && directory.apply(&Change::RemoveMember { user, group })
    {
        steps.push(Step::Members(group, MemberVerb::Remove, vec![user]));
    }
    if let Some(user) = joins
        && directory.apply(&Change::AddMember { user, group })
    {
        steps.push(Step::Members(group, MemberVerb::Add, vec![user]));
    }
    steps
}

/// Numbers below `count`, each with that chance.
fn drawn(seed: u64, cycle: u32, what: u8, count: usize, percent: f64) -> Vec<usize> {
    let salt = mix_both(mix_both(seed, u64::from(cycle)), u64::from(what));
    let chance = percent / 100.0 * f64::from(u32::MAX);
    let is_drawn = |index: &usize| f64::from((mix_both(salt, *index as u64) >> 32) as u32) < chance;
    (0..count).filter(is_drawn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Population;

    fn directory() -> Directory {
        Directory::new(Population {
            seed: 3,
            users: 1_000,
            groups: 100,
            members_per_group: 5,
            ..Population::default()
        })
    }

    #[test]
    fn the_share_is_kept_and_each_cycle_draws_anew() {
        let first = drawn(1, 1, b'u', 10_000, 5.0);
        assert!((400..600).contains(&first.len()), "{}", first.len());
        assert_ne!(first, drawn(1, 2, b'u', 10_000, 5.0));
        assert!(drawn(1, 1, b'u', 10_000, 0.0).is_empty());
        assert_eq!(drawn(1, 1, b'u', 100, 100.0).len(), 100);
    }

    #[test]
    fn a_group_that_changes_keeps_its_size() {
        let mut directory = directory();
        let before = directory.group(7).members;
        let steps = swap(&mut directory, 7);
        assert_eq!(steps.len(), 2);
        let after = directory.group(7).members;
        assert_eq!((before.len(), after.len()), (5, 5));
        assert_eq!(before.difference(&after).count(), 1);
    }

    #[test]
    fn a_changed_user_differs_by_its_name_alone() {
        let mut changed = directory();
        let (users, steps) = change(&mut changed, 1, 10.0);
        assert!(!users.is_empty() && !steps.is_empty());
        let (before, after) = (directory().user(users[0]), changed.user(users[0]));
        let differing: Vec<_> =
            before.attributes.iter().filter(|(name, it)| after.attributes[*name] != **it).collect();
        assert_eq!(differing.len(), 1);
        assert_eq!(differing[0].0, "displayName");
    }
}
