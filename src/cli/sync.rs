//! `streamgauge sync`: one pass over every connection, a sweep where one is due, and the sources of
//! outcome measures that are due.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args as ClapArgs;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::context::Context;
use super::{Done, Failure, Outcome, print, serve};
use crate::gauge::Gauge;
use crate::model::ConnectionId;
use crate::signals::words::count;
use crate::store::Store;
use crate::sync::{Engine, PassOutcome, Problem, Progress, Reach, Silent, Stop, Sweeping};
use crate::trackers::Tracker;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Read everything again, whatever is stored.
    #[arg(long)]
    full: bool,
    /// Compare the list of all ids with what is stored, also when that is not due.
    #[arg(long)]
    sweep: bool,
    /// Believe that the missing items of this project or repository are gone, however many.
    #[arg(long, value_name = "PROJECT")]
    accept_mass_removal: Vec<String>,
    /// Only this connection.
    #[arg(long, value_name = "CONNECTION")]
    scope: Option<String>,
    /// Print JSON with stable names instead of text.
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
    sweep: Option<SweepLine>,
}

/// The sweep that followed the pass.
#[derive(Debug, Serialize)]
struct SweepLine {
    complete: bool,
    listed: u64,
    read: u64,
    left: u64,
    requests: u64,
    problem: Option<String>,
}

/// What one connection came to.
struct Synced {
    pass: PassOutcome,
    requests: u64,
    sweep: Option<(PassOutcome, u64)>,
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
    check_accepted(&engine, &connections, args)?;
    let reach = if args.full { Reach::Full } else { Reach::Hot };
    let stop = serve::stop_on_signal();
    let mut outcomes = Vec::new();
    for connection in connections {
        let before = transport.requests();
        let pass = pass(&engine, &connection, reach, args.json, &stop).await;
        let between = transport.requests();
        let mut synced = Synced { pass, requests: between - before, sweep: None };
        if let Some(sweeping) = wanted_sweep(&engine, &synced.pass, args).await? {
            let swept = tokio::select! {
                biased;
                swept = engine.sweep(&connection, &sweeping, &stop) => swept,
                never = engine.renew_lease(&connection) => match never {},
            };
            synced.sweep = Some((swept, transport.requests() - between));
        }
        outcomes.push(synced);
    }
    let unread = match &args.scope {
        None => read_outcomes(&context, store.clone()).await?,
        Some(_) => 0,
    };
    let done = report(&store, &outcomes, args.json).await?;
    Ok(if unread > 0 { Done::Incomplete } else { done })
}

/// Asks the sources of outcome measures that are due; how many did not give all.
async fn read_outcomes(context: &Context, store: Store) -> Result<usize, Failure> {
    let sources = context.sources()?;
    let gauge = Gauge::new(store, Arc::clone(&context.portfolio), Arc::clone(&context.clock));
    let holder = format!("sync-{}", std::process::id());
    let read = gauge.read_sources(&sources, &holder).await?;
    for one in &read {
        let measure = &one.measure;
        match &one.problem {
            Some(problem) => print::error(&format!("outcome `{measure}`: {problem}")),
            None => {
                print::note(&format!("outcome `{measure}`: {}", count(one.added, "new reading")))
            }
        }
    }
    Ok(read.iter().filter(|one| one.problem.is_some()).count())
}

/// The sweep to make after a pass that could walk: the one that was asked for, or one that is due.
async fn wanted_sweep(
    engine: &Engine,
    pass: &PassOutcome,
    args: &Args,
) -> Result<Option<Sweeping>, Failure> {
    if !matches!(pass.problem, None | Some(Problem::Refused(_))) {
        return Ok(None);
    }
    let tracker = engine.tracker(&pass.connection);
    let is_ours = |named: &&String| tracker.as_ref().is_some_and(|it| has(it.as_ref(), named));
    let accepted: BTreeSet<String> =
        args.accept_mass_removal.iter().filter(is_ours).cloned().collect();
    let all = args.sweep;
    let wanted = all || !accepted.is_empty() || engine.sweep_due(&pass.connection).await?;
    Ok(wanted.then_some(Sweeping { all, accepted }))
}

