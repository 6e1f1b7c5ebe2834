//! One walk over what changed, page by page, oldest change first.

use std::collections::BTreeSet;

use super::Reach;
use super::by_position::Offset;
use super::outcome::Problem;
use super::run::{Run, Step};
use super::settings::{deep_overlap_ms, hot_overlap_ms};
use crate::model::Timestamp;
use crate::mutants::{Mutant, alive};
use crate::store::Resume;
use crate::trackers::{Discovered, HIDDEN_PROJECT, ScanId, TrackerError};

/// Pages past the clock of the scan's start after which only re-touched items are left; the next
/// scan has them.
const PAGES_BEYOND_MAX: u32 = 10;

/// The resume point of a first scan that lists ids without stamps.
const FROM_THE_START: Timestamp = Timestamp::from_millis(0);

/// Fresh starts from the same point after which the tracker's tokens are taken to be broken.
const RESTARTS_MAX: u32 = 3;

/// Where a walk stands.
struct Walk<'a> {
    scan: &'a ScanId,
    /// The tracker's clock at the start of the scan, perhaps by an earlier, interrupted pass.
    t0: Timestamp,
    since: Option<Timestamp>,
    /// Every row up to this stamp is applied.
    key: Option<Timestamp>,
    /// The first scan. What it finds settled was read by it, before an interruption; what was
    /// read earlier is unsettled when it begins.
    first: bool,
    /// A whole walk over what is stored already. It leaves no point to resume from: a usual pull
    /// must not have to bring it to its end.
    again: bool,
    /// A first scan of which no row is stored yet.
    fresh: bool,
    /// The newest stamp that was listed.
    newest: Timestamp,
    /// Rows came oldest first so far. If not, nothing can be concluded from the newest one.
    ordered: bool,
    token: Option<String>,
    tokens: BTreeSet<String>,
    restarts: u32,
    pages_beyond: u32,
}

impl<'a> Walk<'a> {
    fn new(scan: &'a ScanId, t0: Timestamp, since: Option<Timestamp>) -> Self {
        Self {
            scan,
            t0,
            since,
            key: None,
            first: false,
            again: false,
            fresh: false,
            newest: Timestamp::MIN,
            ordered: true,
            token: None,
            tokens: BTreeSet::new(),
            restarts: 0,
            pages_beyond: 0,
        }
    }

    /// Notes a listed stamp and returns the point to resume from once it is applied.
    fn list(&mut self, updated_at: Option<Timestamp>) {
        if let Some(updated_at) = updated_at {
            self.ordered &= updated_at >= self.newest;
            self.newest = self.newest.max(updated_at);
        }
    }

    /// Everything listed so far up to `upto` is applied, or about to be in the same commit.
    fn reach(&mut self, upto: Timestamp) -> Option<(String, Resume)> {
        let moved = self.ordered && self.key.is_none_or(|key| key < upto);
        if !moved || upto == Timestamp::MIN {
            return None;
        }
        self.key = Some(upto);
        self.restarts = 0;
        (!self.again).then(|| (self.scan.0.clone(), Resume { key: upto, scan_t0: self.t0 }))
    }

    /// Holds on to the clock of a first scan whose rows carry no stamps: after an interruption it
    /// lists everything again and leaves out what it has stored.
    fn hold(&mut self) -> Option<(String, Resume)> {
        let unheld = self.first && self.since.is_none() && self.key.is_none();
        if !unheld || self.newest > Timestamp::MIN {
            return None;
        }
        self.key = Some(FROM_THE_START);
        Some((self.scan.0.clone(), Resume { key: FROM_THE_START, scan_t0: self.t0 }))
    }

    /// Reads so much that it leaves the reserve of the budget alone.
    fn is_bulk(&self) -> bool {
        self.first || self.again
    }

