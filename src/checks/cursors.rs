//! Pages by cursor (RFC 9865): a walk that begins with an empty cursor and ends where none follows.
//!
//! The corpus is walked three users at a time, which makes three pages. What is refused on the way
//! is in [`refusals`].

pub(super) mod refusals;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::*;
use super::search::search;
use super::sorting::ordered;
use crate::scim;

/// How many of the corpus are asked for on a page.
const PAGE_SIZE: usize = 3;
/// A walk of the corpus that has not ended by then goes on for ever.
const PAGES_MAX: usize = 10;
/// What the checks of a walk need.
const NEEDS: &[Capability] = &[Cursor, JoinedFilters];

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    should(
        "cursor-spc",
        Rfc9865("4"),
        "the configuration says how lists are paged, flags as booleans and sizes above zero",
        Probe(
            |_| vec![Request::get("/ServiceProviderConfig")],
            |said| match said[0].at("/pagination") {
                None => Verdict::Remark("cursors work and `pagination` is not there".to_owned()),
                Some(pagination) => expect_pagination(&pagination),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Cursor, Config]),
    must(
        "cursor-first",
        Rfc9865("2"),
        "an empty cursor, with or without a sign of equality, brings the first page",
        Probe(
            |its| vec![corpus_with(its, "cursor&count=2"), corpus_with(its, "cursor=&count=2")],
            |said| {
                let pages = [page(&said[0]), page(&said[1])];
                match pages {
                    [Ok(one), Ok(other)] => all_of([
                        require(one.ids.len() == 2, "two users", one.ids.len().to_string()),
                        expect("users", one.ids.join(", "), other.ids.join(", ")),
                    ]),
                    [Err(why), _] | [_, Err(why)] => fail("the first page", why),
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(NEEDS),
    of_a_walk(
        "cursor-next-present",
        "2",
        "every page but the last names the next one",
        Dialogue(walk, |said| {
            judge_walk(said, |pages| {
                let shown: usize = pages.iter().map(|page| page.ids.len()).sum();
                let all = said.its.users.len();
                let ended = pages.last().is_some_and(|page| page.next().is_none());
                require(
                    !ended || shown >= all,
                    "a `nextCursor` while users are left",
                    format!("none after {shown} of {all}"),
                )
            })
        }),
    ),
    of_a_walk(
        "cursor-next-absent-last",
        "2",
        "the last page names no next one, and only so a walk ends",
        Dialogue(walk, |said| {
            judge_walk(said, |pages| {
                let Some(last) = pages.last() else { return Verdict::NotApplicable };
                let expected = "no `nextCursor` at the end";
                match last.next() {
                    Some(_) => fail(expected, format!("one on page {}", pages.len())),
                    None if last.next.is_null() && !last.names("nextCursor") => Verdict::Pass,
                    None => Verdict::Remark(format!("`nextCursor` at the end is {}", last.next)),
                }
            })
        }),
    ),
    of_a_walk(
        "cursor-previous-first",
        "2",
        "the first page names no previous one",
        Probe(
            |its| vec![corpus_with(its, &asked(""))],
            |said| match page(&said[0]) {
                Ok(first) => match first.previous() {
                    Some(_) => fail("no `previousCursor` on the first page", "one"),
                    None if !first.names("previousCursor") => Verdict::Pass,
                    None => Verdict::Remark("`previousCursor` of the first page is empty".into()),
                },
                Err(why) => fail("the first page", why),
            },
        ),
    ),
    may(
        "cursor-previous",
        Rfc9865("2"),
        "where a page names the previous one, it is the one before",
        Dialogue(
            |its, said| match said {
                [] | [_] | [_, _] => walk(its, said),
                [_, _, third] => Some(corpus_with(its, &asked(page(third).ok()?.previous()?))),
                _ => None,
            },
            |said| match said.exchanges.as_slice() {
                [_, second, _, back] => match page(back) {
                    Ok(page) => expect("users", ids_of(second), page.ids.join(", ")),
                    Err(why) => fail("the second page", why),
                },
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(NEEDS),
    of_a_walk(
        "cursor-charset",
        "2",
        "a cursor is made of letters, digits, `-`, `.`, `_` and `~` alone",
        Dialogue(walk, |said| {
            judge_walk(said, |pages| {
                let cursors = pages.iter().flat_map(|page| [page.next(), page.previous()]);
                worst(cursors.flatten().map(|cursor| {
                    let odd = cursor.chars().find(|it| !is_unreserved(*it));
                    odd.map_or(Verdict::Pass, |odd| {
                        fail("unreserved characters (RFC 3986 §2.3)", format!("{odd:?}"))
                    })
                }))
            })
        }),
    ),
    of_a_walk(
        "cursor-count",
        "2",
        "no page holds more than `count`, and a count of 0 or less brings the total alone",
        Dialogue(
            |its, said| match said {
                [] => Some(corpus_with(its, "cursor=&count=0")),
                [_] => Some(corpus_with(its, "cursor=&count=-1")),
                [_, _, walked @ ..] => walk(its, walked),
            },
            |said| {
                let sizes = said.exchanges.iter().skip(2).map(|seen| match page(seen) {
                    Ok(page) => require(
                        page.ids.len() <= PAGE_SIZE,
                        &format!("{PAGE_SIZE} users or fewer"),
                        page.ids.len().to_string(),
                    ),
                    Err(why) => fail("a page", why),
                });
                worst(sizes.chain([totals_alone(&said[0]), totals_alone(&said[1])]))
            },
        ),
    ),
    implied(
        "cursor-partition",
        Rfc9865("2"),
        "the pages of a walk hold everybody once",
        Dialogue(walk, |said| judge_walk(said, |pages| everybody_once(said, pages))),
    )
    .on(Setting::Corpus)
    .needs(NEEDS),
    may(
        "cursor-total",
        Rfc9865("2"),
        "totalResults of every page counts the whole list, or is left out",
        Dialogue(walk, |said| {
            judge_walk(said, |pages| {
                let all = said.its.users.len() as u64;
                let totals = pages.iter().filter_map(|page| page.total);
                worst(totals.map(|total| expect("totalResults", all, total)))
            })
        }),
    )
    .on(Setting::Corpus)
    .needs(NEEDS),
    implied(
        "cursor-sorted",
        Rfc9865("2.2"),
        "a sorted list stays sorted from page to page",
        Dialogue(
            |its, said| onwards(its, said, "&sortBy=userName"),
            |said| {
                judge_walk(said, |pages| {
                    let ids: Vec<String> = pages.iter().flat_map(|it| it.ids.clone()).collect();
                    ordered(said, &ids, false, |user| word(user, "userName"))
                })
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Cursor, Sort, JoinedFilters]),
    must(
        "cursor-default-method",
        Rfc9865("2.4"),
        "a query that names neither cursor nor index is paged by the default method",
        Probe(
            |_| vec![Request::get("/ServiceProviderConfig"), Request::get("/Users?count=2")],
            by_default,
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Cursor]),
    may(
        "cursor-only-server",
        Rfc9865("2.3"),
        "a query without a cursor is answered, by index or with the cursor of what follows",
        Probe(
            |_| vec![Request::get("/Users")],
            |said| match page(&said[0]) {
                Ok(page) if page.next().is_some() => Verdict::Remark(
                    "a bare list goes on by cursor; whether Entra follows is not documented"
                        .to_owned(),
                ),
                Ok(_) => Verdict::Pass,
                Err(why) => fail("a list", why),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Cursor]),
    implied(
        "cursor-search",
        Rfc9865("3"),
        "a search by POST is walked by cursor, too",
        Dialogue(
            |its, said| {
                let cursor = match said {
                    [] => String::new(),
                    [first] => page(first).ok()?.next()?.to_owned(),
                    _ => return None,
                };
                let asked = json!({"filter": its.mark(), "cursor": cursor, "count": PAGE_SIZE});
                Some(search(&asked))
            },
            |said| match (page(&said[0]), said.exchanges.get(1).map(page)) {
                (Ok(first), Some(Ok(second))) => {
                    let apart = first.ids.iter().all(|id| !second.ids.contains(id));
                    require(apart && !second.ids.is_empty(), "other users on page two", "the same")
                }
                (Ok(_), None) => fail("a `nextCursor`", "none"),
                (Err(why), _) | (_, Some(Err(why))) => fail("a page", why),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Cursor, Search, JoinedFilters]),
];

/// A MUST about the walk of the corpus.
const fn of_a_walk(
    id: &'static str,
    section: &'static str,
    sentence: &'static str,
    judge: Judge,
) -> Check {
    must(id, Rfc9865(section), sentence, judge).on(Setting::Corpus).needs(NEEDS)
}

/// A page as the answer shows it. Unlike any other list it may be without a total.
struct Page {
    body: Value,
    ids: Vec<String>,
    total: Option<u64>,
    next: Value,
    previous: Value,
}

impl Page {
    fn next(&self) -> Option<&str> {
        self.next.as_str().filter(|cursor| !cursor.is_empty())
    }

    fn previous(&self) -> Option<&str> {
        self.previous.as_str().filter(|cursor| !cursor.is_empty())
    }

    fn names(&self, member: &str) -> bool {
        self.body.get(member).is_some()
    }
}

/// Reads a page, or says what it is instead.
fn page(seen: &Exchange) -> Result<Page, String> {
    let body = seen.json().filter(|_| seen.is_success()).ok_or_else(|| seen.told())?;
    let urns = body["schemas"].as_array().map_or(&[][..], Vec::as_slice);
    if !urns.iter().any(|urn| urn == scim::LIST_RESPONSE) {
        return Err("`schemas` does not name the ListResponse URN".to_owned());
    }
    let resources = body["Resources"].as_array().map_or(&[][..], Vec::as_slice);
    let id = |resource: &Value| resource["id"].as_str().unwrap_or_default().to_owned();
    Ok(Page {
        ids: resources.iter().map(id).collect(),
        total: body["totalResults"].as_u64(),
        next: body["nextCursor"].clone(),
        previous: body["previousCursor"].clone(),
        body,
    })
}

fn ids_of(seen: &Exchange) -> String {
    page(seen).map(|page| page.ids.join(", ")).unwrap_or_default()
}

/// The parameters of a page.
fn asked(cursor: &str) -> String {
    format!("cursor={}&count={PAGE_SIZE}", encoded(cursor))
}

/// The next page of the corpus, while there is one.
fn walk(its: &Fixture, said: &[Exchange]) -> Option<Request> {
    onwards(its, said, "")
}

/// As [`walk`], with further parameters.
fn onwards(its: &Fixture, said: &[Exchange], parameters: &str) -> Option<Request> {
    let cursor = match said.last() {
        None => String::new(),
        Some(last) if said.len() < PAGES_MAX => page(last).ok()?.next()?.to_owned(),
        Some(_) => return None,
    };
    Some(corpus_with(its, &format!("{}{parameters}", asked(&cursor))))
}

/// Judges the pages of a walk; what is no page is a failure of its own.
fn judge_walk(said: &Said, judge: impl FnOnce(&[Page]) -> Verdict) -> Verdict {
    let pages: Result<Vec<Page>, String> = said.exchanges.iter().map(page).collect();
    match pages {
        Ok(pages) => judge(&pages),
        Err(why) => fail("a page", why),
    }
}

/// Every user of the corpus is on one page, and on one alone.
fn everybody_once(said: &Said, pages: &[Page]) -> Verdict {
    let walked: Vec<&String> = pages.iter().flat_map(|page| &page.ids).collect();
    let once: BTreeSet<&&String> = walked.iter().collect();
    let missing = said.its.users.iter().filter(|user| !once.contains(&&user.id)).count();
    let twice = walked.len() - once.len();
    all_of([
        require(missing == 0, "every user on a page", format!("{missing} on none")),
        require(twice == 0, "no user on two pages", format!("{twice} shown again")),
    ])
}

fn totals_alone(seen: &Exchange) -> Verdict {
    match page(seen) {
        Ok(page) => require(page.ids.is_empty(), "no users", format!("{} of them", page.ids.len())),
        Err(why) if seen.status() == 400 => Verdict::Remark(format!("refused: {why}")),
        Err(why) => fail("a list without users", why),
    }
}

fn is_unreserved(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-._~".contains(letter)
}

/// `pagination` of the configuration: two flags, and what else is said of the right type.
fn expect_pagination(pagination: &Value) -> Verdict {
    let flags = ["cursor", "index"].map(|name| {
        let given = &pagination[name];
        require(given.is_boolean(), &format!("`{name}` a boolean"), shown(given))
    });
    let sizes = ["defaultPageSize", "maxPageSize", "cursorTimeout"].map(|name| {
        let given = &pagination[name];
        let right = given.is_null() || given.as_u64().is_some_and(|size| size > 0);
        require(right, &format!("`{name}` a whole number above 0"), shown(given))
    });
    let method = &pagination["defaultPaginationMethod"];
    let known = method.is_null() || method == "cursor" || method == "index";
    let method = require(known, "`defaultPaginationMethod` cursor or index", shown(method));
    worst(flags.into_iter().chain(sizes).chain([method]))
}

/// The configuration names the method, or any will do; a part of a list goes on somehow.
fn by_default(said: &Said) -> Verdict {
    let page = match page(&said[1]) {
        Ok(page) => page,
        Err(why) => return fail("a page, whatever the method", why),
    };
    let (by_cursor, by_index) = (page.next().is_some(), page.names("startIndex"));
    let method = said[0].at("/pagination/defaultPaginationMethod").unwrap_or_default();
    let told = match (by_cursor, by_index) {
        (true, _) => "a `nextCursor`",
        (false, true) => "a `startIndex`",
        (false, false) => "neither `nextCursor` nor `startIndex`",
    };
    match method.as_str() {
        _ if page.total.is_some_and(|total| total <= 2) => Verdict::NotApplicable,
        Some("cursor") => require(by_cursor, "a `nextCursor`, as promised", told),
        Some("index") => require(by_index && !by_cursor, "a `startIndex`, as promised", told),
        _ => require(by_cursor || by_index, "a `nextCursor` or a `startIndex`", told),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::ops::Range;

    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    /// A page of these users of the corpus, with cursors where they are not empty.
    pub(super) fn paged(users: Range<usize>, next: &str, previous: &str) -> Answer {
        let resources: Vec<Value> = users.map(|it| json!({"id": format!("user-{it}")})).collect();
        let mut body = json!({"schemas": [scim::LIST_RESPONSE], "totalResults": CORPUS_USERS,
            "itemsPerPage": resources.len(), "Resources": resources});
        for (name, cursor) in [("nextCursor", next), ("previousCursor", previous)] {
            if !cursor.is_empty() {
                body[name] = json!(cursor);
            }
        }
        answer(200, &body)
    }

    fn with(page: &Answer, name: &str, value: &Value) -> Answer {
        let mut body: Value = serde_json::from_slice(&page.body).unwrap();
        body[name] = value.clone();
        answer(200, &body)
    }

    pub(super) fn right() -> [Answer; 3] {
        [paged(0..3, "b", ""), paged(3..6, "c", "a"), paged(6..8, "", "b")]
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    #[test]
    fn an_empty_cursor_at_the_end_is_a_remark() {
        let check = super::super::find("cursor-next-absent-last").unwrap();
        for empty in [json!(""), Value::Null] {
            let last = with(&paged(0..8, "", ""), "nextCursor", &empty);
            let verdict = judged(check, &Evidence::Answers(vec![last]));
            assert!(matches!(verdict, Verdict::Remark(_)), "{verdict:?}");
        }
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let config = |pagination: &Value| answer(200, &json!({"pagination": pagination}));
        let by_index = || {
            config(&json!({"cursor": true, "index": true,
            "defaultPaginationMethod": "index", "cursorTimeout": 60}))
        };
        let indexed = || with(&paged(0..2, "", ""), "startIndex", &json!(1));
        let [first, second, _] = right();
        let refused = || error(400, "invalidCursor");
        let none = || paged(0..0, "", "");
        let again = [first.clone(), paged(2..5, "c", "a"), paged(5..8, "", "b")];
        let reversed = [first.clone(), paged(3..6, "c", "a"), paged(0..2, "", "b")];
        let at = |order: [usize; 8]| {
            let users = order.map(|it| json!({"id": format!("user-{it}")}));
            with(&none(), "Resources", &json!(users))
        };
        vec![
            canary("cursor-spc", [by_index()], [config(&json!({"cursor": true, "index": "true"}))]),
            canary("cursor-first", [paged(0..2, "b", "")], [paged(0..2, "b", ""), refused()]),
            canary("cursor-next-present", right(), [first.clone(), paged(3..6, "", "a")]),
            canary("cursor-next-absent-last", right(), [first.clone(), second.clone()]),
            canary("cursor-previous-first", [first.clone()], [second.clone()]),
            canary(
                "cursor-previous",
                [first.clone(), second.clone(), paged(6..8, "", "b"), second.clone()],
                [first.clone(), second.clone(), paged(6..8, "", "b"), first.clone()],
            ),
            canary("cursor-charset", right(), [paged(0..3, "b=", ""), none()]),
            canary(
                "cursor-count",
                [none(), none(), first.clone(), second.clone(), paged(6..8, "", "b")],
                [none(), none(), first.clone(), paged(3..8, "", "a")],
            ),
            canary("cursor-partition", right(), again),
            canary(
                "cursor-total",
                right(),
                [first.clone(), with(&paged(3..8, "", "a"), "totalResults", &json!(5))],
            ),
            canary("cursor-sorted", [at([4, 1, 7, 6, 3, 0, 5, 2])], reversed),
            canary("cursor-default-method", [by_index(), indexed()], [by_index(), first.clone()]),
            canary("cursor-only-server", [indexed()], [error(400, "invalidCursor")]),
            canary("cursor-search", [first.clone(), second], [first.clone(), first]),
        ]
    }
}
