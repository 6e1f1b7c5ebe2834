//! The parts of a signal page that say what a finding says: its verdict, its reasons, its chart,
//! and what it rests on.

use chrono_tz::Tz;
use maud::{Markup, html};

use super::layout::{capital, prose, sentence, whole};
use super::moment::Visit;
use super::signal_words::{reasons, verdict};
use super::{chart, measure_words, survival_chart};
use crate::signals::Signal;
use crate::signals::report::{Finding, Report, Unlock};

/// Keys that are listed behind a number; the rest is counted.
const MOST_KEYS: usize = 60;

/// Why the verdict is what it is.
#[must_use]
pub fn why(found: &Finding) -> Markup {
    let reasons = reasons(found);
    html! {
        @if !reasons.is_empty() {
            p { "Why this verdict:" }
            ul.tight.soft { @for line in &reasons { li { (whole(line)) } } }
        }
    }
}

/// The verdict, and the sentences that a digest tells.
#[must_use]
pub fn said(found: &Finding) -> Markup {
    html! {
        p.verdict { strong { (whole(&verdict(&found.verdict))) } }
        @if let Some(said) = &found.observation {
            p { (whole(&capital(&said.evidence))) }
            @if !said.uncertainty.is_empty() { p.soft { (whole(&said.uncertainty)) } }
            p.ask { (said.question) }
        }
    }
}

/// What a silent signal lacks, and the declaration that would help.
#[must_use]
pub fn lacks(signal: &Signal, report: &Report, found: &Finding) -> Markup {
    let own = |lack: &&Unlock| lack.signals.contains(&signal.id);
    let lack = report.lacks.iter().find(own).filter(|_| !found.verdict.has_data());
    html! {
        @if let Some(lack) = lack {
            @if let Some(declare) = &lack.declare {
                p.quiet { (prose(&sentence(&lack.missing))) " With your own names and values, this declaration would help:" }
                pre { code { (declare) } }
            } @else { p.quiet { (prose(&sentence(&lack.missing))) } }
            @if let Some(weeks @ 1..) = lack.weeks {
                p.quiet { "Weeks of data that are still missing: " (weeks) "." }
            }
        }
    }
}

/// The curve or the chart with its numbers; without either, the numbers of one unit as bars.
#[must_use]
pub fn drawn(found: &Finding, name: &str, wide: bool, zone: Tz) -> Markup {
    let label = format!("Chart. {name}: {}", verdict(&found.verdict));
    html! {
        @if let Some(curve) = &found.curve {
            (survival_chart::survival(curve, found.signal, &label))
            details {
                summary { "The numbers of the curve" }
                p.small { "Ages were observed from " (measure_words::span(curve.window, zone)) "." }
                (survival_chart::table(curve, name))
            }
        }
        @match &found.series {
            Some(series) => {
                @if wide { (chart::wide(series, &label)) } @else { (chart::behaviour(series, &label)) }
                details {
                    summary { "The numbers of the chart" }
                    (chart::table(series, name))
                }
            },
            None if found.curve.is_none() => (chart::values(&found.measures, name, measure_words::name)),
            None => {}
        }
    }
}

/// The items, epics or decisions behind a number.
#[must_use]
pub fn behind(signal: &Signal, report: &Report, found: &Finding, visit: &Visit) -> Markup {
    let (epics, items): (Vec<&String>, Vec<&String>) =
        found.items.iter().partition(|key| report.epic(key).is_some());
    html! {
        @if found.items.is_empty() {
            p { "The number is a sum over everything in the slice, so no list says more than the number. The page of an item says which signals count it; "
                a href=(visit.link("/map")) { "the map" } " says what belongs to which stream." }
        }
        @if !epics.is_empty() {
            ul.tight {
                @for id in epics.iter().take(MOST_KEYS) {
                    li { a href=(visit.epic(id)) { (report.epic(id).unwrap_or(id)) } " " span.soft.small { (id) } }
                }
            }
            (more(epics.len(), "epics"))
        }
        @if signal.id == "D4" && !items.is_empty() {
            p { "Decisions: "
                @for (nth, id) in items.iter().enumerate() { @if nth > 0 { ", " }
                    a href=(visit.link(&format!("/decisions#{id}"))) { (id) } }
                ". " a href=(visit.link("/decisions")) { "The journal" } " tells them in full." }
        } @else if !items.is_empty() {
            ul.inline { @for key in items.iter().take(MOST_KEYS) { li { a href=(visit.item(key)) { (key) } } } }
            (more(items.len(), "items"))
        }
    }
}

fn more(n: usize, what: &str) -> Markup {
    html! { @if n > MOST_KEYS { p.soft { "And " (n - MOST_KEYS) " more " (what) "." } } }
}
