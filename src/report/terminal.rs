//! The end of a run on a terminal: what one must know without opening a file.
//!
//! Plain text; colours only where [`Paint`] allows them. Texts from a tenant are made visible
//! first, so nothing they hold can act on the terminal.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;

use super::MARKDOWN;
use super::figures;
use super::summary::{Summary, expectations, many, rerun_check, rerun_scenario};
use super::visible::{LONG, SHORT, visible};
use crate::checks::check::CheckResult;
use crate::run::{
    Exit, Finding, Run, RunOutcome, ScenarioOutcome, ScenarioResult, SequenceFailure,
    SnapshotResult,
};

/// Findings shown in full; the rest are in `report.md`.
const SHOWN: usize = 20;
/// Differences shown of one failed scenario.
const DIFFERENCES: usize = 5;
/// Steps shown of one history.
const STEPS: usize = 12;
/// So many scenarios that went well are still listed one by one.
const FEW: usize = 3;

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// No colours.
    pub const NONE: Self = Self { on: false };

    /// Colours where the stream is a terminal, `NO_COLOR` is unset or empty and the terminal is
    /// not a dumb one (<https://no-color.org>).
    pub fn for_stream(stream: &impl IsTerminal) -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Self::when(stream.is_terminal(), &variable("NO_COLOR"), &variable("TERM"))
    }

    fn when(is_terminal: bool, no_color: &str, term: &str) -> Self {
        Self { on: is_terminal && no_color.is_empty() && term != "dumb" }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    fn green(self, text: &str) -> String {
        self.with("1;32", text)
    }

    fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The summary of a run. `strict` is what the exit code was derived with; the folder is where the
/// reports are, where they were written.
pub fn text(run: &Run, strict: bool, folder: Option<&Path>, paint: Paint) -> String {
    let summary = Summary::of(run);
    let mut page = String::new();
    head(&mut page, run, &summary, strict, paint);
    for remark in &run.remarks {
        let _ = writeln!(page, "  {}", visible(remark, LONG));
    }
    causes(&mut page, run, &summary, strict, paint);
    known_failures(&mut page, run, paint);
    excuses(&mut page, run, &summary, paint);
    cannot_tell(&mut page, &summary, paint);
    scenarios(&mut page, run, paint);
    load(&mut page, run, paint);
    tail(&mut page, run, folder, paint);
    page
}

fn head(page: &mut String, run: &Run, summary: &Summary<'_>, strict: bool, paint: Paint) {
    let exit = Exit::of(run, strict);
    let verdict = visible(&summary.verdict, LONG);
    let verdict = match exit {
        Exit::Conforms => paint.green(&verdict),
        Exit::ExpectationMissed | Exit::Interrupted => paint.yellow(&verdict),
        _ => paint.red(&verdict),
    };
    let tenant = visible(&run.tenant, SHORT);
    let _ = writeln!(page, "{} {verdict}", paint.bold(&format!("{tenant}:")));
    if strict && exit == Exit::Violations && run.outcome != RunOutcome::Violations {
        page.push_str("  with --strict a deviation fails the run\n");
    }
    let _ = writeln!(
        page,
        "  profile {}, dialect {}, seed {}, {:.1} s, scimrig {}",
        visible(&run.profile, SHORT),
        visible(&run.dialect, SHORT),
        run.seed,
        run.seconds,
        visible(&run.version, SHORT)
    );
    if !run.checks.is_empty() {
        let _ = writeln!(page, "  {}", figures::counts(&run.counts));
    }
    let _ = writeln!(page, "  {}", figures::requests(&run.requests));
    if let Some(connection) = run.connection.as_ref().filter(|it| it.success) {
        let _ =
            writeln!(page, "  Test Connection succeeds: {}", visible(&connection.evidence, LONG));
    }
    if let Some(connection) = run.connection.as_ref().filter(|it| !it.success) {
        let code = connection.code.as_deref().unwrap_or("no answer");
        let _ = writeln!(page, "\n{}", paint.red("Test Connection fails"));
        for (name, text) in
            [("code", code), ("portal", &connection.message), ("seen", &connection.evidence)]
        {
            row(page, name, text);
        }
    }
}

/// Findings by root cause, each cause with the sentence that mends it.
fn causes(page: &mut String, run: &Run, summary: &Summary<'_>, strict: bool, paint: Paint) {
    let (violation, deviation) = (paint.red("VIOLATION"), paint.yellow("deviation"));
    let mut room = SHOWN;
    for (nth, group) in summary.groups.iter().enumerate() {
        if let Some(cause) = group.cause {
            let count = format!("cause {} of {}:", nth + 1, run.causes.len());
            let sentence = visible(&cause.sentence, SHORT);
            let _ = writeln!(page, "\n{} {sentence}", paint.bold(&count));
            row(page, "damage", cause.damage.words());
            row(page, "to mend", &cause.mend);
        }
        let violations = group.violations.iter().map(|check| (&violation, check, true));
        let deviations = group.deviations.iter().map(|check| (&deviation, check, strict));
        let findings: Vec<_> = violations.chain(deviations).collect();
        for (word, check, whole) in findings.iter().take(room) {
            finding(page, run, word, check, *whole);
        }
        if findings.len() > room {
            let _ = writeln!(page, "\n  and {} more, in {MARKDOWN}", findings.len() - room);
        }
        room = room.saturating_sub(findings.len());
    }
}

/// A finding with both sides; `whole` adds how often it was seen and how to repeat it.
fn finding(page: &mut String, run: &Run, word: &str, check: &CheckResult, whole: bool) {
    let (id, source) = (visible(&check.id, SHORT), visible(&check.source, SHORT));
    let _ = writeln!(page, "\n{word} {id} ({}, {source})", check.level.name());
    let _ = writeln!(page, "  {}", visible(&check.sentence, LONG));
    for (name, text) in
        [("expected", &check.expected), ("actual", &check.actual), ("reason", &check.reason)]
    {
        if let Some(text) = text {
            row(page, name, text);
        }
    }
    for reading in &check.readings {
        row(page, "reading", &figures::reading(reading));
    }
    if whole {
        row(page, "seen", &figures::seen(check));
        if let Some(curl) = &check.curl {
            row(page, "curl", curl);
        }
        row(page, "re-run", &rerun_check(run, check));
    }
}

/// Known failures that fail the run, then those that are excused.
fn known_failures(page: &mut String, run: &Run, paint: Paint) {
    let (failing, others): (Vec<_>, Vec<_>) =
        run.known_failures.iter().partition(|known| known.state.fails_the_run());
    for known in failing.iter().take(SHOWN) {
        let id = visible(&known.id, SHORT);
        let _ = writeln!(page, "\n{} {id}", paint.red("KNOWN FAILURE"));
        let _ = writeln!(page, "  {}", visible(&figures::known_failure(known), LONG));
    }
    more(page, failing.len());
    if !others.is_empty() {
        let _ = writeln!(page, "\n{}", paint.bold("known failures"));
    }
    for known in others.iter().take(SHOWN) {
        let (id, told) = (visible(&known.id, SHORT), figures::known_failure(known));
        let _ = writeln!(page, "  {id}  {}", visible(&told, LONG));
    }
    more(page, others.len());
}

fn excuses(page: &mut String, run: &Run, summary: &Summary<'_>, paint: Paint) {
    for limitation in &run.limitations {
        let excused: Vec<_> =
            summary.excused.iter().filter(|it| it.limitation == Some(limitation.is)).collect();
        if excused.is_empty() {
            continue;
        }
        let ids: Vec<_> = excused.iter().map(|check| check.id.as_str()).collect();
        let _ = writeln!(page, "\n{} {}", paint.bold("excused"), limitation.is.name());
        row(page, "checks", &ids.join(", "));
        row(page, "reason", &limitation.reason);
        row(page, "source", &limitation.source);
    }
    for check in summary.stale_excuses.iter().take(SHOWN) {
        let id = visible(&check.id, SHORT);
        let _ = writeln!(page, "\n{} {id}", paint.yellow("warning: stale excuse"));
        let _ = writeln!(page, "  {}", visible(&check.sentence, LONG));
        row(page, "advice", &summary.advice(check, &run.profile));
    }
    more(page, summary.stale_excuses.len());
}

fn cannot_tell(page: &mut String, summary: &Summary<'_>, paint: Paint) {
    if summary.cannot_tell.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n{}", paint.bold("cannot tell"));
    for check in summary.cannot_tell.iter().take(SHOWN) {
        let reason = check.reason.as_deref().unwrap_or("no reason given");
        let _ = writeln!(page, "  {}: {}", visible(&check.id, SHORT), visible(reason, SHORT));
    }
    more(page, summary.cannot_tell.len());
}

fn scenarios(page: &mut String, run: &Run, paint: Paint) {
    if run.scenarios.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n{}", paint.bold("scenarios"));
    let (dull, telling): (Vec<_>, Vec<_>) = run.scenarios.iter().partition(|it| is_dull(it));
    let (dull, listed) = if dull.len() > FEW {
        (dull, telling)
    } else {
        (Vec::new(), run.scenarios.iter().collect())
    };
    let name = |it: &ScenarioResult| visible(&it.name, 60);
    let wide = listed.iter().map(|it| name(it).chars().count()).max().unwrap_or(0);
    for it in listed {
        let _ = writeln!(
            page,
            "  {:<wide$}  {:<18}  {:>6} requests  {:>6.1} s  snapshot {}",
            name(it),
            figures::scenario_outcome(it.outcome),
            it.requests,
            it.seconds,
            figures::snapshot(it.snapshot)
        );
    }
    let left_out = dull.iter().filter(|it| it.runs == 0).count();
    if dull.len() > left_out {
        let _ = writeln!(page, "  {} as expected", many("scenario", dull.len() - left_out));
    }
    if left_out > 0 {
        let _ = writeln!(
            page,
            "  {} left out: only the built-in tenant can be made to fail so",
            many("scenario", left_out)
        );
    }
    for line in figures::snapshot_advice(run) {
        let _ = writeln!(page, "  {line}");
    }
    run.scenarios.iter().for_each(|it| orders(page, it));
    run.scenarios.iter().for_each(|it| lags(page, it));
    for scenario in run.scenarios.iter().filter(|it| it.is_violated()) {
        // That a snapshot is missing is said once, above.
        let is_only_missing = scenario.snapshot == SnapshotResult::Missing
            && scenario.outcome == ScenarioOutcome::SnapshotChanged;
        if !is_only_missing {
            failed_scenario(page, run, scenario, paint);
        }
    }
}

/// Whether there is nothing to say of a scenario but that it went well, or was left out.
fn is_dull(scenario: &ScenarioResult) -> bool {
    scenario.outcome == ScenarioOutcome::AsExpected
}

fn failed_scenario(page: &mut String, run: &Run, scenario: &ScenarioResult, paint: Paint) {
    let name = visible(&scenario.name, SHORT);
    let fault = figures::scenario_fault(scenario);
    let _ = writeln!(page, "\n{} {name}", paint.red(fault));
    let _ = writeln!(page, "  {}", visible(&scenario.title, SHORT));
    let mut shown: Vec<String> = Vec::new();
    for it in &scenario.differences {
        let what = figures::difference(it.kind);
        let attribute = it.attribute.as_ref().map_or(String::new(), |name| format!(" of {name}"));
        let (expected, actual) = (visible(&it.expected, SHORT), visible(&it.actual, SHORT));
        let line =
            format!("{}: {what}{attribute}; expected {expected}, actual {actual}", it.subject);
        // The same is found again after each cycle.
        if !shown.contains(&line) {
            shown.push(line);
        }
    }
    shown.iter().take(DIFFERENCES).for_each(|line| row(page, "differs", line));
    let total = scenario.differences_total;
    if total > DIFFERENCES as u64 {
        row(page, "differs", &format!("{total} times in all, see {MARKDOWN}"));
    }
    for finding in scenario.findings.iter().take(DIFFERENCES) {
        broken(page, finding);
    }
    for remark in scenario.remarks.iter().take(DIFFERENCES) {
        row(page, "remark", remark);
    }
    for failure in scenario.failures.iter().take(DIFFERENCES) {
        sequence_failure(page, failure);
    }
    if scenario.failures.len() > DIFFERENCES {
        let count = scenario.failures.len() - DIFFERENCES;
        row(page, "failures", &format!("{count} more, see {MARKDOWN}"));
    }
    row(page, "re-run", &rerun_scenario(run, scenario));
}

/// A failure in its shortest form.
fn sequence_failure(page: &mut String, failure: &SequenceFailure) {
    row(page, "failure", &failure.kinds.join(", "));
    row(page, "shortened", &figures::shortened(failure));
    failure.script.iter().take(SHOWN).for_each(|line| row(page, "cycle", line));
    for it in failure.differences.iter().take(1) {
        row(page, "expected", &it.expected);
        row(page, "actual", &it.actual);
    }
    row(page, "minimal", &failure.minimal);
    failure.shell.iter().for_each(|path| row(page, "shell", path));
}

/// How many orders of two changes a scenario tried, and some of those that it did not.
fn orders(page: &mut String, scenario: &ScenarioResult) {
    let Some(orders) = &scenario.orders else { return };
    let (name, tried) = (visible(&scenario.name, SHORT), figures::orders(orders));
    let _ = write!(page, "  {name}: {tried}");
    let some: Vec<_> = orders.missing.iter().take(DIFFERENCES).map(String::as_str).collect();
    match orders.missing.len().saturating_sub(some.len()) {
        _ if some.is_empty() => page.push('\n'),
        0 => {
            let _ = writeln!(page, "; not {}", some.join("; not "));
        }
        more => {
            let _ = writeln!(page, "; not {}, and {more} more", some.join("; not "));
        }
    }
}

/// The kinds of read that lag behind writes.
fn lags(page: &mut String, scenario: &ScenarioResult) {
    for lag in scenario.lags.iter().filter(|lag| lag.at_once < lag.writes) {
        let name = visible(&scenario.name, SHORT);
        let _ = writeln!(page, "  {name}: {}", visible(&figures::lag(lag), SHORT));
    }
}

/// What a random history has found, with both sides and the steps that show it.
fn broken(page: &mut String, finding: &Finding) {
    row(page, "broken", &finding.check);
    row(page, "expected", &finding.expected);
    row(page, "actual", &finding.actual);
    row(page, "seen", &figures::found(finding));
    for (nth, step) in finding.script.iter().take(STEPS).enumerate() {
        row(page, if nth == 0 { "steps" } else { "" }, step);
    }
}

fn load(page: &mut String, run: &Run, paint: Paint) {
    if let Some(load) = &run.load {
        let _ = writeln!(page, "\n{}", paint.bold("load"));
        for line in figures::load(load) {
            let _ = writeln!(page, "  {}", visible(&line, LONG));
        }
        for it in &load.operations {
            let _ = writeln!(
                page,
                "  {:<16} {:>9} requests, {} errors, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
                visible(&it.operation, SHORT),
                it.count,
                it.errors,
                it.latency_ms.p50,
                it.latency_ms.p99,
                it.latency_ms.max
            );
        }
    }
    for it in expectations(run).filter(|it| !it.held) {
        let word = paint.yellow("missed");
        let name = visible(&it.name, SHORT);
        let _ =
            writeln!(page, "  {word} {name}: bound {:.1}, measured {:.1}", it.expected, it.actual);
    }
}

fn tail(page: &mut String, run: &Run, folder: Option<&Path>, paint: Paint) {
    page.push('\n');
    let left = run.clean_up.created.saturating_sub(run.clean_up.deleted);
    if left > 0 {
        let some = run.clean_up.left.iter().take(DIFFERENCES).map(|it| visible(it, SHORT));
        let some = some.collect::<Vec<_>>().join(", ");
        let word = paint.yellow("left in the tenant:");
        let _ = writeln!(page, "{word} {left} ({some}); `scimrig cleanup` removes them");
    }
    if let Some(folder) = folder {
        let path = folder.join(MARKDOWN);
        let _ = writeln!(page, "report: {}", visible(&path.display().to_string(), LONG));
    }
}

/// One line of evidence: its name in a column of its own, then the text.
fn row(page: &mut String, name: &str, text: &str) {
    let _ = writeln!(page, "  {name:<9} {}", visible(text, LONG));
}

/// Says how many findings are not shown.
fn more(page: &mut String, count: usize) {
    if count > SHOWN {
        let _ = writeln!(page, "\n  and {} more, in {MARKDOWN}", count - SHOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::check::Outcome;
    use crate::run::{Counts, sample};

    fn plain(run: &Run) -> String {
        text(run, false, Some(Path::new("reports/dialpad")), Paint::NONE)
    }

    #[test]
    fn a_conforming_run_says_so_and_what_was_excused() {
        insta::assert_snapshot!(plain(&sample::conforming()));
    }

    #[test]
    fn a_violating_run_shows_evidence_and_how_to_repeat_it() {
        insta::assert_snapshot!(plain(&sample::violating()));
    }

    #[test]
    fn scenarios_that_went_well_are_counted_and_the_others_listed() {
        let mut run = sample::conforming();
        let like = run.scenarios[0].clone();
        run.scenarios.clear();
        for nth in 0..6 {
            let mut one = like.clone();
            (one.name, one.runs) = (format!("groups/nth-{nth}"), 1);
            (one.outcome, one.snapshot) = (ScenarioOutcome::AsExpected, SnapshotResult::Pending);
            run.scenarios.push(one);
        }
        run.scenarios[4].outcome = ScenarioOutcome::Excused;
        run.scenarios[5].runs = 0;
        let page = plain(&run);
        assert!(page.contains("groups/nth-4  excused"), "{page}");
        assert!(page.contains("  4 scenarios as expected\n  1 scenario left out"), "{page}");
        assert!(page.contains("6 new snapshots: `scimrig snapshots review`"), "{page}");
        assert!(!page.contains("groups/nth-3"), "{page}");
        run.scenarios.truncate(2);
        assert!(plain(&run).contains("groups/nth-1  as expected"));
    }

    #[test]
    fn missing_snapshots_are_one_line() {
        let mut run = sample::conforming();
        let mut one = run.scenarios[0].clone();
        (one.outcome, one.snapshot) = (ScenarioOutcome::SnapshotChanged, SnapshotResult::Missing);
        run.scenarios = vec![one.clone(), one.clone(), one];
        let page = plain(&run);
        assert!(page.contains("3 missing snapshots: none was accepted, and `CI` is set"), "{page}");
        assert!(!page.contains("re-run"), "{page}");
    }

    #[test]
    fn strict_says_why_deviations_fail() {
        let run = sample::conforming();
        assert!(text(&run, true, None, Paint::NONE).contains("with --strict a deviation fails"));
        assert!(!plain(&run).contains("--strict"));
    }

    #[test]
    fn a_refused_token_shows_what_the_portal_would() {
        let mut run = sample::conforming();
        let connection = run.connection.as_mut().unwrap();
        connection.success = false;
        connection.code = Some("CredentialValidationUnavailable".to_owned());
        connection.message = "You appear to have entered invalid credentials.".to_owned();
        run.outcome = RunOutcome::Unreachable;
        let page = plain(&run);
        assert!(page.contains("no verdict: the tenant could not be reached"), "{page}");
        assert!(page.contains("portal    You appear to have entered invalid"), "{page}");
    }

    #[test]
    fn many_findings_do_not_flood_the_screen() {
        let mut run = sample::conforming();
        run.checks =
            (0..50).map(|n| sample::check(&format!("x-{n}"), Outcome::Violation)).collect();
        run.counts = Counts::of(&run.checks);
        run.outcome = RunOutcome::Violations;
        let page = plain(&run);
        assert_eq!(page.matches("VIOLATION").count(), SHOWN);
        assert!(page.contains("and 30 more, in report.md"), "{page}");
    }

    #[test]
    fn hostile_texts_do_not_reach_the_terminal() {
        let hostile = format!("\u{1b}[2J\u{9b}31m\r\u{7}\n\u{202e}\u{0}{}", "z".repeat(1 << 20));
        let page = plain(&sample::hostile(&hostile));
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!page.contains(acts));
        assert_eq!(page.lines().count(), plain(&sample::hostile("said")).lines().count());
        assert!(page.len() < 100_000, "{}", page.len());
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert!(Paint::when(true, "", "xterm").on);
        for (is_terminal, no_color, term) in
            [(false, "", "xterm"), (true, "1", "xterm"), (true, "", "dumb")]
        {
            assert_eq!(Paint::when(is_terminal, no_color, term), Paint::NONE);
        }
        let coloured = text(&sample::violating(), false, None, Paint { on: true });
        assert!(coloured.contains("\u{1b}[1;31mVIOLATION\u{1b}[0m"), "{coloured}");
    }
}
