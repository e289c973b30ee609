//! A whole scenario: its sequences, the verdict over them, the snapshot, and the shortest sequence
//! that still fails.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checks::fold;
use super::cleanup::clean_up;
use super::history::play_histories;
use super::sequence::{Player, Sequence};
use super::stage::Stage;
use super::{ExpectationResult, ScenarioOutcome, ScenarioResult, SnapshotResult};
use crate::checks::Selection;
use crate::checks::check::{CheckResult, Outcome};
use crate::checks::listen::EveryJudge;
use crate::difference::{Comparison, Difference};
use crate::directory::{Change, minimise};
use crate::entra::mapping::MappingError;
use crate::metrics::Metrics;
use crate::scenario::{Changes, Scenario, SnapshotMode};
use crate::snapshot::{Collector, SnapshotError, SnapshotInfo, SnapshotKind};
use crate::tenant::embedded::Faults;

/// Differences kept for a report.
const DIFFERENCES_MAX: usize = 100;

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
    /// The minimised sequence cannot be written.
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
    if let Some(history) = &scenario.history {
        let seed = stage.seed.unwrap_or(scenario.seed);
        let scenario = Scenario { seed, ..scenario.clone() };
        return play_histories(stage, &scenario, history).await;
    }
    let mut scenario = scenario.clone();
    let own_seed = scenario.seed;
    if let Some(seed) = stage.seed {
        scenario.seed = seed;
        scenario.population.seed = seed;
    }
    if let Some(used_up) = stage.tenant.budget_used_up() {
        let player = player(stage, &scenario)?;
        return Ok(left_out(&scenario, &player, ScenarioOutcome::CannotTell, &used_up));
    }
    let began = Instant::now();
    let metrics = Arc::new(Metrics::new());
    let collector =
        Arc::new(Collector::new([stage.tenant.url().to_string()], stage.tenant.scrubber()));
    let mut player = player(stage, &scenario)?;
    if !scenario.faults.is_empty() {
        let faults: Faults =
            scenario.faults.clone().try_into().map_err(|error: toml::de::Error| {
                PlayError::Faults { name: scenario.name.clone(), why: error.message().to_owned() }
            })?;
        match stage.faulty(&player.set_up.settings, scenario.seed, faults) {
            Some(tenant) => player.tenant = tenant,
            None => {
                let why = "left out: its faults can be shown by the embedded tenant only";
                return Ok(left_out(&scenario, &player, ScenarioOutcome::AsExpected, why));
            }
        }
    }
    player.tenant = player.tenant.with_listener(metrics.clone()).with_listener(collector.clone());
    stage.judge.in_scenario(Some(&scenario.name));
    let mut folded = Folded::default();
    for run in 0..scenario.runs {
        if stage.is_stopped() {
            break;
        }
        let sequence = player.play(run, 0, None, true).await;
        let outcome = judge(&player, &sequence);
        for comparison in &sequence.comparisons {
            stage.judge.compared(comparison);
        }
        let concurrency = player.set_up.settings.concurrency;
        clean_up(&player.tenant, concurrency).await;
        let failed = outcome == ScenarioOutcome::Failed;
        folded.take(sequence, outcome, run);
        stage.telling.step(&format!("{} {}/{}", scenario.name, run + 1, scenario.runs));
        if failed {
            break;
        }
    }
    stage.judge.in_scenario(None);
    if folded.outcome == ScenarioOutcome::Failed && !stage.is_stopped() {
        folded.minimal = shorten(&player, &folded).await?;
    }
    finish(stage, &player, folded, &collector, &metrics, began.elapsed(), own_seed)
}

fn player<'a>(stage: &'a Stage, scenario: &'a Scenario) -> Result<Player<'a>, PlayError> {
    let mut set_up = stage
        .job_set_up(&scenario.entra, &scenario.mappings, scenario.scope.clone(), scenario.seed)
        .map_err(|source| PlayError::Mapping { name: scenario.name.clone(), source })?;
    set_up.settings.concurrency = scenario.pace.concurrency;
    let tenant = stage.dressed(&set_up.settings, scenario.seed);
    Ok(Player { stage, scenario, set_up, tenant })
}

/// What all sequences came to, until one fails.
#[derive(Default)]
struct Folded {
    outcome: ScenarioOutcome,
    runs: u64,
    failed_run: Option<u32>,
    last: Sequence,
    differences: Vec<Difference>,
    differences_total: u64,
    remarks: Vec<String>,
    minimal: Option<String>,
}

impl Folded {
    fn take(&mut self, sequence: Sequence, outcome: ScenarioOutcome, run: u32) {
        self.runs += 1;
        self.outcome = worse(self.outcome, outcome);
        if outcome == ScenarioOutcome::Failed {
            self.failed_run = Some(run);
        }
        for comparison in &sequence.comparisons {
            self.differences_total += comparison.differences.len() as u64;
            let room = DIFFERENCES_MAX - self.differences.len();
            self.differences.extend(comparison.differences.iter().take(room).cloned());
        }
        for remark in sequence.failures.iter().chain(&sequence.remarks) {
            if !self.remarks.contains(remark) && self.remarks.len() < 20 {
                self.remarks.push(remark.clone());
            }
        }
        self.last = sequence;
    }
}

fn worse(one: ScenarioOutcome, other: ScenarioOutcome) -> ScenarioOutcome {
    one.max(other)
}

