//! Edits, history in bulk, and people.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use streamgauge::sim::jira::Edit;
use streamgauge::sim::people::MARK;

use super::{BLOCKS, BOOK, DONE, IN_PROGRESS, Jira, PAY};

/// History ids per issue over all pages, and the number of pages.
fn histories(jira: &mut Jira, ids: &[u64], size: usize) -> (BTreeMap<u64, Vec<u64>>, usize) {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    let mut body = json!({"issueIdsOrKeys": ids, "maxResults": size});
    let (mut found, mut pages): (BTreeMap<u64, Vec<u64>>, usize) = (BTreeMap::new(), 0);
    loop {
        let (status, page) = jira.post("/rest/api/3/changelog/bulkfetch", &body);
        assert_eq!(status, 200, "{page}");
        pages += 1;
        for log in page["issueChangeLogs"].as_array().unwrap() {
            let issue: u64 = log["issueId"].as_str().unwrap().parse().unwrap();
            let entries = log["changeHistories"].as_array().unwrap().iter();
            let ids = entries.map(|entry| entry["id"].as_str().unwrap().parse::<u64>().unwrap());
            found.entry(issue).or_default().extend(ids);
        }
        match page.get("nextPageToken") {
            Some(token) => body["nextPageToken"] = token.clone(),
            None => return (found, pages),
        }
    }
}

#[test]
fn one_issues_history_is_spread_over_pages() {
    let mut jira = Jira::with_stories(3);
    for status in [IN_PROGRESS, DONE, IN_PROGRESS, DONE] {
        for id in [1, 2] {
            jira.tick(1);
            jira.site.transition(id, status).unwrap();
        }
    }
    let (found, pages) = histories(&mut jira, &[1, 2, 3], 3);
    let truth = jira.site.dump();
    assert_eq!(
        (found[&1].clone(), found[&2].clone()),
        (truth[&1].histories.clone(), truth[&2].histories.clone())
    );
    assert!(!found.contains_key(&3), "an issue without history is not listed");
    assert_eq!(pages, 3);
    let (all, pages) = histories(&mut jira, &[1, 2, 3], 1000);
    assert_eq!((all, pages), (found, 1));
}

#[test]
fn a_bulk_edit_leaves_one_instant() {
    let mut jira = Jira::with_stories(5);
    jira.tick(5);
    jira.site.bulk_edit(&[1, 2, 3, 4, 5], &Edit::Labels(vec!["sale".into()])).unwrap();
    let truth = jira.site.dump();
    assert!(truth.values().all(|issue| issue.updated == truth[&1].updated));
    let (found, _) = histories(&mut jira, &[1, 2, 3, 4, 5], 2);
    assert_eq!(found.values().map(Vec::len).sum::<usize>(), 5);
}

#[test]
fn a_moved_issue_keeps_its_id_and_its_old_key_resolves() {
    let mut jira = Jira::with_stories(2);
    jira.site.link(2, BLOCKS, 1).unwrap();
    let entries = jira.site.dump()[&1].histories.len();
    let key = jira.site.move_to_project(1, BOOK, Some(IN_PROGRESS)).unwrap();
    assert_eq!(key, "BOOK-1");
    let body = json!({"issueIdsOrKeys": ["pay-1"], "fields": ["project", "status"]});
    let (_, bulk) = jira.post("/rest/api/3/issue/bulkfetch", &body);
    let issue = &bulk["issues"][0];
    assert_eq!((&issue["id"], &issue["key"]), (&json!("1"), &json!("BOOK-1")));
    assert_eq!(issue["fields"]["status"]["id"], IN_PROGRESS.to_string());
    let (_, log) = jira.get("/rest/api/3/issue/1/changelog");
    let moved = log["values"][entries]["items"].as_array().unwrap();
    assert!(moved.iter().all(|item| item["field"] != "status"), "the workflow moved it silently");
    let (_, page) = jira.search("project = PAY", json!({"fields": ["key"]}));
    assert_eq!(page["issues"].as_array().unwrap().len(), 1);
    let (_, other) = jira.get("/rest/api/3/issue/2?fields=issuelinks");
    assert_eq!(other["fields"]["issuelinks"][0]["outwardIssue"]["key"], "BOOK-1");
}

