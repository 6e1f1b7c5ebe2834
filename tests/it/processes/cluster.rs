//! A PostgreSQL server of our own that is restarted under those who use it, and what watches
//! their writes from inside.

use streamgauge::spawn::Spawner;
use tokio_postgres::NoTls;

use crate::support::cluster::{Keeper, in_folder};

/// Listens on a socket in its own folder only, prints the folder, obeys one order a line, and ends
/// with its input.
const SCRIPT: &str = r#"
server() { head -n 1 "$dir/data/postmaster.pid"; }
sessions() { ps -o pid= --ppid "$(server)"; }
finish() { kill -CONT $(server) $(sessions) 2>/dev/null || true; stop; rm -rf "$dir"; }
start() {
    "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
        -o "-k $dir -c listen_addresses='' -c fsync=off -c max_connections=200" start >/dev/null
}
start || { cat "$dir/log" >&2; exit 1; }
echo "$dir"
while read -r order; do
    case $order in
    stop) stop ;;
    start) start ;;
    restart) stop; start ;;
    freeze) kill -STOP $(server); kill -STOP $(sessions) ;;
    thaw) kill -CONT $(server) $(sessions) ;;
    esac
    echo "$order"
done
"#;

/// What notes who wrote under whose lease. A role is a process, so that its sessions are known.
const WITNESS: &str = r"
CREATE TABLE w_terms (name TEXT, epoch BIGINT, role TEXT, PRIMARY KEY (name, epoch));
CREATE TABLE w_writes (role TEXT, owner TEXT, place TEXT);
CREATE FUNCTION w_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO w_terms VALUES (NEW.name, NEW.epoch, session_user) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;
CREATE TRIGGER w_lease AFTER INSERT OR UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION w_lease();
CREATE FUNCTION w_write() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE own TEXT; BEGIN
    SELECT t.role INTO own FROM leases l JOIN w_terms t ON t.name = l.name AND t.epoch = l.epoch
        WHERE l.name = 'sync:' || NEW.connection;
    INSERT INTO w_writes VALUES (session_user, own, TG_TABLE_NAME);
    RETURN NEW;
END $$;
CREATE TRIGGER w_items AFTER INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION w_write();
CREATE TRIGGER w_cursors AFTER INSERT OR UPDATE ON cursors FOR EACH ROW EXECUTE FUNCTION w_write();
CREATE TRIGGER w_passes AFTER INSERT OR UPDATE ON passes FOR EACH ROW EXECUTE FUNCTION w_write();
CREATE TRIGGER w_scopes AFTER INSERT OR UPDATE ON scopes FOR EACH ROW EXECUTE FUNCTION w_write();
";

pub struct Cluster {
    keeper: Keeper,
    pub folder: String,
}

impl Cluster {
    pub fn start() -> Self {
        let (keeper, folder) = Keeper::start("processes", SCRIPT, &[]);
        Self { keeper, folder }
    }

    /// `stop`, `start` or `restart`; a stop is immediate, as if the machine had gone. `freeze` lets
    /// the server stand still with its connections open, until `thaw`.
    pub fn order(&mut self, order: &str) {
        assert_eq!(self.keeper.order(order), order);
    }

    /// Where the server listens.
    pub fn socket(&self) -> String {
        format!("{}/.s.PGSQL.5432", self.folder)
    }

    /// The address for the test itself, past every wire.
    pub fn url(&self) -> String {
        in_folder(&self.folder)
    }

    async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        Spawner::tokio().spawn("psql", async move {
            let _ = connection.await;
        });
        // What waits for a lock of a process that stands still fails by its name.
        client.batch_execute("SET statement_timeout = '60s'").await.unwrap();
        client
    }

    pub async fn run(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }

    /// The first column of the rows, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.client().await.simple_query(sql).await;
        let rows = rows.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        let text = |row: tokio_postgres::SimpleQueryMessage| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                Some(row.get(0).unwrap_or_default().to_owned())
            }
            _ => None,
        };
        rows.into_iter().filter_map(text).collect()
    }

    pub async fn count(&self, sql: &str) -> u64 {
        self.texts(sql).await[0].parse().unwrap()
    }

    /// A role for the sessions of one process.
    pub async fn role(&self, name: &str) {
        self.run(&format!("CREATE ROLE {name} SUPERUSER LOGIN")).await;
    }

    /// Watches every write to the tables that need a lease.
    pub async fn watch(&self) {
        self.run(WITNESS).await;
    }

    /// Writes seen, and those of a process that did not hold the lease.
    pub async fn witnessed(&self) -> (u64, u64) {
        let all = self.count("SELECT COUNT(*) FROM w_writes").await;
        let zombies = "SELECT COUNT(*) FROM w_writes WHERE owner IS DISTINCT FROM role";
        (all, self.count(zombies).await)
    }

    /// The process that has the duty for a connection.
    pub async fn on_duty(&self, connection: &str) -> Option<String> {
        let now = "EXTRACT(EPOCH FROM clock_timestamp()) * 1000";
        let sql = format!(
            "SELECT holder FROM leases WHERE name = 'duty:{connection}' AND holder IS NOT NULL \
             AND until > {now}"
        );
        self.texts(&sql).await.into_iter().next()
    }

    /// Lets the time of all leases of a process run out now.
    pub async fn outlive(&self, process: &str) {
        self.run(&format!("UPDATE leases SET until = 0 WHERE holder = '{process}'")).await;
    }
}
