//! Simulated trackers of any size, served from a process of their own.

use std::io::Read;
use std::sync::Arc;

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::model::Timestamp;
use streamgauge::sim::{github, jira};
use streamgauge::spawn::Spawner;
use tokio::net::TcpListener;

use github::records::{BoardRecord, EventDetail, EventKind, EventRecord, LabelRecord, RepoRecord};
use jira::records::{
    ComponentRecord, HistoryRecord, IssueRecord, IssueTypeRecord, ItemRecord, NamedRecord,
    ProjectRecord, StatusRecord, VersionRecord,
};

pub const PROJECT: &str = "PAY";
pub const OWNER: &str = "northwind";
pub const REPOSITORY: &str = "payments";

/// What an item goes through: five changes, the last of which resolves it.
const STATUSES: [&str; 6] = ["Backlog", "Ready", "In progress", "In review", "In testing", "Done"];
const TITLE: &str = "Refund a voucher that was paid with two cards";

/// Serves a site of `count` items until standard input closes.
pub fn serve(kind: &str, count: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let clock: SharedClock = Arc::new(SystemClock);
    let (spawner, now) = (Spawner::tokio(), clock.now());
    let _running: Box<dyn std::any::Any> = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if kind == "jira" {
            let mut site = jira::Site::new(clock.clone());
            jira_records(count, now).into_iter().for_each(|record| site.add(record));
            let running = jira::serve(site.shared(), listener, clock, spawner).unwrap();
            println!("{}", running.url);
            Box::new(running) as Box<dyn std::any::Any>
        } else {
            let site = github::Site::new(github_records(count, now), clock.clone());
            let running = github::serve(&site, listener, clock, &spawner).unwrap();
            println!("{}", running.url);
            Box::new(running)
        }
    });
    // Nothing is ever written there: the end tells that the parent is done.
    let _ = std::io::stdin().read(&mut [0]);
}

/// The instant of step `step` (0: creation) of item `n`: one item every half hour, a day a step,
/// the newest change at least a day before `now`.
fn instant(n: usize, count: usize, step: usize, now: Timestamp) -> Timestamp {
    let half_hours = (count - n) as i64;
    now.plus_millis(-half_hours * 1_800_000).plus_days(step as i64 - STATUSES.len() as i64)
}

fn jira_records(count: usize, now: Timestamp) -> Vec<jira::records::Record> {
    use jira::records::Record;
    let mut records = vec![
        Record::Project(ProjectRecord { id: 10_000, key: PROJECT.into(), name: "Payments".into() }),
        Record::IssueType(IssueTypeRecord { id: 10_100, name: "Story".into(), level: 0 }),
        Record::Resolution(NamedRecord { id: 10_000, name: "Done".into() }),
        Record::Priority(NamedRecord { id: 3, name: "Medium".into() }),
    ];
    for (index, name) in STATUSES.iter().enumerate() {
        let category = ["new", "new", "indeterminate", "indeterminate", "indeterminate", "done"];
        records.push(Record::Status(StatusRecord {
            id: 10_000 + index as u64,
            name: (*name).to_owned(),
            category: Some(category[index].to_owned()),
            gone: false,
        }));
    }
    for id in 0..8 {
        let name = format!("Component {id}");
        records.push(Record::Component(ComponentRecord { id: 10_000 + id, name, project: 10_000 }));
        let (name, state) = (format!("2026.{id}"), Some("unreleased".to_owned()));
        let version = VersionRecord { id: 10_000 + id, name, project: 10_000, state, end: None };
        records.push(Record::Version(version));
    }
    records.extend((0..count).map(|n| Record::Issue(Box::new(jira_issue(n, count, now)))));
    records
}

