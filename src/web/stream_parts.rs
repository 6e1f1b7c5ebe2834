//! The parts of a stream's page that are made of more than one finding.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::gates;
use super::layout::{capital, whole};
use super::measure_words::{of, table};
use super::signal_words::{short, verdict};
use super::stream_page::{Sheet, catalogued};
use crate::model::Direction;
use crate::signals::report::{Finding, Verdict};
use crate::signals::words::{number, percent};

/// Points of integration that are listed; older ones are on the roadmap.
const POINTS: usize = 6;

/// Who waits for whom, seen from one stream (C1), and whether it is part of a knot (C2).
pub fn dependencies(sheet: &Sheet<'_>) -> Markup {
    let pairs: Vec<(&Finding, &str, &str)> = of_signal(sheet, "C1")
        .filter_map(|found| {
            let (waiting, awaited) = found.slice.id.split_once('>')?;
            Some((found, waiting, awaited))
        })
        .collect();
    let own = sheet.slice.id.as_str();
    let out: Vec<_> = pairs.iter().filter(|(_, waiting, _)| *waiting == own).collect();
    let into: Vec<_> = pairs.iter().filter(|(_, _, awaited)| *awaited == own).collect();
    let names: BTreeMap<&str, &str> = sheet
        .report
        .confidence
        .iter()
        .map(|c| (c.slice.id.as_str(), c.slice.name.as_str()))
        .collect();
    let name = |id: &str| names.get(id).map_or_else(|| id.to_owned(), |name| (*name).to_owned());
    let knot = of_signal(sheet, "C2").find(|found| {
        found.slice.dimension == "group" && found.slice.id.split('+').any(|id| id == own)
    });
    let rows = |list: &[&(&Finding, &str, &str)], outward: bool| {
        html! {
            @for (found, waiting, awaited) in list {
                @let other = if outward { *awaited } else { *waiting };
                tr {
                    th.words scope="row" {
                        @if outward { "It waits for " } @else { "Awaited by " }
                        a href=(sheet.visit.link(&format!("/streams/{other}"))) { (name(other)) }
                    }
                    td.n { (of(found, "waited").map_or_else(|| "–".to_owned(), |m| number(m.value))) }
                    td.n { (of(found, "waited").and_then(|m| m.n).map_or_else(|| "–".to_owned(), |n| n.to_string())) }
                    td { (short(&found.verdict)) }
                    td { a href=(sheet.visit.signal("C1", Some(&found.slice))) { "C1" } }
                }
            }
        }
    };
    html! {
        article.tell.plain #C1 {
            div {
                h3 { "Dependencies in and out " a.tag href=(sheet.visit.link("/dependencies")) { "all dependencies" } }
                @if pairs.is_empty() {
                    p { (none(sheet, "C1")) }
                } @else if out.is_empty() && into.is_empty() {
                    p { "No recorded link made work here wait for another stream, or work elsewhere for this one." }
                } @else {
                    div.scroll tabindex="0" role="region" aria-label="Waits between this stream and others" {
                        table.figures.told {
                            thead { tr {
                                th scope="col" { "Recorded links, 12 weeks" } th.n scope="col" { "Item-days" }
                                th.n scope="col" { "Items" } th scope="col" { "Against its own past" } th scope="col" { "Signal" }
                            } }
                            tbody { (rows(&out, true)) (rows(&into, false)) }
                        }
                    }
                }
                @if let Some(knot) = knot {
                    p { (whole(&capital(knot.observation.as_ref().map_or("", |o| o.evidence.as_str()))))
                        " The knot: " strong { (knot.slice.name) } " "
                        a.tag href=(sheet.visit.signal("C2", Some(&knot.slice))) { "C2" } }
                }
                p.soft.small { "Dependencies without a link are not seen. The awaited stream is not to blame: the other may have begun before it could go on." }
            }
        }
    }
}

fn of_signal<'a>(sheet: &'a Sheet<'_>, signal: &'a str) -> impl Iterator<Item = &'a Finding> {
    sheet.report.findings.iter().filter(move |found| found.signal == signal)
}

