//! Whom the items of a piece of the list name: whoever asks what items say to one team, stream or
//! epic need not look into pieces that do not name it.

use super::dataset::ItemFacts;
use super::slices::Slices;
use crate::model::{EpicIx, Kind, StreamIx, TeamIx};

/// To whom items say something, in the order of the list that it is numbered by.
#[derive(Debug, Clone, Copy)]
pub enum Owners<'a> {
    Teams,
    Streams,
    /// Published slices of streams.
    Slices(&'a Slices),
    Epics,
}

/// The teams, streams and epics that segments name; having none is a place of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    teams: Places,
    streams: Places,
    epics: Places,
}

/// A set of places, a bit for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Places(Vec<u64>);

impl Places {
    fn add(&mut self, place: Option<u32>) {
        let bit = place.map_or(0, |place| place as usize + 1);
        if self.0.len() <= bit / 64 {
            self.0.resize(bit / 64 + 1, 0);
        }
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(own, other)| own & other != 0)
    }
}

impl Reach {
    /// Whom some items name.
    #[must_use]
    pub fn of<'a>(items: impl Iterator<Item = &'a ItemFacts>) -> Self {
        let mut reach = Self::default();
        let mut last = None;
        for segment in items.flat_map(|item| &item.segments) {
            let own = (segment.team, segment.stream, segment.epic);
            // Neighbours mostly name the same.
            if last.replace(own) != Some(own) {
                reach.teams.add(own.0.map(|TeamIx(ix)| ix));
                reach.streams.add(own.1.map(|StreamIx(ix)| ix));
                reach.epics.add(own.2.map(|EpicIx(ix)| ix));
            }
        }
        reach
    }

    /// Whom the owners are that are wanted. Of slices, `streams` is how many streams they show.
    #[must_use]
    pub fn wanted(owners: Owners<'_>, streams: usize, wanted: &[bool]) -> Self {
        let mut reach = Self::default();
        let places = || (0..).zip(wanted).filter(|(_, wanted)| **wanted).map(|(ix, _)| Some(ix));
        match owners {
            Owners::Teams => places().for_each(|team| reach.teams.add(team)),
            Owners::Streams => places().for_each(|stream| reach.streams.add(stream)),
            Owners::Epics => places().for_each(|epic| reach.epics.add(epic)),
            Owners::Slices(slices) => {
                let all = (0..).take(streams).map(Some).chain([None]);
                let shown = |stream: &Option<u32>| {
                    let slice = slices.of(stream.map(StreamIx), None, Kind::Unclassified);
                    wanted.get(slice) == Some(&true)
                };
                all.filter(shown).for_each(|stream| reach.streams.add(stream));
            }
        }
        reach
    }

    /// Whether both name somebody.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.teams.meets(&other.teams)
            || self.streams.meets(&other.streams)
            || self.epics.meets(&other.epics)
    }
}
