//! How connections, scopes and digests stand: one structure for the page, the API and scripts.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::budgets::{self, HostStatus};
use super::deliveries::channel;
use super::outcomes::OutcomeStatus;
pub use super::store_status::StoreStatus;
use super::{Declared, Gauge};
use crate::model::{ConnectionId, Timestamp, TrackerKind};
use crate::schedule::Schedule;
use crate::store::{
    GapCount, LeaseRecord, PassMarks, PassRecord, PurgeRecord, Purging, ScopeRecord, StoreError,
    Waiting, duty_of,
};
use crate::transport::Host;

pub use super::deliveries::{ChannelStatus, DeliveryStatus, DigestStatus, SkippedStatus};

/// How long ticks that were skipped are told of.
const SKIPPED_DAYS: i64 = 7;

/// What only a running daemon knows; the default for everybody else.
#[derive(Debug, Default)]
pub struct Live {
    /// The name of this process among those that share the store.
    pub process: Option<String>,
    pub hosts: Vec<Host>,
    /// Passes under way, by connection.
    pub pulling: BTreeMap<String, Pulling>,
    /// What each connection's loop does next, by connection.
    pub next: BTreeMap<String, Vec<NextRun>>,
    /// Since when a sweep is under way, by connection.
    pub sweeping: BTreeMap<String, Timestamp>,
    /// When each scope is swept next, by connection.
    pub sweeps: BTreeMap<String, BTreeMap<String, Timestamp>>,
    pub digests: Vec<PlannedDigest>,
}

/// A digest as the settings plan it.
#[derive(Debug, Clone)]
pub struct PlannedDigest {
    pub id: String,
    pub audience: String,
    pub schedule: Schedule,
    pub channels: Vec<String>,
}

/// Everything at a glance. Names are stable; instants are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Status {
    pub at: Timestamp,
    /// The process that answers: a random name, new with every start. `None` outside of a daemon.
    pub process: Option<String>,
    /// Whether several processes may share the store.
    pub shared: bool,
    pub store: StoreStatus,
    /// Sorted by name: those of the settings, and those that only the store knows.
    pub connections: Vec<ConnectionStatus>,
    /// Hosts that have answered this process, sorted.
    pub hosts: Vec<HostStatus>,
    pub digests: Vec<DigestStatus>,
    /// Outcome measures of the portfolio file, by id.
    pub outcomes: Vec<OutcomeStatus>,
    /// What was purged and is not read again.
    pub purged: Vec<PurgedStatus>,
}

/// A purge that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PurgedStatus {
    pub connection: String,
    /// `None`: single items, or the whole connection.
    pub project: Option<String>,
    /// The tracker's id of a single item.
    pub item: Option<String>,
    /// How many went.
    pub items: u64,
    pub at: Timestamp,
}

impl From<PurgeRecord> for PurgedStatus {
    fn from(record: PurgeRecord) -> Self {
        let PurgeRecord { what, items, at } = record;
        let Purging { connection, project, source } = what;
        Self { connection: connection.0, project, item: source, items, at }
    }
}

/// In which state the data of a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No pass has ended.
    NeverPulled,
    /// Passes have ended, none of them complete.
    NeverComplete,
    /// Complete once, and older than it may be.
    Stale,
    Fresh,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectionStatus {
    pub connection: String,
    /// `None` when only the store knows it.
    pub tracker: Option<TrackerKind>,
    /// The settings name it.
    pub declared: bool,
    pub state: State,
    /// When the last complete pull ended.
    pub last_complete_pull: Option<Timestamp>,
    /// The tracker's clock that it reached: what changed until then is stored.
    pub data_until: Option<Timestamp>,
    /// From there to now.
    pub lag_seconds: Option<i64>,
    /// The start of the oldest of the last complete sweeps; `None` unless every scope has one.
    pub last_complete_sweep: Option<Timestamp>,
    pub last_pull: Option<Pull>,
    pub pulling: Option<Pulling>,
    /// The process that pulls, sweeps and follows hints; `None` while none does.
    pub worked_by: Option<String>,
    /// Since when a sweep is under way.
    pub sweeping_since: Option<Timestamp>,
    /// Why the last pull was not complete, in its own words.
    pub problem: Option<String>,
    /// Items stored and live.
    pub stored: u64,
    /// Items stored that have left.
    pub gone: u64,
    /// What the last sweeps listed; `None` unless every scope has one.
    pub expected: Option<u64>,
    pub gaps: Vec<GapStatus>,
    /// Hints of webhooks that wait to be read.
    pub hints: u64,
    /// Failed reads that wait to be tried again.
    pub retries: u64,
    pub next_retry_at: Option<Timestamp>,
    pub next: Vec<NextRun>,
    pub scopes: Vec<ScopeStatus>,
}

