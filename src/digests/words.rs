//! Numbers and dates as a reader expects them.

use chrono::{DateTime, Datelike, Days, Timelike};
use chrono_tz::Tz;

use crate::portfolio as framework;
use crate::signals::report::{DueReview, Finding, Header, IntentRow, Move, Tally, Verdict};
use crate::signals::words::quoted;

/// A declared share, as it was written: "40 %" or "12.5 %". At most one decimal.
#[must_use]
pub fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).round() / 10.0;
    if (tenths - tenths.round()).abs() < 0.05 {
        format!("{tenths:.0} %")
    } else {
        format!("{tenths:.1} %")
    }
}

/// A whole percentage without the sign, for the inside of ranges.
#[must_use]
pub fn points(share: f64) -> String {
    format!("{:.0}", share * 100.0)
}

/// "35 to 45".
#[must_use]
pub fn range((low, high): (f64, f64)) -> String {
    format!("{} to {}", points(low), points(high))
}

/// The zone that a header names.
#[must_use]
pub fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// The line under the title.
#[must_use]
pub fn dateline(header: &Header) -> String {
    let zone = zone(&header.zone);
    let first = header.week.monday();
    let last = first + Days::new(6);
    let days = if first.month() == last.month() {
        format!("{} to {}", first.day(), last.format("%-d %B %Y"))
    } else {
        format!("{} to {}", first.format("%-d %B"), last.format("%-d %B %Y"))
    };
    // A framework without a cadence of its own has no word for it, and none is told.
    let named = header.cadence.as_ref().zip(framework::words(header.vocabulary).cadence);
    let cadence = named.map_or_else(String::new, |(cadence, word)| {
        format!(
            " {word} {} ({}), week {} of {}.",
            cadence.number, cadence.id, cadence.week, cadence.weeks
        )
    });
    let known = local(header.known.to_utc().with_timezone(&zone));
    format!("Week {}, {days} ({}).{cadence} Data as known on {known}.", header.week, header.zone)
}

/// "18 November 2026 05:00".
#[must_use]
pub fn local(at: DateTime<Tz>) -> String {
    format!("{} {:02}:{:02}", at.format("%-d %B %Y"), at.hour(), at.minute())
}

/// "About one of the confirmed observations may be a false alarm."
#[must_use]
pub fn false_alarms(tally: &Tally) -> String {
    let expected = tally.expected_false_alarms;
    if tally.series == 0 {
        return "No series was tested, so no false alarm is possible.".to_owned();
    }
    if tally.confirmed == 0 {
        return "No tested series is confirmed, so none of them can be a false alarm.".to_owned();
    }
    let amount = match expected.round() as u64 {
        0 => "Fewer than one of the confirmed observations may be a false alarm".to_owned(),
        many if many >= tally.confirmed => {
            "Each of the confirmed observations may be a false alarm".to_owned()
        }
        1 => "About one of the confirmed observations may be a false alarm".to_owned(),
        many => format!("About {many} of the confirmed observations may be false alarms"),
    };
    let Tally { series, confirmed, .. } = tally;
    format!(
        "{amount}: {confirmed} of {series} tested \
         series are confirmed, and {expected:.1} of as many in simulated organisations to which \
         nothing happened."
    )
}

/// "Within the usual range: 37 of 41 series. New, not yet confirmed: Fleet throughput (down)."
#[must_use]
pub fn standing(tally: &Tally, unconfirmed: &[String]) -> String {
    let mut text = match tally.series {
        0 => "No series has enough data for a usual range.".to_owned(),
        series => format!("Within the usual range: {} of {series} series.", tally.usual),
    };
    if !unconfirmed.is_empty() {
        text.push_str(&format!(" New, not yet confirmed: {}.", unconfirmed.join(", ")));
    }
    text
}

/// What a signal lacks, from the verdicts of all its findings: every reason once, with the amounts
/// of the finding that is nearest to enough.
#[must_use]
pub fn missing(verdicts: &[&Verdict]) -> String {
    /// How much there is, how much is needed, in which unit.
    type Amount<'a> = (u64, u64, &'a str);
    let mut reasons: Vec<(&str, Option<Amount<'_>>)> = Vec::new();
    for verdict in verdicts {
        let (why, amount) = match verdict {
            Verdict::Insufficient { have, need, unit, why } => (why, Some((*have, *need, &**unit))),
            Verdict::NotApplicable { why } => (why, None),
            _ => continue,
        };
        match reasons.iter_mut().find(|(known, _)| known == why) {
            Some((_, nearest)) => *nearest = (*nearest).max(amount),
            None => reasons.push((why, amount)),
        }
    }
    let amount = |(have, need, unit): Amount<'_>| {
        if (have, need) == (0, 1) {
            return String::new();
        }
        if let Some(whole) = unit.strip_prefix("percent of ") {
            return format!(" ({have} % of {whole}; {need} % would be enough)");
        }
        let more = match (unit, need.saturating_sub(have)) {
            ("weeks", 1) => "; 1 more week is needed".to_owned(),
            ("weeks", more) if more > 1 => format!("; {more} more weeks are needed"),
            _ => String::new(),
        };
        format!(" ({have} of {need} {unit}{more})")
    };
    let texts = reasons
        .into_iter()
        .map(|(why, nearest)| format!("{why}{}", nearest.map_or_else(String::new, amount)));
    texts.collect::<Vec<_>>().join("; ")
}

