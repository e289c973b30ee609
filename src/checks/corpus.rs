//! The users that all look-ups of a run share, and the words those checks are written in.
//!
//! Eight users with planted differences are made once; no check changes them.
//! What a filter should find is said of the bodies as reads show them, so whatever a tenant drops
//! or changes on the way in cannot turn into a complaint about its filters. A row that the bodies
//! cannot tell apart is not exercised.

use serde_json::{Value, json};

use super::capability::UserBody;
use super::check::{Exchange, Fixture, Request, Said, Verdict};
use super::vocabulary::{at, encoded, fail, is_unassigned};
use crate::scim;

/// How many users the corpus has.
pub const CORPUS_USERS: usize = 8;

/// A title that JSON has to escape.
pub const ESCAPED: &str = "Head of \"R&D\" \\ A/B \u{e9}";
/// A title that a URL has to escape.
pub const SIGNS: &str = "50% + a#b ? c=d & \u{e9}";
/// A title that looks like a filter.
pub const SYNTAX: &str = "x and (y) or [z] eq w";

/// Login, displayName, familyName, nickName, title, and the end of externalId. The order is none
/// that any of them would be sorted in; an empty text is left out.
const PLANTED: [[&str; 6]; CORPUS_USERS] = [
    ["kim", "Delta", "Grant", "cherry", "Manager", "B"],
    ["bea", "Alpha", "Novak", "Banana", ESCAPED, "d"],
    ["zoe", "Foxtrot", "", "", "", "A"],
    ["ian", "Bravo", "O'Malley", "apple", "Engineer", "c"],
    ["amy", "Golf", "Adams", "Elder", SIGNS, "F"],
    ["lou", "Echo", "Berg", "date", "", "e"],
    ["hal", "Charlie", "Zhu", "Fig", SYNTAX, "H"],
    ["eve", "Hotel", "Lind", "grape", "Engineer", "g"],
];

impl Fixture {
    /// A user of the corpus, as far as the tenant takes one. Number 2 has next to nothing, number
    /// 5 is inactive, and the primary e-mail of number 0 is not its first.
    pub fn corpus_user(&self, number: usize) -> Value {
        let [login, display, family, nick, title, external] = PLANTED[number];
        let marker = &self.marker;
        let mut body = json!({"schemas": [scim::USER], "displayName": display,
            "userName": format!("{marker}.{login}@example.com"),
            "externalId": format!("{marker}-{external}")});
        if number == 2 {
            return body;
        }
        body["name"] = json!({"givenName": display, "familyName": family});
        body["active"] = json!(number != 5);
        body["emails"] = self.corpus_emails(number);
        if self.user_body == UserBody::Minimal {
            return body;
        }
        body["nickName"] = json!(nick);
        body["profileUrl"] = json!(format!("https://example.com/{marker}/{display}"));
        if !title.is_empty() {
            body["title"] = json!(title);
        }
        if number == 1 {
            body["phoneNumbers"] = json!([{"type": "work", "value": "+1-555-0142"}]);
        }
        if self.user_body == UserBody::Full && number.is_multiple_of(3) {
            body["schemas"] = json!([scim::USER, scim::ENTERPRISE_USER]);
            body[scim::ENTERPRISE_USER] = json!({"department": "Research"});
        }
        body
    }

    /// As [`Fixture::corpus_user`], for a tenant that wants more of a user, or less.
    pub fn plain_corpus_user(&self, number: usize) -> Value {
        let [login, display, family, ..] = PLANTED[number];
        let user_name = format!("{}.{login}@example.com", self.marker);
        let family = if family.is_empty() { "Young" } else { family };
        json!({"schemas": [scim::USER], "userName": user_name, "displayName": display,
            "name": {"givenName": display, "familyName": family}, "active": true,
            "emails": [{"type": "work", "primary": true, "value": user_name}]})
    }

    fn corpus_emails(&self, number: usize) -> Value {
        let value = |word: &str| format!("{}.{word}@example.com", self.marker);
        match number {
            0 => json!([{"type": "home", "value": value("z-kim")},
                        {"type": "work", "value": value("b-kim"), "primary": true}]),
            3 => json!([{"type": "work", "value": value("a-ian"), "primary": true},
                        {"type": "home", "value": value("y-ian")}]),
            4 => json!([{"type": "home", "value": value("f-amy")}]),
            _ => {
                let word = ["", "c-bea", "", "", "", "e-lou", "d-hal", "h-eve"][number];
                json!([{"type": "work", "value": value(word), "primary": true}])
            }
        }
    }

