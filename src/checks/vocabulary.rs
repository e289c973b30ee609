//! The few words checks are written in: requests as Entra words them, and expectations.
//!
//! With them a check stays near ten lines. Everything here is pure. Values are looked up by paths
//! of their own small kind: `name.givenName`, `emails[work].value`, `enterprise.department`.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::check::{Verdict, Way};
use super::evidence::{Fixture, Known};
use crate::exchange::{Exchange, Request};
use crate::profile::{A08, A12, A18, A52};
use crate::scim;
use crate::scim::bulk::bulk_body;
use crate::scim::message::patch_body;

/// Letters that stay as they are in a query or a path segment (RFC 3986 §2.3).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes a path segment or a value of a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

/// A filter's expression with a space as `+`, as Entra encodes it.
fn form_encoded(text: &str) -> String {
    encoded(text).replace("%20", "+")
}

/// Reads a resource.
pub fn get(known: &Known) -> Request {
    Request::get(known.path())
}

/// Reads the resource that a create made; nothing to read where the answer names no id.
pub fn by_id(collection: &str, made: &Exchange) -> Option<Request> {
    let id = made.id().filter(|_| made.is_success())?;
    Some(Request::get(format!("{collection}/{}", encoded(&id))))
}

/// Deletes a resource.
pub fn delete(known: &Known) -> Request {
    Request::delete(known.path())
}

/// Looks up by a filter, encoded as Entra does.
pub fn find(collection: &str, filter: &str) -> Request {
    Request::get(format!("{collection}?filter={}", form_encoded(filter)))
}

/// Looks up a group as Entra does: without its members.
pub fn find_group(filter: &str) -> Request {
    Request::get(format!("/Groups?excludedAttributes=members&filter={}", form_encoded(filter)))
}

/// `attribute eq "value"`, the value quoted as JSON.
pub fn equals(attribute: &str, value: &str) -> String {
    format!("{attribute} eq {}", json!(value))
}

/// Creates a user.
pub fn create_user(body: &Value) -> Request {
    Request::post("/Users", body)
}

/// Creates a group.
pub fn create_group(body: &Value) -> Request {
    Request::post("/Groups", body)
}

/// Patches a resource of the fixture.
#[expect(clippy::needless_pass_by_value, reason = "a check writes its operations in place")]
pub fn patch<const N: usize>(known: &Known, operations: [Value; N]) -> Request {
    Request::patch(known.path(), &patch_body(&operations))
}

/// One operation with a path: `op("Replace", "title", "Lead")`.
pub fn op(word: &str, path: &str, value: impl Into<Value>) -> Value {
    json!({"op": word, "path": path, "value": value.into()})
}

/// One removal, without a value.
pub fn remove(path: &str) -> Value {
    json!({"op": "remove", "path": path})
}

/// One operation without a path: its value names the attributes.
pub fn merge(word: &str, value: impl Into<Value>) -> Value {
    json!({"op": word, "value": value.into()})
}

/// The full URN of an attribute of the enterprise extension.
pub fn enterprise(attribute: &str) -> String {
    format!("{}:{attribute}", scim::ENTERPRISE_USER)
}

/// A bulk request that deletes what nobody has.
pub fn bulk_of_nobody(its: &Fixture) -> Request {
    let operation = json!({"method": "DELETE", "path": format!("/Users/{}", its.absent)});
    Request::post("/Bulk", &bulk_body(&[operation]))
}

/// Compares two things by what they print.
pub fn expect(what: &str, expected: impl Display, actual: impl Display) -> Verdict {
    let (expected, actual) = (expected.to_string(), actual.to_string());
    if expected == actual {
        return Verdict::Pass;
    }
    fail(format!("{what} {expected}"), format!("{what} {actual}"))
}

/// A plain failure.
pub fn fail(expected: impl Into<String>, actual: impl Into<String>) -> Verdict {
    Verdict::Fail { expected: expected.into(), actual: clip(&actual.into()), way: Way::Plain }
}

/// A failure in a certain way.
pub fn fail_by(way: Way, expected: impl Into<String>, actual: impl Into<String>) -> Verdict {
    Verdict::Fail { expected: expected.into(), actual: clip(&actual.into()), way }
}

