//! Which team an item belongs to, and when.

use super::*;
use crate::model::Kind;

const TEAMS: &str = "[[stream]]\nid = \"payments\"\n[[stream]]\nid = \"booking\"\n\
    [[team]]\nid = \"checkout\"\nstream = \"payments\"\n\
    claims = [{ jira = \"PAY\", component = \"Checkout\" }, { label = \"team:checkout\" }]\n\
    [[team]]\nid = \"refunds\"\nstream = \"payments\"\n\
    claims = [{ jira = \"PAY\", component = \"Refunds\" }, { label = \"team:refunds\" }]\n\
    [[team]]\nid = \"ledger\"\nstream = \"booking\"\nclaims = [{ jira = \"PAY\" }]\n\
    [[team]]\nid = \"rest\"\nstream = \"booking\"\nclaims = [{ github = \"northwind/*\" }]\n\
    [[team]]\nid = \"shop\"\nstream = \"booking\"\nclaims = [{ github = \"Northwind/Checkout\" }]\n";

/// The team at the last segment, or the word for having none.
#[track_caller]
fn team(file: &str, story: &Story) -> String {
    let portfolio = portfolio(file);
    match see(&portfolio, story).placed.team_status {
        TeamStatus::Placed { team } => portfolio.teams()[team.0 as usize].id.clone(),
        TeamStatus::Contested { .. } => "contested".to_owned(),
        TeamStatus::Unplaced => "unplaced".to_owned(),
    }
}

#[test]
fn the_stated_order_most_specific_first() {
    let ladder = [
        ("item", "item = \"PAY-1\""),
        ("parent", "parent = \"PAY-100\""),
        ("component", "jira = \"PAY\", component = \"Web\""),
        ("label", "jira = \"PAY\", label = \"web\""),
        ("field", "team_field = \"Web\""),
        ("project", "jira = \"PAY\""),
        ("part", "component = \"Web\""),
        ("type", "issue_type = \"Bug\""),
        ("tag", "label = \"web\""),
        ("all", "connection = \"jira\""),
    ];
    let mut story = Story::jira("PAY-1", "03-02").component("Web").typed("Bug");
    story.attributes.labels = vec!["web".to_owned()];
    story.attributes.team = Some(Named::new("77", "Web"));
    story.attributes.parent = Some(ItemRef { source: None, key: Some("PAY-100".to_owned()) });
    for from in 0..ladder.len() {
        // The least specific first, to show that the order in the file plays no part.
        let teams = ladder[from..].iter().rev().map(|(id, claim)| {
            format!("[[team]]\nid = \"{id}\"\nstream = \"s\"\nclaims = [{{ {claim} }}]\n")
        });
        let file = format!("[[stream]]\nid = \"s\"\n{}", teams.collect::<String>());
        assert_eq!(team(&file, &story), ladder[from].0);
    }
}

#[test]
fn names_match_without_regard_to_case_and_owners_as_a_whole() {
    assert_eq!(team(TEAMS, &Story::github(1, "03-02")), "shop");
    let mut other = Story::github(2, "03-02");
    other.attributes.project = "northwind/search".to_owned();
    assert_eq!(team(TEAMS, &other), "rest");
    other.attributes.project = "northwind-labs/search".to_owned();
    assert_eq!(team(TEAMS, &other), "unplaced");
}

#[test]
fn rules_that_match_equally_leave_an_item_contested() {
    let story = Story::jira("PAY-1", "03-02").component("Refunds").component("Checkout");
    let portfolio = portfolio(TEAMS);
    let seen = see(&portfolio, &story);
    assert_eq!(seen.contested_lines(), [8, 12]);
    assert_eq!(seen.placed.segments[0].team, None);
    assert_eq!(seen.told.team_status, "contested");
    assert_eq!(
        seen.told.segments[0].team_why,
        "Contested: these rules match equally well: `jira = \"PAY\", component = \"Checkout\"` of \
         `checkout` (portfolio.toml:8); `jira = \"PAY\", component = \"Refunds\"` of `refunds` \
         (portfolio.toml:12)."
    );
    assert_eq!(seen.told.rules.len(), 3, "the rule of the whole project would match, too");
    assert!(seen.told.rules.iter().all(|rule| rule.decides.is_empty()));
}

#[test]
fn an_unplaced_item_tells_what_it_shows() {
    let mut story = Story::jira("OPS-1", "03-02").component("Web");
    story.attributes.labels = vec!["x".to_owned()];
    let seen = see(&portfolio(TEAMS), &story);
    assert_eq!(seen.placed.team_status, TeamStatus::Unplaced);
    assert_eq!(
        seen.told.segments[0].team_why,
        "No rule matches connection `jira`, project `OPS`, components `Web`, labels `x`."
    );
}

