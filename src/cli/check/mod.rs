//! `streamgauge check`: files, credentials and rights, what the rules cover, what a changed
//! portfolio file would move, and what a first sync will cost. Writes nothing.

mod ask;
mod known;
mod measures;
mod show;

use std::path::Path;

use clap::Args as ClapArgs;
use serde::Serialize;

use super::context::{Context, unusable};
use super::{Done, Failure, Outcome, print};
use crate::gauge::Move;
use crate::portfolio::CoverageView;
use crate::store::StoreError;
use ask::ConnectionLine;
use known::{GapLine, Known, PullLine};
use measures::OutcomeLine;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Check the files and the store only; ask no tracker and no source of outcome measures.
    #[arg(long)]
    offline: bool,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

/// Everything that was found. The names are those of `--json`, and stay.
#[derive(Debug, Serialize)]
struct Findings {
    files: &'static str,
    settings: String,
    portfolio: String,
    /// How much is stored, or why nothing is.
    store: String,
    connections: Vec<ConnectionLine>,
    /// What each source of an outcome measure gives; empty when nothing is asked.
    outcomes: Vec<OutcomeLine>,
    /// How far each connection was read; empty before the first sync.
    pulls: Vec<PullLine>,
    /// What could not be read, by reason.
    gaps: Vec<GapLine>,
    /// `None` before the first sync.
    coverage: Option<CoverageView>,
    /// Streams that are shown as part of "other streams" outside themselves.
    merged_streams: Vec<String>,
    /// What the portfolio file moves against the accepted one.
    moves: Vec<Move>,
    notes: Vec<String>,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let transport = context.transport()?;
    let trackers = context.trackers(&transport)?;
    context.access()?;
    context.channels()?;
    let sources = context.sources()?;
    let gauge = match context.stored().await {
        Ok(gauge) => Ok(gauge),
        Err(error @ StoreError::Absent { .. }) => Err(error.to_string()),
        Err(error) => return Err(unusable(error)),
    };
    let findings = {
        let names: Vec<_> = trackers.iter().map(|one| one.connection().clone()).collect();
        let known = match &gauge {
            Ok(gauge) => known::stored(gauge, &names).await?,
            Err(absent) => Known::nothing(absent.clone(), &context.portfolio, context.clock.now()),
        };
        let mut connections = Vec::new();
        for tracker in trackers.iter().filter(|_| !args.offline) {
            let first = !known.pulls.iter().any(|pull| pull.is_complete_of(tracker.connection()));
            connections.push(ask::connection(tracker.as_ref(), &transport, first).await);
        }
        let mut outcomes = Vec::new();
        for source in sources.iter().filter(|_| !args.offline) {
            outcomes.push(measures::ask(source, context.clock.now()).await);
        }
        Findings {
            files: "valid",
            settings: context.settings.path().to_owned(),
            portfolio: context.settings.portfolio.display().to_string(),
            store: known.store,
            connections,
            outcomes,
            pulls: known.pulls,
            gaps: known.gaps,
            coverage: known.coverage,
            merged_streams: known.merged_streams,
            moves: known.moves,
            notes: known.notes,
        }
    };
    if args.json {
        print::json(&findings);
    } else {
        let now = context.clock.now();
        print::out(&show::text(&findings, now));
    }
    ended(&findings)
}

/// Nothing answered is a failure; something that did not answer leaves the check incomplete.
fn ended(findings: &Findings) -> Outcome {
    let asked = &findings.connections;
    let mut problems: Vec<String> = asked.iter().flat_map(ConnectionLine::problems).collect();
    if !problems.is_empty() && asked.iter().all(|line| !line.alive) {
        return Err(Failure::all(&problems));
    }
    problems.extend(findings.outcomes.iter().filter_map(OutcomeLine::problem));
    if problems.is_empty() {
        return Ok(Done::Complete);
    }
    problems.iter().for_each(|problem| print::error(problem));
    Ok(Done::Incomplete)
}
