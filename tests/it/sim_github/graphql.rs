//! GraphQL: every query and every answer, against the schema.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use streamgauge::sim::github::Site;
use streamgauge::sim::people::MARK;

use super::answers::{SCHEMA, SDL, check_data, everything};
use super::{Desk, town};

const ISSUES: &str = include_str!("../schemas/github/queries/issues_page.graphql");

/// What `init` asks, as the client asks it.
macro_rules! client {
    ($name:literal) => {
        include_str!(concat!("../../../src/trackers/github/queries/", $name, ".graphql"))
    };
}

/// The queries a client may send, with variables for the town.
fn queries(site: &Site) -> Vec<(&'static str, Value)> {
    let main = node(site, 1);
    let repo = json!({"owner": "northwind", "name": "checkout"});
    let with_titles = json!({"owner": "northwind", "name": "checkout", "titles": true});
    let pulls = include_str!("../schemas/github/queries/pull_requests_page.graphql");
    let releases = include_str!("../schemas/github/queries/releases_and_milestones.graphql");
    let items = include_str!("../schemas/github/queries/project_items_page.graphql");
    let timeline = include_str!("../schemas/github/queries/issue_timeline_page.graphql");
    let boards = include_str!("../schemas/github/queries/org_projects_and_fields.graphql");
    let exist = include_str!("../schemas/github/queries/nodes_exist.graphql");
    let probe = include_str!("../schemas/github/queries/capability_probe.graphql");
    vec![
        (ISSUES, repo.clone()),
        (pulls, repo.clone()),
        (client!("survey"), with_titles),
        (client!("visible"), json!({})),
        (client!("owned"), json!({"owner": "northwind"})),
        (client!("boards"), json!({"owner": "northwind"})),
        (releases, repo),
        (boards, json!({"org": "northwind"})),
        (items, json!({"project": board(site)})),
        (timeline, json!({"id": main})),
        (exist, json!({"ids": [main]})),
        (probe, json!({})),
    ]
}

fn node(site: &Site, number: u64) -> String {
    let dump = site.dump();
    let found = dump
        .iter()
        .find(|(_, truth)| truth.number == number && truth.repository == "northwind/checkout");
    found.unwrap().0.clone()
}

