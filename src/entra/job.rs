//! The provisioning job: it keeps what Entra keeps and runs cycles.
//!
//! A cycle is phases: users, groups, then references (managers, members). The steps of one phase do
//! not depend on each other, which is what makes several in flight safe. What a step did is folded
//! into the state in the order it ended; with one in flight that is the order of the plan.

mod guard;
mod objects;
mod references;
mod report;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

pub use self::report::{CycleEvent, CycleReport, Happened, Postponed, ReferenceEvent, SkipReason};
use super::connector::{Connector, Kind};
use super::cycle::{CycleKind, Plan};
use super::failure::ObjectFailure;
use super::mapping::ObjectMapping;
use super::scope::Scope;
use super::state::{Doubt, Escrows, Links, ObjectKey, Quarantine};
use crate::directory::{Directory, GroupIndex, UserIndex, UserState};
use crate::profile::EntraSettings;

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
    released: BTreeMap<String, ObjectKey>,
    doubts: BTreeSet<Doubt>,
}

/// Asked between two steps; true stops the cycle.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// What all phases of one cycle share.
struct Cycle<'a> {
    connector: &'a Connector,
    directory: &'a Directory,
    stop: Stop<'a>,
    /// Whether a failure was met that stops the whole job: nothing more is begun then.
    is_halted: AtomicBool,
    is_on_demand: bool,
}

impl Cycle<'_> {
    fn now(&self) -> u64 {
        self.directory.clock_minutes()
    }

    fn goes_on(&self) -> bool {
        !self.is_halted.load(Ordering::Relaxed) && !(self.stop)()
    }

    /// Looks at a failure the moment it happens: refused credentials would refuse all others too.
    fn notice(&self, failure: Option<&ObjectFailure>) {
        if failure.is_some_and(|failure| failure.stops_job) {
            self.is_halted.store(true, Ordering::Relaxed);
        }
    }
}

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
            released: BTreeMap::new(),
            doubts: BTreeSet::new(),
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

    /// Ids that the job let go of without deleting them, as Entra does, and the objects
    /// they stood for. A full restart lets go of all; an object that is matched again is linked.
    pub fn released(&self) -> &BTreeMap<String, ObjectKey> {
        &self.released
    }

    /// What lost answers leave open.
    pub fn doubts(&self) -> &BTreeSet<Doubt> {
        &self.doubts
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
                let links = std::mem::take(&mut self.links);
                let key = |kind, index| ObjectKey { kind, index };
                let users = links.users.into_iter();
                self.released.extend(users.map(|(at, link)| (link.id, key(Kind::User, at))));
                let groups = links.groups.into_iter();
                self.released.extend(groups.map(|(at, link)| (link.id, key(Kind::Group, at))));
                self.escrows.clear();
                self.quarantine = None;
                self.watermark = None;
                self.staged.clear();
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
        let is_on_demand = matches!(kind, CycleKind::OnDemand { .. });
        if !is_on_demand && let Some(reason) = self.rests(directory.clock_minutes()) {
            report.rested = Some(reason);
            return report;
        }
        // The feature flag has no effect on provision on demand.
        let by_default = is_on_demand.then(|| connector.in_default_dialect());
        let connector = by_default.as_ref().unwrap_or(connector);
        let is_halted = AtomicBool::new(false);
        let cycle = Cycle { connector, directory, stop, is_halted, is_on_demand };
        let (users, groups) = self.due(&cycle, kind, &mut report);
        report.imported = (users.len() + groups.len()) as u64;
        let has_work = report.imported > 0 || self.quarantine.is_some();
        if !self.probe(&cycle, has_work, &mut report).await {
            return report;
        }
        self.stage_deletions(&cycle, &users, &groups, &mut report);
        let leaving = self.users(&cycle, &users, &mut report).await;
        self.groups(&cycle, &groups, &mut report).await;
        self.managers(&cycle, &users, &mut report).await;
        self.members(&cycle, &groups, &mut report).await;
        self.release(&leaving);
        report.was_interrupted = stop();
        if cycle.goes_on() {
            self.settle_references(&users, &groups, &report);
            if !is_on_demand {
                self.watermark = Some(directory.version());
                self.force_deletes = false;
            }
        }
        report.escrowed = self.escrows.len() as u64;
        if !is_on_demand {
            self.weigh(&cycle, &mut report);
        }
        report
    }

    /// Who is looked at: what changed since the watermark, what is due in escrow, what was staged.
    fn due(
        &mut self,
        cycle: &Cycle<'_>,
        kind: &CycleKind,
        report: &mut CycleReport,
    ) -> (Vec<UserIndex>, Vec<GroupIndex>) {
        let directory = cycle.directory;
        let mut users: BTreeSet<UserIndex> = BTreeSet::new();
        let mut groups: BTreeSet<GroupIndex> = BTreeSet::new();
        match (kind, self.watermark) {
            (CycleKind::OnDemand { users: some, groups: others }, _) => {
                // Whoever is disabled or deleted cannot be provisioned on demand.
                let (able, others_users): (Vec<UserIndex>, Vec<UserIndex>) = some
                    .iter()
                    .partition(|index| directory.user_state(**index) == UserState::Enabled);
                let skipped = others_users.into_iter().map(|index| {
                    CycleEvent::skipped(Kind::User, index, None, SkipReason::NotOnDemand)
                });
                report.events.extend(skipped);
                return (able, others.clone());
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
        let staged = self.staged.iter().copied();
        for key in self.escrows.due(cycle.now()).into_iter().chain(staged) {
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
