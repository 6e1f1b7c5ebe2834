//! Addresses, pages and batches: what is asked, in which order, and when it ends.

use serde_json::{Value, json};
use streamgauge::model::{Precision, Timestamp};
use streamgauge::trackers::{Catalogue, ScanId, Standing, Tracker, TrackerError};

use super::fake::{Asked, Fake, NOW, Reply, issue, lookups};

const SEARCH: &str = "/rest/api/3/search/jql";
const COUNT: &str = "/rest/api/3/search/approximate-count";
const ISSUES: &str = "/rest/api/3/issue/bulkfetch";
const CHANGELOGS: &str = "/rest/api/3/changelog/bulkfetch";

fn now() -> Timestamp {
    Timestamp::parse(NOW).unwrap()
}

fn scan() -> ScanId {
    ScanId("projects".to_owned())
}

fn ids(asked: &Asked) -> Vec<u64> {
    let ids = asked.body["issueIdsOrKeys"].as_array().unwrap();
    ids.iter().map(|id| id.as_str().unwrap().parse().unwrap()).collect()
}

fn sources(ids: impl IntoIterator<Item = u64>) -> Vec<String> {
    ids.into_iter().map(|id| id.to_string()).collect()
}

/// A status change of issue `id`, as a page of histories shows it.
fn moved(id: u64, history: u64, created: &Value, to: &str) -> Value {
    json!({"issueId": id.to_string(), "changeHistories": [{
        "id": history.to_string(), "created": created, "author": {"displayName": "Person 1"},
        "items": [{"field": "status", "fieldId": "status", "fieldtype": "jira",
            "from": "1", "fromString": "Status 1", "to": to, "toString": format!("Status {to}")}],
    }]})
}

#[tokio::test]
async fn the_trackers_clock_is_taken_before_the_answer() {
    let fake = Fake::start(|asked| lookups(&asked.path).unwrap()).await;
    let probe = fake.jira.probe().await.unwrap();
    assert_eq!(probe.clock, now().plus_millis(-1000));
    assert!(probe.notes.is_empty());
    let header = "Basic Z2F1Z2VAZXhhbXBsZS5jb206czNjcjN0LXQwa2Vu";
    assert_eq!(fake.asked("/rest/api/3/myself")[0].authorization.as_deref(), Some(header));
}

/// A proxy may take `Date` away.
#[tokio::test]
async fn without_a_date_jira_is_asked_for_its_time() {
    let info = "/rest/api/3/serverInfo";
    let told = |reply: Reply| {
        Fake::start(move |asked| {
            let reply =
                if asked.path == info { reply.clone() } else { lookups(&asked.path).unwrap() };
            reply.with("date", "")
        })
    };
    let fake = told(Reply::json(&json!({"serverTime": "2026-03-02T13:00:00.500+0300"}))).await;
    let probe = fake.jira.probe().await.unwrap();
    assert_eq!(probe.clock, now().plus_millis(3_600_500 - 1_000));
    assert!(probe.notes.is_empty(), "{:?}", probe.notes);
    assert_eq!(fake.paths(), ["/rest/api/3/myself", info]);

    for hidden in [Reply::text(404, ""), Reply::text(403, ""), Reply::text(200, "{}")] {
        let probe = told(hidden).await.jira.probe().await.unwrap();
        assert_eq!(probe.clock, now().plus_millis(-1_000));
        assert!(probe.notes[0].contains("this machine's clock stands in"), "{:?}", probe.notes);
    }
    let failed = told(Reply::text(502, "")).await.jira.probe().await;
    assert!(matches!(failed, Err(TrackerError::Unavailable(_))), "{failed:?}");
}

