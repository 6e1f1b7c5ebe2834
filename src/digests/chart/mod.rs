//! Small charts as SVG: a process-behaviour chart, a share against its band, a timeline.
//!
//! Nothing is told by colour alone: shapes and sizes differ as well, and every drawing has a
//! table or a sentence beside it.

mod life;
mod picture;
mod values;

use std::fmt::Write as _;

use maud::{Markup, html};

pub use life::{Change, Life, Stretch, life};
pub use picture::picture;
pub use values::{spark, values};

use super::words;
use crate::signals::report::{IntentRow, Series, Unit};

/// The size of a drawing and where the points lie in it: axis values stand to the left, the newest
/// value to the right, weeks below.
#[derive(Debug, Clone, Copy)]
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// Weeks named below, the first and the last included.
    dates: usize,
    class: &'static str,
}

/// Beside a text.
const SMALL: Frame = Frame {
    width: 340.0,
    height: 136.0,
    left: 46.0,
    right: 292.0,
    top: 10.0,
    bottom: 112.0,
    dates: 2,
    class: "chart",
};
/// Across the page.
const WIDE: Frame = Frame {
    width: 720.0,
    height: 230.0,
    left: 50.0,
    right: 668.0,
    top: 10.0,
    bottom: 204.0,
    dates: 5,
    class: "chart wide",
};
/// Labels closer than this would touch.
const LINE: f64 = 12.0;

/// Points with the usual range; gaps stay gaps, points at which a rule fired are diamonds.
#[must_use]
pub fn behaviour(series: &Series, label: &str) -> Markup {
    drawn_in(series, label, SMALL)
}

/// The same across the page.
#[must_use]
pub fn wide(series: &Series, label: &str) -> Markup {
    drawn_in(series, label, WIDE)
}

fn drawn_in(series: &Series, label: &str, frame: Frame) -> Markup {
    let scale = Scale::over(series, frame);
    let Frame { width, height, class, .. } = frame;
    html! {
        figure {
            svg class=(class) viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(label) {
                (body(series, &scale))
            }
            figcaption { (caption(series)) }
        }
    }
}

/// What is drawn inside the frame.
fn body(series: &Series, scale: &Scale) -> Markup {
    html! {
        (range(series, scale))
        @for run in runs(series, scale) { path.run d=(run) {} }
        @for (index, point) in series.points.iter().enumerate() {
            @if let Some(value) = point.value {
                (mark(scale.x(index), scale.y(value), series.fired.contains(&index)))
            }
        }
        (ends(series, scale))
    }
}

/// The band of the usual range with its values on the axis.
fn range(series: &Series, scale: &Scale) -> Markup {
    let Frame { left, right, .. } = scale.frame;
    let Some(limits) = series.limits else {
        return html! {
            (axis(left, scale.y(scale.most), &number(scale.most, series.unit)))
            (axis(left, scale.y(scale.least), &number(scale.least, series.unit)))
        };
    };
    let upper = limits.upper.unwrap_or(scale.most);
    let lower = limits.lower.unwrap_or(scale.least);
    let (top, middle, bottom) = (scale.y(upper), scale.y(limits.centre), scale.y(lower));
    html! {
        rect.band x=(px(left)) y=(px(top)) width=(px(right - left)) height=(px(bottom - top)) {}
        line.centre x1=(px(left)) x2=(px(right)) y1=(px(middle)) y2=(px(middle)) {}
        (axis(left, top, &number(upper, series.unit)))
        @if middle - top >= LINE && bottom - middle >= LINE {
            (axis(left, middle, &number(limits.centre, series.unit)))
        }
        @if bottom - top >= LINE { (axis(left, bottom, &number(lower, series.unit))) }
    }
}

fn axis(left: f64, y: f64, text: &str) -> Markup {
    html! { text.axis x=(px(left - 6.0)) y=(px(y + 3.5)) text-anchor="end" { (text) } }
}

