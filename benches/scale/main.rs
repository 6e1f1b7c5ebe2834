//! A large organisation: Streamgauge beside DuckDB and Polars on the same input, in one run.
//!
//! ```sh
//! cargo bench --bench scale              # everything
//! cargo bench --bench scale -- engines   # only the comparison; or `stored`, `sync`
//! ```
//!
//! # The comparison
//!
//! The input is one CSV file with 5,000,000 segments of 1,000,000 items, of 200 teams and 24
//! months. Each engine loads it in a process of its own and computes, from memory, by team: weekly
//! throughput, flow-time percentiles, work in progress at each midnight, active and waiting time
//! (flow efficiency), and time in each state. All rows of all three have to be equal.
//! DuckDB and Polars come from PyPI, in the versions of `requirements.txt`, into a virtual
//! environment below the target folder; `python3` with `venv` and Linux are needed.
//!
//! # Streamgauge alone
//!
//! `stored`: a SQLite store is filled with 1,000,000 items of the demo's organisation. In processes
//! of their own, all signals are computed from the store and from memory; the daemon starts; one
//! item changes and the report is computed again. `sync`: 100,000 items are synced from a
//! simulated Jira on loopback.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be taken ends the run")]

#[path = "../../tests/it/support/batch.rs"]
mod batch;
#[path = "../cost/change.rs"]
mod change;
#[path = "../cost/divisions.rs"]
mod divisions;
#[path = "../cost/folder.rs"]
mod folder;
#[path = "../cost/process.rs"]
mod process;
#[path = "../cost/signals.rs"]
mod signals;
#[path = "../cost/sites.rs"]
mod sites;
#[path = "../load/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use more of it")]
mod support;
#[path = "../cost/sync.rs"]
mod sync;
#[path = "../cost/table.rs"]
mod table;

mod engines;
mod input;
mod ours;
mod stored;

use std::path::{Path, PathBuf};

use table::Table;

/// Items of the first sync.
const SYNCED: usize = 100_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["ours", input, out] => ours::run(Path::new(input), Path::new(out)),
        ["all", input] => ours::signals(Path::new(input)),
        ["fill", file, count] => signals::fill(file, count.parse().unwrap()),
        ["signals", file] => signals::run(file),
        ["change", file] => change::run(file),
        ["serve", kind, count] => sites::serve(kind, count.parse().unwrap()),
        ["sync", kind, url, file] => sync::run(kind, url, file),
        chosen => report(chosen),
    }
}

fn report(chosen: &[&str]) {
    let wanted = |part: &str| chosen.is_empty() || chosen.contains(&part);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scale");
    std::fs::create_dir_all(&folder).unwrap();
    println!("{}\n", process::machine());
    if wanted("engines") {
        engines::measure(&folder);
    }
    if wanted("stored") {
        let folder = tempfile::tempdir_in(&folder).unwrap();
        let mut table = Table::new("Every signal, and the daemon, over a store");
        signals::measure(input::ITEMS, folder.path(), &mut table);
        stored::measure(folder.path(), &mut table);
        change::measure(folder.path(), &mut table);
        table.print();
    }
    if wanted("sync") {
        let folder = tempfile::tempdir_in(&folder).unwrap();
        let mut table = Table::new("A first sync from a tracker on loopback into SQLite");
        sync::measure("jira", SYNCED, folder.path(), &mut table);
        table.print();
    }
}
