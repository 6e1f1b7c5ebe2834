//! Releases and the items they contain.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::members::Flowing;
use crate::model::{Category, ConnectionId, Precision, Release, Timestamp, TrackerKind};
use crate::signals::dataset::{ItemFacts, ReleaseFacts};

/// Published releases with their items.
///
/// Jira names the items of a version. GitHub does not: there an item belongs to the first release
/// of its repository published at or after its delivery, which is inferred.
#[must_use]
pub fn facts(releases: &[(ConnectionId, Release)], items: &[Arc<Flowing>]) -> Vec<ReleaseFacts> {
    let mut published: Vec<(&ConnectionId, &Release, Timestamp)> = releases
        .iter()
        .filter_map(|(connection, release)| Some((connection, release, release.released_at?)))
        .collect();
    published.sort_by(|a, b| (a.2, a.0, &a.1.id).cmp(&(b.2, b.0, &b.1.id)));
    let mut named: BTreeMap<(&ConnectionId, &str), usize> = BTreeMap::new();
    let mut in_repository: BTreeMap<(&ConnectionId, &str), Vec<(Timestamp, usize)>> =
        BTreeMap::new();
    for (place, (connection, release, at)) in published.iter().enumerate() {
        named.insert((connection, &release.id), place);
        in_repository.entry((connection, &release.project)).or_default().push((*at, place));
    }
    let mut contents: Vec<(Vec<usize>, Precision)> =
        published.iter().map(|(_, release, _)| (Vec::new(), release.precision)).collect();
    for (index, one) in items.iter().enumerate() {
        let connection = &one.kept.home.connection;
        if one.kept.home.tracker == TrackerKind::GitHub {
            let Some(delivered) = delivered_at(&one.facts) else { continue };
            let key = (connection, one.kept.home.project.as_str());
            let Some(candidates) = in_repository.get(&key) else { continue };
            let first = candidates.partition_point(|(at, _)| *at < delivered);
            if let Some((_, place)) = candidates.get(first) {
                contents[*place].0.push(index);
                contents[*place].1 = Precision::Inferred;
            }
            continue;
        }
        for id in &one.kept.releases {
            if let Some(place) = named.get(&(connection, &**id)) {
                contents[*place].0.push(index);
            }
        }
    }
    published
        .into_iter()
        .zip(contents)
        .map(|((connection, release, at), (items, precision))| ReleaseFacts {
            id: format!("{connection}:{}", release.id),
            name: release.name.clone(),
            at,
            items,
            precision,
        })
        .collect()
}

fn delivered_at(item: &ItemFacts) -> Option<Timestamp> {
    let last = item.segments.last()?;
    (last.category == Category::Done).then(|| {
        let stretch = item.segments.iter().rev().take_while(|s| s.category == Category::Done);
        stretch.last().map_or(last.from, |segment| segment.from)
    })
}
