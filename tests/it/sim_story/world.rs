//! What the signals would see, computed anew from the cards.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use streamgauge::model::period::DAY_MS;
use streamgauge::model::{Reading, Timestamp, Week};
use streamgauge::sim::jira::records as jira;
use streamgauge::sim::story::Story;

use super::cards::{Card, Stage, github_cards, jira_cards};
use super::charts::limits;
use super::now;

const ZONE: Tz = Tz::Europe__Berlin;

pub(super) struct World {
    pub(super) story: Story,
    pub(super) cards: Vec<Card>,
    /// Epic to stream, theme, horizon, title.
    pub(super) epics: BTreeMap<String, [String; 4]>,
    /// Team to home stream.
    pub(super) homes: BTreeMap<String, String>,
    pub(super) weeks: Vec<i64>,
}

impl World {
    pub(super) fn new(story: Story, weeks: usize) -> Self {
        let declared: toml::Table = toml::from_str(&story.portfolio_toml).unwrap();
        let text = |table: &toml::Value, key: &str| table[key].as_str().unwrap().to_owned();
        let mut epics = BTreeMap::new();
        for epic in declared["epic"].as_array().unwrap() {
            let facts = ["stream", "theme", "horizon", "title"].map(|key| text(epic, key));
            epics.insert(text(epic, "ref"), facts);
        }
        let mut homes = BTreeMap::new();
        let mut places = BTreeMap::new();
        for team in declared["team"].as_array().unwrap() {
            homes.insert(text(team, "id"), text(team, "stream"));
            let claim = &team["claims"][0];
            let place = claim.get("github").or(claim.get("component")).or(claim.get("jira"));
            places.insert(place.unwrap().as_str().unwrap().to_owned(), text(team, "id"));
        }
        let mut cards = jira_cards(&story.jira, &places);
        cards.extend(github_cards(&story.github, &places));
        let mut starts: Vec<i64> = Week::complete_before(now(), ZONE, weeks)
            .into_iter()
            .map(|week| week.period(ZONE).from.millis())
            .collect();
        starts.push(Week::of(now(), ZONE).period(ZONE).from.millis());
        Self { story, cards, epics, homes, weeks: starts }
    }

    pub(super) fn stream(&self, card: &Card) -> String {
        match &card.epic {
            Some(epic) => self.epics[epic][0].clone(),
            None => self.homes[&card.team].clone(),
        }
    }

    /// Shares of attention per slice and week.
    pub(super) fn shares(&self, slice: impl Fn(&Card) -> String) -> BTreeMap<String, Vec<f64>> {
        let weeks = self.weeks.len() - 1;
        let mut days: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut totals = vec![0.0; weeks];
        for team in self.homes.keys() {
            let mut events = Vec::new();
            for card in self.cards.iter().filter(|card| card.team == *team) {
                for (from, to, stage) in card.segments(now().millis()) {
                    if stage == Stage::Active {
                        assert!(to - from < 28 * DAY_MS, "{} would go stale", card.key);
                        events.push((from, true, slice(card)));
                        events.push((to, false, slice(card)));
                    }
                }
            }
            events.extend(self.weeks.iter().map(|at| (*at, true, String::new())));
            events.sort();
            let (mut active, mut last) = (BTreeMap::<String, u32>::new(), i64::MIN);
            for (at, on, name) in events {
                let n: u32 = active.values().sum();
                let week = self.weeks.partition_point(|start| *start <= last);
                if n > 0 && (1..=weeks).contains(&week) {
                    let length = (at - last) as f64 / DAY_MS as f64;
                    totals[week - 1] += length;
                    for (name, count) in &active {
                        let all = days.entry(name.clone()).or_insert_with(|| vec![0.0; weeks]);
                        all[week - 1] += length * f64::from(*count) / f64::from(n);
                    }
                }
                last = at;
                if !name.is_empty() {
                    let count = active.entry(name).or_insert(0);
                    *count = if on { *count + 1 } else { *count - 1 };
                }
            }
        }
        for all in days.values_mut() {
            all.iter_mut().zip(&totals).for_each(|(day, total)| *day /= total);
        }
        days
    }

