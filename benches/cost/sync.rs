//! A first sync and one of a tracker that has not changed.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::ConnectionId;
use streamgauge::sim::jira::access;
use streamgauge::store::Store;
use streamgauge::sync::{Engine, PassOutcome, Reach, Settings, Silent, Stop};
use streamgauge::trackers::{Tracker, github, jira};
use streamgauge::transport::{Limits, Transport};

use crate::process::{Meter, Server, figures, memory, tell};
use crate::sites;
use crate::table::Table;

/// CPU seconds per 10,000 items, MB, requests per 1,000 items, requests when nothing changed.
struct Budget {
    cpu: f64,
    memory: f64,
    requests: f64,
    unchanged: f64,
}

fn budget(kind: &str) -> Budget {
    match kind {
        "jira" => Budget { cpu: 0.7, memory: 40.0, requests: 12.0, unchanged: 3.0 },
        _ => Budget { cpu: 2.0, memory: 40.0, requests: 21.0, unchanged: 3.0 },
    }
}

/// Serves a site, syncs it twice and writes down what that took.
pub fn measure(kind: &str, items: usize, folder: &Path, table: &mut Table) {
    let server = Server::start(&["serve", kind, &items.to_string()]);
    let file = folder.join(format!("{kind}.db"));
    let found = figures(&["sync", kind, &server.url, &file.display().to_string()]);
    let budget = budget(kind);
    let (first, count) = (found["first wall"], items as f64);
    let name = |what: &str| format!("{kind}: {what}");
    table.told(&name("items, history entries"), format!("{}, {}", items, found["entries"]));
    table.bound(&name("CPU"), found["first cpu"], 2, "s", budget.cpu * count / 10_000.0);
    table.bound(&name("peak memory"), found["peak"], 1, "MB", budget.memory);
    table.told(&name("time, with the tracker's own"), format!("{first:.2} s"));
    table.told(&name("items a second"), format!("{:.0}", count / first));
    let each = found["first requests"] * 1000.0 / count;
    table.bound(&name("requests per 1,000 items"), each, 1, "", budget.requests);
    let unchanged = found["second requests"];
    table.bound(&name("requests, nothing changed"), unchanged, 0, "", budget.unchanged);
    let (cpu, wall) = (found["second cpu"] * 1000.0, found["second wall"] * 1000.0);
    table.told(&name("CPU, time, nothing changed"), format!("{cpu:.0} ms, {wall:.0} ms"));
    table.told(&name("store"), format!("{:.1} MB", found["file"]));
}

/// The syncing process: prints its figures.
pub fn run(kind: &str, url: &str, file: &str) {
    let meter = Meter::whole();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(passes(kind, url, file, &meter));
}

async fn passes(kind: &str, url: &str, file: &str, meter: &Meter) {
    let clock: SharedClock = Arc::new(SystemClock);
    let entropy = Entropy::from_system();
    let limits = Limits::default();
    let transport = Transport::over_network(limits, Arc::clone(&clock), entropy.clone()).unwrap();
    let tracker = connect(kind, url, &transport);
    let connection = tracker.connection().clone();
    let store = Store::open(&format!("sqlite:{file}"), Arc::clone(&clock)).await.unwrap();
    let settings = Settings::default();
    let engine = Engine::new(store.clone(), vec![tracker], clock, entropy, settings);
    let stop = Stop::never();
    let pass = || engine.pass(&connection, Reach::Hot, &Silent, &stop);

    let first = settled(&pass().await);
    meter.print("first");
    tell("peak", memory("VmHWM"));
    tell("first requests", transport.requests() as f64);
    tell("file", std::fs::metadata(file).unwrap().len() as f64 / 1e6);

    let (meter, before) = (Meter::start(), transport.requests());
    settled(&pass().await);
    meter.print("second");
    tell("second requests", (transport.requests() - before) as f64);

    let entries = store.fold_items(None, 0, |sum, item| *sum += item.history.len()).await.unwrap();
    tell("entries", entries as f64);
    assert_eq!(store.counts().await.unwrap().items, first.read, "every item is stored");
}

fn settled(outcome: &PassOutcome) -> PassOutcome {
    assert!(outcome.complete && outcome.gaps == 0, "{outcome:?}");
    outcome.clone()
}

fn connect(kind: &str, url: &str, transport: &Transport) -> Arc<dyn Tracker> {
    let connection = ConnectionId(kind.to_owned());
    if kind == "jira" {
        return Arc::new(jira::connect(
            jira::Config {
                connection,
                site: url.to_owned(),
                gateway: url.to_owned(),
                scopes: vec![sites::PROJECT.to_owned()],
                user: SecretString::from(access::USER),
                token: SecretString::from(access::TOKEN),
                webhook_secrets: Vec::new(),
                titles: true,
                blocking: jira::Config::blocking(),
            },
            transport.clone(),
        ));
    }
    let repositories = vec![format!("{}/{}", sites::OWNER, sites::REPOSITORY)];
    let token = SecretString::from("any");
    let mut config = github::Config::new(connection, repositories, token);
    url.clone_into(&mut config.api);
    Arc::new(github::GitHub::new(config, transport.clone()).unwrap())
}
