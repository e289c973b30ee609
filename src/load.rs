//! A large initial cycle: the same conversations, held by many workers at once.
//!
//! The population is never materialised; what a load remembers of an object is its id. The phases
//! (users, groups, references) keep Entra's order, the conversations are the connector's, and goose
//! drives the workers. Afterwards everything is counted in the tenant, and a sample is compared
//! attribute by attribute: a load that only counts its own answers proves nothing. Where goose
//! drives, it prints one line on stdout ("5 users launched.") that it has no switch for.

mod capacity;
mod count;
mod drive;
mod escrow;
mod figures;
mod foreign;
mod goose;
mod increment;
mod judging;
mod merge;
mod pacing;
mod phases;
mod sample;
mod shard;
mod tally;
mod telling;
#[cfg(test)]
mod tests;
mod timeline;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use self::phases::{Phases, initial_cycle};
use self::tally::Differences;
use self::telling::Teller;
use self::timeline::Timeline;
use self::worker::{Links, Load};
use crate::directory::{Directory, Population};
use crate::entra::connector::Connector;
use crate::entra::job::JobSetUp;
use crate::entra::state::QuarantineReason;
use crate::metrics::{Metrics, PerformanceExpectations, Reached, Sizes};
use crate::run::{Capacity, LoadResult, LoadSize, Telling, ThrottlingResult};
use crate::tenant::{Collection, ManifestLine, Progress, Tenant};

pub use self::capacity::CapacityPlan;
pub use self::goose::keep_signals;
pub use self::increment::Increments;
pub use self::judging::LoadJudge;
pub use self::merge::{NotOneLoad, ShardReport, merge};
pub use self::pacing::LoadPace;
pub use self::shard::Shard;

/// What to send, and how fast.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// Who there is to provision.
    pub population: Population,
    /// Workers, and so requests in flight at once. It stands in for the setting of the same name.
    pub concurrency: usize,
    /// How the work is spread over time.
    pub pace: LoadPace,
    /// What changes after the initial cycle.
    pub increments: Increments,
    /// Looks for the rate that the tenant can keep, instead of running a cycle.
    pub capacity: Option<CapacityPlan>,
    /// The share of the population that this load provisions.
    pub shard: Shard,
    /// Where a journal is kept: how far an earlier run of the same load came, if there was one.
    pub progress: Option<Progress>,
    /// About how many users, and as many groups, are compared attribute by attribute afterwards.
    pub sample: usize,
    /// What the load must reach.
    pub expectations: PerformanceExpectations,
}

/// Why a load cannot be driven. Whatever the tenant does is no such reason.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// goose refused to start, or gave up.
    #[error("drive the load: goose says: {0}")]
    Driver(String),
}

/// How often the watcher is told.
const TICK: Duration = Duration::from_millis(100);

