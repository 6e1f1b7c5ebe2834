//! `/roadmap`: the bets by horizon with what each rests on, and where work of several streams met.
//! It tells the past and the present; nothing on it lies ahead.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use chrono_tz::Tz;
use maud::{Markup, html};

use super::access::Role;
use super::epic_page::state_word;
use super::epics_page::level_tag;
use super::error::WebError;
use super::item_words::day;
use super::layout::{Here, capital, page as frame, plural};
use super::moment::Visit;
use super::signal_words::verdict;
use super::{App, notices, reads_portfolio};
use crate::digests::words as digest_words;
use crate::model::EpicState;
use crate::portfolio::{Words, words};
use crate::signals::Scope;
use crate::signals::epic_rows::EpicRow;
use crate::signals::point_rows::PointRow;
use crate::signals::report::Report;
use crate::signals::words::quoted;

/// Words that portfolios commonly use for horizons, in their order; others come after, by name.
const HORIZONS: [&str; 7] = ["now", "near", "next", "mid", "later", "far", "long"];

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let zone = app.gauge.portfolio().zone();
    let notices = notices::of(&app, &visit).await?;
    let body = render(&report, zone, &visit, &notices);
    Ok(frame("Roadmap", Here::Roadmap, &visit, &body))
}

fn render(report: &Report, zone: Tz, visit: &Visit, notices: &Markup) -> Markup {
    let words = words(report.header.vocabulary);
    html! {
        h1 { "Roadmap" }
        p.dateline { (digest_words::dateline(&report.header)) }
        (notices)
        p.lead { "What the portfolio bets on, what each bet rests on, and where work met. Nothing here lies ahead: no dates to come and no order of delivery." }
        @if let Some(word) = words.epic { (bets(report, word, words, visit)) }
        @if let Some(word) = words.integration_point { (met(report, word, zone, visit)) }
        @if words.epic.is_none() && words.integration_point.is_none() {
            p { "The framework of this portfolio has neither of the levels that this page tells." }
        }
    }
}

fn bets(report: &Report, word: &str, words: &Words, visit: &Visit) -> Markup {
    let over = |row: &&EpicRow| matches!(row.state, Some(EpicState::Done | EpicState::Rejected));
    let open: Vec<&EpicRow> = report.epics.iter().filter(|row| !over(row)).collect();
    let mut horizons: Vec<Option<&str>> = open.iter().map(|row| row.horizon.as_deref()).collect();
    let place = |name: &str| {
        let known = HORIZONS.iter().position(|own| name.eq_ignore_ascii_case(own));
        known.unwrap_or(HORIZONS.len())
    };
    // Those without a horizon come last.
    horizons.sort_by_key(|name| (name.is_none(), name.map(|name| (place(name), name))));
    horizons.dedup();
    let ended = report.epics.len() - open.len();
    html! {
        @if open.is_empty() { h2 { (plural(word)) } p { "None is open." } }
        @for horizon in horizons {
            @let name = horizon.map_or_else(|| "No horizon".to_owned(), |name| format!("Horizon: {name}"));
            h2 { (name) }
            div.scroll tabindex="0" role="region" aria-label=(name) {
                table.figures.told.bets {
                    thead { tr {
                        th scope="col" { (word) } th scope="col" { (words.stream) }
                        @if let Some(theme) = words.theme { th scope="col" { (theme) } }
                        th scope="col" { "State" } th scope="col" { "Hypothesis" } th scope="col" { "Evidence" }
                    } }
                    tbody {
                        @for row in open.iter().filter(|row| row.horizon.as_deref() == horizon) {
                            tr {
                                th.words scope="row" { a href=(visit.epic(&row.id)) { (row.title) } }
                                td { (row.stream.as_ref().map_or("–", |slice| &slice.name)) }
                                @if words.theme.is_some() { td.words { (row.theme.as_ref().map_or("–", |slice| &slice.name)) } }
                                td { (row.state.map_or("not mapped", state_word)) }
                                td.words { (row.hypothesis.as_ref().map_or_else(|| "none is stated".to_owned(), |text| quoted(text))) }
                                td.words { span.tag { (level_tag(row)) } " " (row.evidence) }
                            }
                        }
                    }
                }
            }
        }
        @if ended > 0 {
            p.soft.small { "Those that ended are on " a href=(visit.link("/epics#done")) { (plural(word)) } "." }
        }
    }
}

/// The points of integration, the newest first.
fn met(report: &Report, word: &str, zone: Tz, visit: &Visit) -> Markup {
    let found = report.findings.iter().find(|found| found.signal == "C3");
    html! {
        h2 #met { (plural(word)) " of the past" }
        @if report.integration_points.is_empty() {
            p {
                @match found.filter(|found| !found.verdict.has_data()) {
                    Some(found) => (verdict(&found.verdict)),
                    None => "None was observed.",
                }
                " "
                a href=(visit.signal("C3", found.map(|found| &found.slice))) { "What counts as one" }
            }
        } @else {
            @if let Some(said) = found.and_then(|found| found.observation.as_ref()) {
                p { (capital(&said.evidence)) " " (said.question) }
            }
            div.scroll tabindex="0" role="region" aria-label=(format!("{word}s of the past")) {
                table.figures.told {
                    thead { tr { th scope="col" { "On" } th scope="col" { "Work of" } th scope="col" { "Within" } th scope="col" { "Whole or partial" } } }
                    tbody { @for point in report.integration_points.iter().rev() { (row(point, zone, visit)) } }
                }
            }
        }
    }
}

fn row(point: &PointRow, zone: Tz, visit: &Visit) -> Markup {
    html! {
        tr {
            th.words scope="row" { (day(point.at, zone)) }
            td.words { @for (nth, stream) in point.streams.iter().enumerate() {
                @if nth > 0 { ", " }
                a href=(visit.link(&format!("/streams/{}", stream.id))) { (stream.name) }
            } }
            td.words { @for (nth, epic) in point.epics.iter().enumerate() {
                @if nth > 0 { ", " }
                a href=(visit.epic(&epic.id)) { (epic.name) }
            } }
            td { @if point.partial { "partial" } @else { "whole" } }
        }
    }
}
