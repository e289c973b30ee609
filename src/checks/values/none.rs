//! No value (RFC 7643 §2.5): null, an empty list and absence are one state.
//!
//! What of these an answer shows is the tenant's affair; what they do is not.

use serde_json::{Value, json};

use crate::checks::check::*;
use crate::checks::steps::*;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "null-equals-absent",
        Rfc7643("2.5"),
        "null and an empty list in a create are as good as leaving the attribute out",
        Dialogue(
            |its, said| {
                let nothing = json!({"title": null, "addresses": []});
                create_then_read(&user_with(its, &nothing), said)
            },
            |said| {
                when_made(said, |read| {
                    all_of(["title", "addresses"].map(|path| expect_unassigned(path, read)))
                })
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "null-clears-put",
        Rfc7643("2.5"),
        "null and an empty list in a PUT clear what was there",
        Probe(
            |its| {
                let nothing = json!({"title": null, "addresses": []});
                let body = changed(its.user().sent.clone(), &nothing);
                vec![Request::put(its.user().path(), &body), get(its.user())]
            },
            |said| {
                let cleared =
                    || all_of(["title", "addresses"].map(|path| expect_unassigned(path, &said[1])));
                match said[0].status() {
                    404 | 405 | 501 => Verdict::NotApplicable,
                    _ => all_of([expect_success(&said[0]), cleared()]),
                }
            },
        ),
    )
    .needs(&[Attribute("title"), Attribute("addresses")]),
    implied(
        "null-clears-patch",
        Rfc7643("2.5"),
        "replacing a value by null takes it away",
        Probe(
            |its| {
                let nothing = op("replace", "title", Value::Null);
                vec![patch(its.user(), [nothing]), get(its.user())]
            },
            |said| match said[0].status() {
                400 => A10.read_as("refuses", format!("null is refused: {}", said[0].told())),
                _ => all_of([expect_success(&said[0]), expect_unassigned("title", &said[1])]),
            },
        ),
    )
    .reads(&[A10])
    .needs(&[Patch, Attribute("title")]),
    implied(
        "empty-string",
        Rfc7643("2.5"),
        "an empty text is kept, takes the value away, or is refused",
        Probe(
            |its| vec![patch(its.user(), [op("replace", "title", "")]), get(its.user())],
            |said| match said[0].status() {
                400 => Verdict::Pass,
                _ => all_of([expect_success(&said[0]), expect_unassigned("title", &said[1])]),
            },
        ),
    )
    .needs(&[Patch, Attribute("title")]),
    may(
        "null-omitted-out",
        Rfc7643("2.5"),
        "an attribute without a value is left out or null, not the word for it",
        Probe(
            |its| vec![get(its.user())],
            |said| match said[0].json() {
                Some(body) => {
                    let attributes = body.as_object().into_iter().flatten();
                    let unsent = attributes.filter(|(name, _)| !is_sent(said, name));
                    worst(unsent.map(|(name, value)| match word_for_nothing(value) {
                        Some(word) => fail(format!("`{name}` left out"), format!("{word:?}")),
                        None => Verdict::Pass,
                    }))
                }
                None => fail("the user", said[0].told()),
            },
        ),
    )
    .on(Setting::BareUsers(1)),
];

/// Whether the create named the attribute, or the tenant alone says what it is.
fn is_sent(said: &Said, name: &str) -> bool {
    name == "id" || said.its.user().sent.get(name).is_some()
}

/// A text in the value that some languages write for no value.
fn word_for_nothing(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => {
            let words = ["null", "undefined", "none", "nil"];
            words.contains(&text.to_ascii_lowercase().as_str()).then_some(text)
        }
        Value::Array(values) => values.iter().find_map(word_for_nothing),
        Value::Object(members) => members.values().find_map(word_for_nothing),
        _ => None,
    }
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::*;
    use crate::checks::canary::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let none = || alice(200, &json!({"title": null, "addresses": []}));
        let null_text = || alice(200, &json!({"title": "null"}));
        vec![
            canary("null-equals-absent", [made(), none()], [made(), null_text()]),
            canary("null-clears-put", [none(), none()], [none(), null_text()]),
            canary("null-clears-patch", [empty(204), none()], [empty(204), null_text()]),
            canary("empty-string", [empty(204), none()], [error(500, ""), none()]),
            canary("null-omitted-out", [none()], [null_text()]),
        ]
    }
}