    /// The filter that all users of the corpus meet and nobody else.
    pub fn mark(&self) -> String {
        format!("userName sw {}", json!(format!("{}.", self.marker)))
    }
}

/// Looks up users, a space as `%20`.
pub fn query(filter: &str) -> Request {
    Request::get(format!("/Users?filter={}", encoded(filter)))
}

/// Looks up users of the corpus.
pub fn among(its: &Fixture, filter: &str) -> Request {
    query(&format!("({filter}) and {}", its.mark()))
}

/// As [`among`], with further parameters of the query.
pub fn among_with(its: &Fixture, filter: &str, parameters: &str) -> Request {
    let looked_up = among(its, filter);
    Request::get(format!("{}&{parameters}", looked_up.target))
}

/// The whole corpus, with further parameters of the query.
pub fn corpus_with(its: &Fixture, parameters: &str) -> Request {
    Request::get(format!("/Users?filter={}&{parameters}", encoded(&its.mark())))
}

/// Whether a user has a value at that path.
pub fn has(user: &Value, path: &str) -> bool {
    at(user, path).is_some_and(|value| !is_unassigned(&value))
}

/// Whether the text at that path is this one, in whatever letter case.
pub fn is(user: &Value, path: &str, text: &str) -> bool {
    word(user, path).is_some_and(|held| held == text.to_lowercase())
}

/// The text at that path in lower case.
pub fn word(user: &Value, path: &str) -> Option<String> {
    Some(at(user, path)?.as_str()?.to_lowercase())
}

