//! P2 Intent gap.
//!
//! Question: does attention follow the declared intent, and if not, is that a pattern or one epic?
//! Reader: portfolio leadership before a funding decision.
//! Definition: observed share of the newest 8 complete weeks minus the declared share. A gap
//! beyond the tolerance persists when each of the 8 weekly shares lies outside the band on the
//! same side; it rests on one epic when leaving out the largest one brings it into the band.
//! Source: section 2.1 of the catalogue; the persistence rule is its own test (simulated false
//! alarms 0.000 to 0.037, by autocorrelation).
//! Misreading: a gap is not a fault. Relabelling to fit is counted beside it.

use super::attention::Table;
use super::defaults::{INTENT_WEEKS, SERIES_WEEKS};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio};
use super::p1_attention_share as p1;
use super::report::{Finding, Measure, Move, Question, Slice, Unit, Verdict};
use super::stats::ratios::total_variation;
use super::view::View;
use super::{Scope, Signal, words};
use crate::model::{Dimension, EpicIx, Intent, Period, Vocabulary};

pub const SIGNAL: Signal = Signal {
    id: "P2",
    name: "Intent gap",
    question: Question::Investment,
    asks: "Does attention follow the declared intent, and if not, is that a pattern or one epic?",
    definition: "Observed share of the newest 8 complete weeks minus the declared share; \
                 persistent when every week lies outside the band on the same side; resting on \
                 one epic when the share without the largest one lies inside.",
    misreading: "A gap is not a fault: either the intent or the attention is out of date. Items \
                 relabelled after work started are counted beside it.",
    test: "Each of the 8 weekly shares lies outside the declared band on the same side. Without \
           the epic that matters most the share is computed again: where it then lies inside \
           the band, the gap rests on that one epic.",
    history: FIRST,
    evaluate,
};

/// Rounding of shares must not push a value over the edge of its band.
const EDGE: f64 = 1e-9;

/// Where a slice stands against its band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Aligned,
    /// Outside, with this many of the weekly shares outside on the same side.
    Gap {
        weeks: usize,
    },
    /// Outside in every one of the weeks.
    Persistent,
}

/// A declared share with its half-width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    pub declared: f64,
    pub tolerance: f64,
}

impl Band {
    /// On which side of the band a share lies; the edges belong to the band.
    #[must_use]
    pub fn side(&self, share: f64) -> Option<Move> {
        if share > self.declared + self.tolerance + EDGE {
            Some(Move::Up)
        } else if share < self.declared - self.tolerance - EDGE {
            Some(Move::Down)
        } else {
            None
        }
    }

    #[must_use]
    pub fn edges(&self) -> (f64, f64) {
        ((self.declared - self.tolerance).max(0.0), (self.declared + self.tolerance).min(1.0))
    }

    /// The state of an observed share with its weekly shares; a week without data breaks
    /// persistence.
    #[must_use]
    pub fn state(&self, observed: f64, weekly: &[Option<f64>]) -> State {
        let Some(side) = self.side(observed) else { return State::Aligned };
        let outside = |share: &&Option<f64>| share.and_then(|s| self.side(s)) == Some(side);
        let weeks = weekly.iter().filter(outside).count();
        if weeks == weekly.len() && weeks >= INTENT_WEEKS {
            State::Persistent
        } else {
            State::Gap { weeks }
        }
    }
}

/// A share with one epic left out of numerator and denominator; `None` when nothing is left.
#[must_use]
pub fn without_epic(slice: i64, all: i64, epic_in_slice: i64, epic: i64) -> Option<f64> {
    (all > epic).then(|| (slice - epic_in_slice) as f64 / (all - epic) as f64)
}

/// One slice of a dimension with an intent, or without.
#[derive(Debug, Clone)]
pub struct Row {
    pub slice: Slice,
    pub band: Option<Band>,
    pub observed: f64,
    /// The newest 8 weekly shares.
    pub weekly: Vec<Option<f64>>,
    pub attribution: Option<(f64, f64)>,
    pub state: Option<State>,
    /// The epic left out, and the share without it.
    pub without: Option<(EpicIx, f64)>,
    /// Weeks in a row, newest first, outside the band on the side of the gap.
    pub run: u32,
}