/// The newest pass, complete or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pull {
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub complete: bool,
    pub listed: u64,
    pub read: u64,
    pub changed: u64,
}

/// A pass under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pulling {
    /// `pull`, `deep`, `whole`, or another kind of run.
    pub run: &'static str,
    pub since: Timestamp,
    /// Rows listed so far.
    pub listed: u64,
    /// Items committed so far.
    pub stored: u64,
    /// The tracker's estimate.
    pub expected: Option<u64>,
}

/// When a loop does what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NextRun {
    /// `pull`, `deep`, `whole`; sweeps stand with their scopes.
    pub run: &'static str,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GapStatus {
    pub reason: String,
    pub count: u64,
}

/// A project or repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ScopeStatus {
    pub scope: String,
    /// `live`, `archived`, `trashed`, `hidden`; empty before the first sweep.
    pub standing: String,
    /// Ids that the last complete sweep listed.
    pub expected: Option<u64>,
    pub stored: u64,
    pub gone: u64,
    pub swept_at: Option<Timestamp>,
    /// Known to a running daemon only; a time that has passed means at its next look.
    pub next_sweep_at: Option<Timestamp>,
    /// Why the last sweep did not end, or was held back.
    pub problem: Option<String>,
}

/// What the store tells, read once.
struct Known {
    marks: Vec<PassMarks>,
    scopes: Vec<ScopeRecord>,
    gaps: Vec<GapCount>,
    waiting: Vec<Waiting>,
    leases: Vec<LeaseRecord>,
}

impl Gauge {
    /// How everything stands now.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn status(&self, live: Live) -> Result<Status, StoreError> {
        let at = self.clock.now();
        let known = Known {
            marks: self.store.pass_marks(None).await?,
            scopes: self.store.scopes().await?,
            gaps: self.store.gap_counts().await?,
            waiting: self.store.waiting().await?,
            leases: self.store.leases().await?,
        };
        let deliveries = self.store.deliveries().await?;
        let skipped = self.store.skipped_ticks(at.plus_days(-SKIPPED_DAYS)).await?;
        let mut names: BTreeSet<&ConnectionId> =
            self.declared.iter().map(|one| &one.connection).collect();
        names.extend(known.marks.iter().map(|one| &one.connection));
        names.extend(known.scopes.iter().map(|one| &one.connection));
        let connections =
            names.into_iter().map(|name| self.connection(name, &known, &live, at)).collect();
        let zone = self.portfolio.zone();
        let digests = live.digests.iter().map(|plan| DigestStatus {
            digest: plan.id.clone(),
            audience: plan.audience.clone(),
            next_at: plan.schedule.next_after(at, zone).map(|tick| tick.at),
            skipped: skipped
                .iter()
                .find(|one| one.digest == plan.id)
                .map(|one| SkippedStatus { count: one.count, newest_due: one.newest_due.clone() }),
            channels: plan.channels.iter().map(|name| channel(plan, name, &deliveries)).collect(),
        });
        Ok(Status {
            at,
            process: live.process.clone(),
            shared: self.store.is_shared(),
            store: self.store.trouble().into(),
            connections,
            digests: digests.collect(),
            outcomes: self.outcomes().await?,
            purged: self.store.purged().await?.into_iter().map(PurgedStatus::from).collect(),
            hosts: live.hosts.into_iter().map(|host| budgets::host(host, at)).collect(),
        })
    }

    fn connection(
        &self,
        name: &ConnectionId,
        known: &Known,
        live: &Live,
        at: Timestamp,
    ) -> ConnectionStatus {
        let declared = self.declared.iter().find(|one| one.connection == *name);
        let mark = known.marks.iter().find(|mark| mark.connection == *name);
        let complete = mark.and_then(|mark| mark.complete.as_ref());
        let data_until = complete.map(|pass| pass.clock.unwrap_or(pass.started_at));
        let waiting = known.waiting.iter().find(|one| one.connection == *name);
        let mut scopes = scopes(name, declared, &known.scopes);
        let due = live.sweeps.get(&name.0);
        for scope in &mut scopes {
            scope.next_sweep_at = due.and_then(|due| {
                let mut named =
                    due.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&scope.scope));
                named.next().map(|(_, at)| *at)
            });
        }
        let swept = |scope: &ScopeStatus| scope.swept_at;
        let gaps = known.gaps.iter().filter(|gap| gap.connection == *name);
        ConnectionStatus {
            connection: name.0.clone(),
            tracker: declared.map(|one| one.tracker),
            declared: declared.is_some() || self.declared.is_empty(),
            state: match (mark, complete) {
                (None, _) => State::NeverPulled,
                (_, None) => State::NeverComplete,
                _ if self.stale(name, mark, at).is_some() => State::Stale,
                _ => State::Fresh,
            },
            last_complete_pull: complete.map(|pass| pass.finished_at),
            data_until,
            lag_seconds: data_until.map(|until| (at.millis() - until.millis()).max(0) / 1000),
            last_complete_sweep: every(&scopes, swept).and_then(|all| all.into_iter().min()),
            last_pull: mark.map(|mark| pull(&mark.newest)),
            pulling: live.pulling.get(&name.0).cloned(),
            worked_by: known
                .leases
                .iter()
                .find(|lease| lease.name == duty_of(name))
                .and_then(|lease| lease.holder.clone()),
            sweeping_since: live.sweeping.get(&name.0).copied(),
            problem: mark.and_then(|mark| mark.newest.problem.clone()),
            stored: scopes.iter().map(|scope| scope.stored).sum(),
            gone: scopes.iter().map(|scope| scope.gone).sum(),
            expected: every(&scopes, |scope| scope.expected).map(|all| all.into_iter().sum()),
            gaps: gaps
                .map(|gap| GapStatus { reason: gap.reason.clone(), count: gap.count })
                .collect(),
            hints: waiting.map_or(0, |one| one.hints),
            retries: waiting.map_or(0, |one| one.retries),
            next_retry_at: waiting.and_then(|one| one.next_retry_at),
            next: next(name, declared, live, at),
            scopes,
        }
    }
}