/// Why a signal says nothing.
fn none(sheet: &Sheet<'_>, signal: &str) -> String {
    of_signal(sheet, signal).find(|found| !found.verdict.has_data()).map_or_else(
        || "Nothing of the kind was found.".to_owned(),
        |found| verdict(&found.verdict),
    )
}

/// When work of this stream met that of others (C3), and how its beat fits theirs (C5).
pub fn rhythm(sheet: &Sheet<'_>) -> Markup {
    let word = sheet.words.integration_point;
    let own = |slices: &[crate::signals::report::Slice]| {
        slices.iter().any(|slice| slice.id == sheet.slice.id)
    };
    let points: Vec<_> =
        sheet.report.integration_points.iter().filter(|p| own(&p.streams)).collect();
    let skews: Vec<&Finding> = of_signal(sheet, "C5")
        .filter(|found| found.slice.dimension == "pair")
        .filter(|found| found.slice.id.split(['+', '>', '<', '~']).any(|id| id == sheet.slice.id))
        .collect();
    let whole_one = of_signal(sheet, "C3").next();
    html! {
        article.tell.plain #C3 {
            div {
                h3 { "Release rhythm "
                    @if let Some(found) = whole_one { (sheet.tag(found)) }
                }
                @if let Some(word) = word {
                    @if points.is_empty() {
                        p { "No " (word.to_lowercase()) " with work of this stream was observed: no release or declared event held delivered items of two streams within one common epic." }
                    } @else {
                        p { "Work of this stream met work of others " (crate::signals::words::count(points.len() as u64, "time")) "; the newest of them:" }
                        ul.tight {
                            @for point in points.iter().rev().take(POINTS) {
                                li { (sheet.day(point.at)) ": "
                                    @for (nth, stream) in point.streams.iter().enumerate() { @if nth > 0 { ", " } (stream.name) }
                                    @if point.partial { " " span.tag { "partial" } }
                                }
                            }
                        }
                    }
                }
                @if let Some(found) = whole_one.filter(|found| !found.verdict.has_data()) {
                    p.soft { (verdict(&found.verdict)) }
                }
                @for found in skews {
                    p { (found.slice.name) ": " (short(&found.verdict)) }
                    (table(found, None, &found.slice.name, sheet.zone))
                }
            }
        }
    }
}

/// The outcome measures that the stream owns (O1), beside what its attention could tell (O3).
pub fn outcomes(sheet: &Sheet<'_>) -> Markup {
    let mut measures: Vec<_> = sheet
        .data
        .outcomes
        .iter()
        .filter(|measure| measure.stream.as_deref() == Some(sheet.slice.id.as_str()))
        .collect();
    measures.sort_by_key(|measure| (&measure.name, &measure.id));
    let found = |id: &str| of_signal(sheet, "O1").find(|found| found.slice.id == id);
    let evidence = sheet.found("O3", "");
    html! {
        article.tell.plain #O1 {
            div {
                h3 { "Outcomes beside it" }
                @if measures.is_empty() {
                    p { "No outcome measure is declared for this stream, so nothing tells whether its attention moves anything." }
                } @else {
                    div.scroll tabindex="0" role="region" aria-label="Outcome measures of this stream" {
                        table.figures.told {
                            thead { tr {
                                th scope="col" { "Measure" } th scope="col" { "Hoped for" } th.n scope="col" { "Newest" }
                                th.n scope="col" { "Usual range before release" } th.n scope="col" { "Readings since" } th scope="col" { "Since the first release" }
                            } }
                            tbody {
                                @for measure in &measures {
                                    @let own = found(&measure.id);
                                    @let newest = own.and_then(|found| of(found, "newest_reading"));
                                    tr {
                                        th.words scope="row" {
                                            @if let Some(found) = own {
                                                a href=(sheet.visit.signal("O1", Some(&found.slice))) { (measure.name) }
                                            } @else { (measure.name) }
                                            " " span.soft.small { (measure.unit) }
                                        }
                                        td { (measure.direction.word()) }
                                        td.n { (newest.map_or_else(|| "–".to_owned(), |m| number(m.value))) }
                                        td.n { (newest.and_then(|m| m.range).map_or_else(|| "–".to_owned(), |(low, high)| format!("{} to {}", number(low), number(high)))) }
                                        td.n { (newest.and_then(|m| m.n).map_or_else(|| "–".to_owned(), |n| n.to_string())) }
                                        td.words { (own.map_or_else(|| "not read".to_owned(), |found| moved(found, measure.direction))) }
                                    }
                                }
                            }
                        }
                    }
                    p.soft.small { "A movement coincides with a release and is attributed to none. More attention is not said to move a measure, nor less." }
                }
                @if let Some(found) = evidence {
                    h4 { "How much of this attention could tell whether it works " a.tag href=(sheet.visit.signal("O3", Some(&found.slice))) { "O3" } }
                    @if !found.verdict.has_data() { p { (verdict(&found.verdict)) } }
                    (levels(found))
                }
            }
        }
    }
}

