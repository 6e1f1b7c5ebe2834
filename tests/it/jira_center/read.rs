//! Reading by id: whole histories, whatever the index knows.

use std::time::Duration;

use streamgauge::model::{Item, Level, Relation, What};

use super::*;

async fn read(rig: &Rig, ids: &[u64]) -> streamgauge::trackers::ReadOut {
    let sources: Vec<String> = ids.iter().map(u64::to_string).collect();
    rig.tracker.read(&sources).await.unwrap()
}

fn item(out: &streamgauge::trackers::ReadOut, id: u64) -> &Item {
    out.items.iter().find(|item| item.id.source == id.to_string()).unwrap()
}

#[tokio::test]
async fn a_hundred_issues_with_their_histories_come_in_one_request() {
    for (cap, requests) in [(1_000, 3), (30, 10)] {
        let rig = Rig::start(Server { max_results: cap, ..Server::default() }).await;
        let all = rig.create(PAY, 250);
        for id in &all {
            rig.edit(*id, &Edit::Status(DOING));
            rig.edit(*id, &Edit::Labels(vec!["a".into(), "b".into()]));
        }
        rig.minutes(5);
        read(&rig, &all[..3]).await;
        let before = rig.site().log.of("POST /search");
        let out = read(&rig, &all).await;
        assert_eq!(out.items.len(), 250);
        assert_eq!(rig.site().log.of("POST /search") - before, requests, "cap {cap}");
        assert_eq!(rig.site().log.of("GET /issue/{id}"), 0);
        assert!(out.gaps.is_empty() && out.absent.is_empty(), "{:?}", out.gaps);
        for item in &out.items {
            assert!(item.history_complete && item.history.len() == 2, "{:?}", item.history);
            assert_eq!(item.attributes.labels, ["a", "b"]);
        }
    }
}

#[tokio::test]
async fn what_the_index_does_not_know_yet_is_read_from_the_database() {
    let rig = Rig::start(Server::default()).await;
    let old = rig.create(PAY, 10);
    rig.minutes(5);
    rig.site().index_lag.least = Duration::from_secs(3_600);
    let new = rig.create(PAY, 1);
    rig.edit(old[0], &Edit::Status(DOING));
    rig.edit(old[1], &Edit::Summary("renamed".into()));
    let mut all = old.clone();
    all.extend(&new);
    let out = read(&rig, &all).await;
    assert_eq!(out.items.len(), 11);
    assert_eq!(item(&out, old[0]).attributes.status.id, DOING.to_string(), "not the index's word");
    assert_eq!(item(&out, old[1]).attributes.title.as_deref(), Some("renamed"));
    assert_eq!(rig.site().log.of("GET /issue/{id}"), 3);
}

#[tokio::test]
async fn a_deleted_issue_is_absent_even_while_the_index_shows_it() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 10);
    rig.site().index_lag.least = Duration::from_secs(3_600);
    rig.site().delete_issue(all[4]).unwrap();
    let out = read(&rig, &all).await;
    assert_eq!((out.items.len(), out.absent), (9, vec![all[4].to_string()]));
}

#[tokio::test]
async fn a_history_that_the_server_cuts_short_is_a_gap() {
    let rig = Rig::start(Server { histories: Some(1), ..Server::default() }).await;
    let all = rig.create(PAY, 4);
    for status in [DOING, DONE, DOING] {
        rig.edit(all[0], &Edit::Status(status));
    }
    let out = read(&rig, &all).await;
    assert!(!item(&out, all[0]).history_complete && item(&out, all[1]).history_complete);
    let [gap] = out.gaps.as_slice() else { panic!("{:?}", out.gaps) };
    assert_eq!(
        (gap.reason.as_str(), gap.source.clone()),
        ("history-truncated", Some(all[0].to_string()))
    );
    assert_eq!(gap.detail, "Jira left out 2 entries of the history");
}

