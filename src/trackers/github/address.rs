//! Where the API is: one base on github.com, two on a server of one's own.
//!
//! | `url` | REST | GraphQL |
//! |---|---|---|
//! | none, `https://github.com`, `https://api.github.com` | `https://api.github.com` | `.../graphql` |
//! | `https://SUBDOMAIN.ghe.com`, `https://api.SUBDOMAIN.ghe.com` | `https://api.SUBDOMAIN.ghe.com` | `.../graphql` |
//! | `https://HOST`, `https://HOST/api/v3` | `https://HOST/api/v3` | `https://HOST/api/graphql` |
//! | any other path, or a loopback address without one | as written | `.../graphql` |
//!
//! The last row is for proxies of github.com and for its simulation. `server` of the settings
//! overrules the table.

use http::Uri;

/// The bases of one host's API, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// GitHub Enterprise Server: its schema depends on its version.
    pub server: bool,
    /// REST paths begin below it.
    pub rest: String,
    /// `/graphql` lies below it.
    pub graphql: String,
}

impl Address {
    /// Reads `url` of the settings; `server` overrules what it looks like.
    ///
    /// # Errors
    /// It is not an absolute web address.
    pub fn of(url: &str, server: Option<bool>) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{url}` is not a web address; write the API's base, such as \
                 https://api.github.com, or the address of your server"
            )
        };
        let parsed: Uri = url.trim().parse().map_err(|_| wrong())?;
        let scheme = parsed.scheme_str().ok_or_else(wrong)?;
        let authority = parsed.authority().ok_or_else(wrong)?.as_str().to_ascii_lowercase();
        let host = parsed.host().unwrap_or_default().to_ascii_lowercase();
        let path = parsed.path().trim_end_matches('/');
        let hosted = match host.strip_suffix(".ghe.com") {
            Some(tenant) => Some(format!("api.{}.ghe.com", tenant.trim_start_matches("api."))),
            None if ["github.com", "www.github.com"].contains(&host.as_str()) => {
                Some("api.github.com".to_owned())
            }
            None => None,
        };
        if let Some(hosted) = hosted.filter(|_| server != Some(true)) {
            let base = format!("{scheme}://{hosted}");
            return Ok(Self { server: false, rest: base.clone(), graphql: base });
        }
        let below = ["/api/v3", "/api/graphql"].iter().find_map(|api| path.strip_suffix(api));
        let looks =
            below.is_some() || path.is_empty() && host != "api.github.com" && !is_loopback(&host);
        if server.unwrap_or(looks) {
            let root = format!("{scheme}://{authority}{}", below.unwrap_or(path));
            let (rest, graphql) = (format!("{root}/api/v3"), format!("{root}/api"));
            return Ok(Self { server: true, rest, graphql });
        }
        let path = path.strip_suffix("/graphql").unwrap_or(path);
        let base = format!("{scheme}://{authority}{path}");
        Ok(Self { server: false, rest: base.clone(), graphql: base })
    }

    /// What leads from the base of GraphQL to that of REST: nothing on github.com, `/v3` on a
    /// server.
    pub fn rest_below_graphql(&self) -> &str {
        self.rest.strip_prefix(&self.graphql).unwrap_or_default()
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "127.0.0.1" || host == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bases(url: &str, server: Option<bool>) -> (String, String) {
        let address = Address::of(url, server).unwrap();
        assert_eq!(address.server, address.graphql != address.rest, "{url}");
        let below = if address.server { "/v3" } else { "" };
        assert_eq!(address.rest_below_graphql(), below, "{url}");
        (address.rest, address.graphql)
    }

    #[test]
    fn every_form_of_the_address_leads_to_the_right_bases() {
        let dotcom = |base: &str| (base.to_owned(), base.to_owned());
        let server = |root: &str| (format!("{root}/api/v3"), format!("{root}/api"));
        let rows = [
            ("https://api.github.com", dotcom("https://api.github.com")),
            ("https://github.com/", dotcom("https://api.github.com")),
            ("https://acme.ghe.com", dotcom("https://api.acme.ghe.com")),
            ("https://api.acme.ghe.com/", dotcom("https://api.acme.ghe.com")),
            ("https://git.acme.example", server("https://git.acme.example")),
            ("https://git.acme.example:8443/api/v3/", server("https://git.acme.example:8443")),
            ("https://git.acme.example/api/graphql", server("https://git.acme.example")),
            ("https://acme.example/git/api/v3", server("https://acme.example/git")),
            ("http://127.0.0.1:4000/api/v3", server("http://127.0.0.1:4000")),
            ("http://127.0.0.1:4000", dotcom("http://127.0.0.1:4000")),
            ("https://proxy.example/github/", dotcom("https://proxy.example/github")),
        ];
        for (url, expected) in rows {
            assert_eq!(bases(url, None), expected, "{url}");
        }
    }

    #[test]
    fn the_key_server_overrules_the_look_of_the_address() {
        let (rest, graphql) = bases("https://proxy.example", Some(false));
        assert_eq!((rest.as_str(), rest == graphql), ("https://proxy.example", true));
        let (rest, graphql) = bases("http://127.0.0.1:4000", Some(true));
        assert_eq!(rest, "http://127.0.0.1:4000/api/v3");
        assert_eq!(graphql, "http://127.0.0.1:4000/api");
        assert!(Address::of("git.acme.example", None).is_err());
        assert!(Address::of("/api/v3", None).is_err());
    }
}
