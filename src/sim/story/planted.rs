//! The facts that the signals are expected to see.

use super::cast::{self, epic_named};
use super::numbers::Numbers;
use super::outcomes::{FOLLOWED, MOVED, MOVER, UNEXAMINED};

/// The epic that people left without saying so.
pub(super) const DORMANT: &str = "Account merge";

/// One planted fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// A word for test names.
    pub id: &'static str,
    /// The signal that sees it.
    pub signal: &'static str,
    /// Ids of what it is about: streams, epics by key, outcome measures.
    pub about: Vec<String>,
    /// What the signal is expected to say.
    pub expected: &'static str,
    /// Words that the observation contains.
    pub words: Vec<String>,
}

pub(super) fn facts(numbers: &Numbers) -> Vec<Planted> {
    let key = |title: &str| numbers.epic(epic_named(title)).key.clone();
    let fact = |id, signal, about: Vec<String>, expected, words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Planted { id, signal, about, expected, words }
    };
    vec![
        fact(
            "intent-gap",
            "P2",
            vec!["payments".to_owned()],
            "persistent gap, over, in 8 of 8 weeks; rests on one epic",
            &["Payments", "Wallet"],
        ),
        fact(
            "dormant",
            "P4",
            vec![key(DORMANT)],
            "in implementation, and without active work for longer than past pauses",
            &["Dormant", DORMANT],
        ),
        fact(
            "review-queue",
            "V5",
            vec![cast::QUEUE_STREAM.to_owned()],
            "flow efficiency confirmed down; most waiting is in review",
            &["Booking", "In review"],
        ),
        // The same queue, seen as the time that work takes.
        fact(
            "slower",
            "V1",
            vec![cast::QUEUE_STREAM.to_owned()],
            "flow time confirmed up",
            &["Booking", "longer"],
        ),
        fact(
            "mutual-wait",
            "C2",
            vec!["fleet".to_owned(), "identity".to_owned()],
            "a group of two streams that wait for each other",
            &["Fleet", "Identity"],
        ),
        fact(
            "outcome-moved",
            "O1",
            vec![MOVED.to_owned(), key(MOVER)],
            "moved favourably after the first release",
            &["Refund contacts", MOVER],
        ),
        fact(
            "followed-slowly",
            "D2",
            vec![key(FOLLOWED)],
            "beyond its earlier range from the fourth to the seventh week on",
            &[FOLLOWED],
        ),
        fact(
            "unexamined",
            "D3",
            UNEXAMINED.iter().map(|title| key(title)).collect(),
            "went on through two cadences with neither a reading nor a decision",
            UNEXAMINED,
        ),
    ]
}
