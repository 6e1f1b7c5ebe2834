//! `export --format jsonl`: items, segments, links, releases and gaps, with stable names.
//!
//! One object a line, sorted by id, instants as RFC 3339 UTC, so that two exports can be compared
//! with `diff`. Team and epic appear here because the exporter holds the store itself; there is
//! still no person.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;

use super::World;
use crate::model::{Category, FlowSegment, Kind, Level, Precision, Timestamp};
use crate::plain;
use crate::signals::dataset::Dataset;
use crate::store::{Store, StoreError, StoredItem};

/// How many lines each file received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ExportCounts {
    pub items: u64,
    pub segments: u64,
    pub links: u64,
    pub releases: u64,
    pub gaps: u64,
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("cannot write the export: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Serialize)]
struct ItemLine<'a> {
    id: String,
    key: &'a str,
    aliases: &'a [String],
    connection: &'a str,
    kind: &'static str,
    level: &'static str,
    title: Option<&'a str>,
    created_at: Timestamp,
    state: &'a str,
    category: Option<Category>,
    team: Option<&'a str>,
    stream: Option<&'a str>,
    epic: Option<&'a str>,
    parent: Option<&'a str>,
    /// The tracker's clock when it was found gone, and when that was learned.
    removed_at: Option<Timestamp>,
    removed_known_at: Option<Timestamp>,
    removed_reason: Option<&'static str>,
    /// The key under which it lives on elsewhere.
    removed_to: Option<&'a str>,
}

#[derive(Serialize)]
struct SegmentLine<'a> {
    item: &'a str,
    from: Timestamp,
    to: Option<Timestamp>,
    category: Category,
    state: &'a str,
    team: Option<&'a str>,
    stream: Option<&'a str>,
    epic: Option<&'a str>,
    blocked: bool,
    precision: Precision,
}

#[derive(Serialize)]
struct LinkLine {
    blocked: String,
    blocker: String,
    from: Timestamp,
    to: Option<Timestamp>,
    precision: Precision,
}

#[derive(Serialize)]
struct ReleaseLine<'a> {
    id: &'a str,
    name: &'a str,
    at: Timestamp,
    items: Vec<String>,
    precision: Precision,
}

#[derive(Serialize)]
struct GapLine<'a> {
    connection: &'a str,
    item: Option<&'a str>,
    key: Option<&'a str>,
    reason: &'a str,
    detail: &'a str,
    first_seen: Timestamp,
}

/// Writes the five files into `folder`, which is made if it does not exist.
///
/// # Errors
/// A file cannot be written, or the store does not answer.
pub async fn export(
    world: &World,
    store: &Store,
    folder: &Path,
) -> Result<ExportCounts, ExportError> {
    std::fs::create_dir_all(folder)?;
    let data = &world.dataset;
    let mut counts = ExportCounts::default();
    let keep = |all: &mut Vec<(String, StoredItem)>, item: StoredItem| {
        all.push((item.id.to_string(), item));
    };
    let mut all = store.fold_items(None, Vec::new(), keep).await?;
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut items = File::create(folder, "items.jsonl")?;
    let mut segments = File::create(folder, "segments.jsonl")?;
    let mut states = data.states.clone();
    for (id, item) in &all {
        let facts = world.place_of(&item.attributes.key, &item.id).map(|ix| &data.items[ix]);
        let kind = match facts {
            Some(facts) => Some(facts.kind),
            None => world.ground().place(item, &mut states).map(|placed| placed.kind),
        };
        let lived = facts.map_or(&[][..], |facts| &facts.segments);
        items.line(&item_line(data, id, item, kind, lived.last()))?;
        for segment in lived {
            segments.line(&segment_line(data, id, segment))?;
        }
    }
    counts.items = items.close()?;
    counts.segments = segments.close()?;
    let id = |index: usize| {
        let found = world.flowing().get(index);
        found.map_or_else(String::new, |one| one.kept.item_id().to_string())
    };
    let mut links = File::create(folder, "links.jsonl")?;
    let mut lines: Vec<LinkLine> = data
        .links
        .iter()
        .map(|link| LinkLine {
            blocked: id(link.blocked),
            blocker: id(link.blocker),
            from: link.valid.from,
            to: open_end(link.valid.to),
            precision: link.precision,
        })
        .collect();
    lines.sort_by(|a, b| (&a.blocked, &a.blocker, a.from).cmp(&(&b.blocked, &b.blocker, b.from)));
    lines.iter().try_for_each(|line| links.line(line))?;
    counts.links = links.close()?;
    let mut releases = File::create(folder, "releases.jsonl")?;
    let mut sorted: Vec<_> = data.releases.iter().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    for release in sorted {
        let mut items: Vec<String> = release.items.iter().map(|index| id(*index)).collect();
        items.sort();
        releases.line(&ReleaseLine {
            id: &release.id,
            name: &release.name,
            at: release.at,
            items,
            precision: release.precision,
        })?;
    }
    counts.releases = releases.close()?;
    counts.gaps = write_gaps(store, folder).await?;
    Ok(counts)
}