#[tokio::test]
async fn the_hierarchy_is_found_without_levels_of_types() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 4);
    let [initiative, epic, story, task] = all[..] else { panic!() };
    for (id, kind) in [(initiative, INITIATIVE), (epic, EPIC), (task, SUB_TASK)] {
        rig.edit(id, &Edit::Type(kind));
    }
    for (id, parent) in [(epic, initiative), (story, epic), (task, story)] {
        rig.edit(id, &Edit::Parent(Some(parent)));
    }
    let out = read(&rig, &all).await;
    let level = |id| item(&out, id).attributes.level;
    assert_eq!(
        (level(epic), level(story), level(task)),
        (Level::Container, Level::Standard, Level::SubTask)
    );
    let site = rig.site();
    for (id, parent) in [(epic, initiative), (story, epic), (task, story)] {
        let found = item(&out, id);
        let key = found.attributes.parent.as_ref().unwrap().key.clone();
        assert_eq!(key.as_deref(), Some(site.issue(parent).unwrap().key.as_str()));
        let told = found.history.iter().any(|change| {
            matches!(&change.what, What::Parent { to: Some(to), .. } if to.source == Some(parent.to_string()))
        });
        assert!(told, "{:?}", found.history);
    }
}

#[tokio::test]
async fn teams_flags_and_links_are_matched_by_name() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 4);
    rig.edit(all[0], &Edit::Team(Some("7".into())));
    rig.edit(all[0], &Edit::Flagged(true));
    rig.edit(all[0], &Edit::Components(vec![1]));
    rig.edit(all[0], &Edit::FixVersions(vec![7]));
    rig.site().link(all[1], BLOCKS, all[0]).unwrap();
    let out = read(&rig, &all).await;
    let own = &item(&out, all[0]).attributes;
    assert_eq!(own.team.as_ref().unwrap().name, "Tern");
    assert!(own.flagged);
    assert_eq!(own.links[0].relation, Relation::BlockedBy);
    let whats: Vec<&What> = item(&out, all[0]).history.iter().map(|change| &change.what).collect();
    assert!(matches!(whats[0], What::Team { to: Some(team), .. } if team.id == "7"), "{whats:?}");
    assert!(matches!(whats[1], What::Flagged { on: true }));
    assert!(matches!(whats[2], What::Components { .. }));
    assert!(matches!(whats[3], What::Release { added: true, .. }));
    assert!(matches!(whats[4], What::Link { relation: Relation::BlockedBy, added: true, .. }));
}

#[tokio::test]
async fn what_moved_to_another_project_or_lies_in_the_archive_is_not_given() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 6);
    let else_where = ProjectRecord { id: 10_009, key: "ELSE".into(), name: "Elsewhere".into() };
    rig.site().add(Record::Project(else_where));
    for id in [all[0], all[1]] {
        rig.site().move_to_project(id, 10_009, None).unwrap();
    }
    rig.server(|server| server.archived_issues.extend([all[2]]));
    // By a search of many, and one by one.
    for asked in [all.as_slice(), &all[1..3]] {
        let sources: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let out = rig.tracker.read(&sources).await.unwrap();
        let absent: std::collections::BTreeSet<&str> =
            out.absent.iter().map(String::as_str).collect();
        let gone = asked.iter().filter(|id| all[..3].contains(id)).map(ToString::to_string);
        assert_eq!(absent, gone.collect::<Vec<_>>().iter().map(String::as_str).collect());
        assert_eq!(out.items.len(), asked.len() - absent.len());
    }
}

#[tokio::test]
async fn an_issue_that_moved_is_found_by_its_id() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 3);
    rig.site().move_to_project(all[1], BOOK, None).unwrap();
    let out = read(&rig, &all).await;
    assert_eq!(item(&out, all[1]).attributes.key, "BOOK-1");
    let moved = &item(&out, all[1]).history[0].what;
    assert!(
        matches!(moved, What::Project { from: Some(from), to: Some(to) } if from == "PAY" && to == "BOOK"),
        "{moved:?}"
    );
}

#[tokio::test]
async fn no_person_plan_or_text_is_asked_for() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 5);
    all.iter().for_each(|id| rig.edit(*id, &Edit::Status(DOING)));
    let out = read(&rig, &all).await;
    let told = format!("{out:?}");
    let people = rig.site().people().canaries();
    assert!(!people.is_empty(), "the payloads named people");
    assert!(people.iter().all(|person| !told.contains(person)), "{told}");
}