fn mark(x: f64, y: f64, fired: bool) -> Markup {
    html! {
        @if fired {
            path.fired d=(format!("M{} {}l4.6 4.6-4.6 4.6-4.6-4.6z", px(x), px(y - 4.6))) {}
        } @else {
            circle.dot cx=(px(x)) cy=(px(y)) r="2" {}
        }
    }
}

/// Weeks under the chart, the first and the last among them, and the newest value beside its point.
fn ends(series: &Series, scale: &Scale) -> Markup {
    let newest = series.points.len().checked_sub(1).and_then(|index| {
        series.points[index].value.map(|value| (scale.x(index), scale.y(value), value))
    });
    let Frame { left, right, height, dates, .. } = scale.frame;
    let (last, gaps) = (series.points.len().saturating_sub(1), dates.saturating_sub(1));
    html! {
        @if last > 0 {
            @for nth in 0..dates.min(series.points.len()) {
                @let index = if gaps > last { nth } else { last * nth / gaps };
                @let (x, anchor) = match index {
                    0 => (left, "start"),
                    at if at == last => (right, "end"),
                    at => (scale.x(at), "middle"),
                };
                @let class = if anchor == "middle" { "axis inner" } else { "axis" };
                text class=(class) x=(px(x)) y=(px(height - 6.0)) text-anchor=(anchor) {
                    (series.points[index].week.monday().format("%-d %b %Y"))
                }
            }
        }
        @if let Some((x, y, value)) = newest {
            text.newest x=(px(x + 8.0)) y=(px(y + 4.0)) { (number(value, series.unit)) }
        }
    }
}

fn caption(series: &Series) -> String {
    let mut text = match series.weeks_per_point {
        1 => "Weekly".to_owned(),
        weeks => format!("One point for every {weeks} weeks"),
    };
    if let Some(unit) = unit_words(series.unit) {
        let _ = write!(text, ", {unit}");
    }
    if let Some(limits) = &series.limits {
        let value = |value: f64| number(value, series.unit);
        text.push_str(". Shaded: the usual range, ");
        let _ = match (limits.lower, limits.upper) {
            (Some(lower), Some(upper)) => write!(text, "{} to {}", value(lower), value(upper)),
            (None, Some(upper)) => write!(text, "up to {}", value(upper)),
            (Some(lower), None) => write!(text, "from {} on", value(lower)),
            (None, None) => write!(text, "not limited on either side"),
        };
        if limits.provisional {
            text.push_str(" (provisional: few points)");
        }
    }
    if !series.fired.is_empty() {
        text.push_str(". Diamonds: unlike the usual pattern");
    }
    text.push('.');
    text
}

/// The same series as a table, for those who do not see the chart or want the numbers.
#[must_use]
pub fn table(series: &Series, subject: &str) -> Markup {
    html! {
        div.scroll.tall tabindex="0" role="region" aria-label=(format!("Numbers of the chart: {subject}")) {
            table.small {
                thead { tr { th scope="col" { "Week from" } th scope="col" { "Value" } th scope="col" { "Pattern" } } }
                tbody {
                    @for (index, point) in series.points.iter().enumerate() {
                        tr {
                            th scope="row" { (point.week.monday()) }
                            td { @match point.value {
                                Some(value) => (number(value, series.unit)),
                                None => "no data",
                            } }
                            td { @if series.fired.contains(&index) { "unusual" } @else { "usual" } }
                        }
                    }
                }
            }
        }
    }
}

/// A value with the precision that its unit deserves.
pub fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{:.0} %", value * 100.0),
        Unit::SharePoints => format!("{:.0} pp", value * 100.0),
        _ if value.abs() >= 100.0 || value.fract().abs() < 1e-9 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

fn unit_words(unit: Unit) -> Option<&'static str> {
    match unit {
        Unit::TeamDays => Some("in team-days"),
        Unit::ItemDays => Some("in item-days"),
        Unit::Days => Some("in days"),
        Unit::Items | Unit::ItemsPerWeek => Some("in items"),
        Unit::Weeks => Some("in weeks"),
        Unit::Share | Unit::SharePoints | Unit::Count | Unit::PValue | Unit::Outcome => None,
    }
}

