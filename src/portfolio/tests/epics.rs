//! Epics and their streams, and the map.

use super::*;
use crate::model::{Altitude, DAY_MS, EpicState, Verb};
use crate::portfolio::{Covered, Exclusion};

const FILE: &str = "[[stream]]\nid = \"booking\"\n[[stream]]\nid = \"payments\"\npublish = true\n\
    [[team]]\nid = \"checkout\"\nstream = \"payments\"\nclaims = [{ jira = \"PAY\" }]\n\
    [[team]]\nid = \"search\"\n\
    stream = [{ id = \"payments\" }, { id = \"booking\", from = 2026-03-10 }]\n\
    claims = [{ jira = \"FIND\" }]\n\
    [[theme]]\nid = \"reach\"\nname = \"Reach\"\n\
    [[epic]]\nref = \"PAY-100\"\nstream = \"booking\"\ntheme = \"reach\"\ntitle = \"Declared\"\n\
    [[epic]]\nref = \"PAY-900\"\n\
    [[epic_rule]]\nmatch = { label = \"for-booking\" }\nstream = \"booking\"\n\
    [epic_states]\nfunnel = [\"To Do\"]\nimplementing = [\"Doing\"]\n";

fn container(key: &str) -> Story {
    let mut story = Story::jira(key, "01-05").level(Level::Container);
    story.attributes.title = Some(format!("Title of {key}"));
    story
}

fn index(portfolio: &Portfolio, containers: &[Story]) -> EpicIndex {
    let known: Vec<Known<'_>> = containers.iter().map(Story::known).collect();
    portfolio.epics(&known, &statuses())
}

#[test]
fn an_epics_stream_is_declared_or_by_rule_and_never_by_vote() {
    let portfolio = portfolio(FILE);
    let mut ruled = container("PAY-101");
    ruled.attributes.labels = vec!["for-booking".to_owned()];
    let containers = [
        container("PAY-100"),
        ruled,
        container("PAY-102"),
        container("FIND-1"),
        container("OPS-1"),
    ];
    let epics = index(&portfolio, &containers);
    let seen: Vec<String> = epics
        .entries()
        .iter()
        .map(|epic| {
            let streams =
                epic.streams.iter().map(|(_, ix)| portfolio.streams()[ix.0 as usize].id.as_str());
            let streams: Vec<&str> = streams.collect();
            format!("{} | {} | {} | {}", epic.id, epic.title, streams.join(" then "), epic.found)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "FIND-1 | Title of FIND-1 | payments then booking | true",
            "OPS-1 | Title of OPS-1 |  | true",
            "PAY-100 | Declared | booking | true",
            "PAY-101 | Title of PAY-101 | booking | true",
            "PAY-102 | Title of PAY-102 | payments | true",
            "PAY-900 | PAY-900 |  | false",
        ]
    );
}

#[test]
fn items_take_the_epic_of_their_parent_and_its_stream() {
    let portfolio = portfolio(FILE);
    let epic = container("PAY-100");
    let epics = index(&portfolio, std::slice::from_ref(&epic));
    let mut story = Story::jira("PAY-1", "03-02").below(&epic).to("03-05", "2");
    let was = std::mem::take(&mut story.attributes.parent);
    story.push(on("03-08"), What::Parent { from: was, to: None });
    let seen = see_below(&portfolio, &story, &epics);
    assert_eq!(
        seen.lines(&portfolio, &epics),
        [
            "03-02 00:00 proposed To Do @checkout /booking ^PAY-100",
            "03-05 00:00 active Doing @checkout /booking ^PAY-100",
            "03-08 00:00 active Doing @checkout /payments",
        ]
    );
    assert_eq!(seen.placed.relabelled, [on("03-08")]);
    assert_eq!(seen.told.segments[0].stream_why, "The stream of its epic, which is declared.");
    assert_eq!(seen.told.segments[2].stream_why, "The home stream of its team.");

    let team_first =
        FILE.replacen("[[stream]]", "stream_order = [\"team\", \"epic\"]\n[[stream]]", 1);
    let portfolio = super::portfolio(&team_first);
    let seen = see_below(&portfolio, &Story::jira("PAY-1", "03-02").below(&epic), &epics);
    assert_eq!(
        seen.lines(&portfolio, &epics),
        ["03-02 00:00 proposed To Do @checkout /payments ^PAY-100"]
    );
}

