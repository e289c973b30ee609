//! Whole histories against the embedded tenant, in process: a clean one shows nothing, a bent one
//! is found out and the history made short.

use std::fmt::Write as _;

use super::*;
use crate::checks::Selection;
use crate::checks::check::CheckResult;
use crate::run::{Budget, ScenarioOutcome};
use crate::tenant::embedded::Defect;

/// A stage with an embedded tenant of its own; files go into a folder of that name.
pub(in crate::run) fn stage(
    name: &str,
    profile: &str,
    defects: &[Defect],
    budget: Budget,
) -> Stage {
    let folder = format!("scimrig-history-{}-{name}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    crate::run::stage::tests::stage(&folder, profile, defects, budget)
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse("properties/test", &format!("title = \"t\"\n{text}")).unwrap()
}

pub(in crate::run) async fn played(stage: &Stage, scenario: &Scenario) -> ScenarioResult {
    let result = crate::run::play::play(stage, scenario).await.unwrap();
    std::fs::remove_dir_all(&stage.folder).unwrap();
    result
}

/// What was found, a line each, for a failing test.
pub(in crate::run) fn told(result: &ScenarioResult) -> String {
    let each = result.findings.iter().map(|it| {
        format!(
            "{} (history {}, {} steps) {}\n  expected {}\n  actual   {}\n    {}",
            it.check,
            it.history,
            it.steps_before,
            it.step,
            it.expected,
            it.actual,
            it.script.join("\n    ")
        )
    });
    each.chain(result.remarks.iter().cloned()).collect::<Vec<_>>().join("\n")
}

/// Checks of single answers find nothing either in what was sent.
pub(in crate::run) fn expect_no_finding_in_passing(stage: &Stage) {
    use crate::checks::check::Outcome;
    let results = crate::run::checks::fold(&Selection::default(), &stage.profile, &stage.judge);
    let is_finding = |it: &&CheckResult| {
        matches!(it.outcome, Outcome::Violation | Outcome::Deviation | Outcome::StaleExcuse)
    };
    let findings: Vec<_> = results.iter().filter(is_finding).collect();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test]
async fn a_clean_tenant_breaks_no_property_under_either_profile() {
    for profile in ["strict", "dialpad"] {
        let budget = Budget { keep_going: true, ..Budget::default() };
        let stage = stage(&format!("clean-{profile}"), profile, &[], budget);
        let result = played(&stage, &scenario("runs = 60\n[history]")).await;
        assert_eq!(result.outcome, ScenarioOutcome::AsExpected, "{profile}:\n{}", told(&result));
        assert!(result.remarks.is_empty(), "{profile}: {:?}", result.remarks);
        expect_no_finding_in_passing(&stage);
        let owned = stage.tenant.owned();
        assert!(owned.is_empty(), "{profile}: left behind: {owned:?}");
    }
}

#[tokio::test]
async fn a_defect_is_found_and_the_history_made_short() {
    let defects = [Defect::COMPLEX_REPLACED_WHOLE];
    let stage = stage("defect", "strict", &defects, Budget::default());
    let scenario = scenario("runs = 60\n[history]");
    let result = crate::run::play::play(&stage, &scenario).await.unwrap();
    let [finding] = &result.findings[..] else { panic!("{}", told(&result)) };
    assert_eq!(
        (finding.check.as_str(), finding.shown, finding.is_minimal),
        ("prop-patch-model", 1, true)
    );
    assert_eq!(finding.script.len(), 2, "{}", told(&result));
    let minimal = Scenario::read(std::path::Path::new(finding.minimal.as_ref().unwrap())).unwrap();
    let shell = std::fs::read_to_string(stage.folder.join("minimal.sh")).unwrap();
    assert!(shell.contains("=$(id_of)") && !shell.contains("sesame"), "{shell}");
    let again = played(&stage, &minimal).await;
    let [same] = &again.findings[..] else { panic!("{}", told(&again)) };
    assert_eq!(
        (&same.check, &same.expected, &same.script),
        (&finding.check, &finding.expected, &finding.script)
    );
}

/// Histories that each defect gets.
const CASES: u32 = 300;

#[tokio::test]
async fn every_defect_that_only_a_history_shows_is_found_and_made_short() {
    let mut table = String::from("defect | found by | history | requests | steps | made short\n");
    let (mut missed, mut caught) = (Vec::new(), String::new());
    for defect in Defect::all().filter(|defect| defect.area() == "sequence") {
        let budget = Budget { cases: Some(CASES), ..Budget::default() };
        let stage = stage(defect.id(), "strict", &[defect], budget);
        let result = played(&stage, &scenario("[history]")).await;
        let [finding] = &result.findings[..] else {
            missed.push(defect.id());
            continue;
        };
        let line = format!(
            "{} | {} | {} | {} | {} | {}\n",
            defect.id(),
            finding.check,
            finding.history,
            result.requests,
            finding.steps_before,
            finding.script.len()
        );
        table.push_str(&line);
        let _ = write!(caught, "{}\n  {}\n", defect.id(), finding.check);
        let few = 2 * defect.requests();
        assert!(finding.script.len() <= few && !finding.is_flaky(), "{line}{}", told(&result));
    }
    println!("{table}");
    assert!(missed.is_empty(), "not found in {CASES} histories: {missed:?}\n{table}");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("defects_of_sequences", table));
    settings.set_snapshot_path("../../tenant/embedded/defects/caught");
    settings.bind(|| insta::assert_snapshot!("sequence", caught));
}
