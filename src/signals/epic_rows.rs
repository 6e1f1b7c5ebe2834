//! The epics of the portfolio as its kanban shows them: where each stands, what it rests on, and
//! which of the signals about epics name it.
//!
//! Nothing here is a measure of progress: no count of items and no end. A state is that of the
//! tracker as the portfolio maps it; the evidence level is that of O3, over the last two cadences.

use schemars::JsonSchema;
use serde::Serialize;

use super::attention::sum;
use super::bets::{evidence, recent};
use super::defaults::MULTI_STREAM_PERCENT;
use super::report::{Finding, Slice};
use super::slices::NONE;
use super::view::View;
use super::{d1_decision_latency as d1, d3_unexamined_continuation as d3};
use super::{p4_dormant_commitments as p4, words};
use crate::model::{Context, Dimension, EpicState, Timestamp};

/// One epic.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EpicRow {
    /// The key it is known by.
    pub id: String,
    /// Its title, or the key where titles are switched off.
    pub title: String,
    /// The published slice of the stream that holds it.
    pub stream: Option<Slice>,
    /// Published slices whose teams gave it at least a tenth of its attention over twelve weeks,
    /// by name.
    pub worked_by: Vec<Slice>,
    pub theme: Option<Slice>,
    pub horizon: Option<String>,
    pub context: Context,
    pub hypothesis: Option<String>,
    /// The outcome measure it is meant to move.
    pub outcome: Option<Slice>,
    /// `None`: no status of it is mapped to a state of the portfolio.
    pub state: Option<EpicState>,
    pub since: Option<Timestamp>,
    /// Level of O3, 0 to 4, and what it rests on.
    pub evidence_level: u8,
    pub evidence: &'static str,
    /// When an item of it was first released.
    pub first_release: Option<Timestamp>,
    /// Days without active work up to the end of the newest complete week; zero while somebody
    /// works on it. `None` where P4 does not look at it.
    pub pause_days: Option<f64>,
    /// Named by P4 and by D3.
    pub dormant: bool,
    pub unexamined: bool,
    /// It waits for a decision (D1).
    pub waits: Option<Waits>,
}

/// A stay in reviewing, analysing or ready that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Waits {
    pub since: Timestamp,
    pub days: f64,
    /// Whether a boundary of the cadence passed since; of `ready` only, and where one is declared.
    pub boundary_passed: Option<bool>,
}

/// Every epic, by title and key; the findings tell which are dormant or unexamined.
#[must_use]
pub fn epic_rows(view: &View<'_>, findings: &[Finding]) -> Vec<EpicRow> {
    let worked = view.worked();
    let queue = d1::queue_now(view);
    let worked_by = worked_by(view);
    let named = |signal: &str, id: &String| {
        findings.iter().any(|found| found.signal == signal && found.items.binary_search(id).is_ok())
    };
    let recent = recent(view.data, view.as_of);
    let week = view.weeks.span(view.weeks.newest(1));
    let mut order: Vec<usize> = (0..view.data.epics.len()).collect();
    order.sort_by_key(|epic| (view.epic_title(*epic), &view.data.epics[*epic].id));
    let row = |epic: usize| {
        let facts = &view.data.epics[epic];
        let state = facts.states.iter().rfind(|(at, _)| *at < view.as_of);
        let run = facts.states.chunk_by(|a, b| a.1 == b.1).rfind(|run| run[0].0 < view.as_of);
        let first = view.first_releases[epic];
        let level = evidence(view, epic, first, recent);
        let pause = p4::looks_at(view.data, epic).then(|| {
            let spans = p4::implementing(&facts.states);
            p4::pauses(&spans, &worked[epic], week.to).current.map(words::days)
        });
        EpicRow {
            id: facts.id.clone(),
            title: view.epic_title(epic).to_owned(),
            stream: facts.stream.map(|stream| slice_of(view, stream.0 as usize)),
            worked_by: worked_by[epic].clone(),
            theme: facts.theme.map(|theme| {
                let theme = &view.data.themes[theme];
                slice("theme", &theme.id, &theme.name)
            }),
            horizon: facts.horizon.clone(),
            context: facts.context,
            hypothesis: facts.hypothesis.clone(),
            outcome: facts.outcome.as_ref().map(|id| {
                let measure = view.data.outcomes.iter().find(|measure| measure.id == *id);
                slice("outcome", id, measure.map_or(id, |measure| &measure.name))
            }),
            state: state.map(|(_, state)| *state),
            since: run.map(|run| run[0].0),
            evidence_level: level as u8,
            evidence: level.words(),
            first_release: first,
            pause_days: pause.flatten(),
            dormant: named(p4::SIGNAL.id, &facts.id),
            unexamined: named(d3::SIGNAL.id, &facts.id),
            waits: queue.iter().find(|(own, _)| *own == epic).map(|(_, waits)| *waits),
        }
    };
    order.into_iter().map(row).collect()
}

