//! Outcomes, counts and loads in words and figures, the same in every report.
//!
//! Plain text: nothing is escaped here, the report that shows it does that.

use std::fmt::Write as _;

use crate::checks::check::{CheckResult, ReadingResult};
use crate::difference::DifferenceKind as Kind;
use crate::history::Verb;
use crate::run::{
    Capacity, Counts, Finding, Growth, KnownFailureResult, KnownFailureState, LagResult,
    LoadResult, RequestCounts, Run, ScenarioOutcome, ScenarioResult, SequenceFailure,
    SnapshotResult, TriedOrders,
};

/// `120 conform, 2 violations, 1 deviation`: what is nought is left out, violations never.
pub(super) fn counts(counts: &Counts) -> String {
    let plural = |count: u64, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let mut words = vec![
        plural(counts.conforms, "conforms", "conform"),
        plural(counts.violations, "violation", "violations"),
    ];
    for (count, one, many) in [
        (counts.deviations, "deviation", "deviations"),
        (counts.excused, "excused", "excused"),
        (counts.stale_excuses, "stale excuse", "stale excuses"),
        (counts.cannot_tell, "cannot tell", "cannot tell"),
        (counts.notes, "note", "notes"),
        (counts.skipped, "skipped", "skipped"),
        (counts.not_exercised, "not exercised", "not exercised"),
    ] {
        if count > 0 {
            words.push(plural(count, one, many));
        }
    }
    words.join(", ")
}

/// `40 requests of 40 allowed, and 12 to clean up; throttled 3 times`: what went out, and what was
/// allowed.
pub(super) fn requests(counts: &RequestCounts) -> String {
    let spent = counts.sent - counts.clean_up.min(counts.sent);
    let mut words = match counts.budget {
        Some(budget) => format!("{spent} requests of {budget} allowed"),
        None => format!("{spent} requests"),
    };
    let _ = write!(words, ", and {} to clean up", counts.clean_up);
    if counts.held_back > 0 {
        words.push_str("; the budget was used up, and only the clean-up went on");
    }
    if let Some(rate) = counts.per_second_max {
        let _ = write!(words, "; at most {rate} a second");
    }
    if counts.throttled > 0 {
        let _ = write!(words, "; throttled {} times", counts.throttled);
    }
    if counts.throttled_seconds > 0.0 {
        let _ = write!(words, ", waited {:.1} s for Retry-After", counts.throttled_seconds);
    }
    words
}

/// How often a check was judged, where it failed first, and which exchanges show it.
pub(super) fn seen(check: &CheckResult) -> String {
    let mut words = match check.failed {
        0 => format!("judged {} times", check.judged),
        failed => format!("failed {failed} of {} times", check.judged),
    };
    if let Some(scenario) = &check.scenario {
        let _ = write!(words, ", first in the scenario {scenario}");
    }
    let numbers: Vec<_> = check.exchanges.iter().take(10).map(u64::to_string).collect();
    if let [first, others @ ..] = numbers.as_slice() {
        let plural = if others.is_empty() { "" } else { "s" };
        let _ = write!(words, ", exchange{plural} {first}");
        for number in others {
            let _ = write!(words, ", {number}");
        }
    }
    words
}

/// How the tenant reads an ambiguous point, beside the profile.
pub(super) fn reading(it: &ReadingResult) -> String {
    let ReadingResult { ambiguity, point, reading, stance } = it;
    let stance = match stance.strip_prefix("prefer-") {
        _ if stance == "any" => "takes any".to_owned(),
        Some(preferred) => format!("prefers {preferred}"),
        None => format!("asks for {stance}"),
    };
    format!("{ambiguity}, {point}: this tenant {reading}, the profile {stance}")
}

/// What became of a known failure, and what to do about it.
pub(super) fn known_failure(it: &KnownFailureResult) -> String {
    let KnownFailureResult { reason, owner, expires, state, .. } = it;
    match state {
        KnownFailureState::Excused => format!("excused until {expires}: {reason} (owner {owner})"),
        KnownFailureState::Covered => "needless: a documented limitation excuses it".to_owned(),
        KnownFailureState::NotJudged => {
            format!("not judged in this run: {reason} (owner {owner})")
        }
        KnownFailureState::Expired => {
            format!("expired on {expires}: mend it, or {owner} sets another day ({reason})")
        }
        KnownFailureState::Passes => {
            format!("its check passes: take the entry out (owner {owner})")
        }
    }
}

/// The words for a scenario's outcome.
pub(super) fn scenario_outcome(outcome: ScenarioOutcome) -> &'static str {
    match outcome {
        ScenarioOutcome::AsExpected => "as expected",
        ScenarioOutcome::Excused => "excused",
        ScenarioOutcome::ExpectationMissed => "expectation missed",
        ScenarioOutcome::SnapshotChanged => "snapshot changed",
        ScenarioOutcome::CannotTell => "cannot tell",
        ScenarioOutcome::Failed => "failed",
        ScenarioOutcome::Interrupted => "interrupted",
    }
}

