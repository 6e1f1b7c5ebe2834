//! What goes into the store and comes out of it, in the words of the model.

use std::time::Duration;

use crate::model::{
    Attributes, Change, ConnectionId, Departure, Gap, Item, ItemId, Period, Timestamp, TrackerKind,
};

/// What one read of a tracker brought, committed together with the point to resume from.
#[derive(Debug, Clone)]
pub struct Batch {
    pub connection: ConnectionId,
    pub tracker: TrackerKind,
    pub items: Vec<Item>,
    pub gaps: Vec<Gap>,
    /// When we learned all this, by our own clock.
    pub known_at: Timestamp,
    /// An item whose `updated_at` lies before this instant cannot change any more within the same
    /// stamp: the tracker's clock at the read, less its settling time. `None`: nothing is settled.
    pub settled_before: Option<Timestamp>,
    /// Where an interrupted scan goes on, if this batch moves that point.
    pub resume: Option<(String, Resume)>,
}

/// How far an unfinished scan has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// Everything that changed before this instant is applied; ask again from here, inclusive.
    pub key: Timestamp,
    /// The tracker's clock when the scan began; becomes the cursor when it completes.
    pub scan_t0: Timestamp,
}

/// The position of one scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The tracker's clock at the start of the last complete scan.
    pub complete: Option<Timestamp>,
    pub resume: Option<Resume>,
}

/// What applying a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Items that had been unknown.
    pub new: u64,
    /// Known items of which at least one fact changed.
    pub changed: u64,
    /// Reads that told nothing new.
    pub unchanged: u64,
    /// Reads older than what is stored; ignored.
    pub stale: u64,
}

/// Whether an item must be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredStamp {
    pub updated_at: Timestamp,
    /// The stored history is complete up to `updated_at`.
    pub settled: bool,
    /// Not removed.
    pub live: bool,
}

/// One item as it was known at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    pub id: ItemId,
    pub tracker: TrackerKind,
    pub created_at: Timestamp,
    /// The tracker's own stamp of the item when its attributes last differed.
    pub updated_at: Timestamp,
    /// When we first learned of it.
    pub first_seen: Timestamp,
    /// Former keys, oldest first.
    pub aliases: Vec<String>,
    pub attributes: Attributes,
    /// Oldest first, in source order where instants tie.
    pub history: Vec<Change>,
    pub history_complete: bool,
    /// When and why it left the tracker or our sight; `None` while it is there.
    pub removed: Option<Removed>,
    /// The change sequence of its last effective change (of all time, whatever `known` was asked).
    pub seq: u64,
}

/// How an item left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The tracker's clock when it was found gone; it left at or before this instant.
    pub at: Timestamp,
    /// When we learned of it.
    pub known_at: Timestamp,
    pub departure: Departure,
}

/// An item as a sweep needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rostered {
    pub source: String,
    pub key: String,
    pub project: String,
    pub live: bool,
    /// Why it left, of one that is not live.
    pub left: Option<Departure>,
    pub first_seen: Timestamp,
    /// How often in a row it was asked for and not given.
    pub misses: u32,
}

/// A gap with the time it was first met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGap {
    pub connection: ConnectionId,
    pub gap: Gap,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

/// A webhook's word that an item is worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub source: String,
    /// Grows with every delivery; a hint is only done if nothing newer came meanwhile.
    pub seq: u64,
    pub due: Timestamp,
}

/// An item whose read failed and will be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    pub source: String,
    pub attempts: u32,
    pub next_at: Timestamp,
    pub last_error: String,
}

/// One pass over a connection, for the log and for coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRecord {
    pub id: String,
    pub connection: ConnectionId,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    /// The tracker's clock that a complete pass reaches.
    pub clock: Option<Timestamp>,
    pub complete: bool,
    pub discovered: u64,
    pub read: u64,
    pub changed: u64,
    pub gaps: u64,
    /// Why it is not complete.
    pub problem: Option<String>,
}

/// A project or repository: what the last sweep told, beside what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRecord {
    pub connection: ConnectionId,
    pub project: String,
    /// `live`, `archived`, `trashed`, `hidden`; empty when it was never asked for.
    pub standing: String,
    /// How many ids the last complete sweep listed.
    pub listed: Option<u64>,
    /// The tracker's clock at the start of the last complete sweep.
    pub swept_at: Option<Timestamp>,
    /// Why the last sweep did not end, or was held back.
    pub problem: Option<String>,
    /// Items stored and live now; ignored by [`Store::put_scope`](super::Store::put_scope).
    pub stored: u64,
    /// Items stored that have left; ignored likewise.
    pub gone: u64,
}

