//! How much may go through the door, and how fast.
//!
//! The operator sets a budget and a cap on the rate; a tenant that throttles says with
//! `Retry-After` when to come again. All three hold for every request of the run, whoever sends
//! it. Only the clean-up is outside the budget: what a run created it must be able to delete.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::exchange::{Exchange, Operation};

/// The longest `Retry-After` that is waited for.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(1);
/// How long a run waits for `Retry-After` altogether. Who asks for more is not waited for any
/// longer: a run must end.
const THROTTLED_MAX: Duration = Duration::from_mins(5);
/// The least cap on the rate, in requests a second: one in a quarter of an hour.
pub const PER_SECOND_MIN: f64 = 0.001;
/// The greatest cap on the rate, in requests a second.
pub const PER_SECOND_MAX: f64 = 1_000_000.0;

/// What the operator allows a run to send.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Allowance {
    /// Requests in all, without those of the clean-up; none means no limit.
    pub requests_max: Option<u64>,
    /// Requests a second; none means as fast as they are answered.
    pub per_second_max: Option<f64>,
}

/// What went through the door so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// Requests sent, those of the clean-up included.
    pub requests: u64,
    /// Requests of the clean-up among them.
    pub clean_up: u64,
    /// Answers that said "too many": 429, or 503 with `Retry-After`.
    pub throttled: u64,
    /// Requests that were not sent because the budget was used up.
    pub held_back: u64,
    /// How long the door was closed because a tenant had said so with `Retry-After`.
    pub throttled_for: Duration,
}

/// The budget is used up: why a request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UsedUp(u64);

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the budget of {} requests is used up", self.0)
    }
}

/// Counts what passes, and makes it wait its turn.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    allowance: OnceLock<Allowance>,
    /// Requests that were taken out of the budget.
    spent: AtomicU64,
    requests: AtomicU64,
    clean_up: AtomicU64,
    throttled: AtomicU64,
    held_back: AtomicU64,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// When the next request may go out by the cap on the rate.
    free_at: Option<Instant>,
    /// Until when the tenant wants to be left alone.
    closed_until: Option<Instant>,
    throttled_for: Duration,
}

impl Traffic {
    /// Sets what is allowed; the first word counts.
    pub(super) fn allow(&self, allowance: Allowance) {
        let _ = self.allowance.set(allowance);
    }

    pub(super) fn allowance(&self) -> Allowance {
        self.allowance.get().copied().unwrap_or_default()
    }

    /// Why nothing more may be sent but the clean-up, once the budget is used up.
    pub(super) fn used_up(&self) -> Option<UsedUp> {
        let max = self.allowance().requests_max?;
        (self.spent.load(Relaxed) >= max).then_some(UsedUp(max))
    }

    /// Takes one request out of the budget.
    pub(super) fn take(&self, operation: Operation) -> Result<(), UsedUp> {
        let Some(max) = self.allowance().requests_max else { return Ok(()) };
        if operation == Operation::CleanUp {
            return Ok(());
        }
        let one_more = |spent| (spent < max).then_some(spent + 1);
        if self.spent.fetch_update(Relaxed, Relaxed, one_more).is_err() {
            self.held_back.fetch_add(1, Relaxed);
            return Err(UsedUp(max));
        }
        Ok(())
    }

    /// Gives back what was taken for a request that is not sent after all.
    pub(super) fn give_back(&self, operation: Operation) {
        if operation != Operation::CleanUp && self.allowance().requests_max.is_some() {
            self.spent.fetch_sub(1, Relaxed);
        }
    }

    /// Waits until the rate and the tenant allow one more request.
    pub(super) async fn turn(&self) {
        let turn = self.next_turn();
        if let Some(turn) = turn {
            tokio::time::sleep_until(turn.into()).await;
        }
        // Whoever waits hears of a `Retry-After` that came meanwhile. Each is bounded, and so is
        // their sum.
        while let Some(until) = self.closed_until() {
            tokio::time::sleep_until(until.into()).await;
        }
    }

    /// How long requests have been held up at the door so far, on behalf of rate and tenant.
    pub(super) fn waited(&self) -> Duration {
        let turns = u32::try_from(self.requests.load(Relaxed)).unwrap_or(u32::MAX);
        let paced = self.pause().map_or(Duration::ZERO, |pause| pause.saturating_mul(turns));
        paced + self.times().throttled_for
    }

    /// The time between two requests that keeps to the cap on the rate.
    fn pause(&self) -> Option<Duration> {
        let rate = self.allowance().per_second_max?;
        Some(Duration::from_secs_f64(1.0 / rate.clamp(PER_SECOND_MIN, PER_SECOND_MAX)))
    }

    fn next_turn(&self) -> Option<Instant> {
        let pause = self.pause()?;
        let mut times = self.times();
        let now = Instant::now();
        let turn = times.free_at.unwrap_or(now).max(now);
        times.free_at = Some(turn + pause);
        Some(turn)
    }

    fn closed_until(&self) -> Option<Instant> {
        self.times().closed_until.filter(|until| *until > Instant::now())
    }

    /// Counts what went out and came back; closes the door for as long as the tenant asks.
    pub(super) fn heard(&self, exchange: &Exchange) {
        self.requests.fetch_add(1, Relaxed);
        if exchange.operation == Operation::CleanUp {
            self.clean_up.fetch_add(1, Relaxed);
        }
        if !exchange.is_throttled() {
            return;
        }
        self.throttled.fetch_add(1, Relaxed);
        let Some(wait) = exchange.retry_after() else { return };
        let mut times = self.times();
        let now = Instant::now();
        let until = now + wait.min(RETRY_AFTER_MAX);
        let closed_already = times.closed_until.unwrap_or(now).max(now);
        let longer = until.saturating_duration_since(closed_already);
        let left = THROTTLED_MAX.saturating_sub(times.throttled_for);
        let longer = longer.min(left);
        times.throttled_for += longer;
        times.closed_until = Some(closed_already + longer);
    }

    pub(super) fn sent(&self) -> Sent {
        Sent {
            requests: self.requests.load(Relaxed),
            clean_up: self.clean_up.load(Relaxed),
            throttled: self.throttled.load(Relaxed),
            held_back: self.held_back.load(Relaxed),
            throttled_for: self.times().throttled_for,
        }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
