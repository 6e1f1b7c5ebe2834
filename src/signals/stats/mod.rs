//! The statistics that the signals share. Each file names its source and is tested against
//! published numbers.

pub mod binomial;
pub mod graph;
pub mod holm;
pub mod log_rank;
pub mod memory;
pub mod rank;
pub mod ratios;
mod special;
pub mod survival;
pub mod wilson;
pub mod xmr;
