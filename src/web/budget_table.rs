//! The rate budgets on `/status`.

use maud::{Markup, html};

use super::status_page::{clock, number, soon};
use crate::gauge::HostStatus;
use crate::model::Timestamp;

/// What every host told last.
pub fn table(hosts: &[HostStatus], at: Timestamp) -> Markup {
    html! {
        @if hosts.is_empty() { p.quiet { "No tracker has answered since this process began." } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Rate budgets" {
                table.figures {
                    thead { tr {
                        th scope="col" { "Host" } th scope="col" { "Budget" }
                        th.n scope="col" { "Remaining" } th.n scope="col" { "Limit" }
                        th.n scope="col" { "Kept for webhooks" }
                        th scope="col" { "Full again" } th scope="col" { "As of" }
                    } }
                    tbody { @for host in hosts { (host_rows(host, at)) } }
                }
            }
        }
    }
}

fn host_rows(host: &HostStatus, at: Timestamp) -> Markup {
    let told = |n: Option<u64>| n.map_or_else(|| "–".to_owned(), number);
    html! {
        @if host.budgets.is_empty() {
            tr { th scope="row" { (host.host) } td colspan="6" { "this tracker tells no budget" } }
        }
        @for budget in &host.budgets {
            tr {
                th scope="row" { (host.host) }
                td { (budget.resource.as_deref().unwrap_or("requests")) }
                td.n { (told(budget.remaining)) }
                td.n { (told(budget.limit)) }
                td.n { (told(budget.kept)) }
                td { @if let Some(reset) = budget.reset_at { (soon(reset, at)) } @else { "not told" } }
                td { (soon(budget.told_at, at)) }
            }
            @if let Some(until) = budget.wait_until {
                tr { td.words colspan="7" {
                    "Only what is kept for webhooks is left of this budget: first walks, whole walks "
                    "and sweeps wait until " (clock(until)) "."
                } }
            }
        }
        @if let Some(until) = host.paused_until {
            tr { td colspan="7" { span.problem { (host.host) " asked to wait until " (clock(until)) "." } } }
        }
    }
}
