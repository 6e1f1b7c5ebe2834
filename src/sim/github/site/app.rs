//! A GitHub App: who may call itself so, where it is installed, and the tokens it was given.

use std::collections::BTreeMap;

use octocrab::jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::model::Timestamp;

use super::{Site, State};

/// How long a token of an installation lives, in milliseconds.
const TOKEN_LIFE_MS: i64 = 3_600_000;
/// The longest life of the App's own proof, in seconds.
const PROOF_LIFE: i64 = 600;
/// How far a client's clock may be ahead, in seconds.
const CLOCKS_APART: i64 = 60;

/// The public half of an App's key cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public RSA key in PEM form")]
pub struct KeyError;

/// An App as GitHub knows it.
pub struct App {
    pub id: u64,
    key: DecodingKey,
    pub installations: BTreeMap<u64, Installation>,
    tokens: BTreeMap<String, Issued>,
    issued: u64,
}

/// The App at one owner. It sees all repositories of that owner.
#[derive(Debug, Clone)]
pub struct Installation {
    pub owner: String,
    /// `read`, `write` or `admin`, by the name of the right.
    pub permissions: BTreeMap<String, String>,
    pub suspended: bool,
}

struct Issued {
    installation: u64,
    ends: Timestamp,
}

#[derive(Deserialize)]
struct Claims {
    iss: Value,
    iat: i64,
    exp: i64,
}

impl Installation {
    /// With the rights that the product asks for.
    #[must_use]
    pub fn at(owner: &str) -> Self {
        let rights = ["contents", "issues", "metadata", "organization_projects", "pull_requests"];
        let permissions = rights.map(|right| (right.to_owned(), "read".to_owned()));
        Self { owner: owner.to_owned(), permissions: permissions.into(), suspended: false }
    }
}

impl Site {
    /// Registers an App by the public half of its key; its tokens are accepted beside any other.
    ///
    /// # Errors
    /// The key is not an RSA key in PEM form.
    pub fn set_app(&self, id: u64, public_key: &str) -> Result<(), KeyError> {
        let key = DecodingKey::from_rsa_pem(public_key.as_bytes()).map_err(|_| KeyError)?;
        let (installations, tokens) = (BTreeMap::new(), BTreeMap::new());
        self.state().app = Some(App { id, key, installations, tokens, issued: 0 });
        Ok(())
    }

    /// Installs the App under this id, or changes that installation.
    pub fn install(&self, id: u64, installation: Installation) {
        if let Some(app) = &mut self.state().app {
            app.installations.insert(id, installation);
        }
    }

    /// Takes the App away from an owner; its tokens end at once.
    pub fn uninstall(&self, id: u64) {
        if let Some(app) = &mut self.state().app {
            app.installations.remove(&id);
            app.tokens.retain(|_, issued| issued.installation != id);
        }
    }

    /// Ends all tokens before their time.
    pub fn revoke_tokens(&self) {
        if let Some(app) = &mut self.state().app {
            app.tokens.clear();
        }
    }
}

impl App {
    /// A new token, in the long form that GitHub gives since 2026.
    pub fn issue(&mut self, installation: u64, now: Timestamp) -> (String, Timestamp) {
        self.issued += 1;
        let ends = now.plus_millis(TOKEN_LIFE_MS);
        let filling = "simulated-installation-token-".repeat(12);
        let token = format!("ghs_{}_{filling}{}", self.id, self.issued);
        self.tokens.insert(token.clone(), Issued { installation, ends });
        (token, ends)
    }

    /// The installation behind a token that is still alive.
    pub fn installation_of(&self, token: &str, now: Timestamp) -> Option<(u64, &Installation)> {
        let issued = self.tokens.get(token).filter(|issued| issued.ends > now)?;
        let found = self.installations.get(&issued.installation)?;
        (!found.suspended).then_some((issued.installation, found))
    }

    /// Checks the App's own proof as GitHub does; the error is GitHub's message.
    fn proven(&self, proof: &str, now: Timestamp) -> Result<(), String> {
        let mut rules = Validation::new(Algorithm::RS256);
        // The site has its own clock.
        rules.validate_exp = false;
        rules.required_spec_claims.clear();
        let claims = decode::<Claims>(proof, &self.key, &rules)
            .map_err(|_| "A JSON web token could not be decoded".to_owned())?
            .claims;
        let now = now.millis() / 1000;
        if claims.iss != json!(self.id) && claims.iss != json!(self.id.to_string()) {
            return Err("Integration not found".to_owned());
        }
        if claims.exp <= now || claims.exp > now + PROOF_LIFE {
            return Err("'Expiration time' claim ('exp') is too far in the future or past".into());
        }
        if claims.iat > now + CLOCKS_APART {
            return Err("'Issued at' claim ('iat') must be an Integer in the past".to_owned());
        }
        Ok(())
    }
}

/// Who asks, when it is the App or an installation of it: the owner whose repositories it sees
/// (`None` for the App itself), or why it is refused. `None` when it is neither.
pub fn viewer(
    state: &State,
    path: &str,
    token: &str,
    now: Timestamp,
) -> Option<Result<Option<String>, String>> {
    let app = state.app.as_ref()?;
    if path == "/app" || path.starts_with("/app/") {
        return Some(app.proven(token, now).map(|()| None));
    }
    if !token.starts_with("ghs_") {
        return None;
    }
    let found = app.installation_of(token, now);
    Some(found.map(|(_, at)| Some(at.owner.clone())).ok_or_else(|| "Bad credentials".to_owned()))
}