/// What was seen, in words: at hand, or put into words by a function where a judge needs them. Who
/// judges all traffic passes nearly always, and has no time for words that nobody reads.
pub trait Words {
    /// The words.
    fn words(self) -> String;
}

impl Words for &str {
    fn words(self) -> String {
        self.to_owned()
    }
}

impl Words for &String {
    fn words(self) -> String {
        self.clone()
    }
}

impl Words for String {
    fn words(self) -> String {
        self
    }
}

impl<F: FnOnce() -> String> Words for F {
    fn words(self) -> String {
        self()
    }
}

/// Passes where the condition holds.
pub fn require(holds: bool, expected: &str, actual: impl Words) -> Verdict {
    if holds { Verdict::Pass } else { fail(expected, actual.words()) }
}

/// Expects a status.
pub fn expect_status(expected: u16, seen: &Exchange) -> Verdict {
    expect_one_of(&[expected], seen)
}

/// Expects one of several statuses.
pub fn expect_one_of(expected: &[u16], seen: &Exchange) -> Verdict {
    if expected.contains(&seen.status()) {
        return Verdict::Pass;
    }
    let words: Vec<String> = expected.iter().map(u16::to_string).collect();
    fail(format!("status {}", words.join(" or ")), seen.told())
}

/// Expects 404; 410 is a reading of its own.
pub fn expect_gone(seen: &Exchange) -> Verdict {
    match seen.status() {
        404 => Verdict::Pass,
        410 => A52.read_as("gone", "answers 410 where RFC 7644 §3.6 names 404"),
        _ => fail("status 404", seen.told()),
    }
}

/// Expects a DELETE to have worked: 204, or with a remark another success.
pub fn expect_deleted(seen: &Exchange) -> Verdict {
    match seen.status() {
        204 => Verdict::Pass,
        200 | 202 => Verdict::Remark(format!("a DELETE answers {}", seen.status())),
        _ => fail("status 204", seen.told()),
    }
}

/// Expects a refusal: 400 with one of these keywords, or any where none is named. Another keyword
/// and another client error are worth a remark.
pub fn expect_refused(scim_types: &[&str], seen: &Exchange) -> Verdict {
    let given = seen.scim_error().and_then(|error| error.scim_type).unwrap_or_default();
    let expected = format!("status 400 {}", scim_types.join(" or "));
    match seen.status() {
        400 if scim_types.is_empty() || scim_types.contains(&given.as_str()) => Verdict::Pass,
        400..=499 | 501 => {
            Verdict::Remark(format!("refused with {} instead of {expected}", seen.told()))
        }
        _ => fail(expected.trim_end(), seen.told()),
    }
}

/// Expects an update to a name that is taken to be refused: 409, or as another reading has it.
pub fn expect_conflict(seen: &Exchange) -> Verdict {
    match seen.status() {
        409 => A12.read_as("conflict", seen.told()),
        400..=499 => A12.read_as("bad-request", format!("refused: {}", seen.told())),
        _ => fail("status 409", seen.told()),
    }
}

/// Expects a 2xx.
pub fn expect_success(seen: &Exchange) -> Verdict {
    require(seen.is_success(), "status 2xx", || seen.told())
}

/// Expects a create to have worked; 200 is tolerated with a remark.
pub fn expect_created(seen: &Exchange) -> Verdict {
    let verdict = match seen.status() {
        201 => Verdict::Pass,
        200 => Verdict::Remark("a create answers 200 instead of 201".to_owned()),
        _ => return fail("status 201", seen.told()),
    };
    all_of([verdict, require(seen.id().is_some(), "an `id` in the body", "no `id`")])
}

/// Expects a list that counts exactly that many resources, and shows them as far as a page goes.
pub fn expect_hits(expected: u64, seen: &Exchange) -> Verdict {
    if !seen.is_success() {
        return fail("status 200", seen.told());
    }
    match seen.list() {
        Err(why) => fail("a ListResponse", why),
        Ok(list) if list.total_results != expected => {
            fail(format!("totalResults {expected}"), format!("totalResults {}", list.total_results))
        }
        Ok(list) if expected > 0 && !(1..=expected).contains(&(list.resources.len() as u64)) => {
            fail(
                format!("{expected} in Resources"),
                format!("{} in Resources", list.resources.len()),
            )
        }
        Ok(_) if expected == 0 && seen.at("/Resources").is_none() => {
            A18.read_as("left-out", "an empty list leaves `Resources` out")
        }
        Ok(_) => Verdict::Pass,
    }
}