/// A project that no connection has would be accepted in silence.
fn check_accepted(engine: &Engine, connections: &[ConnectionId], args: &Args) -> Outcome {
    let trackers: Vec<_> = connections.iter().filter_map(|name| engine.tracker(name)).collect();
    let is_known = |named: &String| trackers.iter().any(|it| has(it.as_ref(), named));
    let projects: Vec<String> = trackers.iter().flat_map(|tracker| tracker.projects()).collect();
    match args.accept_mass_removal.iter().find(|named| !is_known(named)) {
        None => Ok(Done::Complete),
        Some(named) => Err(Failure::Usage(format!(
            "--accept-mass-removal {named}: there is no such project; there are {}",
            projects.join(", ")
        ))),
    }
}

/// Whether a project is one of the tracker's. Before the first answer an owner's repositories are
/// not known by name.
fn has(tracker: &dyn Tracker, named: &str) -> bool {
    let is_it = |project: &String| project.eq_ignore_ascii_case(named);
    tracker.projects().iter().any(is_it) || tracker.covers(named)
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
    let (bars, is_shown) = (Bars::default(), !quiet && std::io::stderr().is_terminal());
    let progress: &dyn Progress = if is_shown { &bars } else { &Silent };
    let outcome = tokio::select! {
        biased;
        outcome = engine.pass(connection, reach, progress, stop) => outcome,
        never = engine.renew_lease(connection) => match never {},
    };
    bars.finish();
    outcome
}

async fn report(store: &Store, outcomes: &[Synced], as_json: bool) -> Outcome {
    let lines: Vec<Line> = outcomes.iter().map(line).collect();
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
        if let Some(sweep) = line.sweep.as_ref().filter(|_| !as_json) {
            print::line(&format!(
                "{}: sweep: {} listed, {} read, {} left, {} requests",
                line.connection, sweep.listed, sweep.read, sweep.left, sweep.requests
            ));
        }
        for note in &line.notes {
            // Most begin with the connection themselves.
            let name = format!("{}: ", line.connection);
            let note = note.strip_prefix(&name).unwrap_or(note);
            print::note(&format!("{name}{note}"));
        }
    }
    let swept = |line: &Line| line.sweep.as_ref().and_then(|sweep| sweep.problem.clone());
    let problems: Vec<String> =
        lines.iter().flat_map(|line| [line.problem.clone(), swept(line)]).flatten().collect();
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
    let whole = |line: &Line| line.complete && line.sweep.as_ref().is_none_or(|s| s.complete);
    let complete = lines.iter().all(whole) && gaps.is_empty();
    Ok(if complete { Done::Complete } else { Done::Incomplete })
}

fn line(synced: &Synced) -> Line {
    let Synced { pass: outcome, requests, sweep } = synced;
    let sweep_notes = sweep.iter().flat_map(|(swept, _)| &swept.notes);
    // A sweep asks who we are as the pass did, and is told the same.
    let mut notes: Vec<String> = Vec::new();
    for note in outcome.notes.iter().chain(sweep_notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    Line {
        connection: outcome.connection.0.clone(),
        pass: outcome.pass_id.clone(),
        complete: outcome.complete,
        discovered: outcome.discovered,
        read: outcome.read,
        changed: outcome.changed,
        gaps: outcome.gaps,
        requests: *requests,
        problem: outcome.told(),
        notes,
        sweep: sweep.as_ref().map(|(swept, requests)| SweepLine {
            complete: swept.complete,
            listed: swept.discovered,
            read: swept.read,
            left: swept.left,
            requests: *requests,
            problem: swept.told(),
        }),
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
