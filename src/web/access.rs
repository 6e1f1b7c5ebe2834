//! Who may see what. Default deny: every route but health, the style sheet, sign-in and webhooks
//! needs a credential, unless none is configured; then only loopback is served. Who guesses too
//! often is not listened to for a while.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::error::WebError;
use super::peers::Peer;
use super::routes::Rule;
use super::settings::{RoleName, Web};
use super::sign_in;
use super::windows::{Enough, Windows};
use crate::clock::SharedClock;
use crate::secret::SecretError;

/// The cookie of a signed-in browser. The prefix makes browsers refuse it without `Secure`.
const COOKIE: &str = "__Host-streamgauge";
/// How long a sign-in lasts.
const SESSION_MS: i64 = 12 * 3_600_000;
/// Wrong words that one address may try within a minute.
const GUESSES: u32 = 20;
/// Where a trusted proxy says for whom it asks.
const FORWARDED: &str = "x-forwarded-for";

/// What a caller may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    Viewer,
    /// A viewer who may record decisions, readings and integration events.
    Portfolio,
    /// Its own team's page and nothing else.
    Team(String),
}

impl Role {
    /// May read pages at portfolio and stream level.
    #[must_use]
    pub fn reads_portfolio(&self) -> bool {
        !matches!(self, Self::Team(_))
    }
}

/// Marks a request whose browser holds a session.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignedIn;

/// Who asks, as far as it can be told: the other end of the connection, or the one for whom a
/// trusted proxy asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller(pub Peer);

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// No credential, or a wrong one.
    Unknown,
    /// Not from here, whoever it is.
    Foreign,
    /// Too many wrong words came from this address; nothing was looked at.
    Guessing(Enough),
}

impl From<Enough> for Refused {
    fn from(enough: Enough) -> Self {
        Self::Guessing(enough)
    }
}

struct Credential {
    role: Role,
    digest: [u8; 32],
}

struct TrustedProxy {
    header: String,
    digest: [u8; 32],
    role: Role,
}

/// The configured credentials, as digests.
pub struct Access {
    credentials: Vec<Credential>,
    proxy: Option<TrustedProxy>,
    public_url: Option<String>,
    session_key: [u8; 32],
    guesses: Windows,
    clock: SharedClock,
}

impl Access {
    /// # Errors
    /// A secret is not where the settings say.
    pub fn new(settings: &Web, clock: SharedClock) -> Result<Arc<Self>, SecretError> {
        let mut key = Sha256::new_with_prefix(b"streamgauge session");
        let mut credentials = Vec::new();
        for token in &settings.token {
            let secret = token.secret.read()?;
            let digest = sha256(secret.expose_secret());
            key.update(digest);
            credentials.push(Credential { role: role(token.role, token.team.clone()), digest });
        }
        let proxy = match &settings.proxy {
            Some(proxy) => {
                let digest = sha256(proxy.secret.read()?.expose_secret());
                // Without tokens this is all that keeps the key of sessions from being known.
                key.update(digest);
                let header = proxy.header.to_ascii_lowercase();
                Some(TrustedProxy { header, digest, role: role(proxy.role, None) })
            }
            None => None,
        };
        let public_url = settings.public_url.clone();
        let session_key = key.finalize().into();
        let guesses = Windows::new(GUESSES);
        Ok(Arc::new(Self { credentials, proxy, public_url, session_key, guesses, clock }))
    }

    fn is_open(&self) -> bool {
        self.credentials.is_empty() && self.proxy.is_none()
    }

    /// The role of a word typed into the sign-in form or sent as a bearer token.
    pub(super) fn role_of(&self, word: &SecretString, caller: Caller) -> Result<Role, Refused> {
        let digest = sha256(word.expose_secret());
        let compare = || {
            // Every credential is compared, so that time tells nothing.
            let mut found = None;
            for credential in &self.credentials {
                if bool::from(credential.digest.ct_eq(&digest)) {
                    found = Some(credential.role.clone());
                }
            }
            found
        };
        self.guesses.try_once(caller.0, self.clock.now(), compare)?.ok_or(Refused::Unknown)
    }

