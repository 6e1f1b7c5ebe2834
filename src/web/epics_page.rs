//! `/epics`: the portfolio's kanban. Each epic stands under its state, by title, with what it
//! rests on; there is no measure of how far it has come.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};

use super::access::Role;
use super::error::WebError;
use super::layout::{Here, capital, page as frame, plural, whole};
use super::measure_words::of;
use super::moment::Visit;
use super::signal_words::verdict;
use super::{App, notices, reads_portfolio};
use crate::digests::words as digest_words;
use crate::model::{Context, EpicState};
use crate::portfolio::{Words, words};
use crate::signals::Scope;
use crate::signals::epic_rows::{EpicRow, Waits};
use crate::signals::report::{Report, Unit};
use crate::signals::words::{quoted, value};

/// A column with more cards than this takes the room of two.
const WIDE: usize = 6;
/// The columns, from the first idea to the end.
const COLUMNS: [(EpicState, &str); 7] = [
    (EpicState::Funnel, "Funnel"),
    (EpicState::Reviewing, "Reviewing"),
    (EpicState::Analysing, "Analysing"),
    (EpicState::Ready, "Ready"),
    (EpicState::Implementing, "Implementing"),
    (EpicState::Done, "Done"),
    (EpicState::Rejected, "Rejected"),
];

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let words = words(report.header.vocabulary);
    let word = level(words)?;
    let notices = notices::of(&app, &visit).await?;
    let title = plural(word);
    Ok(frame(&title, Here::Epics, &visit, &render(&report, word, &visit, &notices)))
}

/// The word for an epic; a framework without one has no such page.
pub(super) fn level(words: &Words) -> Result<&'static str, WebError> {
    let none =
        || WebError::NotFound("the framework of this portfolio has no level of epics".into());
    words.epic.ok_or_else(none)
}

fn render(report: &Report, word: &str, visit: &Visit, notices: &Markup) -> Markup {
    let of_state = |state: Option<EpicState>| -> Vec<&EpicRow> {
        report.epics.iter().filter(|row| row.state == state).collect()
    };
    let stated = COLUMNS.map(|(state, name)| (name, state, of_state(Some(state))));
    let unstated = of_state(None);
    html! {
        h1 { (plural(word)) }
        p.dateline { (digest_words::dateline(&report.header)) }
        (notices)
        @if report.epics.is_empty() {
            p { "No epic is known: none is declared in the portfolio file, and no tracker holds one that a rule claims." }
        } @else {
            (looked(report, visit))
            div.kanban {
                @for (name, state, rows) in &stated {
                    @if !rows.is_empty() { (column(name, Some(*state), rows, visit)) }
                }
                @if !unstated.is_empty() { (column("No state is mapped", None, &unstated, visit)) }
            }
            p.foot.small {
                "Each stands under the state that its tracker gives it, by title. L0 to L4 tell what could show whether it works: no hypothesis, a hypothesis, a measure, a baseline reading, a reading after release within two cadences. "
                a href=(visit.signal("O3", None)) { "How evidence coverage is measured" }
            }
        }
    }
}

/// What the signals about epics found, a line each.
fn looked(report: &Report, visit: &Visit) -> Markup {
    let lines = [
        ("P4", "Dormant", "dormant"),
        ("D3", "Continued without a look", "epics"),
        ("D1", "Waiting for a decision", "queue"),
    ];
    html! {
        nav.glance aria-label="At a glance" {
            ul.lines {
                @for (id, name, count) in lines {
                    @if let Some(found) = report.findings.iter().find(|found| found.signal == id) {
                        li {
                            a href=(visit.signal(id, Some(&found.slice))) { (name) } ": "
                            @match of(found, count) {
                                Some(own) => {
                                    (value(own.value, Unit::Count))
                                    @if let Some(n) = own.n { " of " (n) " started" }
                                }
                                None => (verdict(&found.verdict)),
                            }
                            @if let Some(said) = found.observation.as_ref().filter(|_| found.verdict.headlines()) {
                                span { (whole(&capital(&said.evidence))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn column(name: &str, state: Option<EpicState>, rows: &[&EpicRow], visit: &Visit) -> Markup {
    let over = matches!(state, Some(EpicState::Done | EpicState::Rejected));
    let id = name.to_lowercase().replace(' ', "-");
    html! {
        section.column.wide[!over && rows.len() > WIDE] aria-labelledby=(id) {
            h2 #(id) { (name) " " span.count { (rows.len()) } }
            @if over {
                ul.tight {
                    @for row in rows {
                        li { a href=(visit.epic(&row.id)) { (row.title) } " " span.soft.small { (level_tag(row)) } }
                    }
                }
            } @else {
                div.cards { @for row in rows { (card(row, visit)) } }
            }
        }
    }
}

fn card(row: &EpicRow, visit: &Visit) -> Markup {
    html! {
        article.card {
            h3 { a href=(visit.epic(&row.id)) { (row.title) } }
            p.soft.small {
                @if row.title != row.id { (row.id) }
                @if let Some(stream) = &row.stream {
                    @if row.title != row.id { " · " } (stream.name)
                }
                @if row.context == Context::OneOff { " · one-off" }
            }
            @match &row.hypothesis {
                Some(text) => p.small { (quoted(text)) },
                None => p.small.soft { "No hypothesis is stated." },
            }
            p.small { span.tag { (level_tag(row)) } " " (row.evidence) }
            (marks(row, visit))
        }
    }
}

/// "L3".
pub(super) fn level_tag(row: &EpicRow) -> String {
    format!("L{}", row.evidence_level)
}

/// What the signals say of one epic: dormant, unexamined, waiting.
pub(super) fn marks(row: &EpicRow, visit: &Visit) -> Markup {
    html! {
        @if row.dormant {
            p.small { a.tag.odd href=(visit.signal("P4", None)) { "dormant" } " "
                @if let Some(days) = row.pause_days { "no active work for " (value(days.floor(), Unit::Days)) } }
        }
        @if row.unexamined {
            p.small { a.tag.odd href=(visit.signal("D3", None)) { "unexamined" }
                " neither a reading nor a decision in two cadences" }
        }
        @if let Some(waits) = row.waits {
            p.small { a.tag href=(visit.signal("D1", None)) { "waits" } " " (waiting(waits)) }
        }
    }
}

/// "12 days; the next boundary has not come yet".
pub(super) fn waiting(waits: Waits) -> String {
    let days = value(waits.days.floor(), Unit::Days);
    match waits.boundary_passed {
        Some(false) => format!("{days} for the next boundary"),
        Some(true) => format!("{days}; a boundary has passed since"),
        None => format!("{days} for a decision"),
    }
}
