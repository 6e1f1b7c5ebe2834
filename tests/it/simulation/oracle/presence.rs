//! What has left, and why: nobody is buried alive, and nobody who left is kept.

use std::collections::BTreeSet;

use streamgauge::model::Departure;
use streamgauge::sim::jira;
use streamgauge::store::StoredItem;

use super::super::corpus::{BOOK, OTHER, PAY, REPOS};
use super::super::life::Life;
use super::stored;

/// C6: what exists is not taken for deleted, whatever else became of it or of its project.
pub fn nobody_buried_alive(life: &Life, items: &[StoredItem]) {
    let site = jira::lock(&life.jira);
    let there = life.github.dump();
    for item in items {
        let Some(removed) = &item.removed else { continue };
        let (key, how) = (&item.attributes.key, &removed.departure);
        if item.id.connection.0 == "jira" {
            let issue = site.issue(item.id.source.parse().unwrap());
            let told = matches!(how, Departure::Deleted | Departure::Gone);
            let hidden = life.ledger.left_as("jira", &item.id.source, &Departure::Gone);
            // It may have gone where we do not see, before anybody read where it is.
            let away = *how == Departure::Gone
                && issue.is_some_and(|issue| {
                    last_known(item) != Some(issue.project)
                        && life.ledger.closed.contains(&issue.project)
                });
            let alive = issue.is_some() && !hidden && !away;
            assert!(!alive || !told, "C6: {key} exists and was buried as {how}");
        } else {
            let told = matches!(how, Departure::Deleted | Departure::Gone);
            let exists = there.contains_key(&item.id.source);
            assert!(!exists || !told, "C6: {key} exists and was buried as {how}");
        }
        let project = project_of(life, &site, item);
        let closed = |project: u64| life.ledger.closed.contains(&project);
        let never = project.is_some_and(|project| !closed(project))
            && !last_known(item).is_some_and(closed);
        assert!(!never || !how.is_of_project(), "C6: {key} left as {how}, its project never did");
    }
}

/// The project of Jira that an item was in when it was last read.
fn last_known(item: &StoredItem) -> Option<u64> {
    match item.attributes.project.as_str() {
        "PAY" => Some(PAY),
        "BOOK" => Some(BOOK),
        _ => None,
    }
}

/// The project or repository that an item was last in; `None` for one that left it.
fn project_of(life: &Life, site: &jira::Site, item: &StoredItem) -> Option<u64> {
    if item.id.connection.0 == "jira" {
        let issue = site.issue(item.id.source.parse().unwrap()).map(|issue| issue.project);
        return issue.or_else(|| life.ledger.buried.get(&item.id.source).copied());
    }
    match item.attributes.project.as_str() {
        "northwind/checkout" => Some(REPOS[0]),
        "northwind/search" => Some(REPOS[1]),
        _ => None,
    }
}

/// Q1: what is stored is there exactly if it is there in the tracker, and what left did so for a
/// reason that is true.
pub fn told_apart(life: &Life) {
    let site = jira::lock(&life.jira);
    for item in stored(&life.store) {
        let due = match item.id.connection.0.as_str() {
            "jira" => due_in_jira(life, &site, &item),
            _ => due_in_github(life, &item),
        };
        let key = &item.attributes.key;
        match &item.removed {
            None => assert!(due.is_empty(), "Q1: {key} is kept, and left as {due:?}"),
            Some(removed) => {
                let code = removed.departure.code();
                assert!(due.contains(code), "Q1: {key} left as {code}; it is {due:?}");
            }
        }
    }
}

type Codes = BTreeSet<String>;

fn ever(life: &Life, connection: &'static str, source: &str) -> Codes {
    let left = life.ledger.left.get(&(connection, source.to_owned()));
    left.cloned().unwrap_or_default()
}

fn of(departure: &Departure) -> Codes {
    [departure.code().to_owned()].into()
}

/// The departures that fit what is true of an issue of Jira; empty when it has to be there.
fn due_in_jira(life: &Life, site: &jira::Site, item: &StoredItem) -> Codes {
    let source = item.id.source.as_str();
    let id: u64 = source.parse().unwrap();
    let mut fits = ever(life, "jira", source);
    let shut = |project: &u64| life.ledger.shut.get(project).map(of).unwrap_or_default();
    let Some(issue) = site.issue(id) else {
        // What left in another way before is not looked at again, and what a closed project held
        // when it was read last cannot be told from what had moved out of it unread.
        let projects = [life.ledger.buried.get(source).copied(), last_known(item)];
        fits.extend(projects.iter().flatten().flat_map(shut));
        return fits;
    };
    let (hidden, archived) = (
        site.catalogue().hidden_issues.contains(&id),
        site.catalogue().archived_issues.contains_key(&id),
    );
    let closed = shut(&issue.project);
    if issue.project == OTHER || hidden || archived || !closed.is_empty() {
        let unread = last_known(item) != Some(issue.project);
        if hidden || unread || closed.contains(Departure::AccessLost.code()) {
            // Nobody can tell what cannot be read, or had moved unread into a project that then
            // closed, from what is not there.
            fits.extend(of(&Departure::Gone));
        }
        fits.extend(closed);
        // Nor, of a closed project, what had left it before.
        fits.extend(last_known(item).map(|project| shut(&project)).unwrap_or_default());
        return fits;
    }
    Codes::new()
}

/// The departures that fit what is true of an issue of GitHub.
fn due_in_github(life: &Life, item: &StoredItem) -> Codes {
    let source = item.id.source.as_str();
    let mut fits = ever(life, "github", source);
    if fits.contains("transferred") {
        // Where it went may be closed to us, or it went further.
        fits.extend(of(&Departure::Gone));
        fits.extend(of(&Departure::Deleted));
    }
    let repo = if item.attributes.project == "northwind/checkout" { REPOS[0] } else { REPOS[1] };
    if let Some(how) = life.ledger.shut.get(&repo) {
        fits.extend(of(how));
    }
    fits
}
