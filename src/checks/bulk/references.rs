//! What `bulkId:` refers to (RFC 7644 §3.7.1, §3.7.2): backward, forward, in extensions, in paths,
//! in circles, and to nothing.
//!
//! A verdict rests on what is read afterwards: a reference stored as it was written is the failure
//! that no status shows.

use serde_json::json;

use super::*;
use crate::checks::steps::changed;
use crate::scim;

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    should(
        "bulk-bulkid-required",
        Rfc7644("3.7"),
        "a POST without a bulkId is refused",
        Probe(
            |its| {
                let data = its.new_user(0);
                vec![job([json!({"method": "POST", "path": "/Users", "data": data})])]
            },
            |said| expect_refusal(&[400], &said[0], 0),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    should(
        "bulk-bulkid-unique",
        Rfc7644("3.7"),
        "two operations with one bulkId are refused, or one of them is",
        Probe(
            |its| {
                let two = [0, 1].map(|number| post("/Users", "twin", &its.new_user(number)));
                vec![job(two)]
            },
            |said| match [0, 1].map(|place| expect_refusal(&[400], &said[0], place)) {
                [Verdict::Fail { .. }, second] => second,
                [first, _] => first,
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "bulk-bulkid-resolve",
        Rfc7644("3.7.2"),
        "a reference to an earlier operation becomes the id of what it made",
        Dialogue(
            |its, said| match said {
                [] => Some(job([post_user(its, 0), post_group(its, 0, &["bulkId:user-0"])])),
                [done] => read_made(done, 1),
                _ => None,
            },
            |said| all_of([expect_done(&said[0], 0), expect_done(&said[0], 1), linked(said, 0)]),
        ),
    )
    .on(Setting::Nothing)
    .needs(WITH_GROUPS),
    implied(
        "bulk-bulkid-forward",
        Rfc7644("3.7.1"),
        "a reference to a later operation is resolved, or refused with 409",
        Dialogue(
            |its, said| match said {
                [] => Some(job([post_group(its, 0, &["bulkId:user-0"]), post_user(its, 0)])),
                [done] => read_made(done, 0),
                _ => None,
            },
            |said| match said.exchanges.len() {
                1 => expect_refusal(&[409], &said[0], 0),
                _ => all_of([expect_done(&said[0], 1), linked(said, 1)]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(WITH_GROUPS),
    must(
        "bulk-bulkid-extension",
        Rfc7644("3.7.2"),
        "a reference in an extension is resolved like any other",
        Dialogue(
            |its, said| match said {
                [] => Some(job([post_user(its, 0), managed(its)])),
                [done] => read_made(done, 1),
                _ => None,
            },
            |said| {
                let both = all_of([expect_done(&said[0], 0), expect_done(&said[0], 1)]);
                match (made_id(&said[0], 0), said.exchanges.get(1)) {
                    (Some(id), Some(read)) => {
                        all_of([both, expect_at("enterprise.manager.value", id, read)])
                    }
                    _ => both,
                }
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Bulk, Manager]),
    implied(
        "bulk-bulkid-in-path",
        Rfc7644("3.7.2"),
        "a reference in a path is resolved, or refused cleanly",
        Dialogue(
            |its, said| match said {
                [] => {
                    let change = renamed_at("/Users/bulkId:user-0", "Alice P.");
                    Some(job([post_user(its, 0), change]))
                }
                [done] => read_made(done, 0),
                _ => None,
            },
            |said| {
                let done = expect_done(&said[0], 0);
                match (status(&said[0], 1), said.exchanges.get(1)) {
                    (200..=299, Some(read)) => {
                        all_of([done, expect_at("displayName", "Alice P.", read)])
                    }
                    _ => all_of([done, expect_refusal(&[400, 404, 409], &said[0], 1)]),
                }
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Bulk, Patch, Attribute("displayName")]),
    implied(
        "bulk-bulkid-unknown",
        Rfc7644("3.7.2"),
        "a reference to no operation of the same request fails, be it one of an earlier request",
        Probe(
            |its| {
                let reference = |id: &str| job([post_group(its, 0, &[&format!("bulkId:{id}")])]);
                let earlier = job([post_user(its, 0)]);
                vec![reference("nobody"), earlier, reference("user-0")]
            },
            |said| {
                let refused = |seen| expect_refusal(&[400, 409], seen, 0);
                all_of([refused(&said[0]), refused(&said[2])])
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(WITH_GROUPS),
    must(
        "bulk-circular",
        Rfc7644("3.7.1"),
        "two groups that are members of each other are both linked, or refused with 409",
        Dialogue(
            |its, said| match said {
                [] => Some(job([
                    post_group(its, 0, &["bulkId:group-1"]),
                    post_group(its, 1, &["bulkId:group-0"]),
                ])),
                [done] => read_made(done, 0).or_else(|| read_made(done, 1)),
                [done, _] => read_made(done, 0).and_then(|_| read_made(done, 1)),
                _ => None,
            },
            circle,
        ),
    )
    .on(Setting::Nothing)
    .needs(WITH_GROUPS),
];

/// The create of a second user, whose manager the first one is to be.
fn managed(its: &Fixture) -> Value {
    let mut data = its.new_user(1);
    data["schemas"] = json!([scim::USER, scim::ENTERPRISE_USER]);
    let extension = data.get(scim::ENTERPRISE_USER).cloned().unwrap_or_else(|| json!({}));
    data[scim::ENTERPRISE_USER] =
        changed(extension, &json!({"manager": {"value": "bulkId:user-0"}}));
    post("/Users", "user-1", &data)
}

/// The group that was read last holds what the operation at that place has made, and no more.
fn linked(said: &Said, place: usize) -> Verdict {
    only_if_read(said, |read| match made_id(&said[0], place) {
        Some(id) => holds(&id, read),
        None => Verdict::NotApplicable,
    })
}

fn only_if_read(said: &Said, judge: impl FnOnce(&Exchange) -> Verdict) -> Verdict {
    said.exchanges.get(1).map_or(Verdict::NotApplicable, judge)
}

fn holds(id: &str, group: &Exchange) -> Verdict {
    let held = group.json().as_ref().and_then(members).unwrap_or_default();
    require(held == [id], &format!("members [{id:?}]"), format!("members {}", json!(held)))
}

/// Both groups hold each other, or the circle is refused; one that is there by itself, and any
/// group without its member, is what nobody asked for.
fn circle(said: &Said) -> Verdict {
    let job = &said[0];
    match [made_id(job, 0), made_id(job, 1)] {
        [Some(one), Some(other)] if said.exchanges.len() > 2 => {
            all_of([holds(&other, &said[1]), holds(&one, &said[2])])
        }
        [None, None] => all_of([expect_refusal(&[409], job, 0), expect_refusal(&[409], job, 1)]),
        _ => {
            let told = format!("{}, {}", told(job, 0), told(job, 1));
            fail("both groups, or neither", told)
        }
    }
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::super::super::canary::*;
    use super::super::tests::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn user(number: usize) -> Value {
        made(&format!("user-{number}"), &format!("/Users/{number}"))
    }

    fn group(number: usize) -> Value {
        made(&format!("group-{number}"), &format!("/Groups/g{number}"))
    }

    fn managed_by(id: &str) -> Answer {
        alice(200, &json!({scim::ENTERPRISE_USER: {"manager": {"value": id}}}))
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let nameless = || json!({"method": "POST", "status": "201", "location": "/Users/0"});
        let twin = |path: &str| made("twin", path);
        let renamed = |name: &str| alice(200, &json!({"displayName": name}));
        let in_path = |status: u16| bulk_response(&[user(0), done("PATCH", "/Users/0", status)]);
        let two = || bulk_response(&[group(0), group(1)]);
        vec![
            canary(
                "bulk-bulkid-required",
                [error(400, "invalidValue")],
                [bulk_response(&[nameless()])],
            ),
            canary(
                "bulk-bulkid-unique",
                [bulk_response(&[twin("/Users/0"), refused("twin", 400)])],
                [bulk_response(&[twin("/Users/0"), twin("/Users/1")])],
            ),
            canary(
                "bulk-bulkid-resolve",
                [bulk_response(&[user(0), group(0)]), group_of(&["0"])],
                [bulk_response(&[user(0), group(0)]), group_of(&["bulkId:user-0"])],
            ),
            canary(
                "bulk-bulkid-forward",
                [bulk_response(&[group(0), user(0)]), group_of(&["0"])],
                [bulk_response(&[group(0), user(0)]), group_of(&[])],
            ),
            canary(
                "bulk-bulkid-extension",
                [bulk_response(&[user(0), user(1)]), managed_by("0")],
                [bulk_response(&[user(0), user(1)]), managed_by("bulkId:user-0")],
            ),
            canary("bulk-bulkid-in-path", [in_path(200), renamed("Alice P.")], [in_path(500)]),
            canary(
                "bulk-bulkid-unknown",
                [bulk_response(&[refused("group-0", 400)])],
                [
                    bulk_response(&[refused("group-0", 400)]),
                    bulk_response(&[user(0)]),
                    bulk_response(&[group(0)]),
                ],
            ),
            canary(
                "bulk-circular",
                [two(), group_of(&["g1"]), group_of(&["g0"])],
                [two(), group_of(&["g1"]), group_of(&[])],
            ),
        ]
    }

    #[test]
    fn a_refused_circle_is_right_and_half_a_circle_is_wrong() {
        let check = crate::checks::find("bulk-circular").unwrap();
        let verdict = |results: &[Value]| {
            judged(check, &Evidence::Answers(vec![bulk_response(results), group_of(&[])]))
        };
        let neither = [refused("group-0", 409), refused("group-1", 409)];
        assert_eq!(verdict(&neither), Verdict::Pass);
        let half = [group(0), refused("group-1", 409)];
        assert!(matches!(verdict(&half), Verdict::Fail { .. }));
    }
}
