//! `/search/jql` and `/search/approximate-count`.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::faults::LOOP;
use super::fields::{FieldSet, field_ids};
use super::index::{KeyOrder, Place};
use super::jql::{self, Clause, Op, Order, OrderField, Query, TimeField};
use super::json::{comma, member};
use super::records::IssueRecord;
use super::reply::Refusal;
use super::site::Site;
use super::tokens;
use crate::model::Timestamp;

/// What a search asks for, from a query string or a body.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SearchRequest {
    pub(super) jql: String,
    pub(super) next_page_token: Option<String>,
    pub(super) max_results: Option<usize>,
    pub(super) fields: Option<Vec<String>>,
    pub(super) expand: Option<String>,
    pub(super) reconcile_issues: Vec<u64>,
}

/// A query bound to this site and this moment.
#[derive(Default)]
pub(super) struct Filter {
    projects: Option<BTreeSet<u64>>,
    issues: Option<BTreeSet<u64>>,
    types: Option<BTreeSet<u64>>,
    times: Vec<(TimeField, Op, Timestamp)>,
    /// Project and number of an issue, and how others compare with it.
    beyond: Vec<(String, Op, u64)>,
    /// Numbers of custom fields.
    filled: Vec<String>,
    undone: bool,
}

/// Where a page ended: the values that rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SortValue {
    Number(i64),
    Key(String, u64),
}

const BY_UPDATED: Order = Order { by: OrderField::Updated, descending: false };
const BY_KEY: Order = Order { by: OrderField::Key, descending: false };

/// One page of a search, by either node of the index.
pub(super) fn search(site: &mut Site, request: &SearchRequest) -> Result<Vec<u8>, Refusal> {
    let Some((mut index, behind)) = site.second_index.take() else {
        return search_index(site, request);
    };
    site.searches += 1;
    let other = site.searches.is_multiple_of(3);
    if other {
        std::mem::swap(&mut site.index, &mut index);
    }
    let found = search_index(site, request);
    if other {
        std::mem::swap(&mut site.index, &mut index);
    }
    site.second_index = Some((index, behind));
    found
}

