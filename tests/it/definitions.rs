//! The figures of every signal over invented portfolios, by the version of its definition: whoever
//! changes figures raises the version and writes what changed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use streamgauge::model::{
    Category, Decision, EpicIx, EpicState, FlowEvent, Kind, Precision, StateIx, StreamIx, TeamIx,
};
use streamgauge::signals::dataset::{Epic, ItemFacts, ReleaseFacts};
use streamgauge::signals::report::{Finding, Report};
use streamgauge::signals::{ALL, Dataset, Scope, Signal, evaluate};

use crate::signals_reference::{as_of, day, invented};

/// Signal, version of its definition, and the fingerprint of its figures over [`portfolios`].
const TABLE: &str = "\
P1 1 d5536ad3a14e
P2 1 d39fd984e947
P3 1 c8008c16fa2f
P4 1 85ab92c4a527
V1 1 4dbeebea93a5
V2 1 53300d0a2e36
V3 1 a7c39629bd71
V4 1 193cdedf6a3f
V5 1 836958c62263
V6 1 abb74660e105
T1 1 7db5dcaecb7b
T2 1 2fb0fdda0779
C1 1 9acf9ace2e5b
C2 1 d7fd3c068f47
C3 1 afc156b16531
C4 1 a8d53a140f50
C5 1 ad16bed1faf2
C6 1 2996dfa09ac7
O1 1 2d779b14b7ba
O2 1 10544ac66be3
O3 1 e51b7749f208
D1 1 81a426366d1a
D2 1 30c4104b5cb6
D3 1 b208ed312496
D4 1 9f6ddfd7f2b8
H1 1 23f844301235
H2 1 fc74bf89e92a
";

/// Told of nothing but how much is missing here: for T1 and C3 it takes a longer past. The gate of
/// the data has no findings; its figures are the confidence of each report.
const SILENT: [&str; 3] = ["T1", "C3", "H2"];

/// Two organisations of thrown dice, and one in which work gets done.
fn portfolios() -> [Dataset; 3] {
    [invented(1, 400), invented(2, 900), steady()]
}

/// Epics that begin every four days, and items of them.
const EPICS: usize = 72;
const ITEMS_OF_ONE: usize = 15;

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

/// Days since an epic began.
fn begun(epic: usize) -> i64 {
    290 - 4 * whole(epic)
}

/// Everything is declared, and what is begun is delivered, released and measured.
fn steady() -> Dataset {
    let mut data = invented(3, 60);
    data.links = Default::default();
    data.governance_mapped = true;
    data.cadences[0].days = 28;
    data.epics = (0..EPICS).map(bet).collect();
    data.items = (0..EPICS * ITEMS_OF_ONE).map(regular).collect();
    let delivered = |from: i64, to: i64| -> Vec<usize> {
        let within = |ix: &usize| (from..to).contains(&(starts(*ix) - lasts(*ix)));
        (0..EPICS * ITEMS_OF_ONE).filter(within).collect()
    };
    data.releases = (0..20)
        .map(|nth| ReleaseFacts {
            id: format!("r{nth}"),
            name: format!("R{nth}"),
            at: day(1 + 14 * nth),
            items: delivered(1 + 14 * nth, 15 + 14 * nth),
            precision: Precision::Exact,
        })
        .collect();
    data.releases.sort_by_key(|release| release.at);
    let made = data.decisions[0].clone();
    data.decisions = (0..9)
        .map(|nth| {
            let (at, review_at) = (day(150 - 5 * nth), day(40 - 4 * nth));
            let mut expects = made.expects.clone();
            expects.as_mut().unwrap().review_at = review_at;
            let id = format!("D-{nth}");
            Decision { id, made_at: at, effective_at: at, known_at: at, expects, ..made.clone() }
        })
        .collect();
    data
}

fn bet(ix: usize) -> Epic {
    let mut epic = invented(3, 1).epics[0].clone();
    let states = [
        (40, EpicState::Funnel),
        (30, EpicState::Reviewing),
        (20, EpicState::Analysing),
        (10, EpicState::Ready),
        (0, EpicState::Implementing),
    ];
    epic.id = format!("BET-{ix}");
    // Those of an odd number are for one stream, the others cross streams.
    epic.stream = (ix % 2 == 1).then_some(StreamIx(0));
    epic.states = states.map(|(before, state)| (day(begun(ix) + before), state)).into();
    epic
}

/// Days since an item was begun, and how many it takes.
fn starts(ix: usize) -> i64 {
    begun(ix / ITEMS_OF_ONE) - whole(ix % ITEMS_OF_ONE) / 2
}

fn lasts(ix: usize) -> i64 {
    whole(ix * 7 % 25) + 4
}