/// "Fleet throughput (down)".
#[must_use]
pub fn moved(finding: &Finding, direction: Move) -> String {
    let way = match direction {
        Move::Up => "up",
        Move::Down => "down",
    };
    let name = &finding.slice.name;
    match finding.signal {
        "P1" => format!("{name} attention ({way})"),
        "V1" => format!("{name} flow time ({way})"),
        "V2" => format!("{name} throughput ({way})"),
        "V3" => format!("{name} net flow ({way})"),
        "V4" => format!("{name} ageing ({way})"),
        "P3" => format!("{name} focus spread ({way})"),
        "T1" => format!("{name} team continuity ({way})"),
        "V5" => format!("{name} active share of started work ({way})"),
        "C3" => format!("{name} interval ({way})"),
        "C4" => format!("{name} finished and not released ({way})"),
        "C2" => format!("all waits for {name} ({way})"),
        "D2" => format!("{} ({way})", quoted(name)),
        // These slices are named for what is measured: a pair of streams, an outcome.
        _ => format!("{name} ({way})"),
    }
}

/// A verdict in words, without a full stop: "within its usual range". A run inside the range is
/// unlike the usual pattern as well.
#[must_use]
pub fn verdict(verdict: &Verdict) -> String {
    let way = |direction: &Move| match direction {
        Move::Up => "up",
        Move::Down => "down",
    };
    match verdict {
        Verdict::Confirmed { direction } => {
            format!("unlike its usual pattern, confirmed ({})", way(direction))
        }
        Verdict::New { direction } => {
            format!("unlike its usual pattern for the first time ({})", way(direction))
        }
        Verdict::Usual => "within its usual range".to_owned(),
        Verdict::Fact => "found; it is a fact and not tested".to_owned(),
        Verdict::Nothing => "nothing of the kind was found".to_owned(),
        Verdict::Described => "told as it is; no test is made".to_owned(),
        Verdict::Insufficient { .. } => format!("not enough data: {}", missing(&[verdict])),
        Verdict::NotApplicable { .. } => format!("not told here: {}", missing(&[verdict])),
    }
}

/// The cells of one row of the intent table.
#[must_use]
pub fn intent_cells(row: &IntentRow) -> [String; 5] {
    let declared = match (row.declared, row.band) {
        (Some(share), Some(band)) => format!("{} ({})", percent(share), range(band)),
        (Some(share), None) => percent(share),
        _ => "not declared".to_owned(),
    };
    [
        row.slice.name.clone(),
        declared,
        row.observed.map_or_else(|| "not enough data".to_owned(), crate::signals::words::percent),
        row.weekly.map_or_else(|| "–".to_owned(), range),
        row.state.clone(),
    ]
}

/// A decision whose review is due.
#[must_use]
pub fn due_review(due: &DueReview) -> String {
    format!(
        "{} {} (expected: {}; review date {} passed)",
        due.decision,
        quoted(&due.subject),
        due.expected,
        due.review_at.to_utc().format("%-d %B %Y")
    )
}

/// What every page says of itself at its end.
pub const REFUSED: &str = "This page contains no person, no team comparison, no dates to come and \
                           no completion figures.";

/// The header of the intent table, in the portfolio's words.
#[must_use]
pub fn intent_header(header: &Header) -> [&'static str; 5] {
    let stream = framework::words(header.vocabulary).stream;
    [stream, "Declared", "Attention, last 8 weeks", "Weekly range", "State"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_at_most_one_decimal() {
        assert_eq!(percent(0.4), "40 %");
        assert_eq!(percent(0.125), "12.5 %");
        assert_eq!(percent(0.33333), "33.3 %");
        assert_eq!(percent(0.99996), "100 %");
        assert_eq!(range((0.304, 0.358)), "30 to 36");
    }

    #[test]
    fn expected_false_alarms_are_said_in_words() {
        let tally = |series: u64| Tally {
            series,
            confirmed: 3,
            expected_false_alarms: series as f64 * 0.02,
            ..Tally::default()
        };
        assert!(false_alarms(&tally(41)).starts_with("About one of the confirmed"));
        assert!(false_alarms(&tally(7)).starts_with("Fewer than one"));
        assert!(false_alarms(&tally(100)).starts_with("About 2 "));
        let text = false_alarms(&tally(100));
        assert!(
            text.contains("3 of 100 tested series are confirmed, and 2.0 of as many"),
            "{text}"
        );
        assert!(false_alarms(&tally(140)).starts_with("Each of the confirmed"));
        let quiet = Tally { confirmed: 0, ..tally(41) };
        assert!(false_alarms(&quiet).starts_with("No tested series is confirmed"));
        assert_eq!(
            standing(&quiet, &["Fleet throughput (down)".to_owned()]),
            "Within the usual range: 0 of 41 series. New, not yet confirmed: Fleet throughput (down)."
        );
    }
}