#[tokio::test]
async fn a_token_with_scopes_is_taken_to_the_gateway() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        "/_edge/tenant_info" => Reply::json(&json!({"cloudId": "11111111-2222-3333"})),
        "/gateway/ex/jira/11111111-2222-3333/rest/api/3/myself" => {
            Reply::json(&json!({"timeZone": "Etc/UTC"}))
        }
        "/gateway/ex/jira/11111111-2222-3333/rest/api/3/project/PAY" => {
            Reply::json(&json!({"id": "1", "key": "PAY"}))
        }
        _ => Reply::text(401, ""),
    })
    .await;
    fake.jira.probe().await.unwrap();
    assert_eq!(fake.jira.standing("PAY").await.unwrap(), Standing::Live);
    fake.jira.probe().await.unwrap();
    let gateway = |path: &str| format!("/gateway/ex/jira/11111111-2222-3333/rest/api/3/{path}");
    let expected = [
        "/rest/api/3/myself".to_owned(),
        "/_edge/tenant_info".to_owned(),
        gateway("myself"),
        gateway("project/PAY"),
        gateway("myself"),
    ];
    assert_eq!(fake.paths(), expected);
    assert_eq!(fake.asked("/_edge/tenant_info")[0].authorization, None);
}

#[tokio::test]
async fn a_cloud_id_cannot_lead_elsewhere() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        "/_edge/tenant_info" => Reply::json(&json!({"cloudId": "../../elsewhere"})),
        _ => Reply::text(401, ""),
    })
    .await;
    assert!(matches!(fake.jira.probe().await, Err(TrackerError::Unauthorized(_))));
    assert_eq!(fake.paths(), ["/rest/api/3/myself", "/_edge/tenant_info"]);
}

#[tokio::test]
async fn a_short_page_is_not_the_last() {
    let fake = Fake::start(|asked| match (asked.path.as_str(), &asked.body["nextPageToken"]) {
        (SEARCH, Value::Null) => Reply::json(&json!({"issues": [
            {"id": "7", "key": "PAY-7", "fields": {"updated": "2026-03-02T16:59:00.000+0800"}},
            {"id": 8, "fields": {"updated": null}},
            {"key": "PAY-9"}, "junk",
        ], "nextPageToken": "two"})),
        (SEARCH, token) if token == "two" => {
            Reply::json(&json!({"issues": [], "nextPageToken": "three", "isLast": false}))
        }
        (SEARCH, _) => Reply::json(&json!({"issues": [{"id": "9"}], "nextPageToken": null})),
        (COUNT, _) => Reply::json(&json!({"count": 3})),
        _ => Reply::text(500, ""),
    })
    .await;
    let first = fake.jira.discover(&scan(), None, now(), None).await.unwrap();
    let stamps: Vec<_> = first.stamps.iter().map(|s| (&*s.source, s.updated_at)).collect();
    assert_eq!(stamps, [("7", Some(now().plus_millis(-60_000))), ("8", None)]);
    assert_eq!(first.expected, Some(3));
    let named: Vec<_> = first.gaps.iter().map(|g| (&*g.reason, g.key.as_deref())).collect();
    assert_eq!(named, [("malformed-item", Some("PAY-9")), ("malformed-item", None)]);
    let second = fake.jira.discover(&scan(), None, now(), first.next.as_deref()).await.unwrap();
    assert_eq!((second.stamps.len(), second.expected), (0, None));
    let third = fake.jira.discover(&scan(), None, now(), second.next.as_deref()).await.unwrap();
    assert_eq!((third.stamps.len(), third.next), (1, None));
    let asked = &fake.asked(SEARCH)[0].body;
    let jql = r#"project in ("PAY", "BOOK") ORDER BY updated ASC, key ASC"#;
    assert_eq!(*asked, json!({"jql": jql, "maxResults": 5000, "fields": ["id"]}));
}

