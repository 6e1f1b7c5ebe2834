//! Blocking links between flow items, as intervals, from what both ends say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::beside::Changes;
use super::members::Flowing;
use crate::model::{ConnectionId, ItemRef, Period, Precision, Relation, Timestamp};
use crate::signals::dataset::LinkFacts;
use crate::signals::pieces::Pieces;

/// One end's word about a pair.
#[derive(Debug, Clone, Copy)]
struct Word {
    at: Timestamp,
    added: bool,
    precision: Precision,
}

/// Marks of all ids and keys that links name. Two names may share a mark.
#[derive(Debug, Default)]
pub struct Named(Vec<u64>);

/// FNV-1a over a connection and an id or key.
fn mark(connection: &ConnectionId, name: &str) -> u64 {
    let bytes = connection.0.bytes().chain([0]).chain(name.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |mark, byte| {
        (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Moves the ends of the links to where the items are now. False where an item that changed has a
/// say in them: what it tells of links is new, or others name it and it came, went or is known by
/// another key.
pub(super) fn mend(links: &mut Arc<Vec<LinkFacts>>, named: &Named, changes: &Changes) -> bool {
    let Changes { gone, come, shift } = changes;
    let is_named = |one: &Flowing| {
        let (connection, source) = one.kept.id();
        let keys = one.kept.aliases().iter().map(String::as_str).chain([one.facts.key.as_str()]);
        let mut names = keys.chain([source]).map(|name| mark(connection, name));
        names.any(|name| named.0.binary_search(&name).is_ok())
    };
    let same = |old: &Flowing, new: &Flowing| {
        old.kept.id() == new.kept.id()
            && old.facts.key == new.facts.key
            && old.kept.aliases() == new.kept.aliases()
            && old.kept.links() == new.kept.links()
    };
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    for (old, one) in gone {
        let again = come.iter().find(|(_, other)| same(one, other));
        match again {
            Some((new, _)) => drop(places.insert(*old, *new)),
            None if one.kept.links().is_empty() && !is_named(one) => {}
            None => return false,
        }
    }
    let quiet = |one: &Flowing| one.kept.links().is_empty() && !is_named(one);
    let known: BTreeSet<usize> = places.values().copied().collect();
    if !come.iter().all(|(place, one)| known.contains(place) || quiet(one)) {
        return false;
    }
    if shift.keeps_places() && places.iter().all(|(old, new)| old == new) {
        return true;
    }
    let place = |old: usize| shift.place(old).or_else(|| places.get(&old).copied());
    for link in Arc::make_mut(links) {
        match (place(link.blocked), place(link.blocker)) {
            (Some(blocked), Some(blocker)) => (link.blocked, link.blocker) = (blocked, blocker),
            _ => return false,
        }
    }
    true
}

/// Indices of items by immutable id and by present or former key.
struct Finder<'a> {
    by_source: BTreeMap<(&'a ConnectionId, &'a str), usize>,
    by_key: BTreeMap<(&'a ConnectionId, &'a str), usize>,
}

impl<'a> Finder<'a> {
    /// Finds what some of the items name; nobody asks for the others.
    fn over(items: &'a Pieces<Flowing>) -> (Self, Named) {
        let others = || {
            let links = items.iter().map(|one| &one.kept).filter(|kept| !kept.links().is_empty());
            links.flat_map(|kept| kept.links().iter().map(|link| (&kept.home.connection, link)))
        };
        let sources: BTreeSet<_> =
            others().filter_map(|(at, link)| Some((at, link.other.source.as_deref()?))).collect();
        let keys: BTreeSet<_> =
            others().filter_map(|(at, link)| Some((at, link.other.key.as_deref()?))).collect();
        let mut by_source = BTreeMap::new();
        let mut by_key = BTreeMap::new();
        if sources.is_empty() && keys.is_empty() {
            return (Self { by_source, by_key }, Named::default());
        }
        let names = sources.iter().map(|(at, source)| mark(at, source));
        let mut named: Vec<u64> = names.chain(keys.iter().map(|(at, key)| mark(at, key))).collect();
        named.sort_unstable();
        named.dedup();
        for (index, kept) in items.iter().map(|one| &one.kept).enumerate() {
            if sources.contains(&kept.id()) {
                by_source.insert(kept.id(), index);
            }
            for alias in kept.aliases() {
                let place = (&kept.home.connection, alias.as_str());
                if keys.contains(&place) {
                    by_key.entry(place).or_insert(index);
                }
            }
        }
        for (index, one) in items.iter().enumerate() {
            let place = (&one.kept.home.connection, one.facts.key.as_str());
            if keys.contains(&place) {
                by_key.insert(place, index);
            }
        }
        (Self { by_source, by_key }, Named(named))
    }

    fn find(&self, connection: &ConnectionId, other: &ItemRef) -> Option<usize> {
        let source = other.source.as_deref();
        source.and_then(|source| self.by_source.get(&(connection, source))).copied().or_else(|| {
            let key = other.key.as_deref()?;
            self.by_key.get(&(connection, key)).copied()
        })
    }
}

/// Every interval in which one item blocked another, sorted.
///
/// An interval begins at the recorded change; a present link without one begins when we first
/// learned of the item, marked polled. Both ends tell the same link: their words are united.
#[must_use]
pub fn facts(items: &Pieces<Flowing>) -> (Arc<Vec<LinkFacts>>, Arc<Named>) {
    let (finder, named) = Finder::over(items);
    let mut words: BTreeMap<(usize, usize), Vec<Word>> = BTreeMap::new();
    let mut present: BTreeMap<(usize, usize), Timestamp> = BTreeMap::new();
    for (index, kept) in items.iter().map(|one| &one.kept).enumerate() {
        let connection = &kept.home.connection;
        for told in kept.links() {
            let other = finder.find(connection, &told.other).filter(|other| *other != index);
            let pair = match (told.relation, other) {
                (Relation::BlockedBy, Some(other)) => (index, other),
                (Relation::Blocks, Some(other)) => (other, index),
                _ => continue,
            };
            match told.added {
                Some(added) => {
                    let word = Word { at: told.at, added, precision: told.precision };
                    words.entry(pair).or_default().push(word);
                }
                None => {
                    let seen = present.entry(pair).or_insert(told.at);
                    *seen = (*seen).min(told.at);
                }
            }
        }
    }
    for pair in present.keys() {
        words.entry(*pair).or_default();
    }
    let mut links: Vec<LinkFacts> = words
        .into_iter()
        .flat_map(|((blocked, blocker), words)| {
            let open = present.get(&(blocked, blocker)).copied();
            intervals(words, open).into_iter().map(move |(valid, precision)| LinkFacts {
                blocked,
                blocker,
                valid,
                precision,
            })
        })
        .collect();
    links.sort();
    (Arc::new(links), Arc::new(named))
}

/// Turns the words of both ends into intervals. `open` is when the link was first seen, if it
/// still stands.
fn intervals(mut words: Vec<Word>, open: Option<Timestamp>) -> Vec<(Period, Precision)> {
    words.sort_by_key(|word| (word.at, !word.added));
    let mut found = Vec::new();
    let mut since: Option<(Timestamp, Precision)> = None;
    for word in words {
        match (word.added, since) {
            (true, None) => since = Some((word.at, word.precision)),
            (false, Some((from, precision))) => {
                if from < word.at {
                    found.push((Period { from, to: word.at }, precision));
                }
                since = None;
            }
            // The other end repeats what is known, or ends what was never seen to begin.
            (true, Some(_)) | (false, None) => {}
        }
    }
    match (since, open) {
        (Some((from, precision)), _) => {
            found.push((Period { from, to: Timestamp::MAX }, precision));
        }
        (None, Some(seen)) => {
            found.push((Period { from: seen, to: Timestamp::MAX }, Precision::Polled));
        }
        (None, None) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(at: i64, added: bool) -> Word {
        Word { at: Timestamp::from_millis(at), added, precision: Precision::Exact }
    }

    fn spans(words: Vec<Word>, open: Option<i64>) -> Vec<(i64, i64, Precision)> {
        intervals(words, open.map(Timestamp::from_millis))
            .into_iter()
            .map(|(p, precision)| (p.from.millis(), p.to.millis(), precision))
            .collect()
    }

    #[test]
    fn both_ends_tell_one_interval() {
        let told = vec![word(10, true), word(10, true), word(30, false), word(31, false)];
        assert_eq!(spans(told, None), [(10, 30, Precision::Exact)]);
    }

    #[test]
    fn a_link_without_a_beginning_is_polled() {
        assert_eq!(spans(vec![], Some(50)), [(50, i64::MAX, Precision::Polled)]);
        let again = vec![word(10, true), word(30, false)];
        assert_eq!(
            spans(again, Some(50)),
            [(10, 30, Precision::Exact), (50, i64::MAX, Precision::Polled)]
        );
    }
}
