//! D2 Decision follow-through.
//!
//! Question: after we decided to shift investment, did attention shift, and when? Reader:
//! portfolio leadership.
//! Definition: the 8 complete weeks before a decision takes effect make an XmR baseline of the
//! weekly share of its subject; the lag is the number of complete weeks until the first one beyond
//! the limit in the decided direction. `start`: first week with a share of 1 % or more; `stop`:
//! first of two weeks in a row below it. A target band, where stated, has its own first week.
//! Source: section 2.6 of the catalogue.
//! Misreading: slow follow-through can be sound (finishing first), so net flow (V3) of the stream and
//! its waits for others (C1) stand beside it. It measures the chain from decision to work, not
//! obedience; no team is named.

use super::attention::sum;
use super::bets::{concerns, decisions, phrase};
use super::calendar::Weeks;
use super::defaults::{
    FOLLOW_BASELINE, FOLLOW_BASELINE_MIN, INTENT_WEEKS, PRESENCE_SHARE, WINDOW_WEEKS,
};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, measure, not_applicable, observe, portfolio};
use super::report::{Finding, Measure, Move, Observation, Question, Slice, Unit, Verdict};
use super::slices::OTHER;
use super::stats::xmr::{Bounds, Chart, Refusal};
use super::view::{View, observed};
use super::waited;
use super::{Signal, h2_data_confidence as h2, v3_net_flow as v3, words};
use crate::model::{Decision, Dimension, Period, Subject, Timestamp, Verb};

pub const SIGNAL: Signal = Signal {
    id: "D2",
    name: "Decision follow-through",
    question: Question::Decision,
    asks: "After we decided to shift investment, did attention shift, and when?",
    definition: "Complete weeks until the weekly share of the decision's subject first lay beyond \
                 the range of the 8 weeks before it, in the decided direction.",
    misreading: "Slow can be sound: finishing first. It measures the chain from decision to work, \
                 not obedience.",
    test: "The range of the 8 weeks before the decision is the test: a week of the subject's \
           share beyond it in the decided direction.",
    history: FIRST,
    evaluate,
};

/// How attention followed one decision. Weeks count from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Follow {
    /// The baseline's chart, for verbs that have one.
    pub chart: Option<Chart>,
    /// First week beyond the limit, present, or absent, as the verb asks.
    pub shown: Option<usize>,
    /// First week inside the target band.
    pub in_band: Option<usize>,
    /// Weeks in which the condition held.
    pub held: usize,
}

/// Why a decision cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    Short {
        weeks: usize,
    },
    Chunky {
        distinct: usize,
    },
    /// The limit in the decided direction lies outside what is possible.
    NoLimit,
}

/// Follows weekly shares after a decision.
///
/// # Errors
/// Names what the baseline lacks; `start` and `stop` have no baseline.
pub fn follow(
    baseline: &[Option<f64>],
    after: &[Option<f64>],
    verb: Verb,
    target: Option<(f64, f64)>,
) -> Result<Follow, Obstacle> {
    let first = |holds: &dyn Fn(f64) -> bool| {
        after.iter().position(|share| share.is_some_and(holds)).map(|week| week + 1)
    };
    let count =
        |holds: &dyn Fn(f64) -> bool| after.iter().filter(|share| share.is_some_and(holds)).count();
    let in_band = target.and_then(|(low, high)| first(&|s| low <= s && s <= high));
    let present = |share: f64| share >= PRESENCE_SHARE;
    match verb {
        Verb::Start => {
            Ok(Follow { chart: None, shown: first(&present), in_band, held: count(&present) })
        }
        Verb::Stop => {
            let gone = |s: &Option<f64>| s.is_some_and(|s| s < PRESENCE_SHARE);
            let shown = after.windows(2).position(|two| two.iter().all(gone)).map(|at| at + 1);
            Ok(Follow {
                chart: None,
                shown,
                in_band,
                held: after.iter().filter(|s| gone(s)).count(),
            })
        }
        _ => {
            let weeks = baseline.iter().flatten().count();
            if weeks < FOLLOW_BASELINE_MIN {
                return Err(Obstacle::Short { weeks });
            }
            let values: Vec<Option<f64>> = baseline.iter().chain(after).copied().collect();
            let chart =
                Chart::new(&values, Bounds::SHARE, Some(baseline.len())).map_err(|e| match e {
                    Refusal::TooFew { have } => Obstacle::Short { weeks: have },
                    Refusal::Chunky { distinct } => Obstacle::Chunky { distinct },
                })?;
            let (lower, upper) = chart.drawn(Bounds::SHARE);
            let up = verb == Verb::More;
            let limit = if up { upper } else { lower }.ok_or(Obstacle::NoLimit)?;
            let beyond = |share: f64| if up { share > limit } else { share < limit };
            let (shown, held) = (first(&beyond), count(&beyond));
            Ok(Follow { chart: Some(chart), shown, in_band, held })
        }
    }
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let mut any = false;
    let mut found: Vec<Finding> = Vec::new();
    for decision in decisions(view) {
        let shifts = matches!(decision.verb, Verb::More | Verb::Less | Verb::Start | Verb::Stop);
        if !shifts || decision.subject == Subject::Portfolio {
            continue;
        }
        any = true;
        let recent = decision.effective_at >= view.weeks.edges[0];
        if recent && decision.effective_at < view.as_of && concerns(view, &decision.subject) {
            found.push(judge(view, decision));
        }
    }
    if !any {
        let why = "no decision to start, stop, or give more or less to a stream, theme or epic is \
                   recorded";
        return vec![finding(&SIGNAL, portfolio("Decisions"), not_applicable(why))];
    }
    if found.is_empty() {
        return vec![finding(&SIGNAL, portfolio("Decisions"), Verdict::Nothing)];
    }
    found.sort_by(|a, b| (&a.slice.name, &a.slice.id).cmp(&(&b.slice.name, &b.slice.id)));
    found
}

