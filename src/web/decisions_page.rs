//! `/decisions`: the journal, the form that adds to it, how attention followed (D2), and the record
//! of what was expected (D4). It is the portfolio's record; whoever decided is not known.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form as Posted};
use chrono_tz::Tz;
use http::StatusCode;
use maud::{Markup, html};

use super::access::Role;
use super::decision_form::{Form, Typed};
use super::decision_words::{altitude, outcome};
use super::error::WebError;
use super::item_words::day;
use super::layout::{Here, capital, page as frame, whole};
use super::measure_words::table;
use super::moment::Visit;
use super::routes::Need;
use super::signal_words::verdict;
use super::{App, notices, reads_portfolio};
use crate::digests::words as digest_words;
use crate::gauge::record::RecordError;
use crate::portfolio::{Words, words};
use crate::signals::decision_rows::DecisionRow;
use crate::signals::report::{Finding, Report, Slice};
use crate::signals::words::{percent_range, quoted};
use crate::signals::{ALL, Scope};

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    render(&app, &role, &visit, &Typed::default(), None).await
}

/// Takes the form. What is refused is shown again with everything that was typed.
pub async fn record(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
    Posted(typed): Posted<Typed>,
) -> Result<Response, WebError> {
    if !Need::Recorder.lets(&role) {
        return Err(WebError::Forbidden);
    }
    let recorded = match typed.read() {
        Ok(new) => app.gauge.decide(new).await,
        Err(problem) => Err(problem),
    };
    match recorded {
        Ok(decision) => Ok(Redirect::to(&format!("/decisions#{}", decision.id)).into_response()),
        Err(RecordError::Store(error)) => Err(error.into()),
        Err(problem) => {
            let page = render(&app, &role, &visit, &typed, Some(&problem)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn render(
    app: &App,
    role: &Role,
    visit: &Visit,
    typed: &Typed,
    problem: Option<&RecordError>,
) -> Result<Markup, WebError> {
    reads_portfolio(role)?;
    let report = app.gauge.report(visit.moment, &Scope::Portfolio).await?;
    let zone = app.gauge.portfolio().zone();
    let words = words(report.header.vocabulary);
    let notices = notices::of(app, visit).await?;
    let form = Form {
        typed,
        problem: problem
            .map(|problem| problem.field().unwrap_or(("decision", "it cannot be read"))),
        portfolio: app.gauge.portfolio(),
        epics: &report.epics,
        decisions: &report.decisions,
        words,
    };
    let journal = Journal { report: &report, visit, zone, words };
    let body = html! {
        h1 { "Decisions" }
        p.dateline { (digest_words::dateline(&report.header)) }
        (notices)
        @if Need::Recorder.lets(role) {
            @if visit.is_live() { (form.render()) }
            @else { p.quiet { "Decisions are recorded in the present." } }
        }
        (journal.due())
        (journal.render())
        (journal.record())
    };
    Ok(frame("Decisions", Here::Decisions, visit, &body))
}

struct Journal<'a> {
    report: &'a Report,
    visit: &'a Visit,
    zone: Tz,
    words: &'a Words,
}

impl Journal<'_> {
    /// Those whose review date has passed without another look.
    fn due(&self) -> Markup {
        let due: Vec<&DecisionRow> = self
            .report
            .decisions
            .iter()
            .filter(|row| row.expects.as_ref().is_some_and(|expects| expects.due))
            .collect();
        html! {
            @if !due.is_empty() {
                h2 #due { "Due for review" }
                ul.tight {
                    @for row in due {
                        @if let Some(expects) = &row.expects {
                            li {
                                a href=(format!("#{}", row.id)) { (row.phrase) } ": " (expects.measure.name) " "
                                (expects.direction.word()) " was expected; the review date was " (day(expects.review_at, self.zone)) "."
                            }
                        }
                    }
                }
            }
        }
    }

    fn render(&self) -> Markup {
        let decisions = &self.report.decisions;
        html! {
            h2 #journal { "Journal" }
            @if decisions.is_empty() {
                p { "No decision is recorded. Recorded ones show here with what followed." }
            }
            @for row in decisions.iter().rev() { (self.entry(row)) }
        }
    }

    fn entry(&self, row: &DecisionRow) -> Markup {
        let followed = self
            .report
            .findings
            .iter()
            .find(|found| found.signal == "D2" && found.slice.id == row.id);
        html! {
            article.tell.plain id=(row.id) {
                div {
                    h3 { (self.linked(row)) " " span.tag { (row.id) } }
                    p.soft.small {
                        "Made " (day(row.made_at, self.zone))
                        @if row.effective_at != row.made_at { ", counts from " (day(row.effective_at, self.zone)) }
                        " · " (altitude(row.altitude, self.words))
                    }
                    p { (quoted(&row.why)) }
                    @if let Some(band) = row.target { p { "Attention aimed at: " (whole(&percent_range(band))) "." } }
                    @if !row.cites.is_empty() {
                        p { "Cites "
                            @for (nth, cited) in row.cites.iter().enumerate() {
                                @if nth > 0 { ", " }
                                (self.cited(cited))
                            }
                            "."
                        }
                    }
                    @if let Some(expects) = &row.expects {
                        p {
                            "Expected: " a href=(self.visit.signal("O1", Some(&expects.measure))) { (expects.measure.name) } " " (expects.direction.word()) ". "
                            @match expects.outcome {
                                Some(came) => { "By its review date, " (day(expects.review_at, self.zone)) ", it " (outcome(came)) "." }
                                None => { "Its review date is " (day(expects.review_at, self.zone)) "." }
                            }
                            @if expects.due { " " span.tag.odd { "due for review" } }
                        }
                    }
                    @if let Some(found) = followed { (self.followed(found)) }
                }
            }
        }
    }

    /// What it is about, with the way there.
    fn linked(&self, row: &DecisionRow) -> Markup {
        let to = match row.subject.dimension {
            "stream" => Some(self.visit.link(&format!("/streams/{}", row.subject.id))),
            "epic" if self.report.epics.iter().any(|epic| epic.id == row.subject.id) => {
                self.words.epic.map(|_| self.visit.epic(&row.subject.id))
            }
            _ => None,
        };
        html! {
            @match to {
                Some(to) => a href=(to) { (row.phrase) },
                None => (row.phrase),
            }
        }
    }

    /// A cited signal; its page, where there is such a signal.
    fn cited(&self, cited: &str) -> Markup {
        let (id, slice) =
            cited.split_once(':').map_or((cited, None), |(id, rest)| (id, Some(rest)));
        let known = ALL.iter().any(|signal| signal.id == id);
        let found = self.report.findings.iter().filter(|found| found.signal == id);
        let named = |own: &Slice, rest: &str| {
            own.id == rest || rest.split_once(':') == Some((own.dimension, own.id.as_str()))
        };
        let slice = slice.and_then(|rest| found.map(|f| &f.slice).find(|own| named(own, rest)));
        html! {
            @if known { a href=(self.visit.signal(id, slice)) { (cited) } }
            @else { (cited) }
        }
    }

    fn followed(&self, found: &Finding) -> Markup {
        html! {
            p {
                a href=(self.visit.signal("D2", Some(&found.slice))) { "Follow-through" } ": "
                @match &found.observation {
                    Some(said) => (whole(&capital(&said.evidence))),
                    None => (verdict(&found.verdict)),
                }
            }
            @if let Some(said) = &found.observation {
                p.soft { (whole(&said.uncertainty)) }
                p.ask { (said.question) }
            }
        }
    }

    /// How often what was expected happened.
    fn record(&self) -> Markup {
        let found = self.report.findings.iter().find(|found| found.signal == "D4");
        html! {
            h2 #record { "Expectation record" }
            @if let Some(found) = found {
                article.tell.plain {
                    div {
                        h3 { "What was expected, and what came " a.tag href=(self.visit.signal("D4", Some(&found.slice))) { "D4: how to read it" } }
                        @if !found.verdict.has_data() { p { (whole(&verdict(&found.verdict))) } }
                        @if let Some(said) = &found.observation {
                            p { (whole(&capital(&said.evidence))) }
                            p.soft { (whole(&said.uncertainty)) }
                            p.ask { (said.question) }
                        }
                        (table(found, None, "the expectation record", self.zone))
                        p.soft.small { "An expectation is judged on the readings before its review date. A perfect record asks whether the bets are bold enough." }
                    }
                }
            }
        }
    }
}
