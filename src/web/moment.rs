//! `?as_of=...&known=...`: any page for any past instant.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use serde::Deserialize;

use super::access::SignedIn;
use super::error::WebError;
use crate::gauge::Moment;
use crate::model::{Timestamp, Vocabulary};
use crate::signals::report::Slice;

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
    /// Whose words the levels have: what a framework lacks is not in the navigation.
    pub vocabulary: Vocabulary,
}

impl Visit {
    /// The address of another page at the same moment.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        let pairs = [("as_of", self.moment.as_of), ("known", self.moment.known)];
        let query: Vec<String> =
            pairs.iter().filter_map(|(name, at)| at.map(|at| format!("{name}={at}"))).collect();
        if query.is_empty() {
            return path.to_owned();
        }
        let (path, place) = path.split_once('#').map_or((path, None), |(p, at)| (p, Some(at)));
        let joint = if path.contains('?') { '&' } else { '?' };
        let place = place.map_or_else(String::new, |place| format!("#{place}"));
        format!("{path}{joint}{}{place}", query.join("&"))
    }

    /// The address of a signal's page, for one slice where it is about one.
    #[must_use]
    pub fn signal(&self, signal: &str, slice: Option<&Slice>) -> String {
        let mut path = format!("/signals/{signal}");
        if let Some(slice) = slice {
            let named = format!("{}:{}", slice.dimension, slice.id);
            path.push_str(&format!("?slice={}", encoded(&named, b":")));
        }
        self.link(&path)
    }

    /// The address of an epic's page at the same moment.
    #[must_use]
    pub fn epic(&self, key: &str) -> String {
        self.link(&format!("/epics/{}", encoded(key, b"/")))
    }

    /// The address of an item's page at the same moment.
    #[must_use]
    pub fn item(&self, key: &str) -> String {
        self.link(&format!("/items/{}", encoded(key, b"/")))
    }

    /// Asks about now, with everything known.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.moment == Moment::default()
    }
}

/// The text as a part of an address; `plain` stays as it is beside letters and digits.
fn encoded(text: &str, plain: &[u8]) -> String {
    let mut path = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                path.push(char::from(byte));
            }
            _ if plain.contains(&byte) => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let At(moment) = At::from_request_parts(parts, state).await?;
        let signed_in = parts.extensions.get::<SignedIn>().is_some();
        let vocabulary = parts.extensions.get::<Vocabulary>().copied().unwrap_or_default();
        Ok(Self { moment, signed_in, vocabulary })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_its_moment_beside_what_it_has() {
        let at = Timestamp::parse("2026-06-15T06:00:00Z").unwrap();
        let past = Visit { moment: Moment { as_of: Some(at), known: None }, ..Visit::default() };
        for (path, link) in [
            ("/map", "/map?as_of=2026-06-15T06:00:00Z"),
            ("/a?b=c", "/a?b=c&as_of=2026-06-15T06:00:00Z"),
            ("/decisions#D-1", "/decisions?as_of=2026-06-15T06:00:00Z#D-1"),
            ("/a?b=c#d", "/a?b=c&as_of=2026-06-15T06:00:00Z#d"),
        ] {
            assert_eq!(past.link(path), link);
            assert_eq!(Visit::default().link(path), path);
        }
        let pair = Slice { dimension: "pair", id: "a>b/c+d".into(), name: String::new() };
        let link = Visit::default().signal("C1", Some(&pair));
        assert_eq!(link, "/signals/C1?slice=pair:a%3Eb%2Fc%2Bd");
        assert_eq!(Visit::default().epic("o/r#7"), "/epics/o/r%237");
    }
}
