//! Issues in wire form.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use super::catalogue::Catalogue;
use super::fields::{FieldSet, field_ids};
use super::fragments::Fragments;
use super::json::{array, comma, instant, member, name, optional, raw, text};
use super::records::{HistoryRecord, IssueRecord, ItemRecord, LinkRecord};
use super::site::Site;
use crate::model::Timestamp;

/// Writes issues of one site.
pub(super) struct Renderer<'a> {
    catalogue: &'a Catalogue,
    site: &'a Site,
    pub(super) fragments: Arc<Fragments>,
    zone: Tz,
}

impl Site {
    pub(super) fn renderer(&self) -> Renderer<'_> {
        let fragments = self.fragments.clone().unwrap_or_else(|| Arc::new(self.write_fragments()));
        Renderer { catalogue: &self.catalogue, site: self, fragments, zone: self.zone }
    }

    /// Writes the lookup data anew if it changed.
    pub(super) fn refresh_fragments(&mut self) {
        if self.fragments.as_ref().is_none_or(|written| written.zone != self.zone) {
            self.fragments = Some(Arc::new(self.write_fragments()));
        }
    }

    fn write_fragments(&self) -> Fragments {
        Fragments::new(&self.catalogue, &self.base, self.zone, Arc::clone(&self.people))
    }
}

