//! The fields of Jira's answers that we read, and no others. Every text is borrowed from the body.
//!
//! The contract that Jira publishes is broken by its own answers (null where text is promised,
//! numbers for dates), so nothing here is stricter than the use it is put to: a list element that
//! cannot be read becomes `None` or empty beside its readable neighbours, and the conversion names
//! it as a gap.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

pub use super::text::{Text, When};

/// A page of issues, from the search or by id.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "I: Deserialize<'de>"))]
pub struct IssuePage<'a, I> {
    pub issues: Vec<I>,
    #[serde(default, borrow)]
    pub next_page_token: Option<Text<'a>>,
    #[serde(default)]
    pub is_last: Option<bool>,
    #[serde(default, borrow, deserialize_with = "nullable")]
    pub issue_errors: Vec<&'a RawValue>,
}

/// A row of `issueErrors`: an issue that Jira could not give although it exists. The message is not
/// read.
#[derive(Debug, Deserialize)]
pub struct IssueError<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
}

/// One row of a page. A row without a readable id, or without readable fields, still counts.
#[derive(Debug, Default, Deserialize)]
pub struct Issue<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow)]
    pub key: Option<Text<'a>>,
    #[serde(borrow)]
    pub fields: Option<Fields<'a>>,
}

/// What is left of a row whose fields cannot be read.
#[derive(Deserialize)]
struct Shell<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    key: Option<Text<'a>>,
}

/// The fields of an issue. Each is read on its own, so that an unreadable one costs only itself.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    pub summary: Option<Text<'a>>,
    pub project: Option<Project<'a>>,
    pub issuetype: Option<IssueType<'a>>,
    pub parent: Option<Other<'a>>,
    pub status: Option<Ref<'a>>,
    pub resolution: Option<Ref<'a>>,
    pub created: When,
    pub updated: When,
    pub labels: Vec<Text<'a>>,
    pub components: Vec<Ref<'a>>,
    pub fix_versions: Vec<Ref<'a>>,
    pub issuelinks: Vec<IssueLink<'a>>,
    /// The issue lies in the archive.
    pub archived: bool,
    /// Custom fields by id: only those that the request named come back.
    pub custom: Vec<(Text<'a>, &'a RawValue)>,
    /// Names of the fields above that could not be read.
    pub unreadable: Vec<&'static str>,
}

/// Something with an id and a name.
#[derive(Debug, Deserialize)]
pub struct Ref<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
}

/// The project of an issue.
#[derive(Debug, Deserialize)]
pub struct Project<'a> {
    #[serde(borrow)]
    pub key: Text<'a>,
}

/// The type of an issue and its place in the hierarchy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueType<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    pub subtask: Option<bool>,
    /// -1 sub-task, 0 standard, 1 epic, more above.
    pub hierarchy_level: Option<i64>,
}

/// Another issue, as a parent or at the far end of a link.
#[derive(Debug, Deserialize)]
pub struct Other<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow)]
    pub key: Option<Text<'a>>,
}

/// A link: exactly one of the two issues is present, and names the relation *this* issue has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueLink<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: LinkType<'a>,
    #[serde(borrow)]
    pub inward_issue: Option<Other<'a>>,
    #[serde(borrow)]
    pub outward_issue: Option<Other<'a>>,
}

/// A type of link and the two phrases it is read with.
#[derive(Debug, Deserialize)]
pub struct LinkType<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(borrow)]
    pub inward: Option<Text<'a>>,
    #[serde(borrow)]
    pub outward: Option<Text<'a>>,
}

/// The value of a Team field: an id, or an object.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Team<'a> {
    Id(#[serde(borrow)] Text<'a>),
    Object {
        #[serde(borrow)]
        id: Text<'a>,
        #[serde(borrow)]
        name: Option<Text<'a>>,
        /// The same as the name; some answers have both, some this one only.
        #[serde(borrow)]
        title: Option<Text<'a>>,
    },
}

/// A page of histories, of many issues at once.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "L: Deserialize<'de>"))]
pub struct ChangelogPage<'a, L> {
    pub issue_change_logs: Vec<L>,
    #[serde(default, borrow)]
    pub next_page_token: Option<Text<'a>>,
}

/// A part of one issue's history; the rest may be on other pages.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "H: Deserialize<'de>"))]
pub struct ChangeLog<'a, H> {
    #[serde(default, borrow)]
    pub issue_id: Option<Text<'a>>,
    #[serde(default, deserialize_with = "nullable")]
    pub change_histories: Vec<H>,
}

/// Changes that were made at one instant.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "E: Deserialize<'de>"))]
pub struct History<'a, E = Option<Entry<'a>>> {
    #[serde(default, borrow)]
    pub id: Option<Text<'a>>,
    #[serde(default)]
    pub created: When,
    #[serde(default, deserialize_with = "nullable")]
    pub items: Vec<E>,
}

