use proptest::prelude::*;
use serde_json::{Value, json, value::to_raw_value};
use streamgauge::model::{ConnectionId, Gap, Item, Level, Precision, Relation, What};
use streamgauge::trackers::github::{convert, wire};

const PAGE: &str = include_str!("../payloads/github/issues_page.json");

/// The rows of the recorded page: a full issue, and one where everything is empty.
fn rows() -> [Value; 2] {
    let page: Value = serde_json::from_str(PAGE).unwrap();
    let nodes = page["data"]["repository"]["issues"]["nodes"].clone();
    serde_json::from_value(nodes).unwrap()
}

fn convert(row: &Value) -> (Option<Item>, Vec<Gap>) {
    let raw = to_raw_value(row).unwrap();
    match wire::read::<wire::Issue<'_>>(raw.get()) {
        Ok(issue) => {
            let (item, gaps) = convert::issue(&ConnectionId("gh".into()), &issue, &[]);
            (Some(item), gaps)
        }
        Err(path) => (None, vec![convert::malformed(&raw, &path)]),
    }
}

/// The second row with these timeline entries and board rows.
fn with(events: &[Value], boards: &[Value]) -> (Item, Vec<Gap>) {
    let [_, mut row] = rows();
    row["timelineItems"]["nodes"] = json!(events);
    row["projectItems"] = json!({ "totalCount": boards.len(), "nodes": boards });
    let (item, gaps) = convert(&row);
    (item.unwrap(), gaps)
}

