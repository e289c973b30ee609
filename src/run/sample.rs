//! Runs made by hand, for the tests of whatever reads a run.
//!
//! Every optional field is filled and every list has an entry in [`violating`], so that a report
//! format that forgets a field is found out.

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::checks::cause::CauseResult;
use crate::checks::check::{CheckResult, Level, Outcome, ReadingResult};
use crate::difference::{Difference, DifferenceKind};
use crate::metrics::{GrowthBound, Latency, PerformanceExpectations};
use crate::profile::{Limitation, LimitationKind, Manner};

/// A tenant that conforms, with one excuse, one deviation and a word or two.
pub(crate) fn conforming() -> Run {
    let checks = vec![
        check("delete-204", Outcome::Conforms),
        CheckResult {
            level: Level::Should,
            expected: Some("Content-Type: application/scim+json".to_owned()),
            actual: Some("Content-Type: application/json".to_owned()),
            sentence: "an answer is of type application/scim+json".to_owned(),
            source: "RFC 7644 §3.1".to_owned(),
            cause: "media-type".to_owned(),
            failed: 1,
            ..check("media-type", Outcome::Deviation)
        },
        CheckResult {
            sentence: "a renamed group has its new name".to_owned(),
            source: "Microsoft Entra, how provisioning works".to_owned(),
            limitation: Some(LimitationKind::GroupRename),
            reason: Some("a group keeps the name it was created with".to_owned()),
            expected: Some("Crew (renamed)".to_owned()),
            actual: Some("Crew".to_owned()),
            scenario: Some("groups/rename".to_owned()),
            ..check("converged-group-name", Outcome::Excused)
        },
    ];
    Run {
        tool: "scimrig".to_owned(),
        version: "0.1.0".to_owned(),
        command: "scimrig verify --profile dialpad --seed 7".to_owned(),
        tenant: "https://tenant.example/scim".to_owned(),
        profile: "dialpad".to_owned(),
        dialect: "default".to_owned(),
        seed: 7,
        began: "2026-03-01T09:30:00Z".parse().unwrap(),
        seconds: 12.34,
        outcome: RunOutcome::Conforms,
        counts: Counts::of(&checks),
        connection: Some(ConnectionResult {
            success: true,
            code: None,
            message: "The supplied credentials are authorized to enable provisioning".to_owned(),
            evidence: "both look-ups answered 200 with no resource".to_owned(),
        }),
        limitations: vec![Limitation {
            is: LimitationKind::GroupRename,
            how: Manner::IgnoredOrRefused,
            reason: "a group keeps the name it was created with".to_owned(),
            source: "Microsoft Learn, Dialpad tutorial".to_owned(),
        }],
        causes: CauseResult::of(&checks),
        known_failures: Vec::new(),
        ambiguities: Vec::new(),
        checks,
        scenarios: vec![scenario()],
        load: Some(load()),
        operations: vec![operation()],
        clean_up: CleanUpResult { created: 61, deleted: 61, left: Vec::new() },
        requests: RequestCounts { sent: 1_295, clean_up: 61, ..RequestCounts::default() },
        remarks: Vec::new(),
    }
}

/// A tenant with two violations, a failed scenario, a stale excuse and something of everything.
pub(crate) fn violating() -> Run {
    let mut run = conforming();
    run.checks[0] = CheckResult {
        expected: Some("status 204".to_owned()),
        actual: Some("status 200".to_owned()),
        curl: Some(
            "curl -X DELETE -H \"Authorization: Bearer $SCIM_SECRET_TOKEN\" \
             'https://tenant.example/scim/Users/8f2c'"
                .to_owned(),
        ),
        judged: 5,
        failed: 3,
        exchanges: vec![12, 15],
        ..check("delete-204", Outcome::Violation)
    };
    run.checks.push(CheckResult {
        source: "Microsoft Entra, SCIM endpoint guide".to_owned(),
        sentence: "a disabled user stays and is inactive".to_owned(),
        expected: Some("active false".to_owned()),
        actual: Some("active \"False\"".to_owned()),
        cause: "disabling-users".to_owned(),
        scenario: Some("groups/rename".to_owned()),
        ..check("converged-active", Outcome::Violation)
    });
    run.checks.push(read_otherwise());
    run.checks.push(CheckResult {
        sentence: "phone numbers are stored as sent".to_owned(),
        limitation: Some(LimitationKind::AddedPhoneNumber),
        reason: Some("the server adds a number of its own".to_owned()),
        ..check("phone-numbers-as-sent", Outcome::StaleExcuse)
    });
    let reason = |text: &str, outcome, id| CheckResult {
        reason: Some(text.to_owned()),
        ..check(id, outcome)
    };
    run.checks.extend([
        reason("the fixture user could not be created: 500", Outcome::CannotTell, "patch-add"),
        reason("the answer holds `id` twice", Outcome::Note, "json-names-unique"),
        reason("the tenant does not offer ETags", Outcome::Skipped, "etag-match"),
        check("cursor-walk", Outcome::NotExercised),
    ]);
    run.requests = RequestCounts {
        sent: 101,
        clean_up: 61,
        held_back: 2,
        throttled: 4,
        throttled_seconds: 3.0,
        budget: Some(40),
        per_second_max: Some(25.0),
    };
    run.scenarios[0].outcome = ScenarioOutcome::Failed;
    run.scenarios[0].snapshot = SnapshotResult::Changed;
    run.scenarios[0].differences = vec![difference()];
    run.scenarios[0].differences_total = 1;
    run.scenarios[0].failures = vec![sequence_failure()];
    run.scenarios[0].orders = Some(tried_orders());
    run.scenarios[0].findings = vec![finding()];
    run.scenarios[0].lags = vec![lag()];
    run.scenarios[0].remarks = vec!["1 object in escrow".to_owned()];
    spoil(run.load.as_mut().unwrap());
    run.connection.as_mut().unwrap().code = Some("none".to_owned());
    run.clean_up = CleanUpResult { created: 61, deleted: 60, left: vec!["/Users/8f2c".to_owned()] };
    run.remarks = vec!["the tenant throttled 4 requests".to_owned()];
    know_failures(&mut run);
    run.causes = CauseResult::of(&run.checks);
    run.ambiguities = AmbiguityResult::of(&run.checks);
    run.counts = Counts::of(&run.checks);
    run.outcome = RunOutcome::Violations;
    run
}

