//! Fields that are there in reality and that nobody here should ever read: people, plans, texts.

use serde_json::{Value, json};

use super::fields::field_ids;
use super::json::raw;
use super::records::IssueRecord;
use super::render::Renderer;
use crate::model::period::DAY_MS;

impl Renderer<'_> {
    /// Writes the value of such a field; `false` when there is no such field at all.
    pub(super) fn unread_field(&self, issue: &IssueRecord, field: &str, out: &mut Vec<u8>) -> bool {
        if let Some(value) = issue.fields.get(field) {
            raw(out, format_args!("{value}"));
            return true;
        }
        let (id, known) = (issue.id, &self.fragments);
        match field {
            "assignee" => {
                let card = known.person(issue.assignee.as_deref(), "assignee", id);
                out.extend(card.as_bytes());
                return true;
            }
            "reporter" => {
                let card = known.person(issue.reporter.as_deref(), "reporter", id);
                out.extend(card.as_bytes());
                return true;
            }
            "creator" => {
                let card = known.person(issue.creator.as_deref(), "creator", id);
                out.extend(card.as_bytes());
                return true;
            }
            _ => {}
        }
        let Some(value) = self.plans(issue, field).or_else(|| self.texts(issue, field)) else {
            return false;
        };
        raw(out, format_args!("{value}"));
        true
    }

    /// Due dates, estimates and counts of time.
    fn plans(&self, issue: &IssueRecord, field: &str) -> Option<Value> {
        let day = |days: i64| {
            let at = issue.created.plus_millis(days * DAY_MS).to_utc();
            json!(at.format("%Y-%m-%d").to_string())
        };
        Some(match field {
            "duedate" => issue.due.as_ref().map_or_else(|| day(30), |due| json!(due)),
            field_ids::START_DATE => day(1),
            field_ids::STORY_POINTS => json!(issue.id % 8 + 1),
            "timeestimate" | "timeoriginalestimate" | "aggregatetimeoriginalestimate" => {
                json!(28_800)
            }
            "timespent" | "aggregatetimespent" => json!(3_600),
            "timetracking" => json!({
                "originalEstimate": "1d", "originalEstimateSeconds": 28_800,
                "timeSpent": "1h", "timeSpentSeconds": 3_600,
            }),
            "progress" => json!({"progress": 3_600, "total": 28_800, "percent": 12}),
            "workratio" => json!(12),
            field_ids::RANK => json!(format!("0|i{:05}:", issue.id % 100_000)),
            field_ids::DEVELOPMENT => json!("{}"),
            field_ids::EPIC_NAME | "environment" | "lastViewed" => Value::Null,
            "subtasks" => json!([]),
            _ => return None,
        })
    }

    /// What people wrote, watched and voted for.
    fn texts(&self, issue: &IssueRecord, field: &str) -> Option<Value> {
        let (id, base) = (issue.id, &self.fragments.base);
        let card = |role: &str| -> Value {
            serde_json::from_str(&self.fragments.in_role(role, id)).expect("a card is JSON")
        };
        let at = format!("{base}/rest/api/3/issue/{id}");
        let paragraph = |content: Value| {
            json!({"type": "doc", "version": 1,
                "content": [{"type": "paragraph", "content": content}]})
        };
        Some(match field {
            "description" => {
                let mentioned = card("mentioned");
                paragraph(json!([{"type": "mention", "attrs": {
                    "id": mentioned["accountId"],
                    "text": format!("@{}", mentioned["displayName"].as_str().unwrap_or_default()),
                }}]))
            }
            "comment" => json!({
                "self": format!("{at}/comment"), "startAt": 0, "maxResults": 1, "total": 1,
                "comments": [{
                    "self": format!("{at}/comment/1"), "id": "1",
                    "author": card("commenter"), "updateAuthor": card("comment-editor"),
                    "body": paragraph(json!([{"type": "text", "text": "See above."}])),
                }],
            }),
            "worklog" => json!({
                "startAt": 0, "maxResults": 20, "total": 1,
                "worklogs": [{
                    "self": format!("{at}/worklog/1"), "id": "1", "issueId": id.to_string(),
                    "author": card("worklogger"), "updateAuthor": card("worklog-editor"),
                    "timeSpent": "1h", "timeSpentSeconds": 3_600,
                }],
            }),
            "attachment" => json!([{
                "self": format!("{base}/rest/api/3/attachment/{id}"), "id": id.to_string(),
                "filename": "notes.txt", "author": card("attacher"), "size": 12,
            }]),
            "watches" => json!({
                "self": format!("{at}/watchers"), "watchCount": 1, "isWatching": false,
                "watchers": [card("watcher")],
            }),
            "votes" => json!({
                "self": format!("{at}/votes"), "votes": 1, "hasVoted": false,
                "voters": [card("voter")],
            }),
            _ => return None,
        })
    }
}
