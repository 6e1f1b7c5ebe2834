//! Outcome measures read from real servers on this machine: what Prometheus, a JSON document and
//! CSV files give is kept once, what fails is told and never a zero.

#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is a failed test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::json;
use streamgauge::clock::{Clock, ManualClock, SystemClock};
use streamgauge::demo::Stage;
use streamgauge::entropy::Entropy;
use streamgauge::gauge::Gauge;
use streamgauge::gauge::outcomes::{OutcomeStatus, SourceRead};
use streamgauge::gauge::record::NewReading;
use streamgauge::model::{Reading, Timestamp};
use streamgauge::portfolio::Portfolio;
use streamgauge::secret::SecretRef;
use streamgauge::sources::settings::{Auth, ConnectError, Credential};
use streamgauge::sources::{self, Source};
use streamgauge::store::Store;
use streamgauge::transport::{Limits, Transport};
use tokio::net::TcpListener;

use crate::check::town;
use crate::support::process::{Folder, client, eventually, get, send};
use crate::support::program::{Desk, PORTFOLIO, close};

/// How the server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Silent,
    Garbage,
    Broken,
    Elsewhere,
    Empty,
    BadQuery,
    /// Only with the right token.
    Closed,
}

struct Server {
    mood: Mutex<Mood>,
    /// What is measured.
    value: Mutex<String>,
    asked: Mutex<Vec<(Uri, HeaderMap)>>,
}

/// A server that speaks the query API of Prometheus, and serves a document and a table.
struct Metrics {
    url: String,
    server: Arc<Server>,
    _task: tokio::task::JoinHandle<()>,
}

impl Metrics {
    async fn start() -> Self {
        let server = Arc::new(Server {
            mood: Mutex::new(Mood::Well),
            value: Mutex::new("41.5".to_owned()),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&server));
        #[expect(clippy::disallowed_methods, reason = "a server of the test")]
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, server, _task: task }
    }

    fn is(&self, mood: Mood) {
        *self.server.mood.lock().unwrap() = mood;
    }

    fn measures(&self, value: &str) {
        *self.server.value.lock().unwrap() = value.to_owned();
    }

    /// What was asked since the last time: path and query.
    fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.server.asked.lock().unwrap());
        asked.into_iter().map(|(uri, _)| uri.to_string()).collect()
    }

    fn authorization(&self) -> Vec<Option<String>> {
        let asked = self.server.asked.lock().unwrap();
        let header = |headers: &HeaderMap| {
            headers.get("authorization").map(|value| value.to_str().unwrap().to_owned())
        };
        asked.iter().map(|(_, headers)| header(headers)).collect()
    }
}

