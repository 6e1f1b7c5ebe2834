//! The whole path in a test: simulated trackers over HTTP, the real clients, a SQLite file, the
//! signals and the digest.

use std::path::Path;
use std::sync::Arc;

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::demo::{Demo, Source};
use streamgauge::digests::{self, Digest, html, json, markdown};
use streamgauge::gauge::Moment;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::signals::report::{Observation, Report};
use streamgauge::signals::{Scope, is_gate, report::Verdict};
use streamgauge::sync::{PassOutcome, Reach, Silent, Stop};

/// A synced demo in a folder of its own.
pub struct Staged {
    pub demo: Demo,
    pub clock: Arc<ManualClock>,
    /// One pass over each connection, with the requests it cost.
    pub first: Vec<(PassOutcome, u64)>,
    folder: tempfile::TempDir,
}

/// One page in every form, with the report behind it.
pub struct Page {
    pub report: Arc<Report>,
    pub digest: Digest,
    pub markdown: String,
    pub json: String,
    pub html: String,
}

impl Staged {
    /// Serves and syncs `source` at `now`.
    pub async fn new(source: Source, now: Timestamp) -> Self {
        let mut staged = Self::unsynced(source, now).await;
        staged.first = staged.pass().await;
        for (outcome, _) in &staged.first {
            assert!(outcome.complete && outcome.problem.is_none(), "{outcome:?}");
        }
        staged
    }

    /// Serves `source`; nothing is read yet.
    pub async fn unsynced(source: Source, now: Timestamp) -> Self {
        let clock = ManualClock::at(now);
        let folder = tempfile::tempdir().expect("a folder can be made");
        let demo = Demo::open(source, folder.path(), clock.clone()).await.expect("the demo opens");
        Self { demo, clock, first: Vec::new(), folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// One pull of every connection, each with the requests it cost.
    pub async fn pass(&self) -> Vec<(PassOutcome, u64)> {
        let mut passes = Vec::new();
        for connection in self.demo.engine.connections() {
            passes.push(self.pull(&connection).await);
        }
        passes
    }

    async fn pull(&self, connection: &ConnectionId) -> (PassOutcome, u64) {
        let before = self.demo.transport.requests();
        let outcome = self.demo.engine.pass(connection, Reach::Hot, &Silent, &Stop::never()).await;
        (outcome, self.demo.transport.requests() - before)
    }

    /// The page for a reader at a moment.
    pub async fn page(&self, scope: &Scope, moment: Moment) -> Page {
        let page = digests::page(&self.demo.gauge, scope, moment).await;
        let (digest, report) = page.expect("the store answers");
        let (markdown, json) = (markdown::render(&digest), json::render(&digest, &report));
        let html = html::render(&digest, Some(&report));
        Page { report, digest, markdown, json, html }
    }

    /// The portfolio's page at the instant that the data speaks of.
    pub async fn portfolio(&self) -> Page {
        self.page(&Scope::Portfolio, self.moment()).await
    }

    pub fn moment(&self) -> Moment {
        Moment { as_of: Some(self.demo.as_of.unwrap_or_else(|| self.now())), known: None }
    }

    /// The portfolio and every stream.
    pub fn scopes(&self) -> Vec<Scope> {
        let streams = self.demo.gauge.portfolio().streams().iter();
        std::iter::once(Scope::Portfolio)
            .chain(streams.map(|stream| Scope::Stream(stream.id.clone())))
            .collect()
    }
}

impl Page {
    /// Everything that the page tells, with the signal and the slice it comes from.
    pub fn told(&self) -> Vec<(&'static str, &str, &Observation)> {
        let sections = self.digest.sections.iter().flat_map(|section| &section.observations);
        sections.map(|told| (told.signal, told.slice.as_str(), &told.observation)).collect()
    }

    /// Signal and slice of every finding that may headline, told or not, sorted. A gate that is
    /// closed is no finding of its own.
    pub fn headlines(&self) -> Vec<(&'static str, &str)> {
        let loud = |verdict: &Verdict| matches!(verdict, Verdict::Confirmed { .. } | Verdict::Fact);
        let findings = self.report.findings.iter();
        let findings = findings.filter(|f| loud(&f.verdict) && !is_gate(f.signal));
        let mut all: Vec<_> = findings.map(|f| (f.signal, f.slice.id.as_str())).collect();
        all.sort_unstable();
        all
    }
}
