//! `/epics/{id}`: one epic with what it rests on, its history, what was decided about it and what
//! was expected of it. No count of what is done, and no end.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::access::Role;
use super::decision_words::outcome;
use super::epics_page::{level, level_tag, marks};
use super::error::WebError;
use super::item_words::day;
use super::layout::{Here, capital, page as frame, whole};
use super::measure_words::table;
use super::moment::Visit;
use super::signal_words::short;
use super::{App, chart, reads_portfolio};
use crate::model::{Context, EpicState, Timestamp};
use crate::portfolio::{Words, words};
use crate::signals::epic_rows::EpicRow;
use crate::signals::report::{Report, Unit};
use crate::signals::words::{list, quoted, value};
use crate::signals::{Dataset, Scope};

/// Keys of items that are listed; the rest is not.
const KEYS: usize = 200;

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let words = words(report.header.vocabulary);
    let word = level(words)?.to_lowercase();
    let Some(row) = report.epics.iter().find(|row| row.id == id) else {
        return Err(WebError::NotFound(format!(
            "there is no {word} `{id}`; /epics lists them all"
        )));
    };
    let world = app.gauge.world(visit.moment.known).await?;
    let found = world.epics.entries().iter().any(|epic| epic.id == id && epic.found);
    let sheet = Sheet { report: &report, data: &world.dataset, row, words, visit: &visit, found };
    Ok(frame(&row.title, Here::Epics, &visit, &sheet.render(&word)))
}

struct Sheet<'a> {
    report: &'a Report,
    data: &'a Dataset,
    row: &'a EpicRow,
    words: &'static Words,
    visit: &'a Visit,
    /// A tracker knows it, so it has a story of its own.
    found: bool,
}

