//! What is done about a sequence that failed: replay it, shorten it, replay what is left, and keep
//! that as a scenario file and as a shell script.

use std::sync::{Arc, Mutex, PoisonError};

use super::SequenceFailure;
use super::play::PlayError;
use super::sequence::{Player, Sequence};
use super::sequences::Found;
use super::shrink::{Shrinker, scripts_of};
use super::stage::Stage;
use crate::directory::{Change, ChangeKind};
use crate::exchange::script::{Part, shell_script};
use crate::exchange::{Exchange, Listener, Operation};
use crate::scenario::{Scenario, SnapshotMode};

/// Differences kept for a report.
const DIFFERENCES_MAX: usize = 100;
/// Exchanges kept of one replay; a shortened sequence has few.
const EXCHANGES_MAX: usize = 20_000;

/// A failure shortened, before its files are written.
pub(super) struct Investigated {
    /// What the report says; the files are named once they are written.
    pub(super) failure: SequenceFailure,
    /// The kinds of change that are left: failures that show the same after the same are one.
    pub(super) shape: Vec<ChangeKind>,
    scenario: String,
    shell: Option<String>,
}

/// Shortens a failure and replays it.
pub(super) async fn investigate(stage: &Stage, player: &Player, found: &Found) -> Investigated {
    let before = player.tenant.sent().requests;
    let whole = written_out(player, found);
    let budget = stage.budget.shrink.open(&player.tenant);
    let may_try = || !player.is_stopped() && budget();
    let shrinker = Shrinker::new(player, &found.signature, may_try);
    let shows_again = shrinker.is_shown_by(&shrinker.replay(player, &whole).await);
    let (shortest, is_minimal) = match shows_again {
        true => shrinker.shorten(whole.clone()).await,
        false => (whole.clone(), false),
    };
    // The whole sequence has been replayed once already.
    let (mut shown, mut replays) = (0, u64::from(!shows_again));
    let mut last: Option<(Sequence, Arc<Heard>)> = None;
    while replays < u64::from(stage.budget.replays) && !player.is_stopped() {
        let heard = Arc::new(Heard::default());
        let sequence = shrinker.replay(&player.with_listener(heard.clone()), &shortest).await;
        replays += 1;
        if shrinker.is_shown_by(&sequence) {
            shown += 1;
            last = Some((sequence, heard));
        }
    }
    let shell = last
        .as_ref()
        .map(|(sequence, heard)| shell(player, &shortest, sequence, &heard.exchanges()));
    let signature = last.as_ref().map_or(found.signature.clone(), |(it, _)| it.signature());
    let (differences, complaints) = last.map_or_else(Default::default, |(sequence, _)| {
        let comparisons = sequence.comparisons.into_iter();
        let differences = comparisons.flat_map(|it| it.differences).take(DIFFERENCES_MAX);
        let complaints = sequence.complaints.into_iter().map(|it| it.text);
        (differences.collect(), complaints.collect())
    });
    let failure = SequenceFailure {
        kinds: signature.into_iter().collect(),
        seed: player.scenario.seed_of(found.run),
        nth: u64::from(found.run) + 1,
        times: found.times,
        requests_until_found: found.requests,
        requests_to_shorten: player.tenant.sent().requests - before,
        changes_before: count(&whole),
        changes_after: count(&shortest),
        is_minimal: is_minimal && shown > 0,
        shown,
        replays,
        script: script(&shortest),
        differences,
        complaints,
        minimal: String::new(),
        shell: None,
    };
    let shape = scripts_of(&shortest).iter().flatten().map(Change::kind).collect();
    Investigated { failure, shape, scenario: shortest.to_toml(), shell }
}

impl Investigated {
    /// Writes the files, of the `nth` failure from 0, beside the report.
    pub(super) fn keep(
        mut self,
        stage: &Stage,
        scenario: &str,
        nth: usize,
    ) -> Result<SequenceFailure, PlayError> {
        self.failure.minimal = keep(stage, scenario, nth, "toml", &self.scenario)?;
        if let Some(text) = &self.shell {
            self.failure.shell = Some(keep(stage, scenario, nth, "sh", text)?);
        }
        Ok(self.failure)
    }
}

