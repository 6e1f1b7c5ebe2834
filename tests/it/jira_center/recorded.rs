//! A real Data Center's answers, recorded (people replaced): what the client reads of them, and
//! whether the simulated server sends the same members.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};
use streamgauge::model::{Relation, What};
use streamgauge::trackers::Hints;
use streamgauge::trackers::jira::webhook::hints;
use tower::util::BoxCloneSyncService;

use super::*;

const ISSUES: &str = include_str!("../payloads/jira/center_issues.jsonl");
const DELIVERY: &str = include_str!("../payloads/jira/center_webhook.json");

fn issues() -> Vec<Value> {
    ISSUES.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A server that gives the recorded issues, whatever is searched for.
fn recorded() -> Center {
    let service = tower::service_fn(|request: streamgauge::transport::Request| async move {
        let body = match request.uri().path() {
            "/rest/api/2/field" => json!([]),
            "/rest/api/2/issueLinkType" => json!({"issueLinkTypes": [
                {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
                {"id": "10002", "name": "Duplicate", "inward": "is duplicated by",
                 "outward": "duplicates"},
            ]}),
            "/rest/api/2/search" => json!({"startAt": 0, "total": 3, "issues": issues()}),
            path => panic!("{path} is not asked"),
        };
        Ok(http::Response::new(Bytes::from(body.to_string())))
    });
    let clock = ManualClock::at(Timestamp::parse(NOW).unwrap());
    let wire = BoxCloneSyncService::new(service);
    let transport = Transport::over(wire, Limits::default(), clock, Entropy::from_seed(1));
    let config = Config {
        connection: ConnectionId("center".into()),
        site: "https://jira.example.com".into(),
        scopes: vec!["DZFNK0168".into()],
        token: "t".to_owned().into(),
        webhook_secrets: vec![],
        titles: false,
        blocking: vec!["Blocks".into()],
    };
    connect(config, transport).unwrap()
}

#[tokio::test]
async fn recorded_issues_are_read_with_their_histories() {
    let sources: Vec<String> = ["10802", "10806", "10821"].map(str::to_owned).into();
    let out = recorded().read(&sources).await.unwrap();
    assert!(out.gaps.is_empty() && out.absent.is_empty(), "{:?}", out.gaps);
    let [first, second, third] = out.items.as_slice() else { panic!("{out:?}") };
    assert_eq!(first.attributes.key, "DZFNK0168-1");
    assert_eq!(first.attributes.item_type.as_ref().unwrap().name, "Bug");
    assert_eq!(first.attributes.status.name, "To Do");
    assert_eq!(first.attributes.links[0].relation, Relation::BlockedBy);
    let [change] = first.history.as_slice() else { panic!("{:?}", first.history) };
    assert_eq!(change.id, "10225.0");
    assert_eq!(change.at.to_string(), "2023-07-27T06:13:47.545Z", "later than `updated` by 545 ms");
    assert!(
        matches!(&change.what, What::Link { relation: Relation::BlockedBy, added: true, other }
            if other.source.as_deref() == Some("10806")),
        "{:?}",
        change.what
    );
    assert_eq!((second.history.len(), third.history.len()), (2, 4));
    assert!(out.items.iter().all(|item| item.history_complete && item.attributes.title.is_none()));
    let told = format!("{out:?}").to_lowercase();
    assert!(!told.contains("person") && !told.contains("redacted"), "{told}");
}

#[test]
fn a_recorded_delivery_names_its_issue() {
    let expected = Hints { sources: vec!["10300".into()], scan: false, sweep: false };
    assert_eq!(hints(DELIVERY.as_bytes()), Ok(expected));
}

/// The names of the members at a place.
fn members(value: &Value, place: &str) -> BTreeSet<String> {
    let found = value.pointer(place).and_then(Value::as_object);
    found.unwrap_or_else(|| panic!("{place} in {value}")).keys().cloned().collect()
}

#[tokio::test]
async fn the_simulated_server_sends_the_members_that_were_recorded() {
    let rig = Rig::start(Server::default()).await;
    let all = rig.create(PAY, 2);
    rig.edit(all[0], &Edit::Priority(Some(3)));
    rig.site().link(all[0], BLOCKS, all[1]).unwrap();
    let url = format!("{}/rest/api/2/issue/{}?expand=changelog", rig.running.url, all[1]);
    let request = http::Request::get(url).header("authorization", format!("Bearer {TOKEN}"));
    let answer = rig
        .transport
        .ask(request.body(Bytes::new()).unwrap(), streamgauge::transport::usual_pace)
        .await
        .unwrap();
    let own: Value = serde_json::from_slice(answer.body()).unwrap();
    let real = &issues()[0];
    for place in [
        "",
        "/changelog",
        "/changelog/histories/0",
        "/changelog/histories/0/items/0",
        "/changelog/histories/0/author",
        "/fields/status",
        "/fields/status/statusCategory",
        "/fields/issuetype",
        "/fields/issuelinks/0",
        "/fields/issuelinks/0/type",
        "/fields/issuelinks/0/inwardIssue",
    ] {
        assert_eq!(members(&own, place), members(real, place), "{place}");
    }
    let project: BTreeSet<String> = members(&own, "/fields/project");
    assert!(members(real, "/fields/project").is_subset(&project), "{project:?}");
    for text in ["/rest/api/3/", "accountId", "hierarchyLevel", "fieldId"] {
        assert!(!own.to_string().contains(text), "{text} is Cloud's");
    }
    assert!(
        own["fields"]["updated"].as_str().unwrap().contains(".000+"),
        "stamps of whole seconds"
    );
}
