//! `[[source]]` of `streamgauge.toml`: how addresses of outcome measures are reached.

use std::path::PathBuf;

use crate::transport::Url;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::secret::{SecretError, SecretRef};
use crate::transport::{Route, guard};

/// What is sent to, and trusted of, addresses that begin like this one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// `https://metrics.example`, or with the beginning of a path.
    pub url: String,
    pub auth: Option<Auth>,
    /// A file with certificates of authorities that this machine does not know, in PEM form.
    pub ca: Option<PathBuf>,
}

/// `{ token = ... }` is sent as a bearer token, `{ user = "...", token = ... }` as user and password.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub user: Option<String>,
    pub token: SecretRef,
}

/// A source that cannot be made from what is written.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// In the portfolio file.
    #[error("outcome `{measure}`: {problem}")]
    Wrong { measure: String, problem: String },
    /// In the settings.
    #[error("source `{url}`: {problem}")]
    Settings { url: String, problem: String },
    #[error("source `{url}`: {source}")]
    Secret { url: String, source: SecretError },
}

impl Credential {
    /// Says what is wrong without reading a secret.
    ///
    /// # Errors
    /// The key at fault and a sentence.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        let wrong = |problem: &str| Err(("url", problem.to_owned()));
        // Said without repeating it: what stands before the @ may be a password.
        if self.url.contains('@') {
            return wrong(
                "`url` holds a user or a password; write the address alone, and name the \
                 credential in `auth`",
            );
        }
        if let Some(why) = guard::written(&self.url) {
            return Err(("url", format!("`url`: {why}: write the address of the measures")));
        }
        let url = Url::parse(&self.url).ok();
        let known = |url: &Url| matches!(url.scheme(), "http" | "https") && url.host().is_some();
        let Some(url) = url.filter(known) else {
            return wrong(
                "`url` is not an address: write https://HOST, or the beginning of a path",
            );
        };
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("`url` holds a query: write the address up to its path");
        }
        Ok(())
    }

    /// Whether an address begins like this one: the same scheme, host and port, and its path or one
    /// below it.
    pub(super) fn covers(&self, url: &Url) -> bool {
        let Ok(own) = Url::parse(&self.url) else { return false };
        let path = own.path().trim_end_matches('/');
        let below = url.path().strip_prefix(path);
        own.origin() == url.origin()
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    pub(super) fn header(&self) -> Result<Option<HeaderValue>, ConnectError> {
        let Some(auth) = &self.auth else { return Ok(None) };
        let secret = auth
            .token
            .read()
            .map_err(|source| ConnectError::Secret { url: self.url.clone(), source })?;
        let text = match &auth.user {
            Some(user) => {
                format!("Basic {}", BASE64.encode(format!("{user}:{}", secret.expose_secret())))
            }
            None => format!("Bearer {}", secret.expose_secret()),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| {
            self.wrong("the token holds characters that no token has: check where it comes from")
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    pub(super) fn route(&self) -> Result<Option<Route>, ConnectError> {
        let Some(ca) = &self.ca else { return Ok(None) };
        let route = Route::default().trusting(ca);
        Ok(Some(route.map_err(|error| self.wrong(&error.to_string()))?))
    }

    pub(super) fn no_tls(&self) -> ConnectError {
        self.wrong("no TLS client can be made; check `ca`")
    }

    fn wrong(&self, problem: &str) -> ConnectError {
        ConnectError::Settings { url: self.url.clone(), problem: problem.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(url: &str) -> Credential {
        Credential { url: url.to_owned(), auth: None, ca: None }
    }

    #[test]
    fn a_credential_goes_to_its_own_addresses_only() {
        let covers = |own: &str, url: &str| credential(own).covers(&Url::parse(url).unwrap());
        assert!(covers("https://metrics.example", "https://metrics.example/api/v1/query?x=1"));
        assert!(covers("https://metrics.example:443/", "https://METRICS.example/api"));
        assert!(covers("https://metrics.example/a", "https://metrics.example/a/b"));
        for (own, url) in [
            ("https://metrics.example", "https://metrics.example.evil/api"),
            ("https://metrics.example", "http://metrics.example/api"),
            ("https://metrics.example", "https://metrics.example:8443/api"),
            ("https://metrics.example/a", "https://metrics.example/ab"),
            ("https://metrics.example/a", "https://metrics.example/a/../b"),
            ("https://metrics.example", "https://evil/https://metrics.example"),
            ("https://metrics.example", "https://metrics.example@evil/"),
        ] {
            assert!(!covers(own, url), "{own} covers {url}");
        }
    }

    #[test]
    fn addresses_are_judged_without_repeating_a_password() {
        for url in ["https://metrics.example", "http://127.0.0.1:9090/prometheus"] {
            credential(url).validate().unwrap();
        }
        for url in [
            "metrics.example",
            "ftp://metrics.example",
            "https://u:hunter2@metrics.example",
            "https://169.254.169.254/",
            "https://metrics.example/?a=b",
        ] {
            let (key, told) = credential(url).validate().unwrap_err();
            assert!(key == "url" && !told.contains("hunter2"), "{told}");
        }
    }
}
