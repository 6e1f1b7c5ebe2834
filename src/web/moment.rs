//! `?as_of=...&known=...`: any page for any past instant.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;

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
