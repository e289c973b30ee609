//! What a service provider owes: the catalogue, one line a topic file, order meaningful.
//!
//! Checks know exchanges and profiles; they know neither the job that acts nor the tenant. A check
//! is added in its topic file, a topic by a file and its two lines here.

pub mod capability;
pub mod cause;
pub mod check;
pub mod corpus;
pub mod episode;
pub mod evidence;
pub mod listen;
pub mod memory;
pub mod reading;
mod repeated;
pub mod result;
pub mod vocabulary;

mod answers;
mod asynchronous;
mod bulk;
mod common;
mod convergence;
mod create;
mod cursors;
mod delete;
mod discovery;
mod drafts;
mod enterprise;
mod errors;
mod etags;
mod filters;
mod groups;
mod immutable;
mod listing;
mod managers;
mod me;
mod media;
mod members;
mod membership;
mod paging;
mod patch;
mod patches;
mod privacy;
mod projection;
mod promises;
mod properties;
mod provider_config;
mod put;
mod rename;
mod resource_types;
mod retrieve;
mod schemas;
mod search;
mod selection;
mod service;
mod sorting;
mod steps;
mod transport;
mod typed_values;
mod user;
mod users;
mod values;

#[cfg(test)]
pub(crate) mod canary;

use check::Check;
pub use selection::{Selection, level};

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
    common::schemas::CHECKS,
    common::ids::CHECKS,
    common::external_ids::CHECKS,
    common::meta::CHECKS,
    values::kinds::CHECKS,
    values::many::CHECKS,
    values::none::CHECKS,
    errors::CHECKS,
    filters::CHECKS,
    filters::equality::CHECKS,
    filters::operators::CHECKS,
    filters::grammar::CHECKS,
    filters::values::CHECKS,
    filters::refusals::CHECKS,
    retrieve::CHECKS,
    listing::CHECKS,
    sorting::CHECKS,
    paging::CHECKS,
    paging::limits::CHECKS,
    cursors::CHECKS,
    cursors::refusals::CHECKS,
    projection::CHECKS,
    search::CHECKS,
    users::CHECKS,
    user::names::CHECKS,
    user::attributes::CHECKS,
    user::password::CHECKS,
    user::groups::CHECKS,
    create::answers::CHECKS,
    create::bodies::CHECKS,
    put::CHECKS,
    patch::envelope::CHECKS,
    patch::paths::CHECKS,
    patch::add::CHECKS,
    patch::remove::CHECKS,
    patch::replace::CHECKS,
    patch::primary::CHECKS,
    patches::CHECKS,
    typed_values::CHECKS,
    immutable::CHECKS,
    delete::CHECKS,
    managers::CHECKS,
    enterprise::CHECKS,
    groups::CHECKS,
    rename::CHECKS,
    members::CHECKS,
    membership::CHECKS,
    etags::CHECKS,
    bulk::results::CHECKS,
    bulk::references::CHECKS,
    bulk::failing::CHECKS,
    bulk::limits::CHECKS,
    privacy::CHECKS,
    asynchronous::CHECKS,
    drafts::CHECKS,
    convergence::CHECKS,
    properties::WRITES,
    properties::TRIALS,
    properties::QUERIES,
    properties::RACES,
    properties::PASSING,
];

/// Rows of the sources that no check judges, and why.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "vers-omitted",
        "where the Tenant URL has no version, every request is one without; where it has one, the \
         URL without it is another service, and the Secret Token must not go there",
    ),
    (
        "sec-enumeration-timing",
        "it takes many measurements on a quiet network to say anything, and no source says how \
         much difference is too much",
    ),
    ("put-collection", "a tenant that obeyed might replace all its users by one"),
    ("delete-collection", "a tenant that obeyed would delete all its users"),
    (
        "filter-username-eq-case-insensitive",
        "user-username-filter-ci asks the same under another id",
    ),
    (
        "prop-tenant-noninterference",
        "it takes the Secret Tokens of two customers, and a run has one",
    ),
    (
        "tls-cert-identity",
        "the HTTP client refuses a certificate that does not hold: the run ends before any check",
    ),
];

/// What each check says of the wrong answer that its own test feeds it, a JSON object a line, in
/// the catalogue's order.
pub(crate) const FAILING: &str = include_str!("failing.jsonl");

/// Every check, in the catalogue's order.
pub fn all() -> impl Iterator<Item = &'static Check> {
    CATALOGUE.iter().flat_map(|topic| topic.iter())
}

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::canary::Canary;
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

    /// The canaries of all topics.
    pub(crate) fn canaries() -> impl Iterator<Item = Canary> {
        [
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
            common::schemas::tests::canaries(),
            common::ids::tests::canaries(),
            common::external_ids::tests::canaries(),
            common::meta::tests::canaries(),
            values::kinds::tests::canaries(),
            values::many::tests::canaries(),
            values::none::tests::canaries(),
            errors::tests::canaries(),
            filters::tests::canaries(),
            filters::equality::tests::canaries(),
            filters::operators::tests::canaries(),
            filters::grammar::tests::canaries(),
            filters::values::tests::canaries(),
            filters::refusals::tests::canaries(),
            retrieve::tests::canaries(),
            listing::tests::canaries(),
            sorting::tests::canaries(),
            paging::tests::canaries(),
            paging::limits::tests::canaries(),
            cursors::tests::canaries(),
            cursors::refusals::tests::canaries(),
            projection::tests::canaries(),
            search::tests::canaries(),
            users::tests::canaries(),
            user::names::tests::canaries(),
            user::attributes::tests::canaries(),
            user::password::tests::canaries(),
            user::groups::tests::canaries(),
            create::answers::tests::canaries(),
            create::bodies::tests::canaries(),
            put::tests::canaries(),
            patch::tests::canaries(),
            patches::tests::canaries(),
            typed_values::tests::canaries(),
            immutable::tests::canaries(),
            delete::tests::canaries(),
            managers::tests::canaries(),
            enterprise::tests::canaries(),
            groups::tests::canaries(),
            rename::tests::canaries(),
            members::tests::canaries(),
            membership::tests::canaries(),
            etags::tests::canaries(),
            bulk::tests::canaries(),
            privacy::tests::canaries(),
            asynchronous::tests::canaries(),
            drafts::tests::canaries(),
            convergence::tests::canaries(),
            properties::tests::canaries(),
        ]
        .into_iter()
        .flatten()
    }

    #[test]
    fn no_check_of_the_catalogue_is_without_a_canary() {
        let canaries: Vec<Canary> = canaries().collect();
        let sung: BTreeSet<&str> = canaries.iter().map(|canary| canary.id).collect();
        let silent: Vec<&str> =
            all().map(|check| check.id).filter(|id| !sung.contains(id)).collect();
        assert!(silent.is_empty(), "give these checks a canary in their topic file: {silent:?}");
    }

    #[test]
    fn little_is_left_out_and_each_row_says_why() {
        const FEW: usize = 40;
        let mut rows = BTreeSet::new();
        for (id, reason) in LEFT_OUT {
            assert!(rows.insert(id), "{id} is left out twice");
            assert!(find(id).is_none(), "{id} is a check: take it out of LEFT_OUT");
            assert!(reason.split(' ').count() >= 5, "{id}: say why it is left out: {reason:?}");
        }
        assert!(rows.len() < FEW, "{} rows are left out", rows.len());
    }
}
