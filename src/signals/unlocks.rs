//! What would make a question answerable: the missing fact, and the one declaration that helps
//! most.

use super::report::{Finding, Question, Unlock, Verdict};
use super::view::View;
use super::{ALL, p1_attention_share as p1};
use crate::model::{Dimension, TrackerKind};

/// A declaration with the signals that wait for it.
struct Candidate {
    missing: &'static str,
    declare: Option<String>,
    signals: &'static [&'static str],
}

/// One entry for each question under which at least one signal has nothing to say.
#[must_use]
pub(super) fn unlocks(view: &View<'_>, findings: &[Finding]) -> Vec<Unlock> {
    let candidates = candidates(view, !is_silent(findings, p1::SIGNAL.id));
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

/// One entry for each signal that has nothing to say, in the order of the catalogue.
#[must_use]
pub(super) fn lacks(view: &View<'_>, findings: &[Finding]) -> Vec<Unlock> {
    let candidates = candidates(view, !is_silent(findings, p1::SIGNAL.id));
    let silent = ALL.iter().filter(|signal| is_silent(findings, signal.id));
    silent.map(|signal| unlock(signal.question, &[signal.id], &candidates, findings)).collect()
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
        .max_by_key(|(signals, ix, candidate)| {
            (candidate.declare.is_some(), signals.len(), std::cmp::Reverse(*ix))
        });
    let weeks = silent.iter().filter_map(|id| weeks_missing(findings, id)).max();
    match best {
        Some((signals, _, candidate)) => Unlock {
            question,
            missing: candidate.missing.to_owned(),
            declare: candidate.declare.clone(),
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

/// What this data lacks, most general first. A declaration is offered only where it would help:
/// an intent, for one, compares nothing while no attention is observed.
fn candidates(view: &View<'_>, attention: bool) -> Vec<Candidate> {
    let mut all = unmapped(view, attention);
    all.extend(undeclared(view, attention));
    all.into_iter().filter(|(applies, _)| *applies).map(|(_, candidate)| candidate).collect()
}

fn candidate(
    missing: &'static str,
    declare: impl Into<Option<String>>,
    signals: &'static [&'static str],
) -> Candidate {
    Candidate { missing, declare: declare.into(), signals }
}

/// What keeps items from having a place, a start or a queue.
fn unmapped(view: &View<'_>, attention: bool) -> Vec<(bool, Candidate)> {
    let data = view.data;
    let no_waiting = data.streams.iter().all(|stream| !stream.waiting_observable);
    let has = |tracker| data.items.iter().any(|item| item.tracker == tracker);
    let connection = data.coverage.first().map_or("jira", |span| &span.connection);
    let stream = data.streams.first().map_or("payments", |stream| &stream.id);
    vec![
        (
            data.streams.is_empty(),
            candidate(
                "No value stream is declared.",
                "[[stream]]\nid = \"payments\"\nname = \"Payments\"".to_owned(),
                &["P1", "P2", "P3", "V1", "V2", "V3", "V4", "V5", "V6", "T1", "C1", "C2", "D2"],
            ),
        ),
        (
            data.teams.is_empty(),
            candidate(
                "No team is declared, so no item has a home and no team-day is observed.",
                format!(
                    "[[team]]\nid = \"checkout\"\nstream = \"{stream}\"\nclaims = [{{ jira = \"PAY\" }}]"
                ),
                &[
                    "P1", "P2", "P3", "V1", "V2", "V3", "V4", "V5", "V6", "T1", "C1", "C2", "D2",
                    "D3",
                ],
            ),
        ),
        (
            !attention && has(TrackerKind::GitHub) && !has(TrackerKind::Jira),
            candidate(
                "Without a board, a label or a linked pull request nothing shows when work on an issue starts.",
                format!(
                    "[[workflow]]\nconnection = \"{connection}\"\nactive_labels = [\"in progress\"]"
                ),
                &["P1", "P3", "V1", "V3", "V4", "V5", "D2"],
            ),
        ),
        (
            no_waiting && attention,
            candidate(
                "No waiting state is declared, so queues cannot be told from work.",
                format!("[[workflow]]\nconnection = \"{connection}\"\nwaiting = [\"In review\"]"),
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
    ]
}

/// What the portfolio has not said yet.
fn undeclared(view: &View<'_>, attention: bool) -> Vec<(bool, Candidate)> {
    let data = view.data;
    let linked = data.epics.iter().any(|epic| epic.outcome.is_some());
    let no_intent = !data.intents.iter().any(|intent| intent.dimension == Dimension::Stream);
    let epic = data.epics.first().map_or("PAY-100", |epic| &epic.id);
    let stream = data.streams.first().map_or("payments", |stream| &stream.id);
    vec![
        (
            no_intent && attention && data.streams.len() > 1,
            candidate(
                "No intent is declared, so attention has nothing to be compared with.",
                format!("[[intent]]\ndimension = \"stream\"\nwhy = \"...\"\n{}", shares(view)),
                &["P2"],
            ),
        ),
        (
            data.epics.is_empty(),
            candidate(
                "No epic is known, so no bet can be looked at.",
                "[[epic]]\nref = \"PAY-100\"\nhypothesis = \"...\"\noutcome = \"refund-contacts\""
                    .to_owned(),
                &["P3", "P4", "C3", "C6", "O1", "O2", "O3", "D3"],
            ),
        ),
        (
            data.releases.iter().all(|release| release.items.is_empty())
                && data.integrations.is_empty()
                && !data.epics.is_empty(),
            candidate(
                "No release and no integration event is recorded, so nothing says when work of \
                 several streams met.",
                format!("streamgauge integration \"System demo\" --epic {epic}"),
                &["C3"],
            ),
        ),
        (
            !data.epics.is_empty() && data.epics.iter().all(|epic| epic.states.is_empty()),
            candidate(
                "No state of an epic is mapped, so nothing says which bets are started.",
                "[epic_states]\nimplementing = [\"In Progress\"]\ndone = [\"Done\"]".to_owned(),
                &["P4", "D1"],
            ),
        ),
        (
            data.outcomes.is_empty(),
            candidate(
                "No outcome measure is declared, so nothing could tell whether a bet works.",
                "[[outcome]]\nid = \"refund-contacts\"\nname = \"Refund contacts\"\nunit = \"per 1000 orders\"\ndirection = \"down\""
                    .to_owned(),
                &["O1", "O2"],
            ),
        ),
        (
            !data.outcomes.is_empty() && !linked,
            candidate(
                "No epic names the outcome it is meant to move.",
                format!("[[epic]]\nref = \"{epic}\"\noutcome = \"{}\"", outcome(view)),
                &["O1", "O2"],
            ),
        ),
        (
            data.cadences.is_empty() && !data.epics.is_empty(),
            candidate(
                "No cadence is declared, so nothing says when to look up.",
                "[[cadence]]\nid = \"pi\"\nanchor = 2026-01-05\nlength = \"10w\"".to_owned(),
                &["T1", "C5", "D3"],
            ),
        ),
        (
            !data.governance_mapped && attention,
            candidate(
                "No kind of work is mapped to governance, so its cost is not told.",
                // Whoever maps none on purpose is not asked for it on every page.
                None,
                &["T2"],
            ),
        ),
        (
            data.decisions.is_empty() && attention,
            candidate(
                "No decision is recorded.",
                format!("streamgauge decide more stream:{stream} --why \"...\""),
                &["D2", "D4"],
            ),
        ),
    ]
}

/// Equal shares of the declared streams, as an example to be changed; they add up to one.
fn shares(view: &View<'_>) -> String {
    let ids: Vec<&str> = view.data.streams.iter().map(|stream| stream.id.as_str()).collect();
    let cents = |ix: usize| 100 / ids.len() + usize::from(ix < 100 % ids.len());
    let pairs: Vec<String> = ids
        .iter()
        .enumerate()
        .map(|(ix, id)| format!("{id} = {:.2}", cents(ix) as f64 / 100.0))
        .collect();
    format!("shares = {{ {} }}", pairs.join(", "))
}

fn outcome<'a>(view: &View<'a>) -> &'a str {
    view.data.outcomes.first().map_or("refund-contacts", |outcome| &outcome.id)
}
