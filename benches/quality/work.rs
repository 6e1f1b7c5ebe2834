//! The cards of an organisation, from the line that they are taken from to their end.
//!
//! Each team keeps a number of cards in progress and takes the next one when a place is free. All
//! durations are counted in working days.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use streamgauge::model::Kind;

use super::calendar::WEEKS;
use super::dice::Dice;
use super::organisation::{Organisation, Team};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Backlog,
    Doing,
    Blocked,
    Ready,
    Review,
    Done,
    Dropped,
}

#[derive(Debug, Clone)]
pub struct Card {
    pub team: usize,
    pub stream: usize,
    pub epic: Option<usize>,
    pub kind: Kind,
    /// Instants, ascending, each with the state from then on; the first is the creation.
    pub steps: Vec<(i64, State)>,
    /// The card that it waited for, and when.
    pub waited: Option<(usize, i64, i64)>,
}

impl Card {
    fn step(&mut self, at: i64, state: State) {
        let last = self.steps.last().map_or(i64::MIN, |step| step.0 + 60_000);
        self.steps.push((at.max(last), state));
    }

    /// The end of its life, once it is over.
    pub fn end(&self) -> Option<(i64, State)> {
        self.steps
            .last()
            .copied()
            .filter(|(_, state)| matches!(state, State::Done | State::Dropped))
    }
}

/// Every card that was started, in the order of starts.
pub fn cards(own: &Organisation, seed: u64) -> Vec<Card> {
    let mut dice: Vec<Dice> =
        (0..own.teams.len()).map(|team| Dice::new(seed, 100 + team as u64)).collect();
    let mut last = vec![None; own.teams.len()];
    let mut free = BinaryHeap::new();
    for (ix, team) in own.teams.iter().enumerate() {
        for (place, from) in team.places.iter().enumerate() {
            let at = own.calendar.at(*from, 0, 9);
            let at = own.calendar.after(at, dice[ix].between(0.0, 6.0));
            free.push(Reverse((at, ix, place)));
        }
    }
    let (ranks, places) = ranks(own);
    let end = own.calendar.at(WEEKS, 1, 0);
    let mut cards: Vec<Card> = Vec::new();
    let mut queued = vec![0_usize; own.streams];
    while let Some(Reverse((at, ix, place))) = free.pop() {
        let team = &own.teams[ix];
        let since = own.calendar.since_onset(at);
        let rank = ranks[ix].get(place).copied().unwrap_or(0.0);
        if at >= end || rank >= own.effects.places(team.stream, since) {
            continue;
        }
        // A growing queue: now and then another place comes into being beside this one.
        let wanted = (own.effects.queue(team.stream, since) * places[team.stream] as f64) as usize;
        if queued[team.stream] < wanted {
            queued[team.stream] += 1;
            free.push(Reverse((at + 600_000, ix, usize::MAX)));
        }
        let mut take = Take { own, team, dice: &mut dice[ix], at, cards: &cards };
        let (card, freed) = take.card(ix, &mut last[ix]);
        let soon = 300_000 + take.dice.below(2_400_000) as i64;
        free.push(Reverse((freed + soon, ix, place)));
        cards.push(card);
    }
    cards
}

/// For each place of each team, its rank among the places of the stream, from 0 to 1; and how many
/// places each stream has. Streams lose the places of high rank first, from all teams alike.
fn ranks(own: &Organisation) -> (Vec<Vec<f64>>, Vec<usize>) {
    let mut ranks: Vec<Vec<f64>> = own.teams.iter().map(|t| vec![0.0; t.places.len()]).collect();
    let mut places = vec![0; own.streams];
    for (stream, count) in places.iter_mut().enumerate() {
        let teams = || own.teams.iter().enumerate().filter(|(_, team)| team.stream == stream);
        let mut all: Vec<(usize, usize)> =
            teams().flat_map(|(ix, team)| (0..team.places.len()).map(move |p| (p, ix))).collect();
        all.sort_unstable();
        *count = all.len();
        for (rank, (place, ix)) in all.iter().enumerate() {
            ranks[*ix][*place] = rank as f64 / *count as f64;
        }
    }
    (ranks, places)
}

/// A team about to take a card.
struct Take<'a> {
    own: &'a Organisation,
    team: &'a Team,
    dice: &'a mut Dice,
    at: i64,
    cards: &'a [Card],
}

