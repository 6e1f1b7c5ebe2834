//! `/`: the three questions with their evidence. The same digest as the Markdown, with charts.

use maud::{Markup, html};

use super::chart;
use super::layout::{Here, capital, page, prose, whole};
use super::moment::Visit;
use crate::digests::compose::{Section, Told};
use crate::digests::{Digest, links, words};
use crate::portfolio::words as framework;
use crate::signals::report::{Finding, Report};
use crate::signals::slices::NONE;
use crate::signals::{ALL, Signal};

/// Keys shown under an observation; the rest is counted.
const MOST_KEYS: usize = 6;

/// A digest, the report behind it, and who looks.
pub struct Page<'a> {
    pub digest: &'a Digest,
    pub report: &'a Report,
    pub visit: Visit,
}

/// Renders the page under `notices`.
#[must_use]
pub fn render(this: &Page<'_>, notices: &Markup) -> Markup {
    let digest = this.digest;
    let name = &this.report.header.portfolio;
    let body = html! {
        h1 { (name) }
        p.dateline { (digest.dateline) }
        (notices)
        (glance(digest))
        @for (index, section) in digest.sections.iter().enumerate() {
            (render_section(this, section, index + 1))
        }
        (due_reviews(digest, &this.visit))
        (foot(digest, &this.visit))
    };
    page(name, Here::Portfolio, &this.visit, &body)
}

