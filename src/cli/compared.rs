//! `streamgauge map --against FILE` as text.

use chrono_tz::Tz;

use super::print;
use crate::gauge::compare::{Comparison, PlaceMove, When};
use crate::model::Timestamp;
use crate::plain;
use crate::signals::words::count;

/// What the second file would move against the first.
pub(crate) fn text(told: &Comparison, [present, other]: [String; 2], zone: Tz) -> String {
    let mut lines = vec![
        format!("What {other} would move against {present}"),
        format!("as of {}", print::minute(told.as_of)),
    ];
    if told.moves.is_empty() && told.categories.is_empty() && told.streams.is_empty() {
        lines.extend([String::new(), "Nothing of what is stored.".to_owned()]);
    }
    for (when, heading) in [(When::Past, "In the past"), (When::FromNowOn, "From now on")] {
        let own: Vec<&PlaceMove> = told.moves.iter().filter(|one| one.when == when).collect();
        if !own.is_empty() {
            lines.extend([String::new(), heading.to_owned()]);
        }
        for one in own {
            lines.extend(moved(one, [&present, &other], zone));
        }
    }
    if !told.categories.is_empty() {
        lines.extend([String::new(), "What statuses mean".to_owned()]);
    }
    for one in &told.categories {
        let (now, past) = (one.items, one.past_items);
        lines.push(format!(
            "  {} from {} to {}, and {past} more in their past only, for example {}",
            count(now, "item"),
            one.from,
            one.to,
            one.examples.join(", ")
        ));
    }
    if !told.streams.is_empty() {
        lines.extend([
            String::new(),
            "Attention and deliveries of the newest 26 complete weeks".to_owned(),
        ]);
    }
    for one in &told.streams {
        let days = one.other_team_days - one.team_days;
        let items = one.other_delivered - one.delivered;
        lines.push(format!(
            "  {}: {:.1} team-days become {:.1} ({days:+.1}), {} delivered become {} ({items:+}), \
             weeks {} to {}",
            one.stream,
            one.team_days,
            one.other_team_days,
            one.delivered,
            one.other_delivered,
            one.weeks.0,
            one.weeks.1,
        ));
    }
    lines.push(String::new());
    // What stands in a line cannot make another.
    lines.iter().map(|line| plain::line(line)).collect::<Vec<_>>().join("\n")
}

fn moved(one: &PlaceMove, files: [&String; 2], zone: Tz) -> Vec<String> {
    let day = |at: Timestamp| at.to_utc().with_timezone(&zone).format("%Y-%m-%d");
    let until = one.until.map_or_else(|| "on".to_owned(), |until| format!("to {}", day(until)));
    vec![
        format!(
            "  {} from {} to {}, from {} {until}, for example {}",
            count(one.items, "item"),
            one.from,
            one.to,
            day(one.since),
            one.examples.join(", ")
        ),
        format!("    {}: {}", files[0], one.rule),
        format!("    {}: {}", files[1], one.other_rule),
    ]
}
