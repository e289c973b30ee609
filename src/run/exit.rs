//! The verdict over a whole run, and the exit code that follows from it.
//!
//! [`RunOutcome::of`] is the one place where checks, scenarios, load and Test Connection become a
//! verdict; [`Exit::of`] the one place where a verdict becomes a number.

use std::process::ExitCode;

use super::{ConnectionResult, LoadResult, Run, RunOutcome, ScenarioOutcome, ScenarioResult};
use super::{ExpectationResult, KnownFailureResult, SnapshotResult};
use crate::checks::check::{CheckResult, Outcome};

impl RunOutcome {
    /// Derives the verdict. The first of these wins: interrupted, unreachable, violations, a missed
    /// expectation; what is left conforms.
    pub fn of(
        interrupted: bool,
        connection: Option<&ConnectionResult>,
        checks: &[CheckResult],
        scenarios: &[ScenarioResult],
        load: Option<&LoadResult>,
        known_failures: &[KnownFailureResult],
    ) -> Self {
        if interrupted || scenarios.iter().any(|it| it.outcome == ScenarioOutcome::Interrupted) {
            return Self::Interrupted;
        }
        if connection.is_some_and(ConnectionResult::is_refused) {
            return Self::Unreachable;
        }
        let violated = checks.iter().any(|check| check.outcome == Outcome::Violation)
            || connection.is_some_and(|connection| !connection.success)
            || scenarios.iter().any(ScenarioResult::is_violated)
            || load.is_some_and(|load| !load.arrived())
            || known_failures.iter().any(|known| known.state.fails_the_run());
        if violated {
            return Self::Violations;
        }
        let missed = scenarios.iter().any(ScenarioResult::missed_an_expectation)
            || load.is_some_and(|load| missed(&load.expectations));
        if missed { Self::ExpectationMissed } else { Self::Conforms }
    }
}

impl ConnectionResult {
    /// Whether Entra could not begin: unreachable, refused, or no SCIM endpoint at that URL. Only a
    /// tenant that answers as SCIM and finds somebody for a random GUID is violated instead.
    pub fn is_refused(&self) -> bool {
        let answered = self.code.as_deref().is_some_and(|code| code.contains("MultipleEntries"));
        !self.success && !answered
    }
}

impl ScenarioResult {
    /// Whether the tenant or its snapshot is not as it should be.
    pub fn is_violated(&self) -> bool {
        matches!(self.outcome, ScenarioOutcome::Failed | ScenarioOutcome::SnapshotChanged)
            || matches!(self.snapshot, SnapshotResult::Changed | SnapshotResult::Missing)
    }

    /// Whether a performance expectation of the file was missed.
    pub fn missed_an_expectation(&self) -> bool {
        self.outcome == ScenarioOutcome::ExpectationMissed || missed(&self.expectations)
    }
}

impl LoadResult {
    /// Whether the tenant holds exactly what the load sent, as far as it was compared.
    pub fn arrived(&self) -> bool {
        self.differences_total == 0
            && self.users_found == self.users
            && self.groups_found == self.groups
    }
}

fn missed(expectations: &[ExpectationResult]) -> bool {
    expectations.iter().any(|expectation| !expectation.held)
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// 0: the tenant conforms, or the command did what it was asked.
    Conforms = 0,
    /// 1: violations, a failed scenario, a changed snapshot, or a known failure that has expired or
    /// passes; with `--strict` deviations too.
    Violations = 1,
    /// 2: the command line, a scenario or a profile is wrong.
    BadInput = 2,
    /// 3: the tenant could not be reached or refused the token; Entra would quarantine the job.
    Unreachable = 3,
    /// 4: a performance expectation was missed, and nothing else.
    ExpectationMissed = 4,
    /// 5: the fault is ours.
    OurFault = 5,
    /// 130: interrupted, after the report was written.
    Interrupted = 130,
}

impl Exit {
    /// The end of a finished run. `strict` makes deviations count as violations.
    pub fn of(run: &Run, strict: bool) -> Self {
        let deviates = strict && run.counts.deviations > 0;
        match run.outcome {
            RunOutcome::Interrupted => Self::Interrupted,
            RunOutcome::Unreachable => Self::Unreachable,
            RunOutcome::Violations => Self::Violations,
            RunOutcome::ExpectationMissed | RunOutcome::Conforms if deviates => Self::Violations,
            RunOutcome::ExpectationMissed => Self::ExpectationMissed,
            RunOutcome::Conforms => Self::Conforms,
        }
    }

