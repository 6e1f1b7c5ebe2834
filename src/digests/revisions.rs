//! Published numbers that later knowledge changed. History is never rewritten silently.

use std::collections::BTreeMap;

use super::content::sent_moment;
use crate::gauge::{Gauge, Moment};
use crate::model::Week;
use crate::signals::report::{Header, Report, Unit};
use crate::signals::{Scope, report};
use crate::store::StoreError;

/// Compares the last digest that was sent to the same audience before `report` with what `report`
/// says of the same weeks: late facts and items reopened since change a published count.
///
/// # Errors
/// The store does not answer.
pub async fn since_last(
    gauge: &Gauge,
    audience: &str,
    scope: &Scope,
    report: &Report,
) -> Result<Vec<String>, StoreError> {
    let Header { as_of: newest, known, .. } = report.header;
    let sent = gauge.store().sent_digests(100).await?;
    let last = sent
        .iter()
        .filter(|sent| sent.sent_at <= known)
        .filter_map(|sent| sent_moment(&sent.content))
        .find(|(as_of, _, whom)| whom == audience && *as_of < newest);
    let Some((as_of, published, _)) = last else { return Ok(Vec::new()) };
    let then = gauge.report(Moment { as_of: Some(as_of), known: Some(published) }, scope).await?;
    Ok(between(&then, report))
}

/// One phrase for each published delivery count that differs, by stream and week.
#[must_use]
pub fn between(then: &Report, now: &Report) -> Vec<String> {
    let (then, now) = (delivered(then), delivered(now));
    then.iter()
        .filter_map(|((slice, week), before)| {
            let after = now.get(&(slice.clone(), *week))?;
            (before != after)
                .then(|| format!("{week} {slice} delivered {after} (published as {before})"))
        })
        .collect()
}

/// Weekly deliveries by slice name and week, as printed.
fn delivered(report: &Report) -> BTreeMap<(String, Week), String> {
    report
        .findings
        .iter()
        .filter(|finding| finding.signal == "V2")
        .filter_map(|finding| Some((finding, finding.series.as_ref()?)))
        .filter(|(_, series)| series.unit == Unit::ItemsPerWeek && series.weeks_per_point == 1)
        .flat_map(|(finding, series)| {
            series.points.iter().filter_map(move |report::Point { week, value }| {
                Some(((finding.slice.name.clone(), *week), format!("{:.0}", (*value)?)))
            })
        })
        .collect()
}
