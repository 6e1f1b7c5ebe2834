//! Changelog items in the form in which Jira writes them.

use super::edit::{Edit, EditError, unknown};
use super::fields::field_ids;
use super::records::{IssueRecord, ItemRecord};
use super::site::Site;

impl Site {
    /// The items of the entry that `edit` writes.
    pub(super) fn items(
        &self,
        issue: &IssueRecord,
        edit: &Edit,
    ) -> Result<Vec<ItemRecord>, EditError> {
        let known = &self.catalogue;
        let one = |item| Ok(vec![item]);
        match edit {
            Edit::Status(to) => {
                let status = known.statuses.get(to).ok_or_else(|| unknown("status", to))?;
                let from = (issue.status, known.status_name(issue.status));
                let mut items =
                    vec![named("status", "status", Some(from), Some((*to, status.name.clone())))];
                if status.category.as_deref() == Some("indeterminate") {
                    items.push(self.assignment(issue));
                }
                Ok(items)
            }
            Edit::Labels(to) => one(ItemRecord {
                from_string: Some(issue.labels.join(" ")),
                to_string: Some(to.join(" ")),
                ..item("labels", Some("labels"))
            }),
            Edit::Components(to) => {
                let name = |id: u64| known.components.get(&id).map(|c| c.name.clone());
                list("Component", "components", &issue.components, to, name)
            }
            Edit::FixVersions(to) => {
                let name = |id: u64| known.versions.get(&id).map(|v| v.name.clone());
                list("Fix Version", "fixVersions", &issue.fix_versions, to, name)
            }
            Edit::Sprints(to) => one(self.sprints(&issue.sprints, to)),
            Edit::Parent(to) => {
                let key = |id: Option<u64>| {
                    id.map(|id| self.issue(id).map(|p| (id, p.key.clone()))).unwrap_or(None)
                };
                if let Some(to) = to.filter(|to| self.issue(*to).is_none()) {
                    return Err(unknown("issue", to));
                }
                one(ItemRecord {
                    field_id: None,
                    ..named("IssueParentAssociation", "", key(issue.parent), key(*to))
                })
            }
            Edit::Flagged(to) => one(flag(issue.flagged, *to)),
            Edit::Resolution(to) => {
                let entry =
                    |id: Option<u64>| Some((id?, known.resolutions.get(&id?)?.name.clone()));
                if let Some(to) = to.filter(|to| !known.resolutions.contains_key(to)) {
                    return Err(unknown("resolution", to));
                }
                one(named("resolution", "resolution", entry(issue.resolution), entry(*to)))
            }
            Edit::Priority(to) => {
                let entry = |id: Option<u64>| Some((id?, known.priorities.get(&id?)?.name.clone()));
                one(named("priority", "priority", entry(issue.priority), entry(*to)))
            }
            Edit::Team(to) => {
                let name = |id: &Option<String>| id.as_deref().map(|id| known.team_name(id));
                one(ItemRecord {
                    kind: "custom".to_owned(),
                    from: issue.team.clone(),
                    from_string: name(&issue.team),
                    to: to.clone(),
                    to_string: name(to),
                    ..item("Team", Some(field_ids::TEAM))
                })
            }
            Edit::Type(to) => {
                let to = known.types.get(to).ok_or_else(|| unknown("issue type", to))?;
                let from = known.types.get(&issue.kind).map(|t| (t.id, t.name.clone()));
                one(named("issuetype", "issuetype", from, Some((to.id, to.name.clone()))))
            }
            Edit::Summary(to) => one(ItemRecord {
                from_string: Some(issue.summary.clone()),
                to_string: Some(to.clone()),
                ..item("summary", Some("summary"))
            }),
        }
    }

    /// Whoever starts work is assigned to it; the wire form replaces the ids by canaries.
    fn assignment(&self, issue: &IssueRecord) -> ItemRecord {
        let to = format!("starter-{:02}", issue.id % 16);
        ItemRecord {
            from: issue.assignee.clone(),
            from_string: issue.assignee.clone(),
            to: Some(to.clone()),
            to_string: Some(to),
            ..item("assignee", Some("assignee"))
        }
    }

    fn sprints(&self, from: &[u64], to: &[u64]) -> ItemRecord {
        let ids = |ids: &[u64]| ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let names = |ids: &[u64]| {
            let names = ids.iter().filter_map(|id| self.catalogue.sprints.get(id));
            names.map(|sprint| sprint.name.clone()).collect::<Vec<_>>().join(", ")
        };
        ItemRecord {
            kind: "custom".to_owned(),
            from: Some(ids(from)),
            from_string: Some(names(from)),
            to: Some(ids(to)),
            to_string: Some(names(to)),
            ..item("Sprint", Some(field_ids::SPRINT))
        }
    }
}

/// An item without values.
pub(super) fn item(field: &str, field_id: Option<&str>) -> ItemRecord {
    ItemRecord {
        field: field.to_owned(),
        kind: "jira".to_owned(),
        field_id: field_id.map(str::to_owned),
        ..ItemRecord::default()
    }
}

/// An item whose values have an id and a name.
pub(super) fn named(
    field: &str,
    field_id: &str,
    from: Option<(u64, String)>,
    to: Option<(u64, String)>,
) -> ItemRecord {
    let (from, from_string) = from.map(|(id, name)| (id.to_string(), name)).unzip();
    let (to, to_string) = to.map(|(id, name)| (id.to_string(), name)).unzip();
    ItemRecord { from, from_string, to, to_string, ..item(field, Some(field_id)) }
}

/// A link item: the other issue's key, and the sentence that Jira writes in English everywhere.
/// `from` and `to` are (key, relation).
pub(super) fn link(from: Option<(&str, &str)>, to: Option<(&str, &str)>) -> ItemRecord {
    let sentence =
        |(key, relation): (&str, &str)| (key.to_owned(), format!("This issue {relation} {key}"));
    let (from, from_string) = from.map(sentence).unzip();
    let (to, to_string) = to.map(sentence).unzip();
    ItemRecord { from, from_string, to, to_string, ..item("Link", None) }
}

fn flag(from: bool, to: bool) -> ItemRecord {
    let value = |set: bool, text: &str| if set { text.to_owned() } else { String::new() };
    ItemRecord {
        kind: "custom".to_owned(),
        from: from.then(|| "[10019]".to_owned()),
        from_string: from.then(|| "Impediment".to_owned()),
        to: Some(value(to, "[10019]")),
        to_string: Some(value(to, "Impediment")),
        ..item("Flagged", Some(field_ids::FLAGGED))
    }
}

/// One item per id that leaves or enters a list.
fn list(
    field: &'static str,
    field_id: &str,
    from: &[u64],
    to: &[u64],
    name: impl Fn(u64) -> Option<String>,
) -> Result<Vec<ItemRecord>, EditError> {
    let entry = |id: u64| name(id).map(|name| (id, name)).ok_or_else(|| unknown(field, id));
    let gone = from.iter().filter(|id| !to.contains(id));
    let new = to.iter().filter(|id| !from.contains(id));
    let gone = gone.map(|id| Ok(named(field, field_id, Some(entry(*id)?), None)));
    gone.chain(new.map(|id| Ok(named(field, field_id, None, Some(entry(*id)?))))).collect()
}
