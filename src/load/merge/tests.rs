//! Shares that belong together make the whole; all others are refused with the reason.

use std::time::Duration;

use jiff::SignedDuration;

use super::*;
use crate::metrics::{GrowthBound, Latency};
use crate::run::{ExpectationResult, Moment, sample};

/// A share of two as its report says it; each sent 600 requests within ten seconds.
fn share(part: &str) -> ShardReport {
    let mut run = sample::conforming();
    run.command = format!("scimrig load --users 20 --shard {part} --profile dialpad");
    let load = run.load.as_mut().unwrap();
    load.shard = Some(part.to_owned());
    (load.users, load.groups, load.users_found, load.groups_found) = (10, 5, 10, 5);
    (load.requests, load.objects) = (600, 300);
    load.phases.truncate(1);
    load.phases[0].seconds = 10.0;
    load.expected = crate::metrics::PerformanceExpectations::default();
    load.expectations = Vec::new();
    (load.capacity, load.repeats) = (None, Vec::new());
    ShardReport { folder: format!("reports/{}", part.replace('/', "-of-")), run }
}

fn two() -> Vec<ShardReport> {
    vec![share("2/2"), share("1/2")]
}

fn load(report: &mut ShardReport) -> &mut LoadResult {
    report.run.load.as_mut().unwrap()
}

fn later(report: &mut ShardReport, seconds: i64) {
    let by = SignedDuration::from_secs(seconds);
    report.run.began += by;
    load(report).began += by;
}

#[test]
fn sums_are_those_of_the_whole_and_the_text_says_what_was_merged() {
    let merged = merge(two()).unwrap();
    let load = merged.load.as_ref().unwrap();
    assert_eq!(load.shard.as_deref(), Some("2 shards"));
    assert_eq!((load.users, load.groups, load.requests, load.objects), (20, 10, 1_200, 600));
    assert_eq!((load.users_found, load.groups_found, load.concurrency), (20, 10, 10));
    assert_eq!((load.throttling.answers, load.compared), (8, 2_000));
    assert!((load.requests_per_second - 120.0).abs() < 1e-9, "{}", load.requests_per_second);
    assert_eq!(load.operations[0].statuses["201"], 2 * 9_996);
    assert_eq!(load.operations[0].histogram.count(), 6);
    assert_eq!((load.phases[0].requests, load.phases[0].operations[0].count), (40_000, 20_000));
    assert_eq!(merged.command, "scimrig load --users 20 --profile dialpad");
    assert_eq!((merged.clean_up.created, merged.requests.sent), (122, 2 * 1_295));
    assert!(merged.remarks[0].contains("reports/1-of-2, reports/2-of-2"), "{:?}", merged.remarks);
    assert_eq!(merged.checks.len(), 3);
    assert!(merged.checks.iter().all(|check| check.exchanges.is_empty() && check.judged == 2));
    assert_eq!(merged.outcome, RunOutcome::Conforms);
}

#[test]
fn times_go_by_the_clock_from_the_first_beginning_to_the_last_end() {
    let mut shares = two();
    later(&mut shares[0], 30);
    let began = shares[1].run.began;
    let merged = merge(shares).unwrap();
    let load = merged.load.unwrap();
    assert_eq!(merged.began, began);
    assert!((merged.seconds - 42.34).abs() < 1e-9, "{}", merged.seconds);
    assert!((load.seconds - 40.0).abs() < 1e-9, "{}", load.seconds);
    assert!((load.requests_per_second - 30.0).abs() < 1e-9);
}

/// One request in a slice of that length which begins at that second.
fn slice(began: f64, seconds: f64) -> Moment {
    let mut histogram = Latency::coarse();
    histogram.record(Duration::from_millis(7));
    let latency_ms = histogram.percentiles_ms();
    let phase = "users".to_owned();
    let (requests, objects, errors, throttled) = (1, 1, 1, 0);
    Moment { phase, began, seconds, requests, objects, errors, throttled, latency_ms, histogram }
}

#[test]
fn slices_of_unlike_lengths_and_beginnings_meet_in_whole_seconds() {
    let mut shares = two();
    later(&mut shares[0], 3);
    load(&mut shares[1]).timeline = (0..16).map(|it| slice(f64::from(it) * 0.25, 0.25)).collect();
    load(&mut shares[0]).timeline = vec![slice(0.0, 0.5), slice(0.5, 0.5), slice(1.0, 0.5)];
    load(&mut shares[0]).timeline[2].phase = "groups".to_owned();
    let timeline = merge(shares.clone()).unwrap().load.unwrap().timeline;
    let requests: Vec<u64> = timeline.iter().map(|it| it.requests).collect();
    assert_eq!(requests, [4, 4, 4, 6, 1]);
    let phases: Vec<&str> = timeline.iter().map(|it| it.phase.as_str()).collect();
    assert_eq!(phases, ["users", "users", "users", "users", "groups"]);
    assert!(timeline.iter().all(|it| (it.seconds - 1.0).abs() < f64::EPSILON));
    assert_eq!(timeline[3].histogram.count(), 6);
    assert!((timeline[3].latency_ms.p99 - 7.0).abs() < 0.1, "{:?}", timeline[3].latency_ms);
    // A day between the two is told in no more slices than any other load.
    later(&mut shares[0], 86_400);
    let timeline = merge(shares).unwrap().load.unwrap().timeline;
    assert!((60..=120).contains(&timeline.len()), "{}", timeline.len());
    assert_eq!(timeline.iter().map(|it| it.requests).sum::<u64>(), 19);
}

