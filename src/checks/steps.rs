//! Steps that many rows share: create and read back, keep or refuse, look at every value.
//!
//! A row that only asks "what happens to this value" is then one body and one expectation.

use serde_json::{Value, json};

use super::check::*;
use crate::scim::message::json_member;

/// The first new user of a probe with some attributes of its own.
pub(super) fn user_with(its: &Fixture, changes: &Value) -> Value {
    changed(its.new_user(0), changes)
}

/// A body with some members set.
pub(super) fn changed(mut body: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// A body without some members.
pub(super) fn without(mut body: Value, names: &[&str]) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
    body
}

/// Creates a user, then reads it where it was created.
pub(super) fn create_then_read(body: &Value, said: &[Exchange]) -> Option<Request> {
    match said {
        [] => Some(create_user(body)),
        [made] => by_id("/Users", made),
        _ => None,
    }
}

/// The read after a create; a create that was refused or made nothing is itself the verdict.
pub(super) fn when_made(said: &Said, judge: impl FnOnce(&Exchange) -> Verdict) -> Verdict {
    match said.exchanges.as_slice() {
        [made, read, ..] => all_of([expect_created(made), judge(read)]),
        [made] => expect_created(made),
        [] => Verdict::NotApplicable,
    }
}

/// As [`when_made`], where the value may also be turned down cleanly: `refused` says what of that.
pub(super) fn made_or_refused(
    said: &Said,
    refused: Verdict,
    judge: impl FnOnce(&Exchange) -> Verdict,
) -> Verdict {
    match said[0].status() {
        400 => refused,
        _ => when_made(said, judge),
    }
}

/// The value at a path came back as it was sent; a refusal or a loss is worth a remark.
pub(super) fn kept_or_remarked(said: &Said, path: &str, sent: impl Into<Value>) -> Verdict {
    let refused = Verdict::Remark(format!("`{path}` is refused: {}", said[0].told()));
    made_or_refused(said, refused, |read| lenient(path, &sent.into(), read))
}

/// The value at a path came back; another one is worth a remark, an unreadable answer a failure.
pub(super) fn lenient(path: &str, sent: &Value, read: &Exchange) -> Verdict {
    match expect_at(path, sent.clone(), read) {
        Verdict::Fail { actual, .. } if read.is_success() => {
            Verdict::Remark(format!("{actual} for {}", shown(sent)))
        }
        verdict => verdict,
    }
}

/// Expects a SCIM error of that status; another `scimType` than these is worth a remark.
pub(super) fn expect_error(status: u16, types: &[&str], seen: &Exchange) -> Verdict {
    if seen.status() != status {
        return fail(format!("status {status}"), seen.told());
    }
    let given = seen.scim_error().and_then(|error| error.scim_type);
    match given {
        Some(given) if types.contains(&given.as_str()) => Verdict::Pass,
        other => Verdict::Remark(format!(
            "{status} with scimType {} instead of {}",
            other.as_deref().unwrap_or("none"),
            types.join(" or ")
        )),
    }
}

/// Expects any answer that is not a fault of the server's own.
pub(super) fn expect_no_fault(seen: &Exchange) -> Verdict {
    match seen.status() {
        501 => Verdict::Remark("answered 501".to_owned()),
        status => require(status < 500, "no server error", seen.told()),
    }
}

/// Compares with a fallible judge: a read that shows another thing than asked is no verdict.
pub(super) fn only_if(applies: bool, judge: impl FnOnce() -> Verdict) -> Verdict {
    if applies { judge() } else { Verdict::NotApplicable }
}

/// The end of a URL from its collection on: `/Users/17` of any form of link.
pub(super) fn target_of(link: &str) -> Option<String> {
    let place = ["/Users/", "/Groups/"].iter().filter_map(|part| link.rfind(part)).max()?;
    Some(link[place..].to_owned())
}

/// The texts of one sub-attribute of a multi-valued attribute, sorted.
pub(super) fn texts(body: &Value, attribute: &str, sub: &str) -> Vec<String> {
    let mut texts: Vec<String> = text_of_each(body, attribute, sub).map(str::to_owned).collect();
    texts.sort();
    texts
}

/// The same in the order of the body.
pub(super) fn text_of_each<'a>(
    body: &'a Value,
    attribute: &str,
    sub: &str,
) -> impl Iterator<Item = &'a str> {
    let entries = json_member(body, attribute).and_then(Value::as_array);
    let entries = entries.map_or(&[][..], Vec::as_slice);
    entries.iter().filter_map(move |entry| json_member(entry, sub)?.as_str())
}

/// What a resource's `meta` says under that name.
pub(super) fn of_meta<'a>(resource: &'a Value, name: &str) -> Option<&'a Value> {
    json_member(json_member(resource, "meta")?, name)
}

/// Whether a value of several is marked as the primary one.
pub(super) fn is_primary(entry: &Value) -> bool {
    json_member(entry, "primary") == Some(&Value::Bool(true))
}

/// The same text with every letter's case flipped (ASCII).
pub(super) fn flipped(text: &str) -> String {
    let flip = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    text.chars().map(flip).collect()
}

/// A group's member as it is sent.
pub(super) fn member(id: &str) -> Value {
    json!({"value": id})
}

/// A user's or group's name for its type, by the collection that was asked for.
pub(super) fn type_of(seen: &Exchange) -> &'static str {
    if seen.request.path().starts_with("/Groups") { "Group" } else { "User" }
}