/// When a project was last swept to its end, and how it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    pub project: String,
    pub standing: String,
    pub swept_at: Option<Timestamp>,
    /// The last sweep of it did not end, or was held back.
    pub troubled: bool,
}

/// A connection and the period over which its history is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    pub connection: ConnectionId,
    pub period: Period,
}

/// How much of everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub items: u64,
    pub removed: u64,
    pub gaps: u64,
    pub hints: u64,
    pub retries: u64,
}

/// The identity of one delivery of one digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DigestKey {
    pub digest: String,
    /// The civil time at which it was due (`2026-06-15T07:00`), in the portfolio's zone.
    pub due: String,
    pub channel: String,
}

/// How far the ticks of one plan of a digest are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickMark {
    /// By the database's clock.
    pub now: Timestamp,
    /// The newest tick that was planned or skipped, or when the plan was first seen.
    pub last: Option<Timestamp>,
    /// The newest civil time of this digest, where it has ticks and no plan: an earlier version
    /// sent them.
    pub newest_due: Option<String>,
}

/// A tick: its identity, and when it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTick {
    /// The civil time (`2026-06-15T07:00`) in the portfolio's zone.
    pub due: String,
    pub at: Timestamp,
}

/// What becomes of the ticks that are due, in one transaction.
#[derive(Debug, Clone)]
pub struct TickPlan {
    pub digest: String,
    /// The expression and its zone.
    pub plan: String,
    /// [`TickMark::last`] as it was read; a process that planned meanwhile has moved it.
    pub last: Timestamp,
    /// Ticks that nothing is sent for.
    pub skipped: Vec<DueTick>,
    /// The tick that is sent, its content, and the channels it goes to.
    pub kept: Option<(DueTick, String, Vec<String>)>,
}

/// What planning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TicksPlanned {
    pub planned: u64,
    pub skipped: u64,
}

/// A delivery that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedDelivery {
    pub key: DigestKey,
    /// When its tick was.
    pub at: Timestamp,
}

/// A tick and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickRecord {
    pub digest: String,
    pub tick: DueTick,
    /// Something is sent for it.
    pub planned: bool,
    /// By the database's clock.
    pub planned_at: Timestamp,
    /// Its deliveries, sorted by channel.
    pub deliveries: Vec<DeliveryRecord>,
}

/// Ticks of one digest for which nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedTicks {
    pub digest: String,
    pub count: u64,
    pub newest_due: String,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Ours to send: exactly these bytes, on every try.
    Won {
        content: String,
        attempts: u32,
        token: u64,
        /// An earlier sender never told how its try ended.
        unsure: bool,
        /// Why the last try that ended did not deliver.
        problem: Option<String>,
    },
    /// Someone else is sending it right now, or its pause is not over.
    Taken,
    /// Ended, or never planned.
    Finished,
}

/// How a try to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    Sent,
    /// May be claimed again after this time.
    Again(Duration, String),
    /// Given up; no try was confirmed.
    Failed(String),
    /// Nobody knows whether it arrived, and it is not sent again.
    Unknown(String),
}

/// A digest as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentDigest {
    pub key: DigestKey,
    pub content: String,
    pub sent_at: Timestamp,
}

/// The newest pass over a connection, and the newest that was complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassMarks {
    pub connection: ConnectionId,
    pub newest: PassRecord,
    pub complete: Option<PassRecord>,
}

/// What of a connection is to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub connection: ConnectionId,
    pub hints: u64,
    /// Reads that failed.
    pub retries: u64,
    pub next_retry_at: Option<Timestamp>,
}

/// Open gaps of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapCount {
    pub connection: ConnectionId,
    pub reason: String,
    pub count: u64,
}

/// A scope that makes a reader careful.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeTrouble {
    pub connection: ConnectionId,
    pub project: String,
    /// As in [`ScopeRecord`].
    pub standing: String,
    pub swept_at: Option<Timestamp>,
    pub problem: Option<String>,
}

/// How the newest delivery of a digest to a channel stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRecord {
    pub key: DigestKey,
    /// `open`, `sending`, `sent`, `failed`, `unknown`.
    pub state: String,
    pub attempts: u32,
    /// When one that has not ended may be tried again.
    pub again_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub problem: Option<String>,
}