impl Renderer<'_> {
    /// An issue with the chosen fields and, if asked, its newest `changelog` entries.
    pub(super) fn issue(
        &self,
        issue: &IssueRecord,
        fields: &FieldSet,
        changelog: Option<usize>,
        out: &mut Vec<u8>,
    ) {
        out.push(b'{');
        if fields.key || !fields.only_keys() || changelog.is_some() {
            member(out, "expand", "operations,versionedRepresentations,editmeta,changelog");
            raw(out, format_args!(r#","id":"{}","#, issue.id));
            let base = &self.fragments.base;
            raw(out, format_args!(r#""self":"{base}/rest/api/3/issue/{}","#, issue.id));
            raw(out, format_args!(r#""key":"{}""#, issue.key));
        } else {
            raw(out, format_args!(r#""id":"{}""#, issue.id));
        }
        if let Some(most) = changelog {
            self.changelog(issue, most, out);
        }
        if !fields.only_keys() {
            name(out, "fields");
            self.fields(issue, fields, out);
        }
        out.push(b'}');
    }

    fn fields(&self, issue: &IssueRecord, fields: &FieldSet, out: &mut Vec<u8>) {
        out.push(b'{');
        for field in &fields.names {
            let before = out.len();
            name(out, field);
            if !self.field(issue, field, out) {
                out.truncate(before);
            }
        }
        if fields.others {
            let listed = |id: &String| fields.names.contains(id);
            for (id, value) in issue.fields.iter().filter(|(id, _)| !listed(id)) {
                name(out, id);
                raw(out, format_args!("{value}"));
            }
        }
        out.push(b'}');
    }

    /// Writes the value of one field; `false` when there is no such field.
    fn field(&self, issue: &IssueRecord, field: &str, out: &mut Vec<u8>) -> bool {
        let known = &self.fragments;
        match field {
            "summary" => text(out, &issue.summary),
            "status" => paste(out, &known.statuses, Some(issue.status)),
            "issuetype" => paste(out, &known.types, Some(issue.kind)),
            "project" => paste(out, &known.projects, Some(issue.project)),
            "priority" => paste(out, &known.priorities, issue.priority),
            "resolution" => paste(out, &known.resolutions, issue.resolution),
            "created" => instant(out, issue.created, self.zone),
            "updated" => instant(out, issue.updated, self.zone),
            "resolutiondate" => self.date(issue.resolved, out),
            "archiveddate" if self.catalogue.archived_issues.contains_key(&issue.id) => {
                self.date(self.catalogue.archived_issues.get(&issue.id).copied(), out);
            }
            "statuscategorychangedate" => self.date(issue.status_changed, out),
            "labels" => serde_json::to_writer(out, &issue.labels).expect("memory takes it"),
            "components" => list(out, &known.components, &issue.components),
            "fixVersions" => list(out, &known.versions, &issue.fix_versions),
            "versions" => list(out, &known.versions, &issue.versions),
            "parent" => self.parent(issue, out),
            "issuelinks" => self.links(issue, out),
            field_ids::SPRINT if issue.sprints.is_empty() => out.extend(b"null"),
            field_ids::SPRINT => list(out, &known.sprints, &issue.sprints),
            field_ids::FLAGGED => self.flagged(issue, out),
            field_ids::TEAM => self.team(issue, out),
            field_ids::EPIC_LINK => {
                let parent = issue.parent.and_then(|id| self.site.issue(id));
                let epic = parent.filter(|parent| self.catalogue.level(parent.kind) == 1);
                optional(out, epic.map(|epic| epic.key.as_str()));
            }
            field_ids::EPIC_NAME if self.catalogue.level(issue.kind) == 1 => {
                text(out, &issue.summary);
            }
            other => return self.unread_field(issue, other, out),
        }
        true
    }

    fn date(&self, at: Option<Timestamp>, out: &mut Vec<u8>) {
        match at {
            Some(at) => instant(out, at, self.zone),
            None => out.extend(b"null"),
        }
    }

    fn flagged(&self, issue: &IssueRecord, out: &mut Vec<u8>) {
        if issue.flagged {
            let option = format!("{}/rest/api/3/customFieldOption/10019", self.fragments.base);
            raw(out, format_args!(r#"[{{"self":"{option}","value":"Impediment","id":"10019"}}]"#));
        } else {
            out.extend(b"null");
        }
    }

    fn team(&self, issue: &IssueRecord, out: &mut Vec<u8>) {
        let Some(id) = &issue.team else { return out.extend(b"null") };
        let title = self.catalogue.team_name(id);
        out.push(b'{');
        member(out, "id", id);
        member(out, "name", &title);
        member(out, "avatarUrl", "");
        out.extend(br#","isVisible":true,"isVerified":false,"#);
        out.extend(br#""isShared":true"#);
        member(out, "title", &title);
        out.push(b'}');
    }

    fn parent(&self, issue: &IssueRecord, out: &mut Vec<u8>) {
        let parent = issue.parent.and_then(|id| self.site.issue(id));
        match parent.filter(|parent| self.catalogue.is_visible(parent.project)) {
            Some(parent) => self.stub(parent, out),
            None => out.extend(b"null"),
        }
    }

    /// Another issue as `parent` and `issuelinks` show it.
    fn stub(&self, issue: &IssueRecord, out: &mut Vec<u8>) {
        let base = &self.fragments.base;
        raw(out, format_args!(r#"{{"id":"{}","key":"{}","#, issue.id, issue.key));
        raw(out, format_args!(r#""self":"{base}/rest/api/3/issue/{}","fields":{{"#, issue.id));
        let priority = issue.priority.map(|_| "priority");
        for field in ["summary", "status", "issuetype"].into_iter().chain(priority) {
            name(out, field);
            self.field(issue, field, out);
        }
        out.extend(b"}}");
    }

    fn links(&self, issue: &IssueRecord, out: &mut Vec<u8>) {
        out.push(b'[');
        for link in &issue.links {
            comma(out);
            self.link(link, out);
        }
        out.push(b']');
    }

    fn link(&self, link: &LinkRecord, out: &mut Vec<u8>) {
        let base = &self.fragments.base;
        raw(out, format_args!(r#"{{"id":"{}","#, link.id));
        raw(out, format_args!(r#""self":"{base}/rest/api/3/issueLink/{}","type":"#, link.id));
        paste(out, &self.fragments.link_types, Some(link.kind));
        name(out, if link.outward { "outwardIssue" } else { "inwardIssue" });
        match self.site.issue(link.issue) {
            Some(other) => self.stub(other, out),
            // Recorded data may link to issues outside the file.
            None => raw(
                out,
                format_args!(
                    r#"{{"id":"{}","key":"{}","self":"{base}/rest/api/3/issue/{}"}}"#,
                    link.issue, link.key, link.issue
                ),
            ),
        }
        out.push(b'}');
    }

    /// The newest entries first, at most `most` of them.
    fn changelog(&self, issue: &IssueRecord, most: usize, out: &mut Vec<u8>) {
        let total = issue.histories.len();
        let shown = total.min(most);
        name(out, "changelog");
        raw(
            out,
            format_args!(r#"{{"startAt":0,"maxResults":{shown},"total":{total},"histories":["#),
        );
        for history in issue.histories.iter().rev().take(most) {
            comma(out);
            self.history(history, HistoryDate::Text, out);
        }
        out.extend(b"]}");
    }

    pub(super) fn history(&self, history: &HistoryRecord, date: HistoryDate, out: &mut Vec<u8>) {
        raw(out, format_args!(r#"{{"id":"{}","author":"#, history.id));
        let author = history.author.as_deref();
        let author = self.fragments.person(author, "author", history.id);
        out.extend(author.as_bytes());
        name(out, "created");
        match date {
            HistoryDate::Text => instant(out, history.created, self.zone),
            HistoryDate::Millis => raw(out, format_args!("{}", history.created.millis())),
        }
        name(out, "items");
        self.items(&history.items, out);
        out.push(b'}');
    }

    pub(super) fn items(&self, items: &[ItemRecord], out: &mut Vec<u8>) {
        out.push(b'[');
        for item in items {
            comma(out);
            self.item(item, out);
        }
        out.push(b']');
    }

    fn item(&self, item: &ItemRecord, out: &mut Vec<u8>) {
        out.push(b'{');
        member(out, "field", &item.field);
        member(out, "fieldtype", &item.kind);
        if let Some(id) = &item.field_id {
            member(out, "fieldId", id);
        }
        let someone = matches!(item.field.as_str(), "assignee" | "reporter" | "creator");
        let value = |out: &mut Vec<u8>, key: &str, value: &Option<String>| {
            name(out, key);
            match value.as_deref() {
                Some(id) if someone => {
                    let canary = self.fragments.canary(id);
                    let account =
                        matches!(key, "from" | "to" | "tmpFromAccountId" | "tmpToAccountId");
                    text(out, if account { &canary.account } else { &canary.name });
                }
                value => optional(out, value),
            }
        };
        value(out, "from", &item.from);
        value(out, "fromString", &item.from_string);
        value(out, "to", &item.to);
        value(out, "toString", &item.to_string);
        if someone {
            value(out, "tmpFromAccountId", &item.from);
            value(out, "tmpToAccountId", &item.to);
        }
        out.push(b'}');
    }
}

/// How `created` of a changelog entry is written: bulk answers give a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HistoryDate {
    Text,
    Millis,
}

fn list(out: &mut Vec<u8>, known: &BTreeMap<u64, String>, ids: &[u64]) {
    array(out, ids.iter().filter_map(|id| known.get(id)).map(String::as_str));
}

fn paste(out: &mut Vec<u8>, known: &BTreeMap<u64, String>, id: Option<u64>) {
    let form = id.and_then(|id| known.get(&id)).map_or("null", String::as_str);
    out.extend_from_slice(form.as_bytes());
}
