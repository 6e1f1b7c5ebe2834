//! The same organisation as the signals read it.

use std::sync::Arc;

use chrono_tz::Tz;
use streamgauge::model::{
    Cadence, Category, Context, DAY_MS, Dimension, Direction, EpicIx, EpicState, FlowEvent, Intent,
    OutcomeMeasure, Period, Precision, Reading, StreamIx, StreamKind, TeamIx, Timestamp, ValueArea,
};
use streamgauge::signals::Dataset;
use streamgauge::signals::dataset::{
    CoverageSpan, Epic, ItemFacts, LinkFacts, ReleaseFacts, Stream, Team, Theme,
};

use super::calendar::{ONSET, WEEKS};
use super::dice::Dice;
use super::disturbance::Disturbance;
use super::organisation::{Nature, Organisation, THEMES};
use super::work::{Card, State, cards};

/// The whole story of one organisation. The signals ignore what comes after the instant they are
/// asked about, so one story serves every digest.
pub fn dataset(seed: u64, nature: Nature, planted: Option<Disturbance>) -> (Organisation, Dataset) {
    let own = Organisation::new(seed, nature, planted);
    let cards = cards(&own, seed);
    let mut data = declared(&own);
    let mut order: Vec<usize> = (0..cards.len()).collect();
    let key = |ix: &usize| format!("S{}-{ix:06}", own.teams[cards[*ix].team].stream);
    order.sort_by_key(key);
    let mut place = vec![0; cards.len()];
    for (at, ix) in order.iter().enumerate() {
        place[*ix] = at;
        let item = item(&mut data, &cards[*ix], key(ix));
        data.items.push(item);
    }
    for (ix, card) in cards.iter().enumerate() {
        if let Some((blocker, from, to)) = card.waited {
            // Two links of three stay when the wait is over.
            let to = if ix % 3 == 0 { Timestamp::from_millis(to) } else { Timestamp::MAX };
            Arc::make_mut(&mut data.links).push(LinkFacts {
                blocked: place[ix],
                blocker: place[blocker],
                valid: Period::new(Timestamp::from_millis(from), to),
                precision: Precision::Exact,
            });
        }
    }
    Arc::make_mut(&mut data.links).sort_unstable();
    releases(&own, &cards, &place, &mut data);
    readings(&own, seed, &mut data);
    (own, data)
}

fn declared(own: &Organisation) -> Dataset {
    let from = Timestamp::from_millis(own.calendar.at(0, 0, 0));
    let to = Timestamp::from_millis(own.calendar.at(WEEKS + 2, 0, 0));
    let stream = |n: usize| Stream {
        id: format!("s{n}"),
        name: format!("Stream {n}"),
        kind: StreamKind::Customer,
        publish: false,
        waiting_observable: true,
    };
    let team = |(n, team): (usize, &super::organisation::Team)| Team {
        id: format!("t{n:02}"),
        name: format!("Team {n:02}"),
        home: vec![(Period::ALWAYS, StreamIx(team.stream as u32))],
        weight: Vec::new(),
        valid: Period::ALWAYS,
    };
    let mut data = Dataset {
        portfolio: "An organisation".to_owned(),
        zone: Tz::UTC,
        streams: (0..own.streams).map(stream).collect(),
        teams: own.teams.iter().enumerate().map(team).collect(),
        themes: (0..THEMES)
            .map(|n| Theme { id: format!("h{n}"), name: format!("Theme {n}") })
            .collect(),
        coverage: vec![CoverageSpan {
            connection: "jira".to_owned(),
            period: Period::new(from, to),
        }],
        epics: epics(own),
        ..Dataset::default()
    };
    for state in ["Backlog", "Doing", "Ready for review", "In review", "Done", "Won't do"] {
        data.states.intern(state);
    }
    let shares = own.shares().into_iter().enumerate();
    data.intents.push(Intent {
        dimension: Dimension::Stream,
        shares: shares.map(|(n, share)| (format!("s{n}"), share)).collect(),
        tolerance: 0.05,
        valid: Period::ALWAYS,
        why: "What the teams do".to_owned(),
    });
    data.cadences.push(Cadence {
        id: "quarter".to_owned(),
        anchor: from.to_utc().date_naive(),
        days: 84,
    });
    data.outcomes = (0..own.measures.len())
        .map(|n| OutcomeMeasure {
            id: format!("m{n}"),
            name: format!("Measure {n}"),
            stream: None,
            unit: "points".to_owned(),
            direction: Direction::Up,
            value_area: ValueArea::Current,
        })
        .collect();
    data
}

