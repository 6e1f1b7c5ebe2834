//! The whole story of one item: where it stands, why, and which signals it enters.

use schemars::JsonSchema;
use serde::Serialize;

use super::World;
use super::departed;
use crate::model::Timestamp;
use crate::portfolio::Explanation;
use crate::signals::report::{Finding, Slice};
use crate::signals::{Report, entries};
use crate::store::{Removed, StoredItem};

/// What `explain KEY` and `/items/{key}` show.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ItemStory {
    pub id: String,
    /// Former keys.
    pub aliases: Vec<String>,
    pub as_of: Timestamp,
    pub status: String,
    /// When and why it left the tracker or our sight.
    pub removed: Option<Removal>,
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Signals and slices in which it is counted.
    pub enters: Vec<Entry>,
    /// Up to when its connection was read completely; `None` where it never was.
    #[serde(skip)]
    pub read_until: Option<Timestamp>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Removal {
    /// The tracker's clock when it was found gone; it left at or before this instant.
    pub at: Timestamp,
    /// When that was learned.
    pub known_at: Timestamp,
    /// A short stable word.
    pub code: &'static str,
    /// The key under which it lives on elsewhere.
    pub to: Option<String>,
    /// What happened, for people.
    pub reason: String,
    /// What would bring it back, for people.
    pub way_back: String,
}

impl From<Removed> for Removal {
    fn from(removed: Removed) -> Self {
        let Removed { at, known_at, departure } = removed;
        Self {
            at,
            known_at,
            code: departure.code(),
            to: departure.to().map(str::to_owned),
            reason: departure.told(),
            way_back: departure.way_back(),
        }
    }
}

/// One signal that counts the item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Entry {
    pub signal: String,
    pub slice: String,
    /// The slice of the report that counts it, as `dimension:id`; `None` where a reader above the
    /// stream sees it only together with others.
    #[serde(skip)]
    pub address: Option<String>,
}

pub(super) fn tell(
    world: &World,
    item: StoredItem,
    as_of: Timestamp,
    report: &Report,
) -> ItemStory {
    let mut explanation = world.explain(&item);
    if let Some(removed) = &item.removed {
        departed::close(&mut explanation.segments, removed.at);
    }
    let key = &item.attributes.key;
    let mut enters: Vec<Entry> = report
        .findings
        .iter()
        .filter(|finding| finding.items.binary_search(key).is_ok())
        .map(|finding| Entry {
            signal: finding.signal.to_owned(),
            slice: finding.slice.name.clone(),
            address: Some(address(&finding.slice)),
        })
        .collect();
    let placed = world.place_of(key, &item.id);
    if let Some(index) = placed {
        let counted = entries::of(&world.dataset, &world.dataset.items[index], as_of);
        enters.extend(counted.into_iter().map(|(signal, slice)| Entry {
            address: counts(report, signal, &slice).map(address),
            signal: signal.to_owned(),
            slice,
        }));
    }
    enters.sort();
    enters.dedup();
    let spans = &world.dataset.coverage;
    let read = spans.iter().find(|span| span.connection == item.id.connection.0);
    ItemStory {
        read_until: read.map(|span| span.period.to),
        id: item.id.to_string(),
        status: item.attributes.status.name.clone(),
        aliases: item.aliases,
        as_of,
        removed: item.removed.map(Removal::from),
        explanation,
        enters,
    }
}

/// The slice of a signal that counts work of a stream: the stream's own, or the only one there is.
fn counts<'a>(report: &'a Report, signal: &str, stream: &str) -> Option<&'a Slice> {
    let mut own = report.findings.iter().filter(|found| found.signal == signal);
    let (first, more) = (own.next()?, own.next().is_some());
    if !more {
        return Some(&first.slice);
    }
    let of = |found: &&Finding| {
        found.signal == signal && found.slice.dimension == "stream" && found.slice.id == stream
    };
    report.findings.iter().find(of).map(|found| &found.slice)
}

fn address(slice: &Slice) -> String {
    format!("{}:{}", slice.dimension, slice.id)
}
