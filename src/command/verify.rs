//! `scimrig verify`, `test-connection` and `check`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use scimrig::checks::Selection;
use scimrig::directory::Population;
use scimrig::load::{Increments, LoadPace, LoadPlan, Shard};
use scimrig::metrics::PerformanceExpectations;
use scimrig::recording::BodyPolicy;
use scimrig::run::checks::{ProbeSettings, dry_run, run_probes};
use scimrig::run::play::play;
use scimrig::run::{Budget, Exit};
use scimrig::scenario::{BUILT_IN, Scenario};
use scimrig::snapshot::SnapshotMode;
use scimrig::tenant::TenantUrl;

use super::known_failures::KnownFailureOptions;
use super::load::load;
use super::options::{Allowed, Common, ShrinkOptions, Target, Wanted};
use super::session::{Plan, SEED, Session};
use super::{Ended, Stop};

/// Options on snapshots.
#[derive(Debug, Args)]
pub(crate) struct SnapshotOptions {
    /// Compare snapshots, accept whatever comes, or leave them alone
    #[arg(long, value_name = "MODE", default_value = "check")]
    pub(crate) snapshots: SnapshotMode,
    /// Where accepted snapshots are
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    pub(crate) snapshots_dir: PathBuf,
}

/// The main job.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    allowed: Allowed,
    #[command(flatten)]
    snapshots: SnapshotOptions,
    #[command(flatten)]
    known_failures: KnownFailureOptions,
    /// Checks run at once; none: 4, and 1 on the embedded tenant, whose answers take no time
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Users of the small initial cycle
    #[arg(long, value_name = "N", default_value_t = 500)]
    users: usize,
    /// Groups of the small initial cycle
    #[arg(long, value_name = "N", default_value_t = 20)]
    groups: usize,
    #[command(flatten)]
    shrink: ShrinkOptions,
}

impl Verify {
    pub(crate) async fn run(self) -> Ended {
        let selection = self.wanted.selection()?;
        let (users, groups, wanted) = (self.users, self.groups, self.wanted.typed());
        let session = Session::open(&Plan {
            common: &self.common,
            allowance: self.allowed.allowance(),
            command: format!("verify --users {users} --groups {groups}{wanted}"),
            writes: true,
            judges_share: false,
            leaves_all: false,
            scenario: None,
            journal: None,
            snapshots: (self.snapshots.snapshots, self.snapshots.snapshots_dir.clone()),
            bodies: BodyPolicy::First(20_000),
            concurrency: 5,
            // One sequence after the other: the same seed sends the same requests in one order.
            budget: Budget { shrink: self.shrink.budget(), jobs: Some(1), ..Budget::default() },
            known_failures: Some(&self.known_failures),
        })?;
        let mut scenarios = built_in_scenarios()?;
        let regressions = Scenario::read_folder(Path::new(REGRESSIONS));
        scenarios.extend(regressions.map_err(|error| Stop::bad(&error))?);
        session
            .run(async |session| {
                session.found().selection = selection.clone();
                if !session.test_connection().await? {
                    return Ok(());
                }
                probe(session, &selection, self.jobs).await;
                play_all(session, &scenarios).await?;
                let plan = LoadPlan {
                    population: Population {
                        users: self.users,
                        groups: self.groups,
                        members_per_group: 10,
                        ..Population::default()
                    },
                    concurrency: 5,
                    pace: self.allowed.rate.map_or(LoadPace::Closed, LoadPace::Rate),
                    increments: Increments::default(),
                    capacity: None,
                    shard: Shard::WHOLE,
                    progress: None,
                    sample: 50,
                    expectations: PerformanceExpectations::default(),
                };
                load(session, &plan, None, 1).await
            })
            .await
    }
}

/// Where failures once found are kept as scenarios, below the working folder.
const REGRESSIONS: &str = "scenarios/regressions";

/// Every built-in scenario but the large ones.
fn built_in_scenarios() -> Result<Vec<Scenario>, Stop> {
    BUILT_IN
        .iter()
        .filter(|(name, _)| !name.starts_with("load/"))
        .map(|(name, _)| Scenario::built_in(name).map_err(|error| Stop::bad(&error)))
        .collect()
}

/// Runs scenarios one after another, each result kept as it comes.
pub(crate) async fn play_all(session: &Session, scenarios: &[Scenario]) -> Result<(), Stop> {
    let stage = &session.stage;
    let runs = |it: &Scenario| match it.is_drawn() {
        true => stage.budget.cases(it.runs).most(),
        false => Some(it.runs),
    };
    // Where time alone ends it, nobody knows how many there will be.
    let runs: Option<u64> = scenarios.iter().map(|it| runs(it).map(u64::from)).sum();
    stage.telling.stage("scenarios", runs);
    for scenario in scenarios {
        if stage.is_interrupted() {
            break;
        }
        let result = Box::pin(play(stage, scenario)).await.map_err(|error| Stop::bad(&error))?;
        session.found().scenarios.push(result);
    }
    stage.telling.done(&format!("scenarios: {} done", session.found().scenarios.len()));
    Ok(())
}

