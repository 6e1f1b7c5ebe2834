//! D3 Unexamined continuation.
//!
//! Question: what continues without anyone having looked? Reader: portfolio leadership.
//! Definition: epics in implementation with attention in each of the newest two complete cadences
//! and, in that span, neither a reading of their outcome measure nor a decision about them; with
//! their share of attention, and the ledger of start, continue, pivot and stop decisions in the
//! span, with the evidence level that each decided epic had when it was decided. An epic whose state is not mapped counts as in implementation while it draws attention.
//! Source: section 2.6 of the catalogue.
//! Misreading: a "continue" without evidence takes an epic off the list but shows in the ledger.

use super::attention::{TEAM_DAY, sum};
use super::bets::{Evidence, decisions, decisions_about, evidence, in_scope, readings};
use super::definitions::FIRST;
use super::finding::{
    finding, insufficient, measure, not_applicable, observe, portfolio, portfolio_wide,
};
use super::report::{Finding, Measure, Observation, Question, Slice, Unit, Verdict};
use super::view::View;
use super::{Signal, words};
use crate::model::{EpicState, Period, Subject, Verb};

pub const SIGNAL: Signal = Signal {
    id: "D3",
    name: "Unexamined continuation",
    question: Question::Decision,
    asks: "What continues without anyone having looked?",
    definition: "Epics with attention in each of the newest two complete cadences and neither an \
                 outcome reading nor a decision in that span, with their share of attention.",
    misreading: "A decision to continue without evidence takes an epic off the list; the ledger \
                 beside it shows such decisions.",
    test: "A fact: no reading and no decision within two complete cadences. It needs no test.",
    history: FIRST,
    evaluate,
};

/// The share that unexamined epics drew; `None` without any attention.
#[must_use]
pub fn share(unexamined: i64, all: i64) -> Option<f64> {
    (all > 0).then(|| unexamined as f64 / all as f64)
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let slice = portfolio_wide("unexamined", "Continued without a look");
    let [.., earlier, newest] = view.cadences[..] else {
        return vec![finding(
            &SIGNAL,
            portfolio("Cadences"),
            not_applicable("no cadence is declared"),
        )];
    };
    if view.data.epics.is_empty() {
        return vec![finding(&SIGNAL, slice, not_applicable("no epic is known"))];
    }
    let span = Period::new(earlier.from, newest.to);
    if view.flow.since.is_none_or(|since| since > span.from) {
        let known = |cadence: &&Period| view.flow.since.is_some_and(|s| s <= cadence.from);
        let begun = [earlier, newest].iter().filter(known).count();
        let why = "the data begins inside the newest two complete cadences";
        return vec![finding(&SIGNAL, slice, insufficient(begun as u64, 2, "cadences", why))];
    }
    vec![examine(view, slice, span, [earlier, newest])]
}

fn examine(view: &View<'_>, slice: Slice, span: Period, cadences: [Period; 2]) -> Finding {
    let grid = &view.attention.grid;
    let all = sum(&view.attention.observed, &grid.buckets(span));
    let halves = cadences.map(|cadence| epic_ticks(view, cadence));
    let mut epics: Vec<usize> = (0..view.data.epics.len())
        .filter(|epic| halves.iter().all(|half| half[*epic] > 0))
        .filter(|epic| in_scope(view, *epic) && implementing(view, *epic))
        .filter(|epic| !looked_at(view, *epic, span))
        .collect();
    epics.sort_by_key(|epic| (view.epic_title(*epic), &view.data.epics[*epic].id));
    let unexamined: i64 = epics.iter().map(|epic| halves[0][*epic] + halves[1][*epic]).sum();
    let verdict = if epics.is_empty() { Verdict::Nothing } else { Verdict::Fact };
    let mut found = finding(&SIGNAL, slice, verdict);
    found.standing = true;
    let ledger = Ledger::new(view, span);
    found.measures = vec![
        measure("epics", epics.len() as f64, Unit::Count, span),
        measure("starts", ledger.starts as f64, Unit::Count, span),
        measure("continues", ledger.continues as f64, Unit::Count, span),
        measure("pivots", ledger.pivots as f64, Unit::Count, span),
        measure("stops", ledger.stops as f64, Unit::Count, span),
    ];
    let levels = ledger.levels.iter().zip(LEVELS);
    found.measures.extend(
        levels.map(|(decisions, name)| measure(name, *decisions as f64, Unit::Count, span)),
    );
    found.items = epics.iter().map(|epic| view.data.epics[*epic].id.clone()).collect();
    found.items.sort_unstable();
    if let Some(share) = share(unexamined, all) {
        let days = (all as f64 / TEAM_DAY).round();
        let whole = measure("share", share, Unit::Share, span);
        found.measures.push(Measure { n: Some(days as u64), ..whole });
        if !epics.is_empty() {
            found.observation = Some(tell(view, &epics, share, days, &ledger));
        }
    }
    found
}

