//! How numbers become words. Percentages follow section 0.10 of the catalogue.

use super::defaults::{K_OF_N_FROM, PERCENT_FROM};
use super::report::Unit;
use super::stats::wilson::wilson95;
use crate::model::DAY_MS;

/// `31 %`; below one percent `0.4 %`. What is not zero never reads as zero.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value {
        v if v > 0.0 && v < 0.05 => "less than 0.1 %".to_owned(),
        v if v > 0.0 && v < 0.95 => format!("{v:.1} %"),
        v => format!("{v:.0} %"),
    }
}

/// `31 % to 33 %`.
#[must_use]
pub fn percent_range((low, high): (f64, f64)) -> String {
    format!("{} to {}", percent(low), percent(high))
}

/// A quantity: whole from ten on, one decimal below.
#[must_use]
pub fn number(value: f64) -> String {
    let text = if value.abs() >= 9.95 { format!("{value:.0}") } else { format!("{value:.1}") };
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A number in its unit, without the unit's name for counts.
#[must_use]
pub fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => percent(value),
        Unit::SharePoints => format!("{} percentage points", number(value * 100.0)),
        Unit::TeamDays => format!("{} team-days", number(value)),
        Unit::ItemDays => format!("{} item-days", number(value)),
        Unit::Days => match number(value).as_str() {
            "1" => "1 day".to_owned(),
            days => format!("{days} days"),
        },
        Unit::ItemsPerWeek => format!("{} items a week", number(value)),
        Unit::Items => format!("{} items", number(value)),
        Unit::Weeks => match number(value).as_str() {
            "1" => "1 week".to_owned(),
            weeks => format!("{weeks} weeks"),
        },
        Unit::PValue => p_value(value),
        Unit::Count | Unit::Outcome => number(value),
    }
}

/// `p = 0.002`, `p below 0.001`.
#[must_use]
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "p below 0.001".to_owned() } else { format!("p = {p:.3}") }
}

/// `about 2 of 1000 cases (p = 0.002)`: how often chance alone would do as much.
#[must_use]
pub fn by_chance(p: f64) -> String {
    let often =
        if p < 0.001 { "fewer than 1".to_owned() } else { format!("about {:.0}", p * 1000.0) };
    format!("{often} of 1000 cases ({})", p_value(p))
}

/// `k of n` as section 0.10 allows: a percentage from twenty on, a range from five on.
#[must_use]
pub fn proportion(k: u64, n: u64) -> String {
    if n >= PERCENT_FROM {
        return format!("{} ({k} of {n})", percent(k as f64 / n as f64));
    }
    match wilson95(k, n) {
        Some(range) if n >= K_OF_N_FROM => {
            format!("{k} of {n} (plausibly {})", percent_range(range))
        }
        _ => format!("{k} of {n}"),
    }
}

/// `k of n` where all n were counted, so that nothing is estimated: a percentage from twenty on.
#[must_use]
pub fn part(k: u64, n: u64) -> String {
    if n >= PERCENT_FROM { proportion(k, n) } else { format!("{k} of {n}") }
}

/// `1 item`, `3 items`.
#[must_use]
pub fn count(n: u64, singular: &str) -> String {
    if n == 1 { format!("1 {singular}") } else { format!("{n} {singular}s") }
}

/// `A`, `A and B`, `A, B and C`.
#[must_use]
pub fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// `"Wallet"`; a title's own quotation marks become single ones.
#[must_use]
pub fn quoted(title: &str) -> String {
    format!("\"{}\"", title.replace('"', "'"))
}

/// `1st`, `2nd`, `4th`, `11th`.
#[must_use]
pub fn ordinal(n: u64) -> String {
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// Milliseconds as days.
#[must_use]
pub fn days(millis: i64) -> f64 {
    millis as f64 / DAY_MS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        assert_eq!(percent_range((0.3, 0.3346)), "30 % to 33 %");
        assert_eq!(percent(0.004), "0.4 %");
        assert_eq!(percent(0.0001), "less than 0.1 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.0098), "1 %");
        assert_eq!(number(61.4), "61");
        assert_eq!(number(7.25), "7.2");
        assert_eq!(number(2.0), "2");
        assert_eq!(ordinal(22), "22nd");
        assert_eq!(ordinal(112), "112th");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }

    /// Below twenty no percentage stands for the proportion; below five no range either.
    #[test]
    fn small_numbers_stay_counts() {
        assert_eq!(proportion(6, 20), "30 % (6 of 20)");
        assert_eq!(proportion(1, 6), "1 of 6 (plausibly 3 % to 56 %)");
        assert_eq!(proportion(1, 4), "1 of 4");
        assert_eq!(part(6, 6), "6 of 6");
        assert_eq!(part(6, 20), "30 % (6 of 20)");
    }
}
