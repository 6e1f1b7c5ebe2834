//! What leaves: issues that are deleted, moved, transferred, archived or hidden, projects that are
//! closed and opened again; and the ledger of it, against which the oracle holds the store.

use std::collections::{BTreeMap, BTreeSet};

use streamgauge::model::{Departure, Timestamp};
use streamgauge::sim::jira::{self, Shelf};

use super::corpus::{ATTIC, BOOK, OTHER, PAY, REPOS};
use super::life::Life;

/// Items that have to leave at once before a sweep believes in nothing.
const MASS: usize = 21;

/// What happened to items and projects, by connection and id.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Issues of Jira that people made, as long as they exist.
    pub jira: Vec<u64>,
    /// Issues of GitHub with their repository, as long as they exist.
    pub github: BTreeMap<u64, u64>,
    /// Open pull requests of GitHub with their repository; they are no items.
    pub pulls: BTreeMap<u64, u64>,
    /// Departures of single items: those of GitHub are final, those of Jira may be undone.
    pub left: BTreeMap<(&'static str, String), BTreeSet<String>>,
    /// Projects and repositories that were ever closed or hidden.
    pub closed: BTreeSet<u64>,
    /// Projects and repositories that are closed to us now, and how.
    pub shut: BTreeMap<u64, Departure>,
    /// The projects of deleted issues of Jira.
    pub buried: BTreeMap<String, u64>,
    /// When an issue of Jira came into a project of ours.
    pub came: BTreeMap<u64, Timestamp>,
    /// Issues of Jira with a wrong stamp or a history that was written anew.
    pub odd: BTreeSet<u64>,
    /// Whether more left at once than a sweep believes in.
    pub mass: bool,
    /// Whether Jira takes us for a stranger now.
    pub refused: bool,
    /// Whether the credential died and came back in the middle of a walk. Jira answers a stranger
    /// with an empty page, and no answer tells for whom it was.
    pub flickered: bool,
}

impl Ledger {
    fn leave(&mut self, connection: &'static str, source: String, departure: &Departure) {
        let left = self.left.entry((connection, source)).or_default();
        left.insert(departure.code().to_owned());
    }

    /// Whether an item ever left in this way.
    pub fn left_as(&self, connection: &'static str, source: &str, departure: &Departure) -> bool {
        let left = self.left.get(&(connection, source.to_owned()));
        left.is_some_and(|left| left.contains(departure.code()))
    }

    /// Whether people can change what is in a project or repository: what is archived or thrown
    /// away is closed to everybody, what is hidden only to us.
    pub fn is_writable(&self, project: u64) -> bool {
        self.shut.get(&project).is_none_or(|how| *how == Departure::AccessLost)
    }
}

/// Something leaves, or comes back.
pub fn depart(life: &mut Life) {
    match life.dice.below(2) {
        0 => jira_departs(life),
        _ => github_departs(life),
    }
}

/// Issues of Jira that people can change.
pub fn jira_ids(life: &Life) -> Vec<u64> {
    let site = jira::lock(&life.jira);
    let open = |id: &&u64| {
        site.issue(**id).is_some_and(|issue| {
            life.ledger.is_writable(issue.project)
                && !site.catalogue().archived_issues.contains_key(id)
        })
    };
    life.ledger.jira.iter().filter(open).copied().collect()
}

/// Issues of GitHub that people can change.
pub fn github_ids(life: &Life) -> Vec<u64> {
    let open = life.ledger.github.iter().filter(|(_, repo)| life.ledger.is_writable(**repo));
    open.map(|(id, _)| *id).collect()
}

fn jira_departs(life: &mut Life) {
    let dice = life.dice.clone();
    let ids = jira_ids(life);
    match dice.below(12) {
        0..3 if !ids.is_empty() => delete_in_jira(life, dice.pick(&ids)),
        3..5 if !ids.is_empty() => {
            let to = dice.pick(&[PAY, BOOK, OTHER]);
            move_in_jira(life, dice.pick(&ids), to);
        }
        5 => archive_in_jira(life),
        6 => hide_in_jira(life),
        7..10 => delete_many(life, &ids),
        _ => shut_in_jira(life),
    }
}

