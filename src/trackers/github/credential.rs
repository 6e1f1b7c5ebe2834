//! Who asks: a token that stays the same, or an App whose tokens are renewed on the way.

use std::sync::Arc;

use secrecy::SecretString;

use super::app::App;
use crate::trackers::TrackerError;

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
