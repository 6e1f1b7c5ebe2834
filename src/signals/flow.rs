//! One pass over all items: what each stream delivered, worked on and waited for, week by week.
//!
//! Everything that adds up is counted here once; signals sum it over the slices they show.

use super::Dataset;
use super::attention::stale;
use super::calendar::Weeks;
use super::recall::{Exchange, Recall, Seen};
use crate::model::{
    Category, Derived, FlowSegment, Period, Precision, StateIx, StreamIx, Timestamp,
};
use crate::signals::dataset::ItemFacts;

/// What the gate of data confidence counts, over the window W unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Items with a change or activity in the window, or in progress during it.
    pub touched: u64,
    /// Of these, items with a team and a stream.
    pub mapped: u64,
    pub delivered: u64,
    /// Of these, items whose start nobody saw.
    pub no_start: u64,
    pub transitions: u64,
    pub polled: u64,
    /// Items touched that belong to one-off epics, and so to no flow signal.
    pub one_off: u64,
    /// Item-milliseconds in active work, and those that the stale cap takes away.
    pub active: i64,
    pub stale: i64,
    /// Over all of the data.
    pub born_done: u64,
    pub start_before_data: u64,
    pub unknown_statuses: u64,
}

/// What one stream did. The entry after the last stream is work without a stream.
#[derive(Debug, Clone, Default)]
pub struct StreamFlow {
    /// Items delivered, by week.
    pub delivered: Vec<i64>,
    /// Items delivered in the window, by kind.
    pub kinds: [i64; 7],
    /// Item-milliseconds of active work, by week.
    pub active: Vec<i64>,
    /// Item-milliseconds in queues, blocked included, by week.
    pub waiting: Vec<i64>,
    /// Item-milliseconds in queues in the window, by state, sorted; `None` is "Blocked".
    pub waits: Vec<(Option<StateIx>, i64)>,
    /// Active work was blocked at least once, ever.
    pub blocked_ever: bool,
    /// The earliest instant at which work belonged to the stream.
    pub since: Option<Timestamp>,
    pub counts: Counts,
}

/// A stretch in which active work of an item was blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked {
    /// The place of the item.
    pub item: usize,
    pub period: Period,
}

/// The result of the pass.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    pub streams: Vec<StreamFlow>,
    /// Creation of the first item.
    pub since: Option<Timestamp>,
}

/// Sums over all items; those of a report that knows the one before are mended.
#[must_use]
pub fn pass(recall: &Recall<'_>, data: &Dataset, weeks: &Weeks) -> Flow {
    let states = data.states.len();
    let flow = StreamFlow {
        delivered: vec![0; weeks.len()],
        active: vec![0; weeks.len()],
        waiting: vec![0; weeks.len()],
        ..StreamFlow::default()
    };
    let stream = Sums { flow, states: vec![0; states + 1], blocked: 0 };
    let empty = Total { streams: vec![stream; data.streams.len() + 1], since: None };
    let (span, window) = (weeks.span(0..weeks.len()), weeks.span(weeks.window()));
    let total = recall.sum(
        "flow",
        states,
        || empty.clone(),
        |total, seen| Pass { data, weeks, span, window, total }.visit(seen),
    );
    let state = |ix: usize| (ix < states).then(|| StateIx(u32::try_from(ix).unwrap_or(0)));
    let stream = |sums: &Sums| {
        let some = sums.states.iter().enumerate().filter(|(_, ms)| **ms > 0);
        let waits = some.map(|(ix, ms)| (state(ix), *ms)).collect();
        StreamFlow { waits, blocked_ever: sums.blocked > 0, ..sums.flow.clone() }
    };
    Flow { streams: total.streams.iter().map(stream).collect(), since: total.since }
}

/// Hands out when active work of an item was blocked in a period, with the stream that it was in;
/// work of one-off epics and work without a stream are left out.
pub fn blocked(
    data: &Dataset,
    seen: &Seen<'_>,
    window: Period,
    say: &mut dyn FnMut(StreamIx, Period),
) {
    let segments = if seen.derived.born_done { &[] } else { seen.segments() };
    for segment in segments.iter().filter(|s| s.category == Category::Active && s.blocked) {
        let part = segment.period().intersect(&window).filter(|_| !data.one_off(segment.epic));
        if let Some((stream, part)) = segment.stream.zip(part) {
            say(stream, part);
        }
    }
}

