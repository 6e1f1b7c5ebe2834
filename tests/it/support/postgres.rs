//! A real PostgreSQL server for the tests: `DATABASE_URL` if set, else a throw-away cluster from
//! the machine's own binaries. It ends and its folder goes when the test process ends, however
//! that happens.

use std::sync::{Mutex, OnceLock};

use tokio_postgres::NoTls;

use super::cluster::{Keeper, in_folder};

/// Listens on a socket in its own folder only, prints the folder, and waits for the end of its
/// input.
const SCRIPT: &str = r#"
"$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
    -o "-k $dir -c listen_addresses='' -c fsync=$FSYNC -c max_connections=200" start >/dev/null \
    || { cat "$dir/log" >&2; exit 1; }
echo "$dir"
cat >/dev/null
"#;

struct Cluster {
    url: String,
    /// Held so that its input stays open.
    _keeper: Option<Mutex<Keeper>>,
}

/// Whether the server waits for its disk. Tests need not; set it before the first database to
/// measure what commits cost.
pub static DURABLE: OnceLock<bool> = OnceLock::new();

static CLUSTER_ONCE: OnceLock<Cluster> = OnceLock::new();

/// The address of a new, empty database with this name.
pub async fn database(name: &str) -> String {
    let cluster = CLUSTER_ONCE.get_or_init(start);
    let (client, connection) = tokio_postgres::connect(&cluster.url, NoTls)
        .await
        .unwrap_or_else(|e| panic!("cannot connect to the PostgreSQL of the tests: {e}"));
    let talk = async {
        let name = format!("streamgauge_{name}");
        for sql in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
            client.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
        with_database(&cluster.url, &name)
    };
    tokio::select! {
        biased;
        url = talk => url,
        ended = connection => panic!("PostgreSQL hung up: {ended:?}"),
    }
}

fn with_database(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(a, o)| (a, Some(o)));
    let server = address.rsplit_once('/').map_or(address, |(server, _)| server);
    options.map_or(format!("{server}/{name}"), |o| format!("{server}/{name}?{o}"))
}

fn start() -> Cluster {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return Cluster { url, _keeper: None };
    }
    let fsync = if *DURABLE.get().unwrap_or(&false) { "on" } else { "off" };
    let (keeper, folder) = Keeper::start("postgres", SCRIPT, &[("FSYNC", fsync)]);
    Cluster { url: in_folder(&folder), _keeper: Some(Mutex::new(keeper)) }
}
