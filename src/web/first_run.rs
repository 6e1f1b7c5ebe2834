//! `/` before there is anything to chart: what was read so far, and what to do next.

use std::sync::atomic::Ordering;

use maud::{Markup, html};

use super::App;
use super::layout::{Here, page, prose};
use super::moment::Visit;
use super::status_page::{clock, is_first, number, own_words, under_way};
use crate::gauge::World;
use crate::gauge::status::{ConnectionStatus, State, Status};
use crate::portfolio::CoverageView;
use crate::signals::dataset::ItemFacts;
use crate::store::StoreError;

const CONNECTION: &str = r#"[[connection]]
id = "jira"
kind = "jira-cloud"
url = "https://northwind.atlassian.net"
scopes = ["PAY"]
auth = { user = "gauge@example.com", token = { env = "JIRA_TOKEN" } }"#;

/// Whether nothing was ever read completely, or nothing at all is stored.
///
/// # Errors
/// The store does not answer.
pub async fn is_due(app: &App, visit: &Visit) -> Result<bool, StoreError> {
    if visit.is_live() && app.begun.load(Ordering::Relaxed) {
        return Ok(false);
    }
    if !app.store.holds_items().await? {
        return Ok(true);
    }
    let marks = app.store.pass_marks(None).await?;
    let none_complete = !marks.is_empty() && marks.iter().all(|mark| mark.complete.is_none());
    if marks.iter().any(|mark| mark.complete.is_some()) {
        app.begun.store(true, Ordering::Relaxed);
    }
    Ok(visit.is_live() && none_complete)
}

/// Whether items are stored and no rule gives one to a team.
#[must_use]
pub fn nothing_placed(world: &World) -> bool {
    let placed = |item: &ItemFacts| item.segments.iter().any(|segment| segment.team.is_some());
    !world.dataset.items.iter().any(placed)
}

/// The page before the first complete pull.
///
/// # Errors
/// The store does not answer.
pub async fn reading(app: &App, visit: &Visit) -> Result<Markup, StoreError> {
    let status = app.gauge.status(app.live.snapshot()).await?;
    let portfolio = app.gauge.portfolio();
    let body = html! {
        h1 { (portfolio.name()) }
        p.lead { (lead(&status)) }
        @if status.connections.is_empty() {
            p { (prose("A connection names a tracker, what to read there, and where its credential is. `streamgauge init` asks a tracker what exists and writes both files for it: `streamgauge init --jira URL` or `streamgauge init --github`, with `--dir` for a folder of its own or `--force` to replace the files that are there. By hand, it looks like this in `streamgauge.toml`:")) }
            pre { code { (CONNECTION) } }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Connections" {
                table {
                    thead { tr { th scope="col" { "Connection" } th scope="col" { "State" } } }
                    tbody { @for one in &status.connections {
                        tr { th scope="row" { (one.connection) } td { (state(one)) } }
                    } }
                }
            }
        }
        h2 { "What comes next" }
        ol.steps-next {
            @for step in steps(&status) { li { (prose(&step)) } }
            @if portfolio.teams().is_empty() {
                li {
                    (prose("No team is declared in `portfolio.toml`, so nothing of what is read can be placed. `streamgauge init` proposes streams and teams from what exists in the trackers (`--dir` writes to another folder, to copy from). By hand, write streams and teams with the scopes that are theirs:"))
                    pre { code { (teams(&first_claim(&status))) } }
                }
            }
        }
        p { a href=(visit.link("/status")) { "Status" } " tells more of each connection; "
            a href=(visit.link("/map")) { "the map" } " shows what the portfolio file declares." }
    };
    Ok(page(portfolio.name(), Here::Portfolio, visit, &body))
}

fn lead(status: &Status) -> &'static str {
    if status.connections.is_empty() {
        "No connection is configured, so there is nothing to show yet."
    } else if status.connections.iter().any(|one| one.pulling.is_some()) {
        "The first pull is under way. Whole histories are read, which takes a while once."
    } else if status.connections.iter().all(|one| one.last_complete_pull.is_some()) {
        "Everything was read, and no item was found."
    } else {
        "Nothing has been read completely from the trackers yet."
    }
}

