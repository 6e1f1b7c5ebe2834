//! What a reader must know before trusting the page: the same lines as in the digest.

use maud::{Markup, html};

use super::layout::prose;
use super::moment::Visit;
use super::store_notice;
use crate::store::Trouble;

/// One note for each line about stale data, with the way to the status page.
#[must_use]
pub fn stale(lines: &[String], visit: &Visit) -> Markup {
    html! {
        @for line in lines {
            p.notice role="note" { (prose(line)) " " a href=(visit.link("/status")) { "Status" } }
        }
    }
}

/// What a page of the present tells: that nothing new is stored, and what is old.
#[must_use]
pub fn all(trouble: Option<Trouble>, lines: &[String], visit: &Visit) -> Markup {
    html! {
        @if visit.is_live() { (store_notice::tell(&trouble.into())) }
        (stale(lines, visit))
    }
}
