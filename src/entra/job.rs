//! The provisioning job: it keeps what Entra keeps and runs cycles.
//!
//! A cycle is phases: users, groups, then references (managers, members). The steps of one phase do
//! not depend on each other, which is what makes several in flight safe. What a step did is folded
//! into the state in the order it ended; with one in flight that is the order of the plan.

mod references;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use serde::{Deserialize, Serialize};

pub use self::report::{CycleEvent, CycleReport, ReferenceEvent};
use self::report::{passed, staged};
use super::connection::{self, Connection};
use super::connector::{Connector, Effect, Intent, Kind, ObjectTask};
use super::cycle::{CycleKind, Plan};
use super::failure::{INVALID_CREDENTIALS, ObjectFailure};

use super::mapping::ObjectMapping;
use super::pace::in_flight;
use super::scope::Scope;
use super::state::{Escrows, GroupLink, Links, ObjectKey, Quarantine, QuarantineReason, UserLink};
use crate::directory::{Directory, GroupIndex, UserIndex, UserState};
use crate::profile::{EntraSettings, ProbeMoment};

/// What a restart clears. Names are Graph's `resetScope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResetScope {
    /// The next cycle is an initial one; links are kept.
    Watermark,
    /// Individual back-offs.
    Escrows,
    /// The quarantine.
    QuarantineState,
    /// Everything, links included.
    Full,
    /// Lets withheld deletions go.
    ForceDeletes,
}

/// How a job is set up.
#[derive(Debug, Clone)]
pub struct JobSetUp {
    /// The knobs.
    pub settings: EntraSettings,
    /// The user mapping.
    pub user_mapping: ObjectMapping,
    /// The group mapping.
    pub group_mapping: ObjectMapping,
    /// Who is in scope.
    pub scope: Scope,
    /// Random GUIDs of probes follow from it.
    pub seed: u64,
}

/// A provisioning job and all it remembers.
#[derive(Debug, Clone)]
pub struct ProvisioningJob {
    set_up: JobSetUp,
    links: Links,
    escrows: Escrows,
    quarantine: Option<Quarantine>,
    watermark: Option<u64>,
    force_deletes: bool,
    staged: BTreeSet<ObjectKey>,
    probes_sent: u64,
    gone: BTreeMap<ObjectKey, String>,
    released: BTreeSet<String>,
}

/// Asked between two steps; true stops the cycle.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Send + Sync);

impl ProvisioningJob {
    /// A job that has not run.
    pub fn new(set_up: JobSetUp) -> Self {
        Self {
            set_up,
            links: Links::default(),
            escrows: Escrows::default(),
            quarantine: None,
            watermark: None,
            force_deletes: false,
            staged: BTreeSet::new(),
            probes_sent: 0,
            gone: BTreeMap::new(),
            released: BTreeSet::new(),
        }
    }

    /// How the job is set up.
    pub fn set_up(&self) -> &JobSetUp {
        &self.set_up
    }

    /// Changes the scope, as an admin does on the provisioning page: an initial cycle follows.
    pub fn change_scope(&mut self, scope: Scope) {
        self.set_up.scope = scope;
        self.watermark = None;
    }

    /// The link table.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Objects that the job deleted, with the ids they had.
    pub fn gone(&self) -> &BTreeMap<ObjectKey, String> {
        &self.gone
    }

    /// Ids that the job let go of without deleting them, as Entra does.
    pub fn released(&self) -> &BTreeSet<String> {
        &self.released
    }

    /// Objects in escrow.
    pub fn escrows(&self) -> &Escrows {
        &self.escrows
    }

    /// The quarantine, while the job is in one.
    pub fn quarantine(&self) -> Option<&Quarantine> {
        self.quarantine.as_ref()
    }

