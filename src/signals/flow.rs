//! One pass over all items: what each stream delivered, worked on and waited for, week by week.
//!
//! Everything that adds up is counted here once; signals sum it over the slices they show.

use super::Dataset;
use super::attention::{Grid, Stretch, Target, stale};
use super::calendar::Weeks;
use crate::model::{
    Category, Derived, FlowSegment, Period, Precision, StateIx, StreamIx, Timestamp, derive,
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

/// A stretch in which active work was blocked.
#[derive(Debug, Clone, Copy)]
pub struct Blocked {
    pub item: usize,
    pub stream: Option<StreamIx>,
    pub period: Period,
}

/// The result of the pass.
#[derive(Debug, Clone, Default)]
pub struct Flow {
    pub streams: Vec<StreamFlow>,
    /// Derived values, parallel to the dataset's items.
    pub items: Vec<Derived>,
    /// By team: when and on what it was at work.
    pub stretches: Vec<Vec<Stretch>>,
    /// Blocked stretches in the window.
    pub blocked: Vec<Blocked>,
    /// By epic: when an item of it was at work and alive, ever; in the order of the items.
    pub worked: Vec<Vec<Period>>,
    /// Creation of the first item.
    pub since: Option<Timestamp>,
}

/// Walks over all items once.
#[must_use]
pub fn pass(data: &Dataset, as_of: Timestamp, weeks: &Weeks, grid: &Grid) -> Flow {
    let empty = StreamFlow {
        delivered: vec![0; weeks.len()],
        active: vec![0; weeks.len()],
        waiting: vec![0; weeks.len()],
        ..StreamFlow::default()
    };
    let flow = Flow {
        streams: vec![empty; data.streams.len() + 1],
        items: Vec::with_capacity(data.items.len()),
        stretches: vec![Vec::new(); data.teams.len()],
        worked: vec![Vec::new(); data.epics.len()],
        ..Flow::default()
    };
    let states = data.states.len();
    let mut pass = Pass {
        data,
        as_of,
        weeks,
        span: weeks.span(0..weeks.len()),
        window: weeks.span(weeks.window()),
        grid: grid.span(),
        by_state: vec![vec![0; states + 1]; data.streams.len() + 1],
        flow,
    };
    for (ix, item) in data.items.iter().enumerate() {
        let derived = derive(item.created_at, &item.segments, as_of);
        pass.flow.items.push(derived);
        let seen = item.segments.partition_point(|segment| segment.from < as_of);
        if seen > 0 {
            pass.visit(ix, item, &item.segments[..seen], &derived);
        }
    }
    for (stream, waits) in pass.flow.streams.iter_mut().zip(pass.by_state) {
        let state = |ix: usize| (ix < states).then(|| StateIx(u32::try_from(ix).unwrap_or(0)));
        let some = waits.into_iter().enumerate().filter(|(_, ms)| *ms > 0);
        stream.waits = some.map(|(ix, ms)| (state(ix), ms)).collect();
    }
    pass.flow
}

struct Pass<'a> {
    data: &'a Dataset,
    as_of: Timestamp,
    weeks: &'a Weeks,
    /// All weeks; the window W; the span of the attention grid.
    span: Period,
    window: Period,
    grid: Period,
    by_state: Vec<Vec<i64>>,
    flow: Flow,
}

