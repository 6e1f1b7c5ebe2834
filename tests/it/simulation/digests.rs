//! Digests in a life: every process plans and sends from the one store; receivers take, refuse,
//! are slow, or take and never tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::NaiveDateTime;
use futures::channel::oneshot;
use streamgauge::channels::{Channel, Class, DeliveryError, Format, Message};
use streamgauge::digests::outbox::Outbox;
use streamgauge::digests::settings::Digest as Settings;
use streamgauge::gauge::Gauge;
use streamgauge::model::Timestamp;
use streamgauge::model::period::first_instant;
use streamgauge::schedule::Schedule;
use streamgauge::store::TickRecord;

use super::costs::{self, Part};
use super::life::{Life, poll};
use super::oracle::at_once;
use super::swarm::Dice;
use super::world::{Told, What, World};

/// Where digests go: the first collapses repeats by the key, the others cannot. One digest sends to
/// the first two, and one, at least once, to the last.
pub const CHANNELS: [&str; 3] = ["by key", "blind", "blind again"];
const ZONE: chrono_tz::Tz = chrono_tz::Tz::Europe__Berlin;

/// A receiver as one process reaches it.
struct Line {
    world: World,
    process: usize,
    channel: &'static str,
}

#[async_trait]
impl Channel for Line {
    fn class(&self) -> Class {
        if self.channel == CHANNELS[0] { Class::ByKey } else { Class::Blind }
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let (told, heard) = oneshot::channel();
        let what = What::Delivery(self.channel, Box::new(message.clone()), told);
        self.world.wait(self.process, Duration::ZERO, what);
        heard.await.unwrap_or_else(|_| Err(refused(self.channel, true)))
    }
}

fn refused(channel: &str, unsure: bool) -> DeliveryError {
    let reason = if unsure { "no answer" } else { "503" };
    DeliveryError { channel: channel.to_owned(), reason: reason.to_owned(), unsure }
}

/// The outbox of a process.
pub fn outbox(life: &Life, process: usize, gauge: &Arc<Gauge>) -> Arc<Outbox> {
    // The JSON is large, and one life in eight shows what goes for all.
    let formats: &[Format] = match life.swarm.steps % 8 {
        0 => &[Format::Md, Format::Json],
        _ => &[Format::Md],
    };
    let digest = |id: &str, at: &str, to: &[&str], audience: &str, at_least_once| Settings {
        id: id.to_owned(),
        audience: audience.to_owned(),
        at: at.to_owned(),
        to: to.iter().map(|one| (*one).to_owned()).collect(),
        format: formats.to_vec(),
        at_least_once,
        at_boundaries: false,
    };
    let digests = [
        digest("often", life.swarm.ticks, &CHANNELS[..2], "portfolio", false),
        digest("again", "10 * * * *", &CHANNELS[2..], "stream:payments", true),
    ];
    let clock = life.world.clock(process, life.swarm.skews[process]);
    let world = life.world.clone();
    let open = |to: &str| -> Result<Arc<dyn Channel>, String> {
        let channel = CHANNELS.into_iter().find(|one| *one == to).unwrap();
        Ok(Arc::new(Line { world: world.clone(), process, channel }))
    };
    Arc::new(Outbox::over(Arc::clone(gauge), clock, &digests, open).unwrap())
}

