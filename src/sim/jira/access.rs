//! Credentials, and what each address makes of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The account that [`Access::default`] knows.
pub const USER: &str = "gauge@simulated.invalid";
/// A token without scopes: for the site's own address.
pub const TOKEN: &str = "simulated-classic-token";
/// A token with scopes: for `/ex/jira/{cloudId}` only.
pub const SCOPED_TOKEN: &str = "simulated-scoped-token";

/// One API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub user: String,
    pub token: String,
    pub scoped: bool,
    pub expired: bool,
}

/// Who may ask, and under which cloud id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub cloud_id: String,
    pub credentials: Vec<Credential>,
}

impl Default for Access {
    fn default() -> Self {
        let credential = |token: &str, scoped| Credential {
            user: USER.to_owned(),
            token: token.to_owned(),
            scoped,
            expired: false,
        };
        Self {
            cloud_id: "3f1c9a52-6d0b-4e8e-9c57-5a1dd0e7f001".to_owned(),
            credentials: vec![credential(TOKEN, false), credential(SCOPED_TOKEN, true)],
        }
    }
}

/// How a request presents itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    Known,
    /// No credential, or one that is wrong or expired: operations that allow anonymous access
    /// answer as to a stranger, the others refuse.
    Anonymous,
    /// A valid credential at the wrong address: everything refuses.
    Misplaced,
}

impl Access {
    /// Marks every credential expired or valid again.
    pub fn set_expired(&mut self, expired: bool) {
        self.credentials.iter_mut().for_each(|credential| credential.expired = expired);
    }

    /// Judges the `Authorization` header of a request to the site (`gateway` false) or to
    /// `/ex/jira/{cloudId}` (true).
    #[must_use]
    pub fn judge(&self, headers: &HeaderMap, gateway: bool) -> Caller {
        let Some(found) = self.credential(headers).filter(|credential| !credential.expired) else {
            // The gateway knows no anonymous access.
            return if gateway { Caller::Misplaced } else { Caller::Anonymous };
        };
        if found.scoped == gateway { Caller::Known } else { Caller::Misplaced }
    }

    fn credential(&self, headers: &HeaderMap) -> Option<&Credential> {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        if let Some(token) = value.strip_prefix("Bearer ") {
            return self.credentials.iter().find(|known| known.scoped && known.token == token);
        }
        let pair = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
        let pair = String::from_utf8(pair).ok()?;
        let (user, token) = pair.split_once(':')?;
        self.credentials.iter().find(|known| known.user == user && known.token == token)
    }
}
