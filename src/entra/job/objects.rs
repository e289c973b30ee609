//! The first two phases of a cycle: a conversation about each user, then about each group.

use std::collections::BTreeSet;
use std::future::Future;

use super::report::{CycleEvent, CycleReport, Happened, SkipReason};
use super::{Cycle, ProvisioningJob, plan};
use crate::directory::{GroupIndex, UserIndex, UserState};
use crate::entra::connector::{Connector, Effect, Kind, ObjectTask};
use crate::entra::cycle::Planned;
use crate::entra::pace::in_flight;
use crate::entra::state::{Doubt, GroupLink, Member, ObjectKey, UserLink};
use crate::exchange::Operation;
use crate::profile::TargetObjectAction;

/// What came of one object: the event, and whether the object is in scope.
type Ended = (CycleEvent, bool);

impl ProvisioningJob {
    /// Returns users the job lets go of at the cycle's end: until then their ids are needed, to
    /// take them out of groups.
    pub(super) async fn users(
        &mut self,
        cycle: &Cycle<'_>,
        due: &[UserIndex],
        report: &mut CycleReport,
    ) -> Vec<UserIndex> {
        let set_up = self.set_up.clone();
        let plan = plan(&set_up, cycle.directory);
        let links = self.links.users.clone();
        let planned = due.iter().map(|index| {
            let link = links.get(index);
            let is_active = link.is_some_and(|link| link.is_active);
            (*index, is_active, plan.user(*index, link))
        });
        let (quiet, ended) = self.hold_all(cycle, Kind::User, planned, report).await;
        let mut leaving = Vec::new();
        for (event, in_scope) in quiet {
            if !self.is_staged(&event) && self.user_passed(event.key, in_scope, cycle) {
                leaving.push(event.key.index);
            }
            report.events.push(event);
        }
        for (event, in_scope) in ended {
            self.fold_user(event, in_scope, cycle, report);
        }
        leaving
    }

    pub(super) async fn groups(
        &mut self,
        cycle: &Cycle<'_>,
        due: &[GroupIndex],
        report: &mut CycleReport,
    ) {
        let set_up = self.set_up.clone();
        let plan = plan(&set_up, cycle.directory);
        self.release_recreated(cycle, due);
        let links = self.links.groups.clone();
        let planned = due.iter().map(|index| (*index, true, plan.group(*index, links.get(index))));
        let (quiet, ended) = self.hold_all(cycle, Kind::Group, planned, report).await;
        self.groups_passed(quiet, report);
        // A group created anew was deleted under its old link; now it is provisioned without one.
        let mut anew = Vec::new();
        for (event, in_scope) in ended {
            let is_deleted = matches!(&event.what, Happened::Conversation(done)
                if done.outcome == Ok(Effect::Deleted));
            if is_deleted && in_scope && !cycle.directory.group(event.key.index).deleted {
                anew.push(event.key.index);
            }
            self.fold_group(event, cycle, report);
        }
        let entitled = report.entitled;
        let planned = anew.iter().map(|index| (*index, true, plan.group(*index, None)));
        let (quiet, ended) = self.hold_all(cycle, Kind::Group, planned, report).await;
        report.entitled = entitled;
        self.groups_passed(quiet, report);
        for (event, _) in ended {
            self.fold_group(event, cycle, report);
        }
    }

    /// Holds the conversations that were planned, several at once, until the cycle stops. The first
    /// list is of objects for which there was nothing to say.
    async fn hold_all(
        &self,
        cycle: &Cycle<'_>,
        kind: Kind,
        planned: impl Iterator<Item = (usize, bool, Planned)>,
        report: &mut CycleReport,
    ) -> (Vec<Ended>, Vec<Ended>) {
        let withheld = self.withholds_deletions();
        let (mut quiet, mut ended) = (Vec::new(), Vec::new());
        let tasks = planned.take_while(|_| cycle.goes_on()).filter_map(|planned| {
            let (index, is_active, Planned { task, decision }) = planned;
            report.entitled += u64::from(decision.in_scope);
            let in_scope = decision.in_scope;
            let mut event =
                CycleEvent::skipped(kind, index, Some(decision.reason), SkipReason::NothingToDo);
            match task {
                Some(task) if withheld && task.is_deletion(is_active) => {
                    event.what = Happened::Staged;
                }
                Some(task) => return Some(hold(cycle.connector, task, event, in_scope)),
                None => {}
            }
            quiet.push((event, in_scope));
            None
        });
        in_flight(self.set_up.settings.concurrency, tasks, |one: Ended| {
            cycle.notice(one.0.failure());
            ended.push(one);
        })
        .await;
        (quiet, ended)
    }

    /// Notes an object whose deletion is withheld, and forgets one whose deletion is not any more.
    fn is_staged(&mut self, event: &CycleEvent) -> bool {
        let is_staged = matches!(event.what, Happened::Staged);
        match is_staged {
            true => self.staged.insert(event.key),
            false => self.staged.remove(&event.key),
        };
        is_staged
    }

    /// A user with nothing to send still leaves the job's care when it is out of scope, and
    /// altogether when it is gone: then the answer is true.
    fn user_passed(&mut self, key: ObjectKey, in_scope: bool, cycle: &Cycle<'_>) -> bool {
        self.escrows.settled(key);
        let Some(link) = self.links.users.get_mut(&key.index) else { return false };
        match cycle.directory.user_state(key.index) {
            UserState::HardDeleted => return true,
            UserState::Enabled | UserState::Disabled => link.is_managed = in_scope,
            UserState::SoftDeleted { .. } => {}
        }
        false
    }