/// How a finding of a random history came about.
pub(super) fn found(finding: &Finding) -> String {
    let how = match (finding.is_flaky(), finding.is_minimal) {
        (true, _) => "flaky",
        (false, true) => "as short as it gets",
        (false, false) => "perhaps not the shortest: the budget ended",
    };
    let is_race = Verb::of(&finding.verb).is_some_and(Verb::is_race);
    let (place, parts) = if is_race { ("round", "workers") } else { ("history", "steps") };
    format!(
        "in {place} {} (seed {}), {} {parts} of {}, {how}; showed in {} of {} replays, {} requests",
        finding.history,
        finding.seed,
        finding.script.len(),
        finding.steps_before,
        finding.shown,
        finding.replays,
        finding.requests
    )
}

/// The words for what is wrong with a scenario.
pub(super) fn scenario_fault(scenario: &ScenarioResult) -> &'static str {
    match (scenario.outcome, scenario.snapshot) {
        (ScenarioOutcome::Failed, _) => "failed",
        (_, SnapshotResult::Missing) => "snapshot missing",
        _ => "snapshot changed",
    }
}

/// The words for a snapshot's state.
pub(super) fn snapshot(snapshot: SnapshotResult) -> &'static str {
    match snapshot {
        SnapshotResult::Off => "off",
        SnapshotResult::Matches => "matches",
        SnapshotResult::Pending => "new",
        SnapshotResult::Missing => "missing",
        SnapshotResult::Changed => "changed",
        SnapshotResult::Updated => "updated",
    }
}

