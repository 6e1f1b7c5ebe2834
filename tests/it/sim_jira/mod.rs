//! The simulated Jira: its answers against the official schemas, its refusals, its moods.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod editing;
mod faults;
mod recorded;
mod refusals;
mod schemas;
mod searching;
mod served;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use streamgauge::clock::ManualClock;
use streamgauge::model::Timestamp;
use streamgauge::sim::jira::access::{TOKEN, USER};
use streamgauge::sim::jira::records::{
    ComponentRecord, IssueTypeRecord, LinkTypeRecord, NamedRecord, ProjectRecord, Record,
    StatusRecord, TeamRecord, VersionRecord,
};
use streamgauge::sim::jira::{Draft, Reply, Site};

const TO_DO: u64 = 10_000;
const IN_PROGRESS: u64 = 3;
const DONE: u64 = 10_002;
const STORY: u64 = 10_001;
const EPIC: u64 = 10_100;
const PAY: u64 = 10_000;
const BOOK: u64 = 10_001;
const BLOCKS: u64 = 10_000;

/// A site with a manual clock, asked without a network.
struct Jira {
    site: Site,
    clock: Arc<ManualClock>,
}

impl Jira {
    /// Two projects without issues.
    fn empty() -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-06-15T06:00:00Z").unwrap());
        let mut site = Site::new(clock.clone());
        for (id, key, name) in [(PAY, "PAY", "Payments"), (BOOK, "BOOK", "Booking")] {
            site.add(Record::Project(ProjectRecord { id, key: key.into(), name: name.into() }));
        }
        for (id, name, category) in [
            (TO_DO, "To Do", "new"),
            (IN_PROGRESS, "In Progress", "indeterminate"),
            (DONE, "Done", "done"),
        ] {
            let category = Some(category.to_owned());
            let name = name.to_owned();
            site.add(Record::Status(StatusRecord { id, name, category, gone: false }));
        }
        for (id, name, level) in [(STORY, "Story", 0), (EPIC, "Epic", 1)] {
            site.add(Record::IssueType(IssueTypeRecord { id, name: name.into(), level }));
        }
        site.add(Record::LinkType(LinkTypeRecord {
            id: BLOCKS,
            name: "Blocks".into(),
            inward: "is blocked by".into(),
            outward: "blocks".into(),
        }));
        site.add(Record::Priority(NamedRecord { id: 3, name: "Medium".into() }));
        site.add(Record::Resolution(NamedRecord { id: 10_000, name: "Done".into() }));
        site.add(Record::Component(ComponentRecord { id: 1, name: "API".into(), project: PAY }));
        site.add(Record::Team(TeamRecord { id: "team-a".into(), name: "Tern".into() }));
        site.add(Record::Version(VersionRecord {
            id: 7,
            name: "2.0".into(),
            project: PAY,
            state: None,
            end: None,
        }));
        Self { site, clock }
    }

    /// The same with `count` stories in PAY, one second apart.
    fn with_stories(count: usize) -> Self {
        let mut jira = Self::empty();
        for _ in 0..count {
            jira.story();
        }
        jira
    }

    fn story(&mut self) -> u64 {
        self.tick(1);
        let summary = "A story".to_owned();
        let draft = Draft { project: PAY, kind: STORY, status: TO_DO, summary, ..Draft::default() };
        self.site.create_issue(draft).unwrap()
    }

    fn tick(&self, seconds: u64) {
        self.clock.advance(std::time::Duration::from_secs(seconds));
    }

    fn send(&mut self, request: http::request::Builder, body: &Value) -> Reply {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        self.site.answer(&request.body(body).unwrap())
    }

    fn as_user(path: &str) -> http::request::Builder {
        http::Request::get(path).header("authorization", basic(TOKEN))
    }

    fn get(&mut self, path: &str) -> (u16, Value) {
        read(&self.send(Self::as_user(path), &Value::Null))
    }

    fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        read(&self.send(Self::as_user(path).method("POST"), body))
    }

    fn search(&mut self, jql: &str, more: Value) -> (u16, Value) {
        let mut body = more;
        body["jql"] = json!(jql);
        self.post("/rest/api/3/search/jql", &body)
    }

    /// Ids of the whole walk, page by page; `between` runs after every page.
    fn walk(&mut self, body: &Value, mut between: impl FnMut(&mut Self)) -> Vec<String> {
        let (mut ids, mut body) = (Vec::new(), body.clone());
        loop {
            let (status, page) = self.post("/rest/api/3/search/jql", &body);
            assert_eq!(status, 200, "{page}");
            let issues = page["issues"].as_array().unwrap();
            ids.extend(issues.iter().map(|issue| issue["id"].as_str().unwrap().to_owned()));
            match page.get("nextPageToken") {
                Some(token) => body["nextPageToken"] = token.clone(),
                None => return ids,
            }
            between(self);
        }
    }
}

fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{token}")))
}

fn read(reply: &Reply) -> (u16, Value) {
    let body = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    (reply.status.as_u16(), body)
}

/// The one sentence of a refusal.
fn sentence(body: &Value) -> &str {
    body["errorMessages"][0].as_str().unwrap()
}