impl Pass<'_> {
    fn place(&self, stream: Option<StreamIx>) -> usize {
        let none = self.flow.streams.len() - 1;
        stream.map_or(none, |stream| (stream.0 as usize).min(none))
    }

    fn visit(&mut self, ix: usize, item: &ItemFacts, segments: &[FlowSegment], derived: &Derived) {
        let home = self.place(segments[segments.len() - 1].stream);
        let counts = &mut self.flow.streams[home].counts;
        counts.unknown_statuses += u64::from(item.unknown_statuses);
        counts.born_done += u64::from(derived.born_done);
        if derived.born_done {
            return;
        }
        counts.start_before_data += u64::from(item.start_before_data);
        let since = self.flow.since.map_or(item.created_at, |at| at.min(item.created_at));
        self.flow.since = Some(since);
        let mut touched = item.activity.iter().any(|at| self.window.contains(*at));
        let mut start = 0;
        for here in 0..segments.len() {
            let segment = &segments[here];
            self.note_since(segment);
            touched |= self.transition(home, here.checked_sub(1).map(|i| &segments[i]), segment);
            if segment.category.is_started() {
                touched |= segment.period().intersect(&self.window).is_some();
                if !self.data.one_off(segment.epic) {
                    self.in_progress(ix, segment);
                }
            }
            let next = segments.get(here + 1);
            if next.is_none_or(|next| !equal(segment, next)) {
                if segment.flow() == Category::Active {
                    let run = Period::new(segments[start].from, segment.to.min(self.as_of));
                    self.at_work(item, segment, run);
                }
                start = here + 1;
            }
        }
        self.delivery(item, segments, derived);
        let last = &segments[segments.len() - 1];
        let counts = &mut self.flow.streams[home].counts;
        counts.touched += u64::from(touched);
        counts.one_off += u64::from(touched && self.data.one_off(last.epic));
        counts.mapped += u64::from(touched && last.team.is_some() && last.stream.is_some());
    }

    fn note_since(&mut self, segment: &FlowSegment) {
        let place = self.place(segment.stream);
        let stream = &mut self.flow.streams[place];
        stream.since = Some(stream.since.map_or(segment.from, |at| at.min(segment.from)));
        stream.blocked_ever |= segment.blocked && segment.category == Category::Active;
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
            let counts = &mut self.flow.streams[home].counts;
            counts.transitions += 1;
            counts.polled += u64::from(segment.precision == Precision::Polled);
        }
        true
    }

    /// Adds a started segment to the item-days of its stream.
    fn in_progress(&mut self, item: usize, segment: &FlowSegment) {
        let clipped = Period::new(segment.from, segment.to.min(self.as_of));
        let Some(part) = clipped.intersect(&self.span) else { return };
        let place = self.place(segment.stream);
        let stream = &mut self.flow.streams[place];
        let active = segment.flow() == Category::Active;
        let list = if active { &mut stream.active } else { &mut stream.waiting };
        let mut week = self.weeks.edges.partition_point(|edge| *edge <= part.from) - 1;
        while week < self.weeks.len() && self.weeks.edges[week] < part.to {
            let bounds = Period::new(self.weeks.edges[week], self.weeks.edges[week + 1]);
            list[week] += part.intersect(&bounds).map_or(0, |p| p.millis());
            week += 1;
        }
        let Some(part) = part.intersect(&self.window) else { return };
        if !active {
            let blocked = segment.category == Category::Active;
            let states = &mut self.by_state[place];
            let none = states.len() - 1;
            let state = if blocked { none } else { (segment.state.0 as usize).min(none) };
            states[state] += part.millis();
            if blocked {
                self.flow.blocked.push(Blocked { item, stream: segment.stream, period: part });
            }
        }
    }

    /// Hands a run of active work to its team, as far as it is alive.
    fn at_work(&mut self, item: &ItemFacts, segment: &FlowSegment, run: Period) {
        let place = self.place(segment.stream);
        let worked = segment.epic.and_then(|epic| self.flow.worked.get_mut(epic.0 as usize));
        if let Some(worked) = worked {
            stale::alive(run, &item.activity, |part| worked.push(part));
        }
        let whole = run.intersect(&self.window).map_or(0, |p| p.millis());
        let Some(span) = run.intersect(&self.grid) else { return };
        let target = Target { stream: segment.stream, epic: segment.epic, kind: item.kind };
        let team = segment.team.and_then(|t| self.flow.stretches.get_mut(t.0 as usize));
        let mut out = team;
        let mut alive = 0;
        stale::alive(run, &item.activity, |part| {
            alive += part.intersect(&self.window).map_or(0, |p| p.millis());
            if let (Some(part), Some(out)) = (part.intersect(&span), out.as_mut()) {
                let (from, to) = (part.from.millis(), part.to.millis());
                out.push(Stretch { from, to, target });
            }
        });
        let counts = &mut self.flow.streams[place].counts;
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
        let stream = &mut self.flow.streams[place];
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
