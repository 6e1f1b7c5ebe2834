//! The commands a person types. Each is one file; this one parses, runs and turns results into
//! exit codes: 0 done, 1 failed, 2 wrong use or wrong configuration, 3 done but incomplete, 4
//! stopped before everything in hand had ended.

mod backup;
mod brief;
mod check;
mod compared;
mod confine;
mod context;
mod demo;
mod digest;
mod explain;
mod export;
mod health;
mod init;
mod manual;
mod map;
mod measures;
mod moment;
mod print;
mod purge;
mod record;
mod serve;
mod signals;
mod sync;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::mutants;
use crate::telemetry;

/// What `--version` tells.
const VERSION: &str = match mutants::POSSIBLE {
    true => concat!(env!("CARGO_PKG_VERSION"), " with known bugs on purpose, for tests only"),
    false => env!("CARGO_PKG_VERSION"),
};

/// Measures how work flows through value streams, from Jira and GitHub.
#[derive(Debug, Parser)]
#[command(version = VERSION, about, propagate_version = true)]
struct Cli {
    /// The settings file.
    #[arg(long, short, global = true, default_value = "config/streamgauge.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole product on an invented organisation; needs no account and no file.
    Demo(demo::Args),
    /// Ask the trackers what exists and write a first pair of files.
    Init(init::Args),
    /// Check files, credentials and rights, and show what the rules cover.
    Check(check::Args),
    /// Show the map: portfolio, value streams, product teams, coverage, altitudes.
    Map(map::Args),
    /// Pull once from every tracker.
    Sync(sync::Args),
    /// Show where webhooks go, and register them at the trackers.
    Webhooks(webhooks::Args),
    /// Run the daemon: scheduled pulls, webhooks, scheduled digests, pages.
    Serve,
    /// Ask the running daemon whether it answers; for containers and scripts.
    Health,
    /// Copy everything that is stored into one file, while the daemon goes on.
    Backup(backup::BackupArgs),
    /// Put a backup in the place of what is stored, which is kept beside it.
    Restore(backup::RestoreArgs),
    /// Erase what is stored of an item, a project or a connection; without --yes it only tells.
    Purge(purge::Args),
    /// Show every signal with its verdict, sample and coverage.
    Signals(signals::Args),
    /// Render a digest now.
    Digest(digest::Args),
    /// Put a decision, its evidence and the page into one folder, for a funding meeting.
    Brief(brief::Args),
    /// Tell why an item is where it is, or what a number is made of.
    Explain(explain::Args),
    /// Write items, timelines, links, releases and gaps as files.
    Export(export::Args),
    /// Record a decision.
    Decide(record::DecideArgs),
    /// Record an outcome reading.
    Reading(record::ReadingArgs),
    /// Record an event at which work was put together and looked at.
    Integration(record::IntegrationArgs),
    /// Print the JSON Schema of one of the two files, for editors.
    Schema(manual::SchemaArgs),
    /// Print completions for a shell.
    Completions(manual::CompletionsArgs),
    /// Print a manual page, to be read with `man -l -`.
    Man(manual::ManArgs),
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Complete,
    /// Done, but something is missing; it was named on standard error.
    Incomplete,
}

/// How a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Wrong use or wrong configuration.
    Usage(String),
    Failed(anyhow::Error),
}

impl Failure {
    /// Several things that went wrong, one a line.
    pub(crate) fn all(problems: &[String]) -> Self {
        Self::Failed(anyhow::anyhow!(problems.join(&format!("\n{}", print::NAME))))
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

pub(crate) type Outcome = Result<Done, Failure>;

/// Parses the command line, runs the command and gives its exit code.
#[must_use]
pub fn run() -> ExitCode {
    confine::leave_no_dump();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // Nothing better can be done when the terminal is gone.
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    // A single command waits for one thing at a time; on one thread it needs less memory. The
    // daemon answers many callers at once.
    let mut builder = match cli.command {
        Command::Serve | Command::Demo(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            print::error(&format!("cannot start: {error}"));
            return ExitCode::from(1);
        }
    };
    let outcome = runtime.block_on(dispatch(cli));
    telemetry::finish();
    if let Some(error) = print::lost() {
        print::error(&format!("standard output could not be written: {error}"));
        return ExitCode::from(1);
    }
    match outcome {
        Ok(Done::Complete) => ExitCode::SUCCESS,
        Ok(Done::Incomplete) => ExitCode::from(3),
        Err(Failure::Usage(text)) => {
            print::error(&text);
            ExitCode::from(2)
        }
        Err(Failure::Failed(error)) => {
            print::error(&format!("{error:#}"));
            ExitCode::from(1)
        }
    }
}

async fn dispatch(cli: Cli) -> Outcome {
    let config = cli.config;
    match cli.command {
        Command::Demo(args) => demo::run(args).await,
        Command::Init(args) => init::run(&config, &args).await,
        Command::Check(args) => check::run(&config, &args).await,
        Command::Map(args) => map::run(&config, &args).await,
        Command::Sync(args) => sync::run(&config, &args).await,
        Command::Webhooks(args) => webhooks::run(&config, &args).await,
        Command::Serve => serve::run(&config).await,
        Command::Health => health::run(&config).await,
        Command::Backup(args) => backup::back_up(&config, &args).await,
        Command::Restore(args) => backup::put_back(&config, &args).await,
        Command::Purge(args) => purge::run(&config, &args).await,
        Command::Signals(args) => signals::run(&config, &args).await,
        Command::Digest(args) => digest::run(&config, &args).await,
        Command::Brief(args) => brief::run(&config, &args).await,
        Command::Explain(args) => explain::run(&config, &args).await,
        Command::Export(args) => export::run(&config, &args).await,
        Command::Decide(args) => record::decide(&config, args).await,
        Command::Reading(args) => record::reading(&config, args).await,
        Command::Integration(args) => record::integration(&config, args).await,
        Command::Schema(args) => manual::schema(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(args) => manual::man(&args),
    }
}
