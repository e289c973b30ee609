//! Filters that are no filters, or that ask what a type cannot answer: refused, never passed over.

use serde_json::Value;

use super::super::check::*;

/// Filters that the grammar does not know.
const MALFORMED: [&str; 10] = [
    "userName",
    "userName eq",
    "eq \"x\"",
    "userName eq \"x",
    "(userName pr",
    "userName pr)",
    "userName pr and",
    "emails[type eq \"x\"",
    "userName pr junk",
    "userName eq \"x\" userName pr",
];
/// How many comparisons a long filter joins: about 8 KiB of text.
const TERMS: usize = 200;
/// How many parentheses a deep filter opens.
const DEPTH: usize = 2_000;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "filter-gt-boolean-400",
        Rfc7644("3.4.2.2"),
        "booleans have no order: gt, ge, lt and le on them are refused",
        Probe(
            |its| {
                let by = |operator: &&str| among(its, &format!("active {operator} false"));
                ["gt", "ge", "lt", "le"].iter().map(by).collect()
            },
            all_refused,
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("active")]),
    must(
        "filter-gt-binary-400",
        Rfc7644("3.4.2.2"),
        "binary values have no order: gt on them is refused",
        Probe(
            |its| {
                let filter = "x509Certificates.value gt \"AA\"";
                vec![Request::get("/Schemas"), among(its, filter)]
            },
            |said| match binary_certificates(&said[0]) {
                true => refused(&said[1]),
                false => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Schemas]),
    implied(
        "filter-co-boolean",
        Rfc7644("3.12"),
        "a boolean has no text to search: co on it is refused",
        Probe(
            |its| vec![among(its, "active co \"t\"")],
            |said| {
                refused_or_remark(&said[0], "co on a boolean is answered as if it had a meaning")
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("active")]),
    implied(
        "filter-valuepath-nested-400",
        Rfc7644("3.4.2.2"),
        "a value path in a value path is refused",
        Probe(
            |_| vec![query("emails[type[value eq \"c\"]]")],
            |said| refused_or_remark(&said[0], "a value path in a value path is taken"),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    implied(
        "filter-unquoted-string-400",
        Rfc7644("3.4.2.2"),
        "a text without quotes is refused",
        Probe(
            |its| vec![query(&format!("userName eq {}", its.marker))],
            |said| match said[0].is_success() {
                true => A26.read_as("takes", "a text without quotes is taken"),
                false => {
                    let refused = A26.read_as("refuses", said[0].told());
                    all_of([expect_query_refused(&said[0]), refused])
                }
            },
        ),
    )
    .reads(&[A26])
    .on(Setting::Nothing)
    .needs(&[Filter]),
    implied(
        "filter-single-quotes-400",
        Rfc7644("3.4.2.2"),
        "a text in single quotes is refused",
        Probe(
            |its| vec![query(&format!("userName eq '{}'", its.marker))],
            |said| refused_or_remark(&said[0], "a text in single quotes is taken"),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    must(
        "filter-unknown-operator",
        Rfc7644("3.4.2.2"),
        "an operator that nobody defined is refused with invalidFilter",
        Probe(|_| vec![query("userName regex \"a.*\"")], |said| refused(&said[0])),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    must(
        "filter-malformed",
        Rfc7644("3.4.2.2"),
        "what is no filter is refused with invalidFilter",
        Probe(
            |_| {
                let empty = Request::get("/Users?count=1&filter=");
                MALFORMED.iter().map(|filter| query(filter)).chain([empty]).collect()
            },
            |said| {
                let (empty, malformed) = said.exchanges.split_last().expect("all were sent");
                let empty = match empty.status() {
                    200..=299 => Verdict::Remark("an empty filter counts as none".to_owned()),
                    _ => refused(empty),
                };
                worst(malformed.iter().map(refused).chain([empty]))
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter]),
    implied(
        "filter-long",
        Rfc7644("3.4.2.2"),
        "a filter of 8 KiB is answered rightly or refused cleanly",
        Probe(
            |its| {
                let name = |number: usize| equals("userName", &its.user_name(number));
                let names: Vec<String> = (0..TERMS).map(name).collect();
                vec![query(&names.join(" or "))]
            },
            |said| match said[0].status() {
                400 | 413 | 414 | 431 => Verdict::Pass,
                _ => expect_hit(&said.its.user().id, &said[0]),
            },
        ),
    )
    .needs(&[Filter])
    .risk(Risk::Heavy),
    implied(
        "filter-deep-nesting",
        Rfc7644("3.4.2.2"),
        "a filter two thousand parentheses deep is answered, not a crash",
        Probe(
            |_| {
                let (open, close) = ("(".repeat(DEPTH), ")".repeat(DEPTH));
                vec![
                    query(&format!("{open}userName eq \"x\"{close}")),
                    Request::get("/Users?count=1"),
                ]
            },
            |said| all_of([expect_clean(&said[0]), expect_status(200, &said[1])]),
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Filter])
    .risk(Risk::Heavy),
    implied(
        "filter-put-patch-ignored",
        Rfc7644("3.4.2"),
        "a filter in the URL of a write is of no account to it",
        Probe(
            // Both users are the probe's own, so that who obeys the filter changes nobody else.
            |its| {
                let user = its.user();
                let other = equals("userName", its.users[1].text("userName"));
                let path = format!("{}?filter={}", user.path(), encoded(&other));
                let change = patch(user, [op("replace", "displayName", CHANGED)]);
                let mut body = user.sent.clone();
                body["displayName"] = REPLACED.into();
                vec![
                    Request { target: path.clone(), ..change },
                    Request::put(path, &body),
                    get(user),
                    get(&its.users[1]),
                ]
            },
            filter_of_no_account,
        ),
    )
    .on(Setting::Users(2))
    .needs(&[Filter, Patch, Put, Attribute("displayName")]),
];

/// As [`expect_query_refused`], and a failure names the filter.
fn refused(seen: &Exchange) -> Verdict {
    match expect_query_refused(seen) {
        Verdict::Fail { expected, actual, .. } => {
            fail(expected, format!("{actual} for {}", seen.request.target))
        }
        verdict => verdict,
    }
}

fn all_refused(said: &Said) -> Verdict {
    worst(said.exchanges.iter().map(refused))
}

/// As [`expect_query_refused`]; a list is worth a remark and no more.
fn refused_or_remark(seen: &Exchange, taken: &str) -> Verdict {
    if seen.is_success() { Verdict::Remark(taken.to_owned()) } else { expect_query_refused(seen) }
}

/// The user whom the URL names is changed, and not the one whom the filter means.
fn filter_of_no_account(said: &Said) -> Verdict {
    let [changed, replaced, one, other] = said.exchanges.as_slice() else {
        return Verdict::NotApplicable;
    };
    let stranger = &said.its.users[1];
    let untouched = expect_at("displayName", stranger.text("displayName"), other);
    let name = |seen: &Exchange| one.is_success() && seen.is_success();
    let written = match (name(changed), name(replaced)) {
        (_, true) => expect_at("displayName", REPLACED, one),
        (true, false) => expect_at("displayName", CHANGED, one),
        (false, false) => expect_at("displayName", said.its.user().text("displayName"), one),
    };
    let clean = [changed, replaced].map(|seen| match seen.status() {
        400..=499 | 501 => Verdict::Remark(format!("a filter is refused: {}", seen.told())),
        _ => expect_success(seen),
    });
    worst(clean.into_iter().chain([untouched, written]))
}

const CHANGED: &str = "Alice Changed";
const REPLACED: &str = "Alice Replaced";

/// Whether the schemas have certificates, and as binary values.
fn binary_certificates(schemas: &Exchange) -> bool {
    fn named<'a>(attributes: &'a Value, name: &str) -> Option<&'a Value> {
        attributes.as_array()?.iter().find(|attribute| attribute["name"] == name)
    }
    let resources = schemas.list().map(|list| list.resources).unwrap_or_default();
    resources.iter().any(|schema| {
        named(&schema["attributes"], "x509Certificates")
            .and_then(|it| named(&it["subAttributes"], "value"))
            .is_some_and(|value| value["type"] == "binary")
    })
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use serde_json::json;

    use super::super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let refused = || error(400, "invalidFilter");
        let value = json!([{"name": "value", "type": "binary"}]);
        let certificates = json!([{"name": "x509Certificates", "subAttributes": value}]);
        let schemas = || list(&[json!({"id": "User", "attributes": certificates})]);
        let named = |name: &str| alice(200, &json!({"displayName": name}));
        let mut slipped: Vec<_> = (0..11).map(|_| refused()).collect();
        slipped[6] = of([]);
        vec![
            canary("filter-gt-boolean-400", [refused()], [refused(), of([0])]),
            canary("filter-gt-binary-400", [schemas(), refused()], [schemas(), of([])]),
            canary("filter-co-boolean", [of([])], [error(500, "")]),
            canary("filter-valuepath-nested-400", [refused()], [error(500, "")]),
            canary("filter-unquoted-string-400", [of([])], [error(500, "")]),
            canary("filter-single-quotes-400", [refused()], [error(500, "")]),
            canary("filter-unknown-operator", [refused()], [of([])]),
            Canary {
                id: "filter-malformed",
                right: Evidence::Answers(vec![refused()]),
                wrong: Evidence::Answers(slipped),
            },
            canary("filter-long", [of([0])], [of([0, 1])]),
            canary("filter-deep-nesting", [refused(), of([])], [error(500, ""), of([])]),
            canary(
                "filter-put-patch-ignored",
                [empty(204), empty(204), named(REPLACED), named("Ben Walker")],
                [empty(204), empty(204), named("Alice Adams"), named(REPLACED)],
            ),
        ]
    }
}
