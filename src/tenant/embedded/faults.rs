//! Troubles of the network and of busy servers, drawn from the seed: the same seed and the same
//! order of requests give the same troubles. All are off by default.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::store::scramble;

/// Which faults the tenant shows. Probabilities are shares from 0 to 1; `every` counts requests.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Faults {
    /// The least added latency, in milliseconds.
    pub latency_ms_min: u64,
    /// The most added latency, in milliseconds.
    pub latency_ms_max: u64,
    /// The share of requests answered 429.
    pub throttle_probability: f64,
    /// Every n-th request is answered 429.
    pub throttle_every: Option<u64>,
    /// The `Retry-After` of a 429, in seconds; none means no such header.
    pub retry_after_seconds: Option<u32>,
    /// A burst of server errors begins at every n-th request.
    pub error_every: Option<u64>,
    /// How many requests in a row a burst lasts; 0 is taken as 1.
    pub error_burst: u64,
    /// The status of such an error, 503 unless set.
    pub error_status: Option<u16>,
    /// The share of requests whose connection is dropped before anything happens.
    pub drop_probability: f64,
    /// The share of requests that take effect and whose connection is dropped then.
    pub lost_answer_probability: f64,
    /// How long a new resource stays out of lists and queries, in milliseconds.
    pub visibility_delay_ms: u64,
}

/// Why faults cannot be as a file sets them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FaultsError {
    /// A share that is none.
    #[error("`{key}` is {value}; write a share from 0 to 1, such as 0.05")]
    Probability {
        /// The key as TOML writes it.
        key: &'static str,
        /// What it is set to.
        value: f64,
    },
    /// A period of no requests.
    #[error("`{0}` is 0; write 1 for every request, or leave the key out for none")]
    Every(&'static str),
    /// A status that is no server error.
    #[error("`error-status` is {0}; write a status from 500 to 599")]
    ErrorStatus(u16),
    /// The bounds of the latency are crossed.
    #[error("`latency-ms-max` is {max}, below `latency-ms-min` = {min}; write the larger one last")]
    Latency {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
}

impl Faults {
    /// Refuses settings that mean nothing, naming the key and the mend.
    pub fn check(&self) -> Result<(), FaultsError> {
        for (key, value) in [
            ("throttle-probability", self.throttle_probability),
            ("drop-probability", self.drop_probability),
            ("lost-answer-probability", self.lost_answer_probability),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(FaultsError::Probability { key, value });
            }
        }
        for (key, every) in
            [("throttle-every", self.throttle_every), ("error-every", self.error_every)]
        {
            if every == Some(0) {
                return Err(FaultsError::Every(key));
            }
        }
        if let Some(status) = self.error_status.filter(|status| !(500..600).contains(status)) {
            return Err(FaultsError::ErrorStatus(status));
        }
        // A least latency alone is a fixed one.
        let (min, max) = (self.latency_ms_min, self.latency_ms_max);
        if max != 0 && max < min { Err(FaultsError::Latency { min, max }) } else { Ok(()) }
    }

    /// How long a new resource stays out of lists and queries.
    pub(super) fn visibility_delay(&self) -> Option<Duration> {
        (self.visibility_delay_ms > 0).then(|| Duration::from_millis(self.visibility_delay_ms))
    }
}

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// 429, perhaps with a `Retry-After` in seconds.
    Throttled(Option<u32>),
    /// A server error with this status.
    Error(u16),
    /// The connection breaks before the request is looked at.
    Dropped,
    /// The request takes effect, its answer is lost.
    AnswerLost,
}

/// Decides what befalls each request.
pub(super) struct FaultPlan {
    faults: Faults,
    seed: u64,
    requests: AtomicU64,
}

