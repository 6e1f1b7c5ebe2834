//! P4 Dormant commitments.
//!
//! Question: what have we started that nobody is working on? Reader: portfolio leadership.
//! Definition: for epics of context `product` in `implementing`, the gap is the time since any
//! child item was active, to the end of the newest complete week. An epic is dormant when its gap
//! is strictly greater than the P85 (nearest rank) of all gaps after which an epic was resumed;
//! while fewer than twenty such gaps are known, 28 days stand in and the page says so. Blocked and
//! stale cards are not active. An epic without children, or before its first child starts, has its
//! gap from entry into implementing. An epic that a decision stopped is paused, not dormant.
//! Source: section 2.1 of the catalogue.
//! Misreading: touching a card monthly does not help: only the active status counts, and the stale
//! cap applies.
//!
//! Two readings of what the catalogue leaves open. A gap counts as one from a day on, the least of
//! the catalogue's example: between two cards of one afternoon nothing was paused. And an epic is
//! told only when nobody worked on it in the whole newest week: where teams keep most epics moving,
//! the P85 of resumed gaps is a few days (3.9 in the demo), one resumed gap in seven is longer by
//! definition, and an epic that rested from Wednesday to Monday is not a commitment that was left.

use super::bets::{decisions_about, in_scope};
use super::defaults::{DORMANT_DAYS, RESUMED_GAPS};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio_wide};
use super::report::{Finding, Measure, Observation, Question, Slice, Unit, Verdict};
use super::stats::rank::nearest_rank;
use super::view::View;
use super::{Dataset, Signal, words};
use crate::model::{Context, DAY_MS, Decision, EpicState, Period, Timestamp, Verb};

pub const SIGNAL: Signal = Signal {
    id: "P4",
    name: "Dormant commitments",
    question: Question::Investment,
    asks: "What have we started that nobody is working on?",
    definition: "Epics in implementation whose items had no active work for longer than 85 % of \
                 the portfolio's own past pauses, and not in the newest complete week.",
    misreading: "Touching a card now and then does not wake an epic: only active status counts, \
                 and a card without a sign of life for 28 days is not active.",
    test: "The threshold is the test: an epic counts when its pause is longer than 85 % of the \
           pauses that ended.",
    history: FIRST,
    evaluate,
};

/// Epics that are named one by one; the rest is counted.
const NAMED: usize = 8;

/// The gap that is still usual, in milliseconds, and how many resumed gaps it rests on.
///
/// Fewer than twenty give 28 days and `None`.
#[must_use]
pub fn threshold(resumed: &[i64]) -> (i64, Option<usize>) {
    let mut sorted = resumed.to_vec();
    sorted.sort_unstable();
    match nearest_rank(&sorted, 85) {
        Some(gap) if sorted.len() >= RESUMED_GAPS => (gap, Some(sorted.len())),
        _ => (DORMANT_DAYS * DAY_MS, None),
    }
}

/// The pauses of one epic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pauses {
    /// Lengths of those after which it was resumed, in milliseconds.
    pub resumed: Vec<i64>,
    /// The one that goes on, if the epic is being implemented; zero while somebody works on it.
    pub current: Option<i64>,
}

/// The pauses of an epic up to `until`, from the times it was in implementation and the sorted
/// times at which a child item was active.
#[must_use]
pub fn pauses(implementing: &[Period], active: &[Period], until: Timestamp) -> Pauses {
    let mut pauses = Pauses::default();
    for span in implementing.iter().filter(|span| span.from < until) {
        let mut rested_since = span.from;
        let worked = active.iter().filter_map(|part| part.intersect(span));
        for part in worked.take_while(|part| part.from < until) {
            let gap = part.from.millis() - rested_since.millis();
            if gap >= DAY_MS {
                pauses.resumed.push(gap);
            }
            rested_since = rested_since.max(part.to);
        }
        if span.to >= until {
            pauses.current = Some((until.millis() - rested_since.millis()).max(0));
        }
    }
    pauses
}

/// When an epic was in implementation; empty when no state of it is mapped.
#[must_use]
pub fn implementing(states: &[(Timestamp, EpicState)]) -> Vec<Period> {
    let ends = states.iter().skip(1).map(|(at, _)| *at).chain([Timestamp::MAX]);
    let spans = states.iter().zip(ends);
    let own = spans.filter(|((_, state), _)| *state == EpicState::Implementing);
    own.map(|((from, _), to)| Period::new(*from, to)).filter(|span| span.millis() > 0).collect()
}

