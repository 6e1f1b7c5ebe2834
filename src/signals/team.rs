//! What one team sees of itself: V1, V4 and V5 of its own work, with the items.
//!
//! Nothing team-scoped enters a digest, a comparison or an alert to anyone else. So the result is of
//! a type of its own, [`TeamOnly`], that no face can write down: it opens for the team that it is
//! about, and there is no function that takes two teams.
//!
//! The signals are those of a stream. The team's segments stand for the stream, and what other teams
//! did with the same items stands for work elsewhere; weeks, coverage and gates are the same.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use super::dataset::{Dataset, Epic, ItemFacts, Stream};
use super::finding::insufficient;
use super::items::Items;
use super::report::{Confidence, Finding, Slice};
use super::{Scope, Signal, View};
use super::{v1_flow_time as v1, v4_ageing as v4, v5_wait_locator as v5};
use crate::model::{Category, FlowSegment, StreamIx, StreamKind, TeamIx, Timestamp, derive};

/// The signals that are computed for a team.
pub const SIGNALS: [Signal; 3] = [v1::SIGNAL, v4::SIGNAL, v5::SIGNAL];

/// A value that belongs to one team. It cannot be serialised, printed or taken apart; it opens for
/// the team itself.
pub struct TeamOnly<T> {
    team: String,
    value: T,
}

impl<T> TeamOnly<T> {
    fn new(team: &str, value: T) -> Self {
        Self { team: team.to_owned(), value }
    }

    /// The value, for the holder of this team's own credential.
    #[must_use]
    pub fn open(&self, team: &str) -> Option<&T> {
        (self.team == team).then_some(&self.value)
    }
}

impl<T> fmt::Debug for TeamOnly<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TeamOnly(..)")
    }
}

/// A team's own page.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TeamView {
    pub team: Slice,
    pub as_of: Timestamp,
    pub known: Timestamp,
    /// IANA name of the zone in which weeks begin.
    pub zone: String,
    /// V1, V4 and V5, with the keys of the items behind them.
    pub findings: Vec<Finding>,
    /// Items in progress with the team, sorted by key.
    pub items: Vec<TeamItem>,
}

/// An item in progress.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TeamItem {
    pub key: String,
    /// The name of its state; `Blocked` where active work is blocked.
    pub state: String,
    pub waiting: bool,
    /// Days since its first start; `None` where nobody saw the start.
    pub age_days: Option<f64>,
    /// Days in this state without a break.
    pub state_days: f64,
    /// Among those that V4 counts as older than usual.
    pub older_than_usual: bool,
}

/// What the team is shown at an instant. `whole` is the portfolio's data confidence: items that no
/// rule places could be this team's, so its gate of mapped items closes the team's signals as well.
#[must_use]
pub fn evaluate(
    data: &Dataset,
    as_of: Timestamp,
    known: Timestamp,
    team: TeamIx,
    whole: &Confidence,
) -> TeamOnly<TeamView> {
    let facts = data.team(team);
    let own = own(data, team);
    let scope = Scope::Stream(facts.id.clone());
    let view = View::new(&own, as_of, known, &scope);
    let slice = Slice { dimension: "team", id: facts.id.clone(), name: facts.name.clone() };
    let place = view.shown(Some(OWN));
    let mut older: Vec<usize> = v4::older(&view, place);
    older.sort_unstable();
    let items = items(&view, &older);
    let closed = whole.gates.iter().find(|gate| gate.name == "mapped" && !gate.open);
    let mut findings = Vec::new();
    for signal in &SIGNALS {
        for mut found in (signal.evaluate)(&view) {
            found.slice = slice.clone();
            found.portfolio_headline = false;
            if let Some(gate) = closed {
                let why = "too few of the portfolio's items have both a team and a stream";
                let (have, need) = (gate.numerator as u64, gate.denominator as u64);
                found = Finding {
                    items: Vec::new(),
                    ..super::finding::finding(
                        signal,
                        slice.clone(),
                        insufficient(have, need, "mapped items", why),
                    )
                };
            } else if found.verdict.has_data() {
                found.items = behind(signal.id, &items);
            }
            findings.push(found);
        }
    }
    let zone = data.zone.name().to_owned();
    TeamOnly::new(&facts.id, TeamView { team: slice, as_of, known, zone, findings, items })
}

