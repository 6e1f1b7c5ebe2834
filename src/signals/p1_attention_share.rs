//! P1 Attention share.
//!
//! Question: where did attention actually go? Reader: portfolio leadership, Lean PMO.
//! Definition: attention (see [`super::attention`]) over the slices of one dimension in the
//! window, divided by all of it. Each share carries its attribution range: the true share lies
//! inside it however a team divides its time. Weekly shares are charted with floor 0 and ceiling 1.
//! The home x work matrix sums attention by the team's home stream and the stream of the work. Each
//! share is computed again with waiting items included (the stale cap holds for them as for active
//! ones); where a slice then moves by more than five points, the page says that attention depends on
//! how waiting is counted.
//! Source: section 2.1 of the catalogue; XmR as in Wheeler, Understanding Variation.
//! Misreading: as effort, cost or performance. It is the direction of attention, nothing more.
//! Splitting a card does not move it, and a card kept open is bounded by the stale cap.

use std::sync::Arc;

use super::at_work::attention;
use super::attention::{Attention, Cell, Grid, TEAM_DAY, Table, sum};
use super::defaults::{CLASSIFIED_MIN, COVERAGE_MIN, TEAM_DAYS_MIN, WAITING_SHIFT};
use super::definitions::FIRST;
use super::finding::{
    against_usual, charted, finding, insufficient, measure, moved, not_applicable, observe,
    portfolio, portfolio_wide, standing_of,
};
use super::report::{Finding, Measure, Move, Question, Slice, Unit, Verdict};
use super::slices::{NONE, label};
use super::stats::xmr::Bounds;
use super::verdict::{Judged, Weekly, direction, judge};
use super::view::View;
use super::{Scope, Signal, words};
use crate::model::{DAY_MS, Dimension, FlowSegment, Kind, Period, StreamIx, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "P1",
    name: "Attention share",
    question: Question::Investment,
    asks: "Where did attention actually go?",
    definition: "Every team-day counts once, split equally over what the team has in progress; a \
                 slice's share is its team-days over all observed team-days.",
    misreading: "As effort, cost or performance. It is the direction of attention, nothing more; \
                 coverage is not a measure of how busy anyone is.",
    test: "A process-behaviour chart of the weekly shares, up to 26 of them: a week beyond the \
           usual range, eight weeks in a row on one side of its centre, or three of the last \
           four near one of its limits. One slice's rise is another's fall.",
    history: FIRST,
    evaluate,
};

/// The name of the share with waiting items counted.
const WITH_WAITING: &str = "share_counting_waiting";

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    if let Some(verdict) = floor(view, window(view)) {
        return vec![finding(&SIGNAL, portfolio("Attention"), verdict)];
    }
    let waiting = with_waiting(view);
    let mut findings: Vec<Finding> = dimensions(view)
        .into_iter()
        .flat_map(|dimension| shares(view, dimension, &waiting))
        .collect();
    if *view.scope == Scope::Portfolio {
        findings.push(cross_funded(view));
    }
    findings
}

/// The window W, from the first week in which anything was known.
#[must_use]
pub fn window(view: &View<'_>) -> Period {
    let weeks = view.weeks.window();
    let known = view.observed(view.flow.since);
    let first = weeks.clone().find(|week| known[*week]).unwrap_or(weeks.start);
    view.weeks.span(first..weeks.end)
}

/// Why shares of a window are not printed: nothing observed, too little coverage, too few days.
#[must_use]
pub fn floor(view: &View<'_>, window: Period) -> Option<Verdict> {
    let days = view.attention.team_days(window);
    if days <= 0.0 {
        return Some(not_applicable(
            "no active work of a declared team was observed in the window",
        ));
    }
    let coverage = view.attention.coverage(window).unwrap_or(0.0);
    if coverage < COVERAGE_MIN {
        let need = (COVERAGE_MIN * 100.0) as u64;
        // Rounded as everywhere on the page, but never up to what would be enough.
        let have = ((coverage * 100.0).round() as u64).min(need - 1);
        return Some(insufficient(
            have,
            need,
            "percent of team time",
            "too little of the teams' time shows work in progress on a board",
        ));
    }
    too_few_days(days)
}

