//! Jira, simulated: it answers over real HTTP in the dialect of Cloud or Data Center and refuses
//! what Jira refuses.
//!
//! [`Site`] is the truth: it is loaded from the normal form ([`records`]) or built by hand, edited
//! like a real site, and answers requests ([`Site::answer`]) from that truth, or, for search, from
//! an index that may lag behind. [`serve()`] puts it on a socket, [`wire`] behind a
//! [`Transport`](crate::transport::Transport). All randomness and all time come from outside.

pub mod access;
pub mod admin;
mod answer;
pub mod catalogue;
mod center;
mod departures;
pub mod edit;
pub mod faults;
mod fields;
mod fragments;
mod hooks;
mod index;
mod issues;
mod items;
mod jql;
mod json;
mod lies;
mod lookup;
pub mod records;
mod render;
mod replica;
mod reply;
mod search;
mod serve;
pub mod site;
mod spoil;
mod survey;
mod tokens;
mod unread;

use std::sync::{Arc, MutexGuard, PoisonError};

pub use center::{Center, Dialect};
pub use departures::Shelf;
pub use edit::{Draft, Edit, EditError};
pub use fields::field_ids;
pub use hooks::Delivery;
pub use index::IndexLag;
pub use replica::Replica;
pub use reply::Reply;
pub use serve::{Running, serve, wire};
pub use site::{PageCaps, SharedSite, Site, Truth};

/// Locks a site. A panic elsewhere leaves it usable.
pub fn lock(site: &SharedSite) -> MutexGuard<'_, Site> {
    Arc::as_ref(site).lock().unwrap_or_else(PoisonError::into_inner)
}
