//! `scimrig load`: a large initial cycle.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use scimrig::directory::Population;
use scimrig::entra::scope::{Scope, ScopeMode};
use scimrig::exchange::Operation;
use scimrig::load::{CapacityPlan, Increments, LoadPace, LoadPlan, Shard, run_load};
use scimrig::metrics::{GrowthBound, PerformanceExpectations};
use scimrig::profile::EntraOverrides;
use scimrig::recording::BodyPolicy;
use scimrig::run::cleanup::clean_up;
use scimrig::run::{Budget, LoadResult, RepeatResult};
use scimrig::snapshot::SnapshotMode;
use scimrig::tenant::{Manifest, ManifestLine, TenantUrl};

use super::options::{Allowed, Common};
use super::session::{Plan, Session};
use super::{Ended, Stop};

/// Measures an initial cycle.
#[derive(Debug, Args)]
pub(crate) struct Load {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    allowed: Allowed,
    #[command(flatten)]
    size: SizeOptions,
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    spread: SpreadOptions,
    #[command(flatten)]
    expected: ExpectOptions,
}

/// What is said of the tenant after one share of several.
const LEFT: &str = "what a share made stays in the tenant, for the other shares need it; when all \
                    have ended, `scimrig cleanup` with the folder of each removes it";

/// How the work is spread over machines and runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shares and resuming")]
struct SpreadOptions {
    /// Provision one share of the population, the I-th of N. Each share writes a report of its own;
    /// `report merge` makes them one. A share leaves what it made, for the others need it:
    /// `cleanup` removes it
    #[arg(long, value_name = "I/N", conflicts_with_all = ["repeat", "find_capacity"])]
    shard: Option<Shard>,
    /// Keep a journal in this new file, so that a run that was killed can be resumed
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    journal: Option<PathBuf>,
    /// Go on where the run that kept this journal was killed; the other options as they were then
    #[arg(long, value_name = "FILE", conflicts_with = "repeat")]
    resume: Option<PathBuf>,
}

/// Who there is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Size")]
struct SizeOptions {
    /// Users to create
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    users: usize,
    /// Groups to create
    #[arg(long, value_name = "N", default_value_t = 50)]
    groups: usize,
    /// Members of each group
    #[arg(long, value_name = "N", default_value_t = 20)]
    members_per_group: usize,
    /// How many of the groups are large
    #[arg(long, value_name = "N", default_value_t = 0)]
    large_groups: usize,
    /// Members of each large group
    #[arg(long, value_name = "N", default_value_t = 0)]
    members_per_large_group: usize,
    /// Members in one PATCH; the profile decides otherwise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    members_per_patch: Option<u16>,
    /// Incremental cycles after the initial one
    #[arg(long, value_name = "N", default_value_t = 0)]
    cycles: u32,
    /// The share of users, and of groups, that change before each incremental cycle, in percent
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    changed_percent: f64,
    /// Users and groups compared attribute by attribute afterwards
    #[arg(long, value_name = "N", default_value_t = 200)]
    sample: usize,
    /// Loads one after another, each with users of its own and cleaned up before the next; their
    /// spread is the noise of `report compare`
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
    repeat: u32,
}

/// How the work is spread over time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model of load")]
struct ModelOptions {
    /// Requests in flight at once
    #[arg(long, value_name = "N", default_value_t = 5)]
    concurrency: usize,
    /// A pace by name; none: as fast as answered, or at --rate
    #[arg(long, value_enum, conflicts_with_all = ["rate", "find_capacity"])]
    pace: Option<NamedPace>,
    /// How many of the answers are judged
    #[arg(long, value_enum, default_value_t = Judged::All)]
    judge: Judged,
    /// Look for the highest rate that the tenant can keep, within --latency-p99-ms-max (1000 where
    /// none is given) and --error-share-max (0.01); --rate is where the search begins
    #[arg(long)]
    find_capacity: bool,
    /// How long the search holds each rate
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0, requires = "find_capacity")]
    step_seconds: f64,
}

/// How much of a load is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Judged {
    /// Every answer
    All,
    /// The first 2000 answers, each refusal, and a share of the rest: more of this machine is left
    /// for sending
    Share,
}

/// Paces by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NamedPace {
    /// Entra's own: 0.01 to 0.08 minutes for each object, as Microsoft publishes
    Entra,
    /// What the gallery asks a tenant to bear: 25 requests a second
    Guideline,
}

