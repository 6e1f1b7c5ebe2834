//! Digests: a tick is planned once, its deliveries are claimed before they are sent, marked after,
//! and kept for ever. All times are the database's where several machines share it.

use std::time::Duration;

use super::driver::{Param, Row, Tx};
use super::leases::after;
use super::overview::delivery;
use super::{
    Claim, Delivery, DigestKey, DueTick, SentDigest, SkippedTicks, Store, StoreError, TickMark,
    TickPlan, TickRecord, TicksPlanned, UnfinishedDelivery,
};
use crate::model::Timestamp;
use crate::mutants::{Mutant, alive};

impl Store {
    /// How far the ticks of a plan are looked at.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tick_mark(&self, digest: &str, plan: &str) -> Result<TickMark, StoreError> {
        let (digest, plan) = (digest.to_owned(), plan.to_owned());
        self.driver
            .read("tick mark", move |tx| {
                let now = tx.now()?;
                let sql = "SELECT last_at FROM plans WHERE digest = $1 AND plan = $2";
                let last = tx.first(sql, &[(&digest).into(), (&plan).into()])?;
                let sql = "SELECT MAX(due) FROM ticks WHERE digest = $1
                     AND NOT EXISTS (SELECT 1 FROM plans WHERE digest = $1)";
                let newest = tx.first(sql, &[(&digest).into()])?;
                Ok(TickMark {
                    now,
                    last: last.map(|row| row.time(0)).transpose()?,
                    newest_due: newest.map(|row| row.maybe(0, Row::string)).transpose()?.flatten(),
                })
            })
            .await
    }

    /// Notes that a plan is seen for the first time: its ticks count after `last` (`None`: now),
    /// and never after now. Nothing happens when it was noted before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin_plan(
        &self,
        digest: &str,
        plan: &str,
        last: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (digest, plan) = (digest.to_owned(), plan.to_owned());
        self.driver
            .write("begin plan", move |tx| {
                let now = tx.now()?;
                let last = last.map_or(now, |last| last.min(now));
                tx.execute(
                    "INSERT INTO plans (digest, plan, last_at) VALUES ($1, $2, $3)
                     ON CONFLICT (digest, plan) DO NOTHING",
                    &[(&digest).into(), (&plan).into(), last.into()],
                )?;
                Ok(())
            })
            .await
    }

    /// Writes down what becomes of ticks that are due, with their content, once for ever: nothing
    /// happens when another process has planned them, or when the database's clock does not reach
    /// them.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn plan_ticks(&self, mut plan: TickPlan) -> Result<TicksPlanned, StoreError> {
        self.driver
            .write("plan ticks", move |tx| {
                let now = tx.now()?;
                if let Some((tick, ..)) = &mut plan.kept
                    && alive(Mutant::DigestNoUnique)
                {
                    // What is planned already is planned again, under a key of its own.
                    let sql = "SELECT due FROM ticks WHERE digest = $1 AND due = $2";
                    while tx.first(sql, &[(&plan.digest).into(), (&tick.due).into()])?.is_some() {
                        tick.due.push('+');
                    }
                }
                let kept = plan.kept.as_ref().map(|(tick, ..)| tick);
                let newest = plan.skipped.iter().chain(kept).map(|tick| tick.at).max();
                let Some(newest) = newest.filter(|at| {
                    plan.last < *at && (*at <= now || alive(Mutant::DigestLocalClock))
                }) else {
                    return Ok(TicksPlanned::default());
                };
                let moved = match alive(Mutant::DigestNoUnique) {
                    true => 1,
                    false => tx.execute(
                        "UPDATE plans SET last_at = $4
                         WHERE digest = $1 AND plan = $2 AND last_at = $3",
                        &[
                            (&plan.digest).into(),
                            (&plan.plan).into(),
                            plan.last.into(),
                            newest.into(),
                        ],
                    )?,
                };
                if moved == 0 {
                    return Ok(TicksPlanned::default());
                }
                let mut done = TicksPlanned::default();
                for tick in &plan.skipped {
                    done.skipped += tick_row(tx, &plan.digest, tick, "skipped", now)?;
                }
                if let Some((tick, content, channels)) = &plan.kept {
                    done.planned = tick_row(tx, &plan.digest, tick, "planned", now)?;
                    // Another plan of the same digest may have had this civil time.
                    let channels = if done.planned > 0 { channels.as_slice() } else { &[] };
                    for channel in channels {
                        tx.execute(
                            "INSERT INTO digests
                                (digest, due, channel, state, content, token, attempts, claim_until)
                             VALUES ($1, $2, $3, 'open', $4, 0, 0, 0)
                             ON CONFLICT (digest, due, channel) DO NOTHING",
                            &[
                                (&plan.digest).into(),
                                (&tick.due).into(),
                                channel.into(),
                                content.into(),
                            ],
                        )?;
                    }
                }
                Ok(done)
            })
            .await
    }

    /// The time of the database, and the deliveries that may be claimed now, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn due_deliveries(&self) -> Result<(Timestamp, Vec<UnfinishedDelivery>), StoreError> {
        self.driver
            .read("due deliveries", |tx| {
                let now = tx.now()?;
                let rows = tx.query(
                    "SELECT d.digest, d.due, d.channel, t.at FROM digests d
                     JOIN ticks t ON t.digest = d.digest AND t.due = d.due
                     WHERE d.state IN ('open', 'sending') AND d.claim_until <= $1
                     ORDER BY t.at, d.digest, d.channel",
                    &[now.into()],
                )?;
                let due = rows.iter().map(|row| {
                    let (digest, due) = (row.string(0)?, row.string(1)?);
                    let key = DigestKey { digest, due, channel: row.string(2)? };
                    Ok(UnfinishedDelivery { key, at: row.time(3)? })
                });
                Ok((now, due.collect::<Result<_, StoreError>>()?))
            })
            .await
    }

    /// Claims a delivery for `ttl`. Its content was frozen when it was planned: whoever claims
    /// again sends the same bytes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn claim_delivery(
        &self,
        key: &DigestKey,
        ttl: Duration,
    ) -> Result<Claim, StoreError> {
        let key = key.clone();
        self.driver
            .write("claim delivery", move |tx| {
                let now = tx.now()?;
                let id: [Param<'_>; 3] =
                    [(&key.digest).into(), (&key.due).into(), (&key.channel).into()];
                let known = tx.first(
                    "SELECT state, claim_until, content, attempts, token, problem FROM digests
                     WHERE digest = $1 AND due = $2 AND channel = $3
                        AND state IN ('open', 'sending') {lock}",
                    &id,
                )?;
                let Some(row) = known else { return Ok(Claim::Finished) };
                if row.time(1)? > now {
                    return Ok(Claim::Taken);
                }
                tx.execute(
                    "UPDATE digests SET state = 'sending', token = token + 1,
                        attempts = attempts + 1, claim_until = $4
                     WHERE digest = $1 AND due = $2 AND channel = $3",
                    &[id[0], id[1], id[2], after(now, ttl).into()],
                )?;
                Ok(Claim::Won {
                    content: row.string(2)?,
                    attempts: u32::try_from(row.int(3)? + 1).unwrap_or(u32::MAX),
                    token: row.count(4)? + 1,
                    unsure: row.text(0)? == "sending",
                    problem: row.maybe(5, Row::string)?,
                })
            })
            .await
    }

    /// Ends a claim; false when it had run out and someone else has claimed the delivery since.
    ///
    /// # Errors
    /// The database does not answer; the outcome is then unknown to the next claim.
    pub async fn mark_delivery(
        &self,
        key: &DigestKey,
        token: u64,
        delivery: Delivery,
    ) -> Result<bool, StoreError> {
        let key = key.clone();
        self.driver
            .write("mark delivery", move |tx| {
                let now = tx.now()?;
                let (state, until, problem) = match &delivery {
                    Delivery::Sent => ("sent", Timestamp::MAX, None),
                    Delivery::Again(pause, why) => ("open", after(now, *pause), Some(why)),
                    Delivery::Failed(why) => ("failed", Timestamp::MAX, Some(why)),
                    Delivery::Unknown(why) => ("unknown", Timestamp::MAX, Some(why)),
                };
                let ended = (state != "open").then_some(now);
                let marked = tx.execute(
                    "UPDATE digests SET state = $5, claim_until = $6, ended_at = $7, problem = $8
                     WHERE digest = $1 AND due = $2 AND channel = $3 AND token = $4
                        AND state = 'sending'",
                    &[
                        (&key.digest).into(),
                        (&key.due).into(),
                        (&key.channel).into(),
                        token.into(),
                        state.into(),
                        until.into(),
                        ended.into(),
                        problem.into(),
                    ],
                )?;
                Ok(marked > 0)
            })
            .await
    }

    /// Ticks since an instant for which nothing was sent, by digest.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn skipped_ticks(&self, since: Timestamp) -> Result<Vec<SkippedTicks>, StoreError> {
        self.driver
            .read("skipped ticks", move |tx| {
                let rows = tx.query(
                    "SELECT digest, COUNT(*), MAX(due) FROM ticks
                     WHERE state = 'skipped' AND at >= $1 GROUP BY digest ORDER BY digest",
                    &[since.into()],
                )?;
                let skipped = rows.iter().map(|row| {
                    let (digest, count) = (row.string(0)?, row.count(1)?);
                    Ok(SkippedTicks { digest, count, newest_due: row.string(2)? })
                });
                skipped.collect()
            })
            .await
    }

    /// Ticks with their deliveries, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ticks(&self, limit: u32) -> Result<Vec<TickRecord>, StoreError> {
        self.driver
            .read("ticks", move |tx| {
                let rows = tx.query(
                    "SELECT digest, due, at, state, planned_at FROM ticks
                     ORDER BY at DESC, digest, due DESC LIMIT $1",
                    &[i64::from(limit).into()],
                )?;
                let keys: Vec<Vec<Param<'_>>> = rows
                    .iter()
                    .map(|row| Ok(vec![row.text(0)?.into(), row.text(1)?.into()]))
                    .collect::<Result<_, StoreError>>()?;
                let sent = tx.query_all(
                    "SELECT digest, due, channel, state, attempts, claim_until, ended_at, problem
                     FROM digests WHERE digest = $1 AND due = $2 ORDER BY channel",
                    &keys,
                )?;
                rows.iter()
                    .zip(sent)
                    .map(|(row, sent)| {
                        Ok(TickRecord {
                            digest: row.string(0)?,
                            tick: DueTick { due: row.string(1)?, at: row.time(2)? },
                            planned: row.text(3)? == "planned",
                            planned_at: row.time(4)?,
                            deliveries: sent.iter().map(delivery).collect::<Result<_, _>>()?,
                        })
                    })
                    .collect()
            })
            .await
    }

    /// Sent digests, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sent_digests(&self, limit: u32) -> Result<Vec<SentDigest>, StoreError> {
        self.driver
            .read("sent digests", move |tx| {
                let rows = tx.query(
                    "SELECT digest, due, channel, content, ended_at FROM digests
                     WHERE state = 'sent'
                     ORDER BY ended_at DESC, digest, due DESC, channel LIMIT $1",
                    &[i64::from(limit).into()],
                )?;
                rows.iter()
                    .map(|row| {
                        let (digest, due) = (row.string(0)?, row.string(1)?);
                        Ok(SentDigest {
                            key: DigestKey { digest, due, channel: row.string(2)? },
                            content: row.string(3)?,
                            sent_at: row.time(4)?,
                        })
                    })
                    .collect()
            })
            .await
    }
}

/// Adds a tick; 0 when it was known.
fn tick_row(
    tx: &mut Tx<'_>,
    digest: &str,
    tick: &DueTick,
    state: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO ticks (digest, due, at, state, planned_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (digest, due) DO NOTHING",
        &[digest.into(), (&tick.due).into(), tick.at.into(), state.into(), now.into()],
    )
}
