//! O2 Time to first evidence.
//!
//! Question: how long until a bet first tells us something? Reader: portfolio.
//! Definition: Kaplan-Meier over epics. The clock starts with the first active work on an item of the
//! epic; the event is the first reading of its outcome measure after its first release, or a recorded
//! negative finding. An epic that is open is censored today, one that was stopped when it was
//! stopped. P50 with its interval. Log-rank of the newest 52 weeks against the 52 before, at least
//! ten events on each side.
//! Source: section 2.5 of the catalogue; Kaplan and Meier 1958, Mantel 1966.
//! Misreading: trivial readings. Only those of the linked measure count, and a reading before the
//! release is a baseline.
//!
//! What the catalogue leaves open. A recorded negative finding is a decision to stop or to pivot the
//! epic that cites O1: "stop BET-1, O1:refund-contacts did not move" told something, "stop BET-1, no
//! capacity" did not, and censors. An epic is stopped when such a decision takes effect and none
//! about it follows, or when it is rejected; one that is done still waits for its first reading.
//! Epics without a measure are censored, as the catalogue says, so the curve is about all bets and
//! not about those that were going to be read. One-off epics are not bets. Where nobody saw the first
//! work begin, the epic is left out and counted.

use std::collections::BTreeSet;

use super::bets::{decisions_about, in_scope, read_at};
use super::curves::{Compared, Sides, by_week, drawn, plausibly, quantiles, within};
use super::defaults::{MEDIAN_EVENTS, RISK_SET_MIN, YEAR_WEEKS};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio_wide};
use super::report::{Finding, Move, Observation, Question, Slice, Unit, Verdict};
use super::stats::survival::Curve;
use super::stays::{Stay, Stays};
use super::verdict::direction;
use super::view::View;
use super::weekly_test::standing;
use super::{Signal, words};
use crate::model::{Category, Context, DAY_MS, EpicState, Period, Timestamp, Verb};

pub const SIGNAL: Signal = Signal {
    id: "O2",
    name: "Time to first evidence",
    question: Question::Decision,
    asks: "How long until a bet first tells us something?",
    definition: "Days from the first active work on an epic to the first reading of its outcome \
                 measure after its first release, as a survival curve in which bets without one \
                 count as far as they were observed.",
    misreading: "Any reading looks like evidence. Only the linked measure counts, and what was read \
                 before the release is a baseline.",
    test: "A survival curve, in which bets that have told nothing yet count as far as they were \
           observed. No test is made of it.",
    history: FIRST,
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let slice = portfolio_wide("first-evidence", "Time to first evidence");
    let linked = |epic: &usize| view.data.epics[*epic].outcome.is_some();
    let bets: Vec<usize> = (0..view.data.epics.len())
        .filter(|epic| view.data.epics[*epic].context == Context::Product)
        .filter(|epic| in_scope(view, *epic))
        .collect();
    if !bets.iter().any(linked) {
        let why = "no epic names an outcome measure, so no reading could be evidence";
        return vec![finding(&SIGNAL, slice, not_applicable(why))];
    }
    let firsts = &view.first_releases;
    if bets.iter().all(|epic| firsts[*epic].is_none()) {
        let why = "no release of an epic is recorded, so no reading can be told from a baseline";
        return vec![finding(&SIGNAL, slice, not_applicable(why))];
    }
    let starts = starts(view);
    let unseen = unseen_starts(view, &starts);
    let (mut stays, mut left_out) = (Vec::new(), 0);
    for epic in bets {
        if unseen.contains(&epic) {
            left_out += 1;
        } else if let Some(stay) = stay(view, epic, starts[epic], firsts[epic]) {
            stays.push(stay);
        }
    }
    vec![examine(view, slice, stays, left_out)]
}

/// When the first work on each epic began.
fn starts(view: &View<'_>) -> Vec<Option<Timestamp>> {
    view.worked().iter().map(|parts| parts.first().map(|part| part.from)).collect()
}

