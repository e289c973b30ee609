//! One sequence of a scenario: a directory, a job and a projection go through the cycles together.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::checks::fold;
use super::cleanup::clean_up;
use super::compare::{ReadBack, compare};
use super::{CycleSummary, KnownFailures, ScenarioOutcome};
use crate::checks::Selection;
use crate::checks::check::Outcome;
use crate::checks::listen::EveryJudge;
use crate::difference::{Comparison, DifferenceKind};
use crate::directory::{Change, Directory, mix_both};
use crate::entra::connection::{self, Connection};
use crate::entra::connector::Connector;
use crate::entra::cycle::{CycleKind, Plan};
use crate::entra::failure::UNRESOLVED_REFERENCE;
use crate::entra::job::{CycleReport, JobSetUp, ProvisioningJob};
use crate::entra::log::{LogContext, LogEntry};
use crate::entra::pace::Pace;
use crate::entra::projection::Projection;
use crate::entra::state::Doubt;
use crate::exchange::{Disturbance, Listener, Operation};
use crate::profile::{LimitationKind, ServerProfile};
use crate::scenario::{CyclePlan, Scenario};
use crate::tenant::embedded::{EmbeddedSettings, EmbeddedTenant};
use crate::tenant::{Tenant, Transport};

/// What one sequence came to.
#[derive(Debug, Default)]
pub struct Sequence {
    /// Whether the tenant held what it should.
    pub outcome: ScenarioOutcome,
    /// One comparison for each cycle that was compared.
    pub comparisons: Vec<Comparison>,
    /// Each cycle's counts.
    pub cycles: Vec<CycleSummary>,
    /// The changes before each cycle that applied, drawn or scripted.
    pub scripts: Vec<Vec<Change>>,
    /// The number of the last exchange before each cycle.
    pub marks: Vec<u64>,
    /// Why it failed apart from differences: quarantine, escrows, Test Connection.
    pub complaints: Vec<Complaint>,
    /// Words on what happened.
    pub remarks: Vec<String>,
    /// The provisioning log's entries, where the sequence is heard.
    pub log: Vec<LogEntry>,
    /// Requests sent, reading back and cleaning up included.
    pub requests: u64,
    /// Why the cycle before did not do its work, where it did not.
    rested: Option<String>,
}

/// Something wrong with a sequence that is no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong, without names and numbers: the same fault has the same kind.
    pub kind: String,
    /// What is wrong, for people.
    pub text: String,
}

/// Plays sequences of one scenario, each behind a door of its own. Cheap to clone.
#[derive(Clone)]
pub struct Player {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The job's set-up.
    pub set_up: Arc<JobSetUp>,
    /// The door this scenario goes through.
    pub tenant: Tenant,
    /// How the embedded tenant is set up, which every sequence has afresh; none where a real one is
    /// under test.
    pub embedded: Option<Arc<EmbeddedSettings>>,
    /// The profile.
    pub profile: Arc<ServerProfile>,
    /// Findings that somebody has taken on.
    pub known_failures: Arc<KnownFailures>,
    /// Turns true when the run is interrupted.
    pub stop: watch::Receiver<bool>,
    /// A command that gets the notification of a quarantine on its standard input.
    pub notify_command: Option<String>,
    /// Whether a sequence ends with the first cycle that goes wrong.
    pub stops_early: bool,
}

/// Everything that moves from cycle to cycle.
struct Moving {
    directory: Directory,
    job: ProvisioningJob,
    projection: Projection,
    connector: Connector,
    began: Timestamp,
}

impl Player {
    /// Whether the tenant is as it should be after a cycle. The `Converged` checks decide, with the
    /// same excuses as everywhere.
    fn verdict(&self, comparison: &Comparison) -> ScenarioOutcome {
        if comparison.differences.is_empty() {
            return ScenarioOutcome::AsExpected;
        }
        let alone = EveryJudge::new(self.tenant.url().to_string(), &self.profile);
        alone.compared(comparison);
        let mut results = fold(&Selection::default(), &self.profile, &alone);
        self.known_failures.excuse(&mut results);
        let any = |outcome| results.iter().any(|result| result.outcome == outcome);
        if any(Outcome::Violation) || any(Outcome::Deviation) {
            ScenarioOutcome::Failed
        } else if any(Outcome::Excused) {
            ScenarioOutcome::Excused
        } else {
            ScenarioOutcome::AsExpected
        }
    }

