//! Time and the network, owned by a seed. Nothing completes by itself: what a process waits for is
//! a [`Waiting`] of the world, and the life decides which completes next, when, and how.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures::channel::oneshot;
use streamgauge::channels::{DeliveryError, Message};
use streamgauge::clock::Clock;
use streamgauge::model::Timestamp;
use streamgauge::transport::{Request, Response, TransportError, Wire};
use tower::util::BoxCloneSyncService;

/// The answer that a process gets.
pub type Answer = Result<Response, TransportError>;

/// What a sender of a digest is told.
pub type Told = Result<(), DeliveryError>;

/// Something that a process waits for.
pub struct Waiting {
    pub process: usize,
    pub due: Timestamp,
    pub what: What,
}

pub enum What {
    Timer(oneshot::Sender<()>),
    Question(Box<Request>, oneshot::Sender<Answer>),
    /// A digest on its way to this channel.
    Delivery(&'static str, Box<Message>, oneshot::Sender<Told>),
}

/// What all processes share.
#[derive(Clone)]
pub struct World {
    now: Arc<AtomicI64>,
    waiting: Arc<Mutex<Vec<Waiting>>>,
}

impl World {
    pub fn at(now: Timestamp) -> Self {
        Self { now: Arc::new(AtomicI64::new(now.millis())), waiting: Arc::default() }
    }

    pub fn pass(&self, time: Duration) {
        self.now.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Time goes on to `at`, never back.
    pub fn reach(&self, at: Timestamp) {
        self.now.fetch_max(at.millis(), Ordering::SeqCst);
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    /// What is waited for. Timers that nobody waits for any more are gone.
    pub fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        let mut waiting = self.waiting.lock().unwrap();
        waiting.retain(|one| !matches!(&one.what, What::Timer(ring) if ring.is_canceled()));
        waiting
    }

    pub fn wait(&self, process: usize, after: Duration, what: What) {
        let after = i64::try_from(after.as_millis()).unwrap();
        let due = self.time().plus_millis(after);
        self.waiting().push(Waiting { process, due, what });
    }

    /// The clock of one process, which may go wrong by `skew` milliseconds.
    pub fn clock(&self, process: usize, skew: i64) -> Arc<ProcessClock> {
        Arc::new(ProcessClock { world: self.clone(), process, skew })
    }

    /// The network as one process sees it.
    pub fn wire(&self, process: usize) -> Wire {
        let world = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
            let (answer, heard) = oneshot::channel();
            world.wait(process, Duration::ZERO, What::Question(Box::new(request), answer));
            async move {
                // The world drops a question only together with the process that asked it.
                heard.await.unwrap_or_else(|_| Err(broken("gone")))
            }
        }))
    }
}

/// The connection broke.
pub fn broken(reason: &str) -> TransportError {
    TransportError::Broken { host: "simulated".to_owned(), reason: reason.to_owned() }
}

/// A process's own idea of the time.
pub struct ProcessClock {
    world: World,
    process: usize,
    skew: i64,
}

#[async_trait]
impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        self.world.time().plus_millis(self.skew)
    }

    async fn sleep(&self, duration: Duration) {
        let (ring, rung) = oneshot::channel();
        self.world.wait(self.process, duration, What::Timer(ring));
        // An error means that the process is gone.
        let _ = rung.await;
    }
}