fn state(one: &ConnectionStatus) -> Markup {
    html! {
        @if let Some(pulling) = &one.pulling { (under_way(pulling, is_first(one))) }
        @else if let Some(problem) = &one.problem {
            p.problem { "The last pull broke off." }
            p { (own_words(&one.connection, problem)) }
        }
        @else if one.last_complete_pull.is_some() {
            (prose("Read completely, and no items were found in its scopes. "))
            @let scopes: Vec<&str> = one.scopes.iter().map(|scope| scope.scope.as_str()).collect();
            @if !scopes.is_empty() { "They are " (scopes.join(", ")) "." }
        }
        @else { "Not pulled yet." }
        @if one.pulling.is_none() && let Some(next) = one.next.first() {
            " The next pull is due on " (clock(next.at)) "."
        }
        @if one.stored > 0 && one.pulling.is_none() { " " (number(one.stored)) " items are stored so far." }
    }
}

/// What a person does now, first things first.
fn steps(status: &Status) -> Vec<String> {
    let mut steps = Vec::new();
    let has = |wanted: fn(&ConnectionStatus) -> bool| status.connections.iter().any(wanted);
    if status.connections.is_empty() {
        steps.push(
            "After that, `streamgauge check` says whether the credential works; then start again."
                .to_owned(),
        );
    }
    if has(|one| one.pulling.is_some()) {
        steps.push(
            "Load this page again in a moment. Charts appear when a first pull is complete; a \
             restart goes on from where it stopped."
                .to_owned(),
        );
    }
    if has(|one| one.problem.is_some()) {
        steps.push(
            "Mend what the state names; `streamgauge check` asks every tracker again and says \
             whether credential, rights and scopes are right."
                .to_owned(),
        );
    }
    if has(|one| one.state == State::NeverPulled && one.pulling.is_none()) {
        steps.push(
            "Wait for the next pull of the daemon; or stop the daemon and run `streamgauge sync`, \
             which shows its progress."
                .to_owned(),
        );
    }
    if has(|one| one.last_complete_pull.is_some() && one.stored == 0 && one.problem.is_none()) {
        steps.push(
            "Compare `scopes` of the empty connections in `streamgauge.toml` with the keys in the \
             tracker; `streamgauge check` says what the credential can see."
                .to_owned(),
        );
    }
    steps
}

/// A claim for the first scope there is.
fn first_claim(status: &Status) -> String {
    let mut scopes = status.connections.iter().flat_map(|one| &one.scopes);
    let scope = scopes.next().map_or("PAY", |scope| scope.scope.as_str());
    let kind = if scope.contains('/') { "github" } else { "jira" };
    format!("{{ {kind} = {scope:?} }}")
}

fn teams(claim: &str) -> String {
    format!(
        "[[stream]]\nid = \"payments\"\n\n[[team]]\nid = \"checkout\"\nstream = \"payments\"\n\
         claims = [{claim}]"
    )
}

/// The page when items are stored and none of them belongs to a team.
#[must_use]
pub fn placing(app: &App, coverage: &CoverageView, visit: &Visit) -> Markup {
    let portfolio = app.gauge.portfolio();
    let none = portfolio.teams().is_empty();
    let best = coverage.next_rules.first().map(|rule| rule.claim.clone());
    let body = html! {
        h1 { (portfolio.name()) }
        p.lead {
            (number(coverage.items)) " items are read, and none of them has a team. "
            "Every signal counts the work of teams, so there is nothing to chart yet."
        }
        h2 { "What comes next" }
        ol.steps-next {
            @if none {
                li {
                    (prose("No team is declared in `portfolio.toml`. `streamgauge init` proposes streams and teams from what exists in the trackers (`--dir` writes to another folder, to copy from). By hand, with your own names and claims:"))
                    pre { code { (teams(best.as_deref().unwrap_or("{ jira = \"PAY\" }"))) } }
                }
            } @else {
                li { (prose("The claims of the declared teams match no item. Compare them with the claims below, and correct them in `portfolio.toml`.")) }
            }
            @if !coverage.next_rules.is_empty() {
                li {
                    "These claims would place the most items:"
                    ul.tight { @for rule in &coverage.next_rules {
                        li { code { (rule.claim) } ", " (number(rule.items)) " items" }
                    } }
                }
            }
            li { (prose("`streamgauge check` says what the changed file places before it counts; then start the daemon again.")) }
        }
        p { a href=(visit.link("/map")) { "The map" } " lists what no rule places, with examples; "
            a href=(visit.link("/status")) { "Status" } " tells how the connections stand." }
    };
    page(portfolio.name(), Here::Portfolio, visit, &body)
}