/// The value of every scope; `None` when one lacks it, or there is no scope.
fn every<T>(scopes: &[ScopeStatus], value: impl Fn(&ScopeStatus) -> Option<T>) -> Option<Vec<T>> {
    let all: Option<Vec<T>> = scopes.iter().map(value).collect();
    all.filter(|all| !all.is_empty())
}

/// The plans of the running loop, or what the schedule says.
fn next(
    name: &ConnectionId,
    declared: Option<&Declared>,
    live: &Live,
    at: Timestamp,
) -> Vec<NextRun> {
    if let Some(planned) = live.next.get(&name.0) {
        return planned.clone();
    }
    let tick = declared.and_then(|one| one.pull.next_after(at, chrono_tz::Tz::UTC));
    tick.map(|tick| NextRun { run: "pull", at: tick.at }).into_iter().collect()
}

/// Those that the store knows, and those that are written and nothing is known of.
fn scopes(
    name: &ConnectionId,
    declared: Option<&Declared>,
    known: &[ScopeRecord],
) -> Vec<ScopeStatus> {
    let own = known.iter().filter(|scope| scope.connection == *name);
    let mut found: Vec<ScopeStatus> = own
        .map(|scope| ScopeStatus {
            scope: scope.project.clone(),
            standing: scope.standing.clone(),
            expected: scope.listed,
            stored: scope.stored,
            gone: scope.gone,
            swept_at: scope.swept_at,
            next_sweep_at: None,
            problem: scope.problem.clone(),
        })
        .collect();
    let written = declared.map(|one| one.scopes.as_slice()).unwrap_or_default();
    for scope in written.iter().filter(|scope| !scope.contains('*')) {
        if !found.iter().any(|known| known.scope.eq_ignore_ascii_case(scope)) {
            found.push(ScopeStatus {
                scope: scope.clone(),
                standing: String::new(),
                expected: None,
                stored: 0,
                gone: 0,
                swept_at: None,
                next_sweep_at: None,
                problem: None,
            });
        }
    }
    found.sort_by(|a, b| a.scope.cmp(&b.scope));
    found
}

fn pull(pass: &PassRecord) -> Pull {
    Pull {
        started_at: pass.started_at,
        finished_at: pass.finished_at,
        complete: pass.complete,
        listed: pass.discovered,
        read: pass.read,
        changed: pass.changed,
    }
}
