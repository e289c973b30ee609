//! What a run is once it is over: all that a report may see.
//!
//! Plain data, written to and read from `report.json` with stable names. Nothing in here can hold
//! the Secret Token; texts from a tenant are kept as they came and escaped where they are shown.

mod load;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AmbiguityResult, Finding, KnownFailureResult, LagResult, SequenceFailure, TriedOrders,
};
use crate::checks::cause::CauseResult;
use crate::checks::check::{CheckResult, Outcome};
use crate::difference::Difference;
use crate::profile::{Limitation, LimitationKind};
use crate::tenant::Tenant;

pub use self::load::*;
pub use crate::metrics::{
    ExpectationResult, Growth, GrowthPoint, GrowthVerdict, OperationMetrics, Percentiles,
};
pub use crate::snapshot::SnapshotResult;

/// One run of scimrig against one tenant. The top-level keys of `report.json` are its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Run {
    /// The program's name: `scimrig`.
    pub tool: String,
    /// The program's version.
    pub version: String,
    /// The command that made the run, with its options and without secrets.
    pub command: String,
    /// The tenant: its URL without query, or `embedded`.
    pub tenant: String,
    /// The profile's name.
    pub profile: String,
    /// The PATCH dialect's name.
    pub dialect: String,
    /// The seed from which everything drawn follows.
    pub seed: u64,
    /// When the run began.
    pub began: Timestamp,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The verdict over all.
    pub outcome: RunOutcome,
    /// How many checks came out how.
    pub counts: Counts,
    /// Test Connection, where it was part of the run.
    pub connection: Option<ConnectionResult>,
    /// The documented limitations of the profile.
    pub limitations: Vec<Limitation>,
    /// The root causes of violations and deviations, most damaging for Entra first.
    pub causes: Vec<CauseResult>,
    /// The known failures that the run was given, and what became of each.
    pub known_failures: Vec<KnownFailureResult>,
    /// How the tenant reads what the sources leave open, as far as the run met it.
    pub ambiguities: Vec<AmbiguityResult>,
    /// Every check, in the order of the catalogue.
    pub checks: Vec<CheckResult>,
    /// Every scenario, in the order they ran.
    pub scenarios: Vec<ScenarioResult>,
    /// The load, where there was one.
    pub load: Option<LoadResult>,
    /// Measurements of each operation over the whole run.
    pub operations: Vec<OperationMetrics>,
    /// What became of the resources that the run created.
    pub clean_up: CleanUpResult,
    /// How many requests went out, and what the operator allowed.
    #[serde(default)]
    pub requests: RequestCounts,
    /// Words on what the run could not do or what an operator should know.
    pub remarks: Vec<String>,
}

/// The verdict over a whole run. The exit code follows from it and from nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Exit code 0: the tenant conforms, as far as this run can tell.
    Conforms,
    /// Exit code 4: a performance expectation was missed, and nothing else.
    ExpectationMissed,
    /// Exit code 1: violations, a failed scenario, a changed snapshot, or a known failure that
    /// has expired or passes.
    Violations,
    /// Exit code 3: the tenant could not be reached or refused the token.
    Unreachable,
    /// Exit code 130: interrupted; the report holds what was done by then.
    Interrupted,
}

/// How many checks came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Counts {
    /// As asked.
    pub conforms: u64,
    /// MUST broken.
    pub violations: u64,
    /// SHOULD not followed.
    pub deviations: u64,
    /// Legal and worth a word.
    pub notes: u64,
    /// Excused checks.
    pub excused: u64,
    /// Documented limitations that excused at least one check.
    pub excused_limitations: u64,
    /// Excused checks that are known failures.
    pub known_failures: u64,
    /// Excuses the tenant does not need.
    pub stale_excuses: u64,
    /// No verdict possible.
    pub cannot_tell: u64,
    /// A capability is missing.
    pub skipped: u64,
    /// Nothing put it to the test.
    pub not_exercised: u64,
}

impl Counts {
    /// Counts results.
    pub fn of(checks: &[CheckResult]) -> Self {
        let mut counts = Self::default();
        let mut limitations: Vec<LimitationKind> = Vec::new();
        for check in checks {
            let place = match check.outcome {
                Outcome::Conforms => &mut counts.conforms,
                Outcome::Violation => &mut counts.violations,
                Outcome::Deviation => &mut counts.deviations,
                Outcome::Note => &mut counts.notes,
                Outcome::Excused => &mut counts.excused,
                Outcome::StaleExcuse => &mut counts.stale_excuses,
                Outcome::CannotTell => &mut counts.cannot_tell,
                Outcome::Skipped => &mut counts.skipped,
                Outcome::NotExercised => &mut counts.not_exercised,
            };
            *place += 1;
            if check.outcome == Outcome::Excused && check.limitation.is_none() {
                counts.known_failures += 1;
            }
            if let (Outcome::Excused, Some(limitation)) = (check.outcome, check.limitation)
                && !limitations.contains(&limitation)
            {
                limitations.push(limitation);
            }
        }
        counts.excused_limitations = limitations.len() as u64;
        counts
    }
}

