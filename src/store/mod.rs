//! One store over SQLite and PostgreSQL. SQL lives nowhere else.

mod error;
mod stub;
mod types;

pub use error::StoreError;
pub use types::*;

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store(());

/// Proof that this process may write to what the lease names. Every write that needs it checks its
/// epoch in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub(crate) name: String,
    pub(crate) holder: String,
    pub(crate) epoch: i64,
}
