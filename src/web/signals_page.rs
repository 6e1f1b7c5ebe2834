//! `/signals`: every signal under the question that it serves, with its verdicts. The order is that
//! of the catalogue, and slices stand by name.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};

use super::access::Role;
use super::error::WebError;
use super::layout::{Here, page as frame, whole};
use super::moment::Visit;
use super::signal_words::short;
use super::{App, notices, reads_portfolio};
use crate::digests::{links, words};
use crate::signals::report::{Finding, Question, Report, Verdict};
use crate::signals::words::count;
use crate::signals::{ALL, Scope, Signal, is_gate};

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let notices = notices::of(&app, &visit).await?;
    let body = html! {
        h1 { "Signals" }
        p.dateline { (words::dateline(&report.header)) }
        (notices)
        p.lead { "What is measured, by the question that it serves, and what each says at this instant." }
        @for (index, question) in Question::ALL.into_iter().enumerate() {
            @let id = format!("question-{}", index + 1);
            @let own = ALL.iter().filter(|s| s.question == question && !is_gate(s.id));
            section aria-labelledby=(id) {
                h2 #(id) { (index + 1) ". " (question.text()) }
                @for signal in own { (entry(signal, &report, &visit)) }
            }
        }
        section aria-labelledby="gates" {
            h2 #gates { "May the numbers be read at all?" }
            p { "Two gates stand before the signals. A closed one withholds what it names." }
            @for signal in ALL.iter().filter(|signal| is_gate(signal.id)) {
                (entry(signal, &report, &visit))
            }
        }
        p.soft.small { (words::standing(&report.tally, &[])) " " (words::false_alarms(&report.tally)) }
    };
    Ok(frame("Signals", Here::Signals, &visit, &body))
}

fn entry(signal: &Signal, report: &Report, visit: &Visit) -> Markup {
    let page = visit.link(&links::signal(signal.id, None));
    html! {
        article.signal {
            h3 { a href=(page) { (signal.name) } " " span.tag { (signal.id) } }
            p { (signal.asks) }
            @if signal.id == "H2" { (gates(report)) } @else { (summary(signal, report, visit)) }
        }
    }
}

/// What stands out by name, and the rest as counts.
fn summary(signal: &Signal, report: &Report, visit: &Visit) -> Markup {
    let own: Vec<&Finding> = report.findings.iter().filter(|f| f.signal == signal.id).collect();
    let told = |found: &&&Finding| {
        matches!(found.verdict, Verdict::Confirmed { .. } | Verdict::New { .. } | Verdict::Fact)
    };
    let mut rest: Vec<(&str, u64)> = Vec::new();
    for found in own.iter().filter(|found| !told(found)) {
        let word = short(&found.verdict);
        match rest.iter_mut().find(|(known, _)| *known == word) {
            Some((_, n)) => *n += 1,
            None => rest.push((word, 1)),
        }
    }
    html! {
        p.verdicts {
            @if own.is_empty() { span.soft { "Nothing to look at: this data has no slice for it." } }
            @for found in own.iter().filter(told) {
                span.outside {
                    a href=(visit.link(&links::slice(signal.id, &found.slice))) { (found.slice.name) }
                    ": " (short(&found.verdict))
                }
                " "
            }
            @for (word, n) in &rest {
                span.soft { @if own.len() > 1 { (count(*n, "slice")) ": " } (word) }
                " "
            }
        }
    }
}

/// How many gates are closed, and where.
fn gates(report: &Report) -> Markup {
    let closed: Vec<String> = report
        .confidence
        .iter()
        .filter_map(|one| {
            let n = one.gates.iter().filter(|gate| !gate.open).count();
            (n > 0).then(|| format!("{}: {} closed", one.slice.name, count(n as u64, "gate")))
        })
        .collect();
    html! {
        p.verdicts {
            @if closed.is_empty() { span.soft { "All gates are open." } }
            @for line in &closed { span.outside { (whole(line)) } " " }
        }
    }
}