fn search_index(site: &mut Site, request: &SearchRequest) -> Result<Vec<u8>, Refusal> {
    let now = site.clock.now();
    let query = bounded(&request.jql)?;
    if request.reconcile_issues.len() > 50 {
        return Err(Refusal::new(400, "At most 50 issues can be reconciled."));
    }
    site.index.catch_up(now);
    site.index.reconcile(&request.reconcile_issues);
    let filter = Filter::bind(&query, site, now, true)?;
    let fields = FieldSet::parse(request.fields.as_deref().unwrap_or(&[]));
    let cap = if fields.only_keys() { site.page_caps.keys } else { site.page_caps.fields };
    let size = request.max_results.unwrap_or(50).clamp(1, cap);
    let last: Option<Vec<SortValue>> = match request.next_page_token.as_deref() {
        None | Some(LOOP) => None,
        Some(token) => Some(tokens::read(token, &request.jql, now)?),
    };
    let (order, rows) = page(site, &query, &filter, last.as_deref(), size + 1);
    let next = rows.get(size).and_then(|_| rows.get(size - 1));
    let next = next.map(|row| tokens::issue(&request.jql, now, sort_values(row, &order)));

    let expand = request.expand.as_deref().unwrap_or_default();
    let changelog = expand.split(',').any(|name| name.trim() == "changelog").then_some(40);
    let renderer = site.renderer();
    let mut out = br#"{"issues":["#.to_vec();
    for issue in rows.iter().take(size) {
        comma(&mut out);
        renderer.issue(issue, &fields, changelog, &mut out);
    }
    out.push(b']');
    match next {
        Some(token) => {
            member(&mut out, "nextPageToken", &token);
            out.extend(br#","isLast":false}"#);
        }
        None => out.extend(br#","isLast":true}"#),
    }
    Ok(out)
}

/// The answer that a stranger gets: no error, nothing found.
pub(super) fn search_as_stranger(jql: &str) -> Result<Vec<u8>, Refusal> {
    bounded(jql)?;
    Ok(br#"{"issues":[],"isLast":true}"#.to_vec())
}

/// An estimate; exact here, but of the index and not of the truth.
pub(super) fn count(site: &mut Site, jql: &str) -> Result<Vec<u8>, Refusal> {
    let now = site.clock.now();
    let query = bounded(jql)?;
    site.index.catch_up(now);
    let filter = Filter::bind(&query, site, now, true)?;
    let count = site.index.all().filter(|issue| filter.holds(issue, site)).count();
    Ok(json!({"count": count}).to_string().into_bytes())
}

fn bounded(jql: &str) -> Result<Query, Refusal> {
    let query = jql::parse(jql).map_err(|sentence| Refusal::new(400, sentence))?;
    if query.clauses.is_empty() {
        return Err(Refusal::new(
            400,
            "Unbounded JQL queries are not allowed here. Please add a search restriction to \
             your query.",
        ));
    }
    Ok(query)
}

/// Up to `most` rows after `last`, as the index shows them now.
fn page(
    site: &Site,
    query: &Query,
    filter: &Filter,
    last: Option<&[SortValue]>,
    most: usize,
) -> (Vec<Order>, Vec<Arc<IssueRecord>>) {
    let by_updated = match query.order.as_slice() {
        [first] => *first == BY_UPDATED,
        [first, second] => [*first, *second] == [BY_UPDATED, BY_KEY],
        _ => false,
    };
    if by_updated {
        let start = start(filter, last);
        let rows = site.index.starting_at(&start).filter(|issue| filter.holds(issue, site));
        let rows = rows.filter(|issue| last.is_none() || place(issue) > start);
        return (vec![BY_UPDATED, BY_KEY], rows.take(most).cloned().collect());
    }
    let mut order = query.order.clone();
    if order.is_empty() {
        order.push(Order { by: OrderField::Id, descending: true });
    }
    let matching = site.index.all().filter(|issue| filter.holds(issue, site));
    let mut rows: Vec<(Vec<SortValue>, &Arc<IssueRecord>)> =
        matching.map(|issue| (sort_values(issue, &order), issue)).collect();
    if let Some(last) = last {
        rows.retain(|(values, _)| compare(values, last, &order) == Ordering::Greater);
    }
    rows.sort_unstable_by(|a, b| compare(&a.0, &b.0, &order));
    let rows = rows.into_iter().take(most).map(|(_, issue)| Arc::clone(issue)).collect();
    (order, rows)
}

fn place(issue: &IssueRecord) -> Place {
    (issue.updated, KeyOrder::of(&issue.key), issue.id)
}

/// Where a walk by `updated` enters the index: behind the last row, or at the lower bound.
fn start(filter: &Filter, last: Option<&[SortValue]>) -> Place {
    if let Some([SortValue::Number(at), SortValue::Key(project, number), SortValue::Number(id)]) =
        last
    {
        let key = KeyOrder { project: project.as_str().into(), number: *number };
        return (Timestamp::from_millis(*at), key, id.unsigned_abs());
    }
    let bounds = filter.times.iter().filter_map(|(field, op, at)| match (field, op) {
        (TimeField::Updated, Op::Equal | Op::AtLeast | Op::More) => Some(*at),
        _ => None,
    });
    let lowest = KeyOrder { project: "".into(), number: 0 };
    (bounds.max().unwrap_or(Timestamp::MIN), lowest, 0)
}

/// The values of one row, with the id as the last resort.
pub(super) fn sort_values(issue: &IssueRecord, order: &[Order]) -> Vec<SortValue> {
    let number = |id: u64| SortValue::Number(i64::try_from(id).unwrap_or(i64::MAX));
    let values = order.iter().map(|order| match order.by {
        OrderField::Created => SortValue::Number(issue.created.millis()),
        OrderField::Updated => SortValue::Number(issue.updated.millis()),
        OrderField::Id => number(issue.id),
        OrderField::Key => {
            let key = KeyOrder::of(&issue.key);
            SortValue::Key(key.project.to_string(), key.number)
        }
    });
    values.chain([number(issue.id)]).collect()
}

pub(super) fn compare(a: &[SortValue], b: &[SortValue], order: &[Order]) -> Ordering {
    let descending = order.iter().map(|order| order.descending).chain([false]);
    for ((a, b), descending) in a.iter().zip(b).zip(descending) {
        let ordering = match (a, b) {
            (SortValue::Number(a), SortValue::Number(b)) => a.cmp(b),
            (SortValue::Key(a, n), SortValue::Key(b, m)) => a.cmp(b).then(n.cmp(m)),
            _ => Ordering::Equal,
        };
        if ordering != Ordering::Equal {
            return if descending { ordering.reverse() } else { ordering };
        }
    }
    Ordering::Equal
}

impl Filter {
    /// Looks up what the query names. One unknown project or issue fails the whole query, unless
    /// it is not `strict`: then what is unknown matches nothing.
    pub(super) fn bind(
        query: &Query,
        site: &Site,
        now: Timestamp,
        strict: bool,
    ) -> Result<Self, Refusal> {
        let mut filter = Self::default();
        for clause in &query.clauses {
            match clause {
                Clause::Projects(named) => {
                    let known =
                        named.iter().filter(|n| strict || site.catalogue.project(n).is_some());
                    let ids = known.map(|name| {
                        let project = site.catalogue.project(name).map(|project| project.id);
                        let project = project.filter(|id| site.catalogue.is_searched(*id));
                        project.ok_or_else(|| {
                            Refusal::new(
                                400,
                                format!(
                                    "The value '{name}' does not exist for the field 'project'."
                                ),
                            )
                        })
                    });
                    let ids = ids.collect::<Result<_, _>>()?;
                    filter.projects = Some(narrowed(filter.projects, ids));
                }
                Clause::Issues(named) => {
                    let known = named.iter().filter(|n| strict || site.find(n).is_some());
                    let ids = known.map(|name| {
                        let issue = site.find(name).map(|issue| issue.id);
                        issue.ok_or_else(|| {
                            Refusal::new(
                                400,
                                format!(
                                    "An issue with key '{name}' does not exist for field 'key'."
                                ),
                            )
                        })
                    });
                    let ids = ids.collect::<Result<_, _>>()?;
                    filter.issues = Some(narrowed(filter.issues, ids));
                }
                Clause::Types(named) => {
                    let ids = named.iter().map(|name| {
                        let fits = |one: &&super::records::IssueTypeRecord| {
                            one.id.to_string() == *name || one.name.eq_ignore_ascii_case(name)
                        };
                        let kind = site.catalogue.types.values().find(fits).map(|one| one.id);
                        kind.ok_or_else(|| {
                            Refusal::new(
                                400,
                                format!(
                                    "The value '{name}' does not exist for the field 'issuetype'."
                                ),
                            )
                        })
                    });
                    let ids = ids.collect::<Result<_, _>>()?;
                    filter.types = Some(narrowed(filter.types, ids));
                }
                Clause::Beyond { op, issue } => {
                    let found = site.find(issue).ok_or_else(|| {
                        let sentence =
                            format!("An issue with key '{issue}' does not exist for field 'key'.");
                        Refusal::new(400, sentence)
                    });
                    match found {
                        Ok(found) => {
                            let KeyOrder { project, number } = KeyOrder::of(&found.key);
                            filter.beyond.push((project.to_string(), *op, number));
                        }
                        Err(refusal) if strict => return Err(refusal),
                        Err(_) => filter.issues = Some(BTreeSet::new()),
                    }
                }
                Clause::Filled(number) => filter.filled.push(format!("customfield_{number}")),
                Clause::Undone => filter.undone = true,
                Clause::Time { field, op, value } => {
                    filter.times.push((*field, *op, value.resolve(now, site.zone)));
                }
            }
        }
        Ok(filter)
    }

    pub(super) fn holds(&self, issue: &IssueRecord, site: &Site) -> bool {
        self.projects.as_ref().is_none_or(|ids| ids.contains(&issue.project))
            && self.issues.as_ref().is_none_or(|ids| ids.contains(&issue.id))
            && self.types.as_ref().is_none_or(|ids| ids.contains(&issue.kind))
            && site.catalogue.is_searched(issue.project)
            && site.catalogue.is_issue_searched(issue.id)
            && self.beyond.iter().all(|(project, op, number)| {
                let key = KeyOrder::of(&issue.key);
                *key.project == **project && op.holds(&key.number, number)
            })
            && self.filled.iter().all(|field| site.is_filled(issue, field))
            && !(self.undone && site.catalogue.category(issue.status) == "done")
            && self.times.iter().all(|(field, op, at)| {
                let of = match field {
                    TimeField::Created => issue.created,
                    TimeField::Updated => issue.updated,
                };
                op.holds(&of, at)
            })
    }
}

impl Op {
    fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::AtLeast => left >= right,
            Self::More => left > right,
            Self::AtMost => left <= right,
            Self::Less => left < right,
        }
    }
}

impl Site {
    /// Whether an issue has a value in a custom field.
    fn is_filled(&self, issue: &IssueRecord, field: &str) -> bool {
        match field {
            field_ids::EPIC_NAME => self.catalogue.level(issue.kind) == 1,
            field_ids::TEAM => issue.team.is_some(),
            field_ids::FLAGGED => issue.flagged,
            other => issue.fields.get(other).is_some_and(|value| !value.is_null()),
        }
    }
}

fn narrowed(known: Option<BTreeSet<u64>>, more: BTreeSet<u64>) -> BTreeSet<u64> {
    match known {
        Some(known) => known.intersection(&more).copied().collect(),
        None => more,
    }
}
