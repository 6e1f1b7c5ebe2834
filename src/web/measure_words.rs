//! The numbers of a finding in words, and as a table.

use chrono_tz::Tz;
use maud::{Markup, html};

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

/// "24 August 2026 to 15 November 2026", both days included.
#[must_use]
pub fn days(period: Period, zone: Tz) -> String {
    let day = |at: crate::model::Timestamp| {
        at.to_utc().with_timezone(&zone).format("%-d %b %Y").to_string()
    };
    if period.from >= period.to {
        return format!("at {}", day(period.from));
    }
    format!("{} to {}", day(period.from), day(period.to.plus_millis(-1)))
}

/// All numbers of a finding, each with what is needed to read it. What differs from the same number
/// of `other` is marked; `subject` tells one table of a page from another.
#[must_use]
pub fn table(found: &Finding, other: Option<&Finding>, subject: &str, zone: Tz) -> Markup {
    let label = format!("Numbers of {subject}");
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table.measures {
                thead { tr {
                    @for cell in ["", "Value", "Plausible range", "n", "Window"] {
                        @if cell.is_empty() { td {} } @else { th scope="col" { (cell) } }
                    }
                } }
                tbody {
                    @for measure in &found.measures {
                        @let twin = other.map(|other| {
                            other.measures.iter().find(|known| known.name == measure.name)
                        });
                        tr {
                            th scope="row" { (name(measure)) }
                            td { (marked(&amount(measure), twin.map(|t| t.map(amount)))) }
                            td { @match range(measure) {
                                Some(text) => (marked(&text, twin.map(|t| t.and_then(range)))),
                                None => span.soft { "–" },
                            } }
                            td { @match measure.n {
                                Some(n) => (marked(&n.to_string(), twin.map(|t| t.and_then(|t| t.n).map(|n| n.to_string())))),
                                None => span.soft { "–" },
                            } }
                            td { @if let Some(window) = measure.window { (days(window, zone)) } }
                        }
                    }
                }
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
                table.measures {
                    thead { tr {
                        th scope="col" { "Part, by name" } th scope="col" { "Value" }
                        th scope="col" { "Of all parts" }
                    } }
                    tbody {
                        @for part in &found.parts {
                            tr {
                                th scope="row" { (part.name) }
                                td { (value(part.value, part.unit)) }
                                td { (whole(&percent(part.share))) }
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
}
