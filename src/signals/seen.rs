//! Single items as a report sees them.

use std::sync::Arc;

use super::dataset::{Dataset, ItemFacts};
use super::held::instant;
use crate::model::{Derived, FlowSegment, Timestamp, derive};

/// One item as it is seen at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub item: &'a ItemFacts,
    /// Its place in the list.
    pub place: usize,
    pub derived: Derived,
    /// The releases and events that hold it, see [`super::held::holders`].
    pub held: &'a [u32],
    /// The instant.
    pub as_of: Timestamp,
}

impl<'a> Seen<'a> {
    #[must_use]
    pub fn new(item: &'a ItemFacts, place: usize, as_of: Timestamp, held: &'a [u32]) -> Self {
        let derived = derive(item.created_at, &item.segments, as_of);
        Self { item, place, derived, held, as_of }
    }

    /// What began before the instant.
    #[must_use]
    pub fn segments(&self) -> &'a [FlowSegment] {
        let seen = self.item.segments.partition_point(|segment| segment.from < self.as_of);
        &self.item.segments[..seen]
    }

    /// The releases and events before the instant that hold it, with when they were.
    pub fn holders(&self, data: &Dataset) -> impl Iterator<Item = (u32, Timestamp)> {
        let at = |holder: &u32| Some((*holder, instant(data, *holder)?));
        self.held.iter().filter_map(at).filter(|(_, at)| *at < self.as_of)
    }

    /// The first release before the instant that contains it.
    #[must_use]
    pub fn released(&self, data: &Dataset) -> Option<Timestamp> {
        let release = |holder: &(u32, Timestamp)| (holder.0 as usize) < data.releases.len();
        self.holders(data).filter(release).map(|(_, at)| at).min()
    }
}

/// An item that went or came, at the instant of the report that saw it.
#[derive(Debug)]
pub struct Changed {
    pub item: Arc<ItemFacts>,
    pub place: usize,
    pub as_of: Timestamp,
    pub held: Vec<u32>,
}

impl Changed {
    /// The item as that report saw it.
    #[must_use]
    pub fn seen(&self) -> Seen<'_> {
        Seen::new(&self.item, self.place, self.as_of, &self.held)
    }
}
