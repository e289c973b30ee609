//! The load of all shares together: sums, merged histograms, one course of time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::timeline::{SLICES_MAX, phase_at};
use super::{Share, seconds_between, told_by};
use crate::difference::Difference;
use crate::load::tally::DIFFERENCES_KEPT;
use crate::metrics::{Growth, Latency, OperationMetrics, Percentiles, Reached};
use crate::run::{LoadResult, Moment, PhaseResult, ThrottlingResult};

/// A merged slice of time is at least so long, in seconds.
const SLICE_SECONDS: f64 = 1.0;

/// Folds the loads; `is_whole` says that each came to its end, so that expectations can be judged.
pub(super) fn merged(shares: &[Share], is_whole: bool) -> LoadResult {
    let loads = || shares.iter().map(|share| &share.load);
    let sum = |of: fn(&LoadResult) -> u64| loads().map(of).sum::<u64>();
    let began = loads().map(|load| load.began).min().unwrap_or_default();
    let phases = phases(shares, began);
    let seconds = phases.iter().map(|it| it.began + it.seconds).fold(0.0, f64::max);
    let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let (requests, objects) = (sum(|it| it.requests), sum(|it| it.objects));
    let operations = OperationMetrics::merged(loads().flat_map(|load| &load.operations));
    let growth: Vec<Growth> = loads().flat_map(|load| &load.growth).map(of_each_share).collect();
    let growth = Growth::merged(&growth);
    let first = &shares[0].load;
    let expectations = match is_whole {
        false => Vec::new(),
        true => first.expected.judge(&Reached {
            requests_per_second: per_second(requests),
            objects_per_second: per_second(objects),
            operations: &operations,
            growth: &growth,
        }),
    };
    LoadResult {
        shard: Some(format!("{} shards", shares.len())),
        began,
        size: first.size,
        users: sum(|it| it.users),
        groups: sum(|it| it.groups),
        memberships: sum(|it| it.memberships),
        concurrency: sum(|it| it.concurrency),
        pace: first.pace.clone(),
        rate: loads().map(|it| it.rate).sum(),
        requests,
        objects,
        seconds,
        requests_per_second: per_second(requests),
        objects_per_second: per_second(objects),
        timeline: timeline(shares, began, &phases),
        phases,
        operations,
        growth,
        capacity: None,
        throttling: ThrottlingResult {
            answers: sum(|it| it.throttling.answers),
            waited_seconds: loads().map(|it| it.throttling.waited_seconds).sum(),
        },
        escrowed: sum(|it| it.escrowed),
        // A share knows its own failures alone: the whole may reach a threshold that none reaches.
        quarantine: loads().find_map(|it| it.quarantine.clone()),
        repeats: Vec::new(),
        users_found: sum(|it| it.users_found),
        groups_found: sum(|it| it.groups_found),
        compared: sum(|it| it.compared),
        differences: differences(shares),
        differences_total: sum(|it| it.differences_total),
        bottleneck: bottleneck(shares),
        published_minutes: first.published_minutes,
        expected: first.expected.clone(),
        expectations,
        remarks: remarks(shares),
    }
}

/// Phases by name: from the first share that began one to the last that ended it.
fn phases(shares: &[Share], began: Timestamp) -> Vec<PhaseResult> {
    let mut merged: Vec<PhaseResult> = Vec::new();
    for share in shares {
        let offset = seconds_between(began, share.load.began);
        for phase in &share.load.phases {
            let (from, to) = (offset + phase.began, offset + phase.began + phase.seconds);
            let Some(known) = merged.iter_mut().find(|it| it.phase == phase.phase) else {
                merged.push(PhaseResult { began: from, ..phase.clone() });
                continue;
            };
            let end = to.max(known.began + known.seconds);
            known.began = known.began.min(from);
            known.seconds = end - known.began;
            known.requests += phase.requests;
            let both = known.operations.iter().chain(&phase.operations);
            known.operations = OperationMetrics::merged(both);
        }
    }
    merged
}

