//! What an operation that fails does to the others, and what the order of operations means
//! (RFC 7644 §3.7, §3.7.3).

use serde_json::json;

use super::*;
use crate::checks::steps::only_if;

/// The checks of this topic.
pub(in super::super) const CHECKS: &[Check] = &[
    must(
        "bulk-continue-on-error",
        Rfc7644("3.7"),
        "without failOnErrors an operation that fails keeps no other from being done",
        Dialogue(
            |its, said| match said {
                [] => Some(job([bad(its), post_user(its, 0), bad(its), post_user(its, 1)])),
                [done] => read_made(done, 1),
                [done, _] => read_made(done, 3),
                _ => None,
            },
            |said| all_of([there(said, 1, 1), there(said, 3, 2)]),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "bulk-failonerrors",
        Rfc7644("3.7"),
        "with a failOnErrors of 1 nothing is done after the first error",
        Probe(
            |its| vec![job_failing_on(1, [bad(its), post_user(its, 0)]), find_user(its, 0)],
            |said| all_of([not_done(said, 1), expect_hits(0, &said[1])]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Bulk, Filter]),
    must(
        "bulk-failonerrors-n",
        Rfc7644("3.7"),
        "failOnErrors counts the errors: with 2 the second one ends the request",
        Probe(
            |its| {
                let operations = [bad(its), post_user(its, 0), bad(its), post_user(its, 1)];
                vec![job_failing_on(2, operations), find_user(its, 0), find_user(its, 1)]
            },
            |said| {
                all_of([
                    expect_done(&said[0], 1),
                    not_done(said, 3),
                    expect_hits(1, &said[1]),
                    expect_hits(0, &said[2]),
                ])
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Bulk, Filter]),
    implied(
        "bulk-no-transaction",
        Rfc7644("3.7"),
        "an operation that fails takes back nothing that was done before it",
        Dialogue(
            |its, said| match said {
                [] => Some(job([post_user(its, 0), bad(its)])),
                [done] => read_made(done, 0),
                _ => None,
            },
            |said| there(said, 0, 1),
        ),
    )
    .on(Setting::Nothing)
    .needs(NEEDS),
    must(
        "bulk-sequential-effect",
        Rfc7644("3.7"),
        "operations have the effect that they have one after the other",
        Dialogue(
            |its, said| match said {
                [] => Some(job([
                    renamed_at(&its.users[0].path(), "Alice S."),
                    deletion(&its.users[0]),
                    again(its, 0),
                ])),
                // A tenant that keeps the names of the deleted does so in any case.
                [done] if status(done, 2) == 409 => Some(delete(&its.users[1])),
                [_, _] => Some(create_user(&again(its, 1)["data"])),
                _ => None,
            },
            |said| {
                if said.exchanges.get(2).is_some_and(|alone| !alone.is_success()) {
                    return Verdict::NotApplicable;
                }
                worst((0..3).map(|place| expect_done(&said[0], place)))
            },
        ),
    )
    .on(Setting::Users(2))
    .needs(&[Bulk, Patch, Attribute("displayName")]),
    may(
        "bulk-version",
        Rfc7644("3.7"),
        "an operation that names an old version is stopped, as by If-Match",
        Dialogue(
            |its, said| match said {
                [] | [_, _, _] => Some(get(its.user())),
                [read] => Some(with_version(its, "Alice V.", read.header("etag")?)),
                [read, _] => Some(with_version(its, "Too Late", read.header("etag")?)),
                _ => None,
            },
            versioned,
        ),
    )
    .needs(&[Bulk, Etag, Patch, Attribute("displayName")]),
    implied(
        "bulk-auth-per-op",
        Rfc7644("2"),
        "who may not write is refused operation by operation, or as a whole",
        Probe(
            |its| vec![job([post_user(its, 1), deletion(its.user())])],
            |said| {
                let refused = |place| expect_refusal(&[401, 403], &said[0], place);
                all_of([refused(0), refused(1)])
            },
        ),
    )
    .needs(&[Bulk, OperatorGives("a second token, without the right to write")]),
];

/// What the operation at a place has made was read, in the exchange at another, and is there.
fn there(said: &Said, place: usize, read: usize) -> Verdict {
    let read = said.exchanges.get(read).map_or(Verdict::NotApplicable, |it| expect_status(200, it));
    all_of([expect_done(&said[0], place), read])
}

/// An operation behind the end of its request has no result; one that says that it was not done is
/// worth a remark.
fn not_done(said: &Said, place: usize) -> Verdict {
    judge_results(&said[0], |_| match result(&said[0], place) {
        None => Verdict::Pass,
        Some(result) if !result.is_success() => {
            Verdict::Remark(format!("not done, and listed: {}", told(&said[0], place)))
        }
        Some(_) => fail(format!("no operation {}", place + 1), told(&said[0], place)),
    })
}

/// A user of the same userName as one of the fixture, and otherwise another.
fn again(its: &Fixture, number: usize) -> Value {
    let mut data = its.new_user(number + 2);
    data["userName"] = json!(its.users[number].text("userName"));
    post("/Users", "again", &data)
}

fn with_version(its: &Fixture, name: &str, version: &str) -> Request {
    let mut operation = renamed_at(&its.user().path(), name);
    operation["version"] = json!(version);
    job([operation])
}

/// The current version passes; the same one is old then.
fn versioned(said: &Said) -> Verdict {
    only_if(said.exchanges.len() > 3 && said[0].header("etag") != said[3].header("etag"), || {
        let held = said[3].at("/displayName").unwrap_or_default();
        all_of([
            expect_done(&said[1], 0),
            expect_refusal(&[412], &said[2], 0),
            require(held != "Too Late", "nothing changed", "the change"),
        ])
    })
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

    fn tagged(tag: &str, name: &str) -> Answer {
        let mut read = alice(200, &json!({"displayName": name}));
        read.headers.insert("etag", tag.parse().unwrap());
        read
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let found = || list(&[json!({"id": "0"})]);
        let none = || list(&[]);
        let read = || alice(200, &json!({}));
        let all = || bulk_response(&[not_found(), user(0), not_found(), user(1)]);
        let three = || bulk_response(&[not_found(), user(0), not_found()]);
        let change = || done("PATCH", "/Users/user-0", 200);
        let gone = || done("DELETE", "/Users/user-0", 204);
        let in_order = |last: Value| bulk_response(&[change(), gone(), last]);
        let stale = || bulk_response(&[failed("PATCH", "/Users/user-0", 412)]);
        let denied = || failed("DELETE", "/Users/user-0", 403);
        vec![
            canary("bulk-continue-on-error", [all(), read()], [bulk_response(&[not_found()])]),
            canary("bulk-failonerrors", [bulk_response(&[not_found()]), none()], [all(), found()]),
            canary("bulk-failonerrors-n", [three(), found(), none()], [all(), found(), found()]),
            canary(
                "bulk-no-transaction",
                [bulk_response(&[user(0), not_found()]), read()],
                [bulk_response(&[user(0), not_found()]), error(404, "")],
            ),
            canary(
                "bulk-sequential-effect",
                [in_order(made("again", "/Users/2"))],
                [in_order(refused("again", 409)), empty(204), answer(201, &json!({"id": "3"}))],
            ),
            canary(
                "bulk-version",
                [
                    tagged("\"1\"", "a"),
                    bulk_response(&[change()]),
                    stale(),
                    tagged("\"2\"", "Alice V."),
                ],
                [
                    tagged("\"1\"", "a"),
                    bulk_response(&[change()]),
                    bulk_response(&[change()]),
                    tagged("\"3\"", "Too Late"),
                ],
            ),
            canary(
                "bulk-auth-per-op",
                [bulk_response(&[refused("user-1", 403), denied()])],
                [bulk_response(&[refused("user-1", 403), gone()])],
            ),
        ]
    }

    #[test]
    fn a_tenant_that_keeps_deleted_names_is_not_taken_for_one_that_reorders() {
        let check = crate::checks::find("bulk-sequential-effect").unwrap();
        let conflict = bulk_response(&[
            done("PATCH", "/Users/user-0", 200),
            done("DELETE", "/Users/user-0", 204),
            refused("again", 409),
        ]);
        let answers = vec![conflict, empty(204), error(409, "uniqueness")];
        assert_eq!(judged(check, &Evidence::Answers(answers)), Verdict::NotApplicable);
    }
}
