//! Whole conversations with trackers, damaged: the real clients ask everything that the product
//! asks, and get what the fuzzer made of recorded answers. So every type that is read from a
//! tracker is reached, whether or not a test can name it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use streamgauge::clock::{Clock, ManualClock, SharedClock};
use streamgauge::demo::{Recording, Source};
use streamgauge::entropy::Entropy;
use streamgauge::model::{ConnectionId, Gap, Item, Timestamp};
use streamgauge::sim::{github as hub, jira as atlassian};
use streamgauge::trackers::github::{Auth, GitHub};
use streamgauge::trackers::{ScanId, Tracker, TrackerError, github, jira};
use streamgauge::transport::{Limits, Request, Response, Transport, TransportError, Wire};

use super::targets::converted;
use super::{Shape, Target};
use crate::github_app::{APP, KEY};

/// The most questions that a conversation may take, whatever is answered.
const QUESTIONS: u64 = 3_000;
const NOW: &str = "2026-06-17T09:30:00Z";

/// Which client asks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Cloud,
    Center,
    Token,
    Server,
    App,
}

/// What a question is recorded and answered by: its path, or the name of its query.
fn name(request: &Request) -> String {
    let path = request.uri().path();
    if path.ends_with("/graphql") {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let query = body["query"].as_str().unwrap_or_default();
        let named = query.split_once("query ").map_or("", |(_, rest)| rest);
        return named.split(['(', ' ', '{']).next().unwrap_or_default().to_owned();
    }
    format!("{} {path}", request.method())
}

/// The client of GitHub starts a task of its own, so it is made where tasks can run.
fn tracker(kind: Kind, transport: Transport) -> Arc<dyn Tracker> {
    run(async { made(kind, transport) })
}

fn made(kind: Kind, transport: Transport) -> Arc<dyn Tracker> {
    let connection = ConnectionId("fuzz".into());
    let secrets = vec![super::targets::SECRET.into()];
    let own = |server: bool, auth: Auth| -> Arc<dyn Tracker> {
        let scopes = vec!["northwind/*".to_owned(), "acme/pay".to_owned()];
        let mut config = github::Config::new(connection.clone(), scopes, "token".into());
        config.auth = auth;
        config.server = Some(server);
        config.api = "http://127.0.0.1:9".into();
        config.webhook_secrets.clone_from(&secrets);
        Arc::new(GitHub::new(config, transport.clone()).unwrap())
    };
    match kind {
        Kind::Cloud => Arc::new(jira::connect(
            jira::Config {
                connection,
                site: "http://127.0.0.1:9".into(),
                gateway: "http://127.0.0.1:9".into(),
                scopes: PROJECTS.to_vec(),
                user: "gauge@example.com".into(),
                token: "token".into(),
                webhook_secrets: secrets,
                titles: true,
                blocking: vec!["Blocks".into()],
            },
            transport,
        )),
        Kind::Center => {
            let config = jira::center::Config {
                connection,
                site: "http://127.0.0.1:9".into(),
                scopes: PROJECTS.to_vec(),
                token: "token".into(),
                webhook_secrets: secrets,
                titles: true,
                blocking: vec!["Blocks".into()],
            };
            Arc::new(jira::center::connect(config, transport).unwrap())
        }
        Kind::Token => own(false, Auth::Token("token".into())),
        Kind::Server => own(true, Auth::Token("token".into())),
        Kind::App => {
            let key = github::AppKey::new(APP, &KEY.0.as_str().into(), None).unwrap();
            own(false, Auth::App(key))
        }
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// What one conversation brought.
#[derive(Default)]
struct Heard {
    items: Vec<Item>,
    gaps: Vec<Gap>,
    /// How each question ended.
    ends: String,
    ids: Vec<String>,
}

impl Heard {
    fn note<T>(&mut self, told: Result<T, TrackerError>) -> Option<T> {
        self.ends.push(match &told {
            Ok(_) => '+',
            Err(TrackerError::Unauthorized(_)) => 'u',
            Err(TrackerError::Refused(_)) => 'r',
            Err(TrackerError::Wait { .. }) => 'w',
            Err(TrackerError::Unavailable(_)) => 'a',
            Err(TrackerError::Malformed(_)) => 'm',
            Err(TrackerError::BadToken(_)) => 't',
        });
        told.ok()
    }
}

/// Asks everything. `page` and `scan` stand for what the database kept of an earlier walk.
async fn everything(tracker: &dyn Tracker, now: Timestamp, kept: Option<&str>) -> Heard {
    let mut heard = Heard::default();
    let probe = tracker.probe().await;
    heard.note(probe);
    let catalogue = tracker.catalogue(true).await;
    heard.note(catalogue);
    let mut scans: Vec<ScanId> = tracker.scans().into_iter().take(6).collect();
    if let Some(kept) = kept {
        scans.push(ScanId(kept.to_owned()));
        tracker.recall(&[(ScanId(kept.to_owned()), now)]);
    }
    for scan in scans {
        let mut page = kept.map(str::to_owned);
        for since in [None, Some(now)] {
            let told = tracker.discover(&scan, since, now, page.as_deref()).await;
            let Some(told) = heard.note(told) else { continue };
            heard.ids.extend(told.stamps.into_iter().map(|stamp| stamp.source));
            heard.ids.extend(told.items.iter().map(|item| item.id.source.clone()));
            heard.items.extend(told.items);
            heard.gaps.extend(told.gaps);
            page = told.next;
        }
    }
    let mut ids = heard.ids.clone();
    ids.push(kept.unwrap_or("7").to_owned());
    ids.truncate(tracker.batch());
    let told = tracker.read(&ids).await;
    if let Some(told) = heard.note(told) {
        heard.items.extend(told.items);
        heard.gaps.extend(told.gaps);
    }
    let mut projects: Vec<String> = tracker.projects().into_iter().take(3).collect();
    projects.extend(kept.map(str::to_owned));
    for project in &projects {
        let told = tracker.standing(project).await;
        heard.note(told);
        let told = tracker.roll(project, kept).await;
        heard.note(told);
    }
    let told = tracker.fate(&ids[0], kept.unwrap_or("PAY-1")).await;
    heard.note(told);
    let told = tracker.inventory(&projects).await;
    heard.note(told);
    let told = tracker.inventory(&[]).await;
    heard.note(told);
    let told = tracker.rights().await;
    heard.note(told);
    heard
}

/// A client on a wire that answers at once. No try is repeated.
fn over(wire: Wire, clock: &Arc<ManualClock>) -> Transport {
    let limits = Limits { backoff: Vec::new(), ..Limits::default() };
    let clock: SharedClock = clock.clone();
    Transport::over(wire, limits, clock, Entropy::from_seed(1))
}

static PROJECTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let keys = RECORDS.jira.iter().filter_map(|record| match record {
        atlassian::records::Record::Project(project) => Some(project.key.clone()),
        _ => None,
    });
    keys.take(2).collect()
});