    /// Clears what a restart clears.
    pub fn restart(&mut self, scope: ResetScope) {
        match scope {
            ResetScope::Watermark => self.watermark = None,
            ResetScope::Escrows => self.escrows.clear(),
            ResetScope::QuarantineState => self.quarantine = None,
            ResetScope::ForceDeletes => {
                self.force_deletes = true;
                self.quarantine = None;
            }
            ResetScope::Full => {
                self.links = Links::default();
                self.escrows.clear();
                self.quarantine = None;
                self.watermark = None;
            }
        }
    }

    /// Runs one cycle. Nothing in it fails: what goes wrong is in the report and in the state.
    pub async fn run_cycle(
        &mut self,
        connector: &Connector,
        directory: &Directory,
        kind: &CycleKind,
        stop: Stop<'_>,
    ) -> CycleReport {
        let mut report = CycleReport::default();
        let now = directory.clock_minutes();
        if let Some(reason) = self.rests(now) {
            report.rested = Some(reason);
            return report;
        }
        let version = directory.version();
        let (users, groups) = self.due(directory, kind, now);
        report.imported = (users.len() + groups.len()) as u64;
        let has_work = report.imported > 0 || self.quarantine.is_some();
        if !self.probe(connector, has_work, now, &mut report).await {
            return report;
        }
        self.stage_deletions(directory, &users, &groups, &mut report);
        self.users(connector, directory, &users, stop, &mut report).await;
        self.groups(connector, directory, &groups, stop, &mut report).await;
        self.managers(connector, directory, &users, stop, &mut report).await;
        self.members(connector, directory, &groups, stop, &mut report).await;
        report.escrowed = self.escrows.len() as u64;
        report.was_interrupted = stop();
        if !report.was_interrupted && !matches!(kind, CycleKind::OnDemand { .. }) {
            self.watermark = Some(version);
        }
        self.weigh(now, &mut report);
        self.force_deletes = false;
        report
    }

    /// Whether the job rests: in quarantine and not due, or disabled.
    fn rests(&mut self, now: u64) -> Option<String> {
        let quarantine = self.quarantine.as_mut()?;
        if quarantine.is_disabled(now) {
            return Some("the job is disabled after four weeks in quarantine".to_owned());
        }
        if quarantine.reason == QuarantineReason::TooManyDeletes {
            return Some("withheld deletions wait for the admin (ForceDeletes)".to_owned());
        }
        if now < quarantine.next_attempt_minutes() {
            let due = quarantine.next_attempt_minutes();
            return Some(format!("in quarantine; the next attempt is due at minute {due}"));
        }
        quarantine.attempts += 1;
        None
    }

    fn due(
        &mut self,
        directory: &Directory,
        kind: &CycleKind,
        now: u64,
    ) -> (Vec<UserIndex>, Vec<GroupIndex>) {
        let mut users: BTreeSet<UserIndex> = BTreeSet::new();
        let mut groups: BTreeSet<GroupIndex> = BTreeSet::new();
        match (kind, self.watermark) {
            (CycleKind::OnDemand { users: some, groups: others }, _) => {
                return (some.clone(), others.clone());
            }
            (CycleKind::Incremental, Some(version)) => {
                users.extend(directory.users_changed_since(version));
                groups.extend(directory.groups_changed_since(version));
            }
            (CycleKind::Initial, _) | (CycleKind::Incremental, None) => {
                users.extend(0..directory.user_count());
                groups.extend(0..directory.group_count());
            }
        }
        let staged = std::mem::take(&mut self.staged);
        for key in self.escrows.due(now).into_iter().chain(staged) {
            match key.kind {
                Kind::User => users.insert(key.index),
                Kind::Group => groups.insert(key.index),
            };
        }
        if !self.set_up.settings.provision_groups {
            groups.clear();
        }
        (users.into_iter().collect(), groups.into_iter().collect())
    }

