//! Sends what is due. Any number of processes may run this over one database:
//!
//! 1. **Plan.** A tick is a row with the key (digest, civil time). Whoever writes it first freezes
//!    its content and its channels. Of several ticks that are due the newest of the last 24 hours
//!    is planned, and the others are written down as skipped.
//! 2. **Claim.** A delivery is claimed for a while before it is sent.
//! 3. **Send** the frozen bytes under a key that never changes.
//! 4. **Mark** it as sent, to be tried again, failed or unknown.
//!
//! A claim that runs out leaves a delivery of which nobody knows whether it arrived. Where the key
//! collapses repeats it is repeated; elsewhere it ends as unknown, unless the settings ask for at
//! least once. Ticks and claims go by the database's clock, never by that of a process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::NaiveDateTime;

use super::content::{Content, message, rendered};
use super::plan::{Plan, plan};
use super::settings::{Digest as Settings, Whom};
use super::{page, since, team};
use crate::channels::{self, Channel, Channels, Class, DeliveryError};
use crate::clock::SharedClock;
use crate::gauge::status::PlannedDigest;
use crate::gauge::{Gauge, Moment};
use crate::model::period::first_instant;
use crate::mutants::{Mutant, alive};
use crate::schedule::Tick;
use crate::signals::definitions::versions;
use crate::store::{Claim, Delivery, DigestKey, DueTick, StoreError, TickPlan, UnfinishedDelivery};

/// Ticks older than this are not caught up with, and deliveries end.
const CATCH_UP_MS: i64 = 24 * 3_600_000;
/// The newest ticks that are looked at after a stop, or after a clock has jumped.
const MOST_TICKS: usize = 100;
/// How long a channel may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a claim holds before another process may take the delivery over.
const CLAIM: Duration = Duration::from_secs(120);
/// Pause after the first refused delivery; every further one doubles it.
const AGAIN: Duration = Duration::from_secs(60);
/// The longest pause.
const AGAIN_MOST: Duration = Duration::from_secs(3600);
/// How a civil time is stored.
const CIVIL: &str = "%Y-%m-%dT%H:%M";

/// The scheduled digests of one daemon.
pub struct Outbox {
    gauge: Arc<Gauge>,
    clock: SharedClock,
    plans: Vec<Plan>,
    /// Where the pages of this daemon are, for links.
    base: Option<String>,
    /// How deliveries ended that the store could not be told of.
    unmarked: Mutex<Vec<(DigestKey, u64, Delivery)>>,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    pub delivered: u64,
    /// Tries that did not deliver.
    pub failed: u64,
    /// Deliveries of which nobody knows whether they arrived.
    pub unknown: u64,
    /// Ticks for which nothing is sent.
    pub skipped: u64,
}

impl Sent {
    /// Everything by name.
    #[must_use]
    pub fn outcomes(self) -> [(&'static str, u64); 4] {
        [
            ("delivered", self.delivered),
            ("failed", self.failed),
            ("unknown", self.unknown),
            ("skipped", self.skipped),
        ]
    }
}

impl Outbox {
    /// # Errors
    /// A schedule or a channel cannot be read; the text names the digest.
    pub fn new(
        gauge: Arc<Gauge>,
        clock: SharedClock,
        digests: &[Settings],
        declared: &Channels,
    ) -> Result<Self, String> {
        Self::over(gauge, clock, digests, |to| channels::named(to, declared))
    }

    /// The same with channels of its own making.
    ///
    /// # Errors
    /// As [`Outbox::new`].
    pub fn over(
        gauge: Arc<Gauge>,
        clock: SharedClock,
        digests: &[Settings],
        open: impl Fn(&str) -> Result<Arc<dyn Channel>, String>,
    ) -> Result<Self, String> {
        let cadence = gauge.portfolio().cadences().first();
        let plans = digests.iter().map(|one| plan(one, cadence, &open));
        let plans = plans.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { gauge, clock, plans, base: None, unmarked: Mutex::default() })
    }

    /// Digests link to the pages of the daemon, which people open at this address.
    #[must_use]
    pub fn linking(self, base: Option<String>) -> Self {
        Self { base, ..self }
    }

    /// What is planned, in the order of the settings.
    #[must_use]
    pub fn plans(&self) -> Vec<PlannedDigest> {
        let planned = |plan: &Plan| PlannedDigest {
            id: plan.id.clone(),
            audience: plan.audience.clone(),
            schedule: plan.schedule.clone(),
            channels: plan.channels.iter().map(|(name, _)| name.clone()).collect(),
        };
        self.plans.iter().map(planned).collect()
    }