    /// Weekly flow efficiency of a stream, and days per waiting state in the newest 12 weeks.
    pub(super) fn efficiency(&self, stream: &str) -> (Vec<f64>, BTreeMap<&'static str, f64>) {
        let weeks = self.weeks.len() - 1;
        let mut sums = vec![(0.0, 0.0); weeks];
        let mut waits = BTreeMap::new();
        for card in self.cards.iter().filter(|card| self.stream(card) == stream) {
            for (from, to, stage) in card.segments(now().millis()) {
                for (week, sum) in sums.iter_mut().enumerate() {
                    let (a, b) = (from.max(self.weeks[week]), to.min(self.weeks[week + 1]));
                    let days = (b - a).max(0) as f64 / DAY_MS as f64;
                    match stage {
                        Stage::Active => sum.0 += days,
                        Stage::Waiting(name) => {
                            sum.1 += days;
                            if week + 12 >= weeks {
                                *waits.entry(name).or_insert(0.0) += days;
                            }
                        }
                        Stage::Proposed | Stage::Ended(_) => {}
                    }
                }
            }
        }
        (sums.into_iter().map(|(active, waiting)| active / (active + waiting)).collect(), waits)
    }

    pub(super) fn throughput(&self, stream: &str) -> Vec<f64> {
        let mut counts = vec![0.0; self.weeks.len() - 1];
        for card in self.cards.iter().filter(|card| self.stream(card) == stream) {
            if let Some(at) = card.delivered() {
                let week = self.weeks.partition_point(|start| *start <= at);
                if (1..self.weeks.len()).contains(&week) {
                    counts[week - 1] += 1.0;
                }
            }
        }
        counts
    }

    /// Weekly item-days that cards of one stream waited for cards of another.
    pub(super) fn waits(&self) -> BTreeMap<(String, String), Vec<f64>> {
        let by_key: BTreeMap<&str, &Card> = self.cards.iter().map(|c| (&*c.key, c)).collect();
        let mut waits = BTreeMap::new();
        for card in &self.cards {
            for (blocker, at) in &card.blocked_by {
                let blocker = by_key[blocker.as_str()];
                let pair = (self.stream(card), self.stream(blocker));
                assert_ne!(pair.0, pair.1);
                let end = |card: &Card| card.ended().unwrap_or(now().millis());
                let from = (*at).max(card.started().unwrap());
                let to = end(blocker).min(end(card));
                let all = waits.entry(pair).or_insert_with(|| vec![0.0; self.weeks.len() - 1]);
                for (week, days) in all.iter_mut().enumerate() {
                    let (a, b) = (from.max(self.weeks[week]), to.min(self.weeks[week + 1]));
                    *days += (b - a).max(0) as f64 / DAY_MS as f64;
                }
            }
        }
        waits
    }
}

pub(super) const STREAMS: [&str; 4] = ["booking", "fleet", "identity", "payments"];

