//! github.com, simulated: a site that can be edited, and its REST, GraphQL and webhook dialects
//! over real HTTP.
//!
//! [`Site`] is the truth. [`Site::edit`] changes it as people would, [`Site::dump`] tells it, and
//! [`serve()`] answers for it. It refuses what github.com refuses, and it can be told to fail in
//! the ways in which github.com fails ([`Site::with_faults`], [`Site::with_limits`]).

mod answer;
mod faults;
mod graphql;
mod ids;
mod json;
mod limits;
mod log;
pub mod records;
mod rest;
mod serve;
mod server;
mod site;
mod webhooks;

pub use answer::Answer;
pub use faults::{Fault, Faults, On};
pub use limits::{Limits, Resource};
pub use log::RequestLog;
pub use serve::{Running, serve};
pub use site::app::{Installation, KeyError};
pub use site::{Dump, EditError, Edits, IssueTruth, Site};
pub use webhooks::{Delivery, Hook, HookRights, Registered};
