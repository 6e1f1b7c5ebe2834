//! One life: processes at work on two trackers while people edit and things go wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use secrecy::SecretString;
use streamgauge::digests::outbox::{Outbox, Sent};
use streamgauge::entropy::Entropy;
use streamgauge::gauge::Gauge;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::sim::jira::access::{TOKEN, USER};
use streamgauge::sim::{github, jira};
use streamgauge::store::{Fence, Store, StoreError, Treatment};
use streamgauge::sync::{Engine, PassOutcome, Problem, Reach, Settings, Silent, Stop, Sweeping};
use streamgauge::trackers::github::GitHub;
use streamgauge::trackers::{Tracker, jira as jira_tracker};
use streamgauge::transport::{Limits, Transport};

use super::corpus;
use super::costs::{self, Part};
use super::departures::{self, Ledger};
use super::digests::{self, Receivers};
use super::oracle;
use super::people;
use super::signals;
use super::swarm::{Dice, Size, Swarm};
use super::world::{What, World};

pub const SECRET: &str = "secret of the simulated webhooks";
pub const CONNECTIONS: [&str; 2] = ["jira", "github"];

/// A pass, a refresh or a sweep of a connection under way.
struct Work {
    connection: ConnectionId,
    sweeps: bool,
    future: Pin<Box<dyn Future<Output = PassOutcome> + Send>>,
}

/// One process: its parts and what they are doing.
struct Process {
    engine: Arc<Engine>,
    gauge: Arc<Gauge>,
    outbox: Arc<Outbox>,
    work: Vec<Work>,
    /// A step of the outbox under way.
    sending: Option<Sending>,
    paused: bool,
    /// Connections that a pass or a delivery wants swept.
    wanted: BTreeSet<ConnectionId>,
}

type Sending = Pin<Box<dyn Future<Output = Result<Sent, StoreError>> + Send>>;

/// Transactions that need no lease.
const UNFENCED: [&str; 11] = [
    "ask",
    "mark",
    "acquire lease",
    "renew lease",
    "release lease",
    "free leases",
    "put hints",
    "begin plan",
    "plan ticks",
    "claim delivery",
    "mark delivery",
];

/// C7: what is committed under a lease is committed under its newest number.
fn fenced(name: &'static str, fences: &[Fence]) {
    assert!(!fences.is_empty() || UNFENCED.contains(&name), "C7: \"{name}\" checks no lease");
    for Fence { lease, own, current } in fences {
        assert_eq!(Some(*own), *current, "C7: \"{name}\" under an old number of {lease}");
    }
}

pub struct Life {
    pub dice: Dice,
    pub swarm: Swarm,
    pub world: World,
    pub jira: jira::SharedSite,
    pub github: github::Site,
    pub ledger: Ledger,
    /// Nothing goes wrong any more.
    pub resting: bool,
    /// By process and host: from when to when it was told to wait.
    pub penalties: BTreeMap<(usize, String), (Timestamp, Timestamp)>,
    pub store: Store,
    moods: Moods,
    processes: Vec<Process>,
    pub receivers: Receivers,
    /// How often each thing happened.
    pub happened: BTreeMap<&'static str, u64>,
    pub step: u64,
    /// A hash over everything that happened, in order.
    pub trace: u64,
    /// Tells each step on standard error.
    loud: bool,
}

/// What the database did to transactions: the treatments that were not yet noted, and whether it
/// still has whims.
type Moods = Arc<Mutex<(Vec<Treatment>, bool)>>;

async fn whimsical(world: &World, moods: &Moods, seed: u64, share: u64) -> Store {
    let (dice, shared) = (Dice::new(seed ^ 0xdb), Arc::clone(moods));
    shared.lock().unwrap().1 = true;
    let whim = move |_: &'static str| {
        let mut moods = shared.lock().unwrap();
        if !moods.1 || !dice.permille(share) {
            return Treatment::Done;
        }
        let treatment = dice.pick(&[Treatment::Refused, Treatment::Unheard]);
        moods.0.push(treatment);
        treatment
    };
    let clock = world.clock(usize::MAX, 0);
    let url = "sqlite::memory:";
    Store::open_simulated(url, clock, Arc::new(whim), Arc::new(fenced)).await.unwrap()
}

