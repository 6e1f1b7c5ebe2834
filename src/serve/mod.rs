//! The daemon: builds everything once, runs the three modes, and drains on a stop.
//!
//! Background sync and webhook-triggered refresh are one loop per connection; scheduled digests
//! are a loop of their own; the web server is the third. All hear one stop request. Where several
//! processes share a store, the loops of a connection run in the one that has its duty.

mod crowd;
mod digests;
mod gather;
mod hands;
mod keeper;
mod outcomes;
mod post;
mod puller;
mod sweeper;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::clock::SharedClock;
use crate::digests::outbox::Outbox;
use crate::gauge::Gauge;
use crate::schedule::Schedule;
use crate::sources::Source;
use crate::spawn::Spawner;
use crate::store::{Store, StoreError};
use crate::sync::{Engine, Stop, Stopper};
use crate::trackers::Tracker;
use crate::transport::Transport;
use crate::web::access::Access;
use crate::web::live::Live;
use crate::web::metrics::Metrics;
use crate::web::{self, App, Hook};
use hands::Hands;
use keeper::Keeper;
use post::Post;

pub use hands::{STOP_WITHIN, Stopped};

/// Everything the daemon runs on.
pub struct Daemon {
    pub store: Store,
    pub gauge: Arc<Gauge>,
    pub engine: Arc<Engine>,
    pub outbox: Arc<Outbox>,
    pub access: Arc<Access>,
    pub trackers: Vec<(Arc<dyn Tracker>, Schedule)>,
    /// Where outcome measures are read.
    pub sources: Vec<Source>,
    /// What the trackers are asked through, for what it was told of their limits.
    pub transport: Transport,
    pub clock: SharedClock,
    pub spawner: Spawner,
}

impl Daemon {
    /// Runs until `stop` is requested, then lets every loop finish what it has in hand, for
    /// [`STOP_WITHIN`] at most. What is left then must not be waited for by dropping the store.
    ///
    /// # Errors
    /// It stopped by itself, because the database must not be used any further.
    pub async fn run(self, listener: TcpListener, stop: Stop) -> Result<Stopped, StoreError> {
        let ((stopper, stop), asked, store) = (Stopper::new(), stop, self.store.clone());
        let stopper = Arc::new(stopper);
        let metrics = Arc::new(Metrics::default());
        let process = self.engine.process().to_owned();
        let live = Arc::new(Live::new(process.clone(), self.transport, self.outbox.plans()));
        // Every task holds a sender; the channel closes when the last one has ended.
        let (hands, alive, mut ended) = Hands::new();
        let mut hooks = BTreeMap::new();
        for (tracker, schedule) in self.trackers {
            let post = Post {
                connection: tracker.connection().clone(),
                schedule,
                hinted: Arc::new(Notify::new()),
                scan: Arc::new(Notify::new()),
                sweep: Arc::new(Notify::new()),
                engine: Arc::clone(&self.engine),
                metrics: Arc::clone(&metrics),
                live: Arc::clone(&live),
                clock: Arc::clone(&self.clock),
                stop: stop.clone(),
            };
            let (hinted, scan) = (Arc::clone(&post.hinted), Arc::clone(&post.scan));
            let sweep = Arc::clone(&post.sweep);
            hooks.insert(post.connection.0.clone(), Hook { tracker, hinted, scan, sweep });
            let held = hands.hold(format!("the work on {}", post.connection), &alive);
            self.spawner.spawn("post", async move { post.run(held).await });
        }
        let scans: Vec<Arc<Notify>> = hooks.values().map(|hook| Arc::clone(&hook.scan)).collect();
        let keeper = Keeper {
            store: store.clone(),
            clock: Arc::clone(&self.clock),
            stop: stop.clone(),
            stopper: Arc::clone(&stopper),
            scans: scans.clone(),
        };
        let keeping = hands.hold("a look at the database", &alive);
        self.spawner.spawn("keeper", async move {
            keeper.run().await;
            drop(keeping);
        });
        self.spawner.spawn("stop", async move {
            asked.wait().await;
            stopper.stop();
        });
        let (outbox, counted) = (Arc::clone(&self.outbox), Arc::clone(&metrics));
        let (clock, stopped) = (Arc::clone(&self.clock), stop.clone());
        let held = hands.hold("the digests", &alive);
        self.spawner.spawn("digests", async move {
            digests::send(&outbox, &counted, &clock, &stopped, held).await;
        });
        let (gauge, sources) = (Arc::clone(&self.gauge), self.sources);
        let (clock, stopped) = (Arc::clone(&self.clock), stop.clone());
        let held = hands.hold("the sources of outcomes", &alive);
        self.spawner.spawn("outcomes", async move {
            outcomes::read(&gauge, &sources, &process, &clock, &stopped, held).await;
        });
        let crowd = Arc::new(Notify::new());
        let turned_away = || crowd.notify_one();
        let held = hands.hold("the crowd at the door", &alive);
        let crowd = Arc::clone(&crowd);
        let (clock, stopped) = (Arc::clone(&self.clock), stop.clone());
        self.spawner.spawn("crowd", async move {
            crowd::followed(&crowd, &scans, &clock, &stopped).await;
            drop(held);
        });
        let app = App {
            gauge: self.gauge,
            store: self.store,
            clock: Arc::clone(&self.clock),
            access: self.access,
            metrics,
            live,
            hooks,
            begun: AtomicBool::new(false),
        };
        let router = web::router(Arc::new(app));
        let limits = web::server::Limits::default().within_open_files();
        let (spawner, clock) = (self.spawner, Arc::clone(&self.clock));
        let (asked, serving) = (stop.clone(), hands.hold("open requests", &alive));
        let finished = async {
            let stopped = async move { asked.wait().await };
            let door = web::server::serve;
            door(listener, router, spawner, clock, limits, turned_away, stopped).await;
            drop((serving, alive));
            ended.recv().await;
        };
        tokio::select! {
            biased;
            () = finished => {}
            () = late(&stop, &self.clock) => {}
        }
        match store.ended() {
            Some(ended) => Err(ended),
            None => Ok(hands.stopped(store.trouble().map(|trouble| trouble.problem))),
        }
    }
}

/// Ends when a stop has taken as long as it may.
pub async fn late(stop: &Stop, clock: &SharedClock) {
    stop.wait().await;
    clock.sleep(STOP_WITHIN).await;
}
