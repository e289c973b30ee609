//! PUT: the resource becomes what the body says (RFC 7644 §3.5.1).
//!
//! Entra updates with PATCH and never sends a PUT, so a tenant without it is told once, and the
//! other rows are skipped.

use http::Method;
use serde_json::{Value, json};

use super::check::*;
use crate::scim;

const TITLE: &[Capability] = &[Put, Attribute("title")];

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "put-supported",
        Rfc7644("3.5"),
        "a resource can be replaced by PUT",
        Dialogue(own_body, |said| match said[1].status() {
            200..=299 => Verdict::Pass,
            404 | 405 | 500.. => fail("status 200", said[1].told()),
            _ => Verdict::Remark(format!("a user's own body is answered {}", said[1].told())),
        }),
    ),
    implied(
        "put-200-body",
        Rfc7644("3.5.1"),
        "a PUT answers 200 with the whole resource",
        Dialogue(own_body, |said| match said[1].status() {
            204 => Verdict::Remark("a PUT answers 204".to_owned()),
            _ => all_of([expect_status(200, &said[1]), expect_same_state(&said[1], said.last())]),
        }),
    )
    .needs(&[Put]),
    must(
        "put-replaces-values",
        Rfc7644("3.5.1"),
        "the values given take the place of the old ones",
        Probe(
            |its| {
                let home = json!([{"type": "home", "value": its.user_name(4)}]);
                replaced(its, &json!({"title": "Lead", "emails": home}))
            },
            |said| {
                let mails = said[1].at("/emails").unwrap_or_default();
                all_of([
                    expect_success(&said[0]),
                    expect_at("title", "Lead", &said[1]),
                    expect_at("emails[home].value", said.its.user_name(4), &said[1]),
                    expect("e-mails:", 1, mails.as_array().map_or(0, Vec::len)),
                ])
            },
        ),
    )
    .needs(&[Put, Attribute("title"), Attribute("emails")]),
    may(
        "put-omitted",
        Rfc7644("3.5.1"),
        "an attribute that the body leaves out is cleared",
        Probe(
            |its| {
                let mut body = its.user().sent.clone();
                without(&mut body, "title");
                vec![put(its.user(), &body), get(its.user())]
            },
            |said| {
                let cleared = match expect_unassigned("title", &said[1]) {
                    Verdict::Fail { actual, .. } if said[1].is_success() => {
                        A33.read_against("keeps", actual)
                    }
                    verdict => all_of([verdict, A33.read_as("clears", "`title` is gone")]),
                };
                all_of([expect_success(&said[0]), cleared])
            },
        ),
    )
    .reads(&[A33])
    .needs(TITLE),
    implied(
        "put-null-clears",
        Rfc7644("3.5.1"),
        "null and an empty array clear an attribute",
        Probe(
            |its| replaced(its, &json!({"title": null, "addresses": []})),
            |said| {
                all_of([
                    expect_success(&said[0]),
                    expect_unassigned("title", &said[1]),
                    expect_unassigned("addresses", &said[1]),
                ])
            },
        ),
    )
    .needs(&[Put, Attribute("title"), Attribute("addresses")]),
    must(
        "put-readonly-ignored",
        Rfc7644("3.5.1"),
        "readOnly attributes in the body are passed over",
        Probe(
            |its| {
                let change = json!({"id": its.absent, "groups": [{"value": its.absent}],
                    "meta": {"resourceType": "User", "created": "2001-01-01T00:00:00Z"}});
                [get(its.user())].into_iter().chain(replaced(its, &change)).collect()
            },
            |said| {
                if said[2].status() == 404 {
                    return fail("the user under its id", said[2].told());
                }
                let [before, after] = [0, 2].map(|place| read_only(&said[place]));
                all_of([taken_or_refused(&said[1]), expect("readOnly attributes:", before, after)])
            },
        ),
    )
    .reads(&[A34])
    .needs(&[Put]),
    must(
        "put-immutable-same",
        Rfc7644("3.5.1"),
        "immutable values that are sent as they are, such as a member's, are taken",
        Probe(
            |its| vec![put(its.group(), &its.group().sent), get(its.group())],
            |said| {
                let members: Vec<&Known> = said.its.users.iter().collect();
                all_of([expect_success(&said[0]), expect_members(&members, &said[1])])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 2 })
    .needs(&[Group, Put]),
    should(
        "put-required-missing",
        Rfc7644("3.5.1"),
        "a body without a required attribute is refused",
        Probe(
            |its| {
                let mut body = its.user().sent.clone();
                without(&mut body, "userName");
                vec![put(its.user(), &body), get(its.user())]
            },
            |said| {
                let kept = expect_at("userName", said.its.user_name(0), &said[1]);
                all_of([expect_refused(&["invalidValue"], &said[0]), kept])
            },
        ),
    )
    .needs(&[Put]),
    must(
        "put-no-create",
        Rfc7644("3.5.1"),
        "a PUT to an id that nothing has creates nothing",
        Probe(
            |its| {
                let path = format!("/Users/{}", its.absent);
                // The last request takes away what must not have been made.
                let made = Request::put(&path, &its.bare_user(0));
                vec![made, Request::get(&path), Request::delete(&path)]
            },
            |said| match said[0].status() {
                400..=403 | 405..=409 | 411..=499 => {
                    let why = format!("an unknown id is answered {}", said[0].told());
                    all_of([expect_gone(&said[1]), Verdict::Remark(why)])
                }
                _ => all_of([expect_gone(&said[0]), expect_gone(&said[1])]),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Put]),
    should(
        "put-unique-conflict",
        Rfc7644("3.12"),
        "a body with a userName that another user has is refused with uniqueness",
        Probe(
            |its| replaced(its, &json!({"userName": its.user_name(1)})),
            |said| {
                let kept = expect_at("userName", said.its.user_name(0), &said[1]);
                all_of([expect_conflict(&said[0]), kept])
            },
        ),
    )
    .reads(&[A12])
    .on(Setting::Users(2))
    .needs(&[Put]),
    should(
        "put-malformed",
        Rfc7644("3.12"),
        "a body that is no JSON is refused with invalidSyntax",
        Probe(
            |its| {
                let request = Request::new(Method::PUT, its.user().path());
                vec![request.raw(scim::MEDIA_TYPE, "{"), get(its.user())]
            },
            |said| {
                let kept = expect_at("userName", said.its.user_name(0), &said[1]);
                all_of([expect_refused(&["invalidSyntax"], &said[0]), kept])
            },
        ),
    )
    .needs(&[Put]),
    implied(
        "put-id-mismatch",
        Rfc7644("3.5.1"),
        "the URL says which resource is replaced, whatever id the body names",
        Probe(
            |its| {
                let other = &its.users[1];
                let change = json!({"id": other.id, "title": "Lead"});
                vec![changed(its, &change), get(its.user()), get(other)]
            },
            |said| {
                let old = said.its.user().text("title");
                let title = if said[0].is_success() { "Lead" } else { old };
                all_of([
                    taken_or_refused(&said[0]),
                    expect_at("title", title, &said[1]),
                    expect_at("title", said.its.users[1].text("title"), &said[2]),
                ])
            },
        ),
    )
    .reads(&[A34])
    .on(Setting::Users(2))
    .needs(TITLE),
    must(
        "put-idempotent",
        Http("RFC 9110 §9.2.2"),
        "the same PUT twice leaves the same state",
        Probe(
            |its| {
                let change = json!({"title": "Lead"});
                replaced(its, &change).into_iter().chain(replaced(its, &change)).collect()
            },
            |said| {
                if !said[0].is_success() {
                    return Verdict::NotApplicable;
                }
                all_of([expect_success(&said[2]), expect_same_state(&said[1], &said[3])])
            },
        ),
    )
    .needs(TITLE),
    may(
        "put-extension-dropped",
        Rfc7644("3.5.1"),
        "an extension that the body leaves out is cleared whole",
        Probe(
            |its| {
                let mut body = its.user().sent.clone();
                without(&mut body, scim::ENTERPRISE_USER);
                body["schemas"] = json!([scim::USER]);
                vec![put(its.user(), &body), get(its.user())]
            },
            |said| {
                if !said[0].is_success() || !said[1].is_success() {
                    return Verdict::NotApplicable;
                }
                let body = said[1].json().unwrap_or_default();
                let has = |path| at(&body, path).is_some_and(|value| !is_unassigned(&value));
                match (has("enterprise.department"), has("enterprise.employeeNumber")) {
                    (false, false) => A33.read_as("clears", "the extension is gone"),
                    (true, true) => A33.read_as("keeps", "the extension is kept"),
                    _ => fail("the extension gone, or kept", "half of it gone"),
                }
            },
        ),
    )
    .reads(&[A33])
    .needs(&[Put, Enterprise]),
    must(
        "put-primary",
        Rfc7643("2.4"),
        "of two primary values in a body at most one stays primary, or all are refused",
        Probe(
            |its| {
                let entry = |kind, number| {
                    json!({"type": kind, "value": its.user_name(number), "primary": true})
                };
                replaced(its, &json!({"emails": [entry("work", 0), entry("home", 4)]}))
            },
            |said| {
                let mails = said[1].at("/emails").unwrap_or_default();
                let marked = mails.as_array().into_iter().flatten();
                let marked = marked.filter(|mail| mail["primary"] == true).count();
                let told = format!("{marked} primary e-mails");
                all_of([
                    require(said[0].status() < 500, "no server error", said[0].told()),
                    require(marked <= 1, "one primary e-mail at most", told),
                ])
            },
        ),
    )
    .needs(&[Put, Attribute("emails")]),
    implied(
        "put-group-members",
        Rfc7644("3.5.1"),
        "a group's members become exactly those of the body",
        Probe(
            |its| {
                let mut body = its.group().sent.clone();
                body["members"] = json!([{"value": its.users[1].id}]);
                vec![put(its.group(), &body), get(its.group())]
            },
            |said| {
                let only = [&said.its.users[1]];
                all_of([expect_success(&said[0]), expect_members(&only, &said[1])])
            },
        ),
    )
    .on(Setting::Group { users: 2, members: 1 })
    .needs(&[Group, Put]),
    implied(
        "put-etag-changes",
        Rfc7644("3.14"),
        "a PUT that changes something yields a new entity tag",
        Probe(
            |its| {
                let change = json!({"title": "Lead"});
                [get(its.user())].into_iter().chain(replaced(its, &change)).collect()
            },
            |said| match (said[0].header("etag"), said[2].header("etag")) {
                (Some(old), Some(new)) if said[1].is_success() => {
                    require(old != new, "another ETag", format!("{new} as before"))
                }
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .needs(&[Put, Etag, Attribute("title")]),
];

/// Reads the user, sends back what was read, reads again.
fn own_body(its: &Fixture, said: &[Exchange]) -> Option<Request> {
    match said {
        [] | [_, _] => Some(get(its.user())),
        [read] => Some(put(its.user(), &read.json()?)),
        _ => None,
    }
}

/// A PUT.
fn put(known: &Known, body: &Value) -> Request {
    Request::put(known.path(), body)
}

/// A PUT of what the user was created with, some attributes changed.
fn changed(its: &Fixture, change: &Value) -> Request {
    let mut body = its.user().sent.clone();
    body["id"] = json!(its.user().id);
    for (name, value) in change.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    put(its.user(), &body)
}

/// As [`changed`], then a read.
fn replaced(its: &Fixture, change: &Value) -> Vec<Request> {
    vec![changed(its, change), get(its.user())]
}

fn without(body: &mut Value, name: &str) {
    if let Some(members) = body.as_object_mut() {
        members.shift_remove(name);
    }
}

/// The attributes that no client writes.
fn read_only(seen: &Exchange) -> Value {
    let part = |path| seen.at(path).filter(|value| !is_unassigned(value));
    json!([part("/id"), part("/meta/created"), part("/groups")])
}

/// Taken, or refused as RFC 7644 §3.12 shows it.
fn taken_or_refused(seen: &Exchange) -> Verdict {
    match seen.status() {
        400..=499 => A34.read_as("refuses", format!("refused: {}", seen.told())),
        _ => all_of([expect_success(seen), A34.read_as("passes-over", seen.told())]),
    }
}

/// Two answers show the same resource, neither more nor less, `meta` aside.
fn expect_same_state(one: &Exchange, other: &Exchange) -> Verdict {
    all_of([expect_unchanged(one, other), expect_unchanged(other, one)])
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::super::patches::tests::{its, user};
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn tagged(tag: &str) -> Answer {
        let mut answer = user(json!({}));
        answer.headers.insert("etag", tag.parse().unwrap());
        answer
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let old = || user(json!({}));
        let lead = || user(json!({"title": "Lead"}));
        let no = || error(400, "invalidValue");
        let then = |read: Answer| [old(), read];
        let name = its().user_name(4);
        let mail =
            |kind: &str, primary: bool| json!({"type": kind, "value": name, "primary": primary});
        let mails = |entries: Value| then(user(json!({"title": "Lead", "emails": entries})));
        let extended = |value: Value| then(user(json!({(scim::ENTERPRISE_USER): value})));
        vec![
            canary("put-supported", [old()], [old(), error(405, "")]),
            canary("put-200-body", [old()], [old(), old(), lead()]),
            canary(
                "put-replaces-values",
                mails(json!([mail("home", false)])),
                mails(json!([mail("home", false), mail("work", true)])),
            ),
            canary("put-omitted", then(user(json!({"title": null}))), then(old())),
            canary(
                "put-null-clears",
                then(user(json!({"title": null, "addresses": []}))),
                then(old()),
            ),
            canary(
                "put-readonly-ignored",
                [old(), old(), old()],
                [old(), old(), user(json!({"groups": [{"value": "x"}]}))],
            ),
            canary(
                "put-immutable-same",
                then(group_of(&["user-0", "user-1"])),
                [no(), group_of(&["user-0", "user-1"])],
            ),
            canary("put-required-missing", [no(), old()], then(old())),
            canary("put-no-create", [error(404, ""), error(404, ""), error(404, "")], [old()]),
            canary(
                "put-unique-conflict",
                [error(409, "uniqueness"), old()],
                then(user(json!({"userName": its().user_name(1)}))),
            ),
            canary("put-malformed", [error(400, "invalidSyntax"), old()], [error(500, ""), old()]),
            canary("put-id-mismatch", [old(), lead(), old()], [old(), old(), lead()]),
            canary("put-idempotent", [old(), lead(), old(), lead()], [old(), lead(), old(), old()]),
            canary(
                "put-extension-dropped",
                extended(Value::Null),
                extended(json!({"department": "Research"})),
            ),
            canary(
                "put-primary",
                mails(json!([mail("work", true)])),
                mails(json!([mail("work", true), mail("home", true)])),
            ),
            canary(
                "put-group-members",
                then(group_of(&["user-1"])),
                then(group_of(&["user-0", "user-1"])),
            ),
            canary(
                "put-etag-changes",
                [tagged("1"), old(), tagged("2")],
                [tagged("1"), old(), tagged("1")],
            ),
        ]
    }
}
