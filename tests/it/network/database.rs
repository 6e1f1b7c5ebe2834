//! PostgreSQL over TLS: a real server with a certificate of our own authority.

use std::sync::Arc;

use streamgauge::clock::SystemClock;
use streamgauge::store::Store;

use super::authority::{Authority, Identity};
use crate::support::cluster::Keeper;

/// Takes nothing but TLS on a port of loopback, prints the port, and ends with its input.
const SCRIPT: &str = r#"
umask 077
printf '%s' "$SERVER_CERTIFICATE" >"$dir/server.crt"
printf '%s' "$SERVER_KEY" >"$dir/server.key"
echo 'hostssl all all 127.0.0.1/32 trust' >"$dir/data/pg_hba.conf"
for try in 1 2 3 4 5; do
    port=$((20000 + ($$ * 7 + try * 1009) % 20000))
    if "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
        -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off -c ssl=on \
            -c ssl_cert_file=$dir/server.crt -c ssl_key_file=$dir/server.key" start >/dev/null
    then echo "$port"; cat >/dev/null; exit 0; fi
done
cat "$dir/log" >&2
"#;

struct Cluster {
    port: u16,
    /// Held so that its input stays open.
    _keeper: Keeper,
}

fn start(identity: &Identity) -> Cluster {
    let env =
        [("SERVER_CERTIFICATE", &*identity.certificate), ("SERVER_KEY", identity.key.as_str())];
    let (keeper, port) = Keeper::start("postgres-tls", SCRIPT, &env);
    Cluster { port: port.parse().unwrap(), _keeper: keeper }
}

async fn open(url: &str) -> Result<Store, String> {
    Store::open(url, Arc::new(SystemClock)).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_store_is_reached_over_tls_and_only_by_a_known_name() {
    let authority = Authority::new("Northwind databases");
    let cluster = start(&authority.certify(&["localhost"]));
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string().replace('/', "%2F")
    };
    let (ours, theirs) =
        (write("ca.pem", &authority.pem), write("other.pem", &Authority::new("Else").pem));
    let url = |host: &str, options: &str| {
        format!("postgres://gauge@{host}:{}/postgres?{options}", cluster.port)
    };

    for mode in ["require", "verify-ca", "verify-full"] {
        let store = open(&url("localhost", &format!("sslmode={mode}&sslrootcert={ours}"))).await;
        assert_eq!(store.unwrap().counts().await.unwrap().items, 0, "{mode}");
    }
    let unknown = open(&url("localhost", &format!("sslmode=require&sslrootcert={theirs}"))).await;
    let told = unknown.unwrap_err();
    assert!(
        told.contains("the certificate of PostgreSQL at localhost is not trusted here"),
        "{told}"
    );
    assert!(told.contains("sslrootcert=FILE"), "{told}");
    let told = open(&url("localhost", "sslmode=verify-full")).await.unwrap_err();
    assert!(told.contains("is not trusted here"), "{told}");
    let other = open(&url("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={ours}"))).await;
    let told = other.unwrap_err();
    assert!(told.contains("is not trusted here") && told.contains("localhost"), "{told}");
    // The server takes nothing else, and says so.
    let told = open(&url("localhost", "sslmode=disable")).await.unwrap_err();
    assert!(told.contains("refuses the connection"), "{told}");
}