/// What receivers got, by channel and key, in order.
#[derive(Default)]
pub struct Receivers {
    taken: BTreeMap<(&'static str, String), Vec<(Timestamp, Message)>>,
}

impl Receivers {
    /// A message arrives. What the sender is told, and how the life calls it.
    pub fn receive(
        &mut self,
        dice: &Dice,
        trouble: u64,
        now: Timestamp,
        channel: &'static str,
        message: Message,
    ) -> (Told, &'static str) {
        if dice.permille(trouble * 5) {
            return (Err(refused(channel, false)), "digest refused");
        }
        self.taken.entry((channel, message.key.clone())).or_default().push((now, message));
        if dice.permille(trouble * 5) {
            return (Err(refused(channel, true)), "digest taken, unheard");
        }
        (Ok(()), "digest taken")
    }
}

/// The tick behind a key: its digest, civil time and instant.
fn of_key(key: &str) -> Option<(&str, String, Timestamp)> {
    let (digest, due) = key.split_once('-')?;
    let civil = NaiveDateTime::parse_from_str(due, "%Y-%m-%dT%H%M").ok()?;
    Some((digest, civil.format("%Y-%m-%dT%H:%M").to_string(), first_instant(civil, ZONE)))
}

fn ticks(life: &Life) -> Vec<TickRecord> {
    at_once(life.store.ticks(u32::MAX)).unwrap()
}

/// D1 to D4 and C8, at any moment.
pub fn look(life: &Life) {
    let ticks = ticks(life);
    let mut known: BTreeMap<(&str, &str), &TickRecord> = BTreeMap::new();
    let mut instants = BTreeSet::new();
    for one in &ticks {
        let new = instants.insert((&one.digest, one.tick.at));
        assert!(new, "D1: {} of {} was planned twice", one.tick.at, one.digest);
    }
    for one in &ticks {
        let twice = known.insert((&one.digest, &one.tick.due), one);
        assert!(twice.is_none(), "D1: {} of {} twice", one.tick.due, one.digest);
        let civil = NaiveDateTime::parse_from_str(&one.tick.due, "%Y-%m-%dT%H:%M").unwrap();
        assert_eq!(one.tick.at, first_instant(civil, ZONE), "D4: {}", one.tick.due);
        let early = one.planned_at < one.tick.at || life.world.time() < one.tick.at;
        assert!(!early, "D4: {} was planned at {}", one.tick.due, one.planned_at);
        let most = if one.digest == "often" { 2 } else { 1 };
        let rows = if one.planned { most } else { 0 };
        assert_eq!(one.deliveries.len(), rows, "C8: deliveries of {}", one.tick.due);
    }
    let mut bytes: BTreeMap<&str, &Message> = BTreeMap::new();
    for ((channel, key), copies) in &life.receivers.taken {
        let Some((digest, due, at)) = of_key(key) else { panic!("D2: no tick has the key {key}") };
        let tick = known.get(&(digest, due.as_str()));
        assert!(tick.is_some_and(|tick| tick.planned), "D2: {key} was never planned");
        assert!(
            *channel != CHANNELS[1] || copies.len() <= 1,
            "D2: {key} arrived {} times where nothing collapses repeats",
            copies.len()
        );
        for (arrived, message) in copies {
            assert!(*arrived >= at, "D4: {key} arrived at {arrived}");
            let first = bytes.entry(key).or_insert(message);
            assert_eq!(*first, message, "D3: {key} with other bytes");
        }
    }
}

/// D2 and D5, and that no tick was passed over in silence, once nothing is under way.
pub fn at_rest(life: &Life) {
    look(life);
    let ticks = ticks(life);
    for one in &ticks {
        for delivery in &one.deliveries {
            let (due, channel, state) =
                (&one.tick.due, delivery.key.channel.as_str(), delivery.state.as_str());
            let key = format!("{}-{}", one.digest, due.replace(':', ""));
            let name = CHANNELS.into_iter().find(|name| *name == channel).unwrap();
            let copies = life.receivers.taken.get(&(name, key)).map_or(0, Vec::len);
            match state {
                "sent" => assert!(copies > 0, "D2: {due} to {channel} is sent and did not arrive"),
                "unknown" => assert_eq!(channel, CHANNELS[1], "D2: {due}: {:?}", delivery.problem),
                // Repeats are harmless or wanted, and a day is long: whatever happened, it arrived.
                "failed" => panic!("D5: {due} to {channel} failed: {:?}", delivery.problem),
                other => panic!("D5: {due} to {channel} is {other} for ever"),
            }
        }
    }
    for (digest, at) in [("often", life.swarm.ticks), ("again", "10 * * * *")] {
        let own: BTreeSet<Timestamp> =
            ticks.iter().filter(|one| one.digest == digest).map(|one| one.tick.at).collect();
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            panic!("D5: days have passed and {digest} has no tick");
        };
        let schedule = Schedule::parse(at).unwrap();
        let due = schedule.between(first.plus_millis(-1), *last, ZONE, usize::MAX);
        let due: BTreeSet<Timestamp> = due.into_iter().map(|tick| tick.at).collect();
        assert_eq!(own, due, "D5: every tick of {digest} has its row");
    }
}

/// A step of the outbox to its end, with nothing else under way.
pub async fn quiet_step(life: &mut Life) {
    let _part = costs::on(Part::Digests);
    let outbox = life.outbox_of(0);
    let step = async { outbox.step().await };
    let mut step = std::pin::pin!(step);
    let sent = loop {
        if let Some(sent) = poll(step.as_mut()) {
            break sent;
        }
        life.complete_next();
    };
    let sent = sent.expect("nothing goes wrong in the quiet");
    if sent.skipped > 0 {
        life.note("ticks skipped", "");
    }
}
