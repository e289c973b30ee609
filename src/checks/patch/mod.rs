//! PATCH row by row (RFC 7644 §3.5.2): its envelope, its paths, its three operations, and what they
//! do to primary, readOnly and immutable attributes.
//!
//! What Entra alone asks for stands in the topics of its dialects and of typed values. Here are the
//! few words that the rows share; where a row has to prepare its user, it judges nothing unless the
//! preparation was taken.

pub(super) mod add;
pub(super) mod envelope;
pub(super) mod paths;
pub(super) mod primary;
pub(super) mod remove;
pub(super) mod replace;

use http::Method;
use serde_json::{Value, json};

use super::check::*;

const TITLE: &[Capability] = &[Patch, Attribute("title")];
const DISPLAY_NAME: &[Capability] = &[Patch, Attribute("displayName")];
const NAME: &[Capability] = &[Patch, Attribute("name")];
const EMAILS: &[Capability] = &[Patch, Attribute("emails")];
const PHONES: &[Capability] = &[Patch, Attribute("phoneNumbers")];
const ADDRESSES: &[Capability] = &[Patch, Attribute("addresses")];

/// Patches the user, then reads it.
fn patched<const N: usize>(its: &Fixture, operations: [Value; N]) -> Vec<Request> {
    vec![patch(its.user(), operations), get(its.user())]
}

/// As [`patched`], after the user was given a home e-mail besides the one for work, and was read.
fn patched_with_home<const N: usize>(its: &Fixture, operations: [Value; N]) -> Vec<Request> {
    let home = patch(its.user(), [op("add", "emails", json!([home(its)]))]);
    [home, get(its.user())].into_iter().chain(patched(its, operations)).collect()
}

/// Judges where the user had both e-mails before the PATCH; the read before it is the second
/// exchange, then come the PATCH and the read behind it.
fn with_home(said: &Said, judge: impl FnOnce() -> Verdict) -> Verdict {
    let held = ["work", "home"].map(|kind| of_type("emails", kind, &said[1]).len());
    if held == [1, 1] { judge() } else { Verdict::NotApplicable }
}

/// An e-mail that the fixture's user does not have yet.
fn home(its: &Fixture) -> Value {
    json!({"type": "home", "value": its.user_name(4)})
}

/// Judges where the first requests, the preparations, were taken.
fn prepared(said: &Said, preparations: usize, judge: impl FnOnce() -> Verdict) -> Verdict {
    let taken = said.exchanges.iter().take(preparations).all(Exchange::is_success);
    if taken { judge() } else { Verdict::NotApplicable }
}

/// Every PATCH succeeded, and the read at the end shows these values.
fn applied(said: &Said, values: &[(&str, Value)]) -> Verdict {
    let writes = said.exchanges.iter().filter(|seen| seen.request.method == Method::PATCH);
    let held = values.iter().map(|(path, value)| expect_at(path, value.clone(), said.last()));
    worst(writes.map(expect_success).chain(held))
}

/// Every write was refused with one of these keywords, and the read at the end shows the title as
/// it was.
fn refused(said: &Said, scim_types: &[&str]) -> Verdict {
    let writes = said.exchanges.iter().filter(|seen| seen.request.method == Method::PATCH);
    let kept = expect_at("title", said.its.user().text("title"), said.last());
    worst(writes.map(|seen| expect_refused(scim_types, seen)).chain([kept]))
}

/// Something taken that the RFC lets a tenant refuse, or refused that it lets a tenant take.
fn remark(seen: &Exchange) -> Verdict {
    let word = if seen.is_success() { "taken" } else { "refused" };
    Verdict::Remark(format!("{word}: answered {}", seen.told()))
}

/// The values of a multi-valued attribute, empty ones included.
fn values(attribute: &str, seen: &Exchange) -> Vec<Value> {
    let body = seen.json().unwrap_or_default();
    body[attribute].as_array().cloned().unwrap_or_default()
}

/// Those of one type, whatever the case it comes back in.
fn of_type(attribute: &str, kind: &str, seen: &Exchange) -> Vec<Value> {
    values(attribute, seen).into_iter().filter(|value| type_of(value) == kind).collect()
}

/// The types of the e-mails that are marked as primary.
fn primaries(seen: &Exchange) -> Vec<String> {
    let mails = values("emails", seen);
    mails.iter().filter(|mail| mail["primary"] == true).map(type_of).collect()
}

fn type_of(value: &Value) -> String {
    value["type"].as_str().unwrap_or_default().to_ascii_lowercase()
}

/// At most one e-mail is marked as primary in a readable user.
fn one_primary_at_most(seen: &Exchange) -> Verdict {
    let marked = primaries(seen);
    let told = format!("{} primary e-mails", marked.len());
    all_of([expect_success(seen), require(marked.len() <= 1, "one primary e-mail at most", told)])
}

/// No member of the resource is named by a path as it was written.
fn no_literal_key(key: &str, seen: &Exchange) -> Verdict {
    let stored = seen.json().is_some_and(|body| body.get(key).is_some());
    require(!stored, "the path resolved", format!("{key:?} stored as an attribute"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::super::patches::tests::{its, user};
    use super::*;
    use crate::exchange::Answer;

    /// A user with these e-mails: type, number of the name, whether primary.
    pub(super) fn mails(entries: &[(&str, usize, bool)]) -> Answer {
        let entry = |(kind, number, primary): &(&str, usize, bool)| {
            let mut entry = json!({"type": kind, "value": its().user_name(*number)});
            if *primary {
                entry["primary"] = json!(true);
            }
            entry
        };
        user(json!({"emails": entries.iter().map(entry).collect::<Vec<_>>()}))
    }

    /// Both e-mails are there, the PATCH is taken, and this is read.
    pub(super) fn with_home(read: Answer) -> [Answer; 4] {
        let both = mails(&[("work", 0, true), ("home", 4, false)]);
        [empty(204), both, empty(204), read]
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let topics = [
            envelope::tests::canaries(),
            paths::tests::canaries(),
            add::tests::canaries(),
            remove::tests::canaries(),
            replace::tests::canaries(),
            primary::tests::canaries(),
        ];
        topics.into_iter().flatten().collect()
    }
}
