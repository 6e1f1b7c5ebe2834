//! What a reader must know before trusting the page: the same lines as in the digest.

use maud::{Markup, html};

use super::error::WebError;
use super::layout::prose;
use super::moment::Visit;
use super::{App, store_notice};
use crate::digests::stale::lines;
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

/// What stands above a page: that nothing new is stored, where it is one of the present, and `lines`
/// about stale data.
#[must_use]
pub fn all(trouble: Option<Trouble>, lines: &[String], visit: &Visit) -> Markup {
    html! {
        @if visit.is_live() { (store_notice::tell(&trouble.into())) }
        (stale(lines, visit))
    }
}

/// The same for a page that knows nothing of it yet.
///
/// # Errors
/// The store does not answer.
pub async fn of(app: &App, visit: &Visit) -> Result<Markup, WebError> {
    let lines = lines(&app.gauge.freshness(visit.moment).await?, visit.zone);
    Ok(all(app.store.trouble(), &lines, visit))
}
