//! The digests on the status page: when each goes out next, and how its deliveries ended.

use maud::{Markup, html};

use super::layout::{prose, sentence};
use super::status_page::{clock, counted};
use crate::gauge::status::{DeliveryStatus, DigestStatus, SkippedStatus};

/// One row for every digest and channel.
pub fn table(digests: &[DigestStatus]) -> Markup {
    html! {
        @if digests.is_empty() {
            p.quiet { (prose("No digest is scheduled. A `[[digest]]` in `streamgauge.toml` sends one.")) }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Digests" {
                table.figures {
                    thead { tr {
                        th scope="col" { "Digest" } th scope="col" { "For" } th scope="col" { "Next" }
                        th scope="col" { "Channel" } th scope="col" { "Last delivery" }
                    } }
                    tbody { @for digest in digests { @for channel in &digest.channels {
                        tr {
                            th scope="row" { (digest.digest) }
                            td { (digest.audience) }
                            td.words {
                                @if let Some(at) = digest.next_at { (clock(at)) } @else { "never" }
                                @if let Some(skipped) = &digest.skipped { br; (missed(skipped)) }
                            }
                            td { (channel.channel) }
                            td.words { (delivery(channel.last.as_ref())) }
                        }
                    } } }
                }
            }
        }
    }
}

fn missed(skipped: &SkippedStatus) -> Markup {
    html! {
        span.problem { (counted(skipped.count, "digest", "digests")) " skipped" }
        " in the last 7 days, the last one due " (skipped.newest_due.replace('T', " "))
    }
}

fn delivery(last: Option<&DeliveryStatus>) -> Markup {
    html! {
        @match last {
            None => { "none yet" }
            Some(last) => {
                @match last.state.as_str() {
                    "sent" => { "sent, due " }
                    "failed" => { span.problem { "given up" } ", due " }
                    "unknown" => { span.problem { "may not have arrived" } ", due " }
                    _ if last.problem.is_some() => { span.problem { "not delivered yet" } ", due " }
                    _ => { "on its way, due " }
                }
                (last.due.replace('T', " "))
                @if last.attempts > 1 { ", " (last.attempts) " attempts" }
                @if let Some(problem) = &last.problem { br; (sentence(problem)) }
            }
        }
    }
}
