//! Erasure. What is purged leaves the database for good, past and all, and no read of a tracker
//! brings it back before the purge is taken back.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use super::apply::decode;
use super::driver::{Param, Row, Tx, scrubbed};
use super::leases::fence;
use super::url::StoreUrl;
use super::{Lease, Store, StoreError, bump};
use crate::model::{ConnectionId, Gap, Item, Timestamp};

/// What to purge: an item, a project or repository with all of its items, or a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purging {
    pub connection: ConnectionId,
    /// As it is stored; `None` with an item, and for the whole connection.
    pub project: Option<String>,
    /// The tracker's id of one item.
    pub source: Option<String>,
}

/// How much goes, or went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// With their whole history, those that had left included.
    pub items: u64,
    pub releases: u64,
    pub gaps: u64,
    /// Hints and retries that waited.
    pub waiting: u64,
    /// Kept digests that name such an item: their text goes, the record of the delivery stays.
    pub digests: u64,
}

/// A purge that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeRecord {
    pub what: Purging,
    pub items: u64,
    pub at: Timestamp,
}

/// What stands where a text was.
pub const REMOVED: &str = "Removed by a purge.";

/// A statement about the items themselves.
macro_rules! items {
    ($head:literal) => {
        concat!(
            $head,
            " FROM items WHERE connection = $1 AND ($2 = '' OR project = $2)
                AND ($3 = '' OR source = $3)"
        )
    };
}

/// A statement about what is kept of items elsewhere.
macro_rules! about {
    ($head:literal) => {
        concat!(
            $head,
            " WHERE connection = $1 AND (($2 = '' AND $3 = '') OR source IN (
                SELECT source FROM items WHERE connection = $1 AND ($2 = '' OR project = $2)
                    AND ($3 = '' OR source = $3)))"
        )
    };
}

/// A statement about what belongs to projects.
macro_rules! projects {
    ($head:literal) => {
        concat!($head, " WHERE connection = $1 AND $3 = '' AND ($2 = '' OR project = $2)")
    };
}

/// A statement about what belongs to a connection.
macro_rules! whole {
    ($head:literal) => {
        concat!($head, " WHERE connection = $1 AND $2 = '' AND $3 = ''")
    };
}

impl Purging {
    fn parts(&self) -> [Param<'_>; 3] {
        [
            (&self.connection.0).into(),
            self.project.as_deref().unwrap_or("").into(),
            self.source.as_deref().unwrap_or("").into(),
        ]
    }
}

