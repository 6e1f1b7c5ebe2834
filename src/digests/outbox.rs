//! Sends what is due: one delivery per digest, civil tick and channel, claimed before it is sent.
//!
//! Catch-up is bounded: after a stop, the newest tick of the last 24 hours is sent and older ones
//! are not. What was sent is kept as it was sent; a repeated claim sends exactly those bytes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::settings::Digest as Settings;
use super::{html, json, markdown, page, revisions};
use crate::channels::{Format, Message, Target};
use crate::clock::SharedClock;
use crate::gauge::status::PlannedDigest;
use crate::gauge::{Gauge, Moment};
use crate::model::Timestamp;
use crate::schedule::{Schedule, Tick};
use crate::signals::Scope;
use crate::store::{Claim, Delivery, DigestKey, StoreError};

/// Ticks older than this are not caught up with.
const CATCH_UP_MS: i64 = 24 * 3_600_000;
/// How long a claim holds before another process may repeat the delivery.
const CLAIM: Duration = Duration::from_secs(120);
/// Pause after a refused delivery, in milliseconds.
const AGAIN_MS: i64 = 60_000;
/// Deliveries are given up after this many tries.
const MOST_TRIES: u32 = 20;

/// The frozen content of one delivery.
#[derive(Serialize, Deserialize)]
struct Content {
    as_of: String,
    known: String,
    audience: String,
    markdown: String,
    json: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    /// What a folder receives.
    #[serde(default = "super::settings::default_format")]
    format: Vec<Format>,
}

/// The scheduled digests of one daemon.
pub struct Outbox {
    gauge: Arc<Gauge>,
    clock: SharedClock,
    started: Timestamp,
    plans: Vec<Plan>,
    finished: Mutex<BTreeSet<DigestKey>>,
}

struct Plan {
    id: String,
    audience: String,
    scope: Scope,
    schedule: Schedule,
    targets: Vec<(String, Target)>,
    format: Vec<Format>,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    pub delivered: u64,
    pub failed: u64,
}

impl Outbox {
    /// # Errors
    /// A schedule or a channel cannot be read; the text names the digest.
    pub fn new(
        gauge: Arc<Gauge>,
        clock: SharedClock,
        digests: &[Settings],
    ) -> Result<Self, String> {
        let plans = digests.iter().map(plan).collect::<Result<Vec<_>, String>>()?;
        let started = clock.now();
        Ok(Self { gauge, clock, started, plans, finished: Mutex::default() })
    }

    /// What is planned, in the order of the settings.
    #[must_use]
    pub fn plans(&self) -> Vec<PlannedDigest> {
        let planned = |plan: &Plan| PlannedDigest {
            id: plan.id.clone(),
            audience: plan.audience.clone(),
            schedule: plan.schedule.clone(),
            channels: plan.targets.iter().map(|(name, _)| name.clone()).collect(),
        };
        self.plans.iter().map(planned).collect()
    }

    /// Sends every delivery that is due and unfinished.
    ///
    /// # Errors
    /// The store does not answer. A channel that refuses is recorded and tried again.
    pub async fn step(&self) -> Result<Sent, StoreError> {
        let mut sent = Sent::default();
        for plan in &self.plans {
            let Some(tick) = self.due(plan).await? else { continue };
            for (name, target) in &plan.targets {
                let key = DigestKey {
                    digest: plan.id.clone(),
                    due: tick.civil.format("%Y-%m-%dT%H:%M").to_string(),
                    channel: name.clone(),
                };
                if self.is_finished(&key) {
                    continue;
                }
                match self.deliver(plan, tick, key, target).await? {
                    Some(true) => sent.delivered += 1,
                    Some(false) => sent.failed += 1,
                    None => {}
                }
            }
        }
        Ok(sent)
    }

    /// The newest tick that is due. Ticks before the start count only if this digest was ever
    /// sent, so that a first start does not send a digest about nothing.
    async fn due(&self, plan: &Plan) -> Result<Option<Tick>, StoreError> {
        let now = self.clock.now();
        let zone = self.gauge.portfolio().zone();
        let since = now.plus_millis(-CATCH_UP_MS);
        let Some(tick) = plan.schedule.between(since, now, zone, 10_000).pop() else {
            return Ok(None);
        };
        if tick.at > self.started {
            return Ok(Some(tick));
        }
        let before = self.gauge.store().sent_digests(100).await?;
        Ok(before.iter().any(|sent| sent.key.digest == plan.id).then_some(tick))
    }

