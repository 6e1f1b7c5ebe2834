//! Who asks: a token that stays the same, or an App whose tokens are renewed on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};
use http_body_util::{BodyExt, Full};
use octocrab::OctoBody;
use secrecy::SecretString;
use tower::BoxError;

use super::app::App;
use super::{limits, rest};
use crate::trackers::TrackerError;
use crate::transport::{Request, Response, Transport};

/// What signs the requests of one client.
#[derive(Debug, Clone)]
pub enum Credential {
    Token(SecretString),
    /// The App at one owner.
    App {
        app: Arc<App>,
        owner: String,
    },
}

impl Credential {
    /// The token to show now.
    pub async fn token(&self) -> Result<SecretString, TrackerError> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::App { app, owner } => Ok(app.token(owner).await?.secret),
        }
    }

    /// The App behind it, where a refused token can be replaced.
    pub fn app(&self) -> Option<(&App, &str)> {
        match self {
            Self::Token(_) => None,
            Self::App { app, owner } => Some((app, owner)),
        }
    }
}

/// A token that no header can hold.
#[derive(Debug, thiserror::Error)]
#[error("the token is not one line of plain text")]
pub struct NoHeader;

/// Signs octocrab's requests and carries them over the shared transport.
pub struct Carrier {
    pub transport: Transport,
    pub credential: Credential,
    /// The only host that sees the token.
    pub host: String,
}

impl Carrier {
    /// One request of octocrab, with the token of the moment.
    pub async fn carry(
        self: Arc<Self>,
        request: http::Request<OctoBody>,
    ) -> Result<http::Response<Full<Bytes>>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = http::Request::from_parts(parts, body);
        let token = self.credential.token().await?;
        let response = self.ask(request.clone(), rest::bearer(&token)).await?;
        let Some((app, _)) =
            self.credential.app().filter(|_| response.status() == StatusCode::UNAUTHORIZED)
        else {
            return Ok(response.map(Full::new));
        };
        // Its hour is over by GitHub's clock, or it was revoked: one new token is worth a try.
        app.refused(&token).await;
        let token = self.credential.token().await?;
        let response = self.ask(request, rest::bearer(&token)).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(app.refuses_new_tokens().into());
        }
        Ok(response.map(Full::new))
    }

    async fn ask(
        &self,
        mut request: Request,
        bearer: Option<HeaderValue>,
    ) -> Result<Response, BoxError> {
        let bearer = bearer.ok_or(NoHeader)?;
        if request.uri().authority().is_some_and(|host| host.as_str() == self.host) {
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        let clock = self.transport.clock();
        let refusals = AtomicU32::new(0);
        let judge = |response: &Response| {
            let before = match response.status().as_u16() {
                403 | 429 => refusals.fetch_add(1, Ordering::Relaxed),
                _ => 0,
            };
            limits::pace(response, clock.now(), before)
        };
        Ok(self.transport.ask(request, judge).await?)
    }
}
