//! A server that gives prepared answers and keeps the questions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::{Value, json};
use streamgauge::clock::ManualClock;
use streamgauge::entropy::Entropy;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::spawn::Spawner;
use streamgauge::trackers::TrackerError;
use streamgauge::trackers::github::{Config, GitHub};
use streamgauge::transport::{Limits, Transport};

/// The instant at which every test begins, for the client and for the server's `Date`.
pub const START: &str = "2026-11-20T12:00:00Z";

/// One prepared answer.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    pub fn text(status: u16, body: &str) -> Self {
        let date = "Fri, 20 Nov 2026 12:00:00 GMT";
        Self { status, headers: vec![("date".into(), date.into())], body: body.to_owned() }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string())
    }

    pub fn data(data: Value) -> Self {
        Self::json(200, &json!({ "data": data }))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A question as it arrived.
#[derive(Debug, Clone)]
pub struct Question {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Question {
    pub fn variable(&self, name: &str) -> &Value {
        &self.body["variables"][name]
    }
}

#[derive(Default)]
struct Prepared {
    replies: Mutex<VecDeque<Reply>>,
    questions: Mutex<Vec<Question>>,
}

/// A GitHub connection to a prepared server.
pub struct World {
    pub github: GitHub,
    pub clock: Arc<ManualClock>,
    prepared: Arc<Prepared>,
}

impl World {
    pub fn questions(&self) -> Vec<Question> {
        self.prepared.questions.lock().unwrap().clone()
    }

    /// A connection to a port where nobody listens any more.
    pub async fn without_server() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::at(&format!("http://{}", listener.local_addr().unwrap()), Arc::default())
    }

    /// A connection with these settings; nothing is asked yet.
    pub fn with(api: &str, repository: &str, token: &str) -> Result<GitHub, TrackerError> {
        let clock = ManualClock::at(Timestamp::parse(START).unwrap());
        Self::connect(api, &[repository], token, clock)
    }

    fn at(api: &str, prepared: Arc<Prepared>) -> Self {
        let clock = ManualClock::at(Timestamp::parse(START).unwrap());
        let repositories = ["octo-org/hello-world", "octo-org/api"];
        let github = Self::connect(api, &repositories, "github_pat_x", clock.clone()).unwrap();
        World { github, clock, prepared }
    }

    fn connect(
        api: &str,
        repositories: &[&str],
        token: &str,
        clock: Arc<ManualClock>,
    ) -> Result<GitHub, TrackerError> {
        let limits = Limits { body: 200_000, ..Limits::default() };
        let transport = Transport::over_network(limits, clock, Entropy::from_seed(7)).unwrap();
        let repositories = repositories.iter().map(|name| (*name).to_owned()).collect();
        let token = SecretString::from(token);
        let usual = Config::new(ConnectionId("gh".into()), repositories, token);
        GitHub::new(Config { api: api.to_owned(), titles: false, ..usual }, transport)
    }

    /// Prepared answers that nobody asked for.
    pub fn left(&self) -> usize {
        self.prepared.replies.lock().unwrap().len()
    }

    /// How far the client's clock has moved, in seconds.
    pub fn waited(&self) -> i64 {
        use streamgauge::clock::Clock;
        (self.clock.now().millis() - Timestamp::parse(START).unwrap().millis()) / 1000
    }
}

pub async fn world(replies: impl IntoIterator<Item = Reply>) -> World {
    let prepared = Arc::new(Prepared::default());
    *prepared.replies.lock().unwrap() = replies.into_iter().collect();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(answer).with_state(prepared.clone());
    Spawner::tokio().spawn("server", async move { axum::serve(listener, app).await.unwrap() });
    World::at(&api, prepared)
}

async fn answer(
    State(prepared): State<Arc<Prepared>>,
    uri: http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let question = Question { path: uri.path().to_owned(), headers, body };
    prepared.questions.lock().unwrap().push(question);
    let reply = prepared.replies.lock().unwrap().pop_front();
    let reply = reply.unwrap_or_else(|| Reply::text(418, "nothing prepared"));
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(reply.body.into()).unwrap()
}
