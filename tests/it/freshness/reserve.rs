//! A tenth of a rate budget is kept for hints while a first pull runs.

use std::sync::Arc;

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::gauge::status::Live;
use streamgauge::gauge::{Gauge, HostStatus};
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::portfolio::Portfolio;
use streamgauge::sim::jira::faults::Quota;
use streamgauge::sim::jira::records::{IssueTypeRecord, ProjectRecord, Record, StatusRecord};
use streamgauge::sim::jira::{self, Draft, Edit};
use streamgauge::store::Store;
use streamgauge::sync::{Engine, PassOutcome, Problem, Reach, Settings, Silent, Stop, Sweeping};
use streamgauge::transport::{Limits, Transport};

use crate::github_app::house::{House, Proof};

fn reserve(outcome: &PassOutcome) -> Timestamp {
    match &outcome.problem {
        Some(Problem::Reserve { until, message }) => {
            println!("{message}");
            *until
        }
        other => panic!("{other:?} in {outcome:?}"),
    }
}

async fn budgets(store: &Store, transport: &Transport, clock: &Arc<ManualClock>) -> HostStatus {
    let portfolio =
        Portfolio::parse("name = \"N\"\ntimezone = \"UTC\"\n", "portfolio.toml").unwrap();
    let gauge = Gauge::new(store.clone(), Arc::new(portfolio), clock.clone());
    let live = Live { hosts: transport.hosts(), ..Live::default() };
    gauge.status(live).await.unwrap().hosts.remove(0)
}

#[tokio::test]
async fn a_first_pull_of_github_leaves_a_tenth_of_the_points() {
    let house = House::open(Vec::new(), &["northwind/checkout"], Proof::Token).await;
    let repository = house.repository("northwind", "checkout", 0);
    for _ in 0..150 {
        for n in 0..10 {
            house.issue(repository, &format!("{n}"));
        }
        house.wait(1);
    }
    house.wait(60);
    // Enough for about half of it.
    house.site.with_limits(|limits| limits.graphql_hourly = 100);
    let outcome = house.pass().await;
    let until = reserve(&outcome);
    let left = async || {
        let host = budgets(&house.store, &house.transport, &house.clock).await;
        host.budgets.into_iter().find(|one| one.resource.as_deref() == Some("graphql")).unwrap()
    };
    let told = left().await;
    println!("left at the reserve: {told:?}");
    assert_eq!((told.limit, told.kept), (Some(100), Some(10)));
    let remaining = told.remaining.unwrap();
    assert!((5..=10).contains(&remaining), "a page costs a few points: {remaining}");
    assert!(told.wait_until.is_some_and(|at| at == until));
    let stored = house.counts().await.items;
    assert!((500..1_500).contains(&stored), "{stored} are kept");

    // Hints go on from what is kept.
    drop(house.site.take_deliveries());
    let news = house.issue(repository, "news");
    for delivery in house.site.take_deliveries() {
        house.deliver(delivery.event, &delivery.body).await;
    }
    let hinted = house.refresh().await;
    assert_eq!(hinted.problem, None, "{hinted:?}");
    assert!(hinted.read >= 1);
    let id = house.site.dump().iter().find(|(_, i)| i.title == "news").unwrap().0.clone();
    assert!(house.items().await.iter().any(|item| item.id.source == id), "{news} was read");

    // A pass that is tried meanwhile asks for no page, and a sweep for nothing.
    let before = house.site.requests();
    reserve(&house.pass().await);
    let after = house.site.requests();
    assert!(after.total - before.total <= 4, "{after:?}");
    reserve(&house.sweep().await);
    assert_eq!(house.site.requests().total, after.total);

    let mut turns = 0;
    loop {
        house.clock.set(house.clock.now().max(until));
        house.wait(61);
        let outcome = house.pass().await;
        turns += 1;
        if outcome.complete {
            break;
        }
        reserve(&outcome);
        assert!(turns < 5, "it comes to its end");
    }
    house.assert_equals_site().await;
    assert_eq!(left().await.wait_until, None);
}

