//! `streamgauge check`: files, credentials and rights, and what the rules cover.

use std::path::Path;

use clap::Args as ClapArgs;
use serde::Serialize;

use super::context::{Context, unusable};
use super::{Done, Failure, Outcome, print};
use crate::gauge::{Gauge, Moment, Move};
use crate::portfolio::{CoverageView, MapView};
use crate::store::{Store, StoreError};
use crate::trackers::Tracker;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Check the files and the store only; ask no tracker.
    #[arg(long)]
    offline: bool,
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Findings {
    files: &'static str,
    store: String,
    connections: Vec<ConnectionLine>,
    /// `None` before the first sync.
    coverage: Option<CoverageView>,
    /// What the portfolio file moves against the accepted one.
    moves: Vec<Move>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ConnectionLine {
    connection: String,
    alive: bool,
    problem: Option<String>,
    notes: Vec<String>,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let transport = context.transport()?;
    let trackers = context.trackers(&transport)?;
    context.access()?;
    let mut connections = Vec::new();
    for tracker in trackers.iter().filter(|_| !args.offline) {
        connections.push(probe(tracker.as_ref()).await);
    }
    let (store, map, moves) = match context.stored().await {
        Ok(gauge) => stored(&gauge).await?,
        Err(error @ StoreError::Absent { .. }) => (error.to_string(), None, Vec::new()),
        Err(error) => return Err(unusable(error)),
    };
    let (coverage, notes) = map.map_or((None, Vec::new()), |map| (Some(map.coverage), map.notes));
    let findings = Findings { files: "valid", store, connections, coverage, moves, notes };
    if args.json {
        print::json(&findings);
    } else {
        show(&findings);
    }
    let problems: Vec<String> =
        findings.connections.iter().filter_map(|line| line.problem.clone()).collect();
    if problems.is_empty() {
        return Ok(Done::Complete);
    }
    if problems.len() == findings.connections.len() {
        return Err(Failure::all(&problems));
    }
    problems.iter().for_each(|problem| print::error(problem));
    Ok(Done::Incomplete)
}

async fn probe(tracker: &dyn Tracker) -> ConnectionLine {
    let connection = tracker.connection().0.clone();
    // The catalogue names every scope, so that one that cannot be seen is met here.
    let seen = match tracker.probe().await {
        Ok(probe) => tracker.catalogue(true).await.map(|_| probe.notes),
        Err(error) => Err(error),
    };
    match seen {
        Ok(notes) => ConnectionLine { connection, alive: true, problem: None, notes },
        Err(error) => ConnectionLine {
            connection,
            alive: false,
            problem: Some(error.to_string()),
            notes: Vec::new(),
        },
    }
}

async fn stored(gauge: &Gauge) -> Result<(String, Option<MapView>, Vec<Move>), StoreError> {
    let store: &Store = gauge.store();
    let counts = store.counts().await?;
    let text = format!("{} items, {} removed, {} gaps", counts.items, counts.removed, counts.gaps);
    let map = gauge.map(Moment::default()).await?;
    Ok((text, (counts.items > 0).then_some(map), gauge.moves().await?))
}

fn show(findings: &Findings) {
    print::line(&format!("files: {}", findings.files));
    for line in &findings.connections {
        match &line.problem {
            None => print::line(&format!("connection {}: alive", line.connection)),
            Some(_) => print::line(&format!("connection {}: not usable", line.connection)),
        }
        for note in &line.notes {
            print::line(&format!("  {note}"));
        }
    }
    print::line(&format!("store: {}", findings.store));
    if let Some(coverage) = &findings.coverage {
        print::line(&format!(
            "coverage: {} of {} items placed, {} contested, {} unplaced (see `map`)",
            coverage.placed, coverage.items, coverage.contested, coverage.unplaced
        ));
        for rule in coverage.next_rules.iter().take(10) {
            print::line(&format!("  next rule: {} would claim {} items", rule.claim, rule.items));
        }
    }
    for change in &findings.moves {
        print::line(&format!(
            "this portfolio file would move {} items from {} to {}, for example {}",
            change.items,
            change.from,
            change.to,
            change.examples.join(", ")
        ));
    }
    for note in &findings.notes {
        print::line(note);
    }
}
