//! A small site in which every kind of thing occurs once.

use streamgauge::model::Timestamp;
use streamgauge::sim::github::records::{
    BoardRecord, EventDetail, EventKind, EventRecord, IssueRecord, LabelRecord, MilestoneRecord,
    PullRecord, Record, ReleaseRecord, RepoRecord,
};

use super::at;

pub const REPO: u64 = 1;
pub const OTHER: u64 = 2;
pub const BOARD: u64 = 5;
/// The issue with the long history; its number is 1.
pub const MAIN: u64 = 100;
pub const BLOCKER: u64 = 101;
pub const PARENT: u64 = 102;
pub const PULL: u64 = 103;

pub fn records() -> Vec<Record> {
    let created = at("2026-01-01T00:00:00Z");
    let repo = |id, name: &str| {
        let (owner, name) = ("northwind".to_owned(), name.to_owned());
        Record::Repo(RepoRecord { id, owner, name, created, archived: false })
    };
    let label = |id, name: &str| {
        let (name, color) = (name.to_owned(), "d73a4a".to_owned());
        Record::Label(LabelRecord { id, repo: REPO, name, color })
    };
    let mut main = issue(MAIN, 1, "Refunds take a \"week\"");
    main.events = history();
    main.labels = vec![10];
    main.milestone = Some(20);
    main.updated = at("2026-03-01T00:00:00Z");
    let mut pull = issue(PULL, 4, "Pay back at once");
    let (base, closes) = (Some("main".to_owned()), vec![MAIN]);
    pull.pr = Some(PullRecord { merged: None, draft: false, base, closes });
    let mut closed = issue(104, 5, "Won't do");
    closed.closed = Some(at("2026-02-02T00:00:00Z"));
    closed.reason = Some("duplicate".to_owned());
    let duplicate = detail(|d| d.issue = Some(BLOCKER));
    closed.events = vec![
        event(EventKind::MarkedAsDuplicate, 1, duplicate),
        event(EventKind::Closed, 2, detail(|d| d.reason = Some("duplicate".to_owned()))),
    ];
    vec![
        repo(REPO, "checkout"),
        repo(OTHER, "ledger"),
        label(10, "bug"),
        label(11, "help wanted"),
        Record::Milestone(MilestoneRecord {
            id: 20,
            repo: REPO,
            number: 1,
            title: "Spring".to_owned(),
            created,
            updated: None,
            closed: None,
        }),
        Record::Board(BoardRecord {
            id: BOARD,
            owner: "northwind".to_owned(),
            number: 7,
            title: "Roadmap".to_owned(),
            statuses: ["Todo", "In progress", "Done"].map(str::to_owned).to_vec(),
        }),
        Record::Release(ReleaseRecord {
            id: 30,
            repo: REPO,
            tag: "v1.0".to_owned(),
            published: Some(at("2026-02-10T00:00:00Z")),
            prerelease: false,
        }),
        Record::Issue(Box::new(main)),
        Record::Issue(Box::new(issue(BLOCKER, 2, "The bank's interface"))),
        Record::Issue(Box::new(issue(PARENT, 3, "Instant refunds"))),
        Record::Issue(Box::new(pull)),
        Record::Issue(Box::new(closed)),
    ]
}

pub fn issue(id: u64, number: u64, title: &str) -> IssueRecord {
    let created = at("2026-01-02T00:00:00Z").plus_days(i64::try_from(number).unwrap());
    IssueRecord {
        id,
        repo: REPO,
        number,
        title: title.to_owned(),
        created,
        updated: created,
        closed: None,
        reason: None,
        labels: Vec::new(),
        milestone: None,
        comments: 0,
        pr: None,
        events: Vec::new(),
        issue_type: None,
        parent: None,
        blocked_by: None,
        boards: None,
    }
}

pub fn detail(fill: impl FnOnce(&mut EventDetail)) -> EventDetail {
    let mut detail = EventDetail::default();
    fill(&mut detail);
    detail
}

pub fn event(kind: EventKind, day: i64, detail: EventDetail) -> EventRecord {
    EventRecord::new(kind, day_of(day), detail)
}

fn day_of(day: i64) -> Timestamp {
    at("2026-02-01T00:00:00Z").plus_days(day)
}

/// One event of every kind that a site can hold.
fn history() -> Vec<EventRecord> {
    use EventKind as K;
    let text = |text: &str| Some(text.to_owned());
    let nothing = EventDetail::default;
    let label = || detail(|d| d.label = text("bug"));
    let milestone = || detail(|d| d.milestone = text("Spring"));
    let board = || detail(|d| d.board = Some(BOARD));
    let pull = || detail(|d| d.issue = Some(PULL));
    let blocker = || detail(|d| d.issue = Some(BLOCKER));
    let parent = || detail(|d| d.issue = Some(PARENT));
    let change = |from: Option<&str>, to: Option<&str>| {
        detail(|d| {
            d.from = from.map(str::to_owned);
            d.to = to.map(str::to_owned);
        })
    };
    let field = |from, to| EventDetail { field: text("Effort"), ..change(from, to) };
    let moved = |from, to| EventDetail { board: Some(BOARD), ..change(from, to) };
    let kinds = vec![
        (K::Labeled, label()),
        (K::Unlabeled, detail(|d| d.label = text("gone"))),
        (K::Milestoned, milestone()),
        (K::Demilestoned, milestone()),
        (K::Renamed, change(Some("Old"), Some("New"))),
        (K::Assigned, nothing()),
        (K::Unassigned, nothing()),
        (K::Commented, nothing()),
        (K::AddedToProjectV2, board()),
        (K::RemovedFromProjectV2, board()),
        (K::AddedToProjectV2, board()),
        (K::ProjectV2ItemStatusChanged, moved(None, Some("Todo"))),
        (K::ProjectV2ItemStatusChanged, moved(Some("Todo"), Some("In progress"))),
        (K::IssueTypeAdded, change(None, Some("Task"))),
        (K::IssueTypeRemoved, change(Some("Task"), None)),
        (K::IssueTypeAdded, change(None, Some("Task"))),
        (K::IssueTypeChanged, change(Some("Task"), Some("Bug"))),
        (K::IssueFieldAdded, field(None, Some("3"))),
        (K::IssueFieldChanged, field(Some("3"), Some("5"))),
        (K::IssueFieldRemoved, field(Some("5"), None)),
        (K::ParentIssueAdded, parent()),
        (K::ParentIssueRemoved, parent()),
        (K::ParentIssueAdded, parent()),
        (K::BlockedByAdded, blocker()),
        (K::BlockedByRemoved, blocker()),
        (K::BlockedByAdded, blocker()),
        (K::Connected, pull()),
        (K::Disconnected, pull()),
        (K::CrossReferenced, pull()),
        (K::Transferred, detail(|d| d.from = text("northwind/ledger"))),
        (K::MarkedAsDuplicate, blocker()),
        (K::UnmarkedAsDuplicate, blocker()),
        (K::ConvertedToDiscussion, nothing()),
        (K::Other("mentioned".to_owned()), nothing()),
        (K::Other("committed".to_owned()), nothing()),
        (
            K::Closed,
            detail(|d| {
                d.reason = text("completed");
                d.issue = Some(PULL);
            }),
        ),
        (K::Reopened, nothing()),
    ];
    let kinds = kinds.into_iter().zip(0..);
    kinds.map(|((kind, detail), day)| event(kind, day, detail)).collect()
}
