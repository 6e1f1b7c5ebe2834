//! `/team`: what a team sees of itself. The address holds no team: the credential says which one
//! asks, and nobody else's opens the page.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use maud::{Markup, html};

use super::App;
use super::access::Role;
use super::chart;
use super::error::WebError;
use super::layout::{Here, capital, page as frame, whole};
use super::measure_words::{amount, name, range};
use super::moment::{At, Visit};
use super::signal_words::verdict;
use crate::digests::words::{local, zone};
use crate::gauge::Moment;
use crate::signals::report::{Finding, Measure, Unit};
use crate::signals::team::{self, TeamItem, TeamOnly, TeamView};
use crate::signals::words::value;

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    let (team, sealed) = sealed(&app, &role, visit.moment).await?;
    let view = sealed.open(&team).ok_or(WebError::Forbidden)?;
    Ok(frame(&view.team.name, Here::Team, &visit, &render(view)))
}

/// The same as JSON.
pub async fn json(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    at: At,
) -> Result<Json<TeamView>, WebError> {
    let (team, sealed) = sealed(&app, &role, at.0).await?;
    sealed.open(&team).cloned().map(Json).ok_or(WebError::Forbidden)
}

/// The team that asks, and what belongs to it alone.
async fn sealed(
    app: &App,
    role: &Role,
    moment: Moment,
) -> Result<(String, TeamOnly<TeamView>), WebError> {
    let Role::Team(id) = role else { return Err(WebError::Forbidden) };
    let found = app.gauge.team(moment, id).await?;
    let sealed = found.ok_or_else(|| {
        WebError::NotFound(format!(
            "the portfolio file declares no team {id}; the credential names it in streamgauge.toml"
        ))
    })?;
    Ok((id.clone(), sealed))
}

fn render(view: &TeamView) -> Markup {
    let zone = zone(&view.zone);
    html! {
        h1 { (view.team.name) }
        p.dateline {
            "As of " (local(view.as_of.to_utc().with_timezone(&zone))) " (" (view.zone) ")"
        }
        p.quiet { "Only this team's own credential opens this page. Nothing of it is in anybody else's digest, in a comparison or on anybody else's page." }
        h2 { "How its work flows" }
        @for found in &view.findings { (signal(found)) }
        (in_progress(&view.items))
    }
}

fn signal(found: &Finding) -> Markup {
    let Some(signal) = team::SIGNALS.iter().find(|signal| signal.id == found.signal) else {
        return html! {};
    };
    html! {
        article.tell.plain[found.series.is_none()] {
            div {
                h3 { (signal.name) " " span.tag { (signal.id) } }
                p { (whole(&verdict(&found.verdict))) }
                @if !found.measures.is_empty() {
                    ul.tight { @for one in &found.measures { li { (whole(&measure(one))) } } }
                }
                @if let Some(said) = &found.observation {
                    p { (whole(&capital(&said.evidence))) }
                    p.soft { (whole(&said.uncertainty)) }
                    p.ask { (said.question) }
                }
                @if !found.items.is_empty() { p.keys { "Items: " (found.items.join(", ")) } }
            }
            @if let Some(series) = &found.series {
                (chart::behaviour(series, &format!("Chart. {}", signal.name)))
            }
            details {
                summary { "What this measures" @if found.series.is_some() { ", and its numbers" } }
                p { (signal.definition) }
                p { "Easily misread: " (signal.misreading) }
                @if let Some(series) = &found.series { (chart::table(series, signal.name)) }
            }
        }
    }
}

/// "Half took at most: 9.5 days, plausibly 6 to 15 days (n = 21)".
fn measure(measure: &Measure) -> String {
    let mut text = format!("{}: {}", name(measure), amount(measure));
    if let Some(range) = range(measure) {
        text.push_str(&format!(", plausibly {range}"));
    }
    if let Some(n) = measure.n {
        text.push_str(&format!(" (n = {n})"));
    }
    text
}

fn in_progress(items: &[TeamItem]) -> Markup {
    let days = |days: f64| value(days, Unit::Days);
    html! {
        h2 { "In progress" }
        @if items.is_empty() { p { "Nothing is in progress with this team." } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Items in progress with this team" {
                table.steps {
                    thead { tr {
                        @for cell in ["Item", "State", "In this state", "Since the first start", "Against its own past"] {
                            th scope="col" { (cell) }
                        }
                    } }
                    tbody {
                        @for item in items {
                            tr {
                                th scope="row" { (item.key) }
                                td { (item.state) @if item.waiting { " " span.tag { "waiting" } } }
                                td.when { (days(item.state_days)) }
                                td.when { (item.age_days.map_or_else(|| "not seen".to_owned(), days)) }
                                td { @if item.older_than_usual { "older than usual" } }
                            }
                        }
                    }
                }
            }
        }
    }
}
