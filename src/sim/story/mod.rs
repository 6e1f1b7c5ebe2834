//! Northwind, an organisation that never was: four value streams, fourteen teams, two trackers,
//! eighteen months of history that end now.
//!
//! The same seed and the same `now` give the same story. A handful of facts are planted
//! ([`Planted`]) and everything else is quiet: every team keeps a fixed number of cards in
//! progress and chooses the next one by what its allocation is owed, so that weekly shares vary
//! without drifting. [`quiet`] is the same organisation with nothing planted.

mod calendar;
mod cast;
mod dice;
mod edits;
mod flow;
mod github;
mod jira;
mod links;
mod numbers;
mod oddities;
mod outcomes;
mod planted;
mod portfolio;
mod releases;
mod titles;
mod work;

pub use edits::{Edit, Edits, Target};
pub use planted::Planted;

use crate::model::{Decision, Reading, Timestamp};
use crate::sim::github::records as github_records;
use crate::sim::jira::records as jira_records;

use calendar::Calendar;

/// How much history to invent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Eighteen months, for the demo.
    Demo,
    /// Forty-four weeks: enough for every signal's window, quick enough for many seeds.
    Test,
}

impl Size {
    /// Complete weeks of history before the week of `now`.
    #[must_use]
    pub fn weeks(self) -> i64 {
        match self {
            Self::Demo => 78,
            Self::Test => 44,
        }
    }
}

/// Everything about the organisation at `now`.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// The site behind the connection `jira`, in normal form.
    pub jira: Vec<jira_records::Record>,
    /// The site behind the connection `github`, in normal form.
    pub github: Vec<github_records::Record>,
    /// What the organisation declares, as `portfolio.toml`.
    pub portfolio_toml: String,
    /// Oldest first. Ids are `D-1`, `D-2`, ... in that order; known when made.
    pub decisions: Vec<Decision>,
    /// Sorted by measure, then instant; known when read.
    pub readings: Vec<Reading>,
    /// What the signals are expected to see; empty for [`quiet`].
    pub planted: Vec<Planted>,
    /// Names and ids of the teams, which must not appear in text above the team.
    pub teams: Vec<String>,
}

/// The organisation with its planted facts.
///
/// `now` is the end of history: no record is later. `seed` decides every chance.
#[must_use]
pub fn generate(seed: u64, now: Timestamp, size: Size) -> Story {
    tell(seed, now, size, true)
}

/// The same organisation with nothing planted, for counting false alarms.
#[must_use]
pub fn quiet(seed: u64, now: Timestamp, size: Size) -> Story {
    tell(seed, now, size, false)
}

/// Plausible edits of the sites of [`generate`] with the same arguments, for a running demo: an
/// endless sequence, valid when applied in order.
#[must_use]
pub fn edits(seed: u64, now: Timestamp, size: Size) -> Edits {
    let plan = Plan::new(seed, now, size, true);
    let mut works = flow::simulate(&plan);
    oddities::add(&plan, &mut works);
    let numbers = numbers::assign(&plan, &works);
    Edits::new(&plan, &works, &numbers)
}

/// What every part of the story starts from.
#[derive(Debug)]
struct Plan {
    seed: u64,
    calendar: Calendar,
    planted: bool,
}

impl Plan {
    /// The story is long enough for the epic.
    fn has(&self, epic: &cast::EpicCast) -> bool {
        epic.exists_in(self.calendar.weeks())
    }

    fn new(seed: u64, now: Timestamp, size: Size, planted: bool) -> Self {
        Self { seed, calendar: Calendar::new(now, size.weeks()), planted }
    }
}

fn tell(seed: u64, now: Timestamp, size: Size, planted: bool) -> Story {
    let plan = Plan::new(seed, now, size, planted);
    let mut works = flow::simulate(&plan);
    oddities::add(&plan, &mut works);
    let numbers = numbers::assign(&plan, &works);
    let links = links::plant(&plan, &works);
    let trains = releases::cut(&plan, &works);
    let (decisions, readings) = outcomes::record(&plan, &works, &numbers, &trains);
    Story {
        jira: jira::records(&plan, &works, &numbers, &links, &trains),
        github: github::records(&plan, &works, &numbers, &trains),
        portfolio_toml: portfolio::toml(&plan, &numbers),
        decisions,
        readings,
        planted: if planted { planted::facts(&numbers) } else { Vec::new() },
        teams: cast::TEAMS.iter().flat_map(|t| [t.id.to_owned(), t.name.to_owned()]).collect(),
    }
}
