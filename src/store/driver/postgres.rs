//! PostgreSQL: a few connections, each owned by a thread with a small runtime of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join_all, try_join_all};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::lane::Work;
use super::tls;
use super::trouble::{Trouble, cause, passes, refused, trouble};
use super::value::Value;
use super::{Access, Backend, Driver, Kind, Lane, Param, Row, Tx};
use crate::clock::SharedClock;
use crate::entropy::Entropy;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::condition::Condition;

/// Connections of one process: writers of different connections, hints and pages side by side.
const CONNECTIONS: usize = 4;

/// The number of the advisory lock that orders migrations, unlikely to be anyone else's.
const SCHEMA_LOCK: i64 = 0x5367_4175_0001;

/// A plan that was made while a table was empty reads all of it for ever; so plan every time. A
/// process that was paused, or cut off, within a transaction must not hold a lease's row for longer
/// than its lease lasts: the server ends such a session.
const SESSION: &str = "SET statement_timeout = '60s'; SET lock_timeout = '5s';
     SET idle_in_transaction_session_timeout = '15s';
     SET plan_cache_mode = force_custom_plan; SET client_min_messages = 'warning'";

const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const WRITE: &str = "BEGIN; SET LOCAL statement_timeout = '20s'";

/// How long a connection may take, with all that belongs to it.
const CONNECT: Duration = Duration::from_secs(10);
/// A server that has not answered by then never will: its own limits end every statement before.
const READ_PATIENCE: Duration = Duration::from_secs(70);
const WRITE_PATIENCE: Duration = Duration::from_secs(25);
/// A migration takes as long as its tables are large.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(24 * 3_600);
/// A network that swallows what is sent is noticed within this time.
const UNSENT: Duration = Duration::from_secs(15);

/// Tries of a transaction that is undone because another one was in its way.
const CONFLICTS_MAX: u32 = 5;
/// Tries of a transaction whose connection was lost before its commit: once more on a new one.
const LOST_MAX: u32 = 2;
/// The pause after the first conflict, in seconds; it doubles, and a part of it is random.
const PAUSE: f64 = 0.02;

/// A connection that comes back after it was lost.
pub struct Postgres {
    config: Config,
    /// `None`: the connection is not encrypted.
    tls: Option<tls::Connector>,
    runtime: Runtime,
    open: Option<Open>,
    name: &'static str,
    patience: Duration,
    /// Set by the statement that failed.
    trouble: Option<Trouble>,
    clock: SharedClock,
    entropy: Entropy,
}

struct Open {
    client: Client,
    statements: BTreeMap<&'static str, Statement>,
}

