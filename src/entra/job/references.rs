//! The last phase of a cycle: managers and members, each in a PATCH of its own.
//!
//! A reference to somebody who is not in the tenant is skipped and not repaired until the referring
//! object changes or the job is restarted.

use std::collections::BTreeSet;

use super::report::passed;
use super::{CycleEvent, CycleReport, ProvisioningJob, ReferenceEvent, Stop};
use crate::directory::{Directory, GroupIndex, UserIndex, UserState};
use crate::entra::connector::{Connector, Kind};
use crate::entra::cycle::members_of;
use crate::entra::failure::{ObjectFailure, UNRESOLVED_REFERENCE};
use crate::entra::pace::in_flight;
use crate::entra::state::{Member, ObjectKey};
use crate::entra::wire::MemberVerb;

impl ProvisioningJob {
    pub(super) async fn managers(
        &mut self,
        connector: &Connector,
        directory: &Directory,
        due: &[UserIndex],
        stop: Stop<'_>,
        report: &mut CycleReport,
    ) {
        if !self.set_up.user_mapping.maps_manager() {
            return;
        }
        let mut wanted = Vec::new();
        for index in due {
            let Some(link) = self.links.users.get(index).filter(|link| link.is_managed) else {
                continue;
            };
            let user = directory.user(*index);
            let exists = matches!(user.state, UserState::Enabled | UserState::Disabled);
            if !exists || user.manager == link.manager {
                continue;
            }
            let id = match user.manager.map(|manager| self.links.users.get(&manager)) {
                Some(None) => {
                    let manager = user.manager.map(Member::User);
                    self.unresolved(Kind::User, *index, "manager", manager, directory, report);
                    continue;
                }
                Some(Some(manager)) => Some(manager.id.clone()),
                None => None,
            };
            let old = link.manager.and_then(|old| self.links.users.get(&old));
            let old = old.map(|old| old.id.clone());
            wanted.push((*index, user.manager, link.id.clone(), old, id, link.manager.is_some()));
        }
        let tasks = wanted.into_iter().take_while(|_| !stop()).map(
            |(index, manager, id, old, new, had_one)| {
                let connector = connector.clone();
                async move {
                    let result = connector.set_manager(&id, new.as_deref(), had_one).await;
                    (index, manager, old, new, result.err())
                }
            },
        );
        let mut ended = Vec::new();
        in_flight(self.set_up.settings.concurrency, tasks, |event| ended.push(event)).await;
        for (index, manager, old, new, failure) in ended {
            let key = ObjectKey { kind: Kind::User, index };
            report.exports += 1;
            if failure.is_none()
                && let Some(link) = self.links.users.get_mut(&index)
            {
                link.manager = manager;
            }
            let reference = ReferenceEvent { attribute: "manager", old, new, failure };
            self.fold_reference(key, reference, directory.clock_minutes(), report);
        }
    }

    pub(super) async fn members(
        &mut self,
        connector: &Connector,
        directory: &Directory,
        due: &[GroupIndex],
        stop: Stop<'_>,
        report: &mut CycleReport,
    ) {
        if !self.set_up.group_mapping.maps_members() {
            return;
        }
        let per_patch = self.set_up.settings.members_per_patch.clamp(1, 1_000);
        let mut wanted: Vec<(GroupIndex, String, MemberVerb, Vec<Member>)> = Vec::new();
        for index in due {
            let Some(link) = self.links.groups.get_mut(index) else { continue };
            let id = link.id.clone();
            // Whoever is deleted left the group with it: the tenant's own doing (RFC 7643 §4.2).
            let exported = link.members.clone();
            let group = directory.group(*index);
            let (resolved, missing) = members_of(&group, &self.links);
            for member in missing {
                let member = Some(member);
                self.unresolved(Kind::Group, *index, "members", member, directory, report);
            }
            let resolved: BTreeSet<Member> = resolved.into_iter().collect();
            let added: Vec<Member> = resolved.difference(&exported).copied().collect();
            let gone = exported.difference(&resolved).copied();
            let (removed, deleted): (Vec<Member>, Vec<Member>) =
                gone.partition(|member| self.links.id_of(*member).is_some());
            if let Some(link) = self.links.groups.get_mut(index) {
                link.members.retain(|member| !deleted.contains(member));
            }
            for (verb, members) in [(MemberVerb::Add, added), (MemberVerb::Remove, removed)] {
                wanted.extend(
                    members
                        .chunks(per_patch)
                        .map(|chunk| (*index, id.clone(), verb, chunk.to_vec())),
                );
            }
        }
        let links = self.links.clone();
        let tasks = wanted.into_iter().take_while(|_| !stop()).map(|(index, id, verb, members)| {
            let ids: Vec<String> = members
                .iter()
                .filter_map(|member| links.id_of(*member).map(str::to_owned))
                .collect();
            let connector = connector.clone();
            async move {
                let result = connector.change_members(&id, verb, &ids).await;
                (index, verb, members, ids, result.err())
            }
        });
        let mut ended = Vec::new();
        in_flight(self.set_up.settings.concurrency, tasks, |event| ended.push(event)).await;
        for (index, verb, members, ids, failure) in ended {
            let key = ObjectKey { kind: Kind::Group, index };
            report.exports += 1;
            if failure.is_none()
                && let Some(link) = self.links.groups.get_mut(&index)
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
            self.fold_reference(key, reference, directory.clock_minutes(), report);
        }
    }

    fn fold_reference(
        &mut self,
        key: ObjectKey,
        reference: ReferenceEvent,
        now: u64,
        report: &mut CycleReport,
    ) {
        if let Some(failure) = &reference.failure {
            report.reference_failures += 1;
            self.escrows.failed(key, failure.clone(), now);
            self.stop_job(failure, now, report);
        }
        report.events.push(CycleEvent {
            key,
            done: None,
            reference: Some(reference),
            scope: String::new(),
            is_staged: false,
        });
    }

    /// A reference to somebody who is not in the tenant is skipped, not failed. Only where
    /// that somebody is in escrow, and so still to come, the referring object waits with them.
    fn unresolved(
        &mut self,
        kind: Kind,
        index: usize,
        attribute: &'static str,
        member: Option<Member>,
        directory: &Directory,
        report: &mut CycleReport,
    ) {
        let key = ObjectKey { kind, index };
        let awaited = member.map(|member| match member {
            Member::User(index) => ObjectKey { kind: Kind::User, index },
            Member::Group(index) => ObjectKey { kind: Kind::Group, index },
        });
        let escrow = awaited.and_then(|awaited| self.escrows.get(awaited)).cloned();
        let failure = escrow.map(|escrow| ObjectFailure {
            code: UNRESOLVED_REFERENCE,
            is_reference: true,
            stops_job: false,
            ..escrow.failure
        });
        if failure.is_some() {
            let reference = ReferenceEvent { attribute, old: None, new: None, failure };
            self.fold_reference(key, reference, directory.clock_minutes(), report);
            return;
        }
        let reference = ReferenceEvent { attribute, old: None, new: None, failure };
        report.events.push(CycleEvent {
            reference: Some(reference),
            ..passed(kind, index, UNRESOLVED_REFERENCE.to_owned())
        });
    }
}
