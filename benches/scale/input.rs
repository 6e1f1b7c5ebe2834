//! The input file: one line a segment, sorted by item and time, all values integers.
//!
//! Integers favour no engine: nobody pays for decoding texts. `to` is empty while a segment is
//! open. The same seed writes the same bytes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use streamgauge::model::{DAY_MS, Timestamp};

pub const ITEMS: usize = 1_000_000;
pub const TEAMS: u32 = 200;
pub const WEEKS: usize = 104;
/// Segments of an item, on average and in total.
pub const MEAN: usize = 5;
/// Midnight of Monday, 5 January 2026, UTC: the end of the 104 weeks.
pub const AS_OF: Timestamp = Timestamp::from_millis(1_767_571_200_000);
/// The states by number, and the category that each one means.
pub const STATES: [(&str, u8); 9] = [
    ("Backlog", PROPOSED),
    ("In progress", ACTIVE),
    ("Ready for review", WAITING),
    ("In review", ACTIVE),
    ("Ready for test", WAITING),
    ("In test", ACTIVE),
    ("On hold", WAITING),
    ("Done", DONE),
    ("Won't do", DROPPED),
];

pub const PROPOSED: u8 = 0;
pub const ACTIVE: u8 = 1;
pub const WAITING: u8 = 2;
pub const DONE: u8 = 3;
pub const DROPPED: u8 = 4;

/// Where the 104 weeks begin.
pub fn begin() -> Timestamp {
    AS_OF.plus_days(-7 * WEEKS as i64)
}

struct Segment {
    from: i64,
    team: u32,
    state: usize,
}

/// Writes the segments of `items` items.
pub fn write(file: &Path, items: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_105);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file).unwrap());
    writeln!(out, "item,from,to,team,category,state").unwrap();
    let mut pair = 0;
    for item in 0..items {
        // Two to eight segments; each pair of items has ten.
        pair = if item % 2 == 0 { rng.random_range(2..=8) } else { 2 * MEAN - pair };
        let segments = life(&mut rng, pair);
        for (place, segment) in segments.iter().enumerate() {
            let to = segments.get(place + 1).map_or_else(String::new, |next| next.from.to_string());
            let Segment { from, team, state } = segment;
            let category = STATES[*state].1;
            writeln!(out, "{item},{from},{to},{team},{category},{state}").unwrap();
        }
    }
    out.flush().unwrap();
}

/// The life of one item: `count` segments, no two neighbours equal, the last one open.
fn life(rng: &mut ChaCha8Rng, count: usize) -> Vec<Segment> {
    let (end, first) = (AS_OF.millis(), begin().millis() - 60 * DAY_MS);
    let created = rng.random_range(first..end - DAY_MS);
    let uniform: f64 = rng.random_range(1e-9..1.0);
    let life =
        ((-uniform.ln() * 20.0 * DAY_MS as f64) as i64).clamp(count as i64 * 1000, end - created);
    let mut cuts: Vec<i64> = Vec::with_capacity(count);
    cuts.push(created);
    while cuts.len() < count {
        let at = created + rng.random_range(1..life);
        if !cuts.contains(&at) {
            cuts.push(at);
        }
    }
    cuts.sort_unstable();
    let mut team = rng.random_range(0..TEAMS);
    // One item in fifty is found done, and one in ten has no seen queue before work.
    let mut state = match rng.random_range(0..100) {
        0..2 => 7,
        2..12 => 1,
        _ => 0,
    };
    // How the last segment stands: what is young is often still in progress.
    let last = match rng.random_range(0..100) {
        0..84 => Some(7),
        84..88 => Some(8),
        _ => None,
    };
    let mut segments: Vec<Segment> = Vec::with_capacity(count);
    for (place, from) in cuts.into_iter().enumerate() {
        if place > 0 {
            let before = state;
            if rng.random_range(0..100) < 6 {
                // Handed over: the state stays.
                team = (team + rng.random_range(1..TEAMS)) % TEAMS;
            } else {
                // One change in thirty ends the work, for a while.
                while state == before {
                    state = if rng.random_range(0..30) == 0 { 7 } else { rng.random_range(1..=6) };
                }
            }
            if let (Some(last), true) = (last, place + 1 == count)
                && before != last
            {
                state = last;
            }
        }
        segments.push(Segment { from, team, state });
    }
    segments
}
