//! The form that records a decision: what was typed, what is wrong with it, and the fields.
//!
//! It says nothing of its own about what is right: [`Gauge::decide`](crate::gauge::Gauge::decide)
//! judges every decision, whichever way it came.

use maud::{Markup, html};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::decision_words::{VERBS, altitude};
use super::layout::capital;
use crate::gauge::record::{NewDecision, NewExpectation, RecordError};
use crate::model::{Altitude, Direction};
use crate::portfolio::{Portfolio, Words};
use crate::signals::decision_rows::DecisionRow;
use crate::signals::epic_rows::EpicRow;

/// What was typed, field by field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    pub verb: String,
    pub subject: String,
    pub why: String,
    pub made_at: String,
    pub effective_at: String,
    pub altitude: String,
    pub target_low: String,
    pub target_high: String,
    pub measure: String,
    pub direction: String,
    pub review_at: String,
    pub cites: String,
    pub supersedes: String,
}

impl Typed {
    /// The decision that was meant, as far as its words can be read.
    ///
    /// # Errors
    /// A verb, level, direction or number that is none.
    pub fn read(&self) -> Result<NewDecision, RecordError> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let target = match (given(&self.target_low), given(&self.target_high)) {
            (None, None) => None,
            (low, high) => {
                let share = |text: Option<String>| {
                    text.and_then(|text| text.replace(',', ".").parse::<f64>().ok()).ok_or_else(
                        || wrong("target: write two shares between 0 and 1, such as 0.28 and 0.32"),
                    )
                };
                Some((share(low)?, share(high)?))
            }
        };
        let expects = match (given(&self.measure), given(&self.review_at)) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(wrong("measure: a review date goes with a measure; choose one"));
            }
            (Some(_), None) => {
                return Err(wrong("expects.review_at: say when the measure will be looked at"));
            }
            (Some(measure), Some(review_at)) => {
                let direction = word::<Direction>("direction", &self.direction, "up or down")?;
                Some(NewExpectation { measure, direction, review_at })
            }
        };
        let level = |text: String| word::<Altitude>("altitude", &text, "portfolio or stream");
        let verbs: Vec<&str> = VERBS.iter().map(|(_, name)| *name).collect();
        Ok(NewDecision {
            verb: word("verb", &self.verb, &verbs.join(", "))?,
            subject: self.subject.trim().to_owned(),
            why: self.why.clone(),
            made_at: given(&self.made_at),
            effective_at: given(&self.effective_at),
            altitude: given(&self.altitude).map(level).transpose()?,
            target,
            expects,
            cites: self.cites.split([',', ' ']).filter_map(given).collect(),
            supersedes: given(&self.supersedes),
        })
    }
}

fn wrong(text: &str) -> RecordError {
    RecordError::Wrong(text.to_owned())
}

/// One of our own words, as the files write it.
fn word<T: DeserializeOwned>(field: &str, text: &str, known: &str) -> Result<T, RecordError> {
    serde_json::from_value(serde_json::Value::String(text.trim().to_owned()))
        .map_err(|_| wrong(&format!("{field}: `{}`; choose one of {known}", text.trim())))
}

/// What the form can offer, and what is known of the last try.
pub struct Form<'a> {
    pub typed: &'a Typed,
    /// The field that was refused, and why.
    pub problem: Option<(&'a str, &'a str)>,
    pub portfolio: &'a Portfolio,
    pub epics: &'a [EpicRow],
    pub decisions: &'a [DecisionRow],
    pub words: &'a Words,
}

