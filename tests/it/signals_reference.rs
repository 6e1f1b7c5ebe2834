//! Properties that every evaluation of the signals must have, over invented portfolios.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::{Arc, LazyLock};

use chrono_tz::Tz;
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use regex::Regex;
use streamgauge::model::{
    Altitude, Cadence, Category, Context, DAY_MS, Decision, Dimension, Direction, EpicIx,
    EpicState, Expectation, FlowEvent, FlowSegment, Intent, Kind, OutcomeMeasure, Period,
    Precision, Reading, StateIx, StreamIx, StreamKind, Subject, TeamIx, Timestamp, ValueArea, Verb,
    Vocabulary, fold, wip_spells,
};
use streamgauge::signals::dataset::{
    CoverageSpan, Epic, ItemFacts, LinkFacts, ReleaseFacts, Stream, Team, Theme,
};
use streamgauge::signals::report::{Finding, Verdict};
use streamgauge::signals::{ALL, Dataset, Report, Scope, View, evaluate};

const AS_OF: &str = "2026-06-15T04:00:00Z";
/// Days of history before the instant of the report.
const HISTORY: i64 = 300;

pub(super) fn as_of() -> Timestamp {
    Timestamp::parse(AS_OF).unwrap()
}

pub(super) fn day(ago: i64) -> Timestamp {
    as_of().plus_days(-ago)
}

/// An invented portfolio: four streams, one of them small; nine teams; six epics.
pub(super) fn invented(seed: u64, items: usize) -> Dataset {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let homes = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3];
    let mut data = Dataset {
        portfolio: "Northwind".into(),
        zone: Tz::Europe__Berlin,
        streams: ["booking", "fleet", "identity", "payments"].map(stream).to_vec(),
        teams: homes.iter().enumerate().map(|(ix, home)| team(ix, *home)).collect(),
        epics: (0..6).map(epic).collect(),
        themes: vec![Theme { id: "retention".into(), name: "Keep customers".into() }],
        coverage: vec![CoverageSpan {
            connection: "jira".into(),
            period: Period::new(Timestamp::MIN, as_of()),
        }],
        ..Dataset::default()
    };
    for name in ["Backlog", "Doing", "Review", "Done", "Won't do"] {
        data.states.intern(name);
    }
    data.items = (0..items).map(|ix| item(&mut rng, ix)).collect();
    for _ in 0..items / 4 {
        let (blocked, blocker) = (rng.random_range(0..items), rng.random_range(0..items));
        let from = rng.random_range(1..HISTORY);
        let to = day(from - rng.random_range(1..20));
        let valid = Period::new(day(from), if rng.random_bool(0.5) { Timestamp::MAX } else { to });
        let link = LinkFacts { blocked, blocker, valid, precision: Precision::Exact };
        Arc::make_mut(&mut data.links).push(link);
    }
    Arc::make_mut(&mut data.links).sort_unstable();
    declare(&mut data, &mut rng);
    data
}

fn stream(id: &str) -> Stream {
    let kind = if id == "identity" { StreamKind::Enabling } else { StreamKind::Customer };
    let name = format!("{}{}", id[..1].to_uppercase(), &id[1..]);
    Stream { id: id.into(), name, kind, publish: false, waiting_observable: true }
}

fn team(ix: usize, home: u32) -> Team {
    Team {
        id: format!("squad-{ix}"),
        name: format!("Squad {ix}"),
        home: vec![(Period::ALWAYS, StreamIx(home))],
        weight: if ix == 4 { vec![(Period::new(day(90), Timestamp::MAX), 1.5)] } else { vec![] },
        valid: Period::ALWAYS,
    }
}

fn epic(ix: usize) -> Epic {
    Epic {
        id: format!("BET-{ix}"),
        title: format!("Bet number {ix}"),
        stream: (ix < 4).then(|| StreamIx(u32::try_from(ix).unwrap())),
        theme: ix.is_multiple_of(2).then_some(0),
        horizon: ix.is_multiple_of(3).then(|| "near".to_owned()),
        context: Context::Product,
        hypothesis: Some("It helps".into()),
        outcome: (ix < 2).then(|| "contacts".to_owned()),
        states: (ix < 5).then(|| (day(250), EpicState::Implementing)).into_iter().collect(),
    }
}

