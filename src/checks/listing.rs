//! Lists: their form, what they count, who is on them, and queries over all types.

use http::Method;
use serde_json::Value;

use super::check::*;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "list-200",
        Rfc7644("3.4.2"),
        "a read of the collection is answered by a list",
        Probe(
            |_| vec![Request::get("/Users")],
            |said| match said[0].scim_error().and_then(|error| error.scim_type) {
                Some(why) if why == "tooMany" && said[0].status() == 400 => {
                    Verdict::Remark("a list of everybody is refused as too long".to_owned())
                }
                _ => expect_list(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "list-toomany",
        Rfc7644("3.4.2.1"),
        "a list that is too long comes in pages or is refused with tooMany",
        Probe(
            |_| vec![Request::get("/Groups")],
            |said| match said[0].status() {
                400 => expect_scim_type("tooMany", &said[0]),
                _ => expect_list(&said[0]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Group]),
    must(
        "list-total",
        Rfc7644("3.4.2"),
        "totalResults stands in every list, an integer",
        Every(ANY, |seen| match seen.body() {
            Some(body) if is_list(seen) && body.get("nextCursor").is_none() => {
                let total = &body["totalResults"];
                require(total.is_u64(), "an integer", || format!("totalResults {}", shown(total)))
            }
            _ => Verdict::NotApplicable,
        }),
    ),
    may(
        "list-resources-empty",
        Rfc7644("3.4.2"),
        "Resources of an empty list is missing or an empty array",
        Probe(
            |its| vec![query(&equals("userName", &its.absent))],
            |said| match said[0].at("/Resources") {
                None => A18.read_as("left-out", "an empty list leaves `Resources` out"),
                Some(Value::Array(entries)) if entries.is_empty() => {
                    A18.read_as("empty-list", "`Resources` is []")
                }
                Some(Value::Null) => {
                    Verdict::Remark("Resources of an empty list is null".to_owned())
                }
                Some(other) => fail("no Resources, or []", shown(&other)),
            },
        ),
    )
    .reads(&[A18])
    .on(Setting::Nothing)
    .needs(&[Filter]),
    must(
        "list-partial-members",
        Rfc7644("3.4.2"),
        "a page that is not all carries startIndex and itemsPerPage",
        Probe(|_| vec![Request::get("/Users?count=1")], |said| partial_members(&said[0])),
    )
    .on(Setting::Corpus),
    implied(
        "list-itemsperpage",
        Rfc7644("3.4.2"),
        "itemsPerPage is the number of resources on this page",
        Probe(
            |its| vec![corpus_with(its, "count=50")],
            |said| match said[0].list() {
                Ok(list) => match (list.items_per_page, list.resources.len() as u64) {
                    (None, _) => Verdict::NotApplicable,
                    (Some(given), shown) if given == shown => {
                        A19.read_as("returned", format!("itemsPerPage is {given}"))
                    }
                    (Some(given), shown) if given > shown => {
                        let told = format!("itemsPerPage is {given} on a page of {shown}");
                        A19.read_as("page-size", told)
                    }
                    (Some(given), shown) => {
                        fail(format!("itemsPerPage {shown}"), format!("itemsPerPage {given}"))
                    }
                },
                Err(why) => fail("a ListResponse", why),
            },
        ),
    )
    .reads(&[A19])
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "list-entries-complete",
        Rfc7644("3.4"),
        "a list shows of a user what a read shows",
        Probe(
            |its| {
                let filter = equals("userName", its.user().text("userName"));
                vec![query(&filter), get(its.user())]
            },
            |said| {
                let (Some(entry), Some(read)) = (only_hit(&said[0]), said[1].json()) else {
                    return Verdict::NotApplicable;
                };
                let attributes = read.as_object().into_iter().flatten();
                worst(attributes.map(|(name, value)| match entry.get(name) {
                    None if is_unassigned(value) => Verdict::Pass,
                    None => A20.read_as("thinner", format!("lists leave `{name}` out")),
                    Some(_) if name == "meta" => Verdict::Pass,
                    Some(listed) => expect_value(name, value, Some(listed)),
                }))
            },
        ),
    )
    .reads(&[A20])
    .on(Setting::Corpus)
    .needs(&[Filter]),
    must(
        "list-single-hit-is-list",
        Rfc7644("3.4.2"),
        "a look-up with one hit is a list of one, not the resource",
        Probe(
            |its| vec![query(&equals("userName", its.user().text("userName")))],
            |said| expect_list(&said[0]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    should(
        "list-unknown-param",
        Rfc7644("3.4.2"),
        "a parameter that nobody defined is passed over by a query",
        Probe(|_| vec![Request::get("/Users?count=1&harness=1")], |said| expect_list(&said[0])),
    )
    .on(Setting::Nothing),
    must(
        "list-deleted-omitted",
        Rfc7644("3.6"),
        "a deleted user is on no list",
        Probe(
            |its| {
                let (gone, stays) = (its.user(), &its.users[1]);
                let name = |user: &Known| equals("userName", user.text("userName"));
                vec![delete(gone), query(&format!("{} or {}", name(gone), name(stays)))]
            },
            |said| match said[0].is_success() {
                true => if_known(&said[1], expect_hit(&said.its.users[1].id, &said[1])),
                false => Verdict::CannotTell(format!("the deletion was {}", said[0].told())),
            },
        ),
    )
    .on(Setting::BareUsers(2))
    .needs(&[Filter]),
    implied(
        "list-created-visible",
        Rfc7644("3.4.2"),
        "a new user is on the lists at once",
        Dialogue(
            |its, said| match said {
                [] => Some(create_user(&its.new_user(0))),
                [made] if made.is_success() => Some(query(&equals("userName", &its.user_name(0)))),
                _ => None,
            },
            |said| match (said[0].id(), said.exchanges.get(1)) {
                (Some(id), Some(found)) => expect_hit(&id, found),
                _ => Verdict::CannotTell(format!("the create was {}", said[0].told())),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    may(
        "query-single-resource",
        Rfc7644("3.4.2"),
        "a filter on one resource gets a clean answer",
        Probe(
            |its| {
                let filter = encoded(&equals("userName", its.user().text("userName")));
                vec![Request::get(format!("{}?filter={filter}", its.user().path()))]
            },
            |said| expect_clean(&said[0]),
        ),
    )
    .on(Setting::Corpus),
    may(
        "query-root-all",
        Rfc7644("3.4.2.1"),
        "a query at the base URL spans all types",
        Probe(|its| vec![at_root(its, "")], |said| expect_pair(said, [true, true])),
    )
    .on(Setting::Group { users: 1, members: 0 })
    .needs(&[Root, Group]),
    may(
        "query-root-type-filter",
        Rfc7644("3.4.2.1"),
        "meta.resourceType selects a type at the base URL",
        Probe(
            |its| vec![at_root(its, "meta.resourceType eq \"Group\" and ")],
            |said| expect_pair(said, [false, true]),
        ),
    )
    .on(Setting::Group { users: 1, members: 0 })
    .needs(&[Root, Group]),
    must(
        "query-root-foreign-attr",
        Rfc7644("3.4.2.1"),
        "at the base URL an attribute that a type lacks counts as having no value",
        Probe(
            |its| vec![at_root(its, "userName pr and ")],
            |said| expect_pair(said, [true, false]),
        ),
    )
    .on(Setting::Group { users: 1, members: 0 })
    .needs(&[Root, Group]),
];

/// A query at the base URL for the user and the group.
fn at_root(its: &Fixture, and: &str) -> Request {
    let (user, group) = (equals("id", &its.user().id), equals("id", &its.group().id));
    Request::get(format!("/?filter={}", encoded(&format!("{and}({user} or {group})"))))
}

/// Expects the user, the group, or both.
fn expect_pair(said: &Said, expected: [bool; 2]) -> Verdict {
    if !said[0].is_success() {
        return fail("status 200", said[0].told());
    }
    let found = ids(&said[0]);
    let pair = [&said.its.user().id, &said.its.group().id].map(|id| found.contains(id));
    let words = |pair: [bool; 2]| format!("user {}, group {}", pair[0], pair[1]);
    expect("found:", words(expected), words(pair))
}

/// Expects 200 and a list.
pub(super) fn expect_list(seen: &Exchange) -> Verdict {
    match seen.list() {
        _ if seen.status() != 200 => fail("status 200", seen.told()),
        Ok(_) => Verdict::Pass,
        Err(why) => fail("a ListResponse", why),
    }
}

fn expect_scim_type(expected: &str, seen: &Exchange) -> Verdict {
    let given = seen.scim_error().and_then(|error| error.scim_type);
    expect("scimType", expected, given.as_deref().unwrap_or("absent"))
}

/// A page that holds fewer than there are says where it begins and how long it is.
pub(super) fn partial_members(seen: &Exchange) -> Verdict {
    let Ok(list) = seen.list() else { return Verdict::NotApplicable };
    let whole = list.resources.len() as u64 >= list.total_results;
    if whole || seen.body().is_some_and(|body| body.get("nextCursor").is_some()) {
        return Verdict::NotApplicable;
    }
    let given = [("startIndex", list.start_index), ("itemsPerPage", list.items_per_page)];
    let missing = given.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name);
    let missing: Vec<&str> = missing.collect();
    require(missing.is_empty(), "startIndex and itemsPerPage", || {
        format!("no integer {}", missing.join(", no integer "))
    })
}

/// Whether the answer is a list of users or groups.
fn is_list(seen: &Seen<'_>) -> bool {
    let path = seen.request.path().trim_end_matches('/');
    let listing = matches!(path, "/Users" | "/Groups") && seen.request.method == Method::GET;
    seen.is_success() && (listing || path.ends_with("/.search"))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;
    use crate::scim;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn page(members: &Value) -> Answer {
        let mut body = json!({"schemas": [scim::LIST_RESPONSE], "totalResults": 3,
            "Resources": [{"id": "user-0"}, {"id": "user-1"}]});
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        answer(200, &body)
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let none = || of([]);
        let user = |name: &str| json!({"id": "user-0", "displayName": name});
        let read = |name: &str| answer(200, &user(name));
        let listed = |total: Value| {
            let answer = page(&json!({"totalResults": total}));
            exchange(Operation::MatchUser, Request::get("/Users?count=1"), answer)
        };
        let both = || list(&[json!({"id": "user-0"}), json!({"id": "group-0"})]);
        let group = || list(&[json!({"id": "group-0"})]);
        vec![
            canary("list-200", [none()], [answer(200, &json!([]))]),
            canary("list-toomany", [error(400, "tooMany")], [error(400, "invalidValue")]),
            heard("list-total", listed(json!(3)), listed(json!("3"))),
            canary("list-resources-empty", [none()], [page(&json!({"Resources": "none"}))]),
            canary(
                "list-partial-members",
                [page(&json!({"startIndex": 1, "itemsPerPage": 2}))],
                [page(&json!({"startIndex": 1}))],
            ),
            canary(
                "list-itemsperpage",
                [page(&json!({"itemsPerPage": 50}))],
                [page(&json!({"itemsPerPage": 0}))],
            ),
            canary(
                "list-entries-complete",
                [list(&[json!({"id": "user-0"})]), read("a")],
                [list(&[user("b")]), read("a")],
            ),
            canary("list-single-hit-is-list", [of([0])], [read("a")]),
            canary("list-unknown-param", [none()], [error(400, "")]),
            canary("list-deleted-omitted", [empty(204), of([1])], [empty(204), of([0, 1])]),
            canary("list-created-visible", [read("a"), of([0])], [read("a"), none()]),
            canary("query-single-resource", [error(400, "")], [error(500, "")]),
            canary("query-root-all", [both()], [of([0])]),
            canary("query-root-type-filter", [group()], [both()]),
            canary("query-root-foreign-attr", [of([0])], [error(400, "invalidFilter")]),
        ]
    }
}
