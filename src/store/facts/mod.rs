//! All that was ever known of one item, with both clocks: pure, and independent of any database.

mod polled;

use std::collections::{BTreeMap, BTreeSet};

use super::Removed;
use super::codec::{Coded, DecodeError, Decoder, Encoder, coded};
use crate::model::{Attributes, Change, Departure, Item, Timestamp};
use crate::mutants::{Mutant, alive};

/// The first byte of every stored value.
const VERSION: u8 = 1;

/// What is known of one item, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Oldest first; a new one only when something differs.
    pub versions: Vec<Version>,
    /// By the tracker's clock, in source order where instants tie.
    pub entries: Vec<Entry>,
    /// Removals and returns, oldest first; empty for an item that was always there.
    pub presence: Vec<Presence>,
}

/// The attributes from `known_at` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub known_at: Timestamp,
    /// The tracker's own stamp of the item when these attributes were first read.
    pub updated_at: Timestamp,
    pub history_complete: bool,
    pub attributes: Attributes,
}

/// One entry of the history. A retracted one stays, with the time it was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub change: Change,
    pub known_at: Timestamp,
    pub withdrawn_at: Option<Timestamp>,
}

/// From `known_at` on the item is gone since `at` for `reason`, or there again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    pub known_at: Timestamp,
    pub removed: Option<Removal>,
}

/// When an item left, by the tracker's clock, and why: a [`Departure`] as it writes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    pub at: Timestamp,
    pub reason: String,
}

coded!(Version { known_at, updated_at, history_complete, attributes });
coded!(Entry { change, known_at, withdrawn_at });
coded!(Presence { known_at, removed });
coded!(Removal { at, reason });

/// What was known at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub first_seen: Timestamp,
    pub updated_at: Timestamp,
    pub aliases: Vec<String>,
    pub attributes: Attributes,
    pub history: Vec<Change>,
    pub history_complete: bool,
    pub removed: Option<Removed>,
}

