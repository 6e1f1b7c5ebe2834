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
use super::held::instant;
use super::recall::Recall;
use crate::model::{Category, EpicIx, FlowSegment, StreamIx, Timestamp};

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

/// What met in each release and declared event before the report's instant, by instant. Items that
/// were done from their creation on and work of one-off epics are left out.
#[must_use]
pub fn meetings(recall: &Recall<'_>, data: &Dataset) -> Vec<(Timestamp, Met)> {
    // Items by holder, epic and stream: what is counted can be taken away again.
    let empty = BTreeMap::<(u32, usize, StreamIx), i64>::new;
    let delivered = recall.sum("meetings", recall.releases(), empty, |delivered, seen| {
        for (holder, at) in seen.holders(data).filter(|_| !seen.derived.born_done) {
            if let Some((epic, stream)) = delivered_by(data, &seen.item.segments, at) {
                *delivered.entry((holder, epic, stream)).or_default() += 1;
            }
        }
    });
    let mut all: Vec<(u32, Timestamp, Met)> = Vec::new();
    for (holder, epic, stream) in delivered.keys() {
        let Some(at) = instant(data, *holder) else { continue };
        if all.last().is_none_or(|(last, ..)| last != holder) {
            all.push((*holder, at, Met::new()));
        }
        if let Some((.., met)) = all.last_mut() {
            met.entry(*epic).or_default().insert(*stream);
        }
    }
    all.sort_by_key(|(_, at, _)| *at);
    all.into_iter().map(|(_, at, met)| (at, met)).collect()
}

/// The epic of an item that was done at an instant, and the stream that delivered it. A later
/// reopening does not undo that it was there.
fn delivered_by(
    data: &Dataset,
    segments: &[FlowSegment],
    at: Timestamp,
) -> Option<(usize, StreamIx)> {
    let (delivery, now) = delivery(segments, at)?;
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
pub fn points(recall: &Recall<'_>, meetings: &[(Timestamp, Met)]) -> Vec<IntegrationPoint> {
    let shared = |met: &Met| -> BTreeSet<usize> {
        met.iter().filter(|(_, streams)| streams.len() >= 2).map(|(epic, _)| *epic).collect()
    };
    let of_meeting = |(at, met): &(Timestamp, Met)| {
        let at = *at;
        shared(met).into_iter().map(move |epic| (epic, at))
    };
    let asked: BTreeSet<(usize, Timestamp)> = meetings.iter().flat_map(of_meeting).collect();
    let open = open(recall, asked.into_iter().collect());
    let mut points: Vec<IntegrationPoint> = Vec::new();
    for (at, met) in meetings {
        let epics = shared(met);
        if epics.is_empty() {
            continue;
        }
        let partial = epics.iter().all(|epic| open.contains(&(*epic, *at)));
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

/// Of some epics at some instants, sorted, those of which an item existed then and had not ended.
fn open(recall: &Recall<'_>, asked: Vec<(usize, Timestamp)>) -> BTreeSet<(usize, Timestamp)> {
    if asked.is_empty() {
        return BTreeSet::new();
    }
    let count = recall.sum(
        "open at meetings",
        asked.clone(),
        || vec![0_u64; asked.len()],
        |count, seen| {
            let segments = &seen.item.segments;
            let ends = segments.iter().skip(1).map(|next| next.from).chain([Timestamp::MAX]);
            for (segment, end) in segments.iter().zip(ends) {
                let Some(EpicIx(epic)) = segment.epic else { continue };
                if segment.category.is_ended() {
                    continue;
                }
                let place = |at: Timestamp| {
                    asked.partition_point(|(own, when)| (*own, *when) < (epic as usize, at))
                };
                count[place(segment.from)..place(end)].iter_mut().for_each(|count| *count += 1);
            }
        },
    );
    let some = asked.into_iter().zip(count.iter()).filter(|(_, count)| **count > 0);
    some.map(|(one, _)| one).collect()
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
        points(&view.recall, &meetings(&view.recall, data))
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
