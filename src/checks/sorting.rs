//! Sorting: by what, in which direction, and where those without a value go.
//!
//! The corpus is made in an order that none of its attributes has, so what comes back unsorted is
//! not taken for sorted.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::Debug;

use jiff::Timestamp;
use serde_json::Value;

use super::check::*;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "sort-by",
        Rfc7644("3.4.2.3"),
        "sortBy orders the list",
        Probe(
            |its| vec![corpus_with(its, "sortBy=userName&sortOrder=ascending")],
            |said| sorted(said, 0, false, |user| word(user, "userName")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    must(
        "sort-default-ascending",
        Rfc7644("3.4.2.3"),
        "without sortOrder the order is ascending",
        Probe(
            |its| vec![corpus_with(its, "sortBy=displayName")],
            |said| sorted(said, 0, false, |user| word(user, "displayName")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    must(
        "sort-descending",
        Rfc7644("3.4.2.3"),
        "descending is the other way round",
        Probe(
            |its| vec![corpus_with(its, "sortBy=displayName&sortOrder=descending")],
            |said| sorted(said, 0, true, |user| word(user, "displayName")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    must(
        "sort-ci",
        Rfc7644("3.4.2.3"),
        "an attribute that ignores letter case is sorted without it",
        Probe(
            |its| vec![corpus_with(its, "sortBy=nickName")],
            |said| sorted(said, 0, false, |user| word(user, "nickName")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    must(
        "sort-cs",
        Rfc7644("3.4.2.3"),
        "externalId is sorted with regard to letter case",
        Probe(
            |its| vec![corpus_with(its, "sortBy=externalId")],
            |said| {
                let exact = |user: &Value| Some(user["externalId"].as_str()?.to_owned());
                match sorted(said, 0, false, exact) {
                    Verdict::Fail { .. }
                        if sorted(said, 0, false, |user| word(user, "externalId"))
                            == Verdict::Pass =>
                    {
                        Verdict::Remark("externalId is sorted without letter case".to_owned())
                    }
                    verdict => verdict,
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters, Attribute("externalId")]),
    must(
        "sort-missing-last",
        Rfc7644("3.4.2.3"),
        "those without a value come last, and first when the order is descending",
        Probe(
            |its| {
                let by = |order: &str| corpus_with(its, &format!("sortBy=title&sortOrder={order}"));
                vec![by("ascending"), by("descending")]
            },
            |said| {
                // Whether there is a title is all that counts here.
                let without = |user: &Value| Some(!has(user, "title"));
                all_of([sorted(said, 0, false, without), sorted(said, 1, true, without)])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters, Attribute("title")]),
    must(
        "sort-subattr",
        Rfc7644("3.4.2.3"),
        "a list can be sorted by a sub-attribute",
        Probe(
            |its| vec![among_with(its, "displayName ne \"Foxtrot\"", "sortBy=name.givenName")],
            |said| sorted(said, 0, false, |user| word(user, "name.givenName")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters, Attribute("name")]),
    must(
        "sort-multivalued",
        Rfc7644("3.4.2.3"),
        "a multi-valued attribute is sorted by its primary value",
        Probe(
            |its| vec![corpus_with(its, "sortBy=emails.value")],
            |said| sorted(said, 0, false, leading_email),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters, Attribute("emails")]),
    must(
        "sort-datetime",
        Rfc7644("3.4.2.3"),
        "times are sorted as the clock has them",
        Probe(
            |its| vec![corpus_with(its, "sortBy=meta.created&sortOrder=descending")],
            |said| {
                let made =
                    |user: &Value| user["meta"]["created"].as_str()?.parse::<Timestamp>().ok();
                sorted(said, 0, true, made)
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    implied(
        "sort-complex-bare",
        Rfc7644("3.4.2.3"),
        "sorting by a complex attribute without naming its part gets a clean answer",
        Probe(|its| vec![corpus_with(its, "sortBy=name")], |said| expect_clean(&said[0])),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    implied(
        "sort-unknown",
        Rfc7644("3.4.2.3"),
        "sorting by an unknown attribute gets a clean answer",
        Probe(|its| vec![corpus_with(its, "sortBy=harnessNope")], |said| expect_clean(&said[0])),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    implied(
        "sort-bad-order",
        Rfc7644("3.4.2.3"),
        "an unknown sortOrder gets a clean answer",
        Probe(
            |its| vec![corpus_with(its, "sortBy=userName&sortOrder=up")],
            |said| expect_clean(&said[0]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    implied(
        "sort-with-paging",
        Rfc7644("3.4.2.3"),
        "the list is sorted before it is cut into pages",
        Probe(
            |its| {
                let page = |start: usize| {
                    corpus_with(its, &format!("sortBy=displayName&startIndex={start}&count=3"))
                };
                // Of titles several are equal, and such a pair lies across a border.
                let equal = |start: usize| {
                    corpus_with(its, &format!("sortBy=title&startIndex={start}&count=2"))
                };
                vec![page(1), page(4), page(7), equal(1), equal(3), equal(5), equal(7)]
            },
            |said| {
                let walked = |pages: &[Exchange]| pages.iter().flat_map(ids).collect::<Vec<_>>();
                let (distinct, equal) = said.exchanges.split_at(3);
                let mut met = BTreeSet::new();
                let twice = walked(equal).into_iter().find(|id| !met.insert(id.clone()));
                all_of([
                    ordered(said, &walked(distinct), false, |user| word(user, "displayName")),
                    require(twice.is_none(), "nobody on two pages", twice.unwrap_or_default()),
                ])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Sort, JoinedFilters]),
    implied(
        "sort-unsupported-ignored",
        Rfc7644("3.4.2.3"),
        "sortBy does no harm where sorting is not supported",
        Probe(
            |_| {
                let sorted = Request::get("/Users?count=1&sortBy=userName");
                vec![Request::get("/ServiceProviderConfig"), sorted]
            },
            |said| match said[0].at("/sort/supported") {
                Some(Value::Bool(false)) => expect_clean(&said[1]),
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Nothing),
];

/// The list of the corpus is in the order of that key; who has none comes last, or first when the
/// order is descending. Of equal keys any order will do.
pub(super) fn sorted<K: Ord + Debug>(
    said: &Said,
    place: usize,
    descending: bool,
    key: impl Fn(&Value) -> Option<K>,
) -> Verdict {
    if !said[place].is_success() {
        return fail("status 200", said[place].told());
    }
    ordered(said, &ids(&said[place]), descending, key)
}

pub(super) fn ordered<K: Ord + Debug>(
    said: &Said,
    ids: &[String],
    descending: bool,
    key: impl Fn(&Value) -> Option<K>,
) -> Verdict {
    let user = |id: &String| said.its.users.iter().find(|user| user.id == *id);
    let users: Vec<&Known> = ids.iter().filter_map(user).collect();
    let keys: Vec<Option<K>> = users.iter().map(|user| key(&user.sent)).collect();
    if !keys.windows(2).any(|pair| pair[0] != pair[1]) {
        return Verdict::NotApplicable;
    }
    let right = |pair: &[Option<K>]| {
        let order = match (&pair[0], &pair[1]) {
            (Some(one), Some(other)) => one.cmp(other),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, None) => Ordering::Equal,
        };
        if descending { order.is_ge() } else { order.is_le() }
    };
    let told: Vec<&str> = users.iter().map(|user| login(user)).collect();
    let expected = if descending { "descending order" } else { "ascending order" };
    require(keys.windows(2).all(right), expected, told.join(", "))
}

/// The primary e-mail, or else the first.
fn leading_email(user: &Value) -> Option<String> {
    let emails = user["emails"].as_array()?;
    let primary = emails.iter().find(|email| email["primary"] == true);
    Some(primary.or(emails.first())?["value"].as_str()?.to_lowercase())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let unsorted = || of([0, 1, 2, 3, 4, 5, 6, 7]);
        let by_name = || of([1, 3, 6, 0, 5, 2, 4, 7]);
        let unsupported = || answer(200, &json!({"sort": {"supported": false}}));
        vec![
            canary("sort-by", [of([4, 1, 7, 6, 3, 0, 5, 2])], [unsorted()]),
            canary("sort-default-ascending", [by_name()], [of([7, 4, 2, 5, 0, 6, 3, 1])]),
            canary("sort-descending", [of([7, 4, 2, 5, 0, 6, 3, 1])], [by_name()]),
            canary("sort-ci", [of([3, 1, 0, 5, 4, 6, 7, 2])], [of([1, 4, 6, 3, 0, 5, 7, 2])]),
            canary("sort-cs", [of([2, 0, 4, 6, 3, 1, 5, 7])], [unsorted()]),
            canary(
                "sort-missing-last",
                [of([0, 1, 3, 4, 6, 7, 2, 5]), of([5, 2, 0, 1, 3, 4, 6, 7])],
                [of([0, 1, 3, 4, 6, 7, 2, 5])],
            ),
            canary("sort-subattr", [of([1, 3, 6, 0, 5, 4, 7])], [error(400, "")]),
            canary(
                "sort-multivalued",
                [of([3, 0, 1, 6, 5, 4, 7, 2])],
                [of([3, 1, 6, 5, 4, 7, 0, 2])],
            ),
            canary("sort-datetime", [of([7, 6, 5, 4, 3, 2, 1, 0])], [unsorted()]),
            canary("sort-complex-bare", [error(400, "")], [error(500, "")]),
            canary("sort-unknown", [unsorted()], [error(500, "")]),
            canary("sort-bad-order", [unsorted()], [error(500, "")]),
            canary(
                "sort-with-paging",
                [
                    of([1, 3, 6]),
                    of([0, 5, 2]),
                    of([4, 7]),
                    of([4, 3]),
                    of([7, 1]),
                    of([0, 6]),
                    of([2, 5]),
                ],
                [
                    of([1, 3, 6]),
                    of([0, 5, 2]),
                    of([4, 7]),
                    of([4, 3]),
                    of([3, 1]),
                    of([0, 6]),
                    of([2, 5]),
                ],
            ),
            canary(
                "sort-unsupported-ignored",
                [unsupported(), unsorted()],
                [unsupported(), error(500, "")],
            ),
        ]
    }
}
