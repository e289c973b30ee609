//! Properties that compare a tenant with itself: two ways that must come to the same.
//!
//! Each has a verb of its own; the two sides are in the step's pairs.

use super::super::check::*;
use super::agree;

/// A property that holds where all pairs of its steps agree.
const fn same(
    id: &'static str,
    source: Source,
    sentence: &'static str,
    verbs: &'static [Verb],
) -> Check {
    must(id, source, sentence, Steps(verbs, |it| agree(&it.pairs)))
}

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    same(
        "prop-put-idempotent",
        Http("RFC 9110 §9.2.2"),
        "the same PUT twice leaves what the first one made",
        &[Verb::PutTwice],
    ),
    same(
        "prop-put-own-get-noop",
        Rfc7644("3.5.1"),
        "a PUT of what a GET shows is taken and changes nothing",
        &[Verb::PutBack],
    ),
    same(
        "prop-patch-equals-put",
        Rfc7644("3.5"),
        "a PATCH comes to the same as a PUT of what it should make",
        &[Verb::PatchOrPut],
    ),
    same(
        "prop-patch-split",
        Rfc7644("3.5.2"),
        "operations in one PATCH come to the same as in one PATCH each",
        &[Verb::PatchSplit],
    ),
    same(
        "prop-patch-atomic",
        Rfc7644("3.5.2"),
        "a PATCH with one wrong operation changes nothing, entity tag and lastModified included",
        &[Verb::PatchFlawed],
    ),
    same(
        "prop-patch-add-remove-identity",
        Rfc7644("3.5.2.2"),
        "a value that is added and removed again leaves no trace",
        &[Verb::AddAndRemove],
    ),
    same(
        "prop-patch-replace-undo",
        Rfc7644("3.5.2.3"),
        "an attribute that is replaced and put back is as before",
        &[Verb::ThereAndBack],
    ),
    same(
        "prop-patch-add-idempotent",
        Rfc7644("3.5.2.1"),
        "the same `add` twice leaves what the first one made, lastModified included",
        &[Verb::AddTwice],
    ),
    same(
        "prop-patch-disjoint-commute",
        Rfc7644("3.5.2"),
        "operations on different attributes come to the same in either order",
        &[Verb::PatchEitherOrder],
    ),
    same(
        "prop-path-forms-equal",
        Rfc7644("3.10"),
        "an attribute is the same under its short name, its URN, in capitals and without a path",
        &[Verb::Spell],
    ),
    same(
        "prop-entra-dialects-equal",
        Entra("Known issues, SCIM 2.0 protocol compliance"),
        "a change comes to the same in either dialect of Entra",
        &[Verb::Dialects],
    ),
    same(
        "prop-null-absent-equal",
        Rfc7643("2.5"),
        "null, an empty array and absence are the same afterwards",
        &[Verb::Nothing],
    ),
    same(
        "prop-case-name-invariance",
        Rfc7643("2.1"),
        "the case of attribute names in a request never matters",
        &[Verb::UpperCase],
    ),
    same(
        "prop-member-order-invariance",
        Rfc7643("3"),
        "the order of members and of `schemas` in a request never matters",
        &[Verb::Reversed],
    ),
    same(
        "prop-unknown-harmless",
        Rfc7644("3.1"),
        "an undeclared member in a request is refused with all of it, or changes nothing else",
        &[Verb::WithUnknown],
    ),
    same(
        "prop-readonly-shield",
        Rfc7643("7"),
        "no write changes id, meta.created, meta.resourceType or a user's groups",
        &[Verb::Shield],
    ),
    same(
        "prop-filter-uniq-coherent",
        Rfc7644("3.4.2.2"),
        "a create is refused as a twin exactly where a query finds its userName",
        &[Verb::ClaimName],
    )
    .needs(&[JoinedFilters]),
    same(
        "prop-membership-batch-equal",
        Rfc7644("3.5.2"),
        "members added in one PATCH come to the same as in one PATCH each",
        &[Verb::OneByOne],
    ),
    same(
        "prop-bulk-equals-serial",
        Rfc7644("3.7"),
        "changes in one bulk request come to the same as one after the other",
        &[Verb::InBulk],
    )
    .needs(&[Bulk]),
    same(
        "prop-bulk-failonerrors",
        Rfc7644("3.7"),
        "a bulk request with failOnErrors 1 does what comes before its first error, and no more",
        &[Verb::BulkStops],
    )
    .needs(&[Bulk]),
    same(
        "prop-304-coherent",
        Rfc7644("3.14"),
        "304 is answered only while the resource is what the tag stands for",
        &[Verb::Cached],
    )
    .needs(&[Etag]),
    same(
        "prop-lost-response",
        Rfc7644("3.3"),
        "a create whose answer was lost is found by its name, once, and not made again",
        &[Verb::LoseAnswer],
    )
    .needs(&[JoinedFilters]),
    same(
        "prop-rename-consistent",
        Rfc7643("3.1"),
        "after a rename the old name finds nobody and the new one the same user",
        &[Verb::RenameAndLook],
    )
    .needs(&[JoinedFilters]),
    same(
        "prop-read-your-writes",
        Rfc7644("3.1"),
        "a change is seen by a read, a query and a list, at once or within the time they are given",
        &[Verb::See],
    )
    .needs(&[JoinedFilters]),
];

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::super::canary::*;
    use super::super::queries::tests::paired;
    use super::*;

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let canary = |check: &Check| {
            let Steps(&[verb], _) = check.judge else { panic!("{} has one verb", check.id) };
            step(check.id, paired(verb, "it", json!([1])), paired(verb, "it", json!([2])))
        };
        CHECKS.iter().map(canary).collect()
    }
}
