//! Pure functions from placed timelines to verdicts: one file a signal, statistics beside them.
//! No clock, no I/O, no dependence on map order; the same input gives the same bytes.

pub mod dataset;
pub mod report;

pub use dataset::Dataset;
pub use report::Report;