/// Every weekly series that a signal would test, by name.
pub(super) fn series(world: &World) -> Vec<(String, Vec<f64>)> {
    let mut all = Vec::new();
    let none = || "none".to_owned();
    let facts = |card: &Card, at: usize| {
        card.epic.as_ref().map_or_else(none, |epic| world.epics[epic][at].clone())
    };
    let kinds = ["Bug bug", "Story feature", "Tech debt tech-debt", "Spike spike", "Risk security"];
    let kind = |card: &Card| {
        let same = kinds.iter().find(|pair| pair.contains(&card.kind));
        same.map_or_else(none, |pair| (*pair).to_owned())
    };
    let shares = [
        ("stream", world.shares(|card| world.stream(card))),
        ("theme", world.shares(|card| facts(card, 1))),
        ("horizon", world.shares(|card| facts(card, 2))),
        ("kind", world.shares(kind)),
    ];
    for (dimension, shares) in shares {
        all.extend(shares.into_iter().map(|(name, s)| (format!("{dimension} {name}"), s)));
    }
    for stream in STREAMS {
        all.push((format!("throughput {stream}"), world.throughput(stream)));
        all.push((format!("efficiency {stream}"), world.efficiency(stream).0));
    }
    all.extend(
        world.waits().into_iter().map(|((a, b), days)| (format!("{a} waits for {b}"), days)),
    );
    all
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(super) fn newest(values: &[f64], count: usize) -> &[f64] {
    &values[values.len() - count..]
}

/// Declared shares of the streams in force at `now`.
pub(super) fn declared(world: &World) -> Vec<(String, f64)> {
    let table: toml::Table = toml::from_str(&world.story.portfolio_toml).unwrap();
    let intent = table["intent"].as_array().unwrap().last().unwrap();
    let shares = intent["shares"].as_table().unwrap();
    shares.iter().map(|(id, share)| (id.clone(), share.as_float().unwrap())).collect()
}

/// Epics with attention in each of the last two complete cadences and neither a reading of their
/// measure nor a decision since the first of them began.
pub(super) fn unexamined(world: &World) -> BTreeSet<String> {
    let table: toml::Table = toml::from_str(&world.story.portfolio_toml).unwrap();
    let examined: BTreeSet<&str> = table["epic"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|epic| epic.get("outcome").is_some())
        .map(|epic| epic["ref"].as_str().unwrap())
        .collect();
    let weeks = world.weeks.len() - 1;
    let from = world.weeks[weeks - 27];
    let decided = |epic: &str| {
        world.story.decisions.iter().any(|decision| {
            decision.made_at.millis() >= from
                && format!("{:?}", decision.subject) == format!("Epic({epic:?})")
        })
    };
    let shares = world.shares(|card| card.epic.clone().unwrap_or_else(|| "none".to_owned()));
    let drew = |s: &[f64]| s.iter().sum::<f64>() > 0.0;
    let continued = shares.into_iter().filter(|(epic, s)| {
        epic != "none"
            && drew(&s[weeks - 27..weeks - 17])
            && drew(&s[weeks - 17..weeks - 7])
            && !examined.contains(epic.as_str())
            && !decided(epic)
    });
    continued.map(|(epic, _)| epic).collect()
}

/// For each epic with a measure, whether a rule fires in the readings after its first release,
/// against the newest 26 before it.
pub(super) fn moved(world: &World) -> BTreeSet<String> {
    let table: toml::Table = toml::from_str(&world.story.portfolio_toml).unwrap();
    let mut first: BTreeMap<&str, Timestamp> = BTreeMap::new();
    let mut out = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for record in &world.story.jira {
        if let jira::Record::Version(version) = record {
            let day = version.end.as_ref().map(|day| format!("{day}T22:00:00Z"));
            out.insert(version.id, day.map(|day| Timestamp::parse(&day).unwrap()));
        } else if let jira::Record::Issue(issue) = record {
            keys.insert(issue.id, issue.key.as_str());
        }
    }
    for record in &world.story.jira {
        let jira::Record::Issue(issue) = record else { continue };
        for at in issue.fix_versions.iter().filter_map(|id| out[id]) {
            if let Some(epic) = issue.parent {
                let entry = first.entry(keys[&epic]).or_insert(at);
                *entry = at.min(*entry);
            }
        }
    }
    let mut moved = BTreeSet::new();
    for epic in table["epic"].as_array().unwrap() {
        let key = epic["ref"].as_str().unwrap();
        let (Some(measure), Some(release)) = (epic.get("outcome"), first.get(key)) else {
            continue;
        };
        let measure = measure.as_str().unwrap();
        let of = |r: &&Reading| r.measure == measure;
        let readings: Vec<_> = world.story.readings.iter().filter(of).collect();
        let split = readings.partition_point(|reading| reading.at < *release);
        let values: Vec<f64> = readings.iter().map(|reading| reading.value).collect();
        if split < 6 || split == values.len() {
            continue;
        }
        let baseline = &values[split.saturating_sub(26)..split];
        let (centre, lower, upper) = limits(baseline);
        let after = &values[split..];
        let outside = after.iter().any(|x| *x > upper || *x < lower);
        let run = after
            .windows(8)
            .any(|w| w.iter().all(|x| *x > centre) || w.iter().all(|x| *x < centre));
        if outside || run {
            moved.insert(key.to_owned());
        }
    }
    moved
}
