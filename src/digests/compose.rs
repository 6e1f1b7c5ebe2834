//! From a report to the one page: what is told, in which order, and what silence means.
//!
//! Selection follows section 5.1 of the signal catalogue: at most three observations a question,
//! confirmed verdicts and structural facts only, confirmed first, longer persistence first, then
//! name; what does not fit goes to the appendix and is counted.

use serde::Serialize;

use super::words;
use crate::signals::report::{
    DueReview, Finding, Header, IntentRow, Observation, Question, Report, Tally, Unlock, Verdict,
};

/// Observations a section shows.
const MOST_OBSERVATIONS: usize = 3;

/// One page, ready to render.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Digest {
    pub title: String,
    pub header: Header,
    /// "Week 2026-W24, 8 to 14 June 2026 (Europe/Berlin). ..."
    pub dateline: String,
    pub sections: Vec<Section>,
    pub due_reviews: Vec<DueReview>,
    pub tally: Tally,
    /// Subjects that moved once and are not confirmed.
    pub unconfirmed: Vec<String>,
    /// What this page cannot see.
    pub unseen: Vec<String>,
    /// Published numbers that later knowledge changed.
    pub revisions: Vec<String>,
    pub false_alarms: String,
    /// Observations that qualified and did not fit.
    pub appendix: Vec<Observation>,
}

/// One of the three questions and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    pub question: Question,
    pub heading: String,
    /// Rows of the intent table; only under the first question.
    pub table: Vec<IntentRow>,
    pub observations: Vec<Told>,
    /// Why there is nothing to tell, or what is still missing beside what is told.
    pub silence: Vec<String>,
    pub overflow: usize,
}

/// An observation and the signal it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    pub signal: &'static str,
    pub slice: String,
    #[serde(flatten)]
    pub observation: Observation,
}

/// Chooses what the page tells.
#[must_use]
pub fn compose(report: &Report) -> Digest {
    let mut appendix = Vec::new();
    let sections = Question::ALL
        .into_iter()
        .enumerate()
        .map(|(index, question)| {
            let mut chosen = qualifying(report, question);
            let overflow = chosen.split_off(chosen.len().min(MOST_OBSERVATIONS));
            appendix.extend(overflow.iter().filter_map(|finding| finding.observation.clone()));
            Section {
                question,
                heading: format!("{}. {}", index + 1, question.text()),
                table: if index == 0 { report.intent_table.clone() } else { Vec::new() },
                silence: silence(report, question, chosen.is_empty()),
                overflow: overflow.len(),
                observations: chosen.into_iter().filter_map(told).collect(),
            }
        })
        .collect();
    Digest {
        title: format!("Streamgauge digest: {}", report.header.portfolio),
        header: report.header.clone(),
        dateline: words::dateline(&report.header),
        sections,
        due_reviews: report.due_reviews.clone(),
        tally: report.tally,
        unconfirmed: unconfirmed(report),
        unseen: report.unseen.clone(),
        revisions: Vec::new(),
        false_alarms: words::false_alarms(&report.tally),
        appendix,
    }
}

fn told(finding: &Finding) -> Option<Told> {
    finding.observation.clone().map(|observation| Told {
        signal: finding.signal,
        slice: finding.slice.id.clone(),
        observation,
    })
}

/// Findings that may headline, in the order of the page.
fn qualifying(report: &Report, question: Question) -> Vec<&Finding> {
    let near = report.header.cadence.as_ref().is_some_and(|cadence| cadence.near_boundary);
    let mut chosen: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.question == question && finding.observation.is_some())
        .filter(|finding| finding.portfolio_headline)
        .filter(|finding| {
            finding.verdict.headlines() || (near && finding.standing && finding.verdict.has_data())
        })
        .collect();
    chosen.sort_by(|a, b| {
        let confirmed = |f: &Finding| !matches!(f.verdict, Verdict::Confirmed { .. });
        (confirmed(a), std::cmp::Reverse(a.persistence), &a.slice.name, a.signal).cmp(&(
            confirmed(b),
            std::cmp::Reverse(b.persistence),
            &b.slice.name,
            b.signal,
        ))
    });
    chosen
}

/// Silence is information: either everything is usual, or something is missing and is named.
fn silence(report: &Report, question: Question, nothing_told: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let answered = report
        .findings
        .iter()
        .any(|finding| finding.question == question && finding.verdict.has_data());
    if nothing_told && answered {
        lines.push("Nothing outside the usual range.".to_owned());
    }
    if nothing_told && !answered {
        lines.push("No signal of this section has enough data yet.".to_owned());
    }
    lines.extend(report.unlocks.iter().filter(|u| u.question == question).map(unlock_line));
    lines
}

fn unlock_line(unlock: &Unlock) -> String {
    let mut line = unlock.missing.trim_end_matches('.').to_owned();
    line.push('.');
    if let Some(declare) = &unlock.declare {
        line.push_str(&format!(" Declaring `{declare}` would unlock most"));
        line.push_str(&match unlock.signals.len() {
            0 => ".".to_owned(),
            _ => format!(" ({}).", unlock.signals.join(", ")),
        });
    }
    if let Some(weeks) = unlock.weeks.filter(|weeks| *weeks > 0) {
        let plural = if weeks == 1 { "week" } else { "weeks" };
        line.push_str(&format!(" {weeks} more {plural} of data would be enough."));
    }
    line
}

fn unconfirmed(report: &Report) -> Vec<String> {
    report
        .findings
        .iter()
        .filter_map(|finding| match finding.verdict {
            Verdict::New { direction } => Some(words::moved(finding, direction)),
            _ => None,
        })
        .collect()
}
