//! Which releases and declared events hold which items.

use super::Dataset;
use crate::model::Timestamp;

/// The releases, then the declared events: when each was, and the places of its items.
pub fn holders(data: &Dataset) -> impl Iterator<Item = (Timestamp, &[usize])> + Clone {
    let releases = data.releases.iter().map(|release| (release.at, release.items.as_slice()));
    let events = data.integrations.iter().map(|event| (event.at, event.items.as_slice()));
    releases.chain(events)
}

/// When a holder was: a place in the list of [`holders`].
#[must_use]
pub fn instant(data: &Dataset, holder: u32) -> Option<Timestamp> {
    let holder = holder as usize;
    let event = || data.integrations.get(holder.checked_sub(data.releases.len())?);
    let release = data.releases.get(holder).map(|release| release.at);
    release.or_else(|| event().map(|event| event.at))
}

/// The holders of one item, in order.
#[must_use]
pub fn of(data: &Dataset, item: usize) -> Vec<u32> {
    let all = (0..).zip(holders(data));
    all.filter(|(_, (_, held))| held.binary_search(&item).is_ok()).map(|(ix, _)| ix).collect()
}

/// The holders of every item, in order.
#[derive(Debug, Default)]
pub struct Held {
    /// Where the holders of each item begin; one more than items.
    starts: Vec<u32>,
    holders: Vec<u32>,
}

impl Held {
    #[must_use]
    pub fn new(data: &Dataset) -> Self {
        let items = data.items.len();
        let all = || {
            let each = (0..).zip(holders(data));
            // A tracker may name one twice.
            each.flat_map(|(ix, (_, held))| {
                held.chunk_by(|a, b| a == b).map(move |one| (ix, one[0]))
            })
            .filter(|(_, item)| *item < items)
        };
        let mut starts = vec![0_u32; items + 1];
        all().for_each(|(_, item)| starts[item + 1] += 1);
        for item in 0..items {
            starts[item + 1] += starts[item];
        }
        let mut holders = vec![0; starts[items] as usize];
        let mut next = starts.clone();
        for (ix, item) in all() {
            holders[next[item] as usize] = ix;
            next[item] += 1;
        }
        Self { starts, holders }
    }

    #[must_use]
    pub fn of(&self, item: usize) -> &[u32] {
        match (self.starts.get(item), self.starts.get(item + 1)) {
            (Some(from), Some(to)) => &self.holders[*from as usize..*to as usize],
            _ => &[],
        }
    }
}