/// What a look-up shows, unless the tenant declines filters, which is another check's subject.
pub fn unless_declined(seen: &Exchange, verdict: Verdict) -> Verdict {
    if seen.status() == 501 { Verdict::NotApplicable } else { verdict }
}

/// Expects exactly one hit, and that one.
pub fn expect_hit(id: &str, seen: &Exchange) -> Verdict {
    match expect_hits(1, seen) {
        Verdict::Pass => {
            let found = only_hit(seen).and_then(|hit| hit.get("id").cloned());
            expect("the one hit's id", json!(id), found.unwrap_or(Value::Null))
        }
        other => other,
    }
}

/// The only resource of a list.
pub fn only_hit(seen: &Exchange) -> Option<Value> {
    let list = seen.list().ok()?;
    if let [hit] = list.resources { Some(hit.clone()) } else { None }
}

/// Why nothing can be said of a read-back, or that it failed. A resource that is gone where it was
/// only changed is the subject of `id-stable`, and tells nothing about the change.
fn unreadable(seen: &Exchange) -> Option<Verdict> {
    match seen.status() {
        200..=299 => None,
        404 => Some(Verdict::CannotTell(format!("the resource is gone: {}", seen.told()))),
        _ => Some(fail("status 200", seen.told())),
    }
}

/// Expects a readable resource that holds a value at a path.
pub fn expect_at(path: &str, expected: impl Into<Value>, seen: &Exchange) -> Verdict {
    let expected = expected.into();
    if let Some(verdict) = unreadable(seen) {
        return verdict;
    }
    match seen.json() {
        Some(body) => expect_value(path, &expected, at(&body, path).as_ref()),
        None => fail("a JSON body", "none"),
    }
}

/// Expects that nothing is assigned at a path: absent, null, empty text, empty list or object.
pub fn expect_unassigned(path: &str, seen: &Exchange) -> Verdict {
    if let Some(verdict) = unreadable(seen) {
        return verdict;
    }
    let value = seen.json().and_then(|body| at(&body, path));
    match value {
        Some(value) if !is_unassigned(&value) => {
            fail(format!("`{path}` unassigned"), format!("`{path}` {}", shown(&value)))
        }
        _ => Verdict::Pass,
    }
}

/// Compares a value with the one expected. A canonical form of the same (letter case of an
/// address, marks in a phone number) is a reading of its own.
pub fn expect_value(path: &str, expected: &Value, actual: Option<&Value>) -> Verdict {
    let actual = actual.unwrap_or(&Value::Null);
    if expected == actual {
        return Verdict::Pass;
    }
    if let (Some(one), Some(other)) = (expected.as_str(), actual.as_str())
        && bare(one) == bare(other)
        && !is_exact(path)
    {
        return A08.read_as("canonical", format!("`{path}` comes back as {other:?} for {one:?}"));
    }
    fail(format!("`{path}` {}", shown(expected)), format!("`{path}` {}", shown(actual)))
}

/// Whether every letter of an attribute counts (RFC 7643 §3.1; §4.3 with erratum 8472).
fn is_exact(path: &str) -> bool {
    matches!(path, "id" | "externalId" | "enterprise.manager.value")
}

/// What comes back of `sent` has the same value. What the tenant adds is its own affair, and so is
/// an attribute it does not keep at all; but of the values of one attribute none may be lost.
pub fn expect_echo(sent: &Value, seen: &Exchange) -> Verdict {
    let Some(body) = seen.json() else { return fail("a JSON body", seen.told()) };
    let mut verdicts = Vec::new();
    echo("", sent, &body, &mut verdicts);
    worst(verdicts)
}

fn echo(path: &str, sent: &Value, held: &Value, verdicts: &mut Vec<Verdict>) {
    match sent {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if matches!(name.as_str(), "schemas" | "meta" | "password") || is_unassigned(value)
                {
                    continue;
                }
                match held.get(name) {
                    Some(held) => echo(&path, value, held, verdicts),
                    None => verdicts.push(Verdict::Remark(format!("`{path}` is not kept"))),
                }
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                let key = ["type", "value"].iter().find(|key| entry.get(**key).is_some());
                let twin = held.as_array().and_then(|held| {
                    held.iter()
                        .find(|other| key.is_some_and(|key| same(&entry[*key], other.get(*key))))
                });
                match twin {
                    Some(twin) => echo(path, entry, twin, verdicts),
                    None => verdicts.push(expect_value(path, entry, None)),
                }
            }
        }
        simple => verdicts.push(expect_value(path, simple, Some(held))),
    }
}

