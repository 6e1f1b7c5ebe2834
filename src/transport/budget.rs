//! Rate budgets: what trackers tell of them in headers, and the part of each that is left to hints.
//!
//! GitHub counts a reset in epoch seconds and names the resource; Jira Cloud writes an instant, and
//! near its quota a structured field: `RateLimit: "global-app-quota";r=11000;t=600`; Data Center
//! tells how many requests come back in how many seconds.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::header::DATE;
use schemars::JsonSchema;
use serde::Serialize;

use super::{BELIEVED_MS, Response};
use crate::model::Timestamp;

/// The headers in which trackers tell how much may still be asked.
const HEADERS: [&str; 10] = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-resource",
    "x-ratelimit-interval-seconds",
    "x-ratelimit-fillrate",
    "ratelimit",
    "beta-ratelimit",
    "ratelimit-policy",
    "beta-ratelimit-policy",
];

/// Budgets kept for one host.
const BUDGETS_MAX: usize = 16;

/// One part in so many of a budget is kept for what webhooks name.
const KEPT_SHARE: u64 = 10;

/// The newest answer that told a rate budget: header values as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Our clock at the answer.
    pub at: Timestamp,
    /// The tracker's clock at the answer.
    pub theirs: Option<Timestamp>,
    pub headers: Vec<(&'static str, String)>,
}

/// One rate budget. What the host left out, or wrote in a way that nobody knows, is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Budget {
    /// `core`, `graphql`; `None` when the host has one budget and no name for it.
    pub resource: Option<String>,
    pub limit: Option<u64>,
    pub remaining: Option<u64>,
    pub reset_at: Option<Timestamp>,
    pub told_at: Timestamp,
    /// How much of it is kept for what webhooks name; absent for budgets that fill again at once.
    pub kept: Option<u64>,
    /// Only while no more than that is left: first walks, whole walks and sweeps wait until then.
    pub wait_until: Option<Timestamp>,
}

/// A budget of which only the part for hints is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    pub resource: Option<String>,
    pub remaining: u64,
    pub kept: u64,
    /// When bulk work may go on, by our clock.
    pub until: Timestamp,
}

/// The budgets of one credential, by resource.
#[derive(Debug, Default)]
pub struct Account(Mutex<BTreeMap<String, Told>>);

impl Told {
    /// What an answer tells of a budget; `None` when it tells nothing.
    pub(super) fn of(response: &Response, at: Timestamp) -> Option<Self> {
        let text = |name: &str| response.headers().get(name)?.to_str().ok();
        let value = |name: &'static str| Some((name, text(name)?.chars().take(200).collect()));
        let headers: Vec<_> = HEADERS.into_iter().filter_map(value).collect();
        let theirs = text(DATE.as_str()).and_then(|date| {
            let date = chrono::DateTime::parse_from_rfc2822(date).ok()?;
            Some(Timestamp::from_millis(date.timestamp_millis()))
        });
        (!headers.is_empty()).then_some(Self { at, theirs, headers })
    }

