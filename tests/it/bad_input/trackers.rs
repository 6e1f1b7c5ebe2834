//! Trackers that refuse, answer nonsense or never end: `streamgauge sync` against simulated ones
//! over HTTP. What was stored stays, the cursor stays, and the next good pass goes on from there.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is a failed test")]

use std::sync::Arc;

use serde_json::{Value, json};
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::model::ConnectionId;
use streamgauge::sim::github::{self, Fault, On};
use streamgauge::sim::jira::faults::Trouble;
use streamgauge::sim::jira::{Edit, lock, records};
use streamgauge::spawn::Spawner;
use streamgauge::store::{Cursor, Store, StoredItem};

use crate::support::program::{Desk, PORTFOLIO, Ran, SETTINGS};

const CREATED: &str = "2026-03-02T09:00:00Z";

/// A simulated tracker with three items, and a folder whose settings know it.
struct World {
    stage: Stage,
    desk: Desk,
    connection: &'static str,
    scan: &'static str,
    /// What every message of this tracker calls its address.
    url: String,
    edits: u32,
}

fn records<T: serde::de::DeserializeOwned>(lines: Value) -> Vec<T> {
    serde_json::from_value(lines).expect("records are in normal form")
}

async fn start(source: Source) -> Stage {
    let clock: SharedClock = Arc::new(SystemClock);
    Stage::start(source, &clock, &Spawner::tokio()).await.expect("loopback has a free port")
}

fn desk(claim: &str, connection: &str) -> Desk {
    let portfolio = format!(
        "[[stream]]\nid = \"s\"\n[[team]]\nid = \"t\"\nstream = \"s\"\nclaims = [{{ {claim} }}]\n"
    );
    Desk::new().write(PORTFOLIO, portfolio).write(SETTINGS, format!("[[connection]]\n{connection}"))
}

async fn jira() -> World {
    let issue = |n: u64| {
        json!({"t": "issue", "id": 100 + n, "key": format!("PAY-{n}"), "project": 1, "type": 1,
               "status": 1, "summary": "A card", "created": CREATED, "updated": CREATED})
    };
    let jira = records::<records::Record>(json!([
        {"t": "project", "id": 1, "key": "PAY", "name": "Payments"},
        {"t": "status", "id": 1, "name": "To Do", "category": "new"},
        {"t": "issuetype", "id": 1, "name": "Task", "level": 0},
        issue(1), issue(2), issue(3),
    ]));
    let stage = start(Source { jira, ..Source::default() }).await;
    let site = stage.jira.as_ref().expect("there are Jira records");
    let url = site.running.url.clone();
    let desk = desk(
        "jira = \"PAY\"",
        &format!(
            "id = \"jira\"\nkind = \"jira-cloud\"\nurl = \"{url}\"\ngateway = \"{url}\"\n\
             scopes = [\"PAY\"]\nauth = {{ user = \"{}\", token = {{ env = \"JIRA_TOKEN\" }} }}\n",
            site.user
        ),
    );
    let desk = desk.env("JIRA_TOKEN", site.token);
    World { stage, desk, connection: "jira", scan: "projects", url, edits: 0 }
}

async fn github() -> World {
    let issue = |n: u64| {
        json!({"t": "issue", "id": 100 + n, "repo": 1, "number": n, "title": "A card",
               "created": CREATED, "updated": CREATED})
    };
    let github = records::<github::records::Record>(json!([
        {"t": "repo", "id": 1, "owner": "northwind", "name": "checkout", "created": CREATED},
        issue(1), issue(2), issue(3),
    ]));
    let stage = start(Source { github, ..Source::default() }).await;
    let site = stage.github.as_ref().expect("there are GitHub records");
    let url = site.running.url.clone();
    let desk = desk(
        "github = \"northwind/checkout\"",
        &format!(
            "id = \"github\"\nkind = \"github\"\nurl = \"{url}\"\n\
             scopes = [\"northwind/checkout\"]\nauth = {{ token = {{ env = \"GITHUB_TOKEN\" }} }}\n"
        ),
    );
    let desk = desk.env("GITHUB_TOKEN", site.token);
    World { stage, desk, connection: "github", scan: "northwind/checkout", url, edits: 0 }
}