/// The usual pull of what changed is no bulk: it may use what is kept.
#[tokio::test]
async fn a_usual_pull_goes_on_and_a_whole_walk_waits() {
    let house = House::open(Vec::new(), &["northwind/checkout"], Proof::Token).await;
    let repository = house.repository("northwind", "checkout", 300);
    house.wait(60);
    house.complete().await;
    house.wait(61);
    house.site.with_limits(|limits| limits.graphql_hourly = 100);
    // Somebody else uses the same token up to the reserve.
    let probe = |_| async { house.pass().await };
    for n in 0..60 {
        if budgets(&house.store, &house.transport, &house.clock)
            .await
            .budgets
            .iter()
            .any(|b| b.wait_until.is_some())
        {
            break;
        }
        assert_eq!(probe(n).await.problem, None);
    }
    house.issue(repository, "news");
    house.site.take_deliveries().clear();
    let usual = house.pass().await;
    assert_eq!((usual.problem, usual.changed), (None, 1), "pulls go on");
    let connection = ConnectionId("github".into());
    let whole = house.reach(Reach::Full).await;
    reserve(&whole);
    assert_eq!(house.store.cursor(&connection, "northwind/checkout").await.unwrap().resume, None);
    house.issue(repository, "more news");
    let usual = house.pass().await;
    assert_eq!((usual.problem, usual.changed), (None, 1), "and are not held up by it");
}

#[tokio::test]
async fn a_first_pull_of_jira_leaves_a_tenth_of_the_quota() {
    let clock = ManualClock::at(Timestamp::parse("2026-06-15T06:20:00Z").unwrap());
    let mut site = jira::Site::new(clock.clone());
    let (id, name) = (10_000, "Payments".to_owned());
    site.add(Record::Project(ProjectRecord { id, key: "PAY".into(), name }));
    let (name, category) = ("To Do".to_owned(), Some("new".to_owned()));
    site.add(Record::Status(StatusRecord { id: 1, name, category, gone: false }));
    let (name, level) = ("Story".to_owned(), 0);
    site.add(Record::IssueType(IssueTypeRecord { id: 2, name, level }));
    let ids: Vec<u64> = (0..3_000)
        .map(|n| {
            let summary = format!("Issue {n}");
            site.create_issue(Draft {
                project: 10_000,
                kind: 2,
                status: 1,
                summary,
                ..Draft::default()
            })
            .unwrap()
        })
        .collect();
    site.limits.quota = Some(Quota::new(200, 1).spent(160, clock.now()));
    let site = site.shared();
    let wire = jira::wire(site.clone(), clock.clone());
    let (limits, entropy) = (Limits::default(), Entropy::from_seed(3));
    let transport = Transport::over(wire, limits, clock.clone(), entropy.clone());
    let connection = ConnectionId("jira".into());
    let config = streamgauge::trackers::jira::Config {
        connection: connection.clone(),
        site: "https://northwind.atlassian.net".into(),
        gateway: "https://northwind.atlassian.net".into(),
        scopes: vec!["PAY".into()],
        user: jira::access::USER.to_owned().into(),
        token: jira::access::TOKEN.to_owned().into(),
        webhook_secrets: Vec::new(),
        titles: true,
        blocking: vec!["Blocks".into()],
    };
    let tracker = Arc::new(streamgauge::trackers::jira::connect(config, transport.clone()));
    let store = Store::open_inline("sqlite::memory:", clock.clone()).await.unwrap();
    let settings = Settings::default();
    let engine = Engine::new(store.clone(), vec![tracker], clock.clone(), entropy, settings);
    let pass = async || engine.pass(&connection, Reach::Hot, &Silent, &Stop::never()).await;

    let outcome = pass().await;
    assert_eq!(reserve(&outcome), Timestamp::parse("2026-06-15T07:00:00Z").unwrap());
    let host = budgets(&store, &transport, &clock).await;
    let quota = host.budgets.iter().find(|one| one.resource.is_some()).unwrap();
    println!("left at the reserve: {quota:?}");
    assert_eq!((quota.limit, quota.kept), (Some(200), Some(20)));
    // A batch of a thousand issues is eleven requests.
    assert!(quota.remaining.is_some_and(|left| (9..=20).contains(&left)), "{quota:?}");
    assert_eq!(outcome.read, 2_000);

    jira::lock(&site).edit(ids[2_999], &Edit::Summary("changed".into())).unwrap();
    let last = ids[2_999].to_string();
    store.put_hints(&connection, vec![last.clone()], clock.now()).await.unwrap();
    let hinted = engine.refresh(&connection, &Stop::never()).await;
    assert_eq!((hinted.problem.clone(), hinted.read), (None, 1), "{hinted:?}");
    let swept = engine.sweep(&connection, &Sweeping::everything(), &Stop::never()).await;
    reserve(&swept);

    for _ in 0..10 {
        clock.advance(std::time::Duration::from_secs(3_600));
        if pass().await.complete {
            break;
        }
    }
    assert_eq!(store.counts().await.unwrap().items, 3_000);
}