static RECORDS: LazyLock<Source> = LazyLock::new(|| {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/payloads/normal");
    Source::from(Recording::read(&[folder.join("devlake-cloud.sample.jsonl")]).unwrap())
});

type Answer = (u16, Vec<(String, String)>, Bytes);

/// Asks a simulated tracker everything and keeps the first answer to each question, as one object.
fn recorded(kind: Kind) -> Vec<u8> {
    let clock = ManualClock::at(Timestamp::parse(NOW).unwrap());
    let shared: SharedClock = clock.clone();
    let answer: Arc<dyn Fn(&Request) -> Response + Send + Sync> = match kind {
        Kind::Cloud | Kind::Center => {
            let mut site = atlassian::Site::new(shared);
            RECORDS.jira.iter().cloned().for_each(|record| site.add(record));
            if kind == Kind::Center {
                site.dialect = atlassian::Dialect::Center(atlassian::Center::default());
            }
            site.limits.usual = None;
            let site = site.shared();
            Arc::new(move |request| {
                let reply = atlassian::lock(&site).answer(&anyone(request));
                let mut response = Response::new(reply.body);
                *response.status_mut() = reply.status;
                *response.headers_mut() = reply.headers;
                response
            })
        }
        Kind::Token | Kind::Server | Kind::App => {
            let site = hub::Site::new(Vec::new(), shared);
            site.set_token("token");
            if kind == Kind::Server {
                site.set_server(Some("3.17.4"));
            }
            site.set_app(APP, &KEY.1).unwrap();
            site.install(5, hub::Installation::at("northwind"));
            site.install(6, hub::Installation::at("acme"));
            site.edit(|edits| {
                let (one, two) = (
                    edits.create_repository("northwind", "shop"),
                    edits.create_repository("acme", "pay"),
                );
                for repo in [one, two] {
                    let (a, b) =
                        (edits.create_issue(repo, "first")?, edits.create_issue(repo, "second")?);
                    edits.label(a, "bug")?;
                    edits.close(a, "completed")?;
                    edits.set_parent(b, Some(a))?;
                    edits.block(b, a)?;
                    edits.publish_release(repo, "v1")?;
                }
                Ok(())
            })
            .unwrap();
            Arc::new(move |request| {
                let mut request = request.clone();
                request.headers_mut().insert("user-agent", "test".parse().unwrap());
                site.answer(&request).response
            })
        }
    };
    let kept: Arc<Mutex<BTreeMap<String, Answer>>> = Arc::default();
    let noted = Arc::clone(&kept);
    let wire = Wire::new(tower::service_fn(move |request: Request| {
        let response = answer(&request);
        let headers = response.headers().iter();
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap_or("").to_owned()));
        let all = (response.status().as_u16(), headers.collect(), response.body().clone());
        noted.lock().unwrap().entry(name(&request)).or_insert(all);
        async move { Ok::<_, TransportError>(response) }
    }));
    let tracker = tracker(kind, over(wire, &clock));
    let heard = run(everything(tracker.as_ref(), clock.now(), None));
    assert!(heard.ends.matches('+').count() > 5, "{kind:?}: {}", heard.ends);
    let kept = kept.lock().unwrap();
    let all = kept.iter().map(|(name, (status, headers, body))| {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let headers: BTreeMap<_, _> =
            headers.iter().filter(|(name, _)| telling(name)).cloned().collect();
        (name.clone(), json!({ "status": status, "headers": headers, "body": body }))
    });
    let all: serde_json::Map<String, Value> = all.collect();
    assert!(all.len() > 4, "{kind:?} asked {:?}", all.keys());
    Value::Object(all).to_string().into_bytes()
}

