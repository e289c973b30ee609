//! The load in `report.html`: what was asked, what came of it, and five pictures.

use maud::{Markup, PreEscaped, html};

use super::charts::{self, Bars, Series, Stretch};
use super::operations;
use crate::report::figures;
use crate::report::visible::{LONG, SHORT, visible};
use crate::run::{LoadResult, OperationMetrics};

/// The section of a load.
pub(super) fn section(load: &LoadResult) -> Markup {
    html! {
        h2 { "Load" }
        ul { @for line in figures::load(load) { li { (visible(&line, LONG)) } } }
        @if !load.expectations.is_empty() { (expectations(load)) }
        (throughput(load))
        (latency_over_time(load))
        (percentiles(&load.operations))
        (growth(load))
        (statuses(&load.operations))
        (phases(load))
        h3 { "Operations of the load" }
        (operations(&load.operations))
        @if !load.differences.is_empty() { (differences(load)) }
    }
}

fn expectations(load: &LoadResult) -> Markup {
    html! {
        table {
            tr { th { "Expectation" } th.number { "Bound" } th.number { "Measured" } th { "" } }
            @for it in &load.expectations {
                tr {
                    td { (visible(&it.name, SHORT)) }
                    td.number { (format!("{:.2}", it.expected)) }
                    td.number { (format!("{:.2}", it.actual)) }
                    @if it.held { td { "held" } } @else { td.missed { "missed" } }
                }
            }
        }
    }
}

/// A picture with its title, its colours' names and its figures.
fn figure(title: &str, picture: Option<String>, names: &[String], table: &Markup) -> Markup {
    html! {
        figure {
            figcaption { (title) }
            @if let Some(picture) = picture { (PreEscaped(picture)) }
            @if names.len() > 1 {
                div.key {
                    @for (nth, name) in names.iter().enumerate() {
                        span { i style={ "background:" (charts::colour(nth)) } {} (name) }
                    }
                }
            }
            details { summary { "Figures" } (table) }
        }
    }
}

/// A picture over time: the phases lie behind its lines, and their names below it.
fn over_time(title: &str, y: &str, series: &[Series], load: &LoadResult, table: &Markup) -> Markup {
    let stretches = stretches(load);
    let picture = charts::lines("seconds", y, series, &stretches);
    let picture = picture.map(|picture| {
        let bands = html! {
            div.key {
                @for (nth, stretch) in stretches.iter().enumerate() {
                    span { i.band style={ "background:" (charts::colour(nth)) } {} (stretch.name) }
                }
            }
        };
        picture + &bands.into_string()
    });
    figure(title, picture, &names(series), table)
}

fn throughput(load: &LoadResult) -> Markup {
    let per_second = |name: &str, count: fn(&crate::run::Moment) -> u64| Series {
        name: name.to_owned(),
        points: load
            .timeline
            .iter()
            .filter(|it| it.seconds > 0.0)
            .map(|it| (it.began + it.seconds / 2.0, count(it) as f64 / it.seconds))
            .collect(),
    };
    let series = [
        per_second("requests a second", |it| it.requests),
        per_second("objects a second", |it| it.objects),
        per_second("errors a second", |it| it.errors),
    ];
    let table = html! {
        table {
            tr { th { "From second" } th { "Phase" } th.number { "Requests" }
                th.number { "Objects" } th.number { "Errors" } th.number { "429" } }
            @for it in &load.timeline {
                tr {
                    td { (format!("{:.1}", it.began)) } td { (it.phase) }
                    td.number { (it.requests) } td.number { (it.objects) }
                    td.number { (it.errors) } td.number { (it.throttled) }
                }
            }
        }
    };
    over_time("Throughput over time", "a second", &series, load, &table)
}

fn latency_over_time(load: &LoadResult) -> Markup {
    let of = |name: &str, value: fn(&crate::run::Moment) -> f64| Series {
        name: name.to_owned(),
        points: load
            .timeline
            .iter()
            .filter(|it| it.requests > 0)
            .map(|it| (it.began + it.seconds / 2.0, value(it)))
            .collect(),
    };
    let series = [of("p50", |it| it.latency_ms.p50), of("p99", |it| it.latency_ms.p99)];
    let table = html! {
        table {
            tr { th { "From second" } th.number { "p50 ms" } th.number { "p90" }
                th.number { "p99" } th.number { "max" } }
            @for it in &load.timeline {
                @let latency = it.latency_ms;
                tr {
                    td { (format!("{:.1}", it.began)) }
                    @for value in [latency.p50, latency.p90, latency.p99, latency.max] {
                        td.number { (format!("{value:.2}")) }
                    }
                }
            }
        }
    };
    over_time("Latency over time", "milliseconds", &series, load, &table)
}

