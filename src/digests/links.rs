//! Addresses of the daemon's pages, for what leaves it.

use super::compose::{Digest, Told};
use crate::signals::report::{Header, Slice};

/// The page of a signal; with a slice, of that slice. Without a host.
#[must_use]
pub fn signal(id: &str, slice: Option<(&str, &str)>) -> String {
    slice.map_or_else(
        || format!("/signals/{id}"),
        |(dimension, slice)| format!("/signals/{id}?slice={dimension}:{}", encoded(slice)),
    )
}

/// The page of a signal for one slice.
#[must_use]
pub fn slice(id: &str, slice: &Slice) -> String {
    signal(id, Some((slice.dimension, &slice.id)))
}

/// Text as a part of an address; slashes stay.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The daemon's address, and the clocks of what links to it.
pub struct At<'a> {
    base: &'a str,
    clocks: String,
}

impl<'a> At<'a> {
    /// Below `base`, at both clocks of a report.
    #[must_use]
    pub fn new(base: &'a str, header: &Header) -> Self {
        let clocks = format!("as_of={}&known={}", header.as_of, header.known);
        Self { base: base.trim_end_matches('/'), clocks }
    }

    /// The whole address of a page; `path` may have a query and a place within the page.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        let (path, place) =
            path.split_once('#').map_or((path, None), |(path, at)| (path, Some(at)));
        let mark = if path.contains('?') { '&' } else { '?' };
        let place = place.map_or_else(String::new, |place| format!("#{place}"));
        format!("{}{path}{mark}{}{place}", self.base, self.clocks)
    }
}

impl Digest {
    /// Links every observation to its signal page below `base`, at both clocks of the digest: the
    /// page that opens shows what the digest says.
    pub fn link(&mut self, base: &str) {
        let at = At::new(base, &self.header);
        let link = |told: &mut Told| {
            told.link = Some(at.page(&signal(told.signal, Some((told.dimension, &told.slice)))));
        };
        self.sections.iter_mut().flat_map(|section| &mut section.observations).for_each(link);
        self.appendix.iter_mut().for_each(link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_an_address_is_encoded() {
        assert_eq!(signal("V1", None), "/signals/V1");
        let pair = Some(("pair", "booking>\u{e9}&x=1#[a](b)"));
        assert_eq!(
            signal("C1", pair),
            "/signals/C1?slice=pair:booking%3E%C3%A9%26x%3D1%23%5Ba%5D%28b%29"
        );
    }
}
