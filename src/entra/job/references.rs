//! The last phase of a cycle: managers and members, each in a PATCH of its own.
//!
//! A reference to somebody who is not in the tenant is skipped and not repaired until the referring
//! object changes or the job is restarted.

use std::collections::BTreeSet;

use super::report::{CycleEvent, CycleReport, Happened, ReferenceEvent, SkipReason};
use super::{Cycle, ProvisioningJob, plan};
use crate::directory::{GroupIndex, UserIndex, UserState};
use crate::entra::connector::Kind;
use crate::entra::cycle::members_of;
use crate::entra::failure::{ObjectFailure, UNRESOLVED_REFERENCE};
use crate::entra::pace::in_flight;
use crate::entra::state::{Doubt, Member, ObjectKey};
use crate::entra::wire::MemberVerb;
use crate::profile::TargetObjectAction;

/// Members that one provision on demand of a group may concern.
const MEMBERS_ON_DEMAND_MAX: usize = 5;

/// Members of one group that one PATCH adds or removes.
struct MemberChange {
    group: GroupIndex,
    id: String,
    verb: MemberVerb,
    members: Vec<Member>,
}

/// A user whose manager is set, changed or removed.
struct ManagerChange {
    user: UserIndex,
    id: String,
    manager: Option<UserIndex>,
    had_one: bool,
    old: Option<String>,
    new: Option<String>,
}

impl ProvisioningJob {
    pub(super) async fn managers(
        &mut self,
        cycle: &Cycle<'_>,
        due: &[UserIndex],
        report: &mut CycleReport,
    ) {
        if !self.set_up.user_mapping.maps_manager() || !cycle.goes_on() {
            return;
        }
        let mut wanted = Vec::new();
        for index in due {
            wanted.extend(self.manager_change(*index, cycle, report));
        }
        let tasks = wanted.into_iter().take_while(|_| cycle.goes_on()).map(|change| {
            let connector = cycle.connector.clone();
            async move {
                let new = change.new.as_deref();
                let result = connector.set_manager(&change.id, new, change.had_one).await;
                (change, result.err())
            }
        });
        let mut ended = Vec::new();
        in_flight(self.set_up.settings.concurrency, tasks, |one: (_, Option<ObjectFailure>)| {
            cycle.notice(one.1.as_ref());
            ended.push(one);
        })
        .await;
        for (change, failure) in ended {
            let key = ObjectKey { kind: Kind::User, index: change.user };
            report.exports += 1;
            self.doubt([Doubt::Manager(change.user)], failure.as_ref());
            if failure.is_none()
                && let Some(link) = self.links.users.get_mut(&change.user)
            {
                link.manager = change.manager;
            }
            let (old, new) = (change.old, change.new);
            let reference = ReferenceEvent { attribute: "manager", old, new, failure };
            self.fold_reference(key, reference, cycle, report);
        }
    }

    fn manager_change(
        &mut self,
        index: UserIndex,
        cycle: &Cycle<'_>,
        report: &mut CycleReport,
    ) -> Option<ManagerChange> {
        let link = self.links.users.get(&index).filter(|link| link.is_managed)?;
        let state = cycle.directory.user_state(index);
        let manager = cycle.directory.user_manager(index);
        let exists = matches!(state, UserState::Enabled | UserState::Disabled);
        if !exists || manager == link.manager || !self.updates() {
            return None;
        }
        let id_of = |user| self.links.users.get(&user).map(|link| link.id.clone());
        let new = match manager.map(|manager| (manager, id_of(manager))) {
            Some((manager, None)) => {
                let manager = ObjectKey { kind: Kind::User, index: manager };
                let key = ObjectKey { kind: Kind::User, index };
                self.unresolved(key, "manager", manager, cycle, report);
                return None;
            }
            Some((_, id)) => id,
            None => None,
        };
        Some(ManagerChange {
            user: index,
            id: link.id.clone(),
            manager,
            had_one: link.manager.is_some(),
            old: link.manager.and_then(id_of),
            new,
        })
    }

    pub(super) async fn members(
        &mut self,
        cycle: &Cycle<'_>,
        due: &[GroupIndex],
        report: &mut CycleReport,
    ) {
        if !self.set_up.group_mapping.maps_members() || !cycle.goes_on() || !self.updates() {
            return;
        }
        let mut wanted = Vec::new();
        for index in due {
            wanted.extend(self.member_changes(*index, cycle, report));
        }
        let links = &self.links;
        let tasks = wanted.into_iter().take_while(|_| cycle.goes_on()).map(|change| {
            let ids: Vec<String> = change
                .members
                .iter()
                .filter_map(|member| links.id_of(*member).map(str::to_owned))
                .collect();
            let connector = cycle.connector.clone();
            async move {
                let result = connector.change_members(&change.id, change.verb, &ids).await;
                (change, ids, result.err())
            }
        });
        let mut ended = Vec::new();
        in_flight(self.set_up.settings.concurrency, tasks, |one: (_, _, Option<ObjectFailure>)| {
            cycle.notice(one.2.as_ref());
            ended.push(one);
        })
        .await;
        for (MemberChange { group, verb, members, .. }, ids, failure) in ended {
            let key = ObjectKey { kind: Kind::Group, index: group };
            report.exports += 1;
            let doubts = members.iter().map(|member| Doubt::Membership(group, *member));
            self.doubt(doubts, failure.as_ref());
            if failure.is_none()
                && let Some(link) = self.links.groups.get_mut(&group)
            {
                match verb {
                    MemberVerb::Add => link.members.extend(members),
                    MemberVerb::Remove => link.members.retain(|one| !members.contains(one)),
                }
            }
            let ids = Some(ids.join(", "));
            let (old, new) = match verb {
                MemberVerb::Add => (None, ids),
                MemberVerb::Remove => (ids, None),
            };
            let reference = ReferenceEvent { attribute: "members", old, new, failure };
            self.fold_reference(key, reference, cycle, report);
        }
    }

