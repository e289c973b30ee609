//! `report.md`: the run for a person who has never seen this tool.
//!
//! Verdict first, then how to repeat it, then what is wrong with the evidence, then what was
//! allowed and why, then the figures. Texts from a tenant stand in code, where nothing acts.

use std::fmt::Write as _;

use super::figures;
use super::summary::{Summary, many, rerun_check, rerun_scenario};
use super::visible::{LONG, SHORT, cell, code, fence, prose, visible};
use crate::checks::check::CheckResult;
use crate::difference::Difference;
use crate::run::{
    ExpectationResult, Finding, LoadResult, OperationMetrics, Run, ScenarioResult, SequenceFailure,
    TriedOrders,
};

/// So many checks that showed a reading are named.
const READINGS_SHOWN: usize = 3;

/// The run as Markdown.
pub(super) fn text(run: &Run) -> String {
    let summary = Summary::of(run);
    let mut page = head(run, &summary);
    causes(&mut page, run, &summary);
    if !summary.cannot_tell.is_empty() {
        let _ = write!(page, "\n## Cannot tell\n\n{CANNOT_TELL}\n");
        for check in &summary.cannot_tell {
            let _ = write!(page, "\n### {}\n", code(&check.id, SHORT));
            finding(&mut page, run, check);
        }
    }
    known_failures(&mut page, run);
    excuses(&mut page, run, &summary);
    remarks_of_checks(&mut page, "Notes", NOTES, &summary.notes);
    remarks_of_checks(&mut page, "Skipped", SKIPPED, &summary.skipped);
    readings(&mut page, run);
    if !run.scenarios.is_empty() {
        scenarios(&mut page, run);
    }
    if let Some(load) = &run.load {
        load_section(&mut page, load);
    }
    if !run.operations.is_empty() {
        let _ = write!(page, "\n## Operations\n\n{OPERATIONS} {LATENCIES}\n\n");
        operations(&mut page, &run.operations);
    }
    clean_up(&mut page, run);
    page += GLOSSARY;
    page
}

const CAUSES: &str = "What is behind the findings, most damaging for Entra first. A violation \
    breaks what the standard, or Entra, says MUST be so; a deviation goes against a SHOULD and \
    fails the run only with `--strict`.";
const CANNOT_TELL: &str =
    "No verdict was possible: throttled, timed out, or something before it failed.";
const OPERATIONS: &str = "What Entra's operations cost over the whole run.";
const LATENCIES: &str = "Latencies are in milliseconds, from sending to the last byte; \"from \
    due\" is counted from the moment a request was due, where a rate was set.";
const READINGS: &str = "Where the sources can be read in more than one way, this is how the tenant \
    reads them. Only a reading that the profile asks for can be violated.";
const NOTES: &str = "Legal, and worth a word. Nothing here counts against the tenant.";
const SKIPPED: &str = "The tenant does not offer what these checks need.";
const GLOSSARY: &str = "\n---\n\nA *violation* breaks a MUST, a *deviation* a SHOULD. \
    *Excused* is what the profile documents; a *stale excuse* was not needed. *Cannot tell* is no \
    pass: run it again. *Skipped* needs what the tenant does not offer, *not exercised* was not \
    put to the test.\n\nBeside this file: `exchanges.jsonl` holds every request and answer by \
    number, `provisioning-log.jsonl` what Entra's log would say, `manifest.jsonl` what \
    `scimrig cleanup` needs after a crash. scimrig's `reports/README.md` explains all of it.\n";

fn head(run: &Run, summary: &Summary<'_>) -> String {
    let mut page = format!("# {}: {}\n\n", code(&run.tenant, SHORT), prose(&summary.verdict, LONG));
    let counts = figures::counts(&run.counts);
    let _ = writeln!(page, "Checks: {counts}.\n");
    for remark in &run.remarks {
        let _ = writeln!(page, "> {}\n", prose(remark, LONG));
    }
    let connection = run.connection.as_ref().map(|connection| {
        let word = if connection.success { "succeeds" } else { "fails" };
        let code = connection.code.as_ref().filter(|_| !connection.success);
        let code = code.map_or(String::new(), |it| format!(" with {}", cell(it, SHORT)));
        let said = prose(&connection.message, SHORT);
        format!("{word}{code}: {said} ({})", prose(&connection.evidence, SHORT))
    });
    page += "| | |\n|---|---|\n";
    for (name, value) in [
        ("Tenant", Some(cell(&run.tenant, SHORT))),
        ("Profile", Some(cell(&run.profile, SHORT))),
        ("PATCH dialect", Some(cell(&run.dialect, SHORT))),
        ("Seed", Some(run.seed.to_string())),
        ("Requests", Some(figures::requests(&run.requests))),
        ("Test Connection", connection),
        ("Began", Some(run.began.to_string())),
        ("Took", Some(format!("{:.1} s", run.seconds))),
        ("Program", Some(format!("scimrig {}", prose(&run.version, SHORT)))),
    ] {
        if let Some(value) = value {
            let _ = writeln!(page, "| {name} | {value} |");
        }
    }
    let _ = write!(
        page,
        "\nThe same seed sends the same requests. To repeat the whole run, put the Secret Token \
         into `SCIM_SECRET_TOKEN` and call\n\n{}",
        fence("sh", &run.command, LONG)
    );
    page
}

