//! Small invented portfolios for the tests of the signals.

use std::sync::Arc;

use chrono_tz::Tz;

use super::dataset::{Epic, ItemFacts, LinkFacts, Stream, Team};
use super::{Dataset, Scope, View};
use crate::model::{
    Category, Context, Direction, EpicIx, EpicState, FlowEvent, Kind, OutcomeMeasure, Period,
    Precision, StateIx, StreamIx, StreamKind, TeamIx, Timestamp, ValueArea,
};

/// `03-02` or `03-02 09:00` of 2026, in UTC.
pub(super) fn at(text: &str) -> Timestamp {
    let (day, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    Timestamp::parse(&format!("2026-{day}T{time}:00Z")).unwrap()
}

/// A dataset with streams S1.. (published) and teams T1.., each at home in one stream.
pub(super) fn portfolio(streams: usize, homes: &[u32]) -> Dataset {
    let stream = |n: usize| Stream {
        id: format!("s{n}"),
        name: format!("S{n}"),
        kind: StreamKind::Customer,
        publish: true,
        waiting_observable: true,
    };
    let team = |(ix, home): (usize, &u32)| Team {
        id: format!("t{}", ix + 1),
        name: format!("T{}", ix + 1),
        home: vec![(Period::ALWAYS, StreamIx(*home - 1))],
        weight: Vec::new(),
        valid: Period::ALWAYS,
    };
    Dataset {
        portfolio: "Northwind".to_owned(),
        zone: Tz::UTC,
        streams: (1..=streams).map(stream).collect(),
        teams: homes.iter().enumerate().map(team).collect(),
        ..Dataset::default()
    }
}

/// Adds an item. Each event is an instant and a word: `proposed`, `done`, `dropped`, `Blocked`,
/// `Review` and `waiting` (queues), `T2/S2` (moves to that team and stream), any other word (active).
pub(super) fn item(data: &mut Dataset, key: &str, place: &str, events: &[(&str, &str)]) -> usize {
    let split = |place: &str| -> (TeamIx, StreamIx) {
        let (team, stream) = place.split_once('/').unwrap();
        let number = |text: &str| text[1..].parse::<u32>().unwrap() - 1;
        (TeamIx(number(team)), StreamIx(number(stream)))
    };
    let (mut team, mut stream) = split(place);
    let (mut state, mut category, mut blocked) = (StateIx(0), Category::Proposed, false);
    let mut folded = Vec::new();
    for (when, word) in events {
        if word.contains('/') {
            (team, stream) = split(word);
        } else {
            blocked = *word == "Blocked";
            category = match *word {
                "proposed" => Category::Proposed,
                "Review" | "waiting" => Category::Waiting,
                "done" => Category::Done,
                "dropped" => Category::Dropped,
                _ => Category::Active,
            };
            state = data.states.intern(word);
        }
        folded.push(FlowEvent {
            at: at(when),
            category,
            state,
            blocked,
            team: Some(team),
            stream: Some(stream),
            epic: None,
            precision: Precision::Exact,
        });
    }
    data.items.push(ItemFacts::lived(key.to_owned(), Kind::Feature, folded));
    data.items.len() - 1
}

/// An epic of the product of which nothing else is declared, with the instants of its states.
pub(super) fn epic(id: &str, states: &[(&str, EpicState)]) -> Epic {
    Epic {
        id: id.to_owned(),
        title: String::new(),
        stream: None,
        theme: None,
        horizon: None,
        context: Context::Product,
        hypothesis: None,
        outcome: None,
        states: states.iter().map(|(when, state)| (at(when), *state)).collect(),
    }
}

/// An outcome measure that should go up.
pub(super) fn outcome_measure(id: &str) -> OutcomeMeasure {
    OutcomeMeasure {
        id: id.to_owned(),
        name: id.to_owned(),
        stream: None,
        unit: String::new(),
        direction: Direction::Up,
        value_area: ValueArea::Current,
    }
}

/// Puts all segments of an item under an epic.
pub(super) fn under(data: &mut Dataset, item: usize, epic: u32) {
    for segment in &mut data.items[item].segments {
        segment.epic = Some(EpicIx(epic));
    }
}

/// Adds so many epics: `BET-1`, `BET-2`, ..., without stream, theme or hypothesis.
pub(super) fn bets(data: &mut Dataset, count: usize) {
    for _ in 0..count {
        let id = format!("BET-{}", data.epics.len() + 1);
        data.epics.push(epic(&id, &[]));
    }
}

/// `blocked` waits for `blocker` from one instant to another (or until nobody knows when).
pub(super) fn link(data: &mut Dataset, blocked: usize, blocker: usize, from: &str, to: &str) {
    let to = if to.is_empty() { Timestamp::MAX } else { at(to) };
    let valid = Period::new(at(from), to);
    Arc::make_mut(&mut data.links).push(LinkFacts {
        blocked,
        blocker,
        valid,
        precision: Precision::Exact,
    });
}

/// The portfolio's view at an instant.
pub(super) fn view<'a>(data: &'a Dataset, as_of: &str) -> View<'a> {
    View::new(data, at(as_of), at(as_of), &Scope::Portfolio)
}

/// Fixture F0 of the catalogue (section 0.4) as one stream with two teams.
pub(super) fn f0() -> Dataset {
    let mut data = portfolio(1, &[1, 1]);
    let lines: [(&str, &[(&str, &str)]); 10] = [
        ("A", &[("03-02 09:00", "proposed"), ("03-03", "Dev"), ("03-09", "done")]),
        (
            "B",
            &[
                ("03-04", "proposed"),
                ("03-04 12:00", "Dev"),
                ("03-10 12:00", "done"),
                ("03-12 12:00", "Dev"),
                ("03-14", "done"),
            ],
        ),
        ("C", &[("03-05", "proposed"), ("03-06", "done")]),
        (
            "D",
            &[
                ("03-04", "proposed"),
                ("03-05", "Dev"),
                ("03-08", "proposed"),
                ("03-18", "Dev"),
                ("03-20", "done"),
            ],
        ),
        ("E", &[("03-11", "done")]),
        ("F", &[("03-09", "proposed"), ("03-10", "Dev"), ("03-17", "dropped")]),
        ("G", &[("03-02", "proposed"), ("03-13", "dropped")]),
        ("H", &[("03-15", "proposed"), ("03-16", "Dev"), ("03-21", "T2/S1"), ("03-25", "done")]),
        ("I", &[("03-19", "proposed"), ("03-20", "Dev"), ("03-24", "waiting")]),
        ("J", &[("02-19", "proposed"), ("02-20", "Dev")]),
    ];
    for (key, events) in lines {
        item(&mut data, key, "T1/S1", events);
    }
    data
}
