//! The charts of `report.html`: inline SVG, drawn by plotters.
//!
//! A chart knows series of numbers and nothing of runs. Its colours are placeholders that become
//! variables of the page's style, so that one picture reads in light and in dark. A chart that
//! cannot be drawn is left out: the table beside it says the same.

use std::fmt::Write as _;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::*;

/// Points of one line, and its name.
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// One named stretch of an axis.
pub(super) struct Stretch {
    pub(super) name: String,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// One row of bars: a name, and a value for each colour.
pub(super) struct Bars {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

/// Width of every chart, in pixels of its own; the page scales it.
const WIDTH: u32 = 720;
const HEIGHT: u32 = 260;
/// Height of a row of bars.
const ROW: u32 = 44;
const TEXT: u32 = 12;
/// Space for the names of rows.
const NAMES: u32 = 130;

/// Placeholders: no two are alike, and none is a colour that plotters draws by itself.
const INK: RGBColor = RGBColor(1, 2, 3);
const GRID: RGBColor = RGBColor(4, 5, 6);
const COLOURS: [RGBColor; 5] = [
    RGBColor(11, 1, 1),
    RGBColor(12, 2, 2),
    RGBColor(13, 3, 3),
    RGBColor(14, 4, 4),
    RGBColor(15, 5, 5),
];

/// What went wrong while drawing; the chart is left out.
type Drawn = Result<(), Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The class that the page's style gives the colour of that number.
pub(super) fn colour(number: usize) -> String {
    format!("var(--series-{})", number % COLOURS.len())
}

/// Lines over a common axis; stretches, where there are any, are told under it.
pub(super) fn lines(x: &str, y: &str, series: &[Series], stretches: &[Stretch]) -> Option<String> {
    let points = || series.iter().flat_map(|it| it.points.iter().copied());
    let across = range(points().map(|(x, _)| x).chain(stretches.iter().map(|it| it.to)))?;
    let up = 0.0..range(points().map(|(_, y)| y))?.end.max(f64::MIN_POSITIVE) * 1.08;
    svg(HEIGHT, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(16)
            .x_label_area_size(34)
            .y_label_area_size(58)
            .build_cartesian_2d(across.clone(), up.clone())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(GRID.stroke_width(1))
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(("sans-serif", TEXT, &INK))
            .x_desc(x)
            .y_desc(y)
            .y_label_formatter(&|value| short(*value))
            .x_label_formatter(&|value| short(*value))
            .draw()?;
        for (nth, stretch) in stretches.iter().enumerate() {
            let box_ = [(stretch.from, up.end), (stretch.to, up.start)];
            let tint = COLOURS[nth % COLOURS.len()].mix(0.08);
            chart.draw_series([Rectangle::new(box_, tint.filled())])?;
        }
        for (nth, line) in series.iter().enumerate() {
            let colour = COLOURS[nth % COLOURS.len()];
            let points = line.points.iter().copied();
            chart.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?;
            if line.points.len() <= MARKED {
                chart.draw_series(points.map(|at| Circle::new(at, 3, colour.filled())))?;
            }
        }
        Ok(())
    })
}

/// Up to so many points of a line are marked one by one.
const MARKED: usize = 40;

/// Rows of bars over a logarithmic axis: latencies of a factor of a thousand in one picture.
pub(super) fn log_bars(x: &str, rows: &[Bars]) -> Option<String> {
    let values = || rows.iter().flat_map(|row| row.values.iter().copied()).filter(|it| *it > 0.0);
    let all = range(values())?;
    // From a power of ten on, so that the axis has a number whatever the values are.
    let start = 10_f64.powf((all.start / 1.2).log10().floor()).max(LEAST);
    let across = start..(all.end * 1.5).max(start * 10.0);
    svg(ROW * u32::try_from(rows.len()).ok()? + 50, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(34)
            .y_label_area_size(NAMES)
            .build_cartesian_2d(across.clone().log_scale(), 0.0..rows.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .bold_line_style(GRID.stroke_width(1))
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(("sans-serif", TEXT, &INK))
            .x_desc(x)
            .x_labels(6)
            .x_label_formatter(&|value| short(*value))
            .draw()?;
        for (from_top, row) in rows.iter().rev().enumerate() {
            let bottom = from_top as f64;
            let thickness = 0.8 / row.values.len().max(1) as f64;
            for (nth, value) in row.values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
                let top = bottom + 0.9 - nth as f64 * thickness;
                let box_ = [(across.start, top), (*value, top - thickness * 0.85)];
                let colour = COLOURS[nth % COLOURS.len()];
                chart.draw_series([Rectangle::new(box_, colour.filled())])?;
            }
        }
        names(area, rows.iter().map(|row| row.name.as_str()), ROW)
    })
}

/// The least value that a logarithmic axis shows.
const LEAST: f64 = 0.01;

