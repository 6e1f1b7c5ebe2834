//! `/search` by offset, and one issue. A search matches by the index; histories come from the
//! database, and so do fields unless the site says otherwise.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Center, reshape};
use crate::sim::jira::answer::Parameters;
use crate::sim::jira::fields::FieldSet;
use crate::sim::jira::jql::{self, Clause, Order, OrderField, Query};
use crate::sim::jira::records::IssueRecord;
use crate::sim::jira::reply::Refusal;
use crate::sim::jira::search::{Filter, compare, sort_values};
use crate::sim::jira::site::Site;

/// What a search asks for, from a query string or a body.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Question {
    jql: String,
    start_at: usize,
    max_results: usize,
    fields: Option<Vec<String>>,
    expand: Vec<String>,
    validate_query: bool,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            jql: String::new(),
            start_at: 0,
            max_results: 50,
            fields: None,
            expand: Vec::new(),
            validate_query: true,
        }
    }
}

impl Question {
    pub(super) fn of(request: &Request<Bytes>) -> Result<Self, Refusal> {
        if request.method() == Method::POST {
            return serde_json::from_slice(request.body()).map_err(|_| Refusal::bad_body());
        }
        let query = Parameters::of(request);
        let fields = query.all("fields");
        Ok(Self {
            jql: query.one("jql").unwrap_or_default().to_owned(),
            start_at: query.number("startAt").unwrap_or(0),
            max_results: query.number("maxResults").unwrap_or(50),
            fields: (!fields.is_empty()).then_some(fields),
            expand: query.all("expand"),
            validate_query: query.one("validateQuery") != Some("false"),
        })
    }
}

pub(super) fn search(
    site: &mut Site,
    center: &Center,
    question: &Question,
) -> Result<Vec<u8>, Refusal> {
    let now = site.clock.now();
    let query = jql::parse(&question.jql).map_err(|sentence| Refusal::new(400, sentence))?;
    site.index.catch_up(now);
    for name in named_projects(&query) {
        let project = site.catalogue.project(name);
        if project.is_some_and(|project| center.archived_projects.contains(&project.key)) {
            let sentence = format!("The value '{name}' does not exist for the field 'project'.");
            return Err(Refusal::new(400, sentence));
        }
    }
    let filter = Filter::bind(&query, site, now, question.validate_query)?;
    let size = question.max_results.min(center.max_results);
    let end = question.start_at.saturating_add(size);
    if let Some(window) = center.window.filter(|window| end > *window) {
        return Err(Refusal::new(
            500,
            format!(
                "Search limit exceeded. We couldn't complete your search because it requests \
                 {end} results which exceeded the search platform limit of {window}. Try refining \
                 your query or contact your Jira administrator."
            ),
        ));
    }
    let mut order = query.order.clone();
    if order.is_empty() {
        order.push(Order { by: OrderField::Id, descending: true });
    }
    let matching = site.index.all().filter(|issue| filter.holds(issue, site));
    let matching = matching.filter(|issue| !center.archived_issues.contains(&issue.id));
    let mut rows: Vec<_> = matching.map(|issue| (sort_values(issue, &order), issue)).collect();
    rows.sort_unstable_by(|a, b| compare(&a.0, &b.0, &order).then(Ordering::Equal));
    let total = rows.len();
    let rows: Vec<Arc<IssueRecord>> = rows
        .into_iter()
        .skip(question.start_at)
        .take(size)
        .map(|(_, issue)| Arc::clone(issue))
        .collect();
    let changelog = question.expand.iter().any(|name| name == "changelog");
    let issues: Vec<Value> = rows
        .iter()
        .map(|issue| issue_of(site, center, issue, question.fields.as_deref(), changelog))
        .collect();
    let mut page = json!({
        "expand": "schema,names", "startAt": question.start_at, "maxResults": size,
        "total": total, "issues": issues,
    });
    if let Some(window) = center.window {
        page["maxResultWindow"] = json!(window);
    }
    Ok(page.to_string().into_bytes())
}

fn named_projects(query: &Query) -> impl Iterator<Item = &String> {
    let named = query.clauses.iter().filter_map(|clause| match clause {
        Clause::Projects(named) => Some(named),
        _ => None,
    });
    named.flatten()
}

/// `GET /issue/{idOrKey}`: always the database.
pub(super) fn one(
    site: &Site,
    center: &Center,
    id_or_key: &str,
    fields: Option<&[String]>,
    expand: &str,
) -> Result<Vec<u8>, Refusal> {
    let issue = site.find(id_or_key).ok_or_else(|| Refusal::new(404, "Issue Does Not Exist"))?;
    let all = ["*all".to_owned()];
    let changelog = expand.split(',').any(|name| name.trim() == "changelog");
    let fields = fields.unwrap_or(&all);
    let mut whole = issue_of(site, center, issue, Some(fields), changelog);
    if fields.iter().any(|name| name == "archiveddate") {
        let archived = center.archived_issues.contains(&issue.id);
        let date = archived.then_some("2026-06-01T08:00:00.000+0000");
        whole["fields"]["archiveddate"] = json!(date);
    }
    Ok(whole.to_string().into_bytes())
}

fn issue_of(
    site: &Site,
    center: &Center,
    seen: &Arc<IssueRecord>,
    fields: Option<&[String]>,
    changelog: bool,
) -> Value {
    let stored = site.issues.get(&seen.id);
    let shown = if center.fields_from_index { seen } else { stored.unwrap_or(seen) };
    let navigable = ["*navigable".to_owned()];
    let fields = fields.unwrap_or(&navigable);
    let mut out = Vec::new();
    site.renderer().issue(shown, &FieldSet::parse(fields).with_key(), None, &mut out);
    let mut whole: Value = serde_json::from_slice(&out).expect("the site writes JSON");
    if let Some(stored) = stored.filter(|_| changelog) {
        let mut with = IssueRecord::clone(stored);
        with.histories.reverse();
        let mut out = Vec::new();
        let most = center.histories.unwrap_or(usize::MAX);
        // Newest first on Cloud, oldest first here.
        site.renderer().issue(&with, &FieldSet::parse(&[]).with_key(), Some(usize::MAX), &mut out);
        let parsed: Value = serde_json::from_slice(&out).expect("the site writes JSON");
        let mut embedded = parsed["changelog"].clone();
        if let Some(histories) = embedded["histories"].as_array_mut() {
            let drop = histories.len().saturating_sub(most);
            histories.drain(..drop);
            let given = histories.len();
            embedded["maxResults"] = json!(given);
        }
        whole["changelog"] = embedded;
    }
    let mut whole = reshape::value(whole);
    site.settle(shown, fields, &mut whole);
    whole
}
