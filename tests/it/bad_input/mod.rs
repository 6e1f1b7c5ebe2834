//! What is wrong is told in one sentence that names the place and the next step, with the right
//! exit code, and nothing is written or lost.

mod files;
mod stores;
mod trackers;

use crate::support::program::{Desk, Ran};

/// Runs a command that must be refused with exactly this sentence, and that must leave every file
/// as it was.
#[track_caller]
fn refused(desk: &Desk, args: &[&str], code: i32, expected: &str) {
    let before = desk.files();
    let Ran { code: ended, out, err } = desk.run(args);
    let err = sentences(&err);
    assert_eq!(err, format!("streamgauge: {expected}\n"), "{args:?}");
    assert_eq!((ended, out.as_str()), (code, ""), "{args:?}");
    assert!(desk.files() == before, "{args:?} changed a file");
}

/// Without the lines that show the file: `  12 | stream = "x"` and the mark below.
fn sentences(err: &str) -> String {
    let shown = |line: &str| {
        let bare = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
        line.starts_with("  ") && bare.starts_with(" |") || line.trim_start().starts_with("| ")
    };
    err.lines().filter(|line| !shown(line)).map(|line| format!("{line}\n")).collect()
}
