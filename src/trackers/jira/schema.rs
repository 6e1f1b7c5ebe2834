//! What one site calls its fields and link types. Custom fields have other numbers on every site,
//! so they are found by the type of their schema.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::links::Links;
use super::wire::{LinkType, Text, read};

const TEAM: [&str; 2] = [
    "com.atlassian.teams:rm-teams-custom-field-team",
    "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
];
const EPIC_LINK: &str = "com.pyxis.greenhopper.jira:gh-epic-link";
/// The level above epics, of Advanced Roadmaps.
const PARENT_LINK: &str = "com.atlassian.jpo:jpo-custom-field-parent";
/// Fields that only epics have, for a Jira whose types tell no level.
const EPIC_MARKS: [&str; 2] =
    ["com.pyxis.greenhopper.jira:gh-epic-color", "com.pyxis.greenhopper.jira:gh-epic-status"];
/// The third of them. Its value is a title, and is asked for only where titles are.
const EPIC_NAME: &str = "com.pyxis.greenhopper.jira:gh-epic-label";
/// The flag has no schema of its own: it is the multi-checkbox named so when Jira installed it.
const CHECKBOXES: &str = "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes";

/// The system fields that a read asks for. None of them can hold a person, an estimate or a due
/// date.
const FIELDS: [&str; 12] = [
    "project",
    "issuetype",
    "parent",
    "status",
    "resolution",
    "created",
    "updated",
    "labels",
    "components",
    "fixVersions",
    "issuelinks",
    "archiveddate",
];

/// Ids of the custom fields that we read, and the site's link types.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    pub team: Vec<String>,
    pub epic_link: Vec<String>,
    pub flagged: Vec<String>,
    /// The level above epics. Empty on Cloud, where `parent` tells it.
    pub parent_link: Vec<String>,
    /// A value in one of these makes an epic. Empty on Cloud, where types tell their level.
    pub epic_marks: Vec<String>,
    /// The field that holds an epic's own name, to search for epics with.
    pub epic_name: Option<String>,
    /// The names of the fields above, for histories that name no field id.
    pub names: BTreeMap<String, String>,
    pub links: Links,
    /// Whether titles are asked for.
    pub titles: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    untranslated_name: Option<Text<'a>>,
    #[serde(borrow)]
    schema: Option<FieldType<'a>>,
}

#[derive(Deserialize)]
struct FieldType<'a> {
    #[serde(borrow)]
    custom: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkTypes<'a> {
    #[serde(borrow)]
    issue_link_types: Vec<&'a RawValue>,
}

impl Schema {
    /// Reads the answers of `GET /field` and, where linking is switched on, `GET /issueLinkType`.
    ///
    /// # Errors
    /// One of them is not the documented list. A single malformed row is passed over: it is the
    /// description of a field, not data.
    pub fn read(
        fields: &str,
        link_types: Option<&str>,
        blocking: &[String],
        titles: bool,
    ) -> serde_json::Result<Self> {
        let mut schema = Self { titles, ..Self::default() };
        let rows: Vec<&RawValue> = serde_json::from_str(fields)?;
        for field in rows.into_iter().filter_map(read::<Field<'_>>) {
            schema.note(&field);
        }
        let types = match link_types {
            Some(text) => serde_json::from_str::<LinkTypes<'_>>(text)?.issue_link_types,
            None => Vec::new(),
        };
        let types: Vec<_> = types.into_iter().filter_map(read::<LinkType<'_>>).collect();
        schema.links = Links::new(blocking, &types);
        Ok(schema)
    }

    /// The same for Data Center, whose types tell no level and whose histories no field ids.
    ///
    /// # Errors
    /// See [`Schema::read`].
    pub fn read_center(
        fields: &str,
        link_types: Option<&str>,
        blocking: &[String],
        titles: bool,
    ) -> serde_json::Result<Self> {
        let mut schema = Self::read(fields, link_types, blocking, titles)?;
        let rows: Vec<&RawValue> = serde_json::from_str(fields)?;
        for field in rows.into_iter().filter_map(read::<Field<'_>>) {
            let id = field.id.0.as_ref();
            match field.schema.and_then(|schema| schema.custom).as_deref() {
                Some(PARENT_LINK) => schema.parent_link.push(id.to_owned()),
                Some(EPIC_NAME) => {
                    schema.epic_marks.extend(titles.then(|| id.to_owned()));
                    schema.epic_name = Some(id.to_owned());
                }
                Some(mark) if EPIC_MARKS.contains(&mark) => schema.epic_marks.push(id.to_owned()),
                _ => {}
            }
            let known = [&schema.team, &schema.epic_link, &schema.flagged, &schema.parent_link];
            if known.into_iter().flatten().any(|known| known == id)
                && let Some(name) = field.name
            {
                schema.names.insert(name.0.into_owned(), id.to_owned());
            }
        }
        Ok(schema)
    }

    fn note(&mut self, field: &Field<'_>) {
        let custom = field.schema.as_ref().and_then(|schema| schema.custom.as_deref());
        let name = field.untranslated_name.as_deref().or(field.name.as_deref());
        let list = match custom {
            Some(team) if TEAM.contains(&team) => &mut self.team,
            Some(EPIC_LINK) => &mut self.epic_link,
            Some(CHECKBOXES) if name == Some("Flagged") => &mut self.flagged,
            _ => return,
        };
        list.push(field.id.0.clone().into_owned());
        list.sort();
    }

    /// The names that a read asks for.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        let lists =
            [&self.team, &self.epic_link, &self.flagged, &self.parent_link, &self.epic_marks];
        let custom = lists.into_iter().flatten();
        let title = self.titles.then_some("summary");
        FIELDS.into_iter().chain(title).chain(custom.map(String::as_str)).collect()
    }
}
