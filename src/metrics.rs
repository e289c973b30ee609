//! What each operation cost: counts, statuses, and histograms that merge exactly.
//!
//! Latencies are kept in HDR histograms (three significant digits, microseconds, up to an hour),
//! one pair an operation. Senders write into shards, so that sixty-four of them do not wait for one
//! lock; a report adds the shards up, and adding loses nothing. A request that got no answer counts
//! with the time it was waited for: a stall must not vanish from the figures it causes. A request
//! that the door refused was never sent and is not measured.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::exchange::{BodyEnd, Exchange, Failure, Listener, Operation};

/// Measurements of one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OperationMetrics {
    /// The operation's name; `probe` for the requests of all checks together.
    pub operation: String,
    /// How many.
    pub count: u64,
    /// How many got a 4xx, a 5xx or no whole answer.
    pub errors: u64,
    /// Status codes and kinds of failure (`timeout`, `broken-body`), with counts.
    pub statuses: BTreeMap<String, u64>,
    /// Latency from sending to the last byte, in milliseconds.
    pub latency_ms: Percentiles,
    /// Latency from the due time, where a rate was set.
    pub latency_from_due_ms: Option<Percentiles>,
}

impl OperationMetrics {
    /// The latency that counts: from the due time where a rate was set, else from sending.
    pub fn latency(&self) -> Percentiles {
        self.latency_from_due_ms.unwrap_or(self.latency_ms)
    }
}

/// Percentiles of a latency, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// 90 of 100 are faster.
    pub p90: f64,
    /// 99 of 100 are faster.
    pub p99: f64,
    /// 999 of 1,000 are faster.
    pub p99_9: f64,
    /// The slowest.
    pub max: f64,
}

/// Counts over all operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Requests sent.
    pub requests: u64,
    /// How many got a 4xx, a 5xx or no whole answer.
    pub errors: u64,
}

/// Measures every exchange it hears.
#[derive(Debug)]
pub struct Metrics {
    shards: Vec<Mutex<Tallies>>,
    due_times: bool,
}

type Tallies = BTreeMap<Operation, Tally>;

impl Metrics {
    /// Measures latencies from the moment of sending.
    pub fn new() -> Self {
        let shards = std::thread::available_parallelism().map_or(4, usize::from).clamp(1, 16);
        Self { shards: (0..shards).map(|_| Mutex::default()).collect(), due_times: false }
    }

    /// Also reports latencies from the due time, for runs with a rate.
    pub fn with_due_times() -> Self {
        Self { due_times: true, ..Self::new() }
    }

    /// Every operation that was heard, in the order of a cycle.
    pub fn report(&self) -> Vec<OperationMetrics> {
        self.sum()
            .iter()
            .map(|(operation, tally)| tally.report(*operation, self.due_times))
            .collect()
    }

    /// Counts over all operations.
    pub fn totals(&self) -> Totals {
        self.sum().values().fold(Totals::default(), |sum, tally| Totals {
            requests: sum.requests + tally.count,
            errors: sum.errors + tally.errors,
        })
    }

    /// Latency of all operations together, from sending to the last byte, in milliseconds.
    pub fn latency_ms(&self) -> Percentiles {
        self.all().latency.percentiles_ms()
    }

    /// Latency of all operations together from the due time, in milliseconds, where a rate was set.
    pub fn latency_from_due_ms(&self) -> Option<Percentiles> {
        self.due_times.then(|| self.all().from_due.percentiles_ms())
    }

    /// Requests a second over the time given; 0 where that is no time at all.
    pub fn requests_per_second(&self, over: Duration) -> f64 {
        if over.is_zero() {
            return 0.0;
        }
        self.totals().requests as f64 / over.as_secs_f64()
    }

    /// Adds another's measurements to these, exactly: as if all had been heard here.
    pub fn merge(&self, other: &Self) {
        let theirs = other.sum();
        add(&mut lock(&self.shards[0]), &theirs);
    }

    fn sum(&self) -> Tallies {
        let mut sum = Tallies::new();
        for shard in &self.shards {
            add(&mut sum, &lock(shard));
        }
        sum
    }

