//! `/status`: connections, scopes, rate budgets and digests, for whoever runs Streamgauge.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::access::Role;
use super::error::WebError;
use super::layout::{Here, page as frame, prose, sentence};
use super::moment::Visit;
use super::{
    App, budget_table, reads_portfolio, status_digests, status_outcomes, store_notice, workers,
};
use crate::digests::stale::old;
use crate::gauge::Moment;
use crate::gauge::status::{
    ConnectionStatus, Pulling, PurgedStatus, ScopeStatus, State as Standing, Status,
};
use crate::model::Timestamp;
use crate::signals::words::count;

/// Scopes shown in one table; the API has them all.
const MOST_SCOPES: usize = 200;

pub async fn page(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Response, WebError> {
    reads_portfolio(&role)?;
    // Status is about now, whatever moment a link carried here.
    let visit = Visit { moment: Moment::default(), ..visit };
    match app.gauge.status(app.live.snapshot()).await {
        Ok(status) => Ok(render(&status, &visit).into_response()),
        Err(error) => {
            let bare = store_notice::without_store(&app, error)?;
            Ok(store_notice::bare_page(&bare, &visit))
        }
    }
}

fn render(status: &Status, visit: &Visit) -> Markup {
    let body = html! {
        h1 { "Status" }
        p.dateline { (clock(status.at)) ". " a href="/api/v1/status" { "The same as JSON" } }
        (store_notice::tell(&status.store))
        p.lead { (summary(status)) }
        (workers::here(status))
        @for connection in &status.connections { (connection_card(connection, status)) }
        h2 #budgets { "Rate budgets" }
        (budget_table::table(&status.hosts, status.at))
        @if !status.outcomes.is_empty() {
            h2 #outcomes { "Outcome measures" }
            (status_outcomes::table(&status.outcomes, status.at))
        }
        @if !status.purged.is_empty() {
            h2 #purged { "Purged" }
            ul.tight { @for one in &status.purged { li { (purged(one)) } } }
        }
        h2 #digests { "Digests" }
        (status_digests::table(&status.digests))
        p.soft.small {
            (prose("A pull reads what changed. A deep pull looks back further, for what an index showed late. A whole walk reads everything again. A sweep lists the ids of a scope, to find what has left: once a day, and hourly while the scope is closed, out of sight or in trouble. A digest that was not delivered is tried again for a day, at first every minute. Of several that were due while nothing ran, only the last is sent. `streamgauge check` asks each tracker for credentials and rights."))
        }
    };
    frame("Status", Here::Status, visit, &body)
}

/// How many connections are as they are meant to be, and which are not.
fn summary(status: &Status) -> String {
    let all = status.connections.len();
    let odd: Vec<&str> = status
        .connections
        .iter()
        .filter(|one| (one.state != Standing::Fresh && !is_first(one)) || one.problem.is_some())
        .map(|one| one.connection.as_str())
        .collect();
    match (all, odd.len()) {
        (0, _) => "No connection is configured.".to_owned(),
        (_, 0) if status.connections.iter().any(is_first) => {
            "A first pull is under way; whole histories are read, which takes a while once."
                .to_owned()
        }
        (1, 0) => "The connection is up to date.".to_owned(),
        (2, 0) => "Both connections are up to date.".to_owned(),
        (_, 0) => format!("All {all} connections are up to date."),
        (1, _) => format!("{} needs a look.", odd[0]),
        (2, 2) => format!("Both connections need a look: {}.", odd.join(", ")),
        (_, n) => format!("{n} of {all} connections need a look: {}.", odd.join(", ")),
    }
}

/// The first pull is under way, and none before it has ended.
pub fn is_first(one: &ConnectionStatus) -> bool {
    one.state == Standing::NeverPulled && one.pulling.is_some()
}

fn connection_card(one: &ConnectionStatus, status: &Status) -> Markup {
    let at = status.at;
    let tracker = one.tracker.map(|kind| format!("{kind:?}"));
    html! {
        section.stream.status aria-label=(one.connection) {
            h2 {
                (one.connection) " "
                @if one.state == Standing::Fresh && one.problem.is_some() {
                    span.tag.odd { "pull incomplete" }
                } @else if is_first(one) {
                    span.tag { "first pull" }
                } @else {
                    span.tag.odd[one.state != Standing::Fresh] { (word(one.state)) }
                }
                @if let Some(tracker) = tracker { span.tag { (tracker) } }
                @if !one.declared { span.tag { "not in the settings" } }
            }
            @if let Some(pulling) = &one.pulling { (under_way(pulling, is_first(one))) }
            @if let Some(problem) = &one.problem {
                p.problem { "The last pull was not complete." }
                p { (own_words(&one.connection, problem)) }
            }
            table.facts { tbody {
                (fact("Last complete pull", &html! { (ago(one.last_complete_pull, at)) }))
                (fact("Data reaches to", &html! { (ago(one.data_until, at)) }))
                (fact("Last complete sweep", &last_sweep(one, at)))
                (fact("Items", &items(one)))
                @if let Some(pull) = &one.last_pull {
                    (fact("Last pull", &html! {
                        (clock(pull.finished_at)) ": " (number(pull.listed)) " listed, "
                        (number(pull.read)) " read, " (number(pull.changed)) " changed"
                    }))
                }
                @if status.shared { (fact("Worked on by", &workers::of(one, status))) }
                (fact("Waiting to be read", &waiting(one)))
                (fact("Gaps", &gaps(one)))
                (fact("Next", &html! {
                    @if one.next.is_empty() { "nothing planned: no daemon runs this connection" }
                    @for (nth, run) in one.next.iter().enumerate() {
                        @if nth > 0 { ", " }
                        (run_word(run.run)) " " (soon(run.at, at))
                    }
                }))
            } }
            (scopes(one, at))
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { tr { th scope="row" { (name) } td { (value) } } }
}

fn word(state: Standing) -> &'static str {
    match state {
        Standing::NeverPulled => "never pulled",
        Standing::NeverComplete => "never complete",
        Standing::Stale => "old data",
        Standing::Fresh => "up to date",
    }
}

fn run_word(run: &'static str) -> &'static str {
    match run {
        "deep" => "deep pull",
        "whole" => "whole walk",
        other => other,
    }
}

/// A pass under way, with a bar where the tracker says how much there is.
pub fn under_way(pulling: &Pulling, first: bool) -> Markup {
    html! {
        p {
            @if first { "The first pull" } @else { "A " (run_word(pulling.run)) }
            " has been under way since " (clock(pulling.since)) ": "
            (number(pulling.listed))
            @if let Some(expected) = pulling.expected { " of about " (number(expected)) }
            " listed, " (number(pulling.stored)) " stored."
            @if let Some(expected) = pulling.expected.filter(|expected| *expected > 0) {
                br;
                progress max=(expected) value=(pulling.listed.min(expected)) aria-label="Listed so far" {}
            }
        }
    }
}

fn items(one: &ConnectionStatus) -> Markup {
    html! {
        (number(one.stored)) " stored"
        @match one.expected {
            Some(expected) if expected == one.stored => { ", as many as the last sweeps listed" }
            Some(expected) => { "; the last sweeps listed " (number(expected)) }
            None => { "; no sweep has listed every scope yet" }
        }
        @if one.gone > 0 { "; " (number(one.gone)) " more have left and keep their past" }
    }
}

/// The oldest of the last complete sweeps. That there is none yet is no fault.
fn last_sweep(one: &ConnectionStatus, at: Timestamp) -> Markup {
    let some = one.scopes.iter().any(|scope| scope.swept_at.is_some());
    html! {
        @if let Some(since) = one.sweeping_since { "under way since " (soon(since, at)) "; before it: " }
        @match one.last_complete_sweep {
            Some(_) => { (ago(one.last_complete_sweep, at)) }
            None if some => { "not yet of every scope" }
            None => { "none yet; the first one follows a complete pull" }
        }
    }
}

fn next_sweep(one: &ConnectionStatus, scope: &ScopeStatus, at: Timestamp) -> Markup {
    let planned = one.scopes.iter().any(|scope| scope.next_sweep_at.is_some());
    html! {
        @match scope.next_sweep_at {
            _ if one.sweeping_since.is_some() => { "under way" }
            Some(next) if next <= at => { "within 15 minutes" }
            Some(next) => { (soon(next, at)) }
            None if planned || !one.declared => { "none: not in the settings" }
            None => { "after a complete pull" }
        }
    }
}

fn waiting(one: &ConnectionStatus) -> Markup {
    html! {
        @if one.hints == 0 && one.retries == 0 { "nothing" }
        @if one.hints > 0 { (counted(one.hints, "hint of a webhook", "hints of webhooks")) }
        @if one.hints > 0 && one.retries > 0 { ", " }
        @if one.retries > 0 {
            (counted(one.retries, "read to try again", "reads to try again"))
            @if let Some(at) = one.next_retry_at { ", next " (clock(at)) }
        }
    }
}

fn gaps(one: &ConnectionStatus) -> Markup {
    html! {
        @if one.gaps.is_empty() { "none" }
        @for (nth, gap) in one.gaps.iter().enumerate() {
            @if nth > 0 { ", " }
            (number(gap.count)) " × " code { (gap.reason) }
        }
    }
}

fn scopes(one: &ConnectionStatus, at: Timestamp) -> Markup {
    let scopes = &one.scopes;
    // Those with a trouble are shown whatever their place.
    let odd = |scope: &&ScopeStatus| scope.problem.is_some() || scope.standing == "hidden";
    let mut shown: Vec<&ScopeStatus> = scopes.iter().filter(odd).take(MOST_SCOPES).collect();
    shown.extend(scopes.iter().filter(|scope| !odd(scope)).take(MOST_SCOPES - shown.len()));
    shown.sort_by(|a, b| a.scope.cmp(&b.scope));
    html! {
        @if !scopes.is_empty() {
            div.scroll tabindex="0" role="region" aria-label=(format!("Scopes of {}", one.connection)) {
                table.figures {
                    thead { tr {
                        th scope="col" { "Scope" } th scope="col" { "Standing" }
                        th.n scope="col" { "Items" } th.n scope="col" { "Listed by sweep" }
                        th.n scope="col" { "Left" } th scope="col" { "Last complete sweep" }
                        th scope="col" { "Next sweep" }
                    } }
                    tbody { @for scope in &shown {
                        tr {
                            th scope="row" { (scope.scope) }
                            td { @if scope.standing.is_empty() { "not asked yet" } @else { (scope.standing) } }
                            td.n { (number(scope.stored)) }
                            td.n { @if let Some(n) = scope.expected { (number(n)) } @else { "–" } }
                            td.n { (number(scope.gone)) }
                            td { @if let Some(swept) = scope.swept_at { (soon(swept, at)) } @else { "not yet" } }
                            td { (next_sweep(one, scope, at)) }
                        }
                        @if let Some(problem) = &scope.problem {
                            tr { td.words colspan="7" { span.problem { (scope.scope) ": " } (sentence(problem)) } }
                        }
                    } }
                }
            }
            @if scopes.len() > shown.len() {
                p.soft.small { (scopes.len() - shown.len()) " more in the JSON." }
            }
        }
    }
}

/// A problem under the name of its connection: the name is not said again.
pub fn own_words(connection: &str, problem: &str) -> Markup {
    let bare = problem.strip_prefix(connection).and_then(|rest| rest.strip_prefix(": "));
    prose(&sentence(bare.unwrap_or(problem)))
}

/// "21 November 2026 14:05 UTC".
pub fn clock(at: Timestamp) -> String {
    at.to_utc().format("%-d %B %Y %H:%M UTC").to_string()
}

/// The time of day where it is today's, else the whole instant.
pub fn soon(then: Timestamp, now: Timestamp) -> String {
    if then.to_utc().date_naive() == now.to_utc().date_naive() {
        then.to_utc().format("%H:%M UTC").to_string()
    } else {
        clock(then)
    }
}

/// The instant, and how long ago it was.
pub fn ago(then: Option<Timestamp>, now: Timestamp) -> String {
    let Some(then) = then else { return "not yet".to_owned() };
    let past = now.millis().saturating_sub(then.millis());
    let since = match past / 60_000 {
        ..=0 => "just now".to_owned(),
        1 => "1 minute ago".to_owned(),
        minutes @ 2..120 => format!("{minutes} minutes ago"),
        _ => format!("{} ago", old(past)),
    };
    format!("{} ({since})", clock(then))
}

pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// "12 345", with spaces that do not break.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// What was erased and is not read again; keys and titles are gone.
fn purged(one: &PurgedStatus) -> String {
    let what = match (&one.project, &one.item) {
        (_, Some(item)) => format!("{}:{item}", one.connection),
        (Some(project), None) => format!("{project} of {}", one.connection),
        (None, None) => one.connection.clone(),
    };
    format!("{what}: {}, {}", count(one.items, "item"), clock(one.at))
}
