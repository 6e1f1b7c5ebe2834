//! What a Jira site holds, asked once to write a first pair of files: projects, what they call
//! their statuses and types, components, teams, open epics, boards. Nothing of it is stored, so
//! the search may supply titles here. Answers about components and boards name people beside what
//! is read of them; no struct here has a place for one.

mod wire;

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{Method, StatusCode};

use super::super::{
    BoardEntry, EpicEntry, Inventory, ProjectEntry, Standing, Tracker, TrackerError, TypeEntry,
};
use super::Jira;
use super::attributes::{level, own, team_name};
use super::catalogue::rows;
use super::discover::{SEARCH, json, segment};
use super::wire::{Fields, IssueType, Ref, Team, issues, read};
use crate::model::{Level, Named, StatusEntry, Timestamp};
use wire::{BoardRow, FieldRow, LinkTypeList, Page, ProjectRow, Search, TypeRow};

/// Projects that are looked at closely, the most recently changed ones: at most four questions
/// each. The others are listed by name.
const CLOSELY: usize = 40;
/// Projects that are looked at at the same time.
const ABREAST: usize = 4;
/// Rows of a page of projects; Jira gives no more.
const ROWS: usize = 100;
/// Pages of projects and of boards that are read at most.
const PAGES: usize = 50;
const BOARD_PAGES: usize = 4;
/// Open epics that are listed for each project.
const EPICS: u32 = 50;
/// Recent items whose Team field is looked at.
const RECENT: u32 = 100;

/// A project as the list shows it.
struct Listed {
    key: String,
    name: String,
    items: Option<u64>,
    changed_at: Option<Timestamp>,
}

/// What holds for every project of the site.
struct Whole {
    /// Hierarchy levels by the id of the issue type.
    levels: BTreeMap<String, Level>,
    /// Ids of the Team field.
    team: Vec<String>,
}

impl Jira {
    pub(super) async fn survey(&self, wanted: &[String]) -> Result<Inventory, TrackerError> {
        // A stranger gets empty lists without an error, so the credential is proven first.
        self.client.authenticate().await?;
        let mut inventory = Inventory::default();
        let mut listed = self.live_projects(&mut inventory.notes).await?;
        let (whole, team_field) = self.whole().await?;
        inventory.team_field = team_field;
        inventory.link_types = self.link_type_names().await?;
        if !wanted.is_empty() {
            let named = |key: &str| wanted.iter().any(|one| one.eq_ignore_ascii_case(key));
            listed.retain(|project| named(&project.key));
        }
        listed.sort_by(|a, b| b.changed_at.cmp(&a.changed_at).then_with(|| a.key.cmp(&b.key)));
        let known: Vec<String> = listed.iter().map(|project| project.key.clone()).collect();
        let far = listed.split_off(listed.len().min(CLOSELY));
        let near: Vec<(ProjectEntry, Vec<String>)> = stream::iter(listed)
            .map(|project| self.closely(project, &whole))
            .buffered(ABREAST)
            .try_collect()
            .await?;
        for (project, notes) in near {
            inventory.projects.push(project);
            inventory.notes.extend(notes);
        }
        if !far.is_empty() {
            inventory.notes.push(format!(
                "{} projects were listed and {CLOSELY}, the most recently changed ones, looked at; \
                 name others with --project",
                known.len()
            ));
        }
        inventory.projects.extend(far.into_iter().map(|project| entry(project, Standing::Live)));
        for key in
            wanted.iter().filter(|key| !known.iter().any(|one| one.eq_ignore_ascii_case(key)))
        {
            let standing = self.standing(key).await.unwrap_or(Standing::Hidden);
            let project =
                Listed { key: key.clone(), name: key.clone(), items: None, changed_at: None };
            inventory.projects.push(entry(project, standing));
        }
        inventory.projects.sort_by(|a, b| a.key.cmp(&b.key));
        inventory.boards = self.boards(&known, &mut inventory.notes).await?;
        inventory.notes.dedup();
        Ok(inventory)
    }