/// Why no share of so many observed team-days is printed.
#[must_use]
pub fn too_few_days(days: f64) -> Option<Verdict> {
    (days < TEAM_DAYS_MIN).then(|| {
        let why = "a share rests on at least forty observed team-days";
        insufficient(days.floor() as u64, TEAM_DAYS_MIN as u64, "team-days", why)
    })
}

/// Streams and kinds always, themes and horizons where they are declared; a stream's own page
/// shows its share among the streams only.
fn dimensions(view: &View<'_>) -> Vec<Dimension> {
    let all = [Dimension::Stream, Dimension::Theme, Dimension::Kind, Dimension::Horizon];
    if *view.scope != Scope::Portfolio {
        return vec![Dimension::Stream];
    }
    let declared = |d: &Dimension| view.table(*d).slices.list.iter().any(|s| s.id != NONE);
    all.into_iter().filter(declared).collect()
}

fn shares(view: &View<'_>, dimension: Dimension, waiting: &Attention) -> Vec<Finding> {
    let table = view.table(dimension);
    if dimension == Dimension::Kind
        && let Some(verdict) = unclassified(view, table)
    {
        let slice =
            Slice { dimension: "kind", id: "all".to_owned(), name: "Kinds of work".to_owned() };
        return vec![finding(&SIGNAL, slice, verdict)];
    }
    let judged: Vec<(usize, Judged)> = (0..table.slices.list.len())
        .filter(|slice| table.ticks[*slice].iter().any(|ticks| *ticks > 0))
        .map(|slice| (slice, chart(view, table, slice)))
        .collect();
    let in_scope = |slice: &usize| {
        dimension != Dimension::Stream || view.in_scope(&table.slices.list[*slice].id)
    };
    judged
        .iter()
        .filter(|(slice, _)| in_scope(slice))
        .map(|(slice, own)| {
            let found = share(view, table, *slice, own, &judged);
            sensitive(view, found, dimension, *slice, waiting)
        })
        .collect()
}

/// Attention in the window as it would be if waiting items drew it as active ones do.
#[must_use]
pub fn with_waiting(view: &View<'_>) -> Arc<Attention> {
    let window = window(view);
    let grid = Grid::new(vec![window.from, window.to]);
    let dimensions = view.attention.tables.iter().map(|table| table.slices.clone()).collect();
    let empty = Attention::empty(grid, dimensions);
    let started = |segment: &FlowSegment| segment.category.is_started();
    attention(&view.recall, SIGNAL.id, view.data, &empty, window, started).0
}

/// Adds the share that a slice would have with waiting items counted, and says so where the shares
/// of the dimension depend on it.
fn sensitive(
    view: &View<'_>,
    mut found: Finding,
    dimension: Dimension,
    slice: usize,
    waiting: &Attention,
) -> Finding {
    let window = window(view);
    let table = view.table(dimension);
    let ratio = |(part, all): (i64, i64)| part as f64 / all.max(1) as f64;
    let counted = waiting.tables.iter().find(|table| table.slices.dimension == dimension);
    let Some(counted) = counted else { return found };
    let with = |slice| ratio(waiting.share(counted, slice, window));
    let without = |slice| ratio(view.attention.share(table, slice, window));
    let days = waiting.team_days(window).round() as u64;
    let share = measure(WITH_WAITING, with(slice), Unit::Share, window);
    found.measures.push(Measure { n: Some(days), ..share });
    let slices = 0..table.slices.list.len();
    let depends = slices.clone().any(|slice| (with(slice) - without(slice)).abs() > WAITING_SHIFT);
    if let (true, Some(told)) = (depends, &mut found.observation) {
        told.uncertainty.push_str(&format!(
            " It depends on how waiting is counted: with waiting items included the share over the \
             window is {} instead of {}.",
            words::percent(with(slice)),
            words::percent(without(slice)),
        ));
    }
    found
}

/// The share of a finding as it is and with waiting items counted, where the two lie more than five
/// points apart.
#[must_use]
pub fn moved_by_waiting(found: &Finding) -> Option<(f64, f64)> {
    let value = |name: &str| {
        let own = found.measures.iter().find(|measure| measure.name == name);
        own.filter(|_| found.signal == SIGNAL.id).map(|measure| measure.value)
    };
    let (share, waiting) = (value("share")?, value(WITH_WAITING)?);
    ((waiting - share).abs() > WAITING_SHIFT).then_some((share, waiting))
}

