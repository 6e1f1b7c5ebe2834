//! What GitHub tells of a token in the headers of every answer.

use http::HeaderMap;

use super::super::Credential;
use crate::model::Timestamp;

/// A token that ends within this time is worth a note, in days.
const NOTICE_DAYS: f64 = 30.0;
const ENDS: &str = "github-authentication-token-expiration";

pub fn of(headers: &HeaderMap) -> Credential {
    let granted = text(headers, "x-oauth-scopes");
    let wider = granted.unwrap_or_default().split(',').map(str::trim);
    let wider = wider.filter(|scope| !scope.is_empty() && !scope.starts_with("read:"));
    let expires = text(headers, ENDS).and_then(instant);
    let untold = match (granted, expires) {
        (None, None) => Some(
            "GitHub tells neither the rights of this token nor an end; the token's page in the \
             settings of its owner does",
        ),
        (None, Some(_)) => Some("GitHub does not tell the rights of fine-grained tokens"),
        (Some(_), None) => Some("GitHub tells no end of this token"),
        (Some(_), Some(_)) => None,
    };
    Credential { wider: wider.map(str::to_owned).collect(), expires, untold }
}

/// What a person should know of the token after every pass.
pub fn notes(place: &str, headers: &HeaderMap, now: Timestamp) -> Vec<String> {
    let told = of(headers);
    let mut notes = Vec::new();
    if !told.wider.is_empty() {
        notes.push(format!(
            "{place}: the token may do more than read ({}); a fine-grained token with read access \
             is enough",
            told.wider.join(", ")
        ));
    }
    if let Some(ends) = text(headers, ENDS)
        && told.expires.is_none_or(|end| end.days_since(now) < NOTICE_DAYS)
    {
        notes.push(format!("{place}: the token ends on {ends}; replace it before then"));
    }
    notes
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `2026-12-31 09:00:00 UTC`, or with an offset in place of the zone.
fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse(&format!("{}Z", text.get(..19)?.replace(' ', "T"))).ok()
}