/// Polls without a waker: the life polls again whenever something completed.
pub fn poll<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    // Tokio would make a task that does much at once wait for its turn.
    let mut future = std::pin::pin!(tokio::task::coop::unconstrained(future));
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// An engine over both trackers, as process `number` sees them.
pub fn engine(world: &World, number: usize, swarm: &Swarm, seed: u64, store: &Store) -> Engine {
    let clock = world.clock(number, swarm.skews[number]);
    let entropy = Entropy::from_seed(seed);
    let transport =
        Transport::over(world.wire(number), Limits::default(), clock.clone(), entropy.clone());
    let secrets = vec![SecretString::from(SECRET)];
    let jira: Arc<dyn Tracker> = if swarm.center {
        let config = jira_tracker::center::Config {
            connection: ConnectionId("jira".into()),
            site: "https://jira.invalid".into(),
            scopes: vec!["PAY".into(), "BOOK".into()],
            token: SecretString::from(TOKEN),
            webhook_secrets: secrets.clone(),
            titles: true,
            blocking: jira_tracker::Config::blocking(),
        };
        Arc::new(jira_tracker::center::connect(config, transport.clone()).unwrap())
    } else {
        Arc::new(jira_tracker::connect(
            jira_tracker::Config {
                connection: ConnectionId("jira".into()),
                site: "https://jira.invalid".into(),
                gateway: "https://gateway.invalid".into(),
                scopes: vec!["PAY".into(), "BOOK".into()],
                user: SecretString::from(USER),
                token: SecretString::from(TOKEN),
                webhook_secrets: secrets.clone(),
                titles: true,
                blocking: jira_tracker::Config::blocking(),
            },
            transport.clone(),
        ))
    };
    let mut config = streamgauge::trackers::github::Config::new(
        ConnectionId("github".into()),
        vec!["northwind/checkout".into(), "northwind/search".into()],
        SecretString::from("token"),
    );
    config.webhook_secrets = secrets;
    config.page = 3;
    let github = GitHub::new(config, transport).unwrap();
    let trackers: Vec<Arc<dyn Tracker>> = vec![jira, Arc::new(github)];
    Engine::new(store.clone(), trackers, clock, entropy, Settings::default())
}

impl Life {
    pub async fn new(seed: u64, size: Option<Size>, loud: bool) -> Self {
        let dice = Dice::new(seed);
        let swarm = Swarm::of(seed, &dice, size);
        let start = Timestamp::parse("2026-06-15T06:00:00Z").unwrap();
        let world = World::at(start);
        let truth = world.clock(usize::MAX, 0);
        let mut site = corpus::jira(truth.clone());
        site.page_caps = jira::PageCaps { keys: swarm.page, fields: swarm.page };
        site.index_lag = jira::IndexLag { least: swarm.lag, spread: swarm.lag_spread };
        site.replica.lag = swarm.replica_lag;
        site.date_skew = swarm.date_skew;
        if let Some(behind) = swarm.second_index {
            site.set_second_index(behind);
        }
        if swarm.center {
            // Crowds at one instant are asked for in one page.
            let max_results = 50;
            site.dialect =
                jira::Dialect::Center(jira::Center { max_results, ..jira::Center::default() });
        }
        site.set_webhook("https://gauge.invalid/webhooks/jira", SECRET);
        let github = corpus::github(truth.clone(), start);
        github.set_webhook("https://gauge.invalid/webhooks/github", SECRET);
        let moods: Moods = Arc::default();
        let store = whimsical(&world, &moods, seed, swarm.refused_writes).await;
        let mut life = Self {
            dice,
            swarm,
            world,
            jira: site.shared(),
            github,
            ledger: Ledger::default(),
            penalties: BTreeMap::new(),
            resting: false,
            moods,
            store,
            processes: Vec::new(),
            receivers: Receivers::default(),
            happened: BTreeMap::new(),
            step: 0,
            trace: 0xcbf2_9ce4_8422_2325,
            loud,
        };
        // An old corpus comes first: bad paging shows in the first scan.
        for _ in 0..life.swarm.corpus {
            people::create(&mut life);
            life.world.pass(Duration::from_millis(life.dice.below(90_000)));
        }
        life.world.pass(life.swarm.age);
        if let Some(id) = life.ledger.jira.first().copied().filter(|_| life.swarm.poisoned) {
            jira::lock(&life.jira).faults.poison(id);
            life.note("poisoned", &id.to_string());
        }
        life.name_traits();
        for number in 0..life.swarm.processes {
            let process = life.process(number);
            life.processes.push(process);
        }
        life
    }

