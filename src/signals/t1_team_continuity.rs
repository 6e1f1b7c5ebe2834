//! T1 Team continuity.
//!
//! Question: are teams stable in what they serve, or is funding moving them from initiative to
//! initiative? Reader: portfolio leadership and streams, in aggregate.
//! Definition: for a team, its attention mix over streams in one complete cadence (p) and the next
//! (q): continuity is `1 - TV(p, q)`, TV being half the sum of absolute differences. The slice has
//! the attention-weighted mean over its teams. XmR by cadence, floor 0 and ceiling 1, from six
//! values on; before that the counts alone: teams formed, dissolved and re-homed, streams begun and
//! ended in the newest complete cadence.
//! Source: section 2.3 of the catalogue. Membership is never known, so it is never asked.
//! Misreading: low continuity may be a sound change of direction, so decisions that took effect in
//! the same cadence stand beside it. Never per team above the team.
//!
//! Where the catalogue leaves a choice. A team counts for the stream that was its home when the
//! later cadence began, and weighs what was observed of it in both. A mean over fewer than three
//! teams would be the figure of one or two, so it is withheld even where a stream publishes itself.
//! A cadence with a gap in coverage has no value, and neither has the one after it.

use super::at_work::attended;
use super::attention::{Attention, Grid, TEAM_DAY};
use super::bets::{concerns, decisions, phrase};
use super::cadences::Cadences;
use super::defaults::{CONTINUITY_TEAM_DAYS, TEAMS_PER_SLICE, XMR_MIN};
use super::definitions::FIRST;
use super::finding::{
    charted, finding, insufficient, measure, not_applicable, observe, portfolio, standing_of,
};
use super::report::{Finding, Measure, Question, Slice, Unit, Verdict};
use super::stats::xmr::Bounds;
use super::verdict::{Judged, direction, judge_cadences, newest};
use super::view::View;
use super::{Dataset, Scope, Signal, words};
use crate::model::{Category, FlowSegment, Period, StreamIx, Subject, TeamIx, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "T1",
    name: "Team continuity",
    question: Question::Investment,
    asks: "Are teams stable in what they serve?",
    definition: "How much of the teams' mix of streams stays the same from one cadence to the \
                 next, as a mean over teams weighted by attention, and how many teams were formed, \
                 dissolved and re-homed.",
    misreading: "Low continuity may be a sound change of direction; decisions of the same cadence \
                 stand beside it. It is never told of one team.",
    test: "A process-behaviour chart with one point for each complete cadence.",
    history: FIRST,
    evaluate,
};

/// `1 - TV` of two mixes in the same order, each in any unit; `None` when one of them is empty.
#[must_use]
pub fn continuity(before: &[i64], after: &[i64]) -> Option<f64> {
    let (p, q): (i64, i64) = (before.iter().sum(), after.iter().sum());
    if p <= 0 || q <= 0 {
        return None;
    }
    let share = |part: i64, of: i64| part as f64 / of as f64;
    let pairs = before.iter().zip(after);
    let apart: f64 = pairs.map(|(b, a)| (share(*b, p) - share(*a, q)).abs()).sum();
    Some((1.0 - apart / 2.0).clamp(0.0, 1.0))
}

/// What became of the declarations in one cadence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    pub formed: u64,
    pub dissolved: u64,
    pub rehomed: u64,
    pub streams_begun: u64,
    pub streams_ended: u64,
}

/// Counts what began, ended and moved in a period among the teams and streams that `wanted` selects
/// by stream: for a team its new home, or the last one.
pub fn changes(
    data: &Dataset,
    period: Period,
    wanted: impl Fn(Option<StreamIx>) -> bool,
) -> Changes {
    let mut changes = Changes::default();
    for team in &data.teams {
        let home = |at: Timestamp| team.home_at(at);
        let last = |at: Timestamp| home(at.plus_millis(-1));
        if period.contains(team.valid.from) && wanted(home(team.valid.from)) {
            changes.formed += 1;
        }
        if period.contains(team.valid.to) && wanted(last(team.valid.to)) {
            changes.dissolved += 1;
        }
        let moved = |from: &Timestamp| {
            period.contains(*from)
                && team.valid.contains(*from)
                && team.valid.from < *from
                && last(*from) != home(*from)
                && wanted(home(*from))
        };
        let starts: Vec<Timestamp> = team.home.iter().map(|(spell, _)| spell.from).collect();
        changes.rehomed += starts.iter().filter(|from| moved(from)).count() as u64;
    }
    for (ix, valid) in data.stream_valid.iter().enumerate() {
        let own = wanted(Some(StreamIx(u32::try_from(ix).unwrap_or(u32::MAX))));
        changes.streams_begun += u64::from(own && period.contains(valid.from));
        changes.streams_ended += u64::from(own && period.contains(valid.to));
    }
    changes
}

