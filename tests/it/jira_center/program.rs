//! The program itself against a Data Center.

use super::*;
use crate::support::program::{Desk, PORTFOLIO, SETTINGS};

const ORGANISATION: &str = r#"
name = "Northwind"
timezone = "Europe/Berlin"

[[stream]]
id = "payments"
name = "Payments"

[[team]]
id = "checkout"
stream = "payments"
claims = [{ jira = "PAY" }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn check_and_sync_speak_to_a_data_center() {
    let rig = Rig::start(Server { context: "/jira".into(), ..Server::nine() }).await;
    let all = rig.create(PAY, 7);
    rig.edit(all[2], &Edit::Status(DOING));
    let settings = format!(
        "[[connection]]\nid = \"dc\"\nkind = \"jira-data-center\"\nurl = \"{}/jira\"\n\
         scopes = [\"PAY\"]\nauth = {{ token = {{ env = \"JIRA_TOKEN\" }} }}\n",
        rig.running.url
    );
    let desk = Desk::new()
        .env("JIRA_TOKEN", TOKEN)
        .write(PORTFOLIO, ORGANISATION)
        .write(SETTINGS, settings);
    let ran = tokio::task::spawn_blocking(move || {
        let check = desk.run(&["check"]);
        let sync = desk.json(&["sync", "--json"]);
        let explained = desk.done(&["explain", "PAY-3"]);
        (check, sync, explained)
    });
    let (check, sync, explained) = ran.await.unwrap();
    assert_eq!(check.code, 0, "{check:?}");
    assert!(check.out.contains("Jira 9.12 is no longer supported"), "{check:?}");
    assert_eq!(sync.pointer("/0/read"), Some(&serde_json::json!(7)), "{sync}");
    assert!(explained.contains("In Progress"), "{explained}");
}
