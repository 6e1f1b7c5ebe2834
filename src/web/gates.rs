//! How far the data carries: the gates of H2 in words.

use maud::{Markup, html};

use super::measure_words::marked;
use crate::signals::report::{Confidence, Gate, Report, Slice};
use crate::signals::words::{list, number, percent};

/// The confidence that belongs to a slice: that of its stream, else of the whole portfolio.
#[must_use]
pub fn of<'a>(report: &'a Report, slice: &Slice) -> Option<&'a Confidence> {
    let stream = slice.id.split('/').next().unwrap_or(&slice.id);
    let own = |one: &&Confidence| one.slice.dimension == slice.dimension && one.slice.id == stream;
    let found = report.confidence.iter().find(own).filter(|_| slice.dimension == "stream");
    found.or(report.confidence.first())
}

/// The gates in front of a signal, and those that concern every number.
#[must_use]
pub fn before<'a>(confidence: &'a Confidence, signal: &str) -> Vec<&'a Gate> {
    let general = ["weeks_covered", "polled_share"];
    let stands = |gate: &&Gate| gate.withholds.contains(&signal) || general.contains(&gate.name);
    confidence.gates.iter().filter(stands).collect()
}

/// One row a gate. What differs from the same gate of `other` is marked; `subject` tells one table
/// of a page from another.
#[must_use]
pub fn table(
    confidence: &Confidence,
    gates: &[&Gate],
    other: Option<&Confidence>,
    subject: &str,
) -> Markup {
    let label = format!("How far the data carries: {subject}");
    let twin =
        |gate: &Gate| other.map(|other| other.gates.iter().find(|known| known.name == gate.name));
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.figures.told {
                thead { tr {
                    th scope="col" { "Of " (confidence.slice.name) }
                    th scope="col" { "Share" }
                    th scope="col" { "Counted" }
                    th scope="col" { "Gate" }
                } }
                tbody {
                    @for gate in gates {
                        tr {
                            th.words scope="row" { (words(gate.name)) }
                            td { (marked(&share(gate), twin(gate).map(|twin| twin.map(share)))) }
                            td { (marked(&counts(gate), twin(gate).map(|twin| twin.map(counts)))) }
                            td { (standing(gate)) }
                        }
                    }
                }
            }
        }
    }
}

fn share(gate: &Gate) -> String {
    gate.value.map_or_else(|| "nothing to divide".to_owned(), percent)
}

fn counts(gate: &Gate) -> String {
    format!("{} of {}", number(gate.numerator), number(gate.denominator))
}

fn standing(gate: &Gate) -> Markup {
    let withheld: Vec<String> = gate.withholds.iter().map(|id| (*id).to_owned()).collect();
    html! {
        @if gate.withholds.is_empty() { span.soft { "told only" } }
        @else if gate.open { "open" }
        @else { strong { "closed" } ", withholds " (list(&withheld)) }
    }
}

/// The name of a gate for people.
fn words(name: &str) -> String {
    match name {
        "mapped" => "Items with a team and a stream".to_owned(),
        "start_observable" => "Delivered items whose start was seen".to_owned(),
        "weeks_covered" => "Weeks with complete data".to_owned(),
        "polled_share" => "Status changes seen by polling".to_owned(),
        "classified" => "Attention with a known kind of work".to_owned(),
        "stale_active" => "Attention left out as stale".to_owned(),
        other => other.replace('_', " "),
    }
}

/// What was counted and enters no gate.
#[must_use]
pub fn counted(confidence: &Confidence) -> String {
    let Confidence { born_done, start_before_data, unknown_statuses, .. } = confidence;
    format!(
        "Items done from their creation on: {born_done}. Items that had started before the data \
         begins: {start_before_data}. Segments of unknown status: {unknown_statuses}."
    )
}
