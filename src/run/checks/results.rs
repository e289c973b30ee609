//! Verdicts become results, in one place, for probes and for what was heard in passing.

use std::collections::BTreeMap;

use http::Method;

use super::probe::Told;
use crate::checks::Selection;
use crate::checks::check::{Check, CheckResult, Outcome, Reading, ReadingResult, Verdict};
use crate::checks::listen::{EveryJudge, Evidence, Kind, Tally};
use crate::exchange::{Exchange, curl};
use crate::profile::ServerProfile;
use crate::tenant::Tenant;

/// The result of a probe.
pub(super) fn of_probe(
    tenant: &Tenant,
    profile: &ServerProfile,
    check: &Check,
    told: &Told,
) -> CheckResult {
    let mut result = blank(check);
    apply(&mut result, check, profile, &told.verdict);
    result.readings = readings(profile, &told.readings);
    result.judged =
        u64::from(!matches!(result.outcome, Outcome::NotExercised | Outcome::CannotTell));
    if matches!(told.verdict, Verdict::Fail { .. } | Verdict::CannotTell(_)) {
        result.exchanges = told.exchanges.iter().map(|seen| seen.number).take(10).collect();
    }
    if let Verdict::Fail { actual, .. } = &told.verdict {
        result.failed = 1;
        result.curl = deciding(&told.exchanges, actual)
            .map(|seen| curl::line(&tenant.url().join(&seen.request.target), &seen.request));
    }
    result
}

/// The exchange a person would repeat: the one whose answer the verdict tells, or the write before
/// it where that one only read. Where the verdict tells none, the last write; a DELETE at the end
/// of a story takes what the story was about with it, so it is the last resort.
fn deciding<'a>(exchanges: &'a [Exchange], actual: &str) -> Option<&'a Exchange> {
    let writes = |seen: &&Exchange| seen.request.method != Method::GET;
    let stays = |seen: &&Exchange| writes(seen) && seen.request.method != Method::DELETE;
    let told = |seen: &Exchange| {
        let told = seen.told();
        actual.starts_with(&told) || actual.contains(&format!("answered {told}"))
    };
    let refused = exchanges.iter().position(|seen| !seen.is_success() && told(seen));
    if let Some(place) = refused.or_else(|| exchanges.iter().rposition(told)) {
        let write = exchanges[..=place].iter().rfind(writes);
        return write.or(exchanges.get(place));
    }
    let last = exchanges.iter().rfind(stays).or_else(|| exchanges.iter().rfind(writes));
    last.or(exchanges.last())
}

/// Results of the wanted checks that judge what passes by, in the catalogue's order.
pub fn fold(
    selection: &Selection,
    profile: &ServerProfile,
    judge: &EveryJudge,
) -> Vec<CheckResult> {
    selection
        .checks()
        .filter(|check| !check.is_probe())
        .map(|check| {
            let tally = judge.tally(check.id);
            tally.map_or_else(|| blank(check), |tally| of_tally(profile, check, &tally))
        })
        .collect()
}

/// What nothing put to the test because the budget held it back: nobody can tell.
pub fn held_back(result: CheckResult, used_up: &str) -> CheckResult {
    match result.outcome {
        Outcome::NotExercised => CheckResult {
            outcome: Outcome::CannotTell,
            reason: Some(format!("{used_up}, and nothing had put it to the test")),
            ..result
        },
        _ => result,
    }
}

/// Puts probes' and heard results together in the catalogue's order.
pub fn combined(results: impl IntoIterator<Item = CheckResult>) -> Vec<CheckResult> {
    let places: BTreeMap<&str, usize> =
        crate::checks::all().enumerate().map(|(place, check)| (check.id, place)).collect();
    let mut all: Vec<CheckResult> = results.into_iter().collect();
    all.sort_by_key(|result| places.get(result.id.as_str()).copied().unwrap_or(usize::MAX));
    all
}

fn of_tally(profile: &ServerProfile, check: &Check, tally: &Tally) -> CheckResult {
    let mut result = blank(check);
    result.judged = tally.judged;
    result.failed = tally.failed;
    result.exchanges.clone_from(&tally.exchanges);
    result.readings = readings(profile, &tally.readings);
    let Some(evidence) = deciding_evidence(profile, check, tally) else { return result };
    apply(&mut result, check, profile, &evidence.verdict);
    if matches!(evidence.verdict, Verdict::Fail { .. }) {
        result.curl.clone_from(&evidence.curl);
        result.scenario.clone_from(&evidence.scenario);
    }
    result
}

