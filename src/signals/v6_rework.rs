//! V6 Rework and failure demand.
//!
//! Question: how much comes back, and how much attention goes to failure? Reader: value stream.
//! Definition: (a) the return ratio, reopenings over entries into `done` in the window W, with its
//! Wilson range; items born done are left out, and one that is reopened twice counts twice. XmR on
//! weekly reopenings, floor 0. (b) the failure-demand share, attention on items of the kind
//! `defect` over all attention in the stream. XmR on the weekly share, floor 0 and ceiling 1.
//! Source: section 2.2 of the catalogue; Seddon's failure demand; Wilson 1927. Change-fail rates
//! and recovery times are outcome measures where they exist; they are not computed here.
//! Misreading: a new ticket in place of a reopened one hides from (a) and shows in (b). Never per
//! team.
//!
//! Where the catalogue leaves a choice: a reopening counts for the stream in which the item was
//! done, so that both sides of the ratio speak of one stream. Only observed weeks count. The share
//! has the gates of attention shares (P1): coverage, forty team-days, and four fifths classified.

use super::attention::{TEAM_DAY, sum};
use super::defaults::PERCENT_FROM;
use super::definitions::FIRST;
use super::finding::{
    against_usual, charted, finding, measure, not_applicable, observe, standing_of,
};
use super::flow::StreamFlow;
use super::recall::Exchange;
use super::report::{Finding, Measure, Question, Slice, Unit, Verdict};
use super::stats::wilson::wilson95;
use super::stats::xmr::Bounds;
use super::verdict::{Weekly, direction, judge};
use super::view::View;
use super::{Signal, h2_data_confidence as h2, p1_attention_share as p1, words};
use crate::model::{Category, Kind};

pub const SIGNAL: Signal = Signal {
    id: "V6",
    name: "Rework and failure demand",
    question: Question::Flow,
    asks: "How much comes back, and how much attention goes to failure?",
    definition: "Reopened items over items that entered done in 12 weeks, and the share of \
                 attention that goes to defects.",
    misreading: "A new ticket in place of a reopened one hides the return; it then shows as \
                 attention to defects. Never read by team.",
    test: "A process-behaviour chart of the weekly reopenings, and one of the weekly share of \
           attention to defects.",
    history: FIRST,
    evaluate,
};

/// What came back to one slice and what was finished in it, by week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returns {
    pub reopened: Vec<i64>,
    pub finished: Vec<i64>,
}

/// Reopenings and entries into done, by published slice.
#[must_use]
pub fn returns(view: &View<'_>) -> Vec<Returns> {
    let weeks = view.weeks.len();
    let empty = Returns { reopened: vec![0; weeks], finished: vec![0; weeks] };
    let empty = || vec![empty.clone(); view.streams().list.len()];
    let sum = view.recall.sum("V6", (), empty, |returns, seen| {
        let segments = if seen.derived.born_done { &[] } else { seen.segments() };
        for pair in segments.windows(2) {
            let done = [&pair[0], &pair[1]].map(|segment| segment.category == Category::Done);
            let Some(week) = view.weeks.of(pair[1].from) else { continue };
            let (of, reopened) = match done {
                [true, false] => (&pair[0], true),
                [false, true] => (&pair[1], false),
                _ => continue,
            };
            if view.data.one_off(of.epic) {
                continue;
            }
            let slice = &mut returns[view.shown(of.stream)];
            let list = if reopened { &mut slice.reopened } else { &mut slice.finished };
            list[week] += 1;
        }
    });
    sum.to_vec()
}

impl Exchange for Returns {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        self.reopened.exchange(&gone.reopened, &come.reopened)
            && self.finished.exchange(&gone.finished, &come.finished)
    }
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let returns = returns(view);
    let window = p1::window(view);
    let ticks =
        &view.recall.cached_for("V6", (0, 0), view.attention_version, window, || ticks(view)).1;
    let floor = p1::floor(view, window);
    let mut found = Vec::new();
    for (slice, members, _) in view.stream_slices() {
        let place = view.streams().find(&slice.id).unwrap_or(0);
        let name = |about: &str| format!("{}, {about}", slice.name);
        let own = |id: String, about| Slice { id, name: name(about), ..slice.clone() };
        let back = own(slice.id.clone(), "reopened work");
        found.push(match h2::withheld(view, &members, SIGNAL.id) {
            Some(verdict) => finding(&SIGNAL, back, verdict),
            None => reopened(view, back, &members, &returns[place]),
        });
        let failure = own(format!("{}/failure-demand", slice.id), "failure demand");
        found.push(match &floor {
            Some(verdict) => finding(&SIGNAL, failure, verdict.clone()),
            None => failure_demand(view, failure, &members, &ticks[place]),
        });
    }
    found
}

