//! Verdicts become results, in one place, for probes and for what was heard in passing.

use std::collections::BTreeMap;

use super::probe::Told;
use crate::checks::Selection;
use crate::checks::check::{Check, CheckResult, Judge, Outcome, Verdict};
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
    result.judged =
        u64::from(!matches!(result.outcome, Outcome::NotExercised | Outcome::CannotTell));
    if matches!(told.verdict, Verdict::Fail { .. } | Verdict::CannotTell(_)) {
        result.exchanges = told.exchanges.iter().map(|seen| seen.number).take(10).collect();
    }
    if matches!(told.verdict, Verdict::Fail { .. }) {
        result.failed = 1;
        result.curl = deciding(&told.exchanges)
            .map(|seen| curl::line(&tenant.url().join(&seen.request.target), &seen.request));
    }
    result
}

/// The exchange a person would repeat: the last that changed something, else the last of all.
fn deciding(exchanges: &[Exchange]) -> Option<&Exchange> {
    let writes = exchanges.iter().rev().find(|seen| seen.request.method != http::Method::GET);
    writes.or(exchanges.last())
}

/// Results of the wanted checks that judge what passes by, in the catalogue's order.
pub fn fold(
    selection: &Selection,
    profile: &ServerProfile,
    judge: &EveryJudge,
) -> Vec<CheckResult> {
    let passive = selection
        .checks()
        .filter(|check| matches!(check.judge, Judge::Every(..) | Judge::Converged(_)));
    passive
        .map(|check| {
            let tally = judge.tally(check.id);
            tally.map_or_else(|| blank(check), |tally| of_tally(profile, check, &tally))
        })
        .collect()
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
        Verdict::Pass | Verdict::NotApplicable => {}
    }
    if let Some(limitation) = excuse {
        result.limitation = Some(limitation.is);
        result.reason = Some(format!("{} ({})", limitation.reason, limitation.source));
    }
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
        judged: 0,
        failed: 0,
        exchanges: Vec::new(),
        scenario: None,
    }
}
