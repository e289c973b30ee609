//! Sequences on the embedded tenant: a clean one fails none, a defective one is found out and what
//! is left of the sequence is as short as can be.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::response::IntoResponse as _;

use crate::checks::check::{Judge, Verdict};
use crate::difference::Comparison;
use crate::run::play::play;
use crate::run::stage::tests::{URL, stage};
use crate::run::{Budget, ScenarioOutcome, ScenarioResult, SequenceFailure};
use crate::scenario::Scenario;
use crate::snapshot::scratch::Scratch;
use crate::tenant::Transport;
use crate::tenant::embedded::{Defect, EmbeddedSettings, EmbeddedTenant, Keys};

/// Sequences that each defect may take until it is found.
const SEQUENCES_MAX: u32 = 200;

fn scenario(name: &str) -> Scenario {
    Scenario::built_in(name).unwrap()
}

const ALL: [&str; 4] = [
    "properties/assignments",
    "properties/assignments-aadoptscim062020",
    "properties/assignments-of-everybody",
    "properties/assignments-with-troubles",
];

fn cases(cases: u32) -> Budget {
    Budget { cases: Some(cases), ..Budget::default() }
}

fn expect_clean(result: &ScenarioResult) {
    let failures: Vec<_> =
        result.failures.iter().map(|it| (&it.kinds, &it.script, &it.differences)).collect();
    let held = [ScenarioOutcome::AsExpected, ScenarioOutcome::Excused];
    assert!(
        held.contains(&result.outcome),
        "{}: {failures:#?}\n{:#?}",
        result.name,
        result.remarks
    );
}

#[tokio::test]
async fn a_clean_tenant_fails_no_sequence_under_either_profile() {
    let sequences = std::env::var("SCIMRIG_SEQUENCES").map_or(12, |text| text.parse().unwrap());
    for profile in ["strict", "dialpad"] {
        for name in ALL {
            let folder = Scratch::new();
            let stage = stage(&folder, profile, &[], cases(sequences));
            let result = play(&stage, &scenario(name)).await.unwrap();
            expect_clean(&result);
            assert_eq!(result.runs, u64::from(sequences));
            assert!(stage.tenant.owned().is_empty(), "all is cleaned up");
        }
    }
}

#[tokio::test]
async fn what_is_found_does_not_depend_on_how_many_are_played_at_once() {
    let defects = [Defect::REJOINED_MEMBER_LOST];
    let mut told = Vec::new();
    for jobs in [1, 3] {
        let folder = Scratch::new();
        let budget = Budget { jobs: Some(jobs), ..cases(SEQUENCES_MAX) };
        let stage = stage(&folder, "strict", &defects, budget);
        let mut result = play(&stage, &scenario(ALL[0])).await.unwrap();
        (result.seconds, result.requests) = (0.0, 0); // sequences beyond the failure are sent too
        result.minimal = None;
        for failure in &mut result.failures {
            (failure.minimal, failure.shell) = (String::new(), None);
            failure.differences.iter_mut().for_each(|it| it.exchange = None);
        }
        result.differences.iter_mut().for_each(|it| it.exchange = None);
        told.push(result);
    }
    assert_eq!(told[0].outcome, ScenarioOutcome::Failed);
    assert_eq!(told[0], told[1]);
}

/// Plays sequences against these defects until one fails.
async fn found(folder: &Scratch, defects: &[Defect]) -> Option<SequenceFailure> {
    let stage = stage(folder, "strict", defects, cases(SEQUENCES_MAX));
    let mut result = play(&stage, &scenario(ALL[0])).await.unwrap();
    result.failures.pop()
}

/// Whether the defect's check is the one that looks at what the failure showed.
fn is_caught_by_its_check(defect: Defect, failure: &SequenceFailure) -> bool {
    let check = crate::checks::find(defect.check()).expect("the row names a check");
    let Judge::Converged(judge) = check.judge else { return false };
    let differences = failure.differences.clone();
    let exercised = differences.iter().map(|it| it.kind).collect();
    matches!(judge(&Comparison { exercised, resources: 1, differences }), Verdict::Fail { .. })
}

#[tokio::test]
async fn defects_that_only_a_sequence_shows_are_found_and_shortened() {
    let mut table = format!(
        "{:<32} {:>9} {:>8} {:>9}  changes before, after, known least\n",
        "defect", "sequences", "requests", "shortened"
    );
    let (mut excess, mut wrong, mut caught) = (Vec::new(), Vec::new(), String::new());
    for defect in Defect::all().filter(|it| it.area() == "assignments") {
        let folder = Scratch::new();
        let Some(failure) = found(&folder, &[defect]).await else {
            wrong.push(format!("{defect}: not found"));
            continue;
        };
        if !is_caught_by_its_check(defect, &failure) || (failure.shown, failure.replays) != (5, 5) {
            wrong.push(format!("{defect}: {failure:#?}"));
        }
        let _ = writeln!(caught, "{defect}\n  {}", defect.check());
        let _ = writeln!(
            table,
            "{:<32} {:>9} {:>8} {:>9}  {:>2} {:>2} {:>2}  {}",
            defect.id(),
            failure.nth,
            failure.requests_until_found,
            failure.requests_to_shorten,
            failure.changes_before,
            failure.changes_after,
            defect.requests(),
            failure.script.join("; ")
        );
        excess.push(failure.changes_after.abs_diff(defect.requests() as u64));
    }
    excess.sort_unstable();
    assert!(wrong.is_empty(), "{}\n{table}", wrong.join("\n"));
    insta::assert_snapshot!(table);
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../../tenant/embedded/defects/caught");
    settings.bind(|| insta::assert_snapshot!("assignments", caught));
    assert!(excess.len() >= 20, "{} defects", excess.len());
    assert!(excess[excess.len() / 2] <= 1, "{excess:?}");
}

