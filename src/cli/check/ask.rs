//! What a tracker tells about itself: the credential, the scopes, and the cost of a first sync.

use serde::Serialize;

use crate::model::Timestamp;
use crate::trackers::{Rights, Standing, Tracker, TrackerError};
use crate::transport::Transport;

/// One connection.
#[derive(Debug, Serialize)]
pub(super) struct ConnectionLine {
    pub connection: String,
    pub alive: bool,
    pub problem: Option<String>,
    /// How long the tracker took to answer, in milliseconds.
    pub answer_ms: Option<u64>,
    pub token: Option<TokenLine>,
    pub scopes: Vec<ScopeLine>,
    /// `None` after a complete sync.
    pub estimate: Option<Estimate>,
    pub notes: Vec<String>,
}

/// What is known of the credential.
#[derive(Debug, Serialize)]
pub(super) struct TokenLine {
    /// Rights beyond reading.
    pub wider: Vec<String>,
    pub expires: Option<Timestamp>,
    /// What the tracker does not tell.
    pub untold: Option<&'static str>,
}

/// One project or repository of `scopes`.
#[derive(Debug, Serialize)]
pub(super) struct ScopeLine {
    pub project: String,
    /// `None` when that could not be learned.
    pub visible: Option<bool>,
    /// `live`, `archived`, `trashed` or `hidden`.
    pub standing: Option<&'static str>,
    pub problem: Option<String>,
}

/// What reading everything for the first time will take.
#[derive(Debug, Serialize)]
pub(super) struct Estimate {
    /// By the tracker's own counts.
    pub items: u64,
    pub requests: u64,
    pub seconds: u64,
    /// The answer time behind `seconds`, in milliseconds.
    pub answer_ms: u64,
    /// Walks that told no count, and are not part of the figures.
    pub uncounted: Vec<String>,
}

impl ConnectionLine {
    pub(super) fn problems(&self) -> Vec<String> {
        let scopes = self.scopes.iter().filter(|scope| scope.visible != Some(true));
        let scopes = scopes.filter_map(|scope| scope.problem.clone());
        // A hidden scope makes the tracker refuse its whole catalogue; that is one problem.
        match &self.problem {
            Some(problem) => vec![problem.clone()],
            None => scopes.collect(),
        }
    }
}

/// Asks everything that a person should know. `first` asks for the size as well.
pub(super) async fn connection(
    tracker: &dyn Tracker,
    transport: &Transport,
    first: bool,
) -> ConnectionLine {
    let name = tracker.connection().0.clone();
    let mut line = ConnectionLine {
        connection: name.clone(),
        alive: false,
        problem: None,
        answer_ms: None,
        token: None,
        scopes: Vec::new(),
        estimate: None,
        notes: Vec::new(),
    };
    let (probed, answer_ms) = timed(transport, tracker.probe()).await;
    let probe = match probed {
        Ok(probe) => probe,
        Err(error) => return ConnectionLine { problem: Some(error.to_string()), ..line },
    };
    line.answer_ms = Some(answer_ms);
    line.token = tracker.rights().await.ok().map(token);
    line.notes = notes(probe.notes, line.token.as_ref());
    // The catalogue names every scope, so that one that cannot be seen is met here.
    let catalogue = tracker.catalogue(true).await;
    line.scopes = scopes(tracker).await;
    match catalogue {
        Err(error) => line.problem = Some(error.to_string()),
        Ok(_) if first => {
            line.alive = true;
            match estimate(tracker, transport, probe.clock, answer_ms).await {
                Ok(estimate) => line.estimate = Some(estimate),
                Err(error) => line.problem = Some(error.to_string()),
            }
        }
        Ok(_) => line.alive = true,
    }
    line
}

fn token(told: Rights) -> TokenLine {
    TokenLine { wider: told.wider, expires: told.expires, untold: told.untold }
}

/// The notes of a pass, without those that the lines about the token say already.
fn notes(told: Vec<String>, token: Option<&TokenLine>) -> Vec<String> {
    let said = token.is_some_and(|token| !token.wider.is_empty() || token.expires.is_some());
    told.into_iter().filter(|note| !said || !note.contains(": the token ")).collect()
}

async fn scopes(tracker: &dyn Tracker) -> Vec<ScopeLine> {
    let name = tracker.connection();
    let mut lines = Vec::new();
    for project in tracker.projects() {
        let mut line = ScopeLine { project, visible: None, standing: None, problem: None };
        match tracker.standing(&line.project).await {
            Ok(Standing::Hidden) => {
                line.visible = Some(false);
                line.problem = Some(format!(
                    "connection `{name}`: {} is not visible: it was deleted, or the credential \
                     may not read it; correct `scopes`, or give the credential the right to read",
                    line.project
                ));
                line.standing = Some("hidden");
            }
            Ok(standing) => {
                line.visible = Some(true);
                line.standing = Some(match standing {
                    Standing::Live => "live",
                    Standing::Archived => "archived",
                    Standing::Trashed => "trashed",
                    Standing::Hidden => "hidden",
                });
            }
            Err(error) => line.problem = Some(error.to_string()),
        }
        lines.push(line);
    }
    lines
}

/// Asks each walk for its first page, which tells how many items it expects. That page is a real
/// one, so its answer time says more than that of the probe.
async fn estimate(
    tracker: &dyn Tracker,
    transport: &Transport,
    clock: Timestamp,
    probed_ms: u64,
) -> Result<Estimate, TrackerError> {
    let (mut items, mut uncounted, mut slowest) = (0, Vec::new(), probed_ms);
    for scan in tracker.scans() {
        let (page, answer_ms) = timed(transport, tracker.discover(&scan, None, clock, None)).await;
        slowest = slowest.max(answer_ms);
        let page = page?;
        let listed = page.stamps.len() as u64;
        match page.expected.or_else(|| page.next.is_none().then_some(listed)) {
            Some(expected) => items += expected,
            None => uncounted.push(scan.0),
        }
    }
    let cost = tracker.cost();
    Ok(Estimate {
        items,
        requests: cost.requests(items),
        seconds: cost.seconds(items, slowest),
        answer_ms: slowest,
        uncounted,
    })
}

/// The result, and the milliseconds that one of its requests took on average.
async fn timed<T>(transport: &Transport, asking: impl Future<Output = T>) -> (T, u64) {
    let (before, since) = (transport.requests(), transport.clock().now());
    let told = asking.await;
    let requests = transport.requests().saturating_sub(before).max(1);
    let millis = transport.clock().now().millis().saturating_sub(since.millis());
    (told, u64::try_from(millis).unwrap_or(0).div_ceil(requests).max(1))
}