impl Take<'_> {
    fn after(&self, at: i64, workdays: f64) -> i64 {
        let done = self.own.calendar.after(at, workdays);
        let since = |at| self.own.calendar.since_onset(at);
        // A dead week holds up what would have been finished in it.
        if self.own.effects.dead(self.team.stream, since(done)) {
            return self.own.calendar.after(done, 5.0);
        }
        done
    }

    /// Between some and some more workdays later.
    fn later(&mut self, at: i64, low: f64, high: f64) -> i64 {
        let days = self.dice.between(low, high);
        self.after(at, days)
    }

    /// The next card; also tells when its place is free again.
    fn card(&mut self, ix: usize, last: &mut Option<usize>) -> (Card, i64) {
        let (own, team, at) = (self.own, self.team, self.at);
        let since = own.calendar.since_onset(at);
        let line = self.line(since, last);
        let stream = line.map_or(team.stream, |line| own.lines[line].stream);
        let week = own.calendar.week(at);
        let epic = line.map(|line| {
            let epics = &own.lines[line].epics;
            epics.iter().rfind(|(_, from)| *from <= week).unwrap_or(&epics[0]).0
        });
        let lead = self.dice.lognormal(10.0, 0.8).min(90.0);
        let created = at - (lead * 86_400_000.0) as i64;
        let kind = self.kind(since);
        let mut card = Card { team: ix, stream, epic, kind, steps: Vec::new(), waited: None };
        card.step(created, State::Backlog);
        if self.dice.chance(0.02) {
            // Nobody marked the start.
            let done = self.later(at, 0.5, 2.0);
            card.step(done, State::Done);
            return (card, done);
        }
        card.step(at, State::Doing);
        let pace =
            team.pace[week.min(team.pace.len() - 1)].exp() * own.effects.work(team.stream, since);
        let days = (self.dice.lognormal(team.work.0, team.work.1) * pace).clamp(0.2, 40.0);
        let freed = self.work(&mut card, days);
        (card, freed)
    }

    fn line(&mut self, since: f64, last: &mut Option<usize>) -> Option<usize> {
        let (own, team) = (self.own, self.team);
        let moved = own.effects.moved(team.stream, since);
        let draws = (self.dice.chance(team.sticks), self.dice.unit(), self.dice.below(3));
        let parts: Vec<f64> = team.lines.iter().map(|(_, part)| *part).collect();
        let upkeep = 1.0 - parts.iter().sum::<f64>();
        let parts: Vec<f64> = parts.into_iter().chain([upkeep]).collect();
        let chosen = self.dice.weighted(&parts);
        let place = if draws.0 { last.unwrap_or(chosen) } else { chosen };
        *last = Some(place);
        if draws.1 < moved {
            return Some(own.effects.other * 3 + draws.2);
        }
        team.lines.get(place).map(|(line, _)| *line)
    }

    fn kind(&mut self, since: f64) -> Kind {
        let defects = self.own.effects.defects(since);
        let kinds = [
            (Kind::Feature, 0.60),
            (Kind::Debt, 0.10),
            (Kind::Discovery, 0.08),
            (Kind::Risk, 0.05),
            (Kind::Governance, 0.02),
        ];
        if self.dice.chance(defects) {
            return Kind::Defect;
        }
        let weights = kinds.map(|(_, weight)| weight);
        kinds[self.dice.weighted(&weights)].0
    }

    /// Works on a card for some days and sees it to its end. Returns when its place is free.
    fn work(&mut self, card: &mut Card, days: f64) -> i64 {
        let own = self.own;
        let since = own.calendar.since_onset(self.at);
        let waits = own.waits + own.effects.waits(card.stream, since);
        if self.dice.chance(own.forgotten + own.effects.left(self.team.stream, since)) {
            return self.forget(card, days);
        }
        let mut end = self.after(self.at, days);
        let mut freed = end;
        if self.dice.chance(waits) {
            let from = self.after(self.at, days * 0.4);
            if let Some((blocker, until)) = self.blocker(card.stream, from) {
                card.waited = Some((blocker, from, until));
                card.step(from, State::Blocked);
                card.step(until, State::Doing);
                end = self.after(until, days * 0.6);
                freed = from;
            }
        } else if self.dice.chance(0.04) {
            let from = self.after(self.at, days * 0.4);
            let days_blocked = self.dice.lognormal(2.0, 0.6);
            let until = self.after(from, days_blocked);
            card.step(from, State::Blocked);
            card.step(until, State::Doing);
            end = self.after(until, days * 0.6);
            freed = from;
        } else if self.dice.chance(0.02) {
            let from = self.after(self.at, days * 0.5);
            let until = self.later(from, 2.0, 15.0);
            card.step(from, State::Backlog);
            card.step(until, State::Doing);
            end = self.after(until, days * 0.5);
            freed = from;
        }
        if self.dice.chance(0.03) {
            card.step(end, State::Dropped);
            return freed.min(end);
        }
        self.review(card, end);
        freed
    }

    /// Two queues, now and then a second round, the end of the sprint, and sometimes a return.
    fn review(&mut self, card: &mut Card, from: i64) {
        let own = self.own;
        let stream = self.team.stream;
        let mut at = from;
        let times = |at: i64| {
            let week = own.calendar.week(at).min(WEEKS + 9);
            own.review[stream][week].exp()
                * own.effects.review(stream, own.calendar.since_onset(at))
        };
        let (median, sigma) = self.team.review;
        for state in [State::Ready, State::Review] {
            card.step(at, state);
            let days = self.dice.lognormal(median, sigma) * times(at);
            at = self.after(at, days.min(40.0));
        }
        if self.dice.chance(0.1) {
            card.step(at, State::Doing);
            at = self.later(at, 0.3, 0.9);
            card.step(at, State::Review);
            let days = self.dice.lognormal(median, sigma) * times(at);
            at = self.after(at, days.min(40.0));
        }
        let (batched, jitter) = (self.dice.chance(self.team.batches), self.dice.below(3_600_000));
        if batched {
            // The next Friday of an even week, at three.
            let mut week = own.calendar.week(at);
            week += week % 2;
            while own.calendar.at(week, 4, 15) < at {
                week += 2;
            }
            at = own.calendar.at(week, 4, 15) + jitter as i64;
        }
        card.step(at, State::Done);
        if self.dice.chance(own.effects.returns(stream, own.calendar.since_onset(at))) {
            let again = self.later(at, 1.0, 8.0);
            let fixed = self.later(again, 0.3, 1.5);
            card.step(again, State::Doing);
            card.step(fixed, State::Review);
            card.step(self.after(fixed, 0.3), State::Done);
        }
    }

    /// The card is left lying until its stream clears up: dropped, or closed as done.
    fn forget(&mut self, card: &mut Card, days: f64) -> i64 {
        let own = self.own;
        let left = self.after(self.at, days);
        if self.dice.chance(0.5) {
            card.step(left, State::Review);
        }
        let state = if self.dice.chance(0.7) { State::Dropped } else { State::Done };
        let jitter = self.dice.below(1_800_000) as i64;
        let week = own.calendar.week(left);
        let clearing =
            own.clearings[self.team.stream].iter().find(|clearing| **clearing > week + 1);
        if let Some(clearing) = clearing {
            card.step(own.calendar.at(*clearing, 1, 14) + jitter, state);
        }
        left
    }

    /// A card of another stream that is under way, and when the wait for it ends.
    fn blocker(&mut self, stream: usize, from: i64) -> Option<(usize, i64)> {
        let own = self.own;
        let since = own.calendar.since_onset(from);
        let only = (own.effects.waits(stream, since) > 0.0).then_some(own.effects.other);
        let under_way = |card: &Card| {
            let started = card.steps.get(1).is_some_and(|(at, _)| *at <= from);
            started && card.end().is_none_or(|(at, _)| at > from + 3_600_000)
        };
        let first = self.cards.len().saturating_sub(300);
        let able: Vec<usize> = (first..self.cards.len())
            .filter(|ix| {
                let card = &self.cards[*ix];
                card.stream != stream
                    && only.is_none_or(|only| card.stream == only)
                    && under_way(card)
            })
            .collect();
        if able.is_empty() {
            return None;
        }
        let chosen = able[self.dice.below(able.len())];
        let latest = self.after(from, 15.0);
        let end = self.cards[chosen].end().map_or(latest, |(at, _)| at.min(latest));
        Some((chosen, end))
    }
}
