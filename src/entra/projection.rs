//! What the tenant should hold: directory → scope → mapping, and never the tenant.
//!
//! Entra's rules depend on history (who was ever in scope, which references could be resolved
//! when), so the projection goes from cycle to cycle beside the job. It shares scope and mapping
//! with the job and neither its plan nor its links: what one forgets, the other notices. It never
//! applies a PATCH.

use std::collections::{BTreeMap, BTreeSet};

use super::cycle::{CycleKind, Plan, SourceGroup, SourceUser};
use super::job::ResetScope;
use super::mapping::{MappedValue, Moment};
use super::state::Member;
use crate::directory::{Directory, DirectoryGroup, GroupIndex, UserIndex, UserState};

/// What the tenant should hold of one user.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about one history")]
pub struct ProjectedUser {
    /// Whether it should be there at all; a deleted user should not.
    pub is_present: bool,
    /// `active`; none where the mapping leaves it out.
    pub active: Option<bool>,
    /// Every other mapped value.
    pub values: Vec<MappedValue>,
    /// The manager.
    pub manager: Option<UserIndex>,
    /// Whether the user was ever inactive, so that `active` was put to the test.
    pub was_switched: bool,
    /// Whether a manager was ever set or removed.
    pub had_manager: bool,
    is_linked: bool,
    is_managed: bool,
    exported_manager: Option<UserIndex>,
}

/// What the tenant should hold of one group.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about one history")]
pub struct ProjectedGroup {
    /// Whether it should be there at all.
    pub is_present: bool,
    /// Every mapped value, the name included.
    pub values: Vec<MappedValue>,
    /// Its members.
    pub members: BTreeSet<Member>,
    /// Whether it was ever renamed since it was created.
    pub was_renamed: bool,
    /// Whether a member ever left.
    pub lost_members: bool,
    object_id: String,
    is_linked: bool,
    exported_members: BTreeSet<Member>,
}

/// The tenant as it should be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Projection {
    users: BTreeMap<UserIndex, ProjectedUser>,
    groups: BTreeMap<GroupIndex, ProjectedGroup>,
    watermark: Option<u64>,
}

impl Projection {
    /// Users that are or were in the tenant.
    pub fn users(&self) -> &BTreeMap<UserIndex, ProjectedUser> {
        &self.users
    }

    /// Groups that are or were in the tenant.
    pub fn groups(&self) -> &BTreeMap<GroupIndex, ProjectedGroup> {
        &self.groups
    }

    /// A restart clears what the job knows; the tenant keeps what it holds.
    pub fn restart(&mut self, scope: ResetScope) {
        match scope {
            ResetScope::Watermark => self.watermark = None,
            ResetScope::Full => {
                self.watermark = None;
                for user in self.users.values_mut() {
                    user.is_linked = false;
                    user.exported_manager = None;
                }
                for group in self.groups.values_mut() {
                    group.is_linked = false;
                    group.exported_members.clear();
                }
            }
            ResetScope::Escrows | ResetScope::QuarantineState | ResetScope::ForceDeletes => {}
        }
    }

    /// A changed scope has everything evaluated again.
    pub fn evaluate_all(&mut self) {
        self.watermark = None;
    }

    /// Goes through one cycle that does all it is meant to do.
    pub fn advance(&mut self, plan: &Plan<'_>, kind: &CycleKind) {
        let (users, groups) = self.due(plan.directory, kind);
        for index in &users {
            self.user(plan, *index);
        }
        if plan.settings.provision_groups {
            for index in &groups {
                self.group(plan, *index);
            }
        }
        if plan.user_mapping.maps_manager() {
            for index in &users {
                self.manager(plan.directory, *index);
            }
        }
        if plan.group_mapping.maps_members() {
            for index in &groups {
                self.members(&plan.directory.group(*index), *index);
            }
        }
        if !matches!(kind, CycleKind::OnDemand { .. }) {
            self.watermark = Some(plan.directory.version());
        }
    }

    fn due(&self, directory: &Directory, kind: &CycleKind) -> (Vec<UserIndex>, Vec<GroupIndex>) {
        match (kind, self.watermark) {
            (CycleKind::OnDemand { users, groups }, _) => (users.clone(), groups.clone()),
            (CycleKind::Incremental, Some(version)) => {
                (directory.users_changed_since(version), directory.groups_changed_since(version))
            }
            (CycleKind::Initial, _) | (CycleKind::Incremental, None) => {
                ((0..directory.user_count()).collect(), (0..directory.group_count()).collect())
            }
        }
    }

