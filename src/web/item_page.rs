//! `/items/{key}`: the whole story of one item, first in sentences, then with every reason.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::access::Role;
use super::chart::{self, Change, Life, Stretch};
use super::error::WebError;
use super::item_words::{Names, Story, category, day, days, minute};
use super::layout::{Here, page as frame, prose, sentence};
use super::moment::Visit;
use super::{App, reads_portfolio};
use crate::digests::links;
use crate::gauge::{Entry, ItemStory};
use crate::model::Precision;
use crate::portfolio::{ExplainedSegment, MatchingRule};
use crate::signals::ALL;

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Path(key): Path<String>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let stories = app.gauge.stories(&key, visit.moment).await?;
    if stories.is_empty() {
        return Err(WebError::NotFound(format!("no item is known by the key {key}")));
    }
    let world = app.gauge.world(visit.moment.known).await?;
    let portfolio = app.gauge.portfolio();
    let names = Names { streams: portfolio.streams(), epics: world.epics.entries() };
    let several = stories.len() > 1;
    let body = html! {
        @if several { h1 { (key) " names " (stories.len()) " items" } }
        @for story in &stories { article { (render(story, &names, &visit, several)) } }
    };
    Ok(frame(&key, Here::Elsewhere, &visit, &body))
}

fn render(story: &ItemStory, names: &Names<'_>, visit: &Visit, several: bool) -> Markup {
    let zone = visit.zone;
    let told = &story.explanation;
    let title = told.title.as_deref().unwrap_or(&told.key);
    let seen = Story::of(story);
    html! {
        @if several { h2 { (title) } } @else { h1 { (title) } }
        p.dateline { (told.key) " · " (told.connection) " · times in " (zone.name())
            @if !story.aliases.is_empty() { " · formerly " (story.aliases.join(", ")) } }
        @if let Some(removed) = &story.removed {
            p.notice role="note" {
                "It left at or before " (minute(removed.at, zone)) ": " (sentence(&removed.reason))
                " What would bring it back: " (removed.way_back) "."
            }
        }
        @if let Some(excluded) = &told.excluded { p.notice role="note" { (prose(&sentence(excluded))) } }
        @for line in seen.sentences(names, zone) { p.story { (prose(&line)) } }
        (drawing(&seen, story, zone))
        h2 { "Why it stands where it stands" }
        p { "Kind of work: " strong { (told.kind.as_str()) } ". " (prose(&told.kind_why)) }
        (rules(&told.rules, zone))
        @for note in &told.notes { p.quiet { (prose(note)) } }
        h2 { "Signals it enters" }
        @if story.enters.is_empty() { p { "None at this instant." } }
        ul.tight {
            @for entry in &story.enters {
                @let name = ALL.iter().find(|signal| signal.id == entry.signal).map(|signal| signal.name);
                li {
                    a href=(visit.link(&signal_address(entry))) { (name.unwrap_or(&entry.signal)) }
                    ": " (names.any(&entry.slice)) " " span.tag { (entry.signal) }
                }
            }
        }
        h2 { "Step by step" }
        (steps(&seen, names, zone))
    }
}

/// The signal page that counts the item.
fn signal_address(entry: &Entry) -> String {
    let slice = entry.address.as_deref().and_then(|address| address.split_once(':'));
    links::signal(&entry.signal, slice)
}

fn drawing(seen: &Story<'_>, story: &ItemStory, zone: Tz) -> Markup {
    let stretches: Vec<Stretch> = seen
        .drawn()
        .map(|(segment, to)| Stretch {
            from: segment.from,
            to,
            category: segment.category,
            blocked: segment.blocked,
            inexact: segment.precision != Precision::Exact,
        })
        .collect();
    let end = stretches.last().map(|stretch| stretch.to);
    let cut = end.is_some_and(|end| end < story.as_of);
    let life = Life {
        changes: seen.moves().map(|(step, at)| Change { at, step }).collect(),
        // What was shortened was read, as far as it is drawn.
        unread: story.read_until.filter(|until| end.is_some_and(|end| *until < end)),
        cut,
        stretches,
    };
    let label = format!(
        "Timeline of {}; the table under \"Step by step\" says the same",
        story.explanation.key
    );
    html! {
        figure.life {
            (chart::life(&life, zone, &label))
            figcaption {
                span.key.proposed { "proposed" } span.key.active { "active" }
                span.key.waiting { "waiting" } span.key.done { "done or dropped" }
                span.key.blocked { "blocked" }
                @if !life.changes.is_empty() { span.key.moved { "moved to another team or stream (step)" } }
                @if life.stretches.iter().any(|stretch| stretch.inexact) { span.key.inexact { "not seen exactly when" } }
                @if let Some(until) = life.unread { span.key.gap { "not read since " (minute(until, zone)) } }
            }
        }
    }
}

fn rules(rules: &[MatchingRule], zone: Tz) -> Markup {
    html! {
        @if rules.is_empty() { p { "No rule of the portfolio file claims it." } }
        ul.tight {
            @for matching in rules {
                li {
                    code { (matching.rule.rule) } " claims it for " (matching.rule.gives) " "
                    span.soft.small { (matching.rule.file) ":" (matching.rule.line) }
                    @if matching.decides.is_empty() { ". Another rule is more specific, so this one never decided." }
                    @for (from, to) in &matching.decides {
                        @match to {
                            Some(to) => { ". It decided from " (day(*from, zone)) " to " (day(*to, zone)) "." }
                            None => { ". It has decided since " (day(*from, zone)) "." }
                        }
                    }
                }
            }
        }
    }
}

fn steps(seen: &Story<'_>, names: &Names<'_>, zone: Tz) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Every step with its reasons" {
            table.steps {
                thead { tr {
                    @for cell in ["Step", "From", "For", "State", "Counts as", "Value stream", "Epic", "Why"] {
                        th scope="col" { (cell) }
                    }
                } }
                tbody {
                    @for (index, (segment, to)) in seen.all().enumerate() {
                        tr {
                            td { (index + 1) }
                            td.when { (minute(segment.from, zone)) }
                            td.when { (days(to.days_since(segment.from))) }
                            td { (segment.state) @if segment.blocked { " " span.tag { "blocked" } } }
                            td {
                                (category(segment.category))
                                @if segment.precision != Precision::Exact {
                                    " " span.soft { "(" (format!("{:?}", segment.precision).to_lowercase()) ")" }
                                }
                            }
                            td {
                                @if seen.moves().any(|(step, _)| step == index + 1) { span.tag { "moved" } " " }
                                (segment.stream.as_deref().map_or("none", |id| names.stream(id)))
                            }
                            td { (segment.epic.as_deref().map_or("none", |id| names.epic(id))) }
                            td.small.soft { (prose(&why(segment, index.checked_sub(1).and_then(|i| seen.nth(i))))) }
                        }
                    }
                }
            }
        }
    }
}

/// The reasons of a step, without those that the step before has told already.
fn why(segment: &ExplainedSegment, before: Option<&ExplainedSegment>) -> String {
    let mut reasons = vec![segment.state_why.as_str()];
    for (reason, told) in [
        (&segment.team_why, before.map(|b| &b.team_why)),
        (&segment.stream_why, before.map(|b| &b.stream_why)),
        (&segment.epic_why, before.map(|b| &b.epic_why)),
    ] {
        if told != Some(reason) {
            reasons.push(reason);
        }
    }
    reasons.join(" ")
}
