//! The same by the program: what a person can try before Monday.

use std::sync::Arc;

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;

use super::PATH;
use super::receiver::Receiver;
use crate::support::gate::Gate;
use crate::support::process::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_can_be_looked_at_and_sent_by_hand() {
    let clock: SharedClock = Arc::new(SystemClock);
    let story = story::generate(3, clock.now(), Size::Test);
    let portfolio = story.portfolio_toml.clone();
    let stage = Stage::start(Source::from(story), &clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    let (slack, address) = Receiver::serve().await;
    let declared =
        "[[channel]]\nid = \"leaders\"\nkind = \"slack\"\nurl = { env = \"TEST_SLACK\" }\n";
    let folder = Folder::new(&stage, &gate, &portfolio).with(
        declared,
        "TEST_SLACK",
        &format!("{address}{PATH}"),
    );
    let ended = folder.run(&["sync"]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);

    let seen = folder.run(&["digest", "--channel", "leaders", "--dry-run"]).await;
    assert_eq!(seen.code, Some(0), "{}", seen.err);
    let seen: serde_json::Value = serde_json::from_str(&seen.out).unwrap();
    assert!(seen["blocks"].is_array());
    assert_eq!(slack.posted().len(), 0, "nothing is sent");

    let sent = folder.run(&["digest", "--channel", "leaders", "--for", "stream:booking"]).await;
    assert_eq!(sent.code, Some(0), "{}", sent.err);
    assert!(sent.err.contains("sent to leaders as now-stream-booking-"), "{}", sent.err);
    let posted = slack.posted();
    assert_eq!((posted.len(), posted[0].path.as_str()), (1, PATH));

    let wrong = folder.run(&["digest", "--channel", "leader"]).await;
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    assert!(
        wrong.err.contains(
            "`leader` is not a channel; there are \"file:FOLDER\", \"stdout\", \"leaders\""
        ),
        "{}",
        wrong.err
    );
    for ended in [seen.to_string(), sent.err, wrong.err] {
        assert!(!ended.contains(PATH), "the address is a secret: {ended}");
    }
}
