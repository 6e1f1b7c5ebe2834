//! D4 Expectation record.
//!
//! Question: when we said what we expected, how often did it happen, and do decisions use evidence?
//! Reader: portfolio leadership.
//! Definition: of the decisions that stated an expectation whose review date has passed, each is a
//! hit (the measure moved as expected), a miss (it moved the other way, or did not move in at least
//! eight readings) or undetermined. Hits among hits and misses with Wilson's 95 % interval from five
//! resolved on; undetermined ones are counted apart and those that nobody reviewed are listed. The
//! citing share is the share of all decisions that cite at least one signal.
//! Source: section 2.6 of the catalogue; Wilson 1927.
//! Misreading: timid expectations make a perfect record, so a rate of one asks whether the bets are
//! bold enough. It is the portfolio's record; who decided is not known here. No trend is claimed.
//!
//! What the catalogue leaves open. An expectation is judged on what was read before its review date:
//! a measure that moved a month later did not do what was said. Its readings are split at the first
//! release of the linked epics that came after the decision took effect (of the epic alone, where
//! the decision is about a linked one), or at the decision where the work was out already or no epic
//! is linked: "more for Fleet, on-time returns up" is not a hit for a movement of the year before.
//! If a linked epic was not released by then, nothing could move, and it is undetermined. Movement is
//! that of O1, in the direction that the decision expected. A rate is told on pages and by commands;
//! it headlines no digest, for it is a record and not a change. Reviewed means what the list of
//! decisions due for review means: a later decision about the same subject.

use serde::Serialize;

use super::bets::{concerns, decisions, due, phrase, readings};
use super::defaults::{K_OF_N_FROM, PERCENT_FROM, READINGS_TO_MISS, RESOLVED_MIN};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio_wide};
use super::o1_outcome_movement::{Movement, movement};
use super::report::{Finding, Measure, Observation, Question, Unit, Verdict};
use super::stats::wilson::wilson95;
use super::view::View;
use super::{Signal, words};
use crate::model::{Decision, Expectation, Period, Subject, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "D4",
    name: "Expectation record",
    question: Question::Decision,
    asks: "When we said what we expected, how often did it happen? And do decisions use evidence?",
    definition: "Of decisions whose review date has passed, those whose measure moved as expected \
                 among those whose measure moved or stayed for eight readings; and the decisions \
                 that cite a signal among all.",
    misreading: "Timid expectations make a perfect record: a rate of one asks whether the bets are \
                 bold enough. It is the portfolio's record and nobody else's.",
    test: "The share of expectations that came out, with its 95 % range.",
    history: FIRST,
    evaluate,
};

/// Decisions that are named one by one; the rest is counted.
const NAMED: usize = 6;

/// How an expectation came out by its review date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Hit,
    Miss,
    /// Too little was read, or nothing was released that could move the measure.
    Undetermined,
}

/// What readings before and after the split make of an expectation.
#[must_use]
pub fn outcome(moved: &Movement, readings_after: usize) -> Outcome {
    match moved {
        Movement::Favourable(_) => Outcome::Hit,
        Movement::Unfavourable(_) => Outcome::Miss,
        Movement::None(_) if readings_after >= READINGS_TO_MISS => Outcome::Miss,
        _ => Outcome::Undetermined,
    }
}

/// The record: hits, misses, undetermined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    pub hits: u64,
    pub misses: u64,
    pub undetermined: u64,
}

impl Record {
    #[must_use]
    pub fn of(outcomes: &[Outcome]) -> Self {
        let count = |wanted| outcomes.iter().filter(|one| **one == wanted).count() as u64;
        Self {
            hits: count(Outcome::Hit),
            misses: count(Outcome::Miss),
            undetermined: count(Outcome::Undetermined),
        }
    }

