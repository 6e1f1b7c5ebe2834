//! `?as_of=...&known=...&beside=...`: any page for any past instant, and two of them side by side.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use http::Uri;
use http::request::Parts;

use super::App;
use super::access::SignedIn;
use super::error::WebError;
use crate::digests::links;
use crate::gauge::Moment;
use crate::model::period::{first_instant, start_of_day};
use crate::model::{Timestamp, Vocabulary};
use crate::signals::report::Slice;

/// The present, where an instant is asked for.
const NOW: &str = "now";
/// For `known`: what was known at the instant itself.
const THEN: &str = "then";
/// As a browser's field for date and time writes it: in the zone of whoever reads it.
const CIVIL: [&str; 3] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f"];

/// The moment that a request asks about.
#[derive(Debug, Clone, Copy)]
pub struct At(pub Moment);

/// Everything that a query says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub moment: Moment,
    /// A second moment, to be shown next to the first.
    pub beside: Option<Moment>,
    /// What else the page is asked.
    pub rest: Vec<(String, String)>,
}

impl Asked {
    /// Reads a query. A date begins at midnight, a time without a zone is one of `zone`.
    ///
    /// # Errors
    /// An instant that cannot be read, or one that is named twice.
    pub fn read(uri: &Uri, zone: Tz) -> Result<Self, WebError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| WebError::Wrong(error.to_string()))?;
        let mut named: [Option<String>; 4] = [const { None }; 4];
        let mut asked = Self::default();
        for (name, text) in pairs {
            let known = ["as_of", "known", "beside", "beside_known"];
            match known.iter().position(|one| *one == name) {
                Some(at) if named[at].is_some() => {
                    return Err(WebError::Wrong(format!("{name} stands twice: name it once")));
                }
                Some(at) => named[at] = Some(text),
                None => asked.rest.push((name, text)),
            }
        }
        // An empty field of a form asks nothing.
        let [as_of, known, beside, beside_known] =
            named.map(|text| text.filter(|text| !text.is_empty()));
        let then = known.as_deref() == Some(THEN);
        asked.moment.as_of = instant("as_of", as_of, zone)?;
        asked.moment.known = match known {
            Some(_) if then => asked.moment.as_of,
            known => instant("known", known, zone)?,
        };
        if beside.is_some() {
            let as_of = instant("beside", beside, zone)?;
            let known = match beside_known {
                Some(text) => instant("beside_known", Some(text), zone)?,
                None if then => as_of,
                None => asked.moment.known,
            };
            asked.beside = Some(Moment { as_of, known });
        }
        Ok(asked)
    }
}

fn instant(name: &str, text: Option<String>, zone: Tz) -> Result<Option<Timestamp>, WebError> {
    let Some(text) = text.filter(|text| text != NOW) else { return Ok(None) };
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Some(start_of_day(day, zone)));
    }
    let civil = |form: &&str| NaiveDateTime::parse_from_str(&text, form).ok();
    if let Some(civil) = CIVIL.iter().find_map(civil) {
        return Ok(Some(first_instant(civil, zone)));
    }
    let wrong = |_| WebError::Wrong(format!("{name}={text}: write it as 2026-06-15T06:00:00Z"));
    Timestamp::parse(&text).map(Some).map_err(wrong)
}

impl FromRequestParts<Arc<App>> for At {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WebError> {
        Ok(Self(Asked::read(&parts.uri, app.gauge.portfolio().zone())?.moment))
    }
}

/// What the frame of a page needs to know about a visit: links keep its moment.
#[derive(Debug, Clone)]
pub struct Visit {
    pub moment: Moment,
    /// A second moment that is asked for next to the first.
    pub beside: Option<Moment>,
    /// There is a session that can be left.
    pub signed_in: bool,
    /// Whose words the levels have: what a framework lacks is not in the navigation.
    pub vocabulary: Vocabulary,
    /// The address of the page itself, without its moments; empty where there is none.
    pub path: String,
    /// What else its query says.
    pub rest: Vec<(String, String)>,
    /// In which times are read and written.
    pub zone: Tz,
}

impl Default for Visit {
    fn default() -> Self {
        Self {
            moment: Moment::default(),
            beside: None,
            signed_in: false,
            vocabulary: Vocabulary::default(),
            path: String::new(),
            rest: Vec::new(),
            zone: Tz::UTC,
        }
    }
}

