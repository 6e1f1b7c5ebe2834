//! Conversion of recorded answers (apache/incubator-devlake and mikebowler/jirametrics, both
//! Apache-2.0; people replaced), and what is left of them once they are damaged.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};
use streamgauge::model::{ConnectionId, Gap, Item, Level, Named, Relation, What};
use streamgauge::trackers::jira::convert::convert;
use streamgauge::trackers::jira::schema::Schema;
use streamgauge::trackers::jira::wire;

use super::fake::lookups;

const ISSUES: &str = include_str!("../payloads/jira/issues.json");
const CHANGELOGS: &str = include_str!("../payloads/jira/changelogs.json");

fn schema() -> Schema {
    let answer = |path: &str| lookups(path).unwrap().body;
    let (fields, types) = (answer("/rest/api/3/field"), answer("/rest/api/3/issueLinkType"));
    Schema::read(&fields, Some(&types), &["Blocks".to_owned()], false).unwrap()
}

/// Converts a page of issues with a page of histories.
fn convert_pages(issues: &str, changelogs: &str) -> serde_json::Result<(Vec<Item>, Vec<Gap>)> {
    let schema = schema();
    let connection = ConnectionId("jira".to_owned());
    let issues = wire::issues(issues)?;
    let logs = wire::changelogs(changelogs)?.issue_change_logs.into_iter().map(wire::log);
    let mut histories: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for log in logs {
        let id = log.issue_id.map(|id| id.to_string()).unwrap_or_default();
        histories.entry(id).or_default().extend(log.change_histories);
    }
    let (mut items, mut gaps) = (Vec::new(), Vec::new());
    for issue in issues.issues {
        let id = issue.id.as_ref().map(|id| id.to_string()).unwrap_or_default();
        let history = histories.remove(&id).unwrap_or_default();
        let (item, lost) = convert(&connection, &schema, issue, history);
        items.extend(item);
        gaps.extend(lost);
    }
    Ok((items, gaps))
}

/// One issue of status 2 with the given fields and histories: `(id, created, items)`.
fn one(fields: Value, histories: &[(u64, &str, Value)]) -> (Option<Item>, Vec<Gap>) {
    let mut issue = super::fake::issue(7, "2");
    if let (Some(known), Value::Object(more)) = (issue["fields"].as_object_mut(), fields) {
        known.extend(more);
    }
    let histories: Vec<Value> = histories
        .iter()
        .map(|(id, created, items)| json!({"id": id, "created": created, "items": items}))
        .collect();
    let log = json!({"issueChangeLogs": [{"issueId": "7", "changeHistories": histories}]});
    let page = json!({"issues": [issue]}).to_string();
    let (mut items, gaps) = convert_pages(&page, &log.to_string()).unwrap();
    (items.pop(), gaps)
}

