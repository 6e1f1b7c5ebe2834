//! The way to one address: the client, the credential, and what an answer means.

use crate::transport::Url;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderValue, Method, Uri};

use super::settings::{ConnectError, Credential};
use super::{SourceError, shortened};
use crate::transport::{Request, Transport, guard, usual_pace};

/// An address that can be asked.
pub(super) struct Way {
    url: Url,
    transport: Transport,
    credential: Option<HeaderValue>,
    /// The host, for messages.
    pub name: String,
}

impl Way {
    pub(super) fn new(
        measure: &str,
        address: &str,
        credentials: &[Credential],
        transport: &Transport,
    ) -> Result<Self, ConnectError> {
        let wrong = |problem: String| ConnectError::Wrong { measure: measure.to_owned(), problem };
        let bad = || wrong("the address of its source is none: write https://HOST/PATH".to_owned());
        let url = Url::parse(address).map_err(|_| bad())?;
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"));
        let host = host.ok_or_else(bad)?;
        if let Some(why) = guard::written(address) {
            return Err(wrong(format!("{why}: write the address of the measure")));
        }
        let name = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let own = credentials.iter().filter(|one| one.covers(&url));
        let own = own.max_by_key(|one| one.url.len());
        let mut transport = transport.on_account();
        let mut credential = None;
        if let Some(own) = own {
            if own.auth.is_some() && url.scheme() != "https" && !is_loopback(host) {
                return Err(wrong(format!(
                    "its source is {name} over http, but credentials are only sent over https: \
                     write https://, or take `auth` out of the [[source]]"
                )));
            }
            credential = own.header()?;
            if let Some(route) = own.route()? {
                transport = transport.by(&route).map_err(|_| own.no_tls())?;
            }
        }
        Ok(Self { url, transport, credential, name })
    }

    /// The address with more in its query.
    pub(super) fn with(&self, pairs: &[(&str, &str)]) -> Url {
        let mut url = self.url.clone();
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        url
    }

    /// The body of an answer. `words` finds what a refusal says of itself.
    pub(super) async fn ask(
        &self,
        url: Url,
        words: fn(&[u8]) -> Option<String>,
    ) -> Result<Bytes, SourceError> {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = url.as_str().parse::<Uri>().map_err(|_| {
            SourceError::unusable(&self.name, "the address is too long or holds odd characters")
        })?;
        let headers = request.headers_mut();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/csv;q=0.9, */*;q=0.1"),
        );
        if let Some(credential) = &self.credential {
            headers.insert(AUTHORIZATION, credential.clone());
        }
        let answer = self.transport.ask(request, usual_pace).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.into_body());
        }
        let said = words(answer.body())
            .map_or_else(String::new, |said| format!(" and says \"{}\"", shortened(&said)));
        Err(SourceError::Refused {
            host: self.name.clone(),
            status: status.as_u16(),
            words: said,
            next: match status.as_u16() {
                300..=399 => "write the address that it leads to, for none is followed",
                401 | 403 => "name a credential for it as `auth` of a [[source]] in the settings",
                400 | 422 => "correct the query in the portfolio file",
                404 | 410 => "correct its address in the portfolio file",
                _ => "it is asked again within 15 minutes",
            },
        })
    }
}

/// Whether a host is this machine, so that what is sent there is not heard by others.
fn is_loopback(host: &str) -> bool {
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}
