//! D1 Decision latency.
//!
//! Question: how long do bets wait for a decision? Reader: portfolio leadership.
//! Definition: Kaplan-Meier over the stays of epics in a decision state (reviewing, analysing,
//! ready). A stay ends with the next decision about the epic or the next change of its state; one
//! that goes on is censored. P50 and P85 over all stays, the queue of today with its ages, and the
//! waiting in `ready` split into the time until the next cadence boundary and the time beyond it:
//! the first part is the price of the cadence. Log-rank of the last two cadences against the time
//! before, at least ten ended stays on each side.
//! Source: section 2.6 of the catalogue; Kaplan and Meier 1958, Mantel 1966.
//! Misreading: rubber-stamping lowers it, so read it with D3 and D4. Decisions taken above the level
//! to which a guardrail delegates them are counted beside it: approval from the centre is another
//! way to wait.
//!
//! What the catalogue leaves open. A decision ends the stay, and the epic is out of the queue until
//! it enters a decision state again, whatever was decided. Each state is a stay of its own: an epic
//! that moves from reviewing to analysing on 10 March ended one stay and began another. One-off
//! epics are not bets. The last two cadences are counted as in O3. An epic that becomes ready at the
//! very instant of a boundary waits for none. A decision is above its guardrail when the portfolio
//! took it about a stream or an epic although its verb is delegated to streams. LeSS has no portfolio
//! level whose queue this could be, so there the queue is not shown.

use super::bets::{decisions, decisions_about, in_scope, recent};
use super::calendar::cadence_period;
use super::curves::{Compared, Sides, by_week, drawn, plausibly, quantiles, within};
use super::defaults::{MEDIAN_EVENTS, RISK_SET_MIN};
use super::definitions::FIRST;
use super::epic_rows::Waits;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio_wide};
use super::report::{Finding, Measure, Move, Observation, Question, Slice, Unit, Verdict};
use super::stats::survival::Curve;
use super::stays::{Stay, Stays};
use super::verdict::direction;
use super::view::View;
use super::weekly_test::standing;
use super::{Dataset, Scope, Signal, words};
use crate::model::{Altitude, Context, EpicState, Period, Subject, Timestamp, Vocabulary};

pub const SIGNAL: Signal = Signal {
    id: "D1",
    name: "Decision latency",
    question: Question::Decision,
    asks: "How long do bets wait for a decision?",
    definition: "Days that epics stay in reviewing, analysing or ready until the next decision \
                 about them or the next change of state, as a survival curve in which stays that \
                 go on count as far as they were observed.",
    misreading: "Deciding without looking lowers it, so it is read with unexamined continuation and \
                 the expectation record.",
    test: "A survival curve, in which stays that still last count as far as they were observed. \
           No test is made of it.",
    history: FIRST,
    evaluate,
};

/// Epics of the queue that are named one by one; the rest is counted.
const NAMED: usize = 8;

/// One stay of an epic in a decision state; `event` of the stay means that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Waiting {
    epic: usize,
    state: EpicState,
    stay: Stay,
}

/// Whether an epic waits for a decision in this state.
fn awaits(state: EpicState) -> bool {
    matches!(state, EpicState::Reviewing | EpicState::Analysing | EpicState::Ready)
}

