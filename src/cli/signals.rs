//! `streamgauge signals`: every signal with verdict, sample and what is missing.

use std::path::Path;

use clap::Args as ClapArgs;

use super::context::Context;
use super::moment::MomentArgs;
use super::{Done, Outcome, print};
use crate::signals::report::{Finding, Measure, Move, Report, Unit, Verdict};
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
        print::line(&format!("{signal} {name}"));
        let slices = own.iter().map(|finding| finding.slice.name.chars().count());
        let width = slices.max().unwrap_or(0).min(WIDEST);
        own.iter().for_each(|finding| print::line(&row(finding, width)));
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
fn row(finding: &Finding, width: usize) -> String {
    let verdict = verdict(&finding.verdict);
    let numbers = finding.measures.iter().map(measure).collect::<Vec<_>>().join("; ");
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

/// "share 33.1 % (31.0 % to 33.2 %), n=472"; "p50 7.17 days (7.03 to 7.78), n=367".
pub(crate) fn measure(measure: &Measure) -> String {
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