impl Form<'_> {
    #[must_use]
    pub fn render(&self) -> Markup {
        html! {
            details.record open[self.problem.is_some()] {
                summary { "Record a decision" }
                @if let Some((field, problem)) = self.problem {
                    p.problem role="alert" { "It was not recorded. " a href=(format!("#{}", id(field))) { (capital(field.trim_start_matches("expects."))) } ": " (problem) }
                }
                form.record method="post" action="/decisions" {
                    (self.what())
                    (self.when())
                    (self.expectation())
                    p.soft.small { "Nobody's name is stored: it is the portfolio's decision." }
                    button type="submit" { "Record it" }
                }
            }
        }
    }

    fn what(&self) -> Markup {
        let verbs = VERBS.map(|(_, name)| (name.to_owned(), capital(name)));
        html! {
            fieldset {
                legend { "What was decided" }
                (self.select("verb", "Decision", "", &verbs, &self.typed.verb))
                (self.select("subject", "About", "", &self.subjects(), &self.typed.subject))
                (self.field("why", "Why", "what it rests on, in a sentence", html! {
                    textarea id=(id("why")) name="why" rows="2" aria-describedby=[self.described("why")] aria-invalid=[self.invalid("why")] { (self.typed.why) }
                }))
                (self.input("cites", "Signals it cites", "such as P2:payments, separated by commas", "text", &self.typed.cites))
            }
        }
    }

    fn when(&self) -> Markup {
        let levels = [Altitude::Portfolio, Altitude::Stream].map(|level| {
            let name = if level == Altitude::Portfolio { "portfolio" } else { "stream" };
            (name.to_owned(), altitude(level, self.words).to_owned())
        });
        let earlier: Vec<(String, String)> = self
            .decisions
            .iter()
            .rev()
            .map(|row| (row.id.clone(), format!("{} ({})", row.phrase, row.id)))
            .collect();
        html! {
            fieldset {
                legend { "When, and by which level" }
                (self.input("made_at", "Made on", "today if empty", "date", &self.typed.made_at))
                (self.input("effective_at", "Counts from", "when it was made if empty", "date", &self.typed.effective_at))
                (self.select("altitude", "Level", "that of what it is about", &levels, &self.typed.altitude))
                (self.select("supersedes", "Corrects", "nothing recorded before", &earlier, &self.typed.supersedes))
            }
        }
    }

    fn expectation(&self) -> Markup {
        let outcomes = self.portfolio.outcomes().iter();
        let measures: Vec<(String, String)> = outcomes
            .map(|outcome| (outcome.measure.id.clone(), outcome.measure.name.clone()))
            .collect();
        let ways = [Direction::Up, Direction::Down]
            .map(|one| (one.word().to_owned(), one.word().to_owned()));
        html! {
            fieldset {
                legend { "What is expected of it" }
                (self.select("measure", "Measure", "none", &measures, &self.typed.measure))
                (self.select("direction", "Direction", "none", &ways, &self.typed.direction))
                (self.input("expects.review_at", "Looked at again on", "the day of the review", "date", &self.typed.review_at))
                (self.field("target", "Share of attention aimed at", "from and to, between 0 and 1", html! {
                    span.pair {
                        input id=(id("target")) name="target_low" type="text" inputmode="decimal" value=(self.typed.target_low) aria-describedby=[self.described("target")] aria-invalid=[self.invalid("target")];
                        input name="target_high" type="text" inputmode="decimal" value=(self.typed.target_high) aria-label="Share of attention aimed at, to";
                    }
                }))
            }
        }
    }

    /// The portfolio, then what it declares, by name. A level that the framework lacks is not
    /// offered.
    fn subjects(&self) -> Vec<(String, String)> {
        let whole = self.words.portfolio.unwrap_or("Product");
        let mut list = vec![("portfolio".to_owned(), format!("{whole}: all of it"))];
        let streams = self.portfolio.streams().iter();
        list.extend(streams.map(|own| {
            (format!("stream:{}", own.id), format!("{}: {}", self.words.stream, own.name))
        }));
        if let Some(word) = self.words.theme {
            let themes = self.portfolio.themes().iter();
            list.extend(
                themes.map(|own| (format!("theme:{}", own.id), format!("{word}: {}", own.name))),
            );
        }
        if let Some(word) = self.words.epic {
            let epics = self.epics.iter();
            list.extend(
                epics.map(|row| (format!("epic:{}", row.id), format!("{word}: {}", row.title))),
            );
        }
        list
    }

    fn select(
        &self,
        field: &str,
        label: &str,
        empty: &str,
        options: &[(String, String)],
        typed: &str,
    ) -> Markup {
        let inside = html! {
            select id=(id(field)) name=(name(field)) aria-describedby=[self.described(field)] aria-invalid=[self.invalid(field)] {
                @if !empty.is_empty() || typed.is_empty() {
                    option value="" { (if empty.is_empty() { "Choose" } else { empty }) }
                }
                @for (value, text) in options {
                    option value=(value) selected[value == typed] { (text) }
                }
                // What was typed is kept even where it is not offered.
                @if !typed.is_empty() && !options.iter().any(|(value, _)| value == typed) {
                    option value=(typed) selected { (typed) }
                }
            }
        };
        self.field(field, label, "", inside)
    }

    fn input(&self, field: &str, label: &str, hint: &str, kind: &str, typed: &str) -> Markup {
        let inside = html! {
            input id=(id(field)) name=(name(field)) type=(kind) value=(typed) aria-describedby=[self.described(field)] aria-invalid=[self.invalid(field)];
        };
        self.field(field, label, hint, inside)
    }

    fn field(&self, field: &str, label: &str, hint: &str, inside: Markup) -> Markup {
        html! {
            div.field {
                label for=(id(field)) { (label) @if !hint.is_empty() { span.soft.small { " " (hint) } } }
                (inside)
                @if let Some((_, problem)) = self.problem.filter(|(own, _)| *own == field) {
                    p.problem id=(format!("{}-problem", id(field))) { (capital(problem)) }
                }
            }
        }
    }

    fn described(&self, field: &str) -> Option<String> {
        self.problem.filter(|(own, _)| *own == field).map(|_| format!("{}-problem", id(field)))
    }

    fn invalid(&self, field: &str) -> Option<&'static str> {
        self.problem.filter(|(own, _)| *own == field).map(|_| "true")
    }
}

