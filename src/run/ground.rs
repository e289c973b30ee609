//! What histories and races stand on: the tenant as it is judged and as it is replayed, what it can
//! do, how long its reads lag, and how the result begins and ends.

use std::sync::Arc;
use std::time::Instant;

use super::checks::{ProbeSettings, find_out};
use super::lag::{self, Lags};
use super::stage::{Stage, dress_of};
use super::{Finding, ScenarioOutcome, ScenarioResult};
use crate::checks::capability::Capabilities;
use crate::checks::listen::EveryJudge;
use crate::metrics::Metrics;
use crate::profile::EntraOverrides;
use crate::scenario::Scenario;
use crate::tenant::Tenant;

/// The ground of one scenario.
pub(super) struct Ground {
    /// The door, with the run's judge.
    pub(super) tenant: Tenant,
    /// The same door for replays, which count for nothing in the run.
    pub(super) quiet: Tenant,
    /// Who judges replays.
    pub(super) replays: Arc<EveryJudge>,
    /// What the tenant can do.
    pub(super) capabilities: Capabilities,
    /// How long writes take to be seen.
    pub(super) lags: Lags,
    metrics: Arc<Metrics>,
    began: Instant,
}

impl Ground {
    /// Finds out what the tenant can do and how long its reads lag.
    pub(super) async fn of(stage: &Stage, scenario: &Scenario) -> Self {
        let began = Instant::now();
        let metrics = Arc::new(Metrics::new());
        let settings = stage.settings(&EntraOverrides::default());
        let tenant = stage.dressed(&settings, scenario.seed).with_listener(metrics.clone());
        let (limits, dress) = dress_of(&settings, stage.timeout, scenario.seed);
        let replays = Arc::new(EveryJudge::new(tenant.url().to_string(), &stage.profile));
        let quiet = stage.unjudged.with_settings(limits, dress).with_listener(metrics.clone());
        let quiet = quiet.with_listener(replays.clone());
        let probing =
            ProbeSettings { stop: stage.stop.clone(), ..ProbeSettings::new(scenario.seed) };
        let capabilities = find_out(&tenant, &probing).await;
        let lags = lag::measure(&tenant, &capabilities, scenario.seed, probing.visibility).await;
        Self { tenant, quiet, replays, capabilities, lags, metrics, began }
    }

    /// What a scenario came to on this ground.
    pub(super) fn result(
        &self,
        stage: &Stage,
        scenario: &Scenario,
        runs: u64,
        findings: Vec<Finding>,
        remarks: Vec<String>,
    ) -> ScenarioResult {
        let dialect = stage.settings(&EntraOverrides::default()).dialect;
        ScenarioResult {
            outcome: outcome(stage, &findings),
            runs,
            requests: self.metrics.totals().requests,
            seconds: self.began.elapsed().as_secs_f64(),
            minimal: findings.first().and_then(|finding| finding.minimal.clone()),
            findings,
            remarks,
            lags: self.lags.results(),
            ..ScenarioResult::blank(scenario, dialect.name())
        }
    }
}

fn outcome(stage: &Stage, findings: &[Finding]) -> ScenarioOutcome {
    match findings {
        _ if stage.is_interrupted() => ScenarioOutcome::Interrupted,
        [_, ..] => ScenarioOutcome::Failed,
        [] if stage.is_stopped() => ScenarioOutcome::CannotTell,
        [] => ScenarioOutcome::AsExpected,
    }
}
