//! Single items as a report sees them.

use std::sync::Arc;

use super::dataset::ItemFacts;
use crate::model::{Derived, FlowSegment, Timestamp, derive};

/// One item as it is seen at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub item: &'a ItemFacts,
    pub derived: Derived,
    /// The first release before the instant that contains the item.
    pub released: Option<Timestamp>,
    /// The instant.
    pub as_of: Timestamp,
}

impl<'a> Seen<'a> {
    #[must_use]
    pub fn new(item: &'a ItemFacts, as_of: Timestamp, released: Option<Timestamp>) -> Self {
        Self::with(item, derive(item.created_at, &item.segments, as_of), as_of, released)
    }

    /// The same with what is derived already.
    #[must_use]
    pub fn with(
        item: &'a ItemFacts,
        derived: Derived,
        as_of: Timestamp,
        released: Option<Timestamp>,
    ) -> Self {
        Self { item, derived, released, as_of }
    }

    /// What began before the instant.
    #[must_use]
    pub fn segments(&self) -> &'a [FlowSegment] {
        let seen = self.item.segments.partition_point(|segment| segment.from < self.as_of);
        &self.item.segments[..seen]
    }
}

/// An item that went or came, at the instant of the report that saw it.
#[derive(Debug)]
pub struct Changed {
    pub item: Arc<ItemFacts>,
    pub as_of: Timestamp,
    pub released: Option<Timestamp>,
}

impl Changed {
    /// The item as that report saw it.
    #[must_use]
    pub fn seen(&self) -> Seen<'_> {
        Seen::new(&self.item, self.as_of, self.released)
    }
}
