//! Two instants of the portfolio side by side: what was told at each, and what differs.

use maud::{Markup, html};

use super::layout::{Here, capital, page as frame, whole};
use super::measure_words::marked;
use super::moment::Visit;
use super::signal_words::short;
use super::{notices, time_travel};
use crate::digests::compose::Told;
use crate::digests::{Digest, links, words};
use crate::gauge::Moment;
use crate::signals::ALL;
use crate::signals::report::{Finding, IntentRow, Report};

/// How the two are called.
pub const NAMES: [&str; 2] = ["First", "Second"];

/// What is known at one of the two instants.
pub struct Side<'a> {
    pub digest: &'a Digest,
    pub report: &'a Report,
}

/// Renders the comparison.
#[must_use]
pub fn page(sides: &[Side<'_>; 2], visit: &Visit) -> Markup {
    let name = &sides[0].report.header.portfolio;
    let body = html! {
        h1 { (name) }
        p.dateline { "Two instants side by side. What differs is marked." }
        (columns(visit, |nth, own| html! {
            p.soft { (sides[nth].digest.dateline) }
            (notices::stale(&sides[nth].digest.stale, own))
        }, "h2"))
        @for (index, section) in sides[0].digest.sections.iter().enumerate() {
            @let id = format!("question-{}", index + 1);
            section aria-labelledby=(id) {
                h2 #(id) { (section.heading) }
                @if index == 0 { (intents(sides)) }
                (columns(visit, |nth, own| told_at(sides, index, nth, own), "h3"))
            }
        }
        (verdicts(sides, visit))
    };
    frame(&format!("{name}, two instants"), Here::Portfolio, visit, &body)
}

/// Two columns, each with what it is above it. `level` is the heading of a column.
pub fn columns(visit: &Visit, content: impl Fn(usize, &Visit) -> Markup, level: &str) -> Markup {
    let moments = [Some(visit.moment), visit.beside];
    html! {
        div.beside {
            @for (nth, moment) in moments.into_iter().enumerate() {
                @let moment: Moment = moment.unwrap_or_default();
                @let own = visit.at(moment);
                @let title = format!("{}: {}", NAMES[nth], time_travel::words(visit, moment));
                div.side {
                    @match level {
                        "h2" => h2.which { (title) },
                        _ => h3.which { (title) },
                    }
                    (content(nth, &own))
                }
            }
        }
    }
}

/// What a digest of each instant tells under one question.
fn told_at(sides: &[Side<'_>; 2], index: usize, nth: usize, own: &Visit) -> Markup {
    let side = &sides[nth];
    let Some(section) = side.digest.sections.get(index) else { return html! {} };
    let other = &sides[1 - nth];
    html! {
        @for told in &section.observations {
            @let twin = said_of(told, other.report);
            @let is_told = other.digest.sections.get(index).is_some_and(|section| {
                section.observations.iter().any(|one| same(one, told))
            });
            @let said = &told.observation;
            @let slice = Some((told.dimension, told.slice.as_str()));
            div.one {
                h4 {
                    (said.subject) " "
                    a.tag href=(own.link(&links::signal(told.signal, slice))) { (told.signal) }
                    @if !is_told { " " mark.tag { "only here" } }
                }
                p { (differing(&capital(&said.evidence), twin.map(|t| capital(&t.evidence)).as_deref())) }
                p.soft { (differing(&said.uncertainty, twin.map(|t| t.uncertainty.as_str()))) }
            }
        }
        @for line in &section.silence { p.quiet { (whole(line)) } }
    }
}

fn same(one: &Told, other: &Told) -> bool {
    (one.signal, one.dimension, &one.slice) == (other.signal, other.dimension, &other.slice)
}

/// What another report says of the same slice, told or not.
fn said_of<'a>(told: &Told, report: &'a Report) -> Option<&'a crate::signals::report::Observation> {
    let own = |found: &&Finding| {
        (found.signal, found.slice.dimension, &found.slice.id)
            == (told.signal, told.dimension, &told.slice)
    };
    report.findings.iter().find(own)?.observation.as_ref()
}

