//! Lookup data in wire form, written once and pasted into every issue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;
use serde_json::{Value, json};

use super::catalogue::Catalogue;
use super::json;
use super::records::VersionRecord;
use crate::model::Timestamp;
use crate::sim::people::{Canary, People};

/// Wire forms by id.
#[derive(Debug)]
pub struct Fragments {
    pub(super) base: String,
    pub(super) projects: BTreeMap<u64, String>,
    pub(super) statuses: BTreeMap<u64, String>,
    pub(super) types: BTreeMap<u64, String>,
    pub(super) priorities: BTreeMap<u64, String>,
    pub(super) resolutions: BTreeMap<u64, String>,
    pub(super) link_types: BTreeMap<u64, String>,
    pub(super) versions: BTreeMap<u64, String>,
    pub(super) components: BTreeMap<u64, String>,
    pub(super) sprints: BTreeMap<u64, String>,
    pub(super) zone: Tz,
    people: Arc<People>,
    cards: Mutex<BTreeMap<String, Arc<str>>>,
}

impl Fragments {
    pub(super) fn new(known: &Catalogue, base: &str, zone: Tz, people: Arc<People>) -> Self {
        let api = format!("{base}/rest/api/3");
        let named = |kind: &str, id: u64, name: &str| json!({"self": format!("{api}/{kind}/{id}"), "id": id.to_string(), "name": name});
        let mut fragments = Self {
            base: base.to_owned(),
            projects: each(&known.projects, |p| project(&api, base, p.id, &p.key, &p.name)),
            statuses: each(&known.statuses, |s| {
                status(&api, base, s.id, &s.name, s.category.as_deref())
            }),
            types: each(&known.types, |t| issue_type(&api, base, t.id, &t.name, t.level)),
            priorities: each(&known.priorities, |p| {
                let mut value = named("priority", p.id, &p.name);
                value["iconUrl"] = json!(format!("{base}/images/icons/priorities/medium.svg"));
                value
            }),
            resolutions: each(&known.resolutions, |r| {
                let mut value = named("resolution", r.id, &r.name);
                value["description"] = json!("");
                value
            }),
            link_types: each(&known.link_types, |t| {
                let mut value = named("issueLinkType", t.id, &t.name);
                value["inward"] = json!(t.inward);
                value["outward"] = json!(t.outward);
                value
            }),
            versions: each(&known.versions, |v| version(&api, v)),
            components: BTreeMap::new(),
            sprints: each(&known.sprints, |s| sprint(s, zone)),
            zone,
            people,
            cards: Mutex::default(),
        };
        fragments.components = each(&known.components, |c| {
            let lead: Value = serde_json::from_str(&fragments.in_role("component-lead", c.id))
                .expect("a card is JSON");
            let mut value = named("component", c.id, &c.name);
            value["lead"] = lead.clone();
            value["assignee"] = lead;
            value["assigneeType"] = json!("COMPONENT_LEAD");
            value["projectId"] = json!(c.project);
            value
        });
        fragments
    }

    /// The card of the canary that fills a role.
    pub(super) fn in_role(&self, role: &str, nth: u64) -> Arc<str> {
        self.card(&self.people.in_role(role, nth))
    }

    /// The card that stands for an opaque id, or for the `nth` in a role where there is none.
    pub(super) fn person(&self, id: Option<&str>, role: &str, nth: u64) -> Arc<str> {
        match id {
            Some(id) => self.card(&self.people.named(id)),
            None => self.in_role(role, nth),
        }
    }

    /// The canary that stands for an opaque id.
    pub(super) fn canary(&self, id: &str) -> Arc<Canary> {
        self.people.named(id)
    }

    fn card(&self, canary: &Canary) -> Arc<str> {
        let mut cards = self.cards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(card) = cards.get(&canary.account) {
            return Arc::clone(card);
        }
        let Canary { account, name, email, avatar } = canary;
        let card = json!({
            "self": format!("{}/rest/api/3/user?accountId={account}", self.base),
            "accountId": account,
            "emailAddress": email,
            "avatarUrls": {"48x48": avatar, "24x24": avatar, "16x16": avatar, "32x32": avatar},
            "displayName": name,
            "active": true,
            "timeZone": self.zone.name(),
            "accountType": "atlassian",
        });
        let card: Arc<str> = card.to_string().into();
        cards.insert(account.clone(), Arc::clone(&card));
        card
    }
}

fn each<T>(records: &BTreeMap<u64, T>, form: impl Fn(&T) -> Value) -> BTreeMap<u64, String> {
    records.iter().map(|(id, record)| (*id, form(record).to_string())).collect()
}

fn project(api: &str, base: &str, id: u64, key: &str, name: &str) -> Value {
    let avatar =
        format!("{base}/rest/api/3/universal_avatar/view/type/project/avatar/10403?size=medium");
    json!({
        "self": format!("{api}/project/{id}"), "id": id.to_string(), "key": key, "name": name,
        "projectTypeKey": "software", "simplified": false,
        "avatarUrls": {"48x48": avatar, "24x24": avatar, "16x16": avatar, "32x32": avatar},
    })
}

fn status(api: &str, base: &str, id: u64, name: &str, category: Option<&str>) -> Value {
    let (number, key, color, title) = match category {
        Some("new") => (2, "new", "blue-gray", "To Do"),
        Some("indeterminate") => (4, "indeterminate", "yellow", "In Progress"),
        Some("done") => (3, "done", "green", "Done"),
        _ => (1, "undefined", "medium-gray", "No Category"),
    };
    json!({
        "self": format!("{api}/status/{id}"), "description": "", "iconUrl": format!("{base}/"),
        "name": name, "id": id.to_string(),
        "statusCategory": {
            "self": format!("{api}/statuscategory/{number}"), "id": number, "key": key,
            "colorName": color, "name": title,
        },
    })
}

fn issue_type(api: &str, base: &str, id: u64, name: &str, level: i64) -> Value {
    json!({
        "self": format!("{api}/issuetype/{id}"), "id": id.to_string(), "description": "",
        "iconUrl": format!("{base}/rest/api/3/universal_avatar/view/type/issuetype/avatar/10315"),
        "name": name, "subtask": level < 0, "avatarId": 10315, "hierarchyLevel": level,
    })
}

/// A version as `/project/{key}/version` and webhooks write it.
pub(super) fn version(api: &str, version: &VersionRecord) -> Value {
    let state = version.state.as_deref();
    let mut value = json!({
        "self": format!("{api}/version/{}", version.id), "id": version.id.to_string(),
        "description": "", "name": version.name, "archived": state == Some("archived"),
        "released": matches!(state, Some("released" | "archived")), "projectId": version.project,
    });
    if let Some(end) = &version.end {
        value["releaseDate"] = json!(end);
        value["userReleaseDate"] = json!(end);
    }
    value
}

fn sprint(sprint: &super::records::SprintRecord, zone: Tz) -> Value {
    let mut value = json!({
        "id": sprint.id, "name": sprint.name, "goal": "",
        "state": sprint.state.as_deref().unwrap_or("future"),
        "boardId": sprint.board.unwrap_or(1),
    });
    let date = |at: Timestamp| -> Value {
        let mut text = Vec::new();
        json::instant(&mut text, at, zone);
        serde_json::from_slice(&text).expect("an instant is a JSON string")
    };
    for (name, at) in [("startDate", sprint.start), ("endDate", sprint.end)] {
        if let Some(at) = at {
            value[name] = date(at);
        }
    }
    value
}
