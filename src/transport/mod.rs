//! The only HTTP client: time-outs, size limits, no redirects, back-off, and the pause that a
//! tracker asked for. It is one tower service, so that octocrab and our own calls share it and a
//! simulation can stand in for the network.

mod budget;
pub mod guard;
mod pace;
mod question;
mod route;
mod traced;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};
use tracing::Instrument as _;

use crate::clock::SharedClock;
use crate::entropy::Entropy;
use crate::model::Timestamp;
use crate::spans;

pub use budget::{Account, Budget, Short, Told};
pub use pace::{BELIEVED_MS, Pace, usual_pace};
pub use reqwest::Url;
pub use route::{ProxyError, Route};

pub type Request = http::Request<Bytes>;
pub type Response = http::Response<Bytes>;

/// The service underneath: one request, one answer, no retry.
pub type Wire = BoxCloneSyncService<Request, Response, TransportError>;

/// Why no answer came.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    #[error("cannot connect to {host}: {reason}")]
    Connect { host: String, reason: String },
    #[error(
        "the certificate of {host} is not trusted here ({reason}); name the certificate of its \
         authority as `ca` of the connection"
    )]
    Untrusted { host: String, reason: String },
    #[error("no answer from {host} within {seconds} s")]
    TimedOut { host: String, seconds: u64 },
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge { host: String, limit: usize },
    #[error("the connection to {host} broke: {reason}")]
    Broken { host: String, reason: String },
    /// A mistake of this program; nothing was sent.
    #[error("a {method} to {host} could change something, and this client only asks")]
    NoQuestion { host: String, method: http::Method },
    #[error("{host} asks to wait until {until}")]
    Paused { host: String, until: Timestamp },
}

/// Limits of the client. Defaults suit trackers on the internet.
#[derive(Debug, Clone)]
pub struct Limits {
    pub connect: Duration,
    pub read: Duration,
    pub total: Duration,
    /// Largest decompressed answer, in bytes.
    pub body: usize,
    /// Waits between tries when the tracker names no time of its own.
    pub backoff: Vec<Duration>,
    /// A pause longer than this is returned to the caller instead of being waited for.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(20),
            total: Duration::from_secs(60),
            body: 32 << 20,
            backoff: [2, 4, 8].map(Duration::from_secs).to_vec(),
            longest_wait: Duration::from_secs(90),
        }
    }
}

/// The shared HTTP client. Clones share pauses and counters.
#[derive(Clone)]
pub struct Transport {
    wire: Wire,
    clock: SharedClock,
    entropy: Entropy,
    limits: Arc<Limits>,
    state: Arc<State>,
    account: Arc<Account>,
    /// Sends nothing but questions.
    asks_only: bool,
}

#[derive(Default)]
struct State {
    requests: AtomicU64,
    paused: Mutex<BTreeMap<String, Timestamp>>,
    told: Mutex<BTreeMap<String, BTreeMap<String, Told>>>,
}

/// A host that has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    /// One for each resource that has a budget of its own; empty when the host tells none.
    pub told: Vec<Told>,
    /// Until when it asked us to wait; may have passed.
    pub paused_until: Option<Timestamp>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("requests", &self.requests()).finish_non_exhaustive()
    }
}

impl Transport {
    /// A client over reqwest and rustls.
    ///
    /// # Errors
    /// The TLS configuration of the machine cannot be used.
    pub fn over_network(
        limits: Limits,
        clock: SharedClock,
        entropy: Entropy,
    ) -> Result<Self, reqwest::Error> {
        let wire = wire(&limits, &Route::default())?;
        Ok(Self::over(wire, limits, clock, entropy))
    }

    /// A client that goes another way; it shares pauses, counters and limits with this one.
    ///
    /// # Errors
    /// The TLS configuration of the machine cannot be used.
    pub fn by(&self, route: &Route) -> Result<Self, reqwest::Error> {
        Ok(Self { wire: wire(&self.limits, route)?, ..self.clone() })
    }

    /// A client over any service, for simulations.
    #[must_use]
    pub fn over(wire: Wire, limits: Limits, clock: SharedClock, entropy: Entropy) -> Self {
        Self {
            wire,
            clock,
            entropy,
            limits: Arc::new(limits),
            state: Arc::default(),
            account: Arc::default(),
            asks_only: false,
        }
    }

