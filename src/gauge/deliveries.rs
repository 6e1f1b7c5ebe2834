//! How digests stand: when each goes out next, and how its newest deliveries ended.

use schemars::JsonSchema;
use serde::Serialize;

use super::status::PlannedDigest;
use crate::model::Timestamp;
use crate::store::DeliveryRecord;

/// A digest: when it goes out next, and how its newest deliveries ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestStatus {
    pub digest: String,
    /// `portfolio`, or `stream:ID`.
    pub audience: String,
    pub next_at: Option<Timestamp>,
    /// Ticks of the last seven days for which nothing was sent: nobody was there at their time, and
    /// a newer one was due by then, or a day had passed.
    pub skipped: Option<SkippedStatus>,
    pub channels: Vec<ChannelStatus>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SkippedStatus {
    pub count: u64,
    /// Civil time in the portfolio's zone.
    pub newest_due: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChannelStatus {
    pub channel: String,
    /// `None` before the first delivery.
    pub last: Option<DeliveryStatus>,
}

/// The newest delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeliveryStatus {
    /// Civil time in the portfolio's zone.
    pub due: String,
    /// `sent`, `failed`, or `unknown` where nobody knows whether it arrived; `open` until it is
    /// tried, `sending` while it is.
    pub state: String,
    pub attempts: u32,
    pub ended_at: Option<Timestamp>,
    pub problem: Option<String>,
}

/// One channel of a digest.
pub fn channel(plan: &PlannedDigest, name: &str, deliveries: &[DeliveryRecord]) -> ChannelStatus {
    let newest =
        deliveries.iter().find(|one| one.key.digest == plan.id && one.key.channel == *name);
    ChannelStatus {
        channel: name.to_owned(),
        last: newest.map(|one| DeliveryStatus {
            due: one.key.due.clone(),
            state: one.state.clone(),
            attempts: one.attempts,
            ended_at: one.ended_at,
            problem: one.problem.clone(),
        }),
    }
}