#[tokio::test]
async fn a_minimal_scenario_fails_the_same_way_again_and_passes_on_a_clean_tenant() {
    let folder = Scratch::new();
    let defects = [Defect::RENAMED_GROUP_SPLITS];
    let failure = found(&folder, &defects).await.expect("it is found in the other test");
    let minimal = Scenario::read(std::path::Path::new(&failure.minimal)).unwrap();
    let again =
        play(&stage(&folder, "strict", &defects, Budget::default()), &minimal).await.unwrap();
    assert_eq!(again.outcome, ScenarioOutcome::Failed);
    let kinds = |differences: &[crate::difference::Difference]| {
        differences.iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&again.differences), kinds(&failure.differences));
    expect_clean(&play(&stage(&folder, "strict", &[], Budget::default()), &minimal).await.unwrap());
    let script = std::fs::read_to_string(failure.shell.unwrap()).unwrap();
    assert!(
        script.starts_with("#!/bin/sh\n") && script.contains("group_1=$(send -X POST"),
        "{script}"
    );
    assert!(!script.contains("sesame"), "the token is not in it");
}

#[tokio::test]
async fn whoever_goes_on_collects_failures_that_differ() {
    let folder = Scratch::new();
    let defects = [Defect::ENABLE_FORGETS_GROUPS, Defect::RENAME_FORGETS_REPORTS];
    let budget = Budget { keep_going: true, ..cases(12) };
    let stage = stage(&folder, "strict", &defects, budget);
    let result = play(&stage, &scenario(ALL[0])).await.unwrap();
    assert_eq!(result.runs, 12);
    let kinds: Vec<_> = result.failures.iter().map(|it| it.kinds.join("; ")).collect();
    for expected in ["missing-member members", "user-manager manager"] {
        assert!(kinds.iter().any(|it| it == expected), "{kinds:?}");
    }
    for (nth, failure) in result.failures.iter().enumerate() {
        let twin = result.failures[..nth].iter().find(|it| {
            it.kinds == failure.kinds && {
                let words = |it: &SequenceFailure| {
                    it.script
                        .iter()
                        .map(|line| line.replace(char::is_numeric, ""))
                        .collect::<Vec<_>>()
                };
                words(it) == words(failure)
            }
        });
        assert!(twin.is_none(), "the same failure twice: {failure:#?}");
    }
}

#[tokio::test]
async fn where_shortening_may_cost_nothing_the_whole_sequence_is_kept() {
    let folder = Scratch::new();
    let budget = Budget {
        shrink: crate::run::ShrinkBudget { requests: 0, ..Default::default() },
        replays: 1,
        ..cases(SEQUENCES_MAX)
    };
    let stage = stage(&folder, "strict", &[Defect::DISABLE_FORGETS_REPORTS], budget);
    let result = play(&stage, &scenario(ALL[0])).await.unwrap();
    let failure = &result.failures[0];
    assert_eq!(failure.changes_after, failure.changes_before);
    assert_eq!((failure.is_minimal, failure.shown, failure.replays), (false, 1, 1));
}

/// A tenant that many sequences share and that loses every so-many-th change of a group.
fn forgetful(every: u64) -> axum::Router {
    let mut keys = Keys::new();
    keys.add("test", "sesame", None, true);
    let settings =
        EmbeddedSettings { keys, base_url: Some(URL.to_owned()), ..EmbeddedSettings::default() };
    let inner = EmbeddedTenant::new(settings).router();
    let count = Arc::new(std::sync::atomic::AtomicU64::new(0));
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (inner, count) = (inner.clone(), count.clone());
        async move {
            let is_change = request.method() == http::Method::PATCH
                && request.uri().path().starts_with("/scim/Groups/");
            let nth = count.fetch_add(u64::from(is_change), std::sync::atomic::Ordering::Relaxed);
            if is_change && nth % every == every - 1 {
                return http::StatusCode::NO_CONTENT.into_response();
            }
            let Ok(answer) = tower::ServiceExt::oneshot(inner, request).await;
            answer
        }
    })
}

#[tokio::test]
async fn a_failure_that_comes_and_goes_is_said_to() {
    let folder = Scratch::new();
    let mut stage = stage(&folder, "strict", &[], cases(30));
    stage.embedded = None;
    stage.tenant = stage.tenant.with_transport(Transport::InProcess(forgetful(61)));
    let result = play(&stage, &scenario(ALL[0])).await.unwrap();
    let failure = &result.failures[0];
    assert_eq!(failure.replays, 5);
    assert!(failure.shown < 5, "{failure:#?}");
    assert!(!failure.minimal.is_empty());
}

#[tokio::test]
async fn every_regression_passes_on_a_clean_tenant() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/regressions");
    let scenarios = Scenario::read_folder(&folder).unwrap_or_else(|why| panic!("failed to {why}"));
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        let folder = Scratch::new();
        let result = play(&stage(&folder, "strict", &[], Budget::default()), &scenario).await;
        expect_clean(&result.unwrap());
    }
}
