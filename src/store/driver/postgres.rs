//! PostgreSQL: a few connections, each owned by a thread with a small runtime of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join_all, try_join_all};
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::lane::Work;
use super::tls;
use super::value::Value;
use super::{Access, Backend, Driver, Kind, Lane, Param, Row, Tx};
use crate::model::Timestamp;
use crate::store::StoreError;

/// Connections of one process: writers of different connections, hints and pages side by side.
const CONNECTIONS: usize = 4;

/// The number of the advisory lock that orders migrations, unlikely to be anyone else's.
const SCHEMA_LOCK: i64 = 0x5367_4175_0001;

/// A plan that was made while a table was empty reads all of it for ever; so plan every time.
const SESSION: &str = "SET statement_timeout = '60s'; SET lock_timeout = '20s';
     SET plan_cache_mode = force_custom_plan";

/// A connection that comes back after it was lost.
pub struct Postgres {
    config: Config,
    /// `None`: the connection is not encrypted.
    tls: Option<tls::Connector>,
    runtime: Runtime,
    open: Option<Open>,
    name: &'static str,
}

struct Open {
    client: Client,
    statements: BTreeMap<&'static str, Statement>,
}

/// Prepares the connections; they are made when first needed.
pub fn open(url: &str, access: Access) -> Result<Driver, StoreError> {
    if access == Access::Inline {
        return Err(StoreError::Unusable(
            "PostgreSQL cannot run on the caller's thread; use sqlite: here".to_owned(),
        ));
    }
    let (url, tls) = tls::of_url(url)?;
    let mut config: Config = url.parse().map_err(|e: tokio_postgres::Error| {
        StoreError::Unusable(format!(
            "store.url is not a PostgreSQL address ({e}); write postgres://user@host/database"
        ))
    })?;
    config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
    if config.get_password().is_none()
        && let Some(password) = std::env::var_os("PGPASSWORD")
    {
        config.password(password.as_encoded_bytes());
    }
    config.connect_timeout(Duration::from_secs(10)).application_name("streamgauge");
    let connection = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::Unusable(format!("cannot start a runtime: {e}")))?;
        let (config, tls) = (config.clone(), tls.clone());
        let connection = Postgres { config, tls, runtime, open: None, name: "open" };
        Ok(Backend::Postgres(Box::new(connection)))
    };
    let connections = (0..CONNECTIONS).map(|_| connection()).collect::<Result<_, StoreError>>()?;
    // Notes of a flood wait for each other's commit; that must not take the others' connections.
    let notes =
        (access == Access::Write).then(|| Lane::threads(vec![connection()?])).transpose()?;
    Ok(Driver {
        writer: Lane::threads(connections)?,
        reader: None,
        notes,
        kind: Kind::Postgres,
        whim: None,
    })
}

impl Postgres {
    /// Where the server is, without the password.
    fn place(&self) -> String {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                tokio_postgres::config::Host::Tcp(name) => name.clone(),
                tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        format!("PostgreSQL at {}", hosts.join(", "))
    }

    fn connect(&mut self) -> Result<(), StoreError> {
        if self.open.as_ref().is_some_and(|open| !open.client.is_closed()) {
            return Ok(());
        }
        let place = self.place();
        let failed = |e: tokio_postgres::Error| match e.as_db_error() {
            Some(db) => StoreError::Unusable(format!(
                "{place} refuses the connection ({}); correct store.url or the rights there",
                db.message()
            )),
            None => match cause(&e).strip_prefix("invalid peer certificate: ") {
                Some(why) => StoreError::Unusable(format!(
                    "the certificate of {place} is not trusted here ({why}); name the certificate \
                     of its authority as sslrootcert=FILE in store.url"
                )),
                None => {
                    StoreError::Unavailable(format!("{place} cannot be reached ({})", cause(&e)))
                }
            },
        };
        let client = self.runtime.block_on(async {
            // A connection ends with its client, or with the network; the next statement tells.
            let client = if let Some(tls) = self.tls.clone() {
                let (client, connection) = self.config.connect(tls).await.map_err(failed)?;
                self.runtime.spawn(connection.map(drop));
                client
            } else {
                let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
                self.runtime.spawn(connection.map(drop));
                client
            };
            client.batch_execute(SESSION).await.map_err(failed)?;
            Ok(client)
        })?;
        self.open = Some(Open { client, statements: BTreeMap::new() });
        Ok(())
    }

    /// Runs one transaction to its end.
    pub fn run(&mut self, mut work: Box<dyn Work>) {
        self.name = work.name();
        let begin =
            if work.writes() { "BEGIN" } else { "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" };
        if let Err(error) = self.connect().and_then(|()| self.script(begin)) {
            work.finish(Err(error));
            return;
        }
        let good = work.run(&mut Tx::Postgres(self));
        let outcome = self.script(if good { "COMMIT" } else { "ROLLBACK" });
        if outcome.is_err() {
            // A session in an unknown state is never used again.
            self.open = None;
        }
        work.finish(outcome);
    }