    /// The requests that bring a group's members about. A group out of scope keeps those it has.
    fn member_changes(
        &mut self,
        index: GroupIndex,
        cycle: &Cycle<'_>,
        report: &mut CycleReport,
    ) -> Vec<MemberChange> {
        let group = cycle.directory.group(index);
        let is_wanted =
            !group.deleted && plan(&self.set_up, cycle.directory).decide_group(&group).in_scope;
        let Some(link) = self.links.groups.get(&index).filter(|_| is_wanted) else {
            return Vec::new();
        };
        let (id, exported) = (link.id.clone(), link.members.clone());
        let (resolved, missing) = members_of(&group, &self.links);
        for member in missing {
            let key = ObjectKey { kind: Kind::Group, index };
            self.unresolved(key, "members", member.key(), cycle, report);
        }
        let resolved: BTreeSet<Member> = resolved.into_iter().collect();
        let mut added: Vec<Member> = resolved.difference(&exported).copied().collect();
        // Whoever is deleted left the group with it: the tenant's own doing (RFC 7643 §4.2).
        let (mut removed, deleted): (Vec<Member>, Vec<Member>) =
            exported.difference(&resolved).partition(|member| self.links.id_of(**member).is_some());
        if let Some(link) = self.links.groups.get_mut(&index) {
            link.members.retain(|member| !deleted.contains(member));
        }
        if cycle.is_on_demand {
            added.truncate(MEMBERS_ON_DEMAND_MAX);
            removed.truncate(MEMBERS_ON_DEMAND_MAX - added.len());
        }
        let per_patch = self.set_up.settings.members_per_patch.clamp(1, 1_000);
        let chunks = |verb, members: Vec<Member>| -> Vec<MemberChange> {
            let chunk = |members: &[Member]| MemberChange {
                group: index,
                id: id.clone(),
                verb,
                members: members.to_vec(),
            };
            members.chunks(per_patch).map(chunk).collect()
        };
        let mut changes = chunks(MemberVerb::Add, added);
        changes.extend(chunks(MemberVerb::Remove, removed));
        changes
    }

    /// A success settles what was open; a lost answer opens it.
    fn doubt(&mut self, of: impl IntoIterator<Item = Doubt>, failure: Option<&ObjectFailure>) {
        for doubt in of {
            match failure {
                None => self.doubts.remove(&doubt),
                Some(failure) if failure.may_have_acted => self.doubts.insert(doubt),
                Some(_) => false,
            };
        }
    }

    /// Whether the target object action Update is ticked, without which no reference is written.
    fn updates(&self) -> bool {
        self.set_up.settings.target_object_actions.contains(&TargetObjectAction::Update)
    }

    fn fold_reference(
        &mut self,
        key: ObjectKey,
        reference: ReferenceEvent,
        cycle: &Cycle<'_>,
        report: &mut CycleReport,
    ) {
        if let Some(failure) = &reference.failure {
            report.reference_failures += 1;
            self.escrows.failed(key, failure.clone(), cycle.now());
            self.stop_job(failure, cycle.now(), report);
        }
        report.events.push(CycleEvent { key, scope: None, what: Happened::Reference(reference) });
    }

    /// A reference to somebody who is not in the tenant is skipped, not failed. Only where
    /// that somebody is in escrow, and so still to come, the referring object waits with them.
    fn unresolved(
        &mut self,
        key: ObjectKey,
        attribute: &'static str,
        missing: ObjectKey,
        cycle: &Cycle<'_>,
        report: &mut CycleReport,
    ) {
        let Some(escrow) = self.escrows.get(missing).cloned() else {
            let why = SkipReason::Unresolved(attribute);
            report.events.push(CycleEvent::skipped(key.kind, key.index, None, why));
            return;
        };
        let failure = Some(ObjectFailure {
            code: UNRESOLVED_REFERENCE,
            is_reference: true,
            stops_job: false,
            may_have_acted: false,
            ..escrow.failure
        });
        let reference = ReferenceEvent { attribute, old: None, new: None, failure };
        self.fold_reference(key, reference, cycle, report);
    }

    /// Objects whose references all went well leave escrow.
    pub(super) fn settle_references(
        &mut self,
        users: &[UserIndex],
        groups: &[GroupIndex],
        report: &CycleReport,
    ) {
        let failed = report.events.iter().filter(|event| event.failure().is_some());
        let failed: BTreeSet<ObjectKey> = failed.map(|event| event.key).collect();
        let users = users.iter().map(|index| ObjectKey { kind: Kind::User, index: *index });
        let groups = groups.iter().map(|index| ObjectKey { kind: Kind::Group, index: *index });
        for key in users.chain(groups).filter(|key| !failed.contains(key)) {
            self.escrows.settled(key);
        }
    }
}
