//! What each operation of the API is for.

use serde_json::Value;

use super::schemas::{Of, of};
use crate::digests::Digest;
use crate::gauge::record::{NewDecision, NewIntegration, NewReading};
use crate::gauge::{ItemStory, Status};
use crate::model::{Decision, Integration, Reading};
use crate::portfolio::MapView;
use crate::signals::Report;
use crate::signals::team::TeamView;

/// One method of one route.
pub(super) struct Operation {
    /// As the table of routes has it.
    pub path: &'static str,
    pub method: &'static str,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub says: &'static str,
    /// It can be asked about any instant.
    pub dated: bool,
    /// It answers 404 where something is not known.
    pub may_miss: bool,
    pub takes: Option<Of>,
    /// Status, what it means, what it carries.
    pub answers: Vec<(u16, &'static str, Of)>,
}

fn asks(
    path: &'static str,
    (id, tag): (&'static str, &'static str),
    (summary, says): (&'static str, &'static str),
    answer: Of,
) -> Operation {
    let answers = vec![(200, "The answer.", answer)];
    let (dated, may_miss, takes) = (true, false, None);
    Operation { path, method: "get", id, tag, summary, says, dated, may_miss, takes, answers }
}

fn takes(
    path: &'static str,
    id: &'static str,
    (summary, says): (&'static str, &'static str),
    question: Of,
    answer: Of,
) -> Operation {
    Operation {
        method: "post",
        dated: false,
        takes: Some(question),
        answers: vec![(201, "It was recorded.", answer)],
        ..asks(path, (id, "portfolio"), (summary, says), answer)
    }
}

/// Every operation, in the order of the document.
pub(super) fn operations() -> Vec<Operation> {
    let mut reading = takes(
        "/api/v1/readings",
        "record_reading",
        (
            "Record an outcome reading",
            "The measure has to be declared as `[[outcome]]`. The same reading twice is one.",
        ),
        of::<NewReading>,
        of::<Reading>,
    );
    reading.answers.push((200, "It was known already.", of::<Reading>));
    let no_store = "What can be told without a database.";
    vec![
        asks(
            "/api/v1/report",
            ("report", "signals"),
            (
                "Every signal of the portfolio and its streams",
                "Verdicts, measures with their window and n, series with their usual range, and what is missing. Digests and pages show this and compute nothing of their own. Nothing in it is about a team.",
            ),
            of::<Report>,
        ),
        asks(
            "/api/v1/digest",
            ("digest", "signals"),
            (
                "The one page of the portfolio",
                "Three questions with at most three observations each, as the portfolio page shows it.",
            ),
            of::<Digest>,
        ),
        Operation {
            may_miss: true,
            ..asks(
                "/api/v1/team",
                ("team", "signals"),
                (
                    "What a team sees of itself",
                    "For the team's own credential alone; the credential says which team.",
                ),
                of::<TeamView>,
            )
        },
        Operation {
            may_miss: true,
            ..asks(
                "/api/v1/items/{*key}",
                ("item", "signals"),
                (
                    "Why an item is where it is",
                    "Its timeline, the rules that place it, and the signals that count it. More than one item where several connections know the key.",
                ),
                of::<Vec<ItemStory>>,
            )
        },
        asks(
            "/api/v1/map",
            ("map", "portfolio"),
            (
                "Portfolio, value streams, product teams",
                "Streams, teams and their claims, epics, coverage of the rules, and which decisions belong to which altitude.",
            ),
            of::<MapView>,
        ),
        asks(
            "/api/v1/decisions",
            ("decisions", "portfolio"),
            (
                "Recorded decisions",
                "Those that hold; a corrected one is replaced by its correction.",
            ),
            of::<Vec<Decision>>,
        ),
        takes(
            "/api/v1/decisions",
            "record_decision",
            ("Record a decision", "A correction names the decision that it supersedes."),
            of::<NewDecision>,
            of::<Decision>,
        ),
        asks(
            "/api/v1/readings",
            ("readings", "portfolio"),
            (
                "Readings of outcome measures",
                "Those that were entered and those that sources gave.",
            ),
            of::<Vec<Reading>>,
        ),
        reading,
        asks(
            "/api/v1/integrations",
            ("integrations", "portfolio"),
            ("Integration events", "Events at which work was put together and looked at."),
            of::<Vec<Integration>>,
        ),
        takes(
            "/api/v1/integrations",
            "record_integration",
            ("Record an integration event", "It names at least one epic or item that was there."),
            of::<NewIntegration>,
            of::<Integration>,
        ),
        Operation {
            dated: false,
            answers: vec![(200, "The answer.", of::<Status>), (503, no_store, of::<Status>)],
            ..asks(
                "/api/v1/status",
                ("status", "operation"),
                (
                    "How everything does",
                    "The database, connections and their lag, scopes, gaps, rate budgets, digests, and sources of outcomes, now.",
                ),
                of::<Status>,
            )
        },
        Operation {
            dated: false,
            answers: vec![(200, "An OpenAPI 3.1 document.", of::<Value>)],
            ..asks(
                "/api/v1/openapi.json",
                ("openapi", "operation"),
                ("This document", "What the daemon that serves it answers."),
                of::<Value>,
            )
        },
    ]
}
