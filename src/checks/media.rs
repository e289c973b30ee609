//! Media types, character sets and the fine print of JSON: RFC 7644 §3.1, §3.8, §8.1.
//!
//! A user created with a strange text is read back: what matters is what was kept.

use http::header::ACCEPT;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;

use super::check::*;
use crate::scim;
use crate::scim::schema;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "media-accept-scim-json",
        Rfc7644("3.8"),
        "who accepts application/scim+json gets it",
        Probe(
            |its| accepting(its, scim::MEDIA_TYPE),
            |said| {
                let kind = media_type(&said[0]);
                let right =
                    all_of([expect_status(200, &said[0]), expect("type", scim::MEDIA_TYPE, kind)]);
                unless_declined(&said[0], right)
            },
        ),
    )
    .on(Setting::Nothing),
    should(
        "media-accept-json",
        Rfc7644("3.8"),
        "who accepts application/json gets JSON",
        Probe(
            |its| accepting(its, "application/json"),
            |said| unless_declined(&said[0], expect_json(&said[0])),
        ),
    )
    .on(Setting::Nothing),
    must(
        "media-accept-list",
        Http("RFC 9110 §12.5.1"),
        "a list of accepted types with weights is understood",
        Probe(
            |its| accepting(its, "application/json;q=0.5, application/scim+json"),
            |said| unless_declined(&said[0], expect_json(&said[0])),
        ),
    )
    .on(Setting::Nothing),
    must(
        "media-accept-unsupported",
        Http("RFC 9110 §12.4.1"),
        "who accepts XML alone gets 406, or SCIM all the same",
        Probe(
            |its| accepting(its, "application/xml"),
            |said| match (said[0].status(), media_type(&said[0]).as_str()) {
                (406, _) | (200, scim::MEDIA_TYPE) => Verdict::Pass,
                (200, "application/json") | (400..=499, _) => {
                    Verdict::Remark(format!("answered {}", said[0].told()))
                }
                (501, _) => Verdict::NotApplicable,
                (_, kind) => fail("406, or 200 with SCIM", format!("{}, {kind}", said[0].told())),
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "media-request-scim-json",
        Rfc7644("3.1"),
        "a body typed application/scim+json is taken",
        Probe(|its| posting(its, scim::MEDIA_TYPE), |said| expect_created(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[User]),
    implied(
        "media-request-json",
        Rfc7644("3.8"),
        "a body typed application/json is taken as well",
        Probe(
            |its| posting(its, "application/json"),
            |said| match said[0].status() {
                415 => A02.read_as("refuses", "a body typed application/json is refused"),
                _ => all_of([expect_created(&said[0]), A02.read_as("takes", said[0].told())]),
            },
        ),
    )
    .reads(&[A02])
    .on(Setting::Nothing)
    .needs(&[User]),
    must(
        "media-request-charset",
        Http("RFC 9110 §8.3.1"),
        "a charset of utf-8 beside the media type does no harm",
        Probe(
            |its| posting(its, "application/scim+json; charset=utf-8"),
            |said| expect_created(&said[0]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User]),
    must(
        "media-request-unsupported",
        Http("RFC 9110 §15.5.16"),
        "a body typed as plain text ends in no server error",
        Probe(
            |its| posting(its, "text/plain"),
            |said| match said[0].status() {
                400 | 415 => Verdict::Pass,
                // HTTP leaves it to the server whether it looks at the type.
                200..=499 => Verdict::Remark(format!("text/plain is answered {}", said[0].told())),
                _ => fail("status 415 or 400", said[0].told()),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User]),
    must(
        "media-error-content-type",
        Rfc7644("3.12"),
        "an error is typed application/scim+json",
        Probe(
            |its| vec![Request::get(format!("/Users/{}", its.absent))],
            |said| match (said[0].status(), media_type(&said[0]).as_str()) {
                (..400, _) | (_, scim::MEDIA_TYPE) => pass_if(said[0].status() >= 400),
                (_, kind @ ("application/json" | "application/problem+json")) => {
                    Verdict::Remark(format!("errors are typed {kind}"))
                }
                (_, kind) => fail(scim::MEDIA_TYPE, kind),
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "media-utf8-default",
        Rfc7644("3.8"),
        "a text of any script comes back as it was sent",
        Dialogue(
            |its, said| named(its, SCRIPTS, said),
            |said| {
                let held = held_name(said);
                match held.as_deref() {
                    Some(SCRIPTS) => Verdict::Pass,
                    Some(held) if held.nfc().eq(SCRIPTS.nfc()) => {
                        Verdict::Remark("texts come back in another Unicode form".to_owned())
                    }
                    _ => kept_or_refused(said, SCRIPTS),
                }
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User, Attribute("displayName")]),
    implied(
        "media-json-escape-equal",
        Rfc7644("3.1"),
        "a letter written as an escape is that letter",
        Dialogue(
            |its, said| match said {
                [] => {
                    let body = with_name(its, "Zoë 🙂").to_string();
                    let escaped = body.replace('ë', "\\u00eb").replace('🙂', "\\ud83d\\ude42");
                    Some(Request::new(http::Method::POST, "/Users").raw(scim::MEDIA_TYPE, escaped))
                }
                [made] => by_id("/Users", made),
                _ => None,
            },
            |said| kept_or_refused(said, "Zoë 🙂"),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User, Attribute("displayName")]),
    implied(
        "media-names-exact-case-out",
        Rfc7643("2.1"),
        "attributes are spelled in answers as the schema spells them",
        Every(ANY, |seen| match seen.body() {
            Some(body) if seen.is_success() && is_resource(seen, body) => {
                misspelt(body).map_or(Verdict::Pass, |(right, wrong)| fail(right, wrong))
            }
            _ => Verdict::NotApplicable,
        }),
    ),
    may(
        "media-suffix-scim",
        Rfc7644("3.8"),
        "the suffix .scim of a URL selects the format, or is unknown",
        Probe(
            |its| vec![Request::get(format!("{}.scim", its.user().path()))],
            |said| match said[0].status() {
                200 | 404 => Verdict::Pass,
                ..500 => Verdict::Remark(format!("answered {}", said[0].told())),
                _ => fail("status 200 or 404", said[0].told()),
            },
        ),
    ),
    implied(
        "media-large-string",
        Rfc7643("2.3.1"),
        "a text of 64 KiB is kept whole or refused, never cut",
        Dialogue(
            |its, said| named(its, &"x".repeat(LARGE), said),
            |said| match said[0].status() {
                400 | 413 => Verdict::Pass,
                _ => {
                    let length = held_name(said).map_or(0, |name| name.len());
                    expect("length", LARGE, length)
                }
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User, Attribute("displayName")])
    .risk(Risk::Heavy),
    implied(
        "media-control-chars",
        Rfc7643("2.3.1"),
        "control characters are kept or refused with 400",
        Dialogue(
            |its, said| named(its, CONTROL, said),
            |said| match said[0].status() {
                400 => Verdict::Pass,
                500.. => fail("status 201 or 400", said[0].told()),
                _ if held_name(said).as_deref() == Some(CONTROL) => Verdict::Pass,
                _ => Verdict::Remark("control characters are not kept".to_owned()),
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User, Attribute("displayName")]),
    implied(
        "media-duplicate-keys",
        Http("RFC 8259 §4"),
        "a member that stands twice in a body ends in no server error",
        Probe(
            |its| {
                // Names that differ in case alone, so that either makes the same user.
                let once = its.bare_user(0).to_string();
                let upper = json!(its.user_name(0).to_ascii_uppercase());
                let twice = once.replacen('{', &format!("{{\"userName\":{upper},"), 1);
                let request = Request::new(http::Method::POST, "/Users");
                vec![request.raw(scim::MEDIA_TYPE, twice)]
            },
            |said| require(said[0].status() < 500, "no server error", said[0].told()),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[User]),
];

/// Accents, a combining mark, Japanese, right to left, and letters beyond the first plane.
const SCRIPTS: &str = "José Ōe\u{301} 山田太郎 שלום 𝒜 🙂";
const CONTROL: &str = "one\u{0}two\nthree";
/// Letters of a text that some would cut.
const LARGE: usize = 64 * 1024;

fn accepting(its: &Fixture, types: &str) -> Vec<Request> {
    vec![find("/Users", &equals("userName", &its.absent)).header(ACCEPT, types)]
}

fn posting(its: &Fixture, kind: &'static str) -> Vec<Request> {
    let body = its.new_user(0).to_string();
    vec![Request::new(http::Method::POST, "/Users").raw(kind, body)]
}

/// The media type without parameters, in lower case; empty where there is none.
fn media_type(seen: &Exchange) -> String {
    let given = seen.header("content-type").unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn expect_json(seen: &Exchange) -> Verdict {
    let kind = media_type(seen);
    let json = matches!(kind.as_str(), scim::MEDIA_TYPE | "application/json");
    all_of([expect_status(200, seen), require(json, "a JSON media type", kind)])
}

fn pass_if(applies: bool) -> Verdict {
    if applies { Verdict::Pass } else { Verdict::NotApplicable }
}

fn with_name(its: &Fixture, name: &str) -> Value {
    let mut body = its.new_user(0);
    body["displayName"] = json!(name);
    body
}

/// Creates a user of that `displayName`, and reads it back.
fn named(its: &Fixture, name: &str, said: &[Exchange]) -> Option<Request> {
    match said {
        [] => Some(create_user(&with_name(its, name))),
        [made] => by_id("/Users", made),
        _ => None,
    }
}

/// The `displayName` that was read back.
fn held_name(said: &Said) -> Option<String> {
    let read = said.exchanges.get(1)?;
    read.at("/displayName")?.as_str().map(str::to_owned)
}

fn kept_or_refused(said: &Said, name: &str) -> Verdict {
    match said.exchanges.get(1) {
        Some(read) => {
            let held = read.at("/displayName").unwrap_or_default();
            require(held == name, &format!("`displayName` {name:?}"), shown(&held))
        }
        None => fail("status 201", said[0].told()),
    }
}

/// Whether the answer is one user or group.
fn is_resource(seen: &Exchange, body: &Value) -> bool {
    let path = seen.request.path();
    (path.starts_with("/Users") || path.starts_with("/Groups"))
        && body.get("Resources").is_none()
        && body.is_object()
}

/// The first attribute whose name differs from the schema's in case alone.
fn misspelt(body: &Value) -> Option<(String, String)> {
    let known = [schema::common(), schema::user().attributes, schema::group().attributes];
    body.as_object()?.keys().find_map(|name| {
        let attribute = known.iter().find_map(|attributes| schema::find(attributes, name))?;
        let differs = attribute.name != name;
        differs.then(|| (format!("`{}`", attribute.name), format!("`{name}`")))
    })
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

    fn typed(mut answer: Answer, kind: &'static str) -> Answer {
        answer.headers.insert("content-type", kind.parse().unwrap());
        answer
    }

    fn user(name: &str) -> Answer {
        answer(201, &json!({"id": "user-0", "displayName": name}))
    }

    fn read(name: &str) -> Exchange {
        exchange(Operation::ReadUser, Request::get("/Users/1"), answer(200, &json!({name: "x"})))
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let found = |kind| typed(list(&[]), kind);
        let crash = || error(500, "");
        let unsupported = || error(415, "");
        vec![
            canary("media-accept-scim-json", [list(&[])], [found("application/json")]),
            canary("media-accept-json", [found("application/json")], [error(406, "")]),
            canary("media-accept-list", [list(&[])], [error(406, "")]),
            canary("media-accept-unsupported", [error(406, "")], [found("application/xml")]),
            canary("media-request-scim-json", [user("a")], [unsupported()]),
            canary("media-request-json", [user("a")], [error(400, "invalidSyntax")]),
            canary("media-request-charset", [user("a")], [unsupported()]),
            canary("media-request-unsupported", [unsupported()], [crash()]),
            canary("media-error-content-type", [error(404, "")], [typed(empty(404), "text/html")]),
            canary("media-utf8-default", [user(SCRIPTS)], [user("Jos? ??")]),
            canary("media-json-escape-equal", [user("Zoë 🙂")], [user("Zo\\u00eb")]),
            heard("media-names-exact-case-out", read("displayName"), read("displayname")),
            canary("media-suffix-scim", [error(404, "")], [crash()]),
            canary("media-large-string", [user(&"x".repeat(LARGE))], [user("xx")]),
            canary("media-control-chars", [error(400, "invalidValue")], [crash()]),
            canary("media-duplicate-keys", [user("a")], [crash()]),
        ]
    }

    #[test]
    fn another_unicode_form_is_a_remark() {
        let check = super::super::find("media-utf8-default").unwrap();
        let composed: String = SCRIPTS.nfc().collect();
        let verdict = judged(check, &Evidence::Answers(vec![user(&composed)]));
        assert!(matches!(verdict, Verdict::Remark(_)), "{verdict:?}");
    }
}
