//! A server on loopback that answers as each test tells it to, and remembers what was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, DATE};
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};
use streamgauge::clock::ManualClock;
use streamgauge::entropy::Entropy;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::spawn::Spawner;
use streamgauge::trackers::jira::{Config, Jira, connect};
use streamgauge::transport::{Limits, Transport};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    pub authorization: Option<String>,
    /// Null when the request had no body.
    pub body: Value,
}

/// What the server says.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(body: &Value) -> Self {
        Self::text(200, body.to_string())
    }

    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub fn error(status: u16, message: &str) -> Self {
        Self::text(status, json!({"errorMessages": [message], "errors": {}}).to_string())
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The server's clock at the start of every test.
pub const NOW: &str = "2026-03-02T09:00:00Z";

/// The tracker under test, the server behind it, and the clock that both go by.
pub struct Fake {
    pub jira: Jira,
    pub clock: Arc<ManualClock>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Starts a server that answers with `script`.
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_scopes(&["PAY", "BOOK"], script).await
    }

    pub async fn with_scopes(
        scopes: &[&str],
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let clock = ManualClock::at(Timestamp::parse(NOW).unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let script = Arc::new(script);
        let (log, time) = (Arc::clone(&asked), Arc::clone(&clock));
        let router = Router::new().fallback(move |request: Request| {
            let (log, time, script) = (Arc::clone(&log), Arc::clone(&time), Arc::clone(&script));
            async move {
                let asked = read(request).await;
                log.lock().unwrap().push(asked.clone());
                answer(script(&asked), &time)
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = format!("http://{}", listener.local_addr().unwrap());
        Spawner::tokio().spawn("fake", async move {
            axum::serve(listener, router).await.unwrap();
        });
        let config = Config {
            connection: ConnectionId("jira".to_owned()),
            gateway: format!("{site}/gateway"),
            site,
            scopes: scopes.iter().map(ToString::to_string).collect(),
            user: "gauge@example.com".to_owned().into(),
            token: "s3cr3t-t0ken".to_owned().into(),
            webhook_secrets: vec!["shhh".to_owned().into()],
            titles: false,
            blocking: Config::blocking(),
        };
        let shared: Arc<ManualClock> = Arc::clone(&clock);
        let transport =
            Transport::over_network(Limits::default(), shared, Entropy::from_seed(1)).unwrap();
        Self { jira: connect(config, transport), clock, asked }
    }

    /// Paths asked so far, in order.
    pub fn paths(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.path.clone()).collect()
    }

    /// Everything asked of `path`.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.path == path).cloned().collect()
    }
}

async fn read(request: Request) -> Asked {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let authorization = parts.headers.get(AUTHORIZATION);
    Asked {
        path: parts.uri.path().to_owned(),
        authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    }
}

fn answer(reply: Reply, clock: &ManualClock) -> Response<String> {
    use streamgauge::clock::Clock;

    let mut response = Response::new(reply.body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    let now = clock.now().to_utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    response.headers_mut().insert(DATE, now.parse().unwrap());
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// The lookups that every read needs first.
pub fn lookups(path: &str) -> Option<Reply> {
    let checkboxes = "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes";
    let field = |id: &str, name: &str, custom: &str| {
        json!({"id": id, "name": name, "custom": true,
        "schema": {"type": "any", "custom": custom}})
    };
    Some(match path {
        "/rest/api/3/field" => Reply::json(&json!([
            {"id": "summary", "name": "Summary", "schema": {"type": "string", "system": "summary"}},
            field("customfield_10001", "Team", "com.atlassian.teams:rm-teams-custom-field-team"),
            field("customfield_10014", "Epic Link", "com.pyxis.greenhopper.jira:gh-epic-link"),
            field("customfield_10021", "Flagged", checkboxes),
            field("customfield_10030", "Colours", checkboxes),
        ])),
        "/rest/api/3/issueLinkType" => Reply::json(&json!({"issueLinkTypes": [
            {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
            {"id": "10001", "name": "Cloners", "inward": "is cloned by", "outward": "clones"},
            {"id": "10002", "name": "Duplicate", "inward": "is duplicated by",
             "outward": "duplicates"},
        ]})),
        "/rest/api/3/myself" => Reply::json(&json!({"timeZone": "Etc/UTC"})),
        _ => return None,
    })
}

/// A row of the bulk answers: an issue in `status` that was created an hour before [`NOW`].
pub fn issue(id: u64, status: &str) -> Value {
    json!({"id": id.to_string(), "key": format!("PAY-{id}"), "fields": {
        "project": {"id": "1", "key": "PAY"},
        "issuetype": {"id": "10001", "name": "Story", "subtask": false, "hierarchyLevel": 0},
        "status": {"id": status, "name": format!("Status {status}")},
        "created": "2026-03-02T08:00:00.000+0000", "updated": "2026-03-02T08:30:00.000+0000",
    }})
}
