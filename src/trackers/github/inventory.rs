//! What the credential can read of GitHub, asked once to write a first pair of files:
//! repositories, labels, issue types, parents of sub-issues, boards. Nothing of it is stored, and
//! nothing is asked of the account that the token belongs to.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use super::wire::{List, PageInfo};
use super::{GitHub, Repository, convert, faults, queries};
use crate::model::Level;
use crate::trackers::{
    BoardEntry, EpicEntry, Inventory, ProjectEntry, Standing, Tracker, TrackerError, TypeEntry,
};

/// Repositories that are looked at closely, the most recently pushed ones: one question each. The
/// others are listed by name.
const CLOSELY: usize = 40;
/// Repositories that are looked at at the same time.
const ABREAST: usize = 4;
/// Pages of repositories and of boards that are read at most.
const PAGES: usize = 20;
const BOARD_PAGES: usize = 3;
/// Owners whose boards are listed at most.
const OWNERS: usize = 20;
/// Parents of sub-issues that are listed for each repository.
const EPICS: usize = 50;

#[derive(Deserialize)]
struct OwnerData<T> {
    #[serde(default = "Option::default")]
    owner: Option<T>,
}

#[derive(Deserialize)]
struct Repositories {
    repositories: Page<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    page_info: PageInfo,
    #[serde(default = "Option::default")]
    nodes: Option<Vec<Option<T>>>,
}

#[derive(Deserialize)]
struct SurveyData {
    #[serde(default)]
    repository: Option<Row>,
}

/// A repository, from a list or looked at closely.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name_with_owner: String,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    has_issues_enabled: bool,
    #[serde(default)]
    issues: Option<List<Nothing>>,
    #[serde(default)]
    labels: Option<List<Name>>,
    #[serde(default)]
    issue_types: Option<List<TypeRow>>,
    #[serde(default)]
    open: Option<List<IssueRow>>,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeRow {
    name: String,
    #[serde(default)]
    is_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IssueRow {
    number: u64,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    issue_type: Option<Name>,
    #[serde(default)]
    sub_issues: Option<List<Nothing>>,
}

/// Empty for an owner who is no organisation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Boards {
    #[serde(default)]
    projects_v2: Option<Page<BoardRow>>,
}

#[derive(Deserialize)]
struct BoardRow {
    title: String,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    fields: Option<List<BoardField>>,
}

/// Empty for a field that is not a single-select field.
#[derive(Deserialize)]
struct BoardField {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    options: Vec<Name>,
}

impl GitHub {
    pub(super) async fn survey(&self, wanted: &[String]) -> Result<Inventory, TrackerError> {
        let mut notes = Vec::new();
        let mut listed = self.to_look_at(wanted, &mut notes).await?;
        let far = listed.split_off(listed.len().min(CLOSELY));
        if !far.is_empty() {
            notes.push(format!(
                "{}: {} repositories were listed and {CLOSELY}, the most recently pushed ones, \
                 looked at; name others with --github OWNER/REPOSITORY",
                self.client.place(),
                listed.len() + far.len()
            ));
        }
        let near: Vec<ProjectEntry> = stream::iter(listed)
            .map(|row| self.closely(row))
            .buffered(ABREAST)
            .try_collect()
            .await?;
        let owners: BTreeSet<String> =
            near.iter().filter_map(|one| Some(one.key.split_once('/')?.0.to_owned())).collect();
        let mut inventory = Inventory { projects: near, ..Inventory::default() };
        inventory.projects.extend(far.into_iter().map(|row| self.entry(row)));
        inventory.projects.sort_by(|a, b| a.key.cmp(&b.key));
        inventory.projects.dedup_by(|a, b| a.key == b.key);
        for owner in owners.iter().take(OWNERS) {
            self.boards(owner, &mut inventory.boards, &mut notes).await?;
        }
        inventory.boards.sort_by(|a, b| a.name.cmp(&b.name));
        inventory.notes = notes;
        Ok(inventory)
    }

    /// Repositories with issues, most recently pushed first; those that are named come first and
    /// whatever they hold.
    async fn to_look_at(
        &self,
        wanted: &[String],
        notes: &mut Vec<String>,
    ) -> Result<Vec<Row>, TrackerError> {
        let mut named = Vec::new();
        let mut found = Vec::new();
        if wanted.is_empty() {
            found = self.walk(queries::VISIBLE, None).await?;
        }
        for scope in wanted {
            match scope.split_once('/') {
                Some((_, name)) if name != "*" => named.push(named_only(scope)),
                _ => {
                    let owner = scope.split('/').next().unwrap_or_default();
                    found.extend(self.walk(queries::OWNED, Some(owner)).await?);
                }
            }
        }
        let (found, without): (Vec<Row>, Vec<Row>) =
            found.into_iter().partition(|row| row.has_issues_enabled);
        if !without.is_empty() {
            let names: Vec<&str> = without.iter().map(|row| row.name_with_owner.as_str()).collect();
            notes.push(format!(
                "{}: issues are switched off in {} repositories, which are left out: {}",
                self.client.place(),
                names.len(),
                names.join(", ")
            ));
        }
        named.extend(found);
        Ok(named)
    }