/// The teams' mixes by cadence: `mixes[team][cadence][stream]` in ticks, the last stream being none.
type Mixes = Vec<Vec<Vec<i64>>>;

fn mixes(view: &View<'_>, cadences: &Cadences) -> Mixes {
    let data = view.data;
    let streams = data.streams.len();
    let mut mixes = vec![vec![vec![0; streams + 1]; cadences.len()]; data.teams.len()];
    let (Some(from), Some(to)) = (cadences.edges.first(), cadences.edges.last()) else {
        return mixes;
    };
    let span = Period::new(*from, *to);
    let empty = Attention::empty(Grid::new(cadences.edges.clone()), Vec::new());
    let active = |segment: &FlowSegment| segment.flow() == Category::Active;
    let teams = attended(&view.recall, SIGNAL.id, data, &empty, span, active);
    for cell in teams.iter().flat_map(|team| &team.cells) {
        let stream = cell.target.stream.map_or(streams, |stream| (stream.0 as usize).min(streams));
        for (cadence, ticks) in cell.ticks.iter().enumerate() {
            mixes[cell.team.0 as usize][cadence][stream] += ticks;
        }
    }
    mixes
}

/// One slice in one cadence, compared with the one before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Point {
    /// Sum of continuity times weight, and of weights.
    weighted: f64,
    weight: f64,
    teams: usize,
    /// Teams of the slice that were there throughout and of which too little was observed.
    left_out: usize,
}

impl Point {
    fn mean(&self) -> Option<f64> {
        (self.teams >= TEAMS_PER_SLICE && self.weight > 0.0).then(|| self.weighted / self.weight)
    }
}

fn point(
    view: &View<'_>,
    cadences: &Cadences,
    mixes: &Mixes,
    cadence: usize,
    wanted: &dyn Fn(Option<StreamIx>) -> bool,
) -> Point {
    let mut point = Point::default();
    let Some(earlier) = cadence.checked_sub(1) else { return point };
    let span = Period::new(cadences.edges[earlier], cadences.edges[cadence + 1]);
    for (ix, mix) in mixes.iter().enumerate() {
        let team = view.data.team(TeamIx(u32::try_from(ix).unwrap_or(u32::MAX)));
        let throughout = team.valid.from <= span.from && team.valid.to >= span.to;
        if !throughout || !wanted(team.home_at(cadences.edges[cadence])) {
            continue;
        }
        let days = |mix: &[i64]| mix.iter().sum::<i64>() as f64 / TEAM_DAY;
        let seen = [days(&mix[earlier]), days(&mix[cadence])];
        match continuity(&mix[earlier], &mix[cadence]) {
            Some(value) if seen.iter().all(|days| *days >= CONTINUITY_TEAM_DAYS) => {
                let weight: f64 = seen.iter().sum();
                point.weighted += value * weight;
                point.weight += weight;
                point.teams += 1;
            }
            _ => point.left_out += 1,
        }
    }
    point
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let all = portfolio("All streams");
    let Some(cadences) = Cadences::new(view) else {
        return vec![finding(&SIGNAL, all, not_applicable("no cadence is declared"))];
    };
    if cadences.is_empty() {
        let why = "a change from one cadence to the next rests on complete cadences";
        return vec![finding(&SIGNAL, all, insufficient(0, XMR_MIN as u64 + 1, "cadences", why))];
    }
    let mixes = mixes(view, &cadences);
    let mut found = Vec::new();
    if *view.scope == Scope::Portfolio {
        found.push(told(view, all, &cadences, &mixes, &|_| true));
    }
    for (slice, _, streams) in view.stream_slices() {
        let own = |home: Option<StreamIx>| home.is_some_and(|home| streams.contains(&home));
        found.push(told(view, slice, &cadences, &mixes, &own));
    }
    found
}