/// An item that waits for half of its time and is delivered, unless that lies in the future.
fn regular(ix: usize) -> ItemFacts {
    let (ago, lasts, epic) = (starts(ix), lasts(ix), ix / ITEMS_OF_ONE);
    let team = u32::try_from(if epic % 2 == 1 { epic % 3 } else { ix % 10 }).unwrap();
    let home = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3][team as usize];
    let lived = [
        (ago + 5, Category::Proposed, 0),
        (ago, Category::Active, 1),
        (ago - lasts / 2, Category::Waiting, 2),
        (ago - lasts, Category::Done, 3),
    ];
    let event = |(ago, category, state): (i64, Category, u32)| FlowEvent {
        at: day(ago),
        category,
        state: StateIx(state),
        blocked: false,
        team: Some(TeamIx(team)),
        stream: Some(StreamIx(home)),
        epic: Some(EpicIx(u32::try_from(epic).unwrap())),
        precision: Precision::Exact,
    };
    let past = lived.into_iter().filter(|(ago, ..)| *ago > 0);
    ItemFacts::lived(format!("ITEM-{ix:05}"), Kind::ALL[ix % 6], past.map(event).collect())
}

#[test]
fn figures_change_only_with_the_version_of_their_definition() {
    let report = |data: &Dataset| evaluate(data, as_of(), as_of(), &Scope::Portfolio);
    let reports: Vec<Report> = portfolios().iter().map(report).collect();
    let kept: BTreeMap<&str, &str> =
        TABLE.lines().filter_map(|line| line.split_once(' ')).collect();
    let (mut table, mut wrong) = (String::new(), String::new());
    for signal in ALL {
        let now = format!("{} {}", signal.version(), fingerprint(signal, &reports));
        let (before, id) = (kept.get(signal.id).copied().unwrap_or_default(), signal.id);
        if before != now {
            let _ = writeln!(wrong, "- {}", mistake(id, before, &now));
        }
        let _ = writeln!(table, "{id} {now}");
    }
    let told = |signal: &&Signal| {
        let mut all = reports.iter().flat_map(|report| &report.findings);
        all.any(|found| found.signal == signal.id && found.verdict.has_data())
    };
    let silent: Vec<&str> = ALL.iter().filter(|s| !told(s)).map(|signal| signal.id).collect();
    assert_eq!(silent, SILENT, "signals without a figure\n{table}");
    assert_eq!(kept.len(), ALL.len(), "the table has a line for each signal:\n{table}");
    assert!(wrong.is_empty(), "\n{wrong}\nThe table as it would be now:\n{table}");
}

/// What to do about a line that does not hold.
fn mistake(id: &str, before: &str, now: &str) -> String {
    let version = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    if version(before) == version(now) {
        format!(
            "the figures of {id} changed: raise its version and write its upgrade note (`history` \
             in its file of src/signals), then put its new line into the table; or, where only the \
             invented portfolios of this test changed, put the new line there alone"
        )
    } else {
        format!("the version of {id} is another one: put its new line into the table")
    }
}

/// Over everything that is a figure or a verdict; words may change freely.
fn fingerprint(signal: &Signal, reports: &[Report]) -> String {
    let mut figures = String::new();
    for report in reports {
        for found in report.findings.iter().filter(|found| found.signal == signal.id) {
            let Finding { slice, persistence, tested, items, .. } = found;
            let _ = write!(figures, "{}:{} {persistence} {tested}", slice.dimension, slice.id);
            let _ = write!(figures, " {} items", items.len());
            let told = serde_json::to_value(found).unwrap();
            for part in ["verdict", "direction", "have", "need", "measures", "series", "curve"] {
                tell(&mut figures, &told[part]);
            }
            tell(&mut figures, &told["parts"]);
            figures.push('\n');
        }
        if signal.id == "H2" {
            tell(&mut figures, &serde_json::to_value(&report.confidence).unwrap());
        }
    }
    hex::encode(&Sha256::digest(figures)[..6])
}

/// Numbers to six digits, for machines may differ in the last ones.
fn tell(out: &mut String, value: &Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let _ = write!(out, " {:.5e}", number.as_f64().unwrap());
        }
        Value::Array(all) => all.iter().for_each(|one| tell(out, one)),
        Value::Object(all) => all.iter().for_each(|(name, one)| {
            let _ = write!(out, " {name}");
            tell(out, one);
        }),
        other => {
            let _ = write!(out, " {other}");
        }
    }
}

#[test]
fn the_way_out_is_named() {
    let changed = mistake("V1", "1 aaaa", "1 bbbb");
    assert!(changed.starts_with("the figures of V1 changed: raise its version"), "{changed}");
    assert!(mistake("V1", "1 aaaa", "2 bbbb").contains("another one"));
}
