//! What came of a check over a whole run, as every report shows it. Plain data.

use serde::{Deserialize, Serialize};

use super::check::{Level, Outcome};
use super::reading::Reading;
use crate::profile::{LimitationKind, Stances};

/// What came of one check, as every report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CheckResult {
    /// The check's id, for ever the same.
    pub id: String,
    /// How strongly the source asks.
    pub level: Level,
    /// Who asks, and where: `RFC 7644 §3.6`.
    pub source: String,
    /// The requirement in one sentence.
    pub sentence: String,
    /// What came of it.
    pub outcome: Outcome,
    /// What was asked for, where it was not met.
    pub expected: Option<String>,
    /// What was seen instead.
    pub actual: Option<String>,
    /// One line that repeats the deciding request, with `$SCIM_SECRET_TOKEN` for the token.
    pub curl: Option<String>,
    /// Reason: of the excuse, of the skip, of "cannot tell", or the remark.
    pub reason: Option<String>,
    /// The limitation that excuses it, where one does.
    pub limitation: Option<LimitationKind>,
    /// How the tenant reads what the sources leave open, where that bore on the outcome.
    pub readings: Vec<ReadingResult>,
    /// The root cause that a failure of it points at.
    pub cause: String,
    /// How often it was judged.
    pub judged: u64,
    /// How often it failed.
    pub failed: u64,
    /// Numbers of the exchanges that show it, at most ten.
    pub exchanges: Vec<u64>,
    /// The scenario in which it failed first; none for a probe.
    pub scenario: Option<String>,
}

/// The reading of one ambiguous point that a tenant takes, beside the stance of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReadingResult {
    /// The point's number in the register: `A37`.
    pub ambiguity: String,
    /// The point itself, as a phrase.
    pub point: String,
    /// The name of the reading that the tenant takes.
    pub reading: String,
    /// What the profile makes of it: `any`, `prefer-READING`, or the reading it asks for.
    pub stance: String,
}

impl ReadingResult {
    /// A reading beside the stance of these.
    pub fn of(reading: &Reading, stances: &Stances) -> Self {
        Self {
            ambiguity: reading.of.id().to_owned(),
            point: reading.of.point().to_owned(),
            reading: reading.reading.to_owned(),
            stance: stances.on(reading.of).to_string(),
        }
    }
}
