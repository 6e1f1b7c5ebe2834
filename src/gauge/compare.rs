//! What another portfolio file would move, in the past and from now on, against the present one.
//!
//! Both files place everything that is stored, each with its own dated rules. An instant of an
//! item's life is moved when its team or its stream differs. Of work that has ended only the
//! delivery counts, for it is what gives credit; where a card lies after that moves nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::moves::{self, Move, Moved};
use super::{Gauge, Moment, World};
use crate::model::{FlowSegment, Period, Timestamp, Week};
use crate::portfolio::{Explanation, Portfolio};
use crate::signals::attention::TEAM_DAY;
use crate::signals::{Scope, View};
use crate::store::{Store, StoreError, StoredItem};

/// Keys shown of each move.
const EXAMPLES: usize = 3;
/// Where work is that a file does not count as flow.
const UNCOUNTED: &str = "not counted";

/// The difference of two portfolio files at one instant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    pub as_of: Timestamp,
    /// The past first, then by place and rule.
    pub moves: Vec<PlaceMove>,
    /// What their statuses would come to mean.
    pub categories: Vec<Move>,
    /// Streams whose attention or deliveries differ in the newest 26 complete weeks, by id.
    pub streams: Vec<StreamMove>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    Past,
    /// Work that has not ended, from the instant of the comparison on.
    FromNowOn,
}

/// Items that would change their place in the same way, by the same rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PlaceMove {
    pub when: When,
    /// "team in stream" by the present file, and by the other one.
    pub from: String,
    pub to: String,
    /// What decides, by the present file and by the other one.
    pub rule: String,
    pub other_rule: String,
    pub items: u64,
    /// The first instant that differs, and the last; none while nothing ends it.
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    /// A few keys.
    pub examples: Vec<String>,
}

/// What one stream would have had instead.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamMove {
    pub stream: String,
    /// Team-days of attention by the present file and by the other one.
    pub team_days: f64,
    pub other_team_days: f64,
    /// Items delivered by the present file and by the other one.
    pub delivered: i64,
    pub other_delivered: i64,
    /// The first and the last week that differ.
    pub weeks: (Week, Week),
}

impl Gauge {
    /// Compares the present portfolio file with another one over everything that is stored.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn compare(
        &self,
        other: Portfolio,
        moment: Moment,
    ) -> Result<Comparison, StoreError> {
        let as_of = moment.as_of.unwrap_or_else(|| self.clock.now());
        let present = self.world(moment.known).await?;
        let (known, store) = (moment.known, &self.store);
        let other = Arc::new(World::build(store, Arc::new(other), known).await?);
        let (file, world) = (Arc::clone(&present.portfolio), Arc::clone(&other));
        let mut categories = moves::between(store, file, world, known, as_of).await?;
        categories.retain(|one| one.what == Moved::Category);
        let streams = streams(&present, &other, as_of);
        let moves = places(store, [present, other], known, as_of).await?;
        Ok(Comparison { as_of, moves, categories, streams })
    }
}

/// The key of a group: when, places, rules.
type Group = (When, [String; 2], [String; 2]);

/// What falls into a group.
struct Tally {
    keys: Vec<String>,
    since: Timestamp,
    until: Timestamp,
}

async fn places(
    store: &Store,
    worlds: [Arc<World>; 2],
    known: Option<Timestamp>,
    as_of: Timestamp,
) -> Result<Vec<PlaceMove>, StoreError> {
    let tallied = store.fold_items(known, BTreeMap::new(), move |tallies, item| {
        if item.removed.is_some() || item.created_at >= as_of {
            return;
        }
        let sides = [0, 1].map(|side: usize| {
            let world: &World = &worlds[side];
            let place = world.place_of(&item.attributes.key, &item.id)?;
            Some(world.dataset.items[place].segments.as_slice())
        });
        if sides.iter().any(Option::is_some) {
            tally(tallies, [&worlds[0], &worlds[1]], &item, sides, as_of);
        }
    });
    let tallies: BTreeMap<Group, Tally> = tallied.await?;
    let told = |((when, [from, to], [rule, other_rule]), mut tally): (Group, Tally)| {
        tally.keys.sort_unstable();
        tally.keys.dedup();
        PlaceMove {
            when,
            from,
            to,
            rule,
            other_rule,
            items: tally.keys.len() as u64,
            since: tally.since,
            until: (tally.until != Timestamp::MAX).then_some(tally.until),
            examples: tally.keys.into_iter().take(EXAMPLES).collect(),
        }
    };
    Ok(tallies.into_iter().map(told).collect())
}

