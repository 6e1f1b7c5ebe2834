//! Where work of several streams met: the integration points of a portfolio.
//!
//! An integration point is a release, or a declared event, with delivered items of at least two
//! streams within at least one common epic.
//!
//! Whose stream an item is, here and in C6, is the home stream of the team that did the work, and
//! only without one the stream of the work. The catalogue says "stream"; by its slice resolution
//! an item of an epic has the epic's stream whoever works on it, and then an epic with a stream of
//! its own could never span two. Example: an epic of Payments with one item of a Payments team and
//! one of an Identity team. Attention counts both for Payments; what met in its release is work of
//! two streams.

use std::collections::{BTreeMap, BTreeSet};

use super::Dataset;
use super::defaults::ONE_POINT_MS;
use crate::model::{Category, Derived, FlowSegment, StreamIx, Timestamp};

/// One instant at which work of several streams met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationPoint {
    pub at: Timestamp,
    /// The epics of which work of two or more streams met, as places in [`Dataset::epics`].
    pub epics: BTreeSet<usize>,
    pub streams: BTreeSet<StreamIx>,
    /// Of each of these epics some item was still open at the instant.
    pub partial: bool,
}

/// What an epic had in one release or event: the streams whose delivered items were in it.
pub type Met = BTreeMap<usize, BTreeSet<StreamIx>>;

/// The stream whose team did the work of a segment, at the segment's start.
#[must_use]
pub fn stream_of_work(data: &Dataset, segment: &FlowSegment) -> Option<StreamIx> {
    let home = segment.team.and_then(|team| data.team(team).home_at(segment.from));
    home.or(segment.stream)
}

/// What met in each release and declared event before `as_of`, by instant. Items that were done
/// from their creation on and work of one-off epics are left out.
#[must_use]
pub fn meetings(
    data: &Dataset,
    items: &dyn Fn(usize) -> Derived,
    as_of: Timestamp,
) -> Vec<(Timestamp, Met)> {
    let releases = data.releases.iter().map(|release| (release.at, &release.items));
    let events = data.integrations.iter().map(|event| (event.at, &event.items));
    let mut all: Vec<(Timestamp, &Vec<usize>)> =
        releases.chain(events).filter(|(at, _)| *at < as_of).collect();
    all.sort_by_key(|(at, _)| *at);
    let met = |(at, held): (Timestamp, &Vec<usize>)| {
        let mut met = Met::new();
        for ix in held.iter().filter(|ix| **ix < data.items.len() && !items(**ix).born_done) {
            if let Some((epic, stream)) = delivered_by(data, *ix, at) {
                met.entry(epic).or_default().insert(stream);
            }
        }
        (at, met)
    };
    all.into_iter().map(met).filter(|(_, met)| !met.is_empty()).collect()
}

/// The epic of an item that was done at an instant, and the stream that delivered it. A later
/// reopening does not undo that it was there.
fn delivered_by(data: &Dataset, item: usize, at: Timestamp) -> Option<(usize, StreamIx)> {
    let (delivery, now) = delivery(&data.items[item].segments, at)?;
    let epic = now.epic.filter(|epic| !data.one_off(Some(*epic)))?;
    Some((epic.0 as usize, stream_of_work(data, delivery)?))
}

/// Of an item that was done at an instant: the segment in which its last stretch of `done` before
/// it began, and the one that it was in.
#[must_use]
pub fn delivery(segments: &[FlowSegment], at: Timestamp) -> Option<(&FlowSegment, &FlowSegment)> {
    let seen = segments.partition_point(|segment| segment.from <= at);
    let stretch = segments[..seen].iter().rev();
    let delivery = stretch.take_while(|segment| segment.category == Category::Done).last()?;
    Some((delivery, &segments[seen - 1]))
}

/// The integration points among the meetings, oldest first. Points less than 24 hours apart are
/// one, which happened when the first of them did.
///
/// A day apart is not one: releases that are dated by day lie at midnight, and those of two
/// successive days are two.
#[must_use]
pub fn points(data: &Dataset, meetings: &[(Timestamp, Met)]) -> Vec<IntegrationPoint> {
    let shared = |met: &Met| -> BTreeSet<usize> {
        met.iter().filter(|(_, streams)| streams.len() >= 2).map(|(epic, _)| *epic).collect()
    };
    let wanted: BTreeSet<usize> = meetings.iter().flat_map(|(_, met)| shared(met)).collect();
    let members = members(data, &wanted);
    let mut points: Vec<IntegrationPoint> = Vec::new();
    for (at, met) in meetings {
        let epics = shared(met);
        if epics.is_empty() {
            continue;
        }
        let open = |epic: &usize| {
            let own = members.get(epic).into_iter().flatten();
            own.into_iter().any(|item| is_open(data, *item, *epic, *at))
        };
        let partial = epics.iter().all(open);
        let streams: BTreeSet<StreamIx> = epics.iter().flat_map(|e| met[e].clone()).collect();
        match points.last_mut() {
            Some(last) if at.millis() - last.at.millis() < ONE_POINT_MS => {
                last.epics.extend(epics);
                last.streams.extend(streams);
                last.partial &= partial;
            }
            _ => points.push(IntegrationPoint { at: *at, epics, streams, partial }),
        }
    }
    points
}