    /// Requests sent so far, retries included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// The hosts that have answered so far, sorted, with the rate budgets that they told last.
    #[must_use]
    pub fn hosts(&self) -> Vec<Host> {
        let told = self.state.told.lock().unwrap_or_else(PoisonError::into_inner);
        let paused = self.state.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let host = |(name, told): (&String, &BTreeMap<String, Told>)| Host {
            name: name.clone(),
            told: told.values().cloned().collect(),
            paused_until: paused.get(name).copied(),
        };
        told.iter().map(host).collect()
    }

    /// The same client for one tracker and credential: with budgets of its own, and refusing to send
    /// anything that is not a question.
    #[must_use]
    pub fn on_account(&self) -> Self {
        Self { account: Arc::default(), asks_only: true, ..self.clone() }
    }

    /// The budget of this account for `resource` (any, when `None`) of which only the part that is
    /// kept for hints is left.
    #[must_use]
    pub fn short(&self, resource: Option<&str>) -> Option<Short> {
        self.account.short(resource, self.clock.now())
    }

    fn remember(&self, host: &str, response: &Response) {
        let heard = Told::of(response, self.clock.now());
        let mut told = self.state.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.contains_key(host) {
            told.insert(host.to_owned(), BTreeMap::new());
        }
        if let (Some(heard), Some(told)) = (heard, told.get_mut(host)) {
            self.account.note(heard.clone());
            heard.keep(told);
        }
    }

    /// Holds back every request to `host` until `until`, two days at most; a shorter pause
    /// never replaces a longer.
    pub fn pause(&self, host: &str, until: Timestamp) {
        let until = until.min(self.clock.now().plus_millis(BELIEVED_MS));
        let mut paused = self.state.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = paused.entry(host.to_owned()).or_insert(until);
        *slot = (*slot).max(until);
    }

    /// Sends a read (a GET, or a POST that only asks), waits where the host asked for it, and
    /// tries again after network errors and where `judge` says so.
    ///
    /// # Errors
    /// [`TransportError::Paused`] when the wait is longer than [`Limits::longest_wait`]; else the
    /// last network error. The last answer is returned as it is once the tries are used up.
    pub async fn ask(
        &self,
        request: Request,
        judge: impl Fn(&Response) -> Pace + Send,
    ) -> Result<Response, TransportError> {
        let host = host_of(&request);
        if self.asks_only && !question::is_question(&request) {
            return Err(TransportError::NoQuestion { host, method: request.method().clone() });
        }
        let mut tries = 0;
        loop {
            self.wait_for(&host).await?;
            let outcome = self.once(&host, request.clone()).await;
            if let Ok(response) = &outcome {
                self.remember(&host, response);
            }
            let asked = match &outcome {
                Ok(response) => match judge(response) {
                    Pace::Proceed => return outcome,
                    Pace::Retry(asked) => asked,
                },
                Err(TransportError::TooLarge { .. } | TransportError::Untrusted { .. }) => {
                    return outcome;
                }
                Err(_) => None,
            };
            let Some(usual) = self.limits.backoff.get(tries).copied() else {
                if let Some(asked) = asked {
                    self.pause(&host, self.clock.now().plus_millis(millis(asked)));
                }
                return outcome;
            };
            tries += 1;
            match asked {
                Some(asked) => self.pause(&host, self.clock.now().plus_millis(millis(asked))),
                None => self.clock.sleep(usual.mul_f64(0.7 + 0.6 * self.entropy.unit())).await,
            }
        }
    }

    async fn wait_for(&self, host: &str) -> Result<(), TransportError> {
        loop {
            let until = {
                let paused = self.state.paused.lock().unwrap_or_else(PoisonError::into_inner);
                paused.get(host).copied()
            };
            let now = self.clock.now();
            let Some(until) = until.filter(|until| *until > now) else { return Ok(()) };
            let wait = u64::try_from(until.millis() - now.millis()).unwrap_or(0);
            let wait = Duration::from_millis(wait);
            if wait > self.limits.longest_wait {
                return Err(TransportError::Paused { host: host.to_owned(), until });
            }
            self.clock.sleep(wait).await;
        }
    }

