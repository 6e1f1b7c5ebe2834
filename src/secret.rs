//! Secrets by name: the configuration says where a secret is, never what it is.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

/// Where a secret comes from: `{ env = "JIRA_TOKEN" }` or `{ file = "/run/secrets/jira" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum SecretRef {
    Env(String),
    File(PathBuf),
}

/// A secret that is not where the configuration says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret in {place} {problem}")]
pub struct SecretError {
    place: String,
    problem: String,
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

impl SecretRef {
    /// Reads the secret; surrounding white space of a file is not part of it.
    ///
    /// # Errors
    /// The variable is not set, the file cannot be read, or the value is empty.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let fail = |problem: String| SecretError { place: self.to_string(), problem };
        let value = match self {
            Self::Env(name) => std::env::var(name)
                .map_err(|_| fail("is not set: export it before starting".to_owned()))?,
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|error| fail(format!("cannot be read: {error}")))?
                .trim()
                .to_owned(),
        };
        if value.is_empty() {
            return Err(fail("is empty".to_owned()));
        }
        Ok(SecretString::from(value))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_missing_secret_names_its_place() {
        let error = SecretRef::Env("STREAMGAUGE_NO_SUCH_SECRET".into()).read().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the secret in environment variable STREAMGAUGE_NO_SUCH_SECRET is not set: export it \
             before starting"
        );
    }

    #[test]
    fn a_file_is_trimmed_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "abc\n").unwrap();
        let secret = SecretRef::File(path).read().unwrap();
        assert_eq!(secret.expose_secret(), "abc");
        assert!(!format!("{secret:?}").contains("abc"));
    }
}
