//! Which faults and paths a run has to meet: one that never happens proves nothing.

use std::collections::BTreeMap;

/// What can be drawn, with its share of lives in thousandths as it was seen in long runs.
const PATHS: &[(&str, u64)] = &[
    ("bulk edit", 200),
    ("commit unheard", 500),
    ("complete", 990),
    ("connection broke", 450),
    ("crash at rest", 600),
    ("crash at work", 300),
    ("crash while sending", 50),
    ("crash, digest on its way", 20),
    ("crash, scan to resume", 20),
    ("credential", 80),
    ("delivery to be repeated", 100),
    ("delivery unknown", 100),
    ("digest refused", 100),
    ("digest taken", 900),
    ("digest taken too late", 20),
    ("digest taken, unheard", 100),
    ("edited in GitHub", 900),
    ("edited in Jira", 900),
    ("elsewhere", 200),
    ("garbled", 450),
    ("incomplete", 700),
    ("outbox stopped by the store", 100),
    ("outboxes side by side", 100),
    ("passes side by side", 200),
    ("pause", 400),
    ("project", 150),
    ("refused", 400),
    ("resume", 400),
    ("signals of a fresh sync", 100),
    ("signals read", 300),
    ("stopped by the store", 100),
    ("ticks skipped", 900),
    ("timer", 700),
    ("token expired", 150),
    ("token loop", 60),
    ("webhook", 600),
    ("webhook lost", 600),
    ("write refused", 500),
];

/// Fails for a path that a long run met in less than 1 % of its lives, and for one that a short run
/// never met though it should have been there many times.
pub fn all_were_gone(count: u64, happened: &BTreeMap<&'static str, (u64, u64)>) {
    let mut missed = Vec::new();
    for (what, share) in PATHS {
        let lives = happened.get(what).map_or(0, |(lives, _)| *lives);
        let least = if count >= 1_000 { count / 100 } else { u64::from(count * share >= 10_000) };
        if lives < least {
            missed.push(format!("\"{what}\" in {lives} of {count} lives"));
        }
    }
    assert!(missed.is_empty(), "the simulation is too kind: {}", missed.join(", "));
}
