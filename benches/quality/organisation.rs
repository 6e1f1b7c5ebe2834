//! An organisation that a seed invents: its streams, teams, lines of work, and habits.

use super::calendar::{Calendar, ONSET, WEEKS};
use super::dice::Dice;
use super::disturbance::{Disturbance, Effects};

/// What makes real series unlike thrown dice. Each can be left out, to see what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nature {
    /// Pace, reviews and the choice of work depend on the weeks before.
    pub autocorrelation: bool,
    pub holidays: bool,
    /// Some teams close their cards at the end of a sprint; forgotten cards are closed together.
    pub batches: bool,
    /// Half of the organisations grow by up to 40 % a year.
    pub growth: bool,
}

impl Nature {
    pub const QUIET: Self =
        Self { autocorrelation: true, holidays: true, batches: true, growth: true };
    pub const PLAIN: Self =
        Self { autocorrelation: false, holidays: false, batches: false, growth: false };
}

/// A lasting strand of investment; epics succeed one another in it.
#[derive(Debug)]
pub struct Line {
    pub stream: usize,
    pub theme: usize,
    pub horizon: &'static str,
    /// Indices of its epics, and the week from which each is worked on, ascending.
    pub epics: Vec<(usize, usize)>,
}

#[derive(Debug)]
pub struct Team {
    pub stream: usize,
    /// Lines and their part of the attention; what is missing to one is upkeep without an epic.
    pub lines: Vec<(usize, f64)>,
    /// Places for cards in progress: the week from which each exists.
    pub places: Vec<usize>,
    /// Median active workdays of a card, and the spread of their logarithm.
    pub work: (f64, f64),
    /// The same for each of two queues of a review.
    pub review: (f64, f64),
    /// Chance that the next card is of the same line.
    pub sticks: f64,
    /// Chance that a finished card waits for the end of the sprint.
    pub batches: f64,
    /// Logarithm of the pace in each week.
    pub pace: Vec<f64>,
}

#[derive(Debug)]
pub struct Organisation {
    pub calendar: Calendar,
    pub effects: Effects,
    pub streams: usize,
    pub teams: Vec<Team>,
    pub lines: Vec<Line>,
    /// Logarithm of the length of reviews, by stream and week.
    pub review: Vec<Vec<f64>>,
    /// Streams that release, on Wednesdays.
    pub releases: Vec<bool>,
    /// Chance that a card waits for another stream.
    pub waits: f64,
    /// Chance that a card is forgotten, and the weeks in which each stream clears up.
    pub forgotten: f64,
    pub clearings: Vec<Vec<usize>>,
    /// For each measure: the epic that is meant to move it, its level, the standard deviation of its
    /// readings, and their autocorrelation.
    pub measures: Vec<(usize, f64, f64, f64)>,
}

pub const THEMES: usize = 3;
const HORIZONS: [&str; 3] = ["near", "mid", "far"];

