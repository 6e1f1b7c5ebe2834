//! Ids and keys, given out in the order in which things were created.

use std::collections::BTreeMap;

use crate::model::Timestamp;

use super::Plan;
use super::cast::{EPICS, Home, TEAMS};
use super::flow::epic_created;
use super::work::{State, Work};

/// The repository that holds the epics of GitHub teams.
pub(super) const ROADMAP: &str = "roadmap";
pub(super) const ORGANISATION: &str = "northwind";

/// How a tracker calls something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) id: u64,
    /// `PAY-12`, or `northwind/consent#12`.
    pub(super) key: String,
    /// The number inside the project or repository.
    pub(super) number: u64,
    /// The key before it moved.
    pub(super) old_key: Option<String>,
}

/// The names of everything, by index.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    works: Vec<Name>,
    epics: Vec<Name>,
    pulls: BTreeMap<usize, Name>,
}

impl Numbers {
    pub(super) fn work(&self, index: usize) -> &Name {
        &self.works[index]
    }

    /// Default for an epic that the story is too short for.
    pub(super) fn epic(&self, index: usize) -> &Name {
        &self.epics[index]
    }

    /// The pull request that closes a card.
    pub(super) fn pull(&self, work: usize) -> Option<&Name> {
        self.pulls.get(&work)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Epic(usize),
    Work(usize),
    Moved(usize),
    Pull(usize),
}

pub(super) fn assign(plan: &Plan, works: &[Work]) -> Numbers {
    let mut entries: Vec<(Timestamp, What, &'static str, bool)> = Vec::new();
    for (index, epic) in EPICS.iter().enumerate().filter(|(_, e)| plan.has(e)) {
        let at = epic_created(&plan.calendar, index);
        let project = epic.line().project;
        entries.push((at, What::Epic(index), project.unwrap_or(ROADMAP), project.is_some()));
    }
    for (index, work) in works.iter().enumerate() {
        match TEAMS[work.team].home {
            Home::Jira(project, _) => {
                let first = work.moved.map_or(project, |(origin, _)| origin);
                entries.push((work.created, What::Work(index), first, true));
                if let Some((_, at)) = work.moved {
                    entries.push((at, What::Moved(index), project, true));
                }
            }
            Home::GitHub(repo) => {
                entries.push((work.created, What::Work(index), repo, false));
                if let Some(at) = pull_opened(work) {
                    entries.push((at, What::Pull(index), repo, false));
                }
            }
        }
    }
    entries.sort_unstable();
    name(entries, works.len())
}

fn name(entries: Vec<(Timestamp, What, &'static str, bool)>, works: usize) -> Numbers {
    let mut numbers = Numbers {
        works: vec![Name::default(); works],
        epics: vec![Name::default(); EPICS.len()],
        pulls: BTreeMap::new(),
    };
    let mut counters: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut jira_id, mut github_id) = (10_000, 2_400_000_000);
    for (_, what, place, jira) in entries {
        let number = counters.entry(place).or_insert(0);
        *number += 1;
        let number = *number;
        let (id, key) = if jira {
            (&mut jira_id, format!("{place}-{number}"))
        } else {
            (&mut github_id, format!("{ORGANISATION}/{place}#{number}"))
        };
        if let What::Moved(index) = what {
            let name = &mut numbers.works[index];
            name.old_key = Some(std::mem::replace(&mut name.key, key));
            name.number = number;
            continue;
        }
        *id += if jira { 1 } else { 7 };
        let name = Name { id: *id, key, number, old_key: None };
        match what {
            What::Epic(index) => numbers.epics[index] = name,
            What::Pull(index) => {
                numbers.pulls.insert(index, name);
            }
            What::Work(index) | What::Moved(index) => numbers.works[index] = name,
        }
    }
    numbers
}

/// When the pull request of a GitHub card was opened: with its first review, or as a draft a
/// while after work began.
pub(super) fn pull_opened(work: &Work) -> Option<Timestamp> {
    let review = work.steps.iter().find(|step| step.state == State::InReview)?;
    let begun = work.started()?;
    let early = work.title.len().is_multiple_of(3);
    let gap = review.at.millis() - begun.millis();
    Some(if early { begun.plus_millis(gap / 2) } else { review.at.plus_millis(-180_000) })
}
