//! Where the store is: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`.

use std::path::PathBuf;

use super::StoreError;

/// A store's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    Sqlite(PathBuf),
    /// Kept as written; the client reads it.
    Postgres(String),
}

impl StoreUrl {
    /// Reads an address. The sentence of a failure never repeats it: it may hold a password.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.is_empty() {
                return Ok(Self::Sqlite(PathBuf::from(path)));
            }
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err(StoreError::Unusable(
            "store.url is neither sqlite:PATH nor postgres://USER@HOST/DATABASE; correct it"
                .to_owned(),
        ))
    }
}
