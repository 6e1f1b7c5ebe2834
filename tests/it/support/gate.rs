//! The address through which a real process reaches the simulated trackers. It notes every
//! request, knows what is under way, and can tell a test the moment at which a chosen request
//! arrives or is answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use streamgauge::demo::Stage;
use streamgauge::sim::people::MARK;
use streamgauge::sim::{github, jira};
use streamgauge::spawn::Spawner;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Which items changed.
    Discovery,
    /// Items by id. On GitHub, history comes with it and with discovery.
    Content,
    History,
    /// Who am I, statuses, fields, releases.
    Other,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Call {
    pub tracker: &'static str,
    pub method: String,
    /// Path and query.
    pub target: String,
    pub body: String,
    pub phase: Phase,
}

/// Where a test wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The request has arrived; it gets no answer before [`Gate::release`].
    Arrived(Phase),
    /// The answer is on its way.
    Answered(Phase),
}

#[derive(Debug)]
struct Trap {
    tracker: &'static str,
    moment: Moment,
    skip: u64,
}

type Hook = Box<dyn FnMut() + Send>;

#[derive(Default)]
struct Inner {
    calls: Vec<Call>,
    under_way: BTreeMap<u64, Phase>,
    numbered: u64,
    trap: Option<Trap>,
    at_each: Option<Hook>,
    peopled: BTreeMap<&'static str, u64>,
}

struct Shared {
    inner: Mutex<Inner>,
    caught: mpsc::UnboundedSender<Phase>,
    /// Grows with every release; a held request waits for the next one.
    released: watch::Sender<u64>,
}

/// See the module.
pub struct Gate {
    shared: Arc<Shared>,
    caught: mpsc::UnboundedReceiver<Phase>,
    pub jira: String,
    pub github: String,
}

#[derive(Clone)]
enum Site {
    Jira(jira::SharedSite),
    GitHub(github::Site),
}

/// A request under way, until it is answered or its connection is gone.
struct UnderWay {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.shared.lock().under_way.remove(&self.number);
    }
}

impl Gate {
    /// Opens two ports of loopback before the trackers of `stage`.
    pub async fn open(stage: &Stage) -> Self {
        let (sender, caught) = mpsc::unbounded_channel();
        let released = watch::Sender::new(0);
        let shared = Arc::new(Shared { inner: Mutex::default(), caught: sender, released });
        let jira = Site::Jira(stage.jira.as_ref().unwrap().site.clone());
        let github = Site::GitHub(stage.github.as_ref().unwrap().site.clone());
        let (jira, github) = (serve(jira, &shared).await, serve(github, &shared).await);
        Self { shared, caught, jira, github }
    }

    /// Calls `hook` at every request, before it is answered.
    pub fn at_each(&self, hook: impl FnMut() + Send + 'static) {
        self.shared.lock().at_each = Some(Box::new(hook));
    }

    /// Calls nothing any more.
    pub fn quiet(&self) {
        self.shared.lock().at_each = None;
    }

    /// Tells [`Gate::caught`] of the moment after `skip` others like it.
    pub fn set_trap(&mut self, tracker: &'static str, moment: Moment, skip: u64) {
        while self.caught.try_recv().is_ok() {}
        self.shared.lock().trap = Some(Trap { tracker, moment, skip });
    }

    /// Waits for the trap.
    pub async fn caught(&mut self) -> Phase {
        self.caught.recv().await.expect("the gate is open")
    }

    /// Takes the trap away and lets go of what it holds.
    pub fn release(&self) {
        self.shared.lock().trap = None;
        self.shared.released.send_modify(|n| *n += 1);
    }

    /// The latest phase among the requests that are under way right now.
    pub fn under_way(&self) -> Option<Phase> {
        let inner = self.shared.lock();
        inner.under_way.values().copied().filter(|phase| *phase != Phase::Other).max()
    }

    /// How many answers of a tracker named people.
    pub fn peopled(&self, tracker: &str) -> u64 {
        self.shared.lock().peopled.get(tracker).copied().unwrap_or(0)
    }

    /// Every request so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the trap was waiting for this.
    fn springs(&self, tracker: &str, moment: Moment) -> bool {
        let mut inner = self.lock();
        let Some(trap) = inner.trap.as_mut() else { return false };
        if trap.tracker != tracker || trap.moment != moment {
            return false;
        }
        if trap.skip > 0 {
            trap.skip -= 1;
            return false;
        }
        inner.trap = None;
        true
    }
}

async fn serve(site: Site, shared: &Arc<Shared>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(pass).with_state((site, Arc::clone(shared)));
    Spawner::tokio().spawn("gate", async move {
        axum::serve(listener, app).await.unwrap();
    });
    url
}

async fn pass(State((site, shared)): State<(Site, Arc<Shared>)>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 8 << 20).await.unwrap_or_default();
    let request = http::Request::from_parts(head, body);
    let call = call(&site, &request);
    let (tracker, phase) = (call.tracker, call.phase);
    let (hook, number) = {
        let mut inner = shared.lock();
        inner.calls.push(call);
        inner.numbered += 1;
        let number = inner.numbered;
        inner.under_way.insert(number, phase);
        (inner.at_each.take(), number)
    };
    let _under_way = UnderWay { shared: Arc::clone(&shared), number };
    if let Some(mut hook) = hook {
        hook();
        shared.lock().at_each.get_or_insert(hook);
    }
    if shared.springs(tracker, Moment::Arrived(phase)) {
        let mut released = shared.released.subscribe();
        // An error means that the test is over.
        let _ = shared.caught.send(phase);
        let _ = released.changed().await;
    }
    let answer = answer(&site, &request);
    if contains(answer.body(), MARK.as_bytes()) {
        *shared.lock().peopled.entry(tracker).or_default() += 1;
    }
    if shared.springs(tracker, Moment::Answered(phase)) {
        let _ = shared.caught.send(phase);
    }
    answer.map(Body::from)
}

fn answer(site: &Site, request: &http::Request<Bytes>) -> http::Response<Bytes> {
    match site {
        Site::Jira(site) => {
            let reply = jira::lock(site).answer(request);
            let mut response = http::Response::new(reply.body);
            *response.status_mut() = reply.status;
            *response.headers_mut() = reply.headers;
            response
        }
        Site::GitHub(site) => site.answer(request).response,
    }
}

/// Whether the bytes hold the others somewhere.
pub fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

fn call(site: &Site, request: &http::Request<Bytes>) -> Call {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let body = String::from_utf8_lossy(request.body()).into_owned();
    let (tracker, phase) = match site {
        Site::Jira(_) => ("jira", jira_phase(&target)),
        Site::GitHub(_) => ("github", github_phase(&body)),
    };
    Call { tracker, method: request.method().to_string(), target, body, phase }
}

fn jira_phase(target: &str) -> Phase {
    match target.split('?').next().unwrap_or(target) {
        "/rest/api/3/search/jql" => Phase::Discovery,
        "/rest/api/3/issue/bulkfetch" => Phase::Content,
        "/rest/api/3/changelog/bulkfetch" => Phase::History,
        _ => Phase::Other,
    }
}

fn github_phase(body: &str) -> Phase {
    let question: Value = serde_json::from_str(body).unwrap_or_default();
    let query = question["query"].as_str().unwrap_or_default();
    let named = |name: &str| query.contains(&format!("query {name}("));
    if named("Issues") {
        Phase::Discovery
    } else if named("Nodes") {
        Phase::Content
    } else if named("History") {
        Phase::History
    } else {
        Phase::Other
    }
}
