//! What a server does not know is not asked of it, and what is missing is told.

use serde_json::Value;
use streamgauge::model::{Level, What};
use streamgauge::sync::Reach;
use streamgauge::trackers::{Fate, ScanId, Tracker};

use super::{BOARD, Bench, REPO, connect};

/// A blocked issue with a label, a type and a parent, on a board; its number is 1.
fn furnish(bench: &Bench) {
    bench.edit(|edits| {
        let issue = edits.create_issue(REPO, "Refunds take a week")?;
        let blocker = edits.create_issue(REPO, "A ledger that can be read")?;
        let parent = edits.create_issue(REPO, "Refunds")?;
        edits.label(issue, "bug")?;
        edits.set_type(issue, Some("Bug"))?;
        edits.set_parent(issue, Some(parent))?;
        edits.block(issue, blocker)?;
        edits.set_board_status(issue, BOARD, Some("In progress"))?;
        let pull = edits.open_pull(REPO, "Pay back at once", Some(issue))?;
        edits.merge_pull(pull)
    });
}

#[tokio::test]
async fn a_first_sync_leaves_out_what_3_17_does_not_know_and_says_so() {
    let bench = Bench::server("3.17.4").await;
    furnish(&bench);
    bench.advance(5);
    let (outcome, requests) = bench.pass(Reach::Hot).await;
    assert_eq!(outcome.read, 3);
    // Probe, schema, releases, the repository.
    assert_eq!(requests, 4);
    assert_eq!(outcome.notes.len(), 2, "{:?}", outcome.notes);
    assert_eq!(
        outcome.notes[0],
        "github: this server (GitHub Enterprise Server 3.17.4) does not tell blocked-by links \
         and what an issue duplicates; they are not counted"
    );
    assert!(outcome.notes[1].contains("moves on boards as events"), "{:?}", outcome.notes);
    let item = bench.item(1).await;
    let own = &item.attributes;
    assert_eq!((own.labels.as_slice(), own.links.len()), (&["bug".to_owned()][..], 0));
    assert_eq!(own.item_type.as_ref().map(|kind| kind.name.as_str()), Some("Bug"));
    assert_eq!(own.status.id, "closed");
    assert_eq!(own.boards[0].status.as_deref(), Some("In progress"));
    assert_eq!(own.closing_pulls.len(), 1);
    assert_eq!(bench.item(3).await.attributes.level, Level::Container);
    assert!(item.history_complete);
    assert_eq!(bench.store.counts().await.unwrap().gaps, 0);

    bench.advance(5);
    assert_eq!(bench.hot().await, 2, "nothing changed");
    bench.edit(|edits| edits.create_issue(REPO, "One more"));
    bench.advance(1);
    assert_eq!(bench.pass(Reach::Hot).await.0.changed, 1);
    assert_eq!(bench.asked("Capabilities"), 1, "once for a version");
}

#[tokio::test]
async fn before_3_17_types_and_parents_are_left_out_as_well() {
    let bench = Bench::server("3.16.9").await;
    furnish(&bench);
    let (outcome, _) = bench.pass(Reach::Hot).await;
    let note = &outcome.notes[0];
    assert!(note.contains("issue types, parents of issues, sub-issues, blocked-by"), "{note}");
    let own = bench.item(1).await.attributes;
    assert_eq!((own.item_type, own.parent, own.labels.len()), (None, None, 1));
}

#[tokio::test]
async fn another_version_is_asked_again_what_it_can_tell() {
    let bench = Bench::server("3.17.4").await;
    furnish(&bench);
    bench.hot().await;
    bench.site.set_server(Some("3.19.1"));
    bench.advance(5);
    let (outcome, _) = bench.pass(Reach::Full).await;
    assert_eq!(bench.asked("Capabilities"), 2);
    assert_eq!(outcome.notes.len(), 1, "{:?}", outcome.notes);
    let item = bench.item(1).await;
    assert_eq!(item.attributes.links.len(), 1, "3.19 tells what blocks");
    assert!(item.history.iter().any(|change| matches!(change.what, What::Link { .. })));

    // Back to the older one, between the probe of a pass and its questions.
    bench.site.set_server(Some("3.17.4"));
    let scan = ScanId("northwind/checkout".into());
    let page = bench.github.discover(&scan, None, bench.site.now(), None).await.unwrap();
    assert_eq!(page.items.len(), 3, "asked again without what has gone");
    assert_eq!(bench.asked("Capabilities"), 3);
    let (outcome, _) = bench.pass(Reach::Hot).await;
    assert!(outcome.notes[0].contains("3.17.4"), "{:?}", outcome.notes);
    assert_eq!(bench.asked("Capabilities"), 3, "the version has not changed since");
}