/// Why nothing is said by kind: more than a fifth of attention goes to unmapped kinds.
#[must_use]
pub fn unclassified(view: &View<'_>, table: &Table) -> Option<Verdict> {
    let slice = table.slices.of(None, None, Kind::Unclassified);
    let (without, all) = view.attention.share(table, slice, window(view));
    too_few_classified(1.0 - without as f64 / all.max(1) as f64)
}

/// The same for a share of attention that goes to mapped kinds.
#[must_use]
pub fn too_few_classified(classified: f64) -> Option<Verdict> {
    (classified < CLASSIFIED_MIN).then(|| {
        insufficient(
            (classified * 100.0).floor() as u64,
            (CLASSIFIED_MIN * 100.0) as u64,
            "percent of attention",
            "too much attention goes to items whose kind is not mapped",
        )
    })
}

/// The weekly share of a slice. Weeks before the slice had any item are absent.
fn chart(view: &View<'_>, table: &Table, slice: usize) -> Judged {
    let since = match table.slices.dimension {
        Dimension::Stream => (0..view.flow.streams.len())
            .filter(|ix| {
                let stream = (*ix < view.data.streams.len())
                    .then(|| StreamIx(u32::try_from(*ix).unwrap_or(u32::MAX)));
                view.shown(stream) == slice
            })
            .filter_map(|ix| view.flow.streams[ix].since)
            .min(),
        _ => view.flow.since,
    };
    let cells = view.attention.weekly(table, slice, &view.weeks);
    judge(&weekly(view, since, cells), Unit::Share, Bounds::SHARE, &[1, 2, 4])
}

/// Weekly cells, with what was not observed as a gap.
#[must_use]
pub fn weekly(view: &View<'_>, since: Option<Timestamp>, cells: Vec<(i64, i64)>) -> Weekly {
    let known = view.observed(since);
    let cell = |(cell, known): ((i64, i64), bool)| (known && cell.1 > 0).then_some(cell);
    Weekly {
        weeks: view.weeks.list.clone(),
        cells: cells.into_iter().zip(known).map(cell).collect(),
    }
}

fn share(
    view: &View<'_>,
    table: &Table,
    ix: usize,
    own: &Judged,
    all: &[(usize, Judged)],
) -> Finding {
    let window = window(view);
    let (part, whole) = view.attention.share(table, ix, window);
    let attribution = view.attention.attribution(table, ix, window);
    let days = whole as f64 / TEAM_DAY;
    let mut found = charted(&SIGNAL, table.slices.list[ix].clone(), own.clone());
    found.measures = vec![
        Measure {
            n: Some(days.round() as u64),
            range: attribution,
            ..measure("share", part as f64 / whole.max(1) as f64, Unit::Share, window)
        },
        measure("team_days", part as f64 / TEAM_DAY, Unit::TeamDays, window),
        measure("coverage", view.attention.coverage(window).unwrap_or(0.0), Unit::Share, window),
    ];
    let (Some(towards), Some(usual)) = (direction(&own.verdict), against_usual(own)) else {
        return found;
    };
    let counterpart = counterpart(table, ix, towards, all);
    // One slice's rise is another's fall: a fall with a riser is told there.
    found.portfolio_headline = towards == Move::Up || counterpart.is_none();
    let other = counterpart.map_or_else(String::new, |other| {
        let fell = moved(if towards == Move::Up { Move::Down } else { Move::Up });
        format!("; over the same weeks the share of {} {fell}", table.slices.list[other].name)
    });
    let split = attribution.map_or_else(String::new, |range| {
        format!(
            " Over {} weeks the share lies within {} however shared time is split.",
            (window.millis() + DAY_MS) / (7 * DAY_MS),
            words::percent_range(range)
        )
    });
    found.observation = Some(observe(
        &table.slices.list[ix].name,
        &format!("attention was {usual}{other}."),
        &format!("{}{split}", standing_of(own)),
        "Was this shift of attention intended?",
    ));
    found
}

