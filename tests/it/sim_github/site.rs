//! Loading, editing and dumping the site.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use streamgauge::clock::Clock;
use streamgauge::sim::github::records::{EventKind, LoadError, Record, load};

use super::{Desk, at, town};

const ANTS: &[u8] = include_bytes!("../payloads/normal/ants.github.jsonl.gz");

#[tokio::test]
async fn a_recorded_site_is_served_whole() {
    let desk = Desk::open(load(ANTS).unwrap()).await;
    let dump = desk.site.dump();
    assert_eq!(dump.values().filter(|truth| truth.pull).count(), 18);
    assert_eq!(dump.len(), 59);
    let merged = dump.values().filter(|truth| truth.state == "MERGED").count();
    assert!(merged > 0);
    let query = include_str!("../schemas/github/queries/issues_page.graphql");
    let variables = json!({"owner": "panjf2000", "name": "ants", "n": 100});
    let answer = desk.graphql(query, variables).await;
    assert_eq!(answer["data"]["repository"]["issues"]["totalCount"], 41);
    super::answers::check_data(query, &answer["data"]);
}

#[test]
fn a_bad_line_is_named() {
    let good = r#"{"t":"repo","id":1,"owner":"o","name":"n","created":"2026-01-01T00:00:00Z"}"#;
    let unknown = r#"{"t":"planet","id":1}"#;
    let text = format!("{good}\n\n{unknown}\n{{\"t\":\"issue\"}}\n");
    let error = load(text.as_bytes()).unwrap_err();
    assert!(matches!(error, LoadError::Line { line: 4, .. }), "{error}");
    assert!(error.to_string().starts_with("line 4 is not a record of the normal form"), "{error}");
    assert_eq!(load(unknown.as_bytes()).unwrap(), [Record::Unknown]);
}

#[test]
fn records_survive_being_written_and_read() {
    let records = town::records();
    let lines: Vec<String> =
        records.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
    assert_eq!(load(lines.join("\n").as_bytes()).unwrap(), records);
}

#[tokio::test]
async fn present_values_are_what_the_history_leaves() {
    let desk = Desk::open(town::records()).await;
    let dump = desk.site.dump();
    let by_number = |number| dump.iter().find(|(_, truth)| truth.number == number).unwrap();
    let (_, main) = by_number(1);
    assert_eq!(main.issue_type.as_deref(), Some("Bug"));
    assert_eq!(main.parent.as_ref(), Some(by_number(3).0));
    assert_eq!(main.blocked_by.iter().collect::<Vec<_>>(), [by_number(2).0]);
    assert_eq!(main.closed_by.iter().collect::<Vec<_>>(), [by_number(4).0]);
    assert_eq!(main.statuses.values().collect::<Vec<_>>(), [&Some("In progress".to_owned())]);
    // The other side of each relation has its own entries.
    assert_eq!(by_number(2).1.events.len(), 3);
    assert_eq!(by_number(3).1.events.len(), 3);
}

#[tokio::test]
async fn edits_stamp_and_record() {
    let desk = Desk::open(town::records()).await;
    let stamp = |id: &str| desk.site.dump()[id].updated_at;
    let id = desk.site.edit(|site| site.create_issue(town::REPO, "New")).unwrap();
    let dump = desk.site.dump();
    let (node, truth) = dump.iter().find(|(_, truth)| truth.title == "New").unwrap();
    assert_eq!((truth.number, truth.state), (6, "OPEN"));

    desk.clock.advance(Duration::from_millis(5_700));
    desk.site.edit(|site| site.set_board_status(id, town::BOARD, Some("Todo"))).unwrap();
    assert_eq!(stamp(node), at("2026-11-20T12:00:00Z"), "a board move is no change of the issue");
    assert_eq!(desk.site.dump()[node].events.len(), 2);
    desk.site.set_status_events(false);
    desk.site.edit(|site| site.set_board_status(id, town::BOARD, Some("Done"))).unwrap();
    let truth = &desk.site.dump()[node];
    assert_eq!(truth.events.len(), 2, "the move left no trace");
    assert!(truth.statuses.values().all(|status| status.as_deref() == Some("Done")));

    let both = desk.site.edit(|site| {
        site.block(id, town::MAIN)?;
        site.set_type(id, Some("Bug"))?;
        site.close(id, "not_planned")
    });
    both.unwrap();
    assert_eq!(stamp(node), at("2026-11-20T12:00:05Z"), "whole seconds");
    let main = desk.site.dump().into_values().find(|truth| truth.number == 1).unwrap();
    assert_eq!(main.updated_at, stamp(node), "edits of one call share their stamp");
    let truth = &desk.site.dump()[node];
    assert_eq!((truth.state, truth.events.len()), ("CLOSED", 5));
    desk.site.edit(|site| site.reopen(id)).unwrap();
    assert_eq!(desk.site.dump()[node].state, "OPEN");
}