    /// Keeps it as the newest word on its resource.
    pub(super) fn keep(self, told: &mut BTreeMap<String, Self>) {
        let resource = self.header("x-ratelimit-resource").unwrap_or_default().to_owned();
        if told.len() < BUDGETS_MAX || told.contains_key(&resource) {
            told.insert(resource, self);
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.trim())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// The budgets in these headers.
    #[must_use]
    pub fn budgets(&self) -> Vec<Budget> {
        let mut found = Vec::new();
        let limit = self.header("x-ratelimit-limit");
        if limit.is_some() || self.header("x-ratelimit-remaining").is_some() {
            found.push(self.plain());
        }
        let structured = self.header("ratelimit").or_else(|| self.header("beta-ratelimit"));
        found.extend(structured.and_then(|text| self.quota(text)));
        found
    }

    fn plain(&self) -> Budget {
        let (limit, remaining) =
            (self.number("x-ratelimit-limit"), self.number("x-ratelimit-remaining"));
        let reset_at = self.header("x-ratelimit-reset").and_then(instant);
        let mut kept = limit.filter(|_| reset_at.is_some()).map(share);
        // The reset is told by the tracker's clock, and a second is lost in rounding.
        let ahead = self.theirs.map_or(0, |theirs| self.at.millis() - theirs.millis());
        let mut refilled = reset_at.map(|at| at.plus_millis(ahead.saturating_add(1_000)));
        if let (Some(limit), Some(remaining), Some(back)) = (limit, remaining, self.fill_ms()) {
            kept = Some(share(limit));
            let wanting = share(limit).saturating_sub(remaining) as f64;
            refilled = Some(self.at.plus_millis((wanting * back).ceil() as i64));
        }
        Budget {
            resource: self.header("x-ratelimit-resource").map(str::to_owned),
            limit,
            remaining,
            reset_at,
            told_at: self.at,
            kept,
            wait_until: None,
        }
        .waiting(refilled)
    }

    /// Milliseconds until one more request is allowed, on a Data Center.
    fn fill_ms(&self) -> Option<f64> {
        let every = self.number("x-ratelimit-interval-seconds")?;
        let back = self.number("x-ratelimit-fillrate").filter(|back| *back > 0)?;
        Some(every as f64 * 1_000.0 / back as f64)
    }

    /// The first quota of a `RateLimit` field; its size stands in the policy.
    fn quota(&self, text: &str) -> Option<Budget> {
        let policy =
            self.header("ratelimit-policy").or_else(|| self.header("beta-ratelimit-policy"));
        let first = text.split(',').next()?;
        let name = first.split(';').next()?.trim().trim_matches('"').to_owned();
        let remaining = parameter(first, "r")?;
        let seconds = parameter(first, "t").and_then(|seconds| i64::try_from(seconds).ok());
        let reset_at = seconds.map(|s| self.at.plus_millis(s.saturating_mul(1000)));
        let limit = policy.and_then(|all| {
            let own = |one: &&str| {
                one.trim().split(';').next().map(|n| n.trim_matches('"')) == Some(&name)
            };
            parameter(all.split(',').find(own)?, "q")
        });
        let budget = Budget {
            resource: Some(name),
            limit,
            remaining: Some(remaining),
            reset_at,
            told_at: self.at,
            kept: limit.map(share),
            wait_until: None,
        };
        Some(budget.waiting(reset_at))
    }
}

impl Budget {
    /// With the instant until which bulk work waits, where too little is left for it.
    fn waiting(mut self, refilled: Option<Timestamp>) -> Self {
        let short = self.kept.zip(self.remaining).is_some_and(|(kept, left)| left <= kept);
        let most = self.told_at.plus_millis(BELIEVED_MS);
        self.wait_until = refilled.filter(|_| short).map(|until| until.min(most));
        self
    }
}

impl Account {
    pub(super) fn note(&self, told: Told) {
        told.keep(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The budget of `resource` (any, when `None`) of which only the part for hints is left.
    pub(super) fn short(&self, resource: Option<&str>, now: Timestamp) -> Option<Short> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let budgets = told.values().flat_map(Told::budgets);
        let ours = |budget: &Budget| resource.is_none() || budget.resource.as_deref() == resource;
        let short = budgets.filter(ours).filter_map(|budget| {
            Some(Short {
                resource: budget.resource,
                remaining: budget.remaining?,
                kept: budget.kept?,
                until: budget.wait_until.filter(|until| *until > now)?,
            })
        });
        short.max_by_key(|short| short.until)
    }
}

/// What is kept of a budget of this size.
fn share(limit: u64) -> u64 {
    limit.div_ceil(KEPT_SHARE)
}

/// Epoch seconds, or RFC 3339.
fn instant(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(seconds) => Some(Timestamp::from_millis(seconds.saturating_mul(1000))),
        Err(_) => Timestamp::parse(text).ok(),
    }
}

/// A number among the parameters of one member of a structured field.
fn parameter(member: &str, name: &str) -> Option<u64> {
    let mut all = member.split(';').skip(1).filter_map(|part| part.trim().split_once('='));
    all.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn told(headers: &[(&'static str, &str)]) -> Told {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Told { at: at("2026-06-15T06:00:00Z"), theirs: None, headers }
    }

    fn read(headers: &[(&'static str, &str)]) -> Vec<Budget> {
        told(headers).budgets()
    }

    #[test]
    fn each_dialect_is_read() {
        let github = read(&[
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4987"),
            ("x-ratelimit-reset", "1781506800"),
            ("x-ratelimit-resource", "graphql"),
        ]);
        assert_eq!(github.len(), 1);
        assert_eq!((github[0].limit, github[0].remaining), (Some(5000), Some(4987)));
        assert_eq!(github[0].resource.as_deref(), Some("graphql"));
        assert_eq!(github[0].reset_at, Some(at("2026-06-15T07:00:00Z")));
        assert_eq!((github[0].kept, github[0].wait_until), (Some(500), None));

        let jira = read(&[
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "2026-06-15T06:00:07Z"),
            ("ratelimit", "\"global-app-quota\";r=11000;t=600"),
        ]);
        assert_eq!(jira[0].reset_at, Some(at("2026-06-15T06:00:07Z")));
        assert_eq!(jira[1].resource.as_deref(), Some("global-app-quota"));
        assert_eq!((jira[1].limit, jira[1].remaining), (None, Some(11000)));
        assert_eq!(jira[1].reset_at, Some(at("2026-06-15T06:10:00Z")));
        assert_eq!(jira[1].kept, None, "of a quota of unknown size");
    }

    #[test]
    fn nonsense_is_no_budget() {
        assert_eq!(read(&[("ratelimit", "soon"), ("x-ratelimit-reset", "never")]), []);
        let odd = read(&[("x-ratelimit-limit", "many"), ("x-ratelimit-reset", "-")]);
        assert_eq!((odd[0].limit, odd[0].reset_at), (None, None));
    }

    #[test]
    fn a_tenth_is_kept() {
        let github = |remaining: &str, theirs: &str| {
            let mut told = told(&[
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", "1781506800"),
                ("x-ratelimit-resource", "graphql"),
            ]);
            told.theirs = Some(at(theirs));
            let account = Account::default();
            account.note(told);
            account
        };
        let now = at("2026-06-15T06:00:00Z");
        assert_eq!(github("501", "2026-06-15T06:00:00Z").short(Some("graphql"), now), None);
        let short = github("500", "2026-06-15T06:00:00Z");
        let told = short.short(Some("graphql"), now).unwrap();
        assert_eq!((told.remaining, told.kept), (500, 500));
        assert_eq!(told.until, at("2026-06-15T07:00:01Z"));
        assert_eq!(short.short(Some("core"), now), None, "another budget");
        assert_eq!(short.short(None, at("2026-06-15T07:00:01Z")), None, "full again");
        let ahead = github("0", "2026-06-15T06:10:00Z").short(None, now).unwrap();
        assert_eq!(ahead.until, at("2026-06-15T06:50:01Z"), "their clock is ten minutes ahead");
    }

    #[test]
    fn a_budget_that_fills_again_in_centuries_is_asked_after_in_two_days() {
        let far = read(&[
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "1"),
            ("x-ratelimit-reset", "99999999999"),
        ]);
        assert_eq!(far[0].wait_until, Some(at("2026-06-17T06:00:00Z")));
    }

    #[test]
    fn quotas_and_buckets_of_jira_keep_a_tenth_as_well() {
        let quota = read(&[
            ("ratelimit-policy", "\"tenant\";q=1;w=60, \"global-app-quota\";q=65000;w=3600"),
            ("ratelimit", "\"global-app-quota\";r=6500;t=600"),
        ]);
        assert_eq!((quota[0].limit, quota[0].kept), (Some(65_000), Some(6_500)));
        assert_eq!(quota[0].wait_until, Some(at("2026-06-15T06:10:00Z")));
        // Ten requests come back every five seconds, and four are wanting.
        let bucket = read(&[
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "6"),
            ("x-ratelimit-interval-seconds", "5"),
            ("x-ratelimit-fillrate", "10"),
        ]);
        assert_eq!((bucket[0].kept, bucket[0].reset_at), (Some(10), None));
        assert_eq!(bucket[0].wait_until, Some(at("2026-06-15T06:00:02Z")));
        // The burst of Jira Cloud is full again after a second.
        let burst = read(&[("x-ratelimit-limit", "100"), ("x-ratelimit-remaining", "3")]);
        assert_eq!((burst[0].kept, burst[0].wait_until), (None, None));
    }
}
