//! A reorganisation at a date, end to end: what happened before it stays with the old stream, what
//! comes after belongs to the new one. And the comparison of the file that says so with the file
//! that does not.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is a failed test")]

use std::sync::Arc;
use std::time::Duration;

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::gauge::compare::{PlaceMove, When};
use streamgauge::gauge::record::{NewIntegration, RecordError};
use streamgauge::gauge::{Gauge, Moment};
use streamgauge::model::{
    Attributes, Change, ConnectionId, DAY_MS, Item, ItemId, ItemRef, Level, Named, Precision,
    StreamIx, Timestamp, TrackerKind, What,
};
use streamgauge::portfolio::Portfolio;
use streamgauge::signals::attention::{TEAM_DAY, sum};
use streamgauge::signals::{Scope, View};
use streamgauge::store::Store;

use crate::support::batch::batch;
use crate::support::program::{Desk, PORTFOLIO, SETTINGS};

/// Before the reorganisation of 1 March: Search is at home in Payments, and Ledger has the rest.
const BEFORE: &str = r#"
name = "Northwind"

[[stream]]
id = "booking"
publish = true

[[stream]]
id = "payments"
publish = true

[[team]]
id = "ledger"
stream = "payments"
claims = [{ jira = "PAY" }]

[[team]]
id = "search"
stream = "payments"
claims = [{ jira = "PAY", component = "Search" }]

[[workflow]]
connection = "jira"
proposed = ["To do"]
active = ["Doing"]
done = ["Done"]
"#;

const AS_OF: &str = "2026-03-30T00:00:00Z";

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-{text}T00:00:00Z")).unwrap()
}

/// From 1 March on Search is at home in Booking, and Ledger's cards with a component of their own
/// go to Search.
fn after() -> String {
    BEFORE
        .replace(
            "id = \"search\"\nstream = \"payments\"",
            "id = \"search\"\nstream = [{ id = \"payments\", until = 2026-03-01 }, { id = \
             \"booking\", from = 2026-03-01 }]",
        )
        .replace(
            "component = \"Search\" }]",
            "component = \"Search\" }, { jira = \"PAY\", component = \"Index\", from = 2026-03-01 \
             }]",
        )
}

