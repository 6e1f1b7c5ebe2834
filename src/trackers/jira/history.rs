//! What one entry of a changelog says, by an allow-list of fields. Everything else (assignee,
//! reporter, estimates, due dates, ranks, descriptions, ...) is passed over unread.

use super::schema::Schema;
use super::wire::{Entry, Text};
use crate::model::{ItemRef, Named, What};

/// The meaning of one entry.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// Not on the list.
    Nothing,
    Change(What),
    /// One value was replaced by another where usually one entry removes and one adds.
    Two(Box<[Said; 2]>),
    /// The status changed to this one; the former status was not given.
    StatusTo(Named),
    /// A link whose relation only the present links can tell.
    Link {
        key: String,
        added: bool,
    },
    /// On the list, but without the values that it needs; the field's name.
    Unreadable(&'static str),
}

/// The fields we understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Status,
    Resolution,
    Type,
    Component,
    Labels,
    FixVersion,
    Team,
    Parent,
    Flagged,
    Link,
    Key,
    Project,
    Other,
}

/// Reads one entry. `moves` says that the same history holds a `Key` entry, which tells a move
/// better than `project` does.
#[must_use]
pub fn said(entry: &Entry<'_>, schema: &Schema, moves: bool) -> Said {
    let (from, to) = (named(&entry.from, &entry.from_string), named(&entry.to, &entry.to_string));
    match topic(entry, schema) {
        Topic::Status => match (from, to) {
            (Some(from), Some(to)) => Said::Change(What::Status { from, to }),
            (None, Some(to)) => Said::StatusTo(to),
            (_, None) => Said::Unreadable("status"),
        },
        Topic::Resolution => Said::Change(What::Resolution { from, to }),
        Topic::Type => Said::Change(What::Type { from, to }),
        Topic::Component => {
            let (added, removed) = (to.into_iter().collect(), from.into_iter().collect());
            Said::Change(What::Components { added, removed })
        }
        Topic::Labels => labels(entry),
        Topic::FixVersion => releases(from, to),
        Topic::Team => Said::Change(What::Team { from, to }),
        Topic::Parent => {
            let (from, to) =
                (item(&entry.from, &entry.from_string), item(&entry.to, &entry.to_string));
            Said::Change(What::Parent { from, to })
        }
        Topic::Flagged => Said::Change(What::Flagged { on: to.is_some() }),
        Topic::Link => links(entry, schema),
        Topic::Key => {
            let project = |text: Option<&str>| text.and_then(project_of).map(str::to_owned);
            moved(project(filled(&entry.from_string)), project(filled(&entry.to_string)), "Key")
        }
        Topic::Project if moves => Said::Nothing,
        Topic::Project => {
            let key = |text| filled(text).filter(|key| is_key(key)).map(str::to_owned);
            moved(key(&entry.from_string), key(&entry.to_string), "project")
        }
        Topic::Other => Said::Nothing,
    }
}

/// Whether the entry tells that the item changed its key, and with it the project.
#[must_use]
pub fn is_move(entry: &Entry<'_>) -> bool {
    entry.field.as_deref() == Some("Key")
}

/// Whether the entry can change the status without saying so: a move, or another workflow.
#[must_use]
pub fn may_change_status(entry: &Entry<'_>) -> bool {
    let quiet = ["Workflow", "Key", "project", "issuetype"];
    entry.field.as_deref().is_some_and(|field| quiet.contains(&field))
}