    fn parts(&mut self) -> Result<(&Runtime, &mut Open), StoreError> {
        match &mut self.open {
            Some(open) => Ok((&self.runtime, open)),
            None => Err(StoreError::Unavailable("its connection has ended".to_owned())),
        }
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        let name = self.name;
        let (runtime, open) = self.parts()?;
        if let Some(known) = open.statements.get(sql) {
            return Ok(known.clone());
        }
        let text = Kind::Postgres.dialect(sql);
        let made = runtime.block_on(open.client.prepare(&text)).map_err(|e| refused(name, &e))?;
        open.statements.insert(sql, made.clone());
        Ok(made)
    }

    /// Runs one statement and tells how many rows it touched.
    pub fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        let name = self.name;
        let (runtime, open) = self.parts()?;
        runtime
            .block_on(open.client.execute(&statement, &bind(params)))
            .map_err(|e| refused(name, &e))
    }

    /// All at once on the wire; the server carries them out in order.
    pub fn execute_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Param<'_>>],
    ) -> Result<(), StoreError> {
        let statement = self.statement(sql)?;
        let name = self.name;
        let (runtime, open) = self.parts()?;
        let client = &open.client;
        let all = sets.iter().map(|set| {
            let statement = &statement;
            async move { client.execute(statement, &bind(set)).await }
        });
        let answers = runtime.block_on(join_all(all));
        answers.into_iter().try_for_each(|a| a.map(drop)).map_err(|e| refused(name, &e))
    }

    /// Runs one statement and collects its rows.
    pub fn query(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let name = self.name;
        let (runtime, open) = self.parts()?;
        let rows = runtime
            .block_on(open.client.query(&statement, &bind(params)))
            .map_err(|e| refused(name, &e))?;
        rows.iter().map(|row| convert(name, row)).collect()
    }

    /// One answer for every set of parameters, all at once on the wire.
    pub fn query_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Param<'_>>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let statement = self.statement(sql)?;
        let name = self.name;
        let (runtime, open) = self.parts()?;
        let client = &open.client;
        let all = sets.iter().map(|set| {
            let statement = &statement;
            async move { client.query(statement, &bind(set)).await }
        });
        let answers = runtime.block_on(try_join_all(all)).map_err(|e| refused(name, &e))?;
        let rows = |answer: &Vec<tokio_postgres::Row>| {
            answer.iter().map(|row| convert(name, row)).collect::<Result<Vec<_>, _>>()
        };
        answers.iter().map(rows).collect()
    }

    /// Runs several statements without parameters.
    pub fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let name = self.name;
        let text = Kind::Postgres.dialect(sql);
        let (runtime, open) = self.parts()?;
        runtime.block_on(open.client.batch_execute(&text)).map_err(|e| refused(name, &e))
    }

    /// The server's time, which all processes share.
    pub fn now(&mut self) -> Result<Timestamp, StoreError> {
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let rows = self.query(sql, &[])?;
        rows.first().map_or(Ok(Timestamp::MIN), |row| row.time(0))
    }

    /// Waits until no other process migrates, to the end of the transaction.
    pub fn lock_schema(&mut self) -> Result<(), StoreError> {
        self.script(&format!("SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"))
    }
}

fn bind<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

fn convert(name: &'static str, row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    (0..row.len())
        .map(|column| row.try_get::<_, Value>(column).map_err(|e| refused(name, &e)))
        .collect::<Result<_, _>>()
        .map(Row)
}

/// What lies beneath, where the client only says that something failed.
fn cause(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Tells trouble that passes from a statement that can never work.
fn refused(name: &'static str, error: &tokio_postgres::Error) -> StoreError {
    let Some(db) = error.as_db_error() else {
        return if error.is_closed() {
            StoreError::Unavailable("the connection to PostgreSQL was lost".to_owned())
        } else {
            StoreError::Unavailable(cause(error))
        };
    };
    let code = db.code();
    // Classes 08 connection, 40 rollback, 53 resources, 55 locks, 57 operator, 58 system.
    let passes = ["08", "40", "53", "55", "57", "58"];
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return StoreError::Unusable(format!(
            "PostgreSQL refuses \"{name}\" ({}); give the user of store.url the right to it",
            db.message()
        ));
    }
    if passes.iter().any(|class| code.code().starts_with(class)) {
        return StoreError::Unavailable(db.message().to_owned());
    }
    StoreError::Refused { name, detail: format!("{} ({})", db.message(), code.code()) }
}
