//! How old the data is that a report rests on, and what of it is in doubt.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::{Gauge, Moment};
use crate::model::{ConnectionId, Timestamp, TrackerKind};
use crate::schedule::Schedule;
use crate::store::{PassMarks, ScopeTrouble, StoreError};

/// Data younger than this is not stale, however often it is pulled, in milliseconds.
const STALE_MS: i64 = 24 * 3_600_000;
/// Pulls that have to be missed before data is stale.
const STALE_PULLS: u32 = 3;

/// A connection as the settings name it; the store may know it, or not yet.
#[derive(Debug, Clone)]
pub struct Declared {
    pub connection: ConnectionId,
    pub tracker: TrackerKind,
    /// Projects or repositories, as written.
    pub scopes: Vec<String>,
    /// When it is pulled, in UTC.
    pub pull: Schedule,
}

/// What a reader must know before trusting a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// Connections whose data is old or was never complete, sorted.
    pub stale: Vec<Stale>,
    /// Scopes that are hidden, or whose last sweep did not end; for the present only.
    #[serde(skip)]
    pub scopes: Vec<ScopeTrouble>,
    /// Outcome measures whose source failed when it was asked last; for the present only.
    #[serde(skip)]
    pub unread: Vec<Unread>,
}

/// An outcome measure whose source did not give all that it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The name of the measure.
    pub measure: String,
    /// When its source last gave readings.
    pub read_at: Option<Timestamp>,
}

/// A connection whose data is old, or was never complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stale {
    pub connection: String,
    /// The settings name it. Without any settings, as for a store that was filled elsewhere, every
    /// connection counts as declared.
    pub declared: bool,
    /// At least one pass has ended, complete or not.
    pub attempted: bool,
    /// When the newest complete pass ended.
    pub last_complete: Option<Timestamp>,
    /// From the tracker's clock of that pass to the instant of the report, in milliseconds.
    pub age_ms: Option<i64>,
}

/// What freshness is judged by.
#[derive(Default)]
pub(super) struct Marks {
    passes: Vec<PassMarks>,
    /// What sweeps told; for the present only.
    scopes: Vec<ScopeTrouble>,
    /// What sources told; for the present only.
    unread: Vec<Unread>,
}

impl Gauge {
    /// What is stale for a report at this moment. A past moment is judged by the passes that had
    /// ended by then; what sweeps told is known for the present only.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn freshness(&self, moment: Moment) -> Result<Freshness, StoreError> {
        let now = self.clock.now();
        let at = moment.as_of.unwrap_or(now).min(moment.known.unwrap_or(now));
        let Marks { passes: marks, scopes, unread } = &*match moment.known {
            None => self.marks.ask(async || self.marks(None).await).await?,
            known => self.marks(known).await?,
        };
        let mut names: BTreeSet<&ConnectionId> = marks.iter().map(|one| &one.connection).collect();
        if moment.known.is_none() {
            names.extend(self.declared.iter().map(|one| &one.connection));
        }
        let stale = names
            .into_iter()
            .filter_map(|name| {
                let mark = marks.iter().find(|mark| mark.connection == *name);
                self.stale(name, mark, at)
            })
            .collect();
        let named = |scope: &&ScopeTrouble| self.reads(&scope.connection, &scope.project);
        let scopes = scopes.iter().filter(named).cloned().collect();
        Ok(Freshness { stale, scopes, unread: unread.clone() })
    }

    async fn marks(&self, known: Option<Timestamp>) -> Result<Arc<Marks>, StoreError> {
        let passes = self.store.pass_marks(known).await?;
        let (scopes, unread) = match known {
            None => (self.store.troubled_scopes().await?, self.unread().await?),
            Some(_) => (Vec::new(), Vec::new()),
        };
        Ok(Arc::new(Marks { passes, scopes, unread }))
    }

    async fn unread(&self) -> Result<Vec<Unread>, StoreError> {
        let known = self.store.sources().await?;
        let unread = self.portfolio.outcomes().iter().filter_map(|outcome| {
            let (measure, source) = (&outcome.measure, outcome.source.told());
            let own = known.iter().find(|one| one.measure == measure.id && one.source == source)?;
            own.problem.as_ref()?;
            Some(Unread { measure: measure.name.clone(), read_at: own.read_at })
        });
        Ok(unread.collect())
    }

    /// Whether the settings still name a project: nothing sweeps one that was taken out.
    fn reads(&self, connection: &ConnectionId, project: &str) -> bool {
        let named = |scope: &String| match scope.strip_suffix("/*") {
            Some(owner) => {
                project.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(owner))
            }
            None => scope.eq_ignore_ascii_case(project),
        };
        let own = self.declared.iter().filter(|one| one.connection == *connection);
        self.declared.is_empty() || own.flat_map(|one| &one.scopes).any(named)
    }

    /// `None` when the data of the connection is fresh at `at`.
    pub(super) fn stale(
        &self,
        name: &ConnectionId,
        mark: Option<&PassMarks>,
        at: Timestamp,
    ) -> Option<Stale> {
        let declared = self.declared.iter().find(|one| one.connection == *name);
        let complete = mark.and_then(|mark| mark.complete.as_ref());
        let reached = complete.map(|pass| pass.clock.unwrap_or(pass.started_at));
        let fresh = reached.is_some_and(|reached| {
            let young = at.millis().saturating_sub(reached.millis()) <= STALE_MS;
            young || declared.is_some_and(|one| !missed(&one.pull, reached, at))
        });
        (!fresh).then(|| Stale {
            connection: name.0.clone(),
            declared: declared.is_some() || self.declared.is_empty(),
            attempted: mark.is_some(),
            last_complete: complete.map(|pass| pass.finished_at),
            age_ms: reached.map(|reached| at.millis().saturating_sub(reached.millis())),
        })
    }
}

/// Have enough pulls been due since?
fn missed(pull: &Schedule, reached: Timestamp, at: Timestamp) -> bool {
    let mut last = reached;
    for _ in 0..STALE_PULLS {
        match pull.next_after(last, chrono_tz::Tz::UTC) {
            Some(tick) if tick.at <= at => last = tick.at,
            _ => return false,
        }
    }
    true
}
