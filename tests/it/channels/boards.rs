//! GitHub's issues and discussions and Slack's channels, as far as a digest meets them: what was
//! posted can be read again.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use streamgauge::spawn::Spawner;
use tokio::net::TcpListener;

pub const TOKEN: &str = "the-token-of-the-channel";

#[derive(Clone, Default)]
pub struct Boards(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// Issues, discussions and messages in the order in which they were posted.
    posted: Vec<Value>,
    /// The next post is taken, and nothing is said.
    silent: bool,
}

impl Boards {
    /// Serves, and returns the address of the API.
    pub async fn serve() -> (Self, String) {
        let boards = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/repos/{owner}/{name}/issues", get(issues).post(new_issue))
            .route("/graphql", post(graphql))
            .route("/conversations.history", get(history))
            .route("/chat.postMessage", post(new_message))
            .with_state(boards.clone());
        Spawner::tokio().spawn("boards", async move {
            axum::serve(listener, router).await.unwrap();
        });
        (boards, format!("http://{address}"))
    }

    pub fn be_silent_once(&self) {
        self.0.lock().unwrap().silent = true;
    }

    pub fn posted(&self) -> Vec<Value> {
        self.0.lock().unwrap().posted.clone()
    }

    async fn take(&self, one: Value, answer: Response) -> Response {
        let silent = {
            let mut inner = self.0.lock().unwrap();
            inner.posted.push(one);
            std::mem::take(&mut inner.silent)
        };
        if silent {
            return std::future::pending().await;
        }
        answer
    }
}

fn knows(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|value| *value == *format!("Bearer {TOKEN}"))
}

fn answer(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
}

async fn issues(
    State(boards): State<Boards>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !knows(&headers) || (owner.as_str(), name.as_str()) != ("northwind", "digests") {
        return answer(404, &json!({"message": "Not Found"}));
    }
    answer(200, &boards.posted().into_iter().rev().collect())
}

async fn new_issue(State(boards): State<Boards>, headers: HeaderMap, body: String) -> Response {
    if !knows(&headers) {
        return answer(404, &json!({"message": "Not Found"}));
    }
    let issue: Value = serde_json::from_str(&body).unwrap();
    boards.take(issue, answer(201, &json!({"number": 1}))).await
}

async fn graphql(State(boards): State<Boards>, headers: HeaderMap, body: String) -> Response {
    if !knows(&headers) {
        return answer(401, &json!({"message": "Bad credentials"}));
    }
    let asked: Value = serde_json::from_str(&body).unwrap();
    if asked["query"].as_str().unwrap().starts_with("mutation") {
        let input = asked["variables"]["input"].clone();
        let created = json!({"data": {"createDiscussion": {"discussion": {"id": "D_1"}}}});
        return boards.take(input, answer(200, &created)).await;
    }
    answer(
        200,
        &json!({"data": {"repository": {
            "id": "R_1",
            "discussionCategories": {"nodes": [
                {"id": "C_1", "name": "General", "slug": "general"},
                {"id": "C_2", "name": "Digests", "slug": "digests"},
            ]},
            "discussions": {"nodes": boards.posted()},
        }}}),
    )
}

#[derive(Deserialize)]
struct Asked {
    channel: String,
    include_all_metadata: bool,
}

async fn history(
    State(boards): State<Boards>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    if !knows(&headers) {
        return answer(200, &json!({"ok": false, "error": "invalid_auth"}));
    }
    if asked.channel != "C0123456789" {
        return answer(200, &json!({"ok": false, "error": "channel_not_found"}));
    }
    assert!(asked.include_all_metadata);
    answer(200, &json!({"ok": true, "messages": boards.posted()}))
}

async fn new_message(State(boards): State<Boards>, headers: HeaderMap, body: String) -> Response {
    if !knows(&headers) {
        return answer(200, &json!({"ok": false, "error": "invalid_auth"}));
    }
    let message: Value = serde_json::from_str(&body).unwrap();
    boards.take(message, answer(200, &json!({"ok": true, "ts": "1.2"}))).await
}
