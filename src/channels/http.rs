//! One POST to an address that is itself a secret. Nothing is repeated here: whether a delivery may
//! be sent again is for the outbox to say.

use std::path::Path;

use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use secrecy::{ExposeSecret, SecretString};

use super::DeliveryError;
use crate::clock::SharedClock;
use crate::plain;
use crate::transport::{Request, Route, Transport, TransportError, Url, guard, usual_pace};

/// Characters of a refusal that are told.
const MOST_WORDS: usize = 200;

/// Where one channel posts.
pub(super) struct Post {
    pub channel: String,
    url: SecretString,
    transport: Transport,
}

impl Post {
    /// # Errors
    /// The address is not one that is posted to, or `ca` cannot be used. It is not repeated.
    pub(super) fn new(
        channel: &str,
        url: SecretString,
        ca: Option<&Path>,
        transport: &Transport,
    ) -> Result<Self, String> {
        let address = Url::parse(url.expose_secret()).ok().filter(|url| url.host().is_some());
        let Some(address) = address else {
            return Err("the address in `url` is not one: it begins with https://".to_owned());
        };
        if guard::written(url.expose_secret()).is_some() {
            return Err("the address in `url` belongs to no receiver".to_owned());
        }
        let near = guard::names_this_machine(address.host_str().unwrap_or_default());
        if address.scheme() != "https" && !(near && address.scheme() == "http") {
            return Err("the address in `url` must begin with https://, for what is sent is not \
                        for everybody on the way"
                .to_owned());
        }
        let transport = match ca {
            None => transport.clone(),
            Some(ca) => {
                let route = Route::default().trusting(ca).map_err(|error| error.to_string())?;
                transport
                    .by(&route)
                    .map_err(|_| "no TLS client can be made: check `ca`".to_owned())?
            }
        };
        Ok(Self { channel: channel.to_owned(), url, transport })
    }

    pub(super) fn clock(&self) -> &SharedClock {
        self.transport.clock()
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
        let mut request = http::Request::post(self.url.expose_secret())
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request: Request = request
            .body(body.to_owned().into())
            .map_err(|_| self.failed("a header cannot be sent".to_owned(), false))?;
        match self.transport.ask(request, usual_pace).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
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

    fn failed(&self, reason: String, unsure: bool) -> DeliveryError {
        DeliveryError { channel: self.channel.clone(), reason, unsure }
    }
}
