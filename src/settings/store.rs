//! `[store]` of `streamgauge.toml`.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::secret::{SecretError, SecretRef};

/// Where facts are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `sqlite:FILE` or `postgres://user@host/db`.
    #[serde(default = "default_store")]
    pub url: String,
    /// The password for PostgreSQL; a file needs none. Without one, PGPASSWORD is used when it is
    /// set.
    pub password: Option<SecretRef>,
}

impl Store {
    /// Whether the address itself holds a password.
    #[must_use]
    pub fn shows_password(&self) -> bool {
        let Some((_, rest)) = self.url.split_once("://") else { return false };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let user = place.rsplit_once('@').map_or("", |(user, _)| user);
        user.contains(':') || query.split('&').any(|pair| pair.starts_with("password="))
    }

    /// The address with its password, as the store takes it.
    ///
    /// # Errors
    /// The password is not where the settings say.
    pub fn address(&self) -> Result<SecretString, SecretError> {
        let file = self.url.starts_with("sqlite:");
        let Some(password) = self.password.as_ref().filter(|_| !file) else {
            return Ok(self.url.as_str().into());
        };
        let password = password.read()?;
        let mark = if self.url.contains('?') { '&' } else { '?' };
        let mut address = format!("{}{mark}password=", self.url);
        for byte in password.expose_secret().bytes() {
            if byte.is_ascii_alphanumeric() {
                address.push(char::from(byte));
            } else {
                address.push_str(&format!("%{byte:02X}"));
            }
        }
        Ok(address.into())
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { url: default_store(), password: None }
    }
}

fn default_store() -> String {
    "sqlite:streamgauge.db".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(url: &str, password: &str) -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, password).unwrap();
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, closed).unwrap();
        (Store { url: url.to_owned(), password: Some(SecretRef::File(file)) }, folder)
    }

    #[test]
    fn the_password_joins_the_address_and_no_message() {
        let (plain, _folder) = store("postgres://gauge@db/gauge", "s3cr&t=/ä\n");
        let address = plain.address().unwrap();
        let expected = "postgres://gauge@db/gauge?password=s3cr%26t%3D%2F%C3%A4";
        assert_eq!(address.expose_secret(), expected);
        let config: tokio_postgres::Config = address.expose_secret().parse().unwrap();
        assert_eq!(config.get_password(), Some("s3cr&t=/ä".as_bytes()));

        let (more, _folder) = store("postgres://gauge@db/gauge?sslmode=disable", "x");
        assert!(more.address().unwrap().expose_secret().ends_with("?sslmode=disable&password=x"));
        assert!(!format!("{more:?}").contains("s3cr"));
    }

    #[test]
    fn a_password_in_the_address_is_seen() {
        let shows = |url: &str| Store { url: url.to_owned(), password: None }.shows_password();
        for url in ["postgres://a:b@h/d", "postgres://a@h/d?sslmode=require&password=x"] {
            assert!(shows(url), "{url}");
        }
        for url in ["sqlite:a:b@c.db", "postgres://a@h:5432/d", "postgres://h/d?user=password"] {
            assert!(!shows(url), "{url}");
        }
    }

    #[test]
    fn a_file_needs_no_password() {
        let (file, _folder) = store("sqlite:gauge.db", "x");
        assert_eq!(file.address().unwrap().expose_secret(), "sqlite:gauge.db");
        assert_eq!(Store::default().address().unwrap().expose_secret(), "sqlite:streamgauge.db");
    }
}