/// Weekly shares of a decision's subject, or why there are none.
fn shares(view: &View<'_>, subject: &Subject) -> Result<Vec<Option<f64>>, &'static str> {
    let history = &view.history;
    let cells: Vec<(i64, i64)> = match subject {
        Subject::Stream(id) => {
            let table = view.table(Dimension::Stream);
            let slice = table.slices.showing(view.data, id).ok_or("the stream is not declared")?;
            if table.slices.list[slice].id == OTHER {
                return Err(
                    "the stream has fewer than three teams and is shown among other streams",
                );
            }
            view.attention.weekly(table, slice, history)
        }
        Subject::Theme(id) => {
            let table = view.table(Dimension::Theme);
            let slice = table.slices.showing(view.data, id).ok_or("the theme is not declared")?;
            view.attention.weekly(table, slice, history)
        }
        Subject::Epic(id) => {
            let epic = view.data.epics.iter().position(|epic| epic.id == *id);
            let epic = epic.ok_or("the epic is not known")?;
            epic_weeks(view, epic, history)
        }
        Subject::Portfolio => return Err("a decision about the whole portfolio has no share"),
    };
    let known = observed(history, view.flow.since);
    let share = |((part, all), known): ((i64, i64), bool)| {
        (known && all > 0).then(|| part as f64 / all as f64)
    };
    Ok(cells.into_iter().zip(known).map(share).collect())
}

fn epic_weeks(view: &View<'_>, epic: usize, weeks: &Weeks) -> Vec<(i64, i64)> {
    let buckets: Vec<_> = weeks
        .edges
        .windows(2)
        .map(|w| view.attention.grid.buckets(Period::new(w[0], w[1])))
        .collect();
    let mut cells: Vec<(i64, i64)> =
        buckets.iter().map(|b| (0, sum(&view.attention.observed, b))).collect();
    let own = view.attention.cells.iter();
    for cell in own.filter(|cell| cell.target.epic.is_some_and(|e| e.0 as usize == epic)) {
        for (week, buckets) in cells.iter_mut().zip(&buckets) {
            week.0 += sum(&cell.ticks, buckets);
        }
    }
    cells
}

fn judge(view: &View<'_>, decision: &Decision) -> Finding {
    let slice =
        Slice { dimension: "decision", id: decision.id.clone(), name: phrase(view.data, decision) };
    let shares = match shares(view, &decision.subject) {
        Ok(shares) => shares,
        Err(why) => return finding(&SIGNAL, slice, not_applicable(why)),
    };
    let edges = &view.history.edges;
    let at = decision.effective_at;
    let before = edges[1..].partition_point(|end| *end <= at);
    let after = edges[..edges.len() - 1].partition_point(|start| *start < at);
    let baseline = &shares[before.saturating_sub(FOLLOW_BASELINE)..before];
    let after = &shares[after..];
    let followed = match follow(baseline, after, decision.verb, decision.target) {
        Ok(followed) => followed,
        Err(obstacle) => return finding(&SIGNAL, slice, obstructed(obstacle)),
    };
    let direction = match decision.verb {
        Verb::More | Verb::Start => Move::Up,
        _ => Move::Down,
    };
    let verdict = match followed.shown {
        Some(_) if followed.held > 1 => Verdict::Confirmed { direction },
        Some(_) => Verdict::New { direction },
        None => Verdict::Usual,
    };
    let mut found = finding(&SIGNAL, slice, verdict);
    found.persistence = u32::try_from(followed.held).unwrap_or(u32::MAX);
    // Old news stays in the list and leaves the headlines.
    found.portfolio_headline = followed.shown.is_some_and(|week| after.len() - week < INTENT_WEEKS);
    let window = Period::new(at, view.as_of);
    let weeks = Some(after.len() as u64);
    let lag =
        |name, week: usize| Measure { n: weeks, ..measure(name, week as f64, Unit::Weeks, window) };
    found.measures.extend(followed.shown.map(|week| lag("lag", week)));
    found.measures.extend(followed.in_band.map(|week| lag("weeks_to_target", week)));
    if let Some(share) = after.iter().rev().flatten().next() {
        found.measures.push(measure("share", *share, Unit::Share, window));
    }
    let beside = Beside::new(view, &decision.subject);
    if let Some(beside) = &beside {
        let window = view.window();
        let items = |name, n: i64| measure(name, n as f64, Unit::Items, window);
        found.measures.push(items("entries", beside.entries));
        found.measures.push(items("exits", beside.exits));
        found.measures.push(measure("waited", words::days(beside.waited), Unit::ItemDays, window));
    }
    if !after.is_empty() {
        found.observation = Some(tell(view, decision, &followed, after, beside.as_ref()));
    }
    found
}

/// What else the stream of a decision's subject did over the window: work finished first, or waits.
struct Beside {
    stream: String,
    entries: i64,
    exits: i64,
    /// Item-milliseconds of waiting for other streams.
    waited: i64,
}

impl Beside {
    /// `None` for subjects without one published stream, and where the data cannot carry it.
    fn new(view: &View<'_>, subject: &Subject) -> Option<Self> {
        let id = match subject {
            Subject::Stream(id) => id,
            Subject::Epic(id) => {
                let epic = view.data.epics.iter().find(|epic| epic.id == *id)?;
                &view.data.stream(epic.stream?).id
            }
            Subject::Theme(_) | Subject::Portfolio => return None,
        };
        let place = view.streams().showing(view.data, id)?;
        let slices = view.all_stream_slices();
        let (slice, members, _) =
            slices.iter().find(|(slice, ..)| slice.id == view.streams().list[place].id)?;
        if slice.id == OTHER || h2::withheld(view, members, v3::SIGNAL.id).is_some() {
            return None;
        }
        let sum = v3::balance(view, place, &view.observed_of(members), 0);
        let waits = waited::by(view, "D2", |wait| waited::shown(view, wait).map(|(own, _)| own));
        let waited = waits.range((place, view.weeks.window().start)..(place + 1, 0));
        let waited = waited.map(|(_, millis)| millis).sum();
        Some(Self { stream: slice.name.clone(), entries: sum.entries, exits: sum.exits(), waited })
    }

    fn text(&self) -> String {
        let waited = match self.waited {
            0 => String::new(),
            waited => format!(
                "; its items waited {} for other streams",
                words::value(words::days(waited), Unit::ItemDays)
            ),
        };
        format!(
            " Over {WINDOW_WEEKS} weeks {} entered and {} left work in progress of {}{waited}.",
            words::count(self.entries.unsigned_abs(), "item"),
            self.exits,
            self.stream,
        )
    }
}

fn obstructed(obstacle: Obstacle) -> Verdict {
    match obstacle {
        Obstacle::Short { weeks } => insufficient(
            weeks as u64,
            FOLLOW_BASELINE_MIN as u64,
            "weeks",
            "the weeks before the decision make its baseline",
        ),
        Obstacle::Chunky { distinct } => insufficient(
            distinct as u64,
            4,
            "distinct values",
            "the shares before the decision are too alike for a usual range",
        ),
        Obstacle::NoLimit => not_applicable(
            "the earlier range reaches the end of what is possible, so no share lies beyond it",
        ),
    }
}

fn tell(
    view: &View<'_>,
    decision: &Decision,
    followed: &Follow,
    after: &[Option<f64>],
    beside: Option<&Beside>,
) -> Observation {
    let day = decision.effective_at.to_utc().with_timezone(&view.data.zone);
    let day = day.format("%-d %B %Y");
    let range = followed.chart.as_ref().map_or_else(String::new, |chart| {
        let low = words::percent(chart.lnpl.max(0.0));
        format!(" of {low} to {}", words::percent(chart.unpl.min(1.0)))
    });
    let condition = match decision.verb {
        Verb::Start => format!("a share of {}", words::percent(PRESENCE_SHARE)),
        Verb::Stop => format!("two weeks in a row below {}", words::percent(PRESENCE_SHARE)),
        _ => format!("attention beyond its earlier range{range}"),
    };
    let weeks = words::count(after.len() as u64, "complete week");
    let newest = after.iter().rev().flatten().next().copied();
    let newest =
        newest.map_or_else(String::new, |s| format!("; newest share {}", words::percent(s)));
    let evidence = match followed.shown {
        Some(week) => format!(
            "effective on {day}, it showed up as {condition} in the {} week ({weeks} since{newest}).",
            words::ordinal(week as u64)
        ),
        None => format!("effective on {day}, {condition} is not seen yet ({weeks} since{newest})."),
    };
    let mut uncertainty = "One decision is one observation.".to_owned();
    if let Some(week) = followed.in_band {
        let week = words::ordinal(week as u64);
        uncertainty.push_str(&format!(" The stated target was first met in the {week} week."));
    }
    if let Some(beside) = beside {
        uncertainty.push_str(&beside.text());
    }
    let others: Vec<String> = decisions(view)
        .filter(|other| other.id != decision.id && other.subject == decision.subject)
        .filter(|other| nearby(decision.effective_at, other.effective_at, view.as_of))
        .map(|other| words::quoted(&phrase(view.data, other)))
        .collect();
    if !others.is_empty() {
        let others = words::list(&others);
        uncertainty.push_str(&format!(" Other decisions fell into the same weeks: {others}."));
    }
    let question = match followed.shown {
        Some(1) => "Did the shift begin before the decision?".to_owned(),
        Some(week) => format!("Is a lag of {week} weeks soon enough for the bets we place?"),
        None => "What is the shift waiting for?".to_owned(),
    };
    observe(&words::quoted(&phrase(view.data, decision)), &evidence, &uncertainty, &question)
}

/// Inside the baseline or the weeks that followed.
fn nearby(effective: Timestamp, other: Timestamp, as_of: Timestamp) -> bool {
    let days = i64::try_from(FOLLOW_BASELINE * 7).unwrap_or(0);
    Period::new(effective.plus_days(-days), as_of).contains(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(list: &[f64]) -> Vec<Option<f64>> {
        list.iter().map(|share| Some(*share)).collect()
    }

    /// D2: beyond .257 in week 4, inside .28 to .32 in week 5.
    #[test]
    fn example() {
        let baseline = shares(&[0.20, 0.22, 0.19, 0.21, 0.20, 0.18, 0.21, 0.19]);
        let after = shares(&[0.21, 0.23, 0.24, 0.27, 0.29]);
        let target = Some((0.28, 0.32));
        let followed = follow(&baseline, &after, Verb::More, target).unwrap();
        let chart = followed.chart.unwrap();
        assert_eq!(format!("{:.2} {:.3}", chart.centre, chart.unpl), "0.20 0.257");
        assert_eq!((followed.shown, followed.in_band, followed.held), (Some(4), Some(5), 2));
        let less = follow(&baseline, &after, Verb::Less, None).unwrap();
        assert_eq!(less.shown, None);
    }

    #[test]
    fn start_stop_and_short_baselines() {
        let after = shares(&[0.0, 0.02, 0.005, 0.03, 0.0, 0.009]);
        let shown = |verb| follow(&[], &after, verb, None).unwrap().shown;
        assert_eq!(shown(Verb::Start), Some(2));
        assert_eq!(shown(Verb::Stop), Some(5));
        let five = shares(&[0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(follow(&five, &after, Verb::More, None), Err(Obstacle::Short { weeks: 5 }));
        let low = shares(&[0.0, 0.1, 0.0, 0.2, 0.05, 0.3]);
        assert_eq!(follow(&low, &after, Verb::Less, None), Err(Obstacle::NoLimit));
    }
}
