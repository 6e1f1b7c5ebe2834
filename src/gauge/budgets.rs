//! What a host tells of its rate budget, read from the headers as they came.
//!
//! GitHub counts a reset in epoch seconds and names the resource; Jira Cloud writes an instant, and
//! near its quota a structured field: `RateLimit: "global-app-quota";r=11000;t=600`.

use serde::Serialize;

use crate::model::Timestamp;
use crate::transport::{Host, Told};

/// A host and what may still be asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostStatus {
    pub host: String,
    /// Empty when the tracker tells no budget.
    pub budgets: Vec<Budget>,
    /// Only while the pause lasts.
    pub paused_until: Option<Timestamp>,
}

/// One rate budget. What the host left out, or wrote in a way that nobody knows, is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// `core`, `graphql`; `None` when the host has one budget and no name for it.
    pub resource: Option<String>,
    pub limit: Option<u64>,
    pub remaining: Option<u64>,
    pub reset_at: Option<Timestamp>,
    pub told_at: Timestamp,
}

/// Reads a host's headers; a pause that is over at `now` is not told.
#[must_use]
pub fn host(host: Host, now: Timestamp) -> HostStatus {
    HostStatus {
        host: host.name,
        budgets: host.told.iter().flat_map(budgets).collect(),
        paused_until: host.paused_until.filter(|until| *until > now),
    }
}

fn budgets(told: &Told) -> Vec<Budget> {
    let header = |name: &str| {
        let found = told.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.trim())
    };
    let mut found = Vec::new();
    let (limit, remaining) = (header("x-ratelimit-limit"), header("x-ratelimit-remaining"));
    if limit.is_some() || remaining.is_some() {
        found.push(Budget {
            resource: header("x-ratelimit-resource").map(str::to_owned),
            limit: limit.and_then(|text| text.parse().ok()),
            remaining: remaining.and_then(|text| text.parse().ok()),
            reset_at: header("x-ratelimit-reset").and_then(instant),
            told_at: told.at,
        });
    }
    let structured = header("ratelimit").or_else(|| header("beta-ratelimit"));
    found.extend(structured.and_then(|text| quota(text, told.at)));
    found
}

/// Epoch seconds, or RFC 3339.
fn instant(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(seconds) => Some(Timestamp::from_millis(seconds.saturating_mul(1000))),
        Err(_) => Timestamp::parse(text).ok(),
    }
}

/// The first quota of a `RateLimit` field.
fn quota(text: &str, at: Timestamp) -> Option<Budget> {
    let first = text.split(',').next()?;
    let mut parts = first.split(';').map(str::trim);
    let name = parts.next()?.trim_matches('"').to_owned();
    let (mut remaining, mut reset_at) = (None, None);
    for part in parts {
        match part.split_once('=') {
            Some(("r", value)) => remaining = value.parse().ok(),
            Some(("t", value)) => {
                let seconds = value.parse::<i64>().ok();
                reset_at = seconds.map(|s| at.plus_millis(s.saturating_mul(1000)));
            }
            _ => {}
        }
    }
    remaining.map(|_| Budget {
        resource: Some(name),
        limit: None,
        remaining,
        reset_at,
        told_at: at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn read(headers: &[(&'static str, &str)]) -> Vec<Budget> {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        budgets(&Told { at: at("2026-06-15T06:00:00Z"), headers })
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
    }

    #[test]
    fn nonsense_is_no_budget() {
        assert_eq!(read(&[("ratelimit", "soon"), ("x-ratelimit-reset", "never")]), []);
        let odd = read(&[("x-ratelimit-limit", "many"), ("x-ratelimit-reset", "-")]);
        assert_eq!((odd[0].limit, odd[0].reset_at), (None, None));
    }
}