/// The items that ever belonged to some epics.
fn members(data: &Dataset, epics: &BTreeSet<usize>) -> BTreeMap<usize, Vec<usize>> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    if epics.is_empty() {
        return members;
    }
    for (ix, item) in data.items.iter().enumerate() {
        let own: BTreeSet<usize> =
            item.segments.iter().filter_map(|s| s.epic).map(|epic| epic.0 as usize).collect();
        for epic in own.intersection(epics) {
            members.entry(*epic).or_default().push(ix);
        }
    }
    members
}

/// Whether an item of an epic exists at an instant and has not ended.
fn is_open(data: &Dataset, item: usize, epic: usize, at: Timestamp) -> bool {
    let segments = &data.items[item].segments;
    let seen = segments.partition_point(|segment| segment.from <= at);
    segments[..seen].last().is_some_and(|last| {
        !last.category.is_ended() && last.epic.is_some_and(|own| own.0 as usize == epic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Period, TeamIx};
    use crate::signals::dataset::IntegrationFacts;
    use crate::signals::fixture::{at, bets, item, portfolio, under, view};

    /// Two teams of two streams on one epic; `late` is delivered after the first event.
    fn shared() -> Dataset {
        let mut data = portfolio(2, &[1, 2]);
        bets(&mut data, 1);
        for (key, place, done) in
            [("a", "T1/S1", "03-05"), ("b", "T2/S2", "03-06"), ("late", "T2/S2", "03-12")]
        {
            let ix = item(&mut data, key, place, &[("03-02", "Dev"), (done, "done")]);
            under(&mut data, ix, 0);
        }
        data
    }

    fn event(data: &mut Dataset, when: &str, items: &[usize]) {
        data.integrations.push(IntegrationFacts {
            id: format!("I-{}", data.integrations.len() + 1),
            name: "System demo".into(),
            at: at(when),
            items: items.to_vec(),
        });
    }

    fn found(data: &Dataset) -> Vec<IntegrationPoint> {
        let view = view(data, "03-30");
        points(data, &meetings(data, &|ix| view.item(ix), view.as_of))
    }

    #[test]
    fn a_point_needs_delivered_work_of_two_streams_within_one_epic() {
        let mut data = shared();
        // Before `b` is delivered; with the work of one stream only.
        event(&mut data, "03-05 12:00", &[0, 1]);
        event(&mut data, "03-13", &[1, 2]);
        assert_eq!(found(&data), []);
        event(&mut data, "03-07", &[0, 1, 2]);
        let points = found(&data);
        assert_eq!(points.len(), 1);
        assert_eq!((points[0].at, points[0].partial), (at("03-07"), true));
        // Of two epics with one stream each, none is common.
        bets(&mut data, 1);
        under(&mut data, 1, 1);
        assert_eq!(found(&data), []);
    }

    #[test]
    fn partial_while_an_item_of_the_epic_is_open() {
        let mut data = shared();
        event(&mut data, "03-12", &[0, 1]);
        assert!(!found(&data)[0].partial, "an item that is done at the instant is not open");
        item(&mut data, "new", "T1/S1", &[("03-11", "proposed")]);
        under(&mut data, 3, 0);
        assert!(found(&data)[0].partial);
    }

    /// 23 hours 59 minutes apart is one point, 24 hours are two.
    #[test]
    fn points_of_one_day_are_one() {
        let mut data = shared();
        for when in ["03-14 08:00", "03-15 07:59", "03-15 08:00"] {
            event(&mut data, when, &[0, 1]);
        }
        let instants: Vec<Timestamp> = found(&data).iter().map(|point| point.at).collect();
        assert_eq!(instants, [at("03-14 08:00"), at("03-15 08:00")]);
    }

    /// An epic of S1 has all its items in S1; the team of S2 that worked on it still counts.
    #[test]
    fn the_stream_is_that_of_the_team_that_did_the_work() {
        let mut data = shared();
        for one in &mut data.items {
            one.segments.iter_mut().for_each(|segment| segment.stream = Some(StreamIx(0)));
        }
        event(&mut data, "03-14", &[0, 1]);
        assert_eq!(found(&data)[0].streams.len(), 2);
        // A team that had moved to S1 before it delivered counts for S1.
        data.teams[1].home = vec![
            (Period::new(Timestamp::MIN, at("03-04")), StreamIx(1)),
            (Period::new(at("03-04"), Timestamp::MAX), StreamIx(0)),
        ];
        assert_eq!(found(&data), []);
        // Without a team the stream of the work decides.
        data.items[1].segments.iter_mut().for_each(|s| {
            (s.team, s.stream) = (None::<TeamIx>, Some(StreamIx(1)));
        });
        assert_eq!(found(&data).len(), 1);
    }
}
