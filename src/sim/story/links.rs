//! Who waits for whom: blocking links between cards of two streams.
//!
//! Links are laid over finished work without changing it. Every week has the same number of them
//! per pair and each ends inside its week, so that weekly waiting varies and does not drift.

use crate::model::Timestamp;

use super::Plan;
use super::cast::{Home, TEAMS};
use super::dice::Dice;
use super::work::Work;

const PART: u64 = 3;

/// `waiting` cannot go on before `blocker` ends. Indices into the works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) waiting: usize,
    pub(super) blocker: usize,
    pub(super) at: Timestamp,
}

/// Who waits, for whom, and how often a week; the last pair only where facts are planted, for it
/// closes the circle.
const PAIRS: &[(&str, &str, usize)] =
    &[("booking", "payments", 2), ("fleet", "identity", 2), ("identity", "fleet", 2)];

pub(super) fn plant(plan: &Plan, works: &[Work]) -> Vec<Link> {
    let mut dice = Dice::new(plan.seed, PART);
    let mut free: Vec<bool> = works.iter().map(is_simple).collect();
    let mut links = Vec::new();
    let pairs = if plan.planted { PAIRS } else { &PAIRS[..2] };
    for ago in (0..plan.calendar.weeks() - 2).rev() {
        for (waiting, blocker, count) in pairs {
            for _ in 0..*count {
                // A drawn blocker may find nobody in progress long enough; then another is drawn.
                let found = (0..6)
                    .find_map(|_| find(plan, works, &free, (waiting, blocker), ago, &mut dice));
                if let Some(link) = found {
                    free[link.waiting] = false;
                    free[link.blocker] = false;
                    links.push(link);
                }
            }
        }
    }
    links.sort_by_key(|link| link.at);
    links
}

/// On Jira, and neither reopened nor moved, so that its waiting is what the link says.
fn is_simple(work: &Work) -> bool {
    matches!(TEAMS[work.team].home, Home::Jira(..))
        && work.started().is_some()
        && !work.was_reopened()
        && work.moved.is_none()
}

/// A card that ended in the middle of the week (or, this week, is still open), and one that was in
/// progress before and after.
fn find(
    plan: &Plan,
    works: &[Work],
    free: &[bool],
    (waiting, blocker): (&str, &str),
    ago: i64,
    dice: &mut Dice,
) -> Option<Link> {
    let calendar = &plan.calendar;
    let (monday, wednesday) = (calendar.week(ago), calendar.week(ago).plus_days(2));
    let sunday = calendar.week(ago - 1).plus_days(-1);
    let until = |work: &Work| work.ended().unwrap_or(calendar.now);
    let in_progress = |work: &Work, from: Timestamp, to: Timestamp| {
        work.started().is_some_and(|start| start < from) && until(work) > to
    };
    let blockers: Vec<usize> = candidates(works, free, blocker)
        .filter(|i| works[*i].started().is_some_and(|start| start < monday))
        .filter(|i| match works[*i].ended() {
            Some(end) => wednesday <= end && end < sunday,
            None => ago == 0,
        })
        .collect();
    if blockers.is_empty() {
        return None;
    }
    let blocker = *dice.pick(&blockers);
    let end = until(&works[blocker]);
    let at = if works[blocker].ended().is_some() {
        let days = dice.between(1.0, 2.8);
        calendar.earlier(end, days, dice).max(monday.plus_millis(9 * 3_600_000))
    } else {
        calendar.earlier(end, 0.2, dice)
    };
    let waiters: Vec<usize> = candidates(works, free, waiting)
        .filter(|i| *i != blocker && in_progress(&works[*i], at, end.plus_millis(-1)))
        .collect();
    if waiters.is_empty() || at >= end {
        return None;
    }
    Some(Link { waiting: *dice.pick(&waiters), blocker, at })
}

fn candidates<'a>(
    works: &'a [Work],
    free: &'a [bool],
    stream: &'a str,
) -> impl Iterator<Item = usize> + 'a {
    (0..works.len()).filter(move |i| free[*i] && works[*i].stream() == stream)
}