/// The causes as a table, then each with its findings.
fn causes(page: &mut String, run: &Run, summary: &Summary<'_>) {
    if summary.groups.is_empty() {
        return;
    }
    let _ = write!(page, "\n## Causes\n\n{CAUSES}\n\n");
    *page += "| | cause | it | violations | deviations |\n|--:|---|---|--:|--:|\n";
    for (nth, group) in summary.groups.iter().enumerate() {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} |",
            nth + 1,
            group.cause.map_or("other".to_owned(), |it| prose(&it.sentence, LONG)),
            group.cause.map_or("", |cause| cause.damage.words()),
            group.violations.len(),
            group.deviations.len()
        );
    }
    for (nth, group) in summary.groups.iter().enumerate() {
        let title = group.cause.map_or("Other".to_owned(), |it| sentence(&it.sentence));
        let _ = write!(page, "\n### {}. {title}\n", nth + 1);
        if let Some(cause) = group.cause {
            let mend = prose(&cause.mend, LONG);
            let _ = write!(page, "\nThis {}. To mend it: {mend}\n", cause.damage.words());
        }
        let violations = group.violations.iter().map(|check| ("violation", check));
        let deviations = group.deviations.iter().map(|check| ("deviation", check));
        for (word, check) in violations.chain(deviations) {
            let _ = write!(page, "\n#### {word} {}\n", code(&check.id, SHORT));
            finding(page, run, check);
        }
    }
}

fn finding(page: &mut String, run: &Run, check: &CheckResult) {
    let _ = write!(
        page,
        "\n{} ({}, {}).\n\n",
        sentence(&check.sentence),
        check.level.name(),
        prose(&check.source, SHORT)
    );
    for (name, text) in [("Expected", &check.expected), ("Actual", &check.actual)] {
        if let Some(text) = text {
            let _ = writeln!(page, "- {name}: {}", code(text, LONG));
        }
    }
    if let Some(reason) = &check.reason {
        let _ = writeln!(page, "- Reason: {}", prose(reason, LONG));
    }
    for reading in &check.readings {
        let _ = writeln!(page, "- Reading: {}", prose(&figures::reading(reading), LONG));
    }
    let _ = writeln!(page, "- Seen: {}", prose(&figures::seen(check), LONG));
    if let Some(curl) = &check.curl {
        let _ = write!(page, "\nThe request that shows it:\n\n{}", fence("sh", curl, LONG));
    }
    let _ = write!(page, "\nTo check again:\n\n{}", fence("sh", &rerun_check(run, check), LONG));
}

/// Prose with a capital at its beginning; what begins with markup stays.
fn sentence(text: &str) -> String {
    let text = prose(text, LONG);
    let mut characters = text.chars();
    let first = characters.next().filter(char::is_ascii_lowercase);
    first.map_or(text.clone(), |first| first.to_ascii_uppercase().to_string() + characters.as_str())
}

fn excuses(page: &mut String, run: &Run, summary: &Summary<'_>) {
    if !summary.stale_excuses.is_empty() {
        *page +=
            "\n## Stale excuses\n\nThe profile says the tenant cannot do this, and it can.\n\n";
        for check in &summary.stale_excuses {
            let advice = summary.advice(check, &run.profile);
            let sentence = prose(&check.sentence, LONG);
            let id = code(&check.id, SHORT);
            let _ = writeln!(page, "- {id} ({sentence}): {}.", prose(&advice, LONG));
        }
    }
    if run.limitations.is_empty() {
        return;
    }
    let profile = code(&run.profile, SHORT);
    let _ = write!(page, "\n## Documented limitations\n\nThe profile {profile} excuses these.\n\n");
    *page += "| limitation | reason | source | excused checks |\n|---|---|---|---|\n";
    for limitation in &run.limitations {
        let ids = summary.excused.iter().filter(|it| it.limitation == Some(limitation.is));
        let ids: Vec<_> = ids.map(|it| cell(&it.id, SHORT)).collect();
        let ids = if ids.is_empty() { "none in this run".to_owned() } else { ids.join(", ") };
        let (reason, source) = (prose(&limitation.reason, LONG), prose(&limitation.source, LONG));
        let _ = writeln!(page, "| `{}` | {reason} | {source} | {ids} |", limitation.is.name());
    }
    for check in &summary.excused {
        let sentence = prose(&check.sentence, LONG);
        let _ = write!(page, "\n{}: {sentence}\n\n", code(&check.id, SHORT));
        for (name, text) in [("Expected", &check.expected), ("Actual", &check.actual)] {
            if let Some(text) = text {
                let _ = writeln!(page, "- {name}: {}", code(text, LONG));
            }
        }
    }
}

