//! What holds for every portfolio file and every history.

use proptest::prelude::*;

use super::*;

/// Claims of three teams over a small world, so that they meet often.
fn claims() -> impl Strategy<Value = Vec<(usize, String)>> {
    let criterion = prop_oneof![
        "jira = \"(PAY|OPS)\"",
        "jira = \"(PAY|OPS)\", component = \"(A|B)\"",
        "jira = \"PAY\", label = \"(x|y)\"",
        "label = \"(x|y)\"",
        "component = \"(A|B)\"",
        "parent = \"PAY-100\"",
    ];
    let dates = prop_oneof![
        Just(String::new()),
        Just(", until = 2026-03-10".to_owned()),
        Just(", from = 2026-03-10".to_owned()),
    ];
    let claim =
        (0..3_usize, criterion, dates).prop_map(|(team, rule, dates)| (team, rule + &dates));
    prop::collection::vec(claim, 0..8)
}

fn file(claims: &[(usize, String)], reversed: bool) -> String {
    let mut teams: Vec<String> = (0..3)
        .map(|team| {
            let own = claims.iter().filter(|(owner, _)| *owner == team);
            let mut own: Vec<String> = own.map(|(_, claim)| format!("{{ {claim} }}")).collect();
            if reversed {
                own.reverse();
            }
            let list = own.join(", ");
            format!("[[team]]\nid = \"t{team}\"\nstream = \"s{team}\"\nclaims = [{list}]\n")
        })
        .collect();
    if reversed {
        teams.reverse();
    }
    let streams = "[[stream]]\nid = \"s0\"\n[[stream]]\nid = \"s1\"\n[[stream]]\nid = \"s2\"\n";
    let workflow = "[[workflow]]\nconnection = \"github\"\nactive = [\"Go\"]\ndone = [\"End\"]\n\
                    active_labels = [\"x\"]\ndone_when = \"merged\"\n";
    format!("{streams}{}{workflow}", teams.concat())
}

fn named(name: &str) -> Named {
    Named::new(format!("id-{name}"), name)
}

fn what() -> impl Strategy<Value = What> {
    let word = || prop::sample::select(vec!["x", "y", "A", "B"]).prop_map(str::to_owned);
    let words = || prop::collection::vec(word(), 0..3);
    let list =
        || words().prop_map(|words| words.iter().map(|word| named(word)).collect::<Vec<_>>());
    let id = || prop::sample::select(vec!["1", "2", "3", "4", "9"]).prop_map(status);
    let ending =
        || prop::option::of(prop::sample::select(vec!["Fixed", "Duplicate"]).prop_map(named));
    let project =
        || prop::option::of(prop::sample::select(vec!["PAY", "OPS"]).prop_map(str::to_owned));
    let option =
        || prop::option::of(prop::sample::select(vec!["Go", "End", "Odd"]).prop_map(str::to_owned));
    let reason = prop::option::of(
        prop::sample::select(vec!["completed", "duplicate"]).prop_map(str::to_owned),
    );
    let parent = || {
        let parent = ItemRef { source: Some("id-PAY-100".into()), key: Some("PAY-100".into()) };
        prop::option::of(Just(parent))
    };
    prop_oneof![
        (id(), id()).prop_map(|(from, to)| What::Status { from, to }),
        (ending(), ending()).prop_map(|(from, to)| What::Resolution { from, to }),
        (words(), words()).prop_map(|(added, removed)| What::Labels { added, removed }),
        (list(), list()).prop_map(|(added, removed)| What::Components { added, removed }),
        (project(), project()).prop_map(|(from, to)| What::Project { from, to }),
        (parent(), parent()).prop_map(|(from, to)| What::Parent { from, to }),
        any::<bool>().prop_map(|on| What::Flagged { on }),
        (option(), option()).prop_map(|(from, to)| What::Board { board: "b".into(), from, to }),
        reason.prop_map(|reason| What::Closed { reason }),
        Just(What::Reopened),
        Just(What::PullOpened { id: "p".into() }),
        Just(What::Activity),
    ]
}

