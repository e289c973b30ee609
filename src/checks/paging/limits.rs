//! startIndex and count at and beyond their limits, and pages of the corpus.

use std::collections::BTreeSet;

use super::super::check::*;
use super::super::listing::partial_members;

/// How many of the corpus are asked for on a page.
const PAGE_SIZE: u64 = 3;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "page-startindex-one-based",
        Rfc7644("3.4.2.4"),
        "a list begins at 1, and so it does when nothing is said",
        Probe(
            |its| vec![corpus_with(its, "count=3&startIndex=1"), corpus_with(its, "count=3")],
            |said| {
                let pages = [ids(&said[0]), ids(&said[1])];
                let same = require(
                    pages[0] == pages[1],
                    "the same page with startIndex 1 as without",
                    format!("{:?} and {:?}", pages[0], pages[1]),
                );
                all_of([expect_status(200, &said[0]), expect_status(200, &said[1]), same])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    must(
        "page-startindex-low",
        Rfc7644("3.4.2.4"),
        "a startIndex below 1 counts as 1",
        Probe(
            |its| {
                let from = |start: i8| corpus_with(its, &format!("count=3&startIndex={start}"));
                vec![from(1), from(0), from(-5)]
            },
            |said| {
                let first = ids(&said[0]);
                let as_first = |seen: &Exchange| match seen.list() {
                    Ok(_) if ids(seen) != first => fail("the first page", seen.told()),
                    Ok(list) if list.start_index.is_some_and(|start| start != 1) => {
                        Verdict::Remark("startIndex comes back as it was sent, below 1".to_owned())
                    }
                    Ok(_) => expect_status(200, seen),
                    Err(_) => fail("the first page", seen.told()),
                };
                all_of([as_first(&said[1]), as_first(&said[2])])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    must(
        "page-count-negative",
        Rfc7644("3.4.2.4"),
        "a count below 0 counts as 0",
        Probe(|its| vec![corpus_with(its, "count=-1")], totals_only),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    must(
        "page-count-zero",
        Rfc7644("3.4.2.4"),
        "a count of 0 asks for the total and no resources",
        Probe(|its| vec![corpus_with(its, "count=0")], totals_only),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "page-next",
        Rfc7644("3.4.2.4"),
        "pages one after the other hold everyone once",
        Dialogue(next_page, |said| {
            let walked: Vec<String> = said.exchanges.iter().flat_map(ids).collect();
            let once: BTreeSet<&String> = walked.iter().collect();
            let all = said.its.users.iter().all(|user| once.contains(&user.id));
            match said.exchanges.iter().find(|page| page.list().is_err()) {
                Some(page) => fail("a ListResponse", page.told()),
                None if all && once.len() == walked.len() => {
                    A28.read_as("stable", format!("{} users", walked.len()))
                }
                None => {
                    let told =
                        format!("{} users on the pages, {} different", walked.len(), once.len());
                    A28.read_against("unstable", told)
                }
            }
        }),
    )
    .reads(&[A28])
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "page-beyond-end",
        Rfc7644("3.4.2.4"),
        "beyond the end is an empty page with the total",
        Probe(|its| vec![corpus_with(its, "startIndex=1000000&count=5")], totals_only),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "page-nonnumeric",
        Rfc7644("3.12"),
        "numbers that are none get a clean answer",
        Probe(
            |_| {
                vec![
                    Request::get("/Users?count=abc&startIndex=1000000"),
                    Request::get("/Users?count=1&startIndex=1.5"),
                ]
            },
            |said| all_of([expect_clean(&said[0]), expect_clean(&said[1])]),
        ),
    )
    .on(Setting::Nothing),
    implied(
        "page-huge-count",
        Rfc7644("3.4.2.4"),
        "a huge count is cut down to what the tenant gives",
        Probe(
            |its| vec![corpus_with(its, "count=2147483648")],
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("a count of 2147483648 is {}", said[0].told())),
                _ => require(said[0].list().is_ok(), "a list", said[0].told()),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    may(
        "page-default-size",
        Rfc7644("3.4.2.4"),
        "a tenant that cuts a list by itself says where it begins and how long it is",
        Every(ANY, |seen| {
            let query = seen.request.query().unwrap_or_default();
            let path = seen.request.path().trim_end_matches('/');
            let plain = matches!(path, "/Users" | "/Groups") && !query.contains("count=");
            if plain { partial_members(seen) } else { Verdict::NotApplicable }
        }),
    ),
    implied(
        "page-with-filter",
        Rfc7644("3.4.2.4"),
        "pages are cut of what the filter finds",
        Probe(
            |its| vec![corpus_with(its, "count=1")],
            |said| {
                let all = said.its.users.len();
                let total = said[0].list().map(|list| list.total_results).unwrap_or_default();
                expect("totalResults", all, total)
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "page-all-types",
        Rfc7644("3.4.2.4"),
        "groups come in pages as users do",
        Dialogue(
            |its, said| match said {
                [] | [_] | [_, _] => {
                    let mut group = its.new_group(0);
                    group["displayName"] = its.group_name(said.len()).into();
                    group["externalId"] = format!("{}-{}", its.marker, said.len()).into();
                    Some(create_group(&group))
                }
                [.., last] if last.is_success() && said.len() < 6 => {
                    let name = |number: usize| equals("displayName", &its.group_name(number));
                    let any = encoded(&format!("{} or {} or {}", name(0), name(1), name(2)));
                    let start = said.len() - 2;
                    Some(Request::get(format!("/Groups?startIndex={start}&count=1&filter={any}")))
                }
                _ => None,
            },
            group_pages,
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Group, Filter]),
    may(
        "page-concurrent-change",
        Rfc7644("3.4.2.4"),
        "a user made between two pages breaks no page",
        Dialogue(
            |its, said| match said.len() {
                0 => Some(Request::get("/Users?startIndex=1&count=2")),
                1 => Some(create_user(&its.new_user(0))),
                2 => Some(Request::get("/Users?startIndex=3&count=2")),
                _ => None,
            },
            |said| worst(said.exchanges.iter().map(expect_clean)),
        ),
    )
    .on(Setting::Nothing),
];

/// The next page of the corpus, until its total is reached or a page is empty.
fn next_page(its: &Fixture, said: &[Exchange]) -> Option<Request> {
    let walked: usize = said.iter().map(|page| ids(page).len()).sum();
    if let Some(page) = said.last() {
        let total = page.list().ok()?.total_results;
        if ids(page).is_empty() || walked as u64 >= total || said.len() > its.users.len() {
            return None;
        }
    }
    Some(corpus_with(its, &format!("startIndex={}&count={PAGE_SIZE}", walked + 1)))
}

/// The whole corpus is counted and nobody shown.
fn totals_only(said: &Said) -> Verdict {
    match said[0].list() {
        Ok(_) if said[0].status() != 200 => fail("status 200", said[0].told()),
        Ok(list) => all_of([
            expect("totalResults", said.its.users.len(), list.total_results),
            expect("resources shown:", 0, list.resources.len()),
        ]),
        Err(why) if said[0].is_success() => fail("a ListResponse", why),
        Err(_) => fail("status 200", said[0].told()),
    }
}

/// Three pages of one group each hold the three groups that were made.
fn group_pages(said: &Said) -> Verdict {
    let (made, pages) = said.exchanges.split_at(said.exchanges.len().min(3));
    if let Some(refused) = made.iter().find(|seen| !seen.is_success()) {
        return Verdict::CannotTell(format!("a group was {}", refused.told()));
    }
    if let Some(refused) = pages.iter().find(|seen| !seen.is_success()) {
        return if_known(refused, fail("status 200", refused.told()));
    }
    let mut expected: Vec<String> = made.iter().filter_map(Exchange::id).collect();
    let mut walked: Vec<String> = pages.iter().flat_map(ids).collect();
    expected.sort();
    walked.sort();
    require(expected == walked, "each group on one page", format!("{walked:?}"))
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use serde_json::{Value, json};

    use super::super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;
    use crate::scim;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn page(total: usize, start: usize, numbers: &[usize]) -> Answer {
        let resources: Vec<Value> =
            numbers.iter().map(|number| json!({"id": format!("user-{number}")})).collect();
        answer(
            200,
            &json!({"schemas": [scim::LIST_RESPONSE], "totalResults": total, "startIndex": start,
                    "itemsPerPage": resources.len(), "Resources": resources}),
        )
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let first = |start: usize| page(8, start, &[0, 1, 2]);
        let second = || page(8, 4, &[3, 4, 5]);
        let group = |number: usize| answer(201, &json!({"id": format!("user-{number}")}));
        let cut = |members: Value| {
            let mut body = json!({"schemas": [scim::LIST_RESPONSE], "totalResults": 9,
                "Resources": [{"id": "1"}]});
            for (name, value) in members.as_object().unwrap() {
                body[name] = value.clone();
            }
            exchange(Operation::MatchUser, Request::get("/Users"), answer(200, &body))
        };
        vec![
            canary("page-startindex-one-based", [first(1)], [first(1), second()]),
            canary("page-startindex-low", [first(1), first(0)], [first(1), error(400, "")]),
            canary("page-count-negative", [page(8, 1, &[])], [first(1)]),
            canary("page-count-zero", [page(8, 1, &[])], [error(400, "invalidValue")]),
            canary(
                "page-next",
                [first(1), second(), page(8, 7, &[6, 7])],
                [first(1), second(), page(8, 7, &[5, 6])],
            ),
            canary("page-beyond-end", [page(8, 9, &[])], [error(404, "")]),
            canary("page-nonnumeric", [error(400, "")], [error(500, "")]),
            canary("page-huge-count", [first(1)], [error(500, "")]),
            heard(
                "page-default-size",
                cut(json!({"startIndex": 1, "itemsPerPage": 1})),
                cut(json!({"startIndex": 1})),
            ),
            canary("page-with-filter", [page(8, 1, &[0])], [page(1, 1, &[0])]),
            canary(
                "page-all-types",
                [
                    group(0),
                    group(1),
                    group(2),
                    page(3, 1, &[0]),
                    page(3, 2, &[1]),
                    page(3, 3, &[2]),
                ],
                [
                    group(0),
                    group(1),
                    group(2),
                    page(3, 1, &[0]),
                    page(3, 2, &[0]),
                    page(3, 3, &[2]),
                ],
            ),
            canary("page-concurrent-change", [first(1)], [first(1), group(0), error(500, "")]),
        ]
    }
}
