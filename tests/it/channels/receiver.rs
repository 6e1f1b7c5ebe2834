//! A server that takes what is posted to it, or refuses as it was told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use streamgauge::spawn::Spawner;
use tokio::net::TcpListener;

/// One request.
#[derive(Debug, Clone)]
pub struct Posted {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Posted {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// How one request is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    With(u16, &'static str),
    /// Come back after so many seconds.
    Later(u64),
    /// The request is taken, and nothing is ever said.
    Silence,
}

#[derive(Clone, Default)]
pub struct Receiver(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    posted: Vec<Posted>,
    answers: VecDeque<Answer>,
}

impl Receiver {
    /// Serves, and returns the address to post to.
    pub async fn serve() -> (Self, String) {
        let receiver = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(take).with_state(receiver.clone());
        Spawner::tokio().spawn("receiver", async move {
            axum::serve(listener, router).await.unwrap();
        });
        (receiver, format!("http://{address}"))
    }

    /// The next requests are answered so; those after them with 200.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.0.lock().unwrap().posted.clone()
    }
}

async fn take(
    State(receiver): State<Receiver>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = {
        let mut inner = receiver.0.lock().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        inner.posted.push(Posted { path: uri.path().to_owned(), headers, body });
        inner.answers.pop_front()
    };
    match answer {
        None => (StatusCode::OK, "ok").into_response(),
        Some(Answer::With(status, text)) => {
            (StatusCode::from_u16(status).unwrap(), text).into_response()
        }
        Some(Answer::Later(seconds)) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response()
        }
        Some(Answer::Silence) => std::future::pending().await,
    }
}