/// The stream that stands for the team, and the one that stands for everybody else.
const OWN: StreamIx = StreamIx(0);
const ELSEWHERE: StreamIx = StreamIx(1);

/// The team's items as a portfolio of one stream. An id that no team can have names the other one.
fn own(data: &Dataset, team: TeamIx) -> Dataset {
    let facts = data.team(team);
    let touches = |item: &&ItemFacts| item.segments.iter().any(|s| s.team == Some(team));
    let items: Items = data
        .items
        .iter()
        .filter(touches)
        .map(|item| {
            let mut item = item.clone();
            for segment in &mut item.segments {
                segment.stream =
                    segment.team.map(|held| if held == team { OWN } else { ELSEWHERE });
            }
            item
        })
        .collect();
    let observable = data.items.iter().filter(touches).flat_map(|item| &item.segments).any(|s| {
        let stream = s.stream.filter(|_| s.team == Some(team));
        stream.is_some_and(|stream| data.stream(stream).waiting_observable)
    });
    let stream = |id: &str, name: &str| Stream {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: StreamKind::Customer,
        publish: true,
        waiting_observable: observable,
    };
    Dataset {
        portfolio: data.portfolio.clone(),
        zone: data.zone,
        vocabulary: data.vocabulary,
        streams: vec![stream(&facts.id, &facts.name), stream("/elsewhere", "Elsewhere")],
        // Without their places in lists that this portfolio does not have.
        epics: data
            .epics
            .iter()
            .map(|epic| Epic { stream: None, theme: None, ..epic.clone() })
            .collect(),
        states: data.states.clone(),
        items,
        coverage: data.coverage.clone(),
        ..Dataset::default()
    }
}

/// What the team has in progress at the report's instant.
fn items(view: &View<'_>, older: &[usize]) -> Vec<TeamItem> {
    let mut items = Vec::new();
    for (ix, item) in view.data.items.iter().enumerate() {
        let seen = item.segments.partition_point(|segment| segment.from < view.as_of);
        let Some(last) = item.segments[..seen].last() else { continue };
        if !last.category.is_started() || last.stream != Some(OWN) {
            continue;
        }
        let derived = derive(item.created_at, &item.segments, view.as_of);
        let same = |s: &&FlowSegment| {
            (s.category, s.state, s.blocked) == (last.category, last.state, last.blocked)
        };
        let since = item.segments[..seen].iter().rev().take_while(same).last();
        let age = derived.age.filter(|_| !item.start_before_data);
        items.push(TeamItem {
            key: item.key.clone(),
            state: match last.blocked && last.category == Category::Active {
                true => "Blocked".to_owned(),
                false => view.data.states.name(last.state).to_owned(),
            },
            waiting: last.flow() == Category::Waiting,
            age_days: age.map(super::words::days),
            state_days: view.as_of.days_since(since.unwrap_or(last).from),
            older_than_usual: older.binary_search(&ix).is_ok(),
        });
    }
    items.sort_by(|a, b| a.key.cmp(&b.key));
    items
}

