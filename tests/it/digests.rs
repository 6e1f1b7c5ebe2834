//! Every digest that is rendered here keeps the wording rules, is inert, and is the same structure
//! in both forms; sent digests stay as they were sent, and what changed later is told.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use insta::assert_snapshot;
use streamgauge::channels::{Channels, Format};
use streamgauge::clock::Clock;
use streamgauge::demo::{Recording, Source};
use streamgauge::digests::compose::{Told, Unlock};
use streamgauge::digests::markdown::observation_line;
use streamgauge::digests::outbox::{Outbox, Sent};
use streamgauge::digests::settings::Digest as Settings;
use streamgauge::digests::wording::violations;
use streamgauge::digests::{Digest, Section, html, markdown, since, slack, teams};
use streamgauge::gauge::{Gauge, Moment};
use streamgauge::model::{Timestamp, Vocabulary, Week};
use streamgauge::portfolio::Portfolio;
use streamgauge::signals::Scope;
use streamgauge::signals::report::{
    DueReview, Header, IntentRow, Observation, Question, Slice, Tally,
};
use streamgauge::sim::jira::lock;
use streamgauge::sim::jira::records::{IssueRecord, Record};
use streamgauge::sim::story::{self, Size, Story};

use crate::support::staged::{Page, Staged};

/// A Monday, eight in the morning in Berlin.
fn now() -> Timestamp {
    Timestamp::parse("2026-06-15T06:00:00Z").expect("an instant")
}

fn recording(names: &[&str]) -> Source {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/payloads/normal");
    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    Source::from(Recording::read(&paths).expect("the recording is readable"))
}

/// The wording rules over the page and over everything that could have been on it.
fn well_worded(page: &Page, of: &str) {
    let hidden = &page.report.team_names;
    assert_eq!(violations(&page.markdown, hidden), [] as [String; 0], "{of}\n{}", page.markdown);
    for observation in page.report.findings.iter().filter_map(|f| f.observation.as_ref()) {
        let line = format!("- {}", observation_line(observation));
        assert_eq!(violations(&line, hidden), [] as [String; 0], "{of}: {line}");
        assert!(observation.evidence.ends_with('.'), "{line}");
        assert!(observation.uncertainty.ends_with('.'), "{line}");
        // A p value may begin with zeros; no other number does.
        let other = line.replace("p = 0.0", "p = ").replace("p below 0.0", "p below ");
        assert!(!other.contains("0.0") && !other.contains("NaN"), "{line}");
    }
}

/// Nothing that the Markdown says is missing from the JSON, and the other way round.
fn same_structure(page: &Page) {
    let json: serde_json::Value = serde_json::from_str(&page.json).expect("the page is JSON");
    let digest = &json["digest"];
    let markdown = page.markdown.replace(['\\', '\u{200b}'], "");
    let sections = digest["sections"].as_array().expect("sections");
    assert_eq!(sections.len(), 3);
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let mut bullets = 0;
    for section in sections {
        assert!(markdown.contains(&format!("## {}\n", text(&section["heading"]))));
        for told in section["observations"].as_array().expect("observations") {
            for part in ["subject", "evidence", "uncertainty", "question"] {
                assert!(markdown.contains(&text(&told[part])), "{told}\n{markdown}");
            }
            bullets += 1;
        }
        for line in section["silence"].as_array().expect("silence") {
            assert!(markdown.contains(&format!("- {}\n", text(line))), "{line}\n{markdown}");
        }
        for row in section["table"].as_array().expect("a table") {
            assert!(markdown.contains(&format!("| {} |", text(&row["slice"]["name"]))));
        }
    }
    bullets += digest["appendix"].as_array().map_or(0, Vec::len);
    assert_eq!(page.markdown.matches("\n- **").count(), bullets);
    for sentence in digest["unseen"].as_array().expect("unseen") {
        assert!(markdown.contains(&text(sentence)));
    }
}

