//! The daemon on a store, and the trackers that it reads.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage, WEBHOOK_SECRET};
use streamgauge::sim::jira;
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::drive::{self, Client, cpu_seconds, delivery, memory_kb};
use crate::support::process::{Daemon, Folder, Ways, eventually};

/// When each issue was last read by its id.
type Reads = Arc<Mutex<BTreeMap<String, Instant>>>;

pub struct House {
    pub address: SocketAddr,
    pub jira: jira::SharedSite,
    /// Ids and keys of the issues, and a signed delivery about each.
    pub issues: Vec<(u64, String, Arc<[u8]>)>,
    pub reads: Reads,
    pub daemon: Daemon,
    url: String,
    began: (Instant, f64),
    _folder: Folder,
    _stage: Stage,
}

impl House {
    /// The demo's organisation, synced into an empty store, and the daemon after its first pass.
    pub async fn furnish(url: &str) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let story = story::generate(1, clock.now(), Size::Demo);
        let portfolio = story.portfolio_toml.clone();
        let stage = Stage::start(Source::from(story), &clock, &Spawner::tokio()).await.unwrap();
        let site = stage.jira.as_ref().unwrap().site.clone();
        let reads = Reads::default();
        let gate = noting(site.clone(), Arc::clone(&reads)).await;
        let github = stage.github.as_ref().unwrap().running.url.clone();
        let ways = Ways { jira: gate, github, store: url.to_owned() };
        let folder = Folder::by(&stage, ways, &portfolio);
        let sync = folder.run(&["sync"]).await;
        assert!(matches!(sync.code, Some(0 | 3)), "{}\n{}", sync.out, sync.err);
        let issues = jira::lock(&site)
            .dump()
            .into_iter()
            .map(|(id, truth)| (id, truth.key, delivery("jira", WEBHOOK_SECRET, &id.to_string())))
            .collect();
        let daemon = folder.serve().await;
        let address = daemon.address.parse().unwrap();
        let began = (Instant::now(), 0.0);
        let (jira, url) = (site, url.to_owned());
        let house = Self {
            address,
            jira,
            issues,
            reads,
            daemon,
            url,
            began,
            _folder: folder,
            _stage: stage,
        };
        let first = r#"streamgauge_passes_total{connection="jira",outcome="complete"} 1"#;
        eventually(async || house.metrics().await.contains(first), "a complete pass").await;
        house
    }

    pub async fn store(&self) -> Store {
        Store::open_read_only(&self.url, Arc::new(SystemClock)).await.unwrap()
    }

    pub async fn items(&self) -> u64 {
        self.store().await.counts().await.unwrap().items
    }

    pub async fn metrics(&self) -> String {
        let mut client = Client::new(self.address, 1);
        let answer = client.ask(&drive::get("/metrics")).await;
        answer.map(|(_, body)| String::from_utf8_lossy(body).into_owned()).unwrap_or_default()
    }

    /// How many hints wait.
    pub async fn hints(&self) -> u64 {
        self.store().await.counts().await.unwrap().hints
    }

    /// From now on the daemon's CPU time is counted.
    pub fn watch(&mut self) {
        self.began = (Instant::now(), cpu_seconds(self.daemon.pid()).unwrap_or(0.0));
    }

    /// What the daemon took since then, in processors, and what it holds, in MB.
    pub fn watched(&self) -> String {
        let (pid, (began, before)) = (self.daemon.pid(), self.began);
        let used = cpu_seconds(pid).unwrap_or(0.0) - before;
        let memory = memory_kb(pid, "VmRSS").unwrap_or(0) as f64 * 1_024.0 / 1e6;
        format!("{:.2}, {memory:.0} MB", used / began.elapsed().as_secs_f64())
    }
}

/// Stands before Jira and notes which issues are read.
async fn noting(site: jira::SharedSite, reads: Reads) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(note).with_state((site, reads));
    Spawner::tokio().spawn("noting", async move {
        axum::serve(listener, app).await.unwrap();
    });
    url
}

async fn note(
    State((site, reads)): State<(jira::SharedSite, Reads)>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 8 << 20).await.unwrap_or_default();
    if head.uri.path().ends_with("/issue/bulkfetch") {
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let ids = asked["issueIdsOrKeys"].as_array().cloned().unwrap_or_default();
        let mut reads = reads.lock().unwrap();
        for id in ids.iter().filter_map(Value::as_str) {
            reads.insert(id.to_owned(), Instant::now());
        }
    }
    let reply = jira::lock(&site).answer(&http::Request::from_parts(head, body));
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}
