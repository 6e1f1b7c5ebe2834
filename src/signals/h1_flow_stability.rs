//! H1 Flow stability gauge: a gate, not a signal.
//!
//! Question: may averages be used here at all? Reader: everyone who reads a number of the stream.
//! Definition: over the window W, the imbalance of entries and exits, dropped items among the
//! exits, and the mean age of work in progress at the end over that at the start. Flow is steady
//! when the first two are at most 0.10 and the third lies in 0.8 to 1.25. Otherwise no mean is
//! printed for the stream: neither work in progress, flow time nor weeks on hand. The flow-debt
//! ratio, Little's time over the mean observed flow time, is printed either way. The centre line of
//! a chart is no mean of items and stays.
//! Source: section 2.2 of the catalogue; Vacanti's assumptions for Little's law.
//! Misreading: as a score. Unsteady flow can be meant, and says only that averages mislead there.
//!
//! Where no item was in progress at either end there is no age to compare, and only the other two
//! decide; where there was at one end only, the age is not steady. Like V3 it asks for twenty
//! entries and exits; with fewer, averages are withheld as well.

use super::defaults::{AGE_RATIO, IMBALANCE_PERCENT, NET_FLOW_EVENTS};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, observe};
use super::flow::StreamFlow;
use super::report::{Finding, Measure, Question, Slice, Unit, Verdict};
use super::stats::ratios::littles_law;
use super::view::View;
use super::{Signal, h2_data_confidence as h2, words};
use crate::model::DAY_MS;

pub const SIGNAL: Signal = Signal {
    id: "H1",
    name: "Flow stability gauge",
    question: Question::Flow,
    asks: "May averages be used here at all?",
    definition: "Over 12 weeks: entries against exits, dropped items among the exits, and the age \
                 of work in progress at the end against the start. Where they differ by more than \
                 a tenth (the age by more than a quarter) no average of the stream is printed.",
    misreading: "As a score. Unsteady flow can be meant; it says only that averages mislead there.",
    test: "A set of rules over 12 weeks. A gate says whether averages may be printed; it \
           answers no question of its own.",
    history: FIRST,
    evaluate,
};

/// What the gauge reads, over the observed weeks of the window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stability {
    pub days: f64,
    /// Item-days in progress.
    pub item_days: f64,
    pub entries: i64,
    pub exits: i64,
    pub dropped: i64,
    /// Mean age of work in progress at the start and at the end, in days.
    pub ages: (Option<f64>, Option<f64>),
    /// Deliveries whose start was seen, and the sum of their flow times in days.
    pub timed: i64,
    pub flow_days: f64,
}

impl Stability {
    /// `None` when nothing entered or left.
    #[must_use]
    pub fn imbalance(&self) -> Option<f64> {
        let most = self.entries.max(self.exits);
        (most > 0).then(|| (self.entries - self.exits).abs() as f64 / most as f64)
    }

    #[must_use]
    pub fn age_ratio(&self) -> Option<f64> {
        let (start, end) = self.ages;
        start.zip(end).filter(|(start, _)| *start > 0.0).map(|(start, end)| end / start)
    }

    /// Mean number of items in progress.
    #[must_use]
    pub fn mean_wip(&self) -> f64 {
        self.item_days / self.days
    }

    /// Little's time in days; `None` without a delivery.
    #[must_use]
    pub fn littles_time(&self) -> Option<f64> {
        littles_law(self.mean_wip(), self.timed as f64 / self.days)
    }

    /// Mean observed flow time in days.
    #[must_use]
    pub fn mean_flow_time(&self) -> Option<f64> {
        (self.timed > 0).then(|| self.flow_days / self.timed as f64)
    }

    /// Little's time over the mean observed one: beyond one, work is taken in faster than it is
    /// finished, or old items stay behind.
    #[must_use]
    pub fn flow_debt(&self) -> Option<f64> {
        Some(self.littles_time()? / self.mean_flow_time().filter(|mean| *mean > 0.0)?)
    }

