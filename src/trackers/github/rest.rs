//! The few questions that only REST answers: an App's installations and what they see. Each needs
//! a token of its own, so they go straight to the transport.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, LINK};
use http::{HeaderMap, Method, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::limits;
use crate::trackers::TrackerError;
use crate::transport::{Request, Response, Transport, TransportError};

/// Pages after which a list of GitHub is taken to be endless.
const PAGES_MAX: usize = 1_000;
/// The version of the REST API that the answers are read as.
const VERSION: &str = "2022-11-28";

/// One REST API.
#[derive(Debug, Clone)]
pub struct Rest {
    transport: Transport,
    base: Uri,
    place: String,
}

impl Rest {
    pub fn new(transport: Transport, base: Uri, place: String) -> Self {
        Self { transport, base, place }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The address of `path`, which begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base.to_string().trim_end_matches('/'))
    }

    /// One request, answered with anything but a wait or a server error.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        token: &SecretString,
    ) -> Result<Response, TrackerError> {
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = url.parse().map_err(|_| self.unreadable("an address"))?;
        *request.method_mut() = method;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static(VERSION));
        headers.insert(AUTHORIZATION, bearer(token).ok_or_else(|| self.unreadable("a token"))?);
        let clock = self.transport.clock();
        let refusals = AtomicU32::new(0);
        let judge = |response: &Response| {
            let before = match response.status().as_u16() {
                403 | 429 => refusals.fetch_add(1, Ordering::Relaxed),
                _ => 0,
            };
            limits::pace(response, clock.now(), before)
        };
        let asked = self.transport.ask(request, judge).await;
        let response = asked.map_err(|error| self.unanswered(error))?;
        let status = response.status().as_u16();
        if matches!(status, 403 | 429)
            && let Some(wait) = limits::asked_wait(&response, clock.now(), 0)
        {
            let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            return Err(self.wait(clock.now().plus_millis(wait)));
        }
        if status >= 500 {
            return Err(TrackerError::Unavailable(format!(
                "{}: GitHub answers {status}; the next pass tries again",
                self.place
            )));
        }
        Ok(response)
    }

    /// The body of an answer.
    pub fn read<T: DeserializeOwned>(&self, response: &Response) -> Result<T, TrackerError> {
        serde_json::from_slice(response.body()).map_err(|_| self.unreadable("JSON that it should"))
    }

    /// The next page that an answer names, at our own address: a token is never sent elsewhere,
    /// and the API may stand behind a proxy that its links do not know.
    pub fn next(&self, headers: &HeaderMap) -> Option<String> {
        let links = headers.get(LINK)?.to_str().ok()?;
        let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
        let next: Uri = next.split_once('<')?.1.split_once('>')?.0.parse().ok()?;
        let path = next.path_and_query()?.as_str();
        let prefix = self.base.path().trim_end_matches('/');
        let prefix = if path.starts_with(prefix) { "" } else { prefix };
        let (scheme, host) = (self.base.scheme_str()?, self.base.authority()?);
        Some(format!("{scheme}://{host}{prefix}{path}"))
    }

    fn unreadable(&self, what: &str) -> TrackerError {
        TrackerError::Malformed(format!(
            "{}: GitHub's answer does not hold {what} (a proxy, or a sign-in page?); check `url` \
             and the way to it",
            self.place
        ))
    }

    fn wait(&self, until: crate::model::Timestamp) -> TrackerError {
        let place = &self.place;
        let message =
            format!("{place}: GitHub's rate limit is used up; it asks to wait until {until}");
        TrackerError::Wait { until, message }
    }

    fn unanswered(&self, error: TransportError) -> TrackerError {
        match error {
            TransportError::Paused { until, .. } => self.wait(until),
            error => TrackerError::Unavailable(format!(
                "{}: {error}; check the network and `url`, the next pass tries again",
                self.place
            )),
        }
    }
}

/// A way from page to page that cannot lead in a circle.
pub struct Walk {
    seen: BTreeSet<String>,
    at: Option<String>,
}

impl Walk {
    pub fn from(url: String) -> Self {
        Self { seen: BTreeSet::new(), at: Some(url) }
    }

    pub fn next(&mut self) -> Option<String> {
        self.at.take().filter(|url| self.seen.len() < PAGES_MAX && self.seen.insert(url.clone()))
    }

    pub fn follow(&mut self, next: Option<String>) {
        self.at = next;
    }
}

/// The header that shows a token; `None` when no header can hold it.
pub fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::entropy::Entropy;
    use crate::model::Timestamp;
    use crate::transport::Limits;

    fn next(base: &str, link: &str) -> Option<String> {
        let clock = ManualClock::at(Timestamp::from_millis(0));
        let transport =
            Transport::over_network(Limits::default(), clock, Entropy::from_seed(0)).unwrap();
        let rest = Rest::new(transport, base.parse().unwrap(), "gh".to_owned());
        let headers = [(LINK, HeaderValue::from_str(link).unwrap())].into_iter().collect();
        rest.next(&headers)
    }

    #[test]
    fn the_next_page_is_asked_at_our_own_address() {
        let link = "<https://ghes.example/api/v3/app/installations?page=1>; rel=\"prev\", \
                    <https://ghes.example/api/v3/app/installations?page=3>; rel=\"next\"";
        let told = next("https://ghes.example/api/v3", link).unwrap();
        assert_eq!(told, "https://ghes.example/api/v3/app/installations?page=3");
        let told =
            next("https://proxy.example/github/", "<https://api.github.com/x?a=1>; rel=\"next\"");
        assert_eq!(told.unwrap(), "https://proxy.example/github/x?a=1");
        assert_eq!(
            next("https://api.github.com", "<https://api.github.com/x>; rel=\"last\""),
            None
        );
    }
}