fn known_failures(page: &mut String, run: &Run) {
    if run.known_failures.is_empty() {
        return;
    }
    *page += "\n## Known failures\n\nWhat has expired, and what passes, fails the run.\n\n\
              | check | what became of it |\n|---|---|\n";
    for known in &run.known_failures {
        let (id, told) = (cell(&known.id, SHORT), figures::known_failure(known));
        let told = prose(&told, LONG);
        let told = if known.state.fails_the_run() { format!("**{told}**") } else { told };
        let _ = writeln!(page, "| {id} | {told} |");
    }
}

fn readings(page: &mut String, run: &Run) {
    if run.ambiguities.is_empty() {
        return;
    }
    let _ = write!(page, "\n## Readings\n\n{READINGS}\n\n");
    *page += "| | point | this tenant | the profile | shown by |\n|---|---|---|---|---|\n";
    for it in &run.ambiguities {
        for met in &it.readings {
            let ids: Vec<_> =
                met.checks.iter().take(READINGS_SHOWN).map(|id| cell(id, SHORT)).collect();
            let more = met.checks.len().saturating_sub(READINGS_SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(
                page,
                "| {} | {} | {}: {} | {} | {}{more} |",
                prose(&it.id, SHORT),
                prose(&it.point, LONG),
                cell(&met.reading, SHORT),
                prose(&met.sentence, LONG),
                cell(&it.stance, SHORT),
                ids.join(", ")
            );
        }
    }
}

fn remarks_of_checks(page: &mut String, title: &str, preface: &str, checks: &[&CheckResult]) {
    if checks.is_empty() {
        return;
    }
    let _ = write!(page, "\n## {title}\n\n{preface}\n\n");
    for check in checks {
        let _ = write!(page, "- {}: {}.", code(&check.id, SHORT), prose(&check.sentence, LONG));
        if let Some(reason) = &check.reason {
            let _ = write!(page, " {}.", sentence(reason));
        }
        for reading in &check.readings {
            let _ = write!(page, " {}.", prose(&figures::reading(reading), LONG));
        }
        if let Some(actual) = &check.actual {
            let _ = write!(page, " Actual: {}.", code(actual, SHORT));
        }
        page.push('\n');
    }
}

fn scenarios(page: &mut String, run: &Run) {
    *page += "\n## Scenarios\n\n| scenario | outcome | runs | requests | seconds | differences | \
              snapshot |\n|---|---|--:|--:|--:|--:|---|\n";
    for it in &run.scenarios {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {:.1} | {} | {} |",
            cell(&it.name, SHORT),
            figures::scenario_outcome(it.outcome),
            it.runs,
            it.requests,
            it.seconds,
            it.differences_total,
            figures::snapshot(it.snapshot)
        );
    }
    for line in figures::snapshot_advice(run) {
        let _ = write!(page, "\n{line}.\n");
    }
    run.scenarios.iter().for_each(|it| scenario(page, run, it));
}

fn scenario(page: &mut String, run: &Run, scenario: &ScenarioResult) {
    let name = code(&scenario.name, SHORT);
    let _ = write!(page, "\n### {name}\n\n{}\n\n", prose(&scenario.title, SHORT));
    if !scenario.cycles.is_empty() {
        *page += "| cycle | imported | entitled | exported | exports | escrowed | requests | \
                  state | status |\n|---|--:|--:|--:|--:|--:|--:|---|---|\n";
    }
    for it in &scenario.cycles {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            prose(&it.kind, SHORT),
            it.count_imported,
            it.count_entitled,
            it.count_exported,
            it.count_exports,
            it.count_escrowed,
            it.requests,
            prose(&it.state, SHORT),
            prose(&it.status, SHORT)
        );
    }
    differences(page, &scenario.differences, scenario.differences_total);
    scenario.findings.iter().for_each(|it| broken(page, it));
    expectations(page, &scenario.expectations);
    if !scenario.remarks.is_empty() {
        page.push('\n');
    }
    for remark in &scenario.remarks {
        let _ = writeln!(page, "- {}", prose(remark, LONG));
    }
    scenario.failures.iter().for_each(|it| sequence_failure(page, it));
    if let Some(tried) = &scenario.orders {
        orders(page, tried);
    }
    if !scenario.lags.is_empty() {
        *page += "\nHow long writes took to be seen:\n\n";
    }
    for lag in &scenario.lags {
        let _ = writeln!(page, "- {}", prose(&figures::lag(lag), SHORT));
    }
    let _ = write!(page, "\n{}", fence("sh", &rerun_scenario(run, scenario), LONG));
}

