//! The outcome measures on the status page: where each is read, how it went, and when it is next.

use maud::{Markup, html};

use super::layout::{prose, sentence};
use super::status_page::{ago, clock};
use crate::gauge::outcomes::OutcomeStatus;
use crate::model::Timestamp;

/// One row for every measure.
pub fn table(outcomes: &[OutcomeStatus], now: Timestamp) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Outcome measures" {
            table.figures {
                thead { tr {
                    th scope="col" { "Measure" } th scope="col" { "Source" }
                    th scope="col" { "Newest reading" } th scope="col" { "Source last read" }
                    th scope="col" { "Next" }
                } }
                tbody { @for one in outcomes {
                    tr {
                        th scope="row" { (one.measure) }
                        td { (one.source) }
                        td.words { @match one.newest_reading_at {
                            Some(_) => { (ago(one.newest_reading_at, now)) }
                            None => { "none yet" }
                        } }
                        td.words { (read(one, now)) }
                        td.words { @if let Some(at) = one.next_at { (clock(at)) } @else { "when it is handed in" } }
                    }
                    @if let Some(problem) = &one.problem {
                        tr { td.words colspan="5" {
                            span.problem { (one.measure) ": " (prose(&sentence(problem))) }
                        } }
                    }
                } }
            }
        }
    }
}

fn read(one: &OutcomeStatus, now: Timestamp) -> Markup {
    html! {
        @match (one.read_at, one.tried_at, one.next_at) {
            (Some(_), ..) => { (ago(one.read_at, now)) }
            (None, Some(tried), _) => { span.problem { "never" } "; tried " (clock(tried)) }
            (None, None, Some(_)) => { "not asked yet" }
            (None, None, None) => { "–" }
        }
    }
}
