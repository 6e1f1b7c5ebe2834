//! Schedule, compose and render digests.
