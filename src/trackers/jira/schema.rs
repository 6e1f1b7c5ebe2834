//! What one site calls its fields and link types. Custom fields have other numbers on every site,
//! so they are found by the type of their schema.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::links::Links;
use super::wire::{LinkType, Text, read};

const TEAM: [&str; 2] = [
    "com.atlassian.teams:rm-teams-custom-field-team",
    "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
];
const EPIC_LINK: &str = "com.pyxis.greenhopper.jira:gh-epic-link";
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
        let custom = [&self.team, &self.epic_link, &self.flagged].into_iter().flatten();
        let title = self.titles.then_some("summary");
        FIELDS.into_iter().chain(title).chain(custom.map(String::as_str)).collect()
    }
}