fn delete_in_jira(life: &mut Life, id: u64) {
    let mut site = jira::lock(&life.jira);
    life.ledger.buried.insert(id.to_string(), site.issue(id).unwrap().project);
    site.delete_issue(id).unwrap();
    drop(site);
    life.ledger.jira.retain(|known| *known != id);
    life.ledger.leave("jira", id.to_string(), &Departure::Gone);
    life.note("deleted", &format!("Jira {id}"));
}

/// More of one project than a sweep believes in.
fn delete_many(life: &mut Life, ids: &[u64]) {
    let site = jira::lock(&life.jira);
    let of_pay = |id: &&u64| site.issue(**id).is_some_and(|issue| issue.project == PAY);
    let ids: Vec<u64> = ids.iter().filter(of_pay).copied().collect();
    drop(site);
    if ids.len() > MASS {
        ids.into_iter().take(MASS).for_each(|id| delete_in_jira(life, id));
        life.ledger.mass = true;
        life.note("mass deletion", "");
    }
}

fn move_in_jira(life: &mut Life, id: u64, to: u64) {
    let from = jira::lock(&life.jira).issue(id).unwrap().project;
    if from == to || !life.ledger.is_writable(to) {
        return;
    }
    let key = jira::lock(&life.jira).move_to_project(id, to, None).unwrap();
    if to == OTHER {
        life.ledger.leave("jira", id.to_string(), &Departure::Moved(key));
        life.note("moved out of scope", &id.to_string());
    } else {
        life.ledger.came.insert(id, life.world.time());
        life.note("moved inside the scopes", &id.to_string());
    }
}

fn archive_in_jira(life: &mut Life) {
    let ids = life.ledger.jira.clone();
    if ids.is_empty() || life.swarm.center {
        return;
    }
    let id = life.dice.pick(&ids);
    let mut site = jira::lock(&life.jira);
    let archived = !site.catalogue().archived_issues.contains_key(&id);
    site.archive_issue(id, archived).unwrap();
    drop(site);
    life.ledger.leave("jira", id.to_string(), &Departure::Archived);
    life.note(if archived { "issue archived" } else { "issue unarchived" }, &id.to_string());
}

fn hide_in_jira(life: &mut Life) {
    let ids = life.ledger.jira.clone();
    if ids.is_empty() {
        return;
    }
    let id = life.dice.pick(&ids);
    let mut site = jira::lock(&life.jira);
    let hidden = !site.catalogue().hidden_issues.contains(&id);
    site.hide_issue(id, hidden).unwrap();
    drop(site);
    life.ledger.leave("jira", id.to_string(), &Departure::Gone);
    life.note(if hidden { "issue hidden" } else { "issue shown" }, &id.to_string());
}

fn shut_in_jira(life: &mut Life) {
    let project = life.dice.pick(&[PAY, BOOK]);
    if life.ledger.shut.contains_key(&project) {
        return open_in_jira(life, project);
    }
    let how = if life.swarm.center { 0 } else { life.dice.below(3) };
    let mut site = jira::lock(&life.jira);
    let (name, departure) = match how {
        0 => {
            site.set_visible(project, false);
            ("project hidden", Departure::AccessLost)
        }
        1 => {
            site.shelve_project(project, Shelf::Archived).unwrap();
            ("project archived", Departure::ProjectArchived)
        }
        _ => {
            site.shelve_project(project, Shelf::Trashed).unwrap();
            ("project in the bin", Departure::ProjectTrashed)
        }
    };
    drop(site);
    shut(life, project, departure, name);
}

fn open_in_jira(life: &mut Life, project: u64) {
    let how = life.ledger.shut.remove(&project);
    let mut site = jira::lock(&life.jira);
    match how {
        Some(Departure::AccessLost) => site.set_visible(project, true),
        Some(_) => site.shelve_project(project, Shelf::Live).unwrap(),
        None => {}
    }
    drop(site);
    life.note("project back", &project.to_string());
}

