//! Asynchronous requests (RFC 9967): a write is taken with 202 and done afterwards.
//!
//! Events are delivered elsewhere; what became of a write is read back. Nothing is created this way:
//! a 202 may name no id, and nobody could clean up after it.

use std::time::Duration;

use http::HeaderName;
use http::header::ACCEPT;
use serde_json::{Value, json};

use super::check::*;
use super::steps::target_of;

/// The header of preferences (RFC 7240).
pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The preference for an answer before the work is done.
pub(crate) const LATER: &str = "respond-async";

/// What the checks of a 202 need.
const NEEDS: &[Capability] = &[Async, Patch, Attribute("displayName")];
/// The `wait` that is asked for, and what a slow network may add to it.
const WAIT: Duration = Duration::from_secs(10);
const LENIENCE: Duration = Duration::from_secs(5);

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    may(
        "async-spc",
        Rfc9967("4"),
        "`securityEvents` says none, long or request, and lists its events as texts",
        Probe(
            |_| vec![Request::get("/ServiceProviderConfig")],
            |said| match said[0].at("/securityEvents") {
                None => Verdict::NotApplicable,
                Some(events) => {
                    let word = &events["asyncRequest"];
                    let uris = &events["eventUris"];
                    let texts = |uris: &Vec<Value>| uris.iter().all(Value::is_string);
                    all_of([
                        require(keyword(word).is_some(), "none, long or request", shown(word)),
                        require(
                            uris.is_null() || uris.as_array().is_some_and(texts),
                            "`eventUris` an array of texts",
                            shown(uris),
                        ),
                    ])
                }
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Config]),
    may(
        "async-prefer-sync-ok",
        Rfc9967("2.5.1.1"),
        "a wish for an asynchronous answer does no harm where it cannot be met",
        Probe(
            |its| vec![Request::get("/ServiceProviderConfig"), later(its.user())],
            |said| {
                let word = said[0].at("/securityEvents/asyncRequest").unwrap_or_default();
                match said[1].status() {
                    202 if keyword(&word).as_deref() == Some("none") => {
                        fail("no 202, as asyncRequest is none", said[1].told())
                    }
                    _ => expect_success(&said[1]),
                }
            },
        ),
    )
    .needs(&[Patch, Attribute("displayName")]),
    must(
        "async-202-empty",
        Rfc9967("2.5.1.1"),
        "a 202 has no body",
        Probe(
            |its| vec![later(its.user())],
            |said| {
                accepted(&said[0], |seen| {
                    let length = seen.bytes().len();
                    require(length == 0, "no body", format!("{length} bytes"))
                })
            },
        ),
    )
    .needs(NEEDS),
    must(
        "async-set-txn",
        Rfc9967("2.5.1.1"),
        "every 202 names its transaction in Set-Txn, and no two the same",
        Probe(
            |its| vec![later(its.user()), later(its.user())],
            |said| {
                let [one, other] = [0, 1].map(|place| said[place].header("set-txn"));
                all_of([
                    accepted(&said[0], |_| named(one)),
                    accepted(&said[1], |_| named(other)),
                    match (one, other) {
                        (Some(one), Some(other)) => {
                            require(one != other, "another Set-Txn", format!("{one} again"))
                        }
                        _ => Verdict::NotApplicable,
                    },
                ])
            },
        ),
    )
    .needs(NEEDS),
    implied(
        "async-preference-applied",
        Rfc9967("2.5.1.1"),
        "a 202 says in Preference-Applied that the wish was met",
        Probe(
            |its| vec![later(its.user())],
            |said| {
                accepted(&said[0], |seen| {
                    let applied = seen.header("preference-applied").unwrap_or("none");
                    let met = applied.to_ascii_lowercase().contains(LATER);
                    require(met, "Preference-Applied: respond-async", applied)
                })
            },
        ),
    )
    .needs(NEEDS),
    must(
        "async-location",
        Rfc9967("2.5.1.1"),
        "Location of a 202 is the resource, or where its event will be",
        Probe(
            |its| vec![later(its.user())],
            |said| accepted(&said[0], |seen| leads_on(seen, said.its.user())),
        ),
    )
    .needs(NEEDS),
    must(
        "async-accept-ignored",
        Rfc9967("2.5.1.1"),
        "Accept is of no account to an answer without a body",
        Probe(
            |its| vec![later(its.user()).header(ACCEPT, "text/plain")],
            |said| match said[0].status() {
                202 => Verdict::Pass,
                200..=299 => Verdict::Remark(format!("answered at once: {}", said[0].told())),
                _ => fail("status 202", said[0].told()),
            },
        ),
    )
    .needs(NEEDS),
    should(
        "async-wait",
        Rfc9967("2.5.1.1"),
        "with a `wait` of ten seconds the outcome comes by then, or a 202",
        Probe(
            |its| vec![later(its.user()).header(PREFER, "respond-async, wait=10")],
            |said| {
                let took = said[0].latency();
                match said[0].status() {
                    _ if took > WAIT + LENIENCE => {
                        fail("an answer in ten seconds", format!("one after {took:?}"))
                    }
                    202 if took < WAIT => {
                        Verdict::Remark("answers 202 without waiting for the outcome".to_owned())
                    }
                    _ => expect_success(&said[0]),
                }
            },
        ),
    )
    .needs(NEEDS),
    implied(
        "async-eventually",
        Rfc9967("2.5.1"),
        "what a 202 has accepted is done in the end",
        Probe(
            |its| vec![later(its.user()), get(its.user())],
            |said| accepted(&said[0], |_| expect_at("displayName", NEW_NAME, &said[1])),
        ),
    )
    .needs(NEEDS),
    must(
        "async-bulk",
        Rfc9967("2.5.1.2"),
        "a bulk request that is accepted names one transaction, and all of it is done",
        Probe(
            |its| {
                let users = its.users.iter();
                let bulk = Request::post("/Bulk", &renaming(users.clone())).header(PREFER, LATER);
                [bulk].into_iter().chain(users.map(get)).collect()
            },
            |said| {
                accepted(&said[0], |seen| {
                    let done = said.exchanges.iter().skip(1);
                    let done = done.map(|seen| expect_at("displayName", NEW_NAME, seen));
                    worst(done.chain([named(seen.header("set-txn"))]))
                })
            },
        ),
    )
    .on(Setting::Users(2))
    .needs(&[Async, Bulk, Patch, Attribute("displayName")]),
];