/// One row for each stretch, from left to right as time went on.
pub(super) fn spans(x: &str, stretches: &[Stretch]) -> Option<String> {
    let across = range(stretches.iter().flat_map(|it| [it.from, it.to]))?;
    svg(SPAN * u32::try_from(stretches.len()).ok()? + 50, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(34)
            .y_label_area_size(NAMES)
            .build_cartesian_2d(across.clone(), 0.0..stretches.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .bold_line_style(GRID.stroke_width(1))
            .light_line_style(TRANSPARENT)
            .axis_style(GRID)
            .label_style(("sans-serif", TEXT, &INK))
            .x_desc(x)
            .x_label_formatter(&|value| short(*value))
            .draw()?;
        for (nth, stretch) in stretches.iter().enumerate() {
            let top = (stretches.len() - nth) as f64 - 0.2;
            let box_ = [(stretch.from, top), (stretch.to, top - 0.6)];
            chart.draw_series([Rectangle::new(box_, COLOURS[nth % COLOURS.len()].filled())])?;
        }
        names(area, stretches.iter().map(|it| it.name.as_str()), SPAN)
    })
}

/// Height of a row of [`spans`].
const SPAN: u32 = 28;

/// Names of rows, right-aligned before the plot.
fn names<'a>(area: &Area<'_>, rows: impl Iterator<Item = &'a str>, height: u32) -> Drawn {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    let style = TextStyle::from(("sans-serif", TEXT).into_font())
        .color(&INK)
        .pos(Pos::new(HPos::Right, VPos::Center));
    let right = i32::try_from(NAMES)?;
    for (nth, name) in rows.enumerate() {
        let middle = 8 + height * u32::try_from(nth)? + height / 2;
        area.draw(&Text::new(name.to_owned(), (right, i32::try_from(middle)?), style.clone()))?;
    }
    Ok(())
}

/// Draws on an empty picture and takes out what is fixed to one size or one theme.
fn svg(height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Option<String> {
    let mut picture = String::new();
    {
        let area = SVGBackend::with_string(&mut picture, (WIDTH, height)).into_drawing_area();
        draw(&area).and_then(|()| Ok(area.present()?)).ok()?;
    }
    let fixed = format!("<svg width=\"{WIDTH}\" height=\"{height}\"");
    let mut picture = picture.replace(&fixed, "<svg role=\"img\"");
    let mut placeholders = vec![(INK, "var(--ink)".to_owned()), (GRID, "var(--grid)".to_owned())];
    placeholders.extend(COLOURS.iter().enumerate().map(|(nth, it)| (*it, colour(nth))));
    for (RGBColor(red, green, blue), variable) in placeholders {
        let mut hex = String::new();
        let _ = write!(hex, "#{red:02X}{green:02X}{blue:02X}");
        picture = picture.replace(&hex, &variable);
    }
    Some(picture)
}

/// From the least to the greatest; none where nothing is there to draw.
fn range(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let values = values.filter(|value| value.is_finite());
    let (least, most) = values.fold(None, |range: Option<(f64, f64)>, value| {
        let (least, most) = range.unwrap_or((value, value));
        Some((least.min(value), most.max(value)))
    })?;
    // An axis without length cannot be drawn.
    Some(if least < most { least..most } else { least..least + 1.0 })
}

/// A number on an axis: `0.5`, `12`, `1.5k`, `2M`.
fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let digits = if scaled.abs() >= 10.0 || scaled == 0.0 { 0 } else { 2 };
    let text = format!("{scaled:.digits$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Vec<Series> {
        vec![Series { name: "requests".to_owned(), points: points.to_vec() }]
    }

    #[test]
    fn a_picture_takes_its_colours_and_its_width_from_the_page() {
        let picture = lines("s", "1/s", &line(&[(0.0, 1.0), (5.0, 3.0)]), &[]).unwrap();
        assert!(picture.starts_with("<svg role=\"img\" viewBox="), "{picture}");
        assert!(picture.contains("var(--series-0)") && picture.contains("var(--ink)"), "{picture}");
        for placeholder in ["#010203", "#040506", "#0B0101"] {
            assert!(!picture.contains(placeholder), "{placeholder} is left in {picture}");
        }
    }

    #[test]
    fn nothing_to_draw_is_no_picture_and_a_single_point_is_one() {
        assert!(lines("s", "1/s", &line(&[]), &[]).is_none());
        assert!(lines("s", "1/s", &line(&[(f64::NAN, f64::INFINITY)]), &[]).is_none());
        assert!(lines("s", "1/s", &line(&[(0.0, 0.0)]), &[]).is_some());
        assert!(log_bars("ms", &[]).is_none());
        let row = |values: &[f64]| [Bars { name: "a".to_owned(), values: values.to_vec() }];
        assert!(log_bars("ms", &row(&[0.0])).is_none());
        assert!(log_bars("ms", &row(&[0.0, 1e9])).is_some());
    }

    #[test]
    fn a_name_cannot_leave_its_text() {
        let name = "</text><script>1</script>".to_owned();
        let stretch = Stretch { name, from: 0.0, to: 1.0 };
        let picture = spans("s", &[stretch]).unwrap();
        assert!(!picture.contains("<script>"), "{picture}");
    }

    #[test]
    fn numbers_on_an_axis_are_short() {
        let told = [0.0, 0.5, 0.25, 7.0, 12.4, 9_999.0, 25_000.0, 1_500_000.0].map(short);
        assert_eq!(told, ["0", "0.5", "0.25", "7", "12", "9999", "25k", "1.5M"]);
    }
}
