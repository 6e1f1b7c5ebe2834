//! The caller, the site, and its lookup data.

use serde_json::{Value, json};

use super::fields::field_ids;
use super::json::{array, instant, member, raw};
use super::records::ProjectRecord;
use super::reply::Refusal;
use super::site::Site;
use super::survey;
use crate::model::Timestamp;

/// A page by offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offset {
    pub(super) start: usize,
    pub(super) size: usize,
}

pub(super) fn tenant_info(site: &Site) -> Vec<u8> {
    json!({"cloudId": site.access.cloud_id}).to_string().into_bytes()
}

pub(super) fn myself(site: &Site) -> Vec<u8> {
    let card = site.renderer().fragments.in_role("caller", 0);
    let mut out = card.trim_end_matches('}').as_bytes().to_vec();
    // The card ends in a string, so trimming removes exactly its closing brace.
    member(&mut out, "locale", "en_US");
    out.push(b'}');
    out
}

pub(super) fn server_info(site: &Site) -> Vec<u8> {
    let text = |at: Timestamp| -> Value {
        let mut out = Vec::new();
        instant(&mut out, at, site.zone);
        serde_json::from_slice(&out).expect("an instant is a JSON string")
    };
    let info = json!({
        "baseUrl": site.base, "displayUrl": site.base, "version": "1001.0.0-SNAPSHOT",
        "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_260,
        "buildDate": text(Timestamp::from_millis(1_770_336_000_000)),
        "serverTime": text(site.clock.now()), "scmInfo": "simulated",
        "serverTitle": "Jira", "defaultLocale": {"locale": "en_US"},
        "serverTimeZone": site.zone.name(),
    });
    info.to_string().into_bytes()
}

/// All fields: the system's, the usual custom ones, and those of the records.
pub(super) fn fields(site: &Site) -> Vec<u8> {
    let mut all: Vec<Value> =
        SYSTEM.iter().map(|(id, name, kind)| system(id, name, kind)).collect();
    for (id, name, kind, custom) in CUSTOM {
        all.push(custom_field(id, name, json!({"type": kind, "custom": custom})));
    }
    let usual = |id: &str| CUSTOM.iter().any(|(known, ..)| *known == id);
    for field in site.catalogue.fields.values().filter(|field| !usual(&field.id)) {
        let kind = field.schema.as_deref().unwrap_or("any");
        let custom = match kind {
            "number" => "com.atlassian.jira.plugin.system.customfieldtypes:float",
            _ => "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
        };
        all.push(custom_field(&field.id, &field.name, json!({"type": kind, "custom": custom})));
    }
    Value::from(all).to_string().into_bytes()
}

const SYSTEM: [(&str, &str, &str); 22] = [
    ("issuekey", "Key", ""),
    ("summary", "Summary", "string"),
    ("status", "Status", "status"),
    ("statuscategorychangedate", "Status Category Changed", "datetime"),
    ("issuetype", "Issue Type", "issuetype"),
    ("project", "Project", "project"),
    ("parent", "Parent", ""),
    ("priority", "Priority", "priority"),
    ("resolution", "Resolution", "resolution"),
    ("resolutiondate", "Resolved", "datetime"),
    ("created", "Created", "datetime"),
    ("updated", "Updated", "datetime"),
    ("duedate", "Due date", "date"),
    ("assignee", "Assignee", "user"),
    ("reporter", "Reporter", "user"),
    ("creator", "Creator", "user"),
    ("description", "Description", "string"),
    ("labels", "Labels", "array:string"),
    ("components", "Components", "array:component"),
    ("fixVersions", "Fix versions", "array:version"),
    ("versions", "Affects versions", "array:version"),
    ("issuelinks", "Linked Issues", "array:issuelinks"),
];

