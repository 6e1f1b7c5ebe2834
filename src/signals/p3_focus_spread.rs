//! P3 Focus spread.
//!
//! Question: across how many bets is attention effectively spread? Reader: portfolio leadership,
//! stream leadership.
//! Definition: with s the share of an epic in the slice's attention to work that has an epic, the
//! effective number of epics is `N = 1 / sum(s^2)`, the inverse Herfindahl index. With it stand the
//! number of epics that drew any attention, the share of attention without an epic, and the number
//! of teams for scale. XmR on weekly N, floor 1.
//! Source: section 2.1 of the catalogue; Herfindahl 1950, Hill 1973 (order 2).
//! Misreading: merging epics lowers N without changing work, so items that changed their epic in
//! the window are counted beside it. No value of N is the right one.
//!
//! Where the catalogue leaves a choice: the slice is all work, and each published stream; shares of
//! attention have the gates of P1 (coverage, forty team-days). A change of epic is counted when an
//! item left an epic; getting its first one shows in the share without an epic.

use std::collections::BTreeMap;

use super::attention::{TEAM_DAY, sum};
use super::defaults::{UNPARENTED_MAX, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{
    charted, finding, insufficient, measure, not_applicable, observe, portfolio, standing_of,
};
use super::report::{Finding, Measure, Move, Observation, Question, Slice, Unit, Verdict};
use super::slices::teams_of;
use super::stats::xmr::Bounds;
use super::verdict::{Judged, Weekly, direction, judge, newest};
use super::view::View;
use super::{Scope, Signal, p1_attention_share as p1, words};
use crate::model::{EpicIx, Period, StreamIx, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "P3",
    name: "Focus spread",
    question: Question::Investment,
    asks: "Across how many bets is attention effectively spread?",
    definition: "The effective number of epics: one over the sum of the squared shares that epics \
                 have in the attention to work with an epic.",
    misreading: "Merging epics lowers it without changing work; items that changed their epic are \
                 counted beside it. No number of epics is the right one.",
    test: "A process-behaviour chart of the weekly effective number of epics. No number is the \
           aim.",
    history: FIRST,
    evaluate,
};

/// Weekly numbers are handed to the chart as this many parts of one.
const PARTS: f64 = 1e9;
const FLOOR: Bounds = Bounds { floor: Some(1.0), ceil: None };

/// The effective number of parts of a whole; `None` for an empty one.
#[must_use]
pub fn effective(parts: impl IntoIterator<Item = i64>) -> Option<f64> {
    let parts: Vec<f64> = parts.into_iter().filter(|p| *p > 0).map(|p| p as f64).collect();
    let all: f64 = parts.iter().sum();
    (all > 0.0).then(|| 1.0 / parts.iter().map(|part| (part / all).powi(2)).sum::<f64>())
}

/// Attention of one slice by epic in one period, in ticks; `None` is work without an epic.
type ByEpic = BTreeMap<Option<EpicIx>, i64>;

fn parented(by_epic: &ByEpic) -> impl Iterator<Item = i64> {
    by_epic.iter().filter(|(epic, _)| epic.is_some()).map(|(_, ticks)| *ticks)
}

/// By slice, the last one being everything; each by the given periods.
fn spread(view: &View<'_>, periods: &[Period]) -> Vec<Vec<ByEpic>> {
    let slices = view.streams().list.len();
    let mut spread = vec![vec![ByEpic::new(); periods.len()]; slices + 1];
    let buckets: Vec<_> = periods.iter().map(|p| view.attention.grid.buckets(*p)).collect();
    for cell in &view.attention.cells {
        let slice = view.shown(cell.target.stream);
        for (at, buckets) in buckets.iter().enumerate() {
            let ticks = sum(&cell.ticks, buckets);
            if ticks > 0 {
                *spread[slice][at].entry(cell.target.epic).or_insert(0) += ticks;
                *spread[slices][at].entry(cell.target.epic).or_insert(0) += ticks;
            }
        }
    }
    spread
}

/// One slice with what stands beside its number.
struct Sliced<'a> {
    slice: Slice,
    since: Option<Timestamp>,
    /// By charted week.
    weekly: &'a [ByEpic],
    window: &'a ByEpic,
    teams: usize,
    /// Items that left their epic in the window.
    changed: usize,
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let window = p1::window(view);
    let periods: Vec<Period> = view.weeks.periods().chain([window]).collect();
    let version = view.attention_version;
    let make = || spread(view, &periods);
    let spread = &view.recall.cached_for("P3", (0, 0), version, periods.clone(), make).1;
    let changed = changes(view, window);
    let floor = p1::floor(view, window);
    let teams = |streams: &[StreamIx]| {
        streams.iter().map(|ix| teams_of(view.data, ix.0 as usize, view.as_of)).sum()
    };
    let mut slices = Vec::new();
    if *view.scope == Scope::Portfolio {
        let all: Vec<StreamIx> = (0..view.data.streams.len())
            .map(|ix| StreamIx(u32::try_from(ix).unwrap_or(u32::MAX)))
            .collect();
        slices.push((portfolio("All streams"), view.flow.since, teams(&all), None));
    }
    for (slice, members, ids) in view.stream_slices() {
        let since = members.iter().filter_map(|stream| stream.since).min();
        let place = view.streams().find(&slice.id);
        slices.push((slice, since, teams(&ids), place));
    }
    let found = slices.into_iter().map(|(slice, since, teams, place)| {
        // Without a place among the published slices it is everything.
        let own = place.unwrap_or(spread.len() - 1);
        let (weekly, newest) = spread[own].split_at(view.weeks.len());
        let changed = changed[own];
        let sliced = Sliced { slice, since, weekly, window: &newest[0], teams, changed };
        match floor.clone().or_else(|| too_little(sliced.window)) {
            Some(verdict) => finding(&SIGNAL, sliced.slice, verdict),
            None => focus(view, sliced, window),
        }
    });
    found.collect()
}

