//! Brings the schema to the version this program knows, one transaction a step.

use super::StoreError;
use super::driver::{Driver, Kind, Tx};

/// Every step in order; the version is the number of steps done.
const STEPS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_scopes.sql"),
    include_str!("migrations/0003_departures.sql"),
    include_str!("migrations/0004_ticks.sql"),
    include_str!("migrations/0005_projects.sql"),
];

const VERSION: &str = "SELECT value FROM meta WHERE name = 'schema'";

/// Migrates, or refuses a schema of a newer program.
pub async fn migrate(driver: &Driver) -> Result<(), StoreError> {
    loop {
        if driver.write("migrate", step).await? {
            break;
        }
    }
    if driver.kind == Kind::Sqlite {
        // The file's lock proves that every earlier holder is gone.
        driver
            .write("free leases", |tx| tx.execute("UPDATE leases SET holder = NULL", &[]))
            .await?;
    }
    Ok(())
}

/// Does one step; true when none is left.
fn step(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    tx.lock_schema()?;
    tx.script("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)")?;
    let version = tx.first(VERSION, &[])?.map_or(Ok(0), |row| row.int(0))?;
    let done = check(version)?;
    let Some(script) = STEPS.get(done) else { return Ok(true) };
    tx.script(script)?;
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ('schema', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[(version + 1).into()],
    )?;
    Ok(false)
}

/// For readers, who may not migrate.
pub async fn verify(driver: &Driver) -> Result<(), StoreError> {
    let version = driver
        .read("schema version", |tx| tx.first(VERSION, &[])?.map_or(Ok(0), |row| row.int(0)))
        .await;
    let version = match version {
        Err(StoreError::Refused { .. }) => 0,
        other => other?,
    };
    if check(version)? < STEPS.len() {
        return Err(StoreError::Unusable(
            "the database is older than this program; run `streamgauge sync` or `serve` once"
                .to_owned(),
        ));
    }
    Ok(())
}

fn check(version: i64) -> Result<usize, StoreError> {
    usize::try_from(version).ok().filter(|done| *done <= STEPS.len()).ok_or_else(|| {
        StoreError::Unusable(format!(
            "the database has schema version {version}, and this program knows {} at most; use \
             the newer program that wrote it",
            STEPS.len()
        ))
    })
}