/// The stays that states and decisions make, as of an instant. `states` are sorted; so are the
/// instants of decisions.
fn stays(
    states: &[(Timestamp, EpicState)],
    decided: &[Timestamp],
    as_of: Timestamp,
) -> Vec<(EpicState, Stay)> {
    let mut found = Vec::new();
    let runs = states.chunk_by(|a, b| a.1 == b.1);
    let starts: Vec<(Timestamp, EpicState)> =
        runs.filter_map(|run| run.first().copied()).filter(|(at, _)| *at < as_of).collect();
    for (place, (from, state)) in starts.iter().enumerate().filter(|(_, (_, s))| awaits(*s)) {
        let left = starts.get(place + 1).map(|(at, _)| *at);
        let decision = decided.iter().copied().find(|at| at > from && *at < as_of);
        let ended = left.into_iter().chain(decision).min();
        let to = ended.unwrap_or(as_of);
        if to > *from {
            found.push((*state, Stay { from: *from, to, event: ended.is_some() }));
        }
    }
    found
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let slice = portfolio_wide("decisions", "Waiting for a decision");
    if view.data.epics.iter().all(|epic| epic.states.is_empty()) {
        let why = "no state of an epic is mapped, so nothing says which ones wait for a decision";
        return vec![finding(&SIGNAL, slice, not_applicable(why))];
    }
    let waiting = all(view);
    if waiting.is_empty() {
        let why = "no epic was seen in a state in which it waits for a decision";
        return vec![finding(&SIGNAL, slice, not_applicable(why))];
    }
    vec![examine(view, slice, &waiting)]
}

fn all(view: &View<'_>) -> Vec<Waiting> {
    let bets = (0..view.data.epics.len())
        .filter(|epic| view.data.epics[*epic].context == Context::Product)
        .filter(|epic| in_scope(view, *epic));
    bets.flat_map(|epic| {
        let decided: Vec<Timestamp> = decisions_about(view, epic).map(|d| d.made_at).collect();
        let own = stays(&view.data.epics[epic].states, &decided, view.as_of);
        own.into_iter().map(move |(state, stay)| Waiting { epic, state, stay })
    })
    .collect()
}

/// The epics that wait for a decision at the report's instant, whatever a framework shows of them.
#[must_use]
pub(super) fn queue_now(view: &View<'_>) -> Vec<(usize, Waits)> {
    let waits = |one: Waiting| {
        let since = one.stay.from;
        let passed = boundary(view, since).map(|boundary| boundary <= view.as_of);
        let boundary_passed = passed.filter(|_| one.state == EpicState::Ready);
        (one.epic, Waits { since, days: view.as_of.days_since(since), boundary_passed })
    };
    all(view).into_iter().filter(|one| !one.stay.event).map(waits).collect()
}

/// The first boundary of the portfolio's cadence at or after an instant.
fn boundary(view: &View<'_>, from: Timestamp) -> Option<Timestamp> {
    let cadence = view.data.cadences.first()?;
    let number = cadence.number(from, view.data.zone);
    let start = |number| cadence_period(cadence, number, view.data.zone).from;
    Some(if start(number) == from { from } else { start(number + 1) })
}

/// The last two cadences before an instant against all that came before them.
fn sides(data: &Dataset, stays: &Stays, until: Timestamp) -> Sides {
    let newest = recent(data, until);
    Sides {
        newest: stays.ages(&[newest]),
        before: stays.ages(&[Period::new(Timestamp::MIN, newest.from)]),
    }
}

fn examine(view: &View<'_>, slice: Slice, waiting: &[Waiting]) -> Finding {
    let stays = Stays::new(waiting.iter().map(|one| one.stay).collect());
    let first = waiting.iter().map(|one| one.stay.from).min().unwrap_or(view.as_of);
    let whole = Period::new(first, view.as_of);
    let curve = Curve::of(&stays.ages(&[whole]));
    let mut found = finding(&SIGNAL, slice, Verdict::Described);
    found.measures = quantiles(&curve, whole);
    found.curve = (curve.events() >= MEDIAN_EVENTS).then(|| drawn(&curve, whole));
    match by_week(view, |until| sides(view.data, &stays, until)) {
        Some((verdict, persistence, now)) => {
            (found.verdict, found.persistence, found.tested) = (verdict, persistence, true);
            found.measures.extend(now.measures(["p50_last_two_cadences", "p50_before"], whole));
            found.observation = compared(&found, &now);
        }
        None if curve.events() < MEDIAN_EVENTS => {
            let why = "a median rests on at least ten stays that ended";
            found.verdict = insufficient(curve.events(), MEDIAN_EVENTS, "ended stays", why);
        }
        None => found.observation = Some(told(&curve)),
    }
    found.measures.extend(split(view, waiting));
    found.measures.extend(above_guardrail(view));
    let beside = [queue(view, waiting, &mut found), split_words(&found), above_words(&found)];
    if let Some(observation) = &mut found.observation {
        for sentence in beside.into_iter().flatten() {
            observation.uncertainty.push(' ');
            observation.uncertainty.push_str(&sentence);
        }
    }
    found
}

