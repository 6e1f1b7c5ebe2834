//! The invented organisation: its planted facts are there, and nothing else is. Everything is
//! computed here from the records alone, with none of the product's own signals.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is a failed test")]

mod cards;
mod charts;
mod world;

use std::collections::BTreeSet;

use streamgauge::model::{Timestamp, Verb};
use streamgauge::sim::github::records as github;
use streamgauge::sim::jira::records as jira;
use streamgauge::sim::story::{self, Edit, Size, Story, Target};

use charts::{confirmed, limits};
use world::{STREAMS, World, declared, mean, moved, newest, series, unexamined};

const SEEDS: std::ops::Range<u64> = 1..9;

fn now() -> Timestamp {
    Timestamp::parse("2026-06-17T09:30:00Z").unwrap()
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = story::generate(7, now(), Size::Test);
    assert!(story == story::generate(7, now(), Size::Test));
    assert!(story != story::generate(8, now(), Size::Test));
    assert!(story::quiet(7, now(), Size::Test).planted.is_empty());
}

#[test]
fn the_records_survive_the_normal_form() {
    let story = story::generate(3, now(), Size::Test);
    let lines = |records: Vec<String>| records.join("\n");
    let text = lines(story.jira.iter().map(|r| serde_json::to_string(r).unwrap()).collect());
    assert!(jira::read(text.as_bytes()).unwrap() == story.jira);
    let text = lines(story.github.iter().map(|r| serde_json::to_string(r).unwrap()).collect());
    assert!(github::load(text.as_bytes()).unwrap() == story.github);
}

#[test]
fn histories_are_ordered_distinct_and_past() {
    // A Wednesday, a Sunday, the first minute of a week, and the nights on which clocks change.
    for now in [
        "2026-06-17T09:30:00Z",
        "2026-11-22T20:00:00Z",
        "2026-02-01T23:01:00Z",
        "2026-03-29T01:30:00Z",
        "2026-10-25T00:30:00Z",
    ] {
        histories_end_before(Timestamp::parse(now).unwrap());
    }
}

fn histories_end_before(now: Timestamp) {
    let story = story::generate(5, now, Size::Test);
    let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
    let mut histories = BTreeSet::new();
    for record in &story.jira {
        let jira::Record::Issue(issue) = record else { continue };
        assert!(ids.insert(issue.id) && keys.insert(issue.key.clone()), "{}", issue.key);
        assert!(issue.updated < now, "{} {}", issue.key, issue.updated);
        let mut last = issue.created;
        for history in &issue.histories {
            assert!(history.created > last, "{}: {}", issue.key, history.created);
            assert!(histories.insert(history.id));
            last = history.created;
        }
    }
    for record in &story.github {
        let github::Record::Issue(issue) = record else { continue };
        assert!(ids.insert(issue.id) && keys.insert(format!("{}#{}", issue.repo, issue.number)));
        assert!(issue.updated < now, "{} {}", issue.title, issue.updated);
        for pair in issue.events.windows(2) {
            assert!(pair[0].created < pair[1].created, "{}", issue.title);
        }
    }
    assert!(story.readings.iter().all(|reading| reading.at < now));
    assert!(story.decisions.iter().all(|decision| decision.effective_at < now));
}

#[test]
fn the_demo_has_the_size_of_a_real_organisation() {
    let world = World::new(story::generate(1, now(), Size::Demo), 26);
    let on_github = world.cards.iter().filter(|card| card.key.contains('#')).count();
    println!("{} cards, {on_github} of them on GitHub", world.cards.len());
    assert!((3_000..6_000).contains(&world.cards.len()));
    assert!((0.25..0.45).contains(&(on_github as f64 / world.cards.len() as f64)));
    let delivered: Vec<_> = world.cards.iter().filter(|card| card.delivered().is_some()).collect();
    let observed = delivered.iter().filter(|card| card.started().is_some()).count();
    assert!(observed as f64 / delivered.len() as f64 > 0.9);
    for stream in STREAMS {
        assert!(world.homes.values().filter(|home| *home == stream).count() >= 3);
    }
}

#[test]
fn nothing_that_is_read_above_the_team_names_a_team() {
    let story = story::generate(2, now(), Size::Test);
    let table: toml::Table = toml::from_str(&story.portfolio_toml).unwrap();
    let mut text: String = story.decisions.iter().map(|decision| decision.why.clone()).collect();
    for kind in ["epic", "outcome", "theme", "stream", "intent"] {
        text.push_str(&table[kind].to_string());
    }
    for record in &story.jira {
        if let jira::Record::Issue(issue) = record {
            text.push_str(&issue.summary);
        }
    }
    let text = text.to_lowercase();
    for team in &story.teams {
        assert!(!text.contains(&team.to_lowercase()), "{team}");
    }
}

