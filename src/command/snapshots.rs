//! `scimrig snapshots`: what `cargo insta` does, anywhere.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use scimrig::run::Exit;
use scimrig::snapshot::{accept, reject, review};

use super::{Ended, Stop};

/// Handles pending snapshots.
#[derive(Debug, Args)]
pub(crate) struct Snapshots {
    #[command(subcommand)]
    verb: Verb,
    /// Where snapshots are
    #[arg(long, value_name = "DIR", default_value = "snapshots", global = true)]
    snapshots_dir: PathBuf,
}

/// What to do with them.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows each difference and asks
    Review {
        /// Names, or parts of a name between slashes; none means all
        names: Vec<String>,
    },
    /// Accepts
    Accept {
        /// Names, or parts of a name between slashes; none means all
        names: Vec<String>,
    },
    /// Rejects
    Reject {
        /// Names, or parts of a name between slashes; none means all
        names: Vec<String>,
    },
}

impl Snapshots {
    pub(crate) fn run(self) -> Ended {
        let root = &self.snapshots_dir;
        let done = match &self.verb {
            Verb::Review { names } => {
                let colour = std::io::stdout().is_terminal();
                let (input, output) = (std::io::stdin().lock(), std::io::stdout());
                review(root, names, input, output, colour).map(|_| Vec::new())
            }
            Verb::Accept { names } => accept(root, names),
            Verb::Reject { names } => reject(root, names),
        };
        for name in done.map_err(|error| Stop::bad(&error))? {
            say!("{name}");
        }
        Ok(Exit::Conforms)
    }
}
