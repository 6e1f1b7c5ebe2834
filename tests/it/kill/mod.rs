//! Placeholder; filled by the part it tests.