/// The sequence as a scenario of its own: every change written out, no cycle after the failure, and
/// whatever the command line said.
fn written_out(player: &Player, found: &Found) -> Scenario {
    let mut whole = player.scenario.with_scripts(found.run, found.scripts.clone());
    whole.cycles.truncate(found.scripts.len());
    whole.expect.snapshot = SnapshotMode::Off;
    whole.entra.dialect = Some(player.set_up.settings.dialect);
    whole
}

fn count(scenario: &Scenario) -> u64 {
    scripts_of(scenario).iter().flatten().count() as u64
}

/// The changes with the cycle that each comes before, from 1.
fn script(scenario: &Scenario) -> Vec<String> {
    let scripts = scripts_of(scenario);
    let lines = scripts.iter().enumerate().flat_map(|(cycle, script)| {
        script.iter().map(move |change| format!("{}: {change}", cycle + 1))
    });
    lines.collect()
}

/// Writes what is left of a scenario's n-th failure, from 0, beside the report; the path.
pub(super) fn keep(
    stage: &Stage,
    scenario: &str,
    nth: usize,
    ending: &str,
    text: &str,
) -> Result<String, PlayError> {
    let of = match stage.is_shared {
        true => format!("-{}", scenario.replace('/', "-")),
        false => String::new(),
    };
    let nth = if nth == 0 { String::new() } else { format!("-{}", nth + 1) };
    let path = stage.folder.join(format!("minimal{of}{nth}.{ending}"));
    match std::fs::write(&path, text) {
        Ok(()) => Ok(path.display().to_string()),
        Err(source) => Err(PlayError::Minimal { path, source }),
    }
}

/// The replay as a shell script: what the job sent, cycle by cycle, then what was read back.
fn shell(
    player: &Player,
    scenario: &Scenario,
    sequence: &Sequence,
    exchanges: &[Exchange],
) -> String {
    let mut parts = Vec::new();
    for (cycle, mark) in sequence.marks.iter().enumerate() {
        let end = sequence.marks.get(cycle + 1).copied().unwrap_or(u64::MAX);
        let is_sent = |it: &&Exchange| {
            it.number > *mark
                && it.number <= end
                && !matches!(it.operation, Operation::ReadBack | Operation::CleanUp)
        };
        let kind = sequence.cycles.get(cycle).map_or("cycle", |it| it.kind.as_str());
        let mut comments = vec![format!("Cycle {}, {kind}", cycle + 1)];
        comments.extend(sequence.scripts[cycle].iter().map(|it| format!("before it: {it}")));
        parts.push(Part { comments, exchanges: exchanges.iter().filter(is_sent).collect() });
    }
    let mut comments = vec!["What was read back".to_owned()];
    comments.extend(sequence.complaints.iter().map(|it| it.text.clone()));
    let differences: Vec<_> = sequence.comparisons.iter().flat_map(|it| &it.differences).collect();
    for it in &differences {
        let attribute = it.attribute.as_ref().map_or(String::new(), |name| format!(" {name}"));
        let (subject, kind) = (&it.subject, it.kind.name());
        comments.push(format!("{subject}, {kind}{attribute}"));
        comments.push(format!("  expected {}", it.expected));
        comments.push(format!("  actual   {}", it.actual));
    }
    let shows = |it: &&Exchange| differences.iter().any(|one| one.exchange == Some(it.number));
    parts.push(Part { comments, exchanges: exchanges.iter().filter(shows).collect() });
    player.tenant.scrubber()(&shell_script(&scenario.title, &parts))
}

/// Keeps the exchanges of one replay.
#[derive(Default)]
struct Heard(Mutex<Vec<Exchange>>);

impl Heard {
    fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Listener for Heard {
    fn heard(&self, exchange: &Exchange) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanges.len() < EXCHANGES_MAX {
            exchanges.push(exchange.clone());
        }
    }
}