/// Headers that mean something to the clients.
fn telling(name: &str) -> bool {
    ["date", "link", "retry-after", "location", "content-type"].contains(&name)
        || name.starts_with("x-")
        || name.starts_with("github-")
}

/// The simulated Jira knows its own credential only.
fn anyone(request: &Request) -> Request {
    let mut request = request.clone();
    let bearer =
        request.headers().get("authorization").is_some_and(|v| v.as_bytes().starts_with(b"Bearer"));
    let pair = format!("{}:{}", atlassian::access::USER, atlassian::access::TOKEN);
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
    let value = if bearer {
        format!("Bearer {}", atlassian::access::TOKEN)
    } else {
        format!("Basic {basic}")
    };
    request.headers_mut().insert("authorization", value.parse().unwrap());
    request
}

/// Answers each question as the input says: an object as above, or one body for everything.
fn replay(input: &[u8]) -> Wire {
    let told: Option<serde_json::Map<String, Value>> = serde_json::from_slice(input).ok();
    let (told, raw) = (Arc::new(told), Bytes::copy_from_slice(input));
    Wire::new(tower::service_fn(move |request: Request| {
        let mut response = Response::new(raw.clone());
        response.headers_mut().insert("date", "Wed, 17 Jun 2026 09:30:00 GMT".parse().unwrap());
        if let Some(all) = told.as_ref() {
            let found = all.get(&name(&request));
            let status = found.map_or(Some(404), |one| one["status"].as_u64());
            let status = status.and_then(|status| u16::try_from(status).ok());
            let status = status.and_then(|status| http::StatusCode::from_u16(status).ok());
            *response.status_mut() = status.unwrap_or(http::StatusCode::OK);
            for (name, value) in
                found.and_then(|one| one["headers"].as_object()).into_iter().flatten()
            {
                let name = http::HeaderName::from_bytes(name.as_bytes());
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(&value)) {
                    response.headers_mut().append(name, value);
                }
            }
            let body = found.map_or(Value::Null, |one| one["body"].clone());
            // A text stands for a body that is no JSON.
            let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            *response.body_mut() = body.into();
        }
        async move { Ok::<_, TransportError>(response) }
    }))
}

fn converse(kind: Kind, wire: Wire, kept: Option<&str>) -> Shape {
    let clock = ManualClock::at(Timestamp::parse(NOW).unwrap());
    let transport = over(wire, &clock);
    let tracker = tracker(kind, transport.clone());
    let heard = run(everything(tracker.as_ref(), clock.now(), kept));
    let asked = transport.requests();
    assert!(asked < QUESTIONS, "{kind:?} asked {asked} questions");
    // What two walks brought may name an item twice, each of them whole.
    let mut shape = String::new();
    for item in &heard.items {
        shape = converted(std::slice::from_ref(item), &heard.gaps);
    }
    format!("{} {shape}", heard.ends)
}