#[test]
fn a_deleted_issue_leaves_without_a_trace() {
    let mut jira = Jira::with_stories(3);
    jira.site.link(1, BLOCKS, 2).unwrap();
    jira.site.edit(3, &Edit::Parent(Some(1))).unwrap();
    let updated = jira.site.dump()[&2].updated;
    jira.tick(60);
    jira.site.delete_issue(1).unwrap();
    assert_eq!(jira.get("/rest/api/3/issue/1").0, 404);
    let (_, page) = jira.search("project = PAY", json!({"fields": ["issuelinks", "parent"]}));
    assert_eq!(page["issues"].as_array().unwrap().len(), 2);
    assert!(!page.to_string().contains("PAY-1\""), "{page}");
    assert_eq!(jira.site.dump()[&2].updated, updated);
}

#[test]
fn links_show_their_direction_from_both_ends() {
    let mut jira = Jira::with_stories(2);
    jira.tick(1);
    let link = jira.site.link(1, BLOCKS, 2).unwrap();
    let (_, page) =
        jira.search("project = PAY ORDER BY key ASC", json!({"fields": ["issuelinks"]}));
    let first = &page["issues"][0]["fields"]["issuelinks"][0];
    let second = &page["issues"][1]["fields"]["issuelinks"][0];
    assert_eq!(first["outwardIssue"]["key"], "PAY-2");
    assert_eq!(second["inwardIssue"]["key"], "PAY-1");
    assert!(first.get("inwardIssue").is_none());
    let (_, log) = jira.get("/rest/api/3/issue/2/changelog");
    let item = &log["values"][0]["items"][0];
    assert_eq!(item["toString"], "This issue is blocked by PAY-1");
    assert!(item.get("fieldId").is_none());
    jira.site.unlink(link).unwrap();
    let (_, one) = jira.get("/rest/api/3/issue/2?fields=issuelinks");
    assert_eq!(one["fields"]["issuelinks"], json!([]));
    assert!(jira.site.unlink(link).is_err());
}

#[test]
fn embedded_changelogs_are_cut_and_newest_first() {
    let mut jira = Jira::with_stories(1);
    for n in 0..110 {
        jira.tick(1);
        jira.site.edit(1, &Edit::Summary(format!("Summary {n}"))).unwrap();
    }
    let shown = |issue: &Value| issue["changelog"]["histories"].as_array().unwrap().len();
    let body = json!({"issueIdsOrKeys": ["1"], "fields": ["status"], "expand": ["changelog"]});
    let (_, bulk) = jira.post("/rest/api/3/issue/bulkfetch", &body);
    assert_eq!(shown(&bulk["issues"][0]), 40);
    let (_, one) = jira.get("/rest/api/3/issue/1?expand=changelog&fields=status");
    assert_eq!(shown(&one), 100);
    assert_eq!(one["changelog"]["histories"][0]["id"], "110");
    assert_eq!(histories(&mut jira, &[1], 1000).0[&1].len(), 110);
}

#[test]
fn people_are_canaries_and_appear_only_where_asked_for() {
    let mut jira = Jira::with_stories(1);
    jira.site.transition(1, IN_PROGRESS).unwrap();
    let lean = json!({"issueIdsOrKeys": ["1"], "fields": ["status", "issuelinks", "project"]});
    let (_, lean) = jira.post("/rest/api/3/issue/bulkfetch", &lean);
    assert!(!lean.to_string().contains(MARK), "{lean}");
    let (_, whole) = jira.get("/rest/api/3/issue/1");
    for role in ["assignee", "reporter", "creator", "commenter", "worklogger", "mentioned"] {
        assert!(whole.to_string().contains(&format!("{MARK}-jira-{role}-01")), "{role}");
    }
    let (_, log) = jira.get("/rest/api/3/issue/1/changelog");
    let entry = &log["values"][0];
    assert!(entry["author"]["emailAddress"].as_str().unwrap().contains(MARK));
    let assignment = &entry["items"][1];
    assert_eq!(assignment["field"], "assignee");
    for side in ["to", "toString", "tmpToAccountId"] {
        assert!(assignment[side].as_str().unwrap().contains(MARK), "{side}");
    }
    let canaries = jira.site.people().canaries();
    assert!(canaries.contains(&entry["author"]["displayName"].as_str().unwrap().to_owned()));
    assert!(canaries.iter().all(|canary| canary.contains(MARK)));
}

#[test]
fn edits_of_what_does_not_exist_are_refused() {
    let mut jira = Jira::with_stories(1);
    let error = jira.site.transition(1, 99).unwrap_err();
    assert_eq!(error.to_string(), "there is no status 99 on the simulated site");
    assert!(jira.site.transition(99, DONE).is_err());
    assert!(jira.site.edit(1, &Edit::Components(vec![PAY])).is_err());
    assert!(jira.site.dump()[&1].histories.is_empty());
}