/// The words of a Markdown page, without its marks.
fn words_of_markdown(text: &str) -> Vec<String> {
    let (mut out, mut fenced) = (String::new(), false);
    for line in text.lines() {
        let bare = line.trim();
        if bare == "```" {
            fenced = !fenced;
        } else if fenced {
            out.push_str(bare);
        } else if bare != "---" && !bare.starts_with("|---") {
            let body = bare.trim_start_matches(['#', '>']).trim_start();
            let mut letters = body.strip_prefix("- ").unwrap_or(body).chars();
            while let Some(c) = letters.next() {
                match c {
                    '\\' => out.extend(letters.next()),
                    '*' | '`' => {}
                    '|' => out.push(' '),
                    c => out.push(c),
                }
            }
        }
        out.push(' ');
    }
    out.replace('\u{200b}', "").split_whitespace().map(str::to_owned).collect()
}

/// The words of an HTML page that a reader sees.
fn words_of_html(text: &str) -> Vec<String> {
    let (_, body) = text.split_once("<body").expect("a body");
    let (mut out, mut rest) = (String::new(), body.split_once('>').expect("a tag").1);
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        let (name, after) = tag.split_once('>').expect("a tag ends");
        let name = name.trim_start_matches('/').split(' ').next().expect("a name");
        if !["strong", "em", "code", "a"].contains(&name) {
            out.push(' ');
        }
        rest = after;
    }
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&"), ("\u{200b}", "")]
    {
        out = out.replace(entity, character);
    }
    out.split_whitespace().map(str::to_owned).collect()
}

/// The mail says what the Markdown says, carries its own styles, and reaches for nothing.
fn mail_is_safe(page: &Page, of: &str) {
    assert_eq!(words_of_html(&page.html), words_of_markdown(&page.markdown), "{of}");
    assert!(page.html.len() < 100 * 1024, "{of}: {} bytes are cut by Gmail", page.html.len());
    assert!(page.html.starts_with("<!DOCTYPE html><html lang=\"en\"><head>"), "{of}");
    // Pictures stand in the text itself.
    let mut pieces = page.html.split("<img src=\"data:image/png;base64,");
    let mut fetching = pieces.next().expect("a first piece").to_owned();
    fetching.extend(pieces.filter_map(|piece| Some(piece.split_once('"')?.1)));
    for live in
        ["<script", "<style", "<link", "<svg", "<img", "<a ", "<form", "url(", "src=", "http"]
    {
        assert!(!fetching.contains(live), "{of}: {live} in\n{fetching}");
    }
}

/// A section without an observation says why.
fn silence_is_explained(page: &Page) {
    for section in &page.digest.sections {
        if section.observations.is_empty() {
            let first = section.silence.first().expect("a reason").to_lowercase();
            let quiet = first.contains("nothing outside the usual range");
            let more = section.silence.len() > 1 && first.contains("no signal of this section");
            assert!(quiet || more, "{:?}", section.silence);
        }
    }
}

