//! V3 Net flow.
//!
//! Question: is the queue growing? Reader: value stream; portfolio when confirmed.
//! Definition: spells in progress that begin and end in the window W, in the slice; their
//! difference is the change of work in progress. Exits are told apart: delivered, dropped, parked,
//! moved to another stream. Exact two-rate test with Holm across the streams, and a difference of
//! at least five items and a tenth of the work in progress; confirmed by two weekly evaluations.
//! *Work on hand* is work in progress over exits a week, in weeks: inventory, not what is to come.
//! It divides by an average, so it is printed only where [`super::h1_flow_stability`] is open.
//! Source: section 2.2 of the catalogue.
//! Misreading: closing old cards in bulk shrinks the queue; the breakdown of exits shows drops.
//! Items created stand beside entries as context.
//!
//! Only observed weeks of the window count. An item whose start lies before the data enters when
//! it was created.

use super::defaults::{NET_FLOW_EVENTS, NET_FLOW_ITEMS, NET_FLOW_PERCENT, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, observe};
use super::flow::StreamFlow;
use super::report::{Finding, Measure, Move, Observation, Question, Slice, Unit, Verdict};
use super::stats::binomial::two_rates;
use super::view::View;
use super::weekly_test::{Tested, ladder, standing};
use super::{Signal, h1_flow_stability as h1, h2_data_confidence as h2, words};

pub const SIGNAL: Signal = Signal {
    id: "V3",
    name: "Net flow",
    question: Question::Flow,
    asks: "Is the queue growing?",
    definition: "Items that entered and that left work in progress over 12 weeks, exits told apart \
                 as delivered, dropped, parked and moved to another stream.",
    misreading: "Closing old cards in bulk shrinks the queue; the breakdown of exits shows it. \
                 Weeks on hand are a statement about stock and say nothing of when it is finished.",
    test: "An exact test of two equal rates, entries against exits: p below 0.01, Holm's \
           correction across the streams, and a difference of at least five items and a tenth \
           of the work in progress. Two weekly evaluations in a row confirm it.",
    history: FIRST,
    evaluate,
};

/// What crossed the border of work in progress in some weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    pub entries: i64,
    pub delivered: i64,
    pub dropped: i64,
    pub parked: i64,
    pub moved: i64,
    pub created: i64,
    /// In progress at the end.
    pub open: i64,
    /// Observed weeks.
    pub weeks: i64,
}

impl Balance {
    #[must_use]
    pub fn exits(&self) -> i64 {
        self.delivered + self.dropped + self.parked + self.moved
    }

    #[must_use]
    pub fn net(&self) -> i64 {
        self.entries - self.exits()
    }

    /// Weeks of work on hand at the present rate of exits; `None` without an exit.
    #[must_use]
    pub fn on_hand(&self) -> Option<f64> {
        (self.exits() > 0).then(|| self.open as f64 * self.weeks as f64 / self.exits() as f64)
    }

    /// `None` below twenty entries and exits.
    #[must_use]
    pub fn test(&self) -> Option<Tested> {
        let exits = self.exits();
        (self.entries + exits >= NET_FLOW_EVENTS).then(|| Tested {
            p: two_rates(self.entries.unsigned_abs(), exits.unsigned_abs()),
            direction: if self.net() > 0 { Move::Up } else { Move::Down },
            material: self.net().abs() >= NET_FLOW_ITEMS
                && 100 * self.net().abs() >= NET_FLOW_PERCENT * self.open,
        })
    }
}

