//! Lists: their parameters, their order, their pages and the `Link` header.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::Timestamp;

use super::super::json::Json;
use super::super::site::world::{Issue, Repo};
use super::Found;

/// The parameters of a request, decoded.
pub struct Query(BTreeMap<String, String>);

impl Query {
    pub fn read(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(key, value)| (decode(key), decode(value))).collect())
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Elements a page: 30 unless asked for, at most 100.
    pub fn per_page(&self) -> usize {
        let asked = self.get("per_page").and_then(|text| text.parse::<usize>().ok());
        asked.filter(|asked| *asked > 0).unwrap_or(30).min(100)
    }

    fn page(&self) -> usize {
        self.get("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
    }

    /// The query with another page number.
    fn at_page(&self, page: usize) -> String {
        let mut pairs = self.0.clone();
        pairs.insert("page".to_owned(), page.to_string());
        let pairs = pairs.iter().map(|(key, value)| format!("{key}={}", value.replace('+', "%2B")));
        pairs.collect::<Vec<_>>().join("&")
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.unwrap_or(b'0') as char);
                digits.iter().filter_map(|digit| digit.to_digit(16)).fold(0, |n, d| n * 16 + d)
                    as u8
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One page of a list.
pub struct Page {
    pub items: Vec<Value>,
    page: usize,
    last: usize,
}

impl Page {
    /// Cuts the asked page out of a whole list.
    pub fn cut(items: Vec<Value>, query: &Query) -> Self {
        let (total, size) = (items.len(), query.per_page());
        let start = (query.page() - 1).saturating_mul(size);
        let items = items.into_iter().skip(start).take(size).collect();
        Self { items, page: query.page(), last: total.div_ceil(size) }
    }

    /// The `Link` header; empty when everything fits on one page.
    pub fn link(&self, url: &str, query: &Query, loops: bool) -> String {
        let mut links = Vec::new();
        let mut link = |page: usize, rel: &str| {
            links.push(format!("<{url}?{}>; rel=\"{rel}\"", query.at_page(page)));
        };
        if self.page > 1 && self.last > 1 {
            link(self.page - 1, "prev");
        }
        if loops {
            link(self.page, "next");
        } else if self.page < self.last {
            link(self.page + 1, "next");
            link(self.last, "last");
        }
        if self.page > 1 && self.last > 1 {
            link(1, "first");
        }
        links.join(", ")
    }
}

/// `GET /repos/{owner}/{repo}/issues`, pull requests included.
pub fn issues(json: &Json<'_>, repo: &Repo, query: &Query) -> Found {
    let since = match query.get("since").map(Timestamp::parse) {
        None => Timestamp::MIN,
        Some(Ok(since)) => since,
        Some(Err(_)) => return Found::Invalid("since"),
    };
    let open = match query.get("state").unwrap_or("open") {
        "open" => Some(true),
        "closed" => Some(false),
        "all" => None,
        _ => return Found::Invalid("state"),
    };
    let issues = json.world.updated_since(repo.record.id, false, since);
    let pulls = json.world.updated_since(repo.record.id, true, since);
    let wanted = |issue: &&Issue| open.is_none_or(|open| open == issue.closed.is_none());
    let mut all: Vec<&Issue> = issues.chain(pulls).filter(wanted).collect();
    match query.get("sort").unwrap_or("created") {
        "created" => all.sort_by_key(|issue| (issue.created, issue.id)),
        "updated" => all.sort_by_key(|issue| (issue.updated, issue.id)),
        "comments" => all.sort_by_key(|issue| (issue.comments, issue.id)),
        _ => return Found::Invalid("sort"),
    }
    match query.get("direction").unwrap_or("desc") {
        "asc" => {}
        "desc" => all.reverse(),
        _ => return Found::Invalid("direction"),
    }
    let (total, size) = (all.len(), query.per_page());
    let start = (query.page() - 1).saturating_mul(size);
    let items = all.into_iter().skip(start).take(size).map(|issue| json.issue(issue)).collect();
    Found::Page(Page { items, page: query.page(), last: total.div_ceil(size) })
}

/// `GET /repos/{owner}/{repo}/releases`, newest first; drafts need a right to push.
pub fn releases(json: &Json<'_>, repo: &Repo, query: &Query) -> Found {
    let releases = json.world.releases.values();
    let mut published: Vec<_> = releases
        .filter(|release| release.repo == repo.record.id && release.published.is_some())
        .collect();
    published.sort_by_key(|release| std::cmp::Reverse((release.published, release.id)));
    let items = published.into_iter().map(|release| json.release(release)).collect();
    Found::Page(Page::cut(items, query))
}
