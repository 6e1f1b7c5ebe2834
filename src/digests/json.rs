//! The same page as JSON: the digest as told, and the report behind it.

use serde::Serialize;

use super::compose::Digest;
use crate::plain;
use crate::signals::report::Report;

#[derive(Serialize)]
struct Page<'a> {
    digest: &'a Digest,
    report: &'a Report,
}

/// Pretty-printed JSON with stable key order, safe to print; ends in a line break.
#[must_use]
pub fn render(digest: &Digest, report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&Page { digest, report })
        .expect("plain data with string keys serialises");
    text.push('\n');
    plain::json(text)
}
