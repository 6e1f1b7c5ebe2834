//! Reads issues by id. There is no bulk read, so a search by id gives content and history a hundred
//! at a time. A search answers from its index, which lags: an issue that it does not give, or whose
//! content is older than its history, is asked for by itself, and that answer is the database's.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::value::RawValue;

use super::super::super::{ReadOut, TrackerError};
use super::super::answer::Answer;
use super::super::convert::Draft;
use super::super::discover::segment;
use super::super::schema::Schema;
use super::Center;
use super::wire::{Page, Whole, whole};
use crate::model::{Gap, Item};

/// The most issues that one search asks for with their histories.
pub(super) const BATCH: usize = 100;
/// So few are asked for one by one: a webhook names one or two, often before the index has them.
const FEW: usize = 2;

/// What is collected for one batch.
#[derive(Default)]
struct Collected {
    /// Items and their gaps, by id.
    items: BTreeMap<String, (Item, Vec<Gap>)>,
    /// Told of, though not as an item.
    told: BTreeSet<String>,
    gaps: Vec<Gap>,
}

/// What one row came to.
enum Outcome {
    Item(Box<(Item, Vec<Gap>)>),
    /// Content older than the history, or no history at all: the index lags.
    Behind(String),
    /// Readable by id and in no list: it is treated like one that is not given.
    Archived,
    Unreadable(Gap),
}

impl Center {
    pub(super) async fn read_all(&self, sources: &[String]) -> Result<ReadOut, TrackerError> {
        let schema = self.schema().await?;
        let mut asked = BTreeSet::new();
        let sources: Vec<&str> =
            sources.iter().map(String::as_str).filter(|source| asked.insert(*source)).collect();
        let mut out = ReadOut::default();
        for batch in sources.chunks(BATCH) {
            let mut collected = Collected::default();
            if batch.len() > FEW {
                self.search_batch(&schema, batch, &mut collected, &mut out).await?;
            }
            for id in batch {
                if collected.items.contains_key(*id) || collected.told.contains(*id) {
                    continue;
                }
                self.read_one(&schema, id, &mut collected, &mut out).await?;
            }
            for id in batch {
                let Some((item, gaps)) = collected.items.remove(*id) else { continue };
                if self.scopes.hold(&self.client, &item.attributes.project).await? {
                    out.items.push(item);
                    out.gaps.extend(gaps);
                } else {
                    out.absent.push((*id).to_owned());
                }
            }
            out.gaps.append(&mut collected.gaps);
        }
        if !out.absent.is_empty() {
            // A dead credential reads like an absent issue.
            self.authenticate().await?;
        }
        Ok(out)
    }

    /// Asks the search, again for what did not fit: a server may give fewer rows than asked for.
    async fn search_batch(
        &self,
        schema: &Schema,
        batch: &[&str],
        collected: &mut Collected,
        out: &mut ReadOut,
    ) -> Result<(), TrackerError> {
        let mut left: BTreeSet<&str> = batch.iter().copied().filter(|id| is_id(id)).collect();
        while !left.is_empty() {
            let ids = left.iter().copied().collect::<Vec<_>>().join(", ");
            let jql = format!("id in ({ids}) ORDER BY key ASC");
            let size = u32::try_from(left.len()).unwrap_or(u32::MAX);
            let answer = self.search(&jql, size, &schema.fields(), &["changelog"], false).await?;
            note_clock(&answer, out);
            let page = answer.read(serde_json::from_str::<Page<'_>>)?;
            let (given, before) = (page.issues.len() as u64, left.len());
            for row in page.issues {
                match self.take(schema, row, false) {
                    Outcome::Item(item) => {
                        left.remove(item.0.id.source.as_str());
                        collected.items.insert(item.0.id.source.clone(), *item);
                    }
                    // Reading it by itself says the same of what lies in the archive.
                    Outcome::Archived => {}
                    Outcome::Behind(id) => drop(left.remove(id.as_str())),
                    Outcome::Unreadable(gap) => {
                        if let Some(source) = &gap.source {
                            left.remove(source.as_str());
                            collected.told.insert(source.clone());
                        }
                        collected.gaps.push(gap);
                    }
                }
            }
            if given >= page.total || left.len() == before {
                break;
            }
        }
        Ok(())
    }

    async fn read_one(
        &self,
        schema: &Schema,
        id: &str,
        collected: &mut Collected,
        out: &mut ReadOut,
    ) -> Result<(), TrackerError> {
        let fields = schema.fields().join(",");
        let path = format!("/issue/{}?fields={fields}&expand=changelog", segment(id));
        let answer = self.client.ask(Method::GET, &self.client.api(&path), Bytes::new()).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
            out.absent.push(id.to_owned());
            return Ok(());
        }
        let answer = self.client.accept(answer)?;
        note_clock(&answer, out);
        let row = answer.read(serde_json::from_str::<&RawValue>)?;
        match self.take(schema, row, true) {
            Outcome::Item(item) => drop(collected.items.insert(id.to_owned(), *item)),
            Outcome::Archived => out.absent.push(id.to_owned()),
            Outcome::Behind(_) => {}
            Outcome::Unreadable(gap) => {
                collected.gaps.push(Gap { source: Some(id.to_owned()), ..gap });
            }
        }
        Ok(())
    }

    /// Converts one row. `last` says that there is nothing better to ask.
    fn take(&self, schema: &Schema, row: &RawValue, last: bool) -> Outcome {
        let Whole { issue, log } = whole(row);
        if issue.fields.as_ref().is_some_and(|fields| fields.archived) {
            return Outcome::Archived;
        }
        let mut draft = match Draft::new(self.client.connection(), schema, issue) {
            Ok(draft) => draft,
            Err(gap) => return Outcome::Unreadable(gap),
        };
        let missing = log.as_ref().map(|log| log.missing);
        for history in log.into_iter().flat_map(|log| log.histories) {
            draft.add(history);
        }
        if !last && (missing.is_none() || draft.is_behind()) {
            return Outcome::Behind(draft.source().to_owned());
        }
        match missing {
            Some(0) => {}
            Some(count) => draft.truncated(count),
            None => draft.lose("Jira sent the issue without its history"),
        }
        let (item, gaps) = draft.finish();
        Outcome::Item(Box::new((item, gaps)))
    }
}

/// Ids are numbers; anything else would be read as a key, or as another query.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The earliest clock of all answers: no item is then taken for older than it is.
fn note_clock(answer: &Answer, out: &mut ReadOut) {
    out.read_at = match (out.read_at, answer.date) {
        (Some(before), Some(now)) => Some(before.min(now)),
        (before, now) => before.or(now),
    };
}