#[tokio::test]
async fn what_changed_lately_is_asked_for_in_relative_minutes() {
    let fake = Fake::start(|_| Reply::json(&json!({"issues": [], "isLast": true}))).await;
    let since = Some(now().plus_millis(-900_500));
    fake.jira.discover(&scan(), since, now(), None).await.unwrap();
    let jql = r#"project in ("PAY", "BOOK") AND updated >= -27m ORDER BY updated ASC, key ASC"#;
    assert_eq!(fake.asked(SEARCH)[0].body["jql"], jql);
    assert_eq!(fake.asked(SEARCH)[0].body["fields"], json!(["updated"]));
    let myself = "/rest/api/3/myself";
    assert_eq!(fake.paths(), [SEARCH, myself], "nothing is believed of a dead credential");
}

#[tokio::test]
async fn a_circle_of_tokens_is_left() {
    let fake = Fake::start(|asked| {
        let next = match asked.body["nextPageToken"].as_str() {
            Some("a") => "b",
            Some("b") => "c",
            _ => "a",
        };
        Reply::json(&json!({"issues": [], "nextPageToken": next, "isLast": false}))
    })
    .await;
    let mut page: Option<String> = None;
    let since = Some(now());
    let error = loop {
        match fake.jira.discover(&scan(), since, now(), page.as_deref()).await {
            Ok(found) => page = Some(found.next.unwrap()),
            Err(error) => break error,
        }
        assert!(fake.paths().len() < 10);
    };
    assert!(matches!(error, TrackerError::BadToken(_)), "{error:?}");
    assert_eq!(fake.paths().len(), 4);
    // The walk that starts again is a new one.
    assert!(fake.jira.discover(&scan(), since, now(), None).await.is_ok());
}

#[tokio::test]
async fn a_refused_token_starts_the_walk_again() {
    let fake = Fake::start(|_| Reply::error(400, "The token is invalid or has expired.")).await;
    let error = fake.jira.discover(&scan(), None, now(), Some("old")).await.unwrap_err();
    assert!(matches!(error, TrackerError::BadToken(_)), "{error:?}");
}

#[tokio::test]
async fn a_thousand_issues_take_eleven_requests_and_the_lookups_once() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        ISSUES => {
            let issues: Vec<_> = ids(asked).into_iter().map(|id| issue(id, "1")).collect();
            Reply::json(&json!({"issues": issues}))
        }
        CHANGELOGS => Reply::json(&json!({"issueChangeLogs": []})),
        path => lookups(path).unwrap(),
    })
    .await;
    let all = sources(1..=1000);
    assert_eq!(fake.jira.batch(), 1000);
    let out = fake.jira.read(&all).await.unwrap();
    assert_eq!(
        out.items.iter().map(|item| &item.id.source).collect::<Vec<_>>(),
        all.iter().collect::<Vec<_>>()
    );
    assert!(out.gaps.is_empty() && out.absent.is_empty());
    assert_eq!(out.read_at, Some(now()));
    // One more, because issues that changed and have no history are looked at again.
    assert_eq!(fake.paths().len(), 2 + 11 + 1);
    fake.jira.read(&all[..1]).await.unwrap();
    assert_eq!(fake.paths().len(), 2 + 12 + 3);
    let fields = json!([
        "project",
        "issuetype",
        "parent",
        "status",
        "resolution",
        "created",
        "updated",
        "labels",
        "components",
        "fixVersions",
        "issuelinks",
        "archiveddate",
        "customfield_10001",
        "customfield_10014",
        "customfield_10021"
    ]);
    assert_eq!(fake.asked(ISSUES)[0].body["fields"], fields);
    assert_eq!(fake.asked(CHANGELOGS)[0].body["maxResults"], 10_000);
    assert_eq!(fake.asked(CHANGELOGS)[0].body.get("fieldIds"), None);
}

