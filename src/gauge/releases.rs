//! Releases and the items they contain.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::Changes;
use super::members::Flowing;
use crate::model::{Category, ConnectionId, Precision, Release, Timestamp, TrackerKind};
use crate::signals::dataset::{ItemFacts, ReleaseFacts};
use crate::signals::pieces::Pieces;

/// Published releases with their items.
///
/// Jira names the items of a version. GitHub does not: there an item belongs to the first release
/// of its repository published at or after its delivery, which is inferred.
#[must_use]
pub fn facts(releases: &[(ConnectionId, Release)], items: &Pieces<Flowing>) -> Vec<ReleaseFacts> {
    let shelf = Shelf::new(releases);
    let mut contents: Vec<Vec<usize>> = shelf.published.iter().map(|_| Vec::new()).collect();
    for (index, one) in items.iter().enumerate() {
        shelf.places(one, |place| contents[place].push(index));
    }
    let facts = |((connection, release, at), held): (&Published<'_>, Vec<usize>)| ReleaseFacts {
        id: format!("{connection}:{}", release.id),
        name: release.name.clone(),
        at: *at,
        precision: precision(
            release,
            held.first().and_then(|ix| items.get(*ix)).map(AsRef::as_ref),
        ),
        items: held,
    };
    shelf.published.iter().zip(contents).map(facts).collect()
}

/// Puts the items that came in place of those that went, in the contents of the same releases.
pub(super) fn mend(
    facts: &mut [ReleaseFacts],
    releases: &[(ConnectionId, Release)],
    changes: &Changes,
) {
    let shelf = Shelf::new(releases);
    let moves = !changes.shift.keeps_places();
    let mut come: BTreeMap<usize, Vec<(usize, &Flowing)>> = BTreeMap::new();
    let mut touched: BTreeSet<usize> = BTreeSet::new();
    for (index, one) in &changes.come {
        shelf.places(one, |place| come.entry(place).or_default().push((*index, &**one)));
    }
    for (_, one) in &changes.gone {
        shelf.places(one, |place| {
            touched.insert(place);
        });
    }
    touched.extend(come.keys());
    for (place, own) in facts.iter_mut().enumerate() {
        if !moves && !touched.contains(&place) {
            continue;
        }
        let new = come.remove(&place).unwrap_or_default();
        own.items = own.items.iter().filter_map(|item| changes.shift.place(*item)).collect();
        let (_, release, _) = shelf.published[place];
        if own.items.is_empty() {
            own.precision = precision(release, new.first().map(|(_, one)| *one));
        }
        own.items.extend(new.into_iter().map(|(index, _)| index));
        own.items.sort_unstable();
    }
}

/// GitHub does not say what a release contains: if it holds anything, that is inferred.
fn precision(release: &Release, held: Option<&Flowing>) -> Precision {
    let github = |one: &Flowing| one.kept.home.tracker == TrackerKind::GitHub;
    match held {
        Some(one) if github(one) => Precision::Inferred,
        _ => release.precision,
    }
}

type Published<'a> = (&'a ConnectionId, &'a Release, Timestamp);

/// Published releases, by instant, and how items find them.
struct Shelf<'a> {
    published: Vec<Published<'a>>,
    named: BTreeMap<(&'a ConnectionId, &'a str), usize>,
    in_repository: BTreeMap<(&'a ConnectionId, &'a str), Vec<(Timestamp, usize)>>,
}

impl<'a> Shelf<'a> {
    fn new(releases: &'a [(ConnectionId, Release)]) -> Self {
        let mut published: Vec<Published<'_>> = releases
            .iter()
            .filter_map(|(connection, release)| Some((connection, release, release.released_at?)))
            .collect();
        published.sort_by(|a, b| (a.2, a.0, &a.1.id).cmp(&(b.2, b.0, &b.1.id)));
        let (mut named, mut in_repository) = (BTreeMap::new(), BTreeMap::new());
        for (place, (connection, release, at)) in published.iter().enumerate() {
            named.insert((*connection, release.id.as_str()), place);
            let own: &mut Vec<_> =
                in_repository.entry((*connection, release.project.as_str())).or_default();
            own.push((*at, place));
        }
        Self { published, named, in_repository }
    }

    /// Hands out the releases that contain an item.
    fn places(&self, one: &Flowing, mut say: impl FnMut(usize)) {
        let connection = &one.kept.home.connection;
        if one.kept.home.tracker == TrackerKind::GitHub {
            let candidates = self.in_repository.get(&(connection, one.kept.home.project.as_str()));
            if let (Some(candidates), Some(delivered)) = (candidates, delivered_at(&one.facts)) {
                let first = candidates.partition_point(|(at, _)| *at < delivered);
                candidates.get(first).into_iter().for_each(|(_, place)| say(*place));
            }
            return;
        }
        for id in &one.kept.releases {
            self.named.get(&(connection, &**id)).into_iter().for_each(|place| say(*place));
        }
    }
}

fn delivered_at(item: &ItemFacts) -> Option<Timestamp> {
    let last = item.segments.last()?;
    (last.category == Category::Done).then(|| {
        let stretch = item.segments.iter().rev().take_while(|s| s.category == Category::Done);
        stretch.last().map_or(last.from, |segment| segment.from)
    })
}