/// The id of a field's control.
fn id(field: &str) -> String {
    format!("field-{}", name(field))
}

/// The name under which a field is sent.
fn name(field: &str) -> &str {
    field.trim_start_matches("expects.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> Typed {
        let text = |text: &str| text.to_owned();
        Typed {
            verb: text("more"),
            subject: text("stream:fleet"),
            why: text("depots"),
            ..Typed::default()
        }
    }

    fn refused(typed: &Typed) -> String {
        typed.read().map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn empty_fields_are_left_to_their_defaults() {
        let new = typed().read().unwrap();
        assert!(new.made_at.is_none() && new.altitude.is_none() && new.target.is_none());
        assert!(new.expects.is_none() && new.supersedes.is_none() && new.cites.is_empty());
        let cites = Typed { cites: "P2:fleet, C1 ,".into(), ..typed() }.read().unwrap().cites;
        assert_eq!(cites, ["P2:fleet", "C1"]);
    }

    #[test]
    fn words_that_are_none_name_their_field() {
        let verb = Typed { verb: "perhaps".into(), ..typed() };
        assert!(refused(&verb).starts_with("verb: `perhaps`; choose one of start, continue"));
        let half = Typed { target_low: "0.2".into(), ..typed() };
        assert!(refused(&half).starts_with("target: "));
        let without = Typed { review_at: "2026-09-01".into(), ..typed() };
        assert!(refused(&without).starts_with("measure: "));
        let never = Typed { measure: "contacts".into(), direction: "up".into(), ..typed() };
        assert!(refused(&never).starts_with("expects.review_at: "));
        let target = Typed { target_low: "0,28".into(), target_high: "0.32".into(), ..typed() };
        assert_eq!(target.read().unwrap().target, Some((0.28, 0.32)));
    }
}