    async fn live_projects(&self, notes: &mut Vec<String>) -> Result<Vec<Listed>, TrackerError> {
        let mut listed = Vec::new();
        for page in 0..PAGES {
            let path = format!(
                "/rest/api/3/project/search?startAt={}&maxResults={ROWS}&orderBy=key&status=live\
                 &expand=insight",
                page * ROWS
            );
            let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
            // Jira says 404 when no project fits.
            if answer.status == StatusCode::NOT_FOUND {
                return Ok(listed);
            }
            let answer = self.client.accept(answer)?;
            let found = answer.read(serde_json::from_str::<Page<'_>>)?;
            let last = found.is_last != Some(false) || found.values.is_empty();
            listed.extend(found.values.into_iter().filter_map(read::<ProjectRow<'_>>).map(|row| {
                let insight = row.insight.unwrap_or_default();
                Listed {
                    name: row.name.map_or_else(|| row.key.to_string(), own),
                    key: own(row.key),
                    items: insight.total_issue_count,
                    changed_at: insight.last_issue_update_time.0,
                }
            }));
            if last {
                return Ok(listed);
            }
        }
        notes.push(format!("only the first {} projects were listed", listed.len()));
        Ok(listed)
    }

    /// Types with their levels, and the Team field with its name.
    async fn whole(&self) -> Result<(Whole, Option<String>), TrackerError> {
        let team = self.schema().await?.team.clone();
        let answer = self.client.get("/rest/api/3/field").await?;
        let fields = rows::<FieldRow<'_>>(&answer)?;
        let named = fields.into_iter().find(|field| team.iter().any(|id| *id == *field.id));
        let name = named.map(|field| field.name.map_or_else(|| field.id.to_string(), own));
        let answer = self.client.get("/rest/api/3/issuetype").await?;
        let types = rows::<IssueType<'_>>(&answer)?;
        let levels = types.iter().map(|kind| (kind.id.to_string(), level(kind))).collect();
        Ok((Whole { levels, team }, name))
    }

    async fn link_type_names(&self) -> Result<Vec<String>, TrackerError> {
        let answer =
            self.client.ask(Method::GET, "/rest/api/3/issueLinkType", Bytes::new()).await?;
        // Linking can be switched off.
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        let answer = self.client.accept(answer)?;
        let list = answer.read(serde_json::from_str::<LinkTypeList<'_>>)?;
        let mut names: Vec<String> =
            list.issue_link_types.into_iter().map(|kind| own(kind.name)).collect();
        names.sort();
        Ok(names)
    }

    async fn closely(
        &self,
        project: Listed,
        whole: &Whole,
    ) -> Result<(ProjectEntry, Vec<String>), TrackerError> {
        let mut notes = Vec::new();
        let mut entry = entry(project, Standing::Live);
        let scope = format!("project = \"{}\"", entry.key.replace(['"', '\\'], ""));
        if entry.items.is_none() {
            entry.items = self.count(&scope).await;
        }
        let kinds = bear(self.types(&mut entry, whole).await, &mut notes)?;
        entry.components = bear(self.components(&entry.key).await, &mut notes)?;
        if !kinds.is_empty() {
            entry.epics = bear(self.epics(&scope, &kinds).await, &mut notes)?;
        }
        if !whole.team.is_empty() {
            entry.teams = bear(self.teams(&scope, &whole.team).await, &mut notes)?;
        }
        Ok((entry, notes))
    }

    /// Fills in types and statuses; gives the ids of the types of containers.
    async fn types(
        &self,
        entry: &mut ProjectEntry,
        whole: &Whole,
    ) -> Result<Vec<String>, TrackerError> {
        let path = format!("/rest/api/3/project/{}/statuses", segment(&entry.key));
        let answer = self.client.get(&path).await?;
        let mut containers = Vec::new();
        for row in rows::<TypeRow<'_>>(&answer)? {
            let told = whole.levels.get(&*row.id).copied();
            let fallback = if row.subtask == Some(true) { Level::SubTask } else { Level::Standard };
            let level = told.unwrap_or(fallback);
            if level == Level::Container {
                containers.push(row.id.to_string());
            }
            entry.types.push(TypeEntry { name: own(row.name), level });
            entry.statuses.extend(row.statuses.into_iter().map(|status| StatusEntry {
                status: Named::new(status.id.0, status.name.0),
                category: status.status_category.map_or_else(|| "undefined".into(), |c| own(c.key)),
            }));
        }
        entry.types.sort_by(|a, b| a.name.cmp(&b.name).then(a.level.cmp(&b.level)));
        entry.types.dedup();
        entry.statuses.sort();
        entry.statuses.dedup();
        Ok(containers)
    }

