//! `streamgauge webhooks`: the only command that changes anything at a tracker, against simulated
//! ones over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use serde_json::{Value, json};
use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::model::Timestamp;
use streamgauge::sim::github::records::{Record, RepoRecord};
use streamgauge::sim::github::{self, HookRights};
use streamgauge::sim::jira::admin::ADMIN_TOKEN;
use streamgauge::sim::jira::{self, Center, Dialect, SharedSite};
use streamgauge::spawn::Spawner;
use tokio::net::TcpListener;

use crate::support::process::{Ended, Folder};

const PORTFOLIO: &str = "name = \"N\"\ntimezone = \"UTC\"\n";
const SECRET: &str = "the-webhook-secret-of-a-test";
const PUBLIC: &str = "https://gauge.example.com";
const GITHUB_ADMIN: &str = "github-administrators-token";

/// The settings of one connection; its own token is never the administrator's.
fn folder(connection: &str) -> Folder {
    let settings = format!(
        "[store]\nurl = \"STORE\"\n[[connection]]\n{connection}\nwebhook_secret = {{ env = \"TEST_SECRET\" }}\n"
    );
    Folder::over(
        &settings,
        PORTFOLIO,
        &[
            ("TEST_SECRET", SECRET),
            ("TEST_READER", "the-token-that-only-reads"),
            ("TEST_ADMIN", ADMIN_TOKEN),
            ("TEST_GITHUB_ADMIN", GITHUB_ADMIN),
        ],
    )
}

async fn jira(dialect: Dialect) -> (SharedSite, jira::Running) {
    let clock: SharedClock = Arc::new(SystemClock);
    let mut site = jira::Site::new(clock.clone());
    site.dialect = dialect;
    let site = site.shared();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = jira::serve(site.clone(), listener, clock, Spawner::tokio()).unwrap();
    (site, running)
}

async fn github() -> (github::Site, github::Running) {
    let clock: SharedClock = Arc::new(SystemClock);
    let created = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let records = [(1, "checkout"), (2, "search")].map(|(id, name)| {
        let (owner, name) = ("northwind".to_owned(), name.to_owned());
        Record::Repo(RepoRecord { id, owner, name, created, archived: false })
    });
    let site = github::Site::new(records, clock.clone());
    site.set_token(GITHUB_ADMIN);
    site.set_hook_rights(HookRights::Admin);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = github::serve(&site, listener, clock, &Spawner::tokio()).unwrap();
    (site, running)
}

async fn webhooks(folder: &Folder, words: &[&str]) -> Ended {
    let mut args = vec!["webhooks"];
    args.extend(words);
    let ended = folder.run(&args).await;
    for text in [&ended.out, &ended.err] {
        for secret in [SECRET, ADMIN_TOKEN, GITHUB_ADMIN, "the-token-that-only-reads"] {
            assert!(!text.contains(secret), "{words:?} prints a secret:\n{text}");
        }
    }
    ended
}

async fn done(folder: &Folder, words: &[&str]) -> String {
    let ended = webhooks(folder, words).await;
    assert_eq!(ended.code, Some(0), "{words:?}: {}{}", ended.out, ended.err);
    ended.out
}

#[tokio::test(flavor = "multi_thread")]
async fn github_repositories_and_organisations_get_theirs_once() {
    let (site, running) = github().await;
    let folder = folder(&format!(
        "id = \"hub\"\nkind = \"github\"\nurl = \"{}\"\n\
         scopes = [\"northwind/checkout\", \"northwind/search\"]\n\
         auth = {{ token = {{ env = \"TEST_READER\" }} }}",
        running.url
    ));
    let base = ["register", "hub", "--url", PUBLIC, "--token-env", "TEST_GITHUB_ADMIN"];
    for plain in
        ["http://gauge.example.com", "http://localhost.example.com", "http://127.0.0.1.a.b"]
    {
        let words = ["register", "hub", "--url", plain, "--token-env", "TEST_GITHUB_ADMIN"];
        let refused = webhooks(&folder, &words).await;
        assert_eq!(refused.code, Some(2), "{plain}: {}", refused.err);
        assert!(refused.err.contains("write the public address"), "{}", refused.err);
    }
    let dry: Vec<&str> = base.iter().copied().chain(["--dry-run"]).collect();
    let told = done(&folder, &dry).await;
    assert!(told.contains("would send, repos/northwind/checkout: a new webhook: POST"), "{told}");
    assert!(told.contains("https://gauge.example.com/webhooks/hub"), "{told}");
    assert_eq!(site.webhooks().len(), 0, "a dry run sends nothing");

    let told = done(&folder, &base).await;
    assert_eq!(told.lines().count(), 2, "{told}");
    let made = site.webhooks();
    assert_eq!(made.len(), 2);
    for hook in &made {
        assert_eq!(hook.url, "https://gauge.example.com/webhooks/hub");
        assert_eq!(hook.secret.as_deref(), Some(SECRET));
        assert_eq!((hook.content_type.as_str(), hook.active), ("json", true));
        assert!(hook.events.iter().any(|event| event == "sub_issues"), "{:?}", hook.events);
    }
    let changes = |site: &github::Site| -> u64 {
        let log = site.requests();
        let counts = log.counts.iter().filter(|(key, _)| !key.starts_with("GET"));
        counts.map(|(_, count)| count).sum()
    };
    let before = changes(&site);
    let again = done(&folder, &base).await;
    assert!(again.contains("is registered as it should be"), "{again}");
    assert_eq!(changes(&site), before, "a second run changes nothing");

    // A whole organisation, which announces boards as well.
    let whole: Vec<&str> = base.iter().copied().chain(["--organization"]).collect();
    done(&folder, &whole).await;
    let of_org = site.webhooks().into_iter().find(|hook| hook.place == "orgs/northwind").unwrap();
    assert!(of_org.events.iter().any(|event| event == "projects_v2_item"));

    let away: Vec<&str> = ["unregister"].into_iter().chain(base[1..].iter().copied()).collect();
    done(&folder, &away).await;
    assert_eq!(site.webhooks().len(), 1, "the organisation's stays");

    // Somebody spoils it by hand.
    site.register_webhook("repos/northwind/checkout", "https://gauge.example.com/webhooks/hub");
    let told = done(&folder, &base).await;
    assert!(told.contains("not as it should be: done"), "{told}");
    assert_eq!(site.webhooks().len(), 3);

    let mut reader = base;
    reader[5] = "TEST_READER";
    let refused = webhooks(&folder, &reader).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("not accepted"), "{}", refused.err);
    site.set_hook_rights(HookRights::Forbidden);
    let refused = webhooks(&folder, &base).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("take one of an administrator"), "{}", refused.err);
}

