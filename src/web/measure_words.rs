//! The numbers of a finding in words, and as a table.

use chrono_tz::Tz;
use maud::{Markup, html};

use super::item_words::day;
use super::layout::{capital, whole};
use crate::digests::words::points;
use crate::model::Period;
use crate::signals::report::{Finding, Measure, Unit};
use crate::signals::words::{number, percent, proportion, value};

/// Shares of things that were counted one by one, which are told as counts where they are few.
const COUNTED: [&str; 4] = ["citing_share", "hit_share", "mid_cadence_share", "return_ratio"];

/// What each number is called, by its stable name. What is missing here is read as it is written.
const NAMES: [(&str, &str); 75] = [
    ("above_guardrail", "stays longer than the guardrail"),
    ("across_integrated", "bets across streams that were integrated"),
    ("across_moved_favourably", "bets across streams whose measure moved as hoped"),
    ("across_read", "bets across streams with an outcome reading"),
    ("across_started", "bets across streams that started"),
    ("active", "active time"),
    ("age_ratio", "age of work in progress, end over start"),
    ("awaited", "waiting for this stream"),
    ("baseline", "mean of the baseline readings"),
    ("below_baseline", "no reading from before the release"),
    ("baseline_reading", "of it: a reading from before the release"),
    ("changed_epic", "items that changed their epic"),
    ("citing_share", "decisions that cite evidence"),
    ("continuity", "mix of streams that stayed the same"),
    ("coverage", "team-days observed, of all"),
    ("cross_funded_share", "attention to other streams than the home"),
    ("declared", "declared share, with its band"),
    ("decisions_with_baseline", "decisions with a baseline reading"),
    ("decisions_with_hypothesis", "decisions with a hypothesis"),
    ("decisions_with_measure", "decisions with an outcome measure"),
    ("decisions_with_reading", "decisions with a reading after release"),
    ("decisions_without_hypothesis", "decisions without a hypothesis"),
    ("defect_days", "attention to defects"),
    ("dormant", "dormant epics"),
    ("effective_epics", "effective number of epics"),
    ("entries", "entries into work in progress"),
    ("entries_into_done", "items that entered done"),
    ("epics", "epics"),
    ("epics_started", "epics that started"),
    ("epics_with_evidence", "epics with a first reading"),
    ("epics_worked_on", "effective epics in the newest cadence"),
    ("epics_worked_on_before", "effective epics in the cadence before"),
    ("exits", "exits from work in progress"),
    ("expected", "older items that a steady flow would show"),
    ("failure_demand_share", "attention to defects, of all"),
    ("fields_asked_of_teams", "fields that teams are asked to fill in"),
    ("flow_debt", "age of work in progress over flow time"),
    ("flow_efficiency", "active part of started time"),
    ("gap", "share less declared share"),
    ("held", "finished and not released"),
    ("hits", "expectations that came out"),
    ("hit_share", "expectations that came out, of those decided"),
    ("hypothesis", "of it: a hypothesis and no measure"),
    ("imbalance", "difference of entries and exits"),
    ("in_progress", "in progress at the end"),
    ("interrupt_attention", "attention to epics started between boundaries"),
    ("lag", "until the share left its earlier range"),
    ("latent_links", "links between items of which none is started"),
    ("mean_flow_time", "mean flow time"),
    ("mean_in_progress", "mean in progress"),
    ("mid_cadence", "epics started between boundaries"),
    ("misses", "expectations that did not come out"),
    ("moved", "exits to another stream"),
    ("mutual_wait", "waiting for each other"),
    ("net", "entries less exits"),
    ("no_hypothesis", "of it: no hypothesis"),
    ("older", "items older than the usual age"),
    ("outcome_measure", "of it: a measure without any reading"),
    ("p", "chance of as much if nothing had changed"),
    ("p50", "half took at most"),
    ("p50_26_weeks_before", "half took at most, 26 weeks before"),
    ("p50_holding", "half of released items had waited at most"),
    ("p50_newest_12_weeks", "half took at most, newest 12 weeks"),
    ("p85", "85 of 100 took at most"),
    ("paths_through", "waiting paths that lead through this stream"),
    ("queue", "epics that wait for a decision"),
    ("relabelled_items", "items relabelled after work began"),
    ("return_ratio", "reopened, of those that entered done"),
    ("share", "share of attention"),
    ("share_counting_waiting", "the same if waiting items counted"),
    ("share_without_one_epic", "share without the largest epic"),
    ("total_variation", "attention whose move would close every gap"),
    ("undetermined", "expectations that are open"),
    ("unparented_share", "attention without an epic"),
    ("work_on_hand", "work in progress over the rate of delivery"),
];

/// The name of a number for people.
#[must_use]
pub fn name(measure: &Measure) -> String {
    let known = NAMES.iter().find(|(name, _)| *name == measure.name);
    capital(&known.map_or_else(|| measure.name.replace('_', " "), |(_, words)| (*words).to_owned()))
}

/// The value in its unit; a share of few things is told as counts.
#[must_use]
pub fn amount(measure: &Measure) -> String {
    match measure.n {
        Some(n) if COUNTED.contains(&measure.name) => {
            proportion((measure.value * n as f64).round() as u64, n)
        }
        _ => value(measure.value, measure.unit),
    }
}

