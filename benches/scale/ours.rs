//! Streamgauge's side: the segments as a [`Dataset`], and the functions that the signals call.
//!
//! Each team is a stream of its own here, so that what the signals sum by stream is summed by
//! team: weekly throughput (V2), time in work and in queues (V5, H1), and the stock of work in
//! progress (V3), here at the edges of days instead of weeks. Flow times and states are a walk over
//! the same derived values and segments.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;

use streamgauge::model::{
    Category, FlowSegment, Kind, Period, Precision, StateIx, StreamIx, StreamKind, TeamIx,
    Timestamp, TrackerKind,
};
use streamgauge::signals::calendar::Weeks;
use streamgauge::signals::dataset::{Dataset, ItemFacts, Stream, Team};
use streamgauge::signals::flow::{Flow, pass};
use streamgauge::signals::recall::Recall;
use streamgauge::signals::slices::Slices;
use streamgauge::signals::stats::rank::nearest_rank;
use streamgauge::signals::wip::{SliceWip, wip};
use streamgauge::signals::{Scope, evaluate};

use crate::input::{AS_OF, STATES, TEAMS, WEEKS, begin};
use crate::process::{Meter, memory, tell};

/// Percentiles of flow time.
const PERCENTS: [usize; 3] = [50, 85, 95];

/// The process: loads, computes cold and warm, writes the rows, and prints its figures.
pub fn run(input: &Path, out: &Path) {
    let meter = Meter::start();
    let data = load(input);
    meter.print("load");
    tell("loaded", memory("VmRSS"));
    let meter = Meter::start();
    drop(Answers::new(&data));
    meter.print("cold");
    let meter = Meter::start();
    let answers = Answers::new(&data);
    meter.print("warm");
    tell("peak", memory("VmHWM"));
    std::fs::create_dir_all(out).unwrap();
    for (name, rows) in answers.rows() {
        std::fs::write(out.join(format!("{name}.csv")), rows).unwrap();
    }
}

/// All signals of the same data, in a process of its own.
pub fn signals(input: &Path) {
    let data = load(input);
    tell("items", data.items.len() as f64);
    for name in ["cold", "warm"] {
        let meter = Meter::start();
        let report = evaluate(&data, AS_OF, AS_OF, &Scope::Portfolio);
        meter.print(name);
        assert!(!report.findings.is_empty());
    }
    tell("peak", memory("VmHWM"));
}

struct Answers {
    flow: Flow,
    /// By team.
    days: Vec<SliceWip>,
    /// By team: flow times at [`PERCENTS`] and their number.
    times: Vec<(Vec<Option<i64>>, usize)>,
    /// By team and state: milliseconds in progress.
    states: Vec<Vec<i64>>,
}

impl Answers {
    fn new(data: &Dataset) -> Self {
        let weeks = Weeks::new(AS_OF, data.zone, WEEKS, &data.coverage);
        let recall = Recall::nothing(data, AS_OF);
        let flow = pass(&recall, data, &weeks);
        let slices = Slices::streams(data, AS_OF, &Scope::Portfolio);
        let stock = wip(&recall, data, &daily(), &slices);
        // Slices stand by name, and "No stream" among them.
        let slice = |team| slices.of(Some(StreamIx(team)), None, Kind::Feature);
        let days = (0..TEAMS).map(|team| stock[slice(team)].clone()).collect();
        let span = Period::new(begin(), AS_OF);
        let mut times: Vec<Vec<i64>> = vec![Vec::new(); data.streams.len()];
        let mut states = vec![vec![0; data.states.len()]; data.streams.len()];
        for (item, derived) in data.items.iter().zip(recall.derived()) {
            if derived.born_done {
                continue;
            }
            if let (Some(at), Some(credited), Some(time)) =
                (derived.delivered_at, derived.credited, derived.flow_time)
                && span.contains(at)
                && let Some(stream) = item.segments[credited].stream
            {
                times[stream.0 as usize].push(time);
            }
            for segment in item.segments.iter().filter(|one| one.category.is_started()) {
                if let (Some(part), Some(stream)) =
                    (segment.period().intersect(&span), segment.stream)
                {
                    states[stream.0 as usize][segment.state.0 as usize] += part.millis();
                }
            }
        }
        let percentiles = |mut times: Vec<i64>| {
            times.sort_unstable();
            (PERCENTS.map(|percent| nearest_rank(&times, percent)).to_vec(), times.len())
        };
        let times = times.into_iter().map(percentiles).collect();
        Self { days, times, states, flow }
    }