    async fn deliver(
        &self,
        plan: &Plan,
        tick: Tick,
        key: DigestKey,
        target: &Target,
    ) -> Result<Option<bool>, StoreError> {
        let content = self.render(plan, tick).await?;
        let (content, attempts, token) =
            match self.gauge.store().claim_digest(&key, &content, CLAIM).await? {
                Claim::Won { content, attempts, token } => (content, attempts, token),
                Claim::Taken => return Ok(None),
                Claim::Finished => {
                    self.finish(key);
                    return Ok(None);
                }
            };
        let outcome = match message(&key, &content) {
            Ok(message) => target.deliver(&message).map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        let delivery = match &outcome {
            Ok(()) => Delivery::Sent,
            Err(error) if attempts >= MOST_TRIES => Delivery::Failed(error.clone()),
            Err(error) => Delivery::Again(self.clock.now().plus_millis(AGAIN_MS), error.clone()),
        };
        self.gauge.store().mark_digest(&key, token, delivery).await?;
        match outcome {
            Ok(()) => {
                tracing::info!(
                    digest = key.digest,
                    due = key.due,
                    channel = key.channel,
                    "digest sent"
                );
                self.finish(key);
                Ok(Some(true))
            }
            Err(error) => {
                tracing::warn!(
                    digest = key.digest,
                    channel = key.channel,
                    error,
                    "digest not sent"
                );
                Ok(Some(false))
            }
        }
    }

    async fn render(&self, plan: &Plan, tick: Tick) -> Result<String, StoreError> {
        let moment = Moment { as_of: Some(tick.at), known: None };
        let (mut digest, report) = page(&self.gauge, &plan.scope, moment).await?;
        digest.revisions =
            revisions::since_last(&self.gauge, &plan.audience, &plan.scope, &report).await?;
        let content = Content {
            as_of: tick.at.to_string(),
            known: report.header.known.to_string(),
            audience: plan.audience.clone(),
            markdown: markdown::render(&digest),
            json: json::render(&digest, &report),
            html: plan.format.contains(&Format::Html).then(|| html::render(&digest)),
            format: plan.format.clone(),
        };
        Ok(serde_json::to_string(&content).expect("strings serialise"))
    }

    fn is_finished(&self, key: &DigestKey) -> bool {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    fn finish(&self, key: DigestKey) {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
    }
}

fn plan(settings: &Settings) -> Result<Plan, String> {
    let name = |problem: String| format!("digest `{}`: {problem}", settings.id);
    Ok(Plan {
        id: settings.id.clone(),
        audience: settings.audience.clone(),
        scope: scope(&settings.audience).map_err(name)?,
        schedule: Schedule::parse(&settings.at).map_err(|error| name(error.to_string()))?,
        targets: settings
            .to
            .iter()
            .map(|to| Ok((to.clone(), Target::parse(to).map_err(name)?)))
            .collect::<Result<_, String>>()?,
        format: settings.format.clone(),
    })
}

/// `portfolio`, or `stream:ID`.
///
/// # Errors
/// A sentence with the forms there are.
pub fn scope(audience: &str) -> Result<Scope, String> {
    match audience.split_once(':') {
        None if audience == "portfolio" => Ok(Scope::Portfolio),
        Some(("stream", id)) if !id.is_empty() => Ok(Scope::Stream(id.to_owned())),
        _ => Err(format!("\"{audience}\" is no audience: write \"portfolio\" or \"stream:ID\"")),
    }
}

fn message(key: &DigestKey, content: &str) -> Result<Message, String> {
    let content: Content = serde_json::from_str(content)
        .map_err(|error| format!("the stored digest cannot be read: {error}"))?;
    let name = format!("{}-{}", key.digest, key.due.replace(':', ""));
    let Content { markdown, json, html, .. } = content;
    let file = |format: &Format| {
        let text = match format {
            Format::Md => markdown.clone(),
            Format::Json => json.clone(),
            Format::Html => html.clone()?,
        };
        Some((*format, text))
    };
    let files = content.format.iter().filter_map(file).collect();
    Ok(Message { key: name, markdown, files })
}

/// The two clocks of a digest as it was sent, and whom it was for.
#[must_use]
pub fn sent_moment(content: &str) -> Option<(Timestamp, Timestamp, String)> {
    let content: Content = serde_json::from_str(content).ok()?;
    Some((
        Timestamp::parse(&content.as_of).ok()?,
        Timestamp::parse(&content.known).ok()?,
        content.audience,
    ))
}
