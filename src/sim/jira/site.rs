//! The truth of a simulated site, and how tests look at it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::access::Access;
use super::admin::Admin;
use super::catalogue::Catalogue;
use super::center::Dialect;
use super::faults::{Faults, RateLimits, RequestLog};
use super::fragments::Fragments;
use super::hooks::Outbox;
use super::index::{Index, IndexLag};
use super::records::{self, IssueRecord, LoadError, Record};
use super::replica::Replica;
use crate::clock::SharedClock;
use crate::model::Timestamp;
use crate::sim::people::People;

/// A site that a server, an editor and a test share.
pub type SharedSite = Arc<Mutex<Site>>;

/// Most rows of a search page, as Jira grants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCaps {
    /// When nothing but `id` and `key` is asked for.
    pub keys: usize,
    /// When any other field is asked for.
    pub fields: usize,
}

/// One simulated Jira Cloud site: its records, its index, its credentials and its moods.
pub struct Site {
    pub(super) clock: SharedClock,
    pub(super) catalogue: Catalogue,
    pub(super) issues: BTreeMap<u64, Arc<IssueRecord>>,
    /// Issue ids by key in upper case; former keys stay.
    pub(super) keys: BTreeMap<String, u64>,
    pub(super) index: Index,
    /// Another node of the index, and how much further behind it is than the first.
    pub(super) second_index: Option<(Index, Duration)>,
    /// Searches answered by two nodes in turns.
    pub(super) searches: u64,
    /// How far the clock of the answers' `Date` is ahead of the one that stamps issues, in
    /// milliseconds.
    pub date_skew: i64,
    pub(super) last: LastIds,
    pub(super) outbox: Outbox,
    pub(super) fragments: Option<Arc<Fragments>>,
    pub(super) people: Arc<People>,
    /// Address of the site; part of every `self` link. [`super::serve()`] sets it.
    pub(super) base: String,
    pub access: Access,
    pub admin: Admin,
    pub faults: Faults,
    pub limits: RateLimits,
    pub log: RequestLog,
    pub index_lag: IndexLag,
    /// A second database that answers when it is told to.
    pub replica: Replica,
    pub page_caps: PageCaps,
    /// The caller's profile zone: the offset of every date, and the zone of dates in JQL.
    pub zone: chrono_tz::Tz,
    /// Which product answers.
    pub dialect: Dialect,
    /// Whether a new link bumps `updated` of the other issue too. Recordings show that it does;
    /// nobody promises it.
    pub link_touches_both: bool,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issues = self.issues.len();
        f.debug_struct("Site")
            .field("base", &self.base)
            .field("issues", &issues)
            .finish_non_exhaustive()
    }
}

/// The highest ids in use.
#[derive(Debug, Default)]
pub(super) struct LastIds {
    pub(super) issue: u64,
    pub(super) history: u64,
    pub(super) link: u64,
    /// Highest issue number per project key.
    pub(super) number: BTreeMap<String, u64>,
}

/// What a store must agree with after a complete sync of one issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    pub key: String,
    /// Project id.
    pub project: u64,
    /// Status id.
    pub status: u64,
    pub updated: Timestamp,
    /// Ids of all changelog entries, ascending.
    pub histories: Vec<u64>,
}

