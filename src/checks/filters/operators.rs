//! Substring, presence and order, by the type of the attribute.

use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use serde_json::Value;

use super::super::check::*;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    must(
        "filter-co",
        Rfc7644("3.4.2.2"),
        "co finds those whose text contains the value",
        Probe(
            |its| vec![among(its, "displayName co \"rav\""), among(its, "displayName co \"RAV\"")],
            |said| containing(said, |name| name.contains("rav")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-sw",
        Rfc7644("3.4.2.2"),
        "sw finds those whose text begins with the value or is the value",
        Probe(
            // Others have the letter elsewhere.
            |its| vec![among(its, "displayName sw \"A\""), among(its, "displayName sw \"Alpha\"")],
            |said| containing(said, |name| name.starts_with('a')),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-ew",
        Rfc7644("3.4.2.2"),
        "ew finds those whose text ends with the value or is the value",
        Probe(
            |its| vec![among(its, "displayName ew \"l\""), among(its, "displayName ew \"Hotel\"")],
            |said| containing(said, |name| name.ends_with('l')),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-pr-simple",
        Rfc7644("3.4.2.2"),
        "pr finds those who have a value",
        Probe(
            |its| vec![among(its, "title pr")],
            |said| expect_those_if_known(said, 0, |user| has(user, "title")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("title")]),
    must(
        "filter-pr-complex",
        Rfc7644("3.4.2.2"),
        "pr of a complex attribute finds those who have any part of it",
        Probe(
            |its| vec![among(its, "name pr")],
            |said| expect_those_if_known(said, 0, |user| has(user, "name")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("name")]),
    implied(
        "filter-pr-multivalued",
        Rfc7644("3.4.2.2"),
        "pr of a multi-valued attribute finds those who have at least one value",
        Probe(
            |its| vec![among(its, "emails pr")],
            |said| expect_those_if_known(said, 0, |user| has(user, "emails")),
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("emails")]),
    implied(
        "filter-pr-false-boolean",
        Rfc7644("3.4.2.2"),
        "false is a value: active pr finds the inactive user too",
        Probe(
            |its| vec![among(its, "active pr")],
            |said| {
                let certain = |user: &Value| user["active"].as_bool().filter(|it| *it);
                let inactive = |user: &Known| user.sent["active"] == false;
                let found = ids(&said[0]);
                let active = said.its.users.iter().filter(|it| certain(&it.sent).is_some());
                let missed =
                    said.its.users.iter().any(|it| inactive(it) && !found.contains(&it.id));
                match active.clone().find(|it| !found.contains(&it.id)) {
                    _ if active.count() == 0 => Verdict::NotApplicable,
                    Some(user) => if_known(&said[0], fail("every active user", login(user))),
                    None if missed => Verdict::Remark("active pr leaves false out".to_owned()),
                    None => Verdict::Pass,
                }
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("active")]),
    must(
        "filter-gt-string",
        Rfc7644("3.4.2.2"),
        "gt and lt order texts as a dictionary does",
        Probe(
            |its| {
                vec![among(its, "displayName gt \"Delta\""), among(its, "displayName lt \"Delta\"")]
            },
            |said| {
                let name = |user: &Value| word(user, "displayName");
                all_of([
                    if_known(&said[0], expect_sifted(said, 0, |it| Some(*name(it)? > *"delta"))),
                    if_known(&said[1], expect_sifted(said, 1, |it| Some(*name(it)? < *"delta"))),
                ])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-order-complement",
        Rfc7644("3.4.2.2"),
        "of those with a value, gt or le finds each one once, and so does lt or ge",
        Probe(
            |its| {
                let by = |operator: &str| among(its, &format!("displayName {operator} \"Delta\""));
                vec![by("gt"), by("le"), by("lt"), by("ge")]
            },
            |said| {
                if let Some(refused) = said.exchanges.iter().find(|seen| !seen.is_success()) {
                    return if_known(refused, fail("status 200", refused.told()));
                }
                all_of([parted(said, 0, 1), parted(said, 2, 3)])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters, Attribute("displayName")]),
    must(
        "filter-gt-datetime",
        Rfc7644("3.4.2.2"),
        "gt and lt order times as the clock does",
        Probe(
            |its| {
                let after = |time: &str| among(its, &format!("meta.lastModified gt \"{time}\""));
                let middle = its.users[4].sent["meta"]["lastModified"].as_str();
                vec![
                    after("2000-01-01T00:00:00Z"),
                    after("2100-01-01T00:00:00Z"),
                    after(middle.unwrap_or("2000-01-01T00:00:00Z")),
                ]
            },
            |said| {
                let modified = |user: &Value| time(user, "lastModified");
                let Some(middle) = modified(&said.its.users[4].sent) else {
                    return Verdict::NotApplicable;
                };
                // Nearer than a second, what is written and what is stored may differ.
                let later = |user: &Value| {
                    let apart = modified(user)?.duration_since(middle);
                    (apart.unsigned_abs().as_secs() > 0).then_some(apart.is_positive())
                };
                let all = said.its.users.len() as u64;
                all_of([
                    if_known(&said[0], expect_hits(all, &said[0])),
                    if_known(&said[1], expect_hits(0, &said[1])),
                    if_known(&said[2], expect_sifted(said, 2, later)),
                ])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
    implied(
        "filter-datetime-zone",
        Rfc7643("2.3.5"),
        "an offset is part of a time: the same instant written otherwise finds the same",
        Probe(
            |its| {
                let Some((first, last)) = lifetimes(its) else { return Vec::new() };
                // Read without their offsets, both would find nobody.
                let before = shifted(first, -1, 14);
                let after = shifted(last, 1, -11);
                vec![
                    among(its, &format!("meta.created gt \"{before}\"")),
                    among(its, &format!("meta.created lt \"{after}\"")),
                ]
            },
            |said| {
                let all = said.its.users.len() as u64;
                let found = |place: usize| if_known(&said[place], expect_hits(all, &said[place]));
                all_of([found(0), found(1)])
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[JoinedFilters]),
];

/// Both filters find those whose displayName meets the condition; where the second, of another
/// letter case or length, finds less, it may be by the tenant's own schema.
fn containing(said: &Said, meets: impl Fn(&str) -> bool) -> Verdict {
    let expected = |user: &Value| Some(meets(&word(user, "displayName")?));
    let first = if_known(&said[0], expect_sifted(said, 0, expected));
    match (first, expect_sifted(said, 1, expected)) {
        (Verdict::Pass, Verdict::Fail { actual, .. })
            if said[1].request.target.contains("RAV") && actual == "nobody" =>
        {
            Verdict::Remark("displayName is searched with regard to letter case".to_owned())
        }
        (Verdict::Pass, second) => second,
        (first, _) => first,
    }
}

/// Two answers hold nobody in common, and together everybody with a displayName.
fn parted(said: &Said, one: usize, other: usize) -> Verdict {
    let (one, other) = (ids(&said[one]), ids(&said[other]));
    let named = said.its.users.iter().filter(|user| has(&user.sent, "displayName"));
    let odd = named.clone().find(|it| one.contains(&it.id) == other.contains(&it.id));
    match odd {
        _ if named.count() < 2 => Verdict::NotApplicable,
        Some(user) => fail("each user in one of two lists", format!("{} not", login(user))),
        None => Verdict::Pass,
    }
}

/// A time of a user's `meta`.
fn time(user: &Value, name: &str) -> Option<Timestamp> {
    user["meta"][name].as_str()?.parse().ok()
}

/// When the first and the last user of the corpus were made.
fn lifetimes(its: &Fixture) -> Option<(Timestamp, Timestamp)> {
    let times: Option<Vec<Timestamp>> =
        its.users.iter().map(|user| time(&user.sent, "created")).collect();
    let times = times?;
    Some((*times.iter().min()?, *times.iter().max()?))
}

/// A time some hours away, as a clock at that offset shows it.
fn shifted(time: Timestamp, hours: i64, offset: i8) -> String {
    let moved = time.checked_add(Span::new().hours(hours)).unwrap_or(time);
    moved.display_with_offset(Offset::constant(offset)).to_string()
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
        let all = || of([0, 1, 2, 3, 4, 5, 6, 7]);
        let titled = || of([0, 1, 3, 4, 6, 7]);
        let named = || of([0, 1, 3, 4, 5, 6, 7]);
        vec![
            canary("filter-co", [of([3])], [of([])]),
            canary("filter-sw", [of([1])], [of([0, 1, 3, 6]), of([1])]),
            canary("filter-ew", [of([7])], [all()]),
            canary("filter-pr-simple", [titled()], [all()]),
            canary("filter-pr-complex", [named()], [all()]),
            canary("filter-pr-multivalued", [named()], [of([])]),
            canary("filter-pr-false-boolean", [all()], [of([5])]),
            canary(
                "filter-gt-string",
                [of([2, 4, 5, 7]), of([1, 3, 6])],
                [of([0, 2, 4, 5, 7]), of([1, 3, 6])],
            ),
            canary(
                "filter-order-complement",
                [of([2, 4, 5, 7]), of([0, 1, 3, 6]), of([1, 3, 6]), of([0, 2, 4, 5, 7])],
                [of([2, 4, 5, 7]), of([1, 3, 6]), of([1, 3, 6]), of([0, 2, 4, 5, 7])],
            ),
            canary("filter-gt-datetime", [all(), of([]), of([5, 6, 7])], [all(), of([]), of([0])]),
            canary("filter-datetime-zone", [all()], [all(), of([])]),
        ]
    }

    #[test]
    fn a_shifted_time_is_another_spelling_of_an_instant() {
        let time: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(shifted(time, -1, 14), "2026-01-02T16:04:05+14:00");
        assert_eq!(shifted(time, 1, -11), "2026-01-01T17:04:05-11:00");
    }
}
