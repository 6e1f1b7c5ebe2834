//! Every digest that is rendered here keeps the wording rules, is inert, and is the same structure
//! in both forms; sent digests stay as they were sent, and what changed later is told.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use streamgauge::clock::Clock;
use streamgauge::demo::{Recording, Source};
use streamgauge::digests::markdown::observation_line;
use streamgauge::digests::outbox::{Outbox, Sent};
use streamgauge::digests::settings::Digest as Settings;
use streamgauge::digests::wording::violations;
use streamgauge::gauge::{Gauge, Moment};
use streamgauge::model::Timestamp;
use streamgauge::portfolio::Portfolio;
use streamgauge::signals::Scope;
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
        assert!(!line.contains("0.0") && !line.contains("NaN"), "{line}");
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
    assert_snapshot!(staged.portfolio().await.markdown, @"");
}

/// With nothing synced the page says what is missing and claims nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_digest_of_an_empty_store() {
    let source = Source { portfolio: "name = \"New\"\n".to_owned(), ..Source::default() };
    let staged = Staged::new(source, now()).await;
    let page = staged.portfolio().await;
    silence_is_explained(&page);
    assert_snapshot!(page.markdown, @"");
}

fn titled(story: &mut Story, old: &str, new: &str) {
    for record in &mut story.jira {
        if let Record::Issue(issue) = record
            && issue.summary == old
        {
            new.clone_into(&mut issue.summary);
        }
    }
    let (was, is) = (format!("title = {old:?}"), format!("title = {new:?}"));
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
    same_structure(&page);
    let wallet = "\"\\[x\\](http\\://evil.example) @\u{200b}all \\<script\\>\"";
    assert_eq!(page.markdown.matches(wallet).count(), 2, "{}", page.markdown);
    let ledger = "\"| a \\*b\\* \\`c\\`  \\# www\\.evil.example \\!\\[i\\](//x) 'q'\"";
    assert!(page.markdown.contains(ledger), "{}", page.markdown);
    for live in ["](", "@all", "<script", "\u{202e}", "http://", "www.e"] {
        let bare = page.markdown.replace("\\](", "");
        assert!(!bare.contains(live), "{live} is live in\n{}", page.markdown);
    }
}

/// An issue of a team that was delivered some weeks ago, in a week that the page shows.
fn delivered(story: &Story) -> &IssueRecord {
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
fn former_status(issue: &IssueRecord) -> u64 {
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
        Outbox::new(Arc::clone(gauge), staged.clock.clone(), &monday(&folder)).expect("a schedule")
    };
    let first = outbox(&staged.demo.gauge);
    let (nothing, one) = (Sent::default(), Sent { delivered: 1, failed: 0 });
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
    assert_eq!(staged.page(&Scope::Portfolio, moment).await.markdown, sent);

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
    let count = |text: &str| text.split(" delivered ").count() - 1;
    assert_eq!(count(line), 1, "{line}");
    let numbers: Vec<i64> = line.rsplit(" delivered ").next().map_or_else(Vec::new, |change| {
        change.split("->").filter_map(|n| n.trim_matches([' ', '.', '\\']).parse().ok()).collect()
    });
    assert_eq!(numbers.len(), 2, "{line}");
    assert_eq!(numbers[0] - numbers[1], 1, "{line}");
    assert_eq!(violations(&next, &story.teams), [] as [String; 0]);

    assert_eq!(fs::read_to_string(&path).expect("it is still there"), sent);
    let kept = staged.demo.store.sent_digests(10).await.expect("the store answers");
    assert_eq!(kept.len(), 2);
    let oldest: serde_json::Value =
        serde_json::from_str(&kept.last().expect("two").content).expect("it is JSON");
    assert_eq!(oldest["markdown"], sent.as_str());
}
