//! Issues by id, and their history.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;

use super::faults::LOOP;
use super::fields::FieldSet;
use super::json::{comma, member, name, raw};
use super::records::{HistoryRecord, IssueRecord};
use super::render::{HistoryDate, Renderer};
use super::reply::Refusal;
use super::site::Site;
use super::tokens;

/// Entries that the bulk answer embeds per issue.
const EMBEDDED_IN_BULK: usize = 40;
/// Entries that one issue's own answer embeds.
const EMBEDDED: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkFetch {
    issue_ids_or_keys: Vec<IdOrKey>,
    fields: Option<Vec<String>>,
    #[serde(default)]
    expand: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangelogFetch {
    issue_ids_or_keys: Vec<IdOrKey>,
    #[serde(default)]
    field_ids: BTreeSet<String>,
    max_results: Option<usize>,
    next_page_token: Option<String>,
}

/// Ids are documented as strings; Jira takes numbers too.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum IdOrKey {
    Text(String),
    Number(u64),
}

impl IdOrKey {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(id) => id.to_string(),
        }
    }
}

/// The named issues that exist and are visible, each once, by id.
fn found(site: &Site, named: &[IdOrKey]) -> BTreeMap<u64, Arc<IssueRecord>> {
    let issues = named.iter().filter_map(|name| site.read(&name.text()));
    issues.map(|issue| (issue.id, issue)).collect()
}

