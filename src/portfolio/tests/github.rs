//! The ladder that shows when work on a GitHub issue began, and how it ends.

use super::*;

const WORKFLOW: &str = "[[workflow]]\nconnection = \"github\"\nproposed = [\"Todo\"]\n\
    active = [\"In progress\"]\nwaiting = [\"In review\"]\nblocked = [\"Stuck\"]\n\
    done = [\"Shipped\"]\nactive_labels = [\"doing\"]\n";

fn merged() -> String {
    format!("{WORKFLOW}done_when = \"merged\"\n")
}

#[test]
fn first_rung_the_board() {
    let story = Story::github(1, "03-02")
        .pull("03-03", None)
        .labelled("03-03", "doing")
        .board("03-04", "Todo")
        .board("03-05", "In progress")
        .board("03-06", "In review")
        .board("03-07", "Stuck")
        .closed("03-09", Some("completed"));
    let seen = check(
        WORKFLOW,
        &story,
        &[
            "03-02 00:00 proposed open",
            "03-04 00:00 proposed Todo",
            "03-05 00:00 active In progress",
            "03-06 00:00 waiting In review",
            "03-07 00:00 waiting Blocked",
            "03-09 00:00 done closed",
        ],
    );
    let clock = seen.told.clock.unwrap();
    assert_eq!((clock.at, clock.precision), (on("03-05"), Precision::Exact));
    assert_eq!(clock.why, "`In progress` is active by the workflow on line 1.");
}

#[test]
fn a_polled_board_status_stays_polled() {
    let mut story = Story::github(1, "03-02").board("03-05", "In progress");
    story.history[0].precision = Precision::Polled;
    let seen = see(&portfolio(WORKFLOW), &story);
    assert_eq!(seen.placed.segments[1].precision, Precision::Polled);
}

#[test]
fn second_rung_an_active_label_and_its_removal() {
    let story = Story::github(1, "03-02")
        .pull("03-03", None)
        .labelled("03-04", "doing")
        .unlabelled("03-06", "doing")
        .closed("03-09", None);
    check(
        WORKFLOW,
        &story,
        &[
            "03-02 00:00 proposed open",
            "03-04 00:00 active doing",
            "03-06 00:00 proposed open",
            "03-09 00:00 done closed",
        ],
    );
}

#[test]
fn third_rung_the_first_pull_request_inferred() {
    let story = Story::github(1, "03-02")
        .pull("03-05", None)
        .pull("03-04", None)
        .closed("03-09", Some("completed"));
    let seen = check(
        WORKFLOW,
        &story,
        &[
            "03-02 00:00 proposed open",
            "03-04 00:00 active pull request open",
            "03-09 00:00 done closed",
        ],
    );
    assert_eq!(seen.placed.segments[1].precision, Precision::Inferred);
    assert_eq!(seen.placed.activity, [on("03-04"), on("03-05"), on("03-09")]);
}

#[test]
fn no_rung_no_start() {
    let story = Story::github(1, "03-02").closed("03-09", Some("completed"));
    let seen = check(WORKFLOW, &story, &["03-02 00:00 proposed open", "03-09 00:00 done closed"]);
    assert_eq!(seen.told.clock, None);
}

#[test]
fn a_pull_request_older_than_the_issue_starts_it_at_creation() {
    let story = Story::github(1, "03-02").pull("02-20", None);
    check(WORKFLOW, &story, &["03-02 00:00 active pull request open"]);
}

#[test]
fn the_reason_of_closing_decides_between_done_and_dropped() {
    for (reason, category, duplicate) in [
        (Some("completed"), Category::Done, false),
        (None, Category::Done, false),
        (Some("not_planned"), Category::Dropped, false),
        (Some("duplicate"), Category::Dropped, true),
    ] {
        let story = Story::github(1, "03-02").closed("03-09", reason);
        let seen = see(&portfolio(WORKFLOW), &story);
        assert_eq!(seen.categories()[1], (on("03-09"), category), "{reason:?}");
        assert_eq!(seen.placed.duplicate, duplicate, "{reason:?}");
    }
}

#[test]
fn reopening_goes_back_to_the_last_state_before_the_end() {
    let story = Story::github(1, "03-02")
        .board("03-03", "In review")
        .board("03-05", "Shipped")
        .closed("03-05", Some("completed"))
        .reopened("03-07");
    let seen = check(
        WORKFLOW,
        &story,
        &[
            "03-02 00:00 proposed open",
            "03-03 00:00 waiting In review",
            "03-05 00:00 done closed",
            "03-07 00:00 waiting In review",
        ],
    );
    assert_eq!(
        seen.told.segments[3].state_why,
        "It was reopened, back to `In review`, the last state before it ended."
    );
    let idle = Story::github(2, "03-02").closed("03-05", None).reopened("03-07");
    assert_eq!(see(&portfolio(WORKFLOW), &idle).categories()[2], (on("03-07"), Category::Proposed));
}

#[test]
fn undeclared_options_are_unknown_and_reported() {
    let story = Story::github(1, "03-02").board("03-03", "In progress").board("03-05", "QA (new)");
    let seen = check(
        WORKFLOW,
        &story,
        &[
            "03-02 00:00 proposed open",
            "03-03 00:00 active In progress",
            "03-05 00:00 active QA (new)",
        ],
    );
    assert_eq!(seen.placed.unknown_statuses.len(), 1);
    let nothing_declared = see(&portfolio(""), &story);
    assert_eq!(nothing_declared.placed.unknown_statuses.len(), 2);
    assert_eq!(nothing_declared.categories(), [(on("03-02"), Category::Proposed)]);
}

#[test]
fn done_when_merged() {
    let story =
        Story::github(1, "03-02").pull("03-03", Some("03-06")).closed("03-09", Some("completed"));
    check(
        &merged(),
        &story,
        &[
            "03-02 00:00 proposed open",
            "03-03 00:00 active pull request open",
            "03-06 00:00 done merged",
            "03-09 00:00 done closed",
        ],
    );
    let seen = see(&portfolio(WORKFLOW), &story);
    assert_eq!(seen.categories().last(), Some(&(on("03-09"), Category::Done)), "closed by default");
    let never = Story::github(2, "03-02").pull("03-03", None).closed("03-09", Some("not_planned"));
    let seen = see(&portfolio(&merged()), &never);
    assert_eq!(seen.categories().last(), Some(&(on("03-09"), Category::Dropped)));
}

#[test]
fn closed_without_an_event_is_inferred_at_the_last_stamp() {
    let mut story = Story::github(1, "03-02");
    story.attributes.status = Named::new("closed", "closed");
    story.attributes.resolution = Some(Named::new("not_planned", "not_planned"));
    story.updated_at = on("03-08");
    let seen = see(&portfolio(WORKFLOW), &story);
    let last = seen.placed.segments.last().unwrap();
    assert_eq!((last.from, last.category), (on("03-08"), Category::Dropped));
    assert_eq!(last.precision, Precision::Inferred);
}