/// A failure that no excuse covers decides; else an excused one; else the remark, the pass, and
/// last that nothing could be told.
fn deciding_evidence<'a>(
    profile: &ServerProfile,
    check: &Check,
    tally: &'a Tally,
) -> Option<&'a Evidence> {
    let failures = || {
        let failed = |(kind, evidence)| matches!(kind, &Kind::Fail(_)).then_some(evidence);
        tally.evidence.iter().rev().filter_map(failed)
    };
    let uncovered =
        failures().find(|evidence: &&Evidence| check.excuse(&evidence.verdict, profile).is_none());
    uncovered.or_else(|| tally.evidence.values().next_back())
}

fn apply(result: &mut CheckResult, check: &Check, profile: &ServerProfile, verdict: &Verdict) {
    let excuse = check.excuse(verdict, profile);
    result.outcome = Outcome::of(check.level, verdict, excuse.map(|limitation| limitation.is));
    match verdict {
        Verdict::Fail { expected, actual, .. } => {
            result.expected = Some(expected.clone());
            result.actual = Some(actual.clone());
        }
        Verdict::Remark(why) | Verdict::CannotTell(why) => result.reason = Some(why.clone()),
        Verdict::Pass | Verdict::Reads(_) | Verdict::NotApplicable => {}
    }
    if let Some(limitation) = excuse {
        result.limitation = Some(limitation.is);
        result.reason = Some(format!("{} ({})", limitation.reason, limitation.source));
    }
}

fn readings(profile: &ServerProfile, met: &[Reading]) -> Vec<ReadingResult> {
    met.iter().map(|reading| ReadingResult::of(reading, &profile.stances)).collect()
}

/// A check that was not run because the tenant or the operator lacks something.
pub(super) fn skipped(check: &Check, reason: String) -> CheckResult {
    CheckResult { outcome: Outcome::Skipped, reason: Some(reason), ..blank(check) }
}

/// A check about which nothing can be said.
pub(super) fn cannot_tell(check: &Check, reason: &str) -> CheckResult {
    CheckResult { outcome: Outcome::CannotTell, reason: Some(reason.to_owned()), ..blank(check) }
}

/// A check whose task ended without a result: a fault of ours, said openly.
pub(super) fn lost(check: &Check) -> CheckResult {
    cannot_tell(check, "the probe itself broke; this is a fault of scimrig")
}

fn blank(check: &Check) -> CheckResult {
    CheckResult {
        id: check.id.to_owned(),
        level: check.level,
        source: check.source.to_string(),
        sentence: check.sentence.to_owned(),
        outcome: Outcome::NotExercised,
        expected: None,
        actual: None,
        curl: None,
        reason: None,
        limitation: None,
        readings: Vec::new(),
        cause: check.cause().map_or_else(String::new, |cause| cause.id.to_owned()),
        judged: 0,
        failed: 0,
        exchanges: Vec::new(),
        scenario: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Answer, BodyEnd, Operation, Request};

    fn seen(request: Request, status: u16, body: &'static str) -> Exchange {
        let headers = http::HeaderMap::new();
        let answer = Answer { status, headers, body: body.into(), end: BodyEnd::Complete };
        let none = std::time::Duration::ZERO;
        let operation = Operation::CleanUp;
        Exchange {
            number: 0,
            operation,
            request,
            result: Ok(answer),
            due: none,
            sent: none,
            answered: none,
            disturbance: None,
        }
    }

    /// A group gets a member, is relieved of it, is read, deleted, and looked for.
    fn story(removal: u16) -> Vec<Exchange> {
        let refusal = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400",
            "detail":"no value here"}"#;
        let body = if removal == 400 { refusal } else { "" };
        let patch = |word: &str| Request::patch("/Groups/1", &serde_json::json!({"op": word}));
        vec![
            seen(patch("add"), 204, ""),
            seen(patch("remove"), removal, body),
            seen(Request::get("/Groups/1"), 200, "{}"),
            seen(Request::delete("/Groups/1"), 204, ""),
            seen(Request::get("/Groups/1"), 404, ""),
        ]
    }

    #[track_caller]
    fn expect_decided_by(place: usize, story: &[Exchange], actual: &str) {
        let chosen = deciding(story, actual).expect("a story has a deciding exchange");
        assert!(std::ptr::eq(chosen, &raw const story[place]), "{actual}: {chosen:?}");
    }

    #[test]
    fn the_request_that_was_refused_is_the_one_to_repeat() {
        expect_decided_by(1, &story(400), "400: no value here");
        expect_decided_by(1, &story(400), "answered 400: no value here");
    }

    #[test]
    fn of_an_effect_that_is_missing_the_last_write_before_the_end_is_the_one_to_repeat() {
        expect_decided_by(1, &story(204), "members user-1 and user-2");
    }

    #[test]
    fn a_read_that_shows_too_much_leads_back_to_its_write() {
        let mut story = story(204);
        story[4] = seen(Request::get("/Groups/1"), 203, "{}");
        expect_decided_by(3, &story, "203");
        expect_decided_by(0, &story[2..3], "200");
    }
}