    pub(super) fn release(&mut self, leaving: &[UserIndex]) {
        for index in leaving {
            let key = ObjectKey { kind: Kind::User, index: *index };
            let link = self.links.users.remove(index);
            self.released.extend(link.map(|link| (link.id, key)));
        }
    }

    fn fold_user(
        &mut self,
        event: CycleEvent,
        in_scope: bool,
        cycle: &Cycle<'_>,
        report: &mut CycleReport,
    ) {
        let Happened::Conversation(done) = &event.what else { return };
        let index = event.key.index;
        let state = cycle.directory.user_state(index);
        let known = self.links.users.get(&index);
        let (was_active, manager) =
            known.map_or((true, None), |link| (link.is_active, link.manager));
        let is_active = match &done.outcome {
            Ok(_) => state == UserState::Enabled && in_scope,
            Err(_) => was_active,
        };
        let leaves = !in_scope && matches!(state, UserState::Enabled | UserState::Disabled);
        match &done.link {
            Some(id) => {
                let is_managed = !(leaves && done.outcome.is_ok());
                let link = UserLink { id: id.clone(), is_managed, is_active, manager };
                self.released.remove(id);
                self.links.users.insert(index, link);
            }
            None if done.outcome.is_ok() => {
                let link = self.links.users.remove(&index);
                self.gone.extend(link.map(|link| (event.key, link.id)));
            }
            None => {}
        }
        self.settle(event, cycle, report);
    }

    /// Where deletions are not ticked, a group that was created anew leaves its old resource behind
    /// and is matched like any other.
    fn release_recreated(&mut self, cycle: &Cycle<'_>, due: &[GroupIndex]) {
        if self.set_up.settings.target_object_actions.contains(&TargetObjectAction::Delete) {
            return;
        }
        for index in due {
            let object_id = cycle.directory.group(*index).object_id;
            if self.links.groups.get(index).is_some_and(|link| link.object_id != object_id) {
                let key = ObjectKey { kind: Kind::Group, index: *index };
                let link = self.links.groups.remove(index);
                self.released.extend(link.map(|link| (link.id, key)));
            }
        }
    }

    /// The group's resource is deleted or another one: it is in no other group.
    fn leave_groups(&mut self, index: GroupIndex) {
        for group in self.links.groups.values_mut() {
            group.members.remove(&Member::Group(index));
        }
    }

    fn groups_passed(&mut self, quiet: Vec<Ended>, report: &mut CycleReport) {
        for (event, _) in quiet {
            if !self.is_staged(&event) {
                self.escrows.settled(event.key);
            }
            report.events.push(event);
        }
    }

    fn fold_group(&mut self, event: CycleEvent, cycle: &Cycle<'_>, report: &mut CycleReport) {
        let Happened::Conversation(done) = &event.what else { return };
        let index = event.key.index;
        match &done.link {
            Some(id) => {
                let object_id = cycle.directory.group(index).object_id;
                let link = self.links.groups.entry(index).or_insert_with(|| GroupLink {
                    id: id.clone(),
                    object_id,
                    members: BTreeSet::new(),
                });
                link.id.clone_from(id);
                self.released.remove(id);
                if done.outcome == Ok(Effect::Created) {
                    self.leave_groups(index);
                }
            }
            None if done.outcome.is_ok() => {
                let link = self.links.groups.remove(&index);
                self.gone.extend(link.map(|link| (event.key, link.id)));
                self.leave_groups(index);
            }
            None => {}
        }
        self.settle(event, cycle, report);
    }

    /// Counts a conversation's end, escrows a failure, and notes the event.
    fn settle(&mut self, event: CycleEvent, cycle: &Cycle<'_>, report: &mut CycleReport) {
        let Happened::Conversation(done) = &event.what else { return };
        report.attempts += 1;
        report.exports += done.exports;
        self.staged.remove(&event.key);
        match &done.outcome {
            Err(failure) => {
                report.failures += 1;
                let is_creation =
                    matches!(failure.operation, Operation::CreateUser | Operation::CreateGroup);
                if is_creation && failure.may_have_acted {
                    self.doubts.insert(Doubt::Creation(event.key));
                }
                self.escrows.failed(event.key, failure.clone(), cycle.now());
                self.stop_job(failure, cycle.now(), report);
            }
            Ok(effect) => {
                report.exported += u64::from(*effect != Effect::Unchanged);
                // Whoever was found was made; a second creation leaves the first one open.
                if *effect != Effect::Created {
                    self.doubts.remove(&Doubt::Creation(event.key));
                }
                // What its references wait for is settled with them.
                if self.escrows.get(event.key).is_some_and(|known| !known.failure.is_reference) {
                    self.escrows.settled(event.key);
                }
            }
        }
        report.events.push(event);
    }
}

fn hold(
    connector: &Connector,
    task: ObjectTask,
    event: CycleEvent,
    in_scope: bool,
) -> impl Future<Output = Ended> + Send + 'static {
    let connector = connector.clone();
    async move {
        let what = Happened::Conversation(connector.converse(task).await);
        (CycleEvent { what, ..event }, in_scope)
    }
}