    /// May averages be used?
    #[must_use]
    pub fn steady(&self) -> bool {
        let balanced = 100 * (self.entries - self.exits).abs()
            <= IMBALANCE_PERCENT * self.entries.max(self.exits);
        let kept = 100 * self.dropped <= IMBALANCE_PERCENT * self.exits;
        let aged = match (self.ages, self.age_ratio()) {
            ((None, None), _) => true,
            (_, ratio) => ratio.is_some_and(|r| AGE_RATIO.0 <= r && r <= AGE_RATIO.1),
        };
        balanced && kept && aged
    }
}

/// Reads the gauge for one slice over the newest weeks that `weeks` names, as far as observed.
#[must_use]
pub fn gauge(
    view: &View<'_>,
    slice: usize,
    members: &[&StreamFlow],
    weeks: std::ops::Range<usize>,
) -> Stability {
    let (wip, known) = (&view.wip[slice], view.observed_of(members));
    let mean_age = |edge: usize| {
        let (n, millis) = wip.aged[edge];
        (n > 0).then(|| words::days(millis) / n as f64)
    };
    let mut read = Stability { ages: (None, mean_age(weeks.end)), ..Stability::default() };
    for week in weeks.filter(|week| known[*week]) {
        if read.days == 0.0 {
            read.ages.0 = mean_age(week);
        }
        read.days += words::days(view.weeks.span(week..week + 1).millis());
        let spent: i64 = members.iter().map(|s| s.active[week] + s.waiting[week]).sum();
        read.item_days += spent as f64 / DAY_MS as f64;
        read.entries += wip.entries[week];
        read.exits += wip.exits(week);
        read.dropped += wip.dropped[week];
        read.timed += wip.timed[week].0;
        read.flow_days += words::days(wip.timed[week].1);
    }
    read
}

/// Whether averages of a slice may be printed; the signals that print one ask here.
#[must_use]
pub fn open(view: &View<'_>, slice: usize, members: &[&StreamFlow]) -> bool {
    let read = gauge(view, slice, members, view.weeks.window());
    read.entries + read.exits >= NET_FLOW_EVENTS && read.steady()
}

/// Fewer than twenty entries and exits in the window.
#[must_use]
pub fn too_little(entries: i64, exits: i64) -> Option<Verdict> {
    let moves = entries + exits;
    (moves < NET_FLOW_EVENTS).then(|| {
        insufficient(
            moves.unsigned_abs(),
            NET_FLOW_EVENTS.unsigned_abs(),
            "entries and exits",
            "too few items entered or left work in progress in 12 weeks",
        )
    })
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let found = |(slice, members, _): (Slice, Vec<&StreamFlow>, _)| {
        let found = match h2::withheld(view, &members, SIGNAL.id) {
            Some(verdict) => finding(&SIGNAL, slice, verdict),
            None => judge(view, slice, &members),
        };
        Finding { portfolio_headline: false, ..found }
    };
    view.stream_slices().into_iter().map(found).collect()
}

fn judge(view: &View<'_>, slice: Slice, members: &[&StreamFlow]) -> Finding {
    let place = view.streams().find(&slice.id).unwrap_or(0);
    let read = gauge(view, place, members, view.weeks.window());
    if let Some(verdict) = too_little(read.entries, read.exits) {
        return finding(&SIGNAL, slice, verdict);
    }
    let steady = read.steady();
    let mut found = finding(&SIGNAL, slice, if steady { Verdict::Nothing } else { Verdict::Fact });
    found.measures = measures(view, &read, steady);
    if !steady {
        let (n, dropped) = (read.exits, read.dropped);
        let age = read.age_ratio().map_or_else(String::new, |ratio| {
            format!("; the mean age of work in progress at the end was {ratio:.1} times that at the start")
        });
        found.observation = Some(observe(
            &found.slice.name,
            &format!(
                "{} entered and {n} left work in progress over 12 weeks, {dropped} of them dropped{age}.",
                words::count(read.entries.unsigned_abs(), "item"),
            ),
            "Averages describe a flow whose intake, exits and age hold steady, so none is printed \
             for this stream.",
            "What would an average hide here?",
        ));
    }
    found
}

