//! `scimrig checks`: the catalogue as a list.

use clap::{Args, ValueEnum};
use scimrig::checks::Selection;
use scimrig::checks::check::Check;
use scimrig::run::Exit;
use serde_json::json;

use super::Ended;

/// Lists the catalogue.
#[derive(Debug, Args)]
pub(crate) struct Checks {
    /// Only checks whose id begins with one of these
    #[arg(value_name = "PREFIX")]
    only: Vec<String>,
    /// How the list is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Formats of a list.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Columns
    Text,
    /// A JSON array
    Json,
    /// The table that stands in the README
    Markdown,
}

impl Checks {
    pub(crate) fn run(self) -> Ended {
        let selection = Selection { only: self.only, ..Selection::default() };
        match self.format {
            Format::Text => {
                for check in selection.checks() {
                    say!(
                        "{:<44} {:<8} {:<34} {}",
                        check.id,
                        check.level.name(),
                        check.source.to_string(),
                        check.sentence
                    );
                }
            }
            Format::Json => {
                let all: Vec<_> = selection.checks().map(as_json).collect();
                say!("{}", serde_json::to_string_pretty(&all)?);
            }
            Format::Markdown => {
                say!("| check | level | source | what is asked |\n| --- | --- | --- | --- |");
                for check in selection.checks() {
                    say!(
                        "| `{}` | {} | {} | {} |",
                        check.id,
                        check.level.name(),
                        check.source,
                        check.sentence.replace('|', "\\|")
                    );
                }
            }
        }
        Ok(Exit::Conforms)
    }
}

fn as_json(check: &Check) -> serde_json::Value {
    json!({
        "id": check.id,
        "level": check.level,
        "source": check.source.to_string(),
        "sentence": check.sentence,
    })
}
