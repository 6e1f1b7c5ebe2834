//! Speaks HTTP: octocrab signs and addresses the requests, our transport carries them, and what
//! comes back is an answer or one sentence.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderValue};
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::BodyExt;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, Octocrab, OctocrabBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use super::credential::{Carrier, Credential, NoHeader};
use super::faults::{self, Verdict};
use super::{limits, wire};
use crate::model::Timestamp;
use crate::trackers::TrackerError;
use crate::transport::{Response, Transport, TransportError};

/// The fewest rows that a page is reduced to when GitHub runs out of time or resources.
const LEAST_ROWS: u32 = 5;
/// Tries at the least size before a pass gives up.
const LAST_TRIES: usize = 3;
/// The pause between a gateway error and the smaller question.
const BREATH: Duration = Duration::from_secs(1);

/// A connection to one GraphQL endpoint.
#[derive(Debug)]
pub struct Client {
    octocrab: Octocrab,
    credential: Credential,
    pub(super) transport: Transport,
    api: String,
    /// Where REST paths begin, below the base of GraphQL.
    rest: &'static str,
    host: String,
    place: String,
    rows: AtomicU32,
    most_rows: u32,
    /// The version that a server named last; github.com names none.
    version: Mutex<Option<String>>,
    /// A question was refused for what the server's schema does not have.
    misfit: AtomicBool,
}

/// An answer with status 200.
#[derive(Debug)]
pub struct Answer {
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Our clock when the question left.
    pub asked_at: Timestamp,
    /// Our clock when the answer was complete.
    pub answered_at: Timestamp,
}

impl Answer {
    /// The tracker's clock, at or before the instant at which the next question is evaluated: its
    /// `Date` minus the round trip and the second that `Date` leaves out.
    #[must_use]
    pub fn clock(&self) -> Timestamp {
        let round_trip = self.answered_at.millis().saturating_sub(self.asked_at.millis()).max(0);
        let theirs = limits::date(&self.headers).unwrap_or(self.answered_at);
        theirs.plus_millis(-round_trip - 1000)
    }
}

enum Trouble {
    /// Too much was asked at once, or the server is out of breath.
    TooHeavy(String),
    Failed(TrackerError),
}

impl Client {
    /// Must be called inside a tokio runtime: octocrab hands every request through a queue of its
    /// own, whose worker it starts here. The worker only dispatches; requests run in the task of
    /// the caller.
    ///
    /// # Errors
    /// [`TrackerError::Refused`] when `api` is not an absolute http(s) address.
    pub fn new(
        place: String,
        api: &str,
        credential: Credential,
        most_rows: u32,
        transport: Transport,
    ) -> Result<Self, TrackerError> {
        let address = |_| {
            TrackerError::Refused(format!(
                "{place}: `{api}` is not a web address; write the API's base, such as \
                 https://api.github.com"
            ))
        };
        let base: Uri = api.parse().map_err(|_| address(()))?;
        let host = base.authority().ok_or(()).map_err(address)?.as_str().to_owned();
        base.scheme().ok_or(()).map_err(address)?;
        let accept = (ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        let carrier = Arc::new(Carrier {
            transport: transport.clone(),
            credential: credential.clone(),
            host: host.clone(),
        });
        let built = OctocrabBuilder::new_empty()
            .with_service(tower::service_fn(move |request| Arc::clone(&carrier).carry(request)))
            .with_layer(&BaseUriLayer::new(base))
            .with_layer(&ExtraHeadersLayer::new(vec![accept].into()))
            .with_auth(AuthState::None)
            .build();
        let octocrab = match built {
            Ok(octocrab) => octocrab,
            Err(never) => match never {},
        };
        let most_rows = most_rows.clamp(1, 100);
        let rows = AtomicU32::new(most_rows);
        let (version, misfit) = (Mutex::default(), AtomicBool::new(false));
        let api = api.to_owned();
        Ok(Self {
            octocrab,
            credential,
            transport,
            api,
            rest: "",
            host,
            place,
            rows,
            most_rows,
            version,
            misfit,
        })
    }

    /// With REST below `/v3`, as on a server of one's own.
    #[must_use]
    pub fn on_server(mut self, server: bool) -> Self {
        self.rest = if server { "/v3" } else { "" };
        self
    }

    /// The name of the connection, as every message begins.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Our clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.transport.clock().now()
    }

    /// What signs the questions.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The version of GitHub Enterprise Server behind the newest answer.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a question was refused for what the server's schema does not have; asking resets
    /// it.
    pub fn take_misfit(&self) -> bool {
        self.misfit.swap(false, Ordering::Relaxed)
    }

