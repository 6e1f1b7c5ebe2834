//! Streamgauge asks teams for no field (T2, part c): an organisation whose cards have a state and
//! nothing else gets its signals of attention and flow. Everything else is declared once, by the
//! portfolio: here that a Jira project is a team, and which states are queues.

use std::collections::BTreeSet;

use streamgauge::demo::Source;
use streamgauge::model::Timestamp;
use streamgauge::sim::jira::records::Record;
use streamgauge::sim::story::{self, Size};

use crate::support::staged::Staged;

/// Signals that answer without an epic, a link, a release, an outcome or a decision.
const ASKED: [&str; 8] = ["P1", "V1", "V2", "V3", "V4", "V5", "V6", "H1"];

#[tokio::test(flavor = "multi_thread")]
async fn cards_with_nothing_but_a_state_are_enough() {
    let now = Timestamp::parse("2026-06-15T06:00:00Z").expect("an instant");
    let mut story = story::generate(1, now, Size::Demo);
    let mut teams = BTreeSet::new();
    for record in &mut story.jira {
        let Record::Issue(issue) = record else { continue };
        let project = issue.key.split('-').next().expect("a key has a project").to_owned();
        teams.insert(project);
        issue.summary = String::new();
        issue.resolution = None;
        issue.priority = None;
        issue.labels.clear();
        issue.components.clear();
        issue.fix_versions.clear();
        issue.versions.clear();
        issue.sprints.clear();
        issue.parent = None;
        issue.flagged = false;
        issue.team = None;
        issue.due = None;
        issue.links.clear();
        issue.fields.clear();
        for history in &mut issue.histories {
            history.items.retain(|item| item.field == "status");
        }
        issue.histories.retain(|history| !history.items.is_empty());
    }
    let mut portfolio = "name = \"Bare\"\n\n[[workflow]]\nconnection = \"jira\"\n\
                         waiting = [\"In review\", \"Ready for review\"]\n"
        .to_owned();
    for team in &teams {
        let id = team.to_lowercase();
        portfolio.push_str(&format!(
            "\n[[stream]]\nid = \"{id}\"\npublish = true\n\n[[team]]\nid = \"team-{id}\"\n\
             stream = \"{id}\"\nclaims = [{{ jira = \"{team}\" }}]\n"
        ));
    }
    let source = Source { jira: story.jira, portfolio, ..Source::default() };
    let page = Staged::new(source, now).await.portfolio().await;
    for signal in ASKED {
        let mut own = page.report.findings.iter().filter(|finding| finding.signal == signal);
        let answered = own.any(|finding| !finding.measures.is_empty());
        assert!(answered, "{signal} asks for a field:\n{}", page.markdown);
    }
    let asked = page.report.findings.iter().flat_map(|finding| &finding.measures);
    let asked: Vec<f64> =
        asked.filter(|m| m.name == "fields_asked_of_teams").map(|m| m.value).collect();
    assert_eq!(asked, [0.0]);
}