/// What a share has counted of users and groups are its own alone: the tenant held about as many
/// times more as there are shares. A group and its members belong to one share.
fn of_each_share(growth: &Growth) -> Growth {
    let over = match growth.over.as_str() {
        "users" | "groups" => format!("{} of each share", growth.over),
        other => other.to_owned(),
    };
    Growth { over, ..growth.clone() }
}

/// Slices of whole seconds since the first share began. A slice of a share counts where its middle
/// lies: what was kept together cannot be taken apart. Shares may be in different phases at the
/// same time: named is the one of most requests.
fn timeline(shares: &[Share], began: Timestamp, phases: &[PhaseResult]) -> Vec<Moment> {
    let moments = || {
        shares.iter().flat_map(|share| {
            let offset = seconds_between(began, share.load.began);
            share.load.timeline.iter().map(move |it| (offset + it.began + it.seconds / 2.0, it))
        })
    };
    let last = moments().map(|(middle, _)| middle).fold(0.0, f64::max);
    let mut length = moments().map(|(_, it)| it.seconds).fold(SLICE_SECONDS, f64::max);
    while last >= length * SLICES_MAX as f64 {
        length *= 2.0;
    }
    let mut merged: Vec<Moment> = Vec::new();
    let mut in_phases: BTreeMap<(usize, &str), u64> = BTreeMap::new();
    for (middle, moment) in moments() {
        let place = (0..SLICES_MAX).find(|it| middle < (it + 1) as f64 * length);
        let place = place.unwrap_or(SLICES_MAX - 1);
        while merged.len() <= place {
            merged.push(empty(merged.len() as f64 * length, length, phases));
        }
        let sum = &mut merged[place];
        sum.requests += moment.requests;
        sum.objects += moment.objects;
        sum.errors += moment.errors;
        sum.throttled += moment.throttled;
        sum.histogram.add(&moment.histogram);
        *in_phases.entry((place, &moment.phase)).or_default() += moment.requests;
    }
    for (place, moment) in merged.iter_mut().enumerate() {
        let here = in_phases.range((place, "")..(place + 1, ""));
        if let Some(((_, phase), _)) = here.max_by_key(|(_, requests)| **requests) {
            (*phase).clone_into(&mut moment.phase);
        }
        moment.latency_ms = moment.histogram.percentiles_ms();
    }
    merged
}

fn empty(began: f64, seconds: f64, phases: &[PhaseResult]) -> Moment {
    Moment {
        phase: phase_at(phases, began),
        began,
        seconds,
        requests: 0,
        objects: 0,
        errors: 0,
        throttled: 0,
        latency_ms: Percentiles::default(),
        histogram: Latency::coarse(),
    }
}

fn differences(shares: &[Share]) -> Vec<Difference> {
    let all = shares.iter().flat_map(|share| &share.load.differences);
    all.take(DIFFERENCES_KEPT).map(|it| Difference { exchange: None, ..it.clone() }).collect()
}

/// `the tenant (1/3, 2/3); the client (3/3)`.
fn bottleneck(shares: &[Share]) -> String {
    let mut told: Vec<(&str, Vec<String>)> = Vec::new();
    for share in shares {
        let who = share.load.bottleneck.split(':').next().unwrap_or_default();
        let place = told.iter().position(|it| it.0 == who).unwrap_or(told.len());
        if place == told.len() {
            told.push((who, Vec::new()));
        }
        told[place].1.push(share.shard.to_string());
    }
    let told = told.iter().map(|(who, by)| format!("{who} ({})", by.join(", ")));
    told.collect::<Vec<_>>().join("; ")
}

fn remarks(shares: &[Share]) -> Vec<String> {
    let mut remarks =
        told_by(shares.iter().map(|share| (share.shard, share.load.remarks.as_slice())));
    if shares.iter().any(|share| !share.load.growth.is_empty()) {
        remarks.push(format!(
            "growth goes by what each share made itself; the tenant held about {} times as many",
            shares.len()
        ));
    }
    remarks
}
