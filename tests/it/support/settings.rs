//! Settings that several tests write.

use streamgauge::sim::jira::access::USER;

/// One Jira Cloud with a webhook over a store. It is pulled once a year, so that after the first
/// pass only webhooks make anything fresh.
pub fn one_jira(store: &str, tracker: &str) -> String {
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
scopes = ["PAY"]
auth = {{ user = "{USER}", token = {{ env = "TEST_JIRA_TOKEN" }} }}
webhook_secret = {{ env = "TEST_WEBHOOK_SECRET" }}
pull = "0 0 1 1 *"
"#
    )
}
