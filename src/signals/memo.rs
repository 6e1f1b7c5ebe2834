//! Reports one after the other, each of which computes what changed since the one before.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::calendar::uncovered;
use super::dataset::{ItemFacts, LinkFacts};
use super::held::{self, holders};
use super::pieces::Difference;
use super::recall::{Changed, Delta, Recall, Slots};
use super::shift::Shift;
use super::view::{Frame, View};
use super::{Dataset, Report, Scope, compose};
use crate::model::{Period, Timestamp, derive};

/// Frames that are remembered: the portfolio's, and those of streams that it does not show.
const MOST: usize = 4;
/// After so many reports over other frames one is forgotten, for it holds on to items as they were.
const UNUSED: u64 = 16;
/// With more changed items than one in so many everything is computed from scratch.
const FEW: usize = 8;

/// What the newest reports of a growing dataset computed. A report that is made with it is the one
/// that [`super::evaluate`] makes, to the bit.
#[derive(Default)]
pub struct Memo {
    /// The newest last.
    kept: Vec<Kept>,
    reports: u64,
}

/// What is known of the newest report over one frame.
struct Kept {
    data: Arc<Dataset>,
    frame: Frame,
    as_of: Timestamp,
    /// Items with something dated at or after the report's instant.
    later: Vec<Arc<ItemFacts>>,
    slots: Slots,
    /// The number of the report.
    report: u64,
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memo").field("kept", &self.kept.len()).finish()
    }
}

impl Memo {
    /// How often the newest report walked over all items.
    #[must_use]
    pub fn walks(&self) -> u64 {
        self.kept.last().map_or(0, |kept| kept.slots.walks)
    }

    /// Evaluates all signals. The items of `data` are sorted by key.
    #[must_use]
    pub fn evaluate(
        &mut self,
        data: &Arc<Dataset>,
        as_of: Timestamp,
        known: Timestamp,
        scope: &Scope,
    ) -> Report {
        let frame = Frame::new(data, as_of, scope);
        let same =
            |kept: &Kept| kept.frame == frame && same_declarations(&kept.data, data, frame.end());
        let kept = self.kept.iter().position(same).map(|ix| self.kept.remove(ix));
        let continued = kept.and_then(|kept| {
            let (delta, later) = delta(&kept, data, as_of, frame.end())?;
            Some((delta, later, kept.slots))
        });
        let (delta, later, slots) = match continued {
            Some((delta, later, slots)) => (Some(delta), Some(later), slots),
            None => (None, None, Slots::default()),
        };
        let recall = Recall::of(data, as_of, delta, slots);
        let view = View::recalling(data, as_of, known, scope, frame.clone(), recall);
        let report = compose::report(&view);
        let slots = view.recall.leave();
        let later = later.unwrap_or_else(|| {
            data.items.shared().filter(|item| ends(item) >= as_of).cloned().collect()
        });
        self.reports += 1;
        let (number, oldest) = (self.reports, self.reports.saturating_sub(UNUSED));
        self.kept.retain(|kept| kept.report >= oldest);
        if self.kept.len() >= MOST {
            self.kept.remove(0);
        }
        let data = Arc::clone(data);
        self.kept.push(Kept { data, frame, as_of, later, slots, report: number });
        report
    }
}

/// Whether everything that is told of an item rests on the same declarations.
fn same_declarations(one: &Dataset, other: &Dataset, until: Timestamp) -> bool {
    one.zone == other.zone
        && one.streams == other.streams
        && one.stream_valid == other.stream_valid
        && one.teams == other.teams
        && one.themes == other.themes
        && one.epics == other.epics
        && unobserved(one, until) == unobserved(other, until)
        && one.cadences == other.cadences
        && one.stream_cadences == other.stream_cadences
}

/// What was not observed up to an instant. After it every pull moves the end of what was.
fn unobserved(data: &Dataset, until: Timestamp) -> Vec<Period> {
    let gaps = uncovered(&data.coverage).into_iter().filter(|gap| gap.from < until);
    gaps.map(|gap| Period::new(gap.from, gap.to.min(until))).collect()
}

/// The newest instant of an item at which something happened.
fn ends(item: &ItemFacts) -> Timestamp {
    let segment = item.segments.last().map(|segment| segment.from);
    let activity = item.activity.last().copied();
    segment.into_iter().chain(activity).fold(item.created_at, Timestamp::max)
}