/// `POST /issue/bulkfetch`: what does not exist is silently absent.
pub(super) fn bulk_fetch(site: &Site, request: &BulkFetch) -> Result<Vec<u8>, Refusal> {
    let asked = request.issue_ids_or_keys.len();
    if !(1..=100).contains(&asked) {
        return Err(Refusal::new(
            400,
            format!("The number of issues must be between 1 and 100, but {asked} were given."),
        ));
    }
    let navigable = ["*navigable".to_owned()];
    let fields = FieldSet::parse(request.fields.as_deref().unwrap_or(&navigable));
    let changelog = request.expand.iter().any(|name| name == "changelog");
    let renderer = site.renderer();
    let mut out = br#"{"expand":"schema,names","issues":["#.to_vec();
    for issue in found(site, &request.issue_ids_or_keys).values() {
        comma(&mut out);
        renderer.issue(issue, &fields, changelog.then_some(EMBEDDED_IN_BULK), &mut out);
    }
    out.extend(br#"],"issueErrors":[]}"#);
    Ok(out)
}

/// `GET /issue/{idOrKey}`.
pub(super) fn one(
    site: &Site,
    id_or_key: &str,
    fields: Option<&[String]>,
    expand: &str,
) -> Result<Vec<u8>, Refusal> {
    let issue = site.read(id_or_key).ok_or_else(Refusal::no_issue)?;
    let fields = fields.map_or_else(FieldSet::all, FieldSet::parse).with_key();
    let changelog = expand.split(',').any(|name| name.trim() == "changelog").then_some(EMBEDDED);
    let mut out = Vec::new();
    site.renderer().issue(&issue, &fields, changelog, &mut out);
    Ok(out)
}

/// `GET /issue/{idOrKey}/changelog`: oldest first.
pub(super) fn changelog(
    site: &Site,
    id_or_key: &str,
    start: usize,
    size: Option<usize>,
) -> Result<Vec<u8>, Refusal> {
    let issue = site.read(id_or_key).ok_or_else(Refusal::no_issue)?;
    let size = size.unwrap_or(100).clamp(1, 100);
    let total = issue.histories.len();
    let address = |start: usize| {
        let base = &site.base;
        format!("{base}/rest/api/3/issue/{id_or_key}/changelog?maxResults={size}&startAt={start}")
    };
    let renderer = site.renderer();
    let mut out = vec![b'{'];
    member(&mut out, "self", &address(start));
    let next = start.saturating_add(size);
    let is_last = next >= total;
    if !is_last {
        member(&mut out, "nextPage", &address(next));
    }
    raw(&mut out, format_args!(r#","maxResults":{size},"startAt":{start},"total":{total}"#));
    raw(&mut out, format_args!(r#","isLast":{is_last},"values":["#));
    for history in issue.histories.iter().skip(start).take(size) {
        comma(&mut out);
        renderer.history(history, HistoryDate::Text, &mut out);
    }
    out.extend(b"]}");
    Ok(out)
}

/// Order of the bulk changelog over the whole request: date, issue id, entry id.
type ChangePlace = (i64, u64, u64);

/// `POST /changelog/bulkfetch`: one issue's entries are spread over the pages.
pub(super) fn bulk_changelog(site: &Site, request: &ChangelogFetch) -> Result<Vec<u8>, Refusal> {
    let asked = request.issue_ids_or_keys.len();
    if !(1..=1000).contains(&asked) {
        return Err(Refusal::new(
            400,
            format!("The number of issues must be between 1 and 1000, but {asked} were given."),
        ));
    }
    if request.field_ids.len() > 10 {
        return Err(Refusal::new(400, "At most 10 field ids can be given."));
    }
    let size = request.max_results.unwrap_or(1000);
    if !(1..=10_000).contains(&size) {
        return Err(Refusal::new(400, "maxResults must be between 1 and 10000."));
    }
    let now = site.clock.now();
    let query = format!("{:?} {:?}", request.issue_ids_or_keys, request.field_ids);
    let last: Option<ChangePlace> = match request.next_page_token.as_deref() {
        None | Some(LOOP) => None,
        Some(token) => Some(tokens::read(token, &query, now)?),
    };
    let issues = found(site, &request.issue_ids_or_keys);
    let mut changes: Vec<(ChangePlace, &HistoryRecord)> = issues
        .values()
        .flat_map(|issue| issue.histories.iter().map(|history| (issue.id, history)))
        .map(|(id, history)| ((history.created.millis(), id, history.id), history))
        .filter(|(place, history)| {
            last.is_none_or(|last| *place > last) && wanted(history, &request.field_ids)
        })
        .collect();
    changes.sort_unstable_by_key(|(place, _)| *place);
    let more = changes.len() > size;
    changes.truncate(size);
    let mut out = vec![b'{'];
    name(&mut out, "issueChangeLogs");
    by_issue(&site.renderer(), &changes, &mut out);
    if let Some((place, _)) = changes.last().filter(|_| more) {
        member(&mut out, "nextPageToken", &tokens::issue(&query, now, place));
    }
    out.push(b'}');
    Ok(out)
}

/// Items without a field id never match a filter.
fn wanted(history: &HistoryRecord, fields: &BTreeSet<String>) -> bool {
    fields.is_empty()
        || history
            .items
            .iter()
            .any(|item| item.field_id.as_ref().is_some_and(|f| fields.contains(f)))
}

/// Groups one page by issue, in the order in which the issues first appear.
fn by_issue(renderer: &Renderer<'_>, changes: &[(ChangePlace, &HistoryRecord)], out: &mut Vec<u8>) {
    let mut groups: Vec<(u64, Vec<&HistoryRecord>)> = Vec::new();
    let mut at: BTreeMap<u64, usize> = BTreeMap::new();
    for ((_, issue, _), history) in changes {
        let slot = *at.entry(*issue).or_insert_with(|| {
            groups.push((*issue, Vec::new()));
            groups.len() - 1
        });
        groups[slot].1.push(history);
    }
    out.push(b'[');
    for (issue, histories) in groups {
        comma(out);
        raw(out, format_args!(r#"{{"issueId":"{issue}","changeHistories":["#));
        for history in histories {
            comma(out);
            renderer.history(history, HistoryDate::Millis, out);
        }
        out.extend(b"]}");
    }
    out.push(b']');
}
