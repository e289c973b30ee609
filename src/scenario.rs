//! A scenario: a population, the cycles it goes through, and what is expected of the tenant.
//!
//! Scenarios are TOML files. Whatever cannot run is refused while reading, with file, line, key and
//! the mend, so a [`Scenario`] that exists can be run. It can be written back to TOML, which is how
//! a shortened failure becomes an ordinary file.

mod built_in;
mod check;
mod concurrency;
mod file;
mod history;

use std::path::{Path, PathBuf};

pub use built_in::BUILT_IN;
use serde::{Deserialize, Serialize};

use crate::directory::{
    Change, Directory, Draws, GroupIndex, Population, UserIndex, draw, mix_both,
};
use crate::entra::job::ResetScope;
use crate::entra::scope::{Scope, ScopeMode};
use crate::history::{History, RoundPlan};
use crate::metrics::PerformanceExpectations;
use crate::profile::{EntraOverrides, MappingDefinition};
use crate::refusal::Refusal;

/// A scenario that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Folder and stem, such as `churn/members-come-and-go`: snapshots are filed under it.
    pub name: String,
    /// The file it was read from; none for a built-in one.
    pub file: Option<PathBuf>,
    /// A title for people.
    pub title: String,
    /// Where population and drawn changes come from.
    pub seed: u64,
    /// Independent sequences, each with a population and changes of its own.
    pub runs: u32,
    /// Who is in scope.
    pub scope: Scope,
    /// Who exists in the first run; see [`Scenario::population_of`].
    pub population: Population,
    /// What happens, in order; nothing where there is a history.
    pub cycles: Vec<CyclePlan>,
    /// Requests of SCIM instead of Entra's work.
    pub history: Option<History>,
    /// Changes at the same time instead of one after the other.
    pub concurrency: Option<RoundPlan>,
    /// Entra's knobs that this scenario sets, over those of the profile.
    pub entra: EntraOverrides,
    /// Attribute mappings over those of the profile.
    pub mappings: Vec<MappingDefinition>,
    /// Faults the embedded tenant shows, in its own keys; nothing else can show them.
    pub faults: toml::Table,
    /// How many requests at once, and how often.
    pub pace: PaceSettings,
    /// What the run is held to.
    pub expect: Expectations,
}

/// One thing the provisioning service is made to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CyclePlan {
    /// The button in Entra.
    TestConnection,
    /// The first cycle of the job; the changes happen before anything is read.
    Initial {
        /// What happens before it.
        changes: Changes,
    },
    /// A later cycle. Without changes it is a quiet one.
    Incremental {
        /// What happens before it.
        changes: Changes,
        /// How far the clock moves before it, in minutes; none means one cycle interval.
        advance_minutes: Option<u64>,
    },
    /// A restart of the job, and the cycle that follows it.
    Restart {
        /// What the restart clears.
        reset_scope: Vec<ResetScope>,
        /// What happens before it.
        changes: Changes,
        /// How far the clock moves before it, in minutes; none means one cycle interval.
        advance_minutes: Option<u64>,
    },
    /// Provision on demand, one object after another.
    ProvisionOnDemand {
        /// These users, in this order.
        users: Vec<UserIndex>,
        /// Then these groups.
        groups: Vec<GroupIndex>,
        /// What happens before it.
        changes: Changes,
    },
}

/// What a restart resets that names nothing.
pub const RESET_UNNAMED: &[ResetScope] =
    &[ResetScope::QuarantineState, ResetScope::Watermark, ResetScope::Escrows];

/// What happens in the directory before a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Nothing.
    Still,
    /// Exactly this.
    Script(Vec<Change>),
    /// Drawn from the seed.
    Drawn(Draws),
}

/// How many requests at once, and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceSettings {
    /// Requests in flight at once; 1 keeps them in order.
    pub concurrency: usize,
    /// Requests a second at most; none means as fast as they are answered.
    pub rate: Option<f64>,
}

/// What a run is held to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Expectations {
    /// Whether and how exchanges are compared with an accepted snapshot.
    pub snapshot: SnapshotMode,
    /// How fast it must be.
    pub performance: PerformanceExpectations,
    /// Objects that may be in escrow at the end.
    pub escrowed_max: u64,
    /// The reason of the quarantine that should come about, in Graph's words; none: no quarantine.
    pub quarantine: Option<String>,
}

/// How a run is compared with its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotMode {
    /// Not at all.
    #[default]
    Off,
    /// Each distinct shape of an exchange once.
    Shape,
    /// Every exchange, in order.
    Full,
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error("read the scenario {}: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The text is no scenario.
    #[error("read the scenario {0}")]
    Refused(#[from] Box<Refusal>),
    /// No built-in scenario has that name.
    #[error("find a scenario named `{0}`: built in are {names}; or give the path of a TOML file",
            names = BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))]
    Unknown(String),
}