/// What is different since the report before, and the items with something later than this one.
/// `None` when so much is that nothing is gained.
fn delta(
    kept: &Kept,
    data: &Dataset,
    as_of: Timestamp,
    week_end: Timestamp,
) -> Option<(Delta, Vec<Arc<ItemFacts>>)> {
    if as_of < kept.as_of {
        return None;
    }
    let (mut gone, mut come) = kept.data.items.changes(&data.items);
    if (gone.len() + come.len()) * FEW > data.items.len() {
        return None;
    }
    let happened = |at: Timestamp| kept.as_of <= at && at < as_of;
    let shift = Shift::new(&gone, &come);
    let same_releases = kept.data.releases.len() == data.releases.len()
        && kept.data.integrations.len() == data.integrations.len()
        && !holders(data).any(|(at, _)| happened(at))
        && holders(&kept.data)
            .zip(holders(data))
            .all(|(old, new)| old.0 == new.0 && shift.same(old.1, new.1));
    let same_contents = same_releases
        && shift.keeps_places()
        && holders(&kept.data).zip(holders(data)).all(|(old, new)| old.1 == new.1);
    let left: BTreeSet<*const ItemFacts> = gone.iter().map(|(_, item)| Arc::as_ptr(item)).collect();
    // What has not changed but was not over yet is read again.
    for item in kept.later.iter().filter(|item| !left.contains(&Arc::as_ptr(item))) {
        gone.push((kept.data.items.place_of(item)?, Arc::clone(item)));
        come.push((data.items.place_of(item)?, Arc::clone(item)));
    }
    let later = come.iter().map(|(_, item)| item).filter(|item| ends(item) >= as_of);
    let later: Vec<Arc<ItemFacts>> = later.cloned().collect();
    gone.sort_by_key(|(place, _)| *place);
    come.sort_by_key(|(place, _)| *place);
    let shift = Shift::new(&gone, &come);
    let (mut links, mut later_link) = (Vec::new(), false);
    for link in data.links.iter() {
        later_link |= happened(link.valid.from) || happened(link.valid.to);
        if shift.is_new(link.blocked) || shift.is_new(link.blocker) {
            links.push(*link);
        }
    }
    let shared = shift.keeps_places() && Arc::ptr_eq(&kept.data.links, &data.links);
    let same_links = !later_link
        && (shared
            || unchanged(&kept.data.links, |place| shift.place(place))
                .eq(unchanged(&data.links, |place| (!shift.is_new(place)).then_some(place))));
    let went = |link: &LinkFacts| {
        shift.place(link.blocked).is_none() || shift.place(link.blocker).is_none()
    };
    let before: Vec<LinkFacts> = match shared {
        true => links.clone(),
        false => kept.data.links.iter().filter(|link| went(link)).copied().collect(),
    };
    let links_say_the_same = ends_of(&before, &kept.data, kept.as_of, week_end)
        == ends_of(&links, data, as_of, week_end);
    let changed = |(data, as_of): (&Dataset, Timestamp), list: Difference<ItemFacts>| {
        let changed = |(place, item)| Changed { item, place, as_of, held: held::of(data, place) };
        list.into_iter().map(changed).collect()
    };
    let delta = Delta {
        gone: changed((&kept.data, kept.as_of), gone),
        come: changed((data, as_of), come),
        shift,
        same_releases,
        same_contents,
        links,
        same_links,
        links_say_the_same,
    };
    Some((delta, later))
}

/// The links between items that are the same, by their places now.
fn unchanged(
    links: &[LinkFacts],
    place: impl Fn(usize) -> Option<usize>,
) -> impl Iterator<Item = LinkFacts> {
    links.iter().filter_map(move |link| {
        let (blocked, blocker) = (place(link.blocked)?, place(link.blocker)?);
        Some(LinkFacts { blocked, blocker, ..*link })
    })
}

/// What an end of a link says of the complete weeks: when it was created, began and ended, and
/// whether it was done from its creation on.
type LinkEnd = (Timestamp, Option<Timestamp>, Option<Timestamp>, bool);

/// What links say of the complete weeks: when each was valid, and both ends.
fn ends_of(
    links: &[LinkFacts],
    data: &Dataset,
    as_of: Timestamp,
    week_end: Timestamp,
) -> Vec<(Period, [LinkEnd; 2])> {
    let end = |ix: usize| -> LinkEnd {
        let item = &data.items[ix];
        let derived = derive(item.created_at, &item.segments, as_of);
        let before = |at: Option<Timestamp>| at.filter(|at| *at < week_end);
        let (from, to) = (before(derived.started_at), before(derived.ended_at));
        (item.created_at, from, to, derived.born_done)
    };
    let mut found: Vec<_> =
        links.iter().map(|link| (link.valid, [end(link.blocked), end(link.blocker)])).collect();
    found.sort_unstable();
    found
}
