//! The journal of decisions, with what became of what each expected.

use schemars::JsonSchema;
use serde::Serialize;

use super::bets::{concerns, decisions, due, phrase, subject_name};
use super::d4_expectation_record::{Outcome, came_out};
use super::report::Slice;
use super::view::View;
use crate::model::{Altitude, Decision, Direction, Subject, Timestamp, Verb};

/// One recorded decision. Whoever took it is not known.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DecisionRow {
    pub id: String,
    pub made_at: Timestamp,
    pub effective_at: Timestamp,
    pub altitude: Altitude,
    /// What it is about: the portfolio, a stream, a theme or an epic.
    pub subject: Slice,
    pub verb: Verb,
    /// `More for Fleet`.
    pub phrase: String,
    pub target: Option<(f64, f64)>,
    pub why: String,
    pub cites: Vec<String>,
    pub expects: Option<Expected>,
}

/// What a decision expected, and how it stands.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Expected {
    pub measure: Slice,
    pub direction: Direction,
    pub review_at: Timestamp,
    /// How it came out by its review date (D4); `None` while that lies ahead.
    pub outcome: Option<Outcome>,
    /// The review date has passed without a later decision about the same subject.
    pub due: bool,
}

/// The decisions that belong to this reader's page, the oldest first.
#[must_use]
pub fn decision_rows(view: &View<'_>) -> Vec<DecisionRow> {
    let own = decisions(view).filter(|decision| concerns(view, &decision.subject));
    own.map(|decision| row(view, decision)).collect()
}

fn row(view: &View<'_>, decision: &Decision) -> DecisionRow {
    let expects = decision.expects.as_ref().map(|expects| {
        let measure = view.data.outcomes.iter().find(|measure| measure.id == expects.measure);
        let passed = expects.review_at <= view.as_of;
        Expected {
            measure: Slice {
                dimension: "outcome",
                id: expects.measure.clone(),
                name: measure.map_or(&expects.measure, |measure| &measure.name).clone(),
            },
            direction: expects.direction,
            review_at: expects.review_at,
            outcome: passed.then(|| came_out(view, decision, expects)),
            due: due(view, decision).is_some(),
        }
    });
    let (dimension, id) = match &decision.subject {
        Subject::Portfolio => ("portfolio", "portfolio"),
        Subject::Stream(id) => ("stream", id.as_str()),
        Subject::Theme(id) => ("theme", id.as_str()),
        Subject::Epic(id) => ("epic", id.as_str()),
    };
    DecisionRow {
        id: decision.id.clone(),
        made_at: decision.made_at,
        effective_at: decision.effective_at,
        altitude: decision.altitude,
        subject: Slice {
            dimension,
            id: id.to_owned(),
            name: subject_name(view.data, &decision.subject),
        },
        verb: decision.verb,
        phrase: phrase(view.data, decision),
        target: decision.target,
        why: decision.why.clone(),
        cites: decision.cites.clone(),
        expects,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Expectation, StreamIx};
    use crate::signals::dataset::{Dataset, Epic};
    use crate::signals::fixture::{at, epic, outcome_measure, portfolio};
    use crate::signals::{Report, Scope, evaluate};

    fn decided() -> Dataset {
        let mut data = portfolio(2, &[1, 2]);
        data.outcomes = vec![outcome_measure("contacts")];
        data.epics = vec![Epic { stream: Some(StreamIx(0)), ..epic("BET-1", &[]) }];
        let subjects =
            [Subject::Portfolio, Subject::Stream("s2".into()), Subject::Epic("BET-1".into())];
        for (n, subject) in subjects.into_iter().enumerate() {
            data.decisions.push(Decision {
                id: format!("D-{}", n + 1),
                made_at: at("03-01"),
                effective_at: at("03-01"),
                altitude: Altitude::Portfolio,
                subject,
                verb: Verb::More,
                target: None,
                expects: Some(Expectation {
                    measure: "contacts".into(),
                    direction: Direction::Up,
                    review_at: at("05-01"),
                }),
                cites: Vec::new(),
                why: "demand".into(),
                known_at: at("03-01"),
            });
        }
        data
    }

    fn report(when: &str, scope: &Scope) -> Report {
        evaluate(&decided(), at(when), at(when), scope)
    }

    /// What counts in the record of a stream's page, what is due on it, and its journal are the
    /// same decisions: those about the stream and its epics.
    #[test]
    fn one_rule_says_which_decisions_a_page_tells() {
        for (scope, ids) in [
            (Scope::Portfolio, vec!["D-1", "D-2", "D-3"]),
            (Scope::Stream("s1".into()), vec!["D-3"]),
            (Scope::Stream("s2".into()), vec!["D-2"]),
        ] {
            let report = report("05-04", &scope);
            let journal: Vec<&str> = report.decisions.iter().map(|d| d.id.as_str()).collect();
            assert_eq!(journal, ids, "{scope:?}");
            let due: Vec<&str> = report.due_reviews.iter().map(|d| d.decision.as_str()).collect();
            assert_eq!(due, ids, "{scope:?}");
            let record = report.findings.iter().find(|found| found.signal == "D4").unwrap();
            assert_eq!(record.items, ids, "{scope:?}");
        }
    }

    #[test]
    fn an_expectation_comes_out_at_its_review_date() {
        let of = |when| {
            let row = report(when, &Scope::Portfolio).decisions[1].clone();
            let expects = row.expects.unwrap();
            (row.phrase, expects.measure.name, expects.outcome, expects.due)
        };
        let told = |outcome, due| ("More for S2".to_owned(), "contacts".to_owned(), outcome, due);
        assert_eq!(of("04-30"), told(None, false));
        assert_eq!(of("05-01"), told(Some(Outcome::Undetermined), true));
    }
}
