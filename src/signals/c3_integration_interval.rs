//! C3 Integration interval.
//!
//! Question: how often does work of several streams meet and get evaluated together? Reader:
//! portfolio and the streams concerned.
//! Definition: days between successive integration points, and the open interval from the newest
//! one to the report's instant. An integration point is a release or a declared event with
//! delivered items of two or more streams within at least one common epic (see
//! [`super::integration`]); it is partial while of every such epic some item is open, and full when
//! it holds one epic to its last item. XmR on the newest 26 intervals, floor 0. An open interval
//! above the upper limit is new at once and confirmed after a further week; that comes before what
//! the closed intervals say.
//! Source: section 2.4 of the catalogue; XmR as in Wheeler, Making Sense of Data.
//! Misreading: a release that holds work of one stream, or nothing that was delivered, is no
//! integration point. Frequency is not quality: V6 and C4 stand beside it.
//!
//! For a stream, the points in which its work took part.
//!
//! The rules are taken at their word: an interval is no week, nothing lies over from one to the next,
//! and in a series this short the newest points are part of the baseline, where two that are alike
//! would hide each other.

use std::collections::{BTreeMap, BTreeSet};

use super::defaults::{SERIES_WEEKS, XMR_MIN};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio_wide};
use super::integration::{IntegrationPoint, stream_of_work};
use super::report::{Finding, Measure, Move, Observation, Point, Question, Series, Slice, Unit};
use super::stats::xmr::{Bounds, Chart, Refusal};
use super::verdict::{direction, ladder, persistence, refused, series};
use super::view::View;
use super::{Scope, Signal, words};
use crate::model::{Period, Week};
use crate::signals::report::Verdict;

pub const SIGNAL: Signal = Signal {
    id: "C3",
    name: "Integration interval",
    question: Question::Flow,
    asks: "How often does work of several streams meet and get evaluated together?",
    definition: "Days between releases or declared events that hold delivered items of two or more \
                 streams within one epic, and the days since the newest of them.",
    misreading: "Empty releases do not count: a point holds delivered work of two streams. \
                 Frequency is not quality; rework and unreleased work stand beside it.",
    test: "A process-behaviour chart of the intervals between integration points; the interval \
           that is still open counts once it is longer than the usual range.",
    history: FIRST,
    evaluate,
};

const DAYS_A_WEEK: f64 = 7.0;

/// What closed intervals and the open one, in days, say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub verdict: Verdict,
    pub persistence: u32,
    /// `None` when there are too few intervals, or too alike ones, for limits.
    pub chart: Option<Chart>,
    /// The open interval lies beyond the upper limit.
    pub overdue: bool,
}

/// Judges the newest intervals: the open one first, then the closed ones by the usual ladder.
#[must_use]
pub fn judge(closed: &[f64], open: f64) -> Judged {
    let values: Vec<Option<f64>> = closed.iter().copied().map(Some).collect();
    let chart = match Chart::new(&values, Bounds::COUNT, None) {
        Ok(chart) => chart.at_its_word(),
        Err(refusal) => {
            return Judged {
                verdict: lacking(refusal),
                persistence: 0,
                chart: None,
                overdue: false,
            };
        }
    };
    let beyond = open - chart.unpl;
    if beyond > 0.0 {
        // Weeks after the first one in which it was beyond the limit already.
        let weeks = (beyond / DAYS_A_WEEK).ceil() as u32 - 1;
        let verdict = match weeks {
            0 => Verdict::New { direction: Move::Up },
            _ => Verdict::Confirmed { direction: Move::Up },
        };
        return Judged { verdict, persistence: weeks.max(1), chart: Some(chart), overdue: true };
    }
    let verdict = ladder(&chart, values.len());
    let persistence = persistence(&values, Bounds::COUNT, &verdict, Chart::at_its_word);
    Judged { verdict, persistence, chart: Some(chart), overdue: false }
}