fn shut(life: &mut Life, project: u64, how: Departure, name: &'static str) {
    life.ledger.closed.insert(project);
    life.ledger.shut.insert(project, how);
    life.note(name, &project.to_string());
}

fn github_departs(life: &mut Life) {
    let dice = life.dice.clone();
    let ids = github_ids(life);
    match dice.below(9) {
        0..3 if !ids.is_empty() => delete_in_github(life, dice.pick(&ids)),
        3..6 if !ids.is_empty() => {
            let to = dice.pick(&[REPOS[0], REPOS[1], ATTIC]);
            transfer(life, dice.pick(&ids), to);
        }
        6 if !ids.is_empty() => convert(life, dice.pick(&ids)),
        _ => shut_in_github(life),
    }
}

/// The node id that an edit took away.
fn vanished(life: &Life, edit: impl FnOnce()) -> Option<String> {
    let before = life.github.dump();
    edit();
    let after = life.github.dump();
    before.into_keys().find(|id| !after.contains_key(id))
}

/// Single departures happen where they can be seen; what leaves a hidden repository is a story of
/// its own.
fn is_seen(life: &Life, id: u64) -> bool {
    let repo = life.ledger.github[&id];
    life.ledger.shut.get(&repo) != Some(&Departure::AccessLost)
}

fn delete_in_github(life: &mut Life, id: u64) {
    if !is_seen(life, id) {
        return;
    }
    let site = life.github.clone();
    let node = vanished(life, || site.edit(|edits| edits.delete_issue(id)).unwrap()).unwrap();
    life.ledger.github.remove(&id);
    life.ledger.leave("github", node, &Departure::Deleted);
    life.note("deleted", &format!("GitHub {id}"));
}

fn transfer(life: &mut Life, id: u64, to: u64) {
    if !is_seen(life, id) || life.ledger.github[&id] == to || life.ledger.shut.contains_key(&to) {
        return;
    }
    let site = life.github.clone();
    let mut new = 0;
    let node = vanished(life, || new = site.edit(|edits| edits.transfer(id, to)).unwrap()).unwrap();
    life.ledger.github.remove(&id);
    if to != ATTIC {
        life.ledger.github.insert(new, to);
    }
    life.ledger.leave("github", node, &Departure::Transferred(String::new()));
    life.note("transferred", &format!("{id} to {to}"));
}

fn convert(life: &mut Life, id: u64) {
    if !is_seen(life, id) {
        return;
    }
    let site = life.github.clone();
    let edit = || site.edit(|edits| edits.convert_to_discussion(id)).unwrap();
    let node = vanished(life, edit).unwrap();
    life.ledger.github.remove(&id);
    // GitHub says nothing of it.
    life.ledger.leave("github", node, &Departure::Gone);
    life.note("became a discussion", &id.to_string());
}

fn shut_in_github(life: &mut Life) {
    let repo = life.dice.pick(&REPOS);
    if life.ledger.shut.contains_key(&repo) {
        return open_in_github(life, repo);
    }
    let how = life.dice.below(3);
    let edit = life.github.edit(|edits| match how {
        0 => edits.set_hidden(repo, true),
        1 => edits.set_archived(repo, true),
        _ => edits.enable_issues(repo, false),
    });
    edit.unwrap();
    let (name, departure) = match how {
        0 => ("repository hidden", Departure::AccessLost),
        1 => ("repository archived", Departure::ProjectArchived),
        _ => ("issues switched off", Departure::ProjectArchived),
    };
    shut(life, repo, departure, name);
}

fn open_in_github(life: &mut Life, repo: u64) {
    life.ledger.shut.remove(&repo);
    let edit = life.github.edit(|edits| {
        edits.set_hidden(repo, false)?;
        edits.set_archived(repo, false)?;
        edits.enable_issues(repo, true)
    });
    edit.unwrap();
    life.note("repository back", &repo.to_string());
}

/// Everything that is closed opens again.
pub fn reopen_all(life: &mut Life) {
    for project in life.ledger.shut.keys().copied().collect::<Vec<_>>() {
        if REPOS.contains(&project) {
            open_in_github(life, project);
        } else {
            open_in_jira(life, project);
        }
    }
}