impl Sheet<'_> {
    fn zone(&self) -> Tz {
        self.data.zone
    }

    fn render(&self, word: &str) -> Markup {
        let row = self.row;
        html! {
            h1 { (row.title) }
            p.dateline {
                (capital(word)) " "
                @if self.found { a href=(self.visit.item(&row.id)) { (row.id) } } @else { (row.id) }
                @if let Some((state, since)) = row.state.zip(row.since) {
                    " · " (state_word(state)) " since " (day(since, self.zone()))
                }
            }
            (marks(row, self.visit))
            (self.facts())
            (self.measure())
            (self.decided())
            (self.history())
            (self.items())
        }
    }

    fn facts(&self) -> Markup {
        let row = self.row;
        let fact =
            |name: &str, text: Markup| html! { tr { th scope="row" { (name) } td { (text) } } };
        let names = |slices: &[crate::signals::report::Slice]| {
            list(&slices.iter().map(|slice| slice.name.clone()).collect::<Vec<_>>())
        };
        html! {
            table.facts {
                tbody {
                    (fact("Hypothesis", match &row.hypothesis {
                        Some(text) => html! { (quoted(text)) },
                        None => html! { "None is stated." },
                    }))
                    (fact("Evidence", html! {
                        span.tag { (level_tag(row)) } " " (row.evidence) " "
                        a href=(self.visit.signal("O3", None)) { "how it is told" }
                    }))
                    @if let Some(stream) = &row.stream {
                        (fact(self.words.stream, html! {
                            a href=(self.visit.link(&format!("/streams/{}", stream.id))) { (stream.name) }
                        }))
                    }
                    @if !row.worked_by.is_empty() {
                        (fact("Worked on by", html! { "teams at home in " (names(&row.worked_by)) ", each with a tenth of its attention or more over 12 weeks" }))
                    }
                    @if let Some((word, theme)) = self.words.theme.zip(row.theme.as_ref()) { (fact(word, html! { (theme.name) })) }
                    @if let Some(horizon) = &row.horizon { (fact("Horizon", html! { (horizon) })) }
                    @if row.context == Context::OneOff { (fact("Context", html! { "one-off work, left out of flow signals" })) }
                    (fact("First release", match row.first_release {
                        Some(at) => html! { (day(at, self.zone())) },
                        None => html! { "None of its items was released, as far as releases are recorded." },
                    }))
                    @if let Some(days) = row.pause_days.filter(|_| !row.dormant) {
                        (fact("Active work", if days < 1.0 {
                            html! { "in the newest complete week or at its end" }
                        } else {
                            html! { "none for " (value(days.floor(), Unit::Days)) ", up to the end of the newest complete week" }
                        }))
                    }
                }
            }
        }
    }

    /// The measure that it is meant to move, with its chart.
    fn measure(&self) -> Markup {
        let Some(measure) = &self.row.outcome else {
            return html! { h2 { "Its measure" } p { "It is linked to no outcome measure, so no reading tells whether it works." } };
        };
        let found =
            self.report.findings.iter().find(|f| f.signal == "O1" && f.slice.id == measure.id);
        let series = found.and_then(|f| f.series.as_ref());
        html! {
            h2 { "Its measure" }
            article.tell.plain[series.is_none()] {
                div {
                    h3 { (measure.name) " "
                        @if let Some(found) = found { a.tag href=(self.visit.signal("O1", Some(&found.slice))) { "O1: how to read it" } } }
                    @match found {
                        None => p { "The measure is not declared as an outcome." },
                        Some(found) => {
                            p { (super::signal_words::verdict(&found.verdict)) }
                            @if let Some(said) = &found.observation {
                                p { (whole(&capital(&said.evidence))) }
                                p.soft { (whole(&said.uncertainty)) }
                            }
                            (table(found, None, &measure.name, self.zone()))
                        }
                    }
                }
                @if let Some(series) = series {
                    (chart::behaviour(series, &format!("Chart of {}. Its numbers are in the table below.", measure.name)))
                    details { summary { "The numbers of the drawing" } (chart::table(series, &measure.name)) }
                }
            }
        }
    }

    /// What was decided about it, what was expected, and how attention followed.
    fn decided(&self) -> Markup {
        let own: Vec<_> = self
            .report
            .decisions
            .iter()
            .filter(|d| d.subject.dimension == "epic" && d.subject.id == self.row.id)
            .collect();
        let followed = |id: &str| {
            self.report.findings.iter().find(|found| found.signal == "D2" && found.slice.id == id)
        };
        html! {
            h2 { "Decisions" }
            @if own.is_empty() { p { "None is recorded about it." } }
            @else {
                ul.tight {
                    @for row in own.iter().rev() {
                        li {
                            (day(row.made_at, self.zone())) ": "
                            a href=(self.visit.link(&format!("/decisions#{}", row.id))) { (row.phrase) }
                            ", " (quoted(&row.why))
                            @if let Some(expects) = &row.expects {
                                br; span.small { "Expected: " (expects.measure.name) " " (expects.direction.word()) "; "
                                    @match expects.outcome {
                                        Some(came) => (outcome(came)),
                                        None => "its review date has not come",
                                    } }
                            }
                            @if let Some(found) = followed(&row.id) {
                                br; span.small { a href=(self.visit.signal("D2", Some(&found.slice))) { "Follow-through" } ": " (short(&found.verdict))
                                    @if let Some(said) = &found.observation { ". " (whole(&capital(&said.evidence))) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn history(&self) -> Markup {
        let as_of = self.report.header.as_of;
        let states: Vec<(Timestamp, EpicState)> = self
            .data
            .epics
            .iter()
            .find(|epic| epic.id == self.row.id)
            .map(|epic| epic.states.iter().filter(|(at, _)| *at < as_of).copied().collect())
            .unwrap_or_default();
        let ends = states.iter().skip(1).map(|(at, _)| *at).chain([as_of]);
        html! {
            h2 { "History" }
            @if states.is_empty() { p { "No status of it is mapped to a state of the portfolio." } }
            @else {
                div.scroll tabindex="0" role="region" aria-label="States over time" {
                    table.figures.told {
                        thead { tr { th scope="col" { "From" } th scope="col" { "State" } th.n scope="col" { "For" } } }
                        tbody {
                            @for ((from, state), to) in states.iter().zip(ends) {
                                tr {
                                    th.words scope="row" { (day(*from, self.zone())) }
                                    td { (state_word(*state)) }
                                    td.n { (value(to.days_since(*from), Unit::Days)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The items that belong to it at the instant of the page, by key.
    fn items(&self) -> Markup {
        let as_of = self.report.header.as_of;
        let own = self.data.epics.iter().position(|epic| epic.id == self.row.id);
        let keys: Vec<&str> = self
            .data
            .items
            .iter()
            .filter(|item| {
                let now = item.segments.iter().rfind(|segment| segment.from < as_of);
                now.and_then(|segment| segment.epic).map(|epic| epic.0 as usize) == own
            })
            .map(|item| item.key.as_str())
            .collect();
        html! {
            h2 { "Items" }
            @if keys.is_empty() { p { "No item belongs to it." } }
            @else {
                p.keys.small {
                    @for (nth, key) in keys.iter().take(KEYS).enumerate() {
                        @if nth > 0 { ", " }
                        a href=(self.visit.item(key)) { (key) }
                    }
                    @if keys.len() > KEYS { " and more" }
                }
            }
        }
    }
}

/// A state in words.
pub(super) fn state_word(state: EpicState) -> &'static str {
    match state {
        EpicState::Funnel => "in the funnel",
        EpicState::Reviewing => "reviewing",
        EpicState::Analysing => "analysing",
        EpicState::Ready => "ready",
        EpicState::Implementing => "implementing",
        EpicState::Done => "done",
        EpicState::Rejected => "rejected",
    }
}
