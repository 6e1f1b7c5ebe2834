//! What is known of epics and decisions: first releases, evidence levels, how a decision is named.

use std::collections::BTreeMap;

use super::dataset::Epic;
use super::defaults::{SERIES_WEEKS, UNEXAMINED_CADENCES};
use super::held::instant;
use super::recall::Recall;
use super::view::View;
use super::{Dataset, Scope};
use crate::model::{DAY_MS, Decision, Expectation, Period, Reading, Subject, Timestamp, Verb};

/// The first release of each epic: the earliest one before the report's instant that contains an
/// item of it.
///
/// The item counts for the epic it belonged to when the release was made.
#[must_use]
pub fn first_releases(recall: &Recall<'_>, data: &Dataset) -> Vec<Option<Timestamp>> {
    // Items by epic and release: what is counted can be taken away again.
    let empty = BTreeMap::<(usize, u32), i64>::new;
    let held = recall.sum("first releases", recall.releases(), empty, |held, seen| {
        for (release, at) in seen.holders(data) {
            let segments = seen.item.segments.iter();
            let epic = segments.rev().find(|segment| segment.from <= at).and_then(|s| s.epic);
            if let Some(epic) = epic.filter(|_| (release as usize) < data.releases.len()) {
                *held.entry((epic.0 as usize, release)).or_default() += 1;
            }
        }
    });
    let mut first: Vec<Option<Timestamp>> = vec![None; data.epics.len()];
    for (epic, release) in held.keys() {
        let at = instant(data, *release);
        first[*epic] = [first[*epic], at].into_iter().flatten().min();
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

impl Evidence {
    pub const ALL: [Self; 5] =
        [Self::None, Self::Hypothesis, Self::Measure, Self::Baseline, Self::Reading];

    /// What an epic of this level rests on.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "no hypothesis",
            Self::Hypothesis => "a hypothesis alone",
            Self::Measure => "a measure without a reading",
            Self::Baseline => "a baseline reading",
            Self::Reading => "a reading after release",
        }
    }
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
    let facts = &view.data.epics[epic];
    let read = facts.outcome.as_ref().map_or_else(Vec::new, |measure| read_at(view, measure));
    level(facts, &read, first, Period::new(recent.from, recent.to.min(view.as_of)))
}

/// The same from the instants at which the epic's measure was read, oldest first.
#[must_use]
pub fn level(
    epic: &Epic,
    read: &[Timestamp],
    first: Option<Timestamp>,
    recent: Period,
) -> Evidence {
    if epic.hypothesis.is_none() {
        return Evidence::None;
    }
    if epic.outcome.is_none() {
        return Evidence::Hypothesis;
    }
    let read = &read[..read.partition_point(|at| *at < recent.to)];
    let first = first.filter(|first| *first < recent.to);
    let (Some(oldest), Some(newest)) = (read.first(), read.last()) else {
        return Evidence::Measure;
    };
    match first {
        Some(first) if *oldest >= first => Evidence::Measure,
        Some(first) if *newest >= first.max(recent.from) => Evidence::Reading,
        _ => Evidence::Baseline,
    }
}

/// When a measure was read before the report's instant, oldest first.
#[must_use]
pub fn read_at(view: &View<'_>, measure: &str) -> Vec<Timestamp> {
    readings(view.data, measure, (view.as_of, view.known)).iter().map(|r| r.at).collect()
}

/// The last two cadences before an instant: twice the length of the first declared cadence, or 26
/// weeks where none is declared.
#[must_use]
pub fn recent(data: &Dataset, until: Timestamp) -> Period {
    let days = data
        .cadences
        .first()
        .map_or(SERIES_WEEKS as i64 * 7, |own| UNEXAMINED_CADENCES * i64::from(own.days));
    Period::new(until.plus_millis(-days * DAY_MS), until)
}

/// Whether an epic belongs to what this reader sees.
#[must_use]
pub fn in_scope(view: &View<'_>, epic: usize) -> bool {
    let Scope::Stream(own) = view.scope else { return true };
    view.data.epics[epic].stream.is_some_and(|stream| view.data.stream(stream).id == *own)
}

/// Whether a decision about this belongs to what this reader sees: everything to the portfolio, and
/// to a stream's page what is decided about the stream or one of its epics. What is decided about
/// the whole portfolio or a theme is the portfolio's.
#[must_use]
pub fn concerns(view: &View<'_>, subject: &Subject) -> bool {
    let Scope::Stream(own) = view.scope else { return true };
    match subject {
        Subject::Stream(id) => id == own,
        Subject::Epic(id) => {
            let epic = view.data.epics.iter().position(|epic| epic.id == *id);
            epic.is_some_and(|epic| in_scope(view, epic))
        }
        Subject::Portfolio | Subject::Theme(_) => false,
    }
}

/// The decisions known and made before the report's instant.
pub fn decisions<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Decision> {
    let (as_of, known) = (view.as_of, view.known);
    view.data.decisions.iter().filter(move |d| d.made_at < as_of && d.known_at <= known)
}

/// Decisions about one epic, the oldest first.
pub fn decisions_about<'a>(view: &View<'a>, epic: usize) -> impl Iterator<Item = &'a Decision> {
    let id = &view.data.epics[epic].id;
    decisions(view).filter(move |d| matches!(&d.subject, Subject::Epic(own) if own == id))
}

/// The expectation of a decision whose review date has passed without a later decision about the
/// same subject.
pub fn due<'a>(view: &View<'a>, decision: &'a Decision) -> Option<&'a Expectation> {
    let expects = decision.expects.as_ref().filter(|expects| expects.review_at <= view.as_of)?;
    let later = |d: &Decision| d.subject == decision.subject && d.made_at >= expects.review_at;
    (!decisions(view).any(later)).then_some(expects)
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
