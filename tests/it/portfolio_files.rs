//! The sample portfolio file, and what the reader says about files that are wrong.

use chrono::NaiveDate;
use chrono_tz::Tz;
use streamgauge::model::{
    Altitude, Dimension, Direction, StreamKind, Timestamp, TrackerKind, ValueArea, Verb, Vocabulary,
};
use streamgauge::portfolio::{OutcomeSource, Portfolio, Problems};

const SAMPLE: &str = include_str!("../../config/portfolio.toml");

fn sample() -> Portfolio {
    Portfolio::parse(SAMPLE, "config/portfolio.toml").unwrap_or_else(|problems| {
        panic!("the sample must be valid:\n{}", problems.rendered);
    })
}

fn problems(text: &str) -> Problems {
    Portfolio::parse(text, "portfolio.toml").expect_err("the file must be refused")
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let told = problems(text).to_string();
    assert_eq!(told, expected, "for the file:\n{text}");
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

#[test]
fn the_sample_is_read_whole() {
    let portfolio = sample();
    assert_eq!(portfolio.name(), "Northwind");
    assert_eq!(portfolio.zone(), Tz::Europe__Berlin);
    assert_eq!(portfolio.vocabulary(), Vocabulary::Safe);
    assert_eq!(portfolio.precedence(), [TrackerKind::Jira, TrackerKind::GitHub]);

    let streams: Vec<&str> = portfolio.streams().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(streams, ["booking", "identity", "payments"]);
    assert_eq!(portfolio.streams()[1].kind, StreamKind::Enabling);
    assert_eq!(portfolio.streams()[2].valid.from, at("2024-12-31T23:00:00Z"));

    let team = |id: &str| portfolio.teams().iter().find(|team| team.id == id).unwrap();
    let moved = at("2026-01-31T23:00:00Z");
    assert_eq!(team("search").home_at(moved.plus_millis(-1)).unwrap().0, 2);
    assert_eq!(team("search").home_at(moved).unwrap().0, 0);
    let raised = at("2026-03-31T22:00:00Z");
    assert_eq!(team("ledger").weight_at(raised.plus_millis(-1)), 1.0);
    assert_eq!(team("ledger").weight_at(raised), 2.0);
    assert_eq!(team("login").weight_at(raised), 1.0);

    let epic = &portfolio.declared_epics()[0];
    assert_eq!((epic.key.as_str(), epic.theme), ("PAY-100", Some(1)));
    assert_eq!(epic.outcome.as_deref(), Some("refund-contacts"));
    assert!(portfolio.declares_epic("pay-100") && !portfolio.declares_epic("PAY-101"));

    let intent = &portfolio.intents()[0];
    assert_eq!(intent.dimension, Dimension::Stream);
    assert_eq!(intent.shares[0], ("booking".to_owned(), 0.35));
    assert_eq!(intent.tolerance, 0.05);

    let outcome = |id: &str| portfolio.outcomes().iter().find(|one| one.measure.id == id).unwrap();
    assert_eq!(outcome("refund-contacts").measure.direction, Direction::Down);
    assert_eq!(outcome("partner-onboarding").measure.value_area, ValueArea::TimeToMarket);
    assert_eq!(outcome("partner-onboarding").source, OutcomeSource::Push);
    let csv = OutcomeSource::Csv {
        at: "readings/sign-in.csv".into(),
        time: "day".into(),
        value: "failures".into(),
    };
    assert_eq!(outcome("sign-in-failures").source, csv);

    let guardrail = &portfolio.guardrails()[0];
    assert_eq!(guardrail.altitude, Altitude::Stream);
    assert_eq!(guardrail.may, [Verb::Start, Verb::Continue, Verb::Pivot]);
    let cadence = &portfolio.cadences()[0];
    assert_eq!((cadence.anchor, cadence.days), (NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(), 70));
    let workflow = SAMPLE.lines().position(|line| line == "connection = \"github\"").unwrap();
    assert_eq!(portfolio.connections().first(), Some(&("github", workflow)), "the table's line");
    let known = |key: &str| match key {
        "PAY-12" => Some(TrackerKind::Jira),
        "northwind/checkout#12" => Some(TrackerKind::GitHub),
        _ => None,
    };
    assert_eq!(portfolio.canonical("northwind/checkout#12", known), Some("PAY-12"));
    let only_github = |key: &str| known(key).filter(|one| *one == TrackerKind::GitHub);
    assert_eq!(portfolio.canonical("PAY-12", only_github), Some("northwind/checkout#12"));
    assert_eq!(portfolio.canonical("PAY-13", known), None);
}

/// Asks the reader for the keys of every table by offering one that it cannot know.
fn keys_of(table: &str) -> Vec<String> {
    let told = problems(&table.replace('?', "zzzzzzzzzz = 1")).problems;
    let told = told.iter().find(|one| one.message.contains("zzzzzzzzzz")).expect("refused");
    let list = told.mend.strip_prefix("The keys are: ").expect("a list").trim_end_matches('.');
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_sample_shows_and_explains_every_key() {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = SAMPLE.lines().map(words).collect();
    let tables = [
        "?",
        "[[stream]]\n?",
        "[[team]]\n?",
        "[[team]]\nid = \"a\"\nclaims = [{ ? }]",
        "[[workflow]]\n?",
        "[[kind]]\n?",
        "[[theme]]\n?",
        "[[epic]]\n?",
        "[[epic_rule]]\n?",
        "[epic_states]\n?",
        "[[outcome]]\n?",
        "[[outcome]]\nsource = { json = \"x\", ? }",
        "[[outcome]]\nsource = { csv = \"x\", ? }",
        "[[outcome]]\nsource = { prometheus = \"x\", ? }",
        "[[intent]]\n?",
        "[[guardrail]]\n?",
        "[[cadence]]\n?",
        "[[alias]]\n?",
    ];
    for table in tables {
        for key in keys_of(table) {
            let shown = |line: &String| {
                line.contains(&format!("{key} = "))
                    || line.contains(&format!("[{key}]"))
                    || line.contains(&format!("# {key} "))
            };
            let first = lines.iter().position(shown);
            let first = first.unwrap_or_else(|| panic!("`{key}` of {table} is not in the sample"));
            let above = lines[..first].iter().rev().find(|line| !line.is_empty());
            let above = above.is_some_and(|line| line.starts_with('#'));
            let explained = above || lines[first].contains('#');
            assert!(explained, "no comment explains `{key}` of {table}");
        }
    }
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let text = r#"timezone = "Europe/Berlim"
vocabulary = "saef"

[[stream]]
id = "payments"

[[stream]]
id = "payments"

[[team]]
id = "checkout"
stream = "payment"
claims = [{ jira = "PAY", lable = "x" }, { jira = "PAY-12" }, { github = "northwind" }, {}]

[[intent]]
dimension = "stream"
why = "Q2"
shares = { payments = 0.4 }
"#;
    refused(
        text,
        "portfolio.toml:1:12: `Europe/Berlim` is not a time zone. Did you mean `Europe/Berlin`?\n\
         portfolio.toml:2:14: `saef` is not a vocabulary. Did you mean `safe`?\n\
         portfolio.toml:8:6: There are two of the stream `payments`. Give one of them another \
         name, or take it out.\n\
         portfolio.toml:12:10: There is no stream `payment`. Did you mean `payments`?\n\
         portfolio.toml:13:27: `lable` is not a key of this claim. Did you mean `label`?\n\
         portfolio.toml:13:51: `PAY-12` is the key of an item, not of a Jira project. Write `item \
         = ...` for the item itself, or `parent = ...` for what is below it.\n\
         portfolio.toml:13:74: `northwind` is not a repository. Write `owner/repository`, or \
         `owner/*` for all repositories of an owner.\n\
         portfolio.toml:13:89: This rule looks for nothing, so it would match every item or none. \
         Add at least one of `jira`, `github`, `component`, `label`, `team_field`, `issue_type`, \
         `parent`, `item` or `connection`.\n\
         portfolio.toml:18:10: The shares add up to 0.400, not to 1. Name every slice and let the \
         shares add up to 1 (within 0.001).",
    );
    let shown = problems(text).rendered;
    assert!(shown.contains("12 | stream = \"payment\""), "{shown}");
}

#[test]
fn broken_toml_names_the_place() {
    let told = problems("[[stream]]\nid = \"a\nname = \"b\"\n");
    assert_eq!((told.problems[0].line, told.problems[0].column), (2, 8), "{told}");
}

#[test]
fn rules_that_can_only_tie_are_refused() {
    let claims = |first: &str, second: &str| {
        format!(
            "[[stream]]\nid = \"s\"\n[[team]]\nid = \"a\"\nstream = \"s\"\nclaims = [{first}]\n\
             [[team]]\nid = \"b\"\nstream = \"s\"\nclaims = [{second}]\n"
        )
    };
    refused(
        &claims(
            "{ jira = \"PAY\", component = \"Web\" }",
            "{ component = \"web\", jira = \"PAY\" }",
        ),
        "portfolio.toml:10:11: The rule `jira = \"PAY\", component = \"web\"` of `b` can only tie \
         with the same rule of `a` on line 6. Take one of them out, make one more specific, or \
         give them `from` and `until` that do not overlap.",
    );
    let dated =
        claims("{ jira = \"PAY\", until = 2026-01-01 }", "{ jira = \"PAY\", from = 2026-01-01 }");
    assert!(Portfolio::parse(&dated, "portfolio.toml").is_ok(), "one after the other is no tie");
}

#[test]
fn people_plans_and_project_terms_cannot_be_declared() {
    let stream = "[[stream]]\nid = \"s\"\n[[team]]\nid = \"a\"\nstream = \"s\"\n";
    refused(
        &format!("{stream}claims = [{{ assignee = \"x\", jira = \"PAY\" }}]\n"),
        "portfolio.toml:6:13: `assignee` cannot be declared: items are claimed by where the work \
         is, never by who does it, so nothing here can name a person. Take the key out; no other \
         one stands for it.",
    );
    refused(
        "[[intent]]\ndimension = \"project\"\nwhy = \"x\"\nshares = { a = 1 }\n",
        "portfolio.toml:2:13: An intent cannot be about `project`: products are funded here, not \
         projects, so attention has no dimension `project`. Choose one of: stream, theme, kind, \
         horizon.",
    );
    for dimension in ["budget", "phase", "assignee"] {
        let text =
            format!("[[intent]]\ndimension = \"{dimension}\"\nwhy = \"x\"\nshares = {{ a = 1 }}\n");
        assert!(problems(&text).to_string().contains("An intent cannot be about"));
    }
    for key in ["members = [\"x\"]", "capacity = 3", "deadline = 2026-01-01", "budget = 5"] {
        let text = format!("{stream}{key}\n");
        assert!(problems(&text).to_string().contains("cannot be declared"), "{key}");
    }
}

#[test]
fn dates_that_contradict_each_other_are_refused() {
    refused(
        "[[stream]]\nid = \"s\"\nfrom = 2026-02-01\nuntil = 2026-01-01\n",
        "portfolio.toml:4:9: `until` is not after `from` in this stream, so it would never be \
         valid. Give `until` a later day, or swap the two.",
    );
    refused(
        "[[stream]]\nid = \"s\"\nuntil = 2026-01-01\n[[team]]\nid = \"a\"\nstream = \"s\"\n",
        "portfolio.toml:6:10: The team stays in stream `s` after that has ended. Re-home the team \
         with a dated list, or end it with `until`.",
    );
    refused(
        "[[stream]]\nid = \"s\"\nfrom = \"2026-01-01\"\n",
        "portfolio.toml:3:8: `from` is of type string here. It must be a date such as 2026-03-01, \
         without quotation marks.",
    );
    let intents = "[[theme]]\nid = \"t\"\n\
        [[intent]]\ndimension = \"theme\"\nwhy = \"x\"\nshares = { t = 1 }\nuntil = 2026-06-01\n\
        [[intent]]\ndimension = \"theme\"\nwhy = \"y\"\nshares = { t = 1 }\nfrom = 2026-05-01\n";
    assert!(problems(intents).to_string().contains("valid at the same time"));
}

#[test]
fn an_address_with_credentials_is_refused() {
    let text = "[[outcome]]\nid = \"o\"\nunit = \"x\"\ndirection = \"up\"\n\
                source = { json = \"https://me:secret@kpi.example/a\", pointer = \"/a\" }\n";
    let told = problems(text);
    assert_eq!((told.problems[0].line, told.problems[0].column), (5, 19), "{told}");
    assert!(!told.to_string().contains("secret"));
}