/// What Test Connection came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConnectionResult {
    /// Whether Entra would let the admin save.
    pub success: bool,
    /// Entra's error code, where it fails: `CredentialValidationUnavailable`.
    pub code: Option<String>,
    /// The text Entra's portal shows.
    pub message: String,
    /// What the harness saw, in its own words.
    pub evidence: String,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ScenarioResult {
    /// The name: folder and stem, `groups/rename`.
    pub name: String,
    /// The title in the file.
    pub title: String,
    /// The seed it ran with.
    pub seed: u64,
    /// The PATCH dialect it ran with.
    pub dialect: String,
    /// Whether it came out as expected.
    pub outcome: ScenarioOutcome,
    /// How many independent sequences ran.
    pub runs: u64,
    /// Requests sent.
    pub requests: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Each cycle of the last sequence.
    pub cycles: Vec<CycleSummary>,
    /// Differences between projection and tenant, at most a hundred.
    pub differences: Vec<Difference>,
    /// How many differences there were in all.
    pub differences_total: u64,
    /// What the snapshot came to.
    pub snapshot: SnapshotResult,
    /// Performance expectations of the file.
    pub expectations: Vec<ExpectationResult>,
    /// The file of the first failure made short, after a drawn sequence or history failed.
    pub minimal: Option<String>,
    /// What random histories found, each made as short as it gets.
    pub findings: Vec<Finding>,
    /// Failures of drawn sequences, each of another kind; one, unless the run went on after it.
    pub failures: Vec<SequenceFailure>,
    /// Which orders of two changes on one object were tried, where changes were drawn.
    pub orders: Option<TriedOrders>,
    /// How long writes took to be seen, where that was measured.
    pub lags: Vec<LagResult>,
    /// Words on what happened: quarantine, escrows, notification.
    pub remarks: Vec<String>,
}

/// Whether a scenario came out as expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioOutcome {
    /// The tenant holds what it should; the snapshot is as accepted.
    #[default]
    AsExpected,
    /// It differs only in ways the profile documents.
    Excused,
    /// A performance expectation was missed.
    ExpectationMissed,
    /// The snapshot changed.
    SnapshotChanged,
    /// The budget was used up before its end.
    CannotTell,
    /// The tenant does not hold what it should, or a cycle failed.
    Failed,
    /// Stopped before its end.
    Interrupted,
}

/// Counts of one cycle, after Graph's `synchronizationTaskExecution`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CycleSummary {
    /// `initial`, `incremental`, `restart Full`, …
    pub kind: String,
    /// Objects read from the directory.
    pub count_imported: u64,
    /// Objects in scope.
    pub count_entitled: u64,
    /// Objects exported with success.
    pub count_exported: u64,
    /// Requests that changed the tenant.
    pub count_exports: u64,
    /// Objects in escrow after the cycle.
    pub count_escrowed: u64,
    /// `Succeeded`, `Failed`, `EntryLevelErrors`.
    pub state: String,
    /// `Active`, `Quarantine`, …, and the reason.
    pub status: String,
    /// Requests sent in the cycle.
    pub requests: u64,
}

/// How many requests went out, and what the operator allowed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RequestCounts {
    /// Sent, those of the clean-up included.
    pub sent: u64,
    /// Those of the clean-up among them; they are outside the budget.
    pub clean_up: u64,
    /// Not sent because the budget was used up.
    pub held_back: u64,
    /// Answered with 429, or with 503 and `Retry-After`.
    pub throttled: u64,
    /// How long nothing was sent because the tenant had asked for it, in seconds.
    pub throttled_seconds: f64,
    /// The budget of `--max-requests`.
    pub budget: Option<u64>,
    /// The cap of `--rate`, in requests a second.
    pub per_second_max: Option<f64>,
}

impl RequestCounts {
    /// What went through the tenant's door.
    pub fn of(tenant: &Tenant) -> Self {
        let (sent, allowance) = (tenant.sent(), tenant.allowance());
        Self {
            sent: sent.requests,
            clean_up: sent.clean_up,
            held_back: sent.held_back,
            throttled: sent.throttled,
            throttled_seconds: sent.throttled_for.as_secs_f64(),
            budget: allowance.requests_max,
            per_second_max: allowance.per_second_max,
        }
    }
}

/// What became of the resources that the run created.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CleanUpResult {
    /// Created by the run.
    pub created: u64,
    /// Deleted again, by a scenario or by the clean-up.
    pub deleted: u64,
    /// Still there: `/Users/{id}`, at most a hundred.
    pub left: Vec<String>,
}