/// Any item: its changes need not be in order, begin before its creation, or fit each other.
fn story() -> impl Strategy<Value = Story> {
    let change = (-5_i64..40, what(), 0..3_u8);
    let changes = prop::collection::vec(change, 0..10);
    (any::<bool>(), any::<bool>(), changes).prop_map(|(jira, complete, changes)| {
        let mut story =
            if jira { Story::jira("PAY-1", "03-02") } else { Story::github(1, "03-02") };
        story.complete = complete;
        story.attributes.labels = vec!["x".to_owned()];
        story.attributes.components = vec![named("A")];
        let created = story.created_at;
        for (day, what, precision) in changes {
            story.push(created.plus_days(day), what);
            let precisions = [Precision::Exact, Precision::Polled, Precision::Inferred];
            story.history.last_mut().unwrap().precision = precisions[usize::from(precision)];
        }
        story
    })
}

proptest! {
    #[test]
    fn every_item_is_placed_contested_or_unplaced_at_every_instant(
        claims in claims(),
        story in story(),
    ) {
        let Ok(portfolio) = Portfolio::parse(&file(&claims, false), "f") else { return Ok(()) };
        let seen = see(&portfolio, &story);
        let segments = &seen.placed.segments;
        prop_assert_eq!(segments[0].from, story.created_at);
        prop_assert_eq!(segments.last().unwrap().to, Timestamp::MAX);
        for pair in segments.windows(2) {
            prop_assert!(pair[0].from < pair[0].to);
            prop_assert_eq!(pair[0].to, pair[1].from);
        }
        let last = segments.last().unwrap();
        let team = match seen.placed.team_status {
            TeamStatus::Placed { team } => Some(team),
            TeamStatus::Contested { ref rules } => {
                prop_assert!(rules.len() > 1 && rules[0].gives < rules[1].gives);
                None
            }
            TeamStatus::Unplaced => None,
        };
        prop_assert_eq!(last.team, team);
        for segment in segments {
            // Without an epic the stream is the home of the team, and of nothing else.
            prop_assert_eq!(segment.team.map(|team| team.0), segment.stream.map(|stream| stream.0));
        }
    }

    #[test]
    fn the_order_of_rules_in_the_file_plays_no_part(claims in claims(), story in story()) {
        let forward = Portfolio::parse(&file(&claims, false), "f");
        let backward = Portfolio::parse(&file(&claims, true), "f");
        prop_assert_eq!(forward.is_ok(), backward.is_ok());
        let (Ok(forward), Ok(backward)) = (forward, backward) else { return Ok(()) };
        let (forward, backward) = (see(&forward, &story), see(&backward, &story));
        prop_assert_eq!(forward.placed.segments, backward.placed.segments);
        let given = |status: &TeamStatus| match status {
            TeamStatus::Contested { rules } => {
                rules.iter().map(|rule| rule.gives.clone()).collect::<Vec<_>>()
            }
            other => vec![format!("{other:?}")],
        };
        prop_assert_eq!(given(&forward.placed.team_status), given(&backward.placed.team_status));
    }

    #[test]
    fn what_is_explained_is_what_was_placed(claims in claims(), story in story()) {
        let Ok(portfolio) = Portfolio::parse(&file(&claims, false), "f") else { return Ok(()) };
        let Seen { placed, states, told } = see(&portfolio, &story);
        prop_assert_eq!(placed.segments.len(), told.segments.len());
        for (segment, told) in placed.segments.iter().zip(&told.segments) {
            prop_assert_eq!(segment.from, told.from);
            prop_assert_eq!(segment.category, told.category);
            prop_assert_eq!(states.name(segment.state), &told.state);
            let team = segment.team.map(|team| portfolio.teams()[team.0 as usize].id.clone());
            prop_assert_eq!(&team, &told.team);
            if let Some(team) = team {
                let by = told.from;
                let decided = |one: &crate::portfolio::MatchingRule| {
                    one.decides.iter().any(|(from, to)| {
                        *from <= by && to.is_none_or(|to| by < to)
                    })
                };
                let rules = Portfolio::explain(
                    &portfolio, &story.known(), &EpicIndex::default(), &statuses(),
                ).rules;
                let deciding: Vec<_> = rules.iter().filter(|one| decided(one)).collect();
                prop_assert_eq!(deciding.len(), 1);
                prop_assert_eq!(&deciding[0].rule.gives, &team);
            }
        }
        let started = placed.segments.iter().find(|one| one.category.is_started());
        prop_assert_eq!(started.map(|one| one.from), told.clock.map(|clock| clock.at));
    }

    #[test]
    fn reading_a_file_never_panics(text in ".{0,200}", cut in 0..4000_usize) {
        drop(Portfolio::parse(&text, "f"));
        let sample = include_str!("../../../config/portfolio.toml");
        let cut = sample.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(sample.len());
        drop(Portfolio::parse(&sample[..cut], "f"));
    }
}