async fn answer(State(server): State<Arc<Server>>, uri: Uri, headers: HeaderMap) -> Response {
    let authorized = headers.get("authorization").is_some_and(|it| it == "Bearer the-right-token");
    let mood = *server.mood.lock().unwrap();
    server.asked.lock().unwrap().push((uri.clone(), headers));
    let value = server.value.lock().unwrap().clone();
    let query: BTreeMap<String, String> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let number = |key: &str| query.get(key).and_then(|text| text.parse::<f64>().ok());
    match mood {
        Mood::Silent => std::future::pending().await,
        Mood::Garbage => return "<html>not what was asked for</html>".into_response(),
        Mood::Broken => return (StatusCode::SERVICE_UNAVAILABLE, "down").into_response(),
        Mood::Elsewhere => {
            let to = [("location", "https://elsewhere.example/")];
            return (StatusCode::FOUND, to, "").into_response();
        }
        Mood::BadQuery => {
            let body = json!({"status": "error", "errorType": "bad_data",
                              "error": "invalid parameter \"query\": 1:5: parse error"});
            return (StatusCode::BAD_REQUEST, axum::Json(body)).into_response();
        }
        Mood::Closed if !authorized => return StatusCode::UNAUTHORIZED.into_response(),
        Mood::Well | Mood::Empty | Mood::Closed => {}
    }
    let metric = json!({"__name__": "refund_contacts:rate1w", "job": "orders"});
    let (kind, result) = match uri.path() {
        "/api/v1/query" => {
            let point = json!({"metric": metric, "value": [number("time").unwrap(), value]});
            ("vector", json!([point]))
        }
        "/api/v1/query_range" => {
            let (start, end) = (number("start").unwrap(), number("end").unwrap());
            let step = query["step"].trim_end_matches('s').parse::<f64>().unwrap();
            let points: Vec<_> = (0..)
                .map(|n| start + f64::from(n) * step)
                .take_while(|at| *at <= end)
                .map(|at| json!([at, value]))
                .collect();
            ("matrix", json!([{"metric": metric, "values": points}]))
        }
        "/kpi.json" => {
            let value: f64 = value.parse().unwrap();
            return axum::Json(json!({"repeat": {"share": value}})).into_response();
        }
        "/table.csv" => return format!("time,value\n2026-06-08,{value}\n").into_response(),
        other => return (StatusCode::NOT_FOUND, other.to_owned()).into_response(),
    };
    let result = if mood == Mood::Empty { json!([]) } else { result };
    let data = json!({"resultType": kind, "result": result});
    axum::Json(json!({"status": "success", "data": data})).into_response()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A portfolio in Berlin with one outcome of this source.
fn portfolio(source: &str) -> String {
    format!(
        "timezone = \"Europe/Berlin\"\n\n[[outcome]]\nid = \"contacts\"\nunit = \"per day\"\n\
         direction = \"down\"\nsource = {{ {source} }}\n"
    )
}

/// A gauge over a store of its own, and the sources of its portfolio.
struct Desktop {
    gauge: Gauge,
    clock: Arc<ManualClock>,
    sources: Vec<Source>,
    folder: tempfile::TempDir,
}

impl Desktop {
    /// On a Wednesday.
    async fn new(source: &str) -> Self {
        Self::with(source, &[]).await.unwrap()
    }

    async fn with(source: &str, credentials: &[Credential]) -> Result<Self, ConnectError> {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(at("2026-06-17T12:00:00Z"));
        let shared: streamgauge::clock::SharedClock = Arc::clone(&clock) as _;
        let file = format!("sqlite:{}", folder.path().join("gauge.db").display());
        let store = Store::open(&file, Arc::clone(&shared)).await.unwrap();
        let portfolio = Portfolio::parse(&portfolio(source), "portfolio.toml").unwrap();
        let sources = connect(&portfolio, folder.path(), credentials)?;
        let gauge = Gauge::new(store, Arc::new(portfolio), shared);
        Ok(Self { gauge, clock, sources, folder })
    }

    async fn read(&self) -> Vec<SourceRead> {
        self.gauge.read_sources(&self.sources, "me").await.unwrap()
    }

    /// One look that asks, and its problem.
    async fn problem(&self) -> String {
        let read = self.read().await;
        assert_eq!((read.len(), read[0].added), (1, 0), "{read:?}");
        read[0].problem.clone().unwrap()
    }

    async fn readings(&self) -> Vec<(String, f64)> {
        let all = self.gauge.store().readings(None).await.unwrap();
        all.iter().map(|one: &Reading| (one.at.to_string(), one.value)).collect()
    }

    async fn status(&self) -> OutcomeStatus {
        self.gauge.outcomes().await.unwrap().remove(0)
    }

    fn pass(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }
}

fn connect(
    portfolio: &Portfolio,
    folder: &Path,
    credentials: &[Credential],
) -> Result<Vec<Source>, ConnectError> {
    let limits = Limits {
        total: Duration::from_millis(400),
        body: 1 << 16,
        backoff: Vec::new(),
        ..Limits::default()
    };
    let transport =
        Transport::over_network(limits, Arc::new(SystemClock), Entropy::from_system()).unwrap();
    sources::connect(portfolio.outcomes(), portfolio.zone(), folder, credentials, &transport)
}

fn instant(metrics: &Metrics) -> String {
    format!("prometheus = \"{}/api/v1/query\", query = \"sum(a{{b=\\\"c d\\\"}})\"", metrics.url)
}

/// Monday in Berlin is the evening of Sunday in UTC; a tick is asked for once, and the next week is
/// another one. A week that was missed is not made up.
#[tokio::test(flavor = "multi_thread")]
async fn an_instant_query_is_asked_once_a_week_for_monday() {
    let metrics = Metrics::start().await;
    let desk = Desktop::new(&instant(&metrics)).await;
    assert_eq!(desk.status().await.tried_at, None);
    assert_eq!(desk.read().await[0].added, 1);
    let asked = metrics.asked();
    assert_eq!(asked, ["/api/v1/query?query=sum%28a%7Bb%3D%22c+d%22%7D%29&time=1781474400.000"]);
    assert_eq!(desk.readings().await, [("2026-06-14T22:00:00Z".to_owned(), 41.5)]);
    let status = desk.status().await;
    let host = metrics.url.trim_start_matches("http://");
    assert_eq!(status.source, format!("prometheus:{host}"));
    assert_eq!((status.problem, status.next_at), (None, Some(at("2026-06-21T22:00:00Z"))));
    assert_eq!(status.newest_reading_at, Some(at("2026-06-14T22:00:00Z")));
    desk.pass(60);
    assert!(desk.read().await.is_empty() && metrics.asked().is_empty(), "not due");
    metrics.measures("39");
    desk.pass(15 * 24 * 60);
    assert_eq!(desk.read().await[0].added, 1);
    let expected =
        [("2026-06-14T22:00:00Z".to_owned(), 41.5), ("2026-06-28T22:00:00Z".to_owned(), 39.0)];
    assert_eq!(desk.readings().await, expected);
}

/// 26 points on a grid of Mondays; asked again, they are not doubled, and one that changed is a
/// correction that becomes known then.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_query_fills_half_a_year_and_corrects() {
    let metrics = Metrics::start().await;
    let source = format!("prometheus = \"{}/api/v1/query_range\", query = \"a\"", metrics.url);
    let desk = Desktop::new(&source).await;
    assert_eq!(desk.read().await[0].added, 26);
    let asked = metrics.asked().remove(0);
    assert!(asked.ends_with("&end=1781481600.000&step=604800s"), "{asked}");
    let newest = desk.readings().await.pop().unwrap();
    assert_eq!(newest, ("2026-06-15T00:00:00Z".to_owned(), 41.5));
    let before = desk.clock.now();
    desk.pass(60);
    assert_eq!(desk.read().await[0].added, 0, "the same again");
    metrics.measures("40.25");
    desk.pass(60);
    assert_eq!(desk.read().await[0].added, 26);
    assert_eq!(desk.readings().await.len(), 26);
    assert_eq!(desk.readings().await[25].1, 40.25);
    let then = desk.gauge.store().readings(Some(before)).await.unwrap();
    assert_eq!((then.len(), then[25].value), (26, 41.5), "what was known then stays");
}

