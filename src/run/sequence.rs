//! One sequence of a scenario: a directory, a job and a projection go through the cycles together.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::CycleSummary;
use super::compare::{ReadBack, compare};
use super::stage::Stage;
use crate::difference::{Comparison, DifferenceKind};
use crate::directory::{Change, Directory};
use crate::entra::connection::{self, Connection};
use crate::entra::connector::Connector;
use crate::entra::cycle::{CycleKind, Plan};
use crate::entra::job::{CycleReport, JobSetUp, ProvisioningJob};
use crate::entra::log::LogContext;
use crate::entra::pace::Pace;
use crate::entra::projection::Projection;
use crate::exchange::Operation;
use crate::profile::LimitationKind;
use crate::scenario::{CyclePlan, Scenario};
use crate::tenant::Tenant;

/// What one sequence came to.
#[derive(Debug, Default)]
pub struct Sequence {
    /// One comparison for each cycle that was compared.
    pub comparisons: Vec<Comparison>,
    /// Each cycle's counts.
    pub cycles: Vec<CycleSummary>,
    /// The changes before each cycle that applied, drawn or scripted.
    pub scripts: Vec<Vec<Change>>,
    /// Why it failed apart from differences: quarantine, escrows, Test Connection.
    pub failures: Vec<String>,
    /// Words on what happened.
    pub remarks: Vec<String>,
    /// Why the cycle before did not do its work, where it did not.
    rested: Option<String>,
}

/// Runs sequences of one scenario.
pub struct Player<'a> {
    /// The stage.
    pub stage: &'a Stage,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The job's set-up.
    pub set_up: JobSetUp,
    /// The door this scenario goes through.
    pub tenant: Tenant,
}

/// Everything that moves from cycle to cycle.
struct Moving {
    directory: Directory,
    job: ProvisioningJob,
    projection: Projection,
    connector: Connector,
    before: HashSet<String>,
    began: Timestamp,
}

