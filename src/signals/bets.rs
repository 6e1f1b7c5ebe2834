//! What is known of epics and decisions: first releases, evidence levels, how a decision is named.

use super::Dataset;
use super::view::View;
use crate::model::{Decision, Period, Reading, Subject, Timestamp, Verb};

/// The first release of each epic: the earliest one before `as_of` that contains an item of it.
///
/// The item counts for the epic it belonged to when the release was made.
#[must_use]
pub fn first_releases(data: &Dataset, as_of: Timestamp) -> Vec<Option<Timestamp>> {
    let mut first: Vec<Option<Timestamp>> = vec![None; data.epics.len()];
    for release in data.releases.iter().filter(|release| release.at < as_of) {
        for item in release.items.iter().filter_map(|ix| data.items.get(*ix)) {
            let held = item.segments.iter().rfind(|segment| segment.from <= release.at);
            if let Some(epic) = held.and_then(|segment| segment.epic) {
                let first = &mut first[epic.0 as usize];
                *first = Some(first.map_or(release.at, |at| at.min(release.at)));
            }
        }
    }
    first
}

/// The readings of a measure before `as_of`, oldest first. Of several at one instant the one known
/// last corrects the others.
#[must_use]
pub fn readings<'a>(
    data: &'a Dataset,
    measure: &str,
    view: (Timestamp, Timestamp),
) -> Vec<&'a Reading> {
    let (as_of, known) = view;
    let mut list: Vec<&Reading> = data
        .readings
        .iter()
        .filter(|r| r.measure == measure && r.at < as_of && r.known_at <= known)
        .collect();
    list.sort_by_key(|r| (r.at, r.known_at));
    list.reverse();
    list.dedup_by_key(|r| r.at);
    list.reverse();
    list
}

/// How much an epic could tell about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// No hypothesis.
    None,
    /// A hypothesis is stated.
    Hypothesis,
    /// And linked to an outcome measure.
    Measure,
    /// And the measure was read before the first release.
    Baseline,
    /// And read after it, in the period asked about.
    Reading,
}

/// The evidence level of an epic at the end of `recent`, in which readings after the first release
/// are sought. Levels are cumulative. Without a release every reading is a baseline.
#[must_use]
pub fn evidence(
    view: &View<'_>,
    epic: usize,
    first: Option<Timestamp>,
    recent: Period,
) -> Evidence {
    let at = recent.to.min(view.as_of);
    let first = first.filter(|first| *first < at);
    let facts = &view.data.epics[epic];
    if facts.hypothesis.is_none() {
        return Evidence::None;
    }
    let Some(measure) = &facts.outcome else { return Evidence::Hypothesis };
    let readings = readings(view.data, measure, (at, view.known));
    if !readings.iter().any(|r| first.is_none_or(|first| r.at < first)) {
        return Evidence::Measure;
    }
    let after = |r: &&Reading| first.is_some_and(|first| r.at >= first) && recent.contains(r.at);
    if readings.iter().any(after) { Evidence::Reading } else { Evidence::Baseline }
}

/// The decisions known and made before the report's instant.
pub fn decisions<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Decision> {
    let (as_of, known) = (view.as_of, view.known);
    view.data.decisions.iter().filter(move |d| d.made_at < as_of && d.known_at <= known)
}

/// What a decision is about, as a reader knows it.
#[must_use]
pub fn subject_name(data: &Dataset, subject: &Subject) -> String {
    let named = |found: Option<&String>, id: &String| found.unwrap_or(id).clone();
    match subject {
        Subject::Portfolio => "the portfolio".to_owned(),
        Subject::Stream(id) => {
            named(data.streams.iter().find(|s| s.id == *id).map(|s| &s.name), id)
        }
        Subject::Theme(id) => named(data.themes.iter().find(|t| t.id == *id).map(|t| &t.name), id),
        Subject::Epic(id) => {
            let epic = data.epics.iter().find(|e| e.id == *id);
            named(epic.map(|e| &e.title).filter(|title| !title.is_empty()), id)
        }
    }
}

/// The verb of a decision.
#[must_use]
pub fn verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Start => "start",
        Verb::Continue => "continue",
        Verb::Stop => "stop",
        Verb::Pivot => "pivot",
        Verb::More => "more",
        Verb::Less => "less",
        Verb::Rebalance => "rebalance",
    }
}

/// `More for Fleet`, `Stop Kiosk refresh`.
#[must_use]
pub fn phrase(data: &Dataset, decision: &Decision) -> String {
    let subject = subject_name(data, &decision.subject);
    match decision.verb {
        Verb::More => format!("More for {subject}"),
        Verb::Less => format!("Less for {subject}"),
        Verb::Start => format!("Start {subject}"),
        Verb::Continue => format!("Continue {subject}"),
        Verb::Stop => format!("Stop {subject}"),
        Verb::Pivot => format!("Pivot {subject}"),
        Verb::Rebalance => format!("Rebalance {subject}"),
    }
}
