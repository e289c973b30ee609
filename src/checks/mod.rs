//! What a service provider owes: the catalogue, one line a topic file, order meaningful.
//!
//! Checks know exchanges and profiles; they know neither the job that acts nor the tenant. A check
//! is added in its topic file, a topic by a file and its two lines here.

pub mod capability;
pub mod check;
pub mod evidence;
pub mod listen;
pub mod vocabulary;

mod answers;
mod convergence;
mod discovery;
mod errors;
mod filters;
mod groups;
mod managers;
mod me;
mod media;
mod members;
mod paging;
mod patches;
mod promises;
mod provider_config;
mod rename;
mod resource_types;
mod schemas;
mod service;
mod transport;
mod typed_values;
mod users;

#[cfg(test)]
mod canary;

use check::Check;

/// The catalogue: the topic files in the order of reports.
pub const CATALOGUE: &[&[Check]] = &[
    service::CHECKS,
    transport::CHECKS,
    media::CHECKS,
    provider_config::CHECKS,
    promises::CHECKS,
    resource_types::CHECKS,
    discovery::CHECKS,
    schemas::CHECKS,
    schemas::DESCRIBED,
    schemas::TRAFFIC,
    me::CHECKS,
    answers::CHECKS,
    errors::CHECKS,
    filters::CHECKS,
    paging::CHECKS,
    users::CHECKS,
    patches::CHECKS,
    typed_values::CHECKS,
    managers::CHECKS,
    groups::CHECKS,
    rename::CHECKS,
    members::CHECKS,
    convergence::CHECKS,
];

/// Rows of the requirement catalogue that are no check, and why. Rows that hold under another id
/// are named with it.
pub const LEFT_OUT: &[(&str, &str)] =
    &[("tls-cert-identity", "a certificate that does not hold ends the run before any check")];

/// Every check, in the catalogue's order.
pub fn all() -> impl Iterator<Item = &'static Check> {
    CATALOGUE.iter().flat_map(|topic| topic.iter())
}

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

/// Which checks are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Id prefixes; none means all.
    pub only: Vec<String>,
    /// Whether heavy probes run.
    pub heavy: bool,
    /// Whether probes run that try to change what the run did not create.
    pub tenant_data: bool,
}

impl Selection {
    /// Whether the check is wanted, heavy or not.
    pub fn wants(&self, check: &Check) -> bool {
        self.only.is_empty() || self.only.iter().any(|prefix| check.id.starts_with(prefix.as_str()))
    }

    /// The wanted checks, in the catalogue's order.
    pub fn checks(&self) -> impl Iterator<Item = &'static Check> + '_ {
        all().filter(|check| self.wants(check))
    }

    /// The prefixes that no check's id begins with: a misspelt word of the command line.
    pub fn unknown(&self) -> Vec<&str> {
        let known = |prefix: &str| all().any(|check| check.id.starts_with(prefix));
        self.only.iter().map(String::as_str).filter(|prefix| !known(prefix)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_kebab_case_and_unique() {
        let mut ids = BTreeSet::new();
        for check in all() {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(check.id.chars().all(kebab), "{} is not kebab-case", check.id);
            assert!(ids.insert(check.id), "{} stands twice in the catalogue", check.id);
        }
    }

    #[test]
    fn no_check_of_the_catalogue_is_without_a_canary() {
        let canaries = [
            service::tests::canaries(),
            transport::tests::canaries(),
            media::tests::canaries(),
            provider_config::tests::canaries(),
            promises::tests::canaries(),
            resource_types::tests::canaries(),
            discovery::tests::canaries(),
            schemas::tests::canaries(),
            me::tests::canaries(),
            answers::tests::canaries(),
            errors::tests::canaries(),
            filters::tests::canaries(),
            paging::tests::canaries(),
            users::tests::canaries(),
            patches::tests::canaries(),
            typed_values::tests::canaries(),
            managers::tests::canaries(),
            groups::tests::canaries(),
            rename::tests::canaries(),
            members::tests::canaries(),
            convergence::tests::canaries(),
        ];
        let sung: BTreeSet<&str> = canaries.iter().flatten().map(|canary| canary.id).collect();
        let silent: Vec<&str> =
            all().map(|check| check.id).filter(|id| !sung.contains(id)).collect();
        assert!(silent.is_empty(), "give these checks a canary in their topic file: {silent:?}");
    }

    #[test]
    fn what_is_left_out_is_no_check() {
        for (id, reason) in LEFT_OUT {
            assert!(find(id).is_none(), "{id} is a check: take it out of LEFT_OUT");
            assert!(!reason.is_empty(), "{id}: say why it is left out");
        }
    }

    #[test]
    fn a_selection_goes_by_prefixes_and_names_unknown_ones() {
        let id = all().next().unwrap().id;
        let only = vec![id.to_owned(), "no-such".to_owned()];
        let selection = Selection { only, ..Selection::default() };
        assert!(selection.checks().any(|check| check.id == id));
        assert_eq!(selection.unknown(), ["no-such"]);
        assert_eq!(Selection::default().checks().count(), all().count());
    }
}
