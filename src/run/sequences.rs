//! All sequences of a scenario, several at once: what they came to, in their order.
//!
//! Each sequence has a door, names and, where the tenant is embedded, a tenant of its own, so what
//! it shows follows from its seed alone. They are folded in the order of their numbers, however
//! they end; what comes after the first failure is left out, unless the run is to go on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sequence::{Player, Sequence};
use super::stage::Stage;
use super::{Budget, CycleSummary, ScenarioOutcome};
use crate::difference::Difference;
use crate::directory::{Change, Pairs};
use crate::entra::pace::in_flight;
use crate::scenario::SnapshotMode;

/// Differences kept for a report.
const DIFFERENCES_MAX: usize = 100;
/// Remarks kept for a report.
const REMARKS_MAX: usize = 20;
/// Failing sequences that are kept to be shortened, and among them those that show the same: it may
/// have more than one cause.
const FOUND_MAX: usize = 50;
const ALIKE_MAX: usize = 3;
/// Sequences whose provisioning log is written: enough to read.
const HEARD_MAX: u32 = 50;

/// What the sequences of a scenario came to.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) outcome: ScenarioOutcome,
    pub(super) runs: u64,
    pub(super) requests: u64,
    pub(super) cycles: Vec<CycleSummary>,
    pub(super) differences: Vec<Difference>,
    pub(super) differences_total: u64,
    pub(super) remarks: Vec<String>,
    pub(super) pairs: Pairs,
    pub(super) found: Vec<Found>,
    /// Sequences that failed.
    failed: u64,
}

/// A sequence that failed.
pub(super) struct Found {
    pub(super) run: u32,
    pub(super) signature: BTreeSet<String>,
    pub(super) scripts: Vec<Vec<Change>>,
    /// How many sequences it stands for.
    pub(super) times: u64,
    /// Requests sent until then, by all sequences together.
    pub(super) requests: u64,
}

/// Plays the sequences that file and budget ask for.
pub(super) async fn play_sequences(stage: &Stage, player: &Player) -> Folded {
    let scenario = &player.scenario;
    let budget = if scenario.is_drawn() { stage.budget } else { Budget::default() };
    let cases = budget.cases(scenario.runs);
    let teller = Teller { stage, name: &scenario.name, cases: cases.clone() };
    let jobs = at_once(player, &budget);
    let (mut folded, mut ended, mut next) = (Folded::default(), BTreeMap::new(), 0);
    let halts = AtomicBool::new(false);
    let goes_on = || !halts.load(Ordering::Relaxed) && !player.is_stopped();
    let tasks = cases.take_while(|_| goes_on()).map(|run| sequence(player.clone(), run, jobs > 1));
    in_flight(jobs, tasks, |(run, sequence)| {
        if sequence.has_failed() && !budget.keep_going {
            halts.store(true, Ordering::Relaxed);
        }
        ended.insert(run, sequence);
        while let Some(sequence) = ended.remove(&next) {
            if folded.failed == 0 || budget.keep_going {
                hear(stage, player, &sequence);
                folded.take(next, sequence);
                teller.tell(&folded, scenario.seed_of(next));
            }
            next += 1;
        }
    })
    .await;
    folded
}

/// How many sequences are played at once. Snapshots need the order of requests.
fn at_once(player: &Player, budget: &Budget) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    match (player.scenario.expect.snapshot, budget.jobs) {
        (SnapshotMode::Shape | SnapshotMode::Full, _) => 1,
        (SnapshotMode::Off, Some(jobs)) => jobs.max(1),
        (SnapshotMode::Off, None) if player.embedded.is_some() => cores(),
        (SnapshotMode::Off, None) => 1,
    }
}

/// Plays one sequence; on a thread of its own where others run beside it and the tenant is in this
/// process: then its own requests stay in order whatever the others do.
async fn sequence(player: Player, run: u32, beside_others: bool) -> (u32, Sequence) {
    let is_heard = run < HEARD_MAX;
    if !beside_others || player.embedded.is_none() {
        return (run, Box::pin(player.play(run, 0, is_heard)).await);
    }
    let alone = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the system has room for one more runtime");
        runtime.block_on(player.play(run, 0, is_heard))
    };
    match tokio::task::spawn_blocking(alone).await {
        Ok(sequence) => (run, sequence),
        Err(error) => resume_unwind(error.into_panic()),
    }
}

fn hear(stage: &Stage, player: &Player, sequence: &Sequence) {
    for comparison in &sequence.comparisons {
        stage.judge.compared(comparison);
    }
    if !sequence.log.is_empty() {
        stage.log.append(&sequence.log, &player.tenant.scrubber());
    }
}

impl Folded {
    fn take(&mut self, run: u32, sequence: Sequence) {
        self.runs += 1;
        self.requests += sequence.requests;
        self.outcome = self.outcome.max(sequence.outcome);
        self.pairs.note(sequence.scripts.iter().flatten());
        for comparison in &sequence.comparisons {
            self.differences_total += comparison.differences.len() as u64;
            let room = DIFFERENCES_MAX - self.differences.len();
            self.differences.extend(comparison.differences.iter().take(room).cloned());
        }
        let complaints = sequence.complaints.iter().map(|it| &it.text);
        for remark in complaints.chain(&sequence.remarks) {
            if self.remarks.len() < REMARKS_MAX && !self.remarks.contains(remark) {
                self.remarks.push(remark.clone());
            }
        }
        if sequence.has_failed() {
            self.failed += 1;
            self.note_failure(run, &sequence);
        }
        self.cycles = sequence.cycles;
    }

    fn note_failure(&mut self, run: u32, sequence: &Sequence) {
        let signature = sequence.signature();
        let alike = self.found.iter().filter(|it| it.signature == signature).count();
        if alike < ALIKE_MAX && self.found.len() < FOUND_MAX {
            let (scripts, requests) = (sequence.scripts.clone(), self.requests);
            self.found.push(Found { run, signature, scripts, times: 1, requests });
        } else if let Some(known) = self.found.iter_mut().find(|it| it.signature == signature) {
            known.times += 1;
        }
    }
}

/// Tells whoever waits how far it has come.
struct Teller<'a> {
    stage: &'a Stage,
    name: &'a str,
    cases: super::Cases,
}

impl Teller<'_> {
    fn tell(&self, folded: &Folded, seed: u64) {
        let mut text = format!("{} {}", self.name, folded.runs);
        if let Some(most) = self.cases.most() {
            let _ = write!(text, "/{most}");
        }
        if folded.failed > 0 {
            let _ = write!(text, ", {} failed", folded.failed);
        }
        let _ = write!(text, ", seed {seed}");
        if let Some(left) = self.cases.time_left() {
            let _ = write!(text, ", {} s left", left.as_secs());
        }
        self.stage.telling.step(&text);
    }
}

#[cfg(test)]
mod tests;