pub(super) fn item(rng: &mut ChaCha8Rng, ix: usize) -> ItemFacts {
    let mut ago = rng.random_range(1..HISTORY) * DAY_MS + rng.random_range(0..DAY_MS);
    let mut team = rng.random_range(0..10);
    let epic = rng.random_bool(0.7).then(|| EpicIx(rng.random_range(0..6)));
    let mut state = rng.random_range(0..2);
    let mut events = Vec::new();
    for _ in 0..rng.random_range(1..7) {
        let home = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3][team as usize];
        let own = epic.filter(|epic| epic.0 < 4).map(|epic| epic.0);
        events.push(FlowEvent {
            at: as_of().plus_millis(-ago),
            category: [
                Category::Proposed,
                Category::Active,
                Category::Waiting,
                Category::Done,
                Category::Dropped,
            ][state as usize],
            state: StateIx(state),
            blocked: state == 1 && rng.random_bool(0.15),
            team: Some(TeamIx(team)),
            stream: Some(StreamIx(own.unwrap_or(home))),
            epic,
            precision: Precision::Exact,
        });
        ago -= rng.random_range(1..12 * DAY_MS);
        if ago <= 0 {
            break;
        }
        match rng.random_range(0..10) {
            0 => team = rng.random_range(0..10),
            1 => state = 0,
            2 => state = 4,
            _ => state = if state == 4 { 0 } else { (state + 1).min(3) },
        }
    }
    let kind = Kind::ALL[rng.random_range(0..6)];
    ItemFacts::lived(format!("ITEM-{ix:05}"), kind, events)
}

fn declare(data: &mut Dataset, rng: &mut ChaCha8Rng) {
    data.intents.push(Intent {
        dimension: Dimension::Stream,
        shares: ["booking", "fleet", "identity", "payments"]
            .iter()
            .zip([0.1, 0.4, 0.25, 0.25])
            .map(|(id, share)| ((*id).to_owned(), share))
            .collect(),
        tolerance: 0.05,
        valid: Period::ALWAYS,
        why: "the spring review".into(),
    });
    data.cadences.push(Cadence {
        id: "pi".into(),
        anchor: chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(),
        days: 56,
    });
    data.outcomes.push(OutcomeMeasure {
        id: "contacts".into(),
        name: "Refund contacts".into(),
        stream: None,
        unit: "per 1000 orders".into(),
        direction: Direction::Down,
        value_area: ValueArea::Current,
    });
    for week in 0..30 {
        let shift = if week > 20 { 12.0 } else { 0.0 };
        let value = 40.0 - shift + f64::from(rng.random_range(0..7));
        let (at, known_at) = (day(210 - i64::from(week) * 7), day(209 - i64::from(week) * 7));
        let source = "survey".to_owned();
        data.readings.push(Reading { measure: "contacts".into(), at, value, source, known_at });
    }
    data.releases.push(ReleaseFacts {
        id: "r1".into(),
        name: "R1".into(),
        at: day(62),
        items: (0..data.items.len()).collect(),
        precision: Precision::Exact,
    });
    for fortnight in 0..12 {
        data.releases.push(ReleaseFacts {
            id: format!("r{}", fortnight + 2),
            name: format!("R{}", fortnight + 2),
            at: day(60 - 5 * i64::try_from(fortnight).unwrap()),
            items: (0..data.items.len()).filter(|ix| ix % 16 == fortnight).collect(),
            precision: Precision::Inferred,
        });
    }
    for (id, verb, subject) in [
        ("D-1", Verb::More, Subject::Stream("fleet".into())),
        ("D-2", Verb::Stop, Subject::Epic("BET-5".into())),
        ("D-3", Verb::Less, Subject::Theme("retention".into())),
    ] {
        data.decisions.push(Decision {
            id: id.into(),
            made_at: day(80),
            effective_at: day(75),
            altitude: Altitude::Portfolio,
            subject,
            verb,
            target: None,
            expects: Some(Expectation {
                measure: "contacts".into(),
                direction: Direction::Down,
                review_at: day(3),
            }),
            cites: Vec::new(),
            why: "the spring review".into(),
            known_at: day(80),
        });
    }
}

