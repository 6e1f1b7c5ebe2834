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
    assert_eq!(err, format!("streamgauge: {expected}\n"), "{args:?}");
    assert_eq!((ended, out.as_str()), (code, ""), "{args:?}");
    assert!(desk.files() == before, "{args:?} changed a file");
}