/// The slice whose chart moved the other way, by name when there are several.
fn counterpart(table: &Table, ix: usize, towards: Move, all: &[(usize, Judged)]) -> Option<usize> {
    let opposite = if towards == Move::Up { Move::Down } else { Move::Up };
    all.iter()
        .filter(|(slice, judged)| *slice != ix && direction(&judged.verdict) == Some(opposite))
        .map(|(slice, _)| *slice)
        .min_by_key(|slice| &table.slices.list[*slice].name)
}

/// The share of attention that went to streams other than the home of the team.
fn cross_funded(view: &View<'_>) -> Finding {
    let away = |cell: &Cell| view.shown(cell.home) != view.shown(cell.target.stream);
    let grid = &view.attention.grid;
    let mut others = vec![0; grid.len()];
    for cell in view.attention.cells.iter().filter(|cell| away(cell)) {
        for (sum, ticks) in others.iter_mut().zip(&cell.ticks) {
            *sum += ticks;
        }
    }
    let part = |period: Period| {
        let buckets = grid.buckets(period);
        (sum(&others, &buckets), sum(&view.attention.observed, &buckets))
    };
    let cells = view.weeks.periods().map(part).collect();
    let judged =
        judge(&weekly(view, view.flow.since, cells), Unit::Share, Bounds::SHARE, &[1, 2, 4]);
    let window = window(view);
    let (away, all) = part(window);
    let slice = portfolio_wide("cross-funded", "Work for other streams");
    let observation = direction(&judged.verdict).and(against_usual(&judged)).map(|usual| {
        observe(
            &slice.name,
            &format!("teams gave other streams than their own {usual} of attention."),
            &standing_of(&judged),
            "Do the streams' boundaries still follow the work?",
        )
    });
    let share = measure("cross_funded_share", away as f64 / all.max(1) as f64, Unit::Share, window);
    Finding { observation, measures: vec![share], ..charted(&SIGNAL, slice, judged) }
}

