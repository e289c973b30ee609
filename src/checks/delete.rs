//! DELETE, beyond what stands with users and groups: nothing revives what is deleted, and what
//! pointed at it still works (RFC 7644 §3.6).

use http::header::IF_MATCH;
use serde_json::json;

use super::check::*;
use super::steps::without;
use crate::scim::message::patch_body;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "delete-put-404",
        Rfc7644("3.6"),
        "a PUT to a deleted user answers 404 and does not revive it",
        Probe(
            |its| {
                // The last request takes away what must not have been revived.
                let put = Request::put(its.user().path(), &its.user().sent);
                vec![delete(its.user()), put, get(its.user()), delete(its.user())]
            },
            |said| after_deletion(said, || all_of([no_way(&said[1]), expect_gone(&said[2])])),
        ),
    )
    .needs(&[Put]),
    must(
        "delete-patch-404",
        Rfc7644("3.6"),
        "a PATCH of a deleted user answers 404",
        Probe(
            |its| {
                let body = patch_body(&[op("replace", "active", true)]);
                vec![delete(its.user()), Request::patch(its.user().path(), &body)]
            },
            |said| after_deletion(said, || no_way(&said[1])),
        ),
    )
    .needs(&[Patch]),
    should(
        "delete-name-free",
        Rfc7644("3.6"),
        "a deleted user stands in nobody's way: its userName makes a new user with a new id",
        Probe(
            |its| vec![delete(its.user()), create_user(&its.user().sent)],
            |said| made_afresh(said, &said.its.user().id),
        ),
    ),
    implied(
        "delete-leaves-nothing",
        Rfc7644("3.6"),
        "a user that is created again has no title and no groups of the one that was deleted",
        Dialogue(
            |its, said| match said {
                [] => Some(delete(its.user())),
                [_] => Some(create_user(&without(its.user().sent.clone(), &["title"]))),
                [_, made] => by_id("/Users", made),
                _ => None,
            },
            |said| match said.exchanges.as_slice() {
                [deleted, _, read] if deleted.is_success() => {
                    all_of([expect_unassigned("title", read), expect_unassigned("groups", read)])
                }
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Group { users: 1, members: 1 })
    .needs(&[Group, Attribute("title")]),
    should(
        "delete-group-name-free",
        Rfc7644("3.6"),
        "a deleted group stands in nobody's way: its displayName makes a new group with a new id",
        Probe(
            |its| vec![delete(its.group()), create_group(&its.group().sent)],
            |said| made_afresh(said, &said.its.group().id),
        ),
    )
    .on(Setting::Group { users: 0, members: 0 })
    .needs(&[Group]),
    may(
        "delete-not-deactivate",
        Draft("draft-zollner-scim-interop-profile"),
        "a DELETE deletes: it does not merely set `active` to false",
        Probe(
            |its| vec![delete(its.user()), get(its.user())],
            |said| after_deletion(said, || expect_gone(&said[1])),
        ),
    )
    .needs(&[Attribute("active")]),
    may(
        "delete-membership-cleanup",
        Rfc7643("2.3.7"),
        "a deleted user is no longer a member of its groups",
        Probe(
            |its| vec![delete(its.user()), get(its.group())],
            |said| {
                let left = [&said.its.users[1]];
                after_deletion(said, || expect_members(&left, &said[1]))
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 2 })
    .needs(&[Group]),
    may(
        "delete-manager-cleanup",
        Rfc7643("2.3.7"),
        "a user whose manager is deleted can still be read",
        Probe(
            |its| {
                let manager = json!({"value": its.users[1].id});
                let set = patch(its.user(), [op("add", &enterprise("manager"), manager)]);
                vec![set, delete(&its.users[1]), get(its.user())]
            },
            |said| {
                if !said[0].is_success() || !said[1].is_success() {
                    return Verdict::NotApplicable;
                }
                expect_status(200, &said[2])
            },
        ),
    )
    .on(Setting::Users(2))
    .needs(&[Patch, Manager]),
    implied(
        "delete-if-match",
        Rfc7644("3.14"),
        "a DELETE with an outdated If-Match is stopped",
        Dialogue(
            |its, said| match said {
                [] => Some(get(its.user())),
                [_] => Some(patch(its.user(), [op("replace", "title", "Lead")])),
                [read, written] if written.is_success() => {
                    Some(delete(its.user()).header(IF_MATCH, read.header("etag")?))
                }
                [_, _, _] => Some(get(its.user())),
                _ => None,
            },
            |said| match said.exchanges.get(2).map(|seen| (seen, seen.status())) {
                None => Verdict::NotApplicable,
                Some((_, 412)) => expect_status(200, said.last()),
                Some((seen, 400..=499)) => Verdict::Remark(format!("stopped with {}", seen.told())),
                Some((seen, _)) => fail("status 412", seen.told()),
            },
        ),
    )
    .needs(&[Patch, Etag, Attribute("title")]),
    implied(
        "delete-race",
        Rfc7644("3.6"),
        "of deletions at the same time one answers 204 and the others 404",
        Race(
            |its| (0..8).map(|_| delete(its.user())).collect(),
            |its| vec![get(its.user())],
            |said| {
                let deletions = &said.exchanges[..said.exchanges.len() - 1];
                let done = deletions.iter().filter(|seen| seen.is_success()).count();
                let twice = Verdict::Remark(format!("{done} of 8 answer 2xx"));
                all_of([
                    worst(deletions.iter().map(|seen| match seen.status() {
                        200..=299 | 404 | 409 | 410 | 412 => Verdict::Pass,
                        _ => fail("status 204 or 404", seen.told()),
                    })),
                    if done > 1 { twice } else { Verdict::Pass },
                    expect_gone(said.last()),
                ])
            },
        ),
    )
    .risk(Risk::Heavy),
];

/// Judges what comes after a deletion that was taken.
fn after_deletion(said: &Said, judge: impl FnOnce() -> Verdict) -> Verdict {
    if said[0].is_success() { judge() } else { Verdict::NotApplicable }
}

/// What was created in the place of what was deleted is there, and is another one.
fn made_afresh(said: &Said, former: &str) -> Verdict {
    after_deletion(said, || {
        let id = said[1].id().unwrap_or_default();
        all_of([
            expect_created(&said[1]),
            require(id != former, "a new id", "the deleted one's id"),
        ])
    })
}

/// 404 for a change of what is gone; another refusal is worth a remark.
fn no_way(seen: &Exchange) -> Verdict {
    match seen.status() {
        400..=403 | 405..=409 | 411..=499 => {
            Verdict::Remark(format!("a change of what is gone is answered {}", seen.told()))
        }
        _ => expect_gone(seen),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::super::patches::tests::user;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let old = || user(json!({}));
        let made = |id: &str| answer(201, &json!({"id": id}));
        let missing = || error(404, "");
        let mut tagged = old();
        tagged.headers.insert("etag", "W/\"1\"".parse().unwrap());
        let race = |others: &Answer| -> [Answer; 9] {
            std::array::from_fn(|place| match place {
                0 => empty(204),
                8 => missing(),
                _ => others.clone(),
            })
        };
        vec![
            canary("delete-put-404", [empty(204), missing()], [empty(204), old()]),
            canary("delete-patch-404", [empty(204), missing()], [empty(204), old()]),
            canary(
                "delete-name-free",
                [empty(204), made("user-9")],
                [empty(204), error(409, "uniqueness")],
            ),
            canary(
                "delete-leaves-nothing",
                [empty(204), made("user-9"), user(json!({"title": null}))],
                [empty(204), made("user-9"), user(json!({"title": "Engineer"}))],
            ),
            canary(
                "delete-group-name-free",
                [empty(204), made("group-9")],
                [empty(204), error(409, "uniqueness")],
            ),
            canary(
                "delete-not-deactivate",
                [empty(204), missing()],
                [empty(204), user(json!({"active": false}))],
            ),
            canary(
                "delete-membership-cleanup",
                [empty(204), group_of(&["user-1"])],
                [empty(204), group_of(&["user-0", "user-1"])],
            ),
            canary(
                "delete-manager-cleanup",
                [empty(204), empty(204), old()],
                [empty(204), empty(204), error(500, "")],
            ),
            canary(
                "delete-if-match",
                [tagged.clone(), empty(204), error(412, ""), old()],
                [tagged, empty(204), empty(204), missing()],
            ),
            canary("delete-race", race(&missing()), race(&error(500, ""))),
        ]
    }
}
