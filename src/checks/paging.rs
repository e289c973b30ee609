//! Pages of a list, walked as the gallery validator walks them. Provisioning cycles never page.
//!
//! A tenant may hold any number of strangers, so nothing here wants to see all of them: the walk is
//! as long as the probe's own users are and no longer, whoever else is there. These probes run
//! alone, because a list that moves under them proves nothing.

pub(super) mod limits;

use std::collections::BTreeSet;

use serde_json::Value;

use super::check::*;

const PAGE_SIZE: u64 = 5;
const PAGES_MAX: usize = 3;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "page-count-upper-bound",
        Rfc7644("3.4.2.4"),
        "no more than `count` resources come on a page",
        Probe(
            |_| vec![Request::get("/Users?startIndex=1&count=2")],
            |said| match said[0].list() {
                Ok(list) => {
                    let shown = list.resources.len();
                    require(shown <= 2, "2 or fewer in Resources", format!("{shown}"))
                }
                Err(why) => fail("a ListResponse", why),
            },
        ),
    )
    .on(Setting::Users(3)),
    must(
        "list-total-exact",
        Rfc7644("3.4.2.4"),
        "totalResults counts all that match, not those on the page",
        Probe(
            |its| {
                let one = find("/Users", &equals("userName", its.user().text("userName")));
                let all = Request::get("/Users?startIndex=1&count=1");
                vec![all, Request::get(format!("{}&count=1", one.target))]
            },
            |said| match said[0].list() {
                Ok(list) => {
                    let total = list.total_results;
                    let expected = "totalResults 3 or more, with three users made for it";
                    let three = require(total >= 3, expected, format!("totalResults {total}"));
                    // Who found another one, or nobody, is the subject of other rows.
                    let hit = only_hit(&said[1]).is_some_and(|it| it["id"] == *said.its.user().id);
                    let one = if hit { expect_hits(1, &said[1]) } else { Verdict::NotApplicable };
                    all_of([three, one])
                }
                Err(why) => fail("a ListResponse", why),
            },
        ),
    )
    .on(Setting::Users(3)),
    should(
        "page-response-startindex",
        Rfc7644("3.4.2.4"),
        "startIndex of an answer is the index of its first resource",
        Probe(
            |_| vec![Request::get("/Users?startIndex=2&count=1")],
            |said| match said[0].list() {
                Ok(list) => {
                    let given = list.start_index.map_or("absent".to_owned(), |it| it.to_string());
                    expect("startIndex", 2, given)
                }
                Err(why) => fail("a ListResponse", why),
            },
        ),
    )
    .on(Setting::Users(3)),
    should(
        "entra-pagination-11",
        Entra("gallery validator, SCIM_User_Pagination_Test"),
        "users can be walked in pages of five, none twice and none left out",
        Dialogue(|_, said| next_page("/Users", said), walked),
    )
    .on(Setting::Users(11))
    .risk(Risk::Alone),
    should(
        "entra-pagination-groups",
        Entra("gallery validator, SCIM_Group_Pagination_Test"),
        "groups can be walked in pages of five, none twice",
        Dialogue(|_, said| next_page("/Groups", said), walked),
    )
    .on(Setting::Group { users: 0, members: 0 })
    .needs(&[Group])
    .risk(Risk::Alone),
];

/// The next page of a walk, until the total is reached or the last page was read.
fn next_page(collection: &str, said: &[Exchange]) -> Option<Request> {
    let walked = match said.last() {
        None => 0,
        Some(page) => {
            let listed = page.list().ok()?;
            let before = (said.len() as u64 - 1) * PAGE_SIZE;
            let end = before + listed.resources.len() as u64;
            if listed.resources.is_empty() || end >= listed.total_results || said.len() >= PAGES_MAX
            {
                return None;
            }
            said.len() as u64 * PAGE_SIZE
        }
    };
    Some(Request::get(format!("{collection}?startIndex={}&count={PAGE_SIZE}", walked + 1)))
}

/// Every page is a list, no larger than asked for and full where more are said to follow; no
/// resource comes twice, and at the end of the list none of the probe's own was left out.
fn walked(said: &Said) -> Verdict {
    let pages = &said.exchanges;
    let mut ids = BTreeSet::new();
    let mut is_whole = false;
    let mut short = None;
    for (number, page) in pages.iter().enumerate() {
        let list = match page.list() {
            Ok(list) => list,
            Err(why) => return fail("a ListResponse", format!("page {}: {why}", number + 1)),
        };
        let shown = list.resources.len() as u64;
        if shown > PAGE_SIZE {
            return fail(format!("{PAGE_SIZE} or fewer on a page"), format!("{shown}"));
        }
        for resource in list.resources {
            let id = resource.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !ids.insert(id.clone()) {
                return fail("each resource once", format!("{id} on two pages"));
            }
        }
        is_whole = ids.len() as u64 >= list.total_results;
        let end = number as u64 * PAGE_SIZE + shown;
        if shown < PAGE_SIZE && end < list.total_results {
            short = Some(format!("page {} holds {shown} of {PAGE_SIZE}", number + 1));
        }
    }
    if is_whole && let Some(missing) = said.its.users.iter().find(|it| !ids.contains(&it.id)) {
        return fail("each user of the probe on a page", format!("{} on none", missing.id));
    }
    short.map_or(Verdict::Pass, Verdict::Remark)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn page(ids: std::ops::Range<usize>, total: usize, start: usize) -> Answer {
        let resources: Vec<Value> = ids.map(|id| json!({"id": format!("user-{id}")})).collect();
        answer(
            200,
            &json!({"schemas": [crate::scim::LIST_RESPONSE], "totalResults": total,
            "startIndex": start, "itemsPerPage": resources.len(), "Resources": resources}),
        )
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let walk = || [page(0..5, 11, 1), page(5..10, 11, 6), page(10..11, 11, 11)];
        let repeats = || [page(0..5, 11, 1), page(0..5, 11, 1), page(0..1, 11, 1)];
        vec![
            canary("page-count-upper-bound", [page(0..2, 9, 1)], [page(0..9, 9, 1)]),
            canary(
                "list-total-exact",
                [page(0..1, 9, 1), page(0..1, 1, 1)],
                [page(0..1, 9, 1), page(0..1, 9, 1)],
            ),
            canary("page-response-startindex", [page(1..2, 9, 2)], [page(1..2, 9, 1)]),
            canary("entra-pagination-11", walk(), repeats()),
            canary("entra-pagination-groups", walk(), repeats()),
        ]
    }

    #[test]
    fn a_user_on_no_page_is_missed() {
        let check = super::super::find("entra-pagination-11").unwrap();
        let walk = vec![page(0..5, 11, 1), page(5..10, 11, 6), page(11..12, 11, 11)];
        assert!(matches!(judged(check, &Evidence::Answers(walk)), Verdict::Fail { .. }));
    }

    #[test]
    fn a_walk_among_strangers_ends_early() {
        let full: Vec<Answer> = (0..30).map(|n| page(n * 5..n * 5 + 5, 9_999, n * 5 + 1)).collect();
        let check = super::super::find("entra-pagination-11").unwrap();
        assert_eq!(judged(check, &Evidence::Answers(full)), Verdict::Pass);
    }
}