async fn write_gaps(store: &Store, folder: &Path) -> Result<u64, ExportError> {
    let mut stored = store.gaps(None).await?;
    stored.sort_by(|a, b| {
        (&a.connection, &a.gap, a.first_seen).cmp(&(&b.connection, &b.gap, b.first_seen))
    });
    let mut gaps = File::create(folder, "gaps.jsonl")?;
    for gap in &stored {
        gaps.line(&GapLine {
            connection: &gap.connection.0,
            item: gap.gap.source.as_deref(),
            key: gap.gap.key.as_deref(),
            reason: &gap.gap.reason,
            detail: &gap.gap.detail,
            first_seen: gap.first_seen,
        })?;
    }
    Ok(gaps.close()?)
}

fn item_line<'a>(
    data: &'a Dataset,
    id: &str,
    item: &'a StoredItem,
    kind: Option<Kind>,
    last: Option<&FlowSegment>,
) -> ItemLine<'a> {
    ItemLine {
        id: id.to_owned(),
        key: &item.attributes.key,
        aliases: &item.aliases,
        connection: &item.id.connection.0,
        kind: kind.map_or("unclassified", Kind::as_str),
        level: match item.attributes.level {
            Level::SubTask => "sub-task",
            Level::Standard => "standard",
            Level::Container => "container",
        },
        title: item.attributes.title.as_deref(),
        created_at: item.created_at,
        state: &item.attributes.status.name,
        category: last.map(|segment| segment.category),
        team: last.and_then(|s| s.team).map(|ix| data.team(ix).id.as_str()),
        stream: last.and_then(|s| s.stream).map(|ix| data.stream(ix).id.as_str()),
        epic: last.and_then(|s| s.epic).map(|ix| data.epic(ix).id.as_str()),
        parent: item
            .attributes
            .parent
            .as_ref()
            .and_then(|p| p.key.as_deref().or(p.source.as_deref())),
        removed_at: item.removed.as_ref().map(|removed| removed.at),
        removed_known_at: item.removed.as_ref().map(|removed| removed.known_at),
        removed_reason: item.removed.as_ref().map(|removed| removed.departure.code()),
        removed_to: item.removed.as_ref().and_then(|removed| removed.departure.to()),
    }
}

fn segment_line<'a>(data: &'a Dataset, id: &'a str, segment: &FlowSegment) -> SegmentLine<'a> {
    SegmentLine {
        item: id,
        from: segment.from,
        to: open_end(segment.to),
        category: segment.category,
        state: data.states.name(segment.state),
        team: segment.team.map(|ix| data.team(ix).id.as_str()),
        stream: segment.stream.map(|ix| data.stream(ix).id.as_str()),
        epic: segment.epic.map(|ix| data.epic(ix).id.as_str()),
        blocked: segment.blocked,
        precision: segment.precision,
    }
}

fn open_end(to: Timestamp) -> Option<Timestamp> {
    (to < Timestamp::MAX).then_some(to)
}

/// A file of lines that counts them.
struct File {
    out: BufWriter<std::fs::File>,
    lines: u64,
}

impl File {
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        Ok(Self { out: BufWriter::new(std::fs::File::create(folder.join(name))?), lines: 0 })
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        // Some readers break lines at more characters than one.
        let line = plain::json(serde_json::to_string(value)?);
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")?;
        self.lines += 1;
        Ok(())
    }

    fn close(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.lines)
    }
}
