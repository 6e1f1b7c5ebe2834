//! The work of fourteen teams, day by day.
//!
//! Each team keeps a fixed number of cards in progress. When one leaves, the next is taken from
//! the line that the team's allocation owes most: work planned and work done stay close, weekly
//! shares vary by chance and return to their level, and no trend appears that nobody planted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::{Kind, Timestamp};

use super::Plan;
use super::calendar::Calendar;
use super::cast::{self, Home, TEAMS};
use super::dice::Dice;
use super::titles::title;
use super::work::{Claim, State, Work};

const PART: u64 = 1;

/// Shares of kinds among cards of epics, and among upkeep.
const EPIC_KINDS: &[(Kind, f64)] = &[
    (Kind::Feature, 0.64),
    (Kind::Defect, 0.13),
    (Kind::Debt, 0.08),
    (Kind::Discovery, 0.09),
    (Kind::Risk, 0.06),
];
const UPKEEP_KINDS: &[(Kind, f64)] =
    &[(Kind::Defect, 0.55), (Kind::Debt, 0.35), (Kind::Risk, 0.10)];

/// What is owed to each of a few takers, in days. Giving to the one that is owed most keeps
/// long-run shares at their targets.
#[derive(Debug, Default, Clone)]
struct Credit(Vec<f64>);

impl Credit {
    /// Who is owed most, when about `days` are to be given; `blur` (days) lets chance decide near
    /// ties.
    fn most_owed(&mut self, shares: &[f64], days: f64, blur: f64, dice: &mut Dice) -> usize {
        self.0.resize(shares.len(), 0.0);
        let mut best = (0, f64::NEG_INFINITY);
        for (taker, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let claim = self.0[taker] + share * days + dice.between(0.0, blur);
            if claim > best.1 {
                best = (taker, claim);
            }
        }
        best.0
    }

    fn give(&mut self, taker: usize, shares: &[f64], days: f64) {
        for (owed, share) in self.0.iter_mut().zip(shares) {
            *owed += share * days;
        }
        self.0[taker] -= days;
    }
}

struct Desk {
    dice: Dice,
    lines: Vec<Credit>,
    epic_kinds: Credit,
    upkeep_kinds: Credit,
}

/// Every card that was ever started, in order of start.
pub(super) fn simulate(plan: &Plan) -> Vec<Work> {
    let mut desk = Desk {
        dice: Dice::new(plan.seed, PART),
        lines: vec![Credit::default(); TEAMS.len()],
        epic_kinds: Credit::default(),
        upkeep_kinds: Credit::default(),
    };
    let calendar = &plan.calendar;
    let mut free = BinaryHeap::new();
    for (team, cast) in TEAMS.iter().enumerate() {
        for _ in 0..cast.slots {
            let days = desk.dice.between(0.0, 6.0);
            free.push(Reverse((calendar.later(calendar.start(), days, &mut desk.dice), team)));
        }
    }
    let mut works = Vec::new();
    while let Some(Reverse((at, team))) = free.pop() {
        if at >= calendar.latest() {
            continue;
        }
        let (mut work, freed) = take(plan, &mut desk, team, at);
        free.push(Reverse((soon(freed, &mut desk.dice), team)));
        work.cut(calendar.latest());
        works.push(work);
    }
    works
}

/// The next card is taken within the hour.
fn soon(freed: Timestamp, dice: &mut Dice) -> Timestamp {
    freed.plus_millis((5 + dice.below(40) as i64) * 60_000 + dice.below(60) as i64 * 1000)
}

/// Starts one card; also tells when its place in the team's hands is free again.
fn take(plan: &Plan, desk: &mut Desk, team: usize, at: Timestamp) -> (Work, Timestamp) {
    let calendar = &plan.calendar;
    let cast = &TEAMS[team];
    let ago = calendar.weeks_ago(at);
    let shares: Vec<f64> = shares(team, ago, plan.planted);
    let line = desk.lines[team].most_owed(&shares, 4.0, 0.6, &mut desk.dice);
    let mut days = desk.dice.lognormal(3.7, 0.5).clamp(0.8, 14.0);
    let line_id = cast.lines.get(line).map(|(id, _)| *id);
    if line_id == Some("depot") && ago > cast::FOLLOWED as f64 {
        // A small strand of small cards, so that its weekly share is steady and a rise shows.
        days = days.min(1.5);
    }
    desk.lines[team].give(line, &shares, days);
    let epic = line_id.and_then(|line| epic_of(line, ago));
    let kind = kind(desk, epic.is_some(), days / cast.slots as f64);
    let dice = &mut desk.dice;
    let mut work = Work::new(team, epic, kind, created(calendar, epic, at, dice));
    work.title = title(kind, work.stream(), dice);
    work.claim = claim(cast.id, ago, dice);
    if dice.chance(0.7) {
        let lead = at.days_since(work.created);
        let ready = calendar.earlier(at, lead * dice.between(0.1, 0.7), dice);
        if ready > work.created && ready < at {
            work.step(ready, State::Ready);
        }
    }
    work.step(at, State::Doing);
    let freed = proceed(plan, &mut work, at, days, dice);
    (work, freed)
}

/// The kind that is owed most for a card of `weight` team-days.
fn kind(desk: &mut Desk, of_epic: bool, weight: f64) -> Kind {
    let (credit, kinds) = if of_epic {
        (&mut desk.epic_kinds, EPIC_KINDS)
    } else {
        (&mut desk.upkeep_kinds, UPKEEP_KINDS)
    };
    let shares: Vec<f64> = kinds.iter().map(|(_, share)| *share).collect();
    let taker = credit.most_owed(&shares, weight, 0.8, &mut desk.dice);
    credit.give(taker, &shares, weight);
    kinds[taker].0
}

