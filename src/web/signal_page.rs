//! `/signals/{id}`: what a signal asks, what it says of one slice and why, and how it misleads.
//! Everything is taken from the catalogue and the report; nothing is computed here.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use maud::{Markup, html};

use super::access::Role;
use super::chart;
use super::error::WebError;
use super::layout::{Here, capital, page as frame};
use super::moment::Visit;
use super::signal_parts::{behind, drawn, lacks, said, why};
use super::signal_words::short;
use super::{App, beside_signal, gates, measure_words, notices, reads_portfolio};
use crate::digests::{links, words};
use crate::portfolio as framework;
use crate::signals::report::{Finding, Report, Slice};
use crate::signals::{ALL, Scope, Signal};

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let signal = ALL.iter().find(|signal| signal.id == id).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|signal| signal.id).collect();
        WebError::NotFound(format!("there is no signal {id}; there are {}", known.join(", ")))
    })?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let asked = visit.rest.iter().find(|(name, _)| name == "slice").map(|(_, text)| text.as_str());
    if let Some(moment) = visit.beside {
        let second = app.gauge.report(moment, &Scope::Portfolio).await?;
        let pair = beside_signal::Pair { signal, reports: [&report, &second], visit: &visit };
        return beside_signal::page(&pair, asked);
    }
    let slice = chosen(&report, signal, asked)?;
    let notices = notices::of(&app, &visit).await?;
    let this = Page { signal, report: &report, visit: &visit };
    let body = html! {
        (head(signal, &report, &visit))
        (notices)
        @match &slice {
            Some(slice) => (this.of_slice(slice)),
            None => (this.overview()),
        }
        (foot(signal))
        @if asked.is_some() { (this.others(slice.as_ref())) }
    };
    let title = match slice {
        Some(slice) if asked.is_some() => format!("{}: {}", signal.name, slice.name),
        _ => signal.name.to_owned(),
    };
    Ok(frame(&title, Here::Signals, &visit, &body))
}

/// The slices that a signal has in a report, by dimension and name.
#[must_use]
pub fn slices<'a>(report: &'a Report, signal: &Signal) -> Vec<&'a Slice> {
    if signal.id == "H2" {
        return report.confidence.iter().map(|one| &one.slice).collect();
    }
    let own = report.findings.iter().filter(|found| found.signal == signal.id);
    let mut slices: Vec<&Slice> = own.map(|found| &found.slice).collect();
    // Everything first, then streams, then what lies across them.
    let order = ["portfolio", "stream", "pair", "group"];
    slices.sort_by_key(|slice| {
        let at = order.iter().position(|dimension| *dimension == slice.dimension);
        (at.unwrap_or(order.len()), slice.dimension)
    });
    slices
}

/// The slice that is asked for; without a question the only one there is.
fn chosen(
    report: &Report,
    signal: &Signal,
    asked: Option<&str>,
) -> Result<Option<Slice>, WebError> {
    let known = slices(report, signal);
    let Some(asked) = asked else {
        return Ok(match known.as_slice() {
            [only] => Some((*only).clone()),
            _ => None,
        });
    };
    let found = known.iter().find(|slice| address(slice) == asked);
    found.map(|slice| Some((*slice).clone())).ok_or_else(|| unknown(signal, asked, &known))
}

/// What exists instead of the slice that does not.
#[must_use]
pub fn unknown(signal: &Signal, asked: &str, known: &[&Slice]) -> WebError {
    let names: Vec<String> = known.iter().map(|slice| address(slice)).collect();
    let there = match names.as_slice() {
        [] => "no slice at all".to_owned(),
        names => names.join(", "),
    };
    WebError::NotFound(format!(
        "the signal {} has no slice {asked} at this instant; it has {there}",
        signal.id
    ))
}

/// A slice as an address names it: `stream:payments`.
#[must_use]
pub fn address(slice: &Slice) -> String {
    format!("{}:{}", slice.dimension, slice.id)
}

/// The finding of a signal for a slice.
#[must_use]
pub fn finding<'a>(report: &'a Report, signal: &Signal, slice: &Slice) -> Option<&'a Finding> {
    report.findings.iter().find(|found| {
        found.signal == signal.id
            && (found.slice.dimension, &found.slice.id) == (slice.dimension, &slice.id)
    })
}

/// What a signal is, above what it says.
#[must_use]
pub fn head(signal: &Signal, report: &Report, visit: &Visit) -> Markup {
    html! {
        h1 { (signal.name) }
        p.dateline {
            (signal.id) " · serves the question \""
            a href=(visit.link("/signals")) { (signal.question.text()) } "\""
        }
        p.lead { (signal.asks) }
        p { (signal.definition) }
        p.soft.small { (signal.edition()) }
        p.soft.small { (words::dateline(&report.header)) }
    }
}

/// How it is tested, how it misleads and how its definition changed, below.
#[must_use]
pub fn foot(signal: &Signal) -> Markup {
    html! {
        section aria-labelledby="misread" {
            h2 #misread { "Easily misread" }
            p { (signal.misreading) }
        }
        section aria-labelledby="tested" {
            h2 #tested { "When it is told" }
            p { (signal.test) }
            p.soft { "Only what is confirmed, and facts, may headline a page. That nothing is told is no evidence that nothing changed." }
        }
        @if signal.version() > 1 {
            section aria-labelledby="versions" {
                h2 #versions { "How its definition changed" }
                p { "All figures, those of the past as well, are computed by the newest definition." }
                ul.tight {
                    @for one in signal.history.iter().rev() {
                        li { "Version " (one.version) ", since " (one.since) ": " (one.changed) }
                    }
                }
            }
        }
    }
}