    /// Asks a question whose weight does not depend on a number of rows.
    ///
    /// # Errors
    /// Everything in [`TrackerError`] but a refused token of a page.
    pub async fn ask(&self, query: &str, variables: Value) -> Result<Answer, TrackerError> {
        let (answer, _) = self.patiently(query, &[1; LAST_TRIES], |_| variables.clone()).await?;
        Ok(answer)
    }

    /// Asks for as many rows as GitHub bears: half as many after every gateway error, and a few
    /// more again after every answer. `variables` is given the number of rows.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn ask_rows(
        &self,
        query: &str,
        variables: impl Fn(u32) -> Value + Send + Sync,
    ) -> Result<Answer, TrackerError> {
        let mut sizes = vec![self.rows()];
        while let Some(&size) = sizes.last().filter(|size| **size > LEAST_ROWS) {
            sizes.push((size / 2).max(LEAST_ROWS));
        }
        sizes.resize(sizes.len() + LAST_TRIES - 1, *sizes.last().unwrap_or(&LEAST_ROWS));
        let (answer, size) = self.patiently(query, &sizes, variables).await?;
        self.rows.store((size + LEAST_ROWS).min(self.most_rows), Ordering::Relaxed);
        Ok(answer)
    }

    /// How many rows the next question would ask for.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows.load(Ordering::Relaxed)
    }

    async fn patiently(
        &self,
        query: &str,
        sizes: &[u32],
        variables: impl Fn(u32) -> Value + Send + Sync,
    ) -> Result<(Answer, u32), TrackerError> {
        let mut last = String::new();
        for size in sizes {
            match self.once(query, variables(*size)).await {
                Ok(answer) => return Ok((answer, *size)),
                Err(Trouble::Failed(error)) => return Err(error),
                Err(Trouble::TooHeavy(why)) => {
                    tracing::debug!(rows = size, why, "GitHub could not answer in time");
                    last = why;
                    self.transport.clock().sleep(BREATH).await;
                }
            }
        }
        let place = &self.place;
        Err(TrackerError::Unavailable(format!(
            "{place}: GitHub could not answer even a small question ({last}); the next pass tries \
             again"
        )))
    }

    /// One question, repeated only where GitHub says that its rate budget was used up.
    async fn once(&self, query: &str, variables: Value) -> Result<Answer, Trouble> {
        let question = json!({ "query": query, "variables": variables });
        for _ in 0..LAST_TRIES {
            let answer = self.post(&question).await?;
            let envelope = self.envelope(&answer).map_err(Trouble::Failed)?;
            let found = envelope.errors.as_deref().unwrap_or_default();
            if faults::is_misfit(found, envelope.data.is_some()) {
                self.misfit.store(true, Ordering::Relaxed);
            }
            match faults::judge(found, envelope.data.is_some()) {
                Verdict::Usable => return Ok(answer),
                Verdict::TooHeavy(why) => return Err(Trouble::TooHeavy(why)),
                Verdict::Failed(error) => return Err(Trouble::Failed(error(&self.place))),
                Verdict::RateLimited => {
                    let wait = self.budget_wait(&answer, &envelope);
                    let until = self.transport.clock().now().plus_millis(wait);
                    self.transport.pause(&self.host, until);
                }
            }
        }
        let until = self.transport.clock().now().plus_millis(limits::SECONDARY.as_millis() as i64);
        Err(Trouble::Failed(self.wait(until)))
    }

    async fn post(&self, question: &Value) -> Result<Answer, Trouble> {
        let clock = self.transport.clock();
        let asked_at = clock.now();
        let response = self.octocrab._post("/graphql", Some(question)).await;
        let response = response.map_err(|error| self.no_answer(&error))?;
        let (parts, body) = response.into_parts();
        if let Some(version) = parts.headers.get("x-github-enterprise-version") {
            let version = version.to_str().ok().map(str::to_owned);
            *self.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        }
        let body = body.collect().await.map_err(|error| self.no_answer(&error))?.to_bytes();
        let answered_at = clock.now();
        match parts.status {
            StatusCode::OK => Ok(Answer { headers: parts.headers, body, asked_at, answered_at }),
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
                Err(Trouble::TooHeavy(format!("status {}", parts.status.as_u16())))
            }
            _ => {
                let response = Response::from_parts(parts, body);
                if let Some(wait) = limits::asked_wait(&response, answered_at, 0)
                    && matches!(response.status().as_u16(), 403 | 429)
                {
                    let until = answered_at.plus_millis(wait.as_millis() as i64);
                    return Err(Trouble::Failed(self.wait(until)));
                }
                Err(Trouble::Failed(faults::of_status(&self.place, &self.api, &response)))
            }
        }
    }

    /// Asks the REST API and leaves the judgement of a 200, a redirect, a 404 and a 410 to the
    /// caller.
    ///
    /// # Errors
    /// Every other answer, or none.
    pub async fn get(&self, path: &str) -> Result<Response, TrackerError> {
        let failed = |trouble| match trouble {
            Trouble::Failed(error) => error,
            Trouble::TooHeavy(why) => {
                let place = &self.place;
                TrackerError::Unavailable(format!("{place}: {why}; the next pass tries again"))
            }
        };
        let response = self.octocrab._get(format!("{}{path}", self.rest)).await;
        let response = response.map_err(|error| failed(self.no_answer(&error)))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| failed(self.no_answer(&error)))?;
        let response = Response::from_parts(parts, body.to_bytes());
        let now = self.transport.clock().now();
        match response.status().as_u16() {
            200 | 301 | 302 | 307 | 308 | 404 | 410 => Ok(response),
            403 | 429 => Err(match limits::asked_wait(&response, now, 0) {
                Some(wait) => self.wait(now.plus_millis(wait.as_millis() as i64)),
                None => faults::of_status(&self.place, &self.api, &response),
            }),
            _ => Err(faults::of_status(&self.place, &self.api, &response)),
        }
    }

    /// The outer shape of an answer.
    fn envelope<'a>(&self, answer: &'a Answer) -> Result<wire::Envelope<'a>, TrackerError> {
        let parsed = std::str::from_utf8(&answer.body).ok().map(wire::read::<wire::Envelope<'a>>);
        match parsed {
            Some(Ok(envelope)) => Ok(envelope),
            _ => Err(TrackerError::Malformed(format!(
                "{}: {} answered with something that is not GraphQL JSON (a proxy, or a sign-in \
                 page?); check `url` and the way to it",
                self.place, self.api
            ))),
        }
    }

    /// The data of an answer, and the faults beside it.
    ///
    /// # Errors
    /// [`TrackerError::Malformed`] names the place inside the answer that cannot be read.
    pub fn data<'a, T: Deserialize<'a>>(
        &self,
        answer: &'a Answer,
    ) -> Result<(T, Vec<wire::Fault>), TrackerError> {
        let envelope = self.envelope(answer)?;
        let text = envelope.data.map_or("{}", |data| data.get());
        let data = wire::read(text).map_err(|path| {
            TrackerError::Malformed(format!(
                "{}: {} answered with data that cannot be read at `{path}`; the next pass tries \
                 again",
                self.place, self.api
            ))
        })?;
        Ok((data, envelope.errors.unwrap_or_default()))
    }

    /// Milliseconds until the budget is filled again.
    fn budget_wait(&self, answer: &Answer, envelope: &wire::Envelope<'_>) -> i64 {
        let now = self.transport.clock().now();
        let told = || {
            let metered = wire::read::<wire::Metered>(envelope.data?.get()).ok()?;
            Some(limits::until(metered.rate_limit?.reset_at.0, &answer.headers, now))
        };
        let wait = limits::until_reset(&answer.headers, now).or_else(told);
        i64::try_from(wait.unwrap_or(limits::SECONDARY).as_millis()).unwrap_or(i64::MAX)
    }

    fn wait(&self, until: Timestamp) -> TrackerError {
        let place = &self.place;
        let message =
            format!("{place}: GitHub's rate limit is used up; it asks to wait until {until}");
        TrackerError::Wait { until, message }
    }

    fn no_answer(&self, error: &octocrab::Error) -> Trouble {
        let place = &self.place;
        let carried = match error {
            octocrab::Error::Service { source, .. } => {
                if let Some(error) = source.downcast_ref::<TrackerError>() {
                    return Trouble::Failed(error.clone());
                }
                if source.is::<NoHeader>() {
                    return Trouble::Failed(TrackerError::Unauthorized(format!(
                        "{place}: the token is not one line of plain text; look at where it comes \
                         from"
                    )));
                }
                source.downcast_ref::<TransportError>()
            }
            _ => None,
        };
        Trouble::Failed(match carried {
            Some(TransportError::Paused { until, .. }) => self.wait(*until),
            Some(error @ TransportError::TooLarge { .. }) => {
                return Trouble::TooHeavy(error.to_string());
            }
            Some(error) => TrackerError::Unavailable(format!(
                "{place}: {error}; check the network and `url`, the next pass tries again"
            )),
            None => TrackerError::Unavailable(format!(
                "{place}: the request could not be sent; if it stays so, restart the daemon"
            )),
        })
    }
}
