//! From the store to placed timelines, facts and the report.
//!
//! A [`World`] is everything known at one instant, placed by one portfolio file. The newest one is
//! kept until the store's change sequence moves, so that a page costs a lookup.

mod beside;
mod budgets;
mod build;
pub mod compare;
mod deliveries;
mod departed;
mod export;
mod freshness;
mod integrations;
mod kept;
mod links;
mod members;
mod moves;
pub mod outcomes;
pub mod record;
mod releases;
mod shared;
pub mod status;
mod store_status;
mod story;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use crate::transport::Budget;
pub use budgets::HostStatus;
pub use build::World;
pub use compare::Comparison;
pub use export::{ExportCounts, export};
pub use freshness::{Declared, Freshness, Stale, Unread};
pub use moves::{Move, Moved};
pub use status::Status;
pub use story::{Entry, ItemStory};

use crate::clock::SharedClock;
use crate::model::{TeamIx, Timestamp};
use crate::portfolio::{MapView, Portfolio};
use crate::signals;
use crate::signals::report::Header;
use crate::signals::team::{TeamOnly, TeamView};
use crate::signals::{Memo, Report, Scope, evaluate};
use crate::store::{Store, StoreError};
use freshness::Marks;
use shared::Shared;

/// How long a live report is served before `as_of` moves on, in milliseconds.
const LIVE_MS: i64 = 60_000;
/// Computed reports kept beside the newest world.
const MOST_REPORTS: usize = 64;

/// The two clocks of a question: up to when events count, and up to when we had learned of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment {
    /// `None`: now.
    pub as_of: Option<Timestamp>,
    /// `None`: everything known.
    pub known: Option<Timestamp>,
}

/// Answers questions from the store through one portfolio.
pub struct Gauge {
    store: Store,
    portfolio: Arc<Portfolio>,
    clock: SharedClock,
    declared: Vec<Declared>,
    seq: Shared<u64>,
    marks: Shared<Arc<Marks>>,
    live: tokio::sync::Mutex<Option<(u64, Arc<World>)>>,
    /// What the newest reports of now computed. Held while another one is: whoever asks meanwhile
    /// waits for that one.
    computing: tokio::sync::Mutex<Memo>,
    reports: Mutex<BTreeMap<(Moment, Scope), Kept>>,
}

/// A computed report.
struct Kept {
    /// The store's change sequence before anything was read for it.
    seq: u64,
    at: Timestamp,
    report: Arc<Report>,
}

impl Gauge {
    #[must_use]
    pub fn new(store: Store, portfolio: Arc<Portfolio>, clock: SharedClock) -> Self {
        Self {
            store,
            portfolio,
            clock,
            declared: Vec::new(),
            seq: Shared::default(),
            marks: Shared::default(),
            live: tokio::sync::Mutex::default(),
            computing: tokio::sync::Mutex::default(),
            reports: Mutex::default(),
        }
    }

    /// Names the connections of the settings, so that one that was never pulled is told too.
    #[must_use]
    pub fn declaring(mut self, connections: Vec<Declared>) -> Self {
        self.declared = connections;
        self
    }

    /// The connections of the settings.
    #[must_use]
    pub fn declared(&self) -> &[Declared] {
        &self.declared
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    #[must_use]
    pub fn portfolio(&self) -> &Portfolio {
        &self.portfolio
    }

    /// Everything known at `known`, placed. The world of now is shared until the store changes.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn world(&self, known: Option<Timestamp>) -> Result<Arc<World>, StoreError> {
        if known.is_some() {
            let portfolio = self.portfolio_at(known).await?;
            return Ok(Arc::new(World::build(&self.store, portfolio, known).await?));
        }
        let seq = self.seq().await?;
        let mut live = self.live.lock().await;
        if let Some((kept, world)) = live.as_ref()
            && *kept >= seq
        {
            return Ok(Arc::clone(world));
        }
        let world = match live.as_ref() {
            // What is gone leaves no trace by which it could be taken out.
            Some((since, world)) if self.store.purged_seq().await? <= *since => {
                world.caught_up(&self.store, *since).await?
            }
            _ => World::build(&self.store, Arc::clone(&self.portfolio), None).await?,
        };
        let world = Arc::new(world);
        *live = Some((seq, Arc::clone(&world)));
        Ok(world)
    }

    async fn seq(&self) -> Result<u64, StoreError> {
        self.seq.ask(async || self.store.seq().await).await
    }