    fn user(&mut self, plan: &Plan<'_>, index: UserIndex) {
        let user = plan.directory.user(index);
        let in_scope = plan.decide_user(index, &user).in_scope;
        let is_enabled = user.state == UserState::Enabled;
        let exists = matches!(user.state, UserState::Enabled | UserState::Disabled);
        let source = SourceUser { user: &user, is_soft_deleted: !is_enabled };
        let Some(known) = self.users.get_mut(&index) else {
            if is_enabled && in_scope {
                let values = plan.user_mapping.evaluate(&source, Moment::Creation);
                self.users.insert(index, ProjectedUser::created(values));
            }
            return;
        };
        if !known.is_present || !(known.is_linked || is_enabled && in_scope) {
            return;
        }
        if exists && in_scope {
            known.is_linked = true;
            known.is_managed = true;
            known.take(plan.user_mapping.evaluate(&source, Moment::Update));
        } else if user.state == UserState::HardDeleted {
            // Whoever had left the scope before is none of the job's business any more.
            known.is_present = !known.is_managed;
            known.is_linked = false;
        } else if known.is_managed {
            let keeps = plan.settings.skip_out_of_scope_deletions;
            if known.active.is_some() && !keeps {
                known.active = Some(false);
                known.was_switched = true;
            }
            known.is_managed = !exists;
        }
    }

    fn group(&mut self, plan: &Plan<'_>, index: GroupIndex) {
        let group = plan.directory.group(index);
        let in_scope = plan.decide_group(&group).in_scope && !group.deleted;
        let known = self.groups.get_mut(&index).filter(|known| known.is_present);
        match known {
            Some(known) if in_scope && known.object_id == group.object_id => {
                known.is_linked = true;
                known.take(plan.group_mapping.evaluate(&SourceGroup(&group), Moment::Update));
            }
            _ if in_scope => {
                let values = plan.group_mapping.evaluate(&SourceGroup(&group), Moment::Creation);
                self.groups.insert(index, ProjectedGroup::created(values, group.object_id));
            }
            Some(known) if known.is_linked => {
                known.is_present = plan.settings.skip_out_of_scope_deletions && !group.deleted;
                known.is_linked = known.is_present;
            }
            _ => {}
        }
    }

    fn manager(&mut self, directory: &Directory, index: UserIndex) {
        let user = directory.user(index);
        let exists = matches!(user.state, UserState::Enabled | UserState::Disabled);
        let is_there = user.manager.is_none_or(|manager| self.is_linked(Member::User(manager)));
        let Some(known) = self.users.get_mut(&index) else { return };
        let moves = user.manager != known.exported_manager;
        if exists && known.is_linked && known.is_managed && is_there && moves {
            known.manager = user.manager;
            known.exported_manager = user.manager;
            known.had_manager = true;
        }
    }

    fn members(&mut self, group: &DirectoryGroup, index: GroupIndex) {
        let users = group.members.iter().map(|index| Member::User(*index));
        let groups = group.member_groups.iter().map(|index| Member::Group(*index));
        let wanted: BTreeSet<Member> =
            users.chain(groups).filter(|member| self.is_linked(*member)).collect();
        let Some(known) = self.groups.get_mut(&index) else { return };
        if !known.is_linked {
            return;
        }
        let gone: Vec<Member> = known.exported_members.difference(&wanted).copied().collect();
        known.lost_members |= !gone.is_empty();
        known.members.retain(|member| !gone.contains(member));
        known.members.extend(wanted.iter().copied());
        known.exported_members = wanted;
    }

    fn is_linked(&self, member: Member) -> bool {
        match member {
            Member::User(index) => self.users.get(&index).is_some_and(|user| user.is_linked),
            Member::Group(index) => self.groups.get(&index).is_some_and(|group| group.is_linked),
        }
    }
}

impl ProjectedUser {
    /// A user as it should be right after its creation.
    pub fn created(values: Vec<MappedValue>) -> Self {
        let mut user = Self {
            is_present: true,
            active: None,
            values: Vec::new(),
            manager: None,
            was_switched: false,
            had_manager: false,
            is_linked: true,
            is_managed: true,
            exported_manager: None,
        };
        user.take(values);
        user
    }

    /// Takes newly mapped values over. What is null now is not sent, so the tenant keeps what it
    /// has.
    fn take(&mut self, values: Vec<MappedValue>) {
        for value in values {
            if value.target.is("active") {
                let active = value.value.as_bool();
                self.was_switched |= self.active.is_some() && self.active != active;
                self.active = active;
            } else {
                replace(&mut self.values, value);
            }
        }
    }
}

impl ProjectedGroup {
    /// A group as it should be right after its creation: empty.
    pub fn created(values: Vec<MappedValue>, object_id: String) -> Self {
        Self {
            is_present: true,
            values,
            members: BTreeSet::new(),
            was_renamed: false,
            lost_members: false,
            object_id,
            is_linked: true,
            exported_members: BTreeSet::new(),
        }
    }

    /// The name, where it is mapped.
    pub fn name(&self) -> Option<&str> {
        let name = self.values.iter().find(|value| value.target.is("displayName"))?;
        name.value.as_str()
    }

    fn take(&mut self, values: Vec<MappedValue>) {
        let before = self.name().map(str::to_owned);
        for value in values {
            replace(&mut self.values, value);
        }
        self.was_renamed |= self.name() != before.as_deref();
    }
}

fn replace(values: &mut Vec<MappedValue>, value: MappedValue) {
    match values.iter_mut().find(|known| known.target == value.target) {
        Some(known) => *known = value,
        None => values.push(value),
    }
}
