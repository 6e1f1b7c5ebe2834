//! `/items/{key}`: the whole story of one item.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use maud::{Markup, html};

use super::access::Role;
use super::chart::{self, Stretch};
use super::error::WebError;
use super::layout::{Here, page as frame};
use super::moment::At;
use super::{App, reads_portfolio};
use crate::gauge::ItemStory;
use crate::model::{Category, Timestamp};
use crate::portfolio::ExplainedSegment;

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Path(key): Path<String>,
    at: At,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let stories = app.gauge.stories(&key, at.0).await?;
    if stories.is_empty() {
        return Err(WebError::NotFound(format!("no item is known by the key {key}")));
    }
    Ok(frame(&key, Here::Elsewhere, &html! { @for story in &stories { (render(story)) } }))
}

fn render(story: &ItemStory) -> Markup {
    let told = &story.explanation;
    html! {
        h1 { (told.title.as_deref().unwrap_or(&told.key)) }
        p.dateline { (told.key) " · " (told.connection) " · created " (day(told.created_at))
            @if !story.aliases.is_empty() { " · formerly " (story.aliases.join(", ")) } }
        @if let Some(removed) = &story.removed {
            p role="note" { "Left the tracker on " (day(removed.at)) ": " (removed.reason) "." }
        }
        @if let Some(excluded) = &told.excluded { p.quiet { (excluded) } }
        @if let Some(clock) = &told.clock {
            p { "Its clock started on " (day(clock.at)) ": " (clock.why) "." }
        } @else {
            p { "No start of work can be seen." }
        }
        p { "Kind: " (told.kind.as_str()) " (" (told.kind_why) ")." }
        (chart::timeline(&stretches(&told.segments, story.as_of)))
        (segments(&told.segments))
        h2 { "Why it is placed there" }
        @if told.rules.is_empty() { p { "No rule of the portfolio file matches it." } }
        ul.tight {
            @for matching in &told.rules {
                li {
                    (matching.rule.rule) " gives " (matching.rule.gives) " "
                    span.soft.small { (matching.rule.file) ":" (matching.rule.line) }
                    @if matching.decides.is_empty() { " (matches, but another rule is more specific or valid)" }
                    @for (from, to) in &matching.decides {
                        br; "decides from " (day(*from))
                        @if let Some(to) = to { " to " (day(*to)) }
                    }
                }
            }
        }
        @for note in &told.notes { p.quiet { (note) } }
        h2 { "Signals it enters" }
        @if story.enters.is_empty() { p { "None at this instant." } }
        ul.tight { @for entry in &story.enters { li { (entry.signal) ": " (entry.slice) } } }
    }
}

fn segments(segments: &[ExplainedSegment]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Timeline as a table" {
            table {
                thead { tr {
                    @for cell in ["From", "State", "Counts as", "Stream", "Epic", "Why"] { th scope="col" { (cell) } }
                } }
                tbody {
                    @for segment in segments {
                        tr {
                            td { (minute(segment.from)) }
                            td { (segment.state) @if segment.blocked { " (blocked)" } }
                            td { (word(segment.category)) " · " (format!("{:?}", segment.precision).to_lowercase()) }
                            td { (segment.stream.as_deref().unwrap_or("none")) }
                            td { (segment.epic.as_deref().unwrap_or("none")) }
                            td.small.soft { (segment.state_why) "; " (segment.team_why) "; " (segment.stream_why) }
                        }
                    }
                }
            }
        }
    }
}

fn stretches(segments: &[ExplainedSegment], as_of: Timestamp) -> Vec<Stretch> {
    segments
        .iter()
        .filter(|segment| segment.from < as_of)
        .map(|segment| Stretch {
            from: segment.from,
            to: segment.to.unwrap_or(as_of).min(as_of),
            category: segment.category,
            label: format!("{} from {}", segment.state, minute(segment.from)),
        })
        .collect()
}

fn word(category: Category) -> &'static str {
    match category {
        Category::Proposed => "proposed",
        Category::Active => "active",
        Category::Waiting => "waiting",
        Category::Done => "done",
        Category::Dropped => "dropped",
    }
}

fn day(at: Timestamp) -> String {
    at.to_utc().format("%-d %B %Y").to_string()
}

fn minute(at: Timestamp) -> String {
    at.to_utc().format("%Y-%m-%d %H:%M").to_string()
}