    /// Whether it makes no sense to go on: interrupted, or the budget has held something back.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow() || self.tenant.is_held_back()
    }

    /// The same player with another scenario.
    pub fn with(&self, scenario: Scenario) -> Self {
        Self { scenario: Arc::new(scenario), ..self.clone() }
    }

    /// The same player, listened to.
    pub fn with_listener(&self, listener: Arc<dyn Listener>) -> Self {
        Self { tenant: self.tenant.with_listener(listener), ..self.clone() }
    }

    /// Plays one sequence of the scenario and cleans up after it; `attempt` gives the objects names
    /// of their own. Only a sequence that is `heard` keeps the provisioning log and notifies.
    pub async fn play(&self, run: u32, attempt: u32, is_heard: bool) -> Sequence {
        let tenant = self.tenant_of(run, attempt);
        let mut moving = self.begin(&tenant, run, attempt);
        let mut sequence = Sequence::default();
        for (index, cycle) in self.scenario.cycles.iter().enumerate() {
            if self.is_stopped() {
                break;
            }
            self.advance_clock(cycle, &mut moving.directory);
            let mut changes = self.scenario.changes_before(run, index, &moving.directory);
            changes.retain(|change| moving.directory.apply(change));
            sequence.scripts.push(changes);
            sequence.marks.push(tenant.last_number());
            self.cycle(index, cycle, &mut moving, &mut sequence, is_heard).await;
            if self.stops_early && sequence.has_failed() {
                break;
            }
        }
        self.weigh_escrows(&moving.job, &mut sequence);
        // A quarantine has been told of; a cycle before the last one has been made up for.
        if let Some(why) = sequence.rested.take()
            && moving.job.quarantine().is_none()
        {
            sequence.complain("rested", format!("the last cycle did not do its work: {why}"));
        }
        clean_up(&tenant, self.set_up.settings.concurrency).await;
        sequence.requests = tenant.passed();
        self.tenant.take_back(&tenant);
        sequence
    }

    /// A door for one sequence; behind it is an embedded tenant of its own, or the real one.
    fn tenant_of(&self, run: u32, attempt: u32) -> Tenant {
        let apart = self.tenant.apart();
        let Some(settings) = self.embedded_for(run, attempt) else { return apart };
        let embedded = EmbeddedTenant::new(settings);
        apart.with_transport(Transport::InProcess(embedded.router()))
    }

    /// How the embedded tenant of one sequence is set up; none where a real one is under test.
    pub fn embedded_for(&self, run: u32, attempt: u32) -> Option<EmbeddedSettings> {
        let settings = self.embedded.as_deref()?;
        // Ids follow from the seed: those of one tenant come back on no other of the run.
        let of_scenario =
            self.scenario.name.bytes().fold(settings.seed, |seed, it| mix_both(seed, it.into()));
        let seed = mix_both(mix_both(of_scenario, u64::from(run)), u64::from(attempt));
        Some(EmbeddedSettings { seed, ..settings.clone() })
    }

    fn begin(&self, tenant: &Tenant, run: u32, attempt: u32) -> Moving {
        let mut connector = Connector::new(tenant.clone(), self.set_up.settings.clone());
        let pace = |rate| Arc::new(Pace::new(rate, tenant.began()));
        connector.pace = self.scenario.pace.rate.map(pace);
        let seed = self.scenario.seed_of(run).wrapping_add(u64::from(attempt) << 40);
        let set_up = JobSetUp { seed, ..(*self.set_up).clone() };
        Moving {
            directory: Directory::new(self.scenario.population_of(run, attempt)),
            job: ProvisioningJob::new(set_up),
            projection: Projection::default(),
            connector,
            began: Timestamp::now(),
        }
    }

    fn advance_clock(&self, cycle: &CyclePlan, directory: &mut Directory) {
        let interval = u64::from(self.set_up.settings.cycle_interval_minutes);
        match cycle {
            CyclePlan::Incremental { advance_minutes, .. }
            | CyclePlan::Restart { advance_minutes, .. } => {
                directory.advance_minutes(advance_minutes.unwrap_or(interval));
            }
            CyclePlan::TestConnection
            | CyclePlan::Initial { .. }
            | CyclePlan::ProvisionOnDemand { .. } => {}
        }
    }

    async fn cycle(
        &self,
        index: usize,
        cycle: &CyclePlan,
        moving: &mut Moving,
        sequence: &mut Sequence,
        is_heard: bool,
    ) {
        let (name, kind) = match cycle {
            CyclePlan::TestConnection => {
                let requests = moving.job.probe_requests(&moving.connector);
                let connection = connection::test_connection(&moving.connector, requests).await;
                match connection {
                    Connection::Success { remark } => sequence.remarks.extend(remark),
                    Connection::Failed { code, message, evidence, .. } => {
                        sequence.complain(code, format!("{code}: {message} ({evidence})"));
                    }
                }
                return;
            }
            CyclePlan::Initial { .. } => ("initial".to_owned(), CycleKind::Initial),
            CyclePlan::Incremental { .. } => ("incremental".to_owned(), CycleKind::Incremental),
            CyclePlan::Restart { reset_scope, .. } => {
                for scope in reset_scope {
                    moving.job.restart(*scope);
                    moving.projection.restart(*scope);
                }
                (format!("restart {reset_scope:?}"), CycleKind::Incremental)
            }
            CyclePlan::ProvisionOnDemand { users, groups, .. } => {
                let kind = CycleKind::OnDemand { users: users.clone(), groups: groups.clone() };
                ("provision on demand".to_owned(), kind)
            }
        };
        let connector = disturbed(&moving.connector, sequence.scripts.last());
        let sent = connector.tenant.passed();
        let stop = || self.is_stopped();
        let report = moving.job.run_cycle(&connector, &moving.directory, &kind, &stop).await;
        let requests = connector.tenant.passed() - sent;
        sequence.cycles.push(summary(name, &report, &moving.job, requests));
        if is_heard {
            sequence.log.extend(self.log(index, &report, moving));
        }
        self.tell_quarantine(&report, sequence, is_heard).await;
        let did_it_all =
            report.rested.is_none() && moving.job.quarantine().is_none() && !report.was_interrupted;
        if did_it_all {
            let plan = plan(&self.set_up, &moving.directory);
            moving.projection.advance(&plan, &kind, &report.postponed());
            if self.set_up.settings.verify_after_write {
                let comparison = self.compare(moving).await;
                // What was not read says nothing of the tenant.
                if self.is_stopped() {
                    return;
                }
                let outcome = self.verdict(&comparison);
                sequence.outcome = sequence.outcome.max(outcome);
                sequence.comparisons.push(comparison);
            }
        }
        sequence.rested.clone_from(&report.rested);
        sequence.remarks.extend(report.rested);
    }

    async fn compare(&self, moving: &Moving) -> Comparison {
        let window = match self.tenant.client() {
            Some(_) => Duration::from_secs(2),
            None => Duration::ZERO,
        };
        let documented = match self.profile.limitation(LimitationKind::GroupRename) {
            Some(_) => vec![DifferenceKind::GroupName, DifferenceKind::SecondGroup],
            None => Vec::new(),
        };
        let concurrency = self.set_up.settings.concurrency;
        let settings = ReadBack { concurrency, window, documented };
        compare(&moving.connector, &moving.job, &moving.projection, &settings).await
    }

    fn log(&self, index: usize, report: &CycleReport, moving: &Moving) -> Vec<LogEntry> {
        let minutes = i64::try_from(moving.directory.clock_minutes()).unwrap_or(i64::MAX / 120);
        let context = LogContext {
            seed: moving.job.set_up().seed,
            target: self.profile.title.clone(),
            cycle: index as u64 + 1,
            at: moving
                .began
                .checked_add(jiff::SignedDuration::from_secs(minutes.saturating_mul(60)))
                .unwrap_or(moving.began),
        };
        context.entries(&report.events, &moving.job, &moving.directory)
    }

    /// A quarantine is what the scenario expects, or a failure; either way the admin is told.
    async fn tell_quarantine(&self, report: &CycleReport, sequence: &mut Sequence, is_heard: bool) {
        let Some(quarantine) = &report.entered_quarantine else { return };
        let reason = format!("{:?}", quarantine.reason);
        let text = self.tenant.scrubber()(&quarantine.notification());
        if self.scenario.expect.quarantine.as_deref() != Some(reason.as_str()) {
            sequence.complain(&format!("quarantine {reason}"), text.clone());
        }
        sequence.remarks.push(format!("notification: {text}"));
        if is_heard
            && let Some(command) = &self.notify_command
            && let Err(why) = super::notify::notify(command, &text).await
        {
            sequence.remarks.push(why);
        }
    }

    /// What is in escrow at the end is a failure, unless the profile documents why, or a lost
    /// answer explains it.
    fn weigh_escrows(&self, job: &ProvisioningJob, sequence: &mut Sequence) {
        let documented = self.profile.limitation(LimitationKind::GroupRename).is_some();
        let is_any_lost = job.doubts().iter().any(|doubt| matches!(doubt, Doubt::Creation(_)));
        let mut left = Vec::new();
        for (key, escrow) in job.escrows().iter() {
            let failure = &escrow.failure;
            // Whoever was not made known cannot be referred to either.
            if is_any_lost && failure.code == UNRESOLVED_REFERENCE {
                continue;
            }
            let kind = format!("{} {} ({})", failure.operation, failure.status, failure.code);
            if documented && failure.operation == Operation::RenameGroup {
                sequence.remarks.push(format!("in escrow, as documented: {key}: {kind}"));
            } else if !job.doubts().contains(&Doubt::Creation(*key)) {
                left.push((key, kind));
            }
        }
        if left.len() as u64 > self.scenario.expect.escrowed_max {
            let texts: Vec<_> =
                left.iter().take(5).map(|(key, kind)| format!("{key}: {kind}")).collect();
            let text = format!("{} objects are in escrow: {}", left.len(), texts.join("; "));
            sequence.complain(&left[0].1, self.tenant.scrubber()(&text));
        }
    }
}

