//! What Streamgauge costs: CPU, memory and requests, each beside its budget.
//!
//! ```sh
//! cargo bench --bench cost            # everything, about a minute after the build
//! cargo bench --bench cost -- sync    # only the syncs; `signals` for only the signals
//! ```
//!
//! The simulated tracker, the sync and the signals each run in a process of their own (this
//! program calls itself), so that a figure holds one of them and nothing else: real HTTP on
//! loopback, the real clients, a real SQLite file in the folder for temporary files, with the
//! settings that the daemon uses. CPU seconds are user and system time of the whole process from
//! its start, on every thread; memory is its largest resident set. Both come from `/proc`, so the
//! figures need Linux.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be taken ends the run")]

#[path = "../../tests/it/support/batch.rs"]
mod batch;
mod change;
mod divisions;
mod folder;
mod process;
mod signals;
mod sites;
mod sync;
mod table;

use table::Table;

/// Items of a first sync.
const ITEMS: usize = 10_000;
/// Items under the signals.
const PLACED: usize = 100_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["serve", kind, count] => sites::serve(kind, count.parse().unwrap()),
        ["sync", kind, url, file] => sync::run(kind, url, file),
        ["fill", file, count] => signals::fill(file, count.parse().unwrap()),
        ["signals", file] => signals::run(file),
        ["change", file] => change::run(file),
        chosen => report(chosen),
    }
}

fn report(chosen: &[&str]) {
    let wanted = |part: &str| chosen.is_empty() || chosen.contains(&part);
    let folder = tempfile::tempdir().unwrap();
    println!("{}\n", process::machine());
    if wanted("sync") {
        let mut table = Table::new("A first sync from a tracker on loopback into SQLite");
        sync::measure("jira", ITEMS, folder.path(), &mut table);
        sync::measure("github", ITEMS, folder.path(), &mut table);
        table.print();
    }
    if wanted("signals") {
        let mut table = Table::new("Every signal of the catalogue");
        signals::measure(PLACED, folder.path(), &mut table);
        change::measure(folder.path(), &mut table);
        table.print();
    }
}
