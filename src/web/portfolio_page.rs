//! `/`: the three questions with their evidence. The same digest as the Markdown, with charts.

use maud::{Markup, html};

use super::chart;
use super::layout::{Here, page};
use crate::digests::compose::{Section, Told};
use crate::digests::{Digest, words};
use crate::signals::report::{Finding, Report};

/// Renders the page.
#[must_use]
pub fn render(digest: &Digest, report: &Report) -> Markup {
    let body = html! {
        h1 { (report.header.portfolio) }
        p.dateline { (digest.dateline) }
        @for section in &digest.sections { (render_section(section, report)) }
        @if !digest.due_reviews.is_empty() {
            h3 { "Decisions due for review" }
            ul.tight {
                @for due in &digest.due_reviews {
                    li { (due.decision) " " (due.subject) ": " (due.expected) " (review date "
                        (due.review_at.to_utc().format("%-d %B %Y")) " passed)" }
                }
            }
        }
        (foot(digest))
    };
    page(&report.header.portfolio, Here::Portfolio, &body)
}

fn render_section(section: &Section, report: &Report) -> Markup {
    html! {
        section aria-label=(section.heading) {
            h2 { (section.heading) }
            @if !section.table.is_empty() { (intent_table(section)) }
            @for told in &section.observations { (observation(told, report)) }
            @if section.overflow > 0 {
                p.soft.small { (section.overflow) " more in the appendix of the digest." }
            }
            @for line in &section.silence { p.quiet { (line) } }
            @if let Some(unlock) = &section.unlock {
                p.quiet { (unlock.sentence) }
                pre { code { (unlock.declaration) } }
            }
        }
    }
}

fn intent_table(section: &Section) -> Markup {
    let most = section
        .table
        .iter()
        .flat_map(|row| [row.observed, row.band.map(|b| b.1), row.weekly.map(|w| w.1)])
        .flatten()
        .fold(0.1_f64, f64::max);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Declared and observed attention" {
            table {
                thead { tr {
                    @for cell in words::INTENT_HEADER { th scope="col" { (cell) } }
                    th scope="col" { "Band and share" }
                } }
                tbody {
                    @for row in &section.table {
                        @let cells = words::intent_cells(row);
                        tr {
                            th scope="row" { (cells[0]) }
                            @for cell in &cells[1..] { td { (cell) } }
                            td { (chart::share(row, most * 1.05)) }
                        }
                    }
                }
            }
        }
    }
}

fn observation(told: &Told, report: &Report) -> Markup {
    let series = finding_of(told, report).and_then(|finding| finding.series.as_ref());
    let observation = &told.observation;
    html! {
        article class=(if series.is_some() { "tell" } else { "tell plain" }) {
            div {
                p { strong { (observation.subject) } span.tag { (told.signal) } }
                p { (observation.evidence) " " (observation.uncertainty) }
                p.ask { (observation.question) }
            }
            @if let Some(series) = series {
                (chart::behaviour(series, &format!("{}: {}", observation.subject, observation.evidence)))
            }
        }
    }
}

fn finding_of<'a>(told: &Told, report: &'a Report) -> Option<&'a Finding> {
    report
        .findings
        .iter()
        .find(|finding| finding.signal == told.signal && finding.slice.id == told.slice)
}

fn foot(digest: &Digest) -> Markup {
    html! {
        footer.foot {
            p {
                (words::standing(&digest.tally, &digest.unconfirmed))
            }
            @if !digest.unseen.is_empty() { p { "Not visible here: " (digest.unseen.join(" ")) } }
            p {
                (digest.false_alarms)
                " This page contains no person, no team comparison, no dates to come and no completion figures."
            }
        }
    }
}
