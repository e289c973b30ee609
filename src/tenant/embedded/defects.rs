//! Bugs that real servers have had, each with a switch. They prove the checks: every defect must
//! be found, and a clean tenant must show none.
//!
//! A defect is one small `if` where the bug would sit, and no `if` is reachable unless switched
//! on. Each is one row of its area's file in `rows/`; a row says what the server does wrong, where
//! that was met, how few requests show it and which check names the cause. To add one, write its
//! row and the `if`.

pub(super) mod answer;
pub(super) mod assignments;
pub(super) mod cursor;
pub(super) mod discovery;
pub(super) mod door;
pub(super) mod filter;
pub(super) mod memory;
mod operation;
pub(super) mod past;
pub(super) mod patch;
pub(super) mod query;
pub(super) mod races;
mod refuse;
pub(super) mod resource;
pub(super) mod resources;
mod rows;
pub(super) mod sequence;
pub(super) mod shown;
pub(super) mod versions;

use std::fmt;
use std::sync::Arc;

/// A named, switchable bug: one row of the files in `rows/`.
#[derive(Debug, Clone, Copy)]
pub struct Defect(&'static Row);

#[derive(Debug)]
struct Row {
    id: &'static str,
    area: &'static str,
    seen: &'static str,
    requests: usize,
    check: &'static str,
    sentence: &'static str,
    caught: &'static str,
}

/// Declares the defects of one area: constant, id, where it was met, requests, check, sentence.
macro_rules! defects {
    ($area:literal; $( $name:ident, $id:literal, $seen:literal, $requests:literal,
        $check:literal, $sentence:literal; )+) => {
        impl Defect {
            $(
                #[doc = $sentence]
                pub const $name: Self = Self(&Row {
                    id: $id,
                    area: $area,
                    seen: $seen,
                    requests: $requests,
                    check: $check,
                    sentence: $sentence,
                    caught: include_str!(concat!("../caught/", $area, ".snap")),
                });
            )+
        }

        /// The defects of this area.
        pub(super) const ALL: &[Defect] = &[ $( Defect::$name, )+ ];
    };
}
use defects;

impl Defect {
    /// Every defect, by area.
    pub fn all() -> impl Iterator<Item = Self> {
        rows::AREAS.iter().flat_map(|area| area.iter().copied())
    }

    /// The kebab-case name for the command line and reports.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// What part of the protocol it breaks, in one word.
    pub fn area(self) -> &'static str {
        self.0.area
    }

    /// Where it was met in the wild, such as `W-01`, several with a space between; empty where it
    /// is ours.
    pub fn seen(self) -> &'static str {
        self.0.seen
    }

    /// How few requests show it, beyond those that make what they name.
    pub fn requests(self) -> usize {
        self.0.requests
    }

    /// The check that names the cause: it at least must find the defect.
    pub fn check(self) -> &'static str {
        self.0.check
    }

    /// What the server does wrong, as a sentence without its full stop.
    pub fn sentence(self) -> &'static str {
        self.0.sentence
    }

    /// The checks that find it, in the catalogue's order, as the tests have seen.
    pub fn caught_by(self) -> impl Iterator<Item = &'static str> {
        let lines = self.0.caught.lines().skip_while(move |line| *line != self.0.id).skip(1);
        lines.map_while(|line| line.strip_prefix("  "))
    }

    /// Finds a defect by id, or by the row where it was met, in any case.
    pub fn from_id(text: &str) -> Option<Self> {
        let met = |row: &str| !row.is_empty() && row.eq_ignore_ascii_case(text);
        Self::all().find(|it| it.id().eq_ignore_ascii_case(text) || it.seen().split(' ').any(met))
    }
}

/// Why something that was met in the wild is no defect; none where it is one, or was not met.
pub fn left_out(row: &str) -> Option<&'static str> {
    let named = |it: &&(&str, &'static str)| it.0.eq_ignore_ascii_case(row);
    rows::LEFT_OUT.iter().find(named).map(|it| it.1)
}

impl PartialEq for Defect {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Defect {}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The defects that are switched on: none or a few.
#[derive(Debug, Clone, Default)]
pub(super) struct Defects(Arc<[Defect]>);

impl Defects {
    pub(super) fn new(defects: &[Defect]) -> Self {
        Self(defects.into())
    }

    /// Whether any defect is switched on.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether the defect is switched on.
    pub(super) fn has(&self, defect: Defect) -> bool {
        self.0.contains(&defect)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_kebab_case_and_lead_back() {
        let ids: BTreeSet<&str> = Defect::all().map(Defect::id).collect();
        assert_eq!(ids.len(), Defect::all().count());
        for defect in Defect::all() {
            let id = defect.id();
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
            assert_eq!(Defect::from_id(id), Some(defect));
            assert!(!defect.sentence().ends_with('.') && !defect.area().is_empty(), "{id}");
        }
        assert_eq!(Defect::from_id("w-03"), Some(Defect::REMOVE_EMPTIES_GROUP));
        assert_eq!(Defect::from_id(""), None);
        assert_eq!(Defect::from_id("nonsense"), None);
    }

    /// The rows of the sources, each counted from 1.
    fn rows(letter: char, last: usize) -> impl Iterator<Item = String> {
        (1..=last).map(move |number| format!("{letter}-{number:02}"))
    }

    #[test]
    fn whatever_was_met_in_the_wild_is_a_defect_or_has_a_reason() {
        let open: Vec<String> = rows('W', 60)
            .filter(|row| Defect::from_id(row).is_some() == left_out(row).is_some())
            .collect();
        assert!(open.is_empty(), "neither a defect nor left out, or both: {open:?}");
        let unplanted: Vec<String> =
            rows('F', 34).filter(|row| Defect::from_id(row).is_none()).collect();
        assert!(unplanted.is_empty(), "no defect is {unplanted:?}");
    }

    #[test]
    fn the_kept_table_names_checks_there_are_and_the_one_that_names_the_cause() {
        for defect in Defect::all() {
            let caught: Vec<&str> = defect.caught_by().collect();
            assert!(caught.contains(&defect.check()), "{defect} is not caught by its check");
            let unknown = caught.iter().find(|id| crate::checks::find(id).is_none());
            assert_eq!(unknown, None, "{defect}");
        }
        let late = Defect::all().filter(|defect| defect.requests() >= 2).count();
        assert!(late >= 30, "only {late} defects need two requests or more to show");
    }

    #[test]
    fn only_what_is_switched_on_is_on() {
        let defects = Defects::new(&[Defect::FILTER_IGNORED, Defect::STRAY_SLASH_UNKNOWN]);
        let on: Vec<_> = Defect::all().filter(|it| defects.has(*it)).collect();
        assert_eq!(on, [Defect::FILTER_IGNORED, Defect::STRAY_SLASH_UNKNOWN]);
    }
}
