//! What a page tells against the last one that its audience was sent: what is new, what is told no
//! longer, and which published numbers changed.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::compose::{Digest, qualifying};
use super::content::sent_moment;
use super::revisions;
use crate::gauge::{Gauge, Moment};
use crate::model::Week;
use crate::signals::Scope;
use crate::signals::report::{Finding, Question, Report};
use crate::signals::words::list;
use crate::store::StoreError;

/// Observations by name: "Booking (V5)". Those of the appendix are among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Since {
    /// The week of the page before.
    pub week: Week,
    pub new: Vec<String>,
    pub ended: Vec<String>,
    /// How many both pages tell.
    pub again: usize,
}

/// Says in a digest what is different since the last one that was sent to the same audience, by the
/// schedule with this id where one is given; nothing where there was none.
///
/// # Errors
/// The store does not answer.
pub async fn tell(
    gauge: &Gauge,
    last: (&str, Option<&str>),
    scope: &Scope,
    digest: &mut Digest,
    report: &Report,
) -> Result<(), StoreError> {
    if let Some(then) = last_sent(gauge, last, scope, report).await? {
        digest.revisions = revisions::between(&then, report);
        digest.since = Some(Since::between(&then, report));
    }
    Ok(())
}

/// The report behind the last digest of an audience that was sent before `report`, as it was known
/// then.
async fn last_sent(
    gauge: &Gauge,
    (audience, id): (&str, Option<&str>),
    scope: &Scope,
    report: &Report,
) -> Result<Option<Arc<Report>>, StoreError> {
    let sent = gauge.store().sent_digests(100).await?;
    let last = sent
        .iter()
        .filter(|sent| sent.sent_at <= report.header.known)
        .filter(|sent| id.is_none_or(|id| sent.key.digest == id))
        .filter_map(|sent| sent_moment(&sent.content))
        .find(|(as_of, _, whom)| whom == audience && *as_of < report.header.as_of);
    let Some((as_of, known, _)) = last else { return Ok(None) };
    gauge.report(Moment { as_of: Some(as_of), known: Some(known) }, scope).await.map(Some)
}

impl Since {
    /// What `now` tells that `then` did not, and the other way round.
    #[must_use]
    pub fn between(then: &Report, now: &Report) -> Self {
        let told = |report: &Report| -> Vec<(&'static str, String, String)> {
            let all = Question::ALL.into_iter().flat_map(|question| qualifying(report, question));
            all.map(|finding| (finding.signal, finding.slice.id.clone(), name(finding))).collect()
        };
        let (before, after) = (told(then), told(now));
        let lacks = |list: &[(&'static str, String, String)],
                     one: &(&'static str, String, String)| {
            !list.iter().any(|other| (other.0, &other.1) == (one.0, &one.1))
        };
        let only = |own: &[(&'static str, String, String)], other: &[_]| -> Vec<String> {
            own.iter().filter(|one| lacks(other, one)).map(|one| one.2.clone()).collect()
        };
        let new = only(&after, &before);
        let again = after.len() - new.len();
        Self { week: then.header.week, new, ended: only(&before, &after), again }
    }

    /// "Since the page of week 2026-W23: new are Payments (P2) and Booking (V5); Fleet (V3) is told
    /// no longer; 5 observations stand again."
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut parts = Vec::new();
        let verb = |names: &[String]| if names.len() == 1 { "is" } else { "are" };
        if !self.new.is_empty() {
            parts.push(format!("new {} {}", verb(&self.new), list(&self.new)));
        }
        if !self.ended.is_empty() {
            parts.push(format!("{} {} told no longer", list(&self.ended), verb(&self.ended)));
        }
        if parts.is_empty() {
            parts.push("nothing is new".to_owned());
        }
        match self.again {
            0 => {}
            1 => parts.push("1 observation stands again".to_owned()),
            many => parts.push(format!("{many} observations stand again")),
        }
        format!("Since the page of week {}: {}.", self.week, parts.join("; "))
    }
}

fn name(finding: &Finding) -> String {
    let subject = finding.observation.as_ref().map_or(&finding.slice.name, |told| &told.subject);
    format!("{subject} ({})", finding.signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_went_and_stands_is_said() {
        let week = crate::model::Timestamp::parse("2026-06-10T00:00:00Z").unwrap();
        let week = Week::of(week, chrono_tz::Tz::UTC);
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let since = |new: &[&str], ended: &[&str], again| {
            Since { week, new: names(new), ended: names(ended), again }.sentence()
        };
        assert_eq!(
            since(&["Payments (P2)", "Booking (V5)"], &["Fleet (V3)"], 5),
            "Since the page of week 2026-W24: new are Payments (P2) and Booking (V5); Fleet (V3) \
             is told no longer; 5 observations stand again."
        );
        assert_eq!(
            since(&[], &[], 1),
            "Since the page of week 2026-W24: nothing is new; 1 observation stands again."
        );
    }
}
