//! O1 Outcome movement.
//!
//! Question: did the measure move after we released? Reader: portfolio, stream, teams.
//! Definition: XmR whose baseline is the newest 26 readings before the first release of an epic
//! linked to the measure (at least 6), judged on the readings after it.
//! Source: section 2.5 of the catalogue; XmR as in Wheeler, Making Sense of Data.
//! Misreading: vanity measures, so value area and source are told. With several epics on one
//! measure all are named and the movement is attributed to none; it coincides, nothing more.

use super::bets::readings;
use super::defaults::{SERIES_WEEKS, XMR_MIN};
use super::definitions::FIRST;
use super::finding::{finding, insufficient, not_applicable, observe, portfolio};
use super::report::{
    Finding, Limits, Measure, Move, Observation, Point, Question, Series, Slice, Unit, Verdict,
};
use super::stats::xmr::{Bounds, Chart, Refusal};
use super::verdict::ladder;
use super::view::View;
use super::{Scope, Signal, words};
use crate::model::{Direction, OutcomeMeasure, Period, Reading, Week};

pub const SIGNAL: Signal = Signal {
    id: "O1",
    name: "Outcome movement",
    question: Question::Decision,
    asks: "Did the measure move after we released?",
    definition: "Readings after the first release of the linked epics, against the usual range of \
                 at least 6 readings before it.",
    misreading: "A movement coincides with a release; it is attributed to no epic. Vanity measures \
                 move easily, so value area and source are shown.",
    test: "A process-behaviour chart whose usual range is fixed by the readings before the \
           first release; a movement is one of the readings after it.",
    history: FIRST,
    evaluate,
};

/// Where a measure stands after the first release.
#[derive(Debug, Clone, PartialEq)]
pub enum Movement {
    Favourable(Chart),
    Unfavourable(Chart),
    /// No rule fires at the newest reading.
    None(Chart),
    NoBaseline {
        readings: usize,
    },
    /// The readings before the release are too alike for a range.
    Flat {
        distinct: usize,
    },
    NoReading,
}

/// Judges the readings after a release against those before it, at the newest reading.
#[must_use]
pub fn movement(before: &[f64], after: &[f64], wanted: Direction) -> Movement {
    if before.len() < XMR_MIN {
        return Movement::NoBaseline { readings: before.len() };
    }
    if after.is_empty() {
        return Movement::NoReading;
    }
    let base = &before[before.len().saturating_sub(SERIES_WEEKS)..];
    let values: Vec<Option<f64>> = base.iter().chain(after).copied().map(Some).collect();
    match Chart::new(&values, Bounds::NONE, Some(base.len())) {
        Err(Refusal::Chunky { distinct }) => Movement::Flat { distinct },
        Err(Refusal::TooFew { have }) => Movement::NoBaseline { readings: have },
        Ok(chart) => match (chart.direction_at(values.len() - 1), wanted) {
            (None, _) => Movement::None(chart),
            (Some(Move::Up), Direction::Up) | (Some(Move::Down), Direction::Down) => {
                Movement::Favourable(chart)
            }
            _ => Movement::Unfavourable(chart),
        },
    }
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    if view.data.outcomes.is_empty() {
        let why = "no outcome measure is declared";
        return vec![finding(&SIGNAL, portfolio("Outcomes"), not_applicable(why))];
    }
    let mut found: Vec<Finding> = view
        .data
        .outcomes
        .iter()
        .filter(|measure| match view.scope {
            Scope::Portfolio => true,
            Scope::Stream(own) => measure.stream.as_ref() == Some(own),
        })
        .map(|measure| outcome(view, measure))
        .collect();
    found.sort_by(|a, b| (&a.slice.name, &a.slice.id).cmp(&(&b.slice.name, &b.slice.id)));
    found
}

fn outcome(view: &View<'_>, measure: &OutcomeMeasure) -> Finding {
    let slice = Slice { dimension: "outcome", id: measure.id.clone(), name: measure.name.clone() };
    let linked: Vec<usize> = (0..view.data.epics.len())
        .filter(|ix| view.data.epics[*ix].outcome.as_ref() == Some(&measure.id))
        .collect();
    if linked.is_empty() {
        let why = "no epic names this measure as its outcome";
        return finding(&SIGNAL, slice, not_applicable(why));
    }
    let Some(release) = linked.iter().filter_map(|ix| view.first_releases[*ix]).min() else {
        let why = "no release of a linked epic is recorded, so there is no before and after";
        return finding(&SIGNAL, slice, not_applicable(why));
    };
    let list = readings(view.data, &measure.id, (view.as_of, view.known));
    let split = list.partition_point(|reading| reading.at < release);
    let values: Vec<f64> = list.iter().map(|reading| reading.value).collect();
    let moved = movement(&values[..split], &values[split..], measure.direction);
    let after = (values.len() - split) as u64;
    let verdict = match &moved {
        Movement::NoBaseline { readings } => {
            let why = "a usual range rests on at least six readings before the first release";
            insufficient(*readings as u64, XMR_MIN as u64, "readings", why)
        }
        Movement::Flat { distinct } => {
            let why = "the readings before the release are too alike for a usual range";
            insufficient(*distinct as u64, 4, "distinct values", why)
        }
        Movement::NoReading => {
            insufficient(0, 1, "readings", "the measure was not read since the first release")
        }
        Movement::None(_) => Verdict::Usual,
        Movement::Favourable(chart) | Movement::Unfavourable(chart) => {
            ladder(chart, split.min(SERIES_WEEKS) + values.len() - split)
        }
    };
    let mut found = finding(&SIGNAL, slice, verdict);
    let (Movement::Favourable(chart) | Movement::Unfavourable(chart) | Movement::None(chart)) =
        &moved
    else {
        return found;
    };
    let start = split.saturating_sub(SERIES_WEEKS);
    found.series = Some(series(view, &list[start..], chart));
    found.persistence = run(chart, split - start, list.len() - start);
    found.tested = true;
    let window = Period::new(release, view.as_of);
    let newest = values[values.len() - 1];
    found.measures = vec![
        Measure {
            n: Some(after),
            range: Some((chart.lnpl, chart.unpl)),
            ..super::finding::measure("newest_reading", newest, Unit::Outcome, window)
        },
        Measure {
            n: Some((split - start) as u64),
            ..super::finding::measure("baseline", chart.centre, Unit::Outcome, window)
        },
    ];
    found.items = linked.iter().map(|ix| view.data.epics[*ix].id.clone()).collect();
    let numbers = Numbers { newest, after, run: found.persistence };
    found.observation = Some(tell(view, measure, &moved, chart, &linked, &list, numbers));
    found
}