fn told(
    view: &View<'_>,
    slice: Slice,
    cadences: &Cadences,
    mixes: &Mixes,
    wanted: &dyn Fn(Option<StreamIx>) -> bool,
) -> Finding {
    let newest_cadence = cadences.len() - 1;
    let points: Vec<Point> =
        (0..cadences.len()).map(|at| point(view, cadences, mixes, at, wanted)).collect();
    let covered = |at: usize| cadences.covered[at] && at > 0 && cadences.covered[at - 1];
    let values: Vec<Option<f64>> =
        points.iter().enumerate().map(|(at, point)| point.mean().filter(|_| covered(at))).collect();
    let judged = chart(view, cadences, &values);
    let have = values.iter().flatten().count();
    let last = points[newest_cadence];
    let mut found = match values[newest_cadence] {
        _ if have < XMR_MIN => finding(&SIGNAL, slice, too_few(have, last)),
        None => Finding { verdict: unseen(last), ..charted(&SIGNAL, slice, judged.clone()) },
        Some(_) => charted(&SIGNAL, slice, judged.clone()),
    };
    let period = cadences.period(newest_cadence);
    let changed = changes(view.data, period, wanted);
    if let (true, Some(value)) = (have >= XMR_MIN, values[newest_cadence]) {
        let mean = measure("continuity", value, Unit::Share, period);
        found.measures.push(Measure { n: Some(last.teams as u64), ..mean });
        let left = measure("teams_left_out", last.left_out as f64, Unit::Count, period);
        found.measures.push(left);
    }
    let count = |name, n: u64| measure(name, n as f64, Unit::Count, period);
    found.measures.extend([
        count("teams_formed", changed.formed),
        count("teams_dissolved", changed.dissolved),
        count("teams_rehomed", changed.rehomed),
        count("streams_begun", changed.streams_begun),
        count("streams_ended", changed.streams_ended),
    ]);
    if direction(&judged.verdict).is_some() && have >= XMR_MIN {
        found.observation = Some(observation(view, &found, &judged, last, changed, period));
    }
    found
}

fn few_teams(newest: Point) -> Option<Verdict> {
    let why = "a mean over fewer than three teams would be the figure of one or two";
    let (have, need) = (newest.teams as u64, TEAMS_PER_SLICE as u64);
    (have < need).then(|| insufficient(have, need, "teams", why))
}

/// The newest cadence has no value.
fn unseen(newest: Point) -> Verdict {
    let why = "the newest complete cadence, or the one before it, was not observed";
    few_teams(newest).unwrap_or_else(|| insufficient(0, 1, "cadence", why))
}

fn too_few(have: usize, newest: Point) -> Verdict {
    if let Some(verdict) = few_teams(newest).filter(|_| have == 0) {
        return verdict;
    }
    let why = "a usual range rests on at least six changes from one complete cadence to the next";
    insufficient(have as u64, XMR_MIN as u64, "cadences", why)
}

fn chart(view: &View<'_>, cadences: &Cadences, values: &[Option<f64>]) -> Judged {
    // The first cadence has none before it, and so no value.
    let shown: Vec<Period> = (1..cadences.len()).map(|at| cadences.period(at)).collect();
    judge_cadences(&shown, view.data.zone, &values[1..], Unit::Share, Bounds::SHARE)
}

