//! One decision with its evidence, for those who meet about money: what was decided and why, what
//! it cites, then and now, what followed, and what the measure that it named has done.

use std::fmt::Write as _;

use serde::Serialize;

use super::links::{self, At};
use super::markdown::{escape, observation_line};
use super::words::{self, local, verdict};
use super::{Digest, page};
use crate::gauge::{Gauge, Moment};
use crate::model::{Decision, Subject, Timestamp};
use crate::plain;
use crate::signals::report::{Finding, Measure, Report, Unit};
use crate::signals::words::{quoted, value};
use crate::signals::{ALL, Scope};
use crate::store::StoreError;

/// Everything that speaks of one decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Brief {
    pub portfolio: String,
    pub as_of: Timestamp,
    pub zone: String,
    pub decision: Decision,
    /// As a reader knows it: `More for Fleet`.
    pub name: String,
    /// What the decision expected, and whether the day to look has passed.
    pub expected: Option<String>,
    pub cited: Vec<Cited>,
    /// D2: how attention followed.
    pub followed: Vec<Finding>,
    /// O1 of the measure that it named.
    pub outcome: Vec<Finding>,
    /// What stands about its subject now, by the catalogue's order.
    pub subject: Vec<Finding>,
    /// What the page of that day cannot see.
    pub unseen: Vec<String>,
}

/// A signal that the decision cites: as it stood when the decision was made, by what is known now,
/// and as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cited {
    pub cites: String,
    pub then: Option<Finding>,
    pub now: Option<Finding>,
}

/// A brief with the page of its moment and the report behind both.
pub struct Bundle {
    pub brief: Brief,
    pub digest: Digest,
    pub report: std::sync::Arc<Report>,
}

/// Gathers what speaks of a decision. `None`: no such decision was known at that moment.
///
/// # Errors
/// The store does not answer.
pub async fn gather(gauge: &Gauge, id: &str, moment: Moment) -> Result<Option<Bundle>, StoreError> {
    let (digest, report) = page(gauge, &Scope::Portfolio, moment).await?;
    let as_of = report.header.as_of;
    let all = gauge.store().decisions(moment.known).await?;
    let Some(decision) = all.into_iter().find(|one| one.id == id && one.made_at <= as_of) else {
        return Ok(None);
    };
    // By what is known now: many a decision is older than the daemon.
    let made = Moment { as_of: Some(decision.made_at), known: moment.known };
    let then = gauge.report(made, &Scope::Portfolio).await?;
    let cited = |cites: &String| Cited {
        cites: cites.clone(),
        then: named(&then, cites).cloned(),
        now: named(&report, cites).cloned(),
    };
    let of = |signal: &str, slice: &str| -> Vec<Finding> {
        let found = report.findings.iter();
        found.filter(|one| one.signal == signal && one.slice.id == slice).cloned().collect()
    };
    let measure = decision.expects.as_ref().map(|expects| expects.measure.as_str());
    let followed = of("D2", &decision.id);
    let brief = Brief {
        portfolio: report.header.portfolio.clone(),
        as_of,
        zone: report.header.zone.clone(),
        name: followed.first().map_or_else(|| decision.id.clone(), |one| one.slice.name.clone()),
        expected: expected(&decision, as_of, &report.header.zone),
        cited: decision.cites.iter().map(cited).collect(),
        outcome: measure.map_or_else(Vec::new, |measure| of("O1", measure)),
        followed,
        subject: about(&report, &decision.subject),
        unseen: digest.unseen.clone(),
        decision,
    };
    Ok(Some(Bundle { brief, digest, report }))
}

/// The finding that `P2:payments` or `P2` names.
fn named<'a>(report: &'a Report, cites: &str) -> Option<&'a Finding> {
    let (signal, slice) = cites.split_once(':').unwrap_or((cites, "portfolio"));
    let own = |one: &&Finding| one.signal.eq_ignore_ascii_case(signal);
    let mut found = report.findings.iter().filter(own);
    found.find(|one| one.slice.id == slice)
}

fn expected(decision: &Decision, as_of: Timestamp, zone: &str) -> Option<String> {
    let expects = decision.expects.as_ref()?;
    let way = expects.direction.word();
    let passed = if expects.review_at <= as_of { "passed" } else { "not reached" };
    let day = expects.review_at.to_utc().with_timezone(&words::zone(zone)).format("%-d %B %Y");
    Some(format!("{} {way}; review date {day} ({passed})", quoted(&expects.measure)))
}

