//! `streamgauge explain KEY|SIGNAL`.

use std::path::Path;

use clap::Args as ClapArgs;

use super::context::Context;
use super::measures::Spans;
use super::moment::MomentArgs;
use super::signals::verdict;
use super::{Done, Failure, Outcome, print};
use crate::gauge::{Gauge, ItemStory, Moment};
use crate::model::Precision;
use crate::plain;
use crate::portfolio::ExplainedSegment;
use crate::signals::report::{Finding, HomeByWork, HomeWork};
use crate::signals::{ALL, Scope, Signal};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// An item's key (PAY-12, northwind/checkout#7), or a signal (P2).
    what: String,
    #[command(flatten)]
    moment: MomentArgs,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let moment = args.moment.read(context.portfolio.zone())?;
    let gauge = context.gauge().await?;
    if let Some(signal) = ALL.iter().find(|s| s.id.eq_ignore_ascii_case(&args.what)) {
        return explain_signal(&gauge, signal, moment, args.json).await;
    }
    let stories = gauge.stories(&args.what, moment).await?;
    if stories.is_empty() {
        let ids: Vec<&str> = ALL.iter().map(|signal| signal.id).collect();
        return Err(Failure::Failed(anyhow::anyhow!(
            "no item is known by the key {}, and there is no such signal (there are {})",
            args.what,
            ids.join(", ")
        )));
    }
    if args.json {
        print::json(&stories);
    } else {
        stories.iter().for_each(|story| print::out(&text(story)));
    }
    Ok(Done::Complete)
}

async fn explain_signal(gauge: &Gauge, signal: &Signal, moment: Moment, json: bool) -> Outcome {
    let report = gauge.report(moment, &Scope::Portfolio).await?;
    let findings: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.signal == signal.id).collect();
    if json {
        print::json(&findings);
        return Ok(Done::Complete);
    }
    let spans = Spans::of(findings.iter().copied(), &report.header.zone);
    print::line(&format!("{} {}{}\n", signal.id, signal.name, spans.head()));
    print::line(&print::wrapped("Asks: ", signal.asks, 2));
    print::line(&print::wrapped("Definition: ", signal.definition, 2));
    print::line(&print::wrapped("", &signal.edition(), 2));
    print::line(&print::wrapped("How it is misread: ", signal.misreading, 2));
    print::line("");
    for finding in findings {
        let slice = format!("{}: ", finding.slice.name);
        print::line(&print::wrapped(&slice, &verdict(&finding.verdict), 2));
        for number in &finding.measures {
            print::line(&format!("  {}", spans.told(number)));
        }
        if let Some(told) = &finding.observation {
            let told = format!("{} {} {}", told.evidence, told.uncertainty, told.question);
            print::line(&print::wrapped("  ", &told, 2));
        }
        if !finding.items.is_empty() {
            let shown: Vec<&str> = finding.items.iter().take(20).map(String::as_str).collect();
            let more = finding.items.len() - shown.len();
            let rest = if more > 0 {
                format!(" and {more} more (--json lists all)")
            } else {
                String::new()
            };
            print::line(&print::wrapped("  items: ", &format!("{}{rest}", shown.join(", ")), 4));
        }
    }
    if let Some(matrix) = report.home_by_work.as_ref().filter(|_| signal.id == "P1") {
        home_by_work(matrix);
    }
    Ok(Done::Complete)
}

/// Which stream's teams worked for which stream.
fn home_by_work(matrix: &HomeByWork) {
    print::line("");
    let days = |days: f64| format!("{days:.1}");
    let row = |cell: &HomeWork| {
        let share = format!("{:.1} %", cell.share * 100.0);
        vec![cell.home.name.clone(), cell.work.name.clone(), days(cell.team_days), share]
    };
    let header = ["Teams at home in", "Work of", "Team-days", "Share"];
    print::table(&header, matrix.cells.iter().map(row).collect());
    print::line(&format!("Of {} observed team-days in the window.", days(matrix.team_days)));
}

