//! Every kind of answer against Atlassian's own schemas.

use serde_json::{Value, json};
use streamgauge::sim::jira::Edit;

use super::{BLOCKS, DONE, EPIC, IN_PROGRESS, Jira, PAY, STORY, TO_DO};

/// The published schemas, with the known departures of real answers from them.
fn schemas() -> Value {
    let text = include_str!("../schemas/jira/responses.json");
    let mut schemas: Value = serde_json::from_str(text).unwrap();
    let defs = &mut schemas["$defs"];
    // Bulk changelogs carry epoch milliseconds where the document promises a date-time.
    defs["Changelog"]["properties"]["created"] = json!({"type": ["string", "integer"]});
    // Either side of a changed value can be null, and items about people carry two more ids.
    let item = &mut defs["ChangeDetails"]["properties"];
    for side in ["from", "fromString", "to", "toString", "tmpFromAccountId", "tmpToAccountId"] {
        item[side] = json!({"type": ["string", "null"]});
    }
    // The bulk answer has a top-level `expand`, and fields a name before translation.
    defs["BulkIssueResults"]["properties"]["expand"] = json!({"type": "string"});
    defs["FieldDetails"]["properties"]["untranslatedName"] = json!({"type": "string"});
    defs["ServerInformation"]["properties"]["defaultLocale"] = json!({"type": "object"});
    // The document requires both ends of a link; an answer shows only the other end.
    defs["IssueLink"]["required"] = json!(["type"]);
    schemas
}

#[track_caller]
fn check(schema: &str, value: &Value) {
    let mut root = schemas();
    root["$ref"] = json!(format!("#/$defs/{schema}"));
    check_against(&root, schema, value);
}

#[track_caller]
fn check_all(schema: &str, value: &Value) {
    let mut root = schemas();
    root["type"] = json!("array");
    root["items"] = json!({"$ref": format!("#/$defs/{schema}")});
    root["minItems"] = json!(1);
    check_against(&root, schema, value);
}

