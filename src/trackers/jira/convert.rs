//! From Jira's words to ours. Pure and total: whatever a row holds, the answer is an item, or a
//! gap that names what could not be read.

use std::collections::BTreeSet;

use super::attributes::{attributes, naming, own};
use super::history::{Said, is_move, may_change_status, said};
use super::schema::Schema;
use super::wire::{History, Issue};
use crate::model::{
    Attributes, Change, ConnectionId, Gap, Item, ItemId, Link, Named, Precision, Timestamp, What,
};

/// `updated` of an issue is written up to some milliseconds before the entry that caused it.
const STAMP_LAG_MILLIS: i64 = 1_000;

/// Converts one issue and all of its histories, in any order.
///
/// Without an item the row lacked what every item has (an id, a key, a project, a status, the
/// stamps); the gaps then say so.
pub fn convert<'a>(
    connection: &ConnectionId,
    schema: &Schema,
    issue: Issue<'_>,
    histories: impl IntoIterator<Item = Option<History<'a>>>,
) -> (Option<Item>, Vec<Gap>) {
    match Draft::new(connection, schema, issue) {
        Ok(mut draft) => {
            for history in histories {
                draft.add(history);
            }
            let (item, gaps) = draft.finish();
            (Some(item), gaps)
        }
        Err(gap) => (None, vec![gap]),
    }
}

/// An item whose history is still being collected: Jira spreads it over pages.
#[derive(Debug)]
pub struct Draft<'s> {
    schema: &'s Schema,
    item: Item,
    gaps: Vec<Gap>,
    /// Links in the history whose relation the sentence did not tell: entry, key, added.
    unspoken: Vec<(String, String, bool)>,
    /// Status entries that did not give the former status.
    fromless: Vec<String>,
    /// Some history came, readable or not.
    told: bool,
    /// The newest entry that may have changed the status without saying so.
    moved_at: Option<Timestamp>,
    /// The newest entry of any kind.
    newest: Option<Timestamp>,
}

impl<'s> Draft<'s> {
    /// Begins with the present content.
    ///
    /// # Errors
    /// The row lacks what every item has. `source` of the gap is then `None` only when there was
    /// no id.
    pub fn new(
        connection: &ConnectionId,
        schema: &'s Schema,
        issue: Issue<'_>,
    ) -> Result<Self, Gap> {
        let (source, key) = (issue.id.map(own), issue.key.map(own));
        let malformed = |what: &str| Gap {
            source: source.clone(),
            key: key.clone(),
            reason: "malformed-item".to_owned(),
            detail: format!("Jira sent the issue without a readable {what}, so it is left out"),
        };
        let source_id = source.clone().ok_or_else(|| malformed("id"))?;
        let key_text = key.clone().ok_or_else(|| malformed("key"))?;
        let mut fields = issue.fields.ok_or_else(|| malformed("list of fields"))?;
        let project = fields.project.take().ok_or_else(|| malformed("project"))?;
        let status = fields.status.take().ok_or_else(|| malformed("status"))?;
        let created_at = fields.created.0.ok_or_else(|| malformed("`created`"))?;
        let updated_at = fields.updated.0.ok_or_else(|| malformed("`updated`"))?;
        let unreadable = std::mem::take(&mut fields.unreadable);
        let mut gaps = Vec::new();
        let base = Attributes {
            key: key_text,
            status: naming(status),
            project: own(project.key),
            ..Attributes::default()
        };
        let (attributes, lost) = attributes(base, fields, schema);
        for field in unreadable.into_iter().map(str::to_owned).chain(lost) {
            gaps.push(Gap {
                source: source.clone(),
                key: key.clone(),
                reason: "malformed-field".to_owned(),
                detail: format!("field `{field}` is not in a form that Jira documents"),
            });
        }
        let id = ItemId { connection: connection.clone(), source: source_id };
        let item = Item {
            id,
            created_at,
            updated_at,
            attributes,
            history: Vec::new(),
            history_complete: true,
        };
        Ok(Self {
            schema,
            item,
            gaps,
            unspoken: vec![],
            fromless: vec![],
            told: false,
            moved_at: None,
            newest: None,
        })
    }

