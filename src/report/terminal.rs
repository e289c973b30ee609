//! The end of a run on a terminal: what one must know without opening a file.
//!
//! Plain text; colours only where [`Paint`] allows them. Texts from a tenant are made visible
//! first, so nothing they hold can act on the terminal.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;

use super::MARKDOWN;
use super::figures;
use super::summary::{Summary, expectations, rerun_check, rerun_scenario};
use super::visible::{LONG, SHORT, visible};
use crate::checks::check::CheckResult;
use crate::run::{Exit, Run, RunOutcome, ScenarioResult};

/// Findings shown in full; the rest are in `report.md`.
const SHOWN: usize = 20;
/// Differences shown of one failed scenario.
const DIFFERENCES: usize = 5;

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
    findings(&mut page, run, &paint.red("VIOLATION"), &summary.violations, true);
    findings(&mut page, run, &paint.yellow("deviation"), &summary.deviations, strict);
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

/// Findings with both sides; `whole` adds how often they were seen and how to repeat them.
fn findings(page: &mut String, run: &Run, word: &str, checks: &[&CheckResult], whole: bool) {
    for check in checks.iter().take(SHOWN) {
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
        if whole {
            row(page, "seen", &figures::seen(check));
            if let Some(curl) = &check.curl {
                row(page, "curl", curl);
            }
            row(page, "re-run", &rerun_check(run, check));
        }
    }
    more(page, checks.len());
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
    let names: Vec<_> = run.scenarios.iter().map(|it| visible(&it.name, 60)).collect();
    let wide = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
    let title = format!(
        "{:<wide$}  {:<18}  {:>8}  {:>7}  snapshot",
        "scenario", "outcome", "requests", "s"
    );
    let _ = writeln!(page, "\n{}", paint.bold(&title));
    for (it, name) in run.scenarios.iter().zip(&names) {
        let _ = writeln!(
            page,
            "{name:<wide$}  {:<18}  {:>8}  {:>7.1}  {}",
            figures::scenario_outcome(it.outcome),
            it.requests,
            it.seconds,
            figures::snapshot(it.snapshot)
        );
    }
    for scenario in run.scenarios.iter().filter(|it| it.is_violated()) {
        failed_scenario(page, run, scenario, paint);
    }
}

fn failed_scenario(page: &mut String, run: &Run, scenario: &ScenarioResult, paint: Paint) {
    let name = visible(&scenario.name, SHORT);
    let fault = figures::scenario_fault(scenario);
    let _ = writeln!(page, "\n{} {name}", paint.red(fault));
    let _ = writeln!(page, "  {}", visible(&scenario.title, SHORT));
    for it in scenario.differences.iter().take(DIFFERENCES) {
        let what = figures::difference(it.kind);
        let attribute = it.attribute.as_ref().map_or(String::new(), |name| format!(" of {name}"));
        let (expected, actual) = (visible(&it.expected, SHORT), visible(&it.actual, SHORT));
        row(
            page,
            "differs",
            &format!("{}: {what}{attribute}; expected {expected}, actual {actual}", it.subject),
        );
    }
    let left = scenario.differences_total.saturating_sub(DIFFERENCES as u64);
    if left > 0 {
        row(page, "differs", &format!("and {left} more, in {MARKDOWN}"));
    }
    for remark in scenario.remarks.iter().take(DIFFERENCES) {
        row(page, "remark", remark);
    }
    if let Some(minimal) = &scenario.minimal {
        row(page, "minimal", minimal);
    }
    row(page, "re-run", &rerun_scenario(run, scenario));
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
    for remark in run.remarks.iter().take(SHOWN) {
        let _ = writeln!(page, "{}", visible(remark, LONG));
    }
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
