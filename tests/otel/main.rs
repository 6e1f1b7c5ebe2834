//! Traces of a real sync and of real page views, as a collector receives them: the program, its
//! simulated trackers over HTTP, and an OTLP receiver on loopback.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rustix::process::{Pid, Signal, kill_process};
use streamgauge::model::Timestamp;
use streamgauge::sim::jira::access::TOKEN;
use streamgauge::sim::jira::records::Record;
use streamgauge::sim::people::MARK;
use streamgauge::sim::story::{self, Size};

const END: &str = "2026-06-15T06:00:00Z";
/// A header for the collector, which is nobody else's business either.
const COLLECTOR_SECRET: &str = "collector-credential-4711";

type Received = Arc<Mutex<Vec<Bytes>>>;

/// Ends the program when a test fails before it does.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn collector() -> (String, Received) {
    let received = Received::default();
    let take = |State(kept): State<Received>, body: Bytes| async move {
        kept.lock().unwrap().push(body);
    };
    let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "this collector lives as long as the test")]
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, received)
}

fn demo(variables: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_streamgauge"));
    command.arg("demo").args(["--as-of", END]).args(arguments);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).env_remove("RUST_LOG");
    command
}

/// The page of a portfolio is looked at, and the program ends as a service manager ends it.
fn looked_at(mut program: Held) -> String {
    let mut log = BufReader::new(program.0.stderr.take().unwrap());
    let mut told = String::new();
    let address = loop {
        assert!(log.read_line(&mut told).unwrap() > 0, "it ended early:\n{told}");
        let line = told.lines().next_back().unwrap_or_default();
        if let Some((_, rest)) = line.split_once("open http://") {
            break rest.split('/').next().unwrap().to_owned();
        }
    };
    let mut caller = TcpStream::connect(&address).unwrap();
    write!(caller, "GET /signals/V1 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut page = String::new();
    caller.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    kill_process(Pid::from_child(&program.0), Signal::TERM).unwrap();
    log.read_to_string(&mut told).unwrap();
    assert!(program.0.wait().unwrap().success(), "{told}");
    told
}

fn attributes(span: &Span) -> BTreeMap<&str, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let value = |pair: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        pair.value.as_ref().and_then(|any| any.value.as_ref()).map(text).unwrap_or_default()
    };
    span.attributes.iter().map(|pair| (pair.key.as_str(), value(pair))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_receives_the_sync_and_the_pages_and_nobodys_secrets() {
    let (address, received) = collector().await;
    let header = format!("authorization=Bearer {COLLECTOR_SECRET}");
    let variables =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", &*address), ("OTEL_EXPORTER_OTLP_HEADERS", &*header)];
    let mut command = demo(&variables, &["--port", "0"]);
    let program = Held(command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap());
    let log = tokio::task::spawn_blocking(move || looked_at(program)).await.unwrap();

    let bodies = received.lock().unwrap().clone();
    let requests: Vec<_> = bodies
        .iter()
        .map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap())
        .collect();
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    let spans: Vec<&Span> =
        resources.clone().flat_map(|one| &one.scope_spans).flat_map(|one| &one.spans).collect();
    let service = format!("{:?}", resources.clone().next().unwrap().resource);
    assert!(service.contains("\"streamgauge\""), "{service}");

    let named = |name: &str| -> Vec<&Span> {
        spans.iter().filter(|span| span.name == name).copied().collect()
    };
    let syncs = named("sync");
    let of: Vec<String> = syncs.iter().map(|span| attributes(span)["connection"].clone()).collect();
    assert!(of.iter().any(|id| id == "jira") && of.iter().any(|id| id == "github"), "{of:?}");
    let mut budgets = 0;
    for method in ["GET", "POST"] {
        let asked = named(method);
        assert!(asked.len() > 5, "{} requests by {method}", asked.len());
        let mut answered = 0;
        for span in asked {
            let told = attributes(span);
            answered += usize::from(told["http.response.status_code"] == "200");
            assert!(told["server.address"].starts_with("127.0.0.1:"), "{told:?}");
            budgets += usize::from(told.contains_key("ratelimit.remaining"));
        }
        assert!(answered > 5, "{answered} requests by {method} were granted");
    }
    let within = |span: &Span| syncs.iter().any(|sync| sync.span_id == span.parent_span_id);
    let inside = spans.iter().filter(|span| within(span)).count();
    assert!(inside > 50 && budgets > 20, "{inside} requests of a sync, {budgets} with a budget");
    let page = named("GET /signals/{id}");
    assert_eq!(page.len(), 1, "{:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
    assert_eq!(attributes(page[0])["http.response.status_code"], "200");
    println!("{} spans in {} requests, {inside} of a sync", spans.len(), bodies.len());

    let everything: Vec<u8> = bodies.concat();
    let everything = String::from_utf8_lossy(&everything);
    let story = story::generate(1, Timestamp::parse(END).unwrap(), Size::Demo);
    let written = story.jira.iter().filter_map(|record| match record {
        Record::Issue(issue) => Some([issue.summary.clone(), issue.key.clone()]),
        _ => None,
    });
    let written: Vec<String> = written.flatten().filter(|text| text.len() > 3).collect();
    assert!(written.len() > 1_000, "{}", written.len());
    let secrets = [TOKEN, "simulated-github-token", COLLECTOR_SECRET, MARK, "authorization"];
    for text in written.iter().map(String::as_str).chain(secrets) {
        assert!(!everything.contains(text), "a trace holds {text}");
    }
    assert!(!log.contains(COLLECTOR_SECRET) && !log.contains("request{"), "{log}");
}

#[test]
fn without_a_collector_and_with_a_wrong_one_it_says_what_it_does() {
    let named = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let refused = demo(&[named, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], &["--once"]);
    let refused = { refused }.output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("OTEL_EXPORTER_OTLP_PROTOCOL is `grpc`"), "{told}");

    let away = { demo(&[named], &["--once"]) }.output().unwrap();
    let told = String::from_utf8_lossy(&away.stderr);
    assert!(away.status.success(), "a collector that is away hinders nothing:\n{told}");
    assert_eq!(told.matches("traces cannot be sent").count(), 1, "{told}");
}