/// Whatever goes wrong is told, leaves no reading, is tried again after a quarter of an hour, and
/// is over when the server answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_is_told_and_never_a_zero() {
    let metrics = Metrics::start().await;
    let desk = Desktop::new(&instant(&metrics)).await;
    let told = [
        (Mood::Silent, "no answer from "),
        (Mood::Garbage, "the answer is not one of the query API of Prometheus"),
        (Mood::Broken, "answers 503; it is asked again within 15 minutes"),
        (Mood::Elsewhere, "answers 302; write the address that it leads to"),
        (Mood::Empty, "the query gives no series at that time"),
        (
            Mood::BadQuery,
            "answers 400 and says \"invalid parameter \"query\": 1:5: parse error\"; correct the query",
        ),
        (Mood::Closed, "answers 401; name a credential"),
    ];
    for (mood, words) in told {
        metrics.is(mood);
        let problem = desk.problem().await;
        assert!(problem.contains(words), "{mood:?}: {problem}");
        assert_eq!(desk.readings().await, [], "{mood:?}");
        let status = desk.status().await;
        assert_eq!(status.problem, Some(problem), "{mood:?}");
        assert_eq!((status.tried_at, status.read_at), (Some(desk.clock.now()), None));
        desk.pass(14);
        assert!(desk.read().await.is_empty(), "{mood:?}: not so soon");
        desk.pass(1);
    }
    metrics.is(Mood::Well);
    metrics.measures("NaN");
    assert!(desk.problem().await.contains("gives no number"));
    desk.pass(15);
    metrics.measures("0");
    assert_eq!(desk.read().await[0].problem, None);
    assert_eq!(desk.readings().await, [("2026-06-14T22:00:00Z".to_owned(), 0.0)], "a real zero");
    let status = desk.status().await;
    assert_eq!((status.problem, status.read_at), (None, Some(desk.clock.now())));
}

