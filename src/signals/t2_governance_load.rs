//! T2 Governance load.
//!
//! Question: how much of the system's attention does governance itself consume? Reader: Lean PMO,
//! as a mirror for itself.
//! Definition: (a) attention on items of the kind `governance` (reporting, steering preparation,
//! status decks; mapped once by the portfolio) over all attention; XmR on the weekly share, floor 0
//! and ceiling 1. (c) the fields that Streamgauge asks teams to fill in: none, by contract.
//! Source: section 2.3 of the catalogue.
//! Misreading: governance work without a ticket is invisible, and the page says so.
//!
//! Part (b) of the catalogue, the number of required fields, is not read: the metadata of the form
//! for new issues are told only to those who may create issues, and Streamgauge asks for no right
//! but to read.

use super::attention::TEAM_DAY;
use super::defaults::{FIELDS_ASKED_OF_TEAMS, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{
    against_usual, charted, finding, measure, not_applicable, observe, portfolio_wide, standing_of,
};
use super::report::{Finding, Measure, Question, Slice, Unit};
use super::stats::xmr::Bounds;
use super::verdict::{direction, judge};
use super::view::View;
use super::{Scope, Signal, p1_attention_share as p1, words};
use crate::model::{Dimension, Kind};

pub const SIGNAL: Signal = Signal {
    id: "T2",
    name: "Governance load",
    question: Question::Flow,
    asks: "How much of the system's attention does governance itself consume?",
    definition: "The share of attention on items of the kind governance, and the number of fields \
                 that Streamgauge asks teams to fill in, which is none.",
    misreading: "Only ticketed governance work is seen; meetings and reports without a ticket are \
                 not.",
    test: "A process-behaviour chart of the weekly share.",
    history: FIRST,
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    if *view.scope != Scope::Portfolio {
        return Vec::new();
    }
    let slice = portfolio_wide("governance", "Governance load");
    let mut found = load(view, slice);
    let asked = measure(
        "fields_asked_of_teams",
        FIELDS_ASKED_OF_TEAMS as f64,
        Unit::Count,
        p1::window(view),
    );
    found.measures.push(asked);
    vec![found]
}

/// The share of attention on ticketed governance work in the window W: numerator, denominator in
/// ticks. `None` while no kind of work is mapped to governance, or too little was observed.
#[must_use]
pub fn share(view: &View<'_>) -> Option<(i64, i64)> {
    let window = p1::window(view);
    if !view.data.governance_mapped || p1::floor(view, window).is_some() {
        return None;
    }
    let table = view.table(Dimension::Kind);
    let slice = table.slices.of(None, None, Kind::Governance);
    Some(view.attention.share(table, slice, window))
}

/// `Ticketed governance work took 5 % of attention over 12 weeks.`
#[must_use]
pub fn sentence(view: &View<'_>) -> Option<String> {
    let (part, all) = share(view).filter(|_| *view.scope == Scope::Portfolio)?;
    let share = words::percent(part as f64 / all.max(1) as f64);
    Some(format!(
        "Ticketed governance work took {share} of attention over {WINDOW_WEEKS} weeks; what carries \
         no ticket is unseen."
    ))
}

fn load(view: &View<'_>, slice: Slice) -> Finding {
    if !view.data.governance_mapped {
        let why = "no kind of work is mapped to governance";
        return finding(&SIGNAL, slice, not_applicable(why));
    }
    let window = p1::window(view);
    let table = view.table(Dimension::Kind);
    if let Some(verdict) = p1::floor(view, window).or_else(|| p1::unclassified(view, table)) {
        return finding(&SIGNAL, slice, verdict);
    }
    let governance = table.slices.of(None, None, Kind::Governance);
    let cells = view.attention.weekly(table, governance, &view.weeks);
    let weekly = p1::weekly(view, view.flow.since, cells);
    let judged = judge(&weekly, Unit::Share, Bounds::SHARE, &[1, 2, 4]);
    let (part, all) = view.attention.share(table, governance, window);
    let mut found = charted(&SIGNAL, slice, judged.clone());
    found.measures = vec![
        Measure {
            n: Some((all as f64 / TEAM_DAY).round() as u64),
            ..measure("governance_share", part as f64 / all.max(1) as f64, Unit::Share, window)
        },
        measure("governance_days", part as f64 / TEAM_DAY, Unit::TeamDays, window),
    ];
    if let (Some(_), Some(usual)) = (direction(&judged.verdict), against_usual(&judged)) {
        found.observation = Some(observe(
            &found.slice.name,
            &format!("the share of attention on governance work was {usual}."),
            &format!(
                "{} Ticketed governance work only; what carries no ticket is unseen.",
                standing_of(&judged)
            ),
            "Which part of this work would be missed?",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Dataset;
    use crate::signals::fixture::{at, item, portfolio, view};
    use crate::signals::report::Verdict;

    /// Five teams for a fortnight; the fifth gives half of its time for a week to a status deck.
    fn decks() -> Dataset {
        let mut data = portfolio(1, &[1, 1, 1, 1, 1]);
        for team in 1..=5 {
            let (key, place) = (format!("a{team}"), format!("T{team}/S1"));
            item(&mut data, &key, &place, &[("03-02", "Dev"), ("03-16", "done")]);
        }
        let deck = item(&mut data, "deck", "T5/S1", &[("03-02", "Dev"), ("03-09", "done")]);
        data.items[deck].kind = Kind::Governance;
        data.governance_mapped = true;
        data
    }

    #[test]
    fn example() {
        let data = decks();
        let view = view(&data, "03-16");
        let found = &evaluate(&view)[0];
        assert_eq!(format!("{:.2}", found.measures[0].value), "0.05");
        assert_eq!((found.measures[0].n, found.measures[1].value), (Some(70), 3.5));
        assert_eq!(
            sentence(&view).as_deref(),
            Some(
                "Ticketed governance work took 5 % of attention over 12 weeks; what carries no \
                 ticket is unseen."
            )
        );
    }

    #[test]
    fn without_a_mapping_nothing_is_claimed() {
        let mut data = decks();
        data.governance_mapped = false;
        let view = view(&data, "03-16");
        let found = &evaluate(&view)[0];
        assert!(matches!(found.verdict, Verdict::NotApplicable { .. }));
        assert_eq!(sentence(&view), None);
        // The contract is told all the same.
        let asked = found.measures.iter().find(|m| m.name == "fields_asked_of_teams").unwrap();
        assert_eq!(asked.value, 0.0);
    }

    #[test]
    fn unmapped_kinds_withhold_the_share() {
        let mut data = decks();
        for item in data.items.iter_mut().take(2) {
            item.kind = Kind::Unclassified;
        }
        let found = &evaluate(&view(&data, "03-16"))[0];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 60, need: 80, .. }));
    }

    /// (c) Items of which nothing is known but status and team carry the flow signals.
    #[test]
    fn teams_fill_in_no_field() {
        assert_eq!(FIELDS_ASKED_OF_TEAMS, 0);
        let mut data = portfolio(1, &[1, 1, 1]);
        for n in 0..60 {
            let day = |d: i64| at("01-01").plus_days(d).to_string()[5..10].to_owned();
            let place = format!("T{}/S1", 1 + n % 3);
            let events = [(day(n), "Dev"), (day(n + 2 + n % 5), "Review"), (day(n + 9), "done")];
            let events: Vec<(&str, &str)> = events.iter().map(|(d, w)| (d.as_str(), *w)).collect();
            item(&mut data, &format!("x{n}"), &place, &events);
        }
        for item in &mut data.items {
            item.kind = Kind::Unclassified;
            item.activity.clear();
        }
        let view = view(&data, "03-16");
        let report = crate::signals::evaluate(&data, view.as_of, view.as_of, &Scope::Portfolio);
        let answered = |id: &str| {
            let mut own = report.findings.iter().filter(|finding| finding.signal == id);
            own.any(|finding| !finding.measures.is_empty())
        };
        for signal in ["P1", "V2", "V3", "V5", "H1"] {
            assert!(answered(signal), "{signal} asks for a field");
        }
    }
}