    /// Starts again from the last point that is safe.
    fn restart(&mut self, why: &str) -> Step<()> {
        self.restarts += 1;
        if self.restarts > RESTARTS_MAX {
            return Err(Problem::Again(format!(
                "{why}, {RESTARTS_MAX} times now; the next pass goes on from there"
            )));
        }
        tracing::debug!(why, "the walk starts again from its last key");
        self.since = self.key.filter(|key| *key != FROM_THE_START).or(self.since);
        self.newest = Timestamp::MIN;
        self.begin_again();
        Ok(())
    }

    /// Asks for the first page next.
    fn begin_again(&mut self) {
        self.token = None;
        self.tokens.clear();
    }

    /// Whether there is a next page to follow.
    fn follow(&mut self, next: Option<String>) -> Step<bool> {
        let Some(next) = next else { return Ok(false) };
        if self.ordered && self.key.is_some_and(|key| key > self.t0) {
            self.pages_beyond += 1;
            if self.pages_beyond > PAGES_BEYOND_MAX {
                return Ok(false);
            }
        }
        if !self.tokens.insert(next.clone()) {
            self.restart("the tracker repeats a page token")?;
            return Ok(true);
        }
        self.token = Some(next);
        Ok(true)
    }
}

impl Run<'_> {
    /// Walks one scan to its end and moves its cursor. Returns the clock it now covers.
    pub async fn scan(&mut self, scan: &ScanId, reach: Reach, clock: Timestamp) -> Step<Timestamp> {
        let mut walk = self.start(scan, reach, clock).await?;
        if alive(Mutant::CursorBeforeData) {
            self.store().finish_scan(&self.lease, self.connection(), &scan.0, walk.t0).await?;
        }
        let mut offset = Offset::default();
        loop {
            if walk.is_bulk() {
                self.leave_reserve(&scan.0).await?;
            }
            let discover = self.tracker.discover(scan, walk.since, clock, walk.token.as_deref());
            let mut page = match self.alongside(discover).await? {
                Ok(page) => page,
                Err(TrackerError::BadToken(why)) => {
                    walk.restart(&why)?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if alive(Mutant::UpperBound) {
                page.stamps.retain(|stamp| stamp.updated_at.is_none_or(|at| at <= clock));
                page.items.retain(|item| item.updated_at <= clock);
            }
            let next = page.next.take();
            if alive(Mutant::OffsetAsc) {
                offset.take(&mut page);
            }
            self.page(&mut walk, page, clock).await?;
            if alive(Mutant::OffsetAsc) && offset.turn(next.is_some()) {
                walk.begin_again();
                continue;
            }
            if !walk.follow(next)? {
                break;
            }
        }
        self.commit().await?;
        if alive(Mutant::CursorEndOfScan) {
            walk.t0 = self.probe().await?.clock;
        }
        if alive(Mutant::NoOverlapMaxSeen) && !walk.first {
            walk.t0 = walk.newest.max(FROM_THE_START);
        }
        self.store().finish_scan(&self.lease, self.connection(), &scan.0, walk.t0).await?;
        Ok(walk.t0)
    }

    async fn start<'s>(
        &mut self,
        scan: &'s ScanId,
        reach: Reach,
        clock: Timestamp,
    ) -> Step<Walk<'s>> {
        let cursor = self.store().cursor(self.connection(), &scan.0).await?;
        let first = cursor.complete.is_none();
        let kind = self.tracker.kind();
        let clock = if alive(Mutant::LocalClockCursor) { self.now() } else { clock };
        let overlap = match reach {
            // A first walk is a whole one, and goes on where it was interrupted.
            Reach::Full if first => 0,
            Reach::Full => return Ok(Walk { again: true, ..Walk::new(scan, clock, None) }),
            _ if alive(Mutant::NoOverlap) || alive(Mutant::NoOverlapMaxSeen) => 0,
            Reach::Hot if alive(Mutant::ShortOverlap) => hot_overlap_ms(kind) / 6,
            Reach::Deep if alive(Mutant::ShortOverlap) => deep_overlap_ms(kind) / 6,
            Reach::Hot => hot_overlap_ms(kind),
            Reach::Deep => deep_overlap_ms(kind),
        };
        let since = cursor.complete.map(|t| t.plus_millis(-overlap));
        let mut walk = match cursor.resume {
            Some(Resume { key: FROM_THE_START, scan_t0 }) => Walk::new(scan, scan_t0, None),
            Some(resume) => Walk::new(scan, resume.scan_t0, Some(resume.key)),
            None => Walk::new(scan, clock, since),
        };
        walk.first = first;
        walk.fresh = first && cursor.resume.is_none();
        Ok(walk)
    }

    /// Takes in one page: what came with it, then what has to be read by id.
    async fn page(&mut self, walk: &mut Walk<'_>, page: Discovered, clock: Timestamp) -> Step<()> {
        let carried: BTreeSet<String> =
            page.items.iter().map(|item| item.id.source.clone()).collect();
        let mut rows: Vec<(String, Option<Timestamp>)> =
            page.stamps.into_iter().map(|stamp| (stamp.source, stamp.updated_at)).collect();
        let stamped: BTreeSet<&String> = rows.iter().map(|(source, _)| source).collect();
        let unstamped: Vec<_> = page
            .items
            .iter()
            .filter(|item| !stamped.contains(&item.id.source))
            .map(|item| (item.id.source.clone(), Some(item.updated_at)))
            .collect();
        rows.extend(unstamped);
        self.outcome.discovered += rows.len() as u64;
        self.progress.discovered(self.connection(), rows.len() as u64, page.expected);
        for gap in page.gaps.iter().filter(|gap| gap.reason == HIDDEN_PROJECT) {
            self.unseen(gap.key.as_deref().unwrap_or_default()).await?;
        }
        if !page.items.is_empty() || !page.gaps.is_empty() {
            self.in_hand = Some(self.batch(page.items, page.gaps, Some(clock)));
        }
        if std::mem::take(&mut walk.fresh) && rows.iter().any(|(_, stamp)| stamp.is_none()) {
            // Hints and sweeps read items before the first scan, and without stamps nobody can
            // say whether they changed since.
            self.store().unsettle(&self.lease, self.connection()).await?;
        }
        let asked: Vec<String> =
            rows.iter().map(|(s, _)| s).filter(|s| !carried.contains(*s)).cloned().collect();
        let stored = self.store().stamps(self.connection(), asked.clone()).await?;
        let first = walk.first;
        let is_fresh = |source: &String, updated_at: &Option<Timestamp>| {
            stored.get(source).is_some_and(|known| {
                let newer = updated_at.map_or(!first, |u| u > known.updated_at);
                known.live && known.settled && !newer
            })
        };
        let mut part: BTreeSet<String> = BTreeSet::new();
        let mut fresh = 0;
        for (source, updated_at) in rows {
            walk.list(updated_at);
            if carried.contains(&source) {
                continue;
            }
            if is_fresh(&source, &updated_at) {
                fresh += 1;
                continue;
            }
            part.insert(source);
            if part.len() >= self.tracker.batch().max(1) {
                self.read_part(walk, std::mem::take(&mut part)).await?;
            }
        }
        self.progress.applied(self.connection(), fresh);
        self.read_part(walk, part).await
    }

    /// Reads a part of a page, and lets the resume point follow in the same commit.
    async fn read_part(&mut self, walk: &mut Walk<'_>, part: BTreeSet<String>) -> Step<()> {
        let mut absent = Vec::new();
        if !part.is_empty() {
            if walk.is_bulk() {
                self.leave_reserve(&walk.scan.0).await?;
            }
            absent = self.read(part.into_iter().collect()).await?;
        }
        for source in absent {
            self.missing(&source).await?;
        }
        if let Some(resume) = walk.reach(walk.newest).or_else(|| walk.hold()) {
            let empty = self.batch(Vec::new(), Vec::new(), None);
            self.in_hand.get_or_insert(empty).resume = Some(resume);
        }
        self.heed().await
    }
}