/// Nobody listens there.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let desk = Desktop::new(&format!("json = \"http://{free}/kpi.json\", pointer = \"/a\"")).await;
    let problem = desk.problem().await;
    assert!(problem.starts_with(&format!("cannot connect to {free}: ")), "{problem}");
}

/// Without a time of its own the number is of the moment of asking, once a week.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_read_at_its_pointer() {
    let metrics = Metrics::start().await;
    let source = format!("json = \"{}/kpi.json\", pointer = \"/repeat/share\"", metrics.url);
    let desk = Desktop::new(&source).await;
    desk.read().await;
    desk.pass(60);
    assert!(desk.read().await.is_empty());
    assert_eq!(desk.readings().await, [("2026-06-17T12:00:00Z".to_owned(), 41.5)]);
    let wrong = format!("json = \"{}/kpi.json\", pointer = \"/repeat/sahre\"", metrics.url);
    let problem = Desktop::new(&wrong).await.problem().await;
    assert!(
        problem.ends_with("`/repeat/sahre` leads to nothing; correct the pointer"),
        "{problem}"
    );
    let gone = format!("json = \"{}/gone.json\", pointer = \"/a\"", metrics.url);
    let problem = Desktop::new(&gone).await.problem().await;
    assert!(
        problem.ends_with("answers 404; correct its address in the portfolio file"),
        "{problem}"
    );
}

/// A file with a bad row: the good ones are kept, the bad one is named by its place.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_file_are_kept_and_a_bad_one_is_named() {
    let desk = Desktop::new("csv = \"readings.csv\", time = \"day\", value = \"failures\"").await;
    let problem = desk.problem().await;
    assert!(problem.starts_with("readings.csv: cannot be read ("), "{problem}");
    let file = desk.folder.path().join("readings.csv");
    std::fs::write(
        &file,
        "day,failures\n2026-06-08,12\n2026-06-09,twelve\n2026-06-10,11.5\n2026-09-01,1\n",
    )
    .unwrap();
    desk.pass(15);
    let read = desk.read().await.remove(0);
    assert_eq!(
        read.problem.as_deref(),
        Some("readings.csv:3:12: this is not a number; write it with a point, as 12.5")
    );
    let rows =
        [("2026-06-07T22:00:00Z".to_owned(), 12.0), ("2026-06-09T22:00:00Z".to_owned(), 11.5)];
    assert_eq!((read.added, desk.readings().await.as_slice()), (2, rows.as_slice()));
    let status = desk.status().await;
    assert_eq!((status.problem, status.read_at), (read.problem, Some(desk.clock.now())));

    // A correction by hand stands until the file itself says something else.
    let by_hand = NewReading {
        measure: "contacts".into(),
        value: 13.0,
        at: Some("2026-06-07T22:00:00Z".into()),
        source: String::new(),
    };
    assert!(desk.gauge.read(by_hand.clone()).await.unwrap().1);
    assert!(!desk.gauge.read(by_hand).await.unwrap().1, "the same again is not doubled");
    std::fs::write(&file, "day,failures\n2026-06-08,12\n2026-06-10,11.5\n").unwrap();
    desk.pass(60);
    let read = desk.read().await.remove(0);
    assert_eq!((read.added, read.problem), (0, None));
    assert_eq!(desk.readings().await[0].1, 13.0);
    std::fs::write(&file, "day,failures\n2026-06-08,14\n2026-06-10,11.5\n2026-06-10,11\n").unwrap();
    desk.pass(60);
    assert_eq!(desk.read().await[0].added, 2);
    let values: Vec<f64> = desk.readings().await.into_iter().map(|row| row.1).collect();
    assert_eq!(values, [14.0, 11.0], "of one instant the last row counts");
    desk.pass(60);
    assert_eq!(desk.read().await[0].added, 0, "and stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_may_come_over_http() {
    let metrics = Metrics::start().await;
    let desk = Desktop::new(&format!("csv = \"{}/table.csv\"", metrics.url)).await;
    assert_eq!(desk.read().await[0].added, 1);
    let host = metrics.url.trim_start_matches("http://");
    let all = desk.gauge.store().readings(None).await.unwrap();
    assert_eq!(all[0].source, format!("csv:{host}"));
}

