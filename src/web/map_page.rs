//! `/map`: Portfolio -> Value Stream -> Product Team, and which decisions belong to which altitude.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};

use super::access::Role;
use super::error::WebError;
use super::layout::{Here, page as frame, plural, prose};
use super::moment::Visit;
use super::{App, reads_portfolio};
use crate::model::{Altitude, StreamKind};
use crate::portfolio::{CoverageView, EpicView, MapView, StreamView, TeamView};

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let map = app.gauge.map(visit.moment).await?;
    Ok(render(&map, &visit))
}

fn render(map: &MapView, visit: &Visit) -> Markup {
    let (customer, enabling): (Vec<_>, Vec<_>) =
        map.streams.iter().partition(|stream| stream.kind == StreamKind::Customer);
    let level = map.words.portfolio.unwrap_or("Product");
    let body = html! {
        h1 { (map.portfolio) }
        p.dateline { (level) " → " (map.words.stream) " → " (map.words.team) ", as of "
            (map.at.to_utc().format("%-d %B %Y")) }
        (coverage(&map.coverage))
        @if !customer.is_empty() {
            h2 { (plural(map.words.stream)) }
            div.streams { @for stream in customer { (stream_card(stream, map, visit)) } }
        }
        @if !enabling.is_empty() {
            h2 { (map.words.enabling_stream.map_or_else(|| "Enabling streams".to_owned(), plural)) }
            div.streams { @for stream in enabling { (stream_card(stream, map, visit)) } }
        }
        @if let Some(word) = map.words.epic.filter(|_| !map.epics_without_stream.is_empty()) {
            h2 { (plural(word)) " without a " (map.words.stream.to_lowercase()) }
            (epics(&map.epics_without_stream))
        }
        (altitudes(map))
        (unclaimed(&map.coverage, visit))
        @for note in &map.notes { p.quiet { (prose(note)) } }
    };
    frame("Map", Here::Map, visit, &body)
}

fn altitudes(map: &MapView) -> Markup {
    html! {
        h2 { "Which decisions belong to which altitude" }
        div.scroll tabindex="0" role="region" aria-label="Decisions by altitude" {
            table {
                thead { tr { th scope="col" { "Altitude" } th scope="col" { "May" } th scope="col" { "Why" } } }
                tbody {
                    @for altitude in &map.altitudes {
                        tr {
                            th scope="row" { (altitude.word.unwrap_or(match altitude.altitude {
                                Altitude::Portfolio => "Portfolio",
                                Altitude::Stream => "Value stream",
                            })) }
                            td { (altitude.may.iter().map(|verb| format!("{verb:?}").to_lowercase())
                                .collect::<Vec<_>>().join(", ")) }
                            td { (altitude.why) }
                        }
                    }
                }
            }
        }
    }
}

fn coverage(coverage: &CoverageView) -> Markup {
    html! {
        p {
            "Of " (coverage.items) " work items " strong { (coverage.placed) } " are placed, "
            (coverage.contested) " are contested and " (coverage.unplaced) " are unplaced."
            @if coverage.inferred > 0 {
                " For " (coverage.inferred) " of them the present attributes stand in for a history."
            }
        }
    }
}

fn stream_card(stream: &StreamView, map: &MapView, visit: &Visit) -> Markup {
    html! {
        section.stream aria-label=(stream.name) {
            h3 { a href=(visit.link(&format!("/streams/{}", stream.id))) { (stream.name) } }
            @if let Some(note) = &stream.note { p.soft.small { (prose(note)) } }
            @if stream.teams.is_empty() { p.soft { "No team yet." } }
            ul.teams { @for team in &stream.teams { (team_entry(team)) } }
            @if let Some(word) = map.words.epic.filter(|_| !stream.epics.is_empty()) {
                details {
                    @let shown = if stream.epics.len() == 1 { word.to_owned() } else { plural(word) };
                    summary { (stream.epics.len()) " " (shown.to_lowercase()) }
                    (epics(&stream.epics))
                }
            }
        }
    }
}

fn team_entry(team: &TeamView) -> Markup {
    let valid: Vec<_> = team.claims.iter().filter(|claim| claim.valid).collect();
    html! {
        li {
            strong { (team.name) }
            @for claim in &valid {
                span.claim { code { (claim.rule) } " " span.soft { "line " (claim.line) } }
            }
            @if valid.is_empty() { span.claim.soft { "no claim is valid at this instant" } }
        }
    }
}

fn epics(epics: &[EpicView]) -> Markup {
    html! {
        ul.tight {
            @for epic in epics {
                li {
                    (epic.title)
                    @if epic.title != epic.id { " " span.soft.small { (epic.id) } }
                    @if !epic.found { " " span.tag { "not found in a tracker" } }
                }
            }
        }
    }
}

fn keys(keys: &[String], visit: &Visit) -> Markup {
    html! {
        ", for example "
        @for (nth, key) in keys.iter().enumerate() {
            @if nth > 0 { ", " }
            a href=(visit.item(key)) { (key) }
        }
    }
}

fn counted(items: u64) -> String {
    if items == 1 { "1 item".to_owned() } else { format!("{items} items") }
}

fn unclaimed(coverage: &CoverageView, visit: &Visit) -> Markup {
    html! {
        @if !coverage.contested_by.is_empty() || !coverage.unplaced_in.is_empty() {
            h2 { "What no rule places" }
        }
        @if !coverage.contested_by.is_empty() {
            h3 { "Contested" }
            ul.tight {
                @for contested in &coverage.contested_by {
                    li {
                        (counted(contested.items)) " match "
                        @for (nth, rule) in contested.rules.iter().enumerate() {
                            @if nth > 0 { " and " }
                            code { (rule.rule) } " (" (rule.gives) ", line " (rule.line) ")"
                        }
                        " equally well" (keys(&contested.examples, visit))
                    }
                }
            }
        }
        @if !coverage.unplaced_in.is_empty() {
            h3 { "Unplaced" }
            ul.tight {
                @for unplaced in &coverage.unplaced_in {
                    li { (counted(unplaced.items)) " in " (unplaced.project)
                        @if !unplaced.components.is_empty() { ", components " (unplaced.components.join(", ")) }
                        @if !unplaced.labels.is_empty() { ", labels " (unplaced.labels.join(", ")) }
                        (keys(&unplaced.examples, visit)) }
                }
            }
        }
        @if !coverage.next_rules.is_empty() {
            h3 { "The most useful next rules" }
            ul.tight {
                @for rule in &coverage.next_rules {
                    li { code { (rule.claim) } " would claim " (counted(rule.items)) }
                }
            }
        }
    }
}