impl FaultPlan {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        Self { faults, seed: scramble(seed), requests: AtomicU64::new(0) }
    }

    /// The added latency and the trouble of the next request.
    pub(super) fn next(&self) -> (Duration, Trouble) {
        if self.faults == Faults::default() {
            return (Duration::ZERO, Trouble::None);
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        (self.latency(number), self.trouble(number))
    }

    fn latency(&self, number: u64) -> Duration {
        let Faults { latency_ms_min: min, latency_ms_max: max, .. } = self.faults;
        let spread = max.saturating_sub(min) as f64;
        let added = Duration::from_millis(min)
            + Duration::from_secs_f64(
                (spread * self.draw(number, 1) / 1_000.0).min(LONGEST.as_secs_f64()),
            );
        added.min(LONGEST)
    }

    fn trouble(&self, number: u64) -> Trouble {
        let faults = &self.faults;
        let in_burst = faults.error_every.is_some_and(|every| {
            number >= every.max(1) && number % every.max(1) < faults.error_burst.max(1)
        });
        let nth = faults.throttle_every.is_some_and(|every| number.is_multiple_of(every.max(1)));
        if self.draw(number, 2) < faults.drop_probability {
            Trouble::Dropped
        } else if in_burst {
            Trouble::Error(faults.error_status.filter(|it| (500..600).contains(it)).unwrap_or(503))
        } else if nth || self.draw(number, 3) < faults.throttle_probability {
            Trouble::Throttled(faults.retry_after_seconds)
        } else if self.draw(number, 4) < faults.lost_answer_probability {
            Trouble::AnswerLost
        } else {
            Trouble::None
        }
    }

    /// A number from 0 to below 1 that depends on the seed, the request and the question alone.
    fn draw(&self, number: u64, question: u64) -> f64 {
        let word = scramble(scramble(self.seed ^ number) ^ question);
        (word >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// No request is held longer than this, whatever the settings say.
const LONGEST: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn troubles(faults: Faults, seed: u64) -> Vec<Trouble> {
        let plan = FaultPlan::new(faults, seed);
        (0..1_000).map(|_| plan.next().1).collect()
    }

    #[test]
    fn without_faults_nothing_befalls_a_request() {
        assert!(troubles(Faults::default(), 1).iter().all(|it| *it == Trouble::None));
    }

    #[test]
    fn the_seed_decides_what_befalls_whom() {
        let faults = Faults {
            drop_probability: 0.1,
            throttle_probability: 0.1,
            lost_answer_probability: 0.1,
            ..Faults::default()
        };
        let first = troubles(faults.clone(), 7);
        assert_eq!(first, troubles(faults.clone(), 7));
        assert_ne!(first, troubles(faults, 8));
        for kind in [Trouble::Dropped, Trouble::Throttled(None), Trouble::AnswerLost] {
            let share = first.iter().filter(|it| **it == kind).count();
            assert!((50..150).contains(&share), "{kind:?}: {share}");
        }
    }

    #[test]
    fn every_nth_request_is_throttled_and_bursts_last_as_long_as_set() {
        let throttled =
            Faults { throttle_every: Some(3), retry_after_seconds: Some(2), ..Faults::default() };
        let hit = Trouble::Throttled(Some(2));
        assert_eq!(troubles(throttled, 1)[..4], [Trouble::None, Trouble::None, hit, Trouble::None]);
        let burst = Faults { error_every: Some(5), error_burst: 2, ..Faults::default() };
        let seen = troubles(burst, 1);
        assert!(seen[..4].iter().all(|it| *it == Trouble::None));
        assert_eq!(seen[4..7], [Trouble::Error(503), Trouble::Error(503), Trouble::None]);
    }

    #[test]
    fn latency_stays_between_its_bounds() {
        let faults = Faults { latency_ms_min: 5, latency_ms_max: 9, ..Faults::default() };
        let plan = FaultPlan::new(faults, 1);
        let seen: Vec<u128> = (0..100).map(|_| plan.next().0.as_micros()).collect();
        assert!(seen.iter().all(|it| (5_000..=9_000).contains(it)));
        assert!(seen.iter().any(|it| *it > 8_000) && seen.iter().any(|it| *it < 6_000));
    }

    #[test]
    fn what_means_nothing_is_refused_with_its_key() {
        let refused = |text: &str| toml::from_str::<Faults>(text).unwrap().check().unwrap_err();
        for (text, key) in [
            ("drop-probability = 1.5", "drop-probability"),
            ("throttle-probability = nan", "throttle-probability"),
            ("lost-answer-probability = -0.1", "lost-answer-probability"),
            ("throttle-every = 0", "throttle-every"),
            ("error-every = 0", "error-every"),
            ("error-status = 200", "error-status"),
            ("latency-ms-min = 9\nlatency-ms-max = 5", "latency-ms-max"),
        ] {
            assert!(refused(text).to_string().contains(key), "{text}");
        }
        assert_eq!(toml::from_str::<Faults>("latency-ms-min = 9").unwrap().check(), Ok(()));
    }

    #[test]
    fn an_unknown_key_in_a_file_is_refused() {
        assert!(toml::from_str::<Faults>("drop-probability = 0.5").is_ok());
        assert!(toml::from_str::<Faults>("drop-chance = 0.5").is_err());
    }
}
