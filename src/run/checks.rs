//! Runs the probes of the catalogue against a tenant, and folds what was heard into results.
//!
//! For each probe: a fresh fixture, the requests, the verdict, and the fixture deleted again. A
//! tenant that throttles, stalls or refuses the fixture gets "cannot tell", never a violation. An
//! interrupted run stops soon, still cleans up, and still says what it knows.

mod capabilities;
mod explain;
mod fixture;
mod probe;
mod results;
mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use capabilities::find_out;
pub use explain::{Explanation, explain};
pub use results::{combined, fold, held_back};

use probe::{Lag, Turn};
use shared::Shared;

use crate::checks::check::{Check, CheckResult, Fixture, Judge, Risk};
use crate::checks::{Selection, capability::Capabilities};
use crate::exchange::{Exchange, curl};
use crate::profile::ServerProfile;
use crate::tenant::{Tenant, TenantUrl};

/// Most fixtures that stand in a tenant at once, besides those that many probes share: whoever
/// waits for a write to be seen holds on to its own.
const FIXTURES_MAX: usize = 32;

/// How probes are run.
#[derive(Debug, Clone)]
pub struct ProbeSettings {
    /// Names, markers and fabricated ids follow from it.
    pub seed: u64,
    /// How many probes run at once.
    pub concurrency: usize,
    /// How long a read-back is repeated before an effect counts as missing.
    pub visibility: Duration,
    /// The pause before a throttled probe begins afresh, where the tenant names none.
    pub throttle_pause: Duration,
    /// Turns true when the run is interrupted.
    pub stop: watch::Receiver<bool>,
}

impl ProbeSettings {
    /// The defaults for a seed: four at once, two seconds for a write to be seen, never stopped.
    pub fn new(seed: u64) -> Self {
        let (_, stop) = watch::channel(false);
        Self {
            seed,
            concurrency: 4,
            visibility: Duration::from_secs(2),
            throttle_pause: Duration::from_secs(1),
            stop,
        }
    }

    fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Sleeps, and wakes early where the run is interrupted.
    async fn sleep(&self, pause: Duration) {
        let mut stop = self.stop.clone();
        // Who can no longer say the word says nothing: the time alone ends the sleep then.
        let word = async {
            if stop.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let _ = tokio::time::timeout(pause, word).await;
    }

    /// Pauses after a throttled answer, unless its `Retry-After` closes the door anyway.
    async fn pause_after(&self, throttled: &Exchange) {
        if throttled.retry_after().is_none() {
            self.sleep(self.throttle_pause).await;
        }
    }
}

/// Runs every wanted probe; the results come in the catalogue's order. `progress` hears each result
/// as it is ready, with how many are done and how many there are.
pub async fn run_probes(
    tenant: &Tenant,
    profile: &ServerProfile,
    selection: &Selection,
    settings: &ProbeSettings,
    progress: &(dyn Fn(&CheckResult, usize, usize) + Sync),
) -> Vec<CheckResult> {
    let wanted: Vec<&'static Check> = selection.checks().filter(|check| check.is_probe()).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let capabilities = Arc::new(find_out(tenant, settings).await);
    let (profile, shared, lag) = (Arc::new(profile.clone()), Arc::default(), Arc::default());
    let around = |turn| Around {
        tenant: tenant.clone(),
        profile: Arc::clone(&profile),
        capabilities: Arc::clone(&capabilities),
        settings: settings.clone(),
        shared: Arc::clone(&shared),
        lag: Arc::clone(&lag),
        turn,
    };
    let (alone, beside): (Vec<&'static Check>, Vec<_>) =
        wanted.iter().copied().partition(|check| check.risk != Risk::Harmless);
    // What is shared stands only while it is asked about: what others find does not depend on it.
    let (reading, writing): (Vec<&'static Check>, Vec<_>) =
        beside.into_iter().partition(|check| Shared::serves(check));
    let mut done: BTreeMap<String, CheckResult> = BTreeMap::new();
    let mut told = |result: CheckResult| {
        progress(&result, done.len() + 1, wanted.len());
        done.insert(result.id.clone(), result);
    };
    let at_once = settings.concurrency.max(1);
    let fixtures = Arc::new(Semaphore::new(FIXTURES_MAX.max(at_once)));
    for (checks, at_once) in [(writing, at_once), (reading, at_once), (alone, 1)] {
        let places = Arc::new(Semaphore::new(at_once));
        let mut running: JoinSet<CheckResult> = JoinSet::new();
        for check in checks {
            let turn = Turn::take(&fixtures, &places).await;
            running.spawn(one(around(turn), selection.leaves_out(check), check));
            // A probe that panicked is a fault of ours; it must not take the others with it.
            while let Some(ended) = running.try_join_next() {
                ended.into_iter().for_each(&mut told);
            }
        }
        while let Some(ended) = running.join_next().await {
            ended.into_iter().for_each(&mut told);
        }
        shared.take_away(tenant).await;
    }
    wanted
        .iter()
        .map(|check| done.remove(check.id).unwrap_or_else(|| results::lost(check)))
        .collect()
}

/// What all probes of a run have in common.
struct Around {
    tenant: Tenant,
    profile: Arc<ServerProfile>,
    capabilities: Arc<Capabilities>,
    settings: ProbeSettings,
    shared: Arc<Shared>,
    lag: Arc<Lag>,
    turn: Turn,
}

/// One probe from its gate to its result.
async fn one(around: Around, unasked: Option<&'static str>, check: &'static Check) -> CheckResult {
    if around.settings.stopped() {
        return results::cannot_tell(check, "interrupted before it began");
    }
    if let Some(reason) = unasked {
        return results::skipped(check, reason.to_owned());
    }
    if let Some(used_up) = around.tenant.budget_used_up() {
        return results::cannot_tell(check, &used_up);
    }
    if let Some(reason) = around.capabilities.missing(check.needs) {
        return results::skipped(check, reason);
    }
    let around = match check.risk {
        Risk::TenantData => Around { tenant: around.tenant.with_discovery_open(), ..around },
        Risk::Harmless | Risk::Heavy | Risk::Alone => around,
    };
    let told = probe::run(&around, check).await;
    results::of_probe(&around.tenant, &around.profile, check, &told)
}

/// What each wanted probe would send, as lines of curl, on an invented fixture. Nothing is sent; of
/// a dialogue only the first request is known.
pub fn dry_run(
    url: &TenantUrl,
    selection: &Selection,
    seed: u64,
) -> Vec<(&'static str, Vec<String>)> {
    let lines = |check: &'static Check| {
        let its = Fixture::example(check.setting, &fixture::marker(seed, check.id, 0));
        let requests = match check.judge {
            Judge::Probe(requests, _) => requests(&its),
            Judge::Dialogue(next, _) => next(&its, &[]).into_iter().collect(),
            Judge::Race(requests, then, _) => {
                requests(&its).into_iter().chain(then(&its)).collect()
            }
            Judge::Every(..) | Judge::Converged(_) | Judge::Steps(..) | Judge::Again(_) => {
                Vec::new()
            }
        };
        requests.iter().map(|request| curl::line(&url.join(&request.target), request)).collect()
    };
    selection
        .checks()
        .filter(|check| check.is_probe())
        .map(|check| (check.id, lines(check)))
        .collect()
}

#[cfg(test)]
mod failing;
#[cfg(test)]
mod tests;
