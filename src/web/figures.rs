//! The verdict and the numbers of a finding in words: each number with its unit, its window and
//! the sample that it rests on.

use chrono_tz::Tz;
use maud::{Markup, html};

use super::item_words::day;
use super::layout::{sentence, whole};
use super::measure_words;
use crate::digests::words;
use crate::model::{Period, Timestamp};
use crate::signals::report::{Finding, Measure, Move, Unit, Verdict};
use crate::signals::words::{number, value};

/// What a verdict says, as a sentence.
#[must_use]
pub fn verdict(verdict: &Verdict) -> String {
    sentence(&words::verdict(verdict))
}

/// The verdict in a word or two, for a list.
#[must_use]
pub fn short(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Confirmed { direction: Move::Up } => "up, confirmed",
        Verdict::Confirmed { direction: Move::Down } => "down, confirmed",
        Verdict::New { direction: Move::Up } => "up, for the first time",
        Verdict::New { direction: Move::Down } => "down, for the first time",
        Verdict::Usual => "as usual",
        Verdict::Fact => "found",
        Verdict::Nothing => "nothing found",
        Verdict::Described => "told as it is",
        Verdict::Insufficient { .. } => "not enough data",
        Verdict::NotApplicable { .. } => "not told here",
    }
}

/// A table of numbers, with the window they share above it; nothing when there are none.
#[must_use]
pub fn table(found: &Finding, about: &str, zone: Tz) -> Markup {
    // How much of all team time was seen belongs to the whole portfolio and to no slice of it.
    let shown: Vec<&Measure> = found.measures.iter().filter(|m| m.name != "coverage").collect();
    let shared = shown.first().and_then(|first| first.window);
    let ranged = shown.iter().any(|measure| measure.range.is_some());
    html! {
        @if !shown.is_empty() {
            div.scroll tabindex="0" role="region" aria-label=(format!("Numbers: {about}")) {
                table.figures.told {
                    thead { tr {
                        th scope="col" { @if let Some(window) = shared { (span(window, zone)) } @else { "Number" } }
                        th.n scope="col" { "Value" }
                        @if ranged { th.n scope="col" { "Range" } }
                        th.n scope="col" { "n" }
                    } }
                    tbody { @for measure in shown { (row(measure, shared, ranged, zone)) } }
                }
            }
        }
    }
}

fn row(measure: &Measure, shared: Option<Period>, ranged: bool, zone: Tz) -> Markup {
    let amount = |x: f64| whole(&value(x, measure.unit));
    let edge = |x: f64| match measure.unit {
        Unit::Share => whole(&value(x, measure.unit)),
        _ => number(x),
    };
    let own = measure.window.filter(|own| Some(*own) != shared);
    html! {
        tr {
            th.words scope="row" {
                (whole(&measure_words::name(measure)))
                @if let Some(window) = own { span.soft.small { " " (span(window, zone)) } }
            }
            td.n { (amount(measure.value)) }
            @if ranged {
                td.n { @if let Some((low, high)) = measure.range { (edge(low)) " to " (edge(high)) } @else { "–" } }
            }
            td.n { @if let Some(n) = measure.n { (n) } @else { "–" } }
        }
    }
}

/// "24 August 2026 to 15 November 2026", both days included; one day for an instant.
#[must_use]
pub fn span(window: Period, zone: Tz) -> String {
    let last = Timestamp::from_millis(window.to.millis() - 1);
    if window.millis() <= 0 {
        return day(window.to, zone);
    }
    format!("{} to {}", day(window.from, zone), day(last, zone))
}

/// "4.2 item-days", whole.
#[must_use]
pub fn item_days(days: f64) -> String {
    value(days, Unit::ItemDays)
}

/// The number of a finding by its stable name.
#[must_use]
pub fn of<'a>(found: &'a Finding, name: &str) -> Option<&'a Measure> {
    found.measures.iter().find(|measure| measure.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_tell_their_last_day() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let week = Period::new(at("2026-06-08T00:00:00Z"), at("2026-06-15T00:00:00Z"));
        assert_eq!(span(week, Tz::UTC), "8 June 2026 to 14 June 2026");
        let now = Period::new(week.to, week.to);
        assert_eq!(span(now, Tz::UTC), "15 June 2026");
    }

    #[test]
    fn verdicts_are_sentences() {
        let why = "P85 rests on twenty exits".to_owned();
        let short = Verdict::Insufficient { have: 3, need: 20, unit: "exits".into(), why };
        assert_eq!(verdict(&short), "Not enough data: P85 rests on twenty exits (3 of 20 exits).");
        let none = Verdict::NotApplicable { why: "no cadence is declared".into() };
        assert_eq!(verdict(&none), "Not told here: no cadence is declared.");
    }
}