/// Whether the answer is a 202 that the request asked for.
pub(super) fn is_put_off(seen: &Exchange) -> bool {
    seen.status() == 202 && seen.request.headers.iter().any(|(name, _)| *name == PREFER)
}

const NEW_NAME: &str = "Alice Later";

/// A change of a user that need not be waited for.
fn later(user: &Known) -> Request {
    patch(user, [op("replace", "displayName", NEW_NAME)]).header(PREFER, LATER)
}

/// The same change of several users in one bulk request.
fn renaming<'a>(users: impl Iterator<Item = &'a Known>) -> Value {
    let change = crate::scim::message::patch_body(&[op("replace", "displayName", NEW_NAME)]);
    let operation = |user: &Known| json!({"method": "PATCH", "path": user.path(), "data": change});
    let urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    json!({"schemas": [urn], "Operations": users.map(operation).collect::<Vec<_>>()})
}

/// Judges a 202; a tenant may as well answer when the work is done.
fn accepted(seen: &Exchange, judge: impl FnOnce(&Exchange) -> Verdict) -> Verdict {
    match seen.status() {
        202 => judge(seen),
        200..=299 => Verdict::NotApplicable,
        _ => fail("status 202", seen.told()),
    }
}

fn named(transaction: Option<&str>) -> Verdict {
    let named = transaction.is_some_and(|name| !name.trim().is_empty());
    require(named, "a Set-Txn", "none")
}

/// `asyncRequest` in lower case, where it is one of the three words.
fn keyword(word: &Value) -> Option<String> {
    let word = word.as_str()?.to_ascii_lowercase();
    ["none", "long", "request"].contains(&word.as_str()).then_some(word)
}

/// `Location` is the user's, or leads to something that is neither a user nor a group.
fn leads_on(seen: &Exchange, user: &Known) -> Verdict {
    let expected = "the user's own URL, or one of an event";
    let Some(location) = seen.header("location") else { return fail(expected, "no Location") };
    let path = location.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let own = target_of(path).is_some_and(|target| target == user.path());
    let resource = target_of(path).is_some() || path.ends_with("/Users") || path.is_empty();
    require(own || !resource, expected, location)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    #[test]
    fn an_answer_when_the_work_is_done_is_no_202_to_judge() {
        let check = super::super::find("async-set-txn").unwrap();
        let done = Evidence::Answers(vec![empty(204)]);
        assert_eq!(judged(check, &done), Verdict::NotApplicable);
    }

    #[test]
    fn an_event_may_be_anywhere_but_among_users() {
        let user = Fixture::example(Setting::Users(1), "m").users.remove(0);
        for (location, right) in [
            ("https://h/scim/Users/user-0", true),
            ("https://h/Events/734f", true),
            ("/scim/Users/user-1", false),
            ("https://h/scim/Users/", false),
        ] {
            let seen = exchange(Operation::Probe("x"), later(&user), taken("1", location));
            assert_eq!(leads_on(&seen, &user) == Verdict::Pass, right, "{location}");
        }
    }

    /// A 202 as it should be, for that transaction.
    fn taken(transaction: &str, location: &str) -> Answer {
        let mut answer = empty(202);
        for (name, value) in
            [("set-txn", transaction), ("preference-applied", LATER), ("location", location)]
        {
            answer.headers.insert(name, value.parse().unwrap());
        }
        answer
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let config = |word: &str| {
            answer(200, &json!({"securityEvents": {"asyncRequest": word, "eventUris": []}}))
        };
        let right = || taken("1", "https://h/scim/Users/user-0");
        let mut full = right();
        full.body = "{}".into();
        let done = || alice(200, &json!({"displayName": NEW_NAME}));
        let undone = || alice(200, &json!({}));
        let lost = || taken("1", "https://h/scim/Users");
        vec![
            canary("async-spc", [config("Request")], [config("yes")]),
            canary("async-prefer-sync-ok", [config("none"), done()], [config("none"), right()]),
            canary("async-202-empty", [right()], [full]),
            canary("async-set-txn", [right(), taken("2", "/Events/2")], [right()]),
            canary("async-preference-applied", [right()], [empty(202)]),
            canary("async-location", [right()], [lost()]),
            canary("async-accept-ignored", [right()], [error(406, "")]),
            canary("async-wait", [done()], [error(400, "invalidValue")]),
            canary("async-eventually", [right(), done()], [right(), undone()]),
            canary("async-bulk", [right(), done(), done()], [right(), done(), undone()]),
        ]
    }
}
