//! Canaries: invented people with names and addresses that occur nowhere else.
//!
//! Real trackers put people into nearly every answer, and none of them may survive a sync. The
//! simulated trackers therefore fill every such field with a canary and remember which ones they
//! handed out, so that a test can search databases, logs and pages for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Part of every canary string: one search for it finds any leak.
pub const MARK: &str = "kanarie";

/// One invented person. Every string contains [`MARK`] and is unique in its site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Jira's account id, GitHub's login.
    pub account: String,
    pub name: String,
    pub email: String,
    pub avatar: String,
}

/// The canaries of one simulated tracker.
#[derive(Debug)]
pub struct People {
    site: String,
    handed_out: Mutex<BTreeMap<String, Arc<Canary>>>,
}

/// Canaries per role; enough to tell them apart, few enough to list.
const PER_ROLE: u64 = 16;

impl People {
    /// `site` keeps the canaries of two trackers apart, for example `jira`.
    #[must_use]
    pub fn of_site(site: &str) -> Self {
        Self { site: site.to_owned(), handed_out: Mutex::default() }
    }

    /// The canary that fills `role` (`assignee`, `author`) of the `nth` object. The role is part
    /// of the name, so that a leak tells where it came from.
    #[must_use]
    pub fn in_role(&self, role: &str, nth: u64) -> Arc<Canary> {
        self.named(&format!("{role}-{:02}", nth % PER_ROLE))
    }

    /// The canary that stands for an opaque id of recorded data.
    #[must_use]
    pub fn named(&self, id: &str) -> Arc<Canary> {
        let mut handed_out = self.handed_out.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(canary) = handed_out.get(id) {
            return Arc::clone(canary);
        }
        let site = &self.site;
        let canary = Arc::new(Canary {
            account: format!("{MARK}-{site}-{id}"),
            name: format!("Kim {MARK} of {site} {id}"),
            email: format!("{id}@{site}.{MARK}.invalid"),
            avatar: format!("https://avatars.{MARK}.invalid/{site}/{id}.png"),
        });
        handed_out.insert(id.to_owned(), Arc::clone(&canary));
        canary
    }

    /// Every string of every canary handed out so far, sorted.
    #[must_use]
    pub fn canaries(&self) -> Vec<String> {
        let handed_out = self.handed_out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<String> = handed_out
            .values()
            .flat_map(|c| [&c.account, &c.name, &c.email, &c.avatar].map(String::clone))
            .collect();
        all.sort();
        all
    }
}