    async fn once(&self, host: &str, request: Request) -> Result<Response, TransportError> {
        self.state.requests.fetch_add(1, Ordering::Relaxed);
        let span = spans::asked(request.method(), host);
        let mut wire = self.wire.clone();
        let sent = async { wire.ready().await?.call(request).await };
        let outcome = sent.instrument(span.clone()).await;
        if !span.is_disabled() {
            traced::tell(&span, &outcome, self.clock.now());
        }
        outcome
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn host_of(request: &Request) -> String {
    request.uri().authority().map_or_else(|| "?".to_owned(), |a| a.as_str().to_owned())
}

/// The wire over reqwest and rustls: one try, and nothing that is refused. Without a proxy of its
/// own it takes the environment's (`HTTPS_PROXY`, `NO_PROXY`), except to this machine itself.
///
/// # Errors
/// The TLS configuration of the machine cannot be used.
pub fn wire(limits: &Limits, route: &Route) -> Result<Wire, reqwest::Error> {
    let near = || route.applied(client(limits).no_proxy())?.build();
    let near = route.is_of_environment().then(near).transpose()?;
    let far = route.applied(client(limits))?.build()?;
    let (cap, total) = (limits.body, limits.total.as_secs());
    let way: Arc<str> = route.told().into();
    Ok(BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
        let client = near.as_ref().filter(|_| guard::is_this_machine(&request)).unwrap_or(&far);
        let (client, way) = (client.clone(), Arc::clone(&way));
        async move { send(&client, request, cap, total, &way).await }
    })))
}

fn client(limits: &Limits) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("streamgauge/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .dns_resolver(guard::Guarded)
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect)
        .read_timeout(limits.read)
        .timeout(limits.total)
        .gzip(true)
}

/// `way` is told after the host where no connection can be made.
async fn send(
    client: &reqwest::Client,
    request: Request,
    cap: usize,
    total_seconds: u64,
    way: &str,
) -> Result<Response, TransportError> {
    let host = host_of(&request);
    let name = |error: reqwest::Error| {
        let host = host.clone();
        if error.is_timeout() {
            TransportError::TimedOut { host, seconds: total_seconds }
        } else if error.is_connect() {
            let reason = root_cause(&error);
            match reason.strip_prefix("invalid peer certificate: ") {
                Some(why) => TransportError::Untrusted { host, reason: why.to_owned() },
                None => TransportError::Connect { host: host + way, reason },
            }
        } else {
            TransportError::Broken { host, reason: root_cause(&error) }
        }
    };
    let request = reqwest::Request::try_from(request).map_err(name)?;
    if let Some(reason) = guard::written(request.url().as_str()) {
        return Err(TransportError::Connect { host, reason });
    }
    let mut answer = client.execute(request).await.map_err(name)?;
    // The announced length is a hint: it saves copies, and what comes is counted all the same.
    let announced = answer.content_length().and_then(|length| usize::try_from(length).ok());
    let mut body = BytesMut::with_capacity(announced.unwrap_or(0).min(cap));
    while let Some(chunk) = answer.chunk().await.map_err(name)? {
        if body.len() + chunk.len() > cap {
            return Err(TransportError::TooLarge { host, limit: cap });
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(body.freeze());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// The innermost cause, without the URL (it may carry a query that should not reach a log).
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use http::header::RETRY_AFTER;

    use super::*;
    use crate::clock::{Clock, ManualClock};

    #[tokio::test]
    async fn a_wait_of_centuries_is_believed_for_two_days() {
        let clock = ManualClock::at(Timestamp::from_millis(0));
        let wire = Wire::new(tower::service_fn(|_: Request| async {
            let answer = http::Response::builder().status(429);
            Ok(answer.header(RETRY_AFTER, u64::MAX.to_string()).body(Bytes::new()).unwrap())
        }));
        let entropy = Entropy::from_seed(1);
        let transport = Transport::over(wire, Limits::default(), clock.clone(), entropy);
        let request = http::Request::get("https://tracker.example/").body(Bytes::new()).unwrap();
        for sent in 1..4 {
            let refused = transport.ask(request.clone(), usual_pace).await.unwrap_err();
            let end = clock.now().plus_millis(BELIEVED_MS);
            assert!(
                matches!(refused, TransportError::Paused { until, .. } if until == end),
                "{refused}"
            );
            assert_eq!(transport.requests(), sent);
            clock.set(end);
        }
    }
}
