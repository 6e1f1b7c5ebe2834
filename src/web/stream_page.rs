//! `/streams/{id}`: one value stream, from how long its work takes to what its outcomes did. The
//! numbers are those of the portfolio's report, so that no stream is judged otherwise here.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::access::Role;
use super::error::WebError;
use super::item_words::day;
use super::layout::{Here, capital, page as frame, prose, sentence, whole};
use super::measure_words::{span, table};
use super::moment::Visit;
use super::signal_words::{short, verdict};
use super::stream_parts as parts;
use super::{App, chart, notices, reads_portfolio, survival_chart};
use crate::digests::words as digest_words;
use crate::model::StreamKind;
use crate::portfolio::{Words, words};
use crate::signals::report::{Finding, Report, Slice};
use crate::signals::slices::{OTHER, Slices};
use crate::signals::{ALL, Dataset, Scope, Signal};

/// What the page is made of.
pub(super) struct Sheet<'a> {
    pub report: &'a Report,
    pub data: &'a Dataset,
    pub slice: Slice,
    pub visit: &'a Visit,
    pub zone: Tz,
    pub words: &'static Words,
}

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let world = app.gauge.world(visit.moment.known).await?;
    let data = &*world.dataset;
    let header = &report.header;
    let words = words(header.vocabulary);
    let slices = Slices::streams(data, header.as_of, &Scope::Portfolio);
    let place = slices
        .showing(data, &id)
        .filter(|place| slices.list[*place].id != crate::signals::slices::NONE);
    let Some(place) = place else {
        let word = words.stream.to_lowercase();
        return Err(WebError::NotFound(format!(
            "there is no {word} `{id}`; the map lists them all"
        )));
    };
    let slice = slices.list[place].clone();
    let notices = notices::of(&app, &visit).await?;
    if slice.id == OTHER && id != OTHER {
        let stream = data.streams.iter().find(|stream| stream.id == id);
        let name = stream.map_or(id.as_str(), |stream| stream.name.as_str());
        return Ok(frame(name, Here::Elsewhere, &visit, &merged(name, words, &visit, &notices)));
    }
    let sheet = Sheet { report: &report, data, slice, visit: &visit, zone: data.zone, words };
    Ok(frame(&sheet.slice.name, Here::Elsewhere, &visit, &sheet.render(&notices)))
}

/// A stream that is told among the others.
fn merged(name: &str, words: &Words, visit: &Visit, notices: &Markup) -> Markup {
    let word = words.stream.to_lowercase();
    html! {
        h1 { (name) }
        p.dateline { (words.stream) }
        (notices)
        p {
            "Fewer than three teams are at home here, so the numbers of this " (word)
            " would be those of one or two of them. It is told as a part of "
            a href=(visit.link(&format!("/streams/{OTHER}"))) { "Other streams" } "."
        }
        p.quiet { (prose("`publish = true` in its `[[stream]]` would show it by itself; that is for those who work in it to say.")) }
        p { a href=(visit.link("/map")) { "The map" } " shows what belongs to it." }
    }
}

