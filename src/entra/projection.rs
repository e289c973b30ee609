//! What the tenant should hold: directory → scope → mapping, and never the tenant.
//!
//! Entra's rules depend on history (who was ever in scope, which references could be resolved
//! when), so the projection goes from cycle to cycle beside the job. It shares scope and mapping
//! with the job and neither its plan nor its links: what one forgets, the other notices. It never
//! applies a PATCH.

use std::collections::{BTreeMap, BTreeSet};

use super::connector::Kind;
use super::cycle::{CycleKind, Plan, SourceGroup, SourceUser};
use super::job::{Postponed, ResetScope};
use super::mapping::{MappedValue, Moment, ObjectMapping, SourceAttributes};
use super::state::{Member, ObjectKey};
use crate::directory::{Directory, GroupIndex, UserIndex, UserState};
use crate::profile::TargetObjectAction;

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
    abandoned: BTreeSet<Member>,
    /// What an earlier cycle could not do yet.
    waiting: BTreeSet<ObjectKey>,
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

    /// Objects for which Entra itself made a second resource: their links were lost in a restart,
    /// and they had other names when they were matched again.
    pub fn abandoned(&self) -> &BTreeSet<Member> {
        &self.abandoned
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

    /// Goes through one cycle that does all it is meant to do but what was postponed.
    pub fn advance(&mut self, plan: &Plan<'_>, kind: &CycleKind, postponed: &Postponed) {
        let (users, groups) = self.due(plan.directory, kind);
        let user = |index: &UserIndex| ObjectKey { kind: Kind::User, index: *index };
        let group = |index: &GroupIndex| ObjectKey { kind: Kind::Group, index: *index };
        for index in users.iter().filter(|it| !postponed.objects.contains(&user(it))) {
            self.user(plan, *index);
        }
        if plan.settings.provision_groups {
            for index in groups.iter().filter(|it| !postponed.objects.contains(&group(it))) {
                self.group(plan, *index);
            }
        }
        let updates = is_ticked(plan, TargetObjectAction::Update);
        if plan.user_mapping.maps_manager() && updates {
            for index in users.iter().filter(|it| !postponed.references.contains(&user(it))) {
                self.manager(plan.directory, *index);
            }
        }
        let is_on_demand = matches!(kind, CycleKind::OnDemand { .. });
        let limit = if is_on_demand { 5 } else { usize::MAX };
        if plan.group_mapping.maps_members() && updates {
            for index in groups.iter().filter(|it| !postponed.references.contains(&group(it))) {
                self.members(plan, *index, limit);
            }
        }
        for key in users.iter().map(user).chain(groups.iter().map(group)) {
            self.waiting.remove(&key);
        }
        self.waiting.extend(postponed.objects.union(&postponed.references));
        if !is_on_demand {
            self.watermark = Some(plan.directory.version());
        }
    }

    fn due(&self, directory: &Directory, kind: &CycleKind) -> (Vec<UserIndex>, Vec<GroupIndex>) {
        match (kind, self.watermark) {
            (CycleKind::OnDemand { users, groups }, _) => {
                // Provision on demand does nothing for disabled and deleted users.
                let able = |user: &&UserIndex| directory.user_state(**user) == UserState::Enabled;
                (users.iter().filter(able).copied().collect(), groups.clone())
            }
            (CycleKind::Incremental, Some(version)) => {
                let waiting = |kind| {
                    let of_kind = self.waiting.iter().filter(move |key| key.kind == kind);
                    of_kind.map(|key| key.index)
                };
                let users = directory.users_changed_since(version).into_iter();
                let groups = directory.groups_changed_since(version).into_iter();
                let users: BTreeSet<_> = users.chain(waiting(Kind::User)).collect();
                let groups: BTreeSet<_> = groups.chain(waiting(Kind::Group)).collect();
                (users.into_iter().collect(), groups.into_iter().collect())
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
        let names = names(plan.user_mapping, &plan.settings.match_user, &source);
        let updates = is_ticked(plan, TargetObjectAction::Update);
        let known = self.users.get_mut(&index).filter(|known| known.is_present);
        match known {
            Some(known) if exists && in_scope && known.is_linked => {
                known.is_managed = true;
                if updates {
                    known.take(plan.user_mapping.evaluate(&source, Moment::Update));
                }
            }
            Some(known) if is_enabled && in_scope && has_one_of(&known.values, &names) => {
                known.is_linked = true;
                known.is_managed = true;
                if updates {
                    known.take(plan.user_mapping.evaluate(&source, Moment::Update));
                }
            }
            known if is_enabled && in_scope && is_ticked(plan, TargetObjectAction::Create) => {
                if known.is_some() {
                    self.abandon(Member::User(index));
                }
                let values = plan.user_mapping.evaluate(&source, Moment::Creation);
                self.users.insert(index, ProjectedUser::created(values));
            }
            Some(known) if !known.is_linked => {}
            Some(known) if user.state == UserState::HardDeleted => {
                // Whoever had left the scope before is none of the job's business any more.
                known.is_present =
                    !(known.is_managed && is_ticked(plan, TargetObjectAction::Delete));
                known.is_linked = false;
            }
            Some(known) if known.is_managed => {
                let is_skipped = plan.settings.skip_out_of_scope_deletions && !in_scope;
                if known.active.is_some() && !is_skipped && updates {
                    known.was_switched |= known.active == Some(true);
                    known.active = Some(false);
                }
                known.is_managed = !exists;
            }
            _ => {}
        }
    }

    fn group(&mut self, plan: &Plan<'_>, index: GroupIndex) {
        let group = plan.directory.group(index);
        let in_scope = plan.decide_group(&group).in_scope && !group.deleted;
        let source = SourceGroup(&group);
        if let Some(known) = self.groups.get_mut(&index).filter(|known| known.is_linked) {
            let is_other = known.object_id != group.object_id;
            let skips = plan.settings.skip_out_of_scope_deletions && !group.deleted && !is_other;
            let is_over = is_other || !in_scope;
            if is_over && is_ticked(plan, TargetObjectAction::Delete) && !skips {
                known.is_present = false;
                known.is_linked = false;
                self.leave_groups(Member::Group(index));
            } else if is_other {
                known.is_linked = false;
            }
        }
        if !in_scope {
            return;
        }
        let names = names(plan.group_mapping, &plan.settings.match_group, &source);
        let known = self.groups.get_mut(&index).filter(|known| known.is_present);
        match known {
            Some(known) if known.is_linked || has_one_of(&known.values, &names) => {
                if !known.is_linked {
                    known.exported_members.clear();
                }
                known.is_linked = true;
                known.object_id.clone_from(&group.object_id);
                if is_ticked(plan, TargetObjectAction::Update) {
                    known.take(plan.group_mapping.evaluate(&source, Moment::Update));
                }
            }
            known if is_ticked(plan, TargetObjectAction::Create) => {
                if known.is_some() {
                    self.abandon(Member::Group(index));
                }
                let values = plan.group_mapping.evaluate(&source, Moment::Creation);
                let created = ProjectedGroup::created(values, group.object_id.clone());
                self.groups.insert(index, created);
            }
            _ => {}
        }
    }

    /// A deleted group is no member of any other, and does not become one by coming back.
    fn leave_groups(&mut self, member: Member) {
        for parent in self.groups.values_mut() {
            parent.members.remove(&member);
            parent.exported_members.remove(&member);
        }
    }

    /// A second resource stands for the object. Of whoever still refers to the first one in the
    /// tenant, nothing can be said.
    fn abandon(&mut self, member: Member) {
        self.abandoned.insert(member);
        self.leave_groups(member);
        for user in self.users.values_mut() {
            if user.manager.map(Member::User) == Some(member) && user.exported_manager.is_none() {
                user.manager = None;
                user.had_manager = false;
            }
        }
    }

    fn manager(&mut self, directory: &Directory, index: UserIndex) {
        let manager = directory.user_manager(index);
        let state = directory.user_state(index);
        let exists = matches!(state, UserState::Enabled | UserState::Disabled);
        let is_there = manager.is_none_or(|manager| self.is_linked(Member::User(manager)));
        let Some(known) = self.users.get_mut(&index) else { return };
        let moves = manager != known.exported_manager;
        if exists && known.is_linked && known.is_managed && is_there && moves {
            known.manager = manager;
            known.exported_manager = manager;
            known.had_manager = true;
        }
    }

    /// At most `limit` members join or leave, those who join first.
    fn members(&mut self, plan: &Plan<'_>, index: GroupIndex, limit: usize) {
        let group = plan.directory.group(index);
        let in_scope = plan.decide_group(&group).in_scope && !group.deleted;
        let users = group.members.iter().map(|index| Member::User(*index));
        let groups = group.member_groups.iter().map(|index| Member::Group(*index));
        let wanted: BTreeSet<Member> =
            users.chain(groups).filter(|member| self.is_linked(*member)).collect();
        let Some(known) = self.groups.get_mut(&index) else { return };
        if !known.is_linked || !in_scope {
            return;
        }
        let joining: Vec<Member> =
            wanted.difference(&known.exported_members).take(limit).copied().collect();
        let leaving: Vec<Member> = known
            .exported_members
            .difference(&wanted)
            .take(limit - joining.len())
            .copied()
            .collect();
        known.lost_members |= !leaving.is_empty();
        for member in leaving {
            known.members.remove(&member);
            known.exported_members.remove(&member);
        }
        known.members.extend(joining.iter().copied());
        known.exported_members.extend(joining);
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

fn is_ticked(plan: &Plan<'_>, action: TargetObjectAction) -> bool {
    plan.settings.target_object_actions.contains(&action)
}

/// The Matching attributes that the object has now.
fn names<'a>(
    mapping: &ObjectMapping,
    attributes: &'a [String],
    source: &dyn SourceAttributes,
) -> Vec<(&'a str, String)> {
    let named =
        attributes.iter().map(|name| Some((name.as_str(), mapping.value_of(name, source)?)));
    named.flatten().collect()
}

/// Whether a look-up by one of these names finds a resource that holds these values. Tenants
/// compare names without case.
fn has_one_of(values: &[MappedValue], names: &[(&str, String)]) -> bool {
    names.iter().any(|(name, wanted)| {
        let held = values.iter().find(|value| value.target.is(name));
        let held = held.and_then(|value| value.value.as_str());
        held.is_some_and(|held| held.to_lowercase() == wanted.to_lowercase())
    })
}

fn replace(values: &mut Vec<MappedValue>, value: MappedValue) {
    match values.iter_mut().find(|known| known.target == value.target) {
        Some(known) => *known = value,
        None => values.push(value),
    }
}
