//! Statuses and releases as the trackers list them, with the time from which each form was known.

use std::collections::{BTreeMap, BTreeSet};

use super::driver::{Row, Tx};
use super::leases::fence;
use super::{Lease, Store, StoreError, bump};
use crate::model::{ConnectionId, Named, Precision, Release, StatusEntry, Timestamp};

const STATUSES: &str = "SELECT connection, id, name, category FROM statuses
     WHERE known_at <= $1 ORDER BY connection, id, known_at";

const RELEASES: &str = "SELECT connection, id, name, project, released_at, exactness, present
     FROM releases WHERE known_at <= $1 ORDER BY connection, id, known_at";

type Statuses = BTreeMap<(String, String), StatusEntry>;
type Releases = BTreeMap<(String, String), (Release, bool)>;

impl Store {
    /// Keeps what differs from the newest known form; tells whether anything did. A release that
    /// a list no longer holds is gone; `None` concludes nothing about releases. Statuses stay:
    /// histories go on naming them.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn put_catalogue(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        statuses: Vec<StatusEntry>,
        releases: Option<Vec<Release>>,
        known_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        self.driver
            .write("put catalogue", move |tx| {
                fence(tx, &lease)?;
                let mut changed = put_statuses(tx, &connection, &statuses, known_at)?;
                if let Some(releases) = releases {
                    changed |= put_releases(tx, &connection, releases, known_at)?;
                }
                if changed {
                    bump(tx)?;
                }
                Ok(changed)
            })
            .await
    }

    /// Statuses with the category that was last known at `known`, sorted by connection and id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn statuses(
        &self,
        known: Option<Timestamp>,
    ) -> Result<Vec<(ConnectionId, StatusEntry)>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        let statuses = self.driver.read("statuses", move |tx| read_statuses(tx, known)).await?;
        Ok(statuses.into_iter().map(|((c, _), entry)| (ConnectionId(c), entry)).collect())
    }

    /// Releases as last known at `known`, without those that were gone, sorted by connection
    /// and id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn releases(
        &self,
        known: Option<Timestamp>,
    ) -> Result<Vec<(ConnectionId, Release)>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        let releases = self.driver.read("releases", move |tx| read_releases(tx, known)).await?;
        let present = releases.into_iter().filter(|(_, (_, present))| *present);
        Ok(present.map(|((c, _), (release, _))| (ConnectionId(c), release)).collect())
    }
}

fn read_statuses(tx: &mut Tx<'_>, known: Timestamp) -> Result<Statuses, StoreError> {
    let mut statuses = Statuses::new();
    for row in tx.query(STATUSES, &[known.into()])? {
        let status = Named { id: row.string(1)?, name: row.string(2)? };
        let entry = StatusEntry { status, category: row.string(3)? };
        statuses.insert((row.string(0)?, row.string(1)?), entry);
    }
    Ok(statuses)
}

fn put_statuses(
    tx: &mut Tx<'_>,
    connection: &str,
    statuses: &[StatusEntry],
    known_at: Timestamp,
) -> Result<bool, StoreError> {
    let mut known = read_statuses(tx, Timestamp::MAX)?;
    let mut changed = false;
    for entry in statuses {
        let place = (connection.to_owned(), entry.status.id.clone());
        if known.get(&place) == Some(entry) {
            continue;
        }
        tx.execute(
            "INSERT INTO statuses (connection, id, known_at, name, category)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (connection, id, known_at) DO UPDATE SET
                name = excluded.name, category = excluded.category",
            &[
                connection.into(),
                (&entry.status.id).into(),
                known_at.into(),
                (&entry.status.name).into(),
                (&entry.category).into(),
            ],
        )?;
        known.insert(place, entry.clone());
        changed = true;
    }
    Ok(changed)
}

fn read_releases(tx: &mut Tx<'_>, known: Timestamp) -> Result<Releases, StoreError> {
    let mut releases = Releases::new();
    for row in tx.query(RELEASES, &[known.into()])? {
        let release = Release {
            id: row.string(1)?,
            name: row.string(2)?,
            project: row.string(3)?,
            released_at: row.maybe(4, Row::time)?,
            precision: match row.int(5)? {
                0 => Precision::Exact,
                1 => Precision::Polled,
                _ => Precision::Inferred,
            },
        };
        releases.insert((row.string(0)?, row.string(1)?), (release, row.flag(6)?));
    }
    Ok(releases)
}

fn put_releases(
    tx: &mut Tx<'_>,
    connection: &str,
    releases: Vec<Release>,
    known_at: Timestamp,
) -> Result<bool, StoreError> {
    let known = read_releases(tx, Timestamp::MAX)?;
    let listed: BTreeSet<String> = releases.iter().map(|release| release.id.clone()).collect();
    let gone = known
        .iter()
        .filter(|((c, id), (_, present))| c == connection && *present && !listed.contains(id))
        .map(|(_, (release, _))| (release.clone(), false));
    let now = releases.into_iter().map(|release| (release, true));
    let mut changed = false;
    for (release, present) in now.chain(gone.collect::<Vec<_>>()) {
        let place = (connection.to_owned(), release.id.clone());
        if known.get(&place).is_some_and(|known| *known == (release.clone(), present)) {
            continue;
        }
        tx.execute(
            "INSERT INTO releases
                (connection, id, known_at, name, project, released_at, exactness, present)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (connection, id, known_at) DO UPDATE SET
                name = excluded.name, project = excluded.project,
                released_at = excluded.released_at, exactness = excluded.exactness,
                present = excluded.present",
            &[
                connection.into(),
                (&release.id).into(),
                known_at.into(),
                (&release.name).into(),
                (&release.project).into(),
                release.released_at.into(),
                (release.precision as i64).into(),
                present.into(),
            ],
        )?;
        changed = true;
    }
    Ok(changed)
}
