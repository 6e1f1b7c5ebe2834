//! O3 Evidence coverage.
//!
//! Question: how much of our investment could tell us whether it works? Reader: portfolio.
//! Definition: attention by the evidence level of the epic it went to. L0 no hypothesis, or no epic
//! at all; L1 a hypothesis is stated; L2 it is linked to an outcome measure; L3 the measure was read
//! before the first release; L4 it was read after it, within the last two cadences. Levels are
//! cumulative. Shares by level for the portfolio, each stream and each theme; what is linked to a
//! measure is split by value area. XmR (floor 0, ceil 1) on the weekly share of L3 and above.
//! Source: section 2.5 of the catalogue; value areas as in the Evidence-Based Management Guide.
//! Misreading: as a score of teams. A hypothesis belongs to the portfolio's decision; a boilerplate
//! one reaches L1 only, and the levels above it need data.
//!
//! What the catalogue leaves open. Each week is read with the levels as they stood at its end, so
//! that a reading taken later does not change the weeks before it. The last two cadences are twice
//! the length of the first declared cadence, counted back from there; without one, 26 weeks. Work
//! on one-off epics is left out and its share is told apart. Streams and themes are described, not
//! tested: their numbers are parts of the one that is. A share that was zero in every week has no
//! usual range and needs none; the page says that nothing of the kind was found.

use std::collections::BTreeMap;

use super::attention::{Cell, TEAM_DAY, sum};
use super::bets::{Evidence, level, read_at, recent};
use super::defaults::XMR_MIN;
use super::definitions::FIRST;
use super::finding::{charted, finding, measure, not_applicable, observe, standing_of};
use super::report::{Finding, Limits, Measure, Question, Slice, Unit, Verdict};
use super::slices::NONE;
use super::stats::xmr::Bounds;
use super::verdict::{Judged, direction, judge, newest};
use super::view::View;
use super::{Scope, Signal, p1_attention_share as p1, words};
use crate::model::{DAY_MS, Dimension, Period, Timestamp, ValueArea};

pub const SIGNAL: Signal = Signal {
    id: "O3",
    name: "Evidence coverage",
    question: Question::Investment,
    asks: "How much of our investment could tell us whether it works?",
    definition: "Attention by what the epic could tell: no hypothesis, a hypothesis, a linked \
                 outcome measure, a reading of it before the first release, a reading after it \
                 within two cadences. The weekly share with at least a baseline reading is charted.",
    misreading: "As a score of teams. Hypotheses belong to the portfolio's decision; one without a \
                 measure and readings stays at the first level.",
    test: "A process-behaviour chart of the weekly share of attention to bets without a reading \
           from before their release.",
    history: FIRST,
    evaluate,
};

/// The measures of the five levels.
const LEVELS: [&str; 5] =
    ["no_hypothesis", "hypothesis", "outcome_measure", "baseline_reading", "reading_after_release"];
/// The measures of the value areas, among attention linked to an outcome measure.
const AREAS: [(ValueArea, &str); 4] = [
    (ValueArea::Current, "current_value"),
    (ValueArea::Unrealised, "unrealised_value"),
    (ValueArea::TimeToMarket, "time_to_market"),
    (ValueArea::AbilityToInnovate, "ability_to_innovate"),
];

/// Attention by what it went to, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Spread {
    /// By evidence level, without one-off epics.
    levels: [i64; 5],
    /// By value area, of levels 2 and above.
    areas: [i64; 4],
    one_off: i64,
}

impl Spread {
    fn product(&self) -> i64 {
        self.levels.iter().sum()
    }

    /// At least a baseline reading.
    fn told(&self) -> i64 {
        self.levels[Evidence::Baseline as usize..].iter().sum()
    }

    fn share(&self, part: i64) -> f64 {
        part as f64 / self.product().max(1) as f64
    }
}

/// What is known of all epics, to tell their levels at any instant.
struct Bets<'a> {
    view: &'a View<'a>,
    /// When each measure was read.
    read: BTreeMap<&'a str, Vec<Timestamp>>,
}

