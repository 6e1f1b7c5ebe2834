//! What a page tells against the last one that its audience was sent: what is new, what is told no
//! longer, and which published numbers changed.

use schemars::JsonSchema;
use serde::Serialize;

use super::compose::{Digest, qualifying};
use super::content::{SentMoment, sent_moment};
use super::revisions;
use crate::gauge::{Gauge, Moment};
use crate::model::Week;
use crate::signals::definitions::{Redefined, redefined};
use crate::signals::report::{Finding, Question, Report};
use crate::signals::words::list;
use crate::signals::{ALL, Scope};
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
    let Some(SentMoment { as_of, known, definitions, .. }) = last_sent(gauge, last, report).await?
    else {
        return Ok(());
    };
    let moment = Moment { as_of: Some(as_of), known: Some(known) };
    let then = gauge.report(moment, scope).await?;
    let redefined = redefined(ALL, &definitions);
    let apart: Vec<&str> = redefined.iter().map(|one| one.signal).collect();
    digest.redefined = redefined.iter().map(Redefined::sentence).collect();
    digest.revisions = revisions::between(&then, report, &apart);
    digest.since = Some(Since::between(&then, report, &apart));
    Ok(())
}

/// The last digest of an audience that was sent before `report`.
async fn last_sent(
    gauge: &Gauge,
    (audience, id): (&str, Option<&str>),
    report: &Report,
) -> Result<Option<SentMoment>, StoreError> {
    let sent = gauge.store().sent_digests(100).await?;
    Ok(sent
        .iter()
        .filter(|sent| sent.sent_at <= report.header.known)
        .filter(|sent| id.is_none_or(|id| sent.key.digest == id))
        .filter_map(|sent| sent_moment(&sent.content))
        .find(|last| last.audience == audience && last.as_of < report.header.as_of))
}

impl Since {
    /// What `now` tells that `then` did not, and the other way round, but for the signals that are
    /// `apart`: they were told by another definition then.
    #[must_use]
    pub fn between(then: &Report, now: &Report, apart: &[&str]) -> Self {
        let told = |report: &Report| -> Vec<(&'static str, String, String)> {
            let all = Question::ALL.into_iter().flat_map(|question| qualifying(report, question));
            let all = all.filter(|finding| !apart.contains(&finding.signal));
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
