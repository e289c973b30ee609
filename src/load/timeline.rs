//! What happened when: a load's requests, objects, errors and latencies, slice by slice.
//!
//! The number of slices is bounded: when the time outgrows them, two become one and all are twice
//! as long. So a load of a minute is told by the second, one of a day by the quarter of an hour.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::exchange::{Exchange, Failure, Listener};
use crate::metrics::Latency;
use crate::run::{Moment, PhaseResult};

/// Slices at most, and length of a slice in the beginning.
pub(super) const SLICES_MAX: usize = 120;
const SHORTEST: Duration = Duration::from_millis(250);

/// Hears a load's exchanges and keeps its course.
pub(super) struct Timeline {
    /// What the times of exchanges are counted from.
    origin: Instant,
    from_due: bool,
    course: Mutex<Course>,
}

struct Course {
    /// When the first request was sent.
    began: Option<Duration>,
    slice: Duration,
    slices: Vec<Slice>,
}

struct Slice {
    requests: u64,
    objects: u64,
    errors: u64,
    throttled: u64,
    latency: Latency,
}

impl Timeline {
    /// Times are counted from `origin`, which is `Tenant::began`; with a rate, latencies from the
    /// due time.
    pub(super) fn new(origin: Instant, from_due: bool) -> Self {
        let course = Course { began: None, slice: SHORTEST, slices: Vec::new() };
        Self { origin, from_due, course: Mutex::new(course) }
    }

    /// So many objects have just arrived.
    pub(super) fn arrived(&self, objects: u64) {
        let now = self.origin.elapsed();
        self.course().at(now).objects += objects;
    }

    /// The slices in order; each belongs to the phase in which it began.
    pub(super) fn moments(&self, phases: &[PhaseResult]) -> Vec<Moment> {
        let course = self.course();
        let seconds = course.slice.as_secs_f64();
        let moment = |(place, slice): (usize, &Slice)| {
            let began = place as f64 * seconds;
            Moment {
                phase: phase_at(phases, began),
                began,
                seconds,
                requests: slice.requests,
                objects: slice.objects,
                errors: slice.errors,
                throttled: slice.throttled,
                latency_ms: slice.latency.percentiles_ms(),
                histogram: slice.latency.clone(),
            }
        };
        course.slices.iter().enumerate().map(moment).collect()
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The phase in which the load was at that second.
pub(super) fn phase_at(phases: &[PhaseResult], second: f64) -> String {
    let phase = phases.iter().rev().find(|phase| phase.began <= second);
    phase.or(phases.first()).map_or(String::new(), |phase| phase.phase.clone())
}

impl Listener for Timeline {
    fn heard(&self, exchange: &Exchange) {
        if matches!(exchange.result, Err(Failure::Refused(_))) {
            return;
        }
        let latency = if self.from_due { exchange.latency_from_due() } else { exchange.latency() };
        let mut course = self.course();
        course.began.get_or_insert(exchange.sent);
        let slice = course.at(exchange.answered);
        slice.requests += 1;
        slice.errors += u64::from(!exchange.is_success() || exchange.is_cut_off());
        slice.throttled += u64::from(exchange.status() == 429);
        slice.latency.record(latency);
    }
}

impl Course {
    /// The slice of that time; what comes before the beginning counts with the first.
    fn at(&mut self, time: Duration) -> &mut Slice {
        let since = time.saturating_sub(self.began.unwrap_or(time));
        let place = since.as_nanos() / self.slice.as_nanos();
        let mut place = usize::try_from(place).unwrap_or(usize::MAX);
        while place >= SLICES_MAX {
            self.fold();
            place /= 2;
        }
        while self.slices.len() <= place {
            self.slices.push(Slice::new());
        }
        &mut self.slices[place]
    }

    /// Makes every slice twice as long.
    fn fold(&mut self) {
        self.slice *= 2;
        let mut slices = std::mem::take(&mut self.slices).into_iter();
        while let Some(mut slice) = slices.next() {
            if let Some(next) = slices.next() {
                slice.add(&next);
            }
            self.slices.push(slice);
        }
    }
}

impl Slice {
    fn new() -> Self {
        Self { requests: 0, objects: 0, errors: 0, throttled: 0, latency: Latency::coarse() }
    }

    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.objects += other.objects;
        self.errors += other.errors;
        self.throttled += other.throttled;
        self.latency.add(&other.latency);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Operation, Request};

    fn unanswered(sent_ms: u64, took_ms: u64) -> Exchange {
        let sent = Duration::from_millis(sent_ms);
        Exchange {
            number: 1,
            operation: Operation::CreateUser,
            request: Request::get("/Users"),
            result: Err(Failure::Timeout(Duration::from_millis(took_ms))),
            due: Duration::ZERO,
            sent,
            disturbance: None,
            answered: sent + Duration::from_millis(took_ms),
        }
    }

    #[test]
    fn a_request_counts_where_it_was_answered_and_times_begin_with_the_first() {
        let timeline = Timeline::new(Instant::now(), false);
        timeline.heard(&unanswered(1_000, 100));
        timeline.heard(&unanswered(1_100, 500));
        let moments = timeline.moments(&[]);
        let counts: Vec<_> = moments.iter().map(|it| (it.requests, it.errors)).collect();
        assert_eq!(counts, [(1, 1), (0, 0), (1, 1)]);
        assert!((moments[2].began - 0.5).abs() < 1e-9);
        assert!((moments[2].latency_ms.p50 - 500.0).abs() < 5.0, "{:?}", moments[2]);
    }

    #[test]
    fn with_a_rate_latency_counts_from_the_due_time() {
        let timeline = Timeline::new(Instant::now(), true);
        timeline.heard(&unanswered(1_000, 100));
        assert!((timeline.moments(&[])[0].latency_ms.p50 - 1_100.0).abs() < 11.0);
    }

    #[test]
    fn slices_stay_few_and_lose_nothing() {
        let timeline = Timeline::new(Instant::now(), false);
        for second in 0..3_600 {
            timeline.heard(&unanswered(second * 1_000, 10));
        }
        let phase = |phase: &str, began| PhaseResult {
            phase: phase.to_owned(),
            began,
            requests: 0,
            seconds: 0.0,
            operations: Vec::new(),
        };
        let moments = timeline.moments(&[phase("users", 0.0), phase("groups", 1_800.0)]);
        assert!((SLICES_MAX / 2..=SLICES_MAX).contains(&moments.len()), "{}", moments.len());
        assert_eq!(moments.iter().map(|it| it.requests).sum::<u64>(), 3_600);
        assert_eq!(moments[0].phase, "users");
        assert_eq!(moments.last().unwrap().phase, "groups");
    }

    #[test]
    fn objects_arrive_now() {
        let timeline = Timeline::new(Instant::now(), false);
        timeline.arrived(3);
        timeline.arrived(2);
        assert_eq!(timeline.moments(&[]).iter().map(|it| it.objects).sum::<u64>(), 5);
    }
}
