//! `scimrig report`: reports again from a recording; `scimrig schema`: formats of files.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use scimrig::checks::Selection;
use scimrig::checks::cause::CauseResult;
use scimrig::checks::check::CheckResult;
use scimrig::checks::listen::EveryJudge;
use scimrig::load::{ShardReport, merge};
use scimrig::report::terminal::Paint;
use scimrig::report::{compare, folder_name, read, terminal, write_all};
use scimrig::run::checks::{combined, fold};
use scimrig::run::known_failures::day_of;
use scimrig::run::{AmbiguityResult, Counts, Exit, KnownFailures, Run, RunOutcome};

use super::options::read_profile;
use super::{Ended, Stop};

/// Folds a recording again, compares two reports, or merges those of a load's shares.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Report {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// A report folder: its exchanges are judged again by the checks of this version
    #[arg(value_name = "FOLDER", required = true)]
    folder: Option<PathBuf>,
    /// The profile's file, where the run used one of the operator's own
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    /// Count a broken SHOULD as a violation
    #[arg(long)]
    strict: bool,
}

/// Verbs of `report`.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Tells what changed between two report folders, in Markdown; new violations give exit code
    /// 1, what got slower beyond the noise of repeated loads exit code 4
    Compare {
        /// The older report folder
        base: PathBuf,
        /// The newer report folder
        new: PathBuf,
    },
    /// Makes one report of those that the shares of one load have written (`load --shard I/N`):
    /// counts are added up, latencies come from merged histograms, expectations are judged anew
    Merge {
        /// The report folder of each share, in any order
        #[arg(value_name = "FOLDER", required = true)]
        folders: Vec<PathBuf>,
        /// Where the folder of the merged report goes
        #[arg(long, value_name = "DIR", default_value = "reports")]
        reports: PathBuf,
        /// Count a broken SHOULD as a violation
        #[arg(long)]
        strict: bool,
    },
}

impl Report {
    pub(crate) fn run(self) -> Ended {
        match &self.verb {
            Some(Verb::Compare { base, new }) => compared(base, new),
            Some(Verb::Merge { folders, reports, strict }) => merged(folders, reports, *strict),
            None => self.again(),
        }
    }

    /// Judges a recording again.
    fn again(&self) -> Ended {
        let Some(folder) = &self.folder else {
            return Err(Stop::BadInput("report needs a FOLDER".to_owned()));
        };
        let mut run = read_run(folder)?;
        let profile = read_profile(self.profile.as_deref().unwrap_or(&run.profile))?;
        let judge = EveryJudge::new(run.tenant.clone(), &profile);
        let recording = folder.join("exchanges.jsonl");
        scimrig::recording::read_each(&recording, |exchange| judge.heard_alone(&exchange))
            .map_err(|error| Stop::bad(&error))?;
        let heard = fold(&Selection::default(), &profile, &judge);
        run.checks = renewed(std::mem::take(&mut run.checks), heard);
        let known = KnownFailures::again(&run.known_failures, day_of(run.began));
        run.known_failures = known.excuse(&mut run.checks);
        run.causes = CauseResult::of(&run.checks);
        run.ambiguities = AmbiguityResult::of(&run.checks);
        run.counts = Counts::of(&run.checks);
        if run.outcome != RunOutcome::Unreachable {
            run.outcome = RunOutcome::of(
                run.outcome == RunOutcome::Interrupted,
                run.connection.as_ref(),
                &run.checks,
                &run.scenarios,
                run.load.as_ref(),
                &run.known_failures,
            );
        }
        told(&run, folder, self.strict)
    }
}

fn compared(base: &Path, new: &Path) -> Ended {
    let compared = compare(&read_run(base)?, &read_run(new)?);
    let compared = compared.map_err(|unlike| Stop::bad(&unlike))?;
    say!("{}", compared.text.trim_end());
    Ok(match (compared.new_violations, compared.regressions) {
        (0, 0) => Exit::Conforms,
        (0, _) => Exit::ExpectationMissed,
        _ => Exit::Violations,
    })
}

fn merged(folders: &[PathBuf], reports: &Path, strict: bool) -> Ended {
    let report = |folder: &PathBuf| {
        Ok(ShardReport { folder: folder.display().to_string(), run: read_run(folder)? })
    };
    let shards = folders.iter().map(report).collect::<Result<Vec<_>, Stop>>()?;
    let name = format!("load-{}-shards", shards.len());
    let run = merge(shards).map_err(|error| Stop::bad(&error))?;
    told(&run, &reports.join(folder_name(&run.profile, Some(&name))), strict)
}

/// Writes the report and prints the verdict.
fn told(run: &Run, folder: &Path, strict: bool) -> Ended {
    write_all(run, folder)?;
    let paint = Paint::for_stream(&std::io::stdout());
    say!("{}", terminal::text(run, strict, Some(folder), paint).trim_end());
    Ok(Exit::of(run, strict))
}

/// What was heard is judged anew; probes and comparisons stay as the run judged them.
fn renewed(old: Vec<CheckResult>, heard: Vec<CheckResult>) -> Vec<CheckResult> {
    let is_new = |result: &CheckResult| result.judged > 0;
    let fresh: Vec<CheckResult> = heard.into_iter().filter(is_new).collect();
    let kept = old.into_iter().filter(|result| !fresh.iter().any(|new| new.id == result.id));
    combined(kept.chain(fresh.iter().cloned()).collect::<Vec<_>>())
}

fn read_run(folder: &Path) -> Result<Run, Stop> {
    read(folder).map_err(|error| Stop::bad(&error))
}

/// Prints the JSON Schema of a file format.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The format
    format: SchemaOf,
}

/// Formats with a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaOf {
    /// report.json
    Report,
}

impl Schema {
    pub(crate) fn run(self) -> Ended {
        let schema = match self.format {
            SchemaOf::Report => scimrig::report::schema(),
        };
        say!("{}", serde_json::to_string_pretty(&schema)?);
        Ok(Exit::Conforms)
    }
}
