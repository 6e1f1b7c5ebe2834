use serde_json::{Value, json};
use streamgauge::model::Timestamp;
use streamgauge::trackers::{Discovered, ReadOut, ScanId, Tracker, TrackerError};

use super::server::{Question, Reply, START, World, world};

const PAGE: &str = include_str!("../payloads/github/issues_page.json");

fn page() -> Value {
    serde_json::from_str(PAGE).unwrap()
}

fn row() -> Value {
    page()["data"]["repository"]["issues"]["nodes"][0].clone()
}

fn empty() -> Reply {
    Reply::data(json!({ "repository": {
        "nameWithOwner": "octo-org/hello-world",
        "issues": { "totalCount": 0, "pageInfo": { "hasNextPage": false, "endCursor": null }, "nodes": [] },
    } }))
}

fn limits(reset: &str) -> [(&'static str, String); 2] {
    let reset = Timestamp::parse(reset).unwrap().millis() / 1000;
    [("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", reset.to_string())]
}

async fn discover(world: &World, after: Option<&str>) -> Result<Discovered, TrackerError> {
    let scan = ScanId("octo-org/hello-world".into());
    let since = Timestamp::parse("2026-11-20T11:00:00.750Z").unwrap();
    let clock = Timestamp::parse(START).unwrap();
    world.github.discover(&scan, Some(since), clock, after).await
}

async fn read(world: &World, ids: &[&str]) -> Result<ReadOut, TrackerError> {
    let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
    world.github.read(&ids).await
}

#[tokio::test]
async fn a_page_brings_whole_items_in_one_question() {
    let world = world([Reply::json(200, &page())]).await;
    let found = discover(&world, None).await.unwrap();
    let sources: Vec<_> = found.items.iter().map(|item| item.id.source.as_str()).collect();
    assert_eq!(sources, ["I_kwDOAAAA", "I_kwDOBARE"]);
    assert_eq!(found.stamps.len(), 2);
    assert_eq!((found.next, found.expected, found.gaps.len()), (None, Some(2), 0));
    assert_eq!(found.items[0].history.len(), 9);
    assert_eq!(found.items[0].attributes.title, None, "titles are switched off");
    let [question] = <[Question; 1]>::try_from(world.questions()).unwrap();
    assert_eq!(question.path, "/graphql");
    assert_eq!(question.headers["authorization"], "Bearer github_pat_x");
    assert_eq!(question.headers["accept"], "application/vnd.github+json");
    assert!(question.headers["user-agent"].to_str().unwrap().starts_with("streamgauge/"));
    assert_eq!(question.variable("since"), "2026-11-20T11:00:00Z");
    assert_eq!((question.variable("n"), question.variable("titles")), (&json!(50), &json!(false)));
}

#[tokio::test]
async fn nothing_new_costs_one_question() {
    let world = world([empty()]).await;
    let found = discover(&world, None).await.unwrap();
    assert_eq!((found.items.len(), found.next), (0, None));
    assert_eq!(world.questions().len(), 1);
}

#[tokio::test]
async fn the_probe_tells_the_trackers_clock_and_what_the_token_may_do() {
    let budget = json!({ "rateLimit": { "remaining": 1, "resetAt": "2026-11-20T13:00:00Z" } });
    let reply = Reply::data(budget)
        .header("x-oauth-scopes", "read:org, repo, admin:org")
        .header("github-authentication-token-expiration", "2026-12-01 08:00:00 UTC");
    let world = world([reply]).await;
    let probe = world.github.probe().await.unwrap();
    assert_eq!(probe.clock.to_string(), "2026-11-20T11:59:59Z");
    assert_eq!(probe.notes.len(), 2);
    assert!(probe.notes[0].contains("repo, admin:org") && !probe.notes[0].contains("read:org"));
    assert!(probe.notes[1].contains("2026-12-01"));
}

#[tokio::test]
async fn a_fine_grained_token_with_time_left_needs_no_note() {
    let reply = Reply::data(json!({ "rateLimit": null }))
        .header("x-oauth-scopes", "")
        .header("github-authentication-token-expiration", "2027-06-01 08:00:00 UTC");
    let world = world([reply]).await;
    assert_eq!(world.github.probe().await.unwrap().notes, Vec::<String>::new());
}

#[tokio::test]
async fn a_primary_limit_that_ends_soon_is_waited_for() {
    let mut refusal = Reply::json(403, &json!({ "message": "API rate limit exceeded" }));
    for (name, value) in limits("2026-11-20T12:00:30Z") {
        refusal = refusal.header(name, &value);
    }
    let world = world([refusal, empty()]).await;
    discover(&world, None).await.unwrap();
    assert_eq!((world.waited(), world.left()), (31, 0));
}

#[tokio::test]
async fn a_primary_limit_that_ends_late_is_handed_up() {
    let mut refusal = Reply::json(429, &json!({}));
    for (name, value) in limits("2026-11-20T12:40:00Z") {
        refusal = refusal.header(name, &value);
    }
    let world = world([refusal, empty()]).await;
    let Err(TrackerError::Wait { until, message }) = discover(&world, None).await else {
        panic!("must wait");
    };
    assert_eq!(until.to_string(), "2026-11-20T12:40:01Z");
    assert!(message.starts_with("gh: GitHub's rate limit"), "{message}");
    // The pause holds for everything that follows, without a further request.
    assert!(matches!(world.github.probe().await, Err(TrackerError::Wait { .. })));
    assert_eq!((world.questions().len(), world.left()), (1, 1));
}

#[tokio::test]
async fn a_secondary_limit_waits_as_told_or_a_minute_and_longer_each_time() {
    let told = Reply::json(403, &json!({ "message": "x" })).header("retry-after", "17");
    let message = json!({ "message": "You have exceeded a secondary rate limit. Please wait." });
    let unnamed = Reply::json(403, &message);
    let world = world([told, empty(), unnamed.clone(), empty(), unnamed.clone(), unnamed]).await;
    discover(&world, None).await.unwrap();
    assert_eq!(world.waited(), 17);
    discover(&world, None).await.unwrap();
    assert_eq!(world.waited(), 17 + 60);
    let Err(TrackerError::Wait { until, .. }) = discover(&world, None).await else {
        panic!("must wait");
    };
    // 17 + 60 + 60 seconds have passed, and now two minutes are asked for.
    assert_eq!(until.to_string(), "2026-11-20T12:04:17Z");
}

#[tokio::test]
async fn a_rate_limit_inside_a_200_is_a_rate_limit() {
    let body =
        json!({ "errors": [{ "type": "RATE_LIMITED", "message": "API rate limit exceeded" }] });
    let mut soon = Reply::json(200, &body);
    for (name, value) in limits("2026-11-20T12:01:00Z") {
        soon = soon.header(name, &value);
    }
    let told = json!({ "data": { "rateLimit": { "remaining": 0, "resetAt": "2026-11-20T12:30:00Z" } },
        "errors": [{ "type": "RATE_LIMITED" }] });
    let world = world([soon, empty(), Reply::json(200, &told)]).await;
    discover(&world, None).await.unwrap();
    assert_eq!(world.waited(), 61);
    let Err(TrackerError::Wait { until, .. }) = discover(&world, None).await else {
        panic!("must wait");
    };
    // Half an hour by the server's clock, from our present instant.
    assert_eq!(until.to_string(), "2026-11-20T12:31:02Z");
}

#[tokio::test]
async fn pages_shrink_when_github_is_out_of_breath_and_grow_again() {
    let heavy = json!({ "errors": [{ "type": "RESOURCE_LIMITS_EXCEEDED", "message": "x" }] });
    let late = json!({ "data": { "repository": null }, "errors": [{
        "path": ["repository", "issues"], "message": "Something went wrong" }] });
    let replies = [
        Reply::text(502, "<html>Bad gateway</html>"),
        Reply::json(200, &heavy),
        Reply::json(200, &late),
        empty(),
        empty(),
    ];
    let world = world(replies).await;
    discover(&world, None).await.unwrap();
    discover(&world, None).await.unwrap();
    let sizes: Vec<_> = world.questions().iter().map(|q| q.variable("n").clone()).collect();
    assert_eq!(sizes, [50, 25, 12, 6, 11]);
}

#[tokio::test]
async fn a_server_that_never_answers_in_time_is_unavailable() {
    let world = world(vec![Reply::text(504, ""); 20]).await;
    let error = discover(&world, None).await.unwrap_err();
    assert!(matches!(error, TrackerError::Unavailable(_)), "{error}");
    let sizes: Vec<_> = world.questions().iter().map(|q| q.variable("n").clone()).collect();
    assert_eq!(sizes, [50, 25, 12, 6, 5, 5, 5]);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_a_bad_token() {
    let mut data = page()["data"].clone();
    data["repository"]["issues"]["pageInfo"] = json!({ "hasNextPage": true, "endCursor": "c1" });
    let looped = Reply::data(data.clone());
    data["repository"]["issues"]["pageInfo"]["endCursor"] = Value::Null;
    let refused = json!({ "data": null, "errors": [{ "type": "INVALID_CURSOR_ARGUMENTS" }] });
    let world =
        world([looped.clone(), looped, Reply::data(data), Reply::json(200, &refused)]).await;
    assert_eq!(discover(&world, None).await.unwrap().next.as_deref(), Some("c1"));
    for _ in 0..3 {
        let error = discover(&world, Some("c1")).await.unwrap_err();
        assert!(matches!(error, TrackerError::BadToken(_)), "{error}");
    }
}

#[tokio::test]
async fn a_repository_that_is_not_shown_is_refused_with_both_reasons() {
    let fault = |kind: &str| {
        json!({ "data": { "repository": null }, "errors": [{
        "type": kind, "path": ["repository"], "message": "Could not resolve" }] })
    };
    let world =
        world(["NOT_FOUND", "FORBIDDEN", "ODD"].map(|kind| Reply::json(200, &fault(kind)))).await;
    let error = discover(&world, None).await.unwrap_err();
    assert!(matches!(error, TrackerError::Refused(_)));
    let text = error.to_string();
    assert!(text.contains("octo-org/hello-world") && text.contains("spelling"), "{text}");
    assert!(text.contains("access"), "{text}");
    let error = discover(&world, None).await.unwrap_err();
    assert!(matches!(error, TrackerError::Refused(_)), "the other repositories go on: {error}");
    assert!(error.to_string().contains("single sign-on"), "{error}");
    let error = discover(&world, None).await.unwrap_err();
    assert!(matches!(error, TrackerError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_renamed_repository_is_noticed() {
    let mut data = page()["data"].clone();
    data["repository"]["nameWithOwner"] = json!("octo-org/hello-universe");
    let world = world([Reply::data(data)]).await;
    let found = discover(&world, None).await.unwrap();
    assert_eq!(found.items.len(), 2);
    assert_eq!(found.gaps[0].reason, "renamed-repository");
    assert!(found.gaps[0].detail.contains("octo-org/hello-universe"));
}

#[tokio::test]
async fn partial_data_is_taken_and_its_holes_are_named() {
    let mut body = page();
    let nodes = ["repository", "issues", "nodes"];
    let path = |rest: Value| {
        let mut path: Vec<Value> = nodes.iter().map(|name| json!(name)).collect();
        path.extend(rest.as_array().unwrap().clone());
        path
    };
    let rows = &mut body["data"]["repository"]["issues"]["nodes"];
    rows[0]["timelineItems"]["nodes"] = json!([]);
    rows[1]["projectItems"] = Value::Null;
    rows.as_array_mut().unwrap().push(json!({ "id": "I_bad", "number": "seven" }));
    rows.as_array_mut().unwrap().push(Value::Null);
    body["errors"] = json!([
        { "type": "SERVICE_UNAVAILABLE", "path": path(json!([0, "timelineItems", "nodes", 3])) },
        { "type": "FORBIDDEN", "path": path(json!([1, "projectItems"])) },
        { "type": "FORBIDDEN", "path": path(json!([0, "projectItems"])) },
    ]);
    let world = world([Reply::json(200, &body)]).await;
    let found = discover(&world, None).await.unwrap();
    let reasons: Vec<_> = found.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(reasons, ["boards-forbidden", "partial-answer", "malformed-item", "hidden-item"]);
    let complete: Vec<_> = found.items.iter().map(|item| item.history_complete).collect();
    assert_eq!(complete, [false, true]);
    let bad = found.stamps.last().unwrap();
    assert_eq!((bad.source.as_str(), bad.updated_at), ("I_bad", None));
}

fn history_page(id: &str, cursor: Option<&str>) -> Reply {
    Reply::data(json!({ "node": { "__typename": "Issue", "timelineItems": {
        "pageInfo": { "hasNextPage": cursor.is_some(), "endCursor": cursor },
        "nodes": [{ "__typename": "LabeledEvent", "id": id,
            "createdAt": "2026-11-04T00:00:00Z", "label": { "name": id } }],
    } } }))
}

fn first_page_of_history() -> Reply {
    let mut row = row();
    row["timelineItems"]["pageInfo"] = json!({ "hasNextPage": true, "endCursor": "c1" });
    let mut data = page()["data"].clone();
    data["repository"]["issues"]["nodes"] = json!([row]);
    Reply::data(data)
}

#[tokio::test]
async fn a_long_history_is_read_to_its_end() {
    let replies = [
        first_page_of_history(),
        history_page("L2", Some("c2")),
        // The timeline grew meanwhile: one entry comes twice.
        history_page("L2", Some("c3")),
        history_page("L3", None),
    ];
    let world = world(replies).await;
    let found = discover(&world, None).await.unwrap();
    let item = &found.items[0];
    assert!(item.history_complete && found.gaps.is_empty());
    let times = |id: &str| item.history.iter().filter(|change| change.id == id).count();
    assert_eq!((times("L2"), times("L3")), (1, 1));
    let asked: Vec<_> = world.questions().iter().map(|q| q.variable("events").clone()).collect();
    assert_eq!(asked, [Value::Null, json!("c1"), json!("c2"), json!("c3")]);
}

#[tokio::test]
async fn a_history_that_never_ends_or_vanishes_is_a_gap_of_that_issue() {
    let gone =
        json!({ "data": { "node": null }, "errors": [{ "type": "NOT_FOUND", "path": ["node"] }] });
    for second in [history_page("L2", Some("c1")), Reply::json(200, &gone)] {
        let world = world([first_page_of_history(), second]).await;
        let found = discover(&world, None).await.unwrap();
        assert!(!found.items[0].history_complete);
        assert_eq!(found.gaps[0].reason, "history-truncated");
    }
}

#[tokio::test]
async fn reading_by_id_tells_absent_from_unreadable() {
    let mut issue = row();
    issue["__typename"] = json!("Issue");
    let body = json!({
        "data": { "nodes": [issue, null, null, { "__typename": "PullRequest" }] },
        "errors": [
            { "type": "NOT_FOUND", "path": ["nodes", 1] },
            { "type": "FORBIDDEN", "path": ["nodes", 2] },
        ],
    });
    let world = world([Reply::json(200, &body)]).await;
    let out = read(&world, &["I_kwDOAAAA", "I_gone", "I_hidden", "PR_1"]).await.unwrap();
    assert_eq!(out.items[0].id.source, "I_kwDOAAAA");
    assert_eq!(out.absent, ["I_gone"]);
    let gaps: Vec<_> =
        out.gaps.iter().map(|gap| (gap.source.as_deref().unwrap(), gap.reason.as_str())).collect();
    assert_eq!(gaps, [("I_hidden", "unreadable-item"), ("PR_1", "not-an-issue")]);
    assert_eq!(out.read_at.unwrap().to_string(), "2026-11-20T11:59:59Z");
}

#[tokio::test]
async fn an_issue_that_moved_out_of_scope_is_absent() {
    let mut issue = row();
    issue["__typename"] = json!("Issue");
    issue["repository"]["nameWithOwner"] = json!("elsewhere/other");
    let nodes = Reply::data(json!({ "nodes": [issue] }));
    let name = |name: &str| Reply::data(json!({ "repository": { "nameWithOwner": name } }));
    let replies = [nodes.clone(), name("octo-org/api"), name("octo-org/hello-world"), nodes];
    let world_of_others = world(replies).await;
    for _ in 0..2 {
        let out = read(&world_of_others, &["I_kwDOAAAA"]).await.unwrap();
        assert_eq!((out.items.len(), out.absent.len()), (0, 1));
    }
    assert_eq!(world_of_others.left(), 0, "present names are asked for once");
}

#[tokio::test]
async fn fewer_rows_than_ids_are_asked_for_when_github_is_slow() {
    let nodes = |n: usize| {
        let mut issue = row();
        issue["__typename"] = json!("Issue");
        Reply::data(json!({ "nodes": vec![issue; n] }))
    };
    let ids: Vec<String> = (0..50).map(|n| format!("I_{n}")).collect();
    let world = world([Reply::text(502, ""), nodes(25), nodes(25)]).await;
    let out = world.github.read(&ids).await.unwrap();
    assert_eq!(out.items.len(), 50);
    let asked: Vec<_> =
        world.questions().iter().map(|q| q.variable("ids").as_array().unwrap().len()).collect();
    assert_eq!(asked, [50, 25, 25]);
}

#[tokio::test]
async fn published_releases_are_read_to_the_end() {
    let row = |id: &str, draft: bool, early: bool| {
        json!({ "id": id, "tagName": format!("v{id}"),
        "isDraft": draft, "isPrerelease": early, "publishedAt": "2026-11-01T00:00:00Z" })
    };
    let page = |next: Option<&str>, rows: Vec<Value>| {
        Reply::data(json!({ "repository": {
        "nameWithOwner": "octo-org/api", "releases": { "nodes": rows,
        "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next } } } }))
    };
    let replies = [
        page(Some("c1"), vec![row("2", false, false), row("d", true, false)]),
        page(None, vec![row("1", false, false), row("e", false, true)]),
        page(None, vec![]),
    ];
    let world = world(replies).await;
    let catalogue = world.github.catalogue(true).await.unwrap();
    let names: Vec<_> = catalogue.releases.iter().map(|r| (&*r.name, &*r.project)).collect();
    assert_eq!(names, [("v1", "octo-org/api"), ("v2", "octo-org/api")]);
    assert_eq!(catalogue.statuses.len(), 2);
    assert!(world.github.catalogue(false).await.unwrap().releases.is_empty());
    assert_eq!(world.left(), 0);
}

#[tokio::test]
async fn every_refusal_is_one_sentence_with_place_and_next_step() {
    // There is budget left, so this is not a limit to wait for.
    let forbidden = Reply::json(403, &json!({ "message": "Forbidden" }))
        .header("x-ratelimit-remaining", "4999")
        .header("x-ratelimit-reset", "1795180000");
    let cases = [
        (Reply::json(401, &json!({ "message": "Bad credentials" })), "Unauthorized", "token"),
        (forbidden, "Unauthorized", "read access"),
        (Reply::text(403, "").header("x-github-sso", "required"), "Refused", "authorise"),
        (Reply::json(404, &json!({ "message": "Not Found" })), "Refused", "check `url`"),
        (Reply::text(410, ""), "Refused", "newer"),
        (Reply::text(301, "").header("location", "http://x"), "Refused", "new address"),
        (Reply::text(200, "<html>Sign in</html>"), "Malformed", "check `url`"),
        (Reply::text(200, "{\"data\": {\"rateLim"), "Malformed", "check `url`"),
        (Reply::text(200, "[]"), "Malformed", "check `url`"),
        (
            Reply::json(
                200,
                &json!({ "errors": [{ "extensions": { "code": "undefinedField" } }] }),
            ),
            "Refused",
            "undefinedField",
        ),
    ];
    for (reply, kind, step) in cases {
        let world = world([reply]).await;
        let error = world.github.probe().await.unwrap_err();
        let text = error.to_string();
        assert!(format!("{error:?}").starts_with(kind), "{error:?}");
        assert!(text.starts_with("gh: ") && text.contains(step), "{text}");
        assert!(!text.contains('\n') && !text.contains("github_pat_x"), "{text}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_and_then_unavailable() {
    let world = World::without_server().await;
    let error = world.github.probe().await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, TrackerError::Unavailable(_)), "{text}");
    assert!(text.starts_with("gh: cannot connect to 127.0.0.1"), "{text}");
    assert!(world.waited() >= 2 + 4, "{} s between the tries", world.waited());
}

#[tokio::test]
async fn an_answer_too_large_to_hold_is_asked_for_in_smaller_pages() {
    let large = Reply::text(200, &" ".repeat(300_000));
    let world = world([large, empty()]).await;
    discover(&world, None).await.unwrap();
    let sizes: Vec<_> = world.questions().iter().map(|q| q.variable("n").clone()).collect();
    assert_eq!(sizes, [50, 25]);
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused_before_anything_is_asked() {
    let cases = [
        ("api.github.com/x y", "octo-org/api", "token", "`api.github.com/x y`"),
        ("/graphql", "octo-org/api", "token", "https://api.github.com"),
        ("https://api.github.com", "octo-org", "token", "`owner/name`"),
        ("https://api.github.com", "octo-org/a/b", "token", "`owner/name`"),
    ];
    for (api, repository, token, step) in cases {
        let error = World::with(api, repository, token).err().unwrap();
        assert!(matches!(error, TrackerError::Refused(_)), "{error}");
        assert!(error.to_string().contains(step), "{error}");
    }
    let github = World::with("http://127.0.0.1:9", "octo-org/api", "two\nlines").unwrap();
    let error = github.probe().await.unwrap_err();
    assert!(matches!(error, TrackerError::Unauthorized(_)), "{error}");
    assert!(!error.to_string().contains("two"), "{error}");
}