    /// The key of the project that the issue is in now.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.item.attributes.project
    }

    /// The id of the issue.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.item.id.source
    }

    /// Takes the content of a later read and keeps the history, as if that had been read first:
    /// what [`Mutant::ChangelogFirst`](crate::mutants::Mutant::ChangelogFirst) does.
    pub fn become_of(&mut self, later: &Self) {
        let history = std::mem::take(&mut self.item.history);
        self.item = Item { history, ..later.item.clone() };
    }

    /// Adds what happened at one instant; `None` is a history that could not be read.
    pub fn add(&mut self, history: Option<History<'_>>) {
        self.told = true;
        let Some(history) = history else {
            return self.lose("an entry of the history is not in the documented form");
        };
        let Some(id) = history.id else {
            return self.lose("an entry of the history has no id");
        };
        let Some(at) = history.created.0 else {
            return self.lose(&format!("entry {} of the history has no readable instant", &*id));
        };
        self.newest = self.newest.max(Some(at));
        let moves = history.items.iter().flatten().any(is_move);
        for (index, entry) in history.items.into_iter().enumerate() {
            let id = format!("{}.{index}", &*id);
            let Some(entry) = entry else {
                self.lose(&format!("entry {id} of the history is not in the documented form"));
                continue;
            };
            if may_change_status(&entry) {
                self.moved_at = self.moved_at.max(Some(at));
            }
            self.apply(id, at, said(&entry, self.schema, moves));
        }
    }

    /// Whether nothing is told of what happened to an issue that changed after its creation.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let age = self.item.updated_at.millis().saturating_sub(self.item.created_at.millis());
        !self.told && age > STAMP_LAG_MILLIS
    }

    /// Says that a part of the history is missing.
    pub fn lose(&mut self, detail: &str) {
        self.item.history_complete = false;
        self.gap("malformed-entry", detail.to_owned());
    }

    /// Says that the tracker kept back this many entries of the history.
    pub fn truncated(&mut self, count: usize) {
        self.item.history_complete = false;
        let detail = format!("Jira left out {count} entries of the history");
        self.gap("history-truncated", detail);
    }

    /// Whether the history knows of a later instant than the content: they come from two places.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.newest > Some(self.item.updated_at.plus_millis(STAMP_LAG_MILLIS))
    }

    /// The item with its history in order, and what could not be read.
    #[must_use]
    pub fn finish(mut self) -> (Item, Vec<Gap>) {
        // Stable: entries of one instant keep the order in which Jira gave them.
        self.item.history.sort_by_key(|change| change.at);
        self.drop_doubles();
        self.fill_former_statuses();
        self.resolve_links();
        self.reconcile_status();
        self.bound_by_creation();
        (self.item, self.gaps)
    }

    fn apply(&mut self, id: String, at: Timestamp, said: Said) {
        let mut push = |id, what| {
            self.item.history.push(Change { id, at, what, precision: Precision::Exact });
        };
        match said {
            Said::Nothing => {}
            Said::Change(what) => push(id, what),
            Said::Two(both) => {
                let [first, second] = *both;
                self.apply(format!("{id}.0"), at, first);
                self.apply(format!("{id}.1"), at, second);
            }
            Said::StatusTo(to) => {
                push(id.clone(), What::Status { from: to.clone(), to });
                self.fromless.push(id);
            }
            Said::Link { key, added } => {
                push(id.clone(), What::Activity);
                self.unspoken.push((id, key, added));
            }
            Said::Unreadable(field) => {
                self.lose(&format!("entry {id} of the history lacks the values of `{field}`"));
            }
        }
    }

    fn gap(&mut self, reason: &str, detail: String) {
        self.gaps.push(Gap {
            source: Some(self.item.id.source.clone()),
            key: Some(self.item.attributes.key.clone()),
            reason: reason.to_owned(),
            detail,
        });
    }

    /// A history that was written while its pages were read may come on two of them, and the epic
    /// of an item is told twice, as `IssueParentAssociation` and, a moment later, as `Epic Link`.
    fn drop_doubles(&mut self) {
        let history = &mut self.item.history;
        let mut ids: Vec<&str> = history.iter().map(|change| change.id.as_str()).collect();
        ids.sort_unstable();
        let unique = ids.windows(2).all(|pair| pair[0] != pair[1]);
        let mut told = BTreeSet::new();
        let mut parent: Option<What> = None;
        let mut kept = 0;
        for index in 0..history.len() {
            let change = &history[index];
            let mut doubled = !unique && !told.insert(change.id.clone());
            if matches!(change.what, What::Parent { .. }) {
                doubled |= parent.as_ref() == Some(&change.what);
                parent = Some(change.what.clone());
            }
            if !doubled {
                history.swap(kept, index);
                kept += 1;
            }
        }
        history.truncate(kept);
    }

    /// A status entry without a former status followed the entry before it.
    fn fill_former_statuses(&mut self) {
        if self.fromless.is_empty() {
            return;
        }
        let mut current: Option<Named> = None;
        for change in &mut self.item.history {
            let What::Status { from, to } = &mut change.what else { continue };
            if let Some(before) = current.take().filter(|_| self.fromless.contains(&change.id)) {
                *from = before;
            }
            current = Some(to.clone());
        }
    }

    /// A sentence in another language does not tell the relation. The newest addition of a link
    /// that still exists is the present one; what older entries meant can no longer be known.
    fn resolve_links(&mut self) {
        for index in (0..self.item.history.len()).rev() {
            let id = &self.item.history[index].id;
            let Some(place) = self.unspoken.iter().position(|(entry, ..)| entry == id) else {
                continue;
            };
            let (_, key, added) = self.unspoken.swap_remove(place);
            let mut present =
                self.item.attributes.links.iter().filter(|l| l.other.key.as_ref() == Some(&key));
            if let (Some(link), None, true) = (present.next(), present.next(), added) {
                let (relation, other) = (link.relation, link.other.clone());
                self.item.history[index].what = What::Link { relation, other, added };
            }
            self.unspoken.retain(|(_, other, _)| *other != key);
        }
        for change in &mut self.item.history {
            let What::Link { relation, other, .. } = &mut change.what else { continue };
            let links = &self.item.attributes.links;
            let same = |link: &&Link| link.relation == *relation && link.other.key == other.key;
            if let Some(link) = links.iter().find(same) {
                other.source.clone_from(&link.other.source);
            }
        }
    }

    /// A move or a new workflow can change the status without an entry. The transition is then
    /// put where that happened, else at the last update.
    fn reconcile_status(&mut self) {
        let item = &mut self.item;
        let last = item.history.iter().rev().find_map(|change| match &change.what {
            What::Status { to, .. } => Some((change, to)),
            _ => None,
        });
        let Some((change, to)) = last else { return };
        // An entry newer than the content was made between the two reads; the next read sees both.
        let newest = item.updated_at.plus_millis(STAMP_LAG_MILLIS);
        if to.id == item.attributes.status.id || change.at > newest {
            return;
        }
        let at = self.moved_at.filter(|moved| *moved >= change.at).unwrap_or(item.updated_at);
        let inferred = Change {
            id: format!("~{}", change.id),
            at,
            what: What::Status { from: to.clone(), to: item.attributes.status.clone() },
            precision: Precision::Inferred,
        };
        let place = item.history.partition_point(|change| change.at <= at);
        item.history.insert(place, inferred);
    }

    /// Imports carry histories from before the issue existed here; they count from its creation.
    fn bound_by_creation(&mut self) {
        let created = self.item.created_at;
        let early = self.item.history.partition_point(|change| change.at < created);
        if early == 0 {
            return;
        }
        for change in &mut self.item.history[..early] {
            change.at = created;
            change.precision = Precision::Inferred;
        }
        let detail =
            format!("{early} entries are older than the issue and count from its creation");
        self.gap("history-before-creation", detail);
    }
}