/// Unbroken runs of present points, as path data.
fn runs(series: &Series, scale: &Scale) -> Vec<String> {
    let mut runs = Vec::new();
    let mut current = String::new();
    for (index, point) in series.points.iter().enumerate() {
        match point.value {
            Some(value) => {
                let verb = if current.is_empty() { 'M' } else { 'L' };
                let _ = write!(current, "{verb}{} {}", px(scale.x(index)), px(scale.y(value)));
            }
            None => runs.push(std::mem::take(&mut current)),
        }
    }
    runs.push(current);
    runs.retain(|run| run.contains('L'));
    runs
}

struct Scale {
    frame: Frame,
    least: f64,
    most: f64,
    step: f64,
}

impl Scale {
    /// From the least to the greatest of points and limits. A side without a limit ends where the
    /// values end: at zero, and for shares at one.
    fn over(series: &Series, frame: Frame) -> Self {
        let limits = series.limits.iter().flat_map(|limits| {
            let top = if series.unit == Unit::Share { Some(1.0) } else { None };
            [limits.lower.or(Some(0.0)), limits.upper.or(top), Some(limits.centre)]
        });
        let values = series.points.iter().map(|point| point.value).chain(limits).flatten();
        let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v| {
            (least.min(v), most.max(v))
        });
        let (least, most) = if least.is_finite() { (least, most) } else { (0.0, 1.0) };
        let most = if most - least < 1e-9 { least + 1.0 } else { most };
        let gaps = series.points.len().saturating_sub(1).max(1);
        Self { frame, least, most, step: (frame.right - frame.left - 8.0) / gaps as f64 }
    }

    fn x(&self, index: usize) -> f64 {
        self.frame.left + 4.0 + self.step * index as f64
    }

    fn y(&self, value: f64) -> f64 {
        let Frame { top, bottom, .. } = self.frame;
        bottom - (value - self.least) / (self.most - self.least) * (bottom - top)
    }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// The upper end of a common axis for the rows: the next ten percent above everything drawn.
#[must_use]
pub fn share_axis(rows: &[IntentRow]) -> f64 {
    let most = rows
        .iter()
        .flat_map(|row| [row.observed, row.band.map(|b| b.1), row.weekly.map(|w| w.1)])
        .flatten()
        .fold(0.1_f64, f64::max);
    ((most * 10.0 - 1e-9).ceil() / 10.0).min(1.0)
}

/// Declared band, weekly range and observed share of one slice on a line from 0 to `most`.
#[must_use]
pub fn share(row: &IntentRow, most: f64) -> Markup {
    let x = |value: f64| value / most * 156.0 + 2.0;
    let inside = row.observed.zip(row.band).is_none_or(|(o, (low, high))| o >= low && o <= high);
    let label = words::intent_cells(row).join(", ");
    html! {
        svg.chart.share viewBox="0 0 160 22" role="img" aria-label=(label) {
            line.ground x1="2" x2="158" y1="20" y2="20" {}
            @if let Some((low, high)) = row.band {
                rect.declared x=(px(x(low))) y="3" width=(px(x(high) - x(low))) height="14" {}
            }
            @if let Some((low, high)) = row.weekly {
                line.span x1=(px(x(low))) x2=(px(x(high))) y1="10" y2="10" {}
            }
            @if let Some(observed) = row.observed { (mark(x(observed), 10.0, !inside)) }
        }
    }
}

/// A share in 0..=1 as a bar; the number stands beside it.
#[must_use]
pub fn bar(share: f64) -> Markup {
    html! {
        svg.chart.part viewBox="0 0 120 12" aria-hidden="true" {
            line.ground x1="0" x2="120" y1="11" y2="11" {}
            rect.active x="0" y="1" height="9" width=(px(share.clamp(0.0, 1.0) * 120.0)) {}
        }
    }
}
