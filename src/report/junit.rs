//! `junit.xml`: one case for each check, each scenario and each performance expectation of a load,
//! in the dialect that CI servers read.
//!
//! A violation is a failure; what has no verdict or is excused is skipped, with the reason.

use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::summary::{Summary, many, rerun_check, rerun_scenario};
use super::visible::{LONG, SHORT, visible};
use super::{ReportError, figures};
use crate::checks::check::{CheckResult, Outcome};
use crate::run::{ExpectationResult, Finding, LoadResult, Run, ScenarioOutcome, ScenarioResult};

/// The run as `JUnit` XML.
pub(super) fn text(run: &Run) -> Result<String, ReportError> {
    let mut report = Report::new("scimrig");
    report.set_time(duration(run.seconds));
    let summary = Summary::of(run);
    if let Some(connection) = &run.connection {
        let mut status = TestCaseStatus::success();
        if !connection.success {
            let code = connection.code.as_deref().unwrap_or("no answer");
            status = failure(code, &connection.message, &connection.evidence);
        }
        report.add_test_suite(suite("connection", [case("test-connection", "Entra", status)]));
    }
    let checks = run.checks.iter().map(|check| check_case(run, &summary, check));
    report.add_test_suite(suite("checks", checks));
    let scenarios = run.scenarios.iter().map(|scenario| scenario_case(run, scenario));
    report.add_test_suite(suite("scenarios", scenarios));
    if let Some(load) = &run.load {
        let arrived = [case("arrived", "load", arrival(load))];
        let expectations = load.expectations.iter().map(expectation_case);
        report.add_test_suite(suite("load", arrived.into_iter().chain(expectations)));
    }
    let text = report.to_string();
    text.map_err(|error| ReportError::Encode { format: "JUnit", reason: error.to_string() })
}

fn suite(name: &str, cases: impl IntoIterator<Item = TestCase>) -> TestSuite {
    let mut suite = TestSuite::new(name);
    suite.add_test_cases(cases);
    suite
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(visible(name, SHORT), status);
    case.set_classname(visible(class, SHORT));
    case
}

fn check_case(run: &Run, summary: &Summary<'_>, check: &CheckResult) -> TestCase {
    let reason = check.reason.as_deref().unwrap_or("no reason given");
    let status = match check.outcome {
        Outcome::Conforms | Outcome::Note | Outcome::Deviation | Outcome::StaleExcuse => {
            TestCaseStatus::success()
        }
        Outcome::Violation => {
            let evidence = evidence(check) + &format!("re-run: {}\n", rerun_check(run, check));
            failure(check.level.name(), &check.sentence, &evidence)
        }
        Outcome::Excused => skipped(&format!("excused: {reason}")),
        Outcome::CannotTell => skipped(&format!("cannot tell: {reason}")),
        Outcome::Skipped => skipped(reason),
        Outcome::NotExercised => skipped("nothing in this run put it to the test"),
    };
    let mut case = case(&check.id, &check.source, status);
    case.add_property(("cause", check.cause.as_str()));
    for reading in &check.readings {
        case.add_property(("reading", visible(&figures::reading(reading), LONG).as_str()));
    }
    match check.outcome {
        Outcome::Deviation => {
            case.set_system_out(format!("deviation: {}\n{}", check.sentence, evidence(check)));
        }
        Outcome::Note => {
            let remark = check.reason.as_ref().or(check.actual.as_ref());
            let remark = remark.map_or(check.sentence.as_str(), String::as_str);
            case.set_system_out(format!("note: {}", visible(remark, LONG)));
        }
        Outcome::StaleExcuse => {
            let advice = summary.advice(check, &run.profile);
            case.set_system_err(format!("stale excuse: {}", visible(&advice, LONG)));
        }
        _ => {}
    }
    case
}

/// Both sides, and the request that shows it.
fn evidence(check: &CheckResult) -> String {
    let lines = [("expected", &check.expected), ("actual", &check.actual), ("curl", &check.curl)];
    let shown = lines.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
    let mut evidence = String::new();
    for (name, text) in shown {
        let _ = writeln!(evidence, "{name}: {}", visible(text, LONG));
    }
    evidence
}

