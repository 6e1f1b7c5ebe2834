//! What the daemon has in hand when it is asked to stop, and what of it had to be left.
//!
//! A supervisor grants a stop some thirty seconds and kills afterwards. A database that stands still,
//! or a machine that does, must not use them up: every loop has its own patience, and after
//! [`STOP_WITHIN`] the process goes whatever is still under way. That loses nothing that was
//! acknowledged: a 202 is sent after its commit, a batch moves its cursor in its own transaction, a
//! digest stays claimed until somebody marks it, and a duty runs out by itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

/// The longest that a stop takes.
pub const STOP_WITHIN: Duration = Duration::from_secs(20);

/// How the daemon ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Everything in hand was committed.
    Whole,
    /// This was given up, in words for the log.
    Left(Vec<String>),
}

/// The loops that a stop waits for. Clones share them.
#[derive(Clone)]
pub struct Hands(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// By name, how many of them.
    under_way: BTreeMap<String, usize>,
    /// Ended by a loop's own patience: what it had in hand is done again by whoever comes next.
    cut: Vec<String>,
    /// Not ended, or not known to have ended.
    left: Vec<String>,
}

/// One loop that a stop waits for, to the end of this.
pub struct Hold {
    name: String,
    hands: Hands,
    _alive: mpsc::Sender<()>,
}

impl Hands {
    /// Nothing yet; the receiver hears nothing, and ends with the last [`Hold`] and the sender.
    pub fn new() -> (Self, mpsc::Sender<()>, mpsc::Receiver<()>) {
        let (alive, ended) = mpsc::channel(1);
        (Self(Arc::default()), alive, ended)
    }

    pub fn hold(&self, name: impl Into<String>, alive: &mpsc::Sender<()>) -> Hold {
        let name = name.into();
        *self.state().under_way.entry(name.clone()).or_default() += 1;
        Hold { name, hands: self.clone(), _alive: alive.clone() }
    }

    /// Notes what nobody waits for any longer.
    pub fn leave(&self, what: impl Into<String>) {
        self.state().left.push(what.into());
    }

    /// What a stop leaves behind now. Work that a loop cut off by itself, as a slow answer of a
    /// tracker, counts only beside other trouble.
    pub fn stopped(&self, trouble: Option<String>) -> Stopped {
        let state = self.state();
        let mut left: Vec<String> = state.under_way.keys().cloned().collect();
        left.extend(state.left.iter().cloned());
        if !left.is_empty() || trouble.is_some() {
            left.extend(state.cut.iter().cloned());
        }
        if left.is_empty() {
            return Stopped::Whole;
        }
        left.extend(trouble.map(|trouble| format!("the database, which fails: {trouble}")));
        Stopped::Left(left)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold {
    /// Notes that the loop ends in the middle of its work.
    pub fn cut(&self) {
        self.hands.state().cut.push(self.name.clone());
    }

    /// Notes what this loop does not wait for any longer.
    pub fn leave(&self, what: impl Into<String>) {
        self.hands.leave(what);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.hands.state();
        if let Some(count) = state.under_way.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                state.under_way.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_names_what_it_left_and_is_silent_about_what_is_simply_done_again() {
        let (hands, alive, _ended) = Hands::new();
        let (jira, digests) = (hands.hold("jira", &alive), hands.hold("digests", &alive));
        assert_eq!(hands.stopped(None), Stopped::Left(vec!["digests".into(), "jira".into()]));
        jira.cut();
        drop((jira, digests));
        assert_eq!(hands.stopped(None), Stopped::Whole, "a slow tracker is no trouble");
        let trouble = hands.stopped(Some("silent".into()));
        let words = vec!["jira".into(), "the database, which fails: silent".into()];
        assert_eq!(trouble, Stopped::Left(words));
        hands.leave("the duty");
        assert_eq!(hands.stopped(None), Stopped::Left(vec!["the duty".into(), "jira".into()]));
    }
}