    /// Plans the ticks that are due and sends every delivery that may be sent now.
    ///
    /// # Errors
    /// The store did not answer somewhere; what it did not hinder is done.
    pub async fn step(&self) -> Result<Sent, StoreError> {
        let mut sent = Sent::default();
        let mut result = self.mark_again().await;
        for plan in &self.plans {
            result = result.and(self.plan(plan, &mut sent).await);
        }
        result = result.and(self.deliver_due(&mut sent).await);
        result.map(|()| sent)
    }

    async fn plan(&self, plan: &Plan, sent: &mut Sent) -> Result<(), StoreError> {
        let store = self.gauge.store();
        let zone = self.gauge.portfolio().zone();
        let name = format!("{} {}", plan.schedule.text(), zone.name());
        let mut mark = store.tick_mark(&plan.id, &name).await?;
        if alive(Mutant::DigestLocalClock) {
            mark.now = self.clock.now();
        }
        let Some(last) = mark.last else {
            // A first start sends no digest about nothing; an upgrade goes on where it stood.
            let civil = mark.newest_due.as_deref();
            let civil = civil.and_then(|due| NaiveDateTime::parse_from_str(due, CIVIL).ok());
            let last = civil.map(|civil| first_instant(civil, zone));
            return store.begin_plan(&plan.id, &name, last).await;
        };
        let mut skipped = plan.schedule.newest(last, mark.now, zone, MOST_TICKS);
        let since = mark.now.plus_millis(-CATCH_UP_MS);
        let kept = skipped.pop_if(|tick| tick.at > since);
        if skipped.is_empty() && kept.is_none() {
            return Ok(());
        }
        let kept = match kept {
            None => None,
            Some(tick) => {
                let channels = plan.channels.iter().map(|(name, _)| name.clone()).collect();
                Some((due(&tick), self.render(plan, tick).await?, channels))
            }
        };
        let skipped = skipped.iter().map(due).collect();
        let digest = plan.id.clone();
        let planned =
            store.plan_ticks(TickPlan { digest, plan: name, last, skipped, kept }).await?;
        if planned.skipped > 0 {
            let count = planned.skipped;
            tracing::warn!(digest = plan.id, count, "ticks were missed and are not sent");
        }
        sent.skipped += planned.skipped;
        Ok(())
    }

    async fn render(&self, plan: &Plan, tick: Tick) -> Result<String, StoreError> {
        let moment = Moment { as_of: Some(tick.at), known: None };
        let forms = plan.rendered.iter().copied();
        let (known, title, texts) = match &plan.whom {
            Whom::Scope(scope) => {
                let (mut digest, report) = page(&self.gauge, scope, moment).await?;
                let last = (plan.audience.as_str(), Some(plan.id.as_str()));
                since::tell(&self.gauge, last, scope, &mut digest, &report).await?;
                if let Some(base) = &self.base {
                    digest.link(base);
                }
                let texts = forms.map(|form| (form, rendered(form, &digest, &report))).collect();
                (report.header.known, digest.headline(), texts)
            }
            Whom::Team(id) => {
                let sealed = self.gauge.team(moment, id).await?;
                let Some(view) = sealed.as_ref().and_then(|sealed| sealed.open(id)) else {
                    // The portfolio was checked at the start, and has changed since.
                    let why = format!("the portfolio declares no team {id}");
                    return Err(StoreError::Missing(why));
                };
                let texts = forms.map(|form| (form, team::rendered(form, view))).collect();
                (view.known, team::title(view), texts)
            }
        };
        let content = Content {
            as_of: tick.at.to_string(),
            known: known.to_string(),
            audience: plan.audience.clone(),
            title,
            definitions: versions(),
            format: plan.format.clone(),
            texts,
        };
        Ok(serde_json::to_string(&content).expect("strings serialise"))
    }

    async fn deliver_due(&self, sent: &mut Sent) -> Result<(), StoreError> {
        let (now, due) = self.gauge.store().due_deliveries().await?;
        let mut result = Ok(());
        for delivery in due {
            let over = now.millis().saturating_sub(delivery.at.millis()) > CATCH_UP_MS;
            result = result.and(self.deliver(delivery, over, sent).await);
        }
        result
    }

