//! An installation whose only tracker never answers, so that hints stay where they are.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use streamgauge::clock::SystemClock;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::store::Store;
use tokio::net::TcpListener;

use crate::support::process::{Daemon, Folder};
use crate::support::settings::one_jira;

pub const SECRET: &str = "what signs the deliveries of a burst";
const PORTFOLIO: &str = r#"
name = "Nobody"
timezone = "UTC"
[[stream]]
id = "only"
name = "Only"
[[team]]
id = "one"
name = "One"
stream = "only"
claims = [{ jira = "PAY" }]
"#;

pub struct Desk {
    pub folder: Folder,
    url: String,
    /// It takes connections and no requests.
    _silent: TcpListener,
}

impl Desk {
    /// Over a store of its own, or the one at `url`.
    pub async fn new(url: Option<String>) -> Self {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tracker = format!("http://{}", silent.local_addr().unwrap());
        let dir = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", dir.path().join("streamgauge.db").display());
        let url = url.unwrap_or(file);
        let folder = Folder::of(dir, &one_jira(&url, &tracker), PORTFOLIO, secrets());
        Self { folder, url, _silent: silent }
    }

    /// The issues whose hints are stored.
    pub async fn hinted(&self) -> BTreeSet<String> {
        let store = Store::open_read_only(&self.url, Arc::new(SystemClock)).await.unwrap();
        let connection = ConnectionId("jira".to_owned());
        let hints = store.take_hints(&connection, Timestamp::MAX, 1_000_000).await.unwrap();
        hints.into_iter().map(|hint| hint.source).collect()
    }
}

pub fn secrets() -> Vec<(&'static str, String)> {
    let token = ("TEST_JIRA_TOKEN", "a token that opens nothing".to_owned());
    vec![token, ("TEST_WEBHOOK_SECRET", SECRET.to_owned())]
}

pub fn address(daemon: &Daemon) -> SocketAddr {
    daemon.address.parse().unwrap()
}
