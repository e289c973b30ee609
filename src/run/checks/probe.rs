//! One probe: fixture, requests, verdict, clean-up; with patience where patience is due.
//!
//! Two things are forgiven for a while: throttling, and a write that is not seen at once. Both have
//! limits, and who waits for a write holds nobody up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use http::Method;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::shared::{Shared, is_plain_discovery};
use super::{Around, fixture};
use crate::checks::check::{Check, Judge, Risk, Said, Setting, Verdict, is_throttled};
use crate::exchange::{Exchange, Failure, Operation, Request};
use crate::tenant::Tenant;

/// Most requests one dialogue may ask.
const REQUESTS_MAX: usize = 100;
/// Most attempts at a probe that meets throttling.
pub(super) const ATTEMPTS_MAX: u32 = 3;

/// What became of a probe.
pub(super) struct Told {
    pub(super) verdict: Verdict,
    pub(super) exchanges: Vec<Exchange>,
}

/// Runs a probe, again from a fresh fixture where the tenant throttled it.
pub(super) async fn run(around: &Around, check: &'static Check) -> Told {
    let settings = &around.settings;
    let mut attempt = 0;
    loop {
        let told = once(around, check, attempt).await;
        attempt += 1;
        let throttled = told.exchanges.iter().find(|seen| is_throttled(seen));
        match throttled.filter(|_| check.risk != Risk::Heavy) {
            Some(seen) if attempt < ATTEMPTS_MAX && !settings.stopped() => {
                settings.pause_after(seen).await;
            }
            _ => return told,
        }
    }
}

async fn once(around: &Around, check: &'static Check, attempt: u32) -> Told {
    let Around { tenant, capabilities, settings, shared, .. } = around;
    let is_shared = Shared::serves(check);
    let (its, made) = if is_shared {
        shared.fixture(tenant, capabilities, settings, check.setting).await
    } else {
        let (id, seed) = (check.id, settings.seed);
        fixture::make(tenant, capabilities, id, check.setting, seed, attempt).await
    };
    let mut said = Said { its, exchanges: Vec::new() };
    let verdict = match made {
        Err(seen) => {
            let why = format!("the fixture could not be made: {}", seen.told());
            said.exchanges.push(seen);
            Verdict::CannotTell(why)
        }
        Ok(()) => converse(around, check, &mut said).await,
    };
    if !is_shared {
        fixture::take_away(tenant, &said.its, &said.exchanges).await;
    }
    Told { verdict, exchanges: said.exchanges }
}

/// Asks what the check wants to ask, and judges.
async fn converse(around: &Around, check: &'static Check, said: &mut Said) -> Verdict {
    let Around { tenant, settings, shared, lag, .. } = around;
    let operation = Operation::Probe(check.id);
    let judge = match check.judge {
        Judge::Probe(requests, judge) => {
            for request in requests(&said.its) {
                if settings.stopped() {
                    return interrupted();
                }
                let is_discovery = check.risk == Risk::Harmless && is_plain_discovery(&request);
                let target = request.target.clone();
                let ask = async || send(tenant, operation, request).await;
                said.exchanges.push(match is_discovery {
                    true => shared.discovered(ask, &target).await,
                    false => ask().await,
                });
            }
            judge
        }
        Judge::Dialogue(next, judge) => {
            while said.exchanges.len() < REQUESTS_MAX
                && let Some(request) = next(&said.its, &said.exchanges)
            {
                if settings.stopped() {
                    return interrupted();
                }
                said.exchanges.push(send(tenant, operation, request).await);
                if no_verdict(check, said).is_some() {
                    break;
                }
            }
            judge
        }
        Judge::Race(requests, then, judge) => {
            said.exchanges = race(tenant, operation, requests(&said.its)).await;
            for request in then(&said.its) {
                said.exchanges.push(tenant.send(operation, request).await);
            }
            judge
        }
        Judge::Every(..) | Judge::Converged(_) | Judge::Steps(..) => {
            return Verdict::NotApplicable;
        }
    };
    if said.exchanges.is_empty() {
        return Verdict::NotApplicable;
    }
    if let Some(why) = no_verdict(check, said) {
        return Verdict::CannotTell(why);
    }
    let verdict = judge(said);
    if matches!(verdict, Verdict::Fail { .. }) {
        return await_visibility(around, check, said, judge, verdict).await;
    }
    if reads_at_the_end(check, said).is_some() {
        lag.seen_at_once();
    }
    verdict
}

/// Sends a request of a probe; a read that meets a connection just closed goes out once more
/// (RFC 9110 §9.2.2).
async fn send(tenant: &Tenant, operation: Operation, request: Request) -> Exchange {
    let seen = tenant.send(operation, request).await;
    match seen.result {
        Err(Failure::Protocol(_)) if seen.request.method == Method::GET => {
            tenant.send(operation, seen.request).await
        }
        _ => seen,
    }
}

fn interrupted() -> Verdict {
    Verdict::CannotTell("interrupted".to_owned())
}

/// Why nothing can be said: the first exchange that is no answer to judge. Of a heavy probe the
/// throttled answers are the very subject.
fn no_verdict(check: &Check, said: &Said) -> Option<String> {
    said.exchanges.iter().find_map(|seen| match &seen.result {
        Err(failure) => Some(failure.to_string()),
        Ok(_) if is_throttled(seen) && check.risk != Risk::Heavy => {
            Some(format!("throttled: {}", seen.told()))
        }
        Ok(_) => None,
    })
}

