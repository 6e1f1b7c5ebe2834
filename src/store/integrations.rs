//! Declared integration events. Nothing is changed or deleted; a correction supersedes.

use super::journal::{Records, superseded, unword, word};
use super::{Store, StoreError, bump, next_numbers};
use crate::model::{Integration, Timestamp};

const EVENTS: Records = Records {
    prefix: "I-",
    known: "SELECT number FROM integrations WHERE number = $1",
    called: "integration event",
    command: "integration",
};

impl Store {
    /// Appends an integration event and assigns its id; `supersedes` names the one it corrects. One
    /// that is entered twice is kept twice: points less than a day apart are one to every signal.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when `supersedes` names no event.
    pub async fn add_integration(
        &self,
        mut event: Integration,
        supersedes: Option<&str>,
    ) -> Result<Integration, StoreError> {
        let supersedes = supersedes.map(str::to_owned);
        self.driver
            .write("add integration", move |tx| {
                let corrected = superseded(tx, &EVENTS, supersedes.as_deref())?;
                let number = next_numbers(tx, "integrations", 1)?;
                event.id = format!("I-{number}");
                let (epics, items) = (word(&event.epics)?, word(&event.items)?);
                tx.execute(
                    "INSERT INTO integrations (number, supersedes, at, name, epics, items, known_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    &[
                        number.into(),
                        corrected.into(),
                        event.at.into(),
                        (&event.name).into(),
                        (&epics).into(),
                        (&items).into(),
                        event.known_at.into(),
                    ],
                )?;
                bump(tx)?;
                Ok(event)
            })
            .await
    }

    /// Integration events known at `known` that none known then supersedes, by instant, then id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn integrations(
        &self,
        known: Option<Timestamp>,
    ) -> Result<Vec<Integration>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver
            .read("integrations", move |tx| {
                let rows = tx.query(
                    "SELECT number, at, name, epics, items, known_at FROM integrations i
                     WHERE known_at <= $1 AND NOT EXISTS
                        (SELECT 1 FROM integrations n
                         WHERE n.supersedes = i.number AND n.known_at <= $1)
                     ORDER BY at, number",
                    &[known.into()],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(Integration {
                            id: format!("I-{}", row.int(0)?),
                            at: row.time(1)?,
                            name: row.string(2)?,
                            epics: unword(row.text(3)?)?,
                            items: unword(row.text(4)?)?,
                            known_at: row.time(5)?,
                        })
                    })
                    .collect()
            })
            .await
    }
}
