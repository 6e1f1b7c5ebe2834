//! Schedule, compose and render digests.
//!
//! One structure, [`Digest`], is composed from a report and rendered as Markdown, as JSON and by
//! the portfolio page; none of them computes anything.

pub mod compose;
pub mod json;
pub mod markdown;
pub mod outbox;
pub mod revisions;
pub mod settings;
pub mod wording;
pub mod words;

pub use compose::{Digest, Section, compose};