fn event(kind: &str, id: &str, at: &str, more: Value) -> Value {
    let mut event = json!({ "__typename": kind, "id": id, "createdAt": at });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn moved(id: &str, at: &str, from: &str, to: &str) -> Value {
    let more = json!({
        "previousStatus": from, "status": to, "project": { "id": "PVT_1", "title": "Roadmap" },
    });
    event("ProjectV2ItemStatusChangedEvent", id, at, more)
}

fn card(status: Value) -> Value {
    json!({
        "id": "PVTI_1", "updatedAt": "2026-11-09T00:00:00Z",
        "project": { "id": "PVT_1", "title": "Roadmap" }, "status": status,
    })
}

fn value(name: &str, at: &str) -> Value {
    json!({ "__typename": "ProjectV2ItemFieldSingleSelectValue", "name": name, "updatedAt": at })
}

fn lines(item: &Item) -> Vec<String> {
    let text = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".into());
    let line = |what: &What| match what {
        What::Board { board, from, to } => format!("{board}: {} > {}", text(from), text(to)),
        What::Project { from, to } => format!("project: {} > {}", text(from), text(to)),
        other => format!("{other:?}"),
    };
    let all = item.history.iter();
    all.map(|c| format!("{} {} {}", &c.at.to_string()[5..16], c.id, line(&c.what))).collect()
}

fn reasons(gaps: &[Gap]) -> Vec<&str> {
    gaps.iter().map(|gap| gap.reason.as_str()).collect()
}

#[test]
fn the_recorded_issue_is_told_whole() {
    let [row, _] = rows();
    let (item, gaps) = convert(&row);
    let item = item.unwrap();
    assert_eq!(gaps, []);
    assert!(item.history_complete);
    let told = &item.attributes;
    assert_eq!(told.key, "octo-org/hello-world#11");
    assert_eq!(told.project, "octo-org/hello-world");
    assert_eq!((told.status.id.as_str(), told.level), ("closed", Level::Standard));
    assert_eq!(told.resolution.as_ref().unwrap().id, "completed");
    assert_eq!(told.item_type.as_ref().unwrap().name, "Bug");
    assert_eq!(told.labels, ["bug"]);
    assert_eq!(told.milestone.as_deref(), Some("v1.2"));
    let parent = told.parent.as_ref().unwrap();
    assert_eq!(parent.key.as_deref(), Some("octo-org/hello-world#5"));
    let links: Vec<_> = told.links.iter().map(|l| (l.relation, l.other.source.clone())).collect();
    let other = |id: &str| Some(id.to_owned());
    assert_eq!(
        links,
        [(Relation::BlockedBy, other("I_kwDOBLK")), (Relation::Blocks, other("I_kwDONEXT"))]
    );
    assert_eq!(told.boards[0].status.as_deref(), Some("Done"));
    assert_eq!(told.closing_pulls[0].merged_at.unwrap().to_string(), "2026-11-05T10:00:00Z");
    insta::assert_snapshot!(lines(&item).join("\n"), @r#"
    11-01T12:00 LE_1 Labels { added: ["bug"], removed: [] }
    11-01T12:00 ITAE_1 Type { from: None, to: Some(Named { id: "IT_1", name: "Bug" }) }
    11-02T09:00 PVISC_1 Roadmap: Todo > In Progress
    11-02T09:30 BBAE_1 Link { relation: BlockedBy, other: ItemRef { source: Some("I_kwDOBLK"), key: Some("octo-org/hello-world#7") }, added: true }
    11-02T10:00 PIAE_1 Parent { from: None, to: Some(ItemRef { source: Some("I_kwDOPARENT"), key: Some("octo-org/hello-world#5") }) }
    11-03T08:00 ~pull:PR_kwDOAAAA PullOpened { id: "PR_kwDOAAAA" }
    11-05T10:00 CLE_1 Closed { reason: Some("completed") }
    11-05T10:00 ~pull-ended:PR_kwDOAAAA Activity
    11-05T10:00 PVISC_2 Roadmap: In Progress > Done
    "#);
    let pull = item.history.iter().find(|change| change.id.starts_with("~pull:")).unwrap();
    assert_eq!(pull.precision, Precision::Inferred);
}

#[test]
fn an_issue_where_everything_is_empty_is_an_item_without_gaps() {
    let [_, row] = rows();
    let (item, gaps) = convert(&row);
    let item = item.unwrap();
    assert_eq!((gaps.len(), item.history_complete), (0, true));
    // No event tells of its board: the empty field may be the end of a move, which the store knows.
    assert_eq!(
        lines(&item),
        ["11-01T12:01 ~board:PVTI_lADOBBBB:2026-11-01T12:01:00Z Roadmap: - > -"]
    );
    assert_eq!((item.attributes.status.id.as_str(), &item.attributes.resolution), ("open", &None));
}

#[test]
fn an_issue_with_children_is_a_container() {
    let [mut row, _] = rows();
    row["subIssues"]["totalCount"] = json!(3);
    assert_eq!(convert(&row).0.unwrap().attributes.level, Level::Container);
}

#[test]
fn a_board_move_without_an_event_is_dated_by_the_value() {
    let events = [moved("E1", "2026-11-02T09:00:00Z", "", "Todo")];
    let (item, _) = with(&events, &[card(value("In progress", "2026-11-04T10:00:00Z"))]);
    assert_eq!(
        lines(&item),
        [
            "11-02T09:00 E1 Roadmap: - > Todo",
            "11-04T10:00 ~board:PVTI_1:2026-11-04T10:00:00Z Roadmap: Todo > In progress",
        ]
    );
    assert_eq!(item.history[1].precision, Precision::Polled);
}

#[test]
fn a_board_without_any_event_starts_with_its_value() {
    let (item, _) = with(&[], &[card(value("Todo", "2026-11-04T10:00:00Z"))]);
    assert_eq!(lines(&item), ["11-04T10:00 ~board:PVTI_1:2026-11-04T10:00:00Z Roadmap: - > Todo"]);
}

#[test]
fn a_value_that_agrees_with_its_events_adds_nothing() {
    let events = [moved("E1", "2026-11-02T09:00:00Z", "", "Todo")];
    // The value's stamp is later: somebody moved the card away and back.
    let (item, _) = with(&events, &[card(value("Todo", "2026-11-04T10:00:00Z"))]);
    assert_eq!(lines(&item), ["11-02T09:00 E1 Roadmap: - > Todo"]);
}

#[test]
fn a_cleared_value_and_a_renamed_option_have_the_last_word() {
    let events = [moved("E1", "2026-11-02T09:00:00Z", "", "Doing")];
    let (item, _) = with(&events, &[card(Value::Null)]);
    assert_eq!(
        lines(&item)[1],
        "11-09T00:00 ~board:PVTI_1:2026-11-09T00:00:00Z Roadmap: Doing > -"
    );
    // Renamed: the value is older than the event that still has the old name.
    let (item, _) = with(&events, &[card(value("In progress", "2026-11-02T08:59:59Z"))]);
    let last = lines(&item).pop().unwrap();
    assert!(last.ends_with("Roadmap: Doing > In progress"), "{last}");
    assert!(last.starts_with("11-02T09:00"), "{last}");
}

#[test]
fn a_card_that_leaves_its_board_has_no_status_there() {
    let board = json!({ "project": { "id": "PVT_1", "title": "Roadmap" } });
    let events = [
        event("RemovedFromProjectV2Event", "E0", "2026-11-01T09:00:00Z", board.clone()),
        moved("E1", "2026-11-02T09:00:00Z", "", "Todo"),
        event("RemovedFromProjectV2Event", "E2", "2026-11-03T09:00:00Z", board),
    ];
    let (item, _) = with(&events, &[]);
    assert_eq!(
        lines(&item),
        ["11-02T09:00 E1 Roadmap: - > Todo", "11-03T09:00 E2 Roadmap: Todo > -"]
    );
}

#[test]
fn transfers_say_where_the_issue_was() {
    let from = |name: &str| json!({ "fromRepository": { "nameWithOwner": name } });
    let events = [
        event("TransferredEvent", "E1", "2026-11-02T09:00:00Z", from("octo-org/a")),
        event("TransferredEvent", "E2", "2026-11-03T09:00:00Z", from("octo-org/b")),
    ];
    let (item, _) = with(&events, &[]);
    assert_eq!(
        lines(&item),
        [
            "11-02T09:00 E1 project: octo-org/a > octo-org/b",
            "11-03T09:00 E2 project: octo-org/b > octo-org/hello-world",
        ]
    );
}

#[test]
fn a_pull_request_counts_from_its_opening_unless_it_was_unlinked() {
    let side = |id: &str| {
        json!({
            "source": { "__typename": "PullRequest", "id": id, "createdAt": "2026-11-02T08:00:00Z" },
            "subject": { "__typename": "Issue" },
        })
    };
    let mut mention = side("PR_mention");
    mention["willCloseTarget"] = json!(false);
    let mut closing = side("PR_old");
    closing["willCloseTarget"] = json!(true);
    closing["source"]["createdAt"] = json!("2026-10-01T08:00:00Z");
    let events = [
        event("ConnectedEvent", "E1", "2026-11-03T09:00:00Z", side("PR_kept")),
        event("ConnectedEvent", "E2", "2026-11-03T09:00:00Z", side("PR_gone")),
        event("DisconnectedEvent", "E3", "2026-11-03T09:01:00Z", side("PR_gone")),
        event("CrossReferencedEvent", "E4", "2026-11-03T09:02:00Z", mention),
        event("CrossReferencedEvent", "E5", "2026-11-03T09:03:00Z", closing),
    ];
    let (item, gaps) = with(&events, &[]);
    assert_eq!(gaps, []);
    assert_eq!(
        lines(&item),
        [
            // Older than the issue: it counts from the issue's own first instant.
            "11-01T12:00 ~pull:PR_old PullOpened { id: \"PR_old\" }",
            "11-02T08:00 ~pull:PR_kept PullOpened { id: \"PR_kept\" }",
        ]
    );
}

#[test]
fn closed_without_an_event_is_dated_by_the_stamp() {
    let [mut row, _] = rows();
    row["timelineItems"]["nodes"] = json!([]);
    row["projectItems"]["nodes"] = json!([]);
    row["closedByPullRequestsReferences"]["nodes"] = json!([]);
    let item = convert(&row).0.unwrap();
    assert_eq!(
        lines(&item),
        ["11-05T10:00 ~closed:2026-11-05T10:00:00Z Closed { reason: Some(\"completed\") }"]
    );
}

#[test]
fn what_cannot_be_read_or_seen_is_a_named_gap() {
    let (item, gaps) = with(
        &[
            Value::Null,
            json!({ "__typename": "CustomerPinnedEvent", "id": "E1" }),
            event("LabeledEvent", "E2", "2026-11-02T09:00:00Z", json!({ "label": null })),
            event("LabeledEvent", "E3", "yesterday", json!({ "label": { "name": "x" } })),
            event("BlockedByAddedEvent", "E4", "2026-11-02T09:00:00Z", json!({})),
            event("ConvertedToDiscussionEvent", "E5", "2026-11-02T09:00:00Z", json!({})),
        ],
        &[card(json!({ "__typename": "ProjectV2ItemFieldTextValue" }))],
    );
    let expected = [
        "board-field",
        "unknown-event",
        "malformed-entry",
        "malformed-entry",
        "hidden-reference",
        "converted-to-discussion",
        "hidden-entry",
    ];
    assert_eq!(reasons(&gaps), expected);
    assert!(!item.history_complete);
    assert!(gaps.iter().all(|gap| gap.source.as_deref() == Some("I_kwDOBARE")));
}

#[test]
fn lists_that_did_not_fit_and_histories_that_go_on_are_gaps() {
    let [mut row, _] = rows();
    row["labels"]["totalCount"] = json!(101);
    row["blocking"]["nodes"] = json!([null]);
    row["timelineItems"]["pageInfo"]["hasNextPage"] = json!(true);
    let (item, gaps) = convert(&row);
    assert_eq!(reasons(&gaps), ["list-truncated", "hidden-reference", "history-truncated"]);
    assert!(!item.unwrap().history_complete);
}

#[test]
fn a_bad_row_is_named_and_quotes_nothing() {
    let [mut row, _] = rows();
    row["number"] = json!("Grace Hopper");
    let (item, gaps) = convert(&row);
    assert!(item.is_none());
    assert_eq!(reasons(&gaps), ["malformed-item"]);
    assert_eq!(gaps[0].source.as_deref(), Some("I_kwDOAAAA"));
    assert!(gaps[0].detail.contains("`number`") && !gaps[0].detail.contains("Grace"));
}

/// Replaces the `nth` value of the document, counted in depth-first order.
fn replace(value: &mut Value, nth: &mut usize, by: &Value) {
    if *nth == 0 {
        *value = by.clone();
    }
    *nth = nth.wrapping_sub(1);
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(|row| replace(row, nth, by)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, nth, by)),
        _ => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null, null])),
        Just(json!(true)),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
        Just(json!("0000-00-00T99:00:00Z")),
        Just(json!("2026-11-01T12:00:00Z")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn conversion_is_total(mutations in prop::collection::vec((0..260_usize, anything()), 1..4)) {
        let [mut row, _] = rows();
        for (place, by) in &mutations {
            replace(&mut row, &mut place.clone(), by);
        }
        let (item, gaps) = convert(&row);
        prop_assert!(item.is_some() || !gaps.is_empty());
        if let Some(item) = item {
            prop_assert!(item.history.is_sorted_by_key(|change| change.at));
            prop_assert!(item.attributes.labels.is_sorted());
            prop_assert!(item.attributes.links.is_sorted());
            let mut ids: Vec<_> = item.history.iter().map(|change| &change.id).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), item.history.len());
        }
    }
}