/// What the load must reach; exit code 4 where it does not.
#[derive(Debug, Args)]
#[command(next_help_heading = "Expectations (exit code 4 where one is missed)")]
struct ExpectOptions {
    /// Expect at least so many requests a second
    #[arg(long, value_name = "N")]
    requests_per_second_min: Option<f64>,
    /// Expect at least so many objects a second
    #[arg(long, value_name = "N")]
    objects_per_second_min: Option<f64>,
    /// Expect the 99th percentile of latency to be at most so many milliseconds
    #[arg(long, value_name = "MS")]
    latency_p99_ms_max: Option<f64>,
    /// The same for one operation: `create-user=300`; can be given several times
    #[arg(long, value_name = "OPERATION=MS", value_parser = of_operation)]
    latency_p99_ms_max_of: Vec<(String, f64)>,
    /// Expect at most this share of requests without success, from 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    error_share_max: Option<f64>,
    /// Expect latency to grow no faster with what the tenant holds
    #[arg(long, value_enum)]
    growth_max: Option<GrowthMax>,
}

/// How fast latency may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GrowthMax {
    /// Not at all
    Constant,
    /// As the logarithm of the size
    Logarithmic,
    /// In proportion to the size
    Linear,
}

/// One operation and its bound.
fn of_operation(text: &str) -> Result<(String, f64), String> {
    let (name, bound) = text.split_once('=').ok_or("accepted is OPERATION=MS")?;
    if Operation::named(name).is_none() {
        let known: Vec<String> = Operation::ALL.iter().map(|it| it.name()).collect();
        return Err(format!("no operation is called {name}; there are {}", known.join(", ")));
    }
    let bound = bound.parse().ok().filter(|bound: &f64| bound.is_finite() && *bound > 0.0);
    bound.map(|bound| (name.to_owned(), bound)).ok_or("MS: accepted is a number above 0".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "accepted is a number from 0 to 1".to_owned())
}

impl Load {
    pub(crate) async fn run(self) -> Ended {
        self.refuse()?;
        let journal = self.journal()?;
        let progress = journal.as_ref().map(|(_, earlier)| earlier.progress.clone());
        let (plan, size) = (LoadPlan { progress, ..self.plan() }, &self.size);
        let name = match self.shard().place() {
            (_, 1) => "load".to_owned(),
            (index, of) => format!("load-{index}-of-{of}"),
        };
        let session = Session::open(&Plan {
            common: &self.common,
            allowance: self.allowed.allowance(),
            command: self.command(),
            writes: true,
            judges_share: self.model.judge == Judged::Share,
            leaves_all: self.shard().is_part(),
            scenario: Some(&name),
            journal,
            snapshots: (SnapshotMode::Off, PathBuf::from("snapshots")),
            bodies: BodyPolicy::First(2_000),
            concurrency: self.model.concurrency,
            budget: Budget::default(),
            known_failures: None,
        })?;
        session
            .run(async |session| {
                if !session.test_connection().await? {
                    return Ok(());
                }
                if plan.progress.is_some() {
                    let line = ManifestLine::Plan { plan: self.identity() };
                    session.stage.tenant.note_progress(&line);
                }
                if self.shard().is_part() {
                    session.found().remarks.push(LEFT.to_owned());
                }
                load(session, &plan, size.members_per_patch, size.repeat).await
            })
            .await
    }

    /// Whether the tenant is named and lives on this machine.
    pub(super) fn is_beside_its_tenant(&self) -> bool {
        let url = self.common.tenant_url.as_deref().and_then(|url| TenantUrl::parse(url).ok());
        url.is_some_and(|url| url.is_loopback())
    }

    fn shard(&self) -> Shard {
        self.spread.shard.unwrap_or(Shard::WHOLE)
    }

    /// The journal that is kept, and what it holds already.
    fn journal(&self) -> Result<Option<(PathBuf, Manifest)>, Stop> {
        let refuse = |path: &Path, why: &str| {
            Err(Stop::BadInput(format!("the journal {}: {why}", path.display())))
        };
        if let Some(path) = &self.spread.journal {
            if path.exists() {
                return refuse(path, "it exists already; --resume goes on with it");
            }
            return Ok(Some((path.clone(), Manifest::default())));
        }
        let Some(path) = &self.spread.resume else { return Ok(None) };
        let earlier = Manifest::read(path).map_err(|error| Stop::bad(&error))?.of_earlier_run();
        match &earlier.progress.plan {
            // Killed before anything was sent.
            None if earlier
                == Manifest { tenant: earlier.tenant.clone(), ..Manifest::default() } =>
            {
                Ok(Some((path.clone(), earlier)))
            }
            None => refuse(path, "no load has kept it; name the FILE of an earlier --journal"),
            Some(plan) if *plan != self.identity() => {
                let now = self.identity();
                refuse(path, &format!("it is of another load: `{plan}` then, `{now}` now"))
            }
            Some(_) if earlier.progress.is_finished => refuse(
                path,
                "the load came to its end; `scimrig cleanup FILE` removes what is left of it",
            ),
            Some(_) => Ok(Some((path.clone(), earlier))),
        }
    }

