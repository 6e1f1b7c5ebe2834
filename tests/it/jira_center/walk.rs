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
    for what in ["moved", "moved and back", "deleted"] {
        let rig = Rig::start(Server { max_results: 10, ..Server::default() }).await;
        let all = rig.create(PAY, 30);
        let scan = ScanId("PAY".into());
        let clock = rig.tracker.probe().await.unwrap().clock;
        let page = rig.tracker.discover(&scan, None, clock, None).await.unwrap();
        if what == "deleted" {
            rig.site().delete_issue(all[9]).unwrap();
        } else {
            rig.site().move_to_project(all[9], BOOK, None).unwrap();
        }
        if what == "moved and back" {
            // Its former key now means the last place, behind twenty issues that were not listed.
            rig.site().move_to_project(all[9], PAY, None).unwrap();
        }
        let next = page.next.unwrap();
        let error = rig.tracker.discover(&scan, None, clock, Some(&next)).await.unwrap_err();
        assert!(matches!(error, TrackerError::BadToken(_)), "{what}: {error}");
    }
}

/// What makes `id > n` useless for a walk over several projects; the simulated server agrees with
/// the real one.
#[tokio::test]
async fn a_comparison_of_ids_means_keys_of_one_project() {
    let rig = Rig::start(Server::default()).await;
    let pay = rig.create(PAY, 3);
    rig.create(BOOK, 3);
    let ask = async |jql: String| rig.search(serde_json::json!({"jql": jql})).await;
    let (status, page) = ask(format!("id > {}", pay[0])).await;
    let rows = page["issues"].as_array().unwrap();
    let mut found: Vec<u64> =
        rows.iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect();
    found.sort_unstable();
    assert_eq!((status, found.as_slice()), (200, &pay[1..]), "and no issue of BOOK");
    assert_eq!(ask("id > 99999".into()).await.0, 400, "an unknown id fails the query");
}

#[tokio::test]
async fn the_simulated_server_refuses_rows_behind_its_window() {
    let rig = Rig::start(Server { window: Some(100), ..Server::eleven() }).await;
    rig.create(PAY, 130);
    let ask = async |start: u64| {
        let jql = "project = PAY";
        rig.search(serde_json::json!({"jql": jql, "startAt": start, "maxResults": 50})).await
    };
    let (status, page) = ask(50).await;
    assert_eq!(
        (status, page["total"].as_u64(), page["maxResultWindow"].as_u64()),
        (200, Some(130), Some(100))
    );
    let (status, refusal) = ask(51).await;
    assert_eq!(status, 500);
    assert!(refusal.to_string().contains("requests 101 results"), "{refusal}");
}