/// The value of a Parent Link: a key, or an object around it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum ParentLink<'a> {
    Key(#[serde(borrow)] Text<'a>),
    Object {
        #[serde(borrow)]
        data: Option<Other<'a>>,
    },
}

/// One change. The values of fields that are not on our list are never looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry<'a> {
    #[serde(borrow)]
    pub field: Option<Text<'a>>,
    #[serde(borrow)]
    pub field_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub from: Option<Text<'a>>,
    #[serde(borrow)]
    pub from_string: Option<Text<'a>>,
    #[serde(borrow)]
    pub to: Option<Text<'a>>,
    #[serde(borrow)]
    pub to_string: Option<Text<'a>>,
}

/// A whole changelog as the conversion takes it: `None` stands for what could not be read.
pub type Log<'a> = ChangeLog<'a, Option<History<'a>>>;

/// Reads a page of issues: at once, and row by row when a row is malformed.
///
/// # Errors
/// The page as a whole is not the documented object.
pub fn issues(text: &str) -> serde_json::Result<IssuePage<'_, Issue<'_>>> {
    if let Ok(page) = serde_json::from_str(text) {
        return Ok(page);
    }
    let page: IssuePage<'_, &RawValue> = serde_json::from_str(text)?;
    Ok(IssuePage {
        issues: page.issues.into_iter().map(issue).collect(),
        next_page_token: page.next_page_token,
        is_last: page.is_last,
        issue_errors: page.issue_errors,
    })
}

/// Reads one row of a page of issues, and of a malformed one what names it.
#[must_use]
pub fn issue(row: &RawValue) -> Issue<'_> {
    let shell = || read::<Shell<'_>>(row).map(|s| Issue { id: s.id, key: s.key, fields: None });
    read::<Issue<'_>>(row).or_else(shell).unwrap_or_default()
}

/// Reads a page of histories down to its rows. A page may hold ten thousand histories, so each row
/// is read by [`log`] when its turn comes.
///
/// # Errors
/// The page as a whole is not the documented object.
pub fn changelogs(text: &str) -> serde_json::Result<ChangelogPage<'_, &RawValue>> {
    serde_json::from_str(text)
}

/// Reads one row of a page of histories: at once, and history by history and entry by entry when
/// one of them is malformed.
#[must_use]
pub fn log(row: &RawValue) -> Log<'_> {
    if let Some(log) = read(row) {
        return log;
    }
    match read::<ChangeLog<'_, &RawValue>>(row) {
        Some(log) => {
            let histories = log.change_histories.into_iter().map(history).collect();
            ChangeLog { issue_id: log.issue_id, change_histories: histories }
        }
        None => ChangeLog { issue_id: None, change_histories: vec![None] },
    }
}

/// Reads one history, entry by entry.
#[must_use]
pub fn history(raw: &RawValue) -> Option<History<'_>> {
    let history = read::<History<'_, &RawValue>>(raw)?;
    let items = history.items.into_iter().map(read).collect();
    Some(History { id: history.id, created: history.created, items })
}

/// One element of a list, or `None` when it is malformed.
#[must_use]
pub fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

/// `null` where a list is documented.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    d: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(d)?.unwrap_or_default())
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the fields of an issue")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    fields.take(name, &mut map)?;
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'a> Fields<'a> {
    fn take<A: MapAccess<'a>>(&mut self, name: Text<'a>, map: &mut A) -> Result<(), A::Error> {
        match &*name {
            "summary" => self.summary = self.value("summary", map)?,
            "project" => self.project = self.value("project", map)?,
            "issuetype" => self.issuetype = self.value("issuetype", map)?,
            "parent" => self.parent = self.value("parent", map)?,
            "status" => self.status = self.value("status", map)?,
            "resolution" => self.resolution = self.value("resolution", map)?,
            "created" => self.created = self.value("created", map)?.unwrap_or_default(),
            "updated" => self.updated = self.value("updated", map)?.unwrap_or_default(),
            "labels" => self.labels = self.value("labels", map)?.unwrap_or_default(),
            "components" => self.components = self.value("components", map)?.unwrap_or_default(),
            "fixVersions" => {
                self.fix_versions = self.value("fixVersions", map)?.unwrap_or_default();
            }
            "issuelinks" => self.issuelinks = self.value("issuelinks", map)?.unwrap_or_default(),
            "archiveddate" => self.archived = map.next_value::<Option<IgnoredAny>>()?.is_some(),
            custom if custom.starts_with("customfield_") => {
                let value = map.next_value()?;
                self.custom.push((name, value));
            }
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    /// The value of one field; `None` when it is null, and noted when it is unreadable.
    fn value<T: Deserialize<'a>, A: MapAccess<'a>>(
        &mut self,
        name: &'static str,
        map: &mut A,
    ) -> Result<Option<T>, A::Error> {
        let raw: &'a RawValue = map.next_value()?;
        let value = read::<Option<T>>(raw);
        if value.is_none() {
            self.unreadable.push(name);
        }
        Ok(value.flatten())
    }
}