fn reopened(view: &View<'_>, slice: Slice, members: &[&StreamFlow], returns: &Returns) -> Finding {
    let known = view.observed_of(members);
    let window = view.weeks.window().filter(|week| known[*week]);
    let total = |list: &[i64]| window.clone().map(|week| list[week]).sum::<i64>().unsigned_abs();
    let weeks = words::count(window.clone().count() as u64, "week");
    let (k, n) = (total(&returns.reopened), total(&returns.finished));
    if n == 0 {
        let why = "nothing entered done in the window, so nothing could come back";
        return finding(&SIGNAL, slice, not_applicable(why));
    }
    let cell = |(week, known): (usize, &bool)| known.then(|| (returns.reopened[week], 1));
    let cells = known.iter().enumerate().map(cell).collect();
    let weekly = Weekly { weeks: view.weeks.list.clone(), cells };
    let judged = judge(&weekly, Unit::ItemsPerWeek, Bounds::COUNT, &[1, 2, 4]);
    let mut found = charted(&SIGNAL, slice, judged.clone());
    let period = view.window();
    let count = |name, count: u64| measure(name, count as f64, Unit::Items, period);
    found.measures =
        vec![Measure { n: Some(n), ..count("reopened", k) }, count("entries_into_done", n)];
    // A reopening may belong to an entry before the window; such a ratio is no proportion.
    if n >= PERCENT_FROM && k <= n {
        let ratio = measure("return_ratio", k as f64 / n as f64, Unit::Share, period);
        found.measures.push(Measure { n: Some(n), range: wilson95(k, n), ..ratio });
    }
    let ratio = if k <= n { words::proportion(k, n) } else { format!("{k} against {n}") };
    let usual = direction(&judged.verdict).and_then(|_| against_usual(&judged));
    let moved = usual.as_ref().map_or_else(String::new, |usual| format!("; reopened were {usual}"));
    let standing = match (usual, &judged.verdict) {
        (Some(_), _) => standing_of(&judged),
        (None, Verdict::Usual) => "Reopenings are within their usual range.".to_owned(),
        _ => "Reopenings are too few and too alike for a usual range.".to_owned(),
    };
    found.observation = Some(observe(
        &found.slice.name,
        &format!("over {weeks} reopenings against entries into done were {ratio}{moved}."),
        &format!("{standing} A new ticket in place of a reopened one is not seen here."),
        "What is learned only after work counts as done?",
    ));
    found
}

/// Ticks by slice in each charted week and, last, in the window: on defects, on classified kinds,
/// on anything.
fn ticks(view: &View<'_>) -> Vec<Vec<[i64; 3]>> {
    let periods = view.weeks.periods().chain([p1::window(view)]);
    let periods: Vec<_> = periods.map(|p| view.attention.grid.buckets(p)).collect();
    let mut all = vec![vec![[0; 3]; periods.len()]; view.streams().list.len()];
    for cell in &view.attention.cells {
        let slice = &mut all[view.shown(cell.target.stream)];
        for (own, buckets) in slice.iter_mut().zip(&periods) {
            let ticks = sum(&cell.ticks, buckets);
            own[0] += if cell.target.kind == Kind::Defect { ticks } else { 0 };
            own[1] += if cell.target.kind == Kind::Unclassified { 0 } else { ticks };
            own[2] += ticks;
        }
    }
    all
}

/// Attention to defects over all attention; `None` without any.
#[must_use]
pub fn share(defects: i64, all: i64) -> Option<f64> {
    (all > 0).then(|| defects as f64 / all as f64)
}

