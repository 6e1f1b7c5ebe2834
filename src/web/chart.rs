//! Small charts as SVG: a process-behaviour chart, a share against its band, a timeline.
//!
//! Nothing is told by colour alone: shapes and sizes differ as well, and every drawing has a
//! table or a sentence beside it.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::digests::words;
use crate::model::{Category, Timestamp};
use crate::signals::report::{IntentRow, Series, Unit};

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 136.0;
/// Where the points lie; axis values stand to the left, the newest value to the right.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 292.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 112.0;
/// Labels closer than this would touch.
const LINE: f64 = 12.0;

/// Points with the usual range; gaps stay gaps, points at which a rule fired are diamonds.
#[must_use]
pub fn behaviour(series: &Series, label: &str) -> Markup {
    let scale = Scale::over(series);
    html! {
        figure {
            svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
                (range(series, &scale))
                @for run in runs(series, &scale) { path.run d=(run) {} }
                @for (index, point) in series.points.iter().enumerate() {
                    @if let Some(value) = point.value {
                        (mark(scale.x(index), scale.y(value), series.fired.contains(&index)))
                    }
                }
                (ends(series, &scale))
            }
            figcaption { (caption(series)) }
        }
    }
}

/// The band of the usual range with its values on the axis.
fn range(series: &Series, scale: &Scale) -> Markup {
    let Some(limits) = series.limits else {
        return html! {
            (axis(scale.y(scale.most), &number(scale.most, series.unit)))
            (axis(scale.y(scale.least), &number(scale.least, series.unit)))
        };
    };
    let upper = limits.upper.unwrap_or(scale.most);
    let lower = limits.lower.unwrap_or(scale.least);
    let (top, middle, bottom) = (scale.y(upper), scale.y(limits.centre), scale.y(lower));
    html! {
        rect.band x=(px(LEFT)) y=(px(top)) width=(px(RIGHT - LEFT)) height=(px(bottom - top)) {}
        line.centre x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(middle)) y2=(px(middle)) {}
        (axis(top, &number(upper, series.unit)))
        @if middle - top >= LINE && bottom - middle >= LINE {
            (axis(middle, &number(limits.centre, series.unit)))
        }
        @if bottom - top >= LINE { (axis(bottom, &number(lower, series.unit))) }
    }
}

fn axis(y: f64, text: &str) -> Markup {
    html! { text.axis x=(px(LEFT - 6.0)) y=(px(y + 3.5)) text-anchor="end" { (text) } }
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

/// The first and last week under the chart, and the newest value beside its point.
fn ends(series: &Series, scale: &Scale) -> Markup {
    let newest = series.points.len().checked_sub(1).and_then(|index| {
        series.points[index].value.map(|value| (scale.x(index), scale.y(value), value))
    });
    html! {
        @if let [first, .., last] = series.points.as_slice() {
            text.axis x=(px(LEFT)) y=(px(HEIGHT - 6.0)) { (first.week.monday().format("%-d %b %Y")) }
            text.axis x=(px(RIGHT)) y=(px(HEIGHT - 6.0)) text-anchor="end" {
                (last.week.monday().format("%-d %b %Y"))
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
fn number(value: f64, unit: Unit) -> String {
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
    least: f64,
    most: f64,
    step: f64,
}

impl Scale {
    /// From the least to the greatest of points and limits. A side without a limit ends where the
    /// values end: at zero, and for shares at one.
    fn over(series: &Series) -> Self {
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
        Self { least, most, step: (RIGHT - LEFT - 8.0) / gaps as f64 }
    }

    fn x(&self, index: usize) -> f64 {
        LEFT + 4.0 + self.step * index as f64
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - (value - self.least) / (self.most - self.least) * (BOTTOM - TOP)
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

/// One stretch of a timeline drawing.
#[derive(Debug, Clone)]
pub struct Stretch {
    pub from: Timestamp,
    pub to: Timestamp,
    pub category: Category,
    pub blocked: bool,
}

/// The life of one item as a bar: the higher, the nearer to being worked on.
#[must_use]
pub fn timeline(stretches: &[Stretch]) -> Markup {
    let start = stretches.first().map_or(0, |s| s.from.millis());
    let end = stretches.last().map_or(1, |s| s.to.millis());
    let x = |at: Timestamp| (at.millis() - start) as f64 / (end - start).max(1) as f64 * 600.0;
    html! {
        svg.chart.timeline viewBox="0 0 600 34" role="img" aria-label="Timeline; the table below says the same" {
            @for s in stretches {
                @let (class, height) = drawn(s.category);
                @let width = (x(s.to) - x(s.from)).max(1.0);
                rect class=(class) x=(px(x(s.from))) y=(px(26.0 - height)) height=(px(height))
                    width=(px(width)) {}
                @if s.blocked {
                    rect.blocked x=(px(x(s.from))) y="29" height="4" width=(px(width)) {}
                }
            }
        }
    }
}

fn drawn(category: Category) -> (&'static str, f64) {
    match category {
        Category::Proposed => ("proposed", 5.0),
        Category::Active => ("active", 24.0),
        Category::Waiting => ("waiting", 15.0),
        Category::Done => ("done", 5.0),
        Category::Dropped => ("dropped", 5.0),
    }
}
