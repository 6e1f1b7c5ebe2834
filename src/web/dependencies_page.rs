//! `/dependencies`: who waits for whom across streams (C1), and which of them wait for each other
//! (C2). In the order of the map, never by a number.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use chrono_tz::Tz;
use maud::{Markup, html};

use super::access::Role;
use super::error::WebError;
use super::layout::{Here, capital, page as frame, whole};
use super::measure_words::{item_days, of, table};
use super::moment::Visit;
use super::signal_words::{short, verdict};
use super::wait_chart::{Arrow, waits};
use super::{App, chart, notices, reads_portfolio};
use crate::digests::words as digest_words;
use crate::model::StreamKind;
use crate::portfolio::words;
use crate::signals::report::{Finding, Report, Slice};
use crate::signals::words::number;
use crate::signals::{Dataset, Scope};

/// Keys of items that one pair lists; the rest is counted.
const KEYS: usize = 40;

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let world = app.gauge.world(visit.moment.known).await?;
    let notices = notices::of(&app, &visit).await?;
    let body = render(&report, &world.dataset, &visit, &notices);
    Ok(frame("Dependencies", Here::Dependencies, &visit, &body))
}

/// One pair of streams, the one that waits first.
struct Pair<'a> {
    found: &'a Finding,
    waiting: &'a str,
    awaited: &'a str,
    knot: bool,
}

fn render(report: &Report, data: &Dataset, visit: &Visit, notices: &Markup) -> Markup {
    let zone = data.zone;
    let of_signal = |id: &'static str| report.findings.iter().filter(move |f| f.signal == id);
    let knots: Vec<&Finding> =
        of_signal("C2").filter(|found| found.slice.dimension == "group").collect();
    let tied = |waiting: &str, awaited: &str| {
        knots.iter().any(|knot| {
            let held: BTreeSet<&str> = knot.slice.id.split('+').collect();
            held.contains(waiting) && held.contains(awaited)
        })
    };
    let pairs: Vec<Pair<'_>> = of_signal("C1")
        .filter_map(|found| {
            let (waiting, awaited) = found.slice.id.split_once('>')?;
            Some(Pair { found, waiting, awaited, knot: tied(waiting, awaited) })
        })
        .collect();
    // As the report names them: small streams are one slice.
    let streams: Vec<&Slice> = report
        .confidence
        .iter()
        .map(|own| &own.slice)
        .filter(|slice| slice.dimension == "stream")
        .collect();
    let word = words(report.header.vocabulary);
    html! {
        h1 { "Dependencies" }
        p.dateline { (digest_words::dateline(&report.header)) }
        (notices)
        p.lead { "Which " (word.stream.to_lowercase()) " waits for which, by the links that trackers record, over the newest 12 complete weeks." }
        @if pairs.is_empty() {
            @for found in of_signal("C1") { p { (verdict(&found.verdict)) } }
        } @else {
            (drawing(&pairs, &streams))
            h2 #pairs { "Who waits for whom" }
            (pair_table(&pairs, &streams, visit))
            @for pair in ordered(&pairs, &streams) { (behind(pair, visit, zone)) }
        }
        h2 #knots { "Knots" }
        @if knots.is_empty() {
            @match of_signal("C2").find(|found| !found.verdict.has_data()) {
                Some(found) => p { (verdict(&found.verdict)) },
                None => p { "No streams wait for each other, and no open items block each other in a circle, as far as links tell." },
            }
        }
        @for knot in &knots { (told_knot(knot, visit, zone)) }
        (awaited(report, data, visit))
        p.foot.small {
            "Dependencies without a link are not seen here. Being awaited is no fault: the one that waits may have begun before it could go on."
        }
    }
}

/// By the place of the one that waits, then of the one that is awaited.
fn ordered<'a, 'b>(pairs: &'b [Pair<'a>], streams: &[&Slice]) -> Vec<&'b Pair<'a>> {
    let place = |id: &str| streams.iter().position(|slice| slice.id == id).unwrap_or(usize::MAX);
    let mut list: Vec<&Pair<'a>> = pairs.iter().collect();
    list.sort_by_key(|pair| (place(pair.waiting), place(pair.awaited), &pair.found.slice.id));
    list
}

