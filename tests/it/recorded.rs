//! Recorded trackers through the whole path: what is counted, and what every signal says. Public
//! recordings are too small or too poor for most signals, and the page must say what is missing.

use std::fmt::Write as _;
use std::path::PathBuf;

use insta::assert_snapshot;
use streamgauge::demo::{Recording, Source};
use streamgauge::digests::wording::violations;
use streamgauge::model::{Timestamp, What};
use streamgauge::signals::report::Verdict;

use crate::support::staged::{Page, Staged};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/payloads/normal").join(name)
}

async fn staged(names: &[&str]) -> Staged {
    let paths: Vec<PathBuf> = names.iter().map(|name| file(name)).collect();
    let source = Source::from(Recording::read(&paths).expect("the recording is readable"));
    Staged::new(source, Timestamp::parse("2026-06-15T06:00:00Z").expect("an instant")).await
}

/// What was read, and the verdict of every signal with its reason.
async fn told(staged: &Staged) -> String {
    let count = |counts: &mut (u64, u64), item: streamgauge::store::StoredItem| {
        let moves = item.history.iter().filter(|c| {
            matches!(c.what, What::Status { .. } | What::Closed { .. } | What::Reopened)
        });
        *counts = (counts.0 + 1, counts.1 + moves.count() as u64);
    };
    let (items, transitions) =
        staged.demo.store.fold_items(None, (0, 0), count).await.expect("the store answers");
    let gaps = staged.demo.store.gaps(None).await.expect("the store answers").len();
    let mut text = format!("{items} items, {transitions} transitions, {gaps} gaps\n");
    let page = staged.portfolio().await;
    for finding in &page.report.findings {
        let verdict = match &finding.verdict {
            Verdict::Insufficient { have, need, unit, why } => {
                format!("insufficient: {why} ({have} of {need} {unit})")
            }
            Verdict::NotApplicable { why } => format!("not applicable: {why}"),
            other => format!("{other:?}").to_lowercase(),
        };
        let _ = writeln!(text, "{} {}: {verdict}", finding.signal, finding.slice.name);
    }
    for sentence in &page.report.unseen {
        let _ = writeln!(text, "unseen: {sentence}");
    }
    missing_facts_are_named(&page);
    text
}