/// Runs the probes of the catalogue. What the embedded tenant answers has been done: there is
/// nothing to wait for.
pub(crate) async fn probe(session: &Session, selection: &Selection, jobs: Option<usize>) {
    let stage = &session.stage;
    let total = selection.checks().filter(|check| check.is_probe()).count() as u64;
    stage.telling.stage("checks", Some(total));
    let usual = ProbeSettings::new(stage.seed.unwrap_or(SEED));
    let is_embedded = stage.embedded.is_some();
    let settings = ProbeSettings {
        concurrency: jobs.unwrap_or(if is_embedded { 1 } else { usual.concurrency }).max(1),
        visibility: if is_embedded { Duration::ZERO } else { usual.visibility },
        stop: stage.stop.clone(),
        ..usual
    };
    let progress = |result: &scimrig::checks::check::CheckResult, _: usize, _: usize| {
        session.found().probes.push(result.clone());
        stage.telling.step(&result.id);
    };
    let results = run_probes(&stage.tenant, &stage.profile, selection, &settings, &progress).await;
    stage.telling.done(&format!("checks: {} judged", results.len()));
    session.found().probes = results;
}

/// Test Connection alone.
#[derive(Debug, Args)]
pub(crate) struct TestConnection {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    allowed: Allowed,
}

impl TestConnection {
    pub(crate) async fn run(self) -> Ended {
        let session = Session::open(&Plan {
            common: &self.common,
            allowance: self.allowed.allowance(),
            command: "test-connection".to_owned(),
            writes: false,
            judges_share: false,
            leaves_all: false,
            scenario: Some("test-connection"),
            journal: None,
            snapshots: (SnapshotMode::Off, PathBuf::from("snapshots")),
            bodies: BodyPolicy::All,
            concurrency: 1,
            budget: Budget::default(),
            known_failures: None,
        })?;
        session.run(async |session| session.test_connection().await.map(|_| ())).await
    }
}

/// The catalogue alone.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    known_failures: KnownFailureOptions,
    #[command(flatten)]
    allowed: Allowed,
    #[command(flatten)]
    wanted: Wanted,
    /// Run heavy checks too: bursts that may trip a rate limit
    #[arg(long)]
    heavy: bool,
    /// Run checks too that try to change the tenant's own configuration
    #[arg(long)]
    tenant_data: bool,
    /// Print every request as a curl line and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Checks run at once; none: 4, and 1 on the embedded tenant, whose answers take no time
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

impl Check {
    pub(crate) async fn run(self) -> Ended {
        let (heavy, tenant_data) = (self.heavy, self.tenant_data);
        let selection = Selection { heavy, tenant_data, ..self.wanted.selection()? };
        if self.dry_run {
            return self.print(&selection);
        }
        let session = Session::open(&Plan {
            common: &self.common,
            allowance: self.allowed.allowance(),
            command: self.command(),
            writes: true,
            judges_share: false,
            leaves_all: false,
            scenario: None,
            journal: None,
            snapshots: (SnapshotMode::Off, PathBuf::from("snapshots")),
            bodies: BodyPolicy::All,
            concurrency: 4,
            budget: Budget::default(),
            known_failures: Some(&self.known_failures),
        })?;
        session
            .run(async |session| {
                session.found().selection = selection.clone();
                if session.test_connection().await? {
                    probe(session, &selection, self.jobs).await;
                }
                Ok(())
            })
            .await
    }

    fn command(&self) -> String {
        let heavy = if self.heavy { " --heavy" } else { "" };
        let tenant_data = if self.tenant_data { " --tenant-data" } else { "" };
        format!("check{}{heavy}{tenant_data}", self.wanted.typed())
    }

    fn print(&self, selection: &Selection) -> Ended {
        let profile = self.common.profile()?;
        let url = match self.common.tenant_url {
            Some(_) => match self.common.target(&profile, false)? {
                Target::Remote { url, .. } => url,
                Target::Embedded => example_url()?,
            },
            None => example_url()?,
        };
        for (id, lines) in dry_run(&url, selection, self.common.seed.unwrap_or(SEED)) {
            say!("# {id}");
            for line in lines {
                say!("{line}");
            }
        }
        Ok(Exit::Conforms)
    }
}

/// A URL to print where no tenant is named.
pub(crate) fn example_url() -> Result<TenantUrl, Stop> {
    TenantUrl::parse("http://127.0.0.1:8080/scim").map_err(|error| Stop::bad(&error))
}
