//! A whole scenario: its sequences, the verdict over them, the snapshot, and the shortest sequence
//! that still fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::history::play_histories;
use super::investigate::{Investigated, investigate};
use super::rounds::play_rounds;
use super::sequence::Player;
use super::sequences::{Folded, play_sequences};
use super::stage::{Stage, dress_of};
use super::{ExpectationResult, ScenarioOutcome, ScenarioResult, SnapshotResult, TriedOrders};
use crate::difference::Difference;
use crate::directory::{ChangeKind, Pairs, possible_pairs};
use crate::entra::mapping::MappingError;
use crate::metrics::{Metrics, Reached, Sizes};
use crate::scenario::{Scenario, SnapshotMode};
use crate::snapshot::{Collector, SnapshotError, SnapshotInfo, SnapshotKind};
use crate::tenant::embedded::{EmbeddedSettings, Faults};

/// Why a scenario cannot be run; never the tenant's doing.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// A mapping of the profile or the scenario is wrong.
    #[error("run the scenario {name}: failed to {source}")]
    Mapping {
        /// The scenario.
        name: String,
        /// What is wrong.
        source: MappingError,
    },
    /// The faults are not the embedded tenant's.
    #[error("run the scenario {name}: [faults]: {why}")]
    Faults {
        /// The scenario.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A snapshot cannot be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// What is left of a failure cannot be written.
    #[error("write {}: {source}", path.display())]
    Minimal {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Runs a scenario and cleans up after it. A scenario with faults runs on the embedded tenant only:
/// nobody can make a real one fail.
pub async fn play(stage: &Stage, scenario: &Scenario) -> Result<ScenarioResult, PlayError> {
    let mut scenario = scenario.clone();
    let own_seed = scenario.seed;
    if let Some(seed) = stage.seed {
        scenario.seed = seed;
        scenario.population.seed = seed;
    }
    if let Some(rounds) = &scenario.concurrency {
        return Box::pin(play_rounds(stage, &scenario, rounds)).await;
    }
    if let Some(history) = &scenario.history {
        return Box::pin(play_histories(stage, &scenario, history)).await;
    }
    let began = Instant::now();
    let collector =
        Arc::new(Collector::new([stage.tenant.url().to_string()], stage.tenant.scrubber()));
    let (player, is_possible) = player(stage, scenario)?;
    if let Some(used_up) = stage.tenant.budget_used_up() {
        return Ok(left_out(&player, ScenarioOutcome::CannotTell, &used_up));
    }
    if !is_possible {
        let why = "left out: its faults can be shown by the embedded tenant only";
        return Ok(left_out(&player, ScenarioOutcome::AsExpected, why));
    }
    let metrics = Arc::new(Metrics::new());
    let sizes = Arc::new(Sizes::new(player.set_up.settings.members_per_patch));
    let player = player.with_listener(metrics.clone()).with_listener(sizes.clone());
    let heard = match player.scenario.expect.snapshot {
        SnapshotMode::Off => player.clone(),
        SnapshotMode::Shape | SnapshotMode::Full => player.with_listener(collector.clone()),
    };
    stage.judge.in_scenario(Some(&player.scenario.name));
    let mut folded = Box::pin(play_sequences(stage, &heard)).await;
    stage.judge.in_scenario(None);
    let mut investigated = Vec::new();
    if player.scenario.is_drawn() {
        for found in &std::mem::take(&mut folded.found) {
            if !stage.is_stopped() {
                investigated.push(Box::pin(investigate(stage, &player, found)).await);
            }
        }
    }
    let measured = Measured { metrics, sizes, took: began.elapsed() };
    let mut result = finish(stage, &player, folded, &collector, &measured, own_seed)?;
    for (nth, failure) in merged(investigated).into_iter().enumerate() {
        result.failures.push(failure.keep(stage, &player.scenario.name, nth)?);
    }
    result.minimal = result.failures.first().map(|failure| failure.minimal.clone());
    Ok(result)
}

/// What was measured on the way.
struct Measured {
    metrics: Arc<Metrics>,
    sizes: Arc<Sizes>,
    took: Duration,
}

/// Who plays the scenario, and whether it can be played: a scenario with faults needs the embedded
/// tenant.
fn player(stage: &Stage, scenario: Scenario) -> Result<(Player, bool), PlayError> {
    let name = || scenario.name.clone();
    let mut set_up = stage
        .job_set_up(&scenario.entra, &scenario.mappings, scenario.scope.clone(), scenario.seed)
        .map_err(|source| PlayError::Mapping { name: name(), source })?;
    set_up.settings.concurrency = scenario.pace.concurrency;
    let faults: Faults = scenario.faults.clone().try_into().map_err(|error: toml::de::Error| {
        PlayError::Faults { name: name(), why: error.message().to_owned() }
    })?;
    let is_faulty = !scenario.faults.is_empty();
    let embedded =
        stage.embedded.clone().map(|settings| Arc::new(EmbeddedSettings { faults, ..settings }));
    let door = if is_faulty { &stage.unjudged } else { &stage.tenant };
    let (limits, dress) = dress_of(&set_up.settings, stage.timeout, scenario.seed);
    let is_possible = embedded.is_some() || !is_faulty;
    let player = Player {
        stops_early: scenario.is_drawn(),
        scenario: Arc::new(scenario),
        set_up: Arc::new(set_up),
        tenant: door.with_settings(limits, dress),
        embedded,
        profile: Arc::new(stage.profile.clone()),
        known_failures: Arc::new(stage.known_failures.clone()),
        stop: stage.stop.clone(),
        notify_command: stage.notify_command.clone(),
    };
    Ok((player, is_possible))
}

/// Failures that show the same after changes of the same kinds are one.
fn merged(failures: Vec<Investigated>) -> Vec<Investigated> {
    let mut kept: Vec<Investigated> = Vec::new();
    for one in failures {
        let is_same =
            |it: &&mut Investigated| it.failure.kinds == one.failure.kinds && it.shape == one.shape;
        match kept.iter_mut().find(is_same) {
            Some(known) => known.failure.times += one.failure.times,
            None => kept.push(one),
        }
    }
    kept
}

/// Which orders of changes the sequences tried, where any were drawn.
fn orders(scenario: &Scenario, pairs: &Pairs) -> Option<TriedOrders> {
    let drawn = scenario.draws().flat_map(|it| it.weights.drawn()).map(|(_, kind)| kind);
    let kinds: BTreeSet<ChangeKind> = drawn.collect();
    if kinds.is_empty() {
        return None;
    }
    let possible = possible_pairs(&kinds);
    let missing = possible.iter().filter(|pair| !pairs.counts().contains_key(pair));
    let missing: Vec<String> =
        missing.map(|(first, second)| format!("{}, {}", first.name(), second.name())).collect();
    let mut orders = TriedOrders {
        possible: possible.len() as u64,
        tried: (possible.len() - missing.len()) as u64,
        missing,
        counts: BTreeMap::new(),
    };
    for ((first, second), count) in pairs.counts() {
        orders.counts.entry(first.name()).or_default().insert(second.name(), *count);
    }
    Some(orders)
}

fn finish(
    stage: &Stage,
    player: &Player,
    folded: Folded,
    collector: &Collector,
    measured: &Measured,
    own_seed: u64,
) -> Result<ScenarioResult, PlayError> {
    let scenario = &*player.scenario;
    let mut result = blank(player);
    result.expectations = expectations(scenario, measured, &folded);
    let is_own = scenario.seed == own_seed;
    let settled = |kind| settle(stage, player, collector, &folded.differences, kind);
    result.snapshot = match scenario.expect.snapshot {
        _ if stage.is_stopped() => SnapshotResult::Off,
        SnapshotMode::Off => SnapshotResult::Off,
        _ if !is_own => SnapshotResult::Off,
        SnapshotMode::Shape => settled(SnapshotKind::Shape)?,
        SnapshotMode::Full => settled(SnapshotKind::Full)?,
    };
    let missed = result.expectations.iter().any(|one| !one.held);
    let changed = matches!(result.snapshot, SnapshotResult::Changed | SnapshotResult::Missing);
    result.outcome = match folded.outcome {
        _ if stage.is_interrupted() => ScenarioOutcome::Interrupted,
        _ if stage.is_stopped() => ScenarioOutcome::CannotTell,
        ScenarioOutcome::Failed => ScenarioOutcome::Failed,
        _ if changed => ScenarioOutcome::SnapshotChanged,
        _ if missed => ScenarioOutcome::ExpectationMissed,
        other => other,
    };
    result.runs = folded.runs;
    result.requests = measured.metrics.totals().requests;
    result.seconds = measured.took.as_secs_f64();
    result.orders = orders(scenario, &folded.pairs);
    result.cycles = folded.cycles;
    result.differences = folded.differences;
    result.differences_total = folded.differences_total;
    result.remarks = folded.remarks;
    result.remarks.extend(unjudged(scenario, measured));
    Ok(result)
}

fn settle(
    stage: &Stage,
    player: &Player,
    collector: &Collector,
    differences: &[Difference],
    kind: SnapshotKind,
) -> Result<SnapshotResult, SnapshotError> {
    let scenario = &player.scenario;
    let info = SnapshotInfo {
        source: format!("scenarios/{}.toml", scenario.name),
        title: scenario.title.clone(),
        seed: scenario.seed,
        dialect: player.set_up.settings.dialect.name().to_owned(),
        kind,
    };
    collector.differs(differences);
    stage.snapshots.settle(&scenario.name, &collector.text(kind), &info)
}

fn expectations(
    scenario: &Scenario,
    measured: &Measured,
    folded: &Folded,
) -> Vec<ExpectationResult> {
    let seconds = measured.took.as_secs_f64().max(f64::EPSILON);
    let objects: u64 = folded.cycles.iter().map(|cycle| cycle.count_exported).sum();
    let requests = measured.metrics.totals().requests;
    scenario.expect.performance.judge(&Reached {
        requests_per_second: requests as f64 / seconds,
        objects_per_second: objects as f64 / seconds,
        operations: &measured.metrics.report(),
        growth: &measured.sizes.growth(),
    })
}

/// Expectations that nothing was held against.
fn unjudged(scenario: &Scenario, measured: &Measured) -> Vec<String> {
    let (operations, growth) = (measured.metrics.report(), measured.sizes.growth());
    scenario.expect.performance.unjudged(&operations, &growth)
}

fn left_out(player: &Player, outcome: ScenarioOutcome, why: &str) -> ScenarioResult {
    ScenarioResult { outcome, remarks: vec![why.to_owned()], ..blank(player) }
}

fn blank(player: &Player) -> ScenarioResult {
    ScenarioResult::blank(&player.scenario, player.set_up.settings.dialect.name())
}

impl ScenarioResult {
    /// The result of a scenario of which nothing is known yet.
    pub(super) fn blank(scenario: &Scenario, dialect: &str) -> Self {
        Self {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            seed: scenario.seed,
            dialect: dialect.to_owned(),
            outcome: ScenarioOutcome::AsExpected,
            runs: 0,
            requests: 0,
            seconds: 0.0,
            cycles: Vec::new(),
            differences: Vec::new(),
            differences_total: 0,
            snapshot: SnapshotResult::Off,
            expectations: Vec::new(),
            minimal: None,
            findings: Vec::new(),
            failures: Vec::new(),
            lags: Vec::new(),
            orders: None,
            remarks: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Answer, Body, BodyEnd, Exchange, Listener, Operation, Request};

    /// A create that took a microsecond for each user there was, and every tenth failed.
    fn created(nth: u64) -> Exchange {
        let sent = Duration::from_secs(nth);
        let answer = Answer {
            status: if nth.is_multiple_of(10) { 500 } else { 201 },
            headers: http::HeaderMap::new(),
            body: Body::default(),
            end: BodyEnd::Complete,
        };
        Exchange {
            number: nth,
            operation: Operation::CreateUser,
            request: Request::get("/Users"),
            result: Ok(answer),
            due: sent,
            sent,
            answered: sent + Duration::from_micros(nth),
            disturbance: None,
        }
    }

    #[test]
    fn every_key_is_held_against_what_was_measured() {
        let measured = Measured {
            metrics: Arc::new(Metrics::new()),
            sizes: Arc::new(Sizes::new(1)),
            took: Duration::from_secs(100),
        };
        for exchange in (1..=5_000).map(created) {
            measured.metrics.heard(&exchange);
            measured.sizes.heard(&exchange);
        }
        for (expect, held) in [
            ("requests-per-second-min = 50", true),
            ("requests-per-second-min = 51", false),
            ("latency-p99-ms-max = 5", true),
            ("latency-p99-ms-max = 4", false),
            ("latency-p99-ms-max-of = { create-user = 5 }", true),
            ("latency-p99-ms-max-of = { create-user = 4 }", false),
            ("error-share-max = 0.1", true),
            ("error-share-max = 0.09", false),
            ("growth-max = \"linear\"", true),
            ("growth-max = \"logarithmic\"", false),
            ("growth-max = \"constant\"", false),
        ] {
            let cycle = "[population]\nusers = 1\n[[cycle]]\nkind = \"initial\"";
            let text = format!("title = \"t\"\n{cycle}\n[expect]\n{expect}");
            let scenario = Scenario::parse("t", &text).unwrap();
            let judged = expectations(&scenario, &measured, &Folded::default());
            assert_eq!((judged.len(), judged[0].held), (1, held), "{expect}: {judged:?}");
        }
    }
}