fn slice(dimension: &'static str, id: &str, name: &str) -> Slice {
    Slice { dimension, id: id.to_owned(), name: name.to_owned() }
}

fn slice_of(view: &View<'_>, stream: usize) -> Slice {
    let stream = crate::model::StreamIx(u32::try_from(stream).unwrap_or(u32::MAX));
    view.streams().list[view.shown(Some(stream))].clone()
}

/// By epic: the slices whose teams gave it at least a tenth of its attention in the window. Whose
/// work it is, is told as in C6: by the home of the team, and only without one by the work itself.
fn worked_by(view: &View<'_>) -> Vec<Vec<Slice>> {
    let slices = &view.table(Dimension::Stream).slices.list;
    let buckets = view.attention.grid.buckets(view.window());
    let mut ticks = vec![vec![0_i64; slices.len()]; view.data.epics.len()];
    for cell in &view.attention.cells {
        if let Some(epic) = cell.target.epic {
            let slot = view.shown(cell.home.or(cell.target.stream));
            ticks[epic.0 as usize][slot] += sum(&cell.ticks, &buckets);
        }
    }
    let own = |ticks: Vec<i64>| {
        let all: i128 = ticks.iter().map(|ticks| i128::from(*ticks)).sum();
        let large = |part: i64| {
            part > 0 && i128::from(part) * 100 >= all * i128::from(MULTI_STREAM_PERCENT)
        };
        let counted =
            slices.iter().zip(ticks).filter(|(slice, part)| large(*part) && slice.id != NONE);
        counted.map(|(slice, _)| slice.clone()).collect()
    };
    ticks.into_iter().map(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cadence, StreamIx};
    use crate::signals::dataset::{Dataset, Epic};
    use crate::signals::fixture::{at, epic, item, portfolio, under};
    use crate::signals::{Scope, evaluate};

    /// Cadences of four weeks from 5 January on, and three bets.
    fn three() -> Dataset {
        let mut data = portfolio(2, &[1, 2]);
        let anchor = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        data.cadences = vec![Cadence { id: "pi".into(), anchor, days: 28 }];
        let stream = Some(StreamIx(0));
        let ready = [("02-20", EpicState::Funnel), ("02-25", EpicState::Ready)];
        let reviewed = [("02-25", EpicState::Reviewing)];
        let begun = [("02-02", EpicState::Implementing)];
        data.epics = vec![
            Epic { stream, ..epic("BET-1", &ready) },
            Epic { stream, title: "A title".into(), ..epic("BET-2", &reviewed) },
            Epic { stream, hypothesis: Some("It helps".into()), ..epic("BET-3", &begun) },
        ];
        for (key, place) in [("x", "T1/S1"), ("y", "T2/S1")] {
            let ix = item(&mut data, key, place, &[("02-02", "Dev"), ("02-16", "done")]);
            under(&mut data, ix, 2);
        }
        data
    }

    fn rows(data: &Dataset, when: &str) -> Vec<EpicRow> {
        evaluate(data, at(when), at(when), &Scope::Portfolio).epics
    }

    #[test]
    fn a_kanban_by_title_with_state_evidence_and_who_works() {
        let rows = rows(&three(), "03-09");
        let order: Vec<&str> = rows.iter().map(|row| row.title.as_str()).collect();
        assert_eq!(order, ["A title", "BET-1", "BET-3"]);
        let begun = &rows[2];
        assert_eq!((begun.state, begun.since), (Some(EpicState::Implementing), Some(at("02-02"))));
        assert_eq!((begun.evidence_level, begun.evidence), (1, "a hypothesis alone"));
        let by: Vec<&str> = begun.worked_by.iter().map(|slice| slice.id.as_str()).collect();
        assert_eq!(by, ["s1", "s2"], "by the homes of the teams");
        assert_eq!(begun.pause_days, Some(21.0));
        assert!(rows[0].pause_days.is_none() && rows[0].worked_by.is_empty());
    }

    /// Ready since 25 February, with a boundary on 2 March: before it the epic waits for it.
    #[test]
    fn only_what_is_ready_waits_for_a_boundary() {
        let waits =
            |when| rows(&three(), when).into_iter().map(|row| row.waits).collect::<Vec<_>>();
        let [reviewed, ready, begun] = waits("03-01")[..] else { panic!("three rows") };
        assert_eq!(ready.map(|w| (w.days, w.boundary_passed)), Some((4.0, Some(false))));
        assert_eq!(reviewed.map(|w| (w.since, w.boundary_passed)), Some((at("02-25"), None)));
        assert_eq!(begun, None);
        assert_eq!(waits("03-02")[1].and_then(|w| w.boundary_passed), Some(true));
    }

    /// A stream with one team is shown among the others.
    #[test]
    fn a_small_stream_has_no_name_here() {
        let mut data = three();
        data.streams[0].publish = false;
        let row = &rows(&data, "03-09")[2];
        assert_eq!(row.stream.as_ref().map(|slice| slice.id.as_str()), Some("other-streams"));
    }
}
