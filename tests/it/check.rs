//! `streamgauge check` against a simulated tracker: before the first sync, after it, and after an
//! edit of the portfolio file.

use std::sync::Arc;

use serde_json::{Value, json};
use streamgauge::clock::{Clock, SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::model::DAY_MS;
use streamgauge::spawn::Spawner;

use crate::support::program::{Desk, PORTFOLIO, SETTINGS};

const FILE: &str = "[[stream]]\nid = \"payments\"\n\n[[team]]\nid = \"web\"\nstream = \"payments\"\n\
    claims = [\n  { jira = \"PAY\", component = \"Web\" },\n]\n\n\
    [[team]]\nid = \"app\"\nstream = \"payments\"\nclaims = [\n  { jira = \"PAY\", label = \"app\" },\n]\n";

/// Two cards of Web, three old ones of nobody, one of nobody that is worked on now, and one that
/// two teams claim; and a folder whose settings know the project.
pub async fn town() -> (Stage, Desk) {
    let now = SystemClock.now();
    let ago = |days: i64| now.plus_millis(-days * DAY_MS).to_string();
    let card = |n: u64, days: i64, status: u64, components: &[u64], labels: &[&str]| {
        json!({"t": "issue", "id": 100 + n, "key": format!("PAY-{n}"), "project": 1, "type": 1,
               "status": status, "summary": "A card", "created": ago(days), "updated": ago(days),
               "components": components, "labels": labels})
    };
    let records = json!([
        {"t": "project", "id": 1, "key": "PAY", "name": "Payments"},
        {"t": "status", "id": 1, "name": "To Do", "category": "new"},
        {"t": "status", "id": 2, "name": "Doing", "category": "indeterminate"},
        {"t": "issuetype", "id": 1, "name": "Task", "level": 0},
        {"t": "component", "id": 1, "name": "Web", "project": 1},
        {"t": "component", "id": 2, "name": "Ledger", "project": 1},
        card(1, 30, 2, &[1], &[]), card(2, 30, 2, &[1], &[]),
        card(3, 400, 1, &[], &["old"]), card(4, 400, 1, &[], &["old"]), card(5, 400, 1, &[], &["old"]),
        card(6, 30, 2, &[2], &[]),
    ]);
    let jira = serde_json::from_value(records).expect("records are in normal form");
    let clock: SharedClock = Arc::new(SystemClock);
    let source = Source { jira, ..Source::default() };
    let stage = Stage::start(source, &clock, &Spawner::tokio()).await.expect("a free port");
    let site = stage.jira.as_ref().expect("there are Jira records");
    let (url, user) = (&site.running.url, site.user);
    let settings = format!(
        "[[connection]]\nid = \"jira\"\nkind = \"jira-cloud\"\nurl = \"{url}\"\ngateway = \"{url}\"\n\
         scopes = [\"PAY\"]\nauth = {{ user = \"{user}\", token = {{ env = \"JIRA_TOKEN\" }} }}\n"
    );
    let desk = Desk::new().write(PORTFOLIO, FILE).write(SETTINGS, settings);
    let desk = desk.env("JIRA_TOKEN", site.token);
    (stage, desk)
}

/// Runs a command while the simulated trackers go on answering.
async fn run(desk: &Arc<Desk>, args: &'static [&'static str]) -> String {
    let desk = Arc::clone(desk);
    tokio::task::spawn_blocking(move || desk.done(args)).await.expect("the command ends")
}

async fn found(desk: &Arc<Desk>) -> Value {
    serde_json::from_str(&run(desk, &["check", "--json"]).await).expect("JSON")
}

