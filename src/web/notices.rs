//! What a reader must know before trusting the page: nothing was read yet, or not lately.

use maud::{Markup, html};

use super::App;
use super::layout::{Here, page, prose, sentence};
use super::moment::Visit;
use crate::model::Timestamp;
use crate::store::StoreError;

/// A connection that was not read completely for this long is named.
const STALE_MS: i64 = 24 * 3_600_000;

/// Names the connections whose newest complete pass is older than a day.
///
/// # Errors
/// The store does not answer.
pub async fn stale(app: &App) -> Result<Markup, StoreError> {
    let covered = app.store.coverage(None).await?;
    let now = app.clock.now();
    let mut old: Vec<(&str, Option<Timestamp>)> = Vec::new();
    for hook in app.hooks.values() {
        let connection = hook.tracker.connection();
        let until = covered.iter().find(|c| c.connection == *connection).map(|c| c.period.to);
        if until.is_none_or(|until| now.millis() - until.millis() > STALE_MS) {
            old.push((&connection.0, until));
        }
    }
    Ok(html! {
        @for (connection, until) in old {
            p.notice role="note" {
                @match until {
                    Some(until) => {
                        strong { (connection) } " was last read completely on "
                        (until.to_utc().format("%-d %B %Y at %H:%M")) " UTC. What changed there since may be missing here."
                    }
                    None => {
                        strong { (connection) } " was never read completely: this page rests on a part of it."
                    }
                }
            }
        }
    })
}

/// The page of an empty store: what will happen, and what to do if it does not.
///
/// # Errors
/// The store does not answer.
pub async fn first_run(app: &App, visit: &Visit) -> Result<Markup, StoreError> {
    let mut states = Vec::new();
    for hook in app.hooks.values() {
        let connection = hook.tracker.connection();
        let newest = app.store.passes(connection, 1).await?.into_iter().next();
        let state = match newest {
            None => "waiting for its first pass, or in the middle of it".to_owned(),
            Some(pass) => match pass.problem {
                Some(problem) => format!("the last pass ended early: {problem}"),
                None => "read completely, and no items were found in its scopes".to_owned(),
            },
        };
        states.push((connection.0.clone(), state));
    }
    let name = app.gauge.portfolio().name();
    let body = html! {
        h1 { (name) }
        p.lead { "Nothing has been read from the trackers yet." }
        @if states.is_empty() {
            p { (prose("No connection is configured. Add a `[[connection]]` to `streamgauge.toml`, then start again.")) }
        } @else {
            table {
                thead { tr { th scope="col" { "Connection" } th scope="col" { "State" } } }
                tbody { @for (connection, state) in &states {
                    tr { th scope="row" { (connection) } td { (sentence(state)) } }
                } }
            }
            p { (prose("The daemon reads every connection on its schedule. Wait for the first pass and load this page again; or stop the daemon and run `streamgauge sync`, which shows its progress.")) }
            p { (prose("If a connection stays empty, `streamgauge check` says whether its credential and scopes are right.")) }
        }
        p { "What the portfolio file declares can be seen already: " a href=(visit.link("/map")) { "the map" } "." }
    };
    Ok(page(name, Here::Portfolio, visit, &body))
}
