//! The webhooks that administrators make: one address and form on Cloud and on Data Center before
//! 10, another on Data Center 10 and later.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Request};
use serde_json::{Value, json};

use super::access::USER;
use super::center::Dialect;
use super::reply::{Refusal, Reply};
use super::site::Site;

/// The token of an administrator: for webhooks, and for nothing else.
pub const ADMIN_TOKEN: &str = "simulated-administrators-token";

/// Webhooks by id, as they were sent, and with what answers add.
#[derive(Debug, Clone, Default)]
pub struct Admin {
    hooks: BTreeMap<u64, Value>,
    last: u64,
}

impl Admin {
    /// The webhooks as they were sent, secrets included.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Value> {
        self.hooks.values().cloned().collect()
    }
}

impl Site {
    /// Answers what is about webhooks; `None` for every other path.
    pub(super) fn answer_admin(&mut self, request: &Request<Bytes>) -> Option<Reply> {
        let path = request.uri().path().strip_prefix(self.dialect.context())?;
        let new = "/rest/jira-webhook/1.0/webhooks";
        let (form, rest) = match path.strip_prefix(new) {
            Some(rest) => (true, rest),
            None => (false, path.strip_prefix("/rest/webhooks/1.0/webhook")?),
        };
        let has_new = matches!(&self.dialect, Dialect::Center(center) if center.signs_webhooks());
        if form != has_new {
            return Some(Err(Refusal::new(404, "null for uri")).into());
        }
        let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let wanted = match self.dialect {
            Dialect::Cloud => {
                format!("Basic {}", STANDARD.encode(format!("{USER}:{ADMIN_TOKEN}")))
            }
            Dialect::Center(_) => format!("Bearer {ADMIN_TOKEN}"),
        };
        if given != Some(&wanted) {
            let status = if given.is_some() { 403 } else { 401 };
            return Some(Err(Refusal::usual(status)).into());
        }
        let id = rest.strip_prefix('/').and_then(|id| id.parse::<u64>().ok());
        Some(self.webhooks_of(request, form, id))
    }

    fn webhooks_of(&mut self, request: &Request<Bytes>, form: bool, id: Option<u64>) -> Reply {
        let shown = |id: u64, hook: &Value| self.shown(form, id, hook);
        let body: Option<Value> = serde_json::from_slice(request.body()).ok();
        match (request.method(), id, body) {
            (&Method::GET, None, _) => {
                let all: Vec<Value> =
                    self.admin.hooks.iter().map(|(id, hook)| shown(*id, hook)).collect();
                Reply::json(200, Value::Array(all).to_string().into_bytes())
            }
            (&Method::POST, None, Some(hook)) if hook["url"].is_string() => {
                let id = self.admin.last + 1;
                let answer = shown(id, &hook).to_string();
                self.admin.last = id;
                self.admin.hooks.insert(id, hook);
                Reply::json(201, answer.into_bytes())
            }
            (&Method::PUT, Some(id), Some(hook)) if self.admin.hooks.contains_key(&id) => {
                let answer = shown(id, &hook).to_string();
                self.admin.hooks.insert(id, hook);
                Reply::json(200, answer.into_bytes())
            }
            (&Method::DELETE, Some(id), _) if self.admin.hooks.remove(&id).is_some() => {
                Reply::json(204, Vec::new())
            }
            (&Method::POST | &Method::PUT, _, _) => Err(Refusal::bad_body()).into(),
            _ => Err(Refusal::usual(404)).into(),
        }
    }

    /// As answers show it: the secret only by the fact that there is one.
    fn shown(&self, form: bool, id: u64, hook: &Value) -> Value {
        let mut hook = hook.clone();
        if form {
            hook["id"] = json!(id);
            if hook["configuration"]["SECRET"].is_string() {
                hook["configuration"]["SECRET"] = json!("********");
            }
            return hook;
        }
        let signed = hook["secret"].is_string();
        if let Some(hook) = hook.as_object_mut() {
            hook.remove("secret");
        }
        let base = format!("{}{}", self.base, self.dialect.context());
        hook["self"] = json!(format!("{base}/rest/webhooks/1.0/webhook/{id}"));
        hook["enabled"] = json!(true);
        hook["isSigned"] = json!(signed && self.dialect == Dialect::Cloud);
        hook
    }
}
