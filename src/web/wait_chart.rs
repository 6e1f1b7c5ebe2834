//! Who waits for whom, as a drawing: streams on a circle, an arrow from the one that waits to the
//! one that is awaited, the thicker the more item-days. Waits in a circle are drawn dashed and in
//! another colour. The table below the drawing says the same.

use maud::{Markup, html};

/// One arrow; places in the list of names.
#[derive(Debug, Clone, Copy)]
pub struct Arrow {
    pub waiting: usize,
    pub awaited: usize,
    pub item_days: f64,
    /// Part of a mutual wait.
    pub knot: bool,
}

const WIDTH: f64 = 640.0;
const CENTRE: f64 = WIDTH / 2.0;
/// Half the size of a stream's dot.
const DOT: f64 = 6.0;
/// Thinnest and thickest arrow.
const THIN: f64 = 1.2;
const THICK: f64 = 7.0;

/// The drawing; `label` names it for those who do not see it.
#[must_use]
pub fn waits(names: &[&str], arrows: &[Arrow], label: &str) -> Markup {
    let radius = (names.len() as f64 * 16.0).clamp(90.0, 230.0);
    let height = radius.mul_add(2.0, 96.0);
    let most = arrows.iter().map(|arrow| arrow.item_days).fold(1.0, f64::max);
    let seats: Vec<(f64, f64)> = (0..names.len()).map(|at| seat(at, names.len(), radius)).collect();
    html! {
        figure.waits {
            svg.chart viewBox=(format!("0 0 {WIDTH} {height:.0}")) role="img" aria-label=(label) {
                @for arrow in arrows { (drawn(*arrow, &seats, most)) }
                @for ((x, y), name) in seats.iter().zip(names) {
                    circle.seat cx=(px(*x)) cy=(px(*y)) r=(px(DOT)) {}
                    @let (anchor, dx, dy) = beside(*x, *y, height / 2.0);
                    text.name x=(px(x + dx)) y=(px(y + dy)) text-anchor=(anchor) { (name) }
                }
            }
            figcaption {
                "An arrow leads from the stream that waits to the one it waits for; the thicker, the more item-days. Dashed: they wait for each other."
            }
        }
    }
}

/// The seat of a stream on the circle, the first one on top.
fn seat(at: usize, of: usize, radius: f64) -> (f64, f64) {
    let turn = std::f64::consts::TAU * at as f64 / of.max(1) as f64 - std::f64::consts::FRAC_PI_2;
    (CENTRE + radius * 1.35 * turn.cos(), radius + 48.0 + radius * turn.sin())
}

/// Where the name of a seat stands.
fn beside(x: f64, y: f64, middle: f64) -> (&'static str, f64, f64) {
    if x > CENTRE + 20.0 {
        ("start", DOT + 6.0, 4.5)
    } else if x < CENTRE - 20.0 {
        ("end", -DOT - 6.0, 4.5)
    } else if y < middle {
        ("middle", 0.0, -DOT - 8.0)
    } else {
        ("middle", 0.0, DOT + 18.0)
    }
}

fn drawn(arrow: Arrow, seats: &[(f64, f64)], most: f64) -> Markup {
    let (Some(&from), Some(&to)) = (seats.get(arrow.waiting), seats.get(arrow.awaited)) else {
        return html! {};
    };
    let width = THIN + (THICK - THIN) * (arrow.item_days / most).sqrt();
    // Bent to one side, so that two arrows between the same streams do not cover each other.
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1.0);
    let (nx, ny) = (-dy / length, dx / length);
    let bend = length * 0.16;
    let bow = ((from.0 + to.0) / 2.0 + nx * bend, (from.1 + to.1) / 2.0 + ny * bend);
    let (ux, uy) = unit(bow, to);
    let head = 7.0 + width;
    let tip = (to.0 - ux * (DOT + 3.0), to.1 - uy * (DOT + 3.0));
    let neck = (tip.0 - ux * head, tip.1 - uy * head);
    let half = head * 0.5;
    let left = (neck.0 - uy * half, neck.1 + ux * half);
    let right = (neck.0 + uy * half, neck.1 - ux * half);
    let (sx, sy) = unit(from, bow);
    let start = (from.0 + sx * (DOT + 2.0), from.1 + sy * (DOT + 2.0));
    let class = if arrow.knot { "wait knot" } else { "wait" };
    html! {
        path class=(class) fill="none" stroke-width=(px(width))
            d=(format!("M{} {}Q{} {} {} {}", px(start.0), px(start.1), px(bow.0), px(bow.1), px(neck.0), px(neck.1))) {}
        path class=(format!("{class} head"))
            d=(format!("M{} {}L{} {}L{} {}Z", px(tip.0), px(tip.1), px(left.0), px(left.1), px(right.0), px(right.1))) {}
    }
}

fn unit(from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1.0);
    (dx / length, dy / length)
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrow(waiting: usize, awaited: usize, item_days: f64, knot: bool) -> Arrow {
        Arrow { waiting, awaited, item_days, knot }
    }

    #[test]
    fn every_stream_has_a_seat_and_every_wait_an_arrow() {
        let arrows = [arrow(0, 1, 40.0, true), arrow(1, 0, 10.0, true), arrow(2, 0, 5.0, false)];
        let page = waits(&["A", "B & C", "D"], &arrows, "Waits").0;
        assert_eq!(page.matches("circle class=\"seat\"").count(), 3);
        assert_eq!(page.matches("class=\"wait knot\"").count(), 2);
        assert_eq!(page.matches("class=\"wait\"").count(), 1);
        assert!(page.contains("stroke-width=\"7.0\"") && page.contains("B &amp; C"), "{page}");
    }

    #[test]
    fn the_two_arrows_of_a_pair_bend_apart() {
        let seats = [(100.0, 100.0), (200.0, 100.0)];
        let there = drawn(arrow(0, 1, 1.0, true), &seats, 1.0).0;
        let back = drawn(arrow(1, 0, 1.0, true), &seats, 1.0).0;
        assert!(there.contains("Q150.0 116.0") && back.contains("Q150.0 84.0"), "{there}{back}");
    }
}
