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
    fn a_file_needs_no_password() {
        let (file, _folder) = store("sqlite:gauge.db", "x");
        assert_eq!(file.address().unwrap().expose_secret(), "sqlite:gauge.db");
        assert_eq!(Store::default().address().unwrap().expose_secret(), "sqlite:streamgauge.db");
    }
}
