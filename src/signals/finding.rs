//! Building findings, and the phrases that all observations share.

use super::Signal;
use super::report::{Finding, Measure, Move, Observation, Slice, Unit, Verdict};
use super::verdict::{Judged, newest};
use super::words;
use crate::model::Period;

/// A finding without numbers, to be completed.
#[must_use]
pub fn finding(signal: &Signal, slice: Slice, verdict: Verdict) -> Finding {
    Finding {
        signal: signal.id,
        question: signal.question,
        slice,
        verdict,
        measures: Vec::new(),
        series: None,
        curve: None,
        parts: Vec::new(),
        observation: None,
        persistence: 0,
        standing: false,
        tested: false,
        portfolio_headline: true,
        items: Vec::new(),
    }
}

/// A finding with a chart and its verdict.
#[must_use]
pub fn charted(signal: &Signal, slice: Slice, judged: Judged) -> Finding {
    let Judged { verdict, series, persistence, tested } = judged;
    Finding { series: Some(series), persistence, tested, ..finding(signal, slice, verdict) }
}

/// The slice of a finding about everything.
#[must_use]
pub fn portfolio(name: &str) -> Slice {
    portfolio_wide("portfolio", name)
}

/// The slice of a finding about one matter of the whole portfolio.
#[must_use]
pub fn portfolio_wide(id: &str, name: &str) -> Slice {
    Slice { dimension: "portfolio", id: id.to_owned(), name: name.to_owned() }
}

/// "The question cannot be put to this data."
#[must_use]
pub fn not_applicable(why: &str) -> Verdict {
    Verdict::NotApplicable { why: why.to_owned() }
}

#[must_use]
pub fn insufficient(have: u64, need: u64, unit: &str, why: &str) -> Verdict {
    Verdict::Insufficient { have, need, unit: unit.to_owned(), why: why.to_owned() }
}

/// A number with its window and sample size.
#[must_use]
pub fn measure(name: &'static str, value: f64, unit: Unit, window: Period) -> Measure {
    Measure { name, value, unit, n: None, range: None, window: Some(window) }
}

/// Three sentences; empty when the signal has nothing to tell.
#[must_use]
pub fn observe(subject: &str, evidence: &str, uncertainty: &str, question: &str) -> Observation {
    Observation {
        subject: subject.to_owned(),
        evidence: evidence.to_owned(),
        uncertainty: uncertainty.to_owned(),
        question: question.to_owned(),
    }
}

/// `61 item-days in the week against a usual range of 8 to 44 (26 weeks)`; `None` without a
/// newest value and limits.
#[must_use]
pub fn against_usual(judged: &Judged) -> Option<String> {
    against_usual_at(judged, "in the week")
}

/// The same for values that are read "at the end of the week".
#[must_use]
pub fn against_usual_at(judged: &Judged, when: &str) -> Option<String> {
    let series = &judged.series;
    let limits = series.limits?;
    let value = newest(series)?;
    let present = series.points.iter().filter(|point| point.value.is_some()).count();
    let weeks = present * series.weeks_per_point as usize;
    let bare = |x: f64| match series.unit {
        Unit::Share => words::percent(x),
        _ => words::number(x),
    };
    let range = match (limits.lower, limits.upper) {
        (Some(lower), Some(upper)) => {
            format!("a usual range of {} to {}", bare(lower), bare(upper))
        }
        (None, Some(upper)) => format!("a usual range of 0 to {}", bare(upper)),
        (Some(lower), None) => format!("a usual range from {} on", bare(lower)),
        // No average here: flow may be unsteady (H1), and then no mean is printed.
        (None, None) => "a usual range that spans every possible value".to_owned(),
    };
    let period = match series.weeks_per_point {
        1 => when.to_owned(),
        weeks => format!("a week over the newest {weeks} weeks"),
    };
    let value = match series.unit {
        Unit::ItemsPerWeek => format!("{} items", words::number(value)),
        unit => words::value(value, unit),
    };
    Some(format!("{value} {period} against {range} ({weeks} weeks)"))
}

/// What keeps a reader from reading too much into a chart.
#[must_use]
pub fn standing_of(judged: &Judged) -> String {
    let limits = judged.series.limits;
    let outside = newest(&judged.series).zip(limits).is_some_and(|(value, limits)| {
        limits.upper.is_some_and(|u| value > u) || limits.lower.is_some_and(|l| value < l)
    });
    let pattern = if outside {
        "It lies beyond its usual range"
    } else {
        "It forms an unusual run inside its usual range"
    };
    let (period, three) = match judged.series.weeks_per_point {
        1 => ("week".to_owned(), "three weeks".to_owned()),
        n => (format!("stretch of {n} weeks"), format!("three stretches of {n} weeks")),
    };
    let mut text = match judged.verdict {
        Verdict::Confirmed { .. } if judged.persistence > 1 => {
            let nth = words::ordinal(judged.persistence.into());
            format!("{pattern}, confirmed for the {nth} {period} in a row.")
        }
        Verdict::Confirmed { .. } => format!("{pattern} for the second time within {three}."),
        _ => format!("{pattern} for the first time; a second {period} would confirm it."),
    };
    if limits.is_some_and(|limits| limits.provisional) {
        text.push_str(" The range is provisional, for it rests on fewer than 12 points.");
    }
    text
}

/// "rose" or "fell".
#[must_use]
pub fn moved(direction: Move) -> &'static str {
    match direction {
        Move::Up => "rose",
        Move::Down => "fell",
    }
}