#[test]
fn placement_follows_the_history_of_components_and_labels() {
    let story = Story::jira("PAY-1", "03-02")
        .component("Checkout")
        .to("03-03", "2")
        .recomponent("03-05", "Refunds")
        .to("03-09", "4");
    let seen = check(
        TEAMS,
        &story,
        &[
            "03-02 00:00 proposed To Do @checkout /payments",
            "03-03 00:00 active Doing @checkout /payments",
            "03-05 00:00 active Doing @refunds /payments",
            "03-09 00:00 done Done @refunds /payments",
        ],
    );
    assert!(!seen.placed.inferred_placement);
    let first = &seen.told.rules[0];
    assert_eq!(first.decides, [(on("03-02"), Some(on("03-05")))]);

    let tagged = Story::github(1, "03-02").labelled("03-04", "team:refunds");
    assert_eq!(team(TEAMS, &tagged), "shop", "a repository is more specific than a label");
    let mut elsewhere = tagged.clone();
    elsewhere.attributes.project = "other/repo".to_owned();
    check(
        TEAMS,
        &elsewhere,
        &["03-02 00:00 proposed open", "03-04 00:00 proposed open @refunds /payments"],
    );
}

#[test]
fn a_moved_item_belonged_to_its_old_project() {
    let mut story = Story::jira("PAY-1", "03-02");
    let (from, to) = (Some("OPS".to_owned()), Some("PAY".to_owned()));
    story.push(on("03-05"), What::Project { from, to });
    check(
        TEAMS,
        &story,
        &["03-02 00:00 proposed To Do", "03-05 00:00 proposed To Do @ledger /booking"],
    );
}

#[test]
fn missing_attribute_history_is_inferred_from_the_present() {
    let mut story = Story::jira("PAY-1", "03-02").component("Checkout");
    story.complete = false;
    assert!(see(&portfolio(TEAMS), &story).placed.inferred_placement);
    let mut torn = Story::jira("PAY-1", "03-02").recomponent("03-05", "Refunds");
    torn.attributes.components = vec![Named::new("c-Checkout", "Checkout")];
    let seen = see(&portfolio(TEAMS), &torn);
    assert!(seen.placed.inferred_placement, "the last change does not lead to the present value");
}

#[test]
fn a_reorganisation_is_a_dated_rule_and_keeps_the_past() {
    let file = "[[stream]]\nid = \"a\"\n[[stream]]\nid = \"b\"\n\
        [[team]]\nid = \"one\"\nstream = [{ id = \"a\" }, { id = \"b\", from = 2026-03-10 }]\n\
        claims = [{ jira = \"PAY\", until = 2026-03-20 }]\n\
        [[team]]\nid = \"two\"\nstream = \"b\"\nclaims = [{ jira = \"PAY\", from = 2026-03-20 }]\n";
    let story = Story::jira("PAY-1", "03-02").to("03-05", "2");
    let seen = check(
        file,
        &story,
        &[
            "03-02 00:00 proposed To Do @one /a",
            "03-05 00:00 active Doing @one /a",
            "03-10 00:00 active Doing @one /b",
            "03-20 00:00 active Doing @two /b",
        ],
    );
    let decides: Vec<_> = seen.told.rules.iter().map(|rule| rule.decides.clone()).collect();
    let expected = [vec![(on("03-02"), Some(on("03-20")))], vec![(on("03-20"), None)]];
    assert_eq!(decides, expected);
}

#[test]
fn kinds_go_by_the_most_specific_rule_and_are_never_guessed() {
    let file = "[[kind]]\nmatch = { label = \"debt\" }\nis = \"debt\"\n\
        [[kind]]\nmatch = { issue_type = \"Bug\" }\nis = \"defect\"\n\
        [[kind]]\nmatch = { label = \"risk\" }\nis = \"risk\"\n";
    let kind = |story: &Story| see(&portfolio(file), story).placed.kind;
    let mut story = Story::jira("PAY-1", "03-02");
    assert_eq!(kind(&story), Kind::Unclassified);
    story.attributes.labels = vec!["debt".to_owned()];
    assert_eq!(kind(&story), Kind::Debt);
    assert_eq!(kind(&story.clone().typed("Bug")), Kind::Defect, "a type beats a label");
    story.attributes.labels.push("risk".to_owned());
    assert_eq!(kind(&story), Kind::Unclassified, "two labels that disagree");
}

#[test]
fn relabelling_after_the_start_is_noted() {
    let file = "[[kind]]\nmatch = { label = \"debt\" }\nis = \"debt\"\n";
    let story = Story::jira("PAY-1", "03-02")
        .labelled("03-03", "debt")
        .to("03-04", "2")
        .labelled("03-05", "other")
        .unlabelled("03-06", "debt");
    let seen = see(&portfolio(file), &story);
    assert_eq!(seen.placed.relabelled, [on("03-06")], "before the start, or without effect: no");
}