/// Why N is not told of a slice.
fn too_little(window: &ByEpic) -> Option<Verdict> {
    let all: i64 = window.values().sum();
    let with: i64 = parented(window).sum();
    if with == 0 {
        return Some(not_applicable("no attention went to work with an epic in the window"));
    }
    if let Some(verdict) = p1::too_few_days(all as f64 / TEAM_DAY) {
        return Some(verdict);
    }
    let share = with as f64 / all as f64;
    let need = 1.0 - UNPARENTED_MAX;
    (share < need).then(|| {
        let need = (need * 100.0).round() as u64;
        let have = ((share * 100.0).floor() as u64).min(need - 1);
        let why = "too much attention goes to work without an epic";
        insufficient(have, need, "percent of attention", why)
    })
}

fn focus(view: &View<'_>, sliced: Sliced<'_>, window: Period) -> Finding {
    let known = view.observed(sliced.since);
    let cell = |(by_epic, known): (&ByEpic, &bool)| {
        let n = effective(parented(by_epic)).filter(|_| *known)?;
        Some(((n * PARTS).round() as i64, PARTS as i64))
    };
    let cells = sliced.weekly.iter().zip(&known).map(cell).collect();
    let weekly = Weekly { weeks: view.weeks.list.clone(), cells };
    let judged = judge(&weekly, Unit::Count, FLOOR, &[1]);
    let epics = parented(sliced.window).count();
    let all: i64 = sliced.window.values().sum();
    let without = sliced.window.get(&None).copied().unwrap_or(0);
    let unparented = without as f64 / all.max(1) as f64;
    let changed = sliced.changed;
    let n = effective(parented(sliced.window)).unwrap_or(1.0);
    let mut found = charted(&SIGNAL, sliced.slice, judged.clone());
    let count = |name, n: usize| measure(name, n as f64, Unit::Count, window);
    found.measures = vec![
        Measure {
            n: Some((all as f64 / TEAM_DAY).round() as u64),
            ..measure("effective_epics", n, Unit::Count, window)
        },
        count("epics", epics),
        measure("unparented_share", unparented, Unit::Share, window),
        count("changed_epic", changed),
        count("teams", sliced.teams),
    ];
    found.observation = observation(&found, &judged, epics, unparented, changed, sliced.teams);
    found
}