impl Scenario {
    /// Reads a scenario from a file.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Unreadable { file: path.to_owned(), source })?;
        let scenario = check::parse(&path.display().to_string(), &name_of(path), &text)?;
        Ok(Self { file: Some(path.to_owned()), ..scenario })
    }

    /// Reads every scenario of a folder, in order of names; none where there is no such folder.
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>, ScenarioError> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    /// Reads a scenario from text; `name` stands for the file in messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ScenarioError> {
        Ok(check::parse(name, name, text)?)
    }

    /// The built-in scenario of that name.
    pub fn built_in(name: &str) -> Result<Self, ScenarioError> {
        let known = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (name, text) = known.ok_or_else(|| ScenarioError::Unknown(name.to_owned()))?;
        Self::parse(name, text)
    }

    /// The scenario as a file says it: reads back to the same.
    pub fn to_toml(&self) -> String {
        match (&self.history, &self.concurrency) {
            (_, Some(rounds)) => concurrency::text_of(self, rounds),
            (Some(history), None) => history::text_of(self, history),
            (None, None) => file::text_of(self),
        }
    }

    /// The seed of one run. The first run's is the scenario's own, so that `runs = 1` and the seed
    /// in a report replay it.
    pub fn seed_of(&self, run: u32) -> u64 {
        match run {
            0 => self.seed,
            _ => mix_both(self.seed, u64::from(run)) >> 16, // short enough to be typed
        }
    }

    /// Who exists in that run; each attempt at it has names of its own.
    pub fn population_of(&self, run: u32, attempt: u32) -> Population {
        Population { seed: self.seed_of(run), attempt, ..self.population.clone() }
    }

    /// What happens before a cycle of that run, given the directory just before: the script, or
    /// changes drawn from the seed.
    pub fn changes_before(&self, run: u32, cycle: usize, directory: &Directory) -> Vec<Change> {
        match self.cycles.get(cycle).and_then(CyclePlan::changes) {
            None | Some(Changes::Still) => Vec::new(),
            Some(Changes::Script(script)) => script.clone(),
            Some(Changes::Drawn(draws)) => {
                draw(mix_both(self.seed_of(run), cycle as u64), directory, draws)
            }
        }
    }

    /// Whether any cycle's changes are drawn.
    pub fn is_drawn(&self) -> bool {
        self.draws().next().is_some()
    }

    /// What is drawn, by cycle.
    pub fn draws(&self) -> impl Iterator<Item = &Draws> {
        self.cycles.iter().filter_map(|cycle| match cycle.changes() {
            Some(Changes::Drawn(draws)) => Some(draws),
            _ => None,
        })
    }

    /// One run of this scenario with its changes written out, by cycle: a drawn sequence, perhaps
    /// shortened, as an ordinary scenario.
    pub fn with_scripts(&self, run: u32, scripts: Vec<Vec<Change>>) -> Self {
        let mut scripted = self.clone();
        scripted.seed = self.seed_of(run);
        scripted.runs = 1;
        scripted.population.seed = scripted.seed;
        for (cycle, script) in scripted.cycles.iter_mut().zip(scripts) {
            if let Some(changes) = cycle.changes_mut() {
                let still = script.is_empty();
                *changes = if still { Changes::Still } else { Changes::Script(script) };
            }
        }
        scripted
    }
}

impl CyclePlan {
    /// What happens in the directory before it; a test of the connection has no such thing.
    pub fn changes(&self) -> Option<&Changes> {
        match self {
            Self::TestConnection => None,
            Self::Initial { changes }
            | Self::Incremental { changes, .. }
            | Self::Restart { changes, .. }
            | Self::ProvisionOnDemand { changes, .. } => Some(changes),
        }
    }

    /// The same, to be changed.
    pub fn changes_mut(&mut self) -> Option<&mut Changes> {
        match self {
            Self::TestConnection => None,
            Self::Initial { changes }
            | Self::Incremental { changes, .. }
            | Self::Restart { changes, .. }
            | Self::ProvisionOnDemand { changes, .. } => Some(changes),
        }
    }
}

/// `churn/members-come-and-go` for a file below a folder `scenarios`, else the stem.
fn name_of(path: &Path) -> String {
    let parts: Vec<String> =
        path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let below = parts.iter().rposition(|part| part == "scenarios").map(|at| &parts[at + 1..]);
    match below {
        Some(below) if !below.is_empty() => below.join("/"),
        _ => parts.last().cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
