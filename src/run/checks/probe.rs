//! One probe: fixture, requests, verdict, clean-up; with patience where patience is due.
//!
//! Two things are forgiven for a while: a `Retry-After`, and a write that is not seen at once. Both
//! waits have limits.

use std::time::{Duration, Instant};

use http::Method;
use tokio::task::JoinSet;

use super::{ProbeSettings, fixture};
use crate::checks::capability::Capabilities;
use crate::checks::check::{Check, Judge, Risk, Said, Setting, Verdict, is_throttled};
use crate::exchange::{Exchange, Operation, Request};
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
pub(super) async fn run(
    tenant: &Tenant,
    capabilities: &Capabilities,
    settings: &ProbeSettings,
    check: &'static Check,
) -> Told {
    let mut attempt = 0;
    loop {
        let told = once(tenant, capabilities, settings, check, attempt).await;
        attempt += 1;
        let throttled = told.exchanges.iter().find(|seen| is_throttled(seen));
        let wait = throttled.filter(|_| check.risk != Risk::Heavy).map(retry_after);
        match wait {
            Some(wait)
                if attempt < ATTEMPTS_MAX
                    && wait <= settings.throttle_wait_max
                    && !settings.stopped() =>
            {
                tokio::time::sleep(wait).await;
            }
            _ => return told,
        }
    }
}

/// Seconds of a `Retry-After`; a second where it says none or a date.
pub(super) fn retry_after(seen: &Exchange) -> Duration {
    let seconds = seen.header("retry-after").and_then(|text| text.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

async fn once(
    tenant: &Tenant,
    capabilities: &Capabilities,
    settings: &ProbeSettings,
    check: &'static Check,
    attempt: u32,
) -> Told {
    let (its, made) = fixture::make(tenant, capabilities, check, settings.seed, attempt).await;
    let mut said = Said { its, exchanges: Vec::new() };
    let verdict = match made {
        Err(seen) => {
            let why = format!("the fixture could not be made: {}", seen.told());
            said.exchanges.push(seen);
            Verdict::CannotTell(why)
        }
        Ok(()) => converse(tenant, settings, check, &mut said).await,
    };
    fixture::take_away(tenant, &said.its, &said.exchanges).await;
    Told { verdict, exchanges: said.exchanges }
}

/// Asks what the check wants to ask, and judges.
async fn converse(
    tenant: &Tenant,
    settings: &ProbeSettings,
    check: &'static Check,
    said: &mut Said,
) -> Verdict {
    let operation = Operation::Probe(check.id);
    let judge = match check.judge {
        Judge::Probe(requests, judge) => {
            for request in requests(&said.its) {
                if settings.stopped() {
                    return interrupted();
                }
                said.exchanges.push(tenant.send(operation, request).await);
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
                said.exchanges.push(tenant.send(operation, request).await);
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
        Judge::Every(..) | Judge::Converged(_) => return Verdict::NotApplicable,
    };
    if said.exchanges.is_empty() {
        return Verdict::NotApplicable;
    }
    if let Some(why) = no_verdict(check, said) {
        return Verdict::CannotTell(why);
    }
    let verdict = judge(said);
    if matches!(verdict, Verdict::Fail { .. }) {
        return await_visibility(tenant, settings, check, said, judge, verdict).await;
    }
    verdict
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
/// seen, or the time is up. A late pass is worth a remark.
async fn await_visibility(
    tenant: &Tenant,
    settings: &ProbeSettings,
    check: &'static Check,
    said: &mut Said,
    judge: fn(&Said) -> Verdict,
    mut verdict: Verdict,
) -> Verdict {
    let reads = said.exchanges.iter().rev().take_while(|seen| seen.request.method == Method::GET);
    let first_read = said.exchanges.len() - reads.count();
    let nothing_written = first_read == 0 && check.setting == Setting::Nothing;
    if nothing_written || first_read == said.exchanges.len() {
        return verdict;
    }
    let began = Instant::now();
    let mut pause = Duration::from_millis(50);
    while began.elapsed() + pause <= settings.visibility && !settings.stopped() {
        tokio::time::sleep(pause).await;
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
            let delay = began.elapsed().as_millis();
            return Verdict::Remark(format!("a write was seen only {delay} ms later"));
        }
        verdict = said_again;
    }
    verdict
}
