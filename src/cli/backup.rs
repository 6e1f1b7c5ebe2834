//! `streamgauge backup` and `streamgauge restore`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;
use secrecy::ExposeSecret;

use super::context::unusable;
use super::{Done, Failure, Outcome, print};
use crate::clock::SystemClock;
use crate::settings::{LogFormat, Settings};
use crate::signals::words::count;
use crate::store::backup::{BackupError, Contents, Restored, backup, restore};
use crate::telemetry;

#[derive(Debug, ClapArgs)]
pub(crate) struct BackupArgs {
    /// The file to write; it must not exist.
    file: PathBuf,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct RestoreArgs {
    /// A backup, or a copy of a SQLite database of this program.
    file: PathBuf,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

/// Copies everything that is stored into one file, while the daemon goes on.
pub(crate) async fn back_up(config: &Path, args: &BackupArgs) -> Outcome {
    let url = address(config)?;
    let contents = backup(&url, &args.file, Arc::new(SystemClock)).await.map_err(failure)?;
    if args.json {
        print::json(&contents);
    } else {
        print::line(&format!("{}: {}; checked", args.file.display(), told(contents)));
    }
    Ok(Done::Complete)
}

/// Puts a backup in the place of what is stored.
pub(crate) async fn put_back(config: &Path, args: &RestoreArgs) -> Outcome {
    let url = address(config)?;
    let restored = restore(&url, &args.file, Arc::new(SystemClock)).await.map_err(failure)?;
    if args.json {
        print::json(&restored);
        return Ok(Done::Complete);
    }
    let Restored { contents, before, only_before, carried } = restored;
    print::line(&format!("restored from {}: {}", args.file.display(), told(contents)));
    if let Some(before) = before {
        print::line(&format!("the database that was there is kept as {}", before.display()));
    }
    if let Some(only) =
        only_before.filter(|only| only.decisions + only.readings + only.integrations > 0)
    {
        print::line(&format!(
            "only that one holds {}, {} and {}, recorded after the backup",
            count(only.decisions, "decision"),
            count(only.readings, "reading"),
            count(only.integrations, "integration event")
        ));
    }
    if carried > 0 {
        let carried = count(carried, "digest");
        print::line(&format!("{carried} sent after the backup will not be sent again"));
    }
    print::line("the next sync reads what changed since; `streamgauge serve` does so by itself");
    Ok(Done::Complete)
}

/// Where the store is; the portfolio file plays no part here.
fn address(config: &Path) -> Result<String, Failure> {
    let settings = Settings::load(config).map_err(|error| Failure::Usage(error.rendered()))?;
    let filter = settings.log.filter.as_deref().unwrap_or(telemetry::COMMANDS);
    telemetry::init(settings.log.format == LogFormat::Json, filter).map_err(Failure::Usage)?;
    let address = settings.store.address();
    let address = address.map_err(|error| Failure::Usage(format!("store.password: {error}")))?;
    Ok(address.expose_secret().to_owned())
}

fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::Wrong(text) => Failure::Usage(text),
        BackupError::Failed(text) => Failure::Failed(anyhow::anyhow!(text)),
        BackupError::Store(error) => unusable(error),
    }
}

fn told(contents: Contents) -> String {
    let Contents { items, decisions, readings, integrations, digests } = contents;
    let all = [
        (items, "item"),
        (decisions, "decision"),
        (readings, "reading"),
        (integrations, "integration event"),
    ];
    let mut words: Vec<String> = all.iter().map(|(n, word)| count(*n, word)).collect();
    words.push(format!("{} that were sent", count(digests, "digest")));
    words.join(", ")
}