fn epic_ticks(view: &View<'_>, period: Period) -> Vec<i64> {
    let buckets = view.attention.grid.buckets(period);
    let mut ticks = vec![0; view.data.epics.len()];
    for cell in &view.attention.cells {
        if let Some(epic) = cell.target.epic {
            ticks[epic.0 as usize] += sum(&cell.ticks, &buckets);
        }
    }
    ticks
}

fn implementing(view: &View<'_>, epic: usize) -> bool {
    let states = &view.data.epics[epic].states;
    let now = states.iter().rfind(|(at, _)| *at < view.as_of);
    now.is_none_or(|(_, state)| *state == EpicState::Implementing)
}

fn looked_at(view: &View<'_>, epic: usize, span: Period) -> bool {
    let facts = &view.data.epics[epic];
    let read = facts.outcome.as_ref().is_some_and(|measure| {
        let list = readings(view.data, measure, (view.as_of, view.known));
        list.iter().any(|reading| span.contains(reading.at))
    });
    read || decisions_about(view, epic).any(|d| span.contains(d.made_at))
}

/// What was decided in the span.
#[derive(Debug, Clone, Copy, Default)]
struct Ledger {
    starts: usize,
    continues: usize,
    pivots: usize,
    stops: usize,
    /// Decisions about epics by the evidence level that the epic had when they were made.
    levels: [usize; 5],
}

/// The levels of [`Evidence`] as measures.
const LEVELS: [&str; 5] = [
    "decisions_without_hypothesis",
    "decisions_with_hypothesis",
    "decisions_with_measure",
    "decisions_with_baseline",
    "decisions_with_reading",
];

impl Ledger {
    fn new(view: &View<'_>, span: Period) -> Self {
        let mut ledger = Self::default();
        for decision in decisions(view).filter(|d| span.contains(d.made_at)) {
            match decision.verb {
                Verb::Start => ledger.starts += 1,
                Verb::Continue => ledger.continues += 1,
                Verb::Pivot => ledger.pivots += 1,
                Verb::Stop => ledger.stops += 1,
                Verb::More | Verb::Less | Verb::Rebalance => continue,
            }
            let Subject::Epic(id) = &decision.subject else { continue };
            let epic = view.data.epics.iter().position(|epic| epic.id == *id);
            // What was known when it was decided, not what was learned since.
            let before = Period::new(span.from, decision.made_at);
            if let Some(ix) = epic {
                ledger.levels[evidence(view, ix, view.first_releases[ix], before) as usize] += 1;
            }
        }
        ledger
    }
}

fn tell(view: &View<'_>, epics: &[usize], share: f64, days: f64, ledger: &Ledger) -> Observation {
    let titles: Vec<String> =
        epics.iter().map(|epic| words::quoted(view.epic_title(*epic))).collect();
    let evidence = format!(
        "{} drew {} of attention through two cadences ({} team-days) with neither an outcome \
         reading nor a decision ({}).",
        words::count(epics.len() as u64, "epic"),
        words::percent(share),
        words::number(days),
        words::list(&titles),
    );
    let decided = [
        (ledger.starts, "to start"),
        (ledger.continues, "to continue"),
        (ledger.pivots, "to pivot"),
        (ledger.stops, "to stop"),
    ]
    .map(|(n, what)| format!("{} {what}", if n == 0 { "none".to_owned() } else { n.to_string() }));
    let uncertainty = format!(
        "Only recorded readings and decisions count; those of the same span were {}.{}",
        words::list(&decided),
        rested_on(ledger),
    );
    let one = if epics.len() == 1 { "it" } else { "one of them" };
    let question = format!("What would make stopping {one} an easy decision?");
    observe("Continued without a look", &evidence, &uncertainty, &question)
}

