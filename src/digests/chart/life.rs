//! The life of one item: what it was when, what is not known, and where it moved.

use chrono_tz::Tz;
use maud::{Markup, html};

use super::px;
use crate::model::{Category, Timestamp};

const WIDTH: f64 = 720.0;
/// The ground on which the stretches stand.
const GROUND: f64 = 62.0;
/// Moves stand above the stretches.
const TOP: f64 = 16.0;
const HEIGHT: f64 = 92.0;
/// Numbers of moves closer than this would touch.
const APART: f64 = 14.0;

/// One stretch of a timeline drawing.
#[derive(Debug, Clone)]
pub struct Stretch {
    pub from: Timestamp,
    pub to: Timestamp,
    pub category: Category,
    pub blocked: bool,
    /// When it began was seen by polling or inferred from something else.
    pub inexact: bool,
}

/// A move to another team or stream.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub at: Timestamp,
    /// The row of the table that tells it, counted from one.
    pub step: usize,
}

/// Everything that is drawn.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Contiguous, oldest first.
    pub stretches: Vec<Stretch>,
    pub changes: Vec<Change>,
    /// From here on nothing was read.
    pub unread: Option<Timestamp>,
    /// The drawing stops before the present: the rest looks like its end.
    pub cut: bool,
}

/// The life as a row of stretches: the higher, the nearer to being worked on.
#[must_use]
pub fn life(life: &Life, zone: Tz, label: &str) -> Markup {
    let start = life.stretches.first().map_or(0, |stretch| stretch.from.millis());
    let end = life.stretches.last().map_or(1, |stretch| stretch.to.millis());
    let x = |at: Timestamp| {
        (at.millis() - start) as f64 / (end - start).max(1) as f64 * (WIDTH - 2.0) + 1.0
    };
    let unread = life.unread.map(x).filter(|at| WIDTH - at > 3.0);
    let date = |millis: i64| {
        let at = Timestamp::from_millis(millis).to_utc().with_timezone(&zone);
        at.format("%-d %b %Y").to_string()
    };
    html! {
        svg.chart.wide.timeline viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
            line.ground x1="0" x2=(px(WIDTH)) y1=(px(GROUND)) y2=(px(GROUND)) {}
            @for stretch in &life.stretches {
                @let (class, height) = drawn(stretch.category);
                @let from = x(stretch.from);
                @let width = (x(stretch.to) - from).max(1.0);
                rect class=(class) x=(px(from)) y=(px(GROUND - height)) height=(px(height)) width=(px(width)) {}
                @if stretch.blocked {
                    rect.blocked x=(px(from)) y=(px(GROUND + 2.0)) height="4" width=(px(width)) {}
                }
                @if stretch.inexact {
                    line.inexact x1=(px(from)) x2=(px(from)) y1=(px(TOP + 2.0)) y2=(px(GROUND)) {}
                }
            }
            @if let Some(at) = unread {
                rect.gap x=(px(at)) y=(px(TOP)) width=(px(WIDTH - at - 1.0)) height=(px(GROUND - TOP)) {}
            }
            @for (at, steps) in grouped(&life.changes, x) {
                path.change d=(format!("M{} {}v{}", px(at), px(TOP - 2.0), px(GROUND - TOP + 2.0))) {}
                text x=(px(at.clamp(4.0, WIDTH - 12.0))) y=(px(TOP - 5.0)) text-anchor="middle" { (steps) }
            }
            text.axis x="0" y=(px(HEIGHT - 8.0)) { (date(start)) }
            text.axis x=(px(WIDTH)) y=(px(HEIGHT - 8.0)) text-anchor="end" {
                (date(end)) @if life.cut { " and on" }
            }
        }
    }
}

/// Where moves stand, with the steps that they are; those too close to each other share a place.
fn grouped(changes: &[Change], x: impl Fn(Timestamp) -> f64) -> Vec<(f64, String)> {
    let mut groups: Vec<(f64, String)> = Vec::new();
    for change in changes {
        let at = x(change.at);
        match groups.last_mut() {
            Some((last, steps)) if at - *last < APART => {
                steps.push_str(&format!(",{}", change.step));
            }
            _ => groups.push((at, change.step.to_string())),
        }
    }
    groups
}

fn drawn(category: Category) -> (&'static str, f64) {
    match category {
        Category::Proposed => ("proposed", 8.0),
        Category::Active => ("active", 42.0),
        Category::Waiting => ("waiting", 26.0),
        Category::Done => ("done", 8.0),
        Category::Dropped => ("dropped", 8.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_millis(0).plus_days(day)
    }

    fn stretch(from: i64, to: i64, category: Category) -> Stretch {
        Stretch { from: at(from), to: at(to), category, blocked: false, inexact: false }
    }

    #[test]
    fn what_was_not_read_is_a_gap_and_moves_are_numbered() {
        let stretches = vec![stretch(0, 10, Category::Active), stretch(10, 20, Category::Waiting)];
        let changes = vec![Change { at: at(10), step: 2 }, Change { at: at(10), step: 3 }];
        let whole = Life { stretches, changes, unread: Some(at(15)), cut: false };
        let drawn = life(&whole, Tz::UTC, "A life").into_string();
        assert!(drawn.contains("aria-label=\"A life\"") && drawn.contains("class=\"gap\""));
        assert!(drawn.contains(">2,3</text>"), "{drawn}");
        assert!(drawn.contains("1 Jan 1970") && drawn.contains("21 Jan 1970"), "{drawn}");
        let read = Life { unread: Some(at(20)), ..whole };
        assert!(!life(&read, Tz::UTC, "A life").into_string().contains("class=\"gap\""));
    }

    #[test]
    fn an_item_without_a_life_draws_nothing_wrong() {
        let drawn = life(&Life::default(), Tz::UTC, "").into_string();
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }
}
