//! How many conversations are held at once, and how many requests go out a second.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// Runs tasks, at most `limit` at once, and hands over each result as it ends. One at a time keeps
/// the order of the plan, to the last request.
pub async fn in_flight<T: Send + 'static>(
    limit: usize,
    tasks: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
    mut ended: impl FnMut(T),
) {
    if limit <= 1 {
        for task in tasks {
            ended(task.await);
        }
        return;
    }
    let mut running = JoinSet::new();
    for task in tasks {
        if running.len() >= limit
            && let Some(Ok(result)) = running.join_next().await
        {
            ended(result);
        }
        running.spawn(task);
    }
    while let Some(joined) = running.join_next().await {
        if let Ok(result) = joined {
            ended(result);
        }
    }
}

/// The least rate, in requests a second: one in a quarter of an hour.
pub const RATE_MIN: f64 = 0.001;
/// The greatest rate, in requests a second.
pub const RATE_MAX: f64 = 1_000_000.0;

/// An open rate. The n-th request is due n / rate seconds after the beginning, whatever became of
/// those before it: latencies from the due time then show a stall that a closed loop would hide.
#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    origin: Instant,
    began: Duration,
    given: AtomicU64,
    late_micros: AtomicU64,
}

impl Pace {
    /// So many requests a second from now on, within [`RATE_MIN`] and [`RATE_MAX`]. Due times are
    /// counted from `origin`, which is `Tenant::began`.
    pub fn new(per_second: f64, origin: Instant) -> Self {
        Self {
            per_second: per_second.clamp(RATE_MIN, RATE_MAX),
            origin,
            began: origin.elapsed(),
            given: AtomicU64::new(0),
            late_micros: AtomicU64::new(0),
        }
    }

    /// Waits for the turn of the next request and says when it was due.
    pub async fn turn(&self) -> Duration {
        let nth = self.given.fetch_add(1, Ordering::Relaxed);
        let due = self.began + Duration::from_secs_f64(nth as f64 / self.per_second);
        if self.origin.elapsed() < due {
            tokio::time::sleep_until((self.origin + due).into()).await;
        }
        let late = self.origin.elapsed().saturating_sub(due).as_micros();
        self.late_micros.fetch_add(u64::try_from(late).unwrap_or(u64::MAX), Ordering::Relaxed);
        due
    }

    /// How many turns were given.
    pub fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// How long, all turns together, requests waited for a free worker beyond their due time.
    pub fn late(&self) -> Duration {
        Duration::from_micros(self.late_micros.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_are_due_by_count_and_never_early() {
        let pace = Pace::new(200.0, Instant::now());
        let mut dues = Vec::new();
        for _ in 0..4 {
            let due = pace.turn().await;
            assert!(pace.origin.elapsed() >= due);
            dues.push(due.saturating_sub(pace.began));
        }
        assert_eq!(dues, [0, 5, 10, 15].map(Duration::from_millis));
    }

    #[tokio::test]
    async fn whoever_comes_late_keeps_the_due_time_and_the_lateness_is_told() {
        let pace = Pace::new(1_000.0, Instant::now());
        pace.turn().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let due = pace.turn().await.saturating_sub(pace.began);
        assert_eq!(due, Duration::from_millis(1));
        assert!(pace.late() >= Duration::from_millis(19), "{:?}", pace.late());
        assert_eq!(pace.given(), 2);
    }

    #[test]
    fn a_rate_out_of_bounds_is_brought_within_them() {
        assert!((Pace::new(0.0, Instant::now()).per_second - RATE_MIN).abs() < f64::EPSILON);
        assert!((Pace::new(1e300, Instant::now()).per_second - RATE_MAX).abs() < f64::EPSILON);
    }
}