/// Attention by evidence level, in one line.
fn levels(found: &Finding) -> Markup {
    const LEVELS: [(&str, &str); 5] = [
        ("no_hypothesis", "no hypothesis"),
        ("hypothesis", "a hypothesis alone"),
        ("outcome_measure", "a measure without a reading"),
        ("baseline_reading", "a baseline reading"),
        ("reading_after_release", "a reading after release"),
    ];
    let parts: Vec<(f64, &str, Option<u64>)> = LEVELS
        .into_iter()
        .filter_map(|(name, words)| of(found, name).map(|m| (m.value, words, m.n)))
        .filter(|(share, ..)| *share > 0.0)
        .collect();
    html! {
        @if let Some((.., n)) = parts.first() {
            p {
                @for (nth, (share, words, _)) in parts.iter().enumerate() {
                    @if nth > 0 { ", " }
                    (whole(&percent(*share))) " with " (words)
                }
                @if let Some(n) = n { " (" (n) " team-days over 12 weeks)" }
                "."
            }
        }
    }
}

/// How a measure moved, seen from the direction that is hoped for.
fn moved(found: &Finding, wanted: Direction) -> String {
    use crate::signals::report::Move;
    let favourable = |direction: Move| {
        matches!((direction, wanted), (Move::Up, Direction::Up) | (Move::Down, Direction::Down))
    };
    match &found.verdict {
        Verdict::Confirmed { direction } | Verdict::New { direction } => {
            let way = if favourable(*direction) { "favourably" } else { "unfavourably" };
            let often = if matches!(found.verdict, Verdict::New { .. }) {
                ", for the first time"
            } else {
                ""
            };
            format!("moved {way}{often}")
        }
        Verdict::Usual => "no detectable movement".to_owned(),
        other => verdict(other),
    }
}

/// The decisions about this stream, the newest first.
pub fn decided(sheet: &Sheet<'_>) -> Markup {
    let own: Vec<_> = sheet
        .report
        .decisions
        .iter()
        .filter(|d| d.subject.dimension == "stream" && d.subject.id == sheet.slice.id)
        .collect();
    html! {
        @if !own.is_empty() {
            h3 { "Decisions about it" }
            ul.tight {
                @for row in own.iter().rev() {
                    li {
                        (sheet.day(row.made_at)) ": "
                        a href=(sheet.visit.link(&format!("/decisions#{}", row.id))) { (row.phrase) }
                    }
                }
            }
        }
    }
}

/// The gates of H2 for this stream.
pub fn confidence(sheet: &Sheet<'_>) -> Markup {
    let own =
        sheet.report.confidence.iter().find(|own| {
            own.slice.id == sheet.slice.id && own.slice.dimension == sheet.slice.dimension
        });
    let name = catalogued("H2").map_or("Data confidence", |signal| signal.name);
    html! {
        article.tell.plain #H2 {
            div {
                h3 { (name) " " a.tag href=(sheet.visit.signal("H2", Some(&sheet.slice))) { "H2: how to read it" } }
                @match own {
                    None => p { "Not told for this stream." },
                    Some(own) => {
                        (gates::table(own, &own.gates.iter().collect::<Vec<_>>(), None, name))
                        p.soft.small {
                            "Left out and counted: " (own.born_done) " born done, " (own.start_before_data)
                            " that had started before the data begins. Statuses that nobody mapped: " (own.unknown_statuses) "."
                        }
                    }
                }
            }
        }
    }
}