fn compared(found: &Finding, now: &Compared) -> Option<Observation> {
    let Compared { p, newest, before } = now;
    let direction = direction(&found.verdict)?;
    let longer = if direction == Move::Up { "longer" } else { "less long" };
    let evidence = format!(
        "bets waited {longer} in reviewing, analysing and ready: half of the stays took {} over \
         the last two cadences ({} ended), against {} before them ({} ended).",
        within(newest),
        newest.events(),
        within(before),
        before.events(),
    );
    let uncertainty = format!(
        "If nothing had changed, a difference like this would be seen in {}. Stays that go on count \
         as far as they were observed. {}",
        words::by_chance(*p),
        standing(&found.verdict, found.persistence),
    );
    let question = match direction {
        Move::Up => "What does a decision wait for that it did not wait for before?",
        Move::Down => "Is each decision still looked at as long as it deserves?",
    };
    Some(observe("Waiting for a decision", &evidence, &uncertainty, question))
}

/// How long it took, where there is nothing to compare it with.
fn told(curve: &Curve) -> Observation {
    let half = curve.quantile(50);
    let range = if half.at_risk >= RISK_SET_MIN { plausibly(&half) } else { String::new() };
    let evidence = format!(
        "half of the stays of epics in reviewing, analysing and ready took {}{range} ({} ended).",
        within(curve),
        curve.events(),
    );
    let uncertainty = "Fewer than ten stays ended in the last two cadences or before them, so it is \
                       not known whether that has changed.";
    let question = "Is that soon enough for the bets we place?";
    observe("Waiting for a decision", &evidence, uncertainty, question)
}

/// Who waits today, as measures and items; returns the sentence about it.
fn queue(view: &View<'_>, waiting: &[Waiting], found: &mut Finding) -> Option<String> {
    if view.data.vocabulary == Vocabulary::Less {
        return None;
    }
    let mut open: Vec<&Waiting> = waiting.iter().filter(|one| !one.stay.event).collect();
    open.sort_by_key(|one| (view.epic_title(one.epic), &view.data.epics[one.epic].id));
    let age = |one: &Waiting| view.as_of.days_since(one.stay.from);
    let now = Period::new(view.as_of, view.as_of);
    found.measures.push(measure("queue", open.len() as f64, Unit::Count, now));
    if let Some(oldest) = open.iter().map(|one| age(one)).max_by(f64::total_cmp) {
        found.measures.push(measure("queue_oldest", oldest, Unit::Days, now));
    }
    found.items = open.iter().map(|one| view.data.epics[one.epic].id.clone()).collect();
    found.items.sort_unstable();
    let mut named: Vec<String> = open
        .iter()
        .take(NAMED)
        .map(|one| {
            let days = words::value(age(one).floor(), Unit::Days);
            format!("{} ({days})", words::quoted(view.epic_title(one.epic)))
        })
        .collect();
    if open.len() > NAMED {
        named.push(format!("{} more", open.len() - NAMED));
    }
    Some(match open.len() {
        0 => "No epic waits today.".to_owned(),
        1 => format!("One epic waits today: {}.", words::list(&named)),
        n => format!("{n} epics wait today: {}.", words::list(&named)),
    })
}