fn report(data: &Dataset) -> Report {
    evaluate(data, as_of(), as_of(), &Scope::Portfolio)
}

fn bytes(report: &Report) -> String {
    serde_json::to_string(report).unwrap()
}

/// Cuts segments in two at random instants, leaving what they say unchanged.
fn cut(data: &mut Dataset, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for item in &mut data.items {
        let mut cut = Vec::new();
        for segment in &item.segments {
            let end = segment.to.min(as_of()).millis();
            if rng.random_bool(0.5) && end - segment.from.millis() > 2 {
                let at = rng.random_range(segment.from.millis() + 1..end);
                let at = Timestamp::from_millis(at);
                cut.push(FlowSegment { to: at, ..segment.clone() });
                cut.push(FlowSegment { from: at, ..segment.clone() });
            } else {
                cut.push(segment.clone());
            }
        }
        item.segments = cut;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_input_gives_the_same_bytes(seed: u64) {
        let data = invented(seed, 120);
        prop_assert_eq!(bytes(&report(&data)), bytes(&report(&data)));
    }

    #[test]
    fn cutting_a_segment_changes_nothing(seed: u64) {
        let data = invented(seed, 120);
        let mut other = data.clone();
        cut(&mut other, seed);
        prop_assert_eq!(bytes(&report(&data)), bytes(&report(&other)));
    }

    #[test]
    fn events_may_come_in_any_order(seed: u64) {
        let data = invented(seed, 20);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for item in &data.items {
            let mut events: Vec<FlowEvent> = item.segments.iter().map(|s| FlowEvent {
                at: s.from,
                category: s.category,
                state: s.state,
                blocked: s.blocked,
                team: s.team,
                stream: s.stream,
                epic: s.epic,
                precision: s.precision,
            }).collect();
            events.shuffle(&mut rng);
            let line = fold(events, item.created_at, Timestamp::MAX);
            prop_assert_eq!(&line.segments, &item.segments);
        }
    }

    #[test]
    fn attention_sums_to_observed_team_days(seed: u64) {
        let data = invented(seed, 150);
        let view = View::new(&data, as_of(), as_of(), &Scope::Portfolio);
        let attention = &view.attention;
        for bucket in 0..attention.grid.len() {
            let observed = attention.observed[bucket];
            let cells: i64 = attention.cells.iter().map(|cell| cell.ticks[bucket]).sum();
            prop_assert_eq!(cells, observed);
            prop_assert!(observed <= attention.capacity[bucket]);
            for table in &attention.tables {
                prop_assert_eq!(table.ticks.iter().map(|t| t[bucket]).sum::<i64>(), observed);
                for slice in 0..table.slices.list.len() {
                    // Whole ticks: a share may be off its bound by one tick an interval.
                    let slack = 1000;
                    prop_assert!(table.all[slice][bucket] <= table.ticks[slice][bucket] + slack);
                    prop_assert!(table.ticks[slice][bucket] <= table.any[slice][bucket] + slack);
                }
            }
        }
    }

    /// WIP(end) = WIP(start) + entries - exits, for every window.
    #[test]
    fn work_in_progress_is_conserved(seed: u64, from in 1i64..HISTORY, length in 1i64..100) {
        let data = invented(seed, 80);
        let window = Period::new(day(from), day(from - length));
        let spells: Vec<Period> =
            data.items.iter().flat_map(|i| wip_spells(&i.segments, Timestamp::MAX)).collect();
        let count = |wanted: &dyn Fn(&Period) -> bool| {
            i64::try_from(spells.iter().filter(|s| wanted(s)).count()).unwrap()
        };
        let wip = |at: Timestamp| count(&|s| s.from < at && at <= s.to);
        let entries = count(&|s| window.contains(s.from));
        let exits = count(&|s| window.contains(s.to));
        prop_assert_eq!(wip(window.to), wip(window.from) + entries - exits);
    }

    /// The same identity for what the signals count, of every slice and week.
    #[test]
    fn every_slice_conserves_its_work_in_progress(seed: u64) {
        let data = invented(seed, 120);
        let view = View::new(&data, as_of(), as_of(), &Scope::Portfolio);
        let (mut moves, mut open) = (0, 0);
        for slice in &view.wip {
            for week in 0..view.weeks.len() {
                let net = slice.entries[week] - slice.exits(week);
                prop_assert_eq!(slice.open[week + 1], slice.open[week] + net);
                prop_assert!(slice.aged[week].1 >= 0 && slice.aged[week].0 <= slice.open[week]);
                moves += slice.entries[week];
            }
            open += slice.open[view.weeks.len()];
        }
        let end = view.weeks.edges[view.weeks.len()];
        let spells = data.items.iter().flat_map(|i| wip_spells(&i.segments, Timestamp::MAX));
        let at_end = spells.filter(|s| s.from < end && end <= s.to).count();
        prop_assert_eq!(open, i64::try_from(at_end).unwrap());
        prop_assert!(moves > 0);
    }

    /// Other names, in another order: the same numbers and verdicts under the new names.
    #[test]
    fn renaming_streams_changes_names_only(seed: u64) {
        let data = invented(seed, 120);
        let mut other = data.clone();
        for (stream, name) in other.streams.iter_mut().zip(["Zeta", "Alpha", "Mu", "Beta"]) {
            stream.name = name.to_owned();
        }
        let numbers = |data: &Dataset| {
            let mut list: Vec<String> = report(data)
                .findings
                .iter()
                .map(|f| format!("{} {} {:?} {:?} {:?}", f.signal, f.slice.id, f.verdict, f.measures, f.series))
                .collect();
            list.sort_unstable();
            list
        };
        let groups = |text: &String| !text.starts_with("C2");
        let (a, b) = (numbers(&data), numbers(&other));
        prop_assert_eq!(
            a.into_iter().filter(groups).collect::<Vec<_>>(),
            b.into_iter().filter(groups).collect::<Vec<_>>()
        );
    }

    #[test]
    fn every_sentence_obeys_the_wording_rules(seed: u64) {
        let data = invented(seed, 400);
        let mut stale = data.clone();
        stale.intents[0].valid.from = day(30);
        // The one framework with a sentence of its own.
        let less = Dataset { vocabulary: Vocabulary::Less, ..data.clone() };
        for data in [&data, &stale, &less] {
            for scope in [Scope::Portfolio, Scope::Stream("fleet".into())] {
                let report = evaluate(data, as_of(), as_of(), &scope);
                for text in sentences(&report) {
                    let offence = offence(&text, &report.team_names);
                    prop_assert!(offence.is_none(), "{offence:?} in {text:?}");
                }
            }
        }
    }

    #[test]
    fn findings_stand_by_signal_and_name(seed: u64) {
        let data = invented(seed, 150);
        let report = report(&data);
        let order = |f: &Finding| {
            let signal = ALL.iter().position(|s| s.id == f.signal);
            (signal, f.slice.name.clone())
        };
        prop_assert!(report.findings.is_sorted_by_key(order));
        prop_assert!(report.findings.iter().all(|f| f.slice.id != "payments"), "a small stream");
        for finding in &report.findings {
            let fact = matches!(finding.verdict, Verdict::Fact | Verdict::Confirmed { .. });
            prop_assert!(!fact || finding.observation.is_some(), "{finding:?}");
            if let Some(told) = &finding.observation {
                prop_assert!(told.question.ends_with('?'));
                prop_assert!(told.evidence.ends_with('.') && told.uncertainty.ends_with('.'));
            }
        }
    }
}

fn sentences(report: &Report) -> Vec<String> {
    let mut texts = report.unseen.clone();
    texts.extend(report.unlocks.iter().map(|unlock| unlock.missing.clone()));
    texts.extend(report.intent_table.iter().map(|row| row.state.clone()));
    for finding in &report.findings {
        match &finding.verdict {
            Verdict::Insufficient { why, unit, .. } => texts.push(format!("{why} {unit}")),
            Verdict::NotApplicable { why } => texts.push(why.clone()),
            _ => {}
        }
        if let Some(told) = &finding.observation {
            texts.push(format!("{} {} {}", told.evidence, told.uncertainty, told.question));
        }
    }
    texts
}

/// Section 5.2 of the catalogue: words that no sentence uses outside quoted titles.
fn offence(text: &str, teams: &[String]) -> Option<String> {
    static RULES: LazyLock<Vec<Regex>> =
        LazyLock::new(|| FORBIDDEN.iter().map(|rule| Regex::new(rule).unwrap()).collect());
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new("\"[^\"]*\"").unwrap());
    let text = QUOTED.replace_all(text, "");
    let found = RULES.iter().find_map(|rule| rule.find(&text).map(|m| m.as_str().to_owned()));
    found.or_else(|| teams.iter().find(|team| text.contains(team.as_str())).cloned())
}