/// Whether a sequence left the tenant as it should be. The `Converged` checks decide, with the same
/// excuses as everywhere.
fn judge(player: &Player<'_>, sequence: &Sequence) -> ScenarioOutcome {
    if !sequence.failures.is_empty() {
        return ScenarioOutcome::Failed;
    }
    let mut results = judged(player, &sequence.comparisons);
    player.stage.known_failures.excuse(&mut results);
    let any = |outcome| results.iter().any(|result| result.outcome == outcome);
    if any(Outcome::Violation) || any(Outcome::Deviation) {
        ScenarioOutcome::Failed
    } else if any(Outcome::Excused) {
        ScenarioOutcome::Excused
    } else {
        ScenarioOutcome::AsExpected
    }
}

fn judged(player: &Player<'_>, comparisons: &[Comparison]) -> Vec<CheckResult> {
    let alone = EveryJudge::new(player.tenant.url().to_string(), &player.stage.profile);
    for comparison in comparisons {
        alone.compared(comparison);
    }
    fold(&Selection::default(), &player.stage.profile, &alone)
}

/// Shortens a failing drawn sequence and writes it as an ordinary scenario beside the report.
async fn shorten(player: &Player<'_>, folded: &Folded) -> Result<Option<String>, PlayError> {
    let scenario = player.scenario;
    let is_drawn =
        scenario.cycles.iter().any(|cycle| matches!(cycle.changes(), Some(Changes::Drawn { .. })));
    let Some(run) = folded.failed_run.filter(|_| is_drawn) else { return Ok(None) };
    let stage = player.stage;
    let marked: Vec<(usize, Change)> = folded
        .last
        .scripts
        .iter()
        .enumerate()
        .flat_map(|(cycle, script)| script.iter().map(move |change| (cycle, change.clone())))
        .collect();
    let cycles = folded.last.scripts.len();
    let scripts = |kept: &[(usize, Change)]| {
        let mut scripts = vec![Vec::new(); cycles];
        for (cycle, change) in kept {
            scripts[*cycle].push(change.clone());
        }
        scripts
    };
    let attempts = std::sync::atomic::AtomicU32::new(0);
    let may_try = stage.budget.shrink.open(&player.tenant);
    let minimised = minimise(
        marked,
        || !stage.is_stopped() && may_try(),
        |kept| {
            let attempt = attempts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            let script = scripts(&kept);
            async move {
                let sequence = player.play(run, attempt, Some(&script), false).await;
                let outcome = judge(player, &sequence);
                let concurrency = player.set_up.settings.concurrency;
                clean_up(&player.tenant, concurrency).await;
                outcome == ScenarioOutcome::Failed
            }
        },
    )
    .await;
    let path = stage.folder.join(match stage.is_shared {
        true => format!("minimal-{}.toml", scenario.name.replace('/', "-")),
        false => "minimal.toml".to_owned(),
    });
    let text = scenario.with_scripts(run, scripts(&minimised.changes)).to_toml();
    std::fs::write(&path, text)
        .map_err(|source| PlayError::Minimal { path: path.clone(), source })?;
    Ok(Some(path.display().to_string()))
}

fn finish(
    stage: &Stage,
    player: &Player<'_>,
    folded: Folded,
    collector: &Collector,
    metrics: &Metrics,
    took: Duration,
    own_seed: u64,
) -> Result<ScenarioResult, PlayError> {
    let scenario = player.scenario;
    let mut result = blank(scenario, player);
    result.expectations = expectations(scenario, metrics, &folded, took);
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
    result.requests = metrics.totals().requests;
    result.seconds = took.as_secs_f64();
    result.cycles = folded.last.cycles;
    result.differences = folded.differences;
    result.differences_total = folded.differences_total;
    result.minimal = folded.minimal;
    result.remarks = folded.remarks;
    Ok(result)
}

fn settle(
    stage: &Stage,
    player: &Player<'_>,
    collector: &Collector,
    differences: &[Difference],
    kind: SnapshotKind,
) -> Result<SnapshotResult, SnapshotError> {
    let scenario = player.scenario;
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
    metrics: &Metrics,
    folded: &Folded,
    took: Duration,
) -> Vec<ExpectationResult> {
    let seconds = took.as_secs_f64().max(f64::EPSILON);
    let objects: u64 = folded.last.cycles.iter().map(|cycle| cycle.count_exported).sum();
    let mut all = Vec::new();
    let mut at_least = |name: &str, expected: Option<f64>, actual: f64| {
        all.extend(expected.map(|expected| ExpectationResult {
            name: name.to_owned(),
            expected,
            actual,
            held: actual >= expected,
        }));
    };
    let expect = &scenario.expect;
    let requests = metrics.totals().requests as f64 / seconds;
    at_least("requests-per-second-min", expect.requests_per_second_min, requests);
    at_least("objects-per-second-min", expect.objects_per_second_min, objects as f64 / seconds);
    let p99 = metrics.latency_ms().p99;
    all.extend(expect.latency_p99_ms_max.map(|expected| ExpectationResult {
        name: "latency-p99-ms-max".to_owned(),
        expected,
        actual: p99,
        held: p99 <= expected,
    }));
    all
}

fn left_out(
    scenario: &Scenario,
    player: &Player<'_>,
    outcome: ScenarioOutcome,
    why: &str,
) -> ScenarioResult {
    ScenarioResult { outcome, remarks: vec![why.to_owned()], ..blank(scenario, player) }
}

fn blank(scenario: &Scenario, player: &Player<'_>) -> ScenarioResult {
    ScenarioResult::blank(scenario, player.set_up.settings.dialect.name())
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
            remarks: Vec::new(),
        }
    }
}
