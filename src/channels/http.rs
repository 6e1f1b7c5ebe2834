//! What channels that speak HTTP share. Nothing is repeated here: whether a delivery may be sent
//! again is for the outbox to say.

use std::path::Path;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::DeliveryError;
use crate::clock::SharedClock;
use crate::plain;
use crate::transport::{Request, Route, Transport, TransportError, Url, guard, usual_pace};

pub(super) const JSON: &str = "application/json; charset=utf-8";

/// Characters of a refusal that are told.
const MOST_WORDS: usize = 200;

/// Sends for one channel.
pub(super) struct Caller {
    pub channel: String,
    transport: Transport,
}

/// Posts for one channel to an address that is itself a secret.
pub(super) struct Post {
    pub caller: Caller,
    url: SecretString,
}

/// Why nothing is sent to an address; it is not repeated. `key` is where it comes from.
pub(super) fn judge(address: &str, key: &str) -> Result<(), String> {
    let Some(url) = Url::parse(address).ok().filter(|url| url.host().is_some()) else {
        return Err(format!("the address in `{key}` is not one: it begins with https://"));
    };
    if guard::written(address).is_some() {
        return Err(format!("the address in `{key}` belongs to no receiver"));
    }
    let near = guard::names_this_machine(url.host_str().unwrap_or_default());
    if url.scheme() != "https" && !(near && url.scheme() == "http") {
        return Err(format!(
            "the address in `{key}` must begin with https://, for what is sent is not for \
             everybody on the way"
        ));
    }
    Ok(())
}

impl Post {
    /// # Errors
    /// The address is not one that is posted to. It is not repeated.
    pub(super) fn new(caller: Caller, url: SecretString) -> Result<Self, String> {
        judge(url.expose_secret(), "url")?;
        Ok(Self { caller, url })
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// It was refused, or it is not known whether it was taken.
    pub(super) async fn json(
        &self,
        body: &str,
        headers: &[(HeaderName, String)],
    ) -> Result<(), DeliveryError> {
        let mut request = http::Request::post(self.url.expose_secret()).header(CONTENT_TYPE, JSON);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        self.caller.send(request, body).await.map(drop)
    }
}

impl Caller {
    /// # Errors
    /// `ca` cannot be used.
    pub(super) fn new(
        channel: &str,
        ca: Option<&Path>,
        transport: &Transport,
    ) -> Result<Self, String> {
        let transport = match ca {
            None => transport.clone(),
            Some(ca) => {
                let route = Route::default().trusting(ca).map_err(|error| error.to_string())?;
                let client = transport.by(&route);
                client.map_err(|_| "no TLS client can be made: check `ca`".to_owned())?
            }
        };
        Ok(Self { channel: channel.to_owned(), transport })
    }

    pub(super) fn clock(&self) -> &SharedClock {
        self.transport.clock()
    }

    /// Sends one request and returns the body of a good answer.
    ///
    /// # Errors
    /// It was refused, or it is not known whether it was taken.
    pub(super) async fn send(
        &self,
        request: http::request::Builder,
        body: &str,
    ) -> Result<Bytes, DeliveryError> {
        let request: Request = request
            .body(body.to_owned().into())
            .map_err(|_| self.failed("a header cannot be sent".to_owned(), false))?;
        match self.transport.ask(request, usual_pace).await {
            Ok(answer) if answer.status().is_success() => Ok(answer.into_body()),
            Ok(answer) => {
                let status = answer.status();
                // What stands between may have passed it on.
                let unsure =
                    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT);
                let words = String::from_utf8_lossy(answer.body());
                let words: String = plain::line(words.trim()).chars().take(MOST_WORDS).collect();
                let words = if words.is_empty() { words } else { format!(": {words}") };
                Err(self.failed(format!("refused with {status}{words}"), unsure))
            }
            Err(error) => {
                let unsure = matches!(
                    error,
                    TransportError::TimedOut { .. }
                        | TransportError::Broken { .. }
                        | TransportError::TooLarge { .. }
                );
                Err(self.failed(error.to_string(), unsure))
            }
        }
    }

    pub(super) fn failed(&self, reason: String, unsure: bool) -> DeliveryError {
        DeliveryError { channel: self.channel.clone(), reason, unsure }
    }
}
