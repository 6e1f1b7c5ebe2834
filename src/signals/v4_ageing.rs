//! V4 Ageing against own history.
//!
//! Question: is the work in progress older than this stream's own past would produce? Reader:
//! value stream; teams privately, with the items.
//! Definition: from the 26 weeks before the newest complete week, the period curve of the time from
//! start to any exit, delivered or dropped; q is its P85. In a steady flow the age of work in
//! progress has the density S(x)/mean, so the share of it that is older than q is
//! `area(q, tau) / area(0, tau)`, tau being the largest age of an exit ("at least" this share where
//! the curve has not come down to zero there). k of the m items in progress are older than q; the
//! test is the exact `P(X >= k)` for X ~ Binomial(m, share), Holm across the streams, confirmed by
//! two weekly evaluations.
//! Source: section 2.2 of the catalogue; the density of age in a renewal process.
//! Misreading: as a list of guilty cards. Above the team there is no list: only k, m and p.
//!
//! Why not "15 % are older than the P85": long stays are over-represented in any snapshot, so that
//! expectation cries wolf or sleeps, as the tail has it.
//!
//! Where much of the work in progress stays for good, the P85 is soon not reached any more, and this
//! signal falls silent; V1 and V3 then speak.
//!
//! Three readings of what the catalogue leaves open. "Now" is the end of the newest complete week,
//! so that a verdict holds all week and can be repeated for earlier weeks. An item parked at the
//! end of its observation leaves it at the instant of parking, as in V1. An item whose start nobody
//! saw has no age and is not among the m.

use std::sync::Arc;

use super::calendar::Weeks;
use super::dataset::ItemFacts;
use super::defaults::{AGEING_WIP_MIN, P85_EVENTS, RISK_SET_MIN, SERIES_WEEKS, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, observe};
use super::recall::{Owners, Seen};
use super::report::{Finding, Measure, Move, Observation, Question, Slice, Unit, Verdict};
use super::stats::binomial::upper_tail;
use super::stats::survival::Curve;
use super::stays::{Stays, observed};
use super::view::View;
use super::weekly_test::{Tested, ladder, standing};
use super::{Signal, h2_data_confidence as h2, v1_flow_time as v1, v3_net_flow as v3, words};
use crate::model::Timestamp;

pub const SIGNAL: Signal = Signal {
    id: "V4",
    name: "Ageing against own history",
    question: Question::Flow,
    asks: "Is the work in progress older than this stream's own past would produce?",
    definition: "Items in progress older than the age by which 85 % of started work had left over \
                 26 weeks, against the number that a steady flow would show.",
    misreading: "As a list of guilty cards. A stream sees how many are that old; which ones only \
                 the team itself sees.",
    test: "A binomial test: the chance that a steady flow shows at least as many old items is \
           below 0.01, with Holm's correction across the streams. Two weekly evaluations in a \
           row confirm it.",
    history: FIRST,
    evaluate,
};

/// What a steady flow with this curve of exits would show in a snapshot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steady {
    /// The P85 of the ages at exit, in days.
    pub usual: f64,
    /// The share of work in progress that is older than that.
    pub share: f64,
    /// The curve does not come down to zero: the share may be larger.
    pub at_least: bool,
    pub exits: u64,
    /// Items at risk at the P85.
    pub at_risk: u64,
}

impl Steady {
    /// `None` when the P85 is not reached, or nothing was observed beyond it.
    #[must_use]
    pub fn of(curve: &Curve) -> Option<Self> {
        let quantile = curve.quantile(85);
        let (usual, last) = (quantile.age?, curve.rows.last()?);
        (last.age > usual).then(|| Self {
            usual,
            share: curve.area(usual, last.age) / curve.area(0.0, last.age),
            at_least: last.survival > 0.0,
            exits: curve.events(),
            at_risk: quantile.at_risk,
        })
    }

    /// How many of some ages, in days, are older than usual.
    #[must_use]
    pub fn older(&self, ages: impl IntoIterator<Item = f64>) -> u64 {
        ages.into_iter().filter(|age| *age > self.usual).count() as u64
    }

    /// The chance of so many or more older ones among `open`, if the flow is steady.
    #[must_use]
    pub fn chance(&self, older: u64, open: u64) -> f64 {
        upper_tail(older, open, self.share)
    }
}

/// One slice at the end of one week.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ageing {
    steady: Steady,
    older: u64,
    open: u64,
    p: f64,
}

/// What is known of all slices.
struct Known<'a> {
    weeks: Weeks,
    stays: v1::SliceStays<'a>,
    stocks: Stocks,
}

