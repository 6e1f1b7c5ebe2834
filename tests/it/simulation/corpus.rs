//! The trackers of a life: one Jira with two projects, one GitHub with two repositories.

use streamgauge::clock::SharedClock;
use streamgauge::model::Timestamp;
use streamgauge::sim::github::records as gh;
use streamgauge::sim::jira::records::{
    ComponentRecord, IssueTypeRecord, LinkTypeRecord, NamedRecord, ProjectRecord, Record,
    StatusRecord,
};
use streamgauge::sim::{github, jira};

pub const PAY: u64 = 10_000;
pub const BOOK: u64 = 10_001;
/// A project that is not ours.
pub const OTHER: u64 = 10_009;
pub const STORY: u64 = 10_001;
pub const STATUSES: [u64; 4] = [10_000, 3, 10_001, 10_002];
pub const BLOCKS: u64 = 10_000;
pub const COMPONENTS: [u64; 2] = [1, 2];
pub const REPOS: [u64; 2] = [1, 2];
/// A repository that is not ours.
pub const ATTIC: u64 = 3;
pub const BOARD: u64 = 5;
pub const COLUMNS: [&str; 3] = ["Todo", "In progress", "Done"];
pub const LABELS: [&str; 3] = ["team:checkout", "bug", "later"];

pub fn jira(clock: SharedClock) -> jira::Site {
    let mut site = jira::Site::new(clock);
    for (id, key) in [(PAY, "PAY"), (BOOK, "BOOK"), (OTHER, "OTHER")] {
        let name = key.to_lowercase();
        site.add(Record::Project(ProjectRecord { id, key: key.into(), name }));
    }
    let categories = ["new", "indeterminate", "indeterminate", "done"];
    for ((id, name), category) in
        STATUSES.into_iter().zip(["To do", "Doing", "In review", "Done"]).zip(categories)
    {
        let category = Some(category.to_owned());
        site.add(Record::Status(StatusRecord { id, name: name.into(), category, gone: false }));
    }
    site.add(Record::IssueType(IssueTypeRecord { id: STORY, name: "Story".into(), level: 0 }));
    site.add(Record::LinkType(LinkTypeRecord {
        id: BLOCKS,
        name: "Blocks".into(),
        inward: "is blocked by".into(),
        outward: "blocks".into(),
    }));
    site.add(Record::Resolution(NamedRecord { id: 10_000, name: "Done".into() }));
    for id in COMPONENTS {
        let name = format!("component {id}");
        site.add(Record::Component(ComponentRecord { id, name, project: PAY }));
    }
    site.limits = jira::faults::RateLimits::none();
    site
}

pub fn github(clock: SharedClock, now: Timestamp) -> github::Site {
    let mut records = Vec::new();
    for (id, name) in [REPOS[0], REPOS[1], ATTIC].into_iter().zip(["checkout", "search", "attic"]) {
        records.push(gh::Record::Repo(gh::RepoRecord {
            id,
            owner: "northwind".into(),
            name: name.into(),
            created: now,
            archived: false,
        }));
        for (place, label) in LABELS.into_iter().enumerate() {
            records.push(gh::Record::Label(gh::LabelRecord {
                id: 100 * id + place as u64,
                repo: id,
                name: label.into(),
                color: "d73a4a".into(),
            }));
        }
    }
    records.push(gh::Record::Board(gh::BoardRecord {
        id: BOARD,
        owner: "northwind".into(),
        number: 7,
        title: "Roadmap".into(),
        statuses: COLUMNS.map(str::to_owned).to_vec(),
    }));
    github::Site::new(records, clock)
}