/// The items of the team's list that stand behind a signal.
fn behind(signal: &str, items: &[TeamItem]) -> Vec<String> {
    let counts = |item: &&TeamItem| match signal {
        "V4" => item.older_than_usual,
        "V5" => item.waiting,
        _ => item.age_days.is_some(),
    };
    items.iter().filter(counts).map(|item| item.key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixture::{at, item, portfolio};
    use crate::signals::report::{Move, Verdict};

    /// Compiles only while `TeamOnly` cannot be serialised: with an implementation two of these
    /// traits would apply, and which one is meant would be open.
    #[test]
    fn no_face_can_write_it_down() {
        trait AmbiguousIfSerialised<A> {
            fn holds() -> bool {
                true
            }
        }
        struct Serialised;
        impl<T: ?Sized> AmbiguousIfSerialised<()> for T {}
        impl<T: ?Sized + Serialize> AmbiguousIfSerialised<Serialised> for T {}
        assert!(<TeamOnly<u8> as AmbiguousIfSerialised<_>>::holds());
        assert_eq!(format!("{:?}", TeamOnly::new("t1", "secret")), "TeamOnly(..)");
    }

    fn confidence(data: &Dataset) -> Confidence {
        let scope = Scope::Portfolio;
        let view = View::new(data, at("05-11"), at("05-11"), &scope);
        crate::signals::h2_data_confidence::confidence(&view).remove(0)
    }

    /// Two teams of one stream: the first has old work, the second has none, and an item that went
    /// from the first to the second.
    fn two_teams() -> Dataset {
        let mut data = portfolio(1, &[1, 1]);
        for n in 0..80 {
            let day = |d: i64| at("01-01").plus_days(d).to_string()[5..10].to_owned();
            let length = if n % 20 == 0 { 20 } else { 1 + n % 8 };
            let (from, to) = (day(n), day(n + length));
            for team in ["T1", "T2"] {
                let (key, place) = (format!("{team}-a{n}"), format!("{team}/S1"));
                item(&mut data, &key, &place, &[(&from, "Dev"), (&to, "done")]);
            }
        }
        for n in 0..8 {
            item(&mut data, &format!("T1-b{n}"), "T1/S1", &[("04-06", "Dev"), ("05-04", "Review")]);
        }
        item(&mut data, "moved", "T1/S1", &[("04-06", "Dev"), ("04-13", "T2/S1")]);
        data.items.sort();
        data
    }

    #[test]
    fn a_team_sees_its_own_items_and_no_other() {
        let data = two_teams();
        let whole = confidence(&data);
        let now = at("05-11");
        let sealed = evaluate(&data, now, now, TeamIx(0), &whole);
        assert!(sealed.open("t2").is_none() && sealed.open("").is_none());
        let view = sealed.open("t1").unwrap();
        let signals: Vec<&str> = view.findings.iter().map(|found| found.signal).collect();
        assert_eq!(signals, ["V1", "V4", "V5"]);
        assert!(view.findings.iter().all(|found| found.slice == view.team));
        let keys: Vec<&str> = view.items.iter().map(|item| item.key.as_str()).collect();
        let own = ["T1-b0", "T1-b1", "T1-b2", "T1-b3", "T1-b4", "T1-b5", "T1-b6", "T1-b7"];
        assert_eq!(keys, own);
        let ageing = &view.findings[1];
        assert!(matches!(ageing.verdict, Verdict::Confirmed { direction: Move::Up }), "{ageing:?}");
        assert_eq!(ageing.items, own);
        let first = &view.items[0];
        assert_eq!((first.age_days, first.state_days), (Some(35.0), 7.0));
        assert_eq!((first.state.as_str(), first.waiting), ("Review", true));
        assert!(first.older_than_usual);
        // The other team has the item that came to it, with the age that it brought along.
        let sealed = evaluate(&data, now, now, TeamIx(1), &whole);
        let view = sealed.open("t2").unwrap();
        assert_eq!(view.items.len(), 1);
        assert_eq!((view.items[0].key.as_str(), view.items[0].age_days), ("moved", Some(35.0)));
    }

    /// Epics belong to streams and themes of the portfolio, which a team's own data does not have.
    #[test]
    fn epics_of_the_portfolio_are_no_trouble_to_a_team() {
        let mut data = two_teams();
        let mut bet = crate::signals::fixture::epic("E1", &[]);
        (bet.stream, bet.theme) = (Some(StreamIx(7)), Some(7));
        data.epics = vec![bet];
        data.items[0].segments.iter_mut().for_each(|s| s.epic = Some(crate::model::EpicIx(0)));
        let (now, whole) = (at("05-11"), confidence(&two_teams()));
        let sealed = evaluate(&data, now, now, TeamIx(0), &whole);
        assert_eq!(sealed.open("t1").unwrap().items.len(), 8);
    }

    /// What the portfolio cannot place might be the team's.
    #[test]
    fn a_closed_gate_of_the_portfolio_closes_the_team() {
        let mut data = two_teams();
        for n in 0..200 {
            let ix = item(&mut data, &format!("x{n:03}"), "T1/S1", &[("04-06", "Dev")]);
            data.items[ix].segments.iter_mut().for_each(|s| (s.team, s.stream) = (None, None));
        }
        let now = at("05-11");
        let sealed = evaluate(&data, now, now, TeamIx(0), &confidence(&data));
        for found in &sealed.open("t1").unwrap().findings {
            assert!(matches!(found.verdict, Verdict::Insufficient { .. }), "{found:?}");
            assert!(found.items.is_empty() && found.measures.is_empty());
        }
    }
}
