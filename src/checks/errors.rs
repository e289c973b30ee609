//! Errors and the habits of HTTP: RFC 7644 §3.12 and RFC 9110.
//!
//! The invariants hear every answer of a run; a few probes ask what no client of good manners
//! would.

use http::Method;
use http::header::IF_MATCH;
use serde_json::json;

use super::answers::is_below_scim;
use super::check::*;
use crate::scim;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    should(
        "err-not-200",
        Rfc7644("3.12"),
        "a failure shows in the status, not in an error under 2xx",
        Every(ANY, |seen| match seen.scim_error() {
            _ if !seen.is_success() || seen.bytes().is_empty() => Verdict::NotApplicable,
            Some(error) => fail("no Error URN under 2xx", format!("status {:?}", error.status)),
            None => Verdict::Pass,
        }),
    ),
    implied(
        "err-scimtype-known",
        Rfc7644("3.12"),
        "scimType is one of the keywords that there are",
        Every(ANY, |seen| match scim_type(seen) {
            Some(word) => require(KEYWORDS.contains(&word.as_str()), "a keyword of table 9", word),
            None => Verdict::NotApplicable,
        }),
    ),
    implied(
        "err-scimtype-only-errors",
        Rfc7644("3.12"),
        "scimType goes with 400, uniqueness with 409 and sensitive with 403",
        Every(ANY, |seen| match (scim_type(seen).as_deref(), seen.status()) {
            (None, _) => Verdict::NotApplicable,
            (_, 400) | (Some("uniqueness"), 409) | (Some("sensitive"), 403) => Verdict::Pass,
            (Some(_), _) => fail("no scimType, or another status", seen.told()),
        }),
    ),
    may(
        "err-detail-useful",
        Rfc7644("3.12"),
        "an error says in words what went wrong",
        Every(ANY, |seen| match seen.scim_error().filter(|_| !seen.is_success()) {
            Some(error) => {
                let told = error.detail.is_some_and(|detail| !detail.trim().is_empty());
                require(told, "a `detail`", "none")
            }
            None => Verdict::NotApplicable,
        }),
    ),
    implied(
        "err-no-leak",
        Rfc7644("7.7"),
        "an error shows nothing of the server's inside",
        Every(ANY, |seen| {
            if seen.status() < 400 || seen.bytes().is_empty() {
                return Verdict::NotApplicable;
            }
            let text = String::from_utf8_lossy(seen.bytes());
            let leak = LEAKS.iter().find(|leak| text.contains(**leak));
            leak.map_or(Verdict::Pass, |leak| fail("no traces of the inside", format!("{leak:?}")))
        }),
    ),
    should(
        "err-500-descriptive",
        Rfc7644("3.12"),
        "an internal error is described like any other",
        Every(ANY, |seen| match seen.status() {
            500.. if !is_throttled(seen) => {
                let described = seen.scim_error().is_some_and(|error| error.detail.is_some());
                require(described, "a SCIM error with a `detail`", "another body")
            }
            _ => Verdict::NotApplicable,
        }),
    ),
    should(
        "err-redirect-307-308",
        Rfc7644("3.12"),
        "a write is redirected by 307 or 308, so that its method and body survive",
        Every(ANY, |seen| match seen.status() {
            _ if matches!(seen.request.method, Method::GET | Method::HEAD) => {
                Verdict::NotApplicable
            }
            307 | 308 => Verdict::Pass,
            301..=303 => fail("status 307 or 308", seen.told()),
            _ => Verdict::NotApplicable,
        }),
    ),
    // Only for comparing clocks; a missing one is a note.
    may(
        "http-date-header",
        Http("RFC 9110 §6.6.1"),
        "every answer says when it was given",
        Every(ANY, |seen| match seen.status() {
            _ if is_below_scim(seen) || seen.result.is_err() => Verdict::NotApplicable,
            _ => require(seen.header("date").is_some(), "Date", "none"),
        }),
    ),
    should(
        "err-404-endpoint",
        Rfc7644("3.12"),
        "an unknown endpoint is answered 404",
        Probe(
            |_| vec![Request::get("/HarnessNope")],
            |said| match said[0].status() {
                404 => Verdict::Pass,
                400..=499 | 501 => Verdict::Remark(format!("answered {}", said[0].told())),
                _ => fail("status 404", said[0].told()),
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "err-405-or-501",
        Http("RFC 9110 §15.5.6"),
        "a method that a resource does not have is answered 405 with Allow, 501 or 404",
        Probe(
            // Both take POST alone, and a GET can do no harm.
            |_| vec![Request::get("/Bulk"), Request::get("/.search")],
            |said| {
                worst(said.exchanges.iter().map(|seen| match seen.status() {
                    405 if seen.header("allow").is_none() => fail("405 with Allow", "405 alone"),
                    404 | 405 | 501 => Verdict::Pass,
                    400..=499 => Verdict::Remark(format!("answered {}", seen.told())),
                    _ => fail("status 405, 501 or 404", seen.told()),
                }))
            },
        ),
    )
    .on(Setting::Nothing),
    must(
        "http-method-case",
        Http("RFC 9110 §9.1"),
        "a method that nobody knows is answered 501, 405 or 400",
        Probe(
            |its| {
                let method = Method::from_bytes(b"HARNESS").unwrap_or(Method::TRACE);
                vec![Request::new(method, its.user().path())]
            },
            |said| match said[0].status() {
                400 | 405 | 501 => Verdict::Pass,
                401..=499 => Verdict::Remark(format!("answered {}", said[0].told())),
                _ => fail("status 501, 405 or 400", said[0].told()),
            },
        ),
    ),
    must(
        "err-414-long-url",
        Http("RFC 9110 §15.5.15"),
        "a very long URL is answered, or refused with 414",
        Probe(
            |its| {
                let name = "x".repeat(LONG);
                vec![find("/Users", &equals("userName", &format!("{}{name}", its.absent)))]
            },
            |said| match said[0].status() {
                200 | 400 | 413 | 414 | 431 => Verdict::Pass,
                401..=499 | 501 => Verdict::Remark(format!("answered {}", said[0].told())),
                _ => fail("status 414", said[0].told()),
            },
        ),
    )
    .on(Setting::Nothing)
    .risk(Risk::Heavy),
    should(
        "err-409-vs-412",
        Rfc7644("3.12"),
        "a change of an old version is answered 412",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/ServiceProviderConfig")),
                [config] if config.at("/etag/supported") == Some(json!(true)) => {
                    Some(get(its.user()))
                }
                [_, read] if read.header("etag").is_some() => Some(renamed(its, "Alice A.")),
                [_, read, changed] if changed.is_success() => {
                    let old = read.header("etag").unwrap_or_default();
                    Some(renamed(its, "Alice B.").header(IF_MATCH, old))
                }
                _ => None,
            },
            |said| match said.exchanges.get(3).map(Exchange::status) {
                None => Verdict::NotApplicable,
                Some(412) => A41.read_as("precondition-failed", said[3].told()),
                Some(409) => A41.read_as("conflict", "an old version is answered 409"),
                Some(_) => fail("status 412", said[3].told()),
            },
        ),
    )
    .reads(&[A41])
    .needs(&[Etag, Patch, Attribute("displayName")]),
    must(
        "err-keepalive",
        Http("RFC 9112 §9.3"),
        "after a refused body the next request is answered as ever",
        Probe(
            |its| {
                let broken = format!("{{\"schemas\": [\"{}\", {}", scim::USER, " ".repeat(4096));
                let post = Request::new(Method::POST, "/Users").raw(scim::MEDIA_TYPE, broken);
                vec![post, get(its.user())]
            },
            |said| expect_at("id", said.its.user().id.as_str(), &said[1]),
        ),
    ),
    must(
        "http-unknown-header",
        Http("RFC 9110 §5.1"),
        "a header that nobody knows does no harm",
        Probe(
            |its| {
                let name = http::HeaderName::from_static("adscimversion");
                let mark = |request: Request| request.header(name.clone(), "ActivityId:0");
                vec![mark(get(its.user())), mark(renamed(its, "Alice A."))]
            },
            |said| all_of([expect_status(200, &said[0]), expect_success(&said[1])]),
        ),
    )
    .needs(&[Patch, Attribute("displayName")]),
];