const FORBIDDEN: [&str; 6] = [
    r"(?i)\b(should|must|need(s)? to|have to|has to|ought|recommend\w*|action(s)? required|please)\b",
    r"(?i)\b(good|bad|poor|best|worst|healthy|unhealthy|red|amber|green|fail(s|ed|ing)? to|under-?perform\w*|lagg\w*|behind|late|on track|off track)\b",
    r"(?i)\b(rank\w*|top \d|bottom|highest|lowest|leader|league|better than|worse than)\b",
    r"(?i)\b(utili[sz]ation|milestones?|deadlines?|due date|forecasts?|ETA|percent complete|burn-?(up|down)|velocity|projects?)\b|% complete",
    r"(?i)\b(because|caused|due to|led to)\b",
    r"\d\.\d\d+ ?%|NaN|inf\b",
];

/// A hole in the coverage is a gap in every series, never a zero.
#[test]
fn an_unobserved_week_is_absent() {
    let mut data = invented(7, 400);
    data.coverage = vec![
        CoverageSpan { connection: "jira".into(), period: Period::new(Timestamp::MIN, day(40)) },
        CoverageSpan { connection: "jira".into(), period: Period::new(day(38), as_of()) },
    ];
    let report = report(&data);
    let series: Vec<_> = report
        .findings
        .iter()
        // Their points are readings and intervals, and no weeks.
        .filter(|f| !["O1", "C3"].contains(&f.signal))
        .filter_map(|f| f.series.as_ref())
        .filter(|series| series.weeks_per_point == 1)
        .collect();
    assert!(series.len() > 10);
    for series in series {
        let gaps: Vec<String> = series
            .points
            .iter()
            .filter(|point| point.value.is_none())
            .map(|point| point.week.to_string())
            .collect();
        assert_eq!(gaps, ["2026-W19"]);
    }
    assert!(
        report
            .unseen
            .iter()
            .any(|text| text == "2026-05-06 to 2026-05-08 had no data from \"jira\".")
    );
}

