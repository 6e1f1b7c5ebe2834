//! What Jira statuses mean.

use super::*;

const PLAIN: &str = "";
const WORKFLOW: &str = "[[workflow]]\nconnection = \"jira\"\nwaiting = [\"Review\"]\n\
    blocked = [\"Blocked\"]\ndropped = [\"Out of scope\"]\n\
    [[workflow]]\nconnection = \"jira\"\nproject = \"OPS\"\nactive = [\"3\"]\n";

#[test]
fn the_trackers_category_decides_where_nothing_is_declared() {
    let story = Story::jira("PAY-1", "03-02 09:00").to("03-03", "2").to("03-09", "4");
    let seen = check(
        PLAIN,
        &story,
        &["03-02 09:00 proposed To Do", "03-03 00:00 active Doing", "03-09 00:00 done Done"],
    );
    assert_eq!(seen.placed.activity, [on("03-03"), on("03-09")]);
    assert!(!seen.placed.start_before_data);
    let clock = seen.told.clock.unwrap();
    assert_eq!(clock.at, on("03-03"));
    assert_eq!(clock.why, "`Doing` is active, because the tracker's category is `indeterminate`.");
}

#[test]
fn a_project_overrides_its_connection_by_name_or_id() {
    let pay = Story::jira("PAY-1", "03-02").to("03-03", "3");
    check(WORKFLOW, &pay, &["03-02 00:00 proposed To Do", "03-03 00:00 waiting Review"]);
    let ops = Story::jira("OPS-1", "03-02").to("03-03", "3");
    check(WORKFLOW, &ops, &["03-02 00:00 proposed To Do", "03-03 00:00 active Review"]);
}

#[test]
fn a_discarded_resolution_drops_and_any_other_delivers() {
    for (resolution, category, duplicate) in [
        ("Fixed", Category::Done, false),
        ("Won't Do", Category::Dropped, false),
        ("Won\u{2019}t Do", Category::Dropped, false),
        ("Duplicate", Category::Dropped, true),
        ("Out of scope", Category::Dropped, false),
    ] {
        let story = Story::jira("PAY-1", "03-02").resolved("03-05", resolution).to("03-05", "4");
        let seen = see(&portfolio(WORKFLOW), &story);
        assert_eq!(seen.categories().last(), Some(&(on("03-05"), category)), "{resolution}");
        assert_eq!(seen.placed.duplicate, duplicate, "{resolution}");
    }
}

#[test]
fn the_resolution_of_that_instant_counts_not_the_present_one() {
    let story = Story::jira("PAY-1", "03-02")
        .resolved("03-05", "Won't Do")
        .to("03-05", "4")
        .to("03-08", "2")
        .resolved("03-10", "Fixed")
        .to("03-10", "4");
    let seen = see(&portfolio(PLAIN), &story);
    let expected = [
        (on("03-02"), Category::Proposed),
        (on("03-05"), Category::Dropped),
        (on("03-08"), Category::Active),
        (on("03-10"), Category::Done),
    ];
    assert_eq!(seen.categories(), expected);
    assert!(!seen.placed.duplicate);
}

#[test]
fn a_deleted_or_odd_status_inherits_and_is_counted() {
    let story = Story::jira("PAY-1", "03-02").to("03-03", "2").to("03-04", "9").to("03-06", "6");
    let seen = check(
        PLAIN,
        &story,
        &[
            "03-02 00:00 proposed To Do",
            "03-03 00:00 active Doing",
            "03-04 00:00 active Deleted",
            "03-06 00:00 active Odd",
        ],
    );
    assert_eq!(seen.placed.unknown_statuses.len(), 2);
    assert!(seen.told.notes.iter().any(|note| note.contains("category of `Deleted` is unknown")));
    let first = Story::jira("PAY-2", "03-02").to("03-03", "9").to("03-04", "2");
    let mut unknown_first = first.clone();
    unknown_first.history.remove(0);
    let seen = see(&portfolio(PLAIN), &unknown_first);
    assert_eq!(seen.categories()[0], (on("03-02"), Category::Proposed), "nothing to inherit");
}

#[test]
fn a_flag_and_a_blocked_status_make_active_work_wait() {
    let story = Story::jira("PAY-1", "03-02")
        .flagged("03-02 12:00", true)
        .to("03-03", "2")
        .flagged("03-04", false)
        .to("03-05", "5")
        .to("03-06", "4");
    check(
        WORKFLOW,
        &story,
        &[
            "03-02 00:00 proposed To Do",
            "03-03 00:00 waiting Blocked",
            "03-04 00:00 active Doing",
            "03-05 00:00 waiting Blocked",
            "03-06 00:00 done Done",
        ],
    );
}

#[test]
fn a_change_that_history_does_not_tell_is_inferred_at_the_last_stamp() {
    let mut story = Story::jira("PAY-1", "03-02").to("03-03", "2");
    story.attributes.status = status("4");
    story.updated_at = on("03-07");
    let seen = see(&portfolio(PLAIN), &story);
    let last = seen.placed.segments.last().unwrap();
    assert_eq!((last.from, last.category), (on("03-07"), Category::Done));
    assert_eq!(last.precision, Precision::Inferred);
}

#[test]
fn without_history_the_present_status_holds_from_creation() {
    let mut story = Story::jira("PAY-1", "03-02");
    story.attributes.status = status("2");
    let seen = see(&portfolio(PLAIN), &story);
    assert_eq!(seen.categories(), [(on("03-02"), Category::Active)]);
    assert!(!seen.placed.start_before_data, "a whole history says that it began active");
    story.complete = false;
    assert!(see(&portfolio(PLAIN), &story).placed.start_before_data);
}

#[test]
fn of_two_changes_at_one_instant_the_last_wins() {
    let story = Story::jira("PAY-1", "03-02").to("03-03", "2").to("03-03", "3").to("03-03", "1");
    check(PLAIN, &story, &["03-02 00:00 proposed To Do"]);
}

#[test]
fn sub_tasks_and_containers_do_not_flow() {
    for level in [Level::SubTask, Level::Container] {
        let seen = see(&portfolio(PLAIN), &Story::jira("PAY-1", "03-02").level(level));
        assert!(seen.placed.flows.is_err() && seen.placed.segments.is_empty());
        assert!(seen.told.excluded.is_some() && !seen.told.segments.is_empty());
    }
}

#[test]
fn the_reason_of_a_blocked_state_speaks_of_blocking() {
    let flagged = Story::jira("PAY-1", "03-02").to("03-03", "2").flagged("03-04", true);
    let told = see(&portfolio(WORKFLOW), &flagged).told.segments;
    let last = told.last().unwrap();
    assert_eq!((last.state.as_str(), last.blocked), ("Blocked", true));
    assert_eq!(
        last.state_why,
        "`Doing` is active, because the tracker's category is `indeterminate`. The tracker flags \
         it as impeded, so the time counts as blocked."
    );
    let declared = Story::jira("PAY-1", "03-02").to("03-03", "5");
    let told = see(&portfolio(WORKFLOW), &declared).told.segments;
    assert_eq!(told[1].state_why, "`Blocked` is blocked by the workflow on line 1.");
}