fn drawing(pairs: &[Pair<'_>], streams: &[&Slice]) -> Markup {
    let names: Vec<&str> = streams.iter().map(|slice| slice.name.as_str()).collect();
    let place = |id: &str| streams.iter().position(|slice| slice.id == id);
    let arrows: Vec<Arrow> = pairs
        .iter()
        .filter_map(|pair| {
            let item_days = of(pair.found, "waited").map(|m| m.value).filter(|days| *days > 0.0)?;
            let (waiting, awaited) = (place(pair.waiting)?, place(pair.awaited)?);
            Some(Arrow { waiting, awaited, item_days, knot: pair.knot })
        })
        .collect();
    let label = "Drawing of who waits for whom. The table below says the same.";
    html! { @if !arrows.is_empty() { (waits(&names, &arrows, label)) } }
}

fn anchor(pair: &Pair<'_>) -> String {
    format!("{}-waits-for-{}", pair.waiting, pair.awaited)
}

fn pair_table(pairs: &[Pair<'_>], streams: &[&Slice], visit: &Visit) -> Markup {
    let name = |id: &str| {
        streams
            .iter()
            .find(|slice| slice.id == id)
            .map_or_else(|| id.to_owned(), |s| s.name.clone())
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Who waits for whom" {
            table.figures.told {
                thead { tr {
                    th scope="col" { "Waits" } th scope="col" { "For" } th.n scope="col" { "Item-days, 12 weeks" }
                    th.n scope="col" { "Items" } th.n scope="col" { "Links to unstarted work" }
                    th scope="col" { "Against its own past" } th scope="col" { "Each other" }
                } }
                tbody {
                    @for pair in ordered(pairs, streams) {
                        @let waited = of(pair.found, "waited");
                        tr {
                            th.words scope="row" { a href=(visit.link(&format!("/streams/{}", pair.waiting))) { (name(pair.waiting)) } }
                            td.words { a href=(visit.link(&format!("/streams/{}", pair.awaited))) { (name(pair.awaited)) } }
                            td.n { (waited.map_or_else(|| "–".to_owned(), |m| number(m.value))) }
                            td.n { (waited.and_then(|m| m.n).map_or_else(|| "–".to_owned(), |n| n.to_string())) }
                            td.n { (of(pair.found, "latent_links").map_or_else(|| "–".to_owned(), |m| number(m.value))) }
                            td { a href=(format!("#{}", anchor(pair))) { (short(&pair.found.verdict)) } }
                            td { @if pair.knot { span.tag.odd { "knot" } } @else { "–" } }
                        }
                    }
                }
            }
        }
    }
}

/// The chart of one pair, and the items that waited.
fn behind(pair: &Pair<'_>, visit: &Visit, zone: Tz) -> Markup {
    let found = pair.found;
    let name = &found.slice.name;
    let series = found.series.as_ref().filter(|series| !series.points.is_empty());
    html! {
        article.tell.plain[series.is_none()] id=(anchor(pair)) {
            div {
                h3 { (name) " " a.tag href=(visit.signal("C1", Some(&found.slice))) { "C1: how to read it" } }
                p { (whole(&verdict(&found.verdict))) }
                @if let Some(said) = &found.observation {
                    p { (whole(&capital(&said.evidence))) }
                    p.soft { (whole(&said.uncertainty)) }
                    p.ask { (said.question) }
                }
                (table(found, None, name, zone))
                (keys(found, visit))
            }
            @if let Some(series) = series {
                (chart::behaviour(series, &format!("Chart of the item-days in which {name}. Its numbers are in the table below.")))
                details {
                    summary { "The numbers of the drawing" }
                    (chart::table(series, name))
                }
            }
        }
    }
}

/// The items behind a finding, as far as it names them.
fn keys(found: &Finding, visit: &Visit) -> Markup {
    html! {
        @if !found.items.is_empty() {
            details {
                summary { "Items that waited (" (found.items.len()) ")" }
                p.keys {
                    @for (nth, key) in found.items.iter().take(KEYS).enumerate() {
                        @if nth > 0 { ", " }
                        a href=(visit.item(key)) { (key) }
                    }
                    @if found.items.len() > KEYS { " and " (found.items.len() - KEYS) " more" }
                }
            }
        }
    }
}

fn told_knot(knot: &Finding, visit: &Visit, zone: Tz) -> Markup {
    html! {
        article.tell.plain {
            div {
                h3 { (knot.slice.name) " " span.tag.odd { "knot" } " "
                    a.tag href=(visit.signal("C2", Some(&knot.slice))) { "C2: how to read it" } }
                @if let Some(said) = &knot.observation {
                    p { (whole(&capital(&said.evidence))) }
                    p.soft { (whole(&said.uncertainty)) }
                    p.ask { (said.question) }
                }
                (table(knot, None, &knot.slice.name, zone))
                (keys(knot, visit))
            }
        }
    }
}

/// For how long each stream was awaited; enabling ones are marked.
fn awaited(report: &Report, data: &Dataset, visit: &Visit) -> Markup {
    let list: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|found| found.signal == "C2" && found.slice.dimension == "stream")
        .collect();
    let enabling = |id: &str| {
        data.streams.iter().any(|stream| stream.id == id && stream.kind == StreamKind::Enabling)
    };
    let mark = words(report.header.vocabulary).enabling_stream.map(str::to_lowercase);
    html! {
        @if !list.is_empty() {
            h2 #awaited { "For how long each was awaited" }
            div.scroll tabindex="0" role="region" aria-label="For how long each stream was awaited" {
                table.figures.told {
                    thead { tr {
                        th scope="col" { "Awaited" } th.n scope="col" { "By all others, 12 weeks" }
                        th scope="col" { "Against its own past" } th scope="col" { "Signal" }
                    } }
                    tbody {
                        @for found in list {
                            tr {
                                th.words scope="row" {
                                    a href=(visit.link(&format!("/streams/{}", found.slice.id))) { (found.slice.name) }
                                    @if let Some(mark) = mark.as_ref().filter(|_| enabling(&found.slice.id)) { " " span.tag { (mark) } }
                                }
                                td.n { (of(found, "awaited").map_or_else(|| "–".to_owned(), |m| item_days(m.value))) }
                                td { (short(&found.verdict)) }
                                td { a href=(visit.signal("C2", Some(&found.slice))) { "C2" } }
                            }
                        }
                    }
                }
            }
        }
    }
}
