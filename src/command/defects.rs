//! `scimrig defects`: the bugs that the embedded tenant can be given, and the checks that find
//! each.

use clap::{Args, ValueEnum};
use scimrig::run::Exit;
use scimrig::tenant::embedded::Defect;
use serde_json::json;

use super::{Ended, Stop};

/// Lists the bugs that `scimrig serve --defect` switches on, and the checks that find each.
#[derive(Debug, Args)]
pub(crate) struct Defects {
    /// Only bugs of this area
    #[arg(long, value_name = "AREA")]
    area: Option<String>,
    /// How the list is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Formats of the list.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Three lines a bug, for reading
    Text,
    /// A JSON array
    Json,
}

impl Defects {
    pub(crate) fn run(self) -> Ended {
        let wanted = |defect: &Defect| self.area.as_deref().is_none_or(|it| it == defect.area());
        let listed: Vec<Defect> = Defect::all().filter(wanted).collect();
        if listed.is_empty() {
            return Err(unknown_area(&self.area.unwrap_or_default()));
        }
        match self.format {
            Format::Text => listed.into_iter().for_each(tell),
            Format::Json => {
                let all: Vec<_> = listed.into_iter().map(as_json).collect();
                say!("{}", serde_json::to_string_pretty(&all)?);
            }
        }
        Ok(Exit::Conforms)
    }
}

fn tell(defect: Defect) {
    let requests = match defect.requests() {
        1 => "1 request".to_owned(),
        more => format!("{more} requests"),
    };
    let (id, area) = (defect.id(), defect.area());
    say!("{}", format!("{id:<32} {area:<12} {requests:<12} {}", defect.seen()).trim_end());
    say!("    {}", defect.sentence());
    say!("    found by {}", defect.caught_by().collect::<Vec<_>>().join(", "));
}

fn as_json(defect: Defect) -> serde_json::Value {
    json!({
        "id": defect.id(),
        "area": defect.area(),
        "sentence": defect.sentence(),
        "seen": defect.seen().split_whitespace().collect::<Vec<_>>(),
        "requests": defect.requests(),
        "check": defect.check(),
        "caught-by": defect.caught_by().collect::<Vec<_>>(),
    })
}

fn unknown_area(given: &str) -> Stop {
    let mut areas: Vec<&str> = Defect::all().map(Defect::area).collect();
    areas.dedup();
    Stop::BadInput(format!("--area {given}: no such area; accepted are {}", areas.join(", ")))
}