/// A stream's own reader sees it although it is small; nobody else does.
#[test]
fn small_streams_are_merged_outside_themselves() {
    let data = invented(11, 400);
    let names = |scope: &Scope| -> Vec<String> {
        let report = evaluate(&data, as_of(), as_of(), scope);
        let v2 = report.findings.into_iter().filter(|f| f.signal == "V2");
        v2.map(|f| f.slice.name).collect()
    };
    assert_eq!(names(&Scope::Portfolio), ["Booking", "Fleet", "Identity", "Other streams"]);
    assert_eq!(names(&Scope::Stream("payments".into())), ["Payments"]);
    assert!(names(&Scope::Stream("nothing".into())).is_empty());
}

/// The page is about the newest complete week; reviews that nobody held are due.
#[test]
fn header_and_due_reviews() {
    let mut data = invented(3, 200);
    let shown = report(&data);
    assert_eq!(shown.header.week.to_string(), "2026-W24");
    let cadence = shown.header.cadence.as_ref().unwrap();
    assert_eq!((cadence.number, cadence.week, cadence.weeks), (3, 7, 8));
    assert!(cadence.near_boundary);
    let due = |report: &Report| -> Vec<String> {
        report
            .due_reviews
            .iter()
            .map(|d| format!("{} {} {}", d.verb, d.subject, d.expected))
            .collect()
    };
    let expected = [
        "more More for Fleet Refund contacts down",
        "stop Stop Bet number 5 Refund contacts down",
        "less Less for Keep customers Refund contacts down",
    ];
    assert_eq!(due(&shown), expected);
    let mut held = data.decisions[0].clone();
    (held.id, held.verb, held.expects) = ("D-4".into(), Verb::Continue, None);
    (held.made_at, held.effective_at, held.known_at) = (day(1), day(1), day(1));
    data.decisions.push(held);
    assert_eq!(due(&report(&data)), expected[1..]);
    assert!(shown.intent_table.iter().all(|row| row.declared.is_some() && row.band.is_some()));
    assert_eq!(shown.tally.series, shown.tally.usual + shown.tally.new + shown.tally.confirmed);
}

