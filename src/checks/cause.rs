//! Root causes: what one fault of a tenant breaks many checks, and the sentence that mends it.
//!
//! Findings are told by cause, most damaging for Entra first. A check belongs to the cause with the
//! longest beginning of its id in the [table](self::table), or to the one it names itself.

mod table;

use serde::{Deserialize, Serialize};

pub use table::CAUSES;

use super::check::{Check, CheckResult, Outcome};

/// One root cause. The table is in the order of damage, and of sense within one damage.
#[derive(Debug)]
pub struct Cause {
    /// Its kebab-case name, for ever the same.
    pub id: &'static str,
    /// What it does to whoever provisions with Entra.
    pub damage: Damage,
    /// What is wrong, as a phrase without a full stop.
    pub sentence: &'static str,
    /// How to mend it, in one sentence.
    pub mend: &'static str,
    /// How the ids of its checks begin, with a space between.
    checks: &'static str,
}

/// What a fault does to whoever provisions with Entra, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// Test Connection fails, or nothing can be provisioned at all.
    Connection,
    /// Accounts or groups are made twice, not made, or lost.
    Accounts,
    /// Somebody keeps, gets or lacks access or a membership.
    Access,
    /// An attribute holds a wrong value.
    Attributes,
    /// The form is wrong; Entra gets by.
    Form,
}

impl Damage {
    /// Every damage, worst first.
    pub const ALL: &'static [Self] =
        &[Self::Connection, Self::Accounts, Self::Access, Self::Attributes, Self::Form];

    /// The words used in reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connection => "keeps Entra from connecting",
            Self::Accounts => "duplicates or loses accounts",
            Self::Access => "leaves wrong access or memberships",
            Self::Attributes => "leaves wrong attributes",
            Self::Form => "is wrong in form",
        }
    }
}

/// The cause of that id.
pub fn find(id: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| cause.id == id)
}

impl Check {
    /// The root cause that a failure of it points at; none only until a test complains.
    pub fn cause(&self) -> Option<&'static Cause> {
        if let Some(id) = self.own_cause {
            return find(id);
        }
        let begins = |cause: &'static Cause| {
            let begins = cause.checks.split_whitespace();
            let known = begins.filter(|begin| self.id.starts_with(*begin));
            known.map(str::len).max().map(|length| (length, cause))
        };
        CAUSES.iter().filter_map(begins).max_by_key(|(length, _)| *length).map(|(_, cause)| cause)
    }
}

/// A root cause with the findings of a run that point at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CauseResult {
    /// The cause's name.
    pub id: String,
    /// What it does to whoever provisions with Entra.
    pub damage: Damage,
    /// What is wrong.
    pub sentence: String,
    /// How to mend it.
    pub mend: String,
    /// Ids of the violations that point at it.
    pub violations: Vec<String>,
    /// Ids of the deviations that point at it.
    pub deviations: Vec<String>,
}

impl CauseResult {
    /// The causes of whatever was found: those of violations, most damaging first, then those of
    /// deviations alone.
    pub fn of(checks: &[CheckResult]) -> Vec<Self> {
        let ids = |cause: &Cause, outcome: Outcome| -> Vec<String> {
            let found = checks.iter().filter(|it| it.outcome == outcome && it.cause == cause.id);
            found.map(|check| check.id.clone()).collect()
        };
        let mut causes: Vec<Self> = CAUSES
            .iter()
            .map(|cause| Self {
                id: cause.id.to_owned(),
                damage: cause.damage,
                sentence: cause.sentence.to_owned(),
                mend: cause.mend.to_owned(),
                violations: ids(cause, Outcome::Violation),
                deviations: ids(cause, Outcome::Deviation),
            })
            .filter(|it| !it.violations.is_empty() || !it.deviations.is_empty())
            .collect();
        causes.sort_by_key(|cause| (cause.violations.is_empty(), cause.damage));
        causes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::all;
    use super::*;

    #[test]
    fn every_check_has_a_cause() {
        let none: Vec<&str> =
            all().filter(|check| check.cause().is_none()).map(|check| check.id).collect();
        assert!(
            none.is_empty(),
            "add the beginning of these ids to a cause in src/checks/cause/table.rs, or name one \
             with .because(\"…\"): {none:?}"
        );
    }

    #[test]
    fn every_cause_has_a_check_and_every_beginning_one_cause() {
        let caused: BTreeSet<&str> = all().filter_map(Check::cause).map(|cause| cause.id).collect();
        let mut begins = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for cause in CAUSES {
            assert!(ids.insert(cause.id), "{} stands twice", cause.id);
            assert!(caused.contains(cause.id), "{}: no check points at it", cause.id);
            for begin in cause.checks.split_whitespace() {
                assert!(begins.insert(begin), "`{begin}` belongs to two causes");
            }
        }
    }

    #[test]
    fn causes_are_in_the_order_of_damage_and_say_what_to_do() {
        assert!(CAUSES.is_sorted_by_key(|cause| cause.damage));
        for cause in CAUSES {
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(cause.id.chars().all(kebab), "{}", cause.id);
            assert!(!cause.sentence.ends_with('.'), "{}", cause.id);
            assert!(cause.mend.ends_with('.') && cause.mend.len() > 30, "{}", cause.id);
            assert!(cause.mend.starts_with(char::is_uppercase), "{}", cause.id);
        }
        assert!(Damage::ALL.is_sorted() && Damage::ALL.len() == 5);
    }

    #[test]
    fn the_longest_beginning_decides_and_a_check_may_name_its_own() {
        let cause = |id: &str| super::super::find(id).unwrap().cause().unwrap().id;
        assert_eq!(cause("user-username-filter-ci"), "user-name-letter-case");
        assert_eq!(cause("list-no-match-200"), "look-up-of-nobody");
        assert_eq!(cause("patch-replace-valuepath-nomatch"), "value-path-without-match");
        let own = super::super::find("delete-get-404").unwrap().because("paging");
        assert_eq!(own.cause().unwrap().id, "paging");
    }
}
