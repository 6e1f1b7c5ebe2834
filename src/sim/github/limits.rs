//! Rate limits: the hourly budget of each API, and the secondary limit over a minute.

use crate::model::Timestamp;

const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// The budget a request draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    Core,
    GraphQl,
}

/// The limits of the credential in use. The fields may be changed at any time.
#[derive(Debug, Clone)]
pub struct Limits {
    /// REST requests an hour.
    pub core_hourly: u64,
    /// GraphQL points an hour.
    pub graphql_hourly: u64,
    /// REST points a minute (a read is one point).
    pub core_minutely: u64,
    /// GraphQL points a minute (a query is one point).
    pub graphql_minutely: u64,
    /// Seconds that a secondary refusal names; `None` leaves the header out.
    pub retry_after: Option<u64>,
    core: Budget,
    graphql: Budget,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            core_hourly: 5_000,
            graphql_hourly: 5_000,
            core_minutely: 900,
            graphql_minutely: 2_000,
            retry_after: Some(60),
            core: Budget::default(),
            graphql: Budget::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Budget {
    used: u64,
    reset_ms: i64,
    minute: i64,
    in_minute: u64,
}

/// How a budget stands: what the `x-ratelimit-*` headers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub limit: u64,
    pub used: u64,
    pub remaining: u64,
    pub reset: Timestamp,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Primary,
    Secondary,
}

impl Limits {
    /// Begins the hour anew for both APIs.
    pub fn refill(&mut self) {
        (self.core, self.graphql) = (Budget::default(), Budget::default());
    }

    pub(super) fn standing(&mut self, resource: Resource, now: Timestamp) -> Standing {
        let limit = self.hourly(resource);
        let budget = self.budget(resource, now);
        let used = budget.used.min(limit);
        let reset = Timestamp::from_millis(budget.reset_ms);
        Standing { limit, used, remaining: limit - used, reset }
    }

    /// Asks whether one more request is allowed, and counts it towards the minute.
    pub(super) fn admit(&mut self, resource: Resource, now: Timestamp) -> Result<(), Refusal> {
        let (hourly, minutely) = (self.hourly(resource), self.minutely(resource));
        let budget = self.budget(resource, now);
        if budget.used >= hourly {
            return Err(Refusal::Primary);
        }
        if budget.in_minute >= minutely {
            return Err(Refusal::Secondary);
        }
        budget.in_minute += 1;
        Ok(())
    }

    /// Takes points from the hour.
    pub(super) fn charge(&mut self, resource: Resource, points: u64, now: Timestamp) {
        self.budget(resource, now).used += points;
    }

    fn hourly(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Core => self.core_hourly,
            Resource::GraphQl => self.graphql_hourly,
        }
    }

    fn minutely(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Core => self.core_minutely,
            Resource::GraphQl => self.graphql_minutely,
        }
    }

    fn budget(&mut self, resource: Resource, now: Timestamp) -> &mut Budget {
        let budget = match resource {
            Resource::Core => &mut self.core,
            Resource::GraphQl => &mut self.graphql,
        };
        if now.millis() >= budget.reset_ms {
            *budget = Budget { reset_ms: now.millis() + HOUR_MS, ..Budget::default() };
        }
        let minute = now.millis().div_euclid(MINUTE_MS);
        if budget.minute != minute {
            (budget.minute, budget.in_minute) = (minute, 0);
        }
        budget
    }
}
