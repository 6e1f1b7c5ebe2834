//! V1 Flow time.
//!
//! Question: how long does work take once started, counting what is still open? Reader: value
//! stream.
//! Definition: Kaplan-Meier with delayed entry over the newest 26 complete weeks. A spell runs from
//! the start of an item to its delivery; it is censored when the item was dropped, is parked (at
//! the instant of parking) or is open. P50 and P85 with their 95 % intervals, or "not reached".
//! Log-rank of the newest 12 weeks against the 26 before them, Holm across the streams; more
//! deliveries than expected in the newest weeks mean faster. Confirmed by two weekly evaluations.
//! Deliveries come in sprints and stop in holidays, so the variance of the test is that which the
//! weeks show, see [`super::stays::dispersion`].
//! Source: section 2.2 of the catalogue; Kaplan and Meier 1958, log-log band, Mantel 1966.
//! Misreading: reading P85 as a promise or target. It is told in the past tense and no date is
//! derived from it. Closing and reopening does not help: reopening keeps the clock. Streams do
//! different work and are not compared.
//!
//! What counts as a stay, and what becomes of weeks without coverage, is told in [`super::stays`].

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use super::calendar::Weeks;
use super::curves::{Sides, drawn, median, plausibly, quantiles, tested, within};
use super::defaults::{
    MEDIAN_EVENTS, P85_EVENTS, POLLED_MAX, RISK_SET_MIN, SERIES_WEEKS, WINDOW_WEEKS,
};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, observe};
use super::recall::{Owners, Seen};
use super::report::{Finding, Move, Observation, Question, Slice, Unit, Verdict};
use super::stats::log_rank::LogRank;
use super::stats::survival::{Curve, Quantile};
use super::stays::{Stay, Stays, dispersion, observed, stay};
use super::view::View;
use super::weekly_test::{ladder, standing};
use super::{Signal, h2_data_confidence as h2, v3_net_flow as v3, words};
use crate::model::{Derived, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "V1",
    name: "Flow time",
    question: Question::Flow,
    asks: "How long does work take once started, counting what is still open?",
    definition: "Days from the first start to the last delivery, as a survival curve of 26 weeks \
                 in which open, parked and dropped items count as far as they were observed.",
    misreading: "As a promise or a target. It tells what was; reopening keeps the clock, and \
                 streams do different work.",
    test: "A test of the survival curve of the newest 12 weeks against that of the 26 before them, with at least 10 \
           deliveries in each: p below 0.01, and Holm's correction across the streams. Two \
           weekly evaluations in a row confirm it.",
    history: FIRST,
    evaluate,
};

/// The place of what is told among what is kept of a slice; before it are the tests by week.
const TOLD: usize = usize::MAX;

/// The newest twelve weeks and the 26 before them, as far as they were observed.
struct Comparison<'a> {
    stays: &'a Stays,
    weeks: &'a Weeks,
    before: Range<usize>,
    newest: Range<usize>,
    sides: Sides,
}

impl<'a> Comparison<'a> {
    /// As it stood `back` weeks ago, read with what is known now.
    fn new(stays: &'a Stays, weeks: &'a Weeks, back: usize) -> Self {
        let end = weeks.len().saturating_sub(back);
        let middle = end.saturating_sub(WINDOW_WEEKS);
        let (before, newest) = (middle.saturating_sub(SERIES_WEEKS)..middle, middle..end);
        let ages = |weeks_of: &Range<usize>| stays.ages(&observed(weeks, weeks_of.clone()));
        let sides = Sides { newest: ages(&newest), before: ages(&before) };
        Self { stays, weeks, before, newest, sides }
    }

