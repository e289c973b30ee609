//! The source system: users, groups, memberships, assignments.
//!
//! A [`Directory`] is a [`Population`], which is computed and never stored, and an overlay of the
//! objects that changed. [`Change`]s are applied one by one, and each one that applies is a new
//! version; a job's watermark is such a version. Nothing here costs more because the population is
//! larger, and nothing here knows SCIM or the tenant.

mod apply;
mod change;
mod draw;
mod minimise;
mod names;
mod object;
mod pairs;
mod population;
mod shuffle;
mod simplify;
mod weights;

use std::collections::{BTreeMap, BTreeSet};

pub use change::*;
pub use draw::{AWKWARD_TEXTS, Draws, draw};
pub use minimise::*;
pub use object::*;
pub use pairs::*;
pub use population::Population;
pub use shuffle::{mix, mix_both};
pub use simplify::{renumbered, simpler};
pub use weights::*;

/// How long the recycle bin keeps a user, in minutes: 30 days.
pub const RECYCLE_BIN_MINUTES: u64 = 30 * 24 * 60;

/// What Entra ID holds now.
#[derive(Debug, Clone)]
pub struct Directory {
    population: Population,
    users: BTreeMap<UserIndex, Changed<DirectoryUser>>,
    groups: BTreeMap<GroupIndex, ChangedGroup>,
    /// Users that came into or fell out of entitlement through a group, and at which version.
    entitlements: BTreeMap<UserIndex, u64>,
    /// Groups a user was added to at some time; whether it still is a member, the group knows.
    joined: BTreeMap<UserIndex, BTreeSet<GroupIndex>>,
    recycle_bin: BTreeSet<(u64, UserIndex)>,
    version: u64,
    clock_minutes: u64,
}

/// An object that is not as the population has it, and the version of its last change.
#[derive(Debug, Clone)]
struct Changed<T> {
    object: T,
    version: u64,
}

#[derive(Debug, Clone)]
struct ChangedGroup {
    changed: Changed<DirectoryGroup>,
    /// How often the group was created anew.
    generation: u32,
}

impl Directory {
    /// A directory as the population has it, at version 0.
    pub fn new(population: Population) -> Self {
        Self {
            population,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            entitlements: BTreeMap::new(),
            joined: BTreeMap::new(),
            recycle_bin: BTreeSet::new(),
            version: 0,
            clock_minutes: 0,
        }
    }

    /// Who was there in the beginning.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// How many changes have applied. A watermark is one of these numbers.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Minutes since the directory began.
    pub fn clock_minutes(&self) -> u64 {
        self.clock_minutes
    }

    /// How many users there are or were: indices below it name users.
    pub fn user_count(&self) -> usize {
        self.population.users
    }

    /// How many groups there are or were: indices below it name groups.
    pub fn group_count(&self) -> usize {
        self.population.groups
    }

    /// The user as it is now. A manager that was purged is no manager any more, though Entra does
    /// not count that as a change of the report.
    pub fn user(&self, index: UserIndex) -> DirectoryUser {
        let mut user = match self.users.get(&index) {
            Some(changed) => changed.object.clone(),
            None => self.population.user(index),
        };
        user.manager = user.manager.filter(|manager| !self.is_purged(*manager));
        user
    }

    /// What has become of the user.
    pub fn user_state(&self, index: UserIndex) -> UserState {
        match self.users.get(&index) {
            Some(changed) => changed.object.state,
            None => self.population.user_state(index),
        }
    }

    /// The user's manager, as [`Self::user`] has it.
    pub fn user_manager(&self, index: UserIndex) -> Option<UserIndex> {
        let manager = match self.users.get(&index) {
            Some(changed) => changed.object.manager,
            None => self.population.manager_of(index),
        };
        manager.filter(|manager| !self.is_purged(*manager))
    }

    /// The group as it is now. A group created anew has another object id under the same index.
    pub fn group(&self, index: GroupIndex) -> DirectoryGroup {
        match self.groups.get(&index) {
            Some(group) => group.changed.object.clone(),
            None => self.population.group(index),
        }
    }

    /// Users to look at again, in order of index: changed themselves after that version, or brought
    /// into or out of entitlement through a group.
    pub fn users_changed_since(&self, version: u64) -> Vec<UserIndex> {
        let own = self.users.iter().filter(|(_, user)| user.version > version);
        let entitled = self.entitlements.iter().filter(|(_, changed)| **changed > version);
        let both: BTreeSet<UserIndex> =
            own.map(|(index, _)| *index).chain(entitled.map(|(index, _)| *index)).collect();
        both.into_iter().collect()
    }

    /// Groups that changed after that version, memberships included, in order of index.
    pub fn groups_changed_since(&self, version: u64) -> Vec<GroupIndex> {
        let changed = self.groups.iter().filter(|(_, group)| group.changed.version > version);
        changed.map(|(index, _)| *index).collect()
    }

    /// The groups the user is a direct member of, in order of index.
    pub fn groups_of(&self, user: UserIndex) -> Vec<GroupIndex> {
        let joined = self.joined.get(&user).into_iter().flatten().copied();
        let candidates: BTreeSet<GroupIndex> =
            self.population.groups_of(user).into_iter().chain(joined).collect();
        let still_member = |group: &GroupIndex| match self.groups.get(group) {
            Some(group) => group.changed.object.members.contains(&user),
            None => true,
        };
        candidates.into_iter().filter(still_member).collect()
    }

    /// The assigned groups the user is a direct member of: nested groups are not expanded.
    pub fn assigned_groups_of(&self, user: UserIndex) -> Vec<GroupIndex> {
        let mut groups = self.groups_of(user);
        groups.retain(|group| self.is_group_assigned(*group));
        groups
    }

    /// Whether the user is assigned, directly or as a direct member of an assigned group.
    pub fn is_entitled(&self, user: UserIndex) -> bool {
        self.is_assigned(user) || !self.assigned_groups_of(user).is_empty()
    }

    /// Whether the group is assigned and not deleted.
    pub fn is_group_assigned(&self, group: GroupIndex) -> bool {
        match self.groups.get(&group) {
            Some(group) => group.changed.object.assigned && !group.changed.object.deleted,
            None => self.population.is_group_assigned(group),
        }
    }

    /// Users that are not as the population has them, in order of index.
    pub fn touched_users(&self) -> Vec<UserIndex> {
        self.users.keys().copied().collect()
    }

    /// Groups that are not as the population has them, in order of index.
    pub fn touched_groups(&self) -> Vec<GroupIndex> {
        self.groups.keys().copied().collect()
    }

    fn is_assigned(&self, user: UserIndex) -> bool {
        match self.users.get(&user) {
            Some(changed) => changed.object.assigned,
            None => self.population.is_user_assigned(user),
        }
    }

    fn is_purged(&self, user: UserIndex) -> bool {
        let changed = self.users.get(&user);
        changed.is_some_and(|changed| changed.object.state == UserState::HardDeleted)
    }
}