/// The intent of a dimension that is valid in the newest complete week.
#[must_use]
pub fn intent<'a>(view: &View<'a>, dimension: Dimension) -> Option<&'a Intent> {
    let last = view.weeks.edges[view.weeks.len() - 1];
    view.data.intents.iter().find(|i| i.dimension == dimension && i.valid.contains(last))
}

/// The slices of a dimension over the newest 8 weeks, sorted by name.
#[must_use]
pub fn rows(view: &View<'_>, dimension: Dimension) -> Vec<Row> {
    let table = view.table(dimension);
    let intent = intent(view, dimension);
    let mut declared: Vec<Option<f64>> = vec![None; table.slices.list.len()];
    for (id, share) in intent.into_iter().flat_map(|intent| &intent.shares) {
        if let Some(ix) = table.slices.showing(view.data, id) {
            declared[ix] = Some(declared[ix].unwrap_or(0.0) + share);
        }
    }
    let tolerance = intent.map_or(0.0, |intent| intent.tolerance);
    let shown = |ix: &usize| declared[*ix].is_some() || table.ticks[*ix].iter().any(|t| *t > 0);
    (0..table.slices.list.len())
        .filter(shown)
        .map(|ix| row(view, table, ix, declared[ix].map(|declared| Band { declared, tolerance })))
        .collect()
}

fn row(view: &View<'_>, table: &Table, ix: usize, band: Option<Band>) -> Row {
    let period = view.weeks.span(view.weeks.intent());
    let (part, all) = view.attention.share(table, ix, period);
    let observed = part as f64 / all.max(1) as f64;
    let known = view.observed(view.flow.since);
    let series: Vec<Option<f64>> = view
        .attention
        .weekly(table, ix, &view.weeks)
        .into_iter()
        .zip(known)
        .map(|((n, d), known)| (known && d > 0).then(|| n as f64 / d as f64))
        .collect();
    let weekly = series[view.weeks.intent()].to_vec();
    let state = band.map(|band| band.state(observed, &weekly));
    let side = band.and_then(|band| band.side(observed));
    let outside = |share: &&Option<f64>| {
        side.is_some() && band.zip(**share).and_then(|(band, share)| band.side(share)) == side
    };
    let run = series.iter().rev().take(SERIES_WEEKS).take_while(outside).count();
    Row {
        slice: table.slices.list[ix].clone(),
        band,
        observed,
        weekly,
        attribution: view.attention.attribution(table, ix, period),
        state,
        without: side.and_then(|side| leave_one_out(view, table, ix, period, side)),
        run: u32::try_from(run).unwrap_or(u32::MAX),
    }
}

/// For an over-share the epic with most attention inside the slice is left out, for an under-share
/// the one with most attention outside it; of equals the first by id. The epic is left out whole,
/// inside and outside the slice.
fn leave_one_out(
    view: &View<'_>,
    table: &Table,
    ix: usize,
    period: Period,
    side: Move,
) -> Option<(EpicIx, f64)> {
    let buckets = view.attention.grid.buckets(period);
    let mut epics: Vec<(i64, i64)> = vec![(0, 0); view.data.epics.len()];
    for cell in &view.attention.cells {
        if let Some(epic) = cell.target.epic {
            let ticks = super::attention::sum(&cell.ticks, &buckets);
            let target = &cell.target;
            let inside = table.slices.of(target.stream, target.epic, target.kind) == ix;
            let sums = &mut epics[epic.0 as usize];
            sums.0 += if inside { ticks } else { 0 };
            sums.1 += ticks;
        }
    }
    let weight = |(inside, all): (i64, i64)| if side == Move::Up { inside } else { all - inside };
    let largest = (0..epics.len())
        .filter(|e| weight(epics[*e]) > 0)
        .max_by_key(|e| (weight(epics[*e]), std::cmp::Reverse(*e)))?;
    let (part, all) = view.attention.share(table, ix, period);
    let (inside, whole) = epics[largest];
    let share = without_epic(part, all, inside, whole)?;
    Some((EpicIx(u32::try_from(largest).unwrap_or(u32::MAX)), share))
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let all = [Dimension::Stream, Dimension::Theme, Dimension::Kind, Dimension::Horizon];
    // LeSS has no strategic themes, and what a framework has no level for is not shown.
    let level = |d: &Dimension| *d != Dimension::Theme || view.data.vocabulary != Vocabulary::Less;
    let declared: Vec<(Dimension, &Intent)> =
        all.into_iter().filter(level).filter_map(|d| Some((d, intent(view, d)?))).collect();
    let shown = |d: Dimension| d == Dimension::Stream || *view.scope == Scope::Portfolio;
    if declared.is_empty() {
        let why = "no intent is declared, so there is nothing to compare attention with";
        return vec![finding(&SIGNAL, portfolio("Intent"), not_applicable(why))];
    }
    declared
        .into_iter()
        .filter(|(dimension, _)| shown(*dimension))
        .flat_map(|(dimension, intent)| findings(view, dimension, intent))
        .collect()
}

