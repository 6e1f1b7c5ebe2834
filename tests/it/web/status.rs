//! How connections, scopes, budgets and digests stand; and what `/` says before there are charts.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use insta::assert_snapshot;
use streamgauge::clock::{Clock, SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::model::Gap;
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;
use streamgauge::store::{Delivery, DigestKey, DueTick, Lease, PassRecord, ScopeRecord, TickPlan};
use streamgauge::sync::Progress;
use streamgauge::transport::{Request, usual_pace};

use super::client::get;
use super::house::{Doors, House, at, connection};
use crate::support::gate::Gate;
use crate::support::process::{self, Folder, eventually};

async fn lease(house: &House) -> Lease {
    let ttl = Duration::from_secs(60);
    house.store.acquire("github", "test", ttl).await.unwrap().unwrap()
}

fn failed(house: &House, problem: &str) -> PassRecord {
    let now = house.clock.now();
    PassRecord {
        id: "failed".into(),
        connection: connection(),
        started_at: now.plus_millis(-1_000),
        finished_at: now,
        clock: None,
        complete: false,
        discovered: 0,
        read: 0,
        changed: 0,
        gaps: 0,
        problem: Some(problem.into()),
    }
}

/// A store in which something of every kind goes on.
async fn troubled() -> House {
    let house = House::furnished(Doors::default()).await;
    for host in ["api.github.com", "quiet.example"] {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = format!("https://{host}/graphql").parse().unwrap();
        house.transport.ask(request, usual_pace).await.unwrap();
    }
    house.transport.pause("quiet.example", at("2026-06-16T09:00:00Z"));
    let lease = lease(&house).await;
    let scope = |project: &str, standing: &str, problem: Option<&str>| ScopeRecord {
        connection: connection(),
        project: project.into(),
        standing: standing.into(),
        listed: problem.is_none().then_some(4),
        swept_at: problem.is_none().then(|| at("2026-06-15T03:00:00Z")),
        problem: problem.map(str::to_owned),
        stored: 0,
        gone: 0,
    };
    let held = "2 of 4 ids are missing from the list; nothing is removed";
    for scope in [
        scope("northwind/checkout", "live", None),
        scope("northwind/elsewhere", "hidden", Some(held)),
    ] {
        house.store.put_scope(&lease, scope).await.unwrap();
    }
    let gap = |source: &str| Gap {
        source: Some(source.into()),
        key: None,
        reason: "history-truncated".into(),
        detail: String::new(),
    };
    let (now, gaps) = (house.clock.now(), vec![gap("I_1"), gap("I_2")]);
    house.store.put_gaps(&lease, &connection(), gaps, now).await.unwrap();
    house.store.put_hints(&connection(), vec!["I_3".into()], now).await.unwrap();
    let again = now.plus_millis(60_000);
    house.store.put_retry(&lease, &connection(), "I_4", again, "502").await.unwrap();

    let key = DigestKey {
        digest: "monday".into(),
        due: "2026-06-15T07:00".into(),
        channel: "file:digests".into(),
    };
    let last = now.plus_days(-3);
    house.store.begin_plan("monday", "daily", Some(last)).await.unwrap();
    let missed = |days: i64| DueTick {
        due: format!("2026-06-{:02}T07:00", 15 - days),
        at: now.plus_days(-days).plus_millis(-60_000),
    };
    let plan = TickPlan {
        digest: "monday".into(),
        plan: "daily".into(),
        last,
        skipped: vec![missed(2), missed(1)],
        kept: Some((missed(0), "{}".into(), vec![key.channel.clone()])),
    };
    assert_eq!(house.store.plan_ticks(plan).await.unwrap().skipped, 2);
    house.store.claim_delivery(&key, Duration::from_secs(60)).await.unwrap();
    let problem = "file:digests: Permission denied".into();
    let refused = Delivery::Again(Duration::from_secs(60), problem);
    assert!(house.store.mark_delivery(&key, 1, refused).await.unwrap());

    house.clock.advance(Duration::from_secs(26 * 3600));
    let problem = "github: GitHub answered 401; write a valid token <b>there</b>";
    house.store.log_pass(&lease, failed(&house, problem)).await.unwrap();
    let now = house.clock.now();
    house.live.plan(&connection(), &[("pull", now.plus_millis(60_000))]);
    let turns = [("northwind/checkout", now.plus_millis(60_000)), ("northwind/ELSEWHERE", now)];
    let turns = turns.map(|(scope, at)| (scope.to_owned(), at));
    house.live.plan_sweeps(&connection(), turns.into());
    house.live.begin(&connection(), "pull", now);
    house.live.discovered(&connection(), 50, Some(12_345));
    house.live.applied(&connection(), 20);
    house
}

#[tokio::test]
async fn the_api_tells_everything_by_stable_names() {
    let house = troubled().await;
    let told = house.ask(get("/api/v1/status")).await.json();
    assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
}

#[tokio::test]
async fn the_page_tells_it_in_words() {
    let house = troubled().await;
    let page = house.ask(get("/status").page()).await.body;
    for words in [
        "github needs a look.",
        "old data",
        "GitHub answered 401; write a valid token &lt;b&gt;there&lt;/b&gt;.",
        "15 June 2026 06:00 UTC (26 hours ago)",
        "50 of about 12\u{202f}345 listed, 20 stored.",
        "<progress max=\"12345\" value=\"50\"",
        "4 stored",
        "2 × <code>history-truncated</code>",
        "1 hint of a webhook, 1 read to try again",
        "2 of 4 ids are missing from the list; nothing is removed.",
        "hidden",
        "graphql",
        "4987",
        "15 June 2026 07:00 UTC",
        "this tracker tells no budget",
        "quiet.example asked to wait until 16 June 2026 09:00 UTC.",
        "not delivered yet",
        "2 digests skipped</span> in the last 7 days, the last one due 2026-06-14 07:00",
        "File:digests: Permission denied.",
        "pull 08:01 UTC",
        "<td>08:01 UTC</td>",
        "<td>within 15 minutes</td>",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    assert!(page.contains("<a href=\"/status\" aria-current=\"page\">"), "{page}");
    assert!(page.len() < 20 * 1024, "{} bytes", page.len());
    let front = house.ask(get("/").page()).await.body;
    assert!(front.matches("href=\"/status\"").count() >= 3, "navigation, notices, foot: {front}");
}

#[tokio::test]
async fn a_scope_in_doubt_is_told_with_the_report() {
    let house = troubled().await;
    let digest = house.ask(get("/api/v1/digest")).await.json();
    let lines: Vec<&str> =
        digest["stale"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("Data from \"github\" is 26 hours old"), "{lines:?}");
    assert!(lines[1].starts_with("\"northwind/elsewhere\" of \"github\" cannot be seen any more"));
}

#[tokio::test]
async fn the_first_run_says_how_far_it_is_and_what_to_do() {
    let house = House::empty(Doors::default()).await;
    let now = house.clock.now();
    house.live.plan(&connection(), &[("pull", now.plus_millis(300_000))]);
    let page = house.ask(get("/")).await.body;
    assert!(page.contains("The next pull is due on 15 June 2026 06:05 UTC."), "{page}");

    house.live.begin(&connection(), "pull", now);
    house.live.discovered(&connection(), 100, Some(4_000));
    house.live.applied(&connection(), 90);
    let page = house.ask(get("/")).await.body;
    for words in
        ["The first pull is under way", "100 of about 4000 listed, 90 stored.", "Load this page"]
    {
        assert!(page.contains(words), "{words}\n{page}");
    }
    assert!(!page.contains("No team is declared"), "{page}");

    house.live.end(&connection());
    let lease = lease(&house).await;
    let problem = "github: repository northwind/checkout is not there; correct `scopes`";
    house.store.log_pass(&lease, failed(&house, problem)).await.unwrap();
    let page = house.ask(get("/")).await.body;
    for words in [
        "Nothing has been read completely",
        "Repository northwind/checkout is not there; correct <code>scopes</code>.",
        "<code>streamgauge check</code>",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    house.clock.advance(Duration::from_secs(1));
    house.fill().await;
    let page = house.ask(get("/")).await.body;
    assert!(page.contains("At a glance"), "complete: {page}");
}

#[tokio::test]
async fn items_without_a_team_lead_to_the_next_claims() {
    let none = "name = \"New\"\n";
    let other = "[[stream]]\nid = \"s\"\n[[team]]\nid = \"t\"\nstream = \"s\"\nclaims = [{ jira = \"PAY\" }]";
    for (portfolio, words) in [(none, "No team is declared in"), (other, "match no item")] {
        let house = House::with(Doors::default(), portfolio).await;
        let empty = house.ask(get("/")).await.body;
        assert_eq!(
            empty.contains("claims = [{ github = &quot;northwind/checkout&quot; }]"),
            portfolio == none
        );
        house.fill().await;
        let page = house.ask(get("/")).await.body;
        for words in [
            words,
            "4 items are read, and none of them has a team.",
            "{ github = &quot;northwind/checkout&quot; }</code>, 3 items",
        ] {
            assert!(page.contains(words), "{words}\n{page}");
        }
    }
}

/// The real daemon: its loops tell when they run again, its transport what it was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_tells_what_its_loops_do() {
    let clock: SharedClock = Arc::new(SystemClock);
    let story = story::generate(3, clock.now(), Size::Test);
    let stage = Stage::start(Source::from(story.clone()), &clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    let folder = Folder::new(&stage, &gate, &story.portfolio_toml);
    let (daemon, client) = (folder.serve().await, process::client());
    let mut status = serde_json::Value::Null;
    let complete = async || {
        let (_, body) = process::get(&client, &daemon.at("/api/v1/status")).await.unwrap();
        status = serde_json::from_str(&body).unwrap();
        let connections = status["connections"].as_array().unwrap();
        connections.len() == 2
            && connections.iter().all(|one| one["state"] == "fresh" && one["pulling"].is_null())
    };
    eventually(complete, "both connections are read completely").await;
    for one in status["connections"].as_array().unwrap() {
        let runs: Vec<&str> =
            one["next"].as_array().unwrap().iter().map(|n| n["run"].as_str().unwrap()).collect();
        assert!(runs.starts_with(&["pull", "deep", "whole"]), "{runs:?}");
        let (stored, read) = (&one["stored"], &one["last_pull"]["read"]);
        assert!(stored.as_u64() > Some(0) && read.as_u64() > Some(0), "{one}");
        assert!(!one["scopes"].as_array().unwrap().is_empty(), "{one}");
    }
    let hosts = status["hosts"].as_array().unwrap();
    assert_eq!(hosts.len(), 2, "{hosts:?}");
    for host in hosts {
        assert!(host["budgets"][0]["remaining"].as_u64() > Some(0), "{host}");
    }
}
