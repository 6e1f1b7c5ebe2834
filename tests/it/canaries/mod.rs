//! What must never leave the payloads: people, secrets, plans. Every such value of the simulated
//! trackers is unlike any other text, and is looked for in everything the program leaves behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod plans;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage, WEBHOOK_SECRET};
use streamgauge::model::Timestamp;
use streamgauge::sim::github;
use streamgauge::sim::jira;
use streamgauge::sim::jira::faults::Trouble;
use streamgauge::sim::people::MARK;
use streamgauge::sim::story::{self, Size, Story};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;
use streamgauge::transport::Request;

use crate::kill::postman::Postman;
use crate::support::editor::Editor;
use crate::support::gate::{Call, Gate, contains};
use crate::support::process::{Daemon, Folder, client, eventually, send};
use plans::{DUE, ESTIMATE, GITHUB_DUE, POINTS, assert_payloads_are_full_of_them, plant_plans};

const WEB_TOKEN: &str = "web-credential-of-a-reader-4711";

/// Fields that tell of people or plans. None may be asked for.
const UNASKED: [&str; 26] = [
    "assignee",
    "assignees",
    "reporter",
    "creator",
    "author",
    "actor",
    "login",
    "email",
    "watches",
    "votes",
    "comment",
    "comments",
    "worklog",
    "description",
    "body",
    "duedate",
    "dueOn",
    "all",
    "timeestimate",
    "timeoriginalestimate",
    "timetracking",
    "timespent",
    "progress",
    "workratio",
    "customfield_10016",
    "estimate",
];

/// Everything that a run left behind or showed, by the place where it was found.
#[derive(Default)]
struct Traces(Vec<(String, Vec<u8>)>);

impl Traces {
    fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    /// Every file of the folder except the settings, which name the account on purpose.
    fn add_files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.add_files(&path);
            } else if path.file_name().unwrap() != "streamgauge.toml" {
                self.add(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }

    fn assert_without(&self, needles: &[(String, Vec<u8>)]) {
        for (place, bytes) in &self.0 {
            let folded = bytes.to_ascii_lowercase();
            for (name, needle) in needles {
                let found = contains(bytes, needle)
                    || (needle.is_ascii() && contains(&folded, &needle.to_ascii_lowercase()));
                assert!(!found, "{place} holds {name}: {}", around(bytes, needle));
            }
        }
    }
}

