//! What dashboards do today, on the same weekly values: an alarm when a value differs by more than
//! a fifth from the week before, or by more than three standard deviations from the twelve weeks
//! before.

use std::collections::BTreeMap;

use streamgauge::model::{Category, DAY_MS, Dimension, Period, StreamIx, Timestamp};
use streamgauge::signals::c1_cross_stream_wait as c1;
use streamgauge::signals::calendar::Weeks;
use streamgauge::signals::waits::{inside, unions};
use streamgauge::signals::{Dataset, Scope, View};

use super::calendar::DIGESTS;
use super::organisation::Organisation;
use super::watch::{Told, Watched};

/// Weeks that the rule of three standard deviations looks back.
const BACK: usize = 12;

/// Weekly values by signal and slice; `None` where there is none.
type Values = BTreeMap<(&'static str, String), Vec<Option<f64>>>;

/// Says of the newest of some weeks whether it rose or fell beyond what is usual.
type Rule = fn(&[Option<f64>]) -> Option<bool>;

/// The alarms of both rules in the weeks of the digests: a fifth, and three standard deviations.
pub fn alarms(own: &Organisation, data: &Dataset) -> [Watched; 2] {
    let values = values(own, data);
    let mut both = [Watched::default(), Watched::default()];
    let rules: [Rule; 2] = [a_fifth, three_deviations];
    for (watched, rule) in both.iter_mut().zip(rules) {
        watched.digests = DIGESTS as u64;
        for ((signal, slice), weeks) in &values {
            for digest in 1..=DIGESTS {
                let until = &weeks[..weeks.len() - DIGESTS + digest];
                *watched.tested.entry(signal).or_default() += 1;
                watched.told.extend(rule(until).map(|up| Told {
                    digest,
                    signal: (*signal).to_owned(),
                    slice: slice.clone(),
                    up,
                    confirmed: true,
                }));
            }
        }
    }
    both
}

/// More than 20 % above or below the week before.
fn a_fifth(weeks: &[Option<f64>]) -> Option<bool> {
    let [.., Some(before), Some(now)] = weeks else { return None };
    let change = now - before;
    (change.abs() > 0.2 * before.abs()).then_some(change > 0.0)
}

/// More than three standard deviations from the mean of the twelve weeks before.
fn three_deviations(weeks: &[Option<f64>]) -> Option<bool> {
    let now = (*weeks.last()?)?;
    let back = &weeks[weeks.len().checked_sub(BACK + 1)?..weeks.len() - 1];
    let known: Vec<f64> = back.iter().flatten().copied().collect();
    if known.len() < BACK {
        return None;
    }
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let squares: f64 = known.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (known.len() - 1) as f64).sqrt();
    ((now - mean).abs() > 3.0 * deviation).then_some(now > mean)
}

/// The newest 26 weeks of everything that Streamgauge charts, as plain numbers.
fn values(own: &Organisation, data: &Dataset) -> Values {
    let at = own.calendar.digest(DIGESTS);
    let view = View::new(data, at, at, &Scope::Portfolio);
    let mut values = Values::new();
    streams(&view, &mut values);
    for (dimension, name) in [
        (Dimension::Stream, "stream"),
        (Dimension::Theme, "theme"),
        (Dimension::Kind, "kind"),
        (Dimension::Horizon, "horizon"),
    ] {
        let table = view.table(dimension);
        for (ix, slice) in table.slices.list.iter().enumerate() {
            let weekly = view.attention.weekly(table, ix, &view.weeks);
            if weekly.iter().any(|(part, _)| *part > 0) {
                let share = |(part, all): (i64, i64)| (all > 0).then(|| part as f64 / all as f64);
                let key = ("P1", format!("{name}:{}", slice.id));
                values.insert(key, weekly.into_iter().map(share).collect());
            }
        }
    }
    let shown = |stream| view.shown(Some(stream));
    for (pair, periods) in unions(&view.waits, |w| Some((shown(w.waiting), shown(w.awaited)))) {
        let weeks = (0..view.weeks.len()).map(|week| view.weeks.span(week..week + 1));
        let waited: Vec<i64> = weeks.map(|week| inside(&periods, week)).collect();
        let weekly = c1::weekly(&view, &waited, Some(Timestamp::MIN));
        let days = |cell: &Option<(i64, i64)>| cell.map(|(n, d)| n as f64 / d as f64);
        let names = [pair.0, pair.1].map(|ix| &view.streams().list[ix].id);
        let key = ("C1", format!("pair:{}>{}", names[0], names[1]));
        values.insert(key, weekly.cells.iter().map(days).collect());
    }
    for outcome in &data.outcomes {
        let inside = |week: usize| {
            let week = view.weeks.span(week..week + 1);
            let own = data.readings.iter().filter(|r| r.measure == outcome.id);
            own.filter(|r| week.contains(r.at)).map(|r| r.value).next_back()
        };
        let key = ("O1", format!("outcome:{}", outcome.id));
        values.insert(key, (0..view.weeks.len()).map(inside).collect());
    }
    values
}

