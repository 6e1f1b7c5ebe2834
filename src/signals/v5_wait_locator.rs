//! V5 Wait locator.
//!
//! Question: where does started work wait, and has that changed? Reader: value stream; teams
//! privately.
//! Definition: item-days in active work and in queues (blocked work included), by state, over all
//! items in progress, finished or not. Flow efficiency is active over both; the wait share of a
//! state is its part of all waiting. XmR on the weekly flow efficiency, floor 0 and ceiling 1.
//! Source: section 2.2 of the catalogue. Most tools use completed items only; open items wait most.
//! Misreading: as a league or a target. States are always named, and the number never stands alone.

use super::defaults::{WINDOW_WEEKS, WIP_ITEM_DAYS_MIN};
use super::definitions::FIRST;
use super::finding::{
    against_usual, charted, finding, insufficient, measure, not_applicable, observe, standing_of,
};
use super::flow::StreamFlow;
use super::report::{Finding, Part, Question, Slice, Unit, Verdict};
use super::stats::xmr::Bounds;
use super::verdict::{Weekly, direction, judge};
use super::view::View;
use super::{Signal, h2_data_confidence as h2, words};
use crate::model::{DAY_MS, StateIx, StreamIx};

pub const SIGNAL: Signal = Signal {
    id: "V5",
    name: "Wait locator",
    question: Question::Flow,
    asks: "Where does started work wait, and has that changed?",
    definition: "Item-days in queues by state, and active item-days over both, for all items in \
                 progress in the window, finished or not.",
    misreading: "As a comparison or a target. The states are named, and the share never stands alone.",
    test: "A process-behaviour chart of the weekly share of active item-days in all started \
           ones.",
    history: FIRST,
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let slices = view.stream_slices();
    slices.into_iter().map(|(slice, members, ids)| locate(view, slice, &members, &ids)).collect()
}

/// Where some streams waited in the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Item-milliseconds.
    pub active: i64,
    pub waiting: i64,
    /// Waiting by state, sorted by name.
    pub states: Vec<(String, i64)>,
}

impl Waiting {
    /// Active over active and waiting; `None` without either.
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let all = self.active + self.waiting;
        (all > 0).then(|| self.active as f64 / all as f64)
    }

    /// The waiting of each state in item-days.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let part = |(name, millis): &(String, i64)| Part {
            name: name.clone(),
            value: words::days(*millis),
            unit: Unit::ItemDays,
            share: *millis as f64 / self.waiting.max(1) as f64,
        };
        self.states.iter().map(part).collect()
    }

    /// A state's part of all waiting.
    #[must_use]
    pub fn share(&self, state: &str) -> Option<f64> {
        let (_, millis) = self.states.iter().find(|(name, _)| name == state)?;
        (self.waiting > 0).then(|| *millis as f64 / self.waiting as f64)
    }
}

/// Sums the window over some streams.
#[must_use]
pub fn waiting(view: &View<'_>, members: &[&StreamFlow]) -> Waiting {
    let window = view.weeks.window();
    let sum = |list: fn(&StreamFlow) -> &[i64]| -> i64 {
        members.iter().map(|stream| list(stream)[window.clone()].iter().sum::<i64>()).sum()
    };
    let name = |state: Option<StateIx>| {
        state.map_or("Blocked", |state| view.data.states.name(state)).to_owned()
    };
    let mut states = std::collections::BTreeMap::new();
    for (state, millis) in members.iter().flat_map(|stream| &stream.waits) {
        *states.entry(name(*state)).or_insert(0) += millis;
    }
    Waiting {
        active: sum(|stream| &stream.active),
        waiting: sum(|stream| &stream.waiting),
        states: states.into_iter().collect(),
    }
}

fn unobservable(view: &View<'_>, members: &[&StreamFlow], ids: &[StreamIx]) -> bool {
    let declared = ids.iter().any(|stream| view.data.stream(*stream).waiting_observable);
    let seen = members.iter().any(|s| s.blocked_ever || s.waiting.iter().any(|ms| *ms > 0));
    !declared && !seen
}

