//! What a failure of PostgreSQL means: whether to wait, to run the transaction again, or to ask a
//! person.

use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// Why a transaction was undone, where running it again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A deadlock, a serialization failure, or a lock that others held for long.
    Conflict,
    /// The server or the network ended the connection.
    Lost,
}

/// What lies beneath, where the client only says that something failed.
pub fn cause(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Whether what the server says is trouble that passes: classes 08 connection, 40 rollback,
/// 53 resources, 55 locks, 57 operator, 58 system, and the end of an idle transaction.
pub fn passes(code: &SqlState) -> bool {
    let classes = ["08", "25P03", "40", "53", "55", "57", "58"];
    classes.iter().any(|class| code.code().starts_with(class))
}

/// What running the transaction again may help against.
pub fn trouble(error: &tokio_postgres::Error) -> Option<Trouble> {
    let Some(db) = error.as_db_error() else { return Some(Trouble::Lost) };
    let code = db.code().code();
    if code.starts_with("40") || *db.code() == SqlState::LOCK_NOT_AVAILABLE {
        return Some(Trouble::Conflict);
    }
    // A statement that was cancelled for its time would only take that time again.
    let ends = ["08", "25P03", "57P"];
    ends.iter().any(|class| code.starts_with(class)).then_some(Trouble::Lost)
}

/// Tells trouble that passes from a statement that can never work.
pub fn refused(name: &'static str, error: &tokio_postgres::Error) -> StoreError {
    let Some(db) = error.as_db_error() else {
        return if error.is_closed() {
            StoreError::Unavailable("the connection to PostgreSQL was lost".to_owned())
        } else {
            StoreError::Unavailable(cause(error))
        };
    };
    let code = db.code();
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return StoreError::Unusable(format!(
            "PostgreSQL refuses \"{name}\" ({}); give the user of store.url the right to it",
            db.message()
        ));
    }
    if passes(code) {
        return StoreError::Unavailable(db.message().to_owned());
    }
    StoreError::Refused { name, detail: format!("{} ({})", db.message(), code.code()) }
}
