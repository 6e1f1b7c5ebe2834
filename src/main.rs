//! The `streamgauge` program.

fn main() {}