    /// What makes two loads the same, so that one can go on with the other's work.
    fn identity(&self) -> String {
        let seed = self.common.seed.unwrap_or(super::session::SEED);
        format!("{} --seed {seed}", self.command())
    }

    /// What is to be done; the seed is the session's.
    fn plan(&self) -> LoadPlan {
        let (size, model, expected) = (&self.size, &self.model, &self.expected);
        let default = CapacityPlan::default();
        LoadPlan {
            population: Population {
                users: size.users,
                groups: size.groups,
                members_per_group: size.members_per_group,
                large_groups: size.large_groups,
                members_per_large_group: size.members_per_large_group,
                ..Population::default()
            },
            concurrency: model.concurrency,
            pace: match (model.pace, self.allowed.rate) {
                (Some(NamedPace::Entra), _) => LoadPace::Entra,
                (Some(NamedPace::Guideline), _) => LoadPace::Guideline,
                (None, Some(rate)) if !model.find_capacity => LoadPace::Rate(rate),
                (None, _) => LoadPace::Closed,
            },
            increments: Increments { cycles: size.cycles, changed_percent: size.changed_percent },
            capacity: model.find_capacity.then(|| CapacityPlan {
                from: self.allowed.rate.unwrap_or(default.from),
                step_seconds: model.step_seconds,
                latency_p99_ms_max: expected
                    .latency_p99_ms_max
                    .unwrap_or(default.latency_p99_ms_max),
                error_share_max: expected.error_share_max.unwrap_or(default.error_share_max),
            }),
            shard: self.shard(),
            progress: None,
            sample: size.sample,
            expectations: self.expectations(),
        }
    }

    /// A search for the capacity breaks its bounds on purpose: then they are no expectations.
    fn expectations(&self) -> PerformanceExpectations {
        let expected = &self.expected;
        let bound = |it: Option<f64>| it.filter(|_| !self.model.find_capacity);
        PerformanceExpectations {
            requests_per_second_min: expected.requests_per_second_min,
            objects_per_second_min: expected.objects_per_second_min,
            latency_p99_ms_max: bound(expected.latency_p99_ms_max),
            latency_p99_ms_max_of: expected.latency_p99_ms_max_of.iter().cloned().collect(),
            error_share_max: bound(expected.error_share_max),
            growth_max: expected.growth_max.map(|growth| match growth {
                GrowthMax::Constant => GrowthBound::Constant,
                GrowthMax::Logarithmic => GrowthBound::Logarithmic,
                GrowthMax::Linear => GrowthBound::Linear,
            }),
        }
    }