fn epics(own: &Organisation) -> Vec<Epic> {
    let mut epics = Vec::new();
    for line in &own.lines {
        for (n, (epic, from)) in line.epics.iter().enumerate() {
            let at = |week: usize| Timestamp::from_millis(own.calendar.at(week, 0, 1));
            let mut states = vec![(at(*from), EpicState::Implementing)];
            if let Some((_, next)) = line.epics.get(n + 1) {
                // The cards in hand are finished in a few weeks.
                states.push((at(*next + 4), EpicState::Done));
            }
            let measure = own.measures.iter().position(|measure| measure.0 == *epic);
            epics.push(Epic {
                id: format!("E-{epic:03}"),
                title: format!("Epic {epic:03}"),
                stream: Some(StreamIx(line.stream as u32)),
                theme: Some(line.theme),
                horizon: Some(line.horizon.to_owned()),
                context: Context::Product,
                hypothesis: Some("It helps".to_owned()),
                outcome: measure.map(|n| format!("m{n}")),
                states,
            });
        }
    }
    epics
}

fn item(data: &mut Dataset, card: &Card, key: String) -> ItemFacts {
    let mut state_of = |state: State| {
        let (category, name) = match state {
            State::Backlog => (Category::Proposed, "Backlog"),
            State::Doing | State::Blocked => (Category::Active, "Doing"),
            State::Ready => (Category::Waiting, "Ready for review"),
            State::Review => (Category::Waiting, "In review"),
            State::Done => (Category::Done, "Done"),
            State::Dropped => (Category::Dropped, "Won't do"),
        };
        (category, data.states.intern(name))
    };
    let events: Vec<FlowEvent> = card
        .steps
        .iter()
        .map(|(at, now)| {
            let (category, state) = state_of(*now);
            FlowEvent {
                at: Timestamp::from_millis(*at),
                category,
                state,
                blocked: *now == State::Blocked,
                team: Some(TeamIx(card.team as u32)),
                stream: Some(StreamIx(card.stream as u32)),
                epic: card.epic.map(|epic| EpicIx(epic as u32)),
                precision: Precision::Exact,
            }
        })
        .collect();
    ItemFacts::lived(key, card.kind, events)
}

/// Wednesdays at noon, with what was delivered since the one before.
fn releases(own: &Organisation, cards: &[Card], place: &[usize], data: &mut Dataset) {
    for stream in (0..own.streams).filter(|stream| own.releases[*stream]) {
        let (mut since, mut last) = (i64::MIN, 0);
        for week in 2..WEEKS + 2 {
            let at = own.calendar.at(week, 2, 12);
            let every = own.effects.release_weeks(stream, own.calendar.since_onset(at));
            if every.is_none_or(|every| week < last + every) {
                continue;
            }
            let inside = |card: &Card| {
                let done = card.end().filter(|(_, state)| *state == State::Done);
                own.teams[card.team].stream == stream
                    && done.is_some_and(|(done, _)| since <= done && done < at)
            };
            let mut items: Vec<usize> =
                (0..cards.len()).filter(|ix| inside(&cards[*ix])).map(|ix| place[ix]).collect();
            items.sort_unstable();
            data.releases.push(ReleaseFacts {
                id: format!("r{stream}-{week}"),
                name: format!("S{stream} {week}"),
                at: Timestamp::from_millis(at),
                items,
                precision: Precision::Exact,
            });
            (since, last) = (at, week);
        }
    }
    data.releases.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
}

/// One reading a week, on Thursdays, from half a year before the first card.
fn readings(own: &Organisation, seed: u64, data: &mut Dataset) {
    let earlier = 26;
    for (n, (_, level, sd, phi)) in own.measures.iter().enumerate() {
        let mut dice = Dice::new(seed, 50 + n as u64);
        let noise = dice.wander(WEEKS + 2 + earlier, *phi, *sd);
        for (week, noise) in noise.into_iter().enumerate() {
            let at = own.calendar.at(0, 3, 16) + (week as i64 - earlier as i64) * 7 * DAY_MS;
            let moved =
                if n == 0 { own.effects.outcome(own.calendar.since_onset(at)) } else { 0.0 };
            let at = Timestamp::from_millis(at);
            data.readings.push(Reading {
                measure: format!("m{n}"),
                at,
                value: ((level + noise + moved * sd) * 10.0).round() / 10.0,
                source: "warehouse".to_owned(),
                known_at: at,
            });
        }
    }
    debug_assert!(own.calendar.at(ONSET, 0, 0) > 0);
}