impl Facts {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::default();
        out.byte(VERSION);
        self.versions.put(&mut out);
        self.entries.put(&mut out);
        self.presence.put(&mut out);
        out.bytes
    }

    /// Reads the stored form; whatever else the bytes are is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Decoder::new(bytes);
        if from.byte()? != VERSION {
            return Err(DecodeError("its version is unknown"));
        }
        let versions: Vec<Version> = Coded::take(&mut from)?;
        let facts =
            Self { versions, entries: Coded::take(&mut from)?, presence: Coded::take(&mut from)? };
        if facts.versions.is_empty() || !from.is_done() {
            return Err(DecodeError("it is incomplete or too long"));
        }
        Ok(facts)
    }

    /// Takes in one read. Returns whether anything is new; the same read again never is.
    pub fn learn(&mut self, item: Item, known_at: Timestamp) -> bool {
        // A machine's clock may jump back; what is learned later is known later all the same.
        let newest = self.versions.iter().map(|v| v.known_at);
        let known_at =
            newest.chain(self.presence.iter().map(|p| p.known_at)).fold(known_at, Ord::max);
        let complete = item.history_complete;
        let mut changed = self.learn_history(item.history, complete, known_at);
        let same = self
            .versions
            .last()
            .is_some_and(|v| v.history_complete == complete && v.attributes == item.attributes);
        if !same {
            self.versions.push(Version {
                known_at,
                updated_at: item.updated_at,
                history_complete: complete,
                attributes: item.attributes,
            });
            changed = true;
        }
        self.place(None, known_at) || changed
    }

    /// Records that the item is gone or there; false when that was known. What left with its
    /// project left then, however the project stands now.
    pub fn place(&mut self, mut removed: Option<Removal>, known_at: Timestamp) -> bool {
        let now = self.removed();
        if now.map(|r| &r.reason) == removed.as_ref().map(|r| &r.reason) {
            return false;
        }
        let with_project = |removal: &Removal| Departure::parse(&removal.reason).is_of_project();
        if let (Some(before), Some(after)) = (now, &mut removed)
            && with_project(before)
            && with_project(after)
        {
            after.at = before.at;
        }
        let known_at = self.presence.last().map_or(known_at, |p| p.known_at.max(known_at));
        self.presence.push(Presence { known_at, removed });
        true
    }

    /// How it left, as known last; `None`: it is there.
    pub fn removed(&self) -> Option<&Removal> {
        self.presence.last().and_then(|presence| presence.removed.as_ref())
    }

    /// Unites the stored history with a read one. Entries that a complete read no longer shows
    /// are withdrawn, but for moves on boards ([`Change::outlives_reads`]); a partial read proves
    /// nothing about what it leaves out.
    fn learn_history(
        &mut self,
        mut read: Vec<Change>,
        complete: bool,
        known_at: Timestamp,
    ) -> bool {
        // Ids are unique by contract; an item that breaks it must not grow with every read.
        let mut ids = BTreeSet::new();
        read.retain(|change| ids.insert(change.id.clone()));
        if alive(Mutant::AddNotReplace) {
            let new = |change| Entry { change, known_at, withdrawn_at: None };
            self.entries.extend(read.into_iter().map(new));
            self.entries.sort_by_key(|entry| entry.change.at);
            return true;
        }
        polled::leave_out_the_known(&mut read, &self.entries);
        let valid = self.entries.iter().filter(|e| e.withdrawn_at.is_none());
        if valid.map(|e| &e.change).eq(&read) {
            return false;
        }
        let before = std::mem::take(&mut self.entries);
        let mut stored: BTreeMap<String, Entry> = BTreeMap::new();
        let mut left = Vec::new();
        for entry in before.clone() {
            if entry.withdrawn_at.is_some() {
                left.push(entry);
            } else {
                stored.insert(entry.change.id.clone(), entry);
            }
        }
        // Of moves on a board that only a poll saw, those that an event tells now.
        let told: BTreeSet<String> = stored
            .values()
            .filter(|e| e.change.is_of_value() && polled::is_told_by_event(&e.change, &read))
            .map(|e| e.change.id.clone())
            .collect();
        let mut united = Vec::with_capacity(before.len() + read.len());
        for change in read {
            match stored.remove(&change.id) {
                Some(entry) if entry.change == change => united.push(entry),
                rewritten => {
                    left.extend(rewritten.map(|e| Entry { withdrawn_at: Some(known_at), ..e }));
                    united.push(Entry { change, known_at, withdrawn_at: None });
                }
            }
        }
        let withdrawn = |e: &Entry| match e.change.outlives_reads() {
            true => told.contains(&e.change.id).then_some(known_at),
            false => complete.then_some(known_at),
        };
        left.extend(stored.into_values().map(|e| Entry { withdrawn_at: withdrawn(&e), ..e }));
        united.extend(left);
        united.sort_by_key(|entry| entry.change.at);
        self.entries = united;
        self.entries != before
    }

    /// What was known at `known`; `None` before the item was first seen.
    pub fn known(self, known: Timestamp) -> Option<Known> {
        let first_seen = self.versions.first()?.known_at;
        let seen = self.versions.iter().take_while(|v| v.known_at <= known).count();
        let mut versions = self.versions;
        versions.truncate(seen);
        let last = versions.pop()?;
        let mut aliases: Vec<String> = Vec::new();
        for version in versions {
            let key = version.attributes.key;
            if key != last.attributes.key && !aliases.contains(&key) {
                aliases.push(key);
            }
        }
        let valid = |entry: &Entry| {
            entry.known_at <= known && entry.withdrawn_at.is_none_or(|withdrawn| withdrawn > known)
        };
        let valid = self.entries.into_iter().filter(valid);
        let mut history: Vec<Change> = valid.map(|e| e.change).collect();
        polled::join(&mut history);
        let removed = self.presence.into_iter().take_while(|p| p.known_at <= known).last();
        Some(Known {
            first_seen,
            updated_at: last.updated_at,
            aliases,
            attributes: last.attributes,
            history,
            history_complete: last.history_complete,
            removed: removed.and_then(|p| {
                let Removal { at, reason } = p.removed?;
                Some(Removed { at, known_at: p.known_at, departure: Departure::parse(&reason) })
            }),
        })
    }
}

#[cfg(test)]
mod tests;
