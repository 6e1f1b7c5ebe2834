//! Small charts as SVG: a process-behaviour chart, a share against its band, a timeline.

use std::fmt::Write as _;

use maud::{Markup, html};

use crate::model::{Category, Timestamp};
use crate::signals::report::{IntentRow, Series, Unit};

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 84.0;
const MARGIN: f64 = 6.0;

/// Points with the usual range; gaps stay gaps, points at which a rule fired are marked.
#[must_use]
pub fn behaviour(series: &Series, label: &str) -> Markup {
    let scale = Scale::over(series);
    let limits = series.limits.as_ref();
    html! {
        figure {
            svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
                @if let Some(limits) = limits {
                    @let upper = scale.y(limits.upper.unwrap_or(scale.high));
                    @let lower = scale.y(limits.lower.unwrap_or(scale.low));
                    rect.band x="0" y=(px(upper)) width=(WIDTH) height=(px(lower - upper)) {}
                    line.centre x1="0" x2=(WIDTH) y1=(px(scale.y(limits.centre)))
                        y2=(px(scale.y(limits.centre))) {}
                }
                @for run in runs(series, &scale) { path.run d=(run) {} }
                @for (index, point) in series.points.iter().enumerate() {
                    @if let Some(value) = point.value {
                        circle class=(if series.fired.contains(&index) { "fired" } else { "dot" })
                            cx=(px(scale.x(index))) cy=(px(scale.y(value)))
                            r=(if series.fired.contains(&index) { "3.4" } else { "1.8" }) {
                            title { (point.week) ": " (number(value, series.unit)) }
                        }
                    }
                }
            }
            figcaption { (caption(series)) }
        }
    }
}

fn caption(series: &Series) -> String {
    let first = series.points.first().map_or_else(String::new, |point| point.week.to_string());
    let last = series.points.last().map_or_else(String::new, |point| point.week.to_string());
    let mut text = format!("{first} to {last}");
    if series.weeks_per_point > 1 {
        let _ = write!(text, ", {} weeks a point", series.weeks_per_point);
    }
    if let Some(limits) = &series.limits {
        let side = |value: Option<f64>| {
            value.map_or_else(|| "no limit".to_owned(), |v| number(v, series.unit))
        };
        let _ = write!(text, "; usual range {} to {}", side(limits.lower), side(limits.upper));
        if limits.provisional {
            text.push_str(" (provisional)");
        }
    }
    text
}

/// A value with the precision that its unit deserves.
#[must_use]
pub fn number(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share | Unit::SharePoints => format!("{:.0} %", value * 100.0),
        Unit::Items | Unit::Count | Unit::ItemsPerWeek if value.fract().abs() < 1e-9 => {
            format!("{value:.0}")
        }
        _ => format!("{value:.1}"),
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
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    fn over(series: &Series) -> Self {
        let limits = series.limits.iter().flat_map(|l| [l.lower, l.upper, Some(l.centre)]);
        let values = series.points.iter().map(|point| point.value).chain(limits).flatten();
        let (low, high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        let pad = ((high - low) * 0.08).max(1e-9);
        let gaps = series.points.len().saturating_sub(1).max(1);
        Self { low: low - pad, high: high + pad, step: (WIDTH - 2.0 * MARGIN) / gaps as f64 }
    }

    fn x(&self, index: usize) -> f64 {
        MARGIN + self.step * index as f64
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)
    }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// Declared band, weekly range and observed share of one slice on a line from 0 to `most`.
#[must_use]
pub fn share(row: &IntentRow, most: f64) -> Markup {
    let x = |value: f64| px(value / most.max(1e-9) * 160.0);
    html! {
        svg.chart.share viewBox="0 0 160 16" role="presentation" {
            @if let Some((low, high)) = row.band {
                rect.declared x=(x(low)) y="1" width=(x(high - low)) height="14" {}
            }
            @if let Some((low, high)) = row.weekly {
                line.span x1=(x(low)) x2=(x(high)) y1="8" y2="8" {}
            }
            @if let Some(observed) = row.observed { circle.dot cx=(x(observed)) cy="8" r="4" {} }
        }
    }
}

/// One stretch of a timeline drawing.
#[derive(Debug, Clone)]
pub struct Stretch {
    pub from: Timestamp,
    pub to: Timestamp,
    pub category: Category,
    pub label: String,
}

/// The life of one item as a bar.
#[must_use]
pub fn timeline(stretches: &[Stretch]) -> Markup {
    let start = stretches.first().map_or(0, |s| s.from.millis());
    let end = stretches.last().map_or(1, |s| s.to.millis());
    let x = |at: Timestamp| (at.millis() - start) as f64 / (end - start).max(1) as f64 * 600.0;
    html! {
        svg.chart.timeline viewBox="0 0 600 22" role="img" aria-label="Timeline; the table below says the same" {
            @for s in stretches {
                rect class=(class(s.category)) x=(px(x(s.from))) y="2" height="18"
                    width=(px((x(s.to) - x(s.from)).max(0.8))) {
                    title { (s.label) }
                }
            }
        }
    }
}

fn class(category: Category) -> &'static str {
    match category {
        Category::Proposed => "proposed",
        Category::Active => "active",
        Category::Waiting => "waiting",
        Category::Done => "done",
        Category::Dropped => "dropped",
    }
}
