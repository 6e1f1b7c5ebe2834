//! The way to one tracker, where it is not the usual one: a proxy, authorities of its own.

use std::path::Path;

use http::Uri;

use super::guard;
use crate::trust::{Authorities, TrustError};

/// A way to a tracker.
#[derive(Debug, Clone, Default)]
pub struct Route {
    proxy: Option<Proxy>,
    authorities: Authorities,
}

#[derive(Clone)]
struct Proxy {
    proxy: reqwest::Proxy,
    /// Host and port; never the user or the password.
    shown: String,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("at", &self.shown).finish_non_exhaustive()
    }
}

/// The address of a proxy cannot be meant. It is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`proxy` is not the address of one; write it as \"http://proxy.example.com:3128\"")]
pub struct ProxyError;

impl Route {
    /// Through a proxy, whatever the environment says. User and password may stand in its address.
    ///
    /// # Errors
    /// Not an `http` or `https` address.
    pub fn through(mut self, address: &str) -> Result<Self, ProxyError> {
        let uri: Uri = address.parse().map_err(|_| ProxyError)?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        let host = uri.host().filter(|host| known && !host.is_empty()).ok_or(ProxyError)?;
        let shown = uri.port_u16().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        if guard::written(address).is_some() {
            return Err(ProxyError);
        }
        let proxy = reqwest::Proxy::all(address).map_err(|_| ProxyError)?;
        self.proxy = Some(Proxy { proxy, shown });
        Ok(self)
    }

    /// With the authorities of a file beside the machine's own.
    ///
    /// # Errors
    /// See [`Authorities::read`].
    pub fn trusting(mut self, file: &Path) -> Result<Self, TrustError> {
        self.authorities = Authorities::read(file)?;
        Ok(self)
    }

    /// How errors name the way there.
    pub(super) fn told(&self) -> String {
        let proxy = self.proxy.as_ref();
        proxy.map_or_else(String::new, |proxy| format!(" through the proxy {}", proxy.shown))
    }

    /// Whether the environment decides about the proxy.
    pub(super) fn is_of_environment(&self) -> bool {
        self.proxy.is_none()
    }

    pub(super) fn applied(
        &self,
        mut client: reqwest::ClientBuilder,
    ) -> Result<reqwest::ClientBuilder, reqwest::Error> {
        if let Some(proxy) = &self.proxy {
            client = client.proxy(proxy.proxy.clone());
        }
        let all = self.authorities.certificates().iter();
        let all = all.map(|one| reqwest::Certificate::from_der(one));
        Ok(client.tls_certs_merge(all.collect::<Result<Vec<_>, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        let route = Route::default().through("http://gauge:hunter2@proxy.example:3128").unwrap();
        assert_eq!(route.told(), " through the proxy proxy.example:3128");
        assert!(!format!("{route:?}").contains("hunter2"));
        for wrong in ["", "proxy:3128", "socks5://proxy", "http://", "http://gauge:hunter2@"] {
            let error = Route::default().through(wrong).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{wrong}");
        }
    }
}
