//! How latency grows with what the tenant holds: the reason why large initial syncs fail.
//!
//! Latencies are kept by size, in stretches that grow by the square root of two. A curve
//! `a + b · size^p` is fitted to their medians; `p` is the exponent that reports show. A curve that
//! rises less than the medians scatter, or by less than a quarter over all sizes, counts as flat.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Latency;
use crate::exchange::{Exchange, Failure, Listener, Operation};

/// Requests that a stretch must have to count.
const REQUESTS_MIN: u64 = 20;
/// Stretches that a verdict needs, and how far apart the least and the greatest size must be.
const POINTS_MIN: usize = 5;
const SPREAD_MIN: f64 = 8.0;
/// A rise of less over all sizes is no growth.
const RISE_MIN: f64 = 1.25;
/// Up to here a power is told as logarithmic, and up to here as linear.
const LOGARITHMIC_MAX: f64 = 0.45;
const LINEAR_MAX: f64 = 1.3;
/// Groups whose size is followed; those beyond add nothing to the picture.
const GROUPS_MAX: usize = 100_000;

/// How the latency of one operation grew with what there was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Growth {
    /// The operation: `match-user`, `create-user`, `add-members`.
    pub operation: String,
    /// What there was more and more of: `users`, `groups` or `members of one group`.
    pub over: String,
    /// Latencies by size, smallest first.
    pub points: Vec<GrowthPoint>,
    /// The exponent of the fitted power of the size; none where there are too few points.
    pub exponent: Option<f64>,
    /// What the exponent means.
    pub verdict: GrowthVerdict,
}

/// Latencies at one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GrowthPoint {
    /// How many there were, in the middle of the measured stretch.
    pub size: u64,
    /// Requests measured there.
    pub count: u64,
    /// Their median, in milliseconds.
    pub p50_ms: f64,
    /// Every latency.
    pub histogram: Latency,
}

/// How a latency grows with the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrowthVerdict {
    /// It does not.
    Constant,
    /// As the logarithm of the size, or a small power of it.
    Logarithmic,
    /// In proportion to the size.
    Linear,
    /// Faster than the size.
    Worse,
    /// Too few sizes, or too far apart from one another, for a verdict.
    CannotTell,
}

impl Growth {
    /// Fits a curve to the points.
    pub fn over(operation: String, over: String, points: Vec<GrowthPoint>) -> Self {
        let (exponent, verdict) = judge(&points);
        Self { operation, over, points, exponent, verdict }
    }

    /// What several loads at the same time measured: points of the same size are added up, and the
    /// curve is fitted anew.
    pub fn merged<'a>(of: impl IntoIterator<Item = &'a Self>) -> Vec<Self> {
        let mut kept: Vec<(&str, &str, BTreeMap<u64, Latency>)> = Vec::new();
        for growth in of {
            let key = (growth.operation.as_str(), growth.over.as_str());
            let place = kept.iter().position(|it| (it.0, it.1) == key).unwrap_or(kept.len());
            if place == kept.len() {
                kept.push((key.0, key.1, BTreeMap::new()));
            }
            for point in &growth.points {
                let sum = kept[place].2.entry(point.size).or_insert_with(Latency::coarse);
                sum.add(&point.histogram);
            }
        }
        let merged = kept.into_iter().map(|(operation, over, points)| {
            let points = points.into_iter().map(|(size, histogram)| GrowthPoint {
                size,
                count: histogram.count(),
                p50_ms: histogram.percentiles_ms().p50,
                histogram,
            });
            Self::over(operation.to_owned(), over.to_owned(), points.collect())
        });
        merged.collect()
    }
}

impl GrowthVerdict {
    /// The greatest exponent that the word stands for.
    pub(super) fn exponent_max(self) -> f64 {
        match self {
            Self::Constant => 0.0,
            Self::Logarithmic => LOGARITHMIC_MAX,
            Self::Linear => LINEAR_MAX,
            Self::Worse | Self::CannotTell => f64::MAX,
        }
    }

    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Logarithmic => "logarithmic",
            Self::Linear => "linear",
            Self::Worse => "worse than linear",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// Hears exchanges and keeps latencies by what the tenant holds.
#[derive(Debug)]
pub struct Sizes {
    members_per_patch: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    users: u64,
    groups: u64,
    /// How many `PATCH` requests added members, by the group's target.
    patches: HashMap<String, u64>,
    /// Latencies by operation and stretch.
    latencies: BTreeMap<(Operation, u32), Latency>,
}

impl Sizes {
    /// A PATCH that adds members adds so many.
    pub fn new(members_per_patch: usize) -> Self {
        Self { members_per_patch: members_per_patch as u64, kept: Mutex::default() }
    }

