//! `streamgauge map`.

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::context::Context;
use super::moment::MomentArgs;
use super::{Done, Outcome, compared, print};
use crate::model::StreamKind;
use crate::plain;
use crate::portfolio::{MapView, StreamView};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    moment: MomentArgs,
    /// Tell what this other portfolio file would move instead, in the past and from now on.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let moment = args.moment.read(context.portfolio.zone())?;
    if let Some(other) = &args.against {
        let portfolio = context.other_portfolio(other)?;
        let comparison = context.gauge().await?.compare(portfolio, moment).await?;
        if args.json {
            print::json(&comparison);
        } else {
            let files = [&context.settings.portfolio, other].map(|file| file.display().to_string());
            print::out(&compared::text(&comparison, files, context.portfolio.zone()));
        }
        return Ok(Done::Complete);
    }
    let map = context.gauge().await?.map(moment).await?;
    if args.json {
        print::json(&map);
    } else {
        print::out(&text(&map));
    }
    Ok(Done::Complete)
}

/// The map as indented text.
pub(crate) fn text(map: &MapView) -> String {
    let mut lines = vec![
        format!("{} ({})", map.portfolio, map.words.portfolio.unwrap_or("one product")),
        format!("as of {}", print::minute(map.at)),
        String::new(),
    ];
    for stream in &map.streams {
        let word = match stream.kind {
            StreamKind::Customer => map.words.stream,
            StreamKind::Enabling => map.words.enabling_stream.unwrap_or("Enabling stream"),
        };
        lines.push(format!("{} [{}]  ({word})", stream.name, stream.id));
        lines.extend(stream_lines(stream, map));
    }
    let coverage = &map.coverage;
    lines.push(format!(
        "Coverage: {} of {} items placed, {} contested, {} unplaced",
        coverage.placed, coverage.items, coverage.contested, coverage.unplaced
    ));
    for contested in &coverage.contested_by {
        let rules: Vec<String> =
            contested.rules.iter().map(|r| format!("{} (line {})", r.rule, r.line)).collect();
        lines.push(format!(
            "  contested: {} items by {}; for example {}",
            contested.items,
            rules.join(" and "),
            contested.examples.join(", ")
        ));
    }
    for unplaced in &coverage.unplaced_in {
        lines.push(format!(
            "  unplaced: {} items in {} (components: {}; labels: {})",
            unplaced.items,
            unplaced.project,
            listed(&unplaced.components),
            listed(&unplaced.labels)
        ));
    }
    for rule in &coverage.next_rules {
        lines.push(format!("  next rule: {} would claim {} items", rule.claim, rule.items));
    }
    lines.push(String::new());
    lines.push("Decisions by altitude:".to_owned());
    for altitude in &map.altitudes {
        let may: Vec<String> =
            altitude.may.iter().map(|verb| format!("{verb:?}").to_lowercase()).collect();
        lines.push(format!("  {:?}: {} ({})", altitude.altitude, may.join(", "), altitude.why));
    }
    lines.extend(map.notes.iter().cloned());
    lines.push(String::new());
    // What stands in a line cannot make another.
    lines.iter().map(|line| plain::line(line)).collect::<Vec<_>>().join("\n")
}

fn stream_lines(stream: &StreamView, map: &MapView) -> Vec<String> {
    let mut lines: Vec<String> = stream.note.iter().map(|note| format!("  {note}")).collect();
    for team in &stream.teams {
        lines.push(format!("  {} [{}]  ({})", team.name, team.id, map.words.team));
        lines.extend(team.claims.iter().map(|claim| {
            let past = if claim.valid { "" } else { "  (not at this instant)" };
            format!("    claims {} (line {}){past}", claim.rule, claim.line)
        }));
    }
    if let Some(word) = map.words.epic {
        lines.extend(
            stream.epics.iter().map(|epic| format!("  {word}: {} [{}]", epic.title, epic.id)),
        );
    }
    lines.push(String::new());
    lines
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
