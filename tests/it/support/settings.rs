//! Settings that several tests write.

use streamgauge::sim::jira::access::USER;

/// A store, a port and one Jira Cloud with a webhook, as the connection `jira`. What follows is
/// added to that connection.
pub fn with_jira(store: &str, tracker: &str, projects: &[String]) -> String {
    format!(
        r#"
[store]
url = "{store}"
[web]
listen = "127.0.0.1:0"
[[connection]]
id = "jira"
kind = "jira-cloud"
url = "{tracker}"
gateway = "{tracker}"
scopes = {projects}
auth = {{ user = "{USER}", token = {{ env = "TEST_JIRA_TOKEN" }} }}
webhook_secret = {{ env = "TEST_WEBHOOK_SECRET" }}
"#,
        projects = list(projects),
    )
}

/// The same with the project `PAY`, pulled once a year, so that after the first pass only webhooks
/// make anything fresh.
pub fn one_jira(store: &str, tracker: &str) -> String {
    with_jira(store, tracker, &["PAY".to_owned()]) + "pull = \"0 0 1 1 *\"\n"
}

/// Names as settings write them.
pub fn list(names: &[String]) -> String {
    serde_json::to_string(names).unwrap()
}