#[test]
fn the_planted_facts_are_there() {
    for (seed, size) in SEEDS.map(|s| (s, Size::Test)).chain([(1, Size::Demo), (2, Size::Demo)]) {
        let world = World::new(story::generate(seed, now(), size), 40);
        let about = |id: &str| {
            let planted = world.story.planted.iter().find(|planted| planted.id == id);
            planted.unwrap().about.clone()
        };
        println!("seed {seed}, {size:?}");
        intent_gap(&world);
        let (efficiency, waits) = world.efficiency("booking");
        assert_eq!(confirmed(&efficiency), -1, "{efficiency:?}");
        assert!(waits["In review"] > 0.7 * waits.values().sum::<f64>(), "{waits:?}");
        for (a, b) in [("fleet", "identity"), ("identity", "fleet")] {
            let days = &world.waits()[&(a.to_owned(), b.to_owned())];
            assert!(mean(newest(days, 12)) > 1.0, "{days:?}");
        }
        assert_eq!(moved(&world), BTreeSet::from([about("outcome-moved")[1].clone()]));
        follow_through(&world, &about("followed-slowly")[0]);
        assert_eq!(unexamined(&world), about("unexamined").into_iter().collect());
    }
}

fn intent_gap(world: &World) {
    let shares = world.shares(|card| world.stream(card));
    for (stream, share) in declared(world) {
        let weekly = newest(&shares[&stream], 8);
        if stream == "payments" {
            assert!(weekly.iter().all(|week| *week > share + 0.05), "{weekly:?}");
        } else {
            assert!((mean(weekly) - share).abs() < 0.05, "{stream} {weekly:?}");
        }
    }
    let epics = world.shares(|card| {
        let name = |epic: &String| world.epics[epic][3].clone();
        let stream = world.stream(card);
        format!("{stream}/{}", card.epic.as_ref().map_or_else(String::new, name))
    });
    let wallet = mean(newest(&epics["payments/Wallet"], 8));
    for (name, share) in epics.iter().filter(|(name, _)| name.starts_with("payments/")) {
        assert!(mean(newest(share, 8)) <= wallet || name == "payments/", "{name}");
    }
    let without = (mean(newest(&shares["payments"], 8)) - wallet) / (1.0 - wallet);
    assert!((0.20..0.30).contains(&without), "{without}");
}

fn follow_through(world: &World, epic: &str) {
    let decision = world.story.decisions.iter().find(|d| d.verb == Verb::More).unwrap();
    let shares = world.shares(|card| card.epic.clone().unwrap_or_else(|| "none".to_owned()));
    let at = world.weeks.iter().position(|week| *week == decision.effective_at.millis()).unwrap();
    let (_, _, upper) = limits(&shares[epic][at - 8..at]);
    let lag = shares[epic][at..].iter().position(|week| *week > upper).map(|lag| lag + 1);
    println!("followed in week {lag:?}");
    assert!(lag.is_some_and(|lag| (4..8).contains(&lag)), "{:?}", shares[epic]);
}

#[test]
fn everything_else_is_quiet() {
    let (mut tested, mut alarms) = (0, Vec::new());
    for seed in SEEDS {
        for planted in [false, true] {
            let tell = if planted { story::generate } else { story::quiet };
            let world = World::new(tell(seed, now(), Size::Test), 40);
            for (name, values) in series(&world) {
                if planted && name == "efficiency booking" {
                    continue;
                }
                tested += 1;
                if confirmed(&values) != 0 {
                    alarms.push(format!("seed {seed} planted {planted}: {name}"));
                }
            }
            let waits = world.waits();
            let mutual = waits.keys().any(|(a, b)| waits.contains_key(&(b.clone(), a.clone())));
            assert_eq!(mutual, planted);
            if !planted {
                assert_eq!(moved(&world), BTreeSet::new(), "seed {seed}");
                assert_eq!(unexamined(&world), BTreeSet::new(), "seed {seed}");
                let shares = world.shares(|card| world.stream(card));
                for (stream, share) in declared(&world) {
                    assert!((mean(newest(&shares[&stream], 8)) - share).abs() < 0.03, "{stream}");
                }
            }
        }
    }
    println!("{} false alarms in {tested} series: {alarms:#?}", alarms.len());
    assert!(alarms.len() * 50 <= tested, "more than 2 %: {alarms:#?}");
}

#[test]
fn edits_can_be_applied_in_order() {
    let story = story::generate(9, now(), Size::Test);
    let mut done: BTreeSet<Target> = BTreeSet::new();
    let mut open = 0;
    for edit in story::edits(9, now(), Size::Test).take(2_000) {
        let (Edit::Move { target, .. }
        | Edit::Finish { target }
        | Edit::Reopen { target, .. }
        | Edit::Flag { target, .. }
        | Edit::Rename { target, .. }) = &edit
        else {
            open += 1;
            continue;
        };
        assert!(exists(&story, target), "{edit:?}");
        match edit {
            Edit::Finish { target } => assert!(done.insert(target)),
            Edit::Reopen { target, .. } => assert!(done.remove(&target)),
            Edit::Move { target, .. } => assert!(!done.contains(&target)),
            _ => {}
        }
    }
    assert!(open > 100 && done.len() > 20);
}

fn exists(story: &Story, target: &Target) -> bool {
    match target {
        Target::Jira { key } => {
            story.jira.iter().any(|r| matches!(r, jira::Record::Issue(issue) if issue.key == *key))
        }
        Target::GitHub { number, .. } => story
            .github
            .iter()
            .any(|r| matches!(r, github::Record::Issue(issue) if issue.number == *number)),
    }
}