/// Nothing for an instant that the tracker told.
fn about(precision: Precision) -> String {
    match precision {
        Precision::Exact => String::new(),
        other => format!(" ({})", format!("{other:?}").to_lowercase()),
    }
}

/// The reasons of a stretch, without those that the one before it has told already.
fn why(segment: &ExplainedSegment, before: Option<&ExplainedSegment>) -> String {
    let mut reasons = vec![segment.state_why.as_str()];
    for (reason, told) in [
        (&segment.team_why, before.map(|before| &before.team_why)),
        (&segment.stream_why, before.map(|before| &before.stream_why)),
    ] {
        if told != Some(reason) {
            reasons.push(reason);
        }
    }
    reasons.join(" ")
}

/// Lines of a page; what stands in one cannot make another.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn push(&mut self, line: impl AsRef<str>) {
        self.0.push(plain::line(line.as_ref()).into_owned());
    }

    fn wrapped(&mut self, first: &str, text: &str, indent: usize) {
        self.0.push(print::wrapped(first, text, indent));
    }
}

/// The story of an item as text.
pub(crate) fn text(story: &ItemStory) -> String {
    let told = &story.explanation;
    let mut lines = Lines::default();
    lines.push(format!("{}  {}", told.key, told.title.as_deref().unwrap_or("")));
    lines.push(format!("id {}, created {}, now \"{}\"", story.id, told.created_at, story.status));
    if !story.aliases.is_empty() {
        lines.push(format!("formerly {}", story.aliases.join(", ")));
    }
    if let Some(removed) = &story.removed {
        lines.push(format!(
            "left at or before {} (learned {}), {}: {}",
            removed.at, removed.known_at, removed.code, removed.reason
        ));
        lines.push(format!("what would bring it back: {}", removed.way_back));
    }
    if let Some(excluded) = &told.excluded {
        lines.push(format!("not counted: {excluded}"));
    }
    lines.push(match &told.clock {
        Some(clock) => {
            format!("clock started {}{}: {}", clock.at, about(clock.precision), clock.why)
        }
        None => "no start of work can be seen".to_owned(),
    });
    lines.push(format!("kind {}: {}", told.kind.as_str(), told.kind_why));
    lines.push(format!("placement: {}", told.team_status));
    for matching in &told.rules {
        let rule = &matching.rule;
        let decides = if matching.decides.is_empty() {
            "matches, does not decide".to_owned()
        } else {
            let spans: Vec<String> = matching
                .decides
                .iter()
                .map(|(from, to)| match to {
                    Some(to) => format!("{from} to {to}"),
                    None => format!("from {from}"),
                })
                .collect();
            format!("decides {}", spans.join(", "))
        };
        lines.push(format!(
            "  {} -> {} ({}:{}): {decides}",
            rule.rule, rule.gives, rule.file, rule.line
        ));
    }
    lines.push("timeline:");
    for (at, segment) in told.segments.iter().enumerate() {
        let none = "none".to_owned();
        lines.push(format!(
            "  {}{}  {}{}  \"{}\"  stream {}  team {}  epic {}",
            segment.from,
            about(segment.precision),
            format!("{:?}", segment.category).to_lowercase(),
            if segment.blocked { ", blocked" } else { "" },
            segment.state,
            segment.stream.as_ref().unwrap_or(&none),
            segment.team.as_ref().unwrap_or(&none),
            segment.epic.as_ref().unwrap_or(&none),
        ));
        let before = at.checked_sub(1).and_then(|before| told.segments.get(before));
        lines.wrapped("      ", &why(segment, before), 6);
    }
    told.notes.iter().for_each(|note| lines.push(format!("note: {note}")));
    let enters: Vec<String> =
        story.enters.iter().map(|entry| format!("{} ({})", entry.signal, entry.slice)).collect();
    let enters =
        if enters.is_empty() { "no signal at this instant".into() } else { enters.join(", ") };
    lines.wrapped("enters: ", &enters, 2);
    lines.push("");
    lines.push("");
    lines.0.join("\n")
}
