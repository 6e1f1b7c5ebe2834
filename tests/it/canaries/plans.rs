//! Plans and people for the simulated trackers, and the proof that they serve them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;
use streamgauge::demo::Stage;
use streamgauge::model::Timestamp;
use streamgauge::sim::github;
use streamgauge::sim::github::records::{EventDetail, EventKind, EventRecord};
use streamgauge::sim::jira;
use streamgauge::sim::jira::records::{HistoryRecord, ItemRecord};
use streamgauge::sim::people::MARK;
use streamgauge::sim::story::Story;
use streamgauge::transport::Transport;

use crate::support::gate::Gate;
use crate::support::process::{client, send};

/// Plans that no other value looks like.
pub const DUE: &str = "2093-07-23";
pub const GITHUB_DUE: &str = "2031-01-31";
pub const POINTS: u64 = 314_159_265;
pub const ESTIMATE: u64 = 271_828_182;

/// Gives every issue plans, and some of them a history of people and plans.
pub fn plant_plans(story: &mut Story) {
    let mut last = 0;
    for record in &story.jira {
        if let jira::records::Record::Issue(issue) = record {
            last = issue.histories.iter().map(|history| history.id).max().unwrap_or(0).max(last);
        }
    }
    for record in &mut story.jira {
        let jira::records::Record::Issue(issue) = record else { continue };
        issue.due = Some(DUE.to_owned());
        issue.fields.insert("customfield_10016".to_owned(), json!(POINTS));
        for field in ["timeestimate", "timeoriginalestimate", "timespent"] {
            issue.fields.insert(field.to_owned(), json!(ESTIMATE));
        }
        last += 1;
        let item = |field: &str, id: &str, to: &str| ItemRecord {
            field: field.to_owned(),
            kind: "jira".to_owned(),
            field_id: Some(id.to_owned()),
            to: Some(to.to_owned()),
            to_string: Some(to.to_owned()),
            ..ItemRecord::default()
        };
        issue.histories.push(HistoryRecord {
            id: last,
            author: None,
            created: issue.updated,
            items: vec![
                item("duedate", "duedate", DUE),
                item("Story point estimate", "customfield_10016", &POINTS.to_string()),
                item("timeoriginalestimate", "timeoriginalestimate", &ESTIMATE.to_string()),
                item("assignee", "assignee", "somebody-else"),
                item("description", "description", &format!("by {MARK}")),
            ],
        });
    }
    let mut milestone = None;
    for record in &mut story.github {
        let github::records::Record::Issue(issue) = record else { continue };
        let (id, repo) = *milestone.get_or_insert((77_000_001, issue.repo));
        if repo == issue.repo && issue.pr.is_none() {
            issue.milestone = Some(id);
        }
        let assigned = EventKind::Other("assigned".to_owned());
        issue.events.push(EventRecord::new(assigned, issue.updated, EventDetail::default()));
    }
    let (id, repo) = milestone.unwrap();
    story.github.push(github::records::Record::Milestone(github::records::MilestoneRecord {
        id,
        repo,
        number: 1,
        title: "Autumn".to_owned(),
        created: Timestamp::parse("2026-01-01T00:00:00Z").unwrap(),
        updated: None,
        closed: None,
    }));
}

/// The test could not fail if the trackers served none of it.
pub async fn assert_payloads_are_full_of_them(stage: &Stage, gate: &Gate) {
    let (jira, github) = (stage.jira.as_ref().unwrap(), stage.github.as_ref().unwrap());
    let id = *jira::lock(&jira.site).dump().keys().next().unwrap();
    let pair = STANDARD.encode(format!("{}:{}", jira.user, jira.token));
    let issue = format!("{}/rest/api/3/issue/{id}?fields=*all&expand=changelog", gate.jira);
    let raw = text(&client(), &issue, &format!("Basic {pair}")).await;
    for needle in [MARK, DUE, &POINTS.to_string(), &ESTIMATE.to_string()] {
        assert!(raw.contains(needle), "Jira serves {needle}: {raw}");
    }
    let mut all = String::new();
    for repository in &github.repositories {
        let page = format!("{}/repos/{repository}/issues?state=all", gate.github);
        all += &text(&client(), &page, &format!("Bearer {}", github.token)).await;
    }
    for needle in [MARK, GITHUB_DUE] {
        assert!(all.contains(needle), "GitHub serves {needle}");
    }
}

async fn text(client: &Transport, url: &str, credential: &str) -> String {
    let request = http::Request::get(url).header("authorization", credential);
    let request = request.header("user-agent", "test").body(Bytes::new()).unwrap();
    String::from_utf8(send(client, request).await.unwrap().body().to_vec()).unwrap()
}
