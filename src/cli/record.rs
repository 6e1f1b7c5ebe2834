//! `streamgauge decide`, `reading` and `integration`. While a daemon holds the SQLite file, they go
//! through its API.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use clap::Args as ClapArgs;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{Context, unusable};
use super::{Done, Failure, Outcome, print};
use crate::gauge::Gauge;
use crate::gauge::record::{NewDecision, NewExpectation, NewIntegration, NewReading, RecordError};
use crate::model::{Altitude, Direction, Verb};
use crate::store::{Store, StoreError};
use crate::transport::Pace;
use crate::web::settings::RoleName;

#[derive(Debug, ClapArgs)]
pub(crate) struct DecideArgs {
    /// start, continue, stop, pivot, more, less or rebalance.
    #[arg(value_parser = word::<Verb>)]
    verb: Verb,
    /// portfolio, stream:ID, theme:ID or epic:KEY.
    subject: String,
    /// What the decision rests on, in a sentence.
    #[arg(long)]
    why: String,
    /// When it was made (RFC 3339); now by default.
    #[arg(long, value_name = "TIME")]
    made_at: Option<String>,
    /// From when it counts; when it was made by default.
    #[arg(long, value_name = "TIME")]
    effective_at: Option<String>,
    #[arg(long, value_parser = word::<Altitude>)]
    altitude: Option<Altitude>,
    /// The band of attention aimed at, as shares: 0.28,0.32.
    #[arg(long, value_name = "LOW,HIGH", value_parser = band)]
    target: Option<(f64, f64)>,
    /// What is expected: MEASURE:up|down:REVIEW-TIME.
    #[arg(long, value_name = "MEASURE:WAY:TIME", value_parser = expectation)]
    expects: Option<NewExpectation>,
    /// A signal that the decision cites; may be repeated.
    #[arg(long, value_name = "SIGNAL")]
    cites: Vec<String>,
    /// The decision that this one corrects.
    #[arg(long, value_name = "ID")]
    supersedes: Option<String>,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReadingArgs {
    /// The id of a declared outcome.
    measure: String,
    #[arg(allow_negative_numbers = true)]
    value: f64,
    /// When it was read (RFC 3339); now by default.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Where it comes from, in a word or two.
    #[arg(long, default_value = "")]
    source: String,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct IntegrationArgs {
    /// What it was: "System demo 14".
    name: String,
    /// When it took place (RFC 3339); now by default.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// An epic of which the delivered items were there; may be repeated.
    #[arg(long = "epic", value_name = "KEY")]
    epics: Vec<String>,
    /// An item that was there; may be repeated.
    #[arg(long = "item", value_name = "KEY")]
    items: Vec<String>,
    /// The event that this one corrects.
    #[arg(long, value_name = "ID")]
    supersedes: Option<String>,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn decide(config: &Path, args: DecideArgs) -> Outcome {
    let context = Context::load(config)?;
    let new = NewDecision {
        verb: args.verb,
        subject: args.subject,
        why: args.why,
        made_at: args.made_at,
        effective_at: args.effective_at,
        altitude: args.altitude,
        target: args.target,
        expects: args.expects,
        cites: args.cites,
        supersedes: args.supersedes,
    };
    let recorded = match open(&context).await? {
        Some(gauge) => serde_json::to_value(gauge.decide(new).await.map_err(refused)?)?,
        None => post(&context, "decisions", &new).await?,
    };
    tell(args.json, &recorded, recorded["id"].as_str().unwrap_or("the decision"))
}

pub(crate) async fn reading(config: &Path, args: ReadingArgs) -> Outcome {
    let context = Context::load(config)?;
    let new =
        NewReading { measure: args.measure, value: args.value, at: args.at, source: args.source };
    let recorded = match open(&context).await? {
        Some(gauge) => serde_json::to_value(gauge.read(new).await.map_err(refused)?.0)?,
        None => post(&context, "readings", &new).await?,
    };
    let measure = recorded["measure"].as_str().unwrap_or_default();
    tell(args.json, &recorded, &format!("{} for {measure}", recorded["value"]))
}

pub(crate) async fn integration(config: &Path, args: IntegrationArgs) -> Outcome {
    let context = Context::load(config)?;
    let new = NewIntegration {
        name: args.name,
        at: args.at,
        epics: args.epics,
        items: args.items,
        supersedes: args.supersedes,
    };
    let recorded = match open(&context).await? {
        Some(gauge) => serde_json::to_value(gauge.integrate(new).await.map_err(refused)?)?,
        None => post(&context, "integrations", &new).await?,
    };
    tell(args.json, &recorded, recorded["id"].as_str().unwrap_or("the event"))
}

/// Prints what was recorded, as JSON or in words.
fn tell(json: bool, recorded: &serde_json::Value, words: &str) -> Outcome {
    if json {
        print::json(recorded);
    } else {
        print::line(&format!("recorded {words}"));
    }
    Ok(Done::Complete)
}

/// The store itself, or `None` when a daemon holds it.
async fn open(context: &Context) -> Result<Option<Gauge>, Failure> {
    let clock = Arc::clone(&context.clock);
    match Store::open(context.address()?.expose_secret(), Arc::clone(&clock)).await {
        Ok(store) => Ok(Some(Gauge::new(store, Arc::clone(&context.portfolio), clock))),
        Err(StoreError::InUse { .. }) => Ok(None),
        Err(error) => Err(unusable(error)),
    }
}

/// Hands the record to the daemon that runs with the same settings.
async fn post(
    context: &Context,
    what: &str,
    body: &impl Serialize,
) -> Result<serde_json::Value, Failure> {
    let web = &context.settings.web;
    let mut request = http::Request::post(format!("http://{}/api/v1/{what}", web.listen))
        .header(http::header::CONTENT_TYPE, "application/json");
    if let Some(token) = web.token.iter().find(|token| token.role == RoleName::Portfolio) {
        let secret = token.secret.read().map_err(|error| Failure::Usage(error.to_string()))?;
        let mut value = http::HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()))?;
        value.set_sensitive(true);
        request = request.header(http::header::AUTHORIZATION, value);
    }
    let request = request.body(Bytes::from(serde_json::to_vec(body)?))?;
    let answer = context.transport()?.ask(request, |_| Pace::Proceed).await?;
    if answer.status().is_success() {
        return Ok(serde_json::from_slice(answer.body())?);
    }
    let text = String::from_utf8_lossy(answer.body()).trim().to_owned();
    Err(Failure::Usage(format!("the daemon answers {}: {text}", answer.status())))
}

fn refused(error: RecordError) -> Failure {
    match error {
        RecordError::Wrong(text) => Failure::Usage(text),
        RecordError::Store(error) => error.into(),
    }
}

/// Parses one of our own words, as the files write it.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|error| error.to_string())
}

fn band(text: &str) -> Result<(f64, f64), String> {
    let (low, high) = text.split_once(',').ok_or("write two shares, such as 0.28,0.32")?;
    let read = |part: &str| part.trim().parse::<f64>().map_err(|error| error.to_string());
    Ok((read(low)?, read(high)?))
}

fn expectation(text: &str) -> Result<NewExpectation, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(measure), Some(way), Some(review_at)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err("write MEASURE:up|down:TIME".to_owned());
    };
    Ok(NewExpectation {
        measure: measure.to_owned(),
        direction: word::<Direction>(way)?,
        review_at: review_at.to_owned(),
    })
}
