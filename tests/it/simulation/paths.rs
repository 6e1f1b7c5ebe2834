//! Which faults and paths a run has to meet: one that never happens proves nothing.

use std::collections::BTreeMap;

/// What can be drawn, with its share of lives in thousandths, roughly.
const PATHS: &[(&str, u64)] = &[
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
    ("elsewhere", 850),
    ("garbled", 450),
    ("incomplete", 400),
    ("issue archived", 60),
    ("issue hidden", 40),
    ("issues switched off", 80),
    ("items left", 160),
    ("moved inside the scopes", 80),
    ("moved out of scope", 80),
    ("outbox stopped by the store", 120),
    ("outboxes side by side", 180),
    ("passes side by side", 750),
    ("pause", 430),
    ("project archived", 30),
    ("project back", 80),
    ("project hidden", 60),
    ("project in the bin", 100),
    ("refused", 450),
    ("repository archived", 40),
    ("repository back", 80),
    ("repository hidden", 40),
    ("replica answers", 350),
    ("resume", 400),
    ("signals of a fresh sync", 300),
    ("signals read", 550),
    ("stopped by the store", 400),
    ("sweep", 600),
    ("ticks skipped", 990),
    ("timer", 950),
    ("token expired", 180),
    ("token loop", 60),
    ("transferred", 120),
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
