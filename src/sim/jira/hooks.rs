//! Webhook deliveries: at least once, not ordered, signed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::Notify;

use super::center::Dialect;
use super::fields::FieldSet;
use super::fragments;
use super::lock;
use super::records::{HistoryRecord, IssueRecord};
use super::site::{SharedSite, Site};
use crate::model::Timestamp;
use crate::transport::{Pace, Request, Transport};

/// Tries after the first, as Jira makes them.
const RETRIES: u32 = 5;

/// What happened, for those who subscribed.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Created {
        issue: Arc<IssueRecord>,
    },
    Updated {
        issue: Arc<IssueRecord>,
        history: HistoryRecord,
        bulk: bool,
    },
    Deleted {
        issue: Arc<IssueRecord>,
    },
    Link {
        id: u64,
        kind: u64,
        source: u64,
        target: u64,
        created: bool,
    },
    VersionReleased {
        id: u64,
    },
    /// A project was put away or back; the name is the event's.
    Project {
        id: u64,
        name: &'static str,
    },
}

/// One delivery: the raw bytes are signed when it is queued and never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Same on every retry. Empty on Data Center, which names no delivery and tries once.
    pub identifier: String,
    pub url: String,
    pub body: Bytes,
    /// `sha256=...` over the body; empty where the product cannot sign.
    pub signature: String,
    /// `Primary`, or `Secondary` for the fallout of bulk operations.
    pub flow: &'static str,
    pub retries: u32,
}

/// Deliveries that wait, and where they go.
#[derive(Debug)]
pub(super) struct Outbox {
    target: Option<(String, String)>,
    waiting: VecDeque<Delivery>,
    /// Failed deliveries, and when they are tried again.
    later: Vec<(Timestamp, Delivery)>,
    count: u64,
    lose: u32,
    twice: bool,
    retry_wait: Duration,
    pub(super) ready: Arc<Notify>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            target: None,
            waiting: VecDeque::new(),
            later: Vec::new(),
            count: 0,
            lose: 0,
            twice: false,
            retry_wait: Duration::from_secs(5 * 60),
            ready: Arc::default(),
        }
    }
}

impl Outbox {
    /// The delivery whose turn it is at `now`, or how long to wait for one, if one will come.
    fn next(&mut self, now: Timestamp) -> Result<Delivery, Option<Duration>> {
        if let Some(at) = self.later.iter().position(|(due, _)| *due <= now) {
            return Ok(self.later.swap_remove(at).1);
        }
        self.waiting.pop_front().ok_or_else(|| {
            let due = self.later.iter().map(|(due, _)| *due).min()?;
            u64::try_from(due.millis() - now.millis()).ok().map(Duration::from_millis)
        })
    }

    fn postpone(&mut self, delivery: Delivery, now: Timestamp) {
        let wait = i64::try_from(self.retry_wait.as_millis()).unwrap_or(i64::MAX);
        self.later.push((now.plus_millis(wait), delivery));
    }
}

impl Site {
    /// Sends every following event to `url`, signed with `secret`. Without a call there are no
    /// deliveries.
    pub fn set_webhook(&mut self, url: &str, secret: &str) {
        self.outbox.target = Some((url.to_owned(), secret.to_owned()));
    }

    /// Loses the next `count` deliveries for good.
    pub fn lose_deliveries(&mut self, count: u32) {
        self.outbox.lose += count;
    }

    /// Sends every delivery twice under the same identifier.
    pub fn repeat_deliveries(&mut self, twice: bool) {
        self.outbox.twice = twice;
    }

    /// Time between tries of a delivery; Jira waits five minutes and more.
    pub fn set_retry_wait(&mut self, wait: Duration) {
        self.outbox.retry_wait = wait;
    }

    /// Takes the deliveries that wait, for tests that carry them themselves.
    pub fn take_deliveries(&mut self) -> Vec<Delivery> {
        self.outbox.waiting.drain(..).collect()
    }

    pub(super) fn queue(&mut self, event: Event) {
        let Some((url, secret)) = self.outbox.target.clone() else { return };
        if self.outbox.lose > 0 {
            self.outbox.lose -= 1;
            return;
        }
        self.refresh_fragments();
        let (payload, signs, names) = match &self.dialect {
            Dialect::Cloud => (self.payload(&event), true, true),
            Dialect::Center(center) => {
                (center.reshaped(self.payload(&event)), center.signs_webhooks(), false)
            }
        };
        let body: Bytes = payload.to_string().into();
        let signature = if signs { sign(&secret, &body) } else { String::new() };
        self.outbox.count += u64::from(names);
        let identifier =
            if names { format!("simulated-{:08}", self.outbox.count) } else { String::new() };
        let bulk = matches!(event, Event::Updated { bulk: true, .. });
        let delivery = Delivery {
            identifier,
            url,
            body,
            signature,
            flow: if bulk { "Secondary" } else { "Primary" },
            retries: 0,
        };
        if self.outbox.twice {
            self.outbox.waiting.push_back(delivery.clone());
        }
        self.outbox.waiting.push_back(delivery);
        self.outbox.ready.notify_one();
    }