/// Adds what differs of one item; `sides` are its segments by either file, none where that one
/// does not count it.
fn tally(
    tallies: &mut BTreeMap<Group, Tally>,
    worlds: [&World; 2],
    item: &StoredItem,
    sides: [Option<&[FlowSegment]>; 2],
    as_of: Timestamp,
) {
    let mut told: Option<[Explanation; 2]> = None;
    for (when, period) in moved(worlds, sides, as_of) {
        let told = told.get_or_insert_with(|| worlds.map(|world| world.explain(item)));
        let places = [0, 1].map(|side| place_at(worlds[side], sides[side], period.from));
        let rules = [0, 1].map(|side| rule_at(&told[side], sides[side].is_some(), period.from));
        let tally = tallies.entry((when, places, rules)).or_insert_with(|| Tally {
            keys: Vec::new(),
            since: period.from,
            until: period.to,
        });
        // Parts of one item follow one another, so it is counted once.
        if tally.keys.last() != Some(&item.attributes.key) {
            tally.keys.push(item.attributes.key.clone());
        }
        tally.since = tally.since.min(period.from);
        tally.until = tally.until.max(period.to);
    }
}

/// The stretches in which an item's place differs: what was before the instant, and what comes
/// after it of work that has not ended.
fn moved(
    worlds: [&World; 2],
    sides: [Option<&[FlowSegment]>; 2],
    as_of: Timestamp,
) -> Vec<(When, Period)> {
    let mut cuts: Vec<Timestamp> =
        sides.iter().flatten().flat_map(|s| s.iter()).map(|s| s.from).collect();
    cuts.push(as_of);
    cuts.sort_unstable();
    cuts.dedup();
    let start = sides.iter().flatten().filter_map(|s| s.first()).map(|s| s.from).min();
    let mut found = Vec::new();
    for (ix, from) in cuts.iter().enumerate() {
        let to = cuts.get(ix + 1).copied().unwrap_or(Timestamp::MAX);
        let begun = start.is_some_and(|start| start <= *from);
        let when = if *from < as_of { When::Past } else { When::FromNowOn };
        let places = [0, 1].map(|side| ids_at(worlds[side], sides[side], *from));
        if begun && places[0] != places[1] && sides.iter().flatten().any(|s| counts(s, *from, when))
        {
            found.push((when, Period::new(*from, to)));
        }
    }
    found
}

/// Whether the place at an instant matters: for work that goes on, and in the past for a delivery.
fn counts(segments: &[FlowSegment], at: Timestamp, when: When) -> bool {
    let Some(ix) = segments.iter().rposition(|segment| segment.from <= at) else { return false };
    let segment = &segments[ix];
    if !segment.category.is_ended() {
        return true;
    }
    let before = ix.checked_sub(1).map(|ix| segments[ix].category);
    when == When::Past && segment.from == at && before != Some(segment.category)
}

/// Team and stream at an instant; `None` where the item is not counted.
fn ids_at<'w>(
    world: &'w World,
    segments: Option<&[FlowSegment]>,
    at: Timestamp,
) -> Option<(Option<&'w str>, Option<&'w str>)> {
    let segment = segments?.iter().rfind(|segment| segment.from <= at)?;
    let (teams, streams) = (world.portfolio.teams(), world.portfolio.streams());
    let team = segment.team.map(|ix| teams[ix.0 as usize].id.as_str());
    Some((team, segment.stream.map(|ix| streams[ix.0 as usize].id.as_str())))
}

