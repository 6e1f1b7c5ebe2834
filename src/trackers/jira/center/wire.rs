//! Answers that only Data Center gives.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::wire::{History, History as Entry, Issue, history, issue, nullable, read};

/// A page of a search. A server gives fewer rows than it was asked for, and says so nowhere else.
#[derive(Debug, Deserialize)]
pub struct Page<'a> {
    pub total: u64,
    #[serde(borrow)]
    pub issues: Vec<&'a RawValue>,
}

/// What else a row of a search holds.
#[derive(Debug, Deserialize)]
struct Row<'a> {
    #[serde(default, borrow)]
    changelog: Option<Embedded<'a>>,
}

#[derive(Debug, Deserialize)]
struct Embedded<'a> {
    /// How many entries there are, however many came.
    total: Option<usize>,
    #[serde(default, borrow, deserialize_with = "nullable")]
    histories: Vec<&'a RawValue>,
}

/// An issue and its history as they came together.
pub struct Whole<'a> {
    pub issue: Issue<'a>,
    pub log: Option<Log<'a>>,
}

/// An embedded history; `None` stands for an entry that cannot be read.
pub struct Log<'a> {
    pub histories: Vec<Option<History<'a>>>,
    /// Entries that there are and that did not come.
    pub missing: usize,
}

/// Reads one row, or the answer about one issue.
pub fn whole(row: &RawValue) -> Whole<'_> {
    let embedded = read::<Row<'_>>(row).and_then(|row| row.changelog);
    let log = embedded.map(|embedded| {
        let given = embedded.histories.len();
        let entry = |raw| read::<Entry<'_>>(raw).or_else(|| history(raw));
        Log {
            histories: embedded.histories.into_iter().map(entry).collect(),
            missing: embedded.total.unwrap_or(given).saturating_sub(given),
        }
    });
    Whole { issue: issue(row), log }
}
