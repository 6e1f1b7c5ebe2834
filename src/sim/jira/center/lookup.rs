//! Lookup data, as version 2 lists it.

use serde_json::{Value, json};

use super::{Center, reshape};
use crate::sim::jira::lookup as cloud;
use crate::sim::jira::reply::Refusal;
use crate::sim::jira::site::Site;

/// The answer of Cloud in the other form.
pub(super) fn reshaped(body: &[u8]) -> Result<Vec<u8>, Refusal> {
    Ok(reshape::value(parsed(body)).to_string().into_bytes())
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("the site writes JSON")
}

pub(super) fn server_info(site: &Site, center: &Center) -> Vec<u8> {
    let mut info = reshape::value(parsed(&cloud::server_info(site)));
    let [major, minor, patch] = center.version;
    info["version"] = json!(format!("{major}.{minor}.{patch}"));
    info["versionNumbers"] = json!(center.version);
    info["deploymentType"] = json!("Server");
    info["serverTitle"] = json!("Simulated Jira");
    info.to_string().into_bytes()
}

pub(super) fn fields(site: &Site) -> Result<Vec<u8>, Refusal> {
    let mut fields = reshape::value(parsed(&cloud::fields(site)));
    let rows = fields.as_array_mut().ok_or_else(|| Refusal::usual(500))?;
    for (id, name, custom) in reshape::FIELDS {
        rows.push(json!({
            "id": id, "key": id, "name": name, "custom": true, "orderable": true,
            "navigable": true, "searchable": true, "clauseNames": [name],
            "schema": {"type": "any", "custom": custom},
        }));
    }
    let (team, custom) = reshape::TEAM;
    for row in rows.iter_mut().filter(|row| row["id"] == team) {
        row["schema"]["custom"] = json!(custom);
    }
    Ok(fields.to_string().into_bytes())
}

/// All visible projects in one list.
pub(super) fn projects(site: &Site) -> Result<Vec<u8>, Refusal> {
    let visible = site.catalogue.projects.keys().filter(|id| site.catalogue.is_visible(**id));
    let renderer = site.renderer();
    let forms = visible.filter_map(|id| renderer.fragments.projects.get(id));
    let rows: Vec<Value> = forms.map(|form| parsed(form.as_bytes())).collect();
    reshaped(Value::from(rows).to_string().as_bytes())
}

pub(super) fn project(site: &Site, center: &Center, id_or_key: &str) -> Result<Vec<u8>, Refusal> {
    let mut whole = reshape::value(parsed(&cloud::project(site, id_or_key)?));
    let key = whole["key"].as_str().unwrap_or_default();
    whole["archived"] = json!(center.archived_projects.contains(key));
    Ok(whole.to_string().into_bytes())
}

/// Every type with every status: the simulated site has one workflow.
pub(super) fn project_statuses(site: &Site, id_or_key: &str) -> Result<Vec<u8>, Refusal> {
    cloud::project(site, id_or_key)?;
    let statuses = parsed(&cloud::statuses(site));
    let mut types = parsed(&cloud::issue_types(site));
    for kind in types.as_array_mut().into_iter().flatten() {
        kind["statuses"] = statuses.clone();
    }
    reshaped(types.to_string().as_bytes())
}

pub(super) fn boards(site: &Site) -> Vec<u8> {
    let first = site.catalogue.projects.values().next().map(|project| project.key.clone());
    let boards: Vec<Value> = first
        .into_iter()
        .map(|key| {
            json!({
                "id": 1, "name": format!("{key} board"), "type": "kanban",
                "self": format!("{}/rest/agile/1.0/board/1", site.base),
            })
        })
        .collect();
    json!({"maxResults": 50, "startAt": 0, "total": boards.len(), "isLast": true, "values": boards})
        .to_string()
        .into_bytes()
}

pub(super) fn board(site: &Site) -> Vec<u8> {
    let known = site.catalogue.statuses.values().filter(|status| !status.gone);
    let columns: Vec<Value> = known
        .map(|status| json!({"name": status.name, "statuses": [{"id": status.id.to_string()}]}))
        .collect();
    json!({"id": 1, "name": "board", "columnConfig": {"columns": columns}}).to_string().into_bytes()
}