impl Site {
    /// An empty site with one classic and one scoped token; see [`Access`].
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            catalogue: Catalogue::default(),
            issues: BTreeMap::new(),
            keys: BTreeMap::new(),
            index: Index::default(),
            second_index: None,
            searches: 0,
            date_skew: 0,
            last: LastIds::default(),
            outbox: Outbox::default(),
            fragments: None,
            people: Arc::new(People::of_site("jira")),
            base: "https://simulated.atlassian.invalid".to_owned(),
            access: Access::default(),
            faults: Faults::default(),
            admin: Admin::default(),
            limits: RateLimits::default(),
            log: RequestLog::default(),
            index_lag: IndexLag::default(),
            replica: Replica::default(),
            page_caps: PageCaps { keys: 5000, fields: 100 },
            zone: chrono_tz::UTC,
            dialect: Dialect::Cloud,
            link_touches_both: true,
        }
    }

    /// Reads a site in normal form, plain or gzipped.
    ///
    /// # Errors
    /// The first line that is not a record, by number.
    pub fn load(reader: impl BufRead, clock: SharedClock) -> Result<Self, LoadError> {
        Ok(Self::of(records::read(reader)?, clock))
    }

    /// A site that holds these records.
    #[must_use]
    pub fn of(records: impl IntoIterator<Item = Record>, clock: SharedClock) -> Self {
        let mut site = Self::new(clock);
        records.into_iter().for_each(|record| site.add(record));
        site
    }

    /// Adds or replaces one record as it is: no history, no webhook, visible to search at once.
    pub fn add(&mut self, record: Record) {
        self.fragments = None;
        let known = &mut self.catalogue;
        match record {
            Record::Project(r) => drop(known.projects.insert(r.id, r)),
            Record::Status(r) => drop(known.statuses.insert(r.id, r)),
            Record::IssueType(r) => drop(known.types.insert(r.id, r)),
            Record::Priority(r) => drop(known.priorities.insert(r.id, r)),
            Record::Resolution(r) => drop(known.resolutions.insert(r.id, r)),
            Record::LinkType(r) => drop(known.link_types.insert(r.id, r)),
            Record::Version(r) => drop(known.versions.insert(r.id, r)),
            Record::Component(r) => drop(known.components.insert(r.id, r)),
            Record::Sprint(r) => drop(known.sprints.insert(r.id, r)),
            Record::Field(r) => drop(known.fields.insert(r.id.clone(), r)),
            Record::Team(r) => drop(known.teams.insert(r.id.clone(), r)),
            Record::Issue(r) => self.add_issue(*r),
        }
    }

    fn add_issue(&mut self, mut issue: IssueRecord) {
        issue.histories.sort_by_key(|history| history.id);
        let id = issue.id;
        self.last.issue = self.last.issue.max(id);
        let histories = issue.histories.last().map_or(0, |history| history.id);
        self.last.history = self.last.history.max(histories);
        let links = issue.links.iter().map(|link| link.id).max().unwrap_or(0);
        self.last.link = self.last.link.max(links);
        self.remember_key(&issue.key, id);
        let issue = Arc::new(issue);
        self.issues.insert(id, Arc::clone(&issue));
        self.announce_at_once(id, &issue);
    }

    pub(super) fn remember_key(&mut self, key: &str, id: u64) {
        self.keys.insert(key.to_ascii_uppercase(), id);
        if let Some((project, number)) = key.rsplit_once('-') {
            let last = self.last.number.entry(project.to_owned()).or_insert(0);
            *last = (*last).max(number.parse().unwrap_or(0));
        }
    }

    /// Lets searches be answered by two nodes in turns, the second one this much further behind.
    /// To be set before the first issue is.
    pub fn set_second_index(&mut self, behind: Duration) {
        self.second_index = Some((self.index.clone(), behind));
    }

    /// The `Date` of an answer.
    pub(super) fn date(&self) -> String {
        let date = self.clock.now().plus_millis(self.date_skew);
        date.to_utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    #[must_use]
    pub fn shared(self) -> SharedSite {
        Arc::new(Mutex::new(self))
    }

    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The people whom this site's payloads name.
    #[must_use]
    pub fn people(&self) -> Arc<People> {
        Arc::clone(&self.people)
    }

    /// The issue with this id as it is now.
    #[must_use]
    pub fn issue(&self, id: u64) -> Option<&IssueRecord> {
        self.issues.get(&id).map(Arc::as_ref)
    }

    /// The issue with this present or former key, in any case.
    #[must_use]
    pub fn issue_by_key(&self, key: &str) -> Option<&IssueRecord> {
        self.issue(*self.keys.get(&key.to_ascii_uppercase())?)
    }

    /// The visible issue with this id or key.
    pub(super) fn find(&self, id_or_key: &str) -> Option<&Arc<IssueRecord>> {
        let id = match id_or_key.parse() {
            Ok(id) => id,
            Err(_) => *self.keys.get(&id_or_key.to_ascii_uppercase())?,
        };
        self.issues.get(&id).filter(|issue| self.is_shown(issue))
    }

    /// Whether the account may see an issue.
    pub(super) fn is_shown(&self, issue: &IssueRecord) -> bool {
        self.catalogue.is_visible(issue.project)
            && !self.catalogue.hidden_issues.contains(&issue.id)
    }

    /// Shows or hides a whole project, as a change of permissions does.
    pub fn set_visible(&mut self, project: u64, visible: bool) {
        if visible {
            self.catalogue.hidden.remove(&project);
        } else {
            self.catalogue.hidden.insert(project);
        }
    }

    /// Every issue that search would find by id, for comparison with a store.
    #[must_use]
    pub fn dump(&self) -> BTreeMap<u64, Truth> {
        let visible = self.issues.iter().filter(|(id, issue)| {
            self.catalogue.is_searched(issue.project) && self.catalogue.is_issue_searched(**id)
        });
        visible
            .map(|(id, issue)| {
                let histories: BTreeSet<u64> = issue.histories.iter().map(|h| h.id).collect();
                let truth = Truth {
                    key: issue.key.clone(),
                    project: issue.project,
                    status: issue.status,
                    updated: issue.updated,
                    histories: histories.into_iter().collect(),
                };
                (*id, truth)
            })
            .collect()
    }
}