/// Puts a line into the claims of team `web`.
fn claiming(desk: &Arc<Desk>, line: &str) {
    let text =
        FILE.replacen("component = \"Web\" },\n", &format!("component = \"Web\" }},\n{line}\n"), 1);
    std::fs::write(desk.path(PORTFOLIO), text).expect("the folder can be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_sync_it_tells_scopes_rights_and_cost() {
    let (_stage, desk) = town().await;
    let desk = Arc::new(desk);
    let before = desk.files();
    let told = found(&desk).await;
    let jira = &told["connections"][0];
    assert_eq!((jira["alive"].as_bool(), &jira["problem"]), (Some(true), &Value::Null), "{told}");
    assert_eq!(jira["scopes"][0]["project"], "PAY");
    assert_eq!(jira["scopes"][0]["visible"], true);
    assert!(jira["token"]["untold"].as_str().unwrap().contains("Jira tells neither"), "{told}");
    assert_eq!((&jira["estimate"]["items"], &jira["estimate"]["requests"]), (&json!(6), &json!(1)));
    assert!(jira["answer_ms"].as_u64().unwrap() > 0);
    assert_eq!(told["merged_streams"], json!(["payments"]));
    assert_eq!((&told["coverage"], &told["pulls"]), (&Value::Null, &json!([])));

    let text = run(&desk, &["check"]).await;
    for line in [
        "Files\n  config/streamgauge.toml  valid\n  config/portfolio.toml    valid\n",
        "\n    first sync: about 6 items, about 1 request, less than a minute at this tracker's",
        "\n    PAY: visible",
        "\nStore\n  streamgauge.db does not exist; run `streamgauge sync` first",
        "\nStreams shown as part of \"other streams\" outside themselves\n  payments\n",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    assert_eq!(desk.files(), before, "nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_rules_go_by_unplaced_work_and_can_be_pasted() {
    let (_stage, desk) = town().await;
    let desk = Arc::new(desk);
    run(&desk, &["sync"]).await;
    let told = found(&desk).await;
    assert_eq!(told["connections"][0]["estimate"], Value::Null, "it is known by now");
    assert!(told["pulls"][0]["complete_at"].is_string(), "{told}");
    assert_eq!(told["pulls"][0]["projects"][0]["items"], 6);
    assert_eq!(told["moves"], json!([]));
    let coverage = &told["coverage"];
    assert_eq!((&coverage["placed"], &coverage["unplaced"]), (&json!(2), &json!(4)));
    let rules = coverage["next_rules"].as_array().unwrap();
    let claims: Vec<&str> = rules.iter().map(|rule| rule["claim"].as_str().unwrap()).collect();
    assert_eq!(
        claims,
        ["{ jira = \"PAY\", component = \"Ledger\" }", "{ jira = \"PAY\", label = \"old\" }"],
        "one card that is worked on is worth more than three that rest"
    );
    assert_eq!(rules[0]["share"], 1.0);
    assert!(rules[0]["active_days"].as_f64().unwrap() > 20.0, "{coverage}");

    let text = run(&desk, &["check"]).await;
    let line = text.lines().find(|line| line.contains("component = \"Ledger\"")).expect("told");
    assert!(line.ends_with("# 1 item, 100 % of unplaced active work"), "{line}");
    for line in
        ["  placed     2  33.3 %", "Unplaced: no rule matches\n", "  3 items in PAY of jira, for"]
    {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
    claiming(&desk, line);
    let told = found(&desk).await;
    assert_eq!(told["coverage"]["unplaced"], 3, "the line was pasted as it stood");
    let moved = told["moves"].as_array().unwrap();
    assert_eq!(moved.len(), 1, "{told}");
    assert_eq!(moved[0]["what"], "place");
    assert_eq!(moved[0]["from"], "no team in no stream");
    assert_eq!(moved[0]["to"], "web in payments");
    assert_eq!((&moved[0]["items"], &moved[0]["past_items"]), (&json!(1), &json!(0)));
    assert_eq!(moved[0]["examples"], json!(["PAY-6"]));
    assert!(moved[0]["active_days"].as_f64().unwrap() > 20.0, "{told}");
    run(&desk, &["sync"]).await;
    assert_eq!(found(&desk).await["moves"], json!([]), "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_past_and_of_a_workflow_is_told_apart() {
    let (_stage, desk) = town().await;
    let desk = Arc::new(desk);
    run(&desk, &["sync"]).await;
    let text =
        FILE.replacen("component = \"Web\" }", "component = \"Web\", from = 2020-01-01 }", 1);
    let waiting = "\n[[workflow]]\nconnection = \"jira\"\nwaiting = [\"Doing\"]\n";
    std::fs::write(desk.path(PORTFOLIO), format!("{text}{waiting}")).unwrap();
    let told = found(&desk).await;
    let moved = told["moves"].as_array().unwrap();
    assert_eq!(moved.len(), 1, "the claim begins before every item: {told}");
    assert_eq!((&moved[0]["what"], &moved[0]["from"]), (&json!("category"), &json!("active")));
    assert_eq!((&moved[0]["to"], &moved[0]["items"]), (&json!("waiting"), &json!(3)));

    let yesterday = SystemClock.now().plus_millis(-DAY_MS).to_string();
    let until = format!("component = \"Web\", until = {} }}", &yesterday[..10]);
    let later = format!("component = \"Web\", from = {} }}", &yesterday[..10]);
    let text = FILE.replacen("component = \"Web\" }", &until, 1).replacen(
        "label = \"app\" }",
        &format!("label = \"app\" }},\n  {{ jira = \"PAY\", {later}"),
        1,
    );
    std::fs::write(desk.path(PORTFOLIO), text).unwrap();
    let told = found(&desk).await;
    let moved = told["moves"].as_array().unwrap();
    assert_eq!((moved.len(), &moved[0]["items"]), (1, &json!(2)), "{told}");
    assert_eq!(moved[0]["to"], "app in payments");
    let page = run(&desk, &["check"]).await;
    assert!(
        page.contains("  2 items from web in payments to app in payments, for example PAY-1"),
        "{page}"
    );
}