/// Prepares the connections; they are made when first needed.
pub fn open(url: &str, access: Access, clock: SharedClock) -> Result<Driver, StoreError> {
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
    config.connect_timeout(CONNECT).application_name("streamgauge");
    let seconds = Duration::from_secs;
    config.tcp_user_timeout(UNSENT).keepalives_idle(seconds(10));
    config.keepalives_interval(seconds(5)).keepalives_retries(3);
    let entropy = Entropy::from_system();
    let connection = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::Unusable(format!("cannot start a runtime: {e}")))?;
        let connection = Postgres {
            config: config.clone(),
            tls: tls.clone(),
            runtime,
            open: None,
            name: "open",
            patience: CONNECT,
            trouble: None,
            clock: Arc::clone(&clock),
            entropy: entropy.clone(),
        };
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
        condition: Condition::default(),
        place: "the database".to_owned(),
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
            Some(db) if passes(db.code()) => {
                StoreError::Unavailable(format!("{place}: {}", db.message()))
            }
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
        let made = async {
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
        };
        // Whoever listens there may never say a word.
        let made = self.runtime.block_on(async { timeout(CONNECT, made).await });
        let silent = |_| Err(StoreError::Unavailable(format!("{place} is silent")));
        let client = made.unwrap_or_else(silent)?;
        self.open = Some(Open { client, statements: BTreeMap::new() });
        Ok(())
    }

    /// Runs one transaction to its end, again where it was certainly undone and may succeed then.
    pub fn run(&mut self, mut work: Box<dyn Work>) {
        let mut tries = 0;
        let outcome = loop {
            let outcome = self.attempt(work.as_mut());
            tries += 1;
            let most = match self.trouble.take() {
                Some(Trouble::Conflict) => CONFLICTS_MAX,
                Some(Trouble::Lost) => LOST_MAX,
                None => break outcome,
            };
            if tries >= most || !work.is_fresh() {
                break outcome;
            }
            tracing::debug!(name = self.name, tries, "the transaction was undone; it is run again");
            let pause = PAUSE * f64::from(1 << tries) * (0.5 + self.entropy.unit());
            self.runtime.block_on(self.clock.sleep(Duration::from_secs_f64(pause)));
        };
        work.finish(outcome);
    }

    /// One try. Leaves `trouble` when nothing of it can have been committed.
    fn attempt(&mut self, work: &mut dyn Work) -> Result<(), StoreError> {
        (self.name, self.trouble) = (work.name(), None);
        let (begin, patience) =
            if work.writes() { (WRITE, WRITE_PATIENCE) } else { (READ, READ_PATIENCE) };
        self.patience = patience;
        if let Err(error) = self.connect().and_then(|()| self.script(begin)) {
            self.open = None;
            return Err(error);
        }
        let good = work.run(&mut Tx::Postgres(self), true);
        let met = self.trouble.take();
        let ended = self.script(if good { "COMMIT" } else { "ROLLBACK" });
        // Of a commit that got no answer nobody knows whether it happened: the caller looks.
        let refused = self.trouble.take().filter(|trouble| *trouble == Trouble::Conflict);
        self.trouble = if good { refused } else { met };
        if ended.is_err() {
            // A session in an unknown state is never used again.
            self.open = None;
        }
        if good { ended } else { Ok(()) }
    }

    /// Waits for the server, and notes what kind of trouble it had.
    fn ask<T>(
        &mut self,
        call: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let patience = self.patience;
        let (runtime, open) = self.parts()?;
        let answer = runtime.block_on(async { timeout(patience, call(&open.client)).await });
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.trouble = trouble(&error);
                Err(refused(self.name, &error))
            }
            Err(_) => {
                self.open = None;
                Err(StoreError::Unavailable("PostgreSQL is silent".to_owned()))
            }
        }
    }

    fn parts(&mut self) -> Result<(&Runtime, &mut Open), StoreError> {
        match &mut self.open {
            Some(open) => Ok((&self.runtime, open)),
            None => Err(StoreError::Unavailable("its connection has ended".to_owned())),
        }
    }

    fn statement(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(known) = self.parts()?.1.statements.get(sql) {
            return Ok(known.clone());
        }
        let text = Kind::Postgres.dialect(sql);
        let made = self.ask(async |client| client.prepare(&text).await)?;
        self.parts()?.1.statements.insert(sql, made.clone());
        Ok(made)
    }

    /// Runs one statement and tells how many rows it touched.
    pub fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        self.ask(async |client| client.execute(&statement, &bind(params)).await)
    }

    /// All at once on the wire; the server carries them out in order.
    pub fn execute_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Param<'_>>],
    ) -> Result<(), StoreError> {
        let statement = self.statement(sql)?;
        self.ask(async |client| {
            let one = async |set: &Vec<Param<'_>>| client.execute(&statement, &bind(set)).await;
            let answers = join_all(sets.iter().map(one)).await;
            answers.into_iter().try_for_each(|answer| answer.map(drop))
        })
    }

    /// Runs one statement and collects its rows.
    pub fn query(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let rows = self.ask(async |client| client.query(&statement, &bind(params)).await)?;
        rows.iter().map(|row| convert(self.name, row)).collect()
    }

    /// One answer for every set of parameters, all at once on the wire.
    pub fn query_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Param<'_>>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let statement = self.statement(sql)?;
        let answers = self.ask(async |client| {
            let one = async |set: &Vec<Param<'_>>| client.query(&statement, &bind(set)).await;
            try_join_all(sets.iter().map(one)).await
        })?;
        let rows = |answer: &Vec<tokio_postgres::Row>| {
            answer.iter().map(|row| convert(self.name, row)).collect::<Result<Vec<_>, _>>()
        };
        answers.iter().map(rows).collect()
    }

    /// Runs a query that is not kept.
    pub fn query_once(&mut self, sql: &str) -> Result<Vec<Row>, StoreError> {
        let name = self.name;
        let (runtime, open) = self.parts()?;
        let rows = runtime.block_on(open.client.query(sql, &[])).map_err(|e| refused(name, &e))?;
        rows.iter().map(|row| convert(name, row)).collect()
    }

    /// Runs a statement that is not kept once for every set of parameters.
    pub fn execute_once(&mut self, sql: &str, sets: &[Vec<Param<'_>>]) -> Result<(), StoreError> {
        let name = self.name;
        let (runtime, open) = self.parts()?;
        let client = &open.client;
        let run = async {
            let statement = client.prepare(sql).await?;
            let all = sets.iter().map(|set| {
                let statement = &statement;
                async move { client.execute(statement, &bind(set)).await }
            });
            join_all(all).await.into_iter().try_for_each(|answer| answer.map(drop))
        };
        runtime.block_on(run).map_err(|e| refused(name, &e))
    }

    /// Runs several statements without parameters.
    pub fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let text = Kind::Postgres.dialect(sql);
        self.ask(async |client| client.batch_execute(&text).await)
    }

    /// The server's time, which all processes share.
    pub fn now(&mut self) -> Result<Timestamp, StoreError> {
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let rows = self.query(sql, &[])?;
        rows.first().map_or(Ok(Timestamp::MIN), |row| row.time(0))
    }

    /// Waits until no other process migrates, to the end of the transaction.
    pub fn lock_schema(&mut self) -> Result<(), StoreError> {
        self.patience = MIGRATION_PATIENCE;
        self.script("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")?;
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