#[test]
fn the_nearest_declared_epic_above_wins() {
    let portfolio = portfolio(FILE);
    let top = container("PAY-100");
    let middle = container("PAY-101").below(&top);
    let alone = container("PAY-102");
    let epics = index(&portfolio, &[top.clone(), middle.clone(), alone.clone()]);
    let ids: Vec<&str> = epics.entries().iter().map(|epic| epic.id.as_str()).collect();
    assert_eq!(ids, ["PAY-100", "PAY-102", "PAY-900"], "a part of a declared epic is no epic");
    let epic = |parent: &Story| {
        let story = Story::jira("PAY-1", "03-02").below(parent);
        see_below(&portfolio, &story, &epics).told.segments[0].epic.clone()
    };
    assert_eq!(epic(&middle).as_deref(), Some("PAY-100"));
    assert_eq!(epic(&alone).as_deref(), Some("PAY-102"));
    assert_eq!(epic(&container("PAY-777")), None);
}

#[test]
fn circular_parents_end() {
    let portfolio = portfolio(FILE);
    let (a, b) = (container("PAY-201"), container("PAY-202"));
    let circle = [a.clone().below(&b), b.below(&a)];
    assert_eq!(index(&portfolio, &circle).entries().len(), 4);
}

#[test]
fn a_declared_epic_never_flows_and_keeps_its_kanban_states() {
    let portfolio = portfolio(FILE);
    let mut epic = Story::jira("PAY-900", "01-05").to("02-01", "2").to("03-01", "4");
    epic.attributes.title = Some("Kept".to_owned());
    let seen = see(&portfolio, &epic);
    assert_eq!(seen.placed.flows, Err(Exclusion::DeclaredEpic));
    let epics = index(&portfolio, &[epic]);
    let entry = epics.entries().iter().find(|one| one.id == "PAY-900").unwrap();
    assert_eq!((entry.title.as_str(), entry.found), ("Kept", true));
    let expected = [(on("01-05"), EpicState::Funnel), (on("02-01"), EpicState::Implementing)];
    assert_eq!(entry.states, expected);
}

#[test]
fn the_map_shows_coverage_and_what_to_declare_next() {
    let portfolio = portfolio(&format!(
        "vocabulary = \"safe\"\n{FILE}\n\
         [[guardrail]]\naltitude = \"stream\"\nmay = [\"start\"]\nwhy = \"delegated\"\n"
    ));
    let epics = index(&portfolio, &[container("PAY-100"), container("OPS-1")]);
    let mut stories = vec![Story::jira("PAY-1", "03-02")];
    stories.extend((1..=3).map(|n| Story::jira(&format!("OPS-{n}"), "03-02").component("Web")));
    stories.push(Story::github(7, "03-02"));
    stories.push(Story::jira("OPS-9", "03-02").level(Level::SubTask));
    let mut states = States::default();
    let known: Vec<Known<'_>> = stories.iter().map(Story::known).collect();
    let placed: Vec<Placed> =
        known.iter().map(|item| portfolio.place(item, &epics, &statuses(), &mut states)).collect();
    let map = portfolio.map(
        on("03-20"),
        &epics,
        known.iter().zip(&placed).filter_map(|(item, placed)| {
            let active = if item.tracker == TrackerKind::GitHub { 2 * DAY_MS } else { 0 };
            Covered::new(item, placed, active)
        }),
    );

    let coverage = &map.coverage;
    assert_eq!((coverage.items, coverage.placed, coverage.unplaced), (5, 1, 4));
    let next: Vec<_> =
        coverage.next_rules.iter().map(|one| (one.claim.as_str(), one.items)).collect();
    assert_eq!(next, [("{ github = \"northwind/checkout\" }", 1), ("{ jira = \"OPS\" }", 3)]);
    assert_eq!((coverage.active_days, coverage.unplaced_days), (2.0, 2.0), "by work, then items");
    assert_eq!(
        (coverage.next_rules[0].share, coverage.next_rules[1].share),
        (Some(1.0), Some(0.0))
    );
    assert_eq!(coverage.unplaced_in[1].examples, ["OPS-1", "OPS-2", "OPS-3"]);

    let [booking, payments] = map.streams.as_slice() else { panic!("two streams") };
    assert_eq!(booking.teams[0].id, "search", "re-homed on 10 March");
    assert!(!booking.published && booking.note.is_some());
    assert!(payments.published);
    assert_eq!(booking.epics[0].id, "PAY-100");
    assert_eq!(booking.epics[0].theme.as_deref(), Some("Reach"));
    let homeless: Vec<&str> = map.epics_without_stream.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(homeless, ["OPS-1", "PAY-900"]);

    assert_eq!(map.words.team, "Agile team");
    assert_eq!(map.altitudes[0].altitude, Altitude::Portfolio);
    assert_eq!(map.altitudes[0].may.len(), 7);
    assert_eq!(map.altitudes[1].may, [Verb::Start]);
    let json = serde_json::to_value(&map).unwrap();
    assert_eq!(json["streams"][0]["teams"][0]["claims"][0]["rule"], "jira = \"FIND\"");
}

