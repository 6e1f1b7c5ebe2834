//! Speaks HTTP to one Jira site: addresses and the credential. Sends GETs, and POSTs that only ask.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::super::TrackerError;
use super::answer::{Answer, malformed};
use super::dates;
use crate::model::{ConnectionId, Timestamp};
use crate::transport::{Request, Short, Transport, TransportError, usual_pace};

/// Which product is asked: it decides the version of the API and what an error advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Cloud,
    Center,
}

/// The addresses of one site and the header that opens them.
pub struct Client {
    connection: ConnectionId,
    site: String,
    gateway: String,
    authorization: HeaderValue,
    transport: Transport,
    /// Where the credential was accepted: the site, or the gateway for tokens with scopes.
    base: Mutex<Option<String>>,
    /// Jira's clock less this machine's, in milliseconds, by the newest answer.
    ahead: AtomicI64,
    product: Product,
    /// Answers name the account that Jira saw, so that `anonymous` means a lost credential.
    names_account: AtomicBool,
}

impl Client {
    /// Prepares the header; nothing is sent.
    pub fn new(
        connection: ConnectionId,
        site: &str,
        gateway: &str,
        user: &SecretString,
        token: &SecretString,
        transport: Transport,
    ) -> Self {
        let pair = format!("{}:{}", user.expose_secret(), token.expose_secret());
        let basic = format!("Basic {}", STANDARD.encode(pair));
        let mut authorization =
            HeaderValue::try_from(basic).expect("base64 is made of visible ASCII");
        authorization.set_sensitive(true);
        let [site, gateway] = [site, gateway].map(|url| url.trim_end_matches('/').to_owned());
        Self {
            connection,
            site,
            gateway,
            authorization,
            transport,
            base: Mutex::new(None),
            ahead: AtomicI64::new(0),
            product: Product::Cloud,
            names_account: AtomicBool::new(false),
        }
    }

