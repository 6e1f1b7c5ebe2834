//! What the credential sees: projects, statuses, types, components, epics, boards, link types.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::super::super::{
    BoardEntry, EpicEntry, Inventory, ProjectEntry, Standing, TrackerError, TypeEntry,
};
use super::super::attributes::{naming, team_name};
use super::super::catalogue::{self, rows};
use super::super::discover::{quoted, segment};
use super::super::schema::Schema;
use super::super::wire::{Fields, Issue, LinkType, Ref, Team, Text, issue, read};
use super::Center;
use super::wire::Page;
use crate::model::{Level, Named, StatusEntry};

/// Projects that are described without having been named.
const UNNAMED: usize = 40;
/// Epics of a project, and recent items that are searched for teams.
const SAMPLE: u32 = 50;

#[derive(Deserialize)]
struct ProjectRow<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct TypeRow<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(default)]
    subtask: bool,
    #[serde(default, borrow)]
    statuses: Vec<Ref<'a>>,
}

#[derive(Deserialize)]
struct NamedRow<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkTypes<'a> {
    #[serde(borrow)]
    issue_link_types: Vec<LinkType<'a>>,
}

#[derive(Deserialize)]
struct Boards<'a> {
    #[serde(borrow)]
    values: Vec<BoardRow<'a>>,
}

#[derive(Deserialize)]
struct BoardRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BoardConfiguration<'a> {
    #[serde(borrow)]
    column_config: Columns<'a>,
}

#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow)]
    columns: Vec<Column<'a>>,
}

#[derive(Deserialize)]
struct Column<'a> {
    #[serde(default, borrow)]
    statuses: Vec<StatusId<'a>>,
}

#[derive(Deserialize)]
struct StatusId<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

/// Statuses of the whole site, by id.
type Statuses = BTreeMap<String, StatusEntry>;

impl Center {
    pub(super) async fn take_inventory(
        &self,
        projects: &[String],
    ) -> Result<Inventory, TrackerError> {
        self.authenticate().await?;
        let schema = self.schema().await?;
        let statuses: Statuses = catalogue::statuses(&self.client)
            .await?
            .into_iter()
            .map(|entry| (entry.status.id.clone(), entry))
            .collect();
        let mut inventory = Inventory {
            link_types: self.link_types().await?,
            team_field: schema
                .names
                .iter()
                .find(|(_, id)| schema.team.contains(id))
                .map(|(name, _)| name.clone()),
            ..Inventory::default()
        };
        inventory.projects = self.projects_named(projects).await?;
        let described = !projects.is_empty() || inventory.projects.len() <= UNNAMED;
        if !described {
            inventory.notes.push(format!(
                "{}: there are {} projects, too many to describe each; name those that matter",
                self.client.connection(),
                inventory.projects.len()
            ));
            return Ok(inventory);
        }
        let mut boards = BTreeMap::new();
        for entry in inventory.projects.iter_mut().filter(|p| p.standing == Standing::Live) {
            self.describe(entry, &schema, &statuses).await?;
            if !self.boards(&entry.key, &mut boards).await? {
                inventory.notes.push(format!(
                    "{}: boards of {} cannot be listed; that takes Jira Software and the right \
                     to see its boards",
                    self.client.connection(),
                    entry.key
                ));
            }
        }
        for (id, name) in boards {
            let statuses = self.columns(&id, &statuses).await?;
            inventory.boards.push(BoardEntry { name, status_field: None, statuses });
        }
        inventory.boards.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(inventory)
    }

    /// All visible projects, or the named ones whether visible or not, sorted by key.
    async fn projects_named(&self, named: &[String]) -> Result<Vec<ProjectEntry>, TrackerError> {
        let answer = self.client.get(&self.client.api("/project")).await?;
        let mut entries: Vec<ProjectEntry> = rows::<ProjectRow<'_>>(&answer)?
            .into_iter()
            .map(|row| {
                let name = row.name.map(|name| name.0.into_owned()).unwrap_or_default();
                let standing = if row.archived { Standing::Archived } else { Standing::Live };
                entry(row.key.0.into_owned(), name, standing)
            })
            .filter(|entry| {
                named.is_empty() || named.iter().any(|key| key.eq_ignore_ascii_case(&entry.key))
            })
            .collect();
        for key in named {
            if !entries.iter().any(|entry| entry.key.eq_ignore_ascii_case(key)) {
                entries.push(entry(key.clone(), String::new(), self.standing_of(key).await?));
            }
        }
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(entries)
    }

    async fn describe(
        &self,
        entry: &mut ProjectEntry,
        schema: &Schema,
        statuses: &Statuses,
    ) -> Result<(), TrackerError> {
        let project = format!("/project/{}", segment(&entry.key));
        let answer = self.client.get(&self.client.api(&format!("{project}/statuses"))).await?;
        let mut used = BTreeSet::new();
        for row in rows::<TypeRow<'_>>(&answer)? {
            let level = if row.subtask { Level::SubTask } else { Level::Standard };
            entry.types.push(TypeEntry { name: row.name.0.into_owned(), level });
            used.extend(row.statuses.into_iter().map(|status| naming(status).id));
        }
        entry.statuses = used.iter().filter_map(|id| statuses.get(id)).cloned().collect();
        entry.statuses.sort();
        let answer = self.client.get(&self.client.api(&format!("{project}/components"))).await?;
        let names = rows::<NamedRow<'_>>(&answer)?.into_iter().map(|row| row.name.0.into_owned());
        entry.components = names.collect();
        entry.components.sort();