/// The sums of one stream.
#[derive(Debug, Clone)]
struct Sums {
    flow: StreamFlow,
    /// Item-milliseconds in queues in the window by state, blocked ones last.
    states: Vec<i64>,
    /// Segments in which active work was blocked.
    blocked: i64,
}

#[derive(Debug, Clone)]
struct Total {
    streams: Vec<Sums>,
    since: Option<Timestamp>,
}

impl Exchange for Counts {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        fn counts(own: &Counts) -> [u64; 10] {
            [
                own.touched,
                own.mapped,
                own.delivered,
                own.no_start,
                own.transitions,
                own.polled,
                own.one_off,
                own.born_done,
                own.start_before_data,
                own.unknown_statuses,
            ]
        }
        let mut sums = counts(self);
        let whole = sums.exchange(&counts(gone), &counts(come));
        let [touched, mapped, delivered, no_start, transitions, polled, one_off, ..] = sums;
        let [.., born_done, start_before_data, unknown_statuses] = sums;
        *self = Self {
            touched,
            mapped,
            delivered,
            no_start,
            transitions,
            polled,
            one_off,
            active: self.active + come.active - gone.active,
            stale: self.stale + come.stale - gone.stale,
            born_done,
            start_before_data,
            unknown_statuses,
        };
        whole
    }
}

impl Exchange for Sums {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        let (own, old, new) = (&mut self.flow, &gone.flow, &come.flow);
        own.delivered.exchange(&old.delivered, &new.delivered)
            && own.kinds.exchange(&old.kinds, &new.kinds)
            && own.active.exchange(&old.active, &new.active)
            && own.waiting.exchange(&old.waiting, &new.waiting)
            && own.since.exchange(&old.since, &new.since)
            && own.counts.exchange(&old.counts, &new.counts)
            && self.states.exchange(&gone.states, &come.states)
            && self.blocked.exchange(&gone.blocked, &come.blocked)
    }
}

impl Exchange for Total {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        self.streams.exchange(&gone.streams, &come.streams)
            && self.since.exchange(&gone.since, &come.since)
    }
}

struct Pass<'a> {
    data: &'a Dataset,
    weeks: &'a Weeks,
    /// All weeks, and the window W.
    span: Period,
    window: Period,
    total: &'a mut Total,
}

