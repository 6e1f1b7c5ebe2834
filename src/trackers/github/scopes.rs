//! What `scopes` means: repositories by name, and owners with everything that they have
//! (`northwind/*`), which is listed anew every hour.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Repository;
use crate::model::Timestamp;

/// How long a list of an owner's repositories is taken to be true, in milliseconds.
const LISTED_FOR_MS: i64 = 3_600_000;
/// The most names that a note spells out.
const NAMES_MAX: usize = 5;

/// The scopes of a connection.
#[derive(Debug)]
pub struct Scopes {
    /// As configured, sorted.
    exact: Vec<Repository>,
    /// Owners of whom everything is read, sorted.
    owners: Vec<String>,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// `None`: not yet, or no longer to be trusted.
    listed_at: Option<Timestamp>,
    repositories: Vec<Repository>,
    /// The node ids of the listed repositories.
    ids: Vec<String>,
    /// When the newest change of a repository was, as it was told after the last probe. Each is
    /// good for one walk.
    newest: BTreeMap<String, Timestamp>,
    /// Owners that shut us out, and what is to be done about it.
    closed: BTreeMap<String, String>,
    notes: Vec<String>,
}

/// One repository of an owner, as it was listed.
#[derive(Debug)]
pub struct Listing {
    pub id: String,
    pub full_name: String,
    pub archived: bool,
    pub has_issues: bool,
}

