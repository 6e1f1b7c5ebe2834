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
    include_str!("migrations/0006_integrations.sql"),
    include_str!("migrations/0007_sources.sql"),
    include_str!("migrations/0008_apart.sql"),
    include_str!("migrations/0009_purged.sql"),
];

const VERSION: &str = "SELECT value FROM meta WHERE name = 'schema'";

/// Migrates, or refuses a schema of a newer program.
pub async fn migrate(driver: &Driver) -> Result<(), StoreError> {
    // Versions only grow, so nothing needs a lock, or the right to change the schema, once the last
    // one is reached.
    if version(driver).await? < STEPS.len() {
        loop {
            let place = driver.place.clone();
            if driver.write("migrate", move |tx| step(tx, &place)).await? {
                break;
            }
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
fn step(tx: &mut Tx<'_>, place: &str) -> Result<bool, StoreError> {
    tx.lock_schema()?;
    tx.script("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)")?;
    let version = tx.first(VERSION, &[])?.map_or(Ok(0), |row| row.int(0))?;
    let done = check(version, place)?;
    let Some(script) = STEPS.get(done) else { return Ok(true) };
    tx.script(script)?;
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ('schema', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[(version + 1).into()],
    )?;
    Ok(false)
}

/// The newest version of the schema that this program knows.
pub fn newest() -> i64 {
    STEPS.len() as i64
}

/// For readers, who may not migrate.
pub async fn verify(driver: &Driver) -> Result<(), StoreError> {
    if version(driver).await? < STEPS.len() {
        return Err(StoreError::Unusable(format!(
            "{} is older than this program; run `streamgauge sync` or `serve` once",
            driver.place
        )));
    }
    Ok(())
}

/// The steps that were done; none where there is no schema yet.
async fn version(driver: &Driver) -> Result<usize, StoreError> {
    let read = |tx: &mut Tx<'_>| tx.first(VERSION, &[])?.map_or(Ok(0), |row| row.int(0));
    match driver.read("schema version", read).await {
        Err(StoreError::Refused { .. }) => Ok(0),
        found => check(found?, &driver.place),
    }
}

fn check(version: i64, place: &str) -> Result<usize, StoreError> {
    usize::try_from(version).ok().filter(|done| *done <= STEPS.len()).ok_or_else(|| {
        StoreError::Unusable(format!(
            "{place} has schema version {version}, and this program knows {} at most; use \
             the newer program that wrote it",
            STEPS.len()
        ))
    })
}