/// Every signal without data is named on the page, and nothing is claimed.
fn missing_facts_are_named(page: &Page) {
    assert_eq!(violations(&page.markdown, &page.report.team_names), [] as [String; 0]);
    assert_eq!(page.told(), []);
    for finding in &page.report.findings {
        if let Verdict::Insufficient { why, .. } | Verdict::NotApplicable { why } = &finding.verdict
        {
            let others = page.report.findings.iter().filter(|f| f.signal == finding.signal);
            if others.clone().all(|other| !other.verdict.has_data()) {
                let markdown = page.markdown.replace('\\', "");
                assert!(markdown.contains(why.as_str()), "{why} is not in\n{markdown}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jira_site_of_ten_issues() {
    let staged = staged(&["jirametrics.jira.jsonl.gz"]).await;
    assert_snapshot!(told(&staged).await, @r"
    10 items, 25 transitions, 0 gaps
    P1 Attention: insufficient: too little of the teams' time shows work in progress on a board (0 of 50 percent of team time)
    P2 Intent: not applicable: no intent is declared, so there is nothing to compare attention with
    P3 All streams: insufficient: too little of the teams' time shows work in progress on a board (0 of 50 percent of team time)
    P3 SP: insufficient: too little of the teams' time shows work in progress on a board (0 of 50 percent of team time)
    P4 Dormant commitments: not applicable: no state of an epic is mapped, so nothing says which ones are started
    V1 SP: insufficient: a median rests on at least ten deliveries in 26 weeks whose start was seen (2 of 10 deliveries)
    V2 SP: insufficient: the values are too few and too alike for a usual range (2 of 4 distinct values)
    V3 SP: insufficient: too few items entered or left work in progress in 12 weeks (5 of 20 entries and exits)
    V4 SP: insufficient: a P85 rests on at least twenty exits in 26 weeks whose start was seen (2 of 20 exits)
    V5 SP: usual
    V6 SP, failure demand: insufficient: too little of the teams' time shows work in progress on a board (0 of 50 percent of team time)
    V6 SP, reopened work: insufficient: the values are too few and too alike for a usual range (1 of 4 distinct values)
    T1 All streams: not applicable: no cadence is declared
    T2 Governance load: not applicable: no kind of work is mapped to governance
    C1 Cross-stream waits: nothing
    C2 Dependencies: nothing
    C3 Integration: not applicable: no release or integration event with delivered items of an epic is recorded
    C4 Releases: not applicable: no release is recorded, so what is delivered counts as released
    C5 Cadences: not applicable: no cadence is declared
    C6 Bets across streams: not applicable: no epic is known
    O1 Outcomes: not applicable: no outcome measure is declared
    O2 Time to first evidence: not applicable: no epic names an outcome measure, so no reading could be evidence
    O3 Evidence coverage: not applicable: no epic is known, so no attention went to a bet
    D1 Waiting for a decision: not applicable: no state of an epic is mapped, so nothing says which ones wait for a decision
    D2 Decisions: not applicable: no decision to start, stop, or give more or less to a stream, theme or epic is recorded
    D3 Cadences: not applicable: no cadence is declared
    D4 Expectations: not applicable: no decision is recorded
    H1 SP: insufficient: too few items entered or left work in progress in 12 weeks (5 of 20 entries and exits)
    unseen: Work in progress was observed in less than 0.1 % of team time over 12 weeks; the rest is unseen, not idle.
    unseen: 100 % of active item-days came from cards without a sign of life for 28 days and draw no attention.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_without_a_board() {
    let staged = staged(&["ants.github.jsonl.gz"]).await;
    assert_snapshot!(told(&staged).await, @r"
    41 items, 37 transitions, 0 gaps
    P1 Attention: not applicable: no active work of a declared team was observed in the window
    P2 Intent: not applicable: no intent is declared, so there is nothing to compare attention with
    P3 All streams: not applicable: no active work of a declared team was observed in the window
    P3 panjf2000/ants: not applicable: no active work of a declared team was observed in the window
    P4 Dormant commitments: not applicable: no state of an epic is mapped, so nothing says which ones are started
    V1 panjf2000/ants: insufficient: too many of the items delivered in 12 weeks have no observable start (0 of 5 deliveries with a start)
    V2 panjf2000/ants: insufficient: the values are too few and too alike for a usual range (3 of 4 distinct values)
    V3 panjf2000/ants: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    V4 panjf2000/ants: insufficient: too many of the items delivered in 12 weeks have no observable start (0 of 5 deliveries with a start)
    V5 panjf2000/ants: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V6 panjf2000/ants, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 panjf2000/ants, reopened work: insufficient: the values are too few and too alike for a usual range (1 of 4 distinct values)
    T1 All streams: not applicable: no cadence is declared
    T2 Governance load: not applicable: no kind of work is mapped to governance
    C1 Cross-stream waits: not applicable: no blocking link between items is recorded
    C2 Dependencies: not applicable: no blocking link between items is recorded
    C3 Integration: not applicable: no release or integration event with delivered items of an epic is recorded
    C4 Releases: not applicable: no release is recorded, so what is delivered counts as released
    C5 Cadences: not applicable: no cadence is declared
    C6 Bets across streams: not applicable: no epic is known
    O1 Outcomes: not applicable: no outcome measure is declared
    O2 Time to first evidence: not applicable: no epic names an outcome measure, so no reading could be evidence
    O3 Evidence coverage: not applicable: no epic is known, so no attention went to a bet
    D1 Waiting for a decision: not applicable: no state of an epic is mapped, so nothing says which ones wait for a decision
    D2 Decisions: not applicable: no decision to start, stop, or give more or less to a stream, theme or epic is recorded
    D3 Cadences: not applicable: no cadence is declared
    D4 Expectations: not applicable: no decision is recorded
    H1 panjf2000/ants: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    unseen: No work in progress of any team was observed over 12 weeks.
    unseen: Of the items delivered in 12 weeks, 6 of 6 have no observable start.
    unseen: 1 item was done from its creation on, as imported ones are: the start of work on it cannot be seen, and it is left out.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn localised_names_and_statuses_that_nobody_knows() {
    let staged = staged(&["devlake-cloud.sample.jsonl"]).await;
    assert_snapshot!(told(&staged).await, @r#"
    2 items, 0 transitions, 0 gaps
    P1 Attention: not applicable: no active work of a declared team was observed in the window
    P2 Intent: not applicable: no intent is declared, so there is nothing to compare attention with
    P3 All streams: not applicable: no active work of a declared team was observed in the window
    P3 EE: not applicable: no active work of a declared team was observed in the window
    P3 K5: not applicable: no active work of a declared team was observed in the window
    P4 Dormant commitments: not applicable: no state of an epic is mapped, so nothing says which ones are started
    V1 EE: insufficient: the newest complete week was not observed (0 of 1 week)
    V1 K5: insufficient: the newest complete week was not observed (0 of 1 week)
    V2 EE: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V2 K5: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V3 EE: insufficient: the newest complete week was not observed (0 of 1 week)
    V3 K5: insufficient: the newest complete week was not observed (0 of 1 week)
    V4 EE: insufficient: the newest complete week was not observed (0 of 1 week)
    V4 K5: insufficient: the newest complete week was not observed (0 of 1 week)
    V5 EE: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V5 K5: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V6 EE, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 EE, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    V6 K5, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 K5, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    T1 All streams: not applicable: no cadence is declared
    T2 Governance load: not applicable: no kind of work is mapped to governance
    C1 Cross-stream waits: not applicable: no blocking link between items is recorded
    C2 Dependencies: not applicable: no blocking link between items is recorded
    C3 Integration: not applicable: no release or integration event with delivered items of an epic is recorded
    C4 Releases: not applicable: no release is recorded, so what is delivered counts as released
    C5 Cadences: not applicable: no cadence is declared
    C6 Bets across streams: not applicable: no epic is known
    O1 Outcomes: not applicable: no outcome measure is declared
    O2 Time to first evidence: not applicable: no epic names an outcome measure, so no reading could be evidence
    O3 Evidence coverage: not applicable: no epic is known, so no attention went to a bet
    D1 Waiting for a decision: not applicable: no state of an epic is mapped, so nothing says which ones wait for a decision
    D2 Decisions: not applicable: no decision to start, stop, or give more or less to a stream, theme or epic is recorded
    D3 Cadences: not applicable: no cadence is declared
    D4 Expectations: not applicable: no decision is recorded
    H1 EE: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    H1 K5: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    unseen: No work in progress of any team was observed over 12 weeks.
    unseen: 2022-01-10 to 2022-07-10 had no data from "jira".
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_without_histories() {
    let staged = staged(&["tidev.sample.jsonl"]).await;
    assert_snapshot!(told(&staged).await, @r"
    3 items, 0 transitions, 0 gaps
    P1 Attention: not applicable: no active work of a declared team was observed in the window
    P2 Intent: not applicable: no intent is declared, so there is nothing to compare attention with
    P3 ALOY: not applicable: no active work of a declared team was observed in the window
    P3 All streams: not applicable: no active work of a declared team was observed in the window
    P3 DAEMON: not applicable: no active work of a declared team was observed in the window
    P3 MOD: not applicable: no active work of a declared team was observed in the window
    P3 TIMOB: not applicable: no active work of a declared team was observed in the window
    P4 Dormant commitments: not applicable: no state of an epic is mapped, so nothing says which ones are started
    V1 ALOY: insufficient: a median rests on at least ten deliveries in 26 weeks whose start was seen (0 of 10 deliveries)
    V1 DAEMON: insufficient: a median rests on at least ten deliveries in 26 weeks whose start was seen (0 of 10 deliveries)
    V1 MOD: insufficient: a median rests on at least ten deliveries in 26 weeks whose start was seen (0 of 10 deliveries)
    V1 TIMOB: insufficient: a median rests on at least ten deliveries in 26 weeks whose start was seen (0 of 10 deliveries)
    V2 ALOY: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V2 DAEMON: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V2 MOD: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V2 TIMOB: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V3 ALOY: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    V3 DAEMON: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    V3 MOD: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    V3 TIMOB: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    V4 ALOY: insufficient: the test rests on at least five items in progress whose start was seen (0 of 5 items in progress)
    V4 DAEMON: insufficient: the test rests on at least five items in progress whose start was seen (0 of 5 items in progress)
    V4 MOD: insufficient: the test rests on at least five items in progress whose start was seen (0 of 5 items in progress)
    V4 TIMOB: insufficient: the test rests on at least five items in progress whose start was seen (0 of 5 items in progress)
    V5 ALOY: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V5 DAEMON: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V5 MOD: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V5 TIMOB: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V6 ALOY, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 ALOY, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    V6 DAEMON, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 DAEMON, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    V6 MOD, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 MOD, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    V6 TIMOB, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 TIMOB, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    T1 All streams: not applicable: no cadence is declared
    T2 Governance load: not applicable: no kind of work is mapped to governance
    C1 Cross-stream waits: not applicable: no blocking link between items is recorded
    C2 Dependencies: not applicable: no blocking link between items is recorded
    C3 Integration: not applicable: no release or integration event with delivered items of an epic is recorded
    C4 Releases: not applicable: no release is recorded, so what is delivered counts as released
    C5 Cadences: not applicable: no cadence is declared
    C6 Bets across streams: not applicable: no epic is known
    O1 Outcomes: not applicable: no outcome measure is declared
    O2 Time to first evidence: not applicable: no epic names an outcome measure, so no reading could be evidence
    O3 Evidence coverage: not applicable: no epic is known, so no attention went to a bet
    D1 Waiting for a decision: not applicable: no state of an epic is mapped, so nothing says which ones wait for a decision
    D2 Decisions: not applicable: no decision to start, stop, or give more or less to a stream, theme or epic is recorded
    D3 Cadences: not applicable: no cadence is declared
    D4 Expectations: not applicable: no decision is recorded
    H1 ALOY: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    H1 DAEMON: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    H1 MOD: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    H1 TIMOB: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    unseen: No work in progress of any team was observed over 12 weeks.
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_trackers_together() {
    let staged = staged(&["devlake-server.sample.jsonl", "ants.github.jsonl.gz"]).await;
    assert_snapshot!(told(&staged).await, @r#"
    44 items, 37 transitions, 0 gaps
    P1 Attention: not applicable: no active work of a declared team was observed in the window
    P2 Intent: not applicable: no intent is declared, so there is nothing to compare attention with
    P3 All streams: not applicable: no active work of a declared team was observed in the window
    P3 DZFNK0168: not applicable: no active work of a declared team was observed in the window
    P3 panjf2000/ants: not applicable: no active work of a declared team was observed in the window
    P4 Dormant commitments: not applicable: no state of an epic is mapped, so nothing says which ones are started
    V1 DZFNK0168: insufficient: a median rests on at least ten deliveries in 26 weeks whose start was seen (0 of 10 deliveries)
    V1 panjf2000/ants: insufficient: a median rests on at least ten deliveries in 26 weeks whose start was seen (0 of 10 deliveries)
    V2 DZFNK0168: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V2 panjf2000/ants: insufficient: no delivery was observed in the charted weeks (0 of 1 deliveries)
    V3 DZFNK0168: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    V3 panjf2000/ants: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    V4 DZFNK0168: insufficient: the test rests on at least five items in progress whose start was seen (0 of 5 items in progress)
    V4 panjf2000/ants: insufficient: the test rests on at least five items in progress whose start was seen (0 of 5 items in progress)
    V5 DZFNK0168: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V5 panjf2000/ants: not applicable: waiting is not observable in this workflow: no waiting state is mapped and no block was ever seen
    V6 DZFNK0168, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 DZFNK0168, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    V6 panjf2000/ants, failure demand: not applicable: no active work of a declared team was observed in the window
    V6 panjf2000/ants, reopened work: not applicable: nothing entered done in the window, so nothing could come back
    T1 All streams: not applicable: no cadence is declared
    T2 Governance load: not applicable: no kind of work is mapped to governance
    C1 Cross-stream waits: not applicable: no blocking link between items is recorded
    C2 Dependencies: not applicable: no blocking link between items is recorded
    C3 Integration: not applicable: no release or integration event with delivered items of an epic is recorded
    C4 Releases: not applicable: no release is recorded, so what is delivered counts as released
    C5 Cadences: not applicable: no cadence is declared
    C6 Bets across streams: not applicable: no epic is known
    O1 Outcomes: not applicable: no outcome measure is declared
    O2 Time to first evidence: not applicable: no epic names an outcome measure, so no reading could be evidence
    O3 Evidence coverage: not applicable: no epic is known, so no attention went to a bet
    D1 Waiting for a decision: not applicable: no state of an epic is mapped, so nothing says which ones wait for a decision
    D2 Decisions: not applicable: no decision to start, stop, or give more or less to a stream, theme or epic is recorded
    D3 Cadences: not applicable: no cadence is declared
    D4 Expectations: not applicable: no decision is recorded
    H1 DZFNK0168: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    H1 panjf2000/ants: insufficient: too few items entered or left work in progress in 12 weeks (0 of 20 entries and exits)
    unseen: No work in progress of any team was observed over 12 weeks.
    unseen: 2023-01-23 to 2023-05-29 had no data from "jira".
    unseen: 1 item was done from its creation on, as imported ones are: the start of work on it cannot be seen, and it is left out.
    "#);
}