/// The waiting in `ready` in the last two cadences, until the next boundary and beyond it.
fn split(view: &View<'_>, waiting: &[Waiting]) -> Vec<Measure> {
    let window = recent(view.data, view.as_of);
    let (mut until, mut beyond, mut stays) = (0, 0, 0);
    for one in waiting.iter().filter(|one| one.state == EpicState::Ready) {
        let stay = Period::new(one.stay.from, one.stay.to);
        let Some(boundary) = boundary(view, stay.from) else { return Vec::new() };
        let inside = |part: Period| part.intersect(&window).map_or(0, |part| part.millis());
        if stay.intersect(&window).is_some() {
            stays += 1;
            until += inside(Period::new(stay.from, boundary.min(stay.to)));
            beyond += inside(Period::new(boundary.max(stay.from), stay.to.max(boundary)));
        }
    }
    if stays == 0 {
        return Vec::new();
    }
    let days = |name, millis| Measure {
        n: Some(stays),
        ..measure(name, words::days(millis), Unit::Days, window)
    };
    vec![days("ready_until_boundary", until), days("ready_beyond_boundary", beyond)]
}

/// Decisions of the last two cadences that the portfolio took although they are delegated.
fn above_guardrail(view: &View<'_>) -> Option<Measure> {
    if *view.scope != Scope::Portfolio {
        return None;
    }
    let delegated = view.data.guardrails.iter().find(|rail| rail.altitude == Altitude::Stream)?;
    let window = recent(view.data, view.as_of);
    let of_stream = |subject: &Subject| matches!(subject, Subject::Stream(_) | Subject::Epic(_));
    let (mut above, mut all) = (0, 0);
    for decision in decisions(view).filter(|d| window.contains(d.made_at)) {
        if of_stream(&decision.subject) && delegated.may.contains(&decision.verb) {
            all += 1;
            above += u64::from(decision.altitude == Altitude::Portfolio);
        }
    }
    let count = measure("above_guardrail", above as f64, Unit::Count, window);
    Some(Measure { n: Some(all), ..count })
}

fn of(found: &Finding, name: &str) -> Option<(f64, u64)> {
    let own = found.measures.iter().find(|measure| measure.name == name)?;
    Some((own.value, own.n.unwrap_or(0)))
}

fn split_words(found: &Finding) -> Option<String> {
    let (until, stays) = of(found, "ready_until_boundary")?;
    let (beyond, _) = of(found, "ready_beyond_boundary")?;
    Some(format!(
        "Of the waiting in ready over the last two cadences ({}), {} lay before the next boundary \
         and {} beyond it.",
        words::count(stays, "stay"),
        words::value(until, Unit::Days),
        words::value(beyond, Unit::Days),
    ))
}