        let scope = format!("project = {}", quoted(&entry.key));
        let answer = self.search(&scope, 0, &["project"], &[], true).await?;
        entry.items = Some(answer.read(serde_json::from_str::<Page<'_>>)?.total);
        self.epics(entry, schema, &scope).await?;
        self.teams(entry, schema, &scope).await
    }

    /// Epics that are not done, newest first; and which types they have, since types tell no level.
    async fn epics(
        &self,
        entry: &mut ProjectEntry,
        schema: &Schema,
        scope: &str,
    ) -> Result<(), TrackerError> {
        let Some(field) = schema.epic_name.as_deref().and_then(number) else { return Ok(()) };
        let order = "AND statusCategory != Done ORDER BY created DESC";
        let jql = format!("{scope} AND cf[{field}] is not EMPTY {order}");
        let title = schema.titles.then_some("summary");
        let fields: Vec<&str> = ["status", "issuetype"].into_iter().chain(title).collect();
        let answer = self.search(&jql, SAMPLE, &fields, &[], true).await?;
        for row in answer.read(serde_json::from_str::<Page<'_>>)?.issues {
            let Issue { key: Some(key), fields: Some(fields), .. } = issue(row) else { continue };
            let Fields { summary, status, issuetype, .. } = fields;
            if let Some(kind) = issuetype.and_then(|kind| kind.name)
                && let Some(known) = entry.types.iter_mut().find(|known| known.name == *kind)
            {
                known.level = Level::Container;
            }
            entry.epics.push(EpicEntry {
                key: key.0.into_owned(),
                title: summary.filter(|_| schema.titles).map(|title| title.0.into_owned()),
                status: status.map(naming).map(|status| status.name).unwrap_or_default(),
            });
        }
        Ok(())
    }

    async fn teams(
        &self,
        entry: &mut ProjectEntry,
        schema: &Schema,
        scope: &str,
    ) -> Result<(), TrackerError> {
        let Some(field) = schema.team.first() else { return Ok(()) };
        let Some(own) = number(field) else { return Ok(()) };
        let jql = format!("{scope} AND cf[{own}] is not EMPTY ORDER BY updated DESC");
        let answer = self.search(&jql, SAMPLE, &[field], &[], true).await?;
        let mut teams: Vec<Named> = Vec::new();
        for row in answer.read(serde_json::from_str::<Page<'_>>)?.issues {
            let fields = issue(row).fields.unwrap_or_default();
            let values = fields.custom.into_iter().filter_map(|(_, raw)| read::<Team<'_>>(raw));
            teams.extend(values.map(team_name));
        }
        teams.sort();
        teams.dedup();
        entry.teams = teams;
        Ok(())
    }

    async fn link_types(&self) -> Result<Vec<String>, TrackerError> {
        let path = self.client.api("/issueLinkType");
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            // Linking is switched off.
            return Ok(Vec::new());
        }
        let answer = self.client.accept(answer)?;
        let types = answer.read(serde_json::from_str::<LinkTypes<'_>>)?.issue_link_types;
        Ok(types.into_iter().map(|kind| kind.name.0.into_owned()).collect())
    }

    /// Adds the boards of a project by id; `false` when they may not be asked for.
    async fn boards(
        &self,
        project: &str,
        boards: &mut BTreeMap<String, String>,
    ) -> Result<bool, TrackerError> {
        let path =
            format!("/rest/agile/1.0/board?maxResults=50&projectKeyOrId={}", segment(project));
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status.is_client_error() && answer.status != StatusCode::UNAUTHORIZED {
            return Ok(false);
        }
        let answer = self.client.accept(answer)?;
        let page = answer.read(serde_json::from_str::<Boards<'_>>)?;
        boards
            .extend(page.values.into_iter().map(|b| (b.id.0.into_owned(), b.name.0.into_owned())));
        Ok(true)
    }

    /// The names of the statuses that a board shows, in the order of its columns.
    async fn columns(&self, board: &str, known: &Statuses) -> Result<Vec<String>, TrackerError> {
        let path = format!("/rest/agile/1.0/board/{}/configuration", segment(board));
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status.is_client_error() && answer.status != StatusCode::UNAUTHORIZED {
            return Ok(Vec::new());
        }
        let answer = self.client.accept(answer)?;
        let configuration = answer.read(serde_json::from_str::<BoardConfiguration<'_>>)?;
        let columns = configuration.column_config.columns.into_iter();
        let ids = columns.flat_map(|column| column.statuses).map(|status| status.id);
        Ok(ids.filter_map(|id| known.get(&*id)).map(|entry| entry.status.name.clone()).collect())
    }
}

fn entry(key: String, name: String, standing: Standing) -> ProjectEntry {
    ProjectEntry {
        key,
        name,
        standing,
        items: None,
        statuses: Vec::new(),
        types: Vec::new(),
        components: Vec::new(),
        labels: Vec::new(),
        teams: Vec::new(),
        epics: Vec::new(),
    }
}

/// `10011` of `customfield_10011`.
fn number(field: &str) -> Option<&str> {
    field.strip_prefix("customfield_").filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}