impl Sheet<'_> {
    fn render(&self, notices: &Markup) -> Markup {
        let enabling = self
            .data
            .streams
            .iter()
            .any(|stream| stream.id == self.slice.id && stream.kind == StreamKind::Enabling);
        let word = self.words.enabling_stream.filter(|_| enabling).unwrap_or(self.words.stream);
        html! {
            h1 { (self.slice.name) }
            p.dateline { (word) " · " (digest_words::dateline(&self.report.header)) }
            (notices)
            @if self.slice.id == OTHER { (self.others()) }
            (self.glance())
            h2 #flow { "How long work takes, and how much of it there is" }
            (self.flow_time())
            (self.signal("V2", ""))
            (self.signal("V3", ""))
            h2 #waits { "Where it waits" }
            (self.located())
            (self.signal("V4", ""))
            (parts::dependencies(self))
            h2 #returns { "What comes back" }
            (self.signal("V6", ""))
            (self.signal("V6", "/failure-demand"))
            h2 #releases { "From finished to released" }
            (self.signal("C4", ""))
            (parts::rhythm(self))
            h2 #outcomes { "What goes in, and what moves" }
            (self.signal("P1", ""))
            (parts::outcomes(self))
            (parts::decided(self))
            h2 #grounds { "What these numbers rest on" }
            (self.signal("H1", ""))
            (parts::confidence(self))
        }
    }

    fn others(&self) -> Markup {
        let slices = Slices::streams(self.data, self.report.header.as_of, &Scope::Portfolio);
        let held = self.data.streams.iter().filter(|stream| {
            slices.showing(self.data, &stream.id).is_some_and(|at| slices.list[at].id == OTHER)
        });
        let names: Vec<String> = held.map(|stream| stream.name.clone()).collect();
        html! {
            p {
                "Told together, for fewer than three teams are at home in each: "
                (crate::signals::words::list(&names)) "."
            }
        }
    }

    /// What was found, in a line each, with the way to it.
    fn glance(&self) -> Markup {
        let told = ["V1", "V2", "V3", "V5", "V4", "V6", "C4", "P1"];
        html! {
            nav.glance aria-label="At a glance" {
                ul.plain {
                    @for id in told {
                        @if let (Some(signal), Some(found)) = (catalogued(id), self.found(id, "")) {
                            li { a href=(format!("#{id}")) { (signal.name) } ": " (short(&found.verdict)) }
                        }
                    }
                }
            }
        }
    }

    /// The finding of a signal for this slice, or for a part of it.
    pub fn found(&self, signal: &str, part: &str) -> Option<&Finding> {
        let id = format!("{}{part}", self.slice.id);
        self.report.findings.iter().find(|found| {
            found.signal == signal && found.slice.dimension == "stream" && found.slice.id == id
        })
    }

    /// One signal with its verdict, numbers and chart.
    fn signal(&self, id: &'static str, part: &str) -> Markup {
        self.card(id, part, None, &html! {})
    }

    fn flow_time(&self) -> Markup {
        let curve = self.found("V1", "").and_then(|found| found.curve.as_ref());
        let Some(curve) = curve else { return self.signal("V1", "") };
        let name = &self.slice.name;
        let label = format!(
            "Survival curve of the flow time of {name}. Its numbers are in the table below."
        );
        let numbers = html! {
            p.small { "Ages were observed from " (span(curve.window, self.zone)) "." }
            (survival_chart::table(curve, &format!("flow time of {name}")))
        };
        self.card("V1", "", Some(survival_chart::survival(curve, "V1", &label)), &numbers)
    }

    /// Waiting by state beside the chart of the active share.
    fn located(&self) -> Markup {
        let parts = self.found("V5", "").map_or(&[][..], |found| &found.parts);
        let states = html! {
            @if !parts.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="Waiting by state" {
                    table.figures.told {
                        thead { tr { th scope="col" { "Waiting in" } th.n scope="col" { "Item-days" } th.n scope="col" { "Of all waiting" } th scope="col" { "Drawn" } } }
                        tbody {
                            @for part in parts {
                                tr {
                                    th.words scope="row" { (part.name) }
                                    td.n { (crate::signals::words::number(part.value)) }
                                    td.n { (whole(&crate::signals::words::percent(part.share))) }
                                    td { (chart::bar(part.share)) }
                                }
                            }
                        }
                    }
                }
            }
        };
        self.card_with("V5", "", None, &html! {}, &states)
    }

    fn card(&self, id: &'static str, part: &str, drawn: Option<Markup>, more: &Markup) -> Markup {
        self.card_with(id, part, drawn, more, &html! {})
    }

    fn card_with(
        &self,
        id: &'static str,
        part: &str,
        drawn: Option<Markup>,
        more: &Markup,
        inside: &Markup,
    ) -> Markup {
        let Some(signal) = catalogued(id) else { return html! {} };
        let Some(found) = self.found(id, part) else { return self.silent(signal) };
        let about = format!("{}, {}", self.slice.name, title(signal, part).to_lowercase());
        let series = found.series.as_ref().filter(|series| !series.points.is_empty());
        let drawing = drawn.is_some() || series.is_some();
        html! {
            article.tell.plain[!drawing] id=(format!("{id}{}", part.replace('/', "-"))) {
                div {
                    h3 { (title(signal, part)) " " (self.tag(found)) }
                    p { (whole(&told(found))) }
                    @if let Some(said) = &found.observation {
                        p { (whole(&capital(&said.evidence))) }
                        p.soft { (whole(&said.uncertainty)) }
                        p.ask { (said.question) }
                    }
                    (inside)
                    (table(found, None, &about, self.zone))
                }
                @if let Some(drawn) = &drawn { (drawn) }
                @else if let Some(series) = series {
                    (chart::behaviour(series, &format!("Chart of {about}. Its numbers are in the table below.")))
                }
                @if drawing {
                    details {
                        summary { "The numbers of the drawing" }
                        (more)
                        @if drawn.is_none() {
                            @if let Some(series) = series { (chart::table(series, &about)) }
                        }
                    }
                }
            }
        }
    }

    /// The way to the page of the signal, for this slice.
    pub fn tag(&self, found: &Finding) -> Markup {
        html! {
            a.tag href=(self.visit.signal(found.signal, Some(&found.slice))) {
                (found.signal) ": how to read it"
            }
        }
    }

    /// A signal that says nothing of this stream at all.
    fn silent(&self, signal: &Signal) -> Markup {
        let whole = self.report.findings.iter().find(|found| found.signal == signal.id);
        html! {
            article.tell.plain id=(signal.id) {
                div {
                    h3 { (signal.name) " " a.tag href=(self.visit.signal(signal.id, None)) { (signal.id) } }
                    p {
                        @match whole.filter(|found| !found.verdict.has_data()) {
                            Some(found) => (verdict(&found.verdict)),
                            None => "Nothing was found of it here.",
                        }
                    }
                }
            }
        }
    }

    pub fn day(&self, at: crate::model::Timestamp) -> String {
        day(at, self.zone)
    }
}

/// V6 has two halves with names of their own.
fn title(signal: &Signal, part: &str) -> String {
    match (signal.id, part) {
        ("V6", "") => "Reopened work".to_owned(),
        ("V6", _) => "Failure demand".to_owned(),
        _ => signal.name.to_owned(),
    }
}

/// The verdict; of the gate in words of its own.
fn told(found: &Finding) -> String {
    use crate::signals::report::Verdict;
    match (found.signal, &found.verdict) {
        ("H1", Verdict::Fact) => "Not steady over the window, so no average is printed.".to_owned(),
        ("H1", Verdict::Nothing) => sentence("Steady over the window, so averages may be read"),
        _ => verdict(&found.verdict),
    }
}

pub(super) fn catalogued(id: &str) -> Option<&'static Signal> {
    ALL.iter().find(|signal| signal.id == id)
}
