//! From what Cloud sends to what Data Center sends of the same truth: people by name, no levels of
//! types, no field ids in histories, plain text, addresses of version 2.

use serde_json::{Map, Value, json};

use crate::sim::jira::fields::field_ids;
use crate::sim::jira::records::IssueRecord;
use crate::sim::jira::site::Site;

/// Members that Data Center does not have.
const UNKNOWN: [&str; 8] = [
    "fieldId",
    "hierarchyLevel",
    "isPrivate",
    "simplified",
    "style",
    "tmpFromAccountId",
    "tmpToAccountId",
    "untranslatedName",
];

pub(super) const EPIC_STATUS: &str = "customfield_10012";
pub(super) const EPIC_COLOUR: &str = "customfield_10013";
pub(super) const PARENT_LINK: &str = "customfield_10018";

pub(super) fn value(value: Value) -> Value {
    match value {
        Value::Object(object) => self::object(object),
        Value::Array(rows) => rows.into_iter().map(self::value).collect(),
        Value::String(text) => Value::from(text.replace("/rest/api/3/", "/rest/api/2/")),
        other => other,
    }
}

fn object(mut object: Map<String, Value>) -> Value {
    if object.get("type").is_some_and(|kind| kind == "doc") {
        return Value::from(plain(&Value::Object(object)));
    }
    for name in UNKNOWN {
        object.remove(name);
    }
    if let Some(account) = object.remove("accountId") {
        object.remove("accountType");
        if let Some(address) = object.get_mut("self") {
            *address =
                json!(address.as_str().unwrap_or_default().replace("accountId=", "username="));
        }
        object.insert("name".to_owned(), account.clone());
        object.insert("key".to_owned(), account);
    }
    Value::Object(object.into_iter().map(|(name, inner)| (name, value(inner))).collect())
}

/// The text of a document, in one line.
fn plain(document: &Value) -> String {
    match document {
        Value::String(text) => text.clone(),
        Value::Array(rows) => rows.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(object) => {
            let inner = ["text", "attrs", "content"].iter().filter_map(|name| object.get(*name));
            inner.map(plain).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

impl Site {
    /// What only one issue's own hierarchy can tell: `parent` is for sub-tasks, the epic is a
    /// custom field, and stamps have no milliseconds.
    pub(super) fn settle(&self, issue: &IssueRecord, asked: &[String], whole: &mut Value) {
        let level = |id: u64| self.catalogue.level(id);
        let (own, parent) = (level(issue.kind), issue.parent.and_then(|id| self.issue(id)));
        if let Some(fields) = whole.get_mut("fields").and_then(Value::as_object_mut) {
            if own >= 0 {
                fields.remove("parent");
            }
            for name in ["created", "updated", "resolutiondate"] {
                if let Some(Value::String(text)) = fields.get_mut(name)
                    && let Some(dot) = text.find('.')
                {
                    text.replace_range(dot + 1..dot + 4, "000");
                }
            }
            let wants = |name: &str| asked.iter().any(|asked| asked == name || asked == "*all");
            let epic = own == 1;
            if wants(EPIC_COLOUR) {
                let colour = if epic { json!("ghx-label-2") } else { Value::Null };
                fields.insert(EPIC_COLOUR.to_owned(), colour);
            }
            if wants(EPIC_STATUS) {
                let status = if epic { json!({"value": "To Do", "id": "10"}) } else { Value::Null };
                fields.insert(EPIC_STATUS.to_owned(), status);
            }
            if wants(PARENT_LINK) {
                let above = parent.filter(|parent| level(parent.kind) > 1);
                let key = above.map_or(Value::Null, |above| json!(above.key));
                fields.insert(PARENT_LINK.to_owned(), key);
            }
        }
        let histories = whole.pointer_mut("/changelog/histories").and_then(Value::as_array_mut);
        for item in histories.into_iter().flatten().filter_map(|history| history.get_mut("items")) {
            item.as_array_mut().into_iter().flatten().for_each(|item| name_parent(own, item));
        }
    }
}

/// The entry of a new parent, which has one name for all levels on Cloud and three here.
fn name_parent(own: i64, item: &mut Value) {
    if item["field"] != "IssueParentAssociation" {
        return;
    }
    let (field, kind) = match own {
        ..=-1 => ("Parent", "jira"),
        0 => ("Epic Link", "custom"),
        _ => ("Parent Link", "custom"),
    };
    item["field"] = json!(field);
    item["fieldtype"] = json!(kind);
}

/// The fields that Cloud's list lacks, by id, name and type.
pub(super) const FIELDS: [(&str, &str, &str); 3] = [
    (EPIC_STATUS, "Epic Status", "com.pyxis.greenhopper.jira:gh-epic-status"),
    (EPIC_COLOUR, "Epic Color", "com.pyxis.greenhopper.jira:gh-epic-color"),
    (PARENT_LINK, "Parent Link", "com.atlassian.jpo:jpo-custom-field-parent"),
];

/// The type of the Team field of Advanced Roadmaps.
pub(super) const TEAM: (&str, &str) =
    (field_ids::TEAM, "com.atlassian.teams:rm-teams-custom-field-team");