/// A load that lost something on its way.
fn spoil(load: &mut LoadResult) {
    load.rate = Some(25.0);
    load.pace = "rate".to_owned();
    load.shard = Some("2/3".to_owned());
    load.escrowed = 240;
    load.quarantine = Some("EncounteredBaseEscrowThreshold".to_owned());
    load.expectations[0].held = false;
    load.users_found = 9_999;
    load.differences = vec![difference()];
    load.differences_total = 240;
}

/// A violation where the profile and the tenant read the sources differently.
fn read_otherwise() -> CheckResult {
    CheckResult {
        level: Level::Must,
        source: "RFC 7644 §3.5.2.3".to_owned(),
        sentence: "a replacement whose filter finds nothing is refused with noTarget".to_owned(),
        expected: Some("the value is made".to_owned()),
        actual: Some("400 noTarget".to_owned()),
        cause: "value-path-without-match".to_owned(),
        readings: vec![ReadingResult {
            ambiguity: "A37".to_owned(),
            point: "what a write to a value that its filter does not find does".to_owned(),
            reading: "refuses".to_owned(),
            stance: "creates".to_owned(),
        }],
        ..check("patch-replace-valuepath-nomatch", Outcome::Violation)
    }
}

/// One known failure of each state.
fn know_failures(run: &mut Run) {
    run.checks.push(CheckResult {
        reason: Some("known failure: mended in the next release (owner Ada)".to_owned()),
        ..check("known-one", Outcome::Excused)
    });
    run.known_failures = [
        ("known-one", KnownFailureState::Excused),
        ("old-one", KnownFailureState::Expired),
        ("good-one", KnownFailureState::Passes),
    ]
    .map(|(id, state)| known_failure(id, state))
    .into();
}

/// [`violating`], with this text wherever a tenant can have its word.
pub(crate) fn hostile(text: &str) -> Run {
    let mut run = violating();
    let said = || Some(text.to_owned());
    for check in &mut run.checks {
        check.expected = said();
        check.actual = said();
        check.curl = said();
        check.reason = said();
    }
    let connection = run.connection.as_mut().unwrap();
    connection.message = text.to_owned();
    connection.evidence = text.to_owned();
    let load = run.load.as_mut().unwrap();
    load.bottleneck = text.to_owned();
    let scenario = &mut run.scenarios[0];
    scenario.remarks = vec![text.to_owned()];
    scenario.cycles[0].status = text.to_owned();
    scenario.title = text.to_owned();
    for difference in scenario.differences.iter_mut().chain(&mut load.differences) {
        difference.subject = text.to_owned();
        difference.attribute = said();
        difference.expected = text.to_owned();
        difference.actual = text.to_owned();
    }
    for finding in &mut scenario.findings {
        finding.expected = text.to_owned();
        finding.actual = text.to_owned();
        finding.step = text.to_owned();
        finding.script = vec![text.to_owned()];
    }
    for failure in &mut scenario.failures {
        failure.complaints = vec![text.to_owned()];
        failure.script = vec![text.to_owned()];
        failure.differences[0].actual = text.to_owned();
    }
    for known in &mut run.known_failures {
        known.reason = text.to_owned();
        known.owner = text.to_owned();
    }
    run.operations[0].statuses.insert(text.to_owned(), 1);
    run.clean_up.left = vec![text.to_owned()];
    run.remarks = vec![text.to_owned()];
    run
}