/// Every attribute of a resource but `meta` is the same in two reads. Values of one attribute have
/// no order, and what is unassigned may be said or left out (RFC 7643 §2.4, §2.5).
pub fn expect_unchanged(before: &Exchange, after: &Exchange) -> Verdict {
    let (Some(before), Some(after)) = (before.json(), after.json()) else {
        return fail("the resource", after.told());
    };
    let attributes = before.as_object().into_iter().flatten().filter(|(name, _)| *name != "meta");
    worst(attributes.map(|(name, value)| {
        let (before, after) = (plain(value), plain(&after[name]));
        expect_value(name, &before, Some(&after))
    }))
}

/// A value without what is unassigned in it, its lists in one order.
fn plain(value: &Value) -> Value {
    match value {
        _ if is_unassigned(value) => Value::Null,
        Value::Array(entries) => {
            let mut entries: Vec<Value> = entries.iter().map(plain).collect();
            entries.sort_by_key(Value::to_string);
            entries.into()
        }
        Value::Object(members) => {
            let held = members.iter().filter(|(_, value)| !is_unassigned(value));
            let mut held: Vec<_> = held.map(|(name, value)| (name.clone(), plain(value))).collect();
            held.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(held.into_iter().collect())
        }
        simple => simple.clone(),
    }
}

/// Whether two values are the same text, whatever its case, or the same value.
fn same(one: &Value, other: Option<&Value>) -> bool {
    match (one.as_str(), other.and_then(Value::as_str)) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => Some(one) == other,
    }
}

/// The first failure, else the first that cannot tell, else all readings that were met, else the
/// first remark, else a pass.
pub fn all_of<const N: usize>(verdicts: [Verdict; N]) -> Verdict {
    worst(verdicts)
}

/// As [`all_of`], for any number.
pub fn worst(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let mut worst = Verdict::NotApplicable;
    for verdict in verdicts {
        if matches!(verdict, Verdict::Pass | Verdict::NotApplicable) && rank(&worst) > 0 {
            continue;
        }
        if let Verdict::Reads(readings) = &mut worst
            && rank(&verdict) <= READS
        {
            readings.join(verdict);
        } else if rank(&verdict) > rank(&worst) {
            let before = std::mem::replace(&mut worst, verdict);
            if let Verdict::Reads(readings) = &mut worst {
                readings.join(before);
            }
        }
    }
    worst
}

/// The rank of a verdict that a stance decides.
const READS: u8 = 3;

fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::NotApplicable => 0,
        Verdict::Pass => 1,
        Verdict::Remark(_) => 2,
        Verdict::Reads(_) => READS,
        Verdict::CannotTell(_) => 4,
        Verdict::Fail { .. } => 5,
    }
}

/// Looks up a value: `name.givenName`, `emails[work].value`, `enterprise.department`.
pub fn at(body: &Value, path: &str) -> Option<Value> {
    let mut here = body;
    for step in path.split('.') {
        let (name, kind) = match step.split_once('[') {
            Some((name, kind)) => (name, Some(kind.trim_end_matches(']'))),
            None => (step, None),
        };
        let name = if name == "enterprise" { scim::ENTERPRISE_USER } else { name };
        here = here.get(name)?;
        if let Some(kind) = kind {
            let kind = json!(kind);
            here = here.as_array()?.iter().find(|entry| same(&kind, entry.get("type")))?;
        }
    }
    Some(here.clone())
}

/// The ids in a resource's `members`; `None` where the body is no resource.
pub fn members(body: &Value) -> Option<Vec<String>> {
    let body: &Map<String, Value> = body.as_object()?;
    let entries = body.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let id = |entry: &Value| entry.get("value").and_then(Value::as_str).map(str::to_owned);
    Some(entries.iter().filter_map(id).collect())
}