/// Findings whose slice is the subject.
fn about(report: &Report, subject: &Subject) -> Vec<Finding> {
    let (dimension, id) = match subject {
        Subject::Portfolio => ("portfolio", "portfolio"),
        Subject::Stream(id) => ("stream", id.as_str()),
        Subject::Theme(id) => ("theme", id.as_str()),
        Subject::Epic(key) => ("epic", key.as_str()),
    };
    // Epics stand among the keys behind what is told of several.
    let own = |one: &&Finding| {
        (one.slice.dimension == dimension && one.slice.id == id)
            || (dimension == "epic" && one.items.iter().any(|key| key == id))
    };
    report.findings.iter().filter(own).filter(|one| one.verdict.has_data()).cloned().collect()
}

/// The brief as Markdown. With the daemon's address, `base`, what it tells links to its page.
#[must_use]
pub fn render(bundle: &Bundle, base: Option<&str>) -> String {
    let Bundle { brief, report, .. } = bundle;
    let at = base.map(|base| At::new(base, &report.header));
    let linked = |text: String, page: String| match &at {
        Some(at) => format!("[{text}]({})", at.page(&page)),
        None => text,
    };
    let mut out = String::new();
    let zone = words::zone(&brief.zone);
    let day = |at: Timestamp| at.to_utc().with_timezone(&zone).format("%-d %B %Y").to_string();
    let decision = &brief.decision;
    let id = linked(decision.id.clone(), format!("/decisions#{}", decision.id));
    let _ = writeln!(out, "# Brief: {} ({id})", escape(&brief.name));
    let as_of = local(brief.as_of.to_utc().with_timezone(&zone));
    let _ = writeln!(out, "{}, as of {as_of} ({}).\n", escape(&brief.portfolio), brief.zone);
    let _ = writeln!(
        out,
        "Made on {}, effective on {}. Why: \"{}\"",
        day(decision.made_at),
        day(decision.effective_at),
        escape(&decision.why)
    );
    match &brief.expected {
        Some(expected) => drop(writeln!(out, "Expected: {}.\n", escape(expected))),
        None => drop(writeln!(out, "No expectation was recorded, so none can be looked at.\n")),
    }
    let _ = writeln!(out, "## What it cites\n");
    if brief.cited.is_empty() {
        let _ = writeln!(out, "Nothing: the decision names no signal.");
    }
    for cited in &brief.cited {
        let said = |found: &Option<Finding>| {
            found.as_ref().map_or_else(|| "no such finding.".to_owned(), told)
        };
        let cites = format!("`{}`", plain::line(&cited.cites).replace('`', ""));
        let told = cited.now.as_ref().or(cited.then.as_ref());
        let cites = match told {
            Some(one) => linked(cites, links::slice(one.signal, &one.slice)),
            None => cites,
        };
        let _ = writeln!(out, "- {cites}");
        let _ = writeln!(out, "  - On {}: {}", day(decision.made_at), said(&cited.then));
        let _ = writeln!(out, "  - Now: {}", said(&cited.now));
    }
    let mut part = |heading: &str, found: &[Finding], none: &str| {
        let _ = writeln!(out, "\n## {heading}\n");
        if found.is_empty() {
            let _ = writeln!(out, "{none}");
        }
        for one in found {
            let signal = ALL.iter().find(|signal| signal.id == one.signal);
            let name = signal.map_or(one.signal, |signal| signal.name);
            let name =
                linked(format!("{name} ({})", one.signal), links::slice(one.signal, &one.slice));
            let _ = writeln!(out, "- {name}: {}", told(one));
        }
    };
    part("What followed", &brief.followed, "Attention was not followed.");
    part("The outcome that it named", &brief.outcome, "The decision names no outcome measure.");
    part("Its subject now", &brief.subject, "No signal has data about the subject alone.");
    let _ = writeln!(out, "\n## What this brief cannot say\n");
    for line in &brief.unseen {
        let _ = writeln!(out, "- {}", escape(line));
    }
    let _ = writeln!(
        out,
        "- One decision is one observation: what came after it did not come from it alone."
    );
    plain::lines(&out).into_owned()
}

/// What a finding says: its observation, or its verdict with its first number.
fn told(finding: &Finding) -> String {
    if let Some(observation) = &finding.observation {
        return observation_line(observation);
    }
    let number = finding.measures.iter().find(|one| one.unit != Unit::PValue).map(number);
    let number = number.map_or_else(String::new, |number| format!("{number}; "));
    format!("{number}{}.", escape(&verdict(&finding.verdict)))
}

fn number(measure: &Measure) -> String {
    let n = measure.n.map_or_else(String::new, |n| format!(" (n = {n})"));
    format!("{} {}{n}", measure.name.replace('_', " "), value(measure.value, measure.unit))
}
