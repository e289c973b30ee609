//! The reports of a load's shares, folded into the one that a single machine would have written.
//!
//! Counts are added up, latencies come from merged histograms, times go by the clocks of the
//! machines. What does not belong together is refused: a sum of unlike loads says nothing.

mod figures;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::shard::Shard;
use crate::checks::cause::CauseResult;
use crate::checks::check::{CheckResult, Outcome};
use crate::metrics::OperationMetrics;
use crate::run::{
    AmbiguityResult, CleanUpResult, Counts, LoadResult, LoadSize, RequestCounts, Run, RunOutcome,
};

/// Resources that are left are named up to so many.
const NAMED: usize = 100;

/// The report of one share, and where it was found.
#[derive(Debug, Clone)]
pub struct ShardReport {
    /// The report folder.
    pub folder: String,
    /// What it holds.
    pub run: Run,
}

/// Why reports are not the shares of one load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "merge {}: {}; name one report folder for each share of one load",
    folders.join(", "),
    reasons.join("; ")
)]
pub struct NotOneLoad {
    /// The folders.
    pub folders: Vec<String>,
    /// Each thing that keeps them apart.
    pub reasons: Vec<String>,
}

/// Folds the reports of all shares of one load, in any order, into one.
pub fn merge(reports: Vec<ShardReport>) -> Result<Run, NotOneLoad> {
    let folders: Vec<String> = reports.iter().map(|report| report.folder.clone()).collect();
    let refuse = |reasons: Vec<String>| NotOneLoad { folders: folders.clone(), reasons };
    let (mut shares, mut reasons) = (Vec::new(), Vec::new());
    for report in reports {
        match Share::of(report) {
            Ok(share) => shares.push(share),
            Err(reason) => reasons.push(reason),
        }
    }
    let Some(first) = shares.first().filter(|_| reasons.is_empty()) else {
        return Err(refuse(reasons));
    };
    reasons.extend(shares[1..].iter().flat_map(|other| first.unlike(other)));
    reasons.extend(incomplete(&shares));
    if !reasons.is_empty() {
        return Err(refuse(reasons));
    }
    shares.sort_by_key(|share| share.shard.place());
    Ok(fold(&shares))
}

/// One share of a load.
struct Share {
    folder: String,
    shard: Shard,
    run: Run,
    load: LoadResult,
}

impl Share {
    fn of(ShardReport { folder, mut run }: ShardReport) -> Result<Self, String> {
        let Some(load) = run.load.take() else { return Err(format!("{folder} holds no load")) };
        let Some(part) = &load.shard else {
            return Err(format!("{folder} is no share of a load, it was run without --shard"));
        };
        match part.parse() {
            Ok(shard) => Ok(Self { folder, shard, run, load }),
            Err(_) => Err(format!("{folder} is merged already")),
        }
    }

    /// In what the other cannot be a share of the same load.
    fn unlike(&self, other: &Self) -> Vec<String> {
        let mut unlike = Vec::new();
        let (here, there) = (&self.folder, &other.folder);
        for ((what, one), (_, two)) in self.identity().into_iter().zip(other.identity()) {
            if one != two {
                unlike.push(format!("{what} {one} in {here} and {two} in {there}"));
            }
        }
        unlike
    }

    /// What all shares of one load have in common.
    fn identity(&self) -> Vec<(&'static str, String)> {
        let (run, load) = (&self.run, &self.load);
        let LoadSize { users, groups, members_per_group, .. } = load.size;
        let LoadSize { large_groups, members_per_large_group, members_per_patch, .. } = load.size;
        let rate = load.rate.map_or("none".to_owned(), |rate| rate.to_string());
        let expected = serde_json::to_string(&load.expected).unwrap_or_default();
        vec![
            ("version", run.version.clone()),
            ("tenant", run.tenant.clone()),
            ("profile", run.profile.clone()),
            ("dialect", run.dialect.clone()),
            ("seed", run.seed.to_string()),
            ("shares", self.shard.place().1.to_string()),
            ("users", users.to_string()),
            ("groups", groups.to_string()),
            ("members of each group", members_per_group.to_string()),
            ("large groups", large_groups.to_string()),
            ("members of each large group", members_per_large_group.to_string()),
            ("members in one PATCH", members_per_patch.to_string()),
            ("incremental cycles", load.size.cycles.to_string()),
            ("changed percent", load.size.changed_percent.to_string()),
            ("requests in flight", load.concurrency.to_string()),
            ("pace", load.pace.clone()),
            ("rate", rate),
            ("expectations", expected),
        ]
    }
}

/// Which shares there are twice, and which not at all. Nothing where the shares differ in how many
/// there are: that has been said.
fn incomplete(shares: &[Share]) -> Vec<String> {
    let of = shares[0].shard.place().1;
    if shares.iter().any(|share| share.shard.place().1 != of) {
        return Vec::new();
    }
    let mut folders: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for share in shares {
        folders.entry(share.shard.place().0).or_default().push(&share.folder);
    }
    let twice = folders.iter().filter(|(_, folders)| folders.len() > 1);
    let mut reasons: Vec<String> = twice
        .map(|(index, folders)| format!("the share {index}/{of} is in {}", folders.join(" and ")))
        .collect();
    let missing: Vec<String> = (1..=of)
        .filter(|index| !folders.contains_key(index))
        .take(NAMED)
        .map(|index| format!("{index}/{of}"))
        .collect();
    if !missing.is_empty() {
        reasons.push(format!("no folder holds the share {}", missing.join(", ")));
    }
    reasons
}

