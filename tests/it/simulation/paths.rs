//! Which faults and paths a run has to meet: one that never happens proves nothing.

use std::collections::BTreeMap;

/// What can be drawn, with its share of lives in thousandths, roughly.
const PATHS: &[(&str, u64)] = &[
    ("a Data Center", 120),
    ("became a discussion", 60),
    ("bulk edit", 120),
    ("commit unheard", 400),
    ("complete", 990),
    ("connection broke", 550),
    ("crash at rest", 900),
    ("crash at work", 500),
    ("crash while sending", 40),
    ("crash, digest on its way", 20),
    ("crash, scan to resume", 150),
    ("credential", 140),
    ("deleted", 330),
    ("delivery to be repeated", 650),
    ("delivery unknown", 400),
    ("digest refused", 180),
    ("digest taken", 990),
    ("digest taken too late", 650),
    ("digest taken, unheard", 280),
    ("edited in GitHub", 800),
    ("edited in Jira", 900),
    ("edits at one instant", 440),
    ("elsewhere", 850),
    ("garbled", 450),
    ("history rewritten", 20),
    ("incomplete", 400),
    ("issue archived", 60),
    ("issue hidden", 40),
    ("issues switched off", 80),
    ("items left", 160),
    ("list cut short", 110),
    ("mass deletion", 15),
    ("moved inside the scopes", 80),
    ("moved out of scope", 80),
    ("outbox stopped by the store", 120),
    ("outboxes side by side", 180),
    ("passes side by side", 750),
    ("pause", 430),
    ("poisoned", 140),
    ("project archived", 30),
    ("project back", 80),
    ("project hidden", 60),
    ("project in the bin", 100),
    ("quiet sweep", 660),
    ("refused", 450),
    ("replica answers", 350),
    ("repository allowed", 60),
    ("repository archived", 40),
    ("repository back", 80),
    ("repository forbidden", 70),
    ("repository hidden", 40),
    ("resume", 400),
    ("signals of a fresh sync", 300),
    ("signals read", 550),
    ("skewed Date", 410),
    ("stamp of 1970", 20),
    ("stamp of 2099", 30),
    ("stopped by the store", 400),
    ("sweep", 600),
    ("ticks skipped", 990),
    ("timer", 950),
    ("token expired", 180),
    ("token loop", 60),
    ("told to wait", 410),
    ("transferred", 120),
    ("two index nodes", 220),
    ("webhook", 650),
    ("webhook lost", 600),
    ("write refused", 400),
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