    /// One delivery from its claim to its mark; one whose time is over ends without a try.
    async fn deliver(
        &self,
        UnfinishedDelivery { key, at }: UnfinishedDelivery,
        over: bool,
        sent: &mut Sent,
    ) -> Result<(), StoreError> {
        let plan = self.plans.iter().find(|plan| plan.id == key.digest);
        let channel = plan.and_then(|plan| {
            let mut named = plan.channels.iter().filter(|(name, _)| *name == key.channel);
            named.next().map(|(_, channel)| (channel, plan.at_least_once))
        });
        // Another process may know the channel; if none does, time ends it.
        if channel.is_none() && !over {
            return Ok(());
        }
        let claim = self.gauge.store().claim_delivery(&key, CLAIM).await?;
        let Claim::Won { mut content, attempts, token, unsure, problem } = claim else {
            return Ok(());
        };
        if let Some(plan) = plan.filter(|_| alive(Mutant::DigestRerender)) {
            content = self.render(plan, Tick { at, civil: NaiveDateTime::default() }).await?;
        }
        if alive(Mutant::DigestSentBeforeSend) {
            self.mark(key.clone(), token, Delivery::Sent).await?;
        }
        let ended = match channel {
            Some((channel, at_least_once)) if !over => {
                let repeats = at_least_once || channel.class() == Class::ByKey;
                if unsure && !repeats {
                    Delivery::Unknown(UNHEARD.to_owned())
                } else {
                    self.send(channel.as_ref(), &key, &content, attempts, repeats).await
                }
            }
            _ if unsure => Delivery::Unknown(UNHEARD.to_owned()),
            _ => {
                let last = problem.map_or_else(String::new, |why| format!("; the last try: {why}"));
                Delivery::Failed(format!(
                    "no delivery was confirmed within 24 hours of its time{last}"
                ))
            }
        };
        tell(&key, &ended, sent);
        self.mark(key, token, ended).await
    }

    async fn send(
        &self,
        channel: &dyn Channel,
        key: &DigestKey,
        content: &str,
        attempts: u32,
        repeats: bool,
    ) -> Delivery {
        let mut message = match message(key, content) {
            Ok(message) => message,
            Err(error) => return Delivery::Failed(error),
        };
        if attempts > 1 && alive(Mutant::DigestNoIdemKey) {
            message.key.push_str(&format!("-{attempts}"));
        }
        let outcome = tokio::select! {
            biased;
            outcome = channel.deliver(&message) => outcome,
            () = self.clock.sleep(PATIENCE) => Err(DeliveryError {
                channel: key.channel.clone(),
                reason: format!("no answer within {} seconds", PATIENCE.as_secs()),
                unsure: true,
            }),
        };
        match outcome {
            Ok(()) => Delivery::Sent,
            Err(error) if error.unsure && !repeats => Delivery::Unknown(error.to_string()),
            Err(error) => {
                let doubled = AGAIN.saturating_mul(1 << attempts.saturating_sub(1).min(10));
                Delivery::Again(doubled.min(AGAIN_MOST), error.to_string())
            }
        }
    }

    async fn mark(&self, key: DigestKey, token: u64, ended: Delivery) -> Result<(), StoreError> {
        let marked = self.gauge.store().mark_delivery(&key, token, ended.clone()).await;
        if marked.is_err() {
            self.unmarked().push((key, token, ended));
        }
        marked.map(drop)
    }

    /// Tells the store what it could not be told before. Whoever has taken a delivery over
    /// meanwhile keeps it.
    async fn mark_again(&self) -> Result<(), StoreError> {
        let mut result = Ok(());
        let unmarked = std::mem::take(&mut *self.unmarked());
        for (key, token, ended) in unmarked {
            result = result.and(self.mark(key, token, ended).await);
        }
        result
    }

    fn unmarked(&self) -> std::sync::MutexGuard<'_, Vec<(DigestKey, u64, Delivery)>> {
        self.unmarked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a delivery is unknown.
const UNHEARD: &str = "its sender ended before it told whether it arrived, and it is not sent \
                       twice; `at_least_once = true` in this [[digest]] would repeat it";

fn due(tick: &Tick) -> DueTick {
    DueTick { due: tick.civil.format(CIVIL).to_string(), at: tick.at }
}

fn tell(key: &DigestKey, ended: &Delivery, sent: &mut Sent) {
    let DigestKey { digest, due, channel } = key;
    match ended {
        Delivery::Sent => {
            sent.delivered += 1;
            tracing::info!(digest, due, channel, "digest sent");
        }
        Delivery::Again(_, error) => {
            sent.failed += 1;
            tracing::warn!(digest, due, channel, error, "digest not sent, to be tried again");
        }
        Delivery::Failed(error) => {
            sent.failed += 1;
            tracing::warn!(digest, due, channel, error, "digest not sent, given up");
        }
        Delivery::Unknown(why) => {
            sent.unknown += 1;
            tracing::warn!(digest, due, channel, why, "nobody knows whether a digest arrived");
        }
    }
}