struct Page<'a> {
    signal: &'a Signal,
    report: &'a Report,
    visit: &'a Visit,
}

impl Page<'_> {
    fn of_slice(&self, slice: &Slice) -> Markup {
        let Self { signal, report, visit } = self;
        if signal.id == "H2" {
            return self.confidence(slice);
        }
        let Some(found) = finding(report, signal, slice) else { return html! {} };
        html! {
            section.answer aria-labelledby="slice" {
                h2 #slice { (slice.name) }
                (said(found))
                (lacks(signal, report, found))
                (drawn(found, &found.slice.name, true, visit.zone))
                (why(found))
            }
            section aria-labelledby="numbers" {
                h2 #numbers { "Its numbers" }
                @if found.measures.is_empty() { p.quiet { "There is none to tell yet." } }
                @else { (measure_words::table(found, None, &found.slice.name, visit.zone)) }
                (measure_words::parts(found))
            }
            section aria-labelledby="coverage" {
                h2 #coverage { "How far the data carries" }
                @if let Some(confidence) = gates::of(report, slice) {
                    (gates::table(confidence, &gates::before(confidence, signal.id), None, &confidence.slice.name))
                }
                p.small { a href=(visit.link(&links::signal("H2", None))) { "All gates" } }
            }
            section aria-labelledby="items" {
                h2 #items { "What it rests on" }
                (behind(signal, report, found, visit))
            }
        }
    }

    fn confidence(&self, slice: &Slice) -> Markup {
        let Some(confidence) = gates::of(self.report, slice) else { return html! {} };
        let all: Vec<_> = confidence.gates.iter().collect();
        html! {
            section aria-labelledby="slice" {
                h2 #slice { (slice.name) }
                (gates::table(confidence, &all, None, &slice.name))
                p.soft { (gates::counted(confidence)) }
            }
        }
    }

    /// Every slice with its verdict, by name.
    fn overview(&self) -> Markup {
        let known = slices(self.report, self.signal);
        html! {
            @if known.is_empty() {
                p.quiet { "This data has no slice for it at this instant." }
            }
            @for (dimension, slices) in by_dimension(&known) {
                @let id = format!("of-{dimension}");
                section aria-labelledby=(id) {
                    h2 #(id) { (heading(dimension, self.report)) }
                    @if self.signal.id == "H2" {
                        ul.tight { @for slice in &slices { li { (self.link(slice)) } } }
                    } @else { (self.table(dimension, &slices)) }
                }
            }
        }
    }

    fn table(&self, dimension: &str, slices: &[&Slice]) -> Markup {
        let label = format!("{}: {}", self.signal.name, heading(dimension, self.report));
        html! {
            div.scroll tabindex="0" role="region" aria-label=(label) {
                table.slices {
                    thead { tr {
                        th scope="col" { "Slice" } th scope="col" { "Verdict" }
                        th scope="col" { "Course" } th scope="col" { "Newest" }
                    } }
                    tbody {
                        @for found in slices.iter().filter_map(|slice| finding(self.report, self.signal, slice)) {
                            @let series = found.series.as_ref();
                            @let newest = series.and_then(|s| Some(chart::number(s.points.last()?.value?, s.unit)));
                            tr {
                                th scope="row" { (self.link(&found.slice)) }
                                td { (short(&found.verdict)) }
                                td { @match series {
                                    Some(series) => (chart::spark(series, &format!("{}: course of its chart", found.slice.name))),
                                    None => span.soft { "no chart" },
                                } }
                                td { (newest.unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The other slices of the same signal.
    fn others(&self, here: Option<&Slice>) -> Markup {
        let known = slices(self.report, self.signal);
        html! {
            @if known.len() > 1 {
                nav.others aria-labelledby="others" {
                    h2 #others { "Other slices of this signal" }
                    @for (dimension, slices) in by_dimension(&known) {
                        h3 { (heading(dimension, self.report)) }
                        ul.inline {
                            @for slice in slices {
                                li {
                                    @if Some(slice) == here { strong aria-current="page" { (slice.name) } }
                                    @else { (self.link(slice)) }
                                    @if let Some(found) = finding(self.report, self.signal, slice) {
                                        " " span.soft.small { (short(&found.verdict)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn link(&self, slice: &Slice) -> Markup {
        let page = self.visit.link(&links::slice(self.signal.id, slice));
        html! { a href=(page) { (slice.name) } }
    }
}

/// Slices under their dimension, in the order that they have.
fn by_dimension<'a>(slices: &[&'a Slice]) -> Vec<(&'static str, Vec<&'a Slice>)> {
    let mut groups: Vec<(&'static str, Vec<&'a Slice>)> = Vec::new();
    for slice in slices {
        match groups.iter_mut().find(|(dimension, _)| *dimension == slice.dimension) {
            Some((_, group)) => group.push(slice),
            None => groups.push((slice.dimension, vec![slice])),
        }
    }
    groups
}

/// A dimension in the portfolio's words.
fn heading(dimension: &str, report: &Report) -> String {
    let words = framework::words(report.header.vocabulary);
    match dimension {
        "portfolio" => "Everything".to_owned(),
        "stream" => format!("By {}", words.stream.to_lowercase()),
        "theme" => format!("By {}", words.theme.unwrap_or("Theme").to_lowercase()),
        "kind" => "By kind of work".to_owned(),
        "horizon" => "By horizon".to_owned(),
        "pair" => "Who waits for whom".to_owned(),
        "group" => "Waiting in a circle".to_owned(),
        "outcome" => "By outcome measure".to_owned(),
        "decision" => "By decision".to_owned(),
        other => capital(other),
    }
}
