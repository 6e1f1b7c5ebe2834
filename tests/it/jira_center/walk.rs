//! Both walks: complete whatever the server's limits, and without one offset.

use std::collections::BTreeSet;

use super::*;

#[tokio::test]
async fn a_first_walk_lists_every_issue_of_its_project_and_no_stamps() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 2_345);
    rig.create(BOOK, 3);
    let (pages, stamps) = rig.walk("PAY", None).await.unwrap();
    assert_eq!((pages, ids(&stamps)), (3, all), "1,000 rows a page, the first repeats the last");
    assert!(stamps.iter().all(|stamp| stamp.updated_at.is_none()), "keys are in no order of time");
}

#[tokio::test]
async fn a_server_may_give_fewer_rows_than_asked_for() {
    let rig = Rig::start(Server { max_results: 50, ..Server::default() }).await;
    let all = rig.create(PAY, 333);
    let (pages, stamps) = rig.walk("PAY", None).await.unwrap();
    assert_eq!((pages, ids(&stamps)), (7, all));
}

#[tokio::test]
async fn changes_come_oldest_first_over_many_pages() {
    let rig = Rig::start(Server { max_results: 40, ..Server::default() }).await;
    let mut all = Vec::new();
    for _ in 0..150 {
        all.extend(rig.create(PAY, 1));
        rig.minutes(1);
    }
    let since = Timestamp::parse(NOW).unwrap().plus_millis(20 * 60_000);
    let (pages, stamps) = rig.walk("PAY", Some(since)).await.unwrap();
    let listed: BTreeSet<u64> = ids(&stamps).into_iter().collect();
    assert!(all[20..].iter().all(|id| listed.contains(id)), "everything since then");
    assert!(listed.len() <= 133, "and little more: {}", listed.len());
    assert!(stamps.is_sorted_by_key(|stamp| stamp.updated_at), "oldest first");
    assert!((4..8).contains(&pages), "{pages} pages");
    assert_eq!(rig.failures(), 0);
}

/// Between two pages minutes pass, so that a bound in relative minutes moves under the walk.
#[tokio::test]
async fn a_slow_walk_loses_nothing() {
    let rig = Rig::start(Server { max_results: 10, ..Server::default() }).await;
    let all: Vec<u64> = (0..60)
        .flat_map(|_| {
            rig.clock.advance(std::time::Duration::from_secs(17));
            rig.create(PAY, 1)
        })
        .collect();
    let since = Timestamp::parse(NOW).unwrap();
    let clock = rig.tracker.probe().await.unwrap().clock;
    let (mut listed, mut token) = (BTreeSet::new(), None::<String>);
    loop {
        let scan = ScanId("PAY".into());
        let page = rig.tracker.discover(&scan, Some(since), clock, token.as_deref()).await.unwrap();
        listed.extend(ids(&page.stamps));
        rig.clock.advance(std::time::Duration::from_secs(95));
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(listed, all.into_iter().collect());
}

/// The search platform of Jira 11 gives 10,000 rows of a query; here 100, of an edit of 730 issues
/// in one instant.
#[tokio::test]
async fn a_bulk_edit_larger_than_the_window_is_complete() {
    let server = Server { window: Some(100), max_results: 60, ..Server::eleven() };
    let rig = Rig::start(server).await;
    let quiet = rig.create(PAY, 90);
    let all = rig.create(PAY, 730);
    rig.minutes(600);
    let since = rig.clock.now();
    rig.minutes(1);
    rig.edit(quiet[0], &Edit::Flagged(true));
    rig.minutes(5);
    rig.site().bulk_edit(&all, &Edit::Labels(vec!["q3".into()])).unwrap();
    rig.minutes(5);
    rig.edit(quiet[1], &Edit::Flagged(true));
    let (pages, stamps) = rig.walk("PAY", Some(since)).await.unwrap();
    let mut expected = all;
    expected.extend(&quiet[..2]);
    expected.sort_unstable();
    let listed: BTreeSet<u64> = ids(&stamps).into_iter().collect();
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), expected);
    assert!(stamps.is_sorted_by_key(|stamp| stamp.updated_at), "oldest first, even then");
    assert_eq!(rig.failures(), 0, "no request reaches behind the window");
    println!("a bulk edit of 730 issues at 60 rows a page: {pages} pages");
}

#[tokio::test]
async fn a_walk_whose_next_page_begins_at_a_lost_issue_starts_again() {
    for moved in [true, false] {
        let rig = Rig::start(Server { max_results: 10, ..Server::default() }).await;
        let all = rig.create(PAY, 30);
        let scan = ScanId("PAY".into());
        let clock = rig.tracker.probe().await.unwrap().clock;
        let page = rig.tracker.discover(&scan, None, clock, None).await.unwrap();
        if moved {
            rig.site().move_to_project(all[9], BOOK, None).unwrap();
        } else {
            rig.site().delete_issue(all[9]).unwrap();
        }
        let next = page.next.unwrap();
        let error = rig.tracker.discover(&scan, None, clock, Some(&next)).await.unwrap_err();
        assert!(matches!(error, TrackerError::BadToken(_)), "moved {moved}: {error}");
    }
}

#[tokio::test]
async fn a_comparison_of_ids_means_keys_of_one_project() {
    // What makes `id > n` useless for walks over several projects; the server under test agrees.
    let rig = Rig::start(Server::default()).await;
    let pay = rig.create(PAY, 3);
    let book = rig.create(BOOK, 3);
    let ask = async |jql: String| {
        let body = serde_json::json!({"jql": jql, "fields": ["updated"]}).to_string();
        let mut request = http::Request::post(format!("{}/rest/api/2/search", rig.running.url))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json")
            .body(bytes::Bytes::from(body))
            .unwrap();
        *request.version_mut() = http::Version::HTTP_11;
        let answer = rig.transport.ask(request, streamgauge::transport::usual_pace).await.unwrap();
        let page: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        page["issues"].as_array().map(|rows| {
            let id = |row: &serde_json::Value| row["id"].as_str().unwrap().parse().unwrap();
            let mut ids: Vec<u64> = rows.iter().map(id).collect();
            ids.sort_unstable();
            ids
        })
    };
    assert_eq!(ask(format!("id > {}", pay[0])).await.unwrap(), pay[1..], "not {book:?}");
    assert_eq!(ask("id > 99999".into()).await, None, "an unknown id fails the query");
}
