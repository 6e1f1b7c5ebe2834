//! Numbers in words: value, unit, range, sample, and the days that it rests on.

use chrono::Duration;
use chrono_tz::Tz;

use crate::digests::words as digest_words;
use crate::model::Period;
use crate::signals::report::{Finding, Measure, Unit};

/// Which days the numbers of a signal rest on. Where it is the same span for all of them, it is
/// told once.
pub(crate) struct Spans {
    zone: Tz,
    shared: Option<Period>,
}

impl Spans {
    /// `zone` is the IANA name in a report's header.
    pub(crate) fn of<'a>(findings: impl Iterator<Item = &'a Finding>, zone: &str) -> Self {
        let mut windows = findings.flat_map(|one| &one.measures).map(|measure| measure.window);
        let first = windows.next().flatten();
        let shared = first.filter(|first| windows.all(|window| window == Some(*first)));
        Self { zone: digest_words::zone(zone), shared }
    }

    /// ", 2026-08-24 to 2026-11-15" behind the name of the signal; empty where spans differ.
    pub(crate) fn head(&self) -> String {
        self.shared.map_or_else(String::new, |window| format!(", {}", self.days(window)))
    }

    /// "share 33.1 % (31.0 % to 33.2 %), n=472"; "p50 7.17 days (7.03 to 7.78), n=367".
    pub(crate) fn told(&self, measure: &Measure) -> String {
        let text = told(measure);
        match measure.window.filter(|window| self.shared != Some(*window)) {
            Some(window) => format!("{text}, {}", self.days(window)),
            None => text,
        }
    }

    /// First and last day; one instant is "at" its day.
    fn days(&self, window: Period) -> String {
        let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&self.zone).date_naive();
        let (from, to) = (window.from.to_utc(), window.to.to_utc());
        if from == to {
            return format!("at {}", day(from));
        }
        format!("{} to {}", day(from), day(to - Duration::milliseconds(1)))
    }
}

fn told(measure: &Measure) -> String {
    let value = |v: f64| match measure.unit {
        Unit::Share => format!("{:.1} %", v * 100.0),
        Unit::SharePoints => format!("{:+.1} points", v * 100.0),
        Unit::PValue if v < 0.0001 => "below 0.0001".to_owned(),
        Unit::PValue => format!("{v:.4}"),
        Unit::Items | Unit::Count if v.fract().abs() < 1e-9 => format!("{v:.0}"),
        _ => format!("{v:.2}"),
    };
    let unit = match measure.unit {
        Unit::TeamDays if measure.name != "team_days" => " team-days",
        Unit::ItemDays => " item-days",
        Unit::Days => " days",
        Unit::Weeks => " weeks",
        Unit::ItemsPerWeek => " items a week",
        _ => "",
    };
    let name = measure.name.replace('_', " ");
    let mut text = format!("{name} {}{unit}", value(measure.value));
    if let Some((low, high)) = measure.range {
        text.push_str(&format!(" ({} to {})", value(low), value(high)));
    }
    if let Some(n) = measure.n {
        text.push_str(&format!(", n={n}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn measure(from: &str, to: &str) -> Measure {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        Measure {
            name: "share",
            value: 0.331,
            unit: Unit::Share,
            n: Some(472),
            range: Some((0.31, 0.332)),
            window: Some(Period::new(at(from), at(to))),
        }
    }

    #[test]
    fn a_span_is_told_in_days_of_the_portfolio() {
        let spans = Spans { zone: chrono_tz::Europe::Berlin, shared: None };
        let weeks = measure("2026-08-23T22:00:00Z", "2026-11-15T23:00:00Z");
        let told = "share 33.1 % (31.0 % to 33.2 %), n=472, 2026-08-24 to 2026-11-15";
        assert_eq!(spans.told(&weeks), told);
        let now = measure("2026-11-15T23:00:00Z", "2026-11-15T23:00:00Z");
        assert!(spans.told(&now).ends_with("n=472, at 2026-11-16"));
        let shared = Spans { shared: weeks.window, ..spans };
        assert_eq!(shared.head(), ", 2026-08-24 to 2026-11-15");
        assert!(shared.told(&weeks).ends_with("n=472"));
    }
}