#[tokio::test]
async fn histories_are_put_together_from_all_pages_and_all_forms_of_dates() {
    let fake = Fake::start(|asked| match (asked.path.as_str(), &asked.body["nextPageToken"]) {
        (ISSUES, _) => Reply::json(&json!({"issues": [issue(1, "4"), issue(2, "2")]})),
        (CHANGELOGS, Value::Null) => Reply::json(&json!({"issueChangeLogs": [
            moved(1, 11, &json!(1_772_438_700_250_i64), "2"),
            moved(2, 12, &json!(1_772_439_000), "2"),
        ], "nextPageToken": "more"})),
        (CHANGELOGS, _) => Reply::json(&json!({"issueChangeLogs": [
            moved(2, 12, &json!(1_772_439_000), "2"),
            moved(1, 13, &json!("2026-03-02T16:20:00.000+0800"), "3"),
            moved(1, 14, &json!("2026-03-02T08:30:00.004+0000"), "4"),
        ]})),
        (path, _) => lookups(path).unwrap(),
    })
    .await;
    let out = fake.jira.read(&sources([1, 2])).await.unwrap();
    assert_eq!(out.gaps, []);
    let told: Vec<Vec<String>> = out
        .items
        .iter()
        .map(|item| item.history.iter().map(|c| format!("{} {}", c.id, c.at)).collect())
        .collect();
    let first = [
        "11.0 2026-03-02T08:05:00.250Z",
        "13.0 2026-03-02T08:20:00Z",
        "14.0 2026-03-02T08:30:00.004Z",
    ];
    assert_eq!(told, [&first[..], &["12.0 2026-03-02T08:10:00Z"]]);
    assert!(out.items.iter().flat_map(|i| &i.history).all(|c| c.precision == Precision::Exact));
}

#[tokio::test]
async fn a_repeated_token_of_histories_is_refused() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        ISSUES => Reply::json(&json!({"issues": [issue(1, "1")]})),
        CHANGELOGS => Reply::json(&json!({"issueChangeLogs": [], "nextPageToken": "again"})),
        path => lookups(path).unwrap(),
    })
    .await;
    let error = fake.jira.read(&sources([1])).await.unwrap_err();
    assert!(matches!(error, TrackerError::BadToken(_)), "{error:?}");
    assert_eq!(fake.asked(CHANGELOGS).len(), 2);
}

#[tokio::test]
async fn what_is_not_given_is_absent_and_what_failed_is_a_gap() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        ISSUES => Reply::json(&json!({
            "issues": [issue(1, "1"), {"id": "2", "key": "PAY-2", "fields": {"status": 5}}],
            "issueErrors": [{"id": 3, "errorMessage": "try again, Ada Lovelace"}],
        })),
        CHANGELOGS => {
            assert_eq!(ids(asked), [1]);
            Reply::json(&json!({"issueChangeLogs": []}))
        }
        path => lookups(path).unwrap(),
    })
    .await;
    let out = fake.jira.read(&sources([1, 2, 3, 4])).await.unwrap();
    assert_eq!(out.items.len(), 1);
    assert_eq!(out.absent, ["4"]);
    let named: Vec<_> = out.gaps.iter().map(|g| (g.source.as_deref(), &*g.reason)).collect();
    assert_eq!(named, [(Some("2"), "malformed-item"), (Some("3"), "read-failed")]);
    assert!(out.gaps.iter().all(|gap| !gap.detail.contains("Ada")));
    assert_eq!(fake.paths().last().unwrap(), "/rest/api/3/myself", "absence is double-checked");
}

#[tokio::test]
async fn a_dead_credential_makes_nothing_absent() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        ISSUES => Reply::json(&json!({"issues": []})),
        "/rest/api/3/myself" => Reply::text(401, ""),
        path => lookups(path).unwrap_or_else(|| Reply::text(404, "")),
    })
    .await;
    let error = fake.jira.read(&sources([1])).await.unwrap_err();
    assert!(matches!(error, TrackerError::Unauthorized(_)), "{error:?}");
}