/// Sends all at once; the answers come back in the order of the requests.
async fn race(tenant: &Tenant, operation: Operation, requests: Vec<Request>) -> Vec<Exchange> {
    let mut running = JoinSet::new();
    for (place, request) in requests.into_iter().enumerate() {
        let tenant = tenant.clone();
        running.spawn(async move { (place, tenant.send(operation, request).await) });
    }
    let mut ended: Vec<(usize, Exchange)> = Vec::new();
    while let Some(outcome) = running.join_next().await {
        ended.extend(outcome.ok());
    }
    ended.sort_by_key(|(place, _)| *place);
    ended.into_iter().map(|(_, exchange)| exchange).collect()
}

/// Repeats the reads at the end of a failed probe until the write before them, or the fixture, is
/// seen, or the time is up. A late pass is worth a remark. Others go on meanwhile.
async fn await_visibility(
    around: &Around,
    check: &'static Check,
    said: &mut Said,
    judge: fn(&Said) -> Verdict,
    mut verdict: Verdict,
) -> Verdict {
    let Around { tenant, settings, turn, lag, .. } = around;
    let Some(first_read) = reads_at_the_end(check, said) else { return verdict };
    let window = lag.window(settings.visibility);
    let began = Instant::now();
    let mut pause = Duration::from_millis(50);
    while began.elapsed() + pause <= window && !settings.stopped() {
        turn.pause(pause).await;
        pause *= 2;
        let mut again = said.clone();
        for seen in &mut again.exchanges[first_read..] {
            *seen = tenant.send(Operation::Probe(check.id), seen.request.clone()).await;
        }
        if no_verdict(check, &again).is_some() {
            return verdict;
        }
        let said_again = judge(&again);
        *said = again;
        if matches!(said_again, Verdict::Pass | Verdict::Remark(_)) {
            lag.seen_late();
            let delay = began.elapsed().as_millis();
            return Verdict::Remark(format!("a write was seen only {delay} ms later"));
        }
        verdict = said_again;
    }
    verdict
}

/// Where the reads begin that a probe ended with, after something was written.
fn reads_at_the_end(check: &Check, said: &Said) -> Option<usize> {
    let reads = said.exchanges.iter().rev().take_while(|seen| seen.request.method == Method::GET);
    let first_read = said.exchanges.len() - reads.count();
    let nothing_written = first_read == 0 && check.setting == Setting::Nothing;
    (!nothing_written && first_read < said.exchanges.len()).then_some(first_read)
}

/// How soon this tenant shows what was written, as far as the run has seen. A tenant that always
/// showed it at once is not waited for as long as one that was late before.
#[derive(Debug, Default)]
pub(super) struct Lag {
    at_once: AtomicUsize,
    late: AtomicBool,
}

impl Lag {
    /// So many writes seen at once say something about a tenant.
    const TRUSTED: usize = 20;
    /// What is waited for a tenant that was never late.
    const SHORT: Duration = Duration::from_millis(300);

    fn seen_at_once(&self) {
        self.at_once.fetch_add(1, Relaxed);
    }

    fn seen_late(&self) {
        self.late.store(true, Relaxed);
    }

    fn window(&self, longest: Duration) -> Duration {
        let prompt = !self.late.load(Relaxed) && self.at_once.load(Relaxed) >= Self::TRUSTED;
        if prompt { longest.min(Self::SHORT) } else { longest }
    }
}

/// A probe's place among those that run at once; given up while it only waits.
pub(super) struct Turn {
    places: Arc<Semaphore>,
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Turn {
    /// Waits for a free place.
    pub(super) async fn take(places: &Arc<Semaphore>) -> Self {
        let place = Arc::clone(places).acquire_owned().await.ok();
        Self { places: Arc::clone(places), place: Mutex::new(place) }
    }

    /// Sleeps without holding the place, and waits for one again.
    async fn pause(&self, pause: Duration) {
        let mut place = self.place.lock().await;
        place.take();
        tokio::time::sleep(pause).await;
        *place = Arc::clone(&self.places).acquire_owned().await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_was_never_late_is_not_waited_for_long() {
        let (lag, longest) = (Lag::default(), Duration::from_secs(2));
        assert_eq!(lag.window(longest), longest, "nothing is known yet");
        (0..Lag::TRUSTED).for_each(|_| lag.seen_at_once());
        assert_eq!(lag.window(longest), Lag::SHORT);
        assert_eq!(lag.window(Duration::ZERO), Duration::ZERO);
        lag.seen_late();
        assert_eq!(lag.window(longest), longest);
    }

    #[tokio::test]
    async fn who_pauses_leaves_the_place_to_another() {
        let places = Arc::new(Semaphore::new(1));
        let turn = Turn::take(&places).await;
        assert_eq!(places.available_permits(), 0);
        let other = async {
            tokio::task::yield_now().await;
            assert_eq!(places.available_permits(), 1);
        };
        tokio::join!(turn.pause(Duration::from_millis(5)), other);
        assert_eq!(places.available_permits(), 0);
    }
}
