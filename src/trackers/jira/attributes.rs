//! Present attributes of an issue: everything but its history.

use serde_json::value::RawValue;

use super::links::End;
use super::schema::Schema;
use super::wire::{Fields, IssueLink, IssueType, ParentLink, Ref, Team, Text, read};
use crate::model::{Attributes, ItemRef, Level, Link, Named, Relation};

/// Present attributes, and the names of custom fields that could not be read.
pub fn attributes(
    base: Attributes,
    fields: Fields<'_>,
    schema: &Schema,
) -> (Attributes, Vec<String>) {
    let mut lost = Vec::new();
    let mut found = Attributes {
        title: fields.summary.filter(|_| schema.titles).map(own),
        level: fields.issuetype.as_ref().map_or(Level::Standard, level),
        item_type: fields.issuetype.map(|t| naming(Ref { id: t.id, name: t.name })),
        resolution: fields.resolution.map(naming),
        labels: sorted(fields.labels.into_iter().map(own)),
        components: sorted(fields.components.into_iter().map(naming)),
        parent: fields.parent.and_then(|other| item_ref(other.id, other.key)),
        links: sorted(fields.issuelinks.into_iter().filter_map(|row| link(row, schema))),
        releases: sorted(fields.fix_versions.into_iter().map(|version| own(version.id))),
        ..base
    };
    for (name, raw) in fields.custom {
        let is = |ids: &[String]| ids.iter().any(|id| *id == *name);
        let readable = if is(&schema.team) {
            team(raw, &mut found)
        } else if is(&schema.epic_link) {
            epic_link(raw, &mut found)
        } else if is(&schema.flagged) {
            flagged(raw, &mut found)
        } else if is(&schema.parent_link) {
            parent_link(raw, &mut found)
        } else if is(&schema.epic_marks) {
            if raw.get() != "null" {
                found.level = Level::Container;
            }
            true
        } else {
            true
        };
        if !readable {
            lost.push(own(name));
        }
    }
    (found, lost)
}

fn team(raw: &RawValue, found: &mut Attributes) -> bool {
    let Some(value) = read::<Option<Team<'_>>>(raw) else { return false };
    found.team = value.map(team_name).or(found.team.take());
    true
}

/// The id and name of a team.
pub fn team_name(team: Team<'_>) -> Named {
    match team {
        Team::Id(id) => Named::new(own(id), ""),
        Team::Object { id, name, title } => naming(Ref { id, name: name.or(title) }),
    }
}

/// The older way to name the epic, by key. The parent decides where both are given.
fn epic_link(raw: &RawValue, found: &mut Attributes) -> bool {
    let Some(value) = read::<Option<Text<'_>>>(raw) else { return false };
    found.parent = found.parent.take().or(item_ref(None, value));
    true
}

/// The level above epics: only epics have it, and only where `parent` does not tell.
fn parent_link(raw: &RawValue, found: &mut Attributes) -> bool {
    let Some(value) = read::<Option<ParentLink<'_>>>(raw) else { return false };
    let above = value.and_then(|value| match value {
        ParentLink::Key(key) => item_ref(None, Some(key)),
        ParentLink::Object { data } => data.and_then(|other| item_ref(other.id, other.key)),
    });
    found.parent = found.parent.take().or(above);
    true
}

fn flagged(raw: &RawValue, found: &mut Attributes) -> bool {
    let Some(options) = read::<Option<Vec<&RawValue>>>(raw) else { return false };
    found.flagged |= options.is_some_and(|options| !options.is_empty());
    true
}

/// Where a type stands in the hierarchy.
pub fn level(kind: &IssueType<'_>) -> Level {
    match (kind.hierarchy_level, kind.subtask) {
        (Some(1..), _) => Level::Container,
        (Some(..=-1), _) | (_, Some(true)) => Level::SubTask,
        _ => Level::Standard,
    }
}

fn link(row: IssueLink<'_>, schema: &Schema) -> Option<Link> {
    let (end, other) = match (row.inward_issue, row.outward_issue) {
        (Some(other), _) => (End::Inward, other),
        (None, other) => (End::Outward, other?),
    };
    let relation: Relation = schema.links.relation(&row.kind.name, end)?;
    Some(Link { relation, other: item_ref(other.id, other.key)? })
}

fn item_ref(id: Option<Text<'_>>, key: Option<Text<'_>>) -> Option<ItemRef> {
    let filled = |text: Option<Text<'_>>| text.map(own).filter(|text| !text.is_empty());
    let (source, key) = (filled(id), filled(key));
    (source.is_some() || key.is_some()).then_some(ItemRef { source, key })
}

/// An id and a name, owned.
pub fn naming(row: Ref<'_>) -> Named {
    Named { id: own(row.id), name: row.name.map(own).unwrap_or_default() }
}

/// Text, owned.
pub fn own(text: Text<'_>) -> String {
    text.0.into_owned()
}

fn sorted<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values.dedup();
    values
}