/// Whether an epic is a bet whose state is known, so that its pauses are looked at.
#[must_use]
pub fn looks_at(data: &Dataset, epic: usize) -> bool {
    let epic = &data.epics[epic];
    let implemented = epic.states.iter().any(|(_, state)| *state == EpicState::Implementing);
    epic.context == Context::Product && implemented
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let slice = portfolio_wide("dormant", "Dormant commitments");
    if view.data.epics.iter().all(|epic| epic.states.is_empty()) {
        let why = "no state of an epic is mapped, so nothing says which ones are started";
        return vec![finding(&SIGNAL, slice, not_applicable(why))];
    }
    if view.weeks.covered.last() == Some(&false) {
        let why = "the newest complete week was not observed";
        return vec![finding(&SIGNAL, slice, insufficient(0, 1, "week", why))];
    }
    vec![examine(view, slice)]
}

/// One epic in implementation and the pause that goes on.
struct Started {
    epic: usize,
    gap: i64,
}

fn examine(view: &View<'_>, slice: Slice) -> Finding {
    let week = view.weeks.span(view.weeks.newest(1));
    let (mut resumed, mut started) = (Vec::new(), Vec::new());
    for (epic, worked) in view.worked().iter().enumerate() {
        if !looks_at(view.data, epic) {
            continue;
        }
        let spans = implementing(&view.data.epics[epic].states);
        let own = pauses(&spans, worked, week.to);
        resumed.extend(own.resumed);
        if let Some(gap) = own.current.filter(|_| in_scope(view, epic)) {
            started.push(Started { epic, gap });
        }
    }
    let (usual, n) = threshold(&resumed);
    let least = usual.max(week.millis() - 1);
    let quiet: Vec<Started> = {
        let dormant = |one: &&Started| one.gap > usual && one.gap > least;
        let mut list: Vec<&Started> = started.iter().filter(dormant).collect();
        list.sort_by_key(|one| (view.epic_title(one.epic), &view.data.epics[one.epic].id));
        list.into_iter().map(|one| Started { ..*one }).collect()
    };
    let (paused, dormant): (Vec<Started>, Vec<Started>) =
        quiet.into_iter().partition(|one| stopped(view, one.epic, week.to).is_some());
    let verdict = if dormant.is_empty() { Verdict::Nothing } else { Verdict::Fact };
    let mut found = finding(&SIGNAL, slice, verdict);
    let count = |name, n: usize| measure(name, n as f64, Unit::Count, week);
    found.measures = vec![
        Measure { n: Some(started.len() as u64), ..count("dormant", dormant.len()) },
        count("paused_by_decision", paused.len()),
        Measure {
            n: Some(n.unwrap_or(resumed.len()) as u64),
            ..measure("usual_pause", words::days(usual), Unit::Days, week)
        },
    ];
    found.items = dormant.iter().map(|one| view.data.epics[one.epic].id.clone()).collect();
    found.items.sort_unstable();
    if !dormant.is_empty() {
        found.observation = Some(tell(view, &dormant, &paused, started.len(), (usual, n)));
    }
    found
}

/// The newest decision about an epic, if it was to stop.
fn stopped<'a>(view: &View<'a>, epic: usize, until: Timestamp) -> Option<&'a Decision> {
    let newest = decisions_about(view, epic).filter(|d| d.made_at < until).last();
    newest.filter(|decision| decision.verb == Verb::Stop)
}

