//! What holds a job back: the probe, quarantine, and the accidental-deletion guard
//!.

use super::report::CycleReport;
use super::{Cycle, ProvisioningJob, plan};
use crate::directory::{GroupIndex, UserIndex};
use crate::entra::connection::{self, Connection};
use crate::entra::connector::Connector;
use crate::entra::failure::{INVALID_CREDENTIALS, ObjectFailure};
use crate::entra::guid;
use crate::entra::state::{Quarantine, QuarantineReason};
use crate::exchange::Request;
use crate::profile::ProbeMoment;

impl ProvisioningJob {
    /// Whether the job rests: in quarantine and not due, or disabled.
    pub(super) fn rests(&mut self, now: u64) -> Option<String> {
        let quarantine = self.quarantine.as_mut()?;
        if quarantine.is_disabled(now) {
            return Some("the job is disabled after four weeks in quarantine".to_owned());
        }
        if quarantine.reason == QuarantineReason::TooManyDeletes {
            return Some("withheld deletions wait for the admin (ForceDeletes)".to_owned());
        }
        if now < quarantine.next_attempt_minutes {
            let due = quarantine.next_attempt_minutes;
            return Some(format!("in quarantine; the next attempt is due at minute {due}"));
        }
        quarantine.tried(now);
        None
    }

    /// The look-up at the start of any activity. False ends the cycle.
    pub(super) async fn probe(
        &mut self,
        cycle: &Cycle<'_>,
        has_work: bool,
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
        let requests = self.probe_requests(cycle.connector);
        match connection::test_connection(cycle.connector, requests).await {
            Connection::Success { .. } => true,
            Connection::Failed { evidence, is_passing: true, .. } => {
                report.rested = Some(format!("{evidence}; the next cycle tries again"));
                false
            }
            Connection::Failed { code, message, evidence, .. } => {
                let text = format!("{code}: {message} ({evidence})");
                if cycle.is_on_demand {
                    report.rested = Some(text);
                } else {
                    let reason = QuarantineReason::EncounteredQuarantineException;
                    self.enter(reason, text, cycle.now(), report);
                }
                false
            }
        }
    }

    /// The probes of Test Connection, each time with fresh GUIDs.
    pub fn probe_requests(&mut self, connector: &Connector) -> Vec<Request> {
        let settings = &self.set_up.settings;
        let user = settings.match_user.first().map_or("userName", String::as_str);
        let group = settings.match_group.first().map_or("displayName", String::as_str);
        let wants_group = settings.probe_groups && settings.provision_groups;
        self.probes_sent += 1;
        let (seed, nth) = (self.set_up.seed, self.probes_sent);
        let guid = move |salt: u64| guid(seed, nth * 16 + salt);
        connection::probes(&connector.wire, user, wants_group.then_some(group), &guid)
    }

    /// The accidental-deletion guard: counts before anything is sent.
    pub(super) fn stage_deletions(
        &mut self,
        cycle: &Cycle<'_>,
        users: &[UserIndex],
        groups: &[GroupIndex],
        report: &mut CycleReport,
    ) {
        let Some(threshold) = self.set_up.settings.delete_threshold else { return };
        if self.force_deletes || cycle.is_on_demand {
            return;
        }
        let plan = plan(&self.set_up, cycle.directory);
        let links = &self.links;
        let users = users.iter().filter(|index| {
            let link = links.users.get(index);
            let is_active = link.is_some_and(|link| link.is_active);
            plan.user(**index, link).task.is_some_and(|task| task.is_deletion(is_active))
        });
        let groups = groups.iter().filter(|index| {
            let task = plan.group(**index, links.groups.get(index)).task;
            task.is_some_and(|task| task.is_deletion(true))
        });
        let count = (users.count() + groups.count()) as u64;
        if count > threshold {
            let text = format!("{count} deletions in one cycle, the threshold is {threshold}.");
            self.enter(QuarantineReason::TooManyDeletes, text, cycle.now(), report);
        }
    }

    pub(super) fn withholds_deletions(&self) -> bool {
        let reason = self.quarantine.as_ref().map(|quarantine| quarantine.reason);
        reason == Some(QuarantineReason::TooManyDeletes)
    }

    /// Refused credentials in the middle of a cycle quarantine the job at once.
    pub(super) fn stop_job(&mut self, failure: &ObjectFailure, now: u64, report: &mut CycleReport) {
        if failure.stops_job {
            let text = format!("{INVALID_CREDENTIALS}: {}", failure.message);
            self.enter(QuarantineReason::EncounteredQuarantineException, text, now, report);
        }
    }

    /// The counting rules of quarantine. A cycle that meets none of them and was not stopped
    /// ends a quarantine.
    pub(super) fn weigh(&mut self, cycle: &Cycle<'_>, report: &mut CycleReport) {
        let (failures, references) = (report.failures, report.reference_failures);
        let settings = &self.set_up.settings;
        if let Some(reason) =
            QuarantineReason::by_count(settings, failures, references, report.attempts)
        {
            let text = format!(
                "{} of {} objects and {} references failed in one cycle.",
                report.failures, report.attempts, report.reference_failures
            );
            self.enter(reason, text, cycle.now(), report);
        }
        if !report.has_failed && cycle.goes_on() {
            self.quarantine = None;
        }
    }

    /// Enters or prolongs the quarantine; the admin is told again only when the reason changes.
    fn enter(
        &mut self,
        reason: QuarantineReason,
        message: String,
        now: u64,
        report: &mut CycleReport,
    ) {
        report.has_failed = true;
        match &mut self.quarantine {
            Some(known) if known.reason == reason => known.message = message,
            place => {
                let began = Quarantine::new(reason, message, now);
                report.entered_quarantine = Some(began.clone());
                *place = Some(began);
            }
        }
    }
}