fn parse(text: &str, name: &str) -> Portfolio {
    Portfolio::parse(text, name).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A card that is begun on one day and done on another (or never).
fn card(number: u64, component: &str, begun: &str, done: &str) -> Item {
    let named = |name: &str| Named::new(name, name);
    let moved = |id: &str, at: Timestamp, from: &str, to: &str| Change {
        id: id.into(),
        at,
        what: What::Status { from: named(from), to: named(to) },
        precision: Precision::Exact,
    };
    let mut history = vec![moved("1", at(begun), "To do", "Doing")];
    if !done.is_empty() {
        history.push(moved("2", at(done), "Doing", "Done"));
    }
    let newest = history.last().unwrap().at;
    Item {
        id: ItemId { connection: ConnectionId("jira".into()), source: format!("{}", 100 + number) },
        created_at: at(begun).plus_millis(-DAY_MS),
        updated_at: newest,
        attributes: Attributes {
            key: format!("PAY-{number}"),
            level: Level::Standard,
            status: named(if done.is_empty() { "Doing" } else { "Done" }),
            project: "PAY".into(),
            components: vec![named(component)],
            ..Attributes::default()
        },
        history,
        history_complete: true,
    }
}

/// One card before the reorganisation, two across it, one after it; and one of Ledger.
fn cards() -> Vec<Item> {
    vec![
        card(1, "Search", "02-16", "02-23"),
        card(2, "Search", "02-23", "03-05"),
        card(3, "Search", "03-05", "03-12"),
        card(4, "Search", "03-12", ""),
        card(5, "Index", "02-23", ""),
    ]
}

async fn filled(url: &str, clock: Arc<ManualClock>, items: Vec<Item>) -> Store {
    let store = Store::open(url, clock.clone()).await.unwrap();
    let lease = store.acquire("jira", "test", Duration::from_secs(60)).await.unwrap().unwrap();
    let read = batch("jira", TrackerKind::Jira, items, clock.now());
    store.apply(&lease, read).await.unwrap();
    store.release(&lease).await.unwrap();
    store
}

struct Town {
    store: Store,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl Town {
    async fn new(items: Vec<Item>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(Timestamp::parse(AS_OF).unwrap());
        let url = format!("sqlite:{}", folder.path().join("gauge.db").display());
        let store = filled(&url, clock.clone(), items).await;
        Self { store, clock, _folder: folder }
    }

    fn gauge(&self, portfolio: Portfolio) -> Gauge {
        Gauge::new(self.store.clone(), Arc::new(portfolio), self.clock.clone())
    }
}

/// Team-days of attention and deliveries of both streams, in February and in March.
async fn by_stream(gauge: &Gauge) -> [[(f64, i64); 2]; 2] {
    let world = gauge.world(None).await.unwrap();
    let as_of = Timestamp::parse(AS_OF).unwrap();
    let view = View::new(&world.dataset, as_of, as_of, &Scope::Portfolio);
    // The weeks of the view end on Sunday, 1 March.
    let turn = view.weeks.edges.partition_point(|edge| *edge <= at("03-01"));
    let weeks = [0..turn, turn..view.weeks.len()];
    [0, 1].map(|stream| {
        [0, 1].map(|half| {
            let buckets = view.attention.grid.buckets(view.weeks.span(weeks[half].clone()));
            let own = view.attention.cells.iter();
            let own = own.filter(|cell| cell.target.stream == Some(StreamIx(stream)));
            let ticks: i64 = own.map(|cell| sum(&cell.ticks, &buckets)).sum();
            let flow = &view.flow.streams[stream as usize];
            (ticks as f64 / TEAM_DAY, flow.delivered[weeks[half].clone()].iter().sum())
        })
    })
}

/// Attention follows the segments, a delivery is credited where it happened.
#[tokio::test]
async fn the_past_stays_where_it_was_and_the_future_goes_over() {
    let town = Town::new(cards()).await;
    let [booking, payments] = by_stream(&town.gauge(parse(BEFORE, "before.toml"))).await;
    assert_eq!(booking, [(0.0, 0), (0.0, 0)]);
    // February: Search from the 16th on and Ledger from the 23rd, until Sunday's end; then 28 days
    // of Search and, for its card shows no life for longer than that, 21 of Ledger.
    assert_eq!(payments, [(21.0, 1), (49.0, 2)]);

    let [booking, payments] = by_stream(&town.gauge(parse(&after(), "after.toml"))).await;
    // Sunday, 1 March, is Booking's already. PAY-2 was begun in Payments and delivered in Booking;
    // PAY-5 went to Search.
    assert_eq!(payments, [(19.0, 1), (0.0, 0)], "{payments:?}");
    assert_eq!(booking, [(1.0, 0), (28.0, 2)], "{booking:?}");

    // The map shows the team where it was at each instant.
    let gauge = town.gauge(parse(&after(), "after.toml"));
    for (day, stream) in [("02-28", "payments"), ("03-01", "booking")] {
        let moment = Moment { as_of: Some(at(day)), known: None };
        let map = gauge.map(moment).await.unwrap();
        let home = map.streams.iter().find(|s| s.teams.iter().any(|t| t.id == "search")).unwrap();
        assert_eq!(home.id, stream, "{day}");
    }
    let story = gauge.stories("PAY-2", Moment::default()).await.unwrap().remove(0);
    let streams: Vec<_> =
        story.explanation.segments.iter().map(|s| (s.from, s.stream.clone().unwrap())).collect();
    assert_eq!(streams[2], (at("03-01"), "booking".to_owned()), "{streams:?}");
}

/// What the new file moves is told before it counts: by place, rule and time.
#[tokio::test]
async fn two_files_are_compared_in_the_past_and_from_now_on() {
    let town = Town::new(cards()).await;
    let gauge = town.gauge(parse(BEFORE, "before.toml"));
    let same = gauge.compare(parse(BEFORE, "copy.toml"), Moment::default()).await.unwrap();
    assert_eq!((same.moves, same.streams), (vec![], vec![]));

    let told = gauge.compare(parse(&after(), "after.toml"), Moment::default()).await.unwrap();
    let rows: Vec<_> = told
        .moves
        .iter()
        .map(|one: &PlaceMove| {
            let (from, to) = (one.from.as_str(), one.to.as_str());
            (one.when, from, to, one.examples.join(" "), one.since, one.until)
        })
        .collect();
    let now = Timestamp::parse(AS_OF).unwrap();
    let (old, new, ledger) = ("search in payments", "search in booking", "ledger in payments");
    assert_eq!(
        rows,
        [
            (When::Past, ledger, new, "PAY-5".into(), at("03-01"), Some(now)),
            (When::Past, old, new, "PAY-2 PAY-3 PAY-4".into(), at("03-01"), Some(now)),
            (When::FromNowOn, ledger, new, "PAY-5".into(), now, None),
            (When::FromNowOn, old, new, "PAY-4".into(), now, None),
        ]
    );
    assert!(
        told.moves[0].rule.starts_with("Claimed by `jira = \"PAY\"` (before.toml:"),
        "{told:?}"
    );
    assert!(told.moves[0].other_rule.contains("component = \"Index\""), "{told:?}");
    assert!(told.moves[0].other_rule.contains("(after.toml:"), "{told:?}");
    let streams: Vec<_> = told
        .streams
        .iter()
        .map(|one| (one.stream.as_str(), one.delivered, one.other_delivered))
        .collect();
    assert_eq!(streams, [("booking", 0, 2), ("payments", 3, 1)]);
    assert_eq!((told.streams[0].team_days, told.streams[0].other_team_days), (0.0, 29.0));
    let weeks = (told.streams[0].weeks.0.to_string(), told.streams[0].weeks.1.to_string());
    assert_eq!(weeks, ("2026-W09".to_owned(), "2026-W13".to_owned()));

    // Before the reorganisation the same files differ from that day on only.
    let moment = Moment { as_of: Some(at("02-26")), known: None };
    let told = gauge.compare(parse(&after(), "after.toml"), moment).await.unwrap();
    assert!(told.streams.is_empty(), "{told:?}");
    assert!(told.moves.iter().all(|one| one.when == When::FromNowOn && one.since == at("03-01")));
}

/// An item that one of the files declares as an epic is work by the other one only.
#[tokio::test]
async fn work_that_one_file_does_not_count_is_told() {
    let town = Town::new(cards()).await;
    let gauge = town.gauge(parse(BEFORE, "before.toml"));
    let other = format!("{BEFORE}\n[[epic]]\nref = \"PAY-4\"\n");
    let told = gauge.compare(parse(&other, "after.toml"), Moment::default()).await.unwrap();
    let rows: Vec<_> = told.moves.iter().map(|one| (one.from.as_str(), one.to.as_str())).collect();
    assert_eq!(rows, [("search in payments", "not counted"); 2]);
    assert_eq!(told.moves[0].other_rule, "The portfolio file declares it as an epic.");
}

#[test]
fn the_command_tells_the_same_in_words() {
    let desk = Desk::new().write(PORTFOLIO, BEFORE).write("config/after.toml", after());
    let settings = "[[connection]]\nid = \"jira\"\nkind = \"jira-cloud\"\nurl = \"https://jira.example\"\n\
        scopes = [\"PAY\"]\nauth = { user = \"gauge\", token = { env = \"JIRA_TOKEN\" } }\n";
    let desk = desk.write(SETTINGS, settings);
    let url = format!("sqlite:{}", desk.path("streamgauge.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = ManualClock::at(Timestamp::parse(AS_OF).unwrap());
        drop(filled(&url, clock, cards()).await);
    });
    let told = desk.done(&["map", "--against", "config/after.toml", "--as-of", "2026-03-30"]);
    for line in [
        "What config/after.toml would move against config/portfolio.toml\nas of 2026-03-30 00:00 UTC\n",
        "\nIn the past\n  1 item from ledger in payments to search in booking, from 2026-03-01 to \
         2026-03-30, for example PAY-5\n    config/portfolio.toml: Claimed by `jira = \"PAY\"`",
        "\n  3 items from search in payments to search in booking, from 2026-03-01 to 2026-03-30, for \
         example PAY-2, PAY-3, PAY-4\n",
        "\nFrom now on\n  1 item from ledger in payments to search in booking, from 2026-03-30 on,",
        "\n  booking: 0.0 team-days become 29.0 (+29.0), 0 delivered become 2 (+2), weeks 2026-W09 to \
         2026-W13\n",
    ] {
        assert!(told.contains(line), "no `{line}` in:\n{told}");
    }
    let json = desk.json(&["map", "--against", "config/after.toml", "--json"]);
    assert_eq!(json["moves"][0]["when"], "past");
    let same = desk.done(&["map", "--against", PORTFOLIO]);
    assert!(same.contains("\nNothing of what is stored.\n"), "{same}");
    let ran = desk.run(&["map", "--against", "nowhere.toml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot read nowhere.toml"), "{}", ran.err);
}

/// The items of each event, by key.
async fn held(gauge: &Gauge) -> Vec<String> {
    let world = gauge.world(None).await.unwrap();
    let key = |ix: &usize| world.dataset.items[*ix].key.clone();
    let keys = |items: &Vec<usize>| items.iter().map(key).collect::<Vec<_>>().join(" ");
    world.dataset.integrations.iter().map(|event| keys(&event.items)).collect()
}

/// A declared event holds what was delivered of an epic, and only with something new in it.
#[tokio::test]
async fn integration_events_hold_what_was_delivered() {
    let mut items = cards();
    let mut epic = card(9, "Search", "02-16", "");
    epic.attributes.level = Level::Container;
    for item in &mut items {
        item.attributes.parent = Some(ItemRef { source: Some("109".into()), key: None });
    }
    items.push(epic);
    let town = Town::new(items).await;
    let gauge = town.gauge(parse(&after(), "after.toml"));
    let demo = |day: &str, epics: &[&str], items: &[&str]| NewIntegration {
        name: format!("Demo of {day}"),
        at: Some(at(day).to_string()),
        epics: epics.iter().map(|key| (*key).to_owned()).collect(),
        items: items.iter().map(|key| (*key).to_owned()).collect(),
        supersedes: None,
    };
    for (new, told) in [
        (demo("03-02", &[], &[]), "name at least one epic or item"),
        (demo("03-02", &["PAY-99"], &[]), "no epic `PAY-99` is known"),
        (demo("03-02", &[], &["PAY-9"]), "an epic goes under epics"),
        (demo("04-02", &["PAY-9"], &[]), "lies in the future"),
        (NewIntegration { name: " ".into(), ..demo("03-02", &["PAY-9"], &[]) }, "name: is empty"),
    ] {
        let refused = gauge.integrate(new).await;
        assert!(
            matches!(refused, Err(RecordError::Wrong(ref why)) if why.contains(told)),
            "{told}"
        );
    }
    // PAY-1 was done on 23 February and PAY-2 on 5 March; between 6 and 10 March nothing was.
    let first = gauge.integrate(demo("03-02", &["PAY-9"], &[])).await.unwrap();
    assert_eq!(first.id, "I-1");
    gauge.integrate(demo("03-06", &["PAY-9"], &[])).await.unwrap();
    gauge.integrate(demo("03-10", &["PAY-9"], &["PAY-4"])).await.unwrap();
    assert_eq!(held(&gauge).await, ["PAY-1", "PAY-1 PAY-2", "PAY-4"]);
    // A correction takes the place of what it corrects.
    let mended =
        NewIntegration { supersedes: Some("I-1".into()), ..demo("02-24", &[], &["PAY-1"]) };
    gauge.integrate(mended).await.unwrap();
    assert_eq!(held(&gauge).await, ["PAY-1", "PAY-1 PAY-2", "PAY-4"]);
    let world = gauge.world(None).await.unwrap();
    assert_eq!(world.dataset.integrations[0].at, at("02-24"));
    assert_eq!(world.dataset.integrations[0].name, "Demo of 02-24");
}
