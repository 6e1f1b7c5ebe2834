//! `streamgauge digest`: a digest, rendered now.

use std::path::Path;

use clap::{Args as ClapArgs, ValueEnum};

use super::context::Context;
use super::moment::MomentArgs;
use super::{Done, Failure, Outcome, print};
use crate::digests::{html, json, markdown, outbox, page, revisions};
use crate::gauge::{Gauge, Moment};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    moment: MomentArgs,
    /// For whom: `portfolio`, or `stream:ID`.
    #[arg(long = "for", value_name = "AUDIENCE", default_value = "portfolio")]
    audience: String,
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Markdown.
    Md,
    /// One file that mail programs can show.
    Html,
    /// The same structure as JSON, with the report behind it.
    Json,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let moment = args.moment.read(context.portfolio.zone())?;
    let gauge = context.gauge().await?;
    known_audience(&gauge, &args.audience)?;
    print::out(&render(&gauge, &args.audience, moment, args.format).await?);
    Ok(Done::Complete)
}

fn known_audience(gauge: &Gauge, audience: &str) -> Result<(), Failure> {
    if audience.starts_with("team:") {
        return Err(Failure::Usage(
            "--for team:ID: team digests open with the team's own credential; there is none yet"
                .into(),
        ));
    }
    outbox::scope(audience).map_err(|problem| Failure::Usage(format!("--for {problem}")))?;
    if let Some(id) = audience.strip_prefix("stream:")
        && !gauge.portfolio().streams().iter().any(|stream| stream.id == id)
    {
        let known: Vec<&str> =
            gauge.portfolio().streams().iter().map(|stream| stream.id.as_str()).collect();
        let known = known.join(", ");
        return Err(Failure::Usage(format!("--for {audience}: the streams are {known}")));
    }
    Ok(())
}

/// Renders the digest of an audience at a moment.
pub(crate) async fn render(
    gauge: &Gauge,
    audience: &str,
    moment: Moment,
    format: Format,
) -> Result<String, Failure> {
    let scope = outbox::scope(audience).map_err(Failure::Usage)?;
    let (mut digest, report) = page(gauge, &scope, moment).await?;
    digest.revisions = revisions::since_last(gauge, audience, &scope, &report).await?;
    Ok(match format {
        Format::Md => markdown::render(&digest),
        Format::Html => html::render(&digest),
        Format::Json => json::render(&digest, &report),
    })
}
