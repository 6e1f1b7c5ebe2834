//! Two Jira sites and two GitHubs in one installation. Both pairs hold issues with the same ids
//! and keys, so that whatever mixes them up is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::sim::github::Hook;
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;
use streamgauge::store::{Store, StoredItem};

use crate::support::gate::Gate;
use crate::support::process::{Folder, client, eventually, get, send};

const OTHER_SECRET: &str = "secret-of-the-other-hooks-0815";
const PORTFOLIO: &str = r#"
name = "Two of each"
vocabulary = "generic"
timezone = "Europe/Berlin"
[[stream]]
id = "here"
name = "Here"
[[stream]]
id = "there"
name = "There"
[[team]]
id = "home"
name = "Home"
stream = "here"
claims = [{ connection = "jira" }, { connection = "github" }]
[[team]]
id = "abroad"
name = "Abroad"
stream = "there"
claims = [{ connection = "jira-eu" }, { connection = "github-eu" }]
"#;

async fn stage(clock: &SharedClock) -> (Stage, Gate) {
    let source = Source::from(story::generate(7, clock.now(), Size::Test));
    let stage = Stage::start(source, clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    (stage, gate)
}

fn others(stage: &Stage, gate: &Gate) -> String {
    let (jira, github) = (stage.jira.as_ref().unwrap(), stage.github.as_ref().unwrap());
    let list = |names: &[String]| serde_json::to_string(names).unwrap();
    format!(
        r#"
[[connection]]
id = "jira-eu"
kind = "jira-cloud"
url = "{}"
gateway = "{}"
scopes = {}
auth = {{ user = "{}", token = {{ env = "TEST_JIRA_TOKEN" }} }}
webhook_secret = {{ env = "TEST_OTHER_SECRET" }}
[[connection]]
id = "github-eu"
kind = "github"
url = "{}"
scopes = {}
auth = {{ token = {{ env = "TEST_GITHUB_TOKEN" }} }}
webhook_secret = {{ env = "TEST_OTHER_SECRET" }}
"#,
        gate.jira,
        gate.jira,
        list(&jira.projects),
        jira.user,
        gate.github,
        list(&github.repositories),
    )
}

async fn items(folder: &Folder) -> Vec<StoredItem> {
    let store = Store::open_read_only(&folder.url(), Arc::new(SystemClock)).await.unwrap();
    store.fold_items(None, Vec::new(), |all, item| all.push(item)).await.unwrap()
}

async fn title(folder: &Folder, connection: &str, source: &str) -> String {
    let all = items(folder).await;
    let own = |item: &&StoredItem| item.id.connection.0 == connection && item.id.source == source;
    all.iter().find(own).unwrap().attributes.title.clone().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_connections_of_each_kind_never_meet() {
    let clock: SharedClock = Arc::new(SystemClock);
    let (first, first_gate) = stage(&clock).await;
    let (second, second_gate) = stage(&clock).await;
    let folder = Folder::new(&first, &first_gate, PORTFOLIO).with(
        &others(&second, &second_gate),
        "TEST_OTHER_SECRET",
        OTHER_SECRET,
    );
    let sync = folder.run(&["sync", "--json"]).await;
    assert!(matches!(sync.code, Some(0 | 3)), "{}\n{}", sync.out, sync.err);
    let lines: Vec<Value> = serde_json::from_str(&sync.out).unwrap();
    let names: Vec<&str> = lines.iter().map(|line| line["connection"].as_str().unwrap()).collect();
    assert_eq!(names, ["github", "github-eu", "jira", "jira-eu"]);
    assert!(lines.iter().all(|line| line["complete"] == true), "{}", sync.out);

    // The same ids and keys on both sides, told apart by connection; each side's team by its rule.
    let all = items(&folder).await;
    let of = |name: &str| -> BTreeSet<String> {
        let own = all.iter().filter(|item| item.id.connection.0 == name);
        own.map(|item| item.id.source.clone()).collect()
    };
    assert!(!of("jira").is_empty() && !of("github").is_empty());
    assert_eq!(of("jira"), of("jira-eu"));
    assert_eq!(of("github"), of("github-eu"));
    let out = folder.path().join("export");
    let export = folder.run(&["export", "--out", &out.display().to_string()]).await;
    assert_eq!(export.code, Some(0), "{}", export.err);
    let mut teams: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut links: BTreeMap<String, usize> = BTreeMap::new();
    for line in std::fs::read_to_string(out.join("items.jsonl")).unwrap().lines() {
        let item: Value = serde_json::from_str(line).unwrap();
        let own = teams.entry(item["connection"].as_str().unwrap().to_owned()).or_default();
        // Containers belong to no team.
        own.extend(item["team"].as_str().map(str::to_owned));
    }
    let team = |name: &str| teams[name].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!((team("jira"), team("github")), (vec!["home"], vec!["home"]));
    assert_eq!((team("jira-eu"), team("github-eu")), (vec!["abroad"], vec!["abroad"]));
    // A link leads to the item of its own connection, never to its namesake.
    for line in std::fs::read_to_string(out.join("links.jsonl")).unwrap().lines() {
        let link: Value = serde_json::from_str(line).unwrap();
        let end = |name: &str| {
            let id = link[name].as_str().unwrap();
            let known = ["jira-eu", "github-eu", "jira", "github"];
            *known.iter().find(|known| id.starts_with(**known)).unwrap()
        };
        assert_eq!(end("blocked"), end("blocker"), "{line}");
        *links.entry(end("blocked").to_owned()).or_default() += 1;
    }
    assert!(links["jira"] > 0 && links["jira"] == links["jira-eu"], "{links:?}");

    let mut daemon = folder.serve().await;
    let there = &second.github.as_ref().unwrap().site;
    let _ = there.take_deliveries();
    let (source, _) = there.dump().into_iter().find(|(_, issue)| !issue.pull).unwrap();
    let number = there
        .edit(|edits| {
            let id = numeric(&source);
            edits.rename(id, "renamed on one side only")?;
            Ok(id)
        })
        .unwrap();
    assert!(number > 0);
    let deliveries = there.take_deliveries();
    let client = client();
    let post = async |path: &str, secret: &str| {
        let hook = Hook { url: daemon.at(path), secret: secret.to_owned() };
        send(&client, hook.request(&deliveries[0]).unwrap()).await.unwrap().status().as_u16()
    };
    // The secret of one connection opens no other.
    assert_eq!(post("/webhooks/github", OTHER_SECRET).await, 401);
    assert_eq!(post("/webhooks/jira-eu", OTHER_SECRET).await, 401, "Jira signs another header");
    assert_eq!(post("/webhooks/github-eu", OTHER_SECRET).await, 202);
    let renamed = async || title(&folder, "github-eu", &source).await == "renamed on one side only";
    eventually(renamed, "the webhook is followed").await;
    assert_ne!(title(&folder, "github", &source).await, "renamed on one side only");

    let told = async || {
        let (_, text) = get(&client, &daemon.at("/metrics")).await.unwrap();
        ["github", "github-eu", "jira", "jira-eu"].iter().all(|name| {
            let line =
                format!("streamgauge_passes_total{{connection=\"{name}\",outcome=\"complete\"}}");
            text.contains(&line)
        })
    };
    eventually(told, "every connection counts for itself").await;
    daemon.signal("TERM");
    assert_eq!(daemon.code().await, Some(0));
}

/// The numeric id inside a node id of the simulated site: its last four or eight bytes.
fn numeric(node_id: &str) -> u64 {
    use base64::Engine as _;
    let (_, packed) = node_id.split_once('_').unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(packed).unwrap();
    let wide = bytes[bytes.len() - 9] == 0xcf && bytes.len() > 11;
    let tail = if wide { 8 } else { 4 };
    bytes[bytes.len() - tail..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