fn percentiles(of: &[OperationMetrics]) -> Markup {
    let rows: Vec<Bars> = of
        .iter()
        .map(|it| {
            let latency = it.latency();
            Bars {
                name: visible(&it.operation, SHORT),
                values: vec![latency.p50, latency.p90, latency.p99, latency.p99_9, latency.max],
            }
        })
        .collect();
    let names = ["p50", "p90", "p99", "p99.9", "max"].map(str::to_owned);
    let picture = charts::log_bars("milliseconds", &rows);
    figure("Latency of each operation", picture, &names, &operations(of))
}

fn growth(load: &LoadResult) -> Markup {
    html! {
        @for growth in &load.growth {
            @let series = [Series {
                name: growth.operation.clone(),
                points: growth.points.iter().map(|it| (it.size as f64, it.p50_ms)).collect(),
            }];
            @let exponent = figures::exponent(growth);
            @let title = format!(
                "Latency of {} over {}: {}{exponent}",
                growth.operation, growth.over, growth.verdict.name()
            );
            @let table = html! {
                table {
                    tr { th.number { (growth.over) } th.number { "Requests" }
                        th.number { "p50 ms" } }
                    @for it in &growth.points {
                        tr {
                            td.number { (it.size) } td.number { (it.count) }
                            td.number { (format!("{:.3}", it.p50_ms)) }
                        }
                    }
                }
            };
            (figure(&title, charts::lines(&growth.over, "p50, milliseconds", &series, &[]), &[],
                &table))
        }
    }
}

/// How the requests of each operation ended, as shares of all.
fn statuses(of: &[OperationMetrics]) -> Markup {
    let mut totals = std::collections::BTreeMap::<&str, u64>::new();
    for (status, count) in of.iter().flat_map(|it| &it.statuses) {
        *totals.entry(status).or_default() += count;
    }
    let rows: Vec<Bars> = totals
        .iter()
        .map(|(status, count)| Bars { name: visible(status, SHORT), values: vec![*count as f64] })
        .collect();
    let table = html! {
        table {
            tr { th { "Status" } th.number { "Requests" } }
            @for (status, count) in &totals {
                tr { td { (visible(status, SHORT)) } td.number { (count) } }
            }
        }
    };
    figure("Statuses", charts::log_bars("requests", &rows), &[], &table)
}

fn phases(load: &LoadResult) -> Markup {
    let table = html! {
        table {
            tr { th { "Phase" } th.number { "From second" } th.number { "Seconds" }
                th.number { "Requests" } }
            @for it in &load.phases {
                tr {
                    td { (it.phase) } td.number { (format!("{:.1}", it.began)) }
                    td.number { (format!("{:.1}", it.seconds)) } td.number { (it.requests) }
                }
            }
        }
    };
    html! {
        (figure("Phases", charts::spans("seconds", &stretches(load)), &[], &table))
        @for it in load.phases.iter().filter(|it| !it.operations.is_empty()) {
            details {
                summary { "Operations of the phase " (visible(&it.phase, SHORT)) }
                (operations(&it.operations))
            }
        }
    }
}

fn stretches(load: &LoadResult) -> Vec<Stretch> {
    let stretch = |it: &crate::run::PhaseResult| Stretch {
        name: it.phase.clone(),
        from: it.began,
        to: it.began + it.seconds,
    };
    load.phases.iter().map(stretch).collect()
}

fn names(series: &[Series]) -> Vec<String> {
    series.iter().map(|it| it.name.clone()).collect()
}

fn differences(load: &LoadResult) -> Markup {
    html! {
        h3 { "What differs" }
        table {
            tr { th { "Object" } th { "What" } th { "Expected" } th { "Actual" } }
            @for it in &load.differences {
                tr {
                    td { (visible(&it.subject, SHORT)) }
                    td { (figures::difference(it.kind)) }
                    td { (visible(&it.expected, SHORT)) }
                    td { (visible(&it.actual, SHORT)) }
                }
            }
        }
        @if load.differences_total > load.differences.len() as u64 {
            p { (load.differences_total) " in all." }
        }
    }
}
