//! From an empty folder to a digest: the real program against simulated trackers, with nothing
//! but their addresses and the names of two environment variables.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod map;
mod refusals;

use std::path::PathBuf;
use std::sync::Arc;

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Recording, Source, Stage};
use streamgauge::portfolio::Portfolio;
use streamgauge::sim::people::MARK;
use streamgauge::spawn::Spawner;

use crate::support::gate::{Gate, contains};
use crate::support::program::{Desk, PORTFOLIO, SETTINGS};

/// What no question may name.
const UNASKED: [&str; 12] = [
    "assignee",
    "reporter",
    "creator",
    "author",
    "actor",
    "lead",
    "email",
    "comment",
    "description",
    "body",
    "duedate",
    "estimate",
];

/// Trackers behind a gate, and a desk in an empty folder.
struct Contact {
    desk: Desk,
    gate: Gate,
    user: &'static str,
    _stage: Stage,
}

impl Contact {
    async fn with(source: Source) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let stage = Stage::start(source, &clock, &Spawner::tokio()).await.unwrap();
        let gate = Gate::open(&stage).await;
        let (jira, github) = (stage.jira.as_ref().unwrap(), stage.github.as_ref().unwrap());
        let desk = Desk::empty().env("JIRA_TOKEN", jira.token).env("GITHUB_TOKEN", github.token);
        Self { desk, gate, user: jira.user, _stage: stage }
    }

    /// Both trackers, everything that can be seen.
    fn init(&self, more: &[&str]) -> String {
        let (jira, github) = (self.gate.jira.as_str(), self.gate.github.as_str());
        let mut args =
            vec!["init", "--jira", jira, "--jira-user", self.user, "--github-url", github];
        args.extend(["--timezone", "Europe/Berlin"]);
        args.extend(more);
        self.desk.done(&args)
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.desk.path(name)).unwrap()
    }
}

fn recorded() -> (Source, String) {
    let files = ["jirametrics.jira.jsonl.gz", "ants.github.jsonl.gz"];
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/payloads/normal");
    let recording = Recording::read(&files.map(|name| folder.join(name))).unwrap();
    let end = recording.end().unwrap().to_string();
    (Source::from(recording), end)
}

/// What is written as a comment and meant to be used.
fn switched_on(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn four_commands_lead_from_an_empty_folder_to_a_digest() {
    let (source, end) = recorded();
    let contact = Contact::with(source).await;
    let desk = &contact.desk;
    let mut told = contact.init(&[]);
    assert!(told.contains("1 project, 10 items"), "{told}");
    assert!(told.contains("1 repository, 41 items"), "{told}");
    for command in ["streamgauge check", "streamgauge sync", "streamgauge digest"] {
        assert!(told.contains(command), "{told}");
    }

    let checked = desk.done(&["check"]);
    assert!(checked.contains("jira: alive"), "{checked}");
    assert!(checked.contains("github: alive"), "{checked}");
    let synced = desk.done(&["sync"]);
    assert!(synced.contains("41 read") && synced.contains("10 read"), "{synced}");

    // Everything that was read is placed: each project is claimed as a whole.
    let covered = desk.json(&["check", "--json"]);
    let coverage = &covered["coverage"];
    assert_eq!(coverage["items"], 51, "{coverage}");
    assert_eq!(coverage["placed"], coverage["items"], "{coverage}");

    let digest = desk.done(&["digest", "--as-of", &end]);
    for truth in [
        "# Streamgauge digest: Portfolio",
        "(Europe/Berlin)",
        "Not visible here:",
        "Streams with fewer than three teams are shown together as other streams.",
        "no intent is declared",
    ] {
        assert!(digest.contains(truth), "no `{truth}` in\n{digest}");
    }

    told.push_str(&checked);
    told.push_str(&synced);
    told.push_str(&digest);
    assert!(!told.contains(MARK), "{told}");
    let files = desk.files();
    assert!(files.len() >= 3, "{:?}", files.keys());
    for (path, bytes) in files {
        assert!(!contains(&bytes, MARK.as_bytes()), "{} names a person", path.display());
    }
    assert!(contact.gate.peopled("jira") > 0, "no answer named anybody: the test sees nothing");
    for call in contact.gate.calls() {
        let asked = format!("{} {}", call.target, call.body).to_lowercase();
        for word in UNASKED {
            let mut words = asked.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(
                !words.any(|one| one == word),
                "asks for {word}: {} {}",
                call.target,
                call.body
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_as_an_alternative_can_be_switched_on() {
    let (source, _) = recorded();
    let contact = Contact::with(source).await;
    contact.init(&[]);
    let text = switched_on(&contact.file(PORTFOLIO));
    Portfolio::parse(&text, "portfolio.toml").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let text = switched_on(&contact.file(SETTINGS));
    std::fs::write(contact.desk.path(SETTINGS), &text).unwrap();
    let ran = contact.desk.run(&["check", "--offline"]);
    // The secrets of the webhooks are not set here, which is the only thing left to say.
    assert_eq!(ran.code, 2, "{ran:?}\n{text}");
    assert!(ran.err.contains("_WEBHOOK_SECRET is not set"), "{ran:?}");
}