    fn test(&self) -> Option<LogRank> {
        self.sides.widened(|| {
            dispersion(self.stays, self.weeks, self.before.clone(), self.newest.clone())
        })
    }
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    // Enough weeks for the comparison as it stood in each of the twelve weeks before.
    let count = SERIES_WEEKS + 2 * WINDOW_WEEKS;
    let weeks = Weeks::new(view.as_of, view.data.zone, count, &view.data.coverage);
    let stays =
        SliceStays::new(view, SIGNAL.id, weeks.edges[0], |derived| derived.delivered_at.is_some());
    let slices = view.all_stream_slices();
    let own: Vec<usize> =
        slices.iter().map(|(slice, ..)| view.streams().find(&slice.id).unwrap_or(0)).collect();
    let withheld: Vec<Option<Verdict>> = slices
        .iter()
        .map(|(_, members, _)| {
            h2::withheld(view, members, SIGNAL.id).or_else(|| v3::unobserved(view))
        })
        .collect();
    let verdicts = ladder(slices.len(), |ix, back| match withheld[ix] {
        Some(_) => None,
        None => stays.recall(own[ix], back, (), |own| {
            Comparison::new(own, &weeks, back).test().as_ref().map(tested)
        }),
    });
    let mut found = Vec::new();
    for (ix, ((slice, members, _), withheld)) in slices.into_iter().zip(withheld).enumerate() {
        if !view.in_scope(&slice.id) {
            continue;
        }
        found.push(match withheld {
            Some(verdict) => finding(&SIGNAL, slice, verdict),
            None => {
                let counts = h2::total(&members);
                let polled = counts.polled as f64 > POLLED_MAX * counts.transitions as f64;
                let verdict = verdicts[ix].clone();
                let key = (verdict.clone(), polled);
                stays.recall(own[ix], TOLD, key, |all| {
                    tell(view, slice, &Known { all, weeks: &weeks, polled }, verdict)
                })
            }
        });
    }
    found
}

/// The stays that reach beyond an instant, by published slice, and what was made of them.
pub(super) struct SliceStays<'a> {
    view: &'a View<'a>,
    signal: &'static str,
    since: Timestamp,
    awaited: fn(&Derived) -> bool,
    versions: Arc<Vec<u64>>,
    /// Of slices that say something else than before.
    stays: OnceCell<Vec<Option<Stays>>>,
}

impl<'a> SliceStays<'a> {
    /// `awaited` tells whether an item had the event that the curve is about.
    pub fn new(
        view: &'a View<'a>,
        signal: &'static str,
        since: Timestamp,
        awaited: fn(&Derived) -> bool,
    ) -> Self {
        let scan = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Stay)| {
            stays_of(view, since, awaited, seen, say);
        };
        let versions = view.recall.versions(signal, (), view.streams().list.len(), scan);
        Self { view, signal, since, awaited, versions, stays: OnceCell::new() }
    }

    /// What is made of the stays of a slice and of a key: anew where one of them is another.
    pub fn recall<K, R>(
        &self,
        slice: usize,
        part: usize,
        key: K,
        make: impl FnOnce(&Stays) -> R,
    ) -> R
    where
        K: PartialEq + Send + Sync + 'static,
        R: Clone + Send + Sync + 'static,
    {
        let make = || match &self.new_ones()[slice] {
            Some(stays) => make(stays),
            None => make(&self.of(&self.only(slice))[slice].take().unwrap_or_default()),
        };
        let version = self.versions[slice];
        self.view.recall.cached_for(self.signal, (slice, part), version, key, make).1.clone()
    }

    fn new_ones(&self) -> &[Option<Stays>] {
        // What is made first of a slice tells whether it was made of this version.
        let stale = || self.view.recall.stale(self.signal, 0, &self.versions);
        self.stays.get_or_init(|| self.of(&stale()))
    }

    fn only(&self, slice: usize) -> Vec<bool> {
        (0..self.versions.len()).map(|other| other == slice).collect()
    }

    fn of(&self, wanted: &[bool]) -> Vec<Option<Stays>> {
        let (view, since) = (self.view, self.since);
        let scan = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Stay)| {
            stays_of(view, since, self.awaited, seen, say);
        };
        let lists = view.recall.gather(Owners::Slices(view.streams()), wanted, scan);
        let own = lists.into_iter().zip(wanted);
        own.map(|(list, wanted)| wanted.then(|| Stays::new(list))).collect()
    }
}

/// Hands out the stay of one item and the slice it counts for. Whatever happened after the newest
/// week is left out of it, for no week sees it.
fn stays_of(
    view: &View<'_>,
    since: Timestamp,
    awaited: fn(&Derived) -> bool,
    seen: &Seen<'_>,
    say: &mut dyn FnMut(usize, Stay),
) {
    let Seen { item, derived, .. } = seen;
    if item.start_before_data || derived.ended_at.is_some_and(|at| at < since) {
        return;
    }
    let stay = stay(view.data, &item.segments, derived, seen.as_of);
    let Some((stream, stay)) = stay.filter(|(_, stay)| stay.to > since) else { return };
    let until = view.weeks.edges[view.weeks.len()];
    let event = awaited(derived) && stay.to < until;
    say(view.shown(stream), Stay { event, to: stay.to.min(until.max(stay.from)), ..stay });
}

