//! The first map: what is evident becomes rules, the rest becomes comments with the evidence.

use streamgauge::clock::{Clock, SystemClock};
use streamgauge::demo::Source;
use streamgauge::portfolio::Portfolio;
use streamgauge::sim::jira::records::{ComponentRecord, ProjectRecord, Record, TeamRecord};
use streamgauge::sim::story::{self, Size};

use super::{Contact, switched_on};
use crate::support::program::{PORTFOLIO, SETTINGS};

/// An organisation with components, boards and epics; the items of PAY also name teams.
fn organisation() -> Source {
    let mut source = Source::from(story::generate(3, SystemClock.now(), Size::Test));
    let pay = source.jira.iter().find_map(|record| match record {
        Record::Project(project) if project.key == "PAY" => Some(project.id),
        _ => None,
    });
    let mut number = 0;
    for record in &mut source.jira {
        if let Record::Issue(issue) = record
            && Some(issue.project) == pay
        {
            issue.team = [None, Some("team-a"), Some("team-b")][number % 3].map(str::to_owned);
            number += 1;
        }
    }
    for (id, name) in [("team-a", "Tern \"A\""), ("team-b", "Wren")] {
        source.jira.push(Record::Team(TeamRecord { id: id.into(), name: name.into() }));
    }
    source
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_come_from_team_values_then_components_then_repositories() {
    let contact = Contact::with(organisation()).await;
    let told = contact.init(&["--vocabulary", "safe"]);
    assert!(told.contains("2 team values"), "{told}");
    let text = contact.file(PORTFOLIO);
    let portfolio = Portfolio::parse(&text, "portfolio.toml").unwrap();
    let streams: Vec<&str> = portfolio.streams().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(streams, ["book", "fleet", "id", "northwind", "pay"]);
    for line in [
        r#"  { jira = "PAY", team_field = "Tern \"A\"" },"#,
        r#"  { jira = "PAY", team_field = "Wren" },"#,
        r#"  # { jira = "PAY" },   # would take items of PAY without a team as well"#,
        r#"  { jira = "BOOK", component = "Search" },"#,
        r#"  { github = "northwind/consent" },"#,
        r#"vocabulary = "safe""#,
        r#"# A value of the field "Team" on recent items of PAY."#,
    ] {
        assert!(text.lines().any(|one| one == line), "no `{line}` in\n{text}");
    }
    assert!(!text.contains("{ jira = \"PAY\", component"), "{text}");
    // A name decides nothing: no workflow, epic or intent is switched on, but all can be.
    for table in ["workflow", "epic", "intent", "theme", "outcome", "cadence"] {
        assert!(!text.lines().any(|line| line == format!("[[{table}]]")), "{table}:\n{text}");
    }
    let all = switched_on(&text);
    assert!(all.contains("\n[[workflow]]") && all.contains("\n[[epic]]"), "{all}");
    Portfolio::parse(&all, "portfolio.toml").unwrap_or_else(|error| panic!("{error}\n{all}"));
    let categories = "is `indeterminate` in Jira: counted as active until you say otherwise.";
    assert!(text.contains(categories), "{text}");
    contact.desk.done(&["check"]);
}

/// A survey asks a few questions for each project, and only questions.
#[tokio::test(flavor = "multi_thread")]
async fn a_survey_costs_little_and_can_be_narrowed() {
    let contact = Contact::with(organisation()).await;
    contact.init(&[]);
    let calls = contact.gate.calls();
    let count = |tracker: &str| calls.iter().filter(|call| call.tracker == tracker).count();
    let settings = contact.file(SETTINGS);
    let projects = 4;
    let repositories = settings.matches("\n  \"northwind/").count();
    assert!(repositories >= 3, "{settings}");
    // Address, two proofs of the credential, list, fields (twice), types, links (twice), boards.
    assert!(count("jira") <= 10 + 4 * projects, "{} requests", count("jira"));
    assert!(count("github") <= 3 + repositories, "{} requests", count("github"));
    assert!(calls.iter().all(|call| call.method == "GET"
        || call.target == "/graphql"
        || call.target.starts_with("/rest/api/3/search/")));

    let before = calls.len();
    contact.init(&["--force", "--project", "PAY", "--github", "northwind/consent"]);
    let settings = contact.file(SETTINGS);
    assert!(settings.contains("\n  \"PAY\"") && !settings.contains("\"BOOK\""), "{settings}");
    assert_eq!(settings.matches("\n  \"northwind/").count(), 1, "{settings}");
    assert!(contact.gate.calls().len() - before < before);
    contact.init(&["--force", "--github", "northwind"]);
    assert_eq!(contact.file(SETTINGS).matches("\n  \"northwind/").count(), repositories);
}

/// Of a large site the projects that changed last are looked at closely, the others are listed.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_site_is_looked_at_within_bounds() {
    let mut source = super::recorded().0;
    for number in 0..60 {
        let (key, name) = (format!("P{number:02}"), format!("Project {number}"));
        source.jira.push(Record::Project(ProjectRecord { id: 90_000 + number, key, name }));
    }
    let contact = Contact::with(source).await;
    let told = contact.init(&[]);
    assert!(told.contains("61 projects were listed and 40,"), "{told}");
    let settings = contact.file(SETTINGS);
    assert_eq!(settings.matches("\n  \"P").count(), 60, "{settings}");
    let calls = contact.gate.calls();
    // The only project with items is among those that were looked at.
    assert!(calls.iter().any(|call| call.target == "/rest/api/3/project/SP/statuses"));
    let asked = calls.iter().filter(|call| call.tracker == "jira").count();
    assert!((100..=10 + 4 * 40).contains(&asked), "{asked} requests");
    contact.desk.done(&["check", "--offline"]);
}

/// Names are free text of strangers; they must stay inside their quotes and their comments.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_do_not_become_settings() {
    let hostile = "x\"]\n[[team]]\nid = \"evil\" # '''";
    let mut source = super::recorded().0;
    for record in &mut source.jira {
        match record {
            Record::Project(project) => hostile.clone_into(&mut project.name),
            Record::Status(status) => status.name = format!("{hostile} review {}", status.id),
            Record::IssueType(kind) => hostile.clone_into(&mut kind.name),
            _ => {}
        }
    }
    let project = source.jira.iter().find_map(|record| match record {
        Record::Project(project) => Some(project.id),
        _ => None,
    });
    for (id, name) in [(1, hostile.to_owned()), (2, hostile.to_uppercase()), (3, "支付".into())] {
        let project = project.unwrap();
        source.jira.push(Record::Component(ComponentRecord { id, name, project }));
    }
    let contact = Contact::with(source).await;
    contact.init(&[]);
    contact.desk.done(&["check"]);
    let text = contact.file(PORTFOLIO);
    let portfolio = Portfolio::parse(&text, "portfolio.toml").unwrap();
    let teams: Vec<&str> = portfolio.teams().iter().map(|team| team.id.as_str()).collect();
    assert_eq!(teams, ["ants", "sp", "sp-x-team-id-evil"], "{text}");
    assert_eq!(portfolio.streams().len(), 2);
    let all = switched_on(&text);
    Portfolio::parse(&all, "portfolio.toml").unwrap_or_else(|error| panic!("{error}\n{all}"));
}