impl<'a> Bets<'a> {
    fn new(view: &'a View<'a>) -> Self {
        let linked = view.data.epics.iter().filter_map(|epic| epic.outcome.as_deref());
        let mut read: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
        for measure in linked {
            read.entry(measure).or_insert_with(|| read_at(view, measure));
        }
        Self { view, read }
    }

    /// The level of each epic at an instant.
    fn levels(&self, at: Timestamp) -> Vec<Evidence> {
        let recent = recent(self.view.data, at);
        let epics = self.view.data.epics.iter().zip(self.view.first_releases.iter());
        epics
            .map(|(epic, first)| {
                let read = epic.outcome.as_deref().and_then(|measure| self.read.get(measure));
                level(epic, read.map_or(&[], Vec::as_slice), *first, recent)
            })
            .collect()
    }

    /// Where the attention of a period went, by the levels at its end.
    fn spread(&self, period: Period, mut wanted: impl FnMut(&Cell) -> bool) -> Spread {
        let data = self.view.data;
        let levels = self.levels(period.to);
        let buckets = self.view.attention.grid.buckets(period);
        let mut spread = Spread::default();
        for cell in self.view.attention.cells.iter().filter(|cell| wanted(cell)) {
            let ticks = sum(&cell.ticks, &buckets);
            let epic = cell.target.epic.map(|epic| epic.0 as usize);
            if data.one_off(cell.target.epic) {
                spread.one_off += ticks;
                continue;
            }
            let level = epic.map_or(Evidence::None, |epic| levels[epic]);
            spread.levels[level as usize] += ticks;
            let linked = epic.filter(|_| level >= Evidence::Measure);
            if let Some(area) = linked.and_then(|epic| self.area(epic)) {
                spread.areas[area] += ticks;
            }
        }
        spread
    }

    /// The place of an epic's value area.
    fn area(&self, epic: usize) -> Option<usize> {
        let data = self.view.data;
        let id = data.epics[epic].outcome.as_ref()?;
        let area = data.outcomes.iter().find(|measure| measure.id == *id)?.value_area;
        AREAS.iter().position(|(known, _)| *known == area)
    }
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let Some((slice, own)) = whole(view) else { return Vec::new() };
    if view.data.epics.is_empty() {
        let why = "no epic is known, so no attention went to a bet";
        return vec![finding(&SIGNAL, slice, not_applicable(why))];
    }
    let window = p1::window(view);
    if let Some(verdict) = p1::floor(view, window) {
        return vec![finding(&SIGNAL, slice, verdict)];
    }
    let bets = Bets::new(view);
    let mut found = vec![coverage(&bets, slice, window, own)];
    if own.is_none() {
        found.extend(slices(&bets, Dimension::Stream, window));
        let themes = &view.table(Dimension::Theme).slices.list;
        if themes.iter().any(|theme| theme.id != NONE) {
            found.extend(slices(&bets, Dimension::Theme, window));
        }
    }
    found
}

/// The slice of this reader's page, and its place among the streams unless it is everything.
fn whole(view: &View<'_>) -> Option<(Slice, Option<usize>)> {
    let slice = |dimension, id: &str| Slice {
        dimension,
        id: id.to_owned(),
        name: "Evidence coverage".to_owned(),
    };
    match view.scope {
        Scope::Portfolio => Some((slice("portfolio", "evidence"), None)),
        Scope::Stream(own) => {
            view.streams().find(own).map(|place| (slice("stream", own), Some(place)))
        }
    }
}