    /// The look-up at the start of any activity. False ends the cycle.
    async fn probe(
        &mut self,
        connector: &Connector,
        has_work: bool,
        now: u64,
        report: &mut CycleReport,
    ) -> bool {
        let wanted = match self.set_up.settings.probe {
            ProbeMoment::Always => true,
            ProbeMoment::OnlyWhenWork => has_work,
            ProbeMoment::Never => false,
        };
        if !wanted {
            return true;
        }
        let requests = self.probe_requests(connector);
        match connection::test_connection(&connector.tenant, requests).await {
            Connection::Success { .. } => {
                let leaves = self.quarantine.as_ref().is_some_and(|quarantine| {
                    quarantine.reason == QuarantineReason::EncounteredQuarantineException
                });
                if leaves {
                    self.quarantine = None;
                }
                true
            }
            Connection::Failed { evidence, is_passing: true, .. } => {
                report.rested = Some(format!("{evidence}; the next cycle tries again"));
                false
            }
            Connection::Failed { code, message, evidence, .. } => {
                let text = format!("{code}: {message} ({evidence})");
                self.enter(QuarantineReason::EncounteredQuarantineException, text, now, report);
                false
            }
        }
    }

    /// The probes of Test Connection, each time with fresh GUIDs.
    pub fn probe_requests(&mut self, connector: &Connector) -> Vec<crate::exchange::Request> {
        let settings = &self.set_up.settings;
        let user = settings.match_user.first().map_or("userName", String::as_str);
        let group = settings.match_group.first().map_or("displayName", String::as_str);
        let wants_group = settings.probe_groups && settings.provision_groups;
        self.probes_sent += 1;
        let (seed, nth) = (self.set_up.seed, self.probes_sent);
        let guid = move |salt: u64| super::guid(seed, nth * 16 + salt);
        connection::probes(&connector.wire, user, wants_group.then_some(group), &guid)
    }

    /// The accidental-deletion guard: counts before anything is sent.
    fn stage_deletions(
        &mut self,
        directory: &Directory,
        users: &[UserIndex],
        groups: &[GroupIndex],
        report: &mut CycleReport,
    ) {
        let Some(threshold) = self.set_up.settings.delete_threshold else { return };
        if self.force_deletes {
            return;
        }
        let plan = plan(&self.set_up, directory);
        let goes = |task: Option<ObjectTask>| {
            task.is_some_and(|task| match task.intent {
                Intent::Delete | Intent::Disable => true,
                Intent::Provision => task
                    .update
                    .iter()
                    .any(|value| value.target.is("active") && value.value == false),
            })
        };
        let links = &self.links;
        let users = users.iter().filter(|index| {
            let link = links.users.get(index);
            link.is_some_and(|link| link.is_active) && goes(plan.user(**index, link).task)
        });
        let groups =
            groups.iter().filter(|index| goes(plan.group(**index, links.groups.get(index)).task));
        let count = (users.count() + groups.count()) as u64;
        if count > threshold {
            let text = format!("{count} deletions in one cycle, the threshold is {threshold}.");
            let now = directory.clock_minutes();
            self.enter(QuarantineReason::TooManyDeletes, text, now, report);
        }
    }

    fn withholds_deletions(&self) -> bool {
        let reason = self.quarantine.as_ref().map(|quarantine| quarantine.reason);
        reason == Some(QuarantineReason::TooManyDeletes)
    }