impl<'a> Known<'a> {
    fn new(view: &'a View<'a>) -> Self {
        // Enough weeks for the evaluation as it stood in each of the twelve weeks before.
        let count = SERIES_WEEKS + 1 + WINDOW_WEEKS;
        let weeks = Weeks::new(view.as_of, view.data.zone, count, &view.data.coverage);
        let stays = v1::SliceStays::new(view, SIGNAL.id, weeks.edges[0], |derived| {
            derived.ended_at.is_some()
        });
        let stocks = Stocks::new(view, &weeks.edges[weeks.len().saturating_sub(WINDOW_WEEKS)..]);
        Self { weeks, stays, stocks }
    }

    fn curve(&self, stays: &Stays, back: usize) -> Curve {
        let newest = self.weeks.len().saturating_sub(1 + back);
        let before = newest.saturating_sub(SERIES_WEEKS)..newest;
        Curve::of(&stays.ages(&observed(&self.weeks, before)))
    }

    /// A slice as it stood `back` weeks ago, examined once for the items it has.
    fn examined(&self, slice: usize, back: usize) -> Result<Ageing, Verdict> {
        let stock = self.stocks.version(slice);
        self.stays.recall(slice, back, stock, |stays| self.examine(slice, stays, back))
    }

    /// A slice as it stood `back` weeks ago, read with what is known now.
    fn examine(&self, slice: usize, stays: &Stays, back: usize) -> Result<Ageing, Verdict> {
        let stock = self.stocks.of(slice, back);
        let open = stock.len() as u64;
        if open < AGEING_WIP_MIN {
            let why = "the test rests on at least five items in progress whose start was seen";
            return Err(insufficient(open, AGEING_WIP_MIN, "items in progress", why));
        }
        let curve = self.curve(stays, back);
        if curve.events() < P85_EVENTS {
            let why = "a P85 rests on at least twenty exits in 26 weeks whose start was seen";
            return Err(insufficient(curve.events(), P85_EVENTS, "exits", why));
        }
        let Some(steady) = Steady::of(&curve) else {
            let why = match curve.quantile(85).age {
                None => "the age by which 85 % of started work leaves was not reached in 26 weeks",
                Some(_) => {
                    "no exit was observed beyond the age by which 85 % of started work leaves"
                }
            };
            return Err(insufficient(0, 1, "exit", why));
        };
        if steady.at_risk < RISK_SET_MIN {
            let why = "too few items were observed long enough for a P85";
            return Err(insufficient(steady.at_risk, RISK_SET_MIN, "items at that age", why));
        }
        let older = steady.older(stock.iter().copied());
        Ok(Ageing { steady, older, open, p: steady.chance(older, open) })
    }

    fn covered(&self, back: usize) -> bool {
        let newest = self.weeks.len().checked_sub(1 + back);
        newest.is_some_and(|week| self.weeks.covered[week])
    }
}

/// Ages in days of the work in progress of each slice, by edge between weeks, the newest edge last.
struct Stocks {
    versions: Arc<Vec<u64>>,
    ages: Vec<Arc<Vec<Vec<f64>>>>,
}

impl Stocks {
    fn new(view: &View<'_>, edges: &[Timestamp]) -> Self {
        const NAME: &str = "stock of work in progress";
        let scan = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, (usize, f64))| {
            stocks(view, edges, seen, say);
        };
        let by_edge = |_, list: Vec<(usize, f64)>| {
            let mut ages = vec![Vec::new(); edges.len()];
            list.into_iter().for_each(|(edge, days)| ages[edge].push(days));
            ages
        };
        let count = view.streams().list.len();
        let slices = (Owners::Slices(view.streams()), count);
        let ages = view.recall.by_owner(NAME, (), slices, scan, by_edge);
        Self { versions: view.recall.versions(NAME, (), count, scan), ages }
    }

    fn version(&self, slice: usize) -> u64 {
        self.versions[slice]
    }

    /// The stock at the end of the week that was the newest `back` weeks ago.
    fn of(&self, slice: usize, back: usize) -> &[f64] {
        let edges = &self.ages[slice];
        &edges[edges.len().saturating_sub(1 + back)]
    }
}

/// Hands out at which edges an item whose start was seen was in progress, how old it was, and of
/// which slice. What happens exactly at an edge belongs to the week that begins there.
fn stocks(
    view: &View<'_>,
    edges: &[Timestamp],
    seen: &Seen<'_>,
    say: &mut dyn FnMut(usize, (usize, f64)),
) {
    let Seen { item, derived, .. } = seen;
    let ended = derived.ended_at.is_some_and(|at| at < edges[0]);
    let counts = !item.start_before_data && !derived.born_done && !ended;
    let Some(started) = derived.started_at.filter(|_| counts) else { return };
    for segment in item.segments.iter().filter(|segment| segment.category.is_started()) {
        if view.data.one_off(segment.epic) {
            continue;
        }
        let first = edges.partition_point(|edge| *edge <= segment.from);
        let end = edges.partition_point(|edge| *edge <= segment.to);
        let slice = view.shown(segment.stream);
        for (edge, at) in edges.iter().enumerate().take(end).skip(first) {
            say(slice, (edge, at.days_since(started)));
        }
    }
}