/// The finding that is tested and told.
fn coverage(bets: &Bets<'_>, slice: Slice, window: Period, own: Option<usize>) -> Finding {
    let view = bets.view;
    let wanted = |cell: &Cell| own.is_none_or(|stream| view.shown(cell.target.stream) == stream);
    let spread = bets.spread(window, wanted);
    if spread.product() == 0 {
        let why = "no attention went to work other than one-off epics in the window";
        return finding(&SIGNAL, slice, not_applicable(why));
    }
    let cells: Vec<(i64, i64)> = view
        .weeks
        .periods()
        .map(|week| bets.spread(week, wanted))
        .map(|week| (week.told(), week.product()))
        .collect();
    let weekly = p1::weekly(view, view.flow.since, cells);
    let present = weekly.cells.iter().flatten().count();
    let none = present >= XMR_MIN && weekly.cells.iter().flatten().all(|(told, _)| *told == 0);
    let mut judged = judge(&weekly, Unit::Share, Bounds::SHARE, &[1, 2, 4]);
    if none {
        judged.verdict = Verdict::Nothing;
    }
    let mut found = charted(&SIGNAL, slice, judged.clone());
    found.standing = true;
    found.measures = measures(&spread, window);
    found.items = without_baseline(bets, window, wanted);
    found.observation = told(&judged, present).map(|evidence| {
        let uncertainty = format!("{} {}", standing(&judged), by_level(&spread, window));
        let question = "What would tell us that these bets work?";
        observe("Evidence coverage", &evidence, &uncertainty, question)
    });
    found
}

/// The levels of each slice of a dimension, described.
fn slices(bets: &Bets<'_>, dimension: Dimension, window: Period) -> Vec<Finding> {
    let slices = &bets.view.table(dimension).slices;
    let of = |(place, slice): (usize, &Slice)| {
        let wanted = |cell: &Cell| {
            slices.of(cell.target.stream, cell.target.epic, cell.target.kind) == place
        };
        let spread = bets.spread(window, wanted);
        let days = (spread.product() + spread.one_off) as f64 / TEAM_DAY;
        if days <= 0.0 {
            return None;
        }
        if let Some(verdict) = p1::too_few_days(spread.product() as f64 / TEAM_DAY) {
            return Some(finding(&SIGNAL, slice.clone(), verdict));
        }
        let mut found = finding(&SIGNAL, slice.clone(), Verdict::Described);
        found.measures = measures(&spread, window);
        Some(found)
    };
    slices.list.iter().enumerate().filter_map(of).collect()
}

fn measures(spread: &Spread, window: Period) -> Vec<Measure> {
    let days = Some((spread.product() as f64 / TEAM_DAY).round() as u64);
    let share = |name, part: i64| Measure {
        n: days,
        ..measure(name, spread.share(part), Unit::Share, window)
    };
    let mut list = vec![share("below_baseline", spread.product() - spread.told())];
    list.extend(LEVELS.iter().zip(spread.levels).map(|(name, ticks)| share(name, ticks)));
    let areas = AREAS.iter().zip(spread.areas).filter(|(_, ticks)| *ticks > 0);
    list.extend(areas.map(|((_, name), ticks)| share(name, ticks)));
    if spread.one_off > 0 {
        let all = spread.product() + spread.one_off;
        let apart = spread.one_off as f64 / all as f64;
        let n = Some((all as f64 / TEAM_DAY).round() as u64);
        list.push(Measure { n, ..measure("one_off_apart", apart, Unit::Share, window) });
    }
    list
}