    /// The rows as every engine writes them; those of zero are left out.
    fn rows(&self) -> [(&'static str, String); 5] {
        let mut out: [String; 5] = Default::default();
        let [throughput, times, stock, efficiency, states] = &mut out;
        let weeks: Vec<i64> =
            (0..=WEEKS as i64).map(|week| begin().plus_days(7 * week).millis()).collect();
        for team in 0..TEAMS as usize {
            let flow = &self.flow.streams[team];
            for (week, count) in flow.delivered.iter().enumerate().filter(|(_, n)| **n != 0) {
                writeln!(throughput, "{team},{},{count}", weeks[week]).unwrap();
            }
            let (values, n) = &self.times[team];
            let values: Vec<String> = values.iter().flatten().map(i64::to_string).collect();
            writeln!(times, "{team},{n},{}", values.join(",")).unwrap();
            for (day, open) in self.days[team].open.iter().enumerate().filter(|(_, n)| **n != 0) {
                let edge = begin().plus_days(day as i64).millis();
                writeln!(stock, "{team},{edge},{open}").unwrap();
            }
            let (active, waiting): (i64, i64) =
                (flow.active.iter().sum(), flow.waiting.iter().sum());
            writeln!(efficiency, "{team},{active},{waiting}").unwrap();
            let worked = self.states[team].iter().enumerate().filter(|(_, ms)| **ms != 0);
            for (state, ms) in worked {
                writeln!(states, "{team},{state},{ms}").unwrap();
            }
        }
        let names = ["throughput", "flow_time", "wip", "efficiency", "states"];
        let mut out = out.into_iter();
        names.map(|name| (name, out.next().unwrap_or_default()))
    }
}

/// The days of the span in the form of weeks: what is asked of them are their edges.
fn daily() -> Weeks {
    let weeks = Weeks::new(AS_OF, chrono_tz::UTC, WEEKS, &[]);
    let days = 7 * WEEKS;
    Weeks {
        list: (0..days).map(|day| weeks.list[day / 7]).collect(),
        edges: (0..=days as i64).map(|day| begin().plus_days(day)).collect(),
        covered: vec![true; days],
    }
}

/// Reads the file into what the signals compute with.
fn load(input: &Path) -> Dataset {
    let mut data = organisation();
    let mut lines = BufReader::with_capacity(1 << 20, std::fs::File::open(input).unwrap());
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).unwrap();
    let mut number = None;
    let mut segments: Vec<FlowSegment> = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).unwrap() == 0 {
            break;
        }
        let (item, segment) = parse(line.trim_ascii_end());
        if number.is_some_and(|number| number != item) {
            data.items.push(facts(number.unwrap_or_default(), &segments));
            segments.clear();
        }
        number = Some(item);
        segments.push(segment);
    }
    data.items.push(facts(number.unwrap_or_default(), &segments));
    data
}

fn parse(line: &[u8]) -> (i64, FlowSegment) {
    let mut fields = line.split(|byte| *byte == b',');
    let mut next = || {
        let field = fields.next().unwrap();
        let digits = field.iter().map(|digit| i64::from(digit - b'0'));
        (!field.is_empty()).then(|| digits.fold(0, |n, digit| n * 10 + digit))
    };
    let item = next().unwrap();
    let from = Timestamp::from_millis(next().unwrap());
    let to = next().map_or(Timestamp::MAX, Timestamp::from_millis);
    let small = |n: Option<i64>| u32::try_from(n.unwrap()).unwrap();
    let team = small(next());
    let category = match next().unwrap() {
        0 => Category::Proposed,
        1 => Category::Active,
        2 => Category::Waiting,
        3 => Category::Done,
        _ => Category::Dropped,
    };
    let segment = FlowSegment {
        from,
        to,
        category,
        state: StateIx(small(next())),
        blocked: false,
        team: Some(TeamIx(team)),
        stream: Some(StreamIx(team)),
        epic: None,
        precision: Precision::Exact,
    };
    (item, segment)
}

fn facts(item: i64, segments: &[FlowSegment]) -> ItemFacts {
    ItemFacts {
        key: format!("W-{item:07}"),
        tracker: TrackerKind::Jira,
        kind: Kind::Feature,
        created_at: segments[0].from,
        segments: segments.to_vec(),
        activity: segments[1..].iter().map(|segment| segment.from).collect(),
        duplicate: false,
        start_before_data: false,
        unknown_statuses: 0,
        relabelled: Vec::new(),
    }
}

/// The teams, each of them its own stream.
fn organisation() -> Dataset {
    let mut data = Dataset { zone: chrono_tz::UTC, ..Dataset::default() };
    for team in 0..TEAMS {
        let id = format!("team-{team:03}");
        let name = id.clone();
        data.streams.push(Stream {
            id: id.clone(),
            name: name.clone(),
            kind: StreamKind::Customer,
            publish: true,
            waiting_observable: true,
        });
        let home = vec![(Period::ALWAYS, StreamIx(team))];
        data.teams.push(Team { id, name, home, weight: Vec::new(), valid: Period::ALWAYS });
    }
    for (name, _) in STATES {
        data.states.intern(name);
    }
    data
}
