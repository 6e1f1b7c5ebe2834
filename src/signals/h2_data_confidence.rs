//! H2 Data confidence: a gate, not a signal.
//!
//! Question: can this data carry the signals behind it? Reader: everyone, at the foot of a page.
//! Definition: section 1.3 of the catalogue. Shares of mapped items, observable starts, covered
//! weeks, polled transitions, classified attention and stale active work, with counts of what was
//! left out. A closed gate withholds the signals behind it.
//! Misreading: as a score of teams' discipline. It describes the data, and no team is named.

use super::attention::{TEAM_DAY, sum};
use super::defaults::{CLASSIFIED_MIN, MAPPED_MIN, POLLED_MAX, START_OBSERVABLE_MIN};
use super::definitions::FIRST;
use super::finding::portfolio;
use super::flow::{Counts, StreamFlow};
use super::report::{Confidence, Gate, Question, Verdict};
use super::view::View;
use super::{Signal, finding};
use crate::model::Kind;

pub const SIGNAL: Signal = Signal {
    id: "H2",
    name: "Data confidence",
    question: Question::Flow,
    asks: "Can this data carry the signals that rest on it?",
    definition: "Shares of mapped items, observable starts, covered weeks, polled transitions, \
                 classified attention and stale active work over 12 weeks.",
    misreading: "As a score of discipline. It describes the data; a closed gate withholds signals.",
    test: "Fixed shares that open and close each gate. A closed gate withholds the signals that \
           it names.",
    history: FIRST,
    // Its results are the report's confidence section.
    evaluate: |_| Vec::new(),
};

/// What the gates divide.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence {
    pub counts: Counts,
    pub weeks_covered: u64,
    pub weeks: u64,
    /// Team-days on classified kinds, and all team-days.
    pub classified: f64,
    pub attention: f64,
}

/// The gates in their fixed order. A gate with nothing to divide by is open.
#[must_use]
pub fn gates(evidence: &Evidence) -> Vec<Gate> {
    let c = &evidence.counts;
    let gate = |name, numerator: f64, denominator: f64, open: fn(f64) -> bool, withholds| {
        let value = (denominator > 0.0).then(|| numerator / denominator);
        Gate { name, value, numerator, denominator, open: value.is_none_or(open), withholds }
    };
    let started = c.delivered.saturating_sub(c.no_start);
    vec![
        gate("mapped", c.mapped as f64, c.touched as f64, |v| v >= MAPPED_MIN, STREAM_SIGNALS),
        gate(
            "start_observable",
            started as f64,
            c.delivered as f64,
            |v| v >= START_OBSERVABLE_MIN,
            &["V1", "V4", "V5"],
        ),
        gate("weeks_covered", evidence.weeks_covered as f64, evidence.weeks as f64, |_| true, &[]),
        // Closed, it withholds nothing: durations then carry the poll interval as their error.
        gate("polled_share", c.polled as f64, c.transitions as f64, |v| v <= POLLED_MAX, &[]),
        gate(
            "classified",
            evidence.classified,
            evidence.attention,
            |v| v >= CLASSIFIED_MIN,
            &["P1"],
        ),
        // In item-days: what the cap removes has no share of a team's time to be measured in.
        gate(
            "stale_active",
            super::words::days(c.stale),
            super::words::days(c.active),
            |_| true,
            &[],
        ),
    ]
}

const STREAM_SIGNALS: &[&str] = &["V1", "V2", "V3", "V4", "V5", "V6", "C1", "C2", "C4", "H1"];

/// The portfolio's confidence, then that of each stream slice by name.
#[must_use]
pub fn confidence(view: &View<'_>) -> Vec<Confidence> {
    let everything: Vec<&StreamFlow> = view.flow.streams.iter().collect();
    let row = |slice, evidence: &Evidence| Confidence {
        slice,
        gates: gates(evidence),
        born_done: evidence.counts.born_done,
        start_before_data: evidence.counts.start_before_data,
        unknown_statuses: evidence.counts.unknown_statuses,
    };
    let drawn = drawn(view);
    let whole = row(portfolio("Portfolio"), &evidence(view, &everything, drawn.iter()));
    let streams = view.stream_slices().into_iter().map(|(slice, members, streams)| {
        let own = streams.iter().filter_map(|stream| drawn.get(stream.0 as usize));
        let evidence = evidence(view, &members, own);
        row(slice, &evidence)
    });
    std::iter::once(whole).chain(streams).collect()
}

/// Attention in the window on work of each stream and, last, on work without one: on classified
/// kinds, and all of it.
fn drawn(view: &View<'_>) -> Vec<[i64; 2]> {
    let none = view.data.streams.len();
    let mut drawn = vec![[0; 2]; none + 1];
    let buckets = view.attention.grid.buckets(view.window());
    for cell in &view.attention.cells {
        let ticks = sum(&cell.ticks, &buckets);
        let own = &mut drawn[cell.target.stream.map_or(none, |stream| stream.0 as usize)];
        own[0] += if cell.target.kind == Kind::Unclassified { 0 } else { ticks };
        own[1] += ticks;
    }
    drawn
}