/// Expects a group to hold exactly these users.
pub fn expect_members(expected: &[&Known], seen: &Exchange) -> Verdict {
    if let Some(verdict) = unreadable(seen) {
        return verdict;
    }
    let Some(mut held) = seen.json().as_ref().and_then(members) else {
        return fail("a group", "no JSON object");
    };
    let mut expected: Vec<&str> = expected.iter().map(|user| user.id.as_str()).collect();
    held.sort();
    expected.sort_unstable();
    require(
        held == expected,
        &format!("members {}", json!(expected)),
        format!("members {}", json!(held)),
    )
}

/// Whether a value counts as none (RFC 7643 §2.5): null, empty text, empty list, and an object
/// of nothing but such.
pub fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.iter().all(is_unassigned),
        Value::Object(members) => members.values().all(is_unassigned),
        _ => false,
    }
}

/// Whether the tenant asks to come back later: no verdict can rest on such an answer.
pub fn is_throttled(seen: &Exchange) -> bool {
    seen.is_throttled()
}

/// A value for a person's eyes, not too long.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "absent".to_owned(),
        other => clip(&other.to_string()),
    }
}

fn clip(text: &str) -> String {
    const LETTERS_MAX: usize = 300;
    if text.chars().count() <= LETTERS_MAX {
        return text.to_owned();
    }
    text.chars().take(LETTERS_MAX).chain(['…']).collect()
}

/// What is left of a text when a canonical form may differ in case and marks.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::canary;
    use super::*;

    #[test]
    fn a_path_finds_typed_entries_and_the_extension() {
        let body = json!({"emails": [{"type": "home", "value": "a"},
                                     {"type": "work", "value": "b"}],
            scim::ENTERPRISE_USER: {"department": "R&D"}});
        assert_eq!(at(&body, "emails[work].value"), Some(json!("b")));
        assert_eq!(at(&body, "enterprise.department"), Some(json!("R&D")));
        assert_eq!(at(&body, "emails[other].value"), None);
    }

    #[test]
    fn a_canonical_form_is_a_reading_and_another_value_a_failure() {
        let phone = json!("+1-555-0100");
        let canonical = expect_value("phone", &phone, Some(&json!("+1 (555) 0100")));
        assert!(matches!(canonical, Verdict::Reads(_)));
        assert!(matches!(expect_value("phone", &phone, None), Verdict::Fail { .. }));
        let text = expect_value("active", &json!(false), Some(&json!("False")));
        assert!(matches!(text, Verdict::Fail { .. }));
    }

    #[test]
    fn order_case_of_a_type_and_what_is_unassigned_make_no_difference() {
        let seen = |body: Value| {
            canary::exchange(
                crate::exchange::Operation::ReadUser,
                Request::get("/Users/1"),
                canary::answer(200, &body),
            )
        };
        let (work, home) = (json!({"type": "work", "value": "w"}), json!({"type": "home"}));
        let before = json!({"emails": [work, home], "title": null, "roles": [], "nickName": "a"});
        let after = json!({"nickName": "a", "emails": [{"value": null, "type": "home"},
            {"value": "w", "type": "work"}]});
        let unchanged = |after: Value| expect_unchanged(&seen(before.clone()), &seen(after));
        assert_eq!(unchanged(after), Verdict::Pass);
        let lost = json!({"emails": [work], "nickName": "a"});
        assert!(matches!(unchanged(lost), Verdict::Fail { .. }));
        let renamed = json!({"emails": [{"type": "Work", "value": "w"}]});
        let echo = expect_echo(&json!({"emails": [work]}), &seen(renamed.clone()));
        assert!(matches!(echo, Verdict::Reads(_)), "{echo:?}");
        assert_eq!(at(&renamed, "emails[work].value"), Some(json!("w")));
    }

    #[test]
    fn every_letter_of_an_id_counts() {
        for path in ["id", "externalId", "enterprise.manager.value"] {
            let verdict = expect_value(path, &json!("Abc"), Some(&json!("abc")));
            assert!(matches!(verdict, Verdict::Fail { .. }), "{path}");
        }
    }

    #[test]
    fn a_filter_travels_in_entras_encoding() {
        let request = find("/Users", &equals("userName", "a@b.c"));
        assert_eq!(request.target, "/Users?filter=userName+eq+%22a%40b.c%22");
    }
}