/// Times that an item left its epic in a period, by slice; the last one is everything.
fn changes(view: &View<'_>, period: Period) -> Vec<usize> {
    let slices = view.streams().list.len();
    let sum = view.recall.sum(
        "P3",
        period,
        || vec![0_u64; slices + 1],
        |changes, seen| {
            if seen.derived.born_done {
                return;
            }
            for pair in seen.item.segments.windows(2) {
                let (before, after) = (&pair[0], &pair[1]);
                let left = before.epic.is_some() && before.epic != after.epic;
                if left && period.contains(after.from) {
                    changes[view.shown(before.stream)] += 1;
                    changes[slices] += 1;
                }
            }
        },
    );
    sum.iter().map(|count| usize::try_from(*count).unwrap_or(usize::MAX)).collect()
}

fn observation(
    found: &Finding,
    judged: &Judged,
    epics: usize,
    unparented: f64,
    changed: usize,
    teams: usize,
) -> Option<Observation> {
    let direction = direction(&judged.verdict)?;
    let usual = against_usual(judged)?;
    let changed = match changed {
        0 => "no item changed its epic".to_owned(),
        n => format!("{} their epic", changed_items(n)),
    };
    let evidence = format!(
        "the effective number of epics was {usual}; over {WINDOW_WEEKS} weeks {} drew the \
         attention of {}, {} of attention went to work without an epic, and {changed}.",
        words::count(epics as u64, "epic"),
        words::count(teams as u64, "team"),
        words::percent(unparented),
    );
    let uncertainty =
        format!("{} Merging or splitting epics moves this number too.", standing_of(judged));
    let question = match direction {
        Move::Up => "Were more bets opened at once on purpose?",
        Move::Down => "Which bets were put down, and was that decided?",
    };
    let subject = match found.slice.dimension {
        "portfolio" => "Focus spread".to_owned(),
        _ => format!("{}, focus spread", found.slice.name),
    };
    Some(observe(&subject, &evidence, &uncertainty, question))
}

/// `8 in the week against a usual range of 1 to 5.2 (14 weeks)`: no spread is less than one epic.
fn against_usual(judged: &Judged) -> Option<String> {
    let limits = judged.series.limits?;
    let value = words::number(newest(&judged.series)?);
    let weeks = judged.series.points.iter().filter(|point| point.value.is_some()).count();
    let lower = words::number(limits.lower.unwrap_or(1.0));
    let range = match limits.upper {
        Some(upper) => format!("a usual range of {lower} to {}", words::number(upper)),
        None => format!("a usual range from {lower} on"),
    };
    Some(format!("{value} in the week against {range} ({weeks} weeks)"))
}

