//! Every way in which Jira can refuse, and the one sentence and next move that come of it.

use std::time::Duration;

use insta::assert_snapshot;
use serde_json::json;
use streamgauge::clock::Clock;
use streamgauge::model::Timestamp;
use streamgauge::trackers::{Discovered, ScanId, Tracker, TrackerError};

use super::fake::{Fake, NOW, Reply, lookups};

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

async fn first_page(fake: &Fake) -> Result<Discovered, TrackerError> {
    fake.jira.discover(&ScanId("projects".to_owned()), None, now(), None).await
}

/// The variant and the sentence, with the server's address made stable.
fn told(error: &TrackerError) -> String {
    let text = format!("{error:?}");
    assert!(!text.contains("s3cr3t"), "{text}");
    assert!(!text.contains("gauge@example.com"), "{text}");
    let variant = text.split([' ', '(', '{']).next().unwrap_or_default();
    let address = regex::Regex::new(r"http://127\.0\.0\.1:\d+").unwrap();
    format!("{variant}: {}", address.replace_all(&error.to_string(), "http://jira"))
}

async fn probe_error(reply: Reply) -> String {
    let fake = Fake::start(move |asked| match asked.path.as_str() {
        "/rest/api/3/myself" => reply.clone(),
        _ => Reply::error(404, "nothing here"),
    })
    .await;
    told(&fake.jira.probe().await.unwrap_err())
}

async fn search_error(reply: Reply) -> String {
    let fake = Fake::start(move |_| reply.clone()).await;
    told(&first_page(&fake).await.unwrap_err())
}

#[tokio::test]
async fn a_refused_credential_says_where_and_what_next() {
    assert_snapshot!(probe_error(Reply::text(401, "")).await, @"Unauthorized: jira: GET http://jira/rest/api/3/myself does not accept the credential; create an API token at https://id.atlassian.com/manage-profile/security/api-tokens (if with scopes: read:jira-work and read:jira-user) and give it, with its account's e-mail, in `auth` of connection `jira`");
    assert_snapshot!(probe_error(Reply::error(403, "CAPTCHA required.")).await, @"Unauthorized: jira: GET http://jira/rest/api/3/myself is forbidden to this account: CAPTCHA required; give it Browse Projects, or sign in once in a browser if Jira asks for a CAPTCHA");
    let anonymous = lookups("/rest/api/3/myself").unwrap();
    let anonymous = anonymous.with("X-Seraph-LoginReason", "AUTHENTICATED_FAILED");
    assert!(probe_error(anonymous).await.starts_with("Unauthorized: "));
}

#[tokio::test]
async fn a_refused_search_says_what_jira_said() {
    let unknown = "The value 'BOOK' does not exist for the field 'project'.";
    assert_snapshot!(search_error(Reply::error(400, unknown)).await, @"Refused: jira: POST http://jira/rest/api/3/search/jql is refused with 400: The value 'BOOK' does not exist for the field 'project'; check `scopes` of connection `jira` against the projects that the account can browse");
    assert_snapshot!(search_error(Reply::error(404, "")).await, @"Refused: jira: POST http://jira/rest/api/3/search/jql does not exist or may not be seen; check `url` and `scopes` of connection `jira`");
    let removed = "The requested API has been removed. Please migrate.";
    assert_snapshot!(search_error(Reply::error(410, removed)).await, @"Refused: jira: POST http://jira/rest/api/3/search/jql has been removed by Atlassian: The requested API has been removed. Please migrate; install a newer streamgauge");
    assert_snapshot!(search_error(Reply::text(302, "")).await, @"Refused: jira: POST http://jira/rest/api/3/search/jql redirects elsewhere (302); put the site's present address in `url` of connection `jira`");
}

#[tokio::test]
async fn an_answer_that_is_not_jiras_is_malformed() {
    let page = "<html><body>Sign in as Ada Lovelace</body></html>";
    assert_snapshot!(search_error(Reply::text(200, page)).await, @"Malformed: jira: POST http://jira/rest/api/3/search/jql gave an answer that cannot be read: it is HTML, perhaps a sign-in page; check that no proxy answers in Jira's place");
    let person = r#"{"issues": "Ada Lovelace"}"#;
    assert_snapshot!(search_error(Reply::text(200, person)).await, @"Malformed: jira: POST http://jira/rest/api/3/search/jql gave an answer that cannot be read: the JSON is not as documented at line 1 column 25; check that no proxy answers in Jira's place");
    assert!(search_error(Reply::text(200, "")).await.starts_with("Malformed: "));
    assert!(search_error(Reply::text(200, r#"{"issues": []"#)).await.starts_with("Malformed: "));
}

#[tokio::test]
async fn server_errors_are_tried_again_and_then_left_to_the_next_pass() {
    let fake = Fake::start(|_| Reply::text(503, "busy")).await;
    let error = first_page(&fake).await.unwrap_err();
    assert_snapshot!(told(&error), @"Unavailable: jira: POST http://jira/rest/api/3/search/jql failed with 503; the next pass tries again");
    assert_eq!(fake.paths().len(), 4);
}

#[tokio::test]
async fn a_short_pause_is_waited_for() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::start(move |_| {
        if calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            Reply::text(429, "").with("Retry-After", "37")
        } else {
            Reply::json(&json!({"timeZone": "UTC"}))
        }
    })
    .await;
    fake.jira.probe().await.unwrap();
    assert_eq!(fake.clock.now(), now().plus_millis(37_000));
    assert_eq!(fake.paths().len(), 2);
}

#[tokio::test]
async fn a_long_pause_is_handed_to_the_caller() {
    let fake = Fake::start(|_| Reply::text(429, "").with("Retry-After", "3600")).await;
    let error = fake.jira.probe().await.unwrap_err();
    let TrackerError::Wait { until, .. } = error else { panic!("{error:?}") };
    assert_eq!(until, now().plus_millis(3_600_000));
    // Nobody disturbs the host until then, not even with the credential's probe.
    fake.clock.advance(Duration::from_secs(60));
    assert!(matches!(fake.jira.probe().await, Err(TrackerError::Wait { .. })));
    assert_eq!(fake.paths().len(), 1);
}

#[tokio::test]
async fn an_empty_tracker_is_believed_only_where_every_project_is_visible() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        "/rest/api/3/search/jql" => Reply::json(&json!({"issues": [], "isLast": true})),
        "/rest/api/3/search/approximate-count" => Reply::json(&json!({"count": 0})),
        "/rest/api/3/project/PAY" => Reply::json(&json!({"key": "PAY"})),
        _ => Reply::error(404, "No project could be found with key 'BOOK'."),
    })
    .await;
    assert_snapshot!(told(&first_page(&fake).await.unwrap_err()), @"Refused: jira: project BOOK does not exist at http://jira, or the account may not browse it; correct `scopes` of connection `jira` or give the account Browse Projects");

    let fake = Fake::with_scopes(&["PAY"], |asked| match asked.path.as_str() {
        "/rest/api/3/search/jql" => Reply::json(&json!({"issues": [], "isLast": true})),
        "/rest/api/3/search/approximate-count" => Reply::json(&json!({"count": 0})),
        _ => Reply::json(&json!({"key": "PAY"})),
    })
    .await;
    let page = first_page(&fake).await.unwrap();
    assert_eq!((page.stamps.len(), page.next, page.expected), (0, None, Some(0)));
}
