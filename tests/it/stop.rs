//! A stop ends within its bound, whatever is still under way.

use std::sync::{Arc, Mutex};

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::digests::outbox::Outbox;
use streamgauge::entropy::Entropy;
use streamgauge::gauge::Gauge;
use streamgauge::portfolio::Portfolio;
use streamgauge::serve::{Daemon, STOP_WITHIN, Stopped};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;
use streamgauge::sync::{Engine, Settings, Stopper};
use streamgauge::transport::{Limits, Transport};
use streamgauge::web::access::Access;
use streamgauge::web::settings::Web;
use tokio::net::TcpListener;
use tokio::time::Instant;

const PORTFOLIO: &str = r#"
name = "Northwind"
timezone = "Europe/Berlin"
[[stream]]
id = "payments"
[[team]]
id = "checkout"
stream = "payments"
claims = [{ jira = "PAY" }]
"#;

#[tokio::test(start_paused = true)]
async fn a_stop_that_the_loops_do_not_hear_ends_at_its_bound_and_names_them() {
    let clock: SharedClock = Arc::new(SystemClock);
    let store = Store::open_inline("sqlite::memory:", Arc::clone(&clock)).await.unwrap();
    let portfolio = Arc::new(Portfolio::parse(PORTFOLIO, "portfolio.toml").unwrap());
    let gauge = Arc::new(Gauge::new(store.clone(), portfolio, Arc::clone(&clock)));
    let entropy = Entropy::from_seed(1);
    let limits = Limits::default();
    let transport = Transport::over_network(limits, Arc::clone(&clock), entropy.clone()).unwrap();
    let nowhere = |_: &str| Err("no digest is declared".to_owned());
    let outbox = Outbox::over(Arc::clone(&gauge), Arc::clone(&clock), &[], nowhere).unwrap();
    // Every loop stands still from its beginning, but for what carries the stop.
    let (still, runtime) = (Arc::new(Mutex::new(Vec::new())), Spawner::tokio());
    let kept = Arc::clone(&still);
    let spawner = Spawner::with(move |name, task| match name {
        "stop" => runtime.spawn(name, task),
        _ => kept.lock().unwrap().push(task),
    });
    let daemon = Daemon {
        engine: Arc::new(Engine::new(
            store.clone(),
            Vec::new(),
            Arc::clone(&clock),
            entropy,
            Settings::default(),
        )),
        store,
        gauge,
        outbox: Arc::new(outbox),
        access: Access::new(&Web::default(), Arc::clone(&clock)).unwrap(),
        trackers: Vec::new(),
        sources: Vec::new(),
        transport,
        clock,
        spawner,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stopper, stop) = Stopper::new();
    let since = Instant::now();
    stopper.stop();
    let ended = daemon.run(listener, stop).await.unwrap();
    let loops = [
        "a look at the database",
        "the crowd at the door",
        "the digests",
        "the sources of outcomes",
    ];
    assert_eq!(ended, Stopped::Left(loops.map(str::to_owned).to_vec()));
    assert_eq!(since.elapsed().as_secs(), STOP_WITHIN.as_secs(), "by the clock of the test");
    assert_eq!(still.lock().unwrap().len(), loops.len());
}