/// What is known of one slice.
struct Known<'a> {
    all: &'a Stays,
    weeks: &'a Weeks,
    /// So many transitions were seen by polling that durations carry its interval as their error.
    polled: bool,
}

fn tell(
    view: &View<'_>,
    slice: Slice,
    stays: &Known<'_>,
    verdict: Option<(Verdict, u32)>,
) -> Finding {
    let window = view.weeks.span(view.weeks.series());
    let curve = Curve::of(&stays.all.ages(&observed(stays.weeks, stays.weeks.series())));
    let deliveries = curve.events();
    if deliveries < MEDIAN_EVENTS {
        let why = "a median rests on at least ten deliveries in 26 weeks whose start was seen";
        let verdict = insufficient(deliveries, MEDIAN_EVENTS, "deliveries", why);
        return finding(&SIGNAL, slice, verdict);
    }
    let mut measures = quantiles(&curve, window);
    let comparison = Comparison::new(stays.all, stays.weeks, 0);
    let Some((verdict, persistence)) = verdict else {
        let why = "a comparison rests on at least ten deliveries in the newest 12 weeks and ten in \
                   the 26 before them";
        let verdict = insufficient(comparison.sides.events(), MEDIAN_EVENTS, "deliveries", why);
        let curve = Some(drawn(&curve, window));
        return Finding { measures, curve, ..finding(&SIGNAL, slice, verdict) };
    };
    let p = comparison.test().map_or(1.0, |test| test.p);
    let (newest, before) =
        (Curve::of(&comparison.sides.newest), Curve::of(&comparison.sides.before));
    for (name, curve) in [("p50_newest_12_weeks", &newest), ("p50_26_weeks_before", &before)] {
        measures.extend(median(name, curve, window));
    }
    measures.push(measure("p", p, Unit::PValue, window));
    let mut found = finding(&SIGNAL, slice, verdict);
    found.measures = measures;
    found.curve = Some(drawn(&curve, window));
    found.persistence = persistence;
    found.tested = true;
    found.observation = observation(&found, p, &curve, [&newest, &before], stays.polled);
    found
}

fn observation(
    found: &Finding,
    p: f64,
    curve: &Curve,
    [newest, before]: [&Curve; 2],
    polled: bool,
) -> Option<Observation> {
    let direction = super::verdict::direction(&found.verdict)?;
    let longer = if direction == Move::Up { "longer" } else { "shorter" };
    let evidence = format!(
        "started work took {longer}: half of it took {} over the newest {WINDOW_WEEKS} weeks ({}), \
         against {} over the {SERIES_WEEKS} weeks before ({}).",
        within(newest),
        deliveries(newest),
        within(before),
        deliveries(before),
    );
    let uncertainty = format!(
        "If nothing had changed, a difference like this would be seen in {}. Open items count as \
         far as they were observed. {}{} {}",
        words::by_chance(p),
        spread(curve),
        if polled {
            " More than a quarter of the status changes were seen by polling, so each duration \
             carries the poll interval as its error."
        } else {
            ""
        },
        standing(&found.verdict, found.persistence),
    );
    let question = match direction {
        Move::Up => "What does started work wait for that it did not wait for before?",
        Move::Down => "What else changed over the same weeks?",
    };
    Some(observe(&format!("{}, flow time", found.slice.name), &evidence, &uncertainty, question))
}

/// At least ten on either side.
fn deliveries(curve: &Curve) -> String {
    format!("{} deliveries", curve.events())
}

