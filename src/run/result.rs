//! What a run is once it is over: all that a report may see.
//!
//! Plain data, written to and read from `report.json` with stable names. Nothing in here can hold
//! the Secret Token; texts from a tenant are kept as they came and escaped where they are shown.

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

pub use crate::metrics::{OperationMetrics, Percentiles};
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

/// One performance expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpectationResult {
    /// The key in the file: `requests-per-second-min`.
    pub name: String,
    /// The bound.
    pub expected: f64,
    /// The measurement.
    pub actual: f64,
    /// Whether it held.
    pub held: bool,
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

/// A load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LoadResult {
    /// Users of the population that are in scope.
    pub users: u64,
    /// Groups of the population that are in scope.
    pub groups: u64,
    /// Members of each group.
    pub members_per_group: u64,
    /// Memberships that the tenant took and was not asked to end again.
    pub memberships: u64,
    /// Requests in flight at once.
    pub concurrency: u64,
    /// The model of load: `closed`, `rate`, `guideline`, `entra`.
    pub pace: String,
    /// Requests a second that were asked for, where a rate was set.
    pub rate: Option<f64>,
    /// Requests sent by the cycle, without the checking afterwards.
    pub requests: u64,
    /// Users, groups and memberships that arrived.
    pub objects: u64,
    /// How long the cycle took, in seconds.
    pub seconds: f64,
    /// Requests a second.
    pub requests_per_second: f64,
    /// Objects a second.
    pub objects_per_second: f64,
    /// Seconds of each phase: users, groups, references.
    pub phases: Vec<PhaseResult>,
    /// Measurements of each operation.
    pub operations: Vec<OperationMetrics>,
    /// What happened when: slices of equal length, in order, from the load's first request on.
    pub timeline: Vec<Moment>,
    /// How latency grew with what the tenant held.
    pub growth: Vec<Growth>,
    /// The rate the tenant can keep, where it was looked for.
    pub capacity: Option<Capacity>,
    /// What throttling cost.
    pub throttling: ThrottlingResult,
    /// Conversations that failed, and that Entra would have put in escrow.
    pub escrowed: u64,
    /// Why Entra would have put the job in quarantine, in Graph's words; none where it would not.
    pub quarantine: Option<String>,
    /// Each of several repeated loads, where there were any; the figures here are those of the
    /// middle one.
    pub repeats: Vec<RepeatResult>,
    /// Users the tenant holds of this run, counted afterwards.
    pub users_found: u64,
    /// Groups the tenant holds of this run, counted afterwards.
    pub groups_found: u64,
    /// Resources compared attribute by attribute.
    pub compared: u64,
    /// Differences, at most a hundred.
    pub differences: Vec<Difference>,
    /// How many differences there were in all.
    pub differences_total: u64,
    /// Whether the client or the tenant was the bottleneck, in words.
    pub bottleneck: String,
    /// The length of the same initial cycle at Microsoft's published pace, in minutes: fastest
    /// and slowest.
    pub published_minutes: (f64, f64),
    /// Performance expectations.
    pub expectations: Vec<ExpectationResult>,
    /// Words on what happened: how the count was made, why the load ended early.
    pub remarks: Vec<String>,
}

/// One phase of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PhaseResult {
    /// `users`, `groups`, `references`.
    pub phase: String,
    /// When it began, in seconds from the load's first request.
    pub began: f64,
    /// Requests sent.
    pub requests: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// What one of several repeated loads came to, for telling noise from change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RepeatResult {
    /// Requests a second.
    pub requests_per_second: f64,
    /// Objects a second.
    pub objects_per_second: f64,
    /// Latencies of each operation.
    pub latencies: Vec<RepeatLatency>,
}

/// The latency of one operation in one of several repeated loads, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RepeatLatency {
    /// The operation.
    pub operation: String,
    /// Median.
    pub p50: f64,
    /// 99 of 100 are faster.
    pub p99: f64,
}

impl RepeatResult {
    /// The figures of a load that vary from one to the next.
    pub fn of(load: &LoadResult) -> Self {
        let latency = |it: &OperationMetrics| RepeatLatency {
            operation: it.operation.clone(),
            p50: it.latency().p50,
            p99: it.latency().p99,
        };
        Self {
            requests_per_second: load.requests_per_second,
            objects_per_second: load.objects_per_second,
            latencies: load.operations.iter().map(latency).collect(),
        }
    }

    /// A percentile of an operation, `p50` or `p99`, where it was measured.
    pub fn latency(&self, operation: &str, percentile: &str) -> Option<f64> {
        let latency = self.latencies.iter().find(|it| it.operation == operation)?;
        match percentile {
            "p50" => Some(latency.p50),
            "p99" => Some(latency.p99),
            _ => None,
        }
    }
}

/// What a search for the capacity came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Capacity {
    /// The highest rate that held, in requests a second.
    pub held: Option<f64>,
    /// The lowest rate that broke an expectation, in requests a second.
    pub broke: Option<f64>,
    /// Every rate that was tried, in order.
    pub steps: Vec<CapacityStep>,
}

/// One rate that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CapacityStep {
    /// Requests a second asked for.
    pub rate: f64,
    /// Requests a second sent.
    pub achieved: f64,
    /// The 99th percentile of the latency from the due time, in milliseconds.
    pub p99_ms: f64,
    /// The share of requests without success, from 0 to 1.
    pub error_share: f64,
    /// Whether the rate held.
    pub held: bool,
}

/// What throttling cost a load.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ThrottlingResult {
    /// Answers 429, or 503 with `Retry-After`.
    pub answers: u64,
    /// How long nothing was sent because a `Retry-After` was kept, in seconds.
    pub waited_seconds: f64,
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

/// One slice of a load's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Moment {
    /// The phase in which the slice ended.
    pub phase: String,
    /// When the slice began, in seconds from the load's first request.
    pub began: f64,
    /// How long the slice is, in seconds.
    pub seconds: f64,
    /// Requests that were answered in it.
    pub requests: u64,
    /// Users, groups and memberships that arrived in it.
    pub objects: u64,
    /// Requests that got a 4xx, a 5xx or no whole answer.
    pub errors: u64,
    /// Answers 429.
    pub throttled: u64,
    /// Latency of the requests answered in it; from the due time where a rate is set.
    pub latency_ms: Percentiles,
}

/// How the latency of one operation grew with what there was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Growth {
    /// The operation: `match-user`, `create-user`, `add-members`.
    pub operation: String,
    /// What there was more and more of: `users`, `groups` or `members of one group`.
    pub over: String,
    /// Latencies by size, smallest first.
    pub points: Vec<GrowthPoint>,
    /// The exponent of the fitted power of the size; none where there are too few points.
    pub exponent: Option<f64>,
    /// What the exponent means.
    pub verdict: GrowthVerdict,
}

/// Latencies at one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GrowthPoint {
    /// How many there were, in the middle of the measured stretch.
    pub size: u64,
    /// Requests measured there.
    pub count: u64,
    /// Their median, in milliseconds.
    pub p50_ms: f64,
}

/// How a latency grows with the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrowthVerdict {
    /// It does not.
    Constant,
    /// As the logarithm of the size, or a small power of it.
    Logarithmic,
    /// In proportion to the size.
    Linear,
    /// Faster than the size.
    Worse,
    /// Too few sizes, or too far apart from one another, for a verdict.
    CannotTell,
}

impl GrowthVerdict {
    /// The word of reports and of `[expect]`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Logarithmic => "logarithmic",
            Self::Linear => "linear",
            Self::Worse => "worse than linear",
            Self::CannotTell => "cannot tell",
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
