//! The findings as text: headings, one thing a line, columns that line up.

use super::Findings;
use super::ask::{ConnectionLine, Estimate};
use super::known::PullLine;
use super::measures::OutcomeLine;
use crate::cli::print;
use crate::gauge::{Move, Moved};
use crate::model::Timestamp;
use crate::plain;
use crate::portfolio::{CoverageView, RuleRef};

/// Groups of contested and unplaced items that are shown; `map` lists all.
const GROUPS: usize = 5;

pub(super) fn text(found: &Findings, now: Timestamp) -> String {
    let mut page = Page::default();
    page.heading("Files");
    page.columns(&[
        [found.settings.clone(), found.files.to_owned()],
        [found.portfolio.clone(), found.files.to_owned()],
    ]);
    if !found.connections.is_empty() {
        page.heading("Connections");
        found.connections.iter().for_each(|line| connection(&mut page, line, now));
    }
    if !found.outcomes.is_empty() {
        page.heading("Outcome measures");
        found.outcomes.iter().for_each(|line| outcome(&mut page, line));
    }
    page.heading("Store");
    page.line(&found.store);
    found.pulls.iter().for_each(|pull| stored(&mut page, pull));
    if !found.gaps.is_empty() {
        page.heading("What could not be read");
        let rows = found.gaps.iter();
        let rows: Vec<_> = rows
            .map(|gap| [gap.count.to_string(), gap.reason.clone(), gap.example.clone()])
            .collect();
        page.columns(&rows);
    }
    if let Some(view) = &found.coverage {
        coverage(&mut page, view);
    }
    if !found.merged_streams.is_empty() {
        page.heading("Streams shown as part of \"other streams\" outside themselves");
        page.line(&found.merged_streams.join(", "));
        page.line("They have fewer than three teams. `publish = true` shows them.");
    }
    if !found.moves.is_empty() {
        page.heading("What this portfolio file would move");
        found.moves.iter().for_each(|one| moved(&mut page, one));
    }
    if !found.notes.is_empty() {
        page.heading("Notes");
        found.notes.iter().for_each(|note| page.line(note));
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn heading(&mut self, heading: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&format!("{heading}\n"));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(&format!("  {}\n", plain::line(line)));
    }

    /// Rows whose columns begin below each other; numbers stand to the right.
    fn columns<const N: usize>(&mut self, rows: &[[String; N]]) {
        let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..N).map(width).collect();
        for row in rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| {
                let number = cell.starts_with(|c: char| c.is_ascii_digit());
                if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            self.line(cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
}

fn outcome(page: &mut Page, line: &OutcomeLine) {
    let given = match (line.newest, line.newest_at) {
        (Some(value), Some(at)) if line.readings == 1 => {
            format!("gives {value}, read at {}", print::minute(at))
        }
        (Some(value), Some(at)) => {
            let n = line.readings;
            format!("gives {n} readings, the newest {value} at {}", print::minute(at))
        }
        _ => "gives nothing".to_owned(),
    };
    page.line(&format!("{} ({}): {given}", line.measure, line.source));
    line.problem.iter().for_each(|problem| page.line(&format!("  {problem}")));
}

fn connection(page: &mut Page, line: &ConnectionLine, now: Timestamp) {
    let state = match (&line.problem, line.answer_ms) {
        (None, Some(answer)) => format!("alive, answers in {answer} ms"),
        (None, None) => "alive".to_owned(),
        (Some(problem), _) => format!("not usable: {problem}"),
    };
    page.line(&format!("{}: {state}", line.connection));
    if let Some(token) = &line.token {
        if !token.wider.is_empty() {
            page.line(&format!(
                "  token: may do more than read ({}); a token that can only read is enough",
                token.wider.join(", ")
            ));
        }
        if let Some(end) = token.expires {
            let days = end.days_since(now).floor();
            let told = if days < 0.0 { "it is over".into() } else { format!("in {days} days") };
            page.line(&format!("  token: ends {}, {told}", print::minute(end)));
        }
        token.untold.iter().for_each(|untold| page.line(&format!("  token: {untold}")));
    }
    for scope in &line.scopes {
        let seen = match (scope.visible, scope.standing) {
            (Some(true), None | Some("live")) => "visible".to_owned(),
            (Some(true), Some(standing)) => format!("visible, {standing}"),
            (Some(false), _) => "not visible".to_owned(),
            (None, _) => "not known".to_owned(),
        };
        page.line(&format!("  {}: {seen}", scope.project));
    }
    if let Some(estimate) = &line.estimate {
        page.line(&format!("  first sync: {}", expected(estimate)));
    }
    line.notes.iter().for_each(|note| page.line(&format!("  note: {note}")));
}

/// `about 41,000 items, about 500 requests, about 3 minutes at this tracker's answer time of 180 ms`
fn expected(estimate: &Estimate) -> String {
    let mut told = format!(
        "about {}, about {}, {} at this tracker's answer time of {} ms",
        plural(rounded(estimate.items), "item"),
        plural(rounded(estimate.requests), "request"),
        time(estimate.seconds),
        estimate.answer_ms
    );
    if !estimate.uncounted.is_empty() {
        told.push_str(&format!("; without {}, which told no count", estimate.uncounted.join(", ")));
    }
    told
}

/// Two significant digits: an estimate is not a count.
fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn time(seconds: u64) -> String {
    match seconds {
        0..60 => "less than a minute".to_owned(),
        60..5_400 => format!("about {}", plural(seconds.div_ceil(60), "minute")),
        _ => format!("about {}", plural(seconds.div_ceil(3_600), "hour")),
    }
}

fn stored(page: &mut Page, pull: &PullLine) {
    let told = match pull.complete_at {
        Some(at) => format!("last complete pull {}", print::minute(at)),
        None => "no complete pull yet".to_owned(),
    };
    page.line(&format!("{}: {told}", pull.connection));
    pull.problem.iter().for_each(|problem| page.line(&format!("  newest pull: {problem}")));
    for project in &pull.projects {
        let gone =
            if project.gone > 0 { format!(", {} left", project.gone) } else { String::new() };
        let swept = match project.swept_at {
            Some(at) => format!("last sweep {}", print::minute(at)),
            None => "no sweep yet".to_owned(),
        };
        page.line(&format!("  {}: {}{gone}, {swept}", project.project, counted(project.items)));
        project.problem.iter().for_each(|problem| page.line(&format!("    {problem}")));
    }
}

fn coverage(page: &mut Page, view: &CoverageView) {
    page.heading("Coverage of the rules: items, and their active work of the last 12 weeks");
    let placed_days = view.active_days - view.contested_days - view.unplaced_days;
    let row = |name: &str, items: u64, days: f64| {
        [
            name.to_owned(),
            thousands(items),
            share(items as f64, view.items as f64),
            format!("{:.1} item-days", days.max(0.0)),
            share(days.max(0.0), view.active_days),
        ]
    };
    page.columns(&[
        row("placed", view.placed, placed_days),
        row("contested", view.contested, view.contested_days),
        row("unplaced", view.unplaced, view.unplaced_days),
    ]);
    if view.inferred > 0 {
        page.line(&format!("{} of them by present labels for want of past ones", view.inferred));
    }
    if !view.contested_by.is_empty() {
        page.heading(&format!(
            "Contested: rules that match equally well{}",
            first_of(view.contested_by.len())
        ));
        for one in view.contested_by.iter().take(GROUPS) {
            page.line(&format!("{}, {}", counted(one.items), named(&one.examples)));
            one.rules.iter().for_each(|rule| page.line(&format!("  {}", rule_text(rule))));
        }
    }
    if !view.unplaced_in.is_empty() {
        page.heading(&format!("Unplaced: no rule matches{}", first_of(view.unplaced_in.len())));
        for one in view.unplaced_in.iter().take(GROUPS) {
            page.line(&format!(
                "{} in {} of {}, {}",
                counted(one.items),
                one.project,
                one.connection,
                named(&one.examples)
            ));
            page.line(&format!("  components: {}", listed(&one.components)));
            page.line(&format!("  labels: {}", listed(&one.labels)));
        }
    }
    if !view.next_rules.is_empty() {
        page.heading(
            "The most useful next rules, by unplaced active work; paste one into `claims` of its \
             team",
        );
        let rules = view.next_rules.iter().map(|rule| {
            let work = rule
                .share
                .map_or(String::new(), |s| format!(", {:.0} % of unplaced active work", s * 100.0));
            [format!("{},", rule.claim), format!("# {}{work}", counted(rule.items))]
        });
        page.columns(&rules.collect::<Vec<_>>());
    }
}

fn first_of(groups: usize) -> String {
    if groups <= GROUPS {
        return String::new();
    }
    format!(" (the first {GROUPS} of {groups} groups; `streamgauge map` lists all)")
}

fn rule_text(rule: &RuleRef) -> String {
    format!("{} of {} ({}:{})", rule.rule, rule.gives, rule.file, rule.line)
}

fn moved(page: &mut Page, one: &Move) {
    let what = match one.what {
        Moved::Place => format!("from {} to {}", one.from, one.to),
        Moved::Category => format!("from the category {} to {}", one.from, one.to),
    };
    let past = match (one.items, one.past_items) {
        (_, 0) => counted(one.items),
        (0, past) => format!("{} in their past only", counted(past)),
        (items, past) => format!("{}, and {past} more in their past only,", counted(items)),
    };
    page.line(&format!("{past} {what}, {}", named(&one.examples)));
    if one.active_days > 0.0 {
        page.line(&format!(
            "  with {:.1} item-days of active work in the last 12 weeks",
            one.active_days
        ));
    }
}

fn counted(items: u64) -> String {
    plural(items, "item")
}

fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", thousands(number), if number == 1 { "" } else { "s" })
}

fn named(examples: &[String]) -> String {
    format!("for example {}", examples.join(", "))
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn share(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{:.1} %", 100.0 * part / whole) } else { "-".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_told_in_round_figures() {
        let estimate = Estimate {
            items: 41_237,
            requests: 495,
            seconds: 150,
            answer_ms: 180,
            uncounted: vec![],
        };
        assert_eq!(
            expected(&estimate),
            "about 41,000 items, about 500 requests, about 3 minutes at this tracker's answer time \
             of 180 ms"
        );
        assert_eq!([rounded(0), rounded(7), rounded(99), rounded(994)], [0, 7, 99, 990]);
        assert_eq!(
            [time(59), time(60), time(7_200)].join("; "),
            "less than a minute; about 1 minute; about 2 hours"
        );
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
