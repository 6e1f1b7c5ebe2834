//! What a changed portfolio file would move, against the file that is accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::World;
use super::members::{Ground, known as seen};
use crate::model::{DAY_MS, FlowSegment, Period, States, Timestamp};
use crate::portfolio::{Placed, Portfolio};
use crate::signals::attention::drawn;
use crate::signals::dataset::ItemFacts;
use crate::store::{Store, StoreError};

/// Keys shown of each move.
const EXAMPLES: usize = 3;

/// Items that would change their place, or what their status means, in the same way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    pub what: Moved,
    /// "team in stream", or "no team"; of a category, its name.
    pub from: String,
    pub to: String,
    /// How many change at present, ...
    pub items: u64,
    /// ... and how many in their past only.
    pub past_items: u64,
    /// Item-days of active work in the newest 12 complete weeks that go with them.
    pub active_days: f64,
    /// A few keys, of the present ones first.
    pub examples: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Moved {
    Place,
    Category,
}

#[derive(Default)]
struct Tally {
    present: Vec<String>,
    past: Vec<String>,
    active: i64,
}

/// Places the flow items of `world`, of `known`, by `accepted` and compares every instant of their
/// lives. Places before categories, sorted by name.
///
/// # Errors
/// The store does not answer.
pub(super) async fn between(
    store: &Store,
    accepted: Arc<Portfolio>,
    world: Arc<World>,
    known: Option<Timestamp>,
    as_of: Timestamp,
) -> Result<Vec<Move>, StoreError> {
    let ground = Ground::read(store, &accepted, known).await?;
    let window = drawn::window(as_of, world.portfolio.zone());
    let begin = (BTreeMap::<(Moved, String, String), Tally>::new(), States::default());
    let tallied = store.fold_items(known, begin, move |(tallies, states), item| {
        let (key, id) = (&item.attributes.key, &item.id);
        let Some(place) = world.place_of(key, id).filter(|_| item.removed.is_none()) else {
            return;
        };
        let after = &world.dataset.items[place];
        let before = ground.portfolio.place(&seen(&item), &ground.epics, &ground.statuses, states);
        for (pair, (present, active)) in changes(&ground.portfolio, &before, &world, after, window)
        {
            let tally = tallies.entry(pair).or_default();
            let list = if present { &mut tally.present } else { &mut tally.past };
            list.push(item.attributes.key.clone());
            tally.active += active;
        }
    });
    let (tallies, _) = tallied.await?;
    Ok(tallies.into_iter().map(|((what, from, to), tally)| tally.told(what, from, to)).collect())
}

/// How one item changes: for each kind of change whether it does so at present, and the active
/// work that goes with it, in milliseconds.
fn changes(
    accepted: &Portfolio,
    before: &Placed,
    world: &World,
    after: &ItemFacts,
    window: Period,
) -> BTreeMap<(Moved, String, String), (bool, i64)> {
    let mut found: BTreeMap<_, (bool, i64)> = BTreeMap::new();
    for old in &before.segments {
        for new in overlapping(&after.segments, old) {
            let present = old.to == Timestamp::MAX && new.to == Timestamp::MAX;
            let places = (place(accepted, old), place(&world.portfolio, new));
            if places.0 != places.1 {
                let key = (Moved::Place, places.0, places.1);
                found.entry(key).or_default().0 |= present;
            }
            if old.flow() != new.flow() {
                let name = |one: &FlowSegment| format!("{:?}", one.flow()).to_lowercase();
                let key = (Moved::Category, name(old), name(new));
                found.entry(key).or_default().0 |= present;
            }
        }
    }
    if found.is_empty() {
        return found;
    }
    drawn::drawn(&after.segments, &after.activity, window, |new, part| {
        for old in overlapping(&before.segments, new) {
            let places = (place(accepted, old), place(&world.portfolio, new));
            let millis = Period::new(old.from, old.to).intersect(&part).map_or(0, |p| p.millis());
            if let Some(tally) = found.get_mut(&(Moved::Place, places.0, places.1)) {
                tally.1 += millis;
            }
        }
    });
    found
}

fn overlapping<'a>(
    list: &'a [FlowSegment],
    one: &FlowSegment,
) -> impl Iterator<Item = &'a FlowSegment> {
    let (from, to) = (one.from, one.to);
    let first = list.partition_point(|other| other.to <= from);
    list[first..].iter().take_while(move |other| other.from < to)
}

impl Tally {
    fn told(mut self, what: Moved, from: String, to: String) -> Move {
        self.present.sort_unstable();
        self.past.sort_unstable();
        let (items, past_items) = (self.present.len() as u64, self.past.len() as u64);
        let examples = self.present.into_iter().chain(self.past).take(EXAMPLES).collect();
        let active_days = (self.active as f64 / DAY_MS as f64 * 100.0).round() / 100.0;
        Move { what, from, to, items, past_items, active_days, examples }
    }
}

/// "team in stream" by the ids of a portfolio file.
pub(super) fn place(portfolio: &Portfolio, segment: &FlowSegment) -> String {
    let team = segment.team.map(|ix| portfolio.teams()[ix.0 as usize].id.as_str());
    let stream = segment.stream.map(|ix| portfolio.streams()[ix.0 as usize].id.as_str());
    format!("{} in {}", team.unwrap_or("no team"), stream.unwrap_or("no stream"))
}