    #[must_use]
    pub fn resolved(&self) -> u64 {
        self.hits + self.misses
    }
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let slice = portfolio_wide("expectations", "Expectations");
    let own: Vec<&Decision> = decisions(view).filter(|d| concerns(view, &d.subject)).collect();
    if own.is_empty() {
        return vec![finding(&SIGNAL, slice, not_applicable("no decision is recorded"))];
    }
    let citing = own.iter().filter(|decision| !decision.cites.is_empty()).count() as u64;
    let passed = own.iter().filter_map(|decision| {
        let expects = decision.expects.as_ref()?;
        (expects.review_at <= view.as_of).then_some((*decision, expects))
    });
    let judged: Vec<(&Decision, Outcome)> =
        passed.map(|(decision, expects)| (decision, came_out(view, decision, expects))).collect();
    let outcomes: Vec<Outcome> = judged.iter().map(|(_, outcome)| *outcome).collect();
    let record = Record::of(&outcomes);
    let verdict = if judged.is_empty() {
        not_applicable("no decision states an expectation whose review date has passed")
    } else if record.resolved() < RESOLVED_MIN {
        let why = "a record rests on at least five expectations that came out one way or the other";
        insufficient(record.resolved(), RESOLVED_MIN, "expectations", why)
    } else {
        Verdict::Described
    };
    let window = Period::new(own[0].made_at, view.as_of);
    let mut found = finding(&SIGNAL, slice, verdict);
    found.measures = measures(record, &judged, window);
    found.measures.push(citing_share(citing, own.len() as u64, window));
    found.items = judged.iter().map(|(decision, _)| decision.id.clone()).collect();
    found.items.sort_unstable();
    if found.verdict == Verdict::Described {
        let unreviewed: Vec<&Decision> =
            own.iter().copied().filter(|decision| due(view, decision).is_some()).collect();
        let cited = words::proportion(citing, own.len() as u64);
        found.observation = Some(tell(view, record, &unreviewed, &cited));
    }
    vec![found]
}

/// How an expectation came out by its review date.
#[must_use]
pub fn came_out(view: &View<'_>, decision: &Decision, expects: &Expectation) -> Outcome {
    let Some(split) = split(view, decision, expects) else { return Outcome::Undetermined };
    let until = expects.review_at.min(view.as_of);
    let list = readings(view.data, &expects.measure, (until, view.known));
    let values: Vec<f64> = list.iter().map(|reading| reading.value).collect();
    let before = list.partition_point(|reading| reading.at < split);
    let moved = movement(&values[..before], &values[before..], expects.direction);
    outcome(&moved, values.len() - before)
}

/// From when on the measure could move; `None` when nothing was released by the review date.
fn split(view: &View<'_>, decision: &Decision, expects: &Expectation) -> Option<Timestamp> {
    let epics = view.data.epics.iter().zip(view.first_releases.iter());
    let linked: Vec<(&str, Option<Timestamp>)> = epics
        .filter(|(epic, _)| epic.outcome.as_ref() == Some(&expects.measure))
        .map(|(epic, first)| (epic.id.as_str(), *first))
        .collect();
    let about = linked.iter().find(|(epic, _)| match &decision.subject {
        Subject::Epic(id) => id == epic,
        _ => false,
    });
    let own: Vec<Option<Timestamp>> = match about {
        Some((_, first)) => vec![*first],
        None => linked.iter().map(|(_, first)| *first).collect(),
    };
    let effective = decision.effective_at;
    if own.is_empty() || own.iter().flatten().any(|first| *first <= effective) {
        return Some(effective);
    }
    own.into_iter().flatten().min().filter(|first| *first < expects.review_at)
}

/// A share is a number from five on, as section 0.10 has it.
fn measures(record: Record, judged: &[(&Decision, Outcome)], window: Period) -> Vec<Measure> {
    let resolved = record.resolved();
    let mut list = Vec::new();
    if resolved >= RESOLVED_MIN {
        let rate = record.hits as f64 / resolved as f64;
        list.push(Measure {
            n: Some(resolved),
            range: wilson95(record.hits, resolved),
            ..measure("hit_share", rate, Unit::Share, window)
        });
    }
    if !judged.is_empty() {
        let count = |name, n: u64| measure(name, n as f64, Unit::Count, window);
        list.push(count("hits", record.hits));
        list.push(count("misses", record.misses));
        list.push(count("undetermined", record.undetermined));
    }
    list
}

/// Decisions that cite a signal among all.
fn citing_share(citing: u64, n: u64, window: Period) -> Measure {
    if n < K_OF_N_FROM {
        return Measure { n: Some(n), ..measure("citing", citing as f64, Unit::Count, window) };
    }
    Measure {
        n: Some(n),
        range: wilson95(citing, n),
        ..measure("citing_share", citing as f64 / n as f64, Unit::Share, window)
    }
}