fn place_at(world: &World, segments: Option<&[FlowSegment]>, at: Timestamp) -> String {
    let held = segments.and_then(|segments| segments.iter().rfind(|segment| segment.from <= at));
    held.map_or_else(|| UNCOUNTED.to_owned(), |one| moves::place(&world.portfolio, one))
}

/// What decided at an instant, for people: the rule of the team, and what gives the stream.
fn rule_at(told: &Explanation, counted: bool, at: Timestamp) -> String {
    if !counted {
        return told.excluded.clone().unwrap_or_else(|| "Another item stands for it.".to_owned());
    }
    let Some(segment) = told.segments.iter().rfind(|segment| segment.from <= at) else {
        return String::new();
    };
    if segment.team.is_none() && segment.team_why.starts_with("No rule") {
        return format!("No rule matches. {}", segment.stream_why);
    }
    format!("{} {}", segment.team_why, segment.stream_why)
}

fn streams(present: &World, other: &World, as_of: Timestamp) -> Vec<StreamMove> {
    let sides = [present, other].map(|world| weekly(world, as_of));
    let weeks = Week::complete_before(as_of, present.portfolio.zone(), sides[0].weeks);
    let mut ids: Vec<&String> = sides.iter().flat_map(|side| side.streams.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    let none = vec![(0, 0); weeks.len()];
    let row = |id: &String| {
        let [one, two] = [0, 1].map(|side| sides[side].streams.get(id).unwrap_or(&none));
        let differ: Vec<usize> = (0..weeks.len()).filter(|week| one[*week] != two[*week]).collect();
        let (first, last) = (weeks[*differ.first()?], weeks[*differ.last()?]);
        let days = |side: &[(i64, i64)]| side.iter().map(|w| w.0).sum::<i64>() as f64 / TEAM_DAY;
        let items = |side: &[(i64, i64)]| side.iter().map(|week| week.1).sum::<i64>();
        let rounded = |days: f64| (days * 100.0).round() / 100.0;
        Some(StreamMove {
            stream: id.clone(),
            team_days: rounded(days(one)),
            other_team_days: rounded(days(two)),
            delivered: items(one),
            other_delivered: items(two),
            weeks: (first, last),
        })
    };
    ids.into_iter().filter_map(row).collect()
}

/// Ticks of attention and deliveries of each stream, week by week.
struct Weekly {
    weeks: usize,
    streams: BTreeMap<String, Vec<(i64, i64)>>,
}

fn weekly(world: &World, as_of: Timestamp) -> Weekly {
    let view = View::new(&world.dataset, as_of, as_of, &Scope::Portfolio);
    let weeks = view.weeks.len();
    let mut streams: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    let buckets: Vec<_> = (0..weeks)
        .map(|week| view.attention.grid.buckets(view.weeks.span(week..week + 1)))
        .collect();
    let name = |stream: Option<usize>| match stream.and_then(|ix| world.dataset.streams.get(ix)) {
        Some(stream) => stream.id.clone(),
        None => "no stream".to_owned(),
    };
    for cell in &view.attention.cells {
        let stream = name(cell.target.stream.map(|stream| stream.0 as usize));
        let weekly = streams.entry(stream).or_insert_with(|| vec![(0, 0); weeks]);
        for (week, buckets) in buckets.iter().enumerate() {
            weekly[week].0 += crate::signals::attention::sum(&cell.ticks, buckets);
        }
    }
    for (ix, flow) in view.flow.streams.iter().enumerate() {
        let weekly = streams.entry(name(Some(ix))).or_insert_with(|| vec![(0, 0); weeks]);
        for (week, delivered) in flow.delivered.iter().enumerate() {
            weekly[week].1 += delivered;
        }
    }
    Weekly { weeks, streams }
}
