//! What sweeps ask of the store and tell it: who should be there, who was missed, who left.

use super::apply::{forget_retries, place};
use super::driver::{Param, Row};
use super::facts::Removal;
use super::gaps::record_gaps;
use super::leases::fence;
use super::{Lease, Rostered, Store, StoreError, Swept};
use crate::model::{ConnectionId, Departure, ItemId, Timestamp};

/// Items that leave in one transaction.
const CHUNK: usize = 500;

/// A question for rows that [`rostered`] reads.
macro_rules! roster {
    ($which:literal) => {
        concat!(
            "SELECT source, key, project, state, first_seen, misses, removed_reason FROM items ",
            $which
        )
    };
}

impl Store {
    /// Every stored item of these projects, spelt as they are stored, sorted by project and id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn roster(
        &self,
        connection: &ConnectionId,
        projects: Vec<String>,
    ) -> Result<Vec<Rostered>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("roster", move |tx| {
                let mut roster = Vec::new();
                for project in &projects {
                    let rows = tx.query(
                        roster!("WHERE connection = $1 AND project = $2 ORDER BY source"),
                        &[(&connection).into(), project.into()],
                    )?;
                    for row in &rows {
                        roster.push(rostered(row)?);
                    }
                }
                Ok(roster)
            })
            .await
    }

    /// Live items that were asked for and not given, for the last time at or before `until`.
    /// Sorted by id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn missed(
        &self,
        connection: &ConnectionId,
        until: Timestamp,
    ) -> Result<Vec<Rostered>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("missed items", move |tx| {
                let rows = tx.query(
                    roster!(
                        "WHERE connection = $1 AND misses > 0 AND missed_at <= $2
                            AND state = 'live' ORDER BY source"
                    ),
                    &[(&connection).into(), until.into()],
                )?;
                rows.iter().map(rostered).collect()
            })
            .await
    }

    /// Known items among these ids, sorted by id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rostered(
        &self,
        connection: &ConnectionId,
        mut sources: Vec<String>,
    ) -> Result<Vec<Rostered>, StoreError> {
        let connection = connection.0.clone();
        sources.sort();
        self.driver
            .read("known items", move |tx| {
                let ids: Vec<Vec<Param<'_>>> =
                    sources.iter().map(|s| vec![(&connection).into(), s.into()]).collect();
                let rows = tx.query_all(roster!("WHERE connection = $1 AND source = $2"), &ids)?;
                rows.iter().flatten().map(rostered).collect()
            })
            .await
    }

    /// The projects that items are stored of, whether they are there or have left, sorted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn project_names(
        &self,
        connection: &ConnectionId,
    ) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT project FROM items WHERE connection = $1 ORDER BY project";
        self.projects("names of projects", sql, connection).await
    }

    /// Takes every item of a connection for one that may have changed since it was read.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn unsettle(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
    ) -> Result<(), StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        self.driver
            .write("unsettle", move |tx| {
                fence(tx, &lease)?;
                tx.execute(
                    "UPDATE items SET settled = 0 WHERE connection = $1 AND settled = 1",
                    &[(&connection).into()],
                )?;
                Ok(())
            })
            .await
    }

    /// The projects that live items are stored of, sorted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn lived_in(&self, connection: &ConnectionId) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT project FROM items WHERE connection = $1 AND state = 'live'
             ORDER BY project";
        self.projects("projects of items", sql, connection).await
    }

    async fn projects(
        &self,
        name: &'static str,
        sql: &'static str,
        connection: &ConnectionId,
    ) -> Result<Vec<String>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read(name, move |tx| {
                let rows = tx.query(sql, &[(&connection).into()])?;
                rows.iter().map(|row| row.string(0)).collect()
            })
            .await
    }

    /// How many items of a project are stored and live. Letter case makes no difference.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn live_in(
        &self,
        connection: &ConnectionId,
        project: &str,
    ) -> Result<u64, StoreError> {
        let (connection, project) = (connection.0.clone(), project.to_owned());
        self.driver
            .read("items of a project", move |tx| {
                let row = tx.first(
                    "SELECT COUNT(*) FROM items
                     WHERE connection = $1 AND lower(project) = lower($2) AND state = 'live'",
                    &[(&connection).into(), (&project).into()],
                )?;
                row.map_or(Ok(0), |row| row.count(0))
            })
            .await
    }

    /// Records that items have left, a few hundred at a time; their gaps close. Returns how many of
    /// them were there or had left for another reason.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn depart(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        sources: Vec<String>,
        at: Timestamp,
        departure: &Departure,
        known_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut left = 0;
        for part in sources.chunks(CHUNK) {
            let lease = lease.clone();
            let items: Vec<ItemId> = part
                .iter()
                .map(|s| ItemId { connection: connection.clone(), source: s.clone() })
                .collect();
            let (connection, sources) = (connection.0.clone(), part.to_vec());
            let removal = Removal { at, reason: departure.to_string() };
            left += self
                .driver
                .write("items leave", move |tx| {
                    fence(tx, &lease)?;
                    let mut left = 0;
                    for item in &items {
                        left += u64::from(place(tx, item, Some(&removal), known_at)?);
                    }
                    // What could not be read of them is of no more interest.
                    forget_retries(tx, &connection, &sources)?;
                    record_gaps(tx, &connection, &sources, &[], known_at)?;
                    Ok(left)
                })
                .await?;
        }
        Ok(left)
    }

    /// Notes how a project stands, and returns since when it has been seen to stand so.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn note_standing(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        project: &str,
        standing: &str,
        at: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        let (project, standing) = (project.to_owned(), standing.to_owned());
        self.driver
            .write("note standing", move |tx| {
                fence(tx, &lease)?;
                let row = tx.first(
                    "INSERT INTO scopes (connection, project, standing, since)
                     VALUES ($1, $2, $3, $4)
                     ON CONFLICT (connection, project) DO UPDATE SET
                        since = CASE WHEN scopes.standing = excluded.standing
                            THEN COALESCE(scopes.since, excluded.since) ELSE excluded.since END,
                        standing = excluded.standing
                     RETURNING since",
                    &[(&connection).into(), (&project).into(), (&standing).into(), at.into()],
                )?;
                row.map_or(Ok(at), |row| row.time(0))
            })
            .await
    }

    /// The projects of a connection that were archived or thrown away, as they were last seen.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn shelved(&self, connection: &ConnectionId) -> Result<Vec<String>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("shelved projects", move |tx| {
                let rows = tx.query(
                    "SELECT project FROM scopes WHERE connection = $1
                        AND standing IN ('archived', 'trashed') ORDER BY project",
                    &[(&connection).into()],
                )?;
                rows.iter().map(|row| row.string(0)).collect()
            })
            .await
    }

    /// When each project of a connection was last swept to its end, and how it stood.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sweeps(&self, connection: &ConnectionId) -> Result<Vec<Swept>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("sweeps", move |tx| {
                let rows = tx.query(
                    "SELECT project, standing, swept_at, problem FROM scopes
                     WHERE connection = $1 ORDER BY project",
                    &[(&connection).into()],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(Swept {
                            project: row.string(0)?,
                            standing: row.string(1)?,
                            swept_at: row.maybe(2, Row::time)?,
                            troubled: row.maybe(3, Row::text)?.is_some(),
                        })
                    })
                    .collect()
            })
            .await
    }
}

fn rostered(row: &Row) -> Result<Rostered, StoreError> {
    Ok(Rostered {
        source: row.string(0)?,
        key: row.string(1)?,
        project: row.string(2)?,
        live: row.text(3)? == "live",
        left: row.maybe(6, Row::text)?.map(Departure::parse),
        first_seen: row.time(4)?,
        misses: u32::try_from(row.int(5)?).unwrap_or(u32::MAX),
    })
}
