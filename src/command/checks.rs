//! `scimrig checks`: the catalogue as a list, or one check whole.

use clap::{Args, ValueEnum};
use scimrig::checks::check::{Check, Level};
use scimrig::checks::{all, find, level};
use scimrig::run::Exit;
use scimrig::run::checks::{Explanation, explain};
use serde_json::json;

use super::options::Wanted;
use super::verify::example_url;
use super::{Ended, Stop};

/// Lists the catalogue, or tells one check whole.
#[derive(Debug, Args)]
pub(crate) struct Checks {
    /// One check: requirement, requests, what fails it, and the defects that prove it
    #[arg(value_name = "ID", conflicts_with_all = ["only", "skip", "source", "level", "needs"])]
    id: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    /// Only checks whose source reads so: RFC7644, "RFC 7643 §4.1", entra, 9110
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// Only checks of this level: must, should, may, implied
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    level: Option<Level>,
    /// Only checks that need this of a tenant: PATCH, groups, sorting
    #[arg(long, value_name = "CAPABILITY")]
    needs: Option<String>,
    /// How it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Formats of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns, or paragraphs
    Text,
    /// A JSON array, or one object
    Json,
    /// The table that stands in the README
    Markdown,
}

impl Checks {
    pub(crate) fn run(self) -> Ended {
        match &self.id {
            Some(id) => tell(id, self.format)?,
            None => self.list()?,
        }
        Ok(Exit::Conforms)
    }

    fn list(&self) -> Result<(), Stop> {
        let mut wanted: Vec<&Check> = self.wanted.selection()?.checks().collect();
        wanted.retain(|check| self.level.is_none_or(|level| check.level == level));
        if let Some(text) = &self.source {
            keep(&mut wanted, "--source", text, |check| vec![check.source.to_string()])?;
        }
        if let Some(text) = &self.needs {
            let needs = |check: &Check| check.needs.iter().map(ToString::to_string).collect();
            keep(&mut wanted, "--needs", text, needs)?;
        }
        print(&wanted, self.format)
    }
}

/// Keeps the checks of which one of these texts holds the word, whatever its case and spaces.
fn keep(
    wanted: &mut Vec<&'static Check>,
    option: &str,
    word: &str,
    texts: impl Fn(&Check) -> Vec<String>,
) -> Result<(), Stop> {
    let bare = |text: &str| text.to_lowercase().replace([' ', '§', '`'], "");
    let holds = |check: &Check| texts(check).iter().any(|text| bare(text).contains(&bare(word)));
    if !all().any(holds) {
        let mut accepted: Vec<String> = all().flat_map(&texts).collect();
        if option == "--source" {
            accepted = ["RFC 7643 §4.1", "RFC 7644", "HTTP, RFC 9110", "Microsoft Entra"]
                .map(str::to_owned)
                .into();
        }
        accepted.sort();
        accepted.dedup();
        let accepted = accepted.join(", ");
        return Err(Stop::BadInput(format!(
            "{option} {word}: no check is of that kind; accepted is a part of one of: {accepted}"
        )));
    }
    wanted.retain(|check| holds(check));
    Ok(())
}

fn parse_level(word: &str) -> Result<Level, String> {
    let names: Vec<String> =
        Level::ALL.iter().map(|level| level.name().to_ascii_lowercase()).collect();
    level(word).ok_or_else(|| format!("accepted are {}", names.join(", ")))
}

fn print(checks: &[&Check], format: Format) -> Result<(), Stop> {
    match format {
        Format::Text => {
            for check in checks {
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
            let all: Vec<_> = checks.iter().map(|check| as_json(check)).collect();
            say!("{}", serde_json::to_string_pretty(&all)?);
        }
        Format::Markdown => {
            say!("| check | level | source | what is asked |\n| --- | --- | --- | --- |");
            for check in checks {
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
    Ok(())
}

fn as_json(check: &Check) -> serde_json::Value {
    let needs: Vec<String> = check.needs.iter().map(ToString::to_string).collect();
    json!({
        "id": check.id,
        "level": check.level,
        "source": check.source.to_string(),
        "sentence": check.sentence,
        "needs": needs,
    })
}

/// Tells one check whole.
fn tell(id: &str, format: Format) -> Result<(), Stop> {
    let Some(check) = find(id) else { return Err(Stop::BadInput(unknown(id))) };
    let told = explain(check, &example_url()?);
    match format {
        Format::Json => say!("{}", serde_json::to_string_pretty(&told)?),
        Format::Text => say!("{}", text(&told).trim_end()),
        Format::Markdown => {
            return Err(Stop::BadInput(
                "--format markdown: the table is of the whole list; take text or json".to_owned(),
            ));
        }
    }
    Ok(())
}

/// What to say of an id that no check has: those it might be meant for.
fn unknown(id: &str) -> String {
    let mut near: Vec<&Check> = all().collect();
    near.sort_by(|one, other| {
        let nearness = |check: &Check| strsim::jaro_winkler(check.id, id);
        nearness(other).total_cmp(&nearness(one))
    });
    let near: Vec<&str> = near.iter().take(3).map(|check| check.id).collect();
    format!(
        "checks {id}: no check has that id; near it are {}; `scimrig checks --only PREFIX` lists \
         those that begin with it",
        near.join(", ")
    )
}

fn text(told: &Explanation) -> String {
    let mut page =
        format!("{} ({}, {})\n  {}\n\n", told.id, told.level.name(), told.source, told.sentence);
    let list = |words: &[String]| match words {
        [] => "nothing".to_owned(),
        words => words.join(", "),
    };
    let excused: Vec<String> = told.excused_by.iter().map(|&name| name.to_owned()).collect();
    let mut row = |name: &str, text: &str| page += &format!("  {name:<12} {text}\n");
    row("needs", &list(&told.needs));
    row("excused by", &list(&excused));
    row("runs", told.runs);
    row("begins with", &told.begins_with);
    if let Some(listens) = &told.listens_to {
        row("listens to", listens);
    }
    for line in &told.sends {
        row("sends", line);
    }
    for failing in &told.fails {
        row("fails", &format!("expected {}", failing.expected));
        row("", &format!("actual   {}", failing.actual));
    }
    match told.defects.as_slice() {
        [] => row("proven by", "its own test alone"),
        defects => {
            for proof in defects {
                row("proven by", &format!("--defect {}: {}", proof.defect, proof.sentence));
            }
        }
    }
    page
}
