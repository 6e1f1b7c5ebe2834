//! `/map`: Portfolio -> Value Stream -> Product Team, and which decisions belong to which altitude.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};

use super::access::Role;
use super::error::WebError;
use super::layout::{Here, page as frame};
use super::moment::At;
use super::{App, reads_portfolio};
use crate::model::StreamKind;
use crate::portfolio::{CoverageView, MapView, StreamView};

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let map = app.gauge.map(at.0).await?;
    Ok(render(&map))
}

fn render(map: &MapView) -> Markup {
    let (customer, enabling): (Vec<_>, Vec<_>) =
        map.streams.iter().partition(|stream| stream.kind == StreamKind::Customer);
    let level = map.words.portfolio.unwrap_or("Product");
    let body = html! {
        h1 { (map.portfolio) }
        p.dateline { (level) " → " (map.words.stream) " → " (map.words.team) ", as of "
            (map.at.to_utc().format("%-d %B %Y")) }
        (coverage(&map.coverage))
        h2 { (map.words.stream) }
        div.streams { @for stream in customer { (stream_card(stream, map)) } }
        @if !enabling.is_empty() {
            h2 { (map.words.enabling_stream.unwrap_or("Enabling stream")) }
            div.streams { @for stream in enabling { (stream_card(stream, map)) } }
        }
        h2 { "Which decisions belong to which altitude" }
        table {
            thead { tr { th scope="col" { "Altitude" } th scope="col" { "May" } th scope="col" { "Why" } } }
            tbody {
                @for altitude in &map.altitudes {
                    tr {
                        th scope="row" { (altitude.word.unwrap_or(match altitude.altitude {
                            crate::model::Altitude::Portfolio => "Portfolio",
                            crate::model::Altitude::Stream => "Value stream",
                        })) }
                        td { (altitude.may.iter().map(|verb| format!("{verb:?}").to_lowercase())
                            .collect::<Vec<_>>().join(", ")) }
                        td { (altitude.why) }
                    }
                }
            }
        }
        (unclaimed(&map.coverage))
        @for note in &map.notes { p.quiet { (note) } }
    };
    frame("Map", Here::Map, &body)
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

fn stream_card(stream: &StreamView, map: &MapView) -> Markup {
    html! {
        section.stream aria-label=(stream.name) {
            h3 { (stream.name) }
            @if let Some(note) = &stream.note { p.soft.small { (note) } }
            ul {
                @for team in &stream.teams {
                    li {
                        (team.name)
                        @for claim in team.claims.iter().filter(|claim| claim.valid) {
                            br; span.soft.small { (claim.rule) " (line " (claim.line) ")" }
                        }
                    }
                }
            }
            @if let Some(word) = map.words.epic.filter(|_| !stream.epics.is_empty()) {
                details {
                    summary { (stream.epics.len()) " × " (word) }
                    ul { @for epic in &stream.epics { li { (epic.title) " " span.soft.small { (epic.id) } } } }
                }
            }
        }
    }
}

fn unclaimed(coverage: &CoverageView) -> Markup {
    html! {
        @if !coverage.contested_by.is_empty() || !coverage.unplaced_in.is_empty() {
            h2 { "What no rule places" }
        }
        @if !coverage.contested_by.is_empty() {
            h3 { "Contested" }
            ul.tight {
                @for contested in &coverage.contested_by {
                    li { (contested.items) " items: "
                        (contested.rules.iter().map(|rule| format!("{} (line {})", rule.rule, rule.line))
                            .collect::<Vec<_>>().join(" and "))
                        ", for example " (contested.examples.join(", ")) }
                }
            }
        }
        @if !coverage.unplaced_in.is_empty() {
            h3 { "Unplaced" }
            ul.tight {
                @for unplaced in &coverage.unplaced_in {
                    li { (unplaced.items) " items in " (unplaced.project)
                        @if !unplaced.components.is_empty() { ", components " (unplaced.components.join(", ")) }
                        @if !unplaced.labels.is_empty() { ", labels " (unplaced.labels.join(", ")) }
                        ", for example " (unplaced.examples.join(", ")) }
                }
            }
        }
        @if !coverage.next_rules.is_empty() {
            h3 { "The most useful next rules" }
            ul.tight {
                @for rule in &coverage.next_rules {
                    li { code { (rule.claim) } " would claim " (rule.items) " items" }
                }
            }
        }
    }
}