/// Keywords of RFC 7644 table 9 and RFC 9865 §2.1.
const KEYWORDS: [&str; 13] = [
    "invalidFilter",
    "tooMany",
    "uniqueness",
    "mutability",
    "invalidSyntax",
    "invalidPath",
    "noTarget",
    "invalidValue",
    "invalidVers",
    "sensitive",
    "invalidCursor",
    "expiredCursor",
    "invalidCount",
];

/// What stack traces, databases and file systems leave in an error.
const LEAKS: &[&str] = &[
    "Traceback (most recent call last)",
    "Exception in thread",
    "System.NullReferenceException",
    "\\n   at ",
    "\\n    at ",
    "\n    at ",
    "node_modules/",
    "site-packages/",
    "java.lang.",
    "org.springframework.",
    "SQLSTATE",
    "ORA-0",
    "sqlite3.",
    "psycopg2.",
    "syntax error at or near",
    "panicked at",
];

/// Letters of a URL that most servers find too long; a client cannot build much longer ones.
const LONG: usize = 48 * 1024;

fn scim_type(seen: &Seen<'_>) -> Option<String> {
    if seen.is_success() { None } else { seen.scim_error()?.scim_type }
}

fn renamed(its: &Fixture, name: &str) -> Request {
    patch(its.user(), [op("replace", "displayName", name)])
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    fn with(mut answer: Answer, name: &'static str, value: &'static str) -> Answer {
        answer.headers.insert(name, value.parse().unwrap());
        answer
    }

    fn said(status: u16, change: &Value) -> Answer {
        let mut body = json!({"schemas": [scim::ERROR], "status": status.to_string()});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        answer(status, &body)
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let read = |answer| exchange(Operation::ReadUser, Request::get("/Users/1"), answer);
        let wrote = |answer| exchange(Operation::DeleteUser, Request::delete("/Users/1"), answer);
        let on = |id, right: Answer, wrong: Answer| heard(id, read(right), read(wrong));
        let user = || answer(200, &json!({"id": "user-0"}));
        let not_found = || error(404, "");
        let typed = |word: &str| error(400, word);
        let told = |detail: &str| said(400, &json!({"detail": detail}));
        let config = || answer(200, &json!({"etag": {"supported": true}}));
        let tagged = || with(user(), "etag", "W/\"1\"");
        vec![
            on("err-not-200", user(), said(200, &json!({}))),
            on("err-scimtype-known", typed("invalidValue"), typed("InvalidValue")),
            on("err-scimtype-only-errors", typed("noTarget"), error(404, "noTarget")),
            on("err-detail-useful", told("no such user"), told(" ")),
            on("err-no-leak", not_found(), told("Traceback (most recent call last)")),
            on("err-500-descriptive", error(500, ""), empty(500)),
            heard("err-redirect-307-308", wrote(empty(308)), wrote(empty(302))),
            on("http-date-header", with(user(), "date", "today"), user()),
            canary("err-404-endpoint", [not_found()], [user()]),
            canary("err-405-or-501", [with(error(405, ""), "allow", "GET")], [user()]),
            canary("http-method-case", [error(501, "")], [user()]),
            canary("err-414-long-url", [error(414, "")], [error(500, "")]),
            canary(
                "err-409-vs-412",
                [config(), tagged(), empty(204), error(412, "")],
                [config(), tagged(), empty(204), empty(204)],
            ),
            canary("err-keepalive", [typed("invalidSyntax"), user()], [typed("invalidSyntax")]),
            canary("http-unknown-header", [user(), empty(204)], [user(), typed("invalidSyntax")]),
        ]
    }
}