    /// What was found of each operation that grows with something.
    pub fn growth(&self) -> Vec<Growth> {
        let kept = self.kept();
        let of = |operation: Operation, over: &str| {
            let stretches = kept.latencies.range((operation, 0)..=(operation, u32::MAX));
            let points: Vec<GrowthPoint> = stretches
                .filter(|(_, latency)| latency.count() >= REQUESTS_MIN)
                .map(|((_, stretch), latency)| GrowthPoint {
                    size: middle_of(*stretch),
                    count: latency.count(),
                    p50_ms: latency.percentiles_ms().p50,
                    histogram: latency.clone(),
                })
                .collect();
            let is_told = !points.is_empty();
            is_told.then(|| Growth::over(operation.name(), over.to_owned(), points))
        };
        [
            of(Operation::MatchUser, "users"),
            of(Operation::CreateUser, "users"),
            of(Operation::MatchGroup, "groups"),
            of(Operation::CreateGroup, "groups"),
            of(Operation::AddMembers, "members of one group"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Sizes {
    fn heard(&self, exchange: &Exchange) {
        if matches!(exchange.result, Err(Failure::Refused(_))) || !exchange.is_success() {
            return;
        }
        let mut kept = self.kept();
        let size = match exchange.operation {
            Operation::MatchUser => kept.users,
            Operation::CreateUser => {
                kept.users += 1;
                kept.users
            }
            Operation::MatchGroup => kept.groups,
            Operation::CreateGroup => {
                kept.groups += 1;
                kept.groups
            }
            Operation::AddMembers => {
                let is_full = kept.patches.len() >= GROUPS_MAX;
                let target = &exchange.request.target;
                if let Some(patches) = kept.patches.get_mut(target) {
                    *patches += 1;
                    *patches * self.members_per_patch
                } else if is_full {
                    return;
                } else {
                    kept.patches.insert(target.clone(), 1);
                    self.members_per_patch
                }
            }
            _ => return,
        };
        let place = (exchange.operation, stretch_of(size));
        kept.latencies.entry(place).or_insert_with(Latency::coarse).record(exchange.latency());
    }
}

/// The stretch of a size: two for each doubling, parted at its square root.
fn stretch_of(size: u64) -> u32 {
    let octave = size.max(1).ilog2();
    let part = u128::from(size) * 1_000 / (1_u128 << octave);
    2 * octave + u32::from(part >= 1_414)
}

/// The size in the middle of a stretch.
fn middle_of(stretch: u32) -> u64 {
    let (octave, part) = (1_u64 << (stretch / 2).min(53), [1_189, 1_682][stretch as usize % 2]);
    octave * part / 1_000
}

/// The exponent of the fitted curve, and what it means.
fn judge(points: &[GrowthPoint]) -> (Option<f64>, GrowthVerdict) {
    let usable: Vec<(f64, f64)> = points
        .iter()
        .filter(|point| point.size > 0 && point.p50_ms > 0.0)
        .map(|point| (point.size as f64, point.p50_ms))
        .collect();
    let (Some((least, _)), Some((most, _))) = (usable.first(), usable.last()) else {
        return (None, GrowthVerdict::CannotTell);
    };
    if usable.len() < POINTS_MIN || most / least < SPREAD_MIN {
        return (None, GrowthVerdict::CannotTell);
    }
    let flat = Fit::flat(&usable);
    let curves = (1..=50).map(|step| Fit::power(&usable, f64::from(step) * 0.05));
    let best = curves.flatten().fold(None, |best: Option<Fit>, fit| match best {
        Some(best) if best.error <= fit.error => Some(best),
        _ => Some(fit),
    });
    let Some(best) = best else { return (Some(0.0), GrowthVerdict::Constant) };
    let rise = best.at(*most) / best.at(*least).max(f64::MIN_POSITIVE);
    // A curve explains growth only where it leaves much less unexplained than a flat line does.
    if rise < RISE_MIN || best.error > flat.error * 0.5 {
        return (Some(0.0), GrowthVerdict::Constant);
    }
    let verdict = match best.power {
        power if power <= LOGARITHMIC_MAX => GrowthVerdict::Logarithmic,
        power if power <= LINEAR_MAX => GrowthVerdict::Linear,
        _ => GrowthVerdict::Worse,
    };
    (Some(best.power), verdict)
}

/// A curve `a + b · size^power`, and the sum of its squared relative errors.
#[derive(Debug, Clone, Copy)]
struct Fit {
    a: f64,
    b: f64,
    power: f64,
    error: f64,
}

impl Fit {
    fn flat(points: &[(f64, f64)]) -> Self {
        // Weighted by 1/y²: relative errors count, not those of the slowest alone.
        let (weighted, weights) = points.iter().fold((0.0, 0.0), |(weighted, weights), (_, y)| {
            (weighted + 1.0 / y, weights + 1.0 / (y * y))
        });
        Self { a: weighted / weights, b: 0.0, power: 0.0, error: 0.0 }.measured(points)
    }

    /// The best curve of that power; none where it would have to fall.
    fn power(points: &[(f64, f64)], power: f64) -> Option<Self> {
        let mut sums = [0.0; 5]; // of w, w·x, w·x², w·y, w·x·y
        for (size, y) in points {
            let (x, w) = (size.powf(power), 1.0 / (y * y));
            for (sum, term) in sums.iter_mut().zip([w, w * x, w * x * x, w * y, w * x * y]) {
                *sum += term;
            }
        }
        let [w, wx, wxx, wy, wxy] = sums;
        let determinant = w * wxx - wx * wx;
        if !determinant.is_normal() {
            return None;
        }
        let (a, b) = ((wxx * wy - wx * wxy) / determinant, (w * wxy - wx * wy) / determinant);
        // No request takes less than no time: a curve that begins below nought is drawn from there.
        let (a, b) = if a < 0.0 { (0.0, wxy / wxx) } else { (a, b) };
        (b > 0.0).then(|| Self { a, b, power, error: 0.0 }.measured(points))
    }

    fn measured(self, points: &[(f64, f64)]) -> Self {
        let error = points.iter().map(|(size, y)| ((self.at(*size) - y) / y).powi(2)).sum();
        Self { error, ..self }
    }

    fn at(self, size: f64) -> f64 {
        self.a + self.b * size.powf(self.power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(size: u64, p50_ms: f64) -> GrowthPoint {
        GrowthPoint { size, count: 100, p50_ms, histogram: Latency::coarse() }
    }

    /// Medians at doubling sizes, each off by up to `noise` of itself.
    fn points(noise: f64, latency: impl Fn(f64) -> f64) -> Vec<GrowthPoint> {
        (5..17_u32)
            .map(|doubling| {
                let size = 1_u64 << doubling;
                let off = 1.0 + noise * f64::from(doubling * 7 % 5).mul_add(0.5, -1.0);
                point(size, latency(size as f64) * off)
            })
            .collect()
    }

    #[test]
    fn each_kind_of_growth_is_told_from_the_others_through_noise() {
        for noise in [0.0, 0.04] {
            for (expected, latency) in [
                (GrowthVerdict::Constant, (|_| 2.0) as fn(f64) -> f64),
                (GrowthVerdict::Logarithmic, |size| 0.2 + 0.3 * size.ln()),
                (GrowthVerdict::Linear, |size| 1.0 + size / 2_000.0),
                (GrowthVerdict::Linear, |size| size / 100.0),
                (GrowthVerdict::Worse, |size| 1.0 + size * size / 1e7),
            ] {
                let (exponent, verdict) = judge(&points(noise, latency));
                assert_eq!(verdict, expected, "noise {noise}, exponent {exponent:?}");
            }
        }
    }

    #[test]
    fn the_exponent_is_that_of_the_curve() {
        let (exponent, _) = judge(&points(0.0, |size| 3.0 + 0.001 * size.powf(1.5)));
        assert!((exponent.unwrap() - 1.5).abs() < 0.06, "{exponent:?}");
    }

    #[test]
    fn scatter_and_a_small_rise_are_no_growth() {
        assert_eq!(judge(&points(0.3, |_| 2.0)).1, GrowthVerdict::Constant);
        assert_eq!(judge(&points(0.0, |size| 2.0 + size / 1e6)).1, GrowthVerdict::Constant);
        assert_eq!(judge(&points(0.0, |size| 9.0 / size)).1, GrowthVerdict::Constant);
    }

    #[test]
    fn few_sizes_or_close_ones_allow_no_verdict() {
        let all = points(0.0, |size| size);
        assert_eq!(judge(&all[..4]).1, GrowthVerdict::CannotTell);
        assert_eq!(judge(&[]), (None, GrowthVerdict::CannotTell));
        let near: Vec<_> = (0..9).map(|step| point(100 + step, 1.0)).collect();
        assert_eq!(judge(&near).1, GrowthVerdict::CannotTell);
    }

    #[test]
    fn a_size_lies_in_the_middle_of_its_stretch() {
        for size in [1, 2, 3, 10, 1_000, 1_000_000] {
            let middle = middle_of(stretch_of(size));
            assert!((0.8..1.5).contains(&(middle as f64 / size as f64)), "{size}: {middle}");
        }
    }
}