impl Scopes {
    /// # Errors
    /// The text that is neither `owner/name` nor `owner/*`.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let (mut exact, mut owners) = (Vec::new(), Vec::new());
        for text in texts {
            match text.strip_suffix("/*").map(|owner| Repository::parse(&format!("{owner}/x"))) {
                Some(Some(any)) => owners.push(any.owner),
                Some(None) => return Err(text.clone()),
                None => exact.push(Repository::parse(text).ok_or_else(|| text.clone())?),
            }
        }
        exact.sort();
        exact.dedup();
        owners.sort();
        owners.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        Ok(Self { exact, owners, told: Mutex::default() })
    }

    /// Every owner that occurs, once, in the order in which they are asked.
    pub fn all_owners(&self) -> Vec<String> {
        let exact = self.exact.iter().map(|repository| repository.owner.clone());
        let mut all: Vec<String> = exact.chain(self.owners.iter().cloned()).collect();
        all.sort_by_key(|owner| owner.to_ascii_lowercase());
        all.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        all
    }

    /// Owners of whom everything is read.
    pub fn owners(&self) -> &[String] {
        &self.owners
    }

    /// Every repository to read, as far as it is known by now, sorted.
    pub fn repositories(&self) -> Vec<Repository> {
        let listed = self.told().repositories.clone();
        let known = |one: &Repository| self.exact.iter().any(|exact| exact.is(one));
        let mut all = self.exact.clone();
        all.extend(listed.into_iter().filter(|one| !known(one)));
        all.sort();
        all
    }

    /// Whether `project` (`owner/name`) belongs to an owner of whom everything is read.
    pub fn covers(&self, project: &str) -> bool {
        let owner = project.split_once('/').map_or(project, |(owner, _)| owner);
        self.owners.iter().any(|one| one.eq_ignore_ascii_case(owner))
    }

    /// Whether the lists have to be asked for.
    pub fn are_due(&self, now: Timestamp) -> bool {
        let fresh = |at: Timestamp| {
            let age = now.millis().saturating_sub(at.millis());
            (0..LISTED_FOR_MS).contains(&age)
        };
        !self.owners.is_empty() && !self.told().listed_at.is_some_and(fresh)
    }

    /// The lists no longer hold; the next probe asks anew.
    pub fn distrust(&self) {
        self.told().listed_at = None;
    }

    /// Takes in what every owner has now, and says what a person should know if that is new. An
    /// owner that shuts us out keeps its place: see [`Scopes::closed`].
    pub fn take(
        &self,
        listed: Vec<(String, Result<Vec<Listing>, String>)>,
        now: Timestamp,
    ) -> Vec<String> {
        let mut repositories = Vec::new();
        let mut notes = Vec::new();
        let mut ids = Vec::new();
        let mut closed = BTreeMap::new();
        for (owner, rows) in listed {
            let rows = match rows {
                Ok(rows) => rows,
                Err(why) => {
                    closed.insert(format!("{owner}/*"), why);
                    continue;
                }
            };
            let (mut archived, mut without) = (Vec::new(), Vec::new());
            let mut read = 0;
            for row in rows {
                let Some(repository) = Repository::parse(&row.full_name) else { continue };
                match (row.archived, row.has_issues) {
                    (true, _) => archived.push(repository.name),
                    (false, false) => without.push(repository.name),
                    (false, true) => {
                        read += 1;
                        repositories.push(repository);
                        ids.push(row.id);
                    }
                }
            }
            notes.push(note(&owner, read, archived, without));
        }
        repositories.sort();
        let mut told = self.told();
        let new = if told.notes == notes { Vec::new() } else { notes.clone() };
        let listed_at = closed.is_empty().then_some(now);
        let newest = BTreeMap::new();
        *told = Told { listed_at, repositories, ids, newest, closed, notes };
        new
    }

    /// The node ids of the repositories that were listed.
    pub fn ids(&self) -> Vec<String> {
        self.told().ids.clone()
    }

    /// Takes in when the newest change of repositories was ([`Timestamp::MIN`]: never).
    pub fn touched(&self, newest: BTreeMap<String, Timestamp>) {
        self.told().newest = newest;
    }

    /// Whether nothing of a repository changed at or after `since`, by what was told after the
    /// last probe. Asked once: the next walk needs a newer word.
    pub fn is_quiet(&self, repository: &Repository, since: Timestamp) -> bool {
        let newest = self.told().newest.remove(&repository.full_name());
        newest.is_some_and(|newest| newest < since)
    }

    /// The owners (`owner/*`) that shut us out while others let us in, and what is to be done. Each
    /// is a walk that fails, so that no pass looks complete without them.
    pub fn closed(&self) -> BTreeMap<String, String> {
        self.told().closed.clone()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(owner: &str, read: usize, archived: Vec<String>, without: Vec<String>) -> String {
    let left_out: Vec<String> = [("archived", archived), ("without issues", without)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(why, names)| format!("{} {why} ({})", names.len(), some_of(names)))
        .collect();
    let repositories =
        if read == 1 { "1 repository".into() } else { format!("{read} repositories") };
    let hint = if read == 0 { "; check its spelling and what the credential may see" } else { "" };
    match left_out.is_empty() {
        true => format!("{owner}/* means {repositories}{hint}"),
        false => {
            format!(
                "{owner}/* means {repositories}, and leaves out {}{hint}",
                left_out.join(" and ")
            )
        }
    }
}

fn some_of(mut names: Vec<String>) -> String {
    names.sort();
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(texts: &[&str]) -> Scopes {
        Scopes::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn row(full_name: &str, archived: bool, has_issues: bool) -> Listing {
        Listing { id: full_name.to_owned(), full_name: full_name.to_owned(), archived, has_issues }
    }

    #[test]
    fn an_owner_means_what_it_has_now_and_a_name_stays() {
        let scopes = scopes(&["Octo/zed", "octo/*", "other/one"]);
        assert_eq!(scopes.all_owners(), ["Octo", "other"]);
        let now = Timestamp::from_millis(0);
        assert!(scopes.are_due(now));
        let rows = vec![
            row("octo/api", false, true),
            row("octo/zed", false, true),
            row("octo/old", true, true),
            row("octo/docs", false, false),
        ];
        let notes = scopes.take(vec![("octo".to_owned(), Ok(rows))], now);
        assert_eq!(
            notes,
            ["octo/* means 2 repositories, and leaves out 1 archived (old) and 1 without issues \
              (docs)"]
        );
        let names: Vec<String> = scopes.repositories().iter().map(Repository::full_name).collect();
        assert_eq!(names, ["Octo/zed", "octo/api", "other/one"]);
        assert!(scopes.covers("OCTO/anything") && !scopes.covers("other/two"));
        assert!(!scopes.are_due(now.plus_millis(LISTED_FOR_MS - 1)));
        assert!(scopes.are_due(now.plus_millis(LISTED_FOR_MS)));
        assert!(scopes.are_due(now.plus_millis(-1)), "a clock that was set back proves nothing");
        scopes.distrust();
        assert!(scopes.are_due(now));
    }

    #[test]
    fn what_was_said_is_said_once() {
        let scopes = scopes(&["octo/*"]);
        let now = Timestamp::from_millis(0);
        let rows = || vec![("octo".to_owned(), Ok(vec![row("octo/api", false, true)]))];
        assert_eq!(scopes.take(rows(), now), ["octo/* means 1 repository"]);
        assert!(scopes.take(rows(), now).is_empty());
        let none = scopes.take(vec![("octo".to_owned(), Ok(Vec::new()))], now);
        assert!(none[0].contains("means 0 repositories; check its spelling"), "{none:?}");
    }

    #[test]
    fn a_quiet_repository_is_quiet_once() {
        let scopes = scopes(&["octo/*"]);
        let now = Timestamp::from_millis(10_000);
        let api = Repository::parse("octo/api").unwrap();
        assert!(!scopes.is_quiet(&api, now), "nothing was told yet");
        let told = |at| BTreeMap::from([("octo/api".to_owned(), at)]);
        scopes.touched(told(now));
        assert!(!scopes.is_quiet(&api, now), "touched at that very moment");
        scopes.touched(told(now.plus_millis(-1)));
        assert!(scopes.is_quiet(&api, now));
        assert!(!scopes.is_quiet(&api, now), "the word is used up");
    }

    #[test]
    fn names_that_cannot_be_meant_are_refused() {
        for wrong in ["octo", "octo/*/x", "*/*", "o cto/*", "octo/a*"] {
            assert_eq!(Scopes::parse(&[wrong.to_owned()]).unwrap_err(), wrong);
        }
    }
}
