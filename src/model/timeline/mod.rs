//! The timeline of one item: half-open segments, and what is derived from them.
//!
//! [`fold()`] makes segments of dated events; [`derive()`] and [`wip_spells`] read them.

mod derived;
mod fold;

pub use derived::{Derived, derive, wip_spells};
pub use fold::{Event, fold};

use super::{Period, Timestamp};

/// The five meanings a status can have.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Known, not started.
    Proposed,
    /// Started, and someone is expected to be working on it.
    Active,
    /// Started, and in a queue.
    Waiting,
    /// Delivered to the next customer of the value stream.
    Done,
    /// Ended without delivery.
    Dropped,
}

impl Category {
    /// Active or waiting: the item is work in progress.
    #[must_use]
    pub fn is_started(self) -> bool {
        matches!(self, Self::Active | Self::Waiting)
    }

    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::Dropped)
    }
}

/// How well an instant is known, best first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The tracker recorded the event.
    #[default]
    Exact,
    /// A poll noticed the change; it happened at or before the instant.
    Polled,
    /// Concluded from something else, such as the opening of a pull request.
    Inferred,
}

/// One stretch of an item's life with a constant state and placement.
///
/// `S`, `T`, `V` and `E` are whatever names states, teams, value streams and epics at the place of
/// use: strings while placing and explaining, small integers while computing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Segment<S, T, V, E> {
    pub from: Timestamp,
    /// [`Timestamp::MAX`] for the open last segment.
    pub to: Timestamp,
    pub category: Category,
    pub state: S,
    pub blocked: bool,
    pub team: Option<T>,
    pub stream: Option<V>,
    pub epic: Option<E>,
    /// How well `from` is known.
    pub precision: Precision,
}

impl<S, T, V, E> Segment<S, T, V, E> {
    #[must_use]
    pub fn period(&self) -> Period {
        Period { from: self.from, to: self.to }
    }

    /// The category with the blocked overlay applied: blocked active work waits.
    #[must_use]
    pub fn flow(&self) -> Category {
        if self.blocked && self.category == Category::Active {
            Category::Waiting
        } else {
            self.category
        }
    }
}

/// Ordered, contiguous segments of one item. Never empty for a real item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline<S, T, V, E> {
    pub created_at: Timestamp,
    pub segments: Vec<Segment<S, T, V, E>>,
}

/// A state name, interned in [`States`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateIx(pub u32);
/// A team: its place in the portfolio's list of teams, which is sorted by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamIx(pub u32);
/// A value stream: its place in the portfolio's list of streams, which is sorted by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamIx(pub u32);
/// An epic: its place in the list of epics, which is sorted by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpicIx(pub u32);

/// A segment in the form that the signals compute with.
pub type FlowSegment = Segment<StateIx, TeamIx, StreamIx, EpicIx>;

/// An event that folds into [`FlowSegment`]s.
pub type FlowEvent = Event<StateIx, TeamIx, StreamIx, EpicIx>;

/// The names of states, each stored once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States {
    names: Vec<String>,
    index: std::collections::BTreeMap<String, StateIx>,
}

impl States {
    /// The number of `name`, given out on first use.
    pub fn intern(&mut self, name: &str) -> StateIx {
        if let Some(found) = self.index.get(name) {
            return *found;
        }
        let ix = StateIx(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), ix);
        ix
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    #[must_use]
    pub fn name(&self, ix: StateIx) -> &str {
        self.names.get(ix.0 as usize).map_or("", String::as_str)
    }
}