fn topic(entry: &Entry<'_>, schema: &Schema) -> Topic {
    // Data Center names fields only; a custom one by the name that the site gave it.
    let named = || schema.names.get(entry.field.as_deref()?).map(String::as_str);
    let field_id = entry.field_id.as_deref().or_else(named);
    let has = |ids: &[String]| field_id.is_some_and(|id| ids.iter().any(|known| known == id));
    match field_id {
        Some("status") => return Topic::Status,
        Some("resolution") => return Topic::Resolution,
        Some("issuetype") => return Topic::Type,
        Some("components") => return Topic::Component,
        Some("labels") => return Topic::Labels,
        Some("fixVersions") => return Topic::FixVersion,
        Some("project") => return Topic::Project,
        _ if has(&schema.team) => return Topic::Team,
        _ if has(&schema.epic_link) || has(&schema.parent_link) => return Topic::Parent,
        _ if has(&schema.flagged) => return Topic::Flagged,
        _ => {}
    }
    // Entries without a field id have English names on every site. A custom field keeps its old
    // number in old entries, so the names that Jira itself gave are accepted too.
    match entry.field.as_deref() {
        Some("status") => Topic::Status,
        Some("resolution") => Topic::Resolution,
        Some("issuetype") => Topic::Type,
        Some("Component") => Topic::Component,
        Some("labels") => Topic::Labels,
        Some("Fix Version") => Topic::FixVersion,
        Some("Team") => Topic::Team,
        Some("Epic Link" | "IssueParentAssociation" | "Parent" | "Parent Link") => Topic::Parent,
        Some("Flagged") => Topic::Flagged,
        Some("Link") => Topic::Link,
        Some("Key") => Topic::Key,
        Some("project") => Topic::Project,
        _ => Topic::Other,
    }
}

fn labels(entry: &Entry<'_>) -> Said {
    let words = |text: &Option<Text<'_>>| -> Vec<String> {
        let mut words: Vec<String> =
            filled(text).into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
        words.sort();
        words.dedup();
        words
    };
    let (before, after) = (words(&entry.from_string), words(&entry.to_string));
    let missing = |from: &[String], to: &[String]| {
        from.iter().filter(|label| to.binary_search(label).is_err()).cloned().collect()
    };
    Said::Change(What::Labels {
        added: missing(&after, &before),
        removed: missing(&before, &after),
    })
}

fn releases(from: Option<Named>, to: Option<Named>) -> Said {
    let release = |version: Named, added| What::Release { id: version.id, added };
    match (from, to) {
        (Some(from), Some(to)) => {
            let both = [release(from, false), release(to, true)];
            Said::Two(Box::new(both.map(Said::Change)))
        }
        (Some(from), None) => Said::Change(release(from, false)),
        (None, Some(to)) => Said::Change(release(to, true)),
        (None, None) => Said::Unreadable("Fix Version"),
    }
}

fn links(entry: &Entry<'_>, schema: &Schema) -> Said {
    let side = |key: &str, sentence: &Option<Text<'_>>, added| {
        let other = ItemRef { source: None, key: Some(key.to_owned()) };
        match schema.links.spoken(sentence.as_deref().unwrap_or_default(), key) {
            Ok(Some(relation)) => Said::Change(What::Link { relation, other, added }),
            Ok(None) => Said::Change(What::Activity),
            Err(_) => Said::Link { key: key.to_owned(), added },
        }
    };
    let removed = filled(&entry.from).map(|key| side(key, &entry.from_string, false));
    let added = filled(&entry.to).map(|key| side(key, &entry.to_string, true));
    match (removed, added) {
        (Some(removed), Some(added)) => Said::Two(Box::new([removed, added])),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Said::Unreadable("Link"),
    }
}

fn moved(from: Option<String>, to: Option<String>, field: &'static str) -> Said {
    match (from, to) {
        (None, None) => Said::Unreadable(field),
        (from, to) if from == to => Said::Nothing,
        (from, to) => Said::Change(What::Project { from, to }),
    }
}

/// `""` and null both stand for "none".
fn filled<'a>(text: &'a Option<Text<'_>>) -> Option<&'a str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn named(id: &Option<Text<'_>>, name: &Option<Text<'_>>) -> Option<Named> {
    filled(id).map(|id| Named::new(id, name.as_deref().unwrap_or_default()))
}

/// Parents are told as id and key, and either may be missing.
fn item(id: &Option<Text<'_>>, key: &Option<Text<'_>>) -> Option<ItemRef> {
    let is_id = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    let source = filled(id).filter(is_id).map(str::to_owned);
    let key = filled(key).or(filled(id).filter(|text| !is_id(text))).map(str::to_owned);
    (source.is_some() || key.is_some()).then_some(ItemRef { source, key })
}

/// `PAY` of `PAY-12`.
fn project_of(key: &str) -> Option<&str> {
    key.rsplit_once('-').map(|(project, _)| project).filter(|project| is_key(project))
}

fn is_key(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_uppercase())
        && bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
