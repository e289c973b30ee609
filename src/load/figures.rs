//! Figures of a load: expectations, Microsoft's published pace, and who was the bottleneck.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::growth::exponent_of;
use crate::directory::Population;
use crate::metrics::Totals;
use crate::run::{ExpectationResult, Growth, GrowthVerdict, OperationMetrics};

/// What a load must reach; none means any figure will do. Keys of a scenario's `[expect]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoadExpectations {
    /// `requests-per-second-min`; Microsoft's gallery asks for 25.
    pub requests_per_second_min: Option<f64>,
    /// `objects-per-second-min`: users, groups and memberships.
    pub objects_per_second_min: Option<f64>,
    /// `latency-p99-ms-max`, from the due time where a rate is set.
    pub latency_p99_ms_max: Option<f64>,
    /// `latency-p99-ms-max-of`: the same for single operations, by name.
    pub latency_p99_ms_max_of: BTreeMap<String, f64>,
    /// `error-share-max`, from 0 to 1: requests that get no success.
    pub error_share_max: Option<f64>,
    /// `growth-max`: how fast latency may grow with what the tenant holds.
    pub growth_max: Option<GrowthVerdict>,
}

/// What a load came to, as far as expectations ask for it.
pub(super) struct Reached<'a> {
    pub requests_per_second: f64,
    pub objects_per_second: f64,
    pub latency_p99_ms: f64,
    pub totals: Totals,
    pub operations: &'a [OperationMetrics],
    pub growth: &'a [Growth],
}

impl LoadExpectations {
    /// Holds figures against the expectations.
    pub(super) fn judge(&self, reached: &Reached<'_>) -> Vec<ExpectationResult> {
        let least = |name: &str, expected: Option<f64>, actual: f64| {
            expected.map(|expected| told(name, expected, actual, actual >= expected))
        };
        let most = |name: &str, expected: Option<f64>, actual: f64| {
            expected.map(|expected| told(name, expected, actual, actual <= expected))
        };
        let error_share = reached.totals.errors as f64 / reached.totals.requests.max(1) as f64;
        let whole = [
            least(
                "requests-per-second-min",
                self.requests_per_second_min,
                reached.requests_per_second,
            ),
            least(
                "objects-per-second-min",
                self.objects_per_second_min,
                reached.objects_per_second,
            ),
            most("latency-p99-ms-max", self.latency_p99_ms_max, reached.latency_p99_ms),
            most("error-share-max", self.error_share_max, error_share),
        ];
        let of_operations = self.latency_p99_ms_max_of.iter().filter_map(|(name, expected)| {
            let of = reached.operations.iter().find(|it| it.operation == *name)?;
            let latency = of.latency().p99;
            most(&format!("latency-p99-ms-max-of {name}"), Some(*expected), latency)
        });
        let growth = reached.growth.iter().filter_map(|growth| self.judge_growth(growth));
        whole.into_iter().flatten().chain(of_operations).chain(growth).collect()
    }

    /// Both sides are exponents: the greatest that the expected word stands for, and the measured.
    fn judge_growth(&self, growth: &Growth) -> Option<ExpectationResult> {
        let (expected, actual) = (self.growth_max?, growth.exponent?);
        let name = format!("growth-max of {} over {}", growth.operation, growth.over);
        Some(told(&name, exponent_of(expected), actual, growth.verdict <= expected))
    }
}

fn told(name: &str, expected: f64, actual: f64, held: bool) -> ExpectationResult {
    ExpectationResult { name: name.to_owned(), expected, actual, held }
}

/// Minutes an initial cycle takes by Microsoft's formula for "sync only assigned": 0.01 to 0.08 for
/// each user, group and membership.
pub(super) fn published_minutes(population: &Population) -> (f64, f64) {
    let objects = population.users + population.groups + population.membership_count();
    (objects as f64 * 0.01, objects as f64 * 0.08)
}

/// Measures the processor time of this process.
pub(super) struct CpuClock {
    began: Instant,
    seconds: Option<f64>,
}

impl CpuClock {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), seconds: cpu_seconds() }
    }

    /// The share of all cores that this process used since then, from 0 to 1; none where the system
    /// does not tell.
    pub(super) fn share(&self) -> Option<f64> {
        let used = cpu_seconds()? - self.seconds?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let wall = self.began.elapsed().as_secs_f64().max(f64::EPSILON);
        Some((used / (wall * cores as f64)).clamp(0.0, 1.0))
    }
}