fn scenario_case(run: &Run, scenario: &ScenarioResult) -> TestCase {
    let missed: Vec<_> = scenario.expectations.iter().filter(|it| !it.held).map(sentence).collect();
    let status = if scenario.is_violated() {
        let rerun = format!("re-run: {}\n", rerun_scenario(run, scenario));
        failure("scenario", &violation(scenario), &(differences(scenario) + &rerun))
    } else if scenario.missed_an_expectation() {
        failure("expectation", "a performance expectation was missed", &missed.join("\n"))
    } else {
        match scenario.outcome {
            ScenarioOutcome::Excused => skipped("differs only as the profile documents"),
            ScenarioOutcome::Interrupted => skipped("interrupted"),
            ScenarioOutcome::CannotTell => skipped("the budget was used up before its end"),
            _ => TestCaseStatus::success(),
        }
    };
    let mut case = case(&scenario.name, "scenario", status);
    case.set_time(duration(scenario.seconds));
    case
}

fn violation(scenario: &ScenarioResult) -> String {
    let found = usize::try_from(scenario.differences_total).unwrap_or(usize::MAX);
    match scenario.outcome {
        ScenarioOutcome::Failed if found > 0 => {
            format!("{} between tenant and directory", many("difference", found))
        }
        ScenarioOutcome::Failed if !scenario.findings.is_empty() => {
            let ids: Vec<&str> = scenario.findings.iter().map(|it| it.check.as_str()).collect();
            format!("a history breaks {}", ids.join(", "))
        }
        _ => figures::scenario_fault(scenario).to_owned(),
    }
}

fn differences(scenario: &ScenarioResult) -> String {
    let line = |it: &crate::difference::Difference| {
        let attribute = it.attribute.as_deref().unwrap_or("");
        format!(
            "{} {}: expected {}, actual {}\n",
            visible(&it.subject, SHORT),
            visible(attribute, SHORT),
            visible(&it.expected, SHORT),
            visible(&it.actual, SHORT)
        )
    };
    let found = |it: &Finding| {
        let (expected, actual) = (visible(&it.expected, LONG), visible(&it.actual, LONG));
        let script: Vec<String> = it.script.iter().map(|step| visible(step, LONG)).collect();
        let steps = script.join("\n  ");
        format!("{}: expected {expected}, actual {actual}\n  {steps}\n", visible(&it.check, SHORT))
    };
    let differences = scenario.differences.iter().map(line);
    differences.chain(scenario.findings.iter().map(found)).collect()
}

fn arrival(load: &LoadResult) -> TestCaseStatus {
    if load.arrived() {
        return TestCaseStatus::success();
    }
    let found = format!(
        "{} of {} users, {} of {} groups, {} differences in {} compared",
        load.users_found,
        load.users,
        load.groups_found,
        load.groups,
        load.differences_total,
        load.compared
    );
    failure("load", "the tenant does not hold what the load sent", &found)
}

fn expectation_case(expectation: &ExpectationResult) -> TestCase {
    let status = if expectation.held {
        TestCaseStatus::success()
    } else {
        failure("expectation", "a performance expectation was missed", &sentence(expectation))
    };
    case(&expectation.name, "load", status)
}

fn sentence(it: &ExpectationResult) -> String {
    format!("{}: expected {}, actual {}", it.name, it.expected, it.actual)
}

fn failure(kind: &str, message: &str, description: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(visible(kind, SHORT));
    status.set_message(visible(message, LONG));
    let lines: Vec<_> = description.lines().take(200).map(|line| visible(line, LONG)).collect();
    status.set_description(lines.join("\n"));
    status
}

fn skipped(reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(visible(reason, LONG));
    status
}

/// Seconds as a duration; a report never fails over a wrong number.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    #[test]
    fn each_outcome_has_its_case() {
        insta::assert_snapshot!(text(&sample::violating()).unwrap());
    }

    #[test]
    fn a_conforming_run_has_no_failure() {
        let xml = text(&sample::conforming()).unwrap();
        assert!(xml.contains("failures=\"0\"") && !xml.contains("<failure"), "{xml}");
        assert!(xml.contains("excused: a group keeps the name"), "{xml}");
    }

    #[test]
    fn hostile_texts_stay_text_and_short() {
        let hostile = format!("]]></failure><x a=\"\u{1b}[31m\u{0}\u{202e}{}", "y".repeat(1 << 20));
        let xml = text(&sample::hostile(&hostile)).unwrap();
        assert!(xml.len() < 200_000, "{}", xml.len());
        assert!(!xml.contains(['\u{1b}', '\u{0}', '\u{202e}']));
        assert!(!xml.contains("<x a=") && !xml.contains("]]></failure><x"));
        assert!(Report::deserialize_from_str(&xml).is_ok());
    }
}