/// A failure in its shortest form: the changes, then expectation and answer side by side.
fn sequence_failure(page: &mut String, failure: &SequenceFailure) {
    let kinds: Vec<_> = failure.kinds.iter().map(|it| code(it, SHORT)).collect();
    let _ = write!(page, "\n#### {}\n\n", kinds.join(", "));
    let _ = writeln!(
        page,
        "Found in sequence {} (seed {}) after {} requests, {} times in all. Shortened with {} \
         requests: {}.\n",
        failure.nth,
        failure.seed,
        failure.requests_until_found,
        failure.times,
        failure.requests_to_shorten,
        figures::shortened(failure)
    );
    let script: Vec<_> = failure.script.iter().map(|line| visible(line, SHORT)).collect();
    *page += &fence("text", &script.join("\n"), LONG);
    differences(page, &failure.differences, failure.differences.len() as u64);
    page.push('\n');
    for complaint in &failure.complaints {
        let _ = writeln!(page, "- {}", prose(complaint, LONG));
    }
    let _ = write!(page, "- The sequence as a scenario: {}", code(&failure.minimal, SHORT));
    if let Some(shell) = &failure.shell {
        let _ = write!(page, ", as a shell script: {}", code(shell, SHORT));
    }
    page.push('\n');
}

/// Which orders of two changes were tried: the count, and those that were not.
fn orders(page: &mut String, orders: &TriedOrders) {
    let _ = write!(page, "\n{}", figures::orders(orders));
    if orders.missing.is_empty() {
        *page += ".\n";
        return;
    }
    *page += "; not tried, the second change being the next one of the same object:\n\n";
    for pair in &orders.missing {
        let _ = writeln!(page, "- {}", prose(pair, SHORT));
    }
}

/// What a random history has found: model and tenant side by side, and the steps that show it.
fn broken(page: &mut String, finding: &Finding) {
    let _ = write!(
        page,
        "\n{} is broken: {}.\n\n| expected | actual |\n|---|---|\n| {} | {} |\n\n",
        code(&finding.check, SHORT),
        figures::found(finding),
        prose(&finding.expected, LONG),
        prose(&finding.actual, LONG)
    );
    for (nth, step) in finding.script.iter().enumerate() {
        let _ = writeln!(page, "{}. {}", nth + 1, code(step, LONG));
    }
}

fn differences(page: &mut String, differences: &[Difference], total: u64) {
    if total == 0 {
        return;
    }
    let found = many("difference", usize::try_from(total).unwrap_or(usize::MAX));
    let _ = write!(page, "\n{found} between the tenant and what it should hold");
    let shown = differences.len();
    if total > shown as u64 {
        let _ = write!(page, ", the first {shown} of them");
    }
    *page += ":\n\n| object | what | expected | actual | exchange |\n|---|---|---|---|--:|\n";
    for it in differences {
        let what = match &it.attribute {
            Some(attribute) => {
                format!("{}, {}", figures::difference(it.kind), cell(attribute, SHORT))
            }
            None => figures::difference(it.kind),
        };
        let _ = writeln!(
            page,
            "| {} | {what} | {} | {} | {} |",
            prose(&it.subject, SHORT),
            cell(&it.expected, SHORT),
            cell(&it.actual, SHORT),
            it.exchange.map_or_else(String::new, |number| number.to_string())
        );
    }
}

fn expectations(page: &mut String, expectations: &[ExpectationResult]) {
    if expectations.is_empty() {
        return;
    }
    *page += "\n| expectation | bound | measured | |\n|---|--:|--:|---|\n";
    for it in expectations {
        let word = if it.held { "held" } else { "**missed**" };
        let name = cell(&it.name, SHORT);
        let _ = writeln!(page, "| {name} | {:.1} | {:.1} | {word} |", it.expected, it.actual);
    }
}

