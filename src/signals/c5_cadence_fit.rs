//! C5 Cadence fit.
//!
//! Question: does new portfolio-level work enter on the rhythm, and are dependent streams on the
//! same beat? Reader: portfolio, streams.
//! Definition: (a) an epic enters when its first item becomes active. It enters at a boundary B of
//! the portfolio's cadence in `[B - 7 d, B + 7 d)`, else mid-cadence. Told are the entries
//! mid-cadence among all, with Wilson's interval, and the interrupt attention: the share of a
//! cadence's attention that went to epics which entered in the middle of that same cadence. XmR on
//! it by cadence, floor 0, ceil 1. (b) The skew of two streams of which one waited for the other:
//! the greater of both directions of the median (P50) distance from each boundary of one to the
//! nearest boundary of the other, in days.
//! Source: section 2.4 of the catalogue.
//! Misreading: as compliance. An urgent entry may be right; told is its price, which is attention
//! that moved and the number of epics it is spread over.
//!
//! Choices where the catalogue is open. Attention counts as interrupted only in the cadence of the
//! entry: an epic that entered in the middle of one cadence has been looked at by the next boundary
//! and belongs to the next cadence like any other. Boundaries no more than 14 days apart leave no
//! middle, so a cadence of two weeks has no answer to (a). The portfolio's cadence is the longest
//! that it declares without a stream. Skew is told of streams that both declare a cadence of their
//! own; a stream that declares none says nothing about its beat. Distances are counted in local
//! days, so that a change of the clocks is not a skew.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::attention::{TEAM_DAY, sum};
use super::calendar::{cadence_period, uncovered};
use super::defaults::{ENTRY_DAYS, K_OF_N_FROM, PERCENT_FROM, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{
    charted, finding, measure, not_applicable, observe, portfolio, portfolio_wide,
};
use super::p3_focus_spread::effective;
use super::report::{Finding, Measure, Move, Observation, Question, Slice, Unit, Verdict};
use super::slices::OTHER;
use super::stats::rank::nearest_rank;
use super::stats::wilson::wilson95;
use super::stats::xmr::Bounds;
use super::verdict::{Judged, direction, judge_cadences, newest};
use super::view::View;
use super::waited::{self, lists};
use super::waits::Wait;
use super::{Scope, Signal, words};
use crate::model::{Cadence, Category, DAY_MS, Period, StreamIx, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "C5",
    name: "Cadence fit",
    question: Question::Flow,
    asks: "Does new work enter on the rhythm, and are dependent streams on the same beat?",
    definition: "Epics whose first item became active more than a week from a boundary, the share \
                 of the cadence's attention that they drew, and the days between the boundaries of \
                 streams that wait for each other.",
    misreading: "As compliance: an urgent start may be right. What is told is its price, and \
                 waiting for a boundary has one as well.",
    test: "A process-behaviour chart, one point a cadence, of the share of attention that \
           starts away from a boundary drew. Boundaries of dependent streams that differ are a \
           fact.",
    history: FIRST,
    evaluate,
};

/// When each epic's first item became active, as far as that was seen: an epic whose earliest work
/// began before the data is left out.
#[must_use]
pub fn entries(view: &View<'_>) -> Vec<Option<Timestamp>> {
    let empty = || vec![None::<(Timestamp, bool)>; view.data.epics.len()];
    let first = view.recall.sum("C5", (), empty, |first, seen| {
        let active = seen.segments().iter().filter(|s| s.flow() == Category::Active);
        for segment in active {
            let Some(epic) = segment.epic else { continue };
            let own = (segment.from, !seen.item.start_before_data);
            let first = &mut first[epic.0 as usize];
            // Of two at one instant the one that was not seen to begin decides.
            *first = Some(first.map_or(own, |known| known.min(own)));
        }
    });
    first.iter().map(|one| one.filter(|(_, seen)| *seen).map(|(at, _)| at)).collect()
}

/// Whether an instant of a cadence lies at neither of its boundaries.
#[must_use]
pub fn mid_cadence(cadence: Period, at: Timestamp) -> bool {
    at >= cadence.from.plus_days(ENTRY_DAYS) && at < cadence.to.plus_days(-ENTRY_DAYS)
}

/// The greater of both medians of the distances, in days, from the boundaries of one to the nearest
/// of the other. Of each side the boundaries that count, and all that may be the nearest.
#[must_use]
pub fn skew(one: (&[NaiveDate], &[NaiveDate]), other: (&[NaiveDate], &[NaiveDate])) -> Option<i64> {
    let median = |own: &[NaiveDate], theirs: &[NaiveDate]| {
        let away = |day: &NaiveDate| theirs.iter().map(|d| (*d - *day).num_days().abs()).min();
        let mut distances: Vec<i64> = own.iter().filter_map(away).collect();
        distances.sort_unstable();
        nearest_rank(&distances, 50)
    };
    Some(median(one.0, other.1)?.max(median(other.0, one.1)?))
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let data = view.data;
    if data.cadences.is_empty() && data.stream_cadences.is_empty() {
        let why = "no cadence is declared";
        return vec![finding(&SIGNAL, portfolio("Cadences"), not_applicable(why))];
    }
    let mut found = Vec::new();
    if *view.scope == Scope::Portfolio {
        found.extend(data.cadences.first().map(|cadence| entry(view, cadence)));
    }
    found.extend(skews(view));
    found
}

/// What entered, and what it drew.
#[derive(Debug, Clone, Default)]
struct Entered {
    /// Entries in the charted cadences, and those of them mid-cadence.
    all: u64,
    middle: u64,
    /// By charted cadence: ticks on epics that entered in its middle, and all; `None` where it was
    /// not observed whole.
    drawn: Vec<Option<(i64, i64)>>,
    /// Effective number of epics in the newest cadence and the one before it.
    spread: [Option<f64>; 2],
}

fn entry(view: &View<'_>, cadence: &Cadence) -> Finding {
    let slice = portfolio_wide("entry", "Starts between boundaries");
    if i64::from(cadence.days) <= 2 * ENTRY_DAYS {
        let why = "the boundaries are no more than two weeks apart, so every start is near one";
        return finding(&SIGNAL, slice, not_applicable(why));
    }
    if view.data.epics.is_empty() {
        return finding(&SIGNAL, slice, not_applicable("no epic is known"));
    }
    let entered = entered(view, cadence);
    let share = |drawn: &Option<(i64, i64)>| drawn.map(|(part, all)| part as f64 / all as f64);
    let values: Vec<Option<f64>> = entered.drawn.iter().map(share).collect();
    let judged =
        judge_cadences(&view.cadences, view.data.zone, &values, Unit::Share, Bounds::SHARE);
    let mut found = charted(&SIGNAL, slice, judged.clone());
    let span = |cadences: &[Period]| {
        let (from, to) = cadences.first().zip(cadences.last()).map(|(a, b)| (a.from, b.to))?;
        Some(Period::new(from, to))
    };
    let (Some(all), Some(last)) = (span(&view.cadences), view.cadences.last()) else {
        return found;
    };
    found.measures.push(Measure {
        n: Some(entered.all),
        ..measure("mid_cadence", entered.middle as f64, Unit::Count, all)
    });
    if entered.all >= PERCENT_FROM {
        let share = entered.middle as f64 / entered.all as f64;
        found.measures.push(Measure {
            n: Some(entered.all),
            range: wilson95(entered.middle, entered.all),
            ..measure("mid_cadence_share", share, Unit::Share, all)
        });
    }
    if let Some(Some((part, all))) = entered.drawn.last() {
        let days = (*all as f64 / TEAM_DAY).round() as u64;
        let share = *part as f64 / *all as f64;
        let whole = measure("interrupt_attention", share, Unit::Share, *last);
        found.measures.push(Measure { n: Some(days), ..whole });
    }
    let spread = ["epics_worked_on", "epics_worked_on_before"].into_iter().zip(entered.spread);
    found
        .measures
        .extend(spread.filter_map(|(name, value)| Some(measure(name, value?, Unit::Count, *last))));
    found.observation = tell(&judged, &entered);
    found
}

fn entered(view: &View<'_>, cadence: &Cadence) -> Entered {
    let (data, grid) = (view.data, &view.attention.grid);
    let gaps = uncovered(&data.coverage);
    let observed = |period: &Period| {
        let begun = view.flow.since.is_some_and(|since| since <= period.from);
        begun && gaps.iter().all(|gap| gap.intersect(period).is_none())
    };
    let mut entered = Entered::default();
    // The cadence in whose middle an epic entered.
    let mut middle: Vec<Option<Period>> = vec![None; data.epics.len()];
    for (epic, at) in entries(view).into_iter().enumerate() {
        let Some(at) = at else { continue };
        let own = cadence_period(cadence, cadence.number(at, data.zone), data.zone);
        if view.cadences.contains(&own) && observed(&own) {
            let mid = mid_cadence(own, at);
            entered.all += 1;
            entered.middle += u64::from(mid);
            middle[epic] = mid.then_some(own);
        }
    }
    for period in &view.cadences {
        let all = sum(&view.attention.observed, &grid.buckets(*period));
        let part = view.attention.ticks(*period, |cell| {
            let epic = cell.target.epic.map(|epic| epic.0 as usize);
            epic.is_some_and(|epic| middle[epic] == Some(*period))
        });
        entered.drawn.push((observed(period) && all > 0).then_some((part, all)));
    }
    let mut newest = view.cadences.iter().rev();
    entered.spread = [newest.next(), newest.next()].map(|period| spread(view, *period?));
    entered
}

/// The effective number of epics among which attention was spread, as in P3: what a mid-cadence
/// start may raise.
fn spread(view: &View<'_>, period: Period) -> Option<f64> {
    let buckets = view.attention.grid.buckets(period);
    let mut of_epic: BTreeMap<u32, i64> = BTreeMap::new();
    for cell in &view.attention.cells {
        if let Some(epic) = cell.target.epic {
            *of_epic.entry(epic.0).or_default() += sum(&cell.ticks, &buckets);
        }
    }
    effective(of_epic.into_values())
}

/// The chart where a rule fired, the counts while there are no limits.
fn tell(judged: &Judged, entered: &Entered) -> Option<Observation> {
    let drawn = entered.drawn.last().copied().flatten();
    let moved = direction(&judged.verdict);
    if entered.all == 0 || (judged.series.limits.is_some() && moved.is_none()) {
        return None;
    }
    let counted = match entered.all {
        n if n < K_OF_N_FROM => format!("{} of {n} epics", entered.middle),
        n => format!("{} epics", words::proportion(entered.middle, n)),
    };
    let cadences = words::count(entered.drawn.iter().flatten().count() as u64, "cadence");
    let starts = format!("{counted} started more than a week away from a boundary over {cadences}");
    let days = |ticks: i64| words::number(ticks as f64 / TEAM_DAY);
    let price = drawn.map_or_else(String::new, |(part, all)| {
        format!("; in the newest one they drew {} of {} team-days", days(part), days(all))
    });
    let usual = judged.series.limits.zip(newest(&judged.series)).map(|(limits, value)| {
        let lower = limits.lower.unwrap_or(0.0);
        let range = words::percent_range((lower, limits.upper.unwrap_or(1.0)));
        format!(" ({} against a usual range of {range})", words::percent(value))
    });
    let evidence = format!("{starts}{price}{}.", usual.unwrap_or_default());
    let mut uncertainty = match judged.verdict {
        Verdict::Confirmed { .. } => {
            "It does not fit the cadences before, for the second time.".to_owned()
        }
        Verdict::New { .. } => {
            "It does not fit the cadences before, for the first time.".to_owned()
        }
        _ => "There are too few cadences for a usual range.".to_owned(),
    };
    if let [Some(now), Some(before)] = entered.spread {
        uncertainty.push_str(&format!(
            " Attention was spread as over {} epics of equal size, and over {} in the cadence \
             before.",
            words::number(now),
            words::number(before)
        ));
    }
    uncertainty.push_str(" Such a start can be right: waiting for a boundary has a price, too.");
    let question = match moved {
        Some(Move::Down) => "What made it possible to start at the boundaries?",
        _ => "Was each of these starts worth the attention that it moved?",
    };
    Some(observe("Starts between boundaries", &evidence, &uncertainty, question))
}

/// The skew of each two streams with a cadence of their own of which one waited for the other.
fn skews(view: &View<'_>) -> Vec<Finding> {
    if view.data.stream_cadences.is_empty() {
        return Vec::new();
    }
    let pair = |wait: &Wait| (wait.waiting.min(wait.awaited), wait.waiting.max(wait.awaited));
    let waits = lists(&waited::by(view, "C5 waits", |wait| Some(pair(wait))), &view.weeks);
    let cadence = |stream: StreamIx| {
        let own = view.data.stream_cadences.iter().find(|(of, _)| *of == stream);
        own.map(|(_, cadence)| cadence)
    };
    let found = waits.iter().filter_map(|((a, b), waited)| {
        let waited = sum(waited, &view.weeks.window());
        let (one, other) = (cadence(*a)?, cadence(*b)?);
        let mut slices = [*a, *b].map(|s| &view.streams().list[view.shown(Some(s))]);
        slices.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        let shown = slices[0] != slices[1] && slices.iter().all(|slice| slice.id != OTHER);
        let concerns = slices.iter().any(|slice| view.in_scope(&slice.id));
        (waited > 0 && shown && concerns).then_some((slices, (one, other), waited))
    });
    let found: Vec<_> = found.collect();
    found
        .into_iter()
        .filter_map(|(slices, cadences, waited)| skewed(view, slices, cadences, waited))
        .collect()
}

fn skewed(
    view: &View<'_>,
    slices: [&Slice; 2],
    (one, other): (&Cadence, &Cadence),
    waited: i64,
) -> Option<Finding> {
    let window = view.window();
    let margin = u64::from(one.days.max(other.days));
    let days = |at: Timestamp| at.to_utc().with_timezone(&view.data.zone).date_naive();
    let (from, to) = (days(window.from), days(window.to));
    let wide = (from - Days::new(margin), to + Days::new(margin));
    let own = [one, other].map(|cadence| boundaries(cadence, (from, to)));
    let all = [one, other].map(|cadence| boundaries(cadence, wide));
    let days = skew((&own[0], &all[0]), (&own[1], &all[1]))?;
    let slice = Slice {
        dimension: "pair",
        id: format!("{}+{}", slices[0].id, slices[1].id),
        name: format!("{} and {}", slices[0].name, slices[1].name),
    };
    let verdict = if days > 0 { Verdict::Fact } else { Verdict::Nothing };
    let mut found = finding(&SIGNAL, slice, verdict);
    let waited = waited as f64 / DAY_MS as f64;
    found.measures = vec![
        measure("skew", days as f64, Unit::Days, window),
        measure("waited", waited, Unit::ItemDays, window),
    ];
    if days > 0 {
        let evidence = format!(
            "one of them waited for the other, {} over {WINDOW_WEEKS} weeks, and their boundaries \
             lie {} apart.",
            words::value(waited, Unit::ItemDays),
            words::value(days as f64, Unit::Days),
        );
        found.observation = Some(observe(
            &found.slice.name,
            &evidence,
            "The distance is the median over the window; that the wait comes from it is not shown.",
            "Would less wait on one beat?",
        ));
    }
    Some(found)
}

/// The boundaries of a cadence from one day to another, the first included.
fn boundaries(cadence: &Cadence, (from, to): (NaiveDate, NaiveDate)) -> Vec<NaiveDate> {
    let step = i64::from(cadence.days.max(1));
    let since = (from - cadence.anchor).num_days();
    let first = since.div_euclid(step) + i64::from(since.rem_euclid(step) > 0);
    let days = (first..).map(|n| cadence.anchor + chrono::Duration::days(n * step));
    days.take_while(|day| *day < to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Dataset;
    use crate::signals::fixture::{at, bets, item, link, portfolio as org, under, view};

    fn day(text: &str) -> NaiveDate {
        NaiveDate::parse_from_str(&format!("2026-{text}"), "%Y-%m-%d").unwrap()
    }

    fn cadence(id: &str, anchor: &str, days: u32) -> Cadence {
        Cadence { id: id.into(), anchor: day(anchor), days }
    }

    /// B = 03-02: 2 of 5 enter in the middle, 0.118 to 0.769.
    #[test]
    fn example_of_entries() {
        // Boundaries on 03-02 and, ten weeks later, on 05-11.
        let pi = cadence("pi", "03-02", 70);
        let mid = |when: &str| {
            let at = at(when);
            let number = pi.number(at, chrono_tz::Tz::UTC);
            mid_cadence(cadence_period(&pi, number, chrono_tz::Tz::UTC), at)
        };
        let starts = ["02-25", "03-01", "03-08 23:59", "03-09", "04-10"].map(mid);
        assert_eq!(starts, [false, false, false, true, true]);
        let (low, high) = wilson95(2, 5).unwrap();
        assert_eq!(format!("{low:.3} {high:.3}"), "0.118 0.769");
    }

    /// Boundaries 03-02/16/30 and 03-05/19/04-02: skew 3.
    #[test]
    fn example_of_skew() {
        let (a, b) = (["03-02", "03-16", "03-30"].map(day), ["03-05", "03-19", "04-02"].map(day));
        assert_eq!(skew((&a, &a), (&b, &b)), Some(3));
        // One beat within the other, and twice as fast: every second boundary is 7 days away.
        let weekly: Vec<NaiveDate> = ["03-02", "03-09", "03-16", "03-23", "03-30"].map(day).into();
        assert_eq!(skew((&a, &a), (&weekly, &weekly)), Some(0));
        let fortnights = ["03-09", "03-23"].map(day);
        assert_eq!(skew((&a, &a), (&fortnights, &fortnights)), Some(7));
        assert_eq!(skew((&a, &a), (&[], &[])), None);
    }

    /// Two teams work for 40 days each in a cadence of 40: 80 team-days, 12 of them on an epic that
    /// entered in its middle.
    fn interrupted() -> Dataset {
        let mut data = org(1, &[1, 1]);
        data.cadences = vec![cadence("pi", "01-05", 40)];
        bets(&mut data, 2);
        let start = |data: &mut Dataset, key, team, epic, events: &[(&str, &str)]| {
            let ix = item(data, key, team, events);
            under(data, ix, epic);
        };
        start(&mut data, "old", "T1/S1", 0, &[("01-05", "Dev"), ("02-02", "done")]);
        start(&mut data, "mid", "T1/S1", 1, &[("02-02", "Dev"), ("02-14", "done")]);
        start(&mut data, "a", "T2/S1", 0, &[("01-05", "Dev"), ("01-30", "done")]);
        start(&mut data, "b", "T2/S1", 0, &[("01-30", "Dev"), ("02-14", "done")]);
        data
    }

    /// 12 of 80 team-days: 0.15.
    #[test]
    fn example_of_interrupt_attention() {
        let data = interrupted();
        let found = evaluate(&view(&data, "02-14"));
        assert_eq!(found.len(), 1);
        let value = |name| found[0].measures.iter().find(|m| m.name == name).unwrap().clone();
        let attention = value("interrupt_attention");
        assert_eq!((format!("{:.4}", attention.value), attention.n), ("0.1500".into(), Some(80)));
        let mid = value("mid_cadence");
        assert_eq!((mid.value, mid.n), (1.0, Some(2)));
        assert_eq!(format!("{:.3}", value("epics_worked_on").value), "1.342");
        // One cadence is too few for a range, so the counts are told.
        assert!(
            matches!(found[0].verdict, Verdict::Insufficient { have: 1, need: 6, ref unit, .. }
            if unit == "cadences")
        );
        let told = found[0].observation.as_ref().unwrap();
        assert_eq!(
            told.evidence,
            "1 of 2 epics started more than a week away from a boundary over 1 cadence; in the \
             newest one they drew 12 of 80 team-days."
        );
        // In the next cadence the same epic is no interruption.
        let mut later = interrupted();
        let ix = item(&mut later, "on", "T1/S1", &[("02-14", "Dev"), ("03-10", "done")]);
        under(&mut later, ix, 1);
        let found = evaluate(&view(&later, "03-27"));
        let last = found[0].measures.iter().find(|m| m.name == "interrupt_attention").unwrap();
        assert_eq!(last.value, 0.0);
    }

    /// The share rises after five quiet cadences.
    #[test]
    fn a_cadence_full_of_interruptions_is_new() {
        let mut data = org(1, &[1]);
        data.cadences = vec![cadence("pi", "01-05", 20)];
        let edges = ["01-05", "01-25", "02-14", "03-06", "03-26", "04-15", "05-05", "05-25"];
        for (n, pair) in edges.windows(2).enumerate() {
            let (from, to) = (at(pair[0]), at(pair[1]));
            // In the first six a day and some hours, in the last most of the cadence.
            let turn = from.plus_days(if n == 6 { 8 } else { 12 });
            let stop = if n == 6 { to } else { turn.plus_millis(DAY_MS + n as i64 * 3_600_000) };
            let word = |at: Timestamp| at.to_utc().format("%m-%d %H:%M").to_string();
            let (turn, stop) = (word(turn), word(stop));
            bets(&mut data, 2);
            let epic = u32::try_from(2 * n).unwrap();
            let (a, b) = (format!("a{n}"), format!("b{n}"));
            let ix = item(&mut data, &a, "T1/S1", &[(pair[0], "Dev"), (&turn, "done")]);
            under(&mut data, ix, epic);
            let ix = item(&mut data, &b, "T1/S1", &[(&turn, "Dev"), (&stop, "done")]);
            under(&mut data, ix, epic + 1);
        }
        let found = evaluate(&view(&data, "05-25"));
        assert_eq!(found[0].verdict, Verdict::New { direction: Move::Up }, "{:?}", found[0].series);
        assert_eq!(found[0].series.as_ref().unwrap().weeks_per_point, 3);
        assert!(found[0].observation.as_ref().unwrap().evidence.contains("against a usual range"));
    }

    #[test]
    fn no_cadence_and_no_middle() {
        let mut data = interrupted();
        data.cadences[0].days = 14;
        let found = evaluate(&view(&data, "03-16"));
        assert!(
            matches!(found[0].verdict, Verdict::NotApplicable { ref why } if why.contains("two weeks"))
        );
        data.cadences.clear();
        let found = evaluate(&view(&data, "03-16"));
        assert!(
            matches!(found[0].verdict, Verdict::NotApplicable { ref why } if why == "no cadence is declared")
        );
    }

    #[test]
    fn an_epic_that_began_before_the_data_has_no_entry() {
        let mut data = interrupted();
        let of = |data: &Dataset| entries(&view(data, "02-14"));
        assert_eq!(of(&data), [Some(at("01-05")), Some(at("02-02"))]);
        data.items[0].start_before_data = true;
        assert_eq!(of(&data), [None, Some(at("02-02"))]);
    }

    /// S1 waits for S2, and S3 for nobody; only the first two are told, and only while both keep a
    /// cadence of their own.
    #[test]
    fn streams_that_wait_are_compared() {
        let mut data = org(3, &[1, 2, 3]);
        let a = item(&mut data, "a", "T1/S1", &[("03-03", "Dev")]);
        let b = item(&mut data, "b", "T2/S2", &[("03-01", "Dev"), ("03-10", "done")]);
        link(&mut data, a, b, "03-04", "");
        let own = |stream, anchor| (StreamIx(stream), cadence("sprint", anchor, 14));
        data.stream_cadences = vec![own(0, "03-02"), own(1, "03-05"), own(2, "03-09")];
        let found = evaluate(&view(&data, "04-06"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].slice.id.as_str(), &found[0].verdict), ("s1+s2", &Verdict::Fact));
        assert_eq!((found[0].measures[0].value, found[0].measures[1].value), (3.0, 6.0));
        data.stream_cadences[1].1.anchor = day("03-16");
        assert_eq!(evaluate(&view(&data, "04-06"))[0].verdict, Verdict::Nothing);
        data.stream_cadences.remove(1);
        assert!(evaluate(&view(&data, "04-06")).is_empty());
    }

    #[test]
    fn boundaries_are_those_of_the_cadence() {
        let sprint = cadence("sprint", "03-02", 14);
        let days = boundaries(&sprint, (day("02-16"), day("03-30")));
        assert_eq!(days, ["02-16", "03-02", "03-16"].map(day));
        assert_eq!(boundaries(&sprint, (day("03-03"), day("03-17"))), [day("03-16")]);
    }
}