impl Organisation {
    pub fn new(seed: u64, nature: Nature, planted: Option<Disturbance>) -> Self {
        let mut dice = Dice::new(seed, 0);
        let calendar = Calendar::new(&mut dice, nature.holidays);
        let streams = 3 + dice.below(3);
        let effects = Effects { planted, stream: dice.below(streams), other: 0 };
        let effects =
            Effects { other: (effects.stream + 1 + dice.below(streams - 1)) % streams, ..effects };
        let lines = lines(&mut dice, streams);
        let growth = if dice.chance(0.5) { dice.between(0.0, 0.4) } else { 0.0 };
        let growth = if nature.growth { growth } else { 0.0 };
        let (phi, sd) = (dice.between(0.2, 0.8), dice.between(0.05, 0.25));
        let sd = if nature.autocorrelation { sd } else { 0.0 };
        let sticks = dice.between(0.2, 0.7);
        let sticks = if nature.autocorrelation { sticks } else { 0.0 };
        let mut teams = Vec::new();
        for stream in 0..streams {
            for _ in 0..3 + dice.below(2) {
                let mut team = team(&mut dice, stream, streams, &lines);
                let extra = growth * team.places.len() as f64 * WEEKS as f64 / 52.0;
                let extra = extra.floor() as usize + usize::from(dice.chance(extra.fract()));
                team.places.extend((0..extra).map(|_| dice.below(WEEKS)));
                team.sticks = sticks;
                let batches = if dice.chance(0.3) { dice.between(0.4, 0.9) } else { 0.0 };
                team.batches = if nature.batches { batches } else { 0.0 };
                team.pace = dice.wander(WEEKS + 10, phi, sd);
                teams.push(team);
            }
        }
        let review = (0..streams).map(|_| dice.wander(WEEKS + 10, phi, 1.5 * sd)).collect();
        let forgotten = dice.between(0.005, 0.03);
        let clearings = (0..streams).map(|_| clearings(&mut dice)).collect();
        // Main lines of teams, those of the chosen stream first.
        let mut main: Vec<usize> = Vec::new();
        let first = |team: &&Team| team.stream == effects.stream;
        for team in teams.iter().filter(first).chain(&teams) {
            if !main.contains(&team.lines[0].0) {
                main.push(team.lines[0].0);
            }
        }
        let measures = main
            .into_iter()
            .take(4)
            .map(|line| {
                // The epic that is under way at the onset.
                let line: &Line = &lines[line];
                let epic = line.epics.iter().rfind(|(_, from)| *from <= ONSET - 5).unwrap().0;
                let level = dice.between(20.0, 60.0);
                let phi = dice.between(0.0, 0.6);
                let phi = if nature.autocorrelation { phi } else { 0.0 };
                (epic, level, level * dice.between(0.03, 0.1), phi)
            })
            .collect();
        Self {
            releases: (0..streams).map(|s| dice.chance(0.75) || s == effects.stream).collect(),
            waits: dice.between(0.02, 0.06),
            forgotten: if nature.batches { forgotten } else { 0.0 },
            calendar,
            effects,
            streams,
            teams,
            lines,
            review,
            clearings,
            measures,
        }
    }

    /// The part of each stream in the attention of all teams, as the lines divide it.
    pub fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.streams];
        for team in &self.teams {
            let upkeep = 1.0 - team.lines.iter().map(|(_, part)| part).sum::<f64>();
            shares[team.stream] += upkeep;
            for (line, part) in &team.lines {
                shares[self.lines[*line].stream] += part;
            }
        }
        shares.iter().map(|share| share / self.teams.len() as f64).collect()
    }
}

/// Three lines a stream; an epic lasts 8 to 25 weeks, and the present one began 5 to 20 weeks before
/// the onset.
fn lines(dice: &mut Dice, streams: usize) -> Vec<Line> {
    let mut epics = 0;
    let lines = (0..streams * 3).map(|n| {
        let present = ONSET - (5 + dice.below(16));
        let mut starts = vec![present];
        while starts[0] > 0 {
            let last = starts[0];
            starts.insert(0, last.saturating_sub(8 + dice.below(18)));
        }
        let next = ONSET + 2 + dice.below(24);
        starts.push(next);
        let list = starts.into_iter().map(|from| {
            epics += 1;
            (epics - 1, from)
        });
        Line {
            stream: n / 3,
            epics: list.collect(),
            theme: dice.below(THEMES),
            horizon: HORIZONS[dice.below(3)],
        }
    });
    lines.collect()
}

fn team(dice: &mut Dice, stream: usize, streams: usize, lines: &[Line]) -> Team {
    let own = stream * 3 + dice.below(3);
    let second = stream * 3 + (own + 1 + dice.below(2)) % 3;
    let part = dice.between(0.3, 0.6);
    let mut parts = vec![(own, part), (second, 0.85 - part)];
    if dice.chance(0.25) {
        let foreign = (stream + 1 + dice.below(streams - 1)) % streams;
        parts.push((foreign * 3 + dice.below(3), 0.15));
        parts[0].1 -= 0.15;
    }
    debug_assert!(parts.iter().all(|(line, _)| *line < lines.len()));
    Team {
        stream,
        lines: parts,
        places: vec![0; 2 + dice.below(3)],
        work: (dice.between(1.5, 4.5), dice.between(0.5, 0.8)),
        review: (dice.between(0.3, 1.5), dice.between(0.5, 0.8)),
        sticks: 0.0,
        batches: 0.0,
        pace: Vec::new(),
    }
}

fn clearings(dice: &mut Dice) -> Vec<usize> {
    let mut week = dice.below(26);
    let mut weeks = Vec::new();
    while week < WEEKS + 8 {
        weeks.push(week);
        week += 20 + dice.below(11);
    }
    weeks
}
