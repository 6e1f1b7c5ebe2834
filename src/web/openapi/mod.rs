//! `/api/v1/openapi.json`: the API as an OpenAPI 3.1 document.
//!
//! Schemas come from the types that are served, rights from the table of routes; only what an
//! operation is for is written here. `tests/it/web/openapi.rs` asks a daemon everything that the
//! document describes, and holds each answer to its schema.

mod errors;
mod operations;
mod schemas;

use std::sync::{Arc, LazyLock};

use axum::Json;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::access::Role;
use super::routes::{self, Need, Rule};
use operations::{Operation, operations};
use schemas::Schemas;

static DOCUMENT: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(document()));

/// Written where it lies.
pub(super) struct Shared(Arc<Value>);

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

pub(super) async fn page() -> Json<Shared> {
    Json(Shared(Arc::clone(&DOCUMENT)))
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let examples: Value = serde_json::from_str(include_str!("examples.json")).unwrap_or_default();
    let rules = routes::rules();
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for one in operations() {
        let Some(rule) = rules.iter().find(|rule| rule.path == one.path) else { continue };
        let described = describe(&one, rule, &mut schemas, &examples[one.id]);
        // A key may hold slashes, which OpenAPI has no word for.
        let path = one.path.replace("{*", "{");
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[one.method] = described;
    }
    json!({
        "openapi": "3.1.1",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Streamgauge",
            "version": "1",
            "summary": "How work flows through value streams, from Jira and GitHub.",
            "description": INFO,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The daemon that serves this document." }],
        "tags": [
            { "name": "signals", "description": "What the data says, now or at any past instant." },
            { "name": "portfolio", "description": "What is declared and recorded." },
            { "name": "operation", "description": "How the daemon does." },
        ],
        "paths": paths,
        "components": {
            "schemas": schemas.take(),
            "responses": errors::responses(),
            "parameters": parameters(),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The secret of a `[[web.token]]` in `streamgauge.toml`.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-streamgauge",
                    "description": "The cookie that `/sign-in` gives a browser. A write needs an `Origin` of our own as well.",
                },
                "proxy": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-streamgauge-proxy",
                    "description": "The header that `[web.proxy]` names, where a reverse proxy has signed people in; it needs this secret.",
                },
            },
        },
    })
}

const INFO: &str = "Every answer is JSON, every error one line of plain text; to a client that accepts `text/html` errors are pages, and a missing credential \
    leads to `/sign-in`. Instants are RFC 3339 in UTC. Names are stable within `/api/v1`; a field \
    that is new may come at any time with a new version of the daemon, and this document describes \
    the daemon that serves it to the last field. Without any `[[web.token]]` and `[web.proxy]` only \
    this machine is served, and needs no credential. Lists are sorted by signal and by name, never \
    by a number.";

fn describe(one: &Operation, rule: &Rule, schemas: &mut Schemas, example: &Value) -> Value {
    let writes = one.takes.is_some();
    let need = if writes { rule.post } else { rule.get };
    let mut answers = Map::new();
    for (status, says, answer) in &one.answers {
        let mut content = json!({ "schema": schemas.answer(*answer) });
        if let Some(example) = example.get("answer") {
            content["example"] = example.clone();
        }
        let told = json!({ "description": says, "content": { "application/json": content } });
        answers.insert(status.to_string(), told);
    }
    for status in errors::of(one, writes) {
        let other = answers.insert(status.to_string(), errors::reference(status));
        if let Some(other) = other {
            // The status says what can be said without a database, as JSON.
            let mut told = errors::response(status);
            told["content"]["application/json"] = other["content"]["application/json"].clone();
            if let Some(content) = told["content"]["application/json"].as_object_mut() {
                content.remove("example");
            }
            answers.insert(status.to_string(), told);
        }
    }
    let mut described = json!({
        "operationId": one.id,
        "tags": [one.tag],
        "summary": one.summary,
        "description": one.says,
        "responses": answers,
        "security": security(need.unwrap_or(Need::Credential)),
    });
    let mut given = Vec::new();
    if one.path.contains("{*key}") {
        given.push(json!({ "$ref": "#/components/parameters/key" }));
    }
    if one.dated {
        given.push(json!({ "$ref": "#/components/parameters/as_of" }));
        given.push(json!({ "$ref": "#/components/parameters/known" }));
    }
    if !given.is_empty() {
        described["parameters"] = Value::Array(given);
    }
    if let Some(takes) = one.takes {
        let mut content = json!({ "schema": schemas.question(takes) });
        if let Some(example) = example.get("question") {
            content["example"] = example.clone();
        }
        described["requestBody"] =
            json!({ "required": true, "content": { "application/json": content } });
    }
    described
}

/// Any one of the schemes, held by one of these roles.
fn security(need: Need) -> Value {
    let team = Role::Team(String::new());
    let all = [(Role::Viewer, "viewer"), (Role::Portfolio, "portfolio"), (team, "team")];
    let roles: Vec<&str> =
        all.iter().filter(|(role, _)| need.lets(role)).map(|(_, name)| *name).collect();
    // A proxy cannot tell teams apart.
    let of_proxy: Vec<&str> = roles.iter().copied().filter(|role| *role != "team").collect();
    let mut ways = vec![json!({ "bearer": roles }), json!({ "session": roles })];
    if !of_proxy.is_empty() {
        ways.push(json!({ "proxy": of_proxy }));
    }
    Value::Array(ways)
}

fn parameters() -> Value {
    let instant = |name: &str, says: &str| {
        json!({
            "name": name,
            "in": "query",
            "required": false,
            "description": says,
            "schema": { "type": "string", "format": "date-time" },
            "example": "2026-06-15T06:00:00Z",
        })
    };
    json!({
        "as_of": instant("as_of", "The instant of which the answer speaks; now when absent."),
        "known": instant("known", "What was known by then, and nothing that was learned later; everything when absent."),
        "key": {
            "name": "key",
            "in": "path",
            "required": true,
            "description": "The key of an item, or an alias of it: `PAY-12`, `northwind/checkout%2312`. Slashes may stand as they are.",
            "schema": { "type": "string" },
            "example": "PAY-12",
        },
    })
}