/// Runs the initial cycle of a population against a tenant, counts, and compares a sample. What it
/// created is the tenant's `owned`, for `run::cleanup`. The word to stop ends it within two
/// seconds; before listening for signals, call [`keep_signals`].
pub async fn run_load(
    tenant: &Tenant,
    set_up: &JobSetUp,
    plan: &LoadPlan,
    stop: &watch::Receiver<bool>,
    telling: &dyn Telling,
) -> Result<LoadResult, LoadError> {
    let has_due_times = plan.pace.rate().is_some() || plan.capacity.is_some();
    let metrics = Arc::new(if has_due_times { Metrics::with_due_times() } else { Metrics::new() });
    let timeline = Arc::new(Timeline::new(tenant.began(), has_due_times));
    let sizes = Arc::new(Sizes::new(set_up.settings.members_per_patch));
    let measured = tenant
        .with_listener(metrics.clone())
        .with_listener(timeline.clone())
        .with_listener(sizes.clone());
    let load = Arc::new(load(&measured, set_up, plan, stop, (timeline.clone(), metrics.clone())));
    let began = Timestamp::now();
    let (cpu, before) = (figures::CpuClock::start(), tenant.sent());
    let capacity = if let Some(search) = plan.capacity {
        Some(capacity::find(&load, &measured, search, plan.concurrency, telling).await?)
    } else {
        cycle(&load, &measured, plan.concurrency, telling).await?;
        None
    };
    let (cpu, after) = (cpu.share(), tenant.sent());
    let (mut remarks, is_interrupted) =
        (load.tally.ended_early().into_iter().collect::<Vec<_>>(), *stop.borrow());
    let connector = Connector::new(tenant.clone(), set_up.settings.clone());
    let found = if is_interrupted || !remarks.is_empty() {
        confirmed(&load, &mut remarks)
    } else {
        let found = looked_at(&load, &connector, plan, telling, &mut remarks).await;
        match tenant.is_held_back() {
            true => {
                let why = "the budget was used up while the tenant was read back";
                remarks.push(why.to_owned());
                confirmed(&load, &mut remarks)
            }
            false => found,
        }
    };
    if !*stop.borrow() {
        load.note_progress(tenant, || ManifestLine::Finished {});
    }
    if *stop.borrow() && !is_interrupted {
        remarks.push("the load was interrupted while the tenant was read back".to_owned());
    }
    let throttling = ThrottlingResult {
        answers: after.throttled - before.throttled,
        waited_seconds: after.throttled_for.saturating_sub(before.throttled_for).as_secs_f64(),
    };
    let measured = Measured { began, metrics, timeline, sizes, cpu, capacity, throttling };
    let is_whole = !is_interrupted && !tenant.is_held_back();
    Ok(result(&load, plan, &measured, found, remarks, is_whole, tenant.client().is_none()))
}

/// What was measured on the way.
struct Measured {
    began: Timestamp,
    metrics: Arc<Metrics>,
    timeline: Arc<Timeline>,
    sizes: Arc<Sizes>,
    cpu: Option<f64>,
    capacity: Option<Capacity>,
    throttling: ThrottlingResult,
}

/// Folds what was measured and found.
fn result(
    load: &Load,
    plan: &LoadPlan,
    measured: &Measured,
    found: Found,
    remarks: Vec<String>,
    is_whole: bool,
    is_in_process: bool,
) -> LoadResult {
    let (metrics, tally) = (&measured.metrics, &load.tally);
    let phases = load.phases.ended();
    let timeline = measured.timeline.moments(&phases);
    let seconds = match &measured.capacity {
        Some(_) => timeline.iter().map(|it| it.seconds).sum(),
        None => phases.iter().map(|phase| phase.seconds).sum::<f64>(),
    };
    let objects = found.users + found.groups + tally.memberships.load(Ordering::Relaxed);
    let totals = metrics.totals();
    let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let (operations, growth) = (metrics.report(), measured.sizes.growth());
    let expectations = match is_whole {
        false => Vec::new(),
        true => plan.expectations.judge(&Reached {
            requests_per_second: per_second(totals.requests),
            objects_per_second: per_second(objects),
            operations: &operations,
            growth: &growth,
        }),
    };
    let counted = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (failures, references) = (counted(&tally.failures), counted(&tally.reference_failures));
    let settings = &load.set_up.settings;
    let quarantine =
        QuarantineReason::by_count(settings, failures, references, counted(&tally.attempts));
    LoadResult {
        shard: plan.shard.is_part().then(|| plan.shard.to_string()),
        began: measured.began,
        size: size(plan, settings.members_per_patch),
        users: counted(&tally.users),
        groups: counted(&tally.groups),
        memberships: counted(&tally.memberships),
        concurrency: plan.concurrency as u64,
        pace: plan.pace.name().to_owned(),
        rate: plan.pace.rate(),
        requests: totals.requests,
        objects,
        seconds,
        requests_per_second: per_second(totals.requests),
        objects_per_second: per_second(objects),
        operations,
        timeline,
        growth,
        phases,
        capacity: measured.capacity.clone(),
        throttling: measured.throttling,
        escrowed: failures + references,
        quarantine: quarantine.map(|reason| format!("{reason:?}")),
        repeats: Vec::new(),
        users_found: found.users,
        groups_found: found.groups,
        compared: found.compared,
        differences: found.differences.kept,
        differences_total: found.differences.total,
        bottleneck: figures::bottleneck(measured.cpu, is_in_process, load.phases.queue_delay()),
        published_minutes: figures::published_minutes(&plan.population),
        expected: plan.expectations.clone(),
        expectations,
        remarks,
    }
}

