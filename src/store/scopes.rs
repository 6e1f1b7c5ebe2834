//! What sweeps told of each project or repository, beside what is stored of it.

use super::driver::Row;
use super::leases::fence;
use super::{Lease, ScopeRecord, Store, StoreError};
use crate::model::ConnectionId;

impl Store {
    /// Notes how a project stands. A sweep that did not end keeps the count and the time of the
    /// last one that did: `listed` and `swept_at` of `None` change nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn put_scope(&self, lease: &Lease, scope: ScopeRecord) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.driver
            .write("put scope", move |tx| {
                fence(tx, &lease)?;
                tx.execute(
                    "INSERT INTO scopes (connection, project, standing, listed, swept_at, problem)
                     VALUES ($1, $2, $3, $4, $5, $6)
                     ON CONFLICT (connection, project) DO UPDATE SET
                        standing = excluded.standing, problem = excluded.problem,
                        listed = COALESCE(excluded.listed, scopes.listed),
                        swept_at = COALESCE(excluded.swept_at, scopes.swept_at)",
                    &[
                        (&scope.connection.0).into(),
                        (&scope.project).into(),
                        (&scope.standing).into(),
                        scope.listed.map(|n| i64::try_from(n).unwrap_or(i64::MAX)).into(),
                        scope.swept_at.into(),
                        scope.problem.as_ref().into(),
                    ],
                )?;
                Ok(())
            })
            .await
    }

    /// Every project or repository that was swept or that items are stored of, sorted by
    /// connection and project, with the number of items stored and live now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn scopes(&self) -> Result<Vec<ScopeRecord>, StoreError> {
        self.driver
            .read("scopes", |tx| {
                let rows = tx.query(
                    "SELECT a.connection, a.project, COALESCE(s.standing, ''), s.listed, s.swept_at,
                        s.problem, COALESCE(i.live, 0), COALESCE(i.gone, 0)
                     FROM (SELECT connection, project FROM scopes
                           UNION SELECT connection, project FROM items) a
                     LEFT JOIN scopes s ON s.connection = a.connection AND s.project = a.project
                     LEFT JOIN (SELECT connection, project,
                            SUM(CASE WHEN state = 'live' THEN 1 ELSE 0 END) AS live,
                            SUM(CASE WHEN state = 'live' THEN 0 ELSE 1 END) AS gone
                        FROM items GROUP BY connection, project) i
                        ON i.connection = a.connection AND i.project = a.project
                     ORDER BY a.connection, a.project",
                    &[],
                )?;
                rows.iter().map(scope).collect()
            })
            .await
    }
}

fn scope(row: &Row) -> Result<ScopeRecord, StoreError> {
    Ok(ScopeRecord {
        connection: ConnectionId(row.string(0)?),
        project: row.string(1)?,
        standing: row.string(2)?,
        listed: row.maybe(3, Row::count)?,
        swept_at: row.maybe(4, Row::time)?,
        problem: row.maybe(5, Row::string)?,
        stored: row.count(6)?,
        gone: row.count(7)?,
    })
}
