//! `streamgauge sync`: one pass over every connection.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args as ClapArgs;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::context::Context;
use super::{Done, Failure, Outcome, print, serve};
use crate::model::ConnectionId;
use crate::store::Store;
use crate::sync::{Engine, PassOutcome, Progress, Reach, Silent, Stop};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Read everything again, whatever is stored.
    #[arg(long)]
    full: bool,
    /// Only this connection.
    #[arg(long, value_name = "CONNECTION")]
    scope: Option<String>,
    #[arg(long)]
    json: bool,
}

/// The result of one connection, for scripts.
#[derive(Debug, Serialize)]
struct Line {
    connection: String,
    pass: String,
    complete: bool,
    discovered: u64,
    read: u64,
    changed: u64,
    gaps: u64,
    requests: u64,
    problem: Option<String>,
    notes: Vec<String>,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let transport = context.transport()?;
    let trackers = context.trackers(&transport)?;
    let store = context.open().await?;
    let engine = Engine::new(
        store.clone(),
        trackers,
        Arc::clone(&context.clock),
        context.entropy.clone(),
        crate::sync::Settings::default(),
    );
    let connections = chosen(&engine, args.scope.as_deref())?;
    let reach = if args.full { Reach::Full } else { Reach::Hot };
    let stop = serve::stop_on_signal();
    let mut outcomes = Vec::new();
    for connection in connections {
        let before = transport.requests();
        let outcome = pass(&engine, &connection, reach, args.json, &stop).await;
        outcomes.push((outcome, transport.requests() - before));
    }
    report(&store, &outcomes, args.json).await
}

fn chosen(engine: &Engine, scope: Option<&str>) -> Result<Vec<ConnectionId>, Failure> {
    let all = engine.connections();
    let Some(scope) = scope else { return Ok(all) };
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.into_iter().find(|connection| connection.0 == scope).map(|found| vec![found]).ok_or_else(
        || {
            let there = names.join(", ");
            Failure::Usage(format!(
                "--scope {scope}: there is no such connection; there are {there}"
            ))
        },
    )
}

async fn pass(
    engine: &Engine,
    connection: &ConnectionId,
    reach: Reach,
    quiet: bool,
    stop: &Stop,
) -> PassOutcome {
    if quiet || !std::io::stderr().is_terminal() {
        return engine.pass(connection, reach, &Silent, stop).await;
    }
    let bars = Bars::default();
    let outcome = engine.pass(connection, reach, &bars, stop).await;
    bars.finish();
    outcome
}

async fn report(store: &Store, outcomes: &[(PassOutcome, u64)], as_json: bool) -> Outcome {
    let lines: Vec<Line> =
        outcomes.iter().map(|(outcome, requests)| line(outcome, *requests)).collect();
    if as_json {
        print::json(&lines);
    }
    for line in &lines {
        if !as_json {
            print::line(&format!(
                "{}: {} listed, {} read, {} changed, {} gaps, {} requests",
                line.connection, line.discovered, line.read, line.changed, line.gaps, line.requests
            ));
        }
        for note in &line.notes {
            print::note(&format!("{}: {note}", line.connection));
        }
    }
    let problems: Vec<String> = lines.iter().filter_map(|line| line.problem.clone()).collect();
    if lines.iter().all(|line| line.problem.is_some() && line.discovered + line.read == 0) {
        return Err(Failure::all(&problems));
    }
    problems.iter().for_each(|problem| print::error(problem));
    let gaps = store.gaps(None).await?;
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for stored in &gaps {
        *reasons.entry(stored.gap.reason.as_str()).or_default() += 1;
    }
    for (reason, count) in &reasons {
        print::note(&format!("gap: {reason}: {count} (see `export`, gaps.jsonl)"));
    }
    let complete = lines.iter().all(|line| line.complete) && gaps.is_empty();
    Ok(if complete { Done::Complete } else { Done::Incomplete })
}

fn line(outcome: &PassOutcome, requests: u64) -> Line {
    Line {
        connection: outcome.connection.0.clone(),
        pass: outcome.pass_id.clone(),
        complete: outcome.complete,
        discovered: outcome.discovered,
        read: outcome.read,
        changed: outcome.changed,
        gaps: outcome.gaps,
        requests,
        problem: outcome.told(),
        notes: outcome.notes.clone(),
    }
}

/// One bar for a connection, on a terminal.
#[derive(Default)]
struct Bars {
    all: MultiProgress,
    bars: Mutex<BTreeMap<ConnectionId, ProgressBar>>,
}

impl Bars {
    fn bar(&self, connection: &ConnectionId) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.entry(connection.clone())
            .or_insert_with(|| {
                let style = "{prefix:>12} {bar:32} {pos}/{len} items  {per_sec}";
                let style = ProgressStyle::with_template(style)
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar = self.all.add(ProgressBar::new(0).with_style(style));
                bar.set_prefix(connection.0.clone());
                bar
            })
            .clone()
    }

    fn finish(&self) {
        let bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.values().for_each(ProgressBar::finish_and_clear);
    }
}

impl Progress for Bars {
    fn discovered(&self, connection: &ConnectionId, items: u64, expected: Option<u64>) {
        let bar = self.bar(connection);
        let listed = bar.length().unwrap_or(0);
        bar.set_length(
            expected.unwrap_or(0).max(listed + if expected.is_some() { 0 } else { items }),
        );
    }

    fn applied(&self, connection: &ConnectionId, items: u64) {
        self.bar(connection).inc(items);
    }
}
