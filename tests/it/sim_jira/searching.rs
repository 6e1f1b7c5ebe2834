//! Search: pages, order, tokens, and an index that lags.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use streamgauge::sim::jira::{Edit, IndexLag};

use super::{DONE, IN_PROGRESS, Jira, sentence};

const BY_UPDATED: &str = "project = PAY ORDER BY updated ASC, key ASC";

fn ids(page: &Value) -> Vec<&str> {
    page["issues"].as_array().unwrap().iter().map(|issue| issue["id"].as_str().unwrap()).collect()
}

#[test]
fn by_default_a_row_is_its_id() {
    let mut jira = Jira::with_stories(1);
    let (_, page) = jira.search(BY_UPDATED, json!({}));
    assert_eq!(page["issues"], json!([{"id": "1"}]));
    assert_eq!(page["isLast"], true);
}

#[test]
fn pages_are_long_only_for_ids_and_keys() {
    let mut jira = Jira::with_stories(150);
    for (fields, expected) in [(json!(["id", "key"]), 150), (json!(["updated"]), 100)] {
        let (_, page) = jira.search(BY_UPDATED, json!({"fields": fields, "maxResults": 5000}));
        assert_eq!(ids(&page).len(), expected);
        assert_eq!(page.get("nextPageToken").is_some(), expected < 150);
    }
    let (_, page) = jira.search(BY_UPDATED, json!({}));
    assert_eq!(ids(&page).len(), 50);
}

#[test]
fn every_order_walks_through_all_pages_once() {
    let mut jira = Jira::with_stories(23);
    let all: Vec<u64> = jira.site.dump().into_keys().collect();
    jira.site.bulk_edit(&all[3..9], &Edit::Status(DONE)).unwrap();
    for order in [
        "",
        "ORDER BY updated ASC, key ASC",
        "ORDER BY created DESC",
        "ORDER BY key ASC",
        "ORDER BY updated DESC",
    ] {
        let walked =
            jira.walk(&json!({"jql": format!("project = PAY {order}"), "maxResults": 4}), |_| ());
        assert_eq!(walked.len(), 23, "{order}");
        assert_eq!(walked.iter().collect::<BTreeSet<_>>().len(), 23, "{order}");
    }
    let walked =
        jira.walk(&json!({"jql": "project = PAY ORDER BY key ASC", "maxResults": 10}), |_| ());
    assert_eq!(walked[..3], ["1", "2", "3"], "numbers, not text: PAY-2 is before PAY-10");
}

#[test]
fn an_edit_between_pages_moves_the_issue_to_the_end() {
    let mut jira = Jira::with_stories(10);
    let mut edited = false;
    let walked = jira.walk(&json!({"jql": BY_UPDATED, "maxResults": 4}), |jira| {
        if !edited {
            jira.tick(1);
            jira.site.transition(6, IN_PROGRESS).unwrap();
            jira.site.transition(2, IN_PROGRESS).unwrap();
            edited = true;
        }
    });
    let expected = ["1", "2", "3", "4", "5", "7", "8", "9", "10", "2", "6"];
    assert_eq!(walked, expected, "2 is read again, 6 moves, nothing is skipped");
}

proptest::proptest! {
    /// Whatever is edited between pages, the ascending walk sees every issue at least once.
    #[test]
    fn the_ascending_walk_misses_nothing(
        edits in proptest::collection::vec((1_u64..=20, 0_u64..3), 0..25),
        size in 1_usize..8,
    ) {
        let mut jira = Jira::with_stories(20);
        let mut edits = edits.into_iter();
        let body = json!({"jql": BY_UPDATED, "maxResults": size});
        let walked = jira.walk(&body, |jira| {
            for (id, seconds) in edits.by_ref().take(2) {
                jira.tick(seconds);
                jira.site.transition(id, IN_PROGRESS).unwrap();
            }
        });
        proptest::prop_assert_eq!(walked.iter().collect::<BTreeSet<_>>().len(), 20);
    }
}

#[test]
fn descending_order_can_miss_what_is_edited_during_the_walk() {
    let mut jira = Jira::with_stories(6);
    let body = json!({"jql": "project = PAY ORDER BY updated DESC", "maxResults": 3});
    let walked = jira.walk(&body, |jira| {
        jira.tick(1);
        jira.site.transition(2, DONE).unwrap();
    });
    assert_eq!(walked, ["6", "5", "4", "3", "1"]);
}

