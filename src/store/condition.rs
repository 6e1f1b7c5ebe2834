//! How the database does: what fails, since when, and whether it can pass by itself.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use super::{Store, StoreError};
use crate::clock::{SharedClock, SystemClock};
use crate::model::Timestamp;

/// The name of the transaction that writes for certain.
pub const PROBE: &str = "probe";

/// What is wrong with the database as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The first failure after the last success.
    pub since: Timestamp,
    /// The newest failure in one sentence.
    pub problem: String,
    /// Only writing fails: pages are served as ever.
    pub reads: bool,
}

/// Watches how transactions end. A successful read proves nothing about writing, nor does a
/// transaction that happened to write nothing: only a probe ends a trouble with writing.
pub struct Condition {
    clock: SharedClock,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    reading: Option<(Timestamp, String)>,
    writing: Option<(Timestamp, String)>,
    /// The database must not be used any further by this process.
    ended: Option<StoreError>,
}

/// Hears of changes of the condition.
#[derive(Debug, Clone)]
pub struct Watch(watch::Receiver<State>);

impl Default for Condition {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl Condition {
    /// Nothing has failed yet.
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, state: watch::Sender::new(State::default()) }
    }

    /// Why nothing may be asked any more.
    pub fn ended(&self) -> Option<StoreError> {
        self.state.borrow().ended.clone()
    }

    /// Takes note of how a transaction ended. `probed`: it wrote for certain.
    pub fn note(&self, writes: bool, probed: bool, error: Option<&StoreError>) {
        let error = match error {
            None => None,
            Some(error) if error.is_general() => Some(error),
            // One statement was refused, one lease was lost: the database answers.
            Some(_) => return,
        };
        let now = || self.clock.now();
        self.state.send_if_modified(|state| {
            let before = state.clone();
            match error {
                None if probed => (state.reading, state.writing) = (None, None),
                None => state.reading = None,
                Some(error) => {
                    if matches!(error, StoreError::Halted(_)) {
                        state.ended.get_or_insert_with(|| error.clone());
                    }
                    let place = if writes { &mut state.writing } else { &mut state.reading };
                    let since = place.as_ref().map_or_else(now, |(since, _)| *since);
                    *place = Some((since, error.to_string()));
                }
            }
            *state != before
        });
    }

    fn trouble(&self) -> Option<Trouble> {
        self.state.borrow().trouble()
    }
}

impl State {
    fn trouble(&self) -> Option<Trouble> {
        let reads = self.reading.is_none() && self.ended.is_none();
        let (newest, other) = if reads || self.reading.is_none() {
            (self.writing.as_ref()?, None)
        } else {
            (self.reading.as_ref()?, self.writing.as_ref())
        };
        let since = other.map_or(newest.0, |(since, _)| newest.0.min(*since));
        let problem = self.ended.as_ref().map_or_else(|| newest.1.clone(), ToString::to_string);
        Some(Trouble { since, problem, reads })
    }
}

impl Watch {
    /// Returns at the next change; at once if there was one since the last call.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Store {
    /// What is wrong with the database at this moment.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.driver.condition.trouble()
    }

    /// Why this process has to end: it must not use its database any further.
    #[must_use]
    pub fn ended(&self) -> Option<StoreError> {
        self.driver.condition.ended()
    }

    /// Hears of changes of [`Store::trouble`] and [`Store::ended`].
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.driver.condition.state.subscribe())
    }

    /// Reads and writes a little that nobody reads, to learn whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.seq().await?;
        self.driver
            .write(PROBE, |tx| {
                // A value that stays the same would not be written at all.
                tx.execute(
                    "INSERT INTO meta (name, value) VALUES ('probe', 1)
                     ON CONFLICT (name) DO UPDATE SET value = 1 - meta.value",
                    &[],
                )
            })
            .await
            .map(drop)
    }

    /// Begins and ends a transaction that may write and does not, to learn whether the database
    /// is still there and where it was.
    ///
    /// # Errors
    /// It is not.
    pub async fn look(&self) -> Result<(), StoreError> {
        self.driver.write("look", |_| Ok(())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn full() -> StoreError {
        StoreError::Unavailable("no space".to_owned())
    }

    #[test]
    fn a_read_says_nothing_about_writing() {
        let clock = ManualClock::at(Timestamp::from_millis(1_000));
        let condition = Condition::new(clock.clone());
        assert_eq!(condition.trouble(), None);
        condition.note(true, false, Some(&full()));
        clock.set(Timestamp::from_millis(9_000));
        condition.note(false, false, None);
        condition.note(true, false, None);
        condition.note(true, false, Some(&full()));
        let trouble = condition.trouble().unwrap();
        assert_eq!((trouble.since.millis(), trouble.reads), (1_000, true));
        condition.note(false, false, Some(&full()));
        assert!(!condition.trouble().unwrap().reads);
        condition.note(true, true, None);
        assert_eq!(condition.trouble(), None);
    }

    #[test]
    fn a_lost_lease_is_no_trouble_and_an_end_is_one_for_ever() {
        let condition = Condition::default();
        condition.note(true, false, Some(&StoreError::Fenced { name: "sync:jira".to_owned() }));
        assert_eq!(condition.trouble(), None);
        let end = StoreError::Halted("the disk".to_owned());
        condition.note(true, false, Some(&end));
        condition.note(true, false, Some(&full()));
        assert_eq!(condition.ended(), Some(end));
        let trouble = condition.trouble().unwrap();
        assert_eq!((trouble.problem.as_str(), trouble.reads), ("the disk", false));
    }
}
