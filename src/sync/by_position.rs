//! What [`Mutant::OffsetAsc`](crate::mutants::Mutant::OffsetAsc) needs to walk a list by position
//! instead of by token. No program that serves holds it.

use crate::trackers::Discovered;

/// How many rows were taken, and how many of those have still to be passed over in a list that is
/// asked for anew for every page.
#[derive(Default)]
pub struct Offset {
    taken: usize,
    before: usize,
    met: bool,
}

impl Offset {
    /// Leaves the rows that lie before the position out of a page.
    pub fn take(&mut self, page: &mut Discovered) {
        let passed = page.stamps.len().min(self.before);
        page.stamps.drain(..passed);
        self.before -= passed;
        self.met = !page.stamps.is_empty();
        self.taken += page.stamps.len();
    }

    /// Whether the list has to begin again for the next page, if there is one; not at its end, and
    /// not before the position.
    pub fn turn(&mut self, more: bool) -> bool {
        if self.met && more {
            self.before = self.taken;
        }
        self.met && more
    }
}