/// The history, one change a line.
fn history(item: &Item) -> String {
    let line = |change: &streamgauge::model::Change| {
        let what = match &change.what {
            What::Status { from, to } => {
                format!("status {} {} -> {} {}", from.id, from.name, to.id, to.name)
            }
            other => format!("{other:?}"),
        };
        format!("{} {} {:?} {what}", change.id, change.at, change.precision)
    };
    item.history.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn recorded_issues_become_items() {
    let (items, gaps) = convert_pages(ISSUES, CHANGELOGS).unwrap();
    assert_eq!(gaps, []);
    assert_eq!(items.len(), 5);
    assert!(items.iter().all(|item| item.history_complete));
    let shown = |key: &str| items.iter().find(|item| item.attributes.key == key).unwrap();
    let ee = shown("EE-5");
    let present = &ee.attributes;
    assert_eq!(present.status, Named::new("10068", "已完成"));
    assert_eq!(present.item_type, Some(Named::new("10031", "任务")));
    assert_eq!(present.resolution, Some(Named::new("10000", "完成")));
    assert_eq!((&*present.project, present.level), ("EE", Level::Standard));
    assert_eq!(present.labels, ["Saas", "frontEnd"]);
    assert_eq!(present.releases, ["10026"]);
    assert_eq!(present.title, None);
    assert_snapshot!(history(ee), @r#"
    10650.0 2020-06-12T00:18:00.255Z Exact Release { id: "10008", added: true }
    10667.0 2020-06-12T00:22:58.783Z Exact Parent { from: None, to: Some(ItemRef { source: Some("10073"), key: Some("EE-11") }) }
    10980.0 2020-06-12T05:01:20.562Z Exact status 10000 To Do -> 1 Open
    11777.0 2020-06-18T04:06:00.814Z Exact Resolution { from: None, to: Some(Named { id: "10000", name: "Done" }) }
    11777.1 2020-06-18T04:06:00.814Z Exact status 1 Open -> 5 Resolved
    18880.0 2020-07-13T21:35:54.909Z Exact Release { id: "10008", added: false }
    18880.1 2020-07-13T21:35:54.909Z Exact Release { id: "10026", added: true }
    35071.0 2020-11-10T01:43:02.257Z Exact status 5 Resolved -> 6 Closed
    35323.0 2020-11-10T02:11:31.537Z Exact Type { from: Some(Named { id: "10002", name: "Technical-Debt" }), to: Some(Named { id: "10031", name: "Task" }) }
    86129.0 2021-03-28T08:05:54.624Z Exact status 6 Closed -> 10068 已完成
    "#);
    assert_snapshot!(history(shown("K5-2")), @r#"422890.0 2022-07-15T22:30:23.321Z Exact Parent { from: None, to: Some(ItemRef { source: Some("20707"), key: Some("K5-1") }) }"#);
    assert_snapshot!(history(shown("SP-10")), @r#"
    10053.0 2021-08-29T18:06:28.717Z Exact status 10000 Backlog -> 10001 Selected for Development
    10056.0 2021-08-29T18:06:55.587Z Exact status 10001 Selected for Development -> 3 In Progress
    10061.0 2021-09-06T04:33:11.219Z Exact status 3 In Progress -> 10001 Selected for Development
    10062.0 2021-09-06T04:33:30.647Z Exact Flagged { on: true }
    10064.0 2021-09-06T04:33:55.539Z Exact Flagged { on: false }
    10065.0 2021-09-06T04:34:02.253Z Exact status 10001 Selected for Development -> 3 In Progress
    10068.0 2021-09-06T04:34:21.385Z Exact status 3 In Progress -> 10011 Review
    10069.0 2021-09-06T04:34:26.239Z Exact Resolution { from: None, to: Some(Named { id: "10000", name: "Done" }) }
    10069.1 2021-09-06T04:34:26.239Z Exact status 10011 Review -> 10002 Done
    "#);
    assert_snapshot!(history(shown("SP-15")), @r#"
    10139.0 2022-04-24T16:41:53.653Z Exact Activity
    10142.0 2022-04-24T16:42:42.531Z Exact Link { relation: BlockedBy, other: ItemRef { source: Some("10021"), key: Some("SP-14") }, added: true }
    10149.0 2022-04-24T20:30:38.234Z Exact status 10000 Backlog -> 10001 Selected for Development
    10150.0 2022-04-24T20:30:51.748Z Exact Flagged { on: true }
    "#);
    let dc = shown("DZFNK0168-20");
    assert_snapshot!(history(dc), @r#"
    10200.0 2023-07-27T06:11:04.099Z Exact Link { relation: Blocks, other: ItemRef { source: Some("116582"), key: Some("IP8CUD168-35304") }, added: true }
    10203.0 2023-07-27T06:11:17.106Z Exact Link { relation: BlockedBy, other: ItemRef { source: None, key: Some("IP8CUD168-35404") }, added: true }
    10205.0 2023-07-27T06:11:29.146Z Exact Link { relation: BlockedBy, other: ItemRef { source: None, key: Some("IP8CUD168-35404") }, added: false }
    10207.0 2023-07-27T06:11:41.166Z Exact Link { relation: BlockedBy, other: ItemRef { source: Some("116684"), key: Some("IP8CUD168-35406") }, added: true }
    "#);
    assert_snapshot!(format!("{:?}", dc.attributes.links), @r#"[Link { relation: BlockedBy, other: ItemRef { source: Some("116684"), key: Some("IP8CUD168-35406") } }, Link { relation: Blocks, other: ItemRef { source: Some("116582"), key: Some("IP8CUD168-35304") } }]"#);
    let all = format!("{items:?}");
    for person in ["Person", "person-1", "redacted", "assignee"] {
        assert!(!all.contains(person), "{person}");
    }
}

#[test]
fn moves_and_workflows_change_the_status_without_an_entry() {
    let started = json!([{"field": "status", "fieldId": "status", "from": "1", "to": "5",
        "fromString": "To Do", "toString": "Gone"}]);
    let moved = json!([
        {"field": "project", "from": "10", "fromString": "Bookings", "to": "11", "toString": "PAY"},
        {"field": "Key", "fromString": "BOOK-3", "toString": "PAY-7"},
        {"field": "Workflow", "from": "1", "to": "2"},
    ]);
    let (item, gaps) = one(
        json!({}),
        &[(1, "2026-03-02T08:05:00.000Z", started.clone()), (2, "2026-03-02T08:10:00.000Z", moved)],
    );
    assert_eq!(gaps, []);
    assert_snapshot!(history(&item.unwrap()), @r#"
    1.0 2026-03-02T08:05:00Z Exact status 1 To Do -> 5 Gone
    2.1 2026-03-02T08:10:00Z Exact Project { from: Some("BOOK"), to: Some("PAY") }
    ~1.0 2026-03-02T08:10:00Z Inferred status 5 Gone -> 2 Status 2
    "#);

    let (item, _) = one(json!({}), &[(1, "2026-03-02T08:05:00.000Z", started.clone())]);
    assert_snapshot!(history(&item.unwrap()), @r#"
    1.0 2026-03-02T08:05:00Z Exact status 1 To Do -> 5 Gone
    ~1.0 2026-03-02T08:30:00Z Inferred status 5 Gone -> 2 Status 2
    "#);

    // Newer than the content: the issue changed between the two reads.
    let (item, _) = one(json!({}), &[(1, "2026-03-02T08:31:00.000Z", started)]);
    assert_eq!(item.unwrap().history.len(), 1);
}

#[test]
fn a_localised_link_is_told_by_the_links_that_still_exist() {
    let link = |to: Option<&str>, from: Option<&str>| {
        let sentence = |key: Option<&str>| key.map(|key| format!("此问题被 {key} 阻止"));
        json!([{"field": "Link", "from": from, "fromString": sentence(from), "to": to,
            "toString": sentence(to)}])
    };
    let present = json!({"issuelinks": [{
        "type": {"id": "10000", "name": "Blocks", "inward": "被阻止", "outward": "阻止"},
        "inwardIssue": {"id": "21", "key": "PAY-21"},
    }]});
    let (item, gaps) = one(
        present,
        &[
            (1, "2026-03-02T08:01:00Z", link(Some("PAY-21"), None)),
            (2, "2026-03-02T08:02:00Z", link(None, Some("PAY-21"))),
            (3, "2026-03-02T08:03:00Z", link(Some("PAY-21"), None)),
            (4, "2026-03-02T08:04:00Z", link(Some("PAY-22"), Some("PAY-23"))),
        ],
    );
    assert_eq!(gaps, []);
    assert_snapshot!(history(&item.unwrap()), @r#"
    1.0 2026-03-02T08:01:00Z Exact Activity
    2.0 2026-03-02T08:02:00Z Exact Activity
    3.0 2026-03-02T08:03:00Z Exact Link { relation: BlockedBy, other: ItemRef { source: Some("21"), key: Some("PAY-21") }, added: true }
    4.0.0 2026-03-02T08:04:00Z Exact Activity
    4.0.1 2026-03-02T08:04:00Z Exact Activity
    "#);
}

#[test]
fn every_field_on_the_list_is_told_and_no_other() {
    let at = "2026-03-02T08:05:00Z";
    let entries = json!([
        {"field": "labels", "fieldId": "labels", "fromString": "bad test-label", "toString":
            "sad test-label"},
        {"field": "Component", "fieldId": "components", "from": "1", "fromString": "支付"},
        {"field": "Team", "fieldId": "customfield_10001", "to": "a-b", "toString": "Checkout"},
        {"field": "Flagged", "fieldId": "customfield_10021", "from": null, "to": "[10019]"},
        {"field": "Flagged", "fieldId": "customfield_10021", "from": "[10019]", "to": ""},
        {"field": "Status", "fieldId": "status", "from": null, "to": "2", "toString": "Done"},
        {"field": "Fix Version", "fieldId": "fixVersions", "from": "8", "to": "9"},
        {"field": "Parent", "from": "31", "fromString": "PAY-31", "to": null},
        {"field": "resolution", "fieldId": "resolution", "from": "4", "to": null},
        {"field": "duedate", "fieldId": "duedate", "from": "2026-01-01", "to": "2026-02-01"},
        {"field": "timeestimate", "fieldId": "timeestimate", "from": "3600", "to": "7200"},
        {"field": "reporter", "fieldId": "reporter", "from": "a", "to": "Ada Lovelace"},
        {"field": "Colours", "fieldId": "customfield_10030", "from": "a", "to": "b"},
    ]);
    let (item, gaps) = one(json!({}), &[(1, at, entries)]);
    assert_eq!(gaps, []);
    assert_snapshot!(history(&item.unwrap()), @r#"
    1.0 2026-03-02T08:05:00Z Exact Labels { added: ["sad"], removed: ["bad"] }
    1.1 2026-03-02T08:05:00Z Exact Components { added: [], removed: [Named { id: "1", name: "支付" }] }
    1.2 2026-03-02T08:05:00Z Exact Team { from: None, to: Some(Named { id: "a-b", name: "Checkout" }) }
    1.3 2026-03-02T08:05:00Z Exact Flagged { on: true }
    1.4 2026-03-02T08:05:00Z Exact Flagged { on: false }
    1.5 2026-03-02T08:05:00Z Exact status 2 Done -> 2 Done
    1.6.0 2026-03-02T08:05:00Z Exact Release { id: "8", added: false }
    1.6.1 2026-03-02T08:05:00Z Exact Release { id: "9", added: true }
    1.7 2026-03-02T08:05:00Z Exact Parent { from: Some(ItemRef { source: Some("31"), key: Some("PAY-31") }), to: None }
    1.8 2026-03-02T08:05:00Z Exact Resolution { from: Some(Named { id: "4", name: "" }), to: None }
    "#);
}

#[test]
fn present_attributes_take_every_documented_form() {
    let fields = json!({
        "issuetype": {"id": "5", "name": "Unteraufgabe", "subtask": true, "hierarchyLevel": -1},
        "customfield_10001": {"id": "a-b", "name": "Checkout", "title": "Checkout", "avatarUrl": "x"},
        "customfield_10014": "PAY-100",
        "customfield_10021": [{"id": "10019", "value": "Impediment"}],
        "components": [{"id": "2", "name": "b"}, {"id": "1", "name": "a", "lead": {"x": 1}}],
        "summary": "not asked for",
        "issuelinks": [
            {"type": {"name": "Duplicate"}, "outwardIssue": {"id": "8", "key": "PAY-8"}},
            {"type": {"name": "Duplicate"}, "inwardIssue": {"id": "9", "key": "PAY-9"}},
            {"type": {"name": "Relates"}, "inwardIssue": {"id": "9", "key": "PAY-9"}},
        ],
    });
    let (item, gaps) = one(fields, &[]);
    assert_eq!(gaps, []);
    let present = item.unwrap().attributes;
    assert_eq!(present.level, Level::SubTask);
    assert_eq!(present.team, Some(Named::new("a-b", "Checkout")));
    assert_eq!(present.parent.and_then(|parent| parent.key).as_deref(), Some("PAY-100"));
    assert_eq!((present.title, present.flagged), (None, true));
    assert_eq!(present.components, [Named::new("1", "a"), Named::new("2", "b")]);
    let links: Vec<_> = present.links.into_iter().map(|l| (l.relation, l.other.key)).collect();
    assert_eq!(links, [(Relation::Duplicates, Some("PAY-8".to_owned()))]);

    let plain = json!({"customfield_10001": "a-b", "issuetype": {"id": "1", "hierarchyLevel": 2}});
    let present = one(plain, &[]).0.unwrap().attributes;
    assert_eq!((present.team, present.level), (Some(Named::new("a-b", "")), Level::Container));

    let both = json!({"customfield_10001": {"id": "a-b", "name": "Checkout", "title": "Checkout"}});
    let (item, gaps) = one(both, &[]);
    assert_eq!(
        (item.unwrap().attributes.team, gaps),
        (Some(Named::new("a-b", "Checkout")), vec![])
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let at = "2026-03-02T08:05:00Z";
    let (item, gaps) = one(
        json!({"components": 5, "customfield_10001": [true]}),
        &[
            (1, "last Tuesday", json!([])),
            (2, at, json!([null, {"field": "status", "fieldId": "status", "from": "1"}])),
            (3, at, json!([{"field": "status", "fieldId": "status", "from": ["x"], "to": "2"}])),
            (4, at, json!("no list")),
            (5, "2026-03-02T07:00:00Z", json!([{"field": "Link", "to": "PAY-9"}])),
        ],
    );
    let item = item.unwrap();
    assert!(!item.history_complete);
    let told = gaps.iter().map(|gap| format!("{}: {}", gap.reason, gap.detail));
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    malformed-field: field `components` is not in a form that Jira documents
    malformed-field: field `customfield_10001` is not in a form that Jira documents
    malformed-entry: entry 1 of the history has no readable instant
    malformed-entry: entry 2.0 of the history is not in the documented form
    malformed-entry: entry 2.1 of the history lacks the values of `status`
    malformed-entry: entry 3.0 of the history is not in the documented form
    malformed-entry: an entry of the history is not in the documented form
    history-before-creation: 1 entries are older than the issue and count from its creation
    "#);
    assert_eq!(item.history.len(), 1, "what could be read is kept");
    assert_eq!(item.history[0].at, item.created_at);
}

/// Every place in a document, as the keys and indices that lead there.
fn places(value: &Value) -> Vec<String> {
    let inside = |name: String, inner: &Value| {
        let deeper = places(inner).into_iter().map(|place| format!("/{name}{place}"));
        deeper.collect::<Vec<_>>()
    };
    let mut all = vec![String::new()];
    match value {
        Value::Array(list) => {
            all.extend(list.iter().enumerate().flat_map(|(i, v)| inside(i.to_string(), v)));
        }
        Value::Object(map) => all.extend(map.iter().flat_map(|(k, v)| inside(k.clone(), v))),
        _ => {}
    }
    all
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1.5)),
        Just(json!(u64::MAX)),
        Just(json!({})),
        Just(json!([])),
        Just(json!([null, {"id": {}}, "x"])),
        "\\PC{0,8}".prop_map(Value::String),
    ]
}

proptest! {
    /// Whatever one value of the answers is replaced by, every row becomes an item or a gap.
    #[test]
    fn no_row_is_lost_in_silence(
        in_issues in any::<bool>(),
        place in any::<prop::sample::Index>(),
        junk in junk(),
    ) {
        let mut pages = [ISSUES, CHANGELOGS].map(|text| serde_json::from_str(text).unwrap());
        let page: &mut Value = &mut pages[usize::from(!in_issues)];
        let all = places(page);
        let place = place.get(&all);
        *page.pointer_mut(place).unwrap() = junk;
        let rows = pages[0]["issues"].as_array().map_or(0, Vec::len);
        let [issues, logs] = pages.map(|page| page.to_string());
        if let Ok((items, gaps)) = convert_pages(&issues, &logs) {
            let lost = gaps.iter().filter(|gap| gap.reason == "malformed-item").count();
            prop_assert_eq!(items.len() + lost, rows, "{}", place);
        }
    }

    /// An entry that is replaced by junk makes the history incomplete, and a gap names the item.
    #[test]
    fn no_entry_is_lost_in_silence(
        log in 0_usize..5,
        history in any::<prop::sample::Index>(),
        junk in prop_oneof![Just(Value::Null), Just(json!(7)), Just(json!([])), Just(json!("x"))],
        whole in any::<bool>(),
    ) {
        let mut page: Value = serde_json::from_str(CHANGELOGS).unwrap();
        let id = page["issueChangeLogs"][log]["issueId"].as_str().unwrap().to_owned();
        let list = page["issueChangeLogs"][log]["changeHistories"].as_array_mut().unwrap();
        let history = history.get_mut(list);
        if whole { *history = junk } else { history["items"][0] = junk }
        let (items, gaps) = convert_pages(ISSUES, &page.to_string()).unwrap();
        let named: Vec<_> = gaps.iter().map(|gap| (gap.source.as_deref(), &*gap.reason)).collect();
        prop_assert_eq!(named, [(Some(&*id), "malformed-entry")]);
        let incomplete: Vec<_> =
            items.iter().filter(|item| !item.history_complete).map(|i| &i.id.source).collect();
        prop_assert_eq!(incomplete, [&id]);
        prop_assert_eq!(items.len(), 5);
    }

    /// Damaged bytes are refused or survived.
    #[test]
    fn bytes_never_panic(
        in_issues in any::<bool>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), "\\PC{0,3}"), 1..6),
    ) {
        let mut pages = [ISSUES, CHANGELOGS].map(|text| text.chars().collect::<Vec<char>>());
        let page = &mut pages[usize::from(!in_issues)];
        for (place, text) in cuts {
            let at = place.index(page.len());
            page.splice(at..=at, text.chars());
        }
        let [issues, logs] = pages.map(String::from_iter);
        let _ = convert_pages(&issues, &logs);
    }
}
