//! What can go wrong on purpose, the rate limits, and the log of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use http::Request;

use crate::model::Timestamp;

/// The token of a page that leads back to the first one.
pub(super) const LOOP: &str = "bG9vcA";

/// What a fault does to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// This status with Jira's usual body for it.
    Status(u16),
    /// 503 with `Retry-After` in seconds.
    Unavailable { retry_after: u64 },
    /// 429 with `Retry-After` in seconds.
    Limited { retry_after: u64 },
    /// Lists of issues and of histories lack their second half and say that they are whole.
    CutLists,
    /// 200 with an HTML page, as proxies and login walls send.
    Html,
    /// 200 with a body that is not JSON.
    Malformed,
    /// The first half of the body, framed as if it were the whole.
    Truncated,
    /// The connection breaks in the middle of the body.
    Broken,
    /// The answer comes this much later.
    Delay(Duration),
    /// `nextPageToken` is always there and always the same.
    TokenLoop,
    /// Every page token that is presented has expired.
    TokensExpired,
}

/// One fault: which requests it meets, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Part of the path; empty meets every request.
    pub path: String,
    pub trouble: Trouble,
    /// Requests still to be met; `None` for all.
    pub times: Option<u32>,
    /// Requests that pass before the first is met.
    pub after: u32,
}

/// Faults that are switched on; none by default.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    active: Vec<Fault>,
    /// Issues that cannot be read: every question by id that names one of them fails as a whole.
    poisoned: BTreeSet<u64>,
}

impl Faults {
    /// Lets the next `times` requests whose path contains `path` meet `trouble`.
    pub fn next(&mut self, times: u32, path: &str, trouble: Trouble) {
        self.add(Fault { path: path.to_owned(), trouble, times: Some(times), after: 0 });
    }

    /// Lets every request whose path contains `path` meet `trouble`.
    pub fn always(&mut self, path: &str, trouble: Trouble) {
        self.add(Fault { path: path.to_owned(), trouble, times: None, after: 0 });
    }

    pub fn add(&mut self, fault: Fault) {
        self.active.push(fault);
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Makes an issue unreadable.
    pub fn poison(&mut self, issue: u64) {
        self.poisoned.insert(issue);
    }

    /// Whether a request asks for the content or the history of a poisoned issue.
    pub(super) fn is_poisoned(&self, request: &Request<Bytes>) -> bool {
        let path = request.uri().path();
        let bulk = path.ends_with("/bulkfetch");
        let names = |id: &u64| {
            let id = id.to_string();
            let is_it = |text: &str| text.trim_matches('"') == id;
            path.split('/').any(is_it)
                || bulk
                    && serde_json::from_slice::<serde_json::Value>(request.body()).is_ok_and(|b| {
                        let ids = b["issueIdsOrKeys"].as_array();
                        ids.is_some_and(|ids| ids.iter().any(|one| is_it(&one.to_string())))
                    })
        };
        self.poisoned.iter().any(names)
    }

    /// The troubles that a request for `path` meets now.
    pub(super) fn meet(&mut self, path: &str) -> Vec<Trouble> {
        let mut met = Vec::new();
        for fault in self.active.iter_mut().filter(|fault| path.contains(&fault.path)) {
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            match &mut fault.times {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            met.push(fault.trouble.clone());
        }
        self.active.retain(|fault| fault.times != Some(0));
        met
    }
}

/// Token buckets per endpoint and method, as Jira's burst limits.
#[derive(Debug, Clone)]
pub struct RateLimits {
    /// Requests per second of every endpoint without a limit of its own; `None` is unlimited.
    pub usual: Option<u32>,
    /// Requests per second by endpoint name, for example `GET /issue/{id}`.
    pub by_endpoint: BTreeMap<&'static str, u32>,
    /// Seconds named by `Retry-After`.
    pub retry_after: u64,
    /// The points of an hour, which apps have.
    pub quota: Option<Quota>,
    buckets: BTreeMap<&'static str, Bucket>,
}

/// Points an hour; full again at the top of each hour.
#[derive(Debug, Clone, Default)]
pub struct Quota {
    pub points: u64,
    /// What one request takes.
    pub cost: u64,
    used: u64,
    hour: i64,
}

/// How a quota stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    pub points: u64,
    pub remaining: u64,
    /// Seconds until it is full again.
    pub full_in: i64,
    pub granted: bool,
}

impl Quota {
    #[must_use]
    pub fn new(points: u64, cost: u64) -> Self {
        Self { points, cost, ..Self::default() }
    }

