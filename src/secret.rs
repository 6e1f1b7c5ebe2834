//! Secrets by name: the configuration says where a secret is, never what it is.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Where a secret comes from: `{ env = "JIRA_TOKEN" }` or `{ file = "/run/secrets/jira" }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    Env(String),
    File(PathBuf),
}

/// The least length, in bytes, of a secret that opens a door of ours.
pub const SHORTEST: usize = 24;

/// How a secret is written in the settings.
const FORM: &str = "{ env = \"NAME\" } or { file = \"PATH\" }";

/// Reads the two forms by hand: what serde says about a wrong one repeats the value, and that may
/// be the secret itself.
impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Place;

        impl<'de> Visitor<'de> for Place {
            type Value = SecretRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "the place of a secret, written as {FORM}")
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<SecretRef, E> {
                Err(E::custom(format_args!(
                    "a secret is never written here, only where it is: write {FORM}"
                )))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<SecretRef, E> {
                self.visit_str("")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
                let wrong = || A::Error::custom(format_args!("a secret is written as {FORM}"));
                let key: Option<String> = map.next_key()?;
                let place = match key.as_deref() {
                    Some("env") => SecretRef::Env(map.next_value()?),
                    Some("file") => SecretRef::File(map.next_value()?),
                    _ => return Err(wrong()),
                };
                match map.next_key::<String>()? {
                    None => Ok(place),
                    Some(_) => Err(wrong()),
                }
            }
        }

        deserializer.deserialize_any(Place)
    }
}

/// A secret that is not where the configuration says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret in {place} {problem}")]
pub struct SecretError {
    place: SecretRef,
    problem: String,
}

impl SecretError {
    /// The name of the variable, or the file, as the settings write it.
    #[must_use]
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        match &self.place {
            SecretRef::Env(name) => name.into(),
            SecretRef::File(path) => path.to_string_lossy(),
        }
    }
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
    /// The variable is not set, the file cannot be read or everybody can read it, or the value is
    /// empty.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let fail = |problem: String| SecretError { place: self.clone(), problem };
        let value = match self {
            Self::Env(name) => std::env::var(name)
                .map_err(|_| fail("is not set: export it before starting".to_owned()))?,
            Self::File(path) => {
                let cannot = |error: std::io::Error| {
                    fail(format!("cannot be read: {error}; put it there, or correct its path"))
                };
                let mut file = File::open(path).map_err(cannot)?;
                let about = file.metadata().map_err(cannot)?;
                let mode = about.permissions().mode() & 0o777;
                if about.is_file() && mode & 0o007 != 0 {
                    return Err(fail(format!(
                        "is open to every user of this machine (mode {mode:04o}): `chmod 600` it, \
                         or mount it with mode 0440"
                    )));
                }
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(cannot)?;
                text.trim().to_owned()
            }
        };
        if value.is_empty() {
            return Err(fail("is empty: give it its value".to_owned()));
        }
        Ok(SecretString::from(value))
    }

    /// The same for a secret that others could try to guess at our door.
    ///
    /// # Errors
    /// See [`SecretRef::read`]; the value is shorter than [`SHORTEST`] bytes.
    pub fn read_strong(&self) -> Result<SecretString, SecretError> {
        let secret = self.read()?;
        if secret.expose_secret().len() < SHORTEST {
            return Err(SecretError {
                place: self.clone(),
                problem: format!(
                    "is shorter than {SHORTEST} characters, so somebody could guess it: make one \
                     with `openssl rand -hex 24`"
                ),
            });
        }
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
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
    fn a_secret_in_place_of_its_name_is_never_repeated() {
        #[derive(Debug, Deserialize)]
        struct Holder {
            #[expect(dead_code, reason = "only read")]
            token: SecretRef,
        }
        for wrong in
            ["\"hunter2\"", "{ hunter2 = \"x\" }", "{ env = \"A\", hunter2 = \"x\" }", "{}", "7"]
        {
            let error = toml::from_str::<Holder>(&format!("token = {wrong}")).unwrap_err();
            let told = error.message();
            assert!(!told.contains("hunter2") && told.contains("{ env = \"NAME\" }"), "{told}");
        }
    }

    #[test]
    fn a_file_is_trimmed_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "abc\n").unwrap();
        let place = SecretRef::File(path.clone());
        let allow =
            |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        for open in [0o644, 0o604, 0o602, 0o601, 0o777] {
            allow(open);
            let told = place.read().unwrap_err().to_string();
            assert!(told.contains("is open to every user") && told.contains("chmod 600"), "{told}");
            assert!(told.contains(&format!("mode {open:04o}")) && !told.contains("abc"), "{told}");
        }
        // systemd and Kubernetes give credentials to a group of one.
        for closed in [0o600, 0o400, 0o440, 0o640] {
            allow(closed);
            place.read().unwrap();
        }
        let told = place.read_strong().unwrap_err().to_string();
        assert!(told.contains("is shorter than 24 characters") && !told.contains("abc"), "{told}");
        let secret = place.read().unwrap();
        assert_eq!(secret.expose_secret(), "abc");
        assert!(!format!("{secret:?}").contains("abc"));
    }
}