/// The word for a dimension in a sentence.
#[must_use]
pub fn dimension_word(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Stream => "value streams",
        _ => label(dimension),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Dataset;
    use crate::signals::fixture::{at, item, portfolio as org, view};
    use crate::signals::home_work::matrix;
    use crate::signals::report::HomeWork;

    /// T1, home S1: x1 (S1) and, for four days, x2 (S2). T2, home S2: four items of S2.
    fn two_teams() -> Dataset {
        let mut data = org(2, &[1, 2]);
        item(&mut data, "x1", "T1/S1", &[("03-02", "Dev"), ("03-12", "done")]);
        item(&mut data, "x2", "T1/S2", &[("03-04", "Dev"), ("03-08", "done")]);
        for key in ["y1", "y2", "y3", "y4"] {
            item(&mut data, key, "T2/S2", &[("03-02", "Dev"), ("03-12", "done")]);
        }
        data
    }

    #[test]
    fn example() {
        let data = two_teams();
        let view = view(&data, "03-16");
        let window = window(&view);
        assert_eq!(window, Period::new(at("03-02"), at("03-16")));
        let table = view.table(Dimension::Stream);
        let text = |stream: u32| {
            let slice = view.shown(Some(StreamIx(stream)));
            let (part, all) = view.attention.share(table, slice, window);
            let (lo, hi) = view.attention.attribution(table, slice, window).unwrap();
            format!("{:.2} ({lo:.2} to {hi:.2})", part as f64 / all as f64)
        };
        assert_eq!(text(0), "0.40 (0.30 to 0.50)");
        assert_eq!(text(1), "0.60 (0.50 to 0.70)");
        assert_eq!(format!("{:.4}", view.attention.coverage(window).unwrap()), "0.7143");
        let matrix: Vec<(usize, usize, f64)> = matrix(&view, window)
            .into_iter()
            .map(|(h, w, t)| (h, w, t as f64 / TEAM_DAY))
            .collect();
        let slot = |stream| view.shown(Some(StreamIx(stream)));
        let expected = [(slot(0), slot(0), 8.0), (slot(0), slot(1), 2.0), (slot(1), slot(1), 10.0)];
        assert_eq!(matrix, expected);
        let found = cross_funded(&view);
        assert_eq!(format!("{:.2}", found.measures[0].value), "0.10");
        assert!(matches!(floor(&view, window), Some(Verdict::Insufficient { have: 20, .. })));
    }

    /// Three teams for four weeks; the third's card waits in review after two days of work.
    fn with_a_queue(reviewed: &str) -> Dataset {
        let mut data = org(2, &[1, 2, 1]);
        item(&mut data, "a", "T1/S1", &[("03-02", "Dev"), ("03-30", "done")]);
        item(&mut data, "b", "T2/S2", &[("03-02", "Dev"), ("03-30", "done")]);
        let events = [("03-02", "Dev"), (reviewed, "Review"), ("03-30", "done")];
        item(&mut data, "c", "T3/S1", &events);
        data
    }

    /// 30 of 58 team-days without the queue, 56 of 84 with it.
    #[test]
    fn shares_that_depend_on_waiting_say_so() {
        let line = "Attention depends on how waiting is counted: with waiting items included, the \
                    shares would read: S1 67 % instead of 52 % and S2 33 % instead of 48 %.";
        for (reviewed, told) in [("03-04", Some(line.to_owned())), ("03-29", None)] {
            let data = with_a_queue(reviewed);
            let view = view(&data, "03-30");
            let report = crate::signals::evaluate(&data, view.as_of, view.as_of, &Scope::Portfolio);
            let said = report.unseen.iter().find(|line| line.starts_with("Attention depends"));
            assert_eq!(said.cloned(), told);
            let one = report.findings.iter().find(|found| found.slice.id == "s1").unwrap();
            let value = |name| one.measures.iter().find(|m| m.name == name).map(|m| m.value);
            assert_eq!(format!("{:.4}", value(WITH_WAITING).unwrap()), "0.6667");
        }
    }

    /// An observation about such a share says so too.
    #[test]
    fn what_is_told_of_such_a_share_says_so() {
        let told = |reviewed: &str| {
            let data = with_a_queue(reviewed);
            let view = view(&data, "03-30");
            let slice = view.shown(Some(StreamIx(0)));
            let mut found = finding(&SIGNAL, view.streams().list[slice].clone(), Verdict::Usual);
            found.observation = Some(observe("S1", "it rose.", "It is new.", "Why?"));
            let waiting = with_waiting(&view);
            let found = sensitive(&view, found, Dimension::Stream, slice, &waiting);
            found.observation.map(|told| told.uncertainty)
        };
        assert_eq!(told("03-29").as_deref(), Some("It is new."));
        assert_eq!(
            told("03-04").as_deref(),
            Some(
                "It is new. It depends on how waiting is counted: with waiting items included the \
                 share over the window is 67 % instead of 52 %."
            )
        );
    }

    /// The matrix adds up to all observed team-days; a stream sees the cells that touch it.
    #[test]
    fn the_matrix_is_in_the_report() {
        let mut data = with_a_queue("03-20");
        item(&mut data, "d", "T1/S2", &[("03-02", "Dev"), ("03-30", "done")]);
        let text = |scope: &Scope| -> Vec<String> {
            let report = crate::signals::evaluate(&data, at("03-30"), at("03-30"), scope);
            let matrix = report.home_by_work.unwrap();
            assert_eq!(matrix.team_days, 74.0);
            let cell = |c: &HomeWork| format!("{}>{} {}", c.home.name, c.work.name, c.team_days);
            matrix.cells.iter().map(cell).collect()
        };
        assert_eq!(text(&Scope::Portfolio), ["S1>S1 32", "S1>S2 14", "S2>S2 28"]);
        assert_eq!(text(&Scope::Stream("s1".into())), ["S1>S1 32", "S1>S2 14"]);
    }

    #[test]
    fn weights_scale_team_days() {
        let mut data = two_teams();
        data.items.retain(|item| ["x1", "y1"].contains(&item.key.as_str()));
        data.teams[0].weight = vec![(Period::ALWAYS, 2.0)];
        let view = view(&data, "03-16");
        let days = |team: u32| {
            let ticks = view.attention.ticks(window(&view), |cell| cell.team.0 == team);
            ticks as f64 / TEAM_DAY
        };
        assert_eq!((days(0), days(1)), (20.0, 10.0));
    }

    #[test]
    fn nothing_observed_is_not_zero() {
        let data = org(1, &[1]);
        let findings = evaluate(&view(&data, "03-16"));
        assert!(matches!(findings[..], [Finding { verdict: Verdict::NotApplicable { .. }, .. }]));
    }
}