async fn every_page_of(source: Source, of: &str, synced: bool) {
    let staged = if synced {
        Staged::new(source, now()).await
    } else {
        Staged::unsynced(source, now()).await
    };
    for scope in staged.scopes() {
        let page = staged.page(&scope, staged.moment()).await;
        well_worded(&page, of);
        same_structure(&page);
        mail_is_safe(&page, of);
        silence_is_explained(&page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_digest_keeps_the_rules() {
    for seed in [1, 5] {
        let story = story::generate(seed, now(), Size::Test);
        every_page_of(Source::from(story), &format!("seed {seed}"), true).await;
    }
    every_page_of(Source::from(story::quiet(6, now(), Size::Test)), "quiet", true).await;
    every_page_of(Source::from(story::quiet(6, now(), Size::Test)), "empty store", false).await;
    for names in [
        &["jirametrics.jira.jsonl.gz", "ants.github.jsonl.gz"][..],
        &["devlake-cloud.sample.jsonl"],
        &["devlake-server.sample.jsonl"],
        &["tidev.sample.jsonl"],
    ] {
        every_page_of(recording(names), names[0], true).await;
    }
}

/// The page of the demo, whole.
#[tokio::test(flavor = "multi_thread")]
async fn the_digest_of_the_demo() {
    let staged = Staged::new(Source::from(story::generate(1, now(), Size::Demo)), now()).await;
    assert_snapshot!(staged.portfolio().await.markdown, @r#"
    # Streamgauge digest: Northwind
    Week 2026-W24, 8 to 14 June 2026 (Europe/Berlin). Cadence 11 (pi), week 7 of 10. Data as known on 15 June 2026 08:00.

    ## 1. Are we investing in the correct value streams?

    | Value stream | Declared | Attention, last 8 weeks | Weekly range | State |
    |---|---|---|---|---|
    | Booking | 29 % (24 to 34) | 26 % | 25 to 27 | within the band |
    | Fleet | 25 % (20 to 30) | 21 % | 19 to 23 | within the band |
    | Identity | 21 % (16 to 26) | 19 % | 17 to 20 | within the band |
    | Payments | 25 % (20 to 30) | 34 % | 33 to 35 | outside the band in 8 of 8 weeks |

    - **Payments**: attention was 34 % against a declared 25 % over 8 weeks (784 team-days; 29 % to 43 % however shared time is split, which reaches into the band). Without the epic "Wallet" the share is 26 %, inside the band, so the gap rests on one epic. Which of the two is out of date: the intent, or the scope of "Wallet"?
    - **Dormant**: 1 of 17 started epics, "Account merge" (62 days), had no active work for longer than 85 % of past pauses (3.9 days, n = 54). Only active work on items of an epic counts; work without a card is unseen. Is it paused on purpose?
    - **Evidence coverage**: 28 % of attention in the week went to work with no baseline reading (usual range 15 % to 36 %, 26 weeks). The share has not changed; it is a standing line in the last 4 weeks before a cadence boundary. Over 12 weeks (1175 team-days): 15 % with no hypothesis, 10 % with a hypothesis alone and 74 % with a reading after release. Work under no epic counts as work with no hypothesis. What would tell us that these bets work?
    - Interconnection yield: shares of so few epics say little, so they are counted (6 of 20 epics of either kind).

    ## 2. Where is the flow breaking down across the system?

    - **Booking, flow time**: started work took longer: half of it took 8.9 days or less over the newest 12 weeks (164 deliveries), against 7.1 days or less over the 26 weeks before (391 deliveries). If nothing had changed, a difference like this would be seen in fewer than 1 of 1000 cases (p below 0.001). Open items count as far as they were observed. Over 26 weeks 85 % of it took 12 days or less (plausibly 11 to 13). It holds for the 8th week in a row. What does started work wait for that it did not wait for before?
    - **Booking**: the active share of the time of started work was 41 % in the week against a usual range of 53 % to 77 % (26 weeks); over 12 weeks waiting took 717 of 1574 item-days ("Blocked" 11, "In review" 639 and "Ready for review" 67). It lies beyond its usual range, confirmed for the 4th week in a row. Open items count as well as finished ones. What is work in "In review" waiting for?
    - **Fleet and Identity**: items of these streams waited for each other in a circle, 73 item-days over 12 weeks (41 items). Only recorded links count, so the circle may be larger than what is seen. What would let each of these streams finish without the other?
    - Governance load: no kind of work is mapped to governance.
    - Integration interval: no integration point was observed since 25 November 2024 (0 of 6 intervals).

    ## 3. What signals should influence our next funding decision?

    - **"More for Depot scheduling"**: effective on 30 March 2026, it showed up as attention beyond its earlier range of 0.4 % to 3 % in the 5th week (11 complete weeks since; newest share 8 %). One decision is one observation. Over 12 weeks 149 items entered and 154 left work in progress of Fleet; its items waited 32 item-days for other streams. Is a lag of 5 weeks soon enough for the bets we place?
    - **Refund contacts**: moved favourably from about 43 to 32 per 1000 orders since the first release (8 readings, outside the earlier pattern from the 2nd on; usual range 40 to 46). The movement coincides with the release of "Instant refund"; other things changed as well. Source of the readings: "warehouse". What would it take to believe it?
    - **Continued without a look**: 3 epics drew 11 % of attention through two cadences (1959 team-days) with neither an outcome reading nor a decision ("Fleet telemetry", "Ledger split" and "Single sign-on 2"). Only recorded readings and decisions count; those of the same span were none to start, 2 to continue, 1 to pivot and none to stop. When made, those about epics rested on a reading after release (3). What would make stopping one of them an easy decision?
    - Expectation record: a record rests on at least five expectations that came out one way or the other (1 of 5 expectations).

    Decisions due for review: D-4 "More for Depot scheduling" (expected: On-time returns up; review date 12 June 2026 passed)

    ---
    Within the usual range: 76 of 79 series.
    Not visible here: Of the items touched in 12 weeks, 0.9 % (8 of 932) lack a team or a stream. Of the items delivered in 12 weeks, 3 % (18 of 682) have no observable start. 9 items were done from their creation on, as imported ones are: the start of work on them cannot be seen, and they are left out. Nobody knows the category of the status "In testing"; an item in such a status keeps the category it had before.
    Revisions: none.
    About 2 of the confirmed observations may be false alarms: 3 of 79 tested series are confirmed, and 2.4 of as many in simulated organisations to which nothing happened. This page contains no person, no team comparison, no dates to come and no completion figures.
    "#);
}

/// With nothing synced the page says what is missing and claims nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_digest_of_an_empty_store() {
    let source = Source { portfolio: "name = \"New\"\n".to_owned(), ..Source::default() };
    let staged = Staged::new(source, now()).await;
    let page = staged.portfolio().await;
    silence_is_explained(&page);
    assert_snapshot!(page.markdown, @r#"
    # Streamgauge digest: New
    Week 2026-W24, 8 to 14 June 2026 (UTC). Data as known on 15 June 2026 06:00.

    ## 1. Are we investing in the correct value streams?

    - No signal of this section has enough data yet.
    - Attention share and focus spread: no active work of a declared team was observed in the window.
    - Intent gap: no intent is declared, so there is nothing to compare attention with.
    - Dormant commitments: no state of an epic is mapped, so nothing says which ones are started.
    - Team continuity: no cadence is declared.
    - Interconnection yield: no epic is known.
    - Evidence coverage: no epic is known, so no attention went to a bet.
    - No value stream is declared. One such declaration, with your own names and values, would unlock most (attention share, intent gap, focus spread and team continuity):

      ```
      [[stream]]
      id = "payments"
      name = "Payments"
      ```

    ## 2. Where is the flow breaking down across the system?

    - No signal of this section has enough data yet.
    - Governance load: no kind of work is mapped to governance.
    - Cross-stream wait and dependency knots: no blocking link between items is recorded.
    - Integration interval: no release or integration event with delivered items of an epic is recorded.
    - Finished, not released: no release is recorded, so what is delivered counts as released.
    - Cadence fit: no cadence is declared.

    ## 3. What signals should influence our next funding decision?

    - No signal of this section has enough data yet.
    - Outcome movement: no outcome measure is declared.
    - Time to first evidence: no epic names an outcome measure, so no reading could be evidence.
    - Decision latency: no state of an epic is mapped, so nothing says which ones wait for a decision.
    - Decision follow-through: no decision to start, stop, or give more or less to a stream, theme or epic is recorded.
    - Unexamined continuation: no cadence is declared.
    - Expectation record: no decision is recorded.
    - No epic is known, so no bet can be looked at. One such declaration, with your own names and values, would unlock most (outcome movement, time to first evidence and unexamined continuation):

      ```
      [[epic]]
      ref = "PAY-100"
      hypothesis = "..."
      outcome = "refund-contacts"
      ```

    ---
    No series has enough data for a usual range.
    Revisions: none.
    No series was tested, so no false alarm is possible. This page contains no person, no team comparison, no dates to come and no completion figures.
    "#);
}

fn titled(story: &mut Story, old: &str, new: &str) {
    for record in &mut story.jira {
        if let Record::Issue(issue) = record
            && issue.summary == old
        {
            new.clone_into(&mut issue.summary);
        }
    }
    let escaped = new.replace('"', "\\\"");
    let (was, is) = (format!("title = {old:?}"), format!("title = \"{escaped}\""));
    assert!(story.portfolio_toml.contains(&was));
    story.portfolio_toml = story.portfolio_toml.replace(&was, &is);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_titles_are_inert() {
    let mut story = story::generate(1, now(), Size::Test);
    titled(&mut story, "Wallet", "[x](http://evil.example) @all <script>");
    titled(&mut story, "Ledger split", "| a *b* `c` \u{202e}# www.evil.example ![i](//x) \"q\"");
    let staged = Staged::new(Source::from(story), now()).await;
    let page = staged.portfolio().await;
    let wallet = "\"\\[x\\](http\\://evil.example) @\u{200b}all \\<script\\>\"";
    assert_eq!(page.markdown.matches(wallet).count(), 2, "{}", page.markdown);
    let ledger = "\"| a \\*b\\* \\`c\\`  \\# www\\.evil.example \\!\\[i\\](//x) 'q'\"";
    assert!(page.markdown.contains(ledger), "{}", page.markdown);
    // What is left when every escaped character is taken out.
    let (mut bare, mut characters) = (String::new(), page.markdown.chars());
    while let Some(c) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            c => bare.push(c),
        }
    }
    for live in ["](", "@all", "<script", "\u{202e}", "http://", "www."] {
        assert!(!bare.contains(live), "{live} is live in\n{bare}");
        let inert = page.html.replace("[x](", "").replace("![i](", "");
        assert!(!inert.contains(live), "{live} is live in\n{inert}");
    }
}

/// Everything that an HTML page can hold, written by hand, so that no signal changes it.
fn sample() -> Digest {
    let slice =
        |name: &str| Slice { dimension: "stream", id: name.to_lowercase(), name: name.to_owned() };
    let row = |name: &str, observed: Option<f64>, state: &str| IntentRow {
        slice: slice(name),
        declared: Some(0.25),
        band: Some((0.2, 0.3)),
        observed,
        weekly: observed.map(|share| (share - 0.02, share + 0.01)),
        attribution: None,
        state: state.to_owned(),
    };
    let told = |subject: &str| Observation {
        subject: subject.to_owned(),
        evidence: "attention was 34 % against a declared 25 % over 8 weeks (784 team-days).".into(),
        uncertainty: "Without the epic \"Wallet & <b>Co</b>\" the share is 26 %.".into(),
        question: "Which of the two is out of date: the intent, or its scope?".into(),
    };
    let section = |question: Question, heading: &str| Section {
        question,
        heading: heading.to_owned(),
        table: Vec::new(),
        observations: Vec::new(),
        silence: Vec::new(),
        unlock: None,
        overflow: 0,
    };
    let as_of = now();
    let week = Week::of(as_of.plus_days(-3), Tz::UTC);
    Digest {
        title: "Streamgauge digest: Northwind".into(),
        header: Header {
            vocabulary: Vocabulary::Generic,
            portfolio: "Northwind".into(),
            as_of,
            known: as_of,
            zone: "Europe/Berlin".into(),
            week,
            period: week.period(Tz::UTC),
            cadence: None,
            definitions: Vec::new(),
        },
        dateline: "Week 2026-W24, 8 to 14 June 2026 (Europe/Berlin). Data as known on 15 June."
            .into(),
        stale: vec![
            "Data from \"jira\" is 3 days old (last complete pull 12 June 2026 05:00); everything \
             below about it is as of then. The status page and `streamgauge check` tell why."
                .into(),
        ],
        sections: vec![
            Section {
                table: vec![
                    row("Booking", Some(0.17), "within the band"),
                    row("Payments", Some(0.34), "outside the band in 8 of 8 weeks"),
                    row("Fleet", None, "not enough data"),
                ],
                observations: vec![Told {
                    signal: "P1",
                    dimension: "stream",
                    slice: "payments".into(),
                    link: None,
                    observation: told("Payments"),
                }],
                overflow: 1,
                ..section(Question::Investment, "1. Are we investing in the correct value streams?")
            },
            Section {
                silence: vec!["Nothing outside the usual range.".into()],
                unlock: Some(Unlock {
                    sentence: "No outcome is declared. One such declaration would unlock most:"
                        .into(),
                    declaration: "[[outcome]]\nid = \"refund-contacts\"".into(),
                }),
                ..section(Question::Flow, "2. Where is the flow breaking down across the system?")
            },
        ],
        due_reviews: vec![DueReview {
            decision: "D-4".into(),
            subject: "More for www.evil.example".into(),
            verb: "more".into(),
            expected: "Returns up".into(),
            review_at: as_of.plus_days(-3),
        }],
        tally: Tally {
            series: 46,
            usual: 44,
            confirmed: 1,
            expected_false_alarms: 0.9,
            ..Tally::default()
        },
        unconfirmed: vec!["Fleet throughput (down)".into()],
        unseen: vec!["9 items were done from their creation on.".into(), "A second thing.".into()],
        revisions: vec!["2026-W22 Booking delivered 11 (published as 12)".into()],
        since: None,
        redefined: vec!["The definition of Ageing (V4) changed with 0.2.0. It ends later.".into()],
        false_alarms: "About one of the confirmed observations may be a false alarm.".into(),
        appendix: vec![Told {
            signal: "V5",
            dimension: "stream",
            slice: "booking".into(),
            link: None,
            observation: told("@all Booking"),
        }],
    }
}

#[test]
fn the_mail_as_it_stands() {
    let digest = sample();
    let html = html::render(&digest, None);
    assert_eq!(words_of_html(&html), words_of_markdown(&markdown::render(&digest)));
    assert_snapshot!(html.replace("><", ">\n<"));
}

/// Where the daemon has an address, every observation links to its signal page at both clocks of
/// the digest, in every form; nothing else is linked, and the words stay the same.
#[test]
fn every_observation_links_to_its_signal_page() {
    let plain = sample();
    let mut digest = plain.clone();
    digest.link("https://gauge.example.com/");
    let clocks = "as_of=2026-06-15T06:00:00Z&known=2026-06-15T06:00:00Z";
    let first = format!("https://gauge.example.com/signals/P1?slice=stream:payments&{clocks}");
    let second = format!("https://gauge.example.com/signals/V5?slice=stream:booking&{clocks}");

    let text = markdown::render(&digest);
    for link in [format!("- **[Payments]({first})**: "), format!(" Booking]({second})**: ")] {
        assert!(text.contains(&link), "{link}\n{text}");
    }
    assert_eq!(violations(&text, &[]), [] as [String; 0], "{text}");
    let mut bare = text.clone();
    for link in [&first, &second] {
        bare = bare.replace(&format!("]({link})"), "").replace("**[", "**");
    }
    assert_eq!(bare, markdown::render(&plain));

    let mail = html::render(&digest, None);
    for link in [&first, &second] {
        assert!(mail.contains(&format!("<a href=\"{}\"", link.replace('&', "&amp;"))), "{mail}");
    }
    assert_eq!(mail.matches("<a ").count(), 2);
    assert_eq!(words_of_html(&mail), words_of_html(&html::render(&plain, None)));

    let slack: serde_json::Value = serde_json::from_str(&slack::render(&digest)).expect("JSON");
    let slack = slack.to_string();
    let address = first.replace('&', "&amp;");
    assert!(slack.contains(&format!("*<{address}|Payments>*: ")), "{slack}");
    let teams: serde_json::Value = serde_json::from_str(&teams::render(&digest)).expect("JSON");
    let open = serde_json::json!({"type": "Action.OpenUrl", "url": first});
    let teams = teams.to_string();
    assert!(teams.contains(&open.to_string()), "{teams}");
    assert_eq!(teams.matches("Action.OpenUrl").count(), 2);

    let told = serde_json::to_value(&digest).expect("plain data");
    assert_eq!(told["sections"][0]["observations"][0]["link"], first.as_str());
    assert_eq!(told["appendix"][0]["link"], second.as_str());
    let unlinked = serde_json::to_value(&plain).expect("plain data");
    assert!(unlinked["appendix"][0].get("link").is_none());
}

/// An issue of a team that was delivered some weeks ago, in a week that the page shows.
pub fn delivered(story: &Story) -> &IssueRecord {
    let done: Vec<u64> = story
        .jira
        .iter()
        .filter_map(|record| match record {
            Record::Status(status) if status.category.as_deref() == Some("done") => Some(status.id),
            _ => None,
        })
        .collect();
    let (from, to) = (now().plus_days(-40), now().plus_days(-10));
    let issue = story.jira.iter().find_map(|record| match record {
        Record::Issue(issue)
            if done.contains(&issue.status)
                && issue.parent.is_some()
                && issue.resolved.is_some_and(|at| from < at && at < to) =>
        {
            Some(issue)
        }
        _ => None,
    });
    issue.expect("something was delivered")
}

/// The status that an issue came from when it was done.
pub fn former_status(issue: &IssueRecord) -> u64 {
    let moves = issue.histories.iter().rev().flat_map(|history| &history.items);
    let from = moves.filter(|item| item.field == "status").find_map(|item| item.from.clone());
    from.and_then(|id| id.parse().ok()).expect("a status change")
}

fn monday(folder: &std::path::Path) -> Vec<Settings> {
    vec![Settings {
        id: "monday".to_owned(),
        audience: "portfolio".to_owned(),
        at: "0 9 * * MON".to_owned(),
        to: vec![format!("file:{}", folder.display())],
        format: vec![Format::Md, Format::Html],
        at_least_once: false,
        at_boundaries: false,
    }]
}

/// A digest goes out once a tick and channel, stays as it was sent, and the next one tells what
/// later knowledge changed.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_stays_and_what_changed_is_told() {
    let story = story::generate(1, now(), Size::Test);
    let staged = Staged::new(Source::from(story.clone()), now()).await;
    let folder = staged.folder().join("digests");
    let outbox = |gauge: &Arc<Gauge>| {
        let (clock, channels) = (staged.clock.clone(), Channels::new());
        Outbox::new(Arc::clone(gauge), clock, &monday(&folder), &channels).expect("a schedule")
    };
    let first = outbox(&staged.demo.gauge);
    let (nothing, one) = (Sent::default(), Sent { delivered: 1, ..Sent::default() });
    assert_eq!(first.step().await.expect("the store answers"), nothing, "nothing is due");
    staged.clock.advance(Duration::from_secs(3_600));
    assert_eq!(first.step().await.expect("the store answers"), one);
    assert_eq!(first.step().await.expect("the store answers"), nothing, "once a tick");

    // Another process over the same store.
    let portfolio = Portfolio::parse(&story.portfolio_toml, "portfolio.toml").expect("it parses");
    let clock: Arc<dyn Clock> = staged.clock.clone();
    let gauge = Arc::new(Gauge::new(staged.demo.store.clone(), Arc::new(portfolio), clock));
    let second = outbox(&gauge);
    assert_eq!(second.step().await.expect("the store answers"), nothing, "it has been sent");

    let path = folder.join("monday-2026-06-15T0900.md");
    let sent = fs::read_to_string(&path).expect("the digest is there");
    assert!(sent.contains("Revisions: none."), "{sent}");
    let moment = Moment { as_of: Some(staged.now()), known: Some(staged.now()) };
    let again = staged.page(&Scope::Portfolio, moment).await;
    assert_eq!(again.markdown, sent);
    assert_eq!(fs::read_to_string(path.with_extension("html")).expect("it is there"), again.html);
    assert!(!path.with_extension("json").exists(), "only what `format` names");

    // An item of an earlier week is reopened.
    let issue = delivered(&story);
    staged.clock.advance(Duration::from_secs(86_400));
    let jira = staged.demo.stage.jira.as_ref().expect("there is a Jira");
    lock(&jira.site).transition(issue.id, former_status(issue)).expect("it is reopened");
    staged.pass().await;
    assert_eq!(staged.page(&Scope::Portfolio, moment).await.markdown, sent, "as it was known then");

    staged.clock.set(now().plus_days(7).plus_millis(3_600_000));
    staged.pass().await;
    assert_eq!(second.step().await.expect("the store answers"), one);
    assert_eq!(first.step().await.expect("the store answers"), nothing, "the other one sent it");
    let next = fs::read_to_string(folder.join("monday-2026-06-22T0900.md")).expect("it is there");
    let line = next.lines().find(|line| line.starts_with("Revisions:")).expect("a line");
    println!("{} was reopened: {line}", issue.key);
    let (_, change) = line.split_once(" delivered ").expect("one count changed");
    let (after, before) = change.split_once(" (published as ").expect("both are told");
    let before = before.trim_end_matches(").");
    let number = |text: &str| text.parse::<i64>().unwrap_or_else(|_| panic!("{line}"));
    assert_eq!(number(before) - number(after), 1, "{line}");
    assert_eq!(violations(&next, &story.teams), [] as [String; 0]);

    assert_eq!(fs::read_to_string(&path).expect("it is still there"), sent);
    let kept = staged.demo.store.sent_digests(10).await.expect("the store answers");
    assert_eq!(kept.len(), 2);
    let oldest: serde_json::Value =
        serde_json::from_str(&kept.last().expect("two").content).expect("it is JSON");
    assert_eq!(oldest["md"], sent.as_str());

    // Had the first one told throughput by another definition, its numbers would not be compared,
    // and the next one would say so in their place.
    let at = Moment { as_of: Some(staged.now()), known: Some(staged.now()) };
    let again = || async {
        let mut page = staged.page(&Scope::Portfolio, at).await;
        let last = ("portfolio", Some("monday"));
        since::tell(&gauge, last, &Scope::Portfolio, &mut page.digest, &page.report)
            .await
            .expect("the store answers");
        page.digest
    };
    let same = again().await;
    assert_eq!((same.revisions.len(), same.redefined.len()), (1, 0), "{:?}", same.against_last());
    let db = rusqlite::Connection::open(staged.folder().join("streamgauge.db")).expect("it opens");
    let older = r#"UPDATE digests SET content = replace(content, '"V2":1', '"V2":0')"#;
    assert_eq!(db.execute(older, []).expect("it is written"), 2);
    let other = again().await;
    assert_eq!((other.revisions.len(), other.redefined.len()), (0, 1), "{other:?}");
    let told = markdown::render(&other);
    let note = "The definition of Throughput (V2) changed with 0.1.0.";
    assert!(told.contains(note) && told.contains("are not comparable"), "{told}");
    assert_eq!(html::render(&other, None).matches(note).count(), 1);
    assert!(slack::render(&other).contains(note));
    assert!(!other.since.expect("there was one").sentence().contains("(V2)"));
}

/// Data that grows old is told at once, in the words of the house, for the moment that is asked.
#[tokio::test(flavor = "multi_thread")]
async fn old_data_is_told_under_the_title() {
    let staged = Staged::new(Source::from(story::generate(1, now(), Size::Test)), now()).await;
    let live = Moment::default();
    assert_eq!(staged.page(&Scope::Portfolio, live).await.digest.stale, [] as [String; 0]);
    let fresh = staged.now();
    staged.clock.advance(Duration::from_secs(75 * 3_600));
    let page = staged.page(&Scope::Portfolio, live).await;
    well_worded(&page, "75 hours old");
    mail_is_safe(&page, "75 hours old");
    let lines: Vec<&str> = page.markdown.lines().collect();
    let place = lines.iter().position(|line| line.starts_with("> ")).expect("a line");
    assert!(place <= 3, "right under the title:\n{}", page.markdown);
    assert!(lines[place].starts_with("> Data from \"github\" is 3 days old"), "{}", lines[place]);
    assert_eq!(page.digest.stale.len(), 2, "{:?}", page.digest.stale);
    for then in [
        Moment { as_of: Some(fresh), known: None },
        Moment { as_of: Some(fresh), known: Some(fresh) },
        Moment { as_of: None, known: Some(fresh) },
    ] {
        let past = staged.page(&Scope::Portfolio, then).await;
        assert_eq!(past.digest.stale, [] as [String; 0], "{then:?}: it was fresh then");
    }
    let since = Moment { as_of: None, known: Some(fresh.plus_days(2)) };
    let told = staged.page(&Scope::Portfolio, since).await.digest.stale;
    assert!(told[0].starts_with("Data from \"github\" is 2 days old"), "{told:?}");
}
