//! Latencies: a histogram that merges exactly, and how it is written into a file.
//!
//! A histogram has three significant digits (two where there are many of them), counts
//! microseconds, and reaches up to an hour. In files it is an `HdrHistogram` as its libraries read
//! it in every language, so that what several machines measured can be added up later without
//! losing anything: percentiles of percentiles mean nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{
    Deserializer as HdrReader, Serializer as _, V2DeflateSerializer,
};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

/// A histogram that grows with what it holds, and the slowest value as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    micros: Histogram<u64>,
    slowest: u64,
}

/// Beyond an hour a latency counts as an hour.
const HIGHEST_MICROS: u64 = 3_600_000_000;
const MICROS_PER_MS: f64 = 1000.0;

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

/// A histogram as files hold it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    /// The own form of `HdrHistogram`, V2 with DEFLATE, in base64; of microseconds.
    hdr_histogram: String,
    /// The slowest, in microseconds: the histogram rounds it.
    slowest_us: u64,
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.micros, &mut bytes).map_err(S::Error::custom)?;
        let hdr_histogram = STANDARD.encode(bytes);
        Written { hdr_histogram, slowest_us: self.slowest }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { hdr_histogram, slowest_us } = Written::deserialize(deserializer)?;
        let refuse = |why: &dyn std::fmt::Display| {
            D::Error::custom(format!("`hdr-histogram` holds no histogram: {why}"))
        };
        let bytes = STANDARD.decode(hdr_histogram).map_err(|error| refuse(&error))?;
        let mut micros: Histogram<u64> =
            HdrReader::new().deserialize(&mut bytes.as_slice()).map_err(|error| refuse(&error))?;
        if ![2, 3].contains(&micros.sigfig()) || micros.max() / 2 > HIGHEST_MICROS {
            return Err(refuse(&"it is none of latencies"));
        }
        micros.auto(true);
        Ok(Self { micros, slowest: slowest_us })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(micros: &[u64]) -> Latency {
        let mut latency = Latency::default();
        for it in micros {
            latency.record(Duration::from_micros(*it));
        }
        latency
    }

    fn read_back(latency: &Latency) -> Latency {
        serde_json::from_str(&serde_json::to_string(latency).unwrap()).unwrap()
    }

    /// From a microsecond to beyond the hour, each order of magnitude as often.
    fn latencies() -> impl Strategy<Value = Vec<u64>> {
        let one = (0..33_u32, any::<u64>()).prop_map(|(bits, any)| any % (1 << bits));
        prop::collection::vec(one, 0..200)
    }

    proptest! {
        #[test]
        fn two_halves_written_read_and_added_are_the_whole(
            first in latencies(),
            second in latencies(),
        ) {
            let whole = of(&[first.clone(), second.clone()].concat());
            let mut sum = read_back(&of(&first));
            sum.add(&read_back(&of(&second)));
            prop_assert_eq!(&sum, &whole);
            prop_assert_eq!(sum.percentiles_ms(), whole.percentiles_ms());
            prop_assert_eq!(sum.count(), whole.count());
            prop_assert_eq!(&read_back(&sum), &sum);
        }
    }

    #[test]
    fn halves_that_differ_make_another_whole() {
        let mut sum = of(&[5, 700]);
        sum.add(&of(&[90_000]));
        assert_ne!(sum, of(&[5, 700, 91_000]));
        assert_ne!(sum, of(&[5, 700]));
    }

    #[test]
    fn a_coarse_one_is_read_back_as_it_was() {
        let mut coarse = Latency::coarse();
        (1..100).for_each(|it| coarse.record(Duration::from_micros(it * it * it)));
        assert_eq!(read_back(&coarse), coarse);
        let mut twice = read_back(&coarse);
        twice.record(Duration::from_hours(2));
        assert_eq!(twice.count(), 100, "one that was read still grows");
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        for wrong in ["", "%", "AAAA", "HISTFAAAAAA="] {
            let text = format!("{{\"hdr-histogram\":\"{wrong}\",\"slowest-us\":1}}");
            let error = serde_json::from_str::<Latency>(&text).unwrap_err().to_string();
            assert!(error.contains("holds no histogram"), "{error}");
        }
        let mut bytes = Vec::new();
        let mut foreign = Histogram::<u64>::new(4).unwrap();
        foreign.record(1).unwrap();
        V2DeflateSerializer::new().serialize(&foreign, &mut bytes).unwrap();
        let text = format!("{{\"hdr-histogram\":\"{}\",\"slowest-us\":1}}", STANDARD.encode(bytes));
        let error = serde_json::from_str::<Latency>(&text).unwrap_err().to_string();
        assert!(error.contains("none of latencies"), "{error}");
    }

    #[test]
    fn a_latency_beyond_an_hour_counts_as_an_hour() {
        let latency = of(&[u64::MAX / 2000]);
        assert!((latency.percentiles_ms().max - 3_600_000.0).abs() < f64::EPSILON);
    }
}