impl Player<'_> {
    /// Plays one run of the scenario. `scripts` replaces the changes of each cycle; `attempt` gives
    /// the objects names of their own. Only a sequence that is `heard` writes the provisioning log
    /// and is judged.
    pub async fn play(
        &self,
        run: u32,
        attempt: u32,
        scripts: Option<&[Vec<Change>]>,
        is_heard: bool,
    ) -> Sequence {
        let mut moving = self.begin(run, attempt);
        let mut sequence = Sequence::default();
        for (index, cycle) in self.scenario.cycles.iter().enumerate() {
            if self.stage.is_stopped() {
                break;
            }
            self.advance_clock(cycle, &mut moving.directory);
            let drawn = || self.scenario.changes_before(run, index, &moving.directory);
            let mut changes =
                scripts.map_or_else(drawn, |all| all.get(index).cloned().unwrap_or_default());
            changes.retain(|change| moving.directory.apply(change));
            sequence.scripts.push(changes);
            self.cycle(index, cycle, &mut moving, &mut sequence, is_heard).await;
        }
        self.weigh_escrows(&moving.job, &mut sequence);
        // A quarantine has been told of; a cycle before the last one has been made up for.
        if let Some(why) = sequence.rested.take()
            && moving.job.quarantine().is_none()
        {
            sequence.failures.push(format!("the last cycle did not do its work: {why}"));
        }
        sequence
    }

    fn begin(&self, run: u32, attempt: u32) -> Moving {
        let mut connector = Connector::new(self.tenant.clone(), self.set_up.settings.clone());
        let pace = |rate| Arc::new(Pace::new(rate, self.tenant.began()));
        connector.pace = self.scenario.pace.rate.map(pace);
        let seed = self.scenario.seed_of(run).wrapping_add(u64::from(attempt) << 40);
        let set_up = JobSetUp { seed, ..self.set_up.clone() };
        Moving {
            directory: Directory::new(self.scenario.population_of(run, attempt)),
            job: ProvisioningJob::new(set_up),
            projection: Projection::default(),
            connector,
            before: self.tenant.owned().into_iter().map(|owned| owned.id).collect(),
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
                        sequence.failures.push(format!("{code}: {message} ({evidence})"));
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
        let sent = self.tenant.sent().requests;
        let stop = || self.stage.is_stopped();
        let report = moving.job.run_cycle(&moving.connector, &moving.directory, &kind, &stop).await;
        let requests = self.tenant.sent().requests - sent;
        sequence.cycles.push(summary(name, &report, &moving.job, requests));
        if is_heard {
            self.write_log(index, &report, moving);
        }
        self.tell_quarantine(&report, sequence, is_heard).await;
        let did_it_all =
            report.rested.is_none() && moving.job.quarantine().is_none() && !report.was_interrupted;
        if did_it_all {
            moving.projection.advance(&plan(&self.set_up, &moving.directory), &kind);
            if self.set_up.settings.verify_after_write {
                let comparison = self.compare(moving).await;
                // What was not read says nothing of the tenant.
                if !self.stage.is_stopped() {
                    sequence.comparisons.push(comparison);
                }
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
        let documented = match self.stage.profile.limitation(LimitationKind::GroupRename) {
            Some(_) => vec![DifferenceKind::GroupName, DifferenceKind::SecondGroup],
            None => Vec::new(),
        };
        let settings = ReadBack {
            concurrency: self.set_up.settings.concurrency,
            window,
            documented,
            sample: None,
            before: moving.before.clone(),
        };
        compare(&moving.connector, &moving.job, &moving.projection, &settings).await
    }

    fn write_log(&self, index: usize, report: &CycleReport, moving: &Moving) {
        let minutes = i64::try_from(moving.directory.clock_minutes()).unwrap_or(i64::MAX / 120);
        let context = LogContext {
            seed: moving.job.set_up().seed,
            target: self.stage.profile.title.clone(),
            cycle: index as u64 + 1,
            at: moving
                .began
                .checked_add(jiff::SignedDuration::from_secs(minutes.saturating_mul(60)))
                .unwrap_or(moving.began),
        };
        let entries = context.entries(&report.events, &moving.job, &moving.directory);
        self.stage.log.append(&entries, &self.tenant.scrubber());
    }

    /// A quarantine is what the scenario expects, or a failure; either way the admin is told.
    async fn tell_quarantine(&self, report: &CycleReport, sequence: &mut Sequence, is_heard: bool) {
        let Some(quarantine) = &report.entered_quarantine else { return };
        let reason = format!("{:?}", quarantine.reason);
        let text = self.tenant.scrubber()(&quarantine.notification());
        if self.scenario.expect.quarantine.as_deref() != Some(reason.as_str()) {
            sequence.failures.push(text.clone());
        }
        sequence.remarks.push(format!("notification: {text}"));
        if is_heard
            && let Some(command) = &self.stage.notify_command
            && let Err(why) = super::notify::notify(command, &text).await
        {
            sequence.remarks.push(why);
        }
    }

    /// What is in escrow at the end is a failure, unless the profile documents why.
    fn weigh_escrows(&self, job: &ProvisioningJob, sequence: &mut Sequence) {
        let documented = self.stage.profile.limitation(LimitationKind::GroupRename).is_some();
        let mut left = Vec::new();
        for (key, escrow) in job.escrows().iter() {
            let text = format!(
                "{key}: {} {} ({})",
                escrow.failure.operation, escrow.failure.status, escrow.failure.code
            );
            if documented && escrow.failure.operation == Operation::RenameGroup {
                sequence.remarks.push(format!("in escrow, as documented: {text}"));
            } else {
                left.push(text);
            }
        }
        if left.len() as u64 > self.scenario.expect.escrowed_max {
            let count = left.len();
            left.truncate(5);
            let text = format!("{count} objects are in escrow: {}", left.join("; "));
            sequence.failures.push(self.tenant.scrubber()(&text));
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
