//! `streamgauge demo`: the whole product on an invented organisation, or on recorded data.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use tokio::net::TcpListener;

use super::digest::{Format, render};
use super::{Done, Failure, Outcome, print, serve};
use crate::channels::Channels;
use crate::clock::{Clock, SharedClock, SystemClock};
use crate::demo::{Demo, Recording, Source, WEBHOOK_SECRET};
use crate::digests::outbox::Outbox;
use crate::gauge::Moment;
use crate::model::Timestamp;
use crate::schedule::Schedule;
use crate::serve::Daemon;
use crate::sim::jira::lock;
use crate::sim::story::{self, Size};
use crate::sync::{PassOutcome, Silent, Stop};
use crate::telemetry;
use crate::web::access::Access;
use crate::web::settings::Web;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Print the digest in Markdown and end.
    #[arg(long)]
    once: bool,
    /// Where to serve the pages; 0 takes any free port.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Recorded items in normal form (.jsonl or .jsonl.gz) instead of the invented organisation.
    #[arg(long, value_name = "FILE")]
    data: Vec<PathBuf>,
    /// Which invented organisation.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Look from this instant; recorded data is looked at from its end.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Keep the database, the portfolio file and the digest in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> Outcome {
    telemetry::init(false, telemetry::COMMANDS).map_err(Failure::Usage)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let as_of = args.as_of.as_deref().map(instant).transpose()?;
    let source = source(&args, as_of)?;
    let portfolio = source.portfolio.clone();
    let temporary = tempfile::tempdir()?;
    let folder = args.keep.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let demo = Demo::open(source, &folder, Arc::clone(&clock)).await?;
    let stop = serve::stop_on_signal();
    let outcomes = demo.sync(&Silent, &stop).await;
    let done = report(&demo, &outcomes).await?;
    let moment = Moment { as_of: as_of.or(demo.as_of), known: None };
    let digest = render(&demo.gauge, "portfolio", moment, Format::Md, None).await?;
    if args.keep.is_some() {
        std::fs::write(folder.join("portfolio.toml"), portfolio)?;
        std::fs::write(folder.join("digest.md"), &digest)?;
    }
    if args.once {
        print::out(&digest);
        return Ok(done);
    }
    pages(demo, args.port, moment, stop).await?;
    Ok(done)
}

fn instant(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(text)
        .map_err(|_| Failure::Usage(format!("--as-of {text}: write it as 2026-06-15T06:00:00Z")))
}

fn source(args: &Args, as_of: Option<Timestamp>) -> Result<Source, Failure> {
    if args.data.is_empty() {
        let end = as_of.unwrap_or_else(|| SystemClock.now());
        return Ok(Source::from(story::generate(args.seed, end, Size::Demo)));
    }
    let recording =
        Recording::read(&args.data).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(Source::from(recording))
}

/// What the sync saw and did not see, on standard error.
async fn report(demo: &Demo, outcomes: &[PassOutcome]) -> Result<Done, Failure> {
    for outcome in outcomes {
        print::note(&format!(
            "{}: {} items read, {} gaps",
            outcome.connection, outcome.read, outcome.gaps
        ));
        if let Some(problem) = outcome.told() {
            print::error(&problem);
        }
    }
    print::note(&format!("{} requests in all", demo.transport.requests()));
    let complete = outcomes.iter().all(|outcome| outcome.complete);
    Ok(if complete { Done::Complete } else { Done::Incomplete })
}

/// Serves the pages; the simulated trackers announce their edits by webhook.
async fn pages(demo: Demo, port: u16, moment: Moment, stop: Stop) -> Result<(), Failure> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(
        |error| {
            Failure::Failed(anyhow::anyhow!(
                "cannot listen on port {port}: {error}; choose another with --port"
            ))
        },
    )?;
    let address = listener.local_addr()?;
    if let Some(jira) = &demo.stage.jira {
        lock(&jira.site).set_webhook(&format!("http://{address}/webhooks/jira"), WEBHOOK_SECRET);
        jira.running.deliver_webhooks(demo.transport.clone());
    }
    if let Some(github) = &demo.stage.github {
        github.site.set_webhook(&format!("http://{address}/webhooks/github"), WEBHOOK_SECRET);
    }
    let every_minute = Schedule::parse("* * * * *")?;
    let clock = Arc::clone(&demo.clock);
    let outbox = Outbox::new(Arc::clone(&demo.gauge), Arc::clone(&clock), &[], &Channels::new())
        .map_err(Failure::Usage)?;
    let Demo { stage, store, gauge, engine, trackers, transport, spawner, .. } = demo;
    let trackers = trackers.into_iter().map(|tracker| (tracker, every_minute.clone())).collect();
    let access = Access::new(&Web::default(), Arc::clone(&clock))?;
    let query = moment.as_of.map_or_else(String::new, |at| format!("?as_of={at}"));
    print::note(&format!("open http://{address}/{query} (Ctrl-C ends the demo)"));
    let outbox = Arc::new(outbox);
    let daemon = Daemon {
        store,
        gauge,
        engine,
        outbox,
        access,
        trackers,
        sources: Vec::new(),
        transport,
        clock,
        spawner,
    };
    let ended = daemon.run(listener, stop).await;
    drop(stage);
    ended?;
    Ok(())
}