    /// The number the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    fn outcome(run: &Run) -> RunOutcome {
        let connection = run.connection.as_ref();
        let load = run.load.as_ref();
        let known = &run.known_failures;
        RunOutcome::of(false, connection, &run.checks, &run.scenarios, load, known)
    }

    fn failed(code: Option<&str>) -> ConnectionResult {
        ConnectionResult {
            success: false,
            code: code.map(str::to_owned),
            message: String::new(),
            evidence: String::new(),
        }
    }

    #[test]
    fn a_run_without_faults_conforms_even_with_deviations_and_excuses() {
        let run = sample::conforming();
        assert!(run.counts.excused > 0 && run.counts.deviations > 0);
        assert_eq!(outcome(&run), RunOutcome::Conforms);
    }

    #[test]
    fn a_violation_alone_decides() {
        let mut run = sample::conforming();
        run.checks[0].outcome = Outcome::Violation;
        assert_eq!(outcome(&run), RunOutcome::Violations);
    }

    #[test]
    fn a_known_failure_that_expired_or_passes_fails_the_run() {
        use crate::run::KnownFailureState::{Covered, Excused, Expired, NotJudged, Passes};
        for (state, expected) in [
            (Excused, RunOutcome::Conforms),
            (Covered, RunOutcome::Conforms),
            (NotJudged, RunOutcome::Conforms),
            (Expired, RunOutcome::Violations),
            (Passes, RunOutcome::Violations),
        ] {
            let mut run = sample::conforming();
            run.known_failures = vec![sample::known_failure("delete-204", state)];
            assert_eq!(outcome(&run), expected, "{state:?}");
        }
    }

    #[test]
    fn a_failed_scenario_and_a_changed_or_missing_snapshot_are_violations() {
        for failing in [ScenarioOutcome::Failed, ScenarioOutcome::SnapshotChanged] {
            let mut run = sample::conforming();
            run.scenarios[0].outcome = failing;
            assert_eq!(outcome(&run), RunOutcome::Violations);
        }
        for snapshot in [SnapshotResult::Changed, SnapshotResult::Missing] {
            let mut run = sample::conforming();
            run.scenarios[0].snapshot = snapshot;
            assert_eq!(outcome(&run), RunOutcome::Violations);
        }
        let mut run = sample::conforming();
        run.scenarios[0].snapshot = SnapshotResult::Pending;
        assert_eq!(outcome(&run), RunOutcome::Conforms);
    }

    #[test]
    fn a_load_that_did_not_arrive_is_a_violation() {
        let spoil: [fn(&mut LoadResult); 3] =
            [|it| it.users_found -= 1, |it| it.groups_found += 1, |it| it.differences_total = 1];
        for spoil in spoil {
            let mut run = sample::conforming();
            spoil(run.load.as_mut().unwrap());
            assert_eq!(outcome(&run), RunOutcome::Violations);
        }
    }

    #[test]
    fn a_refused_token_is_unreachable_and_wins_over_violations() {
        let mut run = sample::violating();
        for code in [None, Some("CredentialValidationUnavailable")] {
            run.connection = Some(failed(code));
            assert_eq!(outcome(&run), RunOutcome::Unreachable);
        }
    }

    #[test]
    fn only_a_wrong_hit_of_test_connection_is_a_violation() {
        let mut run = sample::conforming();
        let code = "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse";
        run.connection = Some(failed(Some(code)));
        assert_eq!(outcome(&run), RunOutcome::Violations);
        run.connection =
            Some(failed(Some("SystemForCrossDomainIdentityManagementServiceIncompatible")));
        assert_eq!(outcome(&run), RunOutcome::Unreachable);
    }

    #[test]
    fn a_missed_expectation_counts_only_where_nothing_else_is_wrong() {
        let mut run = sample::conforming();
        run.load.as_mut().unwrap().expectations[0].held = false;
        assert_eq!(outcome(&run), RunOutcome::ExpectationMissed);
        run.checks[0].outcome = Outcome::Violation;
        assert_eq!(outcome(&run), RunOutcome::Violations);
        let mut run = sample::conforming();
        run.scenarios[0].outcome = ScenarioOutcome::ExpectationMissed;
        assert_eq!(outcome(&run), RunOutcome::ExpectationMissed);
    }

    #[test]
    fn an_interruption_wins_over_all() {
        let mut run = sample::violating();
        let all = RunOutcome::of(true, None, &run.checks, &[], None, &[]);
        assert_eq!(all, RunOutcome::Interrupted);
        run.scenarios[0].outcome = ScenarioOutcome::Interrupted;
        assert_eq!(outcome(&run), RunOutcome::Interrupted);
    }

    #[test]
    fn each_verdict_has_its_exit_code() {
        let mut run = sample::conforming();
        for (outcome, lenient, strict) in [
            (RunOutcome::Conforms, 0, 1),
            (RunOutcome::ExpectationMissed, 4, 1),
            (RunOutcome::Violations, 1, 1),
            (RunOutcome::Unreachable, 3, 3),
            (RunOutcome::Interrupted, 130, 130),
        ] {
            run.outcome = outcome;
            let codes = (Exit::of(&run, false).code(), Exit::of(&run, true).code());
            assert_eq!(codes, (lenient, strict), "{outcome:?}");
        }
        run.counts.deviations = 0;
        run.outcome = RunOutcome::Conforms;
        assert_eq!(Exit::of(&run, true).code(), 0);
        assert_eq!((Exit::BadInput.code(), Exit::OurFault.code()), (2, 5));
    }
}
