//! Standing, roll, fate and inventory.

use streamgauge::model::Level;
use streamgauge::trackers::{Fate, Standing};

use super::*;

#[tokio::test]
async fn a_project_is_live_archived_or_hidden() {
    let rig = Rig::start(Server::default()).await;
    rig.server(|server| server.archived_projects.extend(["BOOK".into()]));
    assert_eq!(rig.tracker.projects(), ["BOOK", "PAY"]);
    assert_eq!(rig.tracker.standing("PAY").await.unwrap(), Standing::Live);
    assert_eq!(rig.tracker.standing("BOOK").await.unwrap(), Standing::Archived);
    assert_eq!(rig.tracker.standing("GONE").await.unwrap(), Standing::Hidden);
}

#[tokio::test]
async fn a_roll_lists_every_id_of_one_project() {
    let rig = Rig::start(Server { max_results: 30, window: Some(100), ..Server::eleven() }).await;
    let all = rig.create(PAY, 250);
    rig.create(BOOK, 5);
    let (mut listed, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = rig.tracker.roll("PAY", token.as_deref()).await.unwrap();
        listed.extend(page.sources.iter().map(|id| id.parse::<u64>().unwrap()));
        // People go on working.
        rig.edit(all[3], &Edit::Flagged(token.is_none()));
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(listed, all);
    assert_eq!(rig.failures(), 0);
}

#[tokio::test]
async fn one_read_tells_where_an_issue_went() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 4);
    rig.site().move_to_project(all[1], BOOK, None).unwrap();
    rig.site().delete_issue(all[2]).unwrap();
    rig.server(|server| server.archived_issues.extend([all[3]]));
    let fate = async |id: u64, key: &str| rig.tracker.fate(&id.to_string(), key).await.unwrap();
    let here = |key: &str, project: &str| Fate::Here { key: key.into(), project: project.into() };
    assert_eq!(fate(all[0], "PAY-1").await, here("PAY-1", "PAY"));
    assert_eq!(fate(all[1], "PAY-2").await, here("BOOK-1", "BOOK"));
    assert_eq!(fate(all[2], "PAY-3").await, Fate::Absent);
    assert_eq!(fate(all[3], "PAY-4").await, Fate::Archived);
}

#[tokio::test]
async fn the_inventory_tells_what_exists() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 6);
    rig.edit(all[0], &Edit::Type(EPIC));
    rig.edit(all[1], &Edit::Type(EPIC));
    rig.edit(all[1], &Edit::Status(DONE));
    rig.edit(all[2], &Edit::Team(Some("8".into())));
    let inventory = rig.tracker.inventory(&["PAY".to_owned(), "GONE".to_owned()]).await.unwrap();
    let [gone, pay] = inventory.projects.as_slice() else { panic!("{inventory:?}") };
    assert_eq!((gone.key.as_str(), gone.standing), ("GONE", Standing::Hidden));
    assert_eq!((pay.key.as_str(), pay.name.as_str(), pay.items), ("PAY", "Payments", Some(6)));
    let statuses: Vec<_> =
        pay.statuses.iter().map(|s| (s.status.name.as_str(), s.category.as_str())).collect();
    assert!(statuses.contains(&("In Progress", "indeterminate")), "{statuses:?}");
    let level = |name: &str| pay.types.iter().find(|kind| kind.name == name).unwrap().level;
    assert_eq!(
        (level("Epic"), level("Story"), level("Sub-task")),
        (Level::Container, Level::Standard, Level::SubTask)
    );
    assert_eq!(pay.components, ["API", "Ledger"]);
    assert_eq!(pay.teams.iter().map(|team| team.name.as_str()).collect::<Vec<_>>(), ["Heron"]);
    let epics: Vec<_> = pay.epics.iter().map(|e| (e.key.as_str(), e.status.as_str())).collect();
    assert_eq!(epics, [("PAY-1", "To Do")], "not the one that is done");
    assert_eq!(pay.epics[0].title.as_deref(), Some("Issue 0"));
    assert_eq!(inventory.link_types, ["Blocks"]);
    assert_eq!(inventory.team_field.as_deref(), Some("Team"));
    assert_eq!(inventory.boards[0].name, "PAY board");
    assert!(inventory.boards[0].statuses.contains(&"In Progress".to_owned()));
    assert_eq!(inventory.notes, Vec::<String>::new());
    assert_eq!(rig.tracker.inventory(&[]).await.unwrap().projects.len(), 2);
}
