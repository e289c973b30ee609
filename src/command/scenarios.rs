//! `scimrig run`: scenarios by name or by file.

use std::path::Path;

use clap::Args;
use scimrig::recording::BodyPolicy;
use scimrig::scenario::Scenario;

use super::options::{Allowed, Common, DrawOptions};
use super::session::{Plan, Session};
use super::verify::{SnapshotOptions, play_all};
use super::{Ended, Stop};

/// Runs scenarios.
#[derive(Debug, Args)]
pub(crate) struct RunScenarios {
    /// Built-in names (`groups/rename`), or TOML files
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    allowed: Allowed,
    #[command(flatten)]
    snapshots: SnapshotOptions,
    #[command(flatten)]
    draw: DrawOptions,
}

impl RunScenarios {
    pub(crate) async fn run(self) -> Ended {
        let scenarios: Vec<Scenario> = self
            .scenarios
            .iter()
            .map(|name| {
                let is_file = Path::new(name).extension().is_some_and(|end| end == "toml");
                let read = match is_file {
                    true => Scenario::read(Path::new(name)),
                    false => Scenario::built_in(name),
                };
                read.map_err(|error| Stop::bad(&error))
            })
            .collect::<Result<_, _>>()?;
        let only = match &scenarios[..] {
            [one] => Some(one.name.clone()),
            _ => None,
        };
        let session = Session::open(&Plan {
            common: &self.common,
            allowance: self.allowed.allowance(),
            command: format!("run {}{}", self.scenarios.join(" "), self.draw.words()),
            writes: true,
            judges_share: false,
            leaves_all: false,
            scenario: only.as_deref(),
            journal: None,
            snapshots: (self.snapshots.snapshots, self.snapshots.snapshots_dir.clone()),
            bodies: BodyPolicy::First(20_000),
            concurrency: 5,
            budget: self.draw.budget(),
            known_failures: None,
        })?;
        session
            .run(async |session| {
                if !session.test_connection().await? {
                    return Ok(());
                }
                play_all(session, &scenarios).await
            })
            .await
    }
}