/// Whether any e-mail of the user meets the condition on type and value.
pub fn any_email(user: &Value, meets: impl Fn(&str, &str) -> bool) -> bool {
    let emails = user["emails"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |email: &Value, name: &str| email[name].as_str().unwrap_or_default().to_lowercase();
    emails.iter().any(|email| meets(&text(email, "type"), &text(email, "value")))
}

/// The ids of a list's resources, in its order; none where it is no list.
pub fn ids(seen: &Exchange) -> Vec<String> {
    let resources = seen.list().map(|list| list.resources).unwrap_or_default();
    let id = |resource: &Value| resource["id"].as_str().unwrap_or_default().to_owned();
    resources.iter().map(id).collect()
}

/// Expects exactly the users of the corpus of which it holds.
pub fn expect_those(said: &Said, place: usize, holds: impl Fn(&Value) -> bool) -> Verdict {
    expect_sifted(said, place, |user| Some(holds(user)))
}

/// As [`expect_those`]; of whom nothing is said may be there or not.
pub fn expect_sifted(said: &Said, place: usize, holds: impl Fn(&Value) -> Option<bool>) -> Verdict {
    let seen = &said[place];
    let users = || said.its.users.iter().map(|user| (user, holds(&user.sent)));
    let named = |wanted: bool| users().any(|(_, holds)| holds == Some(wanted));
    if !named(true) || !named(false) {
        return Verdict::NotApplicable;
    }
    let expected: Vec<&str> =
        users().filter(|(_, holds)| *holds == Some(true)).map(|(user, _)| login(user)).collect();
    let expected = format!("exactly {}", expected.join(", "));
    let list = match seen.list() {
        Ok(list) if seen.is_success() => list,
        Ok(_) => return fail(expected, seen.told()),
        Err(_) if !seen.is_success() => return fail(expected, seen.told()),
        Err(why) => return fail(expected, why),
    };
    let mut found = ids(seen);
    let told: Vec<&str> = found
        .iter()
        .map(|id| {
            said.its.users.iter().find(|user| user.id == *id).map_or("a stranger", |it| login(it))
        })
        .collect();
    let told = if told.is_empty() { "nobody".to_owned() } else { told.join(", ") };
    let shown = found.len();
    found.sort();
    found.dedup();
    let right =
        users().all(|(user, holds)| holds.is_none_or(|holds| holds == found.contains(&user.id)));
    let strangers = found.iter().any(|id| said.its.users.iter().all(|user| user.id != *id));
    match () {
        () if right && !strangers && found.len() == shown => Verdict::Pass,
        () if list.total_results > shown as u64 && !strangers && list.total_results <= 8 => {
            Verdict::CannotTell(format!("only {shown} of {} are shown", list.total_results))
        }
        () => fail(expected, told),
    }
}

/// Expects what a tenant may also decline, cleanly: an operator or a construct it does not know
/// (RFC 7644 §3.4.2.2, 400 `invalidFilter`).
pub fn if_known(seen: &Exchange, verdict: Verdict) -> Verdict {
    let clean = seen.status() == 501
        || seen.status() == 400
            && seen.scim_error().and_then(|it| it.scim_type).as_deref() == Some("invalidFilter");
    if clean { Verdict::Remark(format!("declined: {}", seen.told())) } else { verdict }
}

/// As [`expect_those`], of what a tenant may decline.
pub fn expect_those_if_known(said: &Said, place: usize, holds: impl Fn(&Value) -> bool) -> Verdict {
    match expect_those(said, place, holds) {
        Verdict::NotApplicable => Verdict::NotApplicable,
        verdict => if_known(&said[place], verdict),
    }
}

/// Expects a filter to be refused by 400 `invalidFilter`; another clean refusal is a remark.
pub fn expect_query_refused(seen: &Exchange) -> Verdict {
    let scim_type = seen.scim_error().and_then(|error| error.scim_type);
    match (seen.status(), scim_type.as_deref()) {
        (400, Some("invalidFilter")) => Verdict::Pass,
        (400..=499 | 501, _) => Verdict::Remark(format!("refused by {}", seen.told())),
        _ => fail("400 invalidFilter", seen.told()),
    }
}

/// Wants a clean answer, whatever it says: no server error.
pub fn expect_clean(seen: &Exchange) -> Verdict {
    match seen.status() {
        500 | 502..=599 => fail("an answer below 500", seen.told()),
        _ => Verdict::Pass,
    }
}

/// What a person calls a user of the corpus: the part of its userName that differs.
pub fn login(user: &super::evidence::Known) -> &str {
    let name = user.text("userName").split('@').next().unwrap_or_default();
    name.split_once('.').map_or(name, |(_, login)| login)
}

#[cfg(test)]
mod tests {
    use super::super::canary::{error, list};
    use super::super::evidence::Setting;
    use super::*;
    use crate::exchange::{Answer, Operation};

    fn verdict(answer: Answer, holds: impl Fn(&Value) -> Option<bool>) -> Verdict {
        let its = Fixture::example(Setting::Corpus, "m");
        let seen = super::super::canary::exchange(Operation::ReadBack, query("x"), answer);
        let said = Said { its, exchanges: vec![seen] };
        expect_sifted(&said, 0, holds)
    }

    #[test]
    fn what_the_bodies_cannot_tell_apart_is_not_judged() {
        assert_eq!(verdict(list(&[]), |_| Some(false)), Verdict::NotApplicable);
        assert_eq!(verdict(list(&[]), |_| None), Verdict::NotApplicable);
        let inactive = |user: &Value| (user["id"] != "user-2").then_some(user["active"] == false);
        let lou = || json!({"id": "user-5"});
        assert_eq!(verdict(list(&[lou()]), inactive), Verdict::Pass);
        assert_eq!(verdict(list(&[lou(), json!({"id": "user-2"})]), inactive), Verdict::Pass);
        for wrong in [
            list(&[]),
            list(&[lou(), lou()]),
            list(&[lou(), json!({"id": "stranger"})]),
            list(&[lou(), json!({"id": "user-0"})]),
            error(400, "invalidFilter"),
        ] {
            assert!(matches!(verdict(wrong, inactive), Verdict::Fail { .. }));
        }
    }

    #[test]
    fn only_a_clean_refusal_is_one() {
        let seen = |answer| super::super::canary::exchange(Operation::ReadBack, query("x"), answer);
        assert_eq!(expect_query_refused(&seen(error(400, "invalidFilter"))), Verdict::Pass);
        assert!(matches!(expect_query_refused(&seen(error(400, ""))), Verdict::Remark(_)));
        assert!(matches!(expect_query_refused(&seen(list(&[]))), Verdict::Fail { .. }));
        assert!(matches!(expect_query_refused(&seen(error(500, ""))), Verdict::Fail { .. }));
        let wrong = || fail("a", "b");
        assert_eq!(if_known(&seen(error(400, "invalidValue")), wrong()), wrong());
        assert_ne!(if_known(&seen(error(400, "invalidFilter")), wrong()), wrong());
    }
}
