//! Signatures, published before their bodies.
#![expect(unused_variables, reason = "bodies follow")]

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::clock::SharedClock;
use crate::model::{ConnectionId, Decision, ItemId, Reading, Release, StatusEntry, Timestamp};

type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Opens for writing: migrates, and on SQLite takes the file's lock.
    pub async fn open(url: &str, clock: SharedClock) -> Result<Self> {
        unimplemented!()
    }
    /// The same on the caller's thread (SQLite only), for simulations.
    pub async fn open_inline(url: &str, clock: SharedClock) -> Result<Self> {
        unimplemented!()
    }
    /// Opens for reading, beside a daemon that writes.
    pub async fn open_read_only(url: &str, clock: SharedClock) -> Result<Self> {
        unimplemented!()
    }

    // Leases
    pub async fn acquire(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        unimplemented!()
    }
    pub async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        unimplemented!()
    }
    pub async fn release(&self, lease: &Lease) -> Result<()> {
        unimplemented!()
    }

    // Items
    pub async fn apply(&self, lease: &Lease, batch: Batch) -> Result<Applied> {
        unimplemented!()
    }
    pub async fn stamps(
        &self,
        connection: &ConnectionId,
        sources: Vec<String>,
    ) -> Result<BTreeMap<String, StoredStamp>> {
        unimplemented!()
    }
    pub async fn tombstone(
        &self,
        lease: &Lease,
        item: &ItemId,
        removed_at: Timestamp,
        reason: &str,
        known_at: Timestamp,
    ) -> Result<bool> {
        unimplemented!()
    }
    pub async fn revive(&self, lease: &Lease, item: &ItemId, known_at: Timestamp) -> Result<bool> {
        unimplemented!()
    }
    /// Counts how often an item was asked for and not given; looks less than `apart` after the
    /// last one do not count again. `None`: we never had it.
    pub async fn record_miss(
        &self,
        lease: &Lease,
        item: &ItemId,
        at: Timestamp,
        apart: Duration,
    ) -> Result<Option<u32>> {
        unimplemented!()
    }
    /// Folds over every item known at `known` (`None`: now), sorted by id. Removed ones included.
    pub async fn fold_items<T: Send + 'static>(
        &self,
        known: Option<Timestamp>,
        init: T,
        fold: impl FnMut(&mut T, StoredItem) + Send + 'static,
    ) -> Result<T> {
        unimplemented!()
    }
    /// Items whose last effective change is after `seq`, as known now, sorted by `seq`.
    pub async fn changed_since(&self, seq: u64) -> Result<Vec<StoredItem>> {
        unimplemented!()
    }
    /// By present or former key; several when connections share a key.
    pub async fn items_by_key(
        &self,
        key: &str,
        known: Option<Timestamp>,
    ) -> Result<Vec<StoredItem>> {
        unimplemented!()
    }
    /// The change sequence: grows with every effective change of anything that a report reads.
    pub async fn seq(&self) -> Result<u64> {
        unimplemented!()
    }
    pub async fn counts(&self) -> Result<Counts> {
        unimplemented!()
    }

    // Scans and passes
    pub async fn cursor(&self, connection: &ConnectionId, scan: &str) -> Result<Cursor> {
        unimplemented!()
    }
    /// Ends a scan: the cursor moves to `t0` (never back), the resume point goes.
    pub async fn finish_scan(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        scan: &str,
        t0: Timestamp,
    ) -> Result<()> {
        unimplemented!()
    }
    pub async fn log_pass(&self, lease: &Lease, pass: PassRecord) -> Result<()> {
        unimplemented!()
    }
    /// The newest passes, newest first.
    pub async fn passes(&self, connection: &ConnectionId, limit: u32) -> Result<Vec<PassRecord>> {
        unimplemented!()
    }
    pub async fn coverage(&self, known: Option<Timestamp>) -> Result<Vec<Coverage>> {
        unimplemented!()
    }

    // Hints and retries
    pub async fn put_hints(
        &self,
        connection: &ConnectionId,
        sources: Vec<String>,
        due: Timestamp,
    ) -> Result<()> {
        unimplemented!()
    }
    /// Due hints, oldest first; they stay until [`Store::done_hints`].
    pub async fn take_hints(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Hint>> {
        unimplemented!()
    }
    /// Removes hints unless newer ones for the same items came meanwhile.
    pub async fn done_hints(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        hints: Vec<Hint>,
    ) -> Result<()> {
        unimplemented!()
    }
    pub async fn put_retry(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        source: &str,
        next_at: Timestamp,
        error: &str,
    ) -> Result<()> {
        unimplemented!()
    }
    pub async fn due_retries(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Retry>> {
        unimplemented!()
    }
    pub async fn clear_retry(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        source: &str,
    ) -> Result<()> {
        unimplemented!()
    }

    // What surrounds the items
    pub async fn gaps(&self, known: Option<Timestamp>) -> Result<Vec<StoredGap>> {
        unimplemented!()
    }
    /// `releases: None` concludes nothing about releases.
    pub async fn put_catalogue(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        statuses: Vec<StatusEntry>,
        releases: Option<Vec<Release>>,
        known_at: Timestamp,
    ) -> Result<bool> {
        unimplemented!()
    }
    pub async fn statuses(
        &self,
        known: Option<Timestamp>,
    ) -> Result<Vec<(ConnectionId, StatusEntry)>> {
        unimplemented!()
    }
    pub async fn releases(&self, known: Option<Timestamp>) -> Result<Vec<(ConnectionId, Release)>> {
        unimplemented!()
    }

    // What the portfolio records
    /// Appends a decision; its id is assigned here. `supersedes` names the one it corrects.
    pub async fn add_decision(
        &self,
        decision: Decision,
        supersedes: Option<&str>,
    ) -> Result<Decision> {
        unimplemented!()
    }
    /// Not superseded ones, by made-at, then id.
    pub async fn decisions(&self, known: Option<Timestamp>) -> Result<Vec<Decision>> {
        unimplemented!()
    }
    /// A second reading of the same measure and instant supersedes the first.
    pub async fn add_reading(&self, reading: Reading) -> Result<()> {
        unimplemented!()
    }
    pub async fn readings(&self, known: Option<Timestamp>) -> Result<Vec<Reading>> {
        unimplemented!()
    }
    /// Keeps a version of `portfolio.toml`; false when it equals the newest one.
    pub async fn accept_portfolio(&self, text: &str, known_at: Timestamp) -> Result<bool> {
        unimplemented!()
    }
    pub async fn portfolio_at(&self, known: Option<Timestamp>) -> Result<Option<String>> {
        unimplemented!()
    }

    // Digests
    /// Claims a delivery before it is sent. The first claim's content is kept for ever.
    pub async fn claim_digest(
        &self,
        key: &DigestKey,
        content: &str,
        ttl: Duration,
    ) -> Result<Claim> {
        unimplemented!()
    }
    /// Ends a claim; false when the claim had run out and someone else holds it.
    pub async fn mark_digest(
        &self,
        key: &DigestKey,
        token: u64,
        delivery: Delivery,
    ) -> Result<bool> {
        unimplemented!()
    }
    /// Sent digests, newest first.
    pub async fn sent_digests(&self, limit: u32) -> Result<Vec<SentDigest>> {
        unimplemented!()
    }
}
