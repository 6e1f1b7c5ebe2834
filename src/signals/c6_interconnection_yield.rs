//! C6 Interconnection yield.
//!
//! Question: are the dependencies worth having: do bets across streams reach integration and
//! outcomes? Reader: portfolio.
//! Definition: an epic is one across streams when at least two streams each have 10 % of its
//! attention. Of the epics that started at least one cadence ago (12 weeks where none is declared),
//! the funnel started -> integrated (C3) -> outcome read after the first release -> moved favourably
//! (O1), each step among those of the step before; and the same funnel for epics within one stream
//! beside it, for which being in any release or declared event stands for integration. One-off
//! epics are left out.
//! Source: section 2.4 of the catalogue; Wilson 1927 for the intervals.
//! Misreading: small numbers. Below 20 epics in either class there are counts and no rates, and
//! from 20 on nothing is compared unless the 95 % intervals of moved among started are disjoint.
//!
//! Attention is taken over the newest 26 weeks and the charted cadences; an epic without any in
//! them is not looked at. A stream's part is the attention of the teams at home in it: by the
//! stream of the work, an epic with a stream of its own could never be across streams (see
//! [`super::integration`]).

use std::collections::{BTreeMap, BTreeSet};

use super::bets::readings;
use super::c5_cadence_fit::entries;
use super::defaults::{MULTI_STREAM_PERCENT, PERCENT_FROM, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio_wide};
use super::o1_outcome_movement::{Movement, movement};
use super::report::{Finding, Measure, Observation, Question, Unit, Verdict};
use super::stats::wilson::wilson95;
use super::view::View;
use super::{Scope, Signal, words};
use crate::model::{Context, Period, StreamIx, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "C6",
    name: "Interconnection yield",
    question: Question::Investment,
    asks: "Do bets across streams reach integration and outcomes?",
    definition: "Epics with at least 10 % of their attention in each of two or more streams: how \
                 many started, were integrated, had an outcome reading, moved it favourably; and \
                 the same of epics within one stream.",
    misreading: "Few epics make no rate: below twenty of a kind they are only counted. One funnel \
                 stands beside the other, not against it.",
    test: "Counts at each step. Where there are enough bets for shares, those across streams \
           and those within one are compared by their 95 % ranges.",
    history: FIRST,
    evaluate,
};

/// How far the epics of one class came; each step counts among those of the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Funnel {
    pub started: u64,
    pub integrated: u64,
    pub read: u64,
    pub moved: u64,
}

impl Funnel {
    /// Adds an epic that came so far: integrated, read, moved.
    fn add(&mut self, [integrated, read, moved]: [bool; 3]) {
        self.started += 1;
        self.integrated += u64::from(integrated);
        self.read += u64::from(integrated && read);
        self.moved += u64::from(integrated && read && moved);
    }

    fn steps(self) -> [u64; 4] {
        [self.started, self.integrated, self.read, self.moved]
    }
}