    /// With so much used up in the hour of `now`.
    #[must_use]
    pub fn spent(mut self, used: u64, now: Timestamp) -> Self {
        (self.used, self.hour) = (used, now.millis().div_euclid(3_600_000));
        self
    }

    pub(super) fn draw(&mut self, now: Timestamp) -> Drawn {
        const HOUR: i64 = 3_600;
        let seconds = now.millis().div_euclid(1_000);
        if self.hour != seconds.div_euclid(HOUR) {
            (self.hour, self.used) = (seconds.div_euclid(HOUR), 0);
        }
        let granted = self.used + self.cost <= self.points;
        if granted {
            self.used += self.cost;
        }
        Drawn {
            points: self.points,
            remaining: self.points.saturating_sub(self.used),
            full_in: HOUR - seconds.rem_euclid(HOUR),
            granted,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

impl Default for RateLimits {
    /// Jira Cloud's published figures.
    fn default() -> Self {
        let by_endpoint = BTreeMap::from([
            ("GET /issue/{id}", 150),
            ("GET /issue/{id}/changelog", 200),
            ("POST /search/approximate-count", 150),
        ]);
        Self {
            usual: Some(100),
            by_endpoint,
            retry_after: 1,
            quota: None,
            buckets: BTreeMap::new(),
        }
    }
}

/// What a bucket says of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub limit: u32,
    pub remaining: u32,
    pub granted: bool,
}

impl RateLimits {
    /// No limits at all.
    #[must_use]
    pub fn none() -> Self {
        Self { usual: None, by_endpoint: BTreeMap::new(), ..Self::default() }
    }

    /// Takes one token of the endpoint's bucket; `None` when the endpoint is unlimited.
    pub(super) fn take(&mut self, endpoint: &'static str, now: Timestamp) -> Option<Allowance> {
        let limit = self.by_endpoint.get(endpoint).copied().or(self.usual)?;
        let full = f64::from(limit);
        let bucket =
            self.buckets.entry(endpoint).or_insert(Bucket { tokens: full, filled_at: now });
        let seconds = (now.millis() - bucket.filled_at.millis()).max(0) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + seconds * full).min(full);
        bucket.filled_at = now;
        let granted = bucket.tokens >= 1.0;
        if granted {
            bucket.tokens -= 1.0;
        }
        Some(Allowance { limit, remaining: bucket.tokens as u32, granted })
    }
}

/// Counts of requests by what they asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestLog {
    counts: BTreeMap<(&'static str, u16), u64>,
}

impl RequestLog {
    pub(super) fn note(&mut self, endpoint: &'static str, status: u16) {
        *self.counts.entry((endpoint, status)).or_insert(0) += 1;
    }

    /// Requests answered so far, refusals included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Requests by endpoint (`POST /issue/bulkfetch`) and status of the answer. A method or path
    /// that the site does not serve counts as `other`.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<(&'static str, u16), u64> {
        &self.counts
    }

    /// Requests to one endpoint, whatever the answer.
    #[must_use]
    pub fn of(&self, endpoint: &str) -> u64 {
        self.counts.iter().filter(|((name, _), _)| *name == endpoint).map(|(_, n)| n).sum()
    }

    pub fn clear(&mut self) {
        self.counts.clear();
    }
}
