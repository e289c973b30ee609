//! Known failures: findings that somebody has taken on, excused until a day.
//!
//! A TOML file lists them. What it lists is excused while it lasts; the run fails once an entry has
//! expired, and once its check passes, so that the list cannot outlive what it is for. Dates are
//! compared with the day the run began and with no other clock.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::value::Datetime;

use crate::checks;
use crate::checks::check::{CheckResult, Outcome};
use crate::refusal::{Refusal, SourceText};

/// How long a newly written entry lasts, in days.
const LASTS_DAYS: i64 = 90;

/// Why there are no known failures.
#[derive(Debug, thiserror::Error)]
pub enum KnownFailuresError {
    /// The file could not be read or written.
    #[error("{verb} the known failures {}: {source}", file.display())]
    Unreachable {
        /// `read` or `write`.
        verb: &'static str,
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The text lists no known failures.
    #[error("read the known failures {0}")]
    Refused(#[from] Box<Refusal>),
}

/// One finding that somebody has taken on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFailure {
    /// The id of the check that fails.
    pub id: String,
    /// Why it may.
    pub reason: String,
    /// Who looks after it.
    pub owner: String,
    /// The last day on which it is excused.
    pub expires: Date,
}

/// The known failures of a tenant, on the day of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownFailures {
    entries: Vec<KnownFailure>,
    today: Date,
}

/// What a run makes of one known failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KnownFailureResult {
    /// The id of the check.
    pub id: String,
    /// Why it may fail.
    pub reason: String,
    /// Who looks after it.
    pub owner: String,
    /// The last day on which it is excused.
    pub expires: Date,
    /// What became of it.
    pub state: KnownFailureState,
}

/// What became of a known failure in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownFailureState {
    /// The check fails, and is excused.
    Excused,
    /// A documented limitation excuses the check already.
    Covered,
    /// Nothing in this run says whether the check fails.
    NotJudged,
    /// Its last day is over: the run fails.
    Expired,
    /// The check passes: the run fails until the entry is taken out.
    Passes,
}

impl KnownFailureState {
    /// Whether the run fails for it.
    pub fn fails_the_run(self) -> bool {
        matches!(self, Self::Expired | Self::Passes)
    }
}

/// The day on which a run began, in UTC.
pub fn day_of(began: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(began).date()
}

impl KnownFailures {
    /// None, on that day.
    pub fn none(today: Date) -> Self {
        Self { entries: Vec::new(), today }
    }

    /// Reads a file, for a run on that day.
    pub fn read(path: &Path, today: Date) -> Result<Self, KnownFailuresError> {
        let text = std::fs::read_to_string(path).map_err(|source| {
            KnownFailuresError::Unreachable { verb: "read", file: path.to_owned(), source }
        })?;
        let file = path.display().to_string();
        Ok(Self::parse(SourceText { file: &file, text: &text }, today)?)
    }

    /// The known failures that a run was given, as its report has them.
    pub fn again(results: &[KnownFailureResult], today: Date) -> Self {
        let entry = |it: &KnownFailureResult| KnownFailure {
            id: it.id.clone(),
            reason: it.reason.clone(),
            owner: it.owner.clone(),
            expires: it.expires,
        };
        Self { entries: results.iter().map(entry).collect(), today }
    }

    fn parse(source: SourceText<'_>, today: Date) -> Result<Self, Box<Refusal>> {
        let file: File = toml::from_str(source.text).map_err(|it| source.refuse_toml(&it))?;
        let mut met = BTreeSet::new();
        let mut entries = Vec::new();
        for entry in file.known_failure {
            let entry = read_entry(&source, &entry)?;
            if !met.insert(entry.0.id.clone()) {
                let problem = format!("`{}` is there twice", entry.0.id);
                return Err(source.refuse(&entry.1, problem, "keep one of the two"));
            }
            entries.push(entry.0);
        }
        Ok(Self { entries, today })
    }

    /// Excuses what is listed and still lasts. Says what became of every entry.
    pub fn excuse(&self, checks: &mut [CheckResult]) -> Vec<KnownFailureResult> {
        let mut results = Vec::new();
        for entry in &self.entries {
            let check = checks.iter_mut().find(|check| check.id == entry.id);
            let state = self.state(entry, check.as_deref());
            if let (KnownFailureState::Excused, Some(check)) = (state, check) {
                check.outcome = Outcome::Excused;
                check.reason = Some(format!(
                    "known failure: {} (owner {}, until {})",
                    entry.reason, entry.owner, entry.expires
                ));
            }
            results.push(KnownFailureResult {
                id: entry.id.clone(),
                reason: entry.reason.clone(),
                owner: entry.owner.clone(),
                expires: entry.expires,
                state,
            });
        }
        results
    }