/// Clock ticks a second in `/proc`: Linux shows 100 on every architecture we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of this process so far.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    ticks_in(&stat).map(|ticks| ticks as f64 / TICKS_PER_SECOND)
}

/// `utime` plus `stime`, the 14th and 15th field. The second one holds the program's name, which
/// may contain anything: the count begins behind its closing parenthesis.
fn ticks_in(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Above this share of all cores the client's own work weighs.
const BUSY: f64 = 0.8;
/// From this wait for a free worker on, the workers were too few for the rate.
const LONG_WAIT: Duration = Duration::from_millis(50);

/// Says in words whether the client or the tenant was the bottleneck.
pub(super) fn bottleneck(
    share: Option<f64>,
    is_in_process: bool,
    queue_delay: Option<Duration>,
) -> String {
    let waited = queue_delay.map_or(String::new(), |delay| {
        format!("; a due request waited {:.1} ms for a worker", delay.as_secs_f64() * 1_000.0)
    });
    let Some(share) = share else {
        return format!("unknown: this system does not tell processor time{waited}");
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let used = format!("this process used {:.0} % of {cores} cores", share * 100.0);
    let who = if is_in_process {
        "cannot be told: the tenant runs in this process"
    } else if share >= BUSY {
        "the client"
    } else {
        match queue_delay {
            Some(delay) if delay >= LONG_WAIT => "the tenant, or too few workers for the rate",
            Some(_) => "neither: the rate that was asked for was kept",
            None => "the tenant",
        }
    };
    format!("{who}: {used}{waited}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(expectations: &LoadExpectations, requests: f64, latency: f64) -> Vec<bool> {
        let growth = [Growth {
            operation: "create-user".to_owned(),
            over: "users".to_owned(),
            points: Vec::new(),
            exponent: Some(1.0),
            verdict: GrowthVerdict::Linear,
        }];
        let judged = expectations.judge(&Reached {
            requests_per_second: requests,
            objects_per_second: 0.0,
            latency_p99_ms: latency,
            totals: Totals { requests: 200, errors: 3 },
            operations: &[],
            growth: &growth,
        });
        judged.iter().map(|result| result.held).collect()
    }

    #[test]
    fn an_expectation_is_missed_on_the_wrong_side_only() {
        let expectations = LoadExpectations {
            requests_per_second_min: Some(25.0),
            latency_p99_ms_max: Some(100.0),
            ..LoadExpectations::default()
        };
        assert_eq!(judged(&expectations, 25.0, 100.0), [true, true]);
        assert_eq!(judged(&expectations, 24.9, 99.0), [false, true]);
        assert_eq!(judged(&expectations, 26.0, 100.1), [true, false]);
        assert!(judged(&LoadExpectations::default(), 0.0, 1e9).is_empty());
    }

    #[test]
    fn errors_and_growth_are_held_against_their_bounds() {
        let bound = |share, growth| LoadExpectations {
            error_share_max: Some(share),
            growth_max: Some(growth),
            ..LoadExpectations::default()
        };
        assert_eq!(judged(&bound(0.015, GrowthVerdict::Linear), 0.0, 0.0), [true, true]);
        assert_eq!(judged(&bound(0.014, GrowthVerdict::Logarithmic), 0.0, 0.0), [false, false]);
    }

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 0 0 0 120 30 5 6 20 0 4 0 99";
        assert_eq!(ticks_in(stat), Some(150));
        assert_eq!(ticks_in("nonsense"), None);
    }

    #[test]
    fn the_published_pace_counts_memberships() {
        let population =
            Population { users: 1_000, groups: 10, members_per_group: 50, ..Population::default() };
        let (fastest, slowest) = published_minutes(&population);
        assert!((fastest - 15.1).abs() < 1e-9 && (slowest - 120.8).abs() < 1e-9);
    }

    #[test]
    fn the_bottleneck_is_named_by_share_and_wait() {
        let wait = Duration::from_millis(80);
        assert!(bottleneck(Some(0.9), false, None).starts_with("the client: "));
        assert!(bottleneck(Some(0.1), false, None).starts_with("the tenant: "));
        assert!(bottleneck(Some(0.1), false, Some(wait)).contains("waited 80.0 ms"));
        assert!(bottleneck(Some(0.1), false, Some(Duration::ZERO)).starts_with("neither"));
        assert!(bottleneck(Some(0.9), true, None).starts_with("cannot be told"));
        assert!(bottleneck(None, false, None).starts_with("unknown"));
    }
}
