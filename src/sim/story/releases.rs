//! Released versions and published releases: every second week, with what was delivered since.

use crate::model::Timestamp;
use crate::model::period::start_of_day;

use super::Plan;
use super::calendar::ZONE;
use super::cast::{Home, TEAMS};
use super::work::Work;

pub(super) const PROJECTS: &[(&str, &str)] =
    &[("BOOK", "Booking"), ("FLEET", "Fleet"), ("ID", "Identity"), ("PAY", "Payments")];

/// A version of a Jira project.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version {
    pub(super) project: &'static str,
    pub(super) name: String,
    /// `yyyy-MM-dd`; `None` while it is not released.
    pub(super) date: Option<String>,
    /// When its cards were assigned to it.
    pub(super) cut: Timestamp,
    /// Indices into the works, sorted.
    pub(super) works: Vec<usize>,
}

/// A release of a repository of the organisation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Release {
    pub(super) repo: &'static str,
    pub(super) tag: String,
    pub(super) published: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Trains {
    pub(super) versions: Vec<Version>,
    pub(super) releases: Vec<Release>,
}

impl Trains {
    /// When the first version with a card of the epic was out: the midnight after its date.
    pub(super) fn first_with(&self, works: &[Work], epic: usize, plan: &Plan) -> Option<Timestamp> {
        let holds = |version: &&Version| {
            version.date.is_some() && version.works.iter().any(|i| works[*i].epic == Some(epic))
        };
        let first = self.versions.iter().filter(holds).map(|version| version.cut).min()?;
        let ago = plan.calendar.weeks_ago(first).ceil() as i64;
        Some(plan.calendar.week(ago).plus_days(3))
    }
}

pub(super) fn cut(plan: &Plan, works: &[Work]) -> Trains {
    let calendar = &plan.calendar;
    let mut trains = Trains::default();
    for (project, _) in PROJECTS {
        let mut taken = Timestamp::MIN;
        let mut number = 0;
        for ago in (0..calendar.weeks() - 2).rev().filter(|ago| ago % 2 == 0) {
            let cut = calendar.at_hour(ago, 2, 13);
            let released = start_of_day(calendar.monday(ago) + chrono::Days::new(3), ZONE);
            if released > calendar.now {
                continue;
            }
            number += 1;
            let day = calendar.monday(ago) + chrono::Days::new(2);
            trains.versions.push(Version {
                project,
                name: format!("{project} {}.{}", 4 + number / 10, number % 10),
                date: Some(day.to_string()),
                cut,
                works: delivered_between(works, project, taken, cut),
            });
            taken = cut;
        }
        number += 1;
        trains.versions.push(Version {
            project,
            name: format!("{project} {}.{}", 4 + number / 10, number % 10),
            date: None,
            cut: calendar.now,
            works: Vec::new(),
        });
    }
    for team in TEAMS {
        if let Home::GitHub(repo) = team.home {
            for (number, ago) in
                (0..calendar.weeks() - 2).rev().filter(|ago| ago % 2 == 1).enumerate()
            {
                let published = calendar.at_hour(ago, 3, 11);
                trains.releases.push(Release { repo, tag: format!("v2.{number}.0"), published });
            }
        }
    }
    trains
}

fn delivered_between(works: &[Work], project: &str, from: Timestamp, to: Timestamp) -> Vec<usize> {
    let in_project =
        |work: &Work| matches!(TEAMS[work.team].home, Home::Jira(p, _) if p == project);
    (0..works.len())
        .filter(|i| in_project(&works[*i]))
        .filter(|i| works[*i].delivered().is_some_and(|at| from <= at && at < to))
        .collect()
}
