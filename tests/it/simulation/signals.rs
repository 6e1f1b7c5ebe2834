//! What pages and digests say in a life is what the store holds.

use std::sync::{Arc, LazyLock};

use streamgauge::clock::ManualClock;
use streamgauge::gauge::{Gauge, Moment, World};
use streamgauge::model::{StateIx, Timestamp};
use streamgauge::portfolio::Portfolio;
use streamgauge::signals::{Scope, evaluate};
use streamgauge::store::Store;

use super::costs::{self, Part};
use super::life::Life;
use super::oracle::{at_once, stored};

/// Two streams, so that waits cross between them, and items that nobody claims.
const PORTFOLIO: &str = r#"
name = "Northwind"
timezone = "Europe/Berlin"
[[stream]]
id = "payments"
publish = true
[[stream]]
id = "booking"
publish = true
[[team]]
id = "checkout"
stream = "payments"
claims = [{ jira = "PAY" }, { label = "team:checkout" }]
[[team]]
id = "booking"
stream = "booking"
claims = [{ jira = "BOOK", component = "component 1" }, { github = "northwind/search" }]
"#;

/// The portfolio of every life.
pub fn portfolio() -> Arc<Portfolio> {
    static PARSED: LazyLock<Arc<Portfolio>> =
        LazyLock::new(|| Arc::new(Portfolio::parse(PORTFOLIO, "portfolio.toml").unwrap()));
    Arc::clone(&PARSED)
}

/// C5: what a process says, from its caches of a whole life, is what one says that begins now.
pub fn look(life: &Life, gauge: &Gauge) {
    let _part = costs::on(Part::Signals);
    let mut from_nothing: Option<(Timestamp, Gauge)> = None;
    for scope in [Scope::Portfolio, Scope::Stream("payments".into())] {
        let said = at_once(gauge.report(Moment::default(), &scope)).unwrap();
        let known = said.header.known;
        // Nothing happens between the two, so that they begin with one reading of the store.
        let (_, fresh) = from_nothing.take_if(|(at, _)| *at == known).unwrap_or_else(|| {
            let clock = ManualClock::at(known);
            (known, Gauge::new(life.store.clone(), portfolio(), clock))
        });
        let truth = at_once(fresh.report(Moment::default(), &scope)).unwrap();
        let (said, truth) = (kept(&json(&said)), kept(&json(&truth)));
        assert!(said == truth, "C5: {scope:?}: {}", difference(&said, &truth));
        from_nothing = Some((known, fresh));
    }
}

/// C5: a store with a whole life behind it gives the signals that one gives which was filled just
/// now. What only watching could tell is left out: items that have left, moves on boards, since
/// when there is coverage, and gaps: one without an id ends with the next whole walk, and one of an
/// item that was never read with the last try. True when the two could be compared.
pub fn equal(mine: &Store, fresh: &Store) -> bool {
    let watched = |store: &Store| {
        stored(store).iter().any(|item| {
            item.removed.is_some() || item.history.iter().any(|change| change.outlives_reads())
        })
    };
    if watched(mine) || watched(fresh) {
        return false;
    }
    let world = |store: &Store| at_once(World::build(store, portfolio(), None)).unwrap();
    let (mut mine, theirs) = (world(mine), world(fresh));
    let own = Arc::make_mut(&mut mine.dataset);
    own.coverage.clone_from(&theirs.dataset.coverage);
    own.gaps.clone_from(&theirs.dataset.gaps);
    let newest = mine.dataset.items.iter().map(|item| item.created_at).max();
    let Some(at) = newest.map(|at| at.plus_days(21)) else { return false };
    let (one, other) = (&mine.dataset, &theirs.dataset);
    for (own, fresh) in one.items.iter().zip(&other.items) {
        let (mut own, mut fresh) = (own.clone(), fresh.clone());
        for (item, states) in [(&mut own, &one.states), (&mut fresh, &other.states)] {
            let names: Vec<String> =
                item.segments.iter().map(|s| states.name(s.state).to_owned()).collect();
            item.key = format!("{} {names:?}", item.key);
            item.segments.iter_mut().for_each(|segment| segment.state = StateIx(0));
        }
        let (own, fresh) = (format!("{own:?}"), format!("{fresh:?}"));
        assert!(own == fresh, "C5: an item after a life: {own} is not {fresh}");
    }
    for scope in [Scope::Portfolio, Scope::Stream("payments".into())] {
        let mine = json(&evaluate(&mine.dataset, at, at, &scope));
        let theirs = json(&evaluate(&theirs.dataset, at, at, &scope));
        assert!(mine == theirs, "C5: {scope:?} after a life: {}", difference(&mine, &theirs));
    }
    true
}

fn json(report: &streamgauge::signals::Report) -> String {
    serde_json::to_string_pretty(report).unwrap()
}

/// Coverage grows with passes that change no item, and a cached report learns of it within the
/// hour: those sentences are left out here, with the comma before them.
fn kept(json: &str) -> String {
    let lines = json.lines().filter(|line| !line.contains("had no data from"));
    lines.map(|line| line.trim_end_matches(',')).collect::<Vec<_>>().join("\n")
}

/// The first lines that differ, and the signal that they belong to.
fn difference(one: &str, other: &str) -> String {
    let lines: Vec<(&str, &str)> = one.lines().zip(other.lines()).collect();
    let Some(first) = lines.iter().position(|(a, b)| a != b) else {
        return "one is longer".to_owned();
    };
    let mut above = lines[..=first].iter().rev().map(|(line, _)| line.trim());
    let signal = above.find(|line| line.starts_with("\"signal\"")).unwrap_or("no signal");
    let told = lines[first..].iter().filter(|(a, b)| a != b).take(3);
    let told: Vec<String> =
        told.map(|(a, b)| format!("{} is not {}", a.trim(), b.trim())).collect();
    format!("{signal} {}", told.join("; "))
}