    fn process(&self, number: usize) -> Process {
        let skew = self.swarm.skews[number];
        let seed = self.dice.below(u64::MAX);
        let engine = Arc::new(engine(&self.world, number, &self.swarm, seed, &self.store));
        let clock = self.world.clock(number, skew);
        let gauge = Arc::new(Gauge::new(self.store.clone(), signals::portfolio(), clock));
        let outbox = digests::outbox(self, number, &gauge);
        Process {
            engine,
            gauge,
            outbox,
            work: Vec::new(),
            sending: None,
            paused: false,
            wanted: BTreeSet::new(),
        }
    }

    pub fn outbox_of(&self, number: usize) -> Arc<Outbox> {
        Arc::clone(&self.processes[number].outbox)
    }

    /// Jira's credential comes back, or dies.
    fn admit(&mut self, admitted: bool) {
        jira::lock(&self.jira).access.set_expired(!admitted);
        let mut work = self.processes.iter().flat_map(|process| &process.work);
        let under_way = work.any(|work| work.connection.0 == "jira");
        self.ledger.flickered |= admitted && self.ledger.refused && under_way;
        self.ledger.refused = !admitted;
    }

    /// C5 for every process.
    pub fn look_at_signals(&self) {
        self.processes.iter().for_each(|process| signals::look(self, &process.gauge));
    }

    /// Notes what this life is like from its beginning to its end.
    fn name_traits(&mut self) {
        let swarm = self.swarm.clone();
        let traits = [
            ("a Data Center", swarm.center),
            ("two index nodes", swarm.second_index.is_some()),
            ("skewed Date", swarm.date_skew != 0),
            ("whole", swarm.size == Size::Whole),
        ];
        for (name, _) in traits.into_iter().filter(|(_, held)| *held) {
            self.note(name, "");
        }
    }