fn around(bytes: &[u8], needle: &[u8]) -> String {
    let at = bytes.windows(needle.len()).position(|w| w.eq_ignore_ascii_case(needle)).unwrap_or(0);
    let part = &bytes[at.saturating_sub(120)..(at + needle.len() + 60).min(bytes.len())];
    String::from_utf8_lossy(part).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_person_no_secret_and_no_plan_leaves_the_payloads() {
    let clock: SharedClock = Arc::new(SystemClock);
    let now = clock.now();
    let mut story = story::generate(11, now, Size::Test);
    plant_plans(&mut story);
    let source = Source::from(story.clone());
    let stage = Stage::start(source, &clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    let web = "\n[[web.token]]\nrole = \"portfolio\"\nsecret = { env = \"TEST_WEB_TOKEN\" }\n";
    let folder = Folder::new(&stage, &gate, &story.portfolio_toml).logging("trace").with(
        web,
        "TEST_WEB_TOKEN",
        WEB_TOKEN,
    );
    let mut postman = Postman::new(&stage);
    let mut editor = Editor::new(&story, story::edits(11, now, Size::Test), &stage);
    let mut traces = Traces::default();
    assert_payloads_are_full_of_them(&stage, &gate).await;

    troubled_syncs(&stage, &folder, &mut traces).await;
    commands(&folder, &story, &mut traces).await;
    let mut daemon = folder.serve().await;
    for _ in 0..40 {
        editor.step();
    }
    webhooks(&mut postman, &daemon, &mut traces).await;
    pages(&daemon, &story, &mut traces).await;
    let store = Store::open_read_only(&folder.url(), Arc::clone(&clock)).await.unwrap();
    eventually(async || store.counts().await.unwrap().hints == 0, "hints are followed").await;
    traces.add_files(folder.path());
    daemon.signal("TERM");
    assert_eq!(daemon.code().await, Some(0));
    traces.add_files(folder.path());

    let log = fs::read(folder.daemon_log()).unwrap();
    assert!(contains(&log, b"TRACE") && contains(&log, b"DEBUG"), "the log is as loud as it gets");
    assert!(gate.peopled("jira") > 0, "answers that were read name people");
    let places = traces.0.len();
    let bytes: usize = traces.0.iter().map(|(_, bytes)| bytes.len()).sum();
    println!("{places} places, {bytes} bytes searched; {} requests", gate.calls().len());
    traces.assert_without(&needles(&stage));
    assert_only_reads(&stage, &gate.calls());
}

/// What is looked for, with its name.
fn needles(stage: &Stage) -> Vec<(String, Vec<u8>)> {
    let (jira, github) = (stage.jira.as_ref().unwrap(), stage.github.as_ref().unwrap());
    let pair = STANDARD.encode(format!("{}:{}", jira.user, jira.token));
    let mut needles: Vec<(String, Vec<u8>)> = [
        ("a person", MARK),
        ("the token of Jira", jira.token),
        ("the account of Jira", jira.user),
        ("the credential of Jira", pair.as_str()),
        ("the token of GitHub", github.token),
        ("the secret of the webhooks", WEBHOOK_SECRET),
        ("the credential of a reader", WEB_TOKEN),
        ("a due date", DUE),
        ("a due date of GitHub", GITHUB_DUE),
        ("story points", &POINTS.to_string()),
        ("an estimate", &ESTIMATE.to_string()),
    ]
    .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
    .into();
    for (name, day) in [("a due date", DUE), ("a due date of GitHub", GITHUB_DUE)] {
        let millis = Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap().millis();
        // As SQLite and the store's own coding would write the number.
        needles.push((format!("{name}, as a number"), millis.to_be_bytes()[2..].to_vec()));
        needles.push((format!("{name}, packed"), packed(millis)));
    }
    let canaries = jira::lock(&jira.site).people().canaries();
    let canaries: Vec<String> =
        canaries.into_iter().chain(github.site.people().canaries()).collect();
    assert!(canaries.len() > 100, "{} strings of people were handed out", canaries.len());
    assert!(canaries.iter().all(|text| text.contains(MARK)));
    needles
}

/// Passes that meet broken answers, wrong rights and pages in HTML; then one that works.
async fn troubled_syncs(stage: &Stage, folder: &Folder, traces: &mut Traces) {
    let (jira, github) = (stage.jira.as_ref().unwrap(), stage.github.as_ref().unwrap());
    let troubles = [
        ("/myself", Trouble::Status(401), github::Fault::Status(401)),
        ("/search/jql", Trouble::Html, github::Fault::HtmlWith200),
        ("/issue/bulkfetch", Trouble::Malformed, github::Fault::MalformedJson),
        ("/changelog/bulkfetch", Trouble::Truncated, github::Fault::PartialData),
        ("/changelog/bulkfetch", Trouble::Status(403), github::Fault::Status(403)),
    ];
    for (path, trouble, fault) in troubles {
        let place = format!("sync that met {trouble:?} and {fault:?}");
        jira::lock(&jira.site).faults.always(path, trouble);
        github.site.with_faults(|faults| faults.add_after(1, github::On::GraphQl, fault, 1_000));
        let ended = folder.run(&["sync", "--json"]).await;
        assert_ne!(ended.code, Some(0), "{place}: {}", ended.out);
        traces.add(format!("{place}, output"), ended.out);
        traces.add(format!("{place}, log"), ended.err);
        jira::lock(&jira.site).faults.clear();
        github.site.with_faults(github::Faults::clear);
    }
    let ended = folder.run(&["sync"]).await;
    assert!(matches!(ended.code, Some(0 | 3)), "{}", ended.out);
    let wal = folder.path().join("streamgauge.db-wal");
    assert!(!wal.exists(), "the log is merged into the database before the program ends");
    traces.add("sync, output", ended.out);
    traces.add("sync, log", ended.err);
}

async fn commands(folder: &Folder, story: &Story, traces: &mut Traces) {
    let export = folder.path().join("export").display().to_string();
    let keys = keys(story);
    let mut all: Vec<Vec<&str>> = vec![
        vec!["check"],
        vec!["check", "--json"],
        vec!["map"],
        vec!["signals"],
        vec!["signals", "--json"],
        vec!["digest"],
        vec!["digest", "--format", "json"],
        vec!["digest", "--format", "html"],
        vec!["digest", "--for", "stream:booking"],
        vec!["explain", "P2"],
        vec!["explain", "NOSUCH-1"],
        vec!["export", "--out", &export],
    ];
    all.extend(
        keys.iter().take(4).flat_map(|key| {
            [vec!["explain", key.as_str()], vec!["explain", key.as_str(), "--json"]]
        }),
    );
    for args in all {
        let ended = folder.run(&args).await;
        assert!(ended.code.is_some(), "{args:?} ended by itself");
        assert!(!ended.out.is_empty() || ended.code != Some(0), "{args:?} says something");
        traces.add(format!("{args:?}, output"), ended.out);
        traces.add(format!("{args:?}, log"), ended.err);
    }
}

/// Deliveries full of people: accepted ones, forged ones, and signed ones that cannot be read.
async fn webhooks(postman: &mut Postman, daemon: &Daemon, traces: &mut Traces) {
    let client = client();
    for tracker in ["jira", "github"] {
        let waiting = postman.waiting(tracker, daemon);
        assert!(waiting.iter().any(|r| contains(r.body(), MARK.as_bytes())), "{tracker}: people");
        let mut forged: Vec<Request> = waiting.iter().take(3).cloned().collect();
        for request in &mut forged {
            let half = request.body().len() / 2;
            *request.body_mut() = request.body().slice(..half);
        }
        for request in forged {
            let answer = send(&client, request).await.unwrap();
            assert_eq!(answer.status(), 401);
            traces.add(format!("answer to a forged webhook of {tracker}"), answer.body().to_vec());
        }
        for request in waiting {
            assert!(postman.send(request).await, "{tracker}: accepted");
        }
        let broken = format!("{{\"webhookEvent\": \"jira:issue_updated\", \"issue\": [\"{MARK}\"");
        let hook = github::Hook {
            url: daemon.at(&format!("/webhooks/{tracker}")),
            secret: WEBHOOK_SECRET.to_owned(),
        };
        let delivery =
            github::Delivery { event: "issues", guid: "1".to_owned(), body: broken.into_bytes() };
        let mut request = hook.request(&delivery).unwrap();
        let signature = request.headers()["x-hub-signature-256"].clone();
        request.headers_mut().insert("x-hub-signature", signature);
        let answer = send(&client, request).await.unwrap();
        assert_eq!(answer.status(), 400, "{tracker}: signed and unreadable");
        traces.add(format!("answer to a broken webhook of {tracker}"), answer.body().to_vec());
    }
}

async fn pages(daemon: &Daemon, story: &Story, traces: &mut Traces) {
    let client = client();
    let mut paths: Vec<String> = [
        "/",
        "/map",
        "/status",
        "/api/v1/status",
        "/api/v1/report",
        "/api/v1/digest",
        "/api/v1/map",
        "/api/v1/decisions",
        "/api/v1/readings",
        "/api/v1/integrations",
        "/readyz",
        "/healthz",
        "/metrics",
        "/style.css",
        "/sign-in",
    ]
    .map(str::to_owned)
    .into();
    let shown = paths.len();
    for key in keys(story) {
        let key = key.replace('#', "%23");
        paths.extend([format!("/items/{key}"), format!("/api/v1/items/{key}")]);
    }
    paths.extend(["/nowhere", "/items/NOSUCH-1", "/?as_of=never"].map(str::to_owned));
    for (place, path) in paths.iter().enumerate() {
        for credential in [format!("Bearer {WEB_TOKEN}"), format!("Bearer {MARK}")] {
            let request = http::Request::get(daemon.at(path))
                .header("authorization", &credential)
                .body(Bytes::new());
            let answer = send(&client, request.unwrap()).await.unwrap();
            let mine = credential.ends_with(WEB_TOKEN);
            assert!(!mine || place >= shown || answer.status() == 200, "{path}: {answer:?}");
            let headers = format!("{:?}", answer.headers());
            traces.add(format!("{path}, headers"), headers);
            traces.add(path.as_str(), answer.body().to_vec());
        }
    }
}

/// Keys of items of both trackers.
fn keys(story: &Story) -> Vec<String> {
    let jira = story.jira.iter().filter_map(|record| match record {
        jira::records::Record::Issue(issue) => Some(issue.key.clone()),
        _ => None,
    });
    let mut repositories = BTreeMap::new();
    for record in &story.github {
        if let github::records::Record::Repo(repo) = record {
            repositories.insert(repo.id, format!("{}/{}", repo.owner, repo.name));
        }
    }
    let github = story.github.iter().filter_map(|record| match record {
        github::records::Record::Issue(issue) if issue.pr.is_none() => {
            Some(format!("{}#{}", repositories[&issue.repo], issue.number))
        }
        _ => None,
    });
    let mut keys = Vec::new();
    for (one, other) in jira.step_by(100).zip(github.step_by(20)).take(5) {
        keys.extend([one, other]);
    }
    keys
}

/// Nothing was asked but questions, and no question named a person or a plan.
fn assert_only_reads(stage: &Stage, calls: &[Call]) {
    let questions =
        ["/search/jql", "/search/approximate-count", "/issue/bulkfetch", "/changelog/bulkfetch"];
    for call in calls.iter().filter(|call| !call.target.contains("*all")) {
        let path = call.target.split('?').next().unwrap();
        let asks = match (call.tracker, call.method.as_str()) {
            (_, "GET") => true,
            ("jira", "POST") => questions.iter().any(|end| path.ends_with(end)),
            ("github", "POST") => path == "/graphql" && !call.body.contains("mutation"),
            _ => false,
        };
        assert!(asks, "{call:?} may change something");
        let words: BTreeSet<&str> = words_of(&call.target).chain(words_of(&call.body)).collect();
        let named: Vec<&&str> = UNASKED.iter().filter(|word| words.contains(**word)).collect();
        assert!(named.is_empty() || call.target.contains("/issues?state"), "{call:?}: {named:?}");
    }
    let jira = jira::lock(&stage.jira.as_ref().unwrap().site);
    for (endpoint, status) in jira.log.counts().keys() {
        let asks = endpoint.starts_with("GET ") || questions.iter().any(|q| endpoint.ends_with(q));
        assert!(asks, "{endpoint} was answered {status}");
    }
    for what in stage.github.as_ref().unwrap().site.requests().counts.keys() {
        assert!(what.starts_with("GET ") || what.starts_with("POST /graphql"), "{what}");
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// A signed number as the store packs it: zigzag, seven bits a byte, the lowest first.
fn packed(number: i64) -> Vec<u8> {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}
