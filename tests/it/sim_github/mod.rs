//! The simulated github.com: what it answers has the shape of the real thing, what it refuses is
//! refused, and pages stay true while issues change under them.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod answers;
mod graphql;
mod refusals;
mod rest;
mod site;
mod town;
mod webhooks;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use streamgauge::clock::ManualClock;
use streamgauge::entropy::Entropy;
use streamgauge::model::Timestamp;
use streamgauge::sim::github::records::Record;
use streamgauge::sim::github::{Running, Site, serve};
use streamgauge::spawn::Spawner;
use streamgauge::transport::{Limits, Pace, Response, Transport};
use tokio::net::TcpListener;

/// A served site, its clock, and a client.
pub struct Desk {
    pub site: Site,
    pub clock: Arc<ManualClock>,
    pub running: Running,
    pub transport: Transport,
}

impl Desk {
    pub async fn open(records: Vec<Record>) -> Self {
        let clock = ManualClock::at(at("2026-11-20T12:00:00Z"));
        let site = Site::new(records, clock.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(&site, listener, clock.clone(), &Spawner::tokio()).unwrap();
        let limits = Limits { backoff: Vec::new(), ..Limits::default() };
        let entropy = Entropy::from_seed(1);
        let transport = Transport::over_network(limits, clock.clone(), entropy).unwrap();
        Self { site, clock, running, transport }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = http::Request::get(format!("{}{path}", self.running.url))
            .header("authorization", "Bearer token");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        self.transport.ask(request, |_| Pace::Proceed).await.unwrap()
    }

    pub async fn post_graphql(&self, query: &str, variables: Value) -> Response {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = http::Request::post(format!("{}/graphql", self.running.url))
            .header("authorization", "Bearer token")
            .body(Bytes::from(body))
            .unwrap();
        self.transport.ask(request, |_| Pace::Proceed).await.unwrap()
    }

    /// The whole answer to a query, which must come with status 200.
    pub async fn graphql(&self, query: &str, variables: Value) -> Value {
        let response = self.post_graphql(query, variables).await;
        assert_eq!(response.status(), 200);
        body(&response)
    }
}

pub fn body(response: &Response) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}