#[test]
fn growth_is_added_up_point_by_point_and_says_what_it_goes_by() {
    let merged = merge(two()).unwrap().load.unwrap();
    let growth = &merged.growth[0];
    assert_eq!(growth.over, "users of each share");
    assert_eq!((growth.points.len(), growth.points[0].count), (4, 2));
    assert!(merged.remarks.iter().any(|it| it.contains("about 2 times")), "{:?}", merged.remarks);
}

fn expecting(requests_per_second: f64) -> Vec<ShardReport> {
    let mut shares = two();
    for share in &mut shares {
        let load = load(share);
        load.expected.requests_per_second_min = Some(requests_per_second);
        let held = requests_per_second <= 60.0;
        load.expectations = vec![ExpectationResult {
            name: "requests-per-second-min".to_owned(),
            expected: requests_per_second,
            actual: 60.0,
            held,
        }];
        if !held {
            share.run.outcome = RunOutcome::ExpectationMissed;
        }
    }
    shares
}

#[test]
fn expectations_are_those_of_the_whole() {
    let merged = merge(expecting(100.0)).unwrap();
    assert_eq!(merged.outcome, RunOutcome::Conforms, "60 a second each are 120 together");
    assert!(merged.load.unwrap().expectations[0].held);
    let mut shares = expecting(50.0);
    later(&mut shares[0], 300);
    let merged = merge(shares).unwrap();
    assert_eq!(merged.outcome, RunOutcome::ExpectationMissed, "one after the other is slow");
}

#[test]
fn the_worst_of_all_shares_decides() {
    let mut shares = expecting(100.0);
    shares[1].run.outcome = RunOutcome::Interrupted;
    let merged = merge(shares).unwrap();
    assert_eq!(merged.outcome, RunOutcome::Interrupted);
    assert!(merged.load.unwrap().expectations.is_empty(), "half a load proves nothing");
    let mut shares = two();
    shares[0].run.checks[0].outcome = Outcome::Violation;
    shares[0].run.outcome = RunOutcome::Violations;
    let merged = merge(shares).unwrap();
    assert_eq!((merged.outcome, merged.counts.violations), (RunOutcome::Violations, 1));
    let mut shares = two();
    load(&mut shares[0]).users_found = 9;
    assert_eq!(merge(shares).unwrap().outcome, RunOutcome::Violations);
}

#[test]
fn what_does_not_belong_together_is_refused_with_every_reason() {
    type Spoil = fn(&mut ShardReport);
    let cases: [(Spoil, &str); 14] = [
        (|it| it.run.version = "0.0.9".to_owned(), "version"),
        (|it| it.run.tenant = "https://other.example/scim".to_owned(), "tenant"),
        (|it| it.run.profile = "strict".to_owned(), "profile"),
        (|it| it.run.seed = 8, "seed 8"),
        (|it| load(it).size.users = 30, "users 30"),
        (|it| load(it).size.members_per_patch = 100, "members in one PATCH 100"),
        (|it| load(it).concurrency = 9, "requests in flight 9"),
        (|it| load(it).pace = "entra".to_owned(), "pace entra"),
        (|it| load(it).rate = Some(25.0), "rate 25"),
        (|it| load(it).expected.growth_max = Some(GrowthBound::Linear), "expectations"),
        (|it| load(it).shard = Some("2/3".to_owned()), "shares 3"),
        (|it| load(it).shard = Some("1/2".to_owned()), "the share 1/2 is in"),
        (|it| load(it).shard = None, "is no share of a load"),
        (|it| it.run.load = None, "holds no load"),
    ];
    for (spoil, words) in cases {
        let mut shares = two();
        spoil(&mut shares[0]);
        let refused = merge(shares).unwrap_err().to_string();
        assert!(refused.contains(words), "{words}: {refused}");
        assert!(refused.contains("reports/2-of-2") && refused.contains("reports/1-of-2"));
    }
}

#[test]
fn a_missing_share_and_a_merged_report_are_named() {
    let refused = merge(vec![share("2/4"), share("4/4")]).unwrap_err().to_string();
    assert!(refused.contains("no folder holds the share 1/4, 3/4"), "{refused}");
    let run = merge(two()).unwrap();
    let again = ShardReport { folder: "merged".to_owned(), run };
    let refused = merge(vec![again]).unwrap_err().to_string();
    assert!(refused.contains("merged is merged already"), "{refused}");
    assert!(merge(Vec::new()).is_err());
}

#[test]
fn the_merged_report_can_be_written_and_read_again() {
    let run = merge(two()).unwrap();
    let text = serde_json::to_string(&run).unwrap();
    assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), run);
}
