//! `streamgauge export`.

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};

use super::context::Context;
use super::{Done, Outcome, print};
use crate::gauge::export;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// The folder that receives the files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One JSON object a line.
    Jsonl,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let gauge = context.gauge().await?;
    let Format::Jsonl = args.format;
    let world = gauge.world(None).await?;
    let counts = export(&world, gauge.store(), &args.out).await?;
    if args.json {
        print::json(&counts);
    } else {
        print::line(&format!(
            "{}: {} items, {} segments, {} links, {} releases, {} gaps",
            args.out.display(),
            counts.items,
            counts.segments,
            counts.links,
            counts.releases,
            counts.gaps
        ));
    }
    Ok(Done::Complete)
}