fn board(site: &Site) -> String {
    let query = r#"{ organization(login: "northwind") { projectV2(number: 7) { id } } }"#;
    let request = http::Request::post("http://localhost/graphql")
        .header("user-agent", "test")
        .header("authorization", "Bearer token")
        .body(bytes::Bytes::from(json!({ "query": query }).to_string()))
        .unwrap();
    let answer: Value = serde_json::from_slice(site.answer(&request).response.body()).unwrap();
    answer["data"]["organization"]["projectV2"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_query_gets_an_answer_that_fits_the_schema() {
    let desk = Desk::open(town::records()).await;
    for (query, variables) in queries(&desk.site) {
        let answer = desk.graphql(query, variables).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        check_data(query, &answer["data"]);
    }
}

/// No field of the schema is a promise that the simulation breaks.
#[tokio::test]
async fn every_field_of_every_type_keeps_its_type() {
    let desk = Desk::open(town::records()).await;
    let merged = desk.site.edit(|site| {
        site.set_board_status(town::PULL, town::BOARD, Some("Done"))?;
        site.merge_pull(town::PULL)
    });
    merged.unwrap();
    let mut ids: Vec<String> = (1..=5).map(|number| node(&desk.site, number)).collect();
    ids.extend(desk.site.dump()[&ids[0]].statuses.keys().cloned());
    ids.push(board(&desk.site));
    let mut seen = BTreeSet::new();
    for id in ids {
        let kinds = ["Issue", "PullRequest", "ProjectV2", "ProjectV2Item"];
        let kinds = kinds.map(|kind| format!("... on {kind} {}", everything(kind, 1))).join(" ");
        let query = format!("{{ node(id: \"{id}\") {{ __typename {kinds} }} }}");
        seen.extend(ask(&desk, &query).await);
    }
    // The selection asks each repository for numbers that only the first one has.
    desk.site.edit(|site| site.set_hidden(town::OTHER, true)).unwrap();
    let repository = everything("Repository", 1);
    let roots = [
        format!("{{ repository(owner: \"northwind\", name: \"checkout\") {repository} }}"),
        format!("{{ organization(login: \"northwind\") {} }}", everything("Organization", 1)),
        format!(
            "{{ viewer {} rateLimit {} id }}",
            everything("User", 1),
            everything("RateLimit", 1)
        ),
    ];
    for query in roots {
        seen.extend(ask(&desk, &query).await);
    }
    let objects = SCHEMA.types.iter().filter(|(_, ty)| ty.is_object() && !ty.is_built_in());
    let unseen: Vec<&str> =
        objects.map(|(name, _)| name.as_str()).filter(|name| !seen.contains(*name)).collect();
    let never: Vec<&str> = unseen.into_iter().filter(|name| !NEVER.contains(name)).collect();
    assert!(never.is_empty(), "no answer contained {never:?}");
}

/// Types that exist so that clients may name them in fragments, but that no site here contains.
const NEVER: &[&str] = &[
    "AddedToProjectEvent",
    "CommentDeletedEvent",
    "Commit",
    "ConvertedFromDraftEvent",
    "ConvertedNoteToIssueEvent",
    "DraftIssue",
    "IssueCommentPinnedEvent",
    "IssueCommentUnpinnedEvent",
    "IssueFieldDate",
    "IssueFieldNumber",
    "IssueFieldSingleSelect",
    "LockedEvent",
    "MovedColumnsInProjectEvent",
    "PinnedEvent",
    "ProjectV2ItemFieldDateValue",
    "ProjectV2ItemFieldIterationValue",
    "ProjectV2ItemFieldLabelValue",
    "ProjectV2ItemFieldMilestoneValue",
    "ProjectV2ItemFieldNumberValue",
    "ProjectV2ItemFieldRepositoryValue",
    "ProjectV2ItemFieldUserValue",
    "ProjectV2IterationField",
    "ProjectV2IterationFieldConfiguration",
    "ProjectV2IterationFieldIteration",
    "ReferencedEvent",
    "RemovedFromProjectEvent",
    "SubscribedEvent",
    "UnlockedEvent",
    "UnpinnedEvent",
    "UnsubscribedEvent",
    "UserBlockedEvent",
];

async fn ask(desk: &Desk, query: &str) -> BTreeSet<String> {
    let answer = desk.graphql(query, json!({})).await;
    assert_eq!(answer.get("errors"), None);
    check_data(query, &answer["data"])
}

#[tokio::test]
async fn the_history_of_an_issue_is_told_in_order_with_its_values() {
    let desk = Desk::open(town::records()).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Issue { timelineItems(first: 100, \
                 itemTypes: [PROJECT_V2_ITEM_STATUS_CHANGED_EVENT, CLOSED_EVENT]) { nodes { \
                 __typename ... on ProjectV2ItemStatusChangedEvent { previousStatus status } \
                 ... on ClosedEvent { stateReason closer { ... on PullRequest { number } } } \
                 } } } } }";
    let answer = desk.graphql(query, json!({"id": node(&desk.site, 1)})).await;
    let moved = "ProjectV2ItemStatusChangedEvent";
    assert_eq!(
        answer["data"]["node"]["timelineItems"]["nodes"],
        json!([
            {"__typename": moved, "previousStatus": "", "status": "Todo"},
            {"__typename": moved, "previousStatus": "Todo", "status": "In progress"},
            {"__typename": "ClosedEvent", "stateReason": "COMPLETED", "closer": {"number": 4}},
        ])
    );
}

