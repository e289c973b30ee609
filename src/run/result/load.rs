//! What a load comes to: what was asked, what arrived, how fast, and how that changed on the way.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::difference::Difference;
use crate::metrics::{
    ExpectationResult, Growth, Latency, OperationMetrics, Percentiles, PerformanceExpectations,
};

/// A load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LoadResult {
    /// The share of the population: `2/3` is the second of three, `3 shards` all of them merged;
    /// none where the load was not shared.
    pub shard: Option<String>,
    /// When it began, by the clock of its machine.
    pub began: Timestamp,
    /// The whole population, whatever the share of it.
    pub size: LoadSize,
    /// Users of the population that are in scope.
    pub users: u64,
    /// Groups of the population that are in scope.
    pub groups: u64,
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
    /// What had to be reached.
    pub expected: PerformanceExpectations,
    /// What became of that.
    pub expectations: Vec<ExpectationResult>,
    /// Words on what happened: how the count was made, why the load ended early.
    pub remarks: Vec<String>,
}

/// The population of a load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LoadSize {
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Members of each group.
    pub members_per_group: u64,
    /// How many of the groups are large.
    pub large_groups: u64,
    /// Members of each large group.
    pub members_per_large_group: u64,
    /// Members in one PATCH.
    pub members_per_patch: u64,
    /// Incremental cycles after the initial one.
    pub cycles: u64,
    /// The share of users, and of groups, that change before each incremental cycle, in percent.
    pub changed_percent: f64,
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
    /// Measurements of each operation in it.
    pub operations: Vec<OperationMetrics>,
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
    /// Every latency of that.
    pub histogram: Latency,
}