fn jira_issue(n: usize, count: usize, now: Timestamp) -> IssueRecord {
    let (id, part) = (100_000 + n as u64, n as u64 % 8);
    let key = format!("{PROJECT}-{}", n + 1);
    let created = instant(n, count, 0, now);
    let mut issue = IssueRecord::new(id, &key, 10_000, 10_100, 10_005, created);
    issue.summary = format!("{TITLE} ({n})");
    issue.priority = Some(3);
    issue.labels = vec![format!("area-{}", n % 12)];
    issue.components = vec![10_000 + part];
    issue.fix_versions = vec![10_000 + part];
    issue.resolution = Some(10_000);
    for step in 1..STATUSES.len() {
        let at = instant(n, count, step, now);
        let named = |step: usize| (Some((10_000 + step).to_string()), Some(STATUSES[step].into()));
        let ((from, from_string), (to, to_string)) = (named(step - 1), named(step));
        let changed = |field: &str| ItemRecord {
            field: field.to_owned(),
            kind: "jira".to_owned(),
            field_id: Some(field.to_owned()),
            ..ItemRecord::default()
        };
        let mut items = Vec::new();
        if step + 1 == STATUSES.len() {
            let (to, to_string) = (Some("10000".to_owned()), Some("Done".to_owned()));
            items.push(ItemRecord { to, to_string, ..changed("resolution") });
        }
        items.push(ItemRecord { from, from_string, to, to_string, ..changed("status") });
        let id = 1_000_000 + (n * STATUSES.len() + step) as u64;
        issue.histories.push(HistoryRecord { id, author: None, created: at, items });
        issue.updated = at;
    }
    issue.status_changed = Some(issue.updated);
    issue.resolved = Some(issue.updated);
    issue
}

fn github_records(count: usize, now: Timestamp) -> Vec<github::records::Record> {
    use github::records::Record;
    let created = instant(0, count, 0, now);
    let mut records = vec![
        Record::Repo(RepoRecord {
            id: 1,
            owner: OWNER.to_owned(),
            name: REPOSITORY.to_owned(),
            created,
            archived: false,
        }),
        Record::Board(BoardRecord {
            id: 2,
            owner: OWNER.to_owned(),
            number: 1,
            title: "Delivery".to_owned(),
            statuses: STATUSES.map(str::to_owned).to_vec(),
        }),
    ];
    for id in 0..12 {
        let (name, color) = (format!("area-{id}"), "0e8a16".to_owned());
        records.push(Record::Label(LabelRecord { id: 10 + id, repo: 1, name, color }));
    }
    records.extend((0..count).map(|n| Record::Issue(Box::new(github_issue(n, count, now)))));
    records
}

/// An issue with nine entries of history: two labels, the board and five moves on it, closed.
fn github_issue(n: usize, count: usize, now: Timestamp) -> github::records::IssueRecord {
    let created = instant(n, count, 0, now);
    let closed = instant(n, count, STATUSES.len() - 1, now);
    let mut events = Vec::new();
    let mut event = |kind, at: Timestamp, seconds: i64, detail| {
        events.push(EventRecord::new(kind, at.plus_millis(seconds * 1000), detail));
    };
    for (place, label) in [n % 12, (n + 5) % 12].into_iter().enumerate() {
        let label = Some(format!("area-{label}"));
        let detail = EventDetail { label, ..EventDetail::default() };
        event(EventKind::Labeled, created, 10 + place as i64, detail);
    }
    let board = || EventDetail { board: Some(2), ..EventDetail::default() };
    event(EventKind::AddedToProjectV2, created, 60, board());
    for step in 1..STATUSES.len() {
        let (from, to) = (Some(STATUSES[step - 1].to_owned()), Some(STATUSES[step].to_owned()));
        let detail = EventDetail { from, to, ..board() };
        event(EventKind::ProjectV2ItemStatusChanged, instant(n, count, step, now), 0, detail);
    }
    let reason = Some("completed".to_owned());
    event(EventKind::Closed, closed, 5, EventDetail { reason, ..EventDetail::default() });
    github::records::IssueRecord {
        id: 1000 + n as u64,
        repo: 1,
        number: n as u64 + 1,
        title: format!("{TITLE} ({n})"),
        created,
        updated: closed.plus_millis(5000),
        closed: Some(closed.plus_millis(5000)),
        reason: Some("completed".to_owned()),
        labels: vec![10 + n as u64 % 12, 10 + (n as u64 + 5) % 12],
        milestone: None,
        comments: 3,
        pr: None,
        events,
        issue_type: None,
        parent: None,
        blocked_by: None,
        boards: None,
    }
}