#[tokio::test]
async fn a_refused_question_leads_to_the_schema_on_any_address() {
    // Told that it is github.com, which is never asked before it refuses.
    let bench = Bench::server("3.16.9").await;
    furnish(&bench);
    let url = format!("{}/api", bench.running.url);
    let github = connect(&url, Some(false), &bench.transport);
    github.probe().await.unwrap();
    assert_eq!(bench.asked("Capabilities"), 0);
    let scan = ScanId("northwind/checkout".into());
    let page = github.discover(&scan, None, bench.site.now(), None).await.unwrap();
    assert_eq!((page.items.len(), bench.asked("Capabilities")), (3, 1));
    github.discover(&scan, None, bench.site.now(), None).await.unwrap();
    assert_eq!(bench.asked("Capabilities"), 1);
}

#[tokio::test]
async fn a_server_answers_at_its_own_addresses_without_limits() {
    let bench = Bench::server("3.17.4").await;
    furnish(&bench);
    let get = async |path: &str| {
        let request = http::Request::get(format!("{}{path}", bench.running.url))
            .header("authorization", "Bearer token")
            .body(bytes::Bytes::new())
            .unwrap();
        let answer =
            bench.transport.ask(request, |_| streamgauge::transport::Pace::Proceed).await.unwrap();
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        (answer.status().as_u16(), answer.headers().clone(), body)
    };
    let (status, headers, meta) = get("/api/v3/meta").await;
    assert_eq!((status, &meta["installed_version"]), (200, &Value::from("3.17.4")));
    assert_eq!(headers["x-github-enterprise-version"], "3.17.4");
    assert!(!headers.keys().any(|name| name.as_str().starts_with("x-ratelimit")));
    let (status, _, limit) = get("/api/v3/rate_limit").await;
    assert_eq!((status, &limit["message"]), (404, &Value::from("Rate limiting is not enabled.")));
    assert_eq!(get("/api/v3/repos/northwind/checkout/issues/1").await.0, 200);
    assert_eq!(get("/repos/northwind/checkout/issues/1").await.0, 404);
    let (_, headers, _) = get("/api/v3/repos/northwind/checkout/issues?per_page=1").await;
    assert!(headers["link"].to_str().unwrap().contains("/api/v3/repos/"), "{headers:?}");
}

#[tokio::test]
async fn one_unknown_type_fails_the_whole_question_of_a_server() {
    let bench = Bench::server("3.17.4").await;
    let ask = async |query: &str| {
        let body = serde_json::json!({ "query": query }).to_string();
        let request = http::Request::post(format!("{}/api/graphql", bench.running.url))
            .header("authorization", "Bearer token")
            .body(bytes::Bytes::from(body))
            .unwrap();
        let answer =
            bench.transport.ask(request, |_| streamgauge::transport::Pace::Proceed).await.unwrap();
        serde_json::from_slice::<Value>(answer.body()).unwrap()
    };
    let fragment = "{ node(id: \"x\") { ... on AddedToProjectV2Event { id } } }";
    let answer = ask(fragment).await;
    assert_eq!(answer.get("data"), None);
    assert_eq!(
        answer["errors"][0]["message"],
        "No such type AddedToProjectV2Event, so it can't be a fragment condition"
    );
    assert_eq!(answer["errors"][0]["extensions"]["code"], "undefinedType");
    let field = "{ repository(owner: \"northwind\", name: \"checkout\") { issue(number: 1) \
                 { blockedBy(first: 1) { totalCount } } } }";
    let answer = ask(field).await;
    let message = "Field 'blockedBy' doesn't exist on type 'Issue'";
    assert_eq!(answer["errors"][0]["message"], message);
    let kinds = "{ __type(name: \"IssueTimelineItemsItemType\") { enumValues { name } } }";
    let text = ask(kinds).await.to_string();
    assert!(text.contains("PARENT_ISSUE_ADDED_EVENT") && !text.contains("BLOCKED_BY_ADDED_EVENT"));
    assert_eq!(ask("{ rateLimit { remaining } }").await["data"]["rateLimit"], Value::Null);
}

/// REST and GraphQL have bases of their own on a server.
#[tokio::test]
async fn a_single_read_on_a_server_tells_a_deletion() {
    let bench = Bench::server("3.20.0").await;
    let [kept, gone] = bench.edit(|edits| {
        Ok([edits.create_issue(REPO, "Kept")?, edits.create_issue(REPO, "Deleted")?])
    });
    bench.advance(5);
    bench.hot().await;
    let sources = [bench.item(1).await.id.source, bench.item(2).await.id.source];
    bench.edit(|edits| edits.delete_issue(gone));
    let fate = async |at: usize| {
        let key = format!("northwind/checkout#{}", at + 1);
        bench.github.fate(&sources[at], &key).await.unwrap()
    };
    let (key, project) = ("northwind/checkout#1".to_owned(), "northwind/checkout".to_owned());
    assert_eq!(fate(0).await, Fate::Here { key, project }, "{kept}");
    assert_eq!(fate(1).await, Fate::Deleted);
}