    /// Notes that something happened.
    pub fn note(&mut self, what: &'static str, detail: &str) {
        *self.happened.entry(what).or_default() += 1;
        let time = self.world.time();
        for byte in what.bytes().chain(detail.bytes()).chain(time.millis().to_le_bytes()) {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.loud {
            eprintln!("{:>5} {time} {what} {detail}", self.step);
        }
    }

    /// One thing happens.
    pub async fn live_a_step(&mut self) {
        self.step += 1;
        let open: Vec<usize> = self.completable();
        if !open.is_empty() && self.dice.permille(600) {
            let place = open[self.dice.place(open.len())];
            self.complete(place);
        } else if self.dice.permille(self.swarm.edits) {
            self.world.pass(Duration::from_millis(self.dice.below(40_000)));
            let _part = costs::on(Part::People);
            people::edit(self);
        } else {
            self.chance();
        }
        self.settle().await;
        let moods = std::mem::take(&mut self.moods.lock().unwrap().0);
        for treatment in moods {
            let name = match treatment {
                Treatment::Unheard => "commit unheard",
                _ => "write refused",
            };
            self.note(name, "");
        }
    }

    /// Places in the list of what can complete now: a paused process hears nothing.
    fn completable(&self) -> Vec<usize> {
        let heard = |process: usize| !self.processes[process].paused;
        let waiting = self.world.waiting();
        waiting.iter().enumerate().filter(|(_, w)| heard(w.process)).map(|(n, _)| n).collect()
    }

    fn chance(&mut self) {
        let number = self.dice.place(self.processes.len());
        if self.dice.permille(self.swarm.crash) {
            return self.crash(number);
        }
        if self.processes[number].paused {
            if self.dice.permille(200) {
                self.processes[number].paused = false;
                self.note("resume", "");
            }
        } else if self.dice.permille(self.swarm.pause) {
            self.processes[number].paused = true;
            return self.note("pause", "");
        }
        if self.dice.permille(self.swarm.lost_credential) {
            let expired = self.dice.permille(500);
            self.admit(!expired);
            self.note("credential", if expired { "lost" } else { "back" });
        }
        if self.dice.permille(self.swarm.forbidden) {
            let forbidden = self.dice.permille(500);
            let repo = corpus::REPOS[1];
            self.github.edit(|edits| edits.forbid_repository(repo, forbidden)).unwrap();
            self.note(if forbidden { "repository forbidden" } else { "repository allowed" }, "");
        }
        if self.dice.permille(150) {
            people::deliver(self);
        }
        if self.dice.permille(100) {
            self.world.pass(Duration::from_secs(self.dice.below(20 * 60)));
        }
        if self.processes[number].paused {
            return;
        }
        if self.dice.permille(self.swarm.reads) {
            signals::look(self, &self.processes[number].gauge);
            self.note("signals read", "");
        }
        if self.dice.permille(self.swarm.sends) {
            self.send(number);
        } else {
            self.start(number);
        }
    }

    /// Begins a step of the outbox, as the daemon does: one at a time.
    fn send(&mut self, number: usize) {
        if self.processes[number].sending.is_some() {
            return;
        }
        if self.processes.iter().any(|process| process.sending.is_some()) {
            self.note("outboxes side by side", "");
        }
        let outbox = self.outbox_of(number);
        self.processes[number].sending = Some(Box::pin(async move { outbox.step().await }));
        self.note("outbox", "");
    }

    /// Begins a pass, a refresh or a sweep, as the daemon does: for each connection one that pulls
    /// and beside it one that sweeps.
    fn start(&mut self, number: usize) {
        let connection = ConnectionId(self.dice.pick(&CONNECTIONS).to_owned());
        let sweeps = self.dice.permille(self.swarm.sweeps);
        let busy = |work: &Work| work.connection == connection && work.sweeps == sweeps;
        if self.processes[number].work.iter().any(busy) {
            return;
        }
        if sweeps {
            return self.start_sweep(number, connection);
        }
        let engine = Arc::clone(&self.processes[number].engine);
        let reach = self.dice.pick(&[
            Some(Reach::Hot),
            Some(Reach::Hot),
            Some(Reach::Hot),
            Some(Reach::Deep),
            Some(Reach::Full),
            None,
            None,
        ]);
        self.note("start", &format!("{number} {connection} {reach:?}"));
        let others = self.processes.iter().flat_map(|process| &process.work);
        if others.into_iter().any(|work| work.connection == connection) {
            self.note("passes side by side", "");
        }
        let named = connection.clone();
        let future = Box::pin(async move {
            match reach {
                Some(reach) => engine.pass(&named, reach, &Silent, &Stop::never()).await,
                None => engine.refresh(&named, &Stop::never()).await,
            }
        });
        self.processes[number].work.push(Work { connection, sweeps: false, future });
    }

    /// All projects when a pass wanted it (or by chance, for a life is short), otherwise those that
    /// are due.
    fn start_sweep(&mut self, number: usize, connection: ConnectionId) {
        let wanted = self.processes[number].wanted.remove(&connection);
        let all = wanted || self.dice.permille(300);
        let engine = Arc::clone(&self.processes[number].engine);
        self.note("sweep", &format!("{number} {connection} {all}"));
        let named = connection.clone();
        let future = Box::pin(async move {
            let sweeping = Sweeping { all, ..Sweeping::default() };
            engine.sweep(&named, &sweeping, &Stop::never()).await
        });
        self.processes[number].work.push(Work { connection, sweeps: true, future });
    }

    /// Everything in the process's memory is gone; the store stays.
    fn crash(&mut self, number: usize) {
        let busy = !self.processes[number].work.is_empty();
        let sending = self.processes[number].sending.take().is_some();
        self.processes[number].work.clear();
        let (gone, waiting): (Vec<_>, Vec<_>) =
            self.world.waiting().drain(..).partition(|waiting| waiting.process == number);
        *self.world.waiting() = waiting;
        for waiting in gone {
            // What is on its way may arrive all the same.
            if let What::Delivery(channel, message, _) = waiting.what
                && self.dice.permille(500)
            {
                let now = self.world.time();
                let (_, what) = self.receivers.receive(
                    &self.dice,
                    self.swarm.receivers,
                    now,
                    channel,
                    *message,
                );
                self.note("crash, digest on its way", what);
            }
        }
        let connection = ConnectionId("jira".to_owned());
        let cursor = oracle::at_once(self.store.cursor(&connection, "projects")).unwrap();
        if busy && cursor.resume.is_some() {
            self.note("crash, scan to resume", "");
        }
        self.processes[number] = self.process(number);
        self.penalties.retain(|(process, _), _| *process != number);
        if sending {
            self.note("crash while sending", "");
        }
        self.note(if busy { "crash at work" } else { "crash at rest" }, "");
    }

    fn complete(&mut self, place: usize) {
        let waiting = self.world.waiting().remove(place);
        self.world.reach(waiting.due);
        self.world.pass(Duration::from_millis(self.dice.below(400)));
        match waiting.what {
            What::Timer(ring) => {
                self.note("timer", "");
                let _ = ring.send(());
            }
            What::Question(request, answer) => {
                let told = self.answer(waiting.process, waiting.due, &request);
                let _ = answer.send(told);
            }
            What::Delivery(channel, message, answer) => {
                let now = self.world.time();
                let trouble = self.swarm.receivers;
                let (told, what) =
                    self.receivers.receive(&self.dice, trouble, now, channel, *message);
                self.note(what, channel);
                if answer.send(told).is_err() {
                    self.note("digest taken too late", channel);
                }
            }
        }
    }

    /// Lets every process get as far as it can.
    pub async fn settle(&mut self) {
        let mut quiet = 0;
        let mut before = usize::MAX;
        while quiet < 3 {
            let (mut ended, mut sent) = (Vec::new(), Vec::new());
            for process in self.processes.iter_mut().filter(|process| !process.paused) {
                process.work.retain_mut(|work| match poll(work.future.as_mut()) {
                    Some(outcome) => {
                        if outcome.sweep {
                            process.wanted.insert(outcome.connection.clone());
                        }
                        ended.push(outcome);
                        false
                    }
                    None => true,
                });
            }
            for process in self.processes.iter_mut().filter(|process| !process.paused) {
                let _part = costs::on(Part::Digests);
                if let Some(step) = &mut process.sending
                    && let Some(outcome) = poll(step.as_mut())
                {
                    process.sending = None;
                    sent.push(outcome);
                }
            }
            let moved = !ended.is_empty() || !sent.is_empty();
            for outcome in sent {
                self.note_sent(&outcome);
            }
            for outcome in ended {
                let name = match &outcome.problem {
                    None => "complete",
                    Some(Problem::Elsewhere(_)) => "elsewhere",
                    Some(Problem::Store(_)) => "stopped by the store",
                    Some(_) => "incomplete",
                };
                if outcome.left > 0 {
                    self.note("items left", &outcome.left.to_string());
                }
                self.note(name, &format!("{} {:?}", outcome.connection, outcome.problem));
            }
            let now = self.world.waiting().len();
            quiet = if moved || now != before { 0 } else { quiet + 1 };
            before = now;
            // The client of GitHub hands its requests through a queue with a task of its own.
            tokio::task::yield_now().await;
        }
    }

    /// Nothing goes wrong any more and people rest; whatever is under way ends.
    pub async fn quiet(&mut self) {
        self.resting = true;
        self.swarm = Swarm {
            refused: 0,
            broken: 0,
            garbled: 0,
            expired_tokens: 0,
            endless_tokens: 0,
            receivers: 0,
            replica: 0,
            limited: 0,
            ..self.swarm.clone()
        };
        jira::lock(&self.jira).faults.clear();
        self.admit(true);
        let allow =
            |edits: &mut github::Edits<'_>| edits.forbid_repository(corpus::REPOS[1], false);
        self.github.edit(allow).unwrap();
        if self.swarm.reopened {
            departures::reopen_all(self);
        }
        self.moods.lock().unwrap().1 = false;
        self.github.with_faults(github::Faults::clear);
        self.processes.iter_mut().for_each(|process| process.paused = false);
        self.settle().await;
        self.drain().await;
    }

    /// Counts what a step of an outbox did.
    fn note_sent(&mut self, outcome: &Result<Sent, StoreError>) {
        match outcome {
            Err(_) => self.note("outbox stopped by the store", ""),
            Ok(sent) => {
                let words = [
                    (sent.unknown, "delivery unknown"),
                    (sent.skipped, "ticks skipped"),
                    (sent.failed, "delivery to be repeated"),
                ];
                for (_, what) in words.into_iter().filter(|(times, _)| *times > 0) {
                    self.note(what, "");
                }
            }
        }
    }

    /// Completes what is due first.
    pub fn complete_next(&mut self) {
        let earliest = {
            let waiting = self.world.waiting();
            waiting.iter().enumerate().min_by_key(|(n, w)| (w.due, *n)).map(|(n, _)| n)
        };
        self.complete(earliest.expect("something is waited for"));
    }

    /// Completes everything that is waited for, earliest first.
    async fn drain(&mut self) {
        for _ in 0..20_000 {
            let earliest = {
                let waiting = self.world.waiting();
                waiting.iter().enumerate().min_by_key(|(n, w)| (w.due, *n)).map(|(n, _)| n)
            };
            let Some(earliest) = earliest else {
                let at_rest = |one: &Process| one.work.is_empty() && one.sending.is_none();
                assert!(
                    self.processes.iter().all(at_rest),
                    "work waits for nothing and does not end"
                );
                return;
            };
            self.step += 1;
            self.complete(earliest);
            self.settle().await;
        }
        panic!("the work never ends");
    }

    /// One pass over both connections and one look at the hints, with nothing else under way.
    pub async fn quiet_round(&mut self, reach: Reach) {
        for connection in CONNECTIONS {
            let connection = ConnectionId(connection.to_owned());
            let engine = Arc::clone(&self.processes[0].engine);
            let stop = Stop::never();
            let pass = engine.pass(&connection, reach, &Silent, &stop);
            let outcome = self.undisturbed(std::pin::pin!(pass)).await;
            self.is_calm(&outcome);
        }
    }

    /// One sweep over everything.
    pub async fn quiet_sweep(&mut self, sweeping: &Sweeping) -> Vec<PassOutcome> {
        let mut outcomes = Vec::new();
        for connection in CONNECTIONS {
            let connection = ConnectionId(connection.to_owned());
            let engine = Arc::clone(&self.processes[0].engine);
            let stop = Stop::never();
            let sweep = engine.sweep(&connection, sweeping, &stop);
            let outcome = self.undisturbed(std::pin::pin!(sweep)).await;
            self.note("quiet sweep", &format!("{:?}", outcome.problem));
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn undisturbed<T>(&mut self, mut work: Pin<&mut impl Future<Output = T>>) -> T {
        loop {
            if let Some(done) = poll(work.as_mut()) {
                return done;
            }
            tokio::task::yield_now().await;
            if !self.world.waiting().is_empty() {
                self.complete(0);
            }
        }
    }

    /// Nothing goes wrong in the quiet, but for what is closed.
    fn is_calm(&self, outcome: &PassOutcome) {
        let shut = !self.ledger.shut.is_empty();
        match &outcome.problem {
            None => {}
            Some(Problem::Refused(_)) if shut => {}
            Some(other) => panic!("in the quiet: {other}"),
        }
    }

    /// All processes start again, with the store that is there now.
    pub fn begin_anew(&mut self) {
        if self.swarm.size == Size::Short {
            // One of them reads everything; the others would look on.
            self.processes.truncate(1);
        }
        for number in 0..self.processes.len() {
            self.crash(number);
        }
    }

    /// Hands hints of a tracker to the store, as the daemon does.
    pub fn hint(&mut self, connection: &str, headers: &http::HeaderMap, body: &[u8]) {
        let connection = ConnectionId(connection.to_owned());
        let tracker = Arc::clone(self.processes[0].engine.tracker(&connection).unwrap());
        let Ok(hints) = tracker.webhook(headers, body) else { panic!("our own delivery") };
        if hints.sweep {
            self.processes[0].wanted.insert(connection.clone());
        }
        let put = self.store.put_hints(&connection, hints.sources, self.world.time());
        // Refused or unheard, the sender is told to try again; whether it does is its own matter.
        let _ = poll(std::pin::pin!(put)).expect("the store works at once");
    }
}
