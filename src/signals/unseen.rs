//! What a report cannot see, one sentence each.

use super::calendar::uncovered;
use super::report::{Confidence, Gate};
use super::slices::OTHER;
use super::view::View;
use super::{p1_attention_share as p1, words};
use crate::model::Timestamp;

/// Gaps of coverage are listed up to this number.
const GAPS: usize = 5;

/// The sentences, in a fixed order; numbers follow section 0.10 of the catalogue.
#[must_use]
pub(super) fn unseen(view: &View<'_>, whole: &Confidence) -> Vec<String> {
    let mut seen = Vec::new();
    let gate = |name: &str| whole.gates.iter().find(|gate| gate.name == name);
    let rest = |gate: &Gate| (gate.denominator - gate.numerator) as u64;
    if let Some(coverage) = view.attention.coverage(p1::window(view)) {
        let share = words::percent(coverage);
        seen.push(format!(
            "Work in progress was observed in {share} of team time over 12 weeks; the rest is unseen, not idle."
        ));
    }
    if let Some(gate) = gate("mapped").filter(|gate| rest(gate) > 0) {
        let missing = words::proportion(rest(gate), gate.denominator as u64);
        seen.push(format!("Of the items touched in 12 weeks, {missing} lack a team or a stream."));
    }
    if let Some(gate) = gate("start_observable").filter(|gate| rest(gate) > 0) {
        let missing = words::proportion(rest(gate), gate.denominator as u64);
        seen.push(format!(
            "Of the items delivered in 12 weeks, {missing} have no observable start."
        ));
    }
    seen.extend(coverage_gaps(view));
    if let Some(gate) = gate("polled_share").filter(|gate| gate.numerator > 0.0) {
        let polled = words::proportion(gate.numerator as u64, gate.denominator as u64);
        let error =
            if gate.open { "" } else { "; durations carry the poll interval as their error" };
        seen.push(format!(
            "Of the status changes in 12 weeks, {polled} were seen by polling{error}."
        ));
    }
    if let Some(gate) = gate("stale_active").filter(|gate| gate.numerator > 0.0) {
        let share = words::percent(gate.value.unwrap_or(0.0));
        seen.push(format!(
            "{share} of active item-days came from cards without a sign of life for 28 days and draw no attention."
        ));
    }
    let counts = [
        (
            whole.born_done,
            "item was created done and is left out",
            "items were created done and are left out",
        ),
        (
            whole.start_before_data,
            "item started before the data begins",
            "items started before the data begins",
        ),
        (
            whole.unknown_statuses,
            "status has no known category and inherits the one before it",
            "statuses have no known category and inherit the one before them",
        ),
    ];
    seen.extend(
        counts
            .into_iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| format!("{n} {}.", if n == 1 { one } else { many })),
    );
    if view.streams().list.iter().any(|slice| slice.id == OTHER) {
        seen.push(
            "Streams with fewer than three teams are shown together as other streams.".to_owned(),
        );
    }
    seen.extend(view.data.gaps.iter().filter(|(_, n)| *n > 0).map(|(reason, n)| {
        format!(
            "The trackers left {} of the kind {} unread.",
            words::count(*n, "gap"),
            words::quoted(reason)
        )
    }));
    seen
}

/// Unobserved stretches inside the charted weeks, by connection.
fn coverage_gaps(view: &View<'_>) -> Vec<String> {
    let span = view.weeks.span(0..view.weeks.len());
    let mut connections: Vec<&str> =
        view.data.coverage.iter().map(|span| span.connection.as_str()).collect();
    connections.sort_unstable();
    connections.dedup();
    let mut sentences = Vec::new();
    for connection in connections {
        let own: Vec<_> =
            view.data.coverage.iter().filter(|s| s.connection == connection).cloned().collect();
        let gaps = uncovered(&own);
        for gap in gaps.iter().filter_map(|gap| gap.intersect(&span)) {
            let day = |at: Timestamp| at.to_utc().with_timezone(&view.data.zone).date_naive();
            let last = day(gap.to.plus_millis(-1));
            sentences.push(format!(
                "{} to {last} had no data from {}.",
                day(gap.from),
                words::quoted(connection)
            ));
        }
    }
    if sentences.len() > GAPS {
        let more = words::count((sentences.len() - GAPS) as u64, "more stretch");
        sentences.truncate(GAPS);
        sentences.push(format!("{more} without data from a connection."));
    }
    sentences
}
