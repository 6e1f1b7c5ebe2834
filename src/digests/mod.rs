//! Schedule, compose and render digests.
//!
//! One structure, [`Digest`], is composed from a report and rendered as Markdown, as HTML, as JSON
//! and by the portfolio page and for chats; none of them computes anything.

mod blocks;
pub mod brief;
pub mod chart;
pub mod compose;
mod content;
pub mod html;
pub mod json;
pub mod links;
pub mod markdown;
pub mod outbox;
mod plan;
pub mod revisions;
pub mod settings;
pub mod since;
pub mod slack;
pub mod stale;
pub mod team;
pub mod teams;
pub mod wording;
pub mod words;

use std::sync::Arc;

pub use compose::{Digest, Section, compose};
pub use content::rendered;

use crate::gauge::{Gauge, Moment};
use crate::signals::{Report, Scope};
use crate::store::StoreError;

/// The page of an audience at a moment, and the report behind it. It says what is stale;
/// what is different [`since`] the last one is left to whoever sends it.
///
/// # Errors
/// The store does not answer.
pub async fn page(
    gauge: &Gauge,
    scope: &Scope,
    moment: Moment,
) -> Result<(Digest, Arc<Report>), StoreError> {
    let report = gauge.report(moment, scope).await?;
    let mut digest = compose(&report);
    digest.stale = stale::lines(&gauge.freshness(moment).await?, gauge.portfolio().zone());
    Ok((digest, report))
}