/// A known failure that became that.
pub(crate) fn known_failure(id: &str, state: KnownFailureState) -> KnownFailureResult {
    KnownFailureResult {
        id: id.to_owned(),
        reason: "mended in the next release".to_owned(),
        owner: "Ada".to_owned(),
        expires: "2026-02-01".parse().unwrap(),
        state,
    }
}

/// One check, judged once, with the sentence and source of `delete-204`.
pub(crate) fn check(id: &str, outcome: Outcome) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        level: Level::Must,
        source: "RFC 7644 §3.6".to_owned(),
        sentence: "a successful DELETE answers 204 with no body".to_owned(),
        outcome,
        expected: None,
        actual: None,
        curl: None,
        reason: None,
        limitation: None,
        readings: Vec::new(),
        cause: "deleting".to_owned(),
        judged: 1,
        failed: u64::from(matches!(outcome, Outcome::Violation | Outcome::Excused)),
        exchanges: vec![12],
        scenario: None,
    }
}

fn scenario() -> ScenarioResult {
    ScenarioResult {
        name: "groups/rename".to_owned(),
        title: "A group is renamed".to_owned(),
        seed: 11,
        dialect: "default".to_owned(),
        outcome: ScenarioOutcome::Excused,
        runs: 1,
        requests: 88,
        seconds: 1.5,
        cycles: vec![CycleSummary {
            kind: "initial".to_owned(),
            count_imported: 20,
            count_entitled: 18,
            count_exported: 18,
            count_exports: 18,
            count_escrowed: 0,
            state: "Succeeded".to_owned(),
            status: "Active".to_owned(),
            requests: 40,
        }],
        differences: Vec::new(),
        differences_total: 0,
        snapshot: SnapshotResult::Matches,
        expectations: vec![expectation()],
        minimal: None,
        findings: Vec::new(),
        failures: Vec::new(),
        orders: None,
        lags: Vec::new(),
        remarks: Vec::new(),
    }
}

fn finding() -> Finding {
    Finding {
        check: "prop-membership-concurrent-adds".to_owned(),
        verb: "race-adds".to_owned(),
        step: "add a member, 2 at the same time".to_owned(),
        expected: "members of the group: [\"1\",\"2\"]".to_owned(),
        actual: "members of the group: [\"2\"]".to_owned(),
        seed: 1,
        history: 3,
        steps_before: 8,
        script: vec!["add a member, 2 at the same time".to_owned(); 2],
        is_minimal: true,
        shown: 4,
        replays: 5,
        requests: 90,
        minimal: Some("minimal.toml".to_owned()),
    }
}

fn lag() -> LagResult {
    LagResult {
        read: "query by userName".to_owned(),
        writes: 20,
        at_once: 17,
        unseen: 1,
        p50_ms: Some(0.0),
        p95_ms: Some(40.0),
        max_ms: Some(61.0),
    }
}

fn tried_orders() -> TriedOrders {
    TriedOrders {
        possible: 3,
        tried: 1,
        missing: ["enable-user, disable-user", "rename-user, enable-user"]
            .map(str::to_owned)
            .into(),
        counts: [("disable-user".to_owned(), [("enable-user".to_owned(), 7)].into())].into(),
    }
}

fn sequence_failure() -> SequenceFailure {
    SequenceFailure {
        kinds: vec!["user-active active".to_owned()],
        seed: 77,
        nth: 4,
        times: 1,
        requests_until_found: 1_204,
        requests_to_shorten: 930,
        changes_before: 40,
        changes_after: 2,
        is_minimal: true,
        shown: 4,
        replays: 5,
        script: ["2: disable user 0", "3: enable user 0"].map(str::to_owned).into(),
        differences: vec![difference()],
        complaints: vec!["1 objects are in escrow: user 0: update-user 409".to_owned()],
        minimal: "minimal.toml".to_owned(),
        shell: Some("minimal.sh".to_owned()),
    }
}

fn difference() -> Difference {
    Difference {
        kind: DifferenceKind::UserActive,
        subject: "user 17".to_owned(),
        attribute: Some("active".to_owned()),
        expected: "false".to_owned(),
        actual: "\"False\"".to_owned(),
        exchange: Some(61),
    }
}

fn expectation() -> ExpectationResult {
    let name = "requests-per-second-min".to_owned();
    ExpectationResult { name, expected: 25.0, actual: 412.5, held: true }
}

