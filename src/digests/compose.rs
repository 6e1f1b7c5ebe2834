//! From a report to the one page: what is told, in which order, and what silence means.
//!
//! Selection follows section 5.1 of the signal catalogue: at most three observations a question,
//! confirmed verdicts and structural facts only, confirmed first, longer persistence first, then
//! name; what does not fit goes to the appendix and is counted.

use schemars::JsonSchema;
use serde::Serialize;

use super::since::Since;
use super::words;
use crate::signals;
use crate::signals::report::{
    DueReview, Finding, Header, IntentRow, Observation, Question, Report, Tally, Verdict,
};

/// Observations a section shows.
const MOST_OBSERVATIONS: usize = 3;

/// One page, ready to render.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Digest {
    pub title: String,
    pub header: Header,
    /// "Week 2026-W24, 8 to 14 June 2026 (Europe/Berlin). ..."
    pub dateline: String,
    /// What to know before reading on: whose data is old, missing or in doubt. Code stands between
    /// backticks.
    pub stale: Vec<String>,
    pub sections: Vec<Section>,
    pub due_reviews: Vec<DueReview>,
    pub tally: Tally,
    /// Subjects that moved once and are not confirmed.
    pub unconfirmed: Vec<String>,
    /// What this page cannot see.
    pub unseen: Vec<String>,
    /// Published numbers that later knowledge changed.
    pub revisions: Vec<String>,
    /// What is told against the last page that was sent; `None` for a first one.
    pub since: Option<Since>,
    /// Signals that the last page told by another definition, a sentence each.
    pub redefined: Vec<String>,
    pub false_alarms: String,
    /// Observations that qualified and did not fit.
    pub appendix: Vec<Told>,
}

impl Digest {
    /// One line that tells one digest from another, for a subject.
    #[must_use]
    pub fn headline(&self) -> String {
        format!("{}, week {}", self.title, self.header.week)
    }

    /// What differs from the last page that was sent: in what is told, and in how it is defined.
    #[must_use]
    pub fn against_last(&self) -> Vec<String> {
        self.since.iter().map(Since::sentence).chain(self.redefined.iter().cloned()).collect()
    }

    /// The lines at the end: what stands, what cannot be seen, what was revised, how much may be
    /// false, and what this page refuses.
    #[must_use]
    pub fn foot(&self) -> Vec<String> {
        let unseen = (!self.unseen.is_empty())
            .then(|| format!("Not visible here: {}", self.unseen.join(" ")));
        let revisions = match self.revisions.as_slice() {
            [] => "Revisions: none.".to_owned(),
            some => format!("Revisions: {}.", some.join("; ")),
        };
        let standing = words::standing(&self.tally, &self.unconfirmed);
        let last = format!("{} {}", self.false_alarms, words::REFUSED);
        [Some(standing), unseen, Some(revisions), Some(last)].into_iter().flatten().collect()
    }
}

/// One of the three questions and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Section {
    pub question: Question,
    pub heading: String,
    /// Rows of the intent table; only under the first question.
    pub table: Vec<IntentRow>,
    pub observations: Vec<Told>,
    /// Why there is nothing to tell, or what is still missing beside what is told.
    pub silence: Vec<String>,
    /// The declaration that would help most.
    pub unlock: Option<Unlock>,
    pub overflow: usize,
}

/// A sentence, and the declaration it speaks of as a person would write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "DeclarationToAdd")]
pub struct Unlock {
    pub sentence: String,
    pub declaration: String,
}

/// An observation and the signal it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Told {
    pub signal: &'static str,
    /// The dimension and the id of the slice: together they are its address.
    pub dimension: &'static str,
    pub slice: String,
    /// The signal page as it was at the clocks of the digest, where the daemon has an address that
    /// people can open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    #[serde(flatten)]
    pub observation: Observation,
}