/// The allocation of a team at a time; the last share is upkeep.
fn shares(team: usize, ago: f64, planted: bool) -> Vec<f64> {
    let cast = &TEAMS[team];
    let depot = cast.lines.iter().position(|(line, _)| *line == "depot");
    let workshop = cast.lines.iter().position(|(line, _)| *line == "workshop");
    let mut shares: Vec<f64> = cast.lines.iter().map(|(_, share)| *share).collect();
    if let (true, Some(depot), Some(workshop)) = (planted, depot, workshop) {
        if ago <= cast::FOLLOWED as f64 {
            shares.swap(depot, workshop);
        } else if ago <= cast::DECIDED as f64 {
            // What is in hand is finished first; nothing new is begun for the epic.
            shares[workshop] += shares[depot];
            shares[depot] = 0.0;
        }
    }
    shares.push(1.0 - shares.iter().sum::<f64>());
    shares
}

fn epic_of(line: &str, ago: f64) -> Option<usize> {
    // Before its own epic begins, this line's share helps the one beside it.
    cast::epic_of(line, ago).or_else(|| cast::epic_of("workshop", ago))
}

/// When the epic was written down: three weeks before work on it began.
pub(super) fn epic_created(calendar: &Calendar, epic: usize) -> Timestamp {
    let from = cast::EPICS[epic].from.min(calendar.weeks());
    calendar.at_hour(from + 3, (epic % 5) as u64, 10).plus_millis(epic as i64 * 61_000)
}

fn created(
    calendar: &Calendar,
    epic: Option<usize>,
    started: Timestamp,
    dice: &mut Dice,
) -> Timestamp {
    let days = dice.lognormal(8.0, 0.8).clamp(0.2, 45.0);
    let earliest = epic.map_or_else(
        || calendar.start().plus_millis(-21 * 86_400_000),
        |epic| epic_created(calendar, epic).plus_millis(3 * 3_600_000),
    );
    calendar.earlier(started, days, dice).max(earliest)
}

fn claim(team: &str, ago: f64, dice: &mut Dice) -> Claim {
    let moved = cast::VOUCHERS_MOVED as f64;
    let owns = team == cast::VOUCHERS_FROM && ago > moved + 2.0
        || team == cast::VOUCHERS_TO && ago <= moved;
    if owns && dice.chance(0.2) { Claim::Vouchers } else { Claim::Own }
}

/// From the start of work to the end of the card. Returns when the team's hands are free.
fn proceed(
    plan: &Plan,
    work: &mut Work,
    started: Timestamp,
    days: f64,
    dice: &mut Dice,
) -> Timestamp {
    let calendar = &plan.calendar;
    let mut freed = None;
    let mut end = calendar.later(started, days, dice);
    if let (Home::Jira(project, _), true) = (TEAMS[work.team].home, dice.chance(0.07)) {
        let blocked = calendar.later(started, days * dice.between(0.2, 0.8), dice);
        let free = calendar.later(blocked, dice.between(0.8, 3.5), dice);
        end = calendar.later(free, (days / 2.0).min(2.0), dice);
        freed = Some(blocked);
        // Two projects have a status for it, the other two use the flag.
        if matches!(project, "BOOK" | "PAY") {
            work.step(blocked, State::Blocked);
            work.step(free, State::Doing);
        } else {
            work.flags.extend([(blocked, true), (free, false)]);
        }
    }
    if dice.chance(0.015) {
        work.step(end, State::WontDo);
        return freed.unwrap_or(end);
    }
    let done = review(plan, work, end, dice);
    work.step(done, State::Done);
    if dice.chance(0.012) {
        let again = calendar.later(done, dice.between(1.0, 8.0), dice);
        let fixed = calendar.later(again, dice.between(0.4, 1.2), dice);
        work.step(again, State::Doing);
        work.step(fixed, State::InReview);
        work.step(calendar.later(fixed, dice.between(0.3, 1.0), dice), State::Done);
    }
    freed.unwrap_or(end)
}

/// The card waits for review, is reviewed, and now and then goes back once. Returns its end.
fn review(plan: &Plan, work: &mut Work, ready: Timestamp, dice: &mut Dice) -> Timestamp {
    let calendar = &plan.calendar;
    let mut at = ready;
    if matches!(TEAMS[work.team].home, Home::Jira("BOOK" | "ID", _)) {
        work.step(at, State::ReadyForReview);
        at = calendar.later(at, dice.lognormal(0.5, 0.5).min(3.0), dice);
    }
    let ago = calendar.weeks_ago(at);
    if ago > (calendar.weeks() - 12) as f64 && dice.chance(0.03) {
        work.step(at, State::Testing);
        at = calendar.later(at, dice.between(0.5, 1.5), dice);
    }
    work.step(at, State::InReview);
    let slower = if plan.planted && work.stream() == cast::QUEUE_STREAM { queue(ago) } else { 1.0 };
    at = calendar.later(at, (dice.lognormal(1.4, 0.5) * slower).min(21.0), dice);
    if dice.chance(0.1) {
        work.step(at, State::Doing);
        at = calendar.later(at, dice.between(0.3, 0.9), dice);
        work.step(at, State::InReview);
        at = calendar.later(at, dice.between(0.4, 1.2), dice);
    }
    at
}

/// How many times longer a review takes, `ago` weeks before now: one, then growing.
fn queue(ago: f64) -> f64 {
    let grown = (cast::QUEUE_GROWS as f64 - ago).max(0.0) / cast::QUEUE_GROWS as f64;
    1.0 + 3.0 * grown
}