fn evidence<'a>(
    view: &View<'_>,
    members: &[&StreamFlow],
    drawn: impl Iterator<Item = &'a [i64; 2]>,
) -> Evidence {
    let [classified, attention] = drawn.fold([0; 2], |all, own| [all[0] + own[0], all[1] + own[1]]);
    // Without any complete pass no week is taken for a gap, and none is covered either.
    let seen = !view.data.coverage.is_empty();
    Evidence {
        counts: total(members),
        weeks_covered: view.weeks.covered.iter().filter(|covered| seen && **covered).count() as u64,
        weeks: view.weeks.len() as u64,
        classified: classified as f64 / TEAM_DAY,
        attention: attention as f64 / TEAM_DAY,
    }
}

/// The sum of some streams' counts.
#[must_use]
pub fn total(members: &[&StreamFlow]) -> Counts {
    members.iter().fold(Counts::default(), |mut sum, stream| {
        let c = &stream.counts;
        sum.touched += c.touched;
        sum.mapped += c.mapped;
        sum.delivered += c.delivered;
        sum.no_start += c.no_start;
        sum.transitions += c.transitions;
        sum.polled += c.polled;
        sum.one_off += c.one_off;
        sum.active += c.active;
        sum.stale += c.stale;
        sum.born_done += c.born_done;
        sum.start_before_data += c.start_before_data;
        sum.unknown_statuses += c.unknown_statuses;
        sum
    })
}

/// Why a stream signal is withheld for a slice, if it is.
///
/// Items without a stream could belong to any, so the portfolio's own share of mapped items closes
/// the gate of every stream as well.
#[must_use]
pub fn withheld(view: &View<'_>, members: &[&StreamFlow], signal: &str) -> Option<Verdict> {
    let whole = total(&view.flow.streams.iter().collect::<Vec<_>>());
    let own = total(members);
    for counts in [own, whole] {
        if counts.touched > 0 && (counts.mapped as f64) < MAPPED_MIN * counts.touched as f64 {
            return Some(finding::insufficient(
                counts.mapped,
                least(MAPPED_MIN, counts.touched),
                "mapped items",
                "too few of the items touched in 12 weeks have both a team and a stream",
            ));
        }
    }
    let started = own.delivered.saturating_sub(own.no_start);
    let shy = (started as f64) < START_OBSERVABLE_MIN * own.delivered as f64;
    (matches!(signal, "V1" | "V4" | "V5") && own.delivered > 0 && shy).then(|| {
        finding::insufficient(
            started,
            least(START_OBSERVABLE_MIN, own.delivered),
            "deliveries with a start",
            "too many of the items delivered in 12 weeks have no observable start",
        )
    })
}

fn least(share: f64, of: u64) -> u64 {
    (share * of as f64).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DAY_MS, Period, Timestamp};
    use crate::signals::Scope;
    use crate::signals::dataset::{CoverageSpan, Dataset};

    /// The example of section 1.3: no gate closes.
    #[test]
    fn example() {
        let counts = Counts {
            touched: 200,
            mapped: 180,
            delivered: 90,
            no_start: 12,
            transitions: 140,
            polled: 21,
            ..Counts::default()
        };
        let evidence = Evidence { counts, weeks_covered: 25, weeks: 26, ..Evidence::default() };
        let gates = gates(&evidence);
        let text = |ix: usize| gates[ix].value.map(|v| format!("{v:.4}")).unwrap_or_default();
        assert_eq!([text(0), text(1), text(2), text(3)], ["0.9000", "0.8667", "0.9615", "0.1500"]);
        assert!(gates.iter().all(|gate| gate.open));
        assert_eq!(text(4), "");
    }

    #[test]
    fn nothing_read_covers_no_week() {
        let (scope, now) = (Scope::Portfolio, Timestamp::from_millis(1_790_000_000_000));
        let covered = |data: &Dataset| {
            let gates = confidence(&View::new(data, now, now, &scope)).remove(0).gates;
            gates.iter().find(|gate| gate.name == "weeks_covered").map(|gate| gate.numerator)
        };
        let mut data = Dataset::default();
        assert_eq!(covered(&data), Some(0.0));
        let period = Period::new(now.plus_millis(-365 * DAY_MS), now);
        data.coverage = vec![CoverageSpan { connection: "jira".to_owned(), period }];
        assert_eq!(covered(&data), Some(26.0));
    }

    #[test]
    fn gates_close_strictly_beyond_their_limits() {
        let open = |counts: Counts| -> Vec<&'static str> {
            let evidence = Evidence { counts, ..Evidence::default() };
            gates(&evidence).into_iter().filter(|g| !g.open).map(|g| g.name).collect()
        };
        let base = Counts {
            touched: 10,
            mapped: 7,
            delivered: 10,
            no_start: 2,
            transitions: 4,
            polled: 1,
            ..Counts::default()
        };
        assert!(open(base).is_empty());
        assert_eq!(open(Counts { mapped: 6, ..base }), ["mapped"]);
        assert_eq!(open(Counts { no_start: 3, ..base }), ["start_observable"]);
        assert_eq!(open(Counts { polled: 2, ..base }), ["polled_share"]);
    }
}