impl World {
    /// After a first sync that found everything.
    async fn synced(self) -> Self {
        let ran = self.desk.run(&["sync"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        assert_eq!(self.stored().await.0.len(), 3);
        self
    }

    async fn stored(&self) -> (Vec<StoredItem>, Cursor) {
        let url = format!("sqlite:{}", self.desk.path("streamgauge.db").display());
        let store = Store::open_read_only(&url, Arc::new(SystemClock)).await.unwrap();
        let items = store.fold_items(None, Vec::new(), |all: &mut Vec<_>, item| all.push(item));
        let items = items.await.unwrap();
        let connection = ConnectionId(self.connection.to_owned());
        (items, store.cursor(&connection, self.scan).await.unwrap())
    }

    /// Renames the first item, so that the next good pass has something to find.
    fn edit(&mut self) -> String {
        self.edits += 1;
        let title = format!("Title {}", self.edits);
        if let Some(jira) = &self.stage.jira {
            lock(&jira.site).edit(101, &Edit::Summary(title.clone())).unwrap();
        }
        if let Some(github) = &self.stage.github {
            github.site.edit(|edits| edits.rename(101, &title)).unwrap();
        }
        title
    }

    fn clear(&self) {
        if let Some(jira) = &self.stage.jira {
            lock(&jira.site).faults.clear();
        }
        if let Some(github) = &self.stage.github {
            github.site.with_faults(github::Faults::clear);
        }
    }

    /// A sync under the present fault: ends with `code` and one line, which begins like this and
    /// goes on with the next step.
    #[track_caller]
    fn fails(&self, desk: &Desk, code: i32, expected: &str) {
        let Ran { code: ended, err, .. } = desk.run(&["sync"]);
        let start = format!("streamgauge: {}: {expected}", self.connection);
        let start = start.replace("{url}", &self.url);
        assert!(err.starts_with(&start), "{err} does not begin with {start}");
        assert_eq!((ended, err.lines().count()), (code, 1), "{err}");
        assert!(err.contains("; "), "no next step: {err}");
    }

    /// A sync without faults takes in the edit.
    async fn recovers(&self, title: &str) {
        let before = self.stored().await;
        let ran = self.desk.run(&["sync"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
        let (items, cursor) = self.stored().await;
        assert_eq!(items.len(), 3);
        let titles: Vec<_> = items.iter().filter_map(|i| i.attributes.title.as_deref()).collect();
        assert!(titles.contains(&title), "{titles:?}");
        assert!(cursor.complete >= before.1.complete, "{cursor:?} after {:?}", before.1);
    }

    /// Nothing of the edit is taken in, nothing else is lost, and a good pass mends everything.
    async fn survives(&mut self, code: i32, expected: &str) {
        let before = self.stored().await;
        let title = self.edit();
        self.fails(&self.desk, code, expected);
        assert_eq!(self.stored().await, before, "{expected}");
        self.clear();
        self.recovers(&title).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jira_refuses() {
    let mut world = jira().await.synced().await;
    let site = world.stage.jira.as_ref().unwrap().site.clone();

    lock(&site).access.set_expired(true);
    let before = world.stored().await;
    let title = world.edit();
    world.fails(
        &world.desk,
        1,
        "GET {url}/ex/jira/3f1c9a52-6d0b-4e8e-9c57-5a1dd0e7f001/rest/api/3/myself does not accept the credential",
    );
    assert_eq!(world.stored().await, before);
    lock(&site).access.set_expired(false);
    world.recovers(&title).await;

    let faulty = |path: &str, trouble: Trouble| lock(&site).faults.always(path, trouble);
    faulty("", Trouble::Status(403));
    world.survives(1, "GET {url}/rest/api/3/myself is forbidden").await;
    faulty("search/jql", Trouble::Status(404));
    world.survives(1, "POST {url}/rest/api/3/search/jql does not exist").await;
    faulty("search/jql", Trouble::Status(410));
    world.survives(1, "POST {url}/rest/api/3/search/jql has been removed by Atlassian").await;
    faulty("search/jql", Trouble::Malformed);
    world.survives(1, "POST {url}/rest/api/3/search/jql gave an answer that cannot be read").await;
    faulty("search/jql", Trouble::Html);
    world.survives(1, "POST {url}/rest/api/3/search/jql gave an answer that cannot be read").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jira_never_ends() {
    let mut world = jira().await.synced().await;
    let site = world.stage.jira.as_ref().unwrap().site.clone();
    let before = world.stored().await;
    let title = world.edit();
    lock(&site).faults.always("search/jql", Trouble::TokenLoop);
    world.fails(&world.desk, 3, "POST /rest/api/3/search/jql led back to a page");
    let (items, cursor) = world.stored().await;
    assert_eq!((items.len(), cursor.complete), (3, before.1.complete));
    world.clear();
    world.recovers(&title).await;
}

/// What cannot be read concerns its items alone: they are listed as missing, and read again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jira_lists_an_item_that_it_cannot_tell() {
    let mut world = jira().await.synced().await;
    let site = world.stage.jira.as_ref().unwrap().site.clone();
    for (path, trouble) in
        [("changelog/bulkfetch", Trouble::TokenLoop), ("issue/bulkfetch", Trouble::Malformed)]
    {
        let (before, _) = world.stored().await;
        let title = world.edit();
        lock(&site).faults.always(path, trouble);
        let ran = world.desk.run(&["sync"]);
        let told = "gap: unreadable-item: 1 (see `export`, gaps.jsonl)\n";
        assert_eq!((ran.code, ran.err.as_str()), (3, told), "{path}");
        assert_eq!(world.stored().await.0, before, "{path}");
        world.clear();
        world.recovers(&title).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_refuses() {
    let mut world = github().await.synced().await;
    let site = world.stage.github.as_ref().unwrap().site.clone();
    let token = world.stage.github.as_ref().unwrap().token;

    site.set_token("another-token");
    let before = world.stored().await;
    let title = world.edit();
    world.fails(&world.desk, 1, "GitHub does not accept the token (401)");
    assert_eq!(world.stored().await, before);
    site.set_token(token);
    world.recovers(&title).await;

    let faulty = |fault: Fault| site.with_faults(|all| all.add(On::GraphQl, fault, u32::MAX));
    faulty(Fault::Status(403));
    world.survives(1, "GitHub forbids it (403)").await;
    faulty(Fault::Status(404));
    world.survives(1, "there is no GraphQL endpoint below {url} (404); check `url`").await;
    faulty(Fault::Status(410));
    world.survives(1, "GitHub has ended this version of its API (410)").await;
    faulty(Fault::MalformedJson);
    world.survives(1, "{url} answered with something that is not GraphQL JSON").await;
    faulty(Fault::HtmlWith200);
    world.survives(1, "{url} answered with something that is not GraphQL JSON").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_never_ends() {
    let mut world = github().await.synced().await;
    let site = world.stage.github.as_ref().unwrap().site.clone();
    let before = world.stored().await;
    let title = world.edit();
    site.with_faults(|all| all.add(On::GraphQl, Fault::CursorLoop, u32::MAX));
    world.fails(&world.desk, 3, "GitHub");
    let (items, cursor) = world.stored().await;
    assert_eq!((items.len(), cursor.complete), (3, before.1.complete));
    world.clear();
    world.recovers(&title).await;
}