/// Whether at least two streams each have at least 10 % of an epic's attention.
#[must_use]
pub fn across_streams(ticks: &[i64]) -> bool {
    let all: i128 = ticks.iter().map(|t| i128::from(*t)).sum();
    let large = |t: &&i64| i128::from(**t) * 100 >= all * i128::from(MULTI_STREAM_PERCENT);
    ticks.iter().filter(|t| **t > 0).filter(large).count() >= 2
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    // A stream is no reader: what crosses streams is the portfolio's to weigh.
    if *view.scope != Scope::Portfolio {
        return Vec::new();
    }
    let slice = portfolio_wide("interconnection", "Bets across streams");
    if view.data.epics.is_empty() {
        return vec![finding(&SIGNAL, slice, not_applicable("no epic is known"))];
    }
    let (across, within, epics) = funnels(view);
    if across.started == 0 {
        let verdict = match within.started {
            0 => insufficient(0, 1, "epics", "no epic started a cadence ago or earlier"),
            _ => Verdict::Nothing,
        };
        return vec![finding(&SIGNAL, slice, verdict)];
    }
    let ranges = [across, within].map(|funnel| wilson95(funnel.moved, funnel.started));
    let apart = match ranges {
        [Some(one), Some(other)] => one.1 < other.0 || other.1 < one.0,
        _ => false,
    };
    let least = across.started.min(within.started);
    let verdict = match (least < PERCENT_FROM, apart) {
        (true, _) => {
            let why = "shares of so few epics say little, so they are counted";
            insufficient(least, PERCENT_FROM, "epics of either kind", why)
        }
        (false, true) => Verdict::Fact,
        (false, false) => Verdict::Usual,
    };
    let mut found = finding(&SIGNAL, slice, verdict);
    let window = view.attention.grid.span();
    found.measures = measures(across, within, window);
    if least >= PERCENT_FROM {
        let names = ["moved_across", "moved_within"].into_iter().zip([across, within]);
        found.measures.extend(names.zip(ranges).map(|((name, funnel), range)| Measure {
            n: Some(funnel.started),
            range,
            ..measure(name, funnel.moved as f64 / funnel.started as f64, Unit::Share, window)
        }));
    }
    found.items = epics.into_iter().map(|epic| view.data.epics[epic].id.clone()).collect();
    found.items.sort_unstable();
    found.observation = Some(tell(&found, across, within, apart && least >= PERCENT_FROM));
    vec![found]
}

fn measures(across: Funnel, within: Funnel, window: Period) -> Vec<Measure> {
    const NAMES: [[&str; 4]; 2] = [
        ["across_started", "across_integrated", "across_read", "across_moved_favourably"],
        ["within_started", "within_released", "within_read", "within_moved_favourably"],
    ];
    let steps =
        NAMES.into_iter().flatten().zip([across, within].into_iter().flat_map(Funnel::steps));
    steps.map(|(name, count)| measure(name, count as f64, Unit::Count, window)).collect()
}

/// The funnel of epics across streams, that of epics within one, and the former epics.
fn funnels(view: &View<'_>) -> (Funnel, Funnel, Vec<usize>) {
    let data = view.data;
    let meetings = view.meetings();
    let (met, points) = meetings;
    let integrated: BTreeSet<usize> = points.iter().flat_map(|p| p.epics.clone()).collect();
    let shown: BTreeSet<usize> = met.iter().flat_map(|(_, met)| met.keys().copied()).collect();
    let firsts = &view.first_releases;
    let entries = entries(view);
    let days = data.cadences.first().map_or(7 * WINDOW_WEEKS as i64, |c| i64::from(c.days));
    let (mut across, mut within, mut epics) = (Funnel::default(), Funnel::default(), Vec::new());
    for (epic, streams) in attention(view) {
        let old = entries[epic].is_some_and(|at| at.plus_days(days) <= view.as_of);
        if !old || data.epics[epic].context == Context::OneOff {
            continue;
        }
        let ticks: Vec<i64> = streams.into_values().collect();
        let (read, moved) = firsts[epic].map_or((false, false), |first| outcome(view, epic, first));
        if across_streams(&ticks) {
            across.add([integrated.contains(&epic), read, moved]);
            epics.push(epic);
        } else {
            within.add([shown.contains(&epic), read, moved]);
        }
    }
    (across, within, epics)
}

/// Ticks of each epic by the home stream of the teams that worked on it; without one by the stream
/// of the work.
fn attention(view: &View<'_>) -> BTreeMap<usize, BTreeMap<Option<StreamIx>, i64>> {
    let mut of_epic: BTreeMap<usize, BTreeMap<Option<StreamIx>, i64>> = BTreeMap::new();
    for cell in &view.attention.cells {
        let Some(epic) = cell.target.epic else { continue };
        let ticks: i64 = cell.ticks.iter().sum();
        if ticks > 0 {
            let streams = of_epic.entry(epic.0 as usize).or_default();
            *streams.entry(cell.home.or(cell.target.stream)).or_default() += ticks;
        }
    }
    of_epic
}

