//! Properties of reading: what queries, pages, orders and projections show of what is there.

use super::super::check::*;
use super::agree;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "prop-filter-oracle",
        Rfc7644("3.4.2.2"),
        "a query finds exactly the resources that meet its filter",
        Steps(&[Verb::Filter], |it| worst(it.found.iter().map(finds))),
    )
    .needs(&[JoinedFilters]),
    must(
        "prop-filter-metamorphic",
        Rfc7644("3.4.2.2"),
        "a filter said otherwise (denied twice, doubled, by De Morgan, in capitals) finds the same",
        Steps(&[Verb::FilterTwice], |it| agree(&it.pairs)),
    )
    .needs(&[JoinedFilters]),
    must(
        "prop-filter-total",
        Rfc7644("3.4.2.4"),
        "totalResults is how many a walk to the end finds, on each of its pages",
        Steps(&[Verb::Filter, Verb::Page], |it| agree_on("totalResults", it)),
    )
    .needs(&[JoinedFilters]),
    must(
        "prop-search-get-equal",
        Rfc7644("3.4.3"),
        "a query by POST finds what the same query by GET finds",
        Steps(&[Verb::Search], |it| agree(&it.pairs)),
    )
    .needs(&[Search, JoinedFilters]),
    must(
        "prop-pages-partition",
        Rfc7644("3.4.2.4"),
        "pages of any size hold each resource once, and none is longer than asked for",
        Steps(&[Verb::Page], |it| {
            let found = worst(it.found.iter().map(finds));
            all_of([found, agree_on("entries on a page", it)])
        }),
    )
    .needs(&[JoinedFilters]),
    must(
        "prop-sort-total-order",
        Rfc7644("3.4.2.3"),
        "a sorted list holds everybody, in the order asked for, and who has no value at its end",
        Steps(&[Verb::Sort], |it| all_of([worst(it.found.iter().map(finds)), agree(&it.pairs)])),
    )
    .needs(&[Sort, JoinedFilters]),
    must(
        "prop-projection-sub",
        Rfc7644("3.9"),
        "a read of some attributes shows of a full read those alone, or all but those",
        Steps(&[Verb::Project], |it| agree(&it.pairs)),
    ),
    should(
        "prop-list-equals-get",
        Rfc7644("3.4"),
        "an entry of a list is what a read by its id shows",
        Steps(&[Verb::List], |it| all_of([worst(it.found.iter().map(finds)), agree(&it.pairs)])),
    )
    .needs(&[JoinedFilters]),
    must(
        "prop-get-pure",
        Http("RFC 9110 §9.2.1"),
        "reads of any kind change nothing: neither the resource nor its entity tag",
        Steps(&[Verb::Look], |it| agree(&it.pairs)),
    ),
    implied(
        "prop-cleanup-complete",
        Rfc7644("3.6"),
        "when all that a history made is deleted, no query finds anything of it",
        Steps(&[Verb::CleanUp], |it| worst(it.found.iter().map(finds))),
    )
    .needs(&[JoinedFilters]),
];

/// The pairs about something are the same.
fn agree_on(what: &str, it: &Episode) -> Verdict {
    worst(
        it.pairs
            .iter()
            .filter(|pair| pair.what.starts_with(what))
            .map(|pair| agree(std::slice::from_ref(pair))),
    )
}

/// A query found what it must, nothing that it must not, and nothing twice. A refused filter is a
/// remark: a server need not support every combination.
pub(super) fn finds(found: &Found) -> Verdict {
    let query = &found.query;
    let actual = match &found.actual {
        Ok(actual) => actual,
        Err(told) if told.starts_with("400") => {
            return Verdict::Remark(format!("{query} is refused: {told}"));
        }
        Err(told) => return fail(format!("{query}: a list"), told),
    };
    let words = |all: &mut dyn Iterator<Item = &String>| {
        let all: Vec<&str> = all.map(String::as_str).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(" ") }
    };
    let is_right = found.must.iter().all(|it| actual.contains(it))
        && actual.iter().all(|it| found.must.contains(it) || found.may.contains(it))
        && actual.iter().enumerate().all(|(at, it)| !actual[..at].contains(it));
    require(
        is_right,
        &format!("{query}: {}", words(&mut found.must.iter())),
        format!("{query}: {}", words(&mut actual.iter())),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::super::canary::*;
    use super::*;

    fn found(actual: &[&str]) -> Found {
        Found {
            query: "title pr".to_owned(),
            must: ["<user 0>".to_owned()].into(),
            may: ["<user 1>".to_owned()].into(),
            actual: Ok(actual.iter().map(|it| (*it).to_owned()).collect()),
        }
    }

    /// A step that found `actual`.
    fn query(verb: Verb, actual: &[&str]) -> Episode {
        Episode { found: vec![found(actual)], ..Episode::of(verb, String::new()) }
    }

    /// A step whose pair, about something, comes out so.
    pub(in super::super) fn paired(verb: Verb, what: &str, actual: Value) -> Episode {
        let pair = Pair { what: what.to_owned(), expected: json!([1]), actual };
        Episode { pairs: vec![pair], ..Episode::of(verb, String::new()) }
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let by_pair = |id, verb, what: &str| {
            step(id, paired(verb, what, json!([1])), paired(verb, what, json!([2])))
        };
        let by_query = |id, verb| step(id, query(verb, &["<user 0>"]), query(verb, &[]));
        vec![
            by_query("prop-filter-oracle", Verb::Filter),
            by_query("prop-pages-partition", Verb::Page),
            by_query("prop-sort-total-order", Verb::Sort),
            by_query("prop-list-equals-get", Verb::List),
            by_query("prop-cleanup-complete", Verb::CleanUp),
            by_pair("prop-filter-metamorphic", Verb::FilterTwice, "found"),
            by_pair("prop-filter-total", Verb::Filter, "totalResults of title pr"),
            by_pair("prop-search-get-equal", Verb::Search, "found"),
            by_pair("prop-projection-sub", Verb::Project, "user 0"),
            by_pair("prop-get-pure", Verb::Look, "user 0"),
        ]
    }

    #[test]
    fn too_few_too_many_and_the_same_twice_are_failures_and_what_is_open_is_none() {
        assert_eq!(finds(&found(&["<user 1>", "<user 0>"])), Verdict::Pass);
        for wrong in [&["<user 1>"][..], &["<user 0>", "<user 2>"], &["<user 0>", "<user 0>"]] {
            assert!(matches!(finds(&found(wrong)), Verdict::Fail { .. }), "{wrong:?}");
        }
        let mut refused = found(&[]);
        refused.actual = Err("400 invalidFilter".to_owned());
        assert!(matches!(finds(&refused), Verdict::Remark(_)));
        refused.actual = Err("500".to_owned());
        assert!(matches!(finds(&refused), Verdict::Fail { .. }));
    }
}
