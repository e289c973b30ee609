//! Which checks are wanted: by level, by the beginning of an id, and by what running them may do.

use std::collections::BTreeSet;

use super::all;
use super::check::{Check, Level, Risk};

/// Which checks are wanted. A word is a level, such as `must`, or the beginning of an id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Words of which one must fit; none means all.
    pub only: Vec<String>,
    /// Words of which none may fit.
    pub skip: Vec<String>,
    /// Whether heavy probes run.
    pub heavy: bool,
    /// Whether probes run that try to change what the run did not create.
    pub tenant_data: bool,
}

impl Selection {
    /// Whether the check is wanted, heavy or not.
    pub fn wants(&self, check: &Check) -> bool {
        let fits = |words: &[String]| words.iter().any(|word| names(word, check));
        (self.only.is_empty() || fits(&self.only)) && !fits(&self.skip)
    }

    /// The wanted checks, in the catalogue's order.
    pub fn checks(&self) -> impl Iterator<Item = &'static Check> + '_ {
        all().filter(|check| self.wants(check))
    }

    /// Why a probe is left out that runs only when asked for.
    pub fn leaves_out(&self, check: &Check) -> Option<&'static str> {
        match check.risk {
            Risk::Heavy if !self.heavy => Some("heavy: runs only with --heavy"),
            Risk::TenantData if !self.tenant_data => {
                Some("may change what the run did not create: runs only with --tenant-data")
            }
            _ => None,
        }
    }

    /// What is wrong with the words: the first that says nothing, with the accepted ones.
    pub fn refusal(&self) -> Option<String> {
        let known = |word: &str| level(word).is_some() || all().any(|check| names(word, check));
        for (option, words) in [("--only", &self.only), ("--skip", &self.skip)] {
            if let Some(word) = words.iter().find(|word| !known(word)) {
                return Some(format!(
                    "{option} {word}: this is neither a level nor the beginning of a check's id; \
                     accepted are the levels {} and ids that begin with {}; `scimrig checks` \
                     lists them",
                    listed(Level::ALL.iter().map(|level| level.name().to_ascii_lowercase())),
                    listed(all().map(|check| first_word(check.id)).collect::<BTreeSet<_>>()),
                ));
            }
        }
        let is_empty = self.checks().next().is_none();
        is_empty.then(|| "--skip leaves nothing of what --only names: take one back".to_owned())
    }
}

/// Whether the word names the check: by its level or by the beginning of its id.
fn names(word: &str, check: &Check) -> bool {
    match level(word) {
        Some(level) => check.level == level,
        None => !word.is_empty() && check.id.starts_with(word),
    }
}

/// The level of that name, in any case.
pub fn level(word: &str) -> Option<Level> {
    Level::ALL.iter().copied().find(|level| level.name().eq_ignore_ascii_case(word))
}

fn first_word(id: &str) -> String {
    format!("{}-", id.split('-').next().unwrap_or(id))
}

fn listed(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(only: &[&str], skip: &[&str]) -> Selection {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        Selection { only: owned(only), skip: owned(skip), ..Selection::default() }
    }

    #[test]
    fn a_word_is_a_level_or_the_beginning_of_an_id() {
        let all_of_them = all().count();
        assert_eq!(of(&[], &[]).checks().count(), all_of_them);
        let must = of(&["must"], &[]).checks().count();
        assert!(of(&["MUST"], &[]).checks().all(|check| check.level == Level::Must));
        assert_eq!(of(&[], &["must"]).checks().count(), all_of_them - must);
        assert!(of(&["delete-"], &[]).checks().all(|check| check.id.starts_with("delete-")));
        let both = of(&["delete-", "put-"], &["should", "put-p"]);
        assert!(both.checks().any(|check| check.id.starts_with("put-")));
        for check in both.checks() {
            assert!(check.level != Level::Should && !check.id.starts_with("put-p"), "{}", check.id);
        }
    }

    #[test]
    fn no_id_begins_as_a_level_is_called() {
        let mixed = all().find(|check| level(check.id.split('-').next().unwrap()).is_some());
        assert!(mixed.is_none(), "the word would mean two things: {mixed:?}");
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_accepted_ones() {
        for (selection, option) in [
            (of(&["delete-", "no-such"], &[]), "--only no-such"),
            (of(&[], &["no-such"]), "--skip no-such"),
            (of(&[""], &[]), "--only "),
        ] {
            let refusal = selection.refusal().expect("the word says nothing");
            for word in [option, "must", "implied", "delete-", "patch-"] {
                assert!(refusal.contains(word), "{word}: {refusal}");
            }
        }
        assert!(of(&["must"], &["must"]).refusal().unwrap().contains("leaves nothing"));
        assert_eq!(of(&["may", "delete-"], &["delete-2"]).refusal(), None);
    }
}