/// The one report. Its command is that of the shares without the share.
fn fold(shares: &[Share]) -> Run {
    let first = &shares[0].run;
    let runs = || shares.iter().map(|share| &share.run);
    let checks = checks(runs());
    let is_whole = |run: &Run| run.outcome < RunOutcome::Unreachable && run.requests.held_back == 0;
    let load = figures::merged(shares, runs().all(is_whole));
    let failed = runs().find(|run| run.connection.as_ref().is_some_and(|it| !it.success));
    let connection = failed.unwrap_or(first).connection.clone();
    // A share alone may miss what all of them reach together, and the other way round.
    let alone = runs().map(|run| run.outcome).filter(|it| *it != RunOutcome::ExpectationMissed);
    let together = RunOutcome::of(
        false,
        connection.as_ref(),
        &checks,
        &[],
        Some(&load),
        &first.known_failures,
    );
    let began = runs().map(|run| run.began).min().unwrap_or(first.began);
    let ends = runs().map(|run| seconds_between(began, run.began) + run.seconds);
    let option = format!(" --shard {}", shares[0].shard);
    Run {
        command: first.command.replace(&option, ""),
        began,
        seconds: ends.fold(0.0, f64::max),
        outcome: alone.max().map_or(together, |worst| worst.max(together)),
        counts: Counts::of(&checks),
        connection,
        causes: CauseResult::of(&checks),
        ambiguities: AmbiguityResult::of(&checks),
        checks,
        load: Some(load),
        operations: OperationMetrics::merged(runs().flat_map(|run| &run.operations)),
        clean_up: cleaned(runs().map(|run| &run.clean_up)),
        requests: requests(runs().map(|run| &run.requests)),
        remarks: remarks(shares),
        ..first.clone()
    }
}

/// Seconds from one moment to another, by the clocks of the machines.
fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// Every check once, as the share shows it that fared worst. Exchanges have numbers in the
/// recording of each share only.
fn checks<'a>(runs: impl Iterator<Item = &'a Run>) -> Vec<CheckResult> {
    let mut merged: Vec<CheckResult> = Vec::new();
    for check in runs.flat_map(|run| &run.checks) {
        let check = CheckResult { exchanges: Vec::new(), ..check.clone() };
        let Some(place) = merged.iter().position(|it| it.id == check.id) else {
            merged.push(check);
            continue;
        };
        let known = &mut merged[place];
        let (judged, failed) = (known.judged + check.judged, known.failed + check.failed);
        let mut readings = std::mem::take(&mut known.readings);
        let new = check.readings.iter().filter(|it| !readings.contains(it));
        let new: Vec<_> = new.cloned().collect();
        readings.extend(new);
        if weight(check.outcome) < weight(known.outcome) {
            *known = check;
        }
        (known.judged, known.failed, known.readings) = (judged, failed, readings);
    }
    merged
}

/// What decides over a check, first to last.
fn weight(outcome: Outcome) -> usize {
    const ORDER: &[Outcome] = &[
        Outcome::Violation,
        Outcome::Deviation,
        Outcome::Excused,
        Outcome::Note,
        Outcome::StaleExcuse,
        Outcome::Conforms,
        Outcome::CannotTell,
        Outcome::Skipped,
        Outcome::NotExercised,
    ];
    ORDER.iter().position(|it| *it == outcome).unwrap_or(ORDER.len())
}

fn cleaned<'a>(of: impl Iterator<Item = &'a CleanUpResult>) -> CleanUpResult {
    of.fold(CleanUpResult::default(), |mut sum, it| {
        sum.created += it.created;
        sum.deleted += it.deleted;
        let room = NAMED - sum.left.len().min(NAMED);
        sum.left.extend(it.left.iter().take(room).cloned());
        sum
    })
}

fn requests<'a>(of: impl Iterator<Item = &'a RequestCounts>) -> RequestCounts {
    let summed = of.cloned().reduce(|sum, it| RequestCounts {
        sent: sum.sent + it.sent,
        clean_up: sum.clean_up + it.clean_up,
        held_back: sum.held_back + it.held_back,
        throttled: sum.throttled + it.throttled,
        throttled_seconds: sum.throttled_seconds + it.throttled_seconds,
        budget: sum.budget.zip(it.budget).map(|(sum, it)| sum + it),
        per_second_max: sum.per_second_max.zip(it.per_second_max).map(|(sum, it)| sum + it),
    });
    summed.unwrap_or_default()
}

fn remarks(shares: &[Share]) -> Vec<String> {
    let folders: Vec<&str> = shares.iter().map(|share| share.folder.as_str()).collect();
    let merged = format!("merged from {}, which hold exchanges and manifests", folders.join(", "));
    let own = told_by(shares.iter().map(|share| (share.shard, share.run.remarks.as_slice())));
    std::iter::once(merged).chain(own).collect()
}

/// Each remark once, with the shares that make it where not all do.
fn told_by<'a>(of: impl Iterator<Item = (Shard, &'a [String])>) -> Vec<String> {
    let mut told: Vec<(&str, Vec<String>)> = Vec::new();
    let mut all = 0;
    for (shard, remarks) in of {
        all += 1;
        for remark in remarks {
            let place = told.iter().position(|it| it.0 == remark).unwrap_or(told.len());
            if place == told.len() {
                told.push((remark, Vec::new()));
            }
            told[place].1.push(shard.to_string());
        }
    }
    let told = told.into_iter().map(|(remark, by)| match by.len() == all {
        true => remark.to_owned(),
        false => format!("share {}: {remark}", by.join(", ")),
    });
    told.collect()
}

#[cfg(test)]
mod tests;