    async fn users(
        &mut self,
        connector: &Connector,
        directory: &Directory,
        due: &[UserIndex],
        stop: Stop<'_>,
        report: &mut CycleReport,
    ) {
        let set_up = self.set_up.clone();
        let plan = plan(&set_up, directory);
        let withheld = self.withholds_deletions();
        let links = self.links.users.clone();
        let mut quiet = Vec::new();
        let tasks = due.iter().take_while(|_| !stop()).filter_map(|index| {
            let planned = plan.user(*index, links.get(index));
            report.entitled += u64::from(planned.decision.in_scope);
            let scope = planned.decision.reason.to_string();
            let in_scope = planned.decision.in_scope;
            match planned.task {
                Some(task) if withheld && task.intent != Intent::Provision => {
                    quiet.push((*index, in_scope, staged(Kind::User, *index, scope)));
                    None
                }
                Some(task) => Some(hold(connector, task, scope, in_scope)),
                None => {
                    quiet.push((*index, in_scope, passed(Kind::User, *index, scope)));
                    None
                }
            }
        });
        let mut ended = Vec::new();
        in_flight(set_up.settings.concurrency, tasks, |event| ended.push(event)).await;
        for (index, in_scope, event) in quiet {
            match event.is_staged {
                true => {
                    self.staged.insert(event.key);
                }
                false => self.user_passed(index, in_scope, directory),
            }
            report.events.push(event);
        }
        for (event, in_scope) in ended {
            self.fold_user(event, in_scope, directory, report);
        }
    }

    /// A user with nothing to send still leaves the job's care when it is out of scope or gone.
    fn user_passed(&mut self, index: UserIndex, in_scope: bool, directory: &Directory) {
        self.escrows.settled(ObjectKey { kind: Kind::User, index });
        match directory.user(index).state {
            UserState::HardDeleted => {
                self.released.extend(self.links.users.remove(&index).map(|link| link.id));
            }
            UserState::Enabled | UserState::Disabled if !in_scope => {
                if let Some(link) = self.links.users.get_mut(&index) {
                    link.is_managed = false;
                }
            }
            _ => {}
        }
    }