/// What becomes known later, or happens later, changes nothing that was said before.
#[test]
fn the_future_is_not_read() {
    let data = invented(5, 200);
    let earlier = day(60);
    let before = bytes(&evaluate(&data, earlier, earlier, &Scope::Portfolio));
    let mut cut = data.clone();
    cut.items.retain(|item| item.created_at < earlier);
    Arc::make_mut(&mut cut.links).clear();
    let kept: Vec<usize> =
        (0..data.items.len()).filter(|ix| data.items[*ix].created_at < earlier).collect();
    for link in data.links.iter() {
        let place = |ix: usize| kept.binary_search(&ix).ok();
        if let (Some(blocked), Some(blocker)) = (place(link.blocked), place(link.blocker)) {
            Arc::make_mut(&mut cut.links).push(LinkFacts { blocked, blocker, ..*link });
        }
    }
    for item in &mut cut.items {
        item.segments.retain(|segment| segment.from < earlier);
        item.activity.retain(|at| *at < earlier);
        if let Some(last) = item.segments.last_mut() {
            last.to = Timestamp::MAX;
        }
    }
    cut.readings.retain(|reading| reading.at < earlier);
    cut.decisions.retain(|decision| decision.made_at < earlier);
    cut.releases.retain(|release| release.at < earlier);
    for release in &mut cut.releases {
        let place = |ix: &usize| kept.binary_search(ix).ok();
        release.items = release.items.iter().filter_map(place).collect();
    }
    let after = bytes(&evaluate(&cut, earlier, earlier, &Scope::Portfolio));
    let differs = before.bytes().zip(after.bytes()).position(|(a, b)| a != b);
    let around = |at: usize| (&before[at.saturating_sub(300)..at + 60], &after[at - 5..at + 60]);
    assert_eq!(differs.map(around), None);
    assert_eq!(before.len(), after.len());
}

#[test]
fn the_wording_rules_can_fail() {
    let teams = ["Squad 1".to_owned()];
    for text in ["Fleet is late.", "They need to act.", "41.26 % of it.", "Squad 1 did it."] {
        assert!(offence(text, &teams).is_some(), "{text}");
    }
    assert!(offence("What would it take to finish \"the late project\"?", &teams).is_none());
}

/// An empty portfolio has no numbers, and says for each question what is missing.
#[test]
fn nothing_declared_is_said_plainly() {
    let report = evaluate(&Dataset::default(), as_of(), as_of(), &Scope::Portfolio);
    assert!(report.findings.iter().all(|finding| !finding.verdict.has_data()));
    assert_eq!(report.unlocks.len(), 3);
    assert!(report.unlocks[0].declare.as_ref().is_some_and(|d| d.starts_with("[[stream]]")));
    assert_eq!(report.tally.series, 0);
}