fn observation(
    view: &View<'_>,
    found: &Finding,
    judged: &Judged,
    last: Point,
    changed: Changes,
    period: Period,
) -> super::report::Observation {
    let value = words::percent(newest(&judged.series).unwrap_or(0.0));
    let range = judged.series.limits.map_or_else(String::new, |limits| {
        let edge = |edge: Option<f64>, bound: f64| words::percent(edge.unwrap_or(bound));
        format!(
            " against a usual range of {} to {}",
            edge(limits.lower, 0.0),
            edge(limits.upper, 1.0)
        )
    });
    let n = judged.series.points.iter().filter(|point| point.value.is_some()).count();
    let evidence = format!(
        "{value} of what teams served stayed the same from one cadence to the next{range} \
         ({n} cadences, {} teams); {} formed, {} dissolved and {} re-homed.",
        last.teams,
        words::count(changed.formed, "team"),
        changed.dissolved,
        changed.rehomed,
    );
    // A decision about the whole portfolio may be why a stream's teams serve something else.
    let own = |subject: &Subject| *subject == Subject::Portfolio || concerns(view, subject);
    let taken: Vec<String> = decisions(view)
        .filter(|decision| period.contains(decision.effective_at) && own(&decision.subject))
        .map(|decision| words::quoted(&phrase(view.data, decision)))
        .collect();
    let beside = match taken.len() {
        0 => "No decision took effect in the same cadence.".to_owned(),
        _ => format!("In the same cadence took effect {}.", words::list(&taken)),
    };
    let left = match last.left_out {
        0 => String::new(),
        n => format!(" Of {} too little was observed.", words::count(n as u64, "more team")),
    };
    let subject = match found.slice.dimension {
        "portfolio" => "Team continuity".to_owned(),
        _ => format!("{}, team continuity", found.slice.name),
    };
    let uncertainty = format!("{} {beside}{left}", standing_of(judged));
    observe(&subject, &evidence, &uncertainty, "Was this change in what teams serve decided?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cadence;
    use crate::signals::dataset::CoverageSpan;
    use crate::signals::fixture::{at, item, portfolio as org, view};
    use crate::signals::report::Move;
    use chrono::NaiveDate;

    /// (S1 .8, S2 .2) and then (.5, .5).
    #[test]
    fn example() {
        let text = |before: &[i64], after: &[i64]| {
            continuity(before, after).map(|value| format!("{value:.2}"))
        };
        assert_eq!(text(&[8, 2], &[5, 5]).as_deref(), Some("0.70"));
        assert_eq!(text(&[8, 0], &[16, 0]).as_deref(), Some("1.00"));
        assert_eq!(text(&[8, 0], &[0, 3]).as_deref(), Some("0.00"));
        assert_eq!(text(&[8, 2], &[0, 0]), None);
    }

    /// `teams` teams and cadences of four weeks; team n works for its home for the first part of
    /// each cadence, and for stream 2 in the last `away[cadence] + n % 2` days.
    fn cadences(teams: usize, away: &[i64]) -> Dataset {
        let mut data = org(2, &vec![1; teams]);
        let anchor = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        data.cadences = vec![Cadence { id: "pi".into(), anchor, days: 28 }];
        let start = at("01-05");
        for team in 1..=teams {
            for (cadence, away) in away.iter().enumerate() {
                let day = |days: i64| {
                    let text = start.plus_days(28 * cadence as i64 + days).to_string();
                    text[5..10].to_owned()
                };
                let turn = 28 - away - i64::try_from(team % 2).unwrap();
                let (from, turn, to) = (day(0), day(turn), day(28));
                let key = format!("h{team}-{cadence}");
                let home = format!("T{team}/S1");
                item(&mut data, &key, &home, &[(&from, "Dev"), (&turn, "done")]);
                let key = format!("o{team}-{cadence}");
                let other = format!("T{team}/S2");
                item(&mut data, &key, &other, &[(&turn, "Dev"), (&to, "done")]);
            }
        }
        data
    }

    const EIGHT: [i64; 8] = [2, 3, 5, 8, 7, 10, 9, 24];

    #[test]
    fn a_break_is_seen_by_cadence() {
        let data = cadences(3, &EIGHT);
        let view = view(&data, "08-17");
        let found = &evaluate(&view)[0];
        assert_eq!(found.verdict, Verdict::New { direction: Move::Down }, "{found:?}");
        let series = found.series.as_ref().unwrap();
        assert_eq!((series.points.len(), series.weeks_per_point), (7, 4));
        // All three teams move by 15 of 28 days.
        assert_eq!(format!("{:.4}", found.measures[0].value), "0.4643");
        assert_eq!(found.measures[0].n, Some(3));
        let told = found.observation.as_ref().unwrap();
        assert!(told.evidence.starts_with("46 % of what teams served stayed the same"), "{told:?}");
        assert!(told.uncertainty.contains("No decision took effect in the same cadence."));
        // A stream sees the mean of its own teams.
        let own = Scope::Stream("s1".into());
        let view = View::new(&data, at("08-17"), at("08-17"), &own);
        let found = evaluate(&view);
        assert_eq!(found.iter().map(|f| f.slice.id.as_str()).collect::<Vec<_>>(), ["s1"]);
        assert_eq!(found[0].verdict, Verdict::New { direction: Move::Down });
    }

    #[test]
    fn a_newest_cadence_that_was_not_observed_is_told_as_one() {
        let mut data = cadences(3, &[2, 3, 5, 8, 12, 11, 9, 10]);
        let span =
            |from, to| CoverageSpan { connection: "jira".into(), period: Period::new(from, to) };
        data.coverage = vec![span(Timestamp::MIN, at("08-01")), span(at("08-03"), Timestamp::MAX)];
        let found = &evaluate(&view(&data, "08-17"))[0];
        assert!(
            matches!(found.verdict, Verdict::Insufficient { ref why, .. }
                if why == "the newest complete cadence, or the one before it, was not observed"),
            "{found:?}"
        );
    }

    #[test]
    fn before_six_values_there_are_counts_alone() {
        let mut data = cadences(6, &EIGHT[..6]);
        data.teams[0].home = vec![
            (Period::new(Timestamp::MIN, at("06-01")), StreamIx(0)),
            (Period::new(at("06-01"), Timestamp::MAX), StreamIx(1)),
        ];
        data.teams[1].valid = Period::new(at("06-01"), Timestamp::MAX);
        data.teams[2].valid = Period::new(Timestamp::MIN, at("06-08"));
        data.stream_valid = vec![Period::ALWAYS, Period::new(at("05-25"), Timestamp::MAX)];
        let view = view(&data, "06-22");
        let found = &evaluate(&view)[0];
        assert!(
            matches!(found.verdict, Verdict::Insufficient { need: 6, ref unit, .. } if unit == "cadences")
        );
        let counts: Vec<f64> = found.measures.iter().map(|measure| measure.value).collect();
        assert_eq!(counts, [1.0, 1.0, 1.0, 1.0, 0.0]);
        assert!(found.series.is_none());
    }

    /// Nothing is told of fewer than three teams, published stream or not.
    #[test]
    fn two_teams_have_no_mean() {
        let data = cadences(2, &EIGHT);
        for found in evaluate(&view(&data, "08-17")) {
            assert!(
                matches!(found.verdict, Verdict::Insufficient { need: 3, ref unit, .. } if unit == "teams"),
                "{found:?}"
            );
            assert!(found.measures.iter().all(|measure| measure.name != "continuity"));
            assert!(found.series.is_none() && found.observation.is_none());
        }
    }

    /// A gap in the newest cadence: its value is missing, and the counts are still told.
    #[test]
    fn a_cadence_with_a_gap_has_no_value() {
        let mut data = cadences(3, &EIGHT);
        let span = |from: Timestamp, to: Timestamp| CoverageSpan {
            connection: "jira".into(),
            period: Period::new(from, to),
        };
        data.coverage = vec![span(Timestamp::MIN, at("08-03")), span(at("08-04"), Timestamp::MAX)];
        let found = &evaluate(&view(&data, "08-17"))[0];
        assert!(
            matches!(&found.verdict, Verdict::Insufficient { unit, .. } if unit == "cadence"),
            "{found:?}"
        );
        assert!(found.observation.is_none());
        assert_eq!(found.measures[0].name, "teams_formed");
    }

    /// A team of which too little was observed is left out and counted; without a cadence nothing
    /// is asked.
    #[test]
    fn scarcely_seen_teams_are_left_out() {
        let mut data = cadences(4, &EIGHT);
        data.items.retain(|item| !item.key.starts_with("h4") || item.key == "h4-0");
        let found = &evaluate(&view(&data, "08-17"))[0];
        assert_eq!((found.measures[0].n, found.measures[1].value), (Some(3), 1.0));
        data.cadences.clear();
        let found = &evaluate(&view(&data, "08-17"))[0];
        assert!(matches!(found.verdict, Verdict::NotApplicable { .. }));
    }
}
