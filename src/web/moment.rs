//! `?as_of=...&known=...`: any page for any past instant.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;

use super::access::SignedIn;
use super::error::WebError;
use crate::gauge::Moment;
use crate::model::Timestamp;

/// The moment that a request asks about.
#[derive(Debug, Clone, Copy)]
pub struct At(pub Moment);

#[derive(Deserialize)]
struct Parameters {
    as_of: Option<String>,
    known: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let Query(given) = Query::<Parameters>::from_request_parts(parts, state)
            .await
            .map_err(|error| WebError::Wrong(error.to_string()))?;
        let read = |name: &str, text: Option<String>| {
            text.map(|text| {
                Timestamp::parse(&text).map_err(|_| {
                    WebError::Wrong(format!("{name}={text}: write it as 2026-06-15T06:00:00Z"))
                })
            })
            .transpose()
        };
        Ok(Self(Moment { as_of: read("as_of", given.as_of)?, known: read("known", given.known)? }))
    }
}

/// What the frame of a page needs to know about a visit: links keep its moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visit {
    pub moment: Moment,
    /// There is a session that can be left.
    pub signed_in: bool,
}

impl Visit {
    /// The address of another page at the same moment.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        let pairs = [("as_of", self.moment.as_of), ("known", self.moment.known)];
        let query: Vec<String> =
            pairs.iter().filter_map(|(name, at)| at.map(|at| format!("{name}={at}"))).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }

    /// The address of an item's page at the same moment.
    #[must_use]
    pub fn item(&self, key: &str) -> String {
        let mut path = String::from("/items/");
        for byte in key.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                    path.push(char::from(byte));
                }
                _ => path.push_str(&format!("%{byte:02X}")),
            }
        }
        self.link(&path)
    }

    /// Asks about now, with everything known.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.moment == Moment::default()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let At(moment) = At::from_request_parts(parts, state).await?;
        Ok(Self { moment, signed_in: parts.extensions.get::<SignedIn>().is_some() })
    }
}
