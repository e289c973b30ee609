//! A large initial cycle: the same conversations, held by many workers at once.
//!
//! The population is never materialised; what a load remembers of an object is its id. The phases
//! (users, groups, references) keep Entra's order, the conversations are the connector's, and goose
//! drives the workers. Afterwards everything is counted in the tenant, and a sample is compared
//! attribute by attribute: a load that only counts its own answers proves nothing. Where goose
//! drives, it prints one line on stdout ("5 users launched.") that it has no switch for.

mod count;
mod drive;
mod figures;
mod goose;
mod growth;
mod phases;
mod sample;
mod telling;
#[cfg(test)]
mod tests;
mod timeline;
mod worker;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use self::growth::Sizes;
use self::phases::{Phases, initial_cycle};
use self::telling::Teller;
use self::timeline::Timeline;
use self::worker::{Differences, Links, Load, Tally};
use crate::directory::{Directory, Population};
use crate::entra::connector::Connector;
use crate::entra::job::JobSetUp;
use crate::metrics::Metrics;
use crate::run::{LoadResult, Telling};
use crate::tenant::Tenant;

pub use self::figures::LoadExpectations;
pub use self::goose::keep_signals;

/// What to send, and how fast.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPlan {
    /// Who there is to provision.
    pub population: Population,
    /// Workers, and so requests in flight at once. It stands in for the setting of the same name.
    pub concurrency: usize,
    /// Requests a second, due by a schedule; none means as fast as they are answered.
    pub rate: Option<f64>,
    /// About how many users, and as many groups, are compared attribute by attribute afterwards.
    pub sample: usize,
    /// What the load must reach.
    pub expectations: LoadExpectations,
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
    let metrics = Arc::new(plan.rate.map_or_else(Metrics::new, |_| Metrics::with_due_times()));
    let timeline = Arc::new(Timeline::new(tenant.began(), plan.rate.is_some()));
    let sizes = Arc::new(Sizes::new(set_up.settings.members_per_patch));
    let measured = tenant
        .with_listener(metrics.clone())
        .with_listener(timeline.clone())
        .with_listener(sizes.clone());
    let load = Arc::new(load(&measured, set_up, plan, stop, timeline.clone()));
    let cpu = figures::CpuClock::start();
    cycle(&load, &measured, plan.concurrency, telling).await?;
    let cpu = cpu.share();

    let phases = load.phases.ended();
    let seconds: f64 = phases.iter().map(|phase| phase.seconds).sum();
    let is_interrupted = *stop.borrow();
    let mut remarks: Vec<String> = load.tally.ended_early().into_iter().collect();
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
    if *stop.borrow() && !is_interrupted {
        remarks.push("the load was interrupted while the tenant was read back".to_owned());
    }
    let memberships = load.tally.memberships.load(Ordering::Relaxed);
    let objects = found.users + found.groups + memberships;
    let requests = metrics.totals().requests;
    let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let latency = metrics.latency_from_due_ms().unwrap_or_else(|| metrics.latency_ms());
    let expectations = if is_interrupted || tenant.is_held_back() {
        Vec::new()
    } else {
        plan.expectations.judge(per_second(requests), per_second(objects), latency.p99)
    };
    Ok(LoadResult {
        users: load.tally.users.load(Ordering::Relaxed),
        groups: load.tally.groups.load(Ordering::Relaxed),
        members_per_group: plan.population.members_per_group as u64,
        concurrency: plan.concurrency as u64,
        rate: plan.rate,
        requests,
        objects,
        seconds,
        requests_per_second: per_second(requests),
        objects_per_second: per_second(objects),
        operations: metrics.report(),
        timeline: timeline.moments(&phases),
        growth: sizes.growth(),
        phases,
        users_found: found.users,
        groups_found: found.groups,
        compared: found.compared,
        differences: found.differences.kept,
        differences_total: found.differences.total,
        bottleneck: figures::bottleneck(cpu, tenant.client().is_none(), load.phases.queue_delay()),
        published_minutes: figures::published_minutes(&plan.population),
        expectations,
        remarks,
    })
}

fn load(
    tenant: &Tenant,
    set_up: &JobSetUp,
    plan: &LoadPlan,
    stop: &watch::Receiver<bool>,
    timeline: Arc<Timeline>,
) -> Load {
    let directory = Arc::new(Directory::new(plan.population.clone()));
    let phases = initial_cycle(&directory, set_up);
    Load {
        users: Links::new(directory.user_count()),
        groups: Links::new(directory.group_count()),
        phases: Arc::new(Phases::new(phases, tenant.clone(), plan.rate)),
        directory,
        set_up: set_up.clone(),
        stop: stop.clone(),
        timeline,
        tally: Tally::default(),
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