#[track_caller]
fn check_against(root: &Value, name: &str, value: &Value) {
    let validator = jsonschema::validator_for(root).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{value:#}");
}

/// One issue with something in every field.
fn full() -> (Jira, u64) {
    let mut jira = Jira::with_stories(3);
    let ids: Vec<u64> = jira.site.dump().into_keys().collect();
    let (epic, story, other) = (ids[0], ids[1], ids[2]);
    let edits = [
        (epic, Edit::Type(EPIC)),
        (story, Edit::Status(IN_PROGRESS)),
        (story, Edit::Labels(vec!["a".into(), "b \"c\"".into()])),
        (story, Edit::Components(vec![1])),
        (story, Edit::FixVersions(vec![7])),
        (story, Edit::Parent(Some(epic))),
        (story, Edit::Flagged(true)),
        (story, Edit::Priority(Some(3))),
        (story, Edit::Team(Some("team-a".into()))),
        (story, Edit::Status(DONE)),
        (story, Edit::Resolution(Some(10_000))),
    ];
    for (id, edit) in edits {
        jira.tick(60);
        jira.site.edit(id, &edit).unwrap();
    }
    jira.site.link(story, BLOCKS, other).unwrap();
    jira.site.release_version(7).unwrap();
    (jira, story)
}

#[test]
fn lookup_answers_fit() {
    let (mut jira, _) = full();
    for (path, schema) in [
        ("myself", "User"),
        ("serverInfo", "ServerInformation"),
        ("issueLinkType", "IssueLinkTypes"),
        ("project/search?maxResults=1", "PageBeanProject"),
        ("project/search?maxResults=1&expand=insight", "PageBeanProject"),
        ("project/PAY", "Project"),
        ("project/PAY/version?maxResults=1", "PageBeanVersion"),
    ] {
        let (status, body) = jira.get(&format!("/rest/api/3/{path}"));
        assert_eq!(status, 200, "{path}");
        check(schema, &body);
    }
    for (path, schema) in [
        ("field", "FieldDetails"),
        ("status", "StatusDetails"),
        ("issuetype", "IssueTypeDetails"),
        ("project/PAY/versions", "Version"),
        ("project/PAY/components", "ProjectComponent"),
        ("project/PAY/statuses", "IssueTypeWithStatus"),
    ] {
        let (status, body) = jira.get(&format!("/rest/api/3/{path}"));
        assert_eq!(status, 200, "{path}");
        check_all(schema, &body);
    }
}

#[test]
fn a_page_of_boards_fits() {
    let (mut jira, _) = full();
    let (status, body) = jira.get("/rest/agile/1.0/board?maxResults=50");
    assert_eq!(status, 200);
    check("PageOfBoards", &body);
    assert_eq!(body["values"][0]["location"]["projectKey"], "PAY");
}

#[test]
fn issue_answers_fit() {
    let (mut jira, id) = full();
    let (_, page) = jira.search("project = PAY", json!({"fields": ["*all"], "maxResults": 2}));
    check("SearchAndReconcileResults", &page);
    assert!(page["nextPageToken"].is_string());
    let (_, count) =
        jira.post("/rest/api/3/search/approximate-count", &json!({"jql": "project = PAY"}));
    check("JQLCountResultsBean", &count);
    assert_eq!(count["count"], 3);
    let body =
        json!({"issueIdsOrKeys": [id.to_string()], "fields": ["*all"], "expand": ["changelog"]});
    let (_, bulk) = jira.post("/rest/api/3/issue/bulkfetch", &body);
    check("BulkIssueResults", &bulk);
    let (_, one) = jira.get(&format!("/rest/api/3/issue/{id}?expand=changelog"));
    check("IssueBean", &one);
    assert_eq!(one["changelog"]["total"], 11);
    let (_, page) = jira.get(&format!("/rest/api/3/issue/{id}/changelog?maxResults=2"));
    check("PageBeanChangelog", &page);
    assert!(page["values"][0]["created"].is_string());
    let body = json!({"issueIdsOrKeys": [id.to_string()], "maxResults": 2});
    let (_, bulk) = jira.post("/rest/api/3/changelog/bulkfetch", &body);
    check("BulkChangelogResponseBean", &bulk);
    assert!(bulk["issueChangeLogs"][0]["changeHistories"][0]["created"].is_i64());
    let (_, refusal) = jira.get("/rest/api/3/issue/NOPE-1");
    check("ErrorCollection", &refusal);
}

#[test]
fn field_values_fit() {
    let (mut jira, id) = full();
    let (_, one) = jira.get(&format!("/rest/api/3/issue/{id}"));
    let fields = &one["fields"];
    for (field, schema) in [
        ("status", "StatusDetails"),
        ("issuetype", "IssueTypeDetails"),
        ("project", "ProjectDetails"),
        ("priority", "Priority"),
        ("resolution", "Resolution"),
        ("assignee", "UserDetails"),
        ("reporter", "UserDetails"),
        ("creator", "UserDetails"),
        ("watches", "Watchers"),
        ("worklog", "PageOfWorklogs"),
        ("comment", "PageOfComments"),
    ] {
        check(schema, &fields[field]);
    }
    for (field, schema) in [
        ("components", "ProjectComponent"),
        ("fixVersions", "Version"),
        ("attachment", "Attachment"),
        ("issuelinks", "IssueLink"),
    ] {
        check_all(schema, &fields[field]);
    }
    assert_eq!(
        fields["issuelinks"][0]["outwardIssue"]["fields"]["status"]["id"],
        TO_DO.to_string()
    );
    assert_eq!(fields["parent"]["fields"]["issuetype"]["hierarchyLevel"], 1);
    assert_eq!(fields["parent"]["key"], "PAY-1");
    assert_eq!(fields["customfield_10014"], "PAY-1");
    assert_eq!(fields["customfield_10021"][0]["value"], "Impediment");
    assert_eq!(fields["customfield_10001"]["name"], "Tern");
    assert_eq!(fields["updated"], "2026-06-15T06:11:03.000+0000");
    assert!(fields["duedate"].is_string() && fields["customfield_10016"].is_number());
}

#[test]
fn well_known_fields_are_found_by_their_schema() {
    let mut jira = Jira::empty();
    let (_, fields) = jira.get("/rest/api/3/field");
    for custom in [
        "com.pyxis.greenhopper.jira:gh-epic-link",
        "com.pyxis.greenhopper.jira:gh-sprint",
        "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
    ] {
        let found = fields.as_array().unwrap().iter().filter(|f| f["schema"]["custom"] == custom);
        assert_eq!(found.count(), 1, "{custom}");
    }
    assert!(fields.as_array().unwrap().iter().any(|field| field["name"] == "Flagged"));
}

#[test]
fn webhook_payloads_have_the_recorded_shape() {
    let mut jira = Jira::empty();
    jira.site.set_webhook("http://gauge.invalid/webhooks/jira", "secret");
    let id = jira.story();
    let other = jira.story();
    jira.site.transition(id, IN_PROGRESS).unwrap();
    jira.site.link(id, BLOCKS, other).unwrap();
    jira.site.release_version(7).unwrap();
    jira.site.delete_issue(id).unwrap();
    let bodies: Vec<Value> = jira
        .site
        .take_deliveries()
        .iter()
        .map(|delivery| serde_json::from_slice(&delivery.body).unwrap())
        .collect();
    let event = |name: &str| bodies.iter().find(|body| body["webhookEvent"] == name).unwrap();
    let created = event("jira:issue_created");
    assert_eq!(created["issue_event_type_name"], "issue_created");
    assert!(created["user"]["displayName"].is_string());
    assert_eq!(created["issue"]["fields"]["project"]["id"], PAY.to_string());
    assert_eq!(created["issue"]["fields"]["issuetype"]["id"], STORY.to_string());
    let updated = event("jira:issue_updated");
    assert_eq!(updated["changelog"]["items"][0]["to"], IN_PROGRESS.to_string());
    assert!(updated["changelog"]["id"].is_string() && updated["timestamp"].is_i64());
    let linked = event("issuelink_created");
    assert_eq!(linked["issueLink"]["sourceIssueId"], id);
    assert_eq!(linked["issueLink"]["issueLinkType"]["outwardName"], "blocks");
    assert_eq!(event("jira:version_released")["version"]["projectId"], PAY);
    let deleted = event("jira:issue_deleted");
    assert_eq!(deleted["issue"]["id"], id.to_string());
    assert!(deleted.get("changelog").is_none() && deleted.get("issue_event_type_name").is_none());
}
