//! `streamgauge digest`: a digest, rendered now.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use clap::{Args as ClapArgs, ValueEnum};

use super::context::Context;
use super::moment::MomentArgs;
use super::{Done, Failure, Outcome, print};
use crate::channels::{self, DeliveryError, Message};
use crate::digests::settings::{Whom, whom};
use crate::digests::{Digest, page, rendered, since};
use crate::gauge::{Gauge, Moment};
use crate::signals::{Report, Scope};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    moment: MomentArgs,
    /// For whom: `portfolio`, or `stream:ID`.
    #[arg(long = "for", value_name = "AUDIENCE", default_value = "portfolio")]
    audience: String,
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
    /// Send it to a channel of the settings: an id of a `[[channel]]`, or `file:FOLDER`.
    #[arg(long, value_name = "CHANNEL", conflicts_with = "format")]
    channel: Option<String>,
    /// Print what the channel would be sent, and send nothing.
    #[arg(long, requires = "channel")]
    dry_run: bool,
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
    let base = context.settings.web.public_url.as_deref();
    match &args.channel {
        Some(name) => hand_over(&context, &gauge, args, name, moment).await?,
        None => print::out(&render(&gauge, &args.audience, moment, args.format, base).await?),
    }
    Ok(Done::Complete)
}

/// Sends the digest now, as a person asked for it; no schedule knows of it.
async fn hand_over(
    context: &Context,
    gauge: &Gauge,
    args: &Args,
    name: &str,
    moment: Moment,
) -> Result<(), Failure> {
    let declared = context.channels()?;
    let channel = channels::named(name, &declared)
        .map_err(|problem| Failure::Usage(format!("--channel: {problem}")))?;
    let (digest, report) =
        told(gauge, &args.audience, moment, context.settings.web.public_url.as_deref()).await?;
    let files = vec![channels::Format::Md, channels::Format::Json];
    let forms: BTreeSet<_> = files.iter().chain(channel.formats()).copied().collect();
    let at = report.header.as_of;
    let audience = args.audience.replace(':', "-");
    let message = Message {
        key: format!("now-{audience}-{}", at.to_utc().format("%Y-%m-%dT%H%M%S")),
        title: digest.headline(),
        at,
        texts: forms.into_iter().map(|form| (form, rendered(form, &digest, &report))).collect(),
        files,
    };
    let failed = |error: DeliveryError| Failure::Failed(anyhow::anyhow!("{error}"));
    if args.dry_run {
        print::out(&format!("{}\n", channel.preview(&message).map_err(failed)?.trim_end()));
        return Ok(());
    }
    channel.deliver(&message).await.map_err(failed)?;
    print::note(&format!("sent to {name} as {}", message.key));
    Ok(())
}

fn known_audience(gauge: &Gauge, audience: &str) -> Result<(), Failure> {
    if audience.starts_with("team:") {
        return Err(Failure::Usage(
            "--for team:ID: a team's page opens with the team's own credential, at /team; a \
             [[digest]] sends it to a [[channel]] of the team"
                .into(),
        ));
    }
    scope(audience)?;
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

/// Renders the digest of an audience at a moment; with a base, linked to the pages there.
pub(crate) async fn render(
    gauge: &Gauge,
    audience: &str,
    moment: Moment,
    format: Format,
    base: Option<&str>,
) -> Result<String, Failure> {
    let (digest, report) = told(gauge, audience, moment, base).await?;
    let format = match format {
        Format::Md => channels::Format::Md,
        Format::Html => channels::Format::Html,
        Format::Json => channels::Format::Json,
    };
    Ok(rendered(format, &digest, &report))
}

async fn told(
    gauge: &Gauge,
    audience: &str,
    moment: Moment,
    base: Option<&str>,
) -> Result<(Digest, Arc<Report>), Failure> {
    let scope = scope(audience)?;
    let (mut digest, report) = page(gauge, &scope, moment).await?;
    since::tell(gauge, (audience, None), &scope, &mut digest, &report).await?;
    if let Some(base) = base {
        digest.link(base);
    }
    Ok((digest, report))
}

fn scope(audience: &str) -> Result<Scope, Failure> {
    match whom(audience) {
        Ok(Whom::Scope(scope)) => Ok(scope),
        Ok(Whom::Team(id)) => Err(Failure::Usage(format!("--for team:{id} is the team's alone"))),
        Err(problem) => Err(Failure::Usage(format!("--for {problem}"))),
    }
}