const CUSTOM: [(&str, &str, &str, &str); 9] = [
    (
        field_ids::DEVELOPMENT,
        "Development",
        "any",
        "com.atlassian.jira.plugins.jira-development-integration-plugin:devsummarycf",
    ),
    (
        field_ids::TEAM,
        "Team",
        "team",
        "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
    ),
    (field_ids::EPIC_NAME, "Epic Name", "string", "com.pyxis.greenhopper.jira:gh-epic-label"),
    (field_ids::EPIC_LINK, "Epic Link", "any", "com.pyxis.greenhopper.jira:gh-epic-link"),
    (
        field_ids::START_DATE,
        "Start date",
        "date",
        "com.atlassian.jira.plugin.system.customfieldtypes:datepicker",
    ),
    (
        field_ids::STORY_POINTS,
        "Story point estimate",
        "number",
        "com.pyxis.greenhopper.jira:jsw-story-points",
    ),
    (field_ids::RANK, "Rank", "any", "com.pyxis.greenhopper.jira:gh-lexo-rank"),
    (field_ids::SPRINT, "Sprint", "array:json", "com.pyxis.greenhopper.jira:gh-sprint"),
    (
        field_ids::FLAGGED,
        "Flagged",
        "array:option",
        "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes",
    ),
];

fn system(id: &str, name: &str, kind: &str) -> Value {
    let mut field = json!({
        "id": id, "key": id, "name": name, "custom": false, "orderable": true,
        "navigable": true, "searchable": true, "clauseNames": [id],
    });
    if !kind.is_empty() {
        field["schema"] = schema(json!({"type": kind, "system": id}));
    }
    field
}

fn custom_field(id: &str, name: &str, mut kind: Value) -> Value {
    let number: Option<u64> = id.strip_prefix("customfield_").and_then(|n| n.parse().ok());
    if let Some(number) = number {
        kind["customId"] = json!(number);
    }
    json!({
        "id": id, "key": id, "name": name, "untranslatedName": name, "custom": true,
        "orderable": true, "navigable": true, "searchable": true,
        "clauseNames": [format!("cf[{}]", number.unwrap_or_default()), name],
        "schema": schema(kind),
    })
}

/// Splits `array:option` into type and items.
fn schema(mut schema: Value) -> Value {
    let kind = schema["type"].as_str().unwrap_or("any").to_owned();
    if let Some((array, items)) = kind.split_once(':') {
        schema["type"] = json!(array);
        schema["items"] = json!(items);
    }
    schema
}

pub(super) fn statuses(site: &Site) -> Vec<u8> {
    let renderer = site.renderer();
    let gone = |id: &u64| site.catalogue.statuses.get(id).is_some_and(|status| status.gone);
    let statuses = renderer.fragments.statuses.iter().filter(|(id, _)| !gone(id));
    let mut out = Vec::new();
    array(&mut out, statuses.map(|(_, form)| form.as_str()));
    out
}

pub(super) fn issue_types(site: &Site) -> Vec<u8> {
    let mut out = Vec::new();
    array(&mut out, site.renderer().fragments.types.values().map(String::as_str));
    out
}

pub(super) fn link_types(site: &Site) -> Vec<u8> {
    let mut out = br#"{"issueLinkTypes":"#.to_vec();
    array(&mut out, site.renderer().fragments.link_types.values().map(String::as_str));
    out.push(b'}');
    out
}

/// Projects with one of these keys (none given: all) and one of these states (none given: live).
pub(super) fn projects(
    site: &Site,
    page: Offset,
    keys: &[String],
    states: &[String],
    insight: bool,
) -> Result<Vec<u8>, Refusal> {
    let known = &site.catalogue;
    let asked = |state: &str| match states {
        [] => state == "live",
        states => states.iter().any(|one| one == state),
    };
    let wanted = known.projects.values().filter(|project| {
        let state = match project.id {
            id if known.trashed.contains(&id) => "deleted",
            id if known.archived.contains(&id) => "archived",
            _ => "live",
        };
        let named = keys.is_empty() || keys.iter().any(|k| k.eq_ignore_ascii_case(&project.key));
        named && asked(state) && !known.hidden.contains(&project.id)
    });
    let forms: Vec<String> = wanted.filter_map(|project| form(site, project.id, insight)).collect();
    if forms.is_empty() && !keys.is_empty() {
        return Err(Refusal::new(404, "No projects matching the criteria were found."));
    }
    Ok(paged(site, "project/search", page, 100, &forms))
}

