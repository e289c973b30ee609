//! Names in other scripts (RFC 7644 §5), and what must not leak or be slipped in (RFC 7644 §7).
//!
//! Preparing a userName is asked for by PRECIS; few tenants do it in full, and what they make of
//! two spellings of one name is worth a remark rather than a failure.

use serde_json::{Value, json};

use super::answers::each_resource;
use super::check::*;
use super::steps::*;
use crate::scim::message::json_member;

/// The checks of this topic.
pub(super) const CHECKS: &[Check] = &[
    must(
        "i18n-username-width",
        Rfc7644("5"),
        "full-width letters of a userName are ordinary ones",
        Probe(|its| twice(its, "wide１", "wide1"), |said| one_name(said, true)),
    )
    .on(Setting::Nothing),
    must(
        "i18n-username-nfc",
        Rfc7644("5"),
        "composed and decomposed letters of a userName are the same",
        Probe(|its| twice(its, "ren\u{e9}", "rene\u{301}"), |said| one_name(said, false)),
    )
    .on(Setting::Nothing),
    must(
        "i18n-username-case-nonascii",
        Rfc7644("5"),
        "the case of letters beyond ASCII is of no account in a userName",
        Probe(|its| twice(its, "ÅSA", "åsa"), |said| one_name(said, true)),
    )
    .on(Setting::Nothing),
    must(
        "i18n-filter-nonascii",
        Rfc7644("7.8"),
        "a filter finds a userName with letters beyond ASCII",
        Probe(
            |its| {
                let name = format!("åsa.{}@example.com", its.marker);
                let upper = format!("ÅSA.{}@example.com", its.marker);
                vec![
                    create_user(&user_with(its, &json!({"userName": name}))),
                    find("/Users", &equals("userName", &name)),
                    find("/Users", &equals("userName", &upper)),
                ]
            },
            |said| {
                only_if(said[0].is_success(), || {
                    let other = match expect_hits(1, &said[2]) {
                        Verdict::Fail { .. } => {
                            Verdict::Remark("Å in a filter does not find å".to_owned())
                        }
                        verdict => verdict,
                    };
                    all_of([expect_hits(1, &said[1]), other])
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    implied(
        "i18n-username-control",
        Rfc7644("5"),
        "a userName with a control character or a blank of no width is refused",
        Probe(
            |its| {
                let body = |name: &str, number| {
                    let name = format!("{name}.{number}.{}@example.com", its.marker);
                    create_user(&user_with(its, &json!({"userName": name})))
                };
                vec![body("zero\u{200b}width", 1), body("bell\u{7}", 2)]
            },
            |said| {
                worst(said.exchanges.iter().map(|seen| match seen.status() {
                    400 => Verdict::Pass,
                    _ if seen.is_success() => Verdict::Remark("it is taken".to_owned()),
                    _ => fail("status 400", seen.told()),
                }))
            },
        ),
    )
    .on(Setting::Nothing),
    may(
        "i18n-confusables",
        Rfc7644("5"),
        "two names that only look alike are two, or refused",
        Probe(
            |its| twice(its, "anna", "\u{430}nn\u{430}"),
            |said| worst(said.exchanges.iter().map(expect_no_fault)),
        ),
    )
    .on(Setting::Nothing),
    implied(
        "i18n-sort",
        Rfc7644("3.4.2.3"),
        "users with accents in their names can be sorted",
        Probe(
            |its| {
                let made = user_with(its, &json!({"displayName": "Émile Zola"}));
                let name = equals("userName", made["userName"].as_str().unwrap_or_default());
                let mut sorted = query(&name);
                sorted.target.push_str("&sortBy=displayName");
                vec![create_user(&made), sorted]
            },
            |said| expect_no_fault(&said[1]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Sort]),
    implied(
        "sec-no-secrets-in-location",
        Rfc7644("7.5.2"),
        "no location holds a userName",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let location = of_meta(resource, "location").and_then(Value::as_str);
                let Some(location) = location else { return Verdict::NotApplicable };
                let name = json_member(resource, "userName").and_then(Value::as_str);
                let name = name.unwrap_or_default();
                let is_coded = location.contains('%') && location.contains(&encoded(name));
                let leaks = name.contains('@') && (is_coded || location.contains(name));
                require(!leaks, "a location without userName", location)
            })
        }),
    ),
    should(
        "sec-id-opaque",
        Rfc7643("9.3"),
        "an id is neither userName nor e-mail address",
        Every(ANY, |seen| {
            each_resource(seen, |resource| {
                let text = |name| json_member(resource, name).and_then(Value::as_str);
                let Some(id) = text("id") else { return Verdict::NotApplicable };
                let mut personal =
                    text_of_each(resource, "emails", "value").chain(text("userName"));
                let equal = personal.any(|text| text.eq_ignore_ascii_case(id));
                require(!equal, "an id that says nothing", id)
            })
        }),
    ),
    implied(
        "sec-cache-control",
        Rfc7644("7.1"),
        "answers with users or groups are not offered to public caches",
        Every(ANY, |seen| {
            let users = ["/Users", "/Groups", "/Me"];
            let personal = users.iter().any(|path| seen.request.path().starts_with(path));
            match seen.header("cache-control") {
                Some(rule) if personal && seen.is_success() => {
                    require(!rule.to_ascii_lowercase().contains("public"), "no `public`", rule)
                }
                _ => Verdict::NotApplicable,
            }
        }),
    ),
    implied(
        "sec-cookie-flags",
        Rfc7644("7.4"),
        "a cookie is for TLS alone",
        Probe(
            |its| vec![get(its.user())],
            |said| match said[0].header("set-cookie") {
                Some(cookie) => {
                    let secure = cookie.to_ascii_lowercase().contains("secure");
                    let name = cookie.split('=').next().unwrap_or_default();
                    require(secure, "Secure", format!("cookie {name} without it"))
                }
                None => Verdict::NotApplicable,
            },
        ),
    )
    .needs(&[Tls]),
    should(
        "sec-id-traversal",
        Rfc7644("7.7"),
        "odd ids name nothing",
        Probe(
            |_| ["..%2FGroups", "%00", "%27"].map(|id| Request::get(format!("/Users/{id}"))).into(),
            |said| {
                worst(said.exchanges.iter().map(|seen| match seen.status() {
                    // An empty answer of a gateway, or of the URL's normal form.
                    200 if seen.list().is_ok() => {
                        Verdict::Remark(format!("{} is answered with a list", seen.request.target))
                    }
                    _ => expect_one_of(&[400, 403, 404], seen),
                }))
            },
        ),
    )
    .on(Setting::Nothing),
    should(
        "sec-xss-stored-json",
        Rfc7644("7.7"),
        "markup in a value is kept as text and answered as JSON",
        Dialogue(
            |its, said| create_then_read(&user_with(its, &json!({"displayName": MARKUP})), said),
            |said| {
                made_or_refused(said, Verdict::Remark("markup is refused".to_owned()), |read| {
                    let kind = read.header("content-type").unwrap_or_default();
                    all_of([
                        require(!kind.contains("html"), "JSON", kind),
                        lenient("displayName", &json!(MARKUP), read),
                    ])
                })
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Attribute("displayName")]),
    implied(
        "sec-mass-assignment",
        Rfc7644("3.3"),
        "members that no schema has and that sound like power have no effect",
        Dialogue(
            |its, said| {
                let power = json!({"isAdmin": true, "tenantId": "scimrig"});
                create_then_read(&user_with(its, &power), said)
            },
            |said| {
                made_or_refused(said, Verdict::Pass, |read| {
                    let body = read.json().unwrap_or_default();
                    let kept = body.get("isAdmin").is_some() || body["tenantId"] == "scimrig";
                    require(!kept, "neither of them", "one of them in a read")
                })
            },
        ),
    )
    .on(Setting::Nothing),
];

const MARKUP: &str = "<script>alert('scimrig')</script>";

/// Two creates under two spellings.
fn twice(its: &Fixture, one: &str, other: &str) -> Vec<Request> {
    let body = |spelling: &str, number| {
        let name = format!("{spelling}.{}@example.com", its.marker);
        create_user(&changed(its.new_user(number), &json!({"userName": name})))
    };
    vec![body(one, 0), body(other, 1)]
}

/// The second of two spellings is the first's: 409. Two users are a failure, or worth a remark.
fn one_name(said: &Said, lenient: bool) -> Verdict {
    match (said[0].status(), said[1].status()) {
        (400, _) => Verdict::Remark(format!("the name is refused: {}", said[0].told())),
        (201, 400 | 409) => Verdict::Pass,
        (201, 201) if lenient => Verdict::Remark("two spellings make two users".to_owned()),
        (200, _) => Verdict::NotApplicable,
        (201, _) => fail("status 409", said[1].told()),
        _ => fail("status 201", said[0].told()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::canary::*;
    use super::*;
    use crate::exchange::Answer;

    fn read(answer: Answer) -> Exchange {
        exchange(Operation::ReadUser, Request::get("/Users/1"), answer)
    }

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in super::super) fn canaries() -> Vec<Canary> {
        let made = || alice(201, &json!({}));
        let right = || alice(200, &json!({}));
        let conflict = || error(409, "uniqueness");
        let fault = || error(500, "");
        let unknown = || error(404, "");
        let hit = || list(&[json!({"id": "user-0"})]);
        let header = |name: &'static str, value: &str| {
            let mut answer = right();
            answer.headers.insert(name, value.parse().unwrap());
            answer
        };
        let located = |end: &str| {
            let location = format!("http://localhost/Users/{end}");
            read(alice(200, &json!({"userName": "a@b.c", "meta": {"location": location}})))
        };
        vec![
            canary("i18n-username-width", [made(), conflict()], [made(), fault()]),
            canary("i18n-username-nfc", [made(), conflict()], [made(), made()]),
            canary("i18n-username-case-nonascii", [made(), conflict()], [made(), fault()]),
            canary("i18n-filter-nonascii", [made(), hit(), hit()], [made(), list(&[])]),
            canary("i18n-username-control", [error(400, "invalidValue")], [fault()]),
            canary("i18n-confusables", [made()], [fault()]),
            canary("i18n-sort", [made(), hit()], [made(), fault()]),
            heard("sec-no-secrets-in-location", located("1"), located("a%40b.c")),
            heard(
                "sec-id-opaque",
                read(right()),
                read(alice(200, &json!({"id": "a@b.c", "userName": "A@b.c"}))),
            ),
            heard(
                "sec-cache-control",
                read(header("cache-control", "private")),
                read(header("cache-control", "public, max-age=60")),
            ),
            canary(
                "sec-cookie-flags",
                [header("set-cookie", "a=b; Secure")],
                [header("set-cookie", "a=b")],
            ),
            canary("sec-id-traversal", [unknown()], [right()]),
            canary(
                "sec-xss-stored-json",
                [made(), alice(200, &json!({"displayName": MARKUP}))],
                [made(), header("content-type", "text/html")],
            ),
            canary(
                "sec-mass-assignment",
                [made(), right()],
                [made(), alice(200, &json!({"isAdmin": true}))],
            ),
        ]
    }
}