impl Store {
    /// What a purge would take away; nothing is changed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn would_purge(&self, what: Purging) -> Result<Purged, StoreError> {
        self.driver
            .read("purge, tried", move |tx| {
                let mut counted = Purged {
                    items: count(tx, items!("SELECT COUNT(*)"), &what)?,
                    releases: count(tx, projects!("SELECT COUNT(*) FROM releases"), &what)?,
                    gaps: count(tx, about!("SELECT COUNT(*) FROM gaps"), &what)?,
                    waiting: count(tx, about!("SELECT COUNT(*) FROM hints"), &what)?
                        + count(tx, about!("SELECT COUNT(*) FROM retries"), &what)?,
                    digests: 0,
                };
                counted.digests = texts(tx, &what)?.len() as u64;
                Ok(counted)
            })
            .await
    }

    /// Takes it away, in one transaction. What is asked for again later changes nothing more.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost; nothing was changed then.
    pub async fn purge(&self, lease: &Lease, what: Purging) -> Result<Purged, StoreError> {
        let lease = lease.clone();
        self.driver
            .write("purge", move |tx| {
                fence(tx, &lease)?;
                let parts = what.parts();
                let texts = texts(tx, &what)?;
                let digests = texts.len() as u64;
                for Text { digest, due, channel, content } in texts {
                    tx.execute(
                        "UPDATE digests SET content = $4
                         WHERE digest = $1 AND due = $2 AND channel = $3",
                        &[(&digest).into(), (&due).into(), (&channel).into(), (&content).into()],
                    )?;
                }
                let gaps = tx.execute(about!("DELETE FROM gaps"), &parts)?;
                let waiting = tx.execute(about!("DELETE FROM hints"), &parts)?
                    + tx.execute(about!("DELETE FROM retries"), &parts)?;
                tx.execute(about!("DELETE FROM aliases"), &parts)?;
                let items = tx.execute(items!("DELETE"), &parts)?;
                let releases = tx.execute(projects!("DELETE FROM releases"), &parts)?;
                tx.execute(projects!("DELETE FROM scopes"), &parts)?;
                tx.execute(whole!("DELETE FROM statuses"), &parts)?;
                tx.execute(whole!("DELETE FROM cursors"), &parts)?;
                tx.execute(whole!("DELETE FROM passes"), &parts)?;
                let now = tx.now()?;
                tx.execute(
                    "INSERT INTO purged (connection, project, source, items, at)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (connection, project, source) DO UPDATE SET
                        items = purged.items + excluded.items, at = excluded.at",
                    &[parts[0], parts[1], parts[2], items.into(), now.into()],
                )?;
                note(tx)?;
                Ok(Purged { items, releases, gaps, waiting, digests })
            })
            .await
    }

    /// Takes a purge back: the next sweep reads what the tracker still has. False when there was
    /// none.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn unpurge(&self, lease: &Lease, what: Purging) -> Result<bool, StoreError> {
        let lease = lease.clone();
        self.driver
            .write("unpurge", move |tx| {
                fence(tx, &lease)?;
                let parts = what.parts();
                let sql = "DELETE FROM purged WHERE connection = $1 AND project = $2
                     AND source = $3";
                if tx.execute(sql, &parts)? == 0 {
                    return Ok(false);
                }
                tx.execute(whole!("DELETE FROM cursors"), &parts)?;
                let sql = "UPDATE scopes SET swept_at = NULL WHERE connection = $1";
                tx.execute(sql, &parts[..1])?;
                note(tx)?;
                Ok(true)
            })
            .await
    }

    /// Every purge that holds, sorted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn purged(&self) -> Result<Vec<PurgeRecord>, StoreError> {
        self.driver
            .read("purged", |tx| {
                let sql = "SELECT connection, project, source, items, at FROM purged
                     ORDER BY connection, project, source";
                tx.query(sql, &[])?.iter().map(record).collect()
            })
            .await
    }

    /// The change sequence at the newest purge: what was built before it holds what is gone.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn purged_seq(&self) -> Result<u64, StoreError> {
        self.driver
            .read("purge sequence", |tx| {
                let sql = "SELECT value FROM meta WHERE name = 'purged'";
                tx.first(sql, &[])?.map_or(Ok(0), |row| row.count(0))
            })
            .await
    }
}

/// Rewrites the file of a SQLite database, so that nothing of what was deleted is left in it or in
/// its log. Other databases do so in their own time.
///
/// # Errors
/// The file is in use, or there is no room for a second one of its size.
pub fn scrub(url: &str) -> Result<Option<PathBuf>, StoreError> {
    let StoreUrl::Sqlite(path) = StoreUrl::parse(url)? else { return Ok(None) };
    scrubbed(&path)?;
    Ok(Some(path))
}

/// Who is not taken in again.
#[derive(Debug, Default)]
pub(super) struct Barred {
    all: bool,
    projects: BTreeSet<String>,
    pub sources: BTreeSet<String>,
}

impl Barred {
    pub fn read(tx: &mut Tx<'_>, connection: &str) -> Result<Self, StoreError> {
        let mut barred = Self::default();
        let sql = "SELECT project, source FROM purged WHERE connection = $1";
        for row in tx.query(sql, &[connection.into()])? {
            match (row.string(0)?, row.string(1)?) {
                (project, source) if project.is_empty() && source.is_empty() => barred.all = true,
                (project, source) if source.is_empty() => {
                    barred.projects.insert(project.to_lowercase());
                }
                (_, source) => {
                    barred.sources.insert(source);
                }
            }
        }
        Ok(barred)
    }

    pub fn bars(&self, source: &str) -> bool {
        self.all || self.sources.contains(source)
    }

    /// Takes out what is barred, with what was said of it.
    pub fn sift(&self, items: &mut Vec<Item>, gaps: &mut Vec<Gap>) -> Vec<Item> {
        if !self.all && self.projects.is_empty() && self.sources.is_empty() {
            return Vec::new();
        }
        let out = |item: &Item| {
            self.bars(&item.id.source)
                || self.projects.contains(&item.attributes.project.to_lowercase())
        };
        let (barred, rest) = std::mem::take(items).into_iter().partition(out);
        *items = rest;
        let barred: Vec<Item> = barred;
        gaps.retain(|gap| {
            let named = gap.source.as_deref();
            let told = named.is_some_and(|source| {
                self.bars(source) || barred.iter().any(|item| item.id.source == source)
            });
            !told
        });
        barred
    }
}

