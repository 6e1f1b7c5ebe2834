//! What every real tracker also holds: cards that wait, were dropped, imported, moved, claimed by
//! two teams or by none. Few of each, and none that weighs on a signal.

use crate::model::{Kind, Timestamp};

use super::Plan;
use super::cast::{Home, TEAMS};
use super::dice::Dice;
use super::titles::title;
use super::work::{Claim, State, Work};

const PART: u64 = 2;

/// Adds them; the result is sorted by creation.
pub(super) fn add(plan: &Plan, works: &mut Vec<Work>) {
    let mut dice = Dice::new(plan.seed, PART);
    move_some(plan, works, &mut dice);
    for team in 0..TEAMS.len() {
        backlog(plan, works, team, &mut dice);
        never_started(plan, works, team, &mut dice);
        straight_to_done(plan, works, team, &mut dice);
    }
    imported(plan, works, &mut dice);
    claimed_oddly(plan, works, &mut dice);
    for work in works.iter_mut() {
        work.cut(plan.calendar.latest());
    }
    works.sort_by(|a, b| (a.created, a.team, &a.title).cmp(&(b.created, b.team, &b.title)));
}

fn card(team: usize, kind: Kind, created: Timestamp, dice: &mut Dice) -> Work {
    let mut work = Work::new(team, None, kind, created);
    work.title = title(kind, TEAMS[team].stream, dice);
    work
}

/// Cards that wait to be started.
fn backlog(plan: &Plan, works: &mut Vec<Work>, team: usize, dice: &mut Dice) {
    let calendar = &plan.calendar;
    for _ in 0..7 + dice.below(6) {
        let created = calendar.earlier(calendar.now, dice.between(0.5, 50.0), dice);
        let kind = *dice.pick(&[Kind::Feature, Kind::Feature, Kind::Defect, Kind::Debt]);
        let mut work = card(team, kind, created, dice);
        if dice.chance(0.4) {
            work.step(calendar.later(created, dice.between(0.2, 6.0), dice), State::Ready);
        }
        works.push(work);
    }
}

/// Cards that were dropped before anyone began: about one a team and month.
fn never_started(plan: &Plan, works: &mut Vec<Work>, team: usize, dice: &mut Dice) {
    let calendar = &plan.calendar;
    for ago in (1..calendar.weeks()).filter(|ago| ago % 4 == (team % 4) as i64) {
        let created = calendar.on(ago, dice.below(5) as u64, dice);
        let mut work = card(team, Kind::Feature, created, dice);
        let end = if dice.chance(0.35) { State::Duplicate } else { State::WontDo };
        work.step(calendar.later(created, dice.between(2.0, 40.0), dice), end);
        works.push(work);
    }
}

/// Cards that nobody moved while they were worked on: about one a team and ten weeks.
fn straight_to_done(plan: &Plan, works: &mut Vec<Work>, team: usize, dice: &mut Dice) {
    let calendar = &plan.calendar;
    for ago in (1..calendar.weeks()).filter(|ago| ago % 10 == (team % 10) as i64) {
        let created = calendar.on(ago, dice.below(5) as u64, dice);
        let mut work = card(team, Kind::Defect, created, dice);
        work.off_board = matches!(TEAMS[team].home, Home::GitHub(_));
        work.step(calendar.later(created, dice.between(0.5, 4.0), dice), State::Done);
        works.push(work);
    }
}

/// Cards that were created finished, by an import in the first weeks.
fn imported(plan: &Plan, works: &mut Vec<Work>, dice: &mut Dice) {
    let calendar = &plan.calendar;
    for (team, cast) in TEAMS.iter().enumerate() {
        if let Home::Jira("PAY", _) = cast.home {
            for _ in 0..3 {
                let created = calendar.on(calendar.weeks() - 1, 1, dice);
                let mut work = card(team, Kind::Feature, created, dice);
                work.first = State::Done;
                works.push(work);
            }
        }
    }
}

/// Cards that two teams' rules match, and cards that no rule claims. None was started.
fn claimed_oddly(plan: &Plan, works: &mut Vec<Work>, dice: &mut Dice) {
    let calendar = &plan.calendar;
    for (project, claim) in [("BOOK", Claim::Contested), ("FLEET", Claim::Unplaced)] {
        let team = TEAMS
            .iter()
            .position(|team| matches!(team.home, Home::Jira(p, _) if p == project))
            .expect("both projects have teams");
        for _ in 0..4 {
            let created = calendar.earlier(calendar.now, dice.between(1.0, 60.0), dice);
            let mut work = card(team, Kind::Unclassified, created, dice);
            work.claim = claim;
            works.push(work);
        }
    }
}

/// A few cards began their life in another project and moved before work on them started.
fn move_some(plan: &Plan, works: &mut [Work], dice: &mut Dice) {
    let from = |home| match home {
        Home::Jira("PAY", _) => Some("BOOK"),
        Home::Jira("ID", _) => Some("FLEET"),
        _ => None,
    };
    let mut left = 4;
    for work in works.iter_mut() {
        let (Some(origin), Some(started)) = (from(TEAMS[work.team].home), work.started()) else {
            continue;
        };
        let first = work.steps.first().map_or(started, |step| step.at);
        if left > 0 && first.days_since(work.created) > 5.0 && dice.chance(0.02) {
            let at = plan.calendar.earlier(first, 2.0, dice);
            work.moved = Some((origin, at));
            left -= 1;
        }
    }
}