/// Declared and observed attention at both instants.
fn intents(sides: &[Side<'_>; 2]) -> Markup {
    let rows = |nth: usize| -> &[IntentRow] { sides[nth].digest.sections[0].table.as_slice() };
    let of = |nth: usize, row: &IntentRow| {
        rows(nth).iter().find(|other| other.slice == row.slice).map(words::intent_cells)
    };
    let mut all: Vec<&IntentRow> = rows(0).iter().collect();
    all.extend(rows(1).iter().filter(|row| rows(0).iter().all(|known| known.slice != row.slice)));
    let columns = words::intent_header(&sides[0].report.header);
    html! {
        @if !all.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Declared and observed attention at both instants" {
                table.pairs {
                    thead {
                        tr {
                            th rowspan="2" scope="col" { (columns[0]) }
                            @for at in [1, 2, 4] { th colspan="2" scope="colgroup" { (columns[at]) } }
                        }
                        tr { @for _ in 0..3 { @for name in NAMES { th scope="col" { (name) } } } }
                    }
                    tbody {
                        @for row in all {
                            @let cells = [of(0, row), of(1, row)];
                            tr {
                                th scope="row" { (row.slice.name) }
                                @for at in [1, 2, 4] { @for nth in 0..2 { td { (cell(&cells, nth, at)) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(cells: &[Option<[String; 5]>; 2], nth: usize, at: usize) -> Markup {
    let text = |nth: usize| cells[nth].as_ref().map(|cells| cells[at].clone());
    match text(nth) {
        Some(own) => marked(&own, Some(text(1 - nth))),
        None => html! { mark { "not there" } },
    }
}

/// Every slice whose verdict is another one, in the order of the catalogue.
fn verdicts(sides: &[Side<'_>; 2], visit: &Visit) -> Markup {
    let key = |found: &Finding| (found.signal, found.slice.dimension, found.slice.id.clone());
    let of = |nth: usize, of: &Finding| {
        sides[nth].report.findings.iter().find(|found| key(found) == key(of))
    };
    let mut all: Vec<&Finding> = Vec::new();
    for signal in ALL {
        let first = sides[0].report.findings.iter();
        let second = sides[1].report.findings.iter().filter(|found| of(0, found).is_none());
        all.extend(first.chain(second).filter(|found| found.signal == signal.id));
    }
    let differing: Vec<_> = all
        .iter()
        .map(|found| (*found, [of(0, found), of(1, found)].map(|f| f.map(|f| short(&f.verdict)))))
        .filter(|(_, words)| words[0] != words[1])
        .collect();
    html! {
        section aria-labelledby="verdicts" {
            h2 #verdicts { "Verdicts that differ" }
            p { (differing.len()) " of " (all.len()) " slices have another verdict at the second instant." }
            @if !differing.is_empty() {
                div.scroll.tall tabindex="0" role="region" aria-label="The verdicts of both instants" {
                    table {
                        thead { tr {
                            th scope="col" { "Signal" } th scope="col" { "Slice" }
                            @for name in NAMES { th scope="col" { (name) } }
                        } }
                        tbody {
                            @for (found, verdicts) in &differing {
                                tr {
                                    th scope="row" { a href=(visit.link_both(&links::slice(found.signal, &found.slice))) { (found.signal) } }
                                    td { (found.slice.name) }
                                    @for word in verdicts { td { (word.as_deref().unwrap_or("not there")) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A text in which the words that its counterpart does not have at the same place are marked; the
/// text itself where there is no counterpart.
#[must_use]
pub fn differing(text: &str, other: Option<&str>) -> Markup {
    let Some(other) = other.filter(|other| *other != text) else { return html! { (whole(text)) } };
    let (own, other): (Vec<&str>, Vec<&str>) = (words_of(text), words_of(other));
    let kept = common(&own, &other);
    // Neighbours share a mark.
    let runs = (0..own.len()).collect::<Vec<usize>>();
    html! {
        @for run in runs.chunk_by(|a, b| kept[*a] == kept[*b]) {
            @let part = run.iter().map(|at| own[*at]).collect::<Vec<&str>>().join(" ");
            @if kept[run[0]] { (whole(&part)) " " } @else { mark { (whole(&part)) } " " }
        }
    }
}

/// Words; a number and its percent sign are one.
fn words_of(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// Which words of `own` belong to the longest sequence that both have.
fn common(own: &[&str], other: &[&str]) -> Vec<bool> {
    let (rows, columns) = (own.len(), other.len());
    let mut longest = vec![vec![0_u32; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            longest[i][j] = if own[i] == other[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut kept) = (0, 0, vec![false; rows]);
    while i < rows && j < columns {
        if own[i] == other[j] {
            kept[i] = true;
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let text = |own, other| differing(own, other).into_string();
        assert_eq!(
            text("Attention was 31 % over 8 weeks.", Some("Attention was 25 % over 8 weeks.")),
            "Attention was <mark>31</mark> % over 8 weeks. "
        );
        assert_eq!(text("The same.", Some("The same.")), "The same.");
        assert_eq!(text("Alone.", None), "Alone.");
        assert_eq!(text("a b c", Some("a x y c")), "a <mark>b</mark> c ");
    }
}
