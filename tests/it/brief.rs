//! A decision with its evidence, for a funding meeting.

use streamgauge::demo::Source;
use streamgauge::digests::{brief, wording};
use streamgauge::model::Timestamp;
use streamgauge::sim::story::{self, Size};

use crate::support::staged::Staged;

#[tokio::test(flavor = "multi_thread")]
async fn a_brief_tells_what_a_decision_cites_what_followed_and_what_its_outcome_did() {
    let now = Timestamp::parse("2026-06-15T06:00:00Z").unwrap();
    let staged = Staged::new(Source::from(story::generate(1, now, Size::Test)), now).await;
    let gauge = &staged.demo.gauge;
    let decisions = gauge.store().decisions(None).await.unwrap();
    let decision = decisions.iter().find(|one| one.expects.is_some()).unwrap();
    let found = brief::gather(gauge, &decision.id, staged.moment()).await.unwrap().unwrap();
    assert_eq!(found.brief.decision, *decision);
    assert!(!found.brief.followed.is_empty() && !found.brief.outcome.is_empty());
    let text = brief::render(&found, None);
    println!("{text}");
    for wanted in [&decision.id, "## What it cites", "## What followed", "Expected: "] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let linked = brief::render(&found, Some("https://gauge.example/"));
    let clocks = format!("?as_of={now}&known={now}");
    let journal = format!("(https://gauge.example/decisions{clocks}#{})", decision.id);
    assert!(linked.contains(&journal), "{linked}");
    assert!(
        linked.contains("[Decision follow-through (D2)](https://gauge.example/signals/D2?slice="),
        "{linked}"
    );
    let teams: Vec<String> =
        gauge.portfolio().teams().iter().map(|team| team.name.clone()).collect();
    // The reason is the decision makers' own sentence, in quotes.
    assert_eq!(wording::violations(&text, &teams), Vec::<String>::new(), "{text}");
    assert!(brief::gather(gauge, "D-999", staged.moment()).await.unwrap().is_none());
    let again = brief::gather(gauge, &decision.id, staged.moment()).await.unwrap().unwrap();
    assert_eq!(brief::render(&again, None), text, "the same moment gives the same bytes");
}