    fn all(&self) -> Tally {
        let mut all = Tally::default();
        for tally in self.sum().values() {
            all.add(tally);
        }
        all
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Listener for Metrics {
    fn heard(&self, exchange: &Exchange) {
        if matches!(exchange.result, Err(Failure::Refused(_))) {
            return;
        }
        let shard = &self.shards[place_of_this_thread() % self.shards.len()];
        lock(shard).entry(row_of(exchange.operation)).or_default().count(exchange);
    }
}

/// Seven hundred checks share one row: a histogram for each would say nothing.
fn row_of(operation: Operation) -> Operation {
    match operation {
        Operation::Probe(_) => Operation::Probe(""),
        other => other,
    }
}

fn place_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLACE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    PLACE.with(|place| {
        place.get().unwrap_or_else(|| {
            let mine = NEXT.fetch_add(1, Ordering::Relaxed);
            place.set(Some(mine));
            mine
        })
    })
}

fn lock(shard: &Mutex<Tallies>) -> MutexGuard<'_, Tallies> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add(sum: &mut Tallies, more: &Tallies) {
    for (operation, tally) in more {
        sum.entry(*operation).or_default().add(tally);
    }
}

/// How one exchange ended, small enough to be counted without a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Status(u16),
    Kind(&'static str),
}

impl Ending {
    fn of(exchange: &Exchange) -> Self {
        match &exchange.result {
            Err(failure) => Self::Kind(failure.kind()),
            Ok(answer) if matches!(answer.end, BodyEnd::Broken(_)) => Self::Kind("broken-body"),
            Ok(answer) => Self::Status(answer.status),
        }
    }

    fn is_error(self) -> bool {
        !matches!(self, Self::Status(..400))
    }
}

/// The measurements of one operation within one shard.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    errors: u64,
    endings: BTreeMap<Ending, u64>,
    latency: Latency,
    from_due: Latency,
}

impl Tally {
    fn count(&mut self, exchange: &Exchange) {
        let ending = Ending::of(exchange);
        self.count += 1;
        self.errors += u64::from(ending.is_error());
        *self.endings.entry(ending).or_default() += 1;
        self.latency.record(exchange.latency());
        self.from_due.record(exchange.latency_from_due());
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.errors += other.errors;
        for (ending, count) in &other.endings {
            *self.endings.entry(*ending).or_default() += count;
        }
        self.latency.add(&other.latency);
        self.from_due.add(&other.from_due);
    }

    fn report(&self, operation: Operation, due_times: bool) -> OperationMetrics {
        let statuses = self.endings.iter().map(|(ending, count)| {
            let name = match ending {
                Ending::Status(status) => status.to_string(),
                Ending::Kind(kind) => (*kind).to_owned(),
            };
            (name, *count)
        });
        OperationMetrics {
            operation: match operation {
                Operation::Probe(_) => "probe".to_owned(),
                other => other.name(),
            },
            count: self.count,
            errors: self.errors,
            statuses: statuses.collect(),
            latency_ms: self.latency.percentiles_ms(),
            latency_from_due_ms: due_times.then(|| self.from_due.percentiles_ms()),
        }
    }
}

/// A histogram that grows with what it holds, and the slowest value as it was.
#[derive(Debug)]
pub struct Latency {
    micros: Histogram<u64>,
    slowest: u64,
}

/// Beyond an hour a latency counts as an hour.
const HIGHEST_MICROS: u64 = 3_600_000_000;

impl Default for Latency {
    fn default() -> Self {
        Self { micros: Histogram::new(3).expect("three digits are within 0 to 5"), slowest: 0 }
    }
}

impl Latency {
    /// One of two significant digits: a tenth of the memory, for those of which there are many.
    pub fn coarse() -> Self {
        Self { micros: Histogram::new(2).expect("two digits are within 0 to 5"), slowest: 0 }
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.micros.len()
    }

    /// Records one.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).min(HIGHEST_MICROS);
        self.micros.record(micros).expect("a growing histogram holds up to an hour");
        self.slowest = self.slowest.max(micros);
    }

    /// Adds another's records to these, exactly where both have as many digits.
    pub fn add(&mut self, other: &Self) {
        self.micros.add(&other.micros).expect("a growing histogram holds up to an hour");
        self.slowest = self.slowest.max(other.slowest);
    }

    /// The percentiles, in milliseconds.
    pub fn percentiles_ms(&self) -> Percentiles {
        let at = |quantile| {
            self.micros.value_at_quantile(quantile).min(self.slowest) as f64 / MICROS_PER_MS
        };
        Percentiles {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: self.slowest as f64 / MICROS_PER_MS,
        }
    }
}

