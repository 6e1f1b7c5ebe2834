//! The daemon over a store of a million items, from its start to the first report.

use std::path::Path;
use std::time::{Duration, Instant};

use streamgauge::clock::{Clock, SystemClock};

use crate::support::process::{Folder, client, get};
use crate::support::settings::with_jira;
use crate::table::Table;

/// The portfolio speaks of both trackers.
const GITHUB: &str = r#"
[[connection]]
id = "github"
kind = "github"
url = "http://127.0.0.1:9"
scopes = ["northwind/*"]
auth = { token = { env = "TEST_GITHUB_TOKEN" } }
"#;

/// Starts the daemon and asks it.
pub fn measure(folder: &Path, table: &mut Table) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(start(folder, table));
}

/// The real program; its tracker does not answer, so that nothing else is measured.
async fn start(folder: &Path, table: &mut Table) {
    let portfolio = std::fs::read_to_string(folder.join("portfolio.toml")).unwrap();
    let store = format!("sqlite:{}", folder.join("streamgauge.db").display());
    let settings = with_jira(&store, "http://127.0.0.1:9", &["PAY".to_owned()]) + GITHUB;
    let secrets = ["TEST_JIRA_TOKEN", "TEST_GITHUB_TOKEN", "TEST_WEBHOOK_SECRET"];
    let secrets = secrets.map(|name| (name, "x".repeat(40)));
    let dir = tempfile::tempdir().unwrap();
    let installed = Folder::of(dir, &settings, &portfolio, secrets.to_vec());
    let began = Instant::now();
    let mut daemon = installed.serve().await;
    let client = client();
    let answered = async |path: &str, patience: Duration| {
        let url = daemon.at(path);
        while get(&client, &url).await.is_none_or(|(status, _)| status != 200) {
            assert!(began.elapsed() < patience, "{path} within {patience:?}");
            SystemClock.sleep(Duration::from_millis(5)).await;
        }
        began.elapsed().as_secs_f64()
    };
    let ready = answered("/readyz", Duration::from_secs(60)).await;
    let report = answered("/api/v1/report", Duration::from_secs(300)).await;
    table.bound("start to ready: time", ready, 2, "s", 3.0);
    table.bound("start to the first report: time", report, 2, "s", 3.0);
    daemon.kill();
}
