//! `streamgauge purge`: erases what is stored of an item, a project or a connection, for good.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::context::unusable;
use super::{Done, Failure, Outcome, print};
use crate::clock::{Clock, SystemClock};
use crate::model::ConnectionId;
use crate::settings::{LogFormat, Settings};
use crate::signals::words::count;
use crate::store::{Lease, Purged, Purging, Store, StoreError, scrub};
use crate::telemetry;

/// How often a lease that another process holds, or a file that it has not closed yet, is tried.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);
const LEASE: Duration = Duration::from_secs(600);

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The connection; all of it when nothing else is named. It must not stand in the settings any more.
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// A project or repository with all of its items.
    #[arg(long, value_name = "NAME", conflicts_with = "item")]
    project: Option<String>,
    /// An item by its key, present or former; may be repeated. With --undo: CONNECTION:ID, as --list prints it.
    #[arg(long, value_name = "KEY")]
    item: Vec<String>,
    /// Do it. Without this nothing is changed, and what would go is printed.
    #[arg(long)]
    yes: bool,
    /// Take a purge back: the next sweep reads what the tracker still has.
    #[arg(long, conflicts_with = "yes")]
    undo: bool,
    /// Print the purges that hold.
    #[arg(long, conflicts_with_all = ["connection", "project", "item", "yes", "undo"])]
    list: bool,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

/// What a purge takes away, as scripts read it.
#[derive(Serialize)]
struct Told {
    connection: String,
    project: Option<String>,
    item: Option<String>,
    done: bool,
    #[serde(flatten)]
    purged: Purged,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let settings = Settings::load(config).map_err(|error| Failure::Usage(error.rendered()))?;
    let filter = settings.log.filter.as_deref().unwrap_or(telemetry::COMMANDS);
    telemetry::init(settings.log.format == LogFormat::Json, filter).map_err(Failure::Usage)?;
    let address = settings.store.address();
    let address = address.map_err(|error| Failure::Usage(format!("store.password: {error}")))?;
    let url = address.expose_secret();
    let store = Store::open_read_only(url, Arc::new(SystemClock)).await.map_err(unusable)?;
    if args.list {
        return list(&store, args.json).await;
    }
    let named = |one: &str| settings.connection.iter().any(|known| known.id == one);
    let targets = match args.undo {
        true => undone(&store, args).await?,
        false => targets(&store, args, named).await?,
    };
    if args.undo {
        drop(store);
        let store = open(url).await?;
        for what in targets {
            let lease = hold(&store, &what.connection).await?;
            let undone = store.unpurge(&lease, what.clone()).await;
            store.release(&lease).await?;
            let words = match undone? {
                true => "may be read again; the next sweep does so",
                false => "was not purged",
            };
            print::line(&format!("{}: {words}", name(&what)));
        }
        return Ok(Done::Complete);
    }
    let mut told = Vec::new();
    if args.yes {
        drop(store);
        let store = open(url).await?;
        for what in &targets {
            let lease = hold(&store, &what.connection).await?;
            let purged = store.purge(&lease, what.clone()).await;
            store.release(&lease).await?;
            told.push(purged?);
        }
        drop(store);
        closed(url).await?;
    } else {
        for what in &targets {
            told.push(store.would_purge(what.clone()).await?);
        }
    }
    report(args, &targets, &told);
    Ok(Done::Complete)
}

fn report(args: &Args, targets: &[Purging], told: &[Purged]) {
    if args.json {
        let all: Vec<Told> = targets
            .iter()
            .zip(told)
            .map(|(what, purged)| Told {
                connection: what.connection.0.clone(),
                project: what.project.clone(),
                item: what.source.clone(),
                done: args.yes,
                purged: *purged,
            })
            .collect();
        return print::json(&all);
    }
    for (what, purged) in targets.iter().zip(told) {
        let Purged { items, releases, gaps, waiting, digests } = *purged;
        let verb = if args.yes { "purged" } else { "would purge" };
        print::line(&format!(
            "{}: {verb} {} with their history, {}, {} and {}; {} that name them lose their text",
            name(what),
            count(items, "item"),
            count(releases, "release"),
            count(gaps, "gap"),
            count(waiting, "waiting read"),
            count(digests, "kept digest"),
        ));
    }
    match args.yes {
        false => print::line(
            "nothing was changed; --yes does it, and no command brings it back but reading the tracker again",
        ),
        true => print::line(
            "figures that were published before cannot be repeated, and reports say so; backups \
             made before still hold it all",
        ),
    }
}

async fn list(store: &Store, json: bool) -> Outcome {
    let purged = store.purged().await?;
    if json {
        let all: Vec<_> =
            purged.into_iter().map(crate::gauge::status::PurgedStatus::from).collect();
        print::json(&all);
        return Ok(Done::Complete);
    }
    if purged.is_empty() {
        print::line("nothing is purged");
    }
    for one in purged {
        let at = print::minute(one.at);
        print::line(&format!("{}: {}, {at}", name(&one.what), count(one.items, "item")));
    }
    Ok(Done::Complete)
}