fn lacking(refusal: Refusal) -> Verdict {
    refused(refusal, 1, ("intervals", "a usual range rests on at least six closed intervals"))
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let slice = portfolio_wide("integration", "Integration");
    let meetings = view.meetings();
    let (met, points) = meetings;
    if met.is_empty() {
        let why = "no release or integration event with delivered items of an epic is recorded";
        return vec![finding(&SIGNAL, slice, not_applicable(why))];
    }
    let mut points = points.clone();
    if let Scope::Stream(own) = view.scope {
        let own = |point: &IntegrationPoint| {
            point.streams.iter().any(|stream| view.data.stream(*stream).id == *own)
        };
        points.retain(own);
    }
    let Some(newest) = points.last() else {
        return vec![finding(&SIGNAL, slice, none_yet(view))];
    };
    let open = view.as_of.days_since(newest.at);
    vec![examine(view, slice, &points, open)]
}

/// No point at all: either no epic has work of several streams, or it never met.
fn none_yet(view: &View<'_>) -> Verdict {
    let pairs = view.recall.sum("C3", (), BTreeMap::new, |pairs: &mut BTreeMap<_, i64>, seen| {
        let delivery = seen.derived.credited.filter(|_| seen.derived.delivered_at.is_some());
        let delivery = delivery.map(|credited| &seen.item.segments[credited]);
        let flows = delivery.filter(|segment| !view.data.one_off(segment.epic));
        let Some((segment, epic)) = flows.and_then(|s| Some((s, s.epic?))) else { return };
        if let Some(stream) = stream_of_work(view.data, segment) {
            *pairs.entry((epic.0, stream)).or_default() += 1;
        }
    });
    let mut pairs = pairs.keys().map(|(epic, _)| epic).zip(pairs.keys().skip(1));
    let since = view.flow.since.filter(|_| pairs.any(|(epic, (next, _))| epic == next));
    match since {
        None => not_applicable("no epic has delivered work of two streams"),
        Some(since) => {
            let day = since.to_utc().with_timezone(&view.data.zone).format("%-d %B %Y");
            let why = format!("no integration point was observed since {day}");
            insufficient(0, XMR_MIN as u64, "intervals", &why)
        }
    }
}

fn examine(view: &View<'_>, slice: Slice, points: &[IntegrationPoint], open: f64) -> Finding {
    let first = points.len().saturating_sub(SERIES_WEEKS + 1);
    let charted = &points[first..];
    let closed: Vec<f64> = charted.windows(2).map(|w| w[1].at.days_since(w[0].at)).collect();
    let judged = judge(&closed, open);
    let mut found = finding(&SIGNAL, slice, judged.verdict.clone());
    found.persistence = judged.persistence;
    found.tested = judged.chart.is_some();
    found.series = (!closed.is_empty()).then(|| chart_of(view, charted, &closed, &judged));
    let window = Period::new(charted[0].at, view.as_of);
    let partial = charted.iter().filter(|point| point.partial).count();
    let least = closed.iter().copied().min_by(f64::total_cmp);
    let most = closed.iter().copied().max_by(f64::total_cmp);
    found.measures = vec![
        Measure {
            n: Some(closed.len() as u64),
            range: least.zip(most),
            ..measure("open_interval", open, Unit::Days, window)
        },
        measure("integration_points", charted.len() as f64, Unit::Count, window),
        measure("partial_points", partial as f64, Unit::Count, window),
    ];
    let epics = charted.iter().flat_map(|point| &point.epics);
    let epics: BTreeSet<&String> = epics.map(|epic| &view.data.epics[*epic].id).collect();
    found.items = epics.into_iter().cloned().collect();
    found.observation = tell(&found, &judged, &closed, (open, partial, charted.len()));
    found
}

/// Each interval at the week in which it closed.
fn chart_of(
    view: &View<'_>,
    points: &[IntegrationPoint],
    closed: &[f64],
    judged: &Judged,
) -> Series {
    let point = |(point, days): (&IntegrationPoint, &f64)| Point {
        week: Week::of(point.at, view.data.zone),
        value: Some(*days),
    };
    let drawn: Vec<Point> = points[1..].iter().zip(closed).map(point).collect();
    match &judged.chart {
        Some(chart) => series(Unit::Days, 1, drawn, chart, Bounds::COUNT),
        None => Series::bare(Unit::Days, 1, drawn),
    }
}

