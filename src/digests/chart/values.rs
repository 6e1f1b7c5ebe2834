//! Numbers of one unit beside each other, and a series as one small line.

use maud::{Markup, html};

use super::{Frame, Scale, mark, number, px, runs};
use crate::signals::report::{Measure, Series, Unit};

const WIDTH: f64 = 720.0;
/// Names stand above their bars, so that a narrow screen has room for both.
const ROW: f64 = 50.0;
const LEFT: f64 = 4.0;
const RIGHT: f64 = 640.0;

/// Bars from zero with their plausible ranges; empty where fewer than two numbers can be compared.
/// `name` gives the words of a number.
#[must_use]
pub fn values(measures: &[Measure], subject: &str, name: impl Fn(&Measure) -> String) -> Markup {
    let Some(unit) = most_of(measures) else { return html! {} };
    let shown: Vec<&Measure> = measures.iter().filter(|measure| measure.unit == unit).collect();
    let ends = shown.iter().flat_map(|one| [Some(one.value), one.range.map(|range| range.1)]);
    let most = ends.flatten().filter(|end| end.is_finite()).fold(0.0_f64, f64::max);
    if shown.len() < 2 || most <= 0.0 || shown.iter().any(|measure| measure.value < 0.0) {
        return html! {};
    }
    let x = |value: f64| LEFT + value.clamp(0.0, most) / most * (RIGHT - LEFT);
    let height = ROW * shown.len() as f64;
    html! {
        figure {
            svg.chart.wide.values viewBox=(format!("0 0 {WIDTH} {height}")) role="img"
                aria-label=(format!("Chart. {subject}: the numbers of the table below as bars")) {
                @for (row, measure) in shown.iter().enumerate() {
                    @let top = ROW * row as f64;
                    @let low = measure.range.map_or(measure.value, |range| range.0);
                    @let high = measure.range.map_or(measure.value, |range| range.1);
                    text x=(px(LEFT)) y=(px(top + 21.0)) { (name(measure)) }
                    rect.bar x=(px(LEFT)) y=(px(top + 28.0)) height="12"
                        width=(px((x(measure.value) - LEFT).max(1.0))) {}
                    @if measure.range.is_some() {
                        line.span x1=(px(x(low))) x2=(px(x(high))) y1=(px(top + 34.0))
                            y2=(px(top + 34.0)) {}
                    }
                    text.newest x=(px(x(high).max(x(measure.value)) + 8.0)) y=(px(top + 39.0)) {
                        (number(measure.value, measure.unit))
                    }
                }
            }
            figcaption {
                "Bars begin at zero." @if shown.iter().any(|measure| measure.range.is_some()) {
                    " The line across the end of a bar is its plausible range."
                }
            }
        }
    }
}

/// The unit that most of the numbers share; chances and differences are not drawn.
fn most_of(measures: &[Measure]) -> Option<Unit> {
    let mut best: Option<(usize, Unit)> = None;
    for measure in measures {
        if matches!(measure.unit, Unit::PValue | Unit::SharePoints) {
            continue;
        }
        let count = measures.iter().filter(|other| other.unit == measure.unit).count();
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, measure.unit));
        }
    }
    best.map(|(_, unit)| unit)
}

/// A series as one line without axes, for a table whose row says the rest.
#[must_use]
pub fn spark(series: &Series, label: &str) -> Markup {
    let frame = Frame {
        width: 160.0,
        height: 30.0,
        left: 0.0,
        right: 156.0,
        top: 5.0,
        bottom: 25.0,
        dates: 0,
        class: "chart spark",
    };
    let scale = Scale::over(series, frame);
    let newest = series.points.len().checked_sub(1);
    let newest = newest.and_then(|at| Some((at, series.points[at].value?)));
    html! {
        svg class=(frame.class) viewBox="0 0 160 30" role="img" aria-label=(label) {
            @if let Some(limits) = series.limits {
                @let top = scale.y(limits.upper.unwrap_or(scale.most));
                @let bottom = scale.y(limits.lower.unwrap_or(scale.least));
                rect.band x="0" width="160" y=(px(top)) height=(px(bottom - top)) {}
            }
            @for run in runs(series, &scale) { path.run d=(run) {} }
            @if let Some((at, value)) = newest {
                (mark(scale.x(at), scale.y(value), series.fired.contains(&at)))
            }
        }
    }
}