/// What the arguments name among what is stored.
async fn targets(
    store: &Store,
    args: &Args,
    declared: impl Fn(&str) -> bool,
) -> Result<Vec<Purging>, Failure> {
    let ours = |connection: &ConnectionId| {
        args.connection.as_ref().is_none_or(|named| *named == connection.0)
    };
    let usage = |text: String| Err(Failure::Usage(text));
    let scopes = store.scopes().await?;
    if !args.item.is_empty() {
        let mut targets = Vec::new();
        for key in &args.item {
            let mut found = store.items_by_key(key, None).await?;
            found.retain(|item| ours(&item.id.connection));
            match found.as_slice() {
                [] => return usage(format!("no item is stored under the key {key}")),
                [item] => targets.push(Purging {
                    connection: item.id.connection.clone(),
                    project: None,
                    source: Some(item.id.source.clone()),
                }),
                _ => return usage(format!("several connections know {key}; add --connection ID")),
            }
        }
        return Ok(targets);
    }
    if let Some(project) = &args.project {
        let mut found = scopes
            .iter()
            .filter(|scope| ours(&scope.connection) && scope.project.eq_ignore_ascii_case(project));
        let Some(scope) = found.next() else {
            let known: Vec<&str> = scopes.iter().map(|scope| scope.project.as_str()).collect();
            let known = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
            return usage(format!("nothing is stored of {project}; stored is {known}"));
        };
        if found.next().is_some() {
            return usage(format!("several connections know {project}; add --connection ID"));
        }
        let (connection, project) = (scope.connection.clone(), Some(scope.project.clone()));
        return Ok(vec![Purging { connection, project, source: None }]);
    }
    let Some(connection) = &args.connection else {
        return usage("name what to purge: --item KEY, --project NAME or --connection ID".into());
    };
    if declared(connection) {
        return usage(format!(
            "the settings still name the connection {connection}, which would be read again; take \
             its [[connection]] out first, or purge its projects one by one"
        ));
    }
    if !scopes.iter().any(|scope| scope.connection.0 == *connection) {
        return usage(format!("nothing is stored of the connection {connection}"));
    }
    let connection = ConnectionId(connection.clone());
    Ok(vec![Purging { connection, project: None, source: None }])
}

/// What the arguments name among what is purged.
async fn undone(store: &Store, args: &Args) -> Result<Vec<Purging>, Failure> {
    let purged = store.purged().await?.into_iter().map(|one| one.what);
    let wanted = |what: &Purging| {
        let ours = args.connection.as_ref().is_none_or(|named| *named == what.connection.0);
        match (&what.project, &what.source) {
            (_, Some(source)) => {
                args.item.iter().any(|named| *named == format!("{}:{source}", what.connection))
            }
            (Some(project), None) => {
                ours && args.project.as_ref().is_some_and(|one| one.eq_ignore_ascii_case(project))
            }
            (None, None) => {
                let whole = args.project.is_none() && args.item.is_empty();
                whole && args.connection.as_ref() == Some(&what.connection.0)
            }
        }
    };
    let found: Vec<Purging> = purged.filter(wanted).collect();
    if found.is_empty() {
        return Err(Failure::Usage(
            "nothing of that name is purged; `streamgauge purge --list` tells what is".to_owned(),
        ));
    }
    Ok(found)
}

/// The store for writing. A daemon over a file keeps it to itself.
async fn open(url: &str) -> Result<Store, Failure> {
    match Store::open(url, Arc::new(SystemClock)).await {
        Err(StoreError::InUse { path }) => Err(Failure::Usage(format!(
            "{path} is in use by a daemon, which holds in memory what would go; stop it, purge, and \
             start it again"
        ))),
        other => other.map_err(unusable),
    }
}

/// The right to write to a connection, once whoever reads it has ended.
async fn hold(store: &Store, connection: &ConnectionId) -> Result<Lease, Failure> {
    let (name, holder) = (format!("sync:{connection}"), format!("purge-{}", std::process::id()));
    for _ in 0..TRIES {
        if let Some(lease) = store.acquire(&name, &holder, LEASE).await? {
            return Ok(lease);
        }
        SystemClock.sleep(PAUSE).await;
    }
    Err(Failure::Failed(anyhow::anyhow!(
        "another process reads {connection} just now; nothing was changed for it, try again"
    )))
}

/// Leaves nothing behind in a file. The thread of a store gives it back a moment after its end.
async fn closed(url: &str) -> Result<(), Failure> {
    for _ in 0..TRIES {
        match scrub(url) {
            Err(StoreError::InUse { .. }) => SystemClock.sleep(PAUSE).await,
            other => return other.map(drop).map_err(unusable),
        }
    }
    Err(Failure::Failed(anyhow::anyhow!(
        "it was purged, and the file could not be rewritten because another process has it; run \
         the same purge again when it has ended"
    )))
}

fn name(what: &Purging) -> String {
    match (&what.project, &what.source) {
        (_, Some(source)) => format!("{}:{source}", what.connection),
        (Some(project), None) => format!("{project} of {}", what.connection),
        (None, None) => what.connection.0.clone(),
    }
}
