//! A first map from what exists: which streams, which teams, and on what evidence. Where the
//! trackers name teams, those are the teams; otherwise what they divide their work by stands in
//! until somebody corrects it.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use super::text::{Ids, count, names, plain, quoted};
use crate::trackers::{ProjectEntry, Standing};

/// With more components than this, components are topics rather than teams.
const MOST_COMPONENTS: usize = 12;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) id: String,
    pub(super) name: String,
    /// What it is based on.
    pub(super) why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Team {
    pub(super) id: String,
    pub(super) name: String,
    /// Id of its home stream.
    pub(super) stream: String,
    pub(super) why: String,
    /// In the syntax of the file.
    pub(super) claims: Vec<String>,
    /// A claim that could be added: what it would take, and the claim.
    pub(super) rest: Option<(String, String)>,
}

#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) streams: Vec<Stream>,
    pub(super) teams: Vec<Team>,
    /// Stream by project key.
    pub(super) stream_of: BTreeMap<String, String>,
}

struct Drawing {
    draft: Draft,
    stream_ids: Ids,
    team_ids: Ids,
}

/// The first map over everything that was found and lives.
pub(super) fn of(found: &[Found]) -> Draft {
    let mut drawing =
        Drawing { draft: Draft::default(), stream_ids: Ids::default(), team_ids: Ids::default() };
    for one in found {
        if one.plan.is_github() {
            drawing.repositories(one);
        } else {
            drawing.projects(one);
        }
    }
    drawing.draft
}

/// The projects that are read.
pub(super) fn live(found: &Found) -> impl Iterator<Item = &ProjectEntry> {
    found.inventory.projects.iter().filter(|project| project.standing == Standing::Live)
}

impl Drawing {
    /// One stream for each project.
    fn projects(&mut self, found: &Found) {
        // A value of the Team field may be met in several projects and is one team.
        let mut shared: BTreeMap<String, usize> = BTreeMap::new();
        for project in live(found) {
            let stream = self.stream_ids.take(&project.key, "stream");
            self.draft.stream_of.insert(project.key.clone(), stream.clone());
            self.draft.streams.push(Stream {
                id: stream.clone(),
                name: plain(&project.name),
                why: format!(
                    "Project {}{}. A project is where work is kept, not yet a value stream: merge, \
                     rename or divide as value really flows.",
                    project.key,
                    items(project)
                ),
            });
            let components = project.components.len();
            if !project.teams.is_empty() {
                let field = found.inventory.team_field.as_deref().unwrap_or("Team");
                self.teams_by_field(project, field, &stream, &mut shared);
            } else if (2..=MOST_COMPONENTS).contains(&components) {
                self.teams_by_component(project, &stream);
            } else {
                let why = match components {
                    0 | 1 => "it names no teams and has no components to divide it by".to_owned(),
                    many => format!(
                        "it names no teams, and {many} components are more likely topics than \
                         teams: {}",
                        names(&project.components, 20)
                    ),
                };
                let id = self.team_ids.take(&project.key, "team");
                self.draft.teams.push(Team {
                    id,
                    name: format!("Everyone in {}", project.key),
                    stream,
                    why: format!("All of {} is one team, because {why}.", project.key),
                    claims: vec![format!("{{ jira = {} }}", quoted(&project.key))],
                    rest: None,
                });
            }
        }
    }

    fn teams_by_field(
        &mut self,
        project: &ProjectEntry,
        field: &str,
        stream: &str,
        shared: &mut BTreeMap<String, usize>,
    ) {
        let mut seen = BTreeSet::new();
        for (at, team) in project.teams.iter().enumerate() {
            let twin = project.teams.iter().any(|other| {
                other.id != team.id && other.name.to_lowercase() == team.name.to_lowercase()
            });
            let value = if team.name.is_empty() || twin { &team.id } else { &team.name };
            if !seen.insert(value.to_lowercase()) {
                continue;
            }
            let claim =
                format!("{{ jira = {}, team_field = {} }}", quoted(&project.key), quoted(value));
            if let Some(known) = shared.get(&team.id) {
                let known = &mut self.draft.teams[*known];
                known.claims.push(claim);
                let also = format!(" Also met in {}: is its home stream right?", project.key);
                known.why.push_str(&also);
                continue;
            }
            let rest = (at == 0).then(|| {
                let what = format!("items of {} without a team", project.key);
                (what, format!("{{ jira = {} }}", quoted(&project.key)))
            });
            shared.insert(team.id.clone(), self.draft.teams.len());
            self.draft.teams.push(Team {
                id: self.team_ids.take(&team.name, "team"),
                name: plain(value),
                stream: stream.to_owned(),
                why: format!(
                    "A value of the field {} on recent items of {}.",
                    quoted(field),
                    project.key
                ),
                claims: vec![claim],
                rest,
            });
        }
    }

    fn teams_by_component(&mut self, project: &ProjectEntry, stream: &str) {
        let mut seen = BTreeSet::new();
        for (at, component) in project.components.iter().enumerate() {
            if !seen.insert(component.to_lowercase()) {
                continue;
            }
            let key = &project.key;
            let rest = (at == 0).then(|| {
                (
                    format!("items of {key} without a component"),
                    format!("{{ jira = {} }}", quoted(key)),
                )
            });
            self.draft.teams.push(Team {
                id: self.team_ids.take(&format!("{key} {component}"), "team"),
                name: plain(component),
                stream: stream.to_owned(),
                why: if at == 0 {
                    format!(
                        "A component of {key}, which names no teams, and so are the next ones of \
                         {key}. If components are not teams there, let one team claim \
                         {{ jira = {} }}.",
                        quoted(key)
                    )
                } else {
                    format!("A component of {key}.")
                },
                claims: vec![format!(
                    "{{ jira = {}, component = {} }}",
                    quoted(key),
                    quoted(component)
                )],
                rest,
            });
        }
    }

    /// One stream for each owner, one team for each repository.
    fn repositories(&mut self, found: &Found) {
        let mut by_owner: BTreeMap<&str, Vec<&ProjectEntry>> = BTreeMap::new();
        for repository in live(found) {
            let owner = repository.key.split('/').next().unwrap_or_default();
            by_owner.entry(owner).or_default().push(repository);
        }
        for (owner, repositories) in by_owner {
            let stream = self.stream_ids.take(owner, "stream");
            self.draft.streams.push(Stream {
                id: stream.clone(),
                name: plain(owner),
                why: format!(
                    "{} of one owner. Divide them as value really flows.",
                    count(repositories.len() as u64, "repository")
                ),
            });
            for repository in repositories {
                let key = &repository.key;
                self.draft.stream_of.insert(key.clone(), stream.clone());
                let name = key.split_once('/').map_or(key.as_str(), |(_, name)| name);
                self.draft.teams.push(Team {
                    id: self.team_ids.take(name, "team"),
                    name: plain(name),
                    stream: stream.clone(),
                    why: format!(
                        "The repository {key}{}: GitHub names no teams on issues.",
                        items(repository)
                    ),
                    claims: vec![format!("{{ github = {} }}", quoted(key))],
                    rest: None,
                });
            }
        }
    }
}

/// ` (312 items)`, where the tracker tells.
fn items(project: &ProjectEntry) -> String {
    project.items.map_or_else(String::new, |items| format!(" ({})", count(items, "item")))
}
