//! What a Data Center refuses, and the one sentence and next move that come of it.

use insta::assert_snapshot;
use streamgauge::trackers::settings::Connection;

use super::*;

/// The variant and the sentence, with the server's address made stable.
fn told(error: &TrackerError) -> String {
    let text = format!("{error:?}");
    assert!(!text.contains(TOKEN), "{text}");
    let variant = text.split([' ', '(', '{']).next().unwrap_or_default();
    let address = regex::Regex::new(r"http://127\.0\.0\.1:\d+").unwrap();
    format!("{variant}: {}", address.replace_all(&error.to_string(), "http://jira"))
}

#[tokio::test]
async fn a_refused_token_says_what_next() {
    let rig = Rig::with_token(Server::default(), "another").await;
    assert_snapshot!(told(&rig.tracker.probe().await.unwrap_err()), @"Unauthorized: center: GET http://jira/rest/api/2/myself does not accept the token: Client must be authenticated to access this resource; create a personal access token in the account's profile and give it in `auth` of connection `center`");
}

/// The token dies between the probe and the search: what a stranger is told is not believed.
#[tokio::test]
async fn nothing_is_concluded_from_what_a_stranger_sees() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 5);
    let clock = rig.tracker.probe().await.unwrap().clock;
    let sources: Vec<String> = all.iter().map(u64::to_string).collect();
    assert_eq!(rig.tracker.read(&sources).await.unwrap().items.len(), 5);
    rig.site().access.set_expired(true);
    let scan = ScanId("PAY".into());
    let unauthorized = |error: &TrackerError| matches!(error, TrackerError::Unauthorized(_));
    let discover = rig.tracker.discover(&scan, None, clock, None).await;
    assert!(unauthorized(&discover.unwrap_err()));
    assert!(unauthorized(&rig.tracker.read(&sources).await.unwrap_err()));
    assert!(unauthorized(&rig.tracker.read(&sources[..1]).await.unwrap_err()));
    assert!(unauthorized(&rig.tracker.catalogue(true).await.unwrap_err()));
    assert!(unauthorized(&rig.tracker.standing("PAY").await.unwrap_err()));
    assert!(unauthorized(&rig.tracker.roll("PAY", None).await.unwrap_err()));
    assert!(unauthorized(&rig.tracker.fate(&sources[0], "PAY-1").await.unwrap_err()));
    assert!(unauthorized(&rig.tracker.inventory(&[]).await.unwrap_err()));
}

#[tokio::test]
async fn the_path_under_which_jira_lives_is_part_of_its_address() {
    let rig = Rig::start(Server { context: "/jira".into(), ..Server::default() }).await;
    rig.create(PAY, 3);
    assert_eq!(rig.walk("PAY", None).await.unwrap().1.len(), 3);
    rig.server(|server| server.context = "/tracker".into());
    assert_snapshot!(told(&rig.tracker.probe().await.unwrap_err()), @"Refused: center: GET http://jira/jira/rest/api/2/myself does not exist or may not be seen: null for uri; check `url`, with its path if Jira has one, and `scopes` of connection `center`");
}

#[tokio::test]
async fn a_project_that_cannot_be_seen_is_named_and_the_others_go_on() {
    let rig = Rig::start(Server::default()).await;
    rig.create(PAY, 2);
    rig.create(BOOK, 2);
    rig.site().set_visible(PAY, false);
    assert_snapshot!(told(&rig.walk("PAY", None).await.unwrap_err()), @"Refused: center: project PAY does not exist at http://jira, or the account may not browse it; correct `scopes` of connection `center` or give the account Browse Projects");
    assert_eq!(rig.walk("BOOK", None).await.unwrap().1.len(), 2);
    let since = Some(Timestamp::parse(NOW).unwrap());
    assert!(matches!(rig.walk("PAY", since).await, Err(TrackerError::Refused(_))));
    assert_eq!(rig.tracker.catalogue(true).await.unwrap().statuses.len(), 3);
}