/// The items of a slice that are older than usual, for the page of the team that they belong to.
#[must_use]
pub(super) fn older(view: &View<'_>, slice: usize) -> Vec<usize> {
    let known = Known::new(view);
    let Ok(ageing) = known.examined(slice, 0) else { return Vec::new() };
    let edge = known.weeks.edges[known.weeks.len()];
    let aged = |(ix, item): (usize, &ItemFacts)| {
        let mut older = false;
        stocks(view, &[edge], &Seen::new(item, ix, view.as_of, &[]), &mut |own, (_, days)| {
            older |= own == slice && days > ageing.steady.usual;
        });
        older.then_some(ix)
    };
    view.data.items.iter().enumerate().filter_map(aged).collect()
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let known = Known::new(view);
    let slices = view.all_stream_slices();
    let places: Vec<usize> =
        slices.iter().map(|(slice, ..)| view.streams().find(&slice.id).unwrap_or(0)).collect();
    let withheld: Vec<Option<Verdict>> = slices
        .iter()
        .map(|(_, members, _)| {
            h2::withheld(view, members, SIGNAL.id).or_else(|| v3::unobserved(view))
        })
        .collect();
    let verdicts = ladder(slices.len(), |ix, back| {
        let ageing = known.examined(places[ix], back).ok()?;
        (withheld[ix].is_none() && known.covered(back)).then_some(Tested {
            p: ageing.p,
            direction: Move::Up,
            material: true,
        })
    });
    let mut found = Vec::new();
    for (ix, ((slice, ..), withheld)) in slices.into_iter().zip(withheld).enumerate() {
        if !view.in_scope(&slice.id) {
            continue;
        }
        let examined = match withheld {
            Some(verdict) => Err(verdict),
            None => known.examined(places[ix], 0),
        };
        found.push(match (examined, verdicts[ix].clone()) {
            (Err(verdict), _) => finding(&SIGNAL, slice, verdict),
            (Ok(ageing), verdict) => {
                tell(view, slice, &ageing, verdict.unwrap_or((Verdict::Usual, 0)))
            }
        });
    }
    found
}

fn tell(
    view: &View<'_>,
    slice: Slice,
    ageing: &Ageing,
    (verdict, persistence): (Verdict, u32),
) -> Finding {
    let week = view.weeks.span(view.weeks.newest(1));
    let Steady { usual, share, exits, .. } = ageing.steady;
    let mut found = finding(&SIGNAL, slice, verdict);
    found.persistence = persistence;
    found.tested = true;
    found.measures = vec![
        Measure {
            n: Some(ageing.open),
            ..measure("older", ageing.older as f64, Unit::Items, week)
        },
        measure("expected", share * ageing.open as f64, Unit::Items, week),
        Measure { n: Some(exits), ..measure("usual_age", usual, Unit::Days, week) },
        measure("p", ageing.p, Unit::PValue, week),
    ];
    found.observation = observation(&found, ageing);
    found
}