fn load_section(page: &mut String, load: &LoadResult) {
    *page += "\n## Load\n\n";
    for line in figures::load(load) {
        let _ = writeln!(page, "- {}", prose(&line, LONG));
    }
    *page += "\n| phase | requests | seconds |\n|---|--:|--:|\n";
    for it in &load.phases {
        let phase = prose(&it.phase, SHORT);
        let _ = writeln!(page, "| {phase} | {} | {:.1} |", it.requests, it.seconds);
    }
    expectations(page, &load.expectations);
    differences(page, &load.differences, load.differences_total);
    if !load.operations.is_empty() {
        let _ = write!(page, "\n{LATENCIES}\n\n");
        operations(page, &load.operations);
    }
    for it in load.phases.iter().filter(|it| !it.operations.is_empty()) {
        let _ = write!(page, "\n### Operations of the phase {}\n\n", prose(&it.phase, SHORT));
        operations(page, &it.operations);
    }
}

fn operations(page: &mut String, operations: &[OperationMetrics]) {
    *page += "| operation | count | errors | p50 | p90 | p99 | p99.9 | max | p99 from due | \
              answers |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|---|\n";
    for it in operations {
        let latency = &it.latency_ms;
        let from_due = it.latency_from_due_ms.map_or(String::new(), |it| format!("{:.1}", it.p99));
        let answers: Vec<_> = it
            .statuses
            .iter()
            .take(12)
            .map(|(status, count)| format!("{} × {count}", prose(status, 24)))
            .collect();
        let _ = writeln!(
            page,
            "| {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {from_due} | {} |",
            cell(&it.operation, SHORT),
            it.count,
            it.errors,
            latency.p50,
            latency.p90,
            latency.p99,
            latency.p99_9,
            latency.max,
            answers.join(", ")
        );
    }
}

fn clean_up(page: &mut String, run: &Run) {
    let it = &run.clean_up;
    let _ =
        writeln!(page, "\n## Clean-up\n\n{} created, {} deleted again.", it.created, it.deleted);
    if it.left.is_empty() {
        return;
    }
    *page += "These are still in the tenant; `scimrig cleanup` with this folder removes them:\n\n";
    for left in it.left.iter().take(100) {
        let _ = writeln!(page, "- {}", code(left, SHORT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    #[test]
    fn a_violating_run_reads_from_verdict_to_clean_up() {
        insta::assert_snapshot!(text(&sample::violating()));
    }

    #[test]
    fn a_conforming_run_has_no_empty_sections() {
        let page = text(&sample::conforming());
        assert!(page.starts_with("# `https://tenant.example/scim`: conforms, with 1 documented"));
        let absent =
            ["## Readings", "## Known", "## Cannot tell", "## Stale", "## Notes", "still in the"];
        for absent in absent {
            assert!(!page.contains(absent), "{absent}\n{page}");
        }
    }

    /// Every line that is not in a fence, with code spans of single ticks taken out.
    fn outside_code(page: &str) -> String {
        let mut fenced = false;
        let mut outside = String::new();
        for line in page.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                let prose: String = line.split('`').step_by(2).collect();
                outside += &(prose + "\n");
            }
        }
        outside
    }

    #[test]
    fn hostile_texts_neither_act_nor_break_a_table() {
        let clean = text(&sample::hostile("said"));
        for hostile in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[click](javascript:alert)",
            "![i](https://evil.example/i.png)",
            "a\n\n# Heading\n\n| x | y |\n```\nrm\n```",
            "x | y | z",
            "\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}gnp",
        ] {
            let page = text(&sample::hostile(hostile));
            assert_eq!(page.lines().count(), clean.lines().count(), "{hostile:?}");
            assert!(!page.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{hostile:?}");
            if !hostile.contains('`') {
                let outside = outside_code(&page);
                for acting in ["<script", "<img", "](java", "![", "](https"] {
                    let escaped = outside.replace("\\]", "").replace("\\!", "");
                    assert!(!escaped.contains(acting), "{acting} of {hostile}\n{outside}");
                }
            }
        }
        let bars = |page: &str| -> Vec<usize> {
            let rows = page.lines().filter(|line| line.starts_with('|'));
            rows.map(|row| row.matches('|').count()).collect()
        };
        assert_eq!(bars(&text(&sample::hostile("x | y"))), bars(&clean));
    }

    #[test]
    fn a_megabyte_in_each_field_leaves_a_page_that_opens() {
        let page = text(&sample::hostile(&"m".repeat(1 << 20)));
        assert!(page.len() < 200_000, "{}", page.len());
        assert!(page.contains("more bytes)"));
    }
}