    /// The command with its options, to be typed again. What is as by default is left out, but for
    /// the size.
    fn command(&self) -> String {
        let (size, model, expected) = (&self.size, &self.model, &self.expected);
        let mut command = format!(
            "load --users {} --groups {} --members-per-group {} --concurrency {} --sample {}",
            size.users, size.groups, size.members_per_group, model.concurrency, size.sample
        );
        let mut add = |option: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = write!(command, " --{option} {value}");
            }
        };
        let large = size.large_groups > 0;
        add("large-groups", large.then(|| size.large_groups.to_string()));
        add("members-per-large-group", large.then(|| size.members_per_large_group.to_string()));
        add("members-per-patch", size.members_per_patch.map(|it| it.to_string()));
        let cycles = size.cycles > 0;
        add("repeat", (size.repeat > 1).then(|| size.repeat.to_string()));
        add("cycles", cycles.then(|| size.cycles.to_string()));
        add("changed-percent", cycles.then(|| size.changed_percent.to_string()));
        add("pace", model.pace.as_ref().and_then(name_of));
        let is_share = model.judge == Judged::Share;
        add("judge", is_share.then(|| "share".to_owned()));
        add("requests-per-second-min", expected.requests_per_second_min.map(|it| it.to_string()));
        add("objects-per-second-min", expected.objects_per_second_min.map(|it| it.to_string()));
        add("latency-p99-ms-max", expected.latency_p99_ms_max.map(|it| it.to_string()));
        for (operation, bound) in &expected.latency_p99_ms_max_of {
            add("latency-p99-ms-max-of", Some(format!("{operation}={bound}")));
        }
        add("error-share-max", expected.error_share_max.map(|it| it.to_string()));
        add("growth-max", expected.growth_max.as_ref().and_then(name_of));
        add("shard", self.spread.shard.filter(|it| it.is_part()).map(|it| it.to_string()));
        if model.find_capacity {
            let _ = write!(command, " --find-capacity --step-seconds {}", model.step_seconds);
        }
        command
    }

    fn refuse(&self) -> Result<(), Stop> {
        let refuse = |text: &str| Err(Stop::BadInput(text.to_owned()));
        let (size, model) = (&self.size, &self.model);
        if size.users == 0 {
            return refuse("--users 0: at least one user makes a load");
        }
        if self.shard().is_part() && self.common.tenant_url.is_none() {
            return refuse(
                "--shard needs --tenant-url: in this process's embedded tenant nobody else makes \
                 the other shares",
            );
        }
        if size.members_per_group > size.users || size.members_per_large_group > size.users {
            return refuse("--members-per-group and --members-per-large-group: at most --users");
        }
        if size.large_groups > size.groups {
            return refuse("--large-groups: at most --groups, of which they are a part");
        }
        if (size.large_groups > 0) != (size.members_per_large_group > 0) {
            return refuse("--large-groups and --members-per-large-group go together");
        }
        if !(0.0..=100.0).contains(&size.changed_percent) {
            return refuse("--changed-percent: accepted is a number from 0 to 100");
        }
        if model.concurrency == 0 || model.concurrency > 10_000 {
            return refuse("--concurrency: accepted are 1 to 10000");
        }
        if !(0.1..=3_600.0).contains(&model.step_seconds) {
            return refuse("--step-seconds: accepted is a number from 0.1 to 3600");
        }
        Ok(())
    }
}

/// The word of a value as it is typed.
fn name_of(value: &impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

/// Runs a load as a stage of a run, some times over; its population gets the session's seed.
pub(crate) async fn load(
    session: &Session,
    plan: &LoadPlan,
    members_per_patch: Option<u16>,
    repeat: u32,
) -> Result<(), Stop> {
    let stage = &session.stage;
    let scope = Scope { mode: ScopeMode::AllUsersAndGroups, ..Scope::default() };
    let own = EntraOverrides {
        members_per_patch: members_per_patch.map(usize::from),
        ..EntraOverrides::default()
    };
    let set_up =
        stage.job_set_up(&own, &[], scope, session.seed).map_err(|error| Stop::bad(&error))?;
    let tenant = stage.dressed(&set_up.settings, session.seed);
    if let Some(used_up) = tenant.budget_used_up() {
        session.found().remarks.push(format!("the load was not begun: {used_up}"));
        return Ok(());
    }
    let mut results: Vec<LoadResult> = Vec::new();
    for attempt in 0..repeat {
        if attempt > 0 {
            stage.telling.stage("clean up", None);
            clean_up(&tenant, plan.concurrency).await;
        }
        let population = Population { seed: session.seed, attempt, ..plan.population.clone() };
        let plan = LoadPlan { population, ..plan.clone() };
        let loaded = run_load(&tenant, &set_up, &plan, &stage.stop, &*stage.telling);
        let result = Box::pin(loaded).await.map_err(|error| Stop::Ours(error.into()))?;
        results.push(result);
        if stage.is_stopped() {
            break;
        }
    }
    session.found().load = middle(results);
    Ok(())
}

/// The load whose throughput lies in the middle, with the figures of all; one that went wrong
/// stands for all.
fn middle(mut results: Vec<LoadResult>) -> Option<LoadResult> {
    let repeats: Vec<RepeatResult> = results.iter().map(RepeatResult::of).collect();
    results.sort_by(|one, other| one.requests_per_second.total_cmp(&other.requests_per_second));
    let wrong = results.iter().position(|result| !result.arrived());
    let place = wrong.unwrap_or(results.len() / 2);
    let mut result = results.into_iter().nth(place)?;
    if repeats.len() > 1 {
        result.repeats = repeats;
    }
    Some(result)
}
