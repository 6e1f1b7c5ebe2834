//! What webhooks ask of whichever process works on a connection, and when that last did what it
//! does rarely.

use super::driver::{Row, Tx};
use super::{Store, StoreError, next_numbers};
use crate::model::{ConnectionId, Timestamp};

/// What a webhook asks for besides items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The event touches more than it names: pull soon.
    Scan,
    /// A project or a right came or went: sweep soon.
    Sweep,
}

/// What waits to be done for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// A hint is due.
    pub hints: bool,
    /// The number of the newest request for a scan, unless it is answered.
    pub scan: Option<u64>,
    /// The number of the newest request for a sweep, unless it is answered.
    pub sweep: Option<u64>,
}

/// What is done rarely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Everything was read again.
    Whole,
}

impl Ask {
    fn asked(self, connection: &ConnectionId) -> String {
        format!("asked:{}:{connection}", self.word())
    }

    fn done(self, connection: &ConnectionId) -> String {
        format!("done:{}:{connection}", self.word())
    }

    fn word(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Sweep => "sweep",
        }
    }
}

impl Mark {
    fn name(self, connection: &ConnectionId) -> String {
        match self {
            Self::Whole => format!("whole:{connection}"),
        }
    }
}

impl Store {
    /// Keeps a request until it is answered. Durable on return.
    ///
    /// # Errors
    /// The database does not answer; the webhook must not be acknowledged then.
    pub async fn ask(&self, connection: &ConnectionId, ask: Ask) -> Result<(), StoreError> {
        let name = ask.asked(connection);
        self.driver.write("ask", move |tx| next_numbers(tx, &name, 1).map(drop)).await
    }

    /// What waits, with hints that are due at `now`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn calls(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Calls, StoreError> {
        let connection = connection.clone();
        self.driver
            .read("calls", move |tx| {
                let hint = tx.first(
                    "SELECT source FROM hints WHERE connection = $1 AND due <= $2 LIMIT 1",
                    &[(&connection.0).into(), now.into()],
                )?;
                let mut open = |ask: Ask| -> Result<Option<u64>, StoreError> {
                    let asked = value(tx, &ask.asked(&connection))?.unwrap_or(0);
                    let done = value(tx, &ask.done(&connection))?.unwrap_or(0);
                    Ok((asked > done).then(|| u64::try_from(asked).unwrap_or(0)))
                };
                let (scan, sweep) = (open(Ask::Scan)?, open(Ask::Sweep)?);
                Ok(Calls { hints: hint.is_some(), scan, sweep })
            })
            .await
    }

    /// Notes that a request, and every one before it, is answered.
    ///
    /// # Errors
    /// The database does not answer; the request is answered once more then.
    pub async fn answered(
        &self,
        connection: &ConnectionId,
        ask: Ask,
        number: u64,
    ) -> Result<(), StoreError> {
        self.raise(ask.done(connection), i64::try_from(number).unwrap_or(i64::MAX)).await
    }

    /// Notes when something was done last.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mark(
        &self,
        connection: &ConnectionId,
        mark: Mark,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.raise(mark.name(connection), at.millis()).await
    }

    /// When something was done last; `None` when it never was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn marked(
        &self,
        connection: &ConnectionId,
        mark: Mark,
    ) -> Result<Option<Timestamp>, StoreError> {
        let name = mark.name(connection);
        let at = self.driver.read("mark", move |tx| value(tx, &name)).await?;
        Ok(at.map(Timestamp::from_millis))
    }

    async fn raise(&self, name: String, value: i64) -> Result<(), StoreError> {
        self.driver
            .write("mark", move |tx| {
                tx.execute(
                    "INSERT INTO meta (name, value) VALUES ($1, $2)
                     ON CONFLICT (name) DO UPDATE SET value = CASE
                        WHEN meta.value < excluded.value THEN excluded.value ELSE meta.value END",
                    &[(&name).into(), value.into()],
                )?;
                Ok(())
            })
            .await
    }
}

fn value(tx: &mut Tx<'_>, name: &str) -> Result<Option<i64>, StoreError> {
    let row: Option<Row> = tx.first("SELECT value FROM meta WHERE name = $1", &[name.into()])?;
    row.map(|row| row.int(0)).transpose()
}
