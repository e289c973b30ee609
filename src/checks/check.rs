//! What a check is: its level, its source, its sentence, how it judges, and what came of it.
//!
//! Level and outcome are two things: MUST is a property of the check, pass or fail of the run.
//! [`Outcome::of`] is the one place where the second follows from the first. A check is a value:
//! it names requests and judges answers, it never sends.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::{Judge::*, Source::*};
pub(crate) use super::asynchronous::{LATER, PREFER};
pub use super::capability::Capability::*;
pub use super::capability::{Capabilities, Capability};
pub use super::corpus::*;
pub use super::episode::{Episode, Found, Pair, Shown, State, Verb};
pub use super::evidence::{Fixture, Known, Said, Seen, Setting};
pub use super::memory::Sighting;
pub use super::reading::{Judged, Reading, Readings};
pub use super::result::{CheckResult, ReadingResult};
pub(crate) use super::user::attributes::CERTIFICATE;
pub use super::vocabulary::*;
pub use crate::difference::{Comparison, DifferenceKind};
pub use crate::exchange::{Exchange, Operation, Request};
pub use crate::profile::register::*;
pub use crate::profile::{Ambiguity, LimitationKind};
use crate::profile::{Limitation, Manner, ServerProfile};

/// One requirement on a service provider, and how it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Its id, for ever the same; the catalogue's where the catalogue has the row.
    pub id: &'static str,
    /// How strongly the source asks.
    pub level: Level,
    /// Who asks, and where.
    pub source: Source,
    /// The requirement in one sentence.
    pub sentence: &'static str,
    /// How it is judged.
    pub judge: Judge,
    /// What a fresh fixture holds, for probes.
    pub setting: Setting,
    /// What the tenant must be able to do for the check to mean anything.
    pub needs: &'static [Capability],
    /// Limitations that excuse a failure and are contradicted by a pass.
    pub excused_by: &'static [LimitationKind],
    /// Limitations that excuse a failure as their consequence; a pass says nothing about them.
    pub follows_from: &'static [LimitationKind],
    /// Points the sources leave open that bear on it.
    pub reads: &'static [Ambiguity],
    /// The root cause it points at, where its id does not say it.
    pub own_cause: Option<&'static str>,
    /// What running it may do to a tenant.
    pub risk: Risk,
    /// How long a dialogue rests before its next request, by what was said so far.
    pub pause: Option<fn(&[Exchange]) -> Duration>,
}

/// How a check judges: seven ways, all plain functions.
#[derive(Debug, Clone, Copy)]
pub enum Judge {
    /// Each exchange of those operations, in whatever run; [`ANY`] means every exchange. It goes by
    /// question and answer alone, not by number and time: what repeats is not judged anew.
    Every(&'static [Operation], fn(&Seen<'_>) -> Verdict),
    /// Requests known in advance, sent one after the other.
    Probe(fn(&Fixture) -> Vec<Request>, fn(&Said) -> Verdict),
    /// The next request depends on what was said so far.
    Dialogue(fn(&Fixture, &[Exchange]) -> Option<Request>, fn(&Said) -> Verdict),
    /// Requests sent at the same time, then others in order.
    Race(fn(&Fixture) -> Vec<Request>, fn(&Fixture) -> Vec<Request>, fn(&Said) -> Verdict),
    /// The comparison of tenant and projection after a cycle.
    Converged(fn(&Comparison) -> Verdict),
    /// Each sight of a resource, beside what was seen of it before, in whatever run.
    Again(fn(Option<&Sighting>, &Sighting) -> Verdict),
    /// Each step of those verbs in a random history; [`ALL_VERBS`] means every step.
    Steps(&'static [Verb], fn(&Episode) -> Verdict),
}

/// Stands for every operation, probes included.
pub const ANY: &[Operation] = &[];

/// Stands for every verb of a history.
pub const ALL_VERBS: &[Verb] = &[];

/// What running a check may do to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Touches only what the run created, alongside other probes.
    Harmless,
    /// As harmless, but needs a tenant on which nothing else moves: no probe runs beside it.
    Alone,
    /// Volume or concurrency that a tenant may feel: only with `--heavy`.
    Heavy,
    /// Tries to change what the run did not create: only with `--tenant-data`.
    TenantData,
}

/// A check that MUST hold.
pub const fn must(id: &'static str, source: Source, sentence: &'static str, judge: Judge) -> Check {
    Check::new(id, Level::Must, source, sentence, judge)
}

/// A check that SHOULD hold.
pub const fn should(
    id: &'static str,
    source: Source,
    sentence: &'static str,
    judge: Judge,
) -> Check {
    Check::new(id, Level::Should, source, sentence, judge)
}

/// A check of something a service provider MAY do.
pub const fn may(id: &'static str, source: Source, sentence: &'static str, judge: Judge) -> Check {
    Check::new(id, Level::May, source, sentence, judge)
}

/// A check of what the source says without a keyword.
pub const fn implied(
    id: &'static str,
    source: Source,
    sentence: &'static str,
    judge: Judge,
) -> Check {
    Check::new(id, Level::Implied, source, sentence, judge)
}

/// A check of what only an unratified draft asks for: a failure is worth a note and no more.
pub const fn draft(
    id: &'static str,
    source: Source,
    sentence: &'static str,
    judge: Judge,
) -> Check {
    Check::new(id, Level::Draft, source, sentence, judge)
}

