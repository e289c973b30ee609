//! Multi-valued attributes, value paths, and values that a tenant may take for something else.

use serde_json::{Value, json};

use super::super::check::*;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "filter-mv-any",
        Rfc7644("3.4.2.2"),
        "any value of a multi-valued attribute may meet the filter",
        Probe(
            |its| {
                emails_of(its.user())
                    .iter()
                    .map(|it| among(its, &equals("emails.value", it)))
                    .collect()
            },
            |said| {
                let emails = emails_of(said.its.user());
                worst(emails.iter().enumerate().map(|(place, email)| {
                    expect_those(said, place, |user| any_email(user, |_, value| value == email))
                }))
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("emails")]),
    implied(
        "filter-mv-complex-default",
        Rfc7644("3.4.2.2"),
        "a multi-valued attribute without a sub-attribute stands for its value, or is refused",
        Probe(
            |its| vec![among(its, "emails co \"-kim@example\"")],
            |said| match said[0].status() {
                400 => A23.read_as("refuses", said[0].told()),
                _ => expect_those(said, 0, |user| {
                    any_email(user, |_, value| value.contains("-kim@example"))
                }),
            },
        ),
    )
    .reads(&[A23])
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("emails")]),
    may(
        "filter-valuepath",
        Rfc7644("3.4.2.2"),
        "brackets ask of one value",
        Probe(
            |its| vec![among(its, "emails[type eq \"work\" and value co \"-kim@\"]")],
            |said| {
                expect_those_if_known(said, 0, |user| {
                    any_email(user, |kind, value| kind == "work" && value.contains("-kim@"))
                })
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("emails")]),
    must(
        "filter-valuepath-same-element",
        Rfc7644("3.4.2.2"),
        "all that stands in brackets must hold of one and the same value",
        Probe(
            |its| vec![among(its, "emails[type eq \"work\" and value co \"z-kim@\"]")],
            |said| {
                // The home e-mail has that value; it says something only if it was kept.
                let kept = any_email(&said.its.user().sent, |kind, value| {
                    kind == "home" && value.contains("z-kim@")
                });
                match said[0].status() {
                    _ if !kept => Verdict::NotApplicable,
                    400 => Verdict::Remark(format!("declined: {}", said[0].told())),
                    _ => expect_hits(0, &said[0]),
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("emails")]),
    implied(
        "filter-valuepath-or-not",
        Rfc7644("3.4.2.2"),
        "or, not and parentheses work in brackets",
        Probe(
            |its| vec![among(its, "emails[not (type eq \"work\") or value co \"a-ian@\"]")],
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("declined: {}", said[0].told())),
                _ => expect_those(said, 0, |user| {
                    any_email(user, |kind, value| kind != "work" || value.contains("a-ian@"))
                }),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("emails")]),
    implied(
        "filter-combined-valuepaths",
        Rfc7644("3.4.2.2"),
        "two value paths can be joined",
        Probe(
            |its| {
                let email = "emails[type eq \"home\" and value co \"-kim@\"]";
                vec![among(its, &format!("{email} or phoneNumbers[type eq \"work\"]"))]
            },
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("declined: {}", said[0].told())),
                _ => expect_those(said, 0, |user| {
                    has(user, "phoneNumbers[work]")
                        || any_email(user, |kind, value| kind == "home" && value.contains("-kim@"))
                }),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("emails"), Attribute("phoneNumbers")]),
    must(
        "filter-string-escapes",
        Rfc7644("3.4.2.2"),
        "texts are JSON strings: escaped quotes, backslashes, slashes and code points are read",
        Probe(
            |its| {
                let plain = json!(ESCAPED).to_string();
                let all = plain.replace('/', "\\/").replace('\u{e9}', "\\u00e9");
                [plain, all].iter().map(|text| among(its, &format!("title eq {text}"))).collect()
            },
            |said| all_of([titled(said, 0, ESCAPED), titled(said, 1, ESCAPED)]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("title")]),
    implied(
        "filter-apostrophe",
        Rfc7644("3.4.2.2"),
        "an apostrophe in a value is an ordinary letter",
        Probe(
            |its| vec![among(its, "name.familyName eq \"O'Malley\"")],
            |said| expect_those(said, 0, |user| is(user, "name.familyName", "O'Malley")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("name")]),
    must(
        "filter-percent-encoding",
        Rfc7644("1.2"),
        "signs with a meaning in URLs and letters beyond ASCII can be asked for, percent-encoded",
        Probe(|its| vec![among(its, &equals("title", SIGNS))], |said| titled(said, 0, SIGNS)),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("title")]),
    implied(
        "filter-value-with-operators",
        Rfc7644("3.4.2.2"),
        "a value that looks like a filter is a value",
        Probe(
            |its| {
                let words = [SYNTAX, "eq", "a and b", "(x)", "[y]"];
                words.iter().map(|word| among(its, &equals("title", word))).collect()
            },
            |said| {
                let others = (1..said.exchanges.len()).map(|place| expect_hits(0, &said[place]));
                worst([titled(said, 0, SYNTAX)].into_iter().chain(others))
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("title")]),
    should(
        "filter-injection-literal",
        Rfc7644("7.7"),
        "a value is data to the tenant's store, never a command or a wildcard",
        Probe(
            |its| {
                let values = ["' OR 1=1--", "*)(uid=*", "{\"$ne\":null}", "%", "_", "*"];
                let wild = ["displayName co \"%\"", "displayName sw \"_\"", "displayName ew \"*\""];
                let equal = values.iter().map(|value| among(its, &equals("displayName", value)));
                equal.chain(wild.iter().map(|filter| among(its, filter))).collect()
            },
            |said| {
                let plain = |seen: &Exchange| match expect_hits(0, seen) {
                    Verdict::Fail { .. } if matches!(seen.status(), 400..=499) => {
                        Verdict::Remark(format!("a value was refused: {}", seen.told()))
                    }
                    Verdict::Fail { expected, actual, .. } => {
                        fail(expected, format!("{actual} for {}", seen.request.target))
                    }
                    verdict => verdict,
                };
                worst(said.exchanges.iter().map(plain))
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
];

/// Expects those of that title.
fn titled(said: &Said, place: usize, title: &str) -> Verdict {
    expect_those(said, place, |user| is(user, "title", title))
}

/// The values of a user's e-mails.
fn emails_of(user: &Known) -> Vec<String> {
    let emails = user.sent["emails"].as_array().map_or(&[][..], Vec::as_slice);
    let value = |email: &Value| email["value"].as_str().map(str::to_lowercase);
    emails.iter().filter_map(value).collect()
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use super::super::super::canary::*;
    use super::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let refused = || error(400, "invalidFilter");
        let none = || of([]);
        vec![
            canary("filter-mv-any", [of([0])], [of([0]), none()]),
            canary("filter-mv-complex-default", [refused()], [of([0, 1])]),
            canary("filter-valuepath", [refused()], [none()]),
            canary("filter-valuepath-same-element", [none()], [of([0])]),
            canary("filter-valuepath-or-not", [of([0, 3, 4])], [of([3])]),
            canary("filter-combined-valuepaths", [of([0, 1])], [of([0])]),
            canary("filter-string-escapes", [of([1])], [of([1]), refused()]),
            canary("filter-apostrophe", [of([3])], [refused()]),
            canary("filter-percent-encoding", [of([4])], [none()]),
            canary("filter-value-with-operators", [of([6]), none()], [of([6]), refused()]),
            canary("filter-injection-literal", [none()], [none(), of([0, 1, 2])]),
        ]
    }
}
