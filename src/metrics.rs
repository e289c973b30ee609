//! What each operation cost: counts, statuses, and histograms that merge exactly.
//!
//! Latencies are kept in histograms, one pair an operation. Senders write into shards, so that
//! sixty-four of them do not wait for one lock; a report adds the shards up, and adding loses
//! nothing, neither here nor of what several machines have measured. A request that got no answer
//! counts with the time it was waited for: a stall must not vanish from the figures it causes. A
//! request that the door refused was never sent and is not measured.

mod growth;
mod latency;
mod performance;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exchange::{BodyEnd, Exchange, Failure, Listener, Operation};

pub use self::growth::{Growth, GrowthPoint, GrowthVerdict, Sizes};
pub use self::latency::{Latency, Percentiles};
pub use self::performance::{ExpectationResult, GrowthBound, PerformanceExpectations, Reached};

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
    /// Every latency from sending, for adding up what several machines measured.
    pub histogram: Latency,
    /// Every latency from the due time, where a rate was set.
    pub histogram_from_due: Option<Latency>,
}

impl OperationMetrics {
    /// The latency that counts: from the due time where a rate was set, else from sending.
    pub fn latency(&self) -> Percentiles {
        self.latency_from_due_ms.unwrap_or(self.latency_ms)
    }

    /// Counts over some operations.
    pub fn totals(of: &[Self]) -> Totals {
        of.iter().fold(Totals::default(), |sum, it| Totals {
            requests: sum.requests + it.count,
            errors: sum.errors + it.errors,
        })
    }

    /// The latency that counts, of some operations together.
    pub fn latency_of(of: &[Self]) -> Percentiles {
        let mut all = Latency::default();
        for it in of {
            all.add(it.histogram_from_due.as_ref().unwrap_or(&it.histogram));
        }
        all.percentiles_ms()
    }

    /// What several machines measured, exactly as if one had: in the order of a cycle.
    pub fn merged<'a>(of: impl IntoIterator<Item = &'a Self>) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::new();
        for one in of {
            match merged.iter_mut().find(|it| it.operation == one.operation) {
                Some(sum) => sum.add(one),
                None => merged.push(one.clone()),
            }
        }
        merged.sort_by_key(|it| {
            let known = Operation::from_name(&it.operation);
            (known.is_none(), known)
        });
        merged
    }

    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.errors += other.errors;
        for (ending, count) in &other.statuses {
            *self.statuses.entry(ending.clone()).or_default() += count;
        }
        self.histogram.add(&other.histogram);
        self.latency_ms = self.histogram.percentiles_ms();
        let from_due = self.histogram_from_due.take().zip(other.histogram_from_due.as_ref());
        self.histogram_from_due = from_due.map(|(mut sum, more)| {
            sum.add(more);
            sum
        });
        self.latency_from_due_ms = self.histogram_from_due.as_ref().map(Latency::percentiles_ms);
    }
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
    /// What was heard before the last lap ended.
    earlier: Mutex<Tallies>,
    due_times: bool,
}

type Tallies = BTreeMap<Operation, Tally>;

impl Metrics {
    /// Measures latencies from the moment of sending.
    pub fn new() -> Self {
        let shards = std::thread::available_parallelism().map_or(4, usize::from).clamp(1, 16);
        Self {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
            earlier: Mutex::default(),
            due_times: false,
        }
    }

    /// Also reports latencies from the due time, for runs with a rate.
    pub fn with_due_times() -> Self {
        Self { due_times: true, ..Self::new() }
    }

    /// Every operation that was heard, in the order of a cycle.
    pub fn report(&self) -> Vec<OperationMetrics> {
        self.told(&self.sum())
    }

    /// Every operation that was heard since the last lap. Costs those who listen nothing: what was
    /// heard is only put aside.
    pub fn lap(&self) -> Vec<OperationMetrics> {
        let mut earlier = lock(&self.earlier);
        let mut lap = Tallies::new();
        for shard in &self.shards {
            add(&mut lap, &std::mem::take(&mut *lock(shard)));
        }
        add(&mut earlier, &lap);
        self.told(&lap)
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

    fn told(&self, tallies: &Tallies) -> Vec<OperationMetrics> {
        let told =
            tallies.iter().map(|(operation, tally)| tally.report(*operation, self.due_times));
        told.collect()
    }

    fn sum(&self) -> Tallies {
        let earlier = lock(&self.earlier);
        let mut sum = Tallies::new();
        add(&mut sum, &earlier);
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
            histogram: self.latency.clone(),
            histogram_from_due: due_times.then(|| self.from_due.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Answer, Body, Request};
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
                body: Body::default(),
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
    fn what_two_machines_reported_merges_as_if_one_had_heard_it() {
        for metrics in [Metrics::new as fn() -> Metrics, Metrics::with_due_times] {
            let (left, right, whole) = (metrics(), metrics(), metrics());
            for index in 0..3_000_u64 {
                let is_odd = index % 2 == 1;
                let operation = if is_odd { Operation::MatchUser } else { Operation::UpdateUser };
                let status = if index % 50 == 0 { 503 } else { 204 };
                let exchange = answered(operation, status, index * index % 7_777_777);
                whole.heard(&exchange);
                if index % 3 == 0 { left.heard(&exchange) } else { right.heard(&exchange) }
            }
            right.heard(&failed(Failure::Timeout(Duration::from_secs(30))));
            whole.heard(&failed(Failure::Timeout(Duration::from_secs(30))));
            let reports = [left.report(), right.report()];
            let merged = OperationMetrics::merged(reports.iter().flatten());
            assert_eq!(merged, whole.report());
            assert_eq!(OperationMetrics::totals(&merged), whole.totals());
            let latency = whole.latency_from_due_ms().unwrap_or(whole.latency_ms());
            assert_eq!(OperationMetrics::latency_of(&merged), latency);
        }
    }

    #[test]
    fn laps_are_told_one_by_one_and_count_in_the_whole() {
        let metrics = Metrics::new();
        metrics.heard(&answered(Operation::CreateUser, 201, 10));
        assert_eq!(metrics.lap().len(), 1);
        metrics.heard(&answered(Operation::CreateUser, 409, 20));
        metrics.heard(&answered(Operation::AddMembers, 204, 30));
        let second = metrics.lap();
        assert_eq!((second.len(), second[0].count, second[0].errors), (2, 1, 1));
        assert!(metrics.lap().is_empty());
        assert_eq!(metrics.totals(), Totals { requests: 3, errors: 1 });
        assert_eq!(metrics.report()[0].count, 2);
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
}