#[tokio::test]
async fn an_archived_project_has_no_changes() {
    let rig = Rig::start(Server::default()).await;
    rig.create(PAY, 2);
    rig.server(|server| server.archived_projects.extend(["PAY".into()]));
    assert_eq!(rig.walk("PAY", None).await.unwrap(), (1, Vec::new()));
}

#[tokio::test]
async fn a_limit_of_requests_is_waited_out() {
    let rig = Rig::start(Server { max_results: 10, ..Server::default() }).await;
    let all = rig.create(PAY, 100);
    {
        let mut site = rig.site();
        (site.limits.usual, site.limits.retry_after) = (Some(2), 1);
    }
    assert_eq!(ids(&rig.walk("PAY", None).await.unwrap().1), all);
    let refused = rig.site().log.counts().iter().filter(|((_, s), _)| *s == 429).count();
    assert!(refused > 0, "the limit was met");
}

#[tokio::test]
async fn an_old_server_and_the_wrong_product_are_told() {
    let rig = Rig::start(Server::nine()).await;
    let probe = rig.tracker.probe().await.unwrap();
    assert_snapshot!(probe.notes.join("\n"), @"center: Jira 9.12 is no longer supported by Atlassian, and its webhooks cannot be signed; plan the step to Jira 10.3 or 11.3");
    rig.tracker.probe().await.unwrap();
    assert_eq!(rig.site().log.of("GET /serverInfo"), 1, "asked once");
    let rig = Rig::start(Server::default()).await;
    assert_eq!(rig.tracker.probe().await.unwrap().notes, Vec::<String>::new());
    rig.site().dialect = Dialect::Cloud;
    assert!(rig.tracker.probe().await.is_err());
}

#[tokio::test]
async fn a_password_is_no_token() {
    let rig = Rig::start(Server::default()).await;
    let request = http::Request::get(format!("{}/rest/api/2/myself", rig.running.url))
        .header("authorization", "Basic Z2F1Z2U6c2VjcmV0")
        .body(bytes::Bytes::new())
        .unwrap();
    let answer = rig.transport.ask(request, streamgauge::transport::usual_pace).await.unwrap();
    assert_eq!(answer.status(), 403);
    for path in ["/rest/api/3/myself", "/rest/api/2/search/jql", "/rest/api/2/issue/1/changelog"] {
        let request = http::Request::get(format!("{}{path}", rig.running.url))
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(bytes::Bytes::new())
            .unwrap();
        let answer = rig.transport.ask(request, streamgauge::transport::usual_pace).await.unwrap();
        assert_eq!(answer.status(), 404, "{path} is Cloud's");
    }
}

#[track_caller]
fn wrong(text: &str) -> String {
    let connection: Connection = toml::from_str(text).unwrap();
    let (key, problem) = connection.validate().unwrap_err();
    format!("{key}: {problem}")
}

#[test]
fn settings_that_cannot_work_are_named() {
    let base = "id = \"jira\"\nkind = \"jira-data-center\"\nscopes = [\"PAY\"]\n";
    let token = "auth = { token = { env = \"T\" } }\n";
    let user = "auth = { user = \"a@example.com\", token = { env = \"T\" } }\n";
    let url = "url = \"https://jira.example.com/jira\"\n";
    assert_snapshot!(wrong(&format!("{base}{token}")), @"url: `url` is missing: write the address of Jira, such as https://jira.example.com, with its path if it has one");
    assert_snapshot!(wrong(&format!("{base}{user}{url}")), @"auth: `auth.user` is not used by Data Center, whose personal access tokens belong to their account: leave only `token`");
    assert_snapshot!(wrong(&format!("{base}{token}url = \"https://x.atlassian.net\"")), @r#"kind: `url` is a site of Jira Cloud: write `kind = "jira-cloud"`, and `auth` with the account's e-mail"#);
    assert_snapshot!(wrong(&format!("{base}{token}{url}gateway = \"https://x\"")), @"gateway: `gateway` is for Jira Cloud only: take it out");
    assert!(
        toml::from_str::<Connection>(&format!("{base}{token}{url}")).unwrap().validate().is_ok()
    );
}