/// What to do about the snapshots of a run that are new, missing or changed: a sentence each.
pub(super) fn snapshot_advice(run: &Run) -> Vec<String> {
    let count = |state| run.scenarios.iter().filter(|it| it.snapshot == state).count();
    let advice = |state, what: &str, then: &str| match count(state) {
        0 => None,
        many => Some(format!("{}: {then}", super::summary::many(what, many))),
    };
    [
        advice(
            SnapshotResult::Pending,
            "new snapshot",
            "`scimrig snapshots review` shows each and asks, `scimrig snapshots accept` keeps all",
        ),
        advice(
            SnapshotResult::Missing,
            "missing snapshot",
            "none was accepted, and `CI` is set: accept and commit it, or give --snapshots off",
        ),
        advice(
            SnapshotResult::Changed,
            "changed snapshot",
            "`scimrig snapshots review` shows each difference and asks",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The words for a kind of difference.
pub(super) fn difference(kind: Kind) -> String {
    match kind {
        Kind::MissingUser => "the user is missing",
        Kind::UserNotDeleted => "the user was not deleted",
        Kind::SecondUser => "a second user",
        Kind::UserAttribute | Kind::GroupAttribute => "another value",
        Kind::UserActive => "another state",
        Kind::UserManager => "another manager",
        Kind::MissingGroup => "the group is missing",
        Kind::GroupNotDeleted => "the group was not deleted",
        Kind::SecondGroup => "a second group",
        Kind::GroupName => "another name",
        Kind::MissingMember => "a member is missing",
        Kind::UnexpectedMember => "an unexpected member",
        Kind::DanglingMember => "a deleted user is still a member",
        Kind::Unreadable => "could not be read back",
    }
    .to_owned()
}

/// How long one kind of read lags behind writes.
pub(super) fn lag(lag: &LagResult) -> String {
    let LagResult { read, writes, at_once, unseen, .. } = lag;
    let mut text = format!("{read}: {at_once} of {writes} writes seen at once");
    if let (Some(p50), Some(p95), Some(max)) = (lag.p50_ms, lag.p95_ms, lag.max_ms)
        && max > 0.0
    {
        let _ = write!(text, ", p50 {p50:.0} ms, p95 {p95:.0} ms, max {max:.0} ms");
    }
    if *unseen > 0 {
        let _ = write!(text, ", {unseen} not seen in time");
    }
    text
}

/// How many orders of two changes were tried.
pub(super) fn orders(orders: &TriedOrders) -> String {
    let TriedOrders { possible, tried, .. } = orders;
    format!("{tried} of {possible} orders of two changes on one object were tried")
}

/// How short a failure became, and how often it shows.
pub(super) fn shortened(failure: &SequenceFailure) -> String {
    let SequenceFailure { changes_before, changes_after, shown, replays, .. } = failure;
    let often = match *shown {
        0 => format!("it did not show again in {replays} replays"),
        shown if shown < *replays => format!("flaky: it showed in {shown} of {replays} replays"),
        shown => format!("it showed in {shown} of {replays} replays"),
    };
    let perhaps = match failure.is_minimal || *shown == 0 {
        true => "",
        false => ", perhaps fewer would do",
    };
    format!("{changes_after} of {changes_before} changes are left{perhaps}; {often}")
}

/// What a load came to, a sentence each.
pub(super) fn load(load: &LoadResult) -> Vec<String> {
    let rate = match (load.rate, load.pace.as_str()) {
        _ if load.capacity.is_some() => "at rising rates".to_owned(),
        (Some(rate), _) => format!("{rate} requests a second asked for"),
        (None, "entra") => "at the pace that Microsoft publishes".to_owned(),
        (None, _) => "as fast as answered".to_owned(),
    };
    let share = match &load.shard {
        Some(part) if part.contains('/') => format!(", the share {part} of a population"),
        Some(shards) => format!(", {shards} merged"),
        None => String::new(),
    };
    let (fastest, slowest) = load.published_minutes;
    let mut lines = vec![
        format!(
            "{} users and {} groups of {} members{share}, {} requests in flight, {rate}",
            load.users, load.groups, load.size.members_per_group, load.concurrency
        ),
        format!(
            "{} requests in {:.1} s: {:.1} requests a second, {:.1} objects a second",
            load.requests, load.seconds, load.requests_per_second, load.objects_per_second
        ),
        format!(
            "afterwards the tenant holds {} of {} users and {} of {} groups; {} compared, {} \
             differences",
            load.users_found,
            load.users,
            load.groups_found,
            load.groups,
            load.compared,
            load.differences_total
        ),
        format!("bottleneck: {}", load.bottleneck),
        format!(
            "at the pace Microsoft publishes, Entra would take {fastest:.0} to {slowest:.0} \
             minutes for the same initial cycle"
        ),
    ];
    lines.extend(load.capacity.iter().map(capacity));
    lines.extend(load.growth.iter().map(growth));
    let throttling = load.throttling;
    if throttling.answers > 0 {
        lines.push(format!(
            "throttled {} times; {:.1} s were waited because Retry-After asked for it",
            throttling.answers, throttling.waited_seconds
        ));
    }
    if load.escrowed > 0 {
        let quarantine = match &load.quarantine {
            Some(reason) => format!("and the job in quarantine: {reason}"),
            None => "and the job would have gone on".to_owned(),
        };
        lines.push(format!(
            "Entra would have put {} objects in escrow, {quarantine}",
            load.escrowed
        ));
    }
    lines.extend(load.expected.unjudged(&load.operations, &load.growth));
    lines.extend(load.remarks.iter().cloned());
    lines
}

/// The rate that a tenant can keep.
fn capacity(capacity: &Capacity) -> String {
    match (capacity.held, capacity.broke) {
        (Some(held), Some(broke)) => {
            format!("capacity: {held:.0} requests a second held, {broke:.0} did not")
        }
        (Some(held), None) => format!("capacity: at least {held:.0} requests a second held"),
        (None, Some(broke)) => format!("capacity: not even {broke:.0} requests a second held"),
        (None, None) => "capacity: no rate was held long enough to tell".to_owned(),
    }
}

/// ` (exponent 0.11)`, or nothing where none was fitted.
pub(super) fn exponent(growth: &Growth) -> String {
    growth.exponent.map_or(String::new(), |it| format!(" (exponent {it:.2})"))
}

/// How one operation grew.
fn growth(growth: &Growth) -> String {
    let exponent = exponent(growth);
    let sizes = match (growth.points.first(), growth.points.last()) {
        (Some(least), Some(most)) => format!(
            ": {:.2} ms at {}, {:.2} ms at {}",
            least.p50_ms, least.size, most.p50_ms, most.size
        ),
        _ => String::new(),
    };
    let (operation, over, verdict) = (&growth.operation, &growth.over, growth.verdict.name());
    format!("growth of {operation} over {over}: {verdict}{exponent}{sizes}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    #[test]
    fn counts_leave_out_what_is_nought_but_never_the_violations() {
        assert_eq!(
            counts(&sample::conforming().counts),
            "1 conforms, 0 violations, 1 deviation, 1 excused"
        );
        assert_eq!(
            counts(&sample::violating().counts),
            "0 conform, 3 violations, 1 deviation, 2 excused, 1 stale excuse, 1 cannot tell, \
             1 note, 1 skipped, 1 not exercised"
        );
    }

    #[test]
    fn requests_are_told_with_what_was_allowed_and_what_was_throttled() {
        let run = sample::conforming();
        assert_eq!(requests(&run.requests), "1234 requests, and 61 to clean up");
        assert_eq!(
            requests(&sample::violating().requests),
            "40 requests of 40 allowed, and 61 to clean up; the budget was used up, and only the \
             clean-up went on; at most 25 a second; throttled 4 times, waited 3.0 s for \
             Retry-After"
        );
    }

    #[test]
    fn a_finding_says_how_often_and_where_it_was_seen() {
        let run = sample::violating();
        assert_eq!(seen(&run.checks[0]), "failed 3 of 5 times, exchanges 12, 15");
        assert_eq!(
            seen(&run.checks[3]),
            "failed 1 of 1 times, first in the scenario groups/rename, exchange 12"
        );
    }
}
