//! What a report cannot see, one sentence each.

use super::calendar::uncovered;
use super::report::{Confidence, Finding, Gate};
use super::slices::OTHER;
use super::view::View;
use super::{p1_attention_share as p1, t2_governance_load as t2, words};
use crate::model::Timestamp;

/// Statuses without a category are named up to this number.
const STATUSES: usize = 8;
/// Gaps of coverage are listed up to this number.
const GAPS: usize = 5;
/// Shares that depend on how waiting is counted are named up to this number.
const SHARES: usize = 6;

/// The sentences, in a fixed order; numbers follow section 0.10 of the catalogue.
#[must_use]
pub(super) fn unseen(view: &View<'_>, whole: &Confidence, findings: &[Finding]) -> Vec<String> {
    let mut seen = Vec::new();
    let gate = |name: &str| whole.gates.iter().find(|gate| gate.name == name);
    let rest = |gate: &Gate| (gate.denominator - gate.numerator) as u64;
    seen.extend(view.attention.coverage(p1::window(view)).and_then(coverage_sentence));
    seen.extend(counting_of_waiting(findings));
    if let Some(gate) = gate("mapped").filter(|gate| rest(gate) > 0) {
        let missing = words::part(rest(gate), gate.denominator as u64);
        seen.push(format!("Of the items touched in 12 weeks, {missing} lack a team or a stream."));
    }
    if let Some(gate) = gate("start_observable").filter(|gate| rest(gate) > 0) {
        let missing = words::part(rest(gate), gate.denominator as u64);
        seen.push(format!(
            "Of the items delivered in 12 weeks, {missing} have no observable start."
        ));
    }
    seen.extend(one_off(view));
    seen.extend(t2::sentence(view));
    seen.extend(coverage_gaps(view));
    if let Some(gate) = gate("polled_share").filter(|gate| gate.numerator > 0.0) {
        let polled = words::part(gate.numerator as u64, gate.denominator as u64);
        let error =
            if gate.open { "" } else { "; durations carry the poll interval as their error" };
        seen.push(format!(
            "Of the status changes in 12 weeks, {polled} were seen by polling, which shows only the last of several between two looks{error}."
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
            "item was done from its creation on, as imported ones are: the start of work on it cannot be seen, and it is left out",
            "items were done from their creation on, as imported ones are: the start of work on them cannot be seen, and they are left out",
        ),
        (
            whole.start_before_data,
            "item started before the data begins",
            "items started before the data begins",
        ),
    ];
    seen.extend(
        counts
            .into_iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| format!("{n} {}.", if n == 1 { one } else { many })),
    );
    seen.extend(unknown_statuses(&view.data.unknown_statuses));
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
    seen.extend(view.data.purged.iter().filter(|(_, items, _)| *items > 0).map(|(from, n, at)| {
        let day = at.to_utc().with_timezone(&view.data.zone).format("%-d %B %Y");
        let (items, were) = (words::count(*n, "item"), if *n == 1 { "was" } else { "were" });
        format!(
            "{items} of {from} {were} purged by {day}; figures that were published before may rest on them and cannot be repeated."
        )
    }));
    seen
}

/// Nothing to say when work was observed all the time.
fn coverage_sentence(coverage: f64) -> Option<String> {
    if coverage <= 0.0 {
        return Some("No work in progress of any team was observed over 12 weeks.".to_owned());
    }
    let share = words::percent(coverage);
    (share != "100 %").then(|| {
        format!(
            "Work in progress was observed in {share} of team time over 12 weeks; the rest is unseen, not idle."
        )
    })
}

/// Names the slices whose share of attention moves materially when waiting items are counted.
fn counting_of_waiting(findings: &[Finding]) -> Option<String> {
    let mut moved: Vec<String> = findings
        .iter()
        .filter_map(|finding| {
            let (share, waiting) = p1::moved_by_waiting(finding)?;
            let (share, waiting) = (words::percent(share), words::percent(waiting));
            Some(format!("{} {waiting} instead of {share}", finding.slice.name))
        })
        .collect();
    let more = moved.len().saturating_sub(SHARES);
    if more > 0 {
        moved.truncate(SHARES);
        moved.push(format!("{more} more"));
    }
    (!moved.is_empty()).then(|| {
        format!(
            "Attention depends on how waiting is counted: with waiting items included, the shares would read: {}.",
            words::list(&moved)
        )
    })
}

/// Work that the portfolio declared to be one-off stands apart from what flows.
fn one_off(view: &View<'_>) -> Option<String> {
    let items: u64 = view.flow.streams.iter().map(|stream| stream.counts.one_off).sum();
    let are = if items == 1 { "is" } else { "are" };
    (items > 0).then(|| {
        format!(
            "{} of one-off epics, touched in 12 weeks, {are} left out of the flow signals; attention counts them.",
            words::count(items, "item")
        )
    })
}

/// Names the statuses that nobody can read; the first few when there are many.
fn unknown_statuses(statuses: &[(String, u64)]) -> Option<String> {
    let mut names: Vec<String> =
        statuses.iter().take(STATUSES).map(|(name, _)| words::quoted(name)).collect();
    let more = statuses.len().saturating_sub(STATUSES);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let which = if statuses.len() == 1 { "status" } else { "statuses" };
    (!names.is_empty()).then(|| {
        format!(
            "Nobody knows the category of the {which} {}; an item in such a status keeps the category it had before.",
            words::list(&names)
        )
    })
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
