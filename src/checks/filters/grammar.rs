//! Joined filters, their precedence, letter case and spaces.

use serde_json::{Value, json};

use super::super::check::*;
use crate::scim;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "filter-and",
        Rfc7644("3.4.2.2"),
        "and finds those who meet both sides",
        Probe(
            |its| {
                let name = equals("userName", its.user().text("userName"));
                let both = |user: &Known| {
                    query(&format!(
                        "{name} and {}",
                        equals("displayName", user.text("displayName"))
                    ))
                };
                vec![both(its.user()), both(&its.users[1])]
            },
            |said| all_of([expect_hit(&said.its.user().id, &said[0]), expect_hits(0, &said[1])]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter, Attribute("displayName")]),
    must(
        "filter-or",
        Rfc7644("3.4.2.2"),
        "or finds those who meet either side, nobody twice",
        Probe(
            |its| {
                let name = |user: &Known| equals("userName", user.text("userName"));
                let (one, other) = (name(&its.users[0]), name(&its.users[3]));
                let pair = format!("{one} or {other}");
                vec![query(&pair), query(&format!("{one} or {}", equals("id", &its.user().id)))]
            },
            |said| {
                let users = &said.its.users;
                let pair = [&users[0].id, &users[3].id];
                all_of([
                    if_known(&said[0], expect_those(said, 0, |user| among_ids(user, &pair))),
                    if_known(&said[1], expect_hit(&users[0].id, &said[1])),
                ])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    must(
        "filter-not",
        Rfc7644("3.4.2.2"),
        "not finds all others, those without a value among them",
        Probe(
            |its| vec![among(its, "not (title eq \"Engineer\")")],
            |said| expect_those_if_known(said, 0, |user| !is(user, "title", "Engineer")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("title")]),
    implied(
        "filter-not-space",
        Rfc7644("3.4.2.2"),
        "not and its parenthesis may stand together or apart",
        Probe(
            |its| {
                let not = |word: &str| among(its, &format!("{word}(displayName eq \"Bravo\")"));
                vec![not("not "), not("not")]
            },
            |said| {
                let others = |user: &Value| !is(user, "displayName", "Bravo");
                let close = match said[1].status() {
                    400 => Verdict::Remark("`not(` without a space is refused".to_owned()),
                    _ => expect_those(said, 1, others),
                };
                all_of([expect_those(said, 0, others), close])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-precedence-and-or",
        Rfc7644("3.4.2.2"),
        "and binds tighter than or",
        Probe(
            |its| {
                let loose = "displayName eq \"Delta\" or displayName eq \"Bravo\"";
                vec![among(its, &format!("{loose} and nickName eq \"apple\""))]
            },
            |said| {
                expect_those_if_known(said, 0, |user| {
                    is(user, "displayName", "Delta")
                        || is(user, "displayName", "Bravo") && is(user, "nickName", "apple")
                })
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-precedence-not",
        Rfc7644("3.4.2.2"),
        "not binds tighter than and",
        Probe(
            |its| {
                let not = "not (displayName eq \"Bravo\") and displayName eq \"Delta\"";
                vec![among(its, not)]
            },
            |said| expect_those_if_known(said, 0, |user| is(user, "displayName", "Delta")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-grouping",
        Rfc7644("3.4.2.2"),
        "parentheses override, also five deep",
        Probe(
            |its| {
                let loose = "displayName eq \"Delta\" or displayName eq \"Bravo\"";
                vec![
                    among(its, &format!("({loose}) and not (displayName eq \"Delta\")")),
                    among(its, &format!("((((({loose})))))")),
                ]
            },
            |said| {
                let bravo = |user: &Value| is(user, "displayName", "Bravo");
                let either = |user: &Value| bravo(user) || is(user, "displayName", "Delta");
                all_of([
                    expect_those_if_known(said, 0, bravo),
                    expect_those_if_known(said, 1, either),
                ])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-attr-name-ci",
        Rfc7644("3.4.2.2"),
        "names of attributes ignore letter case",
        Probe(
            |its| {
                let name = equals("USERNAME", its.user().text("userName"));
                let family = |path: &str| among(its, &format!("{path} eq \"Grant\""));
                vec![query(&name), family("Name.FAMILYNAME"), family("name.familyName")]
            },
            |said| {
                let found = |place: usize| (said[place].status(), ids(&said[place]));
                let same = require(
                    found(1) == found(2),
                    "the same for Name.FAMILYNAME as for name.familyName",
                    said[1].told(),
                );
                all_of([expect_hit(&said.its.user().id, &said[0]), same])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    must(
        "filter-operator-ci",
        Rfc7644("3.4.2.2"),
        "operators ignore letter case",
        Probe(
            |its| {
                let name = equals("userName", its.user().text("userName"));
                vec![query(&name.replace(" eq ", " Eq ")), query(&name.replace(" eq ", " EQ "))]
            },
            |said| {
                let id = &said.its.user().id;
                all_of([expect_hit(id, &said[0]), expect_hit(id, &said[1])])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    implied(
        "filter-logical-ci",
        Rfc7644("3.4.2.2"),
        "and, or and not ignore letter case",
        Probe(
            |its| {
                let joined = format!("NOT (displayName eq \"Bravo\") AND {}", its.mark());
                vec![query(&joined)]
            },
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("AND and NOT are {}", said[0].told())),
                _ => expect_those(said, 0, |user| !is(user, "displayName", "Bravo")),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    implied(
        "filter-literal-lowercase",
        Rfc7644("3.4.2.2"),
        "True with a capital is refused or read as true",
        Probe(
            |its| vec![among(its, "active eq True")],
            |said| match said[0].status() {
                400 => Verdict::Pass,
                _ => expect_sifted(said, 0, |user| user.get("active")?.as_bool()),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("active")]),
    must(
        "filter-urn-core",
        Rfc7644("3.10"),
        "an attribute may be named with the URN of its schema",
        Probe(
            |its| {
                let name = format!("{}:userName", scim::USER);
                vec![query(&equals(&name, its.user().text("userName")))]
            },
            |said| expect_hit(&said.its.user().id, &said[0]),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    must(
        "filter-urn-ci",
        Rfc7644("3.10"),
        "the URN before an attribute ignores letter case",
        Probe(
            |its| {
                let name = format!("{}:userName", scim::USER.replace("urn:ietf", "URN:IETF"));
                vec![query(&equals(&name.replace("User:", "user:"), its.user().text("userName")))]
            },
            |said| match said[0].status() {
                400 => Verdict::Remark(format!("a URN in another case is {}", said[0].told())),
                _ => expect_hit(&said.its.user().id, &said[0]),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
    may(
        "filter-extra-spaces",
        Rfc7644("3.4.2.2"),
        "more than one space between words does no harm",
        Probe(
            |its| {
                let name = json!(its.user().text("userName"));
                vec![query(&format!("userName  eq  {name}"))]
            },
            |said| match said[0].status() {
                400 => Verdict::Pass,
                _ => expect_hit(&said.its.user().id, &said[0]),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Filter]),
];

fn among_ids(user: &Value, ids: &[&String]) -> bool {
    ids.iter().any(|id| user["id"] == id.as_str())
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
        let not_bravo = || of([0, 1, 2, 4, 5, 6, 7]);
        vec![
            canary("filter-and", [of([0]), of([])], [of([0]), of([0])]),
            canary("filter-or", [of([0, 3]), of([0])], [of([0, 3]), of([0, 0])]),
            canary("filter-not", [of([0, 1, 2, 4, 5, 6])], [of([0, 1, 4, 6])]),
            canary("filter-not-space", [not_bravo(), refused()], [refused(), not_bravo()]),
            canary("filter-precedence-and-or", [of([0, 3])], [of([3])]),
            canary("filter-precedence-not", [of([0])], [not_bravo()]),
            canary("filter-grouping", [of([3]), of([0, 3])], [of([0, 3]), of([0, 3])]),
            canary("filter-attr-name-ci", [of([0])], [of([0]), refused(), of([0])]),
            canary("filter-operator-ci", [of([0])], [refused()]),
            canary("filter-logical-ci", [not_bravo()], [of([3])]),
            canary("filter-literal-lowercase", [refused()], [error(500, "")]),
            canary("filter-urn-core", [of([0])], [refused()]),
            canary("filter-urn-ci", [refused()], [of([])]),
            canary("filter-extra-spaces", [of([0])], [of([])]),
        ]
    }
}