    async fn walk(&self, query: &str, owner: Option<&str>) -> Result<Vec<Row>, TrackerError> {
        let mut rows = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let variables = match owner {
                Some(owner) => json!({ "owner": owner, "after": after }),
                None => json!({ "after": after }),
            };
            let answer = self.client.ask(query, variables).await?;
            let (data, _) = self.client.data::<OwnerData<Repositories>>(&answer)?;
            let Some(told) = data.owner else {
                let place = self.client.place();
                return Err(TrackerError::Refused(match owner {
                    Some(owner) => format!(
                        "{place}: GitHub shows no owner {owner}: it does not exist, or the token \
                         has no access to it; check the spelling"
                    ),
                    None => format!(
                        "{place}: GitHub does not tell what this token can read; name owners or \
                         repositories with --github"
                    ),
                }));
            };
            rows.extend(told.repositories.nodes.unwrap_or_default().into_iter().flatten());
            let next = told.repositories.page_info;
            after = next
                .end_cursor
                .filter(|cursor| next.has_next_page && after.as_ref() != Some(cursor));
            if after.is_none() {
                break;
            }
        }
        Ok(rows)
    }

    async fn closely(&self, row: Row) -> Result<ProjectEntry, TrackerError> {
        let Some(repository) = Repository::parse(&row.name_with_owner) else {
            return Ok(self.entry(row));
        };
        let (owner, name) = (&repository.owner, &repository.name);
        let variables = json!({ "owner": owner, "name": name, "titles": self.titles });
        let answer = self.ask_fitting(&self.client, |texts| &texts.survey, variables).await?;
        let (data, found) = self.client.data::<SurveyData>(&answer)?;
        match data.repository {
            Some(told) => Ok(self.entry(told)),
            None => {
                let key = row.name_with_owner;
                match faults::of_repository(self.client.place(), &key, &found) {
                    TrackerError::Refused(_) => {
                        let standing = self.standing(&key).await.unwrap_or(Standing::Hidden);
                        Ok(ProjectEntry { standing, ..self.entry(named_only(&key)) })
                    }
                    error => Err(error),
                }
            }
        }
    }

    fn entry(&self, row: Row) -> ProjectEntry {
        let names = |list: Option<List<Name>>| {
            let mut names: Vec<String> = each(list).map(|one| one.name).collect();
            names.sort();
            names
        };
        let types = each(row.issue_types).filter(|kind| kind.is_enabled);
        let mut types: Vec<TypeEntry> =
            types.map(|kind| TypeEntry { name: kind.name, level: Level::Standard }).collect();
        types.sort_by(|a, b| a.name.cmp(&b.name));
        let epics = each(row.open).filter(|issue| {
            issue.sub_issues.as_ref().is_some_and(|children| children.total_count > 0)
                || issue.issue_type.as_ref().is_some_and(|kind| kind.name == "Epic")
        });
        let key = row.name_with_owner;
        let epics = epics.take(EPICS).map(|issue| EpicEntry {
            key: format!("{key}#{}", issue.number),
            title: issue.title.filter(|_| self.titles),
            status: "open".to_owned(),
        });
        ProjectEntry {
            epics: epics.collect(),
            name: key.clone(),
            standing: if row.is_archived { Standing::Archived } else { Standing::Live },
            items: row.issues.map(|issues| issues.total_count),
            statuses: convert::statuses(),
            types,
            components: Vec::new(),
            labels: names(row.labels),
            teams: Vec::new(),
            key,
        }
    }

    /// The open boards of an organisation. They need a right of their own.
    async fn boards(
        &self,
        owner: &str,
        boards: &mut Vec<BoardEntry>,
        notes: &mut Vec<String>,
    ) -> Result<(), TrackerError> {
        let place = self.client.place();
        let forbidden = || {
            format!(
                "{place}: the boards of {owner} were not listed: grant the token Projects: read \
                 of the organisation, or board statuses stay unseen"
            )
        };
        let mut after: Option<String> = None;
        for _ in 0..BOARD_PAGES {
            let variables = json!({ "owner": owner, "after": after });
            let answer = match self.client.ask(queries::BOARDS, variables).await {
                Err(TrackerError::Unauthorized(_) | TrackerError::Refused(_)) => {
                    notes.push(forbidden());
                    return Ok(());
                }
                other => other?,
            };
            let (data, found) = self.client.data::<OwnerData<Boards>>(&answer)?;
            let Some(page) = data.owner.and_then(|owner| owner.projects_v2) else {
                if !found.is_empty() {
                    notes.push(forbidden());
                }
                return Ok(());
            };
            let rows = page.nodes.unwrap_or_default().into_iter().flatten();
            boards.extend(rows.filter(|row| !row.closed).map(|row| self.board_entry(owner, row)));
            let next = page.page_info;
            after = next
                .end_cursor
                .filter(|cursor| next.has_next_page && after.as_ref() != Some(cursor));
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// A board with its status field, or without when it has no field of that name.
    fn board_entry(&self, owner: &str, row: BoardRow) -> BoardEntry {
        let mut fields = each(row.fields);
        let status = fields.find(|field| {
            field.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&self.status_field))
        });
        let (status_field, options) =
            status.map_or((None, Vec::new()), |one| (one.name, one.options));
        BoardEntry {
            name: format!("{owner}: {}", row.title),
            status_field,
            statuses: options.into_iter().map(|option| option.name).collect(),
        }
    }
}

/// A repository of which only the name is known.
fn named_only(name: &str) -> Row {
    Row {
        name_with_owner: name.to_owned(),
        is_archived: false,
        has_issues_enabled: true,
        issues: None,
        labels: None,
        issue_types: None,
        open: None,
    }
}

fn each<T>(list: Option<List<T>>) -> impl Iterator<Item = T> {
    list.and_then(|list| list.nodes).unwrap_or_default().into_iter().flatten()
}
