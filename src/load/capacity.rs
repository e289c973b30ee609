//! Looks for the rate that a tenant can keep: raises it until the expectation breaks, then halves
//! the distance between the highest rate that held and the lowest that broke.
//!
//! Each step creates new users at one rate, open loop, so that a tenant that falls behind shows it
//! in the latency from the due time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::pacing::LoadPace;
use super::phases::{Phase, Phases, Step};
use super::worker::Load;
use super::{LoadError, cycle};
use crate::metrics::Metrics;
use crate::run::{Capacity, CapacityStep, Telling};
use crate::tenant::Tenant;

/// How the capacity is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapacityPlan {
    /// The first rate, in requests a second.
    pub from: f64,
    /// How long each rate is held, in seconds.
    pub step_seconds: f64,
    /// The 99th percentile of the latency from the due time, in milliseconds, that still holds.
    pub latency_p99_ms_max: f64,
    /// The share of requests without success that still holds, from 0 to 1.
    pub error_share_max: f64,
}

impl Default for CapacityPlan {
    fn default() -> Self {
        Self { from: 25.0, step_seconds: 5.0, latency_p99_ms_max: 1_000.0, error_share_max: 0.01 }
    }
}

/// Steps at most: from one request a second to a hundred thousand, and seven halvings.
const STEPS_MAX: usize = 24;
/// When the rates that held and broke are as close as this, the search ends.
const CLOSE: f64 = 1.1;
/// Workers at most; each keeps one conversation.
const WORKERS_MAX: usize = 512;
/// A rate at which so little of what was due went out was not reached.
const ACHIEVED_MIN: f64 = 0.9;

/// Where the search stands: the highest rate that held, and the lowest that broke.
#[derive(Debug, Default, Clone, Copy)]
struct Bounds {
    held: Option<f64>,
    broke: Option<f64>,
}

impl Bounds {
    fn note(&mut self, rate: f64, held: bool) {
        match held {
            true => self.held = Some(self.held.map_or(rate, |best| best.max(rate))),
            false => self.broke = Some(self.broke.map_or(rate, |best| best.min(rate))),
        }
    }

    /// The next rate to try; none when the search is over.
    fn next(self, from: f64) -> Option<f64> {
        match (self.held, self.broke) {
            (None, None) => Some(from),
            (Some(held), None) => Some(held * 2.0),
            (None, Some(broke)) => (broke > 1.0).then_some(broke / 2.0),
            (Some(held), Some(broke)) => {
                (broke / held > CLOSE).then_some(f64::midpoint(held, broke))
            }
        }
    }
}

/// Runs the search. Users come from the population, one after another, over all steps.
pub(super) async fn find(
    load: &Load,
    tenant: &Tenant,
    plan: CapacityPlan,
    concurrency: usize,
    telling: &dyn Telling,
) -> Result<Capacity, LoadError> {
    let next = Arc::new(AtomicUsize::new(0));
    let users = load.directory().user_count();
    let mut bounds = Bounds::default();
    let mut steps: Vec<CapacityStep> = Vec::new();
    while let Some(rate) = bounds.next(plan.from) {
        if steps.len() == STEPS_MAX || *load.stop.borrow() {
            break;
        }
        let metrics = Arc::new(Metrics::with_due_times());
        let measured = tenant.with_listener(metrics.clone());
        let until = Instant::now() + Duration::from_secs_f64(plan.step_seconds);
        let source = next.clone();
        let in_time = std::iter::from_fn(move || {
            let is_over = Instant::now() >= until;
            let index = if is_over { users } else { source.fetch_add(1, Ordering::Relaxed) };
            (index < users).then_some(Step::User(index))
        });
        let shard = load.shard;
        let in_time = in_time.filter(move |step| matches!(step, Step::User(it) if shard.has(*it)));
        let total = whole(rate * plan.step_seconds / 2.0);
        let phase = Phase::new(0, format!("{rate:.0} a second"), total, in_time);
        let heard = (measured.clone(), metrics.clone());
        let phases = Phases::new(vec![phase], heard, LoadPace::Rate(rate), 0);
        let step = Arc::new(load.with_phases(Arc::new(phases)));
        let workers = whole(rate * plan.latency_p99_ms_max / 1_000.0);
        let workers = workers.clamp(concurrency, WORKERS_MAX.max(concurrency));
        let began = Instant::now();
        cycle(&step, &measured, workers, telling).await?;
        if step.tally.ended_early().is_some() || next.load(Ordering::Relaxed) >= users {
            break; // not a step of its full length
        }
        let tried = measure(rate, &metrics, began.elapsed(), plan);
        bounds.note(rate, tried.held);
        steps.push(tried);
    }
    Ok(Capacity { held: bounds.held, broke: bounds.broke, steps })
}

/// The next whole number; far beyond what is ever counted here it stays at the limit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what the type holds"
)]
fn whole(number: f64) -> usize {
    number.ceil().clamp(0.0, f64::from(u32::MAX)) as usize
}

fn measure(rate: f64, metrics: &Metrics, took: Duration, plan: CapacityPlan) -> CapacityStep {
    let totals = metrics.totals();
    let latency = metrics.latency_from_due_ms().unwrap_or_default();
    let achieved = metrics.requests_per_second(took);
    let error_share = totals.errors as f64 / totals.requests.max(1) as f64;
    let held = latency.p99 <= plan.latency_p99_ms_max
        && error_share <= plan.error_share_max
        && achieved >= rate * ACHIEVED_MIN;
    CapacityStep { rate, achieved, p99_ms: latency.p99, error_share, held }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates that a tenant is asked for that bears up to `capacity` a second.
    fn search(capacity: f64) -> (Bounds, Vec<f64>) {
        let (mut bounds, mut asked) = (Bounds::default(), Vec::new());
        while let Some(rate) = bounds.next(25.0).filter(|_| asked.len() < STEPS_MAX) {
            asked.push(rate);
            bounds.note(rate, rate <= capacity);
        }
        (bounds, asked)
    }

    #[test]
    fn the_search_ends_close_below_what_the_tenant_bears() {
        for capacity in [3.0, 25.0, 90.0, 1_000.0, 40_000.0] {
            let (bounds, asked) = search(capacity);
            let held = bounds.held.unwrap();
            assert!(held <= capacity && held * CLOSE >= capacity, "{capacity}: {bounds:?}");
            assert!(asked.len() <= STEPS_MAX, "{asked:?}");
        }
    }

    #[test]
    fn a_tenant_that_bears_nothing_ends_the_search_as_well() {
        let (bounds, asked) = search(0.0);
        assert!(bounds.held.is_none() && asked.len() < 8, "{asked:?}");
    }

    #[test]
    fn a_step_holds_only_within_all_its_bounds() {
        let plan = CapacityPlan::default();
        let metrics = Metrics::with_due_times();
        let silent = measure(10.0, &metrics, Duration::from_secs(1), plan);
        assert!(!silent.held, "nothing was sent, so the rate was not reached: {silent:?}");
    }
}