impl Visit {
    /// The address of another page at the same moment; `path` may have a query.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        let pairs = [("as_of", self.moment.as_of), ("known", self.moment.known)];
        let pairs = pairs.into_iter().filter_map(|(name, at)| Some((name, at?.to_string())));
        joined(path, pairs)
    }

    /// The same with both moments, for a page that shows two side by side.
    #[must_use]
    pub fn link_both(&self, path: &str) -> String {
        let Some(beside) = self.beside else { return self.link(path) };
        let now = |at: Option<Timestamp>| at.map_or_else(|| NOW.to_owned(), |at| at.to_string());
        let mut pairs = vec![("beside", now(beside.as_of))];
        if beside.known != self.moment.known {
            pairs.push(("beside_known", now(beside.known)));
        }
        joined(&self.link(path), pairs.into_iter())
    }

    /// The same visit at another moment alone.
    #[must_use]
    pub fn at(&self, moment: Moment) -> Self {
        Self { moment, beside: None, ..self.clone() }
    }

    /// The address of a signal's page, for one slice where it is about one.
    #[must_use]
    pub fn signal(&self, signal: &str, slice: Option<&Slice>) -> String {
        let slice = slice.map(|slice| (slice.dimension, slice.id.as_str()));
        self.link(&links::signal(signal, slice))
    }

    /// The address of an epic's page at the same moment.
    #[must_use]
    pub fn epic(&self, id: &str) -> String {
        self.link(&format!("/epics/{}", links::encoded(id)))
    }

    /// The address of an item's page at the same moment.
    #[must_use]
    pub fn item(&self, key: &str) -> String {
        self.link(&format!("/items/{}", links::encoded(key)))
    }

    /// Asks about now, with everything known.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.moment == Moment::default()
    }

    /// An instant as a reader writes it.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> String {
        let civil = at.to_utc().with_timezone(&self.zone);
        let form = if at.millis() % 60_000 == 0 { "%-d %B %Y %H:%M" } else { "%-d %B %Y %H:%M:%S" };
        civil.format(form).to_string()
    }
}

/// A path with more pairs in its query, before the place within the page. Instants need no encoding.
fn joined(path: &str, pairs: impl Iterator<Item = (&'static str, String)>) -> String {
    let (path, place) = path.split_once('#').map_or((path, None), |(path, at)| (path, Some(at)));
    let mut link = path.to_owned();
    for (name, value) in pairs {
        let mark = if link.contains('?') { '&' } else { '?' };
        link.push_str(&format!("{mark}{name}={value}"));
    }
    if let Some(place) = place {
        link.push('#');
        link.push_str(place);
    }
    link
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, WebError> {
        let zone = app.gauge.portfolio().zone();
        let Asked { moment, beside, rest } = Asked::read(&parts.uri, zone)?;
        let signed_in = parts.extensions.get::<SignedIn>().is_some();
        let vocabulary = parts.extensions.get::<Vocabulary>().copied().unwrap_or_default();
        let path = parts.uri.path().to_owned();
        Ok(Self { moment, beside, signed_in, vocabulary, path, rest, zone })
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
        assert_eq!(link, "/signals/C1?slice=pair:a%3Eb/c%2Bd");
        assert_eq!(Visit::default().epic("o/r#7"), "/epics/o/r%237");
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn asked(query: &str) -> Result<Asked, WebError> {
        Asked::read(&format!("/x?{query}").parse().unwrap(), Tz::Europe__Berlin)
    }

    #[test]
    fn a_form_may_leave_fields_empty_and_speaks_of_local_time() {
        assert_eq!(asked("as_of=&known=&beside=").unwrap(), Asked::default());
        let (june, may) = (at("2026-06-15T06:00:00Z"), at("2026-05-03T22:00:00Z"));
        let both = asked("as_of=2026-06-15T08:00&beside=2026-05-04&known=then").unwrap();
        let then = |at| Moment { as_of: Some(at), known: Some(at) };
        assert_eq!((both.moment, both.beside), (then(june), Some(then(may))));
        let now = asked("as_of=2026-06-15T06:00:00Z&beside=now&slice=a%3Eb").unwrap();
        assert_eq!(now.moment, Moment { as_of: Some(june), known: None });
        assert_eq!(now.beside, Some(Moment::default()));
        assert_eq!(now.rest, [("slice".to_owned(), "a>b".to_owned())]);
        for wrong in ["as_of=monday", "as_of=2026-06-15&as_of=2026-06-16", "beside=2026"] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn links_carry_the_moments_and_are_read_as_the_same() {
        let (june, may) = (at("2026-06-15T06:00:00Z"), at("2026-05-04T06:00:00Z"));
        let moment = |as_of, known| Moment { as_of, known };
        for (first, second) in [
            (moment(Some(june), None), moment(Some(may), None)),
            (moment(Some(june), Some(june)), moment(Some(may), Some(may))),
            (moment(Some(june), Some(june)), moment(None, None)),
            (moment(None, None), moment(Some(may), Some(june))),
        ] {
            let visit = Visit { moment: first, beside: Some(second), ..Visit::default() };
            let link = visit.link_both("/signals/V1?slice=stream:a");
            let read = Asked::read(&link.parse().unwrap(), Tz::UTC).unwrap();
            assert_eq!((read.moment, read.beside), (first, Some(second)), "{link}");
            assert!(!visit.link("/x?a=b").contains("beside"));
        }
    }
}