/// Its plausible range.
#[must_use]
pub fn range(measure: &Measure) -> Option<String> {
    let (low, high) = measure.range?;
    // With few things the count itself tells the range.
    if COUNTED.contains(&measure.name) && measure.n.is_some_and(|n| n < 20) {
        return None;
    }
    let high_end = match measure.unit {
        _ if !high.is_finite() => "not reached".to_owned(),
        unit => value(high, unit),
    };
    Some(match measure.unit {
        Unit::Share => format!("{} to {high_end}", points(low)),
        _ => format!("{} to {high_end}", number(low)),
    })
}

/// "24 August 2026 to 15 November 2026", both days included; one day for an instant.
#[must_use]
pub fn span(window: Period, zone: Tz) -> String {
    if window.millis() <= 0 {
        return day(window.to, zone);
    }
    format!("{} to {}", day(window.from, zone), day(window.to.plus_millis(-1), zone))
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

/// All numbers of a finding, each with what is needed to read it, and the window they share above
/// them; nothing when there are none. What differs from the same number of `other` is marked;
/// `subject` tells one table of a page from another.
#[must_use]
pub fn table(found: &Finding, other: Option<&Finding>, subject: &str, zone: Tz) -> Markup {
    // How much of all team time was seen belongs to the whole portfolio and to no slice of it.
    let told = |m: &&Measure| m.name != "coverage" || found.slice.dimension == "portfolio";
    let shown: Vec<&Measure> = found.measures.iter().filter(told).collect();
    let shared = shown.first().and_then(|first| first.window);
    let ranged = shown.iter().any(|measure| range(measure).is_some());
    html! {
        @if !shown.is_empty() {
            div.scroll tabindex="0" role="region" aria-label=(format!("Numbers of {subject}")) {
                table.figures.told {
                    thead { tr {
                        th scope="col" { @if let Some(window) = shared { (span(window, zone)) } @else { "Number" } }
                        th.n scope="col" { "Value" }
                        @if ranged { th.n scope="col" { "Plausible range" } }
                        th.n scope="col" { "n" }
                    } }
                    tbody {
                        @for measure in shown {
                            @let twin = other.map(|other| of(other, measure.name));
                            @let window = measure.window.filter(|own| Some(*own) != shared);
                            tr {
                                th.words scope="row" {
                                    (whole(&name(measure)))
                                    @if let Some(window) = window { span.soft.small { " " (span(window, zone)) } }
                                }
                                (cell(measure, twin, |one| Some(amount(one))))
                                @if ranged { (cell(measure, twin, range)) }
                                (cell(measure, twin, |one| one.n.map(|n| n.to_string())))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One cell of a number, marked where its counterpart says something else.
fn cell(
    own: &Measure,
    twin: Option<Option<&Measure>>,
    text: impl Fn(&Measure) -> Option<String>,
) -> Markup {
    html! {
        td.n {
            @match text(own) {
                Some(told) => (marked(&told, twin.map(|twin| twin.and_then(&text)))),
                None => "–",
            }
        }
    }
}

/// What a number is made of, by name; nothing where it is told whole.
#[must_use]
pub fn parts(found: &Finding) -> Markup {
    let label = format!("Parts of {}", found.slice.name);
    html! {
        @if !found.parts.is_empty() {
            div.scroll tabindex="0" role="region" aria-label=(label) {
                table.figures {
                    thead { tr {
                        th scope="col" { "Part, by name" } th.n scope="col" { "Value" }
                        th.n scope="col" { "Of all parts" }
                    } }
                    tbody {
                        @for part in &found.parts {
                            tr {
                                th.words scope="row" { (part.name) }
                                td.n { (value(part.value, part.unit)) }
                                td.n { (whole(&percent(part.share))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A cell, marked where there is a counterpart that says something else.
#[must_use]
pub fn marked(text: &str, twin: Option<Option<String>>) -> Markup {
    let differs = twin.is_some_and(|twin| twin.as_deref() != Some(text));
    html! { @if differs { mark { (whole(text)) } } @else { (whole(text)) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn measure(name: &'static str, value: f64, unit: Unit, n: Option<u64>) -> Measure {
        Measure { name, value, unit, n, range: Some((0.03, 0.56)), window: None }
    }

    #[test]
    fn shares_of_few_things_are_counts() {
        let few = measure("citing_share", 1.0 / 6.0, Unit::Share, Some(6));
        assert_eq!(amount(&few), "1 of 6 (plausibly 3 % to 56 %)");
        assert_eq!(range(&few), None);
        let many = measure("citing_share", 0.25, Unit::Share, Some(40));
        assert_eq!(amount(&many), "25 % (10 of 40)");
        assert_eq!(range(&many).as_deref(), Some("3 to 56 %"));
        let attention = measure("share", 0.25, Unit::Share, Some(6));
        assert_eq!(amount(&attention), "25 %");
    }

    #[test]
    fn what_is_not_reached_is_said_in_words() {
        let open = Measure {
            range: Some((7.0, f64::INFINITY)),
            ..measure("p85", 9.0, Unit::Days, Some(20))
        };
        assert_eq!(
            (name(&open), range(&open)),
            ("85 of 100 took at most".into(), Some("7 to not reached".into()))
        );
    }

    #[test]
    fn names_stand_once() {
        let mut names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }

    #[test]
    fn windows_tell_their_last_day() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let week = Period::new(at("2026-06-08T00:00:00Z"), at("2026-06-15T00:00:00Z"));
        assert_eq!(span(week, Tz::UTC), "8 June 2026 to 14 June 2026");
        let now = Period::new(week.to, week.to);
        assert_eq!(span(now, Tz::UTC), "15 June 2026");
    }
}
