//! Queries by POST: `/.search` below a type and below the base URL.

use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::check::*;
use super::listing::expect_list;
use super::projection::only_members;
use super::sorting::sorted;
use crate::scim;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "search-type",
        Rfc7644("3.4.3"),
        "a POST to /Users/.search is answered by a list",
        Probe(|its| vec![search(&json!({"filter": its.mark()}))], |said| expect_list(&said[0])),
    )
    .on(Setting::Corpus)
    .needs(&[Search, JoinedFilters]),
    implied(
        "search-root",
        Rfc7644("3.4.3"),
        "a POST to /.search asks over all types",
        Probe(
            |its| {
                let filter = equals("userName", its.user().text("userName"));
                vec![Request::post("/.search", &message(&json!({"filter": filter})))]
            },
            |said| match said[0].status() {
                404 | 405 | 501 => Verdict::Remark(format!("/.search is {}", said[0].told())),
                _ => expect_hit(&said.its.user().id, &said[0]),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Search, Filter]),
    implied(
        "search-equals-get",
        Rfc7644("3.4.3"),
        "a query by POST finds what the same query by GET finds",
        Probe(
            |its| {
                // Some of the corpus meet it and some do not.
                let some = format!("displayName co \"a\" and {}", its.mark());
                vec![
                    search(&json!({"filter": its.mark()})),
                    corpus_with(its, "count=100"),
                    search(&json!({"filter": some, "count": 100})),
                    Request::get(format!("/Users?count=100&filter={}", encoded(&some))),
                ]
            },
            |said| {
                let found = |place: usize| {
                    let mut ids = ids(&said[place]);
                    ids.sort();
                    ids.join(", ")
                };
                all_of([expect("found:", found(1), found(0)), expect("found:", found(3), found(2))])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Search, JoinedFilters]),
    should(
        "search-schema-required",
        Rfc7644("3.4.3"),
        "a search that does not name the SearchRequest URN is refused",
        Probe(
            |its| {
                let filter = equals("userName", its.user().text("userName"));
                vec![Request::post("/Users/.search", &json!({"filter": filter, "count": 1}))]
            },
            |said| match said[0].status() {
                200 => Verdict::Remark("a search without schemas is taken".to_owned()),
                400 => Verdict::Pass,
                _ => fail("status 400", said[0].told()),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Search]),
    must(
        "search-arrays",
        Rfc7644("3.4.3"),
        "attributes and excludedAttributes of a search are arrays",
        Probe(
            |its| {
                let filter = equals("userName", its.user().text("userName"));
                vec![
                    search(&json!({"filter": filter, "attributes": ["userName"]})),
                    search(&json!({"filter": filter, "excludedAttributes": ["emails"]})),
                ]
            },
            |said| match (only_hit(&said[0]), only_hit(&said[1])) {
                (Some(named), Some(rest)) => all_of([
                    only_members(&named, &["userName"]),
                    require(rest.get("emails").is_none(), "no `emails`", shown(&rest["emails"])),
                ]),
                (None, _) => fail("one hit", said[0].told()),
                (_, None) => fail("one hit", said[1].told()),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Search, Filter]),
    must(
        "search-paging",
        Rfc7644("3.4.3"),
        "startIndex and count of a search are integers, and heeded",
        Probe(
            |its| {
                let page = |start: usize| {
                    search(&json!({"filter": its.mark(), "startIndex": start, "count": 2}))
                };
                vec![page(1), page(3)]
            },
            |said| {
                let (first, second) = (ids(&said[0]), ids(&said[1]));
                let short = first.len() <= 2 && second.len() <= 2;
                let apart = !first.is_empty() && first.iter().all(|id| !second.contains(id));
                all_of([
                    expect_list(&said[0]),
                    expect_list(&said[1]),
                    require(short, "2 or fewer on a page", "more"),
                    require(apart, "other users on the second page", "the same, or nobody"),
                ])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Search, JoinedFilters]),
    must(
        "search-sort",
        Rfc7644("3.4.3"),
        "sortBy and sortOrder of a search are heeded",
        Probe(
            |its| {
                let by = json!({"filter": its.mark(), "sortBy": "displayName",
                    "sortOrder": "descending"});
                vec![search(&by)]
            },
            |said| sorted(said, 0, true, |user| word(user, "displayName")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Search, Sort, JoinedFilters]),
    must(
        "search-bad-filter",
        Rfc7644("3.12"),
        "a search with a malformed filter is refused",
        Probe(
            |_| vec![search(&json!({"filter": "userName eq", "count": 1}))],
            |said| expect_query_refused(&said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Search]),
    should(
        "search-bad-body",
        Rfc7644("3.12"),
        "a search that is no JSON is refused",
        Probe(
            |_| {
                let body = search(&json!({})).raw(scim::MEDIA_TYPE, "{");
                vec![body.header(CONTENT_TYPE, scim::MEDIA_TYPE)]
            },
            |said| match said[0].scim_error().and_then(|error| error.scim_type).as_deref() {
                Some("invalidSyntax") if said[0].status() == 400 => Verdict::Pass,
                _ if said[0].status() == 400 => {
                    Verdict::Remark(format!("no JSON is {}", said[0].told()))
                }
                _ => fail("400 invalidSyntax", said[0].told()),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Search]),
    implied(
        "search-empty-body-object",
        Rfc7644("3.4.3"),
        "a search may name nothing but its schema",
        Probe(
            |_| vec![search(&json!({}))],
            |said| match said[0].scim_error().and_then(|error| error.scim_type).as_deref() {
                Some("tooMany") if said[0].status() == 400 => Verdict::Pass,
                _ => expect_list(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Search]),
    must(
        "search-no-create",
        Rfc7644("3.4.3"),
        "a search creates nothing",
        Probe(
            |its| {
                let asked = json!({"filter": its.mark(), "count": 1});
                vec![corpus_with(its, "count=1"), search(&asked), corpus_with(its, "count=1")]
            },
            |said| {
                let total = |place: usize| said[place].list().map(|list| list.total_results);
                let created = said[1].status() == 201;
                all_of([
                    require(!created, "nothing created", said[1].told()),
                    require(total(0) == total(2), "the same total after it", "another total"),
                ])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Search, JoinedFilters]),
];

/// A search for users.
pub(super) fn search(asked: &Value) -> Request {
    Request::post("/Users/.search", &message(asked))
}

/// What is asked, with the URN of a search request.
fn message(asked: &Value) -> Value {
    let mut message = asked.clone();
    message["schemas"] = json!([scim::SEARCH_REQUEST]);
    message
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let user = |body: Value| list(&[body]);
        let named = || user(json!({"id": "user-0", "userName": "a"}));
        let full = || user(json!({"id": "user-0", "userName": "a", "emails": [{"value": "b"}]}));
        let created = || answer(201, &json!({"id": "9"}));
        let sorted = || of([7, 4, 2, 5, 0, 6, 3, 1]);
        vec![
            canary("search-type", [of([0])], [created()]),
            canary("search-root", [error(501, "")], [of([])]),
            canary(
                "search-equals-get",
                [of([0, 1]), of([1, 0]), of([0])],
                [of([0, 1]), of([1, 0]), of([0, 1]), of([0])],
            ),
            canary("search-schema-required", [error(400, "invalidSyntax")], [error(500, "")]),
            canary("search-arrays", [named()], [full()]),
            canary("search-paging", [of([0, 1]), of([2, 3])], [of([0, 1])]),
            canary("search-sort", [sorted()], [of([0, 1, 2, 3, 4, 5, 6, 7])]),
            canary("search-bad-filter", [error(400, "invalidFilter")], [error(500, "")]),
            canary("search-bad-body", [error(400, "invalidSyntax")], [error(500, "")]),
            canary("search-empty-body-object", [of([])], [error(400, "invalidSyntax")]),
            canary("search-no-create", [of([0])], [of([0]), created(), of([0])]),
        ]
    }
}
