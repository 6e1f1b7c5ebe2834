//! Reads issues by id: content first, then the whole history, so that a change in between shows as
//! a history newer than its content and never as content newer than its history.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::super::{ReadOut, TrackerError};
use super::Jira;
use super::answer::Answer;
use super::convert::Draft;
use super::discover::json;
use super::schema::Schema;
use super::wire;
use crate::model::Gap;
use crate::mutants::{Mutant, alive};

/// The most issues that one content request takes.
const CONTENT: usize = 100;
/// The most issues that one changelog request takes.
pub(super) const BATCH: usize = 1_000;
/// The most histories that one changelog page holds.
const HISTORIES: u32 = 10_000;
/// Content requests under way at once.
const ABREAST: usize = 4;
/// A changelog of more pages than this is taken for endless: ten million histories.
const PAGES: usize = 1_000;

const ISSUES: &str = "/rest/api/3/issue/bulkfetch";
const CHANGELOGS: &str = "/rest/api/3/changelog/bulkfetch";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IssuesQuestion<'a> {
    issue_ids_or_keys: &'a [&'a str],
    fields: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangelogQuestion<'a> {
    issue_ids_or_keys: Vec<&'a str>,
    max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<&'a str>,
}

/// Items under construction, by id.
type Drafts<'s> = BTreeMap<String, Draft<'s>>;

impl Jira {
    pub(super) async fn read_all(&self, sources: &[String]) -> Result<ReadOut, TrackerError> {
        let schema = self.schema().await?;
        let mut asked = BTreeSet::new();
        let sources: Vec<&str> =
            sources.iter().map(String::as_str).filter(|source| asked.insert(*source)).collect();
        let mut out = ReadOut::default();
        for batch in sources.chunks(BATCH) {
            let mut drafts = self.contents(&schema, batch, &mut out).await?;
            self.leave_out_moved(&mut drafts, &mut out).await?;
            self.histories(&mut drafts, &mut out).await?;
            if alive(Mutant::ChangelogFirst) {
                let mut later = ReadOut::default();
                for (source, content) in self.contents(&schema, batch, &mut later).await? {
                    drafts.get_mut(&source).into_iter().for_each(|draft| draft.become_of(&content));
                }
                out.read_at = later.read_at;
            }
            self.doubt_silence(&schema, &mut drafts, &mut out).await?;
            for (item, gaps) in batch.iter().filter_map(|id| drafts.remove(*id)).map(Draft::finish)
            {
                out.items.push(item);
                out.gaps.extend(gaps);
            }
        }
        if !out.absent.is_empty() {
            // A dead credential reads like an absent issue.
            self.client.authenticate().await?;
        }
        Ok(out)
    }

    /// Leaves out what moved to a project that is not ours.
    async fn leave_out_moved(
        &self,
        drafts: &mut Drafts<'_>,
        out: &mut ReadOut,
    ) -> Result<(), TrackerError> {
        let projects: BTreeSet<String> =
            drafts.values().map(|draft| draft.project().to_owned()).collect();
        for project in projects {
            if self.scopes.hold(&self.client, &project).await? {
                continue;
            }
            drafts.retain(|source, draft| {
                let ours = draft.project() != project;
                if !ours {
                    out.absent.push(source.clone());
                }
                ours
            });
        }
        Ok(())
    }

