//! What lives spend their time on, told at the end of a run.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A part of a life. What is part of two counts for the inner one.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// The first issues, the trackers, the processes and their database.
    Beginning,
    /// The engine and the store, while things go wrong.
    Steps,
    /// What people do, and the webhooks of it.
    People,
    /// The simulated trackers answer.
    Trackers,
    Digests,
    /// The checks of every moment.
    Looks,
    /// The signals of the processes, and from scratch.
    Signals,
    /// Passes and sweeps once nothing goes wrong any more.
    Rest,
    /// The instance that begins with nothing.
    Fresh,
}

const NAMES: [&str; 9] = [
    "beginning",
    "steps",
    "people",
    "trackers",
    "digests",
    "looks",
    "signals",
    "rest",
    "fresh instance",
];

static SPENT: [AtomicU64; NAMES.len()] = [const { AtomicU64::new(0) }; NAMES.len()];

thread_local! {
    /// The part under way on this thread, and since when.
    static UNDER_WAY: Cell<Option<(Part, Instant)>> = const { Cell::new(None) };
}

/// Ends a part, and goes on with the one around it.
pub struct Spending(Option<Part>);

/// What follows counts for `part`, to the end of the guard.
pub fn on(part: Part) -> Spending {
    Spending(switch(Some(part)))
}

fn switch(next: Option<Part>) -> Option<Part> {
    let now = Instant::now();
    let before = UNDER_WAY.replace(next.map(|part| (part, now)));
    let (part, since) = before?;
    let spent = u64::try_from((now - since).as_nanos()).unwrap();
    SPENT[part as usize].fetch_add(spent, Ordering::Relaxed);
    Some(part)
}

impl Drop for Spending {
    fn drop(&mut self) {
        switch(self.0);
    }
}

/// The share of each part.
pub fn told() -> String {
    let spent: Vec<u64> = SPENT.iter().map(|spent| spent.load(Ordering::Relaxed)).collect();
    let all = spent.iter().sum::<u64>().max(1);
    let share = |(name, spent): (&&str, &u64)| format!("{name} {} %", 100 * spent / all);
    NAMES.iter().zip(&spent).map(share).collect::<Vec<_>>().join(", ")
}
