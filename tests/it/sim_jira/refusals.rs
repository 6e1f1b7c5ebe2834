//! What the real site refuses, and the traps it sets.

use serde_json::{Value, json};
use streamgauge::sim::jira::access::{SCOPED_TOKEN, TOKEN};

use super::{Jira, basic, read, sentence};

#[test]
fn unbounded_queries_are_refused_in_jiras_words() {
    let mut jira = Jira::with_stories(1);
    let expected = "Unbounded JQL queries are not allowed here. Please add a search restriction \
                    to your query.";
    for jql in ["", "ORDER BY updated ASC"] {
        let (status, body) = jira.search(jql, json!({}));
        assert_eq!((status, sentence(&body)), (400, expected));
    }
}

#[test]
fn one_unknown_project_fails_the_whole_query() {
    let mut jira = Jira::with_stories(1);
    let (status, body) = jira.search("project in (PAY, NOPE)", json!({}));
    let expected = "The value 'NOPE' does not exist for the field 'project'.";
    assert_eq!((status, sentence(&body)), (400, expected));
    jira.site.set_visible(super::PAY, false);
    let (status, _) = jira.search("project = PAY", json!({}));
    assert_eq!(status, 400, "a project that cannot be seen is as unknown");
}

#[test]
fn what_the_parser_does_not_know_is_refused() {
    let mut jira = Jira::with_stories(1);
    for jql in [
        "status = Done",
        "project = PAY OR id = 1",
        "updated >= soon",
        "project = PAY ORDER BY rank",
    ] {
        let (status, body) = jira.search(jql, json!({}));
        assert_eq!(status, 400, "{jql}");
        assert!(!sentence(&body).is_empty());
    }
}

#[test]
fn the_old_search_is_gone() {
    let mut jira = Jira::with_stories(1);
    for path in ["/rest/api/3/search?jql=project=PAY", "/rest/api/2/search"] {
        let (status, body) = jira.get(path);
        assert_eq!(status, 410);
        assert!(sentence(&body).contains("/rest/api/3/search/jql"), "{body}");
    }
}

#[test]
fn bulk_requests_have_their_limits() {
    let mut jira = Jira::with_stories(1);
    let ids = |n: usize| json!({"issueIdsOrKeys": vec!["PAY-1"; n]});
    for (path, n, expected) in [
        ("issue/bulkfetch", 100, 200),
        ("issue/bulkfetch", 101, 400),
        ("changelog/bulkfetch", 0, 400),
        ("changelog/bulkfetch", 1000, 200),
        ("changelog/bulkfetch", 1001, 400),
    ] {
        let (status, _) = jira.post(&format!("/rest/api/3/{path}"), &ids(n));
        assert_eq!(status, expected, "{path} with {n}");
    }
    let (status, _) = jira.post("/rest/api/3/issue/bulkfetch", &json!({"issues": ["PAY-1"]}));
    assert_eq!(status, 400, "a body without ids");
}

#[test]
fn what_does_not_exist_is_silently_absent_in_bulk_and_404_alone() {
    let mut jira = Jira::with_stories(1);
    let body = json!({"issueIdsOrKeys": ["PAY-1", "PAY-99", "123456"], "fields": ["status"]});
    let (status, bulk) = jira.post("/rest/api/3/issue/bulkfetch", &body);
    assert_eq!((status, bulk["issues"].as_array().unwrap().len()), (200, 1));
    assert_eq!(bulk["issueErrors"], json!([]));
    assert_eq!(jira.get("/rest/api/3/issue/PAY-99").0, 404);
    assert_eq!(jira.get("/rest/api/3/issue/PAY-99/changelog").0, 404);
}

#[test]
fn a_lost_credential_looks_like_an_empty_site() {
    let mut jira = Jira::with_stories(2);
    jira.site.access.set_expired(true);
    let (status, page) = jira.search("project = PAY", json!({}));
    assert_eq!((status, page), (200, json!({"issues": [], "isLast": true})));
    let (status, projects) = jira.get("/rest/api/3/project/search");
    assert_eq!((status, &projects["total"]), (200, &json!(0)));
    assert_eq!(jira.get("/rest/api/3/myself").0, 401);
    let body = json!({"issueIdsOrKeys": ["PAY-1"]});
    assert_eq!(jira.post("/rest/api/3/changelog/bulkfetch", &body).0, 401);
    assert_eq!(jira.get("/rest/api/3/issue/PAY-1").0, 404);
    jira.site.access.set_expired(false);
    assert_eq!(jira.get("/rest/api/3/myself").0, 200);
}

#[test]
fn scoped_tokens_work_only_behind_the_gateway() {
    let mut jira = Jira::with_stories(1);
    let (_, tenant) = read(&jira.send(http::Request::get("/_edge/tenant_info"), &Value::Null));
    let cloud = tenant["cloudId"].as_str().unwrap().to_owned();
    let gateway = format!("/ex/jira/{cloud}/rest/api/3/issue/PAY-1");
    for (path, token, expected) in [
        ("/rest/api/3/issue/PAY-1", SCOPED_TOKEN, 401),
        ("/rest/api/3/issue/PAY-1", TOKEN, 200),
        (gateway.as_str(), SCOPED_TOKEN, 200),
        (gateway.as_str(), TOKEN, 401),
        ("/ex/jira/another/rest/api/3/issue/PAY-1", SCOPED_TOKEN, 404),
    ] {
        let request = http::Request::get(path).header("authorization", basic(token));
        let reply = jira.send(request, &Value::Null);
        assert_eq!(reply.status, expected, "{path} with {token}");
    }
}

#[test]
fn nothing_can_be_written() {
    let mut jira = Jira::with_stories(1);
    for method in ["PUT", "POST", "DELETE"] {
        let request = Jira::as_user("/rest/api/3/issue/PAY-1").method(method);
        assert_eq!(jira.send(request, &json!({})).status, 404, "{method}");
    }
    assert_eq!(jira.site.log.of("other"), 3);
}
