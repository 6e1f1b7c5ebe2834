//! The form that asks for another instant, and for a second one beside it. Plain GET, no script.

use chrono_tz::Tz;
use maud::{Markup, html};

use super::moment::Visit;
use crate::gauge::Moment;
use crate::model::Timestamp;

/// Pages that show two instants side by side.
fn shows_two(path: &str) -> bool {
    path == "/" || path.starts_with("/signals/")
}

/// The form under the navigation; the page keeps what else it was asked.
#[must_use]
pub fn form(visit: &Visit) -> Markup {
    let Visit { moment, beside, zone, .. } = visit;
    let two = shows_two(&visit.path);
    html! {
        details.time {
            summary { (standing(visit)) }
            form method="get" action=(visit.path) aria-label="Another time" {
                @for (name, value) in &visit.rest { input type="hidden" name=(name) value=(value); }
                (field("as_of", "Show it as of", moment.as_of, *zone))
                @if two { (field("beside", "Beside it", beside.and_then(|beside| beside.as_of), *zone)) }
                label.check {
                    @let then = moment.known.is_some();
                    input type="checkbox" name="known" value="then" checked[then];
                    " with only what was known then"
                }
                button type="submit" { "Show" }
            }
            p.soft.small {
                "Times in " (zone.name()) ". An empty field means now."
                @if two { " With both fields the two instants stand side by side." }
            }
        }
    }
}

fn field(name: &str, label: &str, at: Option<Timestamp>, zone: Tz) -> Markup {
    html! {
        label {
            span { (label) }
            input type="datetime-local" name=(name) value=[at.map(|at| civil(at, zone))] step="any";
        }
    }
}

/// As the field of a browser takes it.
fn civil(at: Timestamp, zone: Tz) -> String {
    let local = at.to_utc().with_timezone(&zone);
    let form = match at.millis() {
        whole if whole % 60_000 == 0 => "%Y-%m-%dT%H:%M",
        whole if whole % 1_000 == 0 => "%Y-%m-%dT%H:%M:%S",
        _ => "%Y-%m-%dT%H:%M:%S%.3f",
    };
    local.format(form).to_string()
}

fn standing(visit: &Visit) -> String {
    match visit.beside {
        Some(second) => {
            format!("Time: {} beside {}", words(visit, visit.moment), words(visit, second))
        }
        None => format!("Time: {}", words(visit, visit.moment)),
    }
}

/// A moment in words: "now", "15 June 2026 08:00, as known then".
#[must_use]
pub fn words(visit: &Visit, moment: Moment) -> String {
    let as_of = moment.as_of.map_or_else(|| "now".to_owned(), |at| visit.local(at));
    match moment.known {
        None => as_of,
        known if known == moment.as_of => format!("{as_of}, as known then"),
        Some(known) => format!("{as_of}, as known {}", visit.local(known)),
    }
}

/// Says that this is not the present, and how to come back.
#[must_use]
pub fn past(visit: &Visit, home: &str) -> Markup {
    html! {
        @if !visit.is_live() {
            p.past role="note" {
                @if let Some(at) = visit.moment.as_of { "As of " strong { (at) } " (" (visit.local(at)) " " (visit.zone.name()) ")" }
                @if visit.moment.as_of.is_some() && visit.moment.known.is_some() { ", " }
                @if let Some(at) = visit.moment.known { "with what was known at " strong { (at) } }
                ". " a href=(home) { "Go to the present" }
            }
        }
        @if visit.beside.is_some() && !shows_two(&visit.path) {
            p.past role="note" { "This page shows one instant; the portfolio and the signal pages show two side by side." }
        }
    }
}