fn findings(view: &View<'_>, dimension: Dimension, intent: &Intent) -> Vec<Finding> {
    let period = view.weeks.span(view.weeks.intent());
    if let Some(verdict) = short(view, intent).or_else(|| p1::floor(view, period)) {
        let name = format!("Intent for {}", p1::dimension_word(dimension));
        let slice = Slice { dimension: super::slices::label(dimension), id: "all".into(), name };
        return vec![finding(&SIGNAL, slice, verdict)];
    }
    let rows = rows(view, dimension);
    let observed: Vec<f64> = rows.iter().map(|row| row.observed).collect();
    let wanted: Vec<f64> =
        rows.iter().map(|row| row.band.map_or(0.0, |band| band.declared)).collect();
    let variation = total_variation(&observed, &wanted);
    let in_scope = |row: &&Row| dimension != Dimension::Stream || view.in_scope(&row.slice.id);
    rows.iter()
        .filter(in_scope)
        .filter_map(|row| row.band.map(|band| judge(view, row, band, variation, period)))
        .collect()
}

/// The intent, or the data, covers fewer than eight of the weeks.
fn short(view: &View<'_>, intent: &Intent) -> Option<Verdict> {
    let known = view.observed(view.flow.since);
    let weeks = view.weeks.intent();
    let valid = weeks.clone().filter(|w| view.weeks.edges[*w] >= intent.valid.from).count();
    if valid < weeks.len() {
        let why = "only weeks after the intent was last changed count";
        return Some(insufficient(valid as u64, weeks.len() as u64, "weeks", why));
    }
    let begun = weeks
        .clone()
        .filter(|w| view.flow.since.is_some_and(|since| view.weeks.edges[*w] >= since))
        .count();
    if begun < weeks.len() || !weeks.clone().any(|week| known[week]) {
        let why = "the data begins inside the eight weeks that are compared";
        return Some(insufficient(begun as u64, weeks.len() as u64, "weeks", why));
    }
    None
}

fn judge(view: &View<'_>, row: &Row, band: Band, variation: f64, period: Period) -> Finding {
    let direction = band.side(row.observed).unwrap_or(Move::Up);
    let state = row.state.unwrap_or(State::Aligned);
    // A gap that does not persist is told by the table; it is not news.
    let verdict = match state {
        State::Persistent => Verdict::Confirmed { direction },
        State::Aligned | State::Gap { .. } => Verdict::Usual,
    };
    let mut found = finding(&SIGNAL, row.slice.clone(), verdict);
    found.persistence = if state == State::Persistent { row.run } else { 0 };
    let days = view.attention.team_days(period);
    let relabelled = relabelled(view, period);
    let declared = Measure {
        range: Some(band.edges()),
        ..measure("declared", band.declared, Unit::Share, period)
    };
    let observed = Measure {
        n: Some(days.round() as u64),
        range: row.attribution,
        ..measure("share", row.observed, Unit::Share, period)
    };
    found.measures = vec![
        declared,
        observed,
        measure("gap", row.observed - band.declared, Unit::SharePoints, period),
        measure("total_variation", variation, Unit::Share, period),
        measure("relabelled_items", relabelled as f64, Unit::Items, period),
    ];
    if let Some((_, share)) = row.without {
        found.measures.push(measure("share_without_one_epic", share, Unit::Share, period));
    }
    if state != State::Aligned {
        found.observation = Some(tell(view, row, band, days, relabelled));
    }
    found
}