/// Epics whose first work began before the data did.
fn unseen_starts(view: &View<'_>, starts: &[Option<Timestamp>]) -> BTreeSet<usize> {
    let empty = || vec![None::<Timestamp>; starts.len()];
    let unseen = view.recall.sum("O2", (), empty, |unseen, seen| {
        let mut active = seen.item.segments.iter().filter(|s| s.flow() == Category::Active);
        let first = active.next().filter(|_| seen.item.start_before_data);
        if let Some((first, epic)) = first.and_then(|first| Some((first, first.epic?))) {
            let least = &mut unseen[epic.0 as usize];
            *least = Some(least.map_or(first.from, |at| at.min(first.from)));
        }
    });
    let before = |epic: &usize| {
        starts[*epic].zip(unseen[*epic]).is_some_and(|(start, unseen)| start >= unseen)
    };
    (0..starts.len()).filter(before).collect()
}

/// From the first work to the first evidence, or to the end of observation.
fn stay(
    view: &View<'_>,
    epic: usize,
    from: Option<Timestamp>,
    first: Option<Timestamp>,
) -> Option<Stay> {
    let from = from?;
    let until = stopped(view, epic).unwrap_or(view.as_of).min(view.as_of);
    let measure = view.data.epics[epic].outcome.as_deref();
    let reading = first
        .zip(measure)
        .and_then(|(first, measure)| read_at(view, measure).into_iter().find(|at| *at >= first));
    let evidence = reading.into_iter().chain(finding_of_no(view, epic)).min();
    let event = evidence.filter(|at| *at <= until);
    Some(Stay { from, to: event.unwrap_or(until), event: event.is_some() })
}

/// The first decision to stop or pivot that rests on the outcome.
fn finding_of_no(view: &View<'_>, epic: usize) -> Option<Timestamp> {
    decisions_about(view, epic)
        .filter(|decision| matches!(decision.verb, Verb::Stop | Verb::Pivot))
        .find(|decision| decision.cites.iter().any(|cited| is_outcome(cited)))
        .map(|decision| decision.made_at)
}

/// `O1` or `O1:refund-contacts`.
fn is_outcome(cited: &str) -> bool {
    cited.split(':').next().is_some_and(|id| id.trim().eq_ignore_ascii_case("O1"))
}

/// When the epic was stopped for good, by decision or by its state.
fn stopped(view: &View<'_>, epic: usize) -> Option<Timestamp> {
    let newest = decisions_about(view, epic).last().filter(|d| d.verb == Verb::Stop);
    let state = view.data.epics[epic].states.iter().rfind(|(at, _)| *at < view.as_of);
    let rejected = state.filter(|(_, state)| *state == EpicState::Rejected).map(|(at, _)| *at);
    newest.map(|decision| decision.effective_at).into_iter().chain(rejected).min()
}

/// A year against the one before it.
fn sides(stays: &Stays, until: Timestamp) -> Sides {
    let year = |to: Timestamp| Period::new(to.plus_millis(-YEAR_WEEKS * 7 * DAY_MS), to);
    let newest = year(until);
    Sides { newest: stays.ages(&[newest]), before: stays.ages(&[year(newest.from)]) }
}

fn examine(view: &View<'_>, slice: Slice, stays: Vec<Stay>, left_out: usize) -> Finding {
    let first = stays.iter().map(|stay| stay.from).min().unwrap_or(view.as_of);
    let window = Period::new(first, view.as_of);
    let bets = stays.len();
    let stays = Stays::new(stays);
    let curve = Curve::of(&stays.ages(&[window]));
    let events = curve.events();
    let mut found = finding(&SIGNAL, slice, Verdict::Described);
    found.measures = quantiles(&curve, window);
    found.curve = (events >= MEDIAN_EVENTS).then(|| drawn(&curve, window));
    found.measures.retain(|measure| !measure.name.starts_with("p85"));
    let count = |name, n: f64| measure(name, n, Unit::Count, window);
    found.measures.push(count("epics_with_evidence", events as f64));
    found.measures.push(count("epics_started", bets as f64));
    if left_out > 0 {
        found.measures.push(count("epics_whose_start_was_not_seen", left_out as f64));
    }
    match by_week(view, |until| sides(&stays, until)) {
        Some((verdict, persistence, now)) => {
            (found.verdict, found.persistence, found.tested) = (verdict, persistence, true);
            found.measures.extend(now.measures(["p50_newest_year", "p50_year_before"], window));
            found.observation = compared(&found, &now);
        }
        None if events < MEDIAN_EVENTS => {
            let why = "a median rests on at least ten epics that were read after their release";
            found.verdict = insufficient(events, MEDIAN_EVENTS, "epics", why);
        }
        None => found.observation = Some(told(&curve, bets)),
    }
    found
}