impl Pass<'_> {
    fn place(&self, stream: Option<StreamIx>) -> usize {
        let none = self.total.streams.len() - 1;
        stream.map_or(none, |stream| (stream.0 as usize).min(none))
    }

    fn visit(&mut self, seen: &Seen<'_>) {
        let Seen { item, derived, .. } = seen;
        let segments = seen.segments();
        let Some(last) = segments.last() else { return };
        let home = self.place(last.stream);
        let counts = &mut self.total.streams[home].flow.counts;
        counts.unknown_statuses += u64::from(item.unknown_statuses);
        counts.born_done += u64::from(derived.born_done);
        if derived.born_done {
            return;
        }
        counts.start_before_data += u64::from(item.start_before_data);
        let since = self.total.since.map_or(item.created_at, |at| at.min(item.created_at));
        self.total.since = Some(since);
        let mut touched = item.activity.iter().any(|at| self.window.contains(*at));
        let mut start = 0;
        for here in 0..segments.len() {
            let segment = &segments[here];
            self.note_since(segment);
            touched |= self.transition(home, here.checked_sub(1).map(|i| &segments[i]), segment);
            if segment.category.is_started() {
                touched |= segment.period().intersect(&self.window).is_some();
                if !self.data.one_off(segment.epic) {
                    self.in_progress(segment);
                }
            }
            let next = segments.get(here + 1);
            if next.is_none_or(|next| !equal(segment, next)) {
                if segment.flow() == Category::Active && segments[start].from < self.window.to {
                    let run = Period::new(segments[start].from, segment.to.min(self.window.to));
                    self.at_work(item, segment, run);
                }
                start = here + 1;
            }
        }
        self.delivery(item, segments, derived);
        let counts = &mut self.total.streams[home].flow.counts;
        counts.touched += u64::from(touched);
        counts.one_off += u64::from(touched && self.data.one_off(last.epic));
        counts.mapped += u64::from(touched && last.team.is_some() && last.stream.is_some());
    }

    fn note_since(&mut self, segment: &FlowSegment) {
        let place = self.place(segment.stream);
        let sums = &mut self.total.streams[place];
        let since = &mut sums.flow.since;
        *since = Some(since.map_or(segment.from, |at| at.min(segment.from)));
        sums.blocked += i64::from(segment.blocked && segment.category == Category::Active);
    }

    /// Counts a change of state; returns whether anything changed in the window.
    fn transition(
        &mut self,
        home: usize,
        before: Option<&FlowSegment>,
        segment: &FlowSegment,
    ) -> bool {
        if !self.window.contains(segment.from) || before.is_some_and(|b| equal(b, segment)) {
            return false;
        }
        let moved = |b: &FlowSegment| {
            (b.category, b.state, b.blocked) != (segment.category, segment.state, segment.blocked)
        };
        if before.is_some_and(moved) {
            let counts = &mut self.total.streams[home].flow.counts;
            counts.transitions += 1;
            counts.polled += u64::from(segment.precision == Precision::Polled);
        }
        true
    }

    /// Adds a started segment to the item-days of its stream.
    fn in_progress(&mut self, segment: &FlowSegment) {
        let Some(part) = segment.period().intersect(&self.span) else { return };
        let place = self.place(segment.stream);
        let sums = &mut self.total.streams[place];
        let active = segment.flow() == Category::Active;
        let list = if active { &mut sums.flow.active } else { &mut sums.flow.waiting };
        let mut week = self.weeks.edges.partition_point(|edge| *edge <= part.from) - 1;
        while week < self.weeks.len() && self.weeks.edges[week] < part.to {
            let bounds = Period::new(self.weeks.edges[week], self.weeks.edges[week + 1]);
            list[week] += part.intersect(&bounds).map_or(0, |p| p.millis());
            week += 1;
        }
        let Some(part) = part.intersect(&self.window).filter(|_| !active) else { return };
        let none = sums.states.len() - 1;
        let blocked = segment.category == Category::Active;
        let state = if blocked { none } else { (segment.state.0 as usize).min(none) };
        sums.states[state] += part.millis();
    }

    /// Counts how much of a run of active work in the window is alive.
    fn at_work(&mut self, item: &ItemFacts, segment: &FlowSegment, run: Period) {
        let place = self.place(segment.stream);
        let whole = run.intersect(&self.window).map_or(0, |p| p.millis());
        let mut alive = 0;
        stale::alive(run, &item.activity, |part| {
            alive += part.intersect(&self.window).map_or(0, |p| p.millis());
        });
        let counts = &mut self.total.streams[place].flow.counts;
        counts.active += whole;
        counts.stale += whole - alive;
    }

    /// Credits a delivery to the stream at that time.
    fn delivery(&mut self, item: &ItemFacts, segments: &[FlowSegment], derived: &Derived) {
        let (Some(at), Some(credited)) = (derived.delivered_at, derived.credited) else { return };
        let Some(week) = self.weeks.of(at) else { return };
        if self.data.one_off(segments[credited].epic) {
            return;
        }
        let place = self.place(segments[credited].stream);
        let stream = &mut self.total.streams[place].flow;
        stream.delivered[week] += 1;
        if self.window.contains(at) {
            stream.kinds[item.kind as usize] += 1;
            stream.counts.delivered += 1;
            stream.counts.no_start += u64::from(derived.started_at.is_none());
        }
    }
}

/// Everything but the instants is the same: the boundary between the two means nothing.
pub(super) fn equal(a: &FlowSegment, b: &FlowSegment) -> bool {
    a.category == b.category
        && a.state == b.state
        && a.blocked == b.blocked
        && a.team == b.team
        && a.stream == b.stream
        && a.epic == b.epic
}
