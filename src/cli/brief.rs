//! `streamgauge brief`: a decision, its evidence and the page, in one folder for a funding meeting.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args as ClapArgs;

use super::context::Context;
use super::moment::MomentArgs;
use super::{Done, Failure, Outcome, print};
use crate::channels::Format;
use crate::digests::brief::{self, Bundle};
use crate::digests::rendered;
use crate::plain;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The decision, by its id: D-4.
    decision: String,
    #[command(flatten)]
    moment: MomentArgs,
    /// The folder; by default `brief-ID` where the command runs.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let moment = args.moment.read(context.portfolio.zone())?;
    let gauge = context.gauge().await?;
    let found = brief::gather(&gauge, &args.decision, moment).await?;
    let Some(mut bundle) = found else {
        let all = gauge.store().decisions(moment.known).await?;
        let known: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
        let known = match known.as_slice() {
            [] => "none is recorded; `streamgauge decide` records one".to_owned(),
            some => format!("there are {}", some.join(", ")),
        };
        return Err(Failure::Usage(format!(
            "no decision {} was made by then: {known}",
            plain::line(&args.decision)
        )));
    };
    let base = context.settings.web.public_url.as_deref();
    if let Some(base) = base {
        bundle.digest.link(base);
    }
    let text = brief::render(&bundle, base);
    let Bundle { brief, digest, report } = bundle;
    let folder = args.out.clone().unwrap_or_else(|| format!("brief-{}", brief.decision.id).into());
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let evidence = plain::json(serde_json::to_string_pretty(&brief)?);
    let files = [
        ("brief.md", text),
        ("evidence.json", evidence + "\n"),
        ("digest.md", rendered(Format::Md, &digest, &report)),
        ("digest.html", rendered(Format::Html, &digest, &report)),
        ("digest.json", rendered(Format::Json, &digest, &report)),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    print::note(&format!("{} and its evidence are in {}", brief.name, folder.display()));
    Ok(Done::Complete)
}