#[tokio::test]
async fn a_row_without_an_id_leaves_nobody_absent() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        ISSUES => Reply::json(&json!({"issues": [issue(1, "1"), null, {"fields": {}}]})),
        CHANGELOGS => Reply::json(&json!({"issueChangeLogs": [
            {"changeHistories": []},
            moved(9, 5, &json!(1_772_438_700_250_i64), "2"),
        ]})),
        path => lookups(path).unwrap(),
    })
    .await;
    let out = fake.jira.read(&sources([1, 2])).await.unwrap();
    assert!(out.absent.is_empty());
    assert!(!out.items[0].history_complete, "the nameless history may be its own");
    let mut named: Vec<_> = out.gaps.iter().map(|g| (g.source.as_deref(), &*g.reason)).collect();
    named.sort();
    let expected = [
        (None, "malformed-item"),
        (None, "malformed-item"),
        (Some("1"), "malformed-entry"),
        (Some("2"), "read-failed"),
        (Some("9"), "read-failed"),
    ];
    assert_eq!(named, expected);
}

#[tokio::test]
async fn an_error_without_an_id_leaves_nobody_absent() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        ISSUES => Reply::json(&json!({"issues": [], "issueErrors": [{"errorMessage": "?"}]})),
        path => lookups(path).unwrap(),
    })
    .await;
    let out = fake.jira.read(&sources([1])).await.unwrap();
    assert_eq!((out.absent.len(), out.gaps.len()), (0, 1));
}

#[tokio::test]
async fn linking_may_be_switched_off_and_fields_may_not() {
    let fake = Fake::start(|asked| match asked.path.as_str() {
        "/rest/api/3/issueLinkType" => Reply::error(404, "Issue linking is currently disabled."),
        ISSUES => Reply::json(&json!({"issues": [issue(1, "1")]})),
        CHANGELOGS => Reply::json(&json!({"issueChangeLogs": []})),
        path => lookups(path).unwrap(),
    })
    .await;
    assert_eq!(fake.jira.read(&sources([1])).await.unwrap().items.len(), 1);

    let fake = Fake::start(|_| Reply::error(403, "no")).await;
    let error = fake.jira.read(&sources([1])).await.unwrap_err();
    assert!(matches!(error, TrackerError::Unauthorized(_)), "{error:?}");
    assert!(error.to_string().contains("/rest/api/3/field"), "{error}");
}

#[tokio::test]
async fn the_catalogue_names_statuses_and_releases_when_full() {
    let fake = Fake::with_scopes(&["PAY"], |asked| match asked.path.as_str() {
        "/rest/api/3/status" => Reply::json(&json!([
            {"id": "3", "name": "进行中", "statusCategory": {"id": 4, "key": "indeterminate"}},
            {"id": "1", "name": "To Do", "statusCategory": {"id": 2, "key": "new"}},
            {"id": "9", "name": "Odd"},
        ])),
        "/rest/api/3/project/PAY/versions" => Reply::json(&json!([
            {"id": "10", "name": "1.0", "released": true, "releaseDate": "2026-02-28"},
            {"id": "11", "name": "1.1", "released": false, "releaseDate": "2026-06-30"},
            {"id": "12", "name": "1.2", "released": true},
        ])),
        path => lookups(path).unwrap(),
    })
    .await;
    assert_eq!(fake.jira.catalogue(false).await.unwrap(), Catalogue::default());
    assert_eq!(fake.paths(), [""; 0], "a usual pull spends nothing on it");

    let full = fake.jira.catalogue(true).await.unwrap();
    let statuses: Vec<_> =
        full.statuses.iter().map(|s| (&*s.status.id, &*s.status.name, &*s.category)).collect();
    let expected =
        [("1", "To Do", "new"), ("3", "进行中", "indeterminate"), ("9", "Odd", "undefined")];
    assert_eq!(statuses, expected);
    let releases: Vec<_> = full
        .releases
        .iter()
        .map(|r| (&*r.id, &*r.project, r.released_at.map(|at| at.to_string()), r.precision))
        .collect();
    let end = Some("2026-03-01T00:00:00Z".to_owned());
    let expected = [
        ("10", "PAY", end, Precision::Inferred),
        ("11", "PAY", None, Precision::Exact),
        ("12", "PAY", None, Precision::Exact),
    ];
    assert_eq!(releases, expected);
}
