//! What a first look at a site asks for: the statuses of a project by type, and boards.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::json::instant;
use super::lookup::{Offset, find};
use super::reply::Refusal;
use super::site::Site;

/// The types of a project with the statuses that its items have or had. A project without items
/// has every type and every status.
pub(super) fn project_statuses(site: &Site, id_or_key: &str) -> Result<Vec<u8>, Refusal> {
    let project = find(site, id_or_key)?.id;
    let mut met: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    let mut statuses = BTreeSet::new();
    for issue in site.issues.values().filter(|issue| issue.project == project) {
        met.entry(issue.kind).or_default();
        statuses.insert(issue.status);
        let changes = issue.histories.iter().flat_map(|history| &history.items);
        for change in changes.filter(|change| change.field == "status") {
            let ids = [&change.from, &change.to].into_iter().flatten();
            statuses.extend(ids.filter_map(|id| id.parse::<u64>().ok()));
        }
    }
    if met.is_empty() {
        met = site.catalogue.types.keys().map(|id| (*id, BTreeSet::new())).collect();
        statuses = site.catalogue.statuses.keys().copied().collect();
    }
    let renderer = site.renderer();
    let parse = |form: &String| -> Value { serde_json::from_str(form).expect("a form is JSON") };
    let gone = |id: &u64| site.catalogue.statuses.get(id).is_none_or(|status| status.gone);
    let shown: Vec<Value> = statuses
        .iter()
        .filter(|id| !gone(id))
        .filter_map(|id| renderer.fragments.statuses.get(id).map(parse))
        .collect();
    let types = met.keys().filter_map(|id| renderer.fragments.types.get(id).map(parse));
    let rows: Vec<Value> = types
        .map(|kind| {
            json!({
                "self": kind["self"], "id": kind["id"], "name": kind["name"],
                "subtask": kind["subtask"], "statuses": shown,
            })
        })
        .collect();
    Ok(Value::from(rows).to_string().into_bytes())
}

/// One board for each visible project, and one that belongs to a person, as every site has some.
pub(super) fn boards(site: &Site, page: Offset) -> Vec<u8> {
    let visible = site.catalogue.projects.values();
    let visible = visible.filter(|project| site.catalogue.is_visible(project.id));
    let mut all: Vec<Value> = visible
        .map(|project| {
            json!({
                "id": project.id, "name": format!("{} board", project.key), "type": "kanban",
                "self": format!("{}/rest/agile/1.0/board/{}", site.base, project.id),
                "location": {
                    "projectId": project.id, "projectKey": project.key,
                    "projectName": project.name, "displayName": project.name,
                    "projectTypeKey": "software", "name": project.name,
                },
            })
        })
        .collect();
    let owner = site.people.in_role("board-owner", 0);
    all.push(json!({
        "id": 1, "name": format!("Board of {}", owner.name), "type": "kanban",
        "self": format!("{}/rest/agile/1.0/board/1", site.base),
        "location": {"userAccountId": owner.account, "displayName": owner.name},
    }));
    let size = page.size.clamp(1, 50);
    let rows: Vec<&Value> = all.iter().skip(page.start).take(size).collect();
    json!({
        "maxResults": size, "startAt": page.start, "total": all.len(),
        "isLast": page.start + size >= all.len(), "values": rows,
    })
    .to_string()
    .into_bytes()
}

/// What `expand=insight` adds to a project of the list.
pub(super) fn insight(site: &Site, project: u64) -> Value {
    let own = || site.issues.values().filter(move |issue| issue.project == project);
    let mut told = json!({"totalIssueCount": own().count()});
    if let Some(at) = own().map(|issue| issue.updated).max() {
        let mut text = Vec::new();
        instant(&mut text, at, site.zone);
        told["lastIssueUpdateTime"] =
            serde_json::from_slice(&text).expect("an instant is a JSON string");
    }
    told
}