fn count(tx: &mut Tx<'_>, sql: &'static str, what: &Purging) -> Result<u64, StoreError> {
    tx.first(sql, &what.parts())?.map_or(Ok(0), |row| row.count(0))
}

/// Everything that was computed before has to be computed anew.
fn note(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let seq = bump(tx)?;
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ('purged', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[seq.into()],
    )?;
    Ok(())
}

fn record(row: &Row) -> Result<PurgeRecord, StoreError> {
    let part = |text: String| Some(text).filter(|text| !text.is_empty());
    let what = Purging {
        connection: ConnectionId(row.string(0)?),
        project: part(row.string(1)?),
        source: part(row.string(2)?),
    };
    Ok(PurgeRecord { what, items: row.count(3)?, at: row.time(4)? })
}

/// A kept digest, as it is to be kept.
struct Text {
    digest: String,
    due: String,
    channel: String,
    content: String,
}

/// The kept digests that name an item which goes, with those texts taken out.
fn texts(tx: &mut Tx<'_>, what: &Purging) -> Result<Vec<Text>, StoreError> {
    let mut words = BTreeSet::new();
    for row in tx.query(items!("SELECT facts, key"), &what.parts())? {
        words.insert(row.string(1)?);
        let Some(known) = decode(row.blob(0)?)?.known(Timestamp::MAX) else { continue };
        words.extend(known.aliases);
        // A shorter one is a word that stands in any text.
        words.extend(known.attributes.title.filter(|title| title.chars().count() >= 8));
    }
    let mut changed = Vec::new();
    if words.is_empty() {
        return Ok(changed);
    }
    for row in tx.query("SELECT digest, due, channel, content FROM digests", &[])? {
        let Ok(mut content) = serde_json::from_str(row.text(3)?) else { continue };
        if blank(&mut content, &words) {
            let content = content.to_string();
            let (digest, due, channel) = (row.string(0)?, row.string(1)?, row.string(2)?);
            changed.push(Text { digest, due, channel, content });
        }
    }
    Ok(changed)
}

/// Replaces every text that holds one of the words, the last as well as the first.
fn blank(value: &mut serde_json::Value, words: &BTreeSet<String>) -> bool {
    match value {
        serde_json::Value::String(text) => {
            let plain = plain(text);
            let named = words.iter().any(|word| names(&plain, word));
            if named {
                REMOVED.clone_into(text);
            }
            named
        }
        serde_json::Value::Array(list) => {
            list.iter_mut().map(|one| blank(one, words)).filter(|blank| *blank).count() > 0
        }
        serde_json::Value::Object(map) => {
            map.values_mut().map(|one| blank(one, words)).filter(|blank| *blank).count() > 0
        }
        _ => false,
    }
}

/// A text without what Markdown and HTML escape with.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "").replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&").replace('\u{200b}', "")
}

/// Whether the word stands in the text, and not as a part of a longer one: `PAY-1` in `PAY-12`.
fn names(text: &str, word: &str) -> bool {
    let bare = plain(word);
    text.match_indices(&bare).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + bare.len()..].chars().next();
        ![before, after].iter().flatten().any(|c| c.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_blanked_where_they_name_an_item() {
        let words = BTreeSet::from(["PAY-1".to_owned(), "Refunds & <more>".to_owned()]);
        let mut kept = json!({ "a": "about PAY-12 and XPAY-1", "as_of": "2026-06-15T06:00:00Z" });
        assert!(!blank(&mut kept, &words));
        for text in
            ["about PAY-1.", "PAY\\-1", "Refunds &amp; &lt;more&gt; wait", "Refunds & \\<more\\>"]
        {
            let mut told = json!({ "md": text, "as_of": "2026-06-15T06:00:00Z" });
            assert!(blank(&mut told, &words), "{text}");
            assert_eq!(told, json!({ "md": REMOVED, "as_of": "2026-06-15T06:00:00Z" }));
        }
    }
}