/// A project as lists show it.
fn form(site: &Site, project: u64, insight: bool) -> Option<String> {
    let renderer = site.renderer();
    let form = renderer.fragments.projects.get(&project)?;
    let archived = site.catalogue.archived.contains(&project);
    let deleted = site.catalogue.trashed.contains(&project);
    if !archived && !deleted && !insight {
        return Some(form.clone());
    }
    let mut value: Value = serde_json::from_str(form).expect("a fragment is JSON");
    if archived || deleted {
        value["archived"] = json!(archived);
        value["deleted"] = json!(deleted);
    }
    if insight {
        value["insight"] = survey::insight(site, project);
    }
    Some(value.to_string())
}

pub(super) fn project(site: &Site, id_or_key: &str) -> Result<Vec<u8>, Refusal> {
    let found = find(site, id_or_key)?;
    let renderer = site.renderer();
    let form = renderer.fragments.projects.get(&found.id).map_or("{}", String::as_str);
    let mut value: Value = serde_json::from_str(form).expect("a fragment is JSON");
    let parse = |form: &str| -> Value { serde_json::from_str(form).expect("a fragment is JSON") };
    value["lead"] = parse(&renderer.fragments.in_role("project-lead", found.id));
    value["issueTypes"] = renderer.fragments.types.values().map(|form| parse(form)).collect();
    value["components"] = components_of(site, found.id).iter().map(|form| parse(form)).collect();
    value["versions"] = versions_of(site, found.id).iter().map(|form| parse(form)).collect();
    value["style"] = json!("classic");
    if site.catalogue.archived.contains(&found.id) {
        value["archived"] = json!(true);
    }
    Ok(value.to_string().into_bytes())
}

pub(super) fn versions_page(
    site: &Site,
    id_or_key: &str,
    page: Offset,
) -> Result<Vec<u8>, Refusal> {
    let found = find(site, id_or_key)?;
    let path = format!("project/{}/version", found.key);
    Ok(paged(site, &path, page, 50, &versions_of(site, found.id)))
}

pub(super) fn versions(site: &Site, id_or_key: &str) -> Result<Vec<u8>, Refusal> {
    let found = find(site, id_or_key)?;
    let mut out = Vec::new();
    array(&mut out, versions_of(site, found.id).iter().map(String::as_str));
    Ok(out)
}

pub(super) fn components(site: &Site, id_or_key: &str) -> Result<Vec<u8>, Refusal> {
    let found = find(site, id_or_key)?;
    let mut out = Vec::new();
    array(&mut out, components_of(site, found.id).iter().map(String::as_str));
    Ok(out)
}

pub(super) fn find<'a>(site: &'a Site, id_or_key: &str) -> Result<&'a ProjectRecord, Refusal> {
    let message = format!("No project could be found with key '{id_or_key}'.");
    site.catalogue.project(id_or_key).ok_or_else(|| Refusal::new(404, message))
}

fn versions_of(site: &Site, project: u64) -> Vec<String> {
    let own = site.catalogue.versions.values().filter(|version| version.project == project);
    let renderer = site.renderer();
    own.filter_map(|version| renderer.fragments.versions.get(&version.id)).cloned().collect()
}

fn components_of(site: &Site, project: u64) -> Vec<String> {
    let own = site.catalogue.components.values().filter(|component| component.project == project);
    let renderer = site.renderer();
    own.filter_map(|own| renderer.fragments.components.get(&own.id)).cloned().collect()
}

/// One page by offset, with its address and the next.
fn paged(site: &Site, path: &str, page: Offset, most: usize, forms: &[String]) -> Vec<u8> {
    let (start, size, total) = (page.start, page.size.clamp(1, most), forms.len());
    let address =
        |start: usize| format!("{}/rest/api/3/{path}?maxResults={size}&startAt={start}", site.base);
    let next = start.saturating_add(size);
    let is_last = next >= total;
    let mut out = vec![b'{'];
    member(&mut out, "self", &address(start));
    if !is_last {
        member(&mut out, "nextPage", &address(next));
    }
    raw(&mut out, format_args!(r#","maxResults":{size},"startAt":{start},"total":{total}"#));
    raw(&mut out, format_args!(r#","isLast":{is_last},"values":"#));
    array(&mut out, forms.iter().skip(start).take(size).map(String::as_str));
    out.push(b'}');
    out
}
