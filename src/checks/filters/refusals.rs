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
        ]
    }
}