    async fn contents<'s>(
        &self,
        schema: &'s Schema,
        batch: &[&str],
        out: &mut ReadOut,
    ) -> Result<Drafts<'s>, TrackerError> {
        let questions: Vec<String> = batch
            .chunks(CONTENT)
            .map(|ids| IssuesQuestion { issue_ids_or_keys: ids, fields: schema.fields() })
            .map(|question| json(&question))
            .collect();
        // Answers come in the order of the questions.
        let mut answers = stream::iter(questions)
            .map(|question| self.client.post(ISSUES, question))
            .buffered(ABREAST);
        let mut drafts = Drafts::new();
        for ids in batch.chunks(CONTENT) {
            let answer = answers.try_next().await?.expect("one answer comes for each question");
            self.take_contents(schema, ids, &answer, &mut drafts, out)?;
        }
        Ok(drafts)
    }

    fn take_contents<'s>(
        &self,
        schema: &'s Schema,
        ids: &[&str],
        answer: &Answer,
        drafts: &mut Drafts<'s>,
        out: &mut ReadOut,
    ) -> Result<(), TrackerError> {
        // The earliest clock of all pages: no item is then taken for older than it is.
        out.read_at = match (out.read_at, answer.date) {
            (Some(before), Some(now)) => Some(before.min(now)),
            (before, now) => before.or(now),
        };
        let page = answer.read(wire::issues)?;
        let mut told: BTreeSet<String> = BTreeSet::new();
        let mut nameless = false;
        for issue in page.issues {
            // Readable by id and in no list: it is treated like one that is not given.
            if issue.fields.as_ref().is_some_and(|fields| fields.archived) {
                continue;
            }
            match Draft::new(self.client.connection(), schema, issue) {
                Ok(draft) => {
                    told.insert(draft.source().to_owned());
                    drafts.entry(draft.source().to_owned()).or_insert(draft);
                }
                Err(gap) => {
                    nameless |= gap.source.is_none();
                    told.extend(gap.source.clone());
                    out.gaps.push(gap);
                }
            }
        }
        for error in page.issue_errors {
            match wire::read::<wire::IssueError<'_>>(error) {
                Some(wire::IssueError { id }) if told.insert(id.to_string()) => {
                    out.gaps.push(unread(&id, "Jira could not give the issue this time"));
                }
                Some(_) => {}
                None => nameless = true,
            }
        }
        for id in ids.iter().filter(|id| !told.contains(**id)) {
            if nameless {
                out.gaps.push(unread(
                    id,
                    "the answer held a row without a readable id, perhaps this issue's",
                ));
            } else {
                out.absent.push((*id).to_owned());
            }
        }
        Ok(())
    }

    /// Jira leaves out the histories of an issue that may no longer be seen, as if it had none. So
    /// what has no history although it changed is looked at once more: an issue that was hidden
    /// between the two questions is not taken for one whose past was erased.
    async fn doubt_silence(
        &self,
        schema: &Schema,
        drafts: &mut Drafts<'_>,
        out: &mut ReadOut,
    ) -> Result<(), TrackerError> {
        let mut silent = silent(drafts);
        let mut again = ReadOut::default();
        // As a rule whole projects are hidden: a few issues of each tell, for one request.
        let rest = silent.split_off(silent.len().min(CONTENT));
        for part in [silent, rest] {
            let part: Vec<&str> = part.iter().map(String::as_str).collect();
            self.contents(schema, &part, &mut again).await?;
            if again.absent.is_empty() {
                break;
            }
        }
        for id in again.absent {
            drafts.remove(&id);
            out.absent.push(id);
        }
        Ok(())
    }

    /// Collects every page before any history counts as whole: one issue's histories are spread
    /// over pages. No filter by field: links and parents have no field id and might be lost.
    async fn histories(
        &self,
        drafts: &mut Drafts<'_>,
        out: &mut ReadOut,
    ) -> Result<(), TrackerError> {
        let ids: Vec<String> = drafts.keys().cloned().collect();
        let mut token: Option<String> = None;
        let mut spent = BTreeSet::new();
        while !ids.is_empty() {
            let question = ChangelogQuestion {
                issue_ids_or_keys: ids.iter().map(String::as_str).collect(),
                max_results: HISTORIES,
                next_page_token: token.as_deref(),
            };
            let answer = self.client.post(CHANGELOGS, json(&question)).await;
            let answer = answer.map_err(|error| match error {
                TrackerError::Refused(_) if token.is_some() => TrackerError::BadToken(format!(
                    "{}: POST {CHANGELOGS} no longer knows the token of a later page; the next \
                     pass reads the histories again",
                    self.client.connection()
                )),
                other => other,
            })?;
            let page = answer.read(wire::changelogs)?;
            for row in page.issue_change_logs {
                take_histories(wire::log(row), drafts, out);
            }
            let Some(next) = page.next_page_token else { break };
            if !spent.insert(next.to_string()) || spent.len() > PAGES {
                return Err(TrackerError::BadToken(format!(
                    "{}: POST {CHANGELOGS} led back to a page that was already read, so the \
                     histories are not complete; the next pass reads them again",
                    self.client.connection()
                )));
            }
            token = Some(next.0.into_owned());
        }
        Ok(())
    }
}

/// Ids of issues that changed and have no history, the projects in turns.
fn silent(drafts: &Drafts<'_>) -> Vec<String> {
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    let mut silent: Vec<(usize, &String)> = Vec::new();
    for (id, draft) in drafts.iter().filter(|(_, draft)| draft.is_silent()) {
        let turn = met.entry(draft.project()).or_default();
        silent.push((*turn, id));
        *turn += 1;
    }
    silent.sort();
    silent.into_iter().map(|(_, id)| id.clone()).collect()
}

fn take_histories(log: wire::Log<'_>, drafts: &mut Drafts<'_>, out: &mut ReadOut) {
    let Some(id) = log.issue_id else {
        // It could be the history of any of them.
        for draft in drafts.values_mut() {
            draft.lose("the answer held a history without a readable issue id");
        }
        return;
    };
    match drafts.get_mut(&*id) {
        Some(draft) => log.change_histories.into_iter().for_each(|history| draft.add(history)),
        None => out.gaps.push(unread(&id, "Jira sent a history that was not asked for")),
    }
}

fn unread(id: &str, detail: &str) -> Gap {
    Gap {
        source: Some(id.to_owned()),
        key: None,
        reason: "read-failed".to_owned(),
        detail: detail.to_owned(),
    }
}