#[tokio::test]
async fn whoever_asks_for_people_meets_canaries() {
    let desk = Desk::open(town::records()).await;
    let query = "{ repository(owner: \"northwind\", name: \"checkout\") { issue(number: 1) { \
                 body author { login } assignees(first: 1) { nodes { email } } \
                 timelineItems(first: 1) { nodes { ... on LabeledEvent { actor { login } } } } \
                 milestone { dueOn description } } } }";
    let answer = desk.graphql(query, json!({})).await;
    let issue = &answer["data"]["repository"]["issue"];
    for place in [
        &issue["body"],
        &issue["author"]["login"],
        &issue["assignees"]["nodes"][0]["email"],
        &issue["timelineItems"]["nodes"][0]["actor"]["login"],
        &issue["milestone"]["description"],
    ] {
        assert!(place.as_str().unwrap().contains(MARK), "{place} in {issue}");
    }
    assert!(issue["milestone"]["dueOn"].is_string());
    let shown = desk.graphql(ISSUES, json!({"owner": "northwind", "name": "checkout"})).await;
    assert!(!shown.to_string().contains(MARK), "nobody asked for people");
}

#[tokio::test]
async fn missing_nodes_are_null_and_named_in_errors() {
    let desk = Desk::open(town::records()).await;
    let main = node(&desk.site, 1);
    let query = include_str!("../schemas/github/queries/nodes_exist.graphql");
    let ids = json!({"ids": [main, "I_kwDOGONE"]});
    let answer = desk.graphql(query, ids).await;
    assert_eq!(answer["data"]["nodes"][0]["id"], main);
    assert_eq!(answer["data"]["nodes"][1], Value::Null);
    assert_eq!(answer["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(answer["errors"][0]["path"], json!(["nodes", 1]));
    check_data(query, &answer["data"]);

    let absent = desk.graphql(ISSUES, json!({"owner": "northwind", "name": "nowhere"})).await;
    assert_eq!(absent["data"]["repository"], Value::Null);
    assert_eq!(absent["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(
        absent["errors"][0]["message"],
        "Could not resolve to a Repository with the name 'northwind/nowhere'."
    );
}

#[tokio::test]
async fn the_price_of_a_query_is_the_documented_one() {
    let desk = Desk::open(town::records()).await;
    let variables = json!({"owner": "northwind", "name": "checkout", "n": 50});
    let limit = &desk.graphql(ISSUES, variables).await["data"]["rateLimit"];
    assert_eq!(limit["cost"], 4);
    assert_eq!(limit["nodeCount"], 12_550);
    assert_eq!(limit["remaining"], 4_996);
    assert_eq!(limit["resetAt"], "2026-11-20T13:00:00Z");
}

/// Issues that are touched while a client pages move to the end; none is lost.
#[tokio::test]
async fn pages_ordered_by_update_lose_nothing_under_edits() {
    let desk = Desk::open(town::records()).await;
    let mut seen = BTreeSet::new();
    let mut after = Value::Null;
    for round in 0.. {
        let variables = json!({"owner": "northwind", "name": "checkout", "n": 1, "after": after});
        let issues = &desk.graphql(ISSUES, variables).await["data"]["repository"]["issues"];
        seen.extend(issues["nodes"].as_array().unwrap().iter().map(|node| node["id"].to_string()));
        if round == 0 {
            // What was listed first and what comes last are touched in the same second.
            desk.clock.advance(std::time::Duration::from_secs(90));
            let edited = desk.site.edit(|site| {
                site.label(town::MAIN, "help wanted")?;
                site.label(town::BLOCKER, "help wanted")
            });
            edited.unwrap();
        }
        if issues["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = issues["pageInfo"]["endCursor"].clone();
        assert!(round < 20, "the pages must end");
    }
    let all = desk.site.dump();
    assert_eq!(seen.len(), all.values().filter(|truth| !truth.pull).count());
}

#[tokio::test]
async fn since_keeps_what_changed_at_that_second() {
    let desk = Desk::open(town::records()).await;
    let ask = |since: &str| {
        let variables = json!({"owner": "northwind", "name": "checkout", "since": since});
        desk.graphql(ISSUES, variables)
    };
    let numbers = |answer: &Value| {
        let nodes = answer["data"]["repository"]["issues"]["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&ask("2026-03-01T00:00:00Z").await), [1]);
    assert_eq!(numbers(&ask("2026-03-01T00:00:01Z").await), [0_u64; 0]);
}

#[test]
fn the_schema_is_small() {
    assert!(SDL.len() < 100_000);
}
