//! One answer of Jira: its body, and what its status means for the next move.

use bytes::Bytes;
use http::StatusCode;
use http::header::{DATE, RETRY_AFTER};
use serde::Deserialize;

use super::super::TrackerError;
use super::client::Product;
use super::dates;
use crate::model::{ConnectionId, Timestamp};
use crate::plain;
use crate::transport::{BELIEVED_MS, Response};

/// How long to wait after a 429 that names no time.
const PAUSE_MILLIS: i64 = 60_000;

/// Longest part of Jira's own message that an error repeats, in characters.
const MESSAGE_LENGTH: usize = 200;

/// One answer, whatever its status.
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// The tracker's clock when it answered.
    pub date: Option<Timestamp>,
    /// Connection, method and address, for errors.
    place: String,
    retry_after: Option<i64>,
    /// Jira answered as to a stranger, because it did not accept the credential.
    anonymous: bool,
    /// Data Center: who Jira says has asked; `Some(true)` is nobody it knows.
    stranger: Option<bool>,
}

impl Answer {
    /// Takes what is read of a response; `place` names connection, method and address.
    #[must_use]
    pub fn new(place: String, response: Response) -> Self {
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
        let denied = ["AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"];
        Self {
            status: response.status(),
            date: header(DATE.as_str()).and_then(dates::from_http),
            retry_after: header(RETRY_AFTER.as_str()).and_then(|v| v.trim().parse().ok()),
            anonymous: header("x-seraph-loginreason")
                .is_some_and(|reason| denied.iter().any(|word| reason.contains(word))),
            stranger: header("x-ausername").map(|user| user == "anonymous"),
            place,
            body: response.into_body(),
        }
    }

    /// Whether Jira says that an account of its own has asked.
    #[must_use]
    pub fn names_account(&self) -> bool {
        self.stranger == Some(false)
    }

    /// Lets `anonymous` as the name of the account mean that the credential was not accepted.
    pub fn believe_account(&mut self) {
        self.anonymous |= self.stranger == Some(true);
    }

    /// Connection, method and address.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

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

    /// Lets a 200 pass and names the next move for everything else.
    ///
    /// # Errors
    /// See [`TrackerError`].
    pub fn accept(
        self,
        name: &ConnectionId,
        now: Timestamp,
        product: Product,
    ) -> Result<Self, TrackerError> {
        if self.status == StatusCode::OK && !self.anonymous {
            return Ok(self);
        }
        let (said, place) = (spoken(&self.body), &self.place);
        // To a stranger a private project is an error in the query.
        let code = if self.anonymous { 401 } else { self.status.as_u16() };
        Err(match code {
            401 if product == Product::Center => TrackerError::Unauthorized(format!(
                "{place} does not accept the token{said}; create a personal access token in the \
                 account's profile and give it in `auth` of connection `{name}`"
            )),
            404 if product == Product::Center => TrackerError::Refused(format!(
                "{place} does not exist or may not be seen{said}; check `url`, with its path if \
                 Jira has one, and `scopes` of connection `{name}`"
            )),
            401 => TrackerError::Unauthorized(format!(
                "{place} does not accept the credential{said}; create an API token at \
                 https://id.atlassian.com/manage-profile/security/api-tokens (if with scopes: \
                 read:jira-work and read:jira-user) and give it, with its account's e-mail, in \
                 `auth` of connection `{name}`"
            )),
            403 => TrackerError::Unauthorized(format!(
                "{place} is forbidden to this account{said}; give it Browse Projects, or \
                 sign in once in a browser if Jira asks for a CAPTCHA"
            )),
            404 => TrackerError::Refused(format!(
                "{place} does not exist or may not be seen{said}; check `url` and `scopes` \
                 of connection `{name}`"
            )),
            410 => TrackerError::Refused(format!(
                "{place} has been removed by Atlassian{said}; install a newer streamgauge"
            )),
            429 => TrackerError::Wait {
                until: now.plus_millis(
                    self.retry_after
                        .map_or(PAUSE_MILLIS, |s: i64| s.saturating_mul(1000))
                        .min(BELIEVED_MS),
                ),
                message: format!("{place} asks for fewer requests{said}"),
            },
            code @ 300..=399 => TrackerError::Refused(format!(
                "{place} redirects elsewhere ({code}); put the site's present address in \
                 `url` of connection `{name}`"
            )),
            code @ 500.. => TrackerError::Unavailable(format!(
                "{place} failed with {code}{said}; the next pass tries again"
            )),
            code => TrackerError::Refused(format!(
                "{place} is refused with {code}{said}; check `scopes` of connection \
                 `{name}` against the projects that the account can browse"
            )),
        })
    }
}

/// The answer as a whole cannot be understood.
pub fn malformed(place: &str, detail: String) -> TrackerError {
    TrackerError::Malformed(format!(
        "{place} gave an answer that cannot be read: {detail}; check that no proxy answers in \
         Jira's place"
    ))
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
    let line: String = text
        .chars()
        .map(|c| if plain::is_active(c) { ' ' } else { c })
        .take(MESSAGE_LENGTH)
        .collect();
    let line = line.trim().trim_end_matches('.');
    if line.is_empty() { String::new() } else { format!(": {line}") }
}
