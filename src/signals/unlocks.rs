//! What would make a question answerable: the missing fact, and the one declaration that helps
//! most.

use super::ALL;
use super::report::{Finding, Question, Unlock, Verdict};
use super::view::View;
use crate::model::Dimension;

/// A declaration with the signals that wait for it.
struct Candidate {
    missing: &'static str,
    declare: Option<&'static str>,
    signals: &'static [&'static str],
}

/// One entry for each question under which at least one signal has nothing to say.
#[must_use]
pub(super) fn unlocks(view: &View<'_>, findings: &[Finding]) -> Vec<Unlock> {
    let candidates = candidates(view);
    Question::ALL
        .into_iter()
        .filter_map(|question| {
            let silent: Vec<&'static str> = ALL
                .iter()
                .filter(|signal| signal.question == question)
                .map(|signal| signal.id)
                .filter(|id| is_silent(findings, id))
                .collect();
            (!silent.is_empty()).then(|| unlock(question, &silent, &candidates, findings))
        })
        .collect()
}

/// Every finding of the signal lacks data. A signal without findings has nothing to lack.
fn is_silent(findings: &[Finding], signal: &str) -> bool {
    let mut own = findings.iter().filter(|finding| finding.signal == signal).peekable();
    own.peek().is_some() && own.all(|finding| !finding.verdict.has_data())
}

fn unlock(
    question: Question,
    silent: &[&'static str],
    candidates: &[Candidate],
    findings: &[Finding],
) -> Unlock {
    let unlocked = |candidate: &Candidate| -> Vec<&'static str> {
        silent.iter().filter(|id| candidate.signals.contains(*id)).copied().collect()
    };
    let best = candidates
        .iter()
        .enumerate()
        .map(|(ix, candidate)| (unlocked(candidate), ix, candidate))
        .filter(|(signals, ..)| !signals.is_empty())
        .max_by_key(|(signals, ix, _)| (signals.len(), std::cmp::Reverse(*ix)));
    let weeks = silent.iter().filter_map(|id| weeks_missing(findings, id)).max();
    match best {
        Some((signals, _, candidate)) => Unlock {
            question,
            missing: candidate.missing.to_owned(),
            declare: candidate.declare.map(str::to_owned),
            signals,
            weeks,
        },
        None => {
            let why = silent.iter().find_map(|id| reason(findings, id));
            let missing = why.unwrap_or_else(|| "there is not enough data yet".to_owned());
            Unlock {
                question,
                missing: sentence(&missing),
                declare: None,
                signals: silent.to_vec(),
                weeks,
            }
        }
    }
}

/// Weeks that a signal still waits for, where time alone helps: the least over its findings.
fn weeks_missing(findings: &[Finding], signal: &str) -> Option<u64> {
    findings
        .iter()
        .filter(|finding| finding.signal == signal)
        .filter_map(|finding| match &finding.verdict {
            Verdict::Insufficient { have, need, unit, .. } if unit == "weeks" => {
                Some(need.saturating_sub(*have))
            }
            _ => None,
        })
        .min()
}

fn reason(findings: &[Finding], signal: &str) -> Option<String> {
    findings.iter().filter(|finding| finding.signal == signal).find_map(|finding| {
        match &finding.verdict {
            Verdict::Insufficient { have, need, unit, why } => {
                Some(format!("{why} ({have} of {need} {unit})"))
            }
            Verdict::NotApplicable { why } => Some(why.clone()),
            _ => None,
        }
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// The declarations that this data lacks, most general first.
fn candidates(view: &View<'_>) -> Vec<Candidate> {
    let data = view.data;
    let no_waiting = data.streams.iter().all(|stream| !stream.waiting_observable);
    let linked = data.epics.iter().any(|epic| epic.outcome.is_some());
    let no_intent = !data.intents.iter().any(|intent| intent.dimension == Dimension::Stream);
    let candidate = |missing, declare, signals| Candidate { missing, declare, signals };
    let all = [
        (
            data.streams.is_empty(),
            candidate(
                "No value stream is declared.",
                Some("[[stream]]\nid = \"payments\"\nname = \"Payments\""),
                &["P1", "P2", "V2", "V5", "C1", "C2", "D2"],
            ),
        ),
        (
            data.teams.is_empty(),
            candidate(
                "No team is declared, so no item has a home and no team-day is observed.",
                Some(
                    "[[team]]\nid = \"checkout\"\nstream = \"payments\"\nclaims = [{ jira = \"PAY\" }]",
                ),
                &["P1", "P2", "V2", "V5", "C1", "C2", "D2", "D3"],
            ),
        ),
        (
            no_intent,
            candidate(
                "No intent is declared, so attention has nothing to be compared with.",
                Some(
                    "[[intent]]\ndimension = \"stream\"\nshares = { payments = 0.6, booking = 0.4 }\nwhy = \"...\"",
                ),
                &["P2"],
            ),
        ),
        (
            no_waiting,
            candidate(
                "No waiting state is declared, so queues cannot be told from work.",
                Some("[[workflow]]\nconnection = \"jira\"\nwaiting = [\"In review\"]"),
                &["V5"],
            ),
        ),
        (
            data.links.is_empty(),
            candidate(
                "No blocking link between items is recorded in the trackers.",
                None,
                &["C1", "C2"],
            ),
        ),
        (
            data.outcomes.is_empty(),
            candidate(
                "No outcome measure is declared, so nothing could tell whether a bet works.",
                Some(
                    "[[outcome]]\nid = \"refund-contacts\"\nname = \"Refund contacts\"\nunit = \"per 1000 orders\"\ndirection = \"down\"",
                ),
                &["O1"],
            ),
        ),
        (
            !data.outcomes.is_empty() && !linked,
            candidate(
                "No epic names the outcome it is meant to move.",
                Some("[[epic]]\nref = \"PAY-100\"\noutcome = \"refund-contacts\""),
                &["O1"],
            ),
        ),
        (
            data.cadences.is_empty(),
            candidate(
                "No cadence is declared, so nothing says when to look up.",
                Some("[[cadence]]\nid = \"pi\"\nanchor = 2026-01-05\nlength = \"10w\""),
                &["D3"],
            ),
        ),
        (
            data.decisions.is_empty(),
            candidate(
                "No decision is recorded.",
                Some("streamgauge decide more stream:payments --why \"...\""),
                &["D2"],
            ),
        ),
    ];
    all.into_iter().filter(|(applies, _)| *applies).map(|(_, candidate)| candidate).collect()
}
