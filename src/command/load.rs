//! `scimrig load`: a large initial cycle.

use std::fmt::Write as _;

use clap::Args;
use scimrig::directory::Population;
use scimrig::entra::scope::{Scope, ScopeMode};
use scimrig::load::{LoadExpectations, LoadPlan, run_load};
use scimrig::profile::EntraOverrides;
use scimrig::recording::BodyPolicy;
use scimrig::run::Budget;
use scimrig::snapshot::SnapshotMode;

use super::options::{Allowed, Common};
use super::session::{Plan, Session};
use super::{Ended, Stop};

/// Measures an initial cycle.
#[derive(Debug, Args)]
pub(crate) struct Load {
    #[command(flatten)]
    common: Common,
    /// Users to create
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    users: usize,
    /// Groups to create
    #[arg(long, value_name = "N", default_value_t = 50)]
    groups: usize,
    /// Members of each group
    #[arg(long, value_name = "N", default_value_t = 20)]
    members_per_group: usize,
    /// Requests in flight at once
    #[arg(long, value_name = "N", default_value_t = 5)]
    concurrency: usize,
    #[command(flatten)]
    allowed: Allowed,
    /// Users and groups compared attribute by attribute afterwards
    #[arg(long, value_name = "N", default_value_t = 200)]
    sample: usize,
    /// Expect at least so many requests a second; exit code 4 where it is missed
    #[arg(long, value_name = "N")]
    requests_per_second_min: Option<f64>,
    /// Expect at least so many objects a second
    #[arg(long, value_name = "N")]
    objects_per_second_min: Option<f64>,
    /// Expect the 99th percentile of latency to be at most so many milliseconds
    #[arg(long, value_name = "MS")]
    latency_p99_ms_max: Option<f64>,
}

/// How large a load is.
#[derive(Debug, Clone)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) groups: usize,
    pub(crate) members_per_group: usize,
    pub(crate) concurrency: usize,
    pub(crate) rate: Option<f64>,
    pub(crate) sample: usize,
    pub(crate) expectations: LoadExpectations,
}

impl Load {
    pub(crate) async fn run(self) -> Ended {
        let size = Size {
            users: self.users,
            groups: self.groups,
            members_per_group: self.members_per_group,
            concurrency: self.concurrency,
            rate: self.allowed.rate,
            sample: self.sample,
            expectations: LoadExpectations {
                requests_per_second_min: self.requests_per_second_min,
                objects_per_second_min: self.objects_per_second_min,
                latency_p99_ms_max: self.latency_p99_ms_max,
            },
        };
        size.refuse()?;
        let session = Session::open(&Plan {
            common: &self.common,
            allowance: self.allowed.allowance(),
            command: size.command(),
            writes: true,
            scenario: Some("load"),
            snapshots: (SnapshotMode::Off, std::path::PathBuf::from("snapshots")),
            bodies: BodyPolicy::First(2_000),
            concurrency: self.concurrency,
            budget: Budget::default(),
        })?;
        session
            .run(async |session| {
                if !session.test_connection().await? {
                    return Ok(());
                }
                load(session, &size).await
            })
            .await
    }
}

impl Size {
    fn command(&self) -> String {
        let mut command = format!(
            "load --users {} --groups {} --members-per-group {} --concurrency {} --sample {}",
            self.users, self.groups, self.members_per_group, self.concurrency, self.sample
        );
        let expected = &self.expectations;
        for (option, value) in [
            ("requests-per-second-min", expected.requests_per_second_min),
            ("objects-per-second-min", expected.objects_per_second_min),
            ("latency-p99-ms-max", expected.latency_p99_ms_max),
        ] {
            if let Some(value) = value {
                let _ = write!(command, " --{option} {value}");
            }
        }
        command
    }

    fn refuse(&self) -> Result<(), Stop> {
        let refuse = |text: &str| Err(Stop::BadInput(text.to_owned()));
        if self.users == 0 {
            return refuse("--users 0: at least one user makes a load");
        }
        if self.members_per_group > self.users {
            return refuse("--members-per-group is larger than --users");
        }
        if self.concurrency == 0 || self.concurrency > 10_000 {
            return refuse("--concurrency: accepted are 1 to 10000");
        }
        Ok(())
    }
}

/// Runs a load as a stage of a run.
pub(crate) async fn load(session: &Session, size: &Size) -> Result<(), Stop> {
    let stage = &session.stage;
    let scope = Scope { mode: ScopeMode::AllUsersAndGroups, ..Scope::default() };
    let set_up = stage
        .job_set_up(&EntraOverrides::default(), &[], scope, session.seed)
        .map_err(|error| Stop::bad(&error))?;
    let plan = LoadPlan {
        population: Population {
            seed: session.seed,
            users: size.users,
            groups: size.groups,
            members_per_group: size.members_per_group,
            ..Population::default()
        },
        concurrency: size.concurrency,
        rate: size.rate,
        sample: size.sample,
        expectations: size.expectations,
    };
    let tenant = stage.dressed(&set_up.settings, session.seed);
    let result = run_load(&tenant, &set_up, &plan, &stage.stop, &*stage.telling)
        .await
        .map_err(|error| Stop::Ours(error.into()))?;
    session.found().load = Some(result);
    Ok(())
}