/// Readings in a row, the newest included, at which a rule fired in the direction of the newest.
fn run(chart: &Chart, first_after: usize, end: usize) -> u32 {
    let Some(direction) = chart.direction_at(end - 1) else { return 0 };
    let held = (first_after..end).rev().take_while(|ix| chart.direction_at(*ix) == Some(direction));
    u32::try_from(held.count()).unwrap_or(u32::MAX)
}

fn series(view: &View<'_>, readings: &[&Reading], chart: &Chart) -> Series {
    let point = |reading: &&Reading| Point {
        week: Week::of(reading.at, view.data.zone),
        value: Some(reading.value),
    };
    let (fired, patterns) = chart.patterns();
    Series {
        unit: Unit::Outcome,
        weeks_per_point: 1,
        points: readings.iter().map(point).collect(),
        limits: Some(Limits {
            centre: chart.centre,
            lower: Some(chart.lnpl),
            upper: Some(chart.unpl),
            provisional: chart.provisional,
        }),
        fired,
        patterns,
    }
}

struct Numbers {
    newest: f64,
    after: u64,
    run: u32,
}

fn tell(
    view: &View<'_>,
    measure: &OutcomeMeasure,
    moved: &Movement,
    chart: &Chart,
    linked: &[usize],
    readings: &[&Reading],
    numbers: Numbers,
) -> Observation {
    let Numbers { newest, after, run } = numbers;
    let readings_text = words::count(after, "reading");
    let range = format!("{} to {}", words::number(chart.lnpl), words::number(chart.unpl));
    let unit = if measure.unit.is_empty() { String::new() } else { format!(" {}", measure.unit) };
    let evidence = if let Movement::None(_) = moved {
        format!(
            "no detectable movement since the first release ({readings_text}; newest {}{unit}, \
             usual range {range}).",
            words::number(newest)
        )
    } else {
        let beyond = match run {
            0 | 1 => "outside the earlier pattern at the newest".to_owned(),
            n => {
                let since = after - u64::from(n) + 1;
                format!("outside the earlier pattern from the {} on", words::ordinal(since))
            }
        };
        let towards =
            if matches!(moved, Movement::Favourable(_)) { "favourably" } else { "unfavourably" };
        format!(
            "moved {towards} from about {} to {}{unit} since the first release ({readings_text}, \
             {beyond}; usual range {range}).",
            words::number(chart.centre),
            words::number(newest),
        )
    };
    let titles: Vec<String> = linked.iter().map(|ix| words::quoted(view.epic_title(*ix))).collect();
    let source = readings.last().map_or("", |reading| reading.source.as_str());
    let mut uncertainty = match moved {
        Movement::None(_) => format!("Linked to {}.", words::list(&titles)),
        _ if titles.len() == 1 => {
            format!(
                "The movement coincides with the release of {}; other things changed as well.",
                titles[0]
            )
        }
        _ => format!(
            "The movement coincides with the releases of {} and is attributed to none of them.",
            words::list(&titles)
        ),
    };
    if chart.provisional {
        uncertainty.push_str(" The range is provisional, for it rests on fewer than 12 readings.");
    }
    if !source.is_empty() {
        uncertainty.push_str(&format!(" Source of the readings: {}.", words::quoted(source)));
    }
    let question = match moved {
        Movement::None(_) => "What would be the first sign of movement?",
        _ => "What would it take to believe it?",
    };
    observe(&measure.name, &evidence, &uncertainty, question)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: [f64; 10] = [42.0, 44.0, 41.0, 43.0, 45.0, 42.0, 44.0, 43.0, 41.0, 45.0];

    /// O1: the fifth reading lies beyond the limit; the fourth does not.
    #[test]
    fn example() {
        let after = [44.0, 46.0, 48.0, 49.0, 50.0];
        assert!(matches!(movement(&BEFORE, &after, Direction::Up), Movement::Favourable(_)));
        assert!(matches!(movement(&BEFORE, &after, Direction::Down), Movement::Unfavourable(_)));
        assert!(matches!(movement(&BEFORE, &after[..2], Direction::Up), Movement::None(_)));
    }

    #[test]
    fn no_baseline_and_no_reading() {
        let few = movement(&BEFORE[..5], &[50.0], Direction::Up);
        assert_eq!(few, Movement::NoBaseline { readings: 5 });
        assert_eq!(movement(&BEFORE, &[], Direction::Up), Movement::NoReading);
        assert_eq!(movement(&[1.0; 8], &[2.0], Direction::Up), Movement::Flat { distinct: 1 });
    }
}