    /// The same for a Data Center at `site`, which may have a path. Nothing is sent.
    ///
    /// # Errors
    /// The token holds characters that no header can carry.
    pub fn center(
        connection: ConnectionId,
        site: &str,
        token: &SecretString,
        transport: Transport,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))?;
        authorization.set_sensitive(true);
        Ok(Self {
            connection,
            site: site.trim_end_matches('/').to_owned(),
            gateway: String::new(),
            authorization,
            transport,
            base: Mutex::new(None),
            ahead: AtomicI64::new(0),
            product: Product::Center,
            names_account: AtomicBool::new(false),
        })
    }

    /// A path of the product's API: `/status` becomes `/rest/api/3/status`.
    pub fn api(&self, path: &str) -> String {
        match self.product {
            Product::Cloud => format!("/rest/api/3{path}"),
            Product::Center => format!("/rest/api/2{path}"),
        }
    }

    /// Notes whether an accepted answer named the account that Jira saw.
    pub fn note_account(&self, answer: &Answer) {
        self.names_account.store(answer.names_account(), Ordering::Relaxed);
    }

    /// The name of the connection.
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The site's own address, for people.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// This machine's clock.
    pub fn now(&self) -> Timestamp {
        self.transport.clock().now()
    }

    /// The budget of which only what is kept for hints is left.
    pub fn short(&self) -> Option<Short> {
        self.transport.short(None)
    }

    /// Jira's clock now, as far as the newest answer tells.
    pub fn theirs(&self) -> Timestamp {
        self.now().plus_millis(self.ahead.load(Ordering::Relaxed))
    }

    /// Jira's clock by an answer to a question that left at `sent_at`: at or before the instant at
    /// which the next one is evaluated. Where something on the way takes `Date` out of the answers,
    /// Jira is asked for its time. Where that is hidden too, this machine's clock stands in, and a
    /// note says so.
    ///
    /// # Errors
    /// Jira was asked for its time and did not answer.
    pub async fn clock_of(
        &self,
        mut sent_at: Timestamp,
        answer: &Answer,
        notes: &mut Vec<String>,
    ) -> Result<Timestamp, TrackerError> {
        let mut date = answer.date;
        if date.is_none() {
            sent_at = self.now();
            date = self.server_time().await?;
        }
        let round_trip = self.now().millis().saturating_sub(sent_at.millis()).max(0);
        let date = date.unwrap_or_else(|| {
            notes.push(format!(
                "{}: Jira tells no time, so this machine's clock stands in for Jira's; let the \
                 proxy before it pass `Date` or /serverInfo on",
                self.connection
            ));
            sent_at
        });
        Ok(date.plus_millis(-round_trip - 1000))
    }

    /// The time that Jira tells in words, if it may be asked for it.
    async fn server_time(&self) -> Result<Option<Timestamp>, TrackerError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ServerInfo {
            server_time: String,
        }

        let answer = self.get(&self.api("/serverInfo")).await;
        let told = answer.and_then(|answer| answer.read(serde_json::from_str::<ServerInfo>));
        let time = match told {
            Ok(told) => dates::from_text(&told.server_time),
            Err(later @ (TrackerError::Wait { .. } | TrackerError::Unavailable(_))) => {
                return Err(later);
            }
            Err(_) => None,
        };
        if let Some(time) = time {
            self.note_clock(time);
        }
        Ok(time)
    }

    fn note_clock(&self, theirs: Timestamp) {
        let ahead = theirs.millis().saturating_sub(self.now().millis());
        self.ahead.store(ahead, Ordering::Relaxed);
    }

    /// Asks `path` at the address where the credential was accepted.
    ///
    /// # Errors
    /// Anything but a 200.
    pub async fn get(&self, path: &str) -> Result<Answer, TrackerError> {
        self.accept(self.ask(Method::GET, path, Bytes::new()).await?)
    }

    /// Asks `path` with a question in the body.
    ///
    /// # Errors
    /// Anything but a 200.
    pub async fn post(&self, path: &str, body: String) -> Result<Answer, TrackerError> {
        self.accept(self.ask(Method::POST, path, body.into()).await?)
    }

    /// Asks and leaves the judgement of the status to the caller.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Answer, TrackerError> {
        self.send(method, &self.base(), path, body, true).await
    }

    fn base(&self) -> String {
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        base.clone().unwrap_or_else(|| self.site.clone())
    }

    /// Asks who we are, at the site and, for a token with scopes, at the gateway. Remembers which
    /// of the two accepted the credential.
    ///
    /// # Errors
    /// Neither did, or no answer came.
    pub async fn authenticate(&self) -> Result<Answer, TrackerError> {
        let base = self.base();
        let answer = self.myself(&base).await?;
        if answer.status != StatusCode::UNAUTHORIZED || base != self.site {
            return self.settle(base, answer);
        }
        let cloud = match self.cloud_id().await {
            Ok(cloud) => cloud,
            Err(later @ (TrackerError::Wait { .. } | TrackerError::Unavailable(_))) => {
                return Err(later);
            }
            // A site without a gateway: what the site itself said stands.
            Err(_) => return self.settle(base, answer),
        };
        let base = format!("{}/ex/jira/{cloud}", self.gateway);
        let answer = self.myself(&base).await?;
        self.settle(base, answer)
    }

    async fn myself(&self, base: &str) -> Result<Answer, TrackerError> {
        self.send(Method::GET, base, "/rest/api/3/myself", Bytes::new(), true).await
    }

    fn settle(&self, base: String, answer: Answer) -> Result<Answer, TrackerError> {
        let answer = self.accept(answer);
        let mut known = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        match &answer {
            Ok(_) => *known = Some(base),
            // The next probe begins at the site again.
            Err(TrackerError::Unauthorized(_)) => *known = None,
            Err(_) => {}
        }
        answer
    }

    /// The site's id at the gateway; asked without the credential.
    async fn cloud_id(&self) -> Result<String, TrackerError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Tenant {
            cloud_id: String,
        }

        let path = "/_edge/tenant_info";
        let answer = self.send(Method::GET, &self.site, path, Bytes::new(), false).await?;
        let answer = self.accept(answer)?;
        let id = answer.read(serde_json::from_str::<Tenant>)?.cloud_id;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if id.is_empty() || !id.bytes().all(plain) {
            return Err(malformed(answer.place(), "the cloud id is not one".to_owned()));
        }
        Ok(id)
    }

    async fn send(
        &self,
        method: Method,
        base: &str,
        path: &str,
        body: Bytes,
        credential: bool,
    ) -> Result<Answer, TrackerError> {
        let url = format!("{base}{path}");
        let address = url.split('?').next().unwrap_or_default();
        let place = format!("{}: {method} {address}", self.connection);
        let mut request = Request::new(body);
        *request.uri_mut() = url.parse().map_err(|_| {
            TrackerError::Refused(format!(
                "{}: `{}` is not an address; correct `url` of this connection",
                self.connection, self.site
            ))
        })?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(ACCEPT, json.clone());
        if method == Method::POST {
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        *request.method_mut() = method;
        if credential {
            request.headers_mut().insert(AUTHORIZATION, self.authorization.clone());
        }
        let response = self.transport.ask(request, usual_pace).await;
        let response = response.map_err(|error| unanswered(&place, error))?;
        let answer = Answer::new(place, response);
        if let Some(date) = answer.date {
            self.note_clock(date);
        }
        Ok(answer)
    }

    /// Lets a 200 pass and names the next move for everything else.
    ///
    /// # Errors
    /// See [`Answer::accept`].
    pub fn accept(&self, mut answer: Answer) -> Result<Answer, TrackerError> {
        if self.names_account.load(Ordering::Relaxed) {
            answer.believe_account();
        }
        answer.accept(&self.connection, self.now(), self.product)
    }
}

fn unanswered(place: &str, error: TransportError) -> TrackerError {
    let message = format!("{place} was not answered: {error}");
    match error {
        TransportError::Paused { until, .. } => TrackerError::Wait { until, message },
        TransportError::TooLarge { .. } => TrackerError::Malformed(message),
        _ => TrackerError::Unavailable(format!("{message}; the next pass tries again")),
    }
}