    fn fold_user(
        &mut self,
        event: CycleEvent,
        in_scope: bool,
        directory: &Directory,
        report: &mut CycleReport,
    ) {
        let Some(done) = &event.done else { return };
        let index = event.key.index;
        report.attempts += 1;
        report.exports += done.exports;
        let state = directory.user(index).state;
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
                self.links.users.insert(index, link);
            }
            None if done.outcome.is_ok() => {
                let link = self.links.users.remove(&index);
                self.gone.extend(link.map(|link| (event.key, link.id)));
            }
            None => {}
        }
        self.settle(event, directory.clock_minutes(), report);
    }

    async fn groups(
        &mut self,
        connector: &Connector,
        directory: &Directory,
        due: &[GroupIndex],
        stop: Stop<'_>,
        report: &mut CycleReport,
    ) {
        let set_up = self.set_up.clone();
        let plan = plan(&set_up, directory);
        let withheld = self.withholds_deletions();
        let links = self.links.groups.clone();
        // A group created anew is deleted under its old link first and then provisioned without.
        let mut anew = Vec::new();
        for pass in 0..2 {
            let indices = if pass == 0 { due.to_vec() } else { std::mem::take(&mut anew) };
            let mut quiet = Vec::new();
            let tasks = indices.iter().take_while(|_| !stop()).filter_map(|index| {
                let link = if pass == 0 { links.get(index) } else { None };
                let planned = plan.group(*index, link);
                report.entitled += u64::from(planned.decision.in_scope && pass == 0);
                let scope = planned.decision.reason.to_string();
                let in_scope = planned.decision.in_scope;
                match planned.task {
                    Some(task) if withheld && task.intent == Intent::Delete => {
                        quiet.push(staged(Kind::Group, *index, scope));
                        None
                    }
                    Some(task) => Some(hold(connector, task, scope, in_scope)),
                    None => {
                        quiet.push(passed(Kind::Group, *index, scope));
                        None
                    }
                }
            });
            let mut ended = Vec::new();
            in_flight(set_up.settings.concurrency, tasks, |event| ended.push(event)).await;
            for event in quiet {
                match event.is_staged {
                    true => {
                        self.staged.insert(event.key);
                    }
                    false => self.escrows.settled(event.key),
                }
                report.events.push(event);
            }
            for (event, in_scope) in ended {
                let was_deleted =
                    event.done.as_ref().is_some_and(|done| done.outcome == Ok(Effect::Deleted));
                if was_deleted && in_scope && pass == 0 {
                    anew.push(event.key.index);
                }
                self.fold_group(event, directory, report);
            }
        }
    }

    fn fold_group(&mut self, event: CycleEvent, directory: &Directory, report: &mut CycleReport) {
        let Some(done) = &event.done else { return };
        let index = event.key.index;
        report.attempts += 1;
        report.exports += done.exports;
        match &done.link {
            Some(id) => {
                let object_id = directory.group(index).object_id;
                let link = self.links.groups.entry(index).or_insert_with(|| GroupLink {
                    id: id.clone(),
                    object_id,
                    members: BTreeSet::new(),
                });
                link.id.clone_from(id);
            }
            None if done.outcome.is_ok() => {
                let link = self.links.groups.remove(&index);
                self.gone.extend(link.map(|link| (event.key, link.id)));
            }
            None => {}
        }
        self.settle(event, directory.clock_minutes(), report);
    }

    /// Counts an object's end, escrows a failure, and notes the event.
    fn settle(&mut self, event: CycleEvent, now: u64, report: &mut CycleReport) {
        match event.done.as_ref().map(|done| &done.outcome) {
            Some(Err(failure)) => {
                report.failures += 1;
                self.escrows.failed(event.key, failure.clone(), now);
                self.stop_job(failure, now, report);
            }
            Some(Ok(effect)) => {
                report.exported += u64::from(*effect != Effect::Unchanged);
                self.escrows.settled(event.key);
            }
            None => {}
        }
        report.events.push(event);
    }

    fn stop_job(&mut self, failure: &ObjectFailure, now: u64, report: &mut CycleReport) {
        if failure.stops_job && self.quarantine.is_none() {
            let text = format!("{INVALID_CREDENTIALS}: {}", failure.message);
            self.enter(QuarantineReason::EncounteredQuarantineException, text, now, report);
        }
    }

    /// The counting rules of quarantine.
    fn weigh(&mut self, now: u64, report: &mut CycleReport) {
        let settings = &self.set_up.settings;
        let (failures, references) = (report.failures, report.reference_failures);
        if failures + references < settings.quarantine_failures_min {
            return;
        }
        let percent = settings.quarantine_failures_percent;
        let reason = if failures > settings.quarantine_failures_max {
            QuarantineReason::EncounteredBaseEscrowThreshold
        } else if failures + references > settings.quarantine_total_max {
            QuarantineReason::EncounteredTotalEscrowThreshold
        } else if failures * 100 > percent * report.attempts {
            QuarantineReason::EncounteredEscrowProportionThreshold
        } else {
            return;
        };
        let text = format!(
            "{failures} of {} objects and {references} references failed in one cycle.",
            report.attempts
        );
        self.enter(reason, text, now, report);
    }

    fn enter(
        &mut self,
        reason: QuarantineReason,
        message: String,
        now: u64,
        report: &mut CycleReport,
    ) {
        match &mut self.quarantine {
            Some(known) if known.reason == reason => known.message = message,
            place => {
                let began = Quarantine { reason, message, began_minutes: now, attempts: 0 };
                report.entered_quarantine = Some(began.clone());
                *place = Some(began);
            }
        }
    }
}

fn plan<'a>(set_up: &'a JobSetUp, directory: &'a Directory) -> Plan<'a> {
    Plan {
        directory,
        scope: &set_up.scope,
        user_mapping: &set_up.user_mapping,
        group_mapping: &set_up.group_mapping,
        settings: &set_up.settings,
    }
}

fn hold(
    connector: &Connector,
    task: ObjectTask,
    scope: String,
    in_scope: bool,
) -> impl Future<Output = (CycleEvent, bool)> + Send + 'static {
    let connector = connector.clone();
    async move {
        let key = ObjectKey { kind: task.kind, index: task.index };
        let done = Some(connector.converse(task).await);
        (CycleEvent { key, done, reference: None, scope, is_staged: false }, in_scope)
    }
}