/// What a Jira was sent, of each dialect.
async fn of_jira(dialect: Dialect, kind: &str, user: Option<&str>) -> Value {
    let (site, running) = jira(dialect).await;
    let auth = match user {
        Some(user) => format!("user = \"{user}\", token = {{ env = \"TEST_READER\" }}"),
        None => "token = { env = \"TEST_READER\" }".to_owned(),
    };
    let folder = folder(&format!(
        "id = \"work\"\nkind = \"{kind}\"\nurl = \"{}\"\nscopes = [\"PAY\", \"BOOK\"]\n\
         auth = {{ {auth} }}",
        running.url
    ));
    let mut args = vec!["register", "work", "--url", PUBLIC, "--token-env", "TEST_ADMIN"];
    if let Some(user) = user {
        args.extend(["--user", user]);
    }
    let dry: Vec<&str> = args.iter().copied().chain(["--dry-run"]).collect();
    let told = done(&folder, &dry).await;
    assert!(told.contains("would send"), "{told}");
    assert_eq!(jira::lock(&site).admin.webhooks().len(), 0, "a dry run sends nothing");
    done(&folder, &args).await;
    let made = jira::lock(&site).admin.webhooks();
    let again = done(&folder, &args).await;
    assert!(again.contains("is registered as it should be"), "{kind}: {again}");
    assert_eq!(jira::lock(&site).admin.webhooks(), made, "a second run changes nothing");
    assert_eq!(made.len(), 1);

    let mut reader = args.clone();
    reader[5] = "TEST_READER";
    let refused = webhooks(&folder, &reader).await;
    assert_eq!(refused.code, Some(1), "{kind}");
    assert!(refused.err.contains("take one of an administrator"), "{}", refused.err);
    let mut away = args.clone();
    away[0] = "unregister";
    done(&folder, &away).await;
    assert_eq!(jira::lock(&site).admin.webhooks().len(), 0);
    let none = done(&folder, &away).await;
    assert!(none.contains("is not registered"), "{none}");
    made[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_jira_gets_the_form_that_it_knows() {
    let cloud = of_jira(Dialect::Cloud, "jira-cloud", Some(jira::access::USER)).await;
    assert_eq!(cloud["url"], "https://gauge.example.com/webhooks/work");
    assert_eq!(cloud["secret"], SECRET);
    assert_eq!(cloud["excludeBody"], false);
    let filter = "issue-related-events-section";
    assert_eq!(cloud["filters"][filter], "project in (\"PAY\", \"BOOK\")");

    let ten = of_jira(Dialect::Center(Center::default()), "jira-data-center", None).await;
    assert_eq!(ten["url"], "https://gauge.example.com/webhooks/work");
    assert_eq!(ten["configuration"], json!({"EXCLUDE_BODY": "false", "SECRET": SECRET}));
    assert_eq!(ten["active"], true);

    let nine = of_jira(Dialect::Center(Center::nine()), "jira-data-center", None).await;
    let url = format!("https://gauge.example.com/webhooks/work?token={SECRET}");
    assert_eq!(nine["url"], url, "it cannot sign");
    assert!(nine.get("secret").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_before_anything_is_sent() {
    let folder = folder(
        "id = \"app\"\nkind = \"github\"\nscopes = [\"northwind/*\"]\n\
         auth = { app = 7, key = { env = \"TEST_READER\" } }",
    );
    let told = done(&folder, &["list"]).await;
    assert!(told.starts_with("app: /webhooks/app, checked by"), "{told}");
    let base = ["register", "app", "--url", PUBLIC, "--token-env", "TEST_ADMIN"];
    for (at, value, needle) in [
        (1, "other", "there is no connection other; there are app"),
        (3, "http://gauge.example.com", "write the public address"),
        (3, "https://user@gauge.example.com", "write the public address"),
        (5, "NOT_THERE", "there is no such environment variable"),
        (0, "register", "in the App's settings"),
    ] {
        let mut args = base;
        args[at] = value;
        let refused = webhooks(&folder, &args).await;
        assert_eq!(refused.code, Some(2), "{args:?}: {}{}", refused.out, refused.err);
        assert!(refused.err.contains(needle), "{args:?}: {}", refused.err);
    }
}
