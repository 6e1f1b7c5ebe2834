//! What the portfolio recorded: weekly outcome readings and a few decisions.

use crate::model::{Altitude, Decision, Direction, Expectation, Reading, Subject, Timestamp, Verb};

use super::Plan;
use super::cast::{self, OUTCOMES, epic_named};
use super::dice::Dice;
use super::numbers::Numbers;
use super::releases::Trains;
use super::work::Work;

const PART: u64 = 4;

/// Weeks of readings before the trackers' history begins, so that the first releases have a
/// baseline as long as those of later ones.
const EARLIER: i64 = 26;

/// The measure that moves after the first release of its epic.
pub(super) const MOVED: &str = "refund-contacts";
pub(super) const MOVER: &str = "Instant refund";
/// Epics that go on without a reading or a decision.
pub(super) const UNEXAMINED: &[&str] = &["Fleet telemetry", "Ledger split", "Single sign-on 2"];
pub(super) const FOLLOWED: &str = "Depot scheduling";

pub(super) fn record(
    plan: &Plan,
    works: &[Work],
    numbers: &Numbers,
    trains: &Trains,
) -> (Vec<Decision>, Vec<Reading>) {
    (decisions(plan, numbers), readings(plan, works, trains))
}

fn readings(plan: &Plan, works: &[Work], trains: &Trains) -> Vec<Reading> {
    let mut dice = Dice::new(plan.seed, PART);
    let release = trains.first_with(works, epic_named(MOVER), plan);
    let mut readings = Vec::new();
    for outcome in OUTCOMES {
        let (mut side, mut run) = (1.0, 0);
        for ago in (0..plan.calendar.weeks() + EARLIER).rev() {
            let at = plan.calendar.at_hour(ago, 4, 16);
            if at >= plan.calendar.now {
                continue;
            }
            // Readings swing from side to side more often than not: they vary without wandering.
            run += 1;
            if run == 4 || dice.chance(0.75) {
                (side, run) = (-side, 0);
            }
            let swing = side * outcome.swing * dice.between(0.2, 1.0);
            let moved = plan.planted && outcome.id == MOVED;
            let level = outcome.level * if moved { effect(release, at) } else { 1.0 };
            let value = ((level + swing) * 10.0).round() / 10.0;
            let source = "warehouse".to_owned();
            readings.push(Reading {
                measure: outcome.id.to_owned(),
                at,
                value,
                source,
                known_at: at,
            });
        }
    }
    readings
}

/// What the release leaves of the usual level, growing over three weeks.
fn effect(release: Option<Timestamp>, at: Timestamp) -> f64 {
    match release.map(|release| at.days_since(release)) {
        Some(days) if days >= 14.0 => 0.73,
        Some(days) if days >= 7.0 => 0.82,
        Some(days) if days >= 0.0 => 0.92,
        _ => 1.0,
    }
}

fn decisions(plan: &Plan, numbers: &Numbers) -> Vec<Decision> {
    let calendar = &plan.calendar;
    let epic = |title: &str| Subject::Epic(numbers.epic(epic_named(title)).key.clone());
    let stream = Altitude::Stream;
    let mut made = vec![
        (24, stream, epic("Trip changes online"), Verb::Pivot, "Agents asked for the same screen"),
        (20, stream, epic("Partial refunds"), Verb::Continue, "One leg first, then whole trips"),
        (
            cast::INTENT,
            Altitude::Portfolio,
            Subject::Portfolio,
            Verb::Rebalance,
            "Funding review: Fleet grows with the new depots",
        ),
        (9, stream, epic("Wallet"), Verb::Continue, "The second country is not live yet"),
        (6, stream, epic("Consent centre"), Verb::Pivot, "Regulators accept one page for all"),
    ];
    if plan.planted {
        let why = "New depots open in three cities";
        made.push((cast::DECIDED, Altitude::Portfolio, epic(FOLLOWED), Verb::More, why));
    } else {
        for (n, title) in UNEXAMINED.iter().enumerate() {
            let ago = 12 + n as i64;
            made.push((ago, stream, epic(title), Verb::Continue, "Looked at in the stream review"));
        }
    }
    made.sort_by_key(|(ago, ..)| -ago);
    let record = |(n, (ago, altitude, subject, verb, why))| {
        let more = verb == Verb::More;
        // A decision counts from the Monday; it was made the Thursday before.
        let made_at = calendar.at_hour(ago + 1, 3, 15);
        Decision {
            id: format!("D-{}", n + 1),
            made_at,
            effective_at: calendar.week(ago),
            altitude,
            subject,
            verb,
            target: None,
            expects: more.then(|| Expectation {
                measure: "on-time-returns".to_owned(),
                direction: Direction::Up,
                review_at: calendar.at_hour(1, 4, 9),
            }),
            cites: if more { vec!["P1:fleet".to_owned()] } else { Vec::new() },
            why: String::from(why),
            known_at: made_at,
        }
    };
    made.into_iter().enumerate().map(record).collect()
}
