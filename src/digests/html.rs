//! The digest as one HTML file that mail programs can show.
//!
//! Mail programs drop style sheets, scripts and vector graphics, cut long messages, and invert
//! colours as they like. So styles stand inline, nothing is fetched, bars are table cells, charts are
//! pictures inside the text, and text takes the reader's own colours. The only links are those to our
//! own pages. The words are those of the Markdown.

use maud::{DOCTYPE, Markup, html};

use super::blocks::Block;
use super::chart;
use super::compose::{Digest, Section, Told};
use super::words;
use crate::plain;
use crate::signals::report::{Header, IntentRow, Observation, Report};

const BODY: &str = "margin:0;padding:0;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,\
                    sans-serif;font-size:16px;line-height:1.5";
const SHEET: &str = "max-width:640px;margin:0 auto;padding:20px 16px;overflow-wrap:break-word";
const H1: &str = "font-size:22px;line-height:1.25;margin:0 0 4px";
const H2: &str = "font-size:18px;line-height:1.3;margin:28px 0 10px;padding-top:14px;\
                  border-top:1px solid #8a989e";
const P: &str = "margin:10px 0";
const SOFT: &str = "margin:8px 0;font-size:14px;opacity:.8";
const STALE: &str = "margin:12px 0;padding:8px 12px;border-left:4px solid #d9a441";
const TABLE: &str = "border-collapse:collapse;width:100%;font-size:14px;margin:0 0 6px";
const TH: &str = "text-align:left;vertical-align:bottom;padding:4px 8px 4px 0;font-size:13px;\
                  font-weight:600;border-bottom:1px solid #8a989e";
const TD: &str = "text-align:left;vertical-align:top;padding:6px 8px 2px 0";
const BAR: &str = "padding:0 0 6px;border-bottom:1px solid #8a989e";
/// The reader's own colour: mail programs choose one for links that may not suit the ground.
const LINK: &str = "color:inherit;text-decoration:underline";
const PRE: &str = "margin:8px 0;padding:10px 12px;border:1px solid #8a989e;font-size:13px;\
                   line-height:1.45;white-space:pre-wrap;overflow-wrap:break-word";

/// Renders the page; with the report behind it, each observation of a series has its chart.
#[must_use]
pub fn render(digest: &Digest, report: Option<&Report>) -> String {
    let body = html! {
        p style=(SOFT) { (inert(&digest.dateline)) }
        @for line in &digest.stale { p style=(STALE) { (prose(line)) } }
        @for line in digest.against_last() { p style=(SOFT) { (inert(&line)) } }
        @for section in &digest.sections { (section_of(section, &digest.header, report)) }
        @if !digest.due_reviews.is_empty() {
            p style=(P) {
                "Decisions due for review: "
                (inert(&digest.due_reviews.iter().map(words::due_review).collect::<Vec<_>>().join("; ")))
            }
        }
        (foot(digest))
        @if !digest.appendix.is_empty() {
            h2 style=(H2) { "Appendix: observations that did not fit" }
            @for observation in &digest.appendix { (told(observation)) }
        }
    };
    document(&digest.title, &body)
}

/// A page of blocks.
pub(super) fn column(title: &str, blocks: &[Block]) -> String {
    let body = html! {
        @for block in blocks {
            @match block {
                Block::Heading(text) => h2 style=(H2) { (inert(text)) },
                Block::Said(subject, text, _) => {
                    p style=(P) { strong { (inert(subject)) } ": " (inert(text)) }
                }
                Block::Text(text) => p style=(P) { (inert(text)) },
                Block::Soft(text) => p style=(SOFT) { (inert(text)) },
                Block::Code(text) => pre style=(PRE) { (text) },
            }
        }
    };
    document(title, &body)
}

fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                title { (inert(title)) }
            }
            body style=(BODY) {
                div role="main" style=(SHEET) {
                    h1 style=(H1) { (inert(title)) }
                    (body)
                }
            }
        }
    };
    let mut text = plain::lines(&page.into_string()).into_owned();
    text.push('\n');
    text
}

fn section_of(section: &Section, header: &Header, report: Option<&Report>) -> Markup {
    html! {
        h2 style=(H2) { (section.heading) }
        @if !section.table.is_empty() { (intent(&section.table, header)) }
        @for one in &section.observations {
            (told(one))
            @if let Some(report) = report { (drawn(one, report)) }
        }
        @if section.overflow > 0 { p style=(SOFT) { (section.overflow) " more in the appendix." } }
        @for line in &section.silence { p style=(SOFT) { (prose(line)) } }
        @if let Some(unlock) = &section.unlock {
            p style=(SOFT) { (prose(&unlock.sentence)) }
            pre style=(PRE) { (unlock.declaration) }
        }
    }
}

/// The rows with a bar under each: its length is the share of attention, the page's width is all.
fn intent(rows: &[IntentRow], header: &Header) -> Markup {
    html! {
        table style=(TABLE) {
            thead { tr { @for cell in words::intent_header(header) { th scope="col" style=(TH) { (cell) } } } }
            tbody {
                @for row in rows {
                    @let cells = words::intent_cells(row);
                    tr {
                        th scope="row" style=(format!("{TD};font-weight:600")) { (inert(&cells[0])) }
                        @for cell in &cells[1..] { td style=(TD) { (inert(cell)) } }
                    }
                    tr role="presentation" { td colspan="5" style=(BAR) { (bar(row.observed)) } }
                }
            }
        }
    }
}

fn bar(share: Option<f64>) -> Markup {
    let width = share.map_or(0.0, |share| (share * 100.0).clamp(0.0, 100.0));
    html! {
        div style=(format!("width:{width:.0}%;height:6px;font-size:0;line-height:0;background:#2b8aab")) {}
    }
}

fn told(one: &Told) -> Markup {
    let Observation { subject, evidence, uncertainty, question, .. } = &one.observation;
    html! {
        p style=(P) {
            @match &one.link {
                Some(link) => a href=(link) style=(LINK) { strong { (inert(subject)) } },
                None => strong { (inert(subject)) },
            }
            ": " (inert(evidence))
            @if !uncertainty.is_empty() { " " (inert(uncertainty)) }
            @if !question.is_empty() { " " em { (inert(question)) } }
        }
    }
}

/// The chart of an observation, where its signal has a series.
fn drawn(one: &Told, report: &Report) -> Markup {
    let found = report.findings.iter().find(|found| {
        let slice = &found.slice;
        found.signal == one.signal && slice.dimension == one.dimension && slice.id == one.slice
    });
    html! {
        @if let Some(series) = found.and_then(|found| found.series.as_ref()) {
            (chart::picture(series))
        }
    }
}

fn foot(digest: &Digest) -> Markup {
    html! {
        div style="margin-top:28px;padding-top:10px;border-top:1px solid #8a989e" {
            @for line in digest.foot() { p style=(SOFT) { (inert(&line)) } }
        }
    }
}

/// Our own sentence, with code between backticks.
fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (inert(part)) } } @else { (inert(part)) }
        }
    }
}

/// Tracker text as text: no address or mention that a mail program would make a link of, nothing
/// that reorders what stands around it. Markup is escaped where it is rendered.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            ':' if text[at..].starts_with("://") => out.push_str(":\u{200b}"),
            '.' if text[..at].to_ascii_lowercase().ends_with("www") => out.push_str("\u{200b}."),
            '@' => out.push_str("@\u{200b}"),
            c if plain::is_active(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
