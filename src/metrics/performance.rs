//! What a load or a scenario must reach, and whether it did.
//!
//! The same keys on the command line of `load`, in the `[expect]` of a scenario and in
//! `report.json`, where they let several reports of one load be judged as one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Growth, GrowthVerdict, OperationMetrics};

/// What must be reached; none means any figure will do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PerformanceExpectations {
    /// Requests a second, at least; Microsoft's gallery asks for 25.
    pub requests_per_second_min: Option<f64>,
    /// Users, groups and memberships a second, at least.
    pub objects_per_second_min: Option<f64>,
    /// The 99th percentile of latency, at most, in milliseconds; from the due time where a rate is
    /// set.
    pub latency_p99_ms_max: Option<f64>,
    /// The same for single operations, by name.
    pub latency_p99_ms_max_of: BTreeMap<String, f64>,
    /// The share of requests without success, at most, from 0 to 1.
    pub error_share_max: Option<f64>,
    /// How fast latency may grow with what the tenant holds.
    pub growth_max: Option<GrowthBound>,
}

/// How fast latency may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrowthBound {
    /// Not at all.
    Constant,
    /// As the logarithm of the size.
    Logarithmic,
    /// In proportion to the size.
    Linear,
}

impl GrowthBound {
    fn verdict(self) -> GrowthVerdict {
        match self {
            Self::Constant => GrowthVerdict::Constant,
            Self::Logarithmic => GrowthVerdict::Logarithmic,
            Self::Linear => GrowthVerdict::Linear,
        }
    }
}

/// One performance expectation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ExpectationResult {
    /// The key in the file: `requests-per-second-min`.
    pub name: String,
    /// The bound.
    pub expected: f64,
    /// The measurement.
    pub actual: f64,
    /// Whether it held.
    pub held: bool,
}

/// What was measured, as far as expectations ask for it.
#[derive(Debug, Clone, Copy)]
pub struct Reached<'a> {
    /// Requests a second.
    pub requests_per_second: f64,
    /// Objects a second.
    pub objects_per_second: f64,
    /// Every operation.
    pub operations: &'a [OperationMetrics],
    /// How latencies grew.
    pub growth: &'a [Growth],
}

impl PerformanceExpectations {
    /// Holds figures against the expectations.
    pub fn judge(&self, reached: &Reached<'_>) -> Vec<ExpectationResult> {
        let least = |name: &str, expected: Option<f64>, actual: f64| {
            expected.map(|expected| told(name, expected, actual, actual >= expected))
        };
        let most = |name: &str, expected: Option<f64>, actual: f64| {
            expected.map(|expected| told(name, expected, actual, actual <= expected))
        };
        let totals = OperationMetrics::totals(reached.operations);
        let error_share = totals.errors as f64 / totals.requests.max(1) as f64;
        let latency = OperationMetrics::latency_of(reached.operations).p99;
        let (requests, objects) = (reached.requests_per_second, reached.objects_per_second);
        let whole = [
            least("requests-per-second-min", self.requests_per_second_min, requests),
            least("objects-per-second-min", self.objects_per_second_min, objects),
            most("latency-p99-ms-max", self.latency_p99_ms_max, latency),
            most("error-share-max", self.error_share_max, error_share),
        ];
        let of_operations = self.latency_p99_ms_max_of.iter().filter_map(|(name, expected)| {
            let of = reached.operations.iter().find(|it| it.operation == *name)?;
            most(&format!("latency-p99-ms-max-of {name}"), Some(*expected), of.latency().p99)
        });
        let growth = reached.growth.iter().filter_map(|growth| self.judge_growth(growth));
        whole.into_iter().flatten().chain(of_operations).chain(growth).collect()
    }

    /// What could not be judged, a sentence each: silence would look like success.
    pub fn unjudged(&self, operations: &[OperationMetrics], growth: &[Growth]) -> Vec<String> {
        let is_absent = |name: &&String| !operations.iter().any(|it| it.operation == **name);
        let absent = self.latency_p99_ms_max_of.keys().filter(is_absent).map(|name| {
            format!("latency-p99-ms-max-of {name} was not judged: no such request was sent")
        });
        let has_verdict = growth.iter().any(|growth| growth.exponent.is_some());
        let growth = self.growth_max.filter(|_| !has_verdict).map(|_| {
            "growth-max was not judged: too few requests at too few sizes of the tenant".to_owned()
        });
        absent.chain(growth).collect()
    }

