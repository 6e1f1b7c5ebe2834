//! `streamgauge explain KEY|SIGNAL`.

use std::path::Path;

use clap::Args as ClapArgs;

use super::context::Context;
use super::moment::MomentArgs;
use super::signals::{measure, verdict};
use super::{Done, Failure, Outcome, print};
use crate::gauge::{Gauge, ItemStory, Moment};
use crate::signals::report::Finding;
use crate::signals::{ALL, Scope, Signal};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// An item's key (PAY-12, northwind/checkout#7), or a signal (P2).
    what: String,
    #[command(flatten)]
    moment: MomentArgs,
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
    print::line(&format!("{} {}\n", signal.id, signal.name));
    print::line(&format!("Asks: {}", signal.asks));
    print::line(&format!("Definition: {}", signal.definition));
    print::line(&format!("How it is misread: {}\n", signal.misreading));
    for finding in findings {
        print::line(&format!("{}: {}", finding.slice.name, verdict(&finding.verdict)));
        for number in &finding.measures {
            print::line(&format!("  {}", measure(number)));
        }
        if let Some(told) = &finding.observation {
            print::line(&format!("  {} {} {}", told.evidence, told.uncertainty, told.question));
        }
        if !finding.items.is_empty() {
            let shown: Vec<&str> = finding.items.iter().take(20).map(String::as_str).collect();
            let more = finding.items.len() - shown.len();
            let rest = if more > 0 {
                format!(" and {more} more (--json lists all)")
            } else {
                String::new()
            };
            print::line(&format!("  items: {}{rest}", shown.join(", ")));
        }
    }
    Ok(Done::Complete)
}

/// The story of an item as text.
pub(crate) fn text(story: &ItemStory) -> String {
    let told = &story.explanation;
    let mut lines = vec![format!("{}  {}", told.key, told.title.as_deref().unwrap_or(""))];
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
        Some(clock) => format!("clock started {} ({:?}): {}", clock.at, clock.precision, clock.why),
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
    lines.push("timeline:".to_owned());
    for segment in &told.segments {
        let none = "none".to_owned();
        lines.push(format!(
            "  {}  {:?}  \"{}\"{}  stream {}  team {}  epic {}  [{:?}]",
            segment.from,
            segment.category,
            segment.state,
            if segment.blocked { " blocked" } else { "" },
            segment.stream.as_ref().unwrap_or(&none),
            segment.team.as_ref().unwrap_or(&none),
            segment.epic.as_ref().unwrap_or(&none),
            segment.precision
        ));
        lines.push(format!(
            "      {}; {}; {}",
            segment.state_why, segment.team_why, segment.stream_why
        ));
    }
    lines.extend(told.notes.iter().map(|note| format!("note: {note}")));
    let enters: Vec<String> =
        story.enters.iter().map(|entry| format!("{} ({})", entry.signal, entry.slice)).collect();
    let enters =
        if enters.is_empty() { "no signal at this instant".into() } else { enters.join(", ") };
    lines.push(format!("enters: {enters}\n"));
    lines.push(String::new());
    lines.join("\n")
}
