//! Which faults and paths a run has to meet: one that never happens proves nothing.

use std::collections::BTreeMap;

/// What can be drawn, with its share of lives in thousandths, roughly.
const PATHS: &[(&str, u64)] = &[
    ("a Data Center", 120),
    ("became a discussion", 55),
    ("bulk edit", 120),
    ("commit unheard", 255),
    ("complete", 990),
    ("connection broke", 265),
    ("crash at rest", 900),
    ("crash at work", 195),
    ("crash while sending", 20),
    ("crash, digest on its way", 20),
    ("crash, scan to resume", 25),
    ("credential", 80),
    ("deleted", 230),
    ("delivery to be repeated", 215),
    ("delivery unknown", 135),
    ("digest refused", 65),
    ("digest taken", 990),
    ("digest taken too late", 235),
    ("digest taken, unheard", 60),
    ("edited in GitHub", 495),
    ("edited in Jira", 550),
    ("edits at one instant", 255),
    ("elsewhere", 640),
    ("garbled", 275),
    ("history rewritten", 20),
    ("incomplete", 395),
    ("issue archived", 35),
    ("issue hidden", 35),
    ("issues switched off", 50),
    ("items left", 60),
    ("list cut short", 65),
    ("mass deletion", 15),
    ("moved inside the scopes", 35),
    ("moved out of scope", 30),
    ("outbox stopped by the store", 60),
    ("outboxes side by side", 45),
    ("passes side by side", 650),
    ("pause", 275),
    ("poisoned", 135),
    ("project archived", 25),
    ("project back", 55),
    ("project hidden", 50),
    ("project in the bin", 25),
    ("pull request closed", 15),
    ("pull request merged", 30),
    ("pull request opened", 225),
    ("quiet sweep", 660),
    ("refused", 255),
    ("replica answers", 350),
    ("repository allowed", 40),
    ("repository archived", 40),
    ("repository back", 70),
    ("repository forbidden", 55),
    ("repository hidden", 40),
    ("resume", 205),
    ("signals of a fresh sync", 300),
    ("signals read", 240),
    ("skewed Date", 410),
    ("stamp of 1970", 15),
    ("stamp of 2099", 20),
    ("stopped by the store", 280),
    ("sweep", 525),
    ("ticks skipped", 990),
    ("timer", 670),
    ("token expired", 45),
    ("token loop", 40),
    ("told to wait", 260),
    ("transferred", 115),
    ("two index nodes", 220),
    ("webhook", 575),
    ("webhook lost", 595),
    ("write refused", 240),
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