/// The window that ended `back` weeks before the newest complete one.
#[must_use]
pub fn balance(view: &View<'_>, slice: usize, known: &[bool], back: usize) -> Balance {
    let wip = &view.wip[slice];
    let end = view.weeks.len().saturating_sub(back);
    let weeks = (end.saturating_sub(WINDOW_WEEKS)..end).filter(|week| known[*week]);
    let mut sum = Balance { open: wip.open[end], ..Balance::default() };
    for week in weeks {
        sum.entries += wip.entries[week];
        sum.delivered += wip.delivered[week];
        sum.dropped += wip.dropped[week];
        sum.parked += wip.parked[week];
        sum.moved += wip.moved[week];
        sum.created += wip.created[week];
        sum.weeks += 1;
    }
    sum
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    // All streams share the error of the test, whoever reads.
    let slices = view.all_stream_slices();
    let places: Vec<usize> =
        slices.iter().map(|(slice, ..)| view.streams().find(&slice.id).unwrap_or(0)).collect();
    let known: Vec<Vec<bool>> =
        slices.iter().map(|(_, members, _)| view.observed_of(members)).collect();
    let withheld: Vec<Option<Verdict>> = slices
        .iter()
        .map(|(_, members, _)| h2::withheld(view, members, SIGNAL.id).or_else(|| unobserved(view)))
        .collect();
    let verdicts = ladder(slices.len(), |ix, back| match withheld[ix] {
        Some(_) => None,
        None => balance(view, places[ix], &known[ix], back).test(),
    });
    let mut found = Vec::new();
    for (ix, ((slice, members, _), withheld)) in slices.into_iter().zip(withheld).enumerate() {
        if !view.in_scope(&slice.id) {
            continue;
        }
        found.push(match withheld {
            Some(verdict) => finding(&SIGNAL, slice, verdict),
            None => {
                let sum = balance(view, places[ix], &known[ix], 0);
                tell(view, slice, &members, &sum, verdicts[ix].clone())
            }
        });
    }
    found
}

/// The newest complete week was not observed.
#[must_use]
pub fn unobserved(view: &View<'_>) -> Option<Verdict> {
    let newest = view.weeks.covered.last().copied().unwrap_or(false);
    let why = "the newest complete week was not observed";
    (!newest).then(|| insufficient(0, 1, "week", why))
}

fn tell(
    view: &View<'_>,
    slice: Slice,
    members: &[&StreamFlow],
    sum: &Balance,
    verdict: Option<(Verdict, u32)>,
) -> Finding {
    let Some((verdict, persistence)) = verdict else {
        let verdict = h1::too_little(sum.entries, sum.exits()).unwrap_or(Verdict::Usual);
        return finding(&SIGNAL, slice, verdict);
    };
    let place = view.streams().find(&slice.id).unwrap_or(0);
    let steady = h1::open(view, place, members);
    let p = sum.test().map_or(1.0, |test| test.p);
    let window = view.window();
    let count = |name, n: i64| measure(name, n as f64, Unit::Items, window);
    let mut found = finding(&SIGNAL, slice, verdict);
    found.persistence = persistence;
    found.tested = true;
    found.measures = vec![
        Measure { n: Some((sum.entries + sum.exits()).unsigned_abs()), ..count("net", sum.net()) },
        count("entries", sum.entries),
        count("exits", sum.exits()),
        count("delivered", sum.delivered),
        count("dropped", sum.dropped),
        count("parked", sum.parked),
        count("moved", sum.moved),
        count("created", sum.created),
        count("in_progress", sum.open),
        measure("p", p, Unit::PValue, window),
    ];
    if let Some(weeks) = sum.on_hand().filter(|_| steady) {
        found.measures.push(measure("work_on_hand", weeks, Unit::Weeks, window));
    }
    found.observation = observation(&found, sum, p, steady);
    found
}