fn failure_demand(
    view: &View<'_>,
    slice: Slice,
    members: &[&StreamFlow],
    ticks: &[[i64; 3]],
) -> Finding {
    let window = p1::window(view);
    let (weekly, newest) = ticks.split_at(view.weeks.len());
    let [defects, classified, all] = newest[0];
    let Some(value) = share(defects, all) else {
        let why = "no active work of a declared team was observed in the window";
        return finding(&SIGNAL, slice, not_applicable(why));
    };
    let days = all as f64 / TEAM_DAY;
    let unclear = || p1::too_few_classified(classified as f64 / all as f64);
    if let Some(verdict) = p1::too_few_days(days).or_else(unclear) {
        return finding(&SIGNAL, slice, verdict);
    }
    let since = members.iter().filter_map(|stream| stream.since).min();
    let cells = weekly.iter().map(|[defects, _, all]| (*defects, *all)).collect();
    let weekly = p1::weekly(view, since, cells);
    let judged = judge(&weekly, Unit::Share, Bounds::SHARE, &[1, 2, 4]);
    let mut found = charted(&SIGNAL, slice, judged.clone());
    found.measures = vec![
        Measure {
            n: Some(days.round() as u64),
            ..measure("failure_demand_share", value, Unit::Share, window)
        },
        measure("defect_days", defects as f64 / TEAM_DAY, Unit::TeamDays, window),
    ];
    if let (Some(_), Some(usual)) = (direction(&judged.verdict), against_usual(&judged)) {
        found.observation = Some(observe(
            &found.slice.name,
            &format!("the share of attention that went to defects was {usual}."),
            &format!("{} Only items mapped to the kind defect count.", standing_of(&judged)),
            "Where do these defects enter, and who would notice earlier?",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StreamIx;
    use crate::signals::dataset::Stream;
    use crate::signals::fixture::{at, f0, item, portfolio, view};
    use crate::signals::{Dataset, Scope};

    /// F0: entries into done A, B, B, C, D, H, and B comes back once. E is born done.
    #[test]
    fn example_of_returns() {
        let data = f0();
        let view = view(&data, "03-30");
        let own = &returns(&view)[view.shown(Some(StreamIx(0)))];
        assert_eq!((own.reopened.iter().sum::<i64>(), own.finished.iter().sum::<i64>()), (1, 6));
        let found = &evaluate(&view)[0];
        assert_eq!((found.measures[0].value, found.measures[0].n), (1.0, Some(6)));
        let (low, high) = wilson95(1, 6).unwrap();
        assert_eq!(format!("{low:.3} {high:.3}"), "0.030 0.564");
        // Below twenty no percentage stands for the ratio.
        assert!(found.measures.iter().all(|measure| measure.name != "return_ratio"));
        let told = found.observation.as_ref().unwrap();
        assert_eq!(
            told.evidence,
            "over 5 weeks reopenings against entries into done were 1 of 6 (plausibly 3 % to 56 %)."
        );
    }

    #[test]
    fn twice_counts_twice_and_nothing_finished_is_not_zero() {
        let mut data = portfolio(1, &[1]);
        let events = [
            ("03-02", "Dev"),
            ("03-03", "done"),
            ("03-04", "proposed"),
            ("03-05", "done"),
            ("03-06", "dropped"),
        ];
        item(&mut data, "a", "T1/S1", &events);
        let view1 = view(&data, "03-30");
        let own = &returns(&view1)[view1.shown(Some(StreamIx(0)))];
        assert_eq!((own.reopened.iter().sum::<i64>(), own.finished.iter().sum::<i64>()), (2, 2));
        let mut data = portfolio(1, &[1]);
        item(&mut data, "a", "T1/S1", &[("03-02", "Dev")]);
        let found = &evaluate(&view(&data, "03-30"))[0];
        assert!(matches!(found.verdict, Verdict::NotApplicable { .. }));
    }

    /// Four teams for three weeks and a half: 14 of 70 team-days on defects.
    fn defects() -> Dataset {
        let mut data = portfolio(1, &[1, 1, 1, 1, 1]);
        for (key, place) in [("a", "T1/S1"), ("b", "T2/S1"), ("c", "T3/S1"), ("d", "T4/S1")] {
            item(&mut data, key, place, &[("03-02", "Dev"), ("03-16", "done")]);
        }
        let ix = item(&mut data, "e", "T5/S1", &[("03-02", "Dev"), ("03-16", "done")]);
        data.items[ix].kind = Kind::Defect;
        data
    }

    #[test]
    fn example_of_failure_demand() {
        let data = defects();
        let view = view(&data, "03-16");
        let found = &evaluate(&view)[1];
        assert_eq!(found.slice.name, "S1, failure demand");
        assert_eq!(format!("{:.2}", found.measures[0].value), "0.20");
        assert_eq!((found.measures[0].n, found.measures[1].value), (Some(70), 14.0));
        assert_eq!(share(0, 0), None);
        // Another stream sees nothing of it.
        let mut two = defects();
        let second = Stream { id: "s2".into(), name: "S2".into(), ..two.streams[0].clone() };
        two.streams.push(second);
        let other = Scope::Stream("s2".into());
        let view = View::new(&two, at("03-16"), at("03-16"), &other);
        let ids: Vec<String> = evaluate(&view).into_iter().map(|found| found.slice.id).collect();
        assert_eq!(ids, ["s2", "s2/failure-demand"]);
    }

    #[test]
    fn unmapped_kinds_and_few_team_days_are_insufficient() {
        let mut data = defects();
        data.items[0].kind = Kind::Unclassified;
        data.items[1].kind = Kind::Unclassified;
        let found = &evaluate(&view(&data, "03-16"))[1];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 60, need: 80, .. }));
        let mut data = defects();
        let second = Stream { id: "s2".into(), name: "S2".into(), ..data.streams[0].clone() };
        data.streams.push(second);
        item(&mut data, "f", "T1/S2", &[("03-02", "Dev"), ("03-16", "done")]);
        let found = &evaluate(&view(&data, "03-16"))[3];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 7, need: 40, .. }));
    }
}
