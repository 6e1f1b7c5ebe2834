//! `streamgauge signals`: every signal with verdict, sample and what is missing.

use std::path::Path;

use clap::Args as ClapArgs;

use super::context::Context;
use super::measures::Spans;
use super::moment::MomentArgs;
use super::{Done, Outcome, print};
use crate::signals::report::{Finding, Move, Report, Verdict};
use crate::signals::{ALL, Scope};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    moment: MomentArgs,
    /// Print JSON with stable names instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    let context = Context::load(config)?;
    let moment = args.moment.read(context.portfolio.zone())?;
    let report = context.gauge().await?.report(moment, &Scope::Portfolio).await?;
    if args.json {
        print::json(&*report);
    } else {
        show(&report);
    }
    Ok(Done::Complete)
}

/// The widest column of slices; the rest of a longer name stands beyond it.
const WIDEST: usize = 38;
/// "confirmed (down)".
const VERDICT: usize = 16;

/// The findings by signal, then the data confidence.
pub(crate) fn show(report: &Report) {
    for own in report.findings.chunk_by(|a, b| a.signal == b.signal) {
        let signal = own[0].signal;
        let name = ALL.iter().find(|known| known.id == signal).map_or("", |known| known.name);
        let spans = Spans::of(own.iter(), &report.header.zone);
        print::line(&format!("{signal} {name}{}", spans.head()));
        let slices = own.iter().map(|finding| finding.slice.name.chars().count());
        let width = slices.max().unwrap_or(0).min(WIDEST);
        own.iter().for_each(|finding| print::line(&row(finding, &spans, width)));
        print::line("");
    }
    let confidence = report
        .confidence
        .iter()
        .flat_map(|confidence| {
            confidence.gates.iter().map(|gate| {
                vec![
                    confidence.slice.name.clone(),
                    gate.name.replace('_', " "),
                    gate.value
                        .map_or_else(|| "no data".to_owned(), |v| format!("{:.1} %", v * 100.0)),
                    format!("{:.0} of {:.0}", gate.numerator, gate.denominator),
                    if gate.open {
                        String::new()
                    } else {
                        format!("withholds {}", gate.withholds.join(", "))
                    },
                ]
            })
        })
        .collect();
    print::table(&["Data confidence (H2)", "Measure", "Value", "Of", "Gate"], confidence);
    for line in &report.unseen {
        print::line(line);
    }
}

/// Slice, verdict and numbers; what is missing is a sentence and takes the room of both.
fn row(finding: &Finding, spans: &Spans, width: usize) -> String {
    let verdict = verdict(&finding.verdict);
    let numbers: Vec<String> = finding.measures.iter().map(|one| spans.told(one)).collect();
    let numbers = numbers.join("; ");
    let slice = &finding.slice.name;
    if verdict.chars().count() > VERDICT {
        let told = if numbers.is_empty() { verdict } else { format!("{verdict}; {numbers}") };
        return print::wrapped(&format!("  {slice:<width$}  "), &told, width + 4);
    }
    let first = format!("  {slice:<width$}  {verdict:<VERDICT$}  ");
    print::wrapped(&first, &numbers, width + VERDICT + 6)
}

/// The verdict in words.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    let way = |direction: &Move| match direction {
        Move::Up => "up",
        Move::Down => "down",
    };
    match verdict {
        Verdict::Confirmed { direction } => format!("confirmed ({})", way(direction)),
        Verdict::New { direction } => format!("new ({})", way(direction)),
        Verdict::Usual => "usual".to_owned(),
        Verdict::Fact => "fact".to_owned(),
        Verdict::Nothing => "nothing found".to_owned(),
        Verdict::Described => "described".to_owned(),
        Verdict::Insufficient { have, need, unit, why } => {
            format!("insufficient: {have} of {need} {unit}; {why}")
        }
        Verdict::NotApplicable { why } => format!("not applicable: {why}"),
    }
}
