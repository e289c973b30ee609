//! What a check is: its level, its source, its sentence, how it judges, and what came of it.
//!
//! Level and outcome are two things: MUST is a property of the check, pass or fail of the run.
//! [`Outcome::of`] is the one place where the second follows from the first.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::profile::LimitationKind;

/// How strongly the source asks (rfc-catalogue, column `lvl`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// MUST, SHALL, REQUIRED.
    Must,
    /// SHOULD, RECOMMENDED.
    Should,
    /// MAY, OPTIONAL.
    May,
    /// Prose without a keyword, or the only consistent reading.
    Implied,
}

impl Level {
    /// The word as the RFCs print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Implied => "IMPLIED",
        }
    }
}

/// Who asks, and where. The text is the section, without the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// RFC 7643, core schema.
    Rfc7643(&'static str),
    /// RFC 7644, protocol.
    Rfc7644(&'static str),
    /// RFC 9865, cursor paging.
    Rfc9865(&'static str),
    /// The RFCs of HTTP itself: 9110, 6750, 6585.
    Http(&'static str),
    /// Microsoft Entra ID: the page or the validator's test.
    Entra(&'static str),
    /// An unratified draft.
    Draft(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rfc7643(section) => write!(f, "RFC 7643 §{section}"),
            Self::Rfc7644(section) => write!(f, "RFC 7644 §{section}"),
            Self::Rfc9865(section) => write!(f, "RFC 9865 §{section}"),
            Self::Http(section) => write!(f, "HTTP, {section}"),
            Self::Entra(page) => write!(f, "Microsoft Entra, {page}"),
            Self::Draft(name) => write!(f, "draft, {name}"),
        }
    }
}

/// What one judge says of what it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// As asked.
    Pass,
    /// Not as asked, with both sides as a pair.
    Fail {
        /// What was asked for.
        expected: String,
        /// What was seen.
        actual: String,
    },
    /// Legal, yet worth a word: shown as a note, never counted against the tenant.
    Remark(String),
    /// Nothing here to judge.
    NotApplicable,
    /// The evidence does not allow a verdict: throttled, timed out, a fixture failed.
    CannotTell(String),
}

/// What came of a check over a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A MUST (or what only Entra asks for) was broken: exit code 1.
    Violation,
    /// A SHOULD was not followed: exit code 1 with `--strict`.
    Deviation,
    /// A MAY or an IMPLIED was read otherwise, or a remark.
    Note,
    /// The tenant does what its profile says it cannot: the excuse should go.
    StaleExcuse,
    /// Broken, and excused by the profile with reason and source.
    Excused,
    /// Throttled, timed out, or a prerequisite failed: no verdict.
    CannotTell,
    /// A needed capability is missing.
    Skipped,
    /// Nothing in this run put it to the test.
    NotExercised,
    /// As asked.
    Conforms,
}

impl Outcome {
    /// Derives the outcome from level, verdict and excuse.
    pub fn of(level: Level, verdict: &Verdict, excuse: Option<LimitationKind>) -> Self {
        match (verdict, excuse) {
            (Verdict::NotApplicable, _) => Self::NotExercised,
            (Verdict::CannotTell(_), _) => Self::CannotTell,
            (Verdict::Fail { .. }, Some(_)) => Self::Excused,
            (Verdict::Pass, Some(_)) => Self::StaleExcuse,
            (Verdict::Remark(_), _) => Self::Note,
            (Verdict::Pass, None) => Self::Conforms,
            (Verdict::Fail { .. }, None) => match level {
                Level::Must => Self::Violation,
                Level::Should => Self::Deviation,
                Level::May | Level::Implied => Self::Note,
            },
        }
    }

    /// The words used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Deviation => "deviation",
            Self::Note => "note",
            Self::StaleExcuse => "stale excuse",
            Self::Excused => "excused",
            Self::CannotTell => "cannot tell",
            Self::Skipped => "skipped",
            Self::NotExercised => "not exercised",
            Self::Conforms => "conforms",
        }
    }
}

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
    /// How often it was judged.
    pub judged: u64,
    /// How often it failed.
    pub failed: u64,
    /// Numbers of the exchanges that show it, at most ten.
    pub exchanges: Vec<u64>,
    /// The scenario in which it failed first; none for a probe.
    pub scenario: Option<String>,
}
