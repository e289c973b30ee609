//! The figures of two runs, and how far apart they must be to mean anything.

use crate::run::{LoadResult, OperationMetrics, RepeatResult, Run};

/// Without repeated loads nothing is known of the noise: so much is taken for it.
const NOISE_UNKNOWN: f64 = 0.25;
/// The least noise that is ever believed: a few repeats may lie close together by chance.
const NOISE_MIN: f64 = 0.05;
/// A latency below this, in milliseconds, is too short to compare.
const LATENCY_MS_MIN: f64 = 0.05;

/// One figure of both runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) before: f64,
    pub(super) now: f64,
    /// The share of itself by which it varies from run to run.
    pub(super) noise: f64,
    /// Whether more is better: a throughput, and no latency.
    rises: bool,
}

impl Figure {
    pub(super) fn ratio(&self) -> f64 {
        if self.before > 0.0 { self.now / self.before } else { 1.0 }
    }

    pub(super) fn is_worse(&self) -> bool {
        if self.rises {
            self.ratio() < 1.0 / (1.0 + self.noise)
        } else {
            self.ratio() > 1.0 + self.noise
        }
    }

    fn is_better(&self) -> bool {
        let turned = Self { before: self.now, now: self.before, ..self.clone() };
        turned.is_worse()
    }

    pub(super) fn word(&self) -> &'static str {
        match (self.is_worse(), self.is_better()) {
            (true, _) => "**worse**",
            (_, true) => "better",
            _ => "",
        }
    }
}

/// The figures that both runs have: of their loads where both have one, else of their operations.
pub(super) fn of(base: &Run, new: &Run) -> Vec<Figure> {
    match (&base.load, &new.load) {
        (Some(before), Some(now)) => of_loads(before, now),
        _ => of_operations(&base.operations, &new.operations, |_, _| NOISE_UNKNOWN),
    }
}

fn of_loads(before: &LoadResult, now: &LoadResult) -> Vec<Figure> {
    let noise = |figure: &dyn Fn(&RepeatResult) -> Option<f64>| {
        noise_of(&before.repeats, figure).max(noise_of(&now.repeats, figure))
    };
    let throughput = |name: &str, before: f64, now: f64, noise: f64| Figure {
        name: name.to_owned(),
        before,
        now,
        noise,
        rises: true,
    };
    let mut figures = vec![
        throughput(
            "requests a second",
            before.requests_per_second,
            now.requests_per_second,
            noise(&|it| Some(it.requests_per_second)),
        ),
        throughput(
            "objects a second",
            before.objects_per_second,
            now.objects_per_second,
            noise(&|it| Some(it.objects_per_second)),
        ),
    ];
    figures.extend(of_operations(&before.operations, &now.operations, |operation, percentile| {
        noise(&|repeat| repeat.latency(operation, percentile))
    }));
    figures
}

fn of_operations(
    before: &[OperationMetrics],
    now: &[OperationMetrics],
    noise: impl Fn(&str, &str) -> f64,
) -> Vec<Figure> {
    let both = now.iter().filter_map(|now| {
        let before = before.iter().find(|before| before.operation == now.operation)?;
        Some((before, now))
    });
    let figures = both.flat_map(|(before, now)| {
        let (old, new) = (before.latency(), now.latency());
        [("p50", old.p50, new.p50), ("p99", old.p99, new.p99)].map(|(percentile, old, new)| {
            Figure {
                name: format!("{} {percentile}, ms", now.operation),
                before: old,
                now: new,
                noise: noise(&now.operation, percentile),
                rises: false,
            }
        })
    });
    figures.filter(|figure| figure.before.max(figure.now) >= LATENCY_MS_MIN).collect()
}

/// How far the repeats lie apart, as a share of their middle.
fn noise_of(repeats: &[RepeatResult], figure: &dyn Fn(&RepeatResult) -> Option<f64>) -> f64 {
    let values: Vec<f64> = repeats.iter().filter_map(figure).collect();
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(least, most), it| (least.min(*it), most.max(*it)));
    if values.len() < 2 || least <= 0.0 {
        return NOISE_UNKNOWN;
    }
    (most / least - 1.0).max(NOISE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    fn repeats(values: &[f64]) -> Vec<RepeatResult> {
        let repeat = |value: &f64| RepeatResult {
            requests_per_second: *value,
            objects_per_second: 1.0,
            latencies: Vec::new(),
        };
        values.iter().map(repeat).collect()
    }

    fn requests_a_second(before: &[f64], now: &[f64]) -> Figure {
        let load = |values: &[f64]| {
            let mut load = sample::conforming().load.unwrap();
            load.requests_per_second = values[values.len() / 2];
            load.repeats = repeats(values);
            load
        };
        of_loads(&load(before), &load(now)).remove(0)
    }

    #[test]
    fn the_spread_of_repeats_is_the_noise() {
        let close = requests_a_second(&[100.0, 101.0, 102.0], &[90.0, 91.0, 92.0]);
        assert!(close.is_worse(), "{close:?}");
        let wide = requests_a_second(&[80.0, 101.0, 120.0], &[75.0, 91.0, 110.0]);
        assert!(!wide.is_worse(), "{wide:?}");
        let once = requests_a_second(&[100.0], &[85.0]);
        assert!(!once.is_worse(), "one run each says little: {once:?}");
        assert!(requests_a_second(&[100.0], &[70.0]).is_worse());
    }

    #[test]
    fn faster_is_better_and_told_so() {
        let faster = requests_a_second(&[100.0, 101.0], &[150.0, 151.0]);
        assert_eq!((faster.word(), faster.is_worse()), ("better", false));
    }

    #[test]
    fn a_latency_is_worse_when_it_rises() {
        let run = sample::conforming();
        let mut slower = run.operations.clone();
        slower[0].latency_ms.p99 *= 2.0;
        slower[0].latency_from_due_ms = None;
        let mut base = run.operations.clone();
        base[0].latency_from_due_ms = None;
        let worse: Vec<_> = of_operations(&base, &slower, |_, _| 0.25)
            .into_iter()
            .filter(Figure::is_worse)
            .map(|figure| figure.name)
            .collect();
        assert_eq!(worse, ["create-user p99, ms"]);
    }
}
