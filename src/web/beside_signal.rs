//! Two instants of one signal side by side.

use maud::{Markup, html};

use super::beside::{NAMES, columns};
use super::error::WebError;
use super::layout::{Here, page as frame};
use super::measure_words::{self, marked};
use super::moment::Visit;
use super::signal_page::{address, finding, foot, slices, unknown};
use super::signal_parts::{drawn, said, why};
use super::signal_words::short;
use super::{chart, gates, time_travel};
use crate::digests::{links, words};
use crate::signals::Signal;
use crate::signals::report::{Confidence, Finding, Gate, Report, Slice};

/// A signal in two reports.
pub struct Pair<'a> {
    pub signal: &'a Signal,
    pub reports: [&'a Report; 2],
    pub visit: &'a Visit,
}

/// Renders the slice that is asked for; without a question, every slice that either report has.
///
/// # Errors
/// Neither report has the slice.
pub fn page(this: &Pair<'_>, asked: Option<&str>) -> Result<Markup, WebError> {
    let mut known: Vec<&Slice> = slices(this.reports[0], this.signal);
    for slice in slices(this.reports[1], this.signal) {
        if known.iter().all(|one| address(one) != address(slice)) {
            known.push(slice);
        }
    }
    let chosen: Vec<&Slice> = match asked {
        Some(asked) => {
            let found = known.iter().find(|slice| address(slice) == asked);
            vec![*found.ok_or_else(|| unknown(this.signal, asked, &known))?]
        }
        None => known,
    };
    let signal = this.signal;
    let body = html! {
        h1 { (signal.name) }
        p.dateline { (signal.id) " · two instants side by side; what differs is marked" }
        p.lead { (signal.asks) }
        p { (signal.definition) }
        p.soft.small { (signal.edition()) }
        @if chosen.is_empty() { p.quiet { "Neither instant has a slice for it." } }
        @if chosen.len() > 1 && signal.id != "H2" { (this.overview(&chosen)) }
        @else { @for slice in &chosen {
            section {
                h2 { (slice.name) }
                (columns(this.visit, |nth, own| this.side(slice, nth, own), "h3"))
            }
        } }
        (foot(signal))
    };
    let title = format!("{}, two instants", signal.name);
    Ok(frame(&title, Here::Signals, this.visit, &body))
}

impl Pair<'_> {
    /// Every slice with its verdict and newest value at both instants; its own page draws it.
    fn overview(&self, slices: &[&Slice]) -> Markup {
        let of = |slice: &Slice, nth: usize| -> Option<String> {
            let found = finding(self.reports[nth], self.signal, slice)?;
            let newest = found
                .series
                .as_ref()
                .and_then(|series| Some(chart::number(series.points.last()?.value?, series.unit)));
            let word = short(&found.verdict);
            Some(
                newest.map_or_else(|| word.to_owned(), |newest| format!("{word}; newest {newest}")),
            )
        };
        let moments = [self.visit.moment, self.visit.beside.unwrap_or_default()];
        html! {
            div.scroll tabindex="0" role="region" aria-label="Every slice at both instants" {
                table.slices {
                    thead { tr {
                        th scope="col" { "Slice" }
                        @for (name, moment) in NAMES.into_iter().zip(moments) {
                            th scope="col" { (name) ": " (time_travel::words(self.visit, moment)) }
                        }
                    } }
                    tbody {
                        @for slice in slices {
                            @let said = [of(slice, 0), of(slice, 1)];
                            tr {
                                th scope="row" { a href=(self.visit.link_both(&links::slice(self.signal.id, slice))) { (slice.name) } }
                                @for nth in 0..2 { td {
                                    @match &said[nth] {
                                        Some(text) => (marked(text, Some(said[1 - nth].clone()))),
                                        None => mark { "not there" },
                                    }
                                } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn side(&self, slice: &Slice, nth: usize, own: &Visit) -> Markup {
        let of =
            |nth: usize| -> Option<&Finding> { finding(self.reports[nth], self.signal, slice) };
        let dateline = words::dateline(&self.reports[nth].header);
        let subject = format!("{}, {}", slice.name, NAMES[nth].to_lowercase());
        if self.signal.id == "H2" {
            return self.gates(slice, nth, &subject);
        }
        html! {
            p.soft.small { (dateline) }
            @match of(nth) {
                Some(found) => {
                    (said(found))
                    (drawn(found, &subject, false, own.zone))
                    (why(found))
                    (measure_words::table(found, of(1 - nth), &subject, own.zone))
                },
                None => p.quiet { mark { "At this instant there is no such slice." } },
            }
        }
    }
    fn gates(&self, slice: &Slice, nth: usize, subject: &str) -> Markup {
        let of = |nth: usize| -> Option<&Confidence> {
            self.reports[nth].confidence.iter().find(|one| one.slice == *slice)
        };
        html! {
            p.soft.small { (words::dateline(&self.reports[nth].header)) }
            @match of(nth) {
                Some(own) => {
                    @let all: Vec<&Gate> = own.gates.iter().collect();
                    (gates::table(own, &all, of(1 - nth), subject))
                },
                None => p.quiet { mark { "At this instant there is no such slice." } },
            }
        }
    }
}
