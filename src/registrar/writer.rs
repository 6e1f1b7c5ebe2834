//! The one client that can send anything but questions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower::{Service, ServiceExt};

use super::{SECRET, Step};
use crate::transport::{Request, TransportError, Wire};

/// The credential of an administrator, given for one command.
#[derive(Debug, Clone)]
pub enum Credential {
    /// GitHub, and Jira Data Center.
    Token(SecretString),
    /// Jira Cloud: the e-mail address of the account, and its token.
    Account(String, SecretString),
}

/// Why a step could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    #[error("the token is not one line of plain text; check where it comes from")]
    Token,
    #[error("`{0}` is not an address; check `url` of the connection")]
    Address(String),
    #[error("{0}; check the network and `url`")]
    Unanswered(#[from] TransportError),
    #[error("{method} {url} is refused ({status}){told}; {advice}")]
    Refused { method: Method, url: String, status: u16, told: String, advice: &'static str },
    #[error("{url} does not answer with the JSON it should; check `url` and the way to it")]
    Unreadable { url: String },
}

/// Sends what changes something. One try each: a repeated change could happen twice.
pub struct Writer {
    wire: Wire,
    authorization: HeaderValue,
}

impl Writer {
    /// # Errors
    /// No header can hold the token.
    pub fn new(wire: Wire, credential: &Credential) -> Result<Self, WriterError> {
        let text = match credential {
            Credential::Token(token) => format!("Bearer {}", token.expose_secret()),
            Credential::Account(user, token) => {
                let pair = format!("{user}:{}", token.expose_secret());
                format!("Basic {}", STANDARD.encode(pair))
            }
        };
        let mut authorization = HeaderValue::try_from(text).map_err(|_| WriterError::Token)?;
        authorization.set_sensitive(true);
        Ok(Self { wire, authorization })
    }

    /// What is there; `None` when there is no such place, or it is hidden.
    pub(super) async fn look(&self, url: &str) -> Result<Option<Value>, WriterError> {
        let (status, body) = self.send(&Method::GET, url, Bytes::new()).await?;
        match status {
            200 => {
                let read = serde_json::from_slice(&body);
                read.map(Some).map_err(|_| WriterError::Unreadable { url: url.to_owned() })
            }
            404 => Ok(None),
            _ => Err(refused(&Method::GET, url, status, &body)),
        }
    }

    /// Takes a step, with the secret in its place.
    pub(super) async fn change(
        &self,
        step: &Step,
        secret: &SecretString,
    ) -> Result<(), WriterError> {
        let fill = |mut body: Value| {
            put_secret(&mut body, secret);
            Bytes::from(body.to_string())
        };
        let body = step.body.clone().map(fill).unwrap_or_default();
        let url = with_secret(&step.url, secret);
        let (status, told) = self.send(&step.method, &url, body).await?;
        match status {
            200..=299 => Ok(()),
            _ => Err(refused(&step.method, &step.url, status, &told)),
        }
    }

    async fn send(
        &self,
        method: &Method,
        url: &str,
        body: Bytes,
    ) -> Result<(u16, Bytes), WriterError> {
        let mut request = Request::new(body);
        let address = || WriterError::Address(url.to_owned());
        *request.uri_mut() = url.parse().map_err(|_| address())?;
        if request.uri().authority().is_none() {
            return Err(address());
        }
        request.method_mut().clone_from(method);
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, self.authorization.clone());
        let mut wire = self.wire.clone();
        let answer = wire.ready().await?.call(request).await?;
        Ok((answer.status().as_u16(), answer.into_body()))
    }
}

/// Puts the secret wherever its place is held.
fn put_secret(body: &mut Value, secret: &SecretString) {
    match body {
        Value::String(text) => *text = with_secret(text, secret),
        Value::Array(all) => all.iter_mut().for_each(|one| put_secret(one, secret)),
        Value::Object(all) => all.values_mut().for_each(|one| put_secret(one, secret)),
        _ => {}
    }
}

fn with_secret(text: &str, secret: &SecretString) -> String {
    if text == SECRET {
        return secret.expose_secret().to_owned();
    }
    // In an address it is written as addresses need it.
    if !text.contains(SECRET) {
        return text.to_owned();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let coded: String = secret
        .expose_secret()
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    text.replace(SECRET, &coded)
}

fn refused(method: &Method, url: &str, status: u16, body: &[u8]) -> WriterError {
    // Both trackers tell why in a word or two; nothing of what was sent is repeated.
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let told = body["errors"][0]["message"]
        .as_str()
        .or(body["errorMessages"][0].as_str())
        .or(body["message"].as_str())
        .map_or(String::new(), |told| format!(": {}", told.chars().take(200).collect::<String>()));
    let advice = match status {
        401 => "the credential is not accepted: check the variable, and `--user` for Jira Cloud",
        403 => "the credential may not change webhooks: take one of an administrator",
        404 => "there is no such place, or the credential may not see its webhooks",
        _ => "nothing was changed by this step",
    };
    WriterError::Refused { method: method.clone(), url: url.to_owned(), status, told, advice }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_secret_comes_into_its_place_when_it_is_sent() {
        let secret = SecretString::from("a b&c");
        let mut body = json!({"config": {"secret": SECRET}, "url": format!("https://g.example/webhooks/x?token={SECRET}")});
        put_secret(&mut body, &secret);
        assert_eq!(
            body,
            json!({"config": {"secret": "a b&c"}, "url": "https://g.example/webhooks/x?token=a%20b%26c"})
        );
    }
}
