//! Verdicts that depend on how a profile reads the sources: what a judge met, and what it is worth.
//!
//! A judge that meets an ambiguous point says which reading the tenant takes; it knows no profile.
//! [`Verdict::under`] is the one place where the profile's stance makes a verdict of it.

use super::check::{Verdict, Way};
use super::vocabulary::{fail_by, worst};
use crate::profile::{A05, A08, A17, A18, A52, Ambiguity, Stance, Stances};

/// Points that shared expectations meet, whatever the check.
pub const ANYWHERE: &[Ambiguity] = &[A05, A08, A17, A18, A52];

/// The reading that a tenant takes of one ambiguous point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The point.
    pub of: Ambiguity,
    /// The name of the reading, as the register has it.
    pub reading: &'static str,
    /// What was seen.
    pub told: String,
    /// Whether the source's own words speak against it, so that only a profile can allow it.
    pub is_against: bool,
}

/// All readings met on the way to one verdict, with the first remark besides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readings {
    pub(super) met: Vec<Reading>,
    pub(super) remark: Option<String>,
}

/// A verdict under the stances of a profile: never [`Verdict::Reads`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What it comes to.
    pub verdict: Verdict,
    /// The readings that it rests on.
    pub readings: Vec<Reading>,
}

impl Ambiguity {
    /// Says that the tenant takes that reading.
    pub fn read_as(self, reading: &'static str, told: impl Into<String>) -> Verdict {
        self.met(reading, told.into(), false)
    }

    /// Says that the tenant takes that reading, which the source does not leave open here: without
    /// a profile that allows it, it is a failure.
    pub fn read_against(self, reading: &'static str, told: impl Into<String>) -> Verdict {
        self.met(reading, told.into(), true)
    }

    fn met(self, reading: &'static str, told: String, is_against: bool) -> Verdict {
        let met = vec![Reading { of: self, reading, told, is_against }];
        Verdict::Reads(Readings { met, remark: None })
    }
}

impl Readings {
    /// Takes in what another verdict of the same rank or below says.
    pub(super) fn join(&mut self, other: Verdict) {
        match other {
            Verdict::Reads(other) => {
                for reading in other.met {
                    let is_known =
                        |it: &Reading| it.of == reading.of && it.reading == reading.reading;
                    if !self.met.iter().any(is_known) {
                        self.met.push(reading);
                    }
                }
                self.remark = self.remark.take().or(other.remark);
            }
            Verdict::Remark(remark) => {
                self.remark.get_or_insert(remark);
            }
            _ => {}
        }
    }
}

impl Verdict {
    /// What it comes to under the stances of a profile.
    pub fn under(self, stances: &Stances) -> Judged {
        let Self::Reads(Readings { met, remark }) = self else {
            return Judged { verdict: self, readings: Vec::new() };
        };
        let remark = remark.map(Self::Remark);
        let verdict = worst(met.iter().map(|reading| reading.worth(stances)).chain(remark));
        Judged { verdict, readings: met }
    }
}

impl Reading {
    fn worth(&self, stances: &Stances) -> Verdict {
        let told = self.told.clone();
        let otherwise = |way, asked| fail_by(way, self.of.sentence(asked), told.clone());
        match stances.on(self.of) {
            Stance::Any => Verdict::Pass,
            Stance::Prefers(right) | Stance::Asks(right) if right == self.reading => Verdict::Pass,
            Stance::Prefers(right) if self.is_against => otherwise(Way::Plain, right),
            Stance::Prefers(_) => Verdict::Remark(self.told.clone()),
            Stance::Asks(right) => otherwise(Way::Reading, right),
        }
    }
}

impl From<Verdict> for Judged {
    /// Of a verdict that no stance bears on.
    fn from(verdict: Verdict) -> Self {
        verdict.under(&Stances::default())
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{Level, Outcome};
    use super::super::vocabulary::{all_of, fail};
    use super::*;
    use crate::profile::{A12, A36, A37};

    fn with(stance: Stance) -> Stances {
        let mut stances = Stances::default();
        stances.take(A37, stance);
        stances
    }

    #[test]
    fn the_stance_decides_what_a_reading_is_worth() {
        let met = || A37.read_as("refuses", "400 noTarget");
        assert_eq!(met().under(&with(Stance::Any)).verdict, Verdict::Pass);
        assert_eq!(met().under(&with(Stance::Prefers("refuses"))).verdict, Verdict::Pass);
        let preferred = met().under(&with(Stance::Prefers("creates")));
        assert_eq!(preferred.verdict, Verdict::Remark("400 noTarget".to_owned()));
        let asked = met().under(&with(Stance::Asks("creates")));
        assert!(matches!(&asked.verdict, Verdict::Fail { expected, way: Way::Reading, .. }
            if expected.starts_with("the value is made")));
        assert_eq!((asked.readings[0].of, asked.readings[0].reading), (A37, "refuses"));
    }

    #[test]
    fn a_reading_that_a_profile_asks_for_is_as_good_as_a_must() {
        let asked = A37.read_as("refuses", "x").under(&with(Stance::Asks("creates"))).verdict;
        assert_eq!(Outcome::of(Level::Implied, &asked, None), Outcome::Violation);
        let against = A36.read_against("replaces", "x").under(&Stances::default()).verdict;
        assert_eq!(Outcome::of(Level::Implied, &against, None), Outcome::Note);
        assert_eq!(Outcome::of(Level::Must, &against, None), Outcome::Violation);
    }

    #[test]
    fn no_reading_and_no_remark_is_lost_beside_another() {
        let remark = Verdict::Remark("a word".to_owned());
        let all = all_of([
            Verdict::Pass,
            A12.read_as("conflict", "409"),
            remark.clone(),
            A37.read_as("refuses", "400"),
            A37.read_as("refuses", "400 again"),
        ]);
        let judged = all.under(&Stances::default());
        assert_eq!((judged.verdict, judged.readings.len()), (remark.clone(), 2));
        let first = all_of([remark.clone(), A12.read_as("conflict", "409")]);
        assert_eq!(first.under(&Stances::default()).verdict, remark);
        let failed = all_of([A12.read_as("conflict", "409"), fail("a", "b")]);
        assert!(matches!(failed, Verdict::Fail { .. }));
    }
}
