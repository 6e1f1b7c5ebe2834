//! Speaks HTTP to one Jira site: addresses, the credential, and what each status of an answer
//! means for the next move. Sends GETs, and POSTs that only ask.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::super::TrackerError;
use super::dates;
use crate::model::{ConnectionId, Timestamp};
use crate::transport::{Request, Transport, TransportError, usual_pace};

/// How long to wait after a 429 that names no time.
const PAUSE_MILLIS: i64 = 60_000;

/// Longest part of Jira's own message that an error repeats, in characters.
const MESSAGE_LENGTH: usize = 200;

/// The addresses of one site and the header that opens them.
pub struct Client {
    connection: ConnectionId,
    site: String,
    gateway: String,
    authorization: HeaderValue,
    transport: Transport,
    /// Where the credential was accepted: the site, or the gateway for tokens with scopes.
    base: Mutex<Option<String>>,
}

/// One answer, whatever its status.
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// The tracker's clock when it answered.
    pub date: Option<Timestamp>,
    /// Method and address, for errors.
    place: String,
    retry_after: Option<i64>,
    /// Jira answered as to a stranger, because it did not accept the credential.
    anonymous: bool,
}

impl Answer {
    /// The body as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn text(&self) -> Result<&str, TrackerError> {
        std::str::from_utf8(&self.body)
            .map_err(|_| malformed(&self.place, "it is not UTF-8 text".to_owned()))
    }

    /// Reads the body with `parse`.
    ///
    /// # Errors
    /// It is not what Jira documents. The values of the body are never repeated.
    pub fn read<'a, T>(
        &'a self,
        parse: impl FnOnce(&'a str) -> serde_json::Result<T>,
    ) -> Result<T, TrackerError> {
        let text = self.text()?;
        parse(text).map_err(|error| {
            let html = text.trim_start().starts_with('<');
            let what = if html { "it is HTML, perhaps a sign-in page" } else { "the JSON is not" };
            let place = format!("line {} column {}", error.line(), error.column());
            let detail =
                if html { what.to_owned() } else { format!("{what} as documented at {place}") };
            malformed(&self.place, detail)
        })
    }
}

fn malformed(place: &str, detail: String) -> TrackerError {
    TrackerError::Malformed(format!(
        "cannot read the answer of {place}: {detail}; check that no proxy answers in Jira's place"
    ))
}

impl Client {
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
        Self { connection, site, gateway, authorization, transport, base: Mutex::new(None) }
    }

    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The site's own address, for people.
    pub fn site(&self) -> &str {
        &self.site
    }

    pub fn now(&self) -> Timestamp {
        self.transport.clock().now()
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
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let base = base.unwrap_or_else(|| self.site.clone());
        self.send(method, &base, path, body, true).await
    }

    /// Asks who we are, at the site and, for a token with scopes, at the gateway. Remembers which
    /// of the two accepted the credential.
    ///
    /// # Errors
    /// Neither did, or no answer came.
    pub async fn authenticate(&self) -> Result<Answer, TrackerError> {
        let known = self.base.lock().unwrap_or_else(PoisonError::into_inner).take();
        let base = known.unwrap_or_else(|| self.site.clone());
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
        let answer = self.accept(answer)?;
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = Some(base);
        Ok(answer)
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
            return Err(malformed(&answer.place, "the cloud id is not one".to_owned()));
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
        let place = format!("{method} {}", url.split('?').next().unwrap_or_default());
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
        let response = response.map_err(|error| self.unanswered(&place, error))?;
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
        let denied = ["AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"];
        Ok(Answer {
            status: response.status(),
            date: header(DATE.as_str()).and_then(dates::from_http),
            retry_after: header(RETRY_AFTER.as_str()).and_then(|v| v.trim().parse().ok()),
            anonymous: header("x-seraph-loginreason")
                .is_some_and(|reason| denied.iter().any(|word| reason.contains(word))),
            place,
            body: response.into_body(),
        })
    }

    fn unanswered(&self, place: &str, error: TransportError) -> TrackerError {
        let message = format!("{}: {place} was not answered: {error}", self.connection);
        match error {
            TransportError::Paused { until, .. } => TrackerError::Wait { until, message },
            TransportError::TooLarge { .. } => TrackerError::Malformed(message),
            _ => TrackerError::Unavailable(format!("{message}; the next pass tries again")),
        }
    }

    /// Lets a 200 pass and names the next move for everything else.
    ///
    /// # Errors
    /// See [`TrackerError`].
    pub fn accept(&self, answer: Answer) -> Result<Answer, TrackerError> {
        if answer.status == StatusCode::OK && !answer.anonymous {
            return Ok(answer);
        }
        let said = spoken(&answer.body);
        let (name, place) = (&self.connection, &answer.place);
        let code = answer.status.as_u16();
        Err(match code {
            200 | 401 => TrackerError::Unauthorized(format!(
                "{name}: {place} does not accept the credential{said}; create an API token at \
                 https://id.atlassian.com/manage-profile/security/api-tokens (if with scopes: \
                 read:jira-work and read:jira-user) and give it, with its account's e-mail, in \
                 `auth` of connection `{name}`"
            )),
            403 => TrackerError::Unauthorized(format!(
                "{name}: {place} is forbidden to this account{said}; give it Browse Projects, or \
                 sign in once in a browser if Jira asks for a CAPTCHA"
            )),
            404 => TrackerError::Refused(format!(
                "{name}: {place} does not exist or may not be seen{said}; check `url` and `scopes` \
                 of connection `{name}`"
            )),
            410 => TrackerError::Refused(format!(
                "{name}: Jira has removed {place}{said}; install a newer streamgauge"
            )),
            429 => TrackerError::Wait {
                until: self.now().plus_millis(
                    answer.retry_after.map_or(PAUSE_MILLIS, |s: i64| s.saturating_mul(1000)),
                ),
                message: format!("{name}: {place} asks for fewer requests{said}"),
            },
            300..=399 => TrackerError::Refused(format!(
                "{name}: {place} redirects elsewhere ({code}); put the site's present address in \
                 `url` of connection `{name}`"
            )),
            500.. => TrackerError::Unavailable(format!(
                "{name}: {place} failed with {code}{said}; the next pass tries again"
            )),
            _ => TrackerError::Refused(format!(
                "{name}: {place} is refused with {code}{said}; check `scopes` of connection \
                 `{name}` against the projects that the account can browse"
            )),
        })
    }
}

/// What Jira itself says about an error, on one short line: `: the value ...`, or nothing.
fn spoken(body: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Messages {
        #[serde(default)]
        error_messages: Vec<String>,
        message: Option<String>,
    }

    let Ok(messages) = serde_json::from_slice::<Messages>(body) else { return String::new() };
    let all = messages.error_messages.into_iter().chain(messages.message);
    let text = all.collect::<Vec<_>>().join(" ");
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_LENGTH).collect();
    let line = line.trim().trim_end_matches('.');
    if line.is_empty() { String::new() } else { format!(": {line}") }
}