fn measures(view: &View<'_>, read: &Stability, steady: bool) -> Vec<Measure> {
    let window = view.window();
    let count = |name, n: i64| measure(name, n as f64, Unit::Count, window);
    let timed = Some(read.timed.unsigned_abs());
    let mut list = vec![
        count("entries", read.entries),
        count("exits", read.exits),
        count("dropped", read.dropped),
    ];
    let ratio = |name, value: Option<f64>, unit| value.map(|v| measure(name, v, unit, window));
    list.extend(ratio("imbalance", read.imbalance(), Unit::Share));
    list.extend(ratio("age_ratio", read.age_ratio(), Unit::Count));
    let debt = ratio("flow_debt", read.flow_debt(), Unit::Count);
    list.extend(debt.map(|debt| Measure { n: timed, ..debt }));
    if steady {
        list.push(measure("mean_in_progress", read.mean_wip(), Unit::Items, window));
        let mean = ratio("mean_flow_time", read.mean_flow_time(), Unit::Days);
        list.extend(mean.map(|mean| Measure { n: timed, ..mean }));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StreamIx;
    use crate::signals::fixture::{f0, item, portfolio, view};

    /// F0 over four weeks: one item of eight more came than went, one of seven exits was dropped.
    #[test]
    fn example() {
        let data = f0();
        let view = view(&data, "03-30");
        let mut stream = view.flow.streams[0].clone();
        // The data begins on 19 February, so all four weeks are observed.
        stream.since = Some(view.weeks.edges[0]);
        let slice = view.shown(Some(StreamIx(0)));
        let read = gauge(&view, slice, &[&stream], view.weeks.newest(4));
        assert_eq!((read.item_days, read.days), (72.5, 28.0));
        assert_eq!(format!("{:.6}", read.mean_wip()), "2.589286");
        assert_eq!(read.timed, 4);
        assert_eq!(format!("{:.6}", read.littles_time().unwrap()), "18.125000");
        assert_eq!(read.mean_flow_time(), Some(9.875));
        assert_eq!(format!("{:.6}", read.flow_debt().unwrap()), "1.835443");
        assert_eq!((read.imbalance(), read.dropped), (Some(0.125), 1));
        assert_eq!(read.ages, (Some(10.0), Some(24.0)));
        assert!(!read.steady());
        let found = evaluate(&view);
        assert!(matches!(found[0].verdict, Verdict::Insufficient { have: 15, need: 20, .. }));
    }

    #[test]
    fn steady_within_a_tenth_and_a_quarter() {
        let steady = Stability {
            entries: 10,
            exits: 9,
            ages: (Some(8.0), Some(10.0)),
            ..Stability::default()
        };
        assert!(steady.steady());
        assert!(!Stability { exits: 8, ..steady }.steady());
        assert!(!Stability { dropped: 1, ..steady }.steady());
        assert!(!Stability { ages: (Some(8.0), Some(10.1)), ..steady }.steady());
        assert!(!Stability { ages: (None, Some(1.0)), ..steady }.steady());
        assert!(Stability { ages: (None, None), ..steady }.steady());
    }

    /// A closed gate is told to those who ask, prints no mean and never opens a section.
    #[test]
    fn a_closed_gate_withholds_means() {
        let mut data = portfolio(1, &[1]);
        item(&mut data, "old", "T1/S1", &[("01-05", "Dev"), ("01-06", "done")]);
        for n in 1..=24 {
            let start = format!("05-{n:02}");
            item(&mut data, &format!("x{n}"), "T1/S1", &[(&start, "Dev")]);
        }
        let view = view(&data, "06-15");
        let found = &evaluate(&view)[0];
        assert_eq!(found.verdict, Verdict::Fact);
        assert!(!found.portfolio_headline && !found.tested && found.observation.is_some());
        assert!(found.measures.iter().all(|measure| !measure.name.starts_with("mean")));
        assert!(!open(&view, view.shown(Some(StreamIx(0))), &[&view.flow.streams[0]]));
    }
}
