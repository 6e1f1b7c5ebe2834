//! What GitHub tells of a token in the headers of every answer.

use http::HeaderMap;

use super::super::Rights;
use crate::model::Timestamp;

const ENDS: &str = "github-authentication-token-expiration";

/// Of an App there is nothing to watch: the probe notes what it may do beyond reading.
pub const OF_APPS: &str = "the tokens of an App end after an hour and are renewed; what the App may \
                           do stands in its settings";

pub fn of(headers: &HeaderMap) -> Rights {
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
    Rights { wider: wider.map(str::to_owned).collect(), expires, untold }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `2026-12-31 09:00:00 UTC`, or with an offset in place of the zone.
fn instant(text: &str) -> Option<Timestamp> {
    Timestamp::parse(&format!("{}Z", text.get(..19)?.replace(' ', "T"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_headers_tell() {
        let told = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            of(&headers)
        };
        let classic = told(&[("x-oauth-scopes", "read:org, repo,workflow")]);
        assert_eq!(classic.wider, ["repo", "workflow"]);
        assert_eq!(classic.untold, Some("GitHub tells no end of this token"));
        let fine = told(&[(ENDS, "2026-12-31 09:00:00 UTC")]);
        assert_eq!(fine.expires, Timestamp::parse("2026-12-31T09:00:00Z").ok());
        assert!(fine.wider.is_empty());
        assert_eq!(told(&[(ENDS, "soon")]).expires, None);
    }
}
