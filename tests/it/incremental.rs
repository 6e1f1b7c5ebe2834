//! A report that knows the one before is the report from scratch, byte for byte.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use streamgauge::model::{
    Category, Context, EpicIx, Kind, Period, Precision, StateIx, StreamIx, TeamIx, Timestamp,
};
use streamgauge::signals::dataset::{IntegrationFacts, ItemFacts, LinkFacts, ReleaseFacts};
use streamgauge::signals::{Dataset, Memo, Scope, evaluate};

use super::signals_reference::{as_of, day, invented, item};

/// An organisation whose items, links, releases, records, rules and clock move on at random.
struct Life {
    rng: ChaCha8Rng,
    data: Dataset,
    now: Timestamp,
    deleted: Vec<ItemFacts>,
    added: usize,
    done: &'static str,
}

/// One thing that can happen, by name.
type Step = (&'static str, fn(&mut Life));

impl Life {
    fn new(seed: u64, items: usize) -> Self {
        let mut data = invented(seed, items);
        data.integrations.push(IntegrationFacts {
            id: "I-1".into(),
            name: "System demo".into(),
            at: day(30),
            items: (0..items).step_by(3).collect(),
        });
        let rng = ChaCha8Rng::seed_from_u64(seed + 1);
        // Some days into a week, so that a few steps stay inside it.
        let now = as_of().plus_days(2);
        Self { rng, data, now, deleted: Vec::new(), added: 0, done: "began" }
    }

    fn any(&mut self) -> usize {
        self.rng.random_range(0..self.data.items.len())
    }

    /// An instant today, in the charted weeks, or tomorrow.
    fn instant(&mut self) -> Timestamp {
        match self.rng.random_range(0..8) {
            0..4 => self.now.plus_millis(-self.rng.random_range(1..3_600_000)),
            4..7 => self.now.plus_millis(-self.rng.random_range(1..170 * 86_400_000)),
            _ => self.now.plus_millis(self.rng.random_range(0..86_400_000)),
        }
    }

    fn step(&mut self) {
        self.now = self.now.plus_millis(self.rng.random_range(0..40_000));
        let steps: [Step; 17] = [
            ("a change of status", Self::change),
            ("another change of status", Self::change),
            ("a change of status again", Self::change),
            ("a move", Self::relocate),
            ("another past", Self::rewrite),
            ("a deletion", Self::delete),
            ("a resurrection", Self::revive),
            ("a new item", Self::create),
            ("other attributes", Self::describe),
            ("a link", Self::link),
            ("a link less", Self::unlink),
            ("a release", Self::release),
            ("a delivery that is released", Self::deliver),
            ("a record", Self::record),
            ("a rule", Self::rule),
            ("some time", Self::wait),
            ("nothing", |_| ()),
        ];
        let (done, step) = steps[self.rng.random_range(0..steps.len())];
        self.done = done;
        step(self);
    }

    /// From an instant on the item is in another state.
    fn change(&mut self) {
        let (ix, at) = (self.any(), self.instant());
        let state = self.rng.random_range(0..5);
        let blocked = state == 1 && self.rng.random_bool(0.3);
        self.from(ix, at, |segment| {
            let all = [
                Category::Proposed,
                Category::Active,
                Category::Waiting,
                Category::Done,
                Category::Dropped,
            ];
            segment.category = all[state as usize];
            (segment.state, segment.blocked) = (StateIx(state), blocked);
        });
    }

    /// From an instant on the item is with another team, or of another epic.
    fn relocate(&mut self) {
        let (ix, at) = (self.any(), self.instant());
        let team = TeamIx(self.rng.random_range(0..10));
        let stream = self.rng.random_bool(0.9).then(|| StreamIx(self.rng.random_range(0..4)));
        let epic = self.rng.random_bool(0.8).then(|| EpicIx(self.rng.random_range(0..6)));
        self.from(ix, at, |segment| {
            (segment.team, segment.stream, segment.epic) = (Some(team), stream, epic);
        });
        if self.rng.random_bool(0.5) {
            let item = &mut self.data.items[ix];
            item.relabelled.push(at);
            item.relabelled.sort_unstable();
        }
    }

    fn from(
        &mut self,
        ix: usize,
        at: Timestamp,
        edit: impl FnOnce(&mut streamgauge::model::FlowSegment),
    ) {
        let item = &mut self.data.items[ix];
        let place = item.segments.partition_point(|segment| segment.from < at);
        if place == 0 {
            return;
        }
        item.segments.truncate(place);
        let mut next = item.segments[place - 1].clone();
        item.segments[place - 1].to = at;
        (next.from, next.to) = (at, Timestamp::MAX);
        edit(&mut next);
        item.segments.push(next);
        item.activity.push(at);
        item.activity.sort_unstable();
    }

    fn rewrite(&mut self) {
        let ix = self.any();
        let key = self.data.items[ix].key.clone();
        self.data.items[ix] = ItemFacts { key, ..item(&mut self.rng, 0) };
    }

    fn describe(&mut self) {
        let (ix, kind) = (self.any(), Kind::ALL[self.rng.random_range(0..6)]);
        let (seen, unknown) = (self.rng.random_bool(0.5), self.rng.random_range(0..3));
        let item = &mut self.data.items[ix];
        (item.kind, item.start_before_data, item.unknown_statuses) = (kind, !seen, unknown);
    }

    fn delete(&mut self) {
        let ix = self.any();
        self.remove(ix);
    }

    fn remove(&mut self, ix: usize) {
        let gone = self.data.items.remove(ix).unwrap();
        self.deleted.push((*gone).clone());
        let data = &mut self.data;
        Arc::make_mut(&mut data.links).retain(|link| link.blocked != ix && link.blocker != ix);
        let held = data.releases.iter_mut().map(|release| &mut release.items);
        for held in held.chain(data.integrations.iter_mut().map(|event| &mut event.items)) {
            held.retain(|held| *held != ix);
        }
        self.places(|place| if place > ix { place - 1 } else { place });
    }

    fn revive(&mut self) {
        if let Some(item) = self.deleted.pop() {
            self.insert(item);
        }
    }

    fn create(&mut self) {
        self.added += 1;
        // Between the others, and sometimes two with one key.
        let key = format!("ITEM-{:05}x", self.rng.random_range(0..self.data.items.len()));
        let item = ItemFacts { key, ..item(&mut self.rng, self.added) };
        self.insert(item);
    }

    fn insert(&mut self, item: ItemFacts) {
        let ix = self.data.items.iter().take_while(|other| other.key < item.key).count();
        self.data.items.insert(ix, Arc::new(item));
        self.places(|place| if place >= ix { place + 1 } else { place });
    }

    fn places(&mut self, moved: impl Fn(usize) -> usize) {
        let data = &mut self.data;
        for link in Arc::make_mut(&mut data.links) {
            (link.blocked, link.blocker) = (moved(link.blocked), moved(link.blocker));
        }
        let held = data.releases.iter_mut().map(|release| &mut release.items);
        for held in held.chain(data.integrations.iter_mut().map(|event| &mut event.items)) {
            held.iter_mut().for_each(|place| *place = moved(*place));
        }
    }

    fn link(&mut self) {
        let (blocked, blocker, from) = (self.any(), self.any(), self.instant());
        let open = self.rng.random_bool(0.6);
        let to = if open { Timestamp::MAX } else { from.plus_days(5) };
        let (valid, precision) = (Period::new(from, to), Precision::Exact);
        let links = Arc::make_mut(&mut self.data.links);
        links.push(LinkFacts { blocked, blocker, valid, precision });
        links.sort_unstable();
    }

    fn unlink(&mut self) {
        if !self.data.links.is_empty() {
            let ix = self.rng.random_range(0..self.data.links.len());
            Arc::make_mut(&mut self.data.links).remove(ix);
        }
    }

    fn release(&mut self) {
        let step = self.rng.random_range(2..20);
        let items: Vec<usize> = (0..self.data.items.len()).step_by(step).collect();
        let at = self.instant();
        if self.rng.random_bool(0.4) {
            let (id, name) = (format!("I-{at}"), "System demo".to_owned());
            self.data.integrations.push(IntegrationFacts { id, name, at, items });
            self.data.integrations.sort_by_key(|event| event.at);
            return;
        }
        if self.rng.random_bool(0.5) {
            // An item more or less in one that is known.
            let (ix, release) = (self.any(), self.rng.random_range(0..self.data.releases.len()));
            let held = &mut self.data.releases[release].items;
            match held.binary_search(&ix) {
                Ok(place) => drop(held.remove(place)),
                Err(place) => held.insert(place, ix),
            }
            return;
        }
        let (id, precision) = (format!("r-{at}"), Precision::Exact);
        self.data.releases.push(ReleaseFacts { id, name: "R".into(), at, items, precision });
        self.data.releases.sort_by_key(|release| release.at);
    }

    /// An item is done, and in a release that is known: both change at once.
    fn deliver(&mut self) {
        let (ix, at) = (self.any(), self.instant());
        self.from(ix, at, |segment| {
            (segment.category, segment.state) = (Category::Done, StateIx(3));
        });
        let release = self.rng.random_range(0..self.data.releases.len());
        let held = &mut self.data.releases[release].items;
        if let Err(place) = held.binary_search(&ix) {
            held.insert(place, ix);
        }
    }

    /// Neighbours are with few teams, as the cards of a project are.
    fn cluster(&mut self) {
        for (ix, item) in self.data.items.iter_mut().enumerate() {
            let part = u32::try_from(ix / 300).unwrap();
            for segment in &mut item.segments {
                segment.team = segment.team.map(|team| TeamIx((2 * part + team.0 % 2) % 10));
                segment.stream = segment.stream.map(|_| StreamIx(part % 4));
                segment.epic = segment.epic.map(|_| EpicIx(part % 6));
            }
        }
    }

    fn record(&mut self) {
        let data = &mut self.data;
        if self.rng.random_bool(0.5) {
            let mut reading = data.readings[self.rng.random_range(0..data.readings.len())].clone();
            (reading.at, reading.known_at) = (self.now, self.now);
            data.readings.push(reading);
        } else {
            let ix = self.rng.random_range(0..data.decisions.len());
            let mut decision = data.decisions[ix].clone();
            decision.id = format!("D-9{}", data.decisions.len());
            let at = self.now.plus_days(-self.rng.random_range(0..200));
            (decision.made_at, decision.effective_at, decision.known_at) = (at, at, self.now);
            data.decisions.push(decision);
            data.decisions.sort_by(|a, b| (a.made_at, &a.id).cmp(&(b.made_at, &b.id)));
        }
    }

    fn rule(&mut self) {
        let at = day(self.rng.random_range(0..200));
        let data = &mut self.data;
        match self.rng.random_range(0..8) {
            0 => {
                let team = &mut data.teams[self.rng.random_range(0..10)];
                let [before, after] = [0, 1].map(|_| StreamIx(self.rng.random_range(0..4)));
                team.home = vec![
                    (Period::new(Timestamp::MIN, at), before),
                    (Period::new(at, Timestamp::MAX), after),
                ];
            }
            1 => data.teams[3].weight = vec![(Period::new(at, Timestamp::MAX), 0.7)],
            2 => {
                let epic = &mut data.epics[self.rng.random_range(0..6)];
                let one_off = epic.context == Context::OneOff;
                epic.context = if one_off { Context::Product } else { Context::OneOff };
            }
            3 => data.intents[0].tolerance += 0.01,
            4 => data.coverage[0].period = Period::new(at, Timestamp::MAX),
            5 => data.cadences[0].days = if data.cadences[0].days == 56 { 70 } else { 56 },
            6 => data.streams[3].publish = !data.streams[3].publish,
            _ => {
                // Another place for everything that one rule placed.
                let old = TeamIx(self.rng.random_range(0..10));
                let new = TeamIx(self.rng.random_range(0..10));
                for item in &mut data.items {
                    for segment in item.segments.iter_mut().filter(|s| s.team == Some(old)) {
                        segment.team = Some(new);
                    }
                }
            }
        }
    }

    fn wait(&mut self) {
        let hours = [1, 5, 24, 72, 170, 24 * 60][self.rng.random_range(0..6)];
        self.now = self.now.plus_millis(hours * 3_600_000 + 1);
    }
}

fn json(report: &streamgauge::signals::Report) -> String {
    serde_json::to_string(report).unwrap()
}

fn live(seed: u64, items: usize, steps: usize, edit: fn(&mut Life)) {
    let (mut life, mut memo) = (Life::new(seed, items), Memo::default());
    edit(&mut life);
    let own = Scope::Stream("payments".into());
    for step in 0..steps {
        let data = Arc::new(life.data.clone());
        let scope = if step % 5 == 4 { &own } else { &Scope::Portfolio };
        let told = json(&memo.evaluate(&data, life.now, life.now, scope));
        let truth = json(&evaluate(&data, life.now, life.now, scope));
        if told != truth {
            let at = told.bytes().zip(truth.bytes()).take_while(|(a, b)| a == b).count();
            let part = |text: &str| {
                let from = at.saturating_sub(600);
                String::from_utf8_lossy(&text.as_bytes()[from..text.len().min(at + 80)])
                    .into_owned()
            };
            panic!(
                "seed {seed}, step {step}, {}, {scope:?}:\n{}\nis not\n{}",
                life.done,
                part(&told),
                part(&truth)
            );
        }
        life.step();
    }
}

#[test]
fn a_report_that_knows_the_one_before_is_the_report_from_scratch() {
    for seed in 1..=6 {
        println!("seed {seed}");
        live(seed, 90, 30, |_| ());
    }
}

/// So many that most of what is asked is answered without a look at most of them.
#[test]
fn a_report_over_many_items_is_the_report_from_scratch() {
    println!("seed 7");
    live(7, 1_500, 16, Life::cluster);
}

/// What an open card does today changes nothing that complete weeks say: no signal looks at the
/// others.
#[test]
fn a_change_of_today_walks_over_no_other_item() {
    let mut data = invented(3, 200);
    let mut memo = Memo::default();
    let mut now = as_of().plus_days(2);
    let mut report = |data: &Dataset, now: Timestamp| {
        let data = Arc::new(data.clone());
        let told = json(&memo.evaluate(&data, now, now, &Scope::Portfolio));
        assert_eq!(told, json(&evaluate(&data, now, now, &Scope::Portfolio)));
        memo.walks()
    };
    assert!(report(&data, now) > 5);
    let open = |item: &&ItemFacts| !item.segments.last().unwrap().category.is_ended();
    let open: Vec<String> =
        data.items.iter().filter(open).step_by(9).take(6).map(|item| item.key.clone()).collect();
    for (nth, key) in open.iter().enumerate() {
        now = now.plus_millis(60_000);
        let ix = data.items.iter().position(|item| item.key == *key).unwrap();
        let item = &mut data.items[ix];
        let mut last = item.segments.last().unwrap().clone();
        (last.from, last.to) = (now.plus_millis(-5_000), Timestamp::MAX);
        let (category, state) = [(Category::Waiting, 2), (Category::Done, 3)][nth % 2];
        (last.category, last.state) = (category, StateIx(state));
        item.segments.last_mut().unwrap().to = last.from;
        item.activity.push(last.from);
        item.segments.push(last);
        assert_eq!(report(&data, now), 0, "{key}");
    }
    now = now.plus_millis(60_000);
    assert_eq!(report(&data, now), 0, "time alone");
}