fn compared(found: &Finding, now: &Compared) -> Option<Observation> {
    let Compared { p, newest, before } = now;
    let direction = direction(&found.verdict)?;
    let longer = if direction == Move::Up { "longer" } else { "less long" };
    let evidence = format!(
        "bets took {longer} to tell something: half of them took {} over the newest {YEAR_WEEKS} \
         weeks ({} were read after release), against {} over the {YEAR_WEEKS} weeks before ({}).",
        within(newest),
        newest.events(),
        within(before),
        before.events(),
    );
    let uncertainty = format!(
        "If nothing had changed, a difference like this would be seen in {}. Bets without a reading \
         count as far as they were observed. {}",
        words::by_chance(*p),
        standing(&found.verdict, found.persistence),
    );
    let question = match direction {
        Move::Up => "What would tell us something sooner?",
        Move::Down => "What else changed over the same weeks?",
    };
    Some(observe("Time to first evidence", &evidence, &uncertainty, question))
}

/// How long it took, where there is no year to compare it with.
fn told(curve: &Curve, bets: usize) -> Observation {
    let half = curve.quantile(50);
    let range = if half.at_risk >= RISK_SET_MIN { plausibly(&half) } else { String::new() };
    let evidence = format!(
        "half of the bets took {}{range} from their first work to their first reading after release \
         ({} of {} have one).",
        within(curve),
        curve.events(),
        words::count(bets as u64, "started epic"),
    );
    let uncertainty = "Fewer than ten had their first reading in the newest year or in the one \
                       before, so it is not known whether that has changed. Bets without a reading \
                       count as far as they were observed.";
    observe(
        "Time to first evidence",
        &evidence,
        uncertainty,
        "What would tell us something sooner?",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Altitude, Decision, Precision, Reading, StreamIx, Subject};
    use crate::signals::Dataset;
    use crate::signals::dataset::{Epic, ReleaseFacts};
    use crate::signals::fixture::{self, at, item, outcome_measure, portfolio, under, view};

    fn date(at: Timestamp) -> String {
        at.to_utc().format("%m-%d %H:%M").to_string()
    }

    /// An epic of one item: first work so many days before `as_of`, a release on the day after, and,
    /// if a number is given, a reading so many days after the first work.
    fn bet(data: &mut Dataset, as_of: &str, ago: i64, read: Option<i64>) -> usize {
        let epic = data.epics.len();
        let id = format!("BET-{epic:02}");
        let (stream, outcome) = (Some(StreamIx(0)), Some(id.clone()));
        data.epics.push(Epic { stream, outcome, ..fixture::epic(&id, &[]) });
        data.outcomes.push(outcome_measure(&id));
        let from = at(as_of).plus_days(-ago);
        let done = date(from.plus_millis(DAY_MS / 2));
        let ix = item(data, &id, "T1/S1", &[(&date(from), "Dev"), (&done, "done")]);
        under(data, ix, u32::try_from(epic).unwrap());
        data.releases.push(ReleaseFacts {
            id: id.clone(),
            name: id.clone(),
            at: from.plus_days(1),
            items: vec![ix],
            precision: Precision::Exact,
        });
        data.readings.extend(read.map(|days| reading(&id, from.plus_days(days))));
        epic
    }

    fn reading(measure: &str, at: Timestamp) -> Reading {
        let source = "survey".to_owned();
        Reading { measure: measure.to_owned(), at, value: 1.0, source, known_at: at }
    }

    fn decide(data: &mut Dataset, epic: usize, made: Timestamp, verb: Verb, cites: &[&str]) {
        data.decisions.push(Decision {
            id: "D-1".into(),
            made_at: made,
            effective_at: made,
            altitude: Altitude::Stream,
            subject: Subject::Epic(data.epics[epic].id.clone()),
            verb,
            target: None,
            expects: None,
            cites: cites.iter().map(|text| (*text).to_owned()).collect(),
            why: "looked at".into(),
            known_at: made,
        });
    }

    /// Readings after 40, 75 and 110 days; nothing yet after 30, 55 and 90.
    fn six_bets() -> Dataset {
        let mut data = portfolio(1, &[1]);
        for (ago, read) in
            [(120, Some(40)), (130, Some(75)), (140, Some(110)), (30, None), (55, None), (90, None)]
        {
            bet(&mut data, "06-29", ago, read);
        }
        data
    }

    fn curve(data: &Dataset) -> Curve {
        let view = view(data, "06-29");
        let firsts = &view.first_releases;
        let starts = starts(&view);
        let stays =
            (0..data.epics.len()).filter_map(|epic| stay(&view, epic, starts[epic], firsts[epic]));
        let stays = Stays::new(stays.collect());
        Curve::of(&stays.ages(&[Period::new(Timestamp::MIN, view.as_of)]))
    }

    #[test]
    fn example() {
        let data = six_bets();
        let curve = curve(&data);
        let rows: Vec<(f64, u64, u64, String)> = curve
            .rows
            .iter()
            .map(|row| (row.age, row.at_risk, row.events, format!("{:.4}", row.survival)))
            .collect();
        let row = |age, at_risk, survival: &str| (age, at_risk, 1, survival.to_owned());
        assert_eq!(rows, [row(40.0, 5, "0.8000"), row(75.0, 3, "0.5333"), row(110.0, 1, "0.0000")]);
        assert_eq!(curve.quantile(50).age, Some(110.0));
        let found = &evaluate(&view(&data, "06-29"))[0];
        assert!(matches!(found.verdict, Verdict::Insufficient { have: 3, need: 10, .. }));
        let count = |name| found.measures.iter().find(|m| m.name == name).map(|m| m.value);
        assert_eq!((count("epics_with_evidence"), count("epics_started")), (Some(3.0), Some(6.0)));
        assert_eq!(count("p50"), None);
    }

    /// A reading before the release is a baseline; one of another measure is nothing.
    #[test]
    fn only_readings_of_the_measure_after_the_release_count() {
        let mut data = portfolio(1, &[1]);
        let epic = bet(&mut data, "06-29", 100, None);
        let start = at("06-29").plus_days(-100);
        data.readings.push(reading("BET-00", start.plus_millis(DAY_MS / 2)));
        data.readings.push(reading("other", start.plus_days(10)));
        assert_eq!(curve(&data).events(), 0);
        data.readings.push(reading("BET-00", start.plus_days(20)));
        assert_eq!(curve(&data).rows[0].age, 20.0);
        // Without a measure the epic is in the curve, and never has its event.
        data.epics[epic].outcome = None;
        assert_eq!((curve(&data).events(), curve(&data).oldest), (0, 100.0));
    }

    #[test]
    fn a_stop_ends_observation_and_a_negative_finding_is_evidence() {
        let start = at("06-29").plus_days(-100);
        let with = |verb, cites: &[&str], then: Option<Verb>| {
            let mut data = portfolio(1, &[1]);
            let epic = bet(&mut data, "06-29", 100, Some(80));
            decide(&mut data, epic, start.plus_days(50), verb, cites);
            if let Some(then) = then {
                decide(&mut data, epic, start.plus_days(60), then, &[]);
            }
            let curve = curve(&data);
            (curve.rows.first().map(|row| row.age), curve.oldest)
        };
        assert_eq!(with(Verb::Continue, &["O1"], None), (Some(80.0), 80.0));
        assert_eq!(with(Verb::Stop, &[], None), (None, 50.0));
        assert_eq!(with(Verb::Stop, &["P2:payments"], None), (None, 50.0));
        assert_eq!(with(Verb::Stop, &["O1:BET-00"], None), (Some(50.0), 50.0));
        assert_eq!(with(Verb::Pivot, &["o1"], None), (Some(50.0), 50.0));
        // Taken up again.
        assert_eq!(with(Verb::Stop, &[], Some(Verb::Start)), (Some(80.0), 80.0));
        let mut data = portfolio(1, &[1]);
        let epic = bet(&mut data, "06-29", 100, Some(80));
        data.epics[epic].states = vec![(start.plus_days(30), EpicState::Rejected)];
        assert_eq!((curve(&data).events(), curve(&data).oldest), (0, 30.0));
    }

    #[test]
    fn a_start_that_nobody_saw_is_left_out_and_counted() {
        let mut data = six_bets();
        data.items[0].start_before_data = true;
        let found = &evaluate(&view(&data, "06-29"))[0];
        let count = |name| found.measures.iter().find(|m| m.name == name).map(|m| m.value);
        assert_eq!(count("epics_whose_start_was_not_seen"), Some(1.0));
        assert_eq!((count("epics_with_evidence"), count("epics_started")), (Some(2.0), Some(5.0)));
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut data = six_bets();
        let why = |data: &Dataset| match evaluate(&view(data, "06-29")).remove(0).verdict {
            Verdict::NotApplicable { why } => why,
            other => panic!("{other:?}"),
        };
        let releases = std::mem::take(&mut data.releases);
        assert!(why(&data).starts_with("no release of an epic"));
        data.releases = releases;
        data.epics.iter_mut().for_each(|epic| epic.outcome = None);
        assert!(why(&data).starts_with("no epic names an outcome measure"));
    }

    /// Twelve bets that were read after twenty days: a median, and no year to compare it with.
    #[test]
    fn enough_for_a_median() {
        let mut data = portfolio(1, &[1]);
        for n in 0..12 {
            bet(&mut data, "06-29", 100 + n, Some(20 + n));
        }
        let found = &evaluate(&view(&data, "06-29"))[0];
        assert_eq!(found.verdict, Verdict::Described);
        assert!(!found.tested);
        let told = found.observation.clone().unwrap();
        assert!(told.evidence.starts_with("half of the bets took 25 days or less (plausibly 2"));
        assert!(told.evidence.ends_with("(12 of 12 started epics have one)."), "{told:?}");
    }

    /// Twelve bets of the year before that took ten days, twelve of this year that took fifty.
    #[test]
    fn slower_than_the_year_before() {
        let mut data = portfolio(1, &[1]);
        for n in 0..12 {
            bet(&mut data, "12-28", 100 + n, Some(50));
        }
        let view = view(&data, "12-28");
        let mut stays: Vec<Stay> = (0..12)
            .map(|n| {
                let from = view.as_of.plus_days(-500 + n);
                Stay { from, to: from.plus_days(10), event: true }
            })
            .collect();
        let firsts = &view.first_releases;
        let starts = starts(&view);
        stays.extend((0..12).filter_map(|epic| stay(&view, epic, starts[epic], firsts[epic])));
        let slice = evaluate(&view).remove(0).slice;
        let found = examine(&view, slice, stays, 0);
        assert!(matches!(found.verdict, Verdict::Confirmed { direction: Move::Up }), "{found:?}");
        assert!(found.tested);
        assert_eq!(
            found.observation.unwrap().evidence,
            "bets took longer to tell something: half of them took 50 days or less over the newest \
             52 weeks (12 were read after release), against 10 days or less over the 52 weeks before \
             (12)."
        );
    }
}