#[tokio::test]
async fn merging_closes_what_was_promised() {
    let desk = Desk::open(town::records()).await;
    let done = desk.site.edit(|site| {
        let pull = site.open_pull(town::REPO, "Fix", Some(town::BLOCKER))?;
        site.merge_pull(pull)
    });
    done.unwrap();
    let dump = desk.site.dump();
    let blocker = dump.values().find(|truth| truth.number == 2).unwrap();
    assert_eq!((blocker.state, blocker.closed_at), ("CLOSED", Some(desk.clock.now())));
    assert!(blocker.closed_by.iter().all(|pull| dump[pull].state == "MERGED"));
    assert!(desk.site.edit(|site| site.merge_pull(town::MAIN)).is_err(), "not a pull request");
}

#[tokio::test]
async fn a_transferred_issue_keeps_its_relations_under_a_new_id() {
    let desk = Desk::open(town::records()).await;
    let before = desk.site.dump();
    let new = desk.site.edit(|site| site.transfer(town::MAIN, town::OTHER)).unwrap();
    assert_ne!(new, town::MAIN);
    let after = desk.site.dump();
    let (node, truth) =
        after.iter().find(|(_, truth)| truth.repository == "northwind/ledger").unwrap();
    assert!(!before.contains_key(node));
    assert_eq!(truth.number, 1);
    assert!(truth.parent.is_some() && !truth.blocked_by.is_empty());
    assert_eq!(truth.labels.len(), 0);
    let pull = after.values().find(|truth| truth.pull).unwrap();
    assert_eq!(pull.state, "OPEN");
}

/// Ten thousand issues with timelines, read as a client does. The bound is generous: it is there
/// to notice an answer that costs the square of the site.
#[tokio::test]
async fn a_large_site_is_read_in_seconds() {
    let mut records = town::records();
    for number in 10..10_010_u64 {
        let mut issue = town::issue(1_000 + number, number, "One of many");
        issue.events = (0..20)
            .map(|day| {
                let to = Some(["Todo", "In progress", "Done"][day % 3].to_owned());
                let detail =
                    town::detail(|detail| (detail.board, detail.to) = (Some(town::BOARD), to));
                town::event(EventKind::ProjectV2ItemStatusChanged, day as i64, detail)
            })
            .collect();
        records.push(Record::Issue(Box::new(issue)));
    }
    let begun = Instant::now();
    let desk = Desk::open(records).await;
    let loaded = begun.elapsed();
    let query = include_str!("../schemas/github/queries/issues_page.graphql");
    let (mut after, mut count) = (Value::Null, 0);
    loop {
        let variables = json!({"owner": "northwind", "name": "checkout", "n": 100, "after": after});
        let answer = desk.graphql(query, variables).await;
        let issues = &answer["data"]["repository"]["issues"];
        count += issues["nodes"].as_array().unwrap().len();
        if issues["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = issues["pageInfo"]["endCursor"].clone();
    }
    println!("loaded in {loaded:?}, read after {:?}", begun.elapsed());
    assert_eq!(count, 10_004);
    assert!(begun.elapsed() < Duration::from_secs(60));
}
