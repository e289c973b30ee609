//! Races against the embedded tenant, in process: a clean one shows nothing, one that loses changes
//! is found out with as few workers as can be.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::run::history::tests::{expect_no_finding_in_passing, played, stage, told};
use crate::run::play::play;
use crate::run::{Budget, ScenarioOutcome};
use crate::tenant::embedded::Defect;

fn scenario(text: &str) -> Scenario {
    Scenario::parse("properties/test", &format!("title = \"t\"\n[concurrency]\n{text}")).unwrap()
}

#[tokio::test]
async fn a_clean_tenant_loses_nothing_under_either_profile() {
    for profile in ["strict", "dialpad"] {
        let budget = Budget { keep_going: true, ..Budget::default() };
        let stage = stage(&format!("races-{profile}"), profile, &[], budget);
        let result = played(&stage, &scenario("rounds = 5")).await;
        assert_eq!(result.outcome, ScenarioOutcome::AsExpected, "{profile}:\n{}", told(&result));
        assert_eq!((result.runs, result.remarks.as_slice()), (5, &[][..]), "{profile}");
        expect_no_finding_in_passing(&stage);
        assert!(stage.tenant.owned().is_empty(), "{profile}: {:?}", stage.tenant.owned());
        for check in crate::checks::all().filter(|check| is_a_races(check)) {
            let tally = stage.judge.tally(check.id);
            assert!(tally.is_some(), "{} was judged by no race", check.id);
        }
    }
}

fn is_a_races(check: &Check) -> bool {
    use crate::checks::check::Judge;
    matches!(check.judge, Judge::Steps(verbs, _) if verbs.iter().any(|verb| verb.is_race()))
}

/// Each defect, and the race that has to find it.
const FOUND: &[(Defect, Verb, &str)] = &[
    (Defect::TWINS_AT_ONCE, Verb::RaceCreates, "prop-unique-race"),
    (Defect::RENAMES_AT_ONCE, Verb::RaceRenames, "prop-unique-race"),
    (Defect::LOST_UPDATES, Verb::RaceAdds, "prop-membership-concurrent-adds"),
    (Defect::LOST_UPDATES, Verb::RaceAddsAndRemoves, "prop-membership-concurrent-mixed"),
    (Defect::REPLACES_BLEND, Verb::RaceReplaces, "prop-serial-order-patch"),
    (Defect::LOST_UPDATES, Verb::RaceIncrements, "prop-if-match-linear"),
    (Defect::STALE_READS, Verb::RaceReads, "prop-monotonic-reads"),
];

#[tokio::test]
async fn defects_that_only_a_race_shows_are_found_with_the_fewest_workers() {
    let mut table = String::from("defect | race | found by | round | workers | made few\n");
    for (defect, race, check) in FOUND {
        let name = format!("{}-{}", defect.id(), race.word());
        let stage = stage(&name, "strict", &[*defect], Budget::default());
        let scenario = scenario(&format!("races = [\"{}\"]", race.word()));
        let result = play(&stage, &scenario).await.unwrap();
        let [finding] = &result.findings[..] else { panic!("{name}: {}", told(&result)) };
        assert_eq!(finding.check, *check, "{name}: {}", told(&result));
        let workers = finding.script.len();
        assert!(workers <= 3 && finding.is_minimal, "{name}: {workers} workers");
        let minimal = Scenario::read(Path::new(finding.minimal.as_ref().unwrap())).unwrap();
        assert_eq!(minimal.concurrency.as_ref().unwrap().workers, workers);
        let again = play(&stage, &minimal).await.unwrap();
        assert_eq!(again.outcome, ScenarioOutcome::Failed, "{name} again");
        std::fs::remove_dir_all(&stage.folder).unwrap();
        let race = race.word();
        let (round, before) = (finding.history, finding.steps_before);
        let _ = writeln!(table, "{defect} | {race} | {check} | {round} | {before} | {workers}");
    }
    println!("{table}");
}

#[tokio::test]
async fn accesses_that_fit_into_no_order_are_told_and_fail_nothing() {
    let stage = stage("accesses", "strict", &[Defect::STALE_READS], Budget::default());
    let result = played(&stage, &scenario("rounds = 5\nraces = [\"race-accesses\"]")).await;
    assert_eq!(result.outcome, ScenarioOutcome::AsExpected, "{}", told(&result));
    let tally = stage.judge.tally("prop-linearizable-register").unwrap();
    assert!(tally.failed > 0, "{tally:?}");
}

#[tokio::test]
async fn what_a_tenant_cannot_do_is_left_out_and_said_to_be() {
    let lacks = crate::tenant::embedded::Variation::NO_ETAG;
    let mut stage = stage("no-etag", "strict", &[], Budget::default());
    let settings = stage.embedded.as_mut().unwrap();
    settings.variations = vec![lacks];
    let router = crate::tenant::embedded::EmbeddedTenant::new(settings.clone()).router();
    let transport = crate::tenant::Transport::InProcess(router);
    stage.tenant = stage.tenant.with_transport(transport);
    let result = played(&stage, &scenario("rounds = 1")).await;
    assert!(
        result.remarks.iter().any(|it| it.starts_with("race-increments is left out")),
        "{:?}",
        result.remarks
    );
}
