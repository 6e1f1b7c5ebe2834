//! What is stored of a project, under all the names that it has or had.

use std::collections::BTreeSet;

use super::run::{Run, Step};
use super::sweep::asked;
use crate::model::Departure;
use crate::store::Rostered;

/// The stored items of a project against the list of its ids.
pub struct Comparison {
    /// How many are stored and live.
    pub live: u64,
    /// Those that left because the project was closed or out of sight, and are not listed.
    pub put_away: Vec<Rostered>,
    /// Stored, live, known before the sweep began, and not listed.
    pub unlisted: Vec<Rostered>,
    /// Listed, and not stored as live items of this project.
    pub wanted: Vec<String>,
}

impl Run<'_> {
    /// Compares what is listed of a project with what is stored of it.
    pub async fn compare(&self, project: &str, listed: &BTreeSet<String>) -> Step<Comparison> {
        let (store, connection) = (self.store(), self.connection());
        let mut roster = store.roster(connection, self.names(project, false).await?).await?;
        // A renamed project is listed under its configured name and stored under its present one.
        let there: BTreeSet<&String> = roster.iter().map(|item| &item.source).collect();
        let others = listed.iter().filter(|source| !there.contains(source)).cloned().collect();
        let others = store.rostered(connection, others).await?;
        let scopes = self.tracker.projects();
        let is_scope = |name: &str| scopes.iter().any(|scope| scope.eq_ignore_ascii_case(name));
        let more: BTreeSet<String> = others
            .into_iter()
            .map(|item| item.project)
            .filter(|name| !is_scope(name) && !self.is_named(project, name))
            .collect();
        roster.extend(store.roster(connection, more.into_iter().collect()).await?);
        let mut wanted = listed.clone();
        let (mut live, mut unlisted, mut put_away) = (0, Vec::new(), Vec::new());
        for item in roster {
            let is_listed = listed.contains(&item.source);
            if !item.live {
                if !is_listed && item.left.as_ref().is_some_and(Departure::is_of_project) {
                    put_away.push(item);
                }
                continue;
            }
            live += 1;
            wanted.remove(&item.source);
            if item.first_seen < self.started_at && !is_listed {
                unlisted.push(item);
            }
        }
        Ok(Comparison { live, put_away, unlisted, wanted: wanted.into_iter().collect() })
    }

    /// Reads what is stored of a closed project: an item that moved out of it in time has not left.
    pub async fn read_again(&mut self, project: &str, silent: bool) -> Step<()> {
        let items = self.members(project, silent).await?;
        self.read_all(items).await.map(drop)
    }

    /// The live items that are stored of a project; see [`Run::names`].
    pub async fn members(&self, project: &str, silent: bool) -> Step<Vec<String>> {
        let names = self.names(project, silent).await?;
        let roster = self.store().roster(self.connection(), names).await?;
        Ok(roster.into_iter().filter(|item| item.live).map(|item| item.source).collect())
    }

    /// What leaves with a project: its live items, and those that left with it before, perhaps as
    /// it stood then. Archived projects go to the bin without ever being back.
    pub async fn leaving(&self, project: &str, silent: bool) -> Step<Vec<String>> {
        let names = self.names(project, silent).await?;
        let roster = self.store().roster(self.connection(), names).await?;
        let with = |item: &Rostered| item.left.as_ref().is_some_and(Departure::is_of_project);
        let own = roster.into_iter().filter(|item| item.live || with(item));
        Ok(own.map(|item| item.source).collect())
    }

    /// Whether a project has this name, in the configuration or by now.
    fn is_named(&self, project: &str, name: &str) -> bool {
        let present = self.tracker.present(project);
        project.eq_ignore_ascii_case(name)
            || present.is_some_and(|present| present.eq_ignore_ascii_case(name))
    }

    /// The names under which items of a project are stored: the configured one and the present
    /// one. A `silent` project, of which the tracker tells nothing any more, may have been renamed
    /// before this process began: then it also has the names that no other project claims.
    async fn names(&self, project: &str, silent: bool) -> Step<Vec<String>> {
        let (store, connection) = (self.store(), self.connection());
        let stored = store.project_names(connection).await?;
        let (mut names, others): (Vec<String>, Vec<String>) =
            stored.into_iter().partition(|name| self.is_named(project, name));
        if silent {
            let projects = asked(store, self.tracker).await?;
            let swept = store.sweeps(connection).await?;
            names.extend(others.into_iter().filter(|name| {
                let is_it = |known: &String| self.is_named(known, name);
                let is_swept = |known: &String| known.eq_ignore_ascii_case(name);
                !projects.iter().any(is_it) && !swept.iter().any(|last| is_swept(&last.project))
            }));
        }
        Ok(names)
    }
}
