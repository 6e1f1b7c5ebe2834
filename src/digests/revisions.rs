//! Published numbers that later knowledge changed. History is never rewritten silently.

use std::collections::BTreeMap;

use crate::model::Week;
use crate::signals::report;
use crate::signals::report::{Report, Unit};

/// The signal whose numbers are published by week.
const THROUGHPUT: &str = "V2";

/// One phrase for each delivery count that was published and differs now, by stream and week: late
/// facts and items reopened since change it. None where throughput is `apart`, for it was published
/// by another definition.
#[must_use]
pub fn between(then: &Report, now: &Report, apart: &[&str]) -> Vec<String> {
    if apart.contains(&THROUGHPUT) {
        return Vec::new();
    }
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
        .filter(|finding| finding.signal == THROUGHPUT)
        .filter_map(|finding| Some((finding, finding.series.as_ref()?)))
        .filter(|(_, series)| series.unit == Unit::ItemsPerWeek && series.weeks_per_point == 1)
        .flat_map(|(finding, series)| {
            series.points.iter().filter_map(move |report::Point { week, value }| {
                Some(((finding.slice.name.clone(), *week), format!("{:.0}", (*value)?)))
            })
        })
        .collect()
}