#[test]
fn time_limits_are_exact_in_milliseconds_and_relative_in_minutes() {
    let mut jira = Jira::with_stories(3);
    let third = jira.site.issue(3).unwrap().updated.millis();
    let (_, page) = jira.search(&format!("updated >= {third}"), json!({}));
    assert_eq!(ids(&page), ["3"]);
    let (_, page) = jira.search(&format!("updated >= \"{third}\""), json!({}));
    assert!(ids(&page).is_empty(), "quoted, it is a period in minutes");
    jira.tick(3600);
    jira.site.transition(1, DONE).unwrap();
    let (_, page) = jira.search("project = PAY AND updated >= -15m", json!({}));
    assert_eq!(ids(&page), ["1"]);
    jira.site.zone = chrono_tz::Asia::Shanghai;
    let (_, page) = jira.search("updated >= \"2026-06-15 15:00\"", json!({}));
    assert_eq!(ids(&page), ["1"], "06:00 UTC is 14:00 for the caller");
    let (_, page) = jira.search("id = 1", json!({"fields": ["updated"]}));
    assert_eq!(page["issues"][0]["fields"]["updated"], "2026-06-15T15:00:03.000+0800");
}

#[test]
fn tokens_belong_to_their_query_and_grow_old() {
    let mut jira = Jira::with_stories(5);
    let (_, page) = jira.search(BY_UPDATED, json!({"maxResults": 2}));
    let token = page["nextPageToken"].clone();
    let next = json!({"maxResults": 2, "nextPageToken": token});
    let (_, first) = jira.search(BY_UPDATED, next.clone());
    let (_, again) = jira.search(BY_UPDATED, next.clone());
    assert_eq!(first, again, "a token can be used again");
    let (status, body) = jira.search("project = BOOK ORDER BY updated ASC, key ASC", next.clone());
    assert_eq!(status, 400, "{body}");
    jira.tick(8 * 86_400);
    let (status, body) = jira.search(BY_UPDATED, next);
    assert_eq!(status, 400);
    assert!(sentence(&body).contains("expired"));
}

#[test]
fn the_index_lags_and_reconciling_mends_it() {
    let mut jira = Jira::with_stories(2);
    jira.site.index_lag = IndexLag { least: Duration::from_secs(60), ..IndexLag::default() };
    jira.tick(10);
    jira.site.transition(1, DONE).unwrap();
    let fields = json!({"fields": ["status"]});
    let status = |page: &Value| page["issues"][0]["fields"]["status"]["name"].clone();
    let (_, stale) = jira.search("id = 1", fields.clone());
    assert_eq!(status(&stale), "To Do");
    let (_, one) = jira.get("/rest/api/3/issue/1?fields=status");
    assert_eq!(one["fields"]["status"]["name"], "Done", "reading by id never lags");
    let (_, fresh) = jira.search("id = 1", json!({"fields": ["status"], "reconcileIssues": [1]}));
    assert_eq!(status(&fresh), "Done");
    let created = jira.story();
    let jql = "project = PAY AND updated >= -1m ORDER BY updated ASC, key ASC";
    let (_, page) = jira.search(jql, json!({}));
    assert!(!ids(&page).contains(&created.to_string().as_str()));
    jira.tick(60);
    let (_, page) = jira.search("project = PAY", json!({}));
    assert!(ids(&page).contains(&created.to_string().as_str()));
}

#[test]
fn edits_can_become_visible_out_of_order() {
    let mut jira = Jira::with_stories(40);
    jira.site.index_lag =
        IndexLag { least: Duration::from_secs(1), spread: Duration::from_secs(120) };
    let start = jira.site.issue(40).unwrap().updated.millis() + 1;
    for id in 1..=40 {
        jira.tick(1);
        jira.site.transition(id, DONE).unwrap();
    }
    let jql = format!("updated >= {start} ORDER BY updated ASC, key ASC");
    let (_, early) = jira.search(&jql, json!({"maxResults": 100}));
    let seen: Vec<u64> = ids(&early).iter().map(|id| id.parse().unwrap()).collect();
    let newest = seen.iter().max().copied().unwrap();
    assert!((1..newest).any(|id| !seen.contains(&id)), "a gap behind the newest: {seen:?}");
    jira.tick(121);
    let (_, late) = jira.search(&jql, json!({"maxResults": 100}));
    assert_eq!(ids(&late).len(), 40);
}

#[test]
fn search_by_get_is_the_same() {
    let mut jira = Jira::with_stories(3);
    let (_, posted) =
        jira.search(BY_UPDATED, json!({"fields": ["key", "status"], "maxResults": 2}));
    let path = "/rest/api/3/search/jql?jql=project%20%3D%20PAY+ORDER+BY+updated+ASC%2C+key+ASC\
                &fields=key,status&maxResults=2";
    let (_, got) = jira.get(path);
    assert_eq!(got, posted);
}