/// Whether the epic's measure was read after its first release, and whether it moved favourably.
fn outcome(view: &View<'_>, epic: usize, first: Timestamp) -> (bool, bool) {
    let linked = view.data.epics[epic].outcome.as_ref();
    let measure = linked.and_then(|id| view.data.outcomes.iter().find(|m| m.id == *id));
    let Some(measure) = measure else { return (false, false) };
    let list = readings(view.data, &measure.id, (view.as_of, view.known));
    let split = list.partition_point(|reading| reading.at < first);
    let values: Vec<f64> = list.iter().map(|reading| reading.value).collect();
    let moved = movement(&values[..split], &values[split..], measure.direction);
    (split < list.len(), matches!(moved, Movement::Favourable(_)))
}

fn tell(found: &Finding, across: Funnel, within: Funnel, apart: bool) -> Observation {
    let [started, integrated, read, moved] = across.steps();
    let [own, released, own_read, own_moved] = within.steps();
    let evidence = format!(
        "of {} with two or more streams, {integrated} came together in a release or a declared \
         event, {read} of these had an outcome reading since, and {moved} of these moved \
         favourably; beside them, of {} within one stream, {released} were released, {own_read} \
         read and {own_moved} moved.",
        words::count(started, "epic"),
        words::count(own, "epic"),
    );
    let uncertainty = if apart {
        format!(
            "The share that moved is {} across streams and {} within one; their ranges do not \
             overlap, and what else differs between such epics is not known.",
            words::proportion(moved, started),
            words::proportion(own_moved, own)
        )
    } else {
        "These are counts of few epics, side by side: they do not say that one kind does more than \
         the other."
            .to_owned()
    };
    let question = "Which of these connections is worth its waits?";
    observe(&found.slice.name, &evidence, &uncertainty, question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cadence, Precision, Reading};
    use crate::signals::Dataset;
    use crate::signals::dataset::ReleaseFacts;
    use crate::signals::fixture::{at, bets, item, outcome_measure, portfolio, under, view};

    /// .70/.25/.05: two streams count.
    #[test]
    fn example_of_across_streams() {
        assert!(across_streams(&[70, 25, 5]));
        assert!(!across_streams(&[91, 9]) && across_streams(&[90, 10]));
        assert!(!across_streams(&[100]) && !across_streams(&[]) && !across_streams(&[0, 0]));
    }

    /// How far an epic comes, and whether a second stream works on it.
    struct Bet {
        across: bool,
        integrated: bool,
        read: bool,
        moved: bool,
    }

    /// One epic a bet, each with its own measure: ten readings before its release, and nine after
    /// it where it was read.
    fn told(list: &[Bet]) -> Dataset {
        let mut data = portfolio(2, &[1, 2]);
        let anchor = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        data.cadences = vec![Cadence { id: "pi".into(), anchor, days: 28 }];
        bets(&mut data, list.len());
        for (n, bet) in list.iter().enumerate() {
            let epic = u32::try_from(n).unwrap();
            let mut items = Vec::new();
            for place in ["T1/S1", "T2/S2"].iter().take(1 + usize::from(bet.across)) {
                let key = format!("{}-{n}", &place[3..]);
                let ix = item(&mut data, &key, place, &[("02-02", "Dev"), ("02-16", "done")]);
                under(&mut data, ix, epic);
                items.push(ix);
            }
            let id = format!("m{n}");
            if bet.integrated {
                let precision = Precision::Exact;
                let (at, name) = (at("02-20"), id.clone());
                data.releases.push(ReleaseFacts { id: id.clone(), name, at, items, precision });
            }
            data.epics[n].outcome = Some(id.clone());
            data.outcomes.push(outcome_measure(&id));
            let before = [42.0, 44.0, 41.0, 43.0, 45.0, 42.0, 44.0, 43.0, 41.0, 45.0];
            let after = if bet.moved { [60.0; 9] } else { [43.0; 9] };
            let mut add = |when: Timestamp, value| {
                let (measure, source) = (id.clone(), "survey".to_owned());
                data.readings.push(Reading { measure, at: when, value, source, known_at: when });
            };
            let days = |n: usize| i64::try_from(n).unwrap();
            before.iter().enumerate().for_each(|(n, v)| add(at("02-01").plus_days(days(n)), *v));
            if bet.read {
                after.iter().enumerate().for_each(|(n, v)| add(at("02-21").plus_days(days(n)), *v));
            }
        }
        data
    }

    fn class(across: bool, [started, integrated, read, moved]: [usize; 4]) -> Vec<Bet> {
        let bet =
            |n: usize| Bet { across, integrated: n < integrated, read: n < read, moved: n < moved };
        (0..started).map(bet).collect()
    }

    fn both(across: [usize; 4], within: [usize; 4]) -> Finding {
        let mut list = class(true, across);
        list.extend(class(false, within));
        let data = told(&list);
        evaluate(&view(&data, "03-30")).remove(0)
    }

    /// 6 -> 4 -> 3 -> 2 beside 10 -> 8 -> 5 -> 2, as counts.
    #[test]
    fn example() {
        let found = both([6, 4, 3, 2], [10, 8, 5, 2]);
        let counts: Vec<f64> = found.measures.iter().map(|m| m.value).collect();
        assert_eq!(counts, [6.0, 4.0, 3.0, 2.0, 10.0, 8.0, 5.0, 2.0]);
        assert!(found.measures.iter().all(|m| m.unit == Unit::Count && m.range.is_none()));
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 6, need: 20, .. }));
        assert_eq!(found.items.len(), 6);
        let told = found.observation.unwrap();
        assert!(!format!("{told:?}").contains('%'), "{told:?}");
        assert_eq!(
            told.evidence,
            "of 6 epics with two or more streams, 4 came together in a release or a declared \
             event, 3 of these had an outcome reading since, and 2 of these moved favourably; \
             beside them, of 10 epics within one stream, 8 were released, 5 read and 2 moved."
        );
    }

    /// From twenty on rates; a claim only when the intervals are disjoint.
    #[test]
    fn no_claim_while_the_intervals_overlap() {
        let alike = both([20, 20, 12, 8], [20, 20, 12, 6]);
        assert_eq!(alike.verdict, Verdict::Usual);
        assert!(alike.observation.unwrap().uncertainty.starts_with("These are counts"));
        let apart = both([20, 20, 18, 16], [20, 20, 12, 3]);
        assert_eq!(apart.verdict, Verdict::Fact);
        let moved = apart.measures.iter().find(|m| m.name == "moved_across").unwrap();
        assert_eq!((moved.value, moved.n), (0.8, Some(20)));
        assert!(apart.observation.unwrap().uncertainty.contains("80 % (16 of 20)"));
    }

    #[test]
    fn young_epics_and_one_offs_are_not_counted() {
        let mut data = told(&class(true, [3, 3, 0, 0]));
        data.epics[0].context = Context::OneOff;
        let started = |data: &Dataset, as_of: &str| {
            let found = evaluate(&view(data, as_of)).remove(0);
            found.measures.first().map(|m| m.value)
        };
        // Started on 02-02, with a cadence of 28 days.
        assert_eq!(started(&data, "03-02"), Some(2.0));
        assert_eq!(started(&data, "03-01 23:59"), None);
        data.cadences.clear();
        assert_eq!(started(&data, "03-30"), None);
        assert_eq!(started(&data, "04-27"), Some(2.0));
    }

    #[test]
    fn nothing_across_and_no_epic() {
        let data = told(&class(false, [3, 3, 0, 0]));
        assert_eq!(evaluate(&view(&data, "03-30"))[0].verdict, Verdict::Nothing);
        let none = portfolio(2, &[1, 2]);
        assert!(matches!(
            evaluate(&view(&none, "03-30"))[0].verdict,
            Verdict::NotApplicable { .. }
        ));
        let scope = Scope::Stream("s1".into());
        let (data, as_of) = (told(&class(true, [3, 3, 0, 0])), at("03-30"));
        assert!(evaluate(&View::new(&data, as_of, as_of, &scope)).is_empty());
    }
}
