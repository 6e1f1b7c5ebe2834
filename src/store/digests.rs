//! Deliveries of digests: claimed before they are sent, marked after, kept for ever.

use std::time::Duration;

use super::driver::Param;
use super::leases::after;
use super::{Claim, Delivery, DigestKey, SentDigest, Store, StoreError};
use crate::model::Timestamp;

impl Store {
    /// Claims one delivery for `ttl`. The content of the first claim is frozen: whoever claims
    /// again after a crash sends the same bytes. A delivery that may have happened before is
    /// claimed with `attempts` above one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn claim_digest(
        &self,
        key: &DigestKey,
        content: &str,
        ttl: Duration,
    ) -> Result<Claim, StoreError> {
        let (key, content) = (key.clone(), content.to_owned());
        self.driver
            .write("claim digest", move |tx| {
                let now = tx.now()?;
                let id: [Param<'_>; 3] =
                    [(&key.digest).into(), (&key.due).into(), (&key.channel).into()];
                tx.execute(
                    "INSERT INTO digests
                        (digest, due, channel, state, content, token, attempts, claim_until)
                     VALUES ($1, $2, $3, 'open', $4, 0, 0, 0)
                     ON CONFLICT (digest, due, channel) DO NOTHING",
                    &[id[0], id[1], id[2], (&content).into()],
                )?;
                let won = tx.first(
                    "UPDATE digests SET token = token + 1, attempts = attempts + 1,
                        claim_until = $4
                     WHERE digest = $1 AND due = $2 AND channel = $3 AND state = 'open'
                        AND claim_until <= $5
                     RETURNING content, attempts, token",
                    &[id[0], id[1], id[2], after(now, ttl).into(), now.into()],
                )?;
                if let Some(row) = won {
                    let attempts = u32::try_from(row.int(1)?).unwrap_or(u32::MAX);
                    return Ok(Claim::Won {
                        content: row.string(0)?,
                        attempts,
                        token: row.count(2)?,
                    });
                }
                let open = tx.first(
                    "SELECT digest FROM digests
                     WHERE digest = $1 AND due = $2 AND channel = $3 AND state = 'open'",
                    &id,
                )?;
                Ok(if open.is_some() { Claim::Taken } else { Claim::Finished })
            })
            .await
    }

    /// Ends a claim; false when it had run out and someone else holds the delivery.
    ///
    /// # Errors
    /// The database does not answer; the outcome is then unknown to the next claim.
    pub async fn mark_digest(
        &self,
        key: &DigestKey,
        token: u64,
        delivery: Delivery,
    ) -> Result<bool, StoreError> {
        let key = key.clone();
        self.driver
            .write("mark digest", move |tx| {
                let now = tx.now()?;
                let (state, until, problem) = match &delivery {
                    Delivery::Sent => ("sent", Timestamp::MAX, None),
                    Delivery::Again(at, why) => ("open", *at, Some(why)),
                    Delivery::Failed(why) => ("failed", Timestamp::MAX, Some(why)),
                };
                let ended = (state != "open").then_some(now);
                let marked = tx.execute(
                    "UPDATE digests SET state = $5, claim_until = $6, ended_at = $7, problem = $8
                     WHERE digest = $1 AND due = $2 AND channel = $3 AND token = $4
                        AND state = 'open'",
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