fn tell(
    view: &View<'_>,
    dormant: &[Started],
    paused: &[Started],
    started: usize,
    (usual, n): (i64, Option<usize>),
) -> Observation {
    let mut named: Vec<String> = dormant
        .iter()
        .take(NAMED)
        .map(|one| {
            let days = words::value(words::days(one.gap).floor(), Unit::Days);
            format!("{} ({days})", words::quoted(view.epic_title(one.epic)))
        })
        .collect();
    if dormant.len() > NAMED {
        named.push(format!("{} more", dormant.len() - NAMED));
    }
    let usual = words::value(words::days(usual), Unit::Days);
    let compared = match n {
        Some(n) => format!("longer than 85 % of past pauses ({usual}, n = {n})"),
        None => format!("more than {usual}"),
    };
    let evidence = format!(
        "{} of {}, {}, had no active work for {compared}.",
        dormant.len(),
        words::count(started as u64, "started epic"),
        words::list(&named),
    );
    let mut uncertainty = match n {
        Some(_) => "Only active work on items of an epic counts; work without a card is unseen.",
        None => {
            "Fewer than twenty past pauses ended, so 28 days stand in for what is usual here. Only \
             active work on items of an epic counts."
        }
    }
    .to_owned();
    for one in paused {
        if let Some(decision) = stopped(view, one.epic, view.as_of) {
            let day = decision.made_at.to_utc().with_timezone(&view.data.zone);
            uncertainty.push_str(&format!(
                " {} is paused on {} and not counted.",
                words::quoted(view.epic_title(one.epic)),
                day.format("%-d %B %Y")
            ));
        }
    }
    let question =
        if dormant.len() == 1 { "Is it paused on purpose?" } else { "Are they paused on purpose?" };
    observe("Dormant", &evidence, &uncertainty, question)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Altitude, Subject};
    use crate::signals::fixture::{at, epic, item, portfolio, under, view};

    /// Twenty resumed gaps: P85 is the 17th, 16 days; a gap of 17 days is dormant, 16 is not.
    #[test]
    fn example() {
        let days = [1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 30];
        let gaps: Vec<i64> = days.iter().map(|d| d * DAY_MS).collect();
        let (usual, n) = threshold(&gaps);
        assert_eq!((usual, n), (16 * DAY_MS, Some(20)));
        let dormant = |days: i64| days * DAY_MS > usual;
        assert_eq!((dormant(17), dormant(16)), (true, false));
        assert_eq!(threshold(&gaps[1..]), (28 * DAY_MS, None));
    }

    #[test]
    fn pauses_run_from_entry_and_end_with_work() {
        let period = |from: &str, to: &str| Period::new(at(from), at(to));
        let states = [
            (at("01-05"), EpicState::Analysing),
            (at("02-02"), EpicState::Implementing),
            (at("06-01"), EpicState::Done),
        ];
        let spans = implementing(&states);
        assert_eq!(spans, [period("02-02", "06-01")]);
        // Work before entry, one pause of five days, one of half a day, one that goes on.
        let active =
            [period("01-10", "01-12"), period("02-07", "02-10"), period("02-10 12:00", "02-20")];
        let found = pauses(&spans, &active, at("03-02"));
        assert_eq!(found.resumed, [5 * DAY_MS]);
        assert_eq!(found.current, Some(10 * DAY_MS));
        assert_eq!(pauses(&spans, &active, at("06-08")).current, None, "it is done");
        assert_eq!(pauses(&spans, &[], at("02-09")).current, Some(7 * DAY_MS), "no child");
    }

    fn bets(states: &[(&str, EpicState)]) -> Dataset {
        let mut data = portfolio(1, &[1]);
        data.epics = ["BET-1", "BET-2", "BET-3"].map(|id| epic(id, states)).into();
        let mut add = |key, epic, events: &[(&str, &str)]| {
            let ix = item(&mut data, key, "T1/S1", events);
            under(&mut data, ix, epic);
        };
        add("x", 0, &[("02-02", "Dev"), ("02-10", "done")]);
        // Left in progress: the stale cap ends it on 9 March.
        add("y", 1, &[("02-09", "Dev")]);
        add("z", 2, &[("03-02", "Dev"), ("03-20", "Review")]);
        data
    }

    /// The gap ends with the newest complete week; a stale card does not keep an epic awake.
    #[test]
    fn quiet_epics_are_told_by_name() {
        let data = bets(&[("02-02", EpicState::Implementing)]);
        let found = &evaluate(&view(&data, "04-08"))[0];
        assert_eq!(
            (found.verdict.clone(), found.items.clone()),
            (Verdict::Fact, vec!["BET-1".into()])
        );
        let told = found.observation.as_ref().unwrap();
        assert_eq!(
            told.evidence,
            "1 of 3 started epics, \"BET-1\" (55 days), had no active work for more than 28 days."
        );
        // 28 days after 9 March is 6 April, the end of that week; a week on it is dormant as well.
        let found = &evaluate(&view(&data, "04-13"))[0];
        assert_eq!(found.items, ["BET-1", "BET-2"]);
    }

    #[test]
    fn stopped_is_paused_and_unmapped_is_not_asked() {
        let mut data = bets(&[("02-02", EpicState::Implementing)]);
        data.decisions.push(Decision {
            id: "D-1".into(),
            made_at: at("02-12"),
            effective_at: at("02-12"),
            altitude: Altitude::Portfolio,
            subject: Subject::Epic("BET-1".into()),
            verb: Verb::Stop,
            target: None,
            expects: None,
            cites: Vec::new(),
            why: "no uptake".into(),
            known_at: at("02-12"),
        });
        assert_eq!(evaluate(&view(&data, "04-08"))[0].verdict, Verdict::Nothing);
        let told = evaluate(&view(&data, "04-13"))[0].observation.clone().unwrap();
        assert!(
            told.uncertainty.ends_with("\"BET-1\" is paused on 12 February 2026 and not counted.")
        );
        let data = bets(&[]);
        assert!(matches!(
            evaluate(&view(&data, "04-08"))[0].verdict,
            Verdict::NotApplicable { .. }
        ));
    }
}