fn observation(found: &Finding, sum: &Balance, p: f64, steady: bool) -> Option<Observation> {
    let direction = super::verdict::direction(&found.verdict)?;
    let evidence = format!(
        "{} entered and {} left work in progress over {} ({} if the rates were equal; {} then in \
         progress).",
        words::count(sum.entries.unsigned_abs(), "item"),
        sum.exits(),
        words::count(sum.weeks.unsigned_abs(), "week"),
        words::p_value(p),
        sum.open,
    );
    let mut exits = vec![
        format!("{} delivered", sum.delivered),
        format!("{} dropped", sum.dropped),
        format!("{} parked", sum.parked),
    ];
    if sum.moved > 0 {
        exits.push(format!("{} moved to another stream", sum.moved));
    }
    let hand = match sum.on_hand() {
        Some(weeks) if steady => {
            let weeks = words::value(weeks, Unit::Weeks);
            format!(" At that rate of exits {weeks} of work were on hand.")
        }
        _ => " Flow is not steady, so weeks on hand are not printed.".to_owned(),
    };
    let uncertainty = format!(
        "Exits were {}; {} were created. {}{hand}",
        words::list(&exits),
        words::count(sum.created.unsigned_abs(), "item"),
        standing(&found.verdict, found.persistence),
    );
    let question = match direction {
        Move::Up => "Is the intake a choice, and who would notice if it were smaller?",
        Move::Down => "Is the smaller intake a choice, and what was left out of it?",
    };
    Some(observe(&format!("{}, net flow", found.slice.name), &evidence, &uncertainty, question))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StreamIx;
    use crate::signals::fixture::{f0, item, portfolio, view};

    /// 58 in and 28 out are a signal; 46 in and 28 out are not at 0.01; 61 items are 26 weeks.
    #[test]
    fn example() {
        let of = |entries, exits| Balance {
            entries,
            delivered: exits,
            open: 61,
            weeks: 12,
            ..Balance::default()
        };
        let test = of(58, 28).test().unwrap();
        assert_eq!((format!("{:.8}", test.p), test.material), ("0.00160556".to_owned(), true));
        assert_eq!((of(58, 28).net(), test.direction), (30, Move::Up));
        assert_eq!(format!("{:.6}", of(46, 28).test().unwrap().p), "0.047393");
        assert_eq!(format!("{:.6}", of(58, 28).on_hand().unwrap()), "26.142857");
        assert_eq!(of(58, 0).on_hand(), None);
        assert_eq!(of(10, 9).test(), None);
        // A change of four items, or of less than a tenth of the stock, does not matter.
        assert!(!of(12, 8).test().unwrap().material);
        assert!(!Balance { open: 400, ..of(58, 28) }.test().unwrap().material);
    }

    /// F0: the change of stock is entries less exits, and exits are told apart.
    #[test]
    fn fixture_f0() {
        let data = f0();
        let view = view(&data, "03-30");
        let slice = view.shown(Some(StreamIx(0)));
        let sum = balance(&view, slice, &[true; 26], 0);
        assert_eq!((sum.entries, sum.exits(), sum.open), (9, 7, 2));
        assert_eq!((sum.delivered, sum.dropped, sum.parked, sum.moved), (5, 1, 1, 0));
        let found = evaluate(&view);
        assert!(matches!(found[0].verdict, Verdict::Insufficient { have: 15, need: 20, .. }));
    }

    /// Moving to another stream leaves the one and enters the other; two evaluations confirm.
    #[test]
    fn a_growing_queue_is_confirmed() {
        let mut data = portfolio(2, &[1, 2]);
        item(&mut data, "old", "T1/S1", &[("01-05", "Dev"), ("01-06", "done")]);
        item(&mut data, "other", "T2/S2", &[("01-05", "Dev"), ("01-06", "done")]);
        for n in 1..=28 {
            let start = format!("04-{n:02}");
            let events: &[(&str, &str)] =
                if n <= 2 { &[(&start, "Dev"), ("05-20", "T2/S2")] } else { &[(&start, "Dev")] };
            item(&mut data, &format!("x{n}"), "T1/S1", events);
        }
        let view = view(&data, "06-08");
        let found = evaluate(&view);
        assert_eq!(found[0].verdict, Verdict::Confirmed { direction: Move::Up });
        let value = |name: &str| found[0].measures.iter().find(|m| m.name == name).map(|m| m.value);
        assert_eq!((value("entries"), value("moved")), (Some(28.0), Some(2.0)));
        assert_eq!(value("work_on_hand"), None, "no average of an unsteady flow");
        let told = found[0].observation.as_ref().unwrap();
        assert!(told.evidence.starts_with("28 items entered and 2 left"), "{told:?}");
        assert!(matches!(found[1].verdict, Verdict::Insufficient { have: 2, .. }));
    }
}