impl Sequence {
    /// Whether anything went wrong that nothing excuses.
    pub fn has_failed(&self) -> bool {
        self.outcome == ScenarioOutcome::Failed
    }

    /// What the first cycle that went wrong showed, without names and numbers: two sequences with
    /// something in common here may well have one cause.
    pub fn signature(&self) -> BTreeSet<String> {
        let first = self.comparisons.iter().find(|it| !it.differences.is_empty());
        let differences = first.into_iter().flat_map(|it| &it.differences).map(|it| {
            let kind = it.kind.name();
            it.attribute.as_ref().map_or_else(|| kind.clone(), |name| format!("{kind} {name}"))
        });
        differences.chain(self.complaints.iter().map(|it| it.kind.clone())).collect()
    }

    fn complain(&mut self, kind: &str, text: String) {
        self.outcome = ScenarioOutcome::Failed;
        self.complaints.push(Complaint { kind: kind.to_owned(), text });
    }
}

/// The connector of a cycle whose changes disturb some of its requests.
fn disturbed(connector: &Connector, changes: Option<&Vec<Change>>) -> Connector {
    let disturbances: Vec<(u64, Disturbance)> = changes
        .into_iter()
        .flatten()
        .filter_map(|change| match change {
            Change::Disturb { request, by } => Some((*request, *by)),
            _ => None,
        })
        .collect();
    if disturbances.is_empty() {
        return connector.clone();
    }
    let tenant = connector.tenant.with_disturbances(disturbances);
    Connector { tenant, ..connector.clone() }
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

fn summary(
    kind: String,
    report: &CycleReport,
    job: &ProvisioningJob,
    requests: u64,
) -> CycleSummary {
    let state = if report.has_failed || report.rested.is_some() {
        "Failed"
    } else if report.failures + report.reference_failures > 0 {
        "EntryLevelErrors"
    } else {
        "Succeeded"
    };
    let status = match job.quarantine() {
        Some(quarantine) => format!("Quarantine ({:?})", quarantine.reason),
        None => "Active".to_owned(),
    };
    CycleSummary {
        kind,
        count_imported: report.imported,
        count_entitled: report.entitled,
        count_exported: report.exported,
        count_exports: report.exports,
        count_escrowed: report.escrowed,
        state: state.to_owned(),
        status,
        requests,
    }
}