    fn state(&self, entry: &KnownFailure, check: Option<&CheckResult>) -> KnownFailureState {
        let is_over = self.today > entry.expires;
        let Some(check) = check else { return KnownFailureState::NotJudged };
        match check.outcome {
            Outcome::Conforms | Outcome::Note | Outcome::StaleExcuse => KnownFailureState::Passes,
            Outcome::Excused if check.limitation.is_some() => KnownFailureState::Covered,
            _ if is_over => KnownFailureState::Expired,
            // Excused without a limitation: by an earlier look at the same run.
            Outcome::Violation | Outcome::Deviation | Outcome::Excused => {
                KnownFailureState::Excused
            }
            Outcome::CannotTell | Outcome::Skipped | Outcome::NotExercised => {
                KnownFailureState::NotJudged
            }
        }
    }

    /// What a run's file of known failures should list: its violations, with deviations where
    /// those count, and what it could not judge. What `self` or `kept` has already keeps its
    /// reason, owner and date.
    pub fn renewed(
        &self,
        kept: &Self,
        checks: &[CheckResult],
        with_deviations: bool,
        owner: Option<&str>,
    ) -> Self {
        let old: Vec<&KnownFailure> = self.entries.iter().chain(&kept.entries).collect();
        let known = |id: &str| old.iter().find(|entry| entry.id == id).copied().cloned();
        let fails = |check: &CheckResult| match check.outcome {
            Outcome::Violation => true,
            Outcome::Deviation => with_deviations || known(&check.id).is_some(),
            Outcome::Excused => check.limitation.is_none(),
            Outcome::CannotTell | Outcome::Skipped | Outcome::NotExercised => {
                known(&check.id).is_some()
            }
            Outcome::Conforms | Outcome::Note | Outcome::StaleExcuse => false,
        };
        let new = |id: &str| KnownFailure {
            id: id.to_owned(),
            reason: format!("found by scimrig {} on {}", env!("CARGO_PKG_VERSION"), self.today),
            owner: owner.unwrap_or("nobody yet").to_owned(),
            expires: self.today.saturating_add(Span::new().days(LASTS_DAYS)),
        };
        let found = checks.iter().filter(|check| fails(check)).map(|check| check.id.as_str());
        let mut entries: Vec<KnownFailure> =
            found.map(|id| known(id).unwrap_or_else(|| new(id))).collect();
        // What the run did not look at stays.
        for entry in old {
            let is_met = checks.iter().any(|check| check.id == entry.id);
            if !is_met && !entries.iter().any(|it| it.id == entry.id) {
                entries.push(entry.clone());
            }
        }
        Self { entries, today: self.today }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), KnownFailuresError> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        std::fs::write(&partial, self.to_toml())
            .and_then(|()| std::fs::rename(&partial, path))
            .map_err(|source| KnownFailuresError::Unreachable {
                verb: "write",
                file: path.to_owned(),
                source,
            })
    }

    fn to_toml(&self) -> String {
        let mut text = "# Failures that are known: each is excused until its day, and goes when \
                        its check passes.\n"
            .to_owned();
        let quoted = |text: &str| toml::Value::from(text).to_string();
        for entry in &self.entries {
            let _ = write!(
                text,
                "\n[[known-failure]]\nid      = {}\nreason  = {}\nowner   = {}\nexpires = {}\n",
                quoted(&entry.id),
                quoted(&entry.reason),
                quoted(&entry.owner),
                entry.expires
            );
        }
        text
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    #[serde(default)]
    known_failure: Vec<Spanned<Entry>>,
}

/// One entry as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    reason: String,
    owner: String,
    expires: Spanned<Datetime>,
}

type Place = std::ops::Range<usize>;

/// An entry, and where its id stands.
fn read_entry(
    source: &SourceText<'_>,
    entry: &Spanned<Entry>,
) -> Result<(KnownFailure, Place), Box<Refusal>> {
    let (span, it) = (entry.span(), entry.get_ref());
    let id = it.id.get_ref();
    if checks::find(id).is_none() {
        let mend = match checks::all().find(|check| check.id.starts_with(id.as_str())) {
            Some(like) if !id.is_empty() => format!("an id is written whole, such as {}", like.id),
            _ => "`scimrig checks` lists the ids".to_owned(),
        };
        return Err(source.refuse(&it.id.span(), format!("`{id}` is no check"), &mend));
    }
    for (key, text) in [("reason", &it.reason), ("owner", &it.owner)] {
        if text.trim().is_empty() {
            let mend = "say why the failure may stay, and who looks after it";
            return Err(source.refuse_key(&span, key, format!("the {key} is empty"), mend));
        }
    }
    let expires = day(it.expires.get_ref()).ok_or_else(|| {
        let problem = format!("`{}` is no day", it.expires.get_ref());
        source.refuse(&it.expires.span(), problem, "write it as 2027-01-31, without a time")
    })?;
    let (reason, owner) = (it.reason.clone(), it.owner.clone());
    Ok((KnownFailure { id: id.clone(), reason, owner, expires }, it.id.span()))
}

/// A date without time and zone.
fn day(written: &Datetime) -> Option<Date> {
    if written.time.is_some() || written.offset.is_some() {
        return None;
    }
    let date = written.date?;
    let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
    Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}

#[cfg(test)]
mod tests;