fn size(plan: &LoadPlan, members_per_patch: usize) -> LoadSize {
    let population = &plan.population;
    LoadSize {
        users: population.users as u64,
        groups: population.groups as u64,
        members_per_group: population.members_per_group as u64,
        large_groups: population.large_groups as u64,
        members_per_large_group: population.members_per_large_group as u64,
        members_per_patch: members_per_patch as u64,
        cycles: plan.increments.cycles.into(),
        changed_percent: plan.increments.changed_percent,
    }
}

fn load(
    tenant: &Tenant,
    set_up: &JobSetUp,
    plan: &LoadPlan,
    stop: &watch::Receiver<bool>,
    (timeline, metrics): (Arc<Timeline>, Arc<Metrics>),
) -> Load {
    let directory = Arc::new(Directory::new(plan.population.clone()));
    let mut phases = initial_cycle(&directory, set_up, plan.shard);
    let directories =
        increment::append(&mut phases, &directory, set_up, plan.increments, plan.shard);
    let seed = plan.population.seed;
    let (users, groups) = (Links::new(directory.user_count()), Links::new(directory.group_count()));
    let progress = plan.progress.clone().unwrap_or_default();
    for (collection, index, id) in progress.links {
        let links = match collection {
            Collection::Users => &users,
            Collection::Groups => &groups,
        };
        // What has been deleted since is made anew.
        if tenant.owns(&id) {
            links.link(index, id);
        }
    }
    Load {
        users: Arc::new(users),
        groups: Arc::new(groups),
        phases: Arc::new(Phases::new(phases, (tenant.clone(), metrics), plan.pace, seed)),
        directories,
        set_up: set_up.clone(),
        stop: stop.clone(),
        timeline,
        tally: Arc::default(),
        shard: plan.shard,
        foreign: Arc::default(),
        done: Arc::new(progress.done),
        keeps_journal: plan.progress.is_some(),
    }
}

/// Runs the workers through all phases, and tells the watcher meanwhile.
async fn cycle(
    load: &Arc<Load>,
    tenant: &Tenant,
    concurrency: usize,
    telling: &dyn Telling,
) -> Result<(), LoadError> {
    let shared = load.clone();
    let worker: drive::Worker = Arc::new(move |tenant| Box::pin(shared.clone().work(tenant)));
    let driving = drive::drive(tenant, concurrency, worker);
    tokio::pin!(driving);
    let mut teller = Teller::new(telling);
    let ended = loop {
        tokio::select! {
            ended = &mut driving => break ended,
            () = tokio::time::sleep(TICK) => teller.tell(&load.phases),
        }
    };
    load.phases.close();
    teller.tell(&load.phases);
    ended
}

/// What was found afterwards.
struct Found {
    users: u64,
    groups: u64,
    compared: u64,
    differences: Differences,
}

/// After an early end nothing is read any more: what counts is what the tenant confirmed.
fn confirmed(load: &Load, remarks: &mut Vec<String>) -> Found {
    if remarks.is_empty() {
        remarks.push("the load was interrupted".to_owned());
    }
    remarks.push("what the tenant confirmed was neither counted nor compared".to_owned());
    Found {
        users: load.users.iter().count() as u64,
        groups: load.groups.iter().count() as u64,
        compared: 0,
        differences: load.tally.differences(),
    }
}

/// Counts everything and compares a sample.
async fn looked_at(
    load: &Arc<Load>,
    connector: &Connector,
    plan: &LoadPlan,
    telling: &dyn Telling,
    remarks: &mut Vec<String>,
) -> Found {
    let mut differences = load.tally.differences();
    telling.stage("count", None);
    let counted = count::count(load, connector, plan, &mut differences).await;
    telling.done(&format!("counted: {} users, {} groups", counted.users, counted.groups));
    remarks.extend(counted.remarks);
    telling.stage("compare a sample", None);
    let compared = sample::compare(load, connector, plan, &mut differences).await;
    telling.done(&format!("compared: {compared} resources"));
    Found { users: counted.users, groups: counted.groups, compared, differences }
}