const MICROS_PER_MS: f64 = 1000.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Answer, Request};
    use bytes::Bytes;
    use http::HeaderMap;

    fn answered(operation: Operation, status: u16, micros: u64) -> Exchange {
        let sent = Duration::from_millis(10);
        Exchange {
            number: 1,
            operation,
            request: Request::get("/Users"),
            result: Ok(Answer {
                status,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                end: BodyEnd::Complete,
            }),
            due: Duration::from_millis(4),
            sent,
            answered: sent + Duration::from_micros(micros),
            disturbance: None,
        }
    }

    fn failed(failure: Failure) -> Exchange {
        Exchange { result: Err(failure), ..answered(Operation::CreateUser, 0, 500) }
    }

    #[test]
    fn statuses_failures_and_percentiles_are_counted_by_operation() {
        let metrics = Metrics::with_due_times();
        for micros in 1..=1000 {
            metrics.heard(&answered(Operation::CreateUser, 201, micros * 10));
        }
        metrics.heard(&answered(Operation::CreateUser, 500, 20_000));
        metrics.heard(&failed(Failure::Timeout(Duration::from_secs(30))));
        metrics.heard(&answered(Operation::MatchUser, 200, 100));
        let report = metrics.report();
        assert_eq!(
            report.iter().map(|row| row.operation.as_str()).collect::<Vec<_>>(),
            ["match-user", "create-user"]
        );
        let create = &report[1];
        assert_eq!((create.count, create.errors), (1002, 2));
        assert_eq!(create.statuses["201"], 1000);
        assert_eq!(create.statuses["timeout"], 1);
        assert!((create.latency_ms.p50 - 5.0).abs() < 0.02, "{:?}", create.latency_ms);
        assert!((create.latency_ms.max - 20.0).abs() < f64::EPSILON);
        let from_due = create.latency_from_due_ms.unwrap();
        assert!((from_due.max - 26.0).abs() < f64::EPSILON, "six more between due and sent");
    }

    #[test]
    fn without_a_rate_no_latency_from_due_is_told() {
        let metrics = Metrics::new();
        metrics.heard(&answered(Operation::CreateUser, 201, 10));
        assert_eq!(metrics.report()[0].latency_from_due_ms, None);
    }

    #[test]
    fn a_refused_request_is_not_measured_and_a_broken_body_is_an_error() {
        let metrics = Metrics::new();
        metrics.heard(&failed(Failure::Refused("not ours".to_owned())));
        assert_eq!(metrics.totals(), Totals::default());
        let mut broken = answered(Operation::ReadUser, 200, 10);
        if let Ok(answer) = &mut broken.result {
            answer.end = BodyEnd::Broken("reset".to_owned());
        }
        metrics.heard(&broken);
        assert_eq!(metrics.totals(), Totals { requests: 1, errors: 1 });
        assert_eq!(metrics.report()[0].statuses["broken-body"], 1);
    }

    #[test]
    fn all_checks_share_one_row() {
        let metrics = Metrics::new();
        metrics.heard(&answered(Operation::Probe("delete-204"), 204, 10));
        metrics.heard(&answered(Operation::Probe("delete-then-404"), 404, 10));
        let report = metrics.report();
        assert_eq!((report.len(), report[0].operation.as_str(), report[0].count), (1, "probe", 2));
    }

    #[test]
    fn merging_two_equals_hearing_all_at_one() {
        let (left, right, whole) = (Metrics::new(), Metrics::new(), Metrics::new());
        for index in 0..5_000_u64 {
            let micros = index * index % 7_777_777;
            let exchange = answered(Operation::UpdateUser, 204, micros);
            whole.heard(&exchange);
            if index % 3 == 0 { left.heard(&exchange) } else { right.heard(&exchange) }
        }
        left.merge(&right);
        assert_eq!(left.report(), whole.report());
        assert_ne!(right.report(), whole.report());
    }

    #[test]
    fn sixty_four_senders_lose_nothing() {
        let metrics = Metrics::new();
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    for micros in 0..100 {
                        metrics.heard(&answered(Operation::CreateUser, 201, micros));
                    }
                });
            }
        });
        assert_eq!(metrics.totals().requests, 6400);
        let rate = metrics.requests_per_second(Duration::from_secs(2));
        assert!((rate - 3200.0).abs() < f64::EPSILON);
        assert!(metrics.requests_per_second(Duration::ZERO).abs() < f64::EPSILON);
    }

    #[test]
    fn a_latency_beyond_an_hour_counts_as_an_hour() {
        let metrics = Metrics::new();
        metrics.heard(&answered(Operation::CreateUser, 201, u64::MAX / 2000));
        assert!((metrics.latency_ms().max - 3_600_000.0).abs() < f64::EPSILON);
    }
}