/// The token goes to the addresses it is for, stands in no message, and never goes over http to
/// another machine.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_stand_in_the_settings_and_go_nowhere_else() {
    let metrics = Metrics::start().await;
    metrics.is(Mood::Closed);
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("token");
    close(&secret, "the-right-token");
    let credential = |url: &str, user: Option<&str>| Credential {
        url: url.to_owned(),
        auth: Some(Auth { user: user.map(str::to_owned), token: SecretRef::File(secret.clone()) }),
        ca: None,
    };
    let source = instant(&metrics);
    let own = Desktop::with(&source, &[credential(&metrics.url, None)]).await.unwrap();
    assert_eq!(own.read().await[0].problem, None);
    assert_eq!(metrics.authorization(), [Some("Bearer the-right-token".to_owned())]);
    metrics.asked();
    let basic = Desktop::with(&source, &[credential(&metrics.url, Some("gauge"))]).await.unwrap();
    let problem = basic.problem().await;
    assert!(!problem.contains("the-right-token"), "{problem}");
    assert_eq!(metrics.authorization(), [Some("Basic Z2F1Z2U6dGhlLXJpZ2h0LXRva2Vu".to_owned())]);
    metrics.asked();
    let other = [credential("https://metrics.example", None)];
    Desktop::with(&source, &other).await.unwrap().problem().await;
    assert_eq!(metrics.authorization(), [None]);

    let refused = async |address: &str| {
        let source = format!("json = \"{address}\", pointer = \"/a\"");
        let own = [credential("http://metrics.example", None)];
        Desktop::with(&source, &own).await.err().map(|error| error.to_string())
    };
    let told = refused("http://metrics.example/a").await.unwrap();
    assert!(told.contains("credentials are only sent over https"), "{told}");
    let told = refused("https://169.254.169.254/latest/meta-data").await.unwrap();
    assert!(told.contains("link-local"), "{told}");
    let told = refused("file:///etc/passwd").await.unwrap();
    assert!(told.contains("write https://HOST/PATH"), "{told}");
    std::fs::remove_file(&secret).unwrap();
    let told = Desktop::with(&source, &[credential(&metrics.url, None)]).await.err().unwrap();
    assert!(told.to_string().contains("cannot be read"), "{told}");
}

/// While another process reads, nothing is asked.
#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_reads() {
    let metrics = Metrics::start().await;
    let desk = Desktop::new(&instant(&metrics)).await;
    let store = desk.gauge.store();
    let lease = store.acquire("outcomes", "another", Duration::from_secs(600)).await.unwrap();
    assert!(desk.read().await.is_empty() && metrics.asked().is_empty());
    store.release(&lease.unwrap()).await.unwrap();
    assert_eq!(desk.read().await.len(), 1);
}

/// Two measures: a query that gives nothing, and a file with these readings.
async fn two_sources(readings: &str) -> (Metrics, Stage, Desk) {
    let metrics = Metrics::start().await;
    metrics.is(Mood::Empty);
    let file = portfolio(&instant(&metrics))
        + "\n[[outcome]]\nid = \"sign-ins\"\nunit = \"per day\"\ndirection = \"up\"\n\
           source = { csv = \"sign-ins.csv\" }\n";
    let (stage, desk) = town().await;
    let readings = format!("time,value\n{readings}");
    (metrics, stage, desk.write(PORTFOLIO, file).write("config/sign-ins.csv", readings))
}