fn locate(view: &View<'_>, slice: Slice, members: &[&StreamFlow], ids: &[StreamIx]) -> Finding {
    if unobservable(view, members, ids) {
        let why = "waiting is not observable in this workflow: no waiting state is mapped and no \
                   block was ever seen";
        return finding(&SIGNAL, slice, not_applicable(why));
    }
    if let Some(verdict) = h2::withheld(view, members, SIGNAL.id) {
        return finding(&SIGNAL, slice, verdict);
    }
    let since = members.iter().filter_map(|stream| stream.since).min();
    let known = view.observed(since);
    let total = waiting(view, members);
    if let Some(verdict) = too_little(view, &total, &known) {
        return finding(&SIGNAL, slice, verdict);
    }
    let cell = |(week, known): (usize, bool)| {
        let active: i64 = members.iter().map(|s| s.active[week]).sum();
        let all: i64 = active + members.iter().map(|s| s.waiting[week]).sum::<i64>();
        (known && all > 0).then_some((active, all))
    };
    let cells = known.iter().copied().enumerate().map(cell).collect();
    let weekly = Weekly { weeks: view.weeks.list.clone(), cells };
    let judged = judge(&weekly, Unit::Share, Bounds::SHARE, &[1, 2, 4]);
    let mut found = charted(&SIGNAL, slice, judged.clone());
    let window = view.window();
    found.measures = vec![
        measure("flow_efficiency", total.efficiency().unwrap_or(0.0), Unit::Share, window),
        measure("active", words::days(total.active), Unit::ItemDays, window),
        measure("waiting", words::days(total.waiting), Unit::ItemDays, window),
    ];
    found.parts = total.parts();
    if let (Some(_), Some(usual)) = (direction(&judged.verdict), against_usual(&judged)) {
        let question = match largest(&total) {
            Some(state) => format!("What is work in {} waiting for?", words::quoted(state)),
            None => "What changed in how work moves through the states?".to_owned(),
        };
        found.observation = Some(observe(
            &found.slice.name,
            &format!(
                "the active share of the time of started work was {usual}; over {WINDOW_WEEKS} weeks {}.",
                by_state(&total)
            ),
            &format!("{} Open items count as well as finished ones.", standing_of(&judged)),
            &question,
        ));
    }
    found
}

/// Fewer than 20 item-days in progress a week, on average over the observed weeks of the window.
fn too_little(view: &View<'_>, total: &Waiting, known: &[bool]) -> Option<Verdict> {
    let weeks = known[view.weeks.window()].iter().filter(|known| **known).count();
    let days = (total.active + total.waiting) / DAY_MS;
    let mean = days as f64 / weeks.max(1) as f64;
    (mean < WIP_ITEM_DAYS_MIN).then(|| {
        insufficient(
            mean.floor() as u64,
            WIP_ITEM_DAYS_MIN as u64,
            "item-days a week",
            "too little work was in progress in the window",
        )
    })
}

fn largest(total: &Waiting) -> Option<&str> {
    let most = total.states.iter().map(|(_, millis)| *millis).max()?;
    total.states.iter().find(|(_, millis)| *millis == most).map(|(name, _)| name.as_str())
}

/// `waiting took 16 of 23 item-days: "Blocked" 3, "Review" 13`.
fn by_state(total: &Waiting) -> String {
    let states: Vec<String> = total
        .states
        .iter()
        .map(|(name, millis)| (name, words::number(words::days(*millis))))
        .filter(|(_, days)| days != "0")
        .map(|(name, days)| format!("{} {days}", words::quoted(name)))
        .collect();
    format!(
        "waiting took {} of {} item-days ({})",
        words::number(words::days(total.waiting)),
        words::number(words::days(total.active + total.waiting)),
        words::list(&states),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixture::{item, portfolio, view};

    #[test]
    fn example() {
        let mut data = portfolio(1, &[1]);
        item(
            &mut data,
            "p",
            "T1/S1",
            &[("03-02", "Dev"), ("03-05", "Review"), ("03-11", "Test"), ("03-12", "done")],
        );
        item(
            &mut data,
            "q",
            "T1/S1",
            &[("03-03", "Dev"), ("03-05", "Blocked"), ("03-08", "Dev"), ("03-09", "Review")],
        );
        let view = view(&data, "03-16");
        let total = waiting(&view, &[&view.flow.streams[0]]);
        assert_eq!((words::days(total.active), words::days(total.waiting)), (7.0, 16.0));
        assert_eq!(format!("{:.6}", total.efficiency().unwrap()), "0.304348");
        let parts = total.parts();
        let told: Vec<_> = parts.iter().map(|p| (p.name.as_str(), p.value, p.share)).collect();
        assert_eq!(told, [("Blocked", 3.0, 0.1875), ("Review", 13.0, 0.8125)]);
        assert_eq!((total.share("Review"), total.share("Blocked")), (Some(0.8125), Some(0.1875)));
        assert_eq!(
            by_state(&total),
            "waiting took 16 of 23 item-days (\"Blocked\" 3 and \"Review\" 13)"
        );
        let found = evaluate(&view);
        assert!(matches!(found[0].verdict, Verdict::Insufficient { have: 11, need: 20, .. }));
    }

    #[test]
    fn without_queues_nothing_is_claimed() {
        let mut data = portfolio(1, &[1]);
        data.streams[0].waiting_observable = false;
        item(&mut data, "p", "T1/S1", &[("03-02", "Dev"), ("03-12", "done")]);
        let found = evaluate(&view(&data, "03-16"));
        assert!(matches!(found[0].verdict, Verdict::NotApplicable { .. }));
    }
}