fn observation(found: &Finding, ageing: &Ageing) -> Option<Observation> {
    super::verdict::direction(&found.verdict)?;
    let Ageing { steady, older, open, p } = ageing;
    let evidence = format!(
        "of {} in progress at the end of the week, {older} were older than {}, the age by which \
         85 % of started work had left over the {SERIES_WEEKS} weeks before ({} exits).",
        words::count(*open, "item"),
        words::value(steady.usual, Unit::Days),
        steady.exits,
    );
    let uncertainty = format!(
        "In a steady flow {} {} of them would be that old, and as many as there are would be seen \
         in {}. Age counts from the first start, parked time included. {}",
        if steady.at_least { "at least" } else { "about" },
        words::number(steady.share * *open as f64),
        words::by_chance(*p),
        standing(&found.verdict, found.persistence),
    );
    let subject = format!("{}, ageing", found.slice.name);
    let question = "What keeps the older items from moving on?";
    Some(observe(&subject, &evidence, &uncertainty, question))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Dataset;
    use crate::signals::fixture::{at, item, portfolio, view};
    use crate::signals::stats::survival::Spell;

    fn exits(ages: &[f64], censored: &[f64]) -> Curve {
        let spell = |event: bool| move |age: &f64| Spell { entry: 0.0, exit: *age, event };
        let spells: Vec<Spell> =
            ages.iter().map(spell(true)).chain(censored.iter().map(spell(false))).collect();
        Curve::fit(&spells)
    }

    /// Exits 2 .. 20: q = 12, 2/19 of a steady stock is older; 6 of 12 items are.
    #[test]
    fn example() {
        let curve = exits(&[2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 12.0, 20.0], &[]);
        let steady = Steady::of(&curve).unwrap();
        assert_eq!((steady.usual, steady.at_least), (12.0, false));
        assert_eq!(format!("{:.7}", steady.share), "0.1052632");
        let ages = [1, 2, 3, 4, 5, 2, 13, 14, 15, 16, 18, 25].map(f64::from);
        let older = steady.older(ages);
        assert_eq!(older, 6);
        assert_eq!(format!("{:.9}", steady.chance(older, 12)), "0.000714989");
        // An age equal to q is not older.
        assert_eq!(steady.older([12.0]), 0);
    }

    #[test]
    fn a_curve_that_ends_at_its_p85_or_before_says_nothing() {
        assert_eq!(Steady::of(&exits(&[1.0, 2.0, 3.0, 4.0], &[])), None, "q is the last age");
        assert_eq!(Steady::of(&exits(&[1.0, 2.0], &[9.0, 9.0])), None, "the P85 is not reached");
        assert_eq!(Steady::of(&Curve::default()), None);
        let ages: Vec<f64> = (1..=20).map(f64::from).collect();
        let open = Steady::of(&exits(&ages, &[30.0])).unwrap();
        assert!(open.at_least && !Steady::of(&exits(&ages, &[])).unwrap().at_least);
    }

    /// Eighty items of one to eight days each, one in twenty of twenty days; then some that stay.
    fn steady_then_stuck(stuck: usize) -> Dataset {
        let mut data = portfolio(1, &[1]);
        for n in 0..80 {
            let day = |d: i64| at("01-01").plus_days(d).to_string()[5..10].to_owned();
            let length = if n % 20 == 0 { 20 } else { 1 + n % 8 };
            let (from, to) = (day(n), day(n + length));
            item(&mut data, &format!("a{n}"), "T1/S1", &[(&from, "Dev"), (&to, "done")]);
        }
        for n in 0..stuck {
            item(&mut data, &format!("b{n}"), "T1/S1", &[("04-06", "Dev")]);
        }
        data
    }

    #[test]
    fn old_work_is_confirmed_and_never_listed() {
        let data = steady_then_stuck(8);
        let view = view(&data, "05-11");
        let found = &evaluate(&view)[0];
        assert!(matches!(found.verdict, Verdict::Confirmed { direction: Move::Up }), "{found:?}");
        assert!(found.tested && found.persistence > 1 && found.items.is_empty());
        let told = found.observation.as_ref().unwrap();
        assert_eq!(
            told.evidence,
            "of 8 items in progress at the end of the week, 8 were older than 8 days, the age by \
             which 85 % of started work had left over the 26 weeks before (80 exits)."
        );
        assert!(told.uncertainty.starts_with("In a steady flow at least "), "{told:?}");
        assert_eq!(older(&view, view.shown(Some(crate::model::StreamIx(0)))).len(), 8);
    }

    /// Twenty items that stay beside eighty that left: the curve does not come down to 15 %.
    #[test]
    fn a_p85_that_is_not_reached_is_said() {
        let found = &evaluate(&view(&steady_then_stuck(20), "05-11"))[0];
        let Verdict::Insufficient { why, .. } = &found.verdict else { panic!("{found:?}") };
        assert!(why.ends_with("was not reached in 26 weeks"), "{why}");
    }

    #[test]
    fn few_items_and_few_exits_are_insufficient() {
        let few = steady_then_stuck(4);
        let found = &evaluate(&view(&few, "05-11"))[0];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 4, need: 5, .. }));
        let mut none = steady_then_stuck(8);
        none.items.retain(|item| item.key.starts_with('b'));
        let found = &evaluate(&view(&none, "05-11"))[0];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 0, need: 20, .. }));
    }

    /// Parked work is not in progress; an item whose start nobody saw has no age.
    #[test]
    fn parked_and_unseen_starts_are_no_stock() {
        let mut data = steady_then_stuck(8);
        item(&mut data, "c", "T1/S1", &[("04-06", "Dev"), ("04-20", "proposed")]);
        data.items[80].start_before_data = true;
        let found = &evaluate(&view(&data, "05-11"))[0];
        assert_eq!(found.measures[0].n, Some(7));
    }
}