    fn payload(&self, event: &Event) -> Value {
        let timestamp = self.clock.now().millis();
        let issue_event = |name: &str, issue: &IssueRecord| {
            json!({
                "timestamp": timestamp, "webhookEvent": name,
                "user": self.actor(issue.id), "issue": self.whole(issue),
            })
        };
        match event {
            Event::Created { issue } => {
                let mut payload = issue_event("jira:issue_created", issue);
                payload["issue_event_type_name"] = json!("issue_created");
                payload
            }
            Event::Updated { issue, history, .. } => {
                let mut payload = issue_event("jira:issue_updated", issue);
                payload["issue_event_type_name"] = json!("issue_generic");
                let mut items = Vec::new();
                self.renderer().items(&history.items, &mut items);
                let items: Value = serde_json::from_slice(&items).expect("items are JSON");
                payload["changelog"] = json!({"id": history.id.to_string(), "items": items});
                payload
            }
            Event::Deleted { issue } => issue_event("jira:issue_deleted", issue),
            Event::Link { id, kind, source, target, created } => {
                let link_type = self.catalogue.link_types.get(kind);
                json!({
                    "timestamp": timestamp,
                    "webhookEvent": if *created { "issuelink_created" } else { "issuelink_deleted" },
                    "issueLink": {
                        "id": id, "sourceIssueId": source, "destinationIssueId": target,
                        "issueLinkType": {
                            "id": kind,
                            "name": link_type.map(|t| &t.name),
                            "outwardName": link_type.map(|t| &t.outward),
                            "inwardName": link_type.map(|t| &t.inward),
                            "isSubTaskLinkType": false, "isSystemLinkType": false,
                        },
                        "systemLink": false,
                    },
                })
            }
            Event::Project { id, name } => {
                let project = self.catalogue.projects.get(id);
                json!({
                    "timestamp": timestamp, "webhookEvent": name,
                    "project": {
                        "self": format!("{}/rest/api/2/project/{id}", self.base), "id": id,
                        "key": project.map(|p| &p.key), "name": project.map(|p| &p.name),
                    },
                })
            }
            Event::VersionReleased { id } => {
                let api = format!("{}/rest/api/2", self.base);
                let version = self.catalogue.versions.get(id);
                json!({
                    "timestamp": timestamp, "webhookEvent": "jira:version_released",
                    "version": version.map(|version| fragments::version(&api, version)),
                })
            }
        }
    }

    fn actor(&self, nth: u64) -> Value {
        let card = self.renderer().fragments.in_role("webhook-user", nth);
        serde_json::from_str(&card).expect("a card is JSON")
    }

    /// The issue with all of its fields, as webhooks carry it.
    fn whole(&self, issue: &IssueRecord) -> Value {
        let mut out = Vec::new();
        self.renderer().issue(issue, &FieldSet::all(), None, &mut out);
        let mut whole: Value = serde_json::from_slice(&out).expect("an issue is JSON");
        if let Some(whole) = whole.as_object_mut() {
            whole.remove("expand");
        }
        whole["self"] = json!(format!("{}/rest/api/2/issue/{}", self.base, issue.id));
        whole
    }
}

/// `sha256=` and the lower-case hex HMAC of the raw body.
fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Sends what waits, now and whenever something is queued. Ends only with its task.
pub(super) async fn deliver(site: SharedSite, transport: Transport) {
    let ready = Arc::clone(&lock(&site).outbox.ready);
    let clock = transport.clock().clone();
    loop {
        let next = lock(&site).outbox.next(clock.now());
        let mut delivery = match next {
            Ok(delivery) => delivery,
            Err(None) => {
                ready.notified().await;
                continue;
            }
            Err(Some(wait)) => {
                tokio::select! {
                    biased;
                    () = ready.notified() => {}
                    () = clock.sleep(wait) => {}
                }
                continue;
            }
        };
        let tried_once = delivery.identifier.is_empty();
        if !send(&transport, &delivery).await && !tried_once && delivery.retries < RETRIES {
            delivery.retries += 1;
            lock(&site).outbox.postpone(delivery, clock.now());
        }
    }
}

/// Whether the delivery is over: accepted, or refused for good.
async fn send(transport: &Transport, delivery: &Delivery) -> bool {
    let mut request = http::Request::post(&delivery.url)
        .header("content-type", "application/json; charset=UTF-8");
    if !delivery.signature.is_empty() {
        request = request.header("x-hub-signature", &delivery.signature);
    }
    if !delivery.identifier.is_empty() {
        request = request
            .header("x-atlassian-webhook-identifier", &delivery.identifier)
            .header("x-atlassian-webhook-flow", delivery.flow);
    }
    if delivery.retries > 0 {
        request = request.header("x-atlassian-webhook-retry", delivery.retries);
    }
    let request: Request = match request.body(delivery.body.clone()) {
        Ok(request) => request,
        // An address that is not one: there is nothing to try again.
        Err(_) => return true,
    };
    match transport.ask(request, |_| Pace::Proceed).await {
        Ok(answer) => !matches!(answer.status().as_u16(), 408 | 409 | 425 | 429 | 500..=599),
        Err(_) => false,
    }
}
