//! What is said to a cursor that is wrong, too old, or not for this query (RFC 9865 §2.1, §5.2).
//!
//! A tenant may be lenient where nothing is shown that should not be; then all must come out right.

use std::time::Duration;

use serde_json::Value;

use super::{NEEDS, PAGE_SIZE, PAGES_MAX, asked, everybody_once, judge_walk, page, walk};
use crate::checks::check::*;

/// Cursors that live longer are not waited for.
const WAITED_FOR: Duration = Duration::from_mins(1);
/// Another size of page than a walk began with.
const OTHER_SIZE: usize = PAGE_SIZE - 1;

/// The checks of this topic.
pub(in crate::checks) const CHECKS: &[Check] = &[
    should(
        "cursor-invalid",
        Rfc9865("2.1"),
        "a cursor that is made up, changed or cut short is refused as invalidCursor",
        Dialogue(
            |its, said| {
                let cursor = match said {
                    [] => return walk(its, said),
                    [_] => "zzz".to_owned(),
                    [first, _] => changed(&next(first)?),
                    [first, _, _] => shortened(&next(first)?),
                    _ => return None,
                };
                Some(corpus_with(its, &asked(&cursor)))
            },
            |said| {
                let refusals = said.exchanges.iter().skip(1);
                worst(refusals.map(|seen| refused_as("invalidCursor", seen)))
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(NEEDS),
    should(
        "cursor-expired",
        Rfc9865("2.1"),
        "a cursor is good for `cursorTimeout` seconds, and refused as expiredCursor if it ends then",
        Dialogue(
            |its, said| match said {
                [] => Some(Request::get("/ServiceProviderConfig")),
                [_, walked @ ..] if walked.len() < 3 => walk(its, walked),
                [config, first, _, _] => {
                    timeout(config).filter(|timeout| *timeout <= WAITED_FOR)?;
                    Some(corpus_with(its, &asked(&next(first)?)))
                }
                _ => None,
            },
            expired,
        ),
    )
    .on(Setting::Corpus)
    .needs(NEEDS)
    .pausing(|said| match said {
        [config, _, _, _] => {
            let timeout = timeout(config).filter(|timeout| *timeout <= WAITED_FOR);
            timeout.map_or(Duration::ZERO, |timeout| timeout + Duration::from_secs(1))
        }
        _ => Duration::ZERO,
    })
    .risk(Risk::Heavy),
    should(
        "cursor-count-changed",
        Rfc9865("2.1"),
        "another count in the middle of a walk is refused as invalidCount, or all comes out right",
        Dialogue(
            |its, said| match said {
                [] => walk(its, said),
                [.., last] if said.len() < PAGES_MAX => {
                    let cursor = encoded(&next(last)?);
                    Some(corpus_with(its, &format!("cursor={cursor}&count={OTHER_SIZE}")))
                }
                _ => None,
            },
            |said| match said.exchanges.get(1) {
                None => Verdict::NotApplicable,
                Some(changed) if changed.status() == 400 => refused_as("invalidCount", changed),
                Some(_) => judge_walk(said, |pages| everybody_once(said, pages)),
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(NEEDS),
    should(
        "cursor-count-over-max",
        Rfc9865("2.1"),
        "a count beyond `maxPageSize` is cut down, or refused as invalidCount",
        Dialogue(
            |_, said| match said {
                [] => Some(Request::get("/ServiceProviderConfig")),
                [config] => {
                    let beyond = most(config)?.saturating_add(1);
                    Some(Request::get(format!("/Users?cursor=&count={beyond}")))
                }
                _ => None,
            },
            |said| match (most(&said[0]), said.exchanges.get(1)) {
                (Some(most), Some(seen)) => match page(seen) {
                    Ok(page) => {
                        let shown = page.ids.len() as u64;
                        require(shown <= most, &format!("{most} at most"), shown.to_string())
                    }
                    Err(_) => refused_as("invalidCount", seen),
                },
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Nothing)
    .needs(&[Cursor, Config]),
    implied(
        "cursor-query-changed",
        Rfc9865("5.2"),
        "a cursor with another filter shows nobody whom that filter leaves out",
        Dialogue(
            |its, said| match said {
                [] => walk(its, said),
                [first] => Some(among_with(its, OTHER_FILTER, &asked(&next(first)?))),
                _ => None,
            },
            |said| match said.exchanges.get(1) {
                None => Verdict::NotApplicable,
                Some(seen) => match page(seen) {
                    Ok(page) => {
                        let meets = |user: &&Known| is(&user.sent, "displayName", "Delta");
                        let met: Vec<_> = said.its.users.iter().filter(meets).collect();
                        let stranger = page.ids.iter().any(|id| met.iter().all(|it| it.id != *id));
                        require(!stranger, "nobody but Delta", "somebody else")
                    }
                    Err(_) => refused_as("invalidCursor", seen),
                },
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(NEEDS),
    must(
        "cursor-no-extra-access",
        Rfc9865("5.2"),
        "a cursor opens nothing to another token",
        Dialogue(walk_by_two, |said| match said.exchanges.get(1) {
            None => Verdict::NotApplicable,
            Some(stranger) => match page(stranger) {
                Ok(page) => {
                    let ours = said.its.users.iter().filter(|it| page.ids.contains(&it.id)).count();
                    require(ours == 0, "nobody of this tenant", format!("{ours} of them"))
                }
                Err(_) => expect_one_of(&[400, 401, 403, 404], stranger),
            },
        }),
    )
    .on(Setting::Corpus)
    .needs(&[Cursor, JoinedFilters, OTHER_TOKEN]),
    must(
        "cursor-error-uniform",
        Rfc9865("5.2"),
        "another token's cursor is refused in the words for one that does not exist",
        Dialogue(
            |its, said| match said {
                [_, _] => Some(corpus_with(its, &asked("zzz"))),
                _ => walk_by_two(its, said),
            },
            |said| match said.exchanges.as_slice() {
                [_, stranger, unknown] => expect("the refusal", unknown.told(), stranger.told()),
                _ => Verdict::NotApplicable,
            },
        ),
    )
    .on(Setting::Corpus)
    .needs(&[Cursor, JoinedFilters, OTHER_TOKEN]),
];

const OTHER_TOKEN: Capability = OperatorGives("a second token, to try the first one's cursor");
/// A filter that one user of the corpus meets, who is on the first page where pages follow the order
/// of creation.
const OTHER_FILTER: &str = "displayName eq \"Delta\"";

fn walk_by_two(its: &Fixture, said: &[Exchange]) -> Option<Request> {
    if said.len() < 2 { walk(its, said) } else { None }
}

/// The cursor that a page names for the next one.
fn next(seen: &Exchange) -> Option<String> {
    Some(page(seen).ok()?.next()?.to_owned())
}

/// The cursor with another letter in its middle.
fn changed(cursor: &str) -> String {
    let middle = cursor.chars().count() / 2;
    let other = |letter| if letter == 'A' { 'B' } else { 'A' };
    let letters = cursor.chars().enumerate();
    letters.map(|(place, letter)| if place == middle { other(letter) } else { letter }).collect()
}

/// The first half of a cursor; of a single letter nothing would be left, which means another thing.
fn shortened(cursor: &str) -> String {
    let half = (cursor.chars().count() / 2).max(1);
    cursor.chars().take(half).collect()
}

/// Expects 400 with that keyword; another refusal is worth a remark.
fn refused_as(keyword: &str, seen: &Exchange) -> Verdict {
    let given = seen.scim_error().and_then(|error| error.scim_type);
    match seen.status() {
        400 if given.as_deref() == Some(keyword) => Verdict::Pass,
        400..=499 => Verdict::Remark(format!("refused by {} instead of {keyword}", seen.told())),
        _ => fail(format!("400 {keyword}"), seen.told()),
    }
}

/// How long a cursor is good for, as the configuration says.
fn timeout(config: &Exchange) -> Option<Duration> {
    config.at("/pagination/cursorTimeout").and_then(|it| it.as_u64()).map(Duration::from_secs)
}

/// The largest page, as the configuration says.
fn most(config: &Exchange) -> Option<u64> {
    config.at("/pagination/maxPageSize").as_ref().and_then(Value::as_u64).filter(|it| *it > 0)
}

/// A walk without a pause is not refused, and a refusal after the time is a clean one.
fn expired(said: &Said) -> Verdict {
    let [_, first, walked @ ..] = said.exchanges.as_slice() else { return Verdict::NotApplicable };
    let (at_once, late) = walked.split_at(walked.len().min(2));
    let at_once = at_once.iter().map(|seen| {
        let told = seen.told();
        let early = told.contains("expiredCursor");
        require(!early, "a cursor that is good for a while", format!("at once {told}"))
    });
    let late = late.iter().map(|seen| match page(seen) {
        Ok(_) => Verdict::Pass,
        // What is forgotten need not be told from what never was.
        Err(_) => match refused_as("invalidCursor", seen) {
            Verdict::Remark(_) => refused_as("expiredCursor", seen),
            verdict => verdict,
        },
    });
    match page(first) {
        Ok(_) => worst(at_once.chain(late)),
        Err(why) => fail("the first page", why),
    }
}

#[cfg(test)]
pub(in crate::checks) mod tests {
    use serde_json::json;

    use super::super::tests::{paged, right};
    use super::*;
    use crate::checks::canary::*;

    #[test]
    fn every_judge_of_this_topic_can_fail() {
        sing(CHECKS, &canaries());
    }

    #[test]
    fn a_changed_cursor_is_another_and_a_shortened_one_is_not_empty() {
        assert_eq!((changed("abAc"), changed("abcd")), ("abBc".to_owned(), "abAd".to_owned()));
        assert_eq!((shortened("abcd"), shortened("a")), ("ab".to_owned(), "a".to_owned()));
    }

    #[test]
    fn the_end_of_a_cursor_is_waited_for_where_it_is_near() {
        let check = crate::checks::find("cursor-expired").unwrap();
        let pause = |seconds: u64, requests: usize| {
            let config = answer(200, &json!({"pagination": {"cursorTimeout": seconds}}));
            let config = exchange(Operation::Probe("x"), Request::get("/"), config);
            check.pause.unwrap()(&vec![config; requests])
        };
        assert_eq!(pause(5, 4), Duration::from_secs(6));
        assert_eq!((pause(5, 3), pause(600, 4)), (Duration::ZERO, Duration::ZERO));
    }

    pub(in crate::checks) fn canaries() -> Vec<Canary> {
        let [first, second, third] = right();
        let invalid = || error(400, "invalidCursor");
        let config = || answer(200, &json!({"pagination": {"cursorTimeout": 5, "maxPageSize": 2}}));
        let walked = || [config(), first.clone(), second.clone(), third.clone()];
        let [a, b, c, d] = walked();
        vec![
            canary("cursor-invalid", [first.clone(), invalid()], [first.clone(), first.clone()]),
            canary(
                "cursor-expired",
                [a, b, c, d, error(400, "expiredCursor")],
                [config(), first.clone(), second.clone(), error(400, "expiredCursor")],
            ),
            canary(
                "cursor-count-changed",
                [first.clone(), error(400, "invalidCount")],
                [first.clone(), paged(2..4, "c", ""), paged(4..8, "", "")],
            ),
            canary(
                "cursor-count-over-max",
                [config(), paged(0..2, "b", "")],
                [config(), paged(0..3, "b", "")],
            ),
            canary("cursor-query-changed", [first.clone(), invalid()], [first.clone(), second]),
            canary("cursor-no-extra-access", [first.clone(), invalid()], right()),
            canary(
                "cursor-error-uniform",
                [first.clone(), invalid(), invalid()],
                [first, error(403, ""), invalid()],
            ),
        ]
    }
}
