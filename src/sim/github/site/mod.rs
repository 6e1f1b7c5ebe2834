//! The truth that the simulated github.com serves: seeded from records, changed by edits.

pub(super) mod app;
mod dump;
mod edits;
mod relations;
mod repositories;
mod seed;
pub(super) mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::clock::SharedClock;
use crate::model::Timestamp;
use crate::sim::people::People;

use super::faults::Faults;
use super::limits::Limits;
use super::log::RequestLog;
use super::records::Record;
use super::server::Server;
use super::webhooks::{Delivery, Hook};

pub use dump::{Dump, IssueTruth};
pub use edits::{EditError, Edits};
use world::World;

/// A handle to the simulated site. Clones share it.
#[derive(Clone)]
pub struct Site(Arc<Shared>);

struct Shared {
    clock: SharedClock,
    people: People,
    announced: Notify,
    state: Mutex<State>,
}

/// Everything behind the lock.
pub(super) struct State {
    pub world: World,
    pub faults: Faults,
    pub limits: Limits,
    pub log: RequestLog,
    pub token: Option<String>,
    /// A server of one's own instead of github.com.
    pub server: Option<Server>,
    pub app: Option<app::App>,
    hook: Option<Hook>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Site")
    }
}

impl Site {
    /// A site that holds `records`; time comes from `clock`, in whole seconds.
    #[must_use]
    pub fn new(records: impl IntoIterator<Item = Record>, clock: SharedClock) -> Self {
        let state = State {
            world: seed::world_of(records),
            faults: Faults::default(),
            limits: Limits::default(),
            log: RequestLog::default(),
            token: None,
            server: None,
            app: None,
            hook: None,
        };
        Self(Arc::new(Shared {
            clock,
            people: People::of_site("github"),
            announced: Notify::new(),
            state: Mutex::new(state),
        }))
    }

    /// Changes the site. All edits of one call carry the same time stamp; those before a failed
    /// one stay.
    ///
    /// # Errors
    /// Whatever `change` returns.
    pub fn edit<T>(
        &self,
        change: impl FnOnce(&mut Edits<'_>) -> Result<T, EditError>,
    ) -> Result<T, EditError> {
        let now = self.now();
        let mut state = self.state();
        let mut edits = Edits { world: &mut state.world, people: &self.0.people, now };
        let done = change(&mut edits);
        drop(state);
        self.0.announced.notify_one();
        done
    }

    /// Whether board moves leave timeline events. They do until switched off; on github.com they
    /// have been missing since September 2026.
    pub fn set_status_events(&self, recorded: bool) {
        self.state().world.status_events_missing = !recorded;
    }

    /// Turns the site into GitHub Enterprise Server of this version, such as `3.17.4`, or back into
    /// github.com. May happen at any time, as upgrades do.
    pub fn set_server(&self, version: Option<&str>) {
        self.state().server = version.map(Server::new);
    }

    /// The only token that is accepted from now on; by default every token is.
    pub fn set_token(&self, token: &str) {
        self.state().token = Some(token.to_owned());
    }

    /// Where deliveries go from now on. Announcements made before are dropped.
    pub fn set_webhook(&self, url: &str, secret: &str) {
        let hook = Hook { url: url.to_owned(), secret: secret.to_owned() };
        let mut state = self.state();
        state.world.outbox.waiting.clear();
        state.hook = Some(hook);
    }

    /// Takes what waits to be delivered, so that a test can lose, double or shuffle it.
    #[must_use]
    pub fn take_deliveries(&self) -> Vec<Delivery> {
        self.state().world.outbox.waiting.drain(..).collect()
    }

    /// The hook set by [`Site::set_webhook`].
    #[must_use]
    pub fn hook(&self) -> Option<Hook> {
        self.state().hook.clone()
    }

    /// Changes the faults that requests meet.
    pub fn with_faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.state().faults)
    }

    /// Changes the rate limits.
    pub fn with_limits<T>(&self, change: impl FnOnce(&mut Limits) -> T) -> T {
        change(&mut self.state().limits)
    }

    /// A copy of what has been asked so far.
    #[must_use]
    pub fn requests(&self) -> RequestLog {
        self.state().log.clone()
    }

    /// The canaries that answers may contain.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.0.people
    }

    /// The site's present second.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        seed::seconds(self.0.clock.now())
    }

    /// What a client that knows everything would know.
    #[must_use]
    pub fn dump(&self) -> Dump {
        dump::dump(&self.state().world)
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    pub(super) async fn announced(&self) {
        self.0.announced.notified().await;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