    /// Who sends this request. Only a proxy that has proved itself may speak for others; the last
    /// address of its list is the one that it saw itself.
    pub(super) fn caller(&self, request: &Request) -> Caller {
        let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer::UNKNOWN);
        let headers = request.headers();
        let behind = || {
            let proxy = self.proxy.as_ref()?;
            let proof = headers.get(proxy.header.as_str())?;
            if !bool::from(sha256_bytes(proof.as_bytes()).ct_eq(&proxy.digest)) {
                return None;
            }
            let last = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
            last.rsplit(',').next()?.trim().parse::<std::net::IpAddr>().ok().map(Peer::from)
        };
        Caller(behind().unwrap_or(peer))
    }

    /// The cookie that signs a browser in, or signs it out.
    #[must_use]
    pub fn cookie(&self, role: Option<&Role>) -> String {
        let Some(role) = role else {
            return format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
        };
        let until = self.clock.now().millis() + SESSION_MS;
        let body = match role {
            Role::Viewer => format!("viewer||{until}"),
            Role::Portfolio => format!("portfolio||{until}"),
            Role::Team(team) => format!("team|{team}|{until}"),
        };
        let value = BASE64.encode(&body);
        let sign = BASE64.encode(self.mac(&value).finalize().into_bytes());
        let age = SESSION_MS / 1000;
        format!("{COOKIE}={value}.{sign}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}")
    }

    fn mac(&self, value: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.session_key)
            .expect("HMAC takes keys of any length");
        mac.update(value.as_bytes());
        mac
    }

    fn session(&self, cookies: &str) -> Option<Role> {
        let found =
            cookies.split(';').find_map(|c| c.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
        let (value, sign) = found.split_once('.')?;
        self.mac(value).verify_slice(&BASE64.decode(sign).ok()?).ok()?;
        let body = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
        let mut parts = body.splitn(3, '|');
        let (name, team, until) = (parts.next()?, parts.next()?, parts.next()?);
        let alive = until.parse::<i64>().ok()? > self.clock.now().millis();
        match name {
            _ if !alive => None,
            "viewer" => Some(Role::Viewer),
            "portfolio" => Some(Role::Portfolio),
            "team" => Some(Role::Team(team.to_owned())),
            _ => None,
        }
    }

    fn judge(&self, request: &Request, caller: Caller) -> Result<Role, Refused> {
        let (method, headers) = (request.method(), request.headers());
        if self.is_open() {
            // A page on another site must not reach us through a name that resolves to loopback.
            return if host_is_loopback(headers) {
                self.same_origin(method, headers, Role::Portfolio)
            } else {
                Err(Refused::Foreign)
            };
        }
        if let Some(token) = bearer(headers) {
            return self.role_of(&token, caller);
        }
        if let Some(proxy) = &self.proxy
            && let Some(value) = headers.get(proxy.header.as_str())
        {
            let digest = sha256_bytes(value.as_bytes());
            let compare = || bool::from(digest.ct_eq(&proxy.digest)).then_some(());
            let right = self.guesses.try_once(caller.0, self.clock.now(), compare)?;
            right.ok_or(Refused::Unknown)?;
            return self.same_origin(method, headers, proxy.role.clone());
        }
        let role = self.cookies(headers).ok_or(Refused::Unknown)?;
        self.same_origin(method, headers, role)
    }

    /// Whether a header that decides who is asking came more than once.
    fn is_doubled(&self, headers: &HeaderMap) -> bool {
        let proof = self.proxy.as_ref().map(|proxy| proxy.header.as_str());
        let once = [
            header::AUTHORIZATION.as_str(),
            header::COOKIE.as_str(),
            header::HOST.as_str(),
            header::ORIGIN.as_str(),
        ];
        once.into_iter().chain(proof).any(|name| headers.get_all(name).iter().nth(1).is_some())
    }

    fn cookies(&self, headers: &HeaderMap) -> Option<Role> {
        self.session(headers.get(header::COOKIE)?.to_str().ok()?)
    }

    /// A browser may only write from our own pages.
    fn same_origin(
        &self,
        method: &Method,
        headers: &HeaderMap,
        role: Role,
    ) -> Result<Role, Refused> {
        if matches!(*method, Method::GET | Method::HEAD) || self.origin_is_ours(headers) {
            Ok(role)
        } else {
            Err(Refused::Foreign)
        }
    }

    /// True without an Origin header: then no browser sent it on behalf of a page.
    #[must_use]
    pub fn origin_is_ours(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if let Some(url) = &self.public_url {
            return origin == url.trim_end_matches('/');
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
        origin.split_once("://").is_some_and(|(_, rest)| rest == host)
    }
}

/// Lets a request through with its [`Role`] where the rule of its route allows it, or answers for
/// it. A header that proves something and comes twice proves nothing: who wrote which is unknown.
pub async fn guard(
    State((access, rule)): State<(Arc<Access>, Rule)>,
    mut request: Request,
    next: Next,
) -> Response {
    let need = rule.need(request.method());
    if access.is_doubled(request.headers()) {
        let text = "a header that may come only once came twice\n";
        return (StatusCode::BAD_REQUEST, text).into_response();
    }
    if need.is_open() {
        return next.run(request).await;
    }
    let caller = access.caller(&request);
    request.extensions_mut().insert(caller);
    match access.judge(&request, caller) {
        Ok(role) if !need.lets(&role) => WebError::Forbidden.into_response(),
        Ok(role) => {
            if access.cookies(request.headers()).is_some() {
                request.extensions_mut().insert(SignedIn);
            }
            request.extensions_mut().insert(role);
            next.run(request).await
        }
        Err(Refused::Unknown) if wants_page(request.headers()) => {
            Redirect::to(&sign_in::address(request.uri())).into_response()
        }
        Err(Refused::Unknown) => {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
            (StatusCode::UNAUTHORIZED, challenge, "a credential is needed\n").into_response()
        }
        Err(Refused::Foreign) => (StatusCode::FORBIDDEN, "not from here\n").into_response(),
        Err(Refused::Guessing(enough)) => {
            later(enough, "too many wrong credentials came from this address\n")
        }
    }
}

/// 429, with the time to wait.
pub(super) fn later(enough: Enough, why: impl IntoResponse) -> Response {
    let wait = [(header::RETRY_AFTER, enough.seconds.to_string())];
    (StatusCode::TOO_MANY_REQUESTS, wait, why).into_response()
}

/// Does a browser ask, for a person?
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(|token| SecretString::from(token.trim()))
}

fn host_is_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return true;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn role(name: RoleName, team: Option<String>) -> Role {
    match name {
        RoleName::Viewer => Role::Viewer,
        RoleName::Portfolio => Role::Portfolio,
        RoleName::Team => Role::Team(team.unwrap_or_default()),
    }
}

fn sha256(text: &str) -> [u8; 32] {
    sha256_bytes(text.as_bytes())
}

fn sha256_bytes(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
