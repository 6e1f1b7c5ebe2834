//! A survival curve with its band: which share of started work was still open at an age.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::layout::whole;
use crate::signals::report::{Step, Survival, Unit};
use crate::signals::words::{percent, value};

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 168.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 330.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 130.0;
/// The shares that are marked on the axis: half and 15 % are where the median and the P85 are read.
const MARKS: [f64; 4] = [1.0, 0.5, 0.15, 0.0];

/// What the curve of a signal counts, and from when.
fn counted(signal: &str) -> (&'static str, &'static str) {
    match signal {
        "O2" => ("bets that had told nothing yet", "days since the first active work"),
        "D1" => ("stays in a decision state that still waited", "days in the state"),
        _ => ("started work that was still open", "days since the start"),
    }
}

/// The curve of `signal` and its 95 % band over ages in days.
#[must_use]
pub fn survival(curve: &Survival, signal: &str, label: &str) -> Markup {
    let (what, since) = counted(signal);
    let scale = Scale::over(curve);
    let beyond = format!(" Ages beyond {:.0} days are in its table only.", scale.most);
    html! {
        figure {
            svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
                @for share in MARKS {
                    line.ground x1=(px(LEFT)) x2=(px(RIGHT)) y1=(px(y(share))) y2=(px(y(share))) {}
                    text.axis x=(px(LEFT - 6.0)) y=(px(y(share) + 3.5)) text-anchor="end" { (whole(&percent(share))) }
                }
                path.band d=(band(curve, &scale)) {}
                path.run d=(steps(curve.steps.iter().map(|step| (step.age, step.open)), &scale)) {}
                @for tick in scale.ticks() {
                    text.axis x=(px(scale.x(tick))) y=(px(BOTTOM + 15.0)) text-anchor="middle" { (format!("{tick:.0}")) }
                }
                text.axis x=(px(RIGHT)) y=(px(BOTTOM + 31.0)) text-anchor="end" { (since) }
            }
            figcaption {
                "Share of " (what) " at an age. Shaded: its 95\u{a0}% band. n = "
                (curve.events) " ended."
                @if !scale.whole { (beyond) }
            }
        }
    }
}

/// The same as a table.
#[must_use]
pub fn table(curve: &Survival, subject: &str) -> Markup {
    html! {
        div.scroll.tall tabindex="0" role="region" aria-label=(format!("Numbers of the curve: {subject}")) {
            table.small {
                thead { tr {
                    th scope="col" { "Age" } th scope="col" { "Still open" } th scope="col" { "95\u{a0}% band" }
                    th scope="col" { "Observed at that age" } th scope="col" { "Ended by then" }
                } }
                tbody {
                    @for step in &curve.steps {
                        tr {
                            th scope="row" { (value(step.age, Unit::Days)) }
                            td { (whole(&percent(step.open))) }
                            td { (whole(&percent(step.band.0))) " to " (whole(&percent(step.band.1))) }
                            td { (step.at_risk) }
                            td { (step.events) }
                        }
                    }
                }
            }
        }
    }
}

struct Scale {
    most: f64,
    /// Every step lies inside.
    whole: bool,
}

impl Scale {
    /// Up to the last step, unless few items far older than all others would press the curve flat.
    fn over(curve: &Survival) -> Self {
        let last = curve.steps.last().map_or(1.0, |step| step.age);
        let bulk = curve.steps.iter().find(|step| step.open <= 0.02).map_or(last, |step| step.age);
        let most = if last > bulk * 2.5 { bulk * 2.5 } else { last };
        Self { most: most.max(1.0), whole: most >= last }
    }

    fn x(&self, age: f64) -> f64 {
        LEFT + age.min(self.most) / self.most * (RIGHT - LEFT)
    }

    /// Round ages, four to eight of them.
    fn ticks(&self) -> Vec<f64> {
        let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];
        let step = steps.into_iter().find(|step| self.most / step <= 8.0).unwrap_or(1_000.0);
        let count = (self.most / step).floor() as u32;
        (0..=count).map(|n| f64::from(n) * step).collect()
    }
}

fn y(share: f64) -> f64 {
    BOTTOM - share * (BOTTOM - TOP)
}

/// A staircase from one at age zero.
fn steps(points: impl Iterator<Item = (f64, f64)>, scale: &Scale) -> String {
    let mut path = format!("M{} {}", px(scale.x(0.0)), px(y(1.0)));
    for (age, share) in points.filter(|(age, _)| *age <= scale.most) {
        let _ = write!(path, "H{}V{}", px(scale.x(age)), px(y(share)));
    }
    let _ = write!(path, "H{}", px(RIGHT));
    path
}

/// Along the upper edge and back along the lower one.
fn band(curve: &Survival, scale: &Scale) -> String {
    let inside: Vec<&Step> = curve.steps.iter().filter(|step| step.age <= scale.most).collect();
    let mut path = steps(inside.iter().map(|step| (step.age, step.band.1)), scale);
    for (place, step) in inside.iter().enumerate().rev() {
        let _ = write!(path, "V{}H{}", px(y(step.band.0)), px(scale.x(step.age)));
        if place == 0 {
            let _ = write!(path, "V{}H{}", px(y(1.0)), px(scale.x(0.0)));
        }
    }
    path.push('Z');
    path
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Period, Timestamp};

    fn curve(ages: &[(f64, f64)]) -> Survival {
        let window = Period::new(Timestamp::from_millis(0), Timestamp::from_millis(1));
        let step = |(age, open): &(f64, f64)| Step {
            age: *age,
            open: *open,
            band: (open / 2.0, (open * 1.5).min(1.0)),
            at_risk: 9,
            events: 3,
        };
        Survival { window, steps: ages.iter().map(step).collect(), events: 12, oldest: 20.0 }
    }

    #[test]
    fn the_curve_comes_down_by_steps_and_its_table_says_the_same() {
        let drawn = curve(&[(5.0, 0.5), (10.0, 0.0)]);
        let page = survival(&drawn, "V1", "Flow time").0;
        // Half way along and half way down.
        assert!(page.contains("M46.0 10.0H188.0V70.0H330.0V130.0H330.0"), "{page}");
        assert!(page.contains("aria-label=\"Flow time\"") && page.contains("n = 12"));
        let table = table(&drawn, "Flow time").0;
        assert!(table.contains("<td>50\u{a0}%</td><td>25\u{a0}% to 75\u{a0}%</td>"), "{table}");
    }

    #[test]
    fn one_very_old_item_does_not_press_the_rest_flat() {
        let page = survival(&curve(&[(2.0, 0.5), (4.0, 0.01), (400.0, 0.0)]), "V1", "Flow time").0;
        assert!(page.contains("beyond 10 days") && !page.contains(">400<"), "{page}");
    }
}