fn tell(
    found: &Finding,
    judged: &Judged,
    closed: &[f64],
    (open, partial, all): (f64, usize, usize),
) -> Option<Observation> {
    let moved = direction(&judged.verdict);
    if judged.chart.is_some() && moved.is_none() {
        return None;
    }
    let days = |value: f64| words::value(value, Unit::Days);
    let past = match found.measures[0].range {
        Some((least, most)) if closed.len() > 1 => format!(
            "; past intervals ran {} to {} (n = {})",
            words::number(least),
            days(most),
            closed.len()
        ),
        Some((only, _)) => format!("; the one before took {}", days(only)),
        None => String::new(),
    };
    let newest = closed.last().copied().filter(|_| moved.is_some() && !judged.overdue);
    let evidence = match newest {
        Some(newest) => format!(
            "{} lay between the newest two times that work of two or more streams came together\
             {past}.",
            days(newest)
        ),
        None => format!(
            "{} since work of two or more streams last came together in a release or a declared \
             event{past}.",
            days(open)
        ),
    };
    let mut uncertainty = match (&judged.verdict, judged.overdue) {
        (Verdict::Confirmed { .. }, true) => {
            let weeks = words::ordinal(u64::from(judged.persistence) + 1);
            format!("It lies beyond the usual range, for the {weeks} week.")
        }
        (_, true) => "It lies beyond the usual range; a further week would confirm it.".to_owned(),
        (Verdict::Confirmed { .. } | Verdict::New { .. }, false) => {
            "It does not fit the pattern of the intervals before.".to_owned()
        }
        _ => "There are too few intervals, or too alike ones, for a usual range.".to_owned(),
    };
    if judged.chart.as_ref().is_some_and(|chart| chart.provisional) {
        uncertainty.push_str(" The range is provisional, for it rests on fewer than 12 intervals.");
    }
    let kinds = words::part(partial as u64, all as u64);
    uncertainty.push_str(&format!(
        " Of these times, {kinds} left items of the same epic open; how often says nothing of how \
         well."
    ));
    let question = match moved {
        Some(Move::Down) => "What made it possible to meet sooner?",
        _ => "What is being learned later than it could be?",
    };
    Some(observe(&found.slice.name, &evidence, &uncertainty, question))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Precision;
    use crate::signals::Dataset;
    use crate::signals::dataset::{IntegrationFacts, ReleaseFacts};
    use crate::signals::fixture::{at, bets, item, portfolio, under, view};

    const EXAMPLE: [f64; 8] = [14.0, 15.0, 20.0, 13.0, 14.0, 16.0, 15.0, 13.0];

    /// CL 15, mR 2.714286, UNPL 22.22, provisional; 30 days are beyond.
    #[test]
    fn example() {
        let judged = judge(&EXAMPLE, 30.0);
        let chart = judged.chart.unwrap();
        assert_eq!((chart.centre, chart.provisional, chart.n), (15.0, true, 8));
        assert_eq!(format!("{:.6} {:.2}", chart.mean_range, chart.unpl), "2.714286 22.22");
        assert!(judged.overdue);
        assert_eq!(judged.verdict, Verdict::Confirmed { direction: Move::Up });
    }

    /// New at once, confirmed after a further week.
    #[test]
    fn an_open_interval_is_new_for_a_week() {
        let verdict = |open: f64| {
            let judged = judge(&EXAMPLE, open);
            (judged.verdict, judged.persistence)
        };
        assert_eq!(verdict(22.2), (Verdict::Usual, 0));
        assert_eq!(verdict(22.3), (Verdict::New { direction: Move::Up }, 1));
        assert_eq!(verdict(29.2), (Verdict::New { direction: Move::Up }, 1));
        assert_eq!(verdict(29.3), (Verdict::Confirmed { direction: Move::Up }, 1));
        assert_eq!(verdict(36.3), (Verdict::Confirmed { direction: Move::Up }, 2));
    }

    #[test]
    fn closed_intervals_follow_the_ladder() {
        let mut closed = EXAMPLE.to_vec();
        closed.extend([14.0, 15.0, 13.0, 14.0, 40.0]);
        assert_eq!(judge(&closed, 3.0).verdict, Verdict::New { direction: Move::Up });
        closed.push(41.0);
        assert_eq!(judge(&closed, 3.0).verdict, Verdict::Confirmed { direction: Move::Up });
    }

    #[test]
    fn too_few_or_too_alike_intervals_are_told_raw() {
        let few = judge(&EXAMPLE[..5], 90.0);
        assert!(matches!(few.verdict, Verdict::Insufficient { have: 5, need: 6, ref unit, .. }
            if unit == "intervals"));
        let alike = judge(&[14.0; 9], 90.0);
        assert!(matches!(alike.verdict, Verdict::Insufficient { have: 1, need: 4, .. }));
    }

    /// Two streams deliver an item of one epic each fortnight; a release or an event holds both.
    fn story(days: &[&str], declared: bool) -> Dataset {
        let mut data = portfolio(3, &[1, 2, 3]);
        bets(&mut data, 1);
        for (n, day) in days.iter().enumerate() {
            let done = at(day).plus_days(-1).to_utc().format("%m-%d").to_string();
            let mut pair = Vec::new();
            for place in ["T1/S1", "T2/S2"] {
                let key = format!("{}-{n}", &place[3..]);
                let ix = item(&mut data, &key, place, &[("01-05", "Dev"), (&done, "done")]);
                under(&mut data, ix, 0);
                pair.push(ix);
            }
            let (id, name) = (format!("{n}"), (*day).to_owned());
            if declared {
                data.integrations.push(IntegrationFacts { id, name, at: at(day), items: pair });
            } else {
                let precision = Precision::Exact;
                data.releases.push(ReleaseFacts { id, name, at: at(day), items: pair, precision });
            }
        }
        data
    }

    const DAYS: [&str; 9] =
        ["01-10", "01-24", "02-08", "02-28", "03-13", "03-27", "04-12", "04-27", "05-10"];

    /// Releases and declared events are the same to the signal.
    #[test]
    fn an_open_interval_beyond_the_range_is_told() {
        for declared in [false, true] {
            let data = story(&DAYS, declared);
            let found = evaluate(&view(&data, "06-09")).remove(0);
            assert_eq!(found.verdict, Verdict::Confirmed { direction: Move::Up });
            assert!(found.tested);
            assert_eq!(found.items, ["BET-1"]);
            assert_eq!((found.measures[0].value, found.measures[0].n), (30.0, Some(8)));
            assert_eq!(found.measures[0].range, Some((13.0, 20.0)));
            // The epic has open items at each point but the last.
            assert_eq!(found.measures[2].value, 8.0);
            let told = found.observation.unwrap();
            assert_eq!(
                told.evidence,
                "30 days since work of two or more streams last came together in a release or a \
                 declared event; past intervals ran 13 to 20 days (n = 8)."
            );
            assert!(told.uncertainty.contains("provisional"), "{told:?}");
        }
    }

    #[test]
    fn a_stream_sees_the_points_with_its_work() {
        let data = story(&DAYS, false);
        let as_of = at("06-09");
        let seen = |id: &str| {
            let scope = Scope::Stream(id.to_owned());
            evaluate(&View::new(&data, as_of, as_of, &scope)).remove(0).verdict
        };
        assert!(matches!(seen("s2"), Verdict::Confirmed { .. }));
        assert!(matches!(seen("s3"), Verdict::Insufficient { have: 0, need: 6, .. }));
    }

    #[test]
    fn without_points_it_says_since_when() {
        let mut data = story(&DAYS, false);
        // Each release holds the work of one stream only.
        data.releases.iter_mut().for_each(|release| release.items.truncate(1));
        let found = evaluate(&view(&data, "06-09")).remove(0);
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 0, ref why, .. }
            if why == "no integration point was observed since 5 January 2026"));
        data.items.retain(|item| item.key.starts_with("S1"));
        for (ix, release) in data.releases.iter_mut().enumerate() {
            release.items = vec![ix];
        }
        let found = evaluate(&view(&data, "06-09")).remove(0);
        assert!(matches!(found.verdict, Verdict::NotApplicable { ref why }
            if why == "no epic has delivered work of two streams"));
        data.releases.clear();
        let found = evaluate(&view(&data, "06-09")).remove(0);
        assert!(matches!(found.verdict, Verdict::NotApplicable { ref why }
            if why.starts_with("no release")));
    }
}
