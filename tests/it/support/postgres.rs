//! A real PostgreSQL server for the tests: `DATABASE_URL` if set, else a throw-away cluster from
//! the machine's own binaries. It ends and its folder goes when the test process ends, however
//! that happens.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use tokio_postgres::NoTls;

/// Starts a cluster that listens on a socket in its own folder only, prints the folder, and waits
/// for the end of its input: the pipe breaks with the test process.
const CLUSTER: &str = r#"
set -eu
trap '' INT TERM HUP
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$bin" ]; then bin=$(dirname "$(command -v initdb)"); fi
dir=$(mktemp -d /tmp/streamgauge-postgres.XXXXXX)
finish() { "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap finish EXIT
cd "$dir"
"$bin/initdb" -D "$dir/data" -U gauge -A trust -E UTF8 --no-sync >"$dir/log" 2>&1 \
    || { cat "$dir/log" >&2; exit 1; }
"$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
    -o "-k $dir -c listen_addresses='' -c fsync=$1 -c max_connections=200" start >/dev/null \
    || { cat "$dir/log" >&2; exit 1; }
echo "$dir"
cat >/dev/null
"#;

struct Cluster {
    url: String,
    /// Held so that its input stays open.
    _keeper: Option<Mutex<Child>>,
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
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout == b"0\n");
    let mut command = if is_root {
        // PostgreSQL refuses to run as root; Debian's package brings this user.
        let mut setpriv = Command::new("setpriv");
        setpriv.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        setpriv
    } else {
        Command::new("sh")
    };
    let mut keeper = command
        .args([
            "-c",
            CLUSTER,
            "cluster",
            if *DURABLE.get().unwrap_or(&false) { "on" } else { "off" },
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cannot start a shell");
    let mut folder = String::new();
    let out = keeper.stdout.take().expect("the output is a pipe");
    BufReader::new(out).read_line(&mut folder).expect("the output is readable");
    let folder = folder.trim();
    if folder.is_empty() {
        let mut why = String::new();
        let _ = keeper.stderr.take().expect("a pipe").read_to_string(&mut why);
        panic!(
            "the tests need PostgreSQL: `apt-get install postgresql`, or set DATABASE_URL.\n{why}"
        );
    }
    let url = format!("postgres://gauge@{}/postgres", folder.replace('/', "%2F"));
    Cluster { url, _keeper: Some(Mutex::new(keeper)) }
}