/// The whole page in three lines.
fn glance(digest: &Digest) -> Markup {
    html! {
        nav.glance aria-label="At a glance" {
            ol {
                @for (index, section) in digest.sections.iter().enumerate() {
                    li {
                        a href=(format!("#question-{}", index + 1)) { (section.question.text()) }
                        " "
                        span {
                            @if section.observations.is_empty() {
                                (section.silence.first().map_or("Nothing to tell.", String::as_str))
                            } @else {
                                @for (nth, told) in section.observations.iter().enumerate() {
                                    @if nth > 0 { " · " }
                                    (told.observation.subject)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn render_section(this: &Page<'_>, section: &Section, number: usize) -> Markup {
    let id = format!("question-{number}");
    html! {
        section aria-labelledby=(id) {
            h2 #(id) { (section.heading) }
            @if !section.table.is_empty() { (intent_table(this, section)) }
            @for told in &section.observations { (observation(this, told)) }
            @if section.overflow > 0 {
                p.soft.small { (section.overflow) " more in the appendix of the digest." }
            }
            @for line in &section.silence { p.quiet { (prose(line)) } }
            @if let Some(unlock) = &section.unlock {
                p.quiet { (prose(&unlock.sentence)) }
                pre { code { (unlock.declaration) } }
            }
        }
    }
}

fn intent_table(this: &Page<'_>, section: &Section) -> Markup {
    let columns = words::intent_header(&this.report.header);
    let most = chart::share_axis(&section.table);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Declared and observed attention" {
            table.intent {
                thead { tr {
                    th scope="col" { (columns[0]) }
                    th scope="col" {
                        "Share of attention"
                        span.scale aria-hidden="true" { span { "0 %" } span { (words::percent(most)) } }
                    }
                    @for cell in &columns[1..] { th scope="col" { (cell) } }
                } }
                tbody {
                    @for row in &section.table {
                        @let cells = words::intent_cells(row);
                        tr {
                            th scope="row" {
                                @if row.slice.dimension == "stream" && row.slice.id != NONE {
                                    a href=(this.visit.link(&format!("/streams/{}", row.slice.id))) { (cells[0]) }
                                } @else { (cells[0]) }
                            }
                            td { (chart::share(row, most)) }
                            @for cell in &cells[1..] { td { (cell) } }
                        }
                    }
                }
            }
        }
        p.soft.small {
            "Shaded: the declared band. Line: smallest to largest week. Dot: the share; a diamond where it lies outside the band."
        }
    }
}

fn observation(this: &Page<'_>, told: &Told) -> Markup {
    let finding = finding_of(told, this.report);
    let series = finding.and_then(|finding| finding.series.as_ref());
    let signal = ALL.iter().find(|signal| signal.id == told.signal);
    let said = &told.observation;
    let page = links::signal(told.signal, Some((told.dimension, &told.slice)));
    html! {
        article.tell.plain[series.is_none()] {
            div {
                h3 {
                    (said.subject) " "
                    a.tag href=(this.visit.link(&page)) { @if let Some(signal) = signal { (signal.name) " · " } (told.signal) }
                }
                p { (whole(&capital(&said.evidence))) }
                @if !said.uncertainty.is_empty() { p.soft { (whole(&said.uncertainty)) } }
                p.ask { (said.question) }
                @if let Some(finding) = finding { (behind(this, finding)) }
            }
            @if let Some(series) = series {
                (chart::behaviour(series, &format!("Chart. {}: {}", said.subject, said.evidence)))
            }
            (background(signal, finding, &said.subject))
        }
    }
}

/// The keys behind an observation: links to work items, ids of epics.
fn behind(this: &Page<'_>, finding: &Finding) -> Markup {
    let (epics, items): (Vec<&String>, Vec<&String>) =
        finding.items.iter().partition(|key| this.report.epic(key).is_some());
    let epic_pages = framework(this.visit.vocabulary).epic.is_some();
    html! {
        @if !items.is_empty() {
            p.keys {
                "Items: "
                @for (nth, key) in items.iter().take(MOST_KEYS).enumerate() {
                    @if nth > 0 { ", " }
                    a href=(this.visit.item(key)) { (key) }
                }
                @if items.len() > MOST_KEYS { " and " (items.len() - MOST_KEYS) " more" }
            }
        }
        @if !epics.is_empty() {
            p.keys {
                "Epics: "
                @for (nth, key) in epics.iter().take(MOST_KEYS).enumerate() {
                    @if nth > 0 { ", " }
                    // A framework without epics has no page of one.
                    @if epic_pages { a href=(this.visit.epic(key)) { (key) } } @else { (key) }
                }
                @if epics.len() > MOST_KEYS { " and " (epics.len() - MOST_KEYS) " more" }
            }
        }
    }
}

/// What is measured, how it misleads, and the numbers of the chart.
fn background(signal: Option<&Signal>, finding: Option<&Finding>, subject: &str) -> Markup {
    let series = finding.and_then(|finding| finding.series.as_ref());
    html! {
        details {
            summary { "What this measures" @if series.is_some() { ", and its numbers" } }
            @if let Some(signal) = signal {
                p { (signal.definition) }
                p { "Easily misread: " (signal.misreading) }
            }
            @if let Some(series) = series { (chart::table(series, subject)) }
        }
    }
}

fn finding_of<'a>(told: &Told, report: &'a Report) -> Option<&'a Finding> {
    report.findings.iter().find(|finding| {
        (finding.signal, finding.slice.dimension, &finding.slice.id)
            == (told.signal, told.dimension, &told.slice)
    })
}

fn due_reviews(digest: &Digest, visit: &Visit) -> Markup {
    html! {
        @if !digest.due_reviews.is_empty() {
            section aria-labelledby="due" {
                h2 #due { "Decisions due for review" }
                ul.tight {
                    @for due in &digest.due_reviews {
                        li {
                            strong { (due.subject) } ": " (due.expected) " was expected; the review date was "
                            (due.review_at.to_utc().format("%-d %B %Y")) " "
                            a.small href=(visit.link(&format!("/decisions#{}", due.decision))) { (due.decision) }
                        }
                    }
                }
            }
        }
    }
}

fn foot(digest: &Digest, visit: &Visit) -> Markup {
    html! {
        section.foot aria-label="What stands behind this page" {
            p {
                (words::standing(&digest.tally, &digest.unconfirmed)) " " (digest.false_alarms)
            }
            @if !digest.unseen.is_empty() {
                p { "Not visible here:" }
                ul.tight { @for line in &digest.unseen { li { (prose(line)) } } }
            }
            p { (words::REFUSED) }
            p { a href=(visit.link("/signals")) { "Every signal with its verdict" } }
            p { a href="/status" { "How fresh the data of each connection is" } }
        }
    }
}