#[test]
fn an_epic_is_explained_with_its_own_stream() {
    for file in [FILE.to_owned(), format!("stream_order = [\"team\", \"epic\"]\n{FILE}")] {
        let portfolio = portfolio(&file);
        let containers = [container("PAY-100"), container("PAY-102")];
        let epics = index(&portfolio, &containers);
        let told = |story: &Story| {
            let told = portfolio.explain(&story.known(), &epics, &statuses());
            let last = told.segments.into_iter().next_back().unwrap();
            (last.stream.unwrap(), last.stream_why, last.epic.unwrap(), last.epic_why)
        };
        let (stream, why, epic, epic_why) = told(&containers[0]);
        assert_eq!((stream.as_str(), epic.as_str()), ("booking", "PAY-100"), "not its team's");
        assert_eq!(why, "The stream of its epic, which is declared.");
        assert_eq!(epic_why, "It is this epic, or a container below it.");
        let (stream, why, ..) = told(&containers[1]);
        assert_eq!(
            (stream.as_str(), why.as_str()),
            ("payments", "The stream of its epic, which a rule gives.")
        );
    }
}

/// An epic is not left behind in a stream that has ended: from then on its team's home decides.
#[test]
fn a_stream_that_has_ended_holds_no_epic() {
    let file = "[[stream]]\nid = \"booking\"\n[[stream]]\nid = \"payments\"\nuntil = 2026-03-10\n\
        [[team]]\nid = \"checkout\"\nclaims = [{ jira = \"PAY\" }]\n\
        stream = [{ id = \"payments\", until = 2026-03-10 }, { id = \"booking\", from = 2026-03-10 }]\n\
        [[epic]]\nref = \"PAY-100\"\nstream = \"payments\"\n\
        [[epic_rule]]\nmatch = { label = \"paying\" }\nstream = \"payments\"\n";
    let portfolio = portfolio(file);
    let mut ruled = container("PAY-101");
    ruled.attributes.labels = vec!["paying".to_owned()];
    let epics = index(&portfolio, &[container("PAY-100"), ruled]);
    let stream = |epic: usize, day: &str| {
        let at = Timestamp::parse(&format!("2026-{day}T00:00:00Z")).unwrap();
        let stream = epics.entries()[epic].stream_at(at);
        stream.map(|ix| portfolio.streams()[ix.0 as usize].id.clone())
    };
    assert_eq!(stream(0, "03-09").as_deref(), Some("payments"));
    assert_eq!(stream(0, "03-10"), None, "the home of its items' teams decides");
    assert_eq!(stream(1, "03-09").as_deref(), Some("payments"));
    assert_eq!(
        stream(1, "03-10").as_deref(),
        Some("booking"),
        "the home of the team that claims it"
    );

    let late =
        file.replace("stream = \"payments\"\n", "stream = \"payments\"\nfrom = 2026-04-01\n");
    let late = late.replacen("\nfrom = 2026-04-01", "", 1);
    let problems = Portfolio::parse(&late, "portfolio.toml").unwrap_err().to_string();
    assert!(problems.contains("This rule is never valid"), "{problems}");
}
