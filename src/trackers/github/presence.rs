//! What is still there: how repositories stand, all ids of one, and where a single issue went.

use http::header::LOCATION;
use serde::Deserialize;
use serde_json::json;

use super::faults;
use super::{GitHub, Repository, queries, wire};
use crate::trackers::{Fate, Roll, Standing, TrackerError};
use crate::transport::Response;

/// The most ids of one page.
const ROWS: u32 = 100;
/// Redirects that one question follows: a rename after a transfer makes two.
const HOPS: usize = 3;

#[derive(Deserialize)]
struct StandingData {
    #[serde(default)]
    repository: Option<RepositoryStanding>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RepositoryStanding {
    name_with_owner: String,
    is_archived: bool,
    has_issues_enabled: bool,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

#[derive(Deserialize)]
struct WhereaboutsData {
    #[serde(default)]
    node: Option<Whereabouts>,
}

/// Empty for a node that is no issue.
#[derive(Deserialize)]
struct Whereabouts {
    id: Option<String>,
    number: Option<u64>,
    repository: Option<wire::Repository>,
}

/// An issue as REST tells it, as far as we read it.
#[derive(Deserialize)]
struct Told {
    node_id: String,
    number: u64,
    /// `https://api.github.com/repos/northwind/checkout`
    repository_url: String,
}

impl GitHub {
    pub(super) async fn standing_of(&self, project: &str) -> Result<Standing, TrackerError> {
        let repository = self.repository(project)?;
        // Another owner's client sees nothing of it, as if it were hidden.
        let client = self.client_of(&repository.owner);
        let variables = json!({ "owner": repository.owner, "name": repository.name });
        let answer = self.of_owner(client.ask(queries::STANDING, variables).await)?;
        let (data, found) = client.data::<StandingData>(&answer)?;
        let Some(told) = data.repository else {
            // "No such repository" is the answer; anything else is trouble. One that is there and
            // forbidden, as by single sign-on, has not left.
            return match faults::is_unseen(&found) {
                true => Ok(Standing::Hidden),
                false => Err(faults::of_repository(client.place(), project, &found)),
            };
        };
        self.remember(project, &told.name_with_owner);
        // With issues switched off they are kept, and nobody can see or change them.
        let live = told.has_issues_enabled && !told.is_archived;
        Ok(if live { Standing::Live } else { Standing::Archived })
    }

    pub(super) async fn roll_of(
        &self,
        project: &str,
        page: Option<&str>,
    ) -> Result<Roll, TrackerError> {
        let repository = self.repository(project)?;
        let variables = json!({
            "owner": repository.owner, "name": repository.name, "after": page, "n": ROWS,
        });
        let client = self.client_of(&repository.owner);
        let answer = self.of_owner(client.ask(queries::ROLL, variables).await)?;
        let (data, found) = client.data::<wire::IssuesData<'_>>(&answer)?;
        let Some(told) = data.repository else {
            return Err(faults::of_repository(client.place(), project, &found));
        };
        let next = self.next(&told.issues.page_info, page, project)?;
        let rows = told.issues.nodes.unwrap_or_default();
        // A row that is listed and not shown names nothing; the single read decides.
        let shown = rows.into_iter().flatten();
        let sources = shown.map(|row| {
            wire::read::<Listed>(row.get()).map(|listed| listed.id).map_err(|path| {
                TrackerError::Malformed(format!(
                    "{}: the list of {project} cannot be read at `{path}`; the next sweep tries \
                     again",
                    self.client.place()
                ))
            })
        });
        Ok(Roll { sources: sources.collect::<Result<_, _>>()?, next })
    }

    /// REST tells a deletion (410) from a transfer (301); GraphQL says the same of both.
    pub(super) async fn fate_of(&self, source: &str, key: &str) -> Result<Fate, TrackerError> {
        let place = key.rsplit_once('#').and_then(|(repository, number)| {
            let number: u64 = number.parse().ok()?;
            Some((Repository::parse(repository)?, number))
        });
        let Some((repository, number)) = place else { return self.whereabouts(source).await };
        // Transfers stay with one owner, so one client sees where they lead.
        let client = self.client_of(&repository.owner);
        let mut path = format!("/repos/{}/issues/{number}", repository.full_name());
        let mut sent_to: Option<String> = None;
        for _ in 0..=HOPS {
            let answer = self.of_owner(client.get(&path).await)?;
            match answer.status().as_u16() {
                200 => {
                    let told: Told = serde_json::from_slice(answer.body())
                        .map_err(|_| self.unreadable(&path))?;
                    let project = project_of(&told).ok_or_else(|| self.unreadable(&path))?;
                    let key = format!("{project}#{}", told.number);
                    if told.node_id == source {
                        return Ok(Fate::Here { key, project });
                    }
                    if sent_to.is_some() {
                        return Ok(Fate::Transferred { key });
                    }
                    // Another issue has this number now: the repository is another one.
                    return self.whereabouts(source).await;
                }
                410 => return Ok(Fate::Deleted),
                404 => {
                    return match sent_to {
                        Some(key) => Ok(Fate::Transferred { key }),
                        None => self.whereabouts(source).await,
                    };
                }
                _ => {
                    path = moved_to(&answer).ok_or_else(|| self.unreadable(&path))?;
                    sent_to = Some(unseen_key(&path));
                }
            }
        }
        Err(self.unreadable(&path))
    }

    /// Asks for the issue by its node id, whatever it is called now. An id does not tell its
    /// owner, so every client is asked until one sees it.
    async fn whereabouts(&self, source: &str) -> Result<Fate, TrackerError> {
        for client in self.clients() {
            let answer = client.ask(queries::WHEREABOUTS, json!({ "id": source })).await;
            let answer = self.of_owner(answer)?;
            let (data, _) = client.data::<WhereaboutsData>(&answer)?;
            if let Some(Whereabouts {
                id: Some(id),
                number: Some(number),
                repository: Some(repository),
            }) = data.node
            {
                let project = repository.name_with_owner;
                let key = format!("{project}#{number}");
                let here = id == source;
                return Ok(if here {
                    Fate::Here { key, project }
                } else {
                    Fate::Transferred { key }
                });
            }
        }
        Ok(Fate::Absent)
    }

    fn repository(&self, project: &str) -> Result<Repository, TrackerError> {
        Repository::parse(project).ok_or_else(|| {
            let place = self.client.place();
            TrackerError::Refused(format!("{place}: `{project}` is no repository"))
        })
    }

    fn unreadable(&self, path: &str) -> TrackerError {
        TrackerError::Malformed(format!(
            "{}: the answer to GET {path} cannot be read; the next sweep tries again",
            self.client.place()
        ))
    }
}

fn project_of(told: &Told) -> Option<String> {
    let (_, name) = told.repository_url.rsplit_once("/repos/")?;
    Some(Repository::parse(name)?.full_name())
}

/// The path below the API's base to which an answer points.
fn moved_to(answer: &Response) -> Option<String> {
    let location = answer.headers().get(LOCATION)?.to_str().ok()?;
    let start = location.find("/repositories/").or_else(|| location.find("/repos/"))?;
    let path = &location[start..];
    // A path that is not made of plain words leads nowhere that we may ask.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    path.chars().all(plain).then(|| path.to_owned())
}

/// What to call an issue that we were sent to and cannot see.
fn unseen_key(path: &str) -> String {
    let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match steps.as_slice() {
        ["repositories", id, "issues", number] => format!("repository-{id}#{number}"),
        ["repos", owner, name, "issues", number] => format!("{owner}/{name}#{number}"),
        _ => path.trim_start_matches('/').to_owned(),
    }
}