    /// Both sides are exponents: the greatest that the expected word stands for, and the measured.
    fn judge_growth(&self, growth: &Growth) -> Option<ExpectationResult> {
        let (expected, actual) = (self.growth_max?.verdict(), growth.exponent?);
        let name = format!("growth-max of {} over {}", growth.operation, growth.over);
        Some(told(&name, expected.exponent_max(), actual, growth.verdict <= expected))
    }
}

fn told(name: &str, expected: f64, actual: f64, held: bool) -> ExpectationResult {
    ExpectationResult { name: name.to_owned(), expected, actual, held }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Latency, Percentiles};
    use super::*;

    /// 200 requests of 100 ms, of which 3 failed.
    fn operation() -> OperationMetrics {
        let mut histogram = Latency::default();
        (0..200).for_each(|_| histogram.record(Duration::from_millis(100)));
        OperationMetrics {
            operation: "create-user".to_owned(),
            count: 200,
            errors: 3,
            statuses: BTreeMap::new(),
            latency_ms: histogram.percentiles_ms(),
            latency_from_due_ms: None,
            histogram,
            histogram_from_due: None,
        }
    }

    fn judged(expectations: &PerformanceExpectations, requests: f64) -> Vec<bool> {
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
            operations: &[operation()],
            growth: &growth,
        });
        judged.iter().map(|result| result.held).collect()
    }

    #[test]
    fn an_expectation_is_missed_on_the_wrong_side_only() {
        let of = |latency| PerformanceExpectations {
            requests_per_second_min: Some(25.0),
            latency_p99_ms_max: Some(latency),
            ..PerformanceExpectations::default()
        };
        assert_eq!(judged(&of(100.0), 25.0), [true, true]);
        assert_eq!(judged(&of(100.1), 24.9), [false, true]);
        assert_eq!(judged(&of(99.9), 26.0), [true, false]);
        assert!(judged(&PerformanceExpectations::default(), 0.0).is_empty());
    }

    #[test]
    fn an_operation_is_held_against_its_own_bound_from_its_due_time() {
        let of = |name: &str, bound| PerformanceExpectations {
            latency_p99_ms_max_of: BTreeMap::from([(name.to_owned(), bound)]),
            ..PerformanceExpectations::default()
        };
        assert_eq!(judged(&of("create-user", 100.0), 0.0), [true]);
        assert_eq!(judged(&of("create-user", 99.0), 0.0), [false]);
        assert!(judged(&of("delete-user", 1.0), 0.0).is_empty(), "it did not occur");
        let late = Percentiles { p99: 500.0, ..Percentiles::default() };
        let late = OperationMetrics { latency_from_due_ms: Some(late), ..operation() };
        let judged = of("create-user", 400.0).judge(&Reached {
            requests_per_second: 0.0,
            objects_per_second: 0.0,
            operations: &[late],
            growth: &[],
        });
        assert!(!judged[0].held);
    }

    #[test]
    fn what_was_not_measured_is_told_and_what_was_is_not() {
        let expected = |name: &str| PerformanceExpectations {
            latency_p99_ms_max_of: BTreeMap::from([(name.to_owned(), 1.0)]),
            growth_max: Some(GrowthBound::Linear),
            ..PerformanceExpectations::default()
        };
        let growth = |exponent| Growth {
            operation: "create-user".to_owned(),
            over: "users".to_owned(),
            points: Vec::new(),
            exponent,
            verdict: GrowthVerdict::CannotTell,
        };
        let told = expected("delete-user").unjudged(&[operation()], &[growth(None)]);
        assert_eq!(told.len(), 2);
        assert!(told[0].contains("delete-user") && told[1].contains("growth-max"), "{told:?}");
        let told = expected("create-user").unjudged(&[operation()], &[growth(Some(0.0))]);
        assert!(told.is_empty(), "{told:?}");
    }

    #[test]
    fn errors_and_growth_are_held_against_their_bounds() {
        let bound = |share, growth| PerformanceExpectations {
            error_share_max: Some(share),
            growth_max: Some(growth),
            ..PerformanceExpectations::default()
        };
        assert_eq!(judged(&bound(0.015, GrowthBound::Linear), 0.0), [true, true]);
        assert_eq!(judged(&bound(0.014, GrowthBound::Logarithmic), 0.0), [false, false]);
    }
}