/// Chooses what the page tells.
#[must_use]
pub fn compose(report: &Report) -> Digest {
    let mut appendix = Vec::new();
    let mut offered = Vec::new();
    let sections = Question::ALL
        .into_iter()
        .enumerate()
        .map(|(index, question)| {
            let mut chosen = qualifying(report, question);
            let overflow = chosen.split_off(chosen.len().min(MOST_OBSERVATIONS));
            appendix.extend(overflow.iter().copied().filter_map(told));
            Section {
                question,
                heading: format!("{}. {}", index + 1, question.text()),
                table: if index == 0 { report.intent_table.clone() } else { Vec::new() },
                silence: silence(report, question, chosen.is_empty()),
                unlock: unlock(report, question).filter(|unlock| {
                    let new = !offered.contains(&unlock.declaration);
                    offered.push(unlock.declaration.clone());
                    new
                }),
                overflow: overflow.len(),
                observations: chosen.into_iter().filter_map(told).collect(),
            }
        })
        .collect();
    Digest {
        title: format!("Streamgauge digest: {}", report.header.portfolio),
        header: report.header.clone(),
        dateline: words::dateline(&report.header),
        stale: Vec::new(),
        sections,
        due_reviews: report.due_reviews.clone(),
        tally: report.tally,
        unconfirmed: unconfirmed(report),
        unseen: report.unseen.clone(),
        revisions: Vec::new(),
        since: None,
        redefined: Vec::new(),
        false_alarms: words::false_alarms(&report.tally),
        appendix,
    }
}

fn told(finding: &Finding) -> Option<Told> {
    finding.observation.clone().map(|observation| Told {
        signal: finding.signal,
        dimension: finding.slice.dimension,
        link: None,
        slice: finding.slice.id.clone(),
        observation,
    })
}

/// Findings that may headline, in the order of the page.
pub(super) fn qualifying(report: &Report, question: Question) -> Vec<&Finding> {
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

/// Silence is information: either everything is usual, or what is missing is named.
fn silence(report: &Report, question: Question, nothing_told: bool) -> Vec<String> {
    let missing = silent_signals(report, question);
    let answered = report
        .findings
        .iter()
        .filter(|finding| !signals::is_gate(finding.signal))
        .any(|finding| finding.question == question && finding.verdict.has_data());
    let mut lines = Vec::new();
    if nothing_told && answered && missing.is_empty() {
        lines.push("Nothing outside the usual range.".to_owned());
    } else if nothing_told && answered {
        lines.push("The signals that have data show nothing outside the usual range.".to_owned());
    } else if nothing_told {
        lines.push("No signal of this section has enough data yet.".to_owned());
    }
    lines.extend(missing);
    lines
}

/// What each signal lacks of which no finding has data; signals that lack the same share a line.
fn silent_signals(report: &Report, question: Question) -> Vec<String> {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for signal in signals::ALL.iter().filter(|signal| signal.question == question) {
        let own = report.findings.iter().filter(|finding| finding.signal == signal.id);
        let own: Vec<&Verdict> = own.map(|finding| &finding.verdict).collect();
        if own.is_empty() || own.iter().any(|verdict| verdict.has_data()) {
            continue;
        }
        let why = words::missing(&own);
        match lines.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(signal.name.to_lowercase()),
            None => lines.push((why, vec![signal.name.to_owned()])),
        }
    }
    lines
        .into_iter()
        .map(|(why, names)| format!("{}: {why}.", signals::words::list(&names)))
        .collect()
}

fn unlock(report: &Report, question: Question) -> Option<Unlock> {
    let unlock = report.unlocks.iter().find(|unlock| unlock.question == question)?;
    let declaration = unlock.declare.clone()?;
    let name = |id: &&str| {
        let signal = signals::ALL.iter().find(|signal| signal.id == *id);
        signal.map_or_else(|| (*id).to_owned(), |signal| signal.name.to_lowercase())
    };
    let names: Vec<String> = unlock.signals.iter().map(name).collect();
    let sentence = format!(
        "{} One such declaration, with your own names and values, would unlock most ({}):",
        unlock.missing,
        signals::words::list(&names)
    );
    Some(Unlock { sentence, declaration })
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
