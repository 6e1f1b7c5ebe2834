//! Decisions, outcome readings and integration events, as a person enters them, checked against the portfolio.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Gauge;
use crate::model::{
    Altitude, Decision, Direction, Expectation, Integration, Reading, Subject, Timestamp, Verb,
    start_of_day,
};
use crate::store::StoreError;

/// A decision as entered: over the API or by `streamgauge decide`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDecision {
    pub verb: Verb,
    /// `portfolio`, `stream:ID`, `theme:ID` or `epic:KEY`.
    pub subject: String,
    pub why: String,
    /// RFC 3339, or a day; now when absent.
    pub made_at: Option<String>,
    /// RFC 3339, or a day; the same as `made_at` when absent.
    pub effective_at: Option<String>,
    /// By default that of the subject: an epic's stream, or the portfolio.
    pub altitude: Option<Altitude>,
    /// Attention shares between 0 and 1 that the decision aims at.
    pub target: Option<(f64, f64)>,
    pub expects: Option<NewExpectation>,
    #[serde(default)]
    pub cites: Vec<String>,
    /// The id of the decision that this one corrects.
    pub supersedes: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExpectation {
    pub measure: String,
    pub direction: Direction,
    pub review_at: String,
}

/// An outcome reading as entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReading {
    pub measure: String,
    pub value: f64,
    /// RFC 3339; now when absent.
    pub at: Option<String>,
    /// Where the value comes from, in a word or two.
    #[serde(default)]
    pub source: String,
}

/// An integration event as entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewIntegration {
    /// What it was: `System demo 14`.
    pub name: String,
    /// RFC 3339; now when absent.
    pub at: Option<String>,
    /// Keys of epics: what was delivered of them was there.
    #[serde(default)]
    pub epics: Vec<String>,
    /// Keys of items that were there.
    #[serde(default)]
    pub items: Vec<String>,
    /// The id of the event that this one corrects.
    pub supersedes: Option<String>,
}

/// Why a record was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// One sentence that begins with the field and a colon, and names the mend.
    #[error("{0}")]
    Wrong(String),
    #[error(transparent)]
    Store(StoreError),
}

impl RecordError {
    /// The field that is wrong, and what is wrong with it.
    #[must_use]
    pub fn field(&self) -> Option<(&str, &str)> {
        let Self::Wrong(text) = self else { return None };
        text.split_once(": ")
    }
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing(what) => Self::Wrong(what),
            other => Self::Store(other),
        }
    }
}

impl Gauge {
    /// Checks and appends a decision; its id is assigned by the store.
    ///
    /// # Errors
    /// A reference that the portfolio does not know, an unreadable instant, or the store.
    pub async fn decide(&self, new: NewDecision) -> Result<Decision, RecordError> {
        let now = self.clock.now();
        let subject = self.subject(&new.subject)?;
        let made_at = self.instant("made_at", new.made_at.as_deref())?.unwrap_or(now);
        let effective_at =
            self.instant("effective_at", new.effective_at.as_deref())?.unwrap_or(made_at);
        if new.why.trim().is_empty() {
            return Err(wrong("why: is empty; say in a sentence what the decision rests on"));
        }
        if let Some((low, high)) = new.target
            && !(0.0 <= low && low <= high && high <= 1.0)
        {
            return Err(wrong("target: write two shares between 0 and 1, the smaller one first"));
        }
        let expects = new.expects.map(|expects| self.expectation(expects)).transpose()?;
        let altitude = new.altitude.unwrap_or(match subject {
            Subject::Portfolio | Subject::Theme(_) => Altitude::Portfolio,
            Subject::Stream(_) | Subject::Epic(_) => Altitude::Stream,
        });
        let decision = Decision {
            id: String::new(),
            made_at,
            effective_at,
            altitude,
            subject,
            verb: new.verb,
            target: new.target,
            expects,
            cites: new.cites,
            why: new.why.trim().to_owned(),
            known_at: now,
        };
        Ok(self.store.add_decision(decision, new.supersedes.as_deref()).await?)
    }

    /// Checks and appends an outcome reading. One that is known already is not doubled: the second
    /// value tells whether it was new.
    ///
    /// # Errors
    /// An unknown measure, an unreadable instant, a value that is no number, or the store.
    pub async fn read(&self, new: NewReading) -> Result<(Reading, bool), RecordError> {
        self.known_measure(&new.measure)?;
        if !new.value.is_finite() {
            return Err(wrong("value: is not a number"));
        }
        let now = self.clock.now();
        let reading = Reading {
            measure: new.measure,
            at: self.instant("at", new.at.as_deref())?.unwrap_or(now),
            value: new.value,
            source: if new.source.is_empty() { "entered".to_owned() } else { new.source },
            known_at: now,
        };
        let fresh = self.store.add_reading(reading.clone()).await?;
        Ok((reading, fresh))
    }