    async fn components(&self, key: &str) -> Result<Vec<String>, TrackerError> {
        let path = format!("/rest/api/3/project/{}/components", segment(key));
        let answer = self.client.get(&path).await?;
        let components = rows::<Ref<'_>>(&answer)?;
        let mut names: Vec<String> =
            components.into_iter().filter_map(|one| one.name.map(own)).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    async fn epics(&self, scope: &str, kinds: &[String]) -> Result<Vec<EpicEntry>, TrackerError> {
        let jql = format!(
            "{scope} AND issuetype in ({}) AND statusCategory != Done ORDER BY created DESC",
            kinds.join(", ")
        );
        let fields: &[&str] = if self.titles { &["status", "summary"] } else { &["status"] };
        let search = Search { jql: &jql, max_results: EPICS, fields };
        let answer = self.client.post(SEARCH, json(&search)).await?;
        let found = answer.read(issues)?.issues.into_iter().filter_map(|issue| {
            let Fields { summary, status, .. } = issue.fields.unwrap_or_default();
            Some(EpicEntry {
                key: own(issue.key?),
                title: summary.filter(|_| self.titles).map(own),
                status: status.and_then(|status| status.name).map(own).unwrap_or_default(),
            })
        });
        Ok(found.take(EPICS as usize).collect())
    }

    /// The values of the Team field on the items that changed last.
    async fn teams(&self, scope: &str, ids: &[String]) -> Result<Vec<Named>, TrackerError> {
        let jql = format!("{scope} ORDER BY updated DESC");
        let fields: Vec<&str> = ids.iter().map(String::as_str).collect();
        let search = Search { jql: &jql, max_results: RECENT, fields: &fields };
        let answer = self.client.post(SEARCH, json(&search)).await?;
        let issues = answer.read(issues)?.issues;
        let values = issues.into_iter().flat_map(|one| one.fields.unwrap_or_default().custom);
        let teams = values
            .filter(|(id, _)| fields.contains(&&**id))
            .filter_map(|(_, raw)| read::<Option<Team<'_>>>(raw)?.map(team_name));
        let mut teams: Vec<Named> = teams.collect();
        teams.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        teams.dedup();
        Ok(teams)
    }

    /// The boards of these projects. They need a right of their own, and nothing depends on them.
    async fn boards(
        &self,
        projects: &[String],
        notes: &mut Vec<String>,
    ) -> Result<Vec<BoardEntry>, TrackerError> {
        let mut boards = Vec::new();
        for page in 0..BOARD_PAGES {
            let path = format!("/rest/agile/1.0/board?startAt={}&maxResults=50", page * 50);
            let answer = match self.client.get(&path).await {
                Ok(answer) => answer,
                Err(TrackerError::Unauthorized(_) | TrackerError::Refused(_)) => {
                    notes.push(format!(
                        "{}: boards were not listed: a token with scopes needs \
                         read:board-scope:jira-software for it; nothing else depends on that",
                        self.client.connection()
                    ));
                    return Ok(boards);
                }
                Err(error) => return Err(error),
            };
            let found = answer.read(serde_json::from_str::<Page<'_>>)?;
            let last = found.is_last != Some(false) || found.values.is_empty();
            let rows = found.values.into_iter().filter_map(read::<BoardRow<'_>>);
            let own_rows = rows.filter(|row| {
                let key = row.location.as_ref().and_then(|place| place.project_key.as_deref());
                key.is_some_and(|key| projects.iter().any(|one| one == key))
            });
            boards.extend(own_rows.map(|row| BoardEntry {
                name: own(row.name),
                status_field: None,
                statuses: Vec::new(),
            }));
            if last {
                break;
            }
        }
        boards.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(boards)
    }
}

fn entry(project: Listed, standing: Standing) -> ProjectEntry {
    ProjectEntry {
        key: project.key,
        name: project.name,
        standing,
        items: project.items,
        statuses: Vec::new(),
        types: Vec::new(),
        components: Vec::new(),
        labels: Vec::new(),
        teams: Vec::new(),
        epics: Vec::new(),
    }
}

/// Turns a refusal into a note; trouble that may pass ends the survey.
fn bear<T: Default>(
    told: Result<T, TrackerError>,
    notes: &mut Vec<String>,
) -> Result<T, TrackerError> {
    match told {
        Err(
            TrackerError::Unauthorized(why)
            | TrackerError::Refused(why)
            | TrackerError::Malformed(why),
        ) => {
            notes.push(why);
            Ok(T::default())
        }
        other => other,
    }
}
