//! Options on known failures, and the files behind them: read before anything is sent, written
//! after the report.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use scimrig::checks::check::CheckResult;
use scimrig::run::KnownFailures;

use super::Stop;

/// Options on known failures.
#[derive(Debug, Args)]
pub(crate) struct KnownFailureOptions {
    /// A TOML file of failures that are known: each is excused until its day; one that has expired
    /// or passes fails the run
    #[arg(long, value_name = "FILE")]
    pub(crate) known_failures: Option<PathBuf>,
    /// Write the violations of this run to that file, and keep the words of those it lists already
    #[arg(long, value_name = "FILE")]
    write_known_failures: Option<PathBuf>,
    /// Who looks after those that are newly written; none: nobody yet
    #[arg(long, value_name = "NAME", requires = "write_known_failures")]
    owner: Option<String>,
}

/// The known failures of a run, and where to write the next ones.
pub(crate) struct KnownFailureFiles {
    /// What excuses.
    pub(crate) known: KnownFailures,
    /// The file to write, with what it holds already and who owns what is new.
    written: Option<(PathBuf, KnownFailures, Option<String>)>,
}

impl KnownFailureFiles {
    /// Reads the files that the options name, for a run on that day.
    pub(crate) fn read(options: Option<&KnownFailureOptions>, today: Date) -> Result<Self, Stop> {
        let read =
            |path: &PathBuf| KnownFailures::read(path, today).map_err(|error| Stop::bad(&error));
        let none = KnownFailures::none(today);
        let Some(options) = options else { return Ok(Self { known: none, written: None }) };
        if options.owner.as_deref().is_some_and(|owner| owner.trim().is_empty()) {
            return Err(Stop::BadInput("--owner: the name is empty".to_owned()));
        }
        let known = options.known_failures.as_ref().map(read).transpose()?;
        let written = match &options.write_known_failures {
            None => None,
            Some(path) => {
                let kept = if path.exists() { read(path)? } else { none.clone() };
                Some((path.clone(), kept, options.owner.clone()))
            }
        };
        Ok(Self { known: known.unwrap_or(none), written })
    }

    /// Writes what the run found, where that was asked for, and says so.
    pub(crate) fn write(
        &self,
        checks: &[CheckResult],
        with_deviations: bool,
    ) -> Result<Option<String>, Stop> {
        let Some((path, kept, owner)) = &self.written else { return Ok(None) };
        let renewed = self.known.renewed(kept, checks, with_deviations, owner.as_deref());
        renewed.write(path).map_err(|error| Stop::bad(&error))?;
        Ok(Some(format!("known failures: {} written to {}", renewed.len(), path.display())))
    }
}
