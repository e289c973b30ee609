//! Points on which the sources can be read in more than one way, and the stance a profile takes.
//!
//! Each is one row of the [register](self::register): the point, its readings, and the stance of
//! the RFCs. A check says which reading it met; what that is worth the [`Stance`] decides, so a
//! legal variation is never a violation unless a profile asks for another reading.

pub mod register;

use std::collections::BTreeMap;
use std::fmt;

pub use register::*;

/// A point that can be read in more than one way: one row of the register.
#[derive(Debug, Clone, Copy)]
pub struct Ambiguity(&'static Row);

#[derive(Debug)]
struct Row {
    id: &'static str,
    point: &'static str,
    stance: Stance,
    readings: &'static [(&'static str, &'static str)],
}

/// What a profile makes of the readings of one point. In TOML: `any`, `prefer-READING`, `READING`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stance {
    /// Every reading is right.
    Any,
    /// This one is right; another is legal and worth a note.
    Prefers(&'static str),
    /// This one is right; another is a violation.
    Asks(&'static str),
}

impl Ambiguity {
    /// Its number in the register, for ever the same: `A37`.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// The point, as a phrase without a full stop.
    pub fn point(self) -> &'static str {
        self.0.point
    }

    /// The readings: the name in profiles and reports, and what a tenant does that reads it so.
    pub fn readings(self) -> &'static [(&'static str, &'static str)] {
        self.0.readings
    }

    /// What a tenant does that takes the reading of that name.
    pub fn sentence(self, reading: &str) -> &'static str {
        let found = self.readings().iter().find(|(name, _)| *name == reading);
        found.map_or("", |(_, sentence)| sentence)
    }

    /// The stance of the RFCs, which holds where a profile says nothing.
    pub fn stance(self) -> Stance {
        self.0.stance
    }

    /// The point of that id, in any case.
    pub fn find(id: &str) -> Option<Self> {
        REGISTER.iter().copied().find(|it| it.id().eq_ignore_ascii_case(id))
    }

    /// Every stance a profile may take on it, in the order of refusals.
    pub fn stances(self) -> impl Iterator<Item = Stance> {
        let of_each = |(name, _): &'static (&'static str, &'static str)| {
            [Stance::Asks(name), Stance::Prefers(name)]
        };
        std::iter::once(Stance::Any).chain(self.readings().iter().flat_map(of_each))
    }
}

impl PartialEq for Ambiguity {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Ambiguity {}

impl fmt::Display for Stance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Prefers(reading) => write!(f, "prefer-{reading}"),
            Self::Asks(reading) => f.write_str(reading),
        }
    }
}

/// The stances of a profile: the RFCs', but for the points on which it takes its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stances(BTreeMap<&'static str, Stance>);

impl Stances {
    /// The stance on a point.
    pub fn on(&self, point: Ambiguity) -> Stance {
        self.0.get(point.id()).copied().unwrap_or(point.stance())
    }

    /// Takes a stance on a point.
    pub fn take(&mut self, point: Ambiguity, stance: Stance) {
        self.0.insert(point.id(), stance);
    }

    /// The points on which these differ from the RFCs' stances, in the order of the register.
    pub fn own(&self) -> impl Iterator<Item = (Ambiguity, Stance)> + '_ {
        let differs = |point: &Ambiguity| self.on(*point) != point.stance();
        REGISTER.iter().copied().filter(differs).map(|point| (point, self.on(point)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_register_runs_from_one_to_the_end_without_a_gap() {
        for (place, point) in REGISTER.iter().enumerate() {
            assert_eq!(point.id(), format!("A{:02}", place + 1));
            assert!(!point.point().ends_with('.') && point.point().len() > 10, "{}", point.id());
        }
    }

    #[test]
    fn readings_are_two_or_more_kebab_case_and_told_apart_from_stances() {
        for point in REGISTER {
            let names: BTreeSet<&str> = point.readings().iter().map(|(name, _)| *name).collect();
            assert!(names.len() == point.readings().len() && names.len() > 1, "{}", point.id());
            for (name, sentence) in point.readings() {
                let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                assert!(name.chars().all(kebab), "{} {name}", point.id());
                assert!(*name != "any" && !name.starts_with("prefer-"), "{} {name}", point.id());
                assert!(sentence.contains(' ') && !sentence.ends_with('.'), "{}", point.id());
            }
            if let Stance::Prefers(reading) | Stance::Asks(reading) = point.stance() {
                assert!(names.contains(reading), "{}: {reading} is no reading", point.id());
            }
        }
    }

    #[test]
    fn the_rfcs_ask_for_no_reading_of_an_ambiguous_point() {
        let asked = REGISTER.iter().filter(|it| matches!(it.stance(), Stance::Asks(_)));
        assert_eq!(asked.count(), 0, "a legal variation is never a violation");
    }

    #[test]
    fn a_stance_of_its_own_replaces_that_of_the_rfcs() {
        let mut stances = Stances::default();
        assert_eq!((stances.on(A37), stances.own().count()), (A37.stance(), 0));
        stances.take(A37, Stance::Asks("creates"));
        assert_eq!(stances.on(A37), Stance::Asks("creates"));
        assert_eq!(stances.own().collect::<Vec<_>>(), [(A37, Stance::Asks("creates"))]);
        let words: Vec<String> = A37.stances().map(|it| it.to_string()).collect();
        assert_eq!(words, ["any", "creates", "prefer-creates", "refuses", "prefer-refuses"]);
        assert_eq!(Ambiguity::find("a37"), Some(A37));
        assert_eq!(Ambiguity::find("A99"), None);
    }
}