/// `check` asks what the daemon would ask, keeps nothing, and ends incomplete where something
/// failed.
#[tokio::test(flavor = "multi_thread")]
async fn check_names_the_source_that_fails() {
    let (metrics, _stage, desk) = two_sources("2026-06-08,12\n2026-06-09,x\n").await;
    let ran = tokio::task::spawn_blocking(move || (desk.run(&["check", "--offline"]), desk));
    let (offline, desk) = ran.await.unwrap();
    assert_eq!((offline.code, metrics.asked().len()), (0, 0), "{offline:?}");
    let ran = tokio::task::spawn_blocking(move || desk.run(&["check", "--json"])).await.unwrap();
    assert_eq!(metrics.asked().len(), 1);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let contacts = &found["outcomes"][0];
    assert_eq!((&contacts["readings"], &contacts["newest"]), (&json!(0), &json!(null)));
    assert!(contacts["problem"].as_str().unwrap().contains("gives no series"), "{contacts}");
    let sign_ins = &found["outcomes"][1];
    assert_eq!((&sign_ins["readings"], &sign_ins["newest"]), (&json!(1), &json!(12.0)));
    assert!(sign_ins["problem"].as_str().unwrap().starts_with("sign-ins.csv:3:12: "), "{sign_ins}");
    assert_eq!(ran.code, 3, "done, and something is incomplete: {ran:?}");
}

/// `sync` asks what is due and keeps it; what failed is told, in the digest as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_reads_what_is_due_and_a_digest_names_what_failed() {
    let (_metrics, _stage, desk) = two_sources("2026-06-08,12\n").await;
    let run = move || (desk.run(&["sync"]), desk.run(&["digest"]));
    let (synced, digest) = tokio::task::spawn_blocking(run).await.unwrap();
    assert_eq!(synced.code, 3, "done, and something is incomplete: {synced:?}");
    assert!(synced.err.contains("outcome `contacts`: "), "{synced:?}");
    assert!(synced.err.contains("outcome `sign-ins`: 1 new reading"), "{synced:?}");
    let told = "did not give its readings when asked; it has given none so far";
    assert_eq!((digest.code, digest.out.matches(told).count()), (0, 1), "{digest:?}");
}

/// The program itself reads, tells it on the status page, and takes what others hand in once.
#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_reads_and_is_handed_readings() {
    let metrics = Metrics::start().await;
    let (stage, _) = town().await;
    let jira = stage.jira.as_ref().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let settings = format!(
        "[store]\nurl = \"sqlite:{}\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [[connection]]\nid = \"jira\"\nkind = \"jira-cloud\"\nurl = \"{url}\"\ngateway = \"{url}\"\n\
         scopes = [\"PAY\"]\nauth = {{ user = \"{}\", token = {{ env = \"TEST_JIRA_TOKEN\" }} }}\n",
        dir.path().join("streamgauge.db").display(),
        jira.user,
        url = jira.running.url,
    );
    let secrets = vec![("TEST_JIRA_TOKEN", jira.token.to_owned())];
    let folder = Folder::of(dir, &settings, &portfolio(&instant(&metrics)), secrets);
    let daemon = folder.serve().await;
    let client = client();
    let ask = async |path: &str| get(&client, &daemon.at(path)).await.unwrap();
    let status = async || -> serde_json::Value {
        serde_json::from_str(&ask("/api/v1/status").await.1).unwrap()
    };
    let read = async || !status().await["outcomes"][0]["read_at"].is_null();
    eventually(read, "the source is read").await;
    let readings = async || -> Vec<serde_json::Value> {
        serde_json::from_str(&ask("/api/v1/readings").await.1).unwrap()
    };
    let all = readings().await;
    assert_eq!((all.len(), &all[0]["value"]), (1, &json!(41.5)));
    let (code, page) = ask("/status").await;
    assert!(code == 200 && page.contains("Outcome measures") && page.contains("prometheus:"));

    let body =
        json!({"measure": "contacts", "value": 39, "at": "2026-06-01T00:00:00Z"}).to_string();
    let mut codes = Vec::new();
    for _ in 0..2 {
        let request = http::Request::post(daemon.at("/api/v1/readings"))
            .header("content-type", "application/json")
            .body(bytes::Bytes::from(body.clone()))
            .unwrap();
        codes.push(send(&client, request).await.unwrap().status().as_u16());
    }
    assert_eq!((codes, readings().await.len()), (vec![201, 200], 2));
}