const WORDS: &[&str] = &[
    "nextPageToken",
    "isLast",
    "total",
    "startAt",
    "maxResults",
    "values",
    "issues",
    "changelog",
    "histories",
    "status",
    "body",
    "headers",
    "data",
    "errors",
    "nodes",
    "pageInfo",
    "hasNextPage",
    "endCursor",
    "repositoryOwner",
    "retry-after",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "link",
    "<http://127.0.0.1:9/x>; rel=\"next\"",
    "date",
    "RATE_LIMITED",
    "expires_at",
    "token",
    "null",
    "429",
    "403",
];

macro_rules! conversation {
    ($($name:ident: $kinds:expr;)*) => {
        $(pub fn $name() -> Target {
            Target {
                name: stringify!($name),
                seeds: $kinds.map(recorded).to_vec(),
                words: WORDS,
                run: |input| {
                    let talks = $kinds.map(|kind| converse(kind, replay(input), None));
                    talks.join(" ")
                },
            }
        })*
    };
}

conversation! {
    jira_cloud_answers: [Kind::Cloud];
    jira_center_answers: [Kind::Center];
    github_answers: [Kind::Token, Kind::Server];
    github_app_answers: [Kind::App];
}

static GOOD: LazyLock<Vec<(Kind, Vec<u8>)>> = LazyLock::new(|| {
    [Kind::Cloud, Kind::Center, Kind::Token].map(|kind| (kind, recorded(kind))).to_vec()
});

/// What the database keeps of walks: their names, and the places at which they go on.
pub fn kept_places() -> Target {
    Target {
        name: "kept_places",
        seeds: [
            "northwind/shop",
            "northwind/shop 2026-06-17T09:30:00Z",
            "PAY",
            "PAY 1750000000000 10300",
            "Y3Vyc29yOnYyOpHOAAE=",
            "{\"after\":\"x\",\"n\":50}",
            "board:PVT_1",
            "100",
            "-1",
            "18446744073709551616",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec(),
        words: &[
            "/",
            ":",
            " ",
            "|",
            "board",
            "pulse",
            "\"",
            "0",
            "9999999999999999999",
            "\u{0}",
            "*",
        ],
        run: |input| {
            let text = String::from_utf8_lossy(input);
            let talk = |(kind, good): &(Kind, Vec<u8>)| converse(*kind, replay(good), Some(&text));
            GOOD.iter().map(talk).collect::<Vec<_>>().join(" ")
        },
    }
}

/// The first line is the header of the signature, the second the token of the address.
pub fn jira_signature() -> Target {
    use hmac::{Hmac, KeyInit, Mac};
    let body = br#"{"webhookEvent":"jira:issue_updated","issue":{"id":"7"}}"#;
    let sign = |body: &[u8]| {
        let key = super::targets::SECRET.as_bytes();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
        mac.update(body);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    };
    let whole = |header: &str, token: &str| {
        [header.as_bytes(), b"\n", token.as_bytes(), b"\n", &body[..]].concat()
    };
    Target {
        name: "jira_signature",
        seeds: vec![
            whole(&sign(body), ""),
            whole("", super::targets::SECRET),
            whole("sha256=00", "x"),
            whole("", ""),
        ],
        words: &["sha256=", "sha1=", "method=sha256,signature=", super::targets::SECRET, "\n", " "],
        run: |input| {
            use hmac::{Hmac, KeyInit, Mac};
            let mut parts = input.splitn(3, |byte| *byte == b'\n');
            let mut part = || parts.next().unwrap_or_default();
            let (header, token, body) = (part(), part(), part());
            let key = super::targets::SECRET.as_bytes();
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
            mac.update(body);
            let right = header.strip_prefix(b"sha256=").is_some_and(|digits| {
                hex::decode(digits).is_ok_and(|digest| mac.verify_slice(&digest).is_ok())
            });
            let mut headers = HeaderMap::new();
            for (name, value) in
                [("x-hub-signature", header), (streamgauge::trackers::URL_TOKEN, token)]
            {
                if let Ok(value) = http::HeaderValue::from_bytes(value)
                    && !value.is_empty()
                {
                    headers.insert(name, value);
                }
            }
            let mut shape = String::new();
            for kind in [Kind::Cloud, Kind::Center] {
                let clock = ManualClock::at(Timestamp::parse(NOW).unwrap());
                let tracker = tracker(kind, over(replay(b"{}"), &clock));
                let told = tracker.webhook(&headers, body);
                let accepted = !matches!(told, Err(streamgauge::trackers::WebhookError::Forged));
                // Data Center before 10 cannot sign and shows the secret in its address.
                let shown = kind == Kind::Center && token == key;
                assert_eq!(accepted, right || shown, "{kind:?}");
                shape += &super::targets::hinted(told);
            }
            shape
        },
    }
}
