//! Webhooks: the bodies of announced events, and the deliveries that wait to be sent.

mod deliver;
mod log;

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::sim::people::People;

use super::ids::node_id;
use super::json::{Json, owner_id};
use super::records::ReleaseRecord;
use super::site::world::{Issue, World};

pub use deliver::Hook;
pub(super) use deliver::deliver_for_ever;
pub use log::{Desk, HookRights, Registered, Tried};

/// A signed message on its way to the hook, or lost if nobody sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `X-GitHub-Event`
    pub event: &'static str,
    /// `X-GitHub-Delivery`
    pub guid: String,
    pub body: Vec<u8>,
}

/// The most deliveries that wait; older ones are lost.
const WAITING_LIMIT: usize = 10_000;

/// Deliveries in the order in which their causes happened.
#[derive(Debug, Default)]
pub struct Outbox {
    pub waiting: VecDeque<Delivery>,
    numbered: u64,
}

impl Outbox {
    pub fn push(&mut self, event: &'static str, body: &Value) {
        self.numbered += 1;
        if self.waiting.len() == WAITING_LIMIT {
            self.waiting.pop_front();
        }
        let guid = format!("72d3162e-cc78-11e3-81ab-{:012x}", self.numbered);
        self.waiting.push_back(Delivery { event, guid, body: body.to_string().into_bytes() });
    }
}

/// What an announcement tells besides the object it is about.
pub enum Extra<'a> {
    None,
    Label(u64),
    Type(&'a str),
    Renamed(&'a str),
    /// The sub-issue of a parent, or the blocker of a blocked issue.
    Relation(u64),
    /// Board, status before, status after.
    Card(u64, Option<String>, Option<String>),
    Transferred {
        id: u64,
        to: u64,
        number: u64,
    },
}

/// The body of an event about the issue (or release) `id`; `None` when there is no such thing.
pub fn body(
    world: &World,
    people: &People,
    event: &str,
    action: &str,
    id: u64,
    extra: Extra<'_>,
) -> Option<Value> {
    let json = Json { world, people };
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    put("action", json!(action));
    put("sender", json.user("sender", id));
    put("installation", json!({"id": 1, "node_id": node_id("MDIz", &[1])}));
    if let Some(release) = world.releases.get(&id).filter(|_| event == "release") {
        place(&json, release_repo(release), &mut put);
        put("release", json.release(release));
        return Some(Value::Object(body));
    }
    if event == "repository" {
        place(&json, id, &mut put);
        return Some(Value::Object(body));
    }
    let issue = world.issues.get(&id)?;
    match (event, &issue.pull) {
        ("projects_v2_item", _) => {
            let Extra::Card(board, from, to) = extra else { return None };
            let owner = &world.boards.get(&board)?.owner;
            put("organization", json.organization(owner));
            put("projects_v2_item", card(&json, issue, board)?);
            if action == "edited" {
                put("changes", status_change(world, board, from, to));
            }
            return Some(Value::Object(body));
        }
        ("pull_request", Some(pull)) => {
            put("number", json!(issue.number));
            put("pull_request", json.pull(issue, pull));
        }
        ("sub_issues", _) => {
            let Extra::Relation(child) = extra else { return None };
            return relation(&json, body, ["parent_issue", "sub_issue"], [id, child], action);
        }
        ("issue_dependencies", _) => {
            let Extra::Relation(blocker) = extra else { return None };
            let names = ["blocked_issue", "blocking_issue"];
            return relation(&json, body, names, [id, blocker], action);
        }
        _ => put("issue", json.issue(issue)),
    }
    match extra {
        Extra::Label(label) => put("label", json.label(world.labels.get(&label)?)),
        Extra::Type(name) => put("type", json.issue_type(name)),
        Extra::Renamed(from) => put("changes", json!({"title": {"from": from}})),
        Extra::Transferred { id, to, number } => {
            put("changes", transferred(&json, issue, id, to, number)?);
        }
        Extra::None | Extra::Relation(_) | Extra::Card(..) => {}
    }
    place(&json, issue.repo, &mut put);
    Some(Value::Object(body))
}

fn release_repo(release: &ReleaseRecord) -> u64 {
    release.repo
}

/// Names the repository and organisation in which the event happened.
fn place(json: &Json<'_>, repo: u64, put: &mut impl FnMut(&str, Value)) {
    if let Some(repo) = json.world.repos.get(&repo) {
        put("repository", json.repository(repo));
        put("organization", json.organization(&repo.record.owner));
    }
}

/// A relation of two issues, announced where `action` says: at the first of them when it begins
/// with the name of the second's role (`sub_issue_added` happens to the parent).
fn relation(
    json: &Json<'_>,
    mut body: Map<String, Value>,
    names: [&str; 2],
    ids: [u64; 2],
    action: &str,
) -> Option<Value> {
    let issues = [json.world.issues.get(&ids[0])?, json.world.issues.get(&ids[1])?];
    for (name, issue) in names.iter().zip(issues) {
        body.insert(format!("{name}_id"), json!(issue.id));
        body.insert((*name).to_owned(), json.issue(issue));
    }
    let at_first = action.starts_with("sub_issue") || action.starts_with("blocked_by");
    let (here, there) = if at_first { (0, 1) } else { (1, 0) };
    let far = json.world.repos.get(&issues[there].repo)?;
    body.insert(format!("{}_repo", names[there]), json.repository(far));
    place(json, issues[here].repo, &mut |key, value| drop(body.insert(key.to_owned(), value)));
    Some(Value::Object(body))
}

fn card(json: &Json<'_>, issue: &Issue, board: u64) -> Option<Value> {
    let card = issue.cards.iter().find(|card| card.board == board)?;
    let record = json.world.boards.get(&board)?;
    Some(json!({
        "id": card.id, "node_id": card.node_id(),
        "project_node_id": node_id("PVT", &[owner_id(&record.owner), board]),
        "content_node_id": issue.node_id,
        "content_type": if issue.pull.is_some() { "PullRequest" } else { "Issue" },
        "creator": json.user("creator", card.id), "created_at": card.created.to_string(),
        "updated_at": card.updated.to_string(), "archived_at": null,
    }))
}

fn status_change(world: &World, board: u64, from: Option<String>, to: Option<String>) -> Value {
    let option = |name: &Option<String>| {
        name.as_ref().map(
            |name| json!({"id": option_id(name), "name": name, "color": "GRAY", "description": ""}),
        )
    };
    json!({"field_value": {
        "field_node_id": node_id("PVTSSF", &[board, 1]), "field_type": "single_select",
        "field_name": "Status", "project_number": world.boards.get(&board).map(|b| b.number),
        "from": option(&from), "to": option(&to),
    }})
}

/// The id of a status option: eight hexadecimal digits made from its name.
pub fn option_id(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

fn transferred(json: &Json<'_>, old: &Issue, id: u64, to: u64, number: u64) -> Option<Value> {
    let repo = json.world.repos.get(&to)?;
    let mut new = json.issue(old);
    let url = format!("https://api.github.com/repos/{}/issues/{number}", repo.full_name());
    let object = new.as_object_mut()?;
    object.insert("id".to_owned(), json!(id));
    object.insert("node_id".to_owned(), json!(Issue::node_id_of(id, to, old.pull.is_some())));
    object.insert("number".to_owned(), json!(number));
    object.insert("url".to_owned(), json!(url));
    Some(json!({"new_issue": new, "new_repository": json.repository(repo)}))
}
