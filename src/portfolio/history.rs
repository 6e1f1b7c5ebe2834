//! What an item's attributes were at every instant of its life, found by walking its changes back
//! from the present values.

use crate::model::{Change, ItemRef, Named, Precision, Timestamp, What};

use super::known::Known;

/// The attributes that rules look at, over one stretch of time.
#[derive(Debug, Clone)]
pub(super) struct Slice<'a> {
    pub(super) from: Timestamp,
    /// How well `from` is known.
    pub(super) precision: Precision,
    pub(super) project: &'a str,
    pub(super) labels: Vec<&'a str>,
    pub(super) components: Vec<&'a Named>,
    pub(super) team: Option<&'a Named>,
    pub(super) parent: Option<&'a ItemRef>,
    pub(super) item_type: Option<&'a Named>,
}

/// The slices of an item, oldest first, and whether they can be trusted.
#[derive(Debug)]
pub(super) struct Past<'a> {
    /// Contiguous from creation, never empty.
    pub(super) slices: Vec<Slice<'a>>,
    /// Some attribute history is missing, so present values stand in for past ones.
    pub(super) inferred: bool,
}

impl<'a> Past<'a> {
    /// The attributes at an instant.
    pub(super) fn at(&self, at: Timestamp) -> &Slice<'a> {
        let after = self.slices.partition_point(|slice| slice.from <= at);
        &self.slices[after.saturating_sub(1)]
    }
}

/// The changes in the order of time; where instants tie the tracker's order is kept.
pub(super) fn in_order(history: &[Change]) -> Vec<&Change> {
    let mut changes: Vec<&Change> = history.iter().collect();
    changes.sort_by_key(|change| change.at);
    changes
}

/// Walks the ordered `changes` back from the present attributes.
pub(super) fn past<'a>(item: &Known<'a>, changes: &[&'a Change]) -> Past<'a> {
    let now = item.attributes;
    let mut current = Slice {
        from: item.created_at,
        precision: Precision::Exact,
        project: &now.project,
        labels: now.labels.iter().map(String::as_str).collect(),
        components: now.components.iter().collect(),
        team: now.team.as_ref(),
        parent: now.parent.as_ref(),
        item_type: now.item_type.as_ref(),
    };
    let mut inferred = !item.history_complete;
    let mut newest_first: Vec<Slice<'a>> = Vec::new();
    for change in changes.iter().rev() {
        if !concerns(&change.what) {
            continue;
        }
        if change.at <= item.created_at {
            // What holds after it holds from the item's first instant on.
            break;
        }
        // Of several changes at one instant only the state after the last one lasts.
        let vanished = newest_first.last().is_some_and(|later| later.from <= change.at);
        if !vanished {
            let mut after = current.clone();
            after.from = change.at;
            after.precision = change.precision;
            newest_first.push(after);
        }
        inferred |= !undo(&mut current, &change.what);
    }
    newest_first.push(current);
    newest_first.reverse();
    Past { slices: newest_first, inferred }
}

fn concerns(what: &What) -> bool {
    matches!(
        what,
        What::Labels { .. }
            | What::Components { .. }
            | What::Team { .. }
            | What::Project { .. }
            | What::Parent { .. }
            | What::Type { .. }
    )
}

/// Takes a change back. False when the values after it are not those that the change left, so
/// that something between is missing.
fn undo<'a>(slice: &mut Slice<'a>, what: &'a What) -> bool {
    match what {
        What::Labels { added, removed } => {
            let fits = added.iter().all(|label| slice.labels.contains(&label.as_str()));
            slice.labels.retain(|label| !added.iter().any(|new| new == label));
            slice.labels.extend(removed.iter().map(String::as_str));
            dedup(&mut slice.labels) && fits
        }
        What::Components { added, removed } => {
            let same = |a: &Named, b: &Named| same(Some(a), Some(b));
            let fits = added.iter().all(|new| slice.components.iter().any(|old| same(old, new)));
            slice.components.retain(|old| !added.iter().any(|new| same(old, new)));
            slice.components.extend(removed);
            dedup(&mut slice.components) && fits
        }
        What::Team { from, to } => {
            let fits = same(slice.team, to.as_ref());
            slice.team = from.as_ref();
            fits
        }
        What::Type { from, to } => {
            let fits = same(slice.item_type, to.as_ref());
            slice.item_type = from.as_ref();
            fits
        }
        What::Project { from, to } => {
            let fits = to.as_deref().is_none_or(|to| to.eq_ignore_ascii_case(slice.project));
            let Some(from) = from else { return false };
            slice.project = from;
            fits
        }
        What::Parent { from, to } => {
            let fits = same_item(slice.parent, to.as_ref());
            slice.parent = from.as_ref();
            fits
        }
        _ => true,
    }
}

/// Sorts and makes unique; false when something was there twice.
fn dedup<T: Ord>(list: &mut Vec<T>) -> bool {
    list.sort();
    let before = list.len();
    list.dedup();
    list.len() == before
}

fn same(a: Option<&Named>, b: Option<&Named>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            (!a.id.is_empty() && a.id == b.id) || (!a.name.is_empty() && a.name == b.name)
        }
        (None, None) => true,
        _ => false,
    }
}

fn same_item(a: Option<&ItemRef>, b: Option<&ItemRef>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            let both = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some();
            // A key changes when the parent moves; only two different ids are a contradiction.
            if both(&a.source, &b.source) { a.source == b.source } else { true }
        }
        (None, None) => true,
        _ => false,
    }
}
