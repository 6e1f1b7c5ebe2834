use apollo_compiler::{ExecutableDocument, Schema};
use streamgauge::trackers::github::queries;

const SCHEMA: &str = include_str!("../payloads/github/schema.graphql");

const ALL: [(&str, &str); 17] = [
    ("probe", queries::PROBE),
    ("issues", queries::ISSUES),
    ("nodes", queries::NODES),
    ("history", queries::HISTORY),
    ("releases", queries::RELEASES),
    ("repository", queries::REPOSITORY),
    ("capabilities", queries::CAPABILITIES),
    ("board", queries::BOARD),
    ("visible", queries::VISIBLE),
    ("owned", queries::OWNED),
    ("survey", queries::SURVEY),
    ("boards", queries::BOARDS),
    ("repositories", queries::REPOSITORIES),
    ("pulse", queries::PULSE),
    ("standing", queries::STANDING),
    ("roll", queries::ROLL),
    ("whereabouts", queries::WHEREABOUTS),
];

#[test]
fn every_query_fits_githubs_public_schema() {
    let schema = Schema::parse_and_validate(SCHEMA, "schema.graphql").unwrap();
    for (name, text) in ALL {
        if let Err(error) = ExecutableDocument::parse_and_validate(&schema, text, name) {
            panic!("{name}: {}", error.errors);
        }
    }
    let wrong = queries::PROBE.replace("remaining", "remainder");
    assert!(ExecutableDocument::parse_and_validate(&schema, &wrong, "wrong").is_err());
}

/// The schema above offers these fields; asking for one of them must never pass unnoticed.
#[test]
fn no_query_asks_for_people_texts_due_dates_or_percentages() {
    let never = [
        "actor",
        "author",
        "assignee",
        "assignees",
        "body",
        "bodyText",
        "closer",
        "comments",
        "creator",
        "dueOn",
        "editor",
        "login",
        "participants",
        "percentCompleted",
        "progressPercentage",
        "reactions",
        "reviews",
        "startDate",
        "user",
        "viewer",
    ];
    for (name, text) in ALL {
        let code = text.lines().filter(|line| !line.starts_with('#')).collect::<String>();
        // An owner is looked up by the name that its repositories begin with; and of the account
        // that the token belongs to, only the repositories that it can read are asked for.
        let code = code.replace("repositoryOwner(login: $owner)", "");
        let code = code.replace("owner: viewer {    repositories(", "");
        for word in code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            assert!(!never.contains(&word), "{name} asks for `{word}`");
        }
    }
}

#[test]
fn a_thousand_issues_cost_few_points() {
    // Every connection counts once for each parent that could have it; a point is a hundred.
    let connections = 8;
    let lists = queries::ISSUES.matches("(first:").count() + 1;
    assert_eq!(lists, connections, "`issues`, six lists, and the timeline");
    let points_per_page = (1 + 50 * (connections - 1)).div_ceil(100);
    assert!(points_per_page * 20 < 100, "5,000 points an hour are given");
}
