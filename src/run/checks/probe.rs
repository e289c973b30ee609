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
use crate::checks::check::{
    Check, Judge, Judged, Reading, Risk, Said, Setting, Verdict, is_throttled,
};
use crate::exchange::{BodyEnd, Exchange, Failure, Operation, Request};
use crate::profile::A17;
use crate::tenant::Tenant;

/// Most requests one dialogue may ask.
const REQUESTS_MAX: usize = 100;
/// Most attempts at a probe that meets throttling.
pub(super) const ATTEMPTS_MAX: u32 = 3;
/// How long at least is waited for a write that was accepted with 202.
const PUT_OFF: Duration = Duration::from_secs(5);

/// What became of a probe.
pub(super) struct Told {
    pub(super) verdict: Verdict,
    /// How the tenant reads what the sources leave open, where the verdict rests on it.
    pub(super) readings: Vec<Reading>,
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
    let Judged { verdict, readings } = match made {
        Err(seen) => {
            let why = format!("the fixture could not be made: {}", seen.told());
            said.exchanges.push(seen);
            Verdict::CannotTell(why).into()
        }
        Ok(()) => converse(around, check, &mut said).await,
    };
    if !is_shared {
        fixture::take_away(tenant, &said.its, &said.exchanges).await;
    }
    Told { verdict, readings, exchanges: said.exchanges }
}

/// Asks what the check wants to ask, and judges.
async fn converse(around: &Around, check: &'static Check, said: &mut Said) -> Judged {
    let Around { tenant, settings, shared, lag, .. } = around;
    let operation = Operation::Probe(check.id);
    let judge = match check.judge {
        Judge::Probe(requests, judge) => {
            for request in requests(&said.its) {
                if settings.stopped() {
                    return interrupted().into();
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
                if let Some(pause) = check.pause {
                    settings.sleep(pause(&said.exchanges)).await;
                }
                if settings.stopped() {
                    return interrupted().into();
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
        Judge::Every(..) | Judge::Again(_) | Judge::Converged(_) | Judge::Steps(..) => {
            return Verdict::NotApplicable.into();
        }
    };
    if said.exchanges.is_empty() {
        return Verdict::NotApplicable.into();
    }
    if let Some(why) = no_verdict(check, said) {
        return Verdict::CannotTell(why).into();
    }
    let judged = judge(said).under(&around.profile.stances);
    if matches!(judged.verdict, Verdict::Fail { .. }) {
        return await_visibility(around, check, said, judge, judged).await;
    }
    if reads_at_the_end(check, said).is_some() {
        lag.seen_at_once();
    }
    judged
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
        Ok(answer) if answer.end != BodyEnd::Complete => {
            Some(format!("the answer did not come whole: {}", answer.end))
        }
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
    mut judged: Judged,
) -> Judged {
    let Around { tenant, settings, turn, lag, .. } = around;
    let stances = &around.profile.stances;
    let Some(first_read) = reads_at_the_end(check, said) else { return judged };
    // What was accepted with 202 is late by word, and may take longer.
    let put_off = said.exchanges[..first_read].iter().any(|seen| seen.status() == 202);
    let window = match put_off {
        true => settings.visibility.max(PUT_OFF),
        false => lag.window(settings.visibility),
    };
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
            return judged;
        }
        let said_again = judge(&again).under(stances);
        *said = again;
        if matches!(said_again.verdict, Verdict::Pass | Verdict::Remark(_)) {
            if put_off {
                return said_again;
            }
            lag.seen_late();
            let delay = began.elapsed().as_millis();
            let late = A17.read_as("later", format!("a write was seen only {delay} ms later"));
            return late.under(stances);
        }
        judged = said_again;
    }
    judged
}

/// Where the reads begin that a probe ended with, after something was written.
fn reads_at_the_end(check: &Check, said: &Said) -> Option<usize> {
    let reads = said.exchanges.iter().rev().take_while(|seen| seen.request.method == Method::GET);
    // What was asked at the same time says nothing when it is asked again one by one.
    let raced = match check.judge {
        Judge::Race(requests, ..) => requests(&said.its).len(),
        _ => 0,
    };
    let first_read = raced.max(said.exchanges.len() - reads.count());
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

/// A probe's place among those that run at once, given up while it only waits; and its part of what
/// may stand in the tenant at once, kept to its end.
pub(super) struct Turn {
    places: Arc<Semaphore>,
    place: Mutex<Option<OwnedSemaphorePermit>>,
    _fixture: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// Waits for a free place and for leave to make a fixture.
    pub(super) async fn take(fixtures: &Arc<Semaphore>, places: &Arc<Semaphore>) -> Self {
        let fixture = Arc::clone(fixtures).acquire_owned().await.ok();
        let place = Arc::clone(places).acquire_owned().await.ok();
        Self { places: Arc::clone(places), place: Mutex::new(place), _fixture: fixture }
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
    use crate::checks::check::Fixture;

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

    #[test]
    fn what_was_asked_at_the_same_time_is_not_asked_again_one_by_one() {
        let check = crate::checks::find("entra-rate-25rps").unwrap();
        let its = Fixture::example(check.setting, "m");
        let Judge::Race(raced, then, _) = check.judge else { panic!("it is a race no more") };
        let seen = |request| Exchange {
            number: 1,
            operation: Operation::Probe(check.id),
            request,
            result: Err(Failure::Protocol("never sent".to_owned())),
            due: Duration::ZERO,
            sent: Duration::ZERO,
            answered: Duration::ZERO,
            disturbance: None,
        };
        let exchanges = raced(&its).into_iter().chain(then(&its)).map(seen).collect();
        let first_read = reads_at_the_end(check, &Said { its, exchanges });
        assert_eq!(first_read, Some(25), "only the read after the race");
    }

    #[tokio::test]
    async fn who_pauses_leaves_the_place_to_another() {
        let (fixtures, places) = (Arc::new(Semaphore::new(2)), Arc::new(Semaphore::new(1)));
        let turn = Turn::take(&fixtures, &places).await;
        assert_eq!(places.available_permits(), 0);
        let other = async {
            tokio::task::yield_now().await;
            assert_eq!((places.available_permits(), fixtures.available_permits()), (1, 1));
        };
        tokio::join!(turn.pause(Duration::from_millis(5)), other);
        assert_eq!(places.available_permits(), 0);
    }
}