impl Check {
    const fn new(
        id: &'static str,
        level: Level,
        source: Source,
        sentence: &'static str,
        judge: Judge,
    ) -> Self {
        Self {
            id,
            level,
            source,
            sentence,
            judge,
            setting: Setting::Users(1),
            needs: &[],
            excused_by: &[],
            follows_from: &[],
            reads: &[],
            own_cause: None,
            risk: Risk::Harmless,
            pause: None,
        }
    }

    /// Names the capabilities without which the check is skipped.
    pub const fn needs(mut self, needs: &'static [Capability]) -> Self {
        self.needs = needs;
        self
    }

    /// Names what the fixture holds; one user where nothing is said.
    pub const fn on(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    /// Names the limitations that excuse it and that a pass contradicts.
    pub const fn excused_by(mut self, limitations: &'static [LimitationKind]) -> Self {
        self.excused_by = limitations;
        self
    }

    /// Names the limitations of which a failure is a mere consequence.
    pub const fn follows_from(mut self, limitations: &'static [LimitationKind]) -> Self {
        self.follows_from = limitations;
        self
    }

    /// Names the points that the sources leave open and its judge meets.
    pub const fn reads(mut self, points: &'static [Ambiguity]) -> Self {
        self.reads = points;
        self
    }

    /// Names the root cause it points at, where that is not the one its id begins like.
    pub const fn because(mut self, cause: &'static str) -> Self {
        self.own_cause = Some(cause);
        self
    }

    /// Says what running it may do to a tenant.
    pub const fn risk(mut self, risk: Risk) -> Self {
        self.risk = risk;
        self
    }

    /// Says how long a dialogue rests before its next request.
    pub const fn pausing(mut self, pause: fn(&[Exchange]) -> Duration) -> Self {
        self.pause = Some(pause);
        self
    }

    /// Whether it is judged on requests of its own.
    pub fn is_probe(&self) -> bool {
        matches!(self.judge, Probe(..) | Dialogue(..) | Race(..))
    }

    /// The documented limitation that bears on this verdict, where the profile has one: it covers
    /// the way of the failure, or the pass contradicts it.
    pub fn excuse<'a>(
        &self,
        verdict: &Verdict,
        profile: &'a ServerProfile,
    ) -> Option<&'a Limitation> {
        let named =
            |kinds: &[LimitationKind]| kinds.iter().find_map(|kind| profile.limitation(*kind));
        match verdict {
            Verdict::Pass => named(self.excused_by),
            Verdict::Fail { way, .. } => {
                let limitation = named(self.excused_by).or_else(|| named(self.follows_from))?;
                way.is_covered_by(limitation.how).then_some(limitation)
            }
            _ => None,
        }
    }
}

/// How strongly the source asks.
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
    /// An unratified draft asks for it, and nobody else.
    Draft,
}

impl Level {
    /// All levels, from the strongest.
    pub const ALL: &[Self] = &[Self::Must, Self::Should, Self::May, Self::Implied, Self::Draft];

    /// The word as the RFCs print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Implied => "IMPLIED",
            Self::Draft => "DRAFT",
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
    /// RFC 9967, asynchronous requests.
    Rfc9967(&'static str),
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
            Self::Rfc9967(section) => write!(f, "RFC 9967 §{section}"),
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
        /// In which way, for excuses that cover only some.
        way: Way,
    },
    /// Legal, yet worth a word: shown as a note, never counted against the tenant.
    Remark(String),
    /// As one reading of the sources has it and another has not: the profile's stance decides.
    Reads(Readings),
    /// Nothing here to judge.
    NotApplicable,
    /// The evidence does not allow a verdict: throttled, timed out, a fixture failed.
    CannotTell(String),
}

/// The way of a failure. A documented limitation covers some ways and not others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Way {
    /// Nothing special: any excuse that the check names covers it.
    #[default]
    Plain,
    /// Answered with success, and nothing changed.
    Ignored,
    /// Answered with a SCIM error that says so, and nothing changed.
    Refused,
    /// As another reading has it than the one the profile asks for, which is as good as a MUST.
    Reading,
    /// In a way no limitation documents: no excuse covers it.
    Defect,
}

impl Way {
    fn is_covered_by(self, documented: Manner) -> bool {
        match self {
            Self::Plain | Self::Reading => true,
            Self::Ignored => documented != Manner::Refused,
            Self::Refused => documented != Manner::Ignored,
            Self::Defect => false,
        }
    }
}

/// What came of a check over a whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A MUST (or what only Entra asks for) was broken: exit code 1.
    Violation,
    /// A SHOULD was not followed: exit code 1 with `--strict`.
    Deviation,
    /// A MAY, an IMPLIED or a DRAFT was read otherwise, or a remark.
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
            (Verdict::Remark(_) | Verdict::Reads(_), _) => Self::Note,
            (Verdict::Pass, None) => Self::Conforms,
            (Verdict::Fail { way: Way::Reading, .. }, None) => Self::Violation,
            (Verdict::Fail { .. }, None) => match level {
                Level::Must => Self::Violation,
                Level::Should => Self::Deviation,
                Level::May | Level::Implied | Level::Draft => Self::Note,
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