    /// Checks and appends an integration event; its id is assigned by the store.
    ///
    /// # Errors
    /// An event without a name or contents, an epic or item that nobody knows, an unreadable
    /// instant or one to come, or the store.
    pub async fn integrate(&self, new: NewIntegration) -> Result<Integration, RecordError> {
        let now = self.clock.now();
        let at = self.instant("at", new.at.as_deref())?.unwrap_or(now);
        let name = new.name.trim().to_owned();
        if name.is_empty() {
            return Err(wrong(
                "name: is empty; say what the event was, such as \"System demo 14\"",
            ));
        }
        if at > now {
            return Err(wrong("at: lies in the future; record the event once it took place"));
        }
        if new.epics.is_empty() && new.items.is_empty() {
            return Err(wrong("epics, items: name at least one epic or item that was there"));
        }
        let world = self.world(None).await?;
        let epics = sorted(new.epics);
        let known = |key: &&String| world.epics.entries().iter().any(|epic| epic.id == **key);
        if let Some(key) = epics.iter().find(|key| !known(key)) {
            return Err(wrong(&format!(
                "epics: no epic `{key}` is known; `streamgauge map` lists them"
            )));
        }
        let items = sorted(new.items);
        let held: BTreeSet<&str> =
            world.dataset.items.iter().map(|item| item.key.as_str()).collect();
        let known = |key: &&String| held.contains(key.as_str());
        if let Some(key) = items.iter().find(|key| !known(key)) {
            return Err(wrong(&format!(
                "items: no work item is known by the key `{key}`; an epic goes under epics"
            )));
        }
        let event = Integration { id: String::new(), at, name, epics, items, known_at: now };
        Ok(self.store.add_integration(event, new.supersedes.as_deref()).await?)
    }

    fn subject(&self, text: &str) -> Result<Subject, RecordError> {
        let portfolio = &self.portfolio;
        let unknown = |what: &str, id: &str, known: Vec<&str>| {
            wrong(&format!("subject: there is no {what} `{id}`; there are {}", known.join(", ")))
        };
        match text.split_once(':') {
            None if text == "portfolio" => Ok(Subject::Portfolio),
            Some(("stream", id)) => {
                let known: Vec<&str> = portfolio.streams().iter().map(|s| s.id.as_str()).collect();
                if known.contains(&id) {
                    Ok(Subject::Stream(id.to_owned()))
                } else {
                    Err(unknown("stream", id, known))
                }
            }
            Some(("theme", id)) => {
                let known: Vec<&str> = portfolio.themes().iter().map(|t| t.id.as_str()).collect();
                if known.contains(&id) {
                    Ok(Subject::Theme(id.to_owned()))
                } else {
                    Err(unknown("theme", id, known))
                }
            }
            Some(("epic", key)) if !key.is_empty() => Ok(Subject::Epic(key.to_owned())),
            _ => Err(wrong(&format!(
                "subject: `{text}`; write portfolio, stream:ID, theme:ID or epic:KEY"
            ))),
        }
    }

    fn expectation(&self, new: NewExpectation) -> Result<Expectation, RecordError> {
        self.known_measure(&new.measure)?;
        let review_at = self
            .instant("expects.review_at", Some(&new.review_at))?
            .ok_or_else(|| wrong("expects.review_at: is missing"))?;
        Ok(Expectation { measure: new.measure, direction: new.direction, review_at })
    }

    /// An instant, or a day: then its beginning in the portfolio's zone.
    fn instant(&self, field: &str, text: Option<&str>) -> Result<Option<Timestamp>, RecordError> {
        let read = |text: &str| {
            let day =
                || text.parse::<NaiveDate>().map(|day| start_of_day(day, self.portfolio.zone()));
            Timestamp::parse(text).or_else(|_| day()).map_err(|_| {
                wrong(&format!("{field}: `{text}`; write it as 2026-06-15 or 2026-06-15T06:00:00Z"))
            })
        };
        text.map(read).transpose()
    }

    fn known_measure(&self, id: &str) -> Result<(), RecordError> {
        let known: Vec<&str> =
            self.portfolio.outcomes().iter().map(|outcome| outcome.measure.id.as_str()).collect();
        if known.contains(&id) {
            return Ok(());
        }
        let there = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(wrong(&format!(
            "measure: `{id}` is not declared as [[outcome]] in the portfolio; declared: {there}"
        )))
    }
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn wrong(text: &str) -> RecordError {
    RecordError::Wrong(text.to_owned())
}