fn above_words(found: &Finding) -> Option<String> {
    let (above, all) = of(found, "above_guardrail").filter(|(_, all)| *all > 0)?;
    Some(format!(
        "Of the decisions delegated to streams, {} were taken at the portfolio's level over the \
         last two cadences.",
        words::part(above as u64, all)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cadence, Decision, Guardrail, StreamIx, Verb};
    use crate::signals::dataset::Epic;
    use crate::signals::fixture::{at, epic, portfolio, view};
    use crate::signals::stats::survival::Row;

    fn bet(id: String, states: Vec<(Timestamp, EpicState)>) -> Epic {
        Epic { states, stream: Some(StreamIx(0)), ..epic(&id, &[]) }
    }

    /// Epics that entered reviewing so many days before `as_of` and, if a second number is given,
    /// left it after so many days.
    fn reviewed(as_of: &str, list: &[(i64, Option<i64>)]) -> Dataset {
        let mut data = portfolio(1, &[1]);
        for (n, (ago, stayed)) in list.iter().enumerate() {
            let from = at(as_of).plus_days(-ago);
            let mut states = vec![(from, EpicState::Reviewing)];
            states.extend(stayed.map(|days| (from.plus_days(days), EpicState::Implementing)));
            data.epics.push(bet(format!("BET-{n:02}"), states));
        }
        data
    }

    fn decision(epic: &str, made: &str, altitude: Altitude, verb: Verb) -> Decision {
        Decision {
            id: "D-1".into(),
            made_at: at(made),
            effective_at: at(made),
            altitude,
            subject: Subject::Epic(epic.into()),
            verb,
            target: None,
            expects: None,
            cites: Vec::new(),
            why: "looked at".into(),
            known_at: at(made),
        }
    }

    /// Stays that ended after 3, 10, 14 and 21 days; two go on since 9 and 35.
    #[test]
    fn example() {
        let list = [(90, Some(3)), (80, Some(10)), (70, Some(14)), (60, Some(21))];
        let mut list = list.to_vec();
        list.extend([(9, None), (35, None)]);
        let data = reviewed("06-29", &list);
        let view = view(&data, "06-29");
        let stays = Stays::new(all(&view).iter().map(|one| one.stay).collect());
        let curve = Curve::of(&stays.ages(&[Period::new(Timestamp::MIN, view.as_of)]));
        let rows: Vec<(f64, u64, u64, String)> = curve
            .rows
            .iter()
            .map(|Row { age, at_risk, events, survival, .. }| {
                (*age, *at_risk, *events, format!("{survival:.4}"))
            })
            .collect();
        let row = |age, at_risk, survival: &str| (age, at_risk, 1, survival.to_owned());
        let expected = [
            row(3.0, 6, "0.8333"),
            row(10.0, 4, "0.6250"),
            row(14.0, 3, "0.4167"),
            row(21.0, 2, "0.2083"),
        ];
        assert_eq!(rows, expected);
        assert_eq!((curve.quantile(50).age, curve.quantile(85).age), (Some(14.0), None));
        let found = &evaluate(&view)[0];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 4, need: 10, .. }));
        assert_eq!(found.items, ["BET-04", "BET-05"]);
        assert_eq!(
            (of(found, "queue"), of(found, "queue_oldest")),
            (Some((2.0, 0)), Some((35.0, 0)))
        );
        assert!(of(found, "p50").is_none() && found.observation.is_none());
    }

    /// Each state is a stay; a decision ends one; what happens at or after the instant is unseen.
    #[test]
    fn states_and_decisions_end_stays() {
        use EpicState::{Analysing, Funnel, Implementing, Ready, Reviewing};
        let states = [
            (at("01-05"), Funnel),
            (at("01-12"), Reviewing),
            (at("01-15"), Reviewing),
            (at("01-19"), Analysing),
            (at("02-09"), Ready),
            (at("03-02"), Implementing),
        ];
        let of = |decided: &[&str], as_of: &str| -> Vec<(EpicState, f64, bool)> {
            let decided: Vec<Timestamp> = decided.iter().map(|when| at(when)).collect();
            let found = stays(&states, &decided, at(as_of));
            found.iter().map(|(s, stay)| (*s, stay.to.days_since(stay.from), stay.event)).collect()
        };
        let whole = [(Reviewing, 7.0, true), (Analysing, 21.0, true), (Ready, 21.0, true)];
        assert_eq!(of(&[], "04-01"), whole);
        assert_eq!(of(&["01-22"], "04-01")[1], (Analysing, 3.0, true));
        // At the entry nothing had been waited for yet, and later ones come too late for it.
        assert_eq!(of(&["01-19", "03-05"], "04-01"), whole);
        assert_eq!(of(&["02-16"], "02-16"), [whole[0], whole[1], (Ready, 7.0, false)]);
        assert_eq!(of(&["02-12"], "02-16")[2], (Ready, 3.0, true), "out of the queue");
    }

    /// Twelve stays of two days before the last two cadences, twelve of thirty inside them.
    fn slower() -> Dataset {
        let mut list: Vec<(i64, Option<i64>)> = (0..12).map(|n| (150 - n, Some(2))).collect();
        list.extend((0..12).map(|n| (45 - n, Some(30))));
        let mut data = reviewed("06-29", &list);
        let anchor = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        data.cadences = vec![Cadence { id: "pi".into(), anchor, days: 28 }];
        data
    }

    #[test]
    fn a_longer_wait_is_new() {
        let data = slower();
        let found = &evaluate(&view(&data, "06-29"))[0];
        assert_eq!(found.verdict, Verdict::New { direction: Move::Up }, "{:?}", found.measures);
        assert!(found.tested);
        let told = found.observation.clone().unwrap();
        assert_eq!(
            told.evidence,
            "bets waited longer in reviewing, analysing and ready: half of the stays took 30 days \
             or less over the last two cadences (12 ended), against 2 days or less before them (12 \
             ended)."
        );
        assert!(told.uncertainty.contains("No epic waits today."), "{}", told.uncertainty);
    }

    #[test]
    fn enough_to_tell_and_too_little_to_compare() {
        let list: Vec<(i64, Option<i64>)> = (0..11).map(|n| (100 - n, Some(5 + n))).collect();
        let data = reviewed("06-29", &list);
        let found = &evaluate(&view(&data, "06-29"))[0];
        assert_eq!(found.verdict, Verdict::Described);
        assert!(!found.tested);
        let told = found.observation.clone().unwrap();
        assert!(told.evidence.contains("took 10 days or less (plausibly "), "{told:?}");
        assert!(told.uncertainty.ends_with("No epic waits today."), "{told:?}");
    }

    /// Ready on Friday 5 June, boundary on Monday 15 June, work began on 20 June: ten days are the
    /// price of the cadence, five lie beyond it. Ready at the boundary itself: all of it is beyond.
    #[test]
    fn ready_is_split_at_the_boundary() {
        let mut data = slower();
        data.cadences[0].days = 7 * 23;
        for (id, from) in [("X", "06-05"), ("Y", "06-15")] {
            let states = vec![(at(from), EpicState::Ready), (at("06-20"), EpicState::Implementing)];
            data.epics.push(bet(id.into(), states));
        }
        let found = &evaluate(&view(&data, "06-29"))[0];
        assert_eq!(of(found, "ready_until_boundary"), Some((10.0, 2)));
        assert_eq!(of(found, "ready_beyond_boundary"), Some((10.0, 2)));
        data.cadences.clear();
        assert!(of(&evaluate(&view(&data, "06-29"))[0], "ready_until_boundary").is_none());
    }

    #[test]
    fn decisions_above_their_guardrail_are_counted() {
        let mut data = slower();
        let why = "delegated".to_owned();
        let may = vec![Verb::Start, Verb::Continue];
        data.guardrails = vec![Guardrail { altitude: Altitude::Stream, may, why }];
        data.decisions = vec![
            decision("BET-00", "06-01", Altitude::Portfolio, Verb::Continue),
            decision("BET-01", "06-02", Altitude::Stream, Verb::Continue),
            // Not delegated, and too old.
            decision("BET-02", "06-03", Altitude::Portfolio, Verb::Stop),
            decision("BET-03", "02-01", Altitude::Portfolio, Verb::Start),
        ];
        let found = &evaluate(&view(&data, "06-29"))[0];
        assert_eq!(of(found, "above_guardrail"), Some((1.0, 2)));
        assert_eq!(
            above_words(found).unwrap(),
            "Of the decisions delegated to streams, 1 of 2 were taken at the portfolio's level over \
             the last two cadences."
        );
    }

    #[test]
    fn unmapped_states_one_off_epics_and_less() {
        let mut data = slower();
        data.vocabulary = Vocabulary::Less;
        let found = &evaluate(&view(&data, "06-29"))[0];
        assert!(of(found, "queue").is_none() && found.items.is_empty(), "hidden");
        assert!(of(found, "p85").is_some());
        data.epics.iter_mut().for_each(|epic| epic.context = Context::OneOff);
        let why = |data: &Dataset| match evaluate(&view(data, "06-29")).remove(0).verdict {
            Verdict::NotApplicable { why } => why,
            other => panic!("{other:?}"),
        };
        assert!(why(&data).starts_with("no epic was seen in a state"));
        data.epics.iter_mut().for_each(|epic| epic.states.clear());
        assert!(why(&data).starts_with("no state of an epic is mapped"));
    }
}