/// `Over 26 weeks 85 % of it took 12 days or less (plausibly 11 to 14).`
fn spread(curve: &Curve) -> String {
    let quantile = curve.quantile(85);
    let oldest = words::value(curve.oldest, Unit::Days);
    match quantile {
        Quantile { age: Some(age), at_risk, .. }
            if curve.events() >= P85_EVENTS && at_risk >= RISK_SET_MIN =>
        {
            let age = words::value(age, Unit::Days);
            let range = plausibly(&quantile);
            format!("Over {SERIES_WEEKS} weeks 85 % of it took {age} or less{range}.")
        }
        Quantile { age: None, .. } => format!(
            "Over {SERIES_WEEKS} weeks the age by which 85 % was delivered was not reached within \
             {oldest}, the oldest age observed."
        ),
        _ => "For a P85 too few items were observed long enough.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Period;
    use crate::signals::fixture::{at, f0, item, portfolio, view};

    fn all(view: &View<'_>) -> Vec<Stay> {
        let delivered = |derived: &Derived| derived.delivered_at.is_some();
        let all = SliceStays::new(view, "test", Timestamp::MIN, delivered);
        let stays = all.of(&vec![true; view.streams().list.len()]);
        stays.into_iter().flatten().flat_map(|stays| stays.by_start).collect()
    }

    /// F0 over four weeks: J, open for 38 days, is at risk from its tenth day on, and P85 is not
    /// reached. Finished items alone would have given 9 and 15 days.
    #[test]
    fn example() {
        let data = f0();
        let view = view(&data, "03-30");
        let period = Period::new(at("03-02"), at("03-30"));
        let curve = Curve::of(&Stays::new(all(&view)).ages(&[period]));
        let rows: Vec<(f64, u64, u64, String)> = curve
            .rows
            .iter()
            .map(|row| (row.age, row.at_risk, row.events, format!("{:.4}", row.survival)))
            .collect();
        let expected =
            [(6.0, 6, "0.8333"), (9.0, 4, "0.6250"), (9.5, 3, "0.4167"), (15.0, 2, "0.2083")];
        for (row, (age, at_risk, survival)) in rows.iter().zip(expected) {
            assert_eq!(*row, (age, at_risk, 1, survival.to_owned()));
        }
        assert_eq!((curve.quantile(50).age, curve.quantile(85).age), (Some(9.5), None));
        assert_eq!(
            spread(&curve),
            "Over 26 weeks the age by which 85 % was delivered was not \
                                    reached within 38 days, the oldest age observed."
        );
        let found = evaluate(&view);
        assert!(matches!(found[0].verdict, Verdict::Insufficient { have: 4, need: 10, .. }));
    }

    /// A parked item is censored where it was parked, and its clock goes on when it comes back.
    #[test]
    fn parked_and_resumed() {
        let mut data = portfolio(1, &[1]);
        item(&mut data, "a", "T1/S1", &[("03-02", "Dev"), ("03-05", "proposed")]);
        item(&mut data, "b", "T1/S1", &[("03-02", "Dev"), ("03-05", "proposed"), ("03-09", "Dev")]);
        let view = view(&data, "03-30");
        let ends: Vec<(Timestamp, bool)> =
            all(&view).iter().map(|stay| (stay.to, stay.event)).collect();
        assert_eq!(ends, [(at("03-30"), false), (at("03-05"), false)]);
    }

    /// Ten deliveries that took a day, then ten that took nine: slower, and told in the past tense.
    #[test]
    fn slower_is_confirmed() {
        let mut data = portfolio(1, &[1]);
        for n in 1..=24 {
            let (start, end) = (format!("01-{n:02} 06:00"), format!("01-{:02} 06:00", n + 1));
            item(&mut data, &format!("a{n}"), "T1/S1", &[(&start, "Dev"), (&end, "done")]);
        }
        for n in 1..=18 {
            let (start, end) = (format!("04-{n:02}"), format!("04-{:02}", n + 9));
            item(&mut data, &format!("b{n}"), "T1/S1", &[(&start, "Dev"), (&end, "done")]);
        }
        let view = view(&data, "06-01");
        let found = &evaluate(&view)[0];
        assert!(matches!(found.verdict, Verdict::Confirmed { direction: Move::Up }), "{found:?}");
        assert!(found.tested && found.persistence > 1);
        let told = found.observation.as_ref().unwrap();
        assert_eq!(
            told.evidence,
            "started work took longer: half of it took 9 days or less over the newest 12 weeks \
             (18 deliveries), against 1 day or less over the 26 weeks before (24 deliveries)."
        );
    }
}
