//! What drawn sequences and random histories found, made short, and which orders they tried.
//!
//! Plain data of `report.json`, like [`Run`](super::Run).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::difference::Difference;

/// A failure of a drawn sequence, shortened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SequenceFailure {
    /// What went wrong, without names and numbers.
    pub kinds: Vec<String>,
    /// The seed of the first sequence that showed it.
    pub seed: u64,
    /// That sequence was the n-th, from 1.
    pub nth: u64,
    /// How many sequences showed it.
    pub times: u64,
    /// Requests sent until it was found, by all sequences together.
    pub requests_until_found: u64,
    /// Requests sent to shorten and to replay it.
    pub requests_to_shorten: u64,
    /// Changes of the sequence as it was found.
    pub changes_before: u64,
    /// Changes that are left.
    pub changes_after: u64,
    /// Whether leaving out any single change is known to make it pass; false if the budget ended,
    /// or if it did not show again.
    pub is_minimal: bool,
    /// How many replays showed it again.
    pub shown: u64,
    /// How many replays there were.
    pub replays: u64,
    /// The changes that are left, each with the cycle it comes before: `2: disable user 3`.
    pub script: Vec<String>,
    /// What the shortened sequence showed, at most a hundred.
    pub differences: Vec<Difference>,
    /// What else was wrong.
    pub complaints: Vec<String>,
    /// The shortened sequence as a scenario file.
    pub minimal: String,
    /// The same as a shell script, where it showed again.
    pub shell: Option<String>,
}

/// Which orders of two changes on one object the sequences of a scenario tried: the second is the
/// next change that names the object of the first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TriedOrders {
    /// Orders that can happen among the kinds that are drawn.
    pub possible: u64,
    /// How many of them happened.
    pub tried: u64,
    /// Those that did not: `disable-user, rename-user`.
    pub missing: Vec<String>,
    /// How often each happened: first kind, second kind, count.
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
}

/// A failure that a random history showed, made as short as it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Finding {
    /// The property that was broken: a check's id.
    pub check: String,
    /// The verb of the step that showed it.
    pub verb: String,
    /// The step that showed it, as a script writes it.
    pub step: String,
    /// What the model says.
    pub expected: String,
    /// What the tenant shows.
    pub actual: String,
    /// The seed of the history.
    pub seed: u64,
    /// How many histories it took to find it.
    pub history: u64,
    /// Steps before it was shortened.
    pub steps_before: u64,
    /// The steps that are left.
    pub script: Vec<String>,
    /// Whether no single step can be left out.
    pub is_minimal: bool,
    /// In how many replays of the whole history it showed again.
    pub shown: u64,
    /// How often the whole history was replayed.
    pub replays: u64,
    /// Requests spent on replaying and shortening.
    pub requests: u64,
    /// The file with the short history; a shell script stands beside it.
    pub minimal: Option<String>,
}

impl Finding {
    /// Whether it came and went when the same history was played again.
    pub fn is_flaky(&self) -> bool {
        self.shown < self.replays
    }
}

/// How long writes took to be seen by one kind of read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LagResult {
    /// The kind of read.
    pub read: String,
    /// Writes that were looked for.
    pub writes: u64,
    /// Those that the first read showed.
    pub at_once: u64,
    /// Those that no read showed in time.
    pub unseen: u64,
    /// The median of those that were seen, in milliseconds; none where none was.
    pub p50_ms: Option<f64>,
    /// The 95th percentile, in milliseconds.
    pub p95_ms: Option<f64>,
    /// The longest, in milliseconds.
    pub max_ms: Option<f64>,
}