fn operation() -> OperationMetrics {
    let percentiles = Percentiles { p50: 3.1, p90: 5.0, p99: 11.2, p99_9: 30.0, max: 41.75 };
    OperationMetrics {
        operation: "create-user".to_owned(),
        count: 10_000,
        errors: 4,
        statuses: BTreeMap::from([("201".to_owned(), 9_996), ("429".to_owned(), 4)]),
        latency_ms: percentiles,
        latency_from_due_ms: Some(percentiles),
        histogram: latency(&[3_100, 5_000, 41_750]),
        histogram_from_due: Some(latency(&[3_200, 41_750])),
    }
}

fn latency(micros: &[u64]) -> Latency {
    let mut latency = Latency::default();
    for it in micros {
        latency.record(Duration::from_micros(*it));
    }
    latency
}

fn load() -> LoadResult {
    LoadResult {
        shard: None,
        began: "2026-03-01T09:30:02Z".parse().unwrap(),
        size: size(),
        users: 10_000,
        groups: 500,
        memberships: 20_000,
        concurrency: 5,
        pace: "closed".to_owned(),
        rate: None,
        requests: 41_000,
        objects: 30_500,
        seconds: 99.4,
        requests_per_second: 412.5,
        objects_per_second: 306.8,
        phases: phases(),
        operations: vec![operation()],
        timeline: timeline(),
        growth: vec![growth()],
        capacity: Some(capacity()),
        throttling: ThrottlingResult { answers: 4, waited_seconds: 1.5 },
        escrowed: 0,
        quarantine: None,
        repeats: vec![repeat()],
        users_found: 10_000,
        groups_found: 500,
        compared: 1_000,
        differences: Vec::new(),
        differences_total: 0,
        bottleneck: "the tenant: workers waited for answers 97 % of the time".to_owned(),
        published_minutes: (20.0, 30.0),
        expected: expected(),
        expectations: vec![expectation()],
        remarks: Vec::new(),
    }
}

fn size() -> LoadSize {
    LoadSize {
        users: 10_000,
        groups: 500,
        members_per_group: 40,
        large_groups: 0,
        members_per_large_group: 0,
        members_per_patch: 1,
        cycles: 0,
        changed_percent: 1.0,
    }
}

fn expected() -> PerformanceExpectations {
    PerformanceExpectations {
        requests_per_second_min: Some(25.0),
        objects_per_second_min: Some(10.0),
        latency_p99_ms_max: Some(1_000.0),
        latency_p99_ms_max_of: BTreeMap::from([("create-user".to_owned(), 300.0)]),
        error_share_max: Some(0.01),
        growth_max: Some(GrowthBound::Linear),
    }
}

fn phases() -> Vec<PhaseResult> {
    [("users", 0.0, 48.0), ("groups", 48.0, 2.4), ("references", 50.4, 49.0)]
        .map(|(phase, began, seconds)| PhaseResult {
            phase: phase.to_owned(),
            began,
            requests: 20_000,
            seconds,
            operations: vec![operation()],
        })
        .into()
}

fn timeline() -> Vec<Moment> {
    (0..20_u32)
        .map(|slice| {
            let step = f64::from(slice);
            Moment {
                phase: if slice < 10 { "users" } else { "references" }.to_owned(),
                began: step * 5.0,
                seconds: 5.0,
                requests: 2_050 - u64::from(slice) * 20,
                objects: 1_500 - u64::from(slice) * 10,
                errors: u64::from(slice % 4),
                throttled: u64::from(slice == 7) * 4,
                latency_ms: Percentiles {
                    p50: 3.0 + step / 10.0,
                    p90: 5.0,
                    p99: 11.0 + step,
                    p99_9: 30.0,
                    max: 41.75,
                },
                histogram: latency(&[3_100, 41_750]),
            }
        })
        .collect()
}

fn growth() -> Growth {
    let points = [(1_250, 3.0), (3_750, 3.4), (6_250, 3.6), (8_750, 3.7)].map(|(size, p50_ms)| {
        GrowthPoint { size, count: 2_500, p50_ms, histogram: latency(&[3_000]) }
    });
    Growth {
        operation: "create-user".to_owned(),
        over: "users".to_owned(),
        points: points.into(),
        exponent: Some(0.11),
        verdict: GrowthVerdict::Logarithmic,
    }
}

fn capacity() -> Capacity {
    let step = |rate, held| CapacityStep {
        rate,
        achieved: rate * 0.99,
        p99_ms: if held { 80.0 } else { 2_400.0 },
        error_share: 0.0,
        held,
    };
    let steps = vec![step(200.0, true), step(400.0, false), step(300.0, true)];
    Capacity { held: Some(300.0), broke: Some(400.0), steps }
}

fn repeat() -> RepeatResult {
    let latency = RepeatLatency { operation: "create-user".to_owned(), p50: 3.1, p99: 11.2 };
    RepeatResult { requests_per_second: 412.5, objects_per_second: 306.8, latencies: vec![latency] }
}
