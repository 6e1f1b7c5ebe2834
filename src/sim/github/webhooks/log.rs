//! The log of deliveries that GitHub keeps for three days, and the webhooks that are registered.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::model::Timestamp;

use super::super::site::Site;
use super::Delivery;

/// GitHub forgets a delivery after three days.
const KEPT_MS: i64 = 3 * 24 * 3_600_000;

/// What the tokens of the site may do with webhooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HookRights {
    /// They are not shown: 404.
    #[default]
    Hidden,
    /// The token is told that it may not: 403.
    Forbidden,
    /// They may be read and changed.
    Admin,
}

/// A delivery that was tried.
#[derive(Debug, Clone)]
pub struct Tried {
    pub id: u64,
    pub at: Timestamp,
    /// 0 when nobody answered.
    pub status: u16,
    pub delivery: Delivery,
    /// Repository and owner of what it tells, as far as it names them.
    pub repository: Option<u64>,
    pub owner: String,
    action: Value,
    installation: Value,
}

/// A webhook of a repository or an organisation.
#[derive(Debug, Clone)]
pub struct Registered {
    pub id: u64,
    /// `repos/owner/name` or `orgs/owner`, in lower case.
    pub place: String,
    pub url: String,
    pub secret: Option<String>,
    pub content_type: String,
    pub events: Vec<String>,
    pub active: bool,
}

/// Everything about webhooks but what waits.
#[derive(Debug, Default)]
pub struct Desk {
    pub rights: HookRights,
    pub tried: VecDeque<Tried>,
    pub registered: BTreeMap<u64, Registered>,
    /// Where the App's own webhook goes, and its secret.
    pub of_app: (String, Option<String>),
    numbered: u64,
}

impl Desk {
    pub fn number(&mut self) -> u64 {
        self.numbered += 1;
        7_000_000 + self.numbered
    }

    /// Writes down how a delivery went.
    pub fn log(&mut self, delivery: Delivery, status: u16, at: Timestamp) {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
        let owner = body.pointer("/repository/owner/login").or(body.pointer("/organization/login"));
        let tried = Tried {
            id: self.number(),
            at,
            status,
            repository: body.pointer("/repository/id").and_then(Value::as_u64),
            owner: owner.and_then(Value::as_str).unwrap_or_default().to_owned(),
            action: body["action"].clone(),
            installation: body.pointer("/installation/id").cloned().unwrap_or_default(),
            delivery,
        };
        self.tried.push_back(tried);
        while self.tried.front().is_some_and(|old| old.at < at.plus_millis(-KEPT_MS)) {
            self.tried.pop_front();
        }
    }
}

impl Tried {
    /// Whether GitHub still has it.
    pub fn is_kept(&self, now: Timestamp) -> bool {
        self.at >= now.plus_millis(-KEPT_MS)
    }

    pub fn succeeded(&self) -> bool {
        (200..400).contains(&self.status)
    }

    /// As a list shows it.
    pub fn row(&self) -> Value {
        let status = match self.status {
            0 => "failed to connect to host".to_owned(),
            200..400 => "OK".to_owned(),
            other => format!("Invalid HTTP Response: {other}"),
        };
        json!({
            "id": self.id, "guid": self.delivery.guid, "delivered_at": self.at.to_string(),
            "redelivery": false, "duration": 0.03, "status": status, "status_code": self.status,
            "event": self.delivery.event, "action": self.action,
            "installation_id": self.installation, "repository_id": self.repository,
            "throttled_at": null,
        })
    }

    /// With what was sent and what came back.
    pub fn whole(&self, url: &str) -> Value {
        let payload: Value = serde_json::from_slice(&self.delivery.body).unwrap_or_default();
        let mut row = self.row();
        row["url"] = json!(url);
        row["request"] = json!({
            "headers": {"X-GitHub-Event": self.delivery.event, "X-GitHub-Delivery": self.delivery.guid},
            "payload": payload,
        });
        row["response"] = json!({"headers": {}, "payload": ""});
        row
    }
}

impl Registered {
    pub fn json(&self) -> Value {
        json!({
            "type": if self.place.starts_with("orgs") { "Organization" } else { "Repository" },
            "id": self.id, "name": "web", "active": self.active, "events": self.events,
            "config": {
                "url": self.url, "content_type": self.content_type, "insecure_ssl": "0",
                "secret": self.secret.as_ref().map(|_| "********"),
            },
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "last_response": {"code": null, "status": "unused", "message": null},
        })
    }
}

impl Site {
    /// What tokens may do with webhooks from now on; an App may always read its own deliveries.
    pub fn set_hook_rights(&self, rights: HookRights) {
        self.state().world.desk.rights = rights;
    }

    /// Everything that waits fails with this status, 0 where nobody answered; returns how many.
    pub fn fail_deliveries(&self, status: u16) -> usize {
        let now = self.now();
        let waiting = self.take_deliveries();
        let desk = &mut self.state().world.desk;
        let count = waiting.len();
        waiting.into_iter().for_each(|delivery| desk.log(delivery, status, now));
        count
    }

    /// Registers a webhook as its owner does by hand; `place` is `repos/OWNER/NAME` or
    /// `orgs/OWNER`.
    pub fn register_webhook(&self, place: &str, url: &str) -> u64 {
        let desk = &mut self.state().world.desk;
        let id = desk.number();
        let hook = Registered {
            id,
            place: place.to_ascii_lowercase(),
            url: url.to_owned(),
            secret: Some("hidden".to_owned()),
            content_type: "json".to_owned(),
            events: vec!["issues".to_owned()],
            active: true,
        };
        desk.registered.insert(id, hook);
        id
    }

    /// The webhooks that are registered now.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Registered> {
        self.state().world.desk.registered.values().cloned().collect()
    }

    /// Where the App's webhook goes, and its secret.
    #[must_use]
    pub fn app_webhook(&self) -> (String, Option<String>) {
        self.state().world.desk.of_app.clone()
    }
}
