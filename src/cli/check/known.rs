//! What the store knows: how much, how far, what is missing, and what the rules cover.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::gauge::{Gauge, Moment, Move};
use crate::model::{ConnectionId, Timestamp};
use crate::portfolio::{CoverageView, EpicIndex, MapView, Portfolio};
use crate::store::{ScopeRecord, StoreError};

/// Passes that are looked through for the last complete one.
const PASSES: u32 = 200;

/// Everything that needs no tracker.
#[derive(Debug)]
pub(super) struct Known {
    pub store: String,
    pub pulls: Vec<PullLine>,
    pub gaps: Vec<GapLine>,
    pub coverage: Option<CoverageView>,
    pub merged_streams: Vec<String>,
    pub moves: Vec<Move>,
    pub notes: Vec<String>,
}

/// How far a connection was read.
#[derive(Debug, Serialize)]
pub(super) struct PullLine {
    pub connection: String,
    /// The end of the last complete pass.
    pub complete_at: Option<Timestamp>,
    /// Why the newest pass is not complete.
    pub problem: Option<String>,
    pub projects: Vec<ProjectLine>,
}

/// What is stored of a project or repository.
#[derive(Debug, Serialize)]
pub(super) struct ProjectLine {
    pub project: String,
    pub items: u64,
    pub gone: u64,
    /// The start of the last complete sweep, by the tracker's clock.
    pub swept_at: Option<Timestamp>,
    pub problem: Option<String>,
}

/// A reason for which something could not be read.
#[derive(Debug, Serialize)]
pub(super) struct GapLine {
    pub reason: String,
    pub count: u64,
    /// One of them, in words.
    pub example: String,
}

impl PullLine {
    pub(super) fn is_complete_of(&self, connection: &ConnectionId) -> bool {
        self.connection == connection.0 && self.complete_at.is_some()
    }
}

impl Known {
    /// Without a store; `why` says how to make one.
    pub(super) fn nothing(why: String, portfolio: &Portfolio, now: Timestamp) -> Self {
        let map = portfolio.map(now, &EpicIndex::default(), std::iter::empty());
        Self {
            store: why,
            pulls: Vec::new(),
            gaps: Vec::new(),
            coverage: None,
            merged_streams: merged(&map),
            moves: Vec::new(),
            notes: map.notes,
        }
    }
}

pub(super) async fn stored(
    gauge: &Gauge,
    connections: &[ConnectionId],
) -> Result<Known, StoreError> {
    let store = gauge.store();
    let counts = store.counts().await?;
    let scopes = store.scopes().await?;
    let mut pulls = Vec::new();
    for connection in connections {
        let passes = store.passes(connection, PASSES).await?;
        let complete = passes.iter().find(|pass| pass.complete);
        pulls.push(PullLine {
            connection: connection.0.clone(),
            complete_at: complete.map(|pass| pass.finished_at),
            problem: passes.first().and_then(|pass| pass.problem.clone()),
            projects: scopes
                .iter()
                .filter(|scope| scope.connection == *connection)
                .map(project)
                .collect(),
        });
    }
    let map = gauge.map(Moment::default()).await?;
    Ok(Known {
        store: format!("{} items, {} removed, {} gaps", counts.items, counts.removed, counts.gaps),
        pulls,
        gaps: gaps(gauge).await?,
        merged_streams: merged(&map),
        coverage: (counts.items > 0).then_some(map.coverage),
        moves: gauge.moves().await?,
        notes: map.notes,
    })
}

fn project(scope: &ScopeRecord) -> ProjectLine {
    ProjectLine {
        project: scope.project.clone(),
        items: scope.stored,
        gone: scope.gone,
        swept_at: scope.swept_at,
        problem: scope.problem.clone(),
    }
}

async fn gaps(gauge: &Gauge) -> Result<Vec<GapLine>, StoreError> {
    let mut by_reason: BTreeMap<String, GapLine> = BTreeMap::new();
    for stored in gauge.store().gaps(None).await? {
        let gap = stored.gap;
        let line = by_reason.entry(gap.reason.clone()).or_insert_with(|| GapLine {
            reason: gap.reason,
            count: 0,
            example: match gap.key {
                Some(key) => format!("{key}: {}", gap.detail),
                None => gap.detail,
            },
        });
        line.count += 1;
    }
    Ok(by_reason.into_values().collect())
}

fn merged(map: &MapView) -> Vec<String> {
    map.streams.iter().filter(|one| !one.published).map(|one| one.id.clone()).collect()
}