/// Epics that drew attention in the window without a baseline reading.
fn without_baseline(
    bets: &Bets<'_>,
    window: Period,
    wanted: impl Fn(&Cell) -> bool,
) -> Vec<String> {
    let data = bets.view.data;
    let levels = bets.levels(window.to);
    let buckets = bets.view.attention.grid.buckets(window);
    let cells = bets.view.attention.cells.iter().filter(|cell| wanted(cell));
    let mut keys: Vec<String> = cells
        .filter(|cell| sum(&cell.ticks, &buckets) > 0 && !data.one_off(cell.target.epic))
        .filter_map(|cell| cell.target.epic.map(|epic| epic.0 as usize))
        .filter(|epic| levels[*epic] < Evidence::Baseline)
        .map(|epic| data.epics[epic].id.clone())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// `58 % of attention in the week went to work with no baseline reading (usual range ...).`
fn told(judged: &Judged, present: usize) -> Option<String> {
    if judged.verdict == Verdict::Nothing {
        return Some(format!(
            "no attention went to work with a baseline reading in the newest {present} observed \
             weeks."
        ));
    }
    let series = &judged.series;
    let (limits, value) = (series.limits?, newest(series)?);
    let period = match series.weeks_per_point {
        1 => "in the week".to_owned(),
        weeks => format!("over the newest {weeks} weeks"),
    };
    Some(format!(
        "{} of attention {period} went to work with no baseline reading (usual range {}, {} \
         weeks).",
        words::percent(1.0 - value),
        words::percent_range(complement(&limits)),
        series.points.iter().filter(|point| point.value.is_some()).count()
            * series.weeks_per_point as usize,
    ))
}

/// The usual range of the rest of a share.
fn complement(limits: &Limits) -> (f64, f64) {
    (1.0 - limits.upper.unwrap_or(1.0), 1.0 - limits.lower.unwrap_or(0.0))
}

fn standing(judged: &Judged) -> String {
    let line = "it is a standing line in the last 4 weeks before a cadence boundary.";
    match direction(&judged.verdict) {
        Some(_) => standing_of(judged),
        None if judged.verdict == Verdict::Nothing => line.replacen("it is", "This is", 1),
        None => format!("The share has not changed; {line}"),
    }
}

/// `Over 12 weeks (480 team-days) 20 % had no hypothesis, ...`
fn by_level(spread: &Spread, window: Period) -> String {
    let part = |level: Evidence| {
        let share = words::percent(spread.share(spread.levels[level as usize]));
        format!("{share} with {}", level.words())
    };
    let present = |level: &Evidence| spread.levels[*level as usize] > 0;
    let parts: Vec<String> = Evidence::ALL.into_iter().filter(present).map(part).collect();
    format!(
        "Over {} weeks ({} team-days): {}. Work under no epic counts as work with no hypothesis.",
        (window.millis() + DAY_MS) / (7 * DAY_MS),
        words::number(spread.product() as f64 / TEAM_DAY),
        words::list(&parts),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cadence, Context, OutcomeMeasure, Precision, Reading, StreamIx};
    use crate::signals::Dataset;
    use crate::signals::dataset::{Epic, ReleaseFacts, Theme};
    use crate::signals::fixture::{at, epic, item, outcome_measure, portfolio, under, view};
    use crate::signals::report::{Move, Point, Series};

    fn bet(id: &str, outcome: Option<&str>) -> Epic {
        let (hypothesis, outcome) = (Some("It helps".into()), outcome.map(str::to_owned));
        Epic { hypothesis, outcome, stream: Some(StreamIx(0)), ..epic(id, &[]) }
    }

    fn outcome(id: &str, value_area: ValueArea) -> OutcomeMeasure {
        OutcomeMeasure { value_area, ..outcome_measure(id) }
    }

    fn reading(measure: &str, when: &str) -> Reading {
        Reading {
            measure: measure.into(),
            at: at(when),
            value: 1.0,
            source: "survey".into(),
            known_at: at(when),
        }
    }

    /// One team for a hundred days: 20 on no epic, 30 on a hypothesis alone, 10 on a measure that
    /// was never read, 25 on a baseline, 15 on a reading after release.
    fn hundred_days() -> Dataset {
        let mut data = portfolio(1, &[1]);
        data.epics = vec![
            bet("BET-1", None),
            bet("BET-2", Some("unread")),
            bet("BET-3", Some("before")),
            bet("BET-4", Some("after")),
        ];
        data.outcomes = vec![
            outcome("after", ValueArea::TimeToMarket),
            outcome("before", ValueArea::Current),
            outcome("unread", ValueArea::Current),
        ];
        let mut add = |key: &str, epic: Option<u32>, days: [&str; 3]| {
            let [from, touched, to] = days;
            let events = [(from, "Dev"), (touched, "Dev"), (to, "done")];
            let ix = item(&mut data, key, "T1/S1", &events);
            epic.into_iter().for_each(|epic| under(&mut data, ix, epic));
            ix
        };
        add("a", None, ["03-16", "03-20", "04-05"]);
        add("b", Some(0), ["04-05", "04-15", "05-05"]);
        add("c", Some(1), ["05-05", "05-06", "05-15"]);
        add("d", Some(2), ["05-15", "05-20", "06-09"]);
        let last = add("e", Some(3), ["06-09", "06-10", "06-24"]);
        data.releases = vec![ReleaseFacts {
            id: "r1".into(),
            name: "r1".into(),
            at: at("06-12"),
            items: vec![last],
            precision: Precision::Exact,
        }];
        data.readings =
            vec![reading("after", "06-01"), reading("after", "06-20"), reading("before", "06-01")];
        data
    }

    /// 20, 30, 10, 25 and 15 of 100: 0.60 below a baseline, 0.15 with a reading after release.
    #[test]
    fn example() {
        let data = hundred_days();
        let view = view(&data, "06-29");
        let spread = Bets::new(&view).spread(view.weeks.span(view.weeks.series()), |_| true);
        let days = spread.levels.map(|ticks| ticks as f64 / TEAM_DAY);
        assert_eq!(days, [20.0, 30.0, 10.0, 25.0, 15.0]);
        let whole = measures(&spread, view.window());
        let share = |name| whole.iter().find(|m| m.name == name).map(|m| format!("{:.2}", m.value));
        assert_eq!(share("below_baseline"), Some("0.60".into()));
        assert_eq!(share("reading_after_release"), Some("0.15".into()));
        assert_eq!(share("current_value"), Some("0.35".into()));
        assert_eq!(share("time_to_market"), Some("0.15".into()));
        assert_eq!((share("unrealised_value"), share("one_off_apart")), (None, None));
    }

    /// Twelve weeks of eighty days: the same levels, without the first twenty days.
    #[test]
    fn the_finding_names_what_lacks_a_baseline() {
        let data = hundred_days();
        let found = evaluate(&view(&data, "06-29"));
        let whole = &found[0];
        assert_eq!((whole.slice.id.as_str(), whole.standing), ("evidence", true));
        assert_eq!(whole.items, ["BET-1", "BET-2"]);
        assert!(whole.observation.is_none(), "too few weeks differ: {whole:?}");
        let stream = &found[1];
        assert_eq!((stream.slice.dimension, &stream.verdict), ("stream", &Verdict::Described));
        assert!(stream.observation.is_none() && !stream.tested);
    }

    /// A cadence of two weeks: the reading of 20 June is recent for four weeks.
    #[test]
    fn a_reading_grows_old() {
        let mut data = hundred_days();
        let anchor = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        data.cadences = vec![Cadence { id: "sprint".into(), anchor, days: 14 }];
        let level = |when: &str| {
            let view = view(&data, "09-07");
            Bets::new(&view).levels(at(when))[3]
        };
        // Before the release it is a baseline, and it is not known before it was taken.
        assert_eq!(level("06-01"), Evidence::Measure);
        assert_eq!(level("06-12"), Evidence::Baseline);
        assert_eq!(level("06-20"), Evidence::Baseline);
        assert_eq!(level("07-18"), Evidence::Reading);
        assert_eq!(level("07-19"), Evidence::Baseline);
        data.epics[3].hypothesis = None;
        let view = view(&data, "09-07");
        assert_eq!(Bets::new(&view).levels(at("07-18"))[3], Evidence::None, "levels build up");
    }

    /// A measure that was read only after the release has no baseline, however often it is read.
    #[test]
    fn without_a_baseline_later_readings_do_not_count() {
        let mut data = hundred_days();
        data.readings.retain(|reading| reading.at > at("06-12"));
        let view = view(&data, "06-29");
        assert_eq!(Bets::new(&view).levels(at("06-29"))[3], Evidence::Measure);
    }

    #[test]
    fn one_off_work_stands_apart() {
        let mut data = hundred_days();
        data.epics[0].context = Context::OneOff;
        let view = view(&data, "06-29");
        let spread = Bets::new(&view).spread(view.weeks.span(view.weeks.series()), |_| true);
        assert_eq!(spread.product() as f64 / TEAM_DAY, 70.0);
        let apart = measures(&spread, view.window()).pop().unwrap();
        assert_eq!((apart.name, format!("{:.2}", apart.value)), ("one_off_apart", "0.30".into()));
        let data = {
            data.epics.iter_mut().for_each(|e| e.context = Context::OneOff);
            data
        };
        let view = super::super::fixture::view(&data, "06-29");
        let window = Period::new(at("05-18"), at("06-29"));
        let only = coverage(&Bets::new(&view), whole(&view).unwrap().0, window, None);
        assert!(matches!(only.verdict, Verdict::NotApplicable { .. }), "{only:?}");
    }

    /// Nobody reads anything: no range is needed to say so, and it is a standing line.
    #[test]
    fn no_reading_at_all_is_told() {
        let mut data = hundred_days();
        data.readings.clear();
        data.themes = vec![Theme { id: "reach".into(), name: "New markets".into() }];
        data.epics[0].theme = Some(0);
        let found = evaluate(&view(&data, "06-29"));
        assert_eq!((&found[0].verdict, found[0].standing), (&Verdict::Nothing, true));
        assert!(!found[0].tested);
        let told = found[0].observation.clone().unwrap();
        assert_eq!(
            told.evidence,
            "no attention went to work with a baseline reading in the newest 15 observed weeks."
        );
        assert!(told.uncertainty.starts_with("This is a standing line in the last 4 weeks"));
        let names: Vec<(&str, &str)> =
            found.iter().map(|f| (f.slice.dimension, f.slice.name.as_str())).collect();
        let expected = [
            ("portfolio", "Evidence coverage"),
            ("stream", "S1"),
            ("theme", "New markets"),
            ("theme", "No theme"),
        ];
        assert_eq!(names, expected);
        // Of the thirty team-days 29 lie in the window: too few for shares of a theme.
        assert!(matches!(found[2].verdict, Verdict::Insufficient { have: 29, need: 40, .. }));
    }

    #[test]
    fn no_epic_and_too_little_attention() {
        let data = portfolio(1, &[1]);
        assert!(matches!(
            evaluate(&view(&data, "06-29"))[0].verdict,
            Verdict::NotApplicable { .. }
        ));
        let data = hundred_days();
        assert!(matches!(
            evaluate(&view(&data, "04-20"))[0].verdict,
            Verdict::Insufficient { need: 40, .. }
        ));
    }

    /// The sentence of the page of section 5.3: the range of what is charted, turned round.
    #[test]
    fn the_standing_line_tells_the_rest_of_the_charted_share() {
        let limits =
            Limits { centre: 0.435, lower: Some(0.36), upper: Some(0.51), provisional: false };
        let week = crate::model::Week::of(at("06-08"), chrono_tz::Tz::UTC);
        let points = vec![Point { week, value: Some(0.42) }; 26];
        let series = Series {
            unit: Unit::Share,
            weeks_per_point: 1,
            points,
            limits: Some(limits),
            fired: Vec::new(),
            patterns: Vec::new(),
        };
        let mut judged = Judged { verdict: Verdict::Usual, series, persistence: 0, tested: true };
        assert_eq!(
            told(&judged, 26).unwrap(),
            "58 % of attention in the week went to work with no baseline reading (usual range 49 % \
             to 64 %, 26 weeks)."
        );
        assert_eq!(
            standing(&judged),
            "The share has not changed; it is a standing line in the last 4 weeks before a cadence \
             boundary."
        );
        judged.verdict = Verdict::New { direction: Move::Up };
        assert!(standing(&judged).contains("for the first time"));
    }
}