/// `1 item changed`, `3 items changed`.
fn changed_items(n: usize) -> String {
    format!("{} changed", words::count(n as u64, "item"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Dataset;
    use crate::signals::fixture::{at, epic, item, under, view};

    /// 4, 2, 1, 1; and R14, 30/30/20/20 of the US Department of Justice: 10000/2600.
    #[test]
    fn example() {
        let text = |parts: &[i64]| effective(parts.iter().copied()).map(|n| format!("{n:.6}"));
        assert_eq!(text(&[4, 2, 1, 1]).as_deref(), Some("2.909091"));
        assert_eq!(text(&[30, 30, 20, 20]).as_deref(), Some("3.846154"));
        assert_eq!(text(&[7]).as_deref(), Some("1.000000"));
        assert_eq!(text(&[0, 7]).as_deref(), Some("1.000000"));
        assert_eq!(text(&[]), None);
    }

    /// Eight teams at work for a week each month, four on one epic, two on another, one and one.
    fn bets(parents: &[Option<u32>]) -> Dataset {
        let homes = vec![1; parents.len()];
        let mut data = crate::signals::fixture::portfolio(1, &homes);
        data.epics = ["E-1", "E-2", "E-3", "E-4"].map(|id| epic(id, &[])).into();
        for (n, parent) in parents.iter().enumerate() {
            let place = format!("T{}/S1", n + 1);
            let key = format!("x{n}");
            let ix = item(&mut data, &key, &place, &[("03-02", "Dev"), ("03-16", "done")]);
            if let Some(parent) = parent {
                under(&mut data, ix, *parent);
            }
        }
        data
    }

    const EIGHT: [Option<u32>; 8] =
        [Some(0), Some(0), Some(0), Some(0), Some(1), Some(1), Some(2), Some(3)];

    #[test]
    fn everything_and_each_stream() {
        let data = bets(&EIGHT);
        let found = evaluate(&view(&data, "03-16"));
        let names: Vec<&str> = found.iter().map(|f| f.slice.name.as_str()).collect();
        assert_eq!(names, ["All streams", "S1"]);
        for finding in &found {
            let values: Vec<String> =
                finding.measures.iter().map(|m| format!("{:.4}", m.value)).collect();
            assert_eq!(values, ["2.9091", "4.0000", "0.0000", "0.0000", "8.0000"]);
            assert_eq!(finding.measures[0].n, Some(112));
            let weeks: Vec<f64> = finding
                .series
                .iter()
                .flat_map(|series| series.points.iter().filter_map(|point| point.value))
                .collect();
            assert_eq!(weeks.len(), 2);
            assert!(weeks.iter().all(|n| (n - 2.909_090_909).abs() < 1e-8), "{weeks:?}");
        }
        let own = Scope::Stream("s1".into());
        let view = View::new(&data, view(&data, "03-16").as_of, Timestamp::MAX, &own);
        let found = evaluate(&view);
        assert_eq!(found.iter().map(|f| f.slice.id.as_str()).collect::<Vec<_>>(), ["s1"]);
    }

    #[test]
    fn work_without_an_epic_is_left_out_up_to_two_fifths() {
        let half = [Some(0), Some(0), Some(1), Some(1), None, None, None, None];
        let found = &evaluate(&view(&bets(&half), "03-16"))[0];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 50, need: 60, .. }));
        let some = [Some(0), Some(0), Some(0), Some(1), Some(1), None, None, None];
        let found = &evaluate(&view(&bets(&some), "03-16"))[0];
        assert_eq!(format!("{:.4}", found.measures[0].value), "1.9231");
        let found = &evaluate(&view(&bets(&[None; 8]), "03-16"))[0];
        assert!(matches!(found.verdict, Verdict::NotApplicable { .. }));
    }

    /// Eight teams on few epics for thirteen weeks, and each on its own in the fourteenth.
    #[test]
    fn a_wide_week_is_told() {
        let mut data = bets(&[None; 8]);
        data.items.retain(|_| false);
        data.epics.extend(["E-5", "E-6", "E-7", "E-8"].map(|id| epic(id, &[])));
        let (six, four) = ([0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1, 1]);
        let (one, three) = ([0; 8], [0, 0, 0, 0, 1, 1, 2, 2]);
        let wide = [0, 1, 2, 3, 4, 5, 6, 7];
        let weeks =
            [six, four, six, three, six, four, one, four, six, four, six, three, four, wide];
        for (week, epics) in weeks.iter().enumerate() {
            let day = |week: usize| {
                let days = 7 * i64::try_from(week).unwrap();
                at("03-02").plus_days(days).to_string()[5..10].to_owned()
            };
            for (team, epic) in epics.iter().enumerate() {
                let (key, place) = (format!("w{week}-{team}"), format!("T{}/S1", team + 1));
                let events = [(day(week), "Dev"), (day(week + 1), "done")];
                let ix = item(
                    &mut data,
                    &key,
                    &place,
                    &[(&events[0].0, events[0].1), (&events[1].0, events[1].1)],
                );
                under(&mut data, ix, *epic);
            }
        }
        let found = &evaluate(&view(&data, "06-08"))[0];
        assert_eq!(found.verdict, Verdict::New { direction: Move::Up }, "{found:?}");
        let told = found.observation.as_ref().unwrap();
        assert_eq!(
            told.evidence,
            "the effective number of epics was 8 in the week against a usual range of 1 to 5.2 \
             (14 weeks); over 12 weeks 8 epics drew the attention of 8 teams, 0 % of attention \
             went to work without an epic, and no item changed its epic."
        );
    }

    #[test]
    fn changes_of_epic_are_counted() {
        let mut data = bets(&EIGHT);
        let mut moved = data.items[0].segments[0].clone();
        moved.from = at("03-10");
        moved.epic = Some(EpicIx(1));
        data.items[0].segments[0].to = moved.from;
        data.items[0].segments.insert(1, moved);
        // Done work that keeps its first epic is a change back, inside the window.
        let view = view(&data, "03-16");
        let window = p1::window(&view);
        let changed = changes(&view, window);
        assert_eq!((changed[view.shown(Some(StreamIx(0)))], changed.last()), (1, Some(&1)));
        assert_eq!(changed[view.shown(None)], 0);
    }
}