/// Items whose kind, theme or epic changed in the window after work on them had started.
fn relabelled(view: &View<'_>, period: Period) -> usize {
    let relabelled = view.recall.sum(
        "P2",
        period,
        || 0_u64,
        |sum, seen| {
            *sum += u64::from(seen.item.relabelled.iter().any(|at| period.contains(*at)));
        },
    );
    usize::try_from(*relabelled).unwrap_or(usize::MAX)
}

fn tell(
    view: &View<'_>,
    row: &Row,
    band: Band,
    days: f64,
    relabelled: usize,
) -> super::report::Observation {
    let side = band.side(row.observed);
    let split = row.attribution.map_or_else(String::new, |range| {
        let near = if side == Some(Move::Up) { range.0 } else { range.1 };
        let reach = if band.side(near) == side { "" } else { ", which reaches into the band" };
        format!("; {} however shared time is split{reach}", words::percent_range(range))
    });
    let evidence = format!(
        "attention was {} against a declared {} over {INTENT_WEEKS} weeks ({} team-days{split}).",
        words::percent(row.observed),
        words::percent(band.declared),
        words::number(days),
    );
    let mut uncertainty = Vec::new();
    if let Some(State::Gap { weeks }) = row.state {
        uncertainty.push(format!(
            "The share lay outside the band in {weeks} of {INTENT_WEEKS} weeks, so the gap does \
             not persist."
        ));
    }
    let mut question = "Which of the two is out of date: the intent or the attention?".to_owned();
    if let Some((epic, share)) = row.without {
        let title = words::quoted(view.epic_title(epic.0 as usize));
        let share_text = words::percent(share);
        if band.side(share).is_none() {
            uncertainty.push(format!(
                "Without the epic {title} the share is {share_text}, inside the band, so the gap \
                 rests on one epic."
            ));
            question =
                format!("Which of the two is out of date: the intent, or the scope of {title}?");
        } else {
            uncertainty.push(format!(
                "Without the epic {title} the share is {share_text}, still outside the band, so \
                 the gap does not rest on one epic."
            ));
        }
    }
    if relabelled > 0 {
        let items = words::count(relabelled as u64, "item");
        uncertainty.push(format!(
            "In these weeks {items} changed kind, theme or epic after work had started."
        ));
    }
    if uncertainty.is_empty() {
        uncertainty.push(format!("The band is {}.", words::percent_range(band.edges())));
    }
    observe(&row.slice.name, &evidence, &uncertainty.join(" "), &question)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAND: Band = Band { declared: 0.30, tolerance: 0.05 };

    fn shares(list: &[f64]) -> Vec<Option<f64>> {
        list.iter().map(|share| Some(*share)).collect()
    }

    /// P2: 41 of 100 team-days against 30 ± 5, outside in each week; the largest epic has 20.
    #[test]
    fn persistent_gap_that_rests_on_one_epic() {
        let weekly = shares(&[0.38, 0.41, 0.39, 0.44, 0.40, 0.42, 0.43, 0.41]);
        assert_eq!(BAND.state(0.41, &weekly), State::Persistent);
        let share = without_epic(41, 100, 20, 20).unwrap();
        assert_eq!(share, 0.2625);
        assert_eq!(BAND.side(share), None);
        assert_eq!(without_epic(42, 100, 0, 20), Some(0.525));
        assert_eq!(without_epic(5, 5, 5, 5), None);
    }

    #[test]
    fn edges_belong_to_the_band_and_gaps_break_persistence() {
        assert_eq!(BAND.state(0.35, &shares(&[0.4; 8])), State::Aligned);
        assert_eq!(Band { declared: 0.1, tolerance: 0.2 }.side(0.1 + 0.2), None);
        let mut weekly = shares(&[0.4; 8]);
        weekly[3] = None;
        assert_eq!(BAND.state(0.4, &weekly), State::Gap { weeks: 7 });
        let mut weekly = shares(&[0.4; 8]);
        weekly[3] = Some(0.2);
        assert_eq!(BAND.state(0.4, &weekly), State::Gap { weeks: 7 });
    }
}
