//! `report.html`: the run in one file that opens anywhere, with pictures of the load.
//!
//! Nothing is fetched and nothing runs: the page forbids both to itself. It reads in light and in
//! dark, and each picture has its figures in a table beside it. Texts from a tenant are made
//! visible first and escaped by the markup then.

mod charts;
mod load;
mod style;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::figures;
use super::summary::{Summary, rerun_check, rerun_scenario};
use super::visible::{LONG, SHORT, visible};
use crate::checks::check::CheckResult;
use crate::run::{OperationMetrics, Run};

/// What the page forbids to itself: whatever a tenant wrote, nothing is loaded and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The run as HTML.
pub(super) fn text(run: &Run) -> String {
    let summary = Summary::of(run);
    let tenant = visible(&run.tenant, SHORT);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { "scimrig: " (tenant) }
                style { (PreEscaped(style::STYLE)) }
            }
            body {
                (head(run, &summary))
                @for (title, checks) in [
                    ("Violations", &summary.violations),
                    ("Deviations", &summary.deviations),
                    ("Cannot tell", &summary.cannot_tell),
                ] {
                    @if !checks.is_empty() {
                        h2 { (title) }
                        @for check in checks { (finding(run, check)) }
                    }
                }
                (allowed("Stale excuses", &summary.stale_excuses))
                (allowed("Excused", &summary.excused))
                (allowed("Notes", &summary.notes))
                (scenarios(run))
                @if let Some(load) = &run.load { (load::section(load)) }
                @if !run.operations.is_empty() {
                    h2 { "Operations" }
                    p { "What Entra's operations cost over the whole run." }
                    (operations(&run.operations))
                }
                (clean_up(run))
            }
        }
    };
    page.into_string() + "\n"
}

fn head(run: &Run, summary: &Summary<'_>) -> Markup {
    let connection = run.connection.as_ref().map(|connection| {
        let word = if connection.success { "succeeds" } else { "fails" };
        let evidence = visible(&connection.evidence, SHORT);
        format!("{word}: {} ({evidence})", visible(&connection.message, LONG))
    });
    html! {
        h1 { (visible(&run.tenant, SHORT)) ": " (visible(&summary.verdict, LONG)) }
        p { "Checks: " (figures::counts(&run.counts)) "." }
        @for remark in &run.remarks { p.remark { (visible(remark, LONG)) } }
        table {
            (row("Profile", &visible(&run.profile, SHORT)))
            (row("PATCH dialect", &visible(&run.dialect, SHORT)))
            (row("Seed", &run.seed.to_string()))
            @if let Some(connection) = connection { (row("Test Connection", &connection)) }
            (row("Began", &run.began.to_string()))
            (row("Took", &format!("{:.1} s", run.seconds)))
            (row("Program", &format!("scimrig {}", visible(&run.version, SHORT))))
        }
        pre { (visible(&run.command, LONG)) }
    }
}

fn row(name: &str, value: &str) -> Markup {
    html! { tr { th { (name) } td { (value) } } }
}

fn finding(run: &Run, check: &CheckResult) -> Markup {
    html! {
        section.finding {
            h3 { (visible(&check.id, SHORT)) }
            p { (visible(&check.sentence, LONG)) " (" (check.level.name()) ", "
                (visible(&check.source, SHORT)) ")" }
            table {
                @for (name, value) in [
                    ("Expected", &check.expected),
                    ("Actual", &check.actual),
                    ("Reason", &check.reason),
                ] {
                    @if let Some(value) = value { (row(name, &visible(value, LONG))) }
                }
                (row("Seen", &figures::seen(check)))
            }
            @if let Some(curl) = &check.curl { pre { (visible(curl, LONG)) } }
            pre { (visible(&rerun_check(run, check), LONG)) }
        }
    }
}

/// Findings that need no more than a line each.
fn allowed(title: &str, checks: &[&CheckResult]) -> Markup {
    html! {
        @if !checks.is_empty() {
            h2 { (title) }
            table {
                @for check in checks {
                    @let reason = check.reason.as_deref().or(check.actual.as_deref());
                    (row(&visible(&check.id, SHORT), &visible(reason.unwrap_or(""), LONG)))
                }
            }
        }
    }
}

fn scenarios(run: &Run) -> Markup {
    html! {
        @if !run.scenarios.is_empty() {
            h2 { "Scenarios" }
            table {
                tr { th { "Scenario" } th { "Outcome" } th.number { "Requests" }
                    th.number { "Seconds" } th { "Repeat" } }
                @for scenario in &run.scenarios {
                    tr {
                        td { (visible(&scenario.name, SHORT)) }
                        td { (figures::scenario_outcome(scenario.outcome)) }
                        td.number { (scenario.requests) }
                        td.number { (format!("{:.1}", scenario.seconds)) }
                        td { code { (visible(&rerun_scenario(run, scenario), LONG)) } }
                    }
                }
            }
        }
    }
}

/// Counts, statuses and latencies of operations.
fn operations(operations: &[OperationMetrics]) -> Markup {
    html! {
        table {
            tr { th { "Operation" } th.number { "Requests" } th.number { "Errors" }
                th { "Statuses" } th.number { "p50 ms" } th.number { "p90" } th.number { "p99" }
                th.number { "p99.9" } th.number { "max" } }
            @for operation in operations {
                @let latency = operation.latency_from_due_ms.unwrap_or(operation.latency_ms);
                @let statuses: Vec<String> = operation.statuses.iter()
                    .map(|(status, count)| format!("{} × {count}", visible(status, SHORT)))
                    .collect();
                tr {
                    td { (visible(&operation.operation, SHORT)) }
                    td.number { (operation.count) }
                    td.number { (operation.errors) }
                    td { (statuses.join(", ")) }
                    @for value in
                        [latency.p50, latency.p90, latency.p99, latency.p99_9, latency.max] {
                        td.number { (format!("{value:.2}")) }
                    }
                }
            }
        }
    }
}

fn clean_up(run: &Run) -> Markup {
    let left = &run.clean_up.left;
    html! {
        h2 { "Clean-up" }
        p { (run.clean_up.created) " created, " (run.clean_up.deleted) " deleted." }
        @if !left.is_empty() {
            p { "Still there; " code { "scimrig cleanup" } " removes them:" }
            ul { @for target in left { li { (visible(target, SHORT)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::sample;

    #[test]
    fn the_page_says_what_the_other_reports_say() {
        // Pictures are looked at in a browser, not line by line.
        let mut page = text(&sample::violating());
        while let (Some(from), Some(to)) = (page.find("<svg"), page.find("</svg>")) {
            page.replace_range(from..to + "</svg>".len(), "(picture)");
        }
        let page = page.replace(style::STYLE, "(style)");
        insta::assert_snapshot!(page.replace("><", ">\n<"));
    }

    #[test]
    fn whatever_a_tenant_says_is_text() {
        let hostile = "</td></table><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}";
        let page = text(&sample::hostile(hostile));
        for markup in ["<script", "<img", "\u{202e}"] {
            assert!(!page.contains(markup), "{markup} got through");
        }
    }

    #[test]
    fn the_page_fetches_nothing() {
        let page = text(&sample::violating());
        for word in ["src=", "href=", "@import", "url(", "<script", "<link"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains(POLICY.split('\'').next().unwrap()));
    }
}