/// `When made, those about epics rested on no hypothesis (1) and a baseline reading (2).`
fn rested_on(ledger: &Ledger) -> String {
    let levels: Vec<String> = ledger
        .levels
        .iter()
        .zip(Evidence::ALL)
        .filter(|(decisions, _)| **decisions > 0)
        .map(|(decisions, level)| format!("{} ({decisions})", level.words()))
        .collect();
    if levels.is_empty() {
        return String::new();
    }
    format!(" When made, those about epics rested on {}.", words::list(&levels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Altitude, Cadence, Decision, Reading};
    use crate::signals::Dataset;
    use crate::signals::fixture::{at, epic, item, portfolio as org, under, view};

    /// One team over two cadences of sixty days: 34 team-days for the first epic, 86 for the
    /// second, about which there was a decision.
    fn two_bets() -> Dataset {
        let mut data = org(1, &[1]);
        let anchor = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        data.cadences = vec![Cadence { id: "pi".into(), anchor, days: 60 }];
        data.epics = ["BET-1", "BET-2"].map(|id| epic(id, &[])).into();
        let mut add = |key, epic, events: &[(&str, &str)]| {
            let ix = item(&mut data, key, "T1/S1", events);
            under(&mut data, ix, epic);
        };
        add("x", 0, &[("02-20", "Dev"), ("03-06", "Dev"), ("03-26", "done")]);
        add("y", 1, &[("01-05", "Dev"), ("01-30", "Dev"), ("02-20", "done")]);
        add("z", 1, &[("03-26", "Dev"), ("04-20", "Dev"), ("05-05", "done")]);
        data.decisions.push(Decision {
            id: "D-1".into(),
            made_at: at("02-01"),
            effective_at: at("02-01"),
            altitude: Altitude::Portfolio,
            subject: Subject::Epic("BET-2".into()),
            verb: Verb::Continue,
            target: None,
            expects: None,
            cites: Vec::new(),
            why: "it still looks right".into(),
            known_at: at("02-01"),
        });
        data
    }

    #[test]
    fn example() {
        let data = two_bets();
        let found = evaluate(&view(&data, "05-05"));
        assert_eq!(found[0].verdict, Verdict::Fact);
        assert_eq!(found[0].items, ["BET-1"]);
        let share = found[0].measures.iter().find(|m| m.name == "share").unwrap();
        assert_eq!((format!("{:.4}", share.value), share.n), ("0.2833".to_owned(), Some(120)));
        let count = |name| found[0].measures.iter().find(|m| m.name == name).unwrap().value;
        assert_eq!((count("continues"), count("decisions_without_hypothesis")), (1.0, 1.0));
    }

    /// A reading before the decision is what it rested on; one after it is not.
    #[test]
    fn the_ledger_tells_what_was_known_when_it_was_decided() {
        let mut data = two_bets();
        data.epics[1].hypothesis = Some("It helps".into());
        data.epics[1].outcome = Some("contacts".into());
        let reading = |when: &str| Reading {
            measure: "contacts".into(),
            at: at(when),
            value: 40.0,
            source: "survey".into(),
            known_at: at(when),
        };
        let told = |data: &Dataset| {
            let found = evaluate(&view(data, "05-05"));
            let told = found[0].observation.clone().unwrap().uncertainty;
            told.rsplit(". ").next().unwrap().to_owned()
        };
        data.readings = vec![reading("02-10")];
        assert_eq!(
            told(&data),
            "When made, those about epics rested on a measure without a reading (1)."
        );
        data.readings = vec![reading("01-20")];
        assert_eq!(told(&data), "When made, those about epics rested on a baseline reading (1).");
    }

    #[test]
    fn a_decision_is_a_look_and_young_data_is_not_judged() {
        let mut data = two_bets();
        data.decisions[0].subject = Subject::Epic("BET-1".into());
        let found = evaluate(&view(&data, "05-05"));
        assert_eq!(found[0].items, ["BET-2"]);
        let found = evaluate(&view(&data, "05-04"));
        assert!(matches!(found[0].verdict, Verdict::Insufficient { have: 1, need: 2, .. }));
    }
}
