//! What a world keeps beside its items, so that the next one need not look at all of them again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::links::Named;
use super::members::Flowing;
use crate::model::{ConnectionId, Integration, Release, StreamIx};
use crate::portfolio::Portfolio;
use crate::signals::Dataset;
use crate::signals::pieces::{Difference, Pieces};
use crate::signals::shift::Shift;

/// Flow items that went and came between two worlds, with their places in either.
pub(super) struct Changes {
    pub gone: Difference<Flowing>,
    pub come: Difference<Flowing>,
    pub shift: Shift,
}

/// What the contents of links, releases and events rest on, and counts over all items.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub releases: Vec<(ConnectionId, Release)>,
    pub events: Vec<Integration>,
    pub named: Arc<Named>,
    pub tally: Tally,
}

/// Counts to which items are added and from which they are taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// Items that passed through a status whose category nobody knows.
    unknown_statuses: BTreeMap<String, u64>,
    /// Items of projects in which waiting can be seen, by each stream in which they were.
    observable: BTreeMap<StreamIx, u64>,
}

impl Tally {
    pub fn of(portfolio: &Portfolio, items: &Pieces<Flowing>) -> Self {
        let mut tally = Self::default();
        let mut asked: BTreeMap<(&str, &str), bool> = BTreeMap::new();
        for one in items.iter() {
            let home = &one.kept.home;
            let observable = *asked
                .entry((&home.connection.0, &home.project))
                .or_insert_with(|| portfolio.waiting_observable(&home.connection, &home.project));
            tally.count(one, observable, |count| *count += 1);
        }
        tally
    }

    pub fn exchange(&mut self, portfolio: &Portfolio, changes: &Changes) {
        let observable = |one: &Flowing| {
            let home = &one.kept.home;
            portfolio.waiting_observable(&home.connection, &home.project)
        };
        for (_, one) in &changes.come {
            self.count(one, observable(one), |count| *count += 1);
        }
        for (_, one) in &changes.gone {
            self.count(one, observable(one), |count| *count -= 1);
        }
        self.unknown_statuses.retain(|_, items| *items > 0);
        self.observable.retain(|_, items| *items > 0);
    }

    fn count(&mut self, one: &Flowing, observable: bool, step: fn(&mut u64)) {
        for name in one.kept.unknown_statuses() {
            match self.unknown_statuses.get_mut(name) {
                Some(count) => step(count),
                None => step(self.unknown_statuses.entry(name.clone()).or_default()),
            }
        }
        if observable {
            let mut streams: Vec<StreamIx> =
                one.facts.segments.iter().filter_map(|segment| segment.stream).collect();
            streams.sort_unstable();
            streams.dedup();
            for stream in streams {
                step(self.observable.entry(stream).or_default());
            }
        }
    }

    /// Writes what is counted into a dataset.
    pub fn tell(&self, dataset: &mut Dataset) {
        let counts = self.unknown_statuses.iter();
        dataset.unknown_statuses = counts.map(|(name, items)| (name.clone(), *items)).collect();
        for (ix, stream) in dataset.streams.iter_mut().enumerate() {
            let own = u32::try_from(ix).map(StreamIx);
            stream.waiting_observable = own.is_ok_and(|own| self.observable.contains_key(&own));
        }
    }
}
