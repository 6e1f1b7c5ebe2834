//! The pages of the invented organisation, with a clock and trackers that a test can move.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use streamgauge::clock::SharedClock;
use streamgauge::demo::Source;
use streamgauge::gauge::Moment;
use streamgauge::model::Timestamp;
use streamgauge::signals::report::Report;
use streamgauge::signals::{Scope, Signal};
use streamgauge::sim::jira::lock;
use streamgauge::sim::story::{self, Size, Story};
use streamgauge::spawn::Spawner;
use streamgauge::web::access::Access;
use streamgauge::web::live::Live;
use streamgauge::web::metrics::Metrics;
use streamgauge::web::server::{self, Limits};
use streamgauge::web::settings::Web;
use streamgauge::web::{App, router};
use tokio::net::TcpListener;

use super::client::{Answer, get};
use super::house::at;
use crate::digests::{delivered, former_status};
use crate::support::staged::Staged;

pub struct Shown {
    pub address: SocketAddr,
    pub staged: Staged,
    pub story: Story,
}

impl Shown {
    /// A Monday, eight in the morning in Berlin.
    pub fn end() -> Timestamp {
        at("2026-06-15T06:00:00Z")
    }

    pub async fn new() -> Self {
        let story = story::generate(1, Self::end(), Size::Test);
        let staged = Staged::new(Source::from(story.clone()), Self::end()).await;
        let clock: SharedClock = staged.clock.clone();
        let app = App {
            gauge: Arc::clone(&staged.demo.gauge),
            store: staged.demo.store.clone(),
            clock: Arc::clone(&clock),
            access: Access::new(&Web::default(), Arc::clone(&clock)).unwrap(),
            metrics: Arc::new(Metrics::default()),
            live: Arc::new(Live::default()),
            hooks: BTreeMap::new(),
            begun: AtomicBool::new(false),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let spawner = Spawner::tokio();
        let web = server::serve(
            listener,
            router(Arc::new(app)),
            spawner.clone(),
            clock,
            Limits::default(),
            || {},
            std::future::pending(),
        );
        spawner.spawn("web", web);
        Self { address, staged, story }
    }

    pub async fn ask(&self, path: &str) -> Answer {
        get(path).send(self.address).await
    }

    /// A page that has to be there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.ask(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// The report behind the pages of now.
    pub async fn report(&self) -> Arc<Report> {
        let gauge = &self.staged.demo.gauge;
        gauge.report(Moment::default(), &Scope::Portfolio).await.unwrap()
    }

    /// A day passes, and what was delivered weeks ago is opened again. Gives its key.
    pub async fn moves_on(&self) -> String {
        let issue = delivered(&self.story);
        self.staged.clock.advance(Duration::from_secs(86_400));
        let jira = self.staged.demo.stage.jira.as_ref().unwrap();
        lock(&jira.site).transition(issue.id, former_status(issue)).unwrap();
        self.staged.pass().await;
        issue.key.clone()
    }
}

/// The addresses of a signal's slices, as `dimension:id`.
pub fn slices(report: &Report, signal: &Signal) -> Vec<String> {
    let own = report.findings.iter().filter(|found| found.signal == signal.id);
    own.map(|found| format!("{}:{}", found.slice.dimension, found.slice.id)).collect()
}

/// The text as a page has it.
pub fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace(" %", "\u{a0}%")
}

/// What a reader sees: a line a block, headings with a `#`, code between backticks.
pub fn text_of(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page.split_once("<body>").expect("a body").1;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split(' ').next().expect("a name");
        match name {
            "h1" | "h2" | "h3" | "h4" if !tag.starts_with('/') => out.push_str("\n# "),
            "code" => out.push('`'),
            "a" | "span" | "strong" | "em" | "mark" | "svg" | "path" | "rect" | "circle"
            | "line" | "g" => {}
            _ => out.push('\n'),
        }
        rest = after;
    }
    for (entity, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&"), ("\u{a0}", " ")]
    {
        out = out.replace(entity, character);
    }
    out
}

/// Every address that a page links to.
pub fn links_of(page: &str) -> Vec<String> {
    let parts = page.split("href=\"").skip(1);
    parts.map(|part| part.split('"').next().expect("an end").replace("&amp;", "&")).collect()
}