/// What a flow dashboard shows of each stream.
fn streams(view: &View<'_>, values: &mut Values) {
    let weeks = &view.weeks;
    let released = first_releases(view.data);
    for (ix, flow) in view.flow.streams[..view.data.streams.len()].iter().enumerate() {
        let slice = format!("stream:{}", view.data.streams[ix].id);
        let delivered = flow.delivered.iter().map(|n| Some(*n as f64)).collect();
        values.insert(("V2", slice.clone()), delivered);
        let efficiency = flow.active.iter().zip(&flow.waiting).map(|(active, waiting)| {
            let all = active + waiting;
            (all > 0).then(|| *active as f64 / all as f64)
        });
        values.insert(("V5", slice.clone()), efficiency.collect());
        let stream = StreamIx(ix as u32);
        let mut sums = Sums::new(weeks);
        for (item, derived) in view.data.items.iter().zip(view.recall.derived()) {
            let segments = &item.segments;
            let credited = derived.credited.map_or(segments.len() - 1, |credited| credited);
            if segments[credited].stream == Some(stream) {
                sums.add(weeks, segments, derived, released[&item.key]);
            }
        }
        let mean = |(n, days): &(u64, f64)| (*n > 0).then(|| days / *n as f64);
        values.insert(("V1", slice.clone()), sums.flow.iter().map(mean).collect());
        values.insert(("V4", slice.clone()), sums.open.iter().map(mean).collect());
        values.insert(("V3", slice.clone()), sums.open.iter().map(|o| Some(o.0 as f64)).collect());
        values.insert(("V6", slice.clone()), sums.returns.iter().map(|n| Some(*n)).collect());
        values.insert(("C4", slice), sums.held.iter().map(|days| Some(*days)).collect());
    }
}

/// By week: flow times of what was finished, ages of what is open at the end, returns, and days that
/// finished work has waited for a release at the end.
struct Sums {
    flow: Vec<(u64, f64)>,
    open: Vec<(u64, f64)>,
    returns: Vec<f64>,
    held: Vec<f64>,
}

impl Sums {
    fn new(weeks: &Weeks) -> Self {
        let n = weeks.len();
        Self {
            flow: vec![(0, 0.0); n],
            open: vec![(0, 0.0); n],
            returns: vec![0.0; n],
            held: vec![0.0; n],
        }
    }

    fn add(
        &mut self,
        weeks: &Weeks,
        segments: &[streamgauge::model::FlowSegment],
        derived: &streamgauge::model::Derived,
        released: Option<Timestamp>,
    ) {
        let days = |from: Timestamp, to: Timestamp| to.days_since(from);
        if let (Some(at), Some(time)) = (derived.delivered_at, derived.flow_time)
            && let Some(week) = weeks.of(at)
        {
            self.flow[week].0 += 1;
            self.flow[week].1 += time as f64 / DAY_MS as f64;
        }
        for pair in segments.windows(2) {
            if pair[0].category == Category::Done
                && pair[1].category != Category::Done
                && let Some(week) = weeks.of(pair[1].from)
            {
                self.returns[week] += 1.0;
            }
        }
        for (week, end) in weeks.edges[1..].iter().enumerate() {
            let inside = |segment: &&streamgauge::model::FlowSegment| {
                Period::new(segment.from, segment.to).contains(end.plus_millis(-1))
            };
            let held = derived.delivered_at.is_some_and(|at| at < *end)
                && released.is_none_or(|at| at >= *end);
            if let (true, Some(at)) = (held, derived.delivered_at) {
                let waited = days(at, *end);
                self.held[week] += if waited < 182.0 { waited } else { 0.0 };
            }
            let Some(from) = derived.started_at.filter(|from| from < end) else { continue };
            if derived.ended_at.is_some_and(|at| at < *end) {
                continue;
            }
            if segments.iter().find(inside).is_some_and(|s| s.category.is_started()) {
                self.open[week].0 += 1;
                self.open[week].1 += days(from, *end);
            }
        }
    }
}

/// The first release of each item.
fn first_releases(data: &Dataset) -> BTreeMap<String, Option<Timestamp>> {
    let mut first: BTreeMap<String, Option<Timestamp>> =
        data.items.iter().map(|item| (item.key.clone(), None)).collect();
    for release in data.releases.iter().rev() {
        for ix in &release.items {
            first.insert(data.items[*ix].key.clone(), Some(release.at));
        }
    }
    first
}