fn tell(view: &View<'_>, record: Record, unreviewed: &[&Decision], cited: &str) -> Observation {
    let apart = match record.undetermined {
        0 => String::new(),
        n => format!("; {n} more could not be determined"),
    };
    let evidence = format!(
        "of the expectations whose review date has passed, {} came out as stated{apart}.",
        words::proportion(record.hits, record.resolved()),
    );
    let mut uncertainty = format!(
        "An expectation is judged on the readings before its review date. Of all decisions, \
         {cited} cite a signal.",
    );
    if record.resolved() < PERCENT_FROM {
        uncertainty.push_str(" Below twenty no trend can be told.");
    }
    if !unreviewed.is_empty() {
        let mut named: Vec<String> = unreviewed
            .iter()
            .take(NAMED)
            .map(|decision| {
                format!("{} {}", decision.id, words::quoted(&phrase(view.data, decision)))
            })
            .collect();
        if unreviewed.len() > NAMED {
            named.push(format!("{} more", unreviewed.len() - NAMED));
        }
        uncertainty.push_str(&format!(" Not reviewed yet: {}.", words::list(&named)));
    }
    let question = if record.misses == 0 {
        "Are the bets bold enough?"
    } else {
        "What did the portfolio believe where it came out otherwise?"
    };
    observe("Expectations", &evidence, &uncertainty, question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Altitude, Direction, Precision, Reading, StreamIx, Verb};
    use crate::signals::Dataset;
    use crate::signals::dataset::{Epic, ReleaseFacts};
    use crate::signals::fixture::{self, at, item, outcome_measure, portfolio, under, view};

    /// Ten readings in the days before 1 March, as in O1.
    const BEFORE: [f64; 10] = [42.0, 44.0, 41.0, 43.0, 45.0, 42.0, 44.0, 43.0, 41.0, 45.0];
    const UP: [f64; 5] = [44.0, 46.0, 48.0, 49.0, 50.0];
    const DOWN: [f64; 5] = [42.0, 40.0, 38.0, 36.0, 35.0];

    fn read(data: &mut Dataset, measure: &str, after: &[f64]) {
        for (day, value) in BEFORE.iter().chain(after).enumerate() {
            let at = at("02-19").plus_days(day as i64);
            data.readings.push(Reading {
                measure: measure.to_owned(),
                at,
                value: *value,
                source: "survey".into(),
                known_at: at,
            });
        }
        data.outcomes.push(outcome_measure(measure));
    }

    /// More for S1 on 1 March, and the measure is expected to go up by 1 May.
    fn expect(data: &mut Dataset, measure: &str) {
        data.decisions.push(Decision {
            id: format!("D-{}", data.decisions.len() + 1),
            made_at: at("03-01"),
            effective_at: at("03-01"),
            altitude: Altitude::Portfolio,
            subject: Subject::Stream("s1".into()),
            verb: Verb::More,
            target: None,
            expects: Some(Expectation {
                measure: measure.to_owned(),
                direction: Direction::Up,
                review_at: at("05-01"),
            }),
            cites: Vec::new(),
            why: "demand".into(),
            known_at: at("03-01"),
        });
    }

    /// Five hits, three misses (two the other way, one that did not move), two undetermined; two more
    /// decisions expect nothing, and seven of the twelve cite a signal.
    fn twelve() -> Dataset {
        let mut data = portfolio(1, &[1]);
        let still = [43.0; 8];
        let after: [&[f64]; 10] = [&UP, &UP, &UP, &UP, &UP, &DOWN, &DOWN, &still, &still[..7], &[]];
        for (n, after) in after.into_iter().enumerate() {
            let measure = format!("m{n}");
            read(&mut data, &measure, after);
            expect(&mut data, &measure);
        }
        for _ in 0..2 {
            expect(&mut data, "m0");
            data.decisions.last_mut().unwrap().expects = None;
        }
        for decision in data.decisions.iter_mut().take(7) {
            decision.cites = vec!["P1:s1".into()];
        }
        data
    }

    fn of<'a>(found: &'a Finding, name: &str) -> &'a Measure {
        found.measures.iter().find(|measure| measure.name == name).unwrap()
    }

    fn range(measure: &Measure) -> String {
        let (low, high) = measure.range.unwrap();
        format!("{low:.3}-{high:.3}")
    }

    #[test]
    fn example() {
        let data = twelve();
        let found = &evaluate(&view(&data, "05-04"))[0];
        let count = |name| of(found, name).value;
        assert_eq!((count("hits"), count("misses"), count("undetermined")), (5.0, 3.0, 2.0));
        let hits = of(found, "hit_share");
        assert_eq!((hits.value, hits.n, range(hits)), (0.625, Some(8), "0.306-0.863".into()));
        let citing = of(found, "citing_share");
        assert_eq!((citing.n, range(citing)), (Some(12), "0.320-0.807".into()));
        assert_eq!(found.verdict, Verdict::Described);
        assert!(!found.tested && found.items.len() == 10);
        let told = found.observation.clone().unwrap();
        assert_eq!(
            told.evidence,
            "of the expectations whose review date has passed, 5 of 8 (plausibly 31 % to 86 %) came \
             out as stated; 2 more could not be determined."
        );
        assert!(told.uncertainty.contains("7 of 12 (plausibly 32 % to 81 %) cite"));
        assert!(told.uncertainty.contains("Not reviewed yet: D-1 \"More for S1\", "), "{told:?}");
        assert!(told.uncertainty.ends_with(" and 4 more."), "{told:?}");
    }

    /// On the review date it has passed; the day before nothing has.
    #[test]
    fn before_the_review_date_nothing_is_judged() {
        let data = twelve();
        let found = &evaluate(&view(&data, "04-30"))[0];
        assert!(matches!(found.verdict, Verdict::NotApplicable { .. }));
        assert_eq!(of(found, "citing_share").n, Some(12), "citing needs no review");
        assert_eq!(evaluate(&view(&data, "05-01"))[0].verdict, Verdict::Described);
    }

    #[test]
    fn few_are_listed_and_perfect_records_are_asked_about() {
        let mut data = twelve();
        data.decisions.truncate(4);
        let found = &evaluate(&view(&data, "05-04"))[0];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 4, need: 5, .. }));
        assert_eq!(found.items, ["D-1", "D-2", "D-3", "D-4"]);
        assert!(found.measures.iter().all(|m| m.unit != Unit::Share), "{:?}", found.measures);
        let mut data = twelve();
        data.decisions.truncate(5);
        let told = evaluate(&view(&data, "05-04"))[0].observation.clone().unwrap();
        assert_eq!(told.question, "Are the bets bold enough?");
        data.decisions.clear();
        let found = &evaluate(&view(&data, "05-04"))[0];
        assert!(matches!(found.verdict, Verdict::NotApplicable { .. }));
    }

    /// A later decision about the subject is a review.
    #[test]
    fn a_later_decision_is_a_review() {
        let mut data = twelve();
        expect(&mut data, "m0");
        let last = data.decisions.last_mut().unwrap();
        (last.made_at, last.known_at, last.expects) = (at("05-02"), at("05-02"), None);
        let told = evaluate(&view(&data, "05-04"))[0].observation.clone().unwrap();
        assert!(!told.uncertainty.contains("Not reviewed"), "{told:?}");
    }

    fn epic(data: &mut Dataset, id: &str, measure: &str, released: Option<&str>) {
        let ix = u32::try_from(data.epics.len()).unwrap();
        let (stream, outcome) = (Some(StreamIx(0)), Some(measure.into()));
        data.epics.push(Epic { stream, outcome, ..fixture::epic(id, &[]) });
        let work = item(data, id, "T1/S1", &[("02-01", "Dev"), ("02-02", "done")]);
        under(data, work, ix);
        data.releases.extend(released.map(|when| ReleaseFacts {
            id: id.into(),
            name: id.into(),
            at: at(when),
            items: vec![work],
            precision: Precision::Exact,
        }));
    }

    fn judged(data: &Dataset) -> Outcome {
        let view = view(data, "05-04");
        let decision = &data.decisions[0];
        came_out(&view, decision, decision.expects.as_ref().unwrap())
    }

    /// Where the readings are split, and until when they count.
    #[test]
    fn what_moved_before_the_decision_or_after_the_review_does_not_count() {
        let one = || {
            let mut data = portfolio(1, &[1]);
            read(&mut data, "m0", &UP);
            expect(&mut data, "m0");
            data
        };
        assert_eq!(judged(&one()), Outcome::Hit, "no epic is linked: split at the decision");
        let mut data = one();
        data.decisions[0].expects.as_mut().unwrap().review_at = at("03-05");
        assert_eq!(judged(&data), Outcome::Undetermined, "it moved after the review");
        let mut data = one();
        epic(&mut data, "BET-1", "m0", None);
        assert_eq!(judged(&data), Outcome::Undetermined, "nothing was released");
        let mut data = one();
        epic(&mut data, "BET-1", "m0", Some("03-02"));
        assert_eq!(judged(&data), Outcome::Hit, "split at the release");
        let mut data = one();
        epic(&mut data, "BET-1", "m0", Some("02-10"));
        assert_eq!(judged(&data), Outcome::Hit, "it was out already: split at the decision");
        // The decision is about an epic of its own that was not released.
        epic(&mut data, "BET-2", "m0", None);
        data.decisions[0].subject = Subject::Epic("BET-2".into());
        assert_eq!(judged(&data), Outcome::Undetermined);
        let mut data = one();
        data.decisions[0].expects.as_mut().unwrap().direction = Direction::Down;
        assert_eq!(judged(&data), Outcome::Miss, "the other way");
        data.readings.drain(..5);
        assert_eq!(judged(&data), Outcome::Undetermined, "no baseline");
    }
}