    /// The portfolio file as it was accepted at `known`; the present one where none was.
    async fn portfolio_at(&self, known: Option<Timestamp>) -> Result<Arc<Portfolio>, StoreError> {
        let accepted = self.store.portfolio_at(known).await?;
        let read = accepted.and_then(|text| Portfolio::parse(&text, "portfolio.toml").ok());
        Ok(read.map_or_else(|| Arc::clone(&self.portfolio), Arc::new))
    }

    /// The report at a moment. A live report is kept for a minute of the same data.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn report(&self, moment: Moment, scope: &Scope) -> Result<Arc<Report>, StoreError> {
        let now = self.clock.now();
        let key = (moment, scope.clone());
        if let Some(kept) = self.kept(self.seq().await?, &key, now) {
            return Ok(kept);
        }
        let mut computing = match moment.known {
            None => Some(self.computing.lock().await),
            Some(_) => None,
        };
        let seq = self.seq().await?;
        if let Some(kept) = self.kept(seq, &key, now) {
            return Ok(kept);
        }
        let world = self.world(moment.known).await?;
        let (as_of, known) = (moment.as_of.unwrap_or(now), moment.known.unwrap_or(now));
        let report = Arc::new(match &mut computing {
            Some(memo) if moment.as_of.is_none() => {
                memo.evaluate(&world.dataset, as_of, known, scope)
            }
            _ => evaluate(&world.dataset, as_of, known, scope),
        });
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.retain(|_, kept| kept.seq >= seq);
        if reports.len() >= MOST_REPORTS {
            reports.clear();
        }
        reports.insert(key, Kept { seq, at: now, report: Arc::clone(&report) });
        Ok(report)
    }

    /// A report that was computed from what the store held at `seq`, or later.
    fn kept(&self, seq: u64, key: &(Moment, Scope), now: Timestamp) -> Option<Arc<Report>> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = reports.get(key).filter(|kept| kept.seq >= seq)?;
        let fixed = key.0.as_of.is_some() && key.0.known.is_some();
        let young = now.millis() - kept.at.millis() < LIVE_MS;
        (fixed || young).then(|| Arc::clone(&kept.report))
    }

    /// What a team sees of itself at a moment; `None` where no such team is declared.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn team(
        &self,
        moment: Moment,
        team: &str,
    ) -> Result<Option<TeamOnly<TeamView>>, StoreError> {
        let report = self.report(moment, &Scope::Portfolio).await?;
        let world = self.world(moment.known).await?;
        let teams = &world.dataset.teams;
        let Some(ix) = teams.iter().position(|known| known.id == team) else { return Ok(None) };
        let ix = TeamIx(u32::try_from(ix).unwrap_or(u32::MAX));
        let Header { as_of, known, .. } = report.header;
        let whole = &report.confidence[0];
        Ok(Some(signals::team::evaluate(&world.dataset, as_of, known, ix, whole)))
    }

    /// What the present portfolio file moves against the one that was accepted last; empty when
    /// they are the same, or when none was accepted yet.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn moves(&self) -> Result<Vec<Move>, StoreError> {
        let accepted = self.portfolio_at(None).await?;
        if accepted == self.portfolio {
            return Ok(Vec::new());
        }
        let world = self.world(None).await?;
        moves::between(&self.store, accepted, world, None, self.clock.now()).await
    }

    /// The map of the portfolio at an instant.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn map(&self, moment: Moment) -> Result<MapView, StoreError> {
        let at = moment.as_of.unwrap_or_else(|| self.clock.now());
        let world = self.world(moment.known).await?;
        Ok(world.map(at))
    }

    /// The whole story of the items with this key or former key; several when connections share
    /// it. An item that lives on under another key comes after the one that it became.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stories(&self, key: &str, moment: Moment) -> Result<Vec<ItemStory>, StoreError> {
        let as_of = moment.as_of.unwrap_or_else(|| self.clock.now());
        let world = self.world(moment.known).await?;
        let former = self.store.items_by_key(key, moment.known).await?;
        let mut items = Vec::new();
        for item in &former {
            let Some(to) = item.removed.as_ref().and_then(|removed| removed.departure.to()) else {
                continue;
            };
            items.extend(self.store.items_by_key(to, moment.known).await?);
        }
        items.retain(|item| former.iter().all(|known| known.id != item.id));
        items.extend(former);
        let report = self.report(moment, &Scope::Portfolio).await?;
        Ok(items.into_iter().map(|item| story::tell(&world, item, as_of, &report)).collect())
    }
}
